/* SPDX-License-Identifier: GPL-2.0-only */
/* The PMUv3 registers that EL1 reaches (Arm ARM DDI 0487, chapter D13). */
#ifndef GUEST_PMU_H
#define GUEST_PMU_H

#include "sysreg.h"

#define PMCR_E			BIT(0)
#define PMCR_P			BIT(1)
#define PMCR_C			BIT(2)
#define PMCR_D			BIT(3)
#define PMCR_X			BIT(4)
#define PMCR_DP			BIT(5)
#define PMCR_LC			BIT(6)
#define PMCR_LP			BIT(7)
#define PMCR_N(pmcr)		((u32)((pmcr) >> 11 & 0x1f))

#define PMEVTYPER_P		BIT(31)	/* not at EL1 */
#define PMEVTYPER_U		BIT(30)	/* not at EL0 */
#define PMEVTYPER_NSH		BIT(27)	/* at EL2 */

#define PMUSERENR_EN		BIT(0)
#define PMUSERENR_SW		BIT(1)
#define PMUSERENR_CR		BIT(2)
#define PMUSERENR_ER		BIT(3)

#define SW_INCR			0x00
#define INST_RETIRED		0x08
#define CPU_CYCLES		0x11
#define CHAIN			0x1e

#define CYCLE_COUNTER		31
#define CYCLE_BIT		BIT(CYCLE_COUNTER)

#define PMUV3P1			4
#define PMUV3P5			6

/* ID_AA64DFR0_EL1.PMUVer, 0 also for an IMPLEMENTATION DEFINED one. */
u32 pmu_version(void);

/* The overflow interrupt's INTID from the device tree, 0 without a node. */
u32 pmu_irq(void);

/* PMCEID0/1_EL0 say that this common event counts. */
bool pmu_has_event(u32 event);

/* PMEVCNTR<n>_EL0 and PMEVTYPER<n>_EL0, n up to 30 whether it exists or not. */
u64 pmevcntr_read(u32 n);
void pmevcntr_write(u32 n, u64 v);
u64 pmevtyper_read(u32 n);
void pmevtyper_write(u32 n, u64 v);

/* Stops everything, clears counters, types, flags and masks; leaves PMCR.E 0. */
void pmu_clear(void);

/* Executes 2 * n instructions, or one more. */
static inline void pmu_work(u64 n)
{
	asm volatile("1: subs %0, %0, #1\n\tb.ne 1b" : "+r"(n) : : "cc");
}

#endif

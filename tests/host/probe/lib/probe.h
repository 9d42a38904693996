/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Programs that start at EL2 on the emulator itself, without KVM, and check one
 * by one whether it does what the architecture says. They use the library of the
 * bare-metal guests, with their own start in C and their own vectors.
 */
#ifndef PROBE_H
#define PROBE_H

#include "check.h"
#include "dt.h"
#include "gic.h"
#include "pmu.h"
#include "print.h"
#include "smp.h"
#include "sysreg.h"
#include "timer.h"

/* MDCR_EL2, Arm ARM DDI 0487, chapter D24.5. */
#define MDCR_TPMCR		BIT(5)
#define MDCR_TPM		BIT(6)
#define MDCR_HPME		BIT(7)
#define MDCR_HPMD		BIT(17)
#define MDCR_HCCD		BIT(23)
#define MDCR_HLP		BIT(26)

#define PMEVTYPER_NSH		BIT(27)	/* counts at EL2 */

#define HCR_IMO			BIT(4)
#define HCR_TGE			BIT(27)
#define HCR_RW			BIT(31)
#define HCR_E2H			BIT(34)

/* Names that the assembler knows only with a later architecture. */
#define HDFGRTR_EL2		S3_4_C3_C1_4
#define HDFGWTR_EL2		S3_4_C3_C1_5
#define read_named(reg)		read_sysreg(reg)
#define write_named(v, reg)	write_sysreg(v, reg)

#define PMU_PPI			23

/* The last synchronous exception and how many there were since outcome() began. */
struct trap {
	u64 count;
	u64 el;		/* that took it */
	u64 esr;
	u64 elr;
};

extern struct trap trap;

/* The last interrupt that EL2 took, with counters as they were then. */
struct irq {
	u64 count;
	u64 elr;
	u64 cycles;
	u64 events;	/* PMEVCNTR0_EL0, if irq_reads_events */
};

extern struct irq irq;
extern u32 irq_reads_events;

extern u32 nr_counters;		/* PMCR_EL0.N at EL2 */
extern bool has_fgt;

/* Bits of all counters, and of the event counters below n with the cycle counter. */
#define COUNTERS_BELOW(n)	((BIT(n) - 1) | CYCLE_BIT)
#define ALL_COUNTERS		COUNTERS_BELOW(nr_counters)

/* What the program checks; runs on the boot CPU at EL2 with interrupts masked. */
void probe(void);

/* Runs fn(arg) at that exception level and gives its result. */
u64 at_el(u32 el, u64 (*fn)(u64), u64 arg);

/*
 * Runs fn(arg) at EL el and says how that went: ALLOWED, or what its last exception
 * was: to_el() of the level and syndrome, without the number of the general-purpose
 * register. value may be NULL.
 */
u64 outcome(u32 el, u64 (*fn)(u64), u64 arg, u64 *value);

#define ALLOWED			0
#define ESR_IL			BIT(25)
#define ESR_RT			(0x1fULL << 5)
#define ISS_READ		1u
#define UNDEFINED		0u	/* as a syndrome: exception class 0 */
#define to_el(el, syndrome)	((u64)(el) << 32 | (syndrome) | ESR_IL)

/* The syndrome of a trapped access to a system register. */
#define SYS_ISS(op0, op1, crn, crm, op2)				\
	(0x18u << 26 | (op0) << 20 | (op2) << 17 | (op1) << 14 | (crn) << 10 | (crm) << 1)

/* 2 * @loops instructions between two looks at event counter 0: what it has counted. */
u64 known_loop(u64 loops);

/* Stops and clears the whole PMU, lets EL1 have all of it and EL0 none. */
void pmu_reset(void);

/* MDCR_EL2 = HPMN and further bits. */
void set_mdcr(u32 hpmn, u64 bits);

/* A read or a write of one register as a function for outcome(). */
#define READER(name, reg) \
static u64 name(u64 arg) { return read_sysreg(reg); }
#define WRITER(name, reg) \
static u64 name(u64 v) { write_sysreg(v, reg); isb(); return 0; }

/* Numbered registers; none reaches more than what it names. */
static inline u64 get_pmevcntr(u64 n)
{
	return pmevcntr_read(n);
}

#endif

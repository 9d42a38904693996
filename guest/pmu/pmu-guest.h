/* SPDX-License-Identifier: GPL-2.0-only */
/* What the parts of the pmu guest share. */
#ifndef GUEST_PMU_GUEST_H
#define GUEST_PMU_GUEST_H

#include "guest.h"
#include "pmu.h"

extern u32 nr_counters;		/* PMCR_EL0.N */
extern u32 version;		/* PMUVer */

/* Bits of the counters that exist, the cycle counter among them. */
static inline u64 all_counters(void)
{
	return (BIT(nr_counters) - 1) | CYCLE_BIT;
}

void check_identity(void);
void check_registers(void);
void check_unimplemented(void);
void check_counting(void);
void check_filter(void);
void check_overflow(void);
void check_el0(void);

#endif

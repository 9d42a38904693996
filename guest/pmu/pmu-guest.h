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

/* The interrupts that came, and the flags that their handler found and cleared. */
extern struct overflows {
	u32 interrupts;
	u64 flags;
} overflows;

/* Has the overflow interrupt's handler count; false without such an interrupt. */
bool overflows_listen(void);

/*
 * CNTV's interrupt comes due after us; nap() waits for any, and tells if it was
 * that. With interrupts masked: else nap() may come too late and never end.
 */
void alarm_us(u64 us);
bool nap(void);

void check_first(const char *access);
void check_identity(void);
void check_registers(void);
void check_unimplemented(void);
void check_counting(void);
void check_filter(void);
void check_overflow(void);
void check_el0(void);
void check_exits(void);
void check_storm(void);
void check_keep(void);
void check_release(void);
void check_isolation(void);

#endif

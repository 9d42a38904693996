/* SPDX-License-Identifier: GPL-2.0-only */
/* The EL1 generic timers, as rows of a table so that checks can loop over both. */
#ifndef GUEST_TIMER_H
#define GUEST_TIMER_H

#include "sysreg.h"

#define CNT_CTL_ENABLE		0x1
#define CNT_CTL_IMASK		0x2
#define CNT_CTL_ISTATUS		0x4

struct timer {
	const char *name;
	u32 intid;
	u64 (*count)(void);
	u64 (*get_ctl)(void);
	void (*set_ctl)(u64 v);
	u64 (*get_cval)(void);
	void (*set_cval)(u64 v);
	u64 (*get_tval)(void);
	void (*set_tval)(u64 v);
};

enum { CNTV, CNTP, NR_TIMERS };

extern struct timer timers[NR_TIMERS];

/* Takes the PPIs from the device tree. */
void timer_init(void);

static inline u64 ticks(void)
{
	isb();
	return read_sysreg(cntvct_el0);
}

static inline u64 ticks_per_ms(void)
{
	return read_sysreg(cntfrq_el0) / 1000;
}

/*
 * CNTP comes due more than a millisecond after CNTPCT_EL0 has reached its
 * compare value, every time: so it looks where the VMM set a counter offset and
 * the emulator has CNTPOFF_EL2 but ignores it. Takes CNTP's interrupt for itself.
 */
bool timer_offset_ignored(void);

void delay_ticks(u64 n);
void delay_us(u64 us);

#endif

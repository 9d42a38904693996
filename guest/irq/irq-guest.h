/* SPDX-License-Identifier: GPL-2.0-only */
/* What the parts of the irq guest share. */
#ifndef GUEST_IRQ_GUEST_H
#define GUEST_IRQ_GUEST_H

#include "guest.h"

/* A CPU's interrupts of a timer; baseless are those whose line was low. */
extern struct seen {
	u32 interrupts;
	u32 baseless;
} seen[MAX_CPUS][NR_TIMERS];

/*
 * What a timer's handler does instead of switching it off, NULL for nothing; true if
 * it has dealt with the line itself.
 */
extern bool (*on_rise)(u32 which);

/* The calling CPU has its timers' interrupts counted in seen, from 0. */
void timers_listen(void);
void seen_reset(void);

void arm_timer(struct timer *t, u64 ahead);
/* Until the line is high (or would be, but for IMASK); false after 2 s. */
bool wait_rise(struct timer *t);

/* Takes the interrupts that there are now. */
void let_in(void);

/* Ways to leave the guest: to the VMM, to the kernel alone, to the GIC wherever it is. */
enum { WAY_MMIO, WAY_HYPERCALL, WAY_GIC, NR_WAYS };
extern const struct way {
	const char *name;
	void (*leave)(void);
} ways[NR_WAYS];

bool gic_in_user(void);

/* Starts all other CPUs on fn; all_join() waits until they have returned from it. */
bool all_start(void (*fn)(u32 cpu));
bool all_join(void);

void check_falls(void);
void check_covered(void);
void check_asleep(void);
void check_rearmed(void);
void check_priority(void);
void check_groups(void);
void check_ticks(void);
void check_sgis(void);
void check_spis(void);
void check_lives(void);
void check_hostile(void);

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
/* Exceptions: interrupts to their handlers, expected faults, EL0. */
#ifndef GUEST_TRAP_H
#define GUEST_TRAP_H

#include "types.h"

/* What vectors.S saves; its offsets are spelled out there. */
struct regs {
	u64 x[31];
	u64 elr;
	u64 spsr;
	u64 pad[3];
};

_Static_assert(sizeof(struct regs) == 288, "vectors.S knows this size");

#define ESR_EC(esr)		((esr) >> 26 & 0x3f)
#define ESR_EC_UNKNOWN		0x00
#define ESR_EC_SVC64		0x15
#define ESR_EC_SYS64		0x18
#define ESR_EC_DABT_EL0		0x24
#define ESR_EC_DABT		0x25

typedef void (*irq_handler)(u32 intid);

#define MAX_INTID		1020

/* One handler an INTID for all CPUs; gives the last. Doesn't touch the GIC. */
irq_handler irq_set_handler(u32 intid, irq_handler handler);

/* How often a CPU took an interrupt that was none, and what it acknowledged last. */
extern u32 irq_spurious[MAX_CPUS], irq_iar[MAX_CPUS];

/* Interrupts that came as FIQ (fiq_on() in sysreg.h lets them in). */
extern u32 irq_fiqs[MAX_CPUS];

/* CNTVCT_EL0 as this CPU's last interrupt entered C, before the acknowledge. */
extern u64 irq_entry_ticks;

/*
 * Between trap_expect() and trap_seen() a synchronous exception on this CPU, at
 * EL1 or EL0, skips the instruction that caused it. trap_seen gives their
 * number and, unless NULL, the last one's syndrome.
 */
void trap_expect(void);
u32 trap_seen(u64 *esr);

/*
 * Runs fn(arg) at EL0 and gives its result. fn must not touch anything through
 * absolute pointers (they aren't accessible at EL0) or print.
 */
u64 el0_call(u64 (*fn)(u64), u64 arg);

#endif

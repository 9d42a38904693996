/* SPDX-License-Identifier: GPL-2.0-only */
/* CPUs, and the little that they need to share data. */
#ifndef GUEST_SMP_H
#define GUEST_SMP_H

#include "types.h"

struct spinlock {
	u32 locked;
};

void spin_lock(struct spinlock *lock);
void spin_unlock(struct spinlock *lock);
u32 atomic_add(u32 *p, u32 n);

extern u32 nr_cpus;			/* CPU nodes in the device tree */
extern u64 cpu_mpidr[MAX_CPUS];		/* their affinity bits */

/* Affinity packed as in GICR_TYPER[63:32], and as in GICD_IROUTER. */
u32 mpidr_to_affinity(u64 mpidr);
u64 mpidr_to_irouter(u64 mpidr);

void smp_init(void);
u64 image_base(void);

/*
 * Starts a CPU; it runs fn(index) with its GIC interface set up and interrupts
 * masked, then turns itself off. The result is that of PSCI CPU_ON.
 */
int cpu_start(u32 cpu, void (*fn)(u32 cpu));

/* PSCI CPU_OFF of the calling CPU. */
void cpu_off(void) __attribute__((noreturn));

/* Waits up to ms for *p to become want; false if it didn't. */
bool wait_for(const u32 *p, u32 want, u32 ms);

#endif

// SPDX-License-Identifier: GPL-2.0-only
#include <libfdt.h>
#include <string.h>

#include "dt.h"
#include "gic.h"
#include "print.h"
#include "psci.h"
#include "smp.h"
#include "sysreg.h"
#include "timer.h"

#define MPIDR_AFFINITY	0xff00ffffffULL

extern u8 _head[], secondary_start[];

void guest_secondary(u32 cpu);

u32 nr_cpus;
u64 cpu_mpidr[MAX_CPUS];

static void (*entry[MAX_CPUS])(u32 cpu);

void spin_lock(struct spinlock *lock)
{
	while (__atomic_exchange_n(&lock->locked, 1, __ATOMIC_ACQUIRE))
		cpu_relax();
}

void spin_unlock(struct spinlock *lock)
{
	__atomic_store_n(&lock->locked, 0, __ATOMIC_RELEASE);
}

u32 atomic_add(u32 *p, u32 n)
{
	return __atomic_add_fetch(p, n, __ATOMIC_SEQ_CST);
}

u32 mpidr_to_affinity(u64 mpidr)
{
	return (mpidr >> 32 & 0xff) << 24 | (mpidr & 0xffffff);
}

u64 mpidr_to_irouter(u64 mpidr)
{
	return mpidr & MPIDR_AFFINITY;
}

u64 image_base(void)
{
	return (u64)_head;
}

/* The boot CPU is index 0 wherever its node stands. */
void smp_init(void)
{
	u64 self = read_sysreg(mpidr_el1) & MPIDR_AFFINITY, mpidr;
	int cpus = fdt_path_offset(dtb, "/cpus"), node;

	cpu_mpidr[0] = self;
	nr_cpus = 1;
	fdt_for_each_subnode(node, dtb, cpus) {
		const char *type = fdt_getprop(dtb, node, "device_type", NULL);

		if (!type || strcmp(type, "cpu") || !dt_reg(node, 0, &mpidr, NULL))
			continue;
		if (mpidr != self && nr_cpus < MAX_CPUS)
			cpu_mpidr[nr_cpus++] = mpidr;
	}
}

void guest_secondary(u32 cpu)
{
	gic_init_cpu();
	entry[cpu](cpu);
	cpu_off();
}

int cpu_start(u32 cpu, void (*fn)(u32 cpu))
{
	entry[cpu] = fn;
	dsb(sy);
	return psci(PSCI_CPU_ON, cpu_mpidr[cpu], (u64)secondary_start, cpu);
}

void cpu_off(void)
{
	irq_off();
	psci(PSCI_CPU_OFF, 0, 0, 0);
	fatal("CPU_OFF returned on CPU %u", this_cpu());
}

bool wait_for(const u32 *p, u32 want, u32 ms)
{
	u64 end = ticks() + ms * ticks_per_ms();

	while (READ_ONCE(*p) != want) {
		if (ticks() > end)
			return READ_ONCE(*p) == want;
		cpu_relax();
	}
	return true;
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * CPUs that access all of a GICv2 at random, while another counts its timer: first by
 * interrupts, with the distributor left on, then by looking at it, with nothing spared.
 */
#include "irq-guest.h"

#define DIST_SIZE	0x1000
#define CPU_SIZE	0x2000

static u32 accesses, hostile, spared;

static u64 next(u64 *x)
{
	*x ^= *x << 13;
	*x ^= *x >> 7;
	*x ^= *x << 17;
	return *x;
}

static void access(u64 addr, u32 size, bool write, u64 value)
{
	switch (size + 4 * write) {
	case 0:
		read8(addr);
		break;
	case 1:
		read16(addr);
		break;
	case 2:
		read32(addr);
		break;
	case 3:
		read64(addr);
		break;
	case 4:
		write8(value, addr);
		break;
	case 5:
		write16(value, addr);
		break;
	case 6:
		write32(value, addr);
		break;
	case 7:
		write64(value, addr);
		break;
	}
}

static void attack(u32 cpu)
{
	u64 seed = 0x2545f4914f6cdd1d * (cpu + 1 + 8 * spared);

	/* Some hosts answer an access of an odd size with an abort. */
	trap_expect();
	for (u32 i = 0; i < accesses; i++) {
		u64 dice = next(&seed), value = next(&seed);
		u32 size = dice & 3, offset;
		bool dist = dice & 4;

		offset = (dice >> 16) % (dist ? DIST_SIZE : CPU_SIZE) & ~((1u << size) - 1);
		/* Most go where registers are. */
		if (!dist && dice & 0x30)
			offset &= 0xff;
		if (dist && offset < 8 && spared)
			continue;
		access((dist ? gic.dist : gic.cpu) + offset, size, dice & 8,
		       dice & 0x40 ? value : 1u << value % 32);
	}
	trap_seen(NULL);
	atomic_add(&hostile, -1);
}

static void ignore(u32 intid)
{
}

/* Others may send it SGIs and SPIs, and its own enable bits are its own. */
static u32 tick_by_interrupt(void)
{
	u32 n = 0;

	do {
		arm_timer(&timers[CNTV], ticks_per_ms() / 20);
		irq_on();
		wait_for(&seen[0][CNTV].interrupts, ++n, 10000);
		irq_off();
	} while (READ_ONCE(hostile) && seen[0][CNTV].interrupts == n);
	return seen[0][CNTV].interrupts == n ? n : 0;
}

static u32 tick_by_look(void)
{
	u32 n = 0;

	do {
		arm_timer(&timers[CNTP], ticks_per_ms() / 20);
		if (!wait_rise(&timers[CNTP]))
			return 0;
		ways[n++ % 2].leave();
	} while (READ_ONCE(hostile));
	return n;
}

static void check_attack(const char *name, u32 (*tick)(void))
{
	u32 n;

	hostile = nr_cpus - 1;
	if (!all_start(attack))
		return;
	n = tick();
	check_true(check_name("%s-others-go-on", name), n > 1, "a tick was lost");
	check_true(check_name("%s-ends", name), all_join(), "some CPUs do not");
	print("%u ticks beside %u CPUs of %u accesses\n", n, nr_cpus - 1, accesses);
}

void check_hostile(void)
{
	if (nr_cpus == 1 || gic.version != 2) {
		check_skip("hostile", nr_cpus == 1 ? "one CPU" : "no GICv2");
		return;
	}
	accesses = arg_u64("accesses", 3000);
	for (u32 intid = 0; intid < MAX_INTID; intid++)
		irq_set_handler(intid, ignore);
	timers_listen();
	spared = 1;
	check_attack("hostile-spared", tick_by_interrupt);
	spared = 0;
	check_attack("hostile", tick_by_look);

	/* And from the start again. */
	gic_init();
	for (u32 intid = 0; intid < gic.lines; intid += 32)
		write32(~0u, gic.dist + GICD_ICACTIVER + intid / 8);
	gic_init_cpu();
	timers_listen();
	irq_on();
	for (u32 i = 1; i <= 100; i++) {
		arm_timer(&timers[CNTV], ticks_per_ms() / 20);
		wait_for(&seen[0][CNTV].interrupts, i, 2000);
	}
	irq_off();
	check_eq("hostile-ticks-again", seen[0][CNTV].interrupts, 100);
}

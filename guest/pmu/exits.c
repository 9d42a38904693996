// SPDX-License-Identifier: GPL-2.0-only
/*
 * Overflows around the guest's exits: just before and after them, and pending
 * meanwhile. And many of them: each raises one interrupt, none is lost.
 */
#include "pmu-guest.h"

#define SWEEP	300		/* tries, each with the overflow a little later */

static u32 step;		/* cycles from try to try */

static void by_mmio(void)
{
	char key;

	uart_getc(&key);
}

static void by_hypercall(void)
{
	psci(PSCI_VERSION, 0, 0, 0);
}

static void by_wfi(void)
{
	u64 daif = read_sysreg(daif);

	irq_off();
	alarm_us(20);
	nap();
	write_sysreg(daif, daif);
}

/* The PMU stands ready, the cycle counter has n cycles to its overflow. */
static void start_cycles(u64 n)
{
	write_sysreg(PMCR_LC, pmcr_el0);
	write_sysreg(-n, pmccntr_el0);
	isb();
	write_sysreg(PMCR_LC | PMCR_E, pmcr_el0);
	isb();
}

static void stop(void)
{
	write_sysreg(PMCR_LC, pmcr_el0);
	isb();
}

static bool flag_comes(u64 flag)
{
	u64 end = ticks() + 2000 * ticks_per_ms();

	while (!(read_sysreg(pmovsset_el0) & flag)) {
		if (ticks() > end)
			return false;
		read_sysreg(pmccntr_el0);
	}
	return true;
}

static bool interrupt_comes(u32 want)
{
	u64 end = ticks() + 2000 * ticks_per_ms();

	while (READ_ONCE(overflows.interrupts) != want) {
		if (ticks() > end)
			return false;
		read_sysreg(pmccntr_el0);
	}
	return true;
}

static const struct {
	const char *name;
	void (*leave)(void);
	bool masked;		/* PSTATE.I is set at the exit */
} ways[] = {
	{ "mmio", by_mmio },
	{ "hypercall", by_hypercall },
	{ "wfi", by_wfi, true },
	{ "mmio-masked", by_mmio, true },
};

/* The overflow comes at some time around an exit: one interrupt for each. */
static void check_around(void)
{
	for (size_t w = 0; w < ARRAY_SIZE(ways); w++) {
		u32 i;

		overflows = (struct overflows){};
		for (i = 0; i < SWEEP; i++) {
			if (!ways[w].masked)
				irq_on();
			start_cycles(1 + i * step);
			ways[w].leave();
			irq_on();
			if (!interrupt_comes(i + 1))
				break;
			irq_off();
		}
		irq_off();
		stop();
		check_eq(check_name("overflow-around-%s", ways[w].name), overflows.interrupts,
			 SWEEP);
		check_hex(check_name("overflow-around-%s-flags", ways[w].name),
			  overflows.flags | read_sysreg(pmovsset_el0), CYCLE_BIT);
	}
}

/*
 * An overflow whose interrupt is masked, just before WFI: the vCPU does not sleep.
 * An instruction takes a cycle, or else there are far more of them than cycles.
 */
static void check_wakes(void)
{
	u32 slept = 0;

	for (u32 gap = 0; gap < 100 && !slept; gap++) {
		u64 loops = step == 1 ? 100 + gap : 20000 + 100 * gap;

		alarm_us(2000000);
		start_cycles(200);
		pmu_work(loops);
		slept += nap();
		stop();
		write_sysreg(CYCLE_BIT, pmovsclr_el0);
		isb();
	}
	check_eq("overflow-wakes-wfi", slept, 0);
}

/* A pending overflow stays what it is over exits, and then interrupts once. */
static void check_pending(void)
{
	u32 irq = pmu_irq(), missing = 0;

	overflows = (struct overflows){};
	start_cycles(100);
	missing += !flag_comes(CYCLE_BIT);
	for (u32 i = 0; i < 20; i++) {
		ways[i % ARRAY_SIZE(ways)].leave();
		missing += !gic_pending(irq) || read_sysreg(pmovsset_el0) != CYCLE_BIT;
	}
	check_eq("overflow-pending-over-exits", missing, 0);
	irq_on();
	interrupt_comes(1);
	delay_us(200);
	irq_off();
	check_eq("overflow-pending-once", overflows.interrupts, 1);

	/* Without its enable there is a flag and no interrupt, until it is enabled. */
	write_sysreg(CYCLE_BIT, pmintenclr_el1);
	start_cycles(100);
	missing = !flag_comes(CYCLE_BIT);
	irq_on();
	for (u32 i = 0; i < 20; i++) {
		ways[i % ARRAY_SIZE(ways)].leave();
		missing += read_sysreg(pmovsset_el0) != CYCLE_BIT;
	}
	check_eq("overflow-flag-over-exits", missing, 0);
	check_eq("overflow-flag-silent", overflows.interrupts, 1);
	write_sysreg(CYCLE_BIT, pmintenset_el1);
	isb();
	interrupt_comes(2);
	delay_us(200);
	irq_off();
	check_eq("overflow-enabled-later-once", overflows.interrupts, 2);
	stop();
}

/* Cleared while its interrupt is pending: one exit later nothing is left of it. */
static void check_cleared(void)
{
	u32 irq = pmu_irq();

	for (size_t w = 0; w < ARRAY_SIZE(ways); w++) {
		u32 wrong = 0;

		/* The alarm that ends a WFI is silenced without an exit: it may be spurious. */
		if (ways[w].leave == by_wfi)
			continue;
		overflows = (struct overflows){};
		irq_spurious[0] = 0;
		for (u32 i = 0; i < 20; i++) {
			start_cycles(100);
			wrong += !flag_comes(CYCLE_BIT) || !gic_pending(irq);
			stop();
			write_sysreg(CYCLE_BIT, pmovsclr_el0);
			isb();
			ways[w].leave();
			irq_on();
			delay_us(20);
			irq_off();
			wrong += gic_pending(irq);
		}
		check_eq(check_name("overflow-cleared-%s", ways[w].name), wrong, 0);
		check_eq(check_name("overflow-cleared-%s-silent", ways[w].name),
			 overflows.interrupts + irq_spurious[0], 0);
	}
}

void check_exits(void)
{
	if (!overflows_listen()) {
		check_skip("exits", "no overflow interrupt in the device tree");
		return;
	}
	step = arg_u64("exact", 0) ? 1 : 64;
	pmu_clear();
	write_sysreg(CYCLE_BIT, pmcntenset_el0);
	write_sysreg(CYCLE_BIT, pmintenset_el1);
	isb();
	check_around();
	check_wakes();
	check_pending();
	check_cleared();
	pmu_clear();
	gic_disable(pmu_irq());
}

/* Many overflows, one after the other, now and then with an exit between. */
static u32 storm(u32 want, void (*overflow)(void))
{
	u32 i;

	overflows = (struct overflows){};
	irq_on();
	for (i = 0; i < want; i++) {
		if (!(i % 8))
			ways[i / 8 % ARRAY_SIZE(ways)].leave();
		overflow();
		if (!interrupt_comes(i + 1))
			break;
	}
	delay_us(200);
	irq_off();
	return overflows.interrupts;
}

static void overflow_sw_incr(void)
{
	pmevcntr_write(0, 0xffffffff);
	write_sysreg(1, pmswinc_el0);
	isb();
}

static void overflow_cycles(void)
{
	start_cycles(300);
}

/* Found by reading the flags, with interrupts masked: none may be left over. */
static u32 polled(u32 want)
{
	u32 found = 0;

	overflows = (struct overflows){};
	for (u32 i = 0; i < want; i++) {
		start_cycles(300);
		if (!(i % 8))
			ways[i / 8 % ARRAY_SIZE(ways)].leave();
		found += flag_comes(CYCLE_BIT);
		write_sysreg(CYCLE_BIT, pmovsclr_el0);
		isb();
		irq_on();
		irq_off();
	}
	return found;
}

void check_storm(void)
{
	u32 each = arg_u64("overflows", 1000) / 4;

	if (!nr_counters || !overflows_listen()) {
		check_skip("storm", "needs a counter and an overflow interrupt");
		return;
	}
	print("storm\n");
	pmu_clear();
	pmevtyper_write(0, SW_INCR);
	write_sysreg(1 | CYCLE_BIT, pmintenset_el1);
	write_sysreg(1, pmcntenset_el0);
	write_sysreg(PMCR_LC | PMCR_E, pmcr_el0);
	isb();
	check_eq("storm-sw-incr", storm(2 * each, overflow_sw_incr), 2 * each);
	check_hex("storm-sw-incr-flags", overflows.flags, 1);
	write_sysreg(1, pmcntenclr_el0);
	write_sysreg(CYCLE_BIT, pmcntenset_el0);
	isb();
	check_eq("storm-cycles", storm(each, overflow_cycles), each);
	check_hex("storm-cycles-flags", overflows.flags, CYCLE_BIT);
	check_eq("storm-polled", polled(each), each);
	check_eq("storm-polled-silent", overflows.interrupts, 0);
	pmu_clear();
	gic_disable(pmu_irq());
}

// SPDX-License-Identifier: GPL-2.0-only
/* Overflow flags, and the interrupt that they raise. */
#include "pmu-guest.h"

struct overflows overflows;

/* Acknowledge as a driver does: read the flags, clear them. */
static void on_overflow(u32 intid)
{
	u64 flags = read_sysreg(pmovsclr_el0);

	write_sysreg(flags, pmovsclr_el0);
	isb();
	overflows.flags |= flags;
	overflows.interrupts++;
}

bool overflows_listen(void)
{
	u32 irq = pmu_irq();

	if (!irq || !gic.version)
		return false;
	irq_set_handler(irq, on_overflow);
	gic_enable(irq);
	return true;
}

/* One that nap() has seen may still come. */
static void on_alarm(u32 intid)
{
	timers[CNTV].set_ctl(0);
}

void alarm_us(u64 us)
{
	if (irq_set_handler(timers[CNTV].intid, on_alarm) != on_alarm)
		gic_enable(timers[CNTV].intid);
	timers[CNTV].set_tval(us * ticks_per_ms() / 1000);
	timers[CNTV].set_ctl(CNT_CTL_ENABLE);
}

bool nap(void)
{
	bool due;

	wfi();
	due = timers[CNTV].get_ctl() & CNT_CTL_ISTATUS;
	timers[CNTV].set_ctl(0);
	return due;
}

/* Counter n on event from value, running. */
static void start(u32 n, u32 event, u64 value, u64 pmcr)
{
	pmu_clear();
	if (n == CYCLE_COUNTER) {
		write_sysreg(value, pmccntr_el0);
	} else {
		pmevtyper_write(n, event);
		pmevcntr_write(n, value);
	}
	write_sysreg(BIT(n), pmcntenset_el0);
	write_sysreg(pmcr | PMCR_LC | PMCR_E, pmcr_el0);
	isb();
}

static void sw_incr(u64 mask)
{
	write_sysreg(mask, pmswinc_el0);
	isb();
}

static void check_flags(void)
{
	start(0, SW_INCR, 0xfffffffe, 0);
	sw_incr(1);
	check_hex("overflow-not-yet", read_sysreg(pmovsset_el0), 0);
	sw_incr(1);
	check_hex("overflow-flag", read_sysreg(pmovsset_el0), 1);
	check_hex("overflow-wraps", pmevcntr_read(0), version >= PMUV3P5 ? 1ULL << 32 : 0);
	check_hex("overflow-flag-in-clr", read_sysreg(pmovsclr_el0), 1);
	write_sysreg(1, pmovsclr_el0);
	isb();
	check_hex("overflow-flag-clears", read_sysreg(pmovsset_el0), 0);

	if (version >= PMUV3P5) {
		start(0, SW_INCR, 0xffffffff, PMCR_LP);
		sw_incr(1);
		check_hex("overflow-lp-not-at-32", read_sysreg(pmovsset_el0), 0);
		pmevcntr_write(0, ~0ULL);
		sw_incr(1);
		check_hex("overflow-lp-at-64", read_sysreg(pmovsset_el0), 1);
	} else {
		check_skip("overflow-lp", "PMCR_EL0.LP came with PMUv3p5");
	}

	if (!pmu_has_event(CHAIN) || nr_counters < 2) {
		check_skip("chain", "CHAIN isn't advertised or there is one counter only");
		return;
	}
	start(0, SW_INCR, 0xffffffff, 0);
	pmevtyper_write(1, CHAIN);
	write_sysreg(2, pmcntenset_el0);
	isb();
	sw_incr(1);
	check_eq("chain", pmevcntr_read(1), 1);
	sw_incr(1);
	check_eq("chain-once", pmevcntr_read(1), 1);
}

/*
 * Polls for the flag of counter n. Reading the counter costs nothing and makes
 * an emulator notice an overflow that it would show too late otherwise.
 */
static bool poll_flag(u32 n)
{
	u64 end = ticks() + 200 * ticks_per_ms();

	do {
		if (n == CYCLE_COUNTER)
			read_sysreg(pmccntr_el0);
		else
			pmevcntr_read(n);
		if (read_sysreg(pmovsset_el0) & BIT(n))
			return true;
	} while (ticks() < end);
	return false;
}

static void check_polled(void)
{
	start(CYCLE_COUNTER, 0, -20000ULL, 0);
	check_true("overflow-poll-pmccntr", poll_flag(CYCLE_COUNTER), "no flag in 200 ms");
	start(0, CPU_CYCLES, 0xffffffff - 20000, 0);
	check_true("overflow-poll-event", poll_flag(0), "no flag in 200 ms");
}

/*
 * Waits for the first interrupt, then a little for one too many. All these
 * counters must have overflowed; reading one makes an emulator notice.
 */
static void expect_one(const char *name, u32 counter, u64 flags)
{
	u64 end = ticks() + 500 * ticks_per_ms();

	irq_on();
	while (!READ_ONCE(overflows.interrupts) && ticks() < end) {
		if (counter == CYCLE_COUNTER)
			read_sysreg(pmccntr_el0);
		else
			pmevcntr_read(counter);
	}
	delay_us(200);
	irq_off();
	check_eq(check_name("%s-once", name), overflows.interrupts, 1);
	check_hex(check_name("%s-flag", name), overflows.flags, flags);
	check_hex(check_name("%s-cleared", name), read_sysreg(pmovsset_el0), 0);
	check_true(check_name("%s-line-low", name), !gic_pending(pmu_irq()), "still pending");
	overflows = (struct overflows){};
}

static void arm(u32 n, u32 event, u64 value)
{
	start(n, event, value, 0);
	write_sysreg(BIT(n), pmintenset_el1);
	isb();
}

static void check_line(void)
{
	u32 irq = pmu_irq();

	/* PMINTENSET gates the line, PMOVSSET by software raises it as well. */
	start(0, SW_INCR, 0xffffffff, 0);
	sw_incr(1);
	check_true("irq-masked-by-pminten", !gic_pending(irq), "pending");
	write_sysreg(1, pmintenset_el1);
	isb();
	check_true("irq-raised-by-pminten", gic_pending(irq), "not pending");
	write_sysreg(1, pmintenclr_el1);
	isb();
	check_true("irq-lowered-by-pminten", !gic_pending(irq), "pending");
	write_sysreg(1, pmintenset_el1);
	isb();
	write_sysreg(1, pmovsclr_el0);
	isb();
	check_true("irq-lowered-by-pmovsclr", !gic_pending(irq), "pending");
	write_sysreg(1, pmovsset_el0);
	isb();
	check_true("irq-raised-by-pmovsset", gic_pending(irq), "not pending");

	/* PMCR_EL0.E gates it as well. */
	write_sysreg(PMCR_LC, pmcr_el0);
	isb();
	if (gic_pending(irq) && emulated())
		check_skip("irq-lowered-by-pmcr-e", "the emulator keeps the line until the next PMOVS write");
	else
		check_true("irq-lowered-by-pmcr-e", !gic_pending(irq), "pending");
	write_sysreg(PMCR_LC | PMCR_E, pmcr_el0);
	isb();
	if (!gic_pending(irq) && emulated())
		check_skip("irq-raised-by-pmcr-e", "the emulator's interrupt does not follow PMCR_EL0.E");
	else
		check_true("irq-raised-by-pmcr-e", gic_pending(irq), "not pending");
	pmu_clear();
	check_true("irq-low-at-the-end", !gic_pending(irq), "pending");
}

/* All counters overflow while the interrupt is masked: there is one for all. */
static void check_many(void)
{
	u64 all = all_counters(), events = all & ~CYCLE_BIT, end;

	start(0, SW_INCR, 0, 0);
	for (u32 i = 0; i < nr_counters; i++)
		pmevcntr_write(i, 0xffffffff);
	write_sysreg(-1000ULL, pmccntr_el0);
	write_sysreg(all, pmintenset_el1);
	write_sysreg(all, pmcntenset_el0);
	isb();
	sw_incr(events);
	end = ticks() + 200 * ticks_per_ms();
	while (!(read_sysreg(pmovsset_el0) & CYCLE_BIT) && ticks() < end)
		read_sysreg(pmccntr_el0);
	check_hex("overflow-poll-masked", read_sysreg(pmovsset_el0), all);
	expect_one("irq-many", 0, all);
}

void check_overflow(void)
{
	u32 irq = pmu_irq();
	bool sw = nr_counters && pmu_has_event(SW_INCR);
	bool cycles = pmu_has_event(CPU_CYCLES);

	if (sw)
		check_flags();
	if (cycles && nr_counters)
		check_polled();
	if (!overflows_listen()) {
		check_skip("irq", "no overflow interrupt in the device tree");
		return;
	}
	if (sw && cycles)
		check_many();
	if (sw) {
		check_line();
		arm(0, SW_INCR, 0xffffffff);
		sw_incr(1);
		expect_one("irq-sw-incr", 0, BIT(0));
		/* And again: it was really over. */
		pmevcntr_write(0, 0xffffffff);
		sw_incr(1);
		expect_one("irq-sw-incr-again", 0, BIT(0));
	}
	if (cycles) {
		arm(CYCLE_COUNTER, 0, -30000ULL);
		expect_one("irq-pmccntr", CYCLE_COUNTER, BIT(CYCLE_COUNTER));
	}
	if (cycles && nr_counters) {
		/* Near 32-bit overflow, so that the next is 4 s away. */
		arm(0, CPU_CYCLES, 0xffffffff - 30000);
		expect_one("irq-event", 0, BIT(0));
		if (nr_counters > 1) {
			arm(nr_counters - 1, CPU_CYCLES, 0xffffffff - 30000);
			expect_one("irq-event-last", nr_counters - 1, BIT(nr_counters - 1));
		}
	}
	pmu_clear();
	gic_disable(irq);
}

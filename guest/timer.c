// SPDX-License-Identifier: GPL-2.0-only
/*
 * Both EL1 timers. Arguments:
 *   offset=1		the VMM set one offset for both counters: they must agree
 *   exact=1		ticks are exact: latency must not vary wildly
 *   ppi-cntv=N ppi-cntp=N	the INTIDs that the device tree must give
 *   rounds=N		samples for the latencies (default 50)
 */
#include "guest.h"
#include "sort.h"

#define ROUNDS_MAX	1000

static u32 fired[NR_TIMERS];
static u64 fired_at[NR_TIMERS];

static void on_timer(u32 intid)
{
	for (u32 i = 0; i < NR_TIMERS; i++) {
		if (timers[i].intid != intid)
			continue;
		fired_at[i] = irq_entry_ticks;
		/* Mask, as Linux does: the line falls, ISTATUS stays to be seen. */
		timers[i].set_ctl(CNT_CTL_ENABLE | CNT_CTL_IMASK);
		fired[i]++;
	}
}

static void stop(struct timer *t)
{
	t->set_ctl(0);
}

/* Waits with interrupts on until *count reaches want; in WFI or in a loop. */
static bool wait_fired(u32 *count, u32 want, bool sleep, u64 limit)
{
	u64 end = ticks() + limit;

	for (;;) {
		irq_off();
		if (READ_ONCE(*count) >= want)
			return true;
		if (ticks() > end)
			return false;
		if (sleep)
			wfi();
		irq_on();
		for (u32 i = 0; !sleep && i < 100 && READ_ONCE(*count) < want; i++)
			cpu_relax();
	}
}

/* A watchdog so that WFI ends even if the timer under test is dead. */
static void watchdog(struct timer *other, u64 limit)
{
	other->set_ctl(CNT_CTL_IMASK);
	other->set_cval(other->count() + 2 * limit);
	other->set_ctl(CNT_CTL_ENABLE);
}

static void check_counter(struct timer *t)
{
	u64 last = t->count(), now;
	u32 steps = 0;

	for (u32 i = 0; i < 10000; i++) {
		now = t->count();
		steps += now < last;
		last = now;
	}
	check_eq(check_name("%s-monotonic", t->name), steps, 0);
	now = t->count();
	delay_us(100);
	check_range(check_name("%s-rate", t->name), t->count() - now,
		    ticks_per_ms() / 10, ticks_per_ms() * 100);
}

static void check_frequency(void)
{
	u64 freq = read_sysreg(cntfrq_el0);

	check_range("cntfrq", freq, 1000000, 10000000000ULL);
	print("CNTFRQ %llu Hz, CNTVCT %llu, CNTPCT %llu\n", (unsigned long long)freq,
	      (unsigned long long)timers[CNTV].count(),
	      (unsigned long long)timers[CNTP].count());
}

static void check_offset(void)
{
	u64 before, virt, after;

	if (!arg_u64("offset", 0)) {
		check_skip("offset", "no counter offset set (offset=1)");
		return;
	}
	before = timers[CNTP].count();
	virt = timers[CNTV].count();
	after = timers[CNTP].count();
	if ((virt < before || virt > after) && emulated())
		check_skip("offset", "the emulator ignores CNTPOFF_EL2 (off by %lld)",
			   (long long)(before - virt));
	else
		check_range("offset", virt, before, after);
}

static void check_registers(struct timer *t)
{
	u64 ms = ticks_per_ms(), cval;

	stop(t);
	t->set_cval(0x123456789abcdef0);
	check_hex(check_name("%s-cval", t->name), t->get_cval(), 0x123456789abcdef0);
	cval = t->count() + 1000 * ms;
	t->set_cval(cval);
	check_range(check_name("%s-tval-reads", t->name), (u32)t->get_tval(), 900 * ms, 1000 * ms);
	cval = t->count();
	t->set_tval(500 * ms);
	check_range(check_name("%s-tval-writes", t->name), t->get_cval() - cval, 500 * ms, 600 * ms);
	cval = t->count();
	t->set_tval((u32)-(s64)ms);
	check_true(check_name("%s-tval-signed", t->name), t->get_cval() < t->count(),
		   "a negative TVAL is in the future");

	/* ENABLE, IMASK and ISTATUS, without letting an interrupt in. */
	t->set_cval(t->count() + 1000 * ms);
	t->set_ctl(CNT_CTL_ENABLE | CNT_CTL_IMASK);
	check_hex(check_name("%s-not-due", t->name), t->get_ctl(), CNT_CTL_ENABLE | CNT_CTL_IMASK);
	t->set_cval(t->count() - 1);
	isb();
	check_hex(check_name("%s-istatus", t->name), t->get_ctl(),
		  CNT_CTL_ENABLE | CNT_CTL_IMASK | CNT_CTL_ISTATUS);
	check_true(check_name("%s-imask", t->name), !gic_pending(t->intid), "pending");
	t->set_ctl(CNT_CTL_ENABLE);
	check_true(check_name("%s-unmasked", t->name), gic_pending(t->intid), "not pending");
	t->set_ctl(CNT_CTL_ENABLE | CNT_CTL_IMASK);
	check_true(check_name("%s-masked-again", t->name), !gic_pending(t->intid), "pending");
	t->set_ctl(0);
	check_true(check_name("%s-disabled", t->name), !gic_pending(t->intid), "pending");
	check_hex(check_name("%s-disabled-ctl", t->name), t->get_ctl() & CNT_CTL_ENABLE, 0);
}

static void check_fires(u32 which, bool sleep)
{
	struct timer *t = &timers[which], *other = &timers[!which];
	const char *how = sleep ? "wfi" : "loop";
	u64 ms = ticks_per_ms(), due;
	bool good;

	fired[which] = 0;
	watchdog(other, 1000 * ms);
	due = timers[CNTV].count() + 2 * ms;
	t->set_tval(2 * ms);
	t->set_ctl(CNT_CTL_ENABLE);
	good = wait_fired(&fired[which], 1, sleep, 1000 * ms);
	check_true(check_name("%s-%s", t->name, how), good, "no interrupt in 1 s");
	check_true(check_name("%s-%s-not-early", t->name, how), fired_at[which] >= due,
		   "%lld ticks early", (long long)(due - fired_at[which]));
	irq_on();
	delay_us(100);
	irq_off();
	check_eq(check_name("%s-%s-once", t->name, how), fired[which], 1);
	check_hex(check_name("%s-%s-istatus", t->name, how), t->get_ctl(),
		  CNT_CTL_ENABLE | CNT_CTL_IMASK | CNT_CTL_ISTATUS);
	stop(t);
	stop(other);
}

static void check_special(u32 which)
{
	struct timer *t = &timers[which];
	u64 ms = ticks_per_ms();

	/* A compare value in the past fires at once, one far away never. */
	fired[which] = 0;
	t->set_cval(t->count() > 1000 ? t->count() - 1000 : 0);
	t->set_ctl(CNT_CTL_ENABLE);
	check_true(check_name("%s-past", t->name),
		   wait_fired(&fired[which], 1, false, 100 * ms), "no interrupt in 100 ms");
	stop(t);
	fired[which] = 0;
	/*
	 * Without CNTPOFF_EL2 KVM programs CVAL + offset into the real timer, and
	 * with the largest value of all that wraps round (seen on 6.12).
	 */
	t->set_cval(arg_u64("offset", 0) ? 1ULL << 62 : ~0ULL);
	t->set_ctl(CNT_CTL_ENABLE);
	irq_on();
	delay_us(2000);
	irq_off();
	check_eq(check_name("%s-far", t->name), fired[which], 0);
	stop(t);

	/* Masked it may pass its time; unmasking then fires. */
	t->set_tval(ms / 2);
	t->set_ctl(CNT_CTL_ENABLE | CNT_CTL_IMASK);
	irq_on();
	delay_us(2000);
	check_eq(check_name("%s-imask-holds", t->name), READ_ONCE(fired[which]), 0);
	t->set_ctl(CNT_CTL_ENABLE);
	check_true(check_name("%s-unmask-fires", t->name),
		   wait_fired(&fired[which], 1, false, 100 * ms), "no interrupt in 100 ms");
	stop(t);

	/* Moved while it runs, to later and to earlier. */
	fired[which] = 0;
	t->set_cval(t->count() + 5000 * ms);
	t->set_ctl(CNT_CTL_ENABLE);
	t->set_cval(t->count() + ms);
	check_true(check_name("%s-moved-earlier", t->name),
		   wait_fired(&fired[which], 1, false, 1000 * ms), "no interrupt in 1 s");
	stop(t);
}

static void check_both(bool sleep)
{
	const char *how = sleep ? "wfi" : "loop";
	u64 ms = ticks_per_ms();

	fired[CNTV] = 0;
	fired[CNTP] = 0;
	for (u32 i = 1; i <= 10; i++) {
		for (u32 t = 0; t < NR_TIMERS; t++) {
			timers[t].set_tval(ms / 2);
			timers[t].set_ctl(CNT_CTL_ENABLE);
		}
		if (!wait_fired(&fired[CNTV], i, sleep, 1000 * ms) ||
		    !wait_fired(&fired[CNTP], i, sleep, 1000 * ms))
			break;
	}
	stop(&timers[CNTV]);
	stop(&timers[CNTP]);
	check_eq(check_name("both-%s-cntv", how), fired[CNTV], 10);
	check_eq(check_name("both-%s-cntp", how), fired[CNTP], 10);
}

/* From the tick at which the timer was due to the entry of the handler. */
static void report_latency(u32 which, bool sleep)
{
	static u64 late[ROUNDS_MAX];
	struct timer *t = &timers[which];
	u32 rounds = arg_u64("rounds", 50);
	u64 ms = ticks_per_ms(), due;

	if (rounds > ROUNDS_MAX)
		rounds = ROUNDS_MAX;
	for (u32 i = 0; i < rounds; i++) {
		s64 skew = timers[CNTV].count() - t->count();

		if (which == CNTV)
			skew = 0;
		fired[which] = 0;
		due = t->count() + ms;
		t->set_cval(due);
		t->set_ctl(CNT_CTL_ENABLE);
		if (!wait_fired(&fired[which], 1, sleep, 1000 * ms)) {
			check_true(check_name("%s-latency", t->name), false, "no interrupt");
			return;
		}
		late[i] = fired_at[which] - (due + skew);
		stop(t);
	}
	sort_u64(late, rounds);
	print("latency %s %s min %lld median %lld max %lld ticks\n", t->name,
	      sleep ? "wfi" : "loop", (long long)late[0], (long long)late[rounds / 2],
	      (long long)late[rounds - 1]);
	if (arg_u64("exact", 0))
		check_range(check_name("%s-%s-latency", t->name, sleep ? "wfi" : "loop"),
			    late[rounds / 2], 0, ms / 10);
}

void guest_main(void)
{
	u32 working = NR_TIMERS;

	for (u32 i = 0; i < NR_TIMERS; i++) {
		struct timer *t = &timers[i];

		if (!check_true(check_name("%s-ppi", t->name), t->intid >= 16 && t->intid < 32,
				"INTID %u", t->intid))
			finish();
		if (arg_given(check_name("ppi-%s", t->name)))
			check_eq(check_name("%s-intid", t->name), t->intid,
				 arg_u64(check_name("ppi-%s", t->name), 0));
		stop(t);
		irq_set_handler(t->intid, on_timer);
		gic_enable(t->intid);
	}
	check_frequency();
	check_offset();
	for (u32 i = 0; i < NR_TIMERS; i++) {
		check_counter(&timers[i]);
		check_registers(&timers[i]);
		if (i == CNTP && emulated() && timer_offset_ignored()) {
			check_skip("cntp-interrupts", "the emulator ignores CNTPOFF_EL2");
			check_skip("both", "the emulator ignores CNTPOFF_EL2");
			working = CNTP;
			break;
		}
		check_fires(i, false);
		check_fires(i, true);
		check_special(i);
	}
	if (working == NR_TIMERS) {
		check_both(false);
		check_both(true);
	}
	for (u32 i = 0; i < working; i++) {
		report_latency(i, false);
		report_latency(i, true);
	}
	finish();
}

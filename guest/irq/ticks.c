// SPDX-License-Identifier: GPL-2.0-only
/*
 * Many deadlines, on all CPUs at once: each has one interrupt, none comes early, and
 * the GIC never has nothing to give.
 */
#include "irq-guest.h"

#define ISR_I		BIT(7)
#define PATIENCE_MS	30000	/* what is lost never comes, what is late may be the host's fault */

static u32 want;
static u32 left[MAX_CPUS][NR_TIMERS];	/* deadlines that handlers are to set */
static u64 dice[MAX_CPUS];

/* From at once to some 250 us, short ones as likely as long ones. */
static u64 some_time(void)
{
	u64 *x = &dice[this_cpu()];

	*x ^= *x << 13;
	*x ^= *x >> 7;
	*x ^= *x << 17;
	return (*x >> 16) % (ticks_per_ms() >> (2 + *x % 9));
}

static u32 count(u32 which)
{
	return READ_ONCE(seen[this_cpu()][which].interrupts);
}

static bool all_have(u32 lines, u32 n)
{
	for (u32 which = 0; which < NR_TIMERS; which++) {
		if (lines & 1u << which && count(which) < n)
			return false;
	}
	return true;
}

static bool in_loop(u32 lines, u32 n)
{
	u64 end = ticks() + PATIENCE_MS * ticks_per_ms();

	irq_on();
	while (!all_have(lines, n) && ticks() < end)
		cpu_relax();
	irq_off();
	return all_have(lines, n);
}

/* Here and below the timer that isn't tested ends a WFI that would be for ever. */
static bool in_wfi(u32 lines, u32 n)
{
	u64 end = ticks() + PATIENCE_MS * ticks_per_ms();

	while (!all_have(lines, n) && ticks() < end) {
		wfi();
		irq_on();
		irq_off();
	}
	return all_have(lines, n);
}

/* Without taking an exception: the CPU is told, then acknowledges. */
static bool by_hand(u32 lines, u32 n)
{
	u64 end = ticks() + PATIENCE_MS * ticks_per_ms();
	u32 cpu = this_cpu(), iar;

	while (!all_have(lines, n) && ticks() < end) {
		if (!(read_sysreg(isr_el1) & ISR_I)) {
			if (n % 2)
				wfi();
			continue;
		}
		iar = gic_ack();
		if (gic_intid(iar) >= GIC_SPURIOUS) {
			irq_spurious[cpu]++;
			continue;
		}
		for (u32 which = 0; which < NR_TIMERS; which++) {
			if (timers[which].intid == gic_intid(iar)) {
				timers[which].set_ctl(0);
				seen[cpu][which].interrupts++;
			}
		}
		gic_eoi(iar);
	}
	return all_have(lines, n);
}

static void one_by_one(u32 lines, bool (*wait)(u32 lines, u32 n))
{
	for (u32 i = 1; i <= want; i++) {
		for (u32 which = 0; which < NR_TIMERS; which++) {
			if (lines & 1u << which)
				arm_timer(&timers[which], some_time());
		}
		if (i % 8 < NR_WAYS)
			ways[i % 8].leave();
		if (!wait(lines, i))
			break;
	}
}

/* The next deadline before the end of this interrupt; it may be over by then. */
static bool set_next(u32 which)
{
	u32 cpu = this_cpu();

	if (!left[cpu][which])
		return false;
	left[cpu][which]--;
	arm_timer(&timers[which], some_time());
	return true;
}

static void periodically(u32 lines, bool (*wait)(u32 lines, u32 n))
{
	for (u32 which = 0; which < NR_TIMERS; which++) {
		left[this_cpu()][which] = lines & 1u << which ? want - 1 : 0;
		if (lines & 1u << which)
			arm_timer(&timers[which], some_time());
	}
	for (u32 i = 1; i <= want && wait(lines, i); i++)
		;
}

static const struct {
	const char *name;
	void (*run)(u32 lines, bool (*wait)(u32 lines, u32 n));
	bool (*wait)(u32 lines, u32 n);
	bool (*on_rise)(u32 which);
} kinds[] = {
	{ "loop", one_by_one, in_loop },
	{ "wfi", one_by_one, in_wfi },
	{ "by-hand", one_by_one, by_hand },
	{ "rearm-loop", periodically, in_loop, set_next },
	{ "rearm-wfi", periodically, in_wfi, set_next },
};

static u32 kind, lines_used, interrupts;

static void run(u32 cpu)
{
	dice[cpu] = 0x9e3779b97f4a7c15 * (cpu + 1);
	timers_listen();
	for (u32 which = 0; which < NR_TIMERS; which++) {
		if (!(lines_used & 1u << which))
			arm_timer(&timers[which], 100000 * ticks_per_ms());
	}
	kinds[kind].run(lines_used, kinds[kind].wait);
	let_in();
	for (u32 which = 0; which < NR_TIMERS; which++)
		timers[which].set_ctl(0);
}

static void check_kind(const char *lines)
{
	u32 sum[NR_TIMERS] = {}, baseless = 0, spurious = 0;
	const char *name = check_name("%s-%s", lines, kinds[kind].name);

	on_rise = kinds[kind].on_rise;
	if (!all_start(run))
		return;
	run(0);
	if (!check_true(check_name("%s-ends", name), all_join(), "some CPUs do not"))
		finish();
	on_rise = NULL;
	for (u32 cpu = 0; cpu < nr_cpus; cpu++) {
		for (u32 which = 0; which < NR_TIMERS; which++) {
			sum[which] += seen[cpu][which].interrupts;
			interrupts += seen[cpu][which].interrupts;
			baseless += seen[cpu][which].baseless;
		}
		spurious += irq_spurious[cpu];
	}
	for (u32 which = 0; which < NR_TIMERS; which++)
		check_eq(check_name("%s-%s-ticks", name, timers[which].name), sum[which],
			 lines_used & 1u << which ? want * nr_cpus : 0);
	check_eq(check_name("%s-founded", name), baseless, 0);
	check_eq(check_name("%s-no-spurious", name), spurious, 0);
}

void check_ticks(void)
{
	static const char *const names[] = { [1] = "cntv", [2] = "cntp", [3] = "both" };

	want = arg_u64("ticks", 300);
	for (lines_used = 1; lines_used < ARRAY_SIZE(names); lines_used++) {
		for (kind = 0; kind < ARRAY_SIZE(kinds); kind++)
			check_kind(names[lines_used]);
	}
	print("%u interrupts taken\n", interrupts);
}

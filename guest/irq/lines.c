// SPDX-License-Identifier: GPL-2.0-only
/*
 * A timer's line rises and falls while its interrupt isn't taken: with PSTATE.I set,
 * disabled in the GIC, below the priority mask, or active already.
 */
#include "irq-guest.h"

#define REPEATS	20

static void disable(struct timer *t)
{
	t->set_ctl(0);
}

static void mask(struct timer *t)
{
	t->set_ctl(CNT_CTL_ENABLE | CNT_CTL_IMASK);
}

static void move(struct timer *t)
{
	t->set_cval(t->count() + 10000 * ticks_per_ms());
}

static const struct {
	const char *name;
	void (*fall)(struct timer *t);
} falls[] = {
	{ "disabled", disable },
	{ "imasked", mask },
	{ "moved", move },
};

/* High before the guest looks, or while it runs; and the GIC knows it. */
static bool rise(struct timer *t, u32 i)
{
	arm_timer(t, i % 2 ? ticks_per_ms() / 50 : 0);
	return wait_rise(t) && gic_pending(t->intid);
}

/* One exit after the line has fallen nothing is left of it. */
static void check_fall(u32 which, u32 f, u32 way)
{
	struct timer *t = &timers[which];
	const char *name = check_name("%s-%s-%s", t->name, falls[f].name, ways[way].name);
	u32 missing = 0, left = 0;

	seen_reset();
	for (u32 i = 0; i < REPEATS; i++) {
		missing += !rise(t, i);
		falls[f].fall(t);
		ways[way].leave();
		let_in();
		left += gic_pending(t->intid);
		t->set_ctl(0);
	}
	check_eq(check_name("%s-rises", name), missing, 0);
	check_eq(check_name("%s-falls", name), left, 0);
	check_eq(check_name("%s-silent", name), seen[0][which].interrupts, 0);
	check_eq(check_name("%s-no-spurious", name), irq_spurious[0], 0);
}

/* Without one the CPU may still be told; the GIC then has nothing for it. */
static void check_late_fall(u32 which, u32 f)
{
	struct timer *t = &timers[which];
	const char *name = check_name("%s-%s-at-once", t->name, falls[f].name);
	u32 missing = 0;

	seen_reset();
	for (u32 i = 0; i < REPEATS; i++) {
		missing += !rise(t, i);
		falls[f].fall(t);
		let_in();
		t->set_ctl(0);
		ways[WAY_MMIO].leave();
	}
	check_eq(check_name("%s-rises", name), missing, 0);
	check_eq(check_name("%s-silent", name), seen[0][which].interrupts, 0);
	check_range(check_name("%s-spurious", name), irq_spurious[0], 0, REPEATS);
}

void check_falls(void)
{
	timers_listen();
	for (u32 which = 0; which < NR_TIMERS; which++) {
		for (u32 f = 0; f < ARRAY_SIZE(falls); f++) {
			for (u32 way = 0; way < NR_WAYS; way++)
				check_fall(which, f, way);
			if (gic_in_user())
				check_late_fall(which, f);
		}
	}
}

static void gic_cover(struct timer *t)
{
	gic_disable(t->intid);
	irq_on();
}

static void gic_uncover(struct timer *t)
{
	gic_enable(t->intid);
}

static void pmr_cover(struct timer *t)
{
	gic_set_priority(t->intid, 0xc0);
	gic_set_pmr(0xb0);
	irq_on();
}

static void pmr_uncover(struct timer *t)
{
	gic_set_pmr(GIC_PMR);
	gic_set_priority(t->intid, GIC_PRIORITY);
}

static void pstate_cover(struct timer *t)
{
}

static void pstate_uncover(struct timer *t)
{
	irq_on();
}

static const struct cover {
	const char *name;
	void (*cover)(struct timer *t);
	void (*uncover)(struct timer *t);
	bool asleep;		/* WFI waits under it */
} covers[] = {
	{ "disabled", gic_cover, gic_uncover, true },
	{ "pmr", pmr_cover, pmr_uncover, true },
	{ "pstate", pstate_cover, pstate_uncover },
};

/* The line stays high for long, while the guest goes on, in and out. */
static u32 go_on(struct timer *t)
{
	u32 missing = 0;

	delay_us(10000);
	for (u32 i = 0; i < 100; i++) {
		ways[WAY_HYPERCALL].leave();
		ways[WAY_MMIO].leave();
		missing += !gic_pending(t->intid);
		delay_us(20);
	}
	return missing;
}

/* WFI ends for the other timer alone; returns how often it ended. */
static u32 sleep_on(u32 waker)
{
	u32 naps = 0;

	for (u32 i = 1; i <= 5; i++) {
		arm_timer(&timers[waker], 5 * ticks_per_ms());
		irq_off();
		while (READ_ONCE(seen[0][waker].interrupts) < i) {
			wfi();
			naps++;
			irq_on();
			irq_off();
		}
	}
	irq_on();
	return naps;
}

static void check_cover(u32 which, const struct cover *c)
{
	struct timer *t = &timers[which];
	const char *name = check_name("%s-covered-%s", t->name, c->name);

	seen_reset();
	c->cover(t);
	arm_timer(t, 0);
	check_true(check_name("%s-rises", name), wait_rise(t) && gic_pending(t->intid),
		   "not pending");
	check_eq(check_name("%s-stays", name), go_on(t), 0);
	if (c->asleep)
		check_range(check_name("%s-sleeps", name), sleep_on(!which), 5, 20);
	check_eq(check_name("%s-silent", name), seen[0][which].interrupts, 0);
	c->uncover(t);
	let_in();
	check_eq(check_name("%s-once", name), seen[0][which].interrupts, 1);
	check_eq(check_name("%s-founded", name), seen[0][which].baseless, 0);
	check_eq(check_name("%s-no-spurious", name), irq_spurious[0], 0);
}

static u32 active_missing;

static bool go_on_active(u32 which)
{
	struct timer *t = &timers[which];

	active_missing += !gic_active(t->intid);
	irq_on();
	active_missing += go_on(t);
	irq_off();
	t->set_ctl(0);
	active_missing += !gic_active(t->intid) + gic_pending(t->intid);
	return true;
}

/* Active, the line high and the CPU willing: not again before its end. */
static void check_active(u32 which)
{
	struct timer *t = &timers[which];

	seen_reset();
	active_missing = 0;
	on_rise = go_on_active;
	arm_timer(t, 0);
	let_in();
	on_rise = NULL;
	check_eq(check_name("%s-active-stays", t->name), active_missing, 0);
	check_eq(check_name("%s-active-once", t->name), seen[0][which].interrupts, 1);
	check_true(check_name("%s-active-ends", t->name), !gic_active(t->intid), "active");
	check_eq(check_name("%s-active-no-spurious", t->name), irq_spurious[0], 0);
}

void check_covered(void)
{
	timers_listen();
	for (u32 which = 0; which < NR_TIMERS; which++) {
		for (u32 i = 0; i < ARRAY_SIZE(covers); i++)
			check_cover(which, &covers[i]);
		check_active(which);
	}
}

/* For the host to watch: a CPU sleeps for long, the virtual timer's line high and masked. */
void check_asleep(void)
{
	timers_listen();
	gic_disable(timers[CNTV].intid);
	arm_timer(&timers[CNTV], 0);
	check_true("asleep-rises", wait_rise(&timers[CNTV]) && gic_pending(timers[CNTV].intid),
		   "not pending");
	print("sleeping\n");
	arm_timer(&timers[CNTP], 4000 * ticks_per_ms());
	while (!seen[0][CNTP].interrupts) {
		wfi();
		let_in();
	}
	check_eq("asleep-silent", seen[0][CNTV].interrupts, 0);
	timers[CNTV].set_ctl(0);
}

/* Off and on again, or put off, while pending: one interrupt, and when it is due. */
static void check_pending_rearmed(u32 which)
{
	struct timer *t = &timers[which];
	u32 missing = 0, early = 0;

	seen_reset();
	for (u32 i = 0; i < REPEATS; i++) {
		missing += !rise(t, i);
		t->set_ctl(0);
		if (i % 4 < 2)
			ways[WAY_HYPERCALL].leave();
		t->set_ctl(CNT_CTL_ENABLE);
		let_in();
		early += seen[0][which].interrupts > 2 * i + 1;
		missing += seen[0][which].interrupts < 2 * i + 1;

		missing += !rise(t, i);
		t->set_cval(t->count() + ticks_per_ms());
		ways[i % NR_WAYS].leave();
		irq_on();
		early += READ_ONCE(seen[0][which].interrupts) > 2 * i + 1 &&
			 !(t->count() >= t->get_cval());
		missing += !wait_for(&seen[0][which].interrupts, 2 * i + 2, 2000);
		irq_off();
	}
	check_eq(check_name("%s-rearmed-rises", t->name), missing, 0);
	check_eq(check_name("%s-rearmed-early", t->name), early, 0);
	check_eq(check_name("%s-rearmed-each-once", t->name), seen[0][which].interrupts,
		 2 * REPEATS);
	check_eq(check_name("%s-rearmed-founded", t->name), seen[0][which].baseless, 0);
	check_eq(check_name("%s-rearmed-no-spurious", t->name), irq_spurious[0], 0);
}

static void check_toggled(u32 which)
{
	struct timer *t = &timers[which];
	u32 wrong = 0;

	seen_reset();
	rise(t, 0);
	for (u32 i = 0; i < REPEATS; i++) {
		t->set_ctl(CNT_CTL_ENABLE | CNT_CTL_IMASK);
		wrong += gic_pending(t->intid);
		t->set_ctl(CNT_CTL_ENABLE);
		wrong += !gic_pending(t->intid);
	}
	let_in();
	check_eq(check_name("%s-toggled-follows", t->name), wrong, 0);
	check_eq(check_name("%s-toggled-once", t->name), seen[0][which].interrupts, 1);
	check_eq(check_name("%s-toggled-no-spurious", t->name), irq_spurious[0], 0);
}

void check_rearmed(void)
{
	timers_listen();
	for (u32 which = 0; which < NR_TIMERS; which++) {
		check_pending_rearmed(which);
		check_toggled(which);
	}
}

// SPDX-License-Identifier: GPL-2.0-only
#include "dt.h"
#include "gic.h"
#include "timer.h"
#include "trap.h"

#define DT_TIMER_PHYS	1	/* indices in "interrupts" of arm,armv8-timer */
#define DT_TIMER_VIRT	2

#define TIMER_FUNCTIONS(t, cnt)						\
static u64 t##_count(void) { isb(); return read_sysreg(cnt); }		\
static u64 t##_get_ctl(void) { return read_sysreg(t##_ctl_el0); }	\
static void t##_set_ctl(u64 v) { write_sysreg(v, t##_ctl_el0); isb(); }	\
static u64 t##_get_cval(void) { return read_sysreg(t##_cval_el0); }	\
static void t##_set_cval(u64 v) { write_sysreg(v, t##_cval_el0); isb(); } \
static u64 t##_get_tval(void) { return read_sysreg(t##_tval_el0); }	\
static void t##_set_tval(u64 v) { write_sysreg(v, t##_tval_el0); isb(); }

TIMER_FUNCTIONS(cntv, cntvct_el0)
TIMER_FUNCTIONS(cntp, cntpct_el0)

#define TIMER_ROW(t)							\
	{ .name = #t, .count = t##_count,				\
	  .get_ctl = t##_get_ctl, .set_ctl = t##_set_ctl,		\
	  .get_cval = t##_get_cval, .set_cval = t##_set_cval,		\
	  .get_tval = t##_get_tval, .set_tval = t##_set_tval }

struct timer timers[NR_TIMERS] = {
	[CNTV] = TIMER_ROW(cntv),
	[CNTP] = TIMER_ROW(cntp),
};

void timer_init(void)
{
	int node = dt_find("arm,armv8-timer");

	if (node < 0)
		return;
	timers[CNTP].intid = dt_irq(node, DT_TIMER_PHYS, NULL);
	timers[CNTV].intid = dt_irq(node, DT_TIMER_VIRT, NULL);
}

static u32 probed;

static void on_probe(u32 intid)
{
	timers[CNTP].set_ctl(0);
	probed++;
}

bool timer_offset_ignored(void)
{
	struct timer *t = &timers[CNTP];
	irq_handler before = irq_set_handler(t->intid, on_probe);
	u64 ms = ticks_per_ms();
	u32 late = 0;

	gic_enable(t->intid);
	for (u32 i = 0; i < 3; i++) {
		u64 due = t->count() + ms / 2;

		probed = 0;
		t->set_cval(due);
		t->set_ctl(CNT_CTL_ENABLE);
		irq_on();
		while (!READ_ONCE(probed) && t->count() < due + 2000 * ms)
			;
		irq_off();
		late += t->count() > due + ms;
	}
	t->set_ctl(0);
	irq_set_handler(t->intid, before);
	return late == 3;
}

void delay_ticks(u64 n)
{
	u64 start = ticks();

	while (ticks() - start < n)
		;
}

void delay_us(u64 us)
{
	delay_ticks(us * ticks_per_ms() / 1000 + 1);
}

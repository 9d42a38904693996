// SPDX-License-Identifier: GPL-2.0-only
/*
 * The interrupt controller and the lines of both timers. Arguments:
 *   checks=A[,B..]	these of the checks below, instead of all but the last two
 *   ticks=N		interrupts of each kind, on each CPU (default 300)
 *   sgis=N		SGIs from each CPU to each other (default 300)
 *   accesses=N		of each hostile CPU (default 3000)
 *   irqchip=user	the VMM models the GIC, and sees a line fall at any exit
 */
#include <string.h>

#include "irq/irq-guest.h"

struct seen seen[MAX_CPUS][NR_TIMERS];
bool (*on_rise)(u32 which);

static const struct {
	const char *name;
	void (*check)(void);
	bool always;
} checks[] = {
	{ "falls", check_falls, true },
	{ "covered", check_covered, true },
	{ "rearmed", check_rearmed, true },
	{ "priority", check_priority, true },
	{ "groups", check_groups, true },
	{ "ticks", check_ticks, true },
	{ "sgis", check_sgis, true },
	{ "spis", check_spis, true },
	{ "lives", check_lives, true },
	{ "hostile", check_hostile },
	{ "asleep", check_asleep },
};

static void on_timer(u32 intid)
{
	u32 which = intid == timers[CNTP].intid ? CNTP : CNTV;
	struct timer *t = &timers[which];
	struct seen *s = &seen[this_cpu()][which];

	s->baseless += t->get_ctl() != (CNT_CTL_ENABLE | CNT_CTL_ISTATUS);
	if (!on_rise || !on_rise(which))
		t->set_ctl(0);
	s->interrupts++;
}

void timers_listen(void)
{
	for (u32 i = 0; i < NR_TIMERS; i++) {
		timers[i].set_ctl(0);
		irq_set_handler(timers[i].intid, on_timer);
		gic_enable(timers[i].intid);
	}
	seen_reset();
}

void seen_reset(void)
{
	memset(seen[this_cpu()], 0, sizeof(seen[0]));
	irq_spurious[this_cpu()] = 0;
}

void arm_timer(struct timer *t, u64 ahead)
{
	t->set_cval(t->count() + ahead);
	t->set_ctl(CNT_CTL_ENABLE);
}

bool wait_rise(struct timer *t)
{
	u64 end = ticks() + 2000 * ticks_per_ms();

	while (!(t->get_ctl() & CNT_CTL_ISTATUS)) {
		/* Seconds may have passed between two looks. */
		if (ticks() > end)
			return t->get_ctl() & CNT_CTL_ISTATUS;
	}
	return true;
}

void let_in(void)
{
	irq_on();
	delay_us(20);
	irq_off();
}

static void by_mmio(void)
{
	uart_read(UART_LSR);
}

static void by_hypercall(void)
{
	psci(PSCI_VERSION, 0, 0, 0);
}

static void by_gic(void)
{
	gic_pending(timers[CNTV].intid);
}

const struct way ways[NR_WAYS] = {
	{ "mmio", by_mmio },
	{ "hypercall", by_hypercall },
	{ "gic", by_gic },
};

bool gic_in_user(void)
{
	char kind[8];

	return arg_str("irqchip", kind, sizeof(kind)) && !strcmp(kind, "user");
}

static bool listed(const char *list, const char *name)
{
	size_t len = strlen(name);

	while (list) {
		if (!strncmp(list, name, len) && (list[len] == ',' || !list[len]))
			return true;
		list = strchr(list, ',');
		if (list)
			list++;
	}
	return false;
}

void guest_main(void)
{
	char list[96];

	print("GICv%u, %u INTIDs, %u CPUs\n", gic.version, gic.lines, nr_cpus);
	if (!check_true("gic", gic.version, "none in the device tree"))
		finish();
	for (size_t i = 0; i < ARRAY_SIZE(checks); i++) {
		if (arg_str("checks", list, sizeof(list)) ? listed(list, checks[i].name) :
							    checks[i].always)
			checks[i].check();
	}
	finish();
}

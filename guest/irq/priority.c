// SPDX-License-Identifier: GPL-2.0-only
/* GICv2: priorities, preemption, the split end of interrupt, groups (IHI 0048, 3.3). */
#include <string.h>

#include "irq-guest.h"

#define DONE		0x80	/* in the log: the handler of this SGI returns */
#define NO_SGI		0xff
#define RPR_IDLE	0xff

static u8 handled[16], nested[16];	/* what happened; whom a handler raises */
static u32 n_handled;
static u32 running_priority;

static void note(u32 what)
{
	if (n_handled < sizeof(handled))
		handled[n_handled++] = what;
}

static void on_sgi(u32 intid)
{
	note(intid);
	running_priority = read32(gic.cpu + GICC_RPR);
	if (nested[intid] != NO_SGI) {
		gic_send_sgi(0, nested[intid]);
		irq_on();
		delay_us(20);
		irq_off();
	}
	note(intid | DONE);
}

/* The SGIs of a case are raised together; a handler may raise another. */
static const struct {
	const char *name;
	u8 priority[3];		/* of SGI 1, 2, 3 */
	u8 bpr;
	u8 pmr;
	const char *raised;	/* digits, in this order */
	u8 raises[3];		/* whom the handler of SGI 1, 2, 3 raises */
	const char *log;	/* + begins, - ends */
} cases[] = {
	{ "by-priority", { 0x80, 0x40, 0x60 }, 2, GIC_PMR, "123", {}, "+2-2+3-3+1-1" },
	{ "preempts", { 0x80, 0x40 }, 2, GIC_PMR, "1", { 2 }, "+1+2-2-1" },
	{ "preempts-twice", { 0x80, 0x60, 0x40 }, 2, GIC_PMR, "1", { 2, 3 }, "+1+2+3-3-2-1" },
	{ "lower-waits", { 0x40, 0x80 }, 2, GIC_PMR, "1", { 2 }, "+1-1+2-2" },
	{ "equal-waits", { 0x40, 0x40 }, 2, GIC_PMR, "1", { 2 }, "+1-1+2-2" },
	{ "group-of-bpr-waits", { 0x70, 0x10 }, 6, GIC_PMR, "1", { 2 }, "+1-1+2-2" },
	{ "group-of-bpr-preempts", { 0x90, 0x70 }, 6, GIC_PMR, "1", { 2 }, "+1+2-2-1" },
	{ "no-preemption", { 0xe0, 0x00 }, 7, GIC_PMR, "1", { 2 }, "+1-1+2-2" },
	{ "pmr-holds", { 0x80, 0x40 }, 2, 0x80, "12", {}, "+2-2" },
	{ "pmr-lets", { 0x80, 0x40 }, 2, 0x90, "12", {}, "+2-2+1-1" },
	{ "pmr-shut", { 0x80, 0x40 }, 2, 0, "12", {}, "" },
};

static void check_case(u32 c)
{
	char log[2 * sizeof(handled) + 1] = "";

	for (u32 i = 0; i < 3; i++) {
		gic_set_priority(1 + i, cases[c].priority[i]);
		nested[1 + i] = NO_SGI;
		if (cases[c].raises[i])
			nested[1 + i] = cases[c].raises[i];
	}
	write32(cases[c].bpr, gic.cpu + GICC_BPR);
	gic_set_pmr(cases[c].pmr);
	n_handled = 0;
	for (const char *sgi = cases[c].raised; *sgi; sgi++)
		gic_send_sgi(0, *sgi - '0');
	let_in();
	for (u32 i = 0; i < n_handled; i++)
		format(log + 2 * i, 3, "%c%u", handled[i] & DONE ? '-' : '+',
		       handled[i] & ~DONE);
	check_true(check_name("priority-%s", cases[c].name), !strcmp(log, cases[c].log),
		   "%s instead of %s", log, cases[c].log);
	/* What was held comes now. */
	gic_set_pmr(GIC_PMR);
	let_in();
}

static void check_running(void)
{
	gic_set_priority(1, 0x40);
	nested[1] = NO_SGI;
	check_hex("rpr-idle", read32(gic.cpu + GICC_RPR), RPR_IDLE);
	check_eq("hppir-idle", gic_intid(read32(gic.cpu + GICC_HPPIR)), 1023);
	gic_send_sgi(0, 1);
	check_eq("hppir", gic_intid(read32(gic.cpu + GICC_HPPIR)), 1);
	let_in();
	check_hex("rpr", running_priority, 0x40);
	check_hex("rpr-idle-again", read32(gic.cpu + GICC_RPR), RPR_IDLE);
}

/* Priority drop and deactivation apart. */
static void check_split_end(void)
{
	u32 first, second;

	write32(GICC_CTLR_GRP0 | GICC_CTLR_EOIMODE, gic.cpu + GICC_CTLR);
	gic_set_priority(1, 0x40);
	gic_set_priority(2, 0x40);
	gic_send_sgi(0, 1);
	first = gic_ack();
	check_eq("split-first", gic_intid(first), 1);
	gic_eoi(first);
	check_hex("split-drop", read32(gic.cpu + GICC_RPR), RPR_IDLE);
	check_true("split-still-active", gic_active(1), "not active");
	gic_send_sgi(0, 1);
	gic_send_sgi(0, 2);
	second = gic_ack();
	check_eq("split-other", gic_intid(second), 2);
	gic_eoi(second);
	write32(second, gic.cpu + GICC_DIR);
	check_true("split-inactive", !gic_active(2), "active");
	check_eq("split-not-while-active", gic_intid(gic_ack()), 1023);
	write32(first, gic.cpu + GICC_DIR);
	first = gic_ack();
	check_eq("split-again", gic_intid(first), 1);
	gic_eoi(first);
	write32(first, gic.cpu + GICC_DIR);
	check_true("split-ends", !gic_active(1), "active");
	write32(GICC_CTLR_GRP0, gic.cpu + GICC_CTLR);
}

static bool gicv2_listens(const char *name)
{
	if (gic.version != 2) {
		check_skip(name, "no GICv2");
		return false;
	}
	for (u32 sgi = 1; sgi <= 3; sgi++) {
		irq_set_handler(sgi, on_sgi);
		gic_enable(sgi);
		nested[sgi] = NO_SGI;
	}
	irq_spurious[0] = 0;
	return true;
}

void check_priority(void)
{
	if (!gicv2_listens("priority"))
		return;
	check_running();
	for (u32 c = 0; c < ARRAY_SIZE(cases); c++)
		check_case(c);
	write32(2, gic.cpu + GICC_BPR);
	check_split_end();
	check_eq("priority-no-spurious", irq_spurious[0], 0);
}

/* Group 0 as FIQ, group 1 as IRQ; SGI 1 and the virtual timer are the former. */
void check_groups(void)
{
	u32 group1 = ~(1u << 1 | 1u << timers[CNTV].intid), fiqs;

	if (!gicv2_listens("groups"))
		return;
	write32(group1, gic.dist + GICD_IGROUPR);
	if (read32(gic.dist + GICD_IGROUPR) != group1) {
		check_skip("groups", "this GICv2 keeps its interrupts in one group");
		return;
	}
	timers_listen();
	write32(3, gic.dist + GICD_CTLR);
	write32(GICC_CTLR_GRP0 | GICC_CTLR_GRP1 | GICC_CTLR_ACKCTL | GICC_CTLR_FIQEN,
		gic.cpu + GICC_CTLR);
	gic_set_priority(1, 0x80);
	gic_set_priority(2, 0x40);
	irq_fiqs[0] = 0;
	n_handled = 0;
	gic_send_sgi(0, 1);
	let_in();
	check_eq("groups-fiq-not-as-irq", n_handled, 0);
	fiq_on();
	delay_us(20);
	fiq_off();
	check_eq("groups-fiq", irq_fiqs[0], 1);
	check_hex("groups-fiq-sgi", handled[0], 1);

	n_handled = 0;
	gic_send_sgi(0, 2);
	fiq_on();
	delay_us(20);
	fiq_off();
	check_eq("groups-irq-not-as-fiq", n_handled, 0);
	let_in();
	check_hex("groups-irq-sgi", handled[0], 2);
	check_eq("groups-irq", irq_fiqs[0], 1);

	fiqs = irq_fiqs[0];
	irq_on();
	fiq_on();
	for (u32 i = 1; i <= 100; i++) {
		for (u32 which = 0; which < NR_TIMERS; which++)
			arm_timer(&timers[which], ticks_per_ms() / 20);
		for (u32 which = 0; which < NR_TIMERS; which++)
			wait_for(&seen[0][which].interrupts, i, 2000);
	}
	fiq_off();
	irq_off();
	check_eq("groups-cntv", seen[0][CNTV].interrupts, 100);
	check_eq("groups-cntp", seen[0][CNTP].interrupts, 100);
	check_eq("groups-cntv-as-fiq", irq_fiqs[0] - fiqs, 100);
	check_eq("groups-no-spurious", irq_spurious[0], 0);
	write32(0, gic.dist + GICD_IGROUPR);
	write32(1, gic.dist + GICD_CTLR);
	write32(GICC_CTLR_GRP0, gic.cpu + GICC_CTLR);
}

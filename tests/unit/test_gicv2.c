// SPDX-License-Identifier: GPL-2.0-only
/* What the GICv2 does with interrupts: IHI 0048B chapter 3, and the registers that show it. */
#include <stdio.h>
#include <stdlib.h>

#include "gicv2.h"
#include "unit.h"

#define PPI		27
#define SPI		40
#define LOW		0xa0		/* priorities */
#define HIGH		0x40
#define NOTHING		1023
#define IDLE		0xff

/* GICC_CTLR */
#define BOTH_GROUPS	0x3
#define ACKCTL		0x4
#define FIQEN		0x8
#define CBPR		0x10
#define EOIMODE		0x200

enum {
	GROUP		= 0x080,	/* GICD_IGROUPR */
	ENABLE		= 0x100,	/* GICD_ISENABLER */
	DISABLE		= 0x180,	/* GICD_ICENABLER, and so on */
	PEND		= 0x200,
	UNPEND		= 0x280,
	ACTIVATE	= 0x300,
	DEACTIVATE	= 0x380,
};

static struct gicv2 *gic;

static void dist(unsigned int cpu, unsigned int offset, unsigned int len, uint32_t value)
{
	gicv2_dist_write(gic, cpu, offset, len, value);
}

/* A bit of GICD_IxxxxR or GICD_IGROUPR, of CPU 0's where banked. */
static void set(unsigned int reg, unsigned int intid)
{
	dist(0, reg + intid / 32 * 4, 4, 1u << intid % 32);
}

static bool is_set(unsigned int cpu, unsigned int reg, unsigned int intid)
{
	return gicv2_dist_read(gic, cpu, reg + intid / 32 * 4, 4) >> intid % 32 & 1;
}

static bool pending(unsigned int intid)
{
	return is_set(0, PEND, intid);
}

static bool active(unsigned int intid)
{
	return is_set(0, ACTIVATE, intid);
}

static void priority(unsigned int intid, unsigned int value)
{
	dist(0, 0x400 + intid, 1, value);
}

static void targets(unsigned int intid, unsigned int cpus)
{
	dist(0, 0x800 + intid, 1, cpus);
}

static void edge(unsigned int intid)
{
	dist(0, 0xc00 + intid / 16 * 4, 4, 2u << intid % 16 * 2);
}

static void line(unsigned int intid, bool level)
{
	gicv2_set_input(gic, 0, intid, level);
}

static void cpu_put(unsigned int cpu, unsigned int offset, uint32_t value)
{
	gicv2_cpu_write(gic, cpu, offset, 4, value);
}

static uint32_t cpu_get(unsigned int cpu, unsigned int offset)
{
	return (uint32_t)gicv2_cpu_read(gic, cpu, offset, 4);
}

static void ctlr(uint32_t value)
{
	cpu_put(0, 0x00, value);
}

static void eoi(uint32_t value)
{
	cpu_put(0, 0x10, value);
}

static void dir(uint32_t value)
{
	cpu_put(0, 0x1000, value);
}

static uint32_t ack(void)
{
	return cpu_get(0, 0x0c);
}

static uint32_t running(void)
{
	return cpu_get(0, 0x14);
}

static uint32_t highest(void)
{
	return cpu_get(0, 0x18);
}

static unsigned int out(void)
{
	return gicv2_outputs(gic, 0);
}

static void start(unsigned int cpus, unsigned int spis)
{
	gicv2_destroy(gic);
	gic = gicv2_create(cpus, spis);
	dist(0, 0, 4, 3);
	for (unsigned int cpu = 0; cpu < cpus; cpu++) {
		cpu_put(cpu, 0x00, BOTH_GROUPS);
		cpu_put(cpu, 0x04, 0xff);
	}
	for (unsigned int intid = 32; intid < 32 + spis; intid++)
		targets(intid, 1);
}

static int setup(void **state)
{
	start(4, 64);
	return 0;
}

static int teardown(void **state)
{
	gicv2_destroy(gic);
	gic = NULL;
	return 0;
}

static void enable(unsigned int intid, unsigned int prio)
{
	priority(intid, prio);
	set(ENABLE, intid);
}

/* Each gate on the way, of either group. */
static void test_gates(void **state)
{
	for (int group = 0; group < 2; group++) {
		for (int closed = 0; closed < 4; closed++) {
			start(4, 64);
			ctlr(BOTH_GROUPS | ACKCTL);
			enable(SPI, LOW);
			if (group)
				set(GROUP, SPI);
			if (closed == 0)
				set(DISABLE, SPI);
			if (closed == 1)
				dist(0, 0, 4, 2 >> group);
			if (closed == 2)
				ctlr(2 >> group | ACKCTL);
			if (closed == 3)
				targets(SPI, 2);
			line(SPI, true);
			assert_true(pending(SPI));
			assert_int_equal(out(), 0);
			assert_int_equal(highest(), NOTHING);
			assert_int_equal(ack(), NOTHING);
			set(ENABLE, SPI);
			dist(0, 0, 4, 3);
			ctlr(BOTH_GROUPS | ACKCTL);
			targets(SPI, 1);
			assert_int_equal(out(), GICV2_IRQ);
			assert_int_equal(ack(), SPI);
		}
	}
}

/* A group that is off does not stand in the way of the other. */
static void test_group_off(void **state)
{
	enable(SPI, HIGH);
	enable(SPI + 1, LOW);
	set(GROUP, SPI + 1);
	line(SPI, true);
	line(SPI + 1, true);
	assert_int_equal(highest(), SPI);
	ctlr(2 | ACKCTL);
	assert_int_equal(highest(), SPI + 1);
	assert_int_equal(ack(), SPI + 1);
}

static void test_disabled_becomes_pending(void **state)
{
	edge(SPI);
	line(SPI, true);
	line(SPI, false);
	assert_true(pending(SPI));
	assert_int_equal(out(), 0);
	set(ENABLE, SPI);
	assert_int_equal(out(), GICV2_IRQ);
	set(DISABLE, SPI);
	assert_int_equal(out(), 0);
	assert_true(pending(SPI));
}

static void test_spurious(void **state)
{
	assert_int_equal(ack(), NOTHING);
	assert_int_equal(running(), IDLE);
	eoi(NOTHING);
	assert_int_equal(running(), IDLE);
}

static void test_level(void **state)
{
	enable(PPI, LOW);
	line(PPI, true);
	assert_true(pending(PPI));
	assert_int_equal(ack(), PPI);
	assert_true(active(PPI));
	assert_true(pending(PPI));
	assert_int_equal(out(), 0);
	assert_int_equal(ack(), NOTHING);
	eoi(PPI);
	assert_false(active(PPI));
	assert_int_equal(out(), GICV2_IRQ);
	assert_int_equal(ack(), PPI);
	line(PPI, false);
	assert_false(pending(PPI));
	eoi(PPI);
	assert_int_equal(out(), 0);
}

static void test_level_falls_first(void **state)
{
	enable(PPI, LOW);
	line(PPI, true);
	assert_int_equal(out(), GICV2_IRQ);
	line(PPI, false);
	assert_int_equal(out(), 0);
	assert_int_equal(ack(), NOTHING);
}

static void test_level_not_cleared(void **state)
{
	enable(SPI, LOW);
	line(SPI, true);
	set(UNPEND, SPI);
	assert_true(pending(SPI));
	assert_int_equal(out(), GICV2_IRQ);
}

/* A write of GICD_ISPENDR lasts until it is acknowledged or cleared. */
static void test_level_by_software(void **state)
{
	enable(SPI, LOW);
	set(PEND, SPI);
	line(SPI, true);
	line(SPI, false);
	assert_true(pending(SPI));
	assert_int_equal(ack(), SPI);
	assert_false(pending(SPI));
	eoi(SPI);
	assert_int_equal(out(), 0);
	set(PEND, SPI);
	assert_int_equal(out(), GICV2_IRQ);
	set(UNPEND, SPI);
	assert_int_equal(out(), 0);
	set(PEND, SPI);
	line(SPI, true);
	set(UNPEND, SPI);
	line(SPI, false);
	assert_false(pending(SPI));
}

static void test_edge(void **state)
{
	edge(SPI);
	enable(SPI, LOW);
	line(SPI, true);
	line(SPI, false);
	line(SPI, true);
	assert_int_equal(ack(), SPI);
	assert_false(pending(SPI));
	eoi(SPI);
	assert_int_equal(out(), 0);	/* high, but no edge */
	line(SPI, true);
	assert_int_equal(out(), 0);
	line(SPI, false);
	line(SPI, true);
	assert_int_equal(out(), GICV2_IRQ);
	set(UNPEND, SPI);
	assert_int_equal(out(), 0);
	line(SPI, false);
	assert_false(pending(SPI));
	set(PEND, SPI);
	assert_int_equal(ack(), SPI);
}

static void test_edge_while_active(void **state)
{
	edge(SPI);
	enable(SPI, LOW);
	line(SPI, true);
	assert_int_equal(ack(), SPI);
	line(SPI, false);
	line(SPI, true);
	assert_true(active(SPI) && pending(SPI));
	assert_int_equal(out(), 0);
	eoi(SPI);
	assert_int_equal(out(), GICV2_IRQ);
	assert_int_equal(ack(), SPI);
	eoi(SPI);
	assert_int_equal(out(), 0);
}

static void test_sgi_targets(void **state)
{
	static const struct { unsigned int from; uint32_t sgir; unsigned int to; } sends[] = {
		{ 0, 0x00020000, 0x2 }, { 1, 0x000f0003, 0xf }, { 2, 0x00f00003, 0x0 }, { 3, 0x00090005, 0x9 },
		{ 0, 0x01000000, 0xe }, { 2, 0x010f0001, 0xb }, { 0, 0x02000000, 0x1 }, { 3, 0x020f000f, 0x8 },
		{ 1, 0x030f0004, 0x0 }, { 1, 0xfc02fff4, 0x2 },
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(sends); i++) {
		unsigned int sgi = sends[i].sgir & 15;

		start(4, 64);
		dist(sends[i].from, 0xf00, 4, sends[i].sgir);
		for (unsigned int cpu = 0; cpu < 4; cpu++) {
			bool to = sends[i].to >> cpu & 1;

			assert_int_equal(gicv2_outputs(gic, cpu), to ? GICV2_IRQ : 0);
			assert_int_equal(is_set(cpu, PEND, sgi), to);
			assert_int_equal(cpu_get(cpu, 0x0c), to ? sends[i].from << 10 | sgi : NOTHING);
		}
	}
}

/* The same SGI of several CPUs is several interrupts, one after the other. */
static void test_sgi_senders(void **state)
{
	for (unsigned int from = 1; from < 4; from++)
		dist(4 - from, 0xf00, 4, 0x00010007);
	assert_int_equal(gicv2_dist_read(gic, 0, 0xf27, 1), 0xe);
	for (unsigned int from = 1; from < 4; from++) {
		uint32_t value = from << 10 | 7;

		assert_int_equal(highest(), value);
		assert_int_equal(ack(), value);
		assert_int_equal(out(), 0);
		assert_int_equal(pending(7), from < 3);
		eoi(value);
		assert_false(active(7));
	}
	assert_int_equal(out(), 0);
}

static void test_sgi_of_another(void **state)
{
	dist(2, 0xf00, 4, 0x00010007);
	assert_int_equal(ack(), 2 << 10 | 7);
	eoi(1 << 10 | 7);
	assert_true(active(7));
	dist(2, 0xf00, 4, 0x00010007);
	assert_int_equal(out(), 0);
	eoi(2 << 10 | 7);
	assert_int_equal(out(), GICV2_IRQ);
}

static void test_sgi_registers(void **state)
{
	dist(0, 0xf23, 1, 0x6);
	assert_int_equal(out(), GICV2_IRQ);
	set(UNPEND, 3);
	assert_true(pending(3));
	dist(0, 0xf13, 1, 0x2);
	assert_int_equal(highest(), 2 << 10 | 3);
	dist(0, 0xf10, 4, 0x04000000);
	assert_int_equal(out(), 0);
	assert_false(pending(3));
	set(PEND, 3);
	assert_false(pending(3));
	set(DISABLE, 3);
	dist(1, 0xf00, 4, 0x00010003);
	assert_int_equal(ack(), 1 << 10 | 3);
}

static void test_ppi_is_banked(void **state)
{
	dist(2, 0x100, 4, 1u << PPI);
	gicv2_set_input(gic, 2, PPI, true);
	assert_int_equal(out(), 0);
	assert_int_equal(gicv2_outputs(gic, 2), GICV2_IRQ);
	set(ENABLE, PPI);
	assert_int_equal(out(), 0);
	assert_int_equal(cpu_get(2, 0x0c), PPI);
	assert_false(active(PPI));
	cpu_put(0, 0x10, PPI);
	assert_true(is_set(2, ACTIVATE, PPI));
}

/* 1-N: the first CPU that asks gets it, wherever it ends. */
static void test_one_of_several(void **state)
{
	targets(SPI, 0xa);
	enable(SPI, LOW);
	line(SPI, true);
	for (unsigned int cpu = 0; cpu < 4; cpu++)
		assert_int_equal(gicv2_outputs(gic, cpu), cpu & 1 ? GICV2_IRQ : 0);
	assert_int_equal(cpu_get(3, 0x0c), SPI);
	assert_int_equal(gicv2_outputs(gic, 1), 0);
	assert_int_equal(cpu_get(1, 0x0c), NOTHING);
	targets(SPI, 0x1);
	assert_int_equal(out(), 0);
	cpu_put(3, 0x10, SPI);
	assert_int_equal(out(), GICV2_IRQ);
	cpu_put(0, 0x00, BOTH_GROUPS | EOIMODE);
	cpu_put(2, 0x00, BOTH_GROUPS | EOIMODE);
	assert_int_equal(ack(), SPI);
	line(SPI, false);
	eoi(SPI);
	cpu_put(2, 0x1000, SPI);
	assert_false(active(SPI));
}

static void test_order(void **state)
{
	static const struct { unsigned int intid, priority; } order[] = {
		{ 70, 0x00 }, { 33, 0x08 }, { 27, 0x10 }, { 40, 0x10 }, { 41, 0x17 }, { 95, 0x10 }, { 32, 0xf0 },
	};

	for (unsigned int i = ARRAY_SIZE(order); i--; ) {
		enable(order[i].intid, order[i].priority);
		line(order[i].intid, true);
	}
	for (unsigned int i = 0; i < ARRAY_SIZE(order); i++) {
		assert_int_equal(highest(), order[i].intid);
		assert_int_equal(ack(), order[i].intid);
		line(order[i].intid, false);
		eoi(order[i].intid);
	}
	assert_int_equal(out(), 0);
}

static void test_changes_count_at_once(void **state)
{
	enable(SPI, LOW);
	enable(SPI + 1, LOW);
	line(SPI, true);
	line(SPI + 1, true);
	priority(SPI + 1, HIGH);
	assert_int_equal(highest(), SPI + 1);
	priority(SPI + 1, 0xff);
	assert_int_equal(highest(), SPI);
	set(DISABLE, SPI);
	assert_int_equal(out(), 0);	/* the lowest priority is always masked */
	priority(SPI + 1, LOW);
	assert_int_equal(out(), GICV2_IRQ);
	ctlr(BOTH_GROUPS | FIQEN);
	assert_int_equal(out(), GICV2_FIQ);
	set(GROUP, SPI + 1);
	assert_int_equal(out(), GICV2_IRQ);
	cpu_put(0, 0x04, LOW);
	assert_int_equal(out(), 0);
	cpu_put(0, 0x04, LOW + 8);
	targets(SPI + 1, 0x4);
	assert_int_equal(out(), 0);
	assert_int_equal(gicv2_outputs(gic, 2), GICV2_IRQ);
}

static void test_priority_mask(void **state)
{
	static const struct { unsigned int pmr, priority; bool good; } masks[] = {
		{ 0x00, 0x00, false }, { 0x08, 0x00, true }, { 0x08, 0x08, false }, { 0x0f, 0x08, false },
		{ 0xa0, 0x98, true }, { 0xa0, 0xa0, false }, { 0xff, 0xf0, true }, { 0xff, 0xf8, false },
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(masks); i++) {
		start(4, 64);
		cpu_put(0, 0x04, masks[i].pmr);
		enable(SPI, masks[i].priority);
		line(SPI, true);
		assert_int_equal(highest(), SPI);	/* the mask does not change which it is */
		assert_int_equal(out(), masks[i].good ? GICV2_IRQ : 0);
		assert_int_equal(ack(), masks[i].good ? SPI : NOTHING);
	}
}

/* 3.3.1 and 3.3.3: each row a binary point for each group. */
static void test_preemption(void **state)
{
	static const struct {
		unsigned int bpr, abpr, group, cbpr, first, second;
		uint32_t running;
		bool preempts;
	} rows[] = {
		{ 2, 7, 0, 0,    0x48, 0x40, 0x48, true },
		{ 2, 7, 0, 0,    0x48, 0x48, 0x48, false },
		{ 2, 7, 0, 0,    0x48, 0x50, 0x48, false },
		{ 3, 3, 0, 0,    0x48, 0x40, 0x40, false },
		{ 3, 3, 0, 0,    0x48, 0x38, 0x40, true },
		{ 5, 3, 0, 0,    0x78, 0x40, 0x40, false },
		{ 5, 3, 0, 0,    0x78, 0x38, 0x40, true },
		{ 6, 3, 0, 0,    0xf0, 0x80, 0x80, false },
		{ 6, 3, 0, 0,    0xf0, 0x78, 0x80, true },
		{ 7, 3, 0, 0,    0xf0, 0x00, 0x00, false },
		{ 7, 3, 1, 0,    0x48, 0x40, 0x48, true },
		{ 7, 3, 1, 0,    0x48, 0x48, 0x48, false },
		{ 7, 4, 1, 0,    0x48, 0x40, 0x40, false },
		{ 7, 4, 1, 0,    0x48, 0x38, 0x40, true },
		{ 2, 7, 1, 0,    0xf0, 0x80, 0x80, false },
		{ 2, 7, 1, 0,    0xf0, 0x78, 0x80, true },
		{ 2, 7, 1, CBPR, 0x48, 0x40, 0x48, true },
		{ 3, 3, 1, CBPR, 0x48, 0x40, 0x40, false },
		{ 7, 3, 1, CBPR, 0xf0, 0x00, 0x00, false },
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(rows); i++) {
		start(4, 64);
		ctlr(BOTH_GROUPS | ACKCTL | rows[i].cbpr);
		cpu_put(0, 0x08, rows[i].bpr);
		cpu_put(0, 0x1c, rows[i].abpr);
		enable(SPI, rows[i].first);
		enable(SPI + 1, rows[i].second);
		if (rows[i].group)
			dist(0, GROUP + 4, 4, 3u << (SPI - 32));
		line(SPI, true);
		assert_int_equal(ack(), SPI);
		assert_int_equal(running(), rows[i].running);
		line(SPI + 1, true);
		assert_int_equal(highest(), SPI + 1);
		assert_int_equal(out(), rows[i].preempts ? GICV2_IRQ : 0);
		assert_int_equal(ack(), rows[i].preempts ? SPI + 1 : NOTHING);
	}
}

/* A binary point that cuts more off than it did never lets a less urgent one in. */
static void test_binary_point_moves(void **state)
{
	enable(SPI, HIGH);
	enable(SPI + 1, LOW);
	line(SPI, true);
	assert_int_equal(ack(), SPI);
	line(SPI + 1, true);
	cpu_put(0, 0x08, 7);
	assert_int_equal(out(), 0);
	priority(SPI + 1, 0);
	assert_int_equal(out(), 0);
	cpu_put(0, 0x08, 6);
	assert_int_equal(out(), 0);
	cpu_put(0, 0x08, 5);
	assert_int_equal(out(), GICV2_IRQ);
}

static void test_nested(void **state)
{
	static const unsigned int priorities[] = { 0xc0, 0x80, 0x40, 0x00 };

	for (unsigned int i = 0; i < 4; i++) {
		enable(SPI + i, priorities[i]);
		line(SPI + i, true);
		assert_int_equal(ack(), SPI + i);
		assert_int_equal(running(), priorities[i]);
	}
	assert_int_equal(cpu_get(0, 0xd0), 0x01010101);
	for (unsigned int i = 4; i--; ) {
		line(SPI + i, false);
		eoi(SPI + i);
		assert_int_equal(running(), i ? priorities[i - 1] : IDLE);
	}
	assert_int_equal(cpu_get(0, 0xd0), 0);
}

static void test_active_priorities(void **state)
{
	ctlr(BOTH_GROUPS | ACKCTL);
	enable(SPI, LOW);
	enable(SPI + 1, HIGH);
	set(GROUP, SPI + 1);
	line(SPI, true);
	ack();
	line(SPI + 1, true);
	ack();
	assert_int_equal(cpu_get(0, 0xd0), 1u << LOW / 8);
	assert_int_equal(cpu_get(0, 0xe0), 1u << HIGH / 8);
	eoi(SPI + 1);
	assert_int_equal(cpu_get(0, 0xe0), 0);
	line(SPI + 1, false);
	cpu_put(0, 0xd0, 0);
	assert_int_equal(running(), IDLE);
	cpu_put(0, 0xe0, 1u << 2);
	assert_int_equal(running(), 0x10);
	enable(SPI + 2, 0x10);
	line(SPI + 2, true);
	assert_int_equal(out(), 0);
	priority(SPI + 2, 0x08);
	assert_int_equal(out(), GICV2_IRQ);
}

static void test_drop_and_deactivate(void **state)
{
	ctlr(BOTH_GROUPS | EOIMODE);
	enable(SPI, LOW);
	enable(SPI + 1, LOW);
	line(SPI, true);
	assert_int_equal(ack(), SPI);
	line(SPI + 1, true);
	assert_int_equal(out(), 0);
	eoi(SPI);
	assert_int_equal(running(), IDLE);
	assert_true(active(SPI));
	assert_int_equal(out(), GICV2_IRQ);
	assert_int_equal(ack(), SPI + 1);	/* the first is high, and active */
	eoi(SPI + 1);
	assert_int_equal(out(), 0);
	dir(SPI);
	assert_false(active(SPI));
	assert_true(active(SPI + 1));
	assert_int_equal(ack(), SPI);
}

static void test_deactivate_is_for_its_mode(void **state)
{
	enable(SPI, LOW);
	line(SPI, true);
	assert_int_equal(ack(), SPI);
	dir(SPI);
	assert_true(active(SPI));
	assert_int_equal(running(), LOW);
}

/* What was never acknowledged, and what is no interrupt of this GIC. */
static void test_end_of_nothing(void **state)
{
	static const uint32_t none[] = { 96, 1019, 1020, 1022, 1023, ~0u };

	for (int mode = 0; mode < 2; mode++) {
		start(4, 64);
		ctlr(BOTH_GROUPS | (mode ? EOIMODE : 0));
		enable(SPI, LOW);
		eoi(SPI);
		dir(SPI);
		assert_int_equal(running(), IDLE);
		line(SPI, true);
		assert_int_equal(ack(), SPI);
		for (unsigned int i = 0; i < ARRAY_SIZE(none); i++) {
			eoi(none[i]);
			dir(none[i]);
		}
		dir(SPI + 1);
		assert_int_equal(running(), LOW);
		assert_true(active(SPI));
	}
}

static void test_end_after_deactivation(void **state)
{
	enable(SPI, LOW);
	line(SPI, true);
	assert_int_equal(ack(), SPI);
	set(DEACTIVATE, SPI);
	assert_int_equal(out(), 0);
	assert_int_equal(running(), LOW);
	eoi(SPI);
	assert_int_equal(running(), IDLE);
	assert_int_equal(out(), GICV2_IRQ);
}

static void test_active_by_software(void **state)
{
	enable(SPI, LOW);
	set(ACTIVATE, SPI);
	line(SPI, true);
	assert_int_equal(out(), 0);
	assert_int_equal(highest(), NOTHING);
	assert_int_equal(running(), IDLE);
	set(DEACTIVATE, SPI);
	assert_int_equal(out(), GICV2_IRQ);
}

/* Nobody sent it: CPU 0 it is, whoever was the last to send one. */
static void test_active_sgi_by_software(void **state)
{
	dist(3, 0xf00, 4, 0x00010005);
	eoi(ack());
	assert_false(active(5));
	set(ACTIVATE, 5);
	eoi(3 << 10 | 5);
	assert_true(active(5));
	eoi(5);
	assert_false(active(5));
}

/* 4.4.1, FIQEn: Group 1 never is a FIQ. */
static void test_fiq(void **state)
{
	for (int group = 0; group < 2; group++) {
		for (int fiq = 0; fiq < 2; fiq++) {
			start(4, 64);
			ctlr(BOTH_GROUPS | ACKCTL | (fiq ? FIQEN : 0));
			enable(SPI, LOW);
			if (group)
				set(GROUP, SPI);
			line(SPI, true);
			assert_int_equal(out(), fiq && !group ? GICV2_FIQ : GICV2_IRQ);
			assert_int_equal(ack(), SPI);
			assert_int_equal(out(), 0);
		}
	}
}

/* What registers and aliases make of an interrupt of each group: 4.4.4, 4.4.7, 4.4.9, 4.4.11. */
static void test_views(void **state)
{
	static const struct { bool group1; uint32_t ackctl, value, alias; } views[] = {
		{ false, 0,      SPI,  1023 },
		{ false, ACKCTL, SPI,  1023 },
		{ true,  0,      1022, SPI },
		{ true,  ACKCTL, SPI,  SPI },
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(views); i++) {
		for (int alias = 0; alias < 2; alias++) {
			uint32_t value = alias ? views[i].alias : views[i].value;

			start(4, 64);
			ctlr(BOTH_GROUPS | views[i].ackctl);
			enable(SPI, LOW);
			if (views[i].group1)
				set(GROUP, SPI);
			line(SPI, true);
			assert_int_equal(cpu_get(0, alias ? 0x28 : 0x18), value);
			assert_int_equal(cpu_get(0, alias ? 0x20 : 0x0c), value);
			assert_int_equal(active(SPI), value == SPI);
			assert_int_equal(running(), value == SPI ? LOW : IDLE);
			assert_int_equal(out(), value == SPI ? 0 : GICV2_IRQ);
			/* Not good enough: 1023, whatever group it is of. */
			set(DEACTIVATE, SPI);
			cpu_put(0, 0x04, LOW);
			assert_int_equal(cpu_get(0, alias ? 0x20 : 0x0c), NOTHING);
		}
	}
}

static void test_aliased_end(void **state)
{
	ctlr(BOTH_GROUPS | ACKCTL);
	enable(SPI, LOW);
	enable(SPI + 1, HIGH);
	set(GROUP, SPI + 1);
	line(SPI, true);
	ack();
	cpu_put(0, 0x24, SPI);
	assert_true(active(SPI));
	assert_int_equal(running(), LOW);
	line(SPI + 1, true);
	assert_int_equal(cpu_get(0, 0x20), SPI + 1);
	cpu_put(0, 0x24, SPI + 1);
	assert_false(active(SPI + 1));
	assert_int_equal(running(), LOW);
}

static void test_one_cpu(void **state)
{
	start(1, 32);
	targets(SPI, 0);
	enable(SPI, LOW);
	line(SPI, true);
	assert_int_equal(ack(), SPI);
}

static void test_most_interrupts(void **state)
{
	start(8, 992);
	for (unsigned int intid = 0; intid < 2000; intid++)
		gicv2_set_input(gic, 7, intid, true);
	gicv2_set_input(gic, 7, ~0u, true);
	for (unsigned int i = 0; i < 128; i += 4)
		dist(7, ENABLE + i, 4, ~0u);
	for (unsigned int intid = 0; intid < 1020; intid++) {
		targets(intid, 0x80);
		dist(7, 0x400 + intid, 1, intid == 1019 ? 0x40 : 0x80);
	}
	assert_int_equal(cpu_get(7, 0x0c), 1019);
	cpu_put(7, 0x10, 1019);
	set(DISABLE, 1019);
	for (unsigned int intid = 16; intid < 1019; intid++) {
		assert_int_equal(cpu_get(7, 0x0c), intid);
		gicv2_set_input(gic, 7, intid, false);
		cpu_put(7, 0x10, intid);
	}
	assert_int_equal(gicv2_outputs(gic, 7), 0);
}

#define TEST(name)	cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_gates),
		TEST(test_group_off),
		TEST(test_disabled_becomes_pending),
		TEST(test_spurious),
		TEST(test_level),
		TEST(test_level_falls_first),
		TEST(test_level_not_cleared),
		TEST(test_level_by_software),
		TEST(test_edge),
		TEST(test_edge_while_active),
		TEST(test_sgi_targets),
		TEST(test_sgi_senders),
		TEST(test_sgi_of_another),
		TEST(test_sgi_registers),
		TEST(test_ppi_is_banked),
		TEST(test_one_of_several),
		TEST(test_order),
		TEST(test_changes_count_at_once),
		TEST(test_priority_mask),
		TEST(test_preemption),
		TEST(test_binary_point_moves),
		TEST(test_nested),
		TEST(test_active_priorities),
		TEST(test_drop_and_deactivate),
		TEST(test_deactivate_is_for_its_mode),
		TEST(test_end_of_nothing),
		TEST(test_end_after_deactivation),
		TEST(test_active_by_software),
		TEST(test_active_sgi_by_software),
		TEST(test_fiq),
		TEST(test_views),
		TEST(test_aliased_end),
		TEST(test_one_cpu),
		TEST(test_most_interrupts),
	};

	return cmocka_run_group_tests_name("gicv2", tests, NULL, NULL);
}

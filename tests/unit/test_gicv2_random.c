// SPDX-License-Identifier: GPL-2.0-only
/* The GICv2 beside a slow one, over random guests: all that can be read and all outputs agree. */
#include <stdio.h>
#include <stdlib.h>

#include "gicv2.h"
#include "gicv2_reference.h"
#include "unit.h"

#define STEPS	600

static struct gicv2 *gic;
static struct reference ref;
static uint64_t seed;

static unsigned int draw(unsigned int n)
{
	seed = seed * 6364136223846793005ull + 1442695040888963407ull;
	return (unsigned int)(seed >> 33) % n;
}

/* Few interrupts, so that they meet; the last ones too. */
static unsigned int some_intid(void)
{
	static const unsigned int some[] = { 0, 1, 15, 16, 27, 31, 32, 33, 63, 64, 95 };
	unsigned int i = draw(ARRAY_SIZE(some) + 1);

	return i < ARRAY_SIZE(some) ? some[i] : ref.intids - 1;
}

static void dist(unsigned int cpu, unsigned int offset, unsigned int len, uint32_t value)
{
	ref_dist(&ref, cpu, offset, len, true, value);
	gicv2_dist_write(gic, cpu, offset, len, value);
}

static void cpu_put(unsigned int cpu, unsigned int offset, uint32_t value)
{
	ref_cpu(&ref, cpu, offset, 4, true, value);
	gicv2_cpu_write(gic, cpu, offset, 4, value);
}

static uint32_t cpu_get(unsigned int cpu, unsigned int offset)
{
	uint32_t value = ref_cpu(&ref, cpu, offset, 4, false, 0);

	assert_int_equal(gicv2_cpu_read(gic, cpu, offset, 4), value);
	return value;
}

static void change_interrupt(void)
{
	static const unsigned int bits[] = { 0x080, 0x100, 0x100, 0x180, 0x200, 0x280, 0x300, 0x380 };
	static const unsigned int bytes[] = { 0x400, 0x400, 0x800, 0xf10, 0xf20 };
	unsigned int cpu = draw(ref.cpus), intid = some_intid();

	switch (draw(4)) {
	case 0:
		dist(cpu, bits[draw(ARRAY_SIZE(bits))] + intid / 32 * 4, 4,
		     draw(4) ? 1u << intid % 32 : draw(1u << 31) << 1);
		break;
	case 1:
		dist(cpu, bytes[draw(intid < 16 ? 5 : 3)] + intid, 1, draw(256));
		break;
	case 2:
		dist(cpu, 0xc00 + intid / 16 * 4, 4, draw(1u << 31) << 1);
		break;
	default:
		dist(cpu, 0xf00, 4, draw(4) << 24 | draw(256) << 16 | some_intid() % 16);
	}
}

static void change_cpu(unsigned int cpu)
{
	static const unsigned int regs[] = { 0x00, 0x04, 0x08, 0x1c, 0xd0, 0xe0 };
	unsigned int reg = regs[draw(draw(8) ? 4 : 6)];

	if (!draw(10))
		dist(cpu, 0, 4, draw(4));
	else if (reg == 0)
		cpu_put(cpu, reg, draw(0x400) | (draw(4) ? 3 : 0));
	else
		cpu_put(cpu, reg, reg < 0xd0 ? draw(256) | draw(2) * 0xf0 : draw(1u << 31) & draw(1u << 31) << 1);
}

/* Acknowledge, and sometimes end what was acknowledged, or something else. */
static void serve(unsigned int cpu)
{
	static uint32_t last[8];
	unsigned int alias = draw(4) ? 0 : 0x14;

	if (draw(2)) {
		last[cpu] = cpu_get(cpu, 0x0c + alias);
	} else {
		uint32_t value = draw(8) ? last[cpu] : draw(8) << 10 | some_intid();

		cpu_put(cpu, 0x10 + alias, value);
		if (draw(2))
			cpu_put(cpu, 0x1000, value);
	}
}

static void compare(void)
{
	static const unsigned int regs[] = { 0x00, 0x04, 0x08, 0x14, 0x18, 0x1c, 0x28, 0xd0, 0xe0 };

	for (unsigned int cpu = 0; cpu < ref.cpus; cpu++) {
		assert_int_equal(gicv2_outputs(gic, cpu), ref_outputs(&ref, cpu));
		for (unsigned int i = 0; i < ARRAY_SIZE(regs); i++)
			cpu_get(cpu, regs[i]);
	}
}

static void compare_distributor(void)
{
	for (unsigned int cpu = 0; cpu < ref.cpus; cpu++)
		for (unsigned int offset = 0; offset < 0xf30; offset += 4)
			if (offset != 8)
				assert_int_equal(gicv2_dist_read(gic, cpu, offset, 4),
						 ref_dist(&ref, cpu, offset, 4, false, 0));
}

static void step(void)
{
	unsigned int cpu = draw(ref.cpus);

	switch (draw(8)) {
	case 0:
	case 1: {
		unsigned int intid = some_intid();
		bool level = draw(2);

		ref_input(&ref, cpu, intid, level);
		gicv2_set_input(gic, cpu, intid, level);
		break;
	}
	case 2:
		change_cpu(cpu);
		break;
	case 3:
	case 4:
	case 5:
		serve(cpu);
		break;
	default:
		change_interrupt();
	}
}

static void compare_rounds(unsigned int cpus, unsigned int spis, unsigned int rounds)
{
	unsigned int taken = 0;

	for (unsigned int round = 0; round < rounds; round++) {
		seed = round;
		ref_reset(&ref, cpus, spis);
		gic = gicv2_create(cpus, spis);
		dist(0, 0, 4, 3);
		for (unsigned int cpu = 0; cpu < cpus; cpu++) {
			cpu_put(cpu, 0, 3 | draw(8) << 2);
			cpu_put(cpu, 4, 0xff);
		}
		for (unsigned int i = 0; i < STEPS; i++) {
			step();
			compare();
			taken += !!ref_outputs(&ref, 0);
		}
		compare_distributor();
		gicv2_destroy(gic);
	}
	/* Guests whose interrupts never come compare nothing. */
	assert_true(taken > rounds * STEPS / 50);
}

static void test_one_cpu(void **state)
{
	compare_rounds(1, 64, 300);
}

static void test_three_cpus(void **state)
{
	compare_rounds(3, 64, 200);
}

static void test_eight_cpus(void **state)
{
	compare_rounds(8, 96, 50);
}

static void test_all_intids(void **state)
{
	compare_rounds(2, 992, 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_cpu),
		cmocka_unit_test(test_three_cpus),
		cmocka_unit_test(test_eight_cpus),
		cmocka_unit_test(test_all_intids),
	};

	return cmocka_run_group_tests_name("gicv2, beside a reference", tests, NULL, NULL);
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * A guest that does anything to its GICv2: the input is a list of accesses and levels. What
 * the GIC shows must fit together, and be what the slow reference shows.
 */
#include <stdio.h>
#include <stdlib.h>

#include "gicv2.h"
#include "gicv2_reference.h"

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))
#define MAX_STEPS	200

enum {
	GROUP		= 0x080,
	ENABLE		= 0x100,
	PEND		= 0x200,
	ACTIVE		= 0x300,
	PRIORITY	= 0x400,
	TARGETS		= 0x800,
	SGIR		= 0xf00,
};

enum {
	CTLR		= 0x00,
	PMR		= 0x04,
	IAR		= 0x0c,
	EOIR		= 0x10,
	RPR		= 0x14,
	HPPIR		= 0x18,
	AHPPIR		= 0x28,
	DIR		= 0x1000,
	ALIAS		= 0x14,		/* of IAR and EOIR */
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static const uint8_t *input;
static size_t left;
static struct gicv2 *gic;
static struct reference ref;

static uint32_t take(unsigned int bytes)
{
	uint32_t value = 0;

	for (unsigned int i = 0; i < bytes && left; i++, left--)
		value |= (uint32_t)*input++ << (8 * i);
	return value;
}

static void check(bool good, const char *what)
{
	if (!good) {
		fprintf(stderr, "%s\n", what);
		abort();
	}
}

static uint32_t dist_get(unsigned int cpu, uint64_t offset, unsigned int len)
{
	uint64_t value = gicv2_dist_read(gic, cpu, offset, len);

	check(value == ref_dist(&ref, cpu, offset, len, false, 0) || offset == 8 || offset >= 0xfd0,
	      "distributor reads differ");
	return (uint32_t)value;
}

static void dist_put(unsigned int cpu, uint64_t offset, unsigned int len, uint32_t value)
{
	gicv2_dist_write(gic, cpu, offset, len, value);
	ref_dist(&ref, cpu, offset, len, true, value);
}

static uint32_t cpu_get(unsigned int cpu, uint64_t offset, unsigned int len)
{
	uint64_t value = gicv2_cpu_read(gic, cpu, offset, len);

	check(value == ref_cpu(&ref, cpu, offset, len, false, 0) || offset == 0xfc,
	      "CPU interface reads differ");
	return (uint32_t)value;
}

static void cpu_put(unsigned int cpu, uint64_t offset, unsigned int len, uint32_t value)
{
	gicv2_cpu_write(gic, cpu, offset, len, value);
	ref_cpu(&ref, cpu, offset, len, true, value);
}

static bool bit(unsigned int cpu, unsigned int reg, unsigned int intid)
{
	return gicv2_dist_read(gic, cpu, reg + intid / 32 * 4, 4) >> intid % 32 & 1;
}

/* The interrupt that a CPU is to take next, whichever group it is of. */
static uint32_t announced(unsigned int cpu)
{
	uint32_t value = cpu_get(cpu, HPPIR, 4);

	return value == 1022 ? cpu_get(cpu, AHPPIR, 4) : value;
}

static void check_output(unsigned int cpu)
{
	unsigned int output = gicv2_outputs(gic, cpu), intid = announced(cpu) & 0x3ff;
	uint64_t priority;
	bool fiq;

	check(output == ref_outputs(&ref, cpu), "outputs differ");
	if (intid == 1023) {
		check(!output, "an output without a pending interrupt");
		return;
	}
	check(bit(cpu, PEND, intid) && bit(cpu, ENABLE, intid) && !bit(cpu, ACTIVE, intid),
	      "announced although it can't be taken");
	if (!output)
		return;
	priority = gicv2_dist_read(gic, cpu, PRIORITY + intid, 1);
	fiq = !bit(cpu, GROUP, intid) && cpu_get(cpu, CTLR, 4) & 8;
	check(priority < cpu_get(cpu, PMR, 4), "an output although masked");
	check(priority < cpu_get(cpu, RPR, 4), "an output although something as urgent is active");
	check(output == (fiq ? GICV2_FIQ : GICV2_IRQ), "the wrong output");
}

static uint32_t acknowledge(unsigned int cpu, unsigned int alias)
{
	unsigned int output = gicv2_outputs(gic, cpu);
	uint32_t before = cpu_get(cpu, HPPIR + (alias ? AHPPIR - HPPIR : 0), 4);
	uint32_t value = cpu_get(cpu, IAR + alias, 4);

	check(value == (output ? before : 1023), "not what was announced");
	if (value < 1020)
		check(bit(cpu, ACTIVE, value & 0x3ff), "acknowledged, but not active");
	return value;
}

static unsigned int some_intid(void)
{
	unsigned int intid = take(1);

	return intid < 255 ? intid % 48 : ref.intids - 1;
}

static void step(uint32_t *last)
{
	static const uint16_t bits[] = { 0x080, 0x100, 0x180, 0x200, 0x280, 0x300, 0x380 };
	static const uint16_t bytes[] = { 0x400, 0x800, 0xf10, 0xf20 };
	static const uint16_t cpu_regs[] = { 0x00, 0x04, 0x08, 0x1c, 0xd0, 0xe0 };
	unsigned int op = take(1), cpu = (op >> 4) % ref.cpus, intid, len;
	uint64_t offset;

	switch (op & 15) {
	case 0:
	case 1:
		intid = some_intid();
		gicv2_set_input(gic, cpu, intid, op & 1);
		ref_input(&ref, cpu, intid, op & 1);
		break;
	case 2:
	case 3:
		offset = take(2) % 0x2004;
		len = 1u << take(1) % 4;
		if (op & 1)
			dist_put(cpu, offset, len, take(4));
		else
			dist_get(cpu, offset, len);
		break;
	case 4:
	case 5:
		offset = take(2) % 0x2004;
		len = 1u << take(1) % 4;
		if (op & 1)
			cpu_put(cpu, offset, len, take(4));
		else
			cpu_get(cpu, offset, len);
		break;
	case 6:
	case 7:
		intid = some_intid();
		dist_put(cpu, bits[take(1) % ARRAY_SIZE(bits)] + intid / 32 * 4, 4,
			 op & 1 ? 1u << intid % 32 : take(4));
		break;
	case 8:
		intid = some_intid();
		dist_put(cpu, bytes[take(1) % ARRAY_SIZE(bytes)] + intid, 1, take(1));
		break;
	case 9:
		dist_put(cpu, SGIR, 4, take(1) % 4 << 24 | take(1) << 16 | take(1) % 16);
		break;
	case 10:
		dist_put(cpu, 0xc00 + some_intid() / 16 * 4, 4, take(4));
		break;
	case 11:
		cpu_put(cpu, cpu_regs[take(1) % ARRAY_SIZE(cpu_regs)], 4, take(2));
		break;
	case 12:
		*last = acknowledge(cpu, 0);
		break;
	case 13:
		*last = acknowledge(cpu, ALIAS);
		break;
	case 14:
		cpu_put(cpu, EOIR + take(1) % 2 * ALIAS, 4, *last);
		break;
	default:
		cpu_put(cpu, DIR, 4, *last);
	}
}

/* From here on the input may close them. */
static void open_gates(void)
{
	dist_put(0, 0, 4, 3);
	for (unsigned int cpu = 0; cpu < ref.cpus; cpu++) {
		cpu_put(cpu, CTLR, 4, 3);
		cpu_put(cpu, PMR, 4, 0xff);
		dist_put(cpu, ENABLE, 4, ~0u);
		for (unsigned int intid = 0; intid < 32; intid += 4)
			dist_put(cpu, PRIORITY + intid, 4, 0x8060a040);
	}
	for (unsigned int intid = 32; intid < 64; intid += 4)
		dist_put(0, TARGETS + intid, 4, ~0u);
	dist_put(0, ENABLE + 4, 4, ~0u);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const struct { uint16_t cpus, spis; } sizes[] = {
		{ 1, 0 }, { 1, 32 }, { 2, 32 }, { 2, 64 }, { 3, 32 }, { 8, 32 }, { 1, 992 },
	};
	unsigned int size, cpus;
	uint32_t last = 0;

	input = data;
	left = len;
	size = take(1) % ARRAY_SIZE(sizes);
	cpus = sizes[size].cpus;
	gic = gicv2_create(cpus, sizes[size].spis);
	ref_reset(&ref, cpus, sizes[size].spis);
	open_gates();
	for (unsigned int i = 0; i < MAX_STEPS && left; i++) {
		step(&last);
		for (unsigned int cpu = 0; cpu < cpus; cpu++)
			check_output(cpu);
	}
	gicv2_destroy(gic);
	return 0;
}

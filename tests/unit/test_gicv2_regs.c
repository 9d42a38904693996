// SPDX-License-Identifier: GPL-2.0-only
/* The GICv2's registers, one by one: IHI 0048B tables 4-1 and 4-2. */
#include <stdio.h>
#include <stdlib.h>

#include "gicv2.h"
#include "unit.h"

#define CPUS	4
#define SPIS	64
#define CPU	1		/* whose accesses these are */
#define ONES	0xffffffff

enum frame { DIST, CPUIF };
enum sizes { WORD, BYTE };	/* words only, or bytes too */

struct row {
	enum frame	frame;
	const char	*name;
	unsigned int	offset, words;
	uint32_t	reset, ones, zeros;	/* at first, after a write of ones, and of zeros then */
	enum sizes	sizes;
};

static const struct row rows[] = {
	{ DIST, "GICD_CTLR",		0x000,  1, 0, 3, 0 },
	{ DIST, "GICD_TYPER",		0x004,  1, 0x62, 0x62, 0x62 },
	{ DIST, "GICD_IIDR",		0x008,  1, 0x43b, 0x43b, 0x43b },
	{ DIST, "GICD_IGROUPR",		0x080,  3, 0, ONES, 0 },
	{ DIST, "GICD_ISENABLER0",	0x100,  1, 0xffff, ONES, ONES },
	{ DIST, "GICD_ISENABLER",	0x104,  2, 0, ONES, ONES },
	{ DIST, "GICD_ICENABLER0",	0x180,  1, 0xffff, 0xffff, 0xffff },
	{ DIST, "GICD_ICENABLER",	0x184,  2, 0, 0, 0 },
	{ DIST, "GICD_ISPENDR0",	0x200,  1, 0, 0xffff0000, 0xffff0000 },
	{ DIST, "GICD_ISPENDR",		0x204,  2, 0, ONES, ONES },
	{ DIST, "GICD_ICPENDR",		0x280,  3, 0, 0, 0 },
	{ DIST, "GICD_ISACTIVER",	0x300,  3, 0, ONES, ONES },
	{ DIST, "GICD_ICACTIVER",	0x380,  3, 0, 0, 0 },
	{ DIST, "GICD_IPRIORITYR",	0x400, 24, 0, 0xf8f8f8f8, 0, BYTE },
	{ DIST, "GICD_ITARGETSR0-7",	0x800,  8, 0x02020202, 0x02020202, 0x02020202, BYTE },
	{ DIST, "GICD_ITARGETSR",	0x820, 16, 0, 0x0f0f0f0f, 0, BYTE },
	{ DIST, "GICD_ICFGR0",		0xc00,  1, 0xaaaaaaaa, 0xaaaaaaaa, 0xaaaaaaaa },
	{ DIST, "GICD_ICFGR1",		0xc04,  1, 0, 0, 0 },
	{ DIST, "GICD_ICFGR",		0xc08,  4, 0, 0xaaaaaaaa, 0 },
	{ DIST, "GICD_SGIR",		0xf00,  1, 0, 0, 0 },
	{ DIST, "GICD_CPENDSGIR",	0xf10,  4, 0, 0, 0, BYTE },
	{ DIST, "GICD_SPENDSGIR",	0xf20,  4, 0, 0x0f0f0f0f, 0x0f0f0f0f, BYTE },
	{ DIST, "ICPIDR4",		0xfd0,  1, 0x04, 0x04, 0x04 },
	{ DIST, "ICPIDR0",		0xfe0,  1, 0x90, 0x90, 0x90 },
	{ DIST, "ICPIDR1",		0xfe4,  1, 0xb4, 0xb4, 0xb4 },
	{ DIST, "ICPIDR2",		0xfe8,  1, 0x2b, 0x2b, 0x2b },
	{ DIST, "ICPIDR3",		0xfec,  1, 0x00, 0x00, 0x00 },
	{ DIST, "ICCIDR0",		0xff0,  1, 0x0d, 0x0d, 0x0d },
	{ DIST, "ICCIDR1",		0xff4,  1, 0xf0, 0xf0, 0xf0 },
	{ DIST, "ICCIDR2",		0xff8,  1, 0x05, 0x05, 0x05 },
	{ DIST, "ICCIDR3",		0xffc,  1, 0xb1, 0xb1, 0xb1 },
	{ CPUIF, "GICC_CTLR",		0x000,  1, 0, 0x21f, 0 },
	{ CPUIF, "GICC_PMR",		0x004,  1, 0, 0xf8, 0 },
	{ CPUIF, "GICC_BPR",		0x008,  1, 2, 7, 2 },
	{ CPUIF, "GICC_IAR",		0x00c,  1, 1023, 1023, 1023 },
	{ CPUIF, "GICC_EOIR",		0x010,  1, 0, 0, 0 },
	{ CPUIF, "GICC_RPR",		0x014,  1, 0xff, 0xff, 0xff },
	{ CPUIF, "GICC_HPPIR",		0x018,  1, 1023, 1023, 1023 },
	{ CPUIF, "GICC_ABPR",		0x01c,  1, 3, 7, 3 },
	{ CPUIF, "GICC_AIAR",		0x020,  1, 1023, 1023, 1023 },
	{ CPUIF, "GICC_AEOIR",		0x024,  1, 0, 0, 0 },
	{ CPUIF, "GICC_AHPPIR",		0x028,  1, 1023, 1023, 1023 },
	{ CPUIF, "GICC_APR0",		0x0d0,  1, 0, ONES, 0 },
	{ CPUIF, "GICC_NSAPR0",		0x0e0,  1, 0, ONES, 0 },
	{ CPUIF, "GICC_IIDR",		0x0fc,  1, 0x2043b, 0x2043b, 0x2043b },
	{ CPUIF, "GICC_DIR",		0x1000, 1, 0, 0, 0 },
};

static const unsigned int frame_size[] = { 0x1000, 0x2000 };

static struct gicv2 *gic;

static void fresh(unsigned int cpus, unsigned int spis)
{
	gicv2_destroy(gic);
	gic = gicv2_create(cpus, spis);
	assert_non_null(gic);
}

static int teardown(void **state)
{
	gicv2_destroy(gic);
	gic = NULL;
	return 0;
}

static uint64_t get(enum frame frame, unsigned int offset, unsigned int len)
{
	return (frame == DIST ? gicv2_dist_read : gicv2_cpu_read)(gic, CPU, offset, len);
}

static void put(enum frame frame, unsigned int offset, unsigned int len, uint64_t value)
{
	(frame == DIST ? gicv2_dist_write : gicv2_cpu_write)(gic, CPU, offset, len, value);
}

static void check(const struct row *row, unsigned int offset, const char *when, uint64_t value, uint32_t good)
{
	if (value != good)
		fail_msg("%s at 0x%x, %s: 0x%llx, not 0x%x", row->name, offset, when,
			 (unsigned long long)value, good);
}

static void test_words(void **state)
{
	for (const struct row *row = rows; row < rows + ARRAY_SIZE(rows); row++) {
		for (unsigned int at = row->offset; at < row->offset + 4 * row->words; at += 4) {
			fresh(CPUS, SPIS);
			check(row, at, "reset", get(row->frame, at, 4), row->reset);
			put(row->frame, at, 4, ONES);
			check(row, at, "ones", get(row->frame, at, 4), row->ones);
			put(row->frame, at, 4, 0);
			check(row, at, "zeros", get(row->frame, at, 4), row->zeros);
		}
	}
}

static void test_bytes(void **state)
{
	for (const struct row *row = rows; row < rows + ARRAY_SIZE(rows); row++) {
		bool byte = row->sizes == BYTE;

		for (unsigned int at = row->offset; at < row->offset + 4 * row->words; at++) {
			unsigned int shift = at % 4 * 8;
			uint32_t mask = 0xffu << shift, changed = (row->reset & ~mask) | (row->ones & mask);

			fresh(CPUS, SPIS);
			check(row, at, "byte", get(row->frame, at, 1), byte ? row->reset >> shift & 0xff : 0);
			put(row->frame, at, 1, 0xff);
			check(row, at, "byte written", get(row->frame, at, 1), byte ? row->ones >> shift & 0xff : 0);
			check(row, at, "word of it", get(row->frame, at & ~3u, 4), byte ? changed : row->reset);
		}
	}
}

static void test_other_sizes(void **state)
{
	static const struct { unsigned int add, len; } accesses[] = {
		{ 0, 2 }, { 2, 2 }, { 1, 2 }, { 0, 8 }, { 4, 8 }, { 1, 4 }, { 2, 4 }, { 3, 4 },
	};

	for (const struct row *row = rows; row < rows + ARRAY_SIZE(rows); row++) {
		for (unsigned int i = 0; i < ARRAY_SIZE(accesses); i++) {
			unsigned int at = row->offset + accesses[i].add;

			fresh(CPUS, SPIS);
			check(row, at, "odd size", get(row->frame, at, accesses[i].len), 0);
			put(row->frame, at, accesses[i].len, ~0ull);
			check(row, at, "odd size written", get(row->frame, row->offset, 4), row->reset);
		}
	}
}

static bool known(enum frame frame, unsigned int offset)
{
	for (const struct row *row = rows; row < rows + ARRAY_SIZE(rows); row++)
		if (row->frame == frame && offset - row->offset < 4 * row->words)
			return true;
	return false;
}

/* INTIDs that this GIC lacks included. */
static void test_reserved(void **state)
{
	fresh(CPUS, SPIS);
	for (int frame = DIST; frame <= CPUIF; frame++) {
		for (unsigned int offset = 0; offset < frame_size[frame]; offset++) {
			for (unsigned int len = 1; len <= 8; len *= 2) {
				if (known(frame, offset))
					continue;
				put(frame, offset, len, ~0ull);
				assert_int_equal(get(frame, offset, len), 0);
			}
		}
	}
	for (const struct row *row = rows; row < rows + ARRAY_SIZE(rows); row++)
		check(row, row->offset, "after reserved writes", get(row->frame, row->offset, 4), row->reset);
	assert_int_equal(get(DIST, 0x2000, 4), 0);
	assert_int_equal(get(DIST, 0x10004, 4), 0);
	assert_int_equal(gicv2_dist_read(gic, CPU, 1ull << 32 | 4, 4), 0);
}

static void test_typer(void **state)
{
	static const struct { unsigned int cpus, spis, typer; } sizes[] = {
		{ 1, 0, 0x00 }, { 2, 32, 0x21 }, { 3, 96, 0x43 }, { 8, 992, 0xff }, { 8, 960, 0xfe },
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(sizes); i++) {
		fresh(sizes[i].cpus, sizes[i].spis);
		assert_int_equal(gicv2_dist_read(gic, 0, 4, 4), sizes[i].typer);
	}
}

/* INTIDs 1020 to 1023 have no bits. */
static void test_last_word(void **state)
{
	static const unsigned int sets[] = { 0x080, 0x100, 0x200, 0x300 };

	fresh(CPUS, 992);
	for (unsigned int i = 0; i < ARRAY_SIZE(sets); i++) {
		put(DIST, sets[i] + 0x7c, 4, ONES);
		assert_int_equal(get(DIST, sets[i] + 0x7c, 4), 0x0fffffff);
	}
	put(DIST, 0xcfc, 4, ONES);
	assert_int_equal(get(DIST, 0xcfc, 4), 0x00aaaaaa);
	put(DIST, 0x7fc, 4, ONES);
	put(DIST, 0xbfc, 4, ONES);
	assert_int_equal(get(DIST, 0x7fc, 4), 0);
	assert_int_equal(get(DIST, 0xbfc, 4), 0);
	put(DIST, 0x7f8, 4, ONES);
	put(DIST, 0xbf8, 4, ONES);
	assert_int_equal(get(DIST, 0x7f8, 4), 0xf8f8f8f8);
	assert_int_equal(get(DIST, 0xbf8, 4), 0x0f0f0f0f);
}

/* A CPU sees its own registers of INTIDs below 32, and those of the others are as they were. */
static void test_banked(void **state)
{
	static const struct { unsigned int offset; uint32_t value; } banked[] = {
		{ 0x080, 0x12345678 }, { 0x100, 0x8765ffff }, { 0x200, 0x12340000 }, { 0x300, 0x12345678 },
		{ 0x400, 0x10203040 }, { 0x41c, 0x50607080 }, { 0xf20, 0x01020304 },
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(banked); i++) {
		uint64_t before;

		fresh(CPUS, SPIS);
		before = gicv2_dist_read(gic, 2, banked[i].offset, 4);
		gicv2_dist_write(gic, CPU, banked[i].offset, 4, banked[i].value);
		assert_int_equal(gicv2_dist_read(gic, CPU, banked[i].offset, 4), banked[i].value);
		assert_int_equal(gicv2_dist_read(gic, 2, banked[i].offset, 4), before);
	}
	for (unsigned int cpu = 0; cpu < CPUS; cpu++)
		assert_int_equal(gicv2_dist_read(gic, cpu, 0x800, 4), 0x01010101u << cpu);
	for (unsigned int offset = 0; offset < 0x100; offset += 4) {
		uint64_t before;

		fresh(CPUS, SPIS);
		before = get(CPUIF, offset, 4);
		gicv2_cpu_write(gic, 0, offset, 4, ONES);
		assert_int_equal(get(CPUIF, offset, 4), before);
	}
}

static void test_set_and_clear(void **state)
{
	static const unsigned int pairs[] = { 0x100, 0x200, 0x300 };

	fresh(CPUS, SPIS);
	for (unsigned int i = 0; i < ARRAY_SIZE(pairs); i++) {
		put(DIST, pairs[i] + 4, 4, 0x0000ffff);
		put(DIST, pairs[i] + 4, 4, 0x00ff0000);
		put(DIST, pairs[i] + 0x84, 4, 0x000ff0f0);
		assert_int_equal(get(DIST, pairs[i] + 4, 4), 0x00f00f0f);
		assert_int_equal(get(DIST, pairs[i] + 0x84, 4), 0x00f00f0f);
		assert_int_equal(get(DIST, pairs[i] + 8, 4), 0);
	}
	put(DIST, 0xf20, 1, 0xf);
	put(DIST, 0xf10, 1, 0x5);
	assert_int_equal(get(DIST, 0xf20, 1), 0xa);
	assert_int_equal(get(DIST, 0x200, 4), 1);
	put(DIST, 0xf10, 1, 0xa);
	assert_int_equal(get(DIST, 0x200, 4), 0);
}

/* All interrupts are for the only CPU, and there is nothing to choose. */
static void test_one_cpu(void **state)
{
	fresh(1, SPIS);
	for (unsigned int offset = 0x800; offset < 0xc00; offset += 4) {
		gicv2_dist_write(gic, 0, offset, 4, ONES);
		assert_int_equal(gicv2_dist_read(gic, 0, offset, 4), 0);
	}
}

static void test_no_such_cpu(void **state)
{
	fresh(2, SPIS);
	for (unsigned int cpu = 2; cpu < 10; cpu++) {
		gicv2_dist_write(gic, cpu, 0x400, 4, ONES);
		gicv2_cpu_write(gic, cpu, 0, 4, ONES);
		gicv2_set_input(gic, cpu, 27, true);
		assert_int_equal(gicv2_dist_read(gic, cpu, 4, 4), 0);
		assert_int_equal(gicv2_cpu_read(gic, cpu, 0x0c, 4), 0);
		assert_int_equal(gicv2_outputs(gic, cpu), 0);
	}
}

#define TEST(name)	cmocka_unit_test_teardown(name, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_words),
		TEST(test_bytes),
		TEST(test_other_sizes),
		TEST(test_reserved),
		TEST(test_typer),
		TEST(test_last_word),
		TEST(test_banked),
		TEST(test_set_and_clear),
		TEST(test_one_cpu),
		TEST(test_no_such_cpu),
	};

	return cmocka_run_group_tests_name("gicv2 registers", tests, NULL, NULL);
}

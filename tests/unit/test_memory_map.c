// SPDX-License-Identifier: GPL-2.0-only
/* Where everything lies: nothing overlaps, everything is where its user wants it. */
#include <stdio.h>

#include "planning.h"

#define MIB	(1ull << 20)
#define GIB	(1ull << 30)

struct named_range {
	const char	*name;
	struct range	range;
};

static unsigned int add(struct named_range *ranges, unsigned int n, const char *name,
			struct range range)
{
	if (!range.size)
		return n;
	assert_true(n < 128);
	ranges[n] = (struct named_range){ name, range };
	return n + 1;
}

static bool overlap(const struct range *a, const struct range *b)
{
	return a->gpa < b->gpa + b->size && b->gpa < a->gpa + a->size;
}

static void check_apart(const struct named_range *ranges, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		if (ranges[i].range.gpa + ranges[i].range.size < ranges[i].range.gpa)
			fail_msg("%s wraps round", ranges[i].name);
		for (unsigned int j = 0; j < i; j++)
			if (overlap(&ranges[i].range, &ranges[j].range))
				fail_msg("%s (0x%llx+0x%llx) overlaps %s (0x%llx+0x%llx)",
					 ranges[i].name, (unsigned long long)ranges[i].range.gpa,
					 (unsigned long long)ranges[i].range.size, ranges[j].name,
					 (unsigned long long)ranges[j].range.gpa,
					 (unsigned long long)ranges[j].range.size);
	}
}

static void check_within(const struct range *part, const struct range *whole, const char *name)
{
	if (part->size && (part->gpa < whole->gpa || part->size > whole->size ||
			   part->gpa - whole->gpa > whole->size - part->size))
		fail_msg("%s is not within RAM", name);
}

static void check_map(const struct planning *p)
{
	const struct plan *plan = &p->plan;
	struct named_range ranges[128];
	unsigned int n = 0;
	uint64_t end = 0;

	/* what a guest can address */
	n = add(ranges, n, "RAM", plan->ram);
	n = add(ranges, n, "distributor", plan->gic.distributor);
	n = add(ranges, n, "CPU interface", plan->gic.cpu_interface);
	n = add(ranges, n, "redistributors", plan->gic.redistributors);
	n = add(ranges, n, "ITS", plan->gic.its);
	n = add(ranges, n, "v2m", plan->gic.v2m);
	n = add(ranges, n, "steal time", plan->cpu.steal_time_area);
	for (unsigned int i = 0; i < plan->n_devices; i++) {
		const struct device_slot *slot = &plan->devices[i];

		n = add(ranges, n, slot->model->name,
			(struct range){ slot->gpa, slot->model->size });
		for (unsigned int j = 0; j < i; j++)
			assert_int_not_equal(slot->intid, plan->devices[j].intid);
		assert_in_range(slot->intid, 32, 32 + plan->gic.spis - 1);
		assert_true(slot->intid < 1020);
	}
	check_apart(ranges, n);
	for (unsigned int i = 0; i < n; i++)
		if (ranges[i].range.gpa + ranges[i].range.size > end)
			end = ranges[i].range.gpa + ranges[i].range.size;
	assert_true(plan->ipa_bits <= p->caps.ipa_bits);
	assert_true((end - 1) >> plan->ipa_bits == 0);

	/* what lies in RAM */
	n = 0;
	check_within(&plan->kernel, &plan->ram, "kernel");
	check_within(&plan->initrd, &plan->ram, "initrd");
	check_within(&plan->firmware, &plan->ram, "firmware");
	check_within(&plan->dtb, &plan->ram, "device tree");
	n = add(ranges, n, "kernel", plan->kernel);
	n = add(ranges, n, "initrd", plan->initrd);
	n = add(ranges, n, "firmware", plan->firmware);
	n = add(ranges, n, "device tree", plan->dtb);
	check_apart(ranges, n);
	assert_true(plan->dtb.size >= plan_fdt_size(plan));

	/* booting.rst */
	assert_int_equal(plan->dtb.gpa % 8, 0);
	assert_true(plan_fdt_size(plan) <= 2 * MIB);
	if (p->images.kernel.format != IMAGE_NONE) {
		assert_int_equal((plan->kernel.gpa - p->images.kernel.text_offset) % (2 * MIB), 0);
		assert_true(plan->kernel.size >= p->images.kernel.memory_size);
		assert_int_equal(plan->entry, plan->kernel.gpa);
	}
	if (plan->initrd.size) {
		uint64_t window = plan->kernel.gpa & ~(GIB - 1);

		/* within a 1 GiB aligned window of up to 32 GiB that covers the kernel too */
		assert_true(plan->initrd.gpa >= window);
		assert_true(plan->initrd.gpa + plan->initrd.size <= window + 32 * GIB);
		assert_int_equal(plan->initrd.size, p->images.initrd.memory_size);
	}

	/* what KVM wants of a GIC's addresses */
	if (plan->gic.kind == IRQCHIP_GICV3 || plan->gic.kind == IRQCHIP_GICV3_ITS) {
		assert_int_equal(plan->gic.distributor.gpa % 0x10000, 0);
		assert_int_equal(plan->gic.redistributors.gpa % 0x10000, 0);
		assert_int_equal(plan->gic.its.gpa % 0x10000, 0);
		assert_int_equal(plan->gic.redistributors.size, plan->cpus * 0x20000ull);
	} else {
		assert_int_equal(plan->gic.distributor.gpa % 0x1000, 0);
		assert_int_equal(plan->gic.cpu_interface.gpa % 0x1000, 0);
	}
	assert_int_equal(plan->gic.spis % 32, 0);
	assert_in_range(plan->gic.spis, 32, 992);
	if (plan->cpu.steal_time) {
		assert_int_equal(plan->cpu.steal_time_area.gpa % 0x10000, 0);
		assert_true(plan->cpu.steal_time_area.size >= plan->cpus * 64ull);
	}
}

/* Every irqchip, few and many CPUs, little and much memory, no, small and large initrds. */
static void test_nothing_overlaps(void **state)
{
	static const struct { const char *irqchip; unsigned int max_cpus; } irqchips[] = {
		{ "gicv2", 8 }, { "gicv2m", 8 }, { "gicv3", 512 }, { "gicv3-its", 512 },
		{ "user", 8 },
	};
	static const unsigned int cpus[] = { 1, 2, 8, 9, 64, 123, 512 };
	static const uint64_t mems[] = {
		64, 128, 256, 257, 300, 512, 1024, 3072, 4096, 16384, 131072,
	};
	static const uint64_t initrds[] = { 0, 1, 4096, 20 * MIB, 230 * MIB, 300 * MIB };
	static const struct { uint64_t offset, size; } kernels[] = {
		{ 0, 30 * MIB }, { 0x80000, 1 }, { 0x1ff000, 45 * MIB },
	};
	const size_t n_irqchips = ARRAY_SIZE(irqchips), n_cpus = ARRAY_SIZE(cpus);
	const size_t n_mems = ARRAY_SIZE(mems), n_initrds = ARRAY_SIZE(initrds);
	const size_t n_kernels = ARRAY_SIZE(kernels);
	unsigned int planned = 0, refused = 0;

	/* every combination of the five tables, counted through */
	for (size_t all = 0; all < n_irqchips * n_cpus * n_mems * n_initrds * n_kernels; all++) {
		size_t i = all % n_irqchips, c = all / n_irqchips % n_cpus;
		size_t m = all / n_irqchips / n_cpus % n_mems;
		size_t r = all / n_irqchips / n_cpus / n_mems % n_initrds;
		size_t k = all / n_irqchips / n_cpus / n_mems / n_initrds;
		uint64_t needed = kernels[k].offset + kernels[k].size + initrds[r] + 4 * MIB;
		struct planning p;
		char args[256];

		if (cpus[c] > irqchips[i].max_cpus)
			continue;
		snprintf(args, sizeof(args), "-c %u -m %llu --irqchip %s -d a -d b --rng",
			 cpus[c], (unsigned long long)mems[m], irqchips[i].irqchip);
		planning_init(&p, "one-pmu", args);
		p.caps.irqchip[IRQCHIP_GICV2] = true;
		p.caps.irqchip[IRQCHIP_GICV2M] = true;
		planning_kernel(&p, kernels[k].offset, kernels[k].size);
		planning_initrd(&p, initrds[r]);
		if (!planning_make(&p)) {
			check_map(&p);
			planned++;
		} else {
			/* only for want of room */
			assert_true(needed > mems[m] * MIB);
			assert_error(-1, &p.err, TALLY_EXIT_NOINPUT, "do not fit into");
			refused++;
		}
		planning_free(&p);
	}
	assert_true(planned > 1000);
	assert_true(refused > 100);
}

static void test_ram_above_3_gib(void **state)
{
	struct planning p;

	planning_init(&p, "one-pmu", "-m 5G");
	planning_kernel(&p, 0, 30 * MIB);
	assert_planned(&p);
	assert_int_equal(p.plan.ram.gpa, 2 * GIB);
	assert_int_equal(p.plan.ram.size, 5 * GIB);
	assert_int_equal(p.plan.ipa_bits, 33);
	check_map(&p);
	planning_free(&p);
}

/* As kvmtool's: images built for it know these by heart. */
static void test_known_addresses(void **state)
{
	struct planning p;

	planning_init(&p, "one-pmu", "-m 256");
	assert_planned(&p);
	assert_int_equal(p.plan.ram.gpa, 0x80000000);
	assert_true(p.plan.n_devices >= 2);
	assert_int_equal(p.plan.devices[0].gpa, 0x01000000);
	assert_string_equal(p.plan.devices[0].model->name, serial_model.name);
	assert_int_equal(p.plan.devices[1].gpa, 0x01010000);
	assert_string_equal(p.plan.devices[1].model->name, rtc_model.name);
	assert_int_equal(p.plan.timer.sec_phys, 16 + 13);
	assert_int_equal(p.plan.timer.phys, 16 + 14);
	assert_int_equal(p.plan.timer.virt, 16 + 11);
	assert_int_equal(p.plan.timer.hyp_phys, 16 + 10);
	assert_int_equal(p.config.arm64.pmu.irq, 23);
	planning_free(&p);
}

/* Small guests keep what they load near; a large initrd moves up, not into the kernel. */
static void test_images_stay_near(void **state)
{
	struct planning p;

	planning_init(&p, "one-pmu", "-m 64G");
	planning_kernel(&p, 0, 40 * MIB);
	planning_initrd(&p, 100 * MIB);
	assert_planned(&p);
	assert_true(p.plan.dtb.gpa + p.plan.dtb.size <= p.plan.ram.gpa + GIB);
	check_map(&p);
	planning_free(&p);

	planning_init(&p, "one-pmu", "-m 64G");
	planning_kernel(&p, 0, 40 * MIB);
	planning_initrd(&p, 3 * GIB);
	assert_planned(&p);
	check_map(&p);
	planning_free(&p);
}

/* Where the images just fill what is near there must be no gap between "near" and "far". */
static void test_images_at_the_edge(void **state)
{
	for (uint64_t size = 224 * MIB; size <= 228 * MIB; size += 0x8000) {
		struct planning p;

		planning_init(&p, "one-pmu", "-m 512");
		planning_kernel(&p, 0, 30 * MIB);
		planning_initrd(&p, size);
		assert_planned(&p);
		check_map(&p);
		planning_free(&p);
	}
}

static void test_does_not_fit(void **state)
{
	static const struct {
		uint64_t	mem, offset, kernel, initrd;
		const char	*text;
	} table[] = {
		{ 64, 0, 65 * MIB, 0, "kernel the-kernel" },
		{ 64, 0, 64 * MIB, 0, "kernel the-kernel" },
		{ 64, 65 * MIB, 4096, 0, "kernel the-kernel" },
		{ 64, 0, 1ull << 40, 0, "kernel the-kernel" },
		{ 64, 1ull << 40, 4096, 0, "kernel the-kernel" },
		{ 64, 1ull << 40, 1ull << 40, 0, "kernel the-kernel" },
		{ 256, 0, 30 * MIB, 226 * MIB, "initrd the-initrd" },
		{ 256, 0, 30 * MIB, 257 * MIB, "initrd the-initrd" },
		{ 256, 0, 30 * MIB, INT64_MAX, "initrd the-initrd" },
		{ 4096, 0, 30 * MIB, 4096 * MIB, "initrd the-initrd" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		struct planning p;
		char args[64];

		snprintf(args, sizeof(args), "-m %llu", (unsigned long long)table[i].mem);
		planning_init(&p, "one-pmu", args);
		planning_kernel(&p, table[i].offset, table[i].kernel);
		planning_initrd(&p, table[i].initrd);
		assert_error(planning_make(&p), &p.err, TALLY_EXIT_NOINPUT, table[i].text);
		planning_free(&p);
	}
}

static void test_firmware(void **state)
{
	static const struct {
		const char	*args;
		uint64_t	size;
		const char	*text;		/* of the error */
		uint64_t	gpa;		/* where it goes, without an error */
	} table[] = {
		{ "-m 64", 2 * MIB, NULL, 0x80000000 },
		{ "-m 64 --firmware-address 0x80200000", 2 * MIB, NULL, 0x80200000 },
		{ "-m 64 --firmware-address 0x7fffffff", 4096, "0x7fffffff", 0 },
		{ "-m 64 --firmware-address 0", 4096, "is not within the memory", 0 },
		{ "-m 64 --firmware-address 0xfffffffffffffffc", 4096, "is not within", 0 },
		{ "-m 64 --firmware-address 0x84000000", 4096, "is not within", 0 },
		{ "-m 64 --firmware-address 0x83ff0000", 0x10001, "is not within", 0 },
		{ "-m 64 --firmware-address 0x83fff000", 4096, "overlaps the device tree", 0 },
		{ "-m 64 --firmware-address 0x83d00000", 0x200000, "overlaps the ", 0 },
		{ "-m 64", 64 * MIB, "overlaps the ", 0 },
		{ "-m 64", 64 * MIB + 1, "is not within", 0 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		struct planning p;
		int ret;

		planning_init(&p, "one-pmu", table[i].args);
		planning_firmware(&p, table[i].size);
		planning_initrd(&p, MIB);
		ret = planning_make(&p);
		if (table[i].text) {
			assert_error(ret, &p.err, TALLY_EXIT_USAGE, table[i].text);
		} else {
			assert_done(ret, &p.err);
			assert_int_equal(p.plan.firmware.gpa, table[i].gpa);
			assert_int_equal(p.plan.entry, table[i].gpa);
			check_map(&p);
		}
		planning_free(&p);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing_overlaps),
		cmocka_unit_test(test_ram_above_3_gib),
		cmocka_unit_test(test_known_addresses),
		cmocka_unit_test(test_images_stay_near),
		cmocka_unit_test(test_images_at_the_edge),
		cmocka_unit_test(test_does_not_fit),
		cmocka_unit_test(test_firmware),
	};

	return cmocka_run_group_tests_name("memory map", tests, NULL, NULL);
}

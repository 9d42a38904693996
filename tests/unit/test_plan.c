// SPDX-License-Identifier: GPL-2.0-only
/* What is decided from a command line and a recorded host, and what is refused. */
#include <stdio.h>
#include <stdlib.h>

#include "arch.h"
#include "planning.h"

/* Without --irqchip the best that the host offers; with it that one or an error. */
static void test_irqchip(void **state)
{
	static const struct {
		const char	*host, *args;
		enum irqchip	kind;
		int		exit_code;
		const char	*text;
	} table[] = {
		{ "one-pmu", "", IRQCHIP_GICV3, 0, NULL },
		{ "big-little", "", IRQCHIP_GICV3, 0, NULL },
		{ "gicv2", "", IRQCHIP_GICV2, 0, NULL },
		{ "gicv2", "-c 8", IRQCHIP_GICV2, 0, NULL },
		{ "gicv2", "--irqchip gicv2m", IRQCHIP_GICV2M, 0, NULL },
		{ "one-pmu", "--irqchip gicv3-its", IRQCHIP_GICV3_ITS, 0, NULL },
		{ "gicv2", "--irqchip gicv3", 0, TALLY_EXIT_UNAVAILABLE, "--irqchip: gicv3:" },
		{ "big-little", "--irqchip gicv3-its", 0, TALLY_EXIT_UNAVAILABLE,
		  "--irqchip: gicv3-its:" },
		{ "one-pmu", "--irqchip gicv2", 0, TALLY_EXIT_UNAVAILABLE, "--irqchip: gicv2:" },
		{ "one-pmu", "--irqchip user", IRQCHIP_USER, 0, NULL },
		{ "gicv2", "--irqchip user -c 8", IRQCHIP_USER, 0, NULL },
		{ "one-pmu", "--irqchip user -c 9", 0, TALLY_EXIT_USAGE,
		  "--cpus: 9: a GICv2 has at most 8" },
		{ "no-vgic-series", "--irqchip user", IRQCHIP_USER, 0, NULL },
		{ "no-vgic-series", "-c 4", IRQCHIP_USER, 0, NULL },
		{ "no-vgic-series", "-c 9", 0, TALLY_EXIT_USAGE,
		  "--cpus: 9: a GICv2 has at most 8" },
		{ "no-vgic-series", "--irqchip gicv2", 0, TALLY_EXIT_UNAVAILABLE,
		  "--irqchip: gicv2:" },
		{ "no-vgic", "--irqchip user", 0, TALLY_EXIT_UNAVAILABLE,
		  "--irqchip: user: this host's GIC has no virtualisation, and without" },
		{ "no-vgic", "", 0, TALLY_EXIT_UNAVAILABLE, "no interrupt controller" },
		{ "no-user-irq", "--irqchip user", 0, TALLY_EXIT_UNAVAILABLE,
		  "--irqchip: user: KVM_CAP_ARM_USER_IRQ is missing" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		struct planning p;
		int ret;

		planning_init(&p, table[i].host, table[i].args);
		ret = planning_make(&p);
		if (table[i].text)
			assert_error(ret, &p.err, table[i].exit_code, table[i].text);
		else
			assert_done(ret, &p.err);
		if (!ret)
			assert_int_equal(p.plan.gic.kind, table[i].kind);
		planning_free(&p);
	}
}

/* Line masks are for a GIC in user space, where the host has them. */
static void test_line_masks(void **state)
{
	static const struct { const char *host, *args; bool masks; } table[] = {
		{ "series", "--irqchip user", true }, { "no-vgic-series", "", true },
		{ "series", "", false }, { "one-pmu", "--irqchip user", false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		struct planning p;

		planning_init(&p, table[i].host, table[i].args);
		assert_planned(&p);
		assert_int_equal(p.plan.gic.line_masks, table[i].masks);
		planning_free(&p);
	}
}

static void test_cpus(void **state)
{
	static const struct {
		const char	*host, *args;
		int		exit_code;
		const char	*text;
	} table[] = {
		{ "one-pmu", "-c 512", 0, NULL },
		{ "gicv2", "-c 8", 0, NULL },
		{ "gicv2", "-c 9", TALLY_EXIT_UNAVAILABLE,
		  "--cpus: 9: this host's KVM has at most 8" },
		{ "no-pmu", "-c 512", 0, NULL },
	};
	struct planning p;

	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		int ret;

		planning_init(&p, table[i].host, table[i].args);
		ret = planning_make(&p);
		if (table[i].text)
			assert_error(ret, &p.err, table[i].exit_code, table[i].text);
		else
			assert_done(ret, &p.err);
		if (!ret)
			assert_int_equal(p.plan.cpus, p.config.cpus);
		planning_free(&p);
	}

	/* a GICv3 host that could have more, asked for a GICv2 */
	planning_init(&p, "one-pmu", "-c 9 --irqchip gicv2");
	p.caps.irqchip[IRQCHIP_GICV2] = true;
	assert_error(planning_make(&p), &p.err, TALLY_EXIT_USAGE,
		     "--cpus: 9: a GICv2 has at most 8");
	planning_free(&p);
}

/* The smallest IPA size that holds the RAM, which starts at 2 GiB. */
static void test_ipa_bits(void **state)
{
	static const struct { const char *mem; unsigned int bits; } table[] = {
		{ "4M", 32 }, { "256M", 32 }, { "2G", 32 }, { "2113929216B", 32 },
		{ "2147549184B", 33 }, { "3G", 33 }, { "6G", 33 }, { "7G", 34 }, { "14G", 34 },
		{ "1T", 41 }, { "8T", 44 }, { "17590038560768B", 44 },
	};
	static const char *const too_much[] = {
		"16T", "64T", "1P", "16383P", "18446744073709486080B",
	};
	struct planning p;
	char args[64];

	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		snprintf(args, sizeof(args), "-m %s", table[i].mem);
		planning_init(&p, "one-pmu", args);
		assert_planned(&p);
		if (p.plan.ipa_bits != table[i].bits)
			fail_msg("%s: %u bits", args, p.plan.ipa_bits);
		assert_int_equal(p.plan.ram.size, p.config.mem);
		planning_free(&p);
	}
	for (size_t i = 0; i < ARRAY_SIZE(too_much); i++) {
		snprintf(args, sizeof(args), "-m %s", too_much[i]);
		planning_init(&p, "one-pmu", args);
		assert_error(planning_make(&p), &p.err, TALLY_EXIT_UNAVAILABLE, "--mem: ");
		planning_free(&p);
	}
}

/* Features are what the host has, less what was taken away. */
static void test_cpu_features(void **state)
{
	struct planning p;

	planning_init(&p, "one-pmu", "");
	assert_planned(&p);
	assert_true(p.plan.cpu.pauth);
	assert_false(p.plan.cpu.sve);
	assert_false(p.plan.cpu.mte);
	assert_true(p.plan.cpu.steal_time);
	planning_free(&p);

	planning_init(&p, "one-pmu", "--no-pvtime --disable-mte --sve-max-vl 512");
	p.caps.sve = true;
	p.caps.mte = true;
	p.caps.pauth = false;
	assert_planned(&p);
	assert_false(p.plan.cpu.steal_time);
	assert_int_equal(p.plan.cpu.steal_time_area.size, 0);
	assert_false(p.plan.cpu.mte);
	assert_false(p.plan.cpu.pauth);
	assert_true(p.plan.cpu.sve);
	assert_int_equal(p.plan.cpu.sve_max_vl, 512);
	planning_free(&p);

	planning_init(&p, "one-pmu", "");
	p.caps.mte = true;
	p.caps.steal_time = false;
	assert_planned(&p);
	assert_true(p.plan.cpu.mte);
	assert_false(p.plan.cpu.steal_time);
	planning_free(&p);

	/* KVM takes no tags on a shared mapping */
	planning_init(&p, "one-pmu", "--hugetlbfs /huge");
	p.caps.mte = true;
	assert_planned(&p);
	assert_false(p.plan.cpu.mte);
	planning_free(&p);

	planning_init(&p, "one-pmu", "--sve-max-vl 256");
	assert_error(planning_make(&p), &p.err, TALLY_EXIT_UNAVAILABLE, "--sve-max-vl: ");
	planning_free(&p);
}

static void test_counter_offset(void **state)
{
	struct planning p;

	planning_init(&p, "one-pmu", "");
	assert_planned(&p);
	assert_false(p.plan.timer.offset_set);
	planning_free(&p);

	planning_init(&p, "one-pmu", "--counter-offset 0");
	assert_planned(&p);
	assert_true(p.plan.timer.offset_set);
	assert_int_equal(p.plan.timer.offset, 0);
	planning_free(&p);

	planning_init(&p, "one-pmu", "--counter-offset 0xfedcba9876543210");
	assert_planned(&p);
	assert_int_equal(p.plan.timer.offset, 0xfedcba9876543210ull);
	planning_free(&p);

	planning_init(&p, "one-pmu", "--counter-offset 1");
	p.caps.counter_offset = false;
	assert_error(planning_make(&p), &p.err, TALLY_EXIT_UNAVAILABLE, "--counter-offset: ");
	planning_free(&p);
}

static unsigned int count_model(const struct plan *plan, const struct device_model *model)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < plan->n_devices; i++)
		n += plan->devices[i].model == model;
	return n;
}

static void test_devices(void **state)
{
	struct planning p;

	planning_init(&p, "one-pmu", "");
	assert_planned(&p);
	assert_int_equal(p.plan.n_devices, 2);
	assert_int_equal(count_model(&p.plan, &serial_model), 1);
	assert_int_equal(count_model(&p.plan, &rtc_model), 1);
	planning_free(&p);

	planning_init(&p, "one-pmu", "--rng --console virtio -d a -d b,ro -d c");
	assert_planned(&p);
	assert_int_equal(p.plan.n_devices, 7);
	assert_int_equal(count_model(&p.plan, &serial_model), 1);
	assert_int_equal(count_model(&p.plan, &virtio_rng_model), 1);
	assert_int_equal(count_model(&p.plan, &virtio_console_model), 1);
	assert_int_equal(count_model(&p.plan, &virtio_blk_model), 3);
	for (unsigned int i = 0, disk = 0; i < p.plan.n_devices; i++)
		if (p.plan.devices[i].model == &virtio_blk_model)
			assert_int_equal(p.plan.devices[i].index, disk++);
	planning_free(&p);
}

/* As many disks as there are SPIs for; one more is an error, not an overlap. */
static void test_many_disks(void **state)
{
	struct planning p;
	uint64_t gpa, last_gpa = 0;
	uint32_t intid, last_intid = 0;
	unsigned int slots = 0;

	while (arch_virtio_slot(slots, &gpa, &intid)) {
		assert_true(intid < 1020);
		/* each has its own address and interrupt */
		assert_true(gpa >= last_gpa + 0x200 && intid > last_intid);
		last_gpa = gpa;
		last_intid = intid;
		slots++;
	}
	assert_true(slots >= 256);
	for (unsigned int n = slots; n <= slots + 1; n++) {
		for (unsigned int i = 0; i < 2; i++) {
			planning_init(&p, i ? "gicv2" : "one-pmu", i ? "--irqchip gicv2m" : "");
			p.config.devices.disks = calloc(n, sizeof(*p.config.devices.disks));
			p.config.devices.n_disks = n;
			for (unsigned int d = 0; d < n; d++) {
				p.config.devices.disks[d].path = "disk";
				p.config.devices.disks[d].path_len = 4;
			}
			if (n <= slots) {
				assert_planned(&p);
				assert_true(p.plan.gic.spis <= 992);
				assert_true(p.plan.devices[p.plan.n_devices - 1].intid <
					    32 + p.plan.gic.spis);
			} else {
				assert_error(planning_make(&p), &p.err, TALLY_EXIT_USAGE,
					     "too many devices");
			}
			planning_free(&p);
		}
	}
}

static void test_bootargs(void **state)
{
	static const struct { const char *args; bool initrd; const char *want; } table[] = {
		{ "", false, "" },
		{ "-p quiet", false, "quiet" },
		{ "--nodefaults -p quiet --console virtio -d a", false, "quiet" },
		{ "--console virtio", false, "console=hvc0 " },
		{ "--console virtio -p console=ttyS0", false, "console=ttyS0" },
		{ "-d a", false, "root=/dev/vda rw " },
		{ "-d a,ro -p quiet", false, "root=/dev/vda ro quiet" },
		{ "-d a -p root=/dev/vda1", false, "root=/dev/vda1" },
		{ "-d a -i x", true, "" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		struct planning p;

		planning_init(&p, "one-pmu", table[i].args);
		assert_planned(&p);
		assert_string_equal(p.plan.bootargs, table[i].want);
		planning_free(&p);
	}
}

/* A kernel command line as long as anyone may give fits the device tree. */
static void test_long_params(void **state)
{
	char *params = malloc(200000);
	struct planning p;

	memset(params, 'x', 199999);
	params[199999] = '\0';
	planning_init(&p, "one-pmu", "-c 512 --rng");
	p.config.kernel.params = params;
	assert_planned(&p);
	assert_string_equal(p.plan.bootargs, params);
	planning_free(&p);
	free(params);
}

/* --dump-dtb works where there is no host to ask. */
static void test_nominal_host(void **state)
{
	struct planning p;

	planning_init(&p, "one-pmu", "-c 4 --pmu -m 4G");
	arch_nominal_host(&p.caps);
	assert_planned(&p);
	assert_int_equal(p.plan.gic.kind, IRQCHIP_GICV3);
	planning_free(&p);
}

/* The modes that need the kernel series are refused where it is not, auto falls back. */
static void test_pmu_modes(void **state)
{
	static const struct {
		const char	*host, *args;
		enum pmu_mode	mode;
		const char	*text;
	} table[] = {
		{ "one-pmu", "", PMU_NONE, NULL },
		{ "one-pmu", "--pmu", PMU_EMULATED, NULL },
		{ "one-pmu", "--pmu=auto", PMU_EMULATED, NULL },
		{ "no-pmu", "--pmu=auto", PMU_NONE, NULL },
		{ "no-pmu", "--pmu", PMU_NONE, "--pmu" },
		{ "one-pmu", "--pmu=partitioned", PMU_NONE, "partitioned" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		struct planning p;
		int ret;

		planning_init(&p, table[i].host, table[i].args);
		ret = planning_make(&p);
		if (table[i].text)
			assert_error(ret, &p.err, TALLY_EXIT_UNAVAILABLE, table[i].text);
		else
			assert_done(ret, &p.err);
		if (!ret)
			assert_int_equal(p.plan.pmu.mode, table[i].mode);
		planning_free(&p);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_irqchip),
		cmocka_unit_test(test_line_masks),
		cmocka_unit_test(test_cpus),
		cmocka_unit_test(test_ipa_bits),
		cmocka_unit_test(test_cpu_features),
		cmocka_unit_test(test_counter_offset),
		cmocka_unit_test(test_devices),
		cmocka_unit_test(test_many_disks),
		cmocka_unit_test(test_bootargs),
		cmocka_unit_test(test_long_params),
		cmocka_unit_test(test_nominal_host),
		cmocka_unit_test(test_pmu_modes),
	};

	return cmocka_run_group_tests_name("plan", tests, NULL, NULL);
}

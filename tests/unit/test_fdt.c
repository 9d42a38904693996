// SPDX-License-Identifier: GPL-2.0-only
/* The device tree, read back with libfdt, and judged by dtc. */
#include <libfdt.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "planning.h"

static int node(const void *fdt, const char *path)
{
	int offset = fdt_path_offset(fdt, path);

	if (offset < 0)
		fail_msg("%s: %s", path, fdt_strerror(offset));
	return offset;
}

static const fdt32_t *cells(const void *fdt, int offset, const char *name, unsigned int n)
{
	int len;
	const void *value = fdt_getprop(fdt, offset, name, &len);

	if (!value || len != (int)(4 * n))
		fail_msg("%s of %s: %d bytes, wanted %u cells", name,
			 fdt_get_name(fdt, offset, NULL), len, n);
	return value;
}

static uint32_t cell(const void *fdt, int offset, const char *name)
{
	return fdt32_to_cpu(*cells(fdt, offset, name, 1));
}

static uint64_t cell64(const void *fdt, int offset, const char *name, unsigned int i,
		       unsigned int n)
{
	const fdt32_t *value = cells(fdt, offset, name, 2 * n) + 2 * i;

	return (uint64_t)fdt32_to_cpu(value[0]) << 32 | fdt32_to_cpu(value[1]);
}

static bool has(const void *fdt, int offset, const char *name)
{
	return fdt_getprop(fdt, offset, name, NULL);
}

static void assert_compatible(const void *fdt, int offset, const char *want)
{
	assert_int_equal(fdt_node_check_compatible(fdt, offset, want), 0);
}

static void assert_string(const void *fdt, int offset, const char *name, const char *want)
{
	int len;
	const char *value = fdt_getprop(fdt, offset, name, &len);

	assert_non_null(value);
	assert_string_equal(value, want);
	assert_int_equal(len, strlen(want) + 1);
}

static void assert_interrupt(const void *fdt, int offset, unsigned int i, unsigned int n,
			     uint32_t type, uint32_t number, uint32_t flags)
{
	const fdt32_t *value = cells(fdt, offset, "interrupts", 3 * n) + 3 * i;

	assert_int_equal(fdt32_to_cpu(value[0]), type);
	assert_int_equal(fdt32_to_cpu(value[1]), number);
	assert_int_equal(fdt32_to_cpu(value[2]), flags);
}

static void assert_reg(const void *fdt, int offset, uint64_t gpa, uint64_t size)
{
	assert_int_equal(cell64(fdt, offset, "reg", 0, 2), gpa);
	assert_int_equal(cell64(fdt, offset, "reg", 1, 2), size);
}

static int gic_node(const void *fdt)
{
	int gic = fdt_node_offset_by_phandle(fdt, cell(fdt, 0, "interrupt-parent"));

	assert_true(gic > 0);
	assert_true(has(fdt, gic, "interrupt-controller"));
	assert_int_equal(cell(fdt, gic, "#interrupt-cells"), 3);
	return gic;
}

/*
 * dtc finds nothing to say about it, nor about what it makes of it, but that a
 * clock is a number there: a blob has no labels.
 */
static void check_dtc(const struct plan *plan)
{
	const char *dtb = temp_file("tree.dtb", plan->fdt, plan_fdt_size(plan));
	const char *dts = temp_path("tree.dts"), *said = temp_path("tree.said");
	char command[512], text[256];
	size_t n;
	FILE *file;

	snprintf(command, sizeof(command),
		 "{ dtc -I dtb -O dts -o %s %s && dtc -W no-clocks_property -I dts -O dtb -o /dev/null %s; } >%s 2>&1",
		 dts, dtb, dts, said);
	assert_int_equal(system(command), 0);
	file = fopen(said, "r");
	assert_non_null(file);
	n = fread(text, 1, sizeof(text) - 1, file);
	fclose(file);
	text[n] = '\0';
	if (n)
		fail_msg("dtc says: %s", text);
}

static void test_root_and_memory(void **state)
{
	struct planning p;
	const void *fdt;

	planning_init(&p, "one-pmu", "-m 5G");
	assert_planned(&p);
	fdt = p.plan.fdt;
	assert_int_equal(fdt_check_full(fdt, plan_fdt_size(&p.plan)), 0);
	assert_compatible(fdt, 0, "linux,dummy-virt");
	assert_int_equal(cell(fdt, 0, "#address-cells"), 2);
	assert_int_equal(cell(fdt, 0, "#size-cells"), 2);
	assert_string(fdt, node(fdt, "/memory@80000000"), "device_type", "memory");
	assert_reg(fdt, node(fdt, "/memory@80000000"), 0x80000000, 5ull << 30);
	planning_free(&p);
}

static void test_chosen(void **state)
{
	struct planning p;
	int chosen;

	planning_init(&p, "one-pmu", "--kaslr-seed 0x1122334455667788 -p quiet");
	planning_initrd(&p, 12345);
	assert_planned(&p);
	chosen = node(p.plan.fdt, "/chosen");
	assert_string(p.plan.fdt, chosen, "bootargs", "quiet");
	assert_int_equal(cell64(p.plan.fdt, chosen, "kaslr-seed", 0, 1), 0x1122334455667788ull);
	assert_int_equal(cell64(p.plan.fdt, chosen, "linux,initrd-start", 0, 1),
			 p.plan.initrd.gpa);
	assert_int_equal(cell64(p.plan.fdt, chosen, "linux,initrd-end", 0, 1),
			 p.plan.initrd.gpa + 12345);
	/* stdout-path leads to the UART */
	assert_compatible(p.plan.fdt, node(p.plan.fdt, fdt_getprop(p.plan.fdt, chosen,
								   "stdout-path", NULL)),
			  "ns16550a");
	planning_free(&p);

	planning_init(&p, "one-pmu", "");
	assert_planned(&p);
	chosen = node(p.plan.fdt, "/chosen");
	assert_false(has(p.plan.fdt, chosen, "kaslr-seed"));
	assert_false(has(p.plan.fdt, chosen, "linux,initrd-start"));
	planning_free(&p);
}

static void test_cpus(void **state)
{
	static const struct { unsigned int cpu; const char *path; uint32_t mpidr; } some[] = {
		{ 0, "/cpus/cpu@0", 0 }, { 15, "/cpus/cpu@f", 0xf },
		{ 16, "/cpus/cpu@100", 0x100 }, { 511, "/cpus/cpu@1f0f", 0x1f0f },
	};
	struct planning p;
	int cpus, child;
	unsigned int n = 0;

	planning_init(&p, "one-pmu", "-c 512");
	assert_planned(&p);
	cpus = node(p.plan.fdt, "/cpus");
	assert_int_equal(cell(p.plan.fdt, cpus, "#address-cells"), 1);
	assert_int_equal(cell(p.plan.fdt, cpus, "#size-cells"), 0);
	fdt_for_each_subnode(child, p.plan.fdt, cpus) {
		assert_string(p.plan.fdt, child, "device_type", "cpu");
		assert_string(p.plan.fdt, child, "enable-method", "psci");
		n++;
	}
	assert_int_equal(n, 512);
	for (size_t i = 0; i < ARRAY_SIZE(some); i++)
		assert_int_equal(cell(p.plan.fdt, node(p.plan.fdt, some[i].path), "reg"),
				 some[i].mpidr);
	planning_free(&p);
}

static void test_psci_and_timer(void **state)
{
	static const struct { const char *host, *args; uint32_t flags; } table[] = {
		{ "one-pmu", "-c 4", 4 },
		{ "gicv2", "-c 1", 0x104 },
		{ "gicv2", "-c 4", 0xf04 },
		{ "gicv2", "-c 8 --irqchip gicv2m", 0xff04 },
		{ "one-pmu", "-c 4 --irqchip user", 0xf04 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		static const uint32_t ppis[] = { 13, 14, 11, 10 };
		struct planning p;
		int timer;

		planning_init(&p, table[i].host, table[i].args);
		assert_planned(&p);
		assert_compatible(p.plan.fdt, node(p.plan.fdt, "/psci"), "arm,psci-1.0");
		assert_compatible(p.plan.fdt, node(p.plan.fdt, "/psci"), "arm,psci-0.2");
		assert_string(p.plan.fdt, node(p.plan.fdt, "/psci"), "method", "hvc");
		timer = node(p.plan.fdt, "/timer");
		assert_compatible(p.plan.fdt, timer, "arm,armv8-timer");
		for (unsigned int t = 0; t < 4; t++)
			assert_interrupt(p.plan.fdt, timer, t, 4, 1, ppis[t], table[i].flags);
		planning_free(&p);
	}
}

static void test_gic(void **state)
{
	static const struct {
		const char	*host, *args, *compatible, *msi;
	} table[] = {
		{ "one-pmu", "-c 3", "arm,gic-v3", NULL },
		{ "one-pmu", "-c 3 --irqchip gicv3-its", "arm,gic-v3", "arm,gic-v3-its" },
		{ "gicv2", "-c 3", "arm,cortex-a15-gic", NULL },
		{ "one-pmu", "-c 3 --irqchip user", "arm,cortex-a15-gic", NULL },
		{ "gicv2", "-c 3 --irqchip gicv2m", "arm,cortex-a15-gic", "arm,gic-v2m-frame" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		const struct range *second, *frame;
		struct planning p;
		const void *fdt;
		int gic, msi;

		planning_init(&p, table[i].host, table[i].args);
		assert_planned(&p);
		fdt = p.plan.fdt;
		gic = gic_node(fdt);
		assert_compatible(fdt, gic, table[i].compatible);
		second = p.plan.gic.redistributors.size ? &p.plan.gic.redistributors :
							  &p.plan.gic.cpu_interface;
		assert_int_equal(cell64(fdt, gic, "reg", 0, 4), p.plan.gic.distributor.gpa);
		assert_int_equal(cell64(fdt, gic, "reg", 1, 4), p.plan.gic.distributor.size);
		assert_int_equal(cell64(fdt, gic, "reg", 2, 4), second->gpa);
		assert_int_equal(cell64(fdt, gic, "reg", 3, 4), second->size);
		msi = fdt_first_subnode(fdt, gic);
		if (table[i].msi) {
			frame = p.plan.gic.its.size ? &p.plan.gic.its : &p.plan.gic.v2m;
			assert_true(msi > 0);
			assert_compatible(fdt, msi, table[i].msi);
			assert_true(has(fdt, msi, "msi-controller"));
			assert_reg(fdt, msi, frame->gpa, frame->size);
			if (frame == &p.plan.gic.its)
				assert_int_equal(cell(fdt, msi, "#msi-cells"), 1);
		} else {
			assert_int_equal(msi, -FDT_ERR_NOTFOUND);
		}
		planning_free(&p);
	}
}

static void test_pmu(void **state)
{
	static const struct { const char *host, *args; uint32_t ppi, flags; } table[] = {
		{ "one-pmu", "--pmu", 7, 4 },
		{ "one-pmu", "--pmu --pmu-irq 16", 0, 4 },
		{ "gicv2", "--pmu --pmu-irq 31 -c 2", 15, 0x304 },
		{ "one-pmu", "--pmu --pmu-irq 17 -c 2 --irqchip user", 1, 0x304 },
	};
	struct planning p;

	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		planning_init(&p, table[i].host, table[i].args);
		assert_planned(&p);
		assert_compatible(p.plan.fdt, node(p.plan.fdt, "/pmu"), "arm,armv8-pmuv3");
		assert_interrupt(p.plan.fdt, node(p.plan.fdt, "/pmu"), 0, 1, 1, table[i].ppi,
				 table[i].flags);
		planning_free(&p);
	}
	/* without a PMU the guest is not told of one */
	planning_init(&p, "one-pmu", "");
	assert_planned(&p);
	assert_true(fdt_path_offset(p.plan.fdt, "/pmu") < 0);
	planning_free(&p);
}

/* Each planned device has a node at its address with its size and interrupt. */
static void test_devices(void **state)
{
	struct planning p;

	planning_init(&p, "one-pmu", "-d a -d b,ro --rng --console virtio");
	assert_planned(&p);
	for (unsigned int i = 0; i < p.plan.n_devices; i++) {
		const struct device_slot *slot = &p.plan.devices[i];
		bool found = false;
		int child;

		fdt_for_each_subnode(child, p.plan.fdt, 0) {
			const char *at = strchr(fdt_get_name(p.plan.fdt, child, NULL), '@');

			if (!at || strtoull(at + 1, NULL, 16) != slot->gpa)
				continue;
			found = true;
			assert_reg(p.plan.fdt, child, slot->gpa, slot->model->size);
			assert_interrupt(p.plan.fdt, child, 0, 1, 0, slot->intid - 32,
					 slot->model->trigger);
			if (!slot->model->gpa)
				assert_compatible(p.plan.fdt, child, "virtio,mmio");
			/* coherent: without this Linux would do cache maintenance for it */
			if (!slot->model->gpa)
				assert_true(has(p.plan.fdt, child, "dma-coherent"));
		}
		if (!found)
			fail_msg("%s %u has no node", slot->model->name, slot->index);
	}
	planning_free(&p);
}

static void test_uart_and_rtc(void **state)
{
	struct planning p;
	int uart, rtc, clock;

	planning_init(&p, "one-pmu", "");
	assert_planned(&p);
	uart = node(p.plan.fdt, "/serial@1000000");
	assert_compatible(p.plan.fdt, uart, "ns16550a");
	assert_true(cell(p.plan.fdt, uart, "clock-frequency") > 0);
	rtc = fdt_node_offset_by_compatible(p.plan.fdt, -1, "arm,pl031");
	assert_true(rtc > 0);
	/* Linux' driver is found through AMBA, which wants its clock */
	assert_compatible(p.plan.fdt, rtc, "arm,primecell");
	clock = fdt_node_offset_by_phandle(p.plan.fdt, cell(p.plan.fdt, rtc, "clocks"));
	assert_true(clock > 0);
	assert_string(p.plan.fdt, rtc, "clock-names", "apb_pclk");
	planning_free(&p);
}

/* No two nodes have one phandle. */
static void test_phandles(void **state)
{
	bool seen[64] = { };
	struct planning p;
	int offset;

	planning_init(&p, "one-pmu", "--irqchip gicv3-its --rng");
	assert_planned(&p);
	for (offset = 0; offset >= 0; offset = fdt_next_node(p.plan.fdt, offset, NULL)) {
		uint32_t phandle = fdt_get_phandle(p.plan.fdt, offset);

		if (!phandle)
			continue;
		assert_in_range(phandle, 1, ARRAY_SIZE(seen) - 1);
		assert_false(seen[phandle]);
		seen[phandle] = true;
	}
	planning_free(&p);
}

static void test_dtc(void **state)
{
	static const struct { const char *host, *args; } table[] = {
		{ "one-pmu", "" },
		{ "one-pmu", "-c 17 --pmu --irqchip gicv3-its -d a -d b --rng --console virtio" },
		{ "one-pmu", "-m 16G --kaslr-seed 1 -c 2" },
		{ "gicv2", "-c 8 --irqchip gicv2m --pmu -d a" },
		{ "gicv2", "-c 8" },
		{ "one-pmu", "-c 8 --irqchip user --pmu -d a" },
	};

	if (system("command -v dtc >/dev/null"))
		skip();
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		struct planning p;

		planning_init(&p, table[i].host, table[i].args);
		planning_initrd(&p, 4096);
		assert_planned(&p);
		check_dtc(&p.plan);
		planning_free(&p);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_root_and_memory),
		cmocka_unit_test(test_chosen),
		cmocka_unit_test(test_cpus),
		cmocka_unit_test(test_psci_and_timer),
		cmocka_unit_test(test_gic),
		cmocka_unit_test(test_pmu),
		cmocka_unit_test(test_devices),
		cmocka_unit_test(test_uart_and_rtc),
		cmocka_unit_test(test_phandles),
		cmocka_unit_test(test_dtc),
	};

	return cmocka_run_group_tests_name("device tree", tests, NULL, NULL);
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * The device tree: CPUs, memory, interrupt controller, timers, PMU, PSCI;
 * devices write their own nodes (Devicetree Specification 0.4, Linux'
 * Documentation/devicetree/bindings).
 */
#include <errno.h>
#include <libfdt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arch.h"
#include "map.h"

/* Device tree interrupt specifiers of the GIC (arm,gic-v3.yaml). */
#define GIC_SPI		0
#define GIC_PPI		1
#define PPI_BASE	16

#define FDT_BASE_SPACE	8192
#define FDT_CPU_SPACE	256
#define FDT_DEVICE_SPACE 512

/* libfdt's functions return 0 or a negative error; the first error ends a node. */
#define TRY(call) do { int try_ret = (call); if (try_ret) return try_ret; } while (0)

size_t arch_fdt_space(const struct plan *plan)
{
	return FDT_BASE_SPACE + plan->cpus * FDT_CPU_SPACE + plan->n_devices * FDT_DEVICE_SPACE +
	       strlen(plan->bootargs);
}

static int property_cells(void *fdt, const char *name, const uint32_t *cells, unsigned int n)
{
	fdt32_t data[16];

	for (unsigned int i = 0; i < n; i++)
		data[i] = cpu_to_fdt32(cells[i]);
	return fdt_property(fdt, name, data, n * sizeof(data[0]));
}

static int begin_node_at(void *fdt, const char *name, uint64_t gpa)
{
	char text[64];

	snprintf(text, sizeof(text), "%s@%llx", name, (unsigned long long)gpa);
	return fdt_begin_node(fdt, text);
}

int fdt_property_reg(void *fdt, uint64_t gpa, uint64_t size)
{
	fdt64_t reg[] = { cpu_to_fdt64(gpa), cpu_to_fdt64(size) };

	return fdt_property(fdt, "reg", reg, sizeof(reg));
}

int fdt_property_interrupt(void *fdt, uint32_t intid, enum irq_trigger trigger)
{
	uint32_t cells[] = { GIC_SPI, intid - SPI_BASE, trigger };

	return property_cells(fdt, "interrupts", cells, 3);
}

/* A GICv2's PPI specifier says which CPUs it is wired to. */
static uint32_t ppi_flags(const struct plan *plan)
{
	if (plan->gic.cpu_interface.size)
		return IRQ_LEVEL_HIGH | ((1u << plan->cpus) - 1) << 8;
	return IRQ_LEVEL_HIGH;
}

static int chosen_node(void *fdt, const struct plan *plan)
{
	TRY(fdt_begin_node(fdt, "chosen"));
	TRY(fdt_property_string(fdt, "bootargs", plan->bootargs));
	for (unsigned int i = 0; i < plan->n_devices; i++) {
		char path[32];

		if (plan->devices[i].model != &serial_model)
			continue;
		snprintf(path, sizeof(path), "/serial@%llx",
			 (unsigned long long)plan->devices[i].gpa);
		TRY(fdt_property_string(fdt, "stdout-path", path));
	}
	if (plan->initrd.size) {
		TRY(fdt_property_u64(fdt, "linux,initrd-start", plan->initrd.gpa));
		TRY(fdt_property_u64(fdt, "linux,initrd-end",
				     plan->initrd.gpa + plan->initrd.size));
	}
	if (plan->has_kaslr_seed)
		TRY(fdt_property_u64(fdt, "kaslr-seed", plan->kaslr_seed));
	return fdt_end_node(fdt);
}

static int memory_node(void *fdt, const struct plan *plan)
{
	TRY(begin_node_at(fdt, "memory", plan->ram.gpa));
	TRY(fdt_property_string(fdt, "device_type", "memory"));
	TRY(fdt_property_reg(fdt, plan->ram.gpa, plan->ram.size));
	return fdt_end_node(fdt);
}

static int cpu_nodes(void *fdt, const struct plan *plan)
{
	TRY(fdt_begin_node(fdt, "cpus"));
	TRY(fdt_property_u32(fdt, "#address-cells", 1));
	TRY(fdt_property_u32(fdt, "#size-cells", 0));
	for (unsigned int i = 0; i < plan->cpus; i++) {
		TRY(begin_node_at(fdt, "cpu", vcpu_mpidr(i)));
		TRY(fdt_property_string(fdt, "device_type", "cpu"));
		TRY(fdt_property_string(fdt, "compatible", "arm,armv8"));
		TRY(fdt_property_u32(fdt, "reg", vcpu_mpidr(i)));
		TRY(fdt_property_string(fdt, "enable-method", "psci"));
		TRY(fdt_end_node(fdt));
	}
	return fdt_end_node(fdt);
}

static int psci_node(void *fdt)
{
	static const char compatible[] = "arm,psci-1.0\0arm,psci-0.2";

	TRY(fdt_begin_node(fdt, "psci"));
	TRY(fdt_property(fdt, "compatible", compatible, sizeof(compatible)));
	TRY(fdt_property_string(fdt, "method", "hvc"));
	return fdt_end_node(fdt);
}

static int timer_node(void *fdt, const struct plan *plan)
{
	const struct timer_plan *timer = &plan->timer;
	uint32_t flags = ppi_flags(plan);
	uint32_t cells[] = {
		GIC_PPI, timer->sec_phys - PPI_BASE, flags,
		GIC_PPI, timer->phys - PPI_BASE, flags,
		GIC_PPI, timer->virt - PPI_BASE, flags,
		GIC_PPI, timer->hyp_phys - PPI_BASE, flags,
	};

	TRY(fdt_begin_node(fdt, "timer"));
	TRY(fdt_property_string(fdt, "compatible", "arm,armv8-timer"));
	TRY(property_cells(fdt, "interrupts", cells, sizeof(cells) / sizeof(cells[0])));
	TRY(fdt_property(fdt, "always-on", NULL, 0));
	return fdt_end_node(fdt);
}

static int pmu_node(void *fdt, const struct plan *plan)
{
	uint32_t cells[] = { GIC_PPI, plan->pmu.intid - PPI_BASE, ppi_flags(plan) };

	TRY(fdt_begin_node(fdt, "pmu"));
	TRY(fdt_property_string(fdt, "compatible", "arm,armv8-pmuv3"));
	TRY(property_cells(fdt, "interrupts", cells, sizeof(cells) / sizeof(cells[0])));
	return fdt_end_node(fdt);
}

static int gic_reg(void *fdt, const struct range *first, const struct range *second)
{
	fdt64_t reg[] = {
		cpu_to_fdt64(first->gpa), cpu_to_fdt64(first->size),
		cpu_to_fdt64(second->gpa), cpu_to_fdt64(second->size),
	};

	return fdt_property(fdt, "reg", reg, sizeof(reg));
}

static int msi_node(void *fdt, const struct gic_plan *gic)
{
	bool v2m = gic->v2m.size;
	const struct range *frame = v2m ? &gic->v2m : &gic->its;

	if (!frame->size)
		return 0;
	TRY(begin_node_at(fdt, v2m ? "v2m" : "msi-controller", frame->gpa));
	TRY(fdt_property_string(fdt, "compatible", v2m ? "arm,gic-v2m-frame" : "arm,gic-v3-its"));
	TRY(fdt_property(fdt, "msi-controller", NULL, 0));
	if (!v2m)
		TRY(fdt_property_u32(fdt, "#msi-cells", 1));
	TRY(fdt_property_reg(fdt, frame->gpa, frame->size));
	TRY(fdt_property_u32(fdt, "phandle", PHANDLE_MSI));
	return fdt_end_node(fdt);
}

static int gic_node(void *fdt, const struct gic_plan *gic)
{
	bool v3 = gic->redistributors.size;

	TRY(begin_node_at(fdt, "interrupt-controller", gic->distributor.gpa));
	TRY(fdt_property_string(fdt, "compatible", v3 ? "arm,gic-v3" : "arm,cortex-a15-gic"));
	TRY(fdt_property_u32(fdt, "#interrupt-cells", 3));
	TRY(fdt_property(fdt, "interrupt-controller", NULL, 0));
	TRY(gic_reg(fdt, &gic->distributor, v3 ? &gic->redistributors : &gic->cpu_interface));
	TRY(fdt_property_u32(fdt, "phandle", PHANDLE_GIC));
	TRY(fdt_property_u32(fdt, "#address-cells", 2));
	TRY(fdt_property_u32(fdt, "#size-cells", 2));
	TRY(fdt_property(fdt, "ranges", NULL, 0));
	TRY(msi_node(fdt, gic));
	return fdt_end_node(fdt);
}

static int write_tree(void *fdt, size_t space, const struct plan *plan)
{
	/* Names written anew each time: looking for them takes longer than all the rest. */
	TRY(fdt_create_with_flags(fdt, space, FDT_CREATE_FLAG_NO_NAME_DEDUP));
	TRY(fdt_finish_reservemap(fdt));
	TRY(fdt_begin_node(fdt, ""));
	TRY(fdt_property_u32(fdt, "interrupt-parent", PHANDLE_GIC));
	TRY(fdt_property_string(fdt, "compatible", "linux,dummy-virt"));
	TRY(fdt_property_string(fdt, "model", "tally"));
	TRY(fdt_property_u32(fdt, "#address-cells", 2));
	TRY(fdt_property_u32(fdt, "#size-cells", 2));
	TRY(chosen_node(fdt, plan));
	TRY(memory_node(fdt, plan));
	TRY(cpu_nodes(fdt, plan));
	TRY(psci_node(fdt));
	TRY(gic_node(fdt, &plan->gic));
	TRY(timer_node(fdt, plan));
	if (plan->pmu.mode != PMU_NONE)
		TRY(pmu_node(fdt, plan));
	for (unsigned int i = 0; i < plan->n_devices; i++)
		TRY(plan->devices[i].model->fdt(fdt, &plan->devices[i]));
	TRY(fdt_end_node(fdt));
	return fdt_finish(fdt);
}

int arch_plan_fdt(struct plan *plan, struct error *err)
{
	size_t space = arch_fdt_space(plan);
	int ret;

	plan->fdt = calloc(1, space);
	if (!plan->fdt)
		return error_set(err, TALLY_EXIT_SOFTWARE, ENOMEM, "no memory for the device tree");
	ret = write_tree(plan->fdt, space, plan);
	if (ret)
		return error_set(err, TALLY_EXIT_SOFTWARE, EINVAL, "device tree: %s",
				 fdt_strerror(ret));
	return 0;
}

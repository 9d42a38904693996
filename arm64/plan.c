// SPDX-License-Identifier: GPL-2.0-only
/* The architecture's part of the plan: options of CPU, irqchip and timers, and the memory map. */
#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "arch.h"
#include "gicv2.h"
#include "map.h"
#include "pmu.h"

#define IPA_MIN		32	/* KVM api.rst, KVM_CREATE_VM: the smallest IPA size */
#define SVE_VL_STEP	128	/* bits */
#define SVE_VL_MAX	2048

static const char *const irqchip_names[] = {
	[IRQCHIP_GICV2]		= "gicv2",
	[IRQCHIP_GICV2M]	= "gicv2m",
	[IRQCHIP_GICV3]		= "gicv3",
	[IRQCHIP_GICV3_ITS]	= "gicv3-its",
	[IRQCHIP_USER]		= "user",
};

const char *arch_irqchip_name(const struct plan *plan)
{
	return irqchip_names[plan->gic.kind];
}

static int parse_irqchip(struct config *config, const struct option_row *row,
			 const char *value, struct error *err)
{
	for (unsigned int i = IRQCHIP_GICV2; i < IRQCHIP_COUNT; i++) {
		if (!strcmp(value, irqchip_names[i])) {
			config->arm64.irqchip = i;
			return 0;
		}
	}
	return option_bad_value(row, value, err,
				"it is one of gicv2, gicv2m, gicv3, gicv3-its, user");
}

static int parse_counter_offset(struct config *config, const struct option_row *row,
				const char *value, struct error *err)
{
	config->arm64.has_counter_offset = true;
	return parse_u64(row, value, 0, UINT64_MAX, &config->arm64.counter_offset, err);
}

static int parse_kaslr_seed(struct config *config, const struct option_row *row,
			    const char *value, struct error *err)
{
	config->arm64.has_kaslr_seed = true;
	return parse_u64(row, value, 0, UINT64_MAX, &config->arm64.kaslr_seed, err);
}

static int parse_sve_max_vl(struct config *config, const struct option_row *row,
			    const char *value, struct error *err)
{
	int ret = parse_u64(row, value, SVE_VL_STEP, SVE_VL_MAX, &config->arm64.sve_max_vl, err);

	if (!ret && config->arm64.sve_max_vl % SVE_VL_STEP)
		return option_bad_value(row, value, err, "not a multiple of %d bits", SVE_VL_STEP);
	return ret;
}

static const struct option_row cpu_rows[] = {
	{ "sve-max-vl", 0, OPTION_REQUIRED, "BITS",
	  "Longest SVE vector the guest may use (default: the host's)", parse_sve_max_vl, 0 },
	{ "disable-mte", 0, OPTION_FLAG, NULL, "No memory tagging, even where the host has it",
	  option_set_true, offsetof(struct config, arm64.disable_mte) },
	{ "no-pvtime", 0, OPTION_FLAG, NULL, "Don't tell the guest about stolen time",
	  option_set_true, offsetof(struct config, arm64.no_pvtime) },
	{ "kaslr-seed", 0, OPTION_REQUIRED, "U64",
	  "Seed for the guest kernel's address space layout", parse_kaslr_seed, 0 },
	{ 0 }
};

const struct option_group cpu_options = { "CPU", cpu_rows };

static const struct option_row irqchip_rows[] = {
	{ "irqchip", 0, OPTION_REQUIRED, "TYPE",
	  "gicv2, gicv2m, gicv3, gicv3-its or user (default: gicv3, else gicv2, else user)",
	  parse_irqchip, 0 },
	{ 0 }
};

const struct option_group irqchip_options = { "Interrupt controller", irqchip_rows };

static const struct option_row timer_rows[] = {
	{ "counter-offset", 0, OPTION_REQUIRED, "U64",
	  "Subtract this many ticks from the guest's counters", parse_counter_offset, 0 },
	{ 0 }
};

const struct option_group timer_options = { "Timers", timer_rows };

void arch_nominal_host(struct host_caps *caps)
{
	*caps = (struct host_caps) {
		.max_vcpus	= 512,
		.ipa_bits	= 48,
		.ipa_choice	= true,
		.psci		= true,
		.pauth		= true,
		.steal_time	= true,
		.pmu_v3		= true,
		.counter_offset	= true,
		.user_irq	= true,
		.irqchip	= {
			[IRQCHIP_GICV2]		= true,
			[IRQCHIP_GICV2M]	= true,
			[IRQCHIP_GICV3]		= true,
			[IRQCHIP_GICV3_ITS]	= true,
		},
	};
}

int arch_plan_ipa(const struct config *config, const struct host_caps *caps,
		  unsigned int *ipa_bits, struct error *err)
{
	unsigned int bits = IPA_MIN;

	while (bits < 64 && ((MAP_RAM + config->mem - 1) >> bits))
		bits++;
	if (bits > caps->ipa_bits || config->mem > UINT64_MAX - MAP_RAM)
		return error_set(err, TALLY_EXIT_UNAVAILABLE, ENOSPC,
				 "--mem: %llu MiB need guest physical addresses of %u bits, this host's KVM has %u",
				 (unsigned long long)config->mem >> 20, bits, caps->ipa_bits);
	*ipa_bits = bits;
	return 0;
}

uint32_t arch_fixed_intid(unsigned int n)
{
	return SPI_BASE + n;
}

bool arch_virtio_slot(unsigned int n, uint64_t *gpa, uint32_t *intid)
{
	if (n >= SPI_END - SPI_V2M_COUNT - SPI_VIRTIO)
		return false;
	*gpa = MAP_VIRTIO + n * MAP_VIRTIO_STRIDE;
	*intid = SPI_VIRTIO + n;
	return true;
}

/*
 * Nothing of tally's sends message-signalled interrupts, so a guest is spared
 * an ITS or a v2m frame that it would only have to set up.
 */
static enum irqchip best_irqchip(const struct host_caps *caps)
{
	static const enum irqchip order[] = { IRQCHIP_GICV3, IRQCHIP_GICV2 };

	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
		if (caps->irqchip[order[i]])
			return order[i];
	}
	return host_refuses_user_gic(caps) ? IRQCHIP_AUTO : IRQCHIP_USER;
}

static int check_irqchip(enum irqchip kind, const struct host_caps *caps, struct error *err)
{
	const char *refused = kind == IRQCHIP_USER ? host_refuses_user_gic(caps) : NULL;

	if (kind == IRQCHIP_AUTO)
		return error_set(err, TALLY_EXIT_UNAVAILABLE, ENODEV,
				 "this host's KVM offers no interrupt controller (see tally host)");
	if (refused)
		return error_set(err, TALLY_EXIT_UNAVAILABLE, ENODEV, "--irqchip: user: %s",
				 refused);
	if (kind != IRQCHIP_USER && !caps->irqchip[kind])
		return error_set(err, TALLY_EXIT_UNAVAILABLE, ENODEV,
				 "--irqchip: %s: this host's KVM does not offer it (see tally host)",
				 irqchip_names[kind]);
	return 0;
}

static int plan_gic(const struct config *config, const struct host_caps *caps,
		    struct plan *plan, struct error *err)
{
	struct gic_plan *gic = &plan->gic;
	uint32_t last = SPI_BASE;
	uint64_t below;
	int ret;

	gic->kind = config->arm64.irqchip;
	if (gic->kind == IRQCHIP_AUTO)
		gic->kind = best_irqchip(caps);
	ret = check_irqchip(gic->kind, caps, err);
	if (ret < 0)
		return ret;
	for (unsigned int i = 0; i < plan->n_devices; i++) {
		if (plan->devices[i].intid > last)
			last = plan->devices[i].intid;
	}
	gic->distributor = (struct range) { MAP_GIC_END - GIC_DIST_SIZE, GIC_DIST_SIZE };
	below = gic->distributor.gpa;
	if (gic->kind == IRQCHIP_GICV3 || gic->kind == IRQCHIP_GICV3_ITS) {
		uint64_t size = plan->cpus * GICV3_REDIST_SIZE;

		gic->redistributors = (struct range) { below - size, size };
		if (gic->kind == IRQCHIP_GICV3_ITS)
			gic->its = (struct range) { below - size - GICV3_ITS_SIZE, GICV3_ITS_SIZE };
	} else {
		if (plan->cpus > GICV2_MAX_CPUS)
			return error_set(err, TALLY_EXIT_USAGE, E2BIG,
					 "--cpus: %u: a GICv2 has at most %d", plan->cpus,
					 GICV2_MAX_CPUS);
		gic->distributor.size = GICV2_DIST_SIZE;
		gic->cpu_interface = (struct range) { below - 0x10000, GICV2_CPU_SIZE };
		if (gic->kind == IRQCHIP_GICV2M) {
			gic->v2m = (struct range) { below - 0x20000, GICV2M_SIZE };
			gic->v2m_first = last + 1;
			last += SPI_V2M_COUNT;
		}
		gic->line_masks = gic->kind == IRQCHIP_USER && caps->timer_irq_mask;
	}
	/* KVM takes multiples of 32 up to 1024 INTIDs, of which the last four are special. */
	gic->spis = (last - SPI_BASE) / 32 * 32 + 32;
	return 0;
}

static void plan_cpu(const struct config *config, const struct host_caps *caps,
		     struct plan *plan)
{
	struct cpu_plan *cpu = &plan->cpu;

	cpu->sve = caps->sve;
	cpu->sve_max_vl = config->arm64.sve_max_vl;
	cpu->pauth = caps->pauth;
	/* KVM refuses tags on shared mappings, and a hugetlbfs file is one. */
	cpu->mte = caps->mte && !config->arm64.disable_mte && !config->hugetlbfs;
	cpu->steal_time = caps->steal_time && !config->arm64.no_pvtime;
	if (cpu->steal_time)
		cpu->steal_time_area = (struct range) {
			.gpa	= MAP_STEAL_TIME,
			.size	= (plan->cpus * MAP_STEAL_TIME_STRIDE + 0xffffull) & ~0xffffull,
		};
}

static int plan_timer(const struct config *config, const struct host_caps *caps,
		      struct plan *plan, struct error *err)
{
	if (config->arm64.has_counter_offset && !caps->counter_offset)
		return error_set(err, TALLY_EXIT_UNAVAILABLE, ENOTSUP,
				 "--counter-offset: this host's KVM has no KVM_CAP_COUNTER_OFFSET (Linux 6.4)");
	plan->timer = (struct timer_plan) {
		.virt		= PPI_TIMER_VIRT,
		.phys		= PPI_TIMER_PHYS,
		.hyp_phys	= PPI_TIMER_HYP_PHYS,
		.sec_phys	= PPI_TIMER_SEC_PHYS,
		.offset_set	= config->arm64.has_counter_offset,
		.offset		= config->arm64.counter_offset,
	};
	return 0;
}

int arch_plan(const struct config *config, const struct host_caps *caps, struct plan *plan,
	      struct error *err)
{
	int ret;

	if (plan->cpus > caps->max_vcpus)
		return error_set(err, TALLY_EXIT_UNAVAILABLE, E2BIG,
				 "--cpus: %u: this host's KVM has at most %u", plan->cpus,
				 caps->max_vcpus);
	if (config->arm64.sve_max_vl && !caps->sve)
		return error_set(err, TALLY_EXIT_UNAVAILABLE, ENOTSUP,
				 "--sve-max-vl: this host has no SVE");
	plan->ram.gpa = MAP_RAM;
	ret = arch_plan_ipa(config, caps, &plan->ipa_bits, err);
	if (ret < 0)
		return ret;
	plan->has_kaslr_seed = config->arm64.has_kaslr_seed;
	plan->kaslr_seed = config->arm64.kaslr_seed;
	plan_cpu(config, caps, plan);
	ret = plan_gic(config, caps, plan, err);
	if (!ret)
		ret = plan_timer(config, caps, plan, err);
	if (!ret)
		ret = pmu_plan_make(config, caps, &plan->pmu, err);
	return ret;
}

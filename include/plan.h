/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The plan: everything about the machine that can be decided without touching
 * KVM, from the command line, the files' headers and the host's offer.
 */
#ifndef TALLY_PLAN_H
#define TALLY_PLAN_H

#include <stdbool.h>
#include <stdint.h>

#include "config.h"
#include "device.h"
#include "error.h"
#include "host.h"
#include "image.h"
#include "pmu.h"

/* The files that a run loads: opened before the plan, loaded by the machine. */
struct images {
	struct image	kernel;
	struct image	initrd;
	struct image	firmware;
};

int images_open(struct images *images, const struct kernel_config *config, struct error *err);
void images_close(struct images *images);

struct range {
	uint64_t	gpa;
	uint64_t	size;
};

struct gic_plan {
	enum irqchip	kind;			/* never IRQCHIP_AUTO */
	struct range	distributor;
	struct range	cpu_interface;		/* GICv2, KVM's or in user space */
	struct range	redistributors;		/* GICv3 */
	struct range	its;			/* GICv3 with ITS */
	struct range	v2m;			/* GICv2m frame */
	uint32_t	v2m_first;		/* INTID of the first of its SPIs */
	unsigned int	spis;			/* multiple of 32 */
	bool		line_masks;		/* user space: KVM_CAP_ARM_TIMER_IRQ_MASK */
};

struct timer_plan {
	uint32_t	virt;			/* INTIDs, PPIs */
	uint32_t	phys;
	uint32_t	hyp_phys;
	uint32_t	sec_phys;
	bool		offset_set;
	uint64_t	offset;			/* ticks, subtracted from both counters */
};

struct cpu_plan {
	bool		sve;
	unsigned int	sve_max_vl;		/* bits, 0 = all the host has */
	bool		pauth;
	bool		mte;
	bool		steal_time;
	struct range	steal_time_area;	/* 64 bytes a CPU */
};

struct plan {
	unsigned int		cpus;
	unsigned int		ipa_bits;
	struct range		ram;
	struct range		kernel;		/* where it goes and the space it may take */
	struct range		initrd;
	struct range		firmware;
	struct range		dtb;
	uint64_t		entry;		/* PC of vCPU 0 */
	struct cpu_plan		cpu;
	struct gic_plan		gic;
	struct timer_plan	timer;
	struct pmu_plan		pmu;
	struct device_slot	*devices;	/* owned */
	unsigned int		n_devices;
	char			*bootargs;	/* owned */
	void			*fdt;		/* owned, packed */
	uint64_t		kaslr_seed;
	bool			has_kaslr_seed;
};

int plan_make(const struct config *config, const struct host_caps *caps,
	      const struct images *images, struct plan *plan, struct error *err);
/* Bytes of plan->fdt. */
size_t plan_fdt_size(const struct plan *plan);
void plan_free(struct plan *plan);

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the command line asked for, before anything is known about the host.
 * Filled by the parsers in each part's option table; constant afterwards.
 * Strings are borrowed from argv.
 */
#ifndef TALLY_CONFIG_H
#define TALLY_CONFIG_H

#include <sched.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "log.h"

struct kernel_config {
	const char	*kernel;
	const char	*initrd;
	const char	*params;
	const char	*firmware;
	uint64_t	firmware_address;	/* GPA */
	bool		has_firmware_address;
	const char	*dump_dtb;
};

enum irqchip {				/* in the order of preference of --irqchip's absence */
	IRQCHIP_AUTO,
	IRQCHIP_GICV2,
	IRQCHIP_GICV2M,
	IRQCHIP_GICV3,
	IRQCHIP_GICV3_ITS,
	IRQCHIP_USER,
	IRQCHIP_COUNT,
};

enum pmu_mode {
	PMU_NONE,
	PMU_EMULATED,
	PMU_PARTITIONED,
	PMU_RESERVED,
	PMU_AUTO,
};

#define PMU_COUNTERS_DEFAULT	(-1)	/* no --pmu-counters */
#define PMU_COUNTERS_MAX	(-2)	/* --pmu-counters max */

struct pmu_config {
	enum pmu_mode	mode;
	int		counters;	/* event counters, or one of the two above */
	const char	*filter;	/* "allow:LIST" or "deny:LIST", or NULL */
	uint32_t	irq;		/* INTID, a PPI: 16…31 */
	bool		has_irq;	/* --pmu-irq was given */
};

struct arm64_config {
	enum irqchip		irqchip;
	uint64_t		kaslr_seed;
	bool			has_kaslr_seed;
	uint64_t		counter_offset;	/* ticks */
	bool			has_counter_offset;
	bool			no_pvtime;
	uint64_t		sve_max_vl;	/* bits, 0 = what the host has */
	bool			disable_mte;
	struct pmu_config	pmu;
};

struct disk_config {
	const char	*path;		/* not NUL-terminated: path_len characters */
	size_t		path_len;
	bool		read_only;
	bool		direct;
};

enum console_kind {
	CONSOLE_SERIAL,
	CONSOLE_VIRTIO,
};

struct device_config {
	struct disk_config	*disks;		/* owned */
	unsigned int		n_disks;
	enum console_kind	console;
	bool			rng;
};

struct config {
	const char		*name;
	unsigned int		cpus;
	uint64_t		mem;		/* bytes */
	const char		*hugetlbfs;
	bool			nodefaults;
	bool			restart_on_reset;
	bool			no_panic_watch;
	cpu_set_t		affinity;
	bool			has_affinity;
	enum log_level		log_level;
	struct kernel_config	kernel;
	struct arm64_config	arm64;
	struct device_config	devices;
};

void config_init(struct config *config);	/* the defaults */
void config_free(struct config *config);

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The guest's performance monitor (Arm ARM D13, KVM devices/vcpu.rst group
 * KVM_ARM_VCPU_PMU_V3_CTRL): options, the plan made of them, and its carrying
 * out.
 */
#ifndef TALLY_PMU_H
#define TALLY_PMU_H

#include <stdbool.h>
#include <stdint.h>

#include "config.h"
#include "error.h"
#include "host.h"
#include "log.h"
#include "option.h"

#define PMU_FILTER_MAX_RANGES	1024
#define PMU_IRQ_DEFAULT		23

extern const struct option_group pmu_options;

struct pmu_range {
	uint16_t	first;		/* event number */
	uint16_t	count;
};

struct pmu_filter {
	bool			allow;
	unsigned int		n;
	struct pmu_range	ranges[PMU_FILTER_MAX_RANGES];
};

struct pmu_plan {
	enum pmu_mode		mode;		/* never PMU_AUTO */
	bool			choose;		/* SET_PMU is needed: there is a PMU to name */
	uint32_t		type;		/* perf type for SET_PMU */
	char			name[64];	/* of that PMU */
	cpu_set_t		cpus;		/* that it covers */
	int			counters;	/* as in struct pmu_config */
	uint32_t		intid;
	struct pmu_filter	filter;
	char			note[256];	/* to say at start, or "" */
	enum log_level		note_level;	/* how to say it */
};

/*
 * Whether the PMU options fit together; needs no host, so that a bad command
 * line is told as such on any machine. pmu_plan_make() calls it too.
 */
int pmu_options_check(const struct config *config, struct error *err);

/* "emulated" and so on, as --pmu takes it; "none" for PMU_NONE. */
const char *pmu_mode_name(enum pmu_mode mode);

/*
 * Decide the PMU from the command line and the host; pure. Errors:
 * TALLY_EXIT_UNAVAILABLE where the host lacks the mode or no single PMU covers
 * the CPUs (lists each PMU with its CPUs), TALLY_EXIT_USAGE for a bad filter.
 */
int pmu_plan_make(const struct config *config, const struct host_caps *caps,
		  struct pmu_plan *plan, struct error *err);

/*
 * How many event counters the guest gets of the @offered ones; pure. More than
 * there are is TALLY_EXIT_USAGE and says how many there are.
 */
int pmu_counters_choose(const struct pmu_plan *plan, unsigned int offered,
			unsigned int *counters, struct error *err);

/* "allow:LIST" or "deny:LIST": numbers, ranges a-b, names (libpfm4). */
int pmu_filter_parse(const struct option_row *row, const char *value,
		     struct pmu_filter *filter, struct error *err);

/* The number of an event that the architecture names, in any case; -ENOENT for another name. */
int pmu_event_number(const char *name, uint16_t *event);

/*
 * Carry the plan out: all vCPUs exist and are finalised, the GIC (if in the
 * kernel) is initialised, no vCPU has run. Once: SET_PMU, number of counters,
 * filter; then for each vCPU IRQ and INIT; then the registers that KVM resets
 * to an UNKNOWN value are cleared and read back. @vcpu_fds has @n entries.
 * *@counters is what the guest sees in PMCR_EL0.N.
 */
int pmu_setup(const struct pmu_plan *plan, const int *vcpu_fds, unsigned int n,
	      bool irqchip_in_kernel, unsigned int *counters, struct error *err);

/*
 * Say at level info how often the PMU's registers of these vCPUs were swapped, how
 * many accesses to them left the guest, and how many interrupts the guest got: what of
 * it this kernel counts (KVM's vCPU statistics pmu_*), and nothing where it does not.
 */
void pmu_print_stats(const int *vcpu_fds, unsigned int n_vcpus);

#endif

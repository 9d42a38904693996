/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a host offers, as plain data: found once (arm64/host.c), handed to the
 * plan. Unit tests hand in recorded hosts.
 */
#ifndef TALLY_HOST_H
#define TALLY_HOST_H

#include <sched.h>
#include <stdbool.h>
#include <stdint.h>

#include "config.h"
#include "error.h"

#define HOST_MAX_PMUS	16

struct host_pmu {
	char		name[64];	/* in /sys/bus/event_source/devices */
	uint32_t	type;		/* perf type, KVM_ARM_VCPU_PMU_V3_SET_PMU's argument */
	cpu_set_t	cpus;		/* that it covers */
	unsigned int	events;		/* named in its events directory */
	int		counters;	/* event counters KVM would give, -1 unknown (tally host asks) */
	unsigned int	pmuver;		/* ID_AA64DFR0_EL1.PMUVer a guest gets, 0 unknown */
};

struct host_caps {
	unsigned int	max_vcpus;
	unsigned int	ipa_bits;		/* largest IPA size, 40 where KVM can't say */
	bool		irqchip[IRQCHIP_COUNT];
	bool		psci;			/* 0.2 or later in the kernel */
	bool		sve;
	bool		pauth;			/* address and generic */
	bool		mte;
	bool		steal_time;
	bool		pmu_v3;
	bool		pmu_partition;
	bool		pmu_reserve;
	bool		counter_offset;
	bool		user_irq;
	bool		timer_irq_mask;
	cpu_set_t	allowed;		/* CPUs that this process may run on */
	struct host_pmu	pmus[HOST_MAX_PMUS];
	unsigned int	n_pmus;
};

/*
 * Open KVM and ask. *@kvm_fd is owned by the caller. Failing to open is
 * TALLY_EXIT_UNAVAILABLE with the reason (no /dev/kvm, no permission, not
 * arm64). @with_pmus also reads the PMUs from sysfs.
 */
int host_discover(int *kvm_fd, struct host_caps *caps, bool with_pmus, struct error *err);

/*
 * The CPU PMUs (those that have a "cpus" file and an armv8 PMU name) under
 * @sysfs (normally "/sys/bus/event_source/devices"), sorted by name.
 */
int host_pmus_read(const char *sysfs, struct host_pmu *pmus, unsigned int max,
		   unsigned int *n, struct error *err);

/* The command "tally host [--json]": prints, and returns an exit code. */
int host_command(int argc, char **argv);

#endif

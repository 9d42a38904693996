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
	int		counters;	/* event counters KVM would give, -1 unknown */
	unsigned int	pmuver;		/* ID_AA64DFR0_EL1.PMUVer a guest gets, 0 unknown */
};

struct host_caps {
	unsigned int	max_vcpus;
	unsigned int	ipa_bits;		/* largest IPA size; 40 if not told */
	bool		ipa_choice;		/* a VM may have a smaller one */
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
 * arm64). @with_pmus also asks what KVM's PMU can and reads the PMUs from sysfs;
 * otherwise all of that is 0. irqchip[] is left to host_probe_vm().
 */
int host_discover(int *kvm_fd, struct host_caps *caps, bool with_pmus, struct error *err);

/*
 * Ask the VM @vm_fd which interrupt controllers it could have, without creating
 * one: fills caps->irqchip[]. A question that fails counts as "no".
 */
void host_probe_vm(int vm_fd, struct host_caps *caps);

/* Why a GIC in user space can't work on this host, or NULL where it can. */
const char *host_refuses_user_gic(const struct host_caps *caps);

#define HOST_PMU_SYSFS	"/sys/bus/event_source/devices"

/*
 * The CPU PMUs under @sysfs (normally HOST_PMU_SYSFS), sorted by name: on arm64
 * those that have a "cpus" file, which Linux gives to the PMUs of CPU cores
 * only (uncore and SPE ones have "cpumask"). A missing directory is no PMU.
 * "events" is left 0, "counters" is -1.
 */
int host_pmus_read(const char *sysfs, struct host_pmu *pmus, unsigned int max,
		   unsigned int *n, struct error *err);
/* How many events the PMU names in sysfs. */
unsigned int host_pmu_count_events(const char *sysfs, const struct host_pmu *pmu);

/* The command "tally host [--json]": prints, and returns an exit code. */
int host_command(int argc, char **argv);

#endif

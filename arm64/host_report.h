/* SPDX-License-Identifier: GPL-2.0-only */
/* What "tally host" finds out beyond what a run needs. */
#ifndef TALLY_HOST_REPORT_H
#define TALLY_HOST_REPORT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "error.h"
#include "host.h"

struct host_report {
	struct host_caps	caps;
	char			kernel[65];		/* release */
	char			sve_lengths[160];	/* bits, "128,256,512" */
	unsigned int		pmuver;			/* a guest's ID_AA64DFR0_EL1.PMUVer */
	bool			pmu_set_counters;	/* KVM_ARM_VCPU_PMU_V3_SET_NR_COUNTERS */
	uint64_t		timer_hz;		/* CNTFRQ_EL0, 0 where it can't be read */
};

/* Fill everything but @report->caps, which comes from host_discover(), in a VM made for it. */
int host_report_probe(int kvm_fd, const char *sysfs, struct host_report *report,
		      struct error *err);

/* Write the report as a table, or as one JSON object. */
void host_report_table(const struct host_report *report, FILE *to);
void host_report_json(const struct host_report *report, FILE *to);

#endif

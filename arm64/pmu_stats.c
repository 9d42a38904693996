// SPDX-License-Identifier: GPL-2.0-only
/* What a guest's PMU has cost, as far as the host's kernel counts it. */
#include <stdio.h>
#include <string.h>

#include "kvm_stats.h"
#include "log.h"
#include "pmu.h"

#define COUNT(table)	(sizeof(table) / sizeof((table)[0]))

static const struct {
	const char	*name;		/* KVM's */
	const char	*one, *many;
} kinds[] = {
	{ "pmu_swaps", "register swap", "register swaps" },
	{ "pmu_exits", "exit for an access", "exits for accesses" },
	{ "pmu_interrupts", "interrupt", "interrupts" },
};

void pmu_print_stats(const int *vcpu_fds, unsigned int n_vcpus)
{
	struct kvm_stat stats[COUNT(kinds)] = { 0 };
	char text[256] = "";
	size_t len = 0;

	for (size_t i = 0; i < COUNT(kinds); i++)
		stats[i].name = kinds[i].name;
	for (unsigned int i = 0; i < n_vcpus; i++) {
		int ret = kvm_stats_add(vcpu_fds[i], stats, COUNT(kinds));

		if (ret < 0) {
			log_debug("PMU: no statistics of vCPU %u: %s", i, strerror(-ret));
			return;
		}
	}
	for (size_t i = 0; i < COUNT(kinds); i++) {
		if (stats[i].found)
			len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%llu %s",
						len ? ", " : "",
						(unsigned long long)stats[i].value,
						stats[i].value == 1 ? kinds[i].one : kinds[i].many);
	}
	if (len)
		log_info("PMU: %s", text);
}

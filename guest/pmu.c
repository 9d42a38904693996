// SPDX-License-Identifier: GPL-2.0-only
/*
 * The PMU as a guest sees it. Arguments:
 *   pmu=0		none is offered: it must not be there
 *   counters=N		PMCR_EL0.N must be N
 *   irq=N		the overflow interrupt must be INTID N
 *   cleared=1		the VMM cleared what the architecture resets to UNKNOWN
 *   filtered=E[,E..]	these events must not count
 *   exact=1 shift=S	one instruction takes 2^S ns and counts are exact
 *	first=ACCESS	the first access to the PMU (pmu/first.c)
 *	checks=A[,B..]	these of the checks below, instead of those that always are
 */
#include <string.h>

#include "pmu/pmu-guest.h"

u32 nr_counters, version;

static const struct {
	const char *name;
	void (*check)(void);
	bool always;
} checks[] = {
	{ "identity", check_identity, true },
	{ "registers", check_registers, true },
	{ "unimplemented", check_unimplemented, true },
	{ "counting", check_counting, true },
	{ "filter", check_filter, true },
	{ "overflow", check_overflow, true },
	{ "el0", check_el0, true },
	{ "exits", check_exits },
	{ "storm", check_storm },
	{ "keep", check_keep },
	{ "release", check_release },
	{ "isolation", check_isolation },
};

static bool listed(const char *list, const char *name)
{
	size_t len = strlen(name);

	while (list) {
		if (!strncmp(list, name, len) && (list[len] == ',' || !list[len]))
			return true;
		list = strchr(list, ',');
		if (list)
			list++;
	}
	return false;
}

void guest_main(void)
{
	char list[96], first[16];

	version = pmu_version();
	if (!arg_u64("pmu", 1)) {
		u64 esr;

		check_eq("pmu-absent-id", version, 0);
		check_eq("pmu-absent-node", pmu_irq(), 0);
		trap_expect();
		read_sysreg(pmcr_el0);
		check_eq("pmu-absent-undefined", trap_seen(&esr), 1);
		finish();
	}
	if (!check_true("pmu-present", version, "PMUVer is 0"))
		finish();
	if (arg_str("first", first, sizeof(first)))
		check_first(first);
	nr_counters = PMCR_N(read_sysreg(pmcr_el0));
	print("PMUVer %u, %u event counters, PMCEID0 0x%llx, INTID %u\n", version,
	      nr_counters, (unsigned long long)read_sysreg(pmceid0_el0), pmu_irq());
	for (size_t i = 0; i < ARRAY_SIZE(checks); i++) {
		if (arg_str("checks", list, sizeof(list)) ? listed(list, checks[i].name) :
							    checks[i].always)
			checks[i].check();
	}
	finish();
}

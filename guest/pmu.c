// SPDX-License-Identifier: GPL-2.0-only
/*
 * The PMU as a guest sees it. Arguments:
 *   pmu=0		none is offered: it must not be there
 *   counters=N		PMCR_EL0.N must be N
 *   irq=N		the overflow interrupt must be INTID N
 *   cleared=1		the VMM cleared what the architecture resets to UNKNOWN
 *   filtered=E[,E..]	these events must not count
 *   exact=1 shift=S	one instruction takes 2^S ns and counts are exact
 */
#include "pmu/pmu-guest.h"

u32 nr_counters, version;

void guest_main(void)
{
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
	nr_counters = PMCR_N(read_sysreg(pmcr_el0));
	print("PMUVer %u, %u event counters, PMCEID0 0x%llx, INTID %u\n", version,
	      nr_counters, (unsigned long long)read_sysreg(pmceid0_el0), pmu_irq());
	check_identity();
	check_registers();
	check_unimplemented();
	check_counting();
	check_filter();
	check_overflow();
	check_el0();
	finish();
}

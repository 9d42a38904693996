// SPDX-License-Identifier: GPL-2.0-only
/*
 * A guest that never ends: all its counters count, each what the PMU was told, while
 * others use the same CPU. A "not ok" line tells of the first that doesn't.
 */
#include "guest.h"
#include "pmu.h"

void guest_main(void)
{
	u32 n = PMCR_N(read_sysreg(pmcr_el0)), last[CYCLE_COUNTER] = { 0 };
	u64 all = (BIT(n) - 1) | CYCLE_BIT;

	pmu_clear();
	for (u32 i = 0; i < n; i++)
		pmevtyper_write(i, CPU_CYCLES | (i & 1 ? PMEVTYPER_U : 0));
	write_sysreg(all, pmcntenset_el0);
	write_sysreg(PMCR_LC | PMCR_E, pmcr_el0);
	isb();
	print("watching %u counters\n", n);

	for (;;) {
		if (read_sysreg(pmcntenset_el0) != all)
			check_hex("watch-enabled", read_sysreg(pmcntenset_el0), all);
		if (!(read_sysreg(pmcr_el0) & PMCR_E))
			check_hex("watch-pmcr", read_sysreg(pmcr_el0), PMCR_LC | PMCR_E);
		for (u32 i = 0; i < n; i++) {
			u32 step = (u32)pmevcntr_read(i) - last[i];

			/* They overflow now and then. What has gone back seems to be far ahead. */
			if (!step || step >> 31)
				check_hex("watch-count", step, i);
			if (pmevtyper_read(i) != (CPU_CYCLES | (i & 1 ? PMEVTYPER_U : 0)))
				check_hex("watch-type", pmevtyper_read(i), i);
			last[i] += step;
		}
	}
}

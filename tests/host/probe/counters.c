// SPDX-License-Identifier: GPL-2.0-only
/*
 * The number of event counters, which the argument counters gives, is what PMCR_EL0.N
 * says at EL2; registers exist up to the last one (Arm ARM, PMCR_EL0.N).
 */
#include "probe.h"

/* 0 if counter n is there and keeps what is written to it. */
static u64 use(u64 n)
{
	pmevcntr_write(n, 0x5500 + n);
	pmevtyper_write(n, CPU_CYCLES | PMEVTYPER_NSH);
	return pmevcntr_read(n) ^ (0x5500 + n) ^ pmevtyper_read(n) ^ (CPU_CYCLES | PMEVTYPER_NSH);
}

static u64 overflow_flag(u64 n)
{
	write_sysreg(PMCR_LC, pmcr_el0);
	pmevcntr_write(n, 0xffffff00);
	write_sysreg(BIT(n), pmcntenset_el0);
	write_sysreg(PMCR_LC | PMCR_E, pmcr_el0);
	pmu_work(10000);
	(void)pmevcntr_read(n);
	return read_sysreg(pmovsclr_el0);
}

void probe(void)
{
	u32 want = arg_u64("counters", 6), there = 0;
	u64 v;

	check_eq("n", nr_counters, want);
	check_eq("hpmn-reset", read_sysreg(mdcr_el2) & 31, want);
	pmu_reset();
	write_sysreg(~0u, pmcntenset_el0);
	check_hex("mask", read_sysreg(pmcntenset_el0), COUNTERS_BELOW(want));
	write_sysreg(~0u, pmcntenclr_el0);
	for (u32 n = 0; n < 31; n++)
		there += outcome(2, use, n, &v) == ALLOWED && !v;
	check_eq("there", there, want);
	if (want)
		check_hex("highest-overflows", overflow_flag(want - 1), BIT(want - 1));
	if (want < 31)
		check_hex("next", outcome(2, get_pmevcntr, want, NULL), to_el(2, UNDEFINED));
	write_sysreg(PMEVTYPER_NSH, pmccfiltr_el0);
	write_sysreg(CYCLE_BIT, pmcntenset_el0);
	write_sysreg(PMCR_LC | PMCR_E | PMCR_P | PMCR_C, pmcr_el0);
	pmu_work(1000);
	check_true("cycles", read_sysreg(pmccntr_el0), "got none");
	pmu_reset();
}

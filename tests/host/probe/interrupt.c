// SPDX-License-Identifier: GPL-2.0-only
/*
 * The overflow interrupt is a level: the OR over all counters of overflow flag,
 * interrupt enable and the global enable of the counter's range, which is PMCR_EL0.E
 * below MDCR_EL2.HPMN and for the cycle counter, and MDCR_EL2.HPME from there on (Arm
 * ARM, "Generating overflow interrupt requests"; AArch64.CheckForPMUOverflow()). It
 * follows each of them, both ways.
 */
#include "probe.h"

#define HPMN	2
#define MINE	0	/* a counter of EL1's range */
#define HYP	3	/* one of EL2's */

WRITER(write_pmcr, pmcr_el0)
WRITER(write_pmovsclr, pmovsclr_el0)
WRITER(write_pmintenclr, pmintenclr_el1)

static bool line(void)
{
	isb();
	return gic_pending(PMU_PPI);
}

static void set_e(bool e)
{
	write_sysreg(PMCR_LC | (e ? PMCR_E : 0), pmcr_el0);
	isb();
}

static void reset(void)
{
	pmu_reset();
	set_mdcr(HPMN, 0);
}

/* All is set but the flag, which comes last: nothing has to be followed yet. */
static void check_terms(void)
{
	static const u32 counters[] = { MINE, HYP, CYCLE_COUNTER };

	for (u32 i = 0; i < ARRAY_SIZE(counters); i++) {
		u32 n = counters[i];

		for (u32 on = 0; on < 4; on++) {
			bool e = on & 1, hpme = on & 2;

			reset();
			set_mdcr(HPMN, hpme ? MDCR_HPME : 0);
			set_e(e);
			write_sysreg(BIT(n), pmintenset_el1);
			write_sysreg(BIT(n), pmovsset_el0);
			check_eq(check_name("line-%u-e%u-hpme%u", n, e, hpme), line(),
				 n == HYP ? hpme : e);
			write_sysreg(BIT(n), pmovsclr_el0);
			check_eq(check_name("line-%u-e%u-hpme%u-cleared", n, e, hpme), line(), 0);
		}
		reset();
		set_mdcr(HPMN, MDCR_HPME);
		set_e(true);
		write_sysreg(BIT(n), pmovsset_el0);
		check_eq(check_name("line-%u-masked", n), line(), 0);
		write_sysreg(BIT(n), pmintenset_el1);
		check_eq(check_name("line-%u-unmasked", n), line(), 1);
		write_sysreg(BIT(n), pmintenclr_el1);
		check_eq(check_name("line-%u-masked-again", n), line(), 0);
	}
}

/* The flag is there and the enable of its range changes. */
static void check_enables(void)
{
	static const u32 counters[] = { MINE, CYCLE_COUNTER };

	for (u32 i = 0; i < ARRAY_SIZE(counters); i++) {
		u32 n = counters[i];

		for (u32 el = 1; el <= 2; el++) {
			reset();
			write_sysreg(BIT(n), pmintenset_el1);
			write_sysreg(BIT(n), pmovsset_el0);
			at_el(el, write_pmcr, PMCR_LC | PMCR_E);
			check_eq(check_name("rise-%u-e-el%u", n, el), line(), 1);
			write_sysreg(BIT(n), pmovsset_el0);	/* high, if it is not yet */
			at_el(el, write_pmcr, PMCR_LC);
			check_eq(check_name("fall-%u-e-el%u", n, el), line(), 0);
		}
		/* HPME is nothing to it, nor is HPMN to the cycle counter. */
		reset();
		write_sysreg(BIT(n), pmintenset_el1);
		write_sysreg(BIT(n), pmovsset_el0);
		set_mdcr(HPMN, MDCR_HPME);
		check_eq(check_name("still-%u-hpme", n), line(), 0);
	}
	reset();
	write_sysreg(BIT(HYP), pmintenset_el1);
	write_sysreg(BIT(HYP), pmovsset_el0);
	set_mdcr(HPMN, MDCR_HPME);
	check_eq(check_name("rise-%u-hpme", HYP), line(), 1);
	set_e(true);
	write_sysreg(BIT(HYP), pmovsset_el0);
	set_mdcr(HPMN, 0);
	check_eq(check_name("fall-%u-hpme", HYP), line(), 0);
	reset();
	write_sysreg(BIT(HYP), pmintenset_el1);
	write_sysreg(BIT(HYP), pmovsset_el0);
	set_e(true);
	check_eq(check_name("still-%u-e", HYP), line(), 0);
}

/* A counter goes from one range to the other. */
static void check_hpmn(void)
{
	reset();
	write_sysreg(BIT(HYP), pmintenset_el1);
	set_e(true);
	write_sysreg(BIT(HYP), pmovsset_el0);
	set_mdcr(HYP + 1, 0);
	check_eq("rise-hpmn-to-e", line(), 1);
	set_mdcr(HPMN, 0);
	check_eq("fall-hpmn-from-e", line(), 0);
	set_e(false);
	set_mdcr(HYP + 1, MDCR_HPME);
	check_eq("still-hpmn", line(), 0);
	set_mdcr(HPMN, MDCR_HPME);
	check_eq("rise-hpmn-to-hpme", line(), 1);
	set_mdcr(HYP + 1, MDCR_HPME);
	check_eq("fall-hpmn-from-hpme", line(), 0);
	set_e(true);
	set_mdcr(31, 0);
	check_eq("rise-hpmn-31", line(), 1);
}

/* Both ranges have a flag; EL1 takes what is its own. */
static void check_both(void)
{
	reset();
	set_mdcr(HPMN, MDCR_HPME);
	set_e(true);
	write_sysreg(BIT(HYP) | BIT(MINE), pmintenset_el1);
	write_sysreg(BIT(HYP) | BIT(MINE), pmovsset_el0);
	check_eq("both", line(), 1);
	at_el(1, write_pmovsclr, ~0u);
	check_eq("both-el1-clears-its-flag", line(), 1);
	set_mdcr(HPMN, 0);
	check_eq("both-hpme-off", line(), 0);
	set_mdcr(HPMN, MDCR_HPME);
	write_sysreg(BIT(HYP) | BIT(MINE), pmovsset_el0);
	at_el(1, write_pmintenclr, ~0u);
	check_eq("both-el1-masks-its-own", line(), 1);
	write_sysreg(BIT(HYP), pmovsclr_el0);
	check_eq("both-el2-clears-its-flag", line(), 0);
}

/* Real overflows, both ranges at once; the cycles are enough for either. */
static void check_counted(void)
{
	for (u32 on = 0; on < 4; on++) {
		bool e = on & 1, hpme = on & 2;

		reset();
		set_mdcr(HPMN, hpme ? MDCR_HPME : 0);
		pmevtyper_write(MINE, CPU_CYCLES | PMEVTYPER_NSH);
		pmevtyper_write(HYP, CPU_CYCLES | PMEVTYPER_NSH);
		pmevcntr_write(MINE, 0xffffff00);
		pmevcntr_write(HYP, 0xffffff00);
		write_sysreg(BIT(HYP) | BIT(MINE), pmintenset_el1);
		write_sysreg(BIT(HYP) | BIT(MINE), pmcntenset_el0);
		set_e(e);
		pmu_work(10000);
		set_e(false);	/* brings all counters up to date, whatever their timers do */
		set_mdcr(HPMN, 0);
		set_mdcr(HPMN, hpme ? MDCR_HPME : 0);
		set_e(e);
		write_sysreg(0, pmovsset_el0);
		check_eq(check_name("counted-e%u-hpme%u", e, hpme), line(), e || hpme);
		check_hex(check_name("counted-e%u-hpme%u-flags", e, hpme), read_sysreg(pmovsset_el0),
			  (e ? BIT(MINE) : 0) | (hpme ? BIT(HYP) : 0));
	}
}

void probe(void)
{
	check_true("pmu-interrupt", pmu_irq() == PMU_PPI, "INTID %u", pmu_irq());
	gic_set_edge(PMU_PPI, false);
	check_terms();
	check_enables();
	check_hpmn();
	check_both();
	check_counted();
	pmu_reset();
}

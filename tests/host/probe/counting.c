// SPDX-License-Identifier: GPL-2.0-only
/*
 * When a counter counts: its range's enable (PMCR_EL0.E, MDCR_EL2.HPME), prohibition
 * at EL2 (MDCR_EL2.{HPMD,HCCD}, PMCR_EL0.DP) and its filter (PMEVTYPER<n>_EL0 and
 * PMCCFILTR_EL0.{P,U,NSH}); and how wide it is. Needs -icount.
 */
#include "probe.h"

#define HPMN	2
#define MINE	0
#define HYP	3
#define CC	CYCLE_COUNTER
#define LOOPS	1000

#define NSH	PMEVTYPER_NSH
#define P	PMEVTYPER_P
#define U	PMEVTYPER_U

static const struct row {
	const char *name;
	u32 n;
	u64 mdcr;	/* with HPMN */
	u64 pmcr;	/* with LC */
	u64 filter;
	bool el0, el1, el2;	/* counts there */
} rows[] = {
	{ "e-mine", MINE, 0, PMCR_E, NSH, 1, 1, 1 },
	{ "e-hyp", HYP, 0, PMCR_E, NSH, 0, 0, 0 },
	{ "e-cycles", CC, 0, PMCR_E, NSH, 1, 1, 1 },
	{ "hpme-mine", MINE, MDCR_HPME, 0, NSH, 0, 0, 0 },
	{ "hpme-hyp", HYP, MDCR_HPME, 0, NSH, 1, 1, 1 },
	{ "hpme-cycles", CC, MDCR_HPME, 0, NSH, 0, 0, 0 },
	{ "hpmd-mine", MINE, MDCR_HPMD, PMCR_E, NSH, 1, 1, 0 },
	{ "hpmd-hyp", HYP, MDCR_HPMD | MDCR_HPME, 0, NSH, 1, 1, 1 },
	{ "hpmd-cycles", CC, MDCR_HPMD, PMCR_E, NSH, 1, 1, 1 },
	{ "hpmd-dp-cycles", CC, MDCR_HPMD, PMCR_E | PMCR_DP, NSH, 1, 1, 0 },
	{ "dp-cycles", CC, 0, PMCR_E | PMCR_DP, NSH, 1, 1, 1 },
	{ "hccd-mine", MINE, MDCR_HCCD, PMCR_E, NSH, 1, 1, 1 },
	{ "hccd-cycles", CC, MDCR_HCCD, PMCR_E, NSH, 1, 1, 0 },
	{ "filter-mine", MINE, 0, PMCR_E, 0, 1, 1, 0 },
	{ "filter-p-mine", MINE, 0, PMCR_E, P, 1, 0, 0 },
	{ "filter-u-mine", MINE, 0, PMCR_E, U, 0, 1, 0 },
	{ "filter-pu-mine", MINE, 0, PMCR_E, P | U, 0, 0, 0 },
	{ "filter-pu-nsh-mine", MINE, 0, PMCR_E, P | U | NSH, 0, 0, 1 },
	{ "filter-hyp", HYP, MDCR_HPME, 0, 0, 1, 1, 0 },
	{ "filter-p-hyp", HYP, MDCR_HPME, 0, P, 1, 0, 0 },
	{ "filter-u-hyp", HYP, MDCR_HPME, 0, U, 0, 1, 0 },
	{ "filter-pu-nsh-hyp", HYP, MDCR_HPME, 0, P | U | NSH, 0, 0, 1 },
	{ "filter-cycles", CC, 0, PMCR_E, 0, 1, 1, 0 },
	{ "filter-p-cycles", CC, 0, PMCR_E, P, 1, 0, 0 },
	{ "filter-u-cycles", CC, 0, PMCR_E, U, 0, 1, 0 },
	{ "filter-pu-nsh-cycles", CC, 0, PMCR_E, P | U | NSH, 0, 0, 1 },
};

static u64 work(u64 loops)
{
	pmu_work(loops);
	return 0;
}

static u64 counter(u32 n)
{
	return n == CC ? read_sysreg(pmccntr_el0) : pmevcntr_read(n);
}

static void check_row(const struct row *r, u32 event, const char *more)
{
	const bool counts[] = { r->el0, r->el1, r->el2 };

	for (u32 el = 0; el <= 2; el++) {
		u64 n;

		pmu_reset();
		set_mdcr(HPMN, r->mdcr);
		if (r->n == CC)
			write_sysreg(r->filter, pmccfiltr_el0);
		else
			pmevtyper_write(r->n, event | r->filter);
		write_sysreg(BIT(r->n), pmcntenset_el0);
		write_sysreg(PMCR_LC | r->pmcr, pmcr_el0);
		isb();
		n = counter(r->n);
		at_el(el, work, LOOPS);
		n = counter(r->n) - n;
		check_eq(check_name("el%u-%s%s", el, r->name, more), n >= 2 * LOOPS, counts[el]);
	}
}

/*
 * 32 or 64 bits make the difference in what sets the flag (PMCR_EL0.LP below HPMN,
 * MDCR_EL2.HLP from there on, PMCR_EL0.LC); with FEAT_PMUv3p5 all bits count.
 */
static void check_widths(void)
{
	static const struct {
		const char *name;
		u32 n;
		u64 mdcr, pmcr;
		bool wide;
	} widths[] = {
		{ "mine", MINE, MDCR_HLP, 0, false },
		{ "mine-lp", MINE, 0, PMCR_LP, true },
		{ "hyp", HYP, 0, PMCR_LP, false },
		{ "hyp-hlp", HYP, MDCR_HLP, 0, true },
		{ "cycles", CC, MDCR_HLP, PMCR_LP, false },
		{ "cycles-lc", CC, 0, PMCR_LC, true },
	};

	for (u32 i = 0; i < 2 * ARRAY_SIZE(widths); i++) {
		u32 n = widths[i / 2].n;
		bool carry = i % 2;
		u64 v = carry ? 0xffffff00 : -0x100ULL;

		pmu_reset();
		set_mdcr(HPMN, MDCR_HPME | widths[i / 2].mdcr);
		write_sysreg(widths[i / 2].pmcr | PMCR_E, pmcr_el0);
		if (n == CC) {
			write_sysreg(NSH, pmccfiltr_el0);
			write_sysreg(v, pmccntr_el0);
		} else {
			pmevtyper_write(n, CPU_CYCLES | NSH);
			pmevcntr_write(n, v);
		}
		write_sysreg(BIT(n), pmcntenset_el0);
		pmu_work(LOOPS);
		v = counter(n);
		check_hex(check_name("width-%s-%u-flag", widths[i / 2].name, carry ? 32 : 64),
			  read_sysreg(pmovsclr_el0), !carry || !widths[i / 2].wide ? BIT(n) : 0);
		check_eq(check_name("width-%s-%u-value", widths[i / 2].name, carry ? 32 : 64),
			 v >> 32, carry);
	}
}

/* A write to a counter is no overflow. */
static void check_write(void)
{
	pmu_reset();
	pmevtyper_write(MINE, CPU_CYCLES | NSH);
	write_sysreg(BIT(MINE), pmcntenset_el0);
	write_sysreg(PMCR_LC | PMCR_E, pmcr_el0);
	pmevcntr_write(MINE, 0xf0000000);
	pmevcntr_write(MINE, 5);
	(void)pmevcntr_read(MINE);
	check_hex("write-sets-no-flag", read_sysreg(pmovsclr_el0), 0);
}

static void check_exact(void)
{
	for (u32 el = 0; el <= 2; el++) {
		pmu_reset();
		write_sysreg(PMUSERENR_EN, pmuserenr_el0);
		pmevtyper_write(MINE, INST_RETIRED | NSH);
		write_sysreg(BIT(MINE), pmcntenset_el0);
		write_sysreg(PMCR_LC | PMCR_E, pmcr_el0);
		isb();
		check_eq(check_name("el%u-instructions", el), at_el(el, known_loop, 100000), 200000);
	}
}

void probe(void)
{
	for (u32 i = 0; i < ARRAY_SIZE(rows); i++) {
		check_row(&rows[i], CPU_CYCLES, "");
		if (rows[i].n != CC)
			check_row(&rows[i], INST_RETIRED, "-inst");
	}
	check_widths();
	check_write();
	check_exact();
	pmu_reset();
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * MDCR_EL2.HPMN splits the event counters: those below it are EL1's and EL0's, the
 * others EL2's (Arm ARM DDI 0487, "Interaction with EL2" of the PMU's chapter; the
 * fields P<m> of each register's page). What a lower level may reach of them.
 */
#include "probe.h"

#define HPMN		2
#define MARK(n)		(0x100u + (n))

READER(read_pmcr, pmcr_el0)
WRITER(write_pmcr, pmcr_el0)
WRITER(write_pmswinc, pmswinc_el0)
WRITER(write_pmselr, pmselr_el0)
READER(read_pmcntenset, pmcntenset_el0)
READER(read_pmcntenclr, pmcntenclr_el0)
WRITER(write_pmcntenset, pmcntenset_el0)
WRITER(write_pmcntenclr, pmcntenclr_el0)
READER(read_pmintenset, pmintenset_el1)
READER(read_pmintenclr, pmintenclr_el1)
WRITER(write_pmintenset, pmintenset_el1)
WRITER(write_pmintenclr, pmintenclr_el1)
READER(read_pmovsset, pmovsset_el0)
READER(read_pmovsclr, pmovsclr_el0)
WRITER(write_pmovsset, pmovsset_el0)
WRITER(write_pmovsclr, pmovsclr_el0)

/* PMCNTENSET_EL0, PMINTENSET_EL1, PMOVSSET_EL0 and their CLR twins. */
static const struct bitmap {
	const char *name;
	u32 min_el;
	u64 (*read_set)(u64);
	u64 (*read_clr)(u64);
	u64 (*write_set)(u64);
	u64 (*write_clr)(u64);
} bitmaps[] = {
	{ "pmcnten", 0, read_pmcntenset, read_pmcntenclr, write_pmcntenset, write_pmcntenclr },
	{ "pminten", 1, read_pmintenset, read_pmintenclr, write_pmintenset, write_pmintenclr },
	{ "pmovs", 0, read_pmovsset, read_pmovsclr, write_pmovsset, write_pmovsclr },
};

static void check_bitmap(const struct bitmap *b, u32 el, const char *more, u64 mine)
{
	const char *name = b->name;

	b->write_set(~0u);
	check_hex(check_name("el%u-%sset-read%s", el, name, more), at_el(el, b->read_set, 0), mine);
	check_hex(check_name("el%u-%sclr-read%s", el, name, more), at_el(el, b->read_clr, 0), mine);
	at_el(el, b->write_clr, ~0u);
	check_hex(check_name("el%u-%sclr-write%s", el, name, more), b->read_set(0),
		  ALL_COUNTERS & ~mine);
	b->write_clr(~0u);
	at_el(el, b->write_set, ~0u);
	check_hex(check_name("el%u-%sset-write%s", el, name, more), b->read_set(0), mine);
	b->write_clr(~0u);
}

static void check_bitmaps(void)
{
	for (u32 i = 0; i < ARRAY_SIZE(bitmaps); i++) {
		set_mdcr(HPMN, 0);
		for (u32 el = bitmaps[i].min_el; el <= 2; el++)
			check_bitmap(&bitmaps[i], el, "",
				     el == 2 ? ALL_COUNTERS : COUNTERS_BELOW(HPMN));
		set_mdcr(31, 0);
		check_bitmap(&bitmaps[i], 1, "-hpmn-31", ALL_COUNTERS);
		if (has_fgt) {	/* a CPU that also has FEAT_HPMN0 */
			set_mdcr(0, 0);
			check_bitmap(&bitmaps[i], 1, "-hpmn-0", COUNTERS_BELOW(0));
		}
	}
}

/* Which event counters don't hold their mark any more; EL2 looks. */
static u64 changed(u64 (*mark)(u32 n))
{
	u64 v = 0;

	for (u32 n = 0; n < nr_counters; n++) {
		if (pmevcntr_read(n) != mark(n))
			v |= BIT(n);
	}
	return v;
}

static u64 mark(u32 n)
{
	return MARK(n);
}

static void set_marks(u64 type)
{
	for (u32 n = 0; n < nr_counters; n++) {
		pmevtyper_write(n, type);
		pmevcntr_write(n, MARK(n));
	}
}

/* PMCR_EL0.P, PMCR_EL0.C and PMSWINC_EL0.P<m>. */
static void check_strobes(void)
{
	u64 all = BIT(nr_counters) - 1;

	for (u32 el = 0; el <= 2; el++) {
		u64 mine = el == 2 ? all : BIT(HPMN) - 1;

		set_mdcr(HPMN, MDCR_HPME);
		set_marks(SW_INCR | PMEVTYPER_NSH);
		write_sysreg(0x1234, pmccntr_el0);
		at_el(el, write_pmcr, PMCR_LC | PMCR_P);
		check_hex(check_name("el%u-pmcr-p", el), changed(mark), mine);
		check_hex(check_name("el%u-pmcr-p-spares-cycles", el), read_sysreg(pmccntr_el0),
			  0x1234);
		at_el(el, write_pmcr, PMCR_LC | PMCR_C);
		check_hex(check_name("el%u-pmcr-c", el), read_sysreg(pmccntr_el0), 0);

		set_marks(SW_INCR | PMEVTYPER_NSH);
		write_sysreg(~0u, pmcntenset_el0);
		write_sysreg(PMCR_LC | PMCR_E, pmcr_el0);
		at_el(el, write_pmswinc, ~0u);
		write_sysreg(PMCR_LC, pmcr_el0);
		write_sysreg(~0u, pmcntenclr_el0);
		check_hex(check_name("el%u-pmswinc", el), changed(mark), mine);
	}
	set_mdcr(0, 0);
	set_marks(SW_INCR);
	if (has_fgt) {
		at_el(1, write_pmcr, PMCR_LC | PMCR_P);
		check_hex("el1-pmcr-p-hpmn-0", changed(mark), 0);
	}
}

/* PMCR_EL0.N: the number of implemented counters at EL2, else HPMN. */
static void check_n(void)
{
	static const struct {
		u32 hpmn;
		bool hpmn0;	/* needs FEAT_HPMN0 */
	} rows[] = { { 1 }, { HPMN }, { 5 }, { 31 }, { 0, true } };

	for (u32 i = 0; i < ARRAY_SIZE(rows); i++) {
		u32 hpmn = rows[i].hpmn, want = hpmn < nr_counters ? hpmn : nr_counters;

		if (rows[i].hpmn0 && !has_fgt)
			continue;
		set_mdcr(hpmn, 0);
		check_eq(check_name("el2-n-hpmn-%u", hpmn), PMCR_N(read_pmcr(0)), nr_counters);
		check_eq(check_name("el1-n-hpmn-%u", hpmn), PMCR_N(at_el(1, read_pmcr, 0)), want);
		check_eq(check_name("el0-n-hpmn-%u", hpmn), PMCR_N(at_el(0, read_pmcr, 0)), want);
	}
}

/*
 * PMEVCNTR<n>_EL0 and PMEVTYPER<n>_EL0 by number, and PMXEVCNTR_EL0 and
 * PMXEVTYPER_EL0 by PMSELR_EL0.SEL. Writes leave what reads tell from zero.
 */
#define WRITTEN		(PMEVTYPER_NSH | CPU_CYCLES)

#define EACH(X)	X(0) X(1) X(2) X(5) X(6) X(19) X(20) X(30)
#define FUNCTIONS(n)							\
READER(read_cntr##n, pmevcntr##n##_el0)					\
WRITER(write_cntr##n, pmevcntr##n##_el0)				\
READER(read_typer##n, pmevtyper##n##_el0)				\
WRITER(write_typer##n, pmevtyper##n##_el0)
EACH(FUNCTIONS)

READER(read_xcntr, pmxevcntr_el0)
WRITER(write_xcntr, pmxevcntr_el0)
READER(read_xtyper, pmxevtyper_el0)
WRITER(write_xtyper, pmxevtyper_el0)

#define CNTR_ISS(n)	SYS_ISS(3, 3, 14, 8 | (n) >> 3, (n) & 7)
#define TYPER_ISS(n)	SYS_ISS(3, 3, 14, 12 | (n) >> 3, (n) & 7)
#define ROWS(n)								\
	{ "pmevcntr", n, read_cntr##n, write_cntr##n, CNTR_ISS(n) },	\
	{ "pmevtyper", n, read_typer##n, write_typer##n, TYPER_ISS(n) }, \
	{ "pmxevcntr", n, read_xcntr, write_xcntr, SYS_ISS(3, 3, 9, 13, 2) }, \
	{ "pmxevtyper", n, read_xtyper, write_xtyper, SYS_ISS(3, 3, 9, 13, 1) },

static const struct numbered {
	const char *name;
	u32 n;
	u64 (*read)(u64);
	u64 (*write)(u64);
	u32 iss;
} numbered[] = { EACH(ROWS) };

static bool indirect(const struct numbered *r)
{
	return r->name[2] == 'x';
}

static u64 backing(const struct numbered *r)
{
	if (r->n >= nr_counters)
		return 0;
	return r->name[4] == 'c' || r->name[5] == 'c' ? pmevcntr_read(r->n) : pmevtyper_read(r->n);
}

/*
 * With FEAT_FGT an access to one of EL2's counters traps to EL2, and one to a counter
 * that doesn't exist is UNDEFINED; without, both are CONSTRAINED UNPREDICTABLE, and of
 * what is permitted the emulator is to choose RAZ/WI for those that have a register
 * (PMEVCNTR<n>_EL0 and PMXEVCNTR_EL0, "Accessing"). The rest is UNDEFINED either way.
 */
static void check_numbered(const struct numbered *r, u32 el, u32 hpmn, const char *more)
{
	const char *name = check_name("el%u-%s%u%s", el, r->name, r->n, more);
	u32 accessible = el == 2 ? nr_counters : hpmn;
	bool exists = r->n < nr_counters, mine = r->n < accessible, raz = false;
	u64 undefined = to_el(el == 2 ? 2 : 1, UNDEFINED), want = ALLOWED, how, v = 0;

	if (!mine && has_fgt)
		want = exists ? to_el(2, r->iss) : undefined;
	else if (!exists && !indirect(r))
		want = undefined;
	else if (!mine)
		raz = true;
	set_mdcr(nr_counters, 0);
	set_marks(CPU_CYCLES | PMEVTYPER_NSH);
	write_sysreg(r->n, pmselr_el0);
	set_mdcr(hpmn, 0);

	how = outcome(el, r->read, 0, &v);
	if (how == ALLOWED && how == want)
		check_hex(check_name("%s-read", name), v, raz ? 0 : backing(r));
	else
		check_hex(check_name("%s-read", name), how,
			  want == ALLOWED || want == undefined ? want : want | ISS_READ);
	how = outcome(el, r->write, WRITTEN | PMEVTYPER_P, NULL);
	if (how == ALLOWED && how == want && exists)
		check_eq(check_name("%s-write", name), backing(r) == (WRITTEN | PMEVTYPER_P), mine);
	else
		check_hex(check_name("%s-write", name), how, want);
}

static void check_all_numbered(void)
{
	for (u32 i = 0; i < ARRAY_SIZE(numbered); i++) {
		for (u32 el = 0; el <= 2; el++)
			check_numbered(&numbered[i], el, HPMN, "");
		if (numbered[i].n && numbered[i].n + 1 != nr_counters)
			continue;
		check_numbered(&numbered[i], 1, nr_counters, "-hpmn-n");
		if (has_fgt)
			check_numbered(&numbered[i], 1, 0, "-hpmn-0");
	}
}

/* PMSELR_EL0: five bits; 31 lets PMXEVTYPER_EL0 stand for PMCCFILTR_EL0. */
static void check_selr(void)
{
	u64 v = 0;

	set_mdcr(HPMN, 0);
	write_sysreg(PMEVTYPER_P, pmccfiltr_el0);
	for (u32 el = 0; el <= 2; el++) {
		at_el(el, write_pmselr, ~0u);
		check_hex(check_name("el%u-pmselr", el), read_sysreg(pmselr_el0), 31);
		check_hex(check_name("el%u-pmxevtyper31", el), outcome(el, read_xtyper, 0, &v), ALLOWED);
		check_hex(check_name("el%u-pmxevtyper31-value", el), v, PMEVTYPER_P);
	}
	write_sysreg(0, pmccfiltr_el0);
}

/* What PMUSERENR_EL0 denies to EL0 is EL1's affair, even of one of EL2's counters. */
static void check_order(void)
{
	set_mdcr(HPMN, 0);
	write_sysreg(0, pmuserenr_el0);
	check_hex("el0-pmevcntr5-denied", outcome(0, read_cntr5, 0, NULL),
		  to_el(1, CNTR_ISS(5) | ISS_READ));
	check_hex("el0-pmevtyper5-denied", outcome(0, write_typer5, 0, NULL),
		  to_el(1, TYPER_ISS(5)));
	/* ER is for reads of event counters alone. */
	write_sysreg(PMUSERENR_ER, pmuserenr_el0);
	check_hex("el0-pmevcntr5-er-read", outcome(0, read_cntr5, 0, NULL),
		  has_fgt ? to_el(2, CNTR_ISS(5) | ISS_READ) : ALLOWED);
	check_hex("el0-pmevcntr5-er-write", outcome(0, write_cntr5, 0, NULL),
		  to_el(1, CNTR_ISS(5)));
}

void probe(void)
{
	check_eq("mdcr-el2-hpmn-reset", read_sysreg(mdcr_el2) & 31, nr_counters);
	pmu_reset();
	write_sysreg(0xf, pmuserenr_el0);
	check_bitmaps();
	check_strobes();
	check_n();
	check_all_numbered();
	check_selr();
	check_order();
}

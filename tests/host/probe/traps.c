// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who gets an access to a PMU register of EL1 or EL0: PMUSERENR_EL0 sends EL0's to
 * EL1, MDCR_EL2.{TPM,TPMCR} and FEAT_FGT's HDFGRTR_EL2 and HDFGWTR_EL2 send both to
 * EL2 (their pages in the Arm ARM, and "Accessing" of each register's).
 */
#include "probe.h"

#define EN	PMUSERENR_EN
#define SW	PMUSERENR_SW
#define CR	PMUSERENR_CR
#define ER	PMUSERENR_ER
#define ALWAYS	0x10

/*
 * X(register, op1, CRn, CRm, op2, PMUSERENR_EL0 bits that let EL0 read it, those that
 * let EL0 write it, its bits in HDFGRTR_EL2 and HDFGWTR_EL2). A bit of 0: none.
 */
#define READ_WRITE(X)							\
	X(pmcr_el0, 3, 9, 12, 0, EN, EN, 0, 21)				\
	X(pmcntenset_el0, 3, 9, 12, 1, EN, EN, 16, 16)			\
	X(pmcntenclr_el0, 3, 9, 12, 2, EN, EN, 16, 16)			\
	X(pmovsclr_el0, 3, 9, 12, 3, EN, EN, 18, 18)			\
	X(pmovsset_el0, 3, 9, 14, 3, EN, EN, 18, 18)			\
	X(pmselr_el0, 3, 9, 12, 5, EN | ER, EN | ER, 19, 19)		\
	X(pmccntr_el0, 3, 9, 13, 0, EN | CR, EN, 15, 15)		\
	X(pmxevtyper_el0, 3, 9, 13, 1, EN, EN, 13, 13)			\
	X(pmxevcntr_el0, 3, 9, 13, 2, EN | ER, EN, 12, 12)		\
	X(pmevcntr0_el0, 3, 14, 8, 0, EN | ER, EN, 12, 12)		\
	X(pmevtyper0_el0, 3, 14, 12, 0, EN, EN, 13, 13)			\
	X(pmccfiltr_el0, 3, 14, 15, 7, EN, EN, 14, 14)			\
	X(pmuserenr_el0, 3, 9, 14, 0, ALWAYS, 0, 57, 57)		\
	X(pmintenset_el1, 0, 9, 14, 1, 0, 0, 17, 17)			\
	X(pmintenclr_el1, 0, 9, 14, 2, 0, 0, 17, 17)
#define READ_ONLY(X)							\
	X(pmceid0_el0, 3, 9, 12, 6, EN, 0, 58, 0)			\
	X(pmceid1_el0, 3, 9, 12, 7, EN, 0, 58, 0)			\
	X(pmmir_el1, 0, 9, 14, 6, 0, 0, 22, 0)
#define WRITE_ONLY(X)							\
	X(pmswinc_el0, 3, 9, 12, 4, 0, EN | SW, 0, 20)

/* One that the assembler knows only by number without a later architecture. */
#define pmmir_el1		s3_0_c9_c14_6

#define READ_FN(reg, ...)	READER(read_##reg, reg)
#define WRITE_FN(reg, ...)	WRITER(write_##reg, reg)
READ_WRITE(READ_FN)
READ_WRITE(WRITE_FN)
READ_ONLY(READ_FN)
WRITE_ONLY(WRITE_FN)

#define ROW(reg, rd, wr, op1, crn, crm, op2, r, w, fr, fw)		\
	{ #reg, rd, wr, SYS_ISS(3, op1, crn, crm, op2), r, w, fr, fw, op1 == 3 },
#define RW_ROW(reg, ...)	ROW(reg, read_##reg, write_##reg, __VA_ARGS__)
#define R_ROW(reg, ...)		ROW(reg, read_##reg, NULL, __VA_ARGS__)
#define W_ROW(reg, ...)		ROW(reg, NULL, write_##reg, __VA_ARGS__)

static const struct reg {
	const char *name;
	u64 (*read)(u64);
	u64 (*write)(u64);
	u32 iss;
	u32 el0_reads, el0_writes;	/* PMUSERENR_EL0 bits, any of which allows it */
	u32 fgt_read, fgt_write;
	bool of_el0;			/* encoded as a register of EL0 */
} regs[] = {
	READ_WRITE(RW_ROW)
	READ_ONLY(R_ROW)
	WRITE_ONLY(W_ROW)
};

/* One direction of a register. */
struct access {
	char name[32];
	u64 (*fn)(u64);
	u32 iss;
	u32 allowed_by;
	u32 fgt_bit;
	bool of_el0;
};

static const u8 settings[] = { 0, EN, SW, CR, ER, EN | SW | CR | ER };

static void reset(u64 mdcr, u32 userenr)
{
	set_mdcr(nr_counters, mdcr);
	write_sysreg(0, pmselr_el0);
	write_sysreg(userenr, pmuserenr_el0);
	isb();
}

static bool is_pmcr(const struct access *a)
{
	return a->fn == read_pmcr_el0 || a->fn == write_pmcr_el0;
}

/*
 * What EL0 finds: EL1's controls come first. Where EL0 has no such access at all, that
 * is UNDEFINED: a register of EL1, and PMUSERENR_EL0, which EL0 can't write. (Writes of
 * registers that are read-only aren't in the table.)
 */
static u64 expect_el0(const struct access *a, u32 userenr, bool el2_traps)
{
	if (!a->of_el0 || a->fn == write_pmuserenr_el0)
		return to_el(1, UNDEFINED);
	if (!(a->allowed_by & (userenr | ALWAYS)))
		return to_el(1, a->iss);
	return el2_traps ? to_el(2, a->iss) : ALLOWED;
}

/* Every setting of PMUSERENR_EL0; the result has a bit for each that went wrong. */
static u64 wrong_at_el0(const struct access *a, u64 mdcr, bool el2_traps)
{
	u64 wrong = 0;

	for (u32 i = 0; i < ARRAY_SIZE(settings); i++) {
		reset(mdcr, settings[i]);
		if (outcome(0, a->fn, 0, NULL) != expect_el0(a, settings[i], el2_traps))
			wrong |= BIT(settings[i]);
	}
	return wrong;
}

static void check_mdcr(const struct access *a)
{
	reset(0, 0);
	check_hex(check_name("el1-%s", a->name), outcome(1, a->fn, 0, NULL), ALLOWED);
	check_hex(check_name("userenr-%s", a->name), wrong_at_el0(a, 0, false), 0);
	reset(MDCR_TPM, 0);
	check_hex(check_name("tpm-el1-%s", a->name), outcome(1, a->fn, 0, NULL), to_el(2, a->iss));
	check_hex(check_name("tpm-el0-%s", a->name), wrong_at_el0(a, MDCR_TPM, true), 0);
	reset(MDCR_TPMCR, 0);
	check_hex(check_name("tpmcr-el1-%s", a->name), outcome(1, a->fn, 0, NULL),
		  is_pmcr(a) ? to_el(2, a->iss) : ALLOWED);
	check_hex(check_name("tpmcr-el0-%s", a->name), wrong_at_el0(a, MDCR_TPMCR, is_pmcr(a)), 0);
	reset(MDCR_TPM | MDCR_TPMCR, 0);
	check_hex(check_name("tpm-el2-%s", a->name), outcome(2, a->fn, 0, NULL), ALLOWED);
}

/*
 * The register's bit alone, for reads in HDFGRTR_EL2 and for writes in HDFGWTR_EL2, and
 * then all bits but that one, of which none may trap it.
 */
static void check_fgt(const struct access *a)
{
	bool read = a->iss & ISS_READ;

	for (u32 i = 0; i < 2; i++) {
		u64 bits = a->fgt_bit ? BIT(a->fgt_bit) : 0;
		bool trapped = !i && bits;
		const char *more = i ? "-others" : "";
		u64 both = i ? ~bits & (0x7ffULL << 12 | BIT(57) | BIT(58)) : bits;

		if (!i && !bits)
			continue;
		reset(0, 0);
		write_named(i || read ? both : 0, HDFGRTR_EL2);
		write_named(i || !read ? both : 0, HDFGWTR_EL2);
		isb();
		check_hex(check_name("fgt%s-el1-%s", more, a->name), outcome(1, a->fn, 0, NULL),
			  trapped ? to_el(2, a->iss) : ALLOWED);
		check_hex(check_name("fgt%s-el0-%s", more, a->name), wrong_at_el0(a, 0, trapped), 0);
		check_hex(check_name("fgt%s-el2-%s", more, a->name), outcome(2, a->fn, 0, NULL), ALLOWED);
		write_named(0, HDFGRTR_EL2);
		write_named(0, HDFGWTR_EL2);
		isb();
	}
}

static void check_access(const struct access *a)
{
	check_mdcr(a);
	if (has_fgt)
		check_fgt(a);
}

void probe(void)
{
	pmu_reset();
	for (u32 i = 0; i < ARRAY_SIZE(regs); i++) {
		const struct reg *r = &regs[i];
		struct access read = {
			.fn = r->read, .iss = r->iss | ISS_READ, .allowed_by = r->el0_reads,
			.fgt_bit = r->fgt_read, .of_el0 = r->of_el0,
		};
		struct access write = {
			.fn = r->write, .iss = r->iss, .allowed_by = r->el0_writes,
			.fgt_bit = r->fgt_write, .of_el0 = r->of_el0,
		};

		format(read.name, sizeof(read.name), "%s-read", r->name);
		format(write.name, sizeof(write.name), "%s-write", r->name);
		if (read.fn)
			check_access(&read);
		if (write.fn)
			check_access(&write);
	}
}

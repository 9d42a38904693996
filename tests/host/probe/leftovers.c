// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is known to be wrong and stays so: see docs/emulator.md. A check here that
 * begins to hold means that the list there is out of date.
 */
#include "probe.h"

/* Common events that PMUv3 requires, of the first 32: all but INST_RETIRED. */
#define SW_INCR_BIT		BIT(0x00)
#define L1D_CACHE_REFILL	BIT(0x03)
#define L1D_CACHE		BIT(0x04)
#define BR_MIS_PRED		BIT(0x10)
#define CPU_CYCLES_BIT		BIT(0x11)
#define BR_PRED			BIT(0x12)
#define CHAIN_BIT		BIT(0x1e)
#define REQUIRED (SW_INCR_BIT | L1D_CACHE_REFILL | L1D_CACHE | BR_MIS_PRED | CPU_CYCLES_BIT | BR_PRED)

/* Ten reads of a register, each with three more instructions. */
#define COUNTED(name, reg)						\
static u64 name(u64 arg)						\
{									\
	u64 before, after, v;						\
									\
	asm volatile("	isb\n"						\
		     "	mrs	%0, pmevcntr0_el0\n"			\
		     "	.rept	10\n"					\
		     "	mrs	%2, " #reg "\n"				\
		     "	nop\n"						\
		     "	nop\n"						\
		     "	nop\n"						\
		     "	.endr\n"					\
		     "	mrs	%1, pmevcntr0_el0\n"			\
		     : "=&r"(before), "=&r"(after), "=&r"(v) : : "memory"); \
	return after - before - 1;					\
}

COUNTED(read_pmccfiltr, pmccfiltr_el0)
COUNTED(read_pmselr, pmselr_el0)

static u64 count_at_el1(u64 (*fn)(u64), u64 fgt)
{
	pmu_reset();
	set_mdcr(nr_counters, MDCR_HPMD);
	if (has_fgt)
		write_named(fgt, HDFGRTR_EL2);
	pmevtyper_write(0, INST_RETIRED);
	write_sysreg(BIT(0), pmcntenset_el0);
	write_sysreg(PMCR_LC | PMCR_E, pmcr_el0);
	isb();
	return at_el(1, fn, 0);
}

static bool aarch64_only(void)
{
	u64 id = read_sysreg(id_aa64pfr0_el1);

	return (id & 0xf) == 1;
}

void probe(void)
{
	u64 id = read_sysreg(pmceid0_el0);

	/* An instruction that traps isn't retired: the register's bit in HDFGRTR_EL2. */
	if (has_fgt && id >> INST_RETIRED & 1) {
		check_eq("instructions-not-trapped", count_at_el1(read_pmselr, 0), 40);
		check_eq("instructions-trapped", count_at_el1(read_pmccfiltr, BIT(14)), 30);
		check_eq("instructions-trapped-no-io", count_at_el1(read_pmselr, BIT(19)), 30);
	}
	pmu_reset();
	check_hex("required-events", id & REQUIRED, REQUIRED);
	check_eq("inst-retired", id >> INST_RETIRED & 1, 1);
	if (pmu_version() < PMUV3P5)	/* later ones have 64-bit counters instead */
		check_eq("chain", id >> CHAIN & 1, 1);

	/* MDCR_EL2[63:51] and HDFGRTR_EL2[62], without the features that use them. */
	write_sysreg(~0ULL & ~31ULL, mdcr_el2);
	check_hex("mdcr-el2-res0", read_sysreg(mdcr_el2) >> 51, 0);
	set_mdcr(nr_counters, 0);
	if (has_fgt) {
		write_named(BIT(49), HDFGRTR_EL2);
		check_hex("hdfgrtr-el2-res0", read_named(HDFGRTR_EL2), 0);
		write_named(0, HDFGRTR_EL2);
	}

	/* PMCR_EL0.LC is RES1 where no exception level has AArch32. */
	if (aarch64_only()) {
		write_sysreg(0, pmcr_el0);
		check_hex("pmcr-lc", read_sysreg(pmcr_el0) & PMCR_LC, PMCR_LC);
	}
	pmu_reset();
}

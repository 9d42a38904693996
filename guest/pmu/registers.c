// SPDX-License-Identifier: GPL-2.0-only
/* Identity, reset values, control bits, set/clear pairs, counters beyond N. */
#include "pmu-guest.h"

/* None of the guest's bits is set, nor may one of the host's show. */
static void check_reset(const char *name, u64 got)
{
	if (got && !(got & all_counters()) && emulated())
		check_skip(name, "the emulator shows counters above N (0x%llx)",
			   (unsigned long long)got);
	else
		check_hex(name, got, 0);
}

void check_identity(void)
{
	u64 pmcr = read_sysreg(pmcr_el0);
	bool cleared = arg_u64("cleared", 0);
	u32 counters = 0, types = 0;

	if (arg_given("counters"))
		check_eq("counters", nr_counters, arg_u64("counters", 0));
	if (arg_given("irq"))
		check_eq("irq-number", pmu_irq(), arg_u64("irq", 0));
	check_true("irq-is-ppi", pmu_irq() >= 16 && pmu_irq() < 32, "INTID %u", pmu_irq());
	check_range("pmuver", version, 1, 0xe);
	check_hex("pmcr-reset", pmcr & (PMCR_E | PMCR_P | PMCR_C), 0);

	if (!cleared) {
		check_skip("reset-values", "UNKNOWN by architecture (cleared=1 wants 0)");
		return;
	}
	check_reset("reset-pmcnten", read_sysreg(pmcntenset_el0));
	check_reset("reset-pminten", read_sysreg(pmintenset_el1));
	check_reset("reset-pmovs", read_sysreg(pmovsset_el0));
	check_hex("reset-pmuserenr", read_sysreg(pmuserenr_el0), 0);
	check_hex("reset-pmselr", read_sysreg(pmselr_el0), 0);
	check_hex("reset-pmccntr", read_sysreg(pmccntr_el0), 0);
	check_hex("reset-pmccfiltr", read_sysreg(pmccfiltr_el0), 0);
	for (u32 i = 0; i < nr_counters; i++) {
		counters += pmevcntr_read(i) != 0;
		types += pmevtyper_read(i) != 0;
	}
	check_eq("reset-pmevcntr", counters, 0);
	check_eq("reset-pmevtyper", types, 0);
}

/* Both halves of a set/clear pair read as the same bits. */
#define SET_CLEAR(name, set, clr) do {					\
	u64 all = all_counters(), one = nr_counters ? 1 : CYCLE_BIT, got;	\
									\
	write_sysreg(0xffffffff, set);					\
	got = read_sysreg(set);						\
	if (got != all && got == ((u32)got | all) && emulated() &&	\
	    !(got & ~(CYCLE_BIT | 0x7fffffff)))				\
		check_skip(name "-mask", "the emulator shows counters above N (0x%llx)", \
			   (unsigned long long)got);			\
	else								\
		check_hex(name "-mask", got, all);			\
	check_hex(name "-clr-reads", read_sysreg(clr) & all, all);	\
	write_sysreg(one, clr);						\
	check_hex(name "-clr-one", read_sysreg(set) & all, all & ~one);	\
	write_sysreg(0, set);						\
	write_sysreg(0, clr);						\
	check_hex(name "-zero-ignored", read_sysreg(set) & all, all & ~one); \
	write_sysreg(one, set);						\
	check_hex(name "-set-one", read_sysreg(clr) & all, all);	\
	write_sysreg(0xffffffff, clr);					\
	check_hex(name "-clr-all", read_sysreg(set) & all, 0);		\
} while (0)

static void check_pmcr(void)
{
	u64 v;

	write_sysreg(PMCR_LC | PMCR_E, pmcr_el0);
	isb();
	check_hex("pmcr-e-set", read_sysreg(pmcr_el0) & PMCR_E, PMCR_E);
	write_sysreg(PMCR_LC, pmcr_el0);
	isb();
	check_hex("pmcr-e-clear", read_sysreg(pmcr_el0) & PMCR_E, 0);
	write_sysreg(PMCR_LC | PMCR_P | PMCR_C, pmcr_el0);
	isb();
	check_hex("pmcr-p-c-read-zero", read_sysreg(pmcr_el0) & (PMCR_P | PMCR_C), 0);
	write_sysreg(PMCR_LC, pmcr_el0);
	isb();
	v = read_sysreg(pmcr_el0);
	check_eq("pmcr-n-read-only", PMCR_N(v), nr_counters);
	check_hex("pmcr-lc", v & PMCR_LC, PMCR_LC);
	write_sysreg(PMCR_LC | PMCR_D, pmcr_el0);
	isb();
	check_hex("pmcr-d", read_sysreg(pmcr_el0) & PMCR_D, PMCR_D);
	write_sysreg(PMCR_LC | PMCR_LP, pmcr_el0);
	isb();
	v = read_sysreg(pmcr_el0) & PMCR_LP;
	check_hex("pmcr-lp", v, version >= PMUV3P5 ? PMCR_LP : 0);
	write_sysreg(PMCR_LC, pmcr_el0);
	isb();
}

static void check_select(void)
{
	u32 last = nr_counters - 1, others = 0;

	write_sysreg(31, pmselr_el0);
	isb();
	check_hex("pmselr", read_sysreg(pmselr_el0) & 0x1f, 31);
	write_sysreg(PMEVTYPER_P, pmxevtyper_el0);
	isb();
	check_hex("pmxevtyper-31-is-pmccfiltr", read_sysreg(pmccfiltr_el0) & PMEVTYPER_P,
		  PMEVTYPER_P);
	write_sysreg(0, pmccfiltr_el0);
	isb();
	check_hex("pmccfiltr-clear", read_sysreg(pmxevtyper_el0), 0);
	if (!nr_counters) {
		check_skip("pmxev", "no event counters");
		return;
	}
	write_sysreg(last, pmselr_el0);
	isb();
	write_sysreg(CPU_CYCLES | PMEVTYPER_U, pmxevtyper_el0);
	write_sysreg(0x1234, pmxevcntr_el0);
	isb();
	check_hex("pmxevtyper", pmevtyper_read(last), CPU_CYCLES | PMEVTYPER_U);
	check_hex("pmxevcntr", pmevcntr_read(last), 0x1234);
	pmevcntr_write(last, 0x4321);
	pmevtyper_write(last, INST_RETIRED);
	check_hex("pmxevcntr-reads", read_sysreg(pmxevcntr_el0), 0x4321);
	check_hex("pmxevtyper-reads", read_sysreg(pmxevtyper_el0), INST_RETIRED);
	/* 64-bit counters came with PMUv3p5. */
	pmevcntr_write(last, 0x123456789abcdef0);
	check_hex("pmevcntr-width", pmevcntr_read(last),
		  version >= PMUV3P5 ? 0x123456789abcdef0 : 0x9abcdef0);
	for (u32 i = 0; i < nr_counters; i++)
		pmevcntr_write(i, 100 + i);
	for (u32 i = 0; i < nr_counters; i++)
		others += pmevcntr_read(i) != 100 + i;
	check_eq("pmevcntr-own", others, 0);
}

void check_registers(void)
{
	pmu_clear();
	check_pmcr();
	SET_CLEAR("pmcnten", pmcntenset_el0, pmcntenclr_el0);
	SET_CLEAR("pminten", pmintenset_el1, pmintenclr_el1);
	SET_CLEAR("pmovs", pmovsset_el0, pmovsclr_el0);
	check_select();
	pmu_clear();
}

/*
 * Counters from N up: direct access is UNDEFINED, RAZ/WI or a no-op, and
 * through PMSELR also an UNKNOWN value or another counter's
 * (CONSTRAINED UNPREDICTABLE). Whatever is chosen, nothing that is written may
 * come back, and what exists must stay as it is.
 */
void check_unimplemented(void)
{
	u32 undefined = 0, zero = 0, kept = 0, changed = 0, beyond = 31 - nr_counters;

	pmu_clear();
	if (!beyond) {
		check_skip("unimplemented", "all 31 counters exist");
		return;
	}
	for (u32 n = nr_counters; n < 31; n++) {
		u64 v, t;

		trap_expect();
		pmevcntr_write(n, 0x5a5a5a5a);
		pmevtyper_write(n, CPU_CYCLES);
		t = pmevtyper_read(n);
		v = pmevcntr_read(n);
		if (trap_seen(NULL) == 4)
			undefined++;
		else if (v == 0x5a5a5a5a || t == CPU_CYCLES)
			kept++;
		else
			zero++;
	}
	if (kept && emulated())
		check_skip("unimplemented-direct",
			   "the emulator doesn't hide counters above HPMN (%u reached)", kept);
	else
		check_true("unimplemented-direct", !kept, "%u of %u counters from N up work",
			   kept, beyond);
	print("counters from N up: %u UNDEFINED, %u RAZ/WI\n", undefined, zero);

	for (u32 i = 0; i < nr_counters; i++)
		pmevcntr_write(i, 1000 + i);
	trap_expect();
	for (u32 n = nr_counters; n < 31; n++) {
		write_sysreg(n, pmselr_el0);
		isb();
		read_sysreg(pmxevtyper_el0);
		read_sysreg(pmxevcntr_el0);
	}
	write_sysreg(0, pmselr_el0);
	isb();
	print("PMXEV* from N up: %u of %u accesses UNDEFINED\n", trap_seen(NULL), 2 * beyond);
	for (u32 i = 0; i < nr_counters; i++)
		changed += pmevcntr_read(i) != 1000 + i;
	check_eq("unimplemented-harmless", changed, 0);
	pmu_clear();
}

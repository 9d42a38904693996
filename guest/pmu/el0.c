// SPDX-License-Identifier: GPL-2.0-only
/*
 * What PMUSERENR_EL0 lets EL0 do. A row is one access at EL0, the PMUSERENR_EL0
 * bits of which any one allows it, and what it should find.
 */
#include "pmu-guest.h"

#define EL0_READ(reg)	static u64 read_##reg(u64 arg) { return read_sysreg(reg##_el0); }
#define EL0_WRITE(reg)	static u64 write_##reg(u64 v) { write_sysreg(v, reg##_el0); return 0; }

EL0_READ(pmcr)
EL0_READ(pmcntenset)
EL0_READ(pmovsclr)
EL0_READ(pmselr)
EL0_READ(pmccntr)
EL0_READ(pmevcntr0)
EL0_READ(pmxevcntr)
EL0_READ(pmxevtyper)
EL0_READ(pmccfiltr)
EL0_READ(pmceid0)
EL0_READ(pmuserenr)
EL0_WRITE(pmcr)
EL0_WRITE(pmcntenset)
EL0_WRITE(pmovsclr)
EL0_WRITE(pmselr)
EL0_WRITE(pmswinc)
EL0_WRITE(pmccntr)
EL0_WRITE(pmevcntr0)
EL0_WRITE(pmuserenr)

static u64 read_pmintenset(u64 arg)
{
	return read_sysreg(pmintenset_el1);
}

static u64 el0_work(u64 loops)
{
	pmu_work(loops);
	return 0;
}

#define EN	PMUSERENR_EN
#define SW	PMUSERENR_SW
#define CR	PMUSERENR_CR
#define ER	PMUSERENR_ER
#define ALWAYS	0x10
#define NEVER	0

static const struct {
	const char *name;
	u64 (*access)(u64);
	u64 arg;
	u32 allowed_by;
	/* Stock QEMU lets EL0 past MDCR_EL2.TPM here when the host allows it. */
	bool bypass;
	/* Of event counter 0: UNDEFINED where there is none. */
	bool counter;
} accesses[] = {
	{ "pmcr-read", read_pmcr, 0, EN },
	{ "pmcr-write", write_pmcr, PMCR_LC, EN },
	{ "pmcntenset-read", read_pmcntenset, 0, EN },
	{ "pmcntenset-write", write_pmcntenset, 0, EN },
	{ "pmovsclr-read", read_pmovsclr, 0, EN },
	{ "pmovsclr-write", write_pmovsclr, 0, EN },
	{ "pmceid0-read", read_pmceid0, 0, EN },
	{ "pmccfiltr-read", read_pmccfiltr, 0, EN },
	{ "pmxevtyper-read", read_pmxevtyper, 0, EN, .counter = true },
	{ "pmselr-read", read_pmselr, 0, EN | ER, true },
	{ "pmselr-write", write_pmselr, 0, EN | ER, true },
	{ "pmswinc-write", write_pmswinc, 0, EN | SW, true },
	{ "pmccntr-read", read_pmccntr, 0, EN | CR, true },
	{ "pmccntr-write", write_pmccntr, 0, EN },
	{ "pmevcntr-read", read_pmevcntr0, 0, EN | ER, true, true },
	{ "pmxevcntr-read", read_pmxevcntr, 0, EN | ER, true, true },
	{ "pmevcntr-write", write_pmevcntr0, 0, EN, .counter = true },
	{ "pmuserenr-read", read_pmuserenr, 0, ALWAYS },
	{ "pmuserenr-write", write_pmuserenr, 0xf, NEVER },
	{ "pmintenset-read", read_pmintenset, 0, NEVER },
};

static const struct {
	const char *name;
	u32 bits;
} settings[] = {
	{ "none", 0 }, { "en", EN }, { "sw", SW }, { "cr", CR }, { "er", ER },
	{ "all", EN | SW | CR | ER },
};

/*
 * The emulator's gap shows where EL0 reads a PMSELR_EL0 that EL1 didn't write:
 * the access went to the host's register instead of to the hypervisor.
 */
static bool el0_bypasses_traps(void)
{
	bool wrong = false;

	write_sysreg(EN, pmuserenr_el0);
	for (u32 i = 1; i < 4; i++) {
		write_sysreg(i, pmselr_el0);
		isb();
		trap_expect();
		wrong |= el0_call(read_pmselr, 0) != i;
		wrong |= trap_seen(NULL);
	}
	write_sysreg(0, pmuserenr_el0);
	write_sysreg(0, pmselr_el0);
	isb();
	return wrong;
}

static void check_matrix(bool bypass)
{
	for (size_t s = 0; s < ARRAY_SIZE(settings); s++) {
		u32 wrong = 0, excused = 0;
		char list[96] = "";
		int len = 0;

		for (size_t i = 0; i < ARRAY_SIZE(accesses); i++) {
			bool allowed = accesses[i].allowed_by == ALWAYS ||
				       accesses[i].allowed_by & settings[s].bits;
			u32 traps;
			u64 esr;

			if (accesses[i].counter && !nr_counters)
				continue;
			pmu_clear();
			write_sysreg(settings[s].bits, pmuserenr_el0);
			isb();
			trap_expect();
			el0_call(accesses[i].access, accesses[i].arg);
			traps = trap_seen(&esr);
			if (traps == !allowed)
				continue;
			/*
			 * With a partitioned PMU it shows only while KVM has the
			 * registers in memory, say after the vCPU was preempted.
			 */
			if (accesses[i].bypass && (bypass || (emulated() && !traps))) {
				excused++;
				continue;
			}
			wrong++;
			len += format(list + len, sizeof(list) - len, " %s", accesses[i].name);
		}
		check_true(check_name("el0-%s", settings[s].name), !wrong, "wrong:%s", list);
		if (excused)
			check_skip(check_name("el0-%s-bypass", settings[s].name),
				   "the emulator lets EL0 past the hypervisor's trap (%u accesses)",
				   excused);
	}
}

static void check_values(bool bypass)
{
	u64 v;

	pmu_clear();
	write_sysreg(0x123456789, pmccntr_el0);
	write_sysreg(EN | CR | ER, pmuserenr_el0);
	isb();
	v = el0_call(read_pmccntr, 0);
	if (bypass) {
		check_skip("el0-values", "the emulator lets EL0 past the hypervisor's trap");
		return;
	}
	check_hex("el0-pmccntr-value", v, 0x123456789);
	if (!nr_counters)
		return;
	pmevcntr_write(0, 0x777);
	check_hex("el0-pmevcntr-value", el0_call(read_pmevcntr0, 0), 0x777);
	pmevtyper_write(0, SW_INCR);
	pmevcntr_write(0, 0);
	write_sysreg(SW, pmuserenr_el0);
	write_sysreg(1, pmcntenset_el0);
	write_sysreg(PMCR_LC | PMCR_E, pmcr_el0);
	isb();
	el0_call(write_pmswinc, 1);
	/* Filtered out it isn't advertised, but KVM never filters it (see check_filter()). */
	if (pmu_has_event(SW_INCR))
		check_eq("el0-sw-incr-counts", pmevcntr_read(0), 1);
}

/* U and P of an event's type tell the two exception levels apart. */
static void check_levels(void)
{
	u64 both, user, kernel;

	if (nr_counters < 2 || !pmu_has_event(CPU_CYCLES)) {
		check_skip("el0-levels", "needs two counters and CPU_CYCLES");
		return;
	}
	pmu_clear();
	pmevtyper_write(0, CPU_CYCLES | PMEVTYPER_P);
	pmevtyper_write(1, CPU_CYCLES | PMEVTYPER_U);
	write_sysreg(3 | CYCLE_BIT, pmcntenset_el0);
	write_sysreg(PMCR_LC | PMCR_E, pmcr_el0);
	isb();
	el0_call(el0_work, 100000);
	write_sysreg(PMCR_LC, pmcr_el0);
	isb();
	user = pmevcntr_read(0);
	kernel = pmevcntr_read(1);
	both = read_sysreg(pmccntr_el0);
	print("cycles at EL0 %llu, EL1 %llu, both %llu\n", (unsigned long long)user,
	      (unsigned long long)kernel, (unsigned long long)both);
	check_true("el0-cycles", user, "none counted at EL0");
	/* Elsewhere time goes on where an emulator's CPU has to wait. */
	if (!arg_u64("exact", 0))
		return;
	check_true("el0-not-el1", kernel < user, "%llu at EL1", (unsigned long long)kernel);
	check_range("el0-exact", user, 200000ULL << arg_u64("shift", 0),
		    200100ULL << arg_u64("shift", 0));
}

void check_el0(void)
{
	bool bypass = el0_bypasses_traps();

	if (bypass && !emulated()) {
		check_true("el0-pmselr", false, "EL0 doesn't see what EL1 wrote");
		bypass = false;
	}
	check_matrix(bypass);
	check_values(bypass);
	check_levels();
	write_sysreg(0, pmuserenr_el0);
	pmu_clear();
}

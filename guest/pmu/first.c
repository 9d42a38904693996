// SPDX-License-Identifier: GPL-2.0-only
/*
 * The first access of all to the PMU: whichever it is, it finds the guest's own
 * registers. The values are those after reset where the VMM clears them
 * (cleared=1); check_identity() looks at the rest.
 */
#include <string.h>

#include "pmu-guest.h"

static u64 first_pmccntr(void)
{
	return read_sysreg(pmccntr_el0);
}

static u64 first_pmevcntr(void)
{
	return pmevcntr_read(0);
}

static u64 first_pmxevcntr(void)
{
	write_sysreg(0, pmselr_el0);
	isb();
	return read_sysreg(pmxevcntr_el0);
}

static u64 first_pmcntenset(void)
{
	return read_sysreg(pmcntenset_el0);
}

static u64 first_pmovsset(void)
{
	return read_sysreg(pmovsset_el0);
}

/* Event 0 is what the types count after reset, but nothing is enabled. */
static u64 first_pmswinc(void)
{
	write_sysreg(1, pmswinc_el0);
	isb();
	return pmevcntr_read(0);
}

static u64 read_pmccntr(u64 arg)
{
	return read_sysreg(pmccntr_el0);
}

/* What the guest allows its EL0 is to see the guest's registers. */
static u64 first_pmuserenr(void)
{
	u64 v;

	write_sysreg(PMUSERENR_EN, pmuserenr_el0);
	isb();
	trap_expect();
	v = el0_call(read_pmccntr, 0);
	check_eq("first-pmuserenr-allows", trap_seen(NULL), 0);
	write_sysreg(0, pmuserenr_el0);
	isb();
	return v;
}

static const struct {
	const char *name;
	u64 (*access)(void);
	bool at_el0;
} accesses[] = {
	{ "pmccntr", first_pmccntr },
	{ "pmevcntr", first_pmevcntr },
	{ "pmxevcntr", first_pmxevcntr },
	{ "pmcntenset", first_pmcntenset },
	{ "pmovsset", first_pmovsset },
	{ "pmswinc", first_pmswinc },
	{ "pmuserenr", first_pmuserenr, true },
};

void check_first(const char *access)
{
	for (size_t i = 0; i < ARRAY_SIZE(accesses); i++) {
		u64 v;

		if (strcmp(access, accesses[i].name))
			continue;
		v = accesses[i].access();
		if (v && accesses[i].at_el0 && emulated())
			check_skip(check_name("first-%s", access),
				   "the emulator lets EL0 past the hypervisor's trap");
		else
			check_hex(check_name("first-%s", access), v, 0);
		return;
	}
	check_true("first", false, "there is no access '%s'", access);
}

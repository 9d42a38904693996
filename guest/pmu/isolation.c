// SPDX-License-Identifier: GPL-2.0-only
/*
 * The guest reaches for counters that aren't its own, at EL1 and EL0, until a key
 * is typed. What becomes of the host's is for the host to see.
 */
#include "pmu-guest.h"

#define MARK	0x5a5a0000

/* Reads that found something of counters from N up. */
static u64 strange;

/*
 * Direct access to a counter from N up is UNDEFINED for a guest. Where one
 * answers, all that follows would break the host's perf.
 */
static bool enforced(void)
{
	u32 answers = 0;

	for (u32 n = nr_counters; n < 31; n++) {
		trap_expect();
		pmevcntr_read(n);
		answers += !trap_seen(NULL);
	}
	return !answers;
}

/* All that EL0 and EL1 may try alike; gives what it saw of others' counters. */
static u64 attack(u64 exist)
{
	u64 all = 0xffffffff, seen = 0;

	write_sysreg(PMCR_LC | PMCR_E | PMCR_P | PMCR_C, pmcr_el0);
	write_sysreg(all, pmcntenset_el0);
	seen |= read_sysreg(pmcntenset_el0) & ~exist;
	write_sysreg(all, pmovsset_el0);
	seen |= read_sysreg(pmovsset_el0) & ~exist;
	write_sysreg(all, pmswinc_el0);
	for (u64 n = 0; n < 32; n++) {
		write_sysreg(n, pmselr_el0);
		isb();
		write_sysreg(MARK, pmxevtyper_el0);
		write_sysreg(MARK, pmxevcntr_el0);
		isb();
		if (n < 31 && !(exist & BIT(n))) {
			u64 v = 0;

			/* A read that traps leaves v as it is. */
			asm volatile("mrs %0, pmxevcntr_el0" : "+r"(v));
			seen |= v;
			asm volatile("mrs %0, pmxevtyper_el0" : "+r"(v));
			seen |= v;
		}
	}
	write_sysreg(all, pmcntenclr_el0);
	seen |= read_sysreg(pmcntenclr_el0) & ~exist;
	write_sysreg(all, pmovsclr_el0);
	seen |= read_sysreg(pmovsclr_el0) & ~exist;
	write_sysreg(PMCR_LC | PMCR_P | PMCR_C, pmcr_el0);
	isb();
	return seen;
}

static void attack_el1(void)
{
	u64 exist = all_counters();

	strange |= attack(exist);
	write_sysreg(0xffffffff, pmintenset_el1);
	strange |= read_sysreg(pmintenset_el1) & ~exist;
	write_sysreg(0xffffffff, pmintenclr_el1);
	for (u32 n = nr_counters; n < 31; n++) {
		pmevcntr_write(n, MARK);
		pmevtyper_write(n, MARK);
	}
}

void check_isolation(void)
{
	u64 rounds = 0, seen_el0 = 0;
	char key;

	if (!enforced()) {
		if (emulated())
			check_skip("isolation", "the emulator lets guests reach counters above HPMN");
		else
			check_true("isolation", false, "counters from N up can be read");
		print("attacking\n");
		while (!uart_getc(&key))
			;
		return;
	}
	pmu_clear();
	write_sysreg(PMUSERENR_EN | PMUSERENR_SW | PMUSERENR_CR | PMUSERENR_ER, pmuserenr_el0);
	isb();
	print("attacking\n");
	trap_expect();
	do {
		attack_el1();
		seen_el0 |= el0_call(attack, all_counters());
		rounds++;
	} while (!uart_getc(&key));
	print("%llu rounds, %u accesses UNDEFINED\n", (unsigned long long)rounds, trap_seen(NULL));
	check_hex("isolation-el1-sees-none", strange, 0);
	if (seen_el0 && emulated())
		check_skip("isolation-el0-sees-none",
			   "the emulator lets EL0 past the hypervisor's trap");
	else
		check_hex("isolation-el0-sees-none", seen_el0, 0);

	/* What is the guest's own still works. */
	pmu_clear();
	pmevtyper_write(0, SW_INCR);
	write_sysreg(1, pmcntenset_el0);
	write_sysreg(PMCR_LC | PMCR_E, pmcr_el0);
	isb();
	write_sysreg(0xffffffff, pmswinc_el0);
	isb();
	check_eq("isolation-own-counts", pmevcntr_read(0), 1);
	pmu_clear();
}

// SPDX-License-Identifier: GPL-2.0-only
/* Do counters count, and only while and what they should? */
#include <stdlib.h>

#include "pmu-guest.h"

#define WORK	50000		/* loops of two instructions */

/*
 * What counter n and the cycle counter show after some work at EL1. One copy of the
 * code for all who compare: the instructions around the work are the same then.
 */
static u64 __attribute__((noipa)) run(u32 n, u64 type, u64 loops)
{
	pmu_clear();
	pmevtyper_write(n, type);
	write_sysreg(BIT(n) | CYCLE_BIT, pmcntenset_el0);
	write_sysreg(PMCR_LC | PMCR_E, pmcr_el0);
	isb();
	pmu_work(loops);
	write_sysreg(PMCR_LC, pmcr_el0);
	isb();
	return pmevcntr_read(n);
}

static void check_sw_incr(void)
{
	u64 want = 0, all = all_counters() & ~CYCLE_BIT;
	u32 wrong = 0;

	pmu_clear();
	for (u32 i = 0; i < nr_counters; i++)
		pmevtyper_write(i, SW_INCR);
	write_sysreg(1, pmswinc_el0);
	check_eq("sw-incr-disabled", pmevcntr_read(0), 0);
	write_sysreg(all, pmcntenset_el0);
	write_sysreg(1, pmswinc_el0);
	isb();
	check_eq("sw-incr-pmcr-e-off", pmevcntr_read(0), 0);
	write_sysreg(PMCR_LC | PMCR_E, pmcr_el0);
	isb();
	for (u32 i = 0; i < 100; i++)
		write_sysreg(1, pmswinc_el0);
	isb();
	want = 100;
	check_eq("sw-incr-100", pmevcntr_read(0), want);
	write_sysreg(all, pmswinc_el0);
	isb();
	check_eq("sw-incr-all-first", pmevcntr_read(0), want + 1);
	if (nr_counters > 1) {
		check_eq("sw-incr-all-last", pmevcntr_read(nr_counters - 1), 1);
		pmevtyper_write(1, CPU_CYCLES);
		write_sysreg(2, pmcntenclr_el0);
		pmevcntr_write(1, 0);
		write_sysreg(2, pmswinc_el0);
		isb();
		check_eq("sw-incr-other-type", pmevcntr_read(1), 0);
	}
	write_sysreg(0, pmswinc_el0);
	isb();
	check_eq("sw-incr-zero", pmevcntr_read(0), want + 1);

	/* Counter i gets i + 1, and nothing of another's. */
	pmu_clear();
	write_sysreg(all, pmcntenset_el0);
	write_sysreg(PMCR_LC | PMCR_E, pmcr_el0);
	isb();
	for (u32 i = 0; i < nr_counters; i++)
		write_sysreg(all & ~(BIT(i) - 1), pmswinc_el0);
	isb();
	for (u32 i = 0; i < nr_counters; i++)
		wrong += pmevcntr_read(i) != i + 1;
	check_eq("sw-incr-each", wrong, 0);
}

/* Steps backwards among many reads while a counter runs. */
static u32 backwards(u64 (*counter)(void))
{
	u64 last = counter();
	u32 steps = 0;

	for (u32 i = 0; i < 1000; i++) {
		u64 now = counter();

		steps += now < last;
		last = now;
	}
	return steps;
}

static u64 read_pmccntr(void)
{
	isb();
	return read_sysreg(pmccntr_el0);
}

static u64 read_pmevcntr0(void)
{
	isb();
	return pmevcntr_read(0);
}

static void check_monotonic(const char *name, u64 (*counter)(void))
{
	u32 steps = backwards(counter);

	if (steps && emulated() && !arg_u64("exact", 0))
		check_skip(name, "the emulator's counters jump back without icount (%u times)",
			   steps);
	else
		check_eq(name, steps, 0);
}

static void check_cycles(void)
{
	u64 v;

	v = run(0, CPU_CYCLES, WORK);
	check_range("cycles-event", v, 1, 1ULL << 40);
	check_range("cycles-pmccntr", read_sysreg(pmccntr_el0), 1, 1ULL << 40);
	check_eq("stopped-stays", pmevcntr_read(0), v);

	pmu_clear();
	pmevtyper_write(0, CPU_CYCLES);
	write_sysreg(1 | CYCLE_BIT, pmcntenset_el0);
	write_sysreg(PMCR_LC | PMCR_E, pmcr_el0);
	isb();
	check_monotonic("monotonic-pmccntr", read_pmccntr);
	check_monotonic("monotonic-event", read_pmevcntr0);

	/* PMCNTENCLR stops one counter and leaves the other alone. */
	write_sysreg(CYCLE_BIT, pmcntenclr_el0);
	isb();
	v = read_sysreg(pmccntr_el0);
	pmu_work(WORK);
	check_eq("pmcntenclr-stops", read_sysreg(pmccntr_el0) - v, 0);
	v = pmevcntr_read(0);
	pmu_work(WORK);
	check_true("pmcntenclr-others-run", pmevcntr_read(0) != v, "stuck at %llu",
		   (unsigned long long)v);

	/* P clears event counters only, C the cycle counter only. */
	write_sysreg(PMCR_LC, pmcr_el0);
	pmevcntr_write(0, 77);
	write_sysreg(88, pmccntr_el0);
	write_sysreg(PMCR_LC | PMCR_P, pmcr_el0);
	isb();
	check_eq("pmcr-p-clears-events", pmevcntr_read(0), 0);
	check_eq("pmcr-p-keeps-cycles", read_sysreg(pmccntr_el0), 88);
	pmevcntr_write(0, 77);
	write_sysreg(PMCR_LC | PMCR_C, pmcr_el0);
	isb();
	check_eq("pmcr-c-clears-cycles", read_sysreg(pmccntr_el0), 0);
	check_eq("pmcr-c-keeps-events", pmevcntr_read(0), 77);

	/* A write while it runs takes effect. */
	write_sysreg(CYCLE_BIT, pmcntenset_el0);
	write_sysreg(PMCR_LC | PMCR_E, pmcr_el0);
	isb();
	write_sysreg(1ULL << 36, pmccntr_el0);
	isb();
	check_range("pmccntr-write-live", read_sysreg(pmccntr_el0), 1ULL << 36,
		    (1ULL << 36) + (1ULL << 35));
	pmevcntr_write(0, 1u << 30);
	check_range("pmevcntr-write-live", pmevcntr_read(0), 1u << 30, (1u << 30) + (1u << 29));
}

/* Cycles of the same work: the least of some runs, since others may be interrupted. */
static u64 least_cycles(u64 pmcr)
{
	u64 least = ~0ULL, now;

	for (u32 i = 0; i < 5; i++) {
		write_sysreg(pmcr | PMCR_C, pmcr_el0);
		isb();
		pmu_work(WORK);
		now = read_sysreg(pmccntr_el0);
		if (now < least)
			least = now;
	}
	return least;
}

/* D counts every 64th cycle, but only with LC clear. */
static void check_divider(void)
{
	u64 every, divided;

	pmu_clear();
	write_sysreg(CYCLE_BIT, pmcntenset_el0);
	every = least_cycles(PMCR_LC | PMCR_E);
	divided = least_cycles(PMCR_LC | PMCR_D | PMCR_E);
	check_true("pmcr-d-ignored-with-lc", divided > every / 16, "%llu after %llu",
		   (unsigned long long)divided, (unsigned long long)every);
	write_sysreg(PMCR_D | PMCR_E | PMCR_C, pmcr_el0);
	isb();
	if (read_sysreg(pmcr_el0) & PMCR_LC) {
		check_skip("pmcr-d-divides", "LC is RES1 here");
		return;
	}
	divided = least_cycles(PMCR_D | PMCR_E);
	if (divided > every / 16)
		check_skip("pmcr-d-divides",
			   "not divided: KVM's emulation leaves D without effect");
	else
		check_true("pmcr-d-divides", divided, "PMCCNTR stopped");
}

static void check_levels(void)
{
	u64 v = run(0, CPU_CYCLES | PMEVTYPER_P, WORK);

	check_eq("exclude-el1", v, 0);
	v = run(0, CPU_CYCLES | PMEVTYPER_U, WORK);
	check_range("exclude-el0-counts-el1", v, 1, 1ULL << 40);
	pmu_clear();
	write_sysreg(PMEVTYPER_P, pmccfiltr_el0);
	write_sysreg(CYCLE_BIT, pmcntenset_el0);
	write_sysreg(PMCR_LC | PMCR_E, pmcr_el0);
	isb();
	pmu_work(WORK);
	check_eq("pmccfiltr-exclude-el1", read_sysreg(pmccntr_el0), 0);
}

/* A write to PMEVTYPER<n>_EL0 takes effect at once, also while the counter counts. */
static void check_retype(void)
{
	u64 v;

	pmu_clear();
	pmevtyper_write(0, CPU_CYCLES);
	write_sysreg(1, pmcntenset_el0);
	write_sysreg(PMCR_LC | PMCR_E, pmcr_el0);
	isb();
	pmu_work(WORK);
	pmevtyper_write(0, CPU_CYCLES | PMEVTYPER_P);
	v = pmevcntr_read(0);
	check_true("retype-counted-before", v, "it didn't");
	pmu_work(WORK);
	check_eq("retype-excludes-at-once", pmevcntr_read(0) - v, 0);
	pmevtyper_write(0, SW_INCR);
	pmu_work(WORK);
	write_sysreg(1, pmswinc_el0);
	isb();
	check_eq("retype-other-event", pmevcntr_read(0) - v, pmu_has_event(SW_INCR));
	pmevtyper_write(0, CPU_CYCLES);
	pmu_work(WORK);
	check_true("retype-counts-at-once", pmevcntr_read(0) > v + 1, "it doesn't");
}

/* All counters at once, on the same event: they begin and end together. */
static void check_exact_all(void)
{
	u32 wrong = 0;
	u64 v;

	pmu_clear();
	for (u32 i = 0; i < nr_counters; i++)
		pmevtyper_write(i, INST_RETIRED);
	write_sysreg(all_counters(), pmcntenset_el0);
	write_sysreg(PMCR_LC | PMCR_E, pmcr_el0);
	isb();
	pmu_work(WORK);
	write_sysreg(PMCR_LC, pmcr_el0);
	isb();
	v = pmevcntr_read(0);
	for (u32 i = 1; i < nr_counters; i++)
		wrong += pmevcntr_read(i) != v;
	check_range("inst-retired-all", v, 2 * WORK, 2 * WORK + 64);
	check_eq("inst-retired-all-alike", wrong, 0);
}

/* n hypercalls, four instructions each; what counter 0 and the cycle counter show. */
static u64 hypercalls(u64 type, u64 n, u64 *cycles)
{
	pmu_clear();
	pmevtyper_write(0, type);
	write_sysreg(type & (PMEVTYPER_P | PMEVTYPER_U | PMEVTYPER_NSH), pmccfiltr_el0);
	write_sysreg(1 | CYCLE_BIT, pmcntenset_el0);
	write_sysreg(PMCR_LC | PMCR_E, pmcr_el0);
	isb();
	asm volatile("1: mov x0, %1\n\thvc #0\n\tsubs %0, %0, #1\n\tb.ne 1b"
		     : "+r"(n) : "r"((u64)PSCI_VERSION)
		     : "x0", "x1", "x2", "x3", "cc", "memory");
	write_sysreg(PMCR_LC, pmcr_el0);
	isb();
	*cycles = read_sysreg(pmccntr_el0);
	return pmevcntr_read(0);
}

/* What the hypervisor executes doesn't count, and NSH doesn't make it count. */
static void check_hypercalls(void)
{
	static const struct {
		const char *name;
		u64 bit;
	} types[] = { { "hypercalls", 0 }, { "hypercalls-nsh", PMEVTYPER_NSH } };
	u32 shift = arg_u64("shift", 0);

	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		u64 cycles[2], n[2];

		for (u32 t = 0; t < 2; t++)
			n[t] = hypercalls(INST_RETIRED | types[i].bit, 100 << t, &cycles[t]);
		check_eq(check_name("%s-instructions", types[i].name), n[1] - n[0], 400);
		check_eq(check_name("%s-cycles", types[i].name), cycles[1] - cycles[0],
			 400ULL << shift);
	}
}

/*
 * A loop twice as long must show exactly twice its instructions: the difference
 * of two runs has no overhead in it. The first run's own overhead is a handful
 * of instructions around the loop, more where the emulator counts the rest of a
 * translated block after a trap.
 */
static void check_exact(void)
{
	u64 once, twice, cycles_once, cycles_twice;
	u32 shift = arg_u64("shift", 0);

	if (!arg_u64("exact", 0)) {
		check_skip("exact", "only where one instruction takes a fixed time (exact=1)");
		return;
	}
	if (!pmu_has_event(INST_RETIRED)) {
		check_skip("inst-retired-exact", "INST_RETIRED isn't offered");
		return;
	}
	once = run(0, INST_RETIRED, WORK);
	cycles_once = read_sysreg(pmccntr_el0);
	twice = run(0, INST_RETIRED, 2 * WORK);
	cycles_twice = read_sysreg(pmccntr_el0);
	print("%u instructions: INST_RETIRED %llu, PMCCNTR %llu\n", 2 * WORK,
	      (unsigned long long)once, (unsigned long long)cycles_once);
	check_eq("inst-retired-exact", twice - once, 2 * WORK);
	check_range("inst-retired-overhead", once - 2 * WORK, 0, 64);
	check_eq("cycles-exact", cycles_twice - cycles_once, (u64)2 * WORK << shift);
	check_exact_all();
	check_hypercalls();
}

void check_counting(void)
{
	if (!nr_counters) {
		check_skip("counting", "no event counters");
		return;
	}
	if (pmu_has_event(SW_INCR))
		check_sw_incr();
	else
		check_skip("sw-incr", "not advertised in PMCEID0");
	if (!pmu_has_event(CPU_CYCLES)) {
		check_skip("cycles", "not advertised in PMCEID0");
		return;
	}
	check_cycles();
	check_divider();
	check_levels();
	check_retype();
	check_exact();
	pmu_clear();
}

/* Does this event count anything at all during work that has all kinds in it? */
static bool counts(u32 event)
{
	pmu_clear();
	pmevtyper_write(0, event);
	write_sysreg(1, pmcntenset_el0);
	write_sysreg(PMCR_LC | PMCR_E, pmcr_el0);
	isb();
	for (u32 i = 0; i < 10; i++) {
		write_sysreg(1, pmswinc_el0);
		pmu_work(1000);
	}
	write_sysreg(PMCR_LC, pmcr_el0);
	isb();
	return pmevcntr_read(0);
}

/* What a counter that already counts another event counts of this one. */
static u64 retyped(u32 event)
{
	pmu_clear();
	pmevtyper_write(0, event == CPU_CYCLES ? INST_RETIRED : CPU_CYCLES);
	write_sysreg(1, pmcntenset_el0);
	write_sysreg(PMCR_LC | PMCR_E, pmcr_el0);
	isb();
	pmu_work(WORK);
	pmevtyper_write(0, event);
	pmevcntr_write(0, 0);
	pmu_work(WORK);
	return pmevcntr_read(0);
}

void check_filter(void)
{
	static const u16 others[] = { SW_INCR, INST_RETIRED, CPU_CYCLES };
	u64 listed = 0;
	char list[64];
	char *s = list;

	if (!arg_str("filtered", list, sizeof(list)))
		return;
	while (*s && nr_counters) {
		u32 event = strtoul(s, &s, 0);
		const char *name;

		if (event < 64)
			listed |= BIT(event);
		check_true(check_name("filter-0x%x-not-advertised", event),
			   !pmu_has_event(event), "set in PMCEID");
		name = check_name("filter-0x%x-counts-nothing", event);
		if (event == SW_INCR && counts(event))
			check_skip(name, "KVM never filters SW_INCR (api.rst, PMU filter)");
		else
			check_true(name, !counts(event), "it counts");
		if (event != SW_INCR)
			check_eq(check_name("filter-0x%x-at-once", event), retyped(event), 0);
		if (*s == ',')
			s++;
	}
	for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
		const char *name = check_name("filter-0x%x-still-counts", others[i]);

		if (listed & BIT(others[i]))
			continue;
		if (!pmu_has_event(others[i]))
			check_skip(name, "this host doesn't have it");
		else
			check_true(name, counts(others[i]), "it doesn't");
	}
	if (listed & BIT(CPU_CYCLES)) {
		pmu_clear();
		write_sysreg(CYCLE_BIT, pmcntenset_el0);
		write_sysreg(PMCR_LC | PMCR_E, pmcr_el0);
		isb();
		pmu_work(WORK);
		check_eq("filter-pmccntr", read_sysreg(pmccntr_el0), 0);
	}
	pmu_clear();
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the guest has in its PMU stays there, whatever becomes of the vCPU
 * meanwhile: exits of all kinds, and what the host does to it until a key is
 * typed. Arguments: rounds=N ends it without a key, seed=S chooses the values.
 */
#include "pmu-guest.h"

#define WORK	20000		/* loops of two instructions */
#define COUNTS	0		/* the counter of WORK, and of what is around it */
#define STEPS	1		/* the counter of writes to PMSWINC_EL0 */
#define FIRST	2		/* the first counter that is to stay as it is */

struct registers {
	u64 pmcr, pmselr, pmuserenr, pmcnten, pminten, pmovs, pmccfiltr;
	u64 type[31], counter[31];
};

static void get_registers(struct registers *r)
{
	u64 exist = all_counters();

	r->pmcr = read_sysreg(pmcr_el0) & 0xffff;	/* above it names the CPU */
	r->pmselr = read_sysreg(pmselr_el0);
	r->pmuserenr = read_sysreg(pmuserenr_el0);
	/* An emulator may show more bits, see check_registers(). */
	r->pmcnten = read_sysreg(pmcntenset_el0) & exist;
	r->pminten = read_sysreg(pmintenset_el1) & exist;
	r->pmovs = read_sysreg(pmovsset_el0) & exist;
	r->pmccfiltr = read_sysreg(pmccfiltr_el0);
	for (u32 i = 0; i < nr_counters; i++)
		r->type[i] = pmevtyper_read(i);
	for (u32 i = FIRST; i < nr_counters; i++)
		r->counter[i] = pmevcntr_read(i);
}

/* Chooses values that differ, sets them, and starts to count. */
static void set_registers(struct registers *r, u64 seed, u32 event)
{
	u64 rest = all_counters() & ~CYCLE_BIT & ~(BIT(FIRST) - 1);
	u64 wide = version >= PMUV3P5 ? ~0ULL : 0xffffffff;

	pmu_clear();
	r->pmcr = (u64)nr_counters << 11 | PMCR_LC | PMCR_DP | PMCR_D | PMCR_E |
		  (version >= PMUV3P5 ? PMCR_LP : 0);
	r->pmselr = nr_counters - 1;
	r->pmuserenr = PMUSERENR_CR | PMUSERENR_ER;
	/* The last counts nothing, since no software increments it. */
	r->pmcnten = BIT(COUNTS) | BIT(STEPS) | BIT(nr_counters - 1) | CYCLE_BIT;
	/* No interrupt: a counter has its enable or its flag. */
	r->pminten = rest & 0xaaaaaaaa;
	r->pmovs = rest & 0x55555555;
	r->pmccfiltr = PMEVTYPER_U;
	for (u32 i = 0; i < nr_counters; i++) {
		r->type[i] = i % 2 ? SW_INCR | PMEVTYPER_U : CPU_CYCLES | PMEVTYPER_P;
		r->counter[i] = (0x0123456789abcdef * (i + seed) + i) & wide;
	}
	r->type[COUNTS] = event;
	r->type[STEPS] = SW_INCR;
	r->type[nr_counters - 1] = SW_INCR;

	for (u32 i = 0; i < nr_counters; i++) {
		pmevtyper_write(i, r->type[i]);
		pmevcntr_write(i, i < FIRST ? 0 : r->counter[i]);
	}
	write_sysreg(r->pmccfiltr, pmccfiltr_el0);
	write_sysreg(r->pmovs, pmovsset_el0);
	write_sysreg(r->pminten, pmintenset_el1);
	write_sysreg(r->pmselr, pmselr_el0);
	write_sysreg(r->pmuserenr, pmuserenr_el0);
	write_sysreg(r->pmcnten, pmcntenset_el0);
	write_sysreg(r->pmcr, pmcr_el0);
	isb();
}

static void compare(const struct registers *was, const struct registers *is)
{
	u32 types = 0, counters = 0;

	for (u32 i = 0; i < nr_counters; i++)
		types += is->type[i] != was->type[i];
	for (u32 i = FIRST; i < nr_counters; i++)
		counters += is->counter[i] != was->counter[i];
	check_hex("keep-pmcr", is->pmcr, was->pmcr);
	check_hex("keep-pmselr", is->pmselr, was->pmselr);
	check_hex("keep-pmuserenr", is->pmuserenr, was->pmuserenr);
	check_hex("keep-pmcnten", is->pmcnten, was->pmcnten);
	check_hex("keep-pminten", is->pminten, was->pminten);
	check_hex("keep-pmovs", is->pmovs, was->pmovs);
	check_hex("keep-pmccfiltr", is->pmccfiltr, was->pmccfiltr);
	check_eq("keep-pmevtyper", types, 0);
	check_eq("keep-pmevcntr", counters, 0);
}

void check_keep(void)
{
	bool exact = arg_u64("exact", 0) && pmu_has_event(INST_RETIRED);
	u64 rounds = arg_u64("rounds", ~0ULL), round, cycles = 0, counted, back = 0;
	u64 least = ~0ULL, most = 0;
	struct registers was, is;
	bool typed = false;
	char key;

	if (nr_counters <= FIRST) {
		check_skip("keep", "needs more than two counters");
		return;
	}
	set_registers(&was, arg_u64("seed", 1), exact ? INST_RETIRED : CPU_CYCLES);
	print("keeping\n");
	for (round = 0; round < rounds && !typed; round++) {
		u64 now;

		counted = read_sysreg(pmevcntr0_el0);
		isb();
		pmu_work(WORK);
		isb();
		counted = read_sysreg(pmevcntr0_el0) - counted;
		least = counted < least ? counted : least;
		most = counted > most ? counted : most;

		now = read_sysreg(pmccntr_el0);
		back += now <= cycles;
		cycles = now;

		write_sysreg(BIT(STEPS), pmswinc_el0);
		isb();
		typed = uart_getc(&key);
		psci(PSCI_VERSION, 0, 0, 0);
		if (!(round % 64)) {
			alarm_us(50);
			nap();
		}
	}
	print("%llu rounds, in each %llu to %llu counted\n", (unsigned long long)round,
	      (unsigned long long)least, (unsigned long long)most);
	get_registers(&is);
	compare(&was, &is);
	check_eq("keep-sw-incr", pmevcntr_read(STEPS), round);
	if (back && emulated() && !arg_u64("exact", 0))
		check_skip("keep-cycles-grow",
			   "the emulator's counters jump back without icount (%llu times)",
			   (unsigned long long)back);
	else
		check_eq("keep-cycles-grow", back, 0);
	if (exact) {
		check_range("keep-loop-least", least, 2 * WORK, 2 * WORK + 8);
		check_range("keep-loop-most", most, 2 * WORK, 2 * WORK + 8);
	} else {
		check_range("keep-loop", least, 1, ~0ULL >> 1);
	}
	pmu_clear();
}

/*
 * Nothing counts and no flag is set, and the PMU isn't touched: until a key is
 * typed the host can see that exits swap nothing.
 */
void check_release(void)
{
	u32 n = 0;
	char key;

	pmu_clear();
	write_sysreg(all_counters(), pmcntenset_el0);
	write_sysreg(PMCR_LC | PMCR_E, pmcr_el0);
	isb();
	pmu_work(WORK);
	pmu_clear();
	print("released\n");
	while (!uart_getc(&key)) {
		alarm_us(50);
		nap();
		n++;
	}
	print("%u times asleep\n", n);
	check_hex("release-keeps-zero", read_sysreg(pmccntr_el0), 0);
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * A PE's counters count its own events. One CPU runs loops of a known number of
 * instructions while another is busy. Needs -icount and -smp 2.
 */
#include "probe.h"

#define LOOPS		1000000
#define ROUNDS		10
#define SPREAD		200	/* instructions that an interrupt may be late */

static u32 running, stopped, stop;
static u64 other_count;

static void count_instructions(void)
{
	pmevtyper_write(0, INST_RETIRED | PMEVTYPER_NSH);
	pmevcntr_write(0, 0);
	write_sysreg(1, pmcntenset_el0);
	write_sysreg(PMCR_LC | PMCR_E, pmcr_el0);
	isb();
}

/*
 * The emulator gives a CPU its turn until the next timer of any is due. These timers
 * raise no interrupt; they only make turns short.
 */
static void short_turn(void)
{
	timers[CNTV].set_cval(timers[CNTV].count() + ticks_per_ms() / 10);
	timers[CNTV].set_ctl(CNT_CTL_ENABLE | CNT_CTL_IMASK);
}

/* 2 * LOOPS instructions, as the CPU's own counter has them. */
static u64 known(void)
{
	short_turn();
	return known_loop(LOOPS);
}

static void other(u32 cpu)
{
	pmu_reset();
	count_instructions();
	WRITE_ONCE(running, 1);
	other_count = known();
	while (!READ_ONCE(stop))
		short_turn();
	pmu_reset();
	dsb(sy);
	WRITE_ONCE(stopped, 1);
}

/* The overflow is due in the middle of a loop of this CPU. */
static void check_interrupt(void)
{
	irq_reads_events = 1;	/* in the handler of interrupts */
	write_sysreg(HCR_RW | HCR_IMO, hcr_el2);
	gic_set_edge(PMU_PPI, false);
	gic_enable(PMU_PPI);
	irq.count = 0;
	irq.events = ~0ULL;
	write_sysreg(1, pmintenset_el1);
	pmevcntr_write(0, (u32)-LOOPS);
	short_turn();
	asm volatile("msr daifclr, #2" : : : "memory");
	pmu_work(LOOPS);
	asm volatile("msr daifset, #2" : : : "memory");
	check_eq("interrupts", irq.count, 1);
	check_range("interrupt", (u32)irq.events, 0, SPREAD);
	write_sysreg(1, pmintenclr_el1);
	write_sysreg(1, pmovsclr_el0);
	write_sysreg(HCR_RW, hcr_el2);
}

/* PMOVSSET_EL0 alone shows it; the counter tells how late that was. */
static void check_flag(void)
{
	u64 flags, n = 0, count;

	pmevcntr_write(0, (u32)-LOOPS);
	short_turn();
	do {
		flags = read_sysreg(pmovsset_el0) & 1;
	} while (!flags && n++ < LOOPS);
	count = pmevcntr_read(0);
	write_sysreg(1, pmovsclr_el0);
	check_range("flag", (u32)count, 0, SPREAD);
}

static u64 known_at_el1(u64 arg)
{
	return known();
}

/* It counts nothing of the others' while it waits. */
static void check_idle(void)
{
	u64 before, after;

	write_sysreg(HCR_RW | HCR_IMO, hcr_el2);
	gic_enable(timers[CNTV].intid);
	before = pmevcntr_read(0);
	timers[CNTV].set_cval(timers[CNTV].count() + ticks_per_ms());
	timers[CNTV].set_ctl(CNT_CTL_ENABLE);
	asm volatile("wfi" : : : "memory");
	after = pmevcntr_read(0);
	timers[CNTV].set_ctl(0);
	gic_disable(timers[CNTV].intid);
	write_sysreg(HCR_RW, hcr_el2);
	check_range("idle", after - before, 1, SPREAD);
}

void probe(void)
{
	u32 exact = 0, exact_el1 = 0;

	pmu_reset();
	count_instructions();
	check_eq("alone", known(), 2 * LOOPS);
	check_eq("cpu-on", cpu_start(1, other), 0);
	while (!READ_ONCE(running))
		cpu_relax();
	for (u32 i = 0; i < ROUNDS; i++)
		exact += known() == 2 * LOOPS;
	check_eq("rounds-exact", exact, ROUNDS);
	pmevtyper_write(0, INST_RETIRED);
	for (u32 i = 0; i < ROUNDS; i++)
		exact_el1 += at_el(1, known_at_el1, 0) == 2 * LOOPS;
	check_eq("rounds-exact-el1", exact_el1, ROUNDS);
	pmevtyper_write(0, INST_RETIRED | PMEVTYPER_NSH);
	check_idle();
	check_interrupt();
	check_flag();
	WRITE_ONCE(stop, 1);
	while (!READ_ONCE(stopped))
		cpu_relax();
	check_eq("other-exact", other_count, 2 * LOOPS);
	pmu_reset();
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * A counter that overflows sets its flag and raises the interrupt with the event that
 * made it do so (Arm ARM, "Behavior on overflow": unsigned overflow of the counter, of
 * 32 or 64 bits by PMCR_EL0.LP, MDCR_EL2.HLP and PMCR_EL0.LC). Needs -icount: the
 * argument shift says how many cycles an instruction takes, as a power of two.
 */
#include "probe.h"

#define HPMN		2
#define HYP		3
#define WIDE		true
#define LATE		5000
#define POLL_INSNS	6	/* of an iteration of poll() */

u64 slide_xevcntr(u64 preload);
u64 slide_ccntr(u64 preload);

static u32 shift;

static const struct counter {
	const char *name;
	u32 n;		/* 31: PMCCNTR_EL0 */
	u32 event;
	bool wide;
} counters[] = {
	{ "inst", 0, INST_RETIRED },
	{ "inst-lp", 0, INST_RETIRED, WIDE },
	{ "inst-hyp", HYP, INST_RETIRED },
	{ "inst-hlp", HYP, INST_RETIRED, WIDE },
	{ "cycles", 1, CPU_CYCLES },
	{ "cycles-lp", 1, CPU_CYCLES, WIDE },
	{ "cycles-hyp", HYP, CPU_CYCLES },
	{ "cycles-hlp", HYP, CPU_CYCLES, WIDE },
	{ "pmccntr", CYCLE_COUNTER, 0, false },
	{ "pmccntr-lc", CYCLE_COUNTER, 0, WIDE },
};

static void set_up(const struct counter *c)
{
	pmu_reset();
	write_sysreg(HCR_RW | HCR_IMO, hcr_el2);
	set_mdcr(HPMN, MDCR_HPME | (c->wide ? MDCR_HLP : 0));
	if (c->n == CYCLE_COUNTER) {
		write_sysreg(PMEVTYPER_NSH, pmccfiltr_el0);
	} else {
		pmevtyper_write(c->n, c->event | PMEVTYPER_NSH);
		write_sysreg(c->n, pmselr_el0);
	}
	write_sysreg(BIT(c->n), pmintenset_el1);
	write_sysreg(BIT(c->n), pmcntenset_el0);
	write_sysreg(PMCR_E | (c->wide ? PMCR_LP | PMCR_LC : 0), pmcr_el0);
	isb();
}

/* The value from which a counter overflows after that many instructions. */
static u64 preload(const struct counter *c, u64 instructions)
{
	u64 v = -(c->event == INST_RETIRED ? instructions : instructions << shift);

	return c->wide ? v : v & 0xffffffff;
}

/* Instructions until the interrupt came, LATE if it didn't. */
static u64 interrupted_after(const struct counter *c, u32 el, u64 v)
{
	u64 (*slide)(u64) = c->n == CYCLE_COUNTER ? slide_ccntr : slide_xevcntr;

	irq.count = 0;
	at_el(el, slide, v);
	barrier();
	/* Behind the write and the barrier that begin the slide. */
	return irq.count ? (irq.elr - (u64)slide) / 4 - 2 : LATE;
}

static void check_interrupts(const struct counter *c)
{
	u32 last = c->n == HYP ? 2 : 1;

	for (u32 el = 2; el >= last; el--) {
		set_up(c);
		check_range(check_name("irq-el%u-%s-1", el, c->name),
			    interrupted_after(c, el, preload(c, 1)), 0, 4);
		set_up(c);
		check_range(check_name("irq-el%u-%s-2", el, c->name),
			    interrupted_after(c, el, preload(c, 2)), 0, 5);
		set_up(c);
		check_range(check_name("irq-el%u-%s-100", el, c->name),
			    interrupted_after(c, el, preload(c, 100)), 98, 103);
	}
	/* Where 64 bits count, a carry out of the low half is no overflow. */
	set_up(c);
	check_eq(check_name("irq-el2-%s-carry", c->name),
		 interrupted_after(c, 2, (u32)preload(c, 100)) == LATE, c->wide);
	check_hex(check_name("flag-%s-carry", c->name), read_sysreg(pmovsclr_el0),
		  c->wide ? 0 : BIT(c->n));
}

/* Looks at nothing but PMOVSSET_EL0; iterations until it shows the flag. */
static u64 poll(u64 v)
{
	u64 n, flags;

	asm volatile("	msr	pmxevcntr_el0, %2\n"
		     "	isb\n"
		     "	mov	%0, #0\n"
		     "1:	mrs	%1, pmovsset_el0\n"
		     "	tst	%1, #0x1ff\n"
		     "	b.ne	2f\n"
		     "	add	%0, %0, #1\n"
		     "	cmp	%0, %3\n"
		     "	b.lo	1b\n"
		     "2:\n" : "=&r"(n), "=&r"(flags) : "r"(v), "r"((u64)LATE) : "cc", "memory");
	return n;
}

static u64 poll_ccntr(u64 v)
{
	u64 n, flags;

	asm volatile("	msr	pmccntr_el0, %2\n"
		     "	isb\n"
		     "	mov	%0, #0\n"
		     "1:	mrs	%1, pmovsset_el0\n"
		     "	tst	%1, #0x80000000\n"
		     "	b.ne	2f\n"
		     "	add	%0, %0, #1\n"
		     "	cmp	%0, %3\n"
		     "	b.lo	1b\n"
		     "2:\n" : "=&r"(n), "=&r"(flags) : "r"(v), "r"((u64)LATE) : "cc", "memory");
	return n;
}

static void check_polled(const struct counter *c)
{
	u64 v = preload(c, 100 * POLL_INSNS);

	for (u32 el = 1; el <= 2; el++) {
		if (el == 1 && c->n == HYP)
			continue;
		set_up(c);
		check_range(check_name("poll-el%u-%s", el, c->name),
			    at_el(el, c->n == CYCLE_COUNTER ? poll_ccntr : poll, v), 98, 102);
	}
}

/* PMCR_EL0.D: one tick in 64 cycles, of which the first may be under way. */
static void check_divided(void)
{
	const struct counter c = { "pmccntr-d", CYCLE_COUNTER };
	const u64 ticks = 5;

	set_up(&c);
	write_sysreg(PMCR_E | PMCR_D, pmcr_el0);
	check_range("irq-el2-pmccntr-d", interrupted_after(&c, 2, (u32)-ticks),
		    (ticks - 1) * 64 >> shift, (ticks * 64 >> shift) + 3);
}

static u64 slide_at_el1(u64 v)
{
	write_sysreg(5, pmselr_el0);	/* a counter that has no part in it */
	return slide_xevcntr(v);
}

static u64 nothing(u64 arg)
{
	return arg;
}

/*
 * Counters that count at EL1 alone, and are set up at EL2: what is left to count goes
 * along through all changes of exception level.
 */
static void check_el1_only(const struct counter *c)
{
	u32 rounds = 0;

	set_up(c);
	pmevtyper_write(c->n, c->event);
	pmevcntr_write(c->n, preload(c, 100));
	irq.count = 0;
	at_el(1, slide_at_el1, 0);
	barrier();
	check_range(check_name("entered-%s", c->name),
		    irq.count ? (irq.elr - (u64)slide_xevcntr) / 4 : LATE, 80, 101);

	/* RET and HVC each time. */
	set_up(c);
	pmevtyper_write(c->n, c->event);
	pmevcntr_write(c->n, preload(c, 100));
	irq.count = 0;
	while (!READ_ONCE(irq.count) && rounds < LATE) {
		at_el(1, nothing, 0);
		rounds++;
		/* At EL2 it would be taken only now. */
		asm volatile("msr daifclr, #2\n\tmsr daifset, #2" : : : "memory");
	}
	check_range(check_name("rounds-%s", c->name), rounds, 49, 51);
}

/* What comes last starts the counter. */
static void check_started(const struct counter *c)
{
	static const char * const last[] = { "enable", "counter", "type", "width" };

	for (u32 i = 0; i < ARRAY_SIZE(last); i++) {
		bool hyp = c->n == HYP;
		u64 pmcr = PMCR_E | (c->wide ? PMCR_LP : 0);
		u64 mdcr = MDCR_HPME | (c->wide ? MDCR_HLP : 0);

		set_up(c);
		write_sysreg(hyp ? PMCR_E | PMCR_LP : 0, pmcr_el0);
		set_mdcr(HPMN, hyp ? 0 : MDCR_HLP);
		pmevcntr_write(c->n, preload(c, 100));
		if (i == 1)
			write_sysreg(BIT(c->n), pmcntenclr_el0);
		if (i == 2)
			pmevtyper_write(c->n, PMEVTYPER_NSH | SW_INCR);
		if (i == 3) {	/* until then an overflow is that of the other width */
			pmcr ^= PMCR_LP;
			mdcr ^= MDCR_HLP;
		}
		irq.count = 0;
		write_sysreg(5, pmselr_el0);
		if (hyp)
			set_mdcr(HPMN, mdcr);
		else
			write_sysreg(pmcr, pmcr_el0);
		if (i == 1)
			write_sysreg(BIT(c->n), pmcntenset_el0);
		if (i == 2)
			pmevtyper_write(c->n, PMEVTYPER_NSH | c->event);
		if (i == 3 && hyp)
			set_mdcr(HPMN, mdcr ^ MDCR_HLP);
		if (i == 3 && !hyp)
			write_sysreg(pmcr ^ PMCR_LP, pmcr_el0);
		slide_xevcntr(0);
		barrier();
		check_range(check_name("started-%s-%s", c->name, last[i]),
			    irq.count ? (irq.elr - (u64)slide_xevcntr) / 4 : LATE, 50, 101);
	}
}

/* Cycles go by while the CPU waits, and their overflow ends the wait. */
static void check_wfi(const struct counter *c)
{
	const u64 ns = 1000000;

	set_up(c);
	write_sysreg(PMEVTYPER_NSH, pmccfiltr_el0);
	write_sysreg(CYCLE_BIT, pmcntenset_el0);
	if (c->n == CYCLE_COUNTER)
		write_sysreg((u32)-ns, pmccntr_el0);
	else
		pmevcntr_write(c->n, -ns);
	if (c->n != CYCLE_COUNTER)
		write_sysreg(0, pmccntr_el0);
	/* Only so that it ends if the overflow doesn't come. */
	timers[CNTV].set_cval(timers[CNTV].count() + 10 * ticks_per_ms());
	timers[CNTV].set_ctl(CNT_CTL_ENABLE);
	irq.count = 0;
	asm volatile("msr daifclr, #2\n\twfi\n\tmsr daifset, #2" : : : "memory");
	timers[CNTV].set_ctl(0);
	check_range(check_name("wfi-%s", c->name),
		    c->n == CYCLE_COUNTER ? (u32)(irq.cycles + ns) : irq.cycles,
		    ns - 100, ns + 5000);
}

void probe(void)
{
	shift = arg_u64("shift", 0);
	gic_set_edge(PMU_PPI, false);
	gic_enable(PMU_PPI);
	gic_enable(timers[CNTV].intid);
	for (u32 i = 0; i < ARRAY_SIZE(counters); i++) {
		check_interrupts(&counters[i]);
		check_polled(&counters[i]);
		if (counters[i].n < HPMN)
			check_el1_only(&counters[i]);
		if (counters[i].n != CYCLE_COUNTER)
			check_started(&counters[i]);
	}
	check_divided();
	check_wfi(&counters[4]);
	check_wfi(&counters[8]);
	pmu_reset();
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * What things cost, in ticks of CNTVCT_EL0: "cost NAME VALUE", the median of
 * many rounds. On the exact lane a tick is an instruction and the lines repeat to
 * the digit. What the two counter reads and the barriers of a statement take is
 * taken off. Names that end in -live are with a counter running. It runs without a
 * hypervisor as well: a call then goes to the firmware. Arguments:
 *   rounds=N	of each (default 101)
 *   only=TIMER-HOW	no more than one timer's way, cntv-loop or cntp-wfi or so
 *   us=N	from arming a timer to its expiry (default 1000)
 */
#include <string.h>

#include "guest.h"
#include "pmu.h"
#include "sort.h"

#define ROUNDS_MAX	1001
#define BARRIERS_MAX	2

static u64 samples[ROUNDS_MAX];
static u32 rounds;
static u64 overhead[BARRIERS_MAX + 1];
static u32 fired;
static u64 entered;

static u64 median(void)
{
	sort_u64(samples, rounds);
	return samples[rounds / 2];
}

/* The bare instruction: psci() would add a call. The conduit under KVM is HVC. */
static inline void hvc(u32 function)
{
	register u64 x0 asm("x0") = function;

	asm volatile("hvc #0" : "+r"(x0) : : "x1", "x2", "x3", "memory");
}

/* One sample is one statement, so that nothing but it is between the reads. */
#define SAMPLE(statement) do {						\
	for (u32 __i = 0; __i < rounds; __i++) {			\
		u64 __start = ticks();					\
									\
		statement;						\
		samples[__i] = ticks() - __start;			\
	}								\
} while (0)

/* barriers: how many ISBs the statement has. */
#define COST(name, barriers, statement) do {				\
	SAMPLE(statement);						\
	print("cost %s %lld\n", name, (long long)(median() - overhead[barriers])); \
} while (0)

static u64 mmio_register(void)
{
	return uart.type == UART_8250 ? uart.base + ((u64)UART_LSR << uart.shift) :
					uart.base + 0x18;
}

static void cost_mmio(const char *name)
{
	u64 reg = mmio_register();

	if (uart.type == UART_8250)
		COST(name, 0, read8(reg));
	else
		COST(name, 0, read32(reg));
}

static void cost_exits(void)
{
	COST("hypercall", 0, hvc(PSCI_VERSION));
	COST("smccc-version", 0, hvc(SMCCC_VERSION));
	cost_mmio("mmio-read");
	COST("gic-read", 0, gic_pending(40));
	COST("gic-typer", 0, read32(gic.dist + GICD_TYPER));
	COST("sgi-self", 0, gic_send_sgi(0, 5); gic_eoi(gic_ack()));
}

/* Event counter 0 runs meanwhile: KVM's emulation has more to do then. */
static void cost_pmu(void)
{
	u32 n;

	if (!pmu_version()) {
		print("cost pmu none\n");
		return;
	}
	n = PMCR_N(read_sysreg(pmcr_el0));
	pmu_clear();
	COST("pmcr-read", 0, read_sysreg(pmcr_el0));
	COST("pmccntr-read-stopped", 0, read_sysreg(pmccntr_el0));
	write_sysreg(CYCLE_BIT, pmcntenset_el0);
	write_sysreg(PMCR_LC | PMCR_E, pmcr_el0);
	isb();
	COST("pmccntr-read", 0, read_sysreg(pmccntr_el0));
	if (!n)
		return;
	pmu_clear();
	write_sysreg(CPU_CYCLES, pmevtyper0_el0);
	write_sysreg(1, pmcntenset_el0);
	write_sysreg(PMCR_LC | PMCR_E, pmcr_el0);
	isb();
	COST("pmevcntr-read", 0, read_sysreg(pmevcntr0_el0));
	COST("pmevcntr-write", 1, write_sysreg(0, pmevcntr0_el0); isb());
	COST("pmselr-pmxevcntr", 1, write_sysreg(0, pmselr_el0); isb();
	     read_sysreg(pmxevcntr_el0));
	COST("pmevtyper-write", 1, write_sysreg(CPU_CYCLES, pmevtyper0_el0); isb());
	COST("pmcnten-clr-set", 2, write_sysreg(1, pmcntenclr_el0); isb();
	     write_sysreg(1, pmcntenset_el0); isb());
	COST("pmcr-off-on", 2, write_sysreg(PMCR_LC, pmcr_el0); isb();
	     write_sysreg(PMCR_LC | PMCR_E, pmcr_el0); isb());
	COST("pmovs-read", 0, read_sysreg(pmovsclr_el0));
	COST("hypercall-live", 0, hvc(PSCI_VERSION));
	cost_mmio("mmio-read-live");
	write_sysreg(SW_INCR, pmevtyper0_el0);
	isb();
	COST("pmswinc", 1, write_sysreg(1, pmswinc_el0); isb());
	pmu_clear();
}

static void on_timer(u32 intid)
{
	entered = irq_entry_ticks;
	for (u32 i = 0; i < NR_TIMERS; i++) {
		if (timers[i].intid == intid)
			timers[i].set_ctl(0);
	}
	fired++;
}

/* From the due tick to the handler, in a loop of one instruction or in WFI. */
static void cost_timer(struct timer *t, bool sleep)
{
	const char *name = check_name("%s-%s", t->name, sleep ? "wfi" : "loop");
	u64 delay = arg_u64("us", 1000) * ticks_per_ms() / 1000;
	char only[16];

	if (!t->intid || (arg_str("only", only, sizeof(only)) && strcmp(only, name)))
		return;
	if (t == &timers[CNTP] && emulated() && timer_offset_ignored()) {
		print("cost %s none\n", name);
		return;
	}
	irq_set_handler(t->intid, on_timer);
	gic_enable(t->intid);
	for (u32 i = 0; i < rounds; i++) {
		u64 due, skew;

		fired = 0;
		skew = timers[CNTV].count() - t->count();
		due = t->count() + delay + i;
		t->set_cval(due);
		t->set_ctl(CNT_CTL_ENABLE);
		if (t == &timers[CNTV])
			skew = 0;
		if (sleep) {
			wfi();
			irq_on();
		} else {
			irq_on();
			while (!READ_ONCE(fired))
				;
		}
		irq_off();
		samples[i] = entered - (due + skew);
	}
	gic_disable(t->intid);
	print("cost %s %lld\n", name, (long long)median());
}

static void on_overflow(u32 intid)
{
	entered = irq_entry_ticks;
	write_sysreg(0xffffffff, pmovsclr_el0);
	isb();
	fired++;
}

/*
 * The cycle counter overflows as many ticks after a look at it as it had cycles
 * left, since nothing leaves the guest in between.
 */
static void cost_overflow(void)
{
	u32 irq = pmu_irq();

	if (!pmu_version() || !irq || read_sysreg(cntfrq_el0) != 1000000000) {
		print("cost overflow none\n");
		return;
	}
	irq_set_handler(irq, on_overflow);
	gic_enable(irq);
	for (u32 i = 0; i < rounds; i++) {
		u64 left, due, limit;

		pmu_clear();
		fired = 0;
		write_sysreg(-100000ULL, pmccntr_el0);
		write_sysreg(CYCLE_BIT, pmcntenset_el0);
		write_sysreg(CYCLE_BIT, pmintenset_el1);
		write_sysreg(PMCR_LC | PMCR_E, pmcr_el0);
		irq_on();
		left = -read_sysreg(pmccntr_el0);
		due = ticks() + left;
		limit = due + 1000 * ticks_per_ms();
		while (!READ_ONCE(fired) && ticks() < limit)
			;
		irq_off();
		if (!fired) {
			print("cost overflow lost\n");
			return;
		}
		samples[i] = entered - due;
	}
	print("cost overflow %lld\n", (long long)median());
	pmu_clear();
	gic_disable(irq);
}

void guest_main(void)
{
	rounds = arg_u64("rounds", 101);
	if (!rounds || rounds > ROUNDS_MAX)
		rounds = ROUNDS_MAX;
	irq_set_handler(5, on_overflow);
	gic_enable(5);
	SAMPLE(barrier());
	overhead[0] = median();
	SAMPLE(isb());
	overhead[1] = median();
	SAMPLE(isb(); isb());
	overhead[2] = median();
	/* It goes out, and with it what KVM may have loaded to begin with. */
	print("cost counter-pair %lld\n", (long long)overhead[0]);
	if (!arg_given("only")) {
		cost_exits();
		cost_pmu();
	}
	for (u32 i = 0; i < NR_TIMERS; i++) {
		cost_timer(&timers[i], false);
		cost_timer(&timers[i], true);
	}
	if (!arg_given("only"))
		cost_overflow();
	print("cost end\n");
}

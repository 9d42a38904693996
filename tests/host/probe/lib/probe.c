// SPDX-License-Identifier: GPL-2.0-only
/* From start.S to the program, and what programs share. */
#include "probe.h"
#include "psci.h"
#include "uart.h"

#define SCTLR_EL1_OFF	0x30d00980	/* RES1 bits; MMU and caches off */
#define ID_FGT_SHIFT	56

extern u8 el2_vectors[], el1_vectors[];

void guest_start(const void *blob);

struct trap trap;
struct irq irq;
u32 irq_reads_events;
u32 nr_counters;
bool has_fgt;

u64 outcome(u32 el, u64 (*fn)(u64), u64 arg, u64 *value)
{
	u64 v;

	trap.count = 0;
	barrier();
	v = at_el(el, fn, arg);
	barrier();
	if (value)
		*value = v;
	return trap.count ? trap.el << 32 | (trap.esr & ~ESR_RT) : ALLOWED;
}

void set_mdcr(u32 hpmn, u64 bits)
{
	write_sysreg(hpmn | bits, mdcr_el2);
	isb();
}

u64 known_loop(u64 loops)
{
	u64 before, after;

	asm volatile("	isb\n"
		     "	mrs	%0, pmevcntr0_el0\n"
		     "1:	subs	%2, %2, #1\n"
		     "	b.ne	1b\n"
		     "	mrs	%1, pmevcntr0_el0\n"
		     : "=&r"(before), "=&r"(after), "+r"(loops) : : "cc", "memory");
	return after - before - 1;	/* without the first MRS */
}

void pmu_reset(void)
{
	set_mdcr(nr_counters, 0);
	if (has_fgt) {
		write_named(0, HDFGRTR_EL2);
		write_named(0, HDFGWTR_EL2);
	}
	pmu_clear();
}

void guest_start(const void *blob)
{
	if (!dt_init(blob))
		psci_system_reset();
	psci_init();
	uart_init();
	if ((read_sysreg(CurrentEL) >> 2 & 3) != 2)
		fatal("entered at EL%u, but probes need EL2",
		      (u32)(read_sysreg(CurrentEL) >> 2 & 3));
	write_sysreg(el2_vectors, vbar_el2);
	write_sysreg(el1_vectors, vbar_el1);
	write_sysreg(SCTLR_EL1_OFF, sctlr_el1);
	write_sysreg(HCR_RW, hcr_el2);
	isb();
	smp_init();
	gic_init();
	gic_init_cpu();
	timer_init();
	nr_counters = PMCR_N(read_sysreg(pmcr_el0));
	has_fgt = read_sysreg(id_aa64mmfr0_el1) >> ID_FGT_SHIFT & 0xf;
	probe();
	print("end\n");
	psci_system_off();
}

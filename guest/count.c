// SPDX-License-Identifier: GPL-2.0-only
/*
 * Known numbers of instructions between the marks of tests/host/run --profile=marks,
 * a window each: a short and a long loop at EL1, the long one at EL0, reads of a
 * device's register, hypercalls. Says "count NAME INSTRUCTIONS", and with a PMU by
 * how much INST_RETIRED tells the two loops apart. Arguments:
 *   loops=N	of the long loop (default 1000000)
 *   exits=N	reads and hypercalls (default 1000)
 *   wait=N	loops of the long kind first, so that another guest gets its turn
 */
#include "guest.h"
#include "pmu.h"

#define OPEN	"hint	#122\n\t"
#define CLOSE	"hint	#123\n\t"

/* The window has 2 * n instructions in it. */
static __attribute__((noinline)) u64 loop(u64 n)
{
	asm volatile(OPEN
		     "1:	subs	%0, %0, #1\n\t"
		     "b.ne	1b\n\t"
		     CLOSE
		     : "+r"(n) : : "cc");
	return n;
}

/* 3 * n: each access is emulated, and so begun once. */
static void read_device(u64 n)
{
	u64 reg = uart.base, value;

	reg += uart.type == UART_8250 ? (u64)UART_LSR << uart.shift : 0x18;	/* flags */
	asm volatile(OPEN
		     "1:	ldrb	%w0, [%2]\n\t"
		     "subs	%1, %1, #1\n\t"
		     "b.ne	1b\n\t"
		     CLOSE
		     : "=&r"(value), "+r"(n)
		     : "r"(reg) : "cc", "memory");
}

/* 4 * n */
static void call_hypervisor(u64 n)
{
	register u64 left asm("x4") = n;

	asm volatile(OPEN
		     "1:	mov	x0, #0x84000000\n\t"	/* PSCI_VERSION */
		     "hvc	#0\n\t"
		     "subs	%0, %0, #1\n\t"
		     "b.ne	1b\n\t"
		     CLOSE
		     : "+r"(left) : : "x0", "x1", "x2", "x3", "cc", "memory");
}

/* One copy for both, so that all else is the same. */
static __attribute__((noipa)) u64 retired(u64 n)
{
	u64 before = pmevcntr_read(0);

	loop(n);
	return pmevcntr_read(0) - before;
}

void guest_main(void)
{
	u64 loops = arg_u64("loops", 1000000), exits = arg_u64("exits", 1000);
	u64 few, many;

	pmu_work(arg_u64("wait", 1) * loops);
	if (pmu_version() && pmu_has_event(INST_RETIRED)) {
		pmu_clear();
		pmevtyper_write(0, INST_RETIRED);
		write_sysreg(1, pmcntenset_el0);
		write_sysreg(PMCR_LC | PMCR_E, pmcr_el0);
		isb();
		few = retired(1);
		many = retired(loops);
		print("count retired %llu\n", (unsigned long long)(many - few));
		pmu_clear();
	} else {
		loop(1);
		loop(loops);
	}
	el0_call(loop, loops);
	read_device(exits);
	call_hypervisor(exits);
}

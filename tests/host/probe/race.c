// SPDX-License-Identifier: GPL-2.0-only
/*
 * Without -icount the emulator's timer for overflows runs in another thread than the
 * CPU, so late and at any moment. Neither may show.
 */
#include "probe.h"

#define SECONDS		arg_u64("seconds", 3)
#define NEAR		2000	/* cycles, and nanoseconds, to the next overflow */

#define TRIES		1000

static u64 nothing(u64 arg)
{
	return arg;
}

/*
 * Counters never go back: many changes of exception level, with the timer always about
 * to run out, while a counter is watched.
 */
static void check_back(void)
{
	u64 end, now, last, back = 0, most = 0, overflows = 0, rounds = 0;

	last = read_sysreg(pmccntr_el0);
	end = ticks() + SECONDS * 1000 * ticks_per_ms();
	while (ticks() < end && back < 3) {
		pmevcntr_write(0, 0xffffffff - NEAR - (rounds & 0xfff) * 16);
		for (u32 i = 0; i < 64; i++) {
			at_el(1, nothing, 0);
			now = read_sysreg(pmccntr_el0);
			if (now < last) {
				back++;
				if (last - now > most)
					most = last - now;
			}
			last = now;
			rounds++;
		}
		overflows += read_sysreg(pmovsset_el0) & 1;
		write_sysreg(1, pmovsclr_el0);
	}
	print("# %u rounds, %u overflows, back by at most %u us\n", (u32)rounds, (u32)overflows,
	      (u32)(most / 1000));
	check_true("pmccntr-never-back", !back, "got back");
	check_true("overflows", back || overflows > 1000, "got %u", (u32)overflows);
}

/*
 * A counter that PMCCNTR_EL0 shows to have overflowed has its flag, and once that is
 * cleared it stays so, whoever looks (Arm ARM, PMOVSSET_EL0 and PMOVSCLR_EL0).
 */
static void check_flag(void)
{
	u32 late = 0, again = 0;

	for (u32 i = 0; i < TRIES; i++) {
		u64 start;

		write_sysreg(1, pmovsclr_el0);
		pmevcntr_write(0, 0xffffffff - NEAR);
		start = read_sysreg(pmccntr_el0);
		while (read_sysreg(pmccntr_el0) - start <= NEAR)
			;
		/* Half of them with a look before the flag is cleared. */
		if (i & 1)
			late += !(read_sysreg(pmovsset_el0) & 1);
		write_sysreg(1, pmovsclr_el0);
		(void)pmevcntr_read(0);
		again += read_sysreg(pmovsset_el0) & 1;
	}
	check_eq("flag-late", late, 0);
	check_eq("flag-again", again, 0);
}

void probe(void)
{
	pmu_reset();
	pmevtyper_write(0, CPU_CYCLES | PMEVTYPER_NSH);
	write_sysreg(PMEVTYPER_NSH, pmccfiltr_el0);
	write_sysreg(CYCLE_BIT | BIT(0), pmcntenset_el0);
	write_sysreg(PMCR_LC | PMCR_E, pmcr_el0);
	isb();
	check_flag();
	check_back();
	pmu_reset();
}

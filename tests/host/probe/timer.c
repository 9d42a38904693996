// SPDX-License-Identifier: GPL-2.0-only
/*
 * Counter offsets. CNTVOFF_EL2 shifts CNTVCT_EL0; CNTPOFF_EL2 (FEAT_ECV) shifts what
 * EL1 and EL0 see as CNTPCT_EL0, and with it the EL1 physical timer, if CNTHCTL_EL2.ECV
 * is 1 and HCR_EL2.{E2H,TGE} isn't {1,1}; without EL3 nothing else has a say (Arm ARM,
 * CNTPOFF_EL2 and CNTHCTL_EL2.ECV). Needs -icount for its tight times.
 */
#include "probe.h"

#define CNTPOFF_EL2		S3_4_C14_C0_6
#define CNTP_CTL_EL02		S3_5_C14_C2_1
#define CNTP_CVAL_EL02		S3_5_C14_C2_2

/* CNTHCTL_EL2 with HCR_EL2.E2H 0 and 1: no traps of EL1's counter and timer. */
#define CNTHCTL_OPEN		(BIT(0) | BIT(1))
#define CNTHCTL_OPEN_E2H	(BIT(0) | BIT(1) | BIT(10) | BIT(11))
#define CNTHCTL_ECV		BIT(12)

#define OFFSET			0x400000ULL	/* in ticks; physical time is past it */
#define SLACK			2000		/* ticks that a check itself may take */
#define NEVER			~0ULL

READER(read_cntpct, cntpct_el0)
READER(read_cntpctss, s3_3_c14_c0_5)
READER(read_cntvct, cntvct_el0)
READER(read_ctl, cntp_ctl_el0)
READER(read_tval, cntp_tval_el0)

/* EL1's counter is the same as the physical one, behind it, ahead of it. */
static const struct {
	const char *name;
	u64 offset;
} cases[] = { { "none", 0 }, { "behind", OFFSET }, { "ahead", -OFFSET } };

static u64 now(void)
{
	isb();
	return read_sysreg(cntpct_el0);
}

static void set(u64 cnthctl, u64 offset)
{
	write_sysreg(cnthctl, cnthctl_el2);
	write_named(offset, CNTPOFF_EL2);
	isb();
}

static void stop(void)
{
	write_sysreg(0, cntp_ctl_el0);
	isb();
}

/* How far a count at that level is behind EL2's; it takes some ticks to look. */
static void check_behind(const char *name, u32 el, u64 (*read)(u64), u64 offset)
{
	u64 before = now(), there = at_el(el, read, 0), after = now();

	check_true(name, there - (before - offset) <= after - before,
		   "got %lld", (long long)(before - there));
}

static void check_counts(void)
{
	for (u32 i = 0; i < ARRAY_SIZE(cases); i++) {
		const char *more = cases[i].name;
		u64 offset = cases[i].offset;

		set(CNTHCTL_OPEN | CNTHCTL_ECV, offset);
		check_behind(check_name("el0-cntpct-%s", more), 0, read_cntpct, offset);
		check_behind(check_name("el1-cntpct-%s", more), 1, read_cntpct, offset);
		check_behind(check_name("el2-cntpct-%s", more), 2, read_cntpct, 0);
		check_behind(check_name("el1-cntpctss-%s", more), 1, read_cntpctss, offset);
		check_behind(check_name("el1-cntvct-%s", more), 1, read_cntvct, 0);
		set(CNTHCTL_OPEN, offset);
		check_behind(check_name("el1-cntpct-%s-no-ecv", more), 1, read_cntpct, 0);
		write_sysreg(offset, cntvoff_el2);
		isb();
		check_behind(check_name("el1-cntvct-cntvoff-%s", more), 1, read_cntvct, offset);
		check_behind(check_name("el0-cntvct-cntvoff-%s", more), 0, read_cntvct, offset);
		write_sysreg(0, cntvoff_el2);
		isb();
	}
}

/* Ticks from then until the timer's condition holds; EL2 looks at its interrupt. */
static u64 expires_after(const struct timer *t, u64 then)
{
	u64 give_up = now() + 5 * ticks_per_ms();

	while (!gic_pending(t->intid)) {
		if (now() > give_up)
			return NEVER;
	}
	return now() - then;
}

static u64 el1_arm(u64 cval)
{
	write_sysreg(cval, cntp_cval_el0);
	write_sysreg(CNT_CTL_ENABLE, cntp_ctl_el0);
	isb();
	return 0;
}

static u64 el1_arm_tval(u64 tval)
{
	write_sysreg(tval, cntp_tval_el0);
	write_sysreg(CNT_CTL_ENABLE, cntp_ctl_el0);
	isb();
	return read_sysreg(cntp_cval_el0);
}

static void check_timer(void)
{
	u64 ms = ticks_per_ms(), then, cval;

	for (u32 i = 0; i < ARRAY_SIZE(cases); i++) {
		const char *more = cases[i].name;
		u64 offset = cases[i].offset;

		set(CNTHCTL_OPEN | CNTHCTL_ECV, offset);
		then = now();
		at_el(1, el1_arm, then - offset + ms);
		check_range(check_name("cntp-%s", more), expires_after(&timers[CNTP], then), ms, ms + SLACK);
		check_hex(check_name("cntp-%s-ctl", more), at_el(1, read_ctl, 0),
			  CNT_CTL_ENABLE | CNT_CTL_ISTATUS);
		stop();
		then = now();
		cval = at_el(1, el1_arm_tval, ms);
		check_range(check_name("cntp-%s-tval-cval", more), cval - (then - offset),
			    ms, ms + SLACK);
		check_range(check_name("cntp-%s-tval", more), expires_after(&timers[CNTP], then), ms, ms + SLACK);
		stop();

		/* It follows what changes while it is armed. */
		set(CNTHCTL_OPEN, offset);
		then = now();
		at_el(1, el1_arm, then - offset + ms);
		set(CNTHCTL_OPEN | CNTHCTL_ECV, offset);
		check_range(check_name("cntp-%s-ecv-later", more), expires_after(&timers[CNTP], then), ms, ms + SLACK);
		stop();
		set(CNTHCTL_OPEN | CNTHCTL_ECV, 0);
		then = now();
		at_el(1, el1_arm, then - offset + ms);
		write_named(offset, CNTPOFF_EL2);
		isb();
		check_range(check_name("cntp-%s-offset-later", more), expires_after(&timers[CNTP], then),
			    ms, ms + SLACK);
		stop();
	}
	for (u32 i = 0; i < ARRAY_SIZE(cases); i++) {
		u64 offset = cases[i].offset;

		write_sysreg(offset, cntvoff_el2);
		isb();
		then = now();
		write_sysreg(then - offset + ms, cntv_cval_el0);
		write_sysreg(CNT_CTL_ENABLE, cntv_ctl_el0);
		isb();
		check_range(check_name("cntv-%s", cases[i].name),
			    expires_after(&timers[CNTV], then), ms, ms + SLACK);
		write_sysreg(0, cntv_ctl_el0);
	}
	write_sysreg(0, cntvoff_el2);
	set(CNTHCTL_OPEN | CNTHCTL_ECV, OFFSET);
	at_el(1, el1_arm, now() - OFFSET + ms);
	check_range("el1-tval-read", (u32)at_el(1, read_tval, 0), ms - SLACK, ms);
	stop();
}

static u64 el1_wait(u64 ticks)
{
	u64 start = read_sysreg(cntvct_el0);

	while (!(read_sysreg(cntp_ctl_el0) & CNT_CTL_ISTATUS)) {
		if (read_sysreg(cntvct_el0) - start > ticks)
			return NEVER;
	}
	return read_sysreg(cntvct_el0) - start;
}

/*
 * As a hypervisor does at EL2 with HCR_EL2.{E2H,TGE} {1,1}: it writes EL1's timer by
 * CNTP_*_EL02, then clears TGE and enters EL1. From there on the offset applies.
 */
static void check_vhe(void)
{
	u64 ms = ticks_per_ms(), then;

	for (u32 i = 0; i < ARRAY_SIZE(cases); i++) {
		const char *more = cases[i].name;
		u64 offset = cases[i].offset;

		write_sysreg(HCR_RW | HCR_E2H | HCR_TGE, hcr_el2);
		isb();
		set(CNTHCTL_OPEN_E2H | CNTHCTL_ECV, offset);
		check_behind(check_name("vhe-el2-cntpct-%s", more), 2, read_cntpct, 0);
		then = now();
		write_named(then - offset + ms, CNTP_CVAL_EL02);
		write_named(CNT_CTL_ENABLE, CNTP_CTL_EL02);
		isb();
		/* Without its offset the timer is due by now, or will be much later. */
		check_eq(check_name("vhe-host-%s", more), gic_pending(timers[CNTP].intid),
			 (s64)(now() - (then - offset + ms)) >= 0);
		write_sysreg(HCR_RW | HCR_E2H, hcr_el2);
		isb();
		check_behind(check_name("vhe-el1-cntpct-%s", more), 1, read_cntpct, offset);
		check_range(check_name("vhe-el1-%s", more),
			    at_el(1, el1_wait, 5 * ms) + SLACK, ms - 5 * SLACK, ms + 2 * SLACK);
		write_named(0, CNTP_CTL_EL02);

		/* And back: at EL2 as a host it no longer does. */
		write_named(now() - offset + ms, CNTP_CVAL_EL02);
		write_named(CNT_CTL_ENABLE, CNTP_CTL_EL02);
		isb();
		check_eq(check_name("vhe-guest-%s", more), gic_pending(timers[CNTP].intid), 0);
		write_sysreg(HCR_RW | HCR_E2H | HCR_TGE, hcr_el2);
		isb();
		check_eq(check_name("vhe-host-again-%s", more), gic_pending(timers[CNTP].intid),
			 i == 1);
		write_named(0, CNTP_CTL_EL02);
		isb();
	}
	write_sysreg(HCR_RW, hcr_el2);
	isb();
}

void probe(void)
{
	write_sysreg(BIT(0) | BIT(1), cntkctl_el1);	/* EL0 may read both counters */
	check_eq("ecv", read_sysreg(id_aa64mmfr0_el1) >> 60, 2);
	while (now() < 2 * OFFSET)
		;
	check_counts();
	check_timer();
	check_vhe();
}

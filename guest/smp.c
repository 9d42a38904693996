// SPDX-License-Identifier: GPL-2.0-only
/*
 * PSCI, SMCCC and several CPUs. Arguments:
 *   cpus=N	the device tree must have N CPUs
 *   pvtime=0	stolen time must not be offered; pvtime=1: it must be
 */
#include "guest.h"
#include "mmu.h"

#define SGI		5
#define NO_SUCH_MPIDR	0x00fefefe

static u32 started, finished, ipis[MAX_CPUS], timer_ticks[MAX_CPUS];
static u32 turn = ~0u;		/* whose turn it is to send to all others */
static u32 phase;
static u32 wrong_context;
static bool no_hypervisor;	/* PSCI is the emulator's, not KVM's */

static void on_sgi(u32 intid)
{
	atomic_add(&ipis[this_cpu()], 1);
}

static void on_timer(u32 intid)
{
	timers[CNTV].set_ctl(0);
	timer_ticks[this_cpu()]++;
}

static void check_calls(void)
{
	static const struct {
		const char *name;
		u32 function;
	} calls[] = {
		{ "cpu-suspend", PSCI_CPU_SUSPEND },
		{ "cpu-off", PSCI_CPU_OFF },
		{ "cpu-on", PSCI_CPU_ON },
		{ "affinity-info", PSCI_AFFINITY_INFO },
		{ "system-off", PSCI_SYSTEM_OFF },
		{ "system-reset", PSCI_SYSTEM_RESET },
		{ "features", PSCI_FEATURES },
		{ "version", PSCI_VERSION },
	};
	u32 version = psci(PSCI_VERSION, 0, 0, 0);

	print("PSCI %u.%u, SMCCC 0x%llx\n", version >> 16, version & 0xffff,
	      (unsigned long long)smccc(SMCCC_VERSION, 0, 0, 0));
	check_range("psci-version", version, 0x10000, 0x1ffff);
	for (size_t i = 0; i < ARRAY_SIZE(calls); i++)
		check_true(check_name("psci-features-%s", calls[i].name),
			   psci(PSCI_FEATURES, calls[i].function, 0, 0) >= 0, "not supported");
	check_eq("psci-features-unknown", psci(PSCI_FEATURES, 0x8400ff00, 0, 0),
		 (u64)PSCI_NOT_SUPPORTED);
	check_eq("psci-unknown-call", psci(0x8400001f, 0, 0, 0), (u64)PSCI_NOT_SUPPORTED);
	check_eq("psci-migrate-info-type", psci(PSCI_MIGRATE_INFO_TYPE, 0, 0, 0), 2);
	check_eq("smccc-unknown-call", smccc(0xc6000123, 0, 0, 0), (u64)-1);
	if (psci(PSCI_FEATURES, SMCCC_VERSION, 0, 0) < 0 && emulated()) {
		check_skip("smccc-version", "no hypervisor: the emulator's own PSCI has none");
		no_hypervisor = true;
		return;
	}
	check_range("smccc-version", (u32)smccc(SMCCC_VERSION, 0, 0, 0), 0x10001, 0x1ffff);
}

/* The structure of Arm DEN0057: revision, attributes, stolen ns. */
static void check_pvtime(void)
{
	s64 features = smccc(SMCCC_PV_TIME_FEATURES, SMCCC_PV_TIME_ST, 0, 0);
	s64 base;

	if (arg_given("pvtime") && !arg_u64("pvtime", 0)) {
		check_eq("pvtime-not-offered", features, (u64)PSCI_NOT_SUPPORTED);
		return;
	}
	if (features && !arg_u64("pvtime", 0)) {
		check_skip("pvtime", "not offered");
		return;
	}
	check_eq("pvtime-features", features, 0);
	base = smccc(SMCCC_PV_TIME_ST, 0, 0, 0);
	if (!check_true("pvtime-address", base > 0 && !(base & 63), "0x%llx",
			(unsigned long long)base))
		return;
	mmu_map_normal(base);
	check_eq("pvtime-revision", *(volatile u32 *)base, 0);
	check_eq("pvtime-attributes", *(volatile u32 *)(base + 4), 0);
	print("stolen %llu ns\n", (unsigned long long)*(volatile u64 *)(base + 8));
}

static void check_bad_calls(void)
{
	int ret;

	check_eq("cpu-on-self", psci(PSCI_CPU_ON, cpu_mpidr[0], image_base(), 0),
		 (u64)PSCI_ALREADY_ON);
	check_eq("cpu-on-bad-mpidr", psci(PSCI_CPU_ON, NO_SUCH_MPIDR, image_base(), 0),
		 (u64)PSCI_INVALID_PARAMETERS);
	check_eq("affinity-self", psci(PSCI_AFFINITY_INFO, cpu_mpidr[0], 0, 0),
		 PSCI_AFFINITY_ON);
	check_eq("affinity-bad-mpidr", psci(PSCI_AFFINITY_INFO, NO_SUCH_MPIDR, 0, 0),
		 (u64)PSCI_INVALID_PARAMETERS);
	ret = psci(PSCI_AFFINITY_INFO, cpu_mpidr[0], 99, 0);
	if (ret == PSCI_AFFINITY_ON && no_hypervisor)
		check_skip("affinity-bad-level", "the emulator's own PSCI takes any level");
	else
		check_eq("affinity-bad-level", ret, (u64)PSCI_INVALID_PARAMETERS);
	for (u32 i = 1; i < nr_cpus; i++) {
		if (psci(PSCI_AFFINITY_INFO, cpu_mpidr[i], 0, 0) != PSCI_AFFINITY_OFF)
			check_true(check_name("affinity-cpu%u", i), false, "not off at start");
	}
}

/* CPU_SUSPEND (a standby state) comes back when an interrupt is due. */
static void check_suspend(void)
{
	u64 start = ticks(), ms = ticks_per_ms();
	int ret;

	timer_ticks[0] = 0;
	timers[CNTV].set_tval(ms);
	timers[CNTV].set_ctl(CNT_CTL_ENABLE);
	ret = psci(PSCI_CPU_SUSPEND, 0, 0, 0);
	irq_on();
	wait_for(&timer_ticks[0], 1, 1000);
	irq_off();
	check_eq("cpu-suspend-returns", ret, PSCI_SUCCESS);
	check_range("cpu-suspend-waits", ticks() - start, ms, 1000 * ms);
	check_eq("cpu-suspend-interrupt", timer_ticks[0], 1);
}

/* Every CPU: report in, tick once, then send when it is this one's turn. */
static void secondary(u32 cpu)
{
	u32 seen = READ_ONCE(phase);

	if (this_cpu() != cpu ||
	    (read_sysreg(mpidr_el1) & 0xff00ffffffULL) != cpu_mpidr[cpu])
		atomic_add(&wrong_context, 1);
	gic_enable(SGI);
	gic_enable(timers[CNTV].intid);
	timers[CNTV].set_tval(ticks_per_ms() / 10);
	timers[CNTV].set_ctl(CNT_CTL_ENABLE);
	irq_on();
	wait_for(&timer_ticks[cpu], seen + 1, 5000);
	atomic_add(&started, 1);
	while (READ_ONCE(phase) == seen) {
		if (READ_ONCE(turn) == cpu) {
			for (u32 i = 0; i < nr_cpus; i++) {
				if (i != cpu)
					gic_send_sgi(i, SGI);
			}
			WRITE_ONCE(turn, ~0u);
		}
		cpu_relax();
	}
	irq_off();
	atomic_add(&finished, 1);
}

static bool all_off(void)
{
	u64 end = ticks() + 5000 * ticks_per_ms();

	for (u32 i = 1; i < nr_cpus; i++) {
		while (psci(PSCI_AFFINITY_INFO, cpu_mpidr[i], 0, 0) != PSCI_AFFINITY_OFF) {
			if (ticks() > end)
				return false;
		}
	}
	return true;
}

static void check_ipis(void)
{
	u32 lost = 0, want = nr_cpus - 1;

	for (u32 sender = 0; sender < nr_cpus; sender++) {
		if (sender == 0) {
			for (u32 i = 1; i < nr_cpus; i++)
				gic_send_sgi(i, SGI);
		} else {
			WRITE_ONCE(turn, sender);
			wait_for(&turn, ~0u, 5000);
		}
		/* One at a time: two SGIs of a kind may merge. */
		for (u32 i = 0; i < nr_cpus; i++)
			lost += !wait_for(&ipis[i], sender + (i > sender), 2000);
	}
	for (u32 i = 0; i < nr_cpus; i++)
		lost += ipis[i] != want;
	check_eq("ipi-all-to-all", lost, 0);
	gic_send_sgi(0, SGI);
	check_true("ipi-self", wait_for(&ipis[0], want + 1, 2000), "not received");
}

static void start_all(const char *when, u32 round)
{
	u32 bad = 0, again = 0, affinity = 0, ticked = 0;

	started = 0;
	finished = 0;
	for (u32 i = 1; i < nr_cpus; i++)
		bad += cpu_start(i, secondary) != PSCI_SUCCESS;
	check_eq(check_name("cpu-on-%s", when), bad, 0);
	check_true(check_name("cpus-up-%s", when), wait_for(&started, nr_cpus - 1, 10000),
		   "%u of %u", started, nr_cpus - 1);
	for (u32 i = 1; i < nr_cpus; i++) {
		again += cpu_start(i, secondary) == PSCI_ALREADY_ON;
		affinity += psci(PSCI_AFFINITY_INFO, cpu_mpidr[i], 0, 0) == PSCI_AFFINITY_ON;
		ticked += timer_ticks[i] == round + 1;
	}
	check_eq(check_name("cpu-on-twice-%s", when), again, nr_cpus - 1);
	check_eq(check_name("affinity-on-%s", when), affinity, nr_cpus - 1);
	check_eq(check_name("timer-each-%s", when), ticked, nr_cpus - 1);
}

static void stop_all(const char *when)
{
	atomic_add(&phase, 1);
	check_true(check_name("cpus-done-%s", when), wait_for(&finished, nr_cpus - 1, 10000),
		   "%u of %u", finished, nr_cpus - 1);
	check_true(check_name("cpus-off-%s", when), all_off(), "some still on");
}

void guest_main(void)
{
	print("%u CPUs\n", nr_cpus);
	if (arg_given("cpus"))
		check_eq("cpus", nr_cpus, arg_u64("cpus", 0));
	irq_set_handler(SGI, on_sgi);
	irq_set_handler(timers[CNTV].intid, on_timer);
	gic_enable(SGI);
	gic_enable(timers[CNTV].intid);
	check_calls();
	check_pvtime();
	check_bad_calls();
	check_suspend();
	if (nr_cpus == 1) {
		irq_on();
		gic_send_sgi(0, SGI);
		check_true("ipi-self", wait_for(&ipis[0], 1, 2000), "not received");
		check_skip("smp", "one CPU");
		finish();
	}
	start_all("first", 0);
	irq_on();
	check_ipis();
	stop_all("first");
	start_all("again", 1);
	stop_all("again");
	check_eq("cpu-identity", wrong_context, 0);
	finish();
}

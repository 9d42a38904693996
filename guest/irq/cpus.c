// SPDX-License-Identifier: GPL-2.0-only
/* SGIs and SPIs among CPUs, CPUs that go off and come back. */
#include "irq-guest.h"

#define SGI		7
#define PATIENCE_MS	10000
#define LOAD_US		500

static u32 running;
static void (*all_do)(u32 cpu);

static void one_of_all(u32 cpu)
{
	all_do(cpu);
	atomic_add(&running, -1);
}

static bool all_off(void)
{
	u64 end = ticks() + PATIENCE_MS * ticks_per_ms();

	for (u32 cpu = 1; cpu < nr_cpus; cpu++) {
		while (psci(PSCI_AFFINITY_INFO, cpu_mpidr[cpu], 0, 0) != PSCI_AFFINITY_OFF) {
			if (ticks() > end)
				return false;
		}
	}
	return true;
}

bool all_start(void (*fn)(u32 cpu))
{
	all_do = fn;
	WRITE_ONCE(running, nr_cpus - 1);
	for (u32 cpu = 1; cpu < nr_cpus; cpu++) {
		if (cpu_start(cpu, one_of_all) != PSCI_SUCCESS)
			return check_true("cpu-on", false, "CPU %u", cpu);
	}
	return true;
}

bool all_join(void)
{
	return wait_for(&running, 0, 30 * PATIENCE_MS) && all_off();
}

/* How often each CPU was sent an SGI by each other, and took it. */
static u32 sent[MAX_CPUS][MAX_CPUS], taken[MAX_CPUS][MAX_CPUS];
static u32 ready, gone, given_up;
static u32 sgis;

static void on_sgi(u32 intid)
{
	u32 cpu = this_cpu(), from = irq_iar[cpu] >> 10 & 7;

	WRITE_ONCE(taken[from][cpu], taken[from][cpu] + 1);
}

/* Its timer ticks meanwhile, as load. */
static bool go_on_ticking(u32 which)
{
	arm_timer(&timers[which], LOAD_US * ticks_per_ms() / 1000);
	return true;
}

/* To all others at once; the next when all have taken this one. In a loop or asleep. */
static void send_and_take(u32 cpu)
{
	timers_listen();
	gic_enable(SGI);
	atomic_add(&ready, 1);
	irq_on();
	wait_for(&ready, nr_cpus, PATIENCE_MS);
	arm_timer(&timers[cpu % NR_TIMERS], 0);
	for (u32 i = 1; i <= sgis; i++) {
		for (u32 to = 0; to < nr_cpus; to++) {
			if (to != cpu) {
				sent[cpu][to]++;
				gic_send_sgi(to, SGI);
			}
		}
		for (u32 to = 0; to < nr_cpus; to++) {
			u64 end = ticks() + PATIENCE_MS * ticks_per_ms();

			while (READ_ONCE(taken[cpu][to]) != sent[cpu][to] && ticks() < end) {
				if (i & 1)
					continue;
				irq_off();
				if (READ_ONCE(taken[cpu][to]) != sent[cpu][to])
					wfi();
				irq_on();
			}
			if (READ_ONCE(taken[cpu][to]) != sent[cpu][to])
				atomic_add(&given_up, 1);
		}
		if (READ_ONCE(given_up))
			break;
	}
	atomic_add(&gone, 1);
	wait_for(&gone, nr_cpus, 3 * PATIENCE_MS);
	irq_off();
	timers[cpu % NR_TIMERS].set_ctl(0);
}

void check_sgis(void)
{
	u32 lost = 0, extra = 0, spurious = 0, founded = 0, fewest = ~0u;

	if (nr_cpus == 1 || gic.version != 2) {
		check_skip("sgis", nr_cpus == 1 ? "one CPU" : "a GICv3 merges SGIs of several senders");
		return;
	}
	sgis = arg_u64("sgis", 300);
	irq_set_handler(SGI, on_sgi);
	on_rise = go_on_ticking;
	if (!all_start(send_and_take))
		return;
	send_and_take(0);
	if (!check_true("sgis-end", all_join(), "some CPUs do not"))
		finish();
	on_rise = NULL;
	for (u32 cpu = 0; cpu < nr_cpus; cpu++) {
		for (u32 to = 0; to < nr_cpus; to++) {
			if (to == cpu)
				continue;
			lost += taken[cpu][to] < sgis;
			extra += taken[cpu][to] > sgis;
		}
		spurious += irq_spurious[cpu];
		founded += seen[cpu][cpu % NR_TIMERS].baseless;
		if (seen[cpu][cpu % NR_TIMERS].interrupts < fewest)
			fewest = seen[cpu][cpu % NR_TIMERS].interrupts;
	}
	print("%u SGIs from each CPU to each other, beside at least %u ticks\n", sgis, fewest);
	check_eq("sgis-none-lost", lost, 0);
	check_eq("sgis-none-extra", extra, 0);
	check_true("sgis-ticks", fewest, "a CPU had none");
	check_eq("sgis-ticks-founded", founded, 0);
	check_eq("sgis-no-spurious", spurious, 0);
}

static u32 lived[MAX_CPUS];

/* Both timers tick; then the CPU goes off with both lines high, one of them taken in. */
static void short_life(u32 cpu)
{
	timers_listen();
	for (u32 i = 0; i < NR_TIMERS; i++)
		arm_timer(&timers[i], ticks_per_ms() / 10);
	irq_on();
	if (wait_for(&seen[cpu][CNTV].interrupts, 1, PATIENCE_MS) &&
	    wait_for(&seen[cpu][CNTP].interrupts, 1, PATIENCE_MS))
		lived[cpu]++;
	irq_off();
	arm_timer(&timers[CNTV], 0);
	wait_rise(&timers[CNTV]);
	ways[WAY_MMIO].leave();
	arm_timer(&timers[CNTP], 0);
}

void check_lives(void)
{
	u32 rounds = arg_u64("lives", 20), spurious = 0;

	if (nr_cpus == 1) {
		check_skip("lives", "one CPU");
		return;
	}
	for (u32 i = 0; i < rounds; i++) {
		if (!all_start(short_life) || !check_true("lives-end", all_join(), "some CPUs are on"))
			return;
	}
	for (u32 cpu = 1; cpu < nr_cpus; cpu++) {
		check_eq(check_name("lives-cpu%u", cpu), lived[cpu], rounds);
		spurious += irq_spurious[cpu];
	}
	check_eq("lives-no-spurious", spurious, 0);
}

static u32 spis[MAX_CPUS], may_take[MAX_CPUS], deaf, over, up;

/* The transmitter is empty; reading why lowers the line. */
static void on_uart(u32 intid)
{
	uart_read(UART_IIR);
	uart_write(0, UART_IER);
	WRITE_ONCE(spis[this_cpu()], spis[this_cpu()] + 1);
}

/* Asleep with interrupts on, or deaf. */
static void take_spis(u32 cpu)
{
	timers_listen();
	atomic_add(&up, 1);
	while (!READ_ONCE(over)) {
		if (READ_ONCE(may_take[cpu])) {
			/* Set anew while its interrupt is pending, it could be spurious. */
			if (!(timers[CNTV].get_ctl() & CNT_CTL_ENABLE))
				arm_timer(&timers[CNTV], ticks_per_ms());
			wfi();
			irq_on();
			irq_off();
		} else {
			WRITE_ONCE(deaf, 1);
		}
	}
	timers[CNTV].set_ctl(0);
}

/* A line that is pending for a CPU that does not take it goes to another. */
static void check_retargeted(void)
{
	u32 other = 1, before = spis[0], others;

	WRITE_ONCE(may_take[other], 0);
	wait_for(&deaf, 1, PATIENCE_MS);
	others = spis[other];
	gic_route(uart.irq, other);
	uart_write(UART_IER_THRI, UART_IER);
	delay_us(1000);
	check_eq("spi-waits", spis[other] + spis[0], others + before);
	check_true("spi-pending", gic_pending(uart.irq), "not pending");
	gic_route(uart.irq, 0);
	irq_on();
	wait_for(&spis[0], before + 1, PATIENCE_MS);
	irq_off();
	check_eq("spi-retargeted", spis[0], before + 1);
	WRITE_ONCE(may_take[other], 1);
	delay_us(5000);
	check_eq("spi-gone", spis[other], others);
}

void check_spis(void)
{
	u32 rounds = 50, spurious = 0;

	if (nr_cpus == 1 || uart.type != UART_8250 || uart.irq < 32) {
		check_skip("spis", nr_cpus == 1 ? "one CPU" : "the console has no SPI");
		return;
	}
	uart_flush();
	uart_write(0, UART_IER);
	irq_set_handler(uart.irq, on_uart);
	gic_set_edge(uart.irq, uart.edge);
	gic_clear_pending(uart.irq);
	gic_enable(uart.irq);
	for (u32 cpu = 0; cpu < nr_cpus; cpu++)
		may_take[cpu] = 1;
	timers_listen();
	if (!all_start(take_spis))
		return;
	wait_for(&up, nr_cpus - 1, PATIENCE_MS);
	irq_on();
	for (u32 i = 0; i < rounds * nr_cpus; i++) {
		u32 cpu = i % nr_cpus;

		gic_route(uart.irq, cpu);
		uart_write(UART_IER_THRI, UART_IER);
		if (!wait_for(&spis[cpu], i / nr_cpus + 1, PATIENCE_MS))
			break;
	}
	irq_off();
	for (u32 cpu = 0; cpu < nr_cpus; cpu++)
		check_eq(check_name("spis-cpu%u", cpu), spis[cpu], rounds);
	check_retargeted();
	WRITE_ONCE(over, 1);
	check_true("spis-end", all_join(), "some CPUs do not");
	for (u32 cpu = 0; cpu < nr_cpus; cpu++)
		spurious += irq_spurious[cpu];
	check_eq("spis-no-spurious", spurious, 0);
	gic_disable(uart.irq);
}

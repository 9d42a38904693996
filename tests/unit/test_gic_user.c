// SPDX-License-Identifier: GPL-2.0-only
/*
 * The GIC in user space between KVM and the model: which levels KVM is told and when, with line
 * masks and on a kernel without them, and that none is lost between threads.
 */
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "arch.h"
#include "fake_kvm.h"
#include "log.h"
#include "machine.h"
#include "unit.h"

#define CPUS		4
#define DIST		0x3fff0000ull
#define CPU		0x3ffe0000ull
#define SPI		40
#define SPI_EDGE	41

#define IRQ		1u
#define FIQ		2u

static struct config config;
static struct plan plan;
static struct verdict verdict;
static struct machine machine;
static struct error err;

static void dist_write(unsigned int cpu, uint64_t offset, unsigned int len, uint64_t value)
{
	assert_true(bus_access(machine.bus, cpu, DIST + offset, len, true, &value));
}

static void cpu_write(unsigned int cpu, uint64_t offset, uint64_t value)
{
	assert_true(bus_access(machine.bus, cpu, CPU + offset, 4, true, &value));
}

static uint64_t cpu_read(unsigned int cpu, uint64_t offset)
{
	uint64_t value;

	assert_true(bus_access(machine.bus, cpu, CPU + offset, 4, false, &value));
	return value;
}

static uint32_t acknowledge(unsigned int cpu)
{
	return cpu_read(cpu, 0x00c) & 0x3ff;
}

static void end_of(unsigned int cpu, uint32_t intid)
{
	cpu_write(cpu, 0x010, intid);
}

/* All interrupts enabled, the SPIs to all CPUs, as group 0 by IRQ. */
static void enable_all(void)
{
	for (unsigned int i = 0; i < CPUS; i++) {
		dist_write(i, 0x100, 4, 0xffffffff);
		cpu_write(i, 0x004, 0xff);
		cpu_write(i, 0x000, 1);
	}
	dist_write(0, 0x104, 4, 0xffffffff);
	dist_write(0, 0x800 + SPI, 1, 0xff);
	dist_write(0, 0x800 + SPI_EDGE, 1, 0xff);
	dist_write(0, 0xc00 + SPI_EDGE / 16 * 4, 4, 2u << SPI_EDGE % 16 * 2);
	dist_write(0, 0x000, 4, 1);
}

static int build(bool line_masks)
{
	fake_kvm_reset();
	verdict_init(&verdict);
	plan = (struct plan) {
		.cpus	= CPUS,
		.gic	= {
			.kind		= IRQCHIP_USER,
			.distributor	= { DIST, 0x1000 },
			.cpu_interface	= { CPU, 0x2000 },
			.spis		= 32,
			.line_masks	= line_masks,
		},
		.timer	= { .virt = 27, .phys = 30 },
		.pmu	= { .intid = 23 },
	};
	machine = (struct machine) {
		.config = &config, .plan = &plan, .verdict = &verdict, .kvm_fd = kvm_open(),
		.vcpus = calloc(CPUS, sizeof(struct vcpu)), .gic_fd = -1, .its_fd = -1,
	};
	machine.run_size = (size_t)kvm_ioctl_value(machine.kvm_fd, KVM_GET_VCPU_MMAP_SIZE, 0);
	machine.vm_fd = kvm_ioctl_value(machine.kvm_fd, KVM_CREATE_VM, 0);
	if (loop_create(&machine.loop, &err) || bus_create(&machine.bus, machine.vm_fd, &err))
		return -1;
	for (unsigned int i = 0; i < CPUS; i++) {
		struct vcpu *vcpu = &machine.vcpus[i];

		*vcpu = (struct vcpu){ .machine = &machine, .index = i };
		vcpu->fd = kvm_ioctl_value(machine.vm_fd, KVM_CREATE_VCPU, i);
		vcpu->run = kvm_map_run(vcpu->fd, machine.run_size);
	}
	if (arch_irqchip_create(&machine, &err))
		return -1;
	enable_all();
	return 0;
}

static int setup_masks(void **state)
{
	return build(true);
}

static int setup_stock(void **state)
{
	return build(false);
}

static int teardown(void **state)
{
	arch_teardown(&machine);
	for (unsigned int i = 0; i < CPUS; i++) {
		kvm_unmap_run(machine.vcpus[i].run, machine.run_size);
		kvm_close(machine.vcpus[i].fd);
	}
	bus_destroy(machine.bus);
	loop_destroy(machine.loop);
	kvm_close(machine.vm_fd);
	kvm_close(machine.kvm_fd);
	free(machine.vcpus);
	verdict_destroy(&verdict);
	return machine.gic_user || fake_kvm.opened != fake_kvm.closed || fake_kvm.misused ? -1 : 0;
}

static uint64_t mask_of(unsigned int cpu)
{
	return ((uint64_t *)machine.vcpus[cpu].run->s.padding)[1];
}

static void enter(unsigned int cpu)
{
	arch_vcpu_enter(&machine.vcpus[cpu]);
}

/* KVM_RUN returns because of a line, or for an access. */
static void left(unsigned int cpu, uint64_t level, bool by_line)
{
	struct kvm_run *run = machine.vcpus[cpu].run;

	run->s.regs.device_irq_level = level;
	run->exit_reason = by_line ? KVM_EXIT_INTR : KVM_EXIT_MMIO;
	arch_vcpu_left(&machine.vcpus[cpu], by_line ? -EINTR : 0);
}

static void assert_lines(unsigned int cpu, unsigned int lines, unsigned int calls)
{
	assert_int_equal(fake_kvm_lines(cpu, NULL), lines);
	assert_int_equal(fake_kvm_count(KVM_IRQ_LINE, -1), calls);
}

static struct irq_line line_of(uint32_t intid)
{
	return arch_irq_line(&machine, intid);
}

/* Both frames answer, each CPU for itself. */
static void test_frames(void **state)
{
	uint64_t value;

	for (unsigned int i = 0; i < CPUS; i++) {
		assert_true(bus_access(machine.bus, i, DIST + 0x800, 1, false, &value));
		assert_int_equal(value, 1u << i);
	}
	assert_true(bus_access(machine.bus, 0, DIST + 0x004, 4, false, &value));
	assert_int_equal(value >> 5 & 7, CPUS - 1);
	assert_int_equal(value & 0x1f, 1);
	assert_int_equal(acknowledge(0), 1023);
	assert_true(bus_access(machine.bus, 0, CPU + 0x1000, 4, true, &value));
	assert_false(bus_access(machine.bus, 0, DIST + 0x1000, 4, false, &value));
	assert_false(bus_access(machine.bus, 0, CPU + 0x2000, 4, false, &value));
	assert_int_equal(fake_kvm_count(KVM_IRQ_LINE, -1), 0);
}

/* An interrupt from the level's rise to its end: two calls, and KVM knows the level. */
static void one_interrupt(unsigned int cpu, uint64_t bit, uint32_t intid, bool masks)
{
	unsigned int calls = fake_kvm_count(KVM_IRQ_LINE, -1);

	enter(cpu);
	assert_int_equal(mask_of(cpu), 0);
	left(cpu, bit, true);
	assert_lines(cpu, 0, calls);		/* it may be over before the guest is entered */
	enter(cpu);
	assert_int_equal(mask_of(cpu), masks ? bit : 0);
	assert_lines(cpu, IRQ, calls + 1);
	left(cpu, bit, false);
	assert_int_equal(acknowledge(cpu), intid);
	enter(cpu);
	assert_int_equal(mask_of(cpu), masks ? bit : 0);
	assert_lines(cpu, 0, calls + 2);
	left(cpu, 0, false);			/* the access shows that the guest saw to it */
	end_of(cpu, intid);
	enter(cpu);
	assert_int_equal(mask_of(cpu), 0);
	assert_lines(cpu, 0, calls + 2);
	left(cpu, 0, false);
	assert_int_equal(acknowledge(cpu), 1023);
}

static void test_interrupts(void **state)
{
	for (unsigned int cpu = 0; cpu < CPUS; cpu += CPUS - 1) {
		one_interrupt(cpu, KVM_ARM_DEV_EL1_VTIMER, 27, plan.gic.line_masks);
		one_interrupt(cpu, KVM_ARM_DEV_EL1_PTIMER, 30, plan.gic.line_masks);
		one_interrupt(cpu, KVM_ARM_DEV_PMU, 23, plan.gic.line_masks);
	}
}

/* A level that stays is pending again after the end of the interrupt. */
static void test_level_stays(void **state)
{
	enter(1);
	left(1, KVM_ARM_DEV_EL1_VTIMER, true);
	enter(1);
	left(1, KVM_ARM_DEV_EL1_VTIMER, false);
	assert_int_equal(acknowledge(1), 27);
	end_of(1, 27);
	enter(1);
	assert_lines(1, IRQ, 1);		/* low and high again while it was outside */
	left(1, 0, true);
	enter(1);
	assert_lines(1, 0, 2);
	left(1, 0, false);
}

/* While the GIC has the interrupt disabled, the mask alone keeps KVM quiet. */
static void test_disabled_in_gic(void **state)
{
	dist_write(2, 0x180, 4, 1u << 27);
	enter(2);
	left(2, KVM_ARM_DEV_EL1_VTIMER, true);
	for (int i = 0; i < 3; i++) {
		enter(2);
		assert_int_equal(mask_of(2), KVM_ARM_DEV_EL1_VTIMER);
		assert_lines(2, 0, 0);
		left(2, KVM_ARM_DEV_EL1_VTIMER, false);
	}
	dist_write(2, 0x100, 4, 1u << 27);
	enter(2);
	assert_lines(2, IRQ, 1);
	left(2, KVM_ARM_DEV_EL1_VTIMER, false);
	assert_int_equal(acknowledge(2), 27);
}

/* Group 0 with FIQEn goes to the other input, and one change may be of both. */
static void test_fiq(void **state)
{
	enter(0);
	left(0, KVM_ARM_DEV_EL1_VTIMER, true);
	enter(0);
	assert_lines(0, IRQ, 1);
	left(0, KVM_ARM_DEV_EL1_VTIMER, false);
	cpu_write(0, 0x000, 1 | 1 << 3);
	enter(0);
	assert_lines(0, FIQ, 3);
	left(0, KVM_ARM_DEV_EL1_VTIMER, false);
	assert_int_equal(acknowledge(0), 27);
	enter(0);
	assert_lines(0, 0, 4);
	left(0, 0, false);
}

/* A rise and a fall between two entries cost no call. */
static void test_unseen(void **state)
{
	struct irq_line line = line_of(SPI);

	irq_line_set(&line, true);
	irq_line_set(&line, false);
	left(0, KVM_ARM_DEV_EL1_VTIMER, true);
	left(0, 0, false);
	for (unsigned int i = 0; i < CPUS; i++) {
		enter(i);
		assert_lines(i, 0, 0);
	}
}

/* Those inside are told at once, those outside when they enter; only what is new to them. */
static void test_spi_with_masks(void **state)
{
	struct irq_line line = line_of(SPI);

	enter(1);
	enter(2);
	irq_line_set(&line, true);
	assert_lines(0, 0, 2);
	assert_lines(1, IRQ, 2);
	assert_lines(2, IRQ, 2);
	irq_line_set(&line, true);
	assert_lines(1, IRQ, 2);
	enter(0);
	assert_lines(0, IRQ, 3);
	/* whoever takes it takes it from the others */
	left(1, 0, false);
	assert_int_equal(acknowledge(1), SPI);
	assert_lines(0, 0, 5);
	assert_lines(2, 0, 5);
	assert_lines(1, IRQ, 5);
	irq_line_set(&line, false);
	end_of(1, SPI);
	enter(1);
	assert_lines(1, 0, 6);
	enter(3);
	assert_lines(3, 0, 6);
	for (unsigned int i = 0; i < CPUS; i++)
		assert_int_equal(machine.vcpus[i].run->immediate_exit, 0);
}

/* An edge is remembered, and the line is ready for the next. */
static void test_pulse(void **state)
{
	struct irq_line line = line_of(SPI_EDGE);

	for (int i = 0; i < 2; i++) {
		irq_line_pulse(&line);
		enter(0);
		assert_lines(0, IRQ, 1 + 2 * i);
		left(0, 0, false);
		assert_int_equal(acknowledge(0), SPI_EDGE);
		end_of(0, SPI_EDGE);
		enter(0);
		assert_lines(0, 0, 2 + 2 * i);
		left(0, 0, false);
	}
}

/* As a vCPU's thread: kicks are for it. */
static void be(unsigned int cpu)
{
	machine.vcpus[cpu].thread = pthread_self();
}

static void test_spi_on_stock(void **state)
{
	struct irq_line line = line_of(SPI);
	struct kvm_run *run = machine.vcpus[1].run;

	signal(SIGRTMIN, SIG_IGN);
	be(1);
	enter(1);
	irq_line_set(&line, true);
	assert_lines(1, 0, 0);
	assert_int_equal(run->immediate_exit, 1);
	/* once is enough */
	run->immediate_exit = 0;
	irq_line_set(&line, false);
	irq_line_set(&line, true);
	assert_int_equal(run->immediate_exit, 0);
	run->immediate_exit = 1;
	left(1, 0, true);
	assert_int_equal(run->immediate_exit, 0);
	enter(1);
	assert_lines(1, IRQ, 1);
	left(1, 0, false);
	/* outside there is nobody to kick */
	irq_line_set(&line, false);
	assert_int_equal(run->immediate_exit, 0);
	enter(1);
	assert_lines(1, 0, 2);
	left(1, 0, false);
}

/* That of machine_stop() is not a kick's: it stays. */
static void test_stop_is_kept(void **state)
{
	struct kvm_run *run = machine.vcpus[0].run;

	enter(0);
	run->immediate_exit = 1;
	left(0, 0, true);
	assert_int_equal(run->immediate_exit, 1);
	enter(0);
	assert_int_equal(run->immediate_exit, 1);
	left(0, 0, true);
}

/* The summary, on standard error. */
static char *summary(void)
{
	static char text[1024];
	const char *path = temp_file("stderr", "", 0);
	int saved = dup(STDERR_FILENO);
	FILE *from;
	size_t len;

	assert_non_null(freopen(path, "w", stderr));
	log_level = LOG_INFO;
	arch_print_stats(&machine);
	fflush(stderr);
	dup2(saved, STDERR_FILENO);
	close(saved);
	from = fopen(path, "r");
	len = fread(text, 1, sizeof(text) - 1, from);
	fclose(from);
	text[len] = '\0';
	return text;
}

static void test_stats(void **state)
{
	static const char *const wanted[] = {
		"GIC: vtimer 2 raised, 2 retired, 1 exits to raise, 1 exits to retire\n",
		"GIC: pmu 1 raised, 0 retired, 0 exits to raise, 0 exits to retire\n",
		"GIC: 3 KVM_IRQ_LINE calls, 0 kicks\n",
	};
	const char *text;

	enter(0);
	left(0, KVM_ARM_DEV_EL1_VTIMER, true);
	enter(0);
	left(0, 0, true);
	enter(0);
	left(0, KVM_ARM_DEV_EL1_VTIMER, false);
	left(0, KVM_ARM_DEV_PMU, false);
	enter(0);
	text = summary();
	for (size_t i = 0; i < ARRAY_SIZE(wanted); i++)
		if (!strstr(text, wanted[i]))
			fail_msg("%s lacks %s", text, wanted[i]);
	assert_null(strstr(text, "ptimer"));
}

/*
 * Threads. Each vCPU plays a guest that sleeps until its IRQ input is high, reads IAR, ends
 * the interrupt, and sends an SGI to the next CPU. Nobody wakes a sleeper but its input or what
 * a real KVM_RUN looks at.
 */
#define SGI		3
#define ROUNDS		2000

enum phase { ASLEEP, ACKNOWLEDGING, ENDING, SENDING };

static struct guest {
	enum phase	phase;
	uint32_t	iar;
	atomic_uint	spis, sgis, spurious;
} guests[CPUS];

static void mmio(struct kvm_run *run, uint64_t gpa, bool write, uint32_t value)
{
	run->exit_reason = KVM_EXIT_MMIO;
	run->mmio.phys_addr = gpa;
	run->mmio.len = 4;
	run->mmio.is_write = write;
	memcpy(run->mmio.data, &value, sizeof(value));
}

static int play(unsigned int cpu, struct kvm_run *run)
{
	struct guest *guest = &guests[cpu];

	if (guest->phase == ACKNOWLEDGING) {
		memcpy(&guest->iar, run->mmio.data, sizeof(guest->iar));
		guest->phase = ENDING;
		if ((guest->iar & 0x3ff) == 1023) {
			guest->spurious++;
			guest->phase = ASLEEP;
		}
	}
	switch (guest->phase) {
	case ENDING:
		mmio(run, CPU + 0x010, true, guest->iar);
		guest->phase = (guest->iar & 0x3ff) == SGI ? ASLEEP : SENDING;
		(*((guest->iar & 0x3ff) == SGI ? &guest->sgis : &guest->spis))++;
		return 0;
	case SENDING:
		mmio(run, DIST + 0xf00, true, 1u << (16 + (cpu + 1) % CPUS) | SGI);
		guest->phase = ASLEEP;
		return 0;
	default:
		break;
	}
	while (!(fake_kvm_lines(cpu, NULL) & IRQ)) {
		if (__atomic_load_n(&run->immediate_exit, __ATOMIC_SEQ_CST)) {
			run->exit_reason = KVM_EXIT_INTR;
			return -EINTR;
		}
		sched_yield();
	}
	guest->phase = ACKNOWLEDGING;
	mmio(run, CPU + 0x00c, false, 0);
	return 0;
}

static unsigned int sgis(void)
{
	unsigned int all = 0;

	for (unsigned int i = 0; i < CPUS; i++)
		all += guests[i].sgis;
	return all;
}

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* Each SPI ends in an SGI, whichever CPU takes it: a level that is lost ends it all. */
static void test_none_lost(void **state)
{
	struct irq_line line = line_of(SPI_EDGE);
	unsigned int inside, all_inside = 0;
	double start = seconds();

	memset(guests, 0, sizeof(guests));
	fake_kvm.settings.run = play;
	assert_done(machine_start(&machine, &err), &err);
	for (unsigned int round = 0; round < ROUNDS; round++) {
		irq_line_pulse(&line);
		while (sgis() == round && seconds() < start + 100)
			sched_yield();
		assert_int_equal(sgis(), round + 1);
	}
	machine_stop(&machine);
	assert_int_equal(verdict_kind(&verdict), VERDICT_NONE);
	for (unsigned int i = 0; i < CPUS; i++) {
		fake_kvm_lines(i, &inside);
		all_inside += inside;
	}
	/* without line masks KVM may lose what another thread tells it of a vCPU that runs */
	assert_int_equal(all_inside > 0, plan.gic.line_masks);
}

static atomic_bool enough;

static int until_kicked(unsigned int cpu, struct kvm_run *run)
{
	run->exit_reason = KVM_EXIT_INTR;
	while (!__atomic_load_n(&run->immediate_exit, __ATOMIC_SEQ_CST))
		sched_yield();
	return -EINTR;
}

static void *toggle(void *arg)
{
	struct irq_line line = line_of(SPI);

	for (bool level = true; !enough; level = !level)
		irq_line_set(&line, level);
	return NULL;
}

/* Kicks come all the time: a stop gets through, as often as it is tried. */
static void test_stop_among_kicks(void **state)
{
	fake_kvm.settings.run = until_kicked;
	for (int i = 0; i < 200; i++) {
		pthread_t thread;

		enough = false;
		assert_int_equal(pthread_create(&thread, NULL, toggle, NULL), 0);
		for (unsigned int cpu = 0; cpu < CPUS; cpu++)
			machine.vcpus[cpu].run->immediate_exit = 0;
		machine.stopping = false;
		assert_done(machine_start(&machine, &err), &err);
		usleep(i % 8 * 100);
		machine_stop(&machine);
		enough = true;
		pthread_join(thread, NULL);
	}
}

#define TEST(name)	\
	{ #name " (masks)", name, setup_masks, teardown, NULL }, \
	{ #name " (stock)", name, setup_stock, teardown, NULL }
#define TEST_MASKS(name)	cmocka_unit_test_setup_teardown(name, setup_masks, teardown)
#define TEST_STOCK(name)	cmocka_unit_test_setup_teardown(name, setup_stock, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_frames),
		TEST(test_interrupts),
		TEST(test_level_stays),
		TEST_MASKS(test_disabled_in_gic),
		TEST(test_fiq),
		TEST(test_unseen),
		TEST_MASKS(test_spi_with_masks),
		TEST(test_pulse),
		TEST_STOCK(test_spi_on_stock),
		TEST(test_stop_is_kept),
		TEST_MASKS(test_stats),
		TEST(test_none_lost),
		TEST(test_stop_among_kicks),
	};

	return cmocka_run_group_tests_name("GIC in user space", tests, NULL, NULL);
}

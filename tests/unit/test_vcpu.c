// SPDX-License-Identifier: GPL-2.0-only
/*
 * A vCPU's thread: what KVM_RUN leaves for, and what becomes of it. KVM_RUN is
 * played by the tests, on the thread of the vCPU.
 */
#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "fake_kvm.h"
#include "machine.h"
#include "unit.h"

#define CPUS	2
#define PC	0xffff800080012345ull
#define LR	0xffff800080054321ull

static struct config config;
static struct plan plan;
static struct verdict verdict;
static struct machine machine;
static struct error err;

/* What vCPU 0 meets, one after the other; the last row ends it. vCPU 1 waits. */
struct step {
	int			ret;
	struct kvm_run		run;
};

static const struct step *steps;
static unsigned int n_steps, at_step;
static unsigned char seen_data[64][8];	/* mmio.data when KVM_RUN is entered again */

static int play(unsigned int vcpu, struct kvm_run *run)
{
	if (vcpu) {
		usleep(1000);
		return -EINTR;
	}
	if (at_step)
		memcpy(seen_data[at_step - 1], run->mmio.data, 8);
	if (at_step == n_steps) {
		loop_stop(machine.loop);
		usleep(1000);
		return -EINTR;
	}
	run->exit_reason = steps[at_step].run.exit_reason;
	run->mmio = steps[at_step].run.mmio;	/* of the union's members the largest in use */
	return steps[at_step++].ret;
}

/* A device that keeps what it was asked. */
static struct {
	bool		write;
	uint64_t	offset, value;
	unsigned int	len;
} accesses[64];
static unsigned int n_accesses;
static uint64_t answer;

static uint64_t device_read(void *device, uint64_t offset, unsigned int len)
{
	accesses[n_accesses].write = false;
	accesses[n_accesses].offset = offset;
	accesses[n_accesses++].len = len;
	return answer;
}

static void device_write(void *device, uint64_t offset, unsigned int len, uint64_t value)
{
	accesses[n_accesses].write = true;
	accesses[n_accesses].offset = offset;
	accesses[n_accesses].value = value;
	accesses[n_accesses++].len = len;
}

static const struct bus_ops device_ops = { device_read, device_write };

static void set_reg(int fd, uint64_t offset, uint64_t value)
{
	uint64_t id = KVM_REG_ARM64 | KVM_REG_SIZE_U64 | KVM_REG_ARM_CORE | offset;

	assert_int_equal(kvm_set_reg(fd, id, &value), 0);
}

static int setup(void **state)
{
	fake_kvm_reset();
	fake_kvm_set_cap(KVM_CAP_COALESCED_MMIO, 1);
	fake_kvm.settings.run = play;
	n_steps = 0;
	at_step = 0;
	n_accesses = 0;
	verdict_init(&verdict);
	memset(&config, 0, sizeof(config));
	plan = (struct plan){ .cpus = CPUS, .pmu = { .name = "armv8_pmuv3_big" } };
	CPU_SET(4, &plan.pmu.cpus);
	CPU_SET(5, &plan.pmu.cpus);
	CPU_SET(7, &plan.pmu.cpus);
	machine = (struct machine) {
		.config = &config, .plan = &plan, .verdict = &verdict, .kvm_fd = kvm_open(),
		.vcpus = calloc(CPUS, sizeof(struct vcpu)),
	};
	machine.run_size = (size_t)kvm_ioctl_value(machine.kvm_fd, KVM_GET_VCPU_MMAP_SIZE, 0);
	machine.vm_fd = kvm_ioctl_value(machine.kvm_fd, KVM_CREATE_VM, 0);
	if (loop_create(&machine.loop, &err) || bus_create(&machine.bus, machine.vm_fd, &err))
		return -1;
	for (unsigned int i = 0; i < CPUS; i++) {
		struct kvm_vcpu_init init = { .target = KVM_ARM_TARGET_GENERIC_V8 };
		struct vcpu *vcpu = &machine.vcpus[i];

		*vcpu = (struct vcpu){ .machine = &machine, .index = i };
		vcpu->fd = kvm_ioctl_value(machine.vm_fd, KVM_CREATE_VCPU, i);
		assert_int_equal(kvm_ioctl(vcpu->fd, KVM_ARM_VCPU_INIT, &init), 0);
		set_reg(vcpu->fd, KVM_REG_ARM_CORE_REG(regs.pc), PC + i);
		set_reg(vcpu->fd, KVM_REG_ARM_CORE_REG(regs.regs[30]), LR + i);
		vcpu->run = kvm_map_run(vcpu->fd, machine.run_size);
	}
	bus_set_run(machine.bus, machine.vcpus[0].run, machine.run_size);
	return bus_add(machine.bus, "device", 0x1000, 0x1000, &device_ops, NULL, &err);
}

static int teardown(void **state)
{
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
	return 0;
}

/* As vmm/run.c does: until something ends the loop. */
static void run_machine(void)
{
	assert_done(machine_start(&machine, &err), &err);
	assert_int_equal(loop_run(machine.loop), 0);
	machine_stop(&machine);
}

static void play_steps(const struct step *list, unsigned int n)
{
	steps = list;
	n_steps = n;
	at_step = 0;
	run_machine();
}

#define MMIO(addr, size, write, ...) { 0, { .exit_reason = KVM_EXIT_MMIO, .mmio = { \
	.phys_addr = (addr), .len = (size), .is_write = (write), .data = { __VA_ARGS__ } } } }

/* Bytes are numbers with the low one first, and only as many as the access has. */
static void test_mmio_write(void **state)
{
	static const struct step list[] = {
		MMIO(0x1000, 1, 1, 0x11, 0xee, 0xee, 0xee, 0xee, 0xee, 0xee, 0xee),
		MMIO(0x1010, 2, 1, 0x11, 0x22, 0xee, 0xee, 0xee, 0xee, 0xee, 0xee),
		MMIO(0x1020, 4, 1, 0x11, 0x22, 0x33, 0x44, 0xee, 0xee, 0xee, 0xee),
		MMIO(0x1ff8, 8, 1, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88),
	};
	static const struct { uint64_t offset, value; unsigned int len; } wanted[] = {
		{ 0, 0x11, 1 }, { 0x10, 0x2211, 2 }, { 0x20, 0x44332211, 4 },
		{ 0xff8, 0x8877665544332211, 8 },
	};

	play_steps(list, ARRAY_SIZE(list));
	assert_int_equal(n_accesses, ARRAY_SIZE(wanted));
	for (unsigned int i = 0; i < n_accesses; i++) {
		assert_true(accesses[i].write);
		assert_int_equal(accesses[i].offset, wanted[i].offset);
		assert_int_equal(accesses[i].value, wanted[i].value);
		assert_int_equal(accesses[i].len, wanted[i].len);
		/* what was written is not changed */
		assert_memory_equal(seen_data[i], list[i].run.mmio.data, 8);
	}
	assert_int_equal(verdict_kind(&verdict), VERDICT_NONE);
	assert_int_equal(machine.vcpus[0].stats.mmio, 4);
	assert_true(machine.vcpus[0].stats.runs > 4);
	assert_int_equal(machine.vcpus[1].stats.mmio, 0);
}

#define EE8	0xee, 0xee, 0xee, 0xee, 0xee, 0xee, 0xee, 0xee

static void test_mmio_read(void **state)
{
	static const struct step list[] = {
		MMIO(0x1000, 1, 0, EE8), MMIO(0x1010, 2, 0, EE8), MMIO(0x1020, 4, 0, EE8),
		MMIO(0x1ff8, 8, 0, EE8),
	};
	static const unsigned char bytes[] = { 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88 };

	answer = 0x8877665544332211;
	play_steps(list, ARRAY_SIZE(list));
	assert_int_equal(n_accesses, 4);
	for (unsigned int i = 0; i < 4; i++) {
		unsigned int len = 1u << i;

		assert_false(accesses[i].write);
		assert_int_equal(accesses[i].len, len);
		assert_memory_equal(seen_data[i], bytes, len);
		for (unsigned int b = len; b < 8; b++)
			assert_int_equal(seen_data[i][b], 0xee);
	}
}

/* Where there is no device a read finds 0, and the guest goes on. */
static void test_no_device(void **state)
{
	static const struct step list[] = {
		MMIO(0x5000, 4, 0, EE8), MMIO(0x5000, 4, 1, EE8), MMIO(0x1ffe, 4, 0, EE8),
	};

	play_steps(list, ARRAY_SIZE(list));
	assert_int_equal(n_accesses, 0);
	assert_memory_equal(seen_data[0], "\0\0\0\0\xee\xee\xee\xee", 8);
	assert_memory_equal(seen_data[2], "\0\0\0\0\xee\xee\xee\xee", 8);
	assert_int_equal(verdict_kind(&verdict), VERDICT_NONE);
}

/* No KVM says this; it must not be believed for more than there is room for. */
static void test_mmio_too_long(void **state)
{
	static const struct step list[] = { MMIO(0x1000, 200, 1, 1), MMIO(0x1000, 200, 0, 1) };

	play_steps(list, ARRAY_SIZE(list));
	assert_int_equal(n_accesses, 2);
	assert_int_equal(accesses[0].len, 8);
}

/* Each of these ends a run. */
#define EVENT(event)	{ 0, { .exit_reason = KVM_EXIT_SYSTEM_EVENT, \
			  .system_event = { .type = (event) } } }
#define FAIL(cpu_reason, number) { 0, { .exit_reason = KVM_EXIT_FAIL_ENTRY, .fail_entry = { \
			  .hardware_entry_failure_reason = (cpu_reason), .cpu = (number) } } }

static const struct {
	struct step		step;
	enum verdict_kind	kind;
	int			exit_code;
	const char		*texts[4];
} ends[] = {
	{ EVENT(KVM_SYSTEM_EVENT_SHUTDOWN), VERDICT_OFF, 0, { "powered off" } },
	{ EVENT(KVM_SYSTEM_EVENT_RESET), VERDICT_RESET, 80, { "reset" } },
	{ EVENT(KVM_SYSTEM_EVENT_CRASH), VERDICT_CRASHED, 81, { "system event 3" } },
	{ EVENT(77), VERDICT_CRASHED, 81, { "system event 77" } },
	{ FAIL(KVM_EXIT_FAIL_ENTRY_CPU_UNSUPPORTED, 3), VERDICT_CRASHED, 81,
	  { "CPU 3", "armv8_pmuv3_big", "4-5,7", "--vcpu-affinity" } },
	{ FAIL(0x80000020, 3), VERDICT_CRASHED, 81, { "0x80000020" } },
	{ { 0, { .exit_reason = KVM_EXIT_INTERNAL_ERROR, .internal = { .suberror = 5 } } },
	  VERDICT_CRASHED, 81, { "internal error 5" } },
	{ { 0, { .exit_reason = KVM_EXIT_HLT } }, VERDICT_CRASHED, 81, { "exit reason 5" } },
	{ { 0, { .exit_reason = 999 } }, VERDICT_CRASHED, 81, { "exit reason 999" } },
	{ { -ENOSYS, { } }, VERDICT_CRASHED, 81, { "decode, to no memory (PC" } },
	{ { -EFAULT, { } }, VERDICT_CRASHED, 81, { "KVM_RUN", "Bad address" } },
	{ { -ENOEXEC, { } }, VERDICT_CRASHED, 81, { "KVM_RUN", "Exec format" } },
};

static void test_ends(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(ends); i++) {
		/* what follows must not be seen any more */
		const struct step list[] = { ends[i].step, MMIO(0x1000, 4, 1) };

		if (i) {
			teardown(NULL);
			assert_int_equal(setup(NULL), 0);
		}
		play_steps(list, 2);
		if (verdict_kind(&verdict) != ends[i].kind ||
		    verdict.exit_code != ends[i].exit_code)
			fail_msg("end %zu: kind %d, \"%s\"", i, verdict_kind(&verdict),
				 verdict.text);
		for (size_t t = 0; t < 4 && ends[i].texts[t]; t++)
			if (!strstr(verdict.text, ends[i].texts[t]))
				fail_msg("end %zu: \"%s\" lacks \"%s\"", i, verdict.text,
					 ends[i].texts[t]);
		assert_int_equal(n_accesses, 0);
		assert_int_equal(machine.vcpus[0].stats.runs, 1);
		if (ends[i].kind != VERDICT_CRASHED)
			continue;
		/* which vCPU, and where it was */
		assert_non_null(strstr(verdict.text, "vCPU 0:"));
		assert_non_null(strstr(verdict.text, "PC 0xffff800080012345"));
		assert_non_null(strstr(verdict.text, "LR 0xffff800080054321"));
		assert_non_null(strstr(verdict.text, "PSTATE 0x3c5"));
	}
}

/* Signals come at any time, and KVM has its own reasons to come back early. */
static void test_goes_on(void **state)
{
	static const struct step list[] = {
		{ -EINTR, { .exit_reason = KVM_EXIT_INTR } }, { -EAGAIN, { } },
		{ 0, { .exit_reason = KVM_EXIT_INTR } }, MMIO(0x1000, 4, 1, 1),
		/* an exit that was served before is not served again */
		{ -EINTR, { .exit_reason = KVM_EXIT_MMIO } }, { -EAGAIN, { } },
	};

	play_steps(list, ARRAY_SIZE(list));
	assert_int_equal(at_step, ARRAY_SIZE(list));
	assert_int_equal(n_accesses, 1);
	assert_int_equal(verdict_kind(&verdict), VERDICT_NONE);
}

static int only_1_fails(unsigned int vcpu, struct kvm_run *run)
{
	if (vcpu == 1)
		return -EFAULT;
	usleep(1000);
	return -EINTR;
}

static void test_failure_of_the_second(void **state)
{
	fake_kvm.settings.run = only_1_fails;
	run_machine();
	assert_int_equal(verdict_kind(&verdict), VERDICT_CRASHED);
	assert_non_null(strstr(verdict.text, "vCPU 1:"));
	assert_non_null(strstr(verdict.text, "PC 0xffff800080012346"));
	assert_int_equal(machine.vcpus[1].stats.runs, 1);
}

static int off_and_crash(unsigned int vcpu, struct kvm_run *run)
{
	if (vcpu == 1)
		return -EFAULT;
	run->exit_reason = KVM_EXIT_SYSTEM_EVENT;
	run->system_event.type = KVM_SYSTEM_EVENT_SHUTDOWN;
	while (verdict_kind(&verdict) != VERDICT_CRASHED)
		usleep(100);
	return 0;
}

/* A crash outweighs the power-off that follows it. */
static void test_crash_and_off(void **state)
{
	fake_kvm.settings.run = off_and_crash;
	run_machine();
	assert_int_equal(verdict_kind(&verdict), VERDICT_CRASHED);
}

/* What KVM kept back happens before what it came back for, and at the end. */
static void keep(unsigned int n, uint64_t gpa, uint32_t value)
{
	struct kvm_coalesced_mmio_ring *ring = (void *)((char *)machine.vcpus[0].run +
							sysconf(_SC_PAGESIZE));

	ring->coalesced_mmio[n].phys_addr = gpa;
	ring->coalesced_mmio[n].len = 4;
	memcpy(ring->coalesced_mmio[n].data, &value, sizeof(value));
	__atomic_store_n(&ring->last, n + 1, __ATOMIC_RELEASE);
}

static int keep_two(unsigned int vcpu, struct kvm_run *run)
{
	static const struct step mmio = MMIO(0x1020, 4, 1, 3);

	if (vcpu == 1)
		return only_1_fails(0, run);
	if (!at_step++) {
		keep(0, 0x1000, 1);
		keep(1, 0x1010, 2);
		*run = mmio.run;
		return 0;
	}
	loop_stop(machine.loop);
	usleep(1000);
	return -EINTR;
}

static void test_kept_back_first(void **state)
{
	assert_int_equal(bus_keep_back(machine.bus, 0x1000, 0x20), 0);
	fake_kvm.settings.run = keep_two;
	run_machine();
	assert_int_equal(n_accesses, 3);
	for (unsigned int i = 0; i < 3; i++) {
		assert_int_equal(accesses[i].offset, 0x10 * i);
		assert_int_equal(accesses[i].value, i + 1);
	}
	/* a guest that is stopped has nothing more to say */
	keep(2, 0x1000, 4);
	machine_stop(&machine);
	assert_int_equal(n_accesses, 4);
	assert_int_equal(accesses[3].value, 4);
}

/* The other vCPU's exit has the same order to keep. */
static int keep_before_other(unsigned int vcpu, struct kvm_run *run)
{
	static const struct step mmio = MMIO(0x1020, 4, 1, 2);
	static atomic_bool kept;

	if (vcpu == 0 && !at_step++) {
		keep(0, 0x1000, 1);
		kept = true;
	}
	while (!kept)
		usleep(100);
	if (vcpu == 1 && !n_accesses) {
		*run = mmio.run;
		return 0;
	}
	if (vcpu == 1)
		loop_stop(machine.loop);
	while (!run->immediate_exit)
		usleep(100);
	return -EINTR;
}

static void test_kept_back_of_another(void **state)
{
	assert_int_equal(bus_keep_back(machine.bus, 0x1000, 0x20), 0);
	fake_kvm.settings.run = keep_before_other;
	run_machine();
	assert_int_equal(n_accesses, 2);
	assert_int_equal(accesses[0].value, 1);
	assert_int_equal(accesses[1].value, 2);
}

/* Start and stop. */

static atomic_uint inside, flag_late, signals_wrong;

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* A guest that does nothing: only a signal gets a thread out of it. */
static int asleep(unsigned int vcpu, struct kvm_run *run)
{
	const struct timespec rather_long = { .tv_sec = 20 };
	sigset_t blocked;

	pthread_sigmask(SIG_SETMASK, NULL, &blocked);
	signals_wrong += !sigismember(&blocked, SIGINT) || !sigismember(&blocked, SIGTERM) ||
			 !sigismember(&blocked, SIGWINCH);
	inside++;
	nanosleep(&rather_long, NULL);
	flag_late += !__atomic_load_n(&run->immediate_exit, __ATOMIC_SEQ_CST);
	return -EINTR;
}

/* The signal came a moment before KVM_RUN: immediate_exit must be there. */
static int about_to_enter(unsigned int vcpu, struct kvm_run *run)
{
	sigset_t all;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, NULL);
	inside++;
	for (double start = seconds(); seconds() < start + 20; usleep(100))
		if (__atomic_load_n(&run->immediate_exit, __ATOMIC_SEQ_CST))
			break;
	return -EINTR;
}

static void test_stop(void **state)
{
	static int (*const guests[])(unsigned int vcpu, struct kvm_run *run) = {
		asleep, about_to_enter,
	};

	for (size_t i = 0; i < ARRAY_SIZE(guests); i++) {
		double start = seconds();
		sigset_t blocked;

		if (i) {
			teardown(NULL);
			assert_int_equal(setup(NULL), 0);
		}
		inside = 0;
		flag_late = 0;
		signals_wrong = 0;
		fake_kvm.settings.run = guests[i];
		assert_done(machine_start(&machine, &err), &err);
		while (inside < CPUS && seconds() < start + 10)
			usleep(100);
		assert_int_equal(inside, CPUS);
		machine_stop(&machine);
		assert_true(seconds() < start + 15);
		assert_int_equal(inside, CPUS);
		assert_int_equal(flag_late, 0);
		assert_int_equal(signals_wrong, 0);
		assert_int_equal(verdict_kind(&verdict), VERDICT_NONE);
		for (unsigned int cpu = 0; cpu < CPUS; cpu++)
			assert_false(machine.vcpus[cpu].started);
		/* the main thread has its signals back */
		pthread_sigmask(SIG_SETMASK, NULL, &blocked);
		assert_false(sigismember(&blocked, SIGTERM));
	}
}

/* Stopped twice, and without ever having been started. */
static void test_stop_idle(void **state)
{
	machine_stop(&machine);
	machine_stop(&machine);
	assert_int_equal(fake_kvm_count(KVM_RUN, -1), 0);
}

static cpu_set_t run_on[CPUS];

static int where_am_i(unsigned int vcpu, struct kvm_run *run)
{
	pthread_getaffinity_np(pthread_self(), sizeof(cpu_set_t), &run_on[vcpu]);
	return asleep(vcpu, run);
}

static void test_affinity(void **state)
{
	cpu_set_t mine;
	int cpu = 0;

	assert_int_equal(pthread_getaffinity_np(pthread_self(), sizeof(mine), &mine), 0);
	while (!CPU_ISSET(cpu, &mine))
		cpu++;
	CPU_SET(cpu, &config.affinity);
	config.has_affinity = true;
	inside = 0;
	fake_kvm.settings.run = where_am_i;
	assert_done(machine_start(&machine, &err), &err);
	for (double start = seconds(); inside < CPUS && seconds() < start + 10; )
		usleep(100);
	machine_stop(&machine);
	for (unsigned int i = 0; i < CPUS; i++)
		assert_true(CPU_EQUAL(&run_on[i], &config.affinity));
	/* CPUs that this host can't have are the command line's fault */
	CPU_ZERO(&config.affinity);
	CPU_SET(CPU_SETSIZE - 1, &config.affinity);
	assert_error(machine_start(&machine, &err), &err, TALLY_EXIT_UNAVAILABLE,
		     "--vcpu-affinity");
}

#define TEST(name)	cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_mmio_write),
		TEST(test_mmio_read),
		TEST(test_no_device),
		TEST(test_mmio_too_long),
		TEST(test_ends),
		TEST(test_goes_on),
		TEST(test_failure_of_the_second),
		TEST(test_crash_and_off),
		TEST(test_kept_back_first),
		TEST(test_kept_back_of_another),
		TEST(test_stop),
		TEST(test_stop_idle),
		TEST(test_affinity),
	};

	return cmocka_run_group_tests_name("vcpu", tests, NULL, NULL);
}

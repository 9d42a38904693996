// SPDX-License-Identifier: GPL-2.0-only
/*
 * The plan carried out: what KVM is asked for and in which order, and that each
 * of these calls may fail without a leak or a silent success.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "arch.h"
#include "fake_kvm.h"
#include "machine.h"
#include "planning.h"

#define MIB	(1ull << 20)

/* A run up to the built machine, as vmm/run.c does it. */
struct run {
	struct planning		p;
	struct verdict		verdict;
	struct event_loop	*loop;
	struct console		*console;
	struct machine		machine;
	struct error		err;
	int			kvm_fd;
	bool			planned, built;
};

static const char *kernel_path, *disk_path;

static void run_open(struct run *run, const char *host, const char *args)
{
	memset(run, 0, sizeof(*run));
	planning_init(&run->p, host, args);
	run->p.caps.ipa_choice = true;
	verdict_init(&run->verdict);
	assert_done(loop_create(&run->loop, &run->err), &run->err);
	assert_done(console_create(&run->console, run->loop, &run->verdict, true, &run->err),
		    &run->err);
	if (kernel_path)
		assert_done(images_open(&run->p.images,
					&(struct kernel_config){ .kernel = kernel_path },
					&run->err), &run->err);
}

/* The part that fails on purpose: from opening KVM to the machine. */
static int run_build(struct run *run)
{
	unsigned int ipa_bits;
	int vm_fd, ret;

	run->kvm_fd = kvm_open();
	if (run->kvm_fd < 0)
		return error_set(&run->err, TALLY_EXIT_UNAVAILABLE, -run->kvm_fd,
				 "opening KVM: %s", strerror(-run->kvm_fd));
	ret = arch_plan_ipa(&run->p.config, &run->p.caps, &ipa_bits, &run->err);
	if (ret < 0)
		return ret;
	vm_fd = vm_open(run->kvm_fd, &run->p.caps, ipa_bits, &run->err);
	if (vm_fd < 0)
		return vm_fd;
	if (!run->planned) {
		assert_planned(&run->p);
		run->planned = true;
	}
	ret = machine_create(&run->machine, run->kvm_fd, vm_fd, &run->p.config, &run->p.plan,
			     &run->p.images, run->loop, run->console, &run->verdict, &run->err);
	run->built = !ret;
	return ret;
}

static void run_unbuild(struct run *run)
{
	if (run->built)
		machine_destroy(&run->machine);
	run->built = false;
	if (run->kvm_fd >= 0)
		kvm_close(run->kvm_fd);
}

static void run_close(struct run *run)
{
	console_destroy(run->console);
	loop_destroy(run->loop);
	verdict_destroy(&run->verdict);
	images_close(&run->p.images);
	planning_free(&run->p);
}

static void assert_nothing_left(void)
{
	if (fake_kvm.opened != fake_kvm.closed)
		fail_msg("%u opened, %u closed", fake_kvm.opened, fake_kvm.closed);
	assert_int_equal(fake_kvm.misused, 0);
}

/* The machines that the tests below build: together they make every call that there is. */
static const struct setup {
	const char	*name, *host, *args;
	bool		sve, mte;
	bool		counters_attr, masks_assign;
} setups[] = {
	{ "plain", "one-pmu", "", false, false, false, false },
	{ "GICv2m", "gicv2", "-c 2 --irqchip gicv2m", false, false, false, false },
	{ "ITS", "one-pmu", "-c 2 --irqchip gicv3-its --no-pvtime", false, false, false, false },
	{ "PMU 6.12", "one-pmu", "-c 2 --pmu --pmu-counters 3 --pmu-filter allow:0x8,0x11",
	  false, false, false, false },
	{ "PMU later", "big-little", "-c 2 --pmu --pmu-counters 3 --vcpu-affinity 4-5",
	  false, false, true, true },
	{ "features", "one-pmu", "-c 3 --sve-max-vl 256 --counter-offset 5", true, true, false,
	  false },
	{ "devices", "one-pmu", "--rng --console virtio -d DISK -d DISK,ro -m 64", false, false,
	  false, false },
	{ "GIC in user space", "series", "-c 2 --irqchip user --pmu --pmu-counters 3", false, false,
	  false, false },
	{ "the same on a stock kernel", "one-pmu", "-c 2 --irqchip user", false, false, false, false },
};

static void setup_open(struct run *run, const struct setup *setup)
{
	char args[256] = "";
	const char *from = setup->args, *at;

	/* DISK stands for the path of one */
	while ((at = strstr(from, "DISK"))) {
		snprintf(args + strlen(args), sizeof(args) - strlen(args), "%.*s%s",
			 (int)(at - from), from, disk_path);
		from = at + 4;
	}
	snprintf(args + strlen(args), sizeof(args) - strlen(args), "%s", from);
	fake_kvm_reset();
	fake_kvm_set_cap(KVM_CAP_ARM_TIMER_IRQ_MASK, 1);
	fake_kvm.settings.mte = setup->mte;
	fake_kvm.settings.pmu_counters_attr = setup->counters_attr;
	fake_kvm.settings.pmu_masks_assign = setup->masks_assign;
	fake_kvm.settings.pmu_types[0] = 8;
	fake_kvm.settings.pmu_types[1] = 10;
	run_open(run, setup->host, args);
	run->p.caps.sve = setup->sve;
	run->p.caps.mte = setup->mte;
	run->p.caps.ipa_bits = 40;
}

static bool is_mapped(void *host)
{
	return host && !msync(host, 4096, MS_ASYNC);
}

static void test_builds_and_ends(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(setups); i++) {
		struct run run;
		void *ram, *steal_time;
		int ret;

		setup_open(&run, &setups[i]);
		ret = run_build(&run);
		if (ret)
			fail_msg("%s: %s", setups[i].name, run.err.text);
		/* what KVM 6.12 refuses would have been a mistake of ours */
		for (unsigned int c = 0; c < fake_kvm.n_calls; c++)
			if (fake_kvm.calls[c].ret < 0 &&
			    fake_kvm.calls[c].request != KVM_HAS_DEVICE_ATTR)
				fail_msg("%s: call %u, %s, was refused with %d", setups[i].name,
					 c + 1, fake_kvm.calls[c].name, fake_kvm.calls[c].ret);
		ram = run.machine.memory.host;
		steal_time = run.machine.steal_time;
		assert_true(is_mapped(ram));
		assert_int_equal(is_mapped(steal_time), run.p.plan.cpu.steal_time);
		run_unbuild(&run);
		assert_nothing_left();
		assert_false(is_mapped(ram) || is_mapped(steal_time));
		run_close(&run);
	}
}

/* These have another way to go on, or nobody to tell. */
static bool may_fail(const struct fake_call *call)
{
	switch (call->request) {
	case KVM_CHECK_EXTENSION:
	case KVM_HAS_DEVICE_ATTR:
	case KVM_IOEVENTFD:
	case KVM_IRQFD:
	case KVM_IRQ_LINE:
		return true;
	default:
		return false;
	}
}

static void test_each_call_fails(void **state)
{
	static const int errnos[] = { ENOMEM, EINVAL, EBUSY };
	unsigned int failures = 0;

	for (size_t i = 0; i < ARRAY_SIZE(setups); i++) {
		unsigned int calls = UINT32_MAX;

		for (unsigned int n = 1; n <= calls; n++) {
			struct run run;
			int wanted = errnos[n % ARRAY_SIZE(errnos)], ret;
			const struct fake_call *call;

			setup_open(&run, &setups[i]);
			fake_kvm.fail_at = n;
			fake_kvm.fail_errno = wanted;
			ret = run_build(&run);
			if (fake_kvm.n_calls < n) {
				assert_done(ret, &run.err);
				calls = fake_kvm.n_calls;
			} else {
				call = &fake_kvm.calls[n - 1];
				if (ret >= 0 && !may_fail(call))
					fail_msg("%s: call %u, %s, failed without notice",
						 setups[i].name, n, call->name);
				if (ret < 0) {
					failures++;
					if (strlen(run.err.text) < strlen(strerror(wanted)) + 5 ||
					    !strstr(run.err.text, strerror(wanted)))
						fail_msg("%s: call %u, %s: \"%s\" does not say %s",
							 setups[i].name, n, call->name,
							 run.err.text, strerror(wanted));
					assert_true(run.err.exit_code == TALLY_EXIT_SOFTWARE ||
						    run.err.exit_code == TALLY_EXIT_UNAVAILABLE);
				}
			}
			run_unbuild(&run);
			assert_nothing_left();
			run_close(&run);
		}
	}
	assert_true(failures > 100);
}

/* The number of the first call with this request and first argument, from 1; 0: there is none. */
static unsigned int first(unsigned long request, int64_t a)
{
	unsigned int at = 0;

	return fake_kvm_find(&at, request, a) ? at : 0;
}

static unsigned int last(unsigned long request, int64_t a)
{
	unsigned int at = 0, found = 0;

	while (fake_kvm_find(&at, request, a))
		found = at;
	return found;
}

/* The same for an attribute: of a vCPU, or of any interrupt controller. */
static unsigned int first_attr(bool of_vcpu, uint64_t group, uint64_t attr)
{
	unsigned int at = 0;
	const struct fake_call *call;

	while ((call = fake_kvm_find(&at, KVM_SET_DEVICE_ATTR, (int64_t)group)))
		if (call->b == attr && (call->kind == FAKE_VCPU) == of_vcpu)
			return at;
	return 0;
}

static unsigned int first_pmu(uint64_t attr)
{
	return first_attr(true, KVM_ARM_VCPU_PMU_V3_CTRL, attr);
}

#define assert_order(earlier, later) do { \
	unsigned int earlier_at = (earlier), later_at = (later); \
	if (!earlier_at || !later_at || earlier_at >= later_at) \
		fail_msg("%s is call %u, %s call %u", #earlier, earlier_at, #later, later_at); \
} while (0)

static void test_order(void **state)
{
	struct run run;
	unsigned int gic_init;

	setup_open(&run, &setups[3]);
	assert_done(run_build(&run), &run.err);
	gic_init = first_attr(false, KVM_DEV_ARM_VGIC_GRP_CTRL, KVM_DEV_ARM_VGIC_CTRL_INIT);
	assert_order(first(KVM_CREATE_VM, -1), first(KVM_SET_USER_MEMORY_REGION, -1));
	assert_order(last(KVM_CREATE_VCPU, -1), first(KVM_ARM_VCPU_INIT, -1));
	assert_order(last(KVM_ARM_VCPU_INIT, -1), first(KVM_CREATE_DEVICE, -1));
	assert_order(first(KVM_CREATE_DEVICE, -1), gic_init);
	assert_order(first_attr(false, KVM_DEV_ARM_VGIC_GRP_NR_IRQS, 0), gic_init);
	/* the PMU, in the order of issue and manual: which, how many, which events, then INIT */
	assert_order(gic_init, first_pmu(KVM_ARM_VCPU_PMU_V3_SET_PMU));
	assert_order(first_pmu(KVM_ARM_VCPU_PMU_V3_SET_PMU),
		     first(KVM_SET_ONE_REG, ARM64_SYS_REG(3, 3, 9, 12, 0)));
	assert_order(first(KVM_SET_ONE_REG, ARM64_SYS_REG(3, 3, 9, 12, 0)),
		     first_pmu(KVM_ARM_VCPU_PMU_V3_FILTER));
	assert_order(first_pmu(KVM_ARM_VCPU_PMU_V3_FILTER),
		     first_pmu(KVM_ARM_VCPU_PMU_V3_IRQ));
	assert_order(first_pmu(KVM_ARM_VCPU_PMU_V3_IRQ),
		     first_pmu(KVM_ARM_VCPU_PMU_V3_INIT));
	run_unbuild(&run);
	run_close(&run);
}

/* KVM is told of a GIC in user space by the line masks, before it has a vCPU, or not at all. */
static void test_user_irqchip(void **state)
{
	for (size_t i = 7; i <= 8; i++) {
		bool masks = i == 7;
		struct run run;

		setup_open(&run, &setups[i]);
		assert_done(run_build(&run), &run.err);
		assert_int_equal(fake_kvm_count(KVM_CREATE_DEVICE, -1), 0);
		assert_int_equal(first_attr(true, KVM_ARM_VCPU_TIMER_CTRL,
					    KVM_ARM_VCPU_TIMER_IRQ_VTIMER), 0);
		assert_int_equal(first_pmu(KVM_ARM_VCPU_PMU_V3_IRQ), 0);
		assert_int_equal(first_pmu(KVM_ARM_VCPU_PMU_V3_INIT) != 0, masks);
		assert_int_equal(fake_kvm_count(KVM_ENABLE_CAP, KVM_CAP_ARM_TIMER_IRQ_MASK), masks);
		if (masks)
			assert_order(first(KVM_ENABLE_CAP, KVM_CAP_ARM_TIMER_IRQ_MASK),
				     first(KVM_CREATE_VCPU, -1));
		run_unbuild(&run);
		run_close(&run);
	}
}

static void test_pmu_registers(void **state)
{
	static const uint64_t clear[] = {
		ARM64_SYS_REG(3, 3, 9, 12, 1),		/* PMCNTENSET_EL0 */
		ARM64_SYS_REG(3, 0, 9, 14, 1),		/* PMINTENSET_EL1 */
		ARM64_SYS_REG(3, 3, 9, 14, 3),		/* PMOVSSET_EL0 */
		ARM64_SYS_REG(3, 3, 9, 13, 0),		/* PMCCNTR_EL0 */
		ARM64_SYS_REG(3, 3, 14, 8, 0), ARM64_SYS_REG(3, 3, 14, 8, 2),	/* PMEVCNTRn */
		ARM64_SYS_REG(3, 3, 14, 12, 0), ARM64_SYS_REG(3, 3, 14, 12, 2),	/* PMEVTYPERn */
	};

	for (size_t i = 3; i <= 4; i++) {
		struct run run;

		setup_open(&run, &setups[i]);
		assert_done(run_build(&run), &run.err);
		assert_int_equal(run.machine.pmu_counters, 3);
		for (unsigned int cpu = 0; cpu < 2; cpu++) {
			uint64_t pmcr = fake_kvm_reg(cpu, ARM64_SYS_REG(3, 3, 9, 12, 0));

			assert_int_equal(pmcr >> 11 & 31, 3);
			for (size_t r = 0; r < ARRAY_SIZE(clear); r++)
				assert_int_equal(fake_kvm_reg(cpu, clear[r]), 0);
		}
		run_unbuild(&run);
		run_close(&run);
	}
}

/* A number of counters that KVM silently does not take must not be passed over. */
static void test_pmu_counters_stuck(void **state)
{
	struct run run;

	setup_open(&run, &setups[3]);
	fake_kvm.settings.pmu_counters_fixed = true;
	assert_error(run_build(&run), &run.err, TALLY_EXIT_UNAVAILABLE, "--pmu-counters");
	run_unbuild(&run);
	assert_nothing_left();
	run_close(&run);
}

static void test_more_counters_than_there_are(void **state)
{
	struct run run;

	setup_open(&run, &setups[3]);
	fake_kvm.settings.pmu_counters = 2;
	assert_error(run_build(&run), &run.err, TALLY_EXIT_USAGE, "--pmu-counters");
	assert_non_null(strstr(run.err.text, "2"));
	run_unbuild(&run);
	assert_nothing_left();
	run_close(&run);
}

static void test_arguments(void **state)
{
	const struct fake_call *call;
	unsigned int at = 0, cpus = 0;
	struct run run;

	setup_open(&run, &setups[5]);
	assert_done(run_build(&run), &run.err);
	/* the smallest IPA size, not the host's largest: closing a large one takes long */
	assert_int_equal(fake_kvm_find(&at, KVM_CREATE_VM, -1)->a, 32);
	at = 0;
	call = fake_kvm_find(&at, KVM_SET_USER_MEMORY_REGION, 0);
	assert_int_equal(call->b, 0x80000000);
	assert_int_equal(call->c, 256 * MIB);
	assert_int_equal(fake_kvm_count(KVM_ENABLE_CAP, KVM_CAP_ARM_MTE), 1);
	assert_int_equal(fake_kvm_count(KVM_ARM_SET_COUNTER_OFFSET, 5), 1);
	/* the first CPU runs, the others wait for PSCI CPU_ON */
	at = 0;
	while ((call = fake_kvm_find(&at, KVM_ARM_VCPU_INIT, -1))) {
		assert_int_equal(call->vcpu, cpus);
		assert_int_equal(call->a >> KVM_ARM_VCPU_POWER_OFF & 1, cpus > 0);
		assert_int_equal(call->a >> KVM_ARM_VCPU_PSCI_0_2 & 1, 1);
		assert_int_equal(call->a >> KVM_ARM_VCPU_SVE & 1, 1);
		assert_int_equal(call->a >> KVM_ARM_VCPU_PMU_V3 & 1, 0);
		assert_int_equal(call->a >> KVM_ARM_VCPU_EL1_32BIT & 1, 0);
		cpus++;
	}
	assert_int_equal(cpus, 3);
	assert_int_equal(fake_kvm_count(KVM_ARM_VCPU_FINALIZE, KVM_ARM_VCPU_SVE), 3);
	/* 256 bits: lengths of one and two quadwords */
	at = 0;
	call = fake_kvm_find(&at, KVM_SET_ONE_REG, (int64_t)KVM_REG_ARM64_SVE_VLS);
	assert_int_equal(call->b, 3);
	/* booting.rst */
	assert_int_equal(fake_kvm_reg(0, KVM_REG_ARM64 | KVM_REG_SIZE_U64 | KVM_REG_ARM_CORE |
				      KVM_REG_ARM_CORE_REG(regs.pc)), run.p.plan.entry);
	assert_int_equal(fake_kvm_reg(0, KVM_REG_ARM64 | KVM_REG_SIZE_U64 | KVM_REG_ARM_CORE |
				      KVM_REG_ARM_CORE_REG(regs.regs[0])), run.p.plan.dtb.gpa);
	/* both timers' PPIs, stolen time of each CPU 64 bytes apart */
	at = first_attr(true, KVM_ARM_VCPU_TIMER_CTRL, KVM_ARM_VCPU_TIMER_IRQ_VTIMER);
	assert_int_equal(fake_kvm.calls[at - 1].c, 27);
	at = first_attr(true, KVM_ARM_VCPU_TIMER_CTRL, KVM_ARM_VCPU_TIMER_IRQ_PTIMER);
	assert_int_equal(fake_kvm.calls[at - 1].c, 30);
	assert_int_equal(fake_kvm_count(KVM_SET_DEVICE_ATTR, KVM_ARM_VCPU_PVTIME_CTRL), 3);
	at = 0;
	for (unsigned int i = 0; i < 3; i++) {
		call = fake_kvm_find(&at, KVM_SET_DEVICE_ATTR, KVM_ARM_VCPU_PVTIME_CTRL);
		assert_int_equal(call->vcpu, i);
		assert_int_equal(call->c, run.p.plan.cpu.steal_time_area.gpa + 64 * i);
	}
	run_unbuild(&run);
	run_close(&run);
}

/* The kernel and the device tree are where the plan says when the guest starts. */
static void test_memory_is_filled(void **state)
{
	struct run run;
	unsigned char *kernel, *dtb;

	setup_open(&run, &setups[0]);
	assert_done(run_build(&run), &run.err);
	kernel = guest_memory_at(&run.machine.memory, run.p.plan.kernel.gpa, 64);
	assert_non_null(kernel);
	assert_memory_equal(kernel + 56, "ARM\x64", 4);
	dtb = guest_memory_at(&run.machine.memory, run.p.plan.dtb.gpa,
			      plan_fdt_size(&run.p.plan));
	assert_non_null(dtb);
	assert_memory_equal(dtb, run.p.plan.fdt, plan_fdt_size(&run.p.plan));
	run_unbuild(&run);
	run_close(&run);
}

/* A kernel that shrank since it was opened ends the build; nothing stays behind. */
static void test_kernel_vanishes(void **state)
{
	struct run run;

	setup_open(&run, &setups[0]);
	assert_int_equal(truncate(kernel_path, 1000), 0);
	assert_error(run_build(&run), &run.err, TALLY_EXIT_NOINPUT, kernel_path);
	assert_int_equal(truncate(kernel_path, 8192), 0);
	run_unbuild(&run);
	assert_nothing_left();
	run_close(&run);
}

/* One machine after another over the same loop and console, as --on-reset=restart does. */
static void test_again(void **state)
{
	struct run run;

	setup_open(&run, &setups[6]);
	for (int i = 0; i < 3; i++) {
		assert_done(run_build(&run), &run.err);
		run_unbuild(&run);
		assert_nothing_left();
	}
	run_close(&run);
}

/* Which vCPUs were entered, as a mask. */
static unsigned int entered(void)
{
	unsigned int at = 0, seen = 0;
	const struct fake_call *call;

	while ((call = fake_kvm_find(&at, KVM_RUN, -1)))
		seen |= 1u << call->vcpu;
	return seen;
}

/* Threads come and go: each vCPU is entered on its own thread, all end when told to. */
static void test_start_and_stop(void **state)
{
	struct run run;

	setup_open(&run, &setups[5]);
	assert_done(run_build(&run), &run.err);
	assert_done(machine_start(&run.machine, &run.err), &run.err);
	for (int wait = 0; wait < 10000 && entered() != 7; wait++)
		usleep(500);
	assert_int_equal(entered(), 7);
	machine_stop(&run.machine);
	assert_int_equal(verdict_kind(&run.verdict), VERDICT_NONE);
	run_unbuild(&run);
	assert_nothing_left();
	run_close(&run);
}

static int make_files(void **state)
{
	struct buf image = { };

	buf_fill(&image, 0, 8192);
	buf_poke(&image, 16, 8, 65536);
	buf_poke(&image, 24, 8, 0xa);
	buf_poke(&image, 56, 4, 0x644d5241);
	kernel_path = temp_file("Image", image.data, image.len);
	buf_fill(&image, 0, 1 << 20);
	disk_path = temp_file("disk.img", image.data, 1 << 20);
	buf_free(&image);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_builds_and_ends),
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_user_irqchip),
		cmocka_unit_test(test_arguments),
		cmocka_unit_test(test_pmu_registers),
		cmocka_unit_test(test_pmu_counters_stuck),
		cmocka_unit_test(test_more_counters_than_there_are),
		cmocka_unit_test(test_memory_is_filled),
		cmocka_unit_test(test_kernel_vanishes),
		cmocka_unit_test(test_again),
		cmocka_unit_test(test_start_and_stop),
		cmocka_unit_test(test_each_call_fails),
	};

	return cmocka_run_group_tests_name("machine", tests, make_files, NULL);
}

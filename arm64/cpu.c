// SPDX-License-Identifier: GPL-2.0-only
/*
 * vCPUs: features, SVE, MTE, stolen time, timers, first registers (KVM api.rst,
 * devices/vcpu.rst).
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "arch.h"
#include "kvm.h"
#include "map.h"

#define CORE_REG(field) (KVM_REG_ARM64 | KVM_REG_SIZE_U64 | KVM_REG_ARM_CORE | \
			 KVM_REG_ARM_CORE_REG(regs.field))

static int failed(struct error *err, int ret, const char *what)
{
	return error_set(err, TALLY_EXIT_SOFTWARE, -ret, "%s: %s", what, strerror(-ret));
}

unsigned long arch_vm_type(const struct host_caps *caps, unsigned int ipa_bits)
{
	/* Where the size can't be chosen it is 40 bits, asked for by type 0. */
	return caps->ipa_choice ? KVM_VM_TYPE_ARM_IPA_SIZE(ipa_bits) : 0;
}

int arch_vm_setup(struct machine *machine, struct error *err)
{
	const struct plan *plan = machine->plan;
	struct kvm_enable_cap mte = { .cap = KVM_CAP_ARM_MTE };
	struct kvm_enable_cap line_masks = { .cap = KVM_CAP_ARM_TIMER_IRQ_MASK };
	struct kvm_arm_counter_offset offset = { .counter_offset = plan->timer.offset };
	int ret = 0;

	if (plan->cpu.mte) {
		ret = kvm_ioctl(machine->vm_fd, KVM_ENABLE_CAP, &mte);
		if (ret < 0)
			return failed(err, ret, "KVM_CAP_ARM_MTE");
	}
	if (plan->gic.line_masks) {
		ret = kvm_ioctl(machine->vm_fd, KVM_ENABLE_CAP, &line_masks);
		if (ret < 0)
			return failed(err, ret, "--irqchip: user: KVM_CAP_ARM_TIMER_IRQ_MASK");
	}
	if (plan->timer.offset_set) {
		ret = kvm_ioctl(machine->vm_fd, KVM_ARM_SET_COUNTER_OFFSET, &offset);
		if (ret < 0)
			return failed(err, ret, "--counter-offset: KVM_ARM_SET_COUNTER_OFFSET");
	}
	return 0;
}

/* Take away the vector lengths above @max_bits; bit n of the register is n + 1 quadwords. */
static int limit_sve(int vcpu_fd, unsigned int max_bits, struct error *err)
{
	__u64 lengths[KVM_ARM64_SVE_VLS_WORDS];
	unsigned int max_vq = max_bits / 128;
	int ret = kvm_get_reg(vcpu_fd, KVM_REG_ARM64_SVE_VLS, lengths);

	if (ret < 0)
		return failed(err, ret, "--sve-max-vl: reading KVM_REG_ARM64_SVE_VLS");
	for (unsigned int bit = max_vq; bit < 64 * KVM_ARM64_SVE_VLS_WORDS; bit++)
		lengths[bit / 64] &= ~(1ull << bit % 64);
	ret = kvm_set_reg(vcpu_fd, KVM_REG_ARM64_SVE_VLS, lengths);
	if (ret < 0)
		return error_set(err, TALLY_EXIT_UNAVAILABLE, -ret,
				 "--sve-max-vl: %u: this host can't limit vectors to that: %s",
				 max_bits, strerror(-ret));
	return 0;
}

int arch_vcpus_init(struct machine *machine, struct error *err)
{
	const struct cpu_plan *cpu = &machine->plan->cpu;
	struct kvm_vcpu_init init;
	int sve = KVM_ARM_VCPU_SVE;
	int ret = kvm_ioctl(machine->vm_fd, KVM_ARM_PREFERRED_TARGET, &init);

	if (ret < 0)
		return failed(err, ret, "KVM_ARM_PREFERRED_TARGET");
	init.features[0] = 1u << KVM_ARM_VCPU_PSCI_0_2;
	if (cpu->pauth)
		init.features[0] |= 1u << KVM_ARM_VCPU_PTRAUTH_ADDRESS |
				    1u << KVM_ARM_VCPU_PTRAUTH_GENERIC;
	if (cpu->sve)
		init.features[0] |= 1u << KVM_ARM_VCPU_SVE;
	if (machine->plan->pmu.mode != PMU_NONE)
		init.features[0] |= 1u << KVM_ARM_VCPU_PMU_V3;
	for (unsigned int i = 0; i < machine->plan->cpus; i++) {
		int fd = machine->vcpu_fds[i];

		ret = kvm_ioctl(fd, KVM_ARM_VCPU_INIT, &init);
		if (ret < 0)
			return failed(err, ret, "KVM_ARM_VCPU_INIT");
		/* The others wait for PSCI CPU_ON. */
		init.features[0] |= 1u << KVM_ARM_VCPU_POWER_OFF;
		if (!cpu->sve)
			continue;
		if (cpu->sve_max_vl) {
			ret = limit_sve(fd, cpu->sve_max_vl, err);
			if (ret < 0)
				return ret;
		}
		ret = kvm_ioctl(fd, KVM_ARM_VCPU_FINALIZE, &sve);
		if (ret < 0)
			return failed(err, ret, "KVM_ARM_VCPU_FINALIZE");
	}
	return 0;
}

/* VM-wide, whichever vCPU it is said to. */
static int setup_timers(struct machine *machine, struct error *err)
{
	const struct timer_plan *timer = &machine->plan->timer;
	int ret = kvm_set_attr(machine->vcpu_fds[0], KVM_ARM_VCPU_TIMER_CTRL,
			       KVM_ARM_VCPU_TIMER_IRQ_VTIMER, &timer->virt);

	if (!ret)
		ret = kvm_set_attr(machine->vcpu_fds[0], KVM_ARM_VCPU_TIMER_CTRL,
				   KVM_ARM_VCPU_TIMER_IRQ_PTIMER, &timer->phys);
	return ret < 0 ? failed(err, ret, "KVM_ARM_VCPU_TIMER_CTRL") : 0;
}

static int setup_steal_time(struct machine *machine, struct error *err)
{
	const struct range *area = &machine->plan->cpu.steal_time_area;

	for (unsigned int i = 0; i < machine->plan->cpus; i++) {
		__u64 gpa = area->gpa + i * MAP_STEAL_TIME_STRIDE;
		int ret = kvm_set_attr(machine->vcpu_fds[i], KVM_ARM_VCPU_PVTIME_CTRL,
				       KVM_ARM_VCPU_PVTIME_IPA, &gpa);

		if (ret < 0)
			return failed(err, ret, "KVM_ARM_VCPU_PVTIME_IPA");
	}
	return 0;
}

int arch_vcpus_setup(struct machine *machine, struct error *err)
{
	const struct plan *plan = machine->plan;
	bool in_kernel = plan->gic.kind != IRQCHIP_USER;
	int ret = 0;

	if (plan->pmu.mode != PMU_NONE)
		ret = pmu_setup(&plan->pmu, machine->vcpu_fds, plan->cpus, in_kernel,
				&machine->pmu_counters, err);
	/* A GIC in user space knows the timers' PPIs itself, and KVM takes none. */
	if (!ret && in_kernel)
		ret = setup_timers(machine, err);
	if (!ret && plan->cpu.steal_time)
		ret = setup_steal_time(machine, err);
	return ret;
}

/* booting.rst: x0 is the device tree; KVM resets x1 to x3 to zero and PSTATE to EL1h, masked. */
int arch_boot_state(struct machine *machine, struct error *err)
{
	__u64 entry = machine->plan->entry, dtb = machine->plan->dtb.gpa;
	int ret = kvm_set_reg(machine->vcpu_fds[0], CORE_REG(pc), &entry);

	if (!ret)
		ret = kvm_set_reg(machine->vcpu_fds[0], CORE_REG(regs[0]), &dtb);
	return ret < 0 ? failed(err, ret, "the boot CPU's registers") : 0;
}

void arch_describe_vcpu(int vcpu_fd, char *text, size_t size)
{
	__u64 pc = 0, pstate = 0, lr = 0;

	if (kvm_get_reg(vcpu_fd, CORE_REG(pc), &pc) < 0 ||
	    kvm_get_reg(vcpu_fd, CORE_REG(pstate), &pstate) < 0 ||
	    kvm_get_reg(vcpu_fd, CORE_REG(regs[30]), &lr) < 0) {
		snprintf(text, size, "registers unknown");
		return;
	}
	snprintf(text, size, "PC 0x%llx, LR 0x%llx, PSTATE 0x%llx", (unsigned long long)pc,
		 (unsigned long long)lr, (unsigned long long)pstate);
}

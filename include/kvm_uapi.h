/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * KVM's user interface for arm64: the system's headers plus what they may lack.
 * On another architecture the build puts arm64's asm/kvm.h first (make native).
 */
#ifndef TALLY_KVM_UAPI_H
#define TALLY_KVM_UAPI_H

#include <linux/kvm.h>

/* Linux 6.4: one counter offset for a VM (KVM api.rst, KVM_ARM_SET_COUNTER_OFFSET). */
#ifndef KVM_CAP_COUNTER_OFFSET
#define KVM_CAP_COUNTER_OFFSET	227
struct kvm_arm_counter_offset {
	__u64 counter_offset;
	__u64 reserved;
};
#define KVM_ARM_SET_COUNTER_OFFSET	_IOW(KVMIO, 0xb5, struct kvm_arm_counter_offset)
#endif

/* Linux 6.18: number of event counters (devices/vcpu.rst, 1.5). */
#ifndef KVM_ARM_VCPU_PMU_V3_SET_NR_COUNTERS
#define KVM_ARM_VCPU_PMU_V3_SET_NR_COUNTERS	4
#endif

/* The kernel series: the guest gets counters of the host's (u32, 0 or 1). */
#ifndef KVM_ARM_VCPU_PMU_V3_ENABLE_PARTITION
#define KVM_ARM_VCPU_PMU_V3_ENABLE_PARTITION	5
#endif

/*
 * The kernel series in arm64/linux: numbers that mainline won't reach soon,
 * consecutive from this base.
 */
#define KVM_CAP_TALLY_BASE		0x7a110
#define KVM_CAP_ARM_PMU_PARTITION	(KVM_CAP_TALLY_BASE + 0)
#define KVM_CAP_ARM_PMU_RESERVE		(KVM_CAP_TALLY_BASE + 1)
#define KVM_CAP_ARM_TIMER_IRQ_MASK	(KVM_CAP_TALLY_BASE + 2)

/*
 * struct kvm_run's "s" with KVM_CAP_ARM_TIMER_IRQ_MASK: bits KVM_ARM_DEV_* each. The mask is
 * user space's: which lines are pending in its interrupt controller.
 */
struct kvm_arm_irq_lines {
	__u64 device_irq_level;
	__u64 device_irq_mask;
};

/* Encoding of a system register for KVM_GET_ONE_REG by its five fields. */
#define KVM_SYSREG(op0, op1, crn, crm, op2) ARM64_SYS_REG(op0, op1, crn, crm, op2)

#endif

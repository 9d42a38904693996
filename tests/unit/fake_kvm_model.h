/* SPDX-License-Identifier: GPL-2.0-only */
/* What the fake KVM's files share: the state of its one VM. */
#ifndef TALLY_FAKE_KVM_MODEL_H
#define TALLY_FAKE_KVM_MODEL_H

#include "fake_kvm.h"

#define FAKE_MAX_VCPUS		32
#define FAKE_MAX_REGS		160
#define FAKE_MAX_SLOTS		8

struct fake_reg {
	uint64_t	id;
	uint64_t	value;
};

struct fake_vcpu {
	bool		created, initialised, finalized;
	bool		pmu_created, pmu_irq, pvtime;
	bool		running;	/* in KVM_RUN */
	unsigned int	lines;		/* KVM_IRQ_LINE: bit 0 is IRQ, bit 1 FIQ */
	unsigned int	lines_inside;	/* such calls while it was in KVM_RUN */
	unsigned int	features;
	struct fake_reg	regs[FAKE_MAX_REGS];
	unsigned int	n_regs;
	struct kvm_run	*run;
};

struct fake_gic {
	bool		created, initialised;
	uint64_t	addr[2];
	bool		has_addr[2];
	unsigned int	irqs;
};

extern struct fake_vm {
	bool		open;
	unsigned int	ipa_bits;
	unsigned int	n_vcpus;
	struct { uint64_t gpa, size; bool used; } slots[FAKE_MAX_SLOTS];
	struct fake_vcpu vcpus[FAKE_MAX_VCPUS];
	struct fake_gic	gic;		/* GICv2 or GICv3 */
	bool		v3;
	struct fake_gic	its;
	unsigned int	pmcr_n;
	bool		has_filter, has_pmu;
} fake_vm;

/* KVM_GET_ONE_REG and KVM_SET_ONE_REG: the value is at @user. */
int fake_one_reg(struct fake_vcpu *vcpu, uint64_t id, void *user, bool write);
/* All registers as KVM_ARM_VCPU_INIT leaves them. */
void fake_regs_reset(struct fake_vcpu *vcpu);

/* How many bytes an attribute's value has; 0 for none. */
size_t fake_attr_size(enum fake_kind kind, const struct kvm_device_attr *attr);
int fake_device_attr(enum fake_kind kind, unsigned int vcpu, const struct kvm_device_attr *attr,
		     uint64_t value);
int fake_has_attr(enum fake_kind kind, const struct kvm_device_attr *attr);

#endif

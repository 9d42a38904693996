// SPDX-License-Identifier: GPL-2.0-only
/* The fake KVM's device attributes: errors and their conditions as in Linux 6.12. */
#include <errno.h>
#include <string.h>

#include "fake_kvm_model.h"

/* How many bytes an attribute's value has; 0 for none. */
size_t fake_attr_size(enum fake_kind kind, const struct kvm_device_attr *attr)
{
	if (kind != FAKE_VCPU) {
		switch (attr->group) {
		case KVM_DEV_ARM_VGIC_GRP_ADDR:
			return 8;
		case KVM_DEV_ARM_VGIC_GRP_NR_IRQS:
			return 4;
		default:
			return 0;
		}
	}
	switch (attr->group) {
	case KVM_ARM_VCPU_PMU_V3_CTRL:
		return attr->attr == KVM_ARM_VCPU_PMU_V3_INIT ? 0 :
		       attr->attr == KVM_ARM_VCPU_PMU_V3_FILTER ? 8 : 4;
	case KVM_ARM_VCPU_TIMER_CTRL:
		return 4;
	case KVM_ARM_VCPU_PVTIME_CTRL:
		return 8;
	default:
		return 0;
	}
}

static bool is_ppi(uint64_t intid)
{
	return intid >= 16 && intid < 32;
}

static int pmu_attr(struct fake_vcpu *vcpu, const struct kvm_device_attr *attr, uint64_t value)
{
	struct kvm_pmu_event_filter filter;

	if (!(vcpu->features & 1u << KVM_ARM_VCPU_PMU_V3))
		return -ENODEV;
	if (vcpu->pmu_created)
		return -EBUSY;
	switch (attr->attr) {
	case KVM_ARM_VCPU_PMU_V3_IRQ:
		if (!fake_vm.gic.created || !is_ppi(value))
			return -EINVAL;
		if (vcpu->pmu_irq)
			return -EBUSY;
		vcpu->pmu_irq = true;
		return 0;
	case KVM_ARM_VCPU_PMU_V3_FILTER:
		memcpy(&filter, &value, sizeof(filter));
		if ((unsigned int)filter.base_event + filter.nevents >
		    fake_kvm.settings.pmu_events || filter.action > KVM_PMU_EVENT_DENY)
			return -EINVAL;
		fake_vm.has_filter = true;
		return 0;
	case KVM_ARM_VCPU_PMU_V3_SET_PMU:
		if (fake_vm.has_filter)
			return -EBUSY;
		for (size_t i = 0; i < 4; i++) {
			if (value && (int)value == fake_kvm.settings.pmu_types[i]) {
				fake_vm.has_pmu = true;
				fake_vm.pmcr_n = fake_kvm.settings.pmu_counters;
				return 0;
			}
		}
		return -ENXIO;
	case KVM_ARM_VCPU_PMU_V3_SET_NR_COUNTERS:
		if (!fake_kvm.settings.pmu_counters_attr)
			return -ENXIO;
		if (!fake_vm.has_pmu || value > fake_kvm.settings.pmu_counters)
			return -EINVAL;
		fake_vm.pmcr_n = (unsigned int)value;
		return 0;
	case KVM_ARM_VCPU_PMU_V3_ENABLE_PARTITION:
		return value <= 1 ? 0 : -EINVAL;
	case KVM_ARM_VCPU_PMU_V3_INIT:
		if (fake_vm.gic.created && !fake_vm.gic.initialised)
			return -ENODEV;
		if (fake_vm.gic.created && !vcpu->pmu_irq)
			return -ENXIO;
		vcpu->pmu_created = true;
		return 0;
	default:
		return -ENXIO;
	}
}

static int pvtime_attr(struct fake_vcpu *vcpu, uint64_t gpa)
{
	if (gpa % 64)
		return -EINVAL;
	if (vcpu->pvtime)
		return -EEXIST;
	for (size_t i = 0; i < FAKE_MAX_SLOTS; i++) {
		if (fake_vm.slots[i].used && gpa >= fake_vm.slots[i].gpa &&
		    gpa - fake_vm.slots[i].gpa < fake_vm.slots[i].size) {
			vcpu->pvtime = true;
			return 0;
		}
	}
	return -EINVAL;
}

static int vcpu_attr(struct fake_vcpu *vcpu, const struct kvm_device_attr *attr, uint64_t value)
{
	switch (attr->group) {
	case KVM_ARM_VCPU_PMU_V3_CTRL:
		return pmu_attr(vcpu, attr, value);
	case KVM_ARM_VCPU_TIMER_CTRL:
		return !fake_vm.gic.created || !is_ppi(value) ? -EINVAL :
		       attr->attr > KVM_ARM_VCPU_TIMER_IRQ_PTIMER ? -ENXIO : 0;
	case KVM_ARM_VCPU_PVTIME_CTRL:
		return attr->attr == KVM_ARM_VCPU_PVTIME_IPA ? pvtime_attr(vcpu, value) : -ENXIO;
	default:
		return -ENXIO;
	}
}

static int gic_attr(struct fake_gic *gic, enum fake_kind kind, const struct kvm_device_attr *attr,
		    uint64_t value)
{
	uint64_t align = kind == FAKE_GICV2 ? 0x1000 : 0x10000;
	/* which of the two addresses: GICv2 0 and 1, GICv3 2 and 3, ITS 4 */
	uint64_t which = kind == FAKE_GICV2 ? attr->attr : kind == FAKE_GICV3 ? attr->attr - 2 :
			 attr->attr - 4;

	switch (attr->group) {
	case KVM_DEV_ARM_VGIC_GRP_ADDR:
		if (which > (kind == FAKE_ITS ? 0 : 1))
			return -ENODEV;
		if (value % align)
			return -EINVAL;
		if (value >> fake_vm.ipa_bits)
			return -E2BIG;
		if (gic->has_addr[which])
			return -EEXIST;
		gic->has_addr[which] = true;
		gic->addr[which] = value;
		return 0;
	case KVM_DEV_ARM_VGIC_GRP_NR_IRQS:
		if (kind == FAKE_ITS)
			return -ENXIO;
		if (value < 64 || value > 1024 || value % 32)
			return -EINVAL;
		if (gic->irqs || gic->initialised)
			return -EBUSY;
		gic->irqs = (unsigned int)value;
		return 0;
	case KVM_DEV_ARM_VGIC_GRP_CTRL:
		if (attr->attr != KVM_DEV_ARM_VGIC_CTRL_INIT)
			return -ENXIO;
		if (kind == FAKE_ITS && !gic->has_addr[0])
			return -ENXIO;
		/* vgic_init(): every vCPU has a place of its own */
		for (unsigned int i = 0; kind != FAKE_ITS && i < fake_vm.n_vcpus; i++)
			if (!fake_vm.vcpus[i].initialised)
				return -EBUSY;
		gic->initialised = true;
		return 0;
	default:
		return -ENXIO;
	}
}

int fake_device_attr(enum fake_kind kind, unsigned int vcpu, const struct kvm_device_attr *attr,
		     uint64_t value)
{
	switch (kind) {
	case FAKE_VCPU:
		if (!fake_vm.vcpus[vcpu].initialised)
			return -ENOEXEC;
		return vcpu_attr(&fake_vm.vcpus[vcpu], attr, value);
	case FAKE_GICV2:
	case FAKE_GICV3:
		return gic_attr(&fake_vm.gic, kind, attr, value);
	case FAKE_ITS:
		return gic_attr(&fake_vm.its, kind, attr, value);
	default:
		return -ENOTTY;
	}
}

int fake_has_attr(enum fake_kind kind, const struct kvm_device_attr *attr)
{
	if (kind == FAKE_VCPU && attr->group == KVM_ARM_VCPU_PMU_V3_CTRL &&
	    attr->attr == KVM_ARM_VCPU_PMU_V3_SET_NR_COUNTERS)
		return fake_kvm.settings.pmu_counters_attr ? 0 : -ENXIO;
	return fake_attr_size(kind, attr) || attr->attr == 0 ? 0 : -ENXIO;
}


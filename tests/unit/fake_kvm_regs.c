// SPDX-License-Identifier: GPL-2.0-only
/* The fake KVM's registers: errors and their conditions as in Linux 6.12. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fake_kvm_model.h"

#define UNKNOWN		0x1de7ec7edbadc0deull	/* as KVM's reset_unknown() */
#define PMCR_EL0	ARM64_SYS_REG(3, 3, 9, 12, 0)
#define PMCR_N		(0x1full << 11)

static struct fake_reg *reg_find(struct fake_vcpu *vcpu, uint64_t id)
{
	for (unsigned int i = 0; i < vcpu->n_regs; i++)
		if (vcpu->regs[i].id == id)
			return &vcpu->regs[i];
	return NULL;
}

static void reg_add(struct fake_vcpu *vcpu, uint64_t id, uint64_t value)
{
	if (vcpu->n_regs == FAKE_MAX_REGS)
		abort();
	vcpu->regs[vcpu->n_regs++] = (struct fake_reg){ id, value };
}

/* Bit masks over the counters: the register that sets, the one that clears. */
static const struct { uint64_t set, clear; } pmu_masks[] = {
	{ ARM64_SYS_REG(3, 3, 9, 12, 1), ARM64_SYS_REG(3, 3, 9, 12, 2) },	/* PMCNTEN */
	{ ARM64_SYS_REG(3, 0, 9, 14, 1), ARM64_SYS_REG(3, 0, 9, 14, 2) },	/* PMINTEN */
	{ ARM64_SYS_REG(3, 3, 9, 14, 3), ARM64_SYS_REG(3, 3, 9, 12, 3) },	/* PMOVS */
};

#define N_PMU_MASKS (sizeof(pmu_masks) / sizeof(pmu_masks[0]))

void fake_regs_reset(struct fake_vcpu *vcpu)
{
	unsigned int n;

	vcpu->n_regs = 0;
	for (n = 0; n < 34; n++)	/* x0 to x30, SP_EL0, PC, PSTATE */
		reg_add(vcpu, KVM_REG_ARM64 | KVM_REG_SIZE_U64 | KVM_REG_ARM_CORE |
			(KVM_REG_ARM_CORE_REG(regs.regs[0]) + 2 * n), n == 33 ? 0x3c5 : 0);
	if (!(vcpu->features & 1u << KVM_ARM_VCPU_PMU_V3))
		return;
	for (n = 0; n < N_PMU_MASKS; n++)
		reg_add(vcpu, pmu_masks[n].set, UNKNOWN & 0x8000003f);
	reg_add(vcpu, ARM64_SYS_REG(3, 3, 9, 12, 5), UNKNOWN & 0x1f);		/* PMSELR_EL0 */
	reg_add(vcpu, ARM64_SYS_REG(3, 3, 9, 13, 0), UNKNOWN);			/* PMCCNTR_EL0 */
	reg_add(vcpu, ARM64_SYS_REG(3, 3, 14, 15, 7), 0);			/* PMCCFILTR_EL0 */
	reg_add(vcpu, ARM64_SYS_REG(3, 3, 9, 14, 0), 0);			/* PMUSERENR_EL0 */
	reg_add(vcpu, ARM64_SYS_REG(3, 0, 0, 5, 0), 0x10305609);	/* ID_AA64DFR0_EL1 */
	for (n = 0; n < 31; n++) {
		reg_add(vcpu, ARM64_SYS_REG(3, 3, 14, 8 + (n >> 3), n & 7), UNKNOWN);
		reg_add(vcpu, ARM64_SYS_REG(3, 3, 14, 12 + (n >> 3), n & 7), UNKNOWN);
	}
}

static int pmu_mask_reg(struct fake_vcpu *vcpu, uint64_t id, uint64_t *value, bool write)
{
	for (size_t i = 0; i < N_PMU_MASKS; i++) {
		struct fake_reg *reg;

		if (id != pmu_masks[i].set && id != pmu_masks[i].clear)
			continue;
		reg = reg_find(vcpu, pmu_masks[i].set);
		if (!reg)
			return -ENOENT;
		if (!write)
			*value = reg->value;
		else if (fake_kvm.settings.pmu_masks_assign)
			reg->value = *value;
		else if (id == pmu_masks[i].set)
			reg->value |= *value;
		else
			reg->value &= ~*value;
		return 0;
	}
	return -ENOENT;
}

int fake_one_reg(struct fake_vcpu *vcpu, uint64_t id, void *user, bool write)
{
	bool has_pmu = vcpu->features & 1u << KVM_ARM_VCPU_PMU_V3;
	uint64_t value = 0;
	struct fake_reg *reg;
	int ret;

	if (!vcpu->initialised)
		return -ENOEXEC;
	if (id == KVM_REG_ARM64_SVE_VLS) {
		if (!(vcpu->features & 1u << KVM_ARM_VCPU_SVE))
			return -ENOENT;
		if (write && vcpu->finalized)
			return -EPERM;
		if (!write) {
			memset(user, 0, KVM_ARM64_SVE_VLS_WORDS * 8);
			memcpy(user, &fake_kvm.settings.sve_vls, 8);
			return 0;
		}
		memcpy(&value, user, 8);
		/* the hardware can't leave out a length between two that it has */
		return value & ~fake_kvm.settings.sve_vls ||
		       (value & (value + 1)) ? -EINVAL : 0;
	}
	if (write)
		memcpy(&value, user, sizeof(value));
	if (id == PMCR_EL0 && has_pmu) {
		if (!write)
			value = (uint64_t)fake_vm.pmcr_n << 11 | 0x41000000;
		/* 6.12 says nothing about a number that it does not take */
		else if (!fake_kvm.settings.pmu_counters_fixed &&
			 (value & PMCR_N) >> 11 <= fake_kvm.settings.pmu_counters)
			fake_vm.pmcr_n = (value & PMCR_N) >> 11;
	} else {
		ret = has_pmu ? pmu_mask_reg(vcpu, id, &value, write) : -ENOENT;
		if (ret) {
			reg = reg_find(vcpu, id);
			if (!reg)
				return -ENOENT;
			if (!write)
				value = reg->value;
			else if (id != fake_kvm.settings.lost_reg)
				reg->value = value;
		}
	}
	if (!write)
		memcpy(user, &value, sizeof(value));
	return 0;
}

uint64_t fake_kvm_reg(unsigned int vcpu, uint64_t id)
{
	uint64_t value = 0;

	if (fake_one_reg(&fake_vm.vcpus[vcpu], id, &value, false))
		abort();
	return value;
}


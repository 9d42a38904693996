// SPDX-License-Identifier: GPL-2.0-only
/* See fake_kvm.h. Errors and their conditions are those of Linux 6.12, arch/arm64/kvm. */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fake_kvm.h"
#include "kvm.h"

#define FIRST_FD	100000		/* above any descriptor of the process */
#define MAX_VCPUS	32
#define MAX_REGS	160
#define MAX_SLOTS	8
#define UNKNOWN		0x1de7ec7edbadc0deull	/* as KVM's reset_unknown() */

#define PMCR_EL0	ARM64_SYS_REG(3, 3, 9, 12, 0)
#define PMCR_N		(0x1full << 11)

struct reg {
	uint64_t	id;
	uint64_t	value;
};

struct vcpu {
	bool		created, initialised, finalized;
	bool		pmu_created, pmu_irq, pvtime;
	unsigned int	features;
	struct reg	regs[MAX_REGS];
	unsigned int	n_regs;
};

struct gic {
	bool		created, initialised;
	uint64_t	addr[2];
	bool		has_addr[2];
	unsigned int	irqs;
};

static struct vm {
	bool		open;
	unsigned int	ipa_bits;
	unsigned int	n_vcpus;
	struct { uint64_t gpa, size; bool used; } slots[MAX_SLOTS];
	struct vcpu	vcpus[MAX_VCPUS];
	struct gic	gic;		/* GICv2 or GICv3 */
	bool		v3;
	struct gic	its;
	unsigned int	pmcr_n;
	bool		has_filter, has_pmu;
} vm;

static struct { enum fake_kind kind; unsigned int vcpu; } fds[FAKE_MAX_FDS];

struct fake_kvm fake_kvm;

void fake_kvm_reset(void)
{
	memset(&fake_kvm, 0, sizeof(fake_kvm));
	memset(&vm, 0, sizeof(vm));
	memset(fds, 0, sizeof(fds));
	fake_kvm.settings = (struct fake_settings) {
		.ipa_bits	= 40,
		.gicv2		= true,
		.gicv3		= true,
		.its		= true,
		.pmu_counters	= 6,
		.pmu_types	= { 8, 9 },
		.pmu_events	= 1u << 16,
		.sve_vls	= 0xf,
	};
	fake_kvm_set_cap(KVM_CAP_ARM_PSCI_0_2, 1);
	fake_kvm_set_cap(KVM_CAP_ARM_PMU_V3, 1);
	fake_kvm_set_cap(KVM_CAP_STEAL_TIME, 1);
	fake_kvm_set_cap(KVM_CAP_COUNTER_OFFSET, 1);
	fake_kvm_set_cap(KVM_CAP_ARM_USER_IRQ, 1);
	fake_kvm_set_cap(KVM_CAP_MAX_VCPUS, MAX_VCPUS);
	fake_kvm_set_cap(KVM_CAP_NR_VCPUS, 4);
	fake_kvm_set_cap(KVM_CAP_IOEVENTFD, 1);
	fake_kvm_set_cap(KVM_CAP_IRQFD, 1);
	fake_kvm_set_cap(KVM_CAP_ARM_VM_IPA_SIZE, 40);
}

void fake_kvm_set_cap(unsigned int cap, int value)
{
	for (size_t i = 0; i < sizeof(fake_kvm.settings.caps) / sizeof(fake_kvm.settings.caps[0]);
	     i++) {
		if (fake_kvm.settings.caps[i].cap && fake_kvm.settings.caps[i].cap != cap)
			continue;
		fake_kvm.settings.caps[i].cap = cap;
		fake_kvm.settings.caps[i].value = value;
		return;
	}
	abort();
}

static int fd_new(enum fake_kind kind, unsigned int vcpu)
{
	for (int i = 0; i < FAKE_MAX_FDS; i++) {
		if (fds[i].kind == FAKE_CLOSED) {
			fds[i].kind = kind;
			fds[i].vcpu = vcpu;
			fake_kvm.opened++;
			return FIRST_FD + i;
		}
	}
	return -EMFILE;
}

static enum fake_kind fd_kind(int fd)
{
	if (fd < FIRST_FD || fd >= FIRST_FD + FAKE_MAX_FDS)
		return FAKE_CLOSED;
	return fds[fd - FIRST_FD].kind;
}

/* ---- registers ---- */

static struct reg *reg_find(struct vcpu *vcpu, uint64_t id)
{
	for (unsigned int i = 0; i < vcpu->n_regs; i++)
		if (vcpu->regs[i].id == id)
			return &vcpu->regs[i];
	return NULL;
}

static void reg_add(struct vcpu *vcpu, uint64_t id, uint64_t value)
{
	if (vcpu->n_regs == MAX_REGS)
		abort();
	vcpu->regs[vcpu->n_regs++] = (struct reg){ id, value };
}

/* Bit masks over the counters: the register that sets, the one that clears. */
static const struct { uint64_t set, clear; } pmu_masks[] = {
	{ ARM64_SYS_REG(3, 3, 9, 12, 1), ARM64_SYS_REG(3, 3, 9, 12, 2) },	/* PMCNTEN */
	{ ARM64_SYS_REG(3, 0, 9, 14, 1), ARM64_SYS_REG(3, 0, 9, 14, 2) },	/* PMINTEN */
	{ ARM64_SYS_REG(3, 3, 9, 14, 3), ARM64_SYS_REG(3, 3, 9, 12, 3) },	/* PMOVS */
};

#define N_PMU_MASKS (sizeof(pmu_masks) / sizeof(pmu_masks[0]))

static void regs_reset(struct vcpu *vcpu)
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

static int pmu_mask_reg(struct vcpu *vcpu, uint64_t id, uint64_t *value, bool write)
{
	for (size_t i = 0; i < N_PMU_MASKS; i++) {
		struct reg *reg;

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

static int one_reg(struct vcpu *vcpu, uint64_t id, void *user, bool write)
{
	bool has_pmu = vcpu->features & 1u << KVM_ARM_VCPU_PMU_V3;
	uint64_t value = 0;
	struct reg *reg;
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
			value = (uint64_t)vm.pmcr_n << 11 | 0x41000000;
		/* 6.12 says nothing about a number that it does not take */
		else if (!fake_kvm.settings.pmu_counters_fixed &&
			 (value & PMCR_N) >> 11 <= fake_kvm.settings.pmu_counters)
			vm.pmcr_n = (value & PMCR_N) >> 11;
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

	if (one_reg(&vm.vcpus[vcpu], id, &value, false))
		abort();
	return value;
}

/* ---- device attributes ---- */

/* How many bytes an attribute's value has; 0 for none. */
static size_t attr_size(enum fake_kind kind, const struct kvm_device_attr *attr)
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

static int pmu_attr(struct vcpu *vcpu, const struct kvm_device_attr *attr, uint64_t value)
{
	struct kvm_pmu_event_filter filter;

	if (!(vcpu->features & 1u << KVM_ARM_VCPU_PMU_V3))
		return -ENODEV;
	if (vcpu->pmu_created)
		return -EBUSY;
	switch (attr->attr) {
	case KVM_ARM_VCPU_PMU_V3_IRQ:
		if (!vm.gic.created || !is_ppi(value))
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
		vm.has_filter = true;
		return 0;
	case KVM_ARM_VCPU_PMU_V3_SET_PMU:
		if (vm.has_filter)
			return -EBUSY;
		for (size_t i = 0; i < 4; i++) {
			if (value && (int)value == fake_kvm.settings.pmu_types[i]) {
				vm.has_pmu = true;
				vm.pmcr_n = fake_kvm.settings.pmu_counters;
				return 0;
			}
		}
		return -ENXIO;
	case KVM_ARM_VCPU_PMU_V3_SET_NR_COUNTERS:
		if (!fake_kvm.settings.pmu_counters_attr)
			return -ENXIO;
		if (!vm.has_pmu || value > fake_kvm.settings.pmu_counters)
			return -EINVAL;
		vm.pmcr_n = (unsigned int)value;
		return 0;
	case KVM_ARM_VCPU_PMU_V3_INIT:
		if (vm.gic.created && !vm.gic.initialised)
			return -ENODEV;
		if (vm.gic.created && !vcpu->pmu_irq)
			return -ENXIO;
		vcpu->pmu_created = true;
		return 0;
	default:
		return -ENXIO;
	}
}

static int pvtime_attr(struct vcpu *vcpu, uint64_t gpa)
{
	if (gpa % 64)
		return -EINVAL;
	if (vcpu->pvtime)
		return -EEXIST;
	for (size_t i = 0; i < MAX_SLOTS; i++) {
		if (vm.slots[i].used && gpa >= vm.slots[i].gpa &&
		    gpa - vm.slots[i].gpa < vm.slots[i].size) {
			vcpu->pvtime = true;
			return 0;
		}
	}
	return -EINVAL;
}

static int vcpu_attr(struct vcpu *vcpu, const struct kvm_device_attr *attr, uint64_t value)
{
	switch (attr->group) {
	case KVM_ARM_VCPU_PMU_V3_CTRL:
		return pmu_attr(vcpu, attr, value);
	case KVM_ARM_VCPU_TIMER_CTRL:
		return !vm.gic.created || !is_ppi(value) ? -EINVAL :
		       attr->attr > KVM_ARM_VCPU_TIMER_IRQ_PTIMER ? -ENXIO : 0;
	case KVM_ARM_VCPU_PVTIME_CTRL:
		return attr->attr == KVM_ARM_VCPU_PVTIME_IPA ? pvtime_attr(vcpu, value) : -ENXIO;
	default:
		return -ENXIO;
	}
}

static int gic_attr(struct gic *gic, enum fake_kind kind, const struct kvm_device_attr *attr,
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
		if (value >> vm.ipa_bits)
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
		for (unsigned int i = 0; kind != FAKE_ITS && i < vm.n_vcpus; i++)
			if (!vm.vcpus[i].initialised)
				return -EBUSY;
		gic->initialised = true;
		return 0;
	default:
		return -ENXIO;
	}
}

static int device_attr(enum fake_kind kind, unsigned int vcpu, const struct kvm_device_attr *attr,
		       uint64_t value)
{
	switch (kind) {
	case FAKE_VCPU:
		return vm.vcpus[vcpu].initialised ? vcpu_attr(&vm.vcpus[vcpu], attr, value) :
						    -ENOEXEC;
	case FAKE_GICV2:
	case FAKE_GICV3:
		return gic_attr(&vm.gic, kind, attr, value);
	case FAKE_ITS:
		return gic_attr(&vm.its, kind, attr, value);
	default:
		return -ENOTTY;
	}
}

static int has_attr(enum fake_kind kind, const struct kvm_device_attr *attr)
{
	if (kind == FAKE_VCPU && attr->group == KVM_ARM_VCPU_PMU_V3_CTRL &&
	    attr->attr == KVM_ARM_VCPU_PMU_V3_SET_NR_COUNTERS)
		return fake_kvm.settings.pmu_counters_attr ? 0 : -ENXIO;
	return attr_size(kind, attr) || attr->attr == 0 ? 0 : -ENXIO;
}

/* ---- ioctls ---- */

static int create_vm(unsigned long type)
{
	unsigned int bits = type & 0xff;

	if (vm.open)
		return -EMFILE;		/* one is enough for a test */
	if (type & ~0xfful ||
	    (bits && (bits < 32 || bits > (unsigned int)fake_kvm.settings.ipa_bits)))
		return -EINVAL;
	memset(&vm, 0, sizeof(vm));
	vm.open = true;
	vm.ipa_bits = bits ? bits : 40;
	vm.pmcr_n = fake_kvm.settings.pmu_counters;
	return fd_new(FAKE_VM, 0);
}

static int create_vcpu(unsigned long id)
{
	if (vm.gic.initialised)
		return -EBUSY;
	if (id >= MAX_VCPUS)
		return -EINVAL;
	if (vm.vcpus[id].created)
		return -EEXIST;
	vm.vcpus[id].created = true;
	vm.n_vcpus++;
	return fd_new(FAKE_VCPU, (unsigned int)id);
}

static int create_device(struct kvm_create_device *device)
{
	bool v2 = device->type == KVM_DEV_TYPE_ARM_VGIC_V2;
	bool its = device->type == KVM_DEV_TYPE_ARM_VGIC_ITS;
	struct gic *gic = its ? &vm.its : &vm.gic;
	int fd;

	if (its ? !fake_kvm.settings.its : v2 ? !fake_kvm.settings.gicv2 :
	    device->type == KVM_DEV_TYPE_ARM_VGIC_V3 ? !fake_kvm.settings.gicv3 : true)
		return -ENODEV;
	if (device->flags & KVM_CREATE_DEVICE_TEST)
		return 0;
	if (gic->created)
		return -EEXIST;
	if (its && !vm.v3)
		return -ENODEV;
	if (v2 && vm.n_vcpus > 8)
		return -E2BIG;
	fd = fd_new(its ? FAKE_ITS : v2 ? FAKE_GICV2 : FAKE_GICV3, 0);
	if (fd < 0)
		return fd;
	gic->created = true;
	vm.v3 |= !v2 && !its;
	device->fd = (unsigned int)fd;
	return 0;
}

static int set_memory(const struct kvm_userspace_memory_region *region)
{
	uint64_t end = region->guest_phys_addr + region->memory_size;

	if (region->slot >= MAX_SLOTS || region->guest_phys_addr % 4096 ||
	    region->memory_size % 4096 || region->userspace_addr % 4096 ||
	    end < region->guest_phys_addr)
		return -EINVAL;
	if ((end - 1) >> vm.ipa_bits)
		return -EFAULT;
	for (size_t i = 0; i < MAX_SLOTS; i++)
		if (vm.slots[i].used && i != region->slot &&
		    region->guest_phys_addr < vm.slots[i].gpa + vm.slots[i].size &&
		    vm.slots[i].gpa < end)
			return -EEXIST;
	vm.slots[region->slot].gpa = region->guest_phys_addr;
	vm.slots[region->slot].size = region->memory_size;
	vm.slots[region->slot].used = region->memory_size != 0;
	return 0;
}

static int init_vcpu(struct vcpu *vcpu, const struct kvm_vcpu_init *init)
{
	unsigned int auth = 1u << KVM_ARM_VCPU_PTRAUTH_ADDRESS |
			    1u << KVM_ARM_VCPU_PTRAUTH_GENERIC;

	if (init->target != KVM_ARM_TARGET_GENERIC_V8)
		return -EINVAL;
	if ((init->features[0] & auth) && (init->features[0] & auth) != auth)
		return -EINVAL;
	vcpu->features = init->features[0];
	vcpu->initialised = true;
	regs_reset(vcpu);
	return 0;
}

static int enable_cap(const struct kvm_enable_cap *cap)
{
	if (cap->cap != KVM_CAP_ARM_MTE || !fake_kvm.settings.mte || vm.n_vcpus)
		return -EINVAL;
	return 0;
}

static int check_cap(unsigned long cap)
{
	for (size_t i = 0; i < sizeof(fake_kvm.settings.caps) / sizeof(fake_kvm.settings.caps[0]);
	     i++)
		if (fake_kvm.settings.caps[i].cap == cap)
			return fake_kvm.settings.caps[i].value;
	return 0;
}

static int finalize(struct vcpu *vcpu, const int *what)
{
	if (*what != KVM_ARM_VCPU_SVE || !(vcpu->features & 1u << KVM_ARM_VCPU_SVE))
		return -EINVAL;
	if (vcpu->finalized)
		return -EPERM;
	vcpu->finalized = true;
	return 0;
}

/* Decodes the arguments into @call and does what the request says. */
static int run_ioctl(struct fake_call *call, void *arg)
{
	struct vcpu *vcpu = &vm.vcpus[call->vcpu];
	union {
		void				*p;
		struct kvm_device_attr		*attr;
		struct kvm_one_reg		*reg;
		struct kvm_create_device	*device;
		struct kvm_userspace_memory_region *region;
		struct kvm_vcpu_init		*init;
		struct kvm_enable_cap		*cap;
		struct kvm_irq_level		*irq;
		struct kvm_ioeventfd		*doorbell;
		struct kvm_irqfd		*irqfd;
		struct kvm_arm_counter_offset	*offset;
		int				*number;
	} in = { .p = arg };

	call->a = (uintptr_t)arg;
	switch (call->request) {
	case KVM_GET_API_VERSION:
		return KVM_API_VERSION;
	case KVM_CHECK_EXTENSION:
		return check_cap(call->a);
	case KVM_GET_VCPU_MMAP_SIZE:
		return 8192;
	case KVM_CREATE_VM:
		return create_vm(call->a);
	case KVM_CREATE_VCPU:
		return create_vcpu(call->a);
	case KVM_CREATE_DEVICE:
		call->a = in.device->type;
		call->b = in.device->flags;
		return create_device(in.device);
	case KVM_SET_USER_MEMORY_REGION:
		call->a = in.region->slot;
		call->b = in.region->guest_phys_addr;
		call->c = in.region->memory_size;
		return set_memory(in.region);
	case KVM_ENABLE_CAP:
		call->a = in.cap->cap;
		return enable_cap(in.cap);
	case KVM_ARM_SET_COUNTER_OFFSET:
		call->a = in.offset->counter_offset;
		return in.offset->reserved ? -EINVAL : 0;
	case KVM_ARM_PREFERRED_TARGET:
		memset(in.init, 0, sizeof(*in.init));
		in.init->target = KVM_ARM_TARGET_GENERIC_V8;
		return 0;
	case KVM_ARM_VCPU_INIT:
		call->a = in.init->features[0];
		return init_vcpu(vcpu, in.init);
	case KVM_ARM_VCPU_FINALIZE:
		call->a = (uint64_t)*in.number;
		return finalize(vcpu, in.number);
	case KVM_GET_ONE_REG:
	case KVM_SET_ONE_REG: {
		bool write = call->request == KVM_SET_ONE_REG;
		int ret = one_reg(vcpu, in.reg->id, (void *)(uintptr_t)in.reg->addr, write);

		call->a = in.reg->id;
		memcpy(&call->b, (void *)(uintptr_t)in.reg->addr, sizeof(call->b));
		return ret;
	}
	case KVM_HAS_DEVICE_ATTR:
		call->a = in.attr->group;
		call->b = in.attr->attr;
		return has_attr(call->kind, in.attr);
	case KVM_SET_DEVICE_ATTR:
		call->a = in.attr->group;
		call->b = in.attr->attr;
		if (attr_size(call->kind, in.attr))
			memcpy(&call->c, (void *)(uintptr_t)in.attr->addr,
			       attr_size(call->kind, in.attr));
		return device_attr(call->kind, call->vcpu, in.attr, call->c);
	case KVM_IRQ_LINE:
		call->a = in.irq->irq;
		call->b = in.irq->level;
		return 0;
	case KVM_IOEVENTFD:
		call->a = in.doorbell->addr;
		call->b = in.doorbell->datamatch;
		call->c = in.doorbell->flags;
		return 0;
	case KVM_IRQFD:
		call->a = in.irqfd->gsi;
		call->c = in.irqfd->flags;
		return 0;
	case KVM_RUN:
		return -EINTR;		/* as when a signal comes at once */
	default:
		return -ENOTTY;
	}
}

/* Which descriptor a request belongs to. */
static bool right_kind(const struct fake_call *call)
{
	switch (call->request) {
	case KVM_CHECK_EXTENSION:
		return call->kind == FAKE_SYSTEM || call->kind == FAKE_VM;
	case KVM_GET_API_VERSION:
	case KVM_GET_VCPU_MMAP_SIZE:
	case KVM_CREATE_VM:
		return call->kind == FAKE_SYSTEM;
	case KVM_ARM_VCPU_INIT:
	case KVM_ARM_VCPU_FINALIZE:
	case KVM_GET_ONE_REG:
	case KVM_SET_ONE_REG:
	case KVM_RUN:
		return call->kind == FAKE_VCPU;
	case KVM_HAS_DEVICE_ATTR:
	case KVM_SET_DEVICE_ATTR:
		return call->kind > FAKE_VM;
	default:
		return call->kind == FAKE_VM;
	}
}

static const struct { unsigned long request; const char *name; } names[] = {
	{ FAKE_OPEN, "open /dev/kvm" },
	{ FAKE_MAP_RUN, "mmap kvm_run" },
	{ KVM_GET_API_VERSION, "KVM_GET_API_VERSION" },
	{ KVM_CHECK_EXTENSION, "KVM_CHECK_EXTENSION" },
	{ KVM_GET_VCPU_MMAP_SIZE, "KVM_GET_VCPU_MMAP_SIZE" },
	{ KVM_CREATE_VM, "KVM_CREATE_VM" },
	{ KVM_CREATE_VCPU, "KVM_CREATE_VCPU" },
	{ KVM_CREATE_DEVICE, "KVM_CREATE_DEVICE" },
	{ KVM_SET_USER_MEMORY_REGION, "KVM_SET_USER_MEMORY_REGION" },
	{ KVM_ENABLE_CAP, "KVM_ENABLE_CAP" },
	{ KVM_ARM_SET_COUNTER_OFFSET, "KVM_ARM_SET_COUNTER_OFFSET" },
	{ KVM_ARM_PREFERRED_TARGET, "KVM_ARM_PREFERRED_TARGET" },
	{ KVM_ARM_VCPU_INIT, "KVM_ARM_VCPU_INIT" },
	{ KVM_ARM_VCPU_FINALIZE, "KVM_ARM_VCPU_FINALIZE" },
	{ KVM_GET_ONE_REG, "KVM_GET_ONE_REG" },
	{ KVM_SET_ONE_REG, "KVM_SET_ONE_REG" },
	{ KVM_HAS_DEVICE_ATTR, "KVM_HAS_DEVICE_ATTR" },
	{ KVM_SET_DEVICE_ATTR, "KVM_SET_DEVICE_ATTR" },
	{ KVM_IRQ_LINE, "KVM_IRQ_LINE" },
	{ KVM_IOEVENTFD, "KVM_IOEVENTFD" },
	{ KVM_IRQFD, "KVM_IRQFD" },
	{ KVM_RUN, "KVM_RUN" },
};

static struct fake_call *call_new(unsigned long request, int fd)
{
	struct fake_call *call;

	if (fake_kvm.n_calls == FAKE_MAX_CALLS)
		abort();
	call = &fake_kvm.calls[fake_kvm.n_calls++];
	*call = (struct fake_call){ .request = request, .kind = fd_kind(fd) };
	call->name = "unknown ioctl";
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (names[i].request == request)
			call->name = names[i].name;
	if (call->kind != FAKE_CLOSED)
		call->vcpu = fds[fd - FIRST_FD].vcpu;
	return call;
}

static bool to_fail(void)
{
	return fake_kvm.fail_at && fake_kvm.n_calls == fake_kvm.fail_at;
}

/* vCPU threads and devices call in at the same time. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

int kvm_ioctl(int fd, unsigned long request, void *arg)
{
	struct fake_call *call;
	int ret;

	pthread_mutex_lock(&lock);
	call = call_new(request, fd);
	if (call->kind == FAKE_CLOSED) {
		fake_kvm.misused++;
		ret = -EBADF;
	} else if (to_fail()) {
		ret = -fake_kvm.fail_errno;
	} else {
		ret = right_kind(call) ? run_ioctl(call, arg) : -ENOTTY;
	}
	call->ret = ret;
	pthread_mutex_unlock(&lock);
	if (request == KVM_RUN)
		usleep(1000);
	return ret;
}

int kvm_ioctl_value(int fd, unsigned long request, unsigned long arg)
{
	return kvm_ioctl(fd, request, (void *)arg);
}

int kvm_open(void)
{
	struct fake_call *call = call_new(FAKE_OPEN, -1);

	call->ret = to_fail() ? -fake_kvm.fail_errno : fd_new(FAKE_SYSTEM, 0);
	return call->ret;
}

void *kvm_map_run(int vcpu_fd, size_t size)
{
	struct fake_call *call = call_new(FAKE_MAP_RUN, vcpu_fd);

	if (call->kind != FAKE_VCPU || to_fail()) {
		errno = to_fail() ? fake_kvm.fail_errno : ENODEV;
		call->ret = -errno;
		return NULL;
	}
	fake_kvm.opened++;
	return calloc(1, size);
}

void kvm_unmap_run(void *run, size_t size)
{
	fake_kvm.closed++;
	free(run);
}

void kvm_close(int fd)
{
	enum fake_kind kind = fd_kind(fd);

	if (kind == FAKE_CLOSED) {
		fake_kvm.misused++;
		return;
	}
	if (kind == FAKE_VM)
		vm.open = false;
	fds[fd - FIRST_FD].kind = FAKE_CLOSED;
	fake_kvm.closed++;
}

const struct fake_call *fake_kvm_find(unsigned int *at, unsigned long request, int64_t a)
{
	for (; *at < fake_kvm.n_calls; ++*at) {
		const struct fake_call *call = &fake_kvm.calls[*at];

		if (call->request == request && (a == -1 || call->a == (uint64_t)a)) {
			++*at;
			return call;
		}
	}
	return NULL;
}

unsigned int fake_kvm_count(unsigned long request, int64_t a)
{
	unsigned int at = 0, n = 0;

	while (fake_kvm_find(&at, request, a))
		n++;
	return n;
}

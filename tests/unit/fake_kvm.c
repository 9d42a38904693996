// SPDX-License-Identifier: GPL-2.0-only
/* See fake_kvm.h. Errors and their conditions are those of Linux 6.12, arch/arm64/kvm. */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fake_kvm_model.h"
#include "kvm.h"

#define FIRST_FD	100000		/* above any descriptor of the process */


struct fake_vm fake_vm;

static struct { enum fake_kind kind; unsigned int vcpu; } fds[FAKE_MAX_FDS];

struct fake_kvm fake_kvm;

/* vCPU threads and devices call in at the same time. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

void fake_kvm_reset(void)
{
	memset(&fake_kvm, 0, sizeof(fake_kvm));
	memset(&fake_vm, 0, sizeof(fake_vm));
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
	fake_kvm_set_cap(KVM_CAP_MAX_VCPUS, FAKE_MAX_VCPUS);
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

static int create_vm(unsigned long type)
{
	unsigned int bits = type & 0xff;

	if (fake_vm.open)
		return -EMFILE;		/* one is enough for a test */
	if (type & ~0xfful ||
	    (bits && (bits < 32 || bits > (unsigned int)fake_kvm.settings.ipa_bits)))
		return -EINVAL;
	memset(&fake_vm, 0, sizeof(fake_vm));
	fake_vm.open = true;
	fake_vm.ipa_bits = bits ? bits : 40;
	fake_vm.pmcr_n = fake_kvm.settings.pmu_counters;
	return fd_new(FAKE_VM, 0);
}

static int create_vcpu(unsigned long id)
{
	if (fake_vm.gic.initialised)
		return -EBUSY;
	if (id >= FAKE_MAX_VCPUS)
		return -EINVAL;
	if (fake_vm.vcpus[id].created)
		return -EEXIST;
	fake_vm.vcpus[id].created = true;
	fake_vm.n_vcpus++;
	return fd_new(FAKE_VCPU, (unsigned int)id);
}

static int create_device(struct kvm_create_device *device)
{
	bool v2 = device->type == KVM_DEV_TYPE_ARM_VGIC_V2;
	bool its = device->type == KVM_DEV_TYPE_ARM_VGIC_ITS;
	struct fake_gic *gic = its ? &fake_vm.its : &fake_vm.gic;
	int fd;

	if (its ? !fake_kvm.settings.its : v2 ? !fake_kvm.settings.gicv2 :
	    device->type == KVM_DEV_TYPE_ARM_VGIC_V3 ? !fake_kvm.settings.gicv3 : true)
		return -ENODEV;
	if (device->flags & KVM_CREATE_DEVICE_TEST)
		return 0;
	if (gic->created)
		return -EEXIST;
	if (its && !fake_vm.v3)
		return -ENODEV;
	if (v2 && fake_vm.n_vcpus > 8)
		return -E2BIG;
	fd = fd_new(its ? FAKE_ITS : v2 ? FAKE_GICV2 : FAKE_GICV3, 0);
	if (fd < 0)
		return fd;
	gic->created = true;
	fake_vm.v3 |= !v2 && !its;
	device->fd = (unsigned int)fd;
	return 0;
}

static int set_memory(const struct kvm_userspace_memory_region *region)
{
	uint64_t end = region->guest_phys_addr + region->memory_size;

	if (region->slot >= FAKE_MAX_SLOTS || region->guest_phys_addr % 4096 ||
	    region->memory_size % 4096 || region->userspace_addr % 4096 ||
	    end < region->guest_phys_addr)
		return -EINVAL;
	if ((end - 1) >> fake_vm.ipa_bits)
		return -EFAULT;
	for (size_t i = 0; i < FAKE_MAX_SLOTS; i++)
		if (fake_vm.slots[i].used && i != region->slot &&
		    region->guest_phys_addr < fake_vm.slots[i].gpa + fake_vm.slots[i].size &&
		    fake_vm.slots[i].gpa < end)
			return -EEXIST;
	fake_vm.slots[region->slot].gpa = region->guest_phys_addr;
	fake_vm.slots[region->slot].size = region->memory_size;
	fake_vm.slots[region->slot].used = region->memory_size != 0;
	return 0;
}

static int init_vcpu(struct fake_vcpu *vcpu, const struct kvm_vcpu_init *init)
{
	unsigned int auth = 1u << KVM_ARM_VCPU_PTRAUTH_ADDRESS |
			    1u << KVM_ARM_VCPU_PTRAUTH_GENERIC;

	if (init->target != KVM_ARM_TARGET_GENERIC_V8)
		return -EINVAL;
	if ((init->features[0] & auth) && (init->features[0] & auth) != auth)
		return -EINVAL;
	vcpu->features = init->features[0];
	vcpu->initialised = true;
	fake_regs_reset(vcpu);
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

static int enable_cap(const struct kvm_enable_cap *cap)
{
	if (cap->cap == KVM_CAP_ARM_TIMER_IRQ_MASK)
		return !check_cap(cap->cap) || cap->flags || cap->args[0] || fake_vm.n_vcpus ?
			-EINVAL : 0;
	if (cap->cap != KVM_CAP_ARM_MTE || !fake_kvm.settings.mte || fake_vm.n_vcpus)
		return -EINVAL;
	return 0;
}

/* For a vCPU's inputs; lines of a GIC are only recorded. */
static int irq_line(const struct kvm_irq_level *irq)
{
	unsigned int number = irq->irq & KVM_ARM_IRQ_NUM_MASK;
	unsigned int index = irq->irq >> KVM_ARM_IRQ_VCPU_SHIFT & KVM_ARM_IRQ_VCPU_MASK;
	struct fake_vcpu *vcpu;

	if (irq->irq >> KVM_ARM_IRQ_TYPE_SHIFT != KVM_ARM_IRQ_TYPE_CPU)
		return 0;
	if (fake_vm.gic.created)
		return -ENXIO;
	if (index >= FAKE_MAX_VCPUS || !fake_vm.vcpus[index].created ||
	    number > KVM_ARM_IRQ_CPU_FIQ)
		return -EINVAL;
	vcpu = &fake_vm.vcpus[index];
	vcpu->lines_inside += vcpu->running;
	vcpu->lines = (vcpu->lines & ~(1u << number)) | (unsigned int)!!irq->level << number;
	return 0;
}

static int finalize(struct fake_vcpu *vcpu, const int *what)
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
	struct fake_vcpu *vcpu = &fake_vm.vcpus[call->vcpu];
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
		struct kvm_coalesced_mmio_zone	*zone;
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
		int ret = fake_one_reg(vcpu, in.reg->id, (void *)(uintptr_t)in.reg->addr, write);

		call->a = in.reg->id;
		memcpy(&call->b, (void *)(uintptr_t)in.reg->addr, sizeof(call->b));
		return ret;
	}
	case KVM_HAS_DEVICE_ATTR:
		call->a = in.attr->group;
		call->b = in.attr->attr;
		return fake_has_attr(call->kind, in.attr);
	case KVM_SET_DEVICE_ATTR:
		call->a = in.attr->group;
		call->b = in.attr->attr;
		if (fake_attr_size(call->kind, in.attr))
			memcpy(&call->c, (void *)(uintptr_t)in.attr->addr,
			       fake_attr_size(call->kind, in.attr));
		return fake_device_attr(call->kind, call->vcpu, in.attr, call->c);
	case KVM_IRQ_LINE:
		call->a = in.irq->irq;
		call->b = in.irq->level;
		return irq_line(in.irq);
	case KVM_IOEVENTFD:
		call->a = in.doorbell->addr;
		call->b = in.doorbell->datamatch;
		call->c = in.doorbell->flags;
		return 0;
	case KVM_IRQFD:
		call->a = in.irqfd->gsi;
		call->c = in.irqfd->flags;
		return 0;
	case KVM_REGISTER_COALESCED_MMIO:
		call->a = in.zone->addr;
		call->b = in.zone->size;
		return 0;
	case KVM_RUN:
		return -EINTR;		/* unless settings.run says otherwise */
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
	{ KVM_REGISTER_COALESCED_MMIO, "KVM_REGISTER_COALESCED_MMIO" },
	{ KVM_RUN, "KVM_RUN" },
};

static struct fake_call *call_new(unsigned long request, int fd)
{
	struct fake_call *call;

	if (fake_kvm.n_calls == FAKE_MAX_CALLS) {
		if (request != KVM_RUN && request != KVM_IRQ_LINE)
			abort();
		fake_kvm.n_calls--;	/* there are enough of these */
	}
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

int kvm_ioctl(int fd, unsigned long request, void *arg)
{
	int (*run)(unsigned int vcpu, struct kvm_run *run) = NULL;
	struct fake_call *call;
	unsigned int vcpu;
	int ret;

	pthread_mutex_lock(&lock);
	call = call_new(request, fd);
	vcpu = call->vcpu;
	if (call->kind == FAKE_CLOSED) {
		fake_kvm.misused++;
		ret = -EBADF;
	} else if (to_fail()) {
		ret = -fake_kvm.fail_errno;
	} else {
		ret = right_kind(call) ? run_ioctl(call, arg) : -ENOTTY;
		if (request == KVM_RUN && right_kind(call))
			run = fake_kvm.settings.run;
	}
	call->ret = ret;
	if (request == KVM_RUN)
		fake_vm.vcpus[vcpu].running = true;
	pthread_mutex_unlock(&lock);
	if (request != KVM_RUN)
		return ret;
	if (run)
		ret = run(vcpu, fake_vm.vcpus[vcpu].run);
	else
		usleep(1000);
	pthread_mutex_lock(&lock);
	fake_vm.vcpus[vcpu].running = false;
	pthread_mutex_unlock(&lock);
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
	fake_vm.vcpus[call->vcpu].run = calloc(1, size);
	return fake_vm.vcpus[call->vcpu].run;
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
		fake_vm.open = false;
	fds[fd - FIRST_FD].kind = FAKE_CLOSED;
	fake_kvm.closed++;
}

unsigned int fake_kvm_lines(unsigned int vcpu, unsigned int *inside)
{
	unsigned int lines;

	pthread_mutex_lock(&lock);
	lines = fake_vm.vcpus[vcpu].lines;
	if (inside)
		*inside = fake_vm.vcpus[vcpu].lines_inside;
	pthread_mutex_unlock(&lock);
	return lines;
}

const struct fake_call *fake_kvm_find(unsigned int *at, unsigned long request, int64_t a)
{
	const struct fake_call *found = NULL;

	pthread_mutex_lock(&lock);
	while (!found && *at < fake_kvm.n_calls) {
		const struct fake_call *call = &fake_kvm.calls[(*at)++];

		if (call->request == request && (a == -1 || call->a == (uint64_t)a))
			found = call;
	}
	pthread_mutex_unlock(&lock);
	return found;
}

unsigned int fake_kvm_count(unsigned long request, int64_t a)
{
	unsigned int at = 0, n = 0;

	while (fake_kvm_find(&at, request, a))
		n++;
	return n;
}

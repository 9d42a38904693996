// SPDX-License-Identifier: GPL-2.0-only
/* What this host offers a guest: KVM's capabilities, its interrupt controllers, the PMUs. */
#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/utsname.h>

#include "host.h"
#include "kvm.h"

#define KVM_API			12	/* the only version there is since 2.6.22 (api.rst 4.1) */
#define IPA_BITS_DEFAULT	40	/* without KVM_CAP_ARM_VM_IPA_SIZE */

/* What a VM can be asked for by one bit. */
static const struct {
	unsigned int	capability;
	size_t		offset;		/* of a bool in struct host_caps */
	bool		of_pmu;		/* asked only when the guest is to have a PMU */
} capabilities[] = {
	{ KVM_CAP_ARM_PSCI_0_2, offsetof(struct host_caps, psci), false },
	{ KVM_CAP_ARM_SVE, offsetof(struct host_caps, sve), false },
	{ KVM_CAP_ARM_MTE, offsetof(struct host_caps, mte), false },
	{ KVM_CAP_STEAL_TIME, offsetof(struct host_caps, steal_time), false },
	{ KVM_CAP_COUNTER_OFFSET, offsetof(struct host_caps, counter_offset), false },
	{ KVM_CAP_ARM_USER_IRQ, offsetof(struct host_caps, user_irq), false },
	{ KVM_CAP_ARM_TIMER_IRQ_MASK, offsetof(struct host_caps, timer_irq_mask), false },
	{ KVM_CAP_ARM_PMU_V3, offsetof(struct host_caps, pmu_v3), true },
	{ KVM_CAP_ARM_PMU_PARTITION, offsetof(struct host_caps, pmu_partition), true },
	{ KVM_CAP_ARM_PMU_RESERVE, offsetof(struct host_caps, pmu_reserve), true },
};

static int check_machine(struct error *err)
{
	struct utsname host;

	if (uname(&host) < 0 || !strcmp(host.machine, "aarch64"))
		return 0;
	return error_set(err, TALLY_EXIT_UNAVAILABLE, EOPNOTSUPP,
			 "tally runs guests on arm64 hosts only, this is %s", host.machine);
}

static int open_kvm(struct error *err)
{
	int fd = kvm_open(), version;

	switch (fd) {
	case -ENOENT:
		return error_set(err, TALLY_EXIT_UNAVAILABLE, ENOENT,
				 "no /dev/kvm: the kernel has no KVM, or it was not booted at EL2");
	case -EACCES:
	case -EPERM:
		return error_set(err, TALLY_EXIT_UNAVAILABLE, -fd,
				 "/dev/kvm: %s: only root and members of its group (usually kvm) may use it",
				 strerror(-fd));
	}
	if (fd < 0)
		return error_set(err, TALLY_EXIT_UNAVAILABLE, -fd, "/dev/kvm: %s", strerror(-fd));

	version = kvm_ioctl_value(fd, KVM_GET_API_VERSION, 0);
	if (version == KVM_API)
		return fd;
	kvm_close(fd);
	if (version < 0)
		return error_set(err, TALLY_EXIT_UNAVAILABLE, -version,
				 "/dev/kvm: KVM_GET_API_VERSION: %s", strerror(-version));
	return error_set(err, TALLY_EXIT_UNAVAILABLE, EPROTO,
			 "/dev/kvm: API version %d, tally knows %d", version, KVM_API);
}

static void ask_capabilities(int kvm_fd, struct host_caps *caps, bool with_pmus)
{
	int number;

	for (size_t i = 0; i < sizeof(capabilities) / sizeof(capabilities[0]); i++) {
		bool *offered = (bool *)((char *)caps + capabilities[i].offset);

		if (with_pmus || !capabilities[i].of_pmu)
			*offered = kvm_check(kvm_fd, capabilities[i].capability) > 0;
	}
	/* A vCPU gets both kinds of keys or neither (api.rst, KVM_ARM_VCPU_INIT). */
	caps->pauth = kvm_check(kvm_fd, KVM_CAP_ARM_PTRAUTH_ADDRESS) > 0 &&
		      kvm_check(kvm_fd, KVM_CAP_ARM_PTRAUTH_GENERIC) > 0;

	number = kvm_check(kvm_fd, KVM_CAP_ARM_VM_IPA_SIZE);
	caps->ipa_choice = number > 0;
	caps->ipa_bits = number > 0 ? number : IPA_BITS_DEFAULT;

	number = kvm_check(kvm_fd, KVM_CAP_MAX_VCPUS);
	if (number <= 0)
		number = kvm_check(kvm_fd, KVM_CAP_NR_VCPUS);
	caps->max_vcpus = number > 0 ? number : 1;
}

int host_discover(int *kvm_fd, struct host_caps *caps, bool with_pmus, struct error *err)
{
	int fd, ret;

	memset(caps, 0, sizeof(*caps));
	ret = check_machine(err);
	if (ret < 0)
		return ret;
	fd = open_kvm(err);
	if (fd < 0)
		return fd;
	ask_capabilities(fd, caps, with_pmus);
	if (sched_getaffinity(0, sizeof(caps->allowed), &caps->allowed) < 0)
		ret = error_set(err, TALLY_EXIT_SOFTWARE, errno, "sched_getaffinity: %s",
				strerror(errno));
	else if (with_pmus)
		ret = host_pmus_read(HOST_PMU_SYSFS, caps->pmus, HOST_MAX_PMUS, &caps->n_pmus,
				     err);
	if (ret < 0) {
		kvm_close(fd);
		return ret;
	}
	*kvm_fd = fd;
	return 0;
}

static bool can_create(int vm_fd, unsigned int type)
{
	struct kvm_create_device device = {
		.type	= type,
		.flags	= KVM_CREATE_DEVICE_TEST,
	};

	return !kvm_ioctl(vm_fd, KVM_CREATE_DEVICE, &device);
}

void host_probe_vm(int vm_fd, struct host_caps *caps)
{
	bool v3 = can_create(vm_fd, KVM_DEV_TYPE_ARM_VGIC_V3);
	bool v2 = can_create(vm_fd, KVM_DEV_TYPE_ARM_VGIC_V2);

	caps->irqchip[IRQCHIP_GICV3] = v3;
	caps->irqchip[IRQCHIP_GICV3_ITS] = v3 && can_create(vm_fd, KVM_DEV_TYPE_ARM_VGIC_ITS);
	caps->irqchip[IRQCHIP_GICV2] = v2;
	caps->irqchip[IRQCHIP_GICV2M] = v2;	/* the MSI frame is tally's own */
}

/*
 * KVM without the series keeps a timer's physical interrupt away only through the active
 * state of a GIC that it virtualises; without one that of the physical timer never ends.
 */
const char *host_refuses_user_gic(const struct host_caps *caps)
{
	if (!caps->user_irq)
		return "KVM_CAP_ARM_USER_IRQ is missing (Linux 4.12)";
	if (!caps->timer_irq_mask && !caps->irqchip[IRQCHIP_GICV2] && !caps->irqchip[IRQCHIP_GICV3])
		return "this host's GIC has no virtualisation, and without "
		       "KVM_CAP_ARM_TIMER_IRQ_MASK (kernel series) the physical timer's "
		       "interrupt can then hang a CPU";
	return NULL;
}

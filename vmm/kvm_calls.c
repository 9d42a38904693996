// SPDX-License-Identifier: GPL-2.0-only
/* The ioctls that several parts use, over the door in kvm.c. */
#include <stdint.h>

#include "kvm.h"

int kvm_check(int fd, unsigned int capability)
{
	int ret = kvm_ioctl_value(fd, KVM_CHECK_EXTENSION, capability);

	return ret < 0 ? 0 : ret;
}

int kvm_has_attr(int fd, unsigned int group, unsigned long attr)
{
	struct kvm_device_attr device_attr = { .group = group, .attr = attr };

	return kvm_ioctl(fd, KVM_HAS_DEVICE_ATTR, &device_attr);
}

int kvm_set_attr(int fd, unsigned int group, unsigned long attr, const void *value)
{
	struct kvm_device_attr device_attr = {
		.group	= group,
		.attr	= attr,
		.addr	= (uintptr_t)value,
	};

	return kvm_ioctl(fd, KVM_SET_DEVICE_ATTR, &device_attr);
}

int kvm_get_reg(int vcpu_fd, unsigned long long id, void *value)
{
	struct kvm_one_reg reg = { .id = id, .addr = (uintptr_t)value };

	return kvm_ioctl(vcpu_fd, KVM_GET_ONE_REG, &reg);
}

int kvm_set_reg(int vcpu_fd, unsigned long long id, const void *value)
{
	struct kvm_one_reg reg = { .id = id, .addr = (uintptr_t)value };

	return kvm_ioctl(vcpu_fd, KVM_SET_ONE_REG, &reg);
}

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The one door to KVM. tests/unit puts a scripted KVM behind these functions to
 * check order, arguments and every error path.
 */
#ifndef TALLY_KVM_H
#define TALLY_KVM_H

#include <stddef.h>

#include "kvm_uapi.h"

/* Each returns what the system call returned, or a negative errno. */
int kvm_open(void);					/* /dev/kvm */
int kvm_ioctl(int fd, unsigned long request, void *arg);
int kvm_ioctl_value(int fd, unsigned long request, unsigned long arg);
void *kvm_map_run(int vcpu_fd, size_t size);		/* NULL with errno set */
void kvm_unmap_run(void *run, size_t size);
void kvm_close(int fd);

/* KVM_CHECK_EXTENSION: 0 when absent or on error. */
int kvm_check(int fd, unsigned int capability);
/* KVM_HAS_DEVICE_ATTR / KVM_SET_DEVICE_ATTR on a device or vCPU. @value may be NULL. */
int kvm_has_attr(int fd, unsigned int group, unsigned long attr);
int kvm_set_attr(int fd, unsigned int group, unsigned long attr, const void *value);
/* KVM_GET_ONE_REG / KVM_SET_ONE_REG. */
int kvm_get_reg(int vcpu_fd, unsigned long long id, void *value);
int kvm_set_reg(int vcpu_fd, unsigned long long id, const void *value);

#endif

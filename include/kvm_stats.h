/* SPDX-License-Identifier: GPL-2.0-only */
/* What KVM counts of a VM or a vCPU (KVM api.rst, KVM_GET_STATS_FD). */
#ifndef TALLY_KVM_STATS_H
#define TALLY_KVM_STATS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct kvm_stat {
	const char	*name;		/* KVM's */
	uint64_t	value;
	bool		found;		/* by some descriptor, so value is one */
};

/*
 * Add to the values of @stats what KVM has counted of the VM or vCPU @fd. Names that
 * this kernel does not count stay as they are. 0 or a negative errno: -ENOTTY from a
 * kernel without statistics.
 */
int kvm_stats_add(int fd, struct kvm_stat *stats, size_t n);
/* The same from a descriptor that KVM_GET_STATS_FD has returned; -EBADMSG for nonsense. */
int kvm_stats_add_from(int stats_fd, struct kvm_stat *stats, size_t n);

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The MMIO bus: exits are dispatched to devices by address. Devices are added
 * while the machine is built and removed when it is torn down; in between the
 * table is constant and read without a lock by every vCPU thread.
 */
#ifndef TALLY_BUS_H
#define TALLY_BUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"

/*
 * One access of @len (1, 2, 4 or 8) bytes at @offset into the device's range.
 * Called on a vCPU thread, several at once: the device has its own lock. The
 * access lies wholly within the range. Data is a little-endian number.
 */
struct bus_ops {
	uint64_t (*read)(void *device, uint64_t offset, unsigned int len);
	void (*write)(void *device, uint64_t offset, unsigned int len, uint64_t value);
	/* Instead of these, where it matters which CPU asks. */
	uint64_t (*read_by)(void *device, unsigned int cpu, uint64_t offset, unsigned int len);
	void (*write_by)(void *device, unsigned int cpu, uint64_t offset, unsigned int len,
			 uint64_t value);
};

struct bus;

/* @vm_fd may be -1 in tests: doorbells are then never rung by KVM. */
int bus_create(struct bus **bus, int vm_fd, struct error *err);
void bus_destroy(struct bus *bus);

/* -EEXIST when the range overlaps another device's. @ops must outlive the bus. */
int bus_add(struct bus *bus, const char *name, uint64_t gpa, uint64_t size,
	    const struct bus_ops *ops, void *device, struct error *err);

/*
 * Let a 4-byte write of @value at @gpa signal the eventfd @fd without a return
 * to user space (KVM_IOEVENTFD with datamatch). The caller owns @fd. Returns a
 * negative errno when KVM can't; the write then reaches the device's ops.
 */
int bus_doorbell(struct bus *bus, uint64_t gpa, uint32_t value, int fd);

/*
 * Let KVM keep back writes of @size bytes at @gpa (KVM api.rst,
 * KVM_REGISTER_COALESCED_MMIO): they reach the device in order, before the next
 * access of any vCPU that returns to user space, and at bus_drain(). Only for a
 * register whose writer does not wait for an effect without such an access, and
 * where it does not matter which CPU that is.
 * Returns a negative errno when KVM can't.
 */
int bus_keep_back(struct bus *bus, uint64_t gpa, uint32_t size);
/* A vCPU's kvm_run mapping, which holds the ring of what is kept back. */
void bus_set_run(struct bus *bus, void *run, size_t size);
/* Hand what is kept back to the devices. Any thread that holds no device's lock. */
void bus_drain(struct bus *bus);

/* By vCPU @cpu. False when no device covers the access; a read then has *@value = 0. */
bool bus_access(struct bus *bus, unsigned int cpu, uint64_t gpa, unsigned int len, bool write,
		uint64_t *value);

#endif

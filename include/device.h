/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A device model: one row in vmm/parts.c. The plan asks it how many there are
 * and what their device-tree nodes look like; the machine creates and destroys
 * them. A device knows the bus, guest memory, the loop, the console and the
 * interrupt line that it was given, nothing else.
 */
#ifndef TALLY_DEVICE_H
#define TALLY_DEVICE_H

#include <stdint.h>

#include "bus.h"
#include "config.h"
#include "console.h"
#include "error.h"
#include "irq.h"
#include "loop.h"
#include "memory.h"
#include "option.h"

struct device_model;

/* Where the plan put a device. */
struct device_slot {
	const struct device_model	*model;
	unsigned int			index;	/* of those of the same model */
	uint64_t			gpa;
	uint32_t			intid;	/* an SPI */
};

/* What the machine hands to a device. All of it outlives the device. */
struct device_env {
	struct bus		*bus;
	struct guest_memory	*memory;
	struct event_loop	*loop;
	struct console		*console;
	const struct config	*config;
	struct device_slot	slot;
	struct irq_line		irq;
};

struct device_model {
	const char			*name;
	const struct option_group	*options;	/* or NULL */
	uint64_t			gpa;		/* fixed, or 0: the next virtio-mmio slot */
	uint64_t			size;
	enum irq_trigger		trigger;
	unsigned int (*count)(const struct config *config);
	/*
	 * Write the device's node at the root of @fdt (libfdt sequential write).
	 * Returns 0 or a negative libfdt error.
	 */
	int (*fdt)(void *fdt, const struct device_slot *slot);
	/*
	 * Input that can be checked without KVM (a disk's file), before the
	 * machine is built. May be NULL.
	 */
	int (*check)(const struct config *config, unsigned int index, struct error *err);
	/* *@device is owned by the caller and freed by @destroy. */
	int (*create)(const struct device_env *env, void **device, struct error *err);
	/* Called on the loop's thread after the last vCPU has stopped. */
	void (*destroy)(void *device);
};

extern const struct device_model serial_model, rtc_model;
extern const struct device_model virtio_console_model, virtio_rng_model, virtio_blk_model;

/*
 * Helpers for nodes: reg = <gpa size> with two cells each, interrupts = the GIC's
 * three cells for an SPI. 0 or a negative libfdt error.
 */
int fdt_property_reg(void *fdt, uint64_t gpa, uint64_t size);
int fdt_property_interrupt(void *fdt, uint32_t intid, enum irq_trigger trigger);

#endif

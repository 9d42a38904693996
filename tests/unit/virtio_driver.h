/* SPDX-License-Identifier: GPL-2.0-only */
/* The guest's side of a virtio-mmio device, for tests: registers through the bus, queues in RAM. */
#ifndef TALLY_VIRTIO_DRIVER_H
#define TALLY_VIRTIO_DRIVER_H

#include <linux/virtio_config.h>
#include <linux/virtio_mmio.h>
#include <linux/virtio_ring.h>
#include <pthread.h>

#include "device.h"

#define DRIVER_GPA	0x80000000ull	/* RAM */
#define DRIVER_RAM	(64ull << 20)
#define DRIVER_DATA	(DRIVER_GPA + 0x100000)	/* free for the test */
#define DRIVER_MMIO	0x3000000ull

#define S_ACKNOWLEDGE	VIRTIO_CONFIG_S_ACKNOWLEDGE
#define S_DRIVER	VIRTIO_CONFIG_S_DRIVER
#define S_FEATURES_OK	VIRTIO_CONFIG_S_FEATURES_OK
#define S_DRIVER_OK	VIRTIO_CONFIG_S_DRIVER_OK
#define S_NEEDS_RESET	VIRTIO_CONFIG_S_NEEDS_RESET

struct driver_queue {
	unsigned int	size;
	uint16_t	next_desc;	/* descriptors are given out round and round */
	uint16_t	next_used;
};

struct driver {
	struct guest_memory		memory;
	struct bus			*bus;
	struct event_loop		*loop;
	pthread_t			loop_thread;
	const struct device_model	*model;
	void				*device;
	uint64_t			features;
	struct driver_queue		queues[2];
};

/* RAM, bus and a running loop, then the device. @config is borrowed. */
int driver_start(struct driver *driver, const struct device_model *model,
		 const struct config *config, struct error *err);
void driver_stop(struct driver *driver);
/* The loop's thread stops serving, or serves again. */
void driver_loop_stop(struct driver *driver);
void driver_loop_start(struct driver *driver);
/* The environment that driver_start() gives to a device. */
struct device_env driver_env(struct driver *driver, const struct config *config);
/* Interrupts since the last call. */
unsigned int driver_interrupts(void);

uint64_t mmio_get(struct driver *driver, uint64_t offset, unsigned int len);
void mmio_put(struct driver *driver, uint64_t offset, unsigned int len, uint64_t value);
uint32_t reg_get(struct driver *driver, uint64_t reg);
void reg_put(struct driver *driver, uint64_t reg, uint32_t value);

void *ram(struct driver *driver, uint64_t gpa);
uint64_t desc_gpa(unsigned int queue);
uint64_t avail_gpa(unsigned int queue);
uint64_t used_gpa(unsigned int queue);
struct vring_desc *desc_of(struct driver *driver, unsigned int queue);
struct vring_avail *avail_of(struct driver *driver, unsigned int queue);
struct vring_used *used_of(struct driver *driver, unsigned int queue);

/* 3.1.1, to the step of the name; features are what the device offers, and in @wanted. */
void driver_negotiate(struct driver *driver, uint64_t wanted);
void driver_queue(struct driver *driver, unsigned int queue, unsigned int size);
void driver_up(struct driver *driver, uint64_t wanted, unsigned int n_queues, unsigned int size);

struct segment {
	uint64_t	gpa;
	uint32_t	len;
	bool		write;		/* by the device */
};

/* Make a chain available; returns its head. The doorbell is rung by driver_kick(). */
uint16_t driver_add(struct driver *driver, unsigned int queue, const struct segment *segments,
		    unsigned int n);
void driver_kick(struct driver *driver, unsigned int queue);
/* The next used chain, within @ms milliseconds; false when there was none. */
bool driver_used(struct driver *driver, unsigned int queue, struct vring_used_elem *elem,
		 unsigned int ms);

#endif

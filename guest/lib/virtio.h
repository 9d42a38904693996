/* SPDX-License-Identifier: GPL-2.0-only */
/* A driver's side of virtio-mmio and split virtqueues (virtio 1.2, 4.2 and 2.7). */
#ifndef GUEST_VIRTIO_H
#define GUEST_VIRTIO_H

#include "types.h"

/* Registers, virtio 1.2 section 4.2.2. */
#define VIRTIO_MAGIC		0x000
#define VIRTIO_VERSION		0x004
#define VIRTIO_DEVICE_ID	0x008
#define VIRTIO_VENDOR_ID	0x00c
#define VIRTIO_DEVICE_FEATURES	0x010
#define VIRTIO_DEVICE_FEATURES_SEL 0x014
#define VIRTIO_DRIVER_FEATURES	0x020
#define VIRTIO_DRIVER_FEATURES_SEL 0x024
#define VIRTIO_QUEUE_SEL	0x030
#define VIRTIO_QUEUE_NUM_MAX	0x034
#define VIRTIO_QUEUE_NUM	0x038
#define VIRTIO_QUEUE_READY	0x044
#define VIRTIO_QUEUE_NOTIFY	0x050
#define VIRTIO_INTERRUPT_STATUS	0x060
#define VIRTIO_INTERRUPT_ACK	0x064
#define VIRTIO_STATUS		0x070
#define VIRTIO_QUEUE_DESC	0x080
#define VIRTIO_QUEUE_DRIVER	0x090
#define VIRTIO_QUEUE_DEVICE	0x0a0
#define VIRTIO_CONFIG_GENERATION 0x0fc
#define VIRTIO_CONFIG		0x100

#define VIRTIO_MAGIC_VALUE	0x74726976

#define STATUS_ACKNOWLEDGE	1
#define STATUS_DRIVER		2
#define STATUS_DRIVER_OK	4
#define STATUS_FEATURES_OK	8
#define STATUS_NEEDS_RESET	64

#define VIRTIO_ID_NET		1
#define VIRTIO_ID_BLOCK		2
#define VIRTIO_ID_CONSOLE	3
#define VIRTIO_ID_ENTROPY	4
#define VIRTIO_ID_BALLOON	5

#define VIRTIO_F_INDIRECT_DESC	BIT(28)
#define VIRTIO_F_EVENT_IDX	BIT(29)
#define VIRTIO_F_VERSION_1	BIT(32)

#define VIRTQ_DESC_F_NEXT	1
#define VIRTQ_DESC_F_WRITE	2
#define VIRTQ_DESC_F_INDIRECT	4
#define VIRTQ_AVAIL_F_NO_INTERRUPT 1
#define VIRTQ_USED_F_NO_NOTIFY	1

#define VIRTQ_MAX		64	/* entries of a queue here */
#define VIRTQ_CHAIN		8	/* entries of an indirect table here */
#define VIRTIO_QUEUES		2
#define VIRTIO_DEVICES		16

struct virtq_desc {
	u64 addr;
	u32 len;
	u16 flags;
	u16 next;
};

struct virtq_avail {
	u16 flags;
	u16 idx;
	u16 ring[VIRTQ_MAX + 1];	/* with used_event behind num entries */
};

struct virtq_used {
	u16 flags;
	u16 idx;
	struct {
		u32 id;
		u32 len;
	} ring[VIRTQ_MAX + 1];		/* with avail_event behind num entries */
};

struct virtq {
	struct virtq_desc desc[VIRTQ_MAX] __attribute__((aligned(4096)));
	struct virtq_avail avail __attribute__((aligned(16)));
	struct virtq_used used __attribute__((aligned(4096)));
	struct virtq_desc table[VIRTQ_MAX][VIRTQ_CHAIN] __attribute__((aligned(16)));
	u32 index;
	u32 num;
	u16 last_used;
	u16 kicked;		/* avail.idx at the last kick */
	u64 busy;		/* descriptors that the device owns */
};

struct virtio_device {
	u64 base;
	u32 irq;
	u32 id;
	u32 number;		/* in the order of the device tree */
	u64 offered, features;
	u32 interrupts, config_changes;
	struct virtq *vq[VIRTIO_QUEUES];
};

struct virtio_buffer {
	const void *data;
	u32 len;
	bool write;		/* the device writes it */
};

/* Finds the devices of the device tree (those with an ID) and their interrupts. */
u32 virtio_probe(struct virtio_device *devices, u32 max);

u32 virtio_read(struct virtio_device *d, u32 reg);
void virtio_write(struct virtio_device *d, u32 reg, u32 v);

/* Reset to DRIVER with the features out of wanted that are offered; false: refused. */
bool virtio_start(struct virtio_device *d, u64 wanted);
/* Sets a queue up, with at most num entries; false where there is none. */
bool virtq_setup(struct virtio_device *d, u32 index, u32 num);
void virtio_driver_ok(struct virtio_device *d);
void virtio_reset(struct virtio_device *d);

/*
 * Adds a chain, in an indirect table if that was negotiated. The result is its
 * head, or -1 if there is no room. virtq_kick tells the device if it wants that.
 */
int virtq_add(struct virtio_device *d, u32 queue, const struct virtio_buffer *b, u32 n);
void virtq_kick(struct virtio_device *d, u32 queue);
/* The next chain that came back, or -1. */
int virtq_take(struct virtio_device *d, u32 queue, u32 *len);
/* The same, waiting by interrupt up to ms; interrupts are masked again after. */
int virtq_wait(struct virtio_device *d, u32 queue, u32 *len, u32 ms);

#endif

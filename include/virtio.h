/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A virtio device behind the virtio-mmio transport (virtio 1.2 sections 2, 3 and
 * 4.2; version 2 of the register file only). The transport owns registers,
 * negotiation, queues and the interrupt; the device says what it is through
 * struct virtio_ops.
 *
 * A queue is served on the vCPU thread whose write rang its doorbell, not through
 * an ioeventfd: what can be done without waiting is then done, and its interrupt
 * pending, before the guest's next instruction. Handing over to another thread
 * costs an eventfd, two switches of thread and the guest going idle meanwhile,
 * several times the return to user space that it saves. What would wait (for a
 * disk) is left to the loop's thread by virtio_defer().
 */
#ifndef TALLY_VIRTIO_H
#define TALLY_VIRTIO_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "device.h"
#include "virtqueue.h"

#define VIRTIO_MMIO_SIZE	0x200	/* bytes of guest address space */
#define VIRTIO_MAX_QUEUES	2

struct virtio_device;

/* All are called with the lock of the device held. */
struct virtio_ops {
	const char	*name;		/* of the kind, for messages */
	uint32_t	id;		/* virtio 1.2 section 5 */
	unsigned int	n_queues;
	/* Serve @queue, which is live: any thread. */
	void (*notify)(struct virtio_device *device, unsigned int queue);
	/* Serve what virtio_defer() asked for, on the loop's thread; may be NULL. */
	void (*deferred)(struct virtio_device *device);
	/* The driver accepted @features (FEATURES_OK); may be NULL. */
	void (*negotiated)(struct virtio_device *device, uint64_t features);
	/*
	 * The device is not live any more: come to rest. When it returns, guest
	 * memory is not touched and no chain is in flight. May let go of the lock
	 * to wait. May be NULL.
	 */
	void (*quiesce)(struct virtio_device *device);
	/* The driver wrote the configuration space; may be NULL: it is read-only. */
	void (*config_write)(struct virtio_device *device, unsigned int offset,
			     unsigned int len, uint64_t value);
};

struct virtio_device {
	const struct virtio_ops	*ops;
	struct device_env	env;
	pthread_mutex_t		lock;
	struct event_source	work;		/* eventfd of virtio_defer(), fd -1 without */
	uint64_t		features;	/* offered */
	const void		*config;	/* configuration space, the device's */
	unsigned int		config_size;

	uint64_t		driver_features;
	uint32_t		device_features_sel;
	uint32_t		driver_features_sel;
	uint32_t		queue_sel;
	uint32_t		status;
	uint32_t		interrupt_status;
	uint32_t		interrupt_seen;	/* of these, what the driver has read */
	bool			ack_kept_back;	/* KVM was asked to keep back InterruptACK */
	unsigned int		resting;	/* how many wait for it to come to rest */
	unsigned int		faults;		/* told so far */
	struct virtqueue	queues[VIRTIO_MAX_QUEUES];
};

/*
 * Put a device on the bus. @features are its own; those of the transport are
 * added. @config is borrowed. On error nothing is left behind.
 */
int virtio_init(struct virtio_device *device, const struct virtio_ops *ops,
		const struct device_env *env, uint64_t features, const void *config,
		unsigned int config_size, struct error *err);
/* On the loop's thread, when no vCPU runs: resets the device and lets go of its resources. */
void virtio_fini(struct virtio_device *device);

/* With the lock held, all of these. */

/* The driver is ready and the device is not broken: queues may be touched. */
bool virtio_live(const struct virtio_device *device);
/* Live, and this queue is enabled. */
bool virtio_queue_live(const struct virtio_device *device, unsigned int queue);
/*
 * virtqueue_pop() for a live queue. A broken one makes the device need a reset;
 * that then looks like an empty queue.
 */
bool virtio_pop(struct virtio_device *device, unsigned int queue, struct virtqueue_chain *chain,
		struct iovec *iov);
/* Publish what was pushed and interrupt the driver if it wants that. */
void virtio_publish(struct virtio_device *device, unsigned int queue);
/* The driver broke the rules: DEVICE_NEEDS_RESET (2.1.1), with one warning that says how. */
void virtio_fail(struct virtio_device *device, unsigned int queue, const char *what);
/* Have ops->deferred() called on the loop's thread. */
void virtio_defer(struct virtio_device *device);

/* Come to rest: not live meanwhile, so that nothing new starts; see ops->quiesce(). */
void virtio_rest(struct virtio_device *device);
/* Come to rest and forget all that the driver has set up. */
void virtio_reset(struct virtio_device *device);

extern const struct bus_ops virtio_mmio_ops;

/* The node in the device tree (bindings/virtio/mmio.yaml). */
int virtio_fdt(void *fdt, const struct device_slot *slot);

#endif

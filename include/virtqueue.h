/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The device's side of a split virtqueue (virtio 1.2 section 2.7). Everything in
 * the ring and in the descriptors is written by the guest and may change at any
 * time: it is copied, then checked, and only the copy is used. What does not
 * hold up is an error with a text; it is never more than the device's problem.
 *
 * Nothing here takes a lock: the device that owns the queue does.
 */
#ifndef TALLY_VIRTQUEUE_H
#define TALLY_VIRTQUEUE_H

#include <linux/virtio_ring.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include "memory.h"

#define VIRTQUEUE_MAX_SIZE	256		/* entries; also the most segments of a chain */

struct virtqueue {
	/* Where the driver says that it is; kept as written until it is enabled. */
	uint32_t			size;	/* entries */
	uint64_t			desc_gpa;
	uint64_t			avail_gpa;
	uint64_t			used_gpa;

	bool				enabled;
	bool				event_idx;	/* VIRTIO_F_RING_EVENT_IDX is negotiated */
	bool				indirect;	/* VIRTIO_F_INDIRECT_DESC is negotiated */
	const struct guest_memory	*memory;
	const struct vring_desc		*desc;
	struct vring_avail		*avail;
	struct vring_used		*used;
	uint16_t			next_avail;	/* the ring's counters: free running */
	uint16_t			next_used;
	uint16_t			published;	/* used index, as last told */
	uint16_t			in_flight;	/* chains taken and not given back */
	const char			*fault;		/* what was wrong, a constant text */
};

/*
 * One chain of descriptors as host memory: first @n_out segments that the device
 * reads, then @n_in that it writes, in the array handed to virtqueue_pop().
 */
struct virtqueue_chain {
	uint16_t	head;
	unsigned int	n_out;
	unsigned int	n_in;
	uint64_t	out_len;	/* bytes */
	uint64_t	in_len;
};

/*
 * Check sizes, alignment and addresses and start with both indices at 0. Returns
 * -EINVAL with queue->fault when the driver's values make no queue.
 */
int virtqueue_enable(struct virtqueue *queue, const struct guest_memory *memory,
		     bool event_idx, bool indirect);
/* Back to nothing, as after a reset. */
void virtqueue_clear(struct virtqueue *queue);

/*
 * Take the next chain: 1, or 0 when there is none, or -EINVAL with queue->fault
 * when the ring or the chain is broken; the queue must then be left alone until
 * the device is reset. @iov has room for VIRTQUEUE_MAX_SIZE segments.
 */
int virtqueue_pop(struct virtqueue *queue, struct virtqueue_chain *chain, struct iovec *iov);

/* Give a chain back, @len bytes of it written. Seen by the driver after publishing. */
void virtqueue_push(struct virtqueue *queue, uint16_t head, uint32_t len);

/* Show what was pushed; true when the driver wants an interrupt for it. */
bool virtqueue_publish(struct virtqueue *queue);

/*
 * Tell the driver whether to ring when it adds chains. Switching on returns true
 * when some were added before it took effect: pop again.
 */
void virtqueue_notify_off(struct virtqueue *queue);
bool virtqueue_notify_on(struct virtqueue *queue);

/*
 * Copy up to @len bytes between a buffer and the bytes from @offset on of an
 * array of segments; returns how many there were.
 */
size_t iov_read(const struct iovec *iov, unsigned int n, uint64_t offset, void *buffer,
		size_t len);
size_t iov_write(const struct iovec *iov, unsigned int n, uint64_t offset, const void *buffer,
		 size_t len);
/* Drop the first @len bytes of the segments; returns how many segments are left in *@iov. */
unsigned int iov_skip(struct iovec **iov, unsigned int n, uint64_t len);

#endif

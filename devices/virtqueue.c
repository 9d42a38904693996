// SPDX-License-Identifier: GPL-2.0-only
/*
 * The split virtqueue, virtio 1.2 section 2.7.
 *
 * Ordering against the driver (2.7.13): an index of the ring is loaded with
 * acquire before what it guards, and stored with release after it. Where each
 * side stores its own word and then loads the other's (used index and used_event,
 * avail_event and avail index), both are sequentially consistent: a later load
 * is then never done before the store, on arm64 by stlr and ldar, so that not
 * both sides can miss each other.
 */
#include <errno.h>
#include <string.h>

#include "virtqueue.h"

#define CHAIN_MAX_BYTES	(1ull << 32)	/* 2.7.4: no chain is longer */

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the rings are little-endian");

static int fault(struct virtqueue *queue, const char *what)
{
	queue->fault = what;
	return -EINVAL;
}

int virtqueue_enable(struct virtqueue *queue, const struct guest_memory *memory,
		     bool event_idx, bool indirect)
{
	uint64_t size = queue->size;

	if (!size || size > VIRTQUEUE_MAX_SIZE || (size & (size - 1)))
		return fault(queue, "queue size is 0, no power of two or too large");
	/* 2.7: alignment; used_event and avail_event follow the rings. */
	if (queue->desc_gpa % 16 || queue->avail_gpa % 2 || queue->used_gpa % 4)
		return fault(queue, "misaligned queue address");
	queue->desc = guest_memory_at(memory, queue->desc_gpa, size * sizeof(*queue->desc));
	queue->avail = guest_memory_at(memory, queue->avail_gpa,
				       sizeof(*queue->avail) + (size + 1) * sizeof(uint16_t));
	queue->used = guest_memory_at(memory, queue->used_gpa,
				      sizeof(*queue->used) +
				      size * sizeof(struct vring_used_elem) + sizeof(uint16_t));
	if (!queue->desc || !queue->avail || !queue->used)
		return fault(queue, "queue outside of the RAM");
	queue->memory = memory;
	queue->event_idx = event_idx;
	queue->indirect = indirect;
	queue->next_avail = 0;
	queue->next_used = 0;
	queue->published = 0;
	queue->in_flight = 0;
	queue->fault = NULL;
	queue->enabled = true;
	return 0;
}

void virtqueue_clear(struct virtqueue *queue)
{
	*queue = (struct virtqueue) { 0 };
}

static uint16_t *used_event(const struct virtqueue *queue)
{
	return &queue->avail->ring[queue->size];
}

static uint16_t *avail_event(const struct virtqueue *queue)
{
	return (uint16_t *)&queue->used->ring[queue->size];
}

/* The guest may be writing it: one copy, which the compiler must not fetch again. */
static struct vring_desc desc_copy(const void *from)
{
	struct vring_desc desc;

	memcpy(&desc, from, sizeof(desc));
	__asm__ volatile("" : "+m"(desc));
	return desc;
}

static int chain_add(struct virtqueue *queue, struct virtqueue_chain *chain, struct iovec *iov,
		     const struct vring_desc *desc)
{
	unsigned int n = chain->n_out + chain->n_in;
	bool in = desc->flags & VRING_DESC_F_WRITE;
	void *host;

	if (n == VIRTQUEUE_MAX_SIZE)
		return fault(queue, "chain of too many descriptors");
	/* The specification doesn't say what it would mean, and no driver does it. */
	if (!desc->len)
		return fault(queue, "descriptor of no length");
	if (!in && chain->n_in)
		return fault(queue, "readable descriptor after a writable one");
	if (chain->out_len + chain->in_len + desc->len > CHAIN_MAX_BYTES)
		return fault(queue, "chain of more than 4 GiB");
	host = guest_memory_at(queue->memory, desc->addr, desc->len);
	if (!host)
		return fault(queue, "descriptor outside of the RAM");
	iov[n] = (struct iovec) { host, desc->len };
	if (in) {
		chain->n_in++;
		chain->in_len += desc->len;
	} else {
		chain->n_out++;
		chain->out_len += desc->len;
	}
	return 0;
}

static int chain_walk_indirect(struct virtqueue *queue, struct virtqueue_chain *chain,
			       struct iovec *iov, const struct vring_desc *table_desc)
{
	uint32_t entries = table_desc->len / sizeof(struct vring_desc);
	const char *table;		/* of any alignment */
	uint32_t next = 0;

	if (!queue->indirect)
		return fault(queue, "indirect descriptor without the feature");
	if (table_desc->flags & VRING_DESC_F_NEXT)
		return fault(queue, "indirect descriptor that is not the last");
	if (!entries || table_desc->len % sizeof(struct vring_desc))
		return fault(queue, "indirect table of a bad length");
	table = guest_memory_at(queue->memory, table_desc->addr, table_desc->len);
	if (!table)
		return fault(queue, "indirect table outside of the RAM");
	/* Each turn adds a segment, of which there is a limit: a loop ends there. */
	for (;;) {
		struct vring_desc desc;
		int ret;

		if (next >= entries)
			return fault(queue, "next descriptor outside of the indirect table");
		desc = desc_copy(table + next * sizeof(desc));
		if (desc.flags & VRING_DESC_F_INDIRECT)
			return fault(queue, "indirect descriptor in an indirect table");
		ret = chain_add(queue, chain, iov, &desc);
		if (ret < 0)
			return ret;
		if (!(desc.flags & VRING_DESC_F_NEXT))
			return 0;
		next = desc.next;
	}
}

static int chain_walk(struct virtqueue *queue, struct virtqueue_chain *chain, struct iovec *iov)
{
	uint32_t next = chain->head;

	for (uint32_t seen = 0; seen < queue->size; seen++) {
		struct vring_desc desc;
		int ret;

		if (next >= queue->size)
			return fault(queue, "next descriptor outside of the table");
		desc = desc_copy(&queue->desc[next]);
		if (desc.flags & VRING_DESC_F_INDIRECT)
			return chain_walk_indirect(queue, chain, iov, &desc);
		ret = chain_add(queue, chain, iov, &desc);
		if (ret < 0)
			return ret;
		if (!(desc.flags & VRING_DESC_F_NEXT))
			return 0;
		next = desc.next;
	}
	return fault(queue, "chain that loops");
}

int virtqueue_pop(struct virtqueue *queue, struct virtqueue_chain *chain, struct iovec *iov)
{
	uint16_t index = __atomic_load_n(&queue->avail->idx, __ATOMIC_ACQUIRE);
	uint16_t head;
	int ret;

	if (index == queue->next_avail)
		return 0;
	if ((uint16_t)(index - queue->next_avail) > queue->size)
		return fault(queue, "avail index that jumps over the ring");
	/* Each chain has at least one descriptor of its own until it is given back. */
	if (queue->in_flight == queue->size)
		return fault(queue, "more chains in flight than the ring holds");
	head = __atomic_load_n(&queue->avail->ring[queue->next_avail & (queue->size - 1)],
			       __ATOMIC_RELAXED);
	if (head >= queue->size)
		return fault(queue, "head outside of the descriptor table");
	*chain = (struct virtqueue_chain) { .head = head };
	ret = chain_walk(queue, chain, iov);
	if (ret < 0)
		return ret;
	queue->next_avail++;
	queue->in_flight++;
	return 1;
}

void virtqueue_push(struct virtqueue *queue, uint16_t head, uint32_t len)
{
	struct vring_used_elem *elem = &queue->used->ring[queue->next_used & (queue->size - 1)];

	elem->id = head;
	elem->len = len;
	queue->next_used++;
	queue->in_flight--;
}

bool virtqueue_publish(struct virtqueue *queue)
{
	uint16_t old = queue->published;

	if (old == queue->next_used)
		return false;
	__atomic_store_n(&queue->used->idx, queue->next_used, __ATOMIC_SEQ_CST);
	queue->published = queue->next_used;
	if (!queue->event_idx)
		return !(__atomic_load_n(&queue->avail->flags, __ATOMIC_SEQ_CST) &
			 VRING_AVAIL_F_NO_INTERRUPT);
	return vring_need_event(__atomic_load_n(used_event(queue), __ATOMIC_SEQ_CST),
				queue->next_used, old);
}

void virtqueue_notify_off(struct virtqueue *queue)
{
	/* With event indices, one that is left behind is off already. */
	if (!queue->event_idx)
		__atomic_store_n(&queue->used->flags, VRING_USED_F_NO_NOTIFY, __ATOMIC_RELAXED);
}

bool virtqueue_notify_on(struct virtqueue *queue)
{
	if (queue->event_idx)
		__atomic_store_n(avail_event(queue), queue->next_avail, __ATOMIC_SEQ_CST);
	else
		__atomic_store_n(&queue->used->flags, 0, __ATOMIC_SEQ_CST);
	return __atomic_load_n(&queue->avail->idx, __ATOMIC_SEQ_CST) != queue->next_avail;
}

/* Copy one way or the other: the segments are written when @write is set. */
static size_t iov_copy(const struct iovec *iov, unsigned int n, uint64_t offset, char *buffer,
		       size_t len, bool write)
{
	size_t done = 0;

	for (unsigned int i = 0; i < n && done < len; i++) {
		size_t part;

		if (offset >= iov[i].iov_len) {
			offset -= iov[i].iov_len;
			continue;
		}
		part = iov[i].iov_len - offset;
		if (part > len - done)
			part = len - done;
		if (write)
			memcpy((char *)iov[i].iov_base + offset, buffer + done, part);
		else
			memcpy(buffer + done, (char *)iov[i].iov_base + offset, part);
		done += part;
		offset = 0;
	}
	return done;
}

size_t iov_read(const struct iovec *iov, unsigned int n, uint64_t offset, void *buffer,
		size_t len)
{
	return iov_copy(iov, n, offset, buffer, len, false);
}

size_t iov_write(const struct iovec *iov, unsigned int n, uint64_t offset, const void *buffer,
		 size_t len)
{
	return iov_copy(iov, n, offset, (char *)buffer, len, true);
}

unsigned int iov_skip(struct iovec **iov, unsigned int n, uint64_t len)
{
	while (n && len >= (*iov)->iov_len) {
		len -= (*iov)->iov_len;
		(*iov)++;
		n--;
	}
	if (n && len) {
		(*iov)->iov_base = (char *)(*iov)->iov_base + len;
		(*iov)->iov_len -= len;
	}
	return n;
}

// SPDX-License-Identifier: GPL-2.0-only
#include <string.h>

#include "dt.h"
#include "gic.h"
#include "mmio.h"
#include "mmu.h"
#include "sysreg.h"
#include "timer.h"
#include "trap.h"
#include "virtio.h"

static struct virtq queues[VIRTIO_DEVICES][VIRTIO_QUEUES];
static struct virtio_device *known[VIRTIO_DEVICES];
static u32 nr_known;

static void on_interrupt(u32 intid)
{
	for (u32 i = 0; i < nr_known; i++) {
		struct virtio_device *d = known[i];
		u32 status;

		if (d->irq != intid)
			continue;
		status = virtio_read(d, VIRTIO_INTERRUPT_STATUS);
		virtio_write(d, VIRTIO_INTERRUPT_ACK, status);
		d->interrupts += status & 1;
		d->config_changes += status >> 1 & 1;
	}
}

u32 virtio_probe(struct virtio_device *devices, u32 max)
{
	int node = -1;
	u32 n = 0;

	while (n < max && n < VIRTIO_DEVICES &&
	       (node = dt_find_next(node, "virtio,mmio")) >= 0) {
		struct virtio_device *d = &devices[n];
		u32 flags = 0;

		memset(d, 0, sizeof(*d));
		if (!dt_reg(node, 0, &d->base, NULL))
			continue;
		mmu_map_device(d->base);
		d->id = virtio_read(d, VIRTIO_DEVICE_ID);
		if (!d->id)
			continue;
		d->number = n;
		d->irq = dt_irq(node, 0, &flags);
		for (u32 i = 0; i < VIRTIO_QUEUES; i++)
			d->vq[i] = &queues[n][i];
		known[n++] = d;
		nr_known = n;
		irq_set_handler(d->irq, on_interrupt);
		gic_set_edge(d->irq, flags & DT_IRQ_EDGE);
		gic_enable(d->irq);
	}
	return n;
}

u32 virtio_read(struct virtio_device *d, u32 reg)
{
	return read32(d->base + reg);
}

void virtio_write(struct virtio_device *d, u32 reg, u32 v)
{
	write32(v, d->base + reg);
}

void virtio_reset(struct virtio_device *d)
{
	virtio_write(d, VIRTIO_STATUS, 0);
	while (virtio_read(d, VIRTIO_STATUS))
		cpu_relax();
}

bool virtio_start(struct virtio_device *d, u64 wanted)
{
	u32 status = STATUS_ACKNOWLEDGE | STATUS_DRIVER;

	virtio_reset(d);
	virtio_write(d, VIRTIO_STATUS, STATUS_ACKNOWLEDGE);
	virtio_write(d, VIRTIO_STATUS, status);
	d->offered = 0;
	for (u32 i = 0; i < 2; i++) {
		virtio_write(d, VIRTIO_DEVICE_FEATURES_SEL, i);
		d->offered |= (u64)virtio_read(d, VIRTIO_DEVICE_FEATURES) << 32 * i;
	}
	d->features = d->offered & (wanted | VIRTIO_F_VERSION_1);
	for (u32 i = 0; i < 2; i++) {
		virtio_write(d, VIRTIO_DRIVER_FEATURES_SEL, i);
		virtio_write(d, VIRTIO_DRIVER_FEATURES, d->features >> 32 * i);
	}
	virtio_write(d, VIRTIO_STATUS, status | STATUS_FEATURES_OK);
	d->interrupts = 0;
	d->config_changes = 0;
	return virtio_read(d, VIRTIO_STATUS) & STATUS_FEATURES_OK;
}

static void write_address(struct virtio_device *d, u32 reg, const void *p)
{
	virtio_write(d, reg, (u64)p);
	virtio_write(d, reg + 4, (u64)p >> 32);
}

bool virtq_setup(struct virtio_device *d, u32 index, u32 num)
{
	struct virtq *q = d->vq[index];
	u32 max;

	virtio_write(d, VIRTIO_QUEUE_SEL, index);
	max = virtio_read(d, VIRTIO_QUEUE_NUM_MAX);
	if (!max)
		return false;
	if (num > VIRTQ_MAX)
		num = VIRTQ_MAX;
	memset(q, 0, sizeof(*q));
	q->index = index;
	q->num = num < max ? num : max;
	virtio_write(d, VIRTIO_QUEUE_NUM, q->num);
	write_address(d, VIRTIO_QUEUE_DESC, q->desc);
	write_address(d, VIRTIO_QUEUE_DRIVER, &q->avail);
	write_address(d, VIRTIO_QUEUE_DEVICE, &q->used);
	dsb(sy);
	virtio_write(d, VIRTIO_QUEUE_READY, 1);
	return virtio_read(d, VIRTIO_QUEUE_READY) & 1;
}

void virtio_driver_ok(struct virtio_device *d)
{
	virtio_write(d, VIRTIO_STATUS, virtio_read(d, VIRTIO_STATUS) | STATUS_DRIVER_OK);
}

static int find_free(struct virtq *q, u64 taken)
{
	for (u32 i = 0; i < q->num; i++) {
		if (!((q->busy | taken) & BIT(i)))
			return i;
	}
	return -1;
}

/* Writes the chain's entries at the indices given. */
static void fill(struct virtq_desc *desc, const u8 *at, const struct virtio_buffer *b, u32 n)
{
	for (u32 i = 0; i < n; i++) {
		struct virtq_desc *e = &desc[at[i]];

		e->addr = (u64)b[i].data;
		e->len = b[i].len;
		e->flags = (b[i].write ? VIRTQ_DESC_F_WRITE : 0) |
			   (i + 1 < n ? VIRTQ_DESC_F_NEXT : 0);
		e->next = i + 1 < n ? at[i + 1] : 0;
	}
}

int virtq_add(struct virtio_device *d, u32 queue, const struct virtio_buffer *b, u32 n)
{
	static const u8 in_order[VIRTQ_CHAIN] = { 0, 1, 2, 3, 4, 5, 6, 7 };
	struct virtq *q = d->vq[queue];
	u8 at[VIRTQ_CHAIN];
	u64 taken = 0;
	int head;

	if (!n || n > VIRTQ_CHAIN)
		return -1;
	if (d->features & VIRTIO_F_INDIRECT_DESC) {
		head = find_free(q, 0);
		if (head < 0)
			return -1;
		fill(q->table[head], in_order, b, n);
		q->desc[head] = (struct virtq_desc) {
			.addr = (u64)q->table[head],
			.len = n * sizeof(struct virtq_desc),
			.flags = VIRTQ_DESC_F_INDIRECT,
		};
		taken = BIT(head);
	} else {
		for (u32 i = 0; i < n; i++) {
			int free = find_free(q, taken);

			if (free < 0)
				return -1;
			at[i] = free;
			taken |= BIT(free);
		}
		fill(q->desc, at, b, n);
		head = at[0];
	}
	q->busy |= taken;
	q->avail.ring[q->avail.idx % q->num] = head;
	dmb(ish);
	WRITE_ONCE(q->avail.idx, q->avail.idx + 1);
	return head;
}

/* virtio 1.2 sections 2.7.10 and 2.7.13.4.1. */
void virtq_kick(struct virtio_device *d, u32 queue)
{
	struct virtq *q = d->vq[queue];
	u16 now = q->avail.idx, before = q->kicked;

	dsb(sy);
	q->kicked = now;
	if (d->features & VIRTIO_F_EVENT_IDX) {
		u16 event = READ_ONCE(*(u16 *)&q->used.ring[q->num]);

		if ((u16)(now - event - 1) >= (u16)(now - before))
			return;
	} else if (READ_ONCE(q->used.flags) & VIRTQ_USED_F_NO_NOTIFY) {
		return;
	}
	virtio_write(d, VIRTIO_QUEUE_NOTIFY, queue);
}

int virtq_take(struct virtio_device *d, u32 queue, u32 *len)
{
	struct virtq *q = d->vq[queue];
	u32 id, at;

	if (READ_ONCE(q->used.idx) == q->last_used)
		return -1;
	dmb(ish);
	id = q->used.ring[q->last_used % q->num].id;
	if (len)
		*len = q->used.ring[q->last_used % q->num].len;
	q->last_used++;
	if (d->features & VIRTIO_F_EVENT_IDX) {
		q->avail.ring[q->num] = q->last_used;	/* used_event */
		dmb(ish);
	}
	if (id >= q->num || !(q->busy & BIT(id)))
		return VIRTQ_MAX;	/* never ours */
	for (at = id;; at = q->desc[at].next) {
		q->busy &= ~BIT(at);
		if (!(q->desc[at].flags & VIRTQ_DESC_F_NEXT))
			break;
	}
	return id;
}

int virtq_wait(struct virtio_device *d, u32 queue, u32 *len, u32 ms)
{
	u64 end = ticks() + ms * ticks_per_ms();
	int id;

	irq_on();
	while ((id = virtq_take(d, queue, len)) < 0 && ticks() < end)
		cpu_relax();
	irq_off();
	return id;
}

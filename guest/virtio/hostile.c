// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a driver gone bad may do to a device. Each attack starts from a working
 * device; the device may ignore it, fail the request or ask for a reset, but
 * afterwards a reset must bring it back, and the VMM must live.
 */
#include <string.h>

#include "virtio-guest.h"

#define OUTSIDE		0x0000600000000000ULL	/* no RAM there */

static u8 page[4096] __attribute__((aligned(4096)));

/* Puts one descriptor into the ring without any of the library's care. */
static void post(struct virtio_device *d, u32 queue, u64 addr, u32 len, u16 flags, u16 next)
{
	struct virtq *q = d->vq[queue];

	q->desc[0] = (struct virtq_desc) { addr, len, flags, next };
	q->avail.ring[q->avail.idx % q->num] = 0;
	dsb(sy);
	WRITE_ONCE(q->avail.idx, q->avail.idx + 1);
	dsb(sy);
	virtio_write(d, VIRTIO_QUEUE_NOTIFY, queue);
}

/* The queue that carries requests: a console's first is for input. */
static u32 busy_queue(struct virtio_device *d)
{
	return d->id == VIRTIO_ID_CONSOLE ? 1 : 0;
}

/* For rng and input queues a buffer must be writable to be looked at. */
static u16 direction(struct virtio_device *d)
{
	return d->id == VIRTIO_ID_ENTROPY ? VIRTQ_DESC_F_WRITE : 0;
}

static void loop_to_self(struct virtio_device *d, u32 q)
{
	post(d, q, (u64)page, 16, VIRTQ_DESC_F_NEXT | direction(d), 0);
}

static void loop_of_two(struct virtio_device *d, u32 q)
{
	d->vq[q]->desc[1] = (struct virtq_desc) { (u64)page, 16,
		VIRTQ_DESC_F_NEXT | direction(d), 0 };
	post(d, q, (u64)page, 16, VIRTQ_DESC_F_NEXT | direction(d), 1);
}

static void next_too_big(struct virtio_device *d, u32 q)
{
	post(d, q, (u64)page, 16, VIRTQ_DESC_F_NEXT | direction(d), 0xffff);
}

static void head_too_big(struct virtio_device *d, u32 q)
{
	struct virtq *v = d->vq[q];

	v->avail.ring[v->avail.idx % v->num] = v->num;
	v->avail.ring[(v->avail.idx + 1) % v->num] = 0xffff;
	WRITE_ONCE(v->avail.idx, v->avail.idx + 2);
	dsb(sy);
	virtio_write(d, VIRTIO_QUEUE_NOTIFY, q);
}

static void index_jump(struct virtio_device *d, u32 q)
{
	WRITE_ONCE(d->vq[q]->avail.idx, d->vq[q]->avail.idx + d->vq[q]->num + 1);
	dsb(sy);
	virtio_write(d, VIRTIO_QUEUE_NOTIFY, q);
}

static void index_back(struct virtio_device *d, u32 q)
{
	WRITE_ONCE(d->vq[q]->avail.idx, d->vq[q]->avail.idx - 1);
	dsb(sy);
	virtio_write(d, VIRTIO_QUEUE_NOTIFY, q);
}

static void address_outside(struct virtio_device *d, u32 q)
{
	post(d, q, OUTSIDE, 512, direction(d), 0);
}

static void address_of_device(struct virtio_device *d, u32 q)
{
	post(d, q, d->base, 512, direction(d), 0);
}

static void address_wraps(struct virtio_device *d, u32 q)
{
	post(d, q, ~0ULL - 15, 4096, direction(d), 0);
}

static void address_beyond_end(struct virtio_device *d, u32 q)
{
	u64 base = (u64)page, size = 0;

	dt_memory(0, &base, &size);
	post(d, q, base + size - 8, 4096, direction(d), 0);
}

static void huge_length(struct virtio_device *d, u32 q)
{
	post(d, q, (u64)page, 0xffffffff, direction(d), 0);
}

static void zero_length(struct virtio_device *d, u32 q)
{
	post(d, q, (u64)page, 0, direction(d), 0);
}

static void wrong_direction(struct virtio_device *d, u32 q)
{
	post(d, q, (u64)page, 64, direction(d) ^ VIRTQ_DESC_F_WRITE, 0);
}

static void write_before_read(struct virtio_device *d, u32 q)
{
	d->vq[q]->desc[1] = (struct virtq_desc) { (u64)page, 16, 0, 0 };
	post(d, q, (u64)page + 64, 16, VIRTQ_DESC_F_NEXT | VIRTQ_DESC_F_WRITE, 1);
}

static void all_flags(struct virtio_device *d, u32 q)
{
	post(d, q, (u64)page, 64, 0xffff, 1);
}

/* The longest chain: more data than any request of it can mean. */
static void longest_chain(struct virtio_device *d, u32 q)
{
	struct virtq *v = d->vq[q];

	for (u32 i = 1; i < v->num; i++)
		v->desc[i] = (struct virtq_desc) { (u64)page, 4096,
			(i + 1 < v->num ? VIRTQ_DESC_F_NEXT : 0) | direction(d), i + 1 };
	post(d, q, (u64)page, 4096, VIRTQ_DESC_F_NEXT | direction(d), 1);
}

static void indirect(struct virtio_device *d, u32 q, u32 len, u16 flags)
{
	struct virtq_desc *table = (struct virtq_desc *)page;

	memset(page, 0, sizeof(page));
	table[0] = (struct virtq_desc) { (u64)page + 2048, 16, direction(d) | flags, 0 };
	post(d, q, (u64)table, len, VIRTQ_DESC_F_INDIRECT, 0);
}

static void indirect_empty(struct virtio_device *d, u32 q)
{
	indirect(d, q, 0, 0);
}

static void indirect_odd(struct virtio_device *d, u32 q)
{
	indirect(d, q, 17, 0);
}

static void indirect_huge(struct virtio_device *d, u32 q)
{
	indirect(d, q, 0xfffffff0, VIRTQ_DESC_F_NEXT);
}

static void indirect_nested(struct virtio_device *d, u32 q)
{
	indirect(d, q, 16, VIRTQ_DESC_F_INDIRECT);
}

static void indirect_loop(struct virtio_device *d, u32 q)
{
	indirect(d, q, 16, VIRTQ_DESC_F_NEXT);
}

static void indirect_outside(struct virtio_device *d, u32 q)
{
	post(d, q, OUTSIDE, 64, VIRTQ_DESC_F_INDIRECT, 0);
}

static void indirect_and_next(struct virtio_device *d, u32 q)
{
	post(d, q, (u64)page, 16, VIRTQ_DESC_F_INDIRECT | VIRTQ_DESC_F_NEXT, 1);
}

/* Sets a ring's address while nothing else is wrong with the queue. */
static void ring_at(struct virtio_device *d, u32 q, u32 reg, u64 addr)
{
	virtio_write(d, VIRTIO_QUEUE_SEL, q);
	virtio_write(d, VIRTIO_QUEUE_READY, 0);
	virtio_write(d, reg, addr);
	virtio_write(d, reg + 4, addr >> 32);
	virtio_write(d, VIRTIO_QUEUE_READY, 1);
	post(d, q, (u64)page, 16, direction(d), 0);
}

static void desc_outside(struct virtio_device *d, u32 q)
{
	ring_at(d, q, VIRTIO_QUEUE_DESC, OUTSIDE);
}

static void desc_wraps(struct virtio_device *d, u32 q)
{
	ring_at(d, q, VIRTIO_QUEUE_DESC, ~0ULL - 255);
}

static void avail_outside(struct virtio_device *d, u32 q)
{
	ring_at(d, q, VIRTIO_QUEUE_DRIVER, OUTSIDE);
}

static void used_outside(struct virtio_device *d, u32 q)
{
	ring_at(d, q, VIRTIO_QUEUE_DEVICE, OUTSIDE);
}

static void used_misaligned(struct virtio_device *d, u32 q)
{
	ring_at(d, q, VIRTIO_QUEUE_DEVICE, (u64)&d->vq[q]->used + 1);
}

static void sizes(struct virtio_device *d, u32 q)
{
	static const u32 odd[] = { 0, 3, 65535, 65536, 0x80000000, 0xffffffff };

	virtio_write(d, VIRTIO_QUEUE_SEL, q);
	for (size_t i = 0; i < ARRAY_SIZE(odd); i++) {
		virtio_write(d, VIRTIO_QUEUE_READY, 0);
		virtio_write(d, VIRTIO_QUEUE_NUM, odd[i]);
		virtio_write(d, VIRTIO_QUEUE_READY, 1);
		post(d, q, (u64)page, 16, direction(d), 0);
	}
}

static void move_while_ready(struct virtio_device *d, u32 q)
{
	virtio_write(d, VIRTIO_QUEUE_SEL, q);
	virtio_write(d, VIRTIO_QUEUE_DESC, 0);
	virtio_write(d, VIRTIO_QUEUE_NUM, 1);
	post(d, q, (u64)page, 16, direction(d), 0);
}

static void other_queues(struct virtio_device *d, u32 q)
{
	static const u32 index[] = { 2, 7, 64, 1023, 65535, 0x80000000, 0xffffffff };

	for (size_t i = 0; i < ARRAY_SIZE(index); i++) {
		virtio_write(d, VIRTIO_QUEUE_SEL, index[i]);
		virtio_read(d, VIRTIO_QUEUE_NUM_MAX);
		virtio_read(d, VIRTIO_QUEUE_READY);
		virtio_write(d, VIRTIO_QUEUE_NUM, 8);
		virtio_write(d, VIRTIO_QUEUE_DESC, (u64)page);
		virtio_write(d, VIRTIO_QUEUE_READY, 1);
		virtio_write(d, VIRTIO_QUEUE_NOTIFY, index[i]);
	}
}

static void odd_status(struct virtio_device *d, u32 q)
{
	virtio_write(d, VIRTIO_STATUS, 0xff);
	virtio_write(d, VIRTIO_STATUS, STATUS_DRIVER_OK);
	virtio_write(d, VIRTIO_STATUS, 0xffffffff);
	virtio_write(d, VIRTIO_QUEUE_NOTIFY, q);
}

static void no_queue_ready(struct virtio_device *d, u32 q)
{
	virtio_start(d, 0);
	virtio_driver_ok(d);
	virtio_write(d, VIRTIO_QUEUE_NOTIFY, q);
}

static void notify_in_reset(struct virtio_device *d, u32 q)
{
	virtio_reset(d);
	virtio_write(d, VIRTIO_QUEUE_NOTIFY, q);
	virtio_write(d, VIRTIO_INTERRUPT_ACK, 0xffffffff);
}

static void reset_in_flight(struct virtio_device *d, u32 q)
{
	for (u32 i = 0; i < 8; i++)
		post(d, q, (u64)page, 64, direction(d), 0);
	virtio_write(d, VIRTIO_STATUS, 0);
}

/* Every offset in every size, also reserved and configuration space. */
static void all_registers(struct virtio_device *d, u32 q)
{
	trap_expect();
	for (u32 reg = 0; reg < 0x200; reg++) {
		read8(d->base + reg);
		if (!(reg & 1))
			read16(d->base + reg);
		if (!(reg & 3))
			read32(d->base + reg);
		if (!(reg & 7))
			read64(d->base + reg);
	}
	for (u32 reg = 0; reg < 0x200; reg++) {
		write8(0xa5, d->base + reg);
		if (!(reg & 1))
			write16(0xa5a5, d->base + reg);
		if (!(reg & 3))
			write32(0xa5a5a5a5, d->base + reg);
		if (!(reg & 7))
			write64(0xa5a5a5a5a5a5a5a5, d->base + reg);
	}
	dsb(sy);
	trap_seen(NULL);
}

static const struct {
	const char *name;
	void (*run)(struct virtio_device *d, u32 queue);
	u64 features;
} attacks[] = {
	{ "loop-to-self", loop_to_self },
	{ "loop-of-two", loop_of_two },
	{ "next-too-big", next_too_big },
	{ "head-too-big", head_too_big },
	{ "index-jump", index_jump },
	{ "index-back", index_back },
	{ "address-outside", address_outside },
	{ "address-of-device", address_of_device },
	{ "address-wraps", address_wraps },
	{ "address-beyond-end", address_beyond_end },
	{ "huge-length", huge_length },
	{ "zero-length", zero_length },
	{ "wrong-direction", wrong_direction },
	{ "write-before-read", write_before_read },
	{ "all-flags", all_flags },
	{ "all-flags-indirect", all_flags, VIRTIO_F_INDIRECT_DESC },
	{ "longest-chain", longest_chain },
	{ "indirect-not-negotiated", indirect_loop },
	{ "indirect-empty", indirect_empty, VIRTIO_F_INDIRECT_DESC },
	{ "indirect-odd", indirect_odd, VIRTIO_F_INDIRECT_DESC },
	{ "indirect-huge", indirect_huge, VIRTIO_F_INDIRECT_DESC },
	{ "indirect-nested", indirect_nested, VIRTIO_F_INDIRECT_DESC },
	{ "indirect-loop", indirect_loop, VIRTIO_F_INDIRECT_DESC },
	{ "indirect-outside", indirect_outside, VIRTIO_F_INDIRECT_DESC },
	{ "indirect-and-next", indirect_and_next, VIRTIO_F_INDIRECT_DESC },
	{ "desc-outside", desc_outside },
	{ "desc-wraps", desc_wraps },
	{ "avail-outside", avail_outside },
	{ "used-outside", used_outside },
	{ "used-misaligned", used_misaligned },
	{ "sizes", sizes },
	{ "move-while-ready", move_while_ready },
	{ "other-queues", other_queues },
	{ "odd-status", odd_status },
	{ "no-queue-ready", no_queue_ready },
	{ "notify-in-reset", notify_in_reset },
	{ "reset-in-flight", reset_in_flight },
	{ "all-registers", all_registers },
};

static const struct {
	u32 id;
	bool (*works)(struct virtio_device *d);
} working[] = {
	{ VIRTIO_ID_BLOCK, block_works },
	{ VIRTIO_ID_CONSOLE, console_works },
	{ VIRTIO_ID_ENTROPY, entropy_works },
};

void check_hostile(struct virtio_device *d)
{
	bool (*works)(struct virtio_device *d) = NULL;
	u32 queue = busy_queue(d), asked = 0;

	for (size_t i = 0; i < ARRAY_SIZE(working); i++) {
		if (working[i].id == d->id)
			works = working[i].works;
	}
	memset(page, 'x', sizeof(page));
	for (size_t i = 0; i < ARRAY_SIZE(attacks); i++) {
		u32 status;

		virtio_start(d, attacks[i].features);
		for (u32 q = 0; q <= queue; q++)
			virtq_setup(d, q, 16);
		virtio_driver_ok(d);
		attacks[i].run(d, queue);
		irq_on();
		delay_us(300);
		irq_off();
		status = virtio_read(d, VIRTIO_STATUS);
		asked += status & STATUS_NEEDS_RESET ? 1 : 0;
		check_true(device_check(d, "hostile-%s", attacks[i].name), works(d),
			   "dead after a reset (status 0x%x before)", status);
	}
	print("%u of %u attacks made it ask for a reset\n", asked, (u32)ARRAY_SIZE(attacks));

	/* A feature that isn't offered must be refused. */
	virtio_start(d, 0);
	virtio_reset(d);
	virtio_write(d, VIRTIO_STATUS, STATUS_ACKNOWLEDGE | STATUS_DRIVER);
	for (u32 i = 0; i < 2; i++) {
		virtio_write(d, VIRTIO_DRIVER_FEATURES_SEL, i);
		virtio_write(d, VIRTIO_DRIVER_FEATURES, 0xffffffff);
	}
	virtio_write(d, VIRTIO_STATUS,
		     STATUS_ACKNOWLEDGE | STATUS_DRIVER | STATUS_FEATURES_OK);
	check_hex(device_check(d, "hostile-features-refused"),
		  virtio_read(d, VIRTIO_STATUS) & STATUS_FEATURES_OK, 0);
	check_true(device_check(d, "hostile-end"), works(d), "dead");
}

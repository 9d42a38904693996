// SPDX-License-Identifier: GPL-2.0-only
#include <string.h>

#include "virtio-guest.h"

#define F_SEG_MAX	BIT(2)
#define F_RO		BIT(5)
#define F_FLUSH		BIT(9)
#define F_DISCARD	BIT(13)
#define F_WRITE_ZEROES	BIT(14)

#define T_IN		0
#define T_OUT		1
#define T_FLUSH		4
#define T_GET_ID	8
#define T_DISCARD	11
#define T_WRITE_ZEROES	13

#define S_OK		0
#define S_IOERR		1
#define S_UNSUPP	2
#define S_NONE		0xff	/* not answered */

#define SECTOR		512
#define FLIGHT		12	/* requests in flight at once */

struct request {
	struct {
		u32 type;
		u32 reserved;
		u64 sector;
	} header;
	u8 data[2 * SECTOR];
	u8 status;
	u8 done;
} __attribute__((aligned(64)));

static struct request requests[FLIGHT];
static u64 capacity;

static bool start(struct virtio_device *d, u64 features)
{
	if (!virtio_start(d, features | F_RO | F_FLUSH | F_DISCARD | F_WRITE_ZEROES) ||
	    !virtq_setup(d, 0, 64))
		return false;
	virtio_driver_ok(d);
	capacity = virtio_read(d, VIRTIO_CONFIG) |
		   (u64)virtio_read(d, VIRTIO_CONFIG + 4) << 32;
	return true;
}

/* Puts a request into the queue; its data is cut in two to try chains. */
static int submit(struct virtio_device *d, struct request *r, u32 type, u64 sector, u32 len)
{
	bool in = type == T_IN || type == T_GET_ID;
	u32 first = len > SECTOR ? len / 2 : len, n = 0;
	struct virtio_buffer b[4];

	r->header.type = type;
	r->header.reserved = 0;
	r->header.sector = sector;
	r->status = S_NONE;
	r->done = 0;
	b[n++] = (struct virtio_buffer) { &r->header, sizeof(r->header), false };
	if (first)
		b[n++] = (struct virtio_buffer) { r->data, first, in };
	if (len > first)
		b[n++] = (struct virtio_buffer) { r->data + first, len - first, in };
	b[n++] = (struct virtio_buffer) { &r->status, 1, true };
	return virtq_add(d, 0, b, n);
}

static u8 request(struct virtio_device *d, struct request *r, u32 type, u64 sector, u32 len)
{
	u32 used;

	if (submit(d, r, type, sector, len) < 0)
		return S_NONE;
	virtq_kick(d, 0);
	if (virtq_wait(d, 0, &used, 5000) < 0)
		return S_NONE;
	return r->status;
}

bool block_works(struct virtio_device *d)
{
	return start(d, 0) && request(d, &requests[0], T_IN, 0, SECTOR) == S_OK;
}

static void pattern(u8 *data, u32 len, u32 seed)
{
	for (u32 i = 0; i < len; i++)
		data[i] = seed * 31 + i * 7 + (i >> 8);
}

static bool is_pattern(const u8 *data, u32 len, u32 seed)
{
	for (u32 i = 0; i < len; i++) {
		if (data[i] != (u8)(seed * 31 + i * 7 + (i >> 8)))
			return false;
	}
	return true;
}

static bool is_zero(const u8 *data, u32 len)
{
	while (len && !data[len - 1])
		len--;
	return !len;
}

/* Many at once, answered in any order. */
static u32 in_flight(struct virtio_device *d, u32 type, u64 base)
{
	int heads[FLIGHT], id;
	u32 good = 0, len, at;

	for (u32 i = 0; i < FLIGHT; i++) {
		if (type == T_OUT)
			pattern(requests[i].data, 2 * SECTOR, i + base);
		else
			memset(requests[i].data, 0, 2 * SECTOR);
		heads[i] = submit(d, &requests[i], type, base + 2 * i, 2 * SECTOR);
	}
	virtq_kick(d, 0);
	for (u32 i = 0; i < FLIGHT; i++) {
		id = virtq_wait(d, 0, &len, 5000);
		for (at = 0; at < FLIGHT && heads[at] != id; at++)
			;
		if (id < 0 || at == FLIGHT || requests[at].done)
			continue;
		requests[at].done = 1;
		if (requests[at].status != S_OK)
			continue;
		good += type == T_OUT ? len == 1 :
			len == 2 * SECTOR + 1 &&
			is_pattern(requests[at].data, 2 * SECTOR, at + base);
	}
	return good;
}

/* The request data of T_DISCARD and T_WRITE_ZEROES, virtio 1.2 section 5.2.6. */
static u8 range_request(struct virtio_device *d, u32 type, u64 sector, u32 sectors, u32 flags)
{
	struct {
		u64 sector;
		u32 sectors;
		u32 flags;
	} range = { sector, sectors, flags };

	memcpy(requests[0].data, &range, sizeof(range));
	return request(d, &requests[0], type, 0, sizeof(range));
}

static void check_writable(struct virtio_device *d, const char *mode)
{
	struct request *r = &requests[0];
	u64 base = 8;

	check_eq(device_check(d, "%s-writes", mode), in_flight(d, T_OUT, base), FLIGHT);
	if (d->features & F_FLUSH)
		check_eq(device_check(d, "%s-flush", mode), request(d, r, T_FLUSH, 0, 0), S_OK);
	else
		check_skip(device_check(d, "%s-flush", mode), "not offered");
	check_eq(device_check(d, "%s-reads", mode), in_flight(d, T_IN, base), FLIGHT);

	pattern(r->data, SECTOR, 99);
	check_eq(device_check(d, "%s-last-sector", mode),
		 request(d, r, T_OUT, capacity - 1, SECTOR), S_OK);
	memset(r->data, 0, SECTOR);
	request(d, r, T_IN, capacity - 1, SECTOR);
	check_true(device_check(d, "%s-last-sector-data", mode), is_pattern(r->data, SECTOR, 99),
		   "not what was written");
	check_eq(device_check(d, "%s-write-beyond", mode),
		 request(d, r, T_OUT, capacity - 1, 2 * SECTOR), S_IOERR);

	if (d->features & F_WRITE_ZEROES) {
		check_eq(device_check(d, "%s-write-zeroes", mode),
			 range_request(d, T_WRITE_ZEROES, base, 4, 0), S_OK);
		memset(r->data, 1, 2 * SECTOR);
		request(d, r, T_IN, base, 2 * SECTOR);
		check_true(device_check(d, "%s-zeroes", mode), is_zero(r->data, 2 * SECTOR), "not 0");
		request(d, r, T_IN, base + 4, 2 * SECTOR);
		check_true(device_check(d, "%s-zeroes-end", mode),
			   is_pattern(r->data, 2 * SECTOR, 2 + base), "too much");
		check_eq(device_check(d, "%s-write-zeroes-beyond", mode),
			 range_request(d, T_WRITE_ZEROES, capacity, 1, 0), S_IOERR);
	} else {
		check_skip(device_check(d, "%s-write-zeroes", mode), "not offered");
	}
	if (d->features & F_DISCARD) {
		check_eq(device_check(d, "%s-discard", mode),
			 range_request(d, T_DISCARD, base + 16, 8, 0), S_OK);
		check_eq(device_check(d, "%s-discard-beyond", mode),
			 range_request(d, T_DISCARD, ~0ULL - 3, 8, 0), S_IOERR);
		request(d, r, T_IN, base + 4, 2 * SECTOR);
		check_true(device_check(d, "%s-discard-only-that", mode),
			   is_pattern(r->data, 2 * SECTOR, 2 + base), "other data gone");
	} else {
		check_skip(device_check(d, "%s-discard", mode), "not offered");
	}
}

void check_block(struct virtio_device *d, const struct ring_mode *mode)
{
	struct request *r = &requests[0];
	char disk[8] = "";
	bool ro;

	if (!start(d, mode->features)) {
		check_true(device_check(d, "%s", mode->name), false, "doesn't start");
		return;
	}
	ro = d->offered & F_RO;
	arg_str("disk", disk, sizeof(disk));
	if (!mode->features) {
		print("capacity %llu sectors, features 0x%llx\n", (unsigned long long)capacity,
		      (unsigned long long)d->offered);
		check_range(device_check(d, "capacity"), capacity, 1, 1ULL << 55);
		if (disk[0])
			check_eq(device_check(d, "read-only"), ro, !strcmp(disk, "ro"));
	}
	check_eq(device_check(d, "%s-read", mode->name), request(d, r, T_IN, 0, SECTOR), S_OK);
	check_eq(device_check(d, "%s-read-beyond", mode->name),
		 request(d, r, T_IN, capacity, SECTOR), S_IOERR);
	check_eq(device_check(d, "%s-read-far-beyond", mode->name),
		 request(d, r, T_IN, ~0ULL >> 9, SECTOR), S_IOERR);
	check_eq(device_check(d, "%s-unknown", mode->name), request(d, r, 0x77, 0, SECTOR),
		 S_UNSUPP);
	memset(r->data, 0, SECTOR);
	check_eq(device_check(d, "%s-get-id", mode->name), request(d, r, T_GET_ID, 0, 20), S_OK);
	if (ro) {
		check_eq(device_check(d, "%s-ro-write", mode->name),
			 request(d, r, T_OUT, 0, SECTOR), S_IOERR);
	} else if (!strcmp(disk, "rw") && capacity >= 64) {
		check_writable(d, mode->name);
	} else {
		check_skip(device_check(d, "%s-writes", mode->name), "only with disk=rw");
	}
	check_true(device_check(d, "%s-interrupt", mode->name), d->interrupts, "none");
}

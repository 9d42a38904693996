// SPDX-License-Identifier: GPL-2.0-only
#include <string.h>

#include "virtio-guest.h"

static u8 bytes[2][64];

static bool get(struct virtio_device *d, u8 *to, u32 size, u32 *len)
{
	struct virtio_buffer b = { to, size, true };

	if (virtq_add(d, 0, &b, 1) < 0)
		return false;
	virtq_kick(d, 0);
	return virtq_wait(d, 0, len, 2000) >= 0;
}

static bool start(struct virtio_device *d, u64 features)
{
	if (!virtio_start(d, features) || !virtq_setup(d, 0, 8))
		return false;
	virtio_driver_ok(d);
	return true;
}

bool entropy_works(struct virtio_device *d)
{
	u32 len;

	return start(d, 0) && get(d, bytes[0], 16, &len) && len >= 1 && len <= 16;
}

void check_entropy(struct virtio_device *d, const struct ring_mode *mode)
{
	u32 len[2] = { 0, 0 }, set = 0;

	if (!start(d, mode->features)) {
		check_true(device_check(d, "%s", mode->name), false, "doesn't start");
		return;
	}
	memset(bytes, 0, sizeof(bytes));
	for (u32 i = 0; i < 2; i++) {
		check_true(device_check(d, "%s-request%u", mode->name, i),
			   get(d, bytes[i], sizeof(bytes[i]), &len[i]), "no answer in 2 s");
		check_range(device_check(d, "%s-length%u", mode->name, i), len[i], 1,
			    sizeof(bytes[i]));
	}
	for (u32 i = 0; i < sizeof(bytes[0]); i++)
		set += bytes[0][i] != 0;
	check_true(device_check(d, "%s-random", mode->name),
		   set && memcmp(bytes[0], bytes[1], sizeof(bytes[0])), "zero or twice the same");
	check_true(device_check(d, "%s-interrupt", mode->name), d->interrupts, "none");
}

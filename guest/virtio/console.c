// SPDX-License-Identifier: GPL-2.0-only
#include <string.h>

#include "virtio-guest.h"

#define RECEIVE		0
#define TRANSMIT	1

static bool start(struct virtio_device *d, u64 features)
{
	if (!virtio_start(d, features) || !virtq_setup(d, RECEIVE, 16) ||
	    !virtq_setup(d, TRANSMIT, 16))
		return false;
	virtio_driver_ok(d);
	return true;
}

static bool send(struct virtio_device *d, const char *text)
{
	/* In two pieces: a chain may be cut anywhere. */
	struct virtio_buffer b[] = {
		{ text, 3, false },
		{ text + 3, strlen(text) - 3, false },
	};
	u32 len;

	if (virtq_add(d, TRANSMIT, b, 2) < 0)
		return false;
	virtq_kick(d, TRANSMIT);
	return virtq_wait(d, TRANSMIT, &len, 2000) >= 0;
}

bool console_works(struct virtio_device *d)
{
	return start(d, 0) && send(d, "...\n");
}

void check_console(struct virtio_device *d, const struct ring_mode *mode)
{
	static char line[64];
	u32 sent = 0;

	if (!start(d, mode->features)) {
		check_true(device_check(d, "%s", mode->name), false, "doesn't start");
		return;
	}
	for (u32 i = 0; i < 20; i++) {
		format(line, sizeof(line), "hvc: %s line %u\n", mode->name, i);
		sent += send(d, line);
	}
	check_eq(device_check(d, "%s-lines", mode->name), sent, 20);
	check_true(device_check(d, "%s-interrupt", mode->name), d->interrupts, "none");
}

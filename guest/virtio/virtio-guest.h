/* SPDX-License-Identifier: GPL-2.0-only */
/* What the parts of the virtio guest share. */
#ifndef GUEST_VIRTIO_GUEST_H
#define GUEST_VIRTIO_GUEST_H

#include "guest.h"
#include "virtio.h"

/* A set of ring features, so that each device is tried with and without. */
struct ring_mode {
	const char *name;
	u64 features;
};

/* The name of a check of device d: "block0-NAME". */
const char *device_check(struct virtio_device *d, const char *fmt, ...) __printf(2, 3);

void check_entropy(struct virtio_device *d, const struct ring_mode *mode);
void check_console(struct virtio_device *d, const struct ring_mode *mode);
void check_block(struct virtio_device *d, const struct ring_mode *mode);

/* From reset: does the device still do the smallest useful thing? */
bool entropy_works(struct virtio_device *d);
bool console_works(struct virtio_device *d);
bool block_works(struct virtio_device *d);

void check_hostile(struct virtio_device *d);

#endif

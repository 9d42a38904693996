// SPDX-License-Identifier: GPL-2.0-only
/*
 * virtio-mmio devices: entropy, console, block. Arguments:
 *   disk=rw|ro	what every block device must be (rw writes to it)
 *   need=block,entropy,..	devices that must be there
 *   hostile=1	abuse each device; it must survive a reset afterwards
 */
#include <string.h>

#include "virtio/virtio-guest.h"

static const struct {
	u32 id;
	const char *name;
	void (*check)(struct virtio_device *d, const struct ring_mode *mode);
} kinds[] = {
	{ VIRTIO_ID_BLOCK, "block", check_block },
	{ VIRTIO_ID_CONSOLE, "console", check_console },
	{ VIRTIO_ID_ENTROPY, "entropy", check_entropy },
	{ VIRTIO_ID_NET, "net", NULL },
	{ VIRTIO_ID_BALLOON, "balloon", NULL },
};

static const struct ring_mode modes[] = {
	{ "plain", 0 },
	{ "indirect", VIRTIO_F_INDIRECT_DESC },
	{ "event-idx", VIRTIO_F_EVENT_IDX },
	{ "both", VIRTIO_F_INDIRECT_DESC | VIRTIO_F_EVENT_IDX },
};

static const char *kind_name(u32 id)
{
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		if (kinds[i].id == id)
			return kinds[i].name;
	}
	return "device";
}

const char *device_check(struct virtio_device *d, const char *fmt, ...)
{
	char what[48];
	va_list ap;

	va_start(ap, fmt);
	vformat(what, sizeof(what), fmt, ap);
	va_end(ap);
	return check_name("%s%u-%s", kind_name(d->id), d->number, what);
}

static void check_transport(struct virtio_device *d)
{
	check_hex(device_check(d, "magic"), virtio_read(d, VIRTIO_MAGIC), VIRTIO_MAGIC_VALUE);
	check_eq(device_check(d, "version"), virtio_read(d, VIRTIO_VERSION), 2);
	check_true(device_check(d, "vendor"), virtio_read(d, VIRTIO_VENDOR_ID), "0");
	check_true(device_check(d, "spi"), d->irq >= 32, "INTID %u", d->irq);
	virtio_reset(d);
	check_hex(device_check(d, "reset-status"), virtio_read(d, VIRTIO_STATUS), 0);
	check_hex(device_check(d, "reset-interrupt"), virtio_read(d, VIRTIO_INTERRUPT_STATUS), 0);
	check_true(device_check(d, "features"), virtio_start(d, 0), "FEATURES_OK refused");
	check_true(device_check(d, "version-1"), d->offered & VIRTIO_F_VERSION_1, "not offered");
	virtio_write(d, VIRTIO_QUEUE_SEL, 1000);
	check_eq(device_check(d, "no-queue-1000"), virtio_read(d, VIRTIO_QUEUE_NUM_MAX), 0);
	virtio_write(d, VIRTIO_QUEUE_SEL, 0);
	check_range(device_check(d, "queue-size"), virtio_read(d, VIRTIO_QUEUE_NUM_MAX), 1, 32768);
	virtio_reset(d);
}

static bool listed(const char *list, const char *word)
{
	size_t n = strlen(word);

	for (const char *s = list; s && *s; s = strchr(s, ',')) {
		if (*s == ',')
			s++;
		if (!strncmp(s, word, n) && (s[n] == ',' || !s[n]))
			return true;
	}
	return false;
}

void guest_main(void)
{
	static struct virtio_device devices[VIRTIO_DEVICES];
	u32 n = virtio_probe(devices, VIRTIO_DEVICES);
	char need[64] = "";

	arg_str("need", need, sizeof(need));
	for (size_t k = 0; k < ARRAY_SIZE(kinds); k++) {
		bool found = false;

		for (u32 i = 0; i < n; i++)
			found |= devices[i].id == kinds[k].id;
		if (listed(need, kinds[k].name))
			check_true(check_name("%s-present", kinds[k].name), found, "not found");
	}
	if (!n)
		check_skip("virtio", "no devices");
	for (u32 i = 0; i < n; i++) {
		struct virtio_device *d = &devices[i];

		print("%s%u at 0x%llx, INTID %u\n", kind_name(d->id), i,
		      (unsigned long long)d->base, d->irq);
		if (virtio_read(d, VIRTIO_VERSION) == 1) {
			check_skip(device_check(d, "all"), "a legacy device");
			continue;
		}
		check_transport(d);
		for (size_t k = 0; k < ARRAY_SIZE(kinds); k++) {
			if (kinds[k].id != d->id || !kinds[k].check)
				continue;
			for (size_t m = 0; m < ARRAY_SIZE(modes); m++)
				kinds[k].check(d, &modes[m]);
			if (arg_u64("hostile", 0))
				check_hostile(d);
		}
		virtio_reset(d);
	}
	finish();
}

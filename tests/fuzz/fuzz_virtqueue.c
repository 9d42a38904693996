// SPDX-License-Identifier: GPL-2.0-only
/*
 * A guest that does anything: the input is a list of steps (register accesses,
 * bytes and descriptors in RAM, turns of the loop) against the block and the
 * entropy device. After all of it a reset must bring the device back to work;
 * the devices live on from one input to the next.
 */
#include <fcntl.h>
#include <linux/virtio_config.h>
#include <linux/virtio_mmio.h>
#include <linux/virtio_ring.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "log.h"
#include "virtio.h"

#define GPA		0x80000000ull
#define RAM		0x40000ull
#define MMIO		0x3000000ull
#define DISK_BYTES	0x20000
#define DESC		(GPA + 0x1000)
#define AVAIL		(GPA + 0x4000)
#define USED		(GPA + 0x5000)
#define DATA		(GPA + 0x10000)

struct input {
	const uint8_t	*data;
	size_t		left;
};

static struct guest_memory memory;
static struct bus *bus;
static struct event_loop *loop;
static struct virtio_device *devices[3];	/* entropy, block on a disk, block in memory */
static uint64_t base;			/* of the one under test */
static struct disk_config disks[2];
static struct config config = { .devices = { .disks = disks, .n_disks = 2, .rng = true } };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

static uint64_t take(struct input *input, unsigned int bytes)
{
	uint64_t value = 0;

	for (unsigned int i = 0; i < bytes && input->left; i++, input->left--)
		value |= (uint64_t)*input->data++ << (8 * i);
	return value;
}

static void pulse(const struct irq_line *line, bool level)
{
}

static void check(bool good, const char *what)
{
	if (good)
		return;
	fprintf(stderr, "%s\n", what);
	abort();
}

static void mmio(uint64_t offset, unsigned int len, bool write, uint64_t value)
{
	check(bus_access(bus, 0, base + offset, len, write, &value), "no device");
}

static uint64_t reg(uint64_t offset)
{
	uint64_t value;

	bus_access(bus, 0, base + offset, 4, false, &value);
	return value;
}

/* An address somewhere interesting: around the ends of RAM, the rings, the data. */
static uint64_t take_gpa(struct input *input)
{
	static const uint64_t bases[] = {
		DATA, DATA, DATA, DESC, USED, GPA, GPA + RAM, 0, -4096ull,
	};
	unsigned int which = take(input, 1) % (sizeof(bases) / sizeof(*bases));

	return bases[which] + (int16_t)take(input, 2);
}

static void put(uint64_t gpa, const void *bytes, size_t len)
{
	void *at = guest_memory_at(&memory, gpa, len);

	if (at)
		memcpy(at, bytes, len);
}

static void put_desc(struct input *input)
{
	uint64_t table = take(input, 1) % 4 ? DESC : DATA;
	unsigned int index = take(input, 1) % 32;
	uint16_t next = take(input, 1);
	struct vring_desc desc = {
		.addr = take_gpa(input), .len = take(input, 2), .flags = take(input, 1),
		.next = next < 0x80 ? next % 32 : next * 0x101,
	};

	if (desc.flags & 0x80)
		desc.len *= 0x10001;
	put(table + index * sizeof(desc), &desc, sizeof(desc));
}

static void put_avail(struct input *input)
{
	struct vring_avail *avail = guest_memory_at(&memory, AVAIL, 0x1000);

	avail->ring[avail->idx % 16] = take(input, 1);
	avail->idx++;
}

/* A header as a block request has it. */
static void put_header(struct input *input)
{
	static const uint32_t types[] = { 0, 1, 4, 8, 11, 13, 14, 99 };
	struct { uint32_t type, reserved; uint64_t sector; } header = {
		.type = types[take(input, 1) % 8], .sector = (int16_t)take(input, 2),
	};

	put(take_gpa(input), &header, sizeof(header));
}

static void turn(struct virtio_device *device)
{
	struct pollfd ready = { .fd = device->work.fd, .events = POLLIN };

	/* A device that always asks for one more turn would never let the loop rest. */
	for (int i = 0; i < 8 && poll(&ready, 1, 0) > 0; i++)
		device->work.ready(&device->work, POLLIN);
}

static void up(uint64_t features)
{
	mmio(VIRTIO_MMIO_STATUS, 4, true, 0);
	mmio(VIRTIO_MMIO_STATUS, 4, true, 3);
	for (unsigned int i = 0; i < 2; i++) {
		mmio(VIRTIO_MMIO_DEVICE_FEATURES_SEL, 4, true, i);
		mmio(VIRTIO_MMIO_DRIVER_FEATURES_SEL, 4, true, i);
		mmio(VIRTIO_MMIO_DRIVER_FEATURES, 4, true,
		     reg(VIRTIO_MMIO_DEVICE_FEATURES) & (features >> (32 * i)));
	}
	mmio(VIRTIO_MMIO_STATUS, 4, true, 11);
	mmio(VIRTIO_MMIO_QUEUE_SEL, 4, true, 0);
	mmio(VIRTIO_MMIO_QUEUE_NUM, 4, true, 16);
	mmio(VIRTIO_MMIO_QUEUE_DESC_LOW, 4, true, DESC);
	mmio(VIRTIO_MMIO_QUEUE_AVAIL_LOW, 4, true, AVAIL);
	mmio(VIRTIO_MMIO_QUEUE_USED_LOW, 4, true, USED);
	memset(guest_memory_at(&memory, AVAIL, 0x2000), 0, 0x2000);
	mmio(VIRTIO_MMIO_QUEUE_READY, 4, true, 1);
	mmio(VIRTIO_MMIO_STATUS, 4, true, 15);
}

/* Registers 0x00…0xfc, and the configuration space. */
static void step(struct input *input, struct virtio_device *device)
{
	static const unsigned int widths[] = { 1, 2, 4, 8, 4, 4, 4, 4 };
	uint8_t bytes[16];
	unsigned int len;
	uint64_t offset;

	switch (take(input, 1) % 10) {
	case 0:
		len = widths[take(input, 1) % 8];
		offset = take(input, 1);
		mmio(offset * 2 > VIRTIO_MMIO_SIZE - len ? 0x100 : offset * 2, len, false, 0);
		break;
	case 1:
		len = widths[take(input, 1) % 8];
		offset = take(input, 1) * 4 % (VIRTIO_MMIO_SIZE - 8);
		mmio(offset, len, true, take(input, 4));
		break;
	case 2:
	case 3:
		put_desc(input);
		break;
	case 4:
		put_avail(input);
		break;
	case 5:
		put_header(input);
		break;
	case 6:
		mmio(VIRTIO_MMIO_QUEUE_NOTIFY, 4, true, take(input, 1) % 4 ? 0 : 1);
		break;
	case 7:
		turn(device);
		break;
	case 8:
		offset = take_gpa(input);
		len = 1 + take(input, 1) % sizeof(bytes);
		for (unsigned int i = 0; i < len; i++)
			bytes[i] = take(input, 1);
		put(offset, bytes, len);
		break;
	case 9:
		up(take(input, 1) % 4 ? -1ull : 1ull << VIRTIO_F_VERSION_1);
		break;
	}
}

/* The simplest request still works: an answer in the used ring. */
static void check_alive(struct virtio_device *device)
{
	const struct vring_desc desc[] = {
		{ DATA, 16, VRING_DESC_F_NEXT, 1 },
		{ DATA + 0x100, 512, VRING_DESC_F_WRITE | VRING_DESC_F_NEXT, 2 },
		{ DATA + 0x1000, 1, VRING_DESC_F_WRITE, 0 },
	};
	struct vring_avail *avail = guest_memory_at(&memory, AVAIL, 0x1000);
	struct vring_used *used = guest_memory_at(&memory, USED, 0x1000);

	up(-1ull);
	memset(guest_memory_at(&memory, DATA, 16), 0, 16);
	put(DESC, desc, sizeof(desc));
	avail->idx = 1;
	mmio(VIRTIO_MMIO_QUEUE_NOTIFY, 4, true, 0);
	for (int i = 0; i < 10000 && !used->idx; i++) {
		turn(device);
		if (i > 100)
			usleep(100);
	}
	check(used->idx == 1 && used->ring[0].id == 0, "no answer after a reset");
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	static char paths[2][64];
	int fds[2] = { open("/tmp", O_TMPFILE | O_RDWR, 0600), memfd_create("fuzz", 0) };

	log_level = LOG_ERROR;
	check(guest_memory_map(&memory, GPA, RAM, NULL, NULL) == 0, "no memory");
	check(loop_create(&loop, NULL) == 0, "no loop");
	for (unsigned int i = 0; i < 2; i++) {
		check(fds[i] >= 0 && ftruncate(fds[i], DISK_BYTES) == 0, "no file");
		snprintf(paths[i], sizeof(paths[i]), "/proc/self/fd/%d", fds[i]);
		disks[i] = (struct disk_config) { .path = paths[i], .path_len = strlen(paths[i]) };
	}
	disks[0].direct = true;
	check(bus_create(&bus, -1, NULL) == 0, "no bus");
	for (unsigned int i = 0; i < 3; i++) {
		const struct device_model *model = i ? &virtio_blk_model : &virtio_rng_model;
		struct device_env env = {
			.bus	= bus,
			.memory	= &memory,
			.loop	= loop,
			.config	= &config,
			.slot	= {
				.model = model, .index = i ? i - 1 : 0, .intid = 48 + i,
				.gpa = MMIO + i * VIRTIO_MMIO_SIZE,
			},
			.irq	= { .set = pulse, .vm_fd = -1 },
		};
		void *device;

		check(model->create(&env, &device, NULL) == 0, "no device");
		devices[i] = device;	/* every virtio device begins with it */
	}
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input input = { data, size };
	uint8_t kind = take(&input, 1);
	/* The one on a disk waits for it: less often. */
	unsigned int which = kind % 8 < 2 ? kind % 8 : 2;

	base = MMIO + which * VIRTIO_MMIO_SIZE;
	memset(memory.host, 0, RAM);
	if (kind & 0x80)
		up(-1ull);
	while (input.left)
		step(&input, devices[which]);
	check_alive(devices[which]);
	mmio(VIRTIO_MMIO_STATUS, 4, true, 0);
	return 0;
}

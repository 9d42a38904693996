// SPDX-License-Identifier: GPL-2.0-only
/* The virtio-mmio transport, virtio 1.2 section 4.2. */
#include <linux/virtio_config.h>
#include <linux/virtio_mmio.h>
#include <string.h>

#include "virtio.h"

#define MAGIC			0x74726976	/* "virt" */
#define VERSION			2
#define VENDOR			0x594c4154	/* "TALY" */
#define CONFIG			0x100		/* where the configuration space starts */

static bool has(uint64_t features, unsigned int bit)
{
	return features & 1ull << bit;
}

/* The queue that QueueSel names; NULL when the device has no such queue. */
static struct virtqueue *selected(struct virtio_device *device)
{
	return device->queue_sel < device->ops->n_queues ?
	       &device->queues[device->queue_sel] : NULL;
}

/* The same, while its place may still be set (4.2.2.2). */
static struct virtqueue *settable(struct virtio_device *device)
{
	struct virtqueue *queue = selected(device);

	return queue && !queue->enabled ? queue : NULL;
}

static void set_low(uint64_t *reg, uint32_t value)
{
	*reg = (*reg & ~0xffffffffull) | value;
}

static void set_high(uint64_t *reg, uint32_t value)
{
	*reg = (*reg & 0xffffffff) | (uint64_t)value << 32;
}

static uint32_t read_magic(struct virtio_device *device)
{
	return MAGIC;
}

static uint32_t read_version(struct virtio_device *device)
{
	return VERSION;
}

static uint32_t read_device_id(struct virtio_device *device)
{
	return device->ops->id;
}

static uint32_t read_vendor_id(struct virtio_device *device)
{
	return VENDOR;
}

static uint32_t read_device_features(struct virtio_device *device)
{
	return device->device_features_sel > 1 ? 0 :
	       device->features >> (32 * device->device_features_sel);
}

static void write_device_features_sel(struct virtio_device *device, uint32_t value)
{
	device->device_features_sel = value;
}

static void write_driver_features(struct virtio_device *device, uint32_t value)
{
	if (device->status & VIRTIO_CONFIG_S_FEATURES_OK)
		return;
	if (device->driver_features_sel == 0)
		set_low(&device->driver_features, value);
	else if (device->driver_features_sel == 1)
		set_high(&device->driver_features, value);
}

static void write_driver_features_sel(struct virtio_device *device, uint32_t value)
{
	device->driver_features_sel = value;
}

static void write_queue_sel(struct virtio_device *device, uint32_t value)
{
	device->queue_sel = value;
}

static uint32_t read_queue_num_max(struct virtio_device *device)
{
	return selected(device) ? VIRTQUEUE_MAX_SIZE : 0;
}

static void write_queue_num(struct virtio_device *device, uint32_t value)
{
	if (settable(device))
		selected(device)->size = value;
}

static uint32_t read_queue_ready(struct virtio_device *device)
{
	return selected(device) && selected(device)->enabled;
}

static void write_queue_ready(struct virtio_device *device, uint32_t value)
{
	struct virtqueue *queue = selected(device);

	if (!queue || (value & 1) == queue->enabled)
		return;
	if (value & 1) {
		/* Not before the features are settled: they decide what a ring looks like. */
		if (!(device->status & VIRTIO_CONFIG_S_FEATURES_OK))
			return;
		if (virtqueue_enable(queue, device->env.memory,
				     has(device->driver_features, VIRTIO_RING_F_EVENT_IDX),
				     has(device->driver_features, VIRTIO_RING_F_INDIRECT_DESC)) < 0)
			virtio_fail(device, device->queue_sel, queue->fault);
		return;
	}
	virtio_rest(device);
	virtqueue_clear(queue);
}

static void write_queue_notify(struct virtio_device *device, uint32_t value)
{
	if (value < device->ops->n_queues && virtio_queue_live(device, value))
		device->ops->notify(device, value);
}

static uint32_t read_interrupt_status(struct virtio_device *device)
{
	device->interrupt_seen = device->interrupt_status;
	return device->interrupt_status;
}

/*
 * KVM keeps these writes back until something else returns to user space, which
 * saves a guest one of its two exits for each interrupt. One that arrives late
 * must not take with it what was raised after it was written: only what the
 * driver has read can be what it has handled.
 */
static void write_interrupt_ack(struct virtio_device *device, uint32_t value)
{
	device->interrupt_status &= ~(value & device->interrupt_seen);
}

static void keep_ack_back(struct virtio_device *device)
{
	if (device->ack_kept_back)
		return;
	/* Where KVM can't, each of them returns to user space, as all others do. */
	bus_keep_back(device->env.bus, device->env.slot.gpa + VIRTIO_MMIO_INTERRUPT_ACK, 4);
	device->ack_kept_back = true;
}

static uint32_t read_status(struct virtio_device *device)
{
	return device->status;
}

/* 2.1 and 3.1.1: a step that the device does not agree with is not taken. */
static void write_status(struct virtio_device *device, uint32_t value)
{
	uint32_t steps = value & ~device->status;

	if (!value) {
		virtio_reset(device);
		return;
	}
	steps &= VIRTIO_CONFIG_S_ACKNOWLEDGE | VIRTIO_CONFIG_S_DRIVER |
		 VIRTIO_CONFIG_S_FEATURES_OK | VIRTIO_CONFIG_S_DRIVER_OK | VIRTIO_CONFIG_S_FAILED;
	if (steps & VIRTIO_CONFIG_S_FEATURES_OK) {
		if ((device->driver_features & ~device->features) ||
		    !has(device->driver_features, VIRTIO_F_VERSION_1))
			steps &= ~VIRTIO_CONFIG_S_FEATURES_OK;
		else if (device->ops->negotiated)
			device->ops->negotiated(device, device->driver_features);
	}
	if (!((device->status | steps) & VIRTIO_CONFIG_S_FEATURES_OK))
		steps &= ~VIRTIO_CONFIG_S_DRIVER_OK;
	device->status |= steps;
	if (!(steps & VIRTIO_CONFIG_S_DRIVER_OK))
		return;
	keep_ack_back(device);
	for (unsigned int i = 0; i < device->ops->n_queues; i++) {
		if (virtio_queue_live(device, i))
			device->ops->notify(device, i);
	}
}

#define QUEUE_ADDRESS(name, field)							\
static void write_queue_##name##_low(struct virtio_device *device, uint32_t value)	\
{											\
	if (settable(device))								\
		set_low(&selected(device)->field, value);				\
}											\
static void write_queue_##name##_high(struct virtio_device *device, uint32_t value)	\
{											\
	if (settable(device))								\
		set_high(&selected(device)->field, value);				\
}

QUEUE_ADDRESS(desc, desc_gpa)
QUEUE_ADDRESS(avail, avail_gpa)
QUEUE_ADDRESS(used, used_gpa)

/* 4.2.2: the length and base of a shared memory region that there is not. */
static uint32_t read_no_shm(struct virtio_device *device)
{
	return 0xffffffff;
}

/* No device changes its configuration space by its own doing. */
static uint32_t read_config_generation(struct virtio_device *device)
{
	return 0;
}

struct mmio_register {
	uint32_t (*read)(struct virtio_device *device);
	void (*write)(struct virtio_device *device, uint32_t value);
};

/* Table 4.1. One that can't be read is 0, one that can't be written ignores it. */
static const struct mmio_register registers[CONFIG / 4] = {
	[VIRTIO_MMIO_MAGIC_VALUE / 4]		= { .read = read_magic },
	[VIRTIO_MMIO_VERSION / 4]		= { .read = read_version },
	[VIRTIO_MMIO_DEVICE_ID / 4]		= { .read = read_device_id },
	[VIRTIO_MMIO_VENDOR_ID / 4]		= { .read = read_vendor_id },
	[VIRTIO_MMIO_DEVICE_FEATURES / 4]	= { .read = read_device_features },
	[VIRTIO_MMIO_DEVICE_FEATURES_SEL / 4]	= { .write = write_device_features_sel },
	[VIRTIO_MMIO_DRIVER_FEATURES / 4]	= { .write = write_driver_features },
	[VIRTIO_MMIO_DRIVER_FEATURES_SEL / 4]	= { .write = write_driver_features_sel },
	[VIRTIO_MMIO_QUEUE_SEL / 4]		= { .write = write_queue_sel },
	[VIRTIO_MMIO_QUEUE_NUM_MAX / 4]		= { .read = read_queue_num_max },
	[VIRTIO_MMIO_QUEUE_NUM / 4]		= { .write = write_queue_num },
	[VIRTIO_MMIO_QUEUE_READY / 4]		= { read_queue_ready, write_queue_ready },
	[VIRTIO_MMIO_QUEUE_NOTIFY / 4]		= { .write = write_queue_notify },
	[VIRTIO_MMIO_INTERRUPT_STATUS / 4]	= { .read = read_interrupt_status },
	[VIRTIO_MMIO_INTERRUPT_ACK / 4]		= { .write = write_interrupt_ack },
	[VIRTIO_MMIO_STATUS / 4]		= { read_status, write_status },
	[VIRTIO_MMIO_QUEUE_DESC_LOW / 4]	= { .write = write_queue_desc_low },
	[VIRTIO_MMIO_QUEUE_DESC_HIGH / 4]	= { .write = write_queue_desc_high },
	[VIRTIO_MMIO_QUEUE_AVAIL_LOW / 4]	= { .write = write_queue_avail_low },
	[VIRTIO_MMIO_QUEUE_AVAIL_HIGH / 4]	= { .write = write_queue_avail_high },
	[VIRTIO_MMIO_QUEUE_USED_LOW / 4]	= { .write = write_queue_used_low },
	[VIRTIO_MMIO_QUEUE_USED_HIGH / 4]	= { .write = write_queue_used_high },
	[VIRTIO_MMIO_SHM_LEN_LOW / 4]		= { .read = read_no_shm },
	[VIRTIO_MMIO_SHM_LEN_HIGH / 4]		= { .read = read_no_shm },
	[VIRTIO_MMIO_SHM_BASE_LOW / 4]		= { .read = read_no_shm },
	[VIRTIO_MMIO_SHM_BASE_HIGH / 4]		= { .read = read_no_shm },
	[VIRTIO_MMIO_CONFIG_GENERATION / 4]	= { .read = read_config_generation },
};

/* 4.2.2.2: registers are read and written by aligned 32-bit accesses only. */
static const struct mmio_register *register_at(uint64_t offset, unsigned int len)
{
	return len == 4 && offset % 4 == 0 ? &registers[offset / 4] : NULL;
}

/* The configuration space takes each width where it is aligned. */
static bool config_has(const struct virtio_device *device, uint64_t offset, unsigned int len)
{
	return offset % len == 0 && offset + len <= device->config_size;
}

static uint64_t mmio_read(void *opaque, uint64_t offset, unsigned int len)
{
	struct virtio_device *device = opaque;
	uint64_t value = 0;

	pthread_mutex_lock(&device->lock);
	if (offset >= CONFIG) {
		if (config_has(device, offset - CONFIG, len))
			memcpy(&value, (const char *)device->config + offset - CONFIG, len);
	} else {
		const struct mmio_register *reg = register_at(offset, len);

		if (reg && reg->read)
			value = reg->read(device);
	}
	pthread_mutex_unlock(&device->lock);
	return value;
}

static void mmio_write(void *opaque, uint64_t offset, unsigned int len, uint64_t value)
{
	struct virtio_device *device = opaque;

	pthread_mutex_lock(&device->lock);
	if (offset >= CONFIG) {
		if (device->ops->config_write && config_has(device, offset - CONFIG, len))
			device->ops->config_write(device, offset - CONFIG, len, value);
	} else {
		const struct mmio_register *reg = register_at(offset, len);

		if (reg && reg->write)
			reg->write(device, value);
	}
	pthread_mutex_unlock(&device->lock);
}

const struct bus_ops virtio_mmio_ops = { mmio_read, mmio_write };

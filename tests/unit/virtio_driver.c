// SPDX-License-Identifier: GPL-2.0-only
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

#include "unit.h"
#include "virtio_driver.h"

static atomic_uint interrupts;

static void line_set(const struct irq_line *line, bool level)
{
	if (level)
		atomic_fetch_add(&interrupts, 1);
}

unsigned int driver_interrupts(void)
{
	return atomic_exchange(&interrupts, 0);
}

static void *loop_main(void *loop)
{
	loop_run(loop);
	return NULL;
}

void driver_loop_start(struct driver *driver)
{
	if (pthread_create(&driver->loop_thread, NULL, loop_main, driver->loop))
		abort();
}

void driver_loop_stop(struct driver *driver)
{
	loop_stop(driver->loop);
	pthread_join(driver->loop_thread, NULL);
}

struct device_env driver_env(struct driver *driver, const struct config *config)
{
	return (struct device_env) {
		.bus	= driver->bus,
		.memory	= &driver->memory,
		.loop	= driver->loop,
		.config	= config,
		.slot	= { .model = driver->model, .gpa = DRIVER_MMIO, .intid = 48 },
		.irq	= { .set = line_set, .vm_fd = -1, .intid = 48 },
	};
}

static void infrastructure_free(struct driver *driver)
{
	bus_destroy(driver->bus);
	loop_destroy(driver->loop);
	guest_memory_unmap(&driver->memory);
}

int driver_start(struct driver *driver, const struct device_model *model,
		 const struct config *config, struct error *err)
{
	struct device_env env;
	int ret;

	*driver = (struct driver) { .model = model };
	if (guest_memory_map(&driver->memory, DRIVER_GPA, DRIVER_RAM, NULL, err) < 0 ||
	    bus_create(&driver->bus, -1, err) < 0 || loop_create(&driver->loop, err) < 0)
		abort();
	env = driver_env(driver, config);
	ret = model->create(&env, &driver->device, err);
	if (ret < 0) {
		infrastructure_free(driver);
		return ret;
	}
	driver_loop_start(driver);
	driver_interrupts();
	return 0;
}

void driver_stop(struct driver *driver)
{
	driver_loop_stop(driver);
	driver->model->destroy(driver->device);
	infrastructure_free(driver);
}

uint64_t mmio_get(struct driver *driver, uint64_t offset, unsigned int len)
{
	uint64_t value;

	assert_true(bus_access(driver->bus, 0, DRIVER_MMIO + offset, len, false, &value));
	return value;
}

void mmio_put(struct driver *driver, uint64_t offset, unsigned int len, uint64_t value)
{
	assert_true(bus_access(driver->bus, 0, DRIVER_MMIO + offset, len, true, &value));
}

uint32_t reg_get(struct driver *driver, uint64_t reg)
{
	return mmio_get(driver, reg, 4);
}

void reg_put(struct driver *driver, uint64_t reg, uint32_t value)
{
	mmio_put(driver, reg, 4, value);
}

void *ram(struct driver *driver, uint64_t gpa)
{
	return (char *)driver->memory.host + (gpa - DRIVER_GPA);
}

uint64_t desc_gpa(unsigned int queue)
{
	return DRIVER_GPA + 0x10000 * (queue + 1);
}

uint64_t avail_gpa(unsigned int queue)
{
	return desc_gpa(queue) + 0x4000;
}

uint64_t used_gpa(unsigned int queue)
{
	return desc_gpa(queue) + 0x8000;
}

struct vring_desc *desc_of(struct driver *driver, unsigned int queue)
{
	return ram(driver, desc_gpa(queue));
}

struct vring_avail *avail_of(struct driver *driver, unsigned int queue)
{
	return ram(driver, avail_gpa(queue));
}

struct vring_used *used_of(struct driver *driver, unsigned int queue)
{
	return ram(driver, used_gpa(queue));
}

void driver_negotiate(struct driver *driver, uint64_t wanted)
{
	uint64_t offered;

	reg_put(driver, VIRTIO_MMIO_STATUS, 0);
	reg_put(driver, VIRTIO_MMIO_STATUS, S_ACKNOWLEDGE);
	reg_put(driver, VIRTIO_MMIO_STATUS, S_ACKNOWLEDGE | S_DRIVER);
	reg_put(driver, VIRTIO_MMIO_DEVICE_FEATURES_SEL, 1);
	offered = (uint64_t)reg_get(driver, VIRTIO_MMIO_DEVICE_FEATURES) << 32;
	reg_put(driver, VIRTIO_MMIO_DEVICE_FEATURES_SEL, 0);
	offered |= reg_get(driver, VIRTIO_MMIO_DEVICE_FEATURES);
	driver->features = offered & (wanted | 1ull << VIRTIO_F_VERSION_1);
	reg_put(driver, VIRTIO_MMIO_DRIVER_FEATURES_SEL, 0);
	reg_put(driver, VIRTIO_MMIO_DRIVER_FEATURES, driver->features);
	reg_put(driver, VIRTIO_MMIO_DRIVER_FEATURES_SEL, 1);
	reg_put(driver, VIRTIO_MMIO_DRIVER_FEATURES, driver->features >> 32);
	reg_put(driver, VIRTIO_MMIO_STATUS, S_ACKNOWLEDGE | S_DRIVER | S_FEATURES_OK);
	assert_true(reg_get(driver, VIRTIO_MMIO_STATUS) & S_FEATURES_OK);
}

void driver_queue(struct driver *driver, unsigned int queue, unsigned int size)
{
	memset(desc_of(driver, queue), 0, 0x10000);
	driver->queues[queue] = (struct driver_queue) { .size = size };
	reg_put(driver, VIRTIO_MMIO_QUEUE_SEL, queue);
	assert_int_equal(reg_get(driver, VIRTIO_MMIO_QUEUE_READY), 0);
	reg_put(driver, VIRTIO_MMIO_QUEUE_NUM, size);
	reg_put(driver, VIRTIO_MMIO_QUEUE_DESC_LOW, desc_gpa(queue));
	reg_put(driver, VIRTIO_MMIO_QUEUE_DESC_HIGH, desc_gpa(queue) >> 32);
	reg_put(driver, VIRTIO_MMIO_QUEUE_AVAIL_LOW, avail_gpa(queue));
	reg_put(driver, VIRTIO_MMIO_QUEUE_AVAIL_HIGH, avail_gpa(queue) >> 32);
	reg_put(driver, VIRTIO_MMIO_QUEUE_USED_LOW, used_gpa(queue));
	reg_put(driver, VIRTIO_MMIO_QUEUE_USED_HIGH, used_gpa(queue) >> 32);
	reg_put(driver, VIRTIO_MMIO_QUEUE_READY, 1);
}

void driver_up(struct driver *driver, uint64_t wanted, unsigned int n_queues, unsigned int size)
{
	driver_negotiate(driver, wanted);
	for (unsigned int i = 0; i < n_queues; i++)
		driver_queue(driver, i, size);
	reg_put(driver, VIRTIO_MMIO_STATUS,
		S_ACKNOWLEDGE | S_DRIVER | S_FEATURES_OK | S_DRIVER_OK);
	assert_int_equal(reg_get(driver, VIRTIO_MMIO_STATUS),
			 S_ACKNOWLEDGE | S_DRIVER | S_FEATURES_OK | S_DRIVER_OK);
}

uint16_t driver_add(struct driver *driver, unsigned int queue, const struct segment *segments,
		    unsigned int n)
{
	struct driver_queue *q = &driver->queues[queue];
	struct vring_desc *desc = desc_of(driver, queue);
	struct vring_avail *avail = avail_of(driver, queue);
	uint16_t head = q->next_desc;

	for (unsigned int i = 0; i < n; i++) {
		uint16_t next = (q->next_desc + 1) % q->size;

		desc[q->next_desc] = (struct vring_desc) {
			segments[i].gpa, segments[i].len,
			(segments[i].write ? VRING_DESC_F_WRITE : 0) |
			(i + 1 < n ? VRING_DESC_F_NEXT : 0), next,
		};
		q->next_desc = next;
	}
	avail->ring[avail->idx % q->size] = head;
	__atomic_store_n(&avail->idx, (uint16_t)(avail->idx + 1), __ATOMIC_RELEASE);
	return head;
}

void driver_kick(struct driver *driver, unsigned int queue)
{
	reg_put(driver, VIRTIO_MMIO_QUEUE_NOTIFY, queue);
}

bool driver_used(struct driver *driver, unsigned int queue, struct vring_used_elem *elem,
		 unsigned int ms)
{
	struct driver_queue *q = &driver->queues[queue];
	struct vring_used *used = used_of(driver, queue);
	const struct timespec step = { .tv_nsec = 100 * 1000 };

	for (unsigned int i = 0; i <= ms * 10; i++) {
		if (__atomic_load_n(&used->idx, __ATOMIC_ACQUIRE) != q->next_used) {
			*elem = used->ring[q->next_used % q->size];
			q->next_used++;
			/* Its lock is free again only when the interrupt is out as well. */
			reg_get(driver, VIRTIO_MMIO_MAGIC_VALUE);
			return true;
		}
		if (ms)
			nanosleep(&step, NULL);
	}
	return false;
}

// SPDX-License-Identifier: GPL-2.0-only
/* What every virtio device has: its life, its queues' state and its interrupt. */
#include <errno.h>
#include <libfdt.h>
#include <linux/virtio_config.h>
#include <linux/virtio_mmio.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "log.h"
#include "virtio.h"

#define FAULTS_TOLD		8	/* a guest must not fill the log by resetting */
#define TRANSPORT_FEATURES	(1ull << VIRTIO_F_VERSION_1 |		\
				 1ull << VIRTIO_RING_F_EVENT_IDX |	\
				 1ull << VIRTIO_RING_F_INDIRECT_DESC)

static void interrupt(struct virtio_device *device, uint32_t why)
{
	device->interrupt_status |= why;
	device->interrupt_seen &= ~why;
	irq_line_pulse(&device->env.irq);
}

bool virtio_live(const struct virtio_device *device)
{
	return !device->resting &&
	       (device->status & (VIRTIO_CONFIG_S_DRIVER_OK | VIRTIO_CONFIG_S_NEEDS_RESET)) ==
	       VIRTIO_CONFIG_S_DRIVER_OK;
}

bool virtio_queue_live(const struct virtio_device *device, unsigned int queue)
{
	return virtio_live(device) && device->queues[queue].enabled;
}

void virtio_fail(struct virtio_device *device, unsigned int queue, const char *what)
{
	if (device->status & VIRTIO_CONFIG_S_NEEDS_RESET)
		return;
	if (device->faults++ < FAULTS_TOLD)
		log_warning("%s %u: queue %u: %s; the device waits for a reset",
			    device->ops->name, device->env.slot.index, queue, what);
	device->status |= VIRTIO_CONFIG_S_NEEDS_RESET;
	if (device->status & VIRTIO_CONFIG_S_DRIVER_OK)
		interrupt(device, VIRTIO_MMIO_INT_CONFIG);
}

bool virtio_pop(struct virtio_device *device, unsigned int queue, struct virtqueue_chain *chain,
		struct iovec *iov)
{
	int ret;

	if (!virtio_queue_live(device, queue))
		return false;
	ret = virtqueue_pop(&device->queues[queue], chain, iov);
	if (ret < 0)
		virtio_fail(device, queue, device->queues[queue].fault);
	return ret > 0;
}

void virtio_publish(struct virtio_device *device, unsigned int queue)
{
	if (virtio_queue_live(device, queue) && virtqueue_publish(&device->queues[queue]))
		interrupt(device, VIRTIO_MMIO_INT_VRING);
}

void virtio_defer(struct virtio_device *device)
{
	uint64_t one = 1;

	if (write(device->work.fd, &one, sizeof(one)) < 0)
		return;		/* the counter is full: it is signalled already */
}

static void work_ready(struct event_source *source, uint32_t events)
{
	struct virtio_device *device =
		(void *)((char *)source - offsetof(struct virtio_device, work));
	uint64_t count;

	if (read(source->fd, &count, sizeof(count)) < 0)
		return;		/* served already */
	pthread_mutex_lock(&device->lock);
	device->ops->deferred(device);
	pthread_mutex_unlock(&device->lock);
}

void virtio_rest(struct virtio_device *device)
{
	device->resting++;
	if (device->ops->quiesce)
		device->ops->quiesce(device);
	device->resting--;
}

void virtio_reset(struct virtio_device *device)
{
	virtio_rest(device);
	device->status = 0;
	device->interrupt_status = 0;
	device->interrupt_seen = 0;
	device->driver_features = 0;
	device->device_features_sel = 0;
	device->driver_features_sel = 0;
	device->queue_sel = 0;
	for (unsigned int i = 0; i < VIRTIO_MAX_QUEUES; i++)
		virtqueue_clear(&device->queues[i]);
}

int virtio_init(struct virtio_device *device, const struct virtio_ops *ops,
		const struct device_env *env, uint64_t features, const void *config,
		unsigned int config_size, struct error *err)
{
	int ret;

	*device = (struct virtio_device) {
		.ops		= ops,
		.env		= *env,
		.work		= { -1, work_ready },
		.features	= features | TRANSPORT_FEATURES,
		.config		= config,
		.config_size	= config_size,
	};
	if (ops->deferred) {
		device->work.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
		ret = device->work.fd < 0 ? -errno :
		      loop_add(env->loop, &device->work, EPOLLIN);
		if (ret < 0) {
			if (device->work.fd >= 0)
				close(device->work.fd);
			return error_set(err, TALLY_EXIT_SOFTWARE, -ret, "%s %u: eventfd: %s",
					 ops->name, env->slot.index, strerror(-ret));
		}
	}
	ret = bus_add(env->bus, ops->name, env->slot.gpa, VIRTIO_MMIO_SIZE, &virtio_mmio_ops,
		      device, err);
	if (ret < 0 && ops->deferred) {
		loop_remove(env->loop, &device->work);
		close(device->work.fd);
	}
	if (!ret)
		pthread_mutex_init(&device->lock, NULL);
	return ret;
}

void virtio_fini(struct virtio_device *device)
{
	pthread_mutex_lock(&device->lock);
	virtio_reset(device);
	pthread_mutex_unlock(&device->lock);
	if (device->work.fd >= 0) {
		loop_remove(device->env.loop, &device->work);
		close(device->work.fd);
	}
	pthread_mutex_destroy(&device->lock);
}

int virtio_fdt(void *fdt, const struct device_slot *slot)
{
	char name[48];
	int ret;

	snprintf(name, sizeof(name), "virtio_mmio@%llx", (unsigned long long)slot->gpa);
	ret = fdt_begin_node(fdt, name);
	if (!ret)
		ret = fdt_property_string(fdt, "compatible", "virtio,mmio");
	if (!ret)
		ret = fdt_property_reg(fdt, slot->gpa, VIRTIO_MMIO_SIZE);
	if (!ret)
		ret = fdt_property_interrupt(fdt, slot->intid, IRQ_EDGE_RISING);
	if (!ret)
		ret = fdt_property(fdt, "dma-coherent", NULL, 0);
	if (!ret)
		ret = fdt_end_node(fdt);
	return ret;
}

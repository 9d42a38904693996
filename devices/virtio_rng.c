// SPDX-License-Identifier: GPL-2.0-only
/* The virtio entropy device, virtio 1.2 section 5.4: the host's getrandom(2). */
#include <errno.h>
#include <linux/virtio_ids.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "virtio.h"

#define QUEUE		0
#define MAX_BYTES	65536u		/* of one request; the driver asks again if it wants more */
#define CHAINS_A_TURN	16

struct virtio_rng {
	struct virtio_device	virtio;		/* first */
	struct iovec		iov[VIRTQUEUE_MAX_SIZE];
};

/* Returns how many bytes were filled. */
static uint32_t fill(const struct iovec *iov, unsigned int n)
{
	uint32_t done = 0;

	for (unsigned int i = 0; i < n && done < MAX_BYTES; i++) {
		size_t want = iov[i].iov_len < MAX_BYTES - done ? iov[i].iov_len :
			      MAX_BYTES - done;
		size_t have = 0;

		while (have < want) {
			ssize_t got = getrandom((char *)iov[i].iov_base + have, want - have, 0);

			if (got < 0 && errno != EINTR)
				return done + have;
			if (got > 0)
				have += got;
		}
		done += have;
	}
	return done;
}

static void notify(struct virtio_device *device, unsigned int index)
{
	struct virtio_rng *rng = (struct virtio_rng *)device;
	struct virtqueue *queue = &device->queues[QUEUE];
	unsigned int budget = CHAINS_A_TURN;
	struct virtqueue_chain chain;

	virtqueue_notify_off(queue);
	do {
		while (budget && virtio_pop(device, QUEUE, &chain, rng->iov)) {
			virtqueue_push(queue, chain.head,
				       fill(rng->iov + chain.n_out, chain.n_in));
			budget--;
		}
	} while (budget && virtio_queue_live(device, QUEUE) && virtqueue_notify_on(queue));
	virtio_publish(device, QUEUE);
	if (!budget)
		virtio_defer(device);
}

static void deferred(struct virtio_device *device)
{
	if (virtio_queue_live(device, QUEUE))
		notify(device, QUEUE);
}

static const struct virtio_ops rng_ops = {
	.name		= "virtio-rng",
	.id		= VIRTIO_ID_RNG,
	.n_queues	= 1,
	.notify		= notify,
	.deferred	= deferred,
};

static unsigned int rng_count(const struct config *config)
{
	return config->devices.rng;
}

static int rng_create(const struct device_env *env, void **out, struct error *err)
{
	struct virtio_rng *rng = malloc(sizeof(*rng));
	int ret;

	if (!rng)
		return error_set(err, TALLY_EXIT_SOFTWARE, ENOMEM, "no memory for --rng");
	ret = virtio_init(&rng->virtio, &rng_ops, env, 0, NULL, 0, err);
	if (ret < 0)
		free(rng);
	else
		*out = rng;
	return ret;
}

static void rng_destroy(void *device)
{
	struct virtio_rng *rng = device;

	virtio_fini(&rng->virtio);
	free(rng);
}

static const struct option_row rng_rows[] = {
	{ "rng", 0, OPTION_FLAG, NULL, "give the guest a source of entropy", option_set_true,
	  offsetof(struct config, devices.rng) },
	{ 0 },
};

static const struct option_group rng_options = { "Entropy", rng_rows };

const struct device_model virtio_rng_model = {
	.name		= "virtio-rng",
	.options	= &rng_options,
	.size		= VIRTIO_MMIO_SIZE,
	.trigger	= IRQ_EDGE_RISING,
	.count		= rng_count,
	.fdt		= virtio_fdt,
	.create		= rng_create,
	.destroy	= rng_destroy,
};

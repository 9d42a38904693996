// SPDX-License-Identifier: GPL-2.0-only
/*
 * The virtio console, virtio 1.2 section 5.3, with one port.
 *
 * Output is written on the vCPU's thread: Linux waits for each piece to be taken
 * by spinning on the used ring, so handing it to another thread would only let
 * the guest spin longer.
 */
#include <errno.h>
#include <linux/virtio_ids.h>
#include <stdlib.h>
#include <string.h>

#include "virtio.h"

#define RX		0
#define TX		1
#define CHAINS_A_TURN	64

struct virtio_console {
	struct virtio_device	virtio;		/* first */
	struct console_listener	listener;
	bool			input_held;	/* there was no buffer for all input */
	bool			writing;	/* someone serves TX, without the lock at times */
	pthread_cond_t		written;
	struct iovec		rx_iov[VIRTQUEUE_MAX_SIZE];
	struct iovec		tx_iov[VIRTQUEUE_MAX_SIZE];
};

/*
 * Without the lock while stdout takes its time: the loop's thread, which serves
 * everything else, must not wait for this device meanwhile.
 */
static void write_chain(struct virtio_console *vc, const struct virtqueue_chain *chain)
{
	pthread_mutex_unlock(&vc->virtio.lock);
	for (unsigned int i = 0; i < chain->n_out; i++)
		console_write(vc->virtio.env.console, vc->tx_iov[i].iov_base,
			      vc->tx_iov[i].iov_len);
	pthread_mutex_lock(&vc->virtio.lock);
	if (virtio_queue_live(&vc->virtio, TX))
		virtqueue_push(&vc->virtio.queues[TX], chain->head, 0);
}

static void serve_tx(struct virtio_console *vc)
{
	struct virtio_device *device = &vc->virtio;
	struct virtqueue *queue = &device->queues[TX];
	unsigned int budget = CHAINS_A_TURN;
	struct virtqueue_chain chain;

	/* Whoever serves it already looks again before it ends. */
	if (vc->writing)
		return;
	vc->writing = true;
	virtqueue_notify_off(queue);
	do {
		while (budget && virtio_pop(device, TX, &chain, vc->tx_iov)) {
			write_chain(vc, &chain);
			budget--;
		}
	} while (budget && virtio_queue_live(device, TX) && virtqueue_notify_on(queue));
	vc->writing = false;
	pthread_cond_broadcast(&vc->written);
	virtio_publish(device, TX);
	if (!budget)
		virtio_defer(device);
}

static void notify(struct virtio_device *device, unsigned int queue)
{
	struct virtio_console *vc = (struct virtio_console *)device;

	if (queue == TX) {
		serve_tx(vc);
	} else if (vc->input_held) {
		vc->input_held = false;
		console_input_ready(device->env.console);
	}
}

static void deferred(struct virtio_device *device)
{
	if (virtio_queue_live(device, TX))
		serve_tx((struct virtio_console *)device);
}

static void quiesce(struct virtio_device *device)
{
	struct virtio_console *vc = (struct virtio_console *)device;

	while (vc->writing)
		pthread_cond_wait(&vc->written, &device->lock);
}

static size_t input(struct console_listener *listener, const unsigned char *data, size_t len)
{
	struct virtio_console *vc =
		(void *)((char *)listener - offsetof(struct virtio_console, listener));
	struct virtio_device *device = &vc->virtio;
	struct virtqueue *queue = &device->queues[RX];
	struct virtqueue_chain chain;
	size_t taken = 0;

	pthread_mutex_lock(&device->lock);
	if (virtio_queue_live(device, RX))
		virtqueue_notify_off(queue);
	do {
		while (taken < len && virtio_pop(device, RX, &chain, vc->rx_iov)) {
			size_t n = iov_write(vc->rx_iov + chain.n_out, chain.n_in, 0, data + taken,
					     len - taken);

			virtqueue_push(queue, chain.head, n);
			taken += n;
		}
	} while (taken < len && virtio_queue_live(device, RX) && virtqueue_notify_on(queue));
	virtio_publish(device, RX);
	/* Also when the driver isn't there yet: its first buffers are announced to notify(). */
	vc->input_held = taken < len;
	pthread_mutex_unlock(&device->lock);
	return taken;
}

static const struct virtio_ops console_ops = {
	.name		= "virtio-console",
	.id		= VIRTIO_ID_CONSOLE,
	.n_queues	= 2,
	.notify		= notify,
	.deferred	= deferred,
	.quiesce	= quiesce,
};

static unsigned int virtio_console_count(const struct config *config)
{
	return config->devices.console == CONSOLE_VIRTIO;
}

static int virtio_console_create(const struct device_env *env, void **out, struct error *err)
{
	struct virtio_console *vc = calloc(1, sizeof(*vc));
	int ret;

	if (!vc)
		return error_set(err, TALLY_EXIT_SOFTWARE, ENOMEM, "no memory for the console");
	ret = virtio_init(&vc->virtio, &console_ops, env, 0, NULL, 0, err);
	if (ret < 0) {
		free(vc);
		return ret;
	}
	pthread_cond_init(&vc->written, NULL);
	vc->listener.input = input;
	if (env->config->devices.console == CONSOLE_VIRTIO)
		console_listen(env->console, &vc->listener);
	*out = vc;
	return 0;
}

static void virtio_console_destroy(void *device)
{
	struct virtio_console *vc = device;

	console_unlisten(vc->virtio.env.console, &vc->listener);
	virtio_fini(&vc->virtio);
	pthread_cond_destroy(&vc->written);
	free(vc);
}

static int parse_console(struct config *config, const struct option_row *row, const char *value,
			 struct error *err)
{
	if (!strcmp(value, "serial"))
		config->devices.console = CONSOLE_SERIAL;
	else if (!strcmp(value, "virtio"))
		config->devices.console = CONSOLE_VIRTIO;
	else
		return option_bad_value(row, value, err, "neither 'serial' nor 'virtio'");
	return 0;
}

static const struct option_row console_rows[] = {
	{ "console", 0, OPTION_REQUIRED, "serial|virtio",
	  "the device that stdin goes to (default serial; virtio adds one, hvc0)", parse_console,
	  0 },
	{ 0 },
};

static const struct option_group console_options = { "Console", console_rows };

const struct device_model virtio_console_model = {
	.name		= "virtio-console",
	.options	= &console_options,
	.size		= VIRTIO_MMIO_SIZE,
	.trigger	= IRQ_EDGE_RISING,
	.count		= virtio_console_count,
	.fdt		= virtio_fdt,
	.create		= virtio_console_create,
	.destroy	= virtio_console_destroy,
};

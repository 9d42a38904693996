// SPDX-License-Identifier: GPL-2.0-only
/* The virtio block device, virtio 1.2 section 5.2. */
#include <errno.h>
#include <linux/virtio_blk.h>
#include <linux/virtio_ids.h>
#include <linux/virtio_mmio.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "disk.h"
#include "log.h"
#include "virtio.h"

#define QUEUE			0
#define MAX_RANGE_SECTORS	(1u << 22)	/* of one discard or write-zeroes: 2 GiB */
#define REQUESTS_A_TURN		64		/* before the vCPU runs its guest again */
#define WAITS_A_TURN		16		/* before the loop serves others */
#define PHYSICAL_BLOCK		4096u		/* what page cache and file systems like best */

_Static_assert(DISK_MAX_IOV == VIRTQUEUE_MAX_SIZE, "a chain is one transfer");

struct blk_request {
	struct disk_io	io;		/* first: lists of transfers are lists of requests */
	uint16_t	head;
	uint32_t	written;	/* bytes, when it succeeds */
	unsigned char	*status;
	struct iovec	iov[VIRTQUEUE_MAX_SIZE];
};

struct virtio_blk {
	struct virtio_device		virtio;		/* first */
	struct disk			disk;
	struct virtio_blk_config	config;
	char				serial[VIRTIO_BLK_ID_BYTES];	/* NUL only if shorter */
	bool				write_through;
	struct blk_request		*requests;	/* one for each queue entry */
	struct blk_request		*free;		/* through io.next; the last used first */
	unsigned int			fresh;		/* the first that was never used */
	struct disk_list		waiting;	/* for the loop's thread */
	bool				served_in_part;	/* the loop's thread has the rest */
	bool				doorbell;	/* the loop hears it, not the vCPU */
	bool				waited_for;	/* the loop's thread is in disk_wait() */
	pthread_cond_t			wait_ended;
};

static struct virtio_blk *of_device(struct virtio_device *device)
{
	return (struct virtio_blk *)device;
}

static void request_free(struct virtio_blk *blk, struct blk_request *request)
{
	request->io.next = blk->free ? &blk->free->io : NULL;
	blk->free = request;
}

/* The next to take; NULL when all are in use. Memory is touched only as requests need it. */
static struct blk_request *request_next(struct virtio_blk *blk)
{
	if (!blk->free && blk->fresh < VIRTQUEUE_MAX_SIZE)
		request_free(blk, &blk->requests[blk->fresh++]);
	return blk->free;
}

static struct blk_request *request_take(struct virtio_blk *blk)
{
	struct blk_request *request = blk->free;

	blk->free = (struct blk_request *)request->io.next;
	return request;
}

static void finish(struct virtio_blk *blk, struct blk_request *request, unsigned char status)
{
	/* What was running when the device broke or was reset is not the guest's any more. */
	if (virtio_queue_live(&blk->virtio, QUEUE)) {
		*request->status = status;
		virtqueue_push(&blk->virtio.queues[QUEUE], request->head,
			       status == VIRTIO_BLK_S_OK ? request->written : 0);
	}
	request_free(blk, request);
}

static void finish_io(struct virtio_blk *blk, struct disk_io *io)
{
	finish(blk, (struct blk_request *)io, io->result ? VIRTIO_BLK_S_IOERR : VIRTIO_BLK_S_OK);
}

/* @bytes from @sector on lie within the disk, without overflow. */
static bool in_range(const struct virtio_blk *blk, uint64_t sector, uint64_t bytes)
{
	uint64_t sectors = blk->disk.size / DISK_SECTOR;

	return sector <= sectors && bytes <= (sectors - sector) * DISK_SECTOR;
}

/* A request taken apart: header, data, status byte, whatever the descriptors' bounds (5.2.6). */
struct blk_parts {
	struct virtio_blk_outhdr	header;
	struct iovec			*out;		/* data to write */
	unsigned int			n_out;
	uint64_t			out_len;
	struct iovec			*in;		/* room for data read */
	unsigned int			n_in;
	uint64_t			in_len;
};

/* False when there is no room for header or status. */
static bool take_apart(struct blk_request *request, const struct virtqueue_chain *chain,
		       struct blk_parts *parts)
{
	struct iovec *last;

	if (chain->out_len < sizeof(parts->header) || !chain->in_len)
		return false;
	parts->out = request->iov;
	parts->out_len = chain->out_len - sizeof(parts->header);
	parts->in = request->iov + chain->n_out;
	parts->n_in = chain->n_in;
	parts->in_len = chain->in_len - 1;
	iov_read(parts->out, chain->n_out, 0, &parts->header, sizeof(parts->header));
	parts->n_out = iov_skip(&parts->out, chain->n_out, sizeof(parts->header));
	last = &parts->in[parts->n_in - 1];
	last->iov_len--;
	request->status = (unsigned char *)last->iov_base + last->iov_len;
	if (!last->iov_len)
		parts->n_in--;
	return true;
}

/* Discard and write zeroes: as prepare(). */
static int prepare_range(struct virtio_blk *blk, struct disk_io *io, struct blk_parts *parts)
{
	struct virtio_blk_discard_write_zeroes range;
	uint32_t flags = io->op == DISK_ZERO ? VIRTIO_BLK_WRITE_ZEROES_FLAG_UNMAP : 0;

	if (parts->out_len != sizeof(range))	/* max_discard_seg, max_write_zeroes_seg */
		return VIRTIO_BLK_S_IOERR;
	iov_read(parts->out, parts->n_out, 0, &range, sizeof(range));
	if (range.flags & ~flags)
		return VIRTIO_BLK_S_UNSUPP;
	io->offset = range.sector * DISK_SECTOR;
	io->length = (uint64_t)range.num_sectors * DISK_SECTOR;
	io->unmap = range.flags & VIRTIO_BLK_WRITE_ZEROES_FLAG_UNMAP;
	if (blk->disk.read_only || range.num_sectors > MAX_RANGE_SECTORS ||
	    !in_range(blk, range.sector, io->length))
		return VIRTIO_BLK_S_IOERR;
	return io->length ? -1 : VIRTIO_BLK_S_OK;
}

/* Read and write: as prepare(). */
static int prepare_transfer(struct virtio_blk *blk, struct disk_io *io, uint64_t sector,
			    struct iovec *iov, unsigned int n, uint64_t len)
{
	if (len % DISK_SECTOR || !in_range(blk, sector, len) ||
	    (io->op == DISK_WRITE && blk->disk.read_only))
		return VIRTIO_BLK_S_IOERR;
	io->iov = iov;
	io->n_iov = n;
	io->offset = sector * DISK_SECTOR;
	io->length = len;
	return len ? -1 : VIRTIO_BLK_S_OK;
}

/* Returns the request's status, or -1 when request->io is there to be carried out. */
static int prepare(struct virtio_blk *blk, struct blk_request *request, struct blk_parts *parts)
{
	struct disk_io *io = &request->io;

	request->written = 1;
	io->durable = blk->write_through;
	switch (parts->header.type) {
	case VIRTIO_BLK_T_IN:
		io->op = DISK_READ;
		request->written = parts->in_len + 1;
		return prepare_transfer(blk, io, parts->header.sector, parts->in, parts->n_in,
					parts->in_len);
	case VIRTIO_BLK_T_OUT:
		io->op = DISK_WRITE;
		return prepare_transfer(blk, io, parts->header.sector, parts->out, parts->n_out,
					parts->out_len);
	case VIRTIO_BLK_T_FLUSH:
		io->op = DISK_FLUSH;
		return -1;
	case VIRTIO_BLK_T_DISCARD:
		io->op = DISK_DISCARD;
		return prepare_range(blk, io, parts);
	case VIRTIO_BLK_T_WRITE_ZEROES:
		io->op = DISK_ZERO;
		return prepare_range(blk, io, parts);
	case VIRTIO_BLK_T_GET_ID:
		request->written += iov_write(parts->in, parts->n_in, 0, blk->serial,
					      sizeof(blk->serial));
		return VIRTIO_BLK_S_OK;
	default:
		return VIRTIO_BLK_S_UNSUPP;
	}
}

static void start(struct virtio_blk *blk, struct blk_request *request,
		  const struct virtqueue_chain *chain)
{
	struct blk_parts parts;
	int status;

	if (!take_apart(request, chain, &parts)) {
		virtio_fail(&blk->virtio, QUEUE, "request without header or status");
		request_free(blk, request);
		return;
	}
	request->head = chain->head;
	status = prepare(blk, request, &parts);
	if (status >= 0)
		finish(blk, request, status);
	else if (disk_now(&blk->disk, &request->io))
		finish_io(blk, &request->io);
	else if (!disk_queue(&blk->disk, &request->io))
		disk_list_add(&blk->waiting, &request->io);
}

/* Submit what is queued, and finish what ended meanwhile. */
static void exchange(struct virtio_blk *blk)
{
	struct disk_list done = { 0 };
	struct disk_io *io;

	disk_submit(&blk->disk, &blk->waiting);
	disk_reap(&blk->disk, false, &done, &blk->waiting);
	while ((io = disk_list_take(&done)))
		finish_io(blk, io);
}

static void notify(struct virtio_device *device, unsigned int index)
{
	struct virtio_blk *blk = of_device(device);
	struct virtqueue *queue = &device->queues[QUEUE];
	unsigned int budget = REQUESTS_A_TURN;
	struct virtqueue_chain chain;

	virtqueue_notify_off(queue);
	do {
		/* As many requests as the queue has entries: one is free when a chain is. */
		while (budget && request_next(blk) &&
		       virtio_pop(device, QUEUE, &chain, blk->free->iov)) {
			start(blk, request_take(blk), &chain);
			budget--;
		}
		/* None free and more to come: only a driver that breaks the rules. */
	} while (budget && virtio_queue_live(device, QUEUE) && virtqueue_notify_on(queue) &&
		 request_next(blk));
	exchange(blk);
	virtio_publish(device, QUEUE);
	/* Other vCPUs may add as fast as this one serves: it has its own guest to run. */
	blk->served_in_part = !budget;
	if (blk->waiting.head || blk->served_in_part)
		virtio_defer(device);
}

static void wait_for(struct virtio_blk *blk, struct disk_io *io)
{
	blk->waited_for = true;
	pthread_mutex_unlock(&blk->virtio.lock);
	disk_wait(&blk->disk, io);
	pthread_mutex_lock(&blk->virtio.lock);
	blk->waited_for = false;
	pthread_cond_broadcast(&blk->wait_ended);
	finish_io(blk, io);
}

static void deferred(struct virtio_device *device)
{
	struct virtio_blk *blk = of_device(device);
	struct disk_io *io;

	if ((blk->served_in_part || blk->doorbell) && virtio_queue_live(device, QUEUE))
		notify(device, QUEUE);
	exchange(blk);
	virtio_publish(device, QUEUE);
	for (int i = 0; i < WAITS_A_TURN && (io = disk_list_take(&blk->waiting)); i++) {
		wait_for(blk, io);
		virtio_publish(device, QUEUE);
	}
	if (blk->waiting.head)
		virtio_defer(device);
}

static void drop(struct virtio_blk *blk, struct disk_list *list)
{
	struct disk_io *io;

	while ((io = disk_list_take(list)))
		request_free(blk, (struct blk_request *)io);
}

static void quiesce(struct virtio_device *device)
{
	struct virtio_blk *blk = of_device(device);

	blk->served_in_part = false;
	drop(blk, &blk->waiting);
	drop(blk, &blk->disk.queued);
	while (blk->disk.in_flight || blk->waited_for) {
		struct disk_list ended = { 0 };

		if (blk->disk.in_flight) {
			disk_reap(&blk->disk, true, &ended, &ended);
			drop(blk, &ended);
		} else {
			pthread_cond_wait(&blk->wait_ended, &device->lock);
		}
	}
}

/* 5.2.5.1: without a way to flush, what is reported as written has to be. */
static void negotiated(struct virtio_device *device, uint64_t features)
{
	struct virtio_blk *blk = of_device(device);

	blk->config.wce = !!(features & 1ull << VIRTIO_BLK_F_FLUSH);
	blk->write_through = !blk->config.wce;
}

static void config_write(struct virtio_device *device, unsigned int offset, unsigned int len,
			 uint64_t value)
{
	struct virtio_blk *blk = of_device(device);

	if (offset != offsetof(struct virtio_blk_config, wce) || len != 1 ||
	    !(device->driver_features & 1ull << VIRTIO_BLK_F_CONFIG_WCE))
		return;
	blk->config.wce = value & 1;
	blk->write_through = !blk->config.wce;
}

static const struct virtio_ops blk_ops = {
	.name		= "virtio-blk",
	.id		= VIRTIO_ID_BLOCK,
	.n_queues	= 1,
	.notify		= notify,
	.deferred	= deferred,
	.negotiated	= negotiated,
	.quiesce	= quiesce,
	.config_write	= config_write,
};

static void config_fill(struct virtio_blk *blk)
{
	uint32_t block = blk->disk.block_size;
	uint32_t per_physical = PHYSICAL_BLOCK / block;

	blk->config = (struct virtio_blk_config) {
		.capacity			= blk->disk.size / DISK_SECTOR,
		.seg_max			= VIRTQUEUE_MAX_SIZE - 2,
		.blk_size			= block,
		.physical_block_exp		= __builtin_ctz(per_physical),
		.min_io_size			= per_physical,
		.wce				= 1,
		.max_discard_sectors		= MAX_RANGE_SECTORS,
		.max_discard_seg		= 1,
		.discard_sector_alignment	= block / DISK_SECTOR,
		.max_write_zeroes_sectors	= MAX_RANGE_SECTORS,
		.max_write_zeroes_seg		= 1,
		.write_zeroes_may_unmap		= 1,
	};
}

/* The end of the file's name, which is what tells images apart. */
static void serial_fill(struct virtio_blk *blk, const struct disk_config *config)
{
	const char *slash = memrchr(config->path, '/', config->path_len);
	const char *name = slash ? slash + 1 : config->path;
	size_t len = config->path + config->path_len - name;

	memcpy(blk->serial, name, len < sizeof(blk->serial) ? len : sizeof(blk->serial));
}

static uint64_t blk_features(const struct virtio_blk *blk)
{
	uint64_t features = 1ull << VIRTIO_BLK_F_SEG_MAX | 1ull << VIRTIO_BLK_F_BLK_SIZE |
			    1ull << VIRTIO_BLK_F_TOPOLOGY | 1ull << VIRTIO_BLK_F_FLUSH |
			    1ull << VIRTIO_BLK_F_CONFIG_WCE;

	if (blk->disk.read_only)
		return features | 1ull << VIRTIO_BLK_F_RO;
	return features | 1ull << VIRTIO_BLK_F_DISCARD | 1ull << VIRTIO_BLK_F_WRITE_ZEROES;
}

/*
 * Where there is a CPU to spare, the loop serves the queue while the vCPU goes
 * on in its guest, and half of the exits to user space are saved. On a single
 * CPU the two switches between the threads cost more than the exit (a read of
 * 4 KiB from memory took 32.1 thousand instructions instead of 27.1).
 */
static void take_doorbell(struct virtio_blk *blk)
{
	const struct device_env *env = &blk->virtio.env;
	uint64_t gpa = env->slot.gpa + VIRTIO_MMIO_QUEUE_NOTIFY;
	cpu_set_t cpus;

	blk->doorbell = !sched_getaffinity(0, sizeof(cpus), &cpus) && CPU_COUNT(&cpus) > 1 &&
			!bus_doorbell(env->bus, gpa, QUEUE, blk->virtio.work.fd);
}

static int blk_create(const struct device_env *env, void **out, struct error *err)
{
	const struct disk_config *config = &env->config->devices.disks[env->slot.index];
	struct virtio_blk *blk = calloc(1, sizeof(*blk));
	int ret;

	if (blk)
		blk->requests = calloc(VIRTQUEUE_MAX_SIZE, sizeof(*blk->requests));
	if (!blk || !blk->requests) {
		free(blk);
		return error_set(err, TALLY_EXIT_SOFTWARE, ENOMEM, "no memory for a disk");
	}
	ret = disk_open(&blk->disk, config, err);
	if (ret < 0)
		goto free_blk;
	config_fill(blk);
	serial_fill(blk, config);
	pthread_cond_init(&blk->wait_ended, NULL);
	ret = virtio_init(&blk->virtio, &blk_ops, env, blk_features(blk), &blk->config,
			  sizeof(blk->config), err);
	if (ret < 0)
		goto close_disk;
	disk_start(&blk->disk, config, blk->virtio.work.fd, VIRTQUEUE_MAX_SIZE);
	take_doorbell(blk);
	*out = blk;
	return 0;

close_disk:
	pthread_cond_destroy(&blk->wait_ended);
	disk_close(&blk->disk);
free_blk:
	free(blk->requests);
	free(blk);
	return ret;
}

static void blk_destroy(void *device)
{
	struct virtio_blk *blk = device;

	virtio_fini(&blk->virtio);
	disk_close(&blk->disk);
	pthread_cond_destroy(&blk->wait_ended);
	free(blk->requests);
	free(blk);
}

const struct device_model virtio_blk_model = {
	.name		= "virtio-blk",
	.options	= &disk_options,
	.size		= VIRTIO_MMIO_SIZE,
	.trigger	= IRQ_EDGE_RISING,
	.count		= disk_count,
	.fdt		= virtio_fdt,
	.check		= disk_check,
	.create		= blk_create,
	.destroy	= blk_destroy,
};

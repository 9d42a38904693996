// SPDX-License-Identifier: GPL-2.0-only
/* Transfers to and from a disk image: at once, through the kernel's queue, or waiting. */
#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <linux/fs.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "disk.h"
#include "log.h"
#include "virtqueue.h"

#define BATCH		64		/* transfers for one io_submit() */
#define BOUNCE_BYTES	(1u << 20)
#define ZERO_BYTES	(1u << 16)

void disk_list_add(struct disk_list *list, struct disk_io *io)
{
	io->next = NULL;
	if (list->head)
		list->tail->next = io;
	else
		list->head = io;
	list->tail = io;
}

struct disk_io *disk_list_take(struct disk_list *list)
{
	struct disk_io *io = list->head;

	if (io)
		list->head = io->next;
	return io;
}

static int write_flags(const struct disk *disk, const struct disk_io *io)
{
	return io->durable && !disk->in_memory ? RWF_DSYNC : 0;
}

static ssize_t transfer(const struct disk *disk, const struct disk_io *io,
			const struct iovec *iov, unsigned int n, uint64_t offset, int flags)
{
	ssize_t done;

	do {
		done = io->op == DISK_READ ? preadv2(disk->fd, iov, n, offset, flags) :
		       pwritev2(disk->fd, iov, n, offset, flags | write_flags(disk, io));
	} while (done < 0 && errno == EINTR);
	return done < 0 ? -errno : done;
}

bool disk_now(struct disk *disk, struct disk_io *io)
{
	bool *nowait = io->op == DISK_READ ? &disk->nowait_read : &disk->nowait_write;
	ssize_t done;

	io->result = 0;
	if (io->op == DISK_FLUSH)
		return disk->in_memory || disk->read_only;
	if (io->op != DISK_READ && io->op != DISK_WRITE)
		return false;
	if (disk->direct || (!disk->in_memory && (!*nowait || io->durable)))
		return false;
	done = transfer(disk, io, io->iov, io->n_iov, io->offset,
			disk->in_memory ? 0 : RWF_NOWAIT);
	if (done == -EOPNOTSUPP || done == -EINVAL)
		*nowait = false;
	/* A part, or nothing: the whole of it again by a thread that may wait. */
	return done == (ssize_t)io->length;
}

static bool aligned(const struct disk *disk, const struct disk_io *io)
{
	uintptr_t bits = io->offset;

	for (unsigned int i = 0; i < io->n_iov; i++)
		bits |= (uintptr_t)io->iov[i].iov_base | io->iov[i].iov_len;
	return !(bits & (disk->block_size - 1));
}

/*
 * The kernel's queue, made when the first transfer needs it: a host has room for
 * few of them (fs.aio-max-nr), and each takes time to go. Many disks need none.
 */
static bool have_queue(struct disk *disk)
{
	int ret;

	if (disk->aio || !disk->queue_max)
		return disk->aio;
	ret = io_setup(disk->queue_max, &disk->aio);
	if (!ret)
		return true;
	/* Slower, but the guest goes on; the next one would most likely fail as well. */
	disk->aio = NULL;
	disk->queue_max = 0;
	log_warning("disk '%.*s': no asynchronous I/O (%s%s): it is slower",
		    (int)disk->config->path_len, disk->config->path, strerror(-ret),
		    ret == -EAGAIN ? "; sysctl fs.aio-max-nr" : "");
	return false;
}

bool disk_queue(struct disk *disk, struct disk_io *io)
{
	bool past_cache = disk->direct && (io->op == DISK_READ || io->op == DISK_WRITE);

	if (!(io->op == DISK_FLUSH || (past_cache && aligned(disk, io))) || !have_queue(disk))
		return false;
	if (io->op == DISK_FLUSH)
		io_prep_fdsync(&io->iocb, disk->fd);
	else if (io->op == DISK_READ)
		io_prep_preadv(&io->iocb, disk->fd, io->iov, io->n_iov, io->offset);
	else
		io_prep_pwritev2(&io->iocb, disk->fd, io->iov, io->n_iov, io->offset,
				 write_flags(disk, io));
	io_set_eventfd(&io->iocb, disk->event_fd);
	io->iocb.data = io;
	disk_list_add(&disk->queued, io);
	return true;
}

void disk_submit(struct disk *disk, struct disk_list *refused)
{
	while (disk->queued.head) {
		struct iocb *batch[BATCH];
		int n = 0, submitted;

		for (struct disk_io *io = disk->queued.head; io && n < BATCH; io = io->next)
			batch[n++] = &io->iocb;
		submitted = io_submit(disk->aio, n, batch);
		if (submitted == -EAGAIN && disk->in_flight)
			return;
		/* An error is that of the first one alone. */
		if (submitted <= 0)
			disk_list_add(refused, disk_list_take(&disk->queued));
		for (int i = 0; i < submitted; i++) {
			disk_list_take(&disk->queued);
			disk->in_flight++;
		}
	}
}

static void ended(const struct io_event *event, struct disk_list *done,
		  struct disk_list *refused)
{
	struct disk_io *io = event->data;
	long result = (long)event->res;
	uint64_t expected = io->op == DISK_FLUSH ? 0 : io->length;

	io->result = result < 0 ? (int)result : 0;
	if ((result >= 0 && (uint64_t)result != expected) || result == -EINVAL ||
	    result == -EAGAIN || result == -EOPNOTSUPP)
		disk_list_add(refused, io);
	else
		disk_list_add(done, io);
}

void disk_reap(struct disk *disk, bool wait, struct disk_list *done, struct disk_list *refused)
{
	struct io_event events[BATCH];
	struct timespec at_once = { 0, 0 };

	while (disk->in_flight) {
		int n = io_getevents(disk->aio, wait, BATCH, events, wait ? NULL : &at_once);

		if (n == -EINTR)
			continue;
		if (n <= 0)
			return;
		for (int i = 0; i < n; i++)
			ended(&events[i], done, refused);
		disk->in_flight -= n;
		wait = false;
	}
}

/* Through the page cache: as often as it takes. */
static int transfer_all(const struct disk *disk, const struct disk_io *io)
{
	struct iovec copy[DISK_MAX_IOV], *iov = copy;
	unsigned int n = io->n_iov;
	uint64_t offset = io->offset;

	memcpy(copy, io->iov, n * sizeof(*iov));
	while (n) {
		ssize_t done = transfer(disk, io, iov, n, offset, 0);

		if (done <= 0)
			return done < 0 ? (int)done : -EIO;
		offset += done;
		n = iov_skip(&iov, n, done);
	}
	return 0;
}

/* All @len bytes of an aligned buffer. */
static int transfer_buffer(const struct disk *disk, enum disk_op op, bool durable, char *buffer,
			   size_t len, uint64_t offset)
{
	struct iovec iov = { buffer, len };
	struct disk_io io = {
		.op = op, .durable = durable, .offset = offset, .length = len,
		.iov = &iov, .n_iov = 1,
	};

	return transfer_all(disk, &io);
}

/*
 * Past the page cache, through a buffer that is aligned as that needs. A guest
 * that does not heed the block size is served too: the blocks at both ends are
 * then read, and for a write changed and written back.
 */
static int transfer_bounced(const struct disk *disk, const struct disk_io *io)
{
	uint64_t mask = disk->block_size - 1, done = 0;
	void *bounce;
	int ret = 0;

	if (posix_memalign(&bounce, 4096, BOUNCE_BYTES))
		return -ENOMEM;
	while (done < io->length && !ret) {
		uint64_t at = io->offset + done, start = at & ~mask;
		uint64_t end = (io->offset + io->length + mask) & ~mask, part;
		char *data = (char *)bounce + (at - start);

		if (end - start > BOUNCE_BYTES)
			end = start + BOUNCE_BYTES;
		part = end - at < io->length - done ? end - at : io->length - done;
		if (io->op == DISK_READ || start != at || end != at + part)
			ret = transfer_buffer(disk, DISK_READ, false, bounce, end - start, start);
		if (ret)
			break;
		if (io->op == DISK_READ) {
			iov_write(io->iov, io->n_iov, done, data, part);
		} else {
			iov_read(io->iov, io->n_iov, done, data, part);
			ret = transfer_buffer(disk, DISK_WRITE, io->durable, bounce, end - start,
					      start);
		}
		done += part;
	}
	free(bounce);
	return ret;
}

static int allocate(const struct disk *disk, const struct disk_io *io, int mode)
{
	int ret;

	do {
		ret = fallocate(disk->fd, mode | FALLOC_FL_KEEP_SIZE, io->offset, io->length);
	} while (ret < 0 && errno == EINTR);
	return ret < 0 ? -errno : 0;
}

/* Only a hint: where it isn't possible, the contents simply stay. */
static int discard(const struct disk *disk, const struct disk_io *io)
{
	uint64_t range[2] = { io->offset, io->length };
	int ret;

	if (disk->block_device)
		ret = ioctl(disk->fd, BLKDISCARD, range) < 0 ? -errno : 0;
	else
		ret = allocate(disk, io, FALLOC_FL_PUNCH_HOLE);
	return ret == -EOPNOTSUPP || ret == -ENOTTY || ret == -EINVAL ? 0 : ret;
}

static int write_zeroes(const struct disk *disk, const struct disk_io *io)
{
	static char zeroes[ZERO_BYTES];		/* nobody writes to it */
	uint64_t left = io->length;
	int ret = 0;

	while (left && !ret) {
		struct iovec iov[DISK_MAX_IOV];
		struct disk_io part = {
			.op = DISK_WRITE, .durable = io->durable,
			.offset = io->offset + io->length - left, .iov = iov,
		};

		while (part.n_iov < DISK_MAX_IOV && part.length < left) {
			uint64_t len = left - part.length < ZERO_BYTES ? left - part.length :
				       ZERO_BYTES;

			iov[part.n_iov++] = (struct iovec) { zeroes, len };
			part.length += len;
		}
		ret = disk->direct ? transfer_bounced(disk, &part) : transfer_all(disk, &part);
		left -= part.length;
	}
	return ret;
}

/* A hole reads as zeroes; of a block device the kernel then makes sure. */
static int zero(const struct disk *disk, const struct disk_io *io)
{
	int ret = -EOPNOTSUPP;

	if (io->unmap)
		ret = allocate(disk, io, FALLOC_FL_PUNCH_HOLE);
	if (ret)
		ret = allocate(disk, io, FALLOC_FL_ZERO_RANGE);
	if (ret)
		return write_zeroes(disk, io);
	return io->durable && fdatasync(disk->fd) < 0 ? -errno : 0;
}

void disk_wait(const struct disk *disk, struct disk_io *io)
{
	switch (io->op) {
	case DISK_READ:
	case DISK_WRITE:
		io->result = disk->direct ? transfer_bounced(disk, io) : transfer_all(disk, io);
		break;
	case DISK_FLUSH:
		io->result = fdatasync(disk->fd) < 0 ? -errno : 0;
		break;
	case DISK_DISCARD:
		io->result = discard(disk, io);
		break;
	case DISK_ZERO:
		io->result = zero(disk, io);
		break;
	}
}

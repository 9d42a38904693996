/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A raw disk image or block device of the host, and transfers to and from it.
 *
 * A transfer is tried in three ways, the cheapest first:
 * disk_now() does it at once where nothing has to be waited for: the data is in
 * the page cache, or the file system is memory. One system call, no other thread.
 * disk_queue() and disk_submit() give it to the kernel (libaio), many by one call:
 * transfers past the page cache, and flushes. On a file in the page cache
 * io_submit() waits itself, so nothing would be won there.
 * disk_wait() does it and waits, on a thread that may.
 *
 * No locks here; but disk_wait() may run beside the other functions.
 */
#ifndef TALLY_DISK_H
#define TALLY_DISK_H

#include <libaio.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/uio.h>

#include "config.h"
#include "error.h"
#include "option.h"

#define DISK_SECTOR	512u
#define DISK_MAX_IOV	256		/* segments of a transfer */

enum disk_op {
	DISK_READ,
	DISK_WRITE,
	DISK_FLUSH,
	DISK_DISCARD,		/* the contents are not needed any more */
	DISK_ZERO,
};

struct disk_io {
	enum disk_op	op;
	bool		durable;	/* DISK_WRITE: on stable storage when done */
	bool		unmap;		/* DISK_ZERO: may deallocate */
	uint64_t	offset;		/* bytes; the caller keeps it within the disk */
	uint64_t	length;		/* bytes, the sum of @iov for reads and writes */
	struct iovec	*iov;
	unsigned int	n_iov;
	int		result;		/* 0 or a negative errno */
	struct iocb	iocb;
	struct disk_io	*next;		/* in one list at a time */
};

struct disk_list {
	struct disk_io	*head;
	struct disk_io	*tail;
};

struct disk {
	int			fd;
	uint64_t		size;		/* bytes, a multiple of the block size */
	uint32_t		block_size;	/* unit of transfers, >= DISK_SECTOR */
	bool			read_only;
	bool			direct;		/* past the page cache */
	bool			block_device;
	bool			in_memory;	/* nothing below that could be waited for */
	bool			nowait_read;	/* RWF_NOWAIT has not been refused so far */
	bool			nowait_write;
	const struct disk_config *config;	/* borrowed; of what was started */
	int			event_fd;	/* signalled when a submitted transfer ends */
	unsigned int		queue_max;	/* at most so many in flight; 0: no queue */
	io_context_t		aio;		/* NULL until the first transfer for it */
	unsigned int		in_flight;	/* submitted, not reaped */
	struct disk_list	queued;
};

/* --disk, and what it adds to the machine (struct device_model). */
extern const struct option_group disk_options;
unsigned int disk_count(const struct config *config);
int disk_check(const struct config *config, unsigned int index, struct error *err);

void disk_list_add(struct disk_list *list, struct disk_io *io);
struct disk_io *disk_list_take(struct disk_list *list);

/*
 * Open and check. Errors are TALLY_EXIT_NOINPUT and name the file. The owner
 * calls disk_close().
 */
int disk_open(struct disk *disk, const struct disk_config *config, struct error *err);
/* Make ready for disk_queue(): @config and @event_fd are borrowed, at most @max in flight. */
void disk_start(struct disk *disk, const struct disk_config *config, int event_fd,
		unsigned int max);
void disk_close(struct disk *disk);		/* nothing may be in flight */

/* True when it is done, false when it would have to wait. */
bool disk_now(struct disk *disk, struct disk_io *io);
/* False when this transfer is not one for the kernel's queue, or the kernel has none left. */
bool disk_queue(struct disk *disk, struct disk_io *io);
/*
 * Submit what was queued. What the kernel has no room for stays queued while
 * others are in flight: call again when one has ended. What it refuses goes to
 * @refused, for disk_wait().
 */
void disk_submit(struct disk *disk, struct disk_list *refused);
/*
 * Submitted transfers that have ended; with @wait, at least one if any is in
 * flight. Some may need disk_wait() for the rest (a short transfer): @refused.
 */
void disk_reap(struct disk *disk, bool wait, struct disk_list *done, struct disk_list *refused);
/* Do it, however long it takes. */
void disk_wait(const struct disk *disk, struct disk_io *io);

#endif

// SPDX-License-Identifier: GPL-2.0-only
/* The --disk option; opening a disk image and finding out what it can do. */
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "disk.h"

#define BLOCK_MAX	4096u

static int disk_error(const struct disk_config *config, int errnum, const char *what,
		      struct error *err)
{
	return error_set(err, TALLY_EXIT_NOINPUT, errnum, "disk '%.*s': %s",
			 (int)config->path_len, config->path, what);
}

/* A disk that can't be opened for writing, but for reading, deserves a hint. */
static int open_error(const struct disk_config *config, const char *path, int errnum,
		      struct error *err)
{
	if (!config->read_only && (errnum == EACCES || errnum == EROFS || errnum == EPERM) &&
	    access(path, R_OK) == 0)
		return error_set(err, TALLY_EXIT_NOINPUT, errnum,
				 "disk '%s' can't be written (%s); a disk that is only read is "
				 "given as '%s,ro'", path, strerror(errnum), path);
	return disk_error(config, errnum, strerror(errnum), err);
}

static int disk_open_fd(const struct disk_config *config, struct stat *st, struct error *err)
{
	char *path = strndup(config->path, config->path_len);
	int flags = (config->read_only ? O_RDONLY : O_RDWR) | O_CLOEXEC;
	int fd = -1, ret;

	if (!path)
		return error_set(err, TALLY_EXIT_SOFTWARE, ENOMEM, "no memory for a disk");
	if (stat(path, st) < 0) {
		ret = disk_error(config, errno, strerror(errno), err);
	} else if (!S_ISREG(st->st_mode) && !S_ISBLK(st->st_mode)) {
		ret = disk_error(config, EINVAL, "neither a regular file nor a block device", err);
	} else {
		/* On a block device, O_EXCL refuses one that is mounted. */
		if (S_ISBLK(st->st_mode) && !config->read_only)
			flags |= O_EXCL;
		fd = open(path, flags);
		ret = fd < 0 ? open_error(config, path, errno, err) : 0;
	}
	free(path);
	return ret < 0 ? ret : fd;
}

/* The smallest aligned transfer that works past the page cache; 0 when none does. */
static uint32_t probe_block_size(int fd)
{
	uint32_t size;
	void *buffer;

	if (posix_memalign(&buffer, BLOCK_MAX, BLOCK_MAX))
		return 0;
	/* An address that is aligned to no more than the size tells about both. */
	for (size = DISK_SECTOR; size <= BLOCK_MAX; size *= 2) {
		void *at = (char *)buffer + (size < BLOCK_MAX ? size : 0);

		if (pread(fd, at, size, 0) >= 0)
			break;
	}
	free(buffer);
	return size <= BLOCK_MAX ? size : 0;
}

static bool is_in_memory(int fd)
{
	struct statfs fs;

	if (fstatfs(fd, &fs) < 0)
		return false;
	return fs.f_type == TMPFS_MAGIC || fs.f_type == RAMFS_MAGIC;
}

static int disk_examine(struct disk *disk, const struct disk_config *config,
			const struct stat *st, struct error *err)
{
	disk->block_device = S_ISBLK(st->st_mode);
	disk->size = st->st_size;
	if (disk->block_device && ioctl(disk->fd, BLKGETSIZE64, &disk->size) < 0)
		return disk_error(config, errno, strerror(errno), err);
	disk->in_memory = !disk->block_device && is_in_memory(disk->fd);
	/* Where the file is memory there is nothing to go past. */
	disk->direct = config->direct && !disk->in_memory;
	if (disk->direct) {
		if (fcntl(disk->fd, F_SETFL, O_DIRECT) < 0)
			return disk_error(config, errno,
					  "'direct' is not possible on its file system", err);
		disk->block_size = probe_block_size(disk->fd);
		if (!disk->block_size)
			return disk_error(config, EIO, "can't be read with 'direct'", err);
	}
	if (!disk->size)
		return disk_error(config, EINVAL, "is empty", err);
	if (disk->size % disk->block_size)
		return error_set(err, TALLY_EXIT_NOINPUT, EINVAL,
				 "disk '%.*s': its size of %llu bytes is not a multiple of %u",
				 (int)config->path_len, config->path,
				 (unsigned long long)disk->size, disk->block_size);
	return 0;
}

int disk_open(struct disk *disk, const struct disk_config *config, struct error *err)
{
	struct stat st = { 0 };
	int ret;

	*disk = (struct disk) {
		.block_size	= DISK_SECTOR,
		.read_only	= config->read_only,
		.nowait_read	= true,
		.nowait_write	= true,
		.event_fd	= -1,
	};
	disk->fd = disk_open_fd(config, &st, err);
	if (disk->fd < 0)
		return disk->fd;
	ret = disk_examine(disk, config, &st, err);
	if (ret < 0)
		disk_close(disk);
	return ret;
}

void disk_start(struct disk *disk, const struct disk_config *config, int event_fd,
		unsigned int max)
{
	disk->config = config;
	disk->event_fd = event_fd;
	disk->queue_max = max;
}

void disk_close(struct disk *disk)
{
	if (disk->aio)
		io_destroy(disk->aio);
	close(disk->fd);
}

unsigned int disk_count(const struct config *config)
{
	return config->devices.n_disks;
}

int disk_check(const struct config *config, unsigned int index, struct error *err)
{
	struct disk disk;
	int ret = disk_open(&disk, &config->devices.disks[index], err);

	if (!ret)
		disk_close(&disk);
	return ret;
}

/* FILE[,ro][,direct]: as in lkvm, a comma ends the file's name. */
static int parse_disk(struct config *config, const struct option_row *row, const char *value,
		      struct error *err)
{
	struct device_config *devices = &config->devices;
	struct disk_config disk = { .path = value, .path_len = strcspn(value, ",") };
	const char *at = value + disk.path_len;
	struct disk_config *disks;

	if (!disk.path_len)
		return option_bad_value(row, value, err, "no file name");
	while (*at) {
		size_t len = strcspn(++at, ",");

		if (len == 2 && !strncmp(at, "ro", len))
			disk.read_only = true;
		else if (len == 6 && !strncmp(at, "direct", len))
			disk.direct = true;
		else
			return option_bad_value(row, value, err,
						"'%.*s' is neither 'ro' nor 'direct'",
						(int)len, at);
		at += len;
	}
	disks = realloc(devices->disks, (devices->n_disks + 1) * sizeof(*disks));
	if (!disks)
		return error_set(err, TALLY_EXIT_SOFTWARE, ENOMEM, "no memory for --disk");
	disks[devices->n_disks++] = disk;
	devices->disks = disks;
	return 0;
}

static const struct option_row disk_rows[] = {
	{ "disk", 'd', OPTION_REQUIRED, "FILE[,ro][,direct]",
	  "give the guest a disk: a raw image or a block device (may be repeated)", parse_disk, 0 },
	{ 0 },
};

const struct option_group disk_options = { "Disks", disk_rows };

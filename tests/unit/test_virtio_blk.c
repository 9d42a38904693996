// SPDX-License-Identifier: GPL-2.0-only
/*
 * The block device on real files: through the page cache, past it, and on a file
 * system that is memory. The system calls below it can be made to fail or wait.
 */
#include <errno.h>
#include <fcntl.h>
#include <libaio.h>
#include <linux/magic.h>
#include <linux/virtio_blk.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

#include "unit.h"
#include "virtio_driver.h"

#define SIZE		(8u << 20)
#define SECTORS		(SIZE / 512)
#define HEADERS		DRIVER_DATA
#define STATUSES	(DRIVER_DATA + 0x10000)
#define BUFFERS		(DRIVER_DATA + 0x100000)
#define UNTOUCHED	0x77

static struct driver driver;
static struct config config;
static struct disk_config disks[1];
static char path[256];

/* What the kernel is made to do. */
static atomic_int submit_most;		/* of one io_submit(); -1: no limit; 0: EAGAIN */
static atomic_int submit_eagain;	/* so many calls fail with EAGAIN */
static atomic_bool submit_alternates;	/* every second call fails with EAGAIN */
static atomic_int submit_calls, submitted;
static atomic_uint direct_block;	/* smallest read past the page cache that works */
static atomic_int setup_error;
static atomic_int setup_calls, destroy_calls;
static atomic_int transfer_ms;		/* how long a transfer that may wait takes */
static atomic_bool nothing_cached;	/* RWF_NOWAIT always fails */
static atomic_int transfers, last_flags;
static atomic_bool in_transfer;

int io_submit(io_context_t ctx, long n, struct iocb **iocbs)
{
	long ret;

	if (submit_alternates && submit_calls++ % 2)
		return -EAGAIN;
	submit_calls += !submit_alternates;
	if (submit_eagain > 0) {
		submit_eagain--;
		return -EAGAIN;
	}
	if (submit_most >= 0 && n > submit_most)
		n = submit_most;
	if (n)
		last_flags = iocbs[0]->aio_rw_flags;
	ret = n ? syscall(SYS_io_submit, ctx, n, iocbs) : -1;
	if (ret > 0)
		submitted += ret;
	return !n ? -EAGAIN : ret < 0 ? -errno : ret;
}

int io_setup(int n, io_context_t *ctx)
{
	setup_calls++;
	if (setup_error)
		return -setup_error;
	return syscall(SYS_io_setup, n, ctx) < 0 ? -errno : 0;
}

int io_destroy(io_context_t ctx)
{
	destroy_calls++;
	return syscall(SYS_io_destroy, ctx) < 0 ? -errno : 0;
}

static ssize_t slow(long call, int fd, const struct iovec *iov, int n, off_t offset, int flags)
{
	const struct timespec wait = { .tv_nsec = transfer_ms * 1000000L };
	ssize_t ret;

	if (nothing_cached && (flags & RWF_NOWAIT)) {
		errno = EAGAIN;
		return -1;
	}
	transfers++;
	last_flags = flags;
	in_transfer = true;
	if (wait.tv_nsec)
		nanosleep(&wait, NULL);
	ret = syscall(call, fd, iov, n, offset, 0, flags);
	in_transfer = false;
	return ret;
}

ssize_t preadv2(int fd, const struct iovec *iov, int n, off_t offset, int flags)
{
	return slow(SYS_preadv2, fd, iov, n, offset, flags);
}

ssize_t pwritev2(int fd, const struct iovec *iov, int n, off_t offset, int flags)
{
	return slow(SYS_pwritev2, fd, iov, n, offset, flags);
}

/* That is how the device finds out about the block size. */
ssize_t pread(int fd, void *buffer, size_t len, off_t offset)
{
	if (len < direct_block) {
		errno = EINVAL;
		return -1;
	}
	return syscall(SYS_pread64, fd, buffer, len, offset);
}

static unsigned char pattern(uint64_t offset)
{
	return offset / 512 * 7 + offset % 251 + 1;
}

static void file_create(const char *directory, off_t size)
{
	unsigned char block[4096];
	int fd;

	snprintf(path, sizeof(path), "%s/tally-test-%d.img", directory, getpid());
	fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
	assert_true(fd >= 0);
	for (off_t at = 0; at < size; at += sizeof(block)) {
		for (unsigned int i = 0; i < sizeof(block); i++)
			block[i] = pattern(at + i);
		assert_int_equal(write(fd, block, sizeof(block)), sizeof(block));
	}
	close(fd);
}

static void file_read(uint64_t offset, void *buffer, size_t len)
{
	int fd = open(path, O_RDONLY);

	assert_int_equal(pread(fd, buffer, len, offset), len);
	close(fd);
}

static void kernel_is_kind(void)
{
	submit_most = -1;
	submit_eagain = 0;
	submit_calls = 0;
	submitted = 0;
	submit_alternates = false;
	direct_block = 0;
	setup_error = 0;
	setup_calls = 0;
	destroy_calls = 0;
	transfer_ms = 0;
	nothing_cached = false;
	transfers = 0;
}

struct backing {
	const char	*name;
	bool		memory;
	bool		direct;
	bool		read_only;
};

static const struct backing cached = { "cached", false, false, false };
static const struct backing direct = { "direct", false, true, false };
static const struct backing memory = { "memory", true, false, false };
static const struct backing read_only = { "read only", false, false, true };

/* A file system that isn't memory, or NULL. */
static const char *disk_directory(void)
{
	static const char *const candidates[] = { "/tmp", "/var/tmp", "." };
	struct statfs fs;

	for (size_t i = 0; i < ARRAY_SIZE(candidates); i++) {
		if (!statfs(candidates[i], &fs) && fs.f_type != TMPFS_MAGIC &&
		    fs.f_type != RAMFS_MAGIC && fs.f_type != OVERLAYFS_SUPER_MAGIC)
			return candidates[i];
	}
	return NULL;
}

/* True when this host can have a file of this kind; opens it as the disk. */
static bool start(const struct backing *backing, unsigned int queue_size)
{
	const char *directory = backing->memory ? "/dev/shm" : disk_directory();
	struct error err = { 0 };

	if (!directory || access(directory, W_OK))
		return false;
	file_create(directory, SIZE);
	disks[0] = (struct disk_config) {
		path, strlen(path), backing->read_only, backing->direct,
	};
	config.devices.disks = disks;
	config.devices.n_disks = 1;
	assert_done(driver_start(&driver, &virtio_blk_model, &config, &err), &err);
	driver_up(&driver, -1ull, 1, queue_size);
	return true;
}

static void finish(void)
{
	driver_stop(&driver);
	unlink(path);
}

static int setup(void **state)
{
	kernel_is_kind();
	return start(*state, 256) ? 0 : -1;
}

static int teardown(void **state)
{
	finish();
	return 0;
}

/* A disk of 4 KiB blocks. */
static int setup_4k(void **state)
{
	int ret;

	kernel_is_kind();
	direct_block = 4096;
	ret = start(*state, 256) ? 0 : -1;
	direct_block = 0;
	return ret;
}

static unsigned char *statuses(void)
{
	return ram(&driver, STATUSES);
}

/* Make request @i available: data at @gpa, for the device to write if @in. */
static uint16_t add(unsigned int i, uint32_t type, uint64_t sector, uint64_t gpa, uint32_t len,
		    bool in)
{
	struct virtio_blk_outhdr header = { .type = type, .sector = sector };
	struct segment segments[3] = {
		{ HEADERS + 16 * i, 16, false }, { gpa, len, in }, { STATUSES + i, 1, true },
	};

	memcpy(ram(&driver, HEADERS + 16 * i), &header, sizeof(header));
	statuses()[i] = UNTOUCHED;
	if (!len)
		segments[1] = segments[2];
	return driver_add(&driver, 0, segments, len ? 3 : 2);
}

static struct vring_used_elem elem;

/* One request from beginning to end; its status. */
static int request(uint32_t type, uint64_t sector, uint64_t gpa, uint32_t len, bool in)
{
	uint16_t head = add(0, type, sector, gpa, len, in);

	driver_kick(&driver, 0);
	assert_true(driver_used(&driver, 0, &elem, 5000));
	assert_int_equal(elem.id, head);
	return statuses()[0];
}

static int read_sectors(uint64_t sector, uint64_t gpa, uint32_t len)
{
	return request(VIRTIO_BLK_T_IN, sector, gpa, len, true);
}

static int write_sectors(uint64_t sector, uint64_t gpa, uint32_t len)
{
	return request(VIRTIO_BLK_T_OUT, sector, gpa, len, false);
}

static void check_pattern(uint64_t gpa, uint64_t offset, size_t len)
{
	const unsigned char *data = ram(&driver, gpa);

	for (size_t i = 0; i < len; i++) {
		if (data[i] != pattern(offset + i))
			fail_msg("byte %zu of offset %llu", i, (unsigned long long)offset);
	}
}

static void test_read(void **state)
{
	driver_interrupts();
	assert_int_equal(read_sectors(8, BUFFERS, 4096), VIRTIO_BLK_S_OK);
	assert_int_equal(elem.len, 4097);
	check_pattern(BUFFERS, 8 * 512, 4096);
	assert_int_equal(driver_interrupts(), 1);
	assert_int_equal(read_sectors(0, BUFFERS, SIZE), VIRTIO_BLK_S_OK);
	check_pattern(BUFFERS, 0, SIZE);
	assert_int_equal(read_sectors(SECTORS - 8, BUFFERS, 4096), VIRTIO_BLK_S_OK);
	check_pattern(BUFFERS, SIZE - 4096, 4096);
}

static void test_write(void **state)
{
	unsigned char back[12288] = { 0 }, before[1] = { 0 }, after[1] = { 0 };

	memset(ram(&driver, BUFFERS), 0xa5, sizeof(back));
	assert_int_equal(write_sectors(16, BUFFERS, sizeof(back)), VIRTIO_BLK_S_OK);
	assert_int_equal(elem.len, 1);
	assert_int_equal(request(VIRTIO_BLK_T_FLUSH, 0, 0, 0, false), VIRTIO_BLK_S_OK);
	file_read(16 * 512, back, sizeof(back));
	assert_memory_equal(back, ram(&driver, BUFFERS), sizeof(back));
	file_read(16 * 512 - 1, before, 1);
	file_read(16 * 512 + sizeof(back), after, 1);
	assert_int_equal(before[0], pattern(16 * 512 - 1));
	assert_int_equal(after[0], pattern(16 * 512 + sizeof(back)));
	assert_int_equal(read_sectors(16, BUFFERS + 0x10000, sizeof(back)), VIRTIO_BLK_S_OK);
	assert_memory_equal(ram(&driver, BUFFERS + 0x10000), back, sizeof(back));
}

/*
 * 2.7.4.2: how a request is cut into descriptors means nothing. Data at addresses
 * and of sizes that suit no direct access, header and status among it.
 */
static void test_any_segments(void **state)
{
	struct virtio_blk_outhdr header = { .type = VIRTIO_BLK_T_IN, .sector = 24 };
	unsigned char *room = ram(&driver, BUFFERS);
	const struct segment in[] = {
		{ HEADERS, 3, false }, { HEADERS + 0x103, 13, false },
		{ BUFFERS + 1, 1000, true }, { BUFFERS + 0x1003, 24, true },
		{ BUFFERS + 0x2005, 512 * 6 + 1, true },
	};
	const struct segment out[] = {
		{ HEADERS, 15, false }, { BUFFERS + 0x3000 - 1, 1 + 511, false },
		{ BUFFERS + 0x5001, 4096 - 511, false }, { STATUSES, 1, true },
	};
	unsigned char back[4096];

	memcpy(ram(&driver, HEADERS), &header, 3);
	memcpy(ram(&driver, HEADERS + 0x103), (char *)&header + 3, 13);
	room[0x2005 + 512 * 6] = UNTOUCHED;
	driver_add(&driver, 0, in, ARRAY_SIZE(in));
	driver_kick(&driver, 0);
	assert_true(driver_used(&driver, 0, &elem, 5000));
	assert_int_equal(room[0x2005 + 512 * 6], VIRTIO_BLK_S_OK);
	assert_int_equal(elem.len, 4097);
	check_pattern(BUFFERS + 1, 24 * 512, 1000);
	check_pattern(BUFFERS + 0x1003, 24 * 512 + 1000, 24);
	check_pattern(BUFFERS + 0x2005, 26 * 512, 512 * 6);
	assert_int_equal(room[0], 0);

	header = (struct virtio_blk_outhdr) { .type = VIRTIO_BLK_T_OUT, .sector = 40 };
	memcpy(ram(&driver, HEADERS), &header, 15);
	room[0x3000 - 1] = ((unsigned char *)&header)[15];
	memset(room + 0x3000, 0x11, 511);
	memset(room + 0x5001, 0x22, 4096 - 511);
	driver_add(&driver, 0, out, ARRAY_SIZE(out));
	driver_kick(&driver, 0);
	assert_true(driver_used(&driver, 0, &elem, 5000));
	assert_int_equal(statuses()[0], VIRTIO_BLK_S_OK);
	file_read(40 * 512, back, sizeof(back));
	assert_memory_equal(back, room + 0x3000, 511);
	assert_memory_equal(back + 511, room + 0x5001, 4096 - 511);
}

/* More than the bounce buffer holds, at an odd address, from an odd sector. */
static void test_large_and_odd(void **state)
{
	const uint32_t len = (3u << 20) + 512;
	unsigned char *back = malloc(len), *data = ram(&driver, BUFFERS + 7);

	assert_int_equal(read_sectors(3, BUFFERS + 7, len), VIRTIO_BLK_S_OK);
	check_pattern(BUFFERS + 7, 3 * 512, len);
	for (uint32_t i = 0; i < len; i++)
		data[i] = ~pattern(3 * 512 + i);
	assert_int_equal(write_sectors(3, BUFFERS + 7, len), VIRTIO_BLK_S_OK);
	file_read(3 * 512, back, len);
	assert_memory_equal(back, data, len);
	file_read(0, back, 3 * 512);
	assert_int_equal(back[3 * 512 - 1], pattern(3 * 512 - 1));
	file_read(3 * 512 + len, back, 512);
	assert_int_equal(back[0], pattern(3 * 512 + len));
	free(back);
}

/* A guest that takes no notice of the block size: the rest of each block stays as it is. */
static void test_parts_of_blocks(void **state)
{
	static const uint32_t lengths[] = { 512, 1024, 3584, 4096, 8192, 12288 - 512 };
	uint64_t sector = 1;

	assert_int_equal(mmio_get(&driver, 0x100 + offsetof(struct virtio_blk_config, blk_size), 4),
			 4096);
	for (size_t i = 0; i < ARRAY_SIZE(lengths); i++, sector += 38) {
		unsigned char back[12288 + 1024] = { 0 };

		kernel_is_kind();
		assert_int_equal(read_sectors(sector, BUFFERS, lengths[i]), VIRTIO_BLK_S_OK);
		check_pattern(BUFFERS, sector * 512, lengths[i]);
		memset(ram(&driver, BUFFERS), 0, lengths[i]);
		assert_int_equal(write_sectors(sector, BUFFERS, lengths[i]), VIRTIO_BLK_S_OK);
		assert_int_equal(submit_calls, 0);
		file_read((sector - 1) * 512, back, lengths[i] + 1024);
		for (unsigned int j = 0; j < lengths[i] + 1024; j++)
			assert_int_equal(back[j], j < 512 || j >= lengths[i] + 512 ?
					 pattern((sector - 1) * 512 + j) : 0);
	}
}

static void test_refused(void **state)
{
	static const struct {
		uint32_t	type;
		uint64_t	sector;
		uint32_t	len;
		int		status;
	} cases[] = {
		{ VIRTIO_BLK_T_IN, SECTORS, 512, VIRTIO_BLK_S_IOERR },
		{ VIRTIO_BLK_T_IN, SECTORS - 1, 1024, VIRTIO_BLK_S_IOERR },
		{ VIRTIO_BLK_T_IN, -1ull, 512, VIRTIO_BLK_S_IOERR },
		{ VIRTIO_BLK_T_IN, 1ull << 55, 512, VIRTIO_BLK_S_IOERR },
		{ VIRTIO_BLK_T_IN, 0, 511, VIRTIO_BLK_S_IOERR },
		{ VIRTIO_BLK_T_IN, 0, SIZE + 512, VIRTIO_BLK_S_IOERR },
		{ VIRTIO_BLK_T_OUT, SECTORS, 512, VIRTIO_BLK_S_IOERR },
		{ VIRTIO_BLK_T_OUT, -1ull, 512, VIRTIO_BLK_S_IOERR },
		{ VIRTIO_BLK_T_OUT, 0, 100, VIRTIO_BLK_S_IOERR },
		{ VIRTIO_BLK_T_OUT, (1ull << 55) + 4, 512, VIRTIO_BLK_S_IOERR },
		{ 99, 0, 512, VIRTIO_BLK_S_UNSUPP },
		{ VIRTIO_BLK_T_SECURE_ERASE, 0, 16, VIRTIO_BLK_S_UNSUPP },
		{ VIRTIO_BLK_T_DISCARD, 0, 15, VIRTIO_BLK_S_IOERR },
		{ VIRTIO_BLK_T_DISCARD, 0, 32, VIRTIO_BLK_S_IOERR },
		{ VIRTIO_BLK_T_WRITE_ZEROES, 0, 0, VIRTIO_BLK_S_IOERR },
		{ VIRTIO_BLK_T_IN, SECTORS, 0, VIRTIO_BLK_S_OK },
	};
	unsigned char first[512];

	memset(ram(&driver, BUFFERS), 0, 4096);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		bool in = cases[i].type == VIRTIO_BLK_T_IN;
		int status = request(cases[i].type, cases[i].sector, BUFFERS, cases[i].len, in);

		if (status != cases[i].status)
			fail_msg("case %zu: status %d", i, status);
	}
	file_read(0, first, sizeof(first));
	for (unsigned int i = 0; i < sizeof(first); i++)
		assert_int_equal(first[i], pattern(i));
}

static void test_read_only(void **state)
{
	struct virtio_blk_discard_write_zeroes range = { .num_sectors = 1 };

	reg_put(&driver, VIRTIO_MMIO_DEVICE_FEATURES_SEL, 0);
	assert_true(reg_get(&driver, VIRTIO_MMIO_DEVICE_FEATURES) & 1 << VIRTIO_BLK_F_RO);
	assert_false(reg_get(&driver, VIRTIO_MMIO_DEVICE_FEATURES) & 1 << VIRTIO_BLK_F_DISCARD);
	assert_int_equal(read_sectors(8, BUFFERS, 4096), VIRTIO_BLK_S_OK);
	check_pattern(BUFFERS, 8 * 512, 4096);
	assert_int_equal(write_sectors(8, BUFFERS, 512), VIRTIO_BLK_S_IOERR);
	assert_int_equal(request(VIRTIO_BLK_T_FLUSH, 0, 0, 0, false), VIRTIO_BLK_S_OK);
	memcpy(ram(&driver, BUFFERS), &range, sizeof(range));
	assert_int_equal(request(VIRTIO_BLK_T_DISCARD, 0, BUFFERS, 16, false),
			 VIRTIO_BLK_S_IOERR);
	assert_int_equal(request(VIRTIO_BLK_T_WRITE_ZEROES, 0, BUFFERS, 16, false),
			 VIRTIO_BLK_S_IOERR);
}

static void test_identity(void **state)
{
	const char *name = strrchr(path, '/') + 1;
	char id[20];

	memset(ram(&driver, BUFFERS), UNTOUCHED, 64);
	assert_int_equal(request(VIRTIO_BLK_T_GET_ID, 0, BUFFERS, 20, true), VIRTIO_BLK_S_OK);
	for (size_t i = 0; i < sizeof(id); i++)
		id[i] = i < strlen(name) ? name[i] : 0;
	assert_memory_equal(ram(&driver, BUFFERS), id, 20);
	assert_int_equal(*(char *)ram(&driver, BUFFERS + 20), UNTOUCHED);
	assert_int_equal(elem.len, 21);
	/* Room for less than all of it. */
	assert_int_equal(request(VIRTIO_BLK_T_GET_ID, 0, BUFFERS, 3, true), VIRTIO_BLK_S_OK);
	assert_int_equal(elem.len, 4);
}

static int range_request(uint32_t type, uint64_t sector, uint32_t sectors, uint32_t flags)
{
	struct virtio_blk_discard_write_zeroes range = {
		.sector = sector, .num_sectors = sectors, .flags = flags,
	};

	memcpy(ram(&driver, BUFFERS), &range, sizeof(range));
	return request(type, 0, BUFFERS, sizeof(range), false);
}

static void assert_file_byte(uint64_t offset, size_t len, int byte)
{
	unsigned char *data = calloc(1, len);

	assert_non_null(data);
	file_read(offset, data, len);
	for (size_t i = 0; i < len; i++) {
		if (data[i] != (byte < 0 ? pattern(offset + i) : byte))
			fail_msg("offset %llu: %d", (unsigned long long)offset + i, data[i]);
	}
	free(data);
}

static void test_write_zeroes(void **state)
{
	static const uint32_t unmap[] = { 0, VIRTIO_BLK_WRITE_ZEROES_FLAG_UNMAP };

	for (unsigned int i = 0; i < 2; i++) {
		uint64_t sector = 64 + 1024 * i;

		assert_int_equal(range_request(VIRTIO_BLK_T_WRITE_ZEROES, sector, 300, unmap[i]),
				 VIRTIO_BLK_S_OK);
		assert_file_byte(sector * 512 - 512, 512, -1);
		assert_file_byte(sector * 512, 300 * 512, 0);
		assert_file_byte((sector + 300) * 512, 512, -1);
	}
	assert_int_equal(range_request(VIRTIO_BLK_T_WRITE_ZEROES, 0, 1, 2), VIRTIO_BLK_S_UNSUPP);
	assert_int_equal(range_request(VIRTIO_BLK_T_WRITE_ZEROES, SECTORS - 1, 2, 0),
			 VIRTIO_BLK_S_IOERR);
	assert_int_equal(range_request(VIRTIO_BLK_T_WRITE_ZEROES, -1ull, 1, 0),
			 VIRTIO_BLK_S_IOERR);
	assert_int_equal(range_request(VIRTIO_BLK_T_WRITE_ZEROES, 0, 0xffffffff, 0),
			 VIRTIO_BLK_S_IOERR);
	assert_int_equal(range_request(VIRTIO_BLK_T_WRITE_ZEROES, 0, 0, 0), VIRTIO_BLK_S_OK);
	assert_file_byte(0, 512, -1);
}

static void test_discard(void **state)
{
	struct stat before, after;

	stat(path, &before);
	assert_int_equal(range_request(VIRTIO_BLK_T_DISCARD, 2048, 8192, 0), VIRTIO_BLK_S_OK);
	stat(path, &after);
	assert_int_equal(after.st_size, SIZE);
	/* All file systems that the tests are run on have holes. */
	assert_true(after.st_blocks <= before.st_blocks - 8192);
	assert_file_byte(2047 * 512, 512, -1);
	assert_file_byte(10240 * 512, 512, -1);
	assert_int_equal(range_request(VIRTIO_BLK_T_DISCARD, 0, 8,
				       VIRTIO_BLK_WRITE_ZEROES_FLAG_UNMAP), VIRTIO_BLK_S_UNSUPP);
	assert_int_equal(range_request(VIRTIO_BLK_T_DISCARD, SECTORS, 1, 0), VIRTIO_BLK_S_IOERR);
}

/* Many at once, more than are served in one go: each gets its own data. */
static void test_many_in_flight(void **state)
{
	enum { MANY = 84 };		/* of three descriptors each */
	bool seen[256] = { false };

	for (unsigned int round = 0; round < 5; round++) {
		uint16_t heads[MANY];

		for (unsigned int i = 0; i < MANY; i++)
			heads[i] = add(i, VIRTIO_BLK_T_IN, 8 * ((i * 37 + round) % 2000),
				       BUFFERS + 0x2000 * i, 4096, true);
		memset(seen, 0, sizeof(seen));
		driver_kick(&driver, 0);
		for (unsigned int i = 0; i < MANY; i++) {
			assert_true(driver_used(&driver, 0, &elem, 5000));
			assert_false(seen[elem.id]);
			seen[elem.id] = true;
			assert_int_equal(elem.len, 4097);
		}
		for (unsigned int i = 0; i < MANY; i++) {
			assert_true(seen[heads[i]]);
			assert_int_equal(statuses()[i], VIRTIO_BLK_S_OK);
			check_pattern(BUFFERS + 0x2000 * i,
				      4096ull * ((i * 37 + round) % 2000), 4096);
		}
	}
}

/* A guest without event indices, one kick for each; all notifications are heard. */
static void test_many_without_event_idx(void **state)
{
	driver_up(&driver, 0, 1, 16);
	for (unsigned int i = 0; i < 500; i++) {
		assert_int_equal(read_sectors(8 * i, BUFFERS, 4096), VIRTIO_BLK_S_OK);
		check_pattern(BUFFERS, 4096 * i, 4096);
	}
	assert_int_equal(driver_interrupts(), 500);
}

static void test_not_cached(void **state)
{
	nothing_cached = true;
	test_read(state);
	test_many_in_flight(state);
	test_write(state);
}

/* The file became shorter under it. */
static void test_short_file(void **state)
{
	assert_int_equal(truncate(path, SIZE / 2), 0);
	assert_int_equal(read_sectors(SECTORS / 2, BUFFERS, 4096), VIRTIO_BLK_S_IOERR);
	assert_int_equal(elem.len, 0);
	assert_int_equal(read_sectors(SECTORS / 2 - 8, BUFFERS, 8192), VIRTIO_BLK_S_IOERR);
	assert_int_equal(read_sectors(SECTORS / 2 - 8, BUFFERS, 4096), VIRTIO_BLK_S_OK);
}

static void test_malformed(void **state)
{
	const struct segment bad[][2] = {
		{ { HEADERS, 16, false } },				/* no status */
		{ { HEADERS, 15, false }, { STATUSES, 1, true } },
		{ { STATUSES, 1, true } },
	};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		driver_up(&driver, 0, 1, 256);
		driver_add(&driver, 0, bad[i], bad[i][1].len ? 2 : 1);
		driver_kick(&driver, 0);
		assert_true(reg_get(&driver, VIRTIO_MMIO_STATUS) & S_NEEDS_RESET);
		assert_int_equal(used_of(&driver, 0)->idx, 0);
	}
	driver_up(&driver, 0, 1, 256);
	test_read(state);
}

static uint64_t space(size_t offset, unsigned int len)
{
	return mmio_get(&driver, VIRTIO_MMIO_CONFIG + offset, len);
}

#define AT(field)	offsetof(struct virtio_blk_config, field)

static void test_configuration(void **state)
{
	uint32_t block;

	assert_int_equal(space(AT(capacity), 8), SECTORS);
	assert_int_equal(space(AT(seg_max), 4), 254);
	block = space(AT(blk_size), 4);
	assert_int_equal(block << space(AT(physical_block_exp), 1), 4096);
	assert_int_equal(space(AT(max_discard_seg), 4), 1);
	assert_int_equal(space(AT(max_write_zeroes_seg), 4), 1);
	assert_true(space(AT(max_write_zeroes_sectors), 4) > 0);
	/* Read-only but for the cache mode, and that as one byte. */
	mmio_put(&driver, VIRTIO_MMIO_CONFIG, 8, 1);
	assert_int_equal(space(AT(capacity), 8), SECTORS);
}

/* 5.2.5.1, 5.2.6.2: without a cache, a write is on the disk when it is done. */
static void test_write_through(void **state)
{
	assert_int_equal(space(AT(wce), 1), 1);
	assert_int_equal(write_sectors(8, BUFFERS, 4096), VIRTIO_BLK_S_OK);
	assert_false(last_flags & RWF_DSYNC);
	mmio_put(&driver, VIRTIO_MMIO_CONFIG + AT(wce), 1, 0);
	assert_int_equal(space(AT(wce), 1), 0);
	assert_int_equal(write_sectors(8, BUFFERS, 4096), VIRTIO_BLK_S_OK);
	assert_true(last_flags & RWF_DSYNC);
	mmio_put(&driver, VIRTIO_MMIO_CONFIG + AT(wce), 1, 1);
	assert_int_equal(write_sectors(8, BUFFERS, 4096), VIRTIO_BLK_S_OK);
	assert_false(last_flags & RWF_DSYNC);
	/* A driver that can't flush. */
	driver_up(&driver, 0, 1, 16);
	assert_int_equal(space(AT(wce), 1), 0);
	assert_int_equal(write_sectors(8, BUFFERS, 4096), VIRTIO_BLK_S_OK);
	assert_true(last_flags & RWF_DSYNC);
	/* And can't set the mode. */
	mmio_put(&driver, VIRTIO_MMIO_CONFIG + AT(wce), 1, 1);
	assert_int_equal(space(AT(wce), 1), 0);
}

/* What the fast path is for: no system call but the transfer. */
static void test_memory_is_served_at_once(void **state)
{
	driver_loop_stop(&driver);
	for (unsigned int i = 0; i < 10; i++) {
		add(i, VIRTIO_BLK_T_IN, 8 * i, BUFFERS, 4096, true);
		driver_kick(&driver, 0);
		assert_true(driver_used(&driver, 0, &elem, 0));
	}
	add(0, VIRTIO_BLK_T_FLUSH, 0, 0, 0, false);
	driver_kick(&driver, 0);
	assert_true(driver_used(&driver, 0, &elem, 0));
	assert_int_equal(transfers, 10);
	assert_int_equal(submit_calls, 0);
	driver_loop_start(&driver);
}

static void test_direct_is_submitted_in_one_call(void **state)
{
	for (unsigned int i = 0; i < 40; i++)
		add(i, VIRTIO_BLK_T_IN, 8 * i, BUFFERS + 0x2000 * i, 4096, true);
	driver_kick(&driver, 0);
	for (unsigned int i = 0; i < 40; i++)
		assert_true(driver_used(&driver, 0, &elem, 5000));
	assert_int_equal(submit_calls, 1);
	assert_int_equal(submitted, 40);
	assert_int_equal(transfers, 0);
}

static void test_kernel_queue_is_full(void **state)
{
	/* With nothing in flight there is no end to wait for: it is done without the queue. */
	submit_eagain = 1;
	assert_int_equal(read_sectors(8, BUFFERS, 4096), VIRTIO_BLK_S_OK);
	check_pattern(BUFFERS, 8 * 512, 4096);
	assert_int_equal(transfers, 1);
	assert_int_equal(submit_calls, 1);
	/* With some in flight, it is tried again when one ends. */
	kernel_is_kind();
	submit_most = 3;
	test_many_in_flight(state);
	assert_int_equal(transfers, 0);
	assert_int_equal(submitted, 5 * 84);
	kernel_is_kind();
	submit_most = 3;
	submit_alternates = true;
	test_many_in_flight(state);
	assert_true(transfers < 20);		/* nothing was in flight at that moment */
	kernel_is_kind();
	submit_most = 0;
	test_many_in_flight(state);
	assert_int_equal(submitted, 0);
	kernel_is_kind();
}

static void test_flush_goes_to_the_kernel_queue(void **state)
{
	kernel_is_kind();
	assert_int_equal(request(VIRTIO_BLK_T_FLUSH, 0, 0, 0, false), VIRTIO_BLK_S_OK);
	assert_int_equal(submitted, 1);
	submit_eagain = 1;
	assert_int_equal(request(VIRTIO_BLK_T_FLUSH, 0, 0, 0, false), VIRTIO_BLK_S_OK);
	assert_int_equal(submitted, 1);
}

/* After a reset no byte of guest memory changes, however much was in flight. */
static void test_reset_in_flight(void **state)
{
	const uint32_t len = 64 << 10;

	for (unsigned int round = 0; round < 20; round++) {
		unsigned char *data = ram(&driver, BUFFERS);
		const struct timespec pause = { .tv_nsec = 2000000 };

		driver_up(&driver, -1ull, 1, 256);
		for (unsigned int i = 0; i < 80; i++)
			add(i, VIRTIO_BLK_T_IN, 128 * (i % 100), BUFFERS + len * i, len, true);
		driver_kick(&driver, 0);
		reg_put(&driver, VIRTIO_MMIO_STATUS, 0);
		memset(data, 0xee, len * 80);
		memset(used_of(&driver, 0), 0xee, 64);
		nanosleep(&pause, NULL);
		for (unsigned int i = 0; i < len * 80; i += 512)
			assert_int_equal(data[i], 0xee);
		assert_int_equal(used_of(&driver, 0)->idx, 0xeeee);
	}
	driver_up(&driver, -1ull, 1, 256);
	test_read(state);
}

/* The loop's thread is in the middle of a transfer. */
static void test_reset_while_waiting(void **state)
{
	unsigned char *data = ram(&driver, BUFFERS);

	nothing_cached = true;
	transfer_ms = 50;
	for (unsigned int i = 0; i < 8; i++)
		add(i, VIRTIO_BLK_T_IN, 8 * i, BUFFERS + 4096 * i, 4096, true);
	driver_kick(&driver, 0);
	while (!in_transfer)
		;
	/* Registers answer meanwhile. */
	assert_int_equal(reg_get(&driver, VIRTIO_MMIO_MAGIC_VALUE), 0x74726976);
	assert_true(in_transfer);
	reg_put(&driver, VIRTIO_MMIO_STATUS, 0);
	assert_false(in_transfer);
	memset(data, 0xee, 4096 * 8);
	transfer_ms = 0;
	driver_up(&driver, -1ull, 1, 256);
	assert_int_equal(read_sectors(800, BUFFERS + 0x100000, 4096), VIRTIO_BLK_S_OK);
	for (unsigned int i = 0; i < 4096 * 8; i++)
		assert_int_equal(data[i], 0xee);
	assert_true(transfers <= 2);
}

/* The device goes away with everything in flight. */
static void test_destroy_in_flight(void **state)
{
	for (unsigned int i = 0; i < 80; i++)
		add(i, VIRTIO_BLK_T_IN, 8 * i, BUFFERS + 4096 * i, 4096, true);
	nothing_cached = true;
	driver_loop_stop(&driver);
	driver_kick(&driver, 0);
	driver_loop_start(&driver);
}

/* More chains than the ring has entries, while none has ended. */
static void test_over_commitment(void **state)
{
	driver_up(&driver, -1ull, 1, 256);
	driver_loop_stop(&driver);
	nothing_cached = true;
	for (unsigned int i = 0; i < 6 && !(reg_get(&driver, VIRTIO_MMIO_STATUS) & S_NEEDS_RESET);
	     i++) {
		for (unsigned int j = 0; j < 64; j++) {
			add(0, VIRTIO_BLK_T_IN, 0, BUFFERS, 4096, true);
			driver.queues[0].next_desc = 0;
		}
		driver_kick(&driver, 0);
	}
	driver_loop_start(&driver);
	driver_up(&driver, -1ull, 1, 256);
	test_read(state);
}

/* Reads on two vCPUs, resets in between: for ThreadSanitizer. */
static void *kicker(void *stop)
{
	while (!atomic_load((atomic_bool *)stop)) {
		driver_kick(&driver, 0);
		reg_get(&driver, VIRTIO_MMIO_INTERRUPT_STATUS);
	}
	return NULL;
}

static void test_two_vcpus(void **state)
{
	atomic_bool stop = false;
	pthread_t other;

	assert_int_equal(pthread_create(&other, NULL, kicker, &stop), 0);
	for (unsigned int round = 0; round < 5; round++) {
		nothing_cached = round % 2;
		test_many_in_flight(state);
		driver_up(&driver, -1ull, 1, 256);
	}
	stop = true;
	pthread_join(other, NULL);
}

/* The queue is made for the first that needs it, and goes with the disk. */
static void test_kernel_queue_when_needed(void **state)
{
	kernel_is_kind();
	if (!start(&cached, 256))
		skip();
	assert_int_equal(read_sectors(8, BUFFERS, 4096), VIRTIO_BLK_S_OK);
	assert_int_equal(setup_calls, 0);
	finish();
	assert_int_equal(destroy_calls, 0);

	assert_true(start(&cached, 256));
	for (unsigned int i = 0; i < 3; i++)
		assert_int_equal(request(VIRTIO_BLK_T_FLUSH, 0, 0, 0, false), VIRTIO_BLK_S_OK);
	assert_int_equal(submitted, 3);
	assert_int_equal(setup_calls, 1);
	finish();
	assert_int_equal(destroy_calls, 1);
}

/* Where the kernel has no queue left, everything works without, and it is asked once. */
static void test_no_kernel_queue(void **state)
{
	static const int errors[] = { EAGAIN, ENOSYS };
	const struct backing *const backings[] = { &cached, &direct };

	if (!disk_directory())
		skip();
	for (size_t i = 0; i < ARRAY_SIZE(errors); i++) {
		kernel_is_kind();
		assert_true(start(backings[i], 256));
		setup_error = errors[i];
		for (unsigned int j = 0; j < 3; j++)
			assert_int_equal(request(VIRTIO_BLK_T_FLUSH, 0, 0, 0, false),
					 VIRTIO_BLK_S_OK);
		assert_int_equal(read_sectors(8, BUFFERS, 4096), VIRTIO_BLK_S_OK);
		check_pattern(BUFFERS, 8 * 512, 4096);
		test_write(state);
		assert_int_equal(setup_calls, 1);
		assert_int_equal(submitted, 0);
		finish();
		assert_int_equal(destroy_calls, 0);
	}
}

static void check_refuses(const char *file, bool ro, const char *text)
{
	struct error err;

	disks[0] = (struct disk_config) { file, strlen(file), ro, false };
	config.devices.disks = disks;
	config.devices.n_disks = 1;
	assert_error(virtio_blk_model.check(&config, 0, &err), &err, TALLY_EXIT_NOINPUT, text);
	assert_non_null(strstr(err.text, file));
}

static void test_check(void **state)
{
	static const char bytes[1024];
	struct error err;
	const char *good = temp_file("good", bytes, 1024);

	check_refuses("/nonexistent/disk", false, "No such file");
	check_refuses("/tmp", true, "neither a regular file nor a block device");
	check_refuses("/dev/null", false, "neither a regular file nor a block device");
	check_refuses(temp_file("empty", "", 0), false, "is empty");
	check_refuses(temp_file("odd", bytes, 513), false, "513 bytes is not a multiple of 512");
	check_refuses(temp_file("small", bytes, 1), true, "1 bytes is not a multiple");
	disks[0] = (struct disk_config) { good, strlen(good), false, false };
	assert_done(virtio_blk_model.check(&config, 0, &err), &err);
	/* The name ends where the option says. */
	disks[0].path_len--;
	assert_error(virtio_blk_model.check(&config, 0, &err), &err, TALLY_EXIT_NOINPUT, "goo'");
}

/* Not writable even for root: a file of the kernel's. */
static void test_check_not_writable(void **state)
{
	const char *file = "/sys/kernel/uevent_seqnum";

	if (access(file, R_OK))
		skip();
	check_refuses(file, false, ",ro'");
}

static void test_option(void **state)
{
	static const char *const bad[] = {
		"", ",ro", "x,", "x,rw", "x,ro,", "x,ro,bogus", "x,dir",
	};
	const struct option_row *row = &virtio_blk_model.options->rows[0];
	struct config parsed = { 0 };
	struct error err;

	assert_string_equal(row->name, "disk");
	assert_int_equal(row->letter, 'd');
	assert_done(row->parse(&parsed, row, "a", &err), &err);
	assert_done(row->parse(&parsed, row, "/b/c,ro", &err), &err);
	assert_done(row->parse(&parsed, row, "d,direct,ro", &err), &err);
	assert_int_equal(virtio_blk_model.count(&parsed), 3);
	assert_false(parsed.devices.disks[0].read_only || parsed.devices.disks[0].direct);
	assert_int_equal(parsed.devices.disks[1].path_len, 4);
	assert_true(parsed.devices.disks[1].read_only && !parsed.devices.disks[1].direct);
	assert_true(parsed.devices.disks[2].read_only && parsed.devices.disks[2].direct);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_error(row->parse(&parsed, row, bad[i], &err), &err, TALLY_EXIT_USAGE,
			     "--disk");
		assert_non_null(strstr(err.text, bad[i]));
	}
	assert_int_equal(parsed.devices.n_disks, 3);
	free(parsed.devices.disks);
}

#define ON(backing, name) \
	{ #name " (" #backing ")", name, setup, teardown, (void *)&(backing) }
#define ON_EACH(name)	ON(cached, name), ON(direct, name), ON(memory, name)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_EACH(test_read),
		ON_EACH(test_write),
		ON_EACH(test_any_segments),
		ON_EACH(test_large_and_odd),
		ON_EACH(test_refused),
		ON_EACH(test_write_zeroes),
		ON_EACH(test_discard),
		ON_EACH(test_many_in_flight),
		ON_EACH(test_many_without_event_idx),
		ON_EACH(test_short_file),
		ON_EACH(test_reset_in_flight),
		ON_EACH(test_destroy_in_flight),
		ON_EACH(test_two_vcpus),
		ON(cached, test_configuration),
		ON(cached, test_identity),
		ON(cached, test_malformed),
		ON(cached, test_not_cached),
		ON(cached, test_reset_while_waiting),
		ON(cached, test_over_commitment),
		ON(cached, test_write_through),
		ON(direct, test_write_through),
		ON(cached, test_flush_goes_to_the_kernel_queue),
		ON(direct, test_flush_goes_to_the_kernel_queue),
		ON(direct, test_direct_is_submitted_in_one_call),
		ON(direct, test_kernel_queue_is_full),
		{ "test_parts_of_blocks", test_parts_of_blocks, setup_4k, teardown,
		  (void *)&direct },
		ON(memory, test_memory_is_served_at_once),
		ON(read_only, test_read_only),
		cmocka_unit_test(test_kernel_queue_when_needed),
		cmocka_unit_test(test_no_kernel_queue),
		cmocka_unit_test(test_check),
		cmocka_unit_test(test_check_not_writable),
		cmocka_unit_test(test_option),
	};

	return cmocka_run_group_tests_name("virtio-blk", tests, NULL, NULL);
}

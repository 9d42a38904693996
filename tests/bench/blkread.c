// SPDX-License-Identifier: GPL-2.0-only
/*
 * The first process of a guest: read /dev/vda past the guest's page cache, one
 * request at a time; print "blk NAME BYTES READS NANOSECONDS"; power off.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <time.h>
#include <unistd.h>

static const struct {
	const char	*name;
	size_t		bytes;
	unsigned int	reads;
	uint64_t	stride;		/* so that no read follows another on the disk */
} tests[] = {
	{ "4k", 4096, 1000, 36864 },
	{ "1m", 1 << 20, 32, 1 << 20 },
};

static void end(const char *what, int errnum)
{
	if (what)
		printf("blk error %s: %s\n", what, strerror(errnum));
	fflush(stdout);
	reboot(RB_POWER_OFF);
	exit(1);
}

static uint64_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * 1000000000ull + time.tv_nsec;
}

static uint64_t read_all(int fd, void *buffer, size_t bytes, unsigned int reads, uint64_t stride)
{
	uint64_t start = now();

	for (unsigned int i = 0; i < reads; i++) {
		ssize_t done = pread(fd, buffer, bytes, i * stride);

		if (done != (ssize_t)bytes)
			end("read", done < 0 ? errno : EIO);
	}
	return now() - start;
}

int main(void)
{
	void *buffer;
	int fd;

	if (mount("dev", "/dev", "devtmpfs", 0, NULL) < 0)
		end("devtmpfs", errno);
	fd = open("/dev/vda", O_RDONLY | O_DIRECT);
	if (fd < 0)
		end("/dev/vda", errno);
	if (posix_memalign(&buffer, 1 << 20, 1 << 20))
		end("memory", ENOMEM);
	memset(buffer, 0, 1 << 20);
	for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) {
		uint64_t ns;

		read_all(fd, buffer, tests[i].bytes, 10, tests[i].stride);
		ns = read_all(fd, buffer, tests[i].bytes, tests[i].reads, tests[i].stride);
		printf("blk %s %zu %u %llu\n", tests[i].name, tests[i].bytes, tests[i].reads,
		       (unsigned long long)ns);
	}
	end(NULL, 0);
}

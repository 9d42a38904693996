// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/statfs.h>
#include <unistd.h>

#include "memory.h"

/* Aligning the mapping to a huge page lets stage 2 use block mappings. */
#define HUGE_ALIGN	GUEST_HUGE_PAGE

/* An unlinked file in the hugetlbfs mount at @path. Returns a descriptor or a negative errno. */
static int hugetlbfs_file(const char *path, uint64_t size, struct error *err)
{
	char name[4096];
	struct statfs fs;
	int fd;

	if (statfs(path, &fs) < 0)
		return error_set(err, TALLY_EXIT_NOINPUT, errno, "--hugetlbfs: %s: %s", path,
				 strerror(errno));
	if (fs.f_type != HUGETLBFS_MAGIC)
		return error_set(err, TALLY_EXIT_NOINPUT, EINVAL,
				 "--hugetlbfs: %s is not in a hugetlbfs mount", path);
	if (size % fs.f_bsize)
		return error_set(err, TALLY_EXIT_USAGE, EINVAL,
				 "--mem: %llu bytes is not a multiple of %s's page size of %lu bytes",
				 (unsigned long long)size, path, (unsigned long)fs.f_bsize);
	if (snprintf(name, sizeof(name), "%s/tally-XXXXXX", path) >= (int)sizeof(name))
		return error_set(err, TALLY_EXIT_USAGE, ENAMETOOLONG, "--hugetlbfs: name too long");
	fd = mkostemp(name, O_CLOEXEC);
	if (fd < 0)
		return error_set(err, TALLY_EXIT_NOINPUT, errno, "--hugetlbfs: %s: %s", name,
				 strerror(errno));
	unlink(name);
	if (ftruncate(fd, size) < 0) {
		int ret = error_set(err, TALLY_EXIT_UNAVAILABLE, errno,
				    "--hugetlbfs: %s: %s", path, strerror(errno));

		close(fd);
		return ret;
	}
	return fd;
}

int guest_memory_map(struct guest_memory *mem, uint64_t gpa, uint64_t size,
		     const char *hugetlbfs, struct error *err)
{
	int flags = MAP_PRIVATE | MAP_ANONYMOUS;
	int fd = -1;
	char *host;

	if (size > UINT64_MAX - HUGE_ALIGN)
		return error_set(err, TALLY_EXIT_UNAVAILABLE, ENOMEM,
				 "--mem: no host has %llu MiB of memory",
				 (unsigned long long)(size >> 20));
	if (hugetlbfs) {
		fd = hugetlbfs_file(hugetlbfs, size, err);
		if (fd < 0)
			return fd;
		/* Shared, so that the pages are reserved now and a lack of them is an error now. */
		host = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		close(fd);
	} else {
		host = mmap(NULL, size + HUGE_ALIGN, PROT_READ | PROT_WRITE, flags, -1, 0);
	}
	if (host == MAP_FAILED)
		return error_set(err, TALLY_EXIT_UNAVAILABLE, errno,
				 "--mem: this host can't give %llu MiB of memory: %s",
				 (unsigned long long)(size >> 20), strerror(errno));
	if (!hugetlbfs) {
		uint64_t head = -(uintptr_t)host & (HUGE_ALIGN - 1);

		if (head)
			munmap(host, head);
		if (head != HUGE_ALIGN)
			munmap(host + head + size, HUGE_ALIGN - head);
		host += head;
	}
	mem->anonymous = !hugetlbfs;
	mem->host = host;
	mem->gpa = gpa;
	mem->size = size;
	return 0;
}

void guest_memory_huge_pages(const struct guest_memory *mem)
{
	if (mem->anonymous)
		madvise(mem->host, mem->size, MADV_HUGEPAGE);
}

void guest_memory_unmap(struct guest_memory *mem)
{
	if (mem->host)
		munmap(mem->host, mem->size);
	mem->host = NULL;
}

void *guest_memory_at(const struct guest_memory *mem, uint64_t gpa, uint64_t len)
{
	uint64_t offset = gpa - mem->gpa;

	if (gpa < mem->gpa || offset > mem->size || len > mem->size - offset)
		return NULL;
	return (char *)mem->host + offset;
}

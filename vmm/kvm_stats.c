// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "kvm.h"
#include "kvm_stats.h"

/* More than any kernel has, and little enough for the stack. */
#define NAME_MAX_SIZE	256
#define DESC_MAX_SIZE	(sizeof(struct kvm_stats_desc) + NAME_MAX_SIZE)

static int read_at(int fd, void *buffer, size_t size, off_t offset)
{
	ssize_t n = pread(fd, buffer, size, offset);

	if (n < 0)
		return -errno;
	return (size_t)n == size ? 0 : -EBADMSG;
}

static void add(struct kvm_stat *stats, size_t n, const char *name, uint64_t value)
{
	for (size_t i = 0; i < n; i++) {
		if (!strcmp(stats[i].name, name)) {
			stats[i].value += value;
			stats[i].found = true;
		}
	}
}

int kvm_stats_add_from(int stats_fd, struct kvm_stat *stats, size_t n)
{
	struct kvm_stats_header header;
	int ret = read_at(stats_fd, &header, sizeof(header), 0);

	if (ret < 0)
		return ret;
	if (!header.name_size || header.name_size > NAME_MAX_SIZE)
		return -EBADMSG;
	for (uint32_t i = 0; i < header.num_desc; i++) {
		size_t size = sizeof(struct kvm_stats_desc) + header.name_size;
		union {
			struct kvm_stats_desc	desc;
			char			bytes[DESC_MAX_SIZE];
		} u;
		uint64_t value;

		ret = read_at(stats_fd, &u, size, header.desc_offset + (off_t)(i * size));
		if (ret < 0)
			return ret;
		u.bytes[size - 1] = '\0';
		if (u.desc.size != 1)	/* a histogram */
			continue;
		ret = read_at(stats_fd, &value, sizeof(value),
			      (off_t)header.data_offset + u.desc.offset);
		if (ret < 0)
			return ret;
		add(stats, n, u.bytes + sizeof(struct kvm_stats_desc), value);
	}
	return 0;
}

int kvm_stats_add(int fd, struct kvm_stat *stats, size_t n)
{
	int stats_fd = kvm_ioctl_value(fd, KVM_GET_STATS_FD, 0);
	int ret;

	if (stats_fd < 0)
		return stats_fd;
	ret = kvm_stats_add_from(stats_fd, stats, n);
	kvm_close(stats_fd);
	return ret;
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * KVM's statistics: files laid out as KVM_GET_STATS_FD gives them, good and bad, and
 * what is said of the PMU's.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "kvm.h"
#include "kvm_stats.h"
#include "log.h"
#include "pmu.h"
#include "unit.h"

#define NAME_SIZE	48
#define DESC_SIZE	(sizeof(struct kvm_stats_desc) + NAME_SIZE)

struct counter {
	const char	*name;
	uint64_t	value;
	uint16_t	size;		/* values; 0 stands for 1 */
};

/* Header, name of the file, descriptors, data. */
static struct buf stats_file(const struct counter *counters, size_t n)
{
	struct kvm_stats_header header = {
		.name_size	= NAME_SIZE,
		.num_desc	= (uint32_t)n,
		.id_offset	= sizeof(header),
		.desc_offset	= sizeof(header) + NAME_SIZE,
		.data_offset	= (uint32_t)(sizeof(header) + NAME_SIZE + n * DESC_SIZE),
	};
	struct buf buf = { 0 };

	buf_add(&buf, &header, sizeof(header));
	buf_fill(&buf, 'x', NAME_SIZE);
	for (size_t i = 0; i < n; i++) {
		struct kvm_stats_desc desc = {
			.size	= counters[i].size ? counters[i].size : 1,
			.offset	= (uint32_t)(i * sizeof(uint64_t)),
		};
		char name[NAME_SIZE] = "";

		snprintf(name, sizeof(name), "%s", counters[i].name);
		buf_add(&buf, &desc, sizeof(desc));
		buf_add(&buf, name, sizeof(name));
	}
	for (size_t i = 0; i < n; i++)
		buf_add(&buf, &counters[i].value, sizeof(uint64_t));
	return buf;
}

static int open_stats(const struct buf *buf)
{
	int fd = open(temp_file("stats", buf->data, buf->len), O_RDONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	return fd;
}

static const struct counter good[] = {
	{ "exits", 1000 }, { "pmu_swaps", 1 }, { "halt_wait_hist", 7, 1 }, { "histogram", 9, 32 },
	{ "pmu_exits", 20 }, { "pmu_interrupts", 0 },
};

static void test_values(void **state)
{
	struct kvm_stat stats[] = {
		{ "pmu_exits", 5 }, { "histogram" }, { "exits" }, { "pmu" }, { "no such" },
	};
	struct buf buf = stats_file(good, ARRAY_SIZE(good));
	int fd = open_stats(&buf);

	assert_int_equal(kvm_stats_add_from(fd, stats, ARRAY_SIZE(stats)), 0);
	assert_int_equal(stats[0].value, 25);
	assert_true(stats[0].found);
	assert_false(stats[1].found);
	assert_int_equal(stats[2].value, 1000);
	assert_false(stats[3].found);
	assert_false(stats[4].found);
	assert_int_equal(kvm_stats_add_from(fd, stats, ARRAY_SIZE(stats)), 0);
	assert_int_equal(stats[2].value, 2000);
	close(fd);
	buf_free(&buf);
}

/* Each byte lost at the end is noticed, and so is each field that points elsewhere. */
static void test_bad_files(void **state)
{
	static const struct { size_t offset; uint32_t value; } bad[] = {
		{ offsetof(struct kvm_stats_header, name_size), 0 },
		{ offsetof(struct kvm_stats_header, name_size), 257 },
		{ offsetof(struct kvm_stats_header, name_size), 0xffffffff },
		{ offsetof(struct kvm_stats_header, num_desc), 0xffffffff },
		{ offsetof(struct kvm_stats_header, desc_offset), 0xfffffff0 },
		{ offsetof(struct kvm_stats_header, data_offset), 0xfffffff0 },
		{ sizeof(struct kvm_stats_header) + NAME_SIZE +
		  offsetof(struct kvm_stats_desc, offset), 0x7ffffff0 },
	};
	struct kvm_stat stat = { "pmu_interrupts" };
	struct buf buf = stats_file(good, ARRAY_SIZE(good));
	int fd;

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct buf copy = { 0 };

		buf_add(&copy, buf.data, buf.len);
		buf_poke(&copy, bad[i].offset, 4, bad[i].value);
		fd = open_stats(&copy);
		assert_int_equal(kvm_stats_add_from(fd, &stat, 1), -EBADMSG);
		close(fd);
		buf_free(&copy);
	}
	for (size_t len = 0; len < buf.len; len++) {
		struct buf part = { buf.data, len };

		fd = open_stats(&part);
		assert_int_equal(kvm_stats_add_from(fd, &stat, 1), -EBADMSG);
		close(fd);
	}
	assert_int_equal(kvm_stats_add_from(-1, &stat, 1), -EBADF);
	buf_free(&buf);
}

/* KVM, as far as it is asked here: vCPU descriptors 100 and 101 have one file's counts. */
static const struct buf *behind;

int kvm_ioctl_value(int fd, unsigned long request, unsigned long arg)
{
	assert_int_equal(request, KVM_GET_STATS_FD);
	if (!behind || fd < 100 || fd > 101)
		return -ENOTTY;
	return open_stats(behind);
}

void kvm_close(int fd)
{
	close(fd);
}

/* What pmu_print_stats() writes to standard error. */
static void said(unsigned int vcpus, const char *wanted)
{
	static const int fds[] = { 100, 101, 102 };
	unsigned int open_before = open_descriptors();
	const char *path = temp_path("said");
	char text[512] = "";
	int saved, fd;

	fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	fflush(stderr);
	saved = dup(STDERR_FILENO);
	dup2(fd, STDERR_FILENO);
	pmu_print_stats(fds, vcpus);
	fflush(stderr);
	dup2(saved, STDERR_FILENO);
	close(saved);
	assert_true(pread(fd, text, sizeof(text) - 1, 0) >= 0);
	close(fd);
	assert_string_equal(text, wanted);
	assert_int_equal(open_descriptors(), open_before);
}

static void test_said(void **state)
{
	static const struct counter old[] = { { "exits", 3 } };
	static const struct counter part[] = { { "pmu_interrupts", 4 } };
	struct buf buf = stats_file(good, ARRAY_SIZE(good));
	struct buf none = stats_file(old, ARRAY_SIZE(old));
	struct buf one = stats_file(part, ARRAY_SIZE(part));

	log_level = LOG_INFO;
	behind = &buf;
	said(1, "  Info: PMU: 1 register swap, 20 exits for accesses, 0 interrupts\n");
	said(2, "  Info: PMU: 2 register swaps, 40 exits for accesses, 0 interrupts\n");
	said(3, "");
	behind = &one;
	said(2, "  Info: PMU: 8 interrupts\n");
	behind = &none;
	said(1, "");
	behind = NULL;
	said(1, "");
	buf_free(&buf);
	buf_free(&none);
	buf_free(&one);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_bad_files),
		cmocka_unit_test(test_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

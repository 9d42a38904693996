// SPDX-License-Identifier: GPL-2.0-only
/*
 * loop N: two windows of user space for tests/host/run --profile=marks, one of 2
 * instructions and one of 2 * N. Prints "count perf D", by how much the kernel's
 * counter of instructions in user space tells the two apart, or "count perf none".
 */
#include <linux/perf_event.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

static __attribute__((noinline)) void loop(uint64_t n)
{
	__asm__ volatile("hint	#122\n"
			 "1:	subs	%0, %0, #1\n\t"
			 "b.ne	1b\n\t"
			 "hint	#123\n"
			 : "+r"(n) : : "cc");
}

/* One copy for both, so that all else is the same. */
static __attribute__((noipa)) uint64_t counted(int fd, uint64_t n)
{
	uint64_t before = 0, after = 0;

	if (fd >= 0 && read(fd, &before, sizeof(before)) != sizeof(before))
		exit(1);
	loop(n);
	if (fd >= 0 && read(fd, &after, sizeof(after)) != sizeof(after))
		exit(1);
	return after - before;
}

int main(int argc, char **argv)
{
	struct perf_event_attr attr = {
		.size = sizeof(attr),
		.type = PERF_TYPE_HARDWARE,
		.config = PERF_COUNT_HW_INSTRUCTIONS,
		.exclude_kernel = 1,
		.exclude_guest = 1,
	};
	uint64_t n = argc > 1 ? strtoull(argv[1], NULL, 0) : 0, few, many;
	int fd;

	if (!n)
		return 125;
	fd = syscall(SYS_perf_event_open, &attr, 0, -1, -1, PERF_FLAG_FD_CLOEXEC);
	few = counted(fd, 1);
	many = counted(fd, n);
	if (fd < 0)
		printf("count perf none\n");
	else
		printf("count perf %llu\n", (unsigned long long)(many - few));
	return 0;
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * load switch N | load spin N | load sleep N: work to be looked at, and the ticks of
 * CNTVCT_EL0 that it took.
 *   switch	two processes, that wake each other by pipes N times, one CPU: 2 * N
 *		switches
 *   spin	N rounds of a loop
 *   sleep	N sleeps of 10 ms; what the median took
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static uint64_t ticks(void)
{
	uint64_t value;

	__asm__ volatile("isb\n\tmrs %0, cntvct_el0" : "=r" (value) : : "memory");
	return value;
}

/* Each writes to its pipe and reads the other's. */
static void pass(int from, int to, unsigned long n, int first)
{
	char byte = 0;

	if (first && write(to, &byte, 1) != 1)
		_exit(1);
	while (n-- && read(from, &byte, 1) == 1 && write(to, &byte, 1) == 1)
		;
}

static uint64_t switch_load(unsigned long n)
{
	uint64_t start;
	int a[2], b[2];
	pid_t pid;

	if (pipe(a) || pipe(b))
		exit(1);
	pid = fork();
	if (pid < 0)
		exit(1);
	if (!pid) {
		pass(a[0], b[1], n + 1, 0);
		_exit(0);
	}
	start = ticks();
	pass(b[0], a[1], n, 1);
	start = ticks() - start;
	wait(NULL);
	return start;
}

static uint64_t spin_load(unsigned long n)
{
	uint64_t start = ticks();

	__asm__ volatile("1: subs %0, %0, #1\n\tb.ne 1b" : "+r" (n) : : "cc");
	return ticks() - start;
}

static int by_size(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static uint64_t sleep_load(unsigned long n)
{
	const struct timespec ten_ms = { .tv_nsec = 10000000 };
	uint64_t *took = calloc(n, sizeof(*took));

	if (!took)
		exit(1);
	for (unsigned long i = 0; i < n; i++) {
		uint64_t start = ticks();

		nanosleep(&ten_ms, NULL);
		took[i] = ticks() - start;
	}
	qsort(took, n, sizeof(*took), by_size);
	return took[n / 2];
}

static const struct {
	const char *name;
	uint64_t (*run)(unsigned long n);
} loads[] = {
	{ "switch", switch_load },
	{ "spin", spin_load },
	{ "sleep", sleep_load },
};

int main(int argc, char **argv)
{
	unsigned long n = argc == 3 ? strtoul(argv[2], NULL, 0) : 0;

	for (size_t i = 0; n && i < sizeof(loads) / sizeof(loads[0]); i++) {
		if (!strcmp(argv[1], loads[i].name)) {
			printf("%llu\n", (unsigned long long)loads[i].run(n));
			return 0;
		}
	}
	return 1;
}

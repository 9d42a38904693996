// SPDX-License-Identifier: GPL-2.0-only
/*
 * load switch N | load spin N: work for perf to look at, and the ticks of CNTVCT_EL0
 * that it took.
 *   switch	two processes, that wake each other by pipes N times, one CPU: 2 * N
 *		switches
 *   spin	N rounds of a loop
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
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

int main(int argc, char **argv)
{
	unsigned long n = argc == 3 ? strtoul(argv[2], NULL, 0) : 0;

	if (!n)
		return 1;
	printf("%llu\n", (unsigned long long)(!strcmp(argv[1], "switch") ?
					      switch_load(n) : spin_load(n)));
	return 0;
}

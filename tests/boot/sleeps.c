// SPDX-License-Identifier: GPL-2.0-only
/*
 * sleeps N MS: in a Linux guest, N sleeps of MS milliseconds on each CPU, all CPUs at
 * once. None may end early, none seconds late (a timer interrupt was lost), the clock
 * may not go back from CPU to CPU, nor lose time against the counter.
 */
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define NS		1000000000LL
#define MAX_SLEEPS	10000
#define SLACK		(NS / 100)
#define LOST		(5 * NS)	/* this late is not late, but by another's interrupt */

static int failed;

/* What all CPUs share: the latest time that any has seen. */
struct shared {
	int64_t	latest;
	int	went_back;
};

static int64_t now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * NS + ts.tv_nsec;
}

static void check(const char *name, bool good, long long got)
{
	failed += !good;
	if (!good)
		printf("not ok %s: got %lld\n", name, got);
}

/* The counter itself, which needs no interrupt to go on. */
static int64_t counter(void)
{
	uint64_t count, hz;

	__asm__ volatile("isb\n\tmrs %0, cntvct_el0\n\tmrs %1, cntfrq_el0"
			 : "=r"(count), "=r"(hz));
	return (__int128)count * NS / hz;
}

/* How far the clock is ahead of it, by the closest of some looks at both. */
static int64_t clock_ahead(void)
{
	int64_t closest = INT64_MAX, ahead = 0;

	for (unsigned int i = 0; i < 50; i++) {
		int64_t before = counter(), t = now(), apart = counter() - before;

		if (apart < closest) {
			closest = apart;
			ahead = t - before;
		}
	}
	return ahead;
}

static void look(struct shared *shared)
{
	int64_t before = __atomic_load_n(&shared->latest, __ATOMIC_SEQ_CST), t = now();

	if (t < before)
		__atomic_add_fetch(&shared->went_back, 1, __ATOMIC_SEQ_CST);
	while (before < t && !__atomic_compare_exchange_n(&shared->latest, &before, t, false,
							  __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
		;
}

static int by_size(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

static int sleeper(unsigned int cpu, unsigned int n, int64_t ns, struct shared *shared)
{
	static int64_t over[MAX_SLEEPS];
	cpu_set_t set;
	int early = 0;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set) < 0) {
		perror("sched_setaffinity");
		return 1;
	}
	for (unsigned int i = 0; i < n; i++) {
		struct timespec ts = { ns / NS, ns % NS };
		int64_t start = now();

		clock_nanosleep(CLOCK_MONOTONIC, 0, &ts, NULL);
		over[i] = now() - start - ns;
		early += over[i] < 0;
		look(shared);
	}
	qsort(over, n, sizeof(over[0]), by_size);
	printf("CPU %u: %u sleeps overshoot by %lld ns in the median, %lld at most\n", cpu, n,
	       (long long)over[n / 2], (long long)over[n - 1]);
	check("sleeps-not-early", !early, early);
	check("sleeps-not-lost", over[n - 1] < LOST, over[n - 1]);
	return failed;
}

int main(int argc, char **argv)
{
	struct shared *shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
				     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	int64_t ahead, behind;
	unsigned int n;
	int status;

	if (argc != 3 || shared == MAP_FAILED || atoi(argv[1]) > MAX_SLEEPS)
		return 2;
	n = atoi(argv[1]);
	setvbuf(stdout, NULL, _IOLBF, 0);
	ahead = clock_ahead();
	for (long cpu = 0; cpu < cpus; cpu++) {
		if (!fork())
			_exit(sleeper(cpu, n, atoi(argv[2]) * NS / 1000, shared));
	}
	for (long cpu = 0; cpu < cpus; cpu++) {
		wait(&status);
		failed += status != 0;
	}
	behind = ahead - clock_ahead();
	check("clock-not-back", !shared->went_back, shared->went_back);
	check("clock-beside-counter", behind <= SLACK && behind >= -SLACK, behind);
	return failed != 0;
}

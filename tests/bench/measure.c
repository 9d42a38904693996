// SPDX-License-Identifier: GPL-2.0-only
/*
 * measure [-c] [-o FILE] -- PROGRAM [ARGUMENT…]
 *
 * Run a program and print what it took, as one line of NAME=VALUE:
 *   status	its exit status, or 128 and the signal
 *   ns		from just before its exec to after its end, by the virtual counter
 *   rss	its largest resident memory, KiB
 * -c: with counters, which make it slower, so that ns is then not to be used:
 *   user, kernel, guest	instructions retired in each
 *   faults	page faults
 *   returns	from KVM_RUN to user space
 *   mmio	of these, for a device that is emulated there
 *   lines	calls of KVM_IRQ_LINE
 * -o: where its output goes (default: nowhere).
 *
 * Static and small, since a process's largest memory counts from before its exec.
 * The program's addresses are not random, so that builds can be compared.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <linux/perf_event.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define TRACEPOINTS "/sys/kernel/tracing/events/kvm/"
#define STRING_(text) #text
#define STRING(text) STRING_(text)

static const char *output = "/dev/null";

static void die(const char *what)
{
	fprintf(stderr, "measure: %s: %s\n", what, strerror(errno));
	exit(125);
}

static uint64_t ticks(void)
{
	uint64_t value;

	__asm__ volatile("isb\n\tmrs %0, cntvct_el0\n\tisb" : "=r" (value) : : "memory");
	return value;
}

static uint64_t to_ns(uint64_t value)
{
	uint64_t hz;

	__asm__("mrs %0, cntfrq_el0" : "=r" (hz));
	return (unsigned __int128)value * 1000000000 / hz;
}

static uint64_t tracepoint(const char *name)
{
	char path[128];
	unsigned int id;
	FILE *file;

	snprintf(path, sizeof(path), TRACEPOINTS "%s/id", name);
	file = fopen(path, "r");
	if (!file || fscanf(file, "%u", &id) != 1)
		die(path);
	fclose(file);
	return id;
}

static struct counter {
	const char		*name;
	struct perf_event_attr	attr;
	int			fd;
	const char		*tracepoint;
	const char		*filter;
} counters[] = {
	{ "user", { .type = PERF_TYPE_HARDWARE, .config = PERF_COUNT_HW_INSTRUCTIONS,
		    .exclude_kernel = 1, .exclude_guest = 1 }, -1 },
	{ "kernel", { .type = PERF_TYPE_HARDWARE, .config = PERF_COUNT_HW_INSTRUCTIONS,
		      .exclude_user = 1, .exclude_guest = 1 }, -1 },
	{ "guest", { .type = PERF_TYPE_HARDWARE, .config = PERF_COUNT_HW_INSTRUCTIONS,
		     .exclude_host = 1 }, -1 },
	{ "faults", { .type = PERF_TYPE_SOFTWARE, .config = PERF_COUNT_SW_PAGE_FAULTS }, -1 },
	{ "returns", { .type = PERF_TYPE_TRACEPOINT }, -1, "kvm_userspace_exit" },
	{ "mmio", { .type = PERF_TYPE_TRACEPOINT }, -1, "kvm_userspace_exit",
	  "reason == " STRING(KVM_EXIT_MMIO) },
	{ "lines", { .type = PERF_TYPE_TRACEPOINT }, -1, "kvm_irq_line" },
};

#define N_COUNTERS (sizeof(counters) / sizeof(counters[0]))

static void open_counters(pid_t pid)
{
	for (size_t i = 0; i < N_COUNTERS; i++) {
		struct perf_event_attr *attr = &counters[i].attr;

		attr->size = sizeof(*attr);
		attr->disabled = 1;
		attr->enable_on_exec = 1;
		attr->inherit = 1;
		if (counters[i].tracepoint)
			attr->config = tracepoint(counters[i].tracepoint);
		counters[i].fd = syscall(SYS_perf_event_open, attr, pid, -1, -1,
					 PERF_FLAG_FD_CLOEXEC);
		if (counters[i].fd < 0 ||
		    (counters[i].filter &&
		     ioctl(counters[i].fd, PERF_EVENT_IOC_SET_FILTER, counters[i].filter)))
			die(counters[i].name);
	}
}

static void print_counters(void)
{
	for (size_t i = 0; i < N_COUNTERS; i++) {
		uint64_t value;

		if (read(counters[i].fd, &value, sizeof(value)) != sizeof(value))
			die(counters[i].name);
		printf(" %s=%llu", counters[i].name, (unsigned long long)value);
	}
}

static void run_child(char **argv, int go, volatile uint64_t *start)
{
	int null = open("/dev/null", O_RDONLY);
	int out = open(output, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0666);
	char byte;

	if (null < 0 || out < 0 || dup2(null, 0) < 0 || dup2(out, 1) < 0 || dup2(out, 2) < 0)
		_exit(125);
	close(null);
	close(out);
	personality(ADDR_NO_RANDOMIZE);
	if (read(go, &byte, 1) < 0)
		_exit(125);
	*start = ticks();
	execvp(argv[0], argv);
	_exit(127);
}

int main(int argc, char **argv)
{
	volatile uint64_t *start;
	int with_counters = 0, opt, status, go[2];
	struct rusage usage;
	uint64_t end;
	pid_t pid;

	while ((opt = getopt(argc, argv, "+co:")) != -1) {
		if (opt == 'c')
			with_counters = 1;
		else if (opt == 'o')
			output = optarg;
		else
			return 125;
	}
	if (optind == argc)
		return 125;
	start = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (start == MAP_FAILED || pipe2(go, O_CLOEXEC) < 0)
		die("start");
	pid = fork();
	if (pid < 0)
		die("fork");
	if (!pid)
		run_child(argv + optind, go[0], start);
	if (with_counters)
		open_counters(pid);
	if (write(go[1], "", 1) != 1 || wait4(pid, &status, 0, &usage) != pid)
		die("wait");
	end = ticks();
	printf("status=%d ns=%llu rss=%ld",
	       WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status),
	       (unsigned long long)to_ns(end - *start), usage.ru_maxrss);
	if (with_counters)
		print_counters();
	printf("\n");
	return 0;
}

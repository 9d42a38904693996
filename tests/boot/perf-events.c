// SPDX-License-Identifier: GPL-2.0-only
/*
 * perf-events CPU alone|beside [exact] [seed=N] [rounds=N] [CHECK]: do events of the
 * host's PMU do what they should? Alone: no guest has counters of it. Beside: guests
 * that have some run on CPU. Exact: an instruction takes a fixed time, and there is
 * INST_RETIRED. Seed and rounds are for the check that chance makes.
 * A line a check, and a total, as guests print them.
 */
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <linux/perf_event.h>
#include <sched.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define INST_RETIRED	0x08
#define CPU_CYCLES	0x11
#define LONG		1	/* in config1: 64 bits, and user space may read */
#define USER_READ	2
#define MAX		40
#define RING_PAGES	64
#define PATIENCE	30	/* seconds until what must come has not come */

typedef uint64_t u64;

struct reading {
	u64 value, enabled, running;
};

static int cpu, counters, rounds = 1500;
static bool beside, exact;
static uint32_t pmu_type;
static int passed, failed, skipped;
static const char *check_name;
static int fds[MAX], nr_fds;
static u64 seed = 1;

static void result(const char *word, int *total, const char *why, va_list args)
{
	printf("%s %s%s", word, check_name, why ? ": " : "");
	if (why)
		vprintf(why, args);
	printf("\n");
	fflush(stdout);
	++*total;
}

/* Says that the check has failed, if it is the first time. */
static bool ok(bool condition, const char *why, ...)
{
	static const char *last;
	va_list args;

	if (condition || last == check_name)
		return condition;
	va_start(args, why);
	result("not ok", &failed, why, args);
	va_end(args);
	last = check_name;
	return false;
}

static void skip(const char *why, ...)
{
	va_list args;

	va_start(args, why);
	result("skip", &skipped, why, args);
	va_end(args);
}

static struct perf_event_attr event_of(u64 config)
{
	return (struct perf_event_attr) {
		.type = pmu_type,
		.size = sizeof(struct perf_event_attr),
		.config = config,
		.read_format = PERF_FORMAT_TOTAL_TIME_ENABLED | PERF_FORMAT_TOTAL_TIME_RUNNING,
	};
}

static int sys_open(struct perf_event_attr *attr, pid_t pid, int on, int group)
{
	return syscall(SYS_perf_event_open, attr, pid, on, group, PERF_FLAG_FD_CLOEXEC);
}

/* An event of all tasks on a CPU, or with on = -1 of this one. */
static int open_event(struct perf_event_attr attr, int on, int group)
{
	int fd = sys_open(&attr, on < 0 ? 0 : -1, on, group);

	if (fd >= 0 && nr_fds < MAX)
		fds[nr_fds++] = fd;
	return fd;
}

static void close_events(void)
{
	while (nr_fds)
		close(fds[--nr_fds]);
}

/* False for an event in the error state. */
static bool read_event(int fd, struct reading *r)
{
	return read(fd, r, sizeof(*r)) == sizeof(*r);
}

static void be_on(int on)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(on, &set);
	sched_setaffinity(0, sizeof(set), &set);
}

static void nap_ms(int ms)
{
	nanosleep(&(struct timespec) { .tv_nsec = ms * 1000000L }, NULL);
}

/* Two instructions a loop. */
static void work(u64 loops)
{
	asm volatile("1: subs %0, %0, #1\n\tb.ne 1b" : "+r"(loops) : : "cc");
}

static u64 now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000ULL + t.tv_nsec / 1000000;
}

static u64 chance(u64 below)
{
	seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
	return (seed >> 33) % below;
}

/* Wait until each of the open events has run. */
static void all_have_run(const char *what)
{
	u64 end = now_ms() + PATIENCE * 1000;

	for (int i = 0; i < nr_fds; i++) {
		struct reading r = { 0 };

		while (ok(read_event(fds[i], &r), "%s %d is in the error state", what, i) &&
		       (!r.running || !r.value) && now_ms() < end) {
			work(10000);
			nap_ms(2);
		}
		ok(r.running && r.value && r.running <= r.enabled,
		   "%s %d of %d counted %llu, ran %llu of %llu ns", what, i, nr_fds,
		   (long long)r.value, (long long)r.running, (long long)r.enabled);
	}
}

/* How many of the events have run all the time? */
static int ran_always(u64 *running)
{
	struct reading r;
	int always = 0;

	*running = 0;
	for (int i = 0; i < nr_fds; i++) {
		if (!ok(read_event(fds[i], &r), "event %d is in the error state", i))
			continue;
		always += r.running == r.enabled;
		*running += r.running;
	}
	return always;
}

static void open_many(int n, int on, bool pinned)
{
	struct perf_event_attr attr = event_of(CPU_CYCLES);

	attr.pinned = pinned;
	for (int i = 0; i < n; i++)
		ok(open_event(attr, on, -1) >= 0, "event %d does not open: %s", i, strerror(errno));
}

static void open_group(int n, int on, bool pinned)
{
	struct perf_event_attr attr = event_of(CPU_CYCLES);
	int leader = -1;

	attr.pinned = pinned;
	for (int i = 0; i < n; i++) {
		int fd = open_event(attr, on, leader);

		ok(fd >= 0, "event %d of the group does not open: %s", i, strerror(errno));
		leader = i ? leader : fd;
		attr.pinned = 0;
	}
}

/* As many events as counters, all of which had their turn: did they have to wait? */
static void expect_whole(int on)
{
	u64 end = now_ms() + PATIENCE * 1000, running;
	int always;

	all_have_run("event");
	always = ran_always(&running);
	while (beside && on == cpu && always == nr_fds && now_ms() < end) {
		nap_ms(5);
		always = ran_always(&running);
	}
	if (beside && on == cpu)
		ok(always < nr_fds, "no event ever waited: had guests any counters?");
	else
		ok(always == nr_fds, "only %d of %d events ran all the time", always, nr_fds);
}

static void check_all(void)
{
	open_many(counters, cpu, false);
	expect_whole(cpu);
}

static void check_pinned(void)
{
	open_many(counters, cpu, true);
	expect_whole(cpu);
}

static void check_group(void)
{
	open_group(counters, cpu, false);
	expect_whole(cpu);
}

static void check_pinned_group(void)
{
	open_group(counters, cpu, true);
	expect_whole(cpu);
}

static void check_group_too_large(void)
{
	struct perf_event_attr attr = event_of(CPU_CYCLES);

	open_group(counters, cpu, false);
	ok(open_event(attr, cpu, fds[0]) < 0 && errno == EINVAL, "a group of %d events opens",
	   counters + 1);
}

/* Events take turns, and never are there more than counters. */
static void check_more(void)
{
	u64 end = now_ms() + PATIENCE * 1000, running;
	struct reading r;
	int always;

	open_many(counters + 3, cpu, false);
	all_have_run("event");
	do {
		nap_ms(5);
		always = ran_always(&running);
	} while (always && now_ms() < end);
	ok(!always, "%d events ran all the time", always);
	ok(read_event(fds[0], &r) && running <= r.enabled * counters,
	   "%d events ran %llu ns in %llu ns", nr_fds, (long long)running, (long long)r.enabled);
}

/* Those that fit go on, the one that doesn't says so. */
static void check_pinned_too_many(void)
{
	struct reading r;

	open_many(counters, cpu, true);
	all_have_run("pinned event");
	open_many(1, cpu, true);
	nap_ms(20);
	ok(!read_event(fds[counters], &r), "the last pinned event is not in the error state");
}

/* Two pinned events need no counter that guests have, whoever comes and goes. */
static void check_pinned_stay(void)
{
	u64 running;
	int always;

	open_many(2, cpu, true);
	all_have_run("pinned event");
	for (int i = 0; i < 20; i++) {
		open_many(counters, cpu, false);
		nap_ms(5);
		for (int n = 0; n < counters; n++)
			close(fds[--nr_fds]);
	}
	always = ran_always(&running);
	ok(always == 2, "%d of 2 pinned events ran all the time", always);
}

static void check_elsewhere(void)
{
	int other = cpu ? 0 : 1;

	if (sysconf(_SC_NPROCESSORS_ONLN) < 2) {
		skip("this host has one CPU");
		return;
	}
	be_on(other);
	open_many(counters, other, false);
	expect_whole(other);
	close_events();
	open_group(counters, other, true);
	expect_whole(other);
}

/* What guests do is counted while they run, and only by those who want it. */
static void check_guest_only(void)
{
	struct perf_event_attr attr = event_of(CPU_CYCLES);
	struct reading r;

	attr.exclude_host = 1;
	open_event(attr, cpu, -1);
	if (beside) {
		all_have_run("event");
		return;
	}
	nap_ms(20);
	ok(read_event(fds[0], &r) && r.running && !r.value, "without guests it counted %llu",
	   (long long)r.value);
}

/* The instructions of work(loops) and of what surrounds it, which is always the same. */
static u64 instructions(int fd, u64 loops)
{
	struct reading before = { 0 }, after = { 0 };

	ok(read_event(fd, &before), "the event is in the error state");
	ioctl(fd, PERF_EVENT_IOC_ENABLE, 0);
	work(loops);
	ioctl(fd, PERF_EVENT_IOC_DISABLE, 0);
	ok(read_event(fd, &after), "the event is in the error state");
	ok(after.running == after.enabled, "it waited");
	return after.value - before.value;
}

static void check_known_loop(void)
{
	struct perf_event_attr attr = event_of(INST_RETIRED);
	u64 base;

	attr.exclude_kernel = 1;
	attr.disabled = 1;
	open_event(attr, -1, -1);
	base = instructions(fds[0], 1);
	/* Long enough for guests to have their turn meanwhile. */
	for (u64 loops = 1; loops <= 10000000; loops *= 10) {
		u64 got = instructions(fds[0], loops) - base;

		ok(got == 2 * (loops - 1), "%llu loops of 2 instructions are %llu more than one",
		   (long long)loops, (long long)got);
	}
}

/* The same event twice: moved, stopped and started as one. */
static void check_twins(void)
{
	struct perf_event_attr attr = event_of(INST_RETIRED);
	struct reading a, b;

	attr.exclude_kernel = 1;
	attr.pinned = 1;
	attr.disabled = 1;
	open_event(attr, cpu, -1);
	attr.pinned = 0;
	attr.disabled = 0;
	open_event(attr, cpu, fds[0]);
	ioctl(fds[0], PERF_EVENT_IOC_ENABLE, 0);
	open_many(counters, cpu, false);
	for (int i = 0; i < 20; i++) {
		work(100000);
		nap_ms(4);
	}
	ioctl(fds[0], PERF_EVENT_IOC_DISABLE, 0);
	ok(read_event(fds[0], &a) && read_event(fds[1], &b) && a.value == b.value,
	   "they counted %llu and %llu", (long long)a.value, (long long)b.value);
	ok(a.value >= 20 * 200000, "they counted only %llu", (long long)a.value);
	ok(a.running == a.enabled, "they waited");
}

/* The number is part of the register's name; the last one is the cycle counter. */
#define CASES(X)							\
	X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11) X(12) X(13) X(14) X(15) \
	X(16) X(17) X(18) X(19) X(20) X(21) X(22) X(23) X(24) X(25) X(26) X(27) X(28) X(29) X(30)
#define CASE(n)		case n: asm volatile("mrs %0, pmevcntr" #n "_el0" : "=r" (value)); break;

static u64 read_counter(uint32_t n)
{
	u64 value;

	switch (n) {
	CASES(CASE);
	default:
		asm volatile("mrs %0, pmccntr_el0" : "=r" (value));
	}
	return value;
}

/* As Documentation/arch/arm64/perf.rst tells to read it; false without a counter. */
static bool user_read(volatile struct perf_event_mmap_page *page, u64 *value)
{
	uint32_t lock, index;
	int width;

	do {
		lock = page->lock;
		__sync_synchronize();
		index = page->cap_user_rdpmc ? page->index : 0;
		*value = page->offset;
		width = page->pmc_width;
		if (index)
			*value += (int64_t)(read_counter(index - 1) << (64 - width)) >> (64 - width);
		__sync_synchronize();
	} while (page->lock != lock);
	return index;
}

static void set_sysctl(const char *name, const char *to)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/sys/kernel/%s", name);
	fd = open(path, O_WRONLY);
	ok(fd >= 0 && write(fd, to, strlen(to)) > 0, "%s can't be set to %s", name, to);
	close(fd);
}

/* A counter that user space reads itself lies between what the kernel says before and after. */
static void check_user_read(void)
{
	struct perf_event_attr attr = event_of(CPU_CYCLES);
	struct perf_event_mmap_page *page[3];
	struct reading before, after;
	int direct = 0;
	u64 value;

	set_sysctl("perf_user_access", "1");
	be_on(cpu);
	attr.config1 = LONG | USER_READ;
	for (int i = 0; i < 3; i++) {
		int fd = open_event(attr, -1, -1);

		page[i] = mmap(NULL, getpagesize(), PROT_READ, MAP_SHARED, fd, 0);
		if (!ok(page[i] != MAP_FAILED, "no page of event %d: %s", i, strerror(errno)))
			return;
	}
	for (int i = 0; i < 2000; i++) {
		int n = i % 3;

		ok(read_event(fds[n], &before), "event %d is in the error state", n);
		direct += user_read(page[n], &value);
		ok(read_event(fds[n], &after), "event %d is in the error state", n);
		ok(before.value <= value && value <= after.value,
		   "user space read %llu between the kernel's %llu and %llu", (long long)value,
		   (long long)before.value, (long long)after.value);
		if (i % 200 == 0)
			nap_ms(2);
	}
	ok(direct >= 1000, "of 2000 reads %d were made in user space", direct);
	for (int i = 0; i < 3; i++)
		munmap(page[i], getpagesize());
	set_sysctl("perf_user_access", "0");
}

/* The samples in a ring, and the sum of their periods. */
static int samples(volatile struct perf_event_mmap_page *page, u64 *sum, u64 *last)
{
	const char *data = (const char *)page + getpagesize();
	u64 size = (u64)RING_PAGES * getpagesize(), head = page->data_head;
	int n = 0;

	__sync_synchronize();
	*sum = 0;
	for (u64 tail = page->data_tail; tail < head;) {
		const struct perf_event_header *header = (const void *)(data + tail % size);

		if (header->type == PERF_RECORD_SAMPLE) {
			*last = *(const u64 *)(header + 1);
			*sum += *last;
			n++;
		}
		tail += header->size;
	}
	return n;
}

/* Whatever is counted, on all CPUs and in guests, is in the samples. */
static void sampling(struct perf_event_attr attr, int wanted)
{
	volatile struct perf_event_mmap_page *page;
	u64 end = now_ms() + PATIENCE * 1000, sum, last = 0;
	struct reading r = { 0 };
	int n;

	attr.sample_type = PERF_SAMPLE_PERIOD;
	attr.disabled = 1;
	if (!ok(open_event(attr, cpu, -1) >= 0, "it does not open: %s", strerror(errno)))
		return;
	page = mmap(NULL, (RING_PAGES + 1) * getpagesize(), PROT_READ | PROT_WRITE, MAP_SHARED, fds[0], 0);
	if (!ok(page != MAP_FAILED, "no ring: %s", strerror(errno)))
		return;
	ioctl(fds[0], PERF_EVENT_IOC_ENABLE, 0);
	do {
		work(200000);
		nap_ms(1);
		n = samples(page, &sum, &last);
	} while (n < wanted && now_ms() < end);
	ioctl(fds[0], PERF_EVENT_IOC_DISABLE, 0);
	ok(read_event(fds[0], &r), "the event is in the error state");
	n = samples(page, &sum, &last);
	ok(n >= wanted, "%d samples of %llu counted", n, (long long)r.value);
	ok(sum <= r.value, "%d samples stand for %llu of %llu", n, (long long)sum, (long long)r.value);
	if (exact && !attr.freq)
		ok(r.value - sum < 2 * last, "%d samples of %llu, %llu counted", n, (long long)last,
		   (long long)r.value);
	munmap((void *)page, (RING_PAGES + 1) * getpagesize());
}

static void check_period(void)
{
	struct perf_event_attr attr = event_of(CPU_CYCLES);

	attr.sample_period = 500000;
	sampling(attr, 200);
}

static void check_period_instructions(void)
{
	struct perf_event_attr attr = event_of(INST_RETIRED);

	attr.sample_period = 200003;
	sampling(attr, 200);
}

static void check_frequency(void)
{
	struct perf_event_attr attr = event_of(CPU_CYCLES);

	attr.freq = 1;
	attr.sample_freq = 2000;
	sampling(attr, 200);
}

/* Sampling goes on among events that keep taking turns. */
static void check_period_crowded(void)
{
	struct perf_event_attr attr = event_of(CPU_CYCLES);
	int crowd[MAX];

	for (int i = 0; i < counters + 1; i++)
		crowd[i] = sys_open(&attr, -1, cpu, -1);
	attr.sample_period = 100000;
	attr.pinned = 1;
	sampling(attr, 1000);
	for (int i = 0; i < counters + 1; i++)
		close(crowd[i]);
}

/* An event that comes and goes; few are pinned, so that these always fit. */
struct slot {
	int fd;
	bool pinned, enabled;
	struct reading last;
};

static struct slot slots[24];

static void open_slot(struct slot *slot)
{
	struct perf_event_attr attr = event_of(chance(4) ? CPU_CYCLES : INST_RETIRED);
	int cpus = sysconf(_SC_NPROCESSORS_ONLN), pinned = 0, group = -1, on;

	for (size_t i = 0; i < sizeof(slots) / sizeof(slots[0]); i++)
		pinned += slots[i].fd && slots[i].pinned;
	attr.pinned = pinned < 2 && !chance(4);
	attr.disabled = !chance(4);
	attr.exclude_kernel = !chance(4);
	attr.exclude_host = !chance(8);
	attr.exclude_guest = !chance(8);
	attr.config1 = !chance(4);
	if (!chance(4))
		attr.sample_period = 100000 + chance(1000000);
	if (!attr.pinned && chance(2))
		group = slots[chance(sizeof(slots) / sizeof(slots[0]))].fd ?: -1;
	on = (int)chance(cpus + 1) - 1;
	/* Much of what chance makes can't be a group. */
	slot->fd = sys_open(&attr, on < 0 ? 0 : -1, on, group);
	if (slot->fd < 0) {
		attr.exclude_host = 0;
		slot->fd = sys_open(&attr, on < 0 ? 0 : -1, on, -1);
	}
	if (slot->fd < 0)
		slot->fd = 0;
	slot->pinned = attr.pinned;
	memset(&slot->last, 0, sizeof(slot->last));
}

static void look_at(struct slot *slot)
{
	struct reading r = { 0 };

	if (!ok(read_event(slot->fd, &r), "an event is in the error state (pinned %d)", slot->pinned))
		return;
	/* The kernel does not take both times at once, and may do other things in between. */
	if (r.running > r.enabled) {
		struct reading again = { 0 };

		ok(read_event(slot->fd, &again), "an event can't be read again");
		r.enabled = again.enabled;
	}
	ok(r.running <= r.enabled && r.enabled >= slot->last.enabled && r.running >= slot->last.running,
	   "it ran %llu of %llu ns, before %llu of %llu", (long long)r.running, (long long)r.enabled,
	   (long long)slot->last.running, (long long)slot->last.enabled);
	ok(r.value >= slot->last.value && r.value - slot->last.value < 1ULL << 40,
	   "it counted from %llu to %llu", (long long)slot->last.value, (long long)r.value);
	slot->last = r;
}

static void check_churn(void)
{
	int cpus = sysconf(_SC_NPROCESSORS_ONLN);
	u64 period;

	for (int i = 0; i < rounds; i++) {
		struct slot *slot = &slots[chance(sizeof(slots) / sizeof(slots[0]))];

		if (!slot->fd) {
			open_slot(slot);
			continue;
		}
		switch (chance(10)) {
		case 0:
			close(slot->fd);
			slot->fd = 0;
			break;
		case 1:
			ioctl(slot->fd, PERF_EVENT_IOC_ENABLE, 0);
			break;
		case 2:
			ioctl(slot->fd, PERF_EVENT_IOC_DISABLE, PERF_IOC_FLAG_GROUP * chance(2));
			break;
		case 3:
			ioctl(slot->fd, PERF_EVENT_IOC_RESET, 0);
			slot->last.value = 0;
			break;
		case 4:
			period = 50000 + chance(1000000);
			ioctl(slot->fd, PERF_EVENT_IOC_PERIOD, &period);
			break;
		case 5:
			ioctl(slot->fd, PERF_EVENT_IOC_ENABLE, PERF_IOC_FLAG_GROUP);
			break;
		case 6:
			be_on(chance(cpus));
			break;
		case 7:
			nap_ms(chance(3));
			break;
		default:
			work(chance(20000));
			look_at(slot);
		}
	}
	for (size_t i = 0; i < sizeof(slots) / sizeof(slots[0]); i++) {
		if (slots[i].fd)
			close(slots[i].fd);
		slots[i].fd = 0;
	}
}

static const struct check {
	const char *name;
	void (*run)(void);
	enum { ANY = 0, ALONE = 1, BESIDE = 2, EXACT = 4 } when;
} checks[] = {
	{ "all-counters",	check_all,			ANY },
	{ "group-of-all",	check_group,			ANY },
	{ "group-too-large",	check_group_too_large,		ANY },
	{ "pinned",		check_pinned,			ANY },
	{ "pinned-group",	check_pinned_group,		ANY },
	{ "pinned-too-many",	check_pinned_too_many,		ALONE },
	{ "pinned-stay",	check_pinned_stay,		ANY },
	{ "more-than-counters",	check_more,			ANY },
	{ "elsewhere",		check_elsewhere,		BESIDE },
	{ "guest-only",		check_guest_only,		ANY },
	{ "user-read",		check_user_read,		ANY },
	{ "known-loop",		check_known_loop,		EXACT },
	{ "twins",		check_twins,			EXACT },
	{ "period",		check_period,			ANY },
	{ "period-instructions", check_period_instructions,	EXACT },
	{ "period-crowded",	check_period_crowded,		ANY },
	{ "frequency",		check_frequency,		ANY },
	{ "churn",		check_churn,			ANY },
	{ "all-after-churn",	check_all,			ANY },
};

static bool find_pmu(void)
{
	glob_t found;
	FILE *file;
	int got;

	if (glob("/sys/bus/event_source/devices/armv8*/type", 0, NULL, &found))
		return false;
	file = fopen(found.gl_pathv[0], "r");
	got = file ? fscanf(file, "%u", &pmu_type) : 0;
	if (file)
		fclose(file);
	globfree(&found);
	return got == 1;
}

int main(int argc, char **argv)
{
	const char *only = NULL;
	int before;

	if (argc < 3)
		return 64;
	cpu = atoi(argv[1]);
	beside = !strcmp(argv[2], "beside");
	for (int i = 3; i < argc; i++) {
		if (!strcmp(argv[i], "exact"))
			exact = true;
		else if (!strncmp(argv[i], "seed=", 5))
			seed = strtoull(argv[i] + 5, NULL, 0);
		else if (!strncmp(argv[i], "rounds=", 7))
			rounds = atoi(argv[i] + 7);
		else
			only = argv[i];
	}
	if (!find_pmu()) {
		printf("not ok perf-events: no armv8 PMU\n0 passed, 1 failed, 0 skipped\n");
		return 1;
	}
	check_name = "counters";
	/* On a slow machine the kernel takes samples for too frequent, and may have before. */
	set_sysctl("perf_cpu_time_max_percent", "25");
	set_sysctl("perf_event_max_sample_rate", "100000");
	set_sysctl("perf_cpu_time_max_percent", "0");
	/* A group that could never be on the PMU does not open. */
	while (open_event(event_of(CPU_CYCLES), cpu, nr_fds ? fds[0] : -1) >= 0)
		counters++;
	close_events();
	printf("%d counters on CPU %d\n", counters, cpu);
	for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++) {
		const struct check *check = &checks[i];

		if ((check->when & ALONE && beside) || (check->when & BESIDE && !beside) ||
		    (check->when & EXACT && !exact) || (only && !strstr(check->name, only)))
			continue;
		check_name = check->name;
		before = failed + skipped;
		be_on(cpu);
		check->run();
		close_events();
		if (failed + skipped == before)
			result("ok", &passed, NULL, (va_list) { 0 });
	}
	printf("%d passed, %d failed, %d skipped\n", passed, failed, skipped);
	return failed > 0;
}

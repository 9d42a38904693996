// SPDX-License-Identifier: GPL-2.0-only
/* The PL031 (ARM DDI 0224), compiled in so that its alarm can be looked at. */
#include <stdio.h>
#include <sys/timerfd.h>

#include "unit.h"

/* The last alarm that was set; whether the host gets to know of it. */
static struct itimerspec alarm_at;
static int alarm_flags;
static unsigned int alarms;
static bool keep_alarms;

static int seen_settime(int fd, int flags, const struct itimerspec *when, struct itimerspec *old)
{
	alarm_at = *when;
	alarm_flags = flags;
	alarms++;
	return keep_alarms ? 0 : timerfd_settime(fd, flags, when, old);
}

#define timerfd_settime	seen_settime
#include "../../devices/rtc.c"
#undef timerfd_settime

#define GPA	0x1010000ull

static struct bus *bus;
static struct event_loop *loop;
static void *device;
static struct error err;
static bool level, stop_at_level;

static void line_set(const struct irq_line *line, bool now)
{
	level = now;
	if (level && stop_at_level)
		loop_stop(loop);
}

static int setup(void **state)
{
	struct device_env env;

	level = false;
	stop_at_level = false;
	keep_alarms = true;
	alarms = 0;
	if (bus_create(&bus, -1, &err) || loop_create(&loop, &err))
		return -1;
	env = (struct device_env) {
		.bus = bus, .loop = loop,
		.slot = { .model = &rtc_model, .gpa = GPA, .intid = 33 },
		.irq = { .set = line_set, .vm_fd = -1, .intid = 33 },
	};
	return rtc_model.create(&env, &device, &err);
}

static int teardown(void **state)
{
	unsigned int before = open_descriptors();

	rtc_model.destroy(device);
	if (open_descriptors() != before - 1)	/* its timer */
		return -1;
	loop_destroy(loop);
	bus_destroy(bus);
	return 0;
}

static uint32_t get(unsigned int reg)
{
	uint64_t value;

	assert_true(bus_access(bus, 0, GPA + reg, 4, false, &value));
	assert_true(value <= UINT32_MAX);
	return (uint32_t)value;
}

static void put(unsigned int reg, uint32_t value)
{
	uint64_t wide = value;

	assert_true(bus_access(bus, 0, GPA + reg, 4, true, &wide));
}

/* Host seconds, exact: time() may still be in the second before. */
static uint32_t host(void)
{
	struct timespec at;

	clock_gettime(CLOCK_REALTIME, &at);
	return (uint32_t)at.tv_sec;
}

/* The counter goes with the host's clock, @ahead seconds before it. */
static void assert_counts(uint32_t ahead)
{
	uint32_t before = host(), now = get(RTCDR), after = host();

	if (now - ahead - before > after - before)
		fail_msg("%u, where the host has %u to %u and it is %u ahead", now, before, after,
			 ahead);
}

/* Linux finds the driver by these (amba). */
static void test_identification(void **state)
{
	const uint32_t part = 0x00041031, cell = 0xb105f00d;

	for (unsigned int i = 0; i < 4; i++) {
		assert_int_equal(get(0xfe0 + 4 * i), part >> 8 * i & 0xff);
		assert_int_equal(get(0xff0 + 4 * i), cell >> 8 * i & 0xff);
	}
}

static void test_reset_values(void **state)
{
	assert_counts(0);
	assert_int_equal(get(RTCMR), 0);
	assert_int_equal(get(RTCLR), 0);
	assert_int_equal(get(RTCCR), 1);
	assert_int_equal(get(RTCIMSC), 0);
	assert_int_equal(get(RTCRIS), 0);
	assert_int_equal(get(RTCMIS), 0);
	assert_int_equal(get(RTCICR), 0);
	assert_false(level);
	assert_int_equal(alarms, 0);
}

/* What can't be written, and what there isn't. */
static void test_no_effect(void **state)
{
	static const unsigned int regs[] = {
		RTCDR, RTCCR, RTCRIS, RTCMIS, 0x20, 0xfdc, RTCID, 0xffc,
	};

	for (size_t i = 0; i < ARRAY_SIZE(regs); i++) {
		uint32_t before = get(regs[i]);

		put(regs[i], regs[i] == RTCCR ? 0 : 0x12345678);
		if (regs[i] == RTCDR)
			assert_counts(0);
		else
			assert_int_equal(get(regs[i]), before);
	}
	assert_int_equal(get(0x20), 0);
	assert_int_equal(get(0xfdc), 0);
	assert_int_equal(get(0xfe1), 0);	/* in the middle of a register */
	assert_false(level);
	assert_int_equal(alarms, 0);
}

static void test_load(void **state)
{
	static const uint32_t ahead[] = { 1, 86400, 0x80000000, 0xffff0000 };

	for (size_t i = 0; i < ARRAY_SIZE(ahead); i++) {
		uint32_t value, after;

		do {	/* within one second of the host's */
			value = host() + ahead[i];
			put(RTCLR, value);
			after = host() + ahead[i];
		} while (value != after);
		assert_int_equal(get(RTCLR), value);
		assert_counts(ahead[i]);
	}
}

/* The host's time at which the counter meets the match value, at most 2^32 seconds away. */
static void test_match_time(void **state)
{
	static const struct { uint32_t ahead, wait; } rows[] = {
		{ 0, 0 }, { 0, 1 }, { 0, 3600 }, { 0, UINT32_MAX }, { 1000000, 5 },
		{ 0xffffff00, 10 }, { 0x80000000, 0x80000000 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		uint32_t start;
		unsigned int before;

		do {
			start = host();
			put(RTCLR, start + rows[i].ahead);
			before = alarms;
			put(RTCMR, start + rows[i].ahead + rows[i].wait);
		} while (start != host());
		assert_int_equal(get(RTCMR), start + rows[i].ahead + rows[i].wait);
		assert_int_equal(alarms, before + 1);
		assert_int_equal(alarm_flags & TFD_TIMER_ABSTIME, TFD_TIMER_ABSTIME);
		assert_int_equal(alarm_at.it_value.tv_sec, (uint64_t)start + rows[i].wait);
		assert_int_equal(alarm_at.it_interval.tv_sec, 0);
	}
}

/* Setting the clock moves the alarm. */
static void test_load_moves_alarm(void **state)
{
	uint32_t start;

	do {
		start = host();
		put(RTCMR, start + 500);
		assert_true(start != host() || alarm_at.it_value.tv_sec == (time_t)start + 500);
		put(RTCLR, start + 400);
	} while (start != host());
	assert_int_equal(alarm_at.it_value.tv_sec, (uint64_t)start + 100);
}

/* Wait for the alarm; the loop is stopped by the line. */
static void await_alarm(void)
{
	stop_at_level = true;
	assert_int_equal(loop_run(loop), 0);
	stop_at_level = false;
}

/* A match value that is the time already: at once. */
static void match_now(void)
{
	keep_alarms = false;
	put(RTCMR, host());
}

static void test_interrupt(void **state)
{
	put(RTCIMSC, 1);
	assert_int_equal(get(RTCIMSC), 1);
	match_now();
	await_alarm();
	assert_true(level);
	assert_int_equal(get(RTCRIS), 1);
	assert_int_equal(get(RTCMIS), 1);
	/* masked it is still there */
	put(RTCIMSC, 0);
	assert_false(level);
	assert_int_equal(get(RTCRIS), 1);
	assert_int_equal(get(RTCMIS), 0);
	put(RTCIMSC, 0xffffffff);
	assert_int_equal(get(RTCIMSC), 1);
	assert_true(level);
	/* only a 1 clears it */
	put(RTCICR, 0);
	assert_true(level);
	put(RTCICR, 0xfffffffe);
	assert_true(level);
	put(RTCICR, 1);
	assert_false(level);
	assert_int_equal(get(RTCRIS), 0);
	assert_int_equal(get(RTCMIS), 0);
	assert_int_equal(get(RTCIMSC), 1);
	/* and it may come again */
	match_now();
	await_alarm();
	assert_int_equal(get(RTCRIS), 1);
}

/* Whoever is woken by the alarm finds the clock at the time that was asked for, or later. */
static void test_alarm_in_time(void **state)
{
	uint32_t match, now;

	keep_alarms = false;
	put(RTCIMSC, 1);
	match = host() + 1;
	put(RTCMR, match);
	assert_int_equal(get(RTCRIS), 0);
	await_alarm();
	now = get(RTCDR);
	assert_int_equal(get(RTCRIS), 1);
	assert_in_range(now, match, match + 30);
}

/* A source that masked the interrupt is not disturbed. */
static void test_masked(void **state)
{
	struct rtc *rtc = device;

	match_now();
	/* the loop's thread would call it */
	alarm_ready(&rtc->alarm, EPOLLIN);
	assert_int_equal(get(RTCRIS), 1);
	assert_int_equal(get(RTCMIS), 0);
	assert_false(level);
	put(RTCIMSC, 1);
	assert_true(level);
}

/* An alarm that was moved before the loop came to it doesn't count. */
static void test_moved_alarm(void **state)
{
	struct rtc *rtc = device;

	put(RTCIMSC, 1);
	match_now();
	put(RTCMR, host() + 1000);
	alarm_ready(&rtc->alarm, EPOLLIN);
	assert_int_equal(get(RTCRIS), 0);
	assert_false(level);
}

#define TEST(name)	cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_identification),
		TEST(test_reset_values),
		TEST(test_no_effect),
		TEST(test_load),
		TEST(test_match_time),
		TEST(test_load_moves_alarm),
		TEST(test_interrupt),
		TEST(test_alarm_in_time),
		TEST(test_masked),
		TEST(test_moved_alarm),
	};

	return cmocka_run_group_tests_name("rtc", tests, NULL, NULL);
}

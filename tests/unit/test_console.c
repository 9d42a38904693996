// SPDX-License-Identifier: GPL-2.0-only
/*
 * The console between stdin, stdout and a device, with the panic watch: compiled
 * in, so that reads can be counted and seconds be short.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "unit.h"

static unsigned int stdin_reads;
static long armed_seconds, armed_ns;		/* the last timer that was armed */

static ssize_t counted_read(int fd, void *data, size_t len)
{
	stdin_reads += fd == STDIN_FILENO;
	return read(fd, data, len);
}

/* A second takes ten milliseconds. */
static int hasty_settime(int fd, int flags, const struct itimerspec *when, struct itimerspec *old)
{
	struct itimerspec sooner = *when;

	armed_seconds = when->it_value.tv_sec;
	armed_ns = when->it_value.tv_nsec;
	sooner.it_value.tv_sec = 0;
	sooner.it_value.tv_nsec += armed_seconds * 10000000;
	return timerfd_settime(fd, flags, &sooner, old);
}

#define read		counted_read
#define timerfd_settime	hasty_settime
#include "../../vmm/console.c"
#undef read
#undef timerfd_settime

#define LIMIT_MS	20000		/* no good test comes near it */

static struct event_loop *loop;
static struct verdict verdict;
static struct console *console;
static struct error err;
static int saved[3];
static int out_fd, in_fd;		/* our ends of the guest's stdout and stdin */

/* A device that takes as many bytes as it has room for. */
static struct {
	struct console_listener	listener;
	char			text[1 << 17];
	size_t			len, room;
	unsigned int		calls;
	size_t			offered;
} device, other;

static size_t device_input(struct console_listener *listener, const unsigned char *data, size_t len)
{
	size_t n = len < device.room ? len : device.room;

	device.calls++;
	device.offered = len;
	memcpy(device.text + device.len, data, n);
	device.len += n;
	device.room -= n;
	return n;
}

static size_t other_input(struct console_listener *listener, const unsigned char *data, size_t len)
{
	memcpy(other.text + other.len, data, len);
	other.len += len;
	return len;
}

static void replace(int fd, int with)
{
	assert_true(dup2(with, fd) >= 0);
	close(with);
}

/* A pipe whose one end becomes @fd; returns the other. */
static int pipe_for(int fd, int flags)
{
	int ends[2];

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	replace(fd, ends[fd != STDIN_FILENO]);
	if (flags)
		fcntl(fd, F_SETFL, flags);
	fcntl(ends[fd == STDIN_FILENO], F_SETFL, O_NONBLOCK);
	return ends[fd == STDIN_FILENO];
}

static int setup_fds(void **state)
{
	fflush(stdout);
	for (int fd = 0; fd < 3; fd++)
		saved[fd] = fcntl(fd, F_DUPFD_CLOEXEC, 10);
	memset(&device, 0, sizeof(device));
	memset(&other, 0, sizeof(other));
	device.listener.input = device_input;
	other.listener.input = other_input;
	stdin_reads = 0;
	console = NULL;
	verdict_init(&verdict);
	in_fd = pipe_for(STDIN_FILENO, 0);
	out_fd = pipe_for(STDOUT_FILENO, 0);
	return loop_create(&loop, &err);
}

static void start(bool watch)
{
	assert_done(console_create(&console, loop, &verdict, watch, &err), &err);
}

static int setup(void **state)
{
	if (setup_fds(state))
		return -1;
	start(true);
	return 0;
}

static void end(void)
{
	console_destroy(console);
	console = NULL;
}

static int teardown(void **state)
{
	fflush(stdout);
	end();
	loop_destroy(loop);
	verdict_destroy(&verdict);
	close(in_fd);
	close(out_fd);
	for (int fd = 0; fd < 3; fd++)
		replace(fd, saved[fd]);
	return 0;
}

/* Run the loop until @done, asked every millisecond; false when something else stopped it. */
struct waiter {
	struct event_source	source;
	bool			(*done)(void);
	unsigned int		turns;
	bool			stopped;
};

static void waiter_ready(struct event_source *source, uint32_t events)
{
	struct waiter *waiter = (void *)source;

	drain(source->fd);
	if (++waiter->turns < LIMIT_MS && !waiter->done())
		return;
	waiter->stopped = true;
	loop_stop(loop);
}

static bool run_until(bool (*done)(void))
{
	const struct itimerspec often = { { .tv_nsec = 1000000 }, { .tv_nsec = 1 } };
	struct waiter waiter = {
		{ timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK), waiter_ready }, done,
	};

	timerfd_settime(waiter.source.fd, 0, &often, NULL);
	assert_int_equal(loop_add(loop, &waiter.source, EPOLLIN), 0);
	assert_int_equal(loop_run(loop), 0);
	loop_remove(loop, &waiter.source);
	close(waiter.source.fd);
	assert_true(waiter.turns < LIMIT_MS);
	return waiter.stopped;
}

static unsigned int quiet_left;

static bool quiet(void)
{
	return !--quiet_left;
}

/* Some turns of the loop in which nothing is expected to happen. */
static void run_a_while(void)
{
	quiet_left = 20;
	assert_true(run_until(quiet));
}

static char shown[1 << 20];
static size_t shown_len;

/* What has come out since the last time. */
static const char *show(void)
{
	ssize_t n;

	shown_len = 0;
	while ((n = read(out_fd, shown + shown_len, sizeof(shown) - 1 - shown_len)) > 0)
		shown_len += (size_t)n;
	shown[shown_len] = '\0';
	return shown;
}

static bool has_output(void)
{
	int n = 0;

	ioctl(out_fd, FIONREAD, &n);
	return n > 0;
}

static int waiting_input(void)
{
	int n = 0;

	ioctl(STDIN_FILENO, FIONREAD, &n);
	return n;
}

static void say(const char *text)
{
	console_write(console, text, strlen(text));
}

static void type(const char *text)
{
	assert_int_equal(write(in_fd, text, strlen(text)), strlen(text));
}

static size_t wanted_len;

static bool has_input(void)
{
	return device.len >= wanted_len;
}

static void await_input(size_t len)
{
	wanted_len = len;
	assert_true(run_until(has_input));
	assert_int_equal(device.len, len);
}

static void assert_typed(const char *text)
{
	assert_int_equal(device.len, strlen(text));
	assert_memory_equal(device.text, text, device.len);
}

/* Output. */

static void test_lines_at_once(void **state)
{
	say("hello\n");
	assert_string_equal(show(), "hello\n");
	for (const char *c = "boot"; *c; c++)
		console_write(console, c, 1);
	assert_string_equal(show(), "");
	say("\n");
	assert_string_equal(show(), "boot\n");
	say("two\nlines\n");
	assert_string_equal(show(), "two\nlines\n");
	console_write(console, "", 0);
	assert_string_equal(show(), "");
}

/* A prompt has no newline: it comes after a while, each time. */
static void test_partial_line(void **state)
{
	for (int i = 0; i < 3; i++) {
		say("login: ");
		assert_string_equal(show(), "");
		assert_int_equal(armed_seconds, 0);
		assert_in_range(armed_ns, 1, 20000000);
		assert_true(run_until(has_output));
		assert_string_equal(show(), "login: ");
	}
	/* also when a line went out before it was time */
	say("a");
	say("\n");
	say("b");
	assert_string_equal(show(), "a\n");
	assert_true(run_until(has_output));
	assert_string_equal(show(), "b");
}

static void test_flush(void **state)
{
	say("restart");
	console_flush(console);
	assert_string_equal(show(), "restart");
}

static void test_destroy_flushes(void **state)
{
	say("the end");
	end();
	assert_string_equal(show(), "the end");
}

static void test_gives_back(void **state)
{
	unsigned int before;

	end();
	before = open_descriptors();
	start(true);
	assert_true(open_descriptors() > before);
	end();
	assert_int_equal(open_descriptors(), before);
}

/* What doesn't fit goes out before the line's end is there, and nothing is lost. */
static void test_long_line(void **state)
{
	static char text[50001];
	size_t first;

	for (size_t i = 0; i < sizeof(text) - 1; i++)
		text[i] = (char)('a' + i % 23);
	console_write(console, text, sizeof(text) - 1);
	show();
	first = shown_len;
	assert_true(first > 40000 && first < sizeof(text));
	assert_memory_equal(shown, text, first);
	end();
	show();
	assert_int_equal(shown_len, sizeof(text) - 1 - first);
	assert_memory_equal(shown, text + first, shown_len);
}

static atomic_uint mistakes;
static atomic_size_t got;

#define MUCH	(512 << 10)

static void *slow_reader(void *arg)
{
	unsigned char data[5000];
	ssize_t n;

	while (got < MUCH) {
		n = read(out_fd, data, 1 + got % sizeof(data));
		for (ssize_t i = 0; i < n; i++)
			mistakes += data[i] != (unsigned char)((got + (size_t)i) % 251);
		got += n > 0 ? (size_t)n : 0;
		if (n <= 0 || got % 13 == 0)
			usleep(100);
	}
	return NULL;
}

static void check_slow_pipe(int flags)
{
	static unsigned char data[MUCH];
	pthread_t reader;

	out_fd = (close(out_fd), pipe_for(STDOUT_FILENO, flags));
	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (unsigned char)(i % 251);
	mistakes = 0;
	got = 0;
	assert_int_equal(pthread_create(&reader, NULL, slow_reader, NULL), 0);
	for (size_t at = 0, n; at < sizeof(data); at += n) {
		n = 1 + at % 6000;
		if (n > sizeof(data) - at)
			n = sizeof(data) - at;
		console_write(console, data + at, n);
	}
	console_flush(console);
	pthread_join(reader, NULL);
	assert_int_equal(got, MUCH);
	assert_int_equal(mistakes, 0);
}

/* All of it arrives, whether or not stdout waits. */
static void test_slow_pipe(void **state)
{
	check_slow_pipe(0);
	check_slow_pipe(O_NONBLOCK);
}

/* stdout that can't be written to: said once, and the guest goes on, panic watch and all. */
static void check_output_gone(void)
{
	char messages[4096];
	ssize_t n;
	int err_fd = pipe_for(STDERR_FILENO, 0);

	for (int i = 0; i < 3; i++) {
		say("a line\n");
		say("a piece");
		run_a_while();
	}
	say("\nKernel panic - not syncing: nobody sees this\n");
	n = read(err_fd, messages, sizeof(messages) - 1);
	close(err_fd);
	assert_true(n > 0);
	messages[n] = '\0';
	assert_non_null(strstr(messages, "Warning: console"));
	assert_ptr_equal(strchr(messages, '\n'), messages + n - 1);
	assert_string_equal(verdict.text, "Kernel panic - not syncing: nobody sees this");
}

static void test_full_disk(void **state)
{
	replace(STDOUT_FILENO, open("/dev/full", O_WRONLY | O_CLOEXEC));
	check_output_gone();
}

static void test_closed_stdout(void **state)
{
	/* main() keeps it from being closed; it can still be one that nobody may write to. */
	replace(STDOUT_FILENO, open("/dev/null", O_RDONLY | O_CLOEXEC));
	check_output_gone();
}

/* A reader that hangs doesn't keep tally from ending. */
static void test_stop_while_stuck(void **state)
{
	static char text[1 << 20];
	int stop = eventfd(1, EFD_CLOEXEC);
	int err_fd = pipe_for(STDERR_FILENO, 0);

	memset(text, 'a', sizeof(text));
	console_stop_on(console, stop);
	console_write(console, text, sizeof(text));
	console_write(console, text, sizeof(text));
	close(stop);
	close(err_fd);
	show();
	assert_true(shown_len > 0 && shown_len < sizeof(text));
}

static void test_reader_gone(void **state)
{
	close(out_fd);
	out_fd = -1;
	signal(SIGPIPE, SIG_IGN);
	check_output_gone();
	signal(SIGPIPE, SIG_DFL);
}

#define LINES	300

static void *say_lines(void *arg)
{
	char line[16];

	for (int i = 0; i < LINES; i++)
		console_write(console, line, (size_t)snprintf(line, sizeof(line), "%s%03d\n",
							      (char *)arg, i));
	return NULL;
}

static void test_threads(void **state)
{
	static char names[4][2] = { "a", "b", "c", "d" };
	int next[4] = { 0 };
	pthread_t threads[4];

	for (int i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, say_lines, names[i]), 0);
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	show();
	assert_int_equal(shown_len, 4 * LINES * 5);
	for (const char *at = shown; *at; at += 5) {
		char wanted[16];

		assert_in_range(*at, 'a', 'd');
		snprintf(wanted, sizeof(wanted), "%c%03d\n", *at, next[*at - 'a']++);
		assert_memory_equal(at, wanted, 5);
	}
}

/* Input. */

static void test_input(void **state)
{
	device.room = sizeof(device.text);
	console_listen(console, &device.listener);
	type("root\n");
	await_input(5);
	type("\x01x\x03");		/* a pipe's bytes have no meaning of their own */
	await_input(8);
	assert_typed("root\n\x01x\x03");
	assert_int_equal(verdict_kind(&verdict), VERDICT_NONE);
}

/* Input before there is a listener waits where it is. */
static void test_nobody_listens(void **state)
{
	type("early");
	run_a_while();
	assert_int_equal(waiting_input(), 5);
	assert_int_equal(stdin_reads, 0);
	device.room = 100;
	console_listen(console, &device.listener);
	await_input(5);
	assert_typed("early");
}

/* A listener that takes a part is not asked again until it says so; nothing is lost. */
static void test_takes_a_part(void **state)
{
	device.room = 3;
	console_listen(console, &device.listener);
	type("abcdefgh");
	await_input(3);
	run_a_while();
	assert_int_equal(device.calls, 1);
	type("ij");
	run_a_while();
	assert_int_equal(device.calls, 1);
	device.room = 4;
	console_input_ready(console);
	await_input(7);
	run_a_while();
	assert_int_equal(device.calls, 2);
	assert_int_equal(device.offered, 5);
	device.room = 100;
	console_input_ready(console);
	await_input(10);
	assert_typed("abcdefghij");
}

/* What the device doesn't take fills the pipe, not tally. */
static void test_back_pressure(void **state)
{
	static char text[40001];

	for (size_t i = 0; i < sizeof(text) - 1; i++)
		text[i] = (char)('a' + i % 26);
	console_listen(console, &device.listener);
	type(text);
	run_a_while();
	assert_int_equal(stdin_reads, 1);
	assert_int_equal(device.calls, 1);
	assert_true(waiting_input() > 39000);
	while (device.len < sizeof(text) - 1) {
		size_t room = sizeof(text) - 1 - device.len;

		device.room = room < 7777 ? room : 7777;
		console_input_ready(console);
		await_input(device.len + device.room);
	}
	assert_typed(text);
	assert_int_equal(waiting_input(), 0);
}

static void test_input_ends(void **state)
{
	unsigned int reads;

	device.room = 100;
	console_listen(console, &device.listener);
	type("last");
	close(in_fd);
	in_fd = -1;
	await_input(4);
	run_a_while();
	reads = stdin_reads;
	assert_int_equal(reads, 2);
	console_input_ready(console);
	run_a_while();
	assert_int_equal(stdin_reads, reads);
	assert_typed("last");
}

/* epoll takes no files: they are read as there is room, to their end and no further. */
static void test_input_file(void **state)
{
	static char text[3001];
	const char *path;

	for (size_t i = 0; i < sizeof(text) - 1; i++)
		text[i] = (char)('a' + i % 26);
	path = temp_file("typed", text, sizeof(text) - 1);
	end();
	replace(STDIN_FILENO, open(path, O_RDONLY | O_CLOEXEC));
	start(true);
	device.room = 1000;
	console_listen(console, &device.listener);
	await_input(1000);
	run_a_while();
	assert_int_equal(stdin_reads, 4);
	device.room = 1;
	console_input_ready(console);
	await_input(1001);
	device.room = 5000;
	console_input_ready(console);
	await_input(sizeof(text) - 1);
	assert_typed(text);
	run_a_while();
	assert_int_equal(stdin_reads, 13);
	console_input_ready(console);
	run_a_while();
	assert_int_equal(stdin_reads, 13);
}

static void test_no_input(void **state)
{
	end();
	replace(STDIN_FILENO, open("/dev/null", O_RDONLY | O_CLOEXEC));
	start(true);
	device.room = 100;
	console_listen(console, &device.listener);
	run_a_while();
	assert_int_equal(stdin_reads, 1);
	assert_int_equal(device.calls, 0);
	end();
	close(STDIN_FILENO);
	start(true);
	console_listen(console, &device.listener);
	run_a_while();
	assert_int_equal(device.calls, 0);
	assert_in_range(stdin_reads, 1, 2);
}

static void test_listeners(void **state)
{
	device.room = 100;
	console_listen(console, &device.listener);
	type("one");
	await_input(3);
	console_unlisten(console, &other.listener);	/* not the one: nothing happens */
	type("two");
	await_input(6);
	console_unlisten(console, &device.listener);
	type("three");
	run_a_while();
	assert_int_equal(device.len, 6);
	console_listen(console, &other.listener);
	run_a_while();
	assert_int_equal(other.len, 5);
	assert_memory_equal(other.text, "three", 5);
	console_listen(console, &device.listener);
	type("four");
	await_input(10);
	assert_typed("onetwofour");
	assert_int_equal(other.len, 5);
}

/* What one listener left is the next one's. */
static void test_listener_leaves_rest(void **state)
{
	device.room = 2;
	console_listen(console, &device.listener);
	type("abcd");
	await_input(2);
	console_unlisten(console, &device.listener);
	console_listen(console, &other.listener);
	run_a_while();
	assert_int_equal(other.len, 2);
	assert_memory_equal(other.text, "cd", 2);
}

/* A terminal. */

static struct termios before;

static int setup_terminal(void **state)
{
	int terminal;

	if (setup_fds(state))
		return -1;
	close(in_fd);
	in_fd = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (in_fd < 0 || grantpt(in_fd) || unlockpt(in_fd))
		return -1;
	terminal = open(ptsname(in_fd), O_RDWR | O_NOCTTY | O_CLOEXEC);
	fcntl(in_fd, F_SETFL, O_NONBLOCK);
	replace(STDIN_FILENO, terminal);
	tcgetattr(STDIN_FILENO, &before);
	/* as a login leaves it, whatever this system's default is */
	before.c_iflag |= ICRNL | IXON;
	before.c_lflag |= ICANON | ECHO | ISIG | IEXTEN;
	before.c_oflag |= OPOST | ONLCR;
	tcsetattr(STDIN_FILENO, TCSANOW, &before);
	tcgetattr(STDIN_FILENO, &before);
	start(true);
	device.room = 1000;
	console_listen(console, &device.listener);
	return 0;
}

static void assert_terminal_restored(void)
{
	struct termios now;

	assert_int_equal(tcgetattr(STDIN_FILENO, &now), 0);
	assert_int_equal(now.c_iflag, before.c_iflag);
	assert_int_equal(now.c_oflag, before.c_oflag);
	assert_int_equal(now.c_cflag, before.c_cflag);
	assert_int_equal(now.c_lflag, before.c_lflag);
	assert_memory_equal(now.c_cc, before.c_cc, sizeof(now.c_cc));
}

/* Keys go to the guest as they are, at once and without an echo of ours. */
static void test_raw(void **state)
{
	const char *keys = "a\r\x03\x04\x11\x13\x1a\x16\x1c\x7f";
	struct termios now;
	char echo;

	type(keys);
	await_input(strlen(keys));
	assert_typed(keys);
	assert_true(read(in_fd, &echo, 1) < 0);
	/* output is for tally's own messages too */
	tcgetattr(STDIN_FILENO, &now);
	assert_int_equal(now.c_oflag, before.c_oflag);
	end();
	assert_terminal_restored();
}

static bool never(void)
{
	return false;
}

static void check_ends(void)
{
	assert_false(run_until(never));
	assert_int_equal(verdict_kind(&verdict), VERDICT_STOPPED);
	assert_int_equal(verdict.exit_code, TALLY_EXIT_STOPPED);
	end();
	assert_terminal_restored();
}

static void test_escape_ends(void **state)
{
	type("ls\r\x01x");
	check_ends();
	assert_typed("ls\r");
}

/* Even when the guest takes nothing, and more was typed than is kept for it. */
static void test_escape_unread(void **state)
{
	device.room = 0;
	for (int i = 0; i < 10; i++)
		type("a line that nobody takes, thirty-two\r");
	run_a_while();
	assert_int_equal(verdict_kind(&verdict), VERDICT_NONE);
	type("\x01x");
	check_ends();
}

/* The two keys come one by one. */
static void test_escape_in_pieces(void **state)
{
	type("a\x01");
	await_input(1);
	run_a_while();
	assert_int_equal(verdict_kind(&verdict), VERDICT_NONE);
	type("x");
	check_ends();
	assert_typed("a");
}

static void test_escape_others(void **state)
{
	static const struct { const char *typed, *seen; } rows[] = {
		{ "\x01\x01", "\x01" },		{ "\001b", "b" },
		{ "x", "x" },			{ "\x01\x01x", "\x01x" },
		{ "\001Xx", "Xx" },		{ "a\001bc\x01\x01\001d", "abc\001d" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		device.len = 0;
		type(rows[i].typed);
		await_input(strlen(rows[i].seen));
		assert_typed(rows[i].seen);
		assert_int_equal(verdict_kind(&verdict), VERDICT_NONE);
	}
}

/* The way out works while the guest takes its time. */
static void test_hang_up(void **state)
{
	close(in_fd);
	in_fd = -1;
	run_a_while();
	assert_in_range(stdin_reads, 1, 2);
	assert_int_equal(verdict_kind(&verdict), VERDICT_NONE);
}

/* The panic watch: what it makes of text. */

#define PANIC	"Kernel panic - not syncing"
#define END	"---[ end Kernel panic - not syncing: why ]---"

static const struct {
	const char		*text;
	size_t			len;		/* 0: to its NUL */
	enum panic_event	event;
	const char		*reason;
} texts[] = {
	{ "nothing of that kind\n", 0, PANIC_NOTHING, "" },
	{ "kernel panic - not syncing: case\n", 0, PANIC_NOTHING, "" },
	{ "Kernel panic\n - not syncing\n", 0, PANIC_NOTHING, "" },
	{ PANIC ": no end yet", 0, PANIC_NOTHING, "" },
	{ PANIC ": why\n", 0, PANIC_SEEN, PANIC ": why" },
	{ PANIC ": why\r\n", 0, PANIC_SEEN, PANIC ": why" },
	{ PANIC ": why\r", 0, PANIC_SEEN, PANIC ": why" },
	{ PANIC "\n", 0, PANIC_SEEN, PANIC },
	{ "[    1.234567] " PANIC ": why\n", 0, PANIC_SEEN, PANIC ": why" },
	{ "[    1.234567][    T1] " PANIC ": why\r\n", 0, PANIC_SEEN, PANIC ": why" },
	{ "before\n\r\n\n" PANIC ": why\nafter\n", 0, PANIC_SEEN, PANIC ": why" },
	{ PANIC ": first\n" PANIC ": second\n", 0, PANIC_SEEN, PANIC ": first" },
	{ "a\0b\0\0" PANIC ": w\0y\n", sizeof("a\0b\0\0" PANIC ": w\0y\n") - 1, PANIC_SEEN,
	  PANIC ": w y" },
	{ END "\n", 0, PANIC_ENDED, "" },
	{ PANIC ": why\nCPU: 0\n[    2.0] " END "\r\n", 0, PANIC_ENDED, PANIC ": why" },
	{ END "\n" PANIC ": late\n", 0, PANIC_ENDED, PANIC ": late" },
};

static void check_text(size_t i, size_t first, size_t second)
{
	size_t len = texts[i].len ? texts[i].len : strlen(texts[i].text);
	size_t cuts[] = { 0, first < len ? first : len, second < len ? second : len, len };
	enum panic_event event = PANIC_NOTHING;
	struct panic_watch watch = { 0 };

	for (size_t c = 0; c < 3; c++) {
		enum panic_event now = panic_watch(&watch, texts[i].text + cuts[c],
						   cuts[c + 1] - cuts[c]);

		if (now > event)
			event = now;
	}
	if (event != texts[i].event || strcmp(watch.reason, texts[i].reason))
		fail_msg("text %zu cut at %zu and %zu: event %d, \"%s\"", i, first, second, event,
			 watch.reason);
}

/* Each text whole, in two and in three pieces at every byte. */
static void test_panic_texts(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		for (size_t first = 0; first < 100; first++)
			for (size_t second = first; second < 100; second++)
				check_text(i, first, second);
}

static void test_panic_byte_by_byte(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		size_t len = texts[i].len ? texts[i].len : strlen(texts[i].text);
		enum panic_event event = PANIC_NOTHING;
		struct panic_watch watch = { 0 };

		for (size_t c = 0; c < len; c++) {
			enum panic_event now = panic_watch(&watch, texts[i].text + c, 1);

			if (now > event)
				event = now;
		}
		assert_int_equal(event, texts[i].event);
		assert_string_equal(watch.reason, texts[i].reason);
	}
}

/* A line is as long as it likes: its start counts, and the next line counts anew. */
static void test_panic_long_lines(void **state)
{
	struct panic_watch watch = { 0 };
	char line[600];

	for (size_t len = 200; len < sizeof(line) - 1; len++) {
		memset(&watch, 0, sizeof(watch));
		memset(line, 'x', sizeof(line));
		line[len] = '\n';
		assert_int_equal(panic_watch(&watch, line, len + 1), PANIC_NOTHING);
		assert_int_equal(panic_watch(&watch, PANIC ": a\n", strlen(PANIC) + 4), PANIC_SEEN);
		assert_string_equal(watch.reason, PANIC ": a");
		/* a panic whose reason is long: seen before its line ends, and once */
		memset(&watch, 0, sizeof(watch));
		memcpy(line, "[  1.0] " PANIC, strlen("[  1.0] " PANIC));
		assert_int_equal(panic_watch(&watch, line, len), len < 255 ? PANIC_NOTHING :
				 PANIC_SEEN);
		assert_int_equal(panic_watch(&watch, "\n", 1), len < 255 ? PANIC_SEEN :
				 PANIC_NOTHING);
		assert_memory_equal(watch.reason, PANIC "xxx", strlen(PANIC) + 3);
		assert_true(strlen(watch.reason) >= 190);
	}
	/* what stands behind the part that is looked at is no line's start */
	memset(&watch, 0, sizeof(watch));
	memset(line, 'x', sizeof(line));
	assert_int_equal(panic_watch(&watch, line, 300), PANIC_NOTHING);
	assert_int_equal(panic_watch(&watch, PANIC "\n", strlen(PANIC) + 1), PANIC_NOTHING);
}

/* The panic watch: what the console does then. */

static void assert_crashed(const char *text)
{
	assert_int_equal(verdict_kind(&verdict), VERDICT_CRASHED);
	assert_int_equal(verdict.exit_code, TALLY_EXIT_CRASHED);
	assert_string_equal(verdict.text, text);
}

static void test_panic_to_the_end(void **state)
{
	say("[    1.0] " PANIC ": why\r\n");
	assert_crashed(PANIC ": why");
	say("[    1.0] CPU: 0 PID: 1\r\n");
	armed_seconds = 0;
	say("[    1.0] " END "\r\n");
	/* nothing more will come: no time is lost */
	assert_int_equal(loop_run(loop), 0);
	assert_crashed(PANIC ": why");
	assert_int_equal(armed_seconds, 0);
}

/* The rest of the message has some time, but not for ever. */
static void test_panic_without_end(void **state)
{
	say(PANIC ": why\n");
	assert_int_equal(armed_seconds, 2);
	armed_seconds = 0;
	say(PANIC ": again\n");
	assert_int_equal(armed_seconds, 0);
	assert_false(run_until(never));
	assert_crashed(PANIC ": why");
}

static void test_panic_only_end(void **state)
{
	say(END "\n");
	assert_int_equal(loop_run(loop), 0);
	assert_crashed("Kernel panic");
}

/* The guest's last line lacks its end: it counts when the run is over. */
static void test_panic_last_line(void **state)
{
	say(PANIC ": cut");
	run_a_while();
	assert_int_equal(verdict_kind(&verdict), VERDICT_NONE);
	end();
	assert_crashed(PANIC ": cut");
	assert_string_equal(show(), PANIC ": cut");
}

static void test_no_panic_watch(void **state)
{
	end();
	start(false);
	say(PANIC ": why\n" END "\n" PANIC);
	run_a_while();
	end();
	assert_int_equal(verdict_kind(&verdict), VERDICT_NONE);
	assert_string_equal(show(), PANIC ": why\n" END "\n" PANIC);
}

#define TEST(name)	cmocka_unit_test_setup_teardown(name, setup, teardown)
#define TERMINAL(name)	cmocka_unit_test_setup_teardown(name, setup_terminal, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_lines_at_once),
		TEST(test_partial_line),
		TEST(test_flush),
		TEST(test_destroy_flushes),
		TEST(test_gives_back),
		TEST(test_long_line),
		TEST(test_slow_pipe),
		TEST(test_full_disk),
		TEST(test_closed_stdout),
		TEST(test_stop_while_stuck),
		TEST(test_reader_gone),
		TEST(test_threads),
		TEST(test_input),
		TEST(test_nobody_listens),
		TEST(test_takes_a_part),
		TEST(test_back_pressure),
		TEST(test_input_ends),
		TEST(test_input_file),
		TEST(test_no_input),
		TEST(test_listeners),
		TEST(test_listener_leaves_rest),
		TERMINAL(test_raw),
		TERMINAL(test_escape_ends),
		TERMINAL(test_escape_unread),
		TERMINAL(test_escape_in_pieces),
		TERMINAL(test_escape_others),
		TERMINAL(test_hang_up),
		cmocka_unit_test(test_panic_texts),
		cmocka_unit_test(test_panic_byte_by_byte),
		cmocka_unit_test(test_panic_long_lines),
		TEST(test_panic_to_the_end),
		TEST(test_panic_without_end),
		TEST(test_panic_only_end),
		TEST(test_panic_last_line),
		TEST(test_no_panic_watch),
	};

	return cmocka_run_group_tests_name("console", tests, NULL, NULL);
}

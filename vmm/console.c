// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <termios.h>
#include <unistd.h>

#include "console.h"
#include "log.h"
#include "panic.h"
#include "verdict.h"

#define ESCAPE		0x01			/* Ctrl-a */
#define FLUSH_NS	(5 * 1000 * 1000)	/* longest that a piece of a line waits */
#define WAIT_MS		500		/* for a slow reader, before looking whether to stop */
#define LAST_WAIT_MS	200		/* for it once tally has been asked to stop */
#define PANIC_GRACE_S	2			/* for the rest of a panic message */

struct console {
	struct event_loop	*loop;
	struct verdict		*verdict;

	pthread_mutex_t		lock;		/* output */
	char			out[4096];
	size_t			out_len;
	bool			flush_armed;
	bool			output_gone;
	int			stop_fd;	/* readable: somebody wants tally to stop; or -1 */
	atomic_bool		stopping;
	bool			watching;
	bool			panicked;
	struct panic_watch	watch;
	struct event_source	flush;		/* timerfd */
	struct event_source	panic_end;	/* timerfd */

	/* Input: the loop's thread only, but for the wake-up. */
	struct event_source	input;
	struct event_source	room;		/* eventfd: the listener has room again */
	struct console_listener	*listener;
	unsigned char		in[256];
	size_t			in_len;
	bool			in_escape;
	bool			in_polled;	/* input is registered with the loop */
	bool			in_always_ready; /* a file or /dev/null: epoll refuses it */
	bool			in_ended;
	bool			terminal;
	struct termios		saved;
};

/*
 * Wait until stdout takes what the buffer holds. False when it doesn't and tally
 * has been asked to stop: a reader that hangs must not make tally hang.
 */
static bool wait_for_reader(struct console *console)
{
	for (;;) {
		struct pollfd wait[] = {
			{ .fd = STDOUT_FILENO, .events = POLLOUT },
			{ .fd = console->stop_fd, .events = POLLIN },
		};
		bool stopping = atomic_load(&console->stopping);

		if (poll(wait, stopping ? 1 : 2, stopping ? LAST_WAIT_MS : WAIT_MS) < 0 &&
		    errno != EINTR)
			return true;	/* let write() say what is wrong */
		if (wait[0].revents)
			return true;
		if (stopping)
			return false;
		if (wait[1].revents)
			atomic_store(&console->stopping, true);
	}
}

/* All of it, even to a slow reader. Called with the lock held. */
static void flush_locked(struct console *console)
{
	size_t done = 0;

	while (done < console->out_len && !console->output_gone) {
		ssize_t n;

		if (!wait_for_reader(console)) {
			log_warning("console: nobody reads stdout: the rest is lost");
			console->output_gone = true;
			break;
		}
		n = write(STDOUT_FILENO, console->out + done, console->out_len - done);
		if (n >= 0) {
			done += n;
		} else if (errno != EINTR && errno != EAGAIN) {
			log_warning("console: can't write to stdout: %s", strerror(errno));
			console->output_gone = true;
		}
	}
	console->out_len = 0;
}

/* The loop has others to serve: it doesn't wait for the reader, nor for who does. */
static bool flush_at_once(struct console *console)
{
	struct pollfd now = { .fd = STDOUT_FILENO, .events = POLLOUT };

	if (pthread_mutex_trylock(&console->lock))
		return false;
	if (!poll(&now, 1, 0) && !console->output_gone) {
		pthread_mutex_unlock(&console->lock);
		return false;
	}
	console->flush_armed = false;
	flush_locked(console);
	pthread_mutex_unlock(&console->lock);
	return true;
}

static void timer_arm(int fd, long seconds, long ns)
{
	struct itimerspec when = { .it_value = { .tv_sec = seconds, .tv_nsec = ns } };

	timerfd_settime(fd, 0, &when, NULL);
}

static void watch_locked(struct console *console, const char *data, size_t len)
{
	switch (panic_watch(&console->watch, data, len)) {
	case PANIC_NOTHING:
		return;
	case PANIC_SEEN:
		if (!console->panicked)
			timer_arm(console->panic_end.fd, PANIC_GRACE_S, 0);
		break;
	case PANIC_ENDED:
		loop_stop(console->loop);
		break;
	}
	console->panicked = true;
	verdict_offer(console->verdict, VERDICT_CRASHED, "%s", console->watch.reason[0] ?
		      console->watch.reason : "Kernel panic");
}

void console_write(struct console *console, const void *data, size_t len)
{
	const char *next = data;

	pthread_mutex_lock(&console->lock);
	if (console->watching)
		watch_locked(console, data, len);
	while (len) {
		size_t n = sizeof(console->out) - console->out_len;

		if (n > len)
			n = len;
		memcpy(console->out + console->out_len, next, n);
		console->out_len += n;
		next += n;
		len -= n;
		if (next[-1] == '\n' || console->out_len == sizeof(console->out))
			flush_locked(console);
	}
	if (console->out_len && !console->flush_armed) {
		console->flush_armed = true;
		timer_arm(console->flush.fd, 0, FLUSH_NS);
	}
	pthread_mutex_unlock(&console->lock);
}

void console_stop_on(struct console *console, int fd)
{
	console->stop_fd = fd;
}

void console_stopping(struct console *console)
{
	atomic_store(&console->stopping, true);
}

void console_flush(struct console *console)
{
	pthread_mutex_lock(&console->lock);
	flush_locked(console);
	pthread_mutex_unlock(&console->lock);
}

static void drain(int fd)
{
	uint64_t count;

	if (read(fd, &count, sizeof(count)) < 0)
		return;		/* nothing there: another turn of the loop took it */
}

static void flush_ready(struct event_source *source, uint32_t events)
{
	struct console *console = (void *)((char *)source - offsetof(struct console, flush));

	drain(source->fd);
	if (!flush_at_once(console))
		timer_arm(source->fd, 0, FLUSH_NS);
}

static void panic_end_ready(struct event_source *source, uint32_t events)
{
	struct console *console = (void *)((char *)source - offsetof(struct console, panic_end));

	drain(source->fd);
	loop_stop(console->loop);
}

/* Take Ctrl-a sequences out of what was typed; returns what is left for the guest. */
static size_t take_escapes(struct console *console, unsigned char *data, size_t len)
{
	size_t kept = 0;

	for (size_t i = 0; i < len; i++) {
		if (!console->in_escape) {
			if (data[i] == ESCAPE)
				console->in_escape = true;
			else
				data[kept++] = data[i];
			continue;
		}
		console->in_escape = false;
		if (data[i] == 'x') {
			verdict_offer(console->verdict, VERDICT_STOPPED,
				      "stopped from the keyboard");
			loop_stop(console->loop);
		} else {
			data[kept++] = data[i];	/* Ctrl-a Ctrl-a is one Ctrl-a */
		}
	}
	return kept;
}

static void input_poll(struct console *console, bool on)
{
	if (console->in_always_ready || console->in_polled == on)
		return;
	if (!on) {
		loop_remove(console->loop, &console->input);
	} else if (loop_add(console->loop, &console->input, EPOLLIN) == -EPERM) {
		console->in_always_ready = true;
		on = false;
	}
	console->in_polled = on;
}

/* Hand what is there to the listener; false when it has no room for the rest. */
static bool input_deliver(struct console *console)
{
	size_t taken;

	if (!console->in_len)
		return true;
	taken = console->listener->input(console->listener, console->in, console->in_len);
	console->in_len -= taken;
	memmove(console->in, console->in + taken, console->in_len);
	return !console->in_len;
}

/*
 * One read; false when nothing more can be read for now. A terminal is read even
 * when the guest takes nothing, for the escape; what then doesn't fit is lost, as
 * it is in a terminal's own buffer.
 */
static bool input_read(struct console *console)
{
	size_t room = sizeof(console->in) - console->in_len;
	unsigned char data[sizeof(console->in)];
	ssize_t n = read(STDIN_FILENO, data, console->terminal ? sizeof(data) : room);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return false;
	if (n <= 0) {
		console->in_ended = true;
		return false;
	}
	if (console->terminal)
		n = take_escapes(console, data, n);
	if ((size_t)n > room)
		n = room;
	memcpy(console->in + console->in_len, data, n);
	console->in_len += n;
	return true;
}

static void input_pump(struct console *console)
{
	bool room = console->listener && input_deliver(console);

	while (room && !console->in_ended && console->in_always_ready) {
		if (input_read(console))
			room = input_deliver(console);
	}
	input_poll(console, (room || console->terminal) && !console->in_ended);
}

static void input_ready(struct event_source *source, uint32_t events)
{
	struct console *console = (void *)((char *)source - offsetof(struct console, input));

	input_read(console);
	input_pump(console);
}

static void room_ready(struct event_source *source, uint32_t events)
{
	struct console *console = (void *)((char *)source - offsetof(struct console, room));

	drain(source->fd);
	input_pump(console);
	/* The first pump may have found out that epoll refuses this kind of file. */
	if (console->in_always_ready)
		input_pump(console);
}

void console_input_ready(struct console *console)
{
	uint64_t one = 1;

	if (write(console->room.fd, &one, sizeof(one)) < 0)
		return;		/* the counter is full: it is signalled already */
}

void console_listen(struct console *console, struct console_listener *listener)
{
	console->listener = listener;
	console_input_ready(console);
}

void console_unlisten(struct console *console, struct console_listener *listener)
{
	if (console->listener != listener)
		return;
	console->listener = NULL;
	input_poll(console, false);
}

static void terminal_raw(struct console *console)
{
	struct termios raw;

	if (!isatty(STDIN_FILENO) || tcgetattr(STDIN_FILENO, &console->saved) < 0)
		return;
	raw = console->saved;
	raw.c_iflag &= ~(IGNBRK | BRKINT | PARMRK | ISTRIP | INLCR | IGNCR | ICRNL | IXON);
	raw.c_lflag &= ~(ECHO | ECHONL | ICANON | ISIG | IEXTEN);
	raw.c_cflag = (raw.c_cflag & ~(CSIZE | PARENB)) | CS8;
	raw.c_cc[VMIN] = 1;
	raw.c_cc[VTIME] = 0;
	/* Output processing stays on: tally's own messages end in a plain newline. */
	console->terminal = tcsetattr(STDIN_FILENO, TCSANOW, &raw) == 0;
}

int console_create(struct console **out, struct event_loop *loop, struct verdict *verdict,
		   bool watch_panic, struct error *err)
{
	struct console *console = calloc(1, sizeof(*console));
	int ret;

	if (!console)
		return error_set(err, TALLY_EXIT_SOFTWARE, ENOMEM, "no memory for the console");
	pthread_mutex_init(&console->lock, NULL);
	console->loop = loop;
	console->verdict = verdict;
	console->watching = watch_panic;
	console->stop_fd = -1;
	console->input = (struct event_source) { STDIN_FILENO, input_ready };
	console->flush = (struct event_source) {
		timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK), flush_ready,
	};
	console->panic_end = (struct event_source) {
		timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK), panic_end_ready,
	};
	console->room = (struct event_source) {
		eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), room_ready,
	};
	if (console->flush.fd < 0 || console->panic_end.fd < 0 || console->room.fd < 0) {
		ret = error_set(err, TALLY_EXIT_SOFTWARE, errno, "console: %s", strerror(errno));
		console_destroy(console);
		return ret;
	}
	ret = loop_add(loop, &console->flush, EPOLLIN);
	if (!ret)
		ret = loop_add(loop, &console->panic_end, EPOLLIN);
	if (!ret)
		ret = loop_add(loop, &console->room, EPOLLIN);
	if (ret < 0) {
		console_destroy(console);
		return error_set(err, TALLY_EXIT_SOFTWARE, -ret, "console: %s", strerror(-ret));
	}
	terminal_raw(console);
	*out = console;
	return 0;
}

static void source_close(struct console *console, struct event_source *source)
{
	if (source->fd < 0)
		return;
	loop_remove(console->loop, source);
	close(source->fd);
}

void console_destroy(struct console *console)
{
	if (!console)
		return;
	console_unlisten(console, console->listener);
	pthread_mutex_lock(&console->lock);
	if (console->watching)
		watch_locked(console, "\n", 1);	/* a last line may lack its end */
	flush_locked(console);
	pthread_mutex_unlock(&console->lock);
	if (console->terminal)
		tcsetattr(STDIN_FILENO, TCSANOW, &console->saved);
	source_close(console, &console->flush);
	source_close(console, &console->panic_end);
	source_close(console, &console->room);
	pthread_mutex_destroy(&console->lock);
	free(console);
}

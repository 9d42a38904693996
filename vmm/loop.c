// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "loop.h"

#define EVENTS_A_TURN	16

struct event_loop {
	int			epoll_fd;
	struct event_source	wake;
	atomic_bool		stop;
	/* The batch being served, so that a source removed by another's callback is skipped. */
	struct epoll_event	events[EVENTS_A_TURN];
	int			n_events;
};

static void wake_ready(struct event_source *source, uint32_t events)
{
	uint64_t count;

	if (read(source->fd, &count, sizeof(count)) < 0)
		return;		/* someone else's wake-up was served already */
}

int loop_create(struct event_loop **out, struct error *err)
{
	struct event_loop *loop = calloc(1, sizeof(*loop));
	int ret;

	if (!loop)
		return error_set(err, TALLY_EXIT_SOFTWARE, ENOMEM, "no memory for the event loop");
	loop->wake.ready = wake_ready;
	loop->wake.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	loop->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	ret = loop->wake.fd < 0 || loop->epoll_fd < 0 ? -errno :
	      loop_add(loop, &loop->wake, EPOLLIN);
	if (ret < 0) {
		loop_destroy(loop);
		return error_set(err, TALLY_EXIT_SOFTWARE, -ret, "event loop: %s", strerror(-ret));
	}
	*out = loop;
	return 0;
}

void loop_destroy(struct event_loop *loop)
{
	if (!loop)
		return;
	if (loop->wake.fd >= 0)
		close(loop->wake.fd);
	if (loop->epoll_fd >= 0)
		close(loop->epoll_fd);
	free(loop);
}

static int loop_control(struct event_loop *loop, int op, struct event_source *source,
			uint32_t events)
{
	struct epoll_event event = { .events = events, .data.ptr = source };

	return epoll_ctl(loop->epoll_fd, op, source->fd, &event) < 0 ? -errno : 0;
}

int loop_add(struct event_loop *loop, struct event_source *source, uint32_t events)
{
	return loop_control(loop, EPOLL_CTL_ADD, source, events);
}

int loop_modify(struct event_loop *loop, struct event_source *source, uint32_t events)
{
	return loop_control(loop, EPOLL_CTL_MOD, source, events);
}

void loop_remove(struct event_loop *loop, struct event_source *source)
{
	loop_control(loop, EPOLL_CTL_DEL, source, 0);
	for (int i = 0; i < loop->n_events; i++) {
		if (loop->events[i].data.ptr == source)
			loop->events[i].data.ptr = NULL;
	}
}

int loop_run(struct event_loop *loop)
{
	while (!atomic_load(&loop->stop)) {
		int n = epoll_wait(loop->epoll_fd, loop->events, EVENTS_A_TURN, -1);

		if (n < 0 && errno != EINTR)
			return -errno;
		loop->n_events = n;
		for (int i = 0; i < n; i++) {
			struct event_source *source = loop->events[i].data.ptr;

			if (source)
				source->ready(source, loop->events[i].events);
		}
		loop->n_events = 0;
	}
	atomic_store(&loop->stop, false);
	return 0;
}

void loop_clear(struct event_loop *loop)
{
	atomic_store(&loop->stop, false);
}

void loop_stop(struct event_loop *loop)
{
	uint64_t one = 1;

	atomic_store(&loop->stop, true);
	if (write(loop->wake.fd, &one, sizeof(one)) < 0)
		return;		/* the counter is full: the loop wakes anyway */
}

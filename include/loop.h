/* SPDX-License-Identifier: GPL-2.0-only */
/* The one event loop (epoll) for devices, console and signals, on the main thread. */
#ifndef TALLY_LOOP_H
#define TALLY_LOOP_H

#include <stdbool.h>
#include <stdint.h>

#include "error.h"

struct event_loop;

/* Embedded in whatever waits; @ready runs on the loop's thread with EPOLL* bits. */
struct event_source {
	int	fd;
	void	(*ready)(struct event_source *source, uint32_t events);
};

int loop_create(struct event_loop **loop, struct error *err);
void loop_destroy(struct event_loop *loop);

/* @events are EPOLL* bits, level-triggered. Any thread. 0 or a negative errno. */
int loop_add(struct event_loop *loop, struct event_source *source, uint32_t events);
int loop_modify(struct event_loop *loop, struct event_source *source, uint32_t events);
/* On the loop's thread, or while it does not run: @ready is not called afterwards. */
void loop_remove(struct event_loop *loop, struct event_source *source);

/* Serve until loop_stop(); returns 0 or a negative errno. */
int loop_run(struct event_loop *loop);
/* Forget a loop_stop() that came after the loop had ended, of whoever is gone by now. */
void loop_clear(struct event_loop *loop);
/* From any thread or a signal handler. */
void loop_stop(struct event_loop *loop);

#endif

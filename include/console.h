/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The guest's console: what a console device writes goes to stdout and past the
 * panic watch; what is typed on stdin goes to the one device that listens.
 */
#ifndef TALLY_CONSOLE_H
#define TALLY_CONSOLE_H

#include <stdbool.h>
#include <stddef.h>

#include "error.h"
#include "loop.h"

struct console;
struct verdict;

/*
 * A device that takes input. @input is called on the loop's thread and takes at
 * most @len bytes; it returns how many it took. When it took less, it is not
 * called again until console_input_ready().
 */
struct console_listener {
	size_t	(*input)(struct console_listener *listener, const unsigned char *data, size_t len);
};

int console_create(struct console **console, struct event_loop *loop, struct verdict *verdict,
		   bool watch_panic, struct error *err);
/* Restores the terminal. */
void console_destroy(struct console *console);

/*
 * Any thread. Whole lines are written before the call returns, even to a slow
 * pipe; a piece of a line follows when its end comes, or a few ms later.
 */
void console_write(struct console *console, const void *data, size_t len);
/*
 * A reader of stdout that hangs is not waited for any longer once @fd is readable
 * (that of signalfd(2), which the caller keeps), or console_stopping() was called.
 */
void console_stop_on(struct console *console, int fd);
void console_stopping(struct console *console);
/* Whatever is still in tally goes to stdout. */
void console_flush(struct console *console);
/*
 * There is one listener at a time: the last one that asked. On the loop's
 * thread, or while it doesn't run.
 */
void console_listen(struct console *console, struct console_listener *listener);
/* Nothing happens when @listener is not the one. */
void console_unlisten(struct console *console, struct console_listener *listener);
/* The listener has room again. Any thread. */
void console_input_ready(struct console *console);

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
/* Finds Linux' panic message in a stream of console output, however it is cut up. */
#ifndef TALLY_PANIC_H
#define TALLY_PANIC_H

#include <stdbool.h>
#include <stddef.h>

enum panic_event {
	PANIC_NOTHING,
	PANIC_SEEN,		/* "Kernel panic - not syncing: REASON" */
	PANIC_ENDED,		/* "---[ end Kernel panic": nothing more will come */
};

struct panic_watch {
	char	line[256];
	size_t	len;
	bool	skip;		/* to the end of a line that was too long */
	char	reason[256];	/* the first panic line, from "Kernel panic" on */
};

/* Feed @len bytes; the weightiest event among them. */
enum panic_event panic_watch(struct panic_watch *watch, const char *data, size_t len);

#endif

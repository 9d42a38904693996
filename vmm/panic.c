// SPDX-License-Identifier: GPL-2.0-only
#include <string.h>

#include "panic.h"

static const char panic_text[] = "Kernel panic - not syncing";
static const char panic_end[] = "---[ end Kernel panic";

/*
 * A line is looked at when it ends or no longer fits. The text of interest
 * stands at a line's start, behind a time stamp, so what is cut doesn't matter.
 */
static enum panic_event line_done(struct panic_watch *watch)
{
	const char *found;

	watch->line[watch->len] = '\0';
	watch->len = 0;
	watch->skip = true;
	if (strstr(watch->line, panic_end))
		return PANIC_ENDED;
	found = strstr(watch->line, panic_text);
	if (!found)
		return PANIC_NOTHING;
	memmove(watch->line, found, strlen(found) + 1);
	return PANIC_SEEN;
}

enum panic_event panic_watch(struct panic_watch *watch, const char *data, size_t len)
{
	enum panic_event event = PANIC_NOTHING;

	for (size_t i = 0; i < len; i++) {
		enum panic_event now = PANIC_NOTHING;

		if (data[i] == '\n' || data[i] == '\r') {
			if (watch->len)
				now = line_done(watch);
			watch->skip = false;
		} else if (!watch->skip) {
			watch->line[watch->len++] = data[i] ? data[i] : ' ';
			if (watch->len == sizeof(watch->line) - 1)
				now = line_done(watch);
		}
		if (now == PANIC_SEEN && !watch->reason[0])
			memcpy(watch->reason, watch->line, sizeof(watch->reason));
		if (now > event)
			event = now;
	}
	return event;
}

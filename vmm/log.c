// SPDX-License-Identifier: GPL-2.0-only
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "log.h"

enum log_level log_level = LOG_INFO;

static const char *const prefix[] = {
	[LOG_ERROR]	= "  Fatal: ",
	[LOG_WARNING]	= "  Warning: ",
	[LOG_INFO]	= "  Info: ",
	[LOG_DEBUG]	= "  Debug: ",
};

/* One write for a line, so that lines of several threads don't mix. */
void log_print(enum log_level level, const char *fmt, ...)
{
	char line[1200];
	va_list args;
	int head, len;

	if (level > log_level)
		return;
	head = snprintf(line, sizeof(line), "%s", prefix[level]);
	va_start(args, fmt);
	len = vsnprintf(line + head, sizeof(line) - head - 1, fmt, args);
	va_end(args);
	len = len < 0 ? head : head + len;
	if (len > (int)sizeof(line) - 2)
		len = sizeof(line) - 2;
	line[len++] = '\n';
	if (write(STDERR_FILENO, line, len) < 0)
		return;		/* nobody left to tell */
}

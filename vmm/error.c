// SPDX-License-Identifier: GPL-2.0-only
#include <stdarg.h>
#include <stdio.h>

#include "error.h"

int error_set(struct error *err, enum tally_exit exit_code, int errnum, const char *fmt, ...)
{
	va_list args;

	if (err) {
		err->exit_code = exit_code;
		va_start(args, fmt);
		vsnprintf(err->text, sizeof(err->text), fmt, args);
		va_end(args);
	}
	return -errnum;
}

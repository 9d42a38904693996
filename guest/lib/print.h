/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Console output. The format knows %d %u %x %c %s %p, the l and ll prefixes,
 * a width, and 0 and - before it.
 */
#ifndef GUEST_PRINT_H
#define GUEST_PRINT_H

#include <stdarg.h>

#include "types.h"

void print(const char *fmt, ...) __printf(1, 2);

/* Returns the length; never writes more than size bytes with the final NUL. */
int format(char *buf, size_t size, const char *fmt, ...) __printf(3, 4);
int vformat(char *buf, size_t size, const char *fmt, va_list ap);

/* Prints like a Linux panic and resets the machine. */
void fatal(const char *fmt, ...) __printf(1, 2) __attribute__((noreturn));

#endif

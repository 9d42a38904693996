/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Checks. Each prints one line, "ok NAME", "not ok NAME: got X want Y" or
 * "skip NAME: reason"; finish() prints the total and powers off, or after
 * failures prints a Linux-like panic and resets, so that the VMM can tell.
 */
#ifndef GUEST_CHECK_H
#define GUEST_CHECK_H

#include "types.h"

/* A check name made of parts; valid until the eighth call after it. */
const char *check_name(const char *fmt, ...) __printf(1, 2);

bool check_eq(const char *name, u64 got, u64 want);
bool check_hex(const char *name, u64 got, u64 want);
bool check_range(const char *name, u64 got, u64 low, u64 high);
bool check_true(const char *name, bool good, const char *fmt, ...) __printf(3, 4);
void check_skip(const char *name, const char *fmt, ...) __printf(2, 3);
void finish(void) __attribute__((noreturn));

/*
 * True where an unpatched QEMU runs below us: the argument stock-qemu=1, or else
 * what no silicon shows: implementer code 0 in MIDR_EL1, QEMU's old counter
 * frequency, or a PMU without the events that the architecture requires. A check
 * may then turn into a skip, but only once it has seen the very fault that it
 * names; stock-qemu=0 makes it a failure again.
 */
bool emulated(void);

#endif

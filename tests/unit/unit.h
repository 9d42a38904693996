/* SPDX-License-Identifier: GPL-2.0-only */
/* What the unit tests share: cmocka with the headers it wants, files, errors. */
#ifndef TALLY_UNIT_H
#define TALLY_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "error.h"

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

/* Bytes that grow; buf_free() or hand over ->data. */
struct buf {
	unsigned char	*data;
	size_t		len;
};

void buf_add(struct buf *buf, const void *data, size_t len);
void buf_fill(struct buf *buf, unsigned char byte, size_t len);
/* Little-endian @value of @bytes bytes at @offset, which must lie within the buffer. */
void buf_poke(struct buf *buf, size_t offset, unsigned int bytes, uint64_t value);
void buf_free(struct buf *buf);

/*
 * A file @name with this content in a directory that is removed at exit. The
 * path stays valid.
 */
const char *temp_file(const char *name, const void *data, size_t len);
const char *temp_path(const char *name);

/* How many descriptors of this process are open. */
unsigned int open_descriptors(void);

/* @ret is a negative errno and @err has this code and a one-line text with @part in it. */
void assert_error_at(int ret, const struct error *err, int exit_code, const char *part,
		     const char *file, int line);
#define assert_error(ret, err, exit_code, part) \
	assert_error_at(ret, err, exit_code, part, __FILE__, __LINE__)

/* @ret is 0; otherwise the test fails with the error's text. */
void assert_done_at(int ret, const struct error *err, const char *file, int line);
#define assert_done(ret, err) assert_done_at(ret, err, __FILE__, __LINE__)

#endif

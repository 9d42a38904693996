// SPDX-License-Identifier: GPL-2.0-only
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "unit.h"

void buf_add(struct buf *buf, const void *data, size_t len)
{
	buf->data = realloc(buf->data, buf->len + len + 1);
	if (!buf->data)
		abort();
	memcpy(buf->data + buf->len, data, len);
	buf->len += len;
}

void buf_fill(struct buf *buf, unsigned char byte, size_t len)
{
	buf->data = realloc(buf->data, buf->len + len + 1);
	if (!buf->data)
		abort();
	memset(buf->data + buf->len, byte, len);
	buf->len += len;
}

void buf_poke(struct buf *buf, size_t offset, unsigned int bytes, uint64_t value)
{
	if (offset + bytes > buf->len)
		abort();
	for (; bytes--; offset++, value >>= 8)
		buf->data[offset] = (unsigned char)value;
}

void buf_free(struct buf *buf)
{
	free(buf->data);
	*buf = (struct buf){ };
}

static char *directory;
static char *paths[512];
static size_t n_paths;

static void remove_files(void)
{
	while (n_paths) {
		n_paths--;
		unlink(paths[n_paths]);
		free(paths[n_paths]);
	}
	rmdir(directory);
	free(directory);
}

const char *temp_path(const char *name)
{
	char *path;

	if (!directory) {
		directory = strdup("/tmp/tally-unit-XXXXXX");
		if (!directory || !mkdtemp(directory))
			abort();
		atexit(remove_files);
	}
	if (asprintf(&path, "%s/%s", directory, name) < 0)
		abort();
	for (size_t i = 0; i < n_paths; i++) {
		if (!strcmp(paths[i], path)) {
			free(path);
			return paths[i];
		}
	}
	if (n_paths == ARRAY_SIZE(paths))
		abort();
	return paths[n_paths++] = path;
}

const char *temp_file(const char *name, const void *data, size_t len)
{
	const char *path = temp_path(name);
	FILE *file = fopen(path, "w");

	if (!file || fwrite(data, 1, len, file) != len || fclose(file))
		abort();
	return path;
}

unsigned int open_descriptors(void)
{
	unsigned int n = 0;

	for (int fd = 0; fd < 1024; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

void assert_error_at(int ret, const struct error *err, int exit_code, const char *part,
		     const char *file, int line)
{
	if (ret < 0 && err->exit_code == exit_code && *err->text && !strchr(err->text, '\n') &&
	    strstr(err->text, part))
		return;
	print_error("wanted an error with code %d and \"%s\"; got %d, code %d, \"%s\"\n",
		    exit_code, part, ret, ret < 0 ? err->exit_code : 0,
		    ret < 0 ? err->text : "");
	_fail(file, line);
}

void assert_done_at(int ret, const struct error *err, const char *file, int line)
{
	if (!ret)
		return;
	print_error("failed with %d: %s\n", ret, err->text);
	_fail(file, line);
}

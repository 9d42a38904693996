// SPDX-License-Identifier: GPL-2.0-only
/*
 * Hostile kernel files. The first byte says how the rest becomes a file: as it
 * is, or packed first, so that the fuzzer gets past the checksums to what is
 * inside; and whether the file is cut after it was opened.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include "image.h"
#include "log.h"

#define RAM_GPA		0x80000000ull
#define RAM_SIZE	(128ull << 10)
#define CUT		0x80

enum { AS_IT_IS, GZIP, ZBOOT_GZIP, ZBOOT_ZSTD, N_FORMS };

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t len);

static unsigned char file[1 << 16];

static size_t gzip(const unsigned char *data, size_t len, unsigned char *to, size_t space)
{
	z_stream z = { };
	size_t size;

	deflateInit2(&z, 1, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY);
	z.next_in = (unsigned char *)data;
	z.avail_in = (uInt)len;
	z.next_out = to;
	z.avail_out = (uInt)space;
	deflate(&z, Z_FINISH);
	size = z.total_out;
	deflateEnd(&z);
	return size;
}

/* The file's bytes for this input; returns how many. */
static size_t make_file(int form, const unsigned char *data, size_t len)
{
	static const unsigned char header[64] = "MZ\0\0zimg\x40";
	size_t at = form == GZIP ? 0 : sizeof(header);
	size_t size;

	if (form == AS_IT_IS) {
		memcpy(file, data, len);
		return len;
	}
	if (form == ZBOOT_ZSTD) {
		size = ZSTD_compress(file + at, sizeof(file) - at, data, len, 1);
		if (ZSTD_isError(size))
			return 0;
	} else {
		size = gzip(data, len, file + at, sizeof(file) - at);
	}
	if (at) {
		memcpy(file, header, sizeof(header));
		memcpy(file + 12, &(uint32_t){ (uint32_t)size }, 4);
		memcpy(file + 24, form == ZBOOT_ZSTD ? "zstd" : "gzip", 4);
	}
	return at + size;
}

static void check_error(int ret, const struct error *err)
{
	if (ret >= 0 || err->exit_code != TALLY_EXIT_NOINPUT || !*err->text ||
	    strchr(err->text, '\n'))
		abort();
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t len)
{
	struct guest_memory ram = { .gpa = RAM_GPA, .size = RAM_SIZE };
	struct error err = { };
	struct image image;
	uint64_t size = 0;
	char path[64];
	size_t bytes;
	int fd, ret;

	if (!len || len > 16384)
		return 0;
	log_level = LOG_ERROR;
	fd = memfd_create("kernel", MFD_CLOEXEC);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	bytes = make_file((data[0] & ~CUT) % N_FORMS, data + 1, len - 1);
	if (pwrite(fd, file, bytes, 0) != (ssize_t)bytes)
		abort();

	ret = image_open_kernel(&image, path, &err);
	if (ret) {
		check_error(ret, &err);
		close(fd);
		return 0;
	}
	if (image.memory_size < image.load_size || image.text_offset > 1ull << 40 ||
	    image.memory_size > 1ull << 41)
		abort();
	if (data[0] & CUT && ftruncate(fd, (off_t)bytes / 2))
		abort();

	/* malloc'ed, so that a byte too many is seen */
	ram.host = malloc(RAM_SIZE);
	ret = image_load(&image, &ram, RAM_GPA, RAM_SIZE, &size, &err);
	if (ret)
		check_error(ret, &err);
	else if (size > RAM_SIZE || (image.load_size && size != image.load_size))
		abort();
	free(ram.host);
	image_close(&image);
	close(fd);
	return 0;
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * Unpacking compressed kernels straight into guest memory. The packed bytes are
 * as hostile as the file's giver: output never goes beyond the space given, and
 * the memory used does not depend on what the headers claim.
 */
#include <errno.h>
#include <stdlib.h>
#include <zlib.h>
#include <zstd.h>
#include <zstd_errors.h>

#include "image_parts.h"

#define CHUNK	(64 * 1024)

/* The payload as a stream. */
struct source {
	const struct image	*image;
	uint64_t		at;		/* within the payload */
	unsigned char		*buf;		/* CHUNK bytes */
};

static int source_open(struct source *source, const struct image *image, struct error *err)
{
	source->image = image;
	source->at = 0;
	source->buf = malloc(CHUNK);
	if (!source->buf)
		return error_set(err, TALLY_EXIT_SOFTWARE, ENOMEM, "no memory to unpack %s",
				 image->path);
	return 0;
}

/* The next bytes in source->buf: how many, 0 at the end, or a negative errno. */
static ssize_t source_next(struct source *source, struct error *err)
{
	const struct image *image = source->image;
	uint64_t left = image->length - source->at;
	ssize_t n;

	n = image_pread(image->fd, source->buf, left < CHUNK ? left : CHUNK,
			image->offset + source->at);
	if (n < 0)
		return error_set(err, TALLY_EXIT_NOINPUT, (int)-n, "kernel %s: %s", image->path,
				 strerror((int)-n));
	source->at += (uint64_t)n;
	return n;
}

static int truncated(const struct image *image, struct error *err)
{
	return error_set(err, TALLY_EXIT_NOINPUT, ENODATA,
			 "kernel %s is truncated: its compressed data ends early", image->path);
}

static int corrupt(const struct image *image, const char *what, struct error *err)
{
	return error_set(err, TALLY_EXIT_NOINPUT, EILSEQ,
			 "kernel %s is damaged: its compressed data does not unpack (%s)",
			 image->path, what);
}

static int too_big(const struct image *image, uint64_t space, struct error *err)
{
	return error_set(err, TALLY_EXIT_NOINPUT, EFBIG,
			 "kernel %s unpacks to more than the %llu bytes there are for it",
			 image->path, (unsigned long long)space);
}

/*
 * Run inflate over the source until the end of the last member, or until @space
 * is used up. Bytes after the last member that are no further one are ignored,
 * as gzip(1) does.
 */
static int gzip_run(struct source *source, z_stream *z, unsigned char *out, uint64_t space,
		    bool head_only, uint64_t *size, struct error *err)
{
	const struct image *image = source->image;
	unsigned char beyond = 0;
	bool ended = false;
	uint64_t done = 0;
	uInt room;
	ssize_t n;
	int rc;

	for (;;) {
		if (head_only && done == space)
			break;
		if (!z->avail_in) {
			n = source_next(source, err);
			if (n < 0)
				return (int)n;
			if (!n && !ended)
				return truncated(image, err);
			if (!n)
				break;
			z->next_in = source->buf;
			z->avail_in = (uInt)n;
		}
		if (ended) {
			/* One byte is enough: what follows is a member or padding. */
			if (*z->next_in != 0x1f)
				break;
			inflateReset(z);
			ended = false;
		}

		/* Past the space there is one byte, so that inflate can show that it has more. */
		room = space - done < 1u << 30 ? (uInt)(space - done) : 1u << 30;
		z->next_out = room ? out + done : &beyond;
		z->avail_out = room ? room : 1;
		rc = inflate(z, Z_NO_FLUSH);
		if (!room && !z->avail_out)
			return too_big(image, space, err);
		if (room)
			done += room - z->avail_out;
		if (rc == Z_STREAM_END)
			ended = true;
		else if (rc == Z_MEM_ERROR)
			return error_set(err, TALLY_EXIT_SOFTWARE, ENOMEM,
					 "no memory to unpack %s", image->path);
		else if (rc != Z_OK && rc != Z_BUF_ERROR)
			return corrupt(image, z->msg ? z->msg : "gzip", err);
	}
	*size = done;
	return 0;
}

int image_unpack_gzip(const struct image *image, void *out, uint64_t space, bool head_only,
		      uint64_t *size, struct error *err)
{
	struct source source;
	z_stream z = { };
	int ret;

	ret = source_open(&source, image, err);
	if (ret)
		return ret;
	if (inflateInit2(&z, 16 + MAX_WBITS) == Z_OK) {
		ret = gzip_run(&source, &z, out, space, head_only, size, err);
		inflateEnd(&z);
	} else {
		ret = error_set(err, TALLY_EXIT_SOFTWARE, ENOMEM, "no memory to unpack %s",
				image->path);
	}
	free(source.buf);
	return ret;
}

/* The first bytes only: a stream, stopped as soon as there are enough. */
static int zstd_head(const struct image *image, ZSTD_DCtx *zstd, void *out, uint64_t space,
		     uint64_t *size, struct error *err)
{
	ZSTD_outBuffer to = { .dst = out, .size = space };
	ZSTD_inBuffer from = { };
	struct source source;
	size_t rc = 1;
	ssize_t n;
	int ret;

	ret = source_open(&source, image, err);
	if (ret)
		return ret;
	while (rc && to.pos < to.size) {
		if (from.pos == from.size) {
			n = source_next(&source, err);
			if (n <= 0) {
				ret = n ? (int)n : truncated(image, err);
				break;
			}
			from = (ZSTD_inBuffer){ .src = source.buf, .size = (size_t)n };
		}
		rc = ZSTD_decompressStream(zstd, &to, &from);
		if (ZSTD_isError(rc)) {
			ret = corrupt(image, ZSTD_getErrorName(rc), err);
			break;
		}
	}
	*size = to.pos;
	free(source.buf);
	return ret;
}

/*
 * All of it: in one call, because a stream would keep a window as large as the
 * kernel, while this needs the packed bytes only.
 */
static int zstd_all(const struct image *image, ZSTD_DCtx *zstd, void *out, uint64_t space,
		    uint64_t *size, struct error *err)
{
	unsigned char *packed;
	ssize_t n;
	size_t rc;
	int ret;

	/* Packing never makes more than this of @space bytes; it also bounds the memory. */
	if (space > SIZE_MAX / 2 || image->length > ZSTD_compressBound(space))
		return too_big(image, space, err);
	packed = malloc(image->length ? image->length : 1);
	if (!packed)
		return error_set(err, TALLY_EXIT_SOFTWARE, ENOMEM, "no memory to unpack %s",
				 image->path);
	n = image_pread(image->fd, packed, image->length, image->offset);
	if (n < 0) {
		ret = error_set(err, TALLY_EXIT_NOINPUT, (int)-n, "kernel %s: %s", image->path,
				strerror((int)-n));
	} else if ((uint64_t)n < image->length) {
		ret = truncated(image, err);
	} else {
		rc = ZSTD_decompressDCtx(zstd, out, space, packed, image->length);
		if (!ZSTD_isError(rc)) {
			*size = rc;
			ret = 0;
		} else if (ZSTD_getErrorCode(rc) == ZSTD_error_dstSize_tooSmall) {
			ret = too_big(image, space, err);
		} else if (ZSTD_getErrorCode(rc) == ZSTD_error_srcSize_wrong) {
			ret = truncated(image, err);
		} else {
			ret = corrupt(image, ZSTD_getErrorName(rc), err);
		}
	}
	free(packed);
	return ret;
}

int image_unpack_zstd(const struct image *image, void *out, uint64_t space, bool head_only,
		      uint64_t *size, struct error *err)
{
	ZSTD_DCtx *zstd = ZSTD_createDCtx();
	int ret;

	if (!zstd)
		return error_set(err, TALLY_EXIT_SOFTWARE, ENOMEM, "no memory to unpack %s",
				 image->path);
	ret = head_only ? zstd_head(image, zstd, out, space, size, err) :
			  zstd_all(image, zstd, out, space, size, err);
	ZSTD_freeDCtx(zstd);
	return ret;
}

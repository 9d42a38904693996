/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Kernel images and other files that go into guest memory. Opening reads only
 * what the plan needs to know; loading then puts the bytes straight into guest
 * memory, so that a large kernel is never held twice.
 */
#ifndef TALLY_IMAGE_H
#define TALLY_IMAGE_H

#include <stdint.h>

#include "error.h"
#include "memory.h"

enum image_format {
	IMAGE_NONE,		/* nothing opened */
	IMAGE_RAW_FILE,		/* any bytes: initrd, firmware */
	IMAGE_LINUX,		/* arm64 Image */
	IMAGE_LINUX_GZIP,	/* Image.gz */
	IMAGE_ZBOOT_GZIP,	/* EFI zboot with a gzip payload */
	IMAGE_ZBOOT_ZSTD,	/* EFI zboot with a zstd payload */
	IMAGE_FLAT,		/* no header: a bare program, at 0x80000 as in lkvm */
};

struct image {
	enum image_format	format;
	int			fd;		/* owned */
	const char		*path;		/* borrowed, for messages */
	uint64_t		offset;		/* of the payload in the file */
	uint64_t		length;		/* of the payload in the file, bytes */
	uint64_t		load_size;	/* bytes that loading writes, 0 = unknown */
	uint64_t		memory_size;	/* bytes in memory once it runs, >= load_size */
	uint64_t		text_offset;	/* from a 2 MiB aligned base (booting.rst) */
	uint64_t		flags;		/* of the Image header, host order */
};

/*
 * Open a kernel and read its header (Documentation/arch/arm64/booting.rst; EFI
 * zboot: drivers/firmware/efi/libstub/zboot-header.S). A file that can't be
 * opened gives the text "Unable to open kernel NAME". Everything else that is
 * wrong (empty, truncated, x86, ELF, big-endian, another page size than …)
 * names the file and what was found. Errors are TALLY_EXIT_NOINPUT.
 */
int image_open_kernel(struct image *image, const char *path, struct error *err);

/* Open any regular file, for @what ("initrd", "firmware"); may be empty. */
int image_open_raw(struct image *image, const char *path, const char *what, struct error *err);

/*
 * Put the image at @gpa, at most @space bytes; what does not fit or does not
 * unpack is an error that names the file. *@size is how many bytes were written.
 */
int image_load(const struct image *image, struct guest_memory *mem, uint64_t gpa,
	       uint64_t space, uint64_t *size, struct error *err);

void image_close(struct image *image);

#endif

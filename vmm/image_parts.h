/* SPDX-License-Identifier: GPL-2.0-only */
/* Shared by the image_*.c files only; everyone else includes image.h. */
#ifndef TALLY_IMAGE_PARTS_H
#define TALLY_IMAGE_PARTS_H

#include <endian.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/types.h>

#include "error.h"
#include "image.h"

/* How much of a file, or of what it unpacks to, is looked at to tell what it is. */
#define IMAGE_HEAD_SIZE		1024

static inline uint16_t get_le16(const void *p)
{
	uint16_t v;

	memcpy(&v, p, sizeof(v));
	return le16toh(v);
}

static inline uint32_t get_le32(const void *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return le32toh(v);
}

static inline uint64_t get_le64(const void *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return le64toh(v);
}

/* Fill @buf from @offset of @fd; fewer than @len bytes only at the file's end. -errno. */
ssize_t image_pread(int fd, void *buf, size_t len, uint64_t offset);

/*
 * Unpack the payload of @image to @out, at most @space bytes; *@size is how many
 * were written. Fails with TALLY_EXIT_NOINPUT when the payload is cut short or
 * corrupt, or holds more than @space bytes; nothing is written beyond them.
 * With @head_only the first @space bytes are wanted: more is no error and
 * nothing after them is looked at.
 */
typedef int image_unpacker(const struct image *image, void *out, uint64_t space, bool head_only,
			   uint64_t *size, struct error *err);
image_unpacker image_unpack_gzip, image_unpack_zstd;

/* PE/COFF: the part of the headers that says for whom the file is and how long it must be. */
struct image_pe {
	uint16_t	machine;	/* IMAGE_PE_* */
	uint64_t	end;		/* of the last section's data in the file */
};

#define IMAGE_PE_ARM64	0xaa64

/*
 * Read the headers of a file that begins with "MZ". 0; -ENOEXEC when there is
 * no PE header; -ENODATA when the file of @file_size bytes ends before its
 * headers do; another negative errno when it can't be read.
 */
int image_pe_read(int fd, uint64_t file_size, struct image_pe *pe);
const char *image_pe_machine(uint16_t machine, char *buf, size_t size);

/*
 * Say what a file is that begins with @head but is no arm64 Image ("an ELF file
 * for x86-64"), or NULL when nothing is recognised. The text is constant or
 * in @buf.
 */
const char *image_foreign(const unsigned char *head, size_t len, char *buf, size_t size);

#endif

// SPDX-License-Identifier: GPL-2.0-only
/* Kernel images and other files that go into guest memory (see image.h). */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <unistd.h>

#include "image_parts.h"
#include "log.h"

/* arm64's Image header, little-endian in every kernel (booting.rst, 4.) */
#define HEADER_TEXT_OFFSET	8
#define HEADER_IMAGE_SIZE	16
#define HEADER_FLAGS		24
#define HEADER_MAGIC		56
#define HEADER_LEN		64
#define LINUX_MAGIC		0x644d5241	/* "ARM\x64" */
#define FLAG_BIG_ENDIAN		1

/* EFI zboot's header (zboot-header.S) */
#define ZBOOT_MAGIC		4
#define ZBOOT_OFFSET		8
#define ZBOOT_SIZE		12
#define ZBOOT_COMPRESSION	24
#define ZBOOT_LEN		64

#define OLD_TEXT_OFFSET		0x80000

/*
 * Kernels before 3.17 don't say how much they need beyond the file; their
 * uninitialised data is well below this.
 */
#define OLD_KERNEL_EXTRA	(8ull << 20)

/* No kernel needs more; the plan's sums can't overflow below it. */
#define IMAGE_LIMIT		(1ull << 40)

ssize_t image_pread(int fd, void *buf, size_t len, uint64_t offset)
{
	size_t done = 0;
	ssize_t n;

	while (done < len) {
		n = pread(fd, (char *)buf + done, len - done, (off_t)(offset + done));
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (!n)
			break;
		done += (size_t)n;
	}
	return (ssize_t)done;
}

static int file_open(struct image *image, const char *path, const char *what, struct error *err)
{
	const char *why;
	struct stat st;
	int errnum;

	*image = (struct image){ .fd = -1, .path = path };
	/* O_NONBLOCK: a FIFO is refused below, not waited for. */
	image->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (image->fd < 0 || fstat(image->fd, &st) < 0) {
		errnum = errno;
		why = strerror(errnum);
	} else if (S_ISDIR(st.st_mode)) {
		errnum = EISDIR;
		why = strerror(errnum);
	} else if (!S_ISREG(st.st_mode)) {
		errnum = EINVAL;
		why = "Not a regular file";
	} else {
		image->length = (uint64_t)st.st_size;
		image->load_size = image->length;
		image->memory_size = image->length;
		image->format = IMAGE_RAW_FILE;
		return 0;
	}
	if (image->fd >= 0)
		close(image->fd);
	image->fd = -1;
	/* A missing kernel in lkvm's very words: scripts look for them. */
	if (errnum == ENOENT && !strcmp(what, "kernel"))
		return error_set(err, TALLY_EXIT_NOINPUT, errnum, "Unable to open kernel %s", path);
	return error_set(err, TALLY_EXIT_NOINPUT, errnum, "Unable to open %s %s: %s", what, path,
			 why);
}

int image_open_raw(struct image *image, const char *path, const char *what, struct error *err)
{
	return file_open(image, path, what, err);
}

static bool is_linux(const unsigned char *head, size_t len)
{
	return len >= HEADER_LEN && get_le32(head + HEADER_MAGIC) == LINUX_MAGIC;
}

/* Take over what the Image header says. @file_size is that of the unpacked image, 0 unknown. */
static int linux_header(struct image *image, const unsigned char *head, uint64_t file_size,
			struct error *err)
{
	uint64_t text_offset = get_le64(head + HEADER_TEXT_OFFSET);
	uint64_t image_size = get_le64(head + HEADER_IMAGE_SIZE);

	image->flags = get_le64(head + HEADER_FLAGS);
	/* In a kernel that does not give its size, text_offset may have any byte order. */
	if (!image_size) {
		text_offset = OLD_TEXT_OFFSET;
		image_size = file_size + OLD_KERNEL_EXTRA;
		image->flags = 0;
	}
	if (image->flags & FLAG_BIG_ENDIAN)
		return error_set(err, TALLY_EXIT_NOINPUT, ENOEXEC,
				 "kernel %s is a big-endian arm64 Image; only little-endian ones are run",
				 image->path);
	if (text_offset > IMAGE_LIMIT || image_size > IMAGE_LIMIT)
		return error_set(err, TALLY_EXIT_NOINPUT, ENOEXEC,
				 "kernel %s is damaged: its header has text_offset 0x%llx, image_size 0x%llx",
				 image->path, (unsigned long long)text_offset,
				 (unsigned long long)image_size);
	image->text_offset = text_offset;
	image->memory_size = image_size > file_size ? image_size : file_size;
	return 0;
}

/* With an EFI stub, the section table tells how long the file must be. */
static int check_not_cut(const struct image *image, struct error *err)
{
	struct image_pe pe = { };
	int ret;

	ret = image_pe_read(image->fd, image->length, &pe);
	if (!ret && pe.end > image->length)
		return error_set(err, TALLY_EXIT_NOINPUT, ENODATA,
				 "kernel %s is truncated: it has %llu bytes of %llu", image->path,
				 (unsigned long long)image->length, (unsigned long long)pe.end);
	if (ret == -ENODATA)
		return error_set(err, TALLY_EXIT_NOINPUT, ENODATA,
				 "kernel %s is truncated: it ends at %llu bytes, within its headers",
				 image->path, (unsigned long long)image->length);
	if (ret && ret != -ENOEXEC)
		return error_set(err, TALLY_EXIT_NOINPUT, -ret, "kernel %s: %s", image->path,
				 strerror(-ret));
	return 0;
}

static image_unpacker *unpacker(enum image_format format)
{
	return format == IMAGE_ZBOOT_ZSTD ? image_unpack_zstd : image_unpack_gzip;
}

/* The size that the packer left at the end: a hint only, anyone can write there. */
static uint64_t packed_size_hint(const struct image *image)
{
	uint64_t at = image->offset + image->length;
	unsigned char size[4];

	/* gzip has it in its last bytes, the kernel's makefiles append it to others. */
	if (image->format != IMAGE_ZBOOT_ZSTD)
		at -= image->length < sizeof(size) ? 0 : sizeof(size);
	if (image_pread(image->fd, size, sizeof(size), at) != sizeof(size))
		return 0;
	return get_le32(size);
}

/* image->format, offset and length name the payload: look at the Image in it. */
static int open_packed(struct image *image, struct error *err)
{
	unsigned char head[IMAGE_HEAD_SIZE];
	uint64_t size = 0;
	const char *what;
	char buf[128];
	int ret;

	image->load_size = 0;
	ret = unpacker(image->format)(image, head, sizeof(head), true, &size, err);
	if (ret)
		return ret;
	if (!is_linux(head, size)) {
		what = image_foreign(head, size, buf, sizeof(buf));
		return error_set(err, TALLY_EXIT_NOINPUT, ENOEXEC,
				 "kernel %s does not hold an arm64 Image: it unpacks to %s",
				 image->path, what ? what : "something unknown");
	}
	return linux_header(image, head, get_le64(head + HEADER_IMAGE_SIZE) ?
			    0 : packed_size_hint(image), err);
}

static int open_zboot(struct image *image, const unsigned char *head, struct error *err)
{
	char compression[HEADER_MAGIC - ZBOOT_COMPRESSION + 1] = { };
	unsigned long long offset = get_le32(head + ZBOOT_OFFSET);
	unsigned long long size = get_le32(head + ZBOOT_SIZE);
	struct image_pe pe = { };
	char buf[32];

	if (!image_pe_read(image->fd, image->length, &pe) && pe.machine != IMAGE_PE_ARM64)
		return error_set(err, TALLY_EXIT_NOINPUT, ENOEXEC,
				 "kernel %s is an EFI zboot kernel for %s, not for arm64",
				 image->path, image_pe_machine(pe.machine, buf, sizeof(buf)));

	memcpy(compression, head + ZBOOT_COMPRESSION, sizeof(compression) - 1);
	if (!strcmp(compression, "gzip")) {
		image->format = IMAGE_ZBOOT_GZIP;
	} else if (!strcmp(compression, "zstd") || !strcmp(compression, "zstd22")) {
		image->format = IMAGE_ZBOOT_ZSTD;
	} else {
		for (char *c = compression; *c; c++)
			if (*c < ' ' || *c > '~')
				*c = '?';
		return error_set(err, TALLY_EXIT_NOINPUT, ENOEXEC,
				 "kernel %s is an EFI zboot kernel compressed with '%s'; gzip and zstd are known",
				 image->path, compression);
	}
	if (offset < ZBOOT_LEN || !size)
		return error_set(err, TALLY_EXIT_NOINPUT, ENOEXEC,
				 "kernel %s is damaged: its zboot header has %llu bytes of payload at %llu",
				 image->path, size, offset);
	if (offset + size > image->length)
		return error_set(err, TALLY_EXIT_NOINPUT, ENODATA,
				 "kernel %s is truncated: it has %llu bytes, its payload ends at %llu",
				 image->path, (unsigned long long)image->length, offset + size);
	image->offset = offset;
	image->length = size;
	return open_packed(image, err);
}

/* lkvm runs any file; so do we, for bare programs that have no header. */
static int open_flat(struct image *image, struct error *err)
{
	if (image->length < 4)
		return error_set(err, TALLY_EXIT_NOINPUT, ENOEXEC,
				 "kernel %s is no kernel: it has only %llu bytes", image->path,
				 (unsigned long long)image->length);
	log_warning("kernel %s has no arm64 Image header: taken as a bare program", image->path);
	image->format = IMAGE_FLAT;
	image->text_offset = OLD_TEXT_OFFSET;
	return 0;
}

static int recognise(struct image *image, struct error *err)
{
	unsigned char head[IMAGE_HEAD_SIZE] = { };
	const char *what;
	char buf[128];
	ssize_t len;
	int ret;

	len = image_pread(image->fd, head, sizeof(head), 0);
	if (len < 0)
		return error_set(err, TALLY_EXIT_NOINPUT, (int)-len, "kernel %s: %s", image->path,
				 strerror((int)-len));
	if (!len)
		return error_set(err, TALLY_EXIT_NOINPUT, ENODATA, "kernel %s is empty",
				 image->path);

	if (is_linux(head, (size_t)len)) {
		image->format = IMAGE_LINUX;
		ret = linux_header(image, head, image->length, err);
		if (!ret && !memcmp(head, "MZ", 2))
			ret = check_not_cut(image, err);
		return ret;
	}
	if (head[0] == 0x1f && head[1] == 0x8b) {
		image->format = IMAGE_LINUX_GZIP;
		return open_packed(image, err);
	}
	if (len >= ZBOOT_LEN && !memcmp(head, "MZ", 2) && !memcmp(head + ZBOOT_MAGIC, "zimg", 4))
		return open_zboot(image, head, err);

	what = image_foreign(head, (size_t)len, buf, sizeof(buf));
	if (what)
		return error_set(err, TALLY_EXIT_NOINPUT, ENOEXEC,
				 "kernel %s is not an arm64 Image: it is %s", image->path, what);
	return open_flat(image, err);
}

int image_open_kernel(struct image *image, const char *path, struct error *err)
{
	int ret;

	ret = file_open(image, path, "kernel", err);
	if (ret)
		return ret;
	ret = recognise(image, err);
	if (ret)
		image_close(image);
	return ret;
}

static int load_plain(const struct image *image, void *to, uint64_t space, uint64_t *size,
		      struct error *err)
{
	ssize_t n;

	if (image->length > space)
		return error_set(err, TALLY_EXIT_NOINPUT, EFBIG,
				 "%s has %llu bytes; there is room for %llu", image->path,
				 (unsigned long long)image->length, (unsigned long long)space);
	n = image_pread(image->fd, to, image->length, image->offset);
	if (n < 0)
		return error_set(err, TALLY_EXIT_NOINPUT, (int)-n, "reading %s: %s", image->path,
				 strerror((int)-n));
	if ((uint64_t)n < image->length)
		return error_set(err, TALLY_EXIT_NOINPUT, ENODATA,
				 "%s became shorter while it was read: %lld bytes of %llu",
				 image->path, (long long)n, (unsigned long long)image->length);
	*size = image->length;
	return 0;
}

int image_load(const struct image *image, struct guest_memory *mem, uint64_t gpa,
	       uint64_t space, uint64_t *size, struct error *err)
{
	void *to;

	*size = 0;
	if (image->format == IMAGE_NONE)
		return 0;
	to = guest_memory_at(mem, gpa, space);
	if (!to)
		return error_set(err, TALLY_EXIT_SOFTWARE, EFAULT,
				 "no RAM of 0x%llx bytes at 0x%llx to load %s to",
				 (unsigned long long)space, (unsigned long long)gpa, image->path);
	switch (image->format) {
	case IMAGE_LINUX_GZIP:
	case IMAGE_ZBOOT_GZIP:
	case IMAGE_ZBOOT_ZSTD:
		return unpacker(image->format)(image, to, space, false, size, err);
	default:
		return load_plain(image, to, space, size, err);
	}
}

void image_close(struct image *image)
{
	if (image->format != IMAGE_NONE)
		close(image->fd);
	image->fd = -1;
	image->format = IMAGE_NONE;
}

// SPDX-License-Identifier: GPL-2.0-only
/* Kernel images of each format, and files that are none, cut or hostile. */
#include <elf.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include "image.h"
#include "unit.h"

#define RAM_GPA		0x80000000ull
#define RAM_SIZE	(4ull << 20)
#define IMAGE_BYTES	20000
#define IMAGE_NEEDS	0x30000

#define PE_AT		64	/* where the builders put the PE header */
#define PE_TABLE	(PE_AT + 24 + 16)

/* Payload bytes that show when they come to the wrong place. */
static unsigned char pattern(size_t i)
{
	return (unsigned char)((i * 2654435761u) >> 13);
}

static struct buf plain(size_t len)
{
	struct buf buf = { };

	buf_fill(&buf, 0, len);
	for (size_t i = 0; i < len; i++)
		buf.data[i] = pattern(i);
	return buf;
}

static void add_pe(struct buf *buf, unsigned int machine, unsigned int data_end)
{
	buf_poke(buf, 0, 2, 'M' | 'Z' << 8);
	buf_poke(buf, 0x3c, 4, PE_AT);
	buf_poke(buf, PE_AT, 4, 'P' | 'E' << 8);
	buf_poke(buf, PE_AT + 4, 2, machine);
	buf_poke(buf, PE_AT + 6, 2, 2);
	buf_poke(buf, PE_AT + 20, 2, 16);
	/* two halves, the last one first: the table need not be in the file's order */
	for (unsigned int i = 0; i < 2; i++) {
		buf_poke(buf, PE_TABLE + 40 * i + 16, 4, data_end / 2);
		buf_poke(buf, PE_TABLE + 40 * i + 20, 4, (1 - i) * (data_end / 2));
	}
}

/* An arm64 Image without an EFI stub. */
static struct buf linux_image(void)
{
	struct buf buf = plain(IMAGE_BYTES);

	buf_poke(&buf, 0, 4, 0x14000010);	/* b . + 64 */
	buf_poke(&buf, 8, 8, 0);
	buf_poke(&buf, 16, 8, IMAGE_NEEDS);
	buf_poke(&buf, 24, 8, 0xa);
	buf_poke(&buf, 56, 4, 0x644d5241);
	buf_poke(&buf, 60, 4, 0);
	return buf;
}

static struct buf efi_image(void)
{
	struct buf buf = linux_image();

	add_pe(&buf, 0xaa64, IMAGE_BYTES);
	return buf;
}

static struct buf gzip(const struct buf *from)
{
	struct buf buf = { };
	z_stream z = { };

	if (deflateInit2(&z, 9, Z_DEFLATED, 16 + MAX_WBITS, 9, Z_DEFAULT_STRATEGY) != Z_OK)
		abort();
	buf_fill(&buf, 0, deflateBound(&z, from->len));
	z.next_in = from->data;
	z.avail_in = (uInt)from->len;
	z.next_out = buf.data;
	z.avail_out = (uInt)buf.len;
	if (deflate(&z, Z_FINISH) != Z_STREAM_END)
		abort();
	buf.len = z.total_out;
	deflateEnd(&z);
	return buf;
}

static struct buf zstd(const struct buf *from)
{
	struct buf buf = { };

	buf_fill(&buf, 0, ZSTD_compressBound(from->len));
	buf.len = ZSTD_compress(buf.data, buf.len, from->data, from->len, 19);
	if (ZSTD_isError(buf.len))
		abort();
	return buf;
}

/* The kernel's EFI zboot file around a packed payload, which is freed. */
static struct buf zboot(struct buf payload, const char *compression, unsigned int machine)
{
	const size_t at = 512;
	struct buf buf = { };

	buf_fill(&buf, 0, at);
	buf_poke(&buf, 4, 4, 'z' | 'i' << 8 | 'm' << 16 | 'g' << 24);
	buf_poke(&buf, 8, 4, at);
	buf_poke(&buf, 12, 4, payload.len);
	memcpy(buf.data + 24, compression, strlen(compression) + 1);
	buf_poke(&buf, 0x38, 4, 0x818223cd);
	buf_add(&buf, payload.data, payload.len);
	buf_fill(&buf, 0, 300);		/* what follows the payload: code and data of the stub */
	add_pe(&buf, machine, (unsigned int)buf.len);
	buf_free(&payload);
	return buf;
}

static struct buf packed(const struct buf *from, enum image_format format)
{
	switch (format) {
	case IMAGE_LINUX_GZIP:
		return gzip(from);
	case IMAGE_ZBOOT_GZIP:
		return zboot(gzip(from), "gzip", 0xaa64);
	case IMAGE_ZBOOT_ZSTD:
		return zboot(zstd(from), "zstd", 0xaa64);
	default:
		abort();
	}
}

/* RAM that AddressSanitizer watches the ends of. */
static struct guest_memory ram_new(void)
{
	struct guest_memory ram = { .gpa = RAM_GPA, .size = RAM_SIZE };

	ram.host = malloc(ram.size);
	memset(ram.host, 0xee, ram.size);
	return ram;
}

static void ram_free(struct guest_memory *ram)
{
	free(ram->host);
}

static int open_buf(struct image *image, const char *name, const struct buf *buf,
		    struct error *err)
{
	return image_open_kernel(image, temp_file(name, buf->data, buf->len), err);
}

/* Open, load at the end of RAM with exactly the room needed, compare. */
static void check_loads(const char *name, const struct buf *file, const struct buf *want,
			enum image_format format, uint64_t text_offset, uint64_t memory_size)
{
	struct guest_memory ram = ram_new();
	struct image image;
	struct error err;
	uint64_t gpa = RAM_GPA + RAM_SIZE - want->len;
	unsigned char *ram_bytes = ram.host;
	uint64_t size = 0;

	assert_done(open_buf(&image, name, file, &err), &err);
	assert_int_equal(image.format, format);
	assert_int_equal(image.text_offset, text_offset);
	assert_int_equal(image.memory_size, memory_size);
	if (image.load_size)
		assert_int_equal(image.load_size, want->len);
	assert_done(image_load(&image, &ram, gpa, want->len, &size, &err), &err);
	assert_int_equal(size, want->len);
	assert_memory_equal(ram_bytes + RAM_SIZE - want->len, want->data, want->len);
	for (size_t i = 0; i < RAM_SIZE - want->len; i++)
		if (ram_bytes[i] != 0xee)
			fail_msg("byte %zu before the image was written", i);

	/* One byte less must not do, and nothing outside may be touched. */
	assert_error(image_load(&image, &ram, gpa + 1, want->len - 1, &size, &err), &err,
		     TALLY_EXIT_NOINPUT, name);
	image_close(&image);
	image_close(&image);
	ram_free(&ram);
}

static void test_linux_image(void **state)
{
	struct buf image = linux_image();

	check_loads("Image", &image, &image, IMAGE_LINUX, 0, IMAGE_NEEDS);
	buf_poke(&image, 8, 8, 0x180000);
	check_loads("Image-offset", &image, &image, IMAGE_LINUX, 0x180000, IMAGE_NEEDS);
	/* image_size below the file's size: the file still has to fit */
	buf_poke(&image, 16, 8, 4096);
	check_loads("Image-appended", &image, &image, IMAGE_LINUX, 0x180000, IMAGE_BYTES);
	buf_free(&image);
}

static void test_flags_are_kept(void **state)
{
	struct buf buf = linux_image();
	struct image image;
	struct error err;

	assert_done(open_buf(&image, "Image-flags", &buf, &err), &err);
	assert_int_equal(image.flags, 0xa);
	image_close(&image);
	buf_free(&buf);
}

static void test_efi_image(void **state)
{
	struct buf image = efi_image();

	check_loads("Image-efi", &image, &image, IMAGE_LINUX, 0, IMAGE_NEEDS);
	/* a signature may follow the last section */
	buf_fill(&image, 0x55, 700);
	check_loads("Image-signed", &image, &image, IMAGE_LINUX, 0, IMAGE_NEEDS);
	buf_free(&image);
}

static void test_old_image(void **state)
{
	struct buf image = linux_image();

	/* No image_size: text_offset is 0x80000 whatever the field says, flags say nothing. */
	buf_poke(&image, 16, 8, 0);
	buf_poke(&image, 8, 8, 0x0000080000000000);
	buf_poke(&image, 24, 8, 1);
	check_loads("Image-old", &image, &image, IMAGE_LINUX, 0x80000, IMAGE_BYTES + (8 << 20));
	buf_free(&image);
}

static void test_flat_program(void **state)
{
	struct buf program = plain(4096);

	check_loads("flat", &program, &program, IMAGE_FLAT, 0x80000, 4096);
	program.len = 4;
	check_loads("flat-4", &program, &program, IMAGE_FLAT, 0x80000, 4);
	buf_free(&program);
}

static void test_packed_image(void **state)
{
	static const struct {
		const char		*name;
		enum image_format	format;
	} table[] = {
		{ "Image.gz", IMAGE_LINUX_GZIP },
		{ "zboot.gz", IMAGE_ZBOOT_GZIP },
		{ "zboot.zst", IMAGE_ZBOOT_ZSTD },
	};

	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		struct buf image = efi_image();
		struct buf file = packed(&image, table[i].format);

		check_loads(table[i].name, &file, &image, table[i].format, 0, IMAGE_NEEDS);
		buf_free(&file);
		buf_free(&image);
	}
}

static void test_zstd22(void **state)
{
	struct buf image = linux_image();
	struct buf file = zboot(zstd(&image), "zstd22", 0xaa64);

	check_loads("zboot.zstd22", &file, &image, IMAGE_ZBOOT_ZSTD, 0, IMAGE_NEEDS);
	buf_free(&file);
	buf_free(&image);
}

static void test_gzip_members_and_padding(void **state)
{
	struct buf image = linux_image();
	struct buf first = { .data = image.data, .len = 7000 };
	struct buf second = { .data = image.data + 7000, .len = image.len - 7000 };
	struct buf file = gzip(&first), more = gzip(&second);

	buf_add(&file, more.data, more.len);
	check_loads("members.gz", &file, &image, IMAGE_LINUX_GZIP, 0, IMAGE_NEEDS);
	buf_fill(&file, 0, 512);
	check_loads("padded.gz", &file, &image, IMAGE_LINUX_GZIP, 0, IMAGE_NEEDS);
	buf_free(&more);
	buf_free(&file);
	buf_free(&image);
}

static void test_old_image_packed(void **state)
{
	struct buf image = linux_image();
	struct buf file;

	buf_poke(&image, 16, 8, 0);
	file = packed(&image, IMAGE_LINUX_GZIP);
	check_loads("old.gz", &file, &image, IMAGE_LINUX_GZIP, 0x80000,
		    IMAGE_BYTES + (8 << 20));
	buf_free(&file);
	buf_free(&image);
}

/* Each length that a file can be cut to, opened and loaded: an error that names the file. */
static void check_cut(const char *name, const struct buf *file, size_t step)
{
	struct guest_memory ram = ram_new();

	for (size_t len = 0; len < file->len; len += len < 1100 ? 1 : step) {
		const char *path = temp_file(name, file->data, len);
		struct error err = { };
		struct image image;
		uint64_t size;
		int ret;

		ret = image_open_kernel(&image, path, &err);
		if (!ret) {
			/* what is left of a header is a bare program's first bytes */
			if (image.format == IMAGE_FLAT && len < 64) {
				image_close(&image);
				continue;
			}
			ret = image_load(&image, &ram, RAM_GPA, RAM_SIZE, &size, &err);
			image_close(&image);
		}
		if (ret >= 0 || err.exit_code != TALLY_EXIT_NOINPUT || !strstr(err.text, path))
			fail_msg("%s cut to %zu of %zu bytes: %d %s", name, len, file->len, ret,
				 err.text);
	}
	ram_free(&ram);
}

static void test_truncated(void **state)
{
	struct buf image = efi_image(), file;

	check_cut("cut-efi", &image, 509);
	for (enum image_format format = IMAGE_LINUX_GZIP; format <= IMAGE_ZBOOT_ZSTD; format++) {
		file = packed(&image, format);
		/* after the payload a zboot file may be cut: nothing of that is used */
		if (format != IMAGE_LINUX_GZIP)
			file.len -= 300;
		check_cut("cut-packed", &file, 61);
		buf_free(&file);
	}
	buf_free(&image);
}

/* No single wrong byte may do more than give an error or another image. */
static void test_damaged(void **state)
{
	struct guest_memory ram = ram_new();
	struct buf image = efi_image();

	for (enum image_format format = IMAGE_LINUX; format <= IMAGE_ZBOOT_ZSTD; format++) {
		struct buf file = { };

		if (format == IMAGE_LINUX)
			buf_add(&file, image.data, image.len);
		else
			file = packed(&image, format);
		for (size_t at = 0; at < file.len; at += at < 256 ? 1 : 97) {
			struct error err = { };
			struct image opened;
			uint64_t size;
			int ret;

			file.data[at] ^= 0xff;
			ret = open_buf(&opened, "damaged", &file, &err);
			if (!ret) {
				assert_true(opened.text_offset + opened.memory_size <= 2ull << 40);
				ret = image_load(&opened, &ram, RAM_GPA, RAM_SIZE, &size, &err);
				image_close(&opened);
			}
			if (ret && (err.exit_code != TALLY_EXIT_NOINPUT || !*err.text))
				fail_msg("byte %zu: %d %d %s", at, ret, err.exit_code, err.text);
			file.data[at] ^= 0xff;
		}
		buf_free(&file);
	}
	buf_free(&image);
	ram_free(&ram);
}

static void test_crc_is_checked(void **state)
{
	struct guest_memory ram = ram_new();
	struct buf image = linux_image();
	struct buf file = gzip(&image);
	struct image opened;
	struct error err;
	uint64_t size;

	file.data[file.len - 8] ^= 1;
	assert_done(open_buf(&opened, "crc.gz", &file, &err), &err);
	assert_error(image_load(&opened, &ram, RAM_GPA, RAM_SIZE, &size, &err), &err,
		     TALLY_EXIT_NOINPUT, "crc.gz is damaged");
	image_close(&opened);
	buf_free(&file);
	buf_free(&image);
	ram_free(&ram);
}

static void poke_elf(struct buf *buf, unsigned int class, unsigned int data, unsigned int machine)
{
	memcpy(buf->data, ELFMAG, SELFMAG);
	buf->data[4] = (unsigned char)class;
	buf->data[5] = (unsigned char)data;
	buf->data[data == 2 ? 19 : 18] = (unsigned char)machine;
	buf->data[data == 2 ? 18 : 19] = (unsigned char)(machine >> 8);
}

/* Files that are something, but nothing that runs; what must be said of each. */
static void test_refused(void **state)
{
	static const struct {
		const char	*name;
		size_t		at;
		size_t		len;
		const char	*bytes;
		const char	*text;
	} table[] = {
		{ "bzImage", 0x202, 4, "HdrS", "an x86 kernel (bzImage)" },
		{ "zImage", 0x24, 4, "\x18\x28\x6f\x01", "a 32-bit Arm kernel" },
		{ "riscv", 0x38, 4, "RSC\x05", "a RISC-V kernel" },
		{ "zst", 0, 4, "\x28\xb5\x2f\xfd", "a zstd file" },
		{ "xz", 0, 6, "\xfd\x37zXZ\0", "an xz file" },
		{ "lz4", 0, 4, "\x02\x21\x4c\x18", "an lz4 file" },
		{ "bz2", 0, 4, "BZh9", "a bzip2 file" },
		{ "uImage", 0, 4, "\x27\x05\x19\x56", "a U-Boot uImage" },
		{ "dtb", 0, 4, "\xd0\x0d\xfe\xed", "a device tree" },
		{ "cpio", 0, 6, "070701", "a cpio archive" },
		{ "deb", 0, 7, "!<arch>", "a Debian package" },
		{ "qcow2", 0, 4, "QFI\xfb", "a qcow2 disk" },
		{ "script", 0, 2, "#!", "a script" },
		{ "mz", 0, 2, "MZ", "a DOS or EFI program" },
	};
	static const struct {
		unsigned int	class, data, machine;
		const char	*text;
	} elfs[] = {
		{ 2, 1, 183, "an ELF file for AArch64; use the Image" },
		{ 2, 1, 62, "an ELF file for x86-64" },
		{ 1, 1, 40, "an ELF file for 32-bit Arm" },
		{ 2, 2, 21, "an ELF file for 64-bit PowerPC" },
		{ 2, 1, 0x1234, "an ELF file for machine 0x1234" },
	};
	static const struct {
		unsigned int	machine;
		const char	*text;
	} pes[] = {
		{ 0x8664, "an EFI program for x86-64" },
		{ 0x5064, "an EFI program for 64-bit RISC-V" },
		{ 0xaa64, "an EFI program for arm64" },
	};
	struct image image;
	struct error err;
	struct buf buf;

	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		buf = plain(5000);
		buf_poke(&buf, 0x3c, 4, 0);
		memcpy(buf.data + table[i].at, table[i].bytes, table[i].len);
		assert_error(open_buf(&image, table[i].name, &buf, &err), &err,
			     TALLY_EXIT_NOINPUT, table[i].text);
		assert_non_null(strstr(err.text, temp_path(table[i].name)));
		buf_free(&buf);
	}
	buf = plain(5000);
	buf_poke(&buf, 0, 2, 'M' | 'Z' << 8);
	buf_poke(&buf, 0x3c, 4, UINT32_MAX);
	assert_error(open_buf(&image, "mz-far", &buf, &err), &err, TALLY_EXIT_NOINPUT,
		     "a DOS or EFI program");
	buf_free(&buf);
	for (size_t i = 0; i < ARRAY_SIZE(elfs); i++) {
		buf = plain(5000);
		poke_elf(&buf, elfs[i].class, elfs[i].data, elfs[i].machine);
		assert_error(open_buf(&image, "vmlinux", &buf, &err), &err, TALLY_EXIT_NOINPUT,
			     elfs[i].text);
		buf_free(&buf);
	}
	for (size_t i = 0; i < ARRAY_SIZE(pes); i++) {
		buf = plain(5000);
		add_pe(&buf, pes[i].machine, 5000);
		assert_error(open_buf(&image, "program.efi", &buf, &err), &err,
			     TALLY_EXIT_NOINPUT, pes[i].text);
		buf_free(&buf);
	}
}

static void test_big_endian(void **state)
{
	struct buf buf = linux_image();
	struct image image;
	struct error err;

	buf_poke(&buf, 24, 8, 0xb);
	assert_error(open_buf(&image, "Image-be", &buf, &err), &err, TALLY_EXIT_NOINPUT,
		     "big-endian");
	buf_free(&buf);
}

static void test_header_too_large(void **state)
{
	static const struct { uint64_t text_offset, image_size; } table[] = {
		{ 0, UINT64_MAX },
		{ UINT64_MAX, 4096 },
		{ UINT64_MAX - 4095, 4096 },
		{ 1ull << 63, 1ull << 63 },
		{ (1ull << 40) + 1, 4096 },
	};
	struct image image;
	struct error err;

	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		struct buf buf = linux_image();

		buf_poke(&buf, 8, 8, table[i].text_offset);
		buf_poke(&buf, 16, 8, table[i].image_size);
		assert_error(open_buf(&image, "Image-huge", &buf, &err), &err,
			     TALLY_EXIT_NOINPUT, "is damaged: its header has text_offset");
		buf_free(&buf);
	}
}

static void test_zboot_refused(void **state)
{
	static const struct {
		const char	*compression;
		unsigned int	machine;
		unsigned int	offset, size;	/* instead of the right ones */
		const char	*text;
	} table[] = {
		{ "xzkern", 0xaa64, 0, 0, "compressed with 'xzkern'; gzip and zstd are known" },
		{ "lz4", 0xaa64, 0, 0, "compressed with 'lz4'" },
		{ "gz\n", 0xaa64, 0, 0, "compressed with 'gz?'" },
		{ "", 0xaa64, 0, 0, "compressed with ''" },
		{ "gzip", 0x6264, 0, 0, "an EFI zboot kernel for 64-bit LoongArch" },
		{ "gzip", 0xaa64, 8, 100, "its zboot header has 100 bytes of payload at 8" },
		{ "gzip", 0xaa64, 512, UINT32_MAX, "is truncated" },
		{ "gzip", 0xaa64, UINT32_MAX, UINT32_MAX, "is truncated" },
		{ "gzip", 0xaa64, UINT32_MAX, 1, "is truncated" },
		{ "zstd", 0xaa64, 0, 0, "is damaged" },		/* the payload is gzip */
	};
	struct image image;
	struct error err;

	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		struct buf inner = linux_image();
		struct buf buf = zboot(gzip(&inner), table[i].compression, table[i].machine);

		if (table[i].offset) {
			buf_poke(&buf, 8, 4, table[i].offset);
			buf_poke(&buf, 12, 4, table[i].size);
		}
		assert_error(open_buf(&image, "zboot-bad", &buf, &err), &err,
			     TALLY_EXIT_NOINPUT, table[i].text);
		buf_free(&buf);
		buf_free(&inner);
	}
}

/* What is packed must be an arm64 Image, and if not, it is said what it is. */
static void test_packed_something_else(void **state)
{
	struct buf inner = plain(5000), file;
	struct image image;
	struct error err;

	file = gzip(&inner);
	assert_error(open_buf(&image, "data.gz", &file, &err), &err, TALLY_EXIT_NOINPUT,
		     "does not hold an arm64 Image: it unpacks to something unknown");
	buf_free(&file);

	memcpy(inner.data, "070701", 6);
	file = gzip(&inner);
	assert_error(open_buf(&image, "initrd.gz", &file, &err), &err, TALLY_EXIT_NOINPUT,
		     "a cpio archive");
	buf_free(&file);

	poke_elf(&inner, 2, 1, 183);
	file = packed(&inner, IMAGE_ZBOOT_ZSTD);
	assert_error(open_buf(&image, "zboot-elf", &file, &err), &err, TALLY_EXIT_NOINPUT,
		     "an ELF file for AArch64");
	buf_free(&file);

	inner.len = 0;
	file = gzip(&inner);
	assert_error(open_buf(&image, "empty.gz", &file, &err), &err, TALLY_EXIT_NOINPUT,
		     "does not hold an arm64 Image");
	buf_free(&file);
	inner.len = 5000;
	buf_free(&inner);
}

/* 100 MB of zeros behind an Image header: stopped at the space that there is. */
static void test_bomb(void **state)
{
	struct guest_memory ram = ram_new();

	for (enum image_format format = IMAGE_LINUX_GZIP; format <= IMAGE_ZBOOT_ZSTD; format++) {
		struct buf inner = linux_image(), file;
		struct image image;
		struct error err;
		uint64_t size;

		buf_fill(&inner, 0, 100 << 20);
		file = packed(&inner, format);
		assert_done(open_buf(&image, "bomb", &file, &err), &err);
		assert_error(image_load(&image, &ram, RAM_GPA, RAM_SIZE, &size, &err), &err,
			     TALLY_EXIT_NOINPUT, "unpacks to more than the 4194304 bytes");
		image_close(&image);
		buf_free(&file);
		buf_free(&inner);
	}
	ram_free(&ram);
}

static void test_cannot_open(void **state)
{
	const char *path = temp_path("missing");
	char text[512];
	struct image image;
	struct error err;

	snprintf(text, sizeof(text), "Unable to open kernel %s", path);
	assert_error(image_open_kernel(&image, path, &err), &err, TALLY_EXIT_NOINPUT, text);
	assert_string_equal(err.text, text);
	assert_error(image_open_kernel(&image, "/tmp", &err), &err, TALLY_EXIT_NOINPUT,
		     "Unable to open kernel /tmp: Is a directory");
	assert_error(image_open_kernel(&image, "/dev/null", &err), &err, TALLY_EXIT_NOINPUT,
		     "Unable to open kernel /dev/null: Not a regular file");
	path = temp_path("fifo");
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_error(image_open_kernel(&image, path, &err), &err, TALLY_EXIT_NOINPUT,
		     "Not a regular file");
	assert_error(image_open_raw(&image, temp_path("missing"), "initrd", &err), &err,
		     TALLY_EXIT_NOINPUT, "Unable to open initrd ");
	image_close(&image);
}

static void test_too_short(void **state)
{
	struct image image;
	struct error err;

	assert_error(image_open_kernel(&image, temp_file("empty", "", 0), &err), &err,
		     TALLY_EXIT_NOINPUT, "is empty");
	assert_error(image_open_kernel(&image, temp_file("short", "\1\2\3", 3), &err), &err,
		     TALLY_EXIT_NOINPUT, "it has only 3 bytes");
}

static void test_raw_file(void **state)
{
	struct guest_memory ram = ram_new();
	struct buf buf = plain(12345);
	struct image image;
	struct error err;
	uint64_t size = 1;
	const char *path = temp_file("initrd", buf.data, buf.len);

	assert_done(image_open_raw(&image, path, "initrd", &err), &err);
	assert_int_equal(image.format, IMAGE_RAW_FILE);
	assert_int_equal(image.load_size, 12345);
	assert_error(image_load(&image, &ram, RAM_GPA, 12344, &size, &err), &err,
		     TALLY_EXIT_NOINPUT, "has 12345 bytes; there is room for 12344");
	assert_done(image_load(&image, &ram, RAM_GPA + 4096, 12345, &size, &err), &err);
	assert_int_equal(size, 12345);
	assert_memory_equal((char *)ram.host + 4096, buf.data, buf.len);

	/* no such RAM */
	assert_error(image_load(&image, &ram, RAM_GPA + RAM_SIZE - 4096, 12345, &size, &err),
		     &err, TALLY_EXIT_SOFTWARE, "no RAM");
	assert_error(image_load(&image, &ram, RAM_GPA, UINT64_MAX, &size, &err), &err,
		     TALLY_EXIT_SOFTWARE, "no RAM");

	/* the file shrinks after it was opened */
	assert_int_equal(truncate(path, 100), 0);
	assert_error(image_load(&image, &ram, RAM_GPA, 12345, &size, &err), &err,
		     TALLY_EXIT_NOINPUT, "became shorter");
	image_close(&image);

	assert_done(image_open_raw(&image, temp_file("none", "", 0), "initrd", &err), &err);
	assert_done(image_load(&image, &ram, RAM_GPA, RAM_SIZE, &size, &err), &err);
	assert_int_equal(size, 0);
	image_close(&image);
	buf_free(&buf);
	ram_free(&ram);
}

/* The file is cut while it is in use: between looking at it and loading it. */
static void test_shrinks(void **state)
{
	struct guest_memory ram = ram_new();
	struct buf inner = linux_image();

	for (enum image_format format = IMAGE_LINUX_GZIP; format <= IMAGE_ZBOOT_ZSTD; format++) {
		struct buf file = packed(&inner, format);
		struct image image;
		struct error err;
		uint64_t size;

		assert_done(open_buf(&image, "shrinks", &file, &err), &err);
		assert_int_equal(truncate(temp_path("shrinks"), (off_t)file.len / 2), 0);
		assert_error(image_load(&image, &ram, RAM_GPA, RAM_SIZE, &size, &err), &err,
			     TALLY_EXIT_NOINPUT, "is truncated");
		image_close(&image);
		buf_free(&file);
	}
	buf_free(&inner);
	ram_free(&ram);
}

static void test_nothing_to_load(void **state)
{
	struct guest_memory ram = ram_new();
	struct image image = { };
	struct error err;
	uint64_t size = 1;

	assert_done(image_load(&image, &ram, RAM_GPA, 0, &size, &err), &err);
	assert_int_equal(size, 0);
	image_close(&image);	/* must not close descriptor 0 */
	assert_int_not_equal(fcntl(0, F_GETFD), -1);
	ram_free(&ram);
}

/* However opening ends, no descriptor is left behind. */
static void test_descriptors(void **state)
{
	struct buf good = linux_image(), bad = plain(3);
	struct image image;
	struct error err;
	int before, after;

	before = dup(0);
	close(before);
	for (int i = 0; i < 3; i++) {
		assert_done(open_buf(&image, "good", &good, &err), &err);
		image_close(&image);
		assert_true(open_buf(&image, "bad", &bad, &err) < 0);
		assert_int_equal(image.format, IMAGE_NONE);
		image_close(&image);
		assert_true(image_open_kernel(&image, "/tmp", &err) < 0);
	}
	after = dup(0);
	close(after);
	assert_int_equal(before, after);
	buf_free(&good);
	buf_free(&bad);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_linux_image),
		cmocka_unit_test(test_flags_are_kept),
		cmocka_unit_test(test_efi_image),
		cmocka_unit_test(test_old_image),
		cmocka_unit_test(test_flat_program),
		cmocka_unit_test(test_packed_image),
		cmocka_unit_test(test_zstd22),
		cmocka_unit_test(test_gzip_members_and_padding),
		cmocka_unit_test(test_old_image_packed),
		cmocka_unit_test(test_truncated),
		cmocka_unit_test(test_damaged),
		cmocka_unit_test(test_crc_is_checked),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_big_endian),
		cmocka_unit_test(test_header_too_large),
		cmocka_unit_test(test_zboot_refused),
		cmocka_unit_test(test_packed_something_else),
		cmocka_unit_test(test_bomb),
		cmocka_unit_test(test_cannot_open),
		cmocka_unit_test(test_too_short),
		cmocka_unit_test(test_raw_file),
		cmocka_unit_test(test_shrinks),
		cmocka_unit_test(test_nothing_to_load),
		cmocka_unit_test(test_descriptors),
	};

	return cmocka_run_group_tests_name("image", tests, NULL, NULL);
}

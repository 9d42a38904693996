// SPDX-License-Identifier: GPL-2.0-only
/*
 * Files that people give as a kernel by mistake. Nothing here is needed to boot;
 * it turns "does not boot" into a message that says what the file is.
 */
#include <elf.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>

#include "image_parts.h"

struct number_name {
	unsigned int	number;
	const char	*name;
};

static const char *number_name(const struct number_name *names, unsigned int number,
			       char *buf, size_t size)
{
	for (; names->name; names++)
		if (names->number == number)
			return names->name;
	snprintf(buf, size, "machine 0x%x", number);
	return buf;
}

static const struct number_name pe_machines[] = {
	{ IMAGE_PE_ARM64, "arm64" },
	{ 0x014c, "32-bit x86" },
	{ 0x8664, "x86-64" },
	{ 0x01c0, "32-bit Arm" },
	{ 0x01c2, "32-bit Arm" },
	{ 0x01c4, "32-bit Arm" },
	{ 0x5032, "32-bit RISC-V" },
	{ 0x5064, "64-bit RISC-V" },
	{ 0x6232, "32-bit LoongArch" },
	{ 0x6264, "64-bit LoongArch" },
	{ }
};

static const struct number_name elf_machines[] = {
	{ EM_AARCH64, "AArch64" },
	{ EM_386, "32-bit x86" },
	{ EM_X86_64, "x86-64" },
	{ EM_ARM, "32-bit Arm" },
	{ EM_RISCV, "RISC-V" },
	{ EM_PPC, "PowerPC" },
	{ EM_PPC64, "64-bit PowerPC" },
	{ EM_S390, "s390" },
	{ EM_MIPS, "MIPS" },
	{ 258, "LoongArch" },
	{ }
};

const char *image_pe_machine(uint16_t machine, char *buf, size_t size)
{
	return number_name(pe_machines, machine, buf, size);
}

int image_pe_read(int fd, uint64_t file_size, struct image_pe *pe)
{
	unsigned char header[24], section[40];
	unsigned int sections, i;
	uint64_t at, end;
	ssize_t n;

	n = image_pread(fd, header, 4, 0x3c);
	if (n < 0)
		return (int)n;
	if (n < 4)
		return -ENODATA;
	at = get_le32(header);
	if (at < 0x40)
		return -ENOEXEC;
	n = image_pread(fd, header, sizeof(header), at);
	if (n < 0)
		return (int)n;
	if ((size_t)n < sizeof(header))
		return -ENODATA;
	if (memcmp(header, "PE\0", 4))
		return -ENOEXEC;

	pe->machine = get_le16(header + 4);
	pe->end = 0;
	sections = get_le16(header + 6);
	at += sizeof(header) + get_le16(header + 20);
	if (at + (uint64_t)sections * sizeof(section) > file_size)
		return -ENODATA;
	for (i = 0; i < sections; i++, at += sizeof(section)) {
		n = image_pread(fd, section, sizeof(section), at);
		if (n < 0)
			return (int)n;
		if ((size_t)n < sizeof(section))
			return -ENODATA;
		end = (uint64_t)get_le32(section + 16) + get_le32(section + 20);
		if (end > pe->end)
			pe->end = end;
	}
	return 0;
}

static const char *elf_name(const unsigned char *head, size_t len, char *buf, size_t size)
{
	unsigned int machine;
	char other[32];

	if (len < 20)
		return "a truncated ELF file";
	machine = head[EI_DATA] == ELFDATA2MSB ? (unsigned int)head[18] << 8 | head[19] :
						 get_le16(head + 18);
	snprintf(buf, size, "an ELF file for %s%s",
		 number_name(elf_machines, machine, other, sizeof(other)),
		 machine == EM_AARCH64 ? "; use the Image that is built from it" : "");
	return buf;
}

static const char *pe_name(const unsigned char *head, size_t len, char *buf, size_t size)
{
	uint32_t at;
	char other[32];

	if (len < 0x40)
		return "a truncated EFI program";
	at = get_le32(head + 0x3c);
	if (at < 0x40 || at > len - 6 || memcmp(head + at, "PE\0", 4))
		return "a DOS or EFI program";
	snprintf(buf, size, "an EFI program for %s",
		 image_pe_machine(get_le16(head + at + 4), other, sizeof(other)));
	return buf;
}

static const struct magic {
	size_t		offset;
	size_t		len;
	const char	*bytes;
	const char	*name;
} magics[] = {
	{ 0x202, 4, "HdrS", "an x86 kernel (bzImage)" },
	{ 0x38, 4, "RSC\x05", "a RISC-V kernel" },
	{ 0x24, 4, "\x18\x28\x6f\x01", "a 32-bit Arm kernel (zImage)" },
	{ 0, 4, "\x28\xb5\x2f\xfd", "a zstd file; unpack it first" },
	{ 0, 6, "\xfd\x37zXZ\0", "an xz file; unpack it first" },
	{ 0, 4, "\x02\x21\x4c\x18", "an lz4 file; unpack it first" },
	{ 0, 4, "\x04\x22\x4d\x18", "an lz4 file; unpack it first" },
	{ 0, 5, "\x89LZO\0", "an lzop file; unpack it first" },
	{ 0, 4, "BZh9", "a bzip2 file; unpack it first" },
	{ 5, 8, "\xff\xff\xff\xff\xff\xff\xff\xff", "an lzma file; unpack it first" },
	{ 0, 2, "\x1f\x8b", "a gzip file" },
	{ 0, 4, "\x27\x05\x19\x56", "a U-Boot uImage" },
	{ 0, 4, "\xd0\x0d\xfe\xed", "a device tree or FIT image" },
	{ 0, 6, "070701", "a cpio archive (an initrd?)" },
	{ 0, 7, "!<arch>", "a Debian package or an ar archive" },
	{ 0, 4, "\xed\xab\xee\xdb", "an RPM package" },
	{ 0, 4, "QFI\xfb", "a qcow2 disk" },
	{ 0, 2, "#!", "a script" },
};

const char *image_foreign(const unsigned char *head, size_t len, char *buf, size_t size)
{
	const struct magic *m;
	size_t i;

	if (len >= SELFMAG && !memcmp(head, ELFMAG, SELFMAG))
		return elf_name(head, len, buf, size);
	for (i = 0; i < sizeof(magics) / sizeof(magics[0]); i++) {
		m = &magics[i];
		if (len >= m->offset + m->len && !memcmp(head + m->offset, m->bytes, m->len))
			return m->name;
	}
	/* Last: some kernels for other machines begin like an EFI program too. */
	if (len >= 2 && !memcmp(head, "MZ", 2))
		return pe_name(head, len, buf, size);
	return NULL;
}

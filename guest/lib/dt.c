// SPDX-License-Identifier: GPL-2.0-only
#include <libfdt.h>
#include <stdlib.h>
#include <string.h>

#include "dt.h"

const void *dtb;

bool dt_init(const void *blob)
{
	if (fdt_check_header(blob))
		return false;
	dtb = blob;
	return true;
}

static u64 cells(const fdt32_t *p, u32 n)
{
	u64 v = 0;

	while (n--)
		v = v << 32 | fdt32_to_cpu(*p++);
	return v;
}

bool dt_reg(int node, u32 index, u64 *addr, u64 *size)
{
	int parent = fdt_parent_offset(dtb, node);
	int ac = fdt_address_cells(dtb, parent), sc = fdt_size_cells(dtb, parent), len;
	const fdt32_t *reg = fdt_getprop(dtb, node, "reg", &len);

	if (!reg || ac < 1 || sc < 0 || (u32)len < (index + 1) * (ac + sc) * 4)
		return false;
	reg += index * (ac + sc);
	if (addr)
		*addr = cells(reg, ac);
	if (size)
		*size = cells(reg + ac, sc);
	return true;
}

u32 dt_u32(int node, const char *name, u32 otherwise)
{
	int len;
	const fdt32_t *p = fdt_getprop(dtb, node, name, &len);

	return p && len == 4 ? fdt32_to_cpu(*p) : otherwise;
}

/* "interrupt-parent" is inherited from the nodes above. */
static int irq_parent(int node)
{
	for (; node >= 0; node = fdt_parent_offset(dtb, node)) {
		u32 phandle = dt_u32(node, "interrupt-parent", 0);

		if (phandle)
			return fdt_node_offset_by_phandle(dtb, phandle);
	}
	return -1;
}

u32 dt_irq(int node, u32 index, u32 *flags)
{
	u32 n = dt_u32(irq_parent(node), "#interrupt-cells", 3), type, nr;
	int len;
	const fdt32_t *p = fdt_getprop(dtb, node, "interrupts", &len);

	if (!p || n < 3 || (u32)len < (index + 1) * n * 4)
		return 0;
	p += index * n;
	type = fdt32_to_cpu(p[0]);
	nr = fdt32_to_cpu(p[1]);
	if (flags)
		*flags = fdt32_to_cpu(p[2]);
	return nr + (type ? 16 : 32);
}

int dt_find_next(int node, const char *compatible)
{
	while ((node = fdt_node_offset_by_compatible(dtb, node, compatible)) >= 0) {
		const char *status = fdt_getprop(dtb, node, "status", NULL);

		if (!status || !strncmp(status, "ok", 2))
			return node;
	}
	return node;
}

int dt_find(const char *compatible)
{
	return dt_find_next(-1, compatible);
}

/* Start of the word's value, or of an empty string for a bare key. */
static const char *find_arg(const char *key)
{
	int chosen = dtb ? fdt_path_offset(dtb, "/chosen") : -1;
	size_t n = strlen(key);
	const char *s;

	if (chosen < 0)
		return NULL;
	s = fdt_getprop(dtb, chosen, "bootargs", NULL);
	while (s && *s) {
		while (*s == ' ')
			s++;
		if (!strncmp(s, key, n)) {
			if (s[n] == '=')
				return s + n + 1;
			if (s[n] == ' ' || !s[n])
				return s + n;
		}
		s = strchr(s, ' ');
	}
	return NULL;
}

bool arg_given(const char *key)
{
	return find_arg(key);
}

bool arg_str(const char *key, char *value, size_t size)
{
	const char *s = find_arg(key);
	size_t n = 0;

	if (!s)
		return false;
	for (; n + 1 < size && s[n] && s[n] != ' '; n++)
		value[n] = s[n];
	value[n] = '\0';
	return true;
}

u64 arg_u64(const char *key, u64 otherwise)
{
	const char *s = find_arg(key);

	if (!s)
		return otherwise;
	if (!*s || *s == ' ')
		return 1;
	return strtoul(s, NULL, 0);
}

bool dt_memory(u32 index, u64 *addr, u64 *size)
{
	int node = -1;

	while ((node = fdt_node_offset_by_prop_value(dtb, node, "device_type",
						     "memory", 7)) >= 0) {
		for (u32 i = 0; dt_reg(node, i, addr, size); i++) {
			if (!index--)
				return true;
		}
	}
	return false;
}

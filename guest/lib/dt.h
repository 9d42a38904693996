/* SPDX-License-Identifier: GPL-2.0-only */
/* What a guest wants from the device tree. */
#ifndef GUEST_DT_H
#define GUEST_DT_H

#include "types.h"

#define DT_IRQ_EDGE	3u	/* either edge bit of the flags cell */

extern const void *dtb;

/* Takes the device tree; false if it isn't one. */
bool dt_init(const void *blob);

/* Entry index of reg, translated through empty "ranges" only. */
bool dt_reg(int node, u32 index, u64 *addr, u64 *size);

u32 dt_u32(int node, const char *name, u32 otherwise);

/*
 * Entry index of "interrupts" as a GIC INTID, 0 if there is none. flags (may be
 * NULL) gets the third cell.
 */
u32 dt_irq(int node, u32 index, u32 *flags);

/* First enabled node with that compatible string, negative if there is none. */
int dt_find(const char *compatible);
int dt_find_next(int node, const char *compatible);

/*
 * Boot arguments: words "key=value" or "key" (value 1). arg_u64 takes decimal
 * and 0x numbers. arg_str copies at most size - 1 bytes.
 */
bool arg_str(const char *key, char *value, size_t size);
u64 arg_u64(const char *key, u64 otherwise);
bool arg_given(const char *key);

/* The memory bank with that index. */
bool dt_memory(u32 index, u64 *addr, u64 *size);

#endif

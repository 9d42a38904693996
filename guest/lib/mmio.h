/* SPDX-License-Identifier: GPL-2.0-only */
/* Device register access, one instruction each (KVM decodes simple forms only). */
#ifndef GUEST_MMIO_H
#define GUEST_MMIO_H

#include "types.h"

#define MMIO_ACCESSORS(bits, w, s)					\
static inline u##bits read##bits(u64 addr)				\
{									\
	u##bits v;							\
									\
	asm volatile("ldr" s " %" w "0, [%1]"				\
		     : "=r"(v) : "r"(addr) : "memory");			\
	return v;							\
}									\
									\
static inline void write##bits(u##bits v, u64 addr)			\
{									\
	asm volatile("str" s " %" w "0, [%1]"				\
		     : : "rZ"(v), "r"(addr) : "memory");		\
}

MMIO_ACCESSORS(8, "w", "b")
MMIO_ACCESSORS(16, "w", "h")
MMIO_ACCESSORS(32, "w", "")
MMIO_ACCESSORS(64, "x", "")

#endif

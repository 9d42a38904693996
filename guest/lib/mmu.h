/* SPDX-License-Identifier: GPL-2.0-only */
/* The identity map; start.S makes its first entries. */
#ifndef GUEST_MMU_H
#define GUEST_MMU_H

#include "types.h"

/* Maps every GiB that the device tree's memory touches as Normal memory. */
void mmu_map_memory(void);

/* Maps the GiB around addr as Device memory unless it is mapped already. */
void mmu_map_device(u64 addr);

/* The same as Normal memory. */
void mmu_map_normal(u64 addr);

#endif

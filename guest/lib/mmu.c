// SPDX-License-Identifier: GPL-2.0-only
#include "dt.h"
#include "mmu.h"
#include "sysreg.h"

#define GIB_SHIFT	30
#define SLOTS		511	/* the last one is EL0's */
#define BLOCK_NORMAL	0x0040000000000705ULL
#define BLOCK_DEVICE	0x0060000000000401ULL

extern u64 page_table[512];

static void map(u64 slot, u64 attributes)
{
	if (slot < SLOTS && !page_table[slot])
		page_table[slot] = slot << GIB_SHIFT | attributes;
}

void mmu_map_memory(void)
{
	u64 addr, size;

	for (u32 i = 0; dt_memory(i, &addr, &size); i++) {
		u64 last = (addr + size - 1) >> GIB_SHIFT;

		if (!size)
			continue;
		for (u64 slot = addr >> GIB_SHIFT; slot <= last && slot < SLOTS; slot++)
			map(slot, BLOCK_NORMAL);
	}
	dsb(ish);
	isb();
}

void mmu_map_device(u64 addr)
{
	map(addr >> GIB_SHIFT, BLOCK_DEVICE);
	dsb(ish);
	isb();
}

void mmu_map_normal(u64 addr)
{
	map(addr >> GIB_SHIFT, BLOCK_NORMAL);
	dsb(ish);
	isb();
}

/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef GUEST_SORT_H
#define GUEST_SORT_H

#include "types.h"

/* Into rising order, in place; meant for some hundred samples. */
static inline void sort_u64(u64 *v, u32 n)
{
	for (u32 i = 1; i < n; i++) {
		u64 x = v[i];
		u32 j = i;

		for (; j && v[j - 1] > x; j--)
			v[j] = v[j - 1];
		v[j] = x;
	}
}

#endif

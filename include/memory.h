/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The guest's RAM: one range of guest physical addresses. Addresses and lengths
 * that come from a guest are hostile; every access goes through here.
 */
#ifndef TALLY_MEMORY_H
#define TALLY_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"

#define GUEST_HUGE_PAGE	(2ull << 20)	/* a transparent huge page, with 4 KiB pages */

struct guest_memory {
	void		*host;		/* owned mapping of @size bytes */
	uint64_t	gpa;
	uint64_t	size;
	bool		anonymous;	/* not of hugetlbfs */
};

/*
 * Map @size bytes of RAM: anonymous, or from a file in the hugetlbfs mount
 * @hugetlbfs when it is not NULL. Nothing is touched, so it costs nothing until
 * the guest uses it. The owner calls guest_memory_unmap().
 */
int guest_memory_map(struct guest_memory *mem, uint64_t gpa, uint64_t size,
		     const char *hugetlbfs, struct error *err);
void guest_memory_unmap(struct guest_memory *mem);

/* From now on, what is touched for the first time gets transparent huge pages. */
void guest_memory_huge_pages(const struct guest_memory *mem);

/*
 * The host address of @len bytes at @gpa, or NULL when any of them lies outside
 * the RAM. @len may be 0. The guest may change the bytes at any time: copy
 * before checking what must stay checked.
 */
void *guest_memory_at(const struct guest_memory *mem, uint64_t gpa, uint64_t len);

#endif

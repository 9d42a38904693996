/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A second GICv2, to compare the first with: it looks at one interrupt at a time, keeps
 * nothing that it can work out, and takes as long as it takes.
 */
#ifndef TALLY_GICV2_REFERENCE_H
#define TALLY_GICV2_REFERENCE_H

#include <stdbool.h>
#include <stdint.h>

struct ref_irq {
	bool		enabled, group1, edge, input, active;
	uint8_t		latches;	/* one for each CPU that sent an SGI, 1 for all else */
	uint8_t		sender;		/* of an active SGI */
	uint8_t		priority, targets;
};

struct ref_cpu {
	uint32_t	ctlr;
	uint8_t		pmr, bpr, abpr;
	bool		running[2][32];	/* an active interrupt of this group with priority 8 * n */
};

struct reference {
	unsigned int	cpus, intids;
	uint32_t	ctlr;
	struct ref_cpu	cpu[8];
	struct ref_irq	irq[8][1020];	/* of CPU 0 where not banked */
};

void ref_reset(struct reference *ref, unsigned int cpus, unsigned int spis);
void ref_input(struct reference *ref, unsigned int cpu, unsigned int intid, bool level);
unsigned int ref_outputs(struct reference *ref, unsigned int cpu);
/* A read's value, or 0. */
uint32_t ref_dist(struct reference *ref, unsigned int cpu, uint64_t offset, unsigned int len, bool write,
		  uint32_t value);
uint32_t ref_cpu(struct reference *ref, unsigned int cpu, uint64_t offset, unsigned int len, bool write,
		 uint32_t value);

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
/* What the GICv2's files share: its state, and tables of registers. */
#ifndef TALLY_GICV2_STATE_H
#define TALLY_GICV2_STATE_H

#include <stddef.h>

#include "gicv2.h"

#define GICV2_SGIS		16
#define GICV2_INTIDS		1020		/* those above are special */
#define GICV2_WORDS		32
#define GICV2_PRIORITY_MASK	0xf8		/* 32 priorities */

enum { GICV2_GROUP1_PENDING = 1022, GICV2_SPURIOUS = 1023 };

/* GICD_CTLR and GICC_CTLR */
enum { GICV2_ENABLE_GRP0 = 1, GICV2_ENABLE_GRP1 = 2 };

/* 32 interrupts, one a bit. */
struct gicv2_lines {
	uint32_t	group;
	uint32_t	enabled;
	uint32_t	edge;
	uint32_t	input;
	/* An edge, an SGI or a write of GICD_ISPENDR, until it is acknowledged or cleared. */
	uint32_t	latch;
	uint32_t	active;
	uint32_t	target[GICV2_MAX_CPUS];
	uint8_t		priority[32];
};

struct gicv2_cpu {
	uint32_t		ctlr;
	uint8_t			pmr;
	uint8_t			bpr[2];		/* of each group, as the register has it */
	uint32_t		apr[2];		/* a bit for each active priority of a group */
	struct gicv2_lines	banked;
	uint8_t			sgi_pending[GICV2_SGIS]; /* a bit for each CPU that sent it */
	uint8_t			sgi_active[GICV2_SGIS];	/* the CPU that sent the active one */
	/* What gicv2_update() makes of all this: */
	uint16_t		hppi;		/* highest priority pending interrupt */
	uint8_t			outputs;
};

struct gicv2 {
	unsigned int		cpus;
	unsigned int		intids;
	uint32_t		ctlr;
	struct gicv2_cpu	cpu[GICV2_MAX_CPUS];
	struct gicv2_lines	spis[GICV2_WORDS - 1];
};

static inline struct gicv2_lines *gicv2_lines(struct gicv2 *gic, unsigned int cpu,
					      unsigned int intid)
{
	return intid < 32 ? &gic->cpu[cpu].banked : &gic->spis[intid / 32 - 1];
}

static inline uint32_t gicv2_bit(unsigned int intid)
{
	return 1u << intid % 32;
}

/* The priority as far as it decides on preemption. */
unsigned int gicv2_group_priority(const struct gicv2_cpu *cpu, unsigned int priority,
				  bool group1);
/* 0x100 when nothing is active. */
unsigned int gicv2_running_priority(const struct gicv2_cpu *cpu);

/* To be called after any change of what decides on a CPU's outputs. */
void gicv2_update(struct gicv2 *gic, unsigned int cpu);
void gicv2_update_all(struct gicv2 *gic);
/* After one of interrupt @intid, which is that of @cpu if it is banked. */
void gicv2_update_intid(struct gicv2 *gic, unsigned int cpu, unsigned int intid);

/*
 * A register, or several in a row. Accessors are called for each @unit bytes of an access,
 * with the first INTID that these are about, or 0 where @bits is. Without an accessor
 * reads are zero, or writes ignored.
 */
struct gicv2_reg {
	uint16_t	offset;
	uint16_t	size;		/* in bytes */
	uint8_t		unit;		/* 4, or 1 where bytes can be accessed as well */
	uint8_t		bits;		/* for each interrupt */
	uint32_t	(*read)(struct gicv2 *gic, unsigned int cpu, unsigned int first);
	void		(*write)(struct gicv2 *gic, unsigned int cpu, unsigned int first,
				 uint32_t value);
};

/* The accesses of gicv2.h, by a table that ends with a size of 0. */
uint32_t gicv2_reg_read(const struct gicv2_reg *regs, struct gicv2 *gic, unsigned int cpu,
			uint64_t offset, unsigned int len);
void gicv2_reg_write(const struct gicv2_reg *regs, struct gicv2 *gic, unsigned int cpu,
		     uint64_t offset, unsigned int len, uint32_t value);

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A GICv2 (IHI 0048B) without Security Extensions, with both interrupt groups: the
 * distributor and the CPU interfaces as a state machine that calls nobody. The caller
 * serialises, gives it accesses and input levels, and looks at the outputs afterwards.
 */
#ifndef TALLY_GICV2_H
#define TALLY_GICV2_H

#include <stdbool.h>
#include <stdint.h>

#define GICV2_MAX_CPUS	8

/* A CPU's inputs that the GIC drives: bits of gicv2_outputs(). */
enum gicv2_output { GICV2_IRQ = 1, GICV2_FIQ = 2 };

struct gicv2;

/*
 * For 1 to GICV2_MAX_CPUS CPUs and @spis SPIs (a multiple of 32, at most 992; INTIDs
 * from 1020 on are never interrupts). As after reset. NULL when there is no memory.
 */
struct gicv2 *gicv2_create(unsigned int cpus, unsigned int spis);
void gicv2_destroy(struct gicv2 *gic);

/*
 * The level of an input: PPI @intid (16-31) of CPU @cpu, or SPI @intid, whatever @cpu.
 * An INTID that this GIC does not have is ignored.
 */
void gicv2_set_input(struct gicv2 *gic, unsigned int cpu, uint32_t intid, bool level);

/* Which of GICV2_IRQ and GICV2_FIQ are asserted to @cpu now. */
unsigned int gicv2_outputs(const struct gicv2 *gic, unsigned int cpu);

/*
 * An access by @cpu of @len bytes (1, 2, 4 or 8) at @offset from the start of the
 * distributor (4.3) or of the CPU interface (4.4). What the specification reserves, and
 * sizes that a register does not take, read as zero and ignore writes.
 */
uint64_t gicv2_dist_read(struct gicv2 *gic, unsigned int cpu, uint64_t offset, unsigned int len);
void gicv2_dist_write(struct gicv2 *gic, unsigned int cpu, uint64_t offset, unsigned int len,
		      uint64_t value);
uint64_t gicv2_cpu_read(struct gicv2 *gic, unsigned int cpu, uint64_t offset, unsigned int len);
void gicv2_cpu_write(struct gicv2 *gic, unsigned int cpu, uint64_t offset, unsigned int len,
		     uint64_t value);

#endif

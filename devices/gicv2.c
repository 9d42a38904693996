// SPDX-License-Identifier: GPL-2.0-only
/* GICv2 (IHI 0048B): inputs, priorities, outputs, and the way to registers. */
#include <stdlib.h>

#include "gicv2_state.h"

#define GICC_CTLR_FIQEN	(1u << 3)
#define GICC_CTLR_CBPR	(1u << 4)
#define IDLE		0x100u

static void reset_lines(struct gicv2_lines *lines, uint32_t target_mask)
{
	for (unsigned int cpu = 0; cpu < GICV2_MAX_CPUS; cpu++)
		lines->target[cpu] = target_mask >> cpu & 1 ? ~0u : 0;
}

struct gicv2 *gicv2_create(unsigned int cpus, unsigned int spis)
{
	struct gicv2 *gic = calloc(1, sizeof(*gic));

	if (!gic)
		return NULL;
	gic->cpus = cpus;
	gic->intids = 32 + spis < GICV2_INTIDS ? 32 + spis : GICV2_INTIDS;
	/* A single CPU is the target of all; GICD_ITARGETSR is then not there. */
	for (unsigned int word = 0; word < GICV2_WORDS - 1; word++)
		reset_lines(&gic->spis[word], cpus == 1);
	for (unsigned int i = 0; i < cpus; i++) {
		struct gicv2_cpu *cpu = &gic->cpu[i];

		reset_lines(&cpu->banked, 1u << i);
		cpu->banked.enabled = 0xffff;	/* SGIs are never disabled */
		cpu->banked.edge = 0xffff;
		cpu->bpr[0] = 2;
		cpu->bpr[1] = 3;
		cpu->hppi = GICV2_SPURIOUS;
	}
	return gic;
}

void gicv2_destroy(struct gicv2 *gic)
{
	free(gic);
}

/* 3.3.3: a binary point cuts one bit more off the priority of Group 0 than off Group 1's. */
unsigned int gicv2_group_priority(const struct gicv2_cpu *cpu, unsigned int priority,
				  bool group1)
{
	unsigned int cut = group1 && !(cpu->ctlr & GICC_CTLR_CBPR) ? cpu->bpr[1] : cpu->bpr[0] + 1u;

	return priority >> cut << cut;
}

unsigned int gicv2_running_priority(const struct gicv2_cpu *cpu)
{
	uint32_t active = cpu->apr[0] | cpu->apr[1];

	return active ? (unsigned int)__builtin_ctz(active) << 3 : IDLE;
}

/* Those that this CPU could take, were it not for their priority. */
static uint32_t deliverable(const struct gicv2_lines *lines, unsigned int cpu, uint32_t groups)
{
	uint32_t pending = lines->latch | (lines->input & ~lines->edge);

	pending &= lines->enabled & ~lines->active & lines->target[cpu];
	if (!(groups & GICV2_ENABLE_GRP0))
		pending &= lines->group;
	if (!(groups & GICV2_ENABLE_GRP1))
		pending &= ~lines->group;
	return pending;
}

/* Of several with the same priority the lowest INTID comes first. */
void gicv2_update(struct gicv2 *gic, unsigned int index)
{
	struct gicv2_cpu *cpu = &gic->cpu[index];
	uint32_t groups = gic->ctlr & cpu->ctlr;
	unsigned int highest = IDLE, running = gicv2_running_priority(cpu);
	bool group1 = false;

	cpu->hppi = GICV2_SPURIOUS;
	for (unsigned int first = 0; first < gic->intids; first += 32) {
		const struct gicv2_lines *lines = gicv2_lines(gic, index, first);
		uint32_t left = deliverable(lines, index, groups);

		for (; left; left &= left - 1) {
			unsigned int bit = (unsigned int)__builtin_ctz(left);

			if (lines->priority[bit] >= highest)
				continue;
			highest = lines->priority[bit];
			cpu->hppi = (uint16_t)(first + bit);
			group1 = lines->group >> bit & 1;
		}
	}
	/* Both cut alike, lest what is less urgent preempts after a change of the binary point. */
	if (highest >= cpu->pmr || gicv2_group_priority(cpu, highest, group1) >=
				   gicv2_group_priority(cpu, running, group1))
		cpu->outputs = 0;
	else
		cpu->outputs = !group1 && cpu->ctlr & GICC_CTLR_FIQEN ? GICV2_FIQ : GICV2_IRQ;
}

void gicv2_update_all(struct gicv2 *gic)
{
	for (unsigned int cpu = 0; cpu < gic->cpus; cpu++)
		gicv2_update(gic, cpu);
}

void gicv2_update_intid(struct gicv2 *gic, unsigned int cpu, unsigned int intid)
{
	if (intid < 32)
		gicv2_update(gic, cpu);
	else
		gicv2_update_all(gic);
}

void gicv2_set_input(struct gicv2 *gic, unsigned int cpu, uint32_t intid, bool level)
{
	uint32_t bit = gicv2_bit(intid);
	struct gicv2_lines *lines;

	if (intid < GICV2_SGIS || intid >= gic->intids || (intid < 32 && cpu >= gic->cpus))
		return;
	lines = gicv2_lines(gic, cpu, intid);
	if (level == !!(lines->input & bit))
		return;
	lines->input ^= bit;
	if (level)
		lines->latch |= bit & lines->edge;
	gicv2_update_intid(gic, cpu, intid);
}

unsigned int gicv2_outputs(const struct gicv2 *gic, unsigned int cpu)
{
	return cpu < gic->cpus ? gic->cpu[cpu].outputs : 0;
}

static unsigned int first_intid(const struct gicv2_reg *reg, uint64_t offset)
{
	return reg->bits ? (unsigned int)(offset - reg->offset) * 8 / reg->bits : 0;
}

/* NULL also for interrupts that this GIC lacks; a word is never about both kinds. */
static const struct gicv2_reg *find(const struct gicv2_reg *reg, const struct gicv2 *gic,
				    unsigned int cpu, uint64_t offset, unsigned int len)
{
	if (cpu >= gic->cpus || offset % len)
		return NULL;
	while (reg->size && offset - reg->offset >= reg->size)
		reg++;
	if (!reg->size || (len != 4 && len != reg->unit) || first_intid(reg, offset) >= gic->intids)
		return NULL;
	return reg;
}

uint32_t gicv2_reg_read(const struct gicv2_reg *regs, struct gicv2 *gic, unsigned int cpu,
			uint64_t offset, unsigned int len)
{
	const struct gicv2_reg *reg = find(regs, gic, cpu, offset, len);
	uint32_t value = 0;

	if (!reg || !reg->read)
		return 0;
	for (unsigned int i = 0; i < len; i += reg->unit)
		value |= reg->read(gic, cpu, first_intid(reg, offset + i)) << i * 8;
	return value;
}

void gicv2_reg_write(const struct gicv2_reg *regs, struct gicv2 *gic, unsigned int cpu,
		     uint64_t offset, unsigned int len, uint32_t value)
{
	const struct gicv2_reg *reg = find(regs, gic, cpu, offset, len);

	if (!reg || !reg->write)
		return;
	for (unsigned int i = 0; i < len; i += reg->unit)
		reg->write(gic, cpu, first_intid(reg, offset + i), value >> i * 8);
}

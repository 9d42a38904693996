// SPDX-License-Identifier: GPL-2.0-only
/* GICv2's distributor (IHI 0048B 4.3). */
#include "gicv2_state.h"

#define GICD_IIDR_VALUE	0x0000043b	/* Arm, no product */
#define SGI_BITS	0xffffu

/* Of the 32 interrupts from @first on those that there are. */
static uint32_t there(const struct gicv2 *gic, unsigned int first)
{
	return gic->intids - first < 32 ? (1u << (gic->intids - first)) - 1 : ~0u;
}

static unsigned int cpu_mask(const struct gicv2 *gic)
{
	return (1u << gic->cpus) - 1;
}

static uint32_t read_ctlr(struct gicv2 *gic, unsigned int cpu, unsigned int first)
{
	return gic->ctlr;
}

static void write_ctlr(struct gicv2 *gic, unsigned int cpu, unsigned int first, uint32_t value)
{
	gic->ctlr = value & (GICV2_ENABLE_GRP0 | GICV2_ENABLE_GRP1);
}

static uint32_t read_typer(struct gicv2 *gic, unsigned int cpu, unsigned int first)
{
	return (gic->intids - 1) / 32 | (gic->cpus - 1) << 5;
}

static uint32_t read_iidr(struct gicv2 *gic, unsigned int cpu, unsigned int first)
{
	return GICD_IIDR_VALUE;
}

static uint32_t read_group(struct gicv2 *gic, unsigned int cpu, unsigned int first)
{
	return gicv2_lines(gic, cpu, first)->group;
}

static void write_group(struct gicv2 *gic, unsigned int cpu, unsigned int first, uint32_t value)
{
	gicv2_lines(gic, cpu, first)->group = value & there(gic, first);
}

static uint32_t read_enabled(struct gicv2 *gic, unsigned int cpu, unsigned int first)
{
	return gicv2_lines(gic, cpu, first)->enabled;
}

static void set_enabled(struct gicv2 *gic, unsigned int cpu, unsigned int first, uint32_t value)
{
	gicv2_lines(gic, cpu, first)->enabled |= value & there(gic, first);
}

static void clear_enabled(struct gicv2 *gic, unsigned int cpu, unsigned int first, uint32_t value)
{
	gicv2_lines(gic, cpu, first)->enabled &= ~value | (first ? 0 : SGI_BITS);
}

static uint32_t read_pending(struct gicv2 *gic, unsigned int cpu, unsigned int first)
{
	const struct gicv2_lines *lines = gicv2_lines(gic, cpu, first);

	return lines->latch | (lines->input & ~lines->edge);
}

/* SGIs have registers of their own. */
static void set_pending(struct gicv2 *gic, unsigned int cpu, unsigned int first, uint32_t value)
{
	value &= first ? there(gic, first) : ~SGI_BITS;
	gicv2_lines(gic, cpu, first)->latch |= value;
}

static void clear_pending(struct gicv2 *gic, unsigned int cpu, unsigned int first, uint32_t value)
{
	gicv2_lines(gic, cpu, first)->latch &= ~value | (first ? 0 : SGI_BITS);
}

static uint32_t read_active(struct gicv2 *gic, unsigned int cpu, unsigned int first)
{
	return gicv2_lines(gic, cpu, first)->active;
}

/* An SGI that nobody sent becomes active as if CPU 0 had. */
static void set_active(struct gicv2 *gic, unsigned int cpu, unsigned int first, uint32_t value)
{
	struct gicv2_lines *lines = gicv2_lines(gic, cpu, first);

	for (unsigned int sgi = 0; !first && sgi < GICV2_SGIS; sgi++)
		if (~lines->active & value & gicv2_bit(sgi))
			gic->cpu[cpu].sgi_active[sgi] = 0;
	lines->active |= value & there(gic, first);
}

static void clear_active(struct gicv2 *gic, unsigned int cpu, unsigned int first, uint32_t value)
{
	gicv2_lines(gic, cpu, first)->active &= ~value;
}

static uint32_t read_priority(struct gicv2 *gic, unsigned int cpu, unsigned int intid)
{
	return gicv2_lines(gic, cpu, intid)->priority[intid % 32];
}

static void write_priority(struct gicv2 *gic, unsigned int cpu, unsigned int intid, uint32_t value)
{
	gicv2_lines(gic, cpu, intid)->priority[intid % 32] = value & GICV2_PRIORITY_MASK;
}

static uint32_t read_targets(struct gicv2 *gic, unsigned int cpu, unsigned int intid)
{
	const struct gicv2_lines *lines = gicv2_lines(gic, cpu, intid);
	uint32_t value = 0;

	for (unsigned int i = 0; gic->cpus > 1 && i < gic->cpus; i++)
		value |= (lines->target[i] >> intid % 32 & 1) << i;
	return value;
}

static void write_targets(struct gicv2 *gic, unsigned int cpu, unsigned int intid, uint32_t value)
{
	struct gicv2_lines *lines = gicv2_lines(gic, cpu, intid);

	for (unsigned int i = 0; gic->cpus > 1 && intid >= 32 && i < gic->cpus; i++) {
		if (value >> i & 1)
			lines->target[i] |= gicv2_bit(intid);
		else
			lines->target[i] &= ~gicv2_bit(intid);
	}
}

/* Two bits an interrupt, of which the upper one says that it is edge-triggered. */
static uint32_t read_config(struct gicv2 *gic, unsigned int cpu, unsigned int first)
{
	uint32_t edge = gicv2_lines(gic, cpu, first)->edge >> first % 32;
	uint32_t value = 0;

	for (unsigned int i = 0; i < 16; i++)
		value |= (edge >> i & 1) << (2 * i + 1);
	return value;
}

static void write_config(struct gicv2 *gic, unsigned int cpu, unsigned int first, uint32_t value)
{
	struct gicv2_lines *lines = gicv2_lines(gic, cpu, first);
	uint32_t edge = 0;

	if (first < 32)
		return;
	for (unsigned int i = 0; i < 16; i++)
		edge |= (value >> (2 * i + 1) & 1) << i;
	lines->edge &= ~(0xffffu << first % 32);
	lines->edge |= edge << first % 32 & there(gic, first - first % 32);
}

static uint32_t read_senders(struct gicv2 *gic, unsigned int cpu, unsigned int sgi)
{
	return gic->cpu[cpu].sgi_pending[sgi];
}

static void set_senders(struct gicv2 *gic, unsigned int cpu, unsigned int sgi, uint32_t value)
{
	gic->cpu[cpu].sgi_pending[sgi] |= value & cpu_mask(gic);
	if (gic->cpu[cpu].sgi_pending[sgi])
		gic->cpu[cpu].banked.latch |= gicv2_bit(sgi);
}

static void clear_senders(struct gicv2 *gic, unsigned int cpu, unsigned int sgi, uint32_t value)
{
	gic->cpu[cpu].sgi_pending[sgi] &= ~value;
	if (!gic->cpu[cpu].sgi_pending[sgi])
		gic->cpu[cpu].banked.latch &= ~gicv2_bit(sgi);
}

/* GICD_SGIR: to the CPUs of the list, all others, or the sender. */
static void send_sgi(struct gicv2 *gic, unsigned int cpu, unsigned int first, uint32_t value)
{
	const uint32_t self = 1u << cpu;
	const uint32_t targets[] = { value >> 16 & 0xff, ~self, self, 0 };

	for (unsigned int i = 0; i < gic->cpus; i++)
		if (targets[value >> 24 & 3] >> i & 1)
			set_senders(gic, i, value & 15, self);
}

/* A register of four bytes for each: the values of Arm's own GICs. */
static uint32_t read_pidr4(struct gicv2 *gic, unsigned int cpu, unsigned int first)
{
	return 0x04;
}

static uint32_t read_id(struct gicv2 *gic, unsigned int cpu, unsigned int n)
{
	/* ICPIDR0 to ICPIDR3, of which ICPIDR2 says GICv2, and ICCIDR0 to ICCIDR3 */
	static const uint8_t values[] = { 0x90, 0xb4, 0x2b, 0x00, 0x0d, 0xf0, 0x05, 0xb1 };

	return values[n];
}

/* Table 4-1 */
static const struct gicv2_reg regs[] = {
	{ 0x000, 0x004, 4,  0, read_ctlr,	write_ctlr },
	{ 0x004, 0x004, 4,  0, read_typer,	NULL },
	{ 0x008, 0x004, 4,  0, read_iidr,	NULL },
	{ 0x080, 0x080, 4,  1, read_group,	write_group },		/* GICD_IGROUPR */
	{ 0x100, 0x080, 4,  1, read_enabled,	set_enabled },		/* GICD_ISENABLER */
	{ 0x180, 0x080, 4,  1, read_enabled,	clear_enabled },	/* GICD_ICENABLER */
	{ 0x200, 0x080, 4,  1, read_pending,	set_pending },		/* GICD_ISPENDR */
	{ 0x280, 0x080, 4,  1, read_pending,	clear_pending },	/* GICD_ICPENDR */
	{ 0x300, 0x080, 4,  1, read_active,	set_active },		/* GICD_ISACTIVER */
	{ 0x380, 0x080, 4,  1, read_active,	clear_active },		/* GICD_ICACTIVER */
	{ 0x400, 0x400, 1,  8, read_priority,	write_priority },	/* GICD_IPRIORITYR */
	{ 0x800, 0x400, 1,  8, read_targets,	write_targets },	/* GICD_ITARGETSR */
	{ 0xc00, 0x100, 4,  2, read_config,	write_config },		/* GICD_ICFGR */
	{ 0xf00, 0x004, 4,  0, NULL,		send_sgi },		/* GICD_SGIR */
	{ 0xf10, 0x010, 1,  8, read_senders,	clear_senders },	/* GICD_CPENDSGIR */
	{ 0xf20, 0x010, 1,  8, read_senders,	set_senders },		/* GICD_SPENDSGIR */
	{ 0xfd0, 0x004, 4,  0, read_pidr4,	NULL },			/* ICPIDR4 */
	{ 0xfe0, 0x020, 4, 32, read_id,		NULL },
	{ }
};

uint64_t gicv2_dist_read(struct gicv2 *gic, unsigned int cpu, uint64_t offset, unsigned int len)
{
	return gicv2_reg_read(regs, gic, cpu, offset, len);
}

void gicv2_dist_write(struct gicv2 *gic, unsigned int cpu, uint64_t offset, unsigned int len,
		      uint64_t value)
{
	gicv2_reg_write(regs, gic, cpu, offset, len, (uint32_t)value);
	gicv2_update_all(gic);
}

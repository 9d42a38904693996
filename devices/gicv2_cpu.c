// SPDX-License-Identifier: GPL-2.0-only
/* GICv2's CPU interface (IHI 0048B 4.4): acknowledge, priority drop, deactivate. */
#include "gicv2_state.h"

#define GICC_CTLR_ACKCTL	(1u << 2)
#define GICC_CTLR_EOIMODE	(1u << 9)
#define GICC_CTLR_BITS		0x21f		/* there is nothing to bypass */
#define GICC_IIDR_VALUE		0x0002043b	/* GICv2, Arm, no product */
#define INTID(value)		((value) & 0x3ff)
#define CPUID(value)		((value) >> 10 & 7)

static bool is_group1(struct gicv2 *gic, unsigned int cpu, unsigned int intid)
{
	return gicv2_lines(gic, cpu, intid)->group & gicv2_bit(intid);
}

/* The INTID, and the sender of an SGI that is pending: the first of several. */
static uint32_t with_sender(const struct gicv2_cpu *cpu, unsigned int intid)
{
	if (intid >= GICV2_SGIS)
		return intid;
	return intid | (uint32_t)__builtin_ctz(cpu->sgi_pending[intid]) << 10;
}

/*
 * 3.4.2 and 4.4.7: what the register and its alias show of the highest priority pending
 * interrupt. The alias is for Group 1 alone, the register too unless AckCtl lets both in.
 */
static uint32_t shown(struct gicv2 *gic, unsigned int cpu, bool alias)
{
	unsigned int intid = gic->cpu[cpu].hppi;

	if (intid == GICV2_SPURIOUS)
		return GICV2_SPURIOUS;
	if (is_group1(gic, cpu, intid)) {
		if (!alias && !(gic->cpu[cpu].ctlr & GICC_CTLR_ACKCTL))
			return GICV2_GROUP1_PENDING;
	} else if (alias) {
		return GICV2_SPURIOUS;
	}
	return with_sender(&gic->cpu[cpu], intid);
}

static uint32_t acknowledge(struct gicv2 *gic, unsigned int index, bool alias)
{
	struct gicv2_cpu *cpu = &gic->cpu[index];
	uint32_t value = cpu->outputs ? shown(gic, index, alias) : GICV2_SPURIOUS;
	unsigned int intid = INTID(value);
	struct gicv2_lines *lines;
	unsigned int priority;
	bool group1;

	if (intid >= GICV2_INTIDS)
		return value;
	lines = gicv2_lines(gic, index, intid);
	lines->active |= gicv2_bit(intid);
	if (intid < GICV2_SGIS) {
		cpu->sgi_active[intid] = CPUID(value);
		cpu->sgi_pending[intid] &= ~(1u << CPUID(value));
	}
	if (intid >= GICV2_SGIS || !cpu->sgi_pending[intid])
		lines->latch &= ~gicv2_bit(intid);
	group1 = is_group1(gic, index, intid);
	priority = gicv2_group_priority(cpu, lines->priority[intid % 32], group1);
	cpu->apr[group1] |= 1u << (priority >> 3);
	gicv2_update_intid(gic, index, intid);
	return value;
}

/* Of what is not active, or an SGI of another sender: no effect. */
static void deactivate(struct gicv2 *gic, unsigned int cpu, uint32_t value)
{
	unsigned int intid = INTID(value);

	if (intid < GICV2_SGIS && gic->cpu[cpu].sgi_active[intid] != CPUID(value))
		return;
	gicv2_lines(gic, cpu, intid)->active &= ~gicv2_bit(intid);
	gicv2_update_intid(gic, cpu, intid);
}

/*
 * The priority drops whether or not the interrupt is (still) active: it may have been
 * deactivated through the distributor. INTIDs that are none have no effect.
 */
static void end(struct gicv2 *gic, unsigned int index, uint32_t value, bool alias)
{
	struct gicv2_cpu *cpu = &gic->cpu[index];
	uint32_t active = cpu->apr[0] | cpu->apr[1];

	if (INTID(value) >= gic->intids || (alias && !is_group1(gic, index, INTID(value))))
		return;
	active &= -active;
	if (cpu->apr[0] & active)
		cpu->apr[0] &= ~active;
	else
		cpu->apr[1] &= ~active;
	if (!(cpu->ctlr & GICC_CTLR_EOIMODE))
		deactivate(gic, index, value);
}

static uint32_t read_ctlr(struct gicv2 *gic, unsigned int cpu, unsigned int first)
{
	return gic->cpu[cpu].ctlr;
}

static void write_ctlr(struct gicv2 *gic, unsigned int cpu, unsigned int first, uint32_t value)
{
	gic->cpu[cpu].ctlr = value & GICC_CTLR_BITS;
}

static uint32_t read_pmr(struct gicv2 *gic, unsigned int cpu, unsigned int first)
{
	return gic->cpu[cpu].pmr;
}

static void write_pmr(struct gicv2 *gic, unsigned int cpu, unsigned int first, uint32_t value)
{
	gic->cpu[cpu].pmr = value & GICV2_PRIORITY_MASK;
}

static uint32_t read_bpr(struct gicv2 *gic, unsigned int cpu, unsigned int first)
{
	return gic->cpu[cpu].bpr[0];
}

/* Below the minimum there are no priority bits to cut off. */
static void write_bpr(struct gicv2 *gic, unsigned int cpu, unsigned int first, uint32_t value)
{
	gic->cpu[cpu].bpr[0] = (value & 7) < 2 ? 2 : value & 7;
}

static uint32_t read_abpr(struct gicv2 *gic, unsigned int cpu, unsigned int first)
{
	return gic->cpu[cpu].bpr[1];
}

static void write_abpr(struct gicv2 *gic, unsigned int cpu, unsigned int first, uint32_t value)
{
	gic->cpu[cpu].bpr[1] = (value & 7) < 3 ? 3 : value & 7;
}

static uint32_t read_iar(struct gicv2 *gic, unsigned int cpu, unsigned int first)
{
	return acknowledge(gic, cpu, false);
}

static uint32_t read_aiar(struct gicv2 *gic, unsigned int cpu, unsigned int first)
{
	return acknowledge(gic, cpu, true);
}

static void write_eoir(struct gicv2 *gic, unsigned int cpu, unsigned int first, uint32_t value)
{
	end(gic, cpu, value, false);
}

static void write_aeoir(struct gicv2 *gic, unsigned int cpu, unsigned int first, uint32_t value)
{
	end(gic, cpu, value, true);
}

static uint32_t read_rpr(struct gicv2 *gic, unsigned int cpu, unsigned int first)
{
	unsigned int priority = gicv2_running_priority(&gic->cpu[cpu]);

	return priority < 0xff ? priority : 0xff;
}

static uint32_t read_hppir(struct gicv2 *gic, unsigned int cpu, unsigned int first)
{
	return shown(gic, cpu, false);
}

static uint32_t read_ahppir(struct gicv2 *gic, unsigned int cpu, unsigned int first)
{
	return shown(gic, cpu, true);
}

static uint32_t read_apr(struct gicv2 *gic, unsigned int cpu, unsigned int first)
{
	return gic->cpu[cpu].apr[0];
}

static void write_apr(struct gicv2 *gic, unsigned int cpu, unsigned int first, uint32_t value)
{
	gic->cpu[cpu].apr[0] = value;
}

static uint32_t read_nsapr(struct gicv2 *gic, unsigned int cpu, unsigned int first)
{
	return gic->cpu[cpu].apr[1];
}

static void write_nsapr(struct gicv2 *gic, unsigned int cpu, unsigned int first, uint32_t value)
{
	gic->cpu[cpu].apr[1] = value;
}

static uint32_t read_iidr(struct gicv2 *gic, unsigned int cpu, unsigned int first)
{
	return GICC_IIDR_VALUE;
}

/* Deactivation by itself is for EOImode 1. */
static void write_dir(struct gicv2 *gic, unsigned int cpu, unsigned int first, uint32_t value)
{
	if (gic->cpu[cpu].ctlr & GICC_CTLR_EOIMODE && INTID(value) < gic->intids)
		deactivate(gic, cpu, value);
}

/* Table 4-2 */
static const struct gicv2_reg regs[] = {
	{ 0x0000, 4, 4, 0, read_ctlr,	write_ctlr },
	{ 0x0004, 4, 4, 0, read_pmr,	write_pmr },
	{ 0x0008, 4, 4, 0, read_bpr,	write_bpr },
	{ 0x000c, 4, 4, 0, read_iar,	NULL },
	{ 0x0010, 4, 4, 0, NULL,	write_eoir },
	{ 0x0014, 4, 4, 0, read_rpr,	NULL },
	{ 0x0018, 4, 4, 0, read_hppir,	NULL },
	{ 0x001c, 4, 4, 0, read_abpr,	write_abpr },
	{ 0x0020, 4, 4, 0, read_aiar,	NULL },
	{ 0x0024, 4, 4, 0, NULL,	write_aeoir },
	{ 0x0028, 4, 4, 0, read_ahppir,	NULL },
	{ 0x00d0, 4, 4, 0, read_apr,	write_apr },	/* GICC_APR0 */
	{ 0x00e0, 4, 4, 0, read_nsapr,	write_nsapr },	/* GICC_NSAPR0 */
	{ 0x00fc, 4, 4, 0, read_iidr,	NULL },
	{ 0x1000, 4, 4, 0, NULL,	write_dir },
	{ }
};

uint64_t gicv2_cpu_read(struct gicv2 *gic, unsigned int cpu, uint64_t offset, unsigned int len)
{
	return gicv2_reg_read(regs, gic, cpu, offset, len);
}

void gicv2_cpu_write(struct gicv2 *gic, unsigned int cpu, uint64_t offset, unsigned int len,
		     uint64_t value)
{
	gicv2_reg_write(regs, gic, cpu, offset, len, (uint32_t)value);
	if (cpu < gic->cpus)
		gicv2_update(gic, cpu);
}

// SPDX-License-Identifier: GPL-2.0-only
#include "dt.h"
#include "gic.h"
#include "mmio.h"
#include "mmu.h"
#include "print.h"
#include "smp.h"
#include "sysreg.h"

#define GICD_IROUTER		0x6000
#define GICD_CTLR_ENABLE	0x13	/* both groups, affinity routing */
#define GICD_CTLR_RWP		BIT(31)

#define GICR_CTLR		0x0000
#define GICR_TYPER		0x0008
#define GICR_WAKER		0x0014
#define GICR_SGI_BASE		0x10000
#define GICR_TYPER_VLPIS	BIT(1)
#define GICR_TYPER_LAST		BIT(4)
#define GICR_WAKER_SLEEP	BIT(1)
#define GICR_WAKER_ASLEEP	BIT(2)
#define GICR_CTLR_RWP		BIT(3)

#define ICC_PMR_EL1		S3_0_C4_C6_0
#define ICC_IAR1_EL1		S3_0_C12_C12_0
#define ICC_EOIR1_EL1		S3_0_C12_C12_1
#define ICC_BPR1_EL1		S3_0_C12_C12_3
#define ICC_CTLR_EL1		S3_0_C12_C12_4
#define ICC_SRE_EL1		S3_0_C12_C12_5
#define ICC_IGRPEN1_EL1		S3_0_C12_C12_7
#define ICC_SGI1R_EL1		S3_0_C12_C11_5

/* Two levels of indirection: the register's name must be expanded first. */
#define read_icc(reg)		read_sysreg(reg)
#define write_icc(v, reg)	write_sysreg(v, reg)

struct gic gic;

static u64 redist[MAX_CPUS];
static u8 target[MAX_CPUS];	/* GICv2: this CPU's bit for GICD_ITARGETSR */

static const char *const v2_compatible[] = {
	"arm,cortex-a15-gic", "arm,gic-400", "arm,cortex-a9-gic", "arm,cortex-a7-gic",
};

static int gic_node(void)
{
	int node = dt_find("arm,gic-v3");

	if (node >= 0) {
		gic.version = 3;
		return node;
	}
	for (size_t i = 0; i < ARRAY_SIZE(v2_compatible); i++) {
		node = dt_find(v2_compatible[i]);
		if (node >= 0) {
			gic.version = 2;
			return node;
		}
	}
	return -1;
}

/* Notes the redistributor frame of every CPU. */
static void find_redists(int node)
{
	u32 regions = dt_u32(node, "#redistributor-regions", 1);
	u64 base, size, typer, frame;

	for (u32 i = 0; i < regions && dt_reg(node, 1 + i, &base, &size); i++) {
		mmu_map_device(base);
		for (frame = base; frame < base + size;) {
			typer = read64(frame + GICR_TYPER);
			for (u32 cpu = 0; cpu < nr_cpus; cpu++) {
				if (mpidr_to_affinity(cpu_mpidr[cpu]) == typer >> 32)
					redist[cpu] = frame;
			}
			frame += typer & GICR_TYPER_VLPIS ? 0x40000 : 0x20000;
			if (typer & GICR_TYPER_LAST)
				break;
		}
	}
}

static void wait_clear(u64 reg, u64 bit)
{
	while (read32(reg) & bit)
		cpu_relax();
}

void gic_init(void)
{
	int node = gic_node();

	if (node < 0)
		return;
	if (!dt_reg(node, 0, &gic.dist, NULL))
		fatal("GIC node without reg");
	mmu_map_device(gic.dist);
	write32(0, gic.dist + GICD_CTLR);
	gic.lines = ((read32(gic.dist + GICD_TYPER) & 31) + 1) * 32;
	if (gic.lines > 1020)
		gic.lines = 1020;
	if (gic.version == 3) {
		wait_clear(gic.dist + GICD_CTLR, GICD_CTLR_RWP);
		find_redists(node);
	} else {
		dt_reg(node, 1, &gic.cpu, NULL);
		mmu_map_device(gic.cpu);
	}
	for (u32 i = 32; i < gic.lines; i += 32) {
		write32(~0u, gic.dist + GICD_ICENABLER + i / 8);
		write32(gic.version == 3 ? ~0u : 0, gic.dist + GICD_IGROUPR + i / 8);
	}
	for (u32 i = 32; i < gic.lines; i += 4)
		write32(GIC_PRIORITY * 0x01010101u, gic.dist + GICD_IPRIORITYR + i);
	write32(gic.version == 3 ? GICD_CTLR_ENABLE : 1, gic.dist + GICD_CTLR);
}

/* Where the enable, pending and configuration bits of an INTID live. */
static u64 bank(u32 intid)
{
	if (gic.version == 3 && intid < 32)
		return redist[this_cpu()] + GICR_SGI_BASE;
	return gic.dist;
}

void gic_init_cpu(void)
{
	u64 base = bank(0);

	if (!gic.version)
		return;
	if (gic.version == 3) {
		u64 rd = redist[this_cpu()];

		if (!rd)
			fatal("no redistributor for CPU %u", this_cpu());
		write32(read32(rd + GICR_WAKER) & ~GICR_WAKER_SLEEP, rd + GICR_WAKER);
		wait_clear(rd + GICR_WAKER, GICR_WAKER_ASLEEP);
		write32(~0u, base + GICD_IGROUPR);
	}
	write32(~0u, base + GICD_ICENABLER);
	write32(~0u, base + GICD_ICACTIVER);
	for (u32 i = 0; i < 32; i += 4)
		write32(GIC_PRIORITY * 0x01010101u, base + GICD_IPRIORITYR + i);
	if (gic.version == 3) {
		wait_clear(redist[this_cpu()] + GICR_CTLR, GICR_CTLR_RWP);
		write_icc(read_icc(ICC_SRE_EL1) | 1, ICC_SRE_EL1);
		isb();
		write_icc(GIC_PMR, ICC_PMR_EL1);
		write_icc(0, ICC_BPR1_EL1);
		write_icc(0, ICC_CTLR_EL1);	/* EOI also deactivates */
		write_icc(1, ICC_IGRPEN1_EL1);
		isb();
	} else {
		target[this_cpu()] = read8(gic.dist + GICD_ITARGETSR);
		write32(GIC_PMR, gic.cpu + GICC_PMR);
		write32(1, gic.cpu + GICC_CTLR);
	}
}

static void set_bit(u32 reg, u32 intid)
{
	write32(1u << intid % 32, bank(intid) + reg + intid / 32 * 4);
}

static bool get_bit(u32 reg, u32 intid)
{
	return read32(bank(intid) + reg + intid / 32 * 4) >> intid % 32 & 1;
}

void gic_route(u32 intid, u32 cpu)
{
	if (gic.version == 3)
		write64(mpidr_to_irouter(cpu_mpidr[cpu]), gic.dist + GICD_IROUTER + 8ULL * intid);
	else
		write8(target[cpu], gic.dist + GICD_ITARGETSR + intid);
}

void gic_enable(u32 intid)
{
	if (intid >= 32)
		gic_route(intid, this_cpu());
	set_bit(GICD_ISENABLER, intid);
}

void gic_disable(u32 intid)
{
	set_bit(GICD_ICENABLER, intid);
	if (gic.version == 3 && intid < 32)
		wait_clear(redist[this_cpu()] + GICR_CTLR, GICR_CTLR_RWP);
	else if (gic.version == 3)
		wait_clear(gic.dist + GICD_CTLR, GICD_CTLR_RWP);
}

bool gic_pending(u32 intid)
{
	return get_bit(GICD_ISPENDR, intid);
}

bool gic_active(u32 intid)
{
	return get_bit(GICD_ISACTIVER, intid);
}

void gic_clear_pending(u32 intid)
{
	set_bit(GICD_ICPENDR, intid);
}

void gic_set_edge(u32 intid, bool edge)
{
	u64 reg = bank(intid) + GICD_ICFGR + intid / 16 * 4;
	u32 bit = 2u << intid % 16 * 2;

	write32((read32(reg) & ~bit) | (edge ? bit : 0), reg);
}

void gic_set_priority(u32 intid, u8 priority)
{
	write8(priority, bank(intid) + GICD_IPRIORITYR + intid);
}

void gic_set_pmr(u8 pmr)
{
	if (gic.version == 3) {
		write_icc(pmr, ICC_PMR_EL1);
		isb();
	} else {
		write32(pmr, gic.cpu + GICC_PMR);
	}
}

u32 gic_ack(void)
{
	u32 iar = gic.version == 3 ? read_icc(ICC_IAR1_EL1) : read32(gic.cpu + GICC_IAR);

	dsb(sy);
	return iar;
}

u32 gic_intid(u32 iar)
{
	return gic.version == 3 ? iar & 0xffffff : iar & 0x3ff;
}

void gic_eoi(u32 iar)
{
	if (gic.version == 3) {
		write_icc(iar, ICC_EOIR1_EL1);
		isb();
	} else {
		write32(iar, gic.cpu + GICC_EOIR);
	}
}

void gic_send_sgi(u32 cpu, u32 intid)
{
	u64 mpidr = cpu_mpidr[cpu];

	dsb(sy);
	if (gic.version == 2) {
		/* With one CPU there are no targets (4.3.12), but "the sender" remains. */
		write32((target[cpu] ? (u32)target[cpu] << 16 : GICD_SGIR_SELF) | intid,
			gic.dist + GICD_SGIR);
		return;
	}
	write_icc((mpidr >> 32 & 0xff) << 48 | (mpidr >> 16 & 0xff) << 32 |
		  (mpidr >> 8 & 0xff) << 16 | (u64)intid << 24 |
		  (mpidr >> 4 & 0xf) << 44 | BIT(mpidr & 0xf), ICC_SGI1R_EL1);
	isb();
}

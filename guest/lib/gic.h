/* SPDX-License-Identifier: GPL-2.0-only */
/* GICv2 and GICv3 (Arm IHI 0048, IHI 0069): just what the guests need. */
#ifndef GUEST_GIC_H
#define GUEST_GIC_H

#include "types.h"

/* Offsets in the distributor, and in the CPU interface of a GICv2. */
#define GICD_CTLR		0x0000
#define GICD_TYPER		0x0004
#define GICD_IGROUPR		0x0080
#define GICD_ISENABLER		0x0100
#define GICD_ICENABLER		0x0180
#define GICD_ISPENDR		0x0200
#define GICD_ICPENDR		0x0280
#define GICD_ISACTIVER		0x0300
#define GICD_ICACTIVER		0x0380
#define GICD_IPRIORITYR		0x0400
#define GICD_ITARGETSR		0x0800
#define GICD_ICFGR		0x0c00
#define GICD_SGIR		0x0f00
#define GICD_SGIR_SELF		(2u << 24)

#define GICC_CTLR		0x00
#define GICC_PMR		0x04
#define GICC_BPR		0x08
#define GICC_IAR		0x0c
#define GICC_EOIR		0x10
#define GICC_RPR		0x14
#define GICC_HPPIR		0x18
#define GICC_DIR		0x1000

#define GICC_CTLR_GRP0		BIT(0)
#define GICC_CTLR_GRP1		BIT(1)
#define GICC_CTLR_ACKCTL	BIT(2)
#define GICC_CTLR_FIQEN		BIT(3)
#define GICC_CTLR_EOIMODE	BIT(9)

#define GIC_PRIORITY		0xa0	/* what every interrupt starts with */
#define GIC_PMR			0xf0

#define GIC_SPURIOUS	1020	/* the first of the special INTIDs */

struct gic {
	u32 version;	/* 2 or 3, 0 without one */
	u64 dist;
	u64 cpu;	/* GICv2: CPU interface */
	u32 lines;	/* INTIDs the distributor has */
};

extern struct gic gic;

/* Finds the GIC and sets the distributor up. */
void gic_init(void);
/* Redistributor and CPU interface of the calling CPU; interrupts stay masked. */
void gic_init_cpu(void);

/* SGIs and PPIs: of the calling CPU. SPIs go to the calling CPU. */
void gic_enable(u32 intid);
void gic_disable(u32 intid);
/* Which CPU an SPI goes to. */
void gic_route(u32 intid, u32 cpu);
bool gic_pending(u32 intid);
bool gic_active(u32 intid);
void gic_clear_pending(u32 intid);
void gic_set_edge(u32 intid, bool edge);
void gic_set_priority(u32 intid, u8 priority);
/* Only interrupts of a priority below pmr reach the calling CPU. */
void gic_set_pmr(u8 pmr);

u32 gic_ack(void);
u32 gic_intid(u32 iar);
void gic_eoi(u32 iar);

/* Sends a software generated interrupt to the CPU with that index. */
void gic_send_sgi(u32 cpu, u32 intid);

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
/* GICv2 and GICv3 (Arm IHI 0048, IHI 0069): just what the guests need. */
#ifndef GUEST_GIC_H
#define GUEST_GIC_H

#include "types.h"

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
bool gic_pending(u32 intid);
bool gic_active(u32 intid);
void gic_clear_pending(u32 intid);
void gic_set_edge(u32 intid, bool edge);

u32 gic_ack(void);
u32 gic_intid(u32 iar);
void gic_eoi(u32 iar);

/* Sends a software generated interrupt to the CPU with that index. */
void gic_send_sgi(u32 cpu, u32 intid);

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What lies where in the guest's physical address space. As kvmtool's where a
 * guest might know it by heart (UART, RTC, RAM, PPIs); the device tree is the
 * truth.
 */
#ifndef TALLY_ARM64_MAP_H
#define TALLY_ARM64_MAP_H

/* UART 0x0100_0000 and RTC 0x0101_0000: in their device models. */
#define MAP_VIRTIO		0x02000000ull	/* virtio-mmio slots */
#define MAP_VIRTIO_STRIDE	0x200ull
#define MAP_STEAL_TIME		0x03000000ull	/* one area of 64 bytes a CPU (DEN0057A) */
#define MAP_STEAL_TIME_STRIDE	64
#define MAP_GIC_END		0x40000000ull	/* the GIC grows downwards from here */
#define MAP_RAM			0x80000000ull

#define GIC_DIST_SIZE		0x10000ull
#define GICV2_DIST_SIZE		0x1000ull
#define GICV2_CPU_SIZE		0x2000ull
#define GICV2M_SIZE		0x1000ull
#define GICV3_REDIST_SIZE	0x20000ull	/* for each CPU */
#define GICV3_ITS_SIZE		0x20000ull

/* INTIDs. */
#define SPI_BASE		32
#define SPI_END			1020		/* the first that is none (special INTIDs) */
#define SPI_VIRTIO		(SPI_BASE + 8)	/* below: devices with a fixed address */
#define SPI_V2M_COUNT		64
#define PPI_TIMER_HYP_PHYS	26		/* PPI 10 */
#define PPI_TIMER_VIRT		27		/* PPI 11 */
#define PPI_TIMER_SEC_PHYS	29		/* PPI 13 */
#define PPI_TIMER_PHYS		30		/* PPI 14 */

/* The device tree's phandles. */
#define PHANDLE_GIC		1
#define PHANDLE_MSI		3		/* 2 is the RTC's clock */

/*
 * The affinity that KVM gives the vCPU with this number: 16 CPUs share Aff1, so
 * that a GICv3 SGI's target list reaches them.
 */
static inline unsigned int vcpu_mpidr(unsigned int index)
{
	return (index & 0xf) | ((index >> 4) & 0xff) << 8 | ((index >> 12) & 0xff) << 16;
}

#endif

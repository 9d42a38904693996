/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Image header and the way from a boot loader into C, for the boot CPU and for
 * CPUs that PSCI CPU_ON starts. See Linux's Documentation/arch/arm64/booting.rst
 * for the state on entry.
 *
 * The address map is an identity map of 1 GiB blocks (39-bit, TTBR0 only): the
 * first GiB is Device, the GiBs that hold the image and the device tree are
 * Normal; mmu.c adds the rest of RAM once the device tree has been read. Slot
 * 511 shows the image's GiB again with access for EL0 (a block that EL0 may
 * write can't be executed at EL1, hence the alias).
 */

#define BLOCK_NORMAL	0x705	/* AF, inner shareable, AttrIndx 1, EL1 RW */
#define BLOCK_DEVICE	0x401	/* AF, AttrIndx 0 */
#define BLOCK_UXN_PXN	(3 << 53)
#define BLOCK_UXN	(1 << 54)
#define BLOCK_EL0	(1 << 6)

#define MAIR		0xff00	/* 0: Device-nGnRnE, 1: Normal write-back */
#define TCR		((25) | (1 << 8) | (1 << 10) | (3 << 12) | (1 << 23))
#define TCR_IPS_SHIFT	32
#define SCTLR_RES1	0x30d00980
#define SCTLR_ON	(SCTLR_RES1 | (1 << 0) | (1 << 2) | (1 << 12) | \
			 (1 << 18) | (1 << 16) | (1 << 3) | (1 << 4))

	.section .head.text, "ax"
	.globl	_head
_head:
	b	start
	nop				/* image.lds writes the rest */

	.text
start:
	mov	x28, x0			/* the device tree */

	/* Only PC-relative addresses until the relocations are applied. */
	adrp	x0, _bss_start
	add	x0, x0, :lo12:_bss_start
	adrp	x1, _bss_end
	add	x1, x1, :lo12:_bss_end
1:	stp	xzr, xzr, [x0], #16
	cmp	x0, x1
	b.lo	1b

	adrp	x27, _head
	adrp	x0, _rela_start
	add	x0, x0, :lo12:_rela_start
	adrp	x1, _rela_end
	add	x1, x1, :lo12:_rela_end
2:	cmp	x0, x1
	b.hs	3f
	ldp	x2, x3, [x0], #16	/* offset, type */
	ldr	x4, [x0], #8		/* addend */
	cmp	w3, #1027		/* R_AARCH64_RELATIVE */
	b.ne	2b
	add	x4, x4, x27
	str	x4, [x2, x27]
	b	2b
3:
	adrp	x0, page_table
	mov	x1, #BLOCK_DEVICE
	movz	x2, #0x0060, lsl #48	/* UXN, PXN */
	orr	x1, x1, x2
	str	x1, [x0]

	movz	x3, #0x0040, lsl #48	/* UXN */
	mov	x4, #BLOCK_NORMAL
	lsr	x5, x28, #30		/* the device tree's GiB */
	and	x5, x5, #511
	lsl	x6, x5, #30
	orr	x6, x6, x4
	orr	x7, x6, x3
	str	x7, [x0, x5, lsl #3]
	lsr	x5, x27, #30		/* the image's GiB, over all others */
	and	x5, x5, #511
	lsl	x6, x5, #30
	orr	x6, x6, x4
	orr	x7, x6, x3
	str	x7, [x0, x5, lsl #3]
	orr	x7, x6, #BLOCK_EL0	/* its alias for EL0 */
	movz	x3, #0x0020, lsl #48	/* PXN */
	orr	x7, x7, x3
	str	x7, [x0, #(511 * 8)]

	/* What was written with the MMU off must not hide behind stale lines. */
	mrs	x3, ctr_el0
	ubfx	x3, x3, #16, #4
	mov	x4, #4
	lsl	x4, x4, x3		/* smallest D-cache line */
	mov	x0, x27
	adrp	x1, _bss_end
4:	dc	ivac, x0
	add	x0, x0, x4
	cmp	x0, x1
	b.lo	4b
	dsb	sy

	bl	enable_mmu
	adrp	x0, stacks
	add	x0, x0, #(STACK_SIZE)
	mov	sp, x0
	msr	tpidr_el1, xzr
	mov	x29, xzr
	mov	x0, x28
	bl	guest_start
5:	wfi
	b	5b

/*
 * A CPU that PSCI CPU_ON started: x0 is its index. CPUs that were off have
 * nothing of ours in their caches, so the tables can be used as they are.
 */
	.globl	secondary_start
secondary_start:
	mov	x28, x0
	bl	enable_mmu
	adrp	x0, stacks
	add	x1, x28, #1
	mov	x2, #STACK_SIZE
	madd	x0, x1, x2, x0
	mov	sp, x0
	msr	tpidr_el1, x28
	mov	x29, xzr
	mov	x0, x28
	bl	guest_secondary
6:	wfi
	b	6b

/* Clobbers x0 to x4. At EL2 only the vectors are set, with the MMU off. */
enable_mmu:
	adrp	x1, vectors
	add	x1, x1, :lo12:vectors
	mrs	x0, CurrentEL
	cmp	x0, #(2 << 2)
	b.eq	7f
	msr	vbar_el1, x1
	mov	x0, #(3 << 20)		/* FP and SIMD: libfdt may use them */
	msr	cpacr_el1, x0
	msr	mdscr_el1, xzr
	mov	x0, #MAIR
	msr	mair_el1, x0
	ldr	x0, =TCR
	mrs	x1, id_aa64mmfr0_el1
	and	x1, x1, #7
	orr	x0, x0, x1, lsl #TCR_IPS_SHIFT
	msr	tcr_el1, x0
	adrp	x0, page_table
	msr	ttbr0_el1, x0
	isb
	tlbi	vmalle1
	ic	iallu
	dsb	nsh
	isb
	ldr	x0, =SCTLR_ON
	msr	sctlr_el1, x0
	isb
	ret
7:	msr	vbar_el2, x1
	isb
	ret
	.ltorg

	.section .bss
	.balign	4096
	.globl	page_table
page_table:
	.skip	4096

	.section .noinit, "aw", %nobits
	.balign	4096
	.globl	stacks
stacks:
	.skip	STACK_SIZE * MAX_CPUS

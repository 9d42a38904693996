/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Exception levels below EL2, and the exceptions that come from them. All runs
 * with the MMU off, so every level sees the same code, data and stacks.
 *
 * A synchronous exception is noted in struct trap (probe.h) and the instruction
 * that caused it is skipped. HVC from EL1 and SVC from EL0 end at_el().
 */

#define TRAP_COUNT	0
#define TRAP_EL		8
#define TRAP_ESR	16
#define TRAP_ELR	24
#define IRQ_COUNT	0
#define IRQ_ELR		8
#define IRQ_CYCLES	16
#define IRQ_EVENTS	24
#define EC_SVC64	0x15
#define EC_HVC64	0x16
#define SPSR_EL1H	0x3c5		/* with D, A, I and F masked */
#define SPSR_EL0T	0x3c0
#define SPSR_I		(1 << 7)
#define HCR_IMO		(1 << 4)
#define LEVEL_STACK	16384

	/* Notes what happened; x0 is the syndrome, x1 is free. */
	.macro	note level
	adrp	x1, trap
	add	x1, x1, :lo12:trap
	str	x0, [x1, #TRAP_ESR]
	mrs	x0, elr_el\level
	str	x0, [x1, #TRAP_ELR]
	add	x0, x0, #4
	msr	elr_el\level, x0
	mov	x0, #\level
	str	x0, [x1, #TRAP_EL]
	ldr	x0, [x1, #TRAP_COUNT]
	add	x0, x0, #1
	str	x0, [x1, #TRAP_COUNT]
	ldp	x0, x1, [sp], #16
	eret
	.endm

	.macro	hang
	.balign	128
	b	.
	.endm

	.text
	.balign	2048
	.globl	el2_vectors
el2_vectors:
	.rept	4			/* SP_EL0: never used */
	hang
	.endr
	.balign	128
	b	el2_sync
	.balign	128
	b	el2_irq
	hang
	hang
	.balign	128			/* EL1 and EL0, AArch64 */
	b	el2_sync
	.balign	128
	b	el2_irq
	hang
	hang
	.rept	4			/* AArch32: never used */
	hang
	.endr

	.balign	2048
	.globl	el1_vectors
el1_vectors:
	.rept	4
	hang
	.endr
	.balign	128
	b	el1_sync
	hang
	hang
	hang
	.balign	128			/* EL0 */
	b	el1_sync
	hang
	hang
	hang
	.rept	4
	hang
	.endr

el2_sync:
	stp	x0, x1, [sp, #-16]!
	mrs	x0, esr_el2
	lsr	x1, x0, #26
	cmp	x1, #EC_HVC64
	b.eq	leave
	cmp	x1, #EC_SVC64
	b.eq	leave
	note	2

el1_sync:
	stp	x0, x1, [sp, #-16]!
	mrs	x0, esr_el1
	lsr	x1, x0, #26
	cmp	x1, #EC_SVC64
	b.eq	1f
	note	1
1:	ldp	x0, x1, [sp], #16
	hvc	#0

/*
 * An interrupt is noted with the counters as they are, and left pending: after
 * the return it is masked, and no longer EL2's.
 */
el2_irq:
	stp	x0, x1, [sp, #-16]!
	adrp	x1, irq
	add	x1, x1, :lo12:irq
	mrs	x0, pmccntr_el0
	str	x0, [x1, #IRQ_CYCLES]
	adrp	x0, irq_reads_events
	ldr	w0, [x0, #:lo12:irq_reads_events]
	cbz	w0, 1f
	mrs	x0, pmevcntr0_el0
	str	x0, [x1, #IRQ_EVENTS]
1:	mrs	x0, elr_el2
	str	x0, [x1, #IRQ_ELR]
	ldr	x0, [x1, #IRQ_COUNT]
	add	x0, x0, #1
	str	x0, [x1, #IRQ_COUNT]
	mrs	x0, hcr_el2		/* PSTATE.I masks it at EL1 only then */
	bic	x0, x0, #HCR_IMO
	msr	hcr_el2, x0
	mrs	x0, spsr_el2
	orr	x0, x0, #SPSR_I
	msr	spsr_el2, x0
	ldp	x0, x1, [sp], #16
	eret

/* u64 at_el(u32 el, u64 (*fn)(u64), u64 arg) */
	.globl	at_el
at_el:
	cmp	w0, #2
	b.eq	3f
	stp	x29, x30, [sp, #-96]!
	stp	x19, x20, [sp, #16]
	stp	x21, x22, [sp, #32]
	stp	x23, x24, [sp, #48]
	stp	x25, x26, [sp, #64]
	stp	x27, x28, [sp, #80]
	adrp	x9, level_stacks
	add	x9, x9, :lo12:level_stacks
	add	x9, x9, #LEVEL_STACK
	msr	sp_el1, x9
	add	x9, x9, #LEVEL_STACK
	msr	sp_el0, x9
	adr	x30, 1f
	mov	x9, #SPSR_EL1H
	cmp	w0, #1
	b.eq	2f
	adr	x30, 4f
	mov	x9, #SPSR_EL0T
2:	msr	spsr_el2, x9
	msr	elr_el2, x1
	mov	x0, x2
	eret
1:	hvc	#0
4:	svc	#0
3:	mov	x0, x2
	br	x1

/* From the exception that ends at_el(): back to its caller. */
leave:
	ldp	x0, x1, [sp], #16
	ldp	x19, x20, [sp, #16]
	ldp	x21, x22, [sp, #32]
	ldp	x23, x24, [sp, #48]
	ldp	x25, x26, [sp, #64]
	ldp	x27, x28, [sp, #80]
	ldp	x29, x30, [sp], #96
	ret

	.section .noinit, "aw", %nobits
	.balign	16
level_stacks:
	.skip	2 * LEVEL_STACK

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Exception vectors: save everything in a struct regs (trap.h) on the EL1
 * stack, go to C, restore. Also the way to EL0 and back.
 */

#define REGS_SIZE	288

	.macro	save
	sub	sp, sp, #REGS_SIZE
	stp	x0, x1, [sp, #0]
	stp	x2, x3, [sp, #16]
	stp	x4, x5, [sp, #32]
	stp	x6, x7, [sp, #48]
	stp	x8, x9, [sp, #64]
	stp	x10, x11, [sp, #80]
	stp	x12, x13, [sp, #96]
	stp	x14, x15, [sp, #112]
	stp	x16, x17, [sp, #128]
	stp	x18, x19, [sp, #144]
	stp	x20, x21, [sp, #160]
	stp	x22, x23, [sp, #176]
	stp	x24, x25, [sp, #192]
	stp	x26, x27, [sp, #208]
	stp	x28, x29, [sp, #224]
	mrs	x0, elr_el1
	mrs	x1, spsr_el1
	stp	x30, x0, [sp, #240]
	str	x1, [sp, #256]
	.endm

	.macro	vector handler
	.balign	128
	save
	mov	x0, sp
	bl	\handler
	b	restore
	.endm

	.text
	.balign	2048
	.globl	vectors
vectors:
	.rept	4			/* current EL with SP_EL0: never used */
	vector	handle_unexpected
	.endr
	vector	handle_sync		/* current EL with SP_ELx */
	vector	handle_irq
	vector	handle_fiq
	vector	handle_serror
	vector	handle_sync_el0		/* EL0, AArch64 */
	vector	handle_irq
	vector	handle_fiq
	vector	handle_serror
	.rept	4			/* EL0, AArch32: never used */
	vector	handle_unexpected
	.endr

	.globl	restore
restore:
	ldr	x1, [sp, #256]
	ldp	x30, x0, [sp, #240]
	msr	elr_el1, x0
	msr	spsr_el1, x1
	ldp	x0, x1, [sp, #0]
	ldp	x2, x3, [sp, #16]
	ldp	x4, x5, [sp, #32]
	ldp	x6, x7, [sp, #48]
	ldp	x8, x9, [sp, #64]
	ldp	x10, x11, [sp, #80]
	ldp	x12, x13, [sp, #96]
	ldp	x14, x15, [sp, #112]
	ldp	x16, x17, [sp, #128]
	ldp	x18, x19, [sp, #144]
	ldp	x20, x21, [sp, #160]
	ldp	x22, x23, [sp, #176]
	ldp	x24, x25, [sp, #192]
	ldp	x26, x27, [sp, #208]
	ldp	x28, x29, [sp, #224]
	add	sp, sp, #REGS_SIZE
	eret

/*
 * u64 el0_enter(fn, arg, stack): runs fn(arg) at EL0 on that stack; all three
 * are addresses of the EL0 alias. Comes back through el0_leave, which
 * handle_sync_el0 calls on "svc #0". Interrupts stay as PSTATE has them.
 */
	.globl	el0_enter
el0_enter:
	sub	sp, sp, #112
	stp	x19, x20, [sp, #0]
	stp	x21, x22, [sp, #16]
	stp	x23, x24, [sp, #32]
	stp	x25, x26, [sp, #48]
	stp	x27, x28, [sp, #64]
	stp	x29, x30, [sp, #80]
	mrs	x9, daif
	str	x9, [sp, #96]
	msr	daifset, #0xf
	msr	sp_el0, x2
	msr	elr_el1, x0
	msr	spsr_el1, x9		/* EL0t with the caller's DAIF */
	mov	x0, x1
	/* the return address: el0_return in the alias, beside fn */
	adr	x10, el0_return
	and	x10, x10, #0x3fffffff
	mrs	x11, elr_el1
	and	x11, x11, #0xffffffffc0000000
	orr	x30, x10, x11
	eret
el0_return:
	svc	#0

/* void el0_leave(u64 value, void *sp): unwinds the exception frame. */
	.globl	el0_leave
el0_leave:
	mov	sp, x1
	ldp	x19, x20, [sp, #0]
	ldp	x21, x22, [sp, #16]
	ldp	x23, x24, [sp, #32]
	ldp	x25, x26, [sp, #48]
	ldp	x27, x28, [sp, #64]
	ldp	x29, x30, [sp, #80]
	ldr	x9, [sp, #96]
	add	sp, sp, #112
	msr	daif, x9
	ret

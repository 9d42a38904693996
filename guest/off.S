/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Powers off with its first instructions: what is left is the VMM's own cost.
 * KVM's conduit is HVC, and no device tree is read to learn that.
 */

	.section .head.text, "ax"
	.globl	_head
_head:
	b	1f
	nop				/* image.lds writes the rest */

	.text
1:	movz	w0, #0x8400, lsl #16
	movk	w0, #0x0008		/* PSCI SYSTEM_OFF */
	hvc	#0
2:	wfi
	b	2b

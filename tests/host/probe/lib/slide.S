/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Long rows of the same instruction, in which the return address of an interrupt
 * tells how many of them it took to come. Each writes a counter first.
 */

	.macro	slide register
	msr	daifclr, #2
	msr	\register, x0
	isb
	.rept	SLIDE
	nop
	.endr
	msr	daifset, #2
	ret
	.endm

	.text
	.globl	slide_xevcntr, slide_ccntr
slide_xevcntr:
	slide	pmxevcntr_el0
	.balign	16
slide_ccntr:
	slide	pmccntr_el0

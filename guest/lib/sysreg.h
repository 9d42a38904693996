/* SPDX-License-Identifier: GPL-2.0-only */
/* System registers, barriers and interrupt masking. */
#ifndef GUEST_SYSREG_H
#define GUEST_SYSREG_H

#include "types.h"

#define read_sysreg(reg) ({						\
	u64 __v;							\
	asm volatile("mrs %0, " #reg : "=r"(__v) : : "memory");		\
	__v;								\
})

#define write_sysreg(val, reg)						\
	asm volatile("msr " #reg ", %x0" : : "rZ"((u64)(val)) : "memory")

#define isb()		asm volatile("isb" : : : "memory")
#define dsb(opt)	asm volatile("dsb " #opt : : : "memory")
#define dmb(opt)	asm volatile("dmb " #opt : : : "memory")
#define barrier()	asm volatile("" : : : "memory")
#define wfi()		asm volatile("dsb sy\n\twfi" : : : "memory")
#define cpu_relax()	asm volatile("yield" : : : "memory")

static inline void irq_on(void)
{
	asm volatile("msr daifclr, #2" : : : "memory");
	isb();
}

static inline void irq_off(void)
{
	asm volatile("msr daifset, #2" : : : "memory");
}

static inline void fiq_on(void)
{
	asm volatile("msr daifclr, #1" : : : "memory");
	isb();
}

static inline void fiq_off(void)
{
	asm volatile("msr daifset, #1" : : : "memory");
}

/* The index of this CPU among the CPU nodes of the device tree. */
static inline u32 this_cpu(void)
{
	return read_sysreg(tpidr_el1);
}

#endif

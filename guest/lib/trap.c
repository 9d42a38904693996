// SPDX-License-Identifier: GPL-2.0-only
#include "gic.h"
#include "print.h"
#include "smp.h"
#include "sysreg.h"
#include "trap.h"

/* start.S shows the image's GiB for EL0 in the last slot of the table. */
#define GIB		0x40000000ULL
#define EL0_ALIAS	(511 * GIB)

u64 el0_enter(u64 fn, u64 arg, u64 stack);
void el0_leave(u64 value, struct regs *frame_end) __attribute__((noreturn));
void handle_sync(struct regs *regs);
void handle_sync_el0(struct regs *regs);
void handle_irq(struct regs *regs);
void handle_fiq(struct regs *regs);
void handle_unexpected(struct regs *regs);
void handle_serror(struct regs *regs);

u64 irq_entry_ticks;
u32 irq_spurious[MAX_CPUS], irq_iar[MAX_CPUS], irq_fiqs[MAX_CPUS];

static irq_handler handlers[MAX_INTID];

static struct {
	bool expected;
	u32 count;
	u64 esr;
} traps[MAX_CPUS];

irq_handler irq_set_handler(u32 intid, irq_handler handler)
{
	irq_handler before = handlers[intid];

	handlers[intid] = handler;
	dsb(ish);
	return before;
}

void handle_irq(struct regs *regs)
{
	u64 now = read_sysreg(cntvct_el0);
	u32 iar = gic_ack(), intid = gic_intid(iar);

	irq_entry_ticks = now;
	irq_iar[this_cpu()] = iar;
	if (intid >= MAX_INTID) {
		irq_spurious[this_cpu()]++;
		return;
	}
	if (!handlers[intid])
		fatal("unexpected interrupt %u", intid);
	handlers[intid](intid);
	gic_eoi(iar);
}

void handle_fiq(struct regs *regs)
{
	irq_fiqs[this_cpu()]++;
	handle_irq(regs);
}

void trap_expect(void)
{
	traps[this_cpu()].count = 0;
	traps[this_cpu()].esr = 0;
	traps[this_cpu()].expected = true;
	barrier();
}

u32 trap_seen(u64 *esr)
{
	barrier();
	traps[this_cpu()].expected = false;
	if (esr)
		*esr = traps[this_cpu()].esr;
	return traps[this_cpu()].count;
}

static void dump(const char *what, struct regs *regs)
{
	fatal("%s on CPU %u: ESR 0x%llx ELR 0x%llx FAR 0x%llx (image at 0x%llx)", what,
	      this_cpu(), (unsigned long long)read_sysreg(esr_el1),
	      (unsigned long long)regs->elr, (unsigned long long)read_sysreg(far_el1),
	      (unsigned long long)image_base());
}

void handle_sync(struct regs *regs)
{
	u32 cpu = this_cpu();

	if (cpu >= MAX_CPUS || !traps[cpu].expected)
		dump("unexpected exception", regs);
	traps[cpu].count++;
	traps[cpu].esr = read_sysreg(esr_el1);
	regs->elr += 4;
}

void handle_sync_el0(struct regs *regs)
{
	if (ESR_EC(read_sysreg(esr_el1)) == ESR_EC_SVC64)
		el0_leave(regs->x[0], regs + 1);
	handle_sync(regs);
}

void handle_unexpected(struct regs *regs)
{
	dump("exception through an unused vector", regs);
}

void handle_serror(struct regs *regs)
{
	dump("SError", regs);
}

u64 el0_call(u64 (*fn)(u64), u64 arg)
{
	static u8 stack[4096] __attribute__((aligned(16)));
	u64 top = (u64)stack + sizeof(stack);

	return el0_enter(((u64)fn & (GIB - 1)) | EL0_ALIAS, arg,
			 (top & (GIB - 1)) | EL0_ALIAS);
}

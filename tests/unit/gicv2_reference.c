// SPDX-License-Identifier: GPL-2.0-only
/* A GICv2 that is easy to follow in IHI 0048B. */
#include <string.h>

#include "gicv2_reference.h"

static struct ref_irq *irq_of(struct reference *ref, unsigned int cpu, unsigned int intid)
{
	return &ref->irq[intid < 32 ? cpu : 0][intid];
}

void ref_reset(struct reference *ref, unsigned int cpus, unsigned int spis)
{
	memset(ref, 0, sizeof(*ref));
	ref->cpus = cpus;
	ref->intids = 32 + spis > 1020 ? 1020 : 32 + spis;
	for (unsigned int cpu = 0; cpu < cpus; cpu++) {
		ref->cpu[cpu].bpr = 2;
		ref->cpu[cpu].abpr = 3;
		for (unsigned int intid = 0; intid < ref->intids; intid++) {
			struct ref_irq *irq = &ref->irq[cpu][intid];

			irq->enabled = intid < 16;
			irq->edge = intid < 16;
			irq->targets = intid < 32 ? 1u << cpu : cpus == 1;
		}
	}
}

void ref_input(struct reference *ref, unsigned int cpu, unsigned int intid, bool level)
{
	struct ref_irq *irq;

	if (intid < 16 || intid >= ref->intids)
		return;
	irq = irq_of(ref, cpu, intid);
	if (irq->edge && level && !irq->input)
		irq->latches = 1;
	irq->input = level;
}

static bool pending(const struct ref_irq *irq)
{
	return irq->latches || (irq->input && !irq->edge);
}

static unsigned int highest_pending(struct reference *ref, unsigned int cpu)
{
	unsigned int best = 1023;

	for (unsigned int intid = 0; intid < ref->intids; intid++) {
		const struct ref_irq *irq = irq_of(ref, cpu, intid);
		uint32_t enable = irq->group1 ? 2 : 1;

		if (!(ref->ctlr & enable) || !(ref->cpu[cpu].ctlr & enable))
			continue;
		if (!irq->enabled || irq->active || !pending(irq) || !(irq->targets >> cpu & 1))
			continue;
		if (best == 1023 || irq->priority < irq_of(ref, cpu, best)->priority)
			best = intid;
	}
	return best;
}

static unsigned int running_priority(const struct ref_cpu *cpu)
{
	for (unsigned int n = 0; n < 32; n++)
		if (cpu->running[0][n] || cpu->running[1][n])
			return 8 * n;
	return 255;
}

/* 3.3.3: bits 7 to bpr + 1, but 7 to bpr by the binary point that is of Group 1 alone. */
static unsigned int group_priority(const struct ref_cpu *cpu, bool group1, unsigned int priority)
{
	bool own = group1 && !(cpu->ctlr & 0x10);
	unsigned int lowest = own ? cpu->abpr : cpu->bpr + 1u;
	unsigned int bits = 0;

	for (unsigned int bit = lowest; bit < 8; bit++)
		bits |= priority & 1u << bit;
	return bits;
}

static bool preempts(const struct ref_cpu *cpu, const struct ref_irq *irq)
{
	unsigned int running = running_priority(cpu);

	return running == 255 || group_priority(cpu, irq->group1, irq->priority) <
				 group_priority(cpu, irq->group1, running);
}

unsigned int ref_outputs(struct reference *ref, unsigned int index)
{
	const struct ref_cpu *cpu = &ref->cpu[index];
	unsigned int intid = highest_pending(ref, index);
	const struct ref_irq *irq;

	if (intid == 1023)
		return 0;
	irq = irq_of(ref, index, intid);
	if (irq->priority >= cpu->pmr || !preempts(cpu, irq))
		return 0;
	return !irq->group1 && cpu->ctlr & 8 ? 2 : 1;
}

/* What HPPIR and AHPPIR return. */
static uint32_t announced(struct reference *ref, unsigned int cpu, bool alias)
{
	unsigned int intid = highest_pending(ref, cpu);
	const struct ref_irq *irq;
	unsigned int sender = 0;

	if (intid == 1023)
		return 1023;
	irq = irq_of(ref, cpu, intid);
	if (alias && !irq->group1)
		return 1023;
	if (!alias && irq->group1 && !(ref->cpu[cpu].ctlr & 4))
		return 1022;
	while (intid < 16 && !(irq->latches >> sender & 1))
		sender++;
	return sender << 10 | intid;
}

static uint32_t acknowledge(struct reference *ref, unsigned int cpu, bool alias)
{
	uint32_t value = ref_outputs(ref, cpu) ? announced(ref, cpu, alias) : 1023;
	struct ref_irq *irq;
	unsigned int priority;

	if ((value & 1023) >= 1020)
		return value;
	irq = irq_of(ref, cpu, value & 1023);
	irq->active = true;
	irq->sender = value >> 10;
	irq->latches &= ~(1u << irq->sender);
	priority = group_priority(&ref->cpu[cpu], irq->group1, irq->priority);
	ref->cpu[cpu].running[irq->group1][priority / 8] = true;
	return value;
}

static void deactivate(struct reference *ref, unsigned int cpu, uint32_t value)
{
	unsigned int intid = value & 1023;
	struct ref_irq *irq;

	if (intid >= ref->intids)
		return;
	irq = irq_of(ref, cpu, intid);
	if (intid >= 16 || irq->sender == (value >> 10 & 7))
		irq->active = false;
}

static void end(struct reference *ref, unsigned int index, uint32_t value, bool alias)
{
	struct ref_cpu *cpu = &ref->cpu[index];
	unsigned int intid = value & 1023, n = running_priority(cpu) / 8;

	if (intid >= ref->intids || (alias && !irq_of(ref, index, intid)->group1))
		return;
	if (running_priority(cpu) != 255)
		cpu->running[!cpu->running[0][n]][n] = false;
	if (!(cpu->ctlr & 0x200))
		deactivate(ref, index, value);
}

static void send(struct reference *ref, unsigned int from, uint32_t value)
{
	for (unsigned int to = 0; to < ref->cpus; to++) {
		unsigned int filter = value >> 24 & 3;

		if ((filter == 0 && value >> (16 + to) & 1) || (filter == 1 && to != from) ||
		    (filter == 2 && to == from))
			irq_of(ref, to, value & 15)->latches |= 1u << from;
	}
}

static bool get_bit(const struct ref_irq *irq, unsigned int reg)
{
	switch (reg) {
	case 0x080:
		return irq->group1;
	case 0x100:
	case 0x180:
		return irq->enabled;
	case 0x200:
	case 0x280:
		return pending(irq);
	case 0x300:
	case 0x380:
		return irq->active;
	}
	return false;
}

static void put_bit(struct ref_irq *irq, unsigned int intid, unsigned int reg, bool bit)
{
	if (reg == 0x080)
		irq->group1 = bit;
	if (!bit)
		return;
	if (reg == 0x100)
		irq->enabled = true;
	if (reg == 0x180 && intid >= 16)
		irq->enabled = false;
	if (reg == 0x200 && intid >= 16)
		irq->latches = 1;
	if (reg == 0x280 && intid >= 16)
		irq->latches = 0;
	if (reg == 0x300 && !irq->active)
		irq->sender = 0;
	if (reg == 0x300)
		irq->active = true;
	if (reg == 0x380)
		irq->active = false;
}

/* A register with a byte for each interrupt: its byte. */
static uint8_t access_byte(struct reference *ref, struct ref_irq *irq, unsigned int intid, unsigned int reg,
			   bool write, uint8_t byte)
{
	uint8_t cpus = (1u << ref->cpus) - 1;

	switch (reg) {
	case 0x400:
		if (write)
			irq->priority = byte & 0xf8;
		return irq->priority;
	case 0x800:
		if (ref->cpus == 1)
			return 0;
		if (write && intid >= 32)
			irq->targets = byte & cpus;
		return irq->targets;
	case 0xf10:
		if (write)
			irq->latches &= ~byte;
		return irq->latches;
	case 0xf20:
		if (write)
			irq->latches |= byte & cpus;
		return irq->latches;
	}
	return 0;
}

static uint32_t access_irq(struct reference *ref, unsigned int cpu, unsigned int intid, uint64_t offset,
			   unsigned int len, bool write, uint32_t value)
{
	static const unsigned int bit_regs[] = { 0x080, 0x100, 0x180, 0x200, 0x280, 0x300, 0x380 };
	static const unsigned int byte_regs[] = { 0x400, 0x800, 0xf10, 0xf20 };
	struct ref_irq *irq = irq_of(ref, cpu, intid);
	unsigned int shift = intid % 32;
	uint32_t result = 0;

	for (unsigned int i = 0; i < 7; i++) {
		if (len != 4 || offset != bit_regs[i] + intid / 32 * 4)
			continue;
		result |= (uint32_t)get_bit(irq, bit_regs[i]) << shift;
		if (write)
			put_bit(irq, intid, bit_regs[i], value >> shift & 1);
	}
	for (unsigned int i = 0; i < (intid < 16 ? 4 : 2); i++) {
		uint64_t at = byte_regs[i] + intid;

		if (at >= offset && at < offset + len)
			result |= (uint32_t)access_byte(ref, irq, intid, byte_regs[i], write,
							value >> 8 * (at - offset)) << 8 * (at - offset);
	}
	if (len == 4 && offset == 0xc00 + intid / 16 * 4) {
		shift = intid % 16 * 2 + 1;
		result |= (uint32_t)irq->edge << shift;
		if (write && intid >= 32)
			irq->edge = value >> shift & 1;
	}
	return result;
}

uint32_t ref_dist(struct reference *ref, unsigned int cpu, uint64_t offset, unsigned int len, bool write,
		  uint32_t value)
{
	uint32_t result = 0;

	if ((len != 1 && len != 4) || offset % len)
		return 0;
	for (unsigned int intid = 0; intid < ref->intids; intid++)
		result |= access_irq(ref, cpu, intid, offset, len, write, value);
	if (len == 4 && offset == 0x000) {
		result = ref->ctlr;
		if (write)
			ref->ctlr = value & 3;
	}
	if (len == 4 && offset == 0x004)
		result = (ref->intids + 31) / 32 - 1 + 32 * (ref->cpus - 1);
	if (len == 4 && offset == 0xf00 && write)
		send(ref, cpu, value);
	return write ? 0 : result;
}

static uint32_t active_priorities(struct ref_cpu *cpu, unsigned int group, bool write, uint32_t value)
{
	uint32_t result = 0;

	for (unsigned int n = 0; n < 32; n++) {
		result |= (uint32_t)cpu->running[group][n] << n;
		if (write)
			cpu->running[group][n] = value >> n & 1;
	}
	return result;
}

static uint32_t cpu_read(struct reference *ref, unsigned int index, uint64_t offset)
{
	struct ref_cpu *cpu = &ref->cpu[index];

	switch (offset) {
	case 0x00:
		return cpu->ctlr;
	case 0x04:
		return cpu->pmr;
	case 0x08:
		return cpu->bpr;
	case 0x0c:
		return acknowledge(ref, index, false);
	case 0x14:
		return running_priority(cpu);
	case 0x18:
		return announced(ref, index, false);
	case 0x1c:
		return cpu->abpr;
	case 0x20:
		return acknowledge(ref, index, true);
	case 0x28:
		return announced(ref, index, true);
	case 0xd0:
		return active_priorities(cpu, 0, false, 0);
	case 0xe0:
		return active_priorities(cpu, 1, false, 0);
	}
	return 0;
}

static void cpu_write(struct reference *ref, unsigned int index, uint64_t offset, uint32_t value)
{
	struct ref_cpu *cpu = &ref->cpu[index];

	switch (offset) {
	case 0x00:
		cpu->ctlr = value & 0x21f;
		break;
	case 0x04:
		cpu->pmr = value & 0xf8;
		break;
	case 0x08:
		cpu->bpr = value % 8 > 2 ? value % 8 : 2;
		break;
	case 0x10:
		end(ref, index, value, false);
		break;
	case 0x1c:
		cpu->abpr = value % 8 > 3 ? value % 8 : 3;
		break;
	case 0x24:
		end(ref, index, value, true);
		break;
	case 0xd0:
		active_priorities(cpu, 0, true, value);
		break;
	case 0xe0:
		active_priorities(cpu, 1, true, value);
		break;
	case 0x1000:
		if (cpu->ctlr & 0x200)
			deactivate(ref, index, value);
		break;
	}
}

uint32_t ref_cpu(struct reference *ref, unsigned int cpu, uint64_t offset, unsigned int len, bool write,
		 uint32_t value)
{
	if (len != 4)
		return 0;
	if (!write)
		return cpu_read(ref, cpu, offset);
	cpu_write(ref, cpu, offset, value);
	return 0;
}

/* SPDX-License-Identifier: GPL-2.0-only */
/* An interrupt line as a device sees it. Who listens at the other end is not its business. */
#ifndef TALLY_IRQ_H
#define TALLY_IRQ_H

#include <stdbool.h>
#include <stdint.h>

enum irq_trigger { IRQ_EDGE_RISING = 1, IRQ_LEVEL_HIGH = 4 };	/* device tree's values */

struct irq_line {
	void		(*set)(const struct irq_line *line, bool level);
	int		vm_fd;
	void		*gic;		/* the one in user space, or NULL: KVM's */
	uint32_t	intid;
};

/* From any thread. */
static inline void irq_line_set(const struct irq_line *line, bool level)
{
	line->set(line, level);
}

/* One edge for a line that the interrupt controller takes as edge-triggered. KVM needs no fall. */
static inline void irq_line_pulse(const struct irq_line *line)
{
	line->set(line, true);
	if (line->gic)
		line->set(line, false);
}

#endif

// SPDX-License-Identifier: GPL-2.0-only
/*
 * The GICv2m frame (Arm Server Base System Architecture, appendix E): a write
 * of an SPI's number raises that SPI. KVM does not model it.
 */
#include <errno.h>
#include <stdlib.h>

#include "arch.h"
#include "gicv2m.h"
#include "map.h"

/* Register offsets. */
enum {
	MSI_TYPER	= 0x008,
	MSI_SETSPI_NS	= 0x040,
	MSI_IIDR	= 0xfcc,
};

#define MSI_TYPER_BASE_SHIFT	16
#define MSI_IIDR_ARM		0x0000043b	/* implementer: Arm */

struct gicv2m {
	struct machine	*machine;
	uint32_t	first;
};

static uint64_t gicv2m_read(void *device, uint64_t offset, unsigned int len)
{
	const struct gicv2m *frame = device;

	switch (offset) {
	case MSI_TYPER:
		return (uint64_t)frame->first << MSI_TYPER_BASE_SHIFT | SPI_V2M_COUNT;
	case MSI_IIDR:
		return MSI_IIDR_ARM;
	default:
		return 0;
	}
}

static void gicv2m_write(void *device, uint64_t offset, unsigned int len, uint64_t value)
{
	struct gicv2m *frame = device;
	struct irq_line line;

	if (offset != MSI_SETSPI_NS || value < frame->first ||
	    value >= frame->first + SPI_V2M_COUNT)
		return;
	line = arch_irq_line(frame->machine, value);
	irq_line_pulse(&line);
}

static const struct bus_ops gicv2m_ops = { gicv2m_read, gicv2m_write };

int gicv2m_create(struct machine *machine, struct error *err)
{
	const struct gic_plan *gic = &machine->plan->gic;
	struct gicv2m *frame = calloc(1, sizeof(*frame));

	if (!frame)
		return error_set(err, TALLY_EXIT_SOFTWARE, ENOMEM,
				 "no memory for the GICv2m frame");
	frame->machine = machine;
	frame->first = gic->v2m_first;
	machine->gicv2m = frame;
	return bus_add(machine->bus, "gicv2m", gic->v2m.gpa, gic->v2m.size, &gicv2m_ops, frame,
		       err);
}

void gicv2m_destroy(struct machine *machine)
{
	free(machine->gicv2m);
	machine->gicv2m = NULL;
}

/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef TALLY_ARM64_GIC_USER_H
#define TALLY_ARM64_GIC_USER_H

#include "error.h"
#include "irq.h"
#include "machine.h"

/* Put its frames on the machine's bus; gic_user_destroy() frees it, also after an error. */
int gic_user_create(struct machine *machine, struct error *err);
void gic_user_destroy(struct machine *machine);
/* The line of SPI @intid. */
struct irq_line gic_user_line(struct machine *machine, uint32_t intid);

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef TALLY_ARM64_GICV2M_H
#define TALLY_ARM64_GICV2M_H

#include "error.h"
#include "machine.h"

/* Put the frame on the machine's bus; gicv2m_destroy() frees it, also after an error. */
int gicv2m_create(struct machine *machine, struct error *err);
void gicv2m_destroy(struct machine *machine);

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
/* Everything a guest's own file needs. */
#ifndef GUEST_GUEST_H
#define GUEST_GUEST_H

#include "check.h"
#include "dt.h"
#include "gic.h"
#include "mmio.h"
#include "print.h"
#include "psci.h"
#include "smp.h"
#include "sysreg.h"
#include "timer.h"
#include "trap.h"
#include "uart.h"

/* Runs on the boot CPU with interrupts masked; returning powers off. */
void guest_main(void);

#endif

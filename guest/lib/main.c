// SPDX-License-Identifier: GPL-2.0-only
/* From start.S to the guest's own main(). */
#include "dt.h"
#include "gic.h"
#include "guest.h"
#include "mmu.h"
#include "print.h"
#include "psci.h"
#include "smp.h"
#include "sysreg.h"
#include "timer.h"
#include "uart.h"

void guest_start(const void *blob);

void guest_start(const void *blob)
{
	if (!dt_init(blob)) {
		/* No console and no conduit known; hvc is what KVM offers. */
		psci_system_reset();
	}
	psci_init();
	uart_init();
	if ((read_sysreg(CurrentEL) >> 2 & 3) != 1)
		fatal("entered at EL%u, but these guests need EL1",
		      (u32)(read_sysreg(CurrentEL) >> 2 & 3));
	mmu_map_memory();
	smp_init();
	gic_init();
	gic_init_cpu();
	timer_init();
	guest_main();
	psci_system_off();
}

// SPDX-License-Identifier: GPL-2.0-only
/* Resets the machine, by the call that "how" names: reset or reset2. */
#include <string.h>

#include "guest.h"

void guest_main(void)
{
	char how[16] = "reset";

	arg_str("how", how, sizeof(how));
	print("resetting\n");
	if (!strcmp(how, "reset2"))
		psci(PSCI_SYSTEM_RESET2, 0, 0, 0);
	psci_system_reset();
}

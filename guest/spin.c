// SPDX-License-Identifier: GPL-2.0-only
/* Never ends: in a loop, or with wfi=1 asleep. */
#include "guest.h"

void guest_main(void)
{
	bool sleep = arg_u64("wfi", 0);

	print("spinning\n");
	for (;;) {
		if (sleep)
			wfi();
		cpu_relax();
	}
}

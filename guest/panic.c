// SPDX-License-Identifier: GPL-2.0-only
/*
 * Dies as Linux does, then spins for ever. With split=1 the text comes in
 * pieces, with pauses between them, as a watch on the console has to expect.
 */
#include "guest.h"

void guest_main(void)
{
	bool split = arg_u64("split", 0);
	const char *text = "Kernel panic - not syncing: Attempted to kill init! exitcode=0x00000100\n";

	print("[    0.000000] some earlier line\n[    0.100000] ");
	for (const char *s = text; *s; s++) {
		if (split && *s == ' ')
			delay_us(2000);
		print("%c", *s);
	}
	print("[    0.100000] CPU: 0 PID: 1 Comm: init Not tainted\n");
	print("[    0.200000] ---[ end Kernel panic - not syncing: Attempted to kill init! exitcode=0x00000100 ]---\n");
	uart_flush();
	for (;;)
		wfi();
}

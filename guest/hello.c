// SPDX-License-Identifier: GPL-2.0-only
/* Says what machine it woke up in, then powers off. */
#include "guest.h"

void guest_main(void)
{
	char args[128] = "";
	u64 base, size, total = 0;

	for (u32 i = 0; dt_memory(i, &base, &size); i++) {
		print("memory 0x%llx size 0x%llx\n", (unsigned long long)base,
		      (unsigned long long)size);
		total += size;
	}
	arg_str("hello", args, sizeof(args));
	print("hello %s from 0x%llx: %u CPUs, %llu MiB, GICv%u\n", args,
	      (unsigned long long)image_base(), nr_cpus,
	      (unsigned long long)(total >> 20), gic.version);
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reads and writes where no device is (addr=), in every access size; then, with
 * insn=1, by a load pair: its syndrome says nothing, so KVM can't decode it.
 */
#include "guest.h"
#include "mmu.h"

void guest_main(void)
{
	u64 addr = arg_u64("addr", 0x00f00000), esr, a, b;
	u32 n;

	mmu_map_device(addr);
	trap_expect();
	print("read 0x%x\n", read8(addr));
	print("read 0x%x\n", read16(addr));
	print("read 0x%x\n", read32(addr));
	print("read 0x%llx\n", (unsigned long long)read64(addr));
	write8(1, addr);
	write16(1, addr);
	write32(1, addr);
	write64(1, addr);
	dsb(sy);
	n = trap_seen(&esr);
	print("%u of 8 accesses faulted, last ESR 0x%llx\n", n, (unsigned long long)esr);
	if (arg_u64("insn", 0)) {
		trap_expect();
		asm volatile("ldp %0, %1, [%2]" : "=&r"(a), "=&r"(b) : "r"(addr) : "memory");
		n = trap_seen(&esr);
		print("load pair: %u faults, ESR 0x%llx\n", n, (unsigned long long)esr);
	}
	check_true("survived", true, "dead");
	finish();
}

// SPDX-License-Identifier: GPL-2.0-only
#include "check.h"
#include "dt.h"
#include "pmu.h"
#include "print.h"
#include "psci.h"
#include "sysreg.h"

#define QEMU_CNTFRQ	62500000
#define QEMU_PMCEID0	0x40020101	/* SW_INCR, INST_RETIRED, CPU_CYCLES; CHAIN is KVM's */

static u32 passed, failed, skipped;

const char *check_name(const char *fmt, ...)
{
	static char names[8][64];
	static u32 next;
	char *name = names[next++ % ARRAY_SIZE(names)];
	va_list ap;

	va_start(ap, fmt);
	vformat(name, sizeof(names[0]), fmt, ap);
	va_end(ap);
	return name;
}

static bool pass(const char *name)
{
	passed++;
	print("ok %s\n", name);
	return true;
}

bool check_eq(const char *name, u64 got, u64 want)
{
	if (got == want)
		return pass(name);
	failed++;
	print("not ok %s: got %lld want %lld\n", name, (long long)got, (long long)want);
	return false;
}

bool check_hex(const char *name, u64 got, u64 want)
{
	if (got == want)
		return pass(name);
	failed++;
	print("not ok %s: got 0x%llx want 0x%llx\n", name, (unsigned long long)got,
	      (unsigned long long)want);
	return false;
}

bool check_range(const char *name, u64 got, u64 low, u64 high)
{
	if (got >= low && got <= high)
		return pass(name);
	failed++;
	print("not ok %s: got %lld want %lld to %lld\n", name, (long long)got,
	      (long long)low, (long long)high);
	return false;
}

bool check_true(const char *name, bool good, const char *fmt, ...)
{
	char why[128];
	va_list ap;

	if (good)
		return pass(name);
	failed++;
	va_start(ap, fmt);
	vformat(why, sizeof(why), fmt, ap);
	va_end(ap);
	print("not ok %s: %s\n", name, why);
	return false;
}

void check_skip(const char *name, const char *fmt, ...)
{
	char why[160];
	va_list ap;

	skipped++;
	va_start(ap, fmt);
	vformat(why, sizeof(why), fmt, ap);
	va_end(ap);
	print("skip %s: %s\n", name, why);
}

void finish(void)
{
	print("%u passed, %u failed, %u skipped\n", passed, failed, skipped);
	if (failed)
		fatal("%u checks failed", failed);
	psci_system_off();
}

bool emulated(void)
{
	if (arg_given("stock-qemu"))
		return arg_u64("stock-qemu", 0);
	return !(read_sysreg(midr_el1) >> 24 & 0xff) ||
	       read_sysreg(cntfrq_el0) == QEMU_CNTFRQ ||
	       (pmu_version() && !(read_sysreg(pmceid0_el0) & ~QEMU_PMCEID0));
}

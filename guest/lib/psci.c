// SPDX-License-Identifier: GPL-2.0-only
#include <libfdt.h>
#include <string.h>

#include "dt.h"
#include "psci.h"
#include "sysreg.h"
#include "uart.h"

static bool use_smc;

void psci_init(void)
{
	int node = dt_find("arm,psci-0.2");
	const char *method;

	if (node < 0)
		node = dt_find("arm,psci-1.0");
	if (node < 0)
		return;
	method = fdt_getprop(dtb, node, "method", NULL);
	use_smc = method && !strcmp(method, "smc");
}

s64 smccc(u32 function, u64 a1, u64 a2, u64 a3)
{
	register u64 x0 asm("x0") = function;
	register u64 x1 asm("x1") = a1;
	register u64 x2 asm("x2") = a2;
	register u64 x3 asm("x3") = a3;

#define SMCCC_CALL(insn)						\
	asm volatile(insn " #0"						\
		     : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3)		\
		     : : "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11", \
		     "x12", "x13", "x14", "x15", "x16", "x17", "memory")
	if (use_smc)
		SMCCC_CALL("smc");
	else
		SMCCC_CALL("hvc");
	return x0;
}

int psci(u32 function, u64 a1, u64 a2, u64 a3)
{
	return (int)smccc(function, a1, a2, a3);
}

void psci_system_off(void)
{
	uart_flush();
	smccc(PSCI_SYSTEM_OFF, 0, 0, 0);
	for (;;)
		wfi();
}

void psci_system_reset(void)
{
	uart_flush();
	smccc(PSCI_SYSTEM_RESET, 0, 0, 0);
	for (;;)
		wfi();
}

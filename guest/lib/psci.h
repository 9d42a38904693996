/* SPDX-License-Identifier: GPL-2.0-only */
/* PSCI (Arm DEN0022) and SMCCC (Arm DEN0028) through the device tree's conduit. */
#ifndef GUEST_PSCI_H
#define GUEST_PSCI_H

#include "types.h"

#define SMCCC_VERSION			0x80000000u
#define SMCCC_ARCH_FEATURES		0x80000001u
#define SMCCC_PV_TIME_FEATURES		0xc5000020u
#define SMCCC_PV_TIME_ST		0xc5000021u
#define PSCI_VERSION			0x84000000u
#define PSCI_CPU_SUSPEND		0xc4000001u
#define PSCI_CPU_OFF			0x84000002u
#define PSCI_CPU_ON			0xc4000003u
#define PSCI_AFFINITY_INFO		0xc4000004u
#define PSCI_MIGRATE_INFO_TYPE		0x84000006u
#define PSCI_SYSTEM_OFF			0x84000008u
#define PSCI_SYSTEM_RESET		0x84000009u
#define PSCI_FEATURES			0x8400000au
#define PSCI_SYSTEM_RESET2		0xc4000012u

#define PSCI_SUCCESS			0
#define PSCI_NOT_SUPPORTED		(-1)
#define PSCI_INVALID_PARAMETERS		(-2)
#define PSCI_DENIED			(-3)
#define PSCI_ALREADY_ON			(-4)
#define PSCI_ON_PENDING			(-5)

#define PSCI_AFFINITY_ON		0
#define PSCI_AFFINITY_OFF		1
#define PSCI_AFFINITY_ON_PENDING	2

void psci_init(void);
/* Any SMCCC call; the result is X0. */
s64 smccc(u32 function, u64 a1, u64 a2, u64 a3);
/* The same as a PSCI status: W0 as a signed number. */
int psci(u32 function, u64 a1, u64 a2, u64 a3);

void psci_system_off(void) __attribute__((noreturn));
void psci_system_reset(void) __attribute__((noreturn));

#endif

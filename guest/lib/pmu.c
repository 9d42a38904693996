// SPDX-License-Identifier: GPL-2.0-only
#include "dt.h"
#include "pmu.h"

/* The number is part of the register's name, hence one case for each. */
#define CASES(X, name)							\
	X(0, name) X(1, name) X(2, name) X(3, name) X(4, name) X(5, name) \
	X(6, name) X(7, name) X(8, name) X(9, name) X(10, name) X(11, name) \
	X(12, name) X(13, name) X(14, name) X(15, name) X(16, name)	\
	X(17, name) X(18, name) X(19, name) X(20, name) X(21, name)	\
	X(22, name) X(23, name) X(24, name) X(25, name) X(26, name)	\
	X(27, name) X(28, name) X(29, name) X(30, name)
#define CASE_READ(n, name)	case n: v = read_sysreg(name##n##_el0); break;
#define CASE_WRITE(n, name)	case n: write_sysreg(v, name##n##_el0); break;

#define NUMBERED(name)							\
u64 name##_read(u32 n)							\
{									\
	u64 v = 0;							\
									\
	switch (n) {							\
	CASES(CASE_READ, name)						\
	}								\
	return v;							\
}									\
									\
void name##_write(u32 n, u64 v)						\
{									\
	switch (n) {							\
	CASES(CASE_WRITE, name)						\
	}								\
	isb();								\
}

NUMBERED(pmevcntr)
NUMBERED(pmevtyper)

u32 pmu_version(void)
{
	u32 v = read_sysreg(id_aa64dfr0_el1) >> 8 & 0xf;

	return v == 0xf ? 0 : v;
}

u32 pmu_irq(void)
{
	int node = dt_find("arm,armv8-pmuv3");

	return node < 0 ? 0 : dt_irq(node, 0, NULL);
}

bool pmu_has_event(u32 event)
{
	u64 id = event & 0x20 ? read_sysreg(pmceid1_el0) : read_sysreg(pmceid0_el0);

	if (event >= 0x4000 && event < 0x4040)
		return id >> (32 + (event & 0x1f)) & 1;
	return event < 0x40 && (id >> (event & 0x1f) & 1);
}

void pmu_clear(void)
{
	u32 n = PMCR_N(read_sysreg(pmcr_el0));

	write_sysreg(PMCR_LC, pmcr_el0);
	write_sysreg(0xffffffff, pmcntenclr_el0);
	write_sysreg(0xffffffff, pmintenclr_el1);
	for (u32 i = 0; i < n; i++) {
		pmevtyper_write(i, 0);
		pmevcntr_write(i, 0);
	}
	write_sysreg(0, pmccfiltr_el0);
	write_sysreg(0, pmccntr_el0);
	write_sysreg(0, pmuserenr_el0);
	write_sysreg(0, pmselr_el0);
	write_sysreg(0xffffffff, pmovsclr_el0);
	isb();
}

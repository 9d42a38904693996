/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A KVM for arm64 without a host: it takes vmm/kvm.c's place, behaves as Linux
 * 6.12 does while a machine is built (and refuses what 6.12 refuses in the wrong
 * order), records every call, and fails the call that a test names.
 */
#ifndef TALLY_FAKE_KVM_H
#define TALLY_FAKE_KVM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kvm_uapi.h"

#define FAKE_MAX_CALLS	4096
#define FAKE_MAX_FDS	64

/* Calls of kvm.h that are no ioctl. */
#define FAKE_OPEN	1ul
#define FAKE_MAP_RUN	2ul

enum fake_kind {
	FAKE_CLOSED,
	FAKE_SYSTEM,
	FAKE_VM,
	FAKE_VCPU,
	FAKE_GICV2,
	FAKE_GICV3,
	FAKE_ITS,
};

/* What a call's arguments were; which of a, b, c there are depends on the request. */
struct fake_call {
	const char	*name;
	unsigned long	request;
	enum fake_kind	kind;
	unsigned int	vcpu;		/* of a FAKE_VCPU descriptor */
	uint64_t	a;		/* number, capability, group, register, slot, type */
	uint64_t	b;		/* attribute, register's value, gpa, flags */
	uint64_t	c;		/* attribute's value, size */
	int		ret;
};

struct fake_settings {
	int		ipa_bits;
	bool		gicv2, gicv3, its;
	bool		mte;
	unsigned int	pmu_counters;		/* that PMCR_EL0.N starts with */
	int		pmu_types[4];		/* that SET_PMU takes, ends with 0 */
	unsigned int	pmu_events;		/* event numbers are below this */
	bool		pmu_counters_attr;	/* Linux 6.18's SET_NR_COUNTERS */
	bool		pmu_counters_fixed;	/* writes of PMCR_EL0.N do nothing */
	/* After 6.12: SET and CLR registers take what is written. */
	bool		pmu_masks_assign;
	uint64_t	lost_reg;		/* writes of this register do nothing */
	uint64_t	sve_vls;		/* vector lengths, bit n: n + 1 quadwords */
	struct { unsigned int cap; int value; } caps[32];
	/* What KVM_RUN does, on the vCPU's thread; NULL: -EINTR, as when a signal comes at once. */
	int		(*run)(unsigned int vcpu, struct kvm_run *run);
};

struct fake_kvm {
	struct fake_settings	settings;
	struct fake_call	calls[FAKE_MAX_CALLS];
	unsigned int		n_calls;
	unsigned int		fail_at;	/* the number of this call, from 1; 0: none fails */
	int			fail_errno;
	unsigned int		opened, closed;	/* descriptors and mappings of kvm_run */
	unsigned int		misused;	/* uses of a descriptor that is not open */
};

extern struct fake_kvm fake_kvm;

/* A fresh KVM: GICv2, GICv3 with ITS, 40 bits of IPA, a PMU of 6 counters, no SVE, no MTE. */
void fake_kvm_reset(void);
void fake_kvm_set_cap(unsigned int cap, int value);

/*
 * The first call at or after *@at with this request (and, where not -1, @a); *@at
 * moves past it.
 */
const struct fake_call *fake_kvm_find(unsigned int *at, unsigned long request, int64_t a);
/* How many such calls there are. */
unsigned int fake_kvm_count(unsigned long request, int64_t a);
/*
 * Inputs of a vCPU as KVM_IRQ_LINE set them, bit 0 IRQ and bit 1 FIQ; *@inside (or NULL):
 * how often it was called for the vCPU while that was in KVM_RUN.
 */
unsigned int fake_kvm_lines(unsigned int vcpu, unsigned int *inside);
/* The value of a register as the guest would find it. */
uint64_t fake_kvm_reg(unsigned int vcpu, uint64_t id);

#endif

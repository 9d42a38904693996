// SPDX-License-Identifier: GPL-2.0-only
/*
 * The PMU plan carried out through KVM (devices/vcpu.rst, group
 * KVM_ARM_VCPU_PMU_V3_CTRL), in the one order that KVM takes.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "kvm.h"
#include "pmu.h"

#define GROUP			KVM_ARM_VCPU_PMU_V3_CTRL

#define PMCR_EL0		KVM_SYSREG(3, 3, 9, 12, 0)
#define PMSELR_EL0		KVM_SYSREG(3, 3, 9, 12, 5)
#define PMCCNTR_EL0		KVM_SYSREG(3, 3, 9, 13, 0)
#define PMEVCNTR_EL0(n)		KVM_SYSREG(3, 3, 14, 8 + ((n) >> 3), (n) & 7)
#define PMEVTYPER_EL0(n)	KVM_SYSREG(3, 3, 14, 12 + ((n) >> 3), (n) & 7)

#define PMCR_N_SHIFT		11
#define PMCR_N_MASK		(0x1full << PMCR_N_SHIFT)

/* Bit masks over the counters, each behind a register that sets and one that clears. */
static const struct {
	const char	*name;
	__u64		clear;
	__u64		set;
} masks[] = {
	{ "PMCNTENSET_EL0", KVM_SYSREG(3, 3, 9, 12, 2), KVM_SYSREG(3, 3, 9, 12, 1) },
	{ "PMINTENSET_EL1", KVM_SYSREG(3, 0, 9, 14, 2), KVM_SYSREG(3, 0, 9, 14, 1) },
	{ "PMOVSSET_EL0", KVM_SYSREG(3, 3, 9, 12, 3), KVM_SYSREG(3, 3, 9, 14, 3) },
};

/*
 * The other registers that KVM resets to UNKNOWN. PMUSERENR_EL0 and
 * PMCCFILTR_EL0 are not among them: KVM has always reset these to 0.
 */
static const struct {
	const char	*name;
	__u64		id;
} singles[] = {
	{ "PMSELR_EL0", PMSELR_EL0 },
	{ "PMCCNTR_EL0", PMCCNTR_EL0 },
};

static int failed(struct error *err, int ret, const char *what)
{
	return error_set(err, TALLY_EXIT_SOFTWARE, -ret, "PMU: %s: %s", what, strerror(-ret));
}

static int failed_reg(struct error *err, int ret, const char *verb, const char *name)
{
	return error_set(err, TALLY_EXIT_SOFTWARE, -ret, "PMU: %s %s: %s", verb, name,
			 strerror(-ret));
}

static int set_pmu(const struct pmu_plan *plan, int vcpu_fd, struct error *err)
{
	int type = plan->type, ret;

	if (!plan->choose)
		return 0;
	ret = kvm_set_attr(vcpu_fd, GROUP, KVM_ARM_VCPU_PMU_V3_SET_PMU, &type);
	if (ret < 0)
		return error_set(err, TALLY_EXIT_SOFTWARE, -ret,
				 "PMU: KVM_ARM_VCPU_PMU_V3_SET_PMU, %s (type %d): %s", plan->name,
				 type, strerror(-ret));
	return 0;
}

/* Decided before the number of counters: that is what the guest takes from the host. */
static int enable_partition(const struct pmu_plan *plan, int vcpu_fd, struct error *err)
{
	__u32 enable = 1;
	int ret;

	if (plan->mode != PMU_PARTITIONED)
		return 0;
	ret = kvm_set_attr(vcpu_fd, GROUP, KVM_ARM_VCPU_PMU_V3_ENABLE_PARTITION, &enable);
	return ret < 0 ? failed(err, ret, "KVM_ARM_VCPU_PMU_V3_ENABLE_PARTITION") : 0;
}

static int read_pmcr(int vcpu_fd, __u64 *pmcr, struct error *err)
{
	int ret = kvm_get_reg(vcpu_fd, PMCR_EL0, pmcr);

	return ret < 0 ? failed_reg(err, ret, "reading", "PMCR_EL0") : 0;
}

static unsigned int pmcr_n(__u64 pmcr)
{
	return (pmcr & PMCR_N_MASK) >> PMCR_N_SHIFT;
}

/*
 * The number of counters belongs to the VM, not to a vCPU. Kernels that have the
 * attribute want SET_PMU first; the others take PMCR_EL0.N, where a number that
 * KVM doesn't like is ignored without an error: hence the look at what stayed.
 */
static int set_counters(const struct pmu_plan *plan, int vcpu_fd, unsigned int *counters,
			struct error *err)
{
	unsigned int offered;
	__u64 pmcr;
	int ret;

	ret = read_pmcr(vcpu_fd, &pmcr, err);
	if (ret < 0)
		return ret;
	offered = pmcr_n(pmcr);
	ret = pmu_counters_choose(plan, offered, counters, err);
	if (ret < 0)
		return ret;
	if (*counters == offered)
		return 0;

	if (plan->choose &&
	    !kvm_has_attr(vcpu_fd, GROUP, KVM_ARM_VCPU_PMU_V3_SET_NR_COUNTERS)) {
		ret = kvm_set_attr(vcpu_fd, GROUP, KVM_ARM_VCPU_PMU_V3_SET_NR_COUNTERS, counters);
		if (ret < 0)
			return failed(err, ret, "KVM_ARM_VCPU_PMU_V3_SET_NR_COUNTERS");
	} else {
		pmcr = (pmcr & ~PMCR_N_MASK) | (__u64)*counters << PMCR_N_SHIFT;
		ret = kvm_set_reg(vcpu_fd, PMCR_EL0, &pmcr);
		if (ret < 0)
			return failed_reg(err, ret, "writing", "PMCR_EL0");
	}
	ret = read_pmcr(vcpu_fd, &pmcr, err);
	if (ret < 0)
		return ret;
	if (pmcr_n(pmcr) != *counters)
		return error_set(err, TALLY_EXIT_UNAVAILABLE, EOPNOTSUPP,
				 "--pmu-counters: KVM on this host doesn't let the number be changed: asked for %u, PMCR_EL0.N is %u",
				 *counters, pmcr_n(pmcr));
	return 0;
}

/* The first range also decides what happens to events in no range: the opposite. */
static int set_filter(const struct pmu_filter *plan, int vcpu_fd, struct error *err)
{
	for (unsigned int i = 0; i < plan->n; i++) {
		const struct pmu_range *range = &plan->ranges[i];
		struct kvm_pmu_event_filter filter = {
			.base_event	= range->first,
			.nevents	= range->count,
			.action		= plan->allow ? KVM_PMU_EVENT_ALLOW : KVM_PMU_EVENT_DENY,
		};
		int ret = kvm_set_attr(vcpu_fd, GROUP, KVM_ARM_VCPU_PMU_V3_FILTER, &filter);
		unsigned int last = range->first + range->count - 1;

		if (ret == -EINVAL)
			return error_set(err, TALLY_EXIT_UNAVAILABLE, EINVAL,
					 "--pmu-filter: this host's PMU has no event numbers as high as 0x%x (KVM_ARM_VCPU_PMU_V3_FILTER, 0x%x-0x%x: %s)",
					 last, range->first, last, strerror(EINVAL));
		if (ret < 0)
			return error_set(err, TALLY_EXIT_SOFTWARE, -ret,
					 "PMU: KVM_ARM_VCPU_PMU_V3_FILTER, 0x%x-0x%x: %s",
					 range->first, last, strerror(-ret));
	}
	return 0;
}

static int init_vcpu(const struct pmu_plan *plan, int vcpu_fd, bool irqchip_in_kernel,
		     struct error *err)
{
	int intid = plan->intid, ret;

	if (irqchip_in_kernel) {
		ret = kvm_set_attr(vcpu_fd, GROUP, KVM_ARM_VCPU_PMU_V3_IRQ, &intid);
		if (ret < 0)
			return error_set(err, TALLY_EXIT_SOFTWARE, -ret,
					 "PMU: KVM_ARM_VCPU_PMU_V3_IRQ, INTID %d: %s", intid,
					 strerror(-ret));
	}
	ret = kvm_set_attr(vcpu_fd, GROUP, KVM_ARM_VCPU_PMU_V3_INIT, NULL);
	return ret < 0 ? failed(err, ret, "KVM_ARM_VCPU_PMU_V3_INIT") : 0;
}

/* Write @value, and unless @check is false see that the register now reads 0. */
static int write_reg(int vcpu_fd, __u64 id, __u64 value, const char *name, bool check,
		     struct error *err)
{
	int ret = kvm_set_reg(vcpu_fd, id, &value);

	if (ret < 0)
		return failed_reg(err, ret, "writing", name);
	if (!check)
		return 0;
	ret = kvm_get_reg(vcpu_fd, id, &value);
	if (ret < 0)
		return failed_reg(err, ret, "reading", name);
	if (value)
		return error_set(err, TALLY_EXIT_SOFTWARE, EIO,
				 "PMU: clearing %s: KVM left 0x%llx in it", name,
				 (unsigned long long)value);
	return 0;
}

/*
 * Linux 6.12 takes writes of the SET form as "or" and of the CLR form as "and
 * not"; later kernels assign whatever is written to either. All ones to CLR,
 * then 0 to SET, leaves 0 in both worlds. Left alone, enable bits of an UNKNOWN
 * value make every write of PMCR_EL0 by the guest four times as slow.
 */
static int clear_registers(int vcpu_fd, unsigned int counters, bool check, struct error *err)
{
	char name[24];
	int ret;

	for (unsigned int i = 0; i < sizeof(masks) / sizeof(masks[0]); i++) {
		ret = write_reg(vcpu_fd, masks[i].clear, ~0ull, masks[i].name, false, err);
		if (!ret)
			ret = write_reg(vcpu_fd, masks[i].set, 0, masks[i].name, check, err);
		if (ret < 0)
			return ret;
	}
	for (unsigned int i = 0; i < sizeof(singles) / sizeof(singles[0]); i++) {
		ret = write_reg(vcpu_fd, singles[i].id, 0, singles[i].name, check, err);
		if (ret < 0)
			return ret;
	}
	for (unsigned int n = 0; n < counters; n++) {
		snprintf(name, sizeof(name), "PMEVTYPER%u_EL0", n);
		ret = write_reg(vcpu_fd, PMEVTYPER_EL0(n), 0, name, check, err);
		if (ret < 0)
			return ret;
		snprintf(name, sizeof(name), "PMEVCNTR%u_EL0", n);
		ret = write_reg(vcpu_fd, PMEVCNTR_EL0(n), 0, name, check, err);
		if (ret < 0)
			return ret;
	}
	return 0;
}

int pmu_setup(const struct pmu_plan *plan, const int *vcpu_fds, unsigned int n,
	      bool irqchip_in_kernel, unsigned int *counters, struct error *err)
{
	int ret;

	*counters = 0;
	if (plan->mode == PMU_NONE || !n)
		return 0;
	ret = set_pmu(plan, vcpu_fds[0], err);
	if (!ret)
		ret = enable_partition(plan, vcpu_fds[0], err);
	if (!ret)
		ret = set_counters(plan, vcpu_fds[0], counters, err);
	if (!ret)
		ret = set_filter(&plan->filter, vcpu_fds[0], err);
	for (unsigned int i = 0; !ret && i < n; i++)
		ret = init_vcpu(plan, vcpu_fds[i], irqchip_in_kernel, err);
	/* What one vCPU's registers take, the others' take too: looking once is enough. */
	for (unsigned int i = 0; !ret && i < n; i++)
		ret = clear_registers(vcpu_fds[i], *counters, i == 0, err);
	return ret;
}

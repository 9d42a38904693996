// SPDX-License-Identifier: GPL-2.0-only
/* Ask KVM what only a VM with a vCPU can tell. The VM never runs. */
#include <errno.h>
#include <string.h>
#include <sys/utsname.h>

#include "host_report.h"
#include "kvm.h"

#define IPA_BITS_PLAIN		40	/* what VM type 0 means */

#define ID_AA64DFR0_EL1		KVM_SYSREG(3, 0, 0, 5, 0)
#define PMCR_EL0		KVM_SYSREG(3, 3, 9, 12, 0)

static int failed(struct error *err, int ret, const char *what)
{
	return error_set(err, TALLY_EXIT_UNAVAILABLE, -ret, "/dev/kvm: %s: %s", what,
			 strerror(-ret));
}

static uint64_t timer_frequency(void)
{
	uint64_t hz = 0;

#ifdef __aarch64__
	__asm__ volatile("mrs %0, cntfrq_el0" : "=r" (hz));
#endif
	return hz;
}

/* Bit n of the bitmap stands for vectors of (n + 1) * 128 bits (api.rst, KVM_REG_ARM64_SVE_VLS). */
static void probe_sve(int vcpu_fd, struct host_report *report)
{
	__u64 lengths[KVM_ARM64_SVE_VLS_WORDS] = { 0 };
	size_t used = 0, size = sizeof(report->sve_lengths);

	if (!report->caps.sve || kvm_get_reg(vcpu_fd, KVM_REG_ARM64_SVE_VLS, lengths) < 0)
		return;
	for (unsigned int bit = 0; bit < sizeof(lengths) * 8 && used < size; bit++) {
		if (lengths[bit / 64] >> bit % 64 & 1)
			used += snprintf(report->sve_lengths + used, size - used, "%s%u",
					 used ? "," : "", (bit + 1) * 128);
	}
}

/* Until a filter is set or a vCPU runs, SET_PMU may be repeated: one vCPU asks for all. */
static void probe_pmus(int vcpu_fd, const char *sysfs, struct host_report *report)
{
	__u64 dfr0 = 0;

	if (!report->caps.pmu_v3)
		return;
	if (!kvm_get_reg(vcpu_fd, ID_AA64DFR0_EL1, &dfr0))
		report->pmuver = dfr0 >> 8 & 0xf;
	report->pmu_set_counters = !kvm_has_attr(vcpu_fd, KVM_ARM_VCPU_PMU_V3_CTRL,
						 KVM_ARM_VCPU_PMU_V3_SET_NR_COUNTERS);
	for (unsigned int i = 0; i < report->caps.n_pmus; i++) {
		struct host_pmu *pmu = &report->caps.pmus[i];
		int type = pmu->type;
		__u64 pmcr;

		pmu->events = host_pmu_count_events(sysfs, pmu);
		pmu->counters = -1;
		if (kvm_set_attr(vcpu_fd, KVM_ARM_VCPU_PMU_V3_CTRL, KVM_ARM_VCPU_PMU_V3_SET_PMU,
				 &type) < 0 ||
		    kvm_get_reg(vcpu_fd, PMCR_EL0, &pmcr) < 0)
			continue;
		pmu->counters = pmcr >> 11 & 0x1f;
		pmu->pmuver = report->pmuver;
	}
}

static int probe_vcpu(int vm_fd, int vcpu_fd, const char *sysfs, struct host_report *report,
		      struct error *err)
{
	struct kvm_vcpu_init init = { 0 };
	int ret = kvm_ioctl(vm_fd, KVM_ARM_PREFERRED_TARGET, &init);

	if (ret < 0)
		return failed(err, ret, "KVM_ARM_PREFERRED_TARGET");
	if (report->caps.pmu_v3)
		init.features[0] |= 1u << KVM_ARM_VCPU_PMU_V3;
	if (report->caps.sve)
		init.features[0] |= 1u << KVM_ARM_VCPU_SVE;
	ret = kvm_ioctl(vcpu_fd, KVM_ARM_VCPU_INIT, &init);
	if (ret < 0)
		return failed(err, ret, "KVM_ARM_VCPU_INIT");
	probe_sve(vcpu_fd, report);
	probe_pmus(vcpu_fd, sysfs, report);
	return 0;
}

int host_report_probe(int kvm_fd, const char *sysfs, struct host_report *report,
		      struct error *err)
{
	/* No larger than need be: closing a VM with a 52-bit IPA space takes its time. */
	unsigned int bits = report->caps.ipa_bits;
	bool smaller = report->caps.ipa_choice && bits < IPA_BITS_PLAIN;
	unsigned long type = smaller ? KVM_VM_TYPE_ARM_IPA_SIZE(bits) : 0;
	struct utsname host;
	int vm_fd, vcpu_fd, ret;

	if (!uname(&host))
		snprintf(report->kernel, sizeof(report->kernel), "%s", host.release);
	report->timer_hz = timer_frequency();

	vm_fd = kvm_ioctl_value(kvm_fd, KVM_CREATE_VM, type);
	if (vm_fd < 0)
		return failed(err, vm_fd, "KVM_CREATE_VM");
	host_probe_vm(vm_fd, &report->caps);
	vcpu_fd = kvm_ioctl_value(vm_fd, KVM_CREATE_VCPU, 0);
	if (vcpu_fd < 0) {
		ret = failed(err, vcpu_fd, "KVM_CREATE_VCPU");
	} else {
		ret = probe_vcpu(vm_fd, vcpu_fd, sysfs, report, err);
		kvm_close(vcpu_fd);
	}
	kvm_close(vm_fd);
	return ret;
}

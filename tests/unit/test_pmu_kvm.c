// SPDX-License-Identifier: GPL-2.0-only
/*
 * The PMU's set-up against a model of what KVM does with these calls: Linux
 * 6.12's way and later kernels' way. The model keeps the order of calls too and
 * can let any one of them fail.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "kvm.h"
#include "parts.h"
#include "pmu.h"
#include "unit.h"

/* No command line here; in place of vmm/parts.c, which would bring in every device. */
const struct option_group *option_group(size_t i)
{
	return NULL;
}

#define VCPUS		3
#define FIRST_FD	100
#define N_SHIFT		11
/* What KVM calls UNKNOWN. */
#define UNKNOWN		0x1de7ec7edbadc0deull

#define NAMED_PMU	10

struct model_vcpu {
	bool		created;	/* INIT has been done */
	int		irq;
	uint32_t	cnten, inten, ovs, sel;
	uint64_t	pmcr, ccntr, ccfiltr, userenr;
	uint64_t	evcntr[31], evtyper[31];
};

static struct {
	/* What kind of host. */
	unsigned int	implemented;	/* counters */
	bool		assigns;	/* SET and CLR forms assign what is written */
	bool		has_nr_counters;
	bool		ignores_n;	/* PMCR_EL0.N stays */
	bool		irqchip;
	unsigned int	n_events;	/* of the filter */
	int		sticky;		/* the evcntr that keeps its value, or -1 */
	/* Its state. */
	bool		pmu_set, filtered, default_allow;
	unsigned int	n;
	uint8_t		allowed[65536];
	struct model_vcpu vcpus[VCPUS];
	/* What was called, and which call is to fail. */
	char		calls[512][48];
	unsigned int	n_calls, fail_at;
	int		fail_with;
} kvm;

static void model_reset(unsigned int implemented)
{
	memset(&kvm, 0, sizeof(kvm));
	kvm.implemented = implemented;
	kvm.n = implemented;
	kvm.irqchip = true;
	kvm.n_events = 65536;
	kvm.sticky = -1;
	kvm.fail_at = UINT32_MAX;
	memset(kvm.allowed, 1, sizeof(kvm.allowed));
	for (unsigned int i = 0; i < VCPUS; i++) {
		struct model_vcpu *vcpu = &kvm.vcpus[i];

		vcpu->cnten = vcpu->inten = vcpu->ovs = (uint32_t)UNKNOWN;
		vcpu->sel = UNKNOWN & 0x1f;
		vcpu->ccntr = UNKNOWN;
		for (unsigned int c = 0; c < 31; c++)
			vcpu->evcntr[c] = vcpu->evtyper[c] = (uint32_t)UNKNOWN;
	}
}

static uint32_t valid_mask(void)
{
	return 1u << 31 | ((1ull << kvm.n) - 1);
}

static int note(const char *fmt, int vcpu, const char *what)
{
	snprintf(kvm.calls[kvm.n_calls % ARRAY_SIZE(kvm.calls)], sizeof(kvm.calls[0]), fmt, vcpu,
		 what);
	return kvm.n_calls++ == kvm.fail_at ? -kvm.fail_with : 0;
}

static int set_filter(const struct kvm_pmu_event_filter *filter)
{
	if (filter->base_event + filter->nevents > (int)kvm.n_events || filter->action > 1)
		return -EINVAL;
	if (!kvm.filtered)
		memset(kvm.allowed, filter->action == KVM_PMU_EVENT_DENY, sizeof(kvm.allowed));
	kvm.filtered = true;
	memset(kvm.allowed + filter->base_event, filter->action == KVM_PMU_EVENT_ALLOW,
	       filter->nevents);
	return 0;
}

static int set_attr(struct model_vcpu *vcpu, const struct kvm_device_attr *attr)
{
	const void *value = (const void *)(uintptr_t)attr->addr;

	if (vcpu->created)
		return -EBUSY;
	switch (attr->attr) {
	case KVM_ARM_VCPU_PMU_V3_SET_PMU:
		if (*(const int *)value != NAMED_PMU)
			return -ENXIO;
		if (kvm.filtered)
			return -EBUSY;
		kvm.pmu_set = true;
		kvm.n = kvm.implemented;
		return 0;
	case KVM_ARM_VCPU_PMU_V3_SET_NR_COUNTERS:
		if (!kvm.has_nr_counters)
			return -ENXIO;
		if (!kvm.pmu_set || *(const unsigned int *)value > kvm.implemented)
			return -EINVAL;
		kvm.n = *(const unsigned int *)value;
		return 0;
	case KVM_ARM_VCPU_PMU_V3_FILTER:
		return set_filter(value);
	case KVM_ARM_VCPU_PMU_V3_IRQ:
		if (!kvm.irqchip || vcpu->irq)
			return -EINVAL;
		vcpu->irq = *(const int *)value;
		return 0;
	case KVM_ARM_VCPU_PMU_V3_INIT:
		if (kvm.irqchip && !vcpu->irq)
			return -ENXIO;
		vcpu->created = true;
		return 0;
	}
	return -ENXIO;
}

static const char *attr_name(unsigned int attr)
{
	static const char *const names[] = { "IRQ", "INIT", "FILTER", "SET_PMU", "NR_COUNTERS" };

	return attr < ARRAY_SIZE(names) ? names[attr] : "?";
}

/* The register behind @id: its name, and for the masks whether this is the SET form. */
static void *find_reg(struct model_vcpu *vcpu, uint64_t id, char *name, int *form)
{
	static const struct {
		uint64_t	id;
		const char	*name;
		size_t		offset;
		int		form;	/* 0 plain, 1 SET, 2 CLR */
	} regs[] = {
		{ KVM_SYSREG(3, 3, 9, 12, 0), "PMCR", offsetof(struct model_vcpu, pmcr), 0 },
		{ KVM_SYSREG(3, 3, 9, 12, 1), "CNTENSET", offsetof(struct model_vcpu, cnten), 1 },
		{ KVM_SYSREG(3, 3, 9, 12, 2), "CNTENCLR", offsetof(struct model_vcpu, cnten), 2 },
		{ KVM_SYSREG(3, 0, 9, 14, 1), "INTENSET", offsetof(struct model_vcpu, inten), 1 },
		{ KVM_SYSREG(3, 0, 9, 14, 2), "INTENCLR", offsetof(struct model_vcpu, inten), 2 },
		{ KVM_SYSREG(3, 3, 9, 14, 3), "OVSSET", offsetof(struct model_vcpu, ovs), 1 },
		{ KVM_SYSREG(3, 3, 9, 12, 3), "OVSCLR", offsetof(struct model_vcpu, ovs), 2 },
		{ KVM_SYSREG(3, 3, 9, 12, 5), "SEL", offsetof(struct model_vcpu, sel), 0 },
		{ KVM_SYSREG(3, 3, 9, 13, 0), "CCNTR", offsetof(struct model_vcpu, ccntr), 0 },
		{ KVM_SYSREG(3, 3, 14, 15, 7), "CCFILTR", offsetof(struct model_vcpu, ccfiltr), 0 },
		{ KVM_SYSREG(3, 3, 9, 14, 0), "USERENR", offsetof(struct model_vcpu, userenr), 0 },
	};

	*form = 0;
	for (size_t i = 0; i < ARRAY_SIZE(regs); i++) {
		if (regs[i].id == id) {
			strcpy(name, regs[i].name);
			*form = regs[i].form;
			return (char *)vcpu + regs[i].offset;
		}
	}
	for (unsigned int c = 0; c < 31; c++) {
		if (id == KVM_SYSREG(3, 3, 14, 8 + c / 8, c % 8)) {
			sprintf(name, "EVCNTR%u", c);
			return &vcpu->evcntr[c];
		}
		if (id == KVM_SYSREG(3, 3, 14, 12 + c / 8, c % 8)) {
			sprintf(name, "EVTYPER%u", c);
			return &vcpu->evtyper[c];
		}
	}
	return NULL;
}

static void write_mask(uint32_t *mask, int form, uint64_t value)
{
	value &= valid_mask();
	if (kvm.assigns)
		*mask = value;
	else if (form == 1)
		*mask |= value;
	else
		*mask &= ~value;
}

static int one_reg(struct model_vcpu *vcpu, const struct kvm_one_reg *one, bool write)
{
	char name[16], call[24];
	int form, ret;
	uint64_t *value = (uint64_t *)(uintptr_t)one->addr, n;
	void *reg = find_reg(vcpu, one->id, name, &form);

	if (!reg)
		return -ENOENT;
	snprintf(call, sizeof(call), "%s%s", write ? "=" : "?", name);
	ret = note("%d%s", (int)(vcpu - kvm.vcpus), call);
	if (ret < 0)
		return ret;
	if (reg == &vcpu->pmcr) {
		if (!write) {
			*value = (vcpu->pmcr & 0xff) | (uint64_t)kvm.n << N_SHIFT;
			return 0;
		}
		n = *value >> N_SHIFT & 0x1f;
		if (n <= kvm.implemented && !kvm.ignores_n)
			kvm.n = n;
		vcpu->pmcr = *value & 0xff;
	} else if (form) {
		if (write)
			write_mask(reg, form, *value);
		else
			*value = *(uint32_t *)reg & valid_mask();
	} else if (reg == &vcpu->sel) {
		if (write)
			vcpu->sel = *value;
		else
			*value = vcpu->sel;
	} else if (!write) {
		*value = *(uint64_t *)reg;
	} else if (kvm.sticky < 0 || reg != &vcpu->evcntr[kvm.sticky]) {
		*(uint64_t *)reg = *value;
	}
	return 0;
}

/* In place of vmm/kvm.c. */
int kvm_ioctl(int fd, unsigned long request, void *arg)
{
	const struct kvm_device_attr *attr = arg;
	struct model_vcpu *vcpu = &kvm.vcpus[fd - FIRST_FD];
	char call[24];
	int ret;

	assert_in_range(fd, FIRST_FD, FIRST_FD + VCPUS - 1);
	switch (request) {
	case KVM_GET_ONE_REG:
	case KVM_SET_ONE_REG:
		return one_reg(vcpu, arg, request == KVM_SET_ONE_REG);
	case KVM_HAS_DEVICE_ATTR:
		assert_int_equal(attr->group, KVM_ARM_VCPU_PMU_V3_CTRL);
		snprintf(call, sizeof(call), "has %s", attr_name(attr->attr));
		ret = note("%d %s", fd - FIRST_FD, call);
		return ret < 0 ? ret : kvm.has_nr_counters ? 0 : -ENXIO;
	case KVM_SET_DEVICE_ATTR:
		assert_int_equal(attr->group, KVM_ARM_VCPU_PMU_V3_CTRL);
		ret = note("%d %s", fd - FIRST_FD, attr_name(attr->attr));
		return ret < 0 ? ret : set_attr(vcpu, attr);
	}
	fail_msg("unexpected ioctl 0x%lx", request);
	return -ENOTTY;
}

int kvm_ioctl_value(int fd, unsigned long request, unsigned long arg)
{
	return kvm_ioctl(fd, request, (void *)arg);
}

static const int fds[VCPUS] = { FIRST_FD, FIRST_FD + 1, FIRST_FD + 2 };

static struct pmu_plan emulated(int counters)
{
	return (struct pmu_plan) {
		.mode		= PMU_EMULATED,
		.choose		= true,
		.type		= NAMED_PMU,
		.name		= "armv8_pmuv3_0",
		.counters	= counters,
		.intid		= 23,
	};
}

static int setup(const struct pmu_plan *plan, unsigned int *counters, struct error *err)
{
	return pmu_setup(plan, fds, VCPUS, kvm.irqchip, counters, err);
}

/* Check the calls from the @first on against @expected; returns the next. */
static unsigned int expect_calls(unsigned int first, const char *const *expected)
{
	for (; *expected; first++, expected++) {
		assert_true(first < kvm.n_calls);
		assert_string_equal(kvm.calls[first], *expected);
	}
	return first;
}

static void expect_cleared(unsigned int counters)
{
	for (unsigned int i = 0; i < VCPUS; i++) {
		const struct model_vcpu *vcpu = &kvm.vcpus[i];

		assert_true(vcpu->created);
		assert_int_equal(vcpu->cnten & valid_mask(), 0);
		assert_int_equal(vcpu->inten & valid_mask(), 0);
		assert_int_equal(vcpu->ovs & valid_mask(), 0);
		assert_int_equal(vcpu->sel, 0);
		assert_true(vcpu->ccntr == 0);
		assert_true(vcpu->ccfiltr == 0);
		assert_true(vcpu->userenr == 0);
		for (unsigned int c = 0; c < counters; c++) {
			assert_true(vcpu->evcntr[c] == 0);
			assert_true(vcpu->evtyper[c] == 0);
		}
	}
}

static void test_order(void **state)
{
	static const char *const once[] = {
		"0 SET_PMU", "0?PMCR", "0 has NR_COUNTERS", "0=PMCR", "0?PMCR",
		"0 FILTER", "0 FILTER",
		"0 IRQ", "0 INIT", "1 IRQ", "1 INIT", "2 IRQ", "2 INIT",
		"0=CNTENCLR", "0=CNTENSET", "0?CNTENSET",
		"0=INTENCLR", "0=INTENSET", "0?INTENSET",
		"0=OVSCLR", "0=OVSSET", "0?OVSSET",
		"0=SEL", "0?SEL", "0=CCNTR", "0?CCNTR",
		"0=EVTYPER0", "0?EVTYPER0", "0=EVCNTR0", "0?EVCNTR0",
		"0=EVTYPER1", "0?EVTYPER1", "0=EVCNTR1", "0?EVCNTR1",
		"1=CNTENCLR", "1=CNTENSET", "1=INTENCLR", "1=INTENSET", "1=OVSCLR", "1=OVSSET",
		"1=SEL", "1=CCNTR", "1=EVTYPER0", "1=EVCNTR0", "1=EVTYPER1", "1=EVCNTR1",
		"2=CNTENCLR", "2=CNTENSET", "2=INTENCLR", "2=INTENSET", "2=OVSCLR", "2=OVSSET",
		"2=SEL", "2=CCNTR", "2=EVTYPER0", "2=EVCNTR0", "2=EVTYPER1", "2=EVCNTR1",
		NULL
	};
	struct pmu_plan plan = emulated(2);
	unsigned int counters;
	struct error err;

	plan.filter.n = 2;
	plan.filter.ranges[0] = (struct pmu_range) { 0x10, 5 };
	plan.filter.ranges[1] = (struct pmu_range) { 0x40, 1 };
	model_reset(6);
	assert_done(setup(&plan, &counters, &err), &err);
	assert_int_equal(expect_calls(0, once), kvm.n_calls);
	assert_int_equal(counters, 2);
}

/* All counters of a PMU are what KVM gives unasked: nothing is written. */
static void test_all_counters(void **state)
{
	static const char *const once[] = { "0 SET_PMU", "0?PMCR", "0 IRQ", NULL };
	static const int asked[] = { PMU_COUNTERS_DEFAULT, PMU_COUNTERS_MAX, 6 };

	for (size_t i = 0; i < ARRAY_SIZE(asked); i++) {
		struct pmu_plan plan = emulated(asked[i]);
		unsigned int counters;
		struct error err;

		model_reset(6);
		assert_done(setup(&plan, &counters, &err), &err);
		expect_calls(0, once);
		assert_int_equal(counters, 6);
		assert_int_equal(kvm.n, 6);
		expect_cleared(6);
	}
}

/* Old and new kernels, each number of counters there may be. */
static void test_counters(void **state)
{
	static const struct {
		unsigned int	implemented;
		int		asked;
		unsigned int	got;
	} rows[] = {
		{ 0, PMU_COUNTERS_DEFAULT, 0 }, { 6, 0, 0 }, { 6, 1, 1 }, { 6, 5, 5 },
		{ 20, PMU_COUNTERS_DEFAULT, 20 }, { 20, 19, 19 }, { 31, PMU_COUNTERS_MAX, 31 },
		{ 31, 30, 30 },
	};

	for (size_t i = 0; i < 4 * ARRAY_SIZE(rows); i++) {
		unsigned int row = i / 4, counters;
		struct pmu_plan plan = emulated(rows[row].asked);
		struct error err;

		model_reset(rows[row].implemented);
		kvm.assigns = i & 1;
		kvm.has_nr_counters = i & 2;
		assert_done(setup(&plan, &counters, &err), &err);
		assert_int_equal(counters, rows[row].got);
		assert_int_equal(kvm.n, rows[row].got);
		for (unsigned int v = 0; v < VCPUS; v++)
			assert_int_equal(kvm.vcpus[v].irq, 23);
		expect_cleared(rows[row].got);
	}
}

static void test_attribute_preferred(void **state)
{
	static const char *const once[] = {
		"0 SET_PMU", "0?PMCR", "0 has NR_COUNTERS", "0 NR_COUNTERS", "0?PMCR", "0 IRQ", NULL
	};
	struct pmu_plan plan = emulated(3);
	unsigned int counters;
	struct error err;

	model_reset(6);
	kvm.has_nr_counters = true;
	assert_done(setup(&plan, &counters, &err), &err);
	expect_calls(0, once);
	assert_int_equal(kvm.n, 3);
}

/* KVM's own choice of PMU: no SET_PMU, and so no attribute that wants one. */
static void test_default_pmu(void **state)
{
	static const char *const once[] = { "0?PMCR", "0=PMCR", "0?PMCR", "0 IRQ", NULL };
	struct pmu_plan plan = emulated(3);
	unsigned int counters;
	struct error err;

	plan.choose = false;
	model_reset(6);
	kvm.has_nr_counters = true;
	assert_done(setup(&plan, &counters, &err), &err);
	expect_calls(0, once);
	assert_int_equal(kvm.n, 3);
}

static void test_counters_refused(void **state)
{
	struct pmu_plan plan = emulated(7);
	unsigned int counters;
	struct error err;

	model_reset(6);
	assert_error(setup(&plan, &counters, &err), &err, TALLY_EXIT_USAGE,
		     "--pmu-counters: 7 event counters asked for, this host offers 6");
	assert_int_equal(kvm.n_calls, 2);

	plan = emulated(3);
	model_reset(6);
	kvm.ignores_n = true;
	assert_error(setup(&plan, &counters, &err), &err, TALLY_EXIT_UNAVAILABLE,
		     "asked for 3, PMCR_EL0.N is 6");
	assert_false(kvm.vcpus[0].created);
}

static void test_filter(void **state)
{
	static const uint16_t events[] = { 0, 0x0f, 0x10, 0x14, 0x15, 0x3fff, 0x4000, 0xffff };
	static const uint8_t within[] = { 0, 0, 1, 1, 0, 0, 1, 0 };

	for (int allow = 0; allow < 2; allow++) {
		struct pmu_plan plan = emulated(PMU_COUNTERS_DEFAULT);
		unsigned int counters;
		struct error err;

		plan.filter.allow = allow;
		plan.filter.n = 2;
		plan.filter.ranges[0] = (struct pmu_range) { 0x10, 5 };
		plan.filter.ranges[1] = (struct pmu_range) { 0x4000, 1 };
		model_reset(6);
		assert_done(setup(&plan, &counters, &err), &err);
		for (size_t i = 0; i < ARRAY_SIZE(events); i++)
			assert_int_equal(kvm.allowed[events[i]], within[i] == allow);
	}
}

static void test_filter_too_wide(void **state)
{
	struct pmu_plan plan = emulated(PMU_COUNTERS_DEFAULT);
	unsigned int counters;
	struct error err;

	plan.filter.n = 1;
	plan.filter.ranges[0] = (struct pmu_range) { 0x3f0, 0x20 };
	model_reset(6);
	kvm.n_events = 1024;
	assert_error(setup(&plan, &counters, &err), &err, TALLY_EXIT_UNAVAILABLE,
		     "--pmu-filter: this host's PMU has no event numbers as high as 0x40f");
}

/* Without a GIC in the kernel no interrupt may be named. */
static void test_user_irqchip(void **state)
{
	static const char *const once[] = {
		"0 SET_PMU", "0?PMCR", "0 INIT", "1 INIT", "2 INIT", "0=CNTENCLR", NULL
	};
	struct pmu_plan plan = emulated(PMU_COUNTERS_DEFAULT);
	unsigned int counters;
	struct error err;

	model_reset(6);
	kvm.irqchip = false;
	assert_done(setup(&plan, &counters, &err), &err);
	expect_calls(0, once);
	expect_cleared(6);
}

static void test_no_pmu(void **state)
{
	struct pmu_plan plan = { .mode = PMU_NONE };
	unsigned int counters = 99;
	struct error err;

	model_reset(6);
	assert_done(setup(&plan, &counters, &err), &err);
	assert_int_equal(kvm.n_calls, 0);
	assert_int_equal(counters, 0);
}

/* What the error must say when the call is the one that fails. */
static const char *part_for(const char *call)
{
	static const struct {
		const char	*call;
		const char	*part;
	} parts[] = {
		{ " SET_PMU", "KVM_ARM_VCPU_PMU_V3_SET_PMU, armv8_pmuv3_0 (type 10)" },
		{ " NR_COUNTERS", "KVM_ARM_VCPU_PMU_V3_SET_NR_COUNTERS" },
		{ " FILTER", "KVM_ARM_VCPU_PMU_V3_FILTER, 0x10-0x14" },
		{ " IRQ", "KVM_ARM_VCPU_PMU_V3_IRQ, INTID 23" },
		{ " INIT", "KVM_ARM_VCPU_PMU_V3_INIT" },
		{ "?PMCR", "reading PMCR_EL0" },
		{ "=PMCR", "writing PMCR_EL0" },
		{ "=CNTEN", "writing PMCNTENSET_EL0" },
		{ "?CNTEN", "reading PMCNTENSET_EL0" },
		{ "=INTEN", "writing PMINTENSET_EL1" },
		{ "?INTEN", "reading PMINTENSET_EL1" },
		{ "=OVS", "writing PMOVSSET_EL0" },
		{ "?OVS", "reading PMOVSSET_EL0" },
		{ "=SEL", "writing PMSELR_EL0" },
		{ "?SEL", "reading PMSELR_EL0" },
		{ "=CCNTR", "writing PMCCNTR_EL0" },
		{ "?CCNTR", "reading PMCCNTR_EL0" },
		{ "=EVTYPER0", "writing PMEVTYPER0_EL0" },
		{ "?EVTYPER0", "reading PMEVTYPER0_EL0" },
		{ "=EVCNTR1", "writing PMEVCNTR1_EL0" },
		{ "?EVCNTR1", "reading PMEVCNTR1_EL0" },
		{ "EV", "ing PMEV" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		if (strstr(call, parts[i].call))
			return parts[i].part;
	}
	fail_msg("no text for %s", call);
	return "";
}

/* Each call fails once; the error names it and its errno, and nothing follows. */
static void test_each_call_fails(void **state)
{
	for (int attribute = 0; attribute < 2; attribute++) {
		struct pmu_plan plan = emulated(2);
		unsigned int counters, total;
		char calls[512][48];
		struct error err;

		plan.filter.n = 1;
		plan.filter.ranges[0] = (struct pmu_range) { 0x10, 5 };
		model_reset(6);
		kvm.has_nr_counters = attribute;
		assert_done(setup(&plan, &counters, &err), &err);
		total = kvm.n_calls;
		assert_in_range(total, 40, ARRAY_SIZE(calls) - 1);
		memcpy(calls, kvm.calls, sizeof(calls));

		for (unsigned int i = 0; i < total; i++) {
			int ret;

			model_reset(6);
			kvm.has_nr_counters = attribute;
			kvm.fail_at = i;
			kvm.fail_with = EDOM;
			if (strstr(calls[i], "has "))
				continue;	/* a "no", not a failure */
			ret = setup(&plan, &counters, &err);
			assert_int_equal(ret, -EDOM);
			assert_error(ret, &err, TALLY_EXIT_SOFTWARE, part_for(calls[i]));
			assert_non_null(strstr(err.text, strerror(EDOM)));
			assert_int_equal(kvm.n_calls, i + 1);
		}
	}
}

/* A register that keeps what it had is noticed, by name. */
static void test_register_that_does_not_take(void **state)
{
	struct pmu_plan plan = emulated(PMU_COUNTERS_DEFAULT);
	unsigned int counters;
	struct error err;

	model_reset(31);
	kvm.sticky = 17;
	assert_error(setup(&plan, &counters, &err), &err, TALLY_EXIT_SOFTWARE,
		     "clearing PMEVCNTR17_EL0: KVM left 0xdbadc0de in it");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_all_counters),
		cmocka_unit_test(test_counters),
		cmocka_unit_test(test_attribute_preferred),
		cmocka_unit_test(test_default_pmu),
		cmocka_unit_test(test_counters_refused),
		cmocka_unit_test(test_filter),
		cmocka_unit_test(test_filter_too_wide),
		cmocka_unit_test(test_user_irqchip),
		cmocka_unit_test(test_no_pmu),
		cmocka_unit_test(test_each_call_fails),
		cmocka_unit_test(test_register_that_does_not_take),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: GPL-2.0-only
/* The PMU's set-up: the order of its calls, old kernels and new ones, every call failing. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "fake_kvm.h"
#include "kvm.h"
#include "parts.h"
#include "pmu.h"
#include "unit.h"

#define VCPUS		3
#define PMU_TYPE	8	/* one that the fake has */

/* No command line here; in place of vmm/parts.c, which would bring in every device. */
const struct option_group *option_group(size_t i)
{
	return NULL;
}

static int vcpu_fds[VCPUS];
static unsigned int first_call;	/* of pmu_setup() */

static int done(int ret)
{
	assert_true(ret >= 0);
	return ret;
}

/* As far as a machine is when the PMU's turn comes. */
static void machine_ready(unsigned int counters, bool irqchip)
{
	struct kvm_create_device gic = { .type = KVM_DEV_TYPE_ARM_VGIC_V3 };
	struct kvm_vcpu_init init = { 0 };
	int vm_fd;

	fake_kvm_reset();
	fake_kvm.settings.pmu_counters = counters;
	vm_fd = done(kvm_ioctl_value(done(kvm_open()), KVM_CREATE_VM, 0));
	done(kvm_ioctl(vm_fd, KVM_ARM_PREFERRED_TARGET, &init));
	init.features[0] = 1u << KVM_ARM_VCPU_PMU_V3;
	for (unsigned int i = 0; i < VCPUS; i++) {
		vcpu_fds[i] = done(kvm_ioctl_value(vm_fd, KVM_CREATE_VCPU, i));
		done(kvm_ioctl(vcpu_fds[i], KVM_ARM_VCPU_INIT, &init));
	}
	if (irqchip) {
		done(kvm_ioctl(vm_fd, KVM_CREATE_DEVICE, &gic));
		done(kvm_set_attr(gic.fd, KVM_DEV_ARM_VGIC_GRP_CTRL, KVM_DEV_ARM_VGIC_CTRL_INIT,
				  NULL));
	}
	first_call = fake_kvm.n_calls;
}

static unsigned int n_calls(void)
{
	return fake_kvm.n_calls - first_call;
}

static const struct {
	uint64_t	id;
	const char	*name;
} regs[] = {
	{ KVM_SYSREG(3, 3, 9, 12, 0), "PMCR" },
	{ KVM_SYSREG(3, 3, 9, 12, 1), "CNTENSET" },
	{ KVM_SYSREG(3, 3, 9, 12, 2), "CNTENCLR" },
	{ KVM_SYSREG(3, 0, 9, 14, 1), "INTENSET" },
	{ KVM_SYSREG(3, 0, 9, 14, 2), "INTENCLR" },
	{ KVM_SYSREG(3, 3, 9, 14, 3), "OVSSET" },
	{ KVM_SYSREG(3, 3, 9, 12, 3), "OVSCLR" },
	{ KVM_SYSREG(3, 3, 9, 12, 5), "SEL" },
	{ KVM_SYSREG(3, 3, 9, 13, 0), "CCNTR" },
	{ KVM_SYSREG(3, 3, 14, 15, 7), "CCFILTR" },
	{ KVM_SYSREG(3, 3, 9, 14, 0), "USERENR" },
};

static uint64_t evcntr(unsigned int n)
{
	return KVM_SYSREG(3, 3, 14, 8 + n / 8, n % 8);
}

static uint64_t evtyper(unsigned int n)
{
	return KVM_SYSREG(3, 3, 14, 12 + n / 8, n % 8);
}

static const char *reg_name(uint64_t id, char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(regs); i++) {
		if (regs[i].id == id)
			return regs[i].name;
	}
	for (unsigned int n = 0; n < 31; n++) {
		if (id == evcntr(n) || id == evtyper(n)) {
			sprintf(name, "%s%u", id == evcntr(n) ? "EVCNTR" : "EVTYPER", n);
			return name;
		}
	}
	return "another register";
}

/* Call @i of pmu_setup() as "vCPU ATTRIBUTE", "vCPU=REGISTER" (write) or "vCPU?REGISTER" (read). */
static const char *call_text(unsigned int i)
{
	static const char *const attrs[] = { "IRQ", "INIT", "FILTER", "SET_PMU", "NR_COUNTERS",
					      "PARTITION" };
	const struct fake_call *call = &fake_kvm.calls[first_call + i];
	static char text[64];
	char name[16];

	if (call->request == KVM_GET_ONE_REG || call->request == KVM_SET_ONE_REG)
		snprintf(text, sizeof(text), "%u%c%s", call->vcpu,
			 call->request == KVM_GET_ONE_REG ? '?' : '=', reg_name(call->a, name));
	else if (call->a == KVM_ARM_VCPU_PMU_V3_CTRL && call->b < ARRAY_SIZE(attrs))
		snprintf(text, sizeof(text), "%u%s %s", call->vcpu,
			 call->request == KVM_HAS_DEVICE_ATTR ? " has" : "", attrs[call->b]);
	else
		snprintf(text, sizeof(text), "%s", call->name);
	return text;
}

static struct pmu_plan emulated(int counters)
{
	return (struct pmu_plan) {
		.mode		= PMU_EMULATED,
		.choose		= true,
		.type		= PMU_TYPE,
		.name		= "armv8_pmuv3_0",
		.counters	= counters,
		.intid		= 23,
	};
}

static int setup(const struct pmu_plan *plan, unsigned int *counters, struct error *err)
{
	return pmu_setup(plan, vcpu_fds, VCPUS, true, counters, err);
}

/* The first calls are these; returns how many. */
static unsigned int expect_calls(const char *const *expected)
{
	unsigned int i;

	for (i = 0; expected[i]; i++) {
		assert_true(i < n_calls());
		assert_string_equal(call_text(i), expected[i]);
	}
	return i;
}

static unsigned int visible_counters(void)
{
	return fake_kvm_reg(0, KVM_SYSREG(3, 3, 9, 12, 0)) >> 11 & 0x1f;
}

/* Every register that a guest with @counters sees, but for PMCR_EL0, is 0 on every vCPU. */
static void expect_cleared(unsigned int counters)
{
	for (unsigned int vcpu = 0; vcpu < VCPUS; vcpu++) {
		for (size_t i = 1; i < ARRAY_SIZE(regs); i++)
			assert_int_equal(fake_kvm_reg(vcpu, regs[i].id), 0);
		for (unsigned int n = 0; n < counters; n++) {
			assert_int_equal(fake_kvm_reg(vcpu, evcntr(n)), 0);
			assert_int_equal(fake_kvm_reg(vcpu, evtyper(n)), 0);
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
	machine_ready(6, true);
	assert_done(setup(&plan, &counters, &err), &err);
	assert_int_equal(expect_calls(once), n_calls());
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

		machine_ready(6, true);
		assert_done(setup(&plan, &counters, &err), &err);
		expect_calls(once);
		assert_int_equal(counters, 6);
		assert_int_equal(visible_counters(), 6);
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

		machine_ready(rows[row].implemented, true);
		fake_kvm.settings.pmu_masks_assign = i & 1;
		fake_kvm.settings.pmu_counters_attr = i & 2;
		assert_done(setup(&plan, &counters, &err), &err);
		assert_int_equal(counters, rows[row].got);
		assert_int_equal(visible_counters(), rows[row].got);
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

	machine_ready(6, true);
	fake_kvm.settings.pmu_counters_attr = true;
	assert_done(setup(&plan, &counters, &err), &err);
	expect_calls(once);
	assert_int_equal(visible_counters(), 3);
}

/* KVM's own choice of PMU: no SET_PMU, and so no attribute that wants one. */
static void test_default_pmu(void **state)
{
	static const char *const once[] = { "0?PMCR", "0=PMCR", "0?PMCR", "0 IRQ", NULL };
	struct pmu_plan plan = emulated(3);
	unsigned int counters;
	struct error err;

	plan.choose = false;
	machine_ready(6, true);
	fake_kvm.settings.pmu_counters_attr = true;
	assert_done(setup(&plan, &counters, &err), &err);
	expect_calls(once);
	assert_int_equal(visible_counters(), 3);
}

static void test_arguments(void **state)
{
	struct pmu_plan plan = emulated(PMU_COUNTERS_DEFAULT);
	unsigned int counters, irqs = 0, pmus = 0;
	struct error err;

	plan.intid = 24;
	machine_ready(6, true);
	assert_done(setup(&plan, &counters, &err), &err);
	for (unsigned int i = first_call; i < fake_kvm.n_calls; i++) {
		const struct fake_call *call = &fake_kvm.calls[i];

		assert_int_equal(call->ret, 0);
		if (call->request != KVM_SET_DEVICE_ATTR)
			continue;
		if (call->b == KVM_ARM_VCPU_PMU_V3_IRQ && call->c == 24)
			irqs++;
		if (call->b == KVM_ARM_VCPU_PMU_V3_SET_PMU && call->c == PMU_TYPE)
			pmus++;
	}
	assert_int_equal(irqs, VCPUS);
	assert_int_equal(pmus, 1);
}

static void test_counters_refused(void **state)
{
	struct pmu_plan plan = emulated(7);
	unsigned int counters;
	struct error err;

	machine_ready(6, true);
	assert_error(setup(&plan, &counters, &err), &err, TALLY_EXIT_USAGE,
		     "--pmu-counters: 7 event counters asked for, this host offers 6");
	assert_int_equal(n_calls(), 2);

	plan = emulated(3);
	machine_ready(6, true);
	fake_kvm.settings.pmu_counters_fixed = true;
	assert_error(setup(&plan, &counters, &err), &err, TALLY_EXIT_UNAVAILABLE,
		     "asked for 3, PMCR_EL0.N is 6");
	assert_int_equal(n_calls(), 5);
}

/* Each range is one call, with the action on every one: the first sets what the rest get. */
static void test_filter(void **state)
{
	for (int allow = 0; allow < 2; allow++) {
		struct pmu_plan plan = emulated(PMU_COUNTERS_DEFAULT);
		unsigned int counters, seen = 0;
		struct error err;

		plan.filter.allow = allow;
		plan.filter.n = 2;
		plan.filter.ranges[0] = (struct pmu_range) { 0x10, 5 };
		plan.filter.ranges[1] = (struct pmu_range) { 0x4000, 0xb000 };
		machine_ready(6, true);
		assert_done(setup(&plan, &counters, &err), &err);
		for (unsigned int i = first_call; i < fake_kvm.n_calls; i++) {
			const struct fake_call *call = &fake_kvm.calls[i];
			struct kvm_pmu_event_filter filter;

			if (call->request != KVM_SET_DEVICE_ATTR ||
			    call->b != KVM_ARM_VCPU_PMU_V3_FILTER)
				continue;
			memcpy(&filter, &call->c, sizeof(filter));
			assert_true(seen < plan.filter.n);
			assert_int_equal(filter.base_event, plan.filter.ranges[seen].first);
			assert_int_equal(filter.nevents, plan.filter.ranges[seen].count);
			assert_int_equal(filter.action, allow ? KVM_PMU_EVENT_ALLOW :
							       KVM_PMU_EVENT_DENY);
			seen++;
		}
		assert_int_equal(seen, plan.filter.n);
	}
}

static void test_filter_too_wide(void **state)
{
	struct pmu_plan plan = emulated(PMU_COUNTERS_DEFAULT);
	unsigned int counters;
	struct error err;

	plan.filter.n = 1;
	plan.filter.ranges[0] = (struct pmu_range) { 0x3f0, 0x20 };
	machine_ready(6, true);
	fake_kvm.settings.pmu_events = 1024;
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

	machine_ready(6, false);
	assert_done(pmu_setup(&plan, vcpu_fds, VCPUS, false, &counters, &err), &err);
	expect_calls(once);
	expect_cleared(6);
}

/* The partition comes after the PMU that it is a part of, and before the number. */
static void test_partition(void **state)
{
	static const char *const once[] = {
		"0 SET_PMU", "0 PARTITION", "0?PMCR", "0 has NR_COUNTERS", "0 NR_COUNTERS",
		"0?PMCR", "0 IRQ", NULL
	};
	struct pmu_plan plan = emulated(PMU_COUNTERS_DEFAULT);
	unsigned int counters;
	struct error err;

	plan.mode = PMU_PARTITIONED;
	machine_ready(6, true);
	fake_kvm.settings.pmu_counters_attr = true;
	assert_done(setup(&plan, &counters, &err), &err);
	expect_calls(once);
	assert_int_equal(counters, 4);
	assert_int_equal(fake_kvm.calls[first_call + 1].c, 1);

	machine_ready(6, true);
	fake_kvm.fail_at = first_call + 2;
	fake_kvm.fail_errno = EOPNOTSUPP;
	assert_error(setup(&plan, &counters, &err), &err, TALLY_EXIT_SOFTWARE,
		     "KVM_ARM_VCPU_PMU_V3_ENABLE_PARTITION");
	assert_int_equal(n_calls(), 2);
}

static void test_no_pmu(void **state)
{
	struct pmu_plan plan = { .mode = PMU_NONE };
	unsigned int counters = 99;
	struct error err;

	machine_ready(6, true);
	assert_done(setup(&plan, &counters, &err), &err);
	assert_int_equal(n_calls(), 0);
	assert_int_equal(counters, 0);
}

/* What the error must say when the call is the one that fails. */
static const char *part_for(const char *call)
{
	static const struct {
		const char	*call;
		const char	*part;
	} parts[] = {
		{ " SET_PMU", "KVM_ARM_VCPU_PMU_V3_SET_PMU, armv8_pmuv3_0 (type 8)" },
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
	struct pmu_plan plan = emulated(2);
	unsigned int counters, total;
	char calls[128][32];
	struct error err;

	plan.filter.n = 1;
	plan.filter.ranges[0] = (struct pmu_range) { 0x10, 5 };
	for (int attribute = 0; attribute < 2; attribute++) {
		machine_ready(6, true);
		fake_kvm.settings.pmu_counters_attr = attribute;
		assert_done(setup(&plan, &counters, &err), &err);
		total = n_calls();
		assert_in_range(total, 40, ARRAY_SIZE(calls));
		for (unsigned int i = 0; i < total; i++)
			snprintf(calls[i], sizeof(calls[i]), "%s", call_text(i));

		for (unsigned int i = 0; i < total; i++) {
			int ret;

			machine_ready(6, true);
			fake_kvm.settings.pmu_counters_attr = attribute;
			fake_kvm.fail_at = first_call + i + 1;
			fake_kvm.fail_errno = EDOM;
			ret = setup(&plan, &counters, &err);
			if (strstr(calls[i], " has ")) {
				/* A "no", not a failure: the other way is taken. */
				assert_done(ret, &err);
				assert_int_equal(visible_counters(), 2);
				continue;
			}
			assert_int_equal(ret, -EDOM);
			assert_error(ret, &err, TALLY_EXIT_SOFTWARE, part_for(calls[i]));
			assert_non_null(strstr(err.text, strerror(EDOM)));
			assert_int_equal(n_calls(), i + 1);
		}
	}
}

/* A register that keeps what it had is noticed, by name. */
static void test_register_that_does_not_take(void **state)
{
	struct pmu_plan plan = emulated(PMU_COUNTERS_DEFAULT);
	unsigned int counters;
	struct error err;

	machine_ready(31, true);
	fake_kvm.settings.lost_reg = evcntr(17);
	assert_error(setup(&plan, &counters, &err), &err, TALLY_EXIT_SOFTWARE,
		     "clearing PMEVCNTR17_EL0: KVM left 0x1de7ec7edbadc0de in it");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_all_counters),
		cmocka_unit_test(test_counters),
		cmocka_unit_test(test_attribute_preferred),
		cmocka_unit_test(test_default_pmu),
		cmocka_unit_test(test_arguments),
		cmocka_unit_test(test_counters_refused),
		cmocka_unit_test(test_filter),
		cmocka_unit_test(test_filter_too_wide),
		cmocka_unit_test(test_user_irqchip),
		cmocka_unit_test(test_partition),
		cmocka_unit_test(test_no_pmu),
		cmocka_unit_test(test_each_call_fails),
		cmocka_unit_test(test_register_that_does_not_take),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

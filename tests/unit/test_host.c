// SPDX-License-Identifier: GPL-2.0-only
/* What a host offers: KVM's answers, the PMUs in sysfs, and what "tally host" prints of it. */
#include <errno.h>
#include <fcntl.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "../../arm64/host_report.h"
#include "fake_kvm.h"
#include "hosts.h"
#include "kvm.h"
#include "parts.h"
#include "pmu.h"
#include "unit.h"

/* No command line here; in place of vmm/parts.c, which would bring in every device. */
const struct option_group *option_group(size_t i)
{
	return NULL;
}

/* In place of libc's: the machine that builds may be any. */
static const char *machine = "aarch64";

int uname(struct utsname *name)
{
	memset(name, 0, sizeof(*name));
	strcpy(name->machine, machine);
	strcpy(name->release, "6.12.117-test");
	return 0;
}

static int fresh(void **state)
{
	fake_kvm_reset();
	machine = "aarch64";
	return 0;
}

static void assert_all_closed(void)
{
	assert_int_equal(fake_kvm.opened, fake_kvm.closed);
	assert_int_equal(fake_kvm.misused, 0);
}

/* Each capability sets its own field and no other. */
static void test_capabilities(void **state)
{
	static const struct {
		unsigned int	caps[2];
		size_t		offset;
	} rows[] = {
		{ { KVM_CAP_ARM_PSCI_0_2 }, offsetof(struct host_caps, psci) },
		{ { KVM_CAP_ARM_SVE }, offsetof(struct host_caps, sve) },
		{ { KVM_CAP_ARM_PTRAUTH_ADDRESS, KVM_CAP_ARM_PTRAUTH_GENERIC },
		  offsetof(struct host_caps, pauth) },
		{ { KVM_CAP_ARM_PTRAUTH_ADDRESS }, SIZE_MAX },
		{ { KVM_CAP_ARM_PTRAUTH_GENERIC }, SIZE_MAX },
		{ { KVM_CAP_ARM_MTE }, offsetof(struct host_caps, mte) },
		{ { KVM_CAP_STEAL_TIME }, offsetof(struct host_caps, steal_time) },
		{ { KVM_CAP_ARM_PMU_V3 }, offsetof(struct host_caps, pmu_v3) },
		{ { KVM_CAP_ARM_PMU_PARTITION }, offsetof(struct host_caps, pmu_partition) },
		{ { KVM_CAP_ARM_PMU_RESERVE }, offsetof(struct host_caps, pmu_reserve) },
		{ { KVM_CAP_COUNTER_OFFSET }, offsetof(struct host_caps, counter_offset) },
		{ { KVM_CAP_ARM_USER_IRQ }, offsetof(struct host_caps, user_irq) },
		{ { KVM_CAP_ARM_TIMER_IRQ_MASK }, offsetof(struct host_caps, timer_irq_mask) },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct host_caps caps;
		struct error err;
		int fd;

		fake_kvm_reset();
		memset(fake_kvm.settings.caps, 0, sizeof(fake_kvm.settings.caps));
		for (size_t c = 0; c < 2 && rows[i].caps[c]; c++)
			fake_kvm_set_cap(rows[i].caps[c], 1);
		assert_done(host_discover(&fd, &caps, true, &err), &err);
		for (size_t r = 0; r < ARRAY_SIZE(rows); r++) {
			if (rows[r].offset != SIZE_MAX)
				assert_int_equal(*(bool *)((char *)&caps + rows[r].offset),
						 rows[r].offset == rows[i].offset);
		}
		kvm_close(fd);
		assert_all_closed();
	}
}

static void test_numbers(void **state)
{
	struct host_caps caps;
	struct error err;
	cpu_set_t mine;
	int fd;

	fake_kvm_set_cap(KVM_CAP_MAX_VCPUS, 200);
	fake_kvm_set_cap(KVM_CAP_ARM_VM_IPA_SIZE, 36);
	assert_done(host_discover(&fd, &caps, false, &err), &err);
	assert_int_equal(caps.max_vcpus, 200);
	assert_int_equal(caps.ipa_bits, 36);
	assert_true(caps.ipa_choice);
	assert_int_equal(sched_getaffinity(0, sizeof(mine), &mine), 0);
	assert_true(CPU_EQUAL(&mine, &caps.allowed));
	kvm_close(fd);

	/* A kernel that does not know the capabilities. */
	memset(fake_kvm.settings.caps, 0, sizeof(fake_kvm.settings.caps));
	fake_kvm_set_cap(KVM_CAP_NR_VCPUS, 4);
	assert_done(host_discover(&fd, &caps, false, &err), &err);
	assert_int_equal(caps.max_vcpus, 4);
	assert_int_equal(caps.ipa_bits, 40);
	assert_false(caps.ipa_choice);
	kvm_close(fd);

	memset(fake_kvm.settings.caps, 0, sizeof(fake_kvm.settings.caps));
	assert_done(host_discover(&fd, &caps, false, &err), &err);
	assert_int_equal(caps.max_vcpus, 1);
	kvm_close(fd);
}

/* A guest without a PMU doesn't pay for the questions. */
static void test_without_pmus(void **state)
{
	static const unsigned int asked[] = {
		KVM_CAP_ARM_PMU_V3, KVM_CAP_ARM_PMU_PARTITION, KVM_CAP_ARM_PMU_RESERVE,
	};
	struct host_caps caps;
	struct error err;
	int fd;

	assert_done(host_discover(&fd, &caps, false, &err), &err);
	assert_false(caps.pmu_v3);
	assert_int_equal(caps.n_pmus, 0);
	for (size_t i = 0; i < ARRAY_SIZE(asked); i++)
		assert_int_equal(fake_kvm_count(KVM_CHECK_EXTENSION, asked[i]), 0);
	assert_int_equal(fake_kvm_count(KVM_CREATE_VM, -1), 0);
	kvm_close(fd);
}

static void test_not_arm64(void **state)
{
	struct host_caps caps;
	struct error err;
	int fd;

	machine = "x86_64";
	assert_error(host_discover(&fd, &caps, true, &err), &err, TALLY_EXIT_UNAVAILABLE,
		     "tally runs guests on arm64 hosts only, this is x86_64");
	assert_int_equal(fake_kvm.n_calls, 0);
}

static void test_kvm_not_there(void **state)
{
	static const struct {
		unsigned int	call;
		int		errnum;
		const char	*text;
	} rows[] = {
		{ 1, ENOENT, "no /dev/kvm: " },
		{ 1, EACCES, "/dev/kvm: Permission denied: only root and members of its group" },
		{ 1, ENODEV, "/dev/kvm: No such device" },
		{ 2, EINVAL, "/dev/kvm: KVM_GET_API_VERSION: Invalid argument" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct host_caps caps;
		struct error err;
		int fd;

		fake_kvm_reset();
		fake_kvm.fail_at = rows[i].call;
		fake_kvm.fail_errno = rows[i].errnum;
		assert_error(host_discover(&fd, &caps, true, &err), &err, TALLY_EXIT_UNAVAILABLE,
			     rows[i].text);
		assert_all_closed();
	}
}

static void test_irqchips(void **state)
{
	for (unsigned int bits = 0; bits < 8; bits++) {
		struct host_caps caps = { 0 };
		int kvm_fd, vm_fd;

		fake_kvm_reset();
		fake_kvm.settings.gicv2 = bits & 1;
		fake_kvm.settings.gicv3 = bits & 2;
		fake_kvm.settings.its = bits & 4;
		kvm_fd = kvm_open();
		vm_fd = kvm_ioctl_value(kvm_fd, KVM_CREATE_VM, 0);
		host_probe_vm(vm_fd, &caps);
		assert_int_equal(caps.irqchip[IRQCHIP_GICV2], !!(bits & 1));
		assert_int_equal(caps.irqchip[IRQCHIP_GICV2M], !!(bits & 1));
		assert_int_equal(caps.irqchip[IRQCHIP_GICV3], !!(bits & 2));
		assert_int_equal(caps.irqchip[IRQCHIP_GICV3_ITS], (bits & 6) == 6);
		assert_false(caps.irqchip[IRQCHIP_USER]);
		assert_false(caps.irqchip[IRQCHIP_AUTO]);
		/* Nothing was created: the two descriptors are the only ones. */
		assert_int_equal(fake_kvm.opened, 2);
		kvm_close(vm_fd);
		kvm_close(kvm_fd);
	}
}

static const char *const hosts[] = {
	"one-pmu", "big-little", "three-kinds", "no-pmu", "no-sysfs", "gicv2", "series", "counters-0",
};

/* What sysfs shows is what the plan's tests use. */
static void test_sysfs(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(hosts); i++) {
		struct host_pmu pmus[HOST_MAX_PMUS];
		const char *sysfs = host_sysfs(hosts[i]);
		struct host_caps caps;
		struct error err;
		unsigned int n = 99;

		host_load(hosts[i], &caps);
		assert_done(host_pmus_read(sysfs, pmus, HOST_MAX_PMUS, &n, &err), &err);
		assert_int_equal(n, caps.n_pmus);
		for (unsigned int p = 0; p < n; p++) {
			assert_string_equal(pmus[p].name, caps.pmus[p].name);
			assert_int_equal(pmus[p].type, caps.pmus[p].type);
			assert_true(CPU_EQUAL(&pmus[p].cpus, &caps.pmus[p].cpus));
			assert_int_equal(pmus[p].counters, -1);
			assert_int_equal(host_pmu_count_events(sysfs, &pmus[p]),
					 caps.pmus[p].events);
		}
	}
}

static void test_sysfs_names(void **state)
{
	struct host_pmu pmus[HOST_MAX_PMUS];
	const char *sysfs = host_sysfs("one-pmu");
	char name[128];
	struct error err;
	unsigned int n;

	/* Apple's has no armv8 name; events may come with units and scales. */
	host_sysfs_write("apple_firestorm_pmu", "cpus", "4-7\n");
	host_sysfs_write("apple_firestorm_pmu", "type", "12\n");
	host_sysfs_write("armv8_pmuv3_0", "events/cpu_cycles.unit", "cycles\n");
	host_sysfs_write("armv8_pmuv3_0", "events/cpu_cycles.scale", "1\n");
	/* Longer than any name the kernel gives. */
	memset(name, 'x', sizeof(name));
	name[100] = '\0';
	host_sysfs_write(name, "cpus", "0\n");

	assert_done(host_pmus_read(sysfs, pmus, HOST_MAX_PMUS, &n, &err), &err);
	assert_int_equal(n, 2);
	assert_string_equal(pmus[0].name, "apple_firestorm_pmu");
	assert_string_equal(pmus[1].name, "armv8_pmuv3_0");
	assert_int_equal(host_pmu_count_events(sysfs, &pmus[0]), 0);
	assert_int_equal(host_pmu_count_events(sysfs, &pmus[1]), 5);
}

static void test_sysfs_absent(void **state)
{
	struct host_pmu pmus[1];
	struct error err;
	unsigned int n = 99;

	assert_done(host_pmus_read(temp_path("nothing-here"), pmus, 1, &n, &err), &err);
	assert_int_equal(n, 0);
	assert_error(host_pmus_read(temp_file("a-file", "x", 1), pmus, 1, &n, &err), &err,
		     TALLY_EXIT_UNAVAILABLE, "a-file: Not a directory");
}

static void test_sysfs_malformed(void **state)
{
	static const struct {
		const char	*file;
		const char	*text;
		const char	*message;
	} rows[] = {
		{ "cpus", "0-\n", "armv8_pmuv3_0/cpus: not a list of CPUs" },
		{ "cpus", "3-0\n", "armv8_pmuv3_0/cpus: not a list of CPUs" },
		{ "cpus", "ff\n", "armv8_pmuv3_0/cpus: not a list of CPUs" },
		{ "cpus", "0-100000\n", "armv8_pmuv3_0/cpus: not a list of CPUs" },
		{ "type", "", "armv8_pmuv3_0/type: not a perf type" },
		{ "type", "ten\n", "armv8_pmuv3_0/type: not a perf type" },
		{ "type", "10x\n", "armv8_pmuv3_0/type: not a perf type" },
		{ "type", "-1\n", "armv8_pmuv3_0/type: not a perf type" },
		{ "type", "4294967296\n", "armv8_pmuv3_0/type: not a perf type" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct host_pmu pmus[HOST_MAX_PMUS];
		const char *sysfs = host_sysfs("one-pmu");
		struct error err;
		unsigned int n;

		host_sysfs_write("armv8_pmuv3_0", rows[i].file, rows[i].text);
		assert_error(host_pmus_read(sysfs, pmus, HOST_MAX_PMUS, &n, &err), &err,
			     TALLY_EXIT_UNAVAILABLE, rows[i].message);
		assert_int_equal(n, 0);
	}
}

static void test_sysfs_too_many(void **state)
{
	struct host_pmu pmus[3];
	const char *sysfs = host_sysfs("three-kinds");
	struct error err;
	unsigned int n;

	assert_done(host_pmus_read(sysfs, pmus, 3, &n, &err), &err);
	assert_int_equal(n, 3);
	assert_error(host_pmus_read(sysfs, pmus, 2, &n, &err), &err, TALLY_EXIT_UNAVAILABLE,
		     "too many CPU PMUs");
}

/* As host_command() does it, but with @host's sysfs. */
static int probe(const char *host, struct host_report *report, struct error *err)
{
	int kvm_fd, ret;

	memset(report, 0, sizeof(*report));
	ret = host_discover(&kvm_fd, &report->caps, true, err);
	if (ret < 0)
		return ret;
	ret = host_pmus_read(host_sysfs(host), report->caps.pmus, HOST_MAX_PMUS,
			     &report->caps.n_pmus, err);
	if (!ret)
		ret = host_report_probe(kvm_fd, host_sysfs(host), report, err);
	kvm_close(kvm_fd);
	return ret;
}

static void test_probe(void **state)
{
	struct host_report report;
	struct error err;

	/* The A53's PMU is one that this KVM takes, the A72's is not. */
	fake_kvm.settings.pmu_types[0] = 7;
	fake_kvm.settings.pmu_types[1] = 0;
	fake_kvm.settings.pmu_counters_attr = true;
	fake_kvm.settings.sve_vls = 0xb;
	fake_kvm_set_cap(KVM_CAP_ARM_SVE, 1);
	assert_done(probe("big-little", &report, &err), &err);
	assert_string_equal(report.kernel, "6.12.117-test");
	assert_string_equal(report.sve_lengths, "128,256,512");
	assert_true(report.pmu_set_counters);
	assert_true(report.caps.irqchip[IRQCHIP_GICV3]);
	assert_int_equal(report.caps.n_pmus, 2);
	assert_string_equal(report.caps.pmus[0].name, "armv8_cortex_a53");
	assert_int_equal(report.pmuver, 6);
	assert_int_equal(report.caps.pmus[0].pmuver, 6);
	assert_int_equal(report.caps.pmus[0].counters, 6);
	assert_int_equal(report.caps.pmus[0].events, 4);
	assert_int_equal(report.caps.pmus[1].counters, -1);
	assert_int_equal(report.caps.pmus[1].events, 3);
	assert_all_closed();
}

/* KVM without PMU and SVE is not asked about them. */
static void test_probe_bare(void **state)
{
	struct host_report report;
	struct error err;

	fake_kvm_set_cap(KVM_CAP_ARM_PMU_V3, 0);
	fake_kvm_set_cap(KVM_CAP_ARM_VM_IPA_SIZE, 36);
	fake_kvm.settings.ipa_bits = 36;
	assert_done(probe("one-pmu", &report, &err), &err);
	assert_string_equal(report.sve_lengths, "");
	assert_int_equal(report.caps.pmus[0].counters, -1);
	assert_int_equal(fake_kvm_count(KVM_ARM_VCPU_INIT, 0), 1);
	assert_int_equal(fake_kvm_count(KVM_GET_ONE_REG, -1), 0);
	/* A host with less than the 40 bits that a plain VM has. */
	assert_int_equal(fake_kvm_count(KVM_CREATE_VM, 36), 1);
	assert_all_closed();
}

/* Whatever fails: no descriptor is left, and either it is an error or a gap in the report. */
static void test_probe_each_call_fails(void **state)
{
	struct host_report report;
	struct error err;
	unsigned int total, errors = 0;

	fake_kvm_set_cap(KVM_CAP_ARM_SVE, 1);
	assert_done(probe("one-pmu", &report, &err), &err);
	total = fake_kvm.n_calls;
	for (unsigned int i = 1; i <= total; i++) {
		int ret;

		fake_kvm_reset();
		fake_kvm_set_cap(KVM_CAP_ARM_SVE, 1);
		fake_kvm.fail_at = i;
		fake_kvm.fail_errno = EDOM;
		ret = probe("one-pmu", &report, &err);
		if (ret < 0) {
			assert_error(ret, &err, TALLY_EXIT_UNAVAILABLE, "/dev/kvm: ");
			assert_non_null(strstr(err.text, strerror(EDOM)));
			errors++;
		}
		assert_all_closed();
	}
	/* open, version, VM, vCPU, preferred target, vCPU's init. */
	assert_int_equal(errors, 6);
}

/* A report of a recorded host, as if it had been probed. */
static void recorded(const char *host, struct host_report *report)
{
	*report = (struct host_report) {
		.kernel		= "6.12.117",
		.pmuver		= 6,
		.timer_hz	= 54000000,
	};
	host_load(host, &report->caps);
	for (unsigned int i = 0; i < report->caps.n_pmus; i++)
		report->caps.pmus[i].pmuver = 6;
	if (report->caps.sve)
		strcpy(report->sve_lengths, "128,256");
}

static char *printed(void (*print)(const struct host_report *, FILE *),
		     const struct host_report *report)
{
	char *text = NULL;
	size_t size;
	FILE *to = open_memstream(&text, &size);

	print(report, to);
	fclose(to);
	return text;
}

static struct json_object *member(struct json_object *object, const char *key)
{
	struct json_object *value = NULL;

	if (!json_object_object_get_ex(object, key, &value)) {
		print_error("no member %s\n", key);
		fail();
	}
	return value;
}

static struct json_object *option_of(struct json_object *report, const char *name)
{
	struct json_object *offers = member(report, "options");

	for (size_t i = 0; i < json_object_array_length(offers); i++) {
		struct json_object *offer = json_object_array_get_idx(offers, i);

		if (!strcmp(json_object_get_string(member(offer, "option")), name))
			return offer;
	}
	fail_msg("no option %s", name);
	return NULL;
}

static void test_json(void **state)
{
	static const char *const bools[] = {
		"psci", "sve", "pointer_authentication", "mte", "steal_time", "gicv2", "gicv3",
		"gicv3_its", "user_irq", "counter_offset", "timer_irq_mask", "pmu_v3",
		"pmu_set_counters", "pmu_partition", "pmu_reserve",
	};
	struct host_report report;
	struct json_object *object, *pmu;
	char *text;

	recorded("three-kinds", &report);
	report.caps.pmus[2].counters = -1;
	text = printed(host_report_json, &report);
	object = json_tokener_parse(text);
	assert_non_null(object);
	for (size_t i = 0; i < ARRAY_SIZE(bools); i++)
		assert_true(json_object_is_type(member(object, bools[i]), json_type_boolean));
	assert_true(json_object_get_boolean(member(object, "mte")));
	assert_false(json_object_get_boolean(member(object, "gicv2")));
	assert_string_equal(json_object_get_string(member(object, "kernel")), "6.12.117");
	assert_string_equal(json_object_get_string(member(object, "cpus")), "0-7");
	assert_string_equal(json_object_get_string(member(object, "sve_lengths")), "128,256");
	assert_int_equal(json_object_get_int(member(object, "max_vcpus")), 512);
	assert_int_equal(json_object_get_int(member(object, "ipa_bits")), 40);
	assert_int_equal(json_object_get_int64(member(object, "timer_frequency")), 54000000);

	assert_int_equal(json_object_array_length(member(object, "pmus")), 3);
	pmu = json_object_array_get_idx(member(object, "pmus"), 1);
	assert_string_equal(json_object_get_string(member(pmu, "name")), "armv9_cortex_a720");
	assert_int_equal(json_object_get_int(member(pmu, "type")), 11);
	assert_string_equal(json_object_get_string(member(pmu, "cpus")), "4-6");
	assert_int_equal(json_object_get_int(member(pmu, "counters")), 20);
	assert_int_equal(json_object_get_int(member(pmu, "events")), 1);
	assert_int_equal(json_object_get_int(member(pmu, "pmuver")), 6);
	assert_string_equal(json_object_get_string(member(pmu, "version")), "PMUv3p5");
	pmu = json_object_array_get_idx(member(object, "pmus"), 2);
	assert_null(member(pmu, "counters"));
	assert_null(member(pmu, "version"));
	json_object_put(object);
	free(text);
}

/* By what a GIC in user space would work. */
static void test_user_gic(void **state)
{
	static const struct { const char *host, *lines; } rows[] = {
		{ "one-pmu", "on line levels alone" }, { "gicv2", "on line levels alone" },
		{ "series", "with line masks" }, { "no-vgic-series", "with line masks" },
		{ "no-vgic", "no" }, { "no-user-irq", "no" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct host_report report;
		struct json_object *object;
		char *text;

		recorded(rows[i].host, &report);
		text = printed(host_report_json, &report);
		object = json_tokener_parse(text);
		assert_string_equal(json_object_get_string(member(object, "user_irqchip")),
				    rows[i].lines);
		json_object_put(object);
		free(text);
	}
}

/* Which options follow, from each recorded host; NULL for available. */
static void test_options_offered(void **state)
{
	static const struct {
		const char	*host;
		const char	*option;
		const char	*reason;
	} rows[] = {
		{ "one-pmu", "--irqchip gicv3", NULL },
		{ "one-pmu", "--irqchip gicv3-its", NULL },
		{ "one-pmu", "--irqchip gicv2", "has no GICv2 for guests" },
		{ "one-pmu", "--irqchip gicv2m", "has no GICv2 for guests" },
		{ "one-pmu", "--irqchip user", NULL },
		{ "no-vgic", "--irqchip user", "without KVM_CAP_ARM_TIMER_IRQ_MASK" },
		{ "no-vgic-series", "--irqchip user", NULL },
		{ "no-user-irq", "--irqchip user", "KVM_CAP_ARM_USER_IRQ is missing" },
		{ "one-pmu", "--sve-max-vl", "no SVE" },
		{ "one-pmu", "--counter-offset", NULL },
		{ "one-pmu", "--pmu=emulated", NULL },
		{ "one-pmu", "--pmu=auto", NULL },
		{ "one-pmu", "--pmu=partitioned", "this host does not offer it: KVM_CAP_ARM_PMU_PARTITION" },
		{ "one-pmu", "--pmu=reserved", "this host does not offer it: its kernel lacks" },
		{ "gicv2", "--irqchip gicv2", NULL },
		{ "gicv2", "--irqchip gicv2m", NULL },
		{ "gicv2", "--irqchip gicv3", "is no GICv3" },
		{ "gicv2", "--irqchip gicv3-its", "is no GICv3, or KVM has no ITS" },
		{ "big-little", "--pmu=emulated", "no single PMU covers the CPUs 0-5" },
		{ "no-pmu", "--pmu=emulated", "offers no guest PMU" },
		{ "no-pmu", "--pmu=auto", "offers no guest PMU" },
		{ "no-pmu", "--counter-offset", "KVM_CAP_COUNTER_OFFSET is missing" },
		{ "series", "--pmu=partitioned", NULL },
		{ "three-kinds", "--sve-max-vl", NULL },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct host_report report;
		struct json_object *object, *offer;
		const char *reason = NULL;
		char *text;

		recorded(rows[i].host, &report);
		text = printed(host_report_json, &report);
		object = json_tokener_parse(text);
		offer = option_of(object, rows[i].option);
		assert_int_equal(json_object_get_boolean(member(offer, "available")),
				 !rows[i].reason);
		if (rows[i].reason) {
			reason = json_object_get_string(member(offer, "reason"));
			assert_non_null(strstr(reason, rows[i].reason));
			/* The option isn't named twice. */
			assert_int_not_equal(reason[0], '-');
		}
		json_object_put(object);
		free(text);
	}
}

static void test_table(void **state)
{
	static const char *const lines[] = {
		"Linux                                      6.12.117\n",
		"SVE vector lengths, bits                   128,256\n",
		"GICv2 in the kernel                        no\n",
		"GICv3 in the kernel                        yes\n",
		"armv9_cortex_a720           11 4-6                20       1  PMUv3p5\n",
		"armv9_cortex_x4             12 7                   -       1  no\n",
		"--irqchip gicv3          yes\n",
		"--irqchip user           yes\n",
		"GIC in user space                          on line levels alone\n",
		"--pmu=partitioned        no: this host does not offer it",
	};
	struct host_report report;
	char *text;

	recorded("three-kinds", &report);
	report.caps.pmus[2].counters = -1;
	text = printed(host_report_table, &report);
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		if (!strstr(text, lines[i])) {
			print_error("%s\nlacks: %s", text, lines[i]);
			fail();
		}
	}
	free(text);

	recorded("no-pmu", &report);
	text = printed(host_report_table, &report);
	assert_non_null(strstr(text, "\nnone\n"));
	free(text);
}

/* Run the command with its standard output in a file; its text. */
static char *run_command(int argc, char **argv, int *code)
{
	const char *path = temp_file("stdout", "", 0);
	static char text[16384];
	int saved = dup(STDOUT_FILENO), fd = open(path, O_RDWR | O_TRUNC);
	ssize_t len;

	fflush(stdout);
	dup2(fd, STDOUT_FILENO);
	*code = host_command(argc, argv);
	fflush(stdout);
	dup2(saved, STDOUT_FILENO);
	len = pread(fd, text, sizeof(text) - 1, 0);
	text[len < 0 ? 0 : len] = '\0';
	close(fd);
	close(saved);
	return text;
}

static void test_command(void **state)
{
	char *plain[] = { "host", NULL }, *json[] = { "host", "--json", NULL };
	char *wrong[] = { "host", "--jsn", NULL }, *extra[] = { "host", "--json", "x", NULL };
	struct json_object *object;
	int code;

	assert_non_null(strstr(run_command(1, plain, &code), "\noption\n"));
	assert_int_equal(code, 0);
	assert_all_closed();

	object = json_tokener_parse(run_command(2, json, &code));
	assert_int_equal(code, 0);
	assert_string_equal(json_object_get_string(member(object, "kernel")), "6.12.117-test");
	json_object_put(object);

	assert_string_equal(run_command(2, wrong, &code), "");
	assert_int_equal(code, TALLY_EXIT_USAGE);
	assert_string_equal(run_command(3, extra, &code), "");
	assert_int_equal(code, TALLY_EXIT_USAGE);
}

/* Where there is nothing to show, the reason is shown, and as JSON too. */
static void test_command_fails(void **state)
{
	char *plain[] = { "host", NULL }, *json[] = { "host", "--json", NULL };
	struct json_object *object;
	int code;

	machine = "riscv64";
	assert_string_equal(run_command(1, plain, &code), "");
	assert_int_equal(code, TALLY_EXIT_UNAVAILABLE);
	object = json_tokener_parse(run_command(2, json, &code));
	assert_int_equal(code, TALLY_EXIT_UNAVAILABLE);
	assert_string_equal(json_object_get_string(member(object, "error")),
			    "tally runs guests on arm64 hosts only, this is riscv64");
	json_object_put(object);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_capabilities, fresh),
		cmocka_unit_test_setup(test_numbers, fresh),
		cmocka_unit_test_setup(test_without_pmus, fresh),
		cmocka_unit_test_setup(test_not_arm64, fresh),
		cmocka_unit_test_setup(test_kvm_not_there, fresh),
		cmocka_unit_test_setup(test_irqchips, fresh),
		cmocka_unit_test_setup(test_sysfs, fresh),
		cmocka_unit_test_setup(test_sysfs_names, fresh),
		cmocka_unit_test_setup(test_sysfs_absent, fresh),
		cmocka_unit_test_setup(test_sysfs_malformed, fresh),
		cmocka_unit_test_setup(test_sysfs_too_many, fresh),
		cmocka_unit_test_setup(test_probe, fresh),
		cmocka_unit_test_setup(test_probe_bare, fresh),
		cmocka_unit_test_setup(test_probe_each_call_fails, fresh),
		cmocka_unit_test_setup(test_json, fresh),
		cmocka_unit_test_setup(test_user_gic, fresh),
		cmocka_unit_test_setup(test_options_offered, fresh),
		cmocka_unit_test_setup(test_table, fresh),
		cmocka_unit_test_setup(test_command, fresh),
		cmocka_unit_test_setup(test_command_fails, fresh),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

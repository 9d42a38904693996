// SPDX-License-Identifier: GPL-2.0-only
/* The PMU's options, its plan on the recorded hosts, the event filter. */
#include <errno.h>
#include <perfmon/pfmlib.h>
#include <stdio.h>
#include <stdlib.h>

#include "config.h"
#include "hosts.h"
#include "option.h"
#include "parts.h"
#include "pmu.h"
#include "unit.h"

/* Of all option tables the two that matter here; in place of vmm/parts.c. */
const struct option_group *option_group(size_t i)
{
	static const struct option_group *const groups[] = { &pmu_options, &machine_options };

	return i < ARRAY_SIZE(groups) ? groups[i] : NULL;
}

/*
 * In place of libpfm4, whose tables depend on the machine that builds: three
 * tables, the first two of CPUs that the host has.
 */
static const struct {
	const char	*table;
	bool		present;
	const char	*name;
	uint64_t	code;
} pfm_events[] = {
	{ "arm_t1", true, "CPU_CYCLES", 0x11 },
	{ "arm_t1", true, "LOOP_BUFFER_HIT", 0xc1 },
	{ "arm_t1", true, "DIFFERS", 0xc2 },
	{ "arm_t1", true, "TOO_WIDE", 0x12345 },
	{ "arm_t2", true, "LOOP_BUFFER_HIT", 0xc1 },
	{ "arm_t2", true, "DIFFERS", 0xc3 },
	{ "arm_t3", false, "ELSEWHERE", 0xc4 },
	{ "ix86", true, "FOREIGN", 0xc5 },
};

static pfm_err_t pfm_answer = PFM_SUCCESS;

pfm_err_t pfm_initialize(void)
{
	return pfm_answer;
}

/* Each event is a PMU of its own with one event: the same to those who ask by name. */
pfm_err_t pfm_get_pmu_info(pfm_pmu_t pmu, pfm_pmu_info_t *info)
{
	if ((size_t)pmu >= ARRAY_SIZE(pfm_events))
		return PFM_ERR_NOTSUPP;
	info->name = pfm_events[pmu].table;
	info->is_present = pfm_events[pmu].present;
	info->type = PFM_PMU_TYPE_CORE;
	info->first_event = pmu;
	return PFM_SUCCESS;
}

int pfm_get_event_next(int event)
{
	return -1;
}

pfm_err_t pfm_get_event_info(int event, pfm_os_t os, pfm_event_info_t *info)
{
	info->name = pfm_events[event].name;
	info->code = pfm_events[event].code;
	return PFM_SUCCESS;
}

/* Parse "a b c" as tally's arguments. */
static int parse(struct config *config, const char *arguments, struct error *err)
{
	static char text[512];
	char *argv[16] = { "tally" };
	int argc = 1;

	snprintf(text, sizeof(text), "%s", arguments);
	for (char *word = strtok(text, " "); word; word = strtok(NULL, " "))
		argv[argc++] = word;
	config_init(config);
	return options_parse(config, argc, argv, err);
}

static int plan(const char *host, const char *arguments, struct pmu_plan *out, struct error *err)
{
	struct host_caps caps;
	struct config config;
	int ret;

	host_load(host, &caps);
	ret = parse(&config, arguments, err);
	return ret < 0 ? ret : pmu_plan_make(&config, &caps, out, err);
}

static void test_options(void **state)
{
	static const struct {
		const char	*arguments;
		enum pmu_mode	mode;
		int		counters;
		uint32_t	irq;
	} rows[] = {
		{ "", PMU_NONE, PMU_COUNTERS_DEFAULT, 23 },
		{ "--pmu", PMU_EMULATED, PMU_COUNTERS_DEFAULT, 23 },
		{ "--pmu=emulated", PMU_EMULATED, PMU_COUNTERS_DEFAULT, 23 },
		{ "--pmu=partitioned", PMU_PARTITIONED, PMU_COUNTERS_DEFAULT, 23 },
		{ "--pmu=reserved", PMU_RESERVED, PMU_COUNTERS_DEFAULT, 23 },
		{ "--reserve-perfmon", PMU_RESERVED, PMU_COUNTERS_DEFAULT, 23 },
		{ "--pmu=auto", PMU_AUTO, PMU_COUNTERS_DEFAULT, 23 },
		{ "--pmu --pmu-counters 0", PMU_EMULATED, 0, 23 },
		{ "--pmu --pmu-counters=31", PMU_EMULATED, 31, 23 },
		{ "--pmu-counters max --pmu", PMU_EMULATED, PMU_COUNTERS_MAX, 23 },
		{ "--pmu --pmu-irq 16", PMU_EMULATED, PMU_COUNTERS_DEFAULT, 16 },
		{ "--pmu --pmu-irq=24", PMU_EMULATED, PMU_COUNTERS_DEFAULT, 24 },
		{ "--pmu --pmu-irq 31", PMU_EMULATED, PMU_COUNTERS_DEFAULT, 31 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct config config;
		struct error err;

		assert_done(parse(&config, rows[i].arguments, &err), &err);
		assert_int_equal(config.arm64.pmu.mode, rows[i].mode);
		assert_int_equal(config.arm64.pmu.counters, rows[i].counters);
		assert_int_equal(config.arm64.pmu.irq, rows[i].irq);
		assert_done(pmu_options_check(&config, &err), &err);
	}
}

static void test_bad_options(void **state)
{
	static const struct {
		const char	*arguments;
		const char	*text;
	} rows[] = {
		{ "--pmu=", "--pmu: bad value ''" },
		{ "--pmu=none", "--pmu: bad value 'none'" },
		{ "--pmu=Emulated", "--pmu: bad value 'Emulated'" },
		{ "--pmu=emulatedx", "--pmu: bad value 'emulatedx'" },
		{ "--pmu emulated", "emulated: unexpected argument" },
		{ "--reserve-perfmon=yes", "--reserve-perfmon" },
		{ "--pmu --pmu-counters", "--pmu-counters" },
		{ "--pmu --pmu-counters=", "--pmu-counters: bad value ''" },
		{ "--pmu --pmu-counters -1", "--pmu-counters: bad value '-1'" },
		{ "--pmu --pmu-counters 32", "--pmu-counters: bad value '32'" },
		{ "--pmu --pmu-counters maximum", "--pmu-counters: bad value 'maximum'" },
		{ "--pmu --pmu-irq 15", "--pmu-irq: bad value '15'" },
		{ "--pmu --pmu-irq 0", "--pmu-irq: bad value '0'" },
		{ "--pmu --pmu-irq 32", "--pmu-irq: bad value '32'" },
		{ "--pmu --pmu-irq x", "--pmu-irq: bad value 'x'" },
		{ "--pmu --pmu-irq 25", "the GIC's maintenance interrupt" },
		{ "--pmu --pmu-irq 26", "the EL2 physical timer" },
		{ "--pmu --pmu-irq 27", "the virtual timer" },
		{ "--pmu --pmu-irq 28", "the EL2 virtual timer" },
		{ "--pmu --pmu-irq 29", "the secure physical timer" },
		{ "--pmu --pmu-irq 30", "the physical timer" },
	};
	struct config config;
	struct error err;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_error(parse(&config, rows[i].arguments, &err), &err, TALLY_EXIT_USAGE,
			     rows[i].text);
}

/* An option of the PMU for a guest without one is a mistake, and told on any machine. */
static void test_options_without_pmu(void **state)
{
	static const struct {
		const char	*arguments;
		const char	*text;
	} rows[] = {
		{ "--pmu-counters 4", "--pmu-counters: the guest has no PMU; give --pmu" },
		{ "--pmu-counters max", "--pmu-counters: the guest has no PMU; give --pmu" },
		{ "--pmu-filter allow:1", "--pmu-filter: the guest has no PMU; give --pmu" },
		{ "--pmu-irq 23", "--pmu-irq: the guest has no PMU; give --pmu" },
	};
	struct config config;
	struct pmu_plan out;
	struct error err;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		assert_done(parse(&config, rows[i].arguments, &err), &err);
		assert_error(pmu_options_check(&config, &err), &err, TALLY_EXIT_USAGE,
			     rows[i].text);
		assert_error(plan("one-pmu", rows[i].arguments, &out, &err), &err,
			     TALLY_EXIT_USAGE, rows[i].text);
	}
}

/* What each host makes of each mode. @pmu is NULL where KVM is left its own choice. */
static void test_plans(void **state)
{
	static const struct {
		const char	*host;
		const char	*arguments;
		enum pmu_mode	mode;
		const char	*pmu;
		uint32_t	type;
		const char	*cpus;
		const char	*note;
	} rows[] = {
		{ "one-pmu", "", PMU_NONE, NULL, 0, "", "" },
		{ "one-pmu", "--pmu", PMU_EMULATED, "armv8_pmuv3_0", 10, "0-3", "" },
		{ "one-pmu", "--pmu --vcpu-affinity 1,3", PMU_EMULATED, "armv8_pmuv3_0", 10, "0-3",
		  "" },
		{ "one-pmu", "--pmu=auto", PMU_EMULATED, "armv8_pmuv3_0", 10, "0-3",
		  "--pmu=auto: emulated; not partitioned: this host does not offer it: "
		  "KVM_CAP_ARM_PMU_PARTITION takes" },
		{ "one-pmu", "--pmu=reserved", PMU_NONE, NULL, 0, "",
		  "lacks KVM_CAP_ARM_PMU_RESERVE; the guest runs without a PMU" },
		{ "one-pmu", "--reserve-perfmon", PMU_NONE, NULL, 0, "",
		  "lacks KVM_CAP_ARM_PMU_RESERVE; the guest runs without a PMU" },
		{ "big-little", "", PMU_NONE, NULL, 0, "", "" },
		{ "big-little", "--pmu --vcpu-affinity 0-3", PMU_EMULATED, "armv8_cortex_a53", 7,
		  "0-3", "" },
		{ "big-little", "--pmu --vcpu-affinity 2", PMU_EMULATED, "armv8_cortex_a53", 7,
		  "0-3", "" },
		{ "big-little", "--pmu=auto --vcpu-affinity 5", PMU_EMULATED, "armv8_cortex_a72",
		  8, "4-5", "--pmu=auto: emulated" },
		{ "three-kinds", "--pmu --vcpu-affinity 7", PMU_EMULATED, "armv9_cortex_x4", 12,
		  "7", "" },
		{ "three-kinds", "--pmu --vcpu-affinity 4,6", PMU_EMULATED, "armv9_cortex_a720",
		  11, "4-6", "" },
		{ "no-pmu", "", PMU_NONE, NULL, 0, "", "" },
		{ "no-pmu", "--pmu=auto", PMU_NONE, NULL, 0, "",
		  "--pmu=auto: none; KVM on this host offers no guest PMU" },
		{ "no-pmu", "--pmu=reserved", PMU_NONE, NULL, 0, "",
		  "offers no guest PMU (KVM_CAP_ARM_PMU_V3); the guest runs without a PMU" },
		{ "no-sysfs", "--pmu", PMU_EMULATED, NULL, 0, "0-1", "" },
		{ "gicv2", "--pmu", PMU_EMULATED, "armv8_cortex_a72", 9, "0-3", "" },
		{ "series", "--pmu=auto", PMU_PARTITIONED, "armv8_pmuv3_0", 10, "0-1",
		  "--pmu=auto: partitioned" },
		{ "series", "--pmu=partitioned", PMU_PARTITIONED, "armv8_pmuv3_0", 10, "0-1", "" },
		{ "series", "--pmu=reserved", PMU_NONE, NULL, 0, "",
		  "this tally can't use KVM_CAP_ARM_PMU_RESERVE yet" },
		{ "counters-0", "--pmu", PMU_EMULATED, "armv8_pmuv3_0", 10, "0", "" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct pmu_plan out;
		struct error err;
		char cpus[64];

		assert_done(plan(rows[i].host, rows[i].arguments, &out, &err), &err);
		assert_int_equal(out.mode, rows[i].mode);
		assert_int_equal(out.choose, !!rows[i].pmu);
		assert_string_equal(out.name, rows[i].pmu ? rows[i].pmu : "");
		assert_int_equal(out.type, rows[i].type);
		assert_string_equal(cpu_list_format(&out.cpus, cpus, sizeof(cpus)), rows[i].cpus);
		assert_int_equal(out.intid, 23);
		assert_int_equal(out.filter.n, 0);
		assert_non_null(strstr(out.note, rows[i].note));
		if (!*rows[i].note)
			assert_string_equal(out.note, "");
		else
			assert_int_equal(out.note_level, strstr(rows[i].arguments, "auto") ?
					 LOG_INFO : LOG_WARNING);
	}
}

static void test_plans_refused(void **state)
{
	static const struct {
		const char	*host;
		const char	*arguments;
		const char	*text;
	} rows[] = {
		{ "no-pmu", "--pmu", "--pmu=emulated: KVM on this host offers no guest PMU" },
		{ "no-pmu", "--pmu=partitioned", "--pmu=partitioned: KVM on this host offers no" },
		{ "one-pmu", "--pmu=partitioned",
		  "--pmu=partitioned: this host does not offer it: KVM_CAP_ARM_PMU_PARTITION takes" },
		{ "big-little", "--pmu",
		  "no single PMU covers the CPUs 0-5 that tally may run on" },
		{ "big-little", "--pmu", "armv8_cortex_a53 (CPUs 0-3), armv8_cortex_a72 (CPUs 4-5)" },
		{ "big-little", "--pmu=auto", "armv8_cortex_a53 (CPUs 0-3)" },
		{ "big-little", "--pmu --vcpu-affinity 3,4",
		  "no single PMU covers the CPUs 3-4 that --vcpu-affinity names" },
		{ "three-kinds", "--pmu --vcpu-affinity 6-7",
		  "armv9_cortex_a520 (CPUs 0-3), armv9_cortex_a720 (CPUs 4-6), armv9_cortex_x4 (CPUs 7)" },
		{ "one-pmu", "--pmu --vcpu-affinity 4", "no single PMU covers the CPUs 4 " },
	};
	struct pmu_plan out;
	struct error err;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_error(plan(rows[i].host, rows[i].arguments, &out, &err), &err,
			     TALLY_EXIT_UNAVAILABLE, rows[i].text);
}

/* The process itself confined to one kind of CPU is as good as --vcpu-affinity. */
static void test_plan_follows_allowed(void **state)
{
	struct host_caps caps;
	struct config config;
	struct pmu_plan out;
	struct error err;

	host_load("big-little", &caps);
	assert_int_equal(cpu_list_parse("4-5", &caps.allowed), 0);
	assert_done(parse(&config, "--pmu", &err), &err);
	assert_done(pmu_plan_make(&config, &caps, &out, &err), &err);
	assert_string_equal(out.name, "armv8_cortex_a72");
	assert_int_equal(out.type, 8);
}

static void test_plan_carries_options(void **state)
{
	struct pmu_plan out;
	struct error err;

	assert_done(plan("one-pmu", "--pmu --pmu-counters 3 --pmu-irq 24 --pmu-filter deny:1-3",
			 &out, &err), &err);
	assert_int_equal(out.counters, 3);
	assert_int_equal(out.intid, 24);
	assert_false(out.filter.allow);
	assert_int_equal(out.filter.n, 1);
	assert_int_equal(out.filter.ranges[0].first, 1);
	assert_int_equal(out.filter.ranges[0].count, 3);
}

static void test_counters(void **state)
{
	static const struct {
		enum pmu_mode	mode;
		int		asked;
		unsigned int	offered;
		int		chosen;		/* -1: an error */
	} rows[] = {
		{ PMU_EMULATED, PMU_COUNTERS_DEFAULT, 0, 0 },
		{ PMU_EMULATED, PMU_COUNTERS_DEFAULT, 6, 6 },
		{ PMU_EMULATED, PMU_COUNTERS_DEFAULT, 20, 20 },
		{ PMU_EMULATED, PMU_COUNTERS_DEFAULT, 31, 31 },
		{ PMU_EMULATED, PMU_COUNTERS_MAX, 0, 0 },
		{ PMU_EMULATED, PMU_COUNTERS_MAX, 6, 6 },
		{ PMU_EMULATED, PMU_COUNTERS_MAX, 31, 31 },
		{ PMU_EMULATED, 0, 0, 0 },
		{ PMU_EMULATED, 0, 6, 0 },
		{ PMU_EMULATED, 6, 6, 6 },
		{ PMU_EMULATED, 7, 6, -1 },
		{ PMU_EMULATED, 1, 0, -1 },
		{ PMU_EMULATED, 31, 20, -1 },
		{ PMU_RESERVED, PMU_COUNTERS_DEFAULT, 6, 6 },
		{ PMU_RESERVED, 2, 6, 2 },
		{ PMU_PARTITIONED, PMU_COUNTERS_DEFAULT, 0, 0 },
		{ PMU_PARTITIONED, PMU_COUNTERS_DEFAULT, 1, 1 },
		{ PMU_PARTITIONED, PMU_COUNTERS_DEFAULT, 2, 1 },
		{ PMU_PARTITIONED, PMU_COUNTERS_DEFAULT, 3, 1 },
		{ PMU_PARTITIONED, PMU_COUNTERS_DEFAULT, 4, 2 },
		{ PMU_PARTITIONED, PMU_COUNTERS_DEFAULT, 31, 29 },
		{ PMU_PARTITIONED, PMU_COUNTERS_MAX, 6, 6 },
		{ PMU_PARTITIONED, 5, 6, 5 },
		{ PMU_PARTITIONED, 7, 6, -1 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct pmu_plan out = { .mode = rows[i].mode, .counters = rows[i].asked };
		unsigned int counters = 99;
		struct error err;
		char text[64];
		int ret = pmu_counters_choose(&out, rows[i].offered, &counters, &err);

		if (rows[i].chosen >= 0) {
			assert_done(ret, &err);
			assert_int_equal(counters, rows[i].chosen);
			continue;
		}
		snprintf(text, sizeof(text), "%d event counters asked for, this host offers %u",
			 rows[i].asked, rows[i].offered);
		assert_error(ret, &err, TALLY_EXIT_USAGE, text);
	}
}

static const struct option_row filter_row = { .name = "pmu-filter" };

static void test_filters(void **state)
{
	static const struct {
		const char		*value;
		bool			allow;
		unsigned int		n;
		struct pmu_range	ranges[4];
	} rows[] = {
		{ "allow:0x8", true, 1, { { 8, 1 } } },
		{ "deny:0x8", false, 1, { { 8, 1 } } },
		{ "deny:0", false, 1, { { 0, 1 } } },
		{ "allow:8", true, 1, { { 8, 1 } } },
		{ "allow:010", true, 1, { { 10, 1 } } },
		{ "allow:0X1f", true, 1, { { 0x1f, 1 } } },
		{ "allow:0x10-0x14", true, 1, { { 0x10, 5 } } },
		{ "allow:16-20", true, 1, { { 16, 5 } } },
		{ "allow:5-5", true, 1, { { 5, 1 } } },
		{ "allow:0x8,0x10-0x14,inst_retired", true, 2, { { 8, 1 }, { 0x10, 5 } } },
		/* Sorted, and merged where they touch or overlap. */
		{ "deny:9,7,8", false, 1, { { 7, 3 } } },
		{ "allow:0x20-0x30,0x28-0x40,0x41", true, 1, { { 0x20, 0x22 } } },
		{ "allow:0x3f,0x40", true, 1, { { 0x3f, 2 } } },
		{ "allow:0xffff", true, 1, { { 0xffff, 1 } } },
		/* One more than a range can count. */
		{ "allow:0-0xffff", true, 2, { { 0, 0xffff }, { 0xffff, 1 } } },
		{ "allow:1-0xffff", true, 1, { { 1, 0xffff } } },
		/* The architecture's names, in any case. */
		{ "allow:cpu_cycles", true, 1, { { 0x11, 1 } } },
		{ "allow:CPU_CYCLES", true, 1, { { 0x11, 1 } } },
		{ "allow:l1d_cache_refill,sw_incr", true, 2, { { 0, 1 }, { 3, 1 } } },
		{ "deny:stall_slot,mem_access_checked_wr", false, 2,
		  { { 0x3f, 1 }, { 0x4026, 1 } } },
		/* Names of this CPU only, from libpfm4. */
		{ "allow:loop_buffer_hit", true, 1, { { 0xc1, 1 } } },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct pmu_filter filter;
		struct error err;

		memset(&filter, 0xa5, sizeof(filter));
		assert_done(pmu_filter_parse(&filter_row, rows[i].value, &filter, &err), &err);
		assert_int_equal(filter.allow, rows[i].allow);
		assert_int_equal(filter.n, rows[i].n);
		for (unsigned int r = 0; r < filter.n; r++) {
			assert_int_equal(filter.ranges[r].first, rows[i].ranges[r].first);
			assert_int_equal(filter.ranges[r].count, rows[i].ranges[r].count);
		}
	}
}

static void test_bad_filters(void **state)
{
	static const struct {
		const char	*value;
		const char	*text;
	} rows[] = {
		{ "", "it is allow:LIST or deny:LIST" },
		{ "0x8", "it is allow:LIST or deny:LIST" },
		{ "allow", "it is allow:LIST or deny:LIST" },
		{ "Allow:1", "it is allow:LIST or deny:LIST" },
		{ "allowed:1", "it is allow:LIST or deny:LIST" },
		{ " deny:1", "it is allow:LIST or deny:LIST" },
		{ "allow:", "an event is missing" },
		{ "allow:,", "an event is missing" },
		{ "allow:1,", "an event is missing" },
		{ "allow:1,,2", "an event is missing" },
		{ "allow:0x", "'0x' is not a number" },
		{ "allow:0xg", "'0xg' is not a number" },
		{ "allow:8z", "'8z' is not a number" },
		{ "allow:1 2", "'1 2' is not a number" },
		{ "allow: 1", "' 1' is not a number" },
		{ "allow:-1", "'-1' is not a number" },
		{ "allow:+1", "'+1' is not a number" },
		{ "allow:1-", "'1-' is not a number" },
		{ "allow:1-2-3", "'1-2-3' is not a number" },
		{ "allow:1--2", "'1--2' is not a number" },
		{ "allow:1-cpu_cycles", "'1-cpu_cycles' is not a number" },
		{ "allow:0x14-0x10", "'0x14-0x10' runs backwards" },
		{ "allow:5-4", "'5-4' runs backwards" },
		{ "allow:0x10000", "'0x10000' is too large" },
		{ "allow:65536", "'65536' is too large" },
		{ "allow:0-0x10000", "'0-0x10000' is too large" },
		{ "allow:99999999999999999999999", "is too large" },
		{ "allow:0xffffffffffffffff1", "is too large" },
		{ "allow:8,no_such_event,9", "'no_such_event' is an unknown event" },
		{ "allow:cpu_cycle", "'cpu_cycle' is an unknown event" },
		{ "allow:cpu_cycles_", "'cpu_cycles_' is an unknown event" },
		{ "allow:cpu_cycles:u", "'cpu_cycles:u' is not a number" },
		{ "allow:arm_t1::cpu_cycles", "'arm_t1::cpu_cycles' is not a number" },
		{ "allow:%s%n", "'%s%n' is not a number" },
		{ "allow:\xff\xfe", "is not a number" },
		/* Named by libpfm4, but not for this host, not by one number, or not for Arm. */
		{ "allow:elsewhere", "'elsewhere' is an unknown event" },
		{ "allow:differs", "'differs' has several numbers on this host's CPUs" },
		{ "allow:foreign", "'foreign' is an unknown event" },
		{ "allow:too_wide", "'too_wide' is an unknown event" },
	};
	struct pmu_filter filter;
	struct error err;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		assert_error(pmu_filter_parse(&filter_row, rows[i].value, &filter, &err), &err,
			     TALLY_EXIT_USAGE, rows[i].text);
		assert_non_null(strstr(err.text, "--pmu-filter"));
	}
}

/* A bad list ends the run at the command line, before any host is looked at. */
static void test_filter_checked_by_parser(void **state)
{
	struct config config;
	struct error err;

	assert_done(parse(&config, "--pmu --pmu-filter allow:cpu_cycles", &err), &err);
	assert_string_equal(config.arm64.pmu.filter, "allow:cpu_cycles");
	assert_error(parse(&config, "--pmu --pmu-filter allow:no_such_event", &err), &err,
		     TALLY_EXIT_USAGE, "'no_such_event'");
}

static void test_filter_without_libpfm(void **state)
{
	struct pmu_filter filter;
	struct error err;
	int known, own;

	pfm_answer = PFM_ERR_NOTSUPP;
	known = pmu_filter_parse(&filter_row, "allow:inst_retired", &filter, &err);
	own = pmu_filter_parse(&filter_row, "allow:loop_buffer_hit", &filter, &err);
	pfm_answer = PFM_SUCCESS;
	assert_int_equal(known, 0);
	assert_int_equal(own, -EINVAL);
}

/* As many ranges as fit, one more, and an endless list of the same. */
static void test_filter_limits(void **state)
{
	struct buf value = { 0 };
	struct pmu_filter filter;
	struct error err;
	char number[16];

	buf_add(&value, "allow:0", 8);
	for (unsigned int event = 2; event < 2 * PMU_FILTER_MAX_RANGES; event += 2) {
		value.len--;
		snprintf(number, sizeof(number), ",%u", event);
		buf_add(&value, number, strlen(number) + 1);
	}
	assert_done(pmu_filter_parse(&filter_row, (char *)value.data, &filter, &err), &err);
	assert_int_equal(filter.n, PMU_FILTER_MAX_RANGES);
	assert_int_equal(filter.ranges[PMU_FILTER_MAX_RANGES - 1].first,
			 2 * PMU_FILTER_MAX_RANGES - 2);

	value.len--;
	snprintf(number, sizeof(number), ",%u", 2 * PMU_FILTER_MAX_RANGES);
	buf_add(&value, number, strlen(number) + 1);
	assert_int_equal(pmu_filter_parse(&filter_row, (char *)value.data, &filter, &err), -EINVAL);
	assert_int_equal(err.exit_code, TALLY_EXIT_USAGE);
	buf_free(&value);

	buf_add(&value, "allow:7", 8);
	for (unsigned int i = 0; i < 10000; i++) {
		value.len--;
		buf_add(&value, ",7", 3);
	}
	assert_done(pmu_filter_parse(&filter_row, (char *)value.data, &filter, &err), &err);
	assert_int_equal(filter.n, 1);
	buf_free(&value);

	buf_add(&value, "allow:", 6);
	buf_fill(&value, 'x', 100000);
	buf_add(&value, "", 1);
	assert_int_equal(pmu_filter_parse(&filter_row, (char *)value.data, &filter, &err), -EINVAL);
	buf_free(&value);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_options),
		cmocka_unit_test(test_bad_options),
		cmocka_unit_test(test_options_without_pmu),
		cmocka_unit_test(test_plans),
		cmocka_unit_test(test_plans_refused),
		cmocka_unit_test(test_plan_follows_allowed),
		cmocka_unit_test(test_plan_carries_options),
		cmocka_unit_test(test_counters),
		cmocka_unit_test(test_filters),
		cmocka_unit_test(test_bad_filters),
		cmocka_unit_test(test_filter_checked_by_parser),
		cmocka_unit_test(test_filter_without_libpfm),
		cmocka_unit_test(test_filter_limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

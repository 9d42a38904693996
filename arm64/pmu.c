// SPDX-License-Identifier: GPL-2.0-only
/* The PMU's options, and the plan made of them and of what the host offers. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "pmu.h"

/* What a list of all PMUs may take in an error text. */
#define PMU_LIST_SIZE	768

static const struct {
	const char	*name;
	enum pmu_mode	mode;
} modes[] = {
	{ "emulated",		PMU_EMULATED },
	{ "partitioned",	PMU_PARTITIONED },
	{ "reserved",		PMU_RESERVED },
	{ "auto",		PMU_AUTO },
};

/* PPIs that the PMU can't have: the device tree or the GIC gives them to something else. */
static const struct {
	uint32_t	intid;
	const char	*owner;
} taken_ppis[] = {
	{ 25, "the GIC's maintenance interrupt" },
	{ 26, "the EL2 physical timer" },
	{ 27, "the virtual timer" },
	{ 28, "the EL2 virtual timer" },
	{ 29, "the secure physical timer" },
	{ 30, "the physical timer" },
};

#define PPI_FIRST	16
#define PPI_LAST	31
#define COUNTERS_LIMIT	31	/* PMEVCNTR0…30: the architecture has no more (Arm ARM D13) */

const char *pmu_mode_name(enum pmu_mode mode)
{
	for (unsigned int i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		if (modes[i].mode == mode)
			return modes[i].name;
	}
	return "none";
}

static int parse_mode(struct config *config, const struct option_row *row, const char *value,
		      struct error *err)
{
	if (!value)
		value = modes[0].name;
	for (unsigned int i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		if (!strcmp(value, modes[i].name)) {
			config->arm64.pmu.mode = modes[i].mode;
			return 0;
		}
	}
	return option_bad_value(row, value, err,
				"it is one of emulated, partitioned, reserved, auto");
}

static int parse_reserve(struct config *config, const struct option_row *row, const char *value,
			 struct error *err)
{
	config->arm64.pmu.mode = PMU_RESERVED;
	return 0;
}

static int parse_counters(struct config *config, const struct option_row *row, const char *value,
			  struct error *err)
{
	uint64_t counters;
	int ret;

	if (!strcmp(value, "max")) {
		config->arm64.pmu.counters = PMU_COUNTERS_MAX;
		return 0;
	}
	ret = parse_u64(row, value, 0, COUNTERS_LIMIT, &counters, err);
	if (ret < 0)
		return ret;
	config->arm64.pmu.counters = counters;
	return 0;
}

/* The list is resolved here too, so that a bad one is told before the host is looked at. */
static int parse_filter(struct config *config, const struct option_row *row, const char *value,
			struct error *err)
{
	struct pmu_filter filter;

	config->arm64.pmu.filter = value;
	return pmu_filter_parse(row, value, &filter, err);
}

static int parse_irq(struct config *config, const struct option_row *row, const char *value,
		     struct error *err)
{
	uint64_t intid;
	int ret = parse_u64(row, value, PPI_FIRST, PPI_LAST, &intid, err);

	if (ret < 0)
		return ret;
	for (unsigned int i = 0; i < sizeof(taken_ppis) / sizeof(taken_ppis[0]); i++) {
		if (taken_ppis[i].intid == intid)
			return option_bad_value(row, value, err, "that is %s",
						taken_ppis[i].owner);
	}
	config->arm64.pmu.irq = intid;
	config->arm64.pmu.has_irq = true;
	return 0;
}

enum { ROW_MODE, ROW_RESERVE, ROW_COUNTERS, ROW_FILTER, ROW_IRQ };

static const struct option_row rows[] = {
	[ROW_MODE] = { "pmu", 0, OPTION_OPTIONAL, "MODE",
	  "Give the guest a PMU: emulated (default), partitioned, reserved or auto",
	  parse_mode, 0 },
	[ROW_RESERVE] = { "reserve-perfmon", 0, OPTION_FLAG, NULL, "Same as --pmu=reserved",
	  parse_reserve, 0 },
	[ROW_COUNTERS] = { "pmu-counters", 0, OPTION_REQUIRED, "N|max",
	  "Event counters that the guest sees", parse_counters, 0 },
	[ROW_FILTER] = { "pmu-filter", 0, OPTION_REQUIRED, "allow:LIST|deny:LIST",
	  "Events the guest may or may not count: numbers, ranges, names", parse_filter, 0 },
	[ROW_IRQ] = { "pmu-irq", 0, OPTION_REQUIRED, "INTID",
	  "The PMU's overflow interrupt, a PPI (default 23)", parse_irq, 0 },
	{ 0 }
};

const struct option_group pmu_options = { "PMU", rows };

int pmu_options_check(const struct config *config, struct error *err)
{
	const struct pmu_config *pmu = &config->arm64.pmu;
	const struct option_row *row = NULL;

	if (pmu->mode != PMU_NONE)
		return 0;
	if (pmu->counters != PMU_COUNTERS_DEFAULT)
		row = &rows[ROW_COUNTERS];
	else if (pmu->filter)
		row = &rows[ROW_FILTER];
	else if (pmu->has_irq)
		row = &rows[ROW_IRQ];
	if (!row)
		return 0;
	return error_set(err, TALLY_EXIT_USAGE, EINVAL,
			 "--%s: the guest has no PMU; give --pmu as well", row->name);
}

/* "armv8_cortex_a53 (CPUs 0-3), armv8_cortex_a72 (CPUs 4,5)" */
static void list_pmus(const struct host_caps *caps, char *text, size_t size)
{
	size_t used = 0;

	text[0] = '\0';
	for (unsigned int i = 0; i < caps->n_pmus && used < size; i++) {
		char cpus[256];

		used += snprintf(text + used, size - used, "%s%s (CPUs %s)", i ? ", " : "",
				 caps->pmus[i].name,
				 cpu_list_format(&caps->pmus[i].cpus, cpus, sizeof(cpus)));
	}
}

static bool covers(const cpu_set_t *set, const cpu_set_t *subset)
{
	cpu_set_t common;

	CPU_AND(&common, set, subset);
	return CPU_EQUAL(&common, subset);
}

/* The PMU of the CPUs that the vCPUs may run on: counters exist nowhere else. */
static int choose_pmu(const struct config *config, const struct host_caps *caps,
		      struct pmu_plan *plan, struct error *err)
{
	const cpu_set_t *wanted = config->has_affinity ? &config->affinity : &caps->allowed;
	char pmus[PMU_LIST_SIZE], cpus[128];

	for (unsigned int i = 0; i < caps->n_pmus; i++) {
		const struct host_pmu *pmu = &caps->pmus[i];

		if (!covers(&pmu->cpus, wanted))
			continue;
		plan->choose = true;
		plan->type = pmu->type;
		plan->cpus = pmu->cpus;
		snprintf(plan->name, sizeof(plan->name), "%s", pmu->name);
		return 0;
	}
	if (!caps->n_pmus) {
		/* sysfs is not mounted, or an old kernel: KVM takes the PMU of the CPU at hand. */
		plan->cpus = *wanted;
		return 0;
	}
	list_pmus(caps, pmus, sizeof(pmus));
	cpu_list_format(wanted, cpus, sizeof(cpus));
	return error_set(err, TALLY_EXIT_UNAVAILABLE, ENODEV,
			 "--%s: no single PMU covers the CPUs %s that %s; choose CPUs of one PMU with --vcpu-affinity: %s",
			 rows[ROW_MODE].name, cpus,
			 config->has_affinity ? "--vcpu-affinity names" : "tally may run on", pmus);
}

/*
 * Why @mode can't be had on this host, or NULL. A mode of the kernel series counts
 * as not offered until tally can drive it, whatever the kernel has.
 */
static const char *why_not(enum pmu_mode mode, const struct host_caps *caps)
{
	if (!caps->pmu_v3)
		return "KVM on this host offers no guest PMU (KVM_CAP_ARM_PMU_V3)";
	switch (mode) {
	case PMU_PARTITIONED:
		return caps->pmu_partition ? NULL :
			"this host does not offer it: KVM_CAP_ARM_PMU_PARTITION takes "
			"tally's kernel series, VHE and PMUv3p1";
	case PMU_RESERVED:
		return caps->pmu_reserve ?
			"this tally can't use KVM_CAP_ARM_PMU_RESERVE yet" :
			"this host does not offer it: its kernel lacks KVM_CAP_ARM_PMU_RESERVE";
	default:
		return NULL;
	}
}

static void settle_auto(const struct host_caps *caps, struct pmu_plan *plan)
{
	static const enum pmu_mode order[] = { PMU_PARTITIONED, PMU_EMULATED };
	const char *reason = NULL;

	plan->note_level = LOG_INFO;
	plan->mode = PMU_NONE;
	for (unsigned int i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
		const char *why = why_not(order[i], caps);

		if (!why) {
			plan->mode = order[i];
			break;
		}
		if (!reason)
			reason = why;
	}
	snprintf(plan->note, sizeof(plan->note), "--pmu=auto: %s%s%s", pmu_mode_name(plan->mode),
		 !reason ? "" : plan->mode == PMU_NONE ? "; " : "; not partitioned: ",
		 reason ? reason : "");
}

int pmu_plan_make(const struct config *config, const struct host_caps *caps,
		  struct pmu_plan *plan, struct error *err)
{
	const struct pmu_config *pmu = &config->arm64.pmu;
	const char *why;
	int ret;

	*plan = (struct pmu_plan) {
		.mode		= pmu->mode,
		.counters	= pmu->counters,
		.intid		= pmu->irq,
	};
	ret = pmu_options_check(config, err);
	if (ret < 0)
		return ret;
	if (pmu->filter) {
		ret = pmu_filter_parse(&rows[ROW_FILTER], pmu->filter, &plan->filter, err);
		if (ret < 0)
			return ret;
	}

	switch (pmu->mode) {
	case PMU_NONE:
		return 0;
	case PMU_AUTO:
		settle_auto(caps, plan);
		break;
	case PMU_RESERVED:
		/* The one mode where a refusal leaves the guest without a PMU and running. */
		why = why_not(pmu->mode, caps);
		if (why) {
			plan->mode = PMU_NONE;
			plan->note_level = LOG_WARNING;
			snprintf(plan->note, sizeof(plan->note),
				 "--pmu=reserved: %s; the guest runs without a PMU", why);
		}
		break;
	default:
		why = why_not(pmu->mode, caps);
		if (why)
			return error_set(err, TALLY_EXIT_UNAVAILABLE, EOPNOTSUPP, "--pmu=%s: %s",
					 pmu_mode_name(pmu->mode), why);
	}
	if (plan->mode == PMU_NONE)
		return 0;
	return choose_pmu(config, caps, plan, err);
}

int pmu_counters_choose(const struct pmu_plan *plan, unsigned int offered,
			unsigned int *counters, struct error *err)
{
	/* Left to the host, so that its own perf keeps working beside a partition. */
	const unsigned int host_share = 2;

	if (plan->counters == PMU_COUNTERS_MAX) {
		*counters = offered;
	} else if (plan->counters == PMU_COUNTERS_DEFAULT) {
		*counters = offered;
		if (plan->mode == PMU_PARTITIONED && offered)
			*counters = offered > host_share ? offered - host_share : 1;
	} else if ((unsigned int)plan->counters > offered) {
		return error_set(err, TALLY_EXIT_USAGE, EINVAL,
				 "--%s: %d event counters asked for, this host offers %u",
				 rows[ROW_COUNTERS].name, plan->counters, offered);
	} else {
		*counters = plan->counters;
	}
	return 0;
}

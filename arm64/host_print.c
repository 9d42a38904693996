// SPDX-License-Identifier: GPL-2.0-only
/* The command "tally host": what this host offers, and which options follow from it. */
#include <errno.h>
#include <json-c/json.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "host_report.h"
#include "kvm.h"
#include "log.h"
#include "option.h"
#include "pmu.h"

enum fact_kind { FACT_BOOL, FACT_UNSIGNED, FACT_U64, FACT_TEXT, FACT_CPUS, FACT_USER_GIC };

/* One row, one fact. The key is the JSON name and stays. */
struct fact {
	const char	*key;
	const char	*title;
	enum fact_kind	kind;
	size_t		offset;		/* in struct host_report */
};

#define OF_REPORT(field)	offsetof(struct host_report, field)

static const struct fact facts[] = {
	{ "kernel", "Linux", FACT_TEXT, OF_REPORT(kernel) },
	{ "cpus", "CPUs tally may run on", FACT_CPUS, OF_REPORT(caps.allowed) },
	{ "max_vcpus", "vCPUs of a guest, at most", FACT_UNSIGNED, OF_REPORT(caps.max_vcpus) },
	{ "ipa_bits", "guest address bits, at most", FACT_UNSIGNED, OF_REPORT(caps.ipa_bits) },
	{ "psci", "PSCI 0.2 or later", FACT_BOOL, OF_REPORT(caps.psci) },
	{ "sve", "SVE", FACT_BOOL, OF_REPORT(caps.sve) },
	{ "sve_lengths", "SVE vector lengths, bits", FACT_TEXT, OF_REPORT(sve_lengths) },
	{ "pointer_authentication", "pointer authentication", FACT_BOOL, OF_REPORT(caps.pauth) },
	{ "mte", "MTE", FACT_BOOL, OF_REPORT(caps.mte) },
	{ "steal_time", "stolen time", FACT_BOOL, OF_REPORT(caps.steal_time) },
	{ "gicv2", "GICv2 in the kernel", FACT_BOOL, OF_REPORT(caps.irqchip[IRQCHIP_GICV2]) },
	{ "gicv3", "GICv3 in the kernel", FACT_BOOL, OF_REPORT(caps.irqchip[IRQCHIP_GICV3]) },
	{ "gicv3_its", "ITS in the kernel", FACT_BOOL, OF_REPORT(caps.irqchip[IRQCHIP_GICV3_ITS]) },
	{ "user_irq", "timer and PMU lines for a user-space GIC", FACT_BOOL,
	  OF_REPORT(caps.user_irq) },
	{ "user_irqchip", "GIC in user space", FACT_USER_GIC, OF_REPORT(caps) },
	{ "timer_frequency", "timer frequency, Hz", FACT_U64, OF_REPORT(timer_hz) },
	{ "counter_offset", "counter offset of a VM", FACT_BOOL, OF_REPORT(caps.counter_offset) },
	{ "timer_irq_mask", "timer line masks (kernel series)", FACT_BOOL,
	  OF_REPORT(caps.timer_irq_mask) },
	{ "pmu_v3", "guest PMU", FACT_BOOL, OF_REPORT(caps.pmu_v3) },
	{ "pmu_set_counters", "counter number by attribute", FACT_BOOL,
	  OF_REPORT(pmu_set_counters) },
	{ "pmu_partition", "partitioned PMU (kernel series)", FACT_BOOL,
	  OF_REPORT(caps.pmu_partition) },
	{ "pmu_reserve", "reserved PMU (kernel series)", FACT_BOOL, OF_REPORT(caps.pmu_reserve) },
};

/* Options that one fact decides; those of the PMU are asked of its plan. */
static const struct {
	const char	*option;
	size_t		offset;		/* of a bool in struct host_report */
	const char	*without;	/* why not, when it is false; NULL: ask */
} options[] = {
	{ "--irqchip gicv2", OF_REPORT(caps.irqchip[IRQCHIP_GICV2]),
	  "the host's interrupt controller has no GICv2 for guests" },
	{ "--irqchip gicv2m", OF_REPORT(caps.irqchip[IRQCHIP_GICV2M]),
	  "the host's interrupt controller has no GICv2 for guests" },
	{ "--irqchip gicv3", OF_REPORT(caps.irqchip[IRQCHIP_GICV3]),
	  "the host's interrupt controller is no GICv3" },
	{ "--irqchip gicv3-its", OF_REPORT(caps.irqchip[IRQCHIP_GICV3_ITS]),
	  "the host's interrupt controller is no GICv3, or KVM has no ITS" },
	{ "--irqchip user" },
	{ "--counter-offset", OF_REPORT(caps.counter_offset),
	  "KVM_CAP_COUNTER_OFFSET is missing (Linux 6.4)" },
	{ "--sve-max-vl", OF_REPORT(caps.sve), "the host's CPUs have no SVE" },
};

static const struct {
	const char	*option;
	enum pmu_mode	mode;
} pmu_options_shown[] = {
	{ "--pmu=emulated", PMU_EMULATED },
	{ "--pmu=partitioned", PMU_PARTITIONED },
	{ "--pmu=reserved", PMU_RESERVED },
	{ "--pmu=auto", PMU_AUTO },
};

#define COUNT(table)	(sizeof(table) / sizeof((table)[0]))
#define N_OPTIONS	(COUNT(options) + COUNT(pmu_options_shown))

/* ID_AA64DFR0_EL1.PMUVer (Arm ARM D24.2.59). */
static const char *pmuver_name(unsigned int pmuver)
{
	static const char *const names[] = {
		[1] = "PMUv3", [4] = "PMUv3p1", [5] = "PMUv3p4", [6] = "PMUv3p5",
		[7] = "PMUv3p7", [8] = "PMUv3p8", [9] = "PMUv3p9",
	};

	return pmuver < COUNT(names) && names[pmuver] ? names[pmuver] : "unknown";
}

static const char *user_gic_lines(const struct host_caps *caps)
{
	if (host_refuses_user_gic(caps))
		return "no";
	return caps->timer_irq_mask ? "with line masks" : "on line levels alone";
}

static const void *fact_value(const struct host_report *report, size_t offset)
{
	return (const char *)report + offset;
}

static const char *fact_text(const struct host_report *report, const struct fact *fact,
			     char *text, size_t size)
{
	const void *value = fact_value(report, fact->offset);

	switch (fact->kind) {
	case FACT_BOOL:
		return *(const bool *)value ? "yes" : "no";
	case FACT_UNSIGNED:
		snprintf(text, size, "%u", *(const unsigned int *)value);
		return text;
	case FACT_U64:
		snprintf(text, size, "%llu", *(const unsigned long long *)value);
		return text;
	case FACT_TEXT:
		return *(const char *)value ? value : "-";
	case FACT_CPUS:
		return cpu_list_format(value, text, size);
	case FACT_USER_GIC:
		return user_gic_lines(value);
	}
	return "";
}

static struct json_object *fact_json(const struct host_report *report, const struct fact *fact)
{
	const void *value = fact_value(report, fact->offset);
	char text[512];

	switch (fact->kind) {
	case FACT_BOOL:
		return json_object_new_boolean(*(const bool *)value);
	case FACT_UNSIGNED:
		return json_object_new_int64(*(const unsigned int *)value);
	case FACT_U64:
		return json_object_new_int64(*(const uint64_t *)value);
	case FACT_TEXT:
	case FACT_CPUS:
	case FACT_USER_GIC:
		return json_object_new_string(fact_text(report, fact, text, sizeof(text)));
	}
	return NULL;
}

/* Option @i of all: its name, and NULL or the reason why it can't be used here. */
static const char *option_offered(const struct host_report *report, size_t i, const char **name,
				  char *text, size_t size)
{
	struct config config = { .arm64.pmu.counters = PMU_COUNTERS_DEFAULT };
	struct pmu_plan plan;
	struct error err;
	const char *why;

	if (i < COUNT(options)) {
		*name = options[i].option;
		if (!options[i].without)
			return host_refuses_user_gic(&report->caps);
		return *(const bool *)fact_value(report, options[i].offset) ?
			NULL : options[i].without;
	}
	i -= COUNT(options);
	*name = pmu_options_shown[i].option;
	config.arm64.pmu.mode = pmu_options_shown[i].mode;
	config.arm64.pmu.irq = PMU_IRQ_DEFAULT;
	if (pmu_plan_make(&config, &report->caps, &plan, &err) < 0)
		snprintf(text, size, "%s", err.text);
	else if (plan.mode == PMU_NONE)
		snprintf(text, size, "%s", plan.note);
	else
		return NULL;
	/* The row names the option already. */
	why = strstr(text, ": ");
	return why ? why + 2 : text;
}

void host_report_table(const struct host_report *report, FILE *to)
{
	char text[1024];

	for (size_t i = 0; i < COUNT(facts); i++)
		fprintf(to, "%-42s %s\n", facts[i].title,
			fact_text(report, &facts[i], text, sizeof(text)));

	fprintf(to, "\n%-24s %5s %-12s %8s %7s  %s\n", "PMU", "type", "CPUs", "counters",
		"events", "for guests");
	for (unsigned int i = 0; i < report->caps.n_pmus; i++) {
		const struct host_pmu *pmu = &report->caps.pmus[i];
		char counters[16] = "-";

		if (pmu->counters >= 0)
			snprintf(counters, sizeof(counters), "%d", pmu->counters);
		fprintf(to, "%-24s %5u %-12s %8s %7u  %s\n", pmu->name, pmu->type,
			cpu_list_format(&pmu->cpus, text, sizeof(text)), counters, pmu->events,
			pmu->counters < 0 ? "no" : pmuver_name(pmu->pmuver));
	}
	if (!report->caps.n_pmus)
		fprintf(to, "none\n");

	fprintf(to, "\noption\n");
	for (size_t i = 0; i < N_OPTIONS; i++) {
		const char *name, *why = option_offered(report, i, &name, text, sizeof(text));

		fprintf(to, "%-24s %s%s\n", name, why ? "no: " : "yes", why ? why : "");
	}
}

static struct json_object *pmu_json(const struct host_pmu *pmu)
{
	struct json_object *object = json_object_new_object();
	char cpus[1024];

	json_object_object_add(object, "name", json_object_new_string(pmu->name));
	json_object_object_add(object, "type", json_object_new_int64(pmu->type));
	json_object_object_add(object, "cpus", json_object_new_string(
			       cpu_list_format(&pmu->cpus, cpus, sizeof(cpus))));
	json_object_object_add(object, "events", json_object_new_int64(pmu->events));
	json_object_object_add(object, "counters", pmu->counters < 0 ? NULL :
			       json_object_new_int(pmu->counters));
	json_object_object_add(object, "pmuver", json_object_new_int64(pmu->pmuver));
	json_object_object_add(object, "version", pmu->counters < 0 ? NULL :
			       json_object_new_string(pmuver_name(pmu->pmuver)));
	return object;
}

static struct json_object *option_json(const struct host_report *report, size_t i)
{
	struct json_object *object = json_object_new_object();
	char text[1024];
	const char *name, *why = option_offered(report, i, &name, text, sizeof(text));

	json_object_object_add(object, "option", json_object_new_string(name));
	json_object_object_add(object, "available", json_object_new_boolean(!why));
	if (why)
		json_object_object_add(object, "reason", json_object_new_string(why));
	return object;
}

static void print_json(struct json_object *object, FILE *to)
{
	fprintf(to, "%s\n", json_object_to_json_string_ext(object, JSON_C_TO_STRING_PRETTY |
							   JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(object);
}

void host_report_json(const struct host_report *report, FILE *to)
{
	struct json_object *object = json_object_new_object();
	struct json_object *pmus = json_object_new_array();
	struct json_object *offers = json_object_new_array();

	for (size_t i = 0; i < COUNT(facts); i++)
		json_object_object_add(object, facts[i].key, fact_json(report, &facts[i]));
	for (unsigned int i = 0; i < report->caps.n_pmus; i++)
		json_object_array_add(pmus, pmu_json(&report->caps.pmus[i]));
	json_object_object_add(object, "pmus", pmus);
	for (size_t i = 0; i < N_OPTIONS; i++)
		json_object_array_add(offers, option_json(report, i));
	json_object_object_add(object, "options", offers);
	print_json(object, to);
}

static int discover(struct host_report *report, struct error *err)
{
	int kvm_fd, ret;

	memset(report, 0, sizeof(*report));
	ret = host_discover(&kvm_fd, &report->caps, true, err);
	if (ret < 0)
		return ret;
	ret = host_report_probe(kvm_fd, HOST_PMU_SYSFS, report, err);
	kvm_close(kvm_fd);
	return ret;
}

int host_command(int argc, char **argv)
{
	struct host_report report;
	struct json_object *failure;
	struct error err;
	bool json = false;

	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--json")) {
			log_error("host: %s: unknown option; there is only --json", argv[i]);
			return TALLY_EXIT_USAGE;
		}
		json = true;
	}
	if (discover(&report, &err) < 0) {
		log_error("%s", err.text);
		if (json) {
			failure = json_object_new_object();
			json_object_object_add(failure, "error",
					       json_object_new_string(err.text));
			print_json(failure, stdout);
		}
		return err.exit_code;
	}
	if (json)
		host_report_json(&report, stdout);
	else
		host_report_table(&report, stdout);
	if (fflush(stdout) || ferror(stdout)) {
		log_error("standard output: %s", strerror(errno));
		return TALLY_EXIT_SOFTWARE;
	}
	return 0;
}

// SPDX-License-Identifier: GPL-2.0-only
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "hosts.h"
#include "option.h"
#include "unit.h"

#define BOOL(field)	{ #field, offsetof(struct host_caps, field) }
#define IRQCHIP(name, which)	{ name, offsetof(struct host_caps, irqchip[which]) }

static const struct {
	const char	*name;
	size_t		offset;
} bools[] = {
	BOOL(psci), BOOL(sve), BOOL(pauth), BOOL(mte), BOOL(steal_time), BOOL(pmu_v3),
	BOOL(pmu_partition), BOOL(pmu_reserve), BOOL(counter_offset), BOOL(user_irq),
	BOOL(timer_irq_mask),
	IRQCHIP("gicv2", IRQCHIP_GICV2), IRQCHIP("gicv2m", IRQCHIP_GICV2M),
	IRQCHIP("gicv3", IRQCHIP_GICV3), IRQCHIP("gicv3-its", IRQCHIP_GICV3_ITS),
};

static char tree[64];

static int remove_one(const char *path, const struct stat *stat, int kind, struct FTW *place)
{
	return remove(path);
}

static void remove_tree(void)
{
	if (*tree)
		nftw(tree, remove_one, 8, FTW_DEPTH | FTW_PHYS);
	*tree = '\0';
}

void host_sysfs_write(const char *pmu, const char *file, const char *text)
{
	char path[512];
	FILE *to;

	snprintf(path, sizeof(path), "%s/%s", tree, pmu);
	mkdir(path, 0755);
	snprintf(path, sizeof(path), "%s/%s/%s", tree, pmu, file);
	to = fopen(path, "w");
	if (!to || fputs(text, to) < 0 || fclose(to))
		abort();
}

static void load_pmu(char *line, struct host_caps *caps)
{
	struct host_pmu *pmu = &caps->pmus[caps->n_pmus++];
	char cpus[64], events[256] = "";

	memset(pmu, 0, sizeof(*pmu));
	if (sscanf(line, "pmu %63s %u %63s %d %255[^\n]", pmu->name, &pmu->type, cpus,
		   &pmu->counters, events) < 4 || cpu_list_parse(cpus, &pmu->cpus) < 0)
		abort();
	for (char *event = strtok(events, " "); event; event = strtok(NULL, " "))
		pmu->events++;
}

static void load_field(const char *name, const char *value, struct host_caps *caps)
{
	if (!strcmp(name, "allowed")) {
		if (cpu_list_parse(value, &caps->allowed) < 0)
			abort();
	} else if (!strcmp(name, "max_vcpus")) {
		caps->max_vcpus = atoi(value);
	} else if (!strcmp(name, "ipa_bits")) {
		caps->ipa_bits = atoi(value);
	} else {
		for (size_t i = 0; i < ARRAY_SIZE(bools); i++) {
			if (!strcmp(name, bools[i].name)) {
				*(bool *)((char *)caps + bools[i].offset) = atoi(value);
				return;
			}
		}
		print_error("no such field: %s\n", name);
		abort();
	}
}

static void each_line(const char *name, void (*take)(char *line, void *to), void *to)
{
	char path[256], line[512];
	FILE *from;

	snprintf(path, sizeof(path), "tests/unit/hosts/%s", name);
	from = fopen(path, "r");
	if (!from) {
		print_error("%s: can't be opened; run the tests from the project's top\n", path);
		abort();
	}
	while (fgets(line, sizeof(line), from)) {
		if (*line != '#' && *line != '\n')
			take(line, to);
	}
	fclose(from);
}

static void load_line(char *line, void *to)
{
	char name[64], value[64];

	if (!strncmp(line, "pmu ", 4))
		load_pmu(line, to);
	else if (!strncmp(line, "other ", 6))
		return;
	else if (sscanf(line, "%63s %63s", name, value) == 2)
		load_field(name, value, to);
	else
		abort();
}

static int by_name(const void *a, const void *b)
{
	const struct host_pmu *left = a, *right = b;

	return strcmp(left->name, right->name);
}

void host_load(const char *name, struct host_caps *caps)
{
	memset(caps, 0, sizeof(*caps));
	each_line(name, load_line, caps);
	qsort(caps->pmus, caps->n_pmus, sizeof(caps->pmus[0]), by_name);
}

static void tree_line(char *line, void *to)
{
	char name[64], type[32], cpus[68], events[256] = "", file[256];

	if (sscanf(line, "other %63s %63s", name, file) == 2) {
		host_sysfs_write(name, file, "0\n");
		host_sysfs_write(name, "type", "99\n");
		return;
	}
	if (sscanf(line, "pmu %63s %15s %63s %*s %255[^\n]", name, type, cpus, events) < 3)
		return;
	strcat(type, "\n");
	strcat(cpus, "\n");
	host_sysfs_write(name, "type", type);
	host_sysfs_write(name, "cpus", cpus);
	snprintf(file, sizeof(file), "%s/%s/events", tree, name);
	mkdir(file, 0755);
	for (char *event = strtok(events, " "); event; event = strtok(NULL, " ")) {
		snprintf(file, sizeof(file), "events/%.64s", event);
		host_sysfs_write(name, file, "event=0x0\n");
	}
}

const char *host_sysfs(const char *name)
{
	static bool registered;

	remove_tree();
	strcpy(tree, "/tmp/tally-sysfs-XXXXXX");
	if (!mkdtemp(tree))
		abort();
	if (!registered)
		atexit(remove_tree);
	registered = true;
	each_line(name, tree_line, NULL);
	return tree;
}

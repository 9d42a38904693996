// SPDX-License-Identifier: GPL-2.0-only
/* The host's CPU PMUs, as sysfs shows them. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host.h"
#include "option.h"

/* Read the file at @path below @dir as text: its length, or a negative errno. */
static int read_text(int dir, const char *path, char *text, size_t size)
{
	int fd = openat(dir, path, O_RDONLY | O_CLOEXEC);
	ssize_t len;

	if (fd < 0)
		return -errno;
	len = read(fd, text, size - 1);
	if (len < 0)
		len = -errno;
	else
		text[len] = '\0';
	close(fd);
	return len;
}

static int unreadable(const char *sysfs, const char *path, int errnum, const char *why,
		      struct error *err)
{
	return error_set(err, TALLY_EXIT_UNAVAILABLE, errnum, "%s/%s: %s", sysfs, path, why);
}

static int read_type(const char *sysfs, int dir, const char *path, uint32_t *type,
		     struct error *err)
{
	char text[32], *end;
	unsigned long number;
	int ret = read_text(dir, path, text, sizeof(text));

	if (ret < 0)
		return unreadable(sysfs, path, -ret, strerror(-ret), err);
	errno = 0;
	number = strtoul(text, &end, 10);
	if (end == text || (*end && *end != '\n') || errno || number > INT_MAX)
		return unreadable(sysfs, path, EINVAL, "not a perf type", err);
	*type = number;
	return 0;
}

/* One entry of the directory: 1 when it is a CPU PMU and *@pmu is filled. */
static int read_pmu(const char *sysfs, int dir, const char *name, struct host_pmu *pmu,
		    struct error *err)
{
	char path[sizeof(pmu->name) + 8], text[4096];
	int ret;

	if (*name == '.' || strlen(name) >= sizeof(pmu->name))
		return 0;
	snprintf(path, sizeof(path), "%s/cpus", name);
	ret = read_text(dir, path, text, sizeof(text));
	if (ret == -ENOENT || ret == -ENOTDIR)
		return 0;
	if (ret < 0)
		return unreadable(sysfs, path, -ret, strerror(-ret), err);

	memset(pmu, 0, sizeof(*pmu));
	snprintf(pmu->name, sizeof(pmu->name), "%s", name);
	pmu->counters = -1;
	if (cpu_list_parse(text, &pmu->cpus) < 0)
		return unreadable(sysfs, path, EINVAL, "not a list of CPUs", err);
	snprintf(path, sizeof(path), "%s/type", name);
	ret = read_type(sysfs, dir, path, &pmu->type, err);
	return ret < 0 ? ret : 1;
}

static int by_name(const void *a, const void *b)
{
	const struct host_pmu *left = a, *right = b;

	return strcmp(left->name, right->name);
}

static int read_all(const char *sysfs, DIR *entries, struct host_pmu *pmus, unsigned int max,
		    unsigned int *n, struct error *err)
{
	struct dirent *entry;

	while ((entry = readdir(entries))) {
		struct host_pmu pmu;
		int ret = read_pmu(sysfs, dirfd(entries), entry->d_name, &pmu, err);

		if (ret < 0)
			return ret;
		if (!ret)
			continue;
		if (*n == max)
			return unreadable(sysfs, entry->d_name, E2BIG, "too many CPU PMUs", err);
		pmus[(*n)++] = pmu;
	}
	qsort(pmus, *n, sizeof(*pmus), by_name);
	return 0;
}

int host_pmus_read(const char *sysfs, struct host_pmu *pmus, unsigned int max,
		   unsigned int *n, struct error *err)
{
	DIR *entries = opendir(sysfs);
	int ret;

	*n = 0;
	if (!entries) {
		if (errno == ENOENT)
			return 0;
		return error_set(err, TALLY_EXIT_UNAVAILABLE, errno, "%s: %s", sysfs,
				 strerror(errno));
	}
	ret = read_all(sysfs, entries, pmus, max, n, err);
	if (ret < 0)
		*n = 0;
	closedir(entries);
	return ret;
}

unsigned int host_pmu_count_events(const char *sysfs, const struct host_pmu *pmu)
{
	char path[PATH_MAX];
	struct dirent *entry;
	unsigned int n = 0;
	DIR *events;

	snprintf(path, sizeof(path), "%s/%s/events", sysfs, pmu->name);
	events = opendir(path);
	if (!events)
		return 0;
	while ((entry = readdir(events))) {
		/* Besides the events there may be NAME.unit and NAME.scale. */
		if (!strchr(entry->d_name, '.'))
			n++;
	}
	closedir(events);
	return n;
}

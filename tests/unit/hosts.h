/* SPDX-License-Identifier: GPL-2.0-only */
/* The recorded hosts in tests/unit/hosts, as the plan sees them and as sysfs shows them. */
#ifndef TALLY_UNIT_HOSTS_H
#define TALLY_UNIT_HOSTS_H

#include "host.h"

/* Fill @caps from hosts/@name. */
void host_load(const char *name, struct host_caps *caps);
/*
 * Make the host's /sys/bus/event_source/devices in a directory of its own and
 * return its path, which stays valid until the next call.
 */
const char *host_sysfs(const char *name);
/* Put @text into the file @file of the PMU @pmu in the tree made last. */
void host_sysfs_write(const char *pmu, const char *file, const char *text);

#endif

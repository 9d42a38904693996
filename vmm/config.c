// SPDX-License-Identifier: GPL-2.0-only
/* The options of the machine and of what it boots, and everything's defaults. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "option.h"
#include "parts.h"
#include "pmu.h"

#define CPUS_DEFAULT	1
#define CPUS_MAX	512		/* KVM's own limit with a GICv3 */
#define MEM_DEFAULT	(256ull << 20)
#define MEM_MIN		(4ull << 20)
#define MEM_PAGE	65536		/* the largest page size: any kernel can use all */

void config_init(struct config *config)
{
	*config = (struct config) {
		.cpus		= CPUS_DEFAULT,
		.mem		= MEM_DEFAULT,
		.log_level	= LOG_INFO,
		.arm64.pmu	= {
			.counters	= PMU_COUNTERS_DEFAULT,
			.irq		= PMU_IRQ_DEFAULT,
		},
	};
}

void config_free(struct config *config)
{
	free(config->devices.disks);
	config->devices.disks = NULL;
}

static int parse_cpus(struct config *config, const struct option_row *row, const char *value,
		      struct error *err)
{
	uint64_t cpus;
	int ret = parse_u64(row, value, 1, CPUS_MAX, &cpus, err);

	config->cpus = cpus;
	return ret;
}

static int parse_mem(struct config *config, const struct option_row *row, const char *value,
		     struct error *err)
{
	int ret = parse_size(row, value, &config->mem, err);

	if (ret < 0)
		return ret;
	if (config->mem < MEM_MIN)
		return option_bad_value(row, value, err, "a guest needs at least %llu MiB",
					MEM_MIN >> 20);
	if (config->mem % MEM_PAGE)
		return option_bad_value(row, value, err, "not a multiple of %d KiB",
					MEM_PAGE >> 10);
	return 0;
}

/* A name becomes part of a file name when guests can be controlled by name. */
static int parse_name(struct config *config, const struct option_row *row, const char *value,
		      struct error *err)
{
	static const char allowed[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
	size_t len = strlen(value);

	if (!len || len > 64 || *value == '.' || *value == '-' || strspn(value, allowed) != len)
		return option_bad_value(row, value, err,
					"a name has 1 to 64 letters, digits, '.', '_' or '-'");
	config->name = value;
	return 0;
}

static int parse_affinity(struct config *config, const struct option_row *row,
			  const char *value, struct error *err)
{
	config->has_affinity = true;
	return parse_cpu_list(row, value, &config->affinity, err);
}

static int parse_loglevel(struct config *config, const struct option_row *row,
			  const char *value, struct error *err)
{
	static const char *const names[] = { "error", "warning", "info", "debug" };

	for (unsigned int i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (!strcmp(value, names[i])) {
			config->log_level = i;
			return 0;
		}
	}
	return option_bad_value(row, value, err, "it is one of error, warning, info, debug");
}

static int parse_on_reset(struct config *config, const struct option_row *row,
			  const char *value, struct error *err)
{
	if (strcmp(value, "restart") && strcmp(value, "exit"))
		return option_bad_value(row, value, err, "it is exit or restart");
	config->restart_on_reset = !strcmp(value, "restart");
	return 0;
}

/* lkvm's form: mode=none, or other keys with their values, which come later. */
static int parse_network(struct config *config, const struct option_row *row,
			 const char *value, struct error *err)
{
	if (!strcmp(value, "mode=none") || !strcmp(value, "none"))
		return 0;
	return option_bad_value(row, value, err,
				"only mode=none works now; other modes come later");
}

static int parse_firmware_address(struct config *config, const struct option_row *row,
				  const char *value, struct error *err)
{
	config->kernel.has_firmware_address = true;
	return parse_u64(row, value, 0, UINT64_MAX, &config->kernel.firmware_address, err);
}

static const struct option_row machine_rows[] = {
	{ "cpus", 'c', OPTION_REQUIRED, "N", "Number of CPUs (default 1)", parse_cpus, 0 },
	{ "mem", 'm', OPTION_REQUIRED, "SIZE",
	  "Memory: a number with B, K, M, G, T or P; in MiB without (default 256)", parse_mem, 0 },
	{ "name", 0, OPTION_REQUIRED, "NAME", "The guest's name", parse_name, 0 },
	{ "vcpu-affinity", 0, OPTION_REQUIRED, "LIST",
	  "Host CPUs that the vCPUs may run on, e.g. 0,4-7", parse_affinity, 0 },
	{ "hugetlbfs", 0, OPTION_REQUIRED, "PATH", "Take the memory from this hugetlbfs mount",
	  option_string, offsetof(struct config, hugetlbfs) },
	{ "nodefaults", 0, OPTION_FLAG, NULL, "Add nothing to the kernel's command line",
	  option_set_true, offsetof(struct config, nodefaults) },
	{ "on-reset", 0, OPTION_REQUIRED, "exit|restart",
	  "When the guest resets itself: exit with 80 (default), or start it anew",
	  parse_on_reset, 0 },
	{ "no-panic-watch", 0, OPTION_FLAG, NULL,
	  "Don't take 'Kernel panic - not syncing' on the console for a crash",
	  option_set_true, offsetof(struct config, no_panic_watch) },
	{ "network", 'n', OPTION_REQUIRED, "mode=none", "Network: none is all there is now",
	  parse_network, 0 },
	{ "loglevel", 0, OPTION_REQUIRED, "LEVEL",
	  "What tally says of itself: error, warning, info (default), debug", parse_loglevel, 0 },
	{ 0 }
};

const struct option_group machine_options = { "Machine", machine_rows };

static const struct option_row kernel_rows[] = {
	{ "kernel", 'k', OPTION_REQUIRED, "FILE",
	  "Kernel: arm64 Image, Image.gz, EFI zboot, or a bare program", option_string,
	  offsetof(struct config, kernel.kernel) },
	{ "initrd", 'i', OPTION_REQUIRED, "FILE", "Initial RAM disk, or any file", option_string,
	  offsetof(struct config, kernel.initrd) },
	{ "params", 'p', OPTION_REQUIRED, "STRING", "The kernel's command line", option_string,
	  offsetof(struct config, kernel.params) },
	{ "firmware", 'f', OPTION_REQUIRED, "FILE", "Firmware, started instead of a kernel",
	  option_string, offsetof(struct config, kernel.firmware) },
	{ "firmware-address", 0, OPTION_REQUIRED, "ADDR",
	  "Where the firmware is put (default: start of memory)", parse_firmware_address, 0 },
	{ "dump-dtb", 0, OPTION_REQUIRED, "FILE", "Write the guest's device tree to FILE",
	  option_string, offsetof(struct config, kernel.dump_dtb) },
	{ 0 }
};

const struct option_group kernel_options = { "Kernel", kernel_rows };

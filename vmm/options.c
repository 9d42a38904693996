// SPDX-License-Identifier: GPL-2.0-only
/* The command line: getopt_long over the tables that vmm/parts.c lists. */
#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "option.h"
#include "parts.h"

#define MAX_OPTIONS	128
#define FIRST_LONG	256	/* getopt_long's values, above any letter */

/* What lkvm users may ask for and tally doesn't have (yet), with what to do instead. */
static const struct {
	const char	*name;
	char		letter;
	const char	*instead;
} refused[] = {
	{ "9p", 0, "it comes later; put the files into a disk image (--disk) or the initrd" },
	{ "aarch32", 0, "32-bit guests are not supported" },
	{ "balloon", 0, "it comes later; give the guest what it needs with --mem" },
	{ "debug", 0, "use --loglevel=debug" },
	{ "debug-iodelay", 0, "use --loglevel=debug" },
	{ "debug-ioport", 0, "use --loglevel=debug" },
	{ "debug-mmio", 0, "use --loglevel=debug" },
	{ "debug-single-step", 0, "use a debugger in the guest" },
	{ "dev", 0, "/dev/kvm is always used" },
	{ "e2h0", 0, "nested virtualization is not supported" },
	{ "flash", 'F', "use --firmware" },
	{ "force-pci", 0, "devices are virtio-mmio" },
	{ "gtk", 0, "there is no display; use --console" },
	{ "guest-memfd", 0, "protected guests are not supported" },
	{ "hugetlb", 0, "use --hugetlbfs PATH" },
	{ "nested", 0, "nested virtualization is not supported" },
	{ "no-dhcp", 0, "there is no network device yet" },
	{ "override-bad-firmware-cntfrq", 0, "mend the host's firmware" },
	{ "protected", 0, "protected guests are not supported" },
	{ "psci", 0, "it is not needed: KVM's own PSCI is always used" },
	{ "sandbox", 0, "boot a script with --initrd or --disk" },
	{ "sdl", 0, "there is no display; use --console" },
	{ "tty", 0, "use --console and redirect tally's input and output" },
	{ "vfio-pci", 0, "device assignment is not supported" },
	{ "virtio-legacy", 0, "devices are virtio 1.x" },
	{ "virtio-transport", 0, "devices are virtio-mmio" },
	{ "vnc", 0, "there is no display; use --console" },
	{ "vsock", 0, "it comes later; use --console" },
	{ "exec", 0, "it comes later" },
	{ "expect", 0, "it comes later; look for the text in tally's output" },
	{ "guest-exit", 0, "it comes later" },
	{ "junit", 0, "it comes later" },
	{ "log", 0, "it comes later; redirect tally's output" },
	{ "no-sandbox", 0, "there is no sandbox yet" },
	{ "pause-clock", 0, "it comes later" },
	{ "reject", 0, "it comes later; look for the text in tally's output" },
	{ "report", 0, "it comes later; use --loglevel=info" },
	{ "root", 0, "it comes later; use --disk" },
	{ "timeout", 0, "it comes later; use timeout(1)" },
	{ "timer-irq", 0, "it comes later" },
};

#define N_REFUSED	(sizeof(refused) / sizeof(refused[0]))

int option_bad_value(const struct option_row *row, const char *value, struct error *err,
		     const char *why_fmt, ...)
{
	char why[512];
	va_list args;

	va_start(args, why_fmt);
	vsnprintf(why, sizeof(why), why_fmt, args);
	va_end(args);
	return error_set(err, TALLY_EXIT_USAGE, EINVAL, "--%s: bad value '%s': %s", row->name,
			 value, why);
}

int option_set_true(struct config *config, const struct option_row *row, const char *value,
		    struct error *err)
{
	*(bool *)((char *)config + row->offset) = true;
	return 0;
}

int option_set_false(struct config *config, const struct option_row *row, const char *value,
		     struct error *err)
{
	*(bool *)((char *)config + row->offset) = false;
	return 0;
}

int option_string(struct config *config, const struct option_row *row, const char *value,
		  struct error *err)
{
	*(const char **)((char *)config + row->offset) = value;
	return 0;
}

int option_u64(struct config *config, const struct option_row *row, const char *value,
	       struct error *err)
{
	return parse_u64(row, value, 0, UINT64_MAX,
			 (uint64_t *)((char *)config + row->offset), err);
}

int parse_u64(const struct option_row *row, const char *value, uint64_t min, uint64_t max,
	      uint64_t *out, struct error *err)
{
	unsigned long long number;
	char *end;

	errno = 0;
	number = strtoull(value, &end, 0);
	if (!isdigit((unsigned char)*value) || *end)
		return option_bad_value(row, value, err, "not a number");
	if (errno || number < min || number > max)
		return option_bad_value(row, value, err, "it must be %llu to %llu",
					(unsigned long long)min, (unsigned long long)max);
	*out = number;
	return 0;
}

int parse_size(const struct option_row *row, const char *value, uint64_t *bytes,
	       struct error *err)
{
	static const char units[] = "BKMGTP";
	unsigned long long number;
	unsigned int shift = 20;
	const char *unit;
	char *end;

	errno = 0;
	number = strtoull(value, &end, 0);
	if (!isdigit((unsigned char)*value))
		return option_bad_value(row, value, err, "not a size");
	if (*end) {
		unit = strchr(units, toupper((unsigned char)*end));
		if (!unit || end[1])
			return option_bad_value(row, value, err,
						"a size is a number and one of B, K, M, G, T, P");
		shift = (unit - units) * 10;
	}
	if (errno || number > (UINT64_MAX >> shift))
		return option_bad_value(row, value, err, "too large");
	*bytes = (uint64_t)number << shift;
	return 0;
}

int cpu_list_parse(const char *text, cpu_set_t *cpus)
{
	CPU_ZERO(cpus);
	while (*text && *text != '\n') {
		unsigned long first, last;
		char *end;

		if (!isdigit((unsigned char)*text))
			return -EINVAL;
		first = strtoul(text, &end, 10);
		last = first;
		if (*end == '-') {
			if (!isdigit((unsigned char)end[1]))
				return -EINVAL;
			last = strtoul(end + 1, &end, 10);
		}
		if (last < first || last >= CPU_SETSIZE)
			return -EINVAL;
		for (unsigned long cpu = first; cpu <= last; cpu++)
			CPU_SET(cpu, cpus);
		if (*end == ',')
			end++;
		else if (*end && *end != '\n')
			return -EINVAL;
		text = end;
	}
	return 0;
}

int parse_cpu_list(const struct option_row *row, const char *value, cpu_set_t *cpus,
		   struct error *err)
{
	if (cpu_list_parse(value, cpus) < 0 || !CPU_COUNT(cpus))
		return option_bad_value(row, value, err,
					"a CPU list looks like 0,2-5, with numbers below %d",
					CPU_SETSIZE);
	return 0;
}

char *cpu_list_format(const cpu_set_t *cpus, char *text, size_t size)
{
	size_t used = 0;

	if (size)
		text[0] = '\0';
	for (int cpu = 0; cpu < CPU_SETSIZE && used < size; cpu++) {
		int first = cpu;

		if (!CPU_ISSET(cpu, cpus))
			continue;
		while (cpu + 1 < CPU_SETSIZE && CPU_ISSET(cpu + 1, cpus))
			cpu++;
		used += snprintf(text + used, size - used, first == cpu ? "%s%d" : "%s%d-%d",
				 used ? "," : "", first, cpu);
	}
	return text;
}

/* getopt_long's tables and what each of its values stands for. */
struct getopt_tables {
	struct option			longs[MAX_OPTIONS + N_REFUSED + 1];
	char				letters[2 * MAX_OPTIONS + 4];
	const struct option_row		*rows[MAX_OPTIONS];
	unsigned int			n_rows;
};

static void tables_fill(struct getopt_tables *tables)
{
	const struct option_group *group;
	char *letter = tables->letters;
	struct option *next = tables->longs;

	*letter++ = ':';
	for (size_t g = 0; (group = option_group(g)); g++) {
		const struct option_row *row = group->rows;

		for (; row->name && tables->n_rows < MAX_OPTIONS; row++) {
			*next++ = (struct option) {
				.name	 = row->name,
				.has_arg = row->value,
				.val	 = FIRST_LONG + tables->n_rows,
			};
			tables->rows[tables->n_rows++] = row;
			if (row->letter) {
				*letter++ = row->letter;
				if (row->value == OPTION_REQUIRED)
					*letter++ = ':';
			}
		}
	}
	for (size_t i = 0; i < N_REFUSED; i++) {
		*next++ = (struct option) {
			.name	 = refused[i].name,
			.has_arg = optional_argument,
			.val	 = FIRST_LONG + MAX_OPTIONS + i,
		};
		if (refused[i].letter)
			*letter++ = refused[i].letter;
	}
}

static const struct option_row *row_by_letter(const struct getopt_tables *tables, int letter)
{
	for (unsigned int i = 0; i < tables->n_rows; i++) {
		if (tables->rows[i]->letter == letter)
			return tables->rows[i];
	}
	return NULL;
}

static int refuse(size_t i, struct error *err)
{
	return error_set(err, TALLY_EXIT_USAGE, EINVAL, "--%s: tally does not have this option: %s",
			 refused[i].name, refused[i].instead);
}

static int refuse_unknown(const struct getopt_tables *tables, int value, char **argv,
			  struct error *err)
{
	const struct option_row *row;

	if (value == ':') {
		row = optopt >= FIRST_LONG ? tables->rows[optopt - FIRST_LONG] :
		      row_by_letter(tables, optopt);
		return error_set(err, TALLY_EXIT_USAGE, EINVAL, "--%s: needs a value (%s)",
				 row->name, row->value_name);
	}
	if (optopt >= FIRST_LONG && optopt < FIRST_LONG + MAX_OPTIONS)
		return error_set(err, TALLY_EXIT_USAGE, EINVAL, "--%s: takes no value",
				 tables->rows[optopt - FIRST_LONG]->name);
	if (optopt)
		return error_set(err, TALLY_EXIT_USAGE, EINVAL, "-%c: unknown option", optopt);
	return error_set(err, TALLY_EXIT_USAGE, EINVAL, "%s: unknown or ambiguous option",
			 argv[optind - 1]);
}

int options_parse(struct config *config, int argc, char **argv, struct error *err)
{
	struct getopt_tables tables = { 0 };
	int value, ret;

	tables_fill(&tables);
	opterr = 0;
	optind = 0;
	while ((value = getopt_long(argc, argv, tables.letters, tables.longs, NULL)) != -1) {
		const struct option_row *row;

		if (value >= FIRST_LONG + MAX_OPTIONS)
			return refuse(value - FIRST_LONG - MAX_OPTIONS, err);
		if (value == '?' || value == ':')
			return refuse_unknown(&tables, value, argv, err);
		for (size_t i = 0; i < N_REFUSED; i++) {
			if (refused[i].letter && refused[i].letter == value)
				return refuse(i, err);
		}
		row = value >= FIRST_LONG ? tables.rows[value - FIRST_LONG] :
		      row_by_letter(&tables, value);
		ret = row->parse(config, row, optarg, err);
		if (ret < 0)
			return ret;
	}
	if (optind < argc)
		return error_set(err, TALLY_EXIT_USAGE, EINVAL, "%s: unexpected argument",
				 argv[optind]);
	return 0;
}

void options_print(FILE *to)
{
	const struct option_group *group;

	for (size_t g = 0; (group = option_group(g)); g++) {
		fprintf(to, "\n%s:\n", group->title);
		for (const struct option_row *row = group->rows; row->name; row++) {
			char left[64], letter[8] = "    ";

			if (row->letter)
				snprintf(letter, sizeof(letter), "-%c, ", row->letter);
			snprintf(left, sizeof(left), "%s--%s%s%s%s", letter, row->name,
				 row->value == OPTION_OPTIONAL ? "[=" :
				 row->value == OPTION_REQUIRED ? " " : "",
				 row->value == OPTION_FLAG ? "" : row->value_name,
				 row->value == OPTION_OPTIONAL ? "]" : "");
			fprintf(to, "  %-34s %s\n", left, row->help);
		}
	}
}

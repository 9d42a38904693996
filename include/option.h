/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The command line as data: each part keeps a table of its options beside their
 * parsers; vmm/parts.c lists the tables; vmm/options.c walks them.
 */
#ifndef TALLY_OPTION_H
#define TALLY_OPTION_H

#include <sched.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "error.h"

struct config;
struct option_row;

enum option_value {
	OPTION_FLAG,			/* --opt */
	OPTION_REQUIRED,		/* --opt VALUE or --opt=VALUE */
	OPTION_OPTIONAL,		/* --opt or --opt=VALUE */
};

/*
 * Store @value (NULL for a flag, or for an optional value that is not given) in
 * @config. Strings are borrowed: argv outlives the config. Errors are
 * TALLY_EXIT_USAGE and name the option and the value.
 */
typedef int option_parser(struct config *config, const struct option_row *row,
			  const char *value, struct error *err);

struct option_row {
	const char		*name;		/* long name without "--" */
	char			letter;		/* short name, or 0 */
	enum option_value	value;
	const char		*value_name;	/* for the help text, e.g. "N" */
	const char		*help;		/* one line, shown by --help */
	option_parser		*parse;
	size_t			offset;		/* generic parsers: field in struct config */
};

struct option_group {
	const char			*title;
	const struct option_row		*rows;	/* ends with a row without a name */
};

/* Generic parsers that store into the field at row->offset. */
option_parser option_set_true;		/* bool */
option_parser option_set_false;		/* bool */
option_parser option_string;		/* const char * */
option_parser option_u64;		/* uint64_t, decimal, 0x or 0 octal */

/*
 * Value parsers. Each returns 0 or -EINVAL with an error that names @row's
 * option and the value.
 */
int parse_u64(const struct option_row *row, const char *value, uint64_t min, uint64_t max,
	      uint64_t *out, struct error *err);
/* SIZE[B,K,M,G,T,P]; a bare number is in MiB. Result in bytes. */
int parse_size(const struct option_row *row, const char *value, uint64_t *bytes,
	       struct error *err);
/* A CPU list such as 0,2-5, as in Linux' sysfs and lkvm's --vcpu-affinity. */
int parse_cpu_list(const struct option_row *row, const char *value, cpu_set_t *cpus,
		   struct error *err);
/* The same for text from sysfs: 0, or -EINVAL for a malformed list. */
int cpu_list_parse(const char *text, cpu_set_t *cpus);
/* Write @cpus as a list ("0-3,6"), at most @size bytes with the NUL; returns @text. */
char *cpu_list_format(const cpu_set_t *cpus, char *text, size_t size);
/* -EINVAL for "option --NAME: bad value 'V'" with @why appended. */
int option_bad_value(const struct option_row *row, const char *value, struct error *err,
		     const char *why_fmt, ...) __attribute__((format(printf, 4, 5)));

/*
 * Fill @config from argv[1…]. Options that lkvm has and tally has not are
 * refused by name. 0, or -EINVAL with TALLY_EXIT_USAGE.
 */
int options_parse(struct config *config, int argc, char **argv, struct error *err);
void options_print(FILE *to);

#endif

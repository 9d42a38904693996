// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "commands.h"
#include "error.h"
#include "host.h"
#include "log.h"
#include "option.h"

static int version_command(int argc, char **argv);
static int help_command(int argc, char **argv);

static const struct command {
	const char	*name;
	int		(*run)(int argc, char **argv);
	const char	*help;
} commands[] = {
	{ "run", run_command, "Boot a guest" },
	{ "host", host_command, "Show what this host offers, as a table or with --json" },
	{ "version", version_command, "Print tally's version" },
	{ "help", help_command, "Print this help" },
};

#define N_COMMANDS	(sizeof(commands) / sizeof(commands[0]))

/* Named, so that whoever knows them from lkvm is told. */
static const char *const later[] = { "list", "stop", "pause", "resume", "stat", "debug", "test" };
static const char *const never[] = { "balloon", "setup", "sandbox" };

/* Output that a full disk or a closed pipe swallowed is no success. */
static int printed(void)
{
	if (!fflush(stdout) && !ferror(stdout))
		return 0;
	log_error("standard output: %s", strerror(errno));
	return TALLY_EXIT_SOFTWARE;
}

static int version_command(int argc, char **argv)
{
	printf("tally %s\n", TALLY_VERSION);
	return printed();
}

/* Tools that look for an lkvm know one by the line about the most commonly used commands. */
static int help_command(int argc, char **argv)
{
	printf("usage: tally COMMAND [options]\n"
	       "       tally [run] -k KERNEL [options]\n\n"
	       "The most commonly used tally commands are:\n");
	for (size_t i = 0; i < N_COMMANDS; i++)
		printf("  %-10s %s\n", commands[i].name, commands[i].help);
	printf("\nOptions of run:\n");
	options_print(stdout);
	printf("\n"
	       "Exit code: 0 guest powered off, 64 bad command line, 66 bad input file,\n"
	       "69 this host can't, 70 tally's own error, 75 stopped, 80 guest reset itself,\n"
	       "81 guest crashed. The manual page tally(1) has the whole story.\n");
	return printed();
}

static int refuse(const char *name)
{
	for (size_t i = 0; i < sizeof(later) / sizeof(later[0]); i++) {
		if (!strcmp(name, later[i])) {
			log_error("%s: tally does not have this command yet", name);
			return TALLY_EXIT_USAGE;
		}
	}
	for (size_t i = 0; i < sizeof(never) / sizeof(never[0]); i++) {
		if (!strcmp(name, never[i])) {
			log_error("%s: tally does not have this command of lkvm's", name);
			return TALLY_EXIT_USAGE;
		}
	}
	log_error("%s: unknown command; see tally help", name);
	return TALLY_EXIT_USAGE;
}

static bool asks_for_help(const char *arg)
{
	return !strcmp(arg, "--help") || !strcmp(arg, "-h");
}

/* A file that is opened later must not become a closed standard stream. */
static void open_standard_streams(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
		if (fcntl(fd, F_GETFD) < 0)
			open("/dev/null", O_RDWR);	/* takes the lowest number: this one */
	}
}

int main(int argc, char **argv)
{
	open_standard_streams();
	if (argc < 2) {
		help_command(argc, argv);
		return TALLY_EXIT_USAGE;
	}
	if (asks_for_help(argv[1]) || (argc > 2 && *argv[1] != '-' && asks_for_help(argv[2])))
		return help_command(argc, argv);
	if (!strcmp(argv[1], "--version"))
		return version_command(argc, argv);
	if (argv[1][0] == '-')
		return run_command(argc, argv);
	for (size_t i = 0; i < N_COMMANDS; i++) {
		if (!strcmp(argv[1], commands[i].name))
			return commands[i].run(argc - 1, argv + 1);
	}
	return refuse(argv[1]);
}

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Errors are carried up, never acted on where they arise: a function that fails
 * frees what it took, fills one struct error and returns a negative errno. Only
 * main prints the text and exits with the code.
 */
#ifndef TALLY_ERROR_H
#define TALLY_ERROR_H

/* Exit codes, the whole list. docs/tally.1 documents each. */
enum tally_exit {
	TALLY_EXIT_OFF		= 0,	/* guest powered itself off */
	TALLY_EXIT_USAGE	= 64,	/* bad command line */
	TALLY_EXIT_NOINPUT	= 66,	/* an input file can't be read or isn't what it should be */
	TALLY_EXIT_UNAVAILABLE	= 69,	/* this host can't */
	TALLY_EXIT_SOFTWARE	= 70,	/* tally's own error */
	TALLY_EXIT_STOPPED	= 75,	/* stopped by a signal or by the user */
	TALLY_EXIT_RESET	= 80,	/* guest reset itself */
	TALLY_EXIT_CRASHED	= 81,	/* guest crashed */
};

struct error {
	int	exit_code;		/* enum tally_exit */
	char	text[1024];		/* one line without newline */
};

/*
 * Fill @err (which may be NULL) and return -@errnum. @errnum is a positive
 * errno, never 0. The text names the option or file and the value at fault.
 */
int error_set(struct error *err, enum tally_exit exit_code, int errnum, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

#endif

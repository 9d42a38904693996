/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * tally's commands: each takes its arguments with its own name as argv[0] and
 * returns the exit code.
 */
#ifndef TALLY_COMMANDS_H
#define TALLY_COMMANDS_H

int run_command(int argc, char **argv);

#endif

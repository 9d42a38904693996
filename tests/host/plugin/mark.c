// SPDX-License-Identifier: GPL-2.0-only
/*
 * mark PROGRAM [ARGUMENT…]: run a program on the emulated host between the marks
 * that tests/host/plugin/profile.c counts between, and end as it ended. With -m the
 * marks are those of windows that a command opens itself (--profile=marks).
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void mark(int own, int last)
{
	if (!own && !last)
		__asm__ volatile("hint #120" : : : "memory");
	else if (!own)
		__asm__ volatile("hint #121" : : : "memory");
	else if (!last)
		__asm__ volatile("hint #122" : : : "memory");
	else
		__asm__ volatile("hint #123" : : : "memory");
}

int main(int argc, char **argv)
{
	int own = argc > 1 && !strcmp(argv[1], "-m"), status;
	pid_t pid;

	argv += 1 + own;
	if (!*argv)
		return 125;
	pid = fork();
	if (!pid) {
		mark(own, 0);
		execvp(*argv, argv);
		mark(own, 1);
		fprintf(stderr, "mark: %s: %s\n", *argv, strerror(errno));
		_exit(errno == ENOENT ? 127 : 126);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid) {
		perror("mark");
		return 125;
	}
	mark(own, 1);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

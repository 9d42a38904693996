// SPDX-License-Identifier: GPL-2.0-only
/*
 * pty WAIT SEND COMMAND…: run a command on a terminal of its own and show what
 * it prints; when it has printed WAIT, type SEND. Says what became of the
 * terminal's settings; the exit status is the command's.
 */
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

static int master, slave;

static pid_t start(char **command)
{
	pid_t pid = fork();

	if (pid)
		return pid;
	setsid();
	ioctl(slave, TIOCSCTTY, 0);
	dup2(slave, STDIN_FILENO);
	dup2(slave, STDOUT_FILENO);
	close(master);
	close(slave);
	execvp(command[0], command);
	perror(command[0]);
	_exit(127);
}

/* Pass on what there is; false when nothing came for a while. */
static bool pass_on(char *seen, size_t size, int wait_ms)
{
	struct pollfd ready = { .fd = master, .events = POLLIN };
	size_t used = strlen(seen);
	char data[4096];
	ssize_t n;

	if (poll(&ready, 1, wait_ms) <= 0)
		return false;
	n = read(master, data, sizeof(data));
	if (n <= 0)
		return false;
	fwrite(data, 1, n, stdout);
	if ((size_t)n < size - used) {
		memcpy(seen + used, data, n);
		seen[used + n] = '\0';
	}
	return true;
}

int main(int argc, char **argv)
{
	static char seen[1 << 16];
	struct termios before, during, after;
	bool sent = false;
	int status;
	pid_t pid;

	if (argc < 4)
		return 64;
	master = posix_openpt(O_RDWR | O_NOCTTY);
	if (master < 0 || grantpt(master) || unlockpt(master))
		return 70;
	slave = open(ptsname(master), O_RDWR | O_NOCTTY);
	if (slave < 0 || tcgetattr(slave, &before))
		return 70;
	during = before;
	pid = start(argv + 3);
	while (waitpid(pid, &status, WNOHANG) == 0) {
		pass_on(seen, sizeof(seen), 50);
		if (sent || !strstr(seen, argv[1]))
			continue;
		sent = true;
		tcgetattr(slave, &during);
		if (write(master, argv[2], strlen(argv[2])) < 0)
			perror("typing");
	}
	while (pass_on(seen, sizeof(seen), 0))
		continue;
	tcgetattr(slave, &after);
	printf("\nterminal: %s while it ran, %s afterwards\n",
	       during.c_lflag & (ICANON | ECHO | ISIG) ? "cooked" : "raw",
	       after.c_lflag == before.c_lflag && after.c_iflag == before.c_iflag &&
	       after.c_oflag == before.c_oflag && after.c_cflag == before.c_cflag &&
	       !memcmp(after.c_cc, before.c_cc, sizeof(after.c_cc)) ? "as before" : "changed");
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

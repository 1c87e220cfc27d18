/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* launch.c - makes the program that is linked with the peer, and runs it. */
#define _GNU_SOURCE
#include "launch.h"

#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define TARGET "bench/replay-6.1"

/* The top of the build tree, from where this program lies in it. */
static int build_tree(char *dir, size_t size)
{
	char path[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);

	if (n < 0)
		return -errno;
	path[n] = '\0';
	n = snprintf(dir, size, "%s", dirname(dirname(path)));
	return n < (ssize_t)size ? 0 : -ENAMETOOLONG;
}

/* Nothing to do is the common case, and quick. */
static int make_target(const char *dir)
{
	char *make = getenv("MAKE");
	pid_t pid = fork();
	int status;

	if (pid < 0)
		return -errno;
	if (!pid) {
		/* What make says is no result of ours; and it is not make that calls us. */
		dup2(STDERR_FILENO, STDOUT_FILENO);
		unsetenv("MAKEFLAGS");
		unsetenv("MFLAGS");
		execlp(make ? make : "make", "make", "-s", "-C", dir, TARGET, (char *)NULL);
		fprintf(stderr, "replay: cannot run make: %s\n", strerror(errno));
		_exit(1);
	}
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return WIFEXITED(status) && !WEXITSTATUS(status) ? 0 : -ECHILD;
}

int launch_with_peer(char **argv)
{
	char dir[PATH_MAX - 32], program[PATH_MAX];
	int ret = build_tree(dir, sizeof(dir));

	if (!ret)
		ret = make_target(dir);
	if (ret) {
		fprintf(stderr, "replay: cannot build the peer; --no-peer replays ours alone\n");
		return 1;
	}
	snprintf(program, sizeof(program), "%s/" TARGET, dir);
	execv(program, argv);
	fprintf(stderr, "replay: cannot run %s: %s\n", program, strerror(errno));
	return 1;
}

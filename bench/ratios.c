// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * ratios.c - how we compare with others, one line per comparison, for machines.
 *
 * Runs bench/ratios-worker (or bench/replay for traces) once per name, each in a
 * process of its own, and turns its rounds into medians.  Both are made first
 * where they are missing, because they need the peers, which need a download.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <getopt.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "names.h"
#include "ratios_parse.h"
#include "stats.h"

#define DEFAULT_ROUNDS 9
#define MIN_ROUNDS 5

struct options {
	unsigned rounds;
	const char *linux_iova; /* kernel version of the IOVA peer */
	bool list;
};

static const char usage[] =
	"usage: bench/ratios [--rounds=N] [--linux-iova=6.1|6.12] [NAME...]\n"
	"       bench/ratios --list\n"
	"Compares ours with a peer and prints one line per NAME (default: all):\n"
	"RATIO name ours=<ns> peer=<ns> peer_name=<...> ratio=<ours/peer> min=<..> max=<..>\n"
	"ours and peer are medians of alternating rounds, ratio their quotient, min and max\n"
	"the extremes of the per-round quotient.\n";

/* The build tree, from where this program lies in it. */
static int enter_build_tree(void)
{
	char path[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);

	if (n < 0)
		return -errno;
	path[n] = 0;
	return chdir(dirname(dirname(path))) ? -errno : 0;
}

/* Runs a program with its output on ours, or into *out where that is not NULL. */
static int spawn(char *const argv[], FILE **out, pid_t *pid)
{
	int fd[2] = { -1, -1 };

	if (out && pipe(fd))
		return -errno;
	fflush(stdout);
	*pid = fork();
	if (*pid < 0)
		return -errno;
	if (!*pid) {
		/* What make says is not a result. */
		dup2(out ? fd[1] : STDERR_FILENO, STDOUT_FILENO);
		if (out)
			close(fd[0]);
		execvp(argv[0], argv);
		fprintf(stderr, "ratios: cannot run %s: %s\n", argv[0], strerror(errno));
		_exit(1);
	}
	if (out) {
		close(fd[1]);
		*out = fdopen(fd[0], "r");
		if (!*out)
			return -errno;
	}
	return 0;
}

static int wait_for(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return WIFEXITED(status) && !WEXITSTATUS(status) ? 0 : -ECHILD;
}

/* Two programs at most are ever asked for: each is made, and complained about, once. */
static int make(char *target)
{
	static struct {
		char target[64];
		int err;
	} made[2];
	char *make_program = getenv("MAKE");
	char *argv[] = { make_program ? make_program : "make", "-s", target, NULL };
	pid_t pid;
	int i;

	for (i = 0; i < 1 && made[i].target[0] && strcmp(made[i].target, target); i++)
		;
	if (!strcmp(made[i].target, target))
		return made[i].err;
	snprintf(made[i].target, sizeof(made[i].target), "%s", target);
	made[i].err = spawn(argv, NULL, &pid);
	if (!made[i].err)
		made[i].err = wait_for(pid);
	if (made[i].err)
		fprintf(stderr, "ratios: cannot build %s\n", target);
	return made[i].err;
}

/* Makes and runs the program that measures @name, and reads its rounds. */
static int measure(struct rounds *r, const struct bench_name *name, const struct options *opt)
{
	char worker[64], rounds[16];
	char *worker_argv[] = { worker, name->name, rounds, NULL };
	char *replay_argv[] = { "bench/replay", "--json", "--ratio", name->trace, NULL };
	int err, child;
	pid_t pid;
	FILE *out;

	snprintf(worker, sizeof(worker), "bench/ratios-worker-%s", opt->linux_iova);
	snprintf(rounds, sizeof(rounds), "%u", opt->rounds);
	err = make(name->trace ? replay_argv[0] : worker);
	if (!err)
		err = spawn(name->trace ? replay_argv : worker_argv, &out, &pid);
	if (err)
		return err;
	err = name->trace ? rounds_parse_json(r, out) : rounds_parse_lines(r, out);
	fclose(out);
	child = wait_for(pid);
	if (child)
		fprintf(stderr, "ratios: %s failed\n", name->name);
	else if (err)
		fprintf(stderr, "ratios: %s printed no rounds: %s\n", name->name, strerror(-err));
	return child ? child : err;
}

static int compare(const struct bench_name *name, const struct options *opt)
{
	static struct rounds r;
	struct stats_ratio s;
	char peer[80];
	int err;

	r.n = 0;
	err = measure(&r, name, opt);
	if (err)
		return err;
	if (r.n < MIN_ROUNDS || stats_ratio(&s, r.ours, r.peer, r.n)) {
		fprintf(stderr, "ratios: %s gave no usable rounds\n", name->name);
		return -EINVAL;
	}
	if (strcmp(name->peer, "linux-iova"))
		snprintf(peer, sizeof(peer), "%s", name->peer);
	else
		snprintf(peer, sizeof(peer), "linux-%s-iova", opt->linux_iova);
	printf("RATIO %s ours=%.4g peer=%.4g peer_name=%s ratio=%.4g min=%.4g max=%.4g\n",
	       name->name, s.ours, s.peer, peer, s.ratio, s.min, s.max);
	fflush(stdout);
	return 0;
}

static int parse_options(struct options *opt, int argc, char **argv)
{
	static const struct option longopts[] = {
		{ "help", no_argument, NULL, 'h' },
		{ "list", no_argument, NULL, 'l' },
		{ "rounds", required_argument, NULL, 'r' },
		{ "linux-iova", required_argument, NULL, 'i' },
		{ NULL, 0, NULL, 0 },
	};
	int c;

	while ((c = getopt_long(argc, argv, "", longopts, NULL)) != -1) {
		switch (c) {
		case 'h':
			fputs(usage, stdout);
			exit(0);
		case 'l':
			opt->list = true;
			break;
		case 'r':
			if (rounds_parse_count(&opt->rounds, optarg, MIN_ROUNDS)) {
				fprintf(stderr, "ratios: --rounds takes a number from %d to %d\n",
					MIN_ROUNDS, ROUNDS_MAX);
				return -EINVAL;
			}
			break;
		case 'i':
			if (strcmp(optarg, "6.1") && strcmp(optarg, "6.12")) {
				fprintf(stderr, "ratios: --linux-iova takes 6.1 or 6.12\n");
				return -EINVAL;
			}
			opt->linux_iova = optarg;
			break;
		default:
			return -EINVAL;
		}
	}
	return 0;
}

int main(int argc, char **argv)
{
	struct options opt = { .rounds = DEFAULT_ROUNDS, .linux_iova = "6.1" };
	const struct bench_name *n;
	struct bench_name *names;
	int i, failed = 0;

	if (parse_options(&opt, argc, argv))
		return 1;
	if (enter_build_tree() || bench_names_load(&names, TRACE_DIR) < 0) {
		fprintf(stderr, "ratios: %s\n", strerror(errno));
		return 1;
	}
	for (i = optind; i < argc; i++) {
		if (!bench_names_find(names, argv[i])) {
			fprintf(stderr, "ratios: unknown name \"%s\" (--list prints all)\n",
				argv[i]);
			bench_names_free(names);
			return 1;
		}
	}
	if (opt.list)
		for (n = names; n->name; n++)
			puts(n->name);
	else if (optind < argc)
		for (i = optind; i < argc; i++)
			failed |= compare(bench_names_find(names, argv[i]), &opt);
	else
		for (n = names; n->name; n++)
			failed |= compare(n, &opt);
	bench_names_free(names);
	return failed ? 1 : 0;
}

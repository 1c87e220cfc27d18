// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * worker.c - runs one comparison in a process of its own, so that no comparison
 * sees the memory another has left behind.
 *
 *   ratios-worker NAME ROUNDS          one line "ours peer" (ns) per round
 *   ratios-worker --count ours|peer NAME   one line: operations executed between the
 *                                      callgrind requests (bench/instructions.sh)
 *   ratios-worker --ticks ours|peer NAME   one line: the least steps of the time-stamp counter
 *                                      per operation in 25 rounds; instructions, where that
 *                                      counts those (bench/instructions.sh --guest)
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "peers/peer.h"
#include "sides.h"

static const struct bench_side *find(const struct bench_side *const *tables, const char *name)
{
	const struct bench_side *side = bench_find(tables, name);

	if (!side)
		bench_die("%s is not a comparison of this program", name);
	return side;
}

static void run(const char *name, long rounds)
{
	const struct bench_side *side[2] = { find(bench_ours, name), find(bench_peers, name) };
	void *state[2];
	double ns[2];
	long i;
	int k;

	for (k = 0; k < 2; k++)
		state[k] = side[k]->setup();
	for (i = 0; i < rounds; i++) {
		/* Who goes first alternates: neither side always follows the other. */
		for (k = 0; k < 2; k++)
			ns[(i + k) % 2] = side[(i + k) % 2]->round(state[(i + k) % 2]);
		printf("%.6g %.6g\n", ns[0], ns[1]);
		fflush(stdout);
	}
	for (k = 0; k < 2; k++)
		side[k]->teardown(state[k]);
}

static void count(const char *which, const char *name)
{
	const struct bench_side *side;
	double per_call;
	void *state;

	side = find(strcmp(which, "ours") ? bench_peers : bench_ours, name);
	bench_counting = true;
	bench_count_cpu_local();
	state = side->setup();
	/* What a round makes of 1 ns per call, so bulk calls count per entry. */
	per_call = side->round(state);
	side->teardown(state);
	printf("%.0f\n", (double)bench_counted / per_call);
}

/* Each round is short, so that in some of them no interrupt comes. */
static void ticks(const char *which, const char *name)
{
	const struct bench_side *side = find(strcmp(which, "ours") ? bench_peers : bench_ours, name);
	void *state = side->setup();
	double least = 0;

	bench_counting = true;
	for (int i = 0; i < 25; i++) {
		double per_call, each;

		bench_counted = bench_ticks = 0;
		per_call = side->round(state);
		each = (double)bench_ticks / ((double)bench_counted / per_call);
		if (!i || each < least)
			least = each;
	}
	side->teardown(state);
	printf("%.2f\n", least);
}

int main(int argc, char **argv)
{
	bench_init();
	peer_set_cpu(0);
	peer_set_pages(bench_pages());
	if (argc == 4 && !strcmp(argv[1], "--count")) {
		count(argv[2], argv[3]);
		return 0;
	}
	if (argc == 4 && !strcmp(argv[1], "--ticks")) {
		ticks(argv[2], argv[3]);
		return 0;
	}
	if (argc != 3)
		bench_die("usage: ratios-worker NAME ROUNDS");
	run(argv[1], strtol(argv[2], NULL, 10));
	return peer_warned;
}

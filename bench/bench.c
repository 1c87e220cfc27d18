// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * bench.c - the workloads of bench/ratios under Google Benchmark, for people.
 *
 *   bench/bench --benchmark_filter=iova/pair
 *
 * Each side of each comparison is a benchmark of its own, and so is each format of
 * libpgtbl; its time is that of one operation.  The sides run one after the other, not
 * alternately, and in one process: for a claim, use bench/ratios.
 */
#include <stdio.h>
#include <stdlib.h>

#include "gbench.h"
#include "peers/peer.h"
#include "sides.h"

#define ROUNDS 9

struct job {
	const struct bench_side *side;
	void *state;
	int left; /* rounds to go until the state is given up */
};

static void run_round(struct gbench_run *run, void *ctx)
{
	struct job *job = ctx;

	if (!job->state) {
		job->state = job->side->setup();
		job->left = ROUNDS;
	}
	while (gbench_next(run))
		gbench_set_ns(run, job->side->round(job->state));
	if (!--job->left) {
		job->side->teardown(job->state);
		job->state = NULL;
	}
}

static void add(const struct bench_side *side, const char *who)
{
	struct job *job = calloc(1, sizeof(*job));
	char name[80];

	if (!job)
		bench_die("no memory");
	job->side = side;
	snprintf(name, sizeof(name), "%s/%s", side->name, who);
	/* Lives until the process ends: the library keeps the pointer. */
	gbench_add(name, run_round, job, ROUNDS);
}

int main(int argc, char **argv)
{
	const struct bench_side *const *table;
	const struct bench_side *side;

	if (gbench_init(&argc, argv))
		return 1;
	bench_init();
	peer_set_cpu(0);
	peer_set_pages(bench_pages());
	for (table = bench_ours; *table; table++) {
		for (side = *table; side->name; side++) {
			add(side, "ours");
			if (bench_find(bench_peers, side->name))
				add(bench_find(bench_peers, side->name), "peer");
		}
	}
	return gbench_run_all() || peer_warned;
}

/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * measure.h - what each side takes, from passes made in turn.
 *
 * Time per pair: rounds of one pass each over ours, the peer and the empty side.
 * The thread's CPU time of a whole pass, less that of the empty pass, is divided
 * by the number of pairs; there is no clock inside the loop.  A short trace is
 * played several times a round.
 *
 * How a pair divides into its map and its unmap, and the percentiles, come from
 * other passes that read the clock around every call.  A replay on one thread does
 * the same work each time, so of several passes each event's least time counts:
 * that leaves out the interruptions of the machine and nothing else.  Work that
 * timers do counts as unmap in the time, and not in the percentiles.
 */
#ifndef REPLAY_MEASURE_H
#define REPLAY_MEASURE_H

#include "pass.h"

#define MEASURE_ROUNDS_MAX 99
#define MEASURE_TIMED_PASSES 3

struct measure_quantiles {
	double p50, p99, p999, max; /* ns */
};

struct measure_side {
	double pair_ns[MEASURE_ROUNDS_MAX];  /* by round */
	double cpu_2t_ns[MEASURE_ROUNDS_MAX]; /* two threads: CPU time, waits left out */
	double wall_2t_ns[MEASURE_ROUNDS_MAX];
	double pair_median, cpu_2t_median, wall_2t_median;
	double map_ns, unmap_ns; /* pair_median divided up */
	struct measure_quantiles map, unmap;
	uint64_t failed_maps;
};

struct measure {
	unsigned rounds;
	unsigned repeats; /* passes a round */
	bool has_peer, has_quantiles, has_2t;
	struct measure_side ours, peer;
	double harness_ns; /* the empty side's time per pair */
	double step_ns;	   /* of the clock behind the percentiles: nothing finer can be seen */
	double ratio, ratio_min, ratio_max;
	double ratio_2t;
};

/* Ours alone when @peer is NULL: then everything about the peer and the ratios stays zero. */
struct measure_plan {
	struct pass_config pass;
	const struct side_ops *peer;
	unsigned rounds;
};

typedef void (*measure_progress_fn)(void *ctx, unsigned done, unsigned total);

/* All return 0 or -errno; -EIO: a side failed an unmap or left something behind. */
int measure_pairs(struct measure *m, const struct measure_plan *plan, measure_progress_fn progress,
		  void *ctx);
/* Both after measure_pairs(). */
int measure_quantiles(struct measure *m, const struct measure_plan *plan);
/* -ENODEV: this process may use one CPU only. */
int measure_two_threads(struct measure *m, const struct measure_plan *plan);

double measure_median(const double *value, unsigned nr);

#endif

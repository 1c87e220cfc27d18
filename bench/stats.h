/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* stats.h - order statistics of a handful of samples. */
#ifndef BENCH_STATS_H
#define BENCH_STATS_H

#include <stddef.h>

/**
 * stats_percentile() - nearest-rank percentile
 * @v: @n samples; sorted in place
 * @n: at least 1
 * @percent: 0 (least) .. 100 (greatest)
 *
 * Return: the least sample that at least @percent per cent of them do not exceed.
 */
double stats_percentile(double *v, size_t n, double percent);

/* The lower median: always one of the samples.  Sorts @v. */
double stats_median(double *v, size_t n);

/**
 * struct stats_ratio - what alternating rounds say about two programs
 * @ours: median of our rounds
 * @peer: median of the peer's rounds
 * @ratio: @ours / @peer
 * @min: least per-round ratio
 * @max: greatest per-round ratio; @min <= @ratio <= @max
 */
struct stats_ratio {
	double ours;
	double peer;
	double ratio;
	double min;
	double max;
};

/**
 * stats_ratio() - compare two programs that ran alternately
 * @out: result
 * @ours: @n samples, sorted in place
 * @peer: @n samples, the i-th from the same round as @ours[i], sorted in place
 * @n: number of rounds
 *
 * Return: 0, or -EINVAL if there is no round or a sample is not a positive number.
 */
int stats_ratio(struct stats_ratio *out, double *ours, double *peer, size_t n);

#endif

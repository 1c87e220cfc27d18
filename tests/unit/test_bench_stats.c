// SPDX-License-Identifier: GPL-2.0-only OR MIT
/* test_bench_stats.c - the figures that bench/ratios derives from rounds. */
#include "stats.h"
#include "unit/unit.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static double uniform(void)
{
	return 1 + rand() % 1000;
}

Test(stats, percentile_is_nearest_rank)
{
	double v[100];
	int i;

	for (i = 0; i < 100; i++)
		v[i] = 100 - i;
	cr_assert_eq(stats_percentile(v, 100, 0), 1);
	cr_assert_eq(stats_percentile(v, 100, 1), 1);
	cr_assert_eq(stats_percentile(v, 100, 50), 50);
	cr_assert_eq(stats_percentile(v, 100, 50.5), 51);
	cr_assert_eq(stats_percentile(v, 100, 99), 99);
	cr_assert_eq(stats_percentile(v, 100, 100), 100);
}

Test(stats, median_is_the_lower_of_two)
{
	double one[] = { 7 }, even[] = { 4, 1, 3, 2 }, odd[] = { 9, 1, 5 };

	cr_assert_eq(stats_median(one, 1), 7);
	cr_assert_eq(stats_median(even, 4), 2);
	cr_assert_eq(stats_median(odd, 3), 5);
}

Test(stats, ratio_of_medians_and_extremes_of_pairs)
{
	double ours[] = { 10, 30, 20, 1, 40 }, peer[] = { 100, 100, 50, 200, 400 };
	struct stats_ratio r;

	cr_assert_eq(stats_ratio(&r, ours, peer, 5), 0);
	cr_assert_eq(r.ours, 20);
	cr_assert_eq(r.peer, 100);
	cr_assert_float_eq(r.ratio, 0.2, 1e-12);
	cr_assert_float_eq(r.min, 0.005, 1e-12);
	cr_assert_float_eq(r.max, 0.4, 1e-12);
}

/* ours[i] <= max * peer[i] for every i carries over to the medians, and so does min. */
Test(stats, ratio_lies_between_its_extremes)
{
	double ours[9], peer[9];
	struct stats_ratio r;
	size_t n, i;
	int round;

	srand(1);
	for (round = 0; round < 2000; round++) {
		n = 1 + (size_t)rand() % 9;
		for (i = 0; i < n; i++) {
			ours[i] = uniform();
			peer[i] = uniform();
		}
		cr_assert_eq(stats_ratio(&r, ours, peer, n), 0);
		cr_assert(r.min <= r.ratio * (1 + 1e-12) && r.ratio <= r.max * (1 + 1e-12),
			  "%g not in %g..%g", r.ratio, r.min, r.max);
	}
}

Test(stats, useless_samples_are_refused)
{
	const double bad[] = { 0, -1, NAN, INFINITY };
	struct stats_ratio r;
	size_t i;

	for (i = 0; i < 4; i++) {
		double good[] = { 1, 1 }, v[] = { 1, bad[i] };

		cr_assert_eq(stats_ratio(&r, v, good, 2), -EINVAL);
		cr_assert_eq(stats_ratio(&r, good, v, 2), -EINVAL);
	}
	cr_assert_eq(stats_ratio(&r, NULL, NULL, 0), -EINVAL);
}

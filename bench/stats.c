// SPDX-License-Identifier: GPL-2.0-only OR MIT
#include "stats.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

double stats_percentile(double *v, size_t n, double percent)
{
	double rank = ceil(percent / 100 * (double)n);
	size_t i = rank < 1 ? 0 : (size_t)rank - 1;

	qsort(v, n, sizeof(*v), compare);
	return v[i < n ? i : n - 1];
}

double stats_median(double *v, size_t n)
{
	return stats_percentile(v, n, 50);
}

int stats_ratio(struct stats_ratio *out, double *ours, double *peer, size_t n)
{
	size_t i;

	if (!n)
		return -EINVAL;
	for (i = 0; i < n; i++)
		if (!(ours[i] > 0) || !(peer[i] > 0) || !isfinite(ours[i]) || !isfinite(peer[i]))
			return -EINVAL;
	out->min = out->max = ours[0] / peer[0];
	for (i = 1; i < n; i++) {
		double r = ours[i] / peer[i];

		out->min = r < out->min ? r : out->min;
		out->max = r > out->max ? r : out->max;
	}
	out->ours = stats_median(ours, n);
	out->peer = stats_median(peer, n);
	out->ratio = out->ours / out->peer;
	return 0;
}

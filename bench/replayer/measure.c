/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* measure.c - rounds, medians, percentiles. */
#include "measure.h"

#include <stdlib.h>
#include <string.h>

#define EVENTS_PER_ROUND 400000u
#define REPEATS_MAX 12u

static int compare_double(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

double measure_median(const double *value, unsigned nr)
{
	double sorted[MEASURE_ROUNDS_MAX];

	memcpy(sorted, value, nr * sizeof(*value));
	qsort(sorted, nr, sizeof(*sorted), compare_double);
	return nr % 2 ? sorted[nr / 2] : (sorted[nr / 2 - 1] + sorted[nr / 2]) / 2;
}

static double nr_pairs(const struct trace *t)
{
	return t->nr_events / 2.0;
}

/* CPU time per pair of @repeats passes. */
static int time_passes(double *pair_ns, uint64_t *failed, const struct side_ops *ops,
		       const struct pass_config *config, unsigned repeats)
{
	uint64_t start, sum = 0;
	struct pass pass;
	unsigned i;
	int ret;

	for (i = 0; i < repeats; i++) {
		ret = pass_open(&pass, ops, config);
		if (ret)
			return ret;
		start = bench_cpu_ns();
		pass_play(&pass);
		sum += bench_cpu_ns() - start;
		*failed = pass.failed_maps;
		ret = pass_close(&pass);
		if (ret)
			return ret;
	}
	*pair_ns = (double)sum / repeats / nr_pairs(config->trace);
	return 0;
}

static void summarise(struct measure *m)
{
	unsigned i;

	m->ours.pair_median = measure_median(m->ours.pair_ns, m->rounds);
	if (!m->has_peer)
		return;
	m->peer.pair_median = measure_median(m->peer.pair_ns, m->rounds);
	m->ratio = m->ours.pair_median / m->peer.pair_median;
	m->ratio_min = m->ratio_max = m->ours.pair_ns[0] / m->peer.pair_ns[0];
	for (i = 1; i < m->rounds; i++) {
		double ratio = m->ours.pair_ns[i] / m->peer.pair_ns[i];

		if (ratio < m->ratio_min)
			m->ratio_min = ratio;
		if (ratio > m->ratio_max)
			m->ratio_max = ratio;
	}
}

/* @round 0 warms caches and memory up, and does not count. */
static int one_round(struct measure *m, const struct measure_plan *plan, unsigned round,
		     double *empty)
{
	const struct pass_config *config = &plan->pass;
	double ours, peer = 0;
	uint64_t none;
	int ret = time_passes(empty, &none, &side_empty, config, m->repeats);

	if (!ret)
		ret = time_passes(&ours, &m->ours.failed_maps, &side_ours, config, m->repeats);
	if (!ret && plan->peer)
		ret = time_passes(&peer, &m->peer.failed_maps, plan->peer, config, m->repeats);
	if (ret || !round)
		return ret;
	m->ours.pair_ns[round - 1] = ours - *empty;
	m->peer.pair_ns[round - 1] = peer - *empty;
	return 0;
}

int measure_pairs(struct measure *m, const struct measure_plan *plan, measure_progress_fn progress,
		  void *ctx)
{
	double empty, harness[MEASURE_ROUNDS_MAX];
	unsigned i;
	int ret;

	*m = (struct measure){ .rounds = plan->rounds, .has_peer = plan->peer != NULL };
	m->repeats = 1 + EVENTS_PER_ROUND / plan->pass.trace->nr_events;
	if (m->repeats > REPEATS_MAX)
		m->repeats = REPEATS_MAX;
	for (i = 0; i <= plan->rounds; i++) {
		if (progress)
			progress(ctx, i, plan->rounds + 1);
		ret = one_round(m, plan, i, &empty);
		if (ret)
			return ret;
		if (i)
			harness[i - 1] = empty;
	}
	m->harness_ns = measure_median(harness, plan->rounds);
	summarise(m);
	return 0;
}

static int compare_u32(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

struct timed {
	uint32_t *ticks; /* by event */
	uint64_t timer_ticks;
	double ns_per_tick;
};

static int time_events(struct timed *timed, const struct side_ops *ops,
		       const struct pass_config *config)
{
	uint64_t wall = bench_wall_ns(), ticks = pass_ticks();
	struct pass pass;
	unsigned i;
	int ret;

	memset(timed->ticks, 0xff, config->trace->nr_events * sizeof(*timed->ticks));
	timed->timer_ticks = UINT64_MAX;
	for (i = 0; i < MEASURE_TIMED_PASSES; i++) {
		ret = pass_open(&pass, ops, config);
		if (ret)
			return ret;
		pass_play_timed(&pass, timed->ticks, &timed->timer_ticks);
		ret = pass_close(&pass);
		if (ret)
			return ret;
	}
	timed->ns_per_tick = (double)(bench_wall_ns() - wall) / (double)(pass_ticks() - ticks);
	return 0;
}

/* The times of one kind of event, sorted, into @sorted; returns how many. */
static uint32_t sort_kind(uint32_t *sorted, const struct trace *t, const uint32_t *ticks,
			  enum trace_op op)
{
	uint32_t i, n = 0;

	for (i = 0; i < t->nr_events; i++)
		if (t->event[i].op == op && ticks[i] != UINT32_MAX)
			sorted[n++] = ticks[i];
	qsort(sorted, n, sizeof(*sorted), compare_u32);
	return n;
}

static double above(uint32_t ticks, uint32_t floor, double ns_per_tick)
{
	return ticks > floor ? (ticks - floor) * ns_per_tick : 0;
}

/* @floor: ticks of an empty call.  Returns the sum above it, in ns. */
static double quantiles(struct measure_quantiles *q, const uint32_t *sorted, uint32_t n,
			uint32_t floor, double ns_per_tick)
{
	double sum = 0;
	uint32_t i;

	*q = (struct measure_quantiles){ 0 };
	if (!n)
		return 0;
	for (i = 0; i < n; i++)
		sum += above(sorted[i], floor, ns_per_tick);
	q->p50 = above(sorted[n / 2], floor, ns_per_tick);
	q->p99 = above(sorted[(uint32_t)(n * 0.99)], floor, ns_per_tick);
	q->p999 = above(sorted[(uint32_t)(n * 0.999)], floor, ns_per_tick);
	q->max = above(sorted[n - 1], floor, ns_per_tick);
	return sum;
}

/* Some machines' counters move in steps: the greatest common divisor of differences. */
static uint64_t clock_step(void)
{
	uint64_t step = 0, last = pass_ticks(), now, rest;
	unsigned i;

	for (i = 0; i < 10000; i++, last = now) {
		now = pass_ticks();
		for (rest = now - last; rest;) {
			uint64_t next = step % rest;

			step = rest;
			rest = next;
		}
	}
	return step;
}

static int side_quantiles(struct measure_side *side, const struct side_ops *ops,
			  const struct pass_config *config, struct timed *timed, uint32_t *sorted,
			  const uint32_t *floor)
{
	const struct trace *t = config->trace;
	double map, unmap, total;
	uint32_t n;
	int ret = time_events(timed, ops, config);

	if (ret)
		return ret;
	n = sort_kind(sorted, t, timed->ticks, TRACE_MAP);
	map = quantiles(&side->map, sorted, n, floor[TRACE_MAP], timed->ns_per_tick);
	n = sort_kind(sorted, t, timed->ticks, TRACE_UNMAP);
	unmap = quantiles(&side->unmap, sorted, n, floor[TRACE_UNMAP], timed->ns_per_tick);
	unmap += (double)timed->timer_ticks * timed->ns_per_tick;
	total = side->pair_median * nr_pairs(t);
	side->map_ns = total * map / (map + unmap) / t->nr_maps;
	side->unmap_ns = t->nr_unmaps ? total * unmap / (map + unmap) / t->nr_unmaps : 0;
	return 0;
}

int measure_quantiles(struct measure *m, const struct measure_plan *plan)
{
	const struct pass_config *config = &plan->pass;
	const struct trace *t = config->trace;
	uint32_t floor[2] = { 0, 0 }, n, op, *sorted = malloc(t->nr_events * sizeof(*sorted));
	struct timed timed = { .ticks = malloc(t->nr_events * sizeof(*timed.ticks)) };
	int ret = sorted && timed.ticks ? 0 : -ENOMEM;

	if (!ret)
		ret = time_events(&timed, &side_empty, config);
	for (op = TRACE_MAP; !ret && op <= TRACE_UNMAP; op++) {
		n = sort_kind(sorted, t, timed.ticks, op);
		floor[op] = n ? sorted[n / 2] : 0;
	}
	if (!ret)
		ret = side_quantiles(&m->ours, &side_ours, config, &timed, sorted, floor);
	if (!ret && plan->peer)
		ret = side_quantiles(&m->peer, plan->peer, config, &timed, sorted, floor);
	m->has_quantiles = !ret;
	m->step_ns = ret ? 0 : (double)clock_step() * timed.ns_per_tick;
	free(sorted);
	free(timed.ticks);
	return ret;
}

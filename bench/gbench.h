/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * gbench.h - Google Benchmark for C.
 *
 * gbench.cc is the project's only C++ file; everything it offers is here.
 *
 *	static void run(struct gbench_run *run, void *ctx)
 *	{
 *		while (gbench_next(run))
 *			gbench_set_ns(run, measure(ctx));
 *	}
 *	gbench_init(&argc, argv);
 *	gbench_add("group/name", run, ctx, 9);
 *	return gbench_run_all();
 */
#ifndef BENCH_GBENCH_H
#define BENCH_GBENCH_H

#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

struct gbench_run;
typedef void gbench_fn(struct gbench_run *run, void *ctx);

/* Takes the --benchmark_* options out of @argv: 0, or -EINVAL when others are left. */
int gbench_init(int *argc, char **argv);

/**
 * gbench_add() - register a benchmark
 * @name: as --benchmark_filter sees it; copied
 * @fn: runs the loop; called once per repetition
 * @ctx: passed to @fn
 * @repetitions: how often; mean, median, deviation are reported for more than one
 */
void gbench_add(const char *name, gbench_fn *fn, void *ctx, int repetitions);

/* True as often as the loop is to be run. */
bool gbench_next(struct gbench_run *run);
/* The time of this turn of the loop: what is reported. */
void gbench_set_ns(struct gbench_run *run, double ns);

/* Runs what the filter selects: the exit status. */
int gbench_run_all(void);

#ifdef __cplusplus
}
#endif
#endif

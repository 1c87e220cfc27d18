/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* names.h - the comparisons that bench/ratios knows. */
#ifndef BENCH_NAMES_H
#define BENCH_NAMES_H

#include <stdbool.h>
#include <stddef.h>

struct bench_name {
	char *name;
	char *peer;  /* what it is compared with; without the version for IOVA peers */
	char *trace; /* replay/ only: the trace file */
};

/**
 * bench_names_load() - the fixed comparisons, and one for every trace
 * @names: filled in; NULL name at the end; bench_names_free() frees it
 * @trace_dir: folder with *.trace.zst files; may be missing
 *
 * Return: how many, or -ENOMEM.
 */
int bench_names_load(struct bench_name **names, const char *trace_dir);
void bench_names_free(struct bench_name *names);
const struct bench_name *bench_names_find(const struct bench_name *names, const char *name);

#endif

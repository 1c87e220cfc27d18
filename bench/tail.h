/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* tail.h - adversarial loads under the clock, call by call: what bench/tail and its sides share. */
#ifndef BENCH_TAIL_H
#define BENCH_TAIL_H

#include "harness.h"

struct tail_case {
	const char *name;
	uint32_t live;		/* ranges of 4K to 64K, replaced at random */
	bool large;		/* among them, one in 16 replacements, some of 1 to 2 MiB */
	unsigned long last_pfn; /* limit of every request */
	/*
	 * @live single pages stay, with holes of single pages between them; timed are requests
	 * for 2 to 16 pages, which have to be looked for beyond.
	 */
	bool holes;
	bool full; /* with @holes: there is nothing beyond, and all of them fail */
};

/* Times in ns of each allocation and each free, in order; room for @max of both. */
struct tail_result {
	double *alloc, *free;
	size_t max;
	size_t nr_alloc, nr_free;
	uint64_t failed;     /* allocations */
	uint64_t heap_bytes; /* that the allocator took for the ranges, all in all */
	uint64_t live;
};

/* Until result->max calls or @budget_ns of CPU time.  Dies if anything is lost. */
typedef void tail_run(const struct tail_case *c, struct tail_result *result, uint64_t budget_ns);
tail_run tail_run_ours, tail_run_peer;

/* Bytes that the process's malloc() has handed out. */
uint64_t tail_heap_bytes(void);

#endif

// SPDX-License-Identifier: GPL-2.0-only OR MIT
/* malloc_peer.c - a reference point: what an object from jemalloc costs. */
#include "config.h"

#include <stdlib.h>

#include "sides.h"

/* A live range's worth of bookkeeping: what Linux's node takes. */
#define OBJECT_BYTES 64

static void *setup_malloc(void)
{
	static char no_state;

#ifndef HAVE_JEMALLOC
	bench_die("iova/pair_4k_vs_malloc needs jemalloc, which configure did not find");
#endif
	return &no_state;
}

/* malloc is jemalloc's: the program is linked with it. */
static bench_noinline void timed_malloc(void *state, long n)
{
	(void)state;
	while (n--) {
		void *p = malloc(OBJECT_BYTES);

		bench_keep(p);
		free(p);
	}
}

static double round_malloc(void *state)
{
	return bench_time(timed_malloc, state, 4096, 20);
}

static void teardown_malloc(void *state)
{
	(void)state;
}

const struct bench_side malloc_peer[] = {
	{ "iova/pair_4k_vs_malloc", setup_malloc, round_malloc, teardown_malloc },
	{ NULL, NULL, NULL, NULL },
};

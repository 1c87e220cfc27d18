// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * tail.c - how long single calls take under adversarial loads, ours and Linux's.
 *
 *   bench/tail [--ops=N] [--seconds=N] [--list] [NAME...]
 *
 * One line for each load, side and kind of call:
 *   TAIL name side call n=.. p50=.. p99=.. p99.9=.. max=.. failed=.. bytes_per_range=..
 * Times are in ns, each call's own, with the clock's cost subtracted.  A call of more
 * than 20 us is read off the thread's CPU clock, so being scheduled away does not
 * count; what a hypervisor takes does, and shows in max.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "peers/peer.h"
#include "stats.h"
#include "tail.h"

#if __has_include(<jemalloc/jemalloc.h>)
#include <jemalloc/jemalloc.h>
#endif

#define LAST_32BIT ((1ul << 20) - 1)
#define LAST_48BIT ((1ul << 36) - 1)

static const struct tail_case cases[] = {
	{ .name = "tail/live_1k", .live = 1000, .last_pfn = LAST_48BIT },
	{ .name = "tail/live_100k", .live = 100000, .last_pfn = LAST_48BIT },
	{ .name = "tail/live_1m", .live = 1000000, .last_pfn = LAST_48BIT },
	{ .name = "tail/large_among_small", .live = 100000, .large = true, .last_pfn = LAST_48BIT },
	{ .name = "tail/alternating_holes", .live = 100000, .holes = true, .last_pfn = LAST_48BIT },
	/* 10.7 pages each, rounded to a power of two: 97 % of what there is. */
	{ .name = "tail/full32", .live = 95000, .last_pfn = LAST_32BIT },
	{ .name = "tail/failing", .live = 100000, .holes = true, .full = true,
	  .last_pfn = 200000 },
};
#define NR_CASES (sizeof(cases) / sizeof(cases[0]))

static const struct {
	const char *name;
	tail_run *run;
} sides[] = { { "ours", tail_run_ours }, { "peer", tail_run_peer } };

uint64_t tail_heap_bytes(void)
{
#ifdef JEMALLOC_VERSION
	uint64_t epoch = 1;
	size_t bytes = 0, size = sizeof(epoch);

	if (!mallctl("epoch", &epoch, &size, &epoch, size)) {
		size = sizeof(bytes);
		if (!mallctl("stats.allocated", &bytes, &size, NULL, 0))
			return bytes;
	}
#endif
	return 0;
}

static void report(const struct tail_case *c, const char *side, const char *call, double *ns,
		   size_t n, const struct tail_result *r)
{
	if (!n && !(c->full && call[0] == 'f')) /* what fails is not freed */
		bench_die("%s: no calls", c->name);
	if (!n)
		return;
	printf("TAIL %s %s %s n=%zu", c->name, side, call, n);
	printf(" p50=%.0f", stats_percentile(ns, n, 50));
	printf(" p99=%.0f", stats_percentile(ns, n, 99));
	printf(" p99.9=%.0f", stats_percentile(ns, n, 99.9));
	printf(" max=%.0f", stats_percentile(ns, n, 100));
	printf(" failed=%llu bytes_per_range=%.0f\n", (unsigned long long)r->failed,
	       (double)r->heap_bytes / (double)r->live);
	fflush(stdout);
}

static void run_case(const struct tail_case *c, size_t ops, uint64_t budget_ns)
{
	for (size_t i = 0; i < sizeof(sides) / sizeof(sides[0]); i++) {
		struct tail_result r = { .max = ops };

		r.alloc = malloc(ops * sizeof(*r.alloc));
		r.free = malloc(ops * sizeof(*r.free));
		if (!r.alloc || !r.free)
			bench_die("no memory for %zu samples", ops);
		/* The pages of the samples exist before a call is timed. */
		memset(r.alloc, 1, ops * sizeof(*r.alloc));
		memset(r.free, 1, ops * sizeof(*r.free));
		sides[i].run(c, &r, budget_ns);
		report(c, sides[i].name, "alloc", r.alloc, r.nr_alloc, &r);
		report(c, sides[i].name, "free", r.free, r.nr_free, &r);
		free(r.alloc);
		free(r.free);
	}
}

static const struct tail_case *find(const char *name)
{
	for (size_t i = 0; i < NR_CASES; i++)
		if (!strcmp(cases[i].name, name))
			return &cases[i];
	bench_die("there is no load %s (try --list)", name);
}

static unsigned long number(const char *option, const char *text)
{
	char *end;
	unsigned long n = strtoul(text, &end, 10);

	if (!n || *end || *text == '-')
		bench_die("--%s wants a number above 0, not %s", option, text);
	return n;
}

int main(int argc, char **argv)
{
	static const struct option options[] = { { "ops", required_argument, NULL, 'o' },
						 { "seconds", required_argument, NULL, 's' },
						 { "list", no_argument, NULL, 'l' },
						 { 0 } };
	unsigned long ops = 10000000, seconds = 20;
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (c == 'o')
			ops = number("ops", optarg);
		else if (c == 's')
			seconds = number("seconds", optarg);
		else if (c == 'l')
			for (size_t i = 0; i < NR_CASES; i++)
				puts(cases[i].name);
		else
			return 1;
		if (c == 'l')
			return 0;
	}
	for (int i = optind; i < argc; i++)
		find(argv[i]);
	bench_init();
	peer_set_cpu(0);
	for (int i = optind; i < argc; i++)
		run_case(find(argv[i]), ops, seconds * 1000000000ull);
	for (size_t i = 0; optind == argc && i < NR_CASES; i++)
		run_case(&cases[i], ops, seconds * 1000000000ull);
	return peer_warned;
}

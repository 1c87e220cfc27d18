/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * stress_iova.c - every call of libiova at once on one space, under forced
 * migrations and signals; then the books must balance:
 *
 *  - no address ever had two owners (claims), no free of a held range failed;
 *  - when all is quiet, iteration shows exactly what the threads hold;
 *  - when all is freed, the whole space can be allocated as one range, and all
 *    memory comes back at destruction.
 *
 * In some runs one thread more has metadata given back all the time.
 */
#define _GNU_SOURCE
#include "iova_life.h"
#include "iova_stress.h"

#include <string.h>
#include <unistd.h>

#define MAX_RANGES (WORKERS_MAX * HELD_MAX + QUEUE + 4096)

static const struct setup setups[] = {
	{ .name = "tiny", .first_pfn = 512, .granules = 64, .max_n = 16, .held = 8 },
	{ .name = "area", .first_pfn = 0x80000, .granules = 2048, .max_n = 256, .held = 48 },
	{ .name = "reservations", .first_pfn = 1 << 16, .granules = 8192, .max_n = 600, .held = 100,
	  .reserve = 5 },
	{ .name = "growing", .first_pfn = 1 << 16, .granules = 1 << 14, .max_n = 600, .held = 50,
	  .start = 100, .reserve = 3 },
	{ .name = "allowed ranges", .first_pfn = 1 << 16, .granules = 4096, .max_n = 300,
	  .held = 20, .narrow = true, .reserve = 2 },
	{ .name = "quarantine", .first_pfn = 0x80000, .granules = 2048, .max_n = 100, .held = 20,
	  .quarantine = 64, .reserve = 2 },
	{ .name = "full32", .first_pfn = 0, .granules = 1 << 20, .max_n = 2000, .held = 200,
	  .chunk = 1024, .keep = 200 },
	{ .name = "sparse", .first_pfn = 1ull << 38, .granules = 1 << 22, .max_n = 1 << 14,
	  .held = 200 },
	{ .name = "bottom-up", .first_pfn = 0x80000, .granules = 2048, .max_n = 256, .held = 48,
	  .placement = IOVA_PLACE_BOTTOM_UP },
	{ .name = "top-down, guarded", .first_pfn = 1 << 16, .granules = 8192, .max_n = 600,
	  .held = 100, .reserve = 5, .placement = IOVA_PLACE_TOP_DOWN, .guard = 1 },
	{ .name = "random, guarded", .first_pfn = 1 << 16, .granules = 1 << 16, .max_n = 2000,
	  .held = 100, .placement = IOVA_PLACE_RANDOM, .guard = 3 },
};

static struct worker workers[WORKERS_MAX];

static bool create(struct stress *st, unsigned flags, unsigned slots)
{
	uint64_t start = st->setup->start ? st->setup->start : st->setup->granules;
	struct iova_space_config c = {
		.first = stress_addr(st, 0), .last = stress_addr(st, start) - 1,
		.grow_last = stress_addr(st, st->setup->granules) - 1,
		.quarantine = st->setup->quarantine,
		.granule_lg2 = SHIFT, .cpu_slots = slots, .mem = arena, .flags = flags,
		.placement = st->setup->placement, .guard_granules = st->setup->guard,
	};

	st->usable = start;
	st->claims = calloc(st->setup->granules, 1);
	st->pinned = calloc(4096, sizeof(*st->pinned));
	return st->claims && st->pinned && !iova_space_create(&st->space, &c);
}

/* Ranges of one size until the space is full, most of which stay for the whole run. */
static bool fill(struct stress *st, uint64_t *seed)
{
	uint64_t n = st->setup->chunk, hole = tap_random(seed);

	if (!st->setup->keep)
		return true;
	for (uint64_t at = 0; at < st->setup->granules; at += n) {
		if (iova_space_alloc_fixed(st->space, stress_addr(st, at), n << SHIFT, NULL))
			return false;
		if ((at / n + hole) % st->setup->keep == 0) {
			if (iova_space_free(st->space, stress_addr(st, at), n << SHIFT))
				return false;
			continue;
		}
		stress_claim(st, span(at, n), 200);
		st->pinned[st->nr_pinned++] = span(at, n);
	}
	return true;
}

static uint64_t trims, trimmed_bytes; /* in all runs; the latter at least */

/* Gives back all that it can, and what it can of a space at rest, which this one seldom is. */
static void *trim_always(void *arg)
{
	struct stress *st = arg;
	uint64_t before, after, seed = 1;

	while (!plat_load_acquire(&st->stop)) {
		before = iova_space_trim(st->space, ~0ull);
		after = iova_space_trim(st->space, tap_random(&seed) % 2 ? 0 : before / 2);
		trimmed_bytes += before > after ? before - after : 0;
		trims++;
		if (iova_space_trim_idle(st->space) == 0)
			trims++;
		usleep(50);
	}
	return NULL;
}

static void run_threads(struct stress *st, unsigned nr, uint64_t ops, uint64_t seed)
{
	pthread_t tormentor, watcher, trimmer;
	bool trim = iova_space_can_trim(st->space);

	stress_torment_init(workers, nr);
	for (unsigned i = 0; i < nr; i++) {
		workers[i] = (struct worker){ .st = st, .seed = seed + i, .ops = ops,
					      .signal_seed = seed + 100 + i, .id = i + 1 };
		pthread_create(&workers[i].thread, NULL, stress_work, &workers[i]);
	}
	pthread_create(&tormentor, NULL, stress_torment, st);
	pthread_create(&watcher, NULL, stress_watch, st);
	if (trim)
		pthread_create(&trimmer, NULL, trim_always, st);
	for (unsigned i = 0; i < nr; i++)
		pthread_join(workers[i].thread, NULL);
	plat_store_release(&st->stop, true);
	pthread_join(tormentor, NULL);
	pthread_join(watcher, NULL);
	if (trim)
		pthread_join(trimmer, NULL);
}

static int by_place(const void *a, const void *b)
{
	span_t x = *(const span_t *)a, y = *(const span_t *)b;

	return x < y ? -1 : x > y;
}

struct collect {
	struct stress *st;
	unsigned nr;
	span_t range[MAX_RANGES];
};

static int collect(void *ctx, const struct iova_range *r)
{
	struct collect *c = ctx;
	uint64_t at = (r->first >> SHIFT) - c->st->setup->first_pfn;

	if (c->nr == MAX_RANGES)
		return 1;
	c->range[c->nr++] = span(at, (r->last - r->first + 1) >> SHIFT);
	return 0;
}

/* Everything that anybody holds, in address order. */
static unsigned all_held(struct stress *st, unsigned nr_workers, span_t *out)
{
	unsigned nr = st->nr_pinned;

	memcpy(out, st->pinned, nr * sizeof(*out));
	for (unsigned i = 0; i < nr_workers; i++) {
		memcpy(out + nr, workers[i].held, workers[i].nr * sizeof(*out));
		nr += workers[i].nr;
	}
	for (unsigned i = 0; i < QUEUE; i++)
		if (st->queue[i])
			out[nr++] = st->queue[i];
	qsort(out, nr, sizeof(*out), by_place);
	return nr;
}

/* What iteration and statistics say is what the threads hold; then all of it is freed. */
static bool settle(struct stress *st, unsigned nr_workers)
{
	static span_t held[MAX_RANGES];
	static struct collect seen;
	unsigned nr = all_held(st, nr_workers, held), refused = 0;
	uint64_t reserved = 0;
	struct iova_space_stats stats;
	bool same;

	seen = (struct collect){ .st = st };
	iova_space_for_each(st->space, 0, ~0ull, collect, &seen);
	iova_space_stats(st->space, &stats);
	same = seen.nr == nr && !memcmp(seen.range, held, nr * sizeof(*held)) &&
	       stats.live_ranges == nr && stats.metadata_bytes == arena_live_bytes();
	for (unsigned i = 0; i < nr_workers; i++)
		for (unsigned k = 0; k < workers[i].nr_reserved; k++)
			reserved += span_n(workers[i].reserved[k]);
	same &= stats.reserved_bytes == reserved << SHIFT;
	for (unsigned i = 0; i < nr; i++)
		refused += iova_space_free(st->space, stress_addr(st, span_at(held[i])),
					   span_n(held[i]) << SHIFT) != 0;
	return same && !refused && !iova_space_in_use(st->space);
}

/* No reservation is left, and the space is as large as it can be. */
static bool unlimited(const struct stress *st, unsigned nr_workers)
{
	bool ok = true;

	for (unsigned i = 0; i < nr_workers; i++)
		ok &= stress_limits_end(&workers[i]);
	iova_space_release_held(st->space);
	return ok;
}

/* With nothing allocated the whole space is one hole, by either way of asking. */
static bool whole(struct stress *st, bool fixed_first)
{
	uint64_t bytes = (st->setup->granules - st->setup->guard) << SHIFT;
	uint64_t first = stress_addr(st, 0);

	if (st->narrowed)
		return true;
	for (unsigned i = 0; i < 2; i++, fixed_first = !fixed_first) {
		if (fixed_first ? iova_space_alloc_fixed(st->space, first, bytes, NULL) != 0 :
				  iova_space_alloc(st->space, bytes, ~0ull) != first)
			return false;
		if (iova_space_free(st->space, first, bytes))
			return false;
	}
	return !iova_space_in_use(st->space);
}

static void verdict(const struct stress *st, const char *what)
{
	const char *name = st->setup->name;

	printf("# %s: %llu allocations, %llu in handlers, %llu freed elsewhere, %llu fixed, "
	       "%llu reserved, %llu walks, %llu moves, %llu without room, %llu -EAGAIN\n",
	       name, (unsigned long long)st->allocs, (unsigned long long)st->signal_allocs,
	       (unsigned long long)st->remote, (unsigned long long)st->fixed,
	       (unsigned long long)st->reserved, (unsigned long long)st->walks,
	       (unsigned long long)st->moves, (unsigned long long)st->no_room,
	       (unsigned long long)st->again);
	printf("# %llu reservations cut, %llu times allowed ranges narrowed, %llu times grown\n",
	       (unsigned long long)st->unreserved, (unsigned long long)st->narrowed,
	       (unsigned long long)st->grown);
	tap_ok(st->allocs > 500 && st->remote > 50 && st->walks && (st->fixed || st->nr_pinned) &&
		       (!st->setup->reserve || (st->reserved && st->unreserved)) &&
		       (!st->setup->narrow || st->narrowed) && (!st->setup->start || st->grown),
	       "%s, %s: everything happened", name, what);
	tap_ok(!st->overlaps && !st->lost, "%s, %s: no address had two owners (%llu, %llu)", name,
	       what, (unsigned long long)st->overlaps, (unsigned long long)st->lost);
	tap_ok(!st->refused && !st->wrong_error && !st->misplaced,
	       "%s, %s: only documented answers (%llu, %llu, %llu)", name, what,
	       (unsigned long long)st->refused, (unsigned long long)st->wrong_error,
	       (unsigned long long)st->misplaced);
	tap_ok(!st->wrong_find && !st->wrong_check && !st->wrong_walk,
	       "%s, %s: find, check and iteration tell the truth (%llu, %llu, %llu)", name, what,
	       (unsigned long long)st->wrong_find, (unsigned long long)st->wrong_check,
	       (unsigned long long)st->wrong_walk);
}

static void run(const struct setup *setup, unsigned nr, unsigned flags, unsigned slots,
		uint64_t ops, uint64_t seed)
{
	static struct stress st;
	char what[64];

	st = (struct stress){ .setup = setup };
	snprintf(what, sizeof(what), "%u threads%s%s%s", nr,
		 flags & IOVA_SPACE_NO_PERCPU ? ", all shared" : "", slots ? ", one slot" : "",
		 flags & IOVA_SPACE_TRIM ? ", trimmed" : "");
	arena_reset();
	if (!tap_ok(create(&st, flags, slots) && fill(&st, &seed), "%s, %s: space made",
		    setup->name, what))
		return;
	run_threads(&st, nr, ops, seed);
	verdict(&st, what);
	tap_ok(settle(&st, nr), "%s, %s: iteration shows what is held, all of it can be freed",
	       setup->name, what);
	tap_ok(unlimited(&st, nr) && whole(&st, seed & 1), "%s, %s: the whole space is one hole again", setup->name,
	       what);
	tap_ok(!iova_space_destroy(st.space) && !arena_live_bytes(),
	       "%s, %s: nothing is left", setup->name, what);
	free(st.claims);
	free(st.pinned);
}

static void two_cpus(const struct setup *setup, uint64_t wins)
{
	static struct stress st;
	bool balanced;

	st = (struct stress){ .setup = setup };
	arena_reset();
	if (!tap_ok(create(&st, 0, 0), "%s: space made", setup->name))
		return;
	balanced = wins ? stress_duel(&st, wins) : stress_chase(&st);
	tap_ok(balanced, "%s: the books balance (%llu owned twice, %llu refused, %llu fixed)",
	       setup->name, (unsigned long long)st.overlaps, (unsigned long long)st.refused,
	       (unsigned long long)st.fixed);
	tap_ok(whole(&st, wins & 1) && !iova_space_destroy(st.space) && !arena_live_bytes(),
	       "%s: nothing is left", setup->name);
	free(st.claims);
	free(st.pinned);
}

static void all_two_cpus(uint64_t ops)
{
	/* Sizes that one word of level 0, 1 or 2 holds, in a space that is no larger. */
	static const struct setup duels[] = {
		{ .name = "duel for 64", .first_pfn = 64, .granules = 64, .max_n = 64 },
		{ .name = "duel for 512", .first_pfn = 1 << 20, .granules = 512, .max_n = 512 },
		{ .name = "duel for 1025", .first_pfn = 1 << 20, .granules = 2048, .max_n = 1025 },
	};
	static const struct setup chase = { .name = "chase", .first_pfn = 1 << 20,
					    .granules = 1 << 17 };

	for (unsigned i = 0; i < sizeof(duels) / sizeof(duels[0]); i++)
		two_cpus(&duels[i], ops + i);
	two_cpus(&chase, 0);
}

int main(void)
{
	uint64_t seed = tap_seed(), ops = PLAT_TSAN ? 10000 : 60000;
	unsigned rounds = tap_long() ? 20 : 1;

	for (unsigned i = 0; i < rounds; i++) {
		for (unsigned k = 0; k < sizeof(setups) / sizeof(setups[0]); k++) {
			uint64_t s = tap_random(&seed);

			run(&setups[k], 2 + (unsigned)(s % 3), 0, 0, ops, s);
			run(&setups[k], 2, 0, 1, ops / 2, s + 1);
			run(&setups[k], 3, IOVA_SPACE_NO_PERCPU, 0, ops / 2, s + 2);
			run(&setups[k], 3, IOVA_SPACE_TRIM, 0, ops / 2, s + 3);
		}
		run(&setups[1], 8, 0, 0, ops / 2, seed);
		run(&setups[3], 8, 0, 0, ops / 2, seed);
		all_two_cpus(ops);
	}
	tap_ok(trims > 100 && trimmed_bytes > 100000, "trimmed %llu times, %llu bytes went back",
	       (unsigned long long)trims, (unsigned long long)trimmed_bytes);
	return tap_done();
}

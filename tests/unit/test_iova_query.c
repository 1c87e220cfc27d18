/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* test_iova_query.c - find, iterate, count. */
#define _GNU_SOURCE
#include "iova_query.h"
#include "unit/iova_rig.h"

UNIT_RUN_TWICE();

/* Ranges in place: first granule and length; one of each kind. */
static const uint64_t placed[][2] = {
	{ 64, 1 },	{ 65, 1 },     { 70, 25 },	    { 96, 32 },		{ 256, 48 },
	{ 1024, 500 },	{ 1600, 700 }, { 1 << 20, 1 << 18 }, { (1 << 21) + 5, 4 },
	{ (1ull << 35) - 3, 7 },
};
#define NR (sizeof(placed) / sizeof(placed[0]))

static uint64_t first_of(unsigned i)
{
	return placed[i][0] * G;
}

static uint64_t last_of(unsigned i)
{
	return (placed[i][0] + placed[i][1]) * G - 1;
}

static void place_all(struct rig *r)
{
	rig_make(r, 1, (1ull << 36) - 1);
	cr_assert_eq(iova_space_reserve(r->s, 200 * G, 255 * G - 1, NULL), 0);
	for (unsigned i = 0; i < NR; i++)
		cr_assert_eq(iova_space_alloc_fixed(r->s, first_of(i), placed[i][1] * G, NULL), 0);
}

static void free_all(struct rig *r)
{
	for (unsigned i = 0; i < NR; i++)
		rig_free(r, first_of(i), placed[i][1]);
	rig_done(r);
}

Test(query, find)
{
	struct iova_range got;
	struct rig r;

	place_all(&r);
	for (unsigned i = 0; i < NR; i++) {
		uint64_t a = first_of(i), b = last_of(i);
		const uint64_t at[] = { a, a + 1, b, b - G + 1, a + (b - a) / 2 };

		for (unsigned k = 0; k < 5; k++) {
			got = (struct iova_range){ 1, 0 };
			cr_assert_eq(iova_space_find(r.s, at[k], &got), 0);
			cr_assert(got.first == a && got.last == b);
		}
		cr_assert_eq(iova_space_find(r.s, a, NULL), -EINVAL);
	}
	got = (struct iova_range){ 1, 2 };
	cr_assert_eq(iova_space_find(r.s, 0, &got), -ENOENT);
	cr_assert_eq(iova_space_find(r.s, G, &got), -ENOENT);
	cr_assert_eq(iova_space_find(r.s, 66 * G, &got), -ENOENT);
	cr_assert_eq(iova_space_find(r.s, 210 * G, &got), -ENOENT);
	cr_assert_eq(iova_space_find(r.s, (256 + 48) * G, &got), -ENOENT);
	cr_assert_eq(iova_space_find(r.s, 1ull << 48, &got), -ENOENT);
	cr_assert_eq(iova_space_find(r.s, 1ull << 60, &got), -ENOENT);
	cr_assert_eq(iova_space_find(r.s, UINT64_MAX, &got), -ENOENT);
	cr_assert_eq(iova_space_find(r.s, UINT64_MAX, NULL), -EINVAL);
	cr_assert(got.first == 1 && got.last == 2, "nothing found, nothing written");
	free_all(&r);
}

/* Rounding is not part of a range. */
Test(query, find_after_rounding)
{
	struct iova_range got;
	struct rig r;

	rig_make(&r, 1, 1 << 20);
	for (uint64_t n = 33; n < 20000; n = n * 3 / 2 + 1) {
		uint64_t iova = rig_alloc(&r, n), pad = rule_padding(n);

		cr_assert_eq(iova_space_find(r.s, iova + n * G - 1, &got), 0);
		cr_assert(got.first == iova && got.last == iova + n * G - 1);
		for (uint64_t i = 0; i < pad; i++) {
			cr_assert_eq(iova_space_find(r.s, iova + (n + i) * G, &got), -ENOENT);
			cr_assert_eq(iova_space_free(r.s, iova + (n + i) * G, G), -ENOENT);
			cr_assert_eq(iova_space_check(r.s, iova + (n + i) * G, G), -ENOENT);
		}
		cr_assert_eq(iova_space_free(r.s, iova, (n + pad) * G), pad ? -EINVAL : 0);
		if (pad)
			rig_free(&r, iova, n);
	}
	rig_done(&r);
}

struct seen {
	struct iova_space *s;
	unsigned nr, stop_at;
	struct iova_range range[NR + 1];
};

static int see(void *ctx, const struct iova_range *range)
{
	struct seen *seen = ctx;

	cr_assert_leq(seen->nr, NR);
	seen->range[seen->nr++] = *range;
	return seen->nr == seen->stop_at ? 42 : 0;
}

/* Those that begin in [first, last], whatever else lies there: @a to @b - 1. */
static void window(struct rig *r, uint64_t first, uint64_t last, unsigned a, unsigned b)
{
	struct seen seen = { 0 };

	cr_assert_eq(iova_space_for_each(r->s, first, last, see, &seen), 0);
	cr_assert_eq(seen.nr, b > a ? b - a : 0, "%llx..%llx", (unsigned long long)first,
		     (unsigned long long)last);
	for (unsigned i = 0; i < seen.nr; i++)
		cr_assert(seen.range[i].first == first_of(a + i) &&
			  seen.range[i].last == last_of(a + i));
}

Test(query, for_each)
{
	struct rig r;

	place_all(&r);
	for (unsigned a = 0; a < NR; a++)
		for (unsigned b = a; b < NR; b++) {
			window(&r, first_of(a), first_of(b), a, b + 1);
			window(&r, first_of(a), last_of(b), a, b + 1);
			window(&r, first_of(a) + G, first_of(b), a + 1, b + 1);
			window(&r, first_of(a), first_of(b) - 1, a, b);
		}
	window(&r, 0, UINT64_MAX, 0, NR);
	window(&r, 1ull << 50, UINT64_MAX, 0, 0);
	window(&r, 100 * G, 64 * G, 0, 0);
	window(&r, 0, 63 * G, 0, 0);
	for (unsigned stop = 1; stop <= NR; stop++) {
		struct seen seen = { .stop_at = stop };

		cr_assert_eq(iova_space_for_each(r.s, 0, UINT64_MAX, see, &seen), 42);
		cr_assert_eq(seen.nr, stop);
	}
	free_all(&r);
}

static int free_while_walking(void *ctx, const struct iova_range *range)
{
	struct seen *seen = ctx;
	uint64_t iova;

	seen->nr++;
	cr_assert_eq(iova_space_free(seen->s, range->first, range->last - range->first + 1), 0);
	iova = iova_space_alloc(seen->s, 600 * G, NO_MAX);
	cr_assert(!iova_is_err(iova));
	return iova_space_free(seen->s, iova, 600 * G);
}

Test(query, callback_changes_the_space)
{
	struct seen seen = { 0 };
	struct rig r;

	place_all(&r);
	seen.s = r.s;
	cr_assert_eq(iova_space_for_each(r.s, 0, UINT64_MAX, free_while_walking, &seen), 0);
	cr_assert_eq(seen.nr, NR);
	rig_done(&r);
}

/* A range freed on another CPU is gone at once, collected or not. */
Test(query, freed_elsewhere)
{
	static const uint64_t sizes[] = { 1, 5, 32, 40, 300 };
	struct iova_space_stats st;
	struct iova_range got;
	struct rig r;

	rig_make(&r, 1, 4095);
	for (unsigned i = 0; i < 5; i++) {
		uint64_t iova, n = sizes[i], before;

		rig_move(0);
		rig_free(&r, rig_alloc(&r, n), n);
		before = rig_state(r.s);
		iova = rig_alloc(&r, n);
		rig_move(1);
		cr_assert(iova_space_in_use(r.s));
		rig_free(&r, iova, n);
		cr_assert_eq(iova_space_find(r.s, iova, &got), -ENOENT);
		cr_assert_eq(iova_space_find(r.s, iova + n * G - 1, &got), -ENOENT);
		cr_assert_eq(iova_space_check(r.s, iova, n * G), -ENOENT);
		cr_assert_eq(iova_space_free(r.s, iova, n * G), -ENOENT);
		cr_assert(!iova_space_in_use(r.s));
		iova_space_stats(r.s, &st);
		cr_assert_eq(st.live_ranges, 0);
		cr_assert_eq(st.bad_frees, i + 1);
		cr_assert_eq(rig_state(r.s), before);
	}
	rig_done(&r);
}

Test(query, statistics)
{
	struct iova_space_stats st;
	uint64_t bytes = 0, metadata;
	struct rig r;

	rig_make(&r, 1, 1 << 20);
	iova_space_stats(r.s, &st);
	metadata = r.mem.bytes;
	cr_assert_eq(st.live_ranges + st.live_bytes + st.reserved_bytes + st.bad_frees +
			     st.refills + st.remote_frees, 0);
	cr_assert_eq(st.metadata_bytes, metadata);
	cr_assert_geq(st.metadata_peak_bytes, metadata);
	for (uint64_t n = 1; n <= 1000; n += 37) {
		iova_space_alloc(r.s, n * G - 1, NO_MAX);
		bytes += n * G;
		iova_space_stats(r.s, &st);
		cr_assert_eq(st.live_bytes, bytes);
		cr_assert_eq(st.live_ranges, (n - 1) / 37 + 1);
		cr_assert_eq(st.metadata_bytes, r.mem.bytes);
	}
	cr_assert_gt(st.refills, 0);
	cr_assert_gt(r.mem.bytes, metadata);
	cr_assert_eq(iova_space_reserve(r.s, 500000 * G, 500100 * G - 1, NULL), 0);
	iova_space_stats(r.s, &st);
	cr_assert_eq(st.reserved_bytes, 100 * G);
	cr_assert_eq(st.live_bytes, bytes);
	cr_assert_eq(iova_space_destroy(r.s), st.live_ranges);
	cr_assert(count_mem_clean(&r.mem));
}

struct holes {
	unsigned nr;
	struct iova_range hole[8];
};

static int see_hole(void *ctx, const struct iova_range *hole)
{
	struct holes *h = ctx;

	h->hole[h->nr++] = *hole;
	return h->nr == 8 ? 5 : 0;
}

static void is_hole(const struct iova_range *hole, uint64_t first, uint64_t n)
{
	cr_assert(hole->first == first * G && hole->last == (first + n) * G - 1, "%llx-%llx",
		  (unsigned long long)hole->first, (unsigned long long)hole->last);
}

Test(query, holes)
{
	struct iova_space_holes st;
	struct holes h = { 0 };
	struct rig r;

	rig_make(&r, 16, 4080);
	iova_space_holes(r.s, &st);
	cr_assert(st.nr == 1 && st.free_granules == 4080 && !st.fragmentation);
	is_hole(&st.largest, 16, 4080);
	/* taken: 16-31, 100, 512-1023 less what a CPU frees elsewhere, 2000-2999 reserved */
	cr_assert_eq(iova_space_alloc_fixed(r.s, 16 * G, 16 * G, NULL), 0);
	cr_assert_eq(iova_space_alloc_fixed(r.s, 100 * G, G, NULL), 0);
	cr_assert_eq(iova_space_alloc_fixed(r.s, 512 * G, 512 * G, NULL), 0);
	cr_assert_eq(iova_space_reserve(r.s, 2000 * G, 3000 * G - 1, NULL), 0);
	cr_assert_eq(iova_space_for_each_hole(r.s, 0, UINT64_MAX, see_hole, &h), 0);
	cr_assert_eq(h.nr, 4);
	is_hole(&h.hole[0], 32, 68);
	is_hole(&h.hole[1], 101, 411);
	is_hole(&h.hole[2], 1024, 976);
	is_hole(&h.hole[3], 3000, 1096);
	iova_space_holes(r.s, &st);
	cr_assert(st.nr == 4 && st.free_granules == 68 + 411 + 976 + 1096);
	is_hole(&st.largest, 3000, 1096);
	cr_assert_eq(st.fragmentation, 1000 - 1096 * 1000 / 2551);
	h.nr = 0;
	cr_assert_eq(iova_space_for_each_hole(r.s, 50 * G, 200 * G, see_hole, &h), 0);
	cr_assert_eq(h.nr, 2);
	is_hole(&h.hole[0], 50, 50);
	is_hole(&h.hole[1], 101, 100);
	cr_assert_eq(iova_space_for_each_hole(r.s, 9000 * G, 9999 * G, see_hole, &h), 0);
	cr_assert_eq(h.nr, 2);
	h.nr = 7;
	cr_assert_eq(iova_space_for_each_hole(r.s, 0, UINT64_MAX, see_hole, &h), 5);
	rig_free(&r, 16 * G, 16);
	rig_free(&r, 100 * G, 1);
	rig_free(&r, 512 * G, 512);
	rig_done(&r);
}

/* What was freed elsewhere is free, collected or not; rounding is not. */
Test(query, holes_freed_elsewhere)
{
	struct iova_space_holes st;
	uint64_t iova[64];
	struct rig r;

	rig_make(&r, 0, 4096);
	rig_move(0);
	for (unsigned i = 0; i < 64; i++)
		iova[i] = rig_alloc(&r, 33); /* 48 granules in units of 16 */
	iova_space_holes(r.s, &st);
	cr_assert_eq(st.free_granules, 4096 - 64 * 48);
	rig_move(1);
	for (unsigned i = 0; i < 64; i++)
		rig_free(&r, iova[i], 33);
	iova_space_holes(r.s, &st);
	cr_assert(st.nr == 1 && st.free_granules == 4096);
	cr_assert_eq(iova_space_alloc_fixed(r.s, 0, 4096 * G, NULL), 0);
	iova_space_holes(r.s, &st);
	cr_assert(!st.nr && !st.free_granules && !st.fragmentation);
	cr_assert(st.largest.first > st.largest.last);
	rig_free(&r, 0, 4096);
	rig_done(&r);
}

Test(query, holes_of_2_64)
{
	struct iova_space_holes st;
	struct rig r;
	struct iova_space_config c = rig_config(&r, 0, UINT64_MAX);

	cr_assert_eq(iova_space_create(&r.s, &c), 0);
	iova_space_holes(r.s, &st);
	cr_assert(st.nr == 1 && st.free_granules == 1ull << 52 && !st.fragmentation);
	cr_assert(st.largest.first == 0 && st.largest.last == UINT64_MAX);
	cr_assert_eq(iova_space_alloc_fixed(r.s, 1ull << 63, G, NULL), 0);
	iova_space_holes(r.s, &st);
	cr_assert(st.nr == 2 && st.free_granules == (1ull << 52) - 1);
	cr_assert(st.fragmentation >= 499 && st.fragmentation <= 501);
	rig_free(&r, 1ull << 63, 1);
	rig_done(&r);
}

Test(query, counters_of_each_cpu)
{
	struct iova_space_stats all;
	struct iova_cpu_stats st, sum = { 0 };
	struct rig r;
	unsigned cpu = 0;

	rig_make(&r, 1, 1 << 20);
	for (unsigned i = 0; i < 100; i++) {
		uint64_t iova;

		rig_move(i & 1);
		iova = rig_alloc(&r, 1 + i);
		rig_move(i >> 1 & 1);
		rig_free(&r, iova, 1 + i);
		cr_assert_eq(iova_space_free(r.s, iova, (1 + i) * G), -ENOENT);
	}
	iova_space_stats(r.s, &all);
	for (; !iova_space_cpu_stats(r.s, cpu, &st); cpu++) {
		sum.refills += st.refills;
		sum.remote_frees += st.remote_frees;
		sum.bad_frees += st.bad_frees;
	}
	cr_assert(cpu);
	cr_assert_eq(iova_space_cpu_stats(r.s, cpu, &st), -ENOENT);
	cr_assert_eq(iova_space_cpu_stats(r.s, 0, NULL), -EINVAL);
	cr_assert_eq(sum.bad_frees, 100);
	cr_assert(sum.refills == all.refills && sum.refills);
	cr_assert_eq(sum.remote_frees, all.remote_frees);
	rig_done(&r);
}

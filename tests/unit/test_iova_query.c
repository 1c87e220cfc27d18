/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* test_iova_query.c - find, iterate, count. */
#define _GNU_SOURCE
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

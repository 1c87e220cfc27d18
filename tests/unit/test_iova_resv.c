/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* test_iova_resv.c - reservations that merge and are cut, allowed ranges, growth. */
#define _GNU_SOURCE
#include "iova_place.h"
#include "unit/iova_rig.h"

UNIT_RUN_TWICE();

static uint64_t reserved(struct rig *r)
{
	struct iova_space_stats st;

	iova_space_stats(r->s, &st);
	return st.reserved_bytes / G;
}

static int reserve(struct rig *r, uint64_t first, uint64_t n)
{
	return iova_space_reserve(r->s, first * G, (first + n) * G - 1, NULL);
}

static int merge(struct rig *r, uint64_t first, uint64_t n, struct iova_range *hit)
{
	return iova_space_reserve_merge(r->s, first * G, (first + n) * G - 1, hit);
}

static int unreserve(struct rig *r, uint64_t first, uint64_t n)
{
	return iova_space_unreserve(r->s, first * G, (first + n) * G - 1);
}

static void hits(struct rig *r, uint64_t at, uint64_t first, uint64_t n)
{
	struct iova_range hit = { 1, 0 };

	cr_assert_eq(iova_space_alloc_fixed(r->s, at * G, G, &hit), -EEXIST);
	cr_assert(hit.first == first * G && hit.last == (first + n) * G - 1, "%llx-%llx",
		  (unsigned long long)hit.first, (unsigned long long)hit.last);
}

Test(resv, touching_ones_are_one)
{
	struct rig r;

	rig_make(&r, 1, 1 << 20);
	cr_assert_eq(reserve(&r, 100, 10), 0);
	cr_assert_eq(reserve(&r, 120, 10), 0);
	hits(&r, 105, 100, 10);
	cr_assert_eq(reserve(&r, 110, 10), 0);
	hits(&r, 105, 100, 30);
	cr_assert_eq(reserved(&r), 30);
	cr_assert_eq(reserve(&r, 90, 20), -EEXIST);
	cr_assert_eq(merge(&r, 90, 1000, NULL), 0);
	cr_assert_eq(merge(&r, 95, 10, NULL), 0);
	hits(&r, 105, 90, 1000);
	cr_assert_eq(reserved(&r), 1000);
	cr_assert_eq(iova_space_free(r.s, 90 * G, 1000 * G), -EINVAL);
	cr_assert_eq(iova_space_free(r.s, 90 * G, G), -EINVAL);
	rig_done(&r);
}

/* No reservation is said like this; { 0, 0 } is a mistake. */
Test(resv, none)
{
	const struct iova_range none = IOVA_RANGE_NONE;
	struct rig r;

	rig_make(&r, 0, 1024);
	cr_assert_eq(iova_space_reserve(r.s, none.first, none.last, NULL), 0);
	cr_assert_eq(iova_space_reserve_merge(r.s, none.first, none.last, NULL), 0);
	cr_assert_eq(iova_space_reserve(r.s, 0, 0, NULL), -EINVAL);
	cr_assert_eq(iova_space_unreserve(r.s, 0, 0), -EINVAL);
	cr_assert_eq(reserved(&r), 0);
	cr_assert_eq(reserve(&r, 0, 1), 0);
	cr_assert_eq(reserved(&r), 1);
	rig_done(&r);
}

/* What is in the way of a merge is named, and nothing has changed. */
Test(resv, merge_meets_a_range)
{
	struct iova_range hit;
	struct rig r;
	uint64_t before;

	rig_make(&r, 1, 1 << 20);
	cr_assert_eq(reserve(&r, 1000, 100), 0);
	cr_assert_eq(iova_space_alloc_fixed(r.s, 5000 * G, 3 * G, NULL), 0);
	before = rig_state(r.s);
	cr_assert_eq(merge(&r, 500, 4501, &hit), -EEXIST);
	cr_assert(hit.first == 5000 * G && hit.last == 5003 * G - 1);
	cr_assert_eq(rig_state(r.s), before);
	cr_assert_eq(iova_space_alloc_fixed(r.s, 500 * G, 500 * G, NULL), 0);
	cr_assert_eq(iova_space_alloc_fixed(r.s, 1100 * G, 3900 * G, NULL), 0);
	rig_free(&r, 500 * G, 500);
	rig_free(&r, 1100 * G, 3900);
	rig_free(&r, 5000 * G, 3);
	cr_assert_eq(merge(&r, 500, 4501, &hit), 0);
	rig_done(&r);
}

/* Cuts any part out of a reservation: it can be allocated, what is left cannot. */
static void carve(uint64_t first, uint64_t n, uint64_t a, uint64_t m)
{
	struct rig r;

	rig_make(&r, 1, 1ull << 30);
	cr_assert_eq(reserve(&r, first, n), 0);
	cr_assert_eq(unreserve(&r, a, m), 0, "%llu+%llu", (unsigned long long)a,
		     (unsigned long long)m);
	cr_assert_eq(reserved(&r), n - m);
	cr_assert_eq(unreserve(&r, a, 1), -ENOENT);
	cr_assert_eq(iova_space_alloc_fixed(r.s, a * G, m * G, NULL), 0);
	if (a > first)
		hits(&r, a - 1, first, a - first);
	if (a + m < first + n)
		hits(&r, a + m, a + m, first + n - a - m);
	cr_assert_eq(iova_space_check(r.s, a * G, m * G), 0);
	rig_free(&r, a * G, m);
	if (m == n)
		cr_assert_eq(reserve(&r, first, n), 0);
	else
		cr_assert_eq(merge(&r, a, m, NULL), 0);
	cr_assert_eq(reserved(&r), n);
	cr_assert_eq(unreserve(&r, first, n), 0);
	cr_assert_eq(iova_space_alloc_fixed(r.s, first * G, n * G, NULL), 0);
	rig_free(&r, first * G, n);
	rig_done(&r);
}

Test(resv, carve)
{
	static const uint64_t sizes[] = { 1, 2, 31, 32, 33, 64, 512, 700, 5000, 1 << 17 };

	for (unsigned i = 0; i < 10; i++)
		for (unsigned k = 0; k < 3; k++) {
			uint64_t n = sizes[i], first = k == 0 ? 1 << 18 : k == 1 ? 12345 : 31;

			carve(first, n, first, n);
			carve(first, n, first, 1);
			carve(first, n, first + n - 1, 1);
			if (n > 2) {
				carve(first, n, first + n / 2, 1);
				carve(first, n, first + 1, n - 2);
				carve(first, n, first + n / 3, n / 3);
			}
		}
}

Test(resv, carve_what_is_not_there)
{
	struct rig r;

	rig_make(&r, 1, 1 << 20);
	cr_assert_eq(reserve(&r, 100, 10), 0);
	cr_assert_eq(reserve(&r, 120, 10), 0);
	cr_assert_eq(unreserve(&r, 99, 2), -ENOENT);
	cr_assert_eq(unreserve(&r, 109, 2), -ENOENT);
	cr_assert_eq(unreserve(&r, 105, 20), -ENOENT);
	cr_assert_eq(unreserve(&r, 0, 1), -EINVAL);
	cr_assert_eq(iova_space_alloc_fixed(r.s, 200 * G, G, NULL), 0);
	cr_assert_eq(unreserve(&r, 200, 1), -ENOENT);
	cr_assert_eq(reserved(&r), 20);
	rig_free(&r, 200 * G, 1);
	rig_done(&r);
}

/* Holes of one granule all over a large reservation, and then filled up again. */
Test(resv, sieve)
{
	struct rig r;

	rig_make(&r, 1, 1 << 20);
	cr_assert_eq(reserve(&r, 1 << 15, 1 << 15), 0);
	for (uint64_t i = 0; i < 1 << 15; i += 509)
		cr_assert_eq(unreserve(&r, (1 << 15) + i, 1), 0);
	for (uint64_t i = 0; i < 1 << 15; i += 509)
		cr_assert_eq(iova_space_alloc_range(r.s, ((1 << 15) + i) * G,
						    ((1 << 15) + i + 1) * G - 1, NULL), 0);
	cr_assert_eq(reserved(&r), (1 << 15) - 65);
	for (uint64_t i = 0; i < 1 << 15; i += 509)
		rig_free(&r, ((1 << 15) + i) * G, 1);
	cr_assert_eq(merge(&r, 1 << 15, 1 << 15, NULL), 0);
	cr_assert_eq(unreserve(&r, 1 << 15, 1 << 15), 0);
	cr_assert_eq(reserved(&r), 0);
	rig_done(&r);
}

Test(resv, allow)
{
	const struct iova_range allowed[] = {
		IOVA_RANGE_NONE, { 300 * G, 400 * G - 1 }, { 100 * G + 1, 200 * G }, { 0, 0 },
	};
	struct iova_range hit;
	struct rig r;
	uint64_t live, before;

	rig_make(&r, 1, 1 << 20);
	cr_assert_eq(reserve(&r, 350, 10), 0);
	live = rig_alloc(&r, 1);
	before = rig_state(r.s);
	cr_assert_eq(iova_space_allow(r.s, allowed, 4, &hit), -EEXIST);
	cr_assert(hit.first == live && hit.last == live + G - 1);
	cr_assert_eq(rig_state(r.s), before);
	cr_assert_eq(iova_space_allow(r.s, NULL, 1, &hit), -EINVAL);
	cr_assert_eq(iova_space_alloc_fixed(r.s, 5000 * G, G, NULL), 0);
	rig_free(&r, 5000 * G, 1);
	rig_free(&r, live, 1);
	cr_assert_eq(iova_space_allow(r.s, allowed, 4, &hit), 0);
	cr_assert_eq(reserved(&r), 10);
	for (unsigned i = 0; i < 99 + 90; i++) {
		uint64_t pfn = rig_alloc(&r, 1) / G;

		cr_assert((pfn > 100 && pfn < 200) || (pfn >= 300 && pfn < 350) ||
			  (pfn >= 360 && pfn < 400));
	}
	cr_assert_eq(iova_space_alloc(r.s, G, NO_MAX), (uint64_t)-ENOSPC);
	hits(&r, 100, 0, 101); /* together with what lies below the space */
	hits(&r, 299, 200, 100);
	cr_assert_eq(iova_space_free(r.s, 299 * G, G), -EINVAL);
	cr_assert_eq(unreserve(&r, 250, 10), -ENOENT);
	cr_assert_eq(iova_space_allow(r.s, &(struct iova_range){ 0, UINT64_MAX }, 1, &hit), 0);
	hits(&r, 299, 200, 100); /* never wider */
	cr_assert_eq(iova_space_destroy(r.s), 189);
	cr_assert(count_mem_clean(&r.mem));
}

Test(resv, grow)
{
	struct rig r;
	struct iova_space_config c = rig_config(&r, G, 100 * G - 1);
	struct iova_range hit;

	c.grow_last = 99 * G - 1;
	cr_assert_eq(iova_space_create(&r.s, &c), -EINVAL);
	c.grow_last = 200 * G;
	cr_assert_eq(iova_space_create(&r.s, &c), -EINVAL);
	c.grow_last = (1ull << 40) - 1;
	cr_assert_eq(iova_space_create(&r.s, &c), 0);
	for (uint64_t n = 99, last = 100; last <= 1ull << 28; last *= 2) {
		uint64_t live = 0;

		cr_assert_eq(iova_space_grow(r.s, last * G - 1), 0);
		cr_assert_eq(iova_space_grow(r.s, last * G - 1), 0);
		cr_assert_eq(iova_space_grow(r.s, last * G - G - 1), -EINVAL);
		cr_assert_eq(iova_space_grow(r.s, last * G), -EINVAL);
		cr_assert_eq(iova_space_alloc_fixed(r.s, last * G, G, NULL), -EINVAL);
		cr_assert_eq(iova_space_free(r.s, last * G, G), -EINVAL);
		cr_assert_eq(iova_space_alloc_fixed(r.s, (last - n) * G, n * G, &hit), 0);
		live = iova_space_alloc(r.s, G, NO_MAX);
		cr_assert_eq(live, (uint64_t)-ENOSPC, "%llx", (unsigned long long)live);
		n = last;
	}
	cr_assert_eq(iova_space_grow(r.s, UINT64_MAX), -EINVAL);
	cr_assert_eq(reserved(&r), 0);
	cr_assert_eq(iova_space_grow(r.s, (1ull << 40) - 1), 0);
	cr_assert_eq(iova_space_destroy(r.s), 22);
	cr_assert(count_mem_clean(&r.mem));
}

/* Every allocation of metadata fails once: refused calls change nothing. */
Test(resv, without_memory)
{
	for (unsigned kind = 0; kind < 4; kind++) {
		int e = -ENOMEM;

		for (unsigned nth = 1; e; nth++) {
			const struct iova_range allowed = { 0, 9999 * G };
			struct rig r;
			struct iova_space_config c = rig_config(&r, G, (1ull << 40) - 1);
			uint64_t before;

			c.grow_last = (1ull << 50) - 1;
			cr_assert_eq(iova_space_create(&r.s, &c), 0);
			cr_assert_eq(reserve(&r, 12345, 1 << 24), 0);
			before = rig_state(r.s);
			r.mem.fail_at = r.mem.calls + nth;
			e = kind == 0 ? merge(&r, 12000, 1 << 25, NULL) :
			    kind == 1 ? unreserve(&r, 777777, 1) :
			    kind == 2 ? iova_space_allow(r.s, &allowed, 1, NULL) :
					iova_space_grow(r.s, (1ull << 50) - G * 77777 - 1);
			cr_assert(e == 0 || e == -ENOMEM);
			cr_assert_eq(!e, !r.mem.failed, "kind %u, allocation %u", kind, nth);
			if (e)
				cr_assert_eq(rig_state(r.s), before);
			if (e)
				cr_assert_eq(iova_space_alloc_fixed(r.s, 777777 * G, G, NULL),
					     -EEXIST);
			r.mem.fail_at = 0;
			rig_done(&r);
		}
	}
}

/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* test_iova_guard.c - granules behind ranges that are nobody's to use. */
#define _GNU_SOURCE
#include "iova_bulk.h"
#include "iova_life.h"
#include "iova_place.h"
#include "iova_query.h"
#include "unit/iova_rig.h"

UNIT_RUN_TWICE();

static struct iova_space_config config(struct rig *r, uint64_t first_pfn, uint64_t granules,
				       unsigned guard)
{
	struct iova_space_config c =
		rig_config(r, first_pfn * G, first_pfn * G + granules * G - 1);

	c.guard_granules = guard;
	return c;
}

static void make(struct rig *r, uint64_t first_pfn, uint64_t granules, unsigned guard)
{
	struct iova_space_config c = config(r, first_pfn, granules, guard);

	cr_assert_eq(iova_space_create(&r->s, &c), 0);
}

static uint64_t ask(struct rig *r, struct iova_request q)
{
	return iova_space_alloc_request(r->s, &q);
}

/* What is looked at by walk(): the end of the range before, and the least distance. */
struct distance {
	uint64_t end, least, nr;
};

static int walk(void *ctx, const struct iova_range *range)
{
	struct distance *d = ctx;

	if (d->nr++ && range->first - d->end < d->least)
		d->least = range->first - d->end;
	d->end = range->last + 1;
	return 0;
}

Test(guard, bad_configurations)
{
	struct rig r;
	struct iova_space_config c = config(&r, 0, 1000, IOVA_GUARD_MAX + 1);

	cr_assert_eq(iova_space_create(&r.s, &c), -EINVAL);
	c.guard_granules = IOVA_GUARD_MAX; /* no range has room here */
	cr_assert_eq(iova_space_create(&r.s, &c), 0);
	cr_assert_eq(iova_space_alloc(r.s, G, NO_MAX), (uint64_t)-ENOSPC);
	cr_assert_eq(iova_space_alloc_fixed(r.s, 0, G, NULL), -EINVAL);
	rig_done(&r);
}

/* Whatever the size and the placement: a hole behind each range. */
Test(guard, a_hole_behind_each_range)
{
	for (unsigned k = 0; k < 12; k++) {
		unsigned guard = k % 3 == 0 ? 1 : k % 3 == 1 ? 5 : 40;
		struct distance d = { .least = UINT64_MAX };
		uint64_t got[200], n[200];
		struct rig r;
		struct iova_space_config c = config(&r, 1, 1 << 20, guard);

		c.placement = (enum iova_placement)(k / 3);
		cr_assert_eq(iova_space_create(&r.s, &c), 0);
		for (unsigned i = 0; i < 200; i++) {
			n[i] = 1 + i * i % 700;
			rig_move(i & 1);
			got[i] = rig_alloc(&r, n[i]);
			cr_assert_eq(got[i] / G % rule_align(n[i] + guard), 0);
		}
		iova_space_for_each(r.s, 0, UINT64_MAX, walk, &d);
		cr_assert_eq(d.nr, 200);
		cr_assert_geq(d.least, guard * G);
		for (unsigned i = 0; i < 200; i++) {
			rig_move(i >> 1 & 1);
			rig_free(&r, got[i], n[i]);
		}
		rig_done(&r);
	}
}

/* The limits of what a size can be. */
Test(guard, sizes)
{
	struct rig r;

	make(&r, 0, 1 << 20, 2);
	cr_assert_eq(iova_space_alloc(r.s, 0, NO_MAX), (uint64_t)-EINVAL);
	for (uint64_t less = 0; less < 4 * G; less += G / 2) {
		cr_assert_eq(iova_space_alloc(r.s, UINT64_MAX - less, NO_MAX), (uint64_t)-ENOSPC);
		cr_assert_eq(iova_space_free(r.s, 0, UINT64_MAX - less), -EINVAL);
		cr_assert_eq(ask(&r, (struct iova_request){ .granules = UINT64_MAX - less / G }),
			     (uint64_t)-ENOSPC);
		cr_assert_eq(ask(&r, (struct iova_request){ .granules = UINT64_MAX - less / G,
							    .align = 64 * G, .offset = G }),
			     (uint64_t)-ENOSPC);
	}
	cr_assert_eq(iova_space_alloc(r.s, ((1 << 20) - 1) * G, NO_MAX), (uint64_t)-ENOSPC);
	cr_assert_eq(iova_space_alloc(r.s, ((1 << 20) - 2) * G, NO_MAX), 0);
	cr_assert_eq(iova_space_alloc(r.s, 1, NO_MAX), (uint64_t)-ENOSPC);
	rig_free(&r, 0, (1 << 20) - 2);
	rig_done(&r);
}

/* Nobody but the space knows of the guard. */
Test(guard, accounts)
{
	static const uint64_t sizes[] = { 1, 6, 29, 30, 40, 510, 600 };

	for (unsigned i = 0; i < 7; i++) {
		uint64_t n = sizes[i], a, b, taken;
		struct iova_space_holes holes;
		struct iova_space_stats st;
		struct iova_range at;
		struct rig r;

		make(&r, 0, 1 << 16, 2);
		a = rig_alloc(&r, n);
		b = rig_alloc(&r, n);
		taken = n + 2 + rule_padding(n + 2);
		cr_assert_eq(b > a ? b - a : a - b, rule_align(n + 2) * G);
		for (uint64_t k = 0; k < n + 3; k++) {
			int e = iova_space_find(r.s, a + k * G, &at);

			cr_assert_eq(e, k < n ? 0 : k < n + 2 || taken > n + 2 ? -ENOENT : e);
			if (!e && k < n)
				cr_assert(at.first == a && at.last == a + n * G - 1);
		}
		/* Neither with its guard nor with part of it, and the guard is no range. */
		cr_assert_eq(iova_space_free(r.s, a, (n + 1) * G), -EINVAL);
		cr_assert_eq(iova_space_free(r.s, a, (n + 2) * G), -EINVAL);
		cr_assert_eq(iova_space_check(r.s, a, (n + 2) * G), -EINVAL);
		cr_assert_eq(iova_space_free(r.s, a + n * G, G), -ENOENT);
		cr_assert_eq(iova_space_free(r.s, a + n * G, 2 * G), -ENOENT);
		cr_assert_eq(iova_space_free_range(r.s, a, a + (n + 2) * G - 1), -EINVAL);
		iova_space_stats(r.s, &st);
		cr_assert_eq(st.live_ranges, 2);
		cr_assert_eq(st.live_bytes, 2 * n * G);
		cr_assert_eq(st.guard_bytes, 2 * 2 * G);
		cr_assert_eq(st.bad_frees, 5);
		iova_space_holes(r.s, &holes);
		cr_assert_eq(holes.free_granules, (1 << 16) - 2 * taken);
		cr_assert_eq(holes.largest.last, (1 << 16) * G - 1);
		cr_assert_eq(iova_space_check(r.s, a, n * G), 0);
		rig_free(&r, a, n);
		cr_assert(iova_space_in_use(r.s));
		cr_assert_eq(iova_space_destroy(r.s), 1);
	}
}

/* Limits, windows and boundaries are about the range; the guard may lie beyond. */
Test(guard, wishes)
{
	const struct iova_range out = { 104 * G, UINT64_MAX };

	for (unsigned k = 0; k < 4; k++) {
		struct rig r;
		struct iova_space_config c = config(&r, 0, 1024, 1);

		c.placement = (enum iova_placement)k;
		cr_assert_eq(iova_space_create(&r.s, &c), 0);
#define AT(where, n, ...)                                                                       \
	do {                                                                                    \
		uint64_t got = ask(&r, (struct iova_request){ .size = (n) * G, __VA_ARGS__ });  \
		cr_assert_eq(got, (where) * G, "%llu", (unsigned long long)(got / G));          \
		rig_free(&r, got, n);                                                           \
	} while (0)
		AT(100, 1, .min = 100 * G, .max = 101 * G - 1);
		AT(96, 4, .min = 96 * G, .max = 100 * G - 1); /* with its guard five: aligned to 8 */
		cr_assert_eq(ask(&r, (struct iova_request){ .size = 4 * G, .min = 96 * G + 1,
							    .max = 108 * G - 1, .exclude = &out,
							    .nr_exclude = 1 }), (uint64_t)-ENOSPC);
		AT(96, 8, .min = 96 * G, .exclude = &out, .nr_exclude = 1);
		AT(101, 1, .min = 100 * G + 1, .align = 2 * G, .offset = G, .exclude = &out,
		   .nr_exclude = 1);
		AT(104, 8, .min = 100 * G, .max = 112 * G - 1, .align = 16 * G, .offset = 8 * G,
		   .boundary = 8 * G);
		AT(128, 64, .min = 60 * G, .max = 192 * G - 1, .boundary = 64 * G);
		AT(1022, 1, .min = 1021 * G);
		cr_assert_eq(ask(&r, (struct iova_request){ .size = G, .min = 1023 * G }),
			     (uint64_t)-ENOSPC); /* its guard would be outside */
		cr_assert_eq(iova_space_alloc(r.s, 64 * G, 64 * G - 1), 0);
		rig_free(&r, 0, 64);
		rig_done(&r);
	}
}

/* Ranges at given addresses, beside each other and beside reservations. */
Test(guard, fixed)
{
	struct iova_range hit;
	struct rig r;

	make(&r, 0, 1024, 2);
	cr_assert_eq(iova_space_alloc_fixed(r.s, 100 * G, 10 * G, NULL), 0);
	cr_assert_eq(iova_space_alloc_fixed(r.s, 110 * G, G, &hit), -EEXIST);
	cr_assert(hit.first == 100 * G && hit.last == 110 * G - 1);
	cr_assert_eq(iova_space_alloc_fixed(r.s, 111 * G, G, &hit), -EEXIST);
	cr_assert(hit.first == 100 * G && hit.last == 110 * G - 1);
	cr_assert_eq(iova_space_alloc_fixed(r.s, 98 * G, G, &hit), -EEXIST);
	cr_assert(hit.first == 100 * G && hit.last == 110 * G - 1);
	cr_assert_eq(iova_space_reserve(r.s, 111 * G, 120 * G - 1, &hit), -EEXIST);
	cr_assert(hit.first == 100 * G && hit.last == 110 * G - 1);
	cr_assert_eq(iova_space_alloc_fixed(r.s, 112 * G, G, NULL), 0);
	cr_assert_eq(iova_space_alloc_fixed(r.s, 97 * G, G, NULL), 0);
	/* A reservation has none, and bears none upon it. */
	cr_assert_eq(iova_space_reserve(r.s, 115 * G, 120 * G - 1, NULL), 0);
	cr_assert_eq(iova_space_reserve(r.s, 120 * G, 121 * G - 1, NULL), 0);
	cr_assert_eq(iova_space_alloc_fixed(r.s, 121 * G, G, NULL), 0);
	cr_assert_eq(iova_space_reserve(r.s, 203 * G, 204 * G - 1, NULL), 0);
	cr_assert_eq(iova_space_alloc_fixed(r.s, 200 * G, 2 * G, &hit), -EEXIST);
	cr_assert(hit.first == 203 * G && hit.last == 204 * G - 1);
	cr_assert_eq(iova_space_alloc_fixed(r.s, 200 * G, G, NULL), 0);
	/* At the end. */
	cr_assert_eq(iova_space_alloc_fixed(r.s, 1022 * G, G, NULL), -EINVAL);
	cr_assert_eq(iova_space_alloc_range(r.s, 1000 * G, 1022 * G - 1, NULL), 0);
	cr_assert_eq(iova_space_free(r.s, 1000 * G, 24 * G), -EINVAL);
	rig_free(&r, 1000 * G, 22);
	cr_assert_eq(iova_space_free(r.s, 100 * G, 12 * G), -EINVAL);
	rig_free(&r, 100 * G, 10);
	rig_free(&r, 97 * G, 1);
	rig_free(&r, 112 * G, 1);
	rig_free(&r, 121 * G, 1);
	rig_free(&r, 200 * G, 1);
	rig_done(&r);
}

Test(guard, pieces)
{
	struct iova_request q = { .size = 90 * G, .boundary = 32 * G };
	struct distance d = { .least = UINT64_MAX };
	struct iova_range seg[4];
	struct iova_space_stats st;
	struct rig r;

	make(&r, 0, 512, 1);
	cr_assert_eq(iova_space_alloc_segments(r.s, &q, UINT64_MAX, seg, 4), 3); /* 32 32 26 */
	iova_space_for_each(r.s, 0, UINT64_MAX, walk, &d);
	cr_assert(d.nr == 3 && d.least >= G);
	iova_space_stats(r.s, &st);
	cr_assert_eq(st.live_bytes, 90 * G);
	cr_assert_eq(st.guard_bytes, 3 * G);
	for (unsigned i = 0; i < 3; i++) {
		cr_assert_eq(seg[i].first / (32 * G), seg[i].last / (32 * G));
		cr_assert_eq(iova_space_free_range(r.s, seg[i].first, seg[i].last), 0);
	}
	rig_done(&r);
}

Test(guard, bulk)
{
	struct distance d = { .least = UINT64_MAX };
	uint64_t iova[100];
	struct rig r;

	make(&r, 0, 1024, 1);
	for (uint64_t n = 1; n < 40; n += 38) {
		int nr = iova_space_alloc_bulk(r.s, n * G, NO_MAX, iova, 16);

		cr_assert_eq(nr, 16);
		iova_space_for_each(r.s, 0, UINT64_MAX, walk, &d);
		cr_assert(d.nr == 16 && d.least >= G);
		cr_assert_eq(iova_space_free_bulk(r.s, (n + 1) * G, iova, 16), 16);
		cr_assert_eq(iova_space_free_bulk(r.s, n * G, iova, 16), 0);
		d.nr = 0;
	}
	/* To the last: two granules each. */
	for (unsigned i = 0; i < 512; i++)
		cr_assert_eq(iova_space_alloc_bulk(r.s, G, NO_MAX, iova, 1), 1);
	cr_assert_eq(iova_space_alloc_bulk(r.s, G, NO_MAX, iova, 1), -ENOSPC);
	cr_assert_eq(iova_space_destroy(r.s), 512);
}

/* A range that is held back keeps its guard. */
Test(guard, quarantine)
{
	struct rig r;
	struct iova_space_config c = config(&r, 0, 64, 1);

	c.quarantine = 4;
	c.placement = IOVA_PLACE_BOTTOM_UP;
	cr_assert_eq(iova_space_create(&r.s, &c), 0);
	cr_assert_eq(rig_alloc(&r, 3), 0);
	rig_free(&r, 0, 3);
	cr_assert_eq(iova_space_free(r.s, 0, 3 * G), -ENOENT);
	cr_assert_eq(rig_alloc(&r, 1), 4 * G);
	cr_assert_eq(iova_space_release_held(r.s), 1);
	cr_assert_eq(rig_alloc(&r, 3), 0);
	rig_free(&r, 0, 3);
	rig_free(&r, 4 * G, 1);
	cr_assert_eq(iova_space_alloc_fixed(r.s, 0, 63 * G, NULL), 0); /* lets go of both */
	rig_free(&r, 0, 63);
	rig_done(&r);
}

/* What was the end of the space, and its guard, stays where it is. */
Test(guard, grow)
{
	struct rig r;
	struct iova_space_config c = config(&r, 0, 8, 1);

	c.grow_last = 64 * G - 1;
	cr_assert_eq(iova_space_create(&r.s, &c), 0);
	cr_assert_eq(iova_space_alloc_fixed(r.s, 0, 8 * G, NULL), -EINVAL);
	cr_assert_eq(rig_alloc(&r, 7), 0);
	cr_assert_eq(iova_space_grow(r.s, 16 * G - 1), 0);
	cr_assert_eq(iova_space_alloc_fixed(r.s, 7 * G, G, NULL), -EEXIST);
	cr_assert_eq(rig_alloc(&r, 7), 8 * G);
	rig_free(&r, 0, 7);
	cr_assert_eq(iova_space_alloc_fixed(r.s, 0, 7 * G, NULL), 0);
	rig_free(&r, 0, 7);
	rig_free(&r, 8 * G, 7);
	cr_assert_eq(rig_alloc(&r, 15), 0);
	rig_free(&r, 0, 15);
	rig_done(&r);
}

/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* test_iova_span.c - ranges at given addresses, and reservations. */
#define _GNU_SOURCE
#include "tap.h"
#include "unit/iova_rig.h"

UNIT_RUN_TWICE();

#define REFUSED(r, call, err)                                         \
	do {                                                          \
		uint64_t before_ = rig_state((r)->s);                 \
		int got_ = (call);                                    \
		cr_assert_eq(got_, (err), #call ": %d", got_);         \
		cr_assert_eq(rig_state((r)->s), before_, #call);      \
	} while (0)

Test(span, fixed_bad_input)
{
	struct iova_range hit = { 5, 6 };
	struct rig r;

	rig_make(&r, 16, 2048 - 16);
#define BAD(iova, size) REFUSED(&r, iova_space_alloc_fixed(r.s, (iova), (size), &hit), -EINVAL)
	BAD(100 * G, 0);
	BAD(100 * G + 1, G);
	BAD(100 * G - 1, G);
	BAD(100 * G + G / 2, G / 2);
	BAD(0, G);
	BAD(15 * G, G);
	BAD(15 * G, 2 * G);
	BAD(2048 * G, G);
	BAD(2047 * G, G + 1);
	BAD(16 * G, 2033 * G);
	BAD(1ull << 47, G);
	BAD(-G, G);
	BAD(-G, 2 * G);
	BAD(100 * G, UINT64_MAX);
	BAD(100 * G, UINT64_MAX - 100 * G);
	BAD(100 * G, UINT64_MAX - 100 * G + 1);
	BAD(100 * G, UINT64_MAX - 99 * G);
	BAD(100 * G, 1ull << 63);
#undef BAD
	cr_assert(hit.first == 5 && hit.last == 6);
	rig_done(&r);
}

Test(span, reserve_bad_input)
{
	struct iova_range hit = { 5, 6 };
	struct rig r;

	rig_make(&r, 16, 2048 - 16);
#define BAD(first, last) REFUSED(&r, iova_space_reserve(r.s, (first), (last), &hit), -EINVAL)
	BAD(100 * G + 1, 101 * G - 1);
	BAD(100 * G, 101 * G);
	BAD(100 * G, 101 * G - 2);
	BAD(100 * G, 100 * G);
	BAD(101 * G, 101 * G - 1);
	BAD(200 * G, 101 * G - 1);
	BAD(0, G - 1);
	BAD(15 * G, 17 * G - 1);
	BAD(2047 * G, 2049 * G - 1);
	BAD(0, UINT64_MAX);
	BAD(16 * G, UINT64_MAX);
	BAD(-G, UINT64_MAX);
#undef BAD
	cr_assert(hit.first == 5 && hit.last == 6);
	rig_done(&r);
}

/* [at, at + n) is in the way of everything that touches it, and named exactly. */
static void in_the_way(struct rig *r, uint64_t at, uint64_t n)
{
	const struct iova_range want = { at * G, (at + n) * G - 1 };
	const struct {
		uint64_t first, n;
	} tries[] = {
		{ at, n }, { at, 1 }, { at + n - 1, 1 }, { at + n / 2, 1 }, { at - 1, 2 },
		{ at + n - 1, 2 }, { at - 1, n + 2 }, { at - 40, 41 }, { at - 700, 701 },
		{ at + n - 1, 700 }, { at - 100, n + 300 },
	};

	for (unsigned i = 0; i < sizeof(tries) / sizeof(tries[0]); i++) {
		uint64_t iova = tries[i].first * G, size = tries[i].n * G;
		struct iova_range hit = { 1, 0 };

		REFUSED(r, iova_space_alloc_fixed(r->s, iova, size, &hit), -EEXIST);
		cr_assert(hit.first == want.first && hit.last == want.last, "try %u: %llx-%llx", i,
			  (unsigned long long)hit.first, (unsigned long long)hit.last);
		hit = (struct iova_range){ 1, 0 };
		REFUSED(r, iova_space_reserve(r->s, iova, iova + size - 1, &hit), -EEXIST);
		cr_assert(hit.first == want.first && hit.last == want.last, "try %u", i);
		REFUSED(r, iova_space_alloc_fixed(r->s, iova, size, NULL), -EEXIST);
	}
}

Test(span, conflicts)
{
	static const uint64_t sizes[] = { 1, 2, 20, 32, 33, 40, 100, 512, 600, 1000, 5000 };

	for (unsigned i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		for (unsigned how = 0; how < 4; how++) {
			uint64_t n = sizes[i], at = 0x12345;
			struct iova_request q = { .size = n * G, .min = 0x10000 * G,
						  .max = 0x20000 * G - 1 };
			struct rig r;

			rig_make(&r, 1, 1 << 20);
			if (how == 0)
				at = iova_space_alloc_request(r.s, &q) / G;
			else if (how == 3)
				cr_assert_eq(iova_space_reserve(r.s, at * G, (at + n) * G - 1,
								NULL), 0);
			else
				cr_assert_eq(iova_space_alloc_fixed(r.s, at * G, n * G, NULL), 0);
			rig_move(how == 2);
			in_the_way(&r, at, n);
			if (how < 3)
				rig_free(&r, at * G, n);
			rig_done(&r);
		}
}

/* A range cut into pieces is one range in every respect. */
static void one_range(struct rig *r, uint64_t first, uint64_t n)
{
	uint64_t iova = first * G, size = n * G, before = rig_state(r->s);
	const uint64_t inside[] = { 0, 1, size - 1, size / 2, size / 3, size - size / 7 - 1 };
	struct iova_range hit;

	cr_assert_eq(iova_space_alloc_fixed(r->s, iova, size, NULL), 0);
	for (unsigned i = 0; i < sizeof(inside) / sizeof(inside[0]); i++) {
		cr_assert_eq(iova_space_find(r->s, iova + inside[i], &hit), 0);
		cr_assert(hit.first == iova && hit.last == iova + size - 1);
		cr_assert_eq(iova_space_free(r->s, (iova + inside[i]) / G * G + G, G), n > 1 &&
			     (iova + inside[i]) / G + 1 < first + n ? -EINVAL : -ENOENT);
	}
	cr_assert_eq(iova_space_find(r->s, iova - 1, &hit), -ENOENT);
	cr_assert_eq(iova_space_find(r->s, iova + size, &hit), -ENOENT);
	REFUSED(r, iova_space_free(r->s, iova, size + G), -EINVAL);
	if (n > 1)
		REFUSED(r, iova_space_free(r->s, iova, size - G), -EINVAL);
	cr_assert_eq(iova_space_check(r->s, iova, size), 0);
	rig_free(r, iova, n);
	cr_assert_eq(rig_state(r->s), before);
	REFUSED(r, iova_space_free(r->s, iova, size), -ENOENT);
}

Test(span, pieces_of_every_level)
{
	static const uint64_t base[] = { 0, 1ull << 20, 1ull << 35 }; /* 0, 4 GiB, 2^47 */
	struct rig r;

	rig_make(&r, 1, (1ull << 40) - 1);
	for (unsigned b = 0; b < 3; b++)
		for (unsigned k = 0; k <= 18; k += 2) { /* up to GiB and TiB */
			uint64_t unit = 1ull << k;

			for (int d = -1; d <= 1; d++) {
				uint64_t first = base[b] + 4 * unit + (uint64_t)d;

				one_range(&r, first, unit);
				one_range(&r, first, unit + 1);
				one_range(&r, first, 2 * unit + 3);
				one_range(&r, first, 33 * unit);
				one_range(&r, first, 100 * unit - 1);
			}
		}
	rig_done(&r);
}

/* A split unit before the span's larger pieces: together they look like a range of their own. */
Test(span, part_of_a_span_behind_a_split_unit)
{
	struct iova_request q;
	struct iova_range hit;
	struct rig r;

	rig_make(&r, 1, (1ull << 24) - 1);
	for (unsigned level = 1; level <= 4; level++) {
		uint64_t unit = 1ull << 4 * level, first = 0x700000 + 0x10 * unit;

		for (uint64_t units = 3; units <= 9; units++) {
			cr_assert_eq(iova_space_alloc_fixed(r.s, first * G, G, NULL), 0);
			rig_free(&r, first * G, 1);
			one_range(&r, first - 1, units * unit + 1);
			one_range(&r, first, units * unit);
			/* Nothing of it stayed below, where a rounded range would meet it. */
			q = (struct iova_request){ .size = (3 * unit - 1) * G, .min = first * G,
						   .max = (first + 3 * unit) * G - 1 };
			cr_assert_eq(iova_space_alloc_request(r.s, &q), first * G);
			cr_assert_eq(iova_space_find(r.s, first * G, &hit), 0);
			cr_assert_eq(hit.last, q.max - G);
			rig_free(&r, first * G, 3 * unit - 1);
			cr_assert_eq(iova_space_alloc_fixed(r.s, (first - 1) * G,
							    (units * unit + 1) * G, NULL), 0);
			for (uint64_t n = 1; n <= units; n++) {
				REFUSED(&r, iova_space_check(r.s, first * G, n * unit * G), -EINVAL);
				REFUSED(&r, iova_space_free(r.s, first * G, n * unit * G), -EINVAL);
			}
			rig_free(&r, (first - 1) * G, units * unit + 1);
		}
	}
	rig_done(&r);
}

/* Neighbours without a gap, of random sizes, taken and given back in random order. */
Test(span, neighbours)
{
	uint64_t seed = tap_seed();
	static uint64_t at[400], len[400];
	struct iova_range hit;
	unsigned nr = 0;
	struct rig r;

	rig_make(&r, 1, 1 << 20);
	for (uint64_t next = 1000; nr < 400; nr++) {
		at[nr] = next;
		len[nr] = 1 + tap_random(&seed) % (tap_random(&seed) % 4 ? 40 : 3000);
		next += len[nr];
	}
	for (unsigned i = 0; i < nr; i++) {
		unsigned k = (i * 157) % nr;

		rig_move(i & 1);
		cr_assert_eq(iova_space_alloc_fixed(r.s, at[k] * G, len[k] * G, NULL), 0);
	}
	for (unsigned i = 0; i < nr; i++) {
		cr_assert_eq(iova_space_find(r.s, (at[i] + len[i] - 1) * G, &hit), 0);
		cr_assert(hit.first == at[i] * G && hit.last == (at[i] + len[i]) * G - 1);
	}
	for (unsigned i = 0; i < nr; i++) {
		unsigned k = (i * 43) % nr;

		rig_move(i >> 1 & 1);
		rig_free(&r, at[k] * G, len[k]);
	}
	rig_done(&r);
}

Test(span, reservations)
{
	struct iova_space_stats st;
	struct iova_range hit;
	struct rig r;

	rig_make(&r, 0, 2048);
	cr_assert_eq(iova_space_reserve(r.s, 0, 0xfff, NULL), 0);
	cr_assert_eq(iova_space_reserve(r.s, 100 * G, 164 * G - 1, NULL), 0);
	cr_assert_eq(iova_space_reserve(r.s, 164 * G, 165 * G - 1, NULL), 0);
	cr_assert_eq(iova_space_reserve(r.s, 1024 * G, 1700 * G - 1, NULL), 0);
	iova_space_stats(r.s, &st);
	cr_assert_eq(st.reserved_bytes, (1 + 64 + 1 + 676) * G);
	cr_assert(!iova_space_in_use(r.s));
	cr_assert_eq(iova_space_find(r.s, 120 * G, &hit), -ENOENT);
	REFUSED(&r, iova_space_free(r.s, 0, G), -EINVAL);
	REFUSED(&r, iova_space_free(r.s, 100 * G, 64 * G), -EINVAL);
	REFUSED(&r, iova_space_free(r.s, 101 * G, G), -EINVAL);
	REFUSED(&r, iova_space_free(r.s, 164 * G, G), -EINVAL);
	REFUSED(&r, iova_space_free(r.s, 1024 * G, 676 * G), -EINVAL);
	REFUSED(&r, iova_space_free(r.s, 99 * G, 2 * G), -ENOENT);
	REFUSED(&r, iova_space_check(r.s, 100 * G, 64 * G), -EINVAL);
	/* Everything but what is reserved is handed out, once. */
	for (unsigned i = 0; i < 2048 - (1 + 64 + 1 + 676); i++) {
		uint64_t pfn = rig_alloc(&r, 1) / G;

		cr_assert(pfn && (pfn < 100 || pfn > 164) && (pfn < 1024 || pfn >= 1700));
	}
	cr_assert_eq(iova_space_alloc(r.s, 1, NO_MAX), (uint64_t)-ENOSPC);
	cr_assert_eq(iova_space_destroy(r.s), 2048 - (1 + 64 + 1 + 676));
	cr_assert(count_mem_clean(&r.mem));
}

/* A range right before, right behind and between reservations is an ordinary range. */
Test(span, ranges_beside_reservations)
{
	for (uint64_t n = 1; n <= 80; n++) {
		uint64_t at = 1024 - n / 2;
		struct iova_range hit;
		struct rig r;

		rig_make(&r, 1, 4095);
		cr_assert_eq(iova_space_reserve(r.s, (at + n) * G, (at + n + 50) * G - 1, NULL), 0);
		cr_assert_eq(iova_space_reserve(r.s, (at - 50) * G, at * G - 1, NULL), 0);
		cr_assert_eq(iova_space_alloc_fixed(r.s, at * G, n * G, NULL), 0);
		cr_assert_eq(iova_space_find(r.s, (at + n) * G - 1, &hit), 0);
		cr_assert(hit.first == at * G && hit.last == (at + n) * G - 1);
		REFUSED(&r, iova_space_free(r.s, at * G, (n + 1) * G), -EINVAL);
		REFUSED(&r, iova_space_free(r.s, at * G, (n + 50) * G), -EINVAL);
		REFUSED(&r, iova_space_free(r.s, (at - 1) * G, (n + 1) * G), -EINVAL);
		rig_free(&r, at * G, n);
		rig_done(&r);
	}
}

/* One way of asking for memory; 0 or an error. */
static int ask(struct rig *r, unsigned how, uint64_t n)
{
	uint64_t first = 0x3456789 * G, got;

	if (how == 0)
		return iova_space_reserve(r->s, first, first + n * G - 1, NULL);
	if (how == 1)
		return iova_space_alloc_fixed(r->s, first, n * G, NULL);
	got = iova_space_alloc(r->s, n * G, NO_MAX);
	return iova_is_err(got) ? iova_err(got) : 0;
}

Test(span, no_memory_at_any_point)
{
	static const uint64_t sizes[] = { 1, 33, 500, 1000, 70000, 1 << 20, (1 << 24) + 1 };

	for (unsigned how = 0; how < 3; how++)
		for (unsigned i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
			unsigned nth = 0;
			bool failed = true;

			while (failed) { /* until it needs fewer than @nth allocations */
				struct rig r;
				uint64_t before;
				int e;

				rig_make(&r, 1, (1ull << 36) - 1);
				before = rig_state(r.s);
				r.mem.fail_at = r.mem.calls + ++nth;
				e = ask(&r, how, sizes[i]);
				failed = r.mem.failed;
				cr_assert(e == 0 || (e == -ENOMEM && failed),
					  "how %u, %llu, call %u: %d", how,
					  (unsigned long long)sizes[i], nth, e);
				if (e) {
					cr_assert_eq(rig_state(r.s), before);
					cr_assert_eq(ask(&r, how, sizes[i]), 0);
				}
				cr_assert_eq(iova_space_destroy(r.s), how != 0);
				cr_assert(count_mem_clean(&r.mem));
			}
			cr_assert(nth > 1 || how == 2);
		}
}

/* No memory at all: what exists still works, the rest says so. */
Test(span, no_memory_for_long)
{
	struct rig r;
	uint64_t iova;

	rig_make(&r, 1, (1ull << 36) - 1);
	iova = rig_alloc(&r, 4);
	r.mem.fail_all = true;
	for (unsigned i = 0; i < 1000; i++) {
		uint64_t again;

		rig_free(&r, iova, 4);
		again = iova_space_alloc(r.s, 4 * G, NO_MAX);
		cr_assert(!iova_is_err(again));
		iova = again;
	}
	/* Their levels exist; what rounding needs to be remembered in does not. */
	for (uint64_t n = 1000; n < 1 << 30; n = n * 70 + 1)
		cr_assert_eq(iova_space_alloc(r.s, n * G, NO_MAX), (uint64_t)-ENOMEM);
	cr_assert_eq(iova_space_alloc_fixed(r.s, 1ull << 40, 1 << 20, NULL), -ENOMEM);
	cr_assert_eq(iova_space_reserve(r.s, 1ull << 40, (1ull << 40) + G - 1, NULL), -ENOMEM);
	rig_free(&r, iova, 4);
	r.mem.fail_all = false;
	cr_assert_eq(iova_space_alloc_fixed(r.s, 1ull << 40, 1 << 20, NULL), 0);
	cr_assert_eq(iova_space_free(r.s, 1ull << 40, 1 << 20), 0);
	rig_done(&r);
}

/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* test_iova_bulk.c - many ranges in one call. */
#define _GNU_SOURCE
#include "iova_bulk.h"
#include "tap.h"
#include "unit/iova_rig.h"

#include <limits.h>

UNIT_RUN_TWICE();

#define NR 300

static int by_value(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static void shuffle(uint64_t *v, unsigned nr, uint64_t seed)
{
	for (unsigned i = nr; i > 1; i--) {
		unsigned k = (unsigned)(tap_random(&seed) % i);
		uint64_t t = v[i - 1];

		v[i - 1] = v[k];
		v[k] = t;
	}
}

/* Each in its place, none over another, all of them live. */
static void look_at(struct rig *r, const uint64_t *iova, unsigned nr, uint64_t n)
{
	struct iova_range got;
	uint64_t sorted[NR];

	memcpy(sorted, iova, nr * sizeof(*iova));
	qsort(sorted, nr, sizeof(*sorted), by_value);
	for (unsigned i = 0; i < nr; i++) {
		cr_assert_eq(sorted[i] / G & (rule_align(n) - 1), 0);
		cr_assert(!i || sorted[i] >= sorted[i - 1] + n * G);
		cr_assert_eq(iova_space_find(r->s, sorted[i], &got), 0);
		cr_assert(got.first == sorted[i] && got.last == sorted[i] + n * G - 1);
	}
}

static uint64_t live(struct rig *r)
{
	struct iova_space_stats st;

	iova_space_stats(r->s, &st);
	return st.live_ranges;
}

static const uint64_t sizes[] = { 1, 2, 3, 8, 16, 17, 32, 33, 100, 512, 513, 9000 };
#define SIZES (sizeof(sizes) / sizeof(sizes[0]))

/* On the CPU that allocated and on another, in order and not. */
Test(bulk, there_and_back)
{
	for (unsigned i = 0; i < SIZES * 4; i++) {
		uint64_t iova[NR], n = sizes[i / 4];
		struct rig r;

		rig_make(&r, 1, 1ull << 30);
		rig_move(0);
		for (unsigned round = 0; round < 3; round++) {
			cr_assert_eq(iova_space_alloc_bulk(r.s, n * G - round, NO_MAX, iova, NR), NR);
			look_at(&r, iova, NR, n);
			cr_assert_eq(live(&r), NR);
			if (i & 1)
				shuffle(iova, NR, i);
			rig_move(i >> 1 & 1);
			cr_assert_eq(iova_space_free_bulk(r.s, n * G, iova, NR), 0);
			cr_assert_eq(live(&r), 0);
			rig_move(0);
		}
		rig_done(&r);
	}
}

/* What is left at the end is handed out to the last one, and then it says so. */
Test(bulk, until_nothing_is_left)
{
	for (unsigned i = 0; i < 9; i++) { /* up to 100 granules */
		uint64_t iova[NR], n = sizes[i], all = 4096 / rule_align(n), got = 0;
		struct rig r;
		int e;

		rig_make(&r, 4096, 4096);
		while ((e = iova_space_alloc_bulk(r.s, n * G, NO_MAX, iova, 97)) > 0)
			got += (unsigned)e;
		cr_assert_eq(e, -ENOSPC);
		cr_assert_eq(got, all, "%llu of %llu ranges of %llu", (unsigned long long)got,
			     (unsigned long long)all, (unsigned long long)n);
		cr_assert_eq(iova_space_destroy(r.s), all);
		cr_assert(count_mem_clean(&r.mem));
	}
}

Test(bulk, limits)
{
	uint64_t iova[NR], max = 40 * G - 1;
	struct rig r;

	rig_make(&r, 1, 1 << 20);
	cr_assert_eq(iova_space_alloc_bulk(r.s, 5 * G, max, iova, NR), 4);
	for (unsigned i = 0; i < 4; i++)
		cr_assert_leq(iova[i] + 5 * G - 1, max);
	cr_assert_eq(iova_space_alloc_bulk(r.s, 5 * G, max, iova, NR), -ENOSPC);
	cr_assert_eq(iova_space_alloc_bulk(r.s, G, 10, iova, 1), -ENOSPC);
	cr_assert_eq(iova_space_alloc_bulk(r.s, 0, NO_MAX, iova, 1), -EINVAL);
	cr_assert_eq(iova_space_alloc_bulk(r.s, G, NO_MAX, iova, INT_MAX + 1u), -EINVAL);
	cr_assert_eq(iova_space_alloc_bulk(r.s, G, NO_MAX, NULL, 0), 0);
	cr_assert_eq(iova_space_alloc_bulk(r.s, UINT64_MAX, NO_MAX, iova, 1), -ENOSPC);
	cr_assert_eq(iova_space_free_bulk(r.s, G, NULL, 0), 0);
	cr_assert_eq(live(&r), 4);
	cr_assert_eq(iova_space_destroy(r.s), 4);
}

/* Bad ones among good ones: exactly the bad are refused and counted. */
Test(bulk, bad_frees)
{
	for (unsigned cpu = 0; cpu < 2; cpu++)
		for (uint64_t n = 1; n < 70; n += 4) {
			struct iova_space_stats st;
			uint64_t iova[40];
			struct rig r;

			rig_make(&r, 1, 1 << 16);
			rig_move(0);
			cr_assert_eq(iova_space_alloc_bulk(r.s, n * G, NO_MAX, iova, 20), 20);
			rig_move(cpu);
			memcpy(iova + 20, iova, 10 * sizeof(*iova)); /* twice */
			for (unsigned i = 0; i < 5; i++)
				iova[30 + i] = iova[i] + 1 + i; /* not a granule's start */
			iova[35] = 0;
			iova[36] = UINT64_MAX - G + 1;
			iova[37] = (1ull << 16) * G + G;
			iova[38] = iova[3] + (n > 1 ? G : G / 2);
			iova[39] = 1ull << 63;
			shuffle(iova, 40, n + cpu);
			cr_assert_eq(iova_space_free_bulk(r.s, (n + 1) * G, iova, 40), 40);
			cr_assert_eq(iova_space_free_bulk(r.s, 0, iova, 40), 40);
			cr_assert_eq(live(&r), 20);
			cr_assert_eq(iova_space_free_bulk(r.s, n * G, iova, 40), 20);
			iova_space_stats(r.s, &st);
			cr_assert_eq(st.bad_frees, 100);
			rig_done(&r);
		}
}

/* Neighbours that are wrong together: one of a word is no longer there. */
Test(bulk, one_of_a_word_is_gone)
{
	for (unsigned gone = 0; gone < 16; gone++) {
		uint64_t iova[16];
		struct rig r;

		rig_make(&r, 1, 1 << 16);
		cr_assert_eq(iova_space_alloc_bulk(r.s, 2 * G, NO_MAX, iova, 16), 16);
		rig_free(&r, iova[gone], 2);
		cr_assert_eq(iova_space_free_bulk(r.s, 2 * G, iova, 16), 1);
		rig_done(&r);
	}
}

/* In words that hold fixed ranges and reservations, too. */
Test(bulk, beside_fixed_ranges)
{
	uint64_t iova[NR], fixed[2] = { 70 * G, 71 * G };
	struct rig r;

	rig_make(&r, 64, 512);
	cr_assert_eq(iova_space_alloc_fixed(r.s, 70 * G, G, NULL), 0);
	cr_assert_eq(iova_space_alloc_fixed(r.s, 71 * G, G, NULL), 0);
	cr_assert_eq(iova_space_reserve(r.s, 80 * G, 90 * G - 1, NULL), 0);
	cr_assert_eq(iova_space_alloc_bulk(r.s, G, NO_MAX, iova, NR), NR);
	look_at(&r, iova, NR, 1);
	cr_assert_eq(iova_space_free_bulk(r.s, G, fixed, 2), 0);
	fixed[0] = 80 * G;
	fixed[1] = 81 * G;
	cr_assert_eq(iova_space_free_bulk(r.s, G, fixed, 2), 2);
	cr_assert_eq(iova_space_free_bulk(r.s, G, iova, NR), 0);
	rig_done(&r);
}

/* Frees of one word from another CPU are one step: all are left for the owner, all counted. */
Test(bulk, left_for_the_owner)
{
	struct iova_space_stats st;
	uint64_t iova[128];
	struct rig r;

	rig_make(&r, 0, 1 << 16);
	rig_move(0);
	cr_assert_eq(iova_space_alloc_bulk(r.s, G, NO_MAX, iova, 128), 128);
	if (rig_move(1)) {
		iova_space_free_bulk(r.s, G, iova, 128);
		iova_space_stats(r.s, &st);
		cr_assert(st.remote_frees == 128 || st.remote_frees == 0); /* 0: no CPU owns words */
		cr_assert_eq(st.live_ranges, 0);
	} else {
		cr_assert_eq(iova_space_free_bulk(r.s, G, iova, 128), 0);
	}
	rig_done(&r);
}

/* The n-th allocation of metadata fails: what was handed out is there, no more. */
Test(bulk, without_memory)
{
	for (unsigned i = 0; i < SIZES; i++) {
		bool failed = true;

		for (unsigned nth = 1; failed; nth++) {
			uint64_t iova[NR];
			struct rig r;
			int got;

			rig_make(&r, 1, 1ull << 30);
			r.mem.fail_at = r.mem.calls + nth;
			got = iova_space_alloc_bulk(r.s, sizes[i] * G, NO_MAX, iova, NR);
			failed = r.mem.failed;
			cr_assert(got == -ENOMEM || (got > 0 && got <= NR));
			cr_assert(failed || got == NR);
			cr_assert_eq(live(&r), got > 0 ? (uint64_t)got : 0);
			cr_assert_eq(iova_space_free_bulk(r.s, sizes[i] * G, iova,
							  got > 0 ? (unsigned)got : 0), 0);
			rig_done(&r);
		}
	}
}

/* Of all sizes, from both CPUs; the bits that are the caller's are not looked at. */
Test(bulk, packed)
{
	static const uint64_t granules[] = { 1, 2, 3, 8, 16, 31, 32, 33, 48, 512, 513, 1023 };
	enum { KINDS = sizeof(granules) / sizeof(granules[0]) };
	uint64_t range[KINDS * 4], bad[4];
	struct iova_space_stats stats;
	struct rig r;

	rig_make(&r, 16, (1 << 20) - 16);
	for (unsigned i = 0; i < KINDS * 4; i++)
		range[i] = rig_alloc(&r, granules[i % KINDS]) | granules[i % KINDS] << IOVA_PACKED_SHIFT |
			   i % 4;
	cr_assert_eq(iova_space_free_packed(r.s, range, 0), 0);
	cr_assert_eq(iova_space_free_packed(r.s, range, KINDS), 0);
	rig_move(1);
	cr_assert_eq(iova_space_free_packed(r.s, range + KINDS, KINDS), 0);
	/* Twice; with another size; beside; of no size: nothing changes, the others are free. */
	bad[0] = range[0];
	bad[1] = range[KINDS * 2] + (1 << IOVA_PACKED_SHIFT);
	bad[2] = range[KINDS * 2 + 4] + G;
	bad[3] = range[KINDS * 2] & IOVA_PACKED_FIRST;
	cr_assert_eq(iova_space_free_packed(r.s, bad, 4), 4);
	cr_assert_eq(iova_space_free_packed(r.s, range + KINDS * 2, KINDS * 2), 0);
	iova_space_stats(r.s, &stats);
	cr_assert_eq(stats.bad_frees, 4);
	rig_move(0);
	rig_done(&r);
}

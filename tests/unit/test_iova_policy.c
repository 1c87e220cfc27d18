/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* test_iova_policy.c - the lowest place, the highest, and places at random. */
#define _GNU_SOURCE
#include "iova_bulk.h"
#include "iova_int.h"
#include "iova_place.h"
#include "unit/iova_rig.h"

UNIT_RUN_TWICE();

#define AREA 512ull

static void make(struct rig *r, uint64_t first_pfn, uint64_t granules, enum iova_placement how,
		 uint64_t seed)
{
	struct iova_space_config c =
		rig_config(r, first_pfn * G, first_pfn * G + granules * G - 1);

	c.placement = how;
	c.seed[0] = seed;
	cr_assert_eq(iova_space_create(&r->s, &c), 0);
}

static uint64_t ask(struct rig *r, uint64_t n, struct iova_request q)
{
	q.granules = n;
	return iova_space_alloc_request(r->s, &q);
}

Test(policy, bad_configurations)
{
	struct rig r;
	struct iova_space_config c = rig_config(&r, 0, G - 1);

	c.placement = IOVA_PLACE_RANDOM + 1;
	cr_assert_eq(iova_space_create(&r.s, &c), -EINVAL);
	c.placement = IOVA_PLACE_RANDOM;
	cr_assert_eq(iova_space_create(&r.s, &c), 0);
	cr_assert_eq(iova_space_alloc(r.s, G, NO_MAX), 0);
	rig_free(&r, 0, 1);
	rig_done(&r);
}

/* One by one, then into each hole, and large ones where small ones were. */
Test(policy, lowest_first)
{
	struct rig r;

	make(&r, 3, 4096, IOVA_PLACE_BOTTOM_UP, 0);
	for (uint64_t i = 0; i < 2000; i++)
		cr_assert_eq(rig_alloc(&r, 1), (3 + i) * G);
	for (uint64_t i = 1990; i > 10; i -= 7)
		rig_free(&r, (3 + i) * G, 1);
	for (uint64_t i = 16; i < 1991; i += 7) /* 1990 is 2 modulo 7 */
		cr_assert_eq(rig_alloc(&r, 1), (3 + i) * G);
	/* What is joined again serves any size from below; one stays in its middle. */
	for (uint64_t i = 0; i < 2000; i++)
		if (i != 37)
			rig_free(&r, (3 + i) * G, 1);
	cr_assert_eq(rig_alloc(&r, 33), 64 * G);
	cr_assert_eq(rig_alloc(&r, 500), 512 * G);
	cr_assert_eq(rig_alloc(&r, 512), 1024 * G);
	cr_assert_eq(rig_alloc(&r, 2048), 2048 * G);
	cr_assert_eq(rig_alloc(&r, 1), 3 * G);
	rig_free(&r, 3 * G, 1);
	rig_free(&r, 64 * G, 33);
	rig_free(&r, 512 * G, 500);
	rig_free(&r, 1024 * G, 512);
	rig_free(&r, 2048 * G, 2048);
	rig_free(&r, 40 * G, 1);
	cr_assert_eq(rig_alloc(&r, 2048), 2048 * G);
	rig_free(&r, 2048 * G, 2048);
	rig_done(&r);
}

Test(policy, highest_first)
{
	struct rig r;

	make(&r, 1, 4095, IOVA_PLACE_TOP_DOWN, 0);
	for (uint64_t i = 0; i < 2000; i++)
		cr_assert_eq(rig_alloc(&r, 1), (4095 - i) * G);
	for (uint64_t i = 10; i < 2000; i += 7)
		rig_free(&r, (4095 - i) * G, 1);
	for (uint64_t i = 10; i < 2000; i += 7)
		cr_assert_eq(rig_alloc(&r, 1), (4095 - i) * G);
	for (uint64_t i = 0; i < 2000; i++)
		rig_free(&r, (4095 - i) * G, 1);
	cr_assert_eq(rig_alloc(&r, 2048), 2048 * G);
	cr_assert_eq(rig_alloc(&r, 33), (2048 - 64) * G);
	cr_assert_eq(rig_alloc(&r, 17), (2048 - 96) * G);
	rig_free(&r, 2048 * G, 2048);
	rig_free(&r, (2048 - 64) * G, 33);
	rig_free(&r, (2048 - 96) * G, 17);
	rig_done(&r);
}

/* With every other wish that says where. */
Test(policy, wishes_in_order)
{
	static const struct iova_range out[] = { { 0, 100 * G - 1 },
						 { 200 * G, 900 * G - 1 },
						 { 950 * G, UINT64_MAX } };
	const struct iova_request windows = { .exclude = out, .nr_exclude = 3 };

	for (unsigned down = 0; down < 2; down++) {
		struct rig r;

		make(&r, 1, 1023, down ? IOVA_PLACE_TOP_DOWN : IOVA_PLACE_BOTTOM_UP, 0);
#define WISH(n, low, high, ...)                                                            \
	do {                                                                               \
		uint64_t got = ask(&r, n, (struct iova_request){ __VA_ARGS__ });           \
		cr_assert_eq(got, (down ? (high) : (low)) * G, "%llu",                     \
			     (unsigned long long)(got / G));                               \
		rig_free(&r, got, n);                                                      \
	} while (0)
		WISH(1, 1, 1023, .align = 0);
		WISH(3, 4, 1020, .align = 0);
		WISH(1, 300, 400, .min = 300 * G, .max = 401 * G - 1);
		WISH(8, 304, 392, .min = 300 * G, .max = 401 * G - 1);
		WISH(1, 64, 960, .align = 64 * G);
		WISH(2, 6, 966, .align = 64 * G, .offset = 6 * G); /* in its natural place */
		WISH(2, 71, 967, .align = 64 * G, .offset = 7 * G);  /* cut out of a block, not from 0 on */
		WISH(16, 16, 1008, .boundary = 16 * G);
		WISH(5, 11, 971, .align = 64 * G, .offset = 11 * G, .boundary = 64 * G);
		WISH(40, 128, 128, .exclude = out, .nr_exclude = 3);
		WISH(4, 100, 944, .exclude = out, .nr_exclude = 3);
		WISH(1, 100, 949, .exclude = out, .nr_exclude = 3);
		WISH(1, 150, 949, .min = 150 * G, .exclude = out, .nr_exclude = 3);
		WISH(1, 100, 199, .max = 500 * G, .exclude = out, .nr_exclude = 3);
		cr_assert_eq(ask(&r, 128, windows), (uint64_t)-ENOSPC);
		/* A fixed range and a reservation are passed over. */
		cr_assert_eq(iova_space_alloc_fixed(r.s, (down ? 1000 : 1) * G, 24 * G, NULL), 0);
		cr_assert_eq(iova_space_reserve(r.s, (down ? 990 : 25) * G,
						(down ? 1000 : 35) * G - 1, NULL), 0);
		WISH(1, 35, 989, .align = 0);
		cr_assert_eq(iova_space_unreserve(r.s, (down ? 990 : 25) * G,
						  (down ? 1000 : 35) * G - 1), 0);
		WISH(1, 25, 999, .align = 0);
		rig_free(&r, (down ? 1000 : 1) * G, 24);
		WISH(512, 512, 512, .align = 0);
		rig_done(&r);
	}
}

/* Batches and pieces go by the same order; what other CPUs free is no exception. */
Test(policy, many_in_order)
{
	struct iova_request q = { .granules = 300 };
	struct iova_range seg[3];
	uint64_t iova[64];
	struct rig r;

	make(&r, 0, 1024, IOVA_PLACE_BOTTOM_UP, 0);
	cr_assert_eq(iova_space_alloc_bulk(r.s, G, NO_MAX, iova, 64), 64);
	for (unsigned i = 0; i < 64; i++)
		cr_assert_eq(iova[i], i * G);
	rig_move(1);
	cr_assert_eq(iova_space_free_bulk(r.s, G, iova, 32), 0);
	rig_move(0);
	cr_assert_eq(rig_alloc(&r, 32), 0);
	cr_assert_eq(iova_space_alloc_segments(r.s, &q, 100 * G, seg, 3), 3);
	for (unsigned i = 0; i < 3; i++)
		cr_assert_eq(seg[i].first, (i + 1) * 128 * G);
	rig_move(1);
	for (unsigned i = 0; i < 3; i++)
		cr_assert_eq(iova_space_free_range(r.s, seg[i].first, seg[i].last), 0);
	cr_assert_eq(iova_space_free_bulk(r.s, G, iova + 32, 32), 0);
	rig_move(0);
	cr_assert_eq(rig_alloc(&r, 64), 64 * G);
	rig_free(&r, 64 * G, 64);
	rig_free(&r, 0, 32);
	cr_assert_eq(rig_alloc(&r, 1024), 0);
	rig_free(&r, 0, 1024);
	rig_done(&r);
}

/* A space that grows: the highest place moves up with its end. */
Test(policy, growing)
{
	struct rig r;
	struct iova_space_config c = rig_config(&r, G, 100 * G - 1);

	c.placement = IOVA_PLACE_TOP_DOWN;
	c.grow_last = 1000 * G - 1;
	cr_assert_eq(iova_space_create(&r.s, &c), 0);
	cr_assert_eq(rig_alloc(&r, 1), 99 * G);
	cr_assert_eq(iova_space_grow(r.s, 1000 * G - 1), 0);
	cr_assert_eq(rig_alloc(&r, 1), 999 * G);
	rig_free(&r, 99 * G, 1);
	rig_free(&r, 999 * G, 1);
	cr_assert_eq(rig_alloc(&r, 256), 512 * G);
	rig_free(&r, 512 * G, 256);
	rig_done(&r);
}

/* No memory to split with: refused, and the order is as it was. */
Test(policy, without_memory)
{
	for (unsigned nth = 1, failed = 1; failed; nth++) {
		struct rig r;
		uint64_t got;

		make(&r, 0, 1ull << 30, IOVA_PLACE_BOTTOM_UP, 0);
		r.mem.fail_at = r.mem.calls + nth;
		got = iova_space_alloc(r.s, G, NO_MAX);
		failed = r.mem.failed != 0;
		cr_assert_eq(got, failed ? (uint64_t)-ENOMEM : 0);
		if (failed) {
			r.mem.fail_at = 0;
			cr_assert_eq(rig_alloc(&r, 1 << 20), 0);
			rig_free(&r, 0, 1 << 20);
		} else {
			rig_free(&r, 0, 1);
		}
		rig_done(&r);
	}
}

/* The value that the authors' reference code has for this input. */
Test(policy, siphash)
{
	const uint64_t key[2] = { 0x0706050403020100, 0x0f0e0d0c0b0a0908 };

	cr_assert_eq(iova_sip(key, 0x0706050403020100), 0x93f5f5799a932462);
}

/* Same seed, same addresses; another, others. */
Test(policy, seeds)
{
	uint64_t seen[3][50];

	for (unsigned run = 0; run < 3; run++) {
		struct rig r;

		rig_move(0);
		make(&r, 0, 1ull << 36, IOVA_PLACE_RANDOM, run / 2);
		for (unsigned i = 0; i < 50; i++)
			seen[run][i] = rig_alloc(&r, i % 5 * 200 + 1);
		for (unsigned i = 0; i < 50; i++)
			rig_free(&r, seen[run][i], i % 5 * 200 + 1);
		rig_done(&r);
	}
	for (unsigned i = 0; i < 50; i++)
		cr_assert_eq(seen[0][i], seen[1][i]);
	for (unsigned i = 0; i < 50; i += 5)
		cr_assert_neq(seen[0][i] / G / AREA, seen[2][i] / G / AREA);
}

/*
 * The area of a space's first range is any of them: 4096 draws from 2048 areas (below
 * 4 GiB) or places of 1024 granules leave about 2048 * (1 - 1/e^2) = 1771 and 875 of 1024
 * seen; each sixteenth of the space has 256 give or take 5 times 15.5.
 */
Test(policy, entropy)
{
	static const uint64_t sizes[] = { 1, 512, 1024 };

	for (unsigned k = 0; k < 3; k++) {
		uint64_t unit = sizes[k] > AREA ? sizes[k] : AREA, nr = (1ull << 20) / unit;
		static unsigned seen[2048];
		unsigned sixteenth[16] = { 0 }, different = 0;

		memset(seen, 0, sizeof(seen));
		for (uint64_t seed = 0; seed < 4096; seed++) {
			struct rig r;
			uint64_t pfn, n = sizes[k];

			make(&r, 0, 1ull << 30, IOVA_PLACE_RANDOM, seed * 0x9e3779b97f4a7c15);
			pfn = iova_space_alloc(r.s, n * G, (1ull << 32) - 1) / G;
			cr_assert_lt(pfn, 1 << 20);
			cr_assert_eq(pfn % unit, 0);
			different += !seen[pfn / unit]++;
			sixteenth[pfn >> 16]++;
			rig_free(&r, pfn * G, n);
			rig_done(&r);
		}
		cr_assert(different > nr * 84 / 100 && different < nr, "%u of %llu", different,
			  (unsigned long long)nr);
		for (unsigned i = 0; i < 16; i++)
			cr_assert(sixteenth[i] > 256 - 78 && sixteenth[i] < 256 + 78, "%u: %u", i,
				  sixteenth[i]);
	}
}

/* An area that was drawn is filled before the next, and what is freed comes again at once. */
Test(policy, areas_are_filled)
{
	uint64_t got[AREA];
	struct rig r;

	rig_move(0);
	make(&r, 0, 1ull << 30, IOVA_PLACE_RANDOM, 5);
	for (unsigned i = 0; i < AREA; i++)
		got[i] = rig_alloc(&r, 1);
	for (unsigned i = 0; i < AREA; i++)
		cr_assert_eq(got[i] / G / AREA, got[0] / G / AREA);
	cr_assert_neq(rig_alloc(&r, 1) / G / AREA, got[0] / G / AREA);
	rig_free(&r, got[7], 1);
	cr_assert_eq(rig_alloc(&r, 1), got[7]);
	cr_assert_eq(iova_space_destroy(r.s), AREA + 1);
}

/* Areas far apart cost what the header says, and no drawn area is left unused. */
Test(policy, metadata_of_areas)
{
	struct iova_space_stats before, after;
	struct rig r;

	rig_move(0);
	make(&r, 0, 1ull << 36, IOVA_PLACE_RANDOM, 3);
	iova_space_stats(r.s, &before);
	for (unsigned i = 0; i < 100 * AREA; i++)
		rig_alloc(&r, 1);
	iova_space_stats(r.s, &after);
	cr_assert_lt(after.metadata_bytes - before.metadata_bytes, 100 * 13 * 1024);
	cr_assert_eq(iova_space_destroy(r.s), 100 * AREA);
}

/* Draws that find nothing are no reason for -ENOSPC: every granule is found. */
Test(policy, all_of_a_random_space)
{
	static const uint64_t sizes[] = { 1, 16, 64, 512, 2048 };

	for (unsigned k = 0; k < 5; k++) {
		uint64_t n = sizes[k];
		struct rig r;

		make(&r, 0, 16384, IOVA_PLACE_RANDOM, k);
		for (uint64_t i = 0; i < 16384 / n; i++)
			cr_assert(!iova_is_err(iova_space_alloc(r.s, n * G, NO_MAX)), "%llu",
				  (unsigned long long)i);
		cr_assert_eq(iova_space_alloc(r.s, G, NO_MAX), (uint64_t)-ENOSPC);
		cr_assert_eq(iova_space_destroy(r.s), 16384 / n);
	}
}

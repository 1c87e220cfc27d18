/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* test_iova_fast.c - alloc, free, check: every answer that iova.h promises. */
#define _GNU_SOURCE
#include "iova_bulk.h"
#include "unit/iova_rig.h"
#include "plat.h"

UNIT_RUN_TWICE();

/* A call that must be refused with @err and change nothing. */
#define REFUSED(r, call, err)                                              \
	do {                                                               \
		uint64_t before_ = rig_state((r)->s);                      \
		cr_assert_eq((int64_t)(call), (int64_t)(err), #call);      \
		cr_assert_eq(rig_state((r)->s), before_, #call);           \
	} while (0)

Test(alloc, bad_input)
{
	struct rig r;

	rig_make(&r, 16, 2048 - 16);
	rig_alloc(&r, 3);
	REFUSED(&r, iova_space_alloc(r.s, 0, NO_MAX), -EINVAL);
	REFUSED(&r, iova_space_alloc(r.s, 0, 0), -EINVAL);
	/* Limits that no granule lies below. */
	REFUSED(&r, iova_space_alloc(r.s, 1, 0), -ENOSPC);
	REFUSED(&r, iova_space_alloc(r.s, 1, G - 2), -ENOSPC);
	REFUSED(&r, iova_space_alloc(r.s, 1, G - 1), -ENOSPC);
	REFUSED(&r, iova_space_alloc(r.s, 1, 16 * G - 1), -ENOSPC);
	REFUSED(&r, iova_space_alloc(r.s, 1, 17 * G - 2), -ENOSPC);
	REFUSED(&r, iova_space_alloc(r.s, 33 * G, 17 * G), -ENOSPC);
	REFUSED(&r, iova_space_alloc(r.s, 600 * G, 17 * G), -ENOSPC);
	/* Sizes beyond the space, up to those that overflow when rounded. */
	REFUSED(&r, iova_space_alloc(r.s, 2048 * G, NO_MAX), -ENOSPC);
	REFUSED(&r, iova_space_alloc(r.s, 1ull << 62, NO_MAX), -ENOSPC);
	REFUSED(&r, iova_space_alloc(r.s, 1ull << 63, NO_MAX), -ENOSPC);
	REFUSED(&r, iova_space_alloc(r.s, (1ull << 63) + 1, NO_MAX), -ENOSPC);
	for (uint64_t below = 0; below < 2 * G; below += 511)
		REFUSED(&r, iova_space_alloc(r.s, UINT64_MAX - below, NO_MAX), -ENOSPC);
	cr_assert_eq(iova_space_destroy(r.s), 1);
	cr_assert(count_mem_clean(&r.mem));
}

Test(alloc, bad_requests)
{
	struct iova_request good = { .size = G }, q;
	struct rig r;

	rig_make(&r, 16, 2048 - 16);
	REFUSED(&r, iova_space_alloc_request(r.s, NULL), -EINVAL);
#define BAD(err, ...)                                                      \
	do {                                                               \
		q = good;                                                  \
		q = (struct iova_request){ .size = q.size, __VA_ARGS__ };  \
		REFUSED(&r, iova_space_alloc_request(r.s, &q), err);       \
	} while (0)
	q = (struct iova_request){ 0 };
	REFUSED(&r, iova_space_alloc_request(r.s, &q), -EINVAL);
	BAD(-EINVAL, .align = 3);
	BAD(-EINVAL, .align = G + 1);
	BAD(-EINVAL, .align = 3 * G);
	BAD(-EINVAL, .align = UINT64_MAX);
	BAD(-EINVAL, .min = 100 * G, .max = 100 * G - 1);
	BAD(-EINVAL, .min = UINT64_MAX, .max = 1);
	BAD(-ENOSPC, .min = 2048 * G);
	BAD(-ENOSPC, .min = 2047 * G + 1);
	BAD(-ENOSPC, .min = UINT64_MAX);
	BAD(-ENOSPC, .max = G - 2);
	BAD(-ENOSPC, .max = G - 1);
	BAD(-ENOSPC, .max = 16 * G - 1);
	BAD(-ENOSPC, .min = 20 * G, .max = 21 * G - 2);
	BAD(-ENOSPC, .min = 20 * G + 1, .max = 21 * G - 1);
	BAD(-ENOSPC, .align = 1ull << 63);
	BAD(-ENOSPC, .align = 2048 * G);
	BAD(-ENOSPC, .align = 64 * G, .min = 65 * G, .max = 128 * G - 1);
	good.size = UINT64_MAX;
	BAD(-ENOSPC, .min = 0);
	BAD(-ENOSPC, .min = 20 * G, .align = 1ull << 63);
	rig_done(&r);
}

/* Aligned by its size, inside the space, and what follows is not handed out if rounded away. */
Test(alloc, placement_of_every_size)
{
	struct iova_range hit;
	struct rig r;

	rig_make(&r, 1, (1 << 16) - 1);
	for (uint64_t n = 1; n <= 9000; n += n < 600 ? 1 : 97) {
		uint64_t pad = rule_padding(n), iova = rig_alloc(&r, n);

		cr_assert_eq(iova & (rule_align(n) * G - 1), 0, "%llu", (unsigned long long)n);
		cr_assert(iova >= G && iova + n * G <= (1ull << 16) * G);
		for (uint64_t i = 0; i < pad; i += pad > 8 ? pad - 1 : 1) {
			uint64_t at = iova + (n + i) * G;

			cr_assert_eq(iova_space_alloc_fixed(r.s, at, G, &hit), -EEXIST);
			cr_assert(hit.first == at && hit.last == at + G - 1);
		}
		if (!pad && iova + n * G < (1ull << 16) * G) {
			cr_assert_eq(iova_space_alloc_fixed(r.s, iova + n * G, G, NULL), 0);
			rig_free(&r, iova + n * G, 1);
		}
		rig_free(&r, iova, n);
	}
	rig_done(&r);
}

Test(alloc, bytes_round_up)
{
	struct rig r;

	rig_make(&r, 0, 4096);
	for (uint64_t n = 1; n <= 1200; n += 13) {
		static const uint64_t less[] = { 0, 1, 17, G - 1 };

		for (unsigned a = 0; a < 4; a++)
			for (unsigned b = 0; b < 4; b++) {
				uint64_t iova = iova_space_alloc(r.s, n * G - less[a], NO_MAX);

				cr_assert(!iova_is_err(iova));
				cr_assert_eq(iova_space_check(r.s, iova, n * G - less[b]), 0);
				cr_assert_eq(iova_space_free(r.s, iova, n * G - less[b]), 0);
			}
	}
	rig_done(&r);
}

Test(alloc, limits_are_kept)
{
	static const uint64_t sizes[] = { 1, 2, 7, 32, 33, 100, 512, 513, 3000 };
	struct rig r;

	rig_make(&r, 0, 1 << 20);
	for (unsigned i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		uint64_t n = sizes[i], align = rule_align(n);

		for (uint64_t end = align; end < 1 << 14; end = end * 2 + 1) {
			/* The last byte may be @max, and not one less. */
			uint64_t max = (end / align * align + n) * G - 1;
			struct iova_request q = { .size = n * G, .min = end / align * align * G,
						  .max = max };

			cr_assert_eq(iova_space_alloc_request(r.s, &q), q.min);
			cr_assert_eq(iova_space_alloc_request(r.s, &q), (uint64_t)-ENOSPC);
			rig_free(&r, q.min, n);
			q.max--;
			cr_assert_eq(iova_space_alloc_request(r.s, &q), (uint64_t)-ENOSPC);
			q.max++;
			q.min++;
			cr_assert_eq(iova_space_alloc_request(r.s, &q), (uint64_t)-ENOSPC);
		}
		/* A mask like a device's: the first range that fits below it, and no other. */
		cr_assert_eq(iova_space_alloc(r.s, n * G, n * G - 1), 0);
		cr_assert_eq(iova_space_alloc(r.s, n * G, n * G - 1), (uint64_t)-ENOSPC);
		rig_free(&r, 0, n);
		cr_assert_eq(iova_space_alloc(r.s, n * G, n * G - 2), (uint64_t)-ENOSPC);
	}
	rig_done(&r);
}

Test(alloc, alignments)
{
	struct rig r;

	rig_make(&r, 1, (1 << 22) - 1);
	for (uint64_t n = 1; n <= 1000; n += 111)
		for (unsigned lg2 = 0; lg2 < 34; lg2++) {
			struct iova_request q = { .size = n * G, .align = 1ull << lg2 };
			uint64_t iova = iova_space_alloc_request(r.s, &q);

			cr_assert(!iova_is_err(iova));
			cr_assert_eq(iova & (q.align - 1), 0);
			cr_assert_eq(iova & (rule_align(n) * G - 1), 0);
			rig_free(&r, iova, n);
		}
	rig_done(&r);
}

/* All that is not a free of exactly [iova, iova + n), by one who runs on this CPU or another. */
static void bad_frees(struct rig *r, uint64_t iova, uint64_t n)
{
	struct iova_space_stats before, after;
	struct iova_checked c;
	uint64_t refused = 0;
	unsigned home;

#define BADFREE(at, bytes, err)                                               \
	do {                                                                  \
		REFUSED(r, iova_space_check(r->s, (at), (bytes)), err);       \
		REFUSED(r, iova_space_free(r->s, (at), (bytes)), err);        \
		REFUSED(r, iova_space_check_home(r->s, (at), (bytes), &home), err); \
		REFUSED(r, iova_space_check_free(r->s, (at), (bytes), &c), err); \
		REFUSED(r, iova_space_free_checked(r->s, (at), (bytes), &c), err); \
		refused += 2;                                                 \
	} while (0)
	iova_space_stats(r->s, &before);
	BADFREE(iova, 0, -EINVAL);
	BADFREE(iova, (n + 1) * G, -EINVAL);
	BADFREE(iova, n * G + 1, -EINVAL);
	BADFREE(iova, 2 * n * G + G, -EINVAL);
	BADFREE(iova, UINT64_MAX, -EINVAL);
	BADFREE(iova, UINT64_MAX - iova, -EINVAL);
	BADFREE(iova, UINT64_MAX - G, -EINVAL);
	BADFREE(iova + 1, n * G, -EINVAL);
	BADFREE(iova + G / 2, n * G, -EINVAL);
	if (n > 1) {
		BADFREE(iova, (n - 1) * G, -EINVAL);
		BADFREE(iova, G, -EINVAL);
		BADFREE(iova + G, (n - 1) * G, -EINVAL);
		BADFREE(iova + (n - 1) * G, G, -EINVAL);
		BADFREE(iova + n / 2 * G, G, -EINVAL);
		BADFREE(iova + n / 2 * G, (n - n / 2) * G, -EINVAL);
	}
	iova_space_stats(r->s, &after);
	cr_assert_eq(after.bad_frees - before.bad_frees, refused);
	cr_assert_eq(iova_space_check(r->s, iova, n * G), 0);
}

static const uint64_t sizes[] = { 1,   2,   3,	 8,   16,   31,	  32,	33,   48,
				  100, 511, 512, 513, 1000, 8192, 8193, 65536 };
#define NR_SIZES (sizeof(sizes) / sizeof(sizes[0]))

Test(free, what_is_refused)
{
	for (unsigned i = 0; i < NR_SIZES; i++)
		for (unsigned fixed = 0; fixed < 3; fixed++) {
			uint64_t n = sizes[i], iova = (fixed == 2 ? 65535 : 65536) * G;
			struct rig r;

			rig_make(&r, 16, (1 << 20) - 16);
			if (fixed)
				cr_assert_eq(iova_space_alloc_fixed(r.s, iova, n * G, NULL), 0);
			else
				iova = rig_alloc(&r, n);
			bad_frees(&r, iova, n);
			rig_move(1);
			bad_frees(&r, iova, n);
			rig_free(&r, iova, n);
			/* Twice, from both CPUs. */
			REFUSED(&r, iova_space_free(r.s, iova, n * G), -ENOENT);
			rig_move(0);
			REFUSED(&r, iova_space_free(r.s, iova, n * G), -ENOENT);
			REFUSED(&r, iova_space_check(r.s, iova, n * G), -ENOENT);
			rig_done(&r);
		}
}

/* A range that ends where its word does is freed with no more than that. */
Test(free, beyond_its_word)
{
	for (unsigned high = 0; high < 2; high++)
		for (uint64_t n = 1; n <= 16; n *= 2) {
			uint64_t iova[128], last = 0;
			struct rig r;

			rig_make(&r, high ? 1ull << 28 : 32, 1 << 16);
			for (unsigned i = 0; i < 128 / n; i++) {
				iova[i] = rig_alloc(&r, n);
				if (iova[i] / G % 32 + n == 32)
					last = iova[i];
			}
			cr_assert(last);
			for (uint64_t more = n + 1; more <= 33; more++) {
				REFUSED(&r, iova_space_check(r.s, last, more * G), -EINVAL);
				REFUSED(&r, iova_space_free(r.s, last, more * G), -EINVAL);
				last |= more << IOVA_PACKED_SHIFT;
				cr_assert_eq(iova_space_free_packed(r.s, &last, 1), 1);
				last &= IOVA_PACKED_FIRST;
				cr_assert_eq(iova_space_check(r.s, last, n * G), 0);
			}
			for (unsigned i = 0; i < 128 / n; i++)
				rig_free(&r, iova[i], n);
			rig_done(&r);
		}
}

/* Where there was a range with something rounded away, the next has its own exact size. */
static void successors(struct rig *r, uint64_t scale)
{
	static const uint64_t wanted[] = { 64, 50, 64, 49, 63, 64 };
	uint64_t beside = rig_alloc(r, 64 * scale), first = 0;

	for (unsigned i = 0; i < 6; i++) {
		uint64_t n = wanted[i] * scale, iova = rig_alloc(r, n);

		if (!i)
			first = iova;
		cr_assert_eq(iova, first);
		for (unsigned k = 0; k < 6; k++)
			if (wanted[k] != wanted[i])
				REFUSED(r, iova_space_free(r->s, iova, wanted[k] * scale * G),
					-EINVAL);
		rig_free(r, iova, n);
		REFUSED(r, iova_space_free(r->s, iova, n * G), -ENOENT);
	}
	rig_free(r, beside, 64 * scale);
}

/* Below 1 TiB and above, where other paths are taken, and where nodes can go. */
Test(free, exact_size_of_successors)
{
	for (unsigned i = 0; i < 4; i++) {
		uint64_t first_pfn = i & 1 ? 1ull << 28 : 1u << 20;
		struct iova_space_config c;
		struct rig r;

		c = rig_config(&r, first_pfn * G, (first_pfn + (1u << 20)) * G - 1);
		c.flags |= i & 2 ? IOVA_SPACE_TRIM : 0;
		cr_assert_eq(iova_space_create(&r.s, &c), 0);
		rig_move(0);
		for (uint64_t scale = 1; scale <= 8; scale *= 2)
			successors(&r, scale);
		rig_done(&r);
	}
}

/* Where a free costs nothing extra: on the CPU that allocated, whoever asks. */
Test(free, home)
{
	for (unsigned i = 0; i < NR_SIZES; i++) {
		uint64_t n = sizes[i], iova;
		unsigned mine, theirs;
		struct rig r;

		rig_make(&r, 16, (1 << 20) - 16);
		rig_move(0);
		iova = rig_alloc(&r, n);
		cr_assert_eq(iova_space_check_home(r.s, iova, n * G, &mine), 0);
		rig_move(1);
		cr_assert_eq(iova_space_check_home(r.s, iova, n * G, &theirs), 0);
		cr_assert_eq(mine, theirs);
		rig_move(0);
		cr_assert_eq(mine, plat_percpu_ok() && n <= 32 ? plat_cpu() : IOVA_CPU_ANY);
		rig_free(&r, iova, n);
		rig_done(&r);
	}
}

/* What lies ready is what was freed here last, if it is within the limit; else nothing does. */
Test(free, ready)
{
	for (unsigned i = 0; i < NR_SIZES; i++) {
		uint64_t n = sizes[i], iova;
		struct rig r;

		rig_make(&r, 16, (1 << 20) - 16);
		cr_assert(iova_is_err(iova_space_alloc_ready(r.s, n * G, UINT64_MAX)));
		cr_assert(!iova_space_in_use(r.s));
		iova = rig_alloc(&r, n);
		rig_free(&r, iova, n);
		cr_assert(iova_is_err(iova_space_alloc_ready(r.s, n * G, 16 * G)));
		iova = rig_alloc(&r, n);
		rig_free(&r, iova, n);
		if (!plat_percpu_ok() || n > 512) /* nothing lies ready there, ever */
			cr_assert(iova_is_err(iova_space_alloc_ready(r.s, n * G, UINT64_MAX)));
		else
			cr_assert_eq(iova_space_alloc_ready(r.s, n * G, iova + n * G - 1), iova);
		cr_assert(iova_is_err(iova_space_alloc_ready(r.s, 0, UINT64_MAX)));
		if (iova_space_in_use(r.s))
			rig_free(&r, iova, n);
		rig_done(&r);
	}
}

/* A check, and the free that goes with it: on this CPU, on another, too late. */
Test(free, checked)
{
	for (unsigned i = 0; i < NR_SIZES; i++)
		for (unsigned high = 0; high < 2; high++) {
			uint64_t n = sizes[i], iova, again;
			struct iova_checked c, other;
			struct rig r;

			rig_make(&r, high ? 1ull << 20 : 16, (1 << 20) - 16);
			iova = rig_alloc(&r, n);
			cr_assert_eq(iova_space_check_free(r.s, iova, n * G, &c), 0);
			cr_assert_eq(iova_space_check(r.s, iova, n * G), 0);
			cr_assert_eq(iova_space_free_checked(r.s, iova, n * G, &c), 0);
			cr_assert(!iova_space_in_use(r.s));
			REFUSED(&r, iova_space_free_checked(r.s, iova, n * G, &c), -ENOENT);
			/* The same range again is a new owner's: the old check does for it. */
			again = rig_alloc(&r, n);
			if (again == iova)
				cr_assert_eq(iova_space_free_checked(r.s, iova, n * G, &c), 0);
			else
				rig_free(&r, again, n);
			/* Another range in its place is not what was checked. */
			cr_assert_eq(iova_space_alloc_fixed(r.s, iova, (n + 1) * G, NULL), 0);
			REFUSED(&r, iova_space_free_checked(r.s, iova, n * G, &c), -EINVAL);
			cr_assert_eq(iova_space_check_free(r.s, iova, (n + 1) * G, &other), 0);
			rig_move(1);
			cr_assert_eq(iova_space_free_checked(r.s, iova, (n + 1) * G, &other), 0);
			rig_move(0);
			iova = rig_alloc(&r, n);
			cr_assert_eq(iova_space_check_free(r.s, iova, n * G, &c), 0);
			rig_move(1);
			cr_assert_eq(iova_space_free_checked(r.s, iova, n * G, &c), 0);
			REFUSED(&r, iova_space_free_checked(r.s, iova, n * G, &c), -ENOENT);
			rig_move(0);
			rig_done(&r);
		}
}

Test(free, foreign_addresses)
{
	static const uint64_t outside[] = { 0,		G,	    15 * G,	2048 * G,
					    2049 * G,	4096 * G,   1ull << 32, 1ull << 44,
					    1ull << 47, 1ull << 63, -4096ull,	-G * 512 };
	struct rig r;

	rig_make(&r, 16, 2048 - 16);
	rig_alloc(&r, 1);
	for (unsigned i = 0; i < sizeof(outside) / sizeof(outside[0]); i++)
		for (unsigned k = 0; k < NR_SIZES; k++) {
			REFUSED(&r, iova_space_free(r.s, outside[i], sizes[k] * G), -EINVAL);
			REFUSED(&r, iova_space_check(r.s, outside[i], sizes[k] * G), -EINVAL);
		}
	/* Inside, never allocated; over the end. */
	REFUSED(&r, iova_space_free(r.s, 1024 * G, G), -ENOENT);
	REFUSED(&r, iova_space_free(r.s, 1024 * G, 512 * G), -ENOENT);
	REFUSED(&r, iova_space_free(r.s, 2047 * G, G), -ENOENT);
	REFUSED(&r, iova_space_free(r.s, 2047 * G, 2 * G), -EINVAL);
	REFUSED(&r, iova_space_free(r.s, 16 * G, 2048 * G), -EINVAL);
	cr_assert_eq(iova_space_destroy(r.s), 1);
	cr_assert(count_mem_clean(&r.mem));
}

/* Neighbours: a free that spans two ranges, or ends in the next one. */
Test(free, neighbours)
{
	for (uint64_t n = 1; n <= 64; n++) {
		struct rig r;
		uint64_t a = 1024 * G, b = a + n * G;

		rig_make(&r, 16, 2048 - 16);
		cr_assert_eq(iova_space_alloc_fixed(r.s, a, n * G, NULL), 0);
		cr_assert_eq(iova_space_alloc_fixed(r.s, b, n * G, NULL), 0);
		REFUSED(&r, iova_space_free(r.s, a, 2 * n * G), -EINVAL);
		REFUSED(&r, iova_space_free(r.s, a, (n + 1) * G), -EINVAL);
		REFUSED(&r, iova_space_free(r.s, b - G, 2 * G), -EINVAL);
		rig_free(&r, b, n);
		REFUSED(&r, iova_space_free(r.s, b, n * G), -ENOENT);
		REFUSED(&r, iova_space_free(r.s, a, 2 * n * G), -EINVAL);
		rig_free(&r, a, n);
		rig_done(&r);
	}
}

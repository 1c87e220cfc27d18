/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* test_pgtbl_gather.c - ranges of a gather: joined, never lost, never more than needed. */
#include "pgtbl_priv.h"

#include "unit/unit.h"

#define K4 4096ull
#define G1 (1ull << 30)

static struct pgtbl_gather g;

static bool covers(uint64_t first, uint64_t last)
{
	for (unsigned i = 0; i < g.nr_ranges; i++)
		if (g.range[i].first <= first && g.range[i].last >= last)
			return true;
	return false;
}

static uint64_t bytes(void)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < g.nr_ranges; i++)
		sum += g.range[i].last - g.range[i].first + 1;
	return sum;
}

Test(pgtbl_gather, starts_empty)
{
	memset(&g, 0xff, sizeof(g));
	pgtbl_gather_init(&g);
	cr_expect(pgtbl_gather_empty(&g));
	cr_expect_not(g.tables);
	cr_expect_eq(g.free_pages, 0);
}

Test(pgtbl_gather, neighbours_become_one)
{
	pgtbl_gather_init(&g);
	for (uint64_t i = 0; i < 100; i++)
		pgtbl_gather_add(&g, i * K4, i * K4 + K4 - 1);
	cr_expect_eq(g.nr_ranges, 1);
	cr_expect_eq(bytes(), 100 * K4);
	pgtbl_gather_init(&g);
	for (uint64_t i = 100; i-- > 0;)
		pgtbl_gather_add(&g, i * K4, i * K4 + K4 - 1);
	cr_expect_eq(g.nr_ranges, 1);
	cr_expect_eq(bytes(), 100 * K4);
}

Test(pgtbl_gather, the_nearest_are_joined)
{
	pgtbl_gather_init(&g);
	for (uint64_t i = 0; i < PGTBL_GATHER_RANGES; i++)
		pgtbl_gather_add(&g, i * G1, i * G1 + K4 - 1);
	cr_expect_eq(g.nr_ranges, PGTBL_GATHER_RANGES);
	cr_expect_eq(bytes(), PGTBL_GATHER_RANGES * K4);
	/* One page of hole behind the third range: they become three pages. */
	pgtbl_gather_add(&g, 2 * G1 + 2 * K4, 2 * G1 + 3 * K4 - 1);
	cr_expect_eq(g.nr_ranges, PGTBL_GATHER_RANGES);
	cr_expect_eq(bytes(), (PGTBL_GATHER_RANGES + 2) * K4);
	cr_expect(covers(2 * G1, 2 * G1 + 3 * K4 - 1));
}

Test(pgtbl_gather, nothing_is_lost)
{
	uint64_t seed = 1, first[200];

	pgtbl_gather_init(&g);
	for (unsigned i = 0; i < 200; i++) {
		seed = seed * 6364136223846793005ull + 1442695040888963407ull;
		first[i] = (seed >> 20) & ~(K4 - 1);
		pgtbl_gather_add(&g, first[i], first[i] + K4 - 1);
		cr_assert_leq(g.nr_ranges, PGTBL_GATHER_RANGES);
		for (unsigned k = 0; k <= i; k++)
			cr_assert(covers(first[k], first[k] + K4 - 1));
	}
}

Test(pgtbl_gather, merge)
{
	struct pgtbl_gather src;
	static uint64_t page[3][512];

	pgtbl_gather_init(&g);
	pgtbl_gather_init(&src);
	pgtbl_gather_add(&g, 0, K4 - 1);
	pgtbl_gather_page(&g, page[0]);
	pgtbl_gather_add(&src, K4, 2 * K4 - 1);
	pgtbl_gather_add(&src, G1, G1 + K4 - 1);
	pgtbl_gather_page(&src, page[1]);
	pgtbl_gather_page(&src, page[2]);
	pgtbl_gather_merge(&g, &src);
	cr_expect(pgtbl_gather_empty(&src));
	cr_expect(g.tables);
	cr_expect_eq(g.nr_ranges, 2);
	cr_expect_eq(bytes(), 3 * K4);
	cr_expect_eq(g.free_pages, 3);
	unsigned n = 0;
	for (uint64_t *p = g.free_list; p; p = (uint64_t *)(uintptr_t)*p, n++)
		cr_expect(*p || p == g.free_tail);
	cr_expect_eq(n, 3);
	/* Into an empty one. */
	pgtbl_gather_merge(&src, &g);
	cr_expect_eq(src.free_pages, 3);
	cr_expect(src.tables);
	cr_expect_eq(src.free_tail, page[0]);
	cr_expect_eq(src.nr_ranges, 2);
}

/* The next range may begin where a range that ends at the last address "ends + 1". */
Test(pgtbl_gather, the_last_address_does_not_wrap)
{
	pgtbl_gather_init(&g);
	pgtbl_gather_add(&g, ~0ull - K4 + 1, ~0ull);
	pgtbl_gather_add(&g, 0, K4 - 1);
	cr_expect(covers(~0ull - K4 + 1, ~0ull));
	cr_expect(covers(0, K4 - 1));
	cr_expect_eq(g.nr_ranges, 2);
	pgtbl_gather_init(&g);
	pgtbl_gather_add(&g, 0, K4 - 1);
	pgtbl_gather_add(&g, ~0ull - K4 + 1, ~0ull);
	cr_expect(covers(~0ull - K4 + 1, ~0ull));
	cr_expect(covers(0, K4 - 1));
	cr_expect_eq(g.nr_ranges, 2);
}

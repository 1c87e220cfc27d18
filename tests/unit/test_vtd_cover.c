/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* Every range over 192 pages, every limit: nothing is missed, and nothing smaller would do. */
#include "unit.h"
#include "vtd_int.h"
#include "vtd_rig.h"

#define SPAN 192u
#define NONE (~0ull)

/* Pages of the smallest aligned block that holds [first, last], by trying all; NONE: too large. */
static uint64_t best_one(uint64_t first, uint64_t last, unsigned max)
{
	unsigned n;

	for (n = 0; n <= max; n++) {
		if (first >> n == last >> n)
			return 1ull << n;
	}
	return NONE;
}

static uint64_t best_two(uint64_t first, uint64_t last, unsigned max)
{
	uint64_t best = NONE, cut, a, b;

	for (cut = first; cut < last; cut++) {
		a = best_one(first, cut, max);
		b = best_one(cut + 1, last, max);
		if (a != NONE && b != NONE && a + b < best)
			best = a + b;
	}
	return best;
}

static void check(uint64_t first, uint64_t last, unsigned max, uint64_t one, uint64_t two)
{
	struct vtd_block b[2];
	unsigned i, nr = vtd_cover(first, last, max, b);
	uint64_t next = first, pages = 0;

	for (i = 0; i < nr; i++) {
		cr_assert_leq(b[i].lg2_pages, max);
		cr_assert_eq(b[i].first_pfn & ((1ull << b[i].lg2_pages) - 1), 0);
		cr_assert_leq(b[i].first_pfn, next);
		next = b[i].first_pfn + (1ull << b[i].lg2_pages);
		pages += 1ull << b[i].lg2_pages;
	}
	if (one == NONE && two == NONE) {
		cr_assert_eq(nr, 0);
		return;
	}
	cr_assert_gt(next, last, "[%#lx, %#lx] max %u not covered", first, last, max);
	/* Two blocks when they halve it, or when one is not possible. */
	if (two != NONE && (one == NONE || 2 * two <= one)) {
		cr_assert_eq(nr, 2);
		cr_assert_eq(pages, two);
	} else {
		cr_assert_eq(nr, 1);
		cr_assert_eq(pages, one, "[%#lx, %#lx] max %u", first, last, max);
	}
}

Test(vtd_cover, every_range_every_limit)
{
	/* Also across the largest alignment of a 52-bit page number. */
	static const uint64_t bases[] = { 0, (1ull << 51) - SPAN / 2 };
	unsigned i, first, last, max;

	for (i = 0; i < 2; i++) {
		for (first = 0; first < SPAN; first++) {
			for (last = first; last < SPAN; last++) {
				uint64_t f = bases[i] + first, l = bases[i] + last;

				for (max = 0; max < 10; max++)
					check(f, l, max, best_one(f, l, max),
					      first == last ? NONE : best_two(f, l, max));
			}
		}
	}
}

Test(vtd_cover, whole_space)
{
	struct vtd_block b[2];

	cr_assert_eq(vtd_cover(0, (1ull << 52) - 1, 51, b), 2);
	cr_expect_eq(b[0].first_pfn, 0);
	cr_expect_eq(b[1].first_pfn, 1ull << 51);
	cr_assert_eq(vtd_cover(0, (1ull << 52) - 1, 50, b), 0);
	cr_assert_eq(vtd_cover((1ull << 52) - 1, (1ull << 52) - 1, 0, b), 1);
}

/* The same through the hardware's eyes: what is cached before and after. */
Test(vtd_cover, unit_forgets_the_range)
{
	struct vtd_model_config config = { .mamv = 5 };
	struct vtd_inval_cmd cmd = { .kind = VTD_INVAL_RANGE, .leaf_only = true };
	unsigned first, last, i;
	struct rig r;

	rig_up(&r, &config);
	cr_assert_eq(rig_attach(&r, SID), 0);
	cmd.domain = (uint16_t)r.id;
	rig_map(&r, 0x400000, 1ull << 33, 80 * PAGE, PGTBL_READ);
	for (first = 0; first < 80; first += 3) {
		for (last = first; last < 80; last += 5) {
			struct pgtbl_gather gather;

			for (i = 0; i < 80; i++)
				cr_assert_eq(rig_dma(&r, SID, 0x400000 + i * PAGE, READ), 0);
			pgtbl_gather_init(&gather);
			cmd.first = 0x400000 + first * PAGE;
			cmd.last = 0x400000 + last * PAGE + PAGE - 1;
			pgtbl_unmap(r.pt, cmd.first, cmd.last - cmd.first + 1, &gather);
			cr_assert_eq(rig_sync(&r, &cmd, 1), 0);
			pgtbl_gather_release(r.pt, &gather);
			for (i = first; i <= last; i++)
				cr_assert_eq(rig_dma(&r, SID, 0x400000 + i * PAGE, READ), 0x6);
			rig_map(&r, cmd.first, (1ull << 33) + first * PAGE,
				(last - first + 1) * PAGE, PGTBL_READ);
		}
	}
	rig_down(&r);
}

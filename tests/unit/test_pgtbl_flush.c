/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * test_pgtbl_flush.c - walks that are not coherent: every line that was written is flushed
 * once, before it can be reached, and no other.  What hardware finds in memory is compared
 * after each step.
 */
#include "pgtbl_change.h"
#include "pgtbl_unit.h"
#include "pgtbl_unit_state.h"

#include <string.h>

static void open_noncoherent(void (*flush)(void *, const void *, size_t))
{
	struct pgtbl_config c;

	cr_assert(pool_init(&pool, 64));
	c = unit_config(&pgtbl_vtdss_ops, 4);
	c.flush = flush;
	unit_open_config(&c);
}

static const char *hw_sum(void *ctx, const struct model_leaf *leaf)
{
	struct pgtbl_leaf l = {
		.iova = leaf->iova, .phys = leaf->phys, .size = leaf->size, .prot = leaf->prot
	};

	sum_leaf(ctx, &l);
	return NULL;
}

/* What hardware finds in memory is what the library says. */
static void check_hw(void)
{
	struct hw_walker hw = { .format = HW_VTDSS,
				.levels = 4,
				.page_lg2 = 12,
				.index_lg2 = 9,
				.root_lg2 = 9,
				.oa_bits = 46,
				.pool = &pool };
	struct state seen = { .pages = pool.live }, want = state();
	const char *error = hw_walk(&hw, pgtbl_root_phys(pt), hw_sum, &seen);

	cr_assert_null(error, "%s", error);
	cr_assert_eq(memcmp(&seen, &want, sizeof(seen)), 0);
	cr_assert_null(pool.error, "%s", pool.error);
}

static unsigned long lines_of(int expect, uint64_t iova, uint64_t size, bool map)
{
	unsigned long before = pool.lines;

	if (map)
		cr_assert_eq(pgtbl_map(pt, iova, iova + G1, size, 3), expect);
	else
		cr_assert_eq(pgtbl_unmap(pt, iova, size, &gather), size);
	check_hw();
	return pool.lines - before;
}

Test(pgtbl_flush, every_line_is_flushed_once)
{
	open_noncoherent(pool_flush);
	/* Three new tables of 64 lines and an entry for each; leaves come with theirs. */
	cr_expect_eq(lines_of(0, 6 * G1, K4, true), 3 * 64 + 3);
	cr_expect_eq(lines_of(0, 6 * G1 + K4, K4, true), 1);
	cr_expect_eq(lines_of(0, 6 * G1 + 2 * K4, 6 * K4, true), 1);
	cr_expect_eq(lines_of(0, 6 * G1 + 8 * K4, 504 * K4, true), 63);
	cr_expect_eq(lines_of(-EEXIST, 6 * G1 - K4, 2 * K4, true), 0);
	cr_expect_eq(lines_of(0, 6 * G1 + M2, M2, true), 1);
	cr_expect_eq(lines_of(0, 6 * G1, M2, false), 64);
	cr_expect_eq(lines_of(0, 6 * G1 + M2, M2, false), 1);
	cr_expect_eq(lines_of(0, 6 * G1 + 5 * K4, K4, true), 1);
	cr_expect_eq(lines_of(0, 6 * G1 + 5 * K4, K4, false), 1);
	/* Across two tables, which none of the short ways does. */
	cr_expect_eq(lines_of(0, 6 * G1 + M2, K4, true), 64 + 1);
	cr_expect_eq(lines_of(0, 6 * G1 + M2 - 9 * K4, 9 * K4, true), 2);
	cr_expect_eq(lines_of(0, 6 * G1 + M2 - 9 * K4, 10 * K4, false), 2 + 1);
	cr_expect_eq(lines_of(0, 6 * G1 + M2 - K4, 3 * K4, true), 1 + 1);
	cr_expect_eq(lines_of(0, 6 * G1 + M2 - K4, 3 * K4, false), 1 + 1);
	unit_close();
}

static unsigned long lines_before;

static void expect_lines(unsigned long want, const char *what)
{
	check_hw();
	cr_expect_eq(pool.lines - lines_before, want, "%s: %lu lines", what,
		     pool.lines - lines_before);
	lines_before = pool.lines;
}

/* What the changes write: a new table has 64 lines, and an entry that leads to it one. */
Test(pgtbl_flush, changes_are_flushed_once)
{
	struct pgtbl_replacement with = { 6 * G1 + 7 * K4, 9 * G1, 10 * K4, 3, NULL, NULL };

	open_noncoherent(pool_flush);
	lines_before = pool.lines;
	cr_assert_eq(pgtbl_reserve(pt, 6 * G1, 2 * M2, K4, NULL), 0);
	expect_lines(4 * 64 + 4, "reserve");
	cr_assert_eq(pgtbl_unreserve(pt, 6 * G1, 2 * M2, K4), 0);
	cr_assert_eq(pgtbl_map(pt, 6 * G1, M2, M2, 3), 0);
	expect_lines(64, "map into what was reserved");
	cr_assert_eq(pgtbl_replace(pt, &with, &gather, NULL), 0);
	expect_lines(1 + 1 + 1, "replace entries 7, 8 to 15, and 16");
	with.phys = M2 + 7 * K4;
	cr_assert_eq(pgtbl_replace(pt, &with, &gather, NULL), 0);
	expect_lines(3, "replace");
	cr_expect_eq(pgtbl_reclaim(pt, 6 * G1, 6 * G1 + 2 * M2 - 1, &gather), 1);
	/* Frozen and thawed entries need not be seen: only the end. */
	expect_lines(1, "reclaim");
	cr_expect_eq(pgtbl_promote(pt, 6 * G1, 6 * G1 + M2 - 1, &gather), 1);
	expect_lines(1, "promote");
	cr_assert_eq(pgtbl_demote(pt, 6 * G1, M2, K4, &gather, NULL), 0);
	expect_lines(64 + 1, "demote");
	cr_expect_eq(pgtbl_unmap(pt, 6 * G1, M2, &gather), M2);
	expect_lines(64, "unmap");
	unit_close();
}

/* A table that unmap unlinks is not written again where hardware could look. */
Test(pgtbl_flush, an_unlink_is_one_line)
{
	struct pgtbl_config c;

	cr_assert(pool_init(&pool, 1024));
	c = unit_config(&pgtbl_vtdss_ops, 4);
	c.flush = pool_flush;
	c.flags = PGTBL_UNLINK;
	c.page_sizes = K4;
	unit_open_config(&c);
	cr_assert_eq(pgtbl_map(pt, 600 * G1, 0, G1, 3), 0);
	lines_before = pool.lines;
	cr_expect_eq(pgtbl_unmap(pt, 600 * G1, G1, &gather), G1);
	expect_lines(1, "512 leaf tables and the one above them");
	cr_expect_eq(gather.free_pages, 513);
	cr_expect_eq(gather.nr_ranges, 1);
	unit_close();
}

Test(pgtbl_flush, a_list_is_flushed_once)
{
	struct pgtbl_segment seg[12];
	unsigned long before;

	for (unsigned i = 0; i < 12; i++)
		seg[i] = (struct pgtbl_segment){ G1 + 2 * i * K4, K4 };
	open_noncoherent(pool_flush);
	cr_assert_eq(lines_of(0, 6 * G1, K4, true), 3 * 64 + 3);
	before = pool.lines;
	/* entries 4 to 15: half of one line and all of the next */
	cr_assert_eq(pgtbl_map_sg(pt, 6 * G1 + 4 * K4, seg, 12, 3), 0);
	check_hw();
	cr_expect_eq(pool.lines - before, 2);
	cr_expect_eq(lines_of(0, 6 * G1 + 4 * K4, 12 * K4, false), 2);
	cr_expect_eq(lines_of(0, 6 * G1, K4, false), 1);
	unit_close();
}

/*
 * A second mapper returns while the first has installed a table but not yet
 * written back the entry for it: hardware must find the second's mapping.
 */
static bool nested, inside;

static void flush_and_map(void *ctx, const void *first, size_t bytes)
{
	if (!nested && !inside && bytes < POOL_PAGE) {
		inside = true;
		/* First the other mapper, in the same tables; then this write-back. */
		cr_assert_eq(pgtbl_map(pt, 6 * G1 + 9 * K4, M2, K4, 3), 0);
		check_hw();
		inside = false;
		nested = true;
	}
	pool_flush(ctx, first, bytes);
}

Test(pgtbl_flush, a_second_mapper_does_not_return_early)
{
	open_noncoherent(flush_and_map);
	cr_assert_eq(pgtbl_map(pt, 6 * G1, G1, K4, 3), 0);
	cr_expect(nested);
	check_hw();
	cr_expect_eq(pgtbl_unmap(pt, 6 * G1, M2, &gather), 2 * K4);
	unit_close();
}

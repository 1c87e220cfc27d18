/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * test_pgtbl_tiers.c - a few pages at a time, every number of them: the front tiers
 * take one or two pages, up to 16, and what one table holds, each in its own way.
 */
#include "pgtbl_change.h"
#include "pgtbl_unit.h"

#define MOST 40u
#define BASE (5 * G1)

/* The tables that tiers are compiled for. */
enum kind { COHERENT, KEPT, FLUSHED, KINDS };

static void open_kind(const struct pgtbl_ops *ops, enum kind kind)
{
	struct pgtbl_config c;

	cr_assert(pool_init(&pool, 64));
	c = unit_config(ops, 4);
	c.flags = kind == KEPT ? PGTBL_KEEP_TABLES : 0;
	c.flush = kind == FLUSHED ? pool_flush : NULL;
	unit_open_config(&c);
}

static void for_each_kind(void (*fn)(void))
{
	static const struct pgtbl_ops *const ops[] = { &pgtbl_vtdss_ops, &pgtbl_x86_64_ops };

	for (unsigned i = 0; i < 2; i++)
		for (unsigned kind = 0; kind < KINDS; kind++) {
			open_kind(ops[i], kind);
			fn();
			unit_close();
		}
}

/* Pages [first, first + n) lead to @phys and on, or nowhere; all around nowhere. */
static void check(unsigned first, unsigned n, uint64_t phys)
{
	for (unsigned i = first ? first - 1 : 0; i <= first + n; i++) {
		uint64_t want = phys != ~0ull && i >= first && i < first + n ?
					phys + (i - first) * K4 + 5 :
					(uint64_t)-ENOENT;

		cr_assert_eq(unit_translate(BASE + i * K4 + 5), want, "page %u of %u at %u",
			     i - first, n, first);
	}
}

static void check_gather(unsigned first, unsigned n)
{
	cr_assert_eq(gather.nr_ranges, 1);
	cr_assert_eq(gather.range[0].first, BASE + first * K4);
	cr_assert_eq(gather.range[0].last, BASE + (first + n) * K4 - 1);
	pgtbl_gather_init(&gather);
}

static void map_and_unmap(unsigned first, unsigned n, uint64_t phys, struct pgtbl_report *report)
{
	uint64_t iova = BASE + first * K4;

	cr_assert_eq(pgtbl_map_at(pt, iova, phys, n * K4, 3, report), 0);
	check(first, n, phys);
	cr_assert_eq(pgtbl_map(pt, iova, phys, n * K4, 3), -EEXIST);
	check(first, n, phys);
	cr_assert_eq(pgtbl_unmap(pt, iova, n * K4, &gather), n * K4);
	check_gather(first, n);
	check(first, n, ~0ull);
}

static void each_number(void)
{
	struct pgtbl_gather seen;
	struct pgtbl_report once = { .gather = &seen };

	pgtbl_gather_init(&seen);
	for (unsigned n = 1; n <= MOST; n++) {
		/* Even, odd, at lines, at the end of a table, over it. */
		const unsigned at[] = { 0, 1, 2, 3, 4, 7, 8, 9, 512 - n, 512 - n / 2, 511 };

		for (unsigned i = 0; i < sizeof(at) / sizeof(*at); i++) {
			map_and_unmap(at[i], n, 3 * G1 + 7 * K4, NULL);
			map_and_unmap(at[i], n, (1ull << 46) - n * K4, &once);
		}
	}
	cr_assert(pgtbl_gather_empty(&seen));
}

Test(pgtbl_tiers, each_number)
{
	for_each_kind(each_number);
}

/* One page in the way, wherever: nothing is changed.  One missing: all others go. */
static void each_obstacle(void)
{
	struct pgtbl_report report;

	for (unsigned n = 1; n <= 20; n++)
		for (unsigned at = 0; at < n; at++) {
			uint64_t there = BASE + (8 + at) * K4;

			cr_assert_eq(pgtbl_map(pt, there, G1, K4, 3), 0);
			report = (struct pgtbl_report){ 0 };
			cr_assert_eq(pgtbl_map_at(pt, BASE + 8 * K4, 2 * G1, n * K4, 3, &report),
				     -EEXIST);
			cr_assert_eq(report.iova, there);
			check(8 + at, 1, G1);
			for (unsigned i = 0; i < n; i++)
				cr_assert_eq(unit_translate(BASE + (8 + i) * K4) == G1, i == at);
			cr_assert_eq(pgtbl_unmap(pt, BASE + 8 * K4, n * K4, &gather), K4);
			check_gather(8 + at, 1);
			cr_assert_eq(pgtbl_map(pt, BASE + 8 * K4, 2 * G1, n * K4, 3), 0);
			cr_assert_eq(pgtbl_unmap(pt, there, K4, &gather), K4);
			pgtbl_gather_init(&gather);
			report = (struct pgtbl_report){ 0 };
			cr_assert_eq(pgtbl_unmap_at(pt, BASE + 8 * K4, n * K4, &gather, &report),
				     (n - 1) * K4);
			cr_assert_eq(report.iova, there);
			cr_assert_eq(report.error, -ENOENT);
			check(8, n, ~0ull);
			pgtbl_gather_init(&gather);
		}
}

Test(pgtbl_tiers, each_obstacle)
{
	for_each_kind(each_obstacle);
}

/* The second of two pages is looked at as the first is. */
static void limits(void)
{
	uint64_t end = 1ull << 46;

	/* With its table there, the front tier gets as far as it may. */
	cr_assert_eq(pgtbl_map(pt, BASE + 100 * K4, 0, K4, 3), 0);
	for (unsigned n = 2; n <= 18; n++) {
		cr_assert_eq(pgtbl_map(pt, BASE, end - K4, n * K4, 3), -EINVAL);
		cr_assert_eq(pgtbl_map(pt, BASE, -K4, n * K4, 3), -EINVAL);
		cr_assert_eq(pgtbl_map(pt, BASE + K4, end - K4, n * K4, 3), -EINVAL);
		cr_assert_eq(pgtbl_map(pt, (1ull << 48) - K4, 0, n * K4, 3), -EINVAL);
		cr_assert_eq(pgtbl_map(pt, -K4, 0, n * K4, 3), -EINVAL);
		cr_assert_eq(pgtbl_map(pt, BASE, 0, n * K4, 64), -EINVAL);
		cr_assert_eq(pgtbl_map(pt, BASE, 0, n * K4, 0), -EINVAL);
		cr_assert_eq(pgtbl_map(pt, BASE, 0, n * K4 + 1, 3), -EINVAL);
		cr_assert_eq(pgtbl_map(pt, BASE, 1, n * K4, 3), -EINVAL);
		cr_assert_eq(pgtbl_map(pt, BASE + 1, 0, n * K4, 3), -EINVAL);
		cr_assert_eq(pgtbl_unmap(pt, (1ull << 48) - K4, n * K4, &gather), 0);
		cr_assert_eq(pgtbl_unmap(pt, -K4, n * K4, &gather), 0);
		cr_assert_eq(pgtbl_unmap(pt, BASE + 1, n * K4, &gather), 0);
		cr_assert_eq(pgtbl_unmap(pt, BASE, n * K4, &gather), 0);
	}
	cr_assert_eq(pgtbl_map(pt, BASE + 5 * K4, 8 * K4, 0, 3), -EINVAL);
	cr_assert_eq(pgtbl_map(pt, BASE + 5 * K4, 0, K4, 0), -EINVAL);
	cr_assert_eq(pgtbl_unmap(pt, BASE + 5 * K4, 0, &gather), 0);
	cr_assert(pgtbl_gather_empty(&gather));
	cr_assert_eq(pgtbl_unmap(pt, BASE + 100 * K4, K4, &gather), K4);
}

Test(pgtbl_tiers, limits)
{
	for_each_kind(limits);
}

/* One leaf of level 2, where there are such leaves. */
static void large(void)
{
	uint64_t end = 1ull << 46;

	cr_assert_eq(pgtbl_map(pt, BASE, M2, M2, 3), 0);
	check(0, 512, M2);
	cr_assert_eq(pgtbl_map(pt, BASE, M2, M2, 3), -EEXIST);
	cr_assert_eq(pgtbl_map(pt, BASE + M2, end, M2, 3), -EINVAL);
	cr_assert_eq(pgtbl_map(pt, BASE + M2, -M2, M2, 3), -EINVAL);
	cr_assert_eq(pgtbl_map(pt, 1ull << 48, M2, M2, 3), -EINVAL);
	cr_assert_eq(pgtbl_map(pt, -M2, M2, M2, 3), -EINVAL);
	cr_assert_eq(pgtbl_map(pt, BASE + M2, M2, M2, 0), -EINVAL);
	cr_assert_eq(pgtbl_map(pt, BASE + M2, M2, M2, 64), -EINVAL);
	cr_assert_eq(pgtbl_unmap(pt, BASE + (1ull << 48), M2, &gather), 0);
	cr_assert_eq(pgtbl_unmap(pt, -M2, M2, &gather), 0);
	cr_assert_eq(pgtbl_unmap(pt, BASE + M2, M2, &gather), 0);
	cr_assert_eq(pgtbl_unmap(pt, BASE + 1, M2, &gather), 0);
	cr_assert_eq(pgtbl_unmap(pt, BASE, M2, &gather), M2);
	check_gather(0, 512);
	check(0, 512, ~0ull);
	/* Not congruent: a table, which then stands in the way of a leaf and does not matter. */
	cr_assert_eq(pgtbl_map(pt, BASE, K4, M2, 3), 0);
	check(0, 512, K4);
	cr_assert_eq(pgtbl_map(pt, BASE, M2, M2, 3), -EEXIST);
	cr_assert_eq(pgtbl_unmap(pt, BASE, M2, &gather), M2);
	check_gather(0, 512);
	cr_assert_eq(pgtbl_map(pt, BASE, M2, M2, 3), 0);
	check(0, 512, M2);
	cr_assert_eq(pgtbl_unmap(pt, BASE, M2, &gather), M2);
	check_gather(0, 512);
}

Test(pgtbl_tiers, large)
{
	for_each_kind(large);
}

static void open_with(uint64_t page_sizes, unsigned oa_bits)
{
	struct pgtbl_config c;

	cr_assert(pool_init(&pool, 64));
	c = unit_config(&pgtbl_vtdss_ops, 4);
	c.page_sizes = page_sizes;
	c.oa_bits = oa_bits;
	unit_open_config(&c);
}

/* A table without such leaves, and one that leads to less memory than one has. */
Test(pgtbl_tiers, no_large)
{
	open_with(K4, 46);
	/* With the level-2 table there. */
	cr_assert_eq(pgtbl_map(pt, BASE + 2 * M2, 0, K4, 3), 0);
	cr_assert_eq(pgtbl_unmap(pt, BASE + 2 * M2, K4, &gather), K4);
	cr_assert_eq(pgtbl_map(pt, BASE, M2, M2, 3), 0);
	cr_assert_eq(pgtbl_map(pt, BASE + M2, M2, K4 + 1, 3), -EINVAL);
	cr_assert_eq(pgtbl_unmap(pt, BASE, K4 + 1, &gather), 0);
	check(0, 512, M2);
	cr_assert_eq(pgtbl_unmap(pt, BASE, K4, &gather), K4);
	cr_assert_eq(pgtbl_unmap(pt, BASE + K4, M2 - K4, &gather), M2 - K4);
	unit_close();

	open_with(0, 20);
	cr_assert_eq(pgtbl_map(pt, BASE, 0, M2, 3), -EINVAL);
	cr_assert_eq(unit_translate(BASE), (uint64_t)-ENOENT);
	unit_close();
}

/* PGTBL_KEEP_TABLES: nothing is ever unlinked, and whoever asks for it is told. */
Test(pgtbl_tiers, kept)
{
	struct pgtbl_config c;
	struct pgtbl_stats stats;
	struct pgtbl *other;

	open_kind(&pgtbl_vtdss_ops, KEPT);
	cr_assert_eq(pgtbl_map(pt, BASE, 0, M2 + K4, 3), 0);
	cr_assert_eq(pgtbl_unmap(pt, BASE, M2 + K4, &gather), M2 + K4);
	pgtbl_stats(pt, &stats);
	cr_expect_eq(stats.table_pages, 4);
	cr_expect_eq(pgtbl_reclaim(pt, 0, pgtbl_iova_last(pt), &gather), -EOPNOTSUPP);
	cr_expect_eq(pgtbl_promote(pt, 0, pgtbl_iova_last(pt), &gather), -EOPNOTSUPP);
	cr_expect_eq(pgtbl_drain(pt), 0);
	pgtbl_stats(pt, &stats);
	cr_expect_eq(stats.table_pages, 4);
	cr_expect_null(gather.free_list);
	c = unit_config(&pgtbl_vtdss_ops, 4);
	c.flags = PGTBL_KEEP_TABLES | PGTBL_UNLINK;
	cr_expect_eq(pgtbl_create(&other, &c), -EINVAL);
	unit_close();
}

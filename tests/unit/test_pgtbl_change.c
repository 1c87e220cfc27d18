/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* test_pgtbl_change.c - parts of large leaves, replace, promote, demote, reserve. */
#include "pgtbl_change.h"
#include "pgtbl_unit.h"

#include <string.h>

#define BASE (600 * G1)

static unsigned long n_4k, n_2m, n_1g;

static int count_leaf(void *ctx, const struct pgtbl_leaf *leaf)
{
	(void)ctx;
	n_4k += leaf->size == K4;
	n_2m += leaf->size == M2;
	n_1g += leaf->size == G1;
	return 0;
}

static void expect_leaves(unsigned long k, unsigned long m, unsigned long g)
{
	n_4k = n_2m = n_1g = 0;
	cr_assert_eq(pgtbl_visit(pt, 0, pgtbl_iova_last(pt), count_leaf, NULL), 0);
	cr_expect(n_4k == k && n_2m == m && n_1g == g, "%lu, %lu, %lu leaves", n_4k, n_2m, n_1g);
}

static bool gathered(uint64_t first, uint64_t last)
{
	for (unsigned i = 0; i < gather.nr_ranges; i++)
		if (gather.range[i].first <= first && gather.range[i].last >= last)
			return true;
	return false;
}

static uint64_t live_pages(void)
{
	struct pgtbl_stats stats;

	pgtbl_stats(pt, &stats);
	cr_assert_eq(stats.table_pages, pool.live);
	return stats.table_pages - stats.queued_pages;
}

Test(pgtbl_change, policies_exclude_each_other)
{
	struct pgtbl_config c;

	cr_assert(pool_init(&pool, 4));
	c = unit_config(&pgtbl_vtdss_ops, 4);
	c.flags = PGTBL_SPLIT | PGTBL_WIDEN;
	cr_expect_eq(pgtbl_create(&pt, &c), -EINVAL);
	pool_fini(&pool);
}

/* Split: a page out of a gigabyte; everything else of it stays, in the largest leaves. */
Test(pgtbl_change, split)
{
	struct pgtbl_report r = { .error = 0 };
	uint64_t hole = BASE + 5 * M2 + 7 * K4;

	unit_open(&pgtbl_vtdss_ops, 4, PGTBL_SPLIT);
	cr_assert_eq(pgtbl_map(pt, BASE, 8 * G1, G1, PGTBL_READ), 0);
	expect_leaves(0, 0, 1);
	cr_expect_eq(pgtbl_unmap_at(pt, hole, K4, &gather, &r), K4);
	cr_expect_eq(r.error, 0);
	expect_leaves(511, 511, 0);
	cr_expect(gathered(BASE, BASE + G1 - 1), "IOTLBs may hold the gigabyte");
	cr_expect_eq(gather.nr_ranges, 1);
	cr_expect_not(gather.tables, "no table went");
	cr_expect_eq(unit_translate(hole), (uint64_t)-ENOENT);
	cr_expect_eq(unit_translate(hole - 1), 8 * G1 + 5 * M2 + 7 * K4 - 1);
	cr_expect_eq(unit_translate(hole + K4), 8 * G1 + 5 * M2 + 8 * K4);
	cr_expect_eq(unit_translate(BASE + G1 - 1), 9 * G1 - 1);
	cr_expect_eq(unit_word(4, BASE + K4, 2) & 0x483, 0x481, "2 MiB leaf, read only");
	/* From the middle of one leaf into the middle of another. */
	cr_expect_eq(pgtbl_unmap(pt, BASE + M2 + M2 / 2, M2, &gather), M2);
	expect_leaves(511 + 512, 509, 0);
	cr_expect_eq(pgtbl_unmap(pt, BASE, G1, &gather), G1 - K4 - M2);
	unit_close();
}

Test(pgtbl_change, split_below_4g)
{
	unit_open(&pgtbl_x86_64_ops, 4, PGTBL_SPLIT | PGTBL_UNLINK);
	cr_assert_eq(pgtbl_map(pt, G1, G1, 2 * G1, 3), 0);
	cr_expect_eq(pgtbl_unmap(pt, 2 * G1 - K4, 2 * K4, &gather), 2 * K4);
	cr_expect_eq(unit_translate(2 * G1 + K4), 2 * G1 + K4);
	cr_assert_eq(pgtbl_map(pt, 2 * G1 - K4, 0, 2 * K4, 3), 0);
	cr_expect_eq(unit_translate(2 * G1), K4);
	cr_expect_eq(pgtbl_unmap(pt, G1, 2 * G1, &gather), 2 * G1);
	unit_close();
}

/* Every allocation of a split fails once: the leaf stays, nothing else is lost. */
Test(pgtbl_change, split_without_memory)
{
	struct pgtbl_report r;

	for (unsigned n = 1; n <= 4; n++) {
		unit_open(&pgtbl_vtdss_ops, 4, PGTBL_SPLIT);
		cr_assert_eq(pgtbl_map(pt, BASE, 8 * G1, G1, 3), 0);
		cr_assert_eq(pgtbl_map(pt, BASE + G1, 0, K4, 3), 0);
		memset(&r, 0, sizeof(r));
		pool.fail_at = pool.allocs + n;
		if (n <= 2) {
			/* All of the gigabyte stays, or what is left of its first 2 MiB. */
			cr_expect_eq(pgtbl_unmap_at(pt, BASE + K4, G1, &gather, &r),
				     n == 1 ? K4 : G1 - M2 + K4);
			cr_expect_eq(r.error, -ENOMEM);
			cr_expect_eq(r.iova, BASE + K4);
		} else {
			cr_expect_eq(pgtbl_unmap_at(pt, BASE + K4, G1, &gather, &r), G1);
			cr_expect_eq(r.error, 0);
		}
		pool.fail_at = 0;
		cr_expect_eq(unit_translate(BASE), 8 * G1);
		pgtbl_unmap(pt, BASE, G1, &gather);
		unit_close();
	}
}

/* No 2 MiB leaves: a gigabyte cannot be split. */
Test(pgtbl_change, split_without_the_size)
{
	struct pgtbl_report r = { .error = 0 };
	struct pgtbl_config c;

	cr_assert(pool_init(&pool, 64));
	c = unit_config(&pgtbl_vtdss_ops, 4);
	c.page_sizes = K4 | G1;
	c.flags = PGTBL_SPLIT;
	unit_open_config(&c);
	cr_assert_eq(pgtbl_map(pt, BASE, 0, G1, 3), 0);
	cr_expect_eq(pgtbl_unmap_at(pt, BASE, K4, &gather, &r), 0);
	cr_expect_eq(r.error, -EBUSY);
	cr_expect_eq(pgtbl_demote(pt, BASE, G1, K4, &gather, &r), -EBUSY);
	cr_expect_eq(pgtbl_unmap(pt, BASE, G1, &gather), G1);
	unit_close();
}

Test(pgtbl_change, widen)
{
	struct pgtbl_report r = { .error = 0 };

	unit_open(&pgtbl_vtdss_ops, 4, PGTBL_WIDEN);
	cr_assert_eq(pgtbl_map(pt, BASE, M2, 3 * M2, 3), 0);
	cr_expect_eq(pgtbl_unmap_at(pt, BASE + M2 + 7 * K4, K4, &gather, &r), M2);
	cr_expect_eq(r.error, 0);
	cr_expect(gathered(BASE + M2, BASE + 2 * M2 - 1));
	cr_expect_eq(unit_translate(BASE + M2), (uint64_t)-ENOENT);
	cr_expect_eq(unit_translate(BASE), M2);
	/* Over a hole between two: both go, the hole is reported. */
	cr_expect_eq(pgtbl_unmap_at(pt, BASE + M2 - K4, M2 + 2 * K4, &gather, &r), 2 * M2);
	cr_expect_eq(r.error, -ENOENT);
	cr_expect_eq(r.iova, BASE + M2);
	unit_close();
}

/* Demote: the whole way, or to a size; twice is once. */
Test(pgtbl_change, demote)
{
	struct pgtbl_report r = { .error = 0 };

	unit_open(&pgtbl_x86_64_ops, 4, 0);
	cr_assert_eq(pgtbl_map(pt, BASE, 8 * G1, G1 + 2 * M2, 3), 0);
	cr_expect_eq(pgtbl_demote(pt, BASE + 5 * K4, K4, M2, &gather, &r), 0);
	expect_leaves(0, 514, 0);
	cr_expect(gathered(BASE, BASE + G1 - 1));
	cr_expect_eq(pgtbl_demote(pt, BASE + G1, 2 * M2, K4, &gather, &r), 0);
	expect_leaves(1024, 512, 0);
	cr_expect_eq(pgtbl_demote(pt, BASE + G1, 2 * M2, K4, &gather, &r), 0);
	cr_expect_eq(pgtbl_demote(pt, 0, 1ull << 47, M2, &gather, &r), 0);
	expect_leaves(1024, 512, 0);
	for (uint64_t i = BASE; i < BASE + G1 + 2 * M2; i += M2 / 2)
		cr_assert_eq(unit_translate(i), 8 * G1 + (i - BASE));
	pool.fail_at = pool.allocs + 3;
	cr_expect_eq(pgtbl_demote(pt, BASE, G1, K4, &gather, &r), -ENOMEM);
	cr_expect_eq(r.iova, BASE + 2 * M2);
	expect_leaves(2048, 510, 0);
	pool.fail_at = 0;
	cr_expect_eq(pgtbl_demote(NULL, BASE, K4, K4, &gather, &r), -EINVAL);
	cr_expect_eq(pgtbl_demote(pt, BASE, K4, K4, NULL, &r), -EINVAL);
	cr_expect_eq(pgtbl_demote(pt, BASE, 0, K4, &gather, &r), -EINVAL);
	cr_expect_eq(pgtbl_demote(pt, BASE, K4, 0, &gather, &r), -EINVAL);
	cr_expect_eq(pgtbl_demote(pt, BASE, K4, 2 * K4, &gather, &r), -EINVAL);
	cr_expect_eq(pgtbl_demote(pt, 1ull << 47, K4, K4, &gather, &r), -EINVAL);
	cr_expect_eq(pgtbl_unmap(pt, BASE, G1 + 2 * M2, &gather), G1 + 2 * M2);
	unit_close();
}

/* Promote: both steps up in one call; old tables keep their words until they are freed. */
Test(pgtbl_change, promote)
{
	uint64_t old, pages;

	unit_open(&pgtbl_vtdss_ops, 4, 0);
	cr_assert_eq(pgtbl_map(pt, BASE, 8 * G1, G1 + M2, PGTBL_WRITE), 0);
	pages = live_pages();
	cr_assert_eq(pgtbl_demote(pt, BASE, G1 + M2, K4, &gather, NULL), 0);
	cr_expect_eq(live_pages(), pages + 1 + 513);
	old = unit_word(4, BASE + M2, 2) & ~0xfffull;
	pgtbl_gather_release(pt, &gather);
	cr_expect_eq(pgtbl_promote(pt, BASE, BASE + 2 * G1 - 1, &gather), 513 + 1);
	expect_leaves(0, 1, 1);
	cr_expect(gather.tables);
	cr_expect(gathered(BASE, BASE + G1 + M2 - 1));
	cr_expect_eq(gather.free_pages, 513 + 1 + 3, "two holders for level 1, one for level 2");
	cr_expect_eq(((uint64_t *)(uintptr_t)old)[0] & ~0xfffull, 8 * G1 + M2, "still readable");
	cr_expect_eq(((uint64_t *)(uintptr_t)old)[511] & ~0xfffull, 8 * G1 + 2 * M2 - K4);
	cr_expect_eq(unit_word(4, BASE, 3), 8 * G1 + 0x482);
	cr_expect_eq(pgtbl_promote(pt, BASE, BASE + 2 * G1 - 1, &gather), 0);
	pgtbl_gather_release(pt, &gather);
	cr_expect_eq(live_pages(), pages);
	cr_expect_eq(pgtbl_drain(pt), 0);
	cr_expect_eq(pool.live, pages);
	cr_expect_eq(pgtbl_unmap(pt, BASE, G1 + M2, &gather), G1 + M2);
	unit_close();
}

/* What must not be promoted: holes, gaps, other bits, no alignment, no page size, reserved. */
static void not_promoted(const char *why)
{
	cr_expect_eq(pgtbl_promote(pt, BASE, BASE + M2 - 1, &gather), 0, "%s", why);
	cr_expect(pgtbl_gather_empty(&gather), "%s", why);
	expect_leaves(512, 0, 0);
	cr_assert_eq(pgtbl_unmap(pt, BASE, M2, &gather), M2);
	pgtbl_gather_release(pt, &gather);
}

Test(pgtbl_change, not_promoted)
{
	unit_open(&pgtbl_vtdss_ops, 4, 0);
	cr_assert_eq(pgtbl_map(pt, BASE, G1 + K4, M2, 3), 0);
	not_promoted("not aligned");
	cr_assert_eq(pgtbl_map(pt, BASE, G1, 511 * K4, 3), 0);
	cr_assert_eq(pgtbl_map(pt, BASE + 511 * K4, G1, K4, 3), 0);
	not_promoted("not contiguous");
	cr_assert_eq(pgtbl_map(pt, BASE, G1, 100 * K4, 3), 0);
	cr_assert_eq(pgtbl_map(pt, BASE + 100 * K4, G1 + 100 * K4, 412 * K4, PGTBL_READ), 0);
	not_promoted("other permissions");
	cr_assert_eq(pgtbl_reserve(pt, BASE, K4, K4, NULL), 0);
	cr_assert_eq(pgtbl_map(pt, BASE, G1, M2, 3), 0);
	not_promoted("reserved");
	cr_assert_eq(pgtbl_unreserve(pt, BASE, K4, K4), 0);
	cr_assert_eq(pgtbl_map(pt, BASE, G1, M2, 3), 0);
	cr_expect_eq(pgtbl_promote(pt, BASE + 1, BASE + M2 - 1, &gather), 0, "only whole spans");
	cr_expect_eq(pgtbl_promote(pt, BASE, BASE + M2 - 2, &gather), 0, "only whole spans");
	cr_assert_eq(pgtbl_unmap(pt, BASE + 7 * K4, K4, &gather), K4);
	pgtbl_gather_release(pt, &gather);
	cr_expect_eq(pgtbl_promote(pt, BASE, BASE + M2 - 1, &gather), 0, "a hole");
	cr_assert_eq(pgtbl_map(pt, BASE + 7 * K4, G1 + 7 * K4, K4, 3), 0);
	cr_expect_eq(pgtbl_promote(pt, BASE, BASE + M2 - 1, &gather), 1);
	cr_expect_eq(pgtbl_promote(NULL, 0, 0, &gather), -EINVAL);
	cr_expect_eq(pgtbl_promote(pt, 0, 0, NULL), -EINVAL);
	cr_expect_eq(pgtbl_promote(pt, 1, 0, &gather), -EINVAL);
	cr_expect_eq(pgtbl_promote(pt, 0, 1ull << 48, &gather), -EINVAL);
	cr_expect_eq(pgtbl_unmap(pt, BASE, M2, &gather), M2);
	unit_close();
}

Test(pgtbl_change, promote_without_memory)
{
	unit_open(&pgtbl_vtdss_ops, 4, 0);
	cr_assert_eq(pgtbl_map(pt, BASE, 8 * G1, M2, 3), 0);
	cr_assert_eq(pgtbl_demote(pt, BASE, M2, K4, &gather, NULL), 0);
	pgtbl_gather_release(pt, &gather);
	pool.fail_at = pool.allocs + 1;
	cr_expect_eq(pgtbl_promote(pt, BASE, BASE + M2 - 1, &gather), -ENOMEM);
	cr_expect(pgtbl_gather_empty(&gather));
	expect_leaves(512, 0, 0);
	cr_expect_eq(unit_word(4, BASE, 2) & 1 << 10, 0, "thawed");
	pool.fail_at = 0;
	cr_expect_eq(pgtbl_unmap(pt, BASE, M2, &gather), M2);
	unit_close();
}

/* Replace */

struct seen_old {
	struct pgtbl_leaf leaf[1024];
	unsigned n;
};

static struct seen_old old;

static void see_old(void *ctx, const struct pgtbl_leaf *leaf)
{
	struct seen_old *s = ctx;

	cr_assert_lt(s->n, 1024);
	s->leaf[s->n++] = *leaf;
}

static int replace(uint64_t iova, uint64_t phys, uint64_t size, struct pgtbl_report *r)
{
	struct pgtbl_replacement with = { iova, phys, size, PGTBL_READ, see_old, &old };

	old.n = 0;
	return pgtbl_replace(pt, &with, &gather, r);
}

Test(pgtbl_change, replace)
{
	struct pgtbl_report r = { .error = 0 };

	unit_open(&pgtbl_vtdss_ops, 4, 0);
	cr_assert_eq(pgtbl_map(pt, BASE, 8 * G1, 3 * M2 + 5 * K4, 3), 0);
	cr_expect_eq(replace(BASE, G1, 3 * M2 + 5 * K4, &r), 0);
	cr_expect_eq(old.n, 8);
	cr_expect_eq(old.leaf[2].iova, BASE + 2 * M2);
	cr_expect_eq(old.leaf[2].phys, 8 * G1 + 2 * M2);
	cr_expect_eq(old.leaf[2].size, M2);
	cr_expect_eq(old.leaf[2].prot, PGTBL_READ | PGTBL_WRITE);
	cr_expect(old.leaf[2].dirty, "nobody keeps account");
	cr_expect(gathered(BASE, BASE + 3 * M2 + 5 * K4 - 1));
	cr_expect_eq(unit_translate(BASE + 3 * M2 + 5 * K4 - 1), G1 + 3 * M2 + 5 * K4 - 1);
	expect_leaves(5, 3, 0);
	/* Not aligned as the leaves are: smaller ones. */
	cr_expect_eq(replace(BASE + M2, K4, 2 * M2, &r), 0);
	cr_expect_eq(old.n, 1024);
	cr_expect_eq(old.leaf[600].phys, G1 + M2 + 600 * K4);
	cr_expect_not(old.leaf[600].dirty, "read only");
	expect_leaves(5 + 1024, 1, 0);
	cr_expect_eq(unit_translate(BASE + M2 + 600 * K4 + 3), 601 * K4 + 3);
	cr_expect_eq(unit_translate(BASE + M2 - 1), G1 + M2 - 1);
	cr_expect_eq(r.error, 0);
	cr_expect_eq(pgtbl_unmap(pt, BASE, G1, &gather), 3 * M2 + 5 * K4);
	unit_close();
}

Test(pgtbl_change, replace_refused)
{
	struct pgtbl_replacement with = { BASE, 0, K4, 3, NULL, NULL };
	struct pgtbl_report r = { .error = 0 };

	unit_open(&pgtbl_x86_64_ops, 4, 0);
	cr_assert_eq(pgtbl_map(pt, BASE, 8 * G1, 2 * M2, 3), 0);
	cr_assert_eq(pgtbl_map(pt, BASE + 2 * M2 + K4, 8 * G1, K4, 3), 0);
	cr_expect_eq(replace(BASE, 0, 2 * M2 + 2 * K4, &r), -ENOENT);
	cr_expect_eq(r.iova, BASE + 2 * M2);
	cr_expect_eq(r.error, -ENOENT);
	cr_expect_eq(replace(BASE + K4, 0, K4, &r), -EBUSY);
	cr_expect_eq(replace(BASE, 0, M2 + K4, &r), -EBUSY);
	cr_expect_eq(r.iova, BASE + M2);
	pool.fail_at = pool.allocs + 2;
	cr_expect_eq(replace(BASE, K4, 2 * M2, &r), -ENOMEM);
	pool.fail_at = 0;
	cr_expect_eq(r.iova, BASE + M2);
	cr_expect_eq(replace(BASE, 1, K4, &r), -EINVAL);
	cr_expect_eq(replace(BASE, 1ull << 46, K4, &r), -EINVAL);
	cr_expect_eq(replace(1ull << 47, 0, K4, &r), -EINVAL);
	cr_expect_eq(replace(BASE, 0, 0, &r), -EINVAL);
	with.prot = 64;
	cr_expect_eq(pgtbl_replace(pt, &with, &gather, &r), -EINVAL);
	cr_expect_eq(pgtbl_replace(pt, &with, NULL, &r), -EINVAL);
	cr_expect_eq(pgtbl_replace(pt, NULL, &gather, &r), -EINVAL);
	cr_expect_eq(pgtbl_replace(NULL, &with, &gather, &r), -EINVAL);
	cr_expect_eq(old.n, 0, "nothing was replaced");
	for (uint64_t i = 0; i < 2 * M2; i += K4)
		cr_assert_eq(unit_translate(BASE + i), 8 * G1 + i);
	cr_expect_eq(pgtbl_unmap(pt, BASE, G1, &gather), 2 * M2 + K4);
	unit_close();
}

Test(pgtbl_change, replace_inside_a_large_leaf)
{
	unit_open(&pgtbl_vtdss_ops, 4, PGTBL_SPLIT);
	cr_assert_eq(pgtbl_map(pt, BASE, 8 * G1, G1, 3), 0);
	cr_expect_eq(replace(BASE + M2 - K4, 0, 2 * K4, NULL), 0);
	cr_expect_eq(old.n, 2);
	cr_expect_eq(unit_translate(BASE + M2), K4);
	cr_expect_eq(unit_translate(BASE + M2 - K4 - 1), 8 * G1 + M2 - K4 - 1);
	expect_leaves(1024, 510, 0);
	cr_expect(gathered(BASE, BASE + G1 - 1));
	cr_expect_eq(pgtbl_unmap(pt, BASE, G1, &gather), G1);
	unit_close();
}

/* Reserve */

Test(pgtbl_change, reserved_maps_need_no_memory)
{
	struct pgtbl_report r = { .error = 0 };
	uint64_t pages;

	unit_open(&pgtbl_vtdss_ops, 4, PGTBL_UNLINK);
	cr_assert_eq(pgtbl_reserve(pt, BASE + 10 * K4, G1, K4, &r), 0);
	pages = live_pages();
	cr_expect_eq(pages, 1 + 1 + 2 + 513);
	for (unsigned round = 0; round < 2; round++) {
		pool.fail_at = pool.allocs + 1;
		cr_expect_eq(pgtbl_map(pt, BASE + 10 * K4, K4, G1, 3), 0);
		cr_expect_eq(pgtbl_unmap(pt, BASE, 2 * G1, &gather), G1);
		cr_expect_eq(pool.allocs, pool.fail_at - 1, "nothing was asked for");
		cr_expect_eq(gather.free_pages, 0, "tables stay");
		pool.fail_at = 0;
		pgtbl_gather_release(pt, &gather);
		cr_expect_eq(pgtbl_reclaim(pt, 0, pgtbl_iova_last(pt), &gather), 0);
	}
	/* Overlapping; each is given up for itself. */
	cr_assert_eq(pgtbl_reserve(pt, BASE, M2, K4, &r), 0);
	cr_expect_eq(pgtbl_unreserve(pt, BASE + 10 * K4, G1, M2), -ENOENT);
	cr_expect_eq(pgtbl_unreserve(pt, BASE + 10 * K4, G1, K4), 0);
	cr_expect_eq(pgtbl_unreserve(pt, BASE + 10 * K4, G1, K4), -ENOENT);
	cr_expect_eq(pgtbl_reclaim(pt, 0, pgtbl_iova_last(pt), &gather), 512 + 1);
	cr_expect_eq(pgtbl_unreserve(pt, BASE, M2, K4), 0);
	cr_expect_eq(pgtbl_reclaim(pt, 0, pgtbl_iova_last(pt), &gather), 3);
	pgtbl_gather_release(pt, &gather);
	unit_close();
}

/* For 2 MiB leaves: no leaf tables, and large leaves are used. */
Test(pgtbl_change, reserve_for_large_leaves)
{
	unit_open(&pgtbl_x86_64_ops, 4, 0);
	cr_assert_eq(pgtbl_reserve(pt, BASE, G1, M2, NULL), 0);
	cr_expect_eq(live_pages(), 1 + 1 + 1);
	pool.fail_at = pool.allocs + 1;
	cr_expect_eq(pgtbl_map(pt, BASE, 8 * G1, G1, 3), 0);
	pool.fail_at = 0;
	expect_leaves(0, 512, 0);
	cr_expect_eq(pgtbl_promote(pt, BASE, BASE + G1 - 1, &gather), 0, "reserved for 2 MiB");
	cr_expect_eq(pgtbl_unreserve(pt, BASE, G1, M2), 0);
	cr_expect_eq(pgtbl_promote(pt, BASE, BASE + G1 - 1, &gather), 1);
	expect_leaves(0, 0, 1);
	cr_expect_eq(pgtbl_unmap(pt, BASE, G1, &gather), G1);
	unit_close();
}

Test(pgtbl_change, reserve_all_or_nothing)
{
	struct pgtbl_report r = { .error = 0 };
	unsigned failures = 0;
	int err = -ENOMEM;

	unit_open(&pgtbl_vtdss_ops, 4, 0);
	while (err) {
		uint64_t pages = live_pages();

		pool.fail_at = pool.allocs + 1 + failures;
		err = pgtbl_reserve(pt, BASE + G1 - M2, 2 * M2, K4, &r);
		pool.fail_at = 0;
		if (!err)
			break;
		cr_assert_eq(err, -ENOMEM);
		cr_assert_eq(r.error, -ENOMEM);
		cr_assert_eq(live_pages(), pages);
		failures++;
	}
	cr_expect_eq(failures, 5);
	cr_expect_eq(pgtbl_unreserve(pt, BASE + G1 - M2, 2 * M2, K4), 0);
	cr_assert_eq(pgtbl_map(pt, BASE + 2 * G1, 0, M2, 3), 0);
	cr_expect_eq(pgtbl_reserve(pt, BASE + 2 * G1 - M2, 3 * M2, K4, &r), -EEXIST);
	cr_expect_eq(r.iova, BASE + 2 * G1);
	cr_expect_eq(pgtbl_unreserve(pt, BASE + 2 * G1 - M2, 3 * M2, K4), -ENOENT, "not made");
	cr_expect_eq(live_pages(), 1 + 1 + 3 + 2, "nor any table of it");
	cr_expect_eq(pgtbl_reserve(NULL, BASE, K4, K4, &r), -EINVAL);
	cr_expect_eq(pgtbl_reserve(pt, BASE, 0, K4, &r), -EINVAL);
	cr_expect_eq(pgtbl_reserve(pt, BASE, K4, 0, &r), -EINVAL);
	cr_expect_eq(pgtbl_reserve(pt, BASE, K4, 3 * K4, &r), -EINVAL);
	cr_expect_eq(pgtbl_reserve(pt, 1ull << 48, K4, K4, &r), -EINVAL);
	cr_expect_eq(pgtbl_unreserve(NULL, BASE, K4, K4), -EINVAL);
	cr_expect_eq(pgtbl_unmap(pt, BASE + 2 * G1, M2, &gather), M2);
	unit_close();
}

/* Places in the list are used again; what is reserved is exactly what is not given up. */
Test(pgtbl_change, reservations)
{
	unit_open(&pgtbl_vtdss_ops, 4, 0);
	for (unsigned i = 0; i < 100; i++) {
		cr_assert_eq(pgtbl_reserve(pt, i * M2, M2, K4, NULL), 0);
		cr_assert_eq(pgtbl_reserve(pt, i * M2, 2 * M2, M2, NULL), 0);
		if (i & 1)
			cr_assert_eq(pgtbl_unreserve(pt, i * M2, M2, K4), 0);
	}
	cr_expect_eq(pgtbl_reclaim(pt, 0, G1 - 1, &gather), 50);
	cr_expect_eq(pgtbl_unreserve(pt, M2, M2, K4), -ENOENT, "given up before");
	cr_expect_eq(pgtbl_unreserve(pt, M2, M2, M2), -ENOENT);
	cr_expect_eq(pgtbl_unreserve(pt, M2, 2 * M2, K4), -ENOENT);
	cr_expect_eq(pgtbl_unreserve(pt, M2, 2 * M2, M2), 0);
	cr_expect_eq(pgtbl_unreserve(pt, M2, 2 * M2, M2), -ENOENT);
	unit_close();
}

/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * test_pgtbl_pages.c - table pages: every allocation failing once, release
 * after a grace period, reclaim, and walks that are not coherent.
 */
#include "pgtbl_unit.h"

#include <pthread.h>
#include <string.h>
#include <time.h>

#include "plat_rcu.h"

/* Everything that can be seen of a table. */
struct state {
	uint64_t sum;
	uint64_t leaves;
	uint64_t pages;
};

static int sum_leaf(void *ctx, const struct pgtbl_leaf *leaf)
{
	struct state *s = ctx;

	s->sum = (s->sum ^ leaf->iova ^ leaf->phys << 1 ^ leaf->size << 2 ^ leaf->prot) *
		 0x100000001b3ull;
	s->leaves++;
	return 0;
}

static struct state state(void)
{
	struct state s = { .pages = pool.live };

	cr_assert_eq(pgtbl_visit(pt, 0, pgtbl_iova_last(pt), sum_leaf, &s), 0);
	return s;
}

static uint64_t page_count(void)
{
	struct pgtbl_stats stats;

	pgtbl_stats(pt, &stats);
	cr_assert_eq(stats.table_pages, pool.live);
	cr_assert_geq(stats.table_pages_peak, stats.table_pages);
	return stats.table_pages;
}

/* A map that needs tables of every level, in pieces of every size, none of them pinned. */
static int big_map(uint64_t base, struct pgtbl_gather *undo, bool sg)
{
	struct pgtbl_report r = { .gather = undo };
	struct pgtbl_segment seg[3] = { { G1 - 2 * K4, K4 + G1 }, { 7 * K4, K4 }, { G1, M2 } };
	int err;

	if (sg)
		err = pgtbl_map_sg_at(pt, base - 2 * K4, seg, 3, 3, &r);
	else
		err = pgtbl_map_at(pt, base - 2 * K4, 8 * G1 - 2 * K4, G1 + 2 * M2 + 4 * K4, 3, &r);
	if (err == -ENOMEM) {
		cr_assert_eq(r.error, -ENOMEM);
		cr_assert_geq(r.iova, base - 2 * K4);
		cr_assert_leq(r.iova, base + G1 + 2 * M2 + 2 * K4);
	}
	return err;
}

static void fail_each(const struct pgtbl_ops *ops, unsigned levels, bool once, bool sg)
{
	uint64_t base = (levels == 3 ? 0 : 1ull << (12 + 9 * (levels - 1))) + 5 * G1;
	struct pgtbl_gather undo;
	struct state before, after;
	unsigned failures = 0;
	int err;

	unit_open(ops, levels, 0);
	pgtbl_gather_init(&undo);
	before = state();
	for (unsigned n = 1;; n++) {
		pool.fail_at = pool.allocs + n;
		err = big_map(base, once ? &undo : NULL, sg);
		pool.fail_at = 0;
		if (!err)
			break;
		cr_assert_eq(err, -ENOMEM);
		failures++;
		if (once) { /* tables may stay; they are empty */
			pgtbl_gather_release(pt, &undo);
			cr_assert_geq(pgtbl_reclaim(pt, 0, pgtbl_iova_last(pt), &undo), 0);
			pgtbl_gather_release(pt, &undo);
			cr_assert_eq(pgtbl_drain(pt), 0);
		}
		after = state();
		cr_assert_eq(memcmp(&before, &after, sizeof(before)), 0,
			     "allocation %u, once %d: %lu leaves, %lu pages", n, once,
			     (unsigned long)after.leaves, (unsigned long)after.pages);
	}
	cr_expect_geq(failures, levels - 1);
	cr_expect_eq(pgtbl_unmap(pt, base - 2 * K4, G1 + 3 * M2, &gather),
		     sg ? G1 + M2 + 2 * K4 : G1 + 2 * M2 + 4 * K4);
	cr_expect(pgtbl_gather_empty(&undo));
	unit_close();
}

Test(pgtbl_pages, every_allocation_fails_once)
{
	for (unsigned levels = 3; levels <= 5; levels++)
		for (unsigned i = 0; i < 4; i++)
			fail_each(&pgtbl_vtdss_ops, levels, i & 1, i & 2);
	for (unsigned levels = 4; levels <= 5; levels++)
		for (unsigned i = 0; i < 4; i++)
			fail_each(&pgtbl_x86_64_ops, levels, i & 1, i & 2);
}

/* Neither way takes more pages than it needs, not even for a moment. */
Test(pgtbl_pages, no_page_too_many)
{
	for (unsigned once = 0; once < 2; once++) {
		struct pgtbl_gather undo;
		struct pgtbl_report r = { .gather = once ? &undo : NULL };
		unsigned long before;

		unit_open(&pgtbl_vtdss_ops, 4, 0);
		before = pool.allocs;
		/* 4K pages over 2 GiB and a bit: level 3, three of level 2, 1024 leaf tables. */
		cr_assert_eq(pgtbl_map_at(pt, 600 * G1 + M2, K4, 2 * G1, 3, &r), 0);
		cr_expect_eq(page_count(), 1 + 1 + 3 + 1024);
		cr_expect_eq(pool.allocs - before, 1 + 3 + 1024);
		cr_expect_eq(pgtbl_unmap(pt, 600 * G1 + M2, 2 * G1, &gather), 2 * G1);
		unit_close();
	}
}

/* A page whose address an entry cannot hold is as good as none. */
Test(pgtbl_pages, address_out_of_reach)
{
	struct pgtbl_config c;

	cr_assert(pool_init(&pool, 64));
	c = unit_config(&pgtbl_vtdss_ops, 4);
	c.phys_offset = 1ull << 60;
	cr_expect_eq(pgtbl_create(&pt, &c), -ENOMEM);
	cr_expect_eq(pool.live, 0);
	pool_fini(&pool);
}

Test(pgtbl_pages, phys_offset)
{
	struct pgtbl_config c;
	uint64_t offset = 1ull << 48, word;

	cr_assert(pool_init(&pool, 64));
	c = unit_config(&pgtbl_x86_64_ops, 4);
	c.phys_offset = offset;
	unit_open_config(&c);
	cr_assert_eq(pgtbl_map(pt, 6 * G1, M2, K4, 3), 0);
	cr_expect_eq(unit_translate(6 * G1), M2);
	cr_expect(pool_owns(&pool, pgtbl_root_phys(pt) - offset));
	word = *(const uint64_t *)(uintptr_t)(pgtbl_root_phys(pt) - offset);
	cr_expect(pool_owns(&pool, (word & 0x000ffffffffff000ull) - offset));
	cr_expect_eq(pgtbl_unmap(pt, 6 * G1, K4, &gather), K4);
	unit_close();
}

/* Empty tables go, used ones and the pinned ones stay. */
Test(pgtbl_pages, reclaim)
{
	unit_open(&pgtbl_vtdss_ops, 4, 0);
	cr_assert_eq(pgtbl_map(pt, 0, 0, K4, 3), 0);		 /* + 3: levels 3, 2, 1 */
	cr_assert_eq(pgtbl_map(pt, 600 * G1, 0, K4, 3), 0);	 /* + 3 */
	cr_assert_eq(pgtbl_map(pt, 600 * G1 + M2, 0, K4, 3), 0); /* + 1 */
	cr_expect_eq(page_count(), 8);
	cr_expect_eq(pgtbl_reclaim(pt, 0, pgtbl_iova_last(pt), &gather), 0);
	cr_expect(pgtbl_gather_empty(&gather));
	pgtbl_unmap(pt, 0, K4, &gather);
	pgtbl_unmap(pt, 600 * G1, K4, &gather);
	cr_expect_eq(page_count(), 8);
	pgtbl_gather_release(pt, &gather);
	/* Only whole spans. */
	cr_expect_eq(pgtbl_reclaim(pt, 1, M2 - 1, &gather), 0);
	cr_expect_eq(pgtbl_reclaim(pt, 0, M2 - 2, &gather), 0);
	cr_expect_eq(pgtbl_reclaim(pt, 0, M2 - 1, &gather), 1);
	cr_expect_eq(gather.range[0].first, 0);
	cr_expect_eq(gather.range[0].last, M2 - 1);
	cr_expect(gather.tables);
	cr_expect_eq(pgtbl_reclaim(pt, 0, pgtbl_iova_last(pt), &gather), 1);
	cr_expect_eq(unit_translate(600 * G1 + M2), 0);
	pgtbl_unmap(pt, 600 * G1 + M2, K4, &gather);
	cr_expect_eq(pgtbl_reclaim(pt, 0, pgtbl_iova_last(pt), &gather), 3);
	cr_expect_eq(page_count(), 8, "not released yet");
	pgtbl_gather_release(pt, &gather);
	cr_expect_eq(page_count(), 8, "not drained yet");
	cr_expect_eq(pgtbl_drain(pt), 0);
	cr_expect_eq(page_count(), 3, "the root and two pinned ones");
	cr_assert_eq(pgtbl_map(pt, 0, 0, K4, 3), 0);
	cr_assert_eq(pgtbl_map(pt, 600 * G1, 0, K4, 3), 0);
	cr_expect_eq(page_count(), 7);
	pgtbl_unmap(pt, 0, 601 * G1, &gather);
	unit_close();
}

/* PGTBL_UNLINK: tables go with the range, in one call, holes and all. */
Test(pgtbl_pages, unlink)
{
	struct pgtbl_report r = { .gather = NULL };

	unit_open(&pgtbl_vtdss_ops, 4, PGTBL_UNLINK);
	cr_assert_eq(pgtbl_map(pt, 600 * G1, K4, G1, 3), 0);
	cr_expect_eq(page_count(), 1 + 2 + 512);
	cr_expect_eq(pgtbl_unmap(pt, 600 * G1 + 5 * K4, K4, &gather), K4);
	cr_expect_eq(pgtbl_unmap_at(pt, 600 * G1, G1, &gather, &r), G1 - K4);
	cr_expect_eq(r.iova, 600 * G1 + 5 * K4);
	cr_expect_eq(r.error, -ENOENT);
	cr_expect_eq(gather.free_pages, 513);
	cr_expect(gather.tables);
	cr_expect_eq(unit_translate(600 * G1), (uint64_t)-ENOENT);
	pgtbl_gather_release(pt, &gather);
	cr_expect_eq(pgtbl_drain(pt), 0);
	cr_expect_eq(page_count(), 2);
	/* Below 4 GiB the level-2 table stays. */
	cr_assert_eq(pgtbl_map(pt, G1, K4, G1, 3), 0);
	cr_expect_eq(pgtbl_unmap(pt, G1, G1, &gather), G1);
	cr_expect_eq(gather.free_pages, 512);
	unit_close();
}

/* Grace periods.  One thread waits; this one holds it up. */

static int drained, reclaimed;

static void *drain_thread(void *arg)
{
	(void)arg;
	cr_assert_eq(pgtbl_drain(pt), 0);
	__atomic_store_n(&drained, 1, __ATOMIC_SEQ_CST);
	return NULL;
}

static void *reclaim_thread(void *arg)
{
	cr_assert_geq(pgtbl_reclaim(pt, 0, pgtbl_iova_last(pt), arg), 0);
	__atomic_store_n(&reclaimed, 1, __ATOMIC_SEQ_CST);
	return NULL;
}

static void rest(void)
{
	struct timespec ms50 = { 0, 50000000 };

	nanosleep(&ms50, NULL);
}

Test(pgtbl_pages, freed_after_a_grace_period)
{
	pthread_t thread;
	unsigned before;

	unit_open(&pgtbl_vtdss_ops, 4, PGTBL_UNLINK);
	cr_assert_eq(pgtbl_map(pt, 600 * G1, K4, M2, 3), 0);
	cr_assert_eq(pgtbl_unmap(pt, 600 * G1, M2, &gather), M2);
	before = pool.live;
	plat_read_lock();
	pgtbl_gather_release(pt, &gather); /* does not wait */
	cr_assert_eq(pthread_create(&thread, NULL, drain_thread, NULL), 0);
	rest();
	cr_expect_not(__atomic_load_n(&drained, __ATOMIC_SEQ_CST));
	cr_expect_eq(__atomic_load_n(&pool.live, __ATOMIC_SEQ_CST), before);
	cr_expect_eq(pgtbl_drain(pt), -EBUSY);
	cr_expect_eq(pgtbl_reclaim(pt, 0, M2, &gather), -EBUSY);
	plat_read_unlock();
	pthread_join(thread, NULL);
	cr_expect(drained);
	cr_expect_eq(pool.live, before - 1);
	unit_close();
}

/* A mapper between the freeze and the unlink: its mapping is not lost, the table stays. */
Test(pgtbl_pages, a_mapper_thaws)
{
	struct pgtbl_gather other;
	pthread_t thread;

	unit_open(&pgtbl_vtdss_ops, 4, 0);
	pgtbl_gather_init(&other);
	cr_assert_eq(pgtbl_map(pt, 600 * G1, K4, K4, 3), 0);
	cr_assert_eq(pgtbl_unmap(pt, 600 * G1, K4, &gather), K4);
	plat_read_lock();
	cr_assert_eq(pthread_create(&thread, NULL, reclaim_thread, &other), 0);
	while (!(unit_word(4, 600 * G1, 2) & 1 << 10)) /* frozen */
		rest();
	cr_expect_eq(unit_translate(600 * G1), (uint64_t)-ENOENT);
	cr_expect_eq(pgtbl_map(pt, 600 * G1 + K4, M2, K4, 3), 0);
	cr_expect_eq(unit_word(4, 600 * G1, 2) & 1 << 10, 0, "thawed");
	rest();
	cr_expect_not(__atomic_load_n(&reclaimed, __ATOMIC_SEQ_CST));
	plat_read_unlock();
	pthread_join(thread, NULL);
	cr_expect_eq(unit_translate(600 * G1 + K4), M2);
	cr_expect_eq(other.free_pages, 0);
	cr_expect_eq(pgtbl_unmap(pt, 600 * G1, M2, &gather), K4);
	unit_close();
}

/* Walks that are not coherent. */

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

Test(pgtbl_pages, every_line_is_flushed_once)
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
	unit_close();
}

Test(pgtbl_pages, a_list_is_flushed_once)
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

Test(pgtbl_pages, a_second_mapper_does_not_return_early)
{
	open_noncoherent(flush_and_map);
	cr_assert_eq(pgtbl_map(pt, 6 * G1, G1, K4, 3), 0);
	cr_expect(nested);
	check_hw();
	cr_expect_eq(pgtbl_unmap(pt, 6 * G1, M2, &gather), 2 * K4);
	unit_close();
}

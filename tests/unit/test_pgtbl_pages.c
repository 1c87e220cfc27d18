/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * test_pgtbl_pages.c - table pages: every allocation failing once, release
 * after a grace period, reclaim.
 */
#include "pgtbl_unit.h"
#include "pgtbl_unit_state.h"

#include <pthread.h>
#include <string.h>
#include <time.h>

#include "plat_rcu.h"

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

/* Two gathers that are released before anybody drains: the tables of both come back. */
Test(pgtbl_pages, released_in_turn)
{
	struct pgtbl_gather g[2];

	unit_open(&pgtbl_vtdss_ops, 4, PGTBL_UNLINK);
	for (unsigned i = 0; i < 2; i++) {
		pgtbl_gather_init(&g[i]);
		cr_assert_eq(pgtbl_map(pt, (600 + i) * G1, K4, 2 * M2, 3), 0);
		cr_assert_eq(pgtbl_unmap(pt, (600 + i) * G1, 2 * M2, &g[i]), 2 * M2);
		cr_expect_eq(g[i].free_pages, 2);
	}
	cr_expect_eq(pool.live, 1 + 1 + 2 + 4);
	pgtbl_gather_release(pt, &g[0]);
	pgtbl_gather_release(pt, &g[1]);
	cr_expect_eq(pgtbl_drain(pt), 0);
	cr_expect_eq(pool.live, 1 + 1 + 2);
	unit_close();
}

/*
 * A long run over an address space that grows ever further: at the end of each part there
 * are the tables that what is mapped needs, and the pinned ones, whatever came between.
 */
Test(pgtbl_pages, bounded_after_a_long_run)
{
	uint64_t seed = 1, at[16] = { 0 };
	unsigned i = 0;

	unit_open(&pgtbl_vtdss_ops, 4, 0);
	for (unsigned n = 1; n <= 20000; n++, i = n % 16) {
		seed = seed * 6364136223846793005ull + 1442695040888963407ull;
		if (at[i])
			cr_assert_eq(pgtbl_unmap(pt, at[i], 3 * K4, &gather), 3 * K4);
		at[i] = 8 * G1 + (seed >> 33) % 40000 * (2 * M2) + M2 / 2;
		if (pgtbl_map(pt, at[i], n * K4, 3 * K4, 3))
			at[i] = 0; /* of another one */
		if (n % 1000)
			continue;
		cr_assert_geq(pgtbl_reclaim(pt, 0, pgtbl_iova_last(pt), &gather), 0);
		pgtbl_gather_release(pt, &gather);
		cr_assert_eq(pgtbl_drain(pt), 0);
		cr_assert_leq(page_count(), 2 + 16 * 2, "16 leaf tables and what is above");
	}
	cr_expect_eq(pgtbl_unmap(pt, 0, pgtbl_iova_last(pt) + 1, &gather) % (3 * K4), 0);
	cr_assert_geq(pgtbl_reclaim(pt, 0, pgtbl_iova_last(pt), &gather), 1);
	pgtbl_gather_release(pt, &gather);
	cr_assert_eq(pgtbl_drain(pt), 0);
	cr_expect_eq(page_count(), 2, "the root, and what is above the first 4 GiB");
	unit_close();
}

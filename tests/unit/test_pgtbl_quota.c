/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* test_pgtbl_quota.c - limits of table pages: of one table, of several, exact at the edge. */
#include "pgtbl_change.h"
#include "pgtbl_unit.h"

#define BASE (600 * G1)

static struct pgtbl_quota quota;

static void open_limited(uint64_t page_limit, uint64_t quota_limit)
{
	struct pgtbl_config c;

	cr_assert(pool_init(&pool, 4096));
	c = unit_config(&pgtbl_vtdss_ops, 4);
	c.page_limit = page_limit;
	quota.limit = quota_limit;
	c.quota = &quota;
	c.flags = PGTBL_SPLIT;
	unit_open_config(&c);
}

/* With @limit pages a map that needs 4 with the root works or says -EDQUOT. */
static void check_limit(uint64_t page_limit, uint64_t quota_limit, bool fits)
{
	struct pgtbl_report r = { .gather = NULL };

	open_limited(page_limit, quota_limit);
	cr_expect_eq(pgtbl_map_at(pt, BASE, 0, K4, 3, &r), fits ? 0 : -EDQUOT);
	if (!fits) {
		cr_expect_eq(r.error, -EDQUOT);
		cr_expect_eq(r.iova, BASE);
		cr_expect_eq(pool.live, 1, "nothing has changed");
	}
	cr_expect_eq(quota.pages, pool.live);
	pgtbl_unmap(pt, BASE, K4, &gather);
	unit_close();
	cr_expect_eq(quota.pages, 0);
}

Test(pgtbl_quota, exact)
{
	for (uint64_t limit = 1; limit < 6; limit++) {
		check_limit(limit, 0, limit >= 4);
		check_limit(0, limit, limit >= 4);
		check_limit(limit, 4, limit >= 4);
	}
	check_limit(0, 0, true);
	cr_expect_eq(quota.peak, 4);
}

/* Every call that takes pages says so. */
Test(pgtbl_quota, every_call)
{
	struct pgtbl_replacement with = { BASE, K4, M2, 3, NULL, NULL };
	struct pgtbl_report r = { .gather = NULL };

	open_limited(0, 3);
	cr_assert_eq(pgtbl_map(pt, BASE, 0, 2 * M2, 3), 0);
	cr_expect_eq(pool.live, 3);
	cr_expect_eq(pgtbl_map(pt, BASE + 3 * M2, 0, K4, 3), -EDQUOT);
	r.gather = &gather;
	cr_expect_eq(pgtbl_map_at(pt, BASE + 3 * M2, 0, K4, 3, &r), -EDQUOT);
	cr_expect_eq(pgtbl_unmap_at(pt, BASE, K4, &gather, &r), 0);
	cr_expect_eq(r.error, -EDQUOT);
	cr_expect_eq(pgtbl_demote(pt, BASE, M2, K4, &gather, &r), -EDQUOT);
	cr_expect_eq(pgtbl_replace(pt, &with, &gather, &r), -EDQUOT);
	cr_expect_eq(pgtbl_reserve(pt, BASE + 4 * M2, K4, K4, &r), -EDQUOT);
	quota.limit = 4;
	cr_expect_eq(pgtbl_demote(pt, BASE, M2, K4, &gather, &r), 0);
	pgtbl_gather_release(pt, &gather);
	cr_expect_eq(pgtbl_promote(pt, BASE, BASE + M2 - 1, &gather), -EDQUOT);
	quota.limit = 0;
	cr_expect_eq(pgtbl_promote(pt, BASE, BASE + M2 - 1, &gather), 1);
	cr_expect_eq(pgtbl_unmap(pt, BASE, 2 * M2, &gather), 2 * M2);
	unit_close();
	cr_expect_eq(quota.pages, 0);
}

/* Two tables on one quota: what one gives back the other may take. */
Test(pgtbl_quota, shared)
{
	struct pgtbl *other = NULL;
	struct pgtbl_config c;

	open_limited(0, 5);
	c = unit_config(&pgtbl_vtdss_ops, 4);
	c.quota = &quota;
	cr_assert_eq(pgtbl_map(pt, BASE, 0, K4, 3), 0);
	cr_assert_eq(pgtbl_create(&other, &c), 0);
	cr_expect_eq(quota.pages, 5);
	cr_expect_eq(pgtbl_map(other, BASE, 0, K4, 3), -EDQUOT);
	cr_expect_eq(pgtbl_unmap(pt, BASE, K4, &gather), K4);
	cr_expect_eq(pgtbl_reclaim(pt, 0, pgtbl_iova_last(pt), &gather), 3);
	cr_expect_eq(pgtbl_map(other, BASE, 0, K4, 3), -EDQUOT, "not freed yet");
	pgtbl_gather_release(pt, &gather);
	cr_expect_eq(pgtbl_drain(pt), 0);
	cr_expect_eq(pgtbl_map(other, BASE, 0, K4, 3), 0);
	cr_expect_eq(quota.pages, 5);
	cr_expect_eq(pgtbl_destroy(other), K4);
	quota.limit = 1;
	cr_expect_eq(pgtbl_create(&other, &c), -EDQUOT, "not even a root");
	unit_close();
	cr_expect_eq(quota.pages, 0);
	cr_expect_eq(quota.peak, 5);
}

/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * test_pgtbl_fail.c - each call that allocates, with each of its allocations failing once,
 * table pages and others; and the calls that do not allocate at all.
 */
#include "pgtbl_change.h"
#include "pgtbl_dirty.h"
#include "pgtbl_dump.h"
#include "pgtbl_grow.h"
#include "pgtbl_unit.h"

#include <stdlib.h>
#include <string.h>

#define BASE (600 * G1)
#define BYTES (3 * G1)

static unsigned long attempts, fail_at, others;
static struct plat_mem table_pages;

static void *alloc_page(void *ctx, size_t size, size_t align)
{
	(void)ctx;
	return ++attempts == fail_at ? NULL : table_pages.ops->alloc(&pool, size, align);
}

static void free_page(void *ctx, void *page, size_t size, size_t align)
{
	(void)ctx;
	table_pages.ops->free(&pool, page, size, align);
}

static void *alloc_other(void *ctx, size_t size, size_t align)
{
	size_t room = (size + align - 1) / align * align;
	void *p = ++attempts == fail_at ? NULL : aligned_alloc(align, room);

	(void)ctx;
	if (p)
		memset(p, 0, room);
	others += p != NULL;
	return p;
}

static void free_other(void *ctx, void *p, size_t size, size_t align)
{
	(void)ctx, (void)size, (void)align;
	free(p);
	others--;
}

static const struct plat_mem_ops page_ops = { .alloc = alloc_page, .free = free_page };
static const struct plat_mem_ops other_ops = { .alloc = alloc_other, .free = free_other };
static int violations;

static void violated(void *ctx, const struct pgtbl_violation *v)
{
	(void)ctx, (void)v;
	violations++;
}

static int grown(void *ctx, uint64_t root, unsigned levels)
{
	(void)ctx, (void)root, (void)levels;
	return 0;
}

static struct pgtbl_config failing_config(void)
{
	static const struct pgtbl_growth growth = { 4, grown, NULL };
	struct pgtbl_config c;

	cr_assert(pool_init(&pool, 4096));
	table_pages = pool_mem(&pool);
	c = unit_config(&pgtbl_vtdss_ops, 5);
	c.pages = (struct plat_mem){ &page_ops, NULL };
	c.meta = (struct plat_mem){ &other_ops, NULL };
	c.flags = PGTBL_SPLIT | PGTBL_AD;
	c.growth = &growth;
	c.violation = violated;
	return c;
}

static uint64_t mapped;

static int add_leaf(void *ctx, const struct pgtbl_leaf *leaf)
{
	(void)ctx;
	mapped += leaf->size;
	return 0;
}

/* Where addresses lead, in whatever leaves; and how much is mapped. */
static uint64_t translations(void)
{
	uint64_t sum = 0;

	for (uint64_t at = BASE; at < BASE + BYTES; at += 61 * K4)
		sum = (sum ^ unit_translate(at)) * 0x100000001b3ull;
	mapped = 0;
	cr_assert_eq(pgtbl_visit(pt, 0, pgtbl_iova_last(pt), add_leaf, NULL), 0);
	return sum ^ mapped;
}

static struct pgtbl_report report;

/* What is called: 0 or -ENOMEM.  A gigabyte is mapped at BASE as a whole, another in 4K pages. */
static int do_map(void)
{
	return pgtbl_map_at(pt, BASE + 2 * G1 - K4 + M2, K4, 2 * M2, 3, &report);
}

static int do_map_once(void)
{
	report.gather = &gather;
	return do_map();
}

static int do_map_sg(void)
{
	struct pgtbl_segment seg[3] = { { G1, M2 }, { 7 * K4, K4 }, { 3 * G1 + K4, M2 } };

	return pgtbl_map_sg_at(pt, BASE + 2 * G1 + M2, seg, 3, 3, &report);
}

static int do_reserve(void)
{
	int err = pgtbl_reserve(pt, BASE + 2 * G1, 3 * M2, K4, &report);

	return err ? err : pgtbl_unreserve(pt, BASE + 2 * G1, 3 * M2, K4);
}

static int do_replace(void)
{
	/* Splits the gigabyte, and two of its parts. */
	struct pgtbl_replacement with = { BASE + K4, K4 + M2, 2 * M2, 3, NULL, NULL };

	return pgtbl_replace(pt, &with, &gather, &report);
}

static int do_demote(void)
{
	return pgtbl_demote(pt, BASE + M2 - K4, 2 * K4, K4, &gather, &report);
}

static int do_promote(void)
{
	int64_t n = pgtbl_promote(pt, BASE, BASE + BYTES - 1, &gather);

	return n > 0 ? 0 : (int)n;
}

static int count_difference(void *ctx, const struct pgtbl_difference *d)
{
	(void)ctx, (void)d;
	return 0;
}

static int do_compare(void)
{
	return pgtbl_compare(pt, pt, 0, pgtbl_iova_last(pt), count_difference, NULL);
}

static int write_nothing(void *ctx, const void *bytes, size_t len)
{
	(void)ctx, (void)bytes, (void)len;
	return 0;
}

static int print_nothing(void *ctx, const char *text, size_t len)
{
	(void)ctx, (void)text, (void)len;
	return 0;
}

static int do_image(void)
{
	return pgtbl_image(pt, write_nothing, NULL);
}

static const struct {
	const char *name;
	int (*call)(void);
	unsigned allocations;
	bool nothing; /* after a failure there are not even tables */
} calls[] = {
	{ "map", do_map, 4, true },	    { "map once", do_map_once, 4, false },
	{ "map_sg", do_map_sg, 3, true },   { "reserve", do_reserve, 5, true },
	{ "replace", do_replace, 3, false }, { "demote", do_demote, 3, false },
	{ "promote", do_promote, 1, true }, { "compare", do_compare, 1, true },
	{ "image", do_image, 1, true },
};

/* Allocation number @n of call number @i fails.  Whether there was one. */
static bool fail_one(unsigned i, unsigned n)
{
	struct pgtbl_config c = failing_config();
	uint64_t before;
	unsigned live;
	int err;

	unit_open_config(&c);
	memset(&report, 0, sizeof(report));
	cr_assert_eq(pgtbl_map(pt, BASE, 8 * G1, G1, 3), 0);
	cr_assert_eq(pgtbl_map(pt, BASE + G1, 16 * G1 + K4, G1 - M2, 3), 0);
	cr_assert_eq(pgtbl_map(pt, BASE + 2 * G1 - M2, 0, M2 / 2, 3), 0);
	cr_assert_eq(pgtbl_map(pt, BASE + 2 * G1 - M2 / 2, M2 / 2, M2 / 2, 3), 0);
	before = translations();
	live = pool.live;
	fail_at = attempts + n;
	err = calls[i].call();
	fail_at = attempts >= fail_at ? fail_at : 0;
	if (fail_at) {
		cr_expect_eq(err, -ENOMEM, "%s, allocation %u: %d", calls[i].name, n, err);
		cr_expect_eq(translations(), before, "%s, allocation %u", calls[i].name, n);
		cr_expect(!calls[i].nothing || pool.live == live, "%s, allocation %u: %u pages",
			  calls[i].name, n, pool.live);
		cr_expect_eq(calls[i].call(), 0, "%s, again", calls[i].name);
	} else {
		cr_expect_eq(err, 0, "%s: %d", calls[i].name, err);
	}
	err = fail_at != 0;
	fail_at = 0;
	cr_expect_eq(violations, 0);
	pgtbl_unmap(pt, 0, pgtbl_iova_last(pt) + 1, &gather);
	unit_close();
	cr_expect_eq(others, 0, "%s, allocation %u", calls[i].name, n);
	return err;
}

Test(pgtbl_fail, each_allocation_of_each_call)
{
	for (unsigned i = 0; i < sizeof(calls) / sizeof(*calls); i++) {
		unsigned n = 1;

		while (fail_one(i, n))
			n++;
		cr_expect_eq(n - 1, calls[i].allocations, "%s has %u", calls[i].name, n - 1);
	}
}

/* A table with all that a table can have: object, check, and a page for each level above. */
Test(pgtbl_fail, create)
{
	unsigned n = 0;
	int err;

	do {
		struct pgtbl_config c = failing_config();

		fail_at = attempts + ++n;
		err = pgtbl_create(&pt, &c);
		fail_at = 0;
		if (err) {
			cr_assert_eq(err, -ENOMEM);
			cr_expect_eq(pool.live, 0, "allocation %u", n);
			cr_expect_eq(others, 0, "allocation %u", n);
			cr_expect_null(pool.error, "%s", pool.error);
			pool_fini(&pool);
		}
	} while (err);
	cr_expect_eq(n - 1, 4);
	pgtbl_gather_init(&gather);
	unit_close();
	cr_expect_eq(others, 0);
}

/* A split that an unmap needs: what it says it unmapped is what is gone. */
Test(pgtbl_fail, unmap_that_splits)
{
	unsigned n = 0;

	do {
		struct pgtbl_config c = failing_config();
		uint64_t bytes;

		unit_open_config(&c);
		memset(&report, 0, sizeof(report));
		cr_assert_eq(pgtbl_map(pt, BASE, 8 * G1, 2 * G1, 3), 0);
		fail_at = attempts + ++n;
		bytes = pgtbl_unmap_at(pt, BASE + M2 + K4, G1, &gather, &report);
		fail_at = 0;
		translations();
		cr_expect_eq(mapped, 2 * G1 - bytes, "allocation %u", n);
		cr_expect_eq(unit_translate(BASE + M2), 8 * G1 + M2);
		cr_expect_eq(unit_translate(BASE + G1 + M2 + K4), 9 * G1 + M2 + K4);
		if (report.error) {
			cr_expect_eq(report.error, -ENOMEM);
			cr_expect_lt(bytes, G1);
		} else {
			cr_expect_eq(bytes, G1);
		}
		pgtbl_unmap(pt, BASE, 2 * G1, &gather);
		unit_close();
		cr_expect_eq(others, 0);
	} while (report.error);
	cr_expect_eq(n - 1, 4, "two gigabytes, and a leaf of each");
}

static int see_nothing(void *ctx, const struct pgtbl_leaf *leaf)
{
	(void)ctx, (void)leaf;
	return 0;
}

/* What may be called where nothing can be allocated. */
Test(pgtbl_fail, calls_that_need_no_memory)
{
	struct pgtbl_config c = failing_config();
	uint64_t bits[512] = { 0 };
	struct pgtbl_bitmap bitmap = { BASE, 16, 512 * 64, bits };
	unsigned long before;

	unit_open_config(&c);
	cr_assert_eq(pgtbl_reserve(pt, BASE, M2, K4, NULL), 0);
	before = attempts;
	cr_expect_eq(pgtbl_map(pt, BASE, K4, M2, 3), 0);
	cr_expect_eq(pgtbl_dirty_start(pt, BASE, G1, &gather), 0);
	cr_expect_eq(pgtbl_dirty_read(pt, BASE, G1, PGTBL_DIRTY, &bitmap, &gather), 0);
	cr_expect_eq(pgtbl_dirty_fault(pt, BASE, &gather), 0);
	cr_expect_eq(pgtbl_dirty_stop(pt, BASE, G1, &gather), 0);
	cr_expect_eq(pgtbl_visit(pt, 0, pgtbl_iova_last(pt), see_nothing, NULL), 0);
	cr_expect_eq(pgtbl_dump(pt, 0, pgtbl_iova_last(pt), PGTBL_DUMP_SVG, print_nothing, NULL), 0);
	cr_expect_eq(pgtbl_unmap(pt, BASE, M2, &gather), M2);
	cr_expect_eq(pgtbl_unreserve(pt, BASE, M2, K4), 0);
	cr_expect_eq(pgtbl_reclaim(pt, 0, pgtbl_iova_last(pt), &gather), 3);
	pgtbl_gather_release(pt, &gather);
	cr_expect_eq(pgtbl_drain(pt), 0);
	cr_expect_eq(attempts, before);
	unit_close();
}

/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * test_pgtbl_check.c - a checked table names those who change what is not theirs.  A
 * second call starts inside a first one, from its memory function.
 */
#include "pgtbl_change.h"
#include "pgtbl_dirty.h"
#include "pgtbl_unit.h"

#define BASE (600 * G1)

static unsigned violations;
static struct pgtbl_violation seen;
static void (*inside)(void);
static struct plat_mem plain;

static void violated(void *ctx, const struct pgtbl_violation *v)
{
	cr_expect_eq(ctx, &seen);
	violations++;
	seen = *v;
}

static void *alloc_and_call(void *ctx, size_t size, size_t align)
{
	void (*call)(void) = inside;

	inside = NULL;
	if (call)
		call();
	return plain.ops->alloc(ctx, size, align);
}

static void free_plain(void *ctx, void *ptr, size_t size, size_t align)
{
	plain.ops->free(ctx, ptr, size, align);
}

static const struct plat_mem_ops mem_ops = { .alloc = alloc_and_call, .free = free_plain };

static void open_checked(void)
{
	struct pgtbl_config c;

	cr_assert(pool_init(&pool, 256));
	plain = pool_mem(&pool);
	c = unit_config(&pgtbl_vtdss_ops, 4);
	c.pages = (struct plat_mem){ &mem_ops, &pool };
	c.flags = PGTBL_SPLIT;
	c.violation = violated;
	c.violation_ctx = &seen;
	unit_open_config(&c);
	violations = 0;
}

static void map_same(void)
{
	pgtbl_map(pt, BASE + K4, 0, K4, 3);
}
static void map_sg_same(void)
{
	struct pgtbl_segment seg[2] = { { G1, K4 }, { M2, K4 } };

	pgtbl_map_sg(pt, BASE - K4, seg, 2, 3);
}
static void map_next(void)
{
	cr_expect_eq(pgtbl_map(pt, BASE + 2 * K4, 0, K4, 3), 0);
}
static void unmap_same(void)
{
	pgtbl_unmap(pt, BASE, K4, &gather);
}
static uint64_t elsewhere;

static void unmap_elsewhere(void)
{
	pgtbl_unmap(pt, elsewhere, K4, &gather);
}
static void replace_same(void)
{
	struct pgtbl_replacement with = { BASE, 0, K4, 3, NULL, NULL };

	pgtbl_replace(pt, &with, &gather, NULL);
}
static void demote_same(void)
{
	pgtbl_demote(pt, BASE, K4, K4, &gather, NULL);
}
static void reserve_same(void)
{
	pgtbl_reserve(pt, BASE, K4, K4, NULL);
	pgtbl_unreserve(pt, BASE, K4, K4);
}
static void track_same(void)
{
	cr_expect_eq(pgtbl_dirty_start(pt, BASE, K4, &gather), 0);
}
static void translate_same(void)
{
	cr_expect_eq(unit_translate(BASE), (uint64_t)-ENOENT);
}

/* A map of two pages, and what starts while it runs. */
static void check(void (*call)(void), unsigned want, enum pgtbl_call kind)
{
	open_checked();
	inside = call;
	pgtbl_map(pt, BASE, G1, 2 * K4, 3);
	cr_expect_null(inside, "the call was made");
	cr_expect_eq(violations, want);
	if (want) {
		cr_expect_eq(seen.pt, pt);
		cr_expect_eq(seen.call[0], kind);
		cr_expect_eq(seen.call[1], PGTBL_CALL_MAP);
		cr_expect_eq(seen.first[1], BASE);
		cr_expect_eq(seen.last[1], BASE + 2 * K4 - 1);
	}
	pgtbl_unmap(pt, BASE - G1, 2 * G1, &gather);
	unit_close();
}

Test(pgtbl_check, overlapping_calls)
{
	check(map_same, 1, PGTBL_CALL_MAP);
	check(map_sg_same, 1, PGTBL_CALL_MAP);
	check(unmap_same, 1, PGTBL_CALL_UNMAP);
	check(replace_same, 1, PGTBL_CALL_CHANGE);
	check(demote_same, 1, PGTBL_CALL_CHANGE);
	check(reserve_same, 1, PGTBL_CALL_CHANGE);
	check(map_next, 0, PGTBL_CALL_MAP);
	/* These need not own what they look at. */
	check(track_same, 0, PGTBL_CALL_MAP);
	check(translate_same, 0, PGTBL_CALL_MAP);
}

/* One after the other is no violation, however often; nor is a call that is refused. */
Test(pgtbl_check, in_turn)
{
	open_checked();
	for (unsigned i = 0; i < 1000; i++) {
		cr_assert_eq(pgtbl_map(pt, BASE, i * K4, K4, 3), 0);
		cr_assert_eq(pgtbl_unmap(pt, BASE, K4, &gather), K4);
	}
	cr_expect_eq(pgtbl_map(pt, 1, 0, K4, 3), -EINVAL);
	cr_expect_eq(pgtbl_unmap(pt, 0, 0, &gather), 0);
	cr_expect_eq(violations, 0);
	/* And after so many, and each time, one that does overlap is still seen. */
	for (unsigned i = 1; i <= 6; i++) {
		elsewhere = BASE + i * G1 + (i % 2) * K4;
		inside = unmap_elsewhere;
		cr_expect_eq(pgtbl_map(pt, BASE + i * G1, 0, K4, 3), 0);
		cr_expect_null(inside);
		cr_expect_eq(violations, i / 2);
	}
	pgtbl_unmap(pt, BASE, 8 * G1, &gather);
	unit_close();
}

/* The memory for the check can be missing, too. */
Test(pgtbl_check, without_memory)
{
	static struct pgtbl_pool meta;
	struct pgtbl_config c;

	cr_assert(pool_init(&pool, 4));
	cr_assert(pool_init(&meta, 1));
	c = unit_config(&pgtbl_vtdss_ops, 4);
	c.violation = violated;
	c.meta = pool_mem(&meta);
	meta.fail_at = 2; /* the table itself is the first */
	cr_expect_eq(pgtbl_create(&pt, &c), -ENOMEM);
	cr_expect_eq(pool.live, 0);
	pool_fini(&meta);
	pool_fini(&pool);
}

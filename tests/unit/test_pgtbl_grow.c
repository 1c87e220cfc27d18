/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* test_pgtbl_grow.c - tables whose top level rises: steps, refusals, what is told and kept. */
#include "pgtbl_change.h"
#include "pgtbl_dump.h"
#include "pgtbl_grow.h"
#include "pgtbl_unit.h"

#include <stdio.h>
#include <string.h>

/* What the driver was told, and what it answers. */
static struct {
	unsigned calls;
	unsigned levels;
	uint64_t root;
	int answer;
} driver;

static int grown(void *ctx, uint64_t root, unsigned levels)
{
	cr_expect_eq(ctx, &driver);
	cr_expect_gt(levels, driver.levels);
	driver.calls++;
	if (driver.answer)
		return driver.answer;
	driver.levels = levels;
	driver.root = root;
	return 0;
}

static struct pgtbl_growth growth = { .grown = grown, .ctx = &driver };

static struct pgtbl_config growing(const struct pgtbl_ops *ops, unsigned from, unsigned to)
{
	struct pgtbl_config c = unit_config(ops, to);

	growth.start_levels = from;
	c.growth = &growth;
	return c;
}

static void open_growing(const struct pgtbl_ops *ops, unsigned from, unsigned to, unsigned flags)
{
	struct pgtbl_config c;

	cr_assert(pool_init(&pool, 4096));
	c = growing(ops, from, to);
	c.flags = flags;
	unit_open_config(&c);
	memset(&driver, 0, sizeof(driver));
	driver.levels = from;
	driver.root = pgtbl_root_phys(pt);
}

static void expect_top(unsigned levels, unsigned bits, unsigned calls)
{
	struct pgtbl_top top;

	pgtbl_top(pt, &top);
	cr_expect_eq(top.levels, levels);
	cr_expect_eq(top.iova_last, (1ull << bits) - 1);
	cr_expect_eq(top.root_phys, driver.root);
	cr_expect_eq(pgtbl_root_phys(pt), driver.root);
	cr_expect_eq(driver.levels, levels);
	cr_expect_eq(driver.calls, calls);
}

/* @iova leads to @phys by a walk of a page that begins where the driver was told to. */
static void expect_page(uint64_t iova, uint64_t phys)
{
	cr_expect_eq(unit_word(driver.levels, iova, 1) & 0x000ffffffffff000ull, phys);
}

Test(pgtbl_grow, steps)
{
	open_growing(&pgtbl_vtdss_ops, 3, 5, 0);
	cr_expect_eq(pool.live, 3, "a page for each level");
	expect_top(3, 39, 0);
	cr_assert_eq(pgtbl_map(pt, 5 * G1, 0x7000, K4, 3), 0);
	cr_assert_eq(pgtbl_map(pt, (1ull << 39) - K4, 0x8000, K4, 3), 0);
	expect_top(3, 39, 0);
	cr_expect_eq(unit_translate(1ull << 39), (uint64_t)-ENOENT);
	cr_expect_eq(pgtbl_unmap(pt, 1ull << 39, K4, &gather), 0);
	expect_top(3, 39, 0);
	/* The last page in reach and the first that is not. */
	cr_assert_eq(pgtbl_unmap(pt, (1ull << 39) - K4, K4, &gather), K4);
	cr_assert_eq(pgtbl_map(pt, (1ull << 39) - K4, 0x18000, 2 * K4, 3), 0);
	expect_top(4, 48, 1);
	expect_page((1ull << 39) - K4, 0x18000);
	expect_page(1ull << 39, 0x19000);
	expect_page(5 * G1, 0x7000);
	cr_assert_eq(pgtbl_map(pt, (1ull << 57) - K4, 0x9000, K4, 3), 0);
	expect_top(5, 57, 2);
	expect_page((1ull << 57) - K4, 0x9000);
	expect_page(5 * G1, 0x7000);
	/* Never smaller. */
	cr_assert_eq(pgtbl_unmap(pt, 0, 1ull << 57, &gather), 4 * K4);
	expect_top(5, 57, 2);
	unit_close();
}

/* Two levels at once, without a map. */
Test(pgtbl_grow, ahead)
{
	open_growing(&pgtbl_riscv_ops, 3, 5, 0);
	expect_top(3, 38, 0);
	cr_expect_eq(pgtbl_grow(pt, (1ull << 38) - 1), 0);
	expect_top(3, 38, 0);
	cr_expect_eq(pgtbl_grow(pt, 1ull << 47), 0);
	expect_top(5, 56, 1);
	cr_expect_eq(pgtbl_grow(pt, (1ull << 56) - 1), 0);
	expect_top(5, 56, 1);
	cr_expect_eq(pgtbl_grow(pt, 1ull << 56), -EINVAL);
	cr_expect_eq(pgtbl_grow(NULL, 0), -EINVAL);
	unit_close();
	/* One that does not grow is in reach of all it has. */
	unit_open(&pgtbl_vtdss_ops, 3, 0);
	cr_expect_eq(pgtbl_grow(pt, (1ull << 39) - 1), 0);
	cr_expect_eq(pgtbl_grow(pt, 1ull << 39), -EINVAL);
	unit_close();
}

Test(pgtbl_grow, refused_by_the_driver)
{
	struct pgtbl_segment seg[2] = { { 0x8000, K4 }, { 0x4000, K4 } };
	uint64_t step = 1ull << 39;
	struct pgtbl_report r;

	open_growing(&pgtbl_vtdss_ops, 3, 4, 0);
	driver.answer = -EBUSY;
	r = (struct pgtbl_report){ .gather = NULL };
	cr_expect_eq(pgtbl_map_at(pt, step - K4, 0x8000, 2 * K4, 3, &r), -EBUSY);
	cr_expect_eq(r.error, -EBUSY);
	cr_expect_eq(r.iova, step);
	cr_expect_eq(pgtbl_map_sg_at(pt, step - K4, seg, 2, 3, &r), -EBUSY);
	cr_expect_eq(r.iova, step);
	cr_expect_eq(pgtbl_map_at(pt, step + G1, 0x8000, K4, 3, &r), -EBUSY);
	cr_expect_eq(r.iova, step + G1);
	cr_expect_eq(pgtbl_reserve(pt, step - M2, 2 * M2, K4, &r), -EBUSY);
	cr_expect_eq(r.iova, step);
	cr_expect_eq(pgtbl_unreserve(pt, step - M2, 2 * M2, K4), -ENOENT);
	cr_expect_eq(pgtbl_grow(pt, step), -EBUSY);
	expect_top(3, 39, 5);
	cr_expect_eq(pool.live, 2, "nothing has changed");
	/* Arguments that are wrong are so without a driver. */
	cr_expect_eq(pgtbl_map_at(pt, step + 1, 0x8000, K4, 3, &r), -EINVAL);
	cr_expect_eq(pgtbl_map_at(pt, step, 0x8000, K4, PGTBL_NOEXEC, &r), -EINVAL);
	cr_expect_eq(driver.calls, 5);
	driver.answer = 0;
	cr_expect_eq(pgtbl_map_at(pt, step - K4, 0x8000, 2 * K4, 3, &r), 0);
	expect_top(4, 48, 6);
	pgtbl_unmap(pt, step - K4, 2 * K4, &gather);
	unit_close();
}

/* Interrupt contexts: what is reserved calls nobody any more. */
Test(pgtbl_grow, reserved)
{
	uint64_t iova = (1ull << 39) + 3 * G1;
	unsigned long allocs;

	open_growing(&pgtbl_vtdss_ops, 3, 4, 0);
	cr_assert_eq(pgtbl_reserve(pt, iova, M2, K4, NULL), 0);
	expect_top(4, 48, 1);
	driver.answer = -EIO;
	allocs = pool.allocs;
	cr_expect_eq(pgtbl_map(pt, iova, 0x8000, M2, 3), 0);
	cr_expect_eq(pool.allocs, allocs);
	expect_page(iova + K4, 0x9000);
	pgtbl_unmap(pt, iova, M2, &gather);
	cr_expect_eq(pgtbl_unreserve(pt, iova, M2, K4), 0);
	unit_close();
}

/* From one level on: neither front tier nor large leaf gets past hardware. */
Test(pgtbl_grow, from_one_level)
{
	open_growing(&pgtbl_amdv1_ops, 1, 6, PGTBL_UNLINK);
	cr_expect_eq(pool.live, 6);
	expect_top(1, 21, 0);
	cr_assert_eq(pgtbl_map(pt, K4, 0x7000, K4, 3), 0);
	cr_assert_eq(pgtbl_map(pt, 8 * K4, 0x7000, 8 * K4, 3), 0);
	expect_top(1, 21, 0);
	expect_page(K4, 0x7000);
	cr_assert_eq(pgtbl_map(pt, M2, M2, M2, 3), 0);
	expect_top(2, 30, 1);
	cr_expect_eq(unit_word(2, M2, 2) & 0x000ffffffffff001ull, M2 | 1);
	expect_page(K4, 0x7000);
	/* What hardware begins with stays, empty or not. */
	cr_expect_eq(pgtbl_unmap(pt, 0, 2 * M2, &gather), 9 * K4 + M2);
	cr_expect_eq(gather.free_pages, 0);
	cr_expect_eq(pgtbl_reclaim(pt, 0, pgtbl_iova_last(pt), &gather), 0);
	cr_expect_eq(pgtbl_promote(pt, 0, pgtbl_iova_last(pt), &gather), 0);
	cr_expect_eq(pool.live, 6);
	cr_assert_eq(pgtbl_map(pt, 0, 0, 2 * M2, 3), 0);
	cr_expect_eq(pgtbl_promote(pt, 0, pgtbl_iova_last(pt), &gather), 0);
	cr_expect_eq(unit_translate(511 * K4), 511 * K4);
	cr_expect_eq(pgtbl_unmap(pt, 0, 2 * M2, &gather), 2 * M2);
	cr_assert_eq(pgtbl_map(pt, ~0ull - K4 + 1, 0x7000, K4, 3), 0);
	cr_expect_eq(driver.levels, 6);
	expect_page(~0ull - K4 + 1, 0x7000);
	cr_expect_eq(pgtbl_unmap(pt, ~0ull - K4 + 1, K4, &gather), K4);
	unit_close();
}

Test(pgtbl_grow, shapes)
{
	static const struct {
		const struct pgtbl_ops *ops;
		unsigned from, to;
		int want;
	} shape[] = {
		{ &pgtbl_vtdss_ops, 3, 3, 0 },	      { &pgtbl_vtdss_ops, 2, 3, -EINVAL },
		{ &pgtbl_vtdss_ops, 4, 3, -EINVAL },  { &pgtbl_vtdss_ops, 0, 3, -EINVAL },
		{ &pgtbl_x86_64_ops, 4, 5, 0 },	      { &pgtbl_x86_64_ops, 3, 5, -EINVAL },
		{ &pgtbl_amdv1_ops, 1, 6, 0 },	      { &pgtbl_riscv_ops, 3, 5, 0 },
		{ &pgtbl_tce_ops, 1, 5, 0 },	      { &pgtbl_arm_s1_ops, 3, 4, -EINVAL },
		{ &pgtbl_arm_s2_ops, 2, 3, -EINVAL }, { &pgtbl_arm_s1_ops, 4, 4, -EINVAL },
	};
	struct pgtbl_config c;

	for (unsigned i = 0; i < sizeof(shape) / sizeof(*shape); i++) {
		cr_assert(pool_init(&pool, 64));
		c = growing(shape[i].ops, shape[i].from, shape[i].to);
		cr_expect_eq(pgtbl_create(&pt, &c), shape[i].want, "%u", i);
		if (!shape[i].want) {
			cr_expect_eq(pool.live, shape[i].to - shape[i].from + 1, "%u", i);
			pgtbl_destroy(pt);
		}
		cr_expect_eq(pool.live, 0);
		pool_fini(&pool);
	}
	cr_assert(pool_init(&pool, 64));
	c = growing(&pgtbl_vtdss_ops, 3, 4);
	growth.grown = NULL;
	cr_expect_eq(pgtbl_create(&pt, &c), -EINVAL, "nobody to tell");
	growth.grown = grown;
	/* Narrower than its levels: then it never grows. */
	c.iova_bits = 36;
	memset(&driver, 0, sizeof(driver));
	cr_assert_eq(pgtbl_create(&pt, &c), 0);
	cr_expect_eq(pgtbl_grow(pt, (1ull << 36) - 1), 0);
	cr_expect_eq(driver.calls, 0);
	cr_expect_eq(pgtbl_destroy(pt), 0);
	pool_fini(&pool);
}

/* Every allocation failing once, at creation and in a map across the step. */
Test(pgtbl_grow, no_memory)
{
	uint64_t step = 1ull << 39;
	struct pgtbl_config c;
	unsigned failures = 0;

	for (unsigned n = 1;; n++) {
		int err;

		cr_assert(pool_init(&pool, 4096));
		c = growing(&pgtbl_vtdss_ops, 3, 5);
		pool.fail_at = n;
		err = pgtbl_create(&pt, &c);
		if (!err)
			break;
		cr_expect_eq(err, -ENOMEM);
		cr_expect_eq(pool.live, 0);
		cr_assert_null(pool.error, "%s", pool.error);
		pool_fini(&pool);
		failures++;
	}
	cr_expect_eq(failures, 3);
	pool.fail_at = 0;
	pgtbl_gather_init(&gather);
	memset(&driver, 0, sizeof(driver));
	for (unsigned n = 1;; n++) {
		struct pgtbl_report r = { .gather = NULL };

		pool.fail_at = pool.allocs + n;
		if (!pgtbl_map_at(pt, step - M2 - K4, 0x8000, 2 * M2 + 2 * K4, 3, &r))
			break;
		cr_expect_eq(r.error, -ENOMEM);
		cr_expect_eq(pool.live, 3, "no tables are left");
		cr_expect_eq(pgtbl_unmap(pt, step - 2 * M2, 4 * M2, &gather), 0);
		/* Its growth stays. */
		cr_expect_eq(driver.levels, 4);
	}
	cr_expect_eq(driver.calls, 1);
	cr_expect_eq(pgtbl_unmap(pt, step - M2 - K4, 2 * M2 + 2 * K4, &gather), 2 * M2 + 2 * K4);
	unit_close();
	/* Limits count these pages as all others. */
	cr_assert(pool_init(&pool, 64));
	c = growing(&pgtbl_vtdss_ops, 3, 5);
	c.page_limit = 2;
	cr_expect_eq(pgtbl_create(&pt, &c), -EDQUOT);
	cr_expect_eq(pool.live, 0);
	pool_fini(&pool);
}

static uint8_t text[1 << 18];
static size_t text_len;

static int keep(void *ctx, const void *bytes, size_t len)
{
	(void)ctx;
	cr_assert_leq(text_len + len, sizeof(text));
	memcpy(&text[text_len], bytes, len);
	text_len += len;
	return 0;
}

static int keep_text(void *ctx, const char *s, size_t len)
{
	return keep(ctx, s, len);
}

static unsigned occurrences(const char *what)
{
	unsigned n = 0;

	text[text_len] = 0;
	for (const char *s = (char *)text; (s = strstr(s, what)); s++)
		n++;
	return n;
}

/* What is shown is what hardware begins with. */
static void expect_shown(unsigned levels, unsigned tables, unsigned bits)
{
	uint64_t root;
	char want[32];

	text_len = 0;
	cr_expect_eq(pgtbl_image(pt, keep, NULL), 0);
	cr_expect_eq(text_len, 64 + tables * (24 + 4096) + 24);
	cr_expect_eq(text[12], levels);
	cr_expect_eq(text[52], bits);
	memcpy(&root, &text[32], 8);
	cr_expect_eq(root, driver.root);
	memcpy(&root, &text[64], 8);
	cr_expect_eq(root, driver.root, "the root is first");
	text_len = 0;
	cr_expect_eq(pgtbl_dump(pt, 0, pgtbl_iova_last(pt), PGTBL_DUMP_TEXT, keep_text, NULL), 0);
	snprintf(want, sizeof(want), "levels=%u", levels);
	cr_expect_eq(occurrences(want), 1);
	text_len = 0;
	cr_expect_eq(pgtbl_dump(pt, 0, pgtbl_iova_last(pt), PGTBL_DUMP_SVG, keep_text, NULL), 0);
	cr_expect_eq(occurrences("fill=\"#eee\""), tables);
	cr_expect_eq(occurrences(">level "), levels);
}

Test(pgtbl_grow, dumps)
{
	open_growing(&pgtbl_riscv_ops, 3, 5, 0);
	expect_shown(3, 1, 38);
	cr_assert_eq(pgtbl_map(pt, 5 * G1, 0x7000, K4, 3), 0);
	expect_shown(3, 3, 38);
	cr_assert_eq(pgtbl_map(pt, 1ull << 38, 0x7000, K4, 3), 0);
	expect_shown(4, 6, 47);
	cr_assert_eq(pgtbl_map(pt, 1ull << 55, 0x7000, K4, 3), 0);
	expect_shown(5, 11, 56);
	text_len = 0;
	cr_expect_eq(pgtbl_dump(pt, 0, pgtbl_iova_last(pt), PGTBL_DUMP_TEXT, keep_text, NULL), 0);
	cr_expect_eq(occurrences(" 1 x 4K "), 3);
	cr_expect_eq(pgtbl_unmap(pt, 0, 1ull << 56, &gather), 3 * K4);
	unit_close();
}

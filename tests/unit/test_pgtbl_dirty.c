/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * test_pgtbl_dirty.c - what was used and written: bits that "hardware" (this file)
 * sets in the entries, and write protection with faults.
 */
#include "pgtbl_change.h"
#include "pgtbl_dirty.h"
#include "pgtbl_unit.h"

#include <string.h>

#define BASE (600 * G1)
#define PAGES 2048u

static uint64_t bits[PAGES / 64];
static const struct pgtbl_bitmap bitmap = { BASE, 12, PAGES, bits };

/* Bit positions, not taken from the library. */
struct hw {
	const struct pgtbl_ops *ops;
	enum hw_format format;
	unsigned accessed, dirty, writable;
};
static const struct hw hw[] = {
	{ &pgtbl_vtdss_ops, HW_VTDSS, 8, 9, 1 },
	{ &pgtbl_x86_64_ops, HW_X86_64, 5, 6, 1 },
	{ &pgtbl_amdv1_ops, HW_AMDV1, 5, 6, 62 },
	{ &pgtbl_riscv_ops, HW_RISCV, 6, 7, 2 },
};
static const struct hw *h;

static void open_sizes(const struct hw *what, unsigned flags, bool flush, uint64_t sizes)
{
	struct pgtbl_config c;

	h = what;
	cr_assert(pool_init(&pool, 4096));
	c = unit_config(h->ops, 4);
	c.page_sizes = sizes;
	c.flags = flags;
	c.flush = flush ? pool_flush : NULL;
	unit_open_config(&c);
	memset(bits, 0, sizeof(bits));
}

static void open_tracked(const struct hw *what, unsigned flags, bool flush)
{
	open_sizes(what, flags, flush, K4 | M2 | G1);
}

static bool is_leaf(uint64_t word)
{
	switch (h->format) {
	case HW_AMDV1:
		return !(word & 0xe00) || (word & 0xe00) == 0xe00;
	case HW_RISCV:
		return word & 0xe;
	default:
		return word & 0x80;
	}
}

/* The entry that serves @iova: as unit_word(), but to be written. */
static uint64_t *leaf_of(uint64_t iova)
{
	uint64_t page = pgtbl_root_phys(pt), *slot;

	for (unsigned level = 4;; level--) {
		slot = (uint64_t *)(uintptr_t)page + (iova >> (12 + 9 * (level - 1)) & 511);
		if (level == 1 || is_leaf(*slot))
			return slot;
		page = hw_target(h->format, *slot);
	}
}

/* A device writes, or reads; false: it is refused. */
static bool dma(uint64_t iova, bool write)
{
	uint64_t *slot = leaf_of(iova);

	if (write && !(*slot >> h->writable & 1))
		return false;
	*slot |= 1ull << h->accessed | (uint64_t)write << h->dirty;
	return true;
}

static unsigned count_bits(void)
{
	unsigned n = 0;

	for (unsigned i = 0; i < PAGES / 64; i++)
		n += (unsigned)__builtin_popcountll(bits[i]);
	return n;
}

static bool reported(unsigned page)
{
	return bits[page / 64] >> (page % 64) & 1;
}

static unsigned read_dirty(uint64_t iova, uint64_t size, unsigned track)
{
	memset(bits, 0, sizeof(bits));
	cr_assert_eq(pgtbl_dirty_read(pt, iova, size, track, &bitmap, &gather), 0);
	return count_bits();
}

static bool gathered(uint64_t first, uint64_t last)
{
	for (unsigned i = 0; i < gather.nr_ranges; i++)
		if (gather.range[i].first <= first && gather.range[i].last >= last)
			return true;
	return false;
}

/* Hardware keeps the bits. */
static void check_hw(const struct hw *what)
{
	open_tracked(what, PGTBL_AD, false);
	cr_assert_eq(pgtbl_map(pt, BASE, 0, 100 * K4, 3), 0);
	cr_assert_eq(pgtbl_map(pt, BASE + M2, M2, M2, 3), 0);
	cr_expect_eq(read_dirty(BASE, 2 * M2, PGTBL_DIRTY), 0, "mapped clean");
	cr_expect_eq(read_dirty(BASE, 2 * M2, PGTBL_ACCESSED), 0);
	cr_expect(pgtbl_gather_empty(&gather), "nothing was changed");
	cr_assert(dma(BASE + 7 * K4, true));
	cr_assert(dma(BASE + 99 * K4, false));
	cr_assert(dma(BASE + M2 + 5 * K4, true));
	cr_expect_eq(read_dirty(BASE, 2 * M2, PGTBL_DIRTY | PGTBL_KEEP), 513);
	cr_expect(pgtbl_gather_empty(&gather));
	cr_expect_eq(read_dirty(BASE, 2 * M2, PGTBL_DIRTY), 513);
	cr_expect(reported(7) && !reported(99) && reported(512) && reported(1023));
	cr_expect(gathered(BASE + 7 * K4, BASE + 8 * K4 - 1));
	cr_expect(gathered(BASE + M2, BASE + 2 * M2 - 1));
	cr_expect_eq(read_dirty(BASE, 2 * M2, PGTBL_DIRTY), 0, "it is clean now");
	cr_expect_eq(read_dirty(BASE, 2 * M2, PGTBL_ACCESSED), 514);
	cr_expect_eq(read_dirty(BASE, 2 * M2, PGTBL_ACCESSED), 0);
	cr_expect_eq(unit_translate(BASE + M2 + 5), M2 + 5);
	/* A part of the large leaf: reported, but not made clean for the rest of it. */
	cr_assert(dma(BASE + M2, true));
	cr_expect_eq(read_dirty(BASE + M2 + 8 * K4, 2 * K4, PGTBL_DIRTY), 2);
	cr_expect_eq(read_dirty(BASE + M2, M2, PGTBL_DIRTY), 512);
	/* Stopped: everything counts as dirty; started again it is clean. */
	cr_expect_eq(pgtbl_dirty_stop(pt, BASE, 50 * K4, &gather), 0);
	cr_expect_eq(read_dirty(BASE, 2 * M2, PGTBL_DIRTY | PGTBL_KEEP), 50);
	cr_expect_eq(pgtbl_dirty_start(pt, BASE, 10 * K4, &gather), 0);
	cr_expect_eq(read_dirty(BASE, 2 * M2, PGTBL_DIRTY | PGTBL_KEEP), 40);
	cr_expect_eq(pgtbl_dirty_fault(pt, BASE, &gather), 0);
	cr_expect_eq(pgtbl_unmap(pt, BASE, 2 * M2, &gather), M2 + 100 * K4);
	unit_close();
}

Test(pgtbl_dirty, hardware)
{
	for (unsigned i = 0; i < sizeof(hw) / sizeof(*hw); i++)
		check_hw(&hw[i]);
}

/* Changes of the leaves lose nothing: split, promote, replace. */
static struct pgtbl_leaf replaced[4];
static unsigned nr_replaced;

static void see_replaced(void *ctx, const struct pgtbl_leaf *leaf)
{
	(void)ctx;
	cr_assert_lt(nr_replaced, 4);
	replaced[nr_replaced++] = *leaf;
}

static void check_changes(const struct hw *what)
{
	struct pgtbl_replacement with = { BASE, G1, 4 * K4, 3, see_replaced, NULL };

	open_tracked(what, PGTBL_AD | PGTBL_SPLIT, false);
	cr_assert_eq(pgtbl_map(pt, BASE, 0, M2, 3), 0);
	cr_assert(dma(BASE + K4, true));
	cr_assert_eq(pgtbl_demote(pt, BASE, M2, K4, &gather, NULL), 0);
	cr_expect_eq(read_dirty(BASE, M2, PGTBL_DIRTY), 512, "a part of what was dirty is dirty");
	cr_assert(dma(BASE + 2 * K4, true));
	cr_assert(dma(BASE + 3 * K4, false));
	nr_replaced = 0;
	cr_assert_eq(pgtbl_replace(pt, &with, &gather, NULL), 0);
	cr_assert_eq(nr_replaced, 4);
	cr_expect(!replaced[1].dirty && replaced[2].dirty && !replaced[3].dirty);
	cr_expect(replaced[2].accessed && replaced[3].accessed);
	cr_expect_eq(read_dirty(BASE, M2, PGTBL_DIRTY), 0, "told by replace; the new ones are clean");
	with.phys = 0;
	nr_replaced = 0;
	cr_assert_eq(pgtbl_replace(pt, &with, &gather, NULL), 0);
	cr_assert(dma(BASE + 100 * K4, true));
	pgtbl_gather_release(pt, &gather);
	cr_assert_eq(pgtbl_promote(pt, BASE, BASE + M2 - 1, &gather), 1);
	cr_expect_eq(read_dirty(BASE, M2, PGTBL_DIRTY), 512, "too much, never too little");
	cr_expect_eq(pgtbl_unmap(pt, BASE, M2, &gather), M2);
	unit_close();
}

Test(pgtbl_dirty, changes)
{
	for (unsigned i = 0; i < sizeof(hw) / sizeof(*hw); i++)
		check_changes(&hw[i]);
}

/* Write protection. */
static unsigned seen_prot;

static int see_prot(void *ctx, const struct pgtbl_leaf *leaf)
{
	(void)ctx;
	seen_prot = leaf->prot;
	return 0;
}

static void check_protect(const struct hw *what, bool flush)
{
	open_tracked(what, 0, flush);
	cr_assert_eq(pgtbl_map(pt, BASE, 0, 100 * K4, 3), 0);
	cr_assert_eq(pgtbl_map(pt, BASE + 200 * K4, 0, K4, PGTBL_READ), 0);
	cr_assert_eq(pgtbl_map(pt, BASE + M2, M2, M2, 3), 0);
	cr_expect_eq(read_dirty(BASE, 2 * M2, PGTBL_DIRTY | PGTBL_KEEP), 612, "nobody knows");
	cr_expect_eq(pgtbl_dirty_start(pt, BASE, 2 * M2, &gather), 0);
	cr_expect(gathered(BASE, BASE + 100 * K4 - 1));
	cr_expect_not(dma(BASE + 7 * K4, true));
	cr_assert_eq(pgtbl_visit(pt, BASE, BASE, see_prot, NULL), 0);
	cr_expect_eq(seen_prot, 3, "as it was mapped");
	cr_expect_eq(pgtbl_dirty_fault(pt, BASE + 7 * K4 + 5, &gather), 0);
	cr_expect(dma(BASE + 7 * K4, true));
	cr_expect_eq(pgtbl_dirty_fault(pt, BASE + 7 * K4, &gather), 0, "somebody was quicker");
	cr_expect_eq(pgtbl_dirty_fault(pt, BASE + M2 + 3 * K4, &gather), 0);
	cr_expect_eq(pgtbl_dirty_fault(pt, BASE + 200 * K4, &gather), -EPERM);
	cr_expect_eq(pgtbl_dirty_fault(pt, BASE + 300 * K4, &gather), -ENOENT);
	cr_expect_eq(read_dirty(BASE, 2 * M2, PGTBL_DIRTY), 513);
	cr_expect(reported(7) && reported(512) && !reported(200));
	cr_expect_eq(read_dirty(BASE, 2 * M2, PGTBL_DIRTY), 0);
	cr_expect_not(dma(BASE + 7 * K4, true), "protected again");
	/* Promotion and split keep protection; a replaced leaf is new, and so dirty. */
	cr_expect_eq(pgtbl_demote(pt, BASE + M2, M2, K4, &gather, NULL), 0);
	cr_expect_not(dma(BASE + M2 + 9 * K4, true));
	cr_expect_eq(read_dirty(BASE, 2 * M2, PGTBL_DIRTY), 0);
	pgtbl_gather_release(pt, &gather);
	cr_expect_eq(pgtbl_promote(pt, BASE, BASE + G1 - 1, &gather), 1);
	cr_expect_not(dma(BASE + M2 + 9 * K4, true));
	cr_expect_eq(pgtbl_dirty_stop(pt, BASE, 2 * M2, &gather), 0);
	cr_expect(dma(BASE + 8 * K4, true));
	cr_expect(dma(BASE + M2 + 9 * K4, true));
	cr_expect_not(dma(BASE + 200 * K4, true));
	cr_expect_eq(read_dirty(BASE, 2 * M2, PGTBL_DIRTY), 612);
	cr_expect_eq(pgtbl_unmap(pt, BASE, 2 * M2, &gather), M2 + 101 * K4, "protected ones too");
	unit_close();
}

Test(pgtbl_dirty, write_protection)
{
	for (unsigned i = 0; i < sizeof(hw) / sizeof(*hw); i++) {
		check_protect(&hw[i], false);
		check_protect(&hw[i], true);
	}
}

/* Every line that protection changes is flushed, once, and no other. */
Test(pgtbl_dirty, flushed_once)
{
	unsigned long before;

	open_tracked(&hw[0], 0, true);
	cr_assert_eq(pgtbl_map(pt, BASE, 0, 64 * K4, 3), 0);
	before = pool.lines;
	cr_assert_eq(pgtbl_dirty_start(pt, BASE, M2, &gather), 0);
	cr_expect_eq(pool.lines - before, 8);
	before = pool.lines;
	cr_assert_eq(pgtbl_dirty_start(pt, BASE, M2, &gather), 0);
	cr_expect_eq(pool.lines - before, 0, "nothing was changed");
	cr_assert_eq(pgtbl_dirty_fault(pt, BASE + 3 * K4, &gather), 0);
	cr_assert_eq(pgtbl_dirty_fault(pt, BASE + 5 * K4, &gather), 0);
	cr_assert_eq(pgtbl_dirty_fault(pt, BASE + 63 * K4, &gather), 0);
	before = pool.lines;
	cr_expect_eq(read_dirty(BASE, M2, PGTBL_DIRTY), 3);
	cr_expect_eq(pool.lines - before, 2);
	cr_expect_eq(pool_hw(&pool, (uint64_t)(uintptr_t)leaf_of(BASE + 5 * K4))[0],
		     *leaf_of(BASE + 5 * K4), "hardware sees it");
	cr_expect_eq(pgtbl_unmap(pt, BASE, M2, &gather), 64 * K4);
	unit_close();
}

/* Large pages of the bitmap, its edges, and what is refused. */
Test(pgtbl_dirty, bitmaps)
{
	struct pgtbl_bitmap b = { BASE, 14, 64, bits };

	open_tracked(&hw[0], PGTBL_AD, false);
	cr_assert_eq(pgtbl_map(pt, BASE, 0, M2 / 2, 3), 0);
	cr_assert(dma(BASE + 3 * K4, true));
	cr_assert(dma(BASE + 4 * K4, true));
	cr_assert(dma(BASE + 255 * K4, true));
	cr_expect_eq(pgtbl_dirty_read(pt, BASE, M2 / 2, PGTBL_DIRTY, &b, &gather), 0);
	cr_expect_eq(bits[0], 1ull << 63 | 3);
	cr_expect_eq(pgtbl_dirty_read(pt, BASE, M2 / 2 + K4, PGTBL_DIRTY, &b, &gather), -EINVAL);
	cr_expect_eq(pgtbl_dirty_read(pt, BASE - K4, K4, PGTBL_DIRTY, &b, &gather), -EINVAL);
	cr_expect_eq(pgtbl_dirty_read(pt, BASE, K4, 2, &b, &gather), -EINVAL);
	cr_expect_eq(pgtbl_dirty_read(pt, BASE, K4, PGTBL_DIRTY, &b, NULL), -EINVAL);
	cr_expect_eq(pgtbl_dirty_read(pt, BASE, K4, PGTBL_DIRTY | PGTBL_KEEP, &b, NULL), 0);
	cr_expect_eq(pgtbl_dirty_read(pt, BASE, K4, PGTBL_DIRTY, NULL, &gather), -EINVAL);
	cr_expect_eq(pgtbl_dirty_read(NULL, BASE, K4, PGTBL_DIRTY, &b, &gather), -EINVAL);
	cr_expect_eq(pgtbl_dirty_read(pt, BASE, 0, PGTBL_DIRTY, &b, &gather), -EINVAL);
	cr_expect_eq(pgtbl_dirty_read(pt, BASE, 5, PGTBL_DIRTY, &b, &gather), -EINVAL);
	b.iova = BASE + K4;
	cr_expect_eq(pgtbl_dirty_read(pt, BASE + K4, K4, PGTBL_DIRTY, &b, &gather), -EINVAL);
	b.page_lg2 = 11;
	cr_expect_eq(pgtbl_dirty_read(pt, BASE + K4, K4, PGTBL_DIRTY, &b, &gather), -EINVAL);
	cr_expect_eq(pgtbl_dirty_start(NULL, BASE, K4, &gather), -EINVAL);
	cr_expect_eq(pgtbl_dirty_start(pt, BASE, K4, NULL), -EINVAL);
	cr_expect_eq(pgtbl_dirty_stop(pt, BASE, K4, NULL), -EINVAL);
	cr_expect_eq(pgtbl_dirty_fault(NULL, BASE, &gather), -EINVAL);
	cr_expect_eq(pgtbl_dirty_fault(pt, 1ull << 48, &gather), -EINVAL);
	cr_expect_eq(pgtbl_unmap(pt, BASE, M2, &gather), M2 / 2);
	unit_close();
	open_tracked(&hw[0], 0, false);
	cr_expect_eq(pgtbl_dirty_read(pt, BASE, K4, PGTBL_ACCESSED, &bitmap, &gather), -EOPNOTSUPP);
	unit_close();
}

/* Hardware that writes into tables is coherent. */
Test(pgtbl_dirty, not_with_a_flush)
{
	struct pgtbl_config c;

	cr_assert(pool_init(&pool, 4));
	c = unit_config(&pgtbl_vtdss_ops, 4);
	c.flags = PGTBL_AD;
	c.flush = pool_flush;
	cr_expect_eq(pgtbl_create(&pt, &c), -EINVAL);
	pool_fini(&pool);
}

static unsigned replaced_dirty;

static void count_dirty(void *ctx, const struct pgtbl_leaf *leaf)
{
	(void)ctx;
	replaced_dirty += leaf->dirty;
}

static struct pgtbl_leaf seen_leaf;

static int see_leaf(void *ctx, const struct pgtbl_leaf *leaf)
{
	(void)ctx;
	seen_leaf = *leaf;
	return 0;
}

/* A write to any page may be noted in any of the words: all parts are dirty once split. */
static void check_group_split(const struct hw *what)
{
	struct pgtbl_replacement with = { BASE, 2 * M2, 16 * K4, 3, count_dirty, NULL };

	open_sizes(what, PGTBL_AD | PGTBL_SPLIT, false, K4 | 16 * K4 | M2);
	cr_assert_eq(pgtbl_map(pt, BASE, M2, 16 * K4, 3), 0);
	cr_assert(dma(BASE + 5 * K4, true));
	cr_assert_eq(pgtbl_visit(pt, BASE, BASE, see_leaf, NULL), 0);
	cr_expect(seen_leaf.dirty && seen_leaf.accessed, "noted in the sixth word");
	cr_assert_eq(pgtbl_demote(pt, BASE, 16 * K4, K4, &gather, NULL), 0);
	cr_expect_eq(read_dirty(BASE, M2, PGTBL_DIRTY), 16);
	cr_expect_eq(pgtbl_unmap(pt, BASE, 16 * K4, &gather), 16 * K4);

	cr_assert_eq(pgtbl_map(pt, BASE, M2, 16 * K4, 3), 0);
	cr_assert(dma(BASE + 15 * K4, true));
	replaced_dirty = 0;
	cr_assert_eq(pgtbl_replace(pt, &with, &gather, NULL), 0);
	cr_expect_eq(replaced_dirty, 16, "replaced leaves that were dirty");
	cr_expect_eq(pgtbl_unmap(pt, BASE, 16 * K4, &gather), 16 * K4);
	unit_close();
}

/* Sixteen words are one leaf: what is in any of them counts for all. */
static void check_group(const struct hw *what)
{
	open_sizes(what, PGTBL_AD, false, K4 | 16 * K4 | M2);
	cr_assert_eq(pgtbl_map(pt, BASE, M2, 17 * K4, 3), 0);
	cr_assert(dma(BASE + 5 * K4, true));
	cr_expect_eq(read_dirty(BASE, M2, PGTBL_DIRTY | PGTBL_KEEP), 16);
	cr_expect_eq(read_dirty(BASE, M2, PGTBL_DIRTY), 16);
	cr_expect(gathered(BASE, BASE + 16 * K4 - 1));
	cr_expect_eq(read_dirty(BASE, M2, PGTBL_DIRTY), 0);
	cr_expect_eq(pgtbl_unmap(pt, BASE, 17 * K4, &gather), 17 * K4);
	unit_close();

	open_sizes(what, 0, false, K4 | 16 * K4 | M2);
	cr_assert_eq(pgtbl_map(pt, BASE, M2, 17 * K4, 3), 0);
	cr_assert_eq(pgtbl_dirty_start(pt, BASE, 17 * K4, &gather), 0);
	for (unsigned i = 0; i < 17; i++)
		cr_expect_not(dma(BASE + i * K4, true), "word %u", i);
	cr_assert_eq(pgtbl_dirty_fault(pt, BASE + 9 * K4, &gather), 0);
	for (unsigned i = 0; i < 16; i++)
		cr_expect(dma(BASE + i * K4, true), "word %u", i);
	cr_expect_eq(read_dirty(BASE, M2, PGTBL_DIRTY), 16);
	cr_expect_eq(pgtbl_unmap(pt, BASE, 17 * K4, &gather), 17 * K4);
	unit_close();
}

Test(pgtbl_dirty, groups)
{
	check_group(&hw[2]);
	check_group(&hw[3]);
	check_group_split(&hw[2]);
	check_group_split(&hw[3]);
}

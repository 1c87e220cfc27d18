/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* test_pgtbl_map.c - map, map_sg and unmap in the cases that have hurt others. */
#include "pgtbl_unit.h"

static unsigned leaves, pages_4k, pages_2m, pages_1g;

static int count_leaf(void *ctx, const struct pgtbl_leaf *leaf)
{
	(void)ctx;
	leaves++;
	pages_4k += leaf->size == K4;
	pages_2m += leaf->size == M2;
	pages_1g += leaf->size == G1;
	return 0;
}

static void count(void)
{
	leaves = pages_4k = pages_2m = pages_1g = 0;
	cr_assert_eq(pgtbl_visit(pt, 0, pgtbl_iova_last(pt), count_leaf, NULL), 0);
}

/* Identity, 0x3fe400000-0x4c0600000: up to 1 GiB alignment, gigabytes, and down again. */
Test(pgtbl_map, mixed_sizes)
{
	unit_open(&pgtbl_vtdss_ops, 4, 0);
	cr_assert_eq(pgtbl_map(pt, 0x3fe400000, 0x3fe400000, 0x4c0600000 - 0x3fe400000, 3), 0);
	count();
	cr_expect_eq(pages_4k, 0);
	cr_expect_eq(pages_2m, 14 + 3);
	cr_expect_eq(pages_1g, 3);
	cr_expect_eq(pgtbl_unmap(pt, 0x3fe400000, 0x4c0600000 - 0x3fe400000, &gather),
		     0x4c0600000 - 0x3fe400000);
	unit_close();
}

/* A range that ends below the interrupt window and touches no 2 MiB boundary well. */
Test(pgtbl_map, below_the_interrupt_window)
{
	unit_open(&pgtbl_vtdss_ops, 4, 0);
	cr_assert_eq(pgtbl_map(pt, 0xfef80000, 0xfef80000, 0x20000, 3), 0);
	cr_assert_eq(pgtbl_map(pt, 0xfee00000 - M2, 0xfee00000 - M2, M2, 3), 0);
	cr_assert_eq(pgtbl_map(pt, 0xfef7f000, 0x1000, K4, 3), 0);
	cr_assert_eq(pgtbl_map(pt, 0xfefa0000, 0x2000, K4, 3), 0);
	count();
	cr_expect_eq(pages_4k, 34);
	cr_expect_eq(pages_2m, 1);
	cr_expect_eq(unit_translate(0xfef80000), 0xfef80000);
	cr_expect_eq(unit_translate(0xfef9ffff), 0xfef9ffff);
	cr_expect_eq(unit_translate(0xfefa0000), 0x2000);
	cr_expect_eq(unit_translate(0xfee00000), (uint64_t)-ENOENT);
	cr_expect_eq(pgtbl_unmap(pt, 0, 4 * G1, &gather), M2 + 34 * K4);
	unit_close();
}

/* 39-bit hardware and addresses at and above 2^39. */
Test(pgtbl_map, addresses_beyond_39_bits)
{
	uint64_t end = 1ull << 39;

	unit_open(&pgtbl_vtdss_ops, 3, 0);
	cr_expect_eq(pgtbl_map(pt, end, 0, K4, 3), -EINVAL);
	cr_expect_eq(pgtbl_map(pt, end - K4, 0, 2 * K4, 3), -EINVAL);
	cr_expect_eq(pgtbl_map(pt, 1ull << 63, 0, K4, 3), -EINVAL);
	cr_expect_eq(pgtbl_map(pt, ~0ull - K4 + 1, 0, K4, 3), -EINVAL);
	cr_expect_eq(pgtbl_map(pt, ~0ull - K4 + 1, 0, 2 * K4, 3), -EINVAL);
	cr_expect_eq(pgtbl_map(pt, 0, 0, end + K4, 3), -EINVAL);
	cr_expect_eq(pgtbl_unmap(pt, end, K4, &gather), 0);
	cr_expect_eq(pgtbl_unmap(pt, end - K4, 2 * K4, &gather), 0);
	cr_expect_eq(pgtbl_unmap(pt, 0, ~0ull & ~(K4 - 1), &gather), 0);
	cr_expect_eq(unit_translate(end), (uint64_t)-EINVAL);
	cr_expect_eq(pgtbl_map(pt, end - K4, 0, K4, 3), 0);
	cr_expect_eq(pgtbl_unmap(pt, 0, end, &gather), K4);
	unit_close();
}

Test(pgtbl_map, bad_arguments)
{
	struct pgtbl_report r = { .gather = NULL };
	uint64_t top = 1ull << 46;

	unit_open(&pgtbl_vtdss_ops, 4, 0);
	cr_expect_eq(pgtbl_map_at(pt, 0x1001, 0, K4, 3, &r), -EINVAL);
	cr_expect_eq(r.error, -EINVAL);
	cr_expect_eq(r.iova, 0x1001);
	cr_expect_eq(pgtbl_map(pt, 0, 1, K4, 3), -EINVAL);
	cr_expect_eq(pgtbl_map(pt, 0, 0, 0, 3), -EINVAL);
	cr_expect_eq(pgtbl_map(pt, 0x5000, 0, 0, 3), -EINVAL);
	cr_expect_eq(pgtbl_map(pt, 0, 0, K4 + 1, 3), -EINVAL);
	cr_expect_eq(pgtbl_map(pt, 0, 0, 1, 3), -EINVAL);
	cr_expect_eq(pgtbl_map(pt, 0, top, K4, 3), -EINVAL);
	cr_expect_eq(pgtbl_map(pt, 0, top - K4, 2 * K4, 3), -EINVAL);
	cr_expect_eq(pgtbl_map(pt, 0, ~0ull - K4 + 1, K4, 3), -EINVAL);
	cr_expect_eq(pgtbl_map(pt, 0, ~0ull - K4 + 1, 2 * K4, 3), -EINVAL);
	cr_expect_eq(pgtbl_unmap_at(pt, 1, K4, &gather, &r), 0);
	cr_expect_eq(pgtbl_unmap_at(pt, 0, 0, &gather, &r), 0);
	cr_expect_eq(pgtbl_unmap_at(pt, 0x5000, 0, &gather, &r), 0);
	cr_expect_eq(pgtbl_unmap_at(pt, 0, 100, &gather, &r), 0);
	cr_expect_eq(r.error, -EINVAL);
	cr_expect_eq(pool.live, 1, "a refused call took a page");
	cr_expect(pgtbl_gather_empty(&gather));
	unit_close();
}

Test(pgtbl_map, bad_segments)
{
	struct pgtbl_segment seg[4] = { { 0, K4 }, { G1, K4 }, { 0x3000, 0 }, { M2, K4 } };
	struct pgtbl_report r = { .gather = NULL };

	unit_open(&pgtbl_vtdss_ops, 4, 0);
	/* The slow and the fast way: without and with a table. */
	for (unsigned i = 0; i < 2; i++) {
		seg[2] = (struct pgtbl_segment){ 0x3000, 0 };
		cr_expect_eq(pgtbl_map_sg_at(pt, K4, seg, 4, 3, &r), -EINVAL);
		cr_expect_eq(r.iova, 3 * K4, "the third segment is at fault");
		seg[2].size = 100;
		cr_expect_eq(pgtbl_map_sg(pt, K4, seg, 4, 3), -EINVAL);
		seg[2].size = ~0ull & ~(K4 - 1);
		cr_expect_eq(pgtbl_map_sg(pt, K4, seg, 4, 3), -EINVAL);
		seg[2] = (struct pgtbl_segment){ (1ull << 46) - K4, 2 * K4 };
		cr_expect_eq(pgtbl_map_sg(pt, K4, seg, 4, 3), -EINVAL);
		seg[2] = (struct pgtbl_segment){ 0x10, K4 };
		cr_expect_eq(pgtbl_map_sg(pt, K4, seg, 4, 3), -EINVAL);
		cr_expect_eq(pgtbl_map_sg(pt, K4, seg, 0, 3), -EINVAL);
		count();
		cr_expect_eq(leaves, 0);
		seg[2] = (struct pgtbl_segment){ (1ull << 46) - 2 * K4, 2 * K4 };
		cr_expect_eq(pgtbl_map_sg(pt, K4, seg, 4, 3), 0);
		cr_expect_eq(unit_translate(4 * K4 + 5), (1ull << 46) - K4 + 5);
		cr_expect_eq(unit_translate(5 * K4), M2);
		cr_expect_eq(pgtbl_unmap(pt, K4, 5 * K4, &gather), 5 * K4);
	}
	unit_close();
}

/* Contiguous segments make large leaves; the same in pieces does not matter. */
Test(pgtbl_map, segments_are_joined)
{
	struct pgtbl_segment seg[1024];

	unit_open(&pgtbl_vtdss_ops, 4, 0);
	for (unsigned i = 0; i < 1024; i++)
		seg[i] = (struct pgtbl_segment){ G1 + i * K4, K4 };
	cr_assert_eq(pgtbl_map_sg(pt, 6 * G1, seg, 1024, 3), 0);
	count();
	cr_expect_eq(leaves, 2);
	cr_expect_eq(pages_2m, 2);
	cr_expect_eq(pgtbl_unmap(pt, 6 * G1, 2 * M2, &gather), 2 * M2);
	unit_close();
}

/* An entry reused before the invalidation of its last use: it must be free, not stale. */
Test(pgtbl_map, an_entry_is_used_again_before_the_flush)
{
	unit_open(&pgtbl_vtdss_ops, 4, 0);
	for (unsigned i = 0; i < 10000; i++) {
		uint64_t iova = 0xfffff000 - (i % 7) * K4;

		cr_assert_eq(pgtbl_map(pt, iova, i * K4, K4, 3), 0);
		cr_assert_eq(unit_translate(iova), i * K4);
		cr_assert_eq(pgtbl_map(pt, iova, 0, K4, 3), -EEXIST);
		cr_assert_eq(unit_translate(iova), i * K4);
		cr_assert_eq(pgtbl_unmap(pt, iova, K4, &gather), K4);
		cr_assert_eq(pgtbl_unmap(pt, iova, K4, &gather), 0);
	}
	unit_close();
}

/* What is occupied: by the same size, inside, around, at the first and at the last page. */
static void occupied(uint64_t at, uint64_t size, uint64_t want)
{
	struct pgtbl_gather undone;
	struct pgtbl_report strict = { .gather = NULL }, once = { .gather = &undone };

	pgtbl_gather_init(&undone);
	cr_expect_eq(pgtbl_map_at(pt, at, G1, size, 3, &strict), -EEXIST);
	cr_expect_eq(strict.iova, want, "%#lx", (unsigned long)strict.iova);
	cr_expect_eq(pgtbl_map_at(pt, at, G1, size, 3, &once), -EEXIST);
	cr_expect_eq(once.iova, want);
	for (uint64_t i = at; i<want; i += want - at> M2 ? M2 : K4) {
		bool found = false;

		for (unsigned k = 0; k < undone.nr_ranges; k++)
			found |= undone.range[k].first <= i && undone.range[k].last >= i;
		cr_assert(found || want - at <= 16 * K4, "%#lx", (unsigned long)i);
	}
}

Test(pgtbl_map, occupied)
{
	unit_open(&pgtbl_vtdss_ops, 4, 0);
	cr_assert_eq(pgtbl_map(pt, 8 * G1, 0, M2, 3), 0);
	cr_assert_eq(pgtbl_map(pt, 8 * G1 + 4 * M2 + 100 * K4, 0, K4, 3), 0);
	occupied(8 * G1, K4, 8 * G1);
	occupied(8 * G1 + 5 * K4, K4, 8 * G1 + 5 * K4);
	occupied(8 * G1 + 5 * K4, 4 * K4, 8 * G1 + 5 * K4);
	occupied(8 * G1, M2, 8 * G1);
	occupied(8 * G1, G1, 8 * G1);
	occupied(7 * G1, 2 * G1, 8 * G1);
	occupied(8 * G1 - K4, 2 * K4, 8 * G1);
	occupied(8 * G1 - 600 * K4, 601 * K4, 8 * G1);
	occupied(8 * G1 + M2, 4 * M2, 8 * G1 + 4 * M2 + 100 * K4);
	occupied(8 * G1 + 4 * M2, M2, 8 * G1 + 4 * M2 + 100 * K4);
	occupied(8 * G1 + 4 * M2 + 90 * K4, 11 * K4, 8 * G1 + 4 * M2 + 100 * K4);
	occupied(8 * G1 + 4 * M2 + 20 * K4, 100 * K4, 8 * G1 + 4 * M2 + 100 * K4);
	count();
	cr_expect_eq(leaves, 2, "nothing else is there");
	cr_expect_eq(pgtbl_unmap(pt, 7 * G1, 2 * G1, &gather), M2 + K4);
	unit_close();
}

/* Part of a large leaf is not unmapped, nor is more than was asked for. */
Test(pgtbl_map, a_part_of_a_large_leaf)
{
	struct pgtbl_report r = { .gather = NULL };

	unit_open(&pgtbl_x86_64_ops, 4, 0);
	cr_assert_eq(pgtbl_map(pt, M2, M2, 2 * M2, 3), 0);
	cr_expect_eq(pgtbl_unmap_at(pt, M2 + 7 * K4, K4, &gather, &r), 0);
	cr_expect_eq(r.error, -EBUSY);
	cr_expect_eq(r.iova, M2 + 7 * K4);
	cr_expect(pgtbl_gather_empty(&gather));
	cr_expect_eq(pgtbl_unmap_at(pt, M2 + K4, 2 * M2 - K4, &gather, &r), M2);
	cr_expect_eq(r.iova, M2 + K4);
	cr_expect_eq(unit_translate(M2), M2);
	cr_expect_eq(unit_translate(2 * M2), (uint64_t)-ENOENT);
	cr_expect_eq(pgtbl_unmap_at(pt, M2, 2 * M2, &gather, &r), M2);
	cr_expect_eq(r.error, -ENOENT);
	cr_expect_eq(r.iova, 2 * M2);
	unit_close();
}

/* A large leaf where a table is already: smaller leaves inside, and -EEXIST if not empty. */
Test(pgtbl_map, large_over_a_table)
{
	unit_open(&pgtbl_vtdss_ops, 4, 0);
	cr_assert_eq(pgtbl_map(pt, G1, 0, K4, 3), 0);
	cr_expect_eq(pgtbl_map(pt, G1, G1, M2, 3), -EEXIST);
	cr_expect_eq(pgtbl_unmap(pt, G1, K4, &gather), K4);
	cr_expect_eq(pgtbl_map(pt, G1, G1, 2 * M2, 3), 0);
	count();
	cr_expect_eq(pages_4k, 512);
	cr_expect_eq(pages_2m, 1);
	cr_expect_eq(pgtbl_unmap(pt, G1, 2 * M2, &gather), 2 * M2);
	/* Reclaimed, it is a large leaf again. */
	pgtbl_gather_release(pt, &gather);
	cr_expect_eq(pgtbl_reclaim(pt, 0, pgtbl_iova_last(pt), &gather), 1);
	cr_expect(gather.tables);
	cr_expect_eq(pgtbl_map(pt, G1, G1, 2 * M2, 3), 0);
	count();
	cr_expect_eq(pages_2m, 2);
	cr_expect_eq(pgtbl_unmap(pt, G1, 2 * M2, &gather), 2 * M2);
	unit_close();
}

/* A hundred thousand single pages with holes: the time of each call does not grow. */
Test(pgtbl_map, a_hundred_thousand_fragments)
{
	unit_open(&pgtbl_vtdss_ops, 4, 0);
	for (uint64_t i = 0; i < 100000; i++)
		cr_assert_eq(pgtbl_map(pt, 16 * G1 + 2 * i * K4, i * K4, K4, 3), 0);
	cr_expect_eq(pgtbl_unmap(pt, 16 * G1, 200000 * K4, &gather), 100000 * K4);
	cr_expect_leq(gather.nr_ranges, PGTBL_GATHER_RANGES);
	count();
	cr_expect_eq(leaves, 0);
	unit_close();
}

/* 128 GiB: more leaves, and more segments, than 16 bits count. */
Test(pgtbl_map, more_than_65535_leaves)
{
	static struct pgtbl_segment seg[65537];

	unit_open(&pgtbl_vtdss_ops, 4, 0);
	for (unsigned i = 0; i < 65537; i++)
		seg[i] = (struct pgtbl_segment){ (65537 - i) * M2, M2 };
	cr_assert_eq(pgtbl_map_sg(pt, 600 * G1, seg, 65537, 3), 0);
	count();
	cr_expect_eq(leaves, 65537);
	cr_expect_eq(pages_2m, 65537);
	cr_expect_eq(unit_translate(600 * G1), 65537 * M2);
	cr_expect_eq(unit_translate(600 * G1 + 65536 * M2 + 5), M2 + 5);
	cr_expect_eq(pgtbl_unmap(pt, 600 * G1, 65537 * M2, &gather), 65537 * M2);
	cr_expect_eq(gather.nr_ranges, 1);
	cr_assert_eq(pgtbl_map(pt, 600 * G1, K4, 65537 * K4, 3), 0);
	count();
	cr_expect_eq(pages_4k, 65537);
	cr_expect_eq(pgtbl_unmap(pt, 600 * G1, 65537 * K4, &gather), 65537 * K4);
	unit_close();
}

/* The last pages of what each number of levels has, up to the end of 64 bits. */
static void check_top(const struct pgtbl_ops *ops, unsigned levels)
{
	struct pgtbl_report r = { .error = 0 };
	uint64_t last, top;

	unit_open(ops, levels, PGTBL_SPLIT);
	last = pgtbl_iova_last(pt);
	top = last - (M2 - 1);
	cr_assert_eq(pgtbl_map(pt, top, M2, M2, 3), 0, "%u levels", levels);
	cr_expect_eq(unit_translate(last), 2 * M2 - 1);
	count();
	cr_expect_eq(pages_2m, 1);
	/* Nothing wraps to address 0. */
	cr_expect_eq(unit_translate(0), (uint64_t)-ENOENT);
	cr_expect_eq(pgtbl_map(pt, last - (K4 - 1), M2, 2 * K4, 3), -EINVAL);
	cr_expect_eq(pgtbl_unmap(pt, last - (K4 - 1), 2 * K4, &gather), 0);
	cr_expect_eq(pgtbl_unmap_at(pt, last - (K4 - 1), K4, &gather, &r), K4);
	cr_expect_eq(r.error, 0);
	cr_expect_eq(unit_translate(last), (uint64_t)-ENOENT);
	cr_expect_eq(unit_translate(last - K4), 2 * M2 - K4 - 1);
	cr_assert_eq(pgtbl_map(pt, last - (K4 - 1), 7 * K4, K4, 3), 0);
	cr_expect_eq(unit_translate(last), 8 * K4 - 1);
	cr_expect_eq(pgtbl_map_at(pt, top, M2, M2, 3, &r), -EEXIST);
	cr_expect_eq(r.iova, top);
	cr_expect_eq(pgtbl_unmap_at(pt, top - M2, 2 * M2, &gather, &r), M2);
	cr_expect_eq(r.error, -ENOENT);
	cr_expect_eq(r.iova, top - M2);
	cr_expect_geq(pgtbl_reclaim(pt, 0, last, &gather), 1);
	for (unsigned i = 0; i < gather.nr_ranges; i++)
		cr_expect_leq(gather.range[i].first, gather.range[i].last);
	unit_close();
}

Test(pgtbl_map, the_top_of_the_address_space)
{
	for (unsigned levels = 3; levels <= 5; levels++) {
		check_top(&pgtbl_vtdss_ops, levels);
		check_top(&pgtbl_riscv_ops, levels);
	}
	for (unsigned levels = 4; levels <= 5; levels++)
		check_top(&pgtbl_x86_64_ops, levels);
	for (unsigned levels = 3; levels <= 6; levels++)
		check_top(&pgtbl_amdv1_ops, levels);
	for (unsigned levels = 3; levels <= 4; levels++) {
		check_top(&pgtbl_arm_s1_ops, levels);
		check_top(&pgtbl_arm_s2_ops, levels);
	}
}

/* Maps one page of the range that is being mapped: not allowed, and here to be survived. */
static void *intruding_alloc(void *ctx, size_t size, size_t align)
{
	struct plat_mem from = pool_mem(&pool);
	static bool done;

	(void)ctx;
	if (pool.allocs == 4 && !done) { /* root, two tables on the way, the first leaf table */
		done = true;
		cr_assert_eq(pgtbl_map(pt, G1 + 5 * K4, 77 * K4, K4, 3), 0);
	}
	return from.ops->alloc(from.ctx, size, align);
}

static void intruding_free(void *ctx, void *page, size_t size, size_t align)
{
	struct plat_mem from = pool_mem(&pool);

	(void)ctx;
	from.ops->free(from.ctx, page, size, align);
}

/* The leaves made for a table that has come meanwhile do not get into the next one. */
Test(pgtbl_map, a_table_comes_between_the_passes)
{
	static const struct plat_mem_ops ops = { .alloc = intruding_alloc, .free = intruding_free };
	struct pgtbl_config config;

	cr_assert(pool_init(&pool, 64));
	config = unit_config(&pgtbl_vtdss_ops, 4);
	config.pages = (struct plat_mem){ &ops, NULL };
	unit_open_config(&config);
	cr_assert_eq(pgtbl_map(pt, G1, K4, 3 * M2, 3), 0);
	for (uint64_t i = 0; i < 3 * M2; i += K4)
		cr_assert_eq(unit_translate(G1 + i), K4 + i, "at %#lx", (unsigned long)i);
	cr_assert_eq(pgtbl_unmap(pt, G1, 3 * M2, &gather), 3 * M2);
	unit_close();
}

/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * mc_pgtbl_change.c - models of libpgtbl: leaves become larger and smaller, lead
 * elsewhere, and tables are reserved, while others translate, map and unmap beside.
 */
#include "mc_pgtbl.h"
#include "pgtbl_change.h"

/* Where the 2 MiB at BASE lead, and lead after a replacement. */
#define TO (64 * SPAN)
#define OTHER (65 * SPAN)

static bool mapped_to(uint64_t iova, uint64_t to)
{
	uint64_t phys = 1;

	return !pgtbl_translate(pt, iova, &phys) && phys == to;
}

static void init_large_flags(unsigned flags)
{
	make(flags, true);
	mc_assert(pgtbl_map(pt, BASE, TO, SPAN, RW) == 0);
}
static void init_large(void)
{
	init_large_flags(PGTBL_SPLIT);
}
static void init_large_incoherent(void)
{
	make(PGTBL_SPLIT, false);
	mc_assert(pgtbl_map(pt, BASE, TO, SPAN, RW) == 0);
}
/* The same in 512 leaves. */
static void init_small_flags(unsigned flags)
{
	init_large_flags(flags);
	mc_assert(pgtbl_demote(pt, BASE, SPAN, PAGE, &gathered[0], NULL) == 0);
	pgtbl_gather_release(pt, &gathered[0]);
}
static void init_small(void)
{
	init_small_flags(PGTBL_SPLIT);
}
static void init_small_unlink(void)
{
	init_small_flags(PGTBL_UNLINK);
}
static void init_empty_table(void)
{
	make(0, true);
	map(BASE, 1);
	unmap(BASE, PAGE, 0);
}

static void unmap_0(void)
{
	unmap(BASE, PAGE, 0);
	is(BASE, 0);
	mc_assert(mapped_to(BASE + 2 * PAGE, TO + 2 * PAGE));
}
static void unmap_1(void)
{
	unmap(BASE + PAGE, PAGE, 1);
	is(BASE + PAGE, 0);
}
static void unmap_map_1(void)
{
	unmap(BASE + PAGE, PAGE, 1);
	map(BASE + PAGE, 5);
	is(BASE + PAGE, 5);
}
static void unmap_span(void)
{
	unmap(BASE, SPAN, 1);
	is(BASE, 0);
	pgtbl_gather_release(pt, &gathered[1]);
}
static void translate_2(void)
{
	mc_assert(mapped_to(BASE + 2 * PAGE, TO + 2 * PAGE));
	mc_assert(mapped_to(BASE + 2 * PAGE, TO + 2 * PAGE));
}
static void device_2(void)
{
	mc_assert(device_translate(BASE + 2 * PAGE) == TO + 2 * PAGE);
	plat_fetch_add_relaxed(&written_back, 0); /* somebody may come in between */
	mc_assert(device_translate(BASE + 2 * PAGE) == TO + 2 * PAGE);
}
static int see(void *ctx, const struct pgtbl_leaf *leaf)
{
	uint64_t want = BASE + 2 * PAGE;

	if (leaf->iova <= want && leaf->iova + leaf->size > want) {
		mc_assert(leaf->phys - leaf->iova == TO - BASE);
		++*(unsigned *)ctx;
	}
	return 0;
}
static void visit_2(void)
{
	unsigned n = 0;

	mc_assert(pgtbl_visit(pt, BASE + 2 * PAGE, BASE + 3 * PAGE - 1, see, &n) == 0);
	mc_assert(n == 1);
}
static void promote(void)
{
	int64_t n = pgtbl_promote(pt, BASE, BASE + SPAN - 1, &gathered[2]);

	mc_assert(n == 0 || n == 1);
	pgtbl_gather_release(pt, &gathered[2]);
	mc_assert(pgtbl_drain(pt) == 0);
}
static void replaced(void *ctx, const struct pgtbl_leaf *old)
{
	mc_assert(old->phys - TO == old->iova - BASE);
	*(uint64_t *)ctx += old->size;
}
static void replace(uint64_t iova, uint64_t to, uint64_t size)
{
	uint64_t bytes = 0;
	struct pgtbl_replacement with = { iova, to, size, RW, replaced, &bytes };

	mc_assert(pgtbl_replace(pt, &with, &gathered[1], NULL) == 0 && bytes == size);
	mc_assert(mapped_to(iova, to));
}
static void replace_1(void)
{
	replace(BASE + PAGE, OTHER, PAGE);
}
static void replace_2m(void)
{
	replace(BASE, OTHER, SPAN);
}
static void translate_replaced(void)
{
	uint64_t first = 1, second = 1;

	mc_assert(!pgtbl_translate(pt, BASE + PAGE, &first) &&
		  !pgtbl_translate(pt, BASE + PAGE, &second));
	mc_assert(first == TO + PAGE || first == OTHER + PAGE);
	mc_assert(second == OTHER + PAGE || first == TO + PAGE);
}
static void reclaim(void)
{
	int64_t n = pgtbl_reclaim(pt, BASE, BASE + SPAN - 1, &gathered[2]);

	mc_assert(n == 0 || n == 1);
	pgtbl_gather_release(pt, &gathered[2]);
}
static void reserve(void)
{
	mc_assert(pgtbl_reserve(pt, BASE, PAGE, PAGE, NULL) == 0);
}
static void reserve_twice(void)
{
	reserve();
	mc_assert(pgtbl_unreserve(pt, BASE, PAGE, PAGE) == 0);
	reserve();
}
static void reserve_next(void)
{
	mc_assert(pgtbl_reserve(pt, BASE + PAGE, PAGE, PAGE, NULL) == 0);
	mc_assert(pgtbl_unreserve(pt, BASE + PAGE, PAGE, PAGE) == 0);
}

/* Two who map the same page: if both succeed, they were at it at once, and one is told. */
static uint32_t violations, mapped_twice;

static void violated(void *ctx, const struct pgtbl_violation *v)
{
	(void)ctx;
	mc_assert(v->first[0] == BASE && v->first[1] == BASE);
	plat_fetch_add_relaxed(&violations, 1);
}
static void init_checked(void)
{
	struct pgtbl_config c = {
		.ops = &pgtbl_vtdss_ops, .levels = 3, .oa_bits = 52,
		.pages = mc_mem(), .meta = mc_mem(), .violation = violated,
	};

	mc_assert(pgtbl_create(&pt, &c) == 0);
	mc_quiet(&pt->own, sizeof(pt->own) + sizeof(pt->queued_pages));
	for (unsigned i = 0; i < 3; i++)
		pgtbl_gather_init(&gathered[i]);
	map(BASE + PAGE, 1);
}
static void map_same(void)
{
	if (!pgtbl_map(pt, BASE, PHYS(2), PAGE, RW))
		plat_fetch_add_relaxed(&mapped_twice, 1);
}
static void end_checked(void)
{
	mc_assert(mapped_twice == 1 || violations);
	end(2 * PAGE, 3);
}

/* All of the 2 MiB but some pages lead where they led. */
static void end_but(unsigned from, unsigned to, uint64_t mapped)
{
	for (unsigned i = 0; i < 512; i++)
		mc_assert((i >= from && i < to) || mapped_to(BASE + i * PAGE, TO + i * PAGE));
	end(mapped, 3);
}
static void end_all(void)
{
	end_but(0, 0, SPAN);
}
static void end_0(void)
{
	is(BASE, 0);
	end_but(0, 1, SPAN - PAGE);
}
static void end_0_1(void)
{
	is(BASE, 0);
	is(BASE + PAGE, 0);
	end_but(0, 2, SPAN - 2 * PAGE);
}
static void end_1(void)
{
	is(BASE + PAGE, 0);
	end_but(1, 2, SPAN - PAGE);
}
static void end_5(void)
{
	is(BASE + PAGE, 5);
	end_but(1, 2, SPAN);
}
static void end_replaced_1(void)
{
	mc_assert(mapped_to(BASE + PAGE, OTHER));
	end_but(1, 2, SPAN);
}
static void end_replaced(void)
{
	for (unsigned i = 0; i < 512; i++)
		mc_assert(mapped_to(BASE + i * PAGE, OTHER + i * PAGE));
	end(SPAN, 3);
}
static void end_none(void)
{
	for (unsigned i = 0; i < 512; i++)
		is(BASE + i * PAGE, 0);
	end(0, 2);
}
/* Two reservations that are equal are given up, each by one; a third in the place of one stays. */
static void init_equal(void)
{
	init_empty_table();
	reserve();
	reserve();
}
static void unreserve(void)
{
	mc_assert(pgtbl_unreserve(pt, BASE, PAGE, PAGE) == 0);
}
static void unreserve_other(void)
{
	unreserve();
	mc_assert(pgtbl_reserve(pt, BASE + PAGE, PAGE, PAGE, NULL) == 0);
}
static void end_equal(void)
{
	mc_assert(pgtbl_unreserve(pt, BASE, PAGE, PAGE) == -ENOENT);
	mc_assert(pgtbl_unreserve(pt, BASE + PAGE, PAGE, PAGE) == 0);
	end(0, 3);
}
static void end_reserved(void)
{
	struct pgtbl_stats stats;

	for (unsigned i = 0; i < 3; i++)
		pgtbl_gather_release(pt, &gathered[i]);
	mc_assert(pgtbl_drain(pt) == 0);
	pgtbl_stats(pt, &stats);
	mc_assert(stats.table_pages == 3);
	end(0, 3);
}

static const struct mc_model models[] = {
	TABLE("split-translate", init_large, end_0, 2, 3, 0, ON(unmap_0, 0), ON(translate_2, 1)),
	TABLE("split-visit", init_large, end_0, 1, 2, 0, ON(unmap_0, 0), ON(visit_2, 1)),
	TABLE("split-split", init_large, end_0_1, 2, 3, 0, ON(unmap_0, 0), ON(unmap_1, 1)),
	TABLE("split-irq", init_large, end_0_1, 2, 3, 0, ON(unmap_0, 0), IRQ(unmap_1, 0)),
	TABLE("split-device", init_large_incoherent, end_0, 2, 3, 0, ON(unmap_0, 0),
	      ON(device_2, 1)),
	TABLE("split-split-device", init_large_incoherent, end_0_1, 1, 2, 0, ON(unmap_0, 0),
	      ON(unmap_1, 1), ON(device_2, 2)),
	TABLE("replace-translate", init_large, end_replaced, 2, 3, 0, ON(replace_2m, 0),
	      ON(translate_replaced, 1)),
	TABLE("replace-split", init_large, end_replaced_1, 2, 3, 0, ON(replace_1, 0),
	      ON(translate_2, 1)),
	TABLE("promote-translate", init_small, end_all, 2, 3, 0, ON(promote, 0),
	      ON(translate_2, 1)),
	TABLE("promote-visit", init_small, end_all, 1, 2, 0, ON(promote, 0), ON(visit_2, 1)),
	TABLE("promote-unmap", init_small, end_1, 2, 3, 0, ON(promote, 0), ON(unmap_1, 1)),
	TABLE("promote-irq", init_small, end_1, 2, 3, 0, ON(promote, 0), IRQ(unmap_1, 0)),
	TABLE("promote-unmap-unmap", init_small, end_0_1, 1, 2, 0, ON(promote, 0), ON(unmap_0, 1),
	      ON(unmap_1, 2)),
	TABLE("promote-remap", init_small, end_5, 2, 3, 0, ON(promote, 0), ON(unmap_map_1, 1)),
	TABLE("promote-replace", init_small, end_replaced_1, 2, 3, 0, ON(promote, 0),
	      ON(replace_1, 1)),
	TABLE("promote-unlink", init_small_unlink, end_none, 1, 2, 0, ON(promote, 0),
	      ON(unmap_span, 1)),
	TABLE("reserve-reclaim", init_empty_table, end_reserved, 2, 3, 0, ON(reserve, 0),
	      ON(reclaim, 1)),
	TABLE("reserve-again-reclaim", init_empty_table, end_reserved, 1, 2, 0,
	      ON(reserve_twice, 0), ON(reclaim, 1)),
	TABLE("reserve-reserve", init_empty_table, end_reserved, 1, 2, 0, ON(reserve_twice, 0),
	      ON(reserve_next, 1), ON(reclaim, 2)),
	TABLE("reserve-equal", init_equal, end_equal, 1, 2, 0, ON(unreserve, 0),
	      ON(unreserve_other, 1)),
	/* Two loads are stale: of the other's state, and of the entry. */
	STALE("check-map-map", init_checked, end_checked, 2, 3, 2, 0, ON(map_same, 0),
	      ON(map_same, 1)),
	TABLE("check-irq", init_checked, end_checked, 2, 3, 0, ON(map_same, 0), IRQ(map_same, 0)),
};

int main(int argc, char **argv)
{
	return mc_main(argc, argv, models, sizeof(models) / sizeof(models[0]));
}

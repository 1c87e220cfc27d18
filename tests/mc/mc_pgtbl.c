/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* mc_pgtbl.c - models of libpgtbl: tables come and go while others map beside. */
#include "mc_pgtbl.h"

static void init_empty(void)
{
	make(0, true);
}
static void init_unlink(void)
{
	make(PGTBL_UNLINK, true);
	map(BASE, 1);
}
static void init_unlink_empty(void)
{
	init_unlink();
	unmap(BASE, PAGE, 0);
}
static void init_one(void)
{
	make(0, true);
	map(BASE, 1);
}
/* Tables that hold nothing. */
static void init_empty_table(void)
{
	init_one();
	unmap(BASE, PAGE, 0);
}
static void init_incoherent(void)
{
	make(0, false);
}
static void init_incoherent_table(void)
{
	make(0, false);
	map(BASE, 1);
	unmap(BASE, PAGE, 0);
}

static void map_1(void)
{
	map(BASE + PAGE, 1);
	is(BASE + PAGE, 1);
}
static void map_2(void)
{
	map(BASE + 2 * PAGE, 2);
	is(BASE + 2 * PAGE, 2);
}
static void map_next(void)
{
	map(BASE + SPAN, 3);
	is(BASE + SPAN, 3);
}
static void map_low(void)
{
	map(LOW, 1);
	is(LOW, 1);
}
static void map_low_2(void)
{
	map(LOW + SPAN, 2);
	is(LOW + SPAN, 2);
}
static void map_range(void)
{
	mc_assert(pgtbl_map(pt, BASE + SPAN - 2 * PAGE, PHYS(4), 4 * PAGE, RW) == 0);
}
static void map_2m(void)
{
	mc_assert(pgtbl_map(pt, BASE, PHYS(2) & ~(SPAN - 1), SPAN, RW) == 0);
}
static void remap_1(void)
{
	map(BASE + PAGE, 1);
	unmap(BASE + PAGE, PAGE, 1);
	map(BASE + PAGE, 5);
	is(BASE + PAGE, 5);
}
static void unmap_0(void)
{
	unmap(BASE, PAGE, 1);
	is(BASE, 0);
}
static void unmap_span(void)
{
	mc_assert(pgtbl_unmap(pt, BASE, SPAN, &gathered[1]) == PAGE);
	is(BASE, 0);
	pgtbl_gather_release(pt, &gathered[1]);
	pgtbl_drain(pt);
}
static void unmap_span_empty(void)
{
	mc_assert(pgtbl_unmap(pt, BASE, SPAN, &gathered[1]) == 0);
	pgtbl_gather_release(pt, &gathered[1]);
}
/* All of the level-2 table, with what a reclaimer may be taking out of it. */
static void unmap_all_empty(void)
{
	mc_assert(pgtbl_unmap(pt, BASE, 1ull << 30, &gathered[1]) == 0);
	pgtbl_gather_release(pt, &gathered[1]);
}
static void unmap_map_span(void)
{
	mc_assert(pgtbl_unmap(pt, BASE, SPAN, &gathered[1]) == PAGE);
	map(BASE + PAGE, 5);
	is(BASE + PAGE, 5);
	pgtbl_gather_release(pt, &gathered[1]);
}
static void reclaim_in(uint64_t size, struct pgtbl_gather *g)
{
	int64_t n = pgtbl_reclaim(pt, BASE, BASE + size - 1, g);

	mc_assert(n == -EBUSY || (n >= 0 && n <= 2));
	pgtbl_gather_release(pt, g);
	n = pgtbl_drain(pt);
	mc_assert(!n || n == -EBUSY);
}
static void reclaim(void)
{
	reclaim_in(2 * SPAN, &gathered[2]);
}
static void reclaim_2nd(void)
{
	reclaim_in(2 * SPAN, &gathered[1]);
}
/* The level-2 table too: the span of all its leaf tables is looked at. */
static void reclaim_all(void)
{
	reclaim_in(1ull << 30, &gathered[2]);
}
static void translate_0(void)
{
	uint64_t phys = PHYS(1);
	int r = pgtbl_translate(pt, BASE, &phys);

	mc_assert((!r && phys == PHYS(1)) || r == -ENOENT);
	r = pgtbl_translate(pt, BASE, &phys);
	mc_assert((!r && phys == PHYS(1)) || r == -ENOENT);
}
static int visited(void *ctx, const struct pgtbl_leaf *leaf)
{
	mc_assert(leaf->size == PAGE && leaf->iova >= BASE && leaf->iova <= BASE + PAGE);
	++*(unsigned *)ctx;
	return 0;
}
static void visit(void)
{
	unsigned n = 0;

	mc_assert(pgtbl_visit(pt, BASE, BASE + SPAN - 1, visited, &n) == 0);
	mc_assert(n <= 2);
}
static void map_device_1(void)
{
	map(BASE + PAGE, 1);
	mc_assert(device_translate(BASE + PAGE) == PHYS(1));
}
static void map_device_2(void)
{
	map(BASE + 2 * PAGE, 2);
	mc_assert(device_translate(BASE + 2 * PAGE) == PHYS(2));
}
/* Out of memory or not: all or nothing. */
static void map_2_or_not(void)
{
	int r = pgtbl_map(pt, BASE + 2 * PAGE, PHYS(2), PAGE, RW);

	mc_assert(!r || r == -ENOMEM);
	is(BASE + 2 * PAGE, r ? 0 : 2);
}
static void map_or_not(void)
{
	struct pgtbl_report report = { NULL, 0, 0 };
	uint64_t iova = BASE + SPAN - 2 * PAGE;
	int r = pgtbl_map_at(pt, iova, PHYS(4), 4 * PAGE, RW, &report);

	mc_assert(!r || r == -ENOMEM);
	if (!r)
		return;
	mc_assert(report.error == -ENOMEM && report.iova - iova < 4 * PAGE);
	for (unsigned i = 0; i < 4; i++)
		is(iova + i * PAGE, 0);
}

static void end_1_2(void)
{
	is(BASE + PAGE, 1);
	is(BASE + 2 * PAGE, 2);
	end(2 * PAGE, 3);
}
static void end_1_next(void)
{
	is(BASE + PAGE, 1);
	is(BASE + SPAN, 3);
	end(2 * PAGE, 4);
}
static void end_next(void)
{
	is(BASE + SPAN, 3);
	end(PAGE, 3);
}
static void end_low(void)
{
	is(LOW, 1);
	is(LOW + SPAN, 2);
	end(2 * PAGE, 4);
}
static void end_1(void)
{
	is(BASE, 0);
	is(BASE + PAGE, 1);
	end(PAGE, 3);
}
static void end_range(void)
{
	for (unsigned i = 0; i < 4; i++) {
		uint64_t phys;

		mc_assert(!pgtbl_translate(pt, BASE + SPAN - 2 * PAGE + i * PAGE, &phys) &&
			  phys == PHYS(4) + i * PAGE);
	}
	is(BASE + PAGE, 1);
	end(5 * PAGE, 4);
}
static void end_2m(void)
{
	uint64_t phys;

	mc_assert(!pgtbl_translate(pt, BASE + PAGE, &phys) &&
		  phys == (PHYS(2) & ~(SPAN - 1)) + PAGE);
	end(SPAN, 3);
}
static void end_5(void)
{
	is(BASE + PAGE, 5);
	end(PAGE, 3);
}
static void end_5_2(void)
{
	is(BASE + PAGE, 5);
	is(BASE + 2 * PAGE, 2);
	end(2 * PAGE, 3);
}
static void end_none(void)
{
	is(BASE, 0);
	end(0, 3);
}
static void end_any(void)
{
	uint64_t phys, mapped = 0;

	for (uint64_t i = BASE; i < BASE + 2 * SPAN; i += PAGE)
		mapped += !pgtbl_translate(pt, i, &phys) ? PAGE : 0;
	end(mapped, 4);
}

static const struct mc_model models[] = {
	TABLE("install-install", init_empty, end_1_2, 2, 3, 0, ON(map_1, 0), ON(map_2, 1)),
	TABLE("install-above", init_empty, end_1_next, 2, 3, 0, ON(map_1, 0), ON(map_next, 1)),
	TABLE("install-low", init_empty, end_low, 2, 3, 0, ON(map_low, 0), ON(map_low_2, 1)),
	TABLE("install-irq", init_empty, end_1_2, 2, 3, 0, ON(map_1, 0), IRQ(map_2, 0)),
	TABLE("install-range", init_empty, end_range, 2, 3, 0, ON(map_1, 0), ON(map_range, 1)),
	TABLE("install-no-memory", init_empty, end_any, 1, 2, 1, ON(map_or_not, 0), ON(map_2_or_not, 1)),
	TABLE("map-map", init_one, end_1_2, 2, 4, 0, ON(map_1, 0), ON(map_2, 1), ON(unmap_0, 2)),
	TABLE("map-visit", init_one, end_1, 2, 3, 0, ON(map_1, 0), ON(visit, 1), ON(unmap_0, 2)),
	TABLE("reclaim-map", init_empty_table, end_1, 2, 3, 0, ON(reclaim, 0), ON(map_1, 1)),
	TABLE("reclaim-all-map", init_empty_table, end_1, 0, 1, 0, ON(reclaim_all, 0), ON(map_1, 1)),
	TABLE("reclaim-all-next", init_empty_table, end_next, 0, 1, 0, ON(reclaim_all, 0),
	      ON(map_next, 1)),
	TABLE("reclaim-map-map", init_empty_table, end_1_2, 1, 2, 0, ON(reclaim, 0), ON(map_1, 1),
	      ON(map_2, 2)),
	TABLE("reclaim-remap", init_empty_table, end_5, 2, 3, 0, ON(reclaim, 0), ON(remap_1, 1)),
	TABLE("reclaim-remap-map", init_empty_table, end_5_2, 1, 2, 0, ON(reclaim, 0),
	      ON(remap_1, 1), ON(map_2, 2)),
	TABLE("reclaim-irq", init_empty_table, end_1, 2, 3, 0, ON(reclaim, 0), IRQ(map_1, 0)),
	TABLE("reclaim-map-irq", init_empty_table, end_1_2, 1, 2, 0, ON(reclaim, 0), ON(map_1, 1),
	      IRQ(map_2, 1)),
	TABLE("reclaim-2m", init_empty_table, end_2m, 0, 1, 0, ON(reclaim, 0), ON(map_2m, 1)),
	TABLE("reclaim-reclaim", init_empty_table, end_1, 1, 2, 0, ON(reclaim, 0), ON(reclaim_2nd, 1),
	      ON(map_1, 2)),
	TABLE("reclaim-translate", init_one, end_none, 2, 3, 0, ON(reclaim, 0), ON(unmap_0, 1),
	      ON(translate_0, 2)),
	TABLE("unlink-translate", init_unlink, end_none, 2, 3, 0, ON(unmap_span, 0),
	      ON(translate_0, 1)),
	TABLE("unlink-reclaim", init_unlink, end_none, 2, 3, 0, ON(unmap_span, 0), ON(reclaim, 1)),
	TABLE("unlink-empty-reclaim", init_unlink_empty, end_none, 2, 3, 0, ON(unmap_span_empty, 0),
	      ON(reclaim, 1)),
	TABLE("unlink-all-reclaim", init_unlink_empty, end_none, 1, 2, 0, ON(unmap_all_empty, 0),
	      ON(reclaim, 1)),
	TABLE("unlink-reclaim-map", init_unlink, end_5, 2, 3, 0, ON(unmap_map_span, 0),
	      ON(reclaim, 1)),
	TABLE("flush-install", init_incoherent, end_1_2, 2, 3, 0, ON(map_device_1, 0),
	      ON(map_device_2, 1)),
	TABLE("flush-irq", init_incoherent, end_1_2, 2, 3, 0, ON(map_device_1, 0),
	      IRQ(map_device_2, 0)),
	TABLE("flush-reclaim", init_incoherent_table, end_1, 2, 3, 0, ON(reclaim, 0),
	      ON(map_device_1, 1)),
};

int main(int argc, char **argv)
{
	return mc_main(argc, argv, models, sizeof(models) / sizeof(models[0]));
}

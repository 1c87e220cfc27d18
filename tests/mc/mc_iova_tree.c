/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * mc_iova_tree.c - models of libiova above one word: nodes, areas and lines that
 * come into being, ranges of several words, lines given back.
 */
#include "mc_iova_ops.h"

/* A space that nobody has used: nothing is there but the root. */
static struct {
	uint64_t iova, bytes;
} got[MC_THREADS];
static unsigned nr_got;

static void cold(uint64_t pages)
{
	uint64_t a = iova_space_alloc(s, pages * PAGE, ~0ull);
	unsigned i;

	if (iova_is_err(a)) {
		mc_assert(iova_err(a) == -ENOMEM || iova_err(a) == -EAGAIN);
		return;
	}
	i = plat_fetch_add_relaxed(&nr_got, 1);
	got[i].iova = a;
	got[i].bytes = pages * PAGE;
}
static void cold_1(void)
{
	cold(1);
}
static void cold_33(void)
{
	cold(33);
}
static void cold_2048(void)
{
	cold(2048);
}
static void cold_1_free(void)
{
	uint64_t a = iova_space_alloc(s, PAGE, ~0ull);

	mc_assert(!iova_is_err(a));
	mc_assert(!iova_space_free(s, a, PAGE));
}
static void cold_fixed(void)
{
	struct iova_range conflict;
	int r = iova_space_alloc_fixed(s, 0, PAGE, &conflict);

	mc_assert(!r || r == -EEXIST || r == -EAGAIN);
	if (!r) {
		unsigned i = plat_fetch_add_relaxed(&nr_got, 1);

		got[i].iova = 0;
		got[i].bytes = PAGE;
	}
}
static void end_cold(void)
{
	for (unsigned a = 0; a < nr_got; a++)
		for (unsigned b = a + 1; b < nr_got; b++)
			mc_assert(got[a].iova >= got[b].iova + got[b].bytes ||
				  got[b].iova >= got[a].iova + got[a].bytes);
	for (unsigned i = 0; i < nr_got; i++)
		mc_assert(!iova_space_free(s, got[i].iova, got[i].bytes));
	mc_assert(!iova_space_in_use(s));
	mc_assert(iova_space_alloc(s, TREE_BYTES, ~0ull) == 0);
	mc_assert(!iova_space_free(s, 0, TREE_BYTES));
	mc_assert(iova_space_destroy(s) == 0);
}

/* An area in eight slots of 64 granules: level-1 words. */
static void init_area_full(void)
{
	fill_window(8, 64 * PAGE, 0);
}
static void init_area_2(void)
{
	fill_window(8, 64 * PAGE, 3u << 2);
}

/* As init_line() a level up: areas of level 1 that are empty, and become units of level 2 again. */
static void init_empty_areas(void)
{
	fill_groups(128, 256 * PAGE, 33 * PAGE);
}
static void alloc_8_free(void)
{
	uint64_t a = alloc_n(8);

	if (!iova_is_err(a))
		mc_assert(!free_n(a / slot_bytes, 8));
}

/*
 * While somebody looks whether the words of CPU 0 are empty they are nobody's; a drain
 * of CPU 0 that says that it is done has left it none of them all the same.
 */
static void end_line_drained(void)
{
	check_drained(8 * slot_bytes / PAGE);
	end_line();
}

/*
 * Slot 0 is freed twice at once, under a quarantine of one.  When it leaves that, the
 * line becomes whole and somebody else's, whom nothing that comes out of the
 * quarantine later may take it from.
 */
static void init_held_line(void)
{
	quarantine = 1;
	create();
	slot_bytes = 16 * PAGE;
	nr_slots = 32;
	mc_assert(iova_space_alloc(s, slot_bytes, 8 * slot_bytes - 1) == 0);
	for (uint64_t i = 8; i < 32; i += 8)
		mc_assert(iova_space_alloc(s, 8 * slot_bytes, 32 * slot_bytes - 1) == i * slot_bytes);
}
static void free_held_late(void)
{
	int r = iova_space_free(s, 0, slot_bytes);

	mc_assert(!r || r == -ENOENT || r == -EINVAL);
}
static void free_held_reuse(void)
{
	uint64_t a, first, last;

	iova_space_free(s, 0, slot_bytes);
	mc_assert(!iova_space_free(s, 8 * slot_bytes, 8 * slot_bytes));
	a = iova_space_alloc(s, 8 * slot_bytes, 8 * slot_bytes - 1);
	mc_assert(!iova_space_free(s, 16 * slot_bytes, 8 * slot_bytes));
	mc_assert(!iova_space_free(s, 24 * slot_bytes, 8 * slot_bytes));
	if (!iova_is_err(a))
		mc_assert(iova_range_at(s, 0, &first, &last) && last == 8 * slot_bytes / PAGE - 1);
}
static void end_held_line(void)
{
	iova_space_destroy(s);
}
/* Ranges over the border of two words. */
static void take_31(void)
{
	take_n(31, 1);
}
static void init_border_taken(void)
{
	init_border();
	mc_assert(!iova_space_alloc_fixed(s, 31 * PAGE, 2 * PAGE, NULL));
	mark(&start, 31, 2);
}
static void free_border(void)
{
	free_n(31, 2);
}
/* What nobody has: refused, even while somebody claims it, or what lies around it. */
static void free_half_border(void)
{
	free_n(31, 1);
	free_n(32, 1);
}
/* Ranges over the border of two areas; pieces at level 1. */
static void init_areas(void)
{
	fill_window(16, 64 * PAGE, 3u << 7);
}
static void take_areas(void)
{
	take_n(7, 2);
}
static void take_free_areas(void)
{
	if (!take_n(7, 2))
		mc_assert(!free_n(7, 2));
}
static void reserve_areas(void)
{
	reserve_n(7, 2);
}

/*
 * In order, from below: sixteen slots are free as one unit of level 1, the next sixteen
 * are one range.  At the end, all free, nothing is split any more.
 */
static void init_ordered(void)
{
	placement = IOVA_PLACE_BOTTOM_UP;
	create();
	nr_slots = 32;
	mc_assert(!iova_space_alloc_fixed(s, 16 * PAGE, 16 * PAGE, NULL));
	mark(&start, 16, 16);
}
static void init_ordered_3(void)
{
	init_ordered();
	for (uint64_t i = 0; i < 3; i++) {
		mc_assert(iova_space_alloc(s, PAGE, 32 * PAGE - 1) == i * PAGE);
		mark(&start, i, 1);
	}
	mc_assert(!iova_space_free(s, 0, PAGE));
	start.len[0] = 0;
}
static void ordered_16(void)
{
	uint64_t a = alloc_n(16);

	if (!iova_is_err(a))
		mc_assert(!free_n(a / PAGE, 16));
}
static void ordered_free_1(void)
{
	mc_assert(!free_n(1, 1));
}
static void ordered_free_2(void)
{
	mc_assert(!free_n(2, 1));
}
static void end_ordered(void)
{
	struct iova_ref ref;

	window_drain();
	mc_assert(iova_locate(s, 0, &ref) && ref.level == s->top_level);
	mc_assert(iova_space_alloc(s, 32 * PAGE, 32 * PAGE - 1) == 0);
	mc_assert(iova_space_destroy(s) == 1);
}

#define TREE(name_, init_, check, p, fp, fails, ...) \
	{ .name = name_, .init = init_, .thread = { __VA_ARGS__ }, .fini = check, \
	  .quick = { .preempt = p, .stale = 1, .alloc_fail = fails }, \
	  .full = { .preempt = fp, .spurious = 1, .alloc_fail = fails }, \
	  .plats = MC_ALL }

static const struct mc_model models[] = {
	TREE("cold", create, end_cold, 0, 1, 0, ON(cold_1, 0), ON(cold_1, 1)),
	TREE("cold-irq", create, end_cold, 1, 1, 0, ON(cold_1, 0), IRQ(cold_1, 0)),
	TREE("cold-no-memory", create, end_cold, 0, 1, 1, ON(cold_1, 0), ON(cold_1, 1)),
	TREE("cold-area", create, end_cold, 0, 1, 0, ON(cold_1, 0), ON(cold_33, 1)),
	TREE("cold-areas", create, end_cold, 0, 1, 0, ON(cold_33, 0), ON(cold_33, 1)),
	TREE("cold-large", create, end_cold, 1, 2, 0, ON(cold_2048, 0), ON(cold_2048, 1)),
	TREE("cold-large-small", create, end_cold, 0, 1, 0, ON(cold_1, 0), ON(cold_2048, 1)),
	TREE("cold-fixed", create, end_cold, 0, 1, 0, ON(cold_1, 0), ON(cold_fixed, 1)),
	TREE("cold-free", create, end_cold, 0, 1, 0, ON(cold_1_free, 0), ON(cold_1, 1)),
	TREE("area-alloc", init_area_2, window_end, 1, 2, 0, ON(alloc_1, 0), ON(alloc_1, 1)),
	TREE("area-pair", init_area_2, window_end, 1, 2, 0, ON(alloc_2, 0), ON(alloc_1, 1)),
	TREE("area-remote-free", init_area_full, window_end, 1, 2, 0, ON(alloc_1, 0),
	     ON(free_3, 1)),
	TREE("area-irq", init_area_2, window_end, 1, 2, 0, ON(alloc_free_1, 0),
	     IRQ(alloc_free_1, 0)),
	TREE("line-reclaim", init_line, end_line, 1, 2, 0, ON(alloc_free_1, 0), ON(alloc_8, 1)),
	TREE("line-reclaim-own", init_line, end_line, 1, 2, 0, ON(alloc_8, 0),
	     IRQ(alloc_free_1, 0)),
	TREE("line-reclaim-2", init_line, end_line, 1, 1, 0, ON(alloc_8_free, 0),
	     ON(alloc_8_free, 1)),
	TREE("area-reclaim", init_empty_areas, end_line, 1, 2, 0, ON(alloc_free_1, 0),
	     ON(alloc_8, 1)),
	TREE("area-reclaim-irq", init_empty_areas, end_line, 1, 2, 0, ON(alloc_8, 0),
	     IRQ(alloc_free_1, 0)),
	TREE("line-drain", init_line, end_line_drained, 1, 2, 0, ON(alloc_1, 0), ON(alloc_8, 1),
	     ON(drain_0, 2)),
	TREE("line-held", init_held_line, end_held_line, 2, 2, 0, ON(free_held_reuse, 0),
	     ON(free_held_late, 1)),
	TREE("line-keep", init_line, end_line, 1, 2, 0, ON(alloc_1, 0), ON(alloc_8, 1)),
	TREE("border-alloc", init_border, window_end, 1, 2, 0, ON(take_border, 0), ON(alloc_1, 1)),
	TREE("border-border", init_border, window_end, 1, 2, 0, ON(take_free_border, 0),
	     ON(take_border, 1)),
	TREE("border-wild", init_border, window_end, 1, 2, 0, ON(take_border, 0),
	     ON(free_half_border, 1)),
	TREE("border-wild-3", init_border, window_end, 0, 1, 0, ON(take_border, 0),
	     ON(free_half_border, 1), ON(alloc_1, 2)),
	TREE("border-irq", init_border, window_end, 1, 2, 0, ON(take_free_border, 0),
	     IRQ(alloc_free_1, 0)),
	TREE("border-free", init_border_taken, window_end, 1, 2, 0, ON(free_border, 0),
	     ON(free_border, 1)),
	TREE("border-free-alloc", init_border_taken, window_end, 1, 2, 0, ON(free_border, 0),
	     ON(alloc_1, 1)),
	TREE("border-undo", init_border_half, window_end, 1, 2, 0, ON(take_border, 0),
	     ON(alloc_1, 1)),
	TREE("border-undo-take", init_border_half, window_end, 1, 2, 0, ON(take_border, 0),
	     ON(take_31, 1)),
	TREE("ordered-split", init_ordered, end_ordered, 1, 2, 0, ON(alloc_free_1, 0),
	     ON(ordered_16, 1)),
	TREE("ordered-pair", init_ordered, end_ordered, 1, 2, 0, ON(alloc_free_1, 0),
	     ON(alloc_free_1, 1)),
	TREE("ordered-irq", init_ordered, end_ordered, 1, 2, 0, ON(alloc_free_1, 0),
	     IRQ(alloc_free_1, 0)),
	TREE("ordered-merge", init_ordered_3, end_ordered, 1, 2, 0, ON(ordered_free_1, 0),
	     ON(ordered_free_2, 1)),
	TREE("ordered-merge-alloc", init_ordered_3, end_ordered, 1, 1, 0, ON(ordered_free_1, 0),
	     ON(ordered_free_2, 1), ON(alloc_1, 2)),
	TREE("areas-alloc", init_areas, window_end, 1, 2, 0, ON(take_areas, 0), ON(alloc_1, 1)),
	TREE("areas-take", init_areas, window_end, 1, 2, 0, ON(take_free_areas, 0),
	     ON(take_areas, 1)),
	TREE("areas-reserve", init_areas, end_reserved, 1, 2, 0, ON(reserve_areas, 0),
	     ON(take_free_areas, 1)),
	TREE("areas-3", init_areas, window_end, 0, 1, 0, ON(take_free_areas, 0),
	     ON(alloc_free_1, 1), ON(alloc_free_1, 2)),
};

int main(int argc, char **argv)
{
	return mc_main(argc, argv, models, sizeof(models) / sizeof(models[0]));
}

/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * mc_iova_full.c - models of libiova in which allocations on every CPU have just
 * failed, so that each search begins with the look of full.c, while others free, collect,
 * take words away, split units and give them back.
 */
#include "iova_life.h"
#include "mc_iova.h"

/* The end of every init(). */
static void have_failed(void)
{
	for (unsigned i = 0; i < s->nr_slots; i++)
		s->slot[i]->failed = 2;
}

static void init_word(void)
{
	fill_window(32, PAGE, 0);
	have_failed();
}
/* A whole line, of which the cells know that it is full. */
static void init_line_full(void)
{
	fill_window(128, PAGE, 0);
	mc_assert(iova_space_alloc(s, PAGE, 128 * PAGE - 1) == (uint64_t)-ENOSPC);
	have_failed();
}
static void init_2(void)
{
	fill_window(32, PAGE, 1u << 5 | 1u << 9);
	have_failed();
}
static void init_pair(void)
{
	fill_window(32, PAGE, 3u << 6);
	have_failed();
}
/* Two of CPU 0's granules were freed on CPU 1, and not collected. */
static void init_left(void)
{
	fill_window(32, PAGE, 0);
	mc_set_cpu(1);
	for (uint64_t i = 7; i < 9; i++) {
		mc_assert(!iova_space_free(s, i * PAGE, PAGE));
		start.len[i] = 0;
	}
	have_failed();
}
/* Nothing exists but the root: what is wanted has to be split off. */
static void init_nothing(void)
{
	create();
	nr_slots = 128;
	have_failed();
}
/* The words that the window had are no more: their units are units above again. */
static void init_gone(void)
{
	fill_window(32, PAGE, 0xffffffff);
	mc_assert(iova_space_alloc(s, TREE_BYTES, ~0ull) == 0);
	mc_assert(!iova_space_free(s, 0, TREE_BYTES));
	have_failed();
}
/*
 * The first group of the area is a line of level 0, which is empty; the rest is taken.
 * Slots of 16 granules, eight of them the group.
 */
static void init_group(void)
{
	create();
	slot_bytes = 16 * PAGE;
	nr_slots = 32;
	mc_assert(iova_space_alloc(s, PAGE, 8 * slot_bytes - 1) == 0);
	for (uint64_t i = 8; i < 32; i += 8) {
		mc_assert(iova_space_alloc(s, 8 * slot_bytes, 32 * slot_bytes - 1) == i * slot_bytes);
		mark(&start, i, 8);
	}
	mc_assert(!iova_space_free(s, 0, PAGE));
	have_failed();
}
/* The second half is taken: a range over the border cannot be had, the first half can. */
static void init_border_half(void)
{
	fill_window(64, PAGE, 1ull << 31);
	have_failed();
}

static void alloc_1(void)
{
	alloc_n(1);
}
static void alloc_2(void)
{
	alloc_n(2);
}
static void alloc_8(void)
{
	alloc_n(8);
}
static void alloc_free_1(void)
{
	uint64_t a = alloc_n(1);

	if (!iova_is_err(a))
		mc_assert(!free_n(a / slot_bytes, 1));
}
static void free_7(void)
{
	mc_assert(!free_n(7, 1));
}
static void free_7_8(void)
{
	free_7();
	mc_assert(!free_n(8, 1));
}
static void free_7_alloc(void)
{
	free_7();
	alloc_n(1);
}
static void drain_0(void)
{
	int r = iova_space_drain(s, 0);

	mc_assert(!r || r == -EAGAIN);
}
static void take_border(void)
{
	take_n(31, 2);
}
static void end_gone(void)
{
	window_drain();
	mc_assert(iova_space_destroy(s) == 0);
}
static void end_group(void)
{
	window_drain();
	mc_assert(iova_space_alloc(s, nr_slots * slot_bytes, nr_slots * slot_bytes - 1) == 0);
	mc_assert(iova_space_destroy(s) == 1);
}

#define ON(fn, cpu) { fn, cpu, 0 }
#define IRQ(fn, cpu) { fn, cpu, MC_IRQ }
#define FULL(name_, init_, check, p, fp, move, ...) \
	{ .name = name_, .init = init_, .thread = { __VA_ARGS__ }, .fini = check, \
	  .quick = { .preempt = move ? 0 : p, .stale = !move, .migrate = move }, \
	  .full = { .preempt = move ? 1 : fp, .spurious = !move, .migrate = move }, \
	  .plats = MC_ALL }

static const struct mc_model models[] = {
	FULL("full-alloc", init_2, window_end, 1, 2, 0, ON(alloc_1, 0), ON(alloc_1, 1)),
	FULL("full-pair", init_pair, window_end, 1, 2, 0, ON(alloc_2, 0), ON(alloc_free_1, 1)),
	FULL("full-free", init_line_full, window_end, 1, 2, 0, ON(free_7_alloc, 0),
	     ON(alloc_1, 0)),
	FULL("full-free-apart", init_line_full, window_end, 1, 2, 0, ON(free_7_alloc, 0),
	     ON(alloc_1, 1)),
	FULL("full-free-irq", init_line_full, window_end, 1, 2, 0, ON(alloc_1, 0),
	     IRQ(free_7_alloc, 0)),
	FULL("full-free-move", init_word, window_end, 1, 2, 1, ON(free_7_alloc, 0),
	     ON(alloc_1, 0)),
	FULL("full-remote-free", init_word, window_end, 1, 2, 0, ON(alloc_1, 0),
	     ON(free_7_alloc, 1)),
	FULL("full-remote-free-2", init_line_full, window_end, 1, 2, 0, ON(free_7_8, 1),
	     ON(alloc_1, 0)),
	FULL("full-lower-2", init_line_full, window_end, 0, 1, 0, ON(free_7_alloc, 0),
	     ON(alloc_1, 1), ON(alloc_1, 2)),
	FULL("full-left", init_left, window_end, 1, 2, 0, ON(alloc_1, 0), ON(alloc_1, 1)),
	FULL("full-left-3", init_left, window_end, 0, 1, 0, ON(alloc_1, 0), ON(alloc_1, 1),
	     ON(alloc_1, 2)),
	FULL("full-drain", init_2, window_end, 1, 2, 0, ON(alloc_1, 1), ON(drain_0, 2)),
	FULL("full-split", init_nothing, end_gone, 0, 1, 0, ON(alloc_1, 0), ON(alloc_1, 1)),
	FULL("full-gone", init_gone, end_gone, 0, 1, 0, ON(alloc_1, 0), ON(alloc_2, 1)),
	FULL("full-reclaim", init_group, end_group, 1, 2, 0, ON(alloc_free_1, 0),
	     ON(alloc_8, 1)),
	FULL("full-reclaim-2", init_group, end_group, 0, 1, 0, ON(alloc_8, 0), ON(alloc_8, 1)),
	FULL("full-claim", init_border_half, window_end, 1, 2, 0, ON(take_border, 0),
	     ON(alloc_1, 1)),
};

int main(int argc, char **argv)
{
	return mc_main(argc, argv, models, sizeof(models) / sizeof(models[0]));
}

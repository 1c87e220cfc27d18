/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * mc_iova_full.c - models of libiova in which allocations on every CPU have just
 * failed, so that each search begins with the look of full.c, while others free, collect,
 * take words away, split units and give them back.
 */
#include "mc_iova_ops.h"

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
static void init_group(void)
{
	init_line();
	have_failed();
}
static void init_border_failed(void)
{
	init_border_half();
	have_failed();
}

static const struct mc_model models[] = {
	WINDOW("full-alloc", init_2, window_end, 1, 2, 0, ON(alloc_1, 0), ON(alloc_1, 1)),
	WINDOW("full-pair", init_pair, window_end, 1, 2, 0, ON(alloc_2, 0), ON(alloc_free_1, 1)),
	WINDOW("full-free", init_line_full, window_end, 1, 2, 0, ON(free_7_alloc, 0),
	       ON(alloc_1, 0)),
	WINDOW("full-free-apart", init_line_full, window_end, 1, 2, 0, ON(free_7_alloc, 0),
	       ON(alloc_1, 1)),
	WINDOW("full-free-irq", init_line_full, window_end, 1, 2, 0, ON(alloc_1, 0),
	       IRQ(free_7_alloc, 0)),
	WINDOW("full-free-move", init_word, window_end, 1, 2, 1, ON(free_7_alloc, 0),
	       ON(alloc_1, 0)),
	WINDOW("full-remote-free", init_word, window_end, 1, 2, 0, ON(alloc_1, 0),
	       ON(free_7_alloc, 1)),
	WINDOW("full-remote-free-2", init_line_full, window_end, 1, 2, 0, ON(free_7_8, 1),
	       ON(alloc_1, 0)),
	WINDOW("full-lower-2", init_line_full, window_end, 0, 1, 0, ON(free_7_alloc, 0),
	       ON(alloc_1, 1), ON(alloc_1, 2)),
	WINDOW("full-left", init_left, window_end, 1, 2, 0, ON(alloc_1, 0), ON(alloc_1, 1)),
	WINDOW("full-left-3", init_left, window_end, 0, 1, 0, ON(alloc_1, 0), ON(alloc_1, 1),
	       ON(alloc_1, 2)),
	WINDOW("full-drain", init_2, window_end, 1, 2, 0, ON(alloc_1, 1), ON(drain_0, 2)),
	WINDOW("full-split", init_nothing, end_reserved, 0, 1, 0, ON(alloc_1, 0), ON(alloc_1, 1)),
	WINDOW("full-gone", init_gone, end_reserved, 0, 1, 0, ON(alloc_1, 0), ON(alloc_2, 1)),
	WINDOW("full-reclaim", init_group, end_line, 1, 2, 0, ON(alloc_free_1, 0),
	       ON(alloc_8, 1)),
	WINDOW("full-reclaim-2", init_group, end_line, 0, 1, 0, ON(alloc_8, 0), ON(alloc_8, 1)),
	WINDOW("full-claim", init_border_failed, window_end, 1, 2, 0, ON(take_border, 0),
	       ON(alloc_1, 1)),
};

int main(int argc, char **argv)
{
	return mc_main(argc, argv, models, sizeof(models) / sizeof(models[0]));
}

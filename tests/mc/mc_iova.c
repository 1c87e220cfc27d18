/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * mc_iova.c - models of libiova inside one word: init() takes all of its 32
 * granules on CPU 0 and gives back some, and the threads' limit is the end of the
 * word, so that a few operations meet scarcity, another CPU's word and remote
 * frees.
 */
#include "iova_bulk.h"
#include "mc_iova_ops.h"

static void init_full(void)
{
	fill_window(32, PAGE, 0);
}
/* A whole line, so that what searches know of it sinks to nothing. */
static void init_line_full(void)
{
	fill_window(128, PAGE, 0);
}
static void init_1(void)
{
	fill_window(32, PAGE, 1u << 5);
}
static void init_2(void)
{
	fill_window(32, PAGE, 1u << 5 | 1u << 9);
}
static void init_block(void)
{
	fill_window(32, PAGE, 0xfu << 8);
}
static void init_pair(void)
{
	fill_window(32, PAGE, 3u << 6);
}
/* The word is no CPU's any more. */
static void init_2_shared(void)
{
	init_2();
	mc_set_cpu(1);
	mc_assert(iova_space_alloc(s, PAGE, 6 * PAGE - 1) == 5 * PAGE);
	mc_assert(!iova_space_free(s, 5 * PAGE, PAGE));
}

static void nothing(void)
{
}
static void alloc_1_1(void)
{
	alloc_n(1);
	alloc_n(1);
}
static void alloc_free_alloc(void)
{
	alloc_free_1();
	alloc_n(1);
}
static void free_7_checked(void)
{
	struct iova_checked c;
	struct mc_op *op;

	mc_assert(!iova_space_check_free(s, 7 * PAGE, PAGE, &c));
	op = mc_begin(FREE, 7 * PAGE, 1, 0);
	mc_end(op, (uint64_t)(int64_t)iova_space_free_checked(s, 7 * PAGE, PAGE, &c));
}
/* The second succeeds if somebody has been given the granule meanwhile. */
static void free_7_twice(void)
{
	free_7();
	free_n(7, 1);
}
static void free_7_alloc_free(void)
{
	free_7();
	alloc_free_1();
}
/* Two at once: two operations, of which the first failure is the last. */
static void alloc_both(void)
{
	struct mc_op *op[2];
	uint64_t iova[2];
	int got;

	op[0] = mc_begin(ALLOC, 0, 1, 0);
	op[1] = mc_begin(ALLOC, 0, 1, 0);
	got = iova_space_alloc_bulk(s, PAGE, nr_slots * PAGE - 1, iova, 2);
	mc_assert(got && got <= 2);
	for (int i = 0; i < 2; i++) /* after a success no reason is given: -EAGAIN fits always */
		mc_end(op[i], i < got ? iova[i] : got < 0 ? (uint64_t)(int64_t)got :
							    (uint64_t)-EAGAIN);
}
static void wish_2(void)
{
	wish_n(2);
}
static void wish_2_free(void)
{
	uint64_t a = wish_n(2);

	if (!iova_is_err(a))
		mc_assert(!free_n(a / PAGE, 2));
}
/* Nothing runs on CPU 0: a drain of it that says that it is done has left it nothing. */
static void end_drained(void)
{
	check_drained(nr_slots);
	window_end();
}
static void free_both(void)
{
	static const uint64_t iova[2] = { 7 * PAGE, 8 * PAGE };
	struct mc_op *op[2];

	op[0] = mc_begin(FREE, iova[0], 1, 0);
	op[1] = mc_begin(FREE, iova[1], 1, 0);
	mc_assert(!iova_space_free_bulk(s, PAGE, iova, 2));
	mc_end(op[0], 0);
	mc_end(op[1], 0);
}
static void free_wrong(void)
{
	free_n(7, 2);
	free_n(6, 2);
	free_n(5, 2);
}
static void take_5(void)
{
	take_n(5, 1);
}
static void take_7(void)
{
	take_n(7, 1);
}

/* Both frees may succeed; then one is counted later, and there are not two granules. */
static unsigned freed;
static void free_7_racing(void)
{
	int r = iova_space_free(s, 7 * PAGE, PAGE);

	mc_assert(!r || r == -EINVAL || r == -ENOENT);
	if (!r)
		plat_fetch_add_relaxed(&freed, 1);
}
static void end_racing(void)
{
	struct iova_space_stats stats;

	mc_assert(freed >= 1);
	mc_assert(iova_space_alloc(s, PAGE, 32 * PAGE - 1) == 7 * PAGE);
	mc_assert(iova_space_alloc(s, PAGE, 32 * PAGE - 1) == (uint64_t)-ENOSPC);
	for (uint64_t i = 0; i < 32; i++)
		mc_assert(!iova_space_free(s, i * PAGE, PAGE));
	window_is_free();
	iova_space_stats(s, &stats);
	mc_assert(stats.raced_free_bytes == (freed - 1) * PAGE);
	mc_assert(iova_space_destroy(s) == 0);
}

/* With a quarantine of one, exactly one succeeds, whatever comes in between. */
static void init_held(void)
{
	quarantine = 1;
	init_full();
}
static void end_held(void)
{
	mc_assert(freed == 1);
	iova_space_alloc_fixed(s, 8 * PAGE, PAGE, NULL);
	mc_assert(iova_space_alloc(s, PAGE, 32 * PAGE - 1) == 7 * PAGE);
	mc_assert(iova_space_alloc(s, PAGE, 32 * PAGE - 1) == (uint64_t)-ENOSPC);
	for (uint64_t i = 0; i < 32; i++)
		mc_assert(!iova_space_free(s, i * PAGE, PAGE));
	iova_space_release_held(s);
	window_is_free();
	mc_assert(iova_space_destroy(s) == 0);
}
/* Makes what was freed before leave the quarantine; and 8, unless it is on its way out. */
static void free_8_take_8(void)
{
	int r;

	mc_assert(!iova_space_free(s, 8 * PAGE, PAGE));
	r = iova_space_alloc_fixed(s, 8 * PAGE, PAGE, NULL);
	mc_assert(!r || r == -EAGAIN);
}

/* What a search does on CPU 1 that has gone past lines of other CPUs in vain. */
static void lower_others(void)
{
	struct iova_ref line;

	plat_read_lock();
	mc_assert(iova_ref_at(s, 0, 0, &line));
	iova_lower_lines(s->slot[1], 1, true, &line, 1);
	plat_read_unlock();
}

/* Looking while others change: answers are of some moment. */
static void look(void)
{
	struct iova_space_stats stats;
	struct iova_range range;
	int r = iova_space_find(s, 5 * PAGE, &range);

	mc_assert(r == -ENOENT || (!r && range.first == 5 * PAGE && range.last == 6 * PAGE - 1));
	r = iova_space_check(s, 5 * PAGE, PAGE);
	mc_assert(!r || r == -ENOENT || r == -EINVAL);
	mc_assert(iova_space_check(s, 6 * PAGE, PAGE) == 0);
	mc_assert(iova_space_in_use(s));
	iova_space_stats(s, &stats);
	mc_assert(stats.live_ranges >= 30 && stats.live_ranges <= 32);
}

/* Three threads: one pre-emption less. */
#define WINDOW3(name_, init_, check, p, fp, move, ...) \
	WINDOW(name_, init_, check, (p) - 1, (fp) - 1, move, __VA_ARGS__)

static const struct mc_model models[] = {
	WINDOW("alloc-one", init_1, window_end, 1, 2, 0, ON(alloc_1, 0), ON(alloc_1, 1)),
	WINDOW("alloc-alloc", init_2, window_end, 1, 2, 0, ON(alloc_1, 0), ON(alloc_1, 1)),
	WINDOW3("alloc-3", init_2, window_end, 1, 2, 0, ON(alloc_1, 0), ON(alloc_1, 1),
	       ON(alloc_1, 2)),
	WINDOW("alloc-move", init_1, window_end, 1, 2, 1, ON(alloc_1, 0), ON(alloc_1, 1)),
	WINDOW("alloc-irq", init_1, window_end, 1, 2, 0, ON(alloc_1, 0), IRQ(alloc_1, 0)),
	WINDOW("alloc-same-cpu", init_2, window_end, 1, 3, 0, ON(alloc_1, 0), ON(alloc_1, 0),
	       IRQ(alloc_1, 0)),
	WINDOW3("alloc-shared", init_2_shared, window_end, 1, 2, 0, ON(alloc_1, 0), ON(alloc_1, 1),
	       ON(alloc_1, 2)),
	WINDOW("alloc-pair", init_pair, window_end, 1, 2, 0, ON(alloc_2, 0), ON(alloc_1, 1)),
	WINDOW("alloc-free", init_1, window_end, 1, 2, 0, ON(alloc_free_alloc, 0),
	       ON(alloc_free_1, 1)),
	WINDOW("alloc-free-irq", init_1, window_end, 1, 3, 0, ON(alloc_free_alloc, 0),
	       IRQ(alloc_free_1, 0)),
	WINDOW3("alloc-free-irq-2", init_1, window_end, 1, 2, 0, ON(alloc_free_1, 0),
	       IRQ(alloc_free_1, 0), ON(alloc_1, 1)),
	WINDOW("remote-free", init_full, window_end, 1, 2, 0, ON(alloc_1, 0), ON(free_7, 1)),
	WINDOW("checked-free", init_full, window_end, 1, 2, 0, ON(alloc_1, 0),
	       ON(free_7_checked, 1)),
	WINDOW("checked-free-irq", init_full, window_end, 1, 2, 0, ON(free_7_checked, 0),
	       IRQ(alloc_1, 0)),
	WINDOW("checked-free-move", init_full, window_end, 1, 2, 1, ON(free_7_checked, 0),
	       ON(alloc_1, 0)),
	WINDOW("remote-free-2", init_full, window_end, 1, 2, 0, ON(alloc_1_1, 0), ON(free_7_8, 1)),
	WINDOW3("remote-free-3", init_full, window_end, 1, 2, 0, ON(alloc_1, 0), ON(free_7, 1),
	       ON(free_8, 2)),
	WINDOW3("remote-free-alloc", init_full, window_end, 1, 2, 0, ON(alloc_1, 0),
	       ON(free_7_alloc, 1)),
	WINDOW3("remote-free-irq", init_full, window_end, 1, 2, 0, ON(alloc_1, 0), ON(free_7, 1),
	       IRQ(free_8, 0)),
	WINDOW3("collect-irq", init_full, window_end, 1, 2, 0, ON(alloc_1, 0), IRQ(alloc_1, 0),
	       ON(free_7, 1)),
	WINDOW("remote-double", init_full, window_end, 1, 2, 0, ON(alloc_1, 0),
	       ON(free_7_twice, 1)),
	WINDOW3("collect-aba", init_full, window_end, 1, 2, 0, ON(alloc_1, 0), IRQ(alloc_1, 0),
		ON(free_7_twice, 1)),
	WINDOW("free-move", init_full, window_end, 1, 2, 1, ON(free_7_alloc, 0), ON(free_8, 1)),
	WINDOW("free-steal", init_full, window_end, 1, 2, 0, ON(free_7_8, 0), ON(alloc_1, 1)),
	WINDOW3("free-search", init_line_full, window_end, 1, 2, 0, ON(free_7, 0), ON(alloc_1, 1),
		ON(alloc_1, 0)),
	WINDOW("free-lower", init_line_full, window_end, 1, 2, 0, ON(free_7, 0), ON(alloc_1, 0),
	       ON(nothing, 1)),
	WINDOW("free-lower-apart", init_line_full, window_end, 1, 2, 0, ON(free_7, 0),
	       ON(alloc_1, 1), ON(nothing, 2)),
	WINDOW("free-lower-others", init_line_full, window_end, 1, 2, 0, ON(free_7, 0),
	       ON(lower_others, 1)),
	WINDOW("remote-lower-others", init_line_full, window_end, 1, 2, 0, ON(free_7, 2),
	       ON(lower_others, 1)),
	WINDOW("remote-lower", init_line_full, window_end, 1, 2, 0, ON(free_7, 1), ON(alloc_1, 0)),
	WINDOW("share-free", init_1, window_end, 1, 2, 0, ON(alloc_1, 1), ON(free_7, 2)),
	WINDOW3("free-steal-irq", init_full, window_end, 1, 2, 0, ON(free_7, 0), IRQ(free_8, 0),
	       ON(alloc_1, 1)),
	WINDOW3("three-by-two", init_1, window_end, 1, 2, 0, ON(alloc_free_1, 0),
		ON(alloc_free_1, 1), ON(free_7_alloc, 2)),
	WINDOW("two-by-three", init_1, window_end, 1, 2, 0, ON(alloc_free_alloc, 0),
	       ON(free_7_alloc_free, 1)),
	WINDOW("two-by-three-shared", init_2_shared, window_end, 1, 2, 0, ON(alloc_free_alloc, 0),
	       ON(free_7_alloc_free, 1)),
	WINDOW("share-irq", init_1, window_end, 1, 2, 0, ON(alloc_free_1, 1), IRQ(alloc_free_1, 1)),
	WINDOW("bulk-free-irq", init_full, window_end, 1, 2, 0, ON(free_both, 0),
	       IRQ(alloc_1, 0)),
	WINDOW("free-wrong", init_1, window_end, 1, 2, 0, ON(alloc_free_1, 0), ON(free_wrong, 1)),
	WINDOW("double-free", init_full, end_racing, 1, 2, 0, ON(free_7_racing, 0),
	       ON(free_7_racing, 1)),
	WINDOW("double-free-remote", init_full, end_racing, 1, 2, 0, ON(free_7_racing, 1),
	       ON(free_7_racing, 2)),
	WINDOW3("double-free-share", init_full, end_racing, 1, 2, 0, ON(free_7_racing, 0),
		ON(free_7_racing, 1), ON(drain_0, 2)),
	WINDOW("held-double", init_held, end_held, 1, 2, 0, ON(free_7_racing, 0),
	       ON(free_7_racing, 1)),
	WINDOW("held-double-evict", init_held, end_held, 1, 2, 0, ON(free_7_racing, 0),
	       ON(free_7_racing, 1), ON(free_8_take_8, 2)),
	WINDOW("held-double-irq", init_held, end_held, 1, 2, 0, ON(free_7_racing, 0),
	       IRQ(free_7_racing, 0)),
	WINDOW("double-free-irq", init_full, end_racing, 1, 2, 0, ON(free_7_racing, 0),
	       IRQ(free_7_racing, 0), ON(free_7_racing, 1)),
	WINDOW("fixed-alloc", init_2, window_end, 1, 2, 0, ON(alloc_1, 0), ON(take_5, 1)),
	WINDOW("fixed-fixed", init_2, window_end, 1, 2, 0, ON(take_5, 0), ON(take_5, 1)),
	WINDOW("fixed-free", init_full, window_end, 1, 2, 0, ON(free_7, 0), ON(take_7, 1)),
	WINDOW3("fixed-remote-free", init_full, window_end, 1, 2, 0, ON(alloc_1, 0), ON(free_7, 1),
	       ON(take_7, 2)),
	WINDOW("bulk-alloc", init_2, window_end, 1, 2, 0, ON(alloc_both, 0), ON(alloc_1, 1)),
	WINDOW("bulk-alloc-irq", init_2, window_end, 1, 2, 0, ON(alloc_both, 0), IRQ(alloc_1, 0)),
	WINDOW("bulk-both", init_2_shared, window_end, 1, 2, 0, ON(alloc_both, 0),
	       ON(alloc_both, 1)),
	WINDOW("bulk-remote-free", init_full, window_end, 1, 2, 0, ON(alloc_1, 0),
	       ON(free_both, 1)),
	WINDOW("bulk-free-steal", init_full, window_end, 1, 2, 0, ON(free_both, 0),
	       ON(alloc_1, 1)),
	WINDOW("cut-alloc", init_block, window_end, 1, 2, 0, ON(wish_2, 0), ON(alloc_1_1, 1)),
	WINDOW("cut-alloc-irq", init_block, window_end, 1, 2, 0, ON(wish_2_free, 0),
	       IRQ(alloc_1, 0)),
	WINDOW("cut-cut", init_block, window_end, 1, 2, 0, ON(wish_2_free, 0), ON(wish_2, 1)),
	WINDOW("drain-alloc", init_2, window_end, 1, 2, 0, ON(alloc_free_alloc, 0),
	       ON(drain_0, 1)),
	WINDOW("drain-free", init_full, window_end, 1, 2, 0, ON(free_7_8, 0), ON(drain_0, 1)),
	WINDOW("drain-own", init_full, window_end, 1, 2, 0, ON(drain_0, 0), IRQ(free_7, 0)),
	WINDOW3("drain-remote", init_full, window_end, 1, 2, 0, ON(alloc_1, 0), ON(free_7, 1),
		ON(drain_0, 2)),
	WINDOW("drain-full", init_line_full, end_drained, 1, 2, 0, ON(alloc_1, 1), ON(drain_0, 2)),
	WINDOW("foreign-irq", init_1, window_end, 1, 2, 0, IRQ(alloc_1, 1), ON(alloc_1, 2)),
	WINDOW("look", init_2, window_end, 1, 2, 0, ON(alloc_free_1, 0), ON(look, 1)),
};

int main(int argc, char **argv)
{
	return mc_main(argc, argv, models, sizeof(models) / sizeof(models[0]));
}

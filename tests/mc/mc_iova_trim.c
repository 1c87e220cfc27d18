/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * mc_iova_trim.c - models of libiova whose nodes go while others look at them, and
 * come back.  All is about the lowest area: init() has allocated its first 32
 * granules on CPU 0, and given all or all but one back.
 */
#include "iova_bulk.h"
#define SPACE_FLAGS IOVA_SPACE_TRIM
#include "mc_iova_ops.h"

static unsigned nodes(const struct iova_node *node)
{
	unsigned n = 1;

	for (unsigned i = 0; node->level > 1 && i < IOVA_CHILDREN; i++)
		n += node->child[i] ? nodes(node->child[i]) : 0;
	return n;
}

static void init_empty(void)
{
	fill_window(32, PAGE, 0xffffffff);
}
static void init_7(void)
{
	fill_window(32, PAGE, 0xffffffff & ~(1u << 7));
}
static void init_7_8(void)
{
	fill_window(32, PAGE, 0xffffffff & ~(3u << 7));
}
/* The words are nobody's any more. */
static void init_empty_drained(void)
{
	init_empty();
	mc_assert(!iova_space_drain(s, 0));
}
/* An area in slots of 64 granules: level-1 words. */
static void init_area(void)
{
	fill_window(8, 64 * PAGE, 0xff);
}
static void init_area_3(void)
{
	fill_window(8, 64 * PAGE, 0xff & ~(1u << 3));
}
static void init_held(void)
{
	quarantine = 1;
	init_7_8();
}
/* The next area is in use, so the node above both stays, and its cells are the next node's. */
#define BESIDE (3000 * PAGE)
static void init_empty_beside(void)
{
	init_empty();
	mc_assert(!iova_space_alloc_fixed(s, BESIDE, PAGE, NULL));
}

static void trim(void)
{
	iova_space_trim(s, 0);
}
/* Of a size whose exact value is kept beside the words: it must be found again. */
static void check_free_odd(uint64_t a, uint64_t pages)
{
	if (iova_is_err(a)) {
		mc_assert(iova_err(a) == -EAGAIN);
		return;
	}
	mc_assert(!iova_space_check(s, a, pages * PAGE));
	mc_assert(!iova_space_free(s, a, pages * PAGE));
}
static void alloc_free_odd(void)
{
	check_free_odd(iova_space_alloc(s, 33 * PAGE, nr_slots * slot_bytes - 1), 33);
}
/* The same units, and a pad of another size. */
static void alloc_free_odd_2(void)
{
	check_free_odd(iova_space_alloc(s, 34 * PAGE, nr_slots * slot_bytes - 1), 34);
}
/* Of the size for which init_area() has left hints. */
static void alloc_free_bulk(void)
{
	uint64_t a;
	int got = iova_space_alloc_bulk(s, 49 * PAGE, nr_slots * slot_bytes - 1, &a, 1);

	check_free_odd(got == 1 ? a : (uint64_t)(int64_t)got, 49);
}
static void trim_alloc(void)
{
	trim();
	alloc_n(1);
}
static void free_7_trim(void)
{
	free_7();
	trim();
}
static void take_9(void)
{
	take_n(9, 1);
}
static void reserve_9(void)
{
	reserve_n(9, 1);
}

/* Frees of what is nobody's, on a CPU that owns nothing there. */
static void free_wild(void)
{
	mc_assert(iova_space_free(s, 5 * PAGE, PAGE) == -ENOENT);
	mc_assert(iova_space_check(s, 5 * PAGE, PAGE) == -ENOENT);
}
static void free_wild_area(void)
{
	mc_assert(iova_space_free(s, 64 * PAGE, 64 * PAGE) == -ENOENT);
}
/* The second free of two by hands that do not know of each other comes after the check. */
static void free_7_checked(void)
{
	struct iova_checked c;

	if (iova_space_check_free(s, 7 * PAGE, PAGE, &c))
		return;
	iova_space_free_checked(s, 7 * PAGE, PAGE, &c);
}
static void free_7_trim_quietly(void)
{
	iova_space_free(s, 7 * PAGE, PAGE);
	trim();
}

/* An allocation that has to fail, and learns on the way what is free where. */
static void alloc_too_much(void)
{
	struct mc_op *op = mc_begin(ALLOC, 0, 31, 0);

	mc_end(op, iova_space_alloc(s, 31 * PAGE, 32 * PAGE - 1));
}

/* Two pages above the first word: not by a hint, and in a line of their own. */
static void alloc_free_high(void)
{
	struct iova_request q = { .size = 2 * PAGE, .min = 32 * PAGE };
	uint64_t a = iova_space_alloc_request(s, &q);

	mc_assert(!iova_is_err(a) && a >= q.min);
	mc_assert(!iova_space_free(s, a, q.size));
}
static void alloc_free_low(void)
{
	uint64_t a = iova_space_alloc(s, PAGE, ~0ull);

	mc_assert(!iova_is_err(a));
	mc_assert(!iova_space_free(s, a, PAGE));
}
/* What a search does that has looked at the area in vain. */
static void lower_area(void)
{
	struct iova_ref line;

	plat_read_lock();
	if (iova_ref_at(s, 1, 0, &line))
		iova_lower_line(s->slot[0], PLAT_CPU_NONE, &line);
	plat_read_unlock();
}
/* And one that has looked at its lowest line, and then found that it has no other. */
static void lower_area_0(void)
{
	struct iova_ref line;

	plat_read_lock();
	if (iova_ref_at(s, 0, 0, &line)) {
		iova_lower_line(s->slot[0], PLAT_CPU_NONE, &line);
		iova_lower_node(line.node, 0);
	}
	plat_read_unlock();
}
/* Units of the area can be split, and nothing says that there are none (nor do hints of CPU 1). */
static void end_lower(void)
{
	struct iova_request q = { .size = PAGE, .min = 128 * PAGE, .max = 2048 * PAGE - 1 };

	mc_set_cpu(1);
	mc_assert(!iova_is_err(iova_space_alloc_request(s, &q)));
	mc_assert(iova_space_destroy(s) == 2);
}
/* There is room in its lowest line, and nowhere else. */
static void end_lower_0(void)
{
	mc_set_cpu(1);
	mc_assert(!iova_space_alloc_fixed(s, 128 * PAGE, BESIDE - 128 * PAGE, NULL));
	mc_assert(!iova_space_alloc_fixed(s, BESIDE + PAGE, TREE_BYTES - PAGE - BESIDE, NULL));
	mc_assert(iova_space_alloc(s, PAGE, ~0ull) < 128 * PAGE);
	mc_assert(iova_space_destroy(s) == 4);
}

static void look(void)
{
	struct iova_space_stats stats;
	struct iova_range range;
	int r = iova_space_find(s, 7 * PAGE, &range);

	mc_assert(!r && range.first == 7 * PAGE && range.last == 8 * PAGE - 1);
	mc_assert(iova_space_find(s, 3000 * PAGE, &range) == -ENOENT);
	iova_space_stats(s, &stats);
	mc_assert(stats.live_ranges == 1);
	mc_assert(iova_space_in_use(s));
}
static void look_at_nothing(void)
{
	struct iova_range range;

	mc_assert(iova_space_find(s, 7 * PAGE, &range) == -ENOENT);
	mc_assert(!iova_space_in_use(s));
}

/* Whatever is there: it is looked at in memory that exists. */
static void look_anywhere(void)
{
	struct iova_range range;

	iova_space_find(s, 7 * PAGE, &range);
	iova_space_in_use(s);
}

/* With a quarantine of one: of two frees one succeeds, whatever becomes of the area. */
static unsigned freed;
static void free_7_racing(void)
{
	int r = iova_space_free(s, 7 * PAGE, PAGE);

	mc_assert(!r || r == -ENOENT);
	if (!r)
		plat_fetch_add_relaxed(&freed, 1);
}
static void evict_trim_take(void)
{
	mc_assert(!iova_space_free(s, 8 * PAGE, PAGE));
	iova_space_release_held(s);
	trim();
	iova_space_alloc_fixed(s, 100 * PAGE, PAGE, NULL);
}
static void end_held(void)
{
	mc_assert(freed == 1);
	iova_space_free(s, 100 * PAGE, PAGE);
	iova_space_release_held(s);
	mc_assert(!iova_space_in_use(s));
	mc_assert(iova_space_alloc(s, TREE_BYTES, ~0ull) == 0);
	mc_assert(iova_space_destroy(s) == 1);
}

static void give_all_back(void)
{
	mc_assert(nodes(s->root) > 0);
	iova_space_trim(s, 0);
	mc_assert(nodes(s->root) == 1);
	mc_assert(!s->gone);
	mc_assert(iova_space_alloc(s, TREE_BYTES, ~0ull) == 0);
	mc_assert(!iova_space_free(s, 0, TREE_BYTES));
	mc_assert(iova_space_destroy(s) == 0);
}
static void end_trim(void)
{
	window_drain();
	give_all_back();
}
/* What happened was not recorded. */
static void end_any(void)
{
	for (uint64_t i = 0; i < 32; i++)
		iova_space_free(s, i * PAGE, PAGE);
	mc_assert(!iova_space_in_use(s));
	give_all_back();
}

#define BOUNDED(name_, init_, check, p, stale_, fp, plats_, ...) \
	{ .name = name_, .init = init_, .thread = { __VA_ARGS__ }, .fini = check, \
	  .quick = { .preempt = p, .stale = stale_ }, \
	  .full = { .preempt = fp, .spurious = 1 }, .plats = plats_ }
#define TRIM(name_, init_, check, p, fp, ...) \
	BOUNDED(name_, init_, check, p, 1, fp, MC_ALL, __VA_ARGS__)
/* Where a third thread makes again what the trim has unlinked. */
#define REPLACED(name_, init_, check, ...) \
	BOUNDED("trim-replaced-" name_, init_, check, 1, 0, 1, MC_ALL, __VA_ARGS__)

static const struct mc_model models[] = {
	TRIM("trim-alloc", init_empty, end_trim, 1, 1, ON(alloc_1, 0), ON(trim, 1)),
	TRIM("trim-alloc-other", init_empty, end_trim, 1, 1, ON(alloc_1, 2), ON(trim, 1)),
	TRIM("trim-alloc-own", init_empty, end_trim, 1, 1, ON(trim, 0), IRQ(alloc_free_1, 0)),
	TRIM("trim-alloc-irq", init_empty, end_trim, 1, 1, ON(trim, 1), IRQ(alloc_1, 0)),
	TRIM("trim-alloc-drained", init_empty_drained, end_trim, 1, 1, ON(alloc_1, 0),
	     ON(trim, 1)),
	TRIM("trim-alloc-free", init_empty, end_trim, 1, 1, ON(alloc_free_1, 0), ON(trim, 1)),
	TRIM("trim-free", init_7, end_trim, 2, 2, ON(free_7, 0), ON(trim, 1)),
	TRIM("trim-remote-free", init_7, end_trim, 2, 2, ON(free_7, 2), ON(trim, 1)),
	TRIM("trim-remote-refill", init_7, end_trim, 1, 1, ON(free_7, 2), ON(trim, 1),
	     ON(alloc_1, 0)),
	TRIM("trim-two-frees", init_7_8, end_trim, 1, 1, ON(free_7, 0), ON(free_8, 2),
	     ON(trim, 1)),
	TRIM("trim-again", init_empty, end_trim, 1, 1, ON(trim_alloc, 0), ON(alloc_1, 1)),
	TRIM("trim-trim", init_7, end_trim, 1, 1, ON(free_7_trim, 0), ON(trim, 1)),
	TRIM("trim-area", init_area, end_trim, 1, 1, ON(alloc_free_1, 0), ON(trim, 1)),
	TRIM("trim-area-pair", init_area, end_trim, 1, 1, ON(alloc_2, 0), ON(trim, 1)),
	TRIM("trim-area-odd", init_area, end_trim, 1, 1, ON(alloc_free_odd, 0), ON(trim, 1)),
	TRIM("trim-area-replaced", init_area, end_trim, 1, 1, ON(alloc_free_odd, 0),
	     ON(trim_alloc, 0)),
	TRIM("trim-area-free", init_area_3, end_trim, 2, 2, ON(free_3, 2), ON(trim, 1)),
	TRIM("trim-replaced", init_empty, end_trim, 0, 1, ON(alloc_1, 0), ON(trim_alloc, 0)),
	REPLACED("split", init_empty, end_any, ON(alloc_free_high, 0), ON(trim, 1),
	     ON(alloc_free_low, 0)),
	REPLACED("odd", init_area, end_trim, ON(alloc_free_odd_2, 2), ON(trim, 1),
	     ON(alloc_free_odd, 2)),
	/* The steps of bulk.c are those that the other models try under all plats. */
	BOUNDED("trim-replaced-bulk", init_area, end_trim, 1, 0, 1, MC_USER,
		ON(alloc_free_bulk, 0), ON(trim, 1), ON(alloc_free_1, 0)),
	REPLACED("lower", init_empty_beside, end_lower, ON(lower_area, 1), ON(trim, 0),
	     ON(alloc_free_low, 2)),
	REPLACED("lower-node", init_empty_beside, end_lower_0, ON(lower_area_0, 1), ON(trim, 0),
	     ON(alloc_free_low, 2)),
	REPLACED("search", init_7, end_trim, ON(alloc_too_much, 0),
	     ON(free_7_trim, 1), ON(alloc_1, 2)),
	REPLACED("look", init_empty, end_any, ON(look_anywhere, 0), ON(trim, 1),
	     ON(alloc_free_1, 2)),
	TRIM("trim-wild", init_empty, end_trim, 1, 1, ON(free_wild, 1), ON(trim, 0)),
	TRIM("trim-wild-area", init_empty, end_trim, 1, 1, ON(free_wild_area, 1), ON(trim, 0)),
	TRIM("trim-checked", init_7, end_any, 1, 1, ON(free_7_checked, 0),
	     ON(free_7_trim_quietly, 1)),
	TRIM("trim-fixed", init_empty, end_trim, 1, 1, ON(take_9, 0), ON(trim, 1)),
	TRIM("trim-reserve", init_empty, end_reserved, 1, 1, ON(reserve_9, 0), ON(trim, 1)),
	TRIM("trim-drain", init_7, end_trim, 1, 1, ON(drain_0, 0), ON(free_7_trim, 1)),
	TRIM("trim-look", init_7, end_trim, 2, 2, ON(look, 0), ON(trim, 1)),
	TRIM("trim-look-at-nothing", init_empty, end_trim, 1, 1, ON(look_at_nothing, 0),
	     ON(trim, 1)),
	BOUNDED("trim-held", init_held, end_held, 1, 0, 1, MC_ALL, ON(free_7_racing, 0),
		ON(free_7_racing, 1), ON(evict_trim_take, 2)),
};

int main(int argc, char **argv)
{
	return mc_main(argc, argv, models, sizeof(models) / sizeof(models[0]));
}

/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * mc_iova_resv.c - models of libiova in which the granules that may be used change:
 * reservations made, merged, cut and given back, lists of allowed ranges, growth.
 */
#include "mc_iova_ops.h"

static void free_32(void)
{
	free_n(32, 1);
}
static void reserve_border(void)
{
	reserve_n(31, 2);
}
static void reserve_31(void)
{
	reserve_n(31, 1);
}

/* Slots 31 and 32 are reserved and given back: what is not free yet is refused, nothing more. */
static void init_reserved(void)
{
	init_border();
	mc_assert(!iova_space_reserve(s, 31 * PAGE, 33 * PAGE - 1, NULL));
}
static unsigned nr_carved;
static void carve(uint64_t slot)
{
	int r = unreserve_n(slot, 1);

	mc_assert(!r || r == -EAGAIN || r == -ENOENT);
	if (!r)
		plat_fetch_add_relaxed(&nr_carved, 1);
}
static void carve_31(void)
{
	carve(31);
}
static void carve_32(void)
{
	carve(32);
}
static unsigned nr_taken;
static void take_carved(void)
{
	uint64_t a = iova_space_alloc(s, PAGE, 64 * PAGE - 1);

	mc_assert(!iova_is_err(a) || iova_err(a) == -ENOSPC || iova_err(a) == -EAGAIN);
	if (iova_is_err(a))
		return;
	mc_assert(a == 31 * PAGE || a == 32 * PAGE);
	mc_assert(iova_space_check(s, a, PAGE) == 0);
	plat_fetch_add_relaxed(&nr_taken, 1);
}
static void take_free_carved(void)
{
	uint64_t a = iova_space_alloc(s, PAGE, 64 * PAGE - 1);

	if (!iova_is_err(a))
		mc_assert(!iova_space_free(s, a, PAGE));
}
/* A free of what is no range of anybody's. */
static void free_wild_31(void)
{
	mc_assert(iova_space_free(s, 31 * PAGE, PAGE));
}
/* Another set that says the same. */
static void merge_31(void)
{
	mc_assert(!iova_space_reserve_merge(s, 31 * PAGE, 32 * PAGE - 1, NULL));
}
static void end_carved(void)
{
	for (; nr_taken < nr_carved; nr_taken++)
		mc_assert(!iova_is_err(iova_space_alloc(s, PAGE, 64 * PAGE - 1)));
	mc_assert(iova_space_alloc(s, PAGE, 64 * PAGE - 1) == (uint64_t)-ENOSPC);
	mc_assert(iova_space_destroy(s) == 62 + nr_carved);
}

/*
 * Slots 16 to 30 are reserved one by one, and 31 begins a range that goes on in the
 * next word: freed and given back at once, all sixteen hide at the same time.
 */
static void init_chain(void)
{
	fill_window(64, PAGE, 0x1ffffull << 16);
	for (uint64_t i = 16; i < 31; i++)
		mc_assert(!iova_space_reserve(s, i * PAGE, (i + 1) * PAGE - 1, NULL));
	mc_assert(!iova_space_alloc_fixed(s, 31 * PAGE, 2 * PAGE, NULL));
}
static void unreserve_chain(void)
{
	mc_assert(!unreserve_n(16, 15));
}
static void free_range_31(void)
{
	mc_assert(!iova_space_free(s, 31 * PAGE, 2 * PAGE));
}
static void end_chain(void)
{
	uint64_t seen = 0;

	for (unsigned i = 0; i < 17; i++) {
		uint64_t a = iova_space_alloc(s, PAGE, 64 * PAGE - 1) / PAGE;

		mc_assert(a >= 16 && a <= 32 && !(seen >> a & 1));
		seen |= 1ull << a;
	}
	mc_assert(iova_space_alloc(s, PAGE, 64 * PAGE - 1) == (uint64_t)-ENOSPC);
	mc_assert(iova_space_destroy(s) == 64);
}

/*
 * A merge over a reservation: 31 is one, 30 and 32 are free.  All of them or none is
 * reserved, and who is told that one is taken finds that it is.
 */
static unsigned nr_seen;
static void take_one(void)
{
	uint64_t a = iova_space_alloc(s, PAGE, 64 * PAGE - 1);

	mc_assert(!iova_is_err(a) || iova_err(a) == -ENOSPC || iova_err(a) == -EAGAIN);
	if (!iova_is_err(a))
		plat_fetch_add_relaxed(&nr_taken, 1);
}
static void take_free_one(void)
{
	uint64_t a = iova_space_alloc(s, PAGE, 64 * PAGE - 1);

	if (iova_is_err(a))
		return;
	plat_fetch_add_relaxed(&nr_seen, 1);
	mc_assert(!iova_space_free(s, a, PAGE));
}
static int merged;
static void init_merge(void)
{
	fill_window(64, PAGE, 7ull << 30);
	mc_assert(!iova_space_reserve(s, 31 * PAGE, 32 * PAGE - 1, NULL));
}
static void merge_3(void)
{
	struct iova_range hit = { 1, 0 };

	merged = iova_space_reserve_merge(s, 30 * PAGE, 33 * PAGE - 1, &hit);
	mc_assert(!merged || merged == -EAGAIN || merged == -EEXIST);
	mc_assert(merged != -EEXIST || hit.first == 30 * PAGE || hit.first == 32 * PAGE);
}
static void end_merged(void)
{
	unsigned more = merged ? 2 - nr_taken : 0;
	struct iova_space_stats stats;

	mc_assert(merged ? merged != -EEXIST || nr_taken || nr_seen : !nr_taken);
	iova_space_stats(s, &stats);
	mc_assert(stats.reserved_bytes == (merged ? 1 : 3) * PAGE);
	while (more--)
		mc_assert(!iova_is_err(iova_space_alloc(s, PAGE, 64 * PAGE - 1)));
	mc_assert(iova_space_alloc(s, PAGE, 64 * PAGE - 1) == (uint64_t)-ENOSPC);
	mc_assert(iova_space_destroy(s) == 61 + (merged ? 2 : 0));
}

/* 32 is taken: what the merge takes before it finds that is no reason for -ENOSPC. */
static void init_merge_taken(void)
{
	init_merge();
	mc_assert(!iova_space_alloc_fixed(s, 32 * PAGE, PAGE, NULL));
}
static void merge_fails(void)
{
	merge_3();
	mc_assert(merged);
}
static void take_30(void)
{
	uint64_t a = iova_space_alloc(s, PAGE, 64 * PAGE - 1);

	mc_assert(a == 30 * PAGE || iova_err(a) == -EAGAIN);
}
static void end_merge_failed(void)
{
	struct iova_space_stats stats;

	iova_space_stats(s, &stats);
	mc_assert(stats.reserved_bytes == PAGE);
	iova_space_alloc_fixed(s, 30 * PAGE, PAGE, NULL);
	mc_assert(iova_space_destroy(s) == 63);
}

/* Slots 31 and 32 are not to be used any more. */
static int narrowed;
static void allow_others(void)
{
	const struct iova_range others[] = { { 33 * PAGE, UINT64_MAX }, { 0, 31 * PAGE - 1 } };
	struct iova_range hit = { 1, 0 };

	narrowed = iova_space_allow(s, others, 2, &hit);
	mc_assert(!narrowed || narrowed == -EAGAIN || narrowed == -EEXIST);
	mc_assert(narrowed != -EEXIST || hit.first == 31 * PAGE || hit.first == 32 * PAGE);
}
static void end_narrowed(void)
{
	unsigned more = narrowed ? 2 - nr_taken : 0;
	struct iova_space_stats stats;

	mc_assert(narrowed ? narrowed != -EEXIST || nr_taken || nr_seen : !nr_taken);
	iova_space_stats(s, &stats);
	mc_assert(!stats.reserved_bytes && stats.live_ranges == 62 + nr_taken);
	while (more--)
		mc_assert(!iova_is_err(iova_space_alloc(s, PAGE, 64 * PAGE - 1)));
	mc_assert(iova_space_alloc(s, PAGE, 64 * PAGE - 1) == (uint64_t)-ENOSPC);
	mc_assert(iova_space_destroy(s) == 62 + (narrowed ? 2 : 0));
}

/*
 * The space ends at slot 31, in which a range lies that ends there, and grows by two: what
 * is new can be had once, by whoever asks, and not before it is there.
 */
static bool grown[3]; /* by so many; of one thread each */
static void init_end(void)
{
	end_slots = 32;
	fill_window(32, PAGE, 0);
	nr_slots = 64;
}
static void grow_to(uint64_t slots)
{
	int r = iova_space_grow(s, slots * PAGE - 1);

	mc_assert(!r || r == -EAGAIN || r == -EINVAL); /* another may have gone beyond */
	grown[slots - 32] = !r;
}
static void grow_2(void)
{
	grow_to(34);
}
static void grow_1(void)
{
	grow_to(33);
}
static void take_new(void)
{
	struct iova_range hit = { 1, 0 };
	int r = iova_space_alloc_fixed(s, 32 * PAGE, 2 * PAGE, &hit);

	mc_assert(!r || r == -EINVAL || r == -EAGAIN || r == -EEXIST);
	/* Not there yet: all that lies behind the end. */
	mc_assert(r != -EEXIST || (hit.first >= 32 * PAGE && hit.last >= hit.first));
	if (!r)
		plat_fetch_add_relaxed(&nr_taken, 2);
}
/* A free of what nobody has been given, or of the last range and what is new behind it. */
static void free_new(void)
{
	mc_assert(iova_space_free(s, 32 * PAGE, 2 * PAGE));
	mc_assert(iova_space_free(s, 31 * PAGE, 3 * PAGE));
	mc_assert(!iova_space_check(s, 31 * PAGE, PAGE));
}
static void end_grown(void)
{
	unsigned nr_grown = grown[2] ? 2 : grown[1];
	uint64_t a;

	for (; nr_taken < nr_grown; nr_taken++) {
		a = iova_space_alloc(s, PAGE, ~0ull);
		mc_assert(!iova_is_err(a) && a >= 32 * PAGE);
	}
	mc_assert(nr_taken == nr_grown);
	mc_assert(iova_space_alloc(s, PAGE, ~0ull) == (uint64_t)-ENOSPC);
	mc_assert(!iova_space_free(s, 31 * PAGE, PAGE));
	iova_space_destroy(s);
}

#define RESV(name_, init_, check, p, fp, ...) \
	{ .name = name_, .init = init_, .thread = { __VA_ARGS__ }, .fini = check, \
	  .quick = { .preempt = p, .stale = 1 }, .full = { .preempt = fp, .spurious = 1 }, \
	  .plats = MC_ALL }

static const struct mc_model models[] = {
	RESV("reserve-alloc", init_border, end_reserved, 1, 2, ON(reserve_border, 0),
	     ON(alloc_1, 1)),
	RESV("reserve-irq", init_border, end_reserved, 1, 2, ON(reserve_border, 0),
	     IRQ(alloc_free_1, 0)),
	RESV("reserve-free", init_border, end_reserved, 1, 2, ON(reserve_31, 0),
	     ON(take_free_border, 1)),
	RESV("reserve-look", init_border, end_reserved, 1, 2, ON(reserve_31, 0), ON(free_7, 1)),
	RESV("carve-alloc", init_reserved, end_carved, 1, 2, ON(carve_31, 0),
	     ON(take_carved, 1)),
	RESV("carve-free", init_reserved, end_carved, 1, 2, ON(carve_31, 0),
	     ON(take_free_carved, 1)),
	RESV("carve-wild", init_reserved, end_carved, 1, 2, ON(carve_31, 0),
	     ON(free_wild_31, 1)),
	RESV("merge-wild", init_reserved, end_carved, 1, 2, ON(merge_31, 0),
	     ON(free_wild_31, 1)),
	RESV("carve-carve", init_reserved, end_carved, 1, 1, ON(carve_31, 0), ON(carve_32, 1)),
	RESV("carve-same", init_reserved, end_carved, 1, 1, ON(carve_31, 0), ON(carve_31, 1)),
	RESV("carve-chain", init_chain, end_chain, 1, 2, ON(unreserve_chain, 0),
	     ON(free_range_31, 1)),
	RESV("reserve-reserve", init_border, end_reserved, 1, 2, ON(reserve_border, 0),
	     ON(reserve_31, 1), ON(free_32, 2)),
	RESV("merge-alloc", init_merge, end_merged, 1, 2, ON(merge_3, 0), ON(take_one, 1)),
	RESV("merge-free", init_merge, end_merged, 1, 2, ON(merge_3, 0), ON(take_free_one, 1)),
	RESV("merge-irq", init_merge, end_merged, 1, 2, ON(merge_3, 0), IRQ(take_one, 0)),
	RESV("merge-undo", init_merge_taken, end_merge_failed, 1, 2, ON(merge_fails, 0),
	     ON(take_30, 1)),
	RESV("allow-alloc", init_border, end_narrowed, 1, 2, ON(allow_others, 0),
	     ON(take_one, 1)),
	RESV("allow-free", init_border, end_narrowed, 1, 2, ON(allow_others, 0),
	     ON(take_free_one, 1)),
	RESV("allow-irq", init_border, end_narrowed, 1, 2, ON(allow_others, 0),
	     IRQ(take_one, 0)),
	RESV("grow-alloc", init_end, end_grown, 1, 2, ON(grow_2, 0), ON(take_one, 1)),
	RESV("grow-take", init_end, end_grown, 1, 2, ON(grow_2, 0), ON(take_new, 1)),
	RESV("grow-wild", init_end, end_grown, 1, 2, ON(grow_2, 0), ON(free_new, 1)),
	RESV("grow-irq", init_end, end_grown, 1, 2, ON(grow_2, 0), IRQ(take_one, 0)),
	RESV("grow-grow", init_end, end_grown, 1, 1, ON(grow_2, 0), ON(grow_1, 1)),
};

int main(int argc, char **argv)
{
	return mc_main(argc, argv, models, sizeof(models) / sizeof(models[0]));
}

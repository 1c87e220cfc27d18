/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * mc_iova_ops.h - what the threads of several programs of models of libiova do, and the
 * situations that they have in common.  Slots are named by their numbers.
 */
#ifndef MC_IOVA_OPS_H
#define MC_IOVA_OPS_H

#include "iova_life.h"
#include "mc_iova.h"

/* Slots 31 and 32, on either side of the border of two words, are free; the others taken. */
static inline void init_border(void)
{
	fill_window(64, PAGE, 3ull << 31);
}
/* The second half is taken: a range over the border cannot be had, the first half can. */
static inline void init_border_half(void)
{
	fill_window(64, PAGE, 1ull << 31);
}
/* Of slots of @bytes the first eight are free, but split for @small bytes; the others taken. */
static inline void fill_groups(uint64_t slots, uint64_t bytes, uint64_t small)
{
	create();
	slot_bytes = bytes;
	nr_slots = slots;
	mc_assert(iova_space_alloc(s, small, 8 * bytes - 1) == 0);
	for (uint64_t i = 8; i < slots; i += 8) {
		mc_assert(iova_space_alloc(s, 8 * bytes, slots * bytes - 1) == i * bytes);
		mark(&start, i, 8);
	}
	mc_assert(!iova_space_free(s, 0, small));
}
/*
 * The first group of the area is split into a line of level 0, which is empty;
 * the rest is taken.  Slots of 16 granules are of level 0, eight of them the group.
 */
static inline void init_line(void)
{
	fill_groups(32, 16 * PAGE, PAGE);
}

static inline void alloc_1(void)
{
	alloc_n(1);
}
static inline void alloc_2(void)
{
	alloc_n(2);
}
static inline void alloc_8(void)
{
	alloc_n(8);
}
static inline void alloc_free_1(void)
{
	uint64_t a = alloc_n(1);

	if (!iova_is_err(a))
		mc_assert(!free_n(a / slot_bytes, 1));
}
static inline void free_3(void)
{
	mc_assert(!free_n(3, 1));
}
static inline void free_7(void)
{
	mc_assert(!free_n(7, 1));
}
static inline void free_8(void)
{
	mc_assert(!free_n(8, 1));
}
static inline void free_7_8(void)
{
	free_7();
	free_8();
}
static inline void free_7_alloc(void)
{
	free_7();
	alloc_n(1);
}
static inline void take_border(void)
{
	take_n(31, 2);
}
static inline void take_free_border(void)
{
	if (!take_n(31, 2))
		mc_assert(!free_n(31, 2));
}
static bool drained;
static inline void drain_0(void)
{
	int r = iova_space_drain(s, 0);

	mc_assert(!r || r == -EAGAIN);
	drained = !r;
}

/* A drain of CPU 0 that said that it was done has left it no word below @end_pfn. */
static inline void check_drained(uint64_t end_pfn)
{
	for (uint64_t pfn = 0; drained && pfn < end_pfn; pfn += 32) {
		struct iova_ref ref;

		mc_assert(iova_ref_at(s, 0, pfn, &ref));
		mc_assert(iova_own(iova_ctl_look(&ref)));
	}
}
/* As window_end(), where some slots are reserved to the end, or have no word of their own. */
static inline void end_reserved(void)
{
	window_drain();
	mc_assert(iova_space_destroy(s) == 0);
}
/* All is one unit again. */
static inline void end_line(void)
{
	window_drain();
	mc_assert(iova_space_alloc(s, nr_slots * slot_bytes, nr_slots * slot_bytes - 1) == 0);
	mc_assert(iova_space_destroy(s) == 1);
}

/* With moves to other CPUs (@move) the bounds are of them, not of stale loads and aborts. */
#define WINDOW(name_, init_, check, p, fp, move, ...) \
	{ .name = name_, .init = init_, .thread = { __VA_ARGS__ }, .fini = check, \
	  .quick = { .preempt = move ? 0 : p, .stale = !move, .migrate = move }, \
	  .full = { .preempt = move ? 1 : fp, .spurious = !move, .migrate = move }, \
	  .plats = MC_ALL }

#endif

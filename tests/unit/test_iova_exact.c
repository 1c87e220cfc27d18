/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* test_iova_exact.c - ranges that are no whole number of units, where their rounding has no room. */
#define _GNU_SOURCE
#include "iova_life.h"
#include "iova_query.h"
#include "unit/iova_rig.h"

UNIT_RUN_TWICE();

#define SPACE 4096 /* granules */
#define PLACEMENTS 4

static uint64_t at[2 * SPACE];

static void make(struct rig *r, uint64_t first_pfn, uint64_t granules, unsigned placement,
		 unsigned quarantine)
{
	struct iova_space_config c =
		rig_config(r, first_pfn * G, first_pfn * G + granules * G - 1);

	c.placement = placement;
	c.quarantine = quarantine;
	cr_assert_eq(iova_space_create(&r->s, &c), 0);
}

/* All that there is, in ranges of @n granules, freed from another CPU if there is one. */
static void use(struct rig *r, uint64_t n)
{
	unsigned nr = 0;

	while (!iova_is_err(at[nr] = iova_space_alloc(r->s, n * G, NO_MAX)))
		nr++;
	rig_move(1);
	while (nr)
		rig_free(r, at[--nr], n);
	rig_move(0);
}

/* A range that is there is refused to all but the size that it has. */
static void check_and_free(struct rig *r, uint64_t iova, uint64_t n)
{
	const uint64_t wrong[] = { 1, 16, 32, n / 16 * 16, n - 1, n + 1, (n + 15) / 16 * 16, 2 * n };
	struct iova_range found;

	for (unsigned i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		if (wrong[i] != n)
			cr_assert_eq(iova_space_free(r->s, iova, wrong[i] * G), -EINVAL,
				     "%u of %u", (unsigned)wrong[i], (unsigned)n);
	cr_assert_eq(iova_space_free(r->s, iova + 32 * G, (n - 32) * G), -EINVAL);
	cr_assert_eq(iova_space_find(r->s, iova + (n - 1) * G, &found), 0);
	cr_assert(found.first == iova && found.last == iova + n * G - 1);
	rig_free(r, iova, n);
	cr_assert_eq(iova_space_free(r->s, iova, n * G), -ENOENT);
}

/* An empty space gives out all of itself: new, or after use in smaller ranges. */
Test(exact, whole_space)
{
	static const uint64_t used[] = { 0, 1, 3, 40 };

	for (unsigned i = 0; i < 4 * PLACEMENTS; i++)
		for (uint64_t n = 33; n < SPACE; n += n / 37 + 1) {
			uint64_t first = 3 * rule_align(n), iova;
			struct rig r;

			make(&r, first, n, i % PLACEMENTS, 0);
			rig_move(0);
			if (used[i / PLACEMENTS])
				use(&r, used[i / PLACEMENTS]);
			iova = rig_alloc(&r, n);
			cr_assert_eq(iova, first * G);
			cr_assert_eq(iova_space_alloc(r.s, G, NO_MAX), (uint64_t)-ENOSPC);
			cr_assert_eq(iova_space_alloc(r.s, n * G, NO_MAX), (uint64_t)-ENOSPC);
			check_and_free(&r, iova, n);
			rig_done(&r);
		}
}

/* Single granules everywhere; those of [first, first + n) are freed. */
static void open_hole(struct rig *r, uint64_t first, uint64_t n)
{
	for (uint64_t i = first; i < first + n; i++) {
		rig_move(i & 1);
		rig_free(r, i * G, 1);
	}
	rig_move(0);
}

static void fill(struct rig *r)
{
	for (unsigned i = 0; i < SPACE; i++)
		rig_alloc(r, 1);
}

static void empty(struct rig *r)
{
	for (unsigned i = 0; i < SPACE; i++)
		if (!iova_space_check(r->s, i * G, G))
			rig_free(r, i * G, 1);
}

/* The only holes that will do are found among others, and in the order of the space. */
Test(exact, among_smaller_holes)
{
	static const uint64_t sizes[] = { 33, 50, 65, 100, 250, 257, 300, 500, 513, 700, 1000 };

	for (unsigned i = 0; i < 2 * PLACEMENTS * 11; i++) {
		unsigned placement = i % PLACEMENTS;
		uint64_t n = sizes[i / PLACEMENTS % 11], align = rule_align(n);
		/* The second time in another word of the line. */
		uint64_t apart = i < PLACEMENTS * 11 || align > 512 ? align : 1024;
		uint64_t low = SPACE / align / 2 * align, high = low + apart, first, second;
		bool down = placement == IOVA_PLACE_TOP_DOWN;
		struct rig r;

		make(&r, 0, SPACE, placement, 0);
		rig_move(0);
		fill(&r);
		for (uint64_t hole = 0; hole < SPACE; hole += align)
			open_hole(&r, hole, hole == low || hole == high ? n : n - 1);
		first = rig_alloc(&r, n);
		second = rig_alloc(&r, n);
		cr_assert(first == (down ? high : low) * G && second == (down ? low : high) * G,
			  "%u: %llx %llx", (unsigned)n, (unsigned long long)first,
			  (unsigned long long)second);
		cr_assert_eq(iova_space_alloc(r.s, n * G, NO_MAX), (uint64_t)-ENOSPC);
		check_and_free(&r, first, n);
		check_and_free(&r, second, n);
		empty(&r);
		rig_done(&r);
	}
}

/* As long as there is room for the rounding, nobody's range lies on it. */
Test(exact, rounding_first)
{
	for (unsigned placement = 0; placement < PLACEMENTS; placement++) {
		uint64_t hole = 0, only = 1024;
		struct rig r;

		make(&r, 0, SPACE, placement, 0);
		rig_move(0);
		fill(&r);
		open_hole(&r, hole, 33); /* without rounding */
		open_hole(&r, only, 48); /* with it */
		cr_assert_eq(rig_alloc(&r, 33), only * G);
		cr_assert_eq(rig_alloc(&r, 33), hole * G);
		rig_free(&r, only * G, 33);
		rig_free(&r, hole * G, 33);
		empty(&r);
		rig_done(&r);
	}
}

/* What is held back is given out before the rounding is given up. */
Test(exact, after_the_quarantine)
{
	struct rig r;

	make(&r, 0, SPACE, IOVA_PLACE_LOCAL, 64);
	rig_move(0);
	fill(&r);
	open_hole(&r, 0, 33);
	iova_space_release_held(r.s);
	open_hole(&r, 1024, 48);
	cr_assert_eq(rig_alloc(&r, 33), 1024 * G);
	cr_assert_eq(rig_alloc(&r, 33), 0);
	rig_free(&r, 0, 33);
	rig_free(&r, 1024 * G, 33);
	empty(&r);
	iova_space_release_held(r.s);
	rig_done(&r);
}

/* Guards are part of what has to fit; the limit is about the range alone. */
Test(exact, guards_and_limits)
{
	struct iova_space_config c;
	struct rig r;

	c = rig_config(&r, 192 * G, (192 + 35) * G - 1);
	c.guard_granules = 2;
	cr_assert_eq(iova_space_create(&r.s, &c), 0);
	cr_assert_eq(iova_space_alloc(r.s, 34 * G, NO_MAX), (uint64_t)-ENOSPC);
	cr_assert_eq(iova_space_alloc(r.s, 33 * G, (192 + 33) * G - 2), (uint64_t)-ENOSPC);
	cr_assert_eq(iova_space_alloc(r.s, 33 * G, (192 + 33) * G - 1), 192 * G);
	cr_assert_eq(iova_space_alloc(r.s, G, NO_MAX), (uint64_t)-ENOSPC);
	check_and_free(&r, 192 * G, 33);
	rig_done(&r);
}

/* No memory for what the pieces lie in: nothing is left behind. */
Test(exact, no_memory)
{
	uint64_t n = 70000, iova = (uint64_t)-ENOMEM, align = rule_align(n), state;
	/* In the last unit, but not in what the range needs of it. */
	uint64_t last = (align + n + 3000) * G;

	for (unsigned nth = 0; iova_is_err(iova); nth++) {
		struct rig r;

		make(&r, align, align, IOVA_PLACE_LOCAL, 0);
		cr_assert_eq(iova_space_alloc_fixed(r.s, last, G, NULL), 0);
		state = rig_state(r.s);
		r.mem.fail_at = r.mem.calls + 1 + nth;
		iova = iova_space_alloc(r.s, n * G, NO_MAX);
		cr_assert_eq(iova, r.mem.failed ? (uint64_t)-ENOMEM : align * G);
		cr_assert(nth || r.mem.failed);
		if (r.mem.failed)
			cr_assert_eq(rig_state(r.s), state);
		if (r.mem.failed)
			cr_assert_eq(rig_alloc(&r, n), align * G);
		check_and_free(&r, align * G, n);
		rig_free(&r, last, 1);
		rig_done(&r);
	}
}

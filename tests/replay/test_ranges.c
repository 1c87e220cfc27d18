/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* test_ranges.c - the set of page ranges against an array of owners. */
#include "unit/unit.h"

#include "ranges.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PAGES 512u
#define STEPS 200000

static uint64_t seed_from_environment(void)
{
	const char *text = getenv("SEED");
	uint64_t seed = text ? strtoull(text, NULL, 0) : 20261120;

	printf("SEED=%llu\n", (unsigned long long)seed);
	return seed ? seed : 1;
}

static uint32_t next(uint64_t *state, uint32_t below)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return (uint32_t)(*state >> 33) % below;
}

/* owner[page]: value of the range that holds it, 0 for none. */
static bool model_overlap(const uint64_t *owner, uint32_t first, uint32_t last, uint64_t *who)
{
	for (; first <= last; first++) {
		if (owner[first]) {
			*who = owner[first];
			return true;
		}
	}
	return false;
}

static void model_put(uint64_t *owner, uint32_t first, uint32_t last, uint64_t value)
{
	for (; first <= last; first++)
		owner[first] = value;
}

Test(ranges, agrees_with_a_flat_model)
{
	uint64_t state = seed_from_environment(), value = 0, who, owner[PAGES] = { 0 };
	struct range_set set = { 0 };
	struct range got, range;
	uint32_t count = 0;

	for (int step = 0; step < STEPS; step++) {
		uint32_t first = next(&state, PAGES), last = first + next(&state, 20);
		bool there;

		if (last >= PAGES)
			last = PAGES - 1;
		there = model_overlap(owner, first, last, &who);
		cr_assert_eq(ranges_overlap(&set, first, last, &got), there);
		if (there)
			cr_assert_eq(got.value, who);
		if (next(&state, 2)) {
			range = (struct range){ first, last, ++value };
			got.value = 0;
			cr_assert_eq(ranges_add(&set, &range, &got), there ? -EEXIST : 0);
			cr_assert_eq(got.value, there ? who : 0);
			count += !there;
			if (!there)
				model_put(owner, first, last, value);
			continue;
		}
		/* Only the exact first page takes a range out. */
		there = owner[first] && (!first || owner[first - 1] != owner[first]);
		cr_assert_eq(ranges_take(&set, first, &got), there);
		if (there) {
			cr_assert_eq(got.value, owner[first]);
			cr_assert_eq(got.first_pfn, first);
			model_put(owner, first, (uint32_t)got.last_pfn, 0);
			count--;
		}
		cr_assert_eq(set.count, count);
	}
	ranges_clear(&set);
	cr_assert(!ranges_overlap(&set, 0, UINT64_MAX, NULL));
}

Test(ranges, reaches_both_ends)
{
	struct range_set set = { 0 };
	struct range whole = { 0, UINT64_MAX, 7 }, got;

	cr_assert_eq(ranges_add(&set, &whole, NULL), 0);
	cr_assert_eq(ranges_add(&set, &(struct range){ UINT64_MAX, UINT64_MAX, 8 }, &got), -EEXIST);
	cr_assert_eq(got.value, 7);
	cr_assert(ranges_take(&set, 0, &got));
	cr_assert_eq(got.last_pfn, UINT64_MAX);
	cr_assert(!ranges_take(&set, 0, &got));
	ranges_clear(&set);
}

Test(ranges, many_in_order)
{
	struct range_set set = { 0 };

	for (uint64_t i = 0; i < 100000; i++)
		cr_assert_eq(ranges_add(&set, &(struct range){ 2 * i, 2 * i, i }, NULL), 0);
	for (uint64_t i = 0; i < 100000; i++) {
		cr_assert(!ranges_overlap(&set, 2 * i + 1, 2 * i + 1, NULL));
		cr_assert(ranges_take(&set, 2 * i, NULL));
	}
	cr_assert_eq(set.count, 0);
	ranges_clear(&set);
}

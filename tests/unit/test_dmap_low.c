/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* test_dmap_low.c - below 4 GiB first, and what is remembered when there is no room there. */
#include "iova_resv.h"
#include "test_dmap_env.h"

UNIT_RUN_TWICE();

#define GB4 (1ull << 32)
#define LOW 16u	 /* granules of the space below 4 GiB */
#define RETRY 64 /* dmap.h: so many calls at most do without a look below */

static struct env env;
static uint64_t low[LOW];

static uint64_t map(uint64_t granules, uint64_t limit)
{
	return env_map(&env, 0x100000, granules * PAGE, limit);
}

static uint64_t go(uint64_t granules)
{
	uint64_t iova = map(granules, NO_LIMIT);

	cr_assert(!iova_is_err(iova), "%d", iova_err(iova));
	return iova;
}

static void drop(uint64_t iova, uint64_t granules)
{
	cr_assert_eq(dmap_unmap(env.space, iova, granules * PAGE), 0);
}

/* Maps @granules above 4 GiB: the space has seen that there is no room below. */
static uint64_t go_above(uint64_t granules)
{
	uint64_t iova = go(granules);

	cr_assert_geq(iova, GB4);
	return iova;
}

static void fail_below(uint64_t granules)
{
	drop(go_above(granules), granules);
}

/* A space with 16 granules below 4 GiB, all of them mapped one by one. */
static void open_full(enum dmap_mode mode)
{
	struct env_options o = { .iova = { .first = GB4 - LOW * PAGE, .last = 2 * GB4 - 1 },
				 .dmap = { .mode = mode } };

	env_open(&env, &o);
	for (unsigned i = 0; i < LOW; i++)
		cr_assert_lt(low[i] = go(1), GB4);
}

static void done(void)
{
	for (unsigned i = 0; i < LOW; i++)
		if (low[i])
			drop(low[i], 1);
	cr_assert_eq(dmap_flush(env.space, false), 0);
	cr_assert_eq(env_iova_stats(&env).live_ranges, 0);
	env_close(&env);
}

/* What libdma cannot know of: addresses become usable that were reserved. */
static uint64_t open_reserved(void)
{
	struct env_options o = { .iova = { .first = GB4 - LOW * PAGE, .last = 2 * GB4 - 1 } };

	env_open(&env, &o);
	memset(low, 0, sizeof(low));
	cr_assert_eq(iova_space_reserve(env.iova, GB4 - LOW * PAGE, GB4 - 1, NULL), 0);
	fail_below(1);
	cr_assert_eq(iova_space_unreserve(env.iova, GB4 - LOW * PAGE, GB4 - 1), 0);
	return GB4 - LOW * PAGE;
}

/* The failing search is not repeated, and not forgotten either. */
Test(dmap_low, a_full_32_bit_part_is_searched_now_and_then)
{
	uint64_t high[2 * RETRY];
	unsigned above = 0;

	open_reserved();
	while (above < 2 * RETRY && (high[above] = go(1)) >= GB4)
		above++;
	cr_assert(above > RETRY / 2 && above < RETRY, "%u maps above", above);
	/* And from here on below first again. */
	low[0] = high[above];
	for (unsigned i = 1; i < LOW; i++)
		cr_assert_lt(low[i] = go(1), GB4);
	for (unsigned i = 0; i < above; i++)
		drop(high[i], 1);
	done();
}

/* A device that cannot go above is not affected; that it finds room is news to all. */
Test(dmap_low, a_device_below_4_gib_looks_each_time)
{
	uint64_t first = open_reserved(), high = go_above(1);

	low[0] = map(1, first + PAGE - 1);
	cr_assert_eq(low[0], first);
	cr_assert_lt(low[1] = go(1), GB4);
	/* That it finds none says nothing to those who may go further. */
	cr_assert_eq(map(1, first + PAGE - 1), (uint64_t)-ENOSPC);
	drop(high, 1);
	cr_assert_lt(low[2] = go(1), GB4);
	done();
}

/* Exhaust, free there, and the address is used again at once. */
Test(dmap_low, a_free_below_ends_it)
{
	open_full(DMAP_STRICT);
	for (unsigned i = 0; i < LOW; i++) {
		uint64_t high = go_above(1);

		drop(low[i], 1);
		drop(high, 1); /* what was freed last would be taken first */
		cr_assert_eq(go(1), low[i]);
	}
	done();
}

/* In lazy mode as soon as the range is retired. */
Test(dmap_low, a_retired_range_ends_it)
{
	open_full(DMAP_LAZY);
	for (unsigned i = 0; i < LOW; i++) {
		uint64_t high = go_above(1);

		drop(low[i], 1);
		drop(high, 1);
		cr_assert_eq(dmap_flush(env.space, false), 0);
		cr_assert_eq(go(1), low[i]);
	}
	done();
}

/* What there is no room for says nothing of smaller sizes, and a small free nothing of it. */
Test(dmap_low, it_is_about_the_size_that_failed)
{
	uint64_t high[8];

	open_full(DMAP_STRICT);
	for (unsigned i = 0; i < LOW; i += 2) /* every other granule: no room for two */
		drop(low[i], 1);
	fail_below(4);
	fail_below(2);
	for (unsigned i = 0; i < LOW; i += 2)
		cr_assert_lt(low[i] = go(1), GB4);
	/* All of it free but for one granule, by small steps: found in the end. */
	for (unsigned i = 0; i < LOW - 1; i++) {
		drop(low[i], 1);
		low[i] = 0;
	}
	for (unsigned tries = 0;; tries++) {
		uint64_t iova = go(2);

		cr_assert_leq(tries, RETRY);
		drop(iova, 2);
		if (iova < GB4)
			break;
	}
	for (unsigned i = 0; i < 3; i++)
		cr_assert_lt(high[i] = go(2), GB4);
	for (unsigned i = 0; i < 3; i++)
		drop(high[i], 2);
	done();
}

/* Full above as well: what is free below is found in spite of the hint. */
Test(dmap_low, no_address_is_forgotten)
{
	struct env_options o = { .iova = { .first = GB4 - LOW * PAGE, .last = GB4 + LOW * PAGE - 1 } };
	uint64_t high[LOW];

	env_open(&env, &o);
	memset(low, 0, sizeof(low));
	cr_assert_eq(iova_space_reserve(env.iova, GB4 - LOW * PAGE, GB4 - 1, NULL), 0);
	for (unsigned i = 0; i < LOW; i++)
		cr_assert_geq(high[i] = go(1), GB4);
	cr_assert_eq(map(1, NO_LIMIT), (uint64_t)-ENOSPC);
	cr_assert_eq(iova_space_unreserve(env.iova, GB4 - LOW * PAGE, GB4 - 1), 0);
	for (unsigned i = 0; i < LOW; i++)
		cr_assert_lt(low[i] = go(1), GB4);
	cr_assert_eq(map(1, NO_LIMIT), (uint64_t)-ENOSPC);
	for (unsigned i = 0; i < LOW; i++)
		drop(high[i], 1);
	done();
}

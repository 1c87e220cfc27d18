/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* test_iova_word.c - one state word: what fits, what matches, who may change it. */
#define _GNU_SOURCE
#include "iova_int.h"
#include "tap.h"
#include "iova_life.h"
#include "unit/iova_rig.h"

UNIT_RUN_TWICE();

/* Units of random states; runs of ranges and free units are likely. */
static uint64_t random_word(uint64_t *seed)
{
	uint64_t w = 0;

	for (unsigned g = 0; g < 32;) {
		unsigned kind = tap_random(seed) % 8, len = 1 + tap_random(seed) % 12;

		for (unsigned i = 0; i < len && g < 32; i++, g++) {
			if (kind == 0) /* missing */
				w |= 0x100000001ull << g;
			else if (kind < 5) /* a range */
				w |= (i ? 1ull << 32 : 1) << g;
		}
	}
	return w;
}

static bool matches(uint64_t w, unsigned g, unsigned units)
{
	for (unsigned i = 0; i < units; i++)
		if (iova_state(w, g + i) != (i ? IOVA_CONT : IOVA_START))
			return false;
	return g + units == 32 || iova_state(w, g + units) != IOVA_CONT;
}

Test(word, matches_exactly_one_range)
{
	uint64_t seed = tap_seed();
	unsigned yes = 0;

	for (unsigned i = 0; i < 3000; i++) {
		uint64_t w = random_word(&seed);

		for (unsigned units = 1; units <= 32; units++)
			for (unsigned g = 0; g + units <= 32; g++) {
				const struct iova_pattern *p = &iova_patterns[units];
				bool want = matches(w, g, units);

				yes += want;
				cr_assert_eq(iova_word_matches(w, p->chk << g, p->pat << g), want,
					     "%016llx, %u units at %u", (unsigned long long)w,
					     units, g);
			}
	}
	cr_assert_gt(yes, 1000);
}

static uint32_t candidates(uint64_t w, uint64_t base, const struct iova_want *want)
{
	uint64_t unit = 1ull << iova_unit_lg2(want->level);
	uint32_t out = 0;

	for (unsigned g = 0; g + want->units <= 32; g++) {
		uint64_t pfn = base + g * unit;
		bool ok = !(pfn & (want->align - 1)) && !(g & ((1u << want->class) - 1)) &&
			  pfn >= want->lo && pfn <= want->hi && want->hi - pfn >= want->n - 1;

		for (unsigned i = 0; i < want->units; i++)
			ok &= iova_state(w, g + i) == IOVA_FREE;
		out |= (uint32_t)ok << g;
	}
	return out;
}

Test(word, candidates_are_all_places)
{
	uint64_t seed = tap_seed();
	unsigned some = 0;

	for (unsigned i = 0; i < 200000; i++) {
		struct iova_want want = { .level = (uint8_t)(tap_random(&seed) % 4) };
		unsigned lg2 = iova_unit_lg2(want.level), span = lg2 + 5;
		uint64_t base = tap_random(&seed) % 1000 << span, w = random_word(&seed);

		want.units = (uint8_t)(1 + tap_random(&seed) % 32);
		want.class = (uint8_t)iova_patterns[want.units].class;
		want.n = ((uint64_t)want.units << lg2) - tap_random(&seed) % (1u << lg2);
		want.align = 1ull << lg2 << want.class << tap_random(&seed) % 7;
		want.hi = UINT64_MAX;
		if (tap_random(&seed) % 2)
			want.lo = base - (1 << span) / 2 + tap_random(&seed) % (2ull << span);
		if (base < 1ull << span && want.lo > base + (4ull << span))
			want.lo = 0; /* wrapped below 0 */
		if (tap_random(&seed) % 2)
			want.hi = want.lo + want.n - 1 + tap_random(&seed) % (1ull << span);
		some += candidates(w, base, &want) != 0;
		cr_assert_eq(iova_candidates(w, base, &want), candidates(w, base, &want),
			     "%016llx, %u units of level %u, align %llx", (unsigned long long)w,
			     want.units, want.level, (unsigned long long)want.align);
	}
	cr_assert_gt(some, 1000);
}

/* The word in which a granule lies. */
static struct iova_ref word_of(struct rig *r, uint64_t iova)
{
	struct iova_ref ref;

	cr_assert(iova_ref_at(r->s, 0, iova / G, &ref));
	return ref;
}

static uint64_t set_owner(const struct iova_ref *ref, unsigned own)
{
	uint64_t *ctl = iova_word_ctl(ref), was = *ctl;

	*ctl = (was & ~PLAT_CTL_OWN) | iova_ctl(own, 0, 0);
	return was;
}

/* One word; @nr of its granules are taken, at 0, 1, ... */
static struct iova_ref one_word(struct rig *r, unsigned nr)
{
	rig_make(r, 0, 32);
	for (unsigned i = 0; i < nr; i++)
		cr_assert_lt(rig_alloc(r, 1), 32 * G);
	return word_of(r, 0);
}

/* Somebody else is taking the word away: no untrue answer meanwhile. */
Test(word, busy_is_eagain)
{
	struct iova_range got;
	struct iova_ref ref;
	struct rig r;
	uint64_t was;

	ref = one_word(&r, 31);
	was = set_owner(&ref, PLAT_OWN_BUSY);
	cr_assert_eq(iova_space_alloc(r.s, G, NO_MAX), (uint64_t)-EAGAIN);
	cr_assert_eq(iova_space_alloc_fixed(r.s, 31 * G, G, NULL), -EAGAIN);
	cr_assert_eq(iova_space_reserve(r.s, 31 * G, 32 * G - 1, NULL), -EAGAIN);
	cr_assert_eq(iova_share(r.s, &ref), -EBUSY);
	cr_assert_eq(iova_space_find(r.s, 3 * G, &got), 0);
	cr_assert_eq(iova_space_check(r.s, 3 * G, G), 0);
	cr_assert_eq(iova_space_drain(r.s, 0), -EAGAIN, "it may come back to its owner");
	*iova_word_ctl(&ref) = was;
	cr_assert_eq(iova_space_alloc(r.s, G, NO_MAX), 31 * G);
	cr_assert_eq(iova_space_alloc(r.s, G, NO_MAX), (uint64_t)-ENOSPC);
	iova_space_destroy(r.s);
	cr_assert(count_mem_clean(&r.mem));
}

/* A free while the word is BUSY is kept in REM, refused the second time, and collected later. */
Test(word, free_while_busy)
{
	struct iova_ref ref;
	struct rig r;
	uint64_t was;

	ref = one_word(&r, 32);
	was = set_owner(&ref, PLAT_OWN_BUSY);
	rig_free(&r, 7 * G, 1);
	cr_assert_eq(*iova_word_ctl(&ref) & PLAT_CTL_REM, 1u << 7);
	cr_assert_eq(iova_state(*iova_word(&ref), 7), IOVA_START, "W2 is broken");
	cr_assert_eq(iova_space_free(r.s, 7 * G, G), -ENOENT);
	cr_assert_eq(iova_space_check(r.s, 7 * G, G), -ENOENT);
	set_owner(&ref, (unsigned)iova_own(was));
	if (iova_own(was) == PLAT_OWN_SHARED) { /* as iova_share() leaves it */
		*iova_word(&ref) &= ~(1ull << 7);
		*iova_word_ctl(&ref) = was;
	}
	cr_assert_eq(iova_space_alloc(r.s, G, NO_MAX), 7 * G);
	cr_assert_eq(*iova_word_ctl(&ref) & PLAT_CTL_REM, 0);
	cr_assert_eq(iova_space_alloc(r.s, G, NO_MAX), (uint64_t)-ENOSPC);
	iova_space_destroy(r.s);
	cr_assert(count_mem_clean(&r.mem));
}

/* Frees from another CPU go through REM, and sharing the word collects them. */
Test(word, share_collects)
{
	struct iova_ref ref;
	struct rig r;

	rig_move(0);
	ref = one_word(&r, 32);
	if (iova_own(*iova_word_ctl(&ref)) != PLAT_OWN_SHARED && rig_move(1)) {
		rig_free(&r, 4 * G, 1);
		rig_free(&r, 9 * G, 1);
		cr_assert_eq(*iova_word_ctl(&ref) & PLAT_CTL_REM, 1u << 4 | 1u << 9);
	} else {
		rig_free(&r, 4 * G, 1);
		rig_free(&r, 9 * G, 1);
	}
	cr_assert_eq(iova_share(r.s, &ref), 0);
	cr_assert_eq(iova_own(*iova_word_ctl(&ref)), PLAT_OWN_SHARED);
	cr_assert_eq(*iova_word_ctl(&ref) & PLAT_CTL_REM, 0);
	cr_assert_eq(iova_used(*iova_word(&ref)), ~(1u << 4 | 1u << 9));
	cr_assert_eq(iova_share(r.s, &ref), 0, "once and for all");
	cr_assert_eq(iova_space_alloc(r.s, G, NO_MAX) + iova_space_alloc(r.s, G, NO_MAX), 13 * G);
	iova_space_destroy(r.s);
	cr_assert(count_mem_clean(&r.mem));
}

/* Racing frees can leave REM over a unit that is free: no take there until it is cleared. */
Test(word, stale_remote_bit)
{
	struct iova_ref ref;
	struct iova_space_stats st;
	struct rig r;

	rig_move(0);
	ref = one_word(&r, 32);
	if (iova_own(*iova_word_ctl(&ref)) == PLAT_OWN_SHARED) {
		iova_space_destroy(r.s);
		return;
	}
	rig_free(&r, 7 * G, 1);
	*iova_word_ctl(&ref) |= 1u << 7;
	cr_assert_eq(plat_word_take(ref.cell, ref.off, 0x100000001ull << 7, 1u << 7),
		     PLAT_WORD_MISMATCH);
	cr_assert_eq(iova_space_alloc(r.s, G, NO_MAX), 7 * G);
	cr_assert_eq(*iova_word_ctl(&ref) & PLAT_CTL_REM, 0);
	cr_assert_eq(iova_space_alloc(r.s, G, NO_MAX), (uint64_t)-ENOSPC);
	iova_space_stats(r.s, &st);
	cr_assert_eq(st.raced_free_bytes, G);
	*iova_word_ctl(&ref) |= 3u << 9; /* freed elsewhere: 9; at once here: 10 */
	*iova_word(&ref) &= ~(0x100000001ull << 10);
	cr_assert_eq(iova_share(r.s, &ref), 0);
	iova_space_stats(r.s, &st);
	cr_assert_eq(st.raced_free_bytes, 2 * G);
	iova_space_destroy(r.s);
	cr_assert(count_mem_clean(&r.mem));
}

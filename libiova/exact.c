/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * exact.c - the last resort of a range that is no whole number of units.
 *
 * Such a range takes the granules that it is rounded up by, too, where there is room for
 * that (iova.h).  Where there is not, its whole units may be free in a word, and the rest in
 * what the next unit is split into; or its first sixteen units as one of the level above,
 * and the rest in what the neighbour of that is split into.  Such a place is looked at
 * first, and then claimed like a range at a given address (span.c): in pieces, and nothing
 * beyond its end.
 *
 * The cells speak for the whole units only, so what looks like a place may have no room behind:
 * LOOKS lines and places of each kind are looked at, then it is -ENOSPC.
 */
#include "iova_refill.h"

#define LOOKS 64

/* All of [first, last], as one look after the other shows it. */
static bool is_free(struct iova_space *s, uint64_t first, uint64_t last)
{
	while (first <= last) {
		struct iova_ref ref;
		uint64_t unit;
		uint32_t used;
		unsigned g;

		iova_locate(s, first, &ref);
		unit = 1ull << iova_unit_lg2(ref.level);
		g = iova_unit_of(&ref, first);
		/* What is in REM was freed. */
		used = iova_used(iova_word_look(&ref)) & ~(uint32_t)iova_ctl_look(&ref);
		used >>= g;
		if (used & 1)
			return false;
		first = (first & ~(unit - 1)) + (used ? iova_ctz32(used) : 32 - g) * unit;
	}
	return true;
}

/* Takes the place at @pfn, which was free.  The pfn, IOVA_AGAIN, or IOVA_NONE and why. */
uint64_t iova_take_place(struct iova_ctx *c, uint64_t pfn)
{
	int r = iova_span_try(c->s, pfn, pfn + c->want->n - 1);

	if (!r)
		return pfn;
	if (r == -EEXIST)
		return IOVA_AGAIN; /* somebody else has taken it */
	if (r == -ENOMEM)
		c->error = r;
	else if (iova_in_order(c->s))
		c->busy = true;
	else /* to look again would be to wait for a word's owner */
		c->refused = true;
	return IOVA_NONE;
}

/* The first place in a word that has @whole free, and room for the rest behind. */
static uint64_t place_in_word(struct iova_ctx *c, const struct iova_ref *ref,
			      const struct iova_want *whole, unsigned *looks)
{
	/* The control word first: what is no more in its REM is free in the word. */
	uint64_t ctl = iova_ctl_look(ref), w = iova_word_look(ref);
	uint32_t freed = (uint32_t)(ctl & PLAT_CTL_REM), places;
	unsigned lg2 = iova_unit_lg2(ref->level);

	c->busy |= iova_own(ctl) == PLAT_OWN_BUSY;
	places = iova_candidates(w & ~(freed | (uint64_t)freed << 32), ref->base_pfn, whole);
	while (places && *looks) {
		unsigned g = iova_first_of(c->s, places);
		uint64_t pfn = ref->base_pfn + ((uint64_t)g << lg2);

		if (is_free(c->s, pfn + ((uint64_t)whole->units << lg2), pfn + whole->n - 1))
			return pfn;
		places &= ~(1u << g);
		--*looks;
	}
	return IOVA_NONE;
}

/* The first place of all, from where searches begin: the lowest, or the highest. */
static uint64_t first_place(struct iova_ctx *c, const struct iova_want *whole)
{
	uint64_t lo = whole->lo, hi = whole->hi, pfn = IOVA_NONE;
	bool down = c->s->placement == IOVA_PLACE_TOP_DOWN;
	struct iova_node *near = iova_begin(c, whole->level);
	unsigned level = whole->level, looks = LOOKS;
	struct iova_ref line;

	while (looks && pfn == IOVA_NONE &&
	       (down ? iova_prev_line(c->s, level, lo, hi, whole->units, &line, &near) :
		       iova_next_line(c->s, level, lo, hi, 0, whole->units, &line, &near))) {
		for (unsigned i = 0; i < 4 && pfn == IOVA_NONE; i++) {
			struct iova_ref ref = iova_word_in(&line, down ? 3 - i : i);

			pfn = place_in_word(c, &ref, whole, &looks);
		}
		looks -= !!looks;
		if (down && line.base_pfn <= lo)
			break;
		lo = down ? lo : line.base_pfn + (1ull << iova_span_lg2(level));
		hi = down ? line.base_pfn - 1 : hi;
	}
	return pfn;
}

static uint64_t take_exact(struct iova_ctx *c)
{
	bool down = c->s->placement == IOVA_PLACE_TOP_DOWN;
	struct iova_want whole = *c->want;
	uint64_t pfn, above = IOVA_NONE;

	whole.units = (uint8_t)(whole.n >> iova_unit_lg2(whole.level));
	pfn = first_place(c, &whole);
	if (c->want->units > 1u << IOVA_FANOUT_LG2 && whole.level < c->s->top_level) {
		whole.level++;
		whole.units = 1;
		whole.class = 1; /* the first of two */
		above = first_place(c, &whole);
	}
	if (pfn == IOVA_NONE || (above != IOVA_NONE && (above > pfn) == down))
		pfn = above;
	return pfn == IOVA_NONE ? pfn : iova_take_place(c, pfn);
}

/*
 * What is to be done when a search has found nothing, and nothing else was in its way: the
 * last resort, if the search was not misled.  As the searches of refill.c.
 */
uint64_t iova_take_last(struct iova_ctx *c, unsigned *rounds)
{
	uint64_t pfn = iova_judge_failure(c, rounds);

	if (pfn != IOVA_NONE || c->error != -ENOSPC || !c->want->exact)
		return pfn;
	pfn = take_exact(c);
	if (pfn == IOVA_AGAIN && (*rounds)++ == IOVA_BUSY_ROUNDS) {
		c->error = -EAGAIN; /* two that take and give back the same pieces for ever */
		return IOVA_NONE;
	}
	return pfn == IOVA_NONE && c->error == -ENOSPC ? iova_judge_failure(c, rounds) : pfn;
}

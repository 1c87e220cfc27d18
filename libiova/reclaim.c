/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * reclaim.c - giving empty words back to the level above, when it needs them.
 *
 * A word stands for two units of the level above.  It is parked when it is
 * empty: a CPU-owned word is taken away (BUSY, fence), found empty with nothing
 * left in REM, and filled with "does not exist"; a SHARED word changes from
 * empty to "does not exist" by CAS, and there each half on its own.  Then no
 * allocation can succeed below the unit, and the unit can be freed.
 *
 * A parked word keeps its memory, and its node its place in the radix: a stale
 * hint or a bad free finds a word that refuses, never freed memory.
 */
#include "iova_refill.h"

/* The units above (bits 0 and 1) below which all exists and is free. */
static unsigned empty_halves(uint64_t w)
{
	return (w & IOVA_HALF ? 0 : 1) | (w & IOVA_HALF << 16 ? 0 : 2);
}

/* What the word will hold when what REM has is collected.  A look; parking decides. */
uint64_t iova_after_collect(const uint64_t *w)
{
	/* IOVA-W7: pairs with IOVA-W6 */
	uint32_t rem = (uint32_t)plat_load_acquire(plat_ctl_of(w));
	uint64_t now = plat_load_relaxed(w); /* IOVA-K2 */
	uint32_t freed = rem & iova_used(now);

	return now & ~(freed | (uint64_t)freed << 32);
}

/* W3: a SHARED word.  The units whose lower half now does not exist. */
unsigned iova_park_shared(const struct iova_ref *ref)
{
	uint64_t *wp = iova_word(ref), w, gone;
	unsigned halves;

	do {
		w = plat_load_acquire(wp); /* IOVA-W9: pairs with IOVA-W4, IOVA-A3 */
		halves = empty_halves(w);
		gone = (halves & 1 ? IOVA_HALF : 0) | (halves & 2 ? IOVA_HALF << 16 : 0);
	} while (halves && !plat_cas_full(wp, w, w | gone)); /* IOVA-K1: pairs with IOVA-W2 */
	return halves;
}

/* The beginning of parking a word of a CPU or of nobody; iova_park_end() follows. */
bool iova_park_begin(const struct iova_ref *ref, uint64_t ctl)
{
	/* IOVA-K3: pairs with IOVA-W3, IOVA-W6 */
	return plat_cas_full(iova_word_ctl(ref), ctl,
			     (ctl & ~PLAT_CTL_OWN) | iova_ctl(PLAT_OWN_BUSY, 0, 0));
}

/*
 * The word that was @own's is BUSY by the caller's doing, and @fenced: no step of
 * the owner is left.  It is parked whole, or as it was.
 */
unsigned iova_park_end(const struct iova_ref *ref, uint64_t own, bool fenced)
{
	uint64_t *wp = iova_word(ref), *ctlp = iova_word_ctl(ref), ctl;

	if (fenced) {
		uint64_t w = plat_load_relaxed(wp); /* IOVA-K2: BUSY, ours alone (W2) */

		ctl = plat_load_acquire(ctlp); /* IOVA-W7: pairs with IOVA-W6 */
		if (!iova_after_collect(wp)) {
			plat_store_relaxed(wp, IOVA_POISON); /* IOVA-K2 */
			if (plat_cas_full(ctlp, ctl, /* IOVA-K4: pairs with IOVA-W3, IOVA-W6 */
					  (ctl & IOVA_CTL_KEPT) |
						  iova_ctl(IOVA_OWN_PARKED, 0, 0))) {
				iova_count_raced(ref, (uint32_t)ctl & ~iova_used(w), 0);
				return 3;
			}
			plat_store_relaxed(wp, w); /* IOVA-K2 */
		}
	}
	do { /* not empty, or a free came in: as it was, with what REM gathered */
		ctl = plat_load_acquire(ctlp); /* IOVA-W7: pairs with IOVA-W6 */
	} while (!plat_cas_full(ctlp, ctl,     /* IOVA-K5: pairs with IOVA-W3 */
				(ctl & ~PLAT_CTL_OWN) | iova_ctl((unsigned)own, 0, 0)));
	iova_word_open(ref);
	return 0;
}

static unsigned park_owned(const struct iova_ref *ref, uint64_t ctl)
{
	uint64_t own = iova_own(ctl);

	if (!iova_park_begin(ref, ctl))
		return 0;
	/* IOVA-R1: no step of the owner is left (W2) */
	return iova_park_end(ref, own,
			     own == PLAT_OWN_NONE || !plat_fence_cpus_reading((unsigned)own));
}

/* The units above, as bits, whose lower half is empty, or would be once REM is collected. */
unsigned iova_empty_below(const struct iova_ref *ref)
{
	return empty_halves(iova_after_collect(iova_word(ref)));
}

/*
 * @halves: also take words apart of which only one half is empty (they become SHARED).
 * The units above, as bits, that the caller has to free.
 */
static unsigned park(struct iova_space *s, const struct iova_ref *ref, bool halves)
{
	uint64_t ctl = iova_ctl_look(ref), own = iova_own(ctl);
	unsigned empty = iova_empty_below(ref);

	if (!empty || own == IOVA_OWN_PARKED || own == PLAT_OWN_BUSY)
		return 0;
	if (own == PLAT_OWN_SHARED)
		return iova_park_shared(ref);
	if (empty == 3)
		return park_owned(ref, ctl);
	return halves && !iova_share(s, ref) ? iova_park_shared(ref) : 0;
}

/* Parks what is empty in @line, and frees the units above.  Whether there was any. */
static bool park_line(struct iova_space *s, const struct iova_ref *line, bool halves)
{
	unsigned above_lg2 = iova_unit_lg2(line->level + 1u);
	bool any = false;

	for (unsigned i = 0; i < PLAT_LINE_WORDS; i++) {
		struct iova_ref ref = iova_word_in(line, i), above;
		uint64_t pat;

		if (!iova_empty_below(&ref))
			continue;
		iova_move_begin(s);
		pat = (uint64_t)park(s, &ref, halves) << (ref.base_pfn >> above_lg2 & 31);
		if (pat) {
			iova_ref_at(s, line->level + 1u, ref.base_pfn, &above);
			iova_word_free(&above, pat | pat << 32, pat, (uint32_t)pat, NULL);
			any = true;
		}
		iova_move_end(s, pat != 0);
	}
	return any;
}

/*
 * The same for lines of @level in [from, last], as far as their cells speak for half a
 * word; then they no longer do.
 */
static bool park_lines(struct iova_ctx *c, unsigned level, uint64_t from, uint64_t last,
		       bool halves)
{
	struct iova_node *near = iova_begin(c, level);
	struct iova_ref line;
	bool any = false;

	while (iova_next_line(c->s, level, from, last, 0, IOVA_CHILDREN, &line, &near)) {
		any |= park_line(c->s, &line, halves);
		iova_found_nothing(c, &line);
		from = line.base_pfn + (1ull << iova_span_lg2(level));
	}
	return any;
}

/*
 * The first line of the wanted level, at or after the one that holds *@from, below which
 * the cells speak for half a word: *@from becomes its first granule.  False: there is none.
 */
static bool next_to_park(struct iova_ctx *c, uint64_t *from)
{
	unsigned span_lg2 = iova_span_lg2(c->want->level);
	uint64_t first = IOVA_NONE;

	for (unsigned level = 0; level < c->want->level; level++) {
		struct iova_node *near = iova_begin(c, level);
		struct iova_ref line;

		if (iova_next_line(c->s, level, *from, c->want->hi, 0, IOVA_CHILDREN, &line,
				   &near) &&
		    line.base_pfn < first)
			first = line.base_pfn;
	}
	*from = first >> span_lg2 << span_lg2;
	return first != IOVA_NONE;
}

/* Step 5a of refill.c: until a line of the wanted level has got units back. */
bool iova_reclaim(struct iova_ctx *c, bool halves)
{
	uint64_t from = c->want->lo, span = 1ull << iova_span_lg2(c->want->level);

	while (next_to_park(c, &from)) {
		bool any = false;

		for (unsigned level = 0; level < c->want->level; level++)
			any |= park_lines(c, level, from, from + (span - 1), halves);
		if (any)
			return true;
		from += span;
	}
	return false;
}

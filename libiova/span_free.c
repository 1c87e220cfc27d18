/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * span_free.c - the free of a range that was made of pieces (span.c).
 *
 * Linearization: the CAS that turns its first unit from 10 to 11 (span_commit()).
 */
#include "iova_refill.h"

/* Is the unit that begins at @pfn the continuation of what lies before it?  In a section. */
bool iova_span_goes_on(struct iova_space *s, uint64_t pfn)
{
	struct iova_ref ref;

	return iova_locate(s, pfn, &ref) && !(pfn & ((1ull << iova_unit_lg2(ref.level)) - 1)) &&
	       iova_state(iova_word_look(&ref), iova_unit_of(&ref, pfn)) == IOVA_CONT;
}

/* The piece at @pfn: how many of at most @left granules it holds; 0: not a piece of this range. */
static uint64_t piece_at(struct iova_space *s, uint64_t pfn, uint64_t left, bool first,
			 struct iova_ref *ref, unsigned *units)
{
	uint64_t unit, w;
	unsigned g;

	if (!iova_locate(s, pfn, ref))
		return 0;
	unit = 1ull << iova_unit_lg2(ref->level);
	g = iova_unit_of(ref, pfn);
	w = iova_word_look(ref);
	if (!(iova_ctl_look(ref) & IOVA_CTL_LOOK) || (pfn & (unit - 1)) || left < unit ||
	    iova_state(w, g) != (first ? IOVA_START : IOVA_CONT) ||
	    (first && ref->level && iova_pad_get(ref->node, pfn)))
		return 0;
	for (*units = 1; g + *units < 32 && (*units + 1) * unit <= left &&
			 iova_state(w, g + *units) == IOVA_CONT;)
		++*units;
	return *units * unit;
}

static bool span_is(struct iova_space *s, uint64_t first, uint64_t n)
{
	uint64_t done = 0;
	struct iova_ref ref;
	unsigned units;

	while (done < n) {
		uint64_t piece = piece_at(s, first + done, n - done, !done, &ref, &units);

		if (!piece)
			return false;
		done += piece;
	}
	return !iova_span_goes_on(s, first + n);
}

/* Of all who want to free the span exactly one succeeds here. */
static bool span_commit(const struct iova_ref *ref, unsigned g)
{
	uint64_t w;

	do {
		w = iova_word_look(ref);
		if (iova_state(w, g) != IOVA_START)
			return false;
		/* IOVA-V6: pairs with itself */
	} while (!plat_cas_full(iova_word(ref), w, w | 1ull << (32 + g)));
	return true;
}

/* 0, or -EINVAL when [first, first + n) is not exactly one range made of pieces.  In a section. */
int iova_span_free(struct iova_space *s, uint64_t first, uint64_t n, bool check_only)
{
	struct iova_ref head_ref;
	unsigned head_units;
	uint64_t head;

	if (iova_reserved(s, first, first + n - 1, NULL) || !span_is(s, first, n))
		return -EINVAL;
	if (check_only)
		return 0;
	head = piece_at(s, first, n, true, &head_ref, &head_units);
	if (!head || !span_commit(&head_ref, iova_unit_of(&head_ref, first)))
		return -EINVAL;
	iova_span_unclaim(s, first + head, first + n);
	iova_span_give_back(&head_ref, iova_unit_of(&head_ref, first), head_units);
	return 0;
}

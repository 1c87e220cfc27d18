/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * span.c - ranges at given addresses: fixed allocations and reservations.
 *
 * [first, last] is cut into pieces, each in one word: at every position the
 * largest unit that the range covers whole and that is not split below; a unit
 * that it covers in part, or that would be a first piece all alone, is split (its
 * child line comes into being, all "11" except the 16 units below this one).  The
 * words become SHARED on the way, and carry IOVA_CTL_LOOK.  If a piece is taken, all
 * pieces before it are given back.
 *
 * Linearization: a fixed allocation takes effect with its last piece, a free of
 * one with the CAS that turns the first unit from 10 to 11 (span_commit()).
 */
#include "iova_place.h"
#include "iova_refill.h"

#define SHARE_TRIES 1000

bool iova_reserved(struct iova_space *s, uint64_t first, uint64_t last, struct iova_resv *hit)
{
	struct iova_resv *r = plat_load_acquire(&s->resv); /* IOVA-V1: pairs with IOVA-V2 */

	for (; r; r = r->next) {
		if (r->first_pfn > last || r->last_pfn < first)
			continue;
		if (hit)
			*hit = *r;
		return true;
	}
	return false;
}

/* A word that will hold a piece: shared, and marked so that frees look twice. */
static int make_shared(const struct iova_ref *ref)
{
	int r = -EAGAIN;

	for (unsigned i = 0; r && i < SHARE_TRIES; i++) {
		r = iova_share(ref);
		if (r)
			plat_relax();
	}
	if (!r)
		/* IOVA-V3: before the piece is in the word */
		plat_fetch_or_full(iova_word_ctl(ref), IOVA_CTL_LOOK);
	return r;
}

/* Makes the 16 units below the unit that @pfn lies in exist; the caller holds that unit. */
static int open_below(struct iova_space *s, const struct iova_ref *ref, uint64_t pfn)
{
	unsigned level = ref->level - 1u;
	struct iova_ref below;

	if (level) {
		unsigned i = pfn >> iova_span_lg2(level) & (IOVA_CHILDREN - 1);
		struct iova_node *node = plat_load_acquire(&ref->node->child[i]); /* IOVA-N3 */
		int r = node ? 0 : iova_node_new(s, ref->node, i, true, &node);

		if (r)
			return r;
		iova_node_publish(s, node);
	}
	iova_ref_at(s, level, pfn, &below);
	iova_half_open(iova_word(&below), pfn >> iova_unit_lg2(level) & 16, IOVA_CTL_LOOK);
	iova_word_open(&below);
	return 0;
}

static void give_back(const struct iova_ref *ref, unsigned g, unsigned units)
{
	uint64_t bits = iova_patterns[units].full << g, w;

	do {
		w = plat_load_relaxed(iova_word(ref));		/* the CAS revalidates */
	} while (!plat_cas_full(iova_word(ref), w, w & ~bits)); /* IOVA-V5: pairs with IOVA-W2 */
	iova_word_open(ref);
}

/* iova_locate() stopped at a unit that is to be split: its holder has not got there yet. */
static bool half_split(const struct iova_ref *ref, uint64_t w, unsigned g)
{
	return ref->level && iova_state(w, g) == IOVA_START &&
	       (g == 31 || iova_state(w, g + 1) != IOVA_CONT);
}

/*
 * Claims the piece that begins at @pfn; @first: the first of its range.
 * The number of granules, 0 to look again, or -EEXIST, -ENOMEM, -EAGAIN.
 */
static int64_t claim_piece(struct iova_space *s, uint64_t pfn, uint64_t last, bool first)
{
	uint64_t w, unit, left = last - pfn + 1, pat;
	unsigned g, units = 0;
	struct iova_ref ref;
	bool whole;
	int r;

	iova_locate(s, pfn, &ref);
	unit = 1ull << iova_unit_lg2(ref.level);
	g = iova_unit_of(&ref, pfn);
	w = iova_word_look(&ref);
	if (iova_state(w, g)) {
		if (iova_ctl_look(&ref) >> g & 1)
			return make_shared(&ref); /* freed, not collected: sharing does that */
		return half_split(&ref, w, g) ? 0 : -EEXIST;
	}
	r = make_shared(&ref);
	if (r)
		return r;
	whole = !(pfn & (unit - 1)) && left >= unit;
	w = iova_word_look(&ref);
	while (whole && g + units < 32 && (units + 1) * unit <= left && !iova_state(w, g + units))
		units++;
	if (whole && !units)
		return 0; /* taken since the first look */
	if (units < (first && ref.level ? 2 : 1)) {
		iova_move_begin(s);
		if (iova_shared_take(&ref, 0x100000001ull << g, 1ull << g)) {
			iova_move_end(s, false);
			return 0;
		}
		r = open_below(s, &ref, pfn);
		if (r)
			give_back(&ref, g, 1);
		iova_move_end(s, !r);
		return r;
	}
	pat = first ? iova_patterns[units].pat : ((1ull << units) - 1) << 32;
	if (iova_shared_take(&ref, iova_patterns[units].full << g, pat << g))
		return 0;
	if (first && ref.level)
		iova_pad_set(ref.node, pfn, 0);
	return (int64_t)(units * unit);
}

/*
 * Gives back the pieces in [first, end), the last first: a free unit before one
 * that still says "goes on" would be taken, and then seem to go on there.
 */
static void unclaim(struct iova_space *s, uint64_t first, uint64_t end)
{
	while (first < end) {
		struct iova_ref ref;
		unsigned g, units = 1;
		uint64_t w, unit;

		iova_locate(s, end - 1, &ref);
		unit = 1ull << iova_unit_lg2(ref.level);
		g = iova_unit_of(&ref, end - 1);
		w = iova_word_look(&ref);
		while (g && end - first > units * unit && iova_state(w, g) == IOVA_CONT &&
		       iova_state(w, g - 1) == IOVA_CONT) {
			g--;
			units++;
		}
		give_back(&ref, g, units);
		end -= units * unit;
	}
}

static void fill_conflict(struct iova_space *s, uint64_t pfn, struct iova_range *conflict)
{
	struct iova_resv hit;

	if (!conflict || !iova_space_find(s, pfn << s->shift, conflict))
		return;
	hit.first_pfn = hit.last_pfn = pfn; /* freed meanwhile, unless reserved */
	iova_reserved(s, pfn, pfn, &hit);
	conflict->first = hit.first_pfn << s->shift;
	conflict->last = (hit.last_pfn << s->shift) | s->granule_mask;
}

int iova_span_claim(struct iova_space *s, uint64_t first, uint64_t last, bool reserve,
		    struct iova_range *conflict)
{
	struct iova_resv *resv = NULL;
	uint64_t pfn = first;
	unsigned tries = 0;

	if (reserve) {
		resv = iova_meta_alloc(s, sizeof(*resv), sizeof(void *));
		if (!resv)
			return -ENOMEM;
		resv->first_pfn = first;
		resv->last_pfn = last;
		resv->border = first > s->last_pfn || last < s->first_pfn;
	}
	while (pfn <= last) {
		int64_t n = claim_piece(s, pfn, last, pfn == first);

		tries = n ? 0 : tries + 1;
		if (tries > SHARE_TRIES)
			n = -EAGAIN;
		if (n >= 0) {
			pfn += (uint64_t)n;
			continue;
		}
		unclaim(s, first, pfn);
		if (n == -EEXIST)
			fill_conflict(s, pfn, conflict);
		if (resv)
			iova_meta_free(s, resv, sizeof(*resv), sizeof(void *));
		return (int)n;
	}
	while (resv) {
		resv->next = plat_load_relaxed(&s->resv);	  /* the CAS revalidates */
		if (plat_cas_release(&s->resv, resv->next, resv)) /* IOVA-V2: pairs with IOVA-V1 */
			break;
	}
	return 0;
}

/* Is the unit that begins at @pfn the continuation of what lies before it? */
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

/* 0, or -EINVAL when [first, first + n) is not exactly one range made of pieces. */
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
	unclaim(s, first + head, first + n);
	give_back(&head_ref, iova_unit_of(&head_ref, first), head_units);
	return 0;
}

static int check_range(const struct iova_space *s, uint64_t first, uint64_t last)
{
	if ((first & s->granule_mask) || (last & s->granule_mask) != s->granule_mask ||
	    first > last || first >> s->shift < s->first_pfn || last >> s->shift > s->last_pfn)
		return -EINVAL;
	return 0;
}

int iova_space_alloc_range(struct iova_space *s, uint64_t first, uint64_t last,
			   struct iova_range *conflict)
{
	if (check_range(s, first, last))
		return -EINVAL;
	return iova_span_claim(s, first >> s->shift, last >> s->shift, false, conflict);
}

int iova_space_alloc_fixed(struct iova_space *s, uint64_t iova, uint64_t size,
			   struct iova_range *conflict)
{
	uint64_t last = iova + ((size + s->granule_mask) & ~s->granule_mask) - 1;

	return !size || last < iova ? -EINVAL : iova_space_alloc_range(s, iova, last, conflict);
}

int iova_space_reserve(struct iova_space *s, uint64_t first, uint64_t last,
		       struct iova_range *conflict)
{
	if (check_range(s, first, last))
		return -EINVAL;
	return iova_span_claim(s, first >> s->shift, last >> s->shift, true, conflict);
}

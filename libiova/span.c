/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * span.c - ranges at given addresses: fixed allocations and reservations.
 *
 * [first, last] is cut into pieces, each in one word: at every position the
 * largest unit that the range covers whole and that is not split below; a unit
 * that it covers in part, or that would be a first piece all alone, is split (its
 * child line comes into being, all "11" except the 16 units below this one).  The
 * words become SHARED on the way, and carry IOVA_CTL_LOOK.  If a piece is taken, all
 * pieces before it are given back, and the claim counts as a move all the while, so
 * that nobody takes its pieces for ranges who finds no room because of them.  The
 * pieces of a reservation begin with START each, so that part of it can be given back
 * (iova_span_cut()).
 *
 * Linearization: a fixed allocation takes effect with its only piece, or with the CAS
 * that turns the first unit of several from 11 to 10 (set_starts()).
 */
#include "iova_place.h"
#include "iova_refill.h"

#define SHARE_TRIES 1000
#define MOVE_TRIES 100

/*
 * A word that will hold a piece: shared, and marked so that frees look twice.  0;
 * -EAGAIN; or 1: its units have ceased to exist.
 */
static int make_shared(struct iova_space *s, const struct iova_ref *ref)
{
	int r = -EBUSY;

	for (unsigned i = 0; r == -EBUSY && i < SHARE_TRIES; i++) {
		r = iova_share(s, ref);
		if (r && iova_own(iova_ctl_look(ref)) == IOVA_OWN_PARKED)
			return 1;
		if (r)
			plat_relax();
	}
	if (r)
		return -EAGAIN;
	/* IOVA-V3: before the piece is in the word */
	plat_fetch_or_full(iova_word_ctl(ref), IOVA_CTL_LOOK);
	return 0;
}

/* The node below the unit that @pfn lies in: there from here on, its units not. */
static int node_below(struct iova_space *s, const struct iova_ref *ref, uint64_t pfn)
{
	unsigned level = ref->level - 1u, i;
	struct iova_node *node;
	int r;

	if (!level)
		return 0;
	i = pfn >> iova_span_lg2(level) & (IOVA_CHILDREN - 1);
	node = plat_load_acquire(&ref->node->child[i]); /* IOVA-N3: pairs with IOVA-N2 */
	r = node ? 0 : iova_node_new(s, ref->node, i, true, &node);
	if (!r)
		iova_node_publish(s, node);
	return r;
}

/*
 * Makes the 16 units below the unit that @pfn lies in exist, as @fill says; the
 * caller holds that unit, and node_below() went well.
 */
static void open_below(struct iova_space *s, const struct iova_ref *ref, uint64_t pfn,
		       uint64_t fill)
{
	unsigned level = ref->level - 1u;
	struct iova_ref below;

	iova_ref_at(s, level, pfn, &below);
	iova_half_open(iova_word(&below), pfn >> iova_unit_lg2(level) & 16, IOVA_CTL_LOOK, fill);
	iova_word_open(&below);
}

void iova_span_give_back(const struct iova_ref *ref, unsigned g, unsigned units)
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

/* Units that begin a piece from here on, for all to see. */
static void set_starts(const struct iova_ref *ref, uint32_t starts)
{
	uint64_t w;

	do {
		w = plat_load_relaxed(iova_word(ref)); /* IOVA-W1: the CAS revalidates */
	} while (!plat_cas_full(iova_word(ref), w, /* IOVA-V7: pairs with IOVA-W9 */
				(w | starts) & ~((uint64_t)starts << 32)));
}

/*
 * A claim of [first, last].  The first of several pieces of a range is hidden, 11,
 * until all are claimed: alone it would look like a range, and a free that is
 * somebody's error would get hold of it.
 */
struct claim {
	uint64_t first, last;
	enum iova_claim how;
	uint64_t at;	      /* what lies before is claimed */
	uint64_t moves;	      /* completed by the claim itself: of iova_space.moves */
	struct iova_ref head; /* the first piece, while it is hidden */
	unsigned head_units;  /* 0: it is not */
};

static void claim_moved(struct iova_space *s, struct claim *c, bool moved)
{
	c->moves += moved;
	iova_move_end(s, moved);
}

/*
 * Claims the piece that begins at c->at.
 * The number of granules, 0 to look again, or -EEXIST, -ENOMEM, -EAGAIN.
 */
static int64_t claim_piece(struct iova_space *s, struct claim *c)
{
	uint64_t w, unit, pfn = c->at, left = c->last - pfn + 1, pat;
	bool whole, hidden, first = c->how || pfn == c->first;
	unsigned g, units = 0;
	struct iova_ref ref;
	int r;

	iova_locate(s, pfn, &ref);
	unit = 1ull << iova_unit_lg2(ref.level);
	g = iova_unit_of(&ref, pfn);
	w = iova_word_look(&ref);
	if (iova_state(w, g)) {
		if (iova_ctl_look(&ref) >> g & 1)
			/* freed, not collected: sharing does that */
			return make_shared(s, &ref) < 0 ? -EAGAIN : 0;
		return half_split(&ref, w, g) ? 0 : -EEXIST;
	}
	r = make_shared(s, &ref);
	if (r)
		return r < 0 ? r : 0;
	whole = !(pfn & (unit - 1)) && left >= unit;
	w = iova_word_look(&ref);
	while (whole && g + units < 32 && (units + 1) * unit <= left && !iova_state(w, g + units))
		units++;
	if (whole && !units)
		return 0; /* taken since the first look */
	if (units < (first && ref.level ? 2 : 1)) {
		iova_move_begin(s);
		if (iova_shared_take(&ref, 0x100000001ull << g, 1ull << g)) {
			claim_moved(s, c, false);
			return 0;
		}
		r = node_below(s, &ref, pfn);
		if (r)
			iova_span_give_back(&ref, g, 1);
		else
			open_below(s, &ref, pfn, 0);
		claim_moved(s, c, true); /* the unit was away, if only for a moment */
		return r;
	}
	pat = first ? iova_patterns[units].pat : ((1ull << units) - 1) << 32;
	hidden = c->how == IOVA_CLAIM_RANGE && first && units * unit < left;
	if (hidden || c->how == IOVA_CLAIM_HIDDEN)
		pat |= 1ull << 32;
	if (iova_shared_take(&ref, iova_patterns[units].full << g, pat << g))
		return 0;
	if (hidden) {
		c->head = ref;
		c->head_units = units;
	}
	if (first && ref.level)
		iova_pad_set(ref.node, pfn, 0);
	return (int64_t)(units * unit);
}

/*
 * Gives back the pieces in [first, end), the last first: a free unit before one
 * that still says "goes on" would be taken, and then seem to go on there.
 */
void iova_span_unclaim(struct iova_space *s, uint64_t first, uint64_t end)
{
	plat_read_lock(); /* N1: nodes that are found stay */
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
		iova_span_give_back(&ref, g, units);
		end -= units * unit;
	}
	plat_read_unlock();
}

static void fill_conflict(struct iova_space *s, uint64_t pfn, struct iova_range *conflict)
{
	struct iova_resv hit;

	if (!conflict || iova_owner_at(s, pfn, conflict))
		return;
	hit.first_pfn = hit.last_pfn = pfn; /* freed meanwhile, unless reserved */
	iova_reserved(s, pfn, pfn, &hit);
	conflict->first = hit.first_pfn << s->shift;
	conflict->last = (hit.last_pfn << s->shift) | s->granule_mask;
}

/*
 * A hidden first piece is given back, or shown, where it was taken: a search for it
 * from above could go astray if all sixteen units beside it were hidden too.
 */
static void claim_undo(struct iova_space *s, struct claim *c)
{
	uint64_t head = (uint64_t)c->head_units << iova_unit_lg2(c->head.level);

	iova_span_unclaim(s, c->first + head, c->at);
	if (head)
		iova_span_give_back(&c->head, iova_unit_of(&c->head, c->first), c->head_units);
}

/*
 * All of it, or nothing.  What is taken before it is known whether the rest can be had
 * counts as being moved, and is no reason for anybody's -ENOSPC or -EEXIST.
 */
static int claim_all(struct iova_space *s, struct claim *c)
{
	unsigned tries = 0;
	int64_t n = 0;

	c->at = c->first;
	c->moves = 0;
	c->head_units = 0;
	plat_read_lock(); /* N1: nodes that are found stay */
	iova_move_begin(s);
	while (n >= 0 && c->at <= c->last) {
		n = claim_piece(s, c);
		tries = n ? 0 : tries + 1;
		if (tries > SHARE_TRIES)
			n = -EAGAIN;
		if (n > 0)
			c->at += (uint64_t)n;
	}
	if (n < 0)
		claim_undo(s, c);
	else if (s->ring && c->how == IOVA_CLAIM_RANGE)
		iova_born(s, c->first);
	if (n >= 0 && c->head_units)
		set_starts(&c->head, 1u << iova_unit_of(&c->head, c->first));
	claim_moved(s, c, n < 0 && c->at != c->first);
	plat_read_unlock();
	return n < 0 ? (int)n : 0;
}

/* One attempt to take a range.  -EEXIST: something was there, perhaps on its way. */
int iova_span_try(struct iova_space *s, uint64_t first, uint64_t last)
{
	struct claim c = { .first = first, .last = last, .how = IOVA_CLAIM_RANGE };
	int r = claim_all(s, &c);

	if (r)
		iova_merge(s, first, c.at);
	return r;
}

/* Until it is clear that what lies in the way has an owner.  @own: moves begun by the caller. */
int iova_span_claim(struct iova_space *s, uint64_t first, uint64_t last, enum iova_claim how,
		    unsigned own, struct iova_range *conflict)
{
	struct claim c = { .first = first, .last = last, .how = how };

	for (unsigned i = 0; i < MOVE_TRIES; i++) {
		uint64_t before = iova_moves(s), now; /* IOVA-X2: before the look */
		int r = claim_all(s, &c);

		if (!r)
			return r;
		plat_mb(); /* IOVA-X3: the words were looked at before; pairs with IOVA-X1 */
		now = iova_moves(s);
		iova_merge(s, first, c.at);
		if (r != -EEXIST)
			return r;
		if (before % IOVA_MOVES_DONE <= own && now % IOVA_MOVES_DONE <= own &&
		    (uint32_t)(now / IOVA_MOVES_DONE - before / IOVA_MOVES_DONE) ==
			    (uint32_t)c.moves) {
			fill_conflict(s, c.at, conflict);
			return r;
		}
		plat_relax();
	}
	return -EAGAIN;
}

/* The piece [*a, *b) in word @w that unit @g is part of. */
static void piece_around(uint64_t w, unsigned g, unsigned *a, unsigned *b)
{
	for (*a = g; *a && iova_state(w, *a) == IOVA_CONT;)
		--*a;
	for (*b = g + 1; *b < 32 && iova_state(w, *b) == IOVA_CONT;)
		++*b;
}

/* @joined: it becomes a part of the hidden piece before it. */
static void hide_start(const struct iova_ref *ref, unsigned g, bool joined)
{
	uint64_t w, start = joined ? 1ull << g : 0;

	do {
		w = plat_load_relaxed(iova_word(ref)); /* IOVA-W1: the CAS revalidates */
		/* IOVA-V10: pairs with IOVA-W9; a free that saw the piece fails */
	} while (!plat_cas_full(iova_word(ref), w, (w & ~start) | 1ull << (32 + g)));
}

/*
 * A reserved piece becomes one piece of 16 units for each of its units, a level
 * below.  First all that may fail; then the units below, while the word still
 * says that they are part of the piece; then the word says "split".
 */
static int explode(struct iova_space *s, const struct iova_ref *ref, unsigned a, unsigned b)
{
	unsigned lg2 = iova_unit_lg2(ref->level);

	for (unsigned g = a; g < b; g++) {
		int r = node_below(s, ref, ref->base_pfn + ((uint64_t)g << lg2));

		if (r)
			return r;
	}
	for (unsigned g = a; g < b; g++)
		open_below(s, ref, ref->base_pfn + ((uint64_t)g << lg2), iova_patterns[16].pat);
	set_starts(ref, (uint32_t)(iova_patterns[b - a].full << a));
	return 0;
}

static int cut_at(struct iova_space *s, uint64_t pfn)
{
	for (;;) {
		struct iova_ref ref;
		unsigned a, b, g;
		uint64_t w;
		bool inside;
		int r;

		iova_locate(s, pfn, &ref);
		w = iova_word_look(&ref);
		g = iova_unit_of(&ref, pfn);
		inside = pfn & ((1ull << iova_unit_lg2(ref.level)) - 1);
		if (!inside && iova_state(w, g) == IOVA_START)
			return 0;
		piece_around(w, g, &a, &b);
		/* Above level 0 a unit alone would look like one that is split. */
		if (!inside && (!ref.level || (g - a > 1 && b - g > 1))) {
			set_starts(&ref, 1u << g);
			return 0;
		}
		r = explode(s, &ref, a, b);
		if (r)
			return r;
	}
}

/*
 * A piece begins at @pfn, which is reserved, from here on.  The caller is the only
 * one to change reservations.  0 or -ENOMEM.
 */
int iova_span_cut(struct iova_space *s, uint64_t pfn)
{
	int r;

	plat_read_lock(); /* N1: nodes that are found stay */
	r = cut_at(s, pfn);
	plat_read_unlock();
	return r;
}

/*
 * A piece of a reservation that is not in the set, or about to leave it, is hidden:
 * its first unit says 11, so that no free matches it.  Pieces of a word of level 0 that
 * are hidden one after the other become one, for sixteen pieces of one unit each, all
 * of them 11, would look like units that do not exist.
 */
enum change { SHOW, HIDE, RELEASE };

static void change_pieces(struct iova_space *s, uint64_t first, uint64_t end, enum change what)
{
	const uint64_t *before = NULL; /* the word of the piece before */

	plat_read_lock(); /* N1: nodes that are found stay */
	while (first < end) {
		struct iova_ref ref;
		unsigned a, b, g;

		iova_locate(s, first, &ref);
		g = iova_unit_of(&ref, first);
		piece_around(iova_word_look(&ref), g, &a, &b);
		if (what == SHOW)
			set_starts(&ref, 1u << g);
		else if (what == HIDE)
			hide_start(&ref, g, !ref.level && iova_word(&ref) == before);
		else
			iova_span_give_back(&ref, g, b - g);
		before = iova_word(&ref);
		first = ref.base_pfn + ((uint64_t)b << iova_unit_lg2(ref.level));
	}
	plat_read_unlock();
}

void iova_span_show(struct iova_space *s, uint64_t first, uint64_t end)
{
	change_pieces(s, first, end, SHOW);
}

void iova_span_hide(struct iova_space *s, uint64_t first, uint64_t end)
{
	change_pieces(s, first, end, HIDE);
}

/* Frees hidden pieces. */
void iova_span_release(struct iova_space *s, uint64_t first, uint64_t end)
{
	change_pieces(s, first, end, RELEASE);
}

/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * fresh.c - making room that was not there: adopting an area, opening a line in
 * an area, creating a node.  The only part of allocation that asks for memory.
 */
#include "iova_refill.h"

#define OTHERS 4 /* lines of other CPUs that are passed over before a new node is made */

/* Makes a nobody's level-1 word the caller's, for one class of use. */
bool iova_adopt(struct iova_ctx *c, const struct iova_ref *ref, uint64_t ctl, unsigned class)
{
	if (!plat_cas_full(iova_word_ctl(ref), ctl,
			   /* IOVA-A1: pairs with IOVA-W3 */
			   (ctl & IOVA_CTL_KEPT) | iova_ctl(c->own, class, PLAT_CTL_OPEN)))
		return false;
	iova_raise(ref->node->parent, 1, ref->node->index,
		   1ull << class | 32ull << IOVA_CELL_RUN_SHIFT);
	if (c->want->level == 1)
		c->fresh = ref->base_pfn;
	return true;
}

/* No other CPU has a word of the line: CPUs that write to one cache line wait for each other. */
static bool alone(const struct iova_ctx *c, const struct iova_ref *line)
{
	for (unsigned i = 0; i < 4; i++) {
		struct iova_ref ref = iova_word_in(line, i);
		uint64_t own = iova_own(iova_ctl_look(&ref));

		if (own != c->own && own <= PLAT_OWN_MAX_CPU)
			return false;
	}
	return true;
}

static bool adopt_in(struct iova_ctx *c, const struct iova_ref *line, unsigned class)
{
	for (unsigned i = 0; i < 4; i++) {
		unsigned lg2 = iova_unit_lg2(1) + IOVA_WORD_LG2;
		struct iova_ref ref = iova_word_in(line, i);
		uint64_t ctl = iova_ctl_look(&ref);

		if (iova_own(ctl) == PLAT_OWN_NONE &&
		    iova_fits(c->want, ref.base_pfn, ref.base_pfn + (1ull << lg2) - 1) &&
		    iova_adopt(c, &ref, ctl, class))
			return true;
	}
	return false;
}

/*
 * Where the CPU adopted words last, or has just had a node made for that.  No ranges are of
 * this class at level 1, so their cursor is free for it.
 */
static uint64_t *home_of(struct iova_ctx *c)
{
	return &c->slot->cursor[1][IOVA_CLASS_NONE];
}

/* In a line that is the CPU's own; few others are passed over on the way there. */
static bool adopt_apart(struct iova_ctx *c, unsigned class)
{
	uint64_t from = plat_load_relaxed(home_of(c)); /* IOVA-H2 */
	struct iova_node *near = iova_begin(c, 1);
	struct iova_ref line;

	if (from < c->want->lo || from > c->want->hi)
		from = c->want->lo;
	for (unsigned i = 0; i < OTHERS; i++) {
		if (!iova_next_line(c->s, 1, from, c->want->hi, 1ull << IOVA_CLASS_NONE, 0, &line,
				    &near))
			return false;
		if (alone(c, &line) && adopt_in(c, &line, class)) {
			plat_store_relaxed(home_of(c), line.base_pfn); /* IOVA-H2 */
			return true;
		}
		from = iova_next_place(c->want, line.base_pfn + (1ull << iova_span_lg2(1)));
	}
	return false;
}

static bool adopt_some(struct iova_ctx *c, unsigned class)
{
	struct iova_node *near = iova_begin(c, 1);
	struct iova_ref line;
	uint64_t from = c->want->lo;

	while (iova_next_line(c->s, 1, from, c->want->hi, 1ull << IOVA_CLASS_NONE, 0, &line,
			      &near)) {
		if (adopt_in(c, &line, class))
			return true;
		iova_found_nothing(c, &line);
		from = iova_next_place(c->want, line.base_pfn + (1ull << iova_span_lg2(1)));
	}
	return false;
}

/* Units of one word that were taken to be split, all in one group. */
struct iova_units {
	unsigned group; /* in the word */
	unsigned mask;	/* of the group's eight units; 0: none were to be had */
};

/* Were the unit of @pfn split too, would @want find a place in the word below its pair? */
static bool would_fit(struct iova_ctx *c, const struct iova_ref *ref, uint64_t pfn)
{
	unsigned level = ref->level - 1u;
	uint64_t half = 0xffff0000ffffull << (pfn >> iova_unit_lg2(level) & 16);
	struct iova_ref below;

	return level == c->want->level && iova_ref_at(c->s, level, pfn, &below) &&
	       iova_candidates(iova_word_look(&below) & ~half, below.base_pfn, c->want);
}

/*
 * Which units of the group at unit @g, of which @free are, could, split, hold @want: all
 * eight; else (@parts) what is missing of a pair, or one.  Never units that would not help
 * at once.
 */
static unsigned fitting(struct iova_ctx *c, const struct iova_ref *ref, unsigned g, unsigned free,
			bool parts)
{
	unsigned lg2 = iova_unit_lg2(ref->level);
	uint64_t base = ref->base_pfn + ((uint64_t)g << lg2);
	uint64_t unit = 1ull << lg2;

	if (free == 0xff && iova_fits(c->want, base, base + 8 * unit - 1))
		return 0xff;
	for (unsigned i = 0; parts && i < IOVA_GROUP; i += 2) {
		unsigned pair = free >> i & 3;
		uint64_t first = base + i * unit;

		if (!pair || !iova_fits(c->want, first, first + 2 * unit - 1))
			continue;
		if (pair == 3)
			return pair << i;
		first += pair == 2 ? unit : 0;
		if (iova_fits(c->want, first, first + unit - 1) || would_fit(c, ref, first))
			return pair << i;
	}
	return 0;
}

/* Takes units of the word to split them; their span could hold @want.  If so, a move has begun. */
static struct iova_units take_units(struct iova_ctx *c, const struct iova_ref *ref, bool parts)
{
	uint32_t free = ~iova_used(plat_load_relaxed(iova_word(ref))); /* the take revalidates */
	struct iova_units u = { 0, 0 };

	for (u.group = 0; u.group < 4 && free; u.group++, free >>= IOVA_GROUP) {
		unsigned g = u.group * IOVA_GROUP;
		uint64_t pat;
		int r;

		if (ref->base_pfn + ((uint64_t)g << iova_unit_lg2(ref->level)) > c->want->hi)
			break;
		u.mask = fitting(c, ref, g, free & 0xff, parts);
		pat = (uint64_t)u.mask << g;
		if (!pat)
			continue;
		iova_move_begin(c->s);
		r = iova_own(iova_ctl_look(ref)) == PLAT_OWN_SHARED
			    ? iova_shared_take(ref, pat | pat << 32, pat)
			    : plat_word_take(ref->cell, ref->off, pat | pat << 32, pat);
		if (!r)
			return u;
		iova_move_end(c->s, false);
		/* A step on the CPU's own word that was interrupted has not shown that there is no room. */
		c->busy |= r == PLAT_WORD_FOREIGN && iova_own(iova_ctl_look(ref)) == c->own;
	}
	u.mask = 0;
	return u;
}

/*
 * The units below one unit begin to exist in a word that exists only in part, or
 * soon will.  The caller holds the unit above; nobody else opens this half, and
 * nobody holds both units of the word, so the word is parked or SHARED.  @fill:
 * what they say from the beginning.
 */
void iova_half_open(uint64_t *w, unsigned half, uint64_t flags, uint64_t fill)
{
	uint64_t bits = 0xffff0000ffffull << half, *ctlp = plat_ctl_of(w), ctl, old;

	/* A word that is SHARED already keeps its class. */
	do {
		ctl = plat_load_acquire(ctlp); /* IOVA-W3: pairs with IOVA-R2 */
	} while (!plat_cas_full(ctlp, ctl,     /* IOVA-A4: pairs with IOVA-W3, IOVA-A5 */
				iova_own(ctl) == PLAT_OWN_SHARED
					? ctl | (flags & ~IOVA_CTL_CLASS)
					: (ctl & IOVA_CTL_KEPT) |
						  iova_ctl(PLAT_OWN_SHARED, 0, flags)));
	do {
		old = plat_load_relaxed(w); /* the CAS revalidates */
		/* IOVA-A3: pairs with IOVA-W2 */
	} while (!plat_cas_full(w, old, (old & ~bits) | fill << half));
}

/*
 * The caller holds the units @mask that a line stands for: what is below them
 * begins to exist, two units a word.  A parked word becomes @own's if all of it
 * does; a word that exists in part is SHARED.
 */
static void open_words(struct plat_words *line, unsigned own, unsigned class, unsigned mask,
		       uint64_t flags)
{
	for (unsigned i = 0; i < 4; i++, mask >>= 2) {
		uint64_t *ctlp = &line->word[i].ctl;
		uint64_t ctl = plat_load_acquire(ctlp); /* IOVA-W3: pairs with IOVA-R2 */
		uint64_t whole = iova_ctl(own, class, PLAT_CTL_OPEN | flags);

		if ((mask & 3) == 3 && own != PLAT_OWN_SHARED && iova_own(ctl) == IOVA_OWN_PARKED &&
		    /* IOVA-A5: pairs with IOVA-A4 */
		    plat_cas_full(ctlp, ctl, iova_ctl(PLAT_OWN_BUSY, class, 0))) {
			/* BUSY: ours alone until the next store */
			plat_store_relaxed(&line->word[i].state, 0);
			/* IOVA-A2: pairs with IOVA-W3 */
			plat_store_release(ctlp, (ctl & IOVA_CTL_KEPT) | whole);
			continue;
		}
		if (mask & 1)
			iova_half_open(&line->word[i].state, 0, whole & ~PLAT_CTL_OWN, 0);
		if (mask & 2)
			iova_half_open(&line->word[i].state, 16, whole & ~PLAT_CTL_OWN, 0);
	}
}

static void open_line0(struct iova_ctx *c, struct iova_node *node, unsigned child, unsigned mask)
{
	unsigned class = c->want->level ? 0 : c->want->class;

	open_words(&node->line0[child], c->own, class, mask, c->s->ring ? IOVA_CTL_LOOK : 0);
	iova_raise(node, 0, child, /* words that were there before keep their class */
		   (mask == 0xff ? 1ull << class : IOVA_CELL_MASK) | 32ull << IOVA_CELL_RUN_SHIFT);
	c->fresh = node->base_pfn + ((uint64_t)child << IOVA_LINE_LG2);
}

/* A new level-0 line out of a word of @line that the caller may use; @any: see below. */
static bool line0_in(struct iova_ctx *c, const struct iova_ref *line, bool any)
{
	for (unsigned i = 0; i < 4; i++) {
		struct iova_ref ref = iova_word_in(line, i);
		struct iova_units u;
		uint64_t ctl;

		ctl = iova_ctl_look(&ref);
		c->busy |= iova_own(ctl) == PLAT_OWN_BUSY;
		if ((iova_own(ctl) != c->own && iova_own(ctl) != PLAT_OWN_SHARED) ||
		    (!any && iova_ctl_class(ctl) != IOVA_CLASS_SPLIT))
			continue;
		if ((ctl & PLAT_CTL_REM) && iova_collect(&ref) < 0)
			return true; /* moved to another CPU: begin again there */
		u = take_units(c, &ref, any);
		if (!u.mask)
			continue;
		open_line0(c, iova_taken_in(&ref), i * 4 + u.group, u.mask);
		iova_move_end(c->s, true);
		return true;
	}
	return false;
}

/*
 * Where the CPU has just adopted words, or in another word of that line: no search from the
 * top, and no cells that are lowered for the last word and raised again for the next.
 */
static bool line0_at_home(struct iova_ctx *c)
{
	uint64_t home = plat_load_relaxed(home_of(c)); /* IOVA-H2 */
	struct iova_ref line;

	if (home < c->want->lo || home > c->want->hi || !iova_ref_at(c->s, 1, home, &line))
		return false;
	return line0_in(c, &line, false) ||
	       (alone(c, &line) && adopt_in(c, &line, IOVA_CLASS_SPLIT) &&
		line0_in(c, &line, false));
}

/*
 * A new level-0 line in a level-1 word the caller may use.  @any: also in words
 * that serve ranges, and also in parts of lines; else at home first.
 */
bool iova_new_line0(struct iova_ctx *c, bool any)
{
	uint64_t test = any ? 0 : 1ull << IOVA_CLASS_SPLIT, from = c->want->lo;
	struct iova_node *near;
	struct iova_ref line;

	if (!any && line0_at_home(c))
		return true;
	near = iova_begin(c, 1);
	/* where the class has a place, IOVA_GROUP units have one */
	while (iova_next_line(c->s, 1, from, c->want->hi, test, 1, &line, &near)) {
		if (line0_in(c, &line, any))
			return true;
		iova_found_nothing(c, &line);
		from = iova_next_place(c->want, line.base_pfn + (1ull << iova_span_lg2(1)));
	}
	return false;
}

/* A node below @line (level >= 2) whose span could hold @want.  1 made, 0 no room, or -ENOMEM. */
static int node_in_line(struct iova_ctx *c, const struct iova_ref *line, bool parts)
{
	struct iova_node *parent = line->node, *node;

	for (unsigned i = 0; i < 4; i++) {
		struct iova_ref ref = iova_word_in(line, i);
		struct iova_units u;
		unsigned child;
		int r;

		u = take_units(c, &ref, parts);
		if (!u.mask)
			continue;
		child = i * 4 + u.group;
		node = plat_load_acquire(&parent->child[child]); /* IOVA-N3 */
		r = node ? 0 : iova_node_new(c->s, parent, child, true, &node);
		if (r) {
			uint64_t pat = (uint64_t)u.mask << u.group * IOVA_GROUP;

			iova_word_free(&ref, pat | pat << 32, pat, (uint32_t)pat, NULL);
			iova_move_end(c->s, true); /* they were away, if only for a moment */
			return r;
		}
		node = iova_node_publish(c->s, node);
		open_words(&node->line, node->level == 1 ? PLAT_OWN_NONE : PLAT_OWN_SHARED,
			   IOVA_CLASS_NONE, u.mask, 0);
		iova_raise(node->parent, node->level, node->index,
			   IOVA_CELL_MASK | 32ull << IOVA_CELL_RUN_SHIFT);
		if (node->level == 1)
			plat_store_relaxed(home_of(c), node->base_pfn); /* IOVA-H2 */
		iova_move_end(c->s, true);
		return 1;
	}
	return 0;
}

/* One node below level @above.  1 made, 0 no room there, or -ENOMEM. */
static int grow_below(struct iova_ctx *c, unsigned above, bool parts)
{
	struct iova_node *near = iova_begin(c, above);
	uint64_t from = c->want->lo;
	struct iova_ref line;
	int r = 0;

	while (!r && iova_next_line(c->s, above, from, c->want->hi, 0, parts ? 1 : IOVA_GROUP,
				    &line, &near)) {
		r = node_in_line(c, &line, parts);
		if (!r)
			iova_found_nothing(c, &line);
		from = iova_next_place(c->want, line.base_pfn + (1ull << iova_span_lg2(above)));
	}
	return r;
}

/* A node of @level; as many nodes above it as are missing come first. */
static bool new_node(struct iova_ctx *c, unsigned level, bool parts)
{
	unsigned above = level + 1;

	while (above <= c->s->top_level) {
		int r = grow_below(c, above, parts);

		if (r < 0) {
			c->error = r;
			return false;
		}
		if (r && above == level + 1)
			return true;
		above += r ? -1u : 1u;
	}
	return false;
}

/* Step 3 of refill.c. */
bool iova_new_room(struct iova_ctx *c)
{
	unsigned level = c->want->level ? c->want->level : 1;
	unsigned class = c->want->level ? c->want->class : IOVA_CLASS_SPLIT;

	if (c->want->level == 0 && iova_new_line0(c, false))
		return true;
	if (level == 1 && adopt_apart(c, class))
		return true;
	return new_node(c, level, false) || (level == 1 && adopt_some(c, class)) ||
	       new_node(c, level, true);
}

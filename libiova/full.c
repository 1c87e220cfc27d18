/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * full.c - whether there is no room at all, by looking only.
 *
 * A search that must fail goes through every way of making room before it may say so,
 * and writes to what it goes past (cells, OPEN) in order to be quicker next time.  Where
 * allocations have just failed, this look comes first: it reads the cells of the smallest
 * node around the window, for each level of words, and the few lines that they still
 * speak for, whoever owns those.  Only lines of the wanted level are lowered: larger
 * ranges that come and go in OPEN words meanwhile stay as cheap as they were.
 *
 * What it need not see: room that is on its way between levels or owners; that is a move,
 * which iova_judge_failure() asks about before anybody is told.
 */
#include "iova_refill.h"

#define LOOKS 16 /* lines without room: more than that are worth lowering their cells */

/* The units of a word, at @base, that have a part in the window. */
static uint32_t window_units(const struct iova_want *want, uint64_t base, unsigned lg2)
{
	uint64_t last = base + (32ull << lg2) - 1;
	uint32_t from, to;

	if (want->lo > last || want->hi < base)
		return 0;
	from = want->lo > base ? ~0u << ((want->lo - base) >> lg2) : ~0u;
	to = want->hi < last ? (2u << ((want->hi - base) >> lg2)) - 1 : ~0u;
	return from & to;
}

/*
 * Could @want be placed in these free units of a word, all above its own level?  A
 * place may lie half in a unit one level up and half in what its neighbour is split into.
 */
static bool units_could(const struct iova_want *want, unsigned level, uint64_t base, uint32_t free)
{
	unsigned lg2 = iova_unit_lg2(level);

	free &= window_units(want, base, lg2);
	if (level == want->level + 1u)
		return free;
	for (; free; free &= free - 1) {
		uint64_t first = base + ((uint64_t)iova_ctz32(free) << lg2);

		if (iova_fits(want, first, first + (1ull << lg2) - 1))
			return true;
	}
	return false;
}

/*
 * Could this word serve @want, or give back a unit that does, once what was freed in it is
 * collected?  The control word first: what is no more in its REM is free in the word.
 */
static bool word_could(const struct iova_want *want, const struct plat_word *word, unsigned level,
		       uint64_t base)
{
	uint64_t ctl = plat_load_acquire(&word->ctl); /* IOVA-W3: pairs with IOVA-R2, IOVA-A2 */
	uint64_t w = plat_load_acquire(&word->state); /* IOVA-W9: pairs with IOVA-W4, IOVA-A3 */
	uint32_t freed = (uint32_t)(ctl & PLAT_CTL_REM), free = ~iova_used(w) | freed;

	if (iova_own(ctl) == PLAT_OWN_BUSY)
		return true;
	if (!free)
		return false;
	w &= ~(freed | (uint64_t)freed << 32);
	if (level == want->level)
		return iova_candidates(w, base, want);
	if (level < want->level)
		return !(w & IOVA_HALF) || !(w & IOVA_HALF << 16);
	return units_could(want, level, base, free);
}

static bool line_could(const struct iova_want *want, const struct plat_words *line, unsigned level,
		       uint64_t base)
{
	for (unsigned i = 0; i < PLAT_LINE_WORDS; i++) {
		if (word_could(want, &line->word[i], level, base))
			return true;
		base += 32ull << iova_unit_lg2(level);
	}
	return false;
}

/* The children of a node that have a part in the window. */
struct children {
	unsigned begin, end;
};
static inline struct children window_children(const struct iova_want *want,
					      const struct iova_node *node)
{
	unsigned lg2 = iova_span_lg2(node->level - 1u);
	struct children in = { 0, IOVA_CHILDREN };

	if (want->lo > node->base_pfn)
		in.begin = (unsigned)((want->lo - node->base_pfn) >> lg2);
	if ((want->hi - node->base_pfn) >> lg2 < IOVA_CHILDREN)
		in.end = (unsigned)((want->hi - node->base_pfn) >> lg2) + 1;
	return in;
}

/* Those of them whose cells speak for a run of @least (in the cell's place). */
static inline unsigned speaking(const uint64_t *cell, struct children in, uint64_t least)
{
	unsigned mask = 0;

	for (unsigned i = in.end; i-- > in.begin;) {
		uint64_t c = plat_load_acquire(&cell[i]); /* IOVA-S10: pairs with IOVA-S7 */

		mask = mask << 1 | ((c & IOVA_CELL_RUN) >= least);
	}
	return mask << in.begin;
}

/* Child @i of @node is a line without room. */
static void found_nothing(struct iova_ctx *c, struct iova_node *node, struct iova_node *child,
			  unsigned level, unsigned i)
{
	struct iova_ref line = { .node = child,
				 .off = offsetof(struct iova_node, line),
				 .level = (uint8_t)level,
				 .child = (uint8_t)i,
				 .base_pfn = node->base_pfn + ((uint64_t)i << iova_span_lg2(level)) };

	if (!level)
		line.off = (uint32_t)iova_off0(line.base_pfn);
	iova_found_nothing(c, &line);
}

/*
 * Lines of @level below the children @speaks of @top, as far as the cells there speak for
 * a run of @least.  Those of the wanted level are lowered when they have nothing, as in
 * any search.
 */
static bool below_could(struct iova_ctx *c, struct iova_node *top, unsigned level, uint64_t least,
			unsigned speaks, unsigned *looks)
{
	const struct iova_want *want = c->want;
	uint16_t left[IOVA_MAX_LEVEL + 1]; /* children of the nodes on the way down */
	struct iova_node *node = top, *child;
	unsigned i;

	left[node->level] = (uint16_t)speaks;
	for (;;) {
		while (!left[node->level]) {
			if (level == want->level)
				iova_lower_node(node, level);
			if (node == top)
				return false;
			node = node->parent;
		}
		i = iova_ctz32(left[node->level]);
		left[node->level] &= (uint16_t)(left[node->level] - 1);
		child = node->level > 1 ?
				plat_load_acquire(&node->child[i]) : /* IOVA-N3: pairs with IOVA-N2 */
				node;
		if (!child)
			continue;
		if (node->level > level + 1) {
			node = child;
			speaks = speaking(node->cell[level], window_children(want, node), least);
			left[node->level] = (uint16_t)speaks;
			if (!speaks)
				iova_lower_node(node, level);
			continue;
		}
		if (!(*looks)-- ||
		    line_could(want, level ? &child->line : &child->line0[i], level,
			       node->base_pfn + ((uint64_t)i << iova_span_lg2(level))))
			return true;
		if (level == want->level)
			found_nothing(c, node, child, level, i);
	}
}

/*
 * The words of @node itself, which is around the window.  @missing: some of the window
 * does not exist in them.
 */
static bool around_could(const struct iova_want *want, const struct iova_node *node, bool *missing)
{
	unsigned lg2 = iova_unit_lg2(node->level), i = 0;
	uint64_t base = node->base_pfn;

	if (want->lo > base)
		i = (unsigned)((want->lo - base) >> (lg2 + IOVA_WORD_LG2));
	*missing = false;
	for (base += (uint64_t)i << (lg2 + IOVA_WORD_LG2); i < PLAT_LINE_WORDS && base <= want->hi;
	     i++) {
		const struct plat_word *word = &node->line.word[i];
		uint64_t w;

		if (word_could(want, word, node->level, base))
			return true;
		w = plat_load_acquire(&word->state); /* IOVA-W9: pairs with IOVA-W4, IOVA-A3 */
		if (w & w >> 32 & window_units(want, base, lg2))
			*missing = true;
		base += 32ull << lg2;
	}
	return false;
}

/*
 * True: nothing that was free all the while could serve the caller, moves apart.
 * False: there may be something, or too much would have to be looked at.
 */
bool iova_is_full(struct iova_ctx *c)
{
	struct iova_node *node = iova_begin(c, 0);
	struct children in = window_children(c->want, node);
	unsigned looks = LOOKS;
	bool missing;

	for (unsigned level = 0; level < node->level; level++) {
		/* what matters: below the wanted level all of a unit above, beyond it any unit */
		uint64_t least = level < c->want->level	  ? 1u << IOVA_FANOUT_LG2
				 : level > c->want->level ? 1
							  : c->want->units;
		unsigned speaks;

		least <<= IOVA_CELL_RUN_SHIFT;
		speaks = speaking(node->cell[level], in, least);
		if (speaks && below_could(c, node, level, least, speaks, &looks))
			return false;
	}
	/* Where all units of the window exist, those above them are split, as far as the root. */
	do {
		if (around_could(c->want, node, &missing))
			return false;
	} while (missing && (node = node->parent));
	return true;
}

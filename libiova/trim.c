/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * trim.c - memory of areas that have become empty goes back.
 *
 * What goes is nodes, whole: an area's words are part of its node.  From the top of
 * the space down, for each node in which nothing is used:
 *
 *   park    its words, as reclaim.c does, but all of them with one fence: then none
 *	     of the eight units of the parent that the node stands for is split
 *   take    all eight, by one CAS; or, where they do not exist, the unit above them.
 *	     Who holds a unit may make what is below it exist; so now nobody else can,
 *	     and nothing below exists
 *   unlink  the node and those below it, which are empty too: the radix says
 *	     iova_no_node, the parent NULL, and the parent's cells nothing
 *   free    what was taken.  Who splits it from here on makes a new node
 *
 * And once for all of them, before they are freed: plat_fence_cpus(), after which no
 * step is under way on a node that a cell led to, and plat_synchronize(), after which
 * no reader is (N1).
 *
 * One thread at a time does this, so that what it walks through stays.
 */
#include "iova_life.h"
#include "iova_refill.h"

struct trim {
	struct iova_space *s;
	uint64_t budget_bytes;
	uint64_t gone_bytes; /* of @gone */
	struct iova_node *gone;
	uint64_t end_pfn;	/* nodes that begin here, or above, have had their turn */
	unsigned looks;		/* areas that may still be looked at */
	bool cut;		/* there were more */
};

/* Areas that one call of iova_space_trim_idle() looks at. */
#define IDLE_LOOKS 64

static uint64_t held_bytes(const struct iova_space *s)
{
	return plat_load_relaxed(&s->metadata_bytes); /* IOVA-M1 */
}

static bool too_much(const struct trim *t)
{
	uint64_t held = held_bytes(t->s);

	return held > t->gone_bytes && held - t->gone_bytes > t->budget_bytes;
}

/* The word number @i of @level from @base_pfn on. */
static void nth_word(struct iova_space *s, unsigned level, uint64_t base_pfn, unsigned i,
		     struct iova_ref *ref)
{
	iova_ref_at(s, level, base_pfn + ((uint64_t)i << (iova_unit_lg2(level) + IOVA_WORD_LG2)),
		    ref);
}

/* The two units above the word: @halves of them have nothing below that exists. */
static void free_above(struct iova_space *s, const struct iova_ref *word, unsigned halves)
{
	struct iova_ref above;
	uint64_t pat;

	if (!halves)
		return;
	iova_ref_at(s, word->level + 1u, word->base_pfn, &above);
	pat = (uint64_t)halves << iova_unit_of(&above, word->base_pfn);
	iova_word_free(&above, pat | pat << 32, pat, (uint32_t)pat, NULL);
}

/* Parks what is empty of @nr (at most 64) words of one node; owned ones after one fence. */
static void park_words(struct iova_space *s, unsigned level, uint64_t base_pfn, unsigned nr)
{
	unsigned fence = PLAT_OWN_NONE; /* the CPU; PLAT_CPU_NONE: several */
	uint64_t busy = 0;
	uint16_t owner[64];
	struct iova_ref ref;
	bool fenced, any = false;

	iova_move_begin(s);
	for (unsigned i = 0; i < nr; i++) {
		uint64_t ctl, own;

		nth_word(s, level, base_pfn, i, &ref);
		ctl = iova_ctl_look(&ref);
		own = iova_own(ctl);
		if (own == IOVA_OWN_PARKED || own == PLAT_OWN_BUSY || !iova_empty_below(&ref))
			continue;
		any = true;
		if (own == PLAT_OWN_SHARED) {
			free_above(s, &ref, iova_park_shared(&ref));
		} else if (iova_park_begin(&ref, ctl)) {
			busy |= 1ull << i;
			owner[i] = (uint16_t)own;
			if (own != PLAT_OWN_NONE && own != fence)
				fence = fence == PLAT_OWN_NONE ? (unsigned)own : PLAT_CPU_NONE;
		}
	}
	/* IOVA-R1: no step of the owners is left (W2) */
	fenced = !busy || fence == PLAT_OWN_NONE || !plat_fence_cpus(fence);
	for (; busy; busy &= busy - 1) {
		unsigned i = (unsigned)__builtin_ctzll(busy);

		nth_word(s, level, base_pfn, i, &ref);
		free_above(s, &ref,
			   iova_park_end(&ref, owner[i], fenced || owner[i] == PLAT_OWN_NONE));
	}
	iova_move_end(s, any);
}

/* Words of which nothing is used: units that exist are free, or (@split) split. */
static bool line_is_empty(const struct plat_words *line, bool split)
{
	for (unsigned i = 0; i < 4; i++) {
		uint64_t w = iova_after_collect(&line->word[i].state);
		uint64_t low = w & IOVA_HALF, high = w >> 16 & IOVA_HALF;

		if (split && (w >> 32 & ~w))
			return false;
		if (!split && ((low && low != IOVA_HALF) || (high && high != IOVA_HALF)))
			return false;
	}
	return true;
}

/* A look: nothing in the node is used, itself or, at level 1, the words of level 0 below it. */
bool iova_looks_empty(const struct iova_node *node)
{
	if (!line_is_empty(&node->line, node->level == 1))
		return false;
	for (unsigned i = 0; node->level == 1 && i < IOVA_CHILDREN; i++)
		if (!line_is_empty(&node->line0[i], false))
			return false;
	return true;
}

/*
 * Takes all that the node stands for: eight units of its parent, which lie in one
 * half of a word; where they do not exist, the unit above that does.
 */
static bool take_above(struct iova_space *s, const struct iova_node *node, struct iova_ref *above,
		       uint64_t *pat)
{
	unsigned level = node->level + 1u, units = IOVA_GROUP, g;

	for (;; level++, units = 1) {
		iova_ref_at(s, level, node->base_pfn, above);
		g = iova_unit_of(above, node->base_pfn);
		if (level == s->top_level || iova_state(iova_word_look(above), g) != IOVA_MISSING)
			break;
	}
	*pat = ((1ull << units) - 1) << g;
	return iova_shared_take(above, *pat | *pat << 32, *pat) == PLAT_WORD_OK;
}

/* What iova_space_stats() is to know of a node that is no more in the tree. */
static void keep_count(struct iova_space *s, struct iova_node *node)
{
	uint64_t raced = plat_load_relaxed(&node->raced); /* IOVA-M1 */

	/* IOVA-M1 */
	plat_fetch_add_relaxed(&node->raced, (uint64_t)0 - raced);
	plat_fetch_add_relaxed(&s->raced, raced); /* IOVA-M1 */
}

static void gather(struct trim *t, struct iova_node *node)
{
	for (unsigned i = 0; node->level > 1 && i < IOVA_CHILDREN; i++) {
		/* IOVA-N3: pairs with IOVA-N2 */
		struct iova_node *child = plat_load_acquire(&node->child[i]);

		if (child)
			gather(t, child);
	}
	if (node->level == 1)
		/* IOVA-T2: relaxed: the CAS that frees the units above comes after it */
		plat_store_relaxed(iova_radix_slot(t->s, node->base_pfn), (void *)&iova_no_node);
	node->next = t->gone;
	t->gone = node;
	t->gone_bytes += node->bytes;
	keep_count(t->s, node);
}

/* The parent's cells say nothing is below: true as long as we hold the units. */
static void clear_cells(struct iova_node *parent, unsigned index)
{
	for (unsigned level = 0; level < parent->level; level++) {
		uint64_t *cell = &parent->cell[level][index], old;

		do {
			old = plat_load_relaxed(cell); /* IOVA-T3: the CAS revalidates */
		} while (!plat_cas_full(cell, old, /* IOVA-T3: pairs with IOVA-S7, IOVA-S8 */
					(old & ~(IOVA_CELL_VERSION - 1)) + IOVA_CELL_VERSION));
	}
}

/* Unlinks the node if it is empty. */
static void give_back(struct trim *t, struct iova_node *node)
{
	struct iova_node *parent = node->parent;
	struct iova_ref above;
	uint64_t pat;
	bool taken;

	if (!iova_looks_empty(node)) /* parking words of areas in use is not tried */
		return;
	if (node->level == 1)
		park_words(t->s, 0, node->base_pfn, IOVA_CHILDREN * 4);
	park_words(t->s, node->level, node->base_pfn, 4);
	iova_move_begin(t->s);
	taken = take_above(t->s, node, &above, &pat);
	if (taken) {
		clear_cells(parent, node->index);
		/* IOVA-T2: relaxed: the CAS that frees the units comes after it */
		plat_store_relaxed(&parent->child[node->index], NULL);
		gather(t, node);
		iova_word_free(&above, pat | pat << 32, pat, (uint32_t)pat, NULL);
	}
	iova_move_end(t->s, taken);
}

/*
 * From the highest down: what is used next is likely to lie low.  A node has its turn after
 * all below it; so if what is below it was cut, it begins below where the next call starts.
 */
static void trim_below(struct trim *t, struct iova_node *node)
{
	for (unsigned i = IOVA_CHILDREN; i-- > 0 && too_much(t);) {
		/* IOVA-N3: pairs with IOVA-N2 */
		struct iova_node *child = plat_load_acquire(&node->child[i]);
		uint64_t base;

		if (!child || child->base_pfn >= t->end_pfn)
			continue;
		if (child->level > 1)
			trim_below(t, child);
		else if (t->looks)
			t->looks--;
		else
			t->cut = true;
		if (t->cut || !too_much(t))
			return;
		base = child->base_pfn;
		give_back(t, child);
		t->end_pfn = base;
	}
}

/* What has been unlinked, this time or before, when all who may look at it have gone. */
static void free_gone(struct trim *t)
{
	struct iova_space *s = t->s;

	if (!s->gone)
		return;
	if (plat_fence_cpus(PLAT_CPU_NONE)) /* IOVA-T4: no step is on them any more */
		return;
	plat_synchronize(); /* IOVA-T5: nor is a reader */
	for (struct iova_node *node = s->gone; node; node = node->next)
		keep_count(s, node);
	iova_nodes_discard(s, s->gone);
	s->gone = NULL;
}

/* 0; -EAGAIN: another thread is at it, or nothing could be freed here, or not now. */
static int trim(struct trim *t)
{
	struct iova_space *s = t->s;
	int r = -EAGAIN;

	if (!plat_cas_full(&s->trim_busy, 0, 1)) /* IOVA-T6: pairs with IOVA-T7 */
		return -EAGAIN;
	/* IOVA-T4: where there is no fence, nothing that goes could be freed */
	if (!plat_fence_cpus(PLAT_CPU_NONE)) {
		t->gone = s->gone;
		trim_below(t, s->root);
		s->gone = t->gone;
		free_gone(t);
		r = s->gone ? -EAGAIN : 0;
	}
	plat_store_release(&s->trim_busy, 0); /* IOVA-T7: pairs with IOVA-T6 */
	return r;
}

bool iova_space_can_trim(const struct iova_space *s)
{
	return s->trim;
}

uint64_t iova_space_trim(struct iova_space *s, uint64_t budget_bytes)
{
	struct trim t = { .s = s, .budget_bytes = budget_bytes, .looks = ~0u, .end_pfn = ~0ull };

	if (s->trim && held_bytes(s) > budget_bytes)
		trim(&t);
	return held_bytes(s);
}

int iova_space_trim_idle(struct iova_space *s)
{
	struct trim t = { .s = s, .looks = IDLE_LOOKS };
	uint64_t refills = 1; /* 0: never seen */
	int r;

	if (!s->trim)
		return 0;
	for (unsigned i = 0; i < s->nr_slots; i++)
		refills += plat_load_relaxed(&s->slot[i]->refills); /* IOVA-M1 */
	/* IOVA-T8: full only because there is no weaker exchange; a count to compare */
	if (plat_xchg_full(&s->refills_seen, refills) != refills) {
		plat_store_relaxed(&s->trim_end_pfn, ~0ull); /* IOVA-T9 */
		return 1;
	}
	t.end_pfn = plat_load_relaxed(&s->trim_end_pfn); /* IOVA-T9 */
	r = trim(&t);
	if (r)
		return r;
	plat_store_relaxed(&s->trim_end_pfn, t.cut ? t.end_pfn : ~0ull); /* IOVA-T9 */
	return t.cut;
}

/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * word.c - what can be done to one state word, whoever owns it.
 *
 * Ownership (struct plat_words, plat.h) moves like this:
 *
 *   PARKED -> BUSY -> cpu | NONE | SHARED    its units begin to exist (fresh.c)
 *   PARKED -> SHARED     half of them do (span.c)
 *   NONE -> cpu | SHARED      a CPU adopts the word (fresh.c)
 *   NONE -> SHARED       somebody needs a particular place in it (iova_share)
 *   cpu -> BUSY -> SHARED     iova_share takes it away, once and for all
 *   cpu -> BUSY -> cpu | PARKED    reclaim.c looks whether the word is empty
 *
 * Invariants (doc/ordering-iova.md has the proofs):
 *   W1  cpu-owned: only plat_word_*() on that CPU store to the word.
 *   W2  BUSY: only the thread that made it BUSY stores to the word, and only
 *       after plat_fence_cpus() on the former owner.
 *   W3  SHARED: the word changes by full CAS only, and never becomes cpu-owned again.
 *   W4  REM bits are set only while the owner is a CPU or BUSY, and only over
 *       granules of exactly one allocated range.  No take succeeds over a set bit.
 *   W5  a unit that is used in the word and set in REM was freed and not yet
 *       collected; one that is unused and set in REM stays unused until the
 *       bit is cleared, which anybody may do (iova_collect()).
 */
#include "iova_int.h"

static const uint32_t class_mask[IOVA_NR_CLASS] = {
	0xffffffffu, 0x55555555u, 0x11111111u, 0x01010101u, 0x00010001u, 0x00000001u,
};

/* Places g with @units free units at g.. in the word, whatever their alignment. */
static uint32_t free_runs(uint32_t free, unsigned units)
{
	unsigned have = 1;

	while (have < units) {
		unsigned step = have < units - have ? have : units - have;

		free &= free >> step;
		have += step;
	}
	return free;
}

/* Places of a class: aligned, and free to the next one. */
uint32_t iova_slots(uint64_t w, unsigned class)
{
	return free_runs(~iova_used(w), 1u << class) & class_mask[class];
}

/* The most units that have a place, aligned as a range of so many is. */
static unsigned most_units(uint32_t free)
{
	uint32_t places = free;
	unsigned n = 0;

	for (; n < 32; n++) {
		places &= free >> n;
		if (!(places & class_mask[iova_patterns[n + 1].class]))
			break;
	}
	return n;
}

/* The places in a word where @want could begin. */
uint32_t iova_candidates(uint64_t w, uint64_t base_pfn, const struct iova_want *want)
{
	unsigned lg2 = iova_unit_lg2(want->level);
	uint64_t align_units = want->align >> lg2;
	uint64_t last_pfn = base_pfn + (32ull << lg2) - 1;
	uint32_t r = free_runs(~iova_used(w), want->units) & class_mask[want->class];

	if (!r || want->hi < base_pfn || want->lo > last_pfn)
		return 0;
	if (align_units > 32) {
		uint64_t g = ((want->off - base_pfn) & (want->align - 1)) >> lg2;

		r &= g > 31 ? 0 : 1u << g;
	} else if (align_units > 1) {
		r &= class_mask[iova_patterns[align_units].class] << (want->off >> lg2);
	}
	if (want->lo > base_pfn) {
		uint64_t skip = (want->lo - base_pfn + (1ull << lg2) - 1) >> lg2;

		r &= skip > 31 ? 0 : ~0u << skip;
	}
	if (want->hi - base_pfn < want->n - 1)
		return 0;
	if (want->hi - (want->n - 1) < last_pfn) {
		uint64_t top = (want->hi - (want->n - 1) - base_pfn) >> lg2;

		r &= top > 30 ? ~0u : (2u << top) - 1;
	}
	return r;
}

/*
 * A word's contribution to its line's cell.  @ctl was loaded before @w: what is no more in
 * its REM is free in the word.
 */
uint64_t iova_word_value(uint64_t w, unsigned class, unsigned level, uint64_t ctl)
{
	uint64_t bit = 1ull << class, rem = ctl & PLAT_CTL_REM;
	uint64_t own = iova_own(ctl);

	if (own == IOVA_OWN_PARKED)
		return 0;
	if (own == PLAT_OWN_NONE)
		return 1ull << IOVA_CLASS_NONE | 32ull << IOVA_CELL_RUN_SHIFT;
	w &= ~(rem | rem << 32);
	if (level == 1 && class == IOVA_CLASS_SPLIT)
		class = 3; /* a line needs IOVA_GROUP units */
	if (!iova_slots(w, class))
		bit = 0;
	return bit | (uint64_t)most_units(~iova_used(w)) << IOVA_CELL_RUN_SHIFT;
}

/* W3: for words known to be SHARED. */
int iova_shared_take(const struct iova_ref *ref, uint64_t full, uint64_t pat)
{
	uint64_t *wp = iova_word(ref), w;

	do {
		w = plat_load_relaxed(wp); /* IOVA-W1: the CAS revalidates */
		if (w & full)
			return PLAT_WORD_MISMATCH;
	} while (!plat_cas_full(wp, w, w | pat)); /* IOVA-W2: pairs with IOVA-W4 */
	return PLAT_WORD_OK;
}

/* In a word that is shared or the calling CPU's. */
int iova_word_take(const struct iova_ref *ref, uint64_t full, uint64_t pat)
{
	if (iova_own(iova_ctl_look(ref)) == PLAT_OWN_SHARED)
		return iova_shared_take(ref, full, pat);
	return ref->cell ? plat_word_take(ref->cell, ref->off, full, pat) : PLAT_WORD_FOREIGN;
}

static struct iova_node *ref_parent(const struct iova_ref *ref, unsigned *child)
{
	if (ref->level == 0) {
		*child = ref->child;
		return ref->node;
	}
	*child = ref->node->index;
	return ref->node->parent;
}

/* Frees into the word may be done directly from now on, and searches will look at it. */
void iova_word_open(const struct iova_ref *ref)
{
	unsigned child;
	struct iova_node *parent = ref_parent(ref, &child);
	/* IOVA-O1: pairs with IOVA-S3 */
	uint64_t ctl = plat_fetch_or_full(iova_word_ctl(ref), PLAT_CTL_OPEN);

	if (parent)
		iova_raise(parent, ref->level, child,
			   1ull << iova_ctl_class(ctl) | 32ull << IOVA_CELL_RUN_SHIFT);
}

/*
 * Does the word hold exactly the ranges @pat?  @chk has one CONT bit beyond each
 * range; a unit that does not exist here (11) ends a range as well as a START
 * does, and is never part of one.  (Words with 11 in them are never CPU-owned,
 * so plat_word_put() can do with less.)
 */
bool iova_word_matches(uint64_t w, uint64_t chk, uint64_t pat)
{
	uint64_t beyond = (chk ^ pat) & ~pat;
	uint64_t units = (uint32_t)(pat | pat >> 32);

	if ((w & (units | units << 32)) != pat)
		return false;
	return !(w & beyond & ~(w << 32));
}

/*
 * Frees the range @pat (@bits: its units) in a word of any ownership.
 * 0, 1 when it was left in REM for the owner to collect, or -EINVAL when the
 * word does not hold exactly this range or it is freed already.
 * @seen: NULL, or the word as it was before the caller looked whether the range goes
 * on elsewhere, or is reserved: -EAGAIN where that may have changed.
 */
int iova_word_free(const struct iova_ref *ref, uint64_t chk, uint64_t pat, uint32_t bits,
		   const uint64_t *seen)
{
	uint64_t *wp = iova_word(ref), *ctlp = iova_word_ctl(ref);

	for (;;) {
		uint64_t ctl = plat_load_acquire(ctlp); /* IOVA-W3: pairs with IOVA-R2 */
		uint64_t w;
		int r;

		if (iova_own(ctl) == PLAT_OWN_NONE || iova_own(ctl) == IOVA_OWN_PARKED)
			return -EINVAL;
		if (iova_own(ctl) == PLAT_OWN_SHARED) {
			w = plat_load_acquire(wp); /* IOVA-W9: pairs with IOVA-W4, IOVA-A3 */
			if (!iova_word_matches(w, chk, pat))
				return -EINVAL;
			if (seen && w != *seen)
				return -EAGAIN;
			/* IOVA-W4: pairs with IOVA-W2 and, the free before the look, IOVA-S4 */
			if (!plat_cas_full(wp, w, w ^ pat))
				continue;
			if (!(plat_load_relaxed(ctlp) & PLAT_CTL_OPEN)) /* IOVA-W5: after W4 */
				iova_word_open(ref);
			return 0;
		}
		r = plat_word_put(ref->cell, ref->off, chk, pat);
		if (r == PLAT_WORD_OK)
			return 0;
		if (r == PLAT_WORD_MISMATCH)
			return -EINVAL;
		if (r == PLAT_WORD_CLOSED) {
			iova_word_open(ref);
			continue;
		}
		w = plat_load_acquire(wp); /* IOVA-W9: pairs with IOVA-W4, IOVA-A3 */
		if (!iova_word_matches(w, chk, pat) || (ctl & bits))
			return -EINVAL;
		/* IOVA-W6: pairs with IOVA-W7, IOVA-R2 */
		if (!plat_cas_full(ctlp, ctl, ctl | bits))
			continue;
		if (!(ctl & PLAT_CTL_OPEN))
			iova_word_open(ref);
		return 1;
	}
}

/*
 * Takes remote frees over into a word of the calling CPU: first the units are
 * freed in the word, in one step; then their REM bits are cleared, and only
 * then can they be taken again (W4).
 *
 * The second half needs no owner: a unit that is unused and has its REM bit
 * stays unused while it has it, so whoever finds such bits may clear them, as
 * long as the control word did not change since.  Its epoch tells the same bits
 * set again from those that were seen.  Hence a thread that stops between the
 * halves delays nobody, and REM bits that a second, racing free of the same
 * range left over an unused unit go away here as well, and are counted.
 */

/*
 * REM bits that went away, less the units that were freed in the word for them: in
 * sum over all who did either, the units that a second, racing free had put in REM
 * after the owner's own free.  One thread's difference may be of both signs, where
 * another cleared what it had collected; two that collected the same bits take
 * them off twice, so the sum may be too small, but never too large.
 */
void iova_count_raced(const struct iova_ref *ref, uint32_t cleared, uint32_t collected)
{
	uint32_t more = cleared & ~collected, less = collected & ~cleared;
	uint64_t units = 0;

	for (; more; more &= more - 1)
		units++;
	for (; less; less &= less - 1)
		units--;
	if (plat_unlikely(units)) /* IOVA-M1: a count only */
		plat_fetch_add_relaxed(&ref->node->raced, units << iova_unit_lg2(ref->level));
}

/*
 * Takes remote frees over, see above.
 * 1: something was collected; 0: nothing to do; -1: not on the owner's CPU.
 */
int iova_collect(const struct iova_ref *ref)
{
	uint64_t *wp = iova_word(ref), *ctlp = iova_word_ctl(ref);
	uint64_t ctl = plat_load_acquire(ctlp); /* IOVA-W7: pairs with IOVA-W6 */
	/* IOVA-W9: pairs with IOVA-W4, IOVA-A3 */
	uint32_t bits = (uint32_t)ctl & iova_used(plat_load_acquire(wp)), stale, gone = 0;
	int r = bits ? plat_word_collect(ref->cell, ref->off, bits) : PLAT_WORD_OK;

	if (r == PLAT_WORD_FOREIGN)
		return -1;
	do {
		ctl = plat_load_acquire(ctlp); /* IOVA-W7: pairs with IOVA-W6 */
		/* IOVA-W9: pairs with IOVA-W4, IOVA-A3 */
		stale = (uint32_t)ctl & ~iova_used(plat_load_acquire(wp));
		/* IOVA-W8: pairs with IOVA-W6 */
		if (stale && plat_cas_full(ctlp, ctl, iova_next_epoch(ctl & ~(uint64_t)stale)))
			gone = stale;
	} while (stale && !gone);
	iova_count_raced(ref, gone, r == PLAT_WORD_OK ? bits : 0);
	return bits || gone;
}

static int share(const struct iova_ref *ref)
{
	uint64_t *wp = iova_word(ref), *ctlp = iova_word_ctl(ref), ctl, w;
	uint64_t own;
	uint32_t freed, collected = 0;
	int r;

	do {
		ctl = plat_load_acquire(ctlp); /* IOVA-W3: pairs with IOVA-R2 */
		own = iova_own(ctl);
		if (own == PLAT_OWN_SHARED)
			return 0;
		if (own == PLAT_OWN_BUSY || own == IOVA_OWN_PARKED)
			return -EBUSY;
		if (own == PLAT_OWN_NONE && /* IOVA-R4: pairs with IOVA-W3 */
		    plat_cas_full(ctlp, ctl,
				  (ctl & ~PLAT_CTL_OWN) | iova_ctl(PLAT_OWN_SHARED, 0, 0))) {
			iova_word_open(ref);
			return 0;
		}
	} while (own == PLAT_OWN_NONE || /* IOVA-R3: pairs with IOVA-W3, IOVA-W6 */
		 !plat_cas_full(ctlp, ctl, (ctl & ~PLAT_CTL_OWN) | iova_ctl(PLAT_OWN_BUSY, 0, 0)));
	/* IOVA-R1: no step of the owner is left (W2) */
	r = plat_fence_cpus_reading((unsigned)own);
	do {
		ctl = plat_load_acquire(ctlp); /* IOVA-W7: pairs with IOVA-W6 */
		w = plat_load_relaxed(wp);     /* ours alone, W2 */
		freed = (uint32_t)ctl & iova_used(w);
		collected |= freed;
		if (!r) /* ours alone, W2; IOVA-R2 publishes it */
			plat_store_relaxed(wp, w & ~(freed | (uint64_t)freed << 32));
	} while (!plat_cas_full(ctlp, ctl, /* IOVA-R2: pairs with IOVA-W3, IOVA-W6 */
				r ? (ctl & ~PLAT_CTL_OWN) | iova_ctl((unsigned)own, 0, 0)
				  : (ctl & ~(PLAT_CTL_OWN | PLAT_CTL_REM)) |
						iova_ctl(PLAT_OWN_SHARED, 0, 0)));
	if (r)
		return -EAGAIN;
	iova_count_raced(ref, (uint32_t)ctl, collected);
	iova_word_open(ref);
	return 0;
}

/*
 * Makes the word SHARED.  0; -EBUSY: its ownership is changing hands, or its units do
 * not exist; -EAGAIN: the caller may not wait for the owner.
 * It counts as a move: who went past the word while it was another CPU's finds it
 * SHARED when he comes to take it away, and must go back to it.
 */
int iova_share(struct iova_space *s, const struct iova_ref *ref)
{
	int r;

	if (iova_own(iova_ctl_look(ref)) == PLAT_OWN_SHARED)
		return 0;
	iova_move_begin(s);
	r = share(ref);
	iova_move_end(s, !r);
	return r;
}

/* The word of @node, or of a level-0 line in it, that holds @pfn. */
static void ref_in_node(struct iova_space *s, struct iova_node *node, unsigned level, uint64_t pfn,
			struct iova_ref *ref)
{
	unsigned lg2 = iova_unit_lg2(level) + IOVA_WORD_LG2;

	ref->node = node;
	ref->level = (uint8_t)level;
	ref->base_pfn = pfn >> lg2 << lg2;
	ref->child = (uint8_t)(pfn >> IOVA_LINE_LG2 & (IOVA_CHILDREN - 1));
	ref->cell = level <= 1 ? iova_cell(s, pfn) : NULL;
	ref->off = (uint32_t)(level ? offsetof(struct iova_node, line.word[pfn >> lg2 & 3])
				    : iova_off0(pfn));
}

/* The word of @level that holds @pfn, if its node exists. */
bool iova_ref_at(struct iova_space *s, unsigned level, uint64_t pfn, struct iova_ref *ref)
{
	struct iova_node *node;

	if (level <= 1)
		node = plat_load_acquire(iova_cell(s, pfn)); /* IOVA-N1: pairs with IOVA-N2 */
	else
		node = iova_node_at(s, level, pfn);
	if (!node)
		return false;
	ref_in_node(s, node, level, pfn, ref);
	return node != &iova_no_node;
}

/*
 * The word in which the state of @pfn is to be read: descends while the unit
 * that holds @pfn is split.  A unit where a range begins has nothing below it.
 * False when @pfn lies outside the tree.
 */
bool iova_locate(struct iova_space *s, uint64_t pfn, struct iova_ref *ref)
{
	struct iova_node *node = s->root;
	unsigned level = s->top_level;

	if (pfn >> iova_span_lg2(level))
		return false;
	ref_in_node(s, node, level, pfn, ref);
	for (; level > 0; level--) {
		struct iova_ref below;
		uint64_t half = 0xffff0000ffffull << (pfn >> iova_unit_lg2(level - 1) & 16);

		if (iova_state(iova_word_look(ref), iova_unit_of(ref, pfn)) != IOVA_START)
			break;
		if (level > 1) {
			unsigned i = pfn >> iova_span_lg2(level - 1) & (IOVA_CHILDREN - 1);

			node = plat_load_acquire(&node->child[i]); /* IOVA-N3: pairs with IOVA-N2 */
			if (!node)
				break;
		}
		ref_in_node(s, node, level - 1, pfn, &below);
		if (!(~iova_word_look(&below) & half))
			break;
		*ref = below;
	}
	return true;
}

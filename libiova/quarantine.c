/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * quarantine.c - freed ranges that wait before they are free.
 *
 * A free sets the range's *held* bit and puts its first granule into a ring, in
 * exchange for the one that has waited longest, which is freed in the words then.
 * The words of such a space are all SHARED, so no fast path gets past this.
 *
 *   Q1  The bit of a live range is clear: its owner clears it before it is told
 *	 of the range (iova_born()).  Nobody else ever clears it.
 *   Q2  So of all who free one range exactly one finds the bit clear, and the
 *	 bit stays set after the range has left the words, until there is a new
 *	 owner: a late second free finds the bit, or no range.
 *   Q3  What is in the ring is a held range.  A unit that was split, or became whole,
 *	 since a late free looked at its range has another bit, which may be clear; so who
 *	 has set a bit looks for the range again.
 */
#include "iova_life.h"
#include "iova_refill.h"

/* The word and bit of the unit where the range at @pfn begins; NULL: there is none. */
static uint64_t *held_bit(struct iova_space *s, uint64_t pfn, uint64_t *bit)
{
	unsigned i = pfn & ((1u << IOVA_NODE1_LG2) - 1);
	struct iova_ref ref;

	if (!iova_locate(s, pfn, &ref))
		return NULL;
	if (ref.level)
		i = pfn >> iova_unit_lg2(ref.level) & ((1u << IOVA_LINE_LG2) - 1);
	else
		i += 1u << IOVA_LINE_LG2;
	*bit = 1ull << (i & 63);
	return &ref.node->held[i / 64];
}

bool iova_is_held(struct iova_space *s, uint64_t pfn)
{
	uint64_t bit, *word = s->ring ? held_bit(s, pfn, &bit) : NULL;

	return word && (plat_load_acquire(word) & bit); /* IOVA-Q1: pairs with IOVA-Q2, IOVA-Q3 */
}

void iova_born(struct iova_space *s, uint64_t pfn)
{
	uint64_t bit, *word = held_bit(s, pfn, &bit);

	if (word)
		plat_fetch_and_full(word, ~bit); /* IOVA-Q2: pairs with IOVA-Q1, IOVA-Q3 */
}

/* Frees what an entry of the ring names. */
static void let_go(struct iova_space *s, uint64_t entry)
{
	uint64_t first, last;

	if (entry && iova_range_at(s, entry - 1, &first, &last))
		iova_free_now(s, first, last - first + 1, false);
}

/* @n granules at @pfn were the caller's.  0, or -ENOENT: somebody has freed them already. */
int iova_hold(struct iova_space *s, uint64_t pfn, uint64_t n)
{
	uint64_t bit, *word = held_bit(s, pfn, &bit), at;

	/* IOVA-Q3: pairs with IOVA-Q1, IOVA-Q2 */
	if (!word || (plat_fetch_or_full(word, bit) & bit) || iova_free_now(s, pfn, n, true) < 0)
		return -ENOENT;
	at = plat_fetch_add_relaxed(&s->ring_head, 1); /* relaxed: any place of the ring will do */
	iova_move_begin(s); /* what has left the ring, and not the words, is on its way */
	/* IOVA-Q4: pairs with itself */
	let_go(s, plat_xchg_full(&s->ring[at % s->ring_size], pfn + 1));
	iova_move_end(s, true);
	return 0;
}

unsigned iova_space_release_held(struct iova_space *s)
{
	unsigned nr = 0;

	plat_read_lock(); /* as in a free */
	for (uint32_t i = 0; s->ring && i < s->ring_size; i++) {
		uint64_t entry;

		if (!plat_load_relaxed(&s->ring[i])) /* relaxed: what comes now is another's */
			continue;
		iova_move_begin(s);
		entry = plat_xchg_full(&s->ring[i], 0); /* IOVA-Q4: pairs with itself */
		let_go(s, entry);
		iova_move_end(s, true);
		nr += entry != 0;
	}
	plat_read_unlock();
	return nr;
}

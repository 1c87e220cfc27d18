/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* pgtbl_fill.h - part of pgtbl_template.h: leaves into consecutive entries. */
#ifndef PGTBL_FILL_H
#define PGTBL_FILL_H

/* Are @n entries 0? */
static plat_always_inline bool pt_all_free(const uint64_t *slot, unsigned n)
{
	uint64_t any = 0;

	for (; n >= 32; n -= 32, slot += 32)
		any |= pt_line_or(slot) | pt_line_or(slot + 8) | pt_line_or(slot + 16) |
		       pt_line_or(slot + 24);
	for (; n >= 8; n -= 8, slot += 8)
		any |= pt_line_or(slot);
	for (; n; n--, slot++)
		any |= pt_raw(slot);
	return !any;
}

/*
 * Write @n leaves with @step between them into entries that must be 0; how many
 * were.  The OR of a line of entries is checked before it is written: that
 * costs less than half of a check per entry.
 */
static plat_always_inline unsigned pt_fill(uint64_t *slot, unsigned n, uint64_t entry,
					   uint64_t step)
{
	unsigned i = 0;

	for (; i < n && ((uintptr_t)&slot[i] & (PLAT_CACHELINE - 1)); i++, entry += step) {
		if (plat_unlikely(pt_leaf_load(&slot[i])))
			return i;
		pt_leaf_store(&slot[i], entry);
	}
	for (; i + 8 <= n; i += 8, entry += 8 * step) {
		if (plat_unlikely(pt_line_or(&slot[i])))
			break;
		pt_line_store(&slot[i], entry, step);
	}
	for (; i < n; i++, entry += step) {
		if (plat_unlikely(pt_leaf_load(&slot[i])))
			return i;
		pt_leaf_store(&slot[i], entry);
	}
	return i;
}

/* A line of swapped words of which each is the one before plus @step; the word behind it. */
static plat_always_inline uint64_t pt_line_words(uint64_t *s, uint64_t word, uint64_t step)
{
	/* relaxed: as pt_leaf_store() */
	plat_store_relaxed(s, word);
	plat_store_relaxed(s + 1, word += step);
	plat_store_relaxed(s + 2, word += step);
	plat_store_relaxed(s + 3, word += step);
	plat_store_relaxed(s + 4, word += step);
	plat_store_relaxed(s + 5, word += step);
	plat_store_relaxed(s + 6, word += step);
	plat_store_relaxed(s + 7, word += step);
	return word + step;
}

/*
 * Sixteen leaves, of which the first is a multiple of as many steps, differ in four bits.
 * If these are of one byte, one swap does for all: nothing is carried out of the byte.
 * How many leaves, in sixteens.
 */
static plat_always_inline unsigned pt_fill_swapped(uint64_t *slot, unsigned n, uint64_t entry,
						   uint64_t step)
{
	unsigned i = 0;

	for (; i + 16 <= n; i += 16, entry += 16 * step)
		pt_line_words(&slot[i + 8], pt_line_words(&slot[i], pt_word(entry), pt_word(step)),
			      pt_word(step));
	return i;
}

/* The same where all are known to be 0: looked at before, or of a table that nobody else sees. */
static plat_always_inline void pt_fill_free(uint64_t *slot, unsigned n, uint64_t entry,
					    uint64_t step)
{
	unsigned done;

	if (PT_SWAPPED && ((step * 15) >> (__builtin_ctzll(step) & ~7) <= 0xff)) {
		for (; n && (entry & (15 * step)); n--, slot++, entry += step)
			pt_leaf_store(slot, entry);
		done = pt_fill_swapped(slot, n, entry, step);
		n -= done;
		slot += done;
		entry += done * step;
	}
	for (; n >= 16; n -= 16, slot += 16, entry += 16 * step) {
		pt_line_store(slot, entry, step);
		pt_line_store(slot + 8, entry + 8 * step, step);
	}
	for (; n; n--, slot++, entry += step)
		pt_leaf_store(slot, entry);
}

/* The same two for leaves of 2^@group_lg2 equal or numbered entries each. */
static unsigned pt_fill_groups(uint64_t *slot, unsigned n, uint64_t entry, uint64_t step,
			       unsigned group_lg2)
{
	unsigned group = 1u << group_lg2, i = 0;
	uint64_t inside = FMT_GROUPS == 2 ? step : 0;

	for (; i < n && pt_all_free(&slot[i], group); i += group, entry += step << group_lg2)
		for (unsigned k = 0; k < group; k++)
			pt_leaf_store(&slot[i + k], entry + k * inside);
	return i;
}

#endif

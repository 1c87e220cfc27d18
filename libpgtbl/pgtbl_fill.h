/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* pgtbl_fill.h - part of pgtbl_template.h: leaves into consecutive entries. */
#ifndef PGTBL_FILL_H
#define PGTBL_FILL_H

/* Up to this many entries are looked at before the first of them is written. */
#define PT_FILL_BATCH 64u

/* Are @n entries 0? */
static plat_always_inline bool pt_all_free(const uint64_t *slot, unsigned n)
{
	return !plat_peek_any(slot, n);
}

/*
 * Write @n leaves with @step between them into entries that are known to be 0: looked at
 * before, or of a table that nobody else sees.
 */
static plat_always_inline void pt_fill_free(uint64_t *slot, unsigned n, uint64_t entry,
					    uint64_t step)
{
	if (PT_SWAPPED)
		/* relaxed: as pt_leaf_store() */
		plat_store_relaxed_run_swapped(slot, n, entry, step);
	else
		/* relaxed: as pt_leaf_store() */
		plat_store_relaxed_run(slot, n, entry, step);
}

/* The same where they must be 0: how many were. */
static plat_always_inline unsigned pt_fill(uint64_t *slot, unsigned n, uint64_t entry,
					   uint64_t step)
{
	unsigned i = 0, part;

	for (; i < n; i += part, entry += part * step) {
		part = n - i < PT_FILL_BATCH ? n - i : PT_FILL_BATCH;
		if (plat_unlikely(!pt_all_free(&slot[i], part)))
			break;
		pt_fill_free(&slot[i], part, entry, step);
	}
	for (; i < n && !pt_raw(&slot[i]); i++, entry += step)
		pt_leaf_store(&slot[i], entry);
	return i;
}

/* pt_fill() for leaves of 2^@group_lg2 equal or numbered entries each. */
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

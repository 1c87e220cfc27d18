/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * pgtbl_split.h - part of pgtbl_template.h: smaller leaves for a large one.
 *
 * The table with the smaller leaves is complete before one compare-and-swap puts
 * it where the leaf was: at no time is there nothing.  A dirty bit that hardware
 * sets meanwhile makes the compare-and-swap fail, and the split starts over.
 *
 * The entries of a group become leaves of their own one by one: the group and they
 * translate alike, whichever of them hardware reads.
 */
#ifndef PGTBL_SPLIT_H
#define PGTBL_SPLIT_H

/* In a private table: what the leaf @entry of @level, one entry, stands for. */
static void pt_split_fill(const struct pgtbl *pt, uint64_t *page, uint64_t entry, unsigned level)
{
	uint64_t phys = pt_leaf_phys(pt, entry, level), attr = pt_leaf_attr(pt, entry, level);
	unsigned entries = pt_entries(pt, level - 1);

	for (unsigned i = 0; i < entries; i++, phys += pt_span(pt, level - 1))
		page[i] = pt_word(fmt_leaf(phys, attr, level - 1));
}

static int pt_split_one(struct pgtbl *pt, const struct pt_place *at, uint64_t entry)
{
	unsigned level = at->level;
	int err;
	uint64_t *page = pgtbl_page_alloc(pt, &err);

	if (!page)
		return err;
	pt_split_fill(pt, page, entry, level);
	pgtbl_flush(pt, page, pt_entries(pt, level - 1));
	if (pt_install(pt, at->slot, entry, page, level))
		return 0;
	memset(page, 0, pt->table_bytes);
	pgtbl_page_free(pt, page);
	return 0;
}

/*
 * One word of a group that leads to @phys becomes a leaf of its own, to @to, with @ad too if
 * it is not there yet.  What it had of those bits.
 */
static uint64_t pt_split_word(struct pgtbl *pt, uint64_t *slot, unsigned level, uint64_t phys,
			      uint64_t to, uint64_t ad)
{
	for (;;) {
		uint64_t old = pt_leaf_load(slot), leaf = old | ad;

		if (!fmt_is_leaf(old, level) ||
		    pt_leaf_phys(pt, old, level) != (fmt_in_group(old, level) ? phys : to))
			return 0;
		if (fmt_in_group(old, level))
			leaf = fmt_leaf(to, pt_leaf_attr(pt, old, level) | ad, level);
		/*
		 * PGT-X3: hardware sets bits in it; another owner of a part of the group
		 * splits it too, and may go on to unmap his part.
		 */
		if (leaf == old || pt_cas_full(slot, old, leaf))
			return pt->hw_ad ? old & (FMT_ACCESSED | FMT_DIRTY) : 0;
	}
}

/* The group that serves @iova, of which @entry is a part. */
static void pt_split_group(struct pgtbl *pt, const struct pt_place *at, uint64_t iova,
			   uint64_t entry)
{
	unsigned level = at->level, group = 1u << fmt_group_lg2(pt, entry, level);
	uint64_t *slot = &at->table[pt_index(pt, iova, level) & -group];
	uint64_t phys = pt_leaf_phys(pt, entry, level);
	uint64_t ad = pt_leaf_ad(pt, slot, entry, level), known;

	/* A bit in one word may be about any part; again, if hardware has set one meanwhile. */
	do {
		known = ad;
		for (unsigned i = 0; i < group; i++)
			ad |= pt_split_word(pt, &slot[i], level, phys,
					    phys + i * pt_span(pt, level), ad);
	} while (ad != known);
	pgtbl_flush(pt, slot, group);
}

/*
 * Smaller leaves for the leaf @entry at @at, which serves @iova.  0: the leaf is no
 * longer what it was, by this call or another's; walk again.  -ENOMEM; -EDQUOT; -EBUSY: the
 * table has no leaves of the next size.  @gather gets the span of the leaf: IOTLBs may go on
 * using it.
 */
static int pt_split(struct pgtbl *pt, const struct pt_place *at, uint64_t iova, uint64_t entry,
		    struct pgtbl_gather *gather)
{
	uint64_t span = 1ull << pt_leaf_lg2(pt, entry, at->level);
	bool group = fmt_in_group(entry, at->level);
	int err = 0;

	if (!(pt->page_sizes & pt_span(pt, at->level - !group)))
		return -EBUSY;
	if (group)
		pt_split_group(pt, at, iova, entry);
	else
		err = pt_split_one(pt, at, entry);
	if (!err)
		pgtbl_gather_cover(gather, iova & -span, iova | (span - 1));
	return err;
}

/* No leaf larger than @page_bytes in [iova, last], or an error, and where. */
static int pt_demote(struct pgtbl *pt, uint64_t iova, uint64_t last, uint64_t page_bytes,
		     struct pgtbl_gather *gather, uint64_t *fault)
{
	bool more = true;
	int err = 0;

	while (more && !err) {
		struct pt_place at;
		uint64_t entry;
		unsigned lg2;

		plat_read_lock();
		at = pt_walk_thawed(pt, iova, 1, &entry);
		lg2 = pt_span_lg2(pt, at.level);
		if (fmt_is_leaf(entry, at.level))
			lg2 = pt_leaf_lg2(pt, entry, at.level);
		if (fmt_is_leaf(entry, at.level) && 1ull << lg2 > page_bytes)
			err = pt_split(pt, &at, iova, entry, gather);
		else /* nor is there a larger one in a table of single pages */
			more = pt_next(&iova, last,
				       !FMT_GROUPS && at.level == 1 ? pt_span_lg2(pt, 2) : lg2);
		plat_read_unlock();
	}
	*fault = iova;
	return err;
}

#endif

/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * pgtbl_fast.h - part of pgtbl_template.h: what the tiers of pgtbl_tiers.h are made of.
 *
 * @kept and @flush are constants, see there.
 */
#ifndef PGTBL_FAST_H
#define PGTBL_FAST_H

/* Up to this many entries go without a loop. */
#define PT_FEW 16u

/* False: only the slow tier can open a section. */
static plat_always_inline bool pt_fast_enter(bool kept, plat_section_t *section)
{
	return kept || plat_read_trylock(section);
}

static plat_always_inline void pt_fast_leave(bool kept, plat_section_t section)
{
	if (!kept)
		plat_read_tryunlock(section);
}

static plat_always_inline void pt_fast_flush(const struct pgtbl *pt, const uint64_t *slot,
					     size_t n, bool flush)
{
	if (flush)
		pt->flush(pt->flush_ctx, slot, n * sizeof(*slot));
}

/* *@table: go down through its entry for @iova, which must be live. */
static plat_always_inline bool pt_fast_down(const struct pgtbl *pt, uint64_t **table, uint64_t iova,
					    unsigned level)
{
	uint64_t entry = pt_load(&(*table)[pt_index(pt, iova, level)]);

	if (plat_unlikely(!pt_is_live(entry, level)))
		return false;
	*table = pt_live_table(pt, entry, level);
	return true;
}

/* The level-2 table of @iova if all entries on the way are live, or NULL. */
static plat_always_inline uint64_t *pt_fast_level2(const struct pgtbl *pt, uint64_t iova)
{
	uint64_t *table;

	if (plat_likely(pt_is_low(pt, iova)))
		/* PGT-A2: pairs with PGT-R2 */
		return plat_load_acquire(&pt->low[iova >> pt_span_lg2(pt, 3)]);
	table = pt->root;
	if (FMT_LEVELS_MIN < 3 && pt->levels < 3)
		return table;
	switch (pt->levels) {
	case 6:
		if (!pt_fast_down(pt, &table, iova, 6))
			return NULL;
		plat_fallthrough;
	case 5:
		if (!pt_fast_down(pt, &table, iova, 5))
			return NULL;
		plat_fallthrough;
	case 4:
		if (!pt_fast_down(pt, &table, iova, 4))
			return NULL;
		plat_fallthrough;
	default:
		if (!pt_fast_down(pt, &table, iova, 3))
			return NULL;
	}
	return table;
}

/* *@slot: the level-2 entry of @iova.  False if not all entries on the way are live. */
static plat_always_inline bool pt_fast_entry2(const struct pgtbl *pt, uint64_t iova,
					      uint64_t **slot)
{
	uint64_t *table = pt_fast_level2(pt, iova);

	if (plat_unlikely(!table))
		return false;
	*slot = &table[pt_index(pt, iova, 2)];
	return true;
}

/* The same for level 1. */
static plat_always_inline bool pt_fast_level1(const struct pgtbl *pt, uint64_t iova,
					      uint64_t **slot)
{
	uint64_t *table = pt_fast_level2(pt, iova);

	if (FMT_LEVELS_MIN == 1 && plat_unlikely(pt->levels == 1))
		table = pt->root;
	else if (plat_unlikely(!table) || !pt_fast_down(pt, &table, iova, 2))
		return false;
	*slot = &table[pt_index(pt, iova, 1)];
	return true;
}

/* Whether the page at @iova and @more bytes behind it are pages of one leaf table's span. */
static plat_always_inline bool pt_fast_one_table(const struct pgtbl *pt, uint64_t iova,
						 uint64_t more)
{
	uint64_t last_page = iova + more;

	return !((iova | last_page) & pt->iova_bad) &&
	       !(((iova ^ last_page) | more) >> pt_span_lg2(pt, 2));
}

/* Whether a leaf of several entries of level 1 could lie in a range: not for this tier. */
static plat_always_inline bool pt_may_group(const struct pgtbl *pt, uint64_t iova, uint64_t phys,
					    uint64_t size)
{
	return FMT_GROUPS && size > pt->group_mask && !((iova ^ phys) & pt->group_mask);
}

/* Whether @entry is a leaf of level 1 all on its own. */
static plat_always_inline bool pt_is_page(uint64_t entry)
{
	return (entry & FMT_INUSE) && !fmt_in_group(entry, 1);
}

/*
 * Fill @n entries that must be 0.  False: nothing is left of it.  @once: only
 * one walk over the entries, so something may have been there for a moment; the
 * slow tier, which is next, writes the same again, and notes it if it fails.
 */
static plat_always_inline bool pt_fast_fill(const struct pgtbl *pt, uint64_t *slot, unsigned n,
					    uint64_t entry, bool once, bool flush)
{
	uint64_t step = pt_step(pt, 1);
	unsigned done = n;

	if (!once) {
		if (plat_unlikely(!pt_all_free(slot, n)))
			return false;
		pt_fill_free(slot, n, entry, step);
	} else {
		done = pt_fill(slot, n, entry, step);
		if (plat_unlikely(done != n))
			for (unsigned i = 0; i < done; i++)
				pt_leaf_store(&slot[i], 0);
	}
	pt_fast_flush(pt, slot, done, flush && done);
	return done == n;
}

/*
 * What is beyond the first page of one or two, which the front tier takes: 0 or a
 * page.  Anything else for more.
 */
static plat_always_inline uint64_t pt_more(const struct pgtbl *pt, uint64_t size)
{
	return size - pt_page_bytes(pt);
}

/*
 * Whether the front tier leaves it: @more is neither, or @iova is bad.  The first page
 * of two is even: the second is in its table then.
 */
static plat_always_inline bool pt_more_is_bad(const struct pgtbl *pt, uint64_t iova, uint64_t more)
{
	return (more & ~(FMT_GROUPS ? 0 : pt_page_bytes(pt))) || (iova & more) ||
	       (iova & pt->iova_bad);
}

/* What one leaf of level 2 has beyond the first page, if there are such leaves. */
static plat_always_inline bool pt_is_large_size(const struct pgtbl *pt, uint64_t more)
{
	return FMT_LEAF_LEVEL > 1 && more == pt->large_more;
}

/* Whether @entry is a leaf of @level all on its own. */
static plat_always_inline bool pt_is_one_leaf(uint64_t entry, unsigned level)
{
	return fmt_is_leaf(entry, level) && !fmt_in_group(entry, level);
}

/*
 * The entries of one page or two, the second one's being the first one's again if there
 * is none: no branch for either.
 */
static plat_always_inline uint64_t *pt_second(const struct pgtbl *pt, uint64_t *slot,
					      uint64_t more)
{
	return slot + (more >> pt_span_lg2(pt, 1));
}

static plat_always_inline bool pt_two_or(const struct pgtbl *pt, uint64_t *slot, uint64_t more)
{
	return pt_raw(slot) | pt_raw(pt_second(pt, slot, more));
}

static plat_always_inline bool pt_two_are_pages(const struct pgtbl *pt, uint64_t *slot,
						uint64_t more)
{
	return pt_is_page(pt_word(pt_raw(slot))) &&
	       pt_is_page(pt_word(pt_raw(pt_second(pt, slot, more))));
}

static plat_always_inline void pt_two_store(const struct pgtbl *pt, uint64_t *slot, uint64_t more,
					    uint64_t entry, uint64_t step)
{
	pt_leaf_store(pt_second(pt, slot, more), entry + step);
	pt_leaf_store(slot, entry);
}

/*
 * 2 to 16 pages, @beyond the first 1 to 15, without a loop: from the front and from the back, and where the two overlap
 * an entry is read, or written the same, twice.  What every length needs comes first:
 * so compilers keep no more in registers than there are.
 */
static plat_always_inline bool pt_is_few(const struct pgtbl *pt, uint64_t more)
{
	return more >> pt_span_lg2(pt, 1) < PT_FEW;
}

/* Whether they are all of one leaf table.  They are too few to go round all addresses. */
static plat_always_inline bool pt_few_one_table(const struct pgtbl *pt, uint64_t iova,
						uint64_t more)
{
	uint64_t last_page = iova + more;

	return !(((iova | last_page) & pt->iova_bad) | ((iova ^ last_page) >> pt_span_lg2(pt, 2)));
}

/* Whether none of them is in use. */
static plat_always_inline bool pt_few_free(const uint64_t *slot, uint64_t beyond)
{
	const uint64_t *last = slot + beyond;
	uint64_t any = pt_raw(slot) | pt_raw(slot + 1) | pt_raw(last) | pt_raw(last - 1);

	if (beyond > 3) {
		any |= pt_raw(slot + 2) | pt_raw(slot + 3) | pt_raw(last - 2) | pt_raw(last - 3);
		if (beyond > 7)
			any |= pt_half_or(slot + 4) | pt_half_or(last - 7);
	}
	return !any;
}

/* Whether all are leaves; false also if it takes a look at each to know. */
static plat_always_inline bool pt_few_leaves(const uint64_t *slot, uint64_t beyond)
{
	const uint64_t *last = slot + beyond;
	uint64_t all = pt_raw(slot) & pt_raw(slot + 1) & pt_raw(last) & pt_raw(last - 1);

	if (beyond > 3) {
		all &= pt_raw(slot + 2) & pt_raw(slot + 3) & pt_raw(last - 2) & pt_raw(last - 3);
		if (beyond > 7)
			all &= pt_half_and(slot + 4) & pt_half_and(last - 7);
	}
	return pt_word(all) & FMT_INUSE;
}

/* @entry and @end: the first and the last one, @step between two. */
static plat_always_inline void pt_few_store(uint64_t *slot, uint64_t beyond, uint64_t entry,
					    uint64_t end, uint64_t step)
{
	uint64_t *last = slot + beyond;

	pt_leaf_store(slot, entry);
	pt_leaf_store(slot + 1, entry += step);
	pt_leaf_store(last, end);
	pt_leaf_store(last - 1, end -= step);
	if (beyond > 3) {
		pt_leaf_store(slot + 2, entry += step);
		pt_leaf_store(slot + 3, entry += step);
		pt_leaf_store(last - 2, end -= step);
		pt_leaf_store(last - 3, end -= step);
	}
	if (beyond > 7) {
		pt_leaf_store(slot + 4, entry += step);
		pt_leaf_store(slot + 5, entry += step);
		pt_leaf_store(slot + 6, entry += step);
		pt_leaf_store(slot + 7, entry + step);
		pt_leaf_store(last - 4, end -= step);
		pt_leaf_store(last - 5, end -= step);
		pt_leaf_store(last - 6, end -= step);
		pt_leaf_store(last - 7, end - step);
	}
}

/* Whether the first or the last of @n entries may be of a group that the range cuts. */
static plat_always_inline bool pt_may_cut(const uint64_t *slot, unsigned n)
{
	return FMT_GROUPS &&
	       (fmt_in_group(pt_leaf_load(slot), 1) || fmt_in_group(pt_leaf_load(&slot[n - 1]), 1));
}

/* What a front tier returns when its gather has no room beside the last range. */
static plat_noinline uint64_t pt_gather_join(struct pgtbl_gather *gather, uint64_t iova,
					     uint64_t last)
{
	pgtbl_gather_join(gather, iova, last);
	return last - iova + 1;
}

/* Note that @size bytes from @iova on are unmapped; @size. */
static plat_always_inline uint64_t pt_gather(struct pgtbl_gather *gather, uint64_t iova,
					     uint64_t size)
{
	uint64_t last = iova + (size - 1);

	return plat_likely(pgtbl_gather_try(gather, iova, last)) ?
		       size :
		       pt_gather_join(gather, iova, last);
}

/* So that the sum of the sizes does not wrap. */
#define PT_SG_MAX 512u

/* What pt_map_sg() has to know of its segments. */
struct pt_sg_sum {
	uint64_t total; /* sum of the sizes; sound while they are small */
	uint64_t sizes; /* OR of the sizes */
	uint64_t phys;	/* OR of the addresses; none is greater */
	bool pages;	/* each is one page */
	bool sound;	/* none is nothing or more than a table's span */
};

static plat_always_inline void pt_sg_add(struct pt_sg_sum *sum, const struct pgtbl_segment *seg)
{
	sum->phys |= seg->phys;
	sum->sizes |= seg->size;
	sum->total += seg->size;
}

static plat_always_inline struct pt_sg_sum pt_sg_sum(const struct pgtbl *pt,
						     const struct pgtbl_segment *seg, size_t nr_seg)
{
	struct pt_sg_sum sum = { .total = 0 };
	uint64_t ends = 0;
	size_t i = 0;

	for (; i + 4 <= nr_seg; i += 4) {
		pt_sg_add(&sum, &seg[i]);
		pt_sg_add(&sum, &seg[i + 1]);
		pt_sg_add(&sum, &seg[i + 2]);
		pt_sg_add(&sum, &seg[i + 3]);
	}
	for (; i < nr_seg; i++)
		pt_sg_add(&sum, &seg[i]);
	/* Then each has no other bit and together they have it nr_seg times. */
	sum.pages = sum.sizes == pt_page_bytes(pt) &&
		    sum.total == (uint64_t)nr_seg << pt_span_lg2(pt, 1);
	sum.sound = sum.pages;
	if (plat_likely(sum.sound))
		return sum;
	/* The top bit is set if one is 0. */
	for (i = 0; i < nr_seg; i++)
		ends |= seg[i].size - 1;
	sum.sound = ends < pt_span(pt, 2);
	return sum;
}

/*
 * Whether these are sound for one leaf table that they do not fill.  Strict at
 * the end of the output space: no segment reaches beyond phys + total.
 */
static plat_always_inline bool pt_sg_fits(const struct pgtbl *pt, uint64_t iova,
					  const struct pt_sg_sum *sum)
{
	return !(sum->phys & pt->phys_bad) && sum->sound && sum->total < pt_span(pt, 2) &&
	       sum->phys + (sum->total - 1) <= pt->phys_last &&
	       !(sum->sizes & (pt_page_bytes(pt) - 1)) &&
	       pt_fast_one_table(pt, iova, pt_more(pt, sum->total));
}

/* Whether any of them, or neighbours joined, could begin a leaf of several entries. */
static plat_always_inline bool pt_sg_may_group(const struct pgtbl *pt, uint64_t iova,
					       const struct pgtbl_segment *seg, size_t nr_seg)
{
	if (!FMT_GROUPS)
		return false;
	for (size_t i = 0; i < nr_seg; iova += seg[i++].size)
		if (!((iova ^ seg[i].phys) & pt->group_mask) &&
		    (seg[i].size > pt->group_mask ||
		     (i + 1 < nr_seg && seg[i].phys + seg[i].size == seg[i + 1].phys)))
			return true;
	return false;
}

/* Each is a page. */
static plat_always_inline void pt_sg_store_pages(uint64_t *slot, const struct pgtbl_segment *seg,
						 size_t nr_seg, uint64_t attr)
{
	size_t i = 0;

	for (; i + 4 <= nr_seg; i += 4) {
		pt_leaf_store(&slot[i], fmt_leaf(seg[i].phys, attr, 1));
		pt_leaf_store(&slot[i + 1], fmt_leaf(seg[i + 1].phys, attr, 1));
		pt_leaf_store(&slot[i + 2], fmt_leaf(seg[i + 2].phys, attr, 1));
		pt_leaf_store(&slot[i + 3], fmt_leaf(seg[i + 3].phys, attr, 1));
	}
	for (; i < nr_seg; i++)
		pt_leaf_store(&slot[i], fmt_leaf(seg[i].phys, attr, 1));
}

static plat_always_inline void pt_sg_store(const struct pgtbl *pt, uint64_t *slot,
					   const struct pgtbl_segment *seg, size_t nr_seg,
					   uint64_t attr)
{
	for (size_t i = 0; i < nr_seg; i++) {
		uint64_t entry = fmt_leaf(seg[i].phys, attr, 1);
		uint64_t end = entry + (seg[i].size >> FMT_ADDR_SHIFT);

		do
			pt_leaf_store(slot++, entry);
		while (plat_unlikely((entry += pt_step(pt, 1)) != end));
	}
}

#endif

/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * pgtbl_fast.h - part of pgtbl_template.h: the tiers in front.
 *
 * One page: no call, no stack frame; what it cannot do it leaves, by a tail
 * call with the same arguments, to the middle tier (one table, or one large
 * leaf), and that to the slow one (anything).  The lower tiers start from the
 * beginning, so an upper one must leave nothing behind.
 *
 * Compiled twice: @flush is a constant, false for tables with coherent walks.  With
 * true, a batch of entries is written back before its call's read section ends; what
 * lies above it has been, or the way down would not be live (pgtbl_walk.h).
 */
#ifndef PGTBL_FAST_H
#define PGTBL_FAST_H

/* Up to this many entries a plain loop is quicker than one that goes by lines. */
#define PT_FEW 16u

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

/* *@slot: the level-1 entry of @iova.  False if not all entries on the way are live. */
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

/* Whether [iova, iova + size) is pages of one leaf table's span; 0 is no size. */
static plat_always_inline bool pt_fast_one_table(const struct pgtbl *pt, uint64_t iova,
						 uint64_t size)
{
	return size - 1 < pt_span(pt, 2) && (size & (pt_page_bytes(pt) - 1)) == 0 &&
	       !(iova & pt->iova_bad) && (iova ^ (iova + size - 1)) < pt_span(pt, 2);
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
	unsigned i = 0, done;

	if (!once || n <= PT_FEW) {
		if (plat_unlikely(!pt_all_free(slot, n)))
			return false;
		for (; i + 8 <= n; i += 8, entry += 8 * step)
			pt_line_store(&slot[i], entry, step);
		for (; i < n; i++, entry += step)
			pt_leaf_store(&slot[i], entry);
		pt_fast_flush(pt, slot, n, flush);
		return true;
	}
	done = pt_fill(slot, n, entry, step);
	if (plat_unlikely(done != n))
		for (i = 0; i < done; i++)
			pt_leaf_store(&slot[i], 0);
	pt_fast_flush(pt, slot, done, flush && done);
	return done == n;
}

static plat_always_inline int pt_map_mid_with(struct pgtbl *pt, uint64_t iova, uint64_t phys,
					      uint64_t size, unsigned prot,
					      struct pgtbl_report *report, bool flush)
{
	uint64_t attr, *slot, *table;
	bool done = false;

	if (plat_unlikely(!pt_fast_one_table(pt, iova, size) || (phys & pt->phys_bad) ||
			  size - 1 > pt->phys_last - phys || prot >= PGTBL_PROT_COUNT))
		return pt_map_slow(pt, iova, phys, size, prot, report);
	attr = pt->attr[prot];
	if (plat_unlikely(!attr || !plat_read_trylock()))
		return pt_map_slow(pt, iova, phys, size, prot, report);
	if (FMT_LEAF_LEVEL > 1 && size == pt_span(pt, 2) && !(phys & (pt_span(pt, 2) - 1)) &&
	    (pt->page_sizes & pt_span(pt, 2))) {
		table = pt_fast_level2(pt, iova);
		slot = table ? &table[pt_index(pt, iova, 2)] : NULL;
		if (plat_likely(slot && !pt_leaf_load(slot))) {
			pt_leaf_store(slot, fmt_leaf(phys, attr, 2));
			pt_fast_flush(pt, slot, 1, flush);
			done = true;
		}
	} else {
		done = !pt_may_group(pt, iova, phys, size) && pt_fast_level1(pt, iova, &slot) &&
		       pt_fast_fill(pt, slot, (unsigned)(size >> pt_span_lg2(pt, 1)),
				    fmt_leaf(phys, attr, 1), report && report->gather, flush);
	}
	plat_read_unlock();
	if (plat_unlikely(!done))
		return pt_map_slow(pt, iova, phys, size, prot, report);
	return 0;
}

static plat_noinline int pt_map_mid(struct pgtbl *pt, uint64_t iova, uint64_t phys, uint64_t size,
				    unsigned prot, struct pgtbl_report *report)
{
	return pt_map_mid_with(pt, iova, phys, size, prot, report, false);
}

static plat_noinline int pt_map_mid_flush(struct pgtbl *pt, uint64_t iova, uint64_t phys,
					  uint64_t size, unsigned prot,
					  struct pgtbl_report *report)
{
	return pt_map_mid_with(pt, iova, phys, size, prot, report, true);
}

static plat_always_inline int pt_map_with(struct pgtbl *pt, uint64_t iova, uint64_t phys,
					  uint64_t size, unsigned prot,
					  struct pgtbl_report *report, bool flush)
{
	uint64_t attr, *slot;

	if (plat_unlikely(size != pt_page_bytes(pt)))
		return flush ? pt_map_mid_flush(pt, iova, phys, size, prot, report) :
			       pt_map_mid(pt, iova, phys, size, prot, report);
	if (plat_unlikely((iova & pt->iova_bad) | (phys & pt->phys_bad) |
			  (prot & ~(PGTBL_PROT_COUNT - 1))))
		return pt_map_slow(pt, iova, phys, size, prot, report);
	attr = pt->attr[prot];
	if (plat_unlikely(!attr || !plat_read_trylock()))
		return pt_map_slow(pt, iova, phys, size, prot, report);
	if (plat_unlikely(!pt_fast_level1(pt, iova, &slot) || pt_leaf_load(slot))) {
		plat_read_unlock();
		return pt_map_slow(pt, iova, phys, size, prot, report);
	}
	pt_leaf_store(slot, fmt_leaf(phys, attr, 1));
	pt_fast_flush(pt, slot, 1, flush);
	plat_read_unlock();
	return 0;
}

static int pt_map(struct pgtbl *pt, uint64_t iova, uint64_t phys, uint64_t size, unsigned prot,
		  struct pgtbl_report *report)
{
	return pt_map_with(pt, iova, phys, size, prot, report, false);
}

static int pt_map_flush(struct pgtbl *pt, uint64_t iova, uint64_t phys, uint64_t size,
			unsigned prot, struct pgtbl_report *report)
{
	return pt_map_with(pt, iova, phys, size, prot, report, true);
}

/* Clear @n leaves, how many until the first that is none. */
static plat_always_inline unsigned pt_fast_clear(uint64_t *slot, unsigned n)
{
	unsigned i;

	/* The ends of the range may cut groups; between them they are whole. */
	if (FMT_GROUPS &&
	    (fmt_in_group(pt_leaf_load(slot), 1) || fmt_in_group(pt_leaf_load(&slot[n - 1]), 1)))
		return 0;
	if (n > PT_FEW)
		return pt_clear(slot, n);
	for (i = 0; i < n; i++) {
		if (plat_unlikely(!(pt_leaf_load(&slot[i]) & FMT_INUSE)))
			break;
		pt_leaf_store(&slot[i], 0);
	}
	return i;
}

static plat_always_inline uint64_t pt_unmap_mid_with(struct pgtbl *pt, uint64_t iova, uint64_t size,
						     struct pgtbl_gather *gather,
						     struct pgtbl_report *report, bool flush)
{
	uint64_t entry, done = 0, *slot, *table;
	unsigned n;

	if (plat_unlikely(!pt_fast_one_table(pt, iova, size) || !plat_read_trylock()))
		return pt_unmap_slow(pt, iova, size, gather, report);
	table = pt_fast_level2(pt, iova);
	if (plat_unlikely(!table))
		goto out;
	slot = &table[pt_index(pt, iova, 2)];
	entry = pt_load(slot);
	if (pt_is_live(entry, 2) && !(pt->unlink && size == pt_span(pt, 2))) {
		slot = &pt_live_table(pt, entry, 2)[pt_index(pt, iova, 1)];
		n = pt_fast_clear(slot, (unsigned)(size >> pt_span_lg2(pt, 1)));
		pt_fast_flush(pt, slot, n, flush && n);
		done = (uint64_t)n << pt_span_lg2(pt, 1);
	} else if (FMT_LEAF_LEVEL > 1 && size == pt_span(pt, 2) && fmt_is_leaf(entry, 2) &&
		   !fmt_in_group(entry, 2)) {
		pt_leaf_store(slot, 0);
		pt_fast_flush(pt, slot, 1, flush);
		done = size;
	}
out:
	plat_read_unlock();
	if (done)
		pgtbl_gather_add(gather, iova, iova + done - 1);
	if (plat_unlikely(done != size))
		done += pt_unmap_slow(pt, iova + done, size - done, gather, report);
	return done;
}

static plat_noinline uint64_t pt_unmap_mid(struct pgtbl *pt, uint64_t iova, uint64_t size,
					   struct pgtbl_gather *gather, struct pgtbl_report *report)
{
	return pt_unmap_mid_with(pt, iova, size, gather, report, false);
}

static plat_noinline uint64_t pt_unmap_mid_flush(struct pgtbl *pt, uint64_t iova, uint64_t size,
						 struct pgtbl_gather *gather,
						 struct pgtbl_report *report)
{
	return pt_unmap_mid_with(pt, iova, size, gather, report, true);
}

static plat_always_inline uint64_t pt_unmap_with(struct pgtbl *pt, uint64_t iova, uint64_t size,
						 struct pgtbl_gather *gather,
						 struct pgtbl_report *report, bool flush)
{
	uint64_t *slot;

	if (plat_unlikely(size != pt_page_bytes(pt)))
		return flush ? pt_unmap_mid_flush(pt, iova, size, gather, report) :
			       pt_unmap_mid(pt, iova, size, gather, report);
	if (plat_unlikely((iova & pt->iova_bad) || !plat_read_trylock()))
		return pt_unmap_slow(pt, iova, size, gather, report);
	if (plat_unlikely(!pt_fast_level1(pt, iova, &slot) || !pt_is_page(pt_leaf_load(slot)))) {
		plat_read_unlock();
		return pt_unmap_slow(pt, iova, size, gather, report);
	}
	pt_leaf_store(slot, 0);
	pt_fast_flush(pt, slot, 1, flush);
	plat_read_unlock();
	if (plat_unlikely(!pgtbl_gather_try(gather, iova, iova + pt_page_bytes(pt) - 1)))
		pgtbl_gather_join(gather, iova, iova + pt_page_bytes(pt) - 1);
	return pt_page_bytes(pt);
}

static uint64_t pt_unmap(struct pgtbl *pt, uint64_t iova, uint64_t size,
			 struct pgtbl_gather *gather, struct pgtbl_report *report)
{
	return pt_unmap_with(pt, iova, size, gather, report, false);
}

static uint64_t pt_unmap_flush(struct pgtbl *pt, uint64_t iova, uint64_t size,
			       struct pgtbl_gather *gather, struct pgtbl_report *report)
{
	return pt_unmap_with(pt, iova, size, gather, report, true);
}

static int pt_translate(struct pgtbl *pt, uint64_t iova, uint64_t *phys)
{
	uint64_t entry, *slot;

	if (plat_unlikely((iova & pt->iova_bad & ~(pt_page_bytes(pt) - 1)) || !plat_read_trylock()))
		return pt_translate_slow(pt, iova, phys);
	entry = pt_fast_level1(pt, iova, &slot) ? pt_leaf_load(slot) : 0;
	plat_read_unlock();
	if (plat_unlikely(!pt_is_page(entry)))
		return pt_translate_slow(pt, iova, phys);
	*phys = (entry & FMT_ADDR) << FMT_ADDR_SHIFT | (iova & (pt_page_bytes(pt) - 1));
	return 0;
}

/* So that the sum of the sizes does not wrap. */
#define PT_SG_MAX 512u

/* What pt_map_sg() has to know of its segments. */
struct pt_sg_sum {
	uint64_t total; /* sum of the sizes; sound while they are small */
	uint64_t sizes; /* OR of the sizes */
	uint64_t ends;	/* OR of the sizes less one: the top bit if one is 0 */
	uint64_t phys;	/* OR of the addresses; none is greater */
};

static plat_always_inline struct pt_sg_sum pt_sg_sum(const struct pgtbl_segment *seg, size_t nr_seg)
{
	struct pt_sg_sum sum = { 0, 0, 0, 0 };

	for (size_t i = 0; i < nr_seg; i++) {
		sum.phys |= seg[i].phys;
		sum.sizes |= seg[i].size;
		sum.ends |= seg[i].size - 1;
		sum.total += seg[i].size;
	}
	return sum;
}

/*
 * Whether these are sound for one leaf table that they do not fill.  Strict at
 * the end of the output space: no segment reaches beyond phys + total.
 */
static plat_always_inline bool pt_sg_fits(const struct pgtbl *pt, uint64_t iova,
					  const struct pt_sg_sum *sum)
{
	return !(sum->phys & pt->phys_bad) && sum->ends < pt_span(pt, 2) &&
	       sum->total < pt_span(pt, 2) &&
	       sum->phys + (sum->total - 1) <= pt->phys_last &&
	       !(sum->sizes & (pt_page_bytes(pt) - 1)) && pt_fast_one_table(pt, iova, sum->total);
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

/* Segments that together stay inside one leaf table, without filling it. */
static plat_always_inline int pt_map_sg_with(struct pgtbl *pt, uint64_t iova,
					     const struct pgtbl_segment *seg, size_t nr_seg,
					     unsigned prot, struct pgtbl_report *report, bool flush)
{
	uint64_t attr, *slot;
	struct pt_sg_sum sum;

	if (plat_unlikely(nr_seg > PT_SG_MAX || prot >= PGTBL_PROT_COUNT))
		return pt_map_sg_slow(pt, iova, seg, nr_seg, prot, report);
	attr = pt->attr[prot];
	sum = pt_sg_sum(seg, nr_seg);
	if (plat_unlikely(!attr || !pt_sg_fits(pt, iova, &sum) ||
			  pt_sg_may_group(pt, iova, seg, nr_seg) || !plat_read_trylock()))
		return pt_map_sg_slow(pt, iova, seg, nr_seg, prot, report);
	if (plat_unlikely(!pt_fast_level1(pt, iova, &slot) ||
			  !pt_all_free(slot, (unsigned)(sum.total >> pt_span_lg2(pt, 1))))) {
		plat_read_unlock();
		return pt_map_sg_slow(pt, iova, seg, nr_seg, prot, report);
	}
	pt_sg_store(pt, slot, seg, nr_seg, attr);
	pt_fast_flush(pt, slot, (size_t)(sum.total >> pt_span_lg2(pt, 1)), flush);
	plat_read_unlock();
	return 0;
}

static int pt_map_sg(struct pgtbl *pt, uint64_t iova, const struct pgtbl_segment *seg,
		     size_t nr_seg, unsigned prot, struct pgtbl_report *report)
{
	return pt_map_sg_with(pt, iova, seg, nr_seg, prot, report, false);
}

static int pt_map_sg_flush(struct pgtbl *pt, uint64_t iova, const struct pgtbl_segment *seg,
			   size_t nr_seg, unsigned prot, struct pgtbl_report *report)
{
	return pt_map_sg_with(pt, iova, seg, nr_seg, prot, report, true);
}

#endif

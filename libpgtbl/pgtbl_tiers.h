/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * pgtbl_tiers.h - part of pgtbl_template.h: the tiers in front.
 *
 * One page or two: no call; what it cannot do it leaves, by a tail call with the
 * same arguments, to one for a few pages, that to a middle tier (one table, or one
 * large leaf), and that to the slow one (anything).  The lower tiers start from the
 * beginning, so an upper one must leave nothing behind.
 *
 * Included once for each kind of table, hence without a guard:
 *   PT_TIER(name)  the functions' names
 *   PT_KEPT        tables stay until the table is destroyed (PGTBL_KEEP_TABLES): there are
 *                  no read sections
 *   PT_FLUSH       walks are not coherent: a batch of entries is written back before
 *                  its call's read section ends; what lies above it has been, or the
 *                  way down would not be live (pgtbl_walk.h)
 */

/*
 * @more, here and in the slow tier: bytes beyond the first page, all that is left of the
 * size in the front tier.
 */

static plat_noinline int PT_TIER(pt_map_table)(struct pgtbl *pt, uint64_t iova, uint64_t phys,
					       uint64_t more, unsigned prot,
					       struct pgtbl_report *report)
{
	uint64_t size = more + pt_page_bytes(pt), attr, *slot;
	plat_section_t section;
	bool done;

	if (plat_unlikely(!pt_fast_one_table(pt, iova, more) ||
			  ((phys | (phys + more)) & pt->phys_bad) || prot >= PGTBL_PROT_COUNT))
		return pt_map_slow(pt, iova, phys, more, prot, report);
	attr = pt->attr[prot];
	if (plat_unlikely(!attr || pt_may_group(pt, iova, phys, size) ||
			  !pt_fast_enter(PT_KEPT, &section)))
		return pt_map_slow(pt, iova, phys, more, prot, report);
	done = pt_fast_level1(pt, iova, &slot) &&
	       pt_fast_fill(pt, slot, (unsigned)(size >> pt_span_lg2(pt, 1)),
			    fmt_leaf(phys, attr, 1), report && report->gather, PT_FLUSH);
	pt_fast_leave(PT_KEPT, section);
	if (plat_unlikely(!done))
		return pt_map_slow(pt, iova, phys, more, prot, report);
	return 0;
}

/*
 * As many bytes as one entry of level 2 serves: a leaf of it, if no address has a bit of
 * @more, which are those between the sizes of a page and of such a leaf.
 */
static plat_noinline int PT_TIER(pt_map_large)(struct pgtbl *pt, uint64_t iova, uint64_t phys,
					       uint64_t more, unsigned prot,
					       struct pgtbl_report *report)
{
	plat_section_t section;
	uint64_t *slot;

	if ((iova | phys) & more)
		return PT_TIER(pt_map_table)(pt, iova, phys, more, prot, report);
	if (plat_unlikely((iova & pt->iova_bad) || ((phys | (phys + more)) & pt->phys_bad) ||
			  prot >= PGTBL_PROT_COUNT || !pt->attr[prot] ||
			  !pt_fast_enter(PT_KEPT, &section)))
		return pt_map_slow(pt, iova, phys, more, prot, report);
	if (plat_unlikely(!pt_fast_entry2(pt, iova, &slot) || pt_raw(slot))) {
		pt_fast_leave(PT_KEPT, section);
		return pt_map_slow(pt, iova, phys, more, prot, report);
	}
	pt_leaf_store(slot, fmt_leaf(phys, pt->attr[prot], 2));
	pt_fast_flush(pt, slot, 1, PT_FLUSH);
	pt_fast_leave(PT_KEPT, section);
	return 0;
}

static plat_noinline int PT_TIER(pt_map_mid)(struct pgtbl *pt, uint64_t iova, uint64_t phys,
					     uint64_t more, unsigned prot,
					     struct pgtbl_report *report)
{
	if (pt_is_large_size(pt, more))
		return PT_TIER(pt_map_large)(pt, iova, phys, more, prot, report);
	return PT_TIER(pt_map_table)(pt, iova, phys, more, prot, report);
}

/* 2 to 16 pages of one table. */
static plat_noinline int PT_TIER(pt_map_few)(struct pgtbl *pt, uint64_t iova, uint64_t phys,
					     uint64_t more, unsigned prot,
					     struct pgtbl_report *report)
{
	uint64_t beyond = more >> pt_span_lg2(pt, 1), attr, entry, *slot;
	plat_section_t section;

	if (!pt_is_few(pt, more))
		return PT_TIER(pt_map_mid)(pt, iova, phys, more, prot, report);
	if (plat_unlikely(!pt_few_one_table(pt, iova, more) ||
			  ((phys | (phys + more)) & pt->phys_bad) || prot >= PGTBL_PROT_COUNT ||
			  pt_may_group(pt, iova, phys, more + pt_page_bytes(pt)) ||
			  !pt_fast_enter(PT_KEPT, &section)))
		return pt_map_slow(pt, iova, phys, more, prot, report);
	if (plat_unlikely(!pt_fast_level1(pt, iova, &slot) || !pt_few_free(slot, beyond)))
		goto slow;
	attr = pt->attr[prot];
	if (plat_unlikely(!attr))
		goto slow;
	entry = fmt_leaf(phys, attr, 1);
	pt_few_store(slot, beyond, entry, entry + (more >> FMT_ADDR_SHIFT), pt_step(pt, 1));
	pt_fast_flush(pt, slot, beyond + 1, PT_FLUSH);
	pt_fast_leave(PT_KEPT, section);
	return 0;
slow:
	pt_fast_leave(PT_KEPT, section);
	return pt_map_slow(pt, iova, phys, more, prot, report);
}

static int PT_TIER(pt_map)(struct pgtbl *pt, uint64_t iova, uint64_t phys, uint64_t size,
			   unsigned prot, struct pgtbl_report *report)
{
	uint64_t more = pt_more(pt, size), attr, *slot;
	plat_section_t section;

	if (plat_unlikely(pt_more_is_bad(pt, iova, more)))
		return PT_TIER(pt_map_few)(pt, iova, phys, more, prot, report);
	if (plat_unlikely(((phys | (phys + more)) & pt->phys_bad) || prot >= PGTBL_PROT_COUNT ||
			  !pt_fast_enter(PT_KEPT, &section)))
		return pt_map_slow(pt, iova, phys, more, prot, report);
	if (plat_unlikely(!pt_fast_level1(pt, iova, &slot) || pt_two_or(pt, slot, more)))
		goto slow;
	/* Only now: prot is what the slow tier wants to know. */
	attr = pt->attr[prot];
	if (plat_unlikely(!attr))
		goto slow;
	pt_two_store(pt, slot, more, fmt_leaf(phys, attr, 1), more >> FMT_ADDR_SHIFT);
	pt_fast_flush(pt, slot, 1 + (more != 0), PT_FLUSH);
	pt_fast_leave(PT_KEPT, section);
	return 0;
slow:
	pt_fast_leave(PT_KEPT, section);
	return pt_map_slow(pt, iova, phys, more, prot, report);
}

static plat_noinline uint64_t PT_TIER(pt_unmap_table)(struct pgtbl *pt, uint64_t iova,
						      uint64_t more, struct pgtbl_gather *gather,
						      struct pgtbl_report *report)
{
	uint64_t size = more + pt_page_bytes(pt), done = 0, *slot;
	plat_section_t section;
	unsigned n;

	if (plat_unlikely(!pt_fast_one_table(pt, iova, more) ||
			  (pt->unlink && size == pt_span(pt, 2)) ||
			  !pt_fast_enter(PT_KEPT, &section)))
		return pt_unmap_slow(pt, iova, more, gather, report);
	if (plat_likely(pt_fast_level1(pt, iova, &slot))) {
		n = (unsigned)(size >> pt_span_lg2(pt, 1));
		n = pt_may_cut(slot, n) ? 0 : pt_clear(slot, n);
		pt_fast_flush(pt, slot, n, PT_FLUSH && n);
		done = (uint64_t)n << pt_span_lg2(pt, 1);
	}
	pt_fast_leave(PT_KEPT, section);
	if (done)
		pgtbl_gather_add(gather, iova, iova + done - 1);
	if (plat_unlikely(done != size))
		done += pt_unmap_slow(pt, iova + done, more - done, gather, report);
	return done;
}

/* See pt_map_large(). */
static plat_noinline uint64_t PT_TIER(pt_unmap_large)(struct pgtbl *pt, uint64_t iova,
						      uint64_t more, struct pgtbl_gather *gather,
						      struct pgtbl_report *report)
{
	uint64_t *slot;
	plat_section_t section;

	if ((iova & more) || ((iova | (iova + more)) & pt->iova_bad) ||
	    !pt_fast_enter(PT_KEPT, &section))
		return PT_TIER(pt_unmap_table)(pt, iova, more, gather, report);
	if (!pt_fast_entry2(pt, iova, &slot) || !pt_is_one_leaf(pt_leaf_load(slot), 2)) {
		pt_fast_leave(PT_KEPT, section);
		return PT_TIER(pt_unmap_table)(pt, iova, more, gather, report);
	}
	pt_leaf_store(slot, 0);
	pt_fast_flush(pt, slot, 1, PT_FLUSH);
	pt_fast_leave(PT_KEPT, section);
	return pt_gather(gather, iova, more + pt_page_bytes(pt));
}

static plat_noinline uint64_t PT_TIER(pt_unmap_mid)(struct pgtbl *pt, uint64_t iova, uint64_t more,
						    struct pgtbl_gather *gather,
						    struct pgtbl_report *report)
{
	if (pt_is_large_size(pt, more))
		return PT_TIER(pt_unmap_large)(pt, iova, more, gather, report);
	return PT_TIER(pt_unmap_table)(pt, iova, more, gather, report);
}

static plat_noinline uint64_t PT_TIER(pt_unmap_few)(struct pgtbl *pt, uint64_t iova, uint64_t more,
						    struct pgtbl_gather *gather,
						    struct pgtbl_report *report)
{
	uint64_t beyond = more >> pt_span_lg2(pt, 1), *slot;
	plat_section_t section;

	if (!pt_is_few(pt, more))
		return PT_TIER(pt_unmap_mid)(pt, iova, more, gather, report);
	if (plat_unlikely(!pt_few_one_table(pt, iova, more) ||
			  (pt->unlink && beyond + 1 == pt_entries(pt, 1)) ||
			  !pt_fast_enter(PT_KEPT, &section)))
		return pt_unmap_slow(pt, iova, more, gather, report);
	if (plat_unlikely(!pt_fast_level1(pt, iova, &slot) ||
			  pt_may_cut(slot, beyond + 1) || !pt_few_leaves(slot, beyond))) {
		pt_fast_leave(PT_KEPT, section);
		return PT_TIER(pt_unmap_table)(pt, iova, more, gather, report);
	}
	pt_few_store(slot, beyond, 0, 0, 0);
	pt_fast_flush(pt, slot, beyond + 1, PT_FLUSH);
	pt_fast_leave(PT_KEPT, section);
	return pt_gather(gather, iova, more + pt_page_bytes(pt));
}

static uint64_t PT_TIER(pt_unmap)(struct pgtbl *pt, uint64_t iova, uint64_t size,
				  struct pgtbl_gather *gather, struct pgtbl_report *report)
{
	uint64_t more = pt_more(pt, size), *slot;
	plat_section_t section;

	if (plat_unlikely(pt_more_is_bad(pt, iova, more)))
		return PT_TIER(pt_unmap_few)(pt, iova, more, gather, report);
	if (plat_unlikely(!pt_fast_enter(PT_KEPT, &section)))
		return pt_unmap_slow(pt, iova, more, gather, report);
	if (plat_unlikely(!pt_fast_level1(pt, iova, &slot) || !pt_two_are_pages(pt, slot, more)))
		goto slow;
	pt_two_store(pt, slot, more, 0, 0);
	pt_fast_flush(pt, slot, 1 + (more != 0), PT_FLUSH);
	pt_fast_leave(PT_KEPT, section);
	return pt_gather(gather, iova, more + pt_page_bytes(pt));
slow:
	pt_fast_leave(PT_KEPT, section);
	return pt_unmap_slow(pt, iova, more, gather, report);
}

static int PT_TIER(pt_translate)(struct pgtbl *pt, uint64_t iova, uint64_t *phys)
{
	uint64_t entry, *slot;
	plat_section_t section;

	if (plat_unlikely((iova & pt->iova_bad) >> pt_span_lg2(pt, 1) ||
			  !pt_fast_enter(PT_KEPT, &section)))
		return pt_translate_slow(pt, iova, phys);
	entry = pt_fast_level1(pt, iova, &slot) ? pt_leaf_load(slot) : 0;
	pt_fast_leave(PT_KEPT, section);
	if (plat_unlikely(!pt_is_page(entry)))
		return pt_translate_slow(pt, iova, phys);
	*phys = (entry & FMT_ADDR) << FMT_ADDR_SHIFT | (iova & (pt_page_bytes(pt) - 1));
	return 0;
}

/* Segments that together stay inside one leaf table, without filling it. */
static int PT_TIER(pt_map_sg)(struct pgtbl *pt, uint64_t iova, const struct pgtbl_segment *seg,
			      size_t nr_seg, unsigned prot, struct pgtbl_report *report)
{
	uint64_t attr, *slot;
	plat_section_t section;
	struct pt_sg_sum sum;

	if (plat_unlikely(nr_seg > PT_SG_MAX || prot >= PGTBL_PROT_COUNT))
		return pt_map_sg_slow(pt, iova, seg, nr_seg, prot, report);
	attr = pt->attr[prot];
	sum = pt_sg_sum(pt, seg, nr_seg);
	if (plat_unlikely(!attr || !pt_sg_fits(pt, iova, &sum) ||
			  pt_sg_may_group(pt, iova, seg, nr_seg) ||
			  !pt_fast_enter(PT_KEPT, &section)))
		return pt_map_sg_slow(pt, iova, seg, nr_seg, prot, report);
	if (plat_unlikely(!pt_fast_level1(pt, iova, &slot) ||
			  !pt_all_free(slot, (unsigned)(sum.total >> pt_span_lg2(pt, 1))))) {
		pt_fast_leave(PT_KEPT, section);
		return pt_map_sg_slow(pt, iova, seg, nr_seg, prot, report);
	}
	if (plat_likely(sum.pages))
		pt_sg_store_pages(slot, seg, nr_seg, attr);
	else
		pt_sg_store(pt, slot, seg, nr_seg, attr);
	pt_fast_flush(pt, slot, (size_t)(sum.total >> pt_span_lg2(pt, 1)), PT_FLUSH);
	pt_fast_leave(PT_KEPT, section);
	return 0;
}

#undef PT_TIER
#undef PT_KEPT
#undef PT_FLUSH

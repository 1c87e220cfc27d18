/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* map.c - what drivers call: map, map_sg, unmap. */
#include "dmap_int.h"

/* What pgtbl_map() and pgtbl_unmap() call once they have seen that there is a table. */
static plat_always_inline const struct pgtbl_calls *calls(const struct dmap_space *space)
{
	return (const struct pgtbl_calls *)(const void *)space->pgtbl;
}

/*
 * Most devices need, and drivers with bugs assume, addresses below 4 GiB; so those
 * go first.  A device that can do more gets more only when there is no more room below.
 *
 * space->low_full spares those who can go above a search below that just failed: from
 * that size on.  It is a hint: whatever it says, a caller who is refused was refused by
 * a search of all that it may use.
 */

/* Why it was set is over, or worth another look. */
plat_noinline void dmap_low_heal(struct dmap_space *space)
{
	/* DMA-P1: a hint */
	plat_store_relaxed(&space->low_full, DMAP_LOW_NOT_FULL);
}

/* What came of a search for @size up to @first, for a caller who may use what lies below @limit. */
static void note_low(struct dmap_space *space, uint64_t size, uint64_t first, uint64_t limit,
		     uint64_t iova)
{
	uint64_t full = plat_load_relaxed(&space->low_full); /* DMA-P1: a hint */

	if (!iova_is_err(iova)) {
		if (size >= full)
			dmap_low_heal(space);
	} else if (iova == (uint64_t)-ENOSPC && limit > first && size < full) {
		plat_store_relaxed(&space->low_full, size); /* DMA-P1 */
	}
}

/* The first try, below 4 GiB where @limit is above. */
static uint64_t alloc_low(struct dmap_space *space, uint64_t size, uint64_t limit)
{
	uint64_t first = limit < space->first_limit ? limit : space->first_limit;
	uint64_t iova = iova_space_alloc(space->iova, size, first);

	note_low(space, size, first, limit, iova);
	return iova;
}

/* Anywhere up to @limit, if nothing came of the first try. */
static uint64_t alloc_above(struct dmap_space *space, uint64_t size, uint64_t limit, uint64_t iova)
{
	return iova_is_err(iova) && limit > space->first_limit ?
		       iova_space_alloc(space->iova, size, limit) :
		       iova;
}

static uint64_t alloc_once(struct dmap_space *space, uint64_t size, uint64_t limit)
{
	return alloc_above(space, size, limit, alloc_low(space, size, limit));
}

/* Whether a call that can do without goes straight above: all but every DMAP_LOW_RETRY-th. */
static bool skip_low(struct dmap_space *space, uint64_t limit)
{
	unsigned cpu = plat_cpu_raw();
	uint32_t *p = &space->ring[cpu < space->slots ? cpu : space->slots].low_skips, n;

	if (limit <= space->first_limit)
		return false;
	/* DMA-P1: a count; one may be lost when the thread is moved in between */
	n = plat_load_relaxed(p) + 1;
	plat_store_relaxed(p, n); /* DMA-P1 */
	return n % DMAP_LOW_RETRY;
}

static uint64_t alloc_last(struct dmap_space *space, uint64_t size, uint64_t limit, uint64_t iova)
{
	iova = alloc_above(space, size, limit, iova);
	if (space->lazy && dmap_no_room(iova))
		iova = dmap_lazy_reclaim(space, alloc_once, size, limit);
	return iova;
}

/*
 * No address lies ready on this CPU.  Those that a flush covers already cost less
 * than a search, and that less than one in vain.  Whose step was interrupted comes here
 * as well, and cannot be told from the others: what it frees someone had to free soon,
 * and what follows tries again.
 */
static plat_noinline uint64_t alloc_again(struct dmap_space *space, uint64_t size, uint64_t limit)
{
	uint64_t first = limit < space->first_limit ? limit : space->first_limit, iova;

	if (space->lazy && dmap_lazy_give_back(space)) {
		iova = iova_space_alloc_ready(space->iova, size, first);
		if (!iova_is_err(iova))
			return iova;
	}
	/* DMA-P1: a hint */
	if (size >= plat_load_relaxed(&space->low_full) && skip_low(space, limit))
		iova = (uint64_t)-ENOSPC;
	else
		iova = alloc_low(space, size, limit);
	return alloc_last(space, size, limit, iova);
}

static plat_always_inline uint64_t alloc_iova(struct dmap_space *space, uint64_t size,
					      uint64_t limit)
{
	uint64_t first = limit < space->first_limit ? limit : space->first_limit;
	uint64_t iova = iova_space_alloc_ready(space->iova, size, first);

	if (plat_unlikely(iova_is_err(iova)))
		return alloc_again(space, size, limit);
	return iova;
}

/* The entries of the range are clear: free it once that has reached the device. */
static plat_always_inline int release(struct dmap_space *space, uint64_t first, uint64_t size,
				      struct pgtbl_gather *gather)
{
	int r;

	if (space->lazy)
		return dmap_lazy_release(space, first, size, gather, IOVA_CPU_ANY);
	r = dmap_inval_gather(space, gather);
	if (plat_unlikely(r))
		dmap_quarantine(space, first, size, gather);
	else
		dmap_finish(space, first, size, gather);
	return r;
}

/*
 * Somebody wrote to the page table behind our back: whose the range is, is
 * unknown, so nobody gets it.  What we cleared there ourselves is in @gather.
 */
static plat_noinline int abandon(struct dmap_space *space, uint64_t first, uint64_t size,
				 struct pgtbl_gather *gather)
{
	int r = pgtbl_gather_empty(gather) ? 0 : dmap_inval_gather(space, gather);

	if (!r && gather->free_list)
		pgtbl_gather_release(space->pgtbl, gather);
	dmap_quarantine(space, first, size, gather);
	return r;
}

/*
 * Mapping failed with @err.  If @gather is empty nothing was ever there; otherwise
 * a device that reads where it should not may have made the IOMMU cache it.
 */
static plat_noinline uint64_t map_failed(struct dmap_space *space, uint64_t first, uint64_t size,
					 struct pgtbl_gather *gather, int err)
{
	if (err == -EEXIST)
		abandon(space, first, size, gather);
	else if (pgtbl_gather_empty(gather))
		dmap_finish(space, first, size, gather);
	else
		release(space, first, size, gather);
	return (uint64_t)(int64_t)err;
}

/* From some ten entries on, undoing the rare failure is cheaper than looking ahead. */
static plat_noinline uint64_t map_long(struct dmap_space *space, uint64_t iova, uint64_t phys,
				       uint64_t size, unsigned prot)
{
	struct pgtbl_gather gather plat_uninit;
	struct pgtbl_report report = { .gather = &gather };
	int r;

	pgtbl_gather_init(&gather);
	r = pgtbl_map_at(space->pgtbl, iova, phys, size, prot, &report);
	return plat_likely(!r) ? iova : map_failed(space, iova, size, &gather, r);
}

static plat_noinline uint64_t map_short_failed(struct dmap_space *space, uint64_t iova,
					       uint64_t size, int err)
{
	struct pgtbl_gather gather plat_uninit;

	pgtbl_gather_init(&gather);
	return map_failed(space, iova, size, &gather, err);
}

uint64_t dmap_map(struct dmap_space *space, uint64_t phys, uint64_t size, unsigned prot,
		  uint64_t limit)
{
	uint64_t last = phys + (size - 1);
	uint64_t mask, base, iova;
	int r;

	if (plat_unlikely(!space || last < phys))
		return (uint64_t)-EINVAL;
	mask = space->granule_mask;
	base = phys & ~mask;
	/* 0 for all 2^64 bytes, and for none at 0: refused by libiova */
	size = (last | mask) - base + 1;
	iova = alloc_iova(space, size, limit);
	if (plat_unlikely(iova_is_err(iova)))
		return iova;
	if (plat_unlikely(size > space->long_bytes)) {
		iova = map_long(space, iova, base, size, prot);
		return iova_is_err(iova) ? iova : iova + (phys & mask);
	}
	r = calls(space)->map(space->pgtbl, iova, base, size, prot, NULL);
	if (plat_unlikely(r))
		return map_short_failed(space, iova, size, r);
	return iova + (phys & mask);
}

/* Bytes from the first segment's granule to the end of the last one's; 0: not a range. */
static plat_noinline uint64_t sg_size_any(const struct pgtbl_segment *seg, size_t nr_seg,
					  uint64_t mask)
{
	uint64_t size = seg[0].phys & mask;

	for (size_t i = 0; i < nr_seg; i++) {
		uint64_t last = seg[i].phys + (seg[i].size - 1);

		if (!seg[i].size || last < seg[i].phys || size + seg[i].size < size)
			return 0;
		if ((i && (seg[i].phys & mask)) || (i + 1 < nr_seg && ((last + 1) & mask)))
			return 0;
		size += seg[i].size;
	}
	return (size - 1) > ~mask - 1 ? 0 : ((size - 1) | mask) + 1;
}

/* Fewer segments than 2^11, of less than 2^52 bytes below 2^52, do not wrap. */
#define SG_FEW (1u << 11)
#define SG_SMALL_LG2 52

/* The same, without a branch for each segment, for all lists that can be. */
static plat_always_inline uint64_t sg_size(const struct pgtbl_segment *seg, size_t nr_seg,
					   uint64_t mask)
{
	const struct pgtbl_segment *end = seg + nr_seg - 1;
	uint64_t size = seg->phys & mask;
	uint64_t high = 0; /* OR of addresses and of sizes less one: 0 is no size */
	uint64_t inner = 0; /* OR of where segments meet */

	if (plat_unlikely(nr_seg > SG_FEW))
		return sg_size_any(seg, nr_seg, mask);
	for (; seg < end; seg++) {
		high |= seg->phys | (seg->size - 1);
		inner |= (seg->phys + seg->size) | seg[1].phys;
		size += seg->size;
	}
	high |= seg->phys | (seg->size - 1);
	size += seg->size;
	if (plat_unlikely(high >> SG_SMALL_LG2 || (inner & mask)))
		return sg_size_any(seg - (nr_seg - 1), nr_seg, mask);
	return ((size - 1) | mask) + 1;
}

/*
 * At least two segments, the first or the last of them not aligned: those two are
 * mapped apart.  On error what was mapped is unmapped again, into @report's gather.
 */
static int map_ragged(struct dmap_space *space, uint64_t iova, const struct pgtbl_segment *seg,
		      size_t nr_seg, unsigned prot, struct pgtbl_report *report)
{
	const struct pgtbl_segment *end = &seg[nr_seg - 1];
	uint64_t mask = space->granule_mask;
	uint64_t offset = seg->phys & mask;
	uint64_t pos = iova;
	int r;

	r = pgtbl_map_at(space->pgtbl, iova, seg->phys - offset, offset + seg->size, prot,
			 report);
	if (r)
		return r;
	pos += offset + seg->size;
	if (nr_seg > 2)
		r = pgtbl_map_sg_at(space->pgtbl, pos, seg + 1, nr_seg - 2, prot, report);
	if (!r) {
		for (size_t i = 1; i + 1 < nr_seg; i++)
			pos += seg[i].size;
		r = pgtbl_map_at(space->pgtbl, pos, end->phys, (end->size + mask) & ~mask, prot,
				 report);
	}
	if (r)
		pgtbl_unmap(space->pgtbl, iova, pos - iova, report->gather);
	return r;
}

uint64_t dmap_map_sg(struct dmap_space *space, const struct pgtbl_segment *seg, size_t nr_seg,
		     unsigned prot, uint64_t limit)
{
	struct pgtbl_gather gather plat_uninit;
	struct pgtbl_report report = { .gather = &gather };
	uint64_t mask, size, iova, offset;
	int r;

	if (plat_unlikely(!space || !seg || !nr_seg))
		return (uint64_t)-EINVAL;
	if (nr_seg == 1)
		return dmap_map(space, seg->phys, seg->size, prot, limit);
	mask = space->granule_mask;
	size = sg_size(seg, nr_seg, mask);
	if (plat_unlikely(!size))
		return (uint64_t)-EINVAL;
	offset = seg->phys & mask;
	iova = alloc_iova(space, size, limit);
	if (plat_unlikely(iova_is_err(iova)))
		return iova;
	pgtbl_gather_init(&gather);
	if (plat_unlikely(offset || (seg[nr_seg - 1].size & mask)))
		r = map_ragged(space, iova, seg, nr_seg, prot, &report);
	else
		r = pgtbl_map_sg_at(space->pgtbl, iova, seg, nr_seg, prot,
				    size > space->long_bytes ? &report : NULL);
	if (plat_unlikely(r))
		return map_failed(space, iova, size, &gather, r);
	return iova + offset;
}

static plat_always_inline uint64_t clear(struct dmap_space *space, uint64_t iova, uint64_t size,
					 struct pgtbl_gather *gather)
{
	return calls(space)->unmap(space->pgtbl, iova, size, gather, NULL);
}

/* The range is allocated but its entries are not all there. */
static plat_noinline int unmap_odd(struct dmap_space *space, uint64_t first, uint64_t size,
				   uint64_t cleared, struct pgtbl_gather *gather)
{
	int r;

	/* Unmapped before, and waiting in a queue or in quarantine; or never mapped. */
	if (!cleared)
		return -ENOENT;
	r = abandon(space, first, size, gather);
	return r ? r : -ESTALE;
}

static plat_noinline int unmap_lazy(struct dmap_space *space, uint64_t iova, uint64_t size)
{
	struct pgtbl_gather gather plat_uninit;
	uint64_t cleared;
	unsigned home;
	int r = iova_space_check_home(space->iova, iova, size, &home);

	if (plat_unlikely(r))
		return r;
	pgtbl_gather_init(&gather);
	cleared = clear(space, iova, size, &gather);
	if (plat_unlikely(cleared != size))
		return unmap_odd(space, iova, size, cleared, &gather);
	return dmap_lazy_release(space, iova, size, &gather, home);
}

/* Strict: tables went with the entries, there are several ranges, or not all entries were there. */
static plat_noinline int unmap_rest(struct dmap_space *space, uint64_t iova, uint64_t size,
				    uint64_t cleared, struct pgtbl_gather *gather)
{
	if (cleared != size)
		return unmap_odd(space, iova, size, cleared, gather);
	return release(space, iova, size, gather);
}

static plat_noinline int unmap_strict(struct dmap_space *space, uint64_t iova, uint64_t size)
{
	struct iova_checked checked plat_uninit;
	struct pgtbl_gather gather plat_uninit;
	uint64_t cleared;
	int r = iova_space_check_free(space->iova, iova, size, &checked);

	if (plat_unlikely(r))
		return r;
	pgtbl_gather_init(&gather);
	cleared = clear(space, iova, size, &gather);
	/* An unlinked table is in the gather's list. */
	if (plat_unlikely(cleared != size || gather.nr_ranges != 1 || gather.free_list))
		return unmap_rest(space, iova, size, cleared, &gather);
	r = dmap_inval_leaves(space, iova, size);
	if (plat_unlikely(r)) {
		dmap_quarantine(space, iova, size, &gather);
		return r;
	}
	if (plat_unlikely(iova_space_free_checked(space->iova, iova, size, &checked)))
		dmap_bad_free(space);
	dmap_low_freed(space, iova, size);
	return 0;
}

int dmap_unmap(struct dmap_space *space, uint64_t iova, uint64_t size)
{
	uint64_t mask, last = iova + (size - 1);

	if (plat_unlikely(!space || last < iova))
		return -EINVAL;
	mask = space->granule_mask;
	iova &= ~mask;
	/* 0 for all 2^64 bytes, and for none at 0: refused by libiova */
	size = (last | mask) - iova + 1;
	return space->lazy ? unmap_lazy(space, iova, size) : unmap_strict(space, iova, size);
}

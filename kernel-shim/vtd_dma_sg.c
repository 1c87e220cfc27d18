// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * vtd_dma_sg.c - the DMA API: scatter lists.
 *
 * A list becomes one contiguous range: every entry takes whole pages of it, in
 * order.  Entries that touch at a page boundary are then told to the device as
 * one segment, as far as its limits allow.  The one exception is a list longer
 * than the device's segment boundary, where a natural alignment of the whole
 * does not keep its parts from crossing one: there every entry is a range.
 *
 * Unmapping need not know which of the two it was: libdma refuses, without
 * changing anything, a range that was not mapped as one.
 */
#include "ivtd.h"
#include "plat.h"

#include <linux/dma-map-ops.h>
#include <linux/scatterlist.h>
#include <linux/slab.h>

/* Longer lists take memory: 640 bytes of stack are enough. */
#define STACK_SEGMENTS 40

static inline u64 page_offset(u64 addr)
{
	return addr & ~PAGE_MASK;
}

/* sg_next() without a call, for entries that are not the last. */
static __always_inline struct scatterlist *next_entry(struct scatterlist *sg)
{
	sg++;
	return unlikely(sg_is_chain(sg)) ? sg_chain_ptr(sg) : sg;
}

/* Whole pages of each entry, neighbours joined: their number; *@bytes in all; 0: an empty entry. */
static unsigned int gather(struct scatterlist *sg, int nents, struct pgtbl_segment *seg, u64 *bytes)
{
	struct pgtbl_segment *at = seg;
	u64 end = 1, sum = 0; /* no entry begins in the middle of a page */

	for (;;) {
		u64 phys = sg_phys(sg);
		u64 offset = page_offset(phys);
		u64 size = PAGE_ALIGN(offset + sg->length);

		if (unlikely(!sg->length))
			return 0;
		phys -= offset;
		sum += size;
		if (phys == end) {
			at[-1].size += size;
		} else {
			at->phys = phys;
			at->size = size;
			at++;
		}
		end = phys + size;
		if (!--nents)
			break;
		sg = next_entry(sg);
	}
	*bytes = sum;
	return at - seg;
}

/* Tells the device's view of the range at @iova; returns the number of segments. */
static int describe(struct device *dev, struct scatterlist *sg, int nents, u64 iova)
{
	u64 max = dma_get_max_seg_size(dev), boundary = dma_get_seg_boundary(dev);
	u64 start = iova + page_offset(sg->offset), len = sg->length;
	struct scatterlist *in = sg, *out = sg;
	int left = nents, nr = 1;

	iova += PAGE_ALIGN(page_offset(sg->offset) + len);
	while (--left) {
		u64 offset, n;

		in = next_entry(in);
		offset = page_offset(in->offset);
		n = in->length;
		/* @iova is where this entry's pages begin. */
		if (!offset && start + len == iova && len + n <= max &&
		    (start & boundary) + len + n - 1 <= boundary) {
			len += n;
		} else {
			sg_dma_address(out) = start;
			sg_dma_len(out) = len;
			out = next_entry(out);
			start = iova + offset;
			len = n;
			nr++;
		}
		iova += PAGE_ALIGN(offset + n);
	}
	sg_dma_address(out) = start;
	sg_dma_len(out) = len;
	/* Unmapping ends at a length of 0. */
	if (nr < nents)
		sg_dma_len(next_entry(out)) = 0;
	return nr;
}

static int map_one_by_one(struct device *dev, struct scatterlist *sg, int nents,
			  enum dma_data_direction dir, u64 limit)
{
	struct scatterlist *s = sg;
	int i;

	for (i = 0; i < nents; i++, s = sg_next(s)) {
		sg_dma_address(s) = ivtd_map(dev, sg_phys(s), s->length, dir, 0, limit);
		if (sg_dma_address(s) == DMA_MAPPING_ERROR)
			break;
		sg_dma_len(s) = s->length;
	}
	if (i == nents)
		return nents;
	for (; i--; sg = sg_next(sg))
		ivtd_unmap(dev, sg_dma_address(sg), sg_dma_len(sg));
	return -ENOMEM;
}

static int map_as_one(struct device *dev, struct scatterlist *sg, int nents,
		      struct pgtbl_segment *seg, enum dma_data_direction dir)
{
	u64 limit = min_not_zero(dma_get_mask(dev), dev->bus_dma_limit);
	struct ivtd_device *vd = dev_iommu_priv_get(dev);
	u64 bytes, iova;
	unsigned int nr = gather(sg, nents, seg, &bytes);

	if (unlikely(!nr))
		return -EINVAL;
	if (unlikely(bytes - 1 > dma_get_seg_boundary(dev)))
		return map_one_by_one(dev, sg, nents, dir, limit);
	iova = ivtd_map_segments(vd, seg, nr, vd->prot[dir], limit, bytes);
	if (unlikely(iova_is_err(iova)))
		return iova_err(iova) == -EINVAL ? -EINVAL : -ENOMEM;
	return describe(dev, sg, nents, iova);
}

int ivtd_map_sg(struct device *dev, struct scatterlist *sg, int nents,
		enum dma_data_direction dir, unsigned long attrs)
{
	struct pgtbl_segment stack[STACK_SEGMENTS] plat_uninit, *seg;
	int ret;

	if (likely(nents <= STACK_SEGMENTS))
		return map_as_one(dev, sg, nents, stack, dir);
	seg = kmalloc_array(nents, sizeof(*seg), GFP_ATOMIC | __GFP_NOWARN);
	if (!seg)
		return -ENOMEM;
	ret = map_as_one(dev, sg, nents, seg, dir);
	kfree(seg);
	return ret;
}

static noinline void unmap_one_by_one(struct device *dev, struct scatterlist *sg, int nents)
{
	for (; nents-- && sg_dma_len(sg); sg = sg_next(sg))
		ivtd_unmap(dev, sg_dma_address(sg), sg_dma_len(sg));
}

void ivtd_unmap_sg(struct device *dev, struct scatterlist *sg, int nents,
		   enum dma_data_direction dir, unsigned long attrs)
{
	struct ivtd_device *vd = dev_iommu_priv_get(dev);
	u64 first = sg_dma_address(sg), end = first;
	struct scatterlist *s = sg;
	int i, ret = -EINVAL;

	for (i = 0; i < nents && sg_dma_len(s); i++, s = sg_next(s)) {
		if (i && (sg_dma_address(s) & PAGE_MASK) != PAGE_ALIGN(end))
			break;
		end = sg_dma_address(s) + sg_dma_len(s);
	}
	if (likely(i == nents || !sg_dma_len(s)))
		ret = dmap_unmap(vd->space, first, end - first);
	if (unlikely(ret == -EINVAL && nents > 1)) {
		unmap_one_by_one(dev, sg, nents);
		return;
	}
	if (unlikely(ret)) {
		ivtd_unmap_failed(dev, first, end - first, ret);
		return;
	}
	ivtd_count(vd->count, unmaps);
	/* relaxed: the timer comes once more after it has set it (vtd_space.c) */
	if (unlikely(READ_ONCE(vd->domain->quiet)))
		ivtd_space_wake(vd->domain);
}

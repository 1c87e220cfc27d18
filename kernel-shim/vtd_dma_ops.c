// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * vtd_dma_ops.c - the DMA API: pages and resources.
 *
 * This is the path that every I/O takes: from the device's private data to
 * libdma, without a lock, an allocation or a look-up.  x86 is coherent, so there
 * is nothing to synchronise; nothing is ever bounced (doc/kernel-module.md says
 * what that means for untrusted devices).
 */
#include "ivtd.h"

#include <linux/dma-map-ops.h>

/* Greatest address that the device, and the bus it is on, can emit. */
static __always_inline u64 device_limit(struct device *dev)
{
	return min_not_zero(dma_get_mask(dev), dev->bus_dma_limit);
}

static noinline dma_addr_t map_failed(struct ivtd_device *vd)
{
	if (vd->count)
		ivtd_count(vd->count, map_errors);
	return DMA_MAPPING_ERROR;
}

/* The unit is told of the mapping; if that fails there is none. */
static noinline int announce(struct ivtd_device *vd, u64 iova, u64 size)
{
	u64 first = iova & PAGE_MASK, last = (iova + size - 1) | ~PAGE_MASK;

	if (!ivtd_domain_map_flush(vd->domain, first, last))
		return 0;
	dev_err_ratelimited(&vd->pdev->dev,
			    "iova_vtd: a mapping was not announced to the hardware\n");
	dmap_unmap(vd->space, iova, size);
	return -EIO;
}

static __always_inline dma_addr_t map_phys(struct device *dev, phys_addr_t phys, size_t size,
					   enum dma_data_direction dir, unsigned int prot,
					   u64 limit)
{
	struct ivtd_device *vd = dev_iommu_priv_get(dev);
	u64 iova = dmap_map(vd->space, phys, size, vd->prot[dir] | prot, limit);

	if (unlikely(iova_is_err(iova)))
		return map_failed(vd);
	if (unlikely(vd->flush_maps) && announce(vd, iova, size))
		return map_failed(vd);
	ivtd_count(vd->count, maps);
	return iova;
}

dma_addr_t ivtd_map(struct device *dev, phys_addr_t phys, size_t size,
		    enum dma_data_direction dir, unsigned int prot, u64 limit)
{
	return map_phys(dev, phys, size, dir, prot, limit);
}

/* One range of @bytes for all of @seg: its address, or an error (iova_is_err()). */
u64 ivtd_map_segments(struct ivtd_device *vd, const struct pgtbl_segment *seg, unsigned int nr,
		      unsigned int prot, u64 limit, u64 bytes)
{
	u64 iova = dmap_map_sg(vd->space, seg, nr, prot, limit);

	if (likely(!iova_is_err(iova)) && unlikely(vd->flush_maps) && announce(vd, iova, bytes))
		iova = (u64)-EIO;
	if (unlikely(iova_is_err(iova)))
		map_failed(vd);
	else
		ivtd_count(vd->count, maps);
	return iova;
}

static const char *why(int err)
{
	switch (err) {
	case -EINVAL:
		return "no mapping of this address and size";
	case -ENOENT:
		return "not mapped, or unmapped already";
	case -ESTALE:
		return "part of it had been unmapped already";
	default:
		return "the hardware did not confirm: the address is lost";
	}
}

noinline void ivtd_unmap_failed(struct device *dev, dma_addr_t addr, size_t size, int err)
{
	struct ivtd_device *vd = dev_iommu_priv_get(dev);

	if (vd->count)
		ivtd_count(vd->count, unmap_errors);
	dev_err_ratelimited(dev, "iova_vtd: unmap of 0x%llx size 0x%zx: %s (%d)\n", addr, size,
			    why(err), err);
}

void ivtd_unmap(struct device *dev, dma_addr_t addr, size_t size)
{
	struct ivtd_device *vd = dev_iommu_priv_get(dev);
	int ret = dmap_unmap(vd->space, addr, size);

	if (unlikely(ret)) {
		ivtd_unmap_failed(dev, addr, size, ret);
		return;
	}
	ivtd_count(vd->count, unmaps);
	/* relaxed: the timer comes once more after it has set it (vtd_space.c) */
	if (unlikely(READ_ONCE(vd->domain->quiet)))
		ivtd_space_wake(vd->domain);
}

static dma_addr_t map_page(struct device *dev, struct page *page, unsigned long offset,
			   size_t size, enum dma_data_direction dir, unsigned long attrs)
{
	return map_phys(dev, page_to_phys(page) + offset, size, dir, 0, device_limit(dev));
}

static void unmap_page(struct device *dev, dma_addr_t addr, size_t size,
		       enum dma_data_direction dir, unsigned long attrs)
{
	ivtd_unmap(dev, addr, size);
}

static dma_addr_t map_resource(struct device *dev, phys_addr_t phys, size_t size,
			       enum dma_data_direction dir, unsigned long attrs)
{
	return ivtd_map(dev, phys, size, dir, PGTBL_MMIO, device_limit(dev));
}

/* Addresses begin at the second page; a device must be able to emit a few of them. */
static int dma_supported(struct device *dev, u64 mask)
{
	return mask >= DMA_BIT_MASK(PAGE_SHIFT + 4);
}

/* Addresses below 4 GiB come first, whatever memory lies behind them. */
static u64 get_required_mask(struct device *dev)
{
	return DMA_BIT_MASK(32);
}

/* Pieces of a scatter list that end and begin at a page are joined. */
static unsigned long get_merge_boundary(struct device *dev)
{
	return PAGE_SIZE - 1;
}

const struct dma_map_ops ivtd_dma_ops = {
	.alloc = ivtd_alloc,
	.free = ivtd_free,
	.alloc_pages = ivtd_alloc_pages,
	.free_pages = ivtd_free_pages,
	.mmap = ivtd_mmap,
	.get_sgtable = ivtd_get_sgtable,
	.map_page = map_page,
	.unmap_page = unmap_page,
	.map_sg = ivtd_map_sg,
	.unmap_sg = ivtd_unmap_sg,
	.map_resource = map_resource,
	.unmap_resource = unmap_page,
	.dma_supported = dma_supported,
	.get_required_mask = get_required_mask,
	.get_merge_boundary = get_merge_boundary,
};

// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * vtd_dma_alloc.c - the DMA API: buffers.
 *
 * A buffer is contiguous memory where there is some, in the direct map; else
 * single pages behind one range of addresses and one in vmalloc space.  Which
 * of the two it is, its kernel address tells.
 */
#include "ivtd.h"

#include <linux/dma-map-ops.h>
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/scatterlist.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

/* The mask of buffers, which is not that of streaming mappings. */
static u64 coherent_limit(struct device *dev)
{
	return min_not_zero(dev->coherent_dma_mask, dev->bus_dma_limit);
}

/* Exactly the pages of @size, contiguous and zeroed; free_pages_exact() takes them back. */
static struct page *contiguous_pages(struct device *dev, size_t size, gfp_t gfp)
{
	unsigned int order = get_order(size);
	unsigned long i, used = PAGE_ALIGN(size) >> PAGE_SHIFT;
	struct page *page;

	page = alloc_pages_node(dev_to_node(dev), (gfp & ~__GFP_COMP) | __GFP_ZERO, order);
	if (!page)
		return NULL;
	split_page(page, order);
	for (i = used; i < 1ul << order; i++)
		__free_page(page + i);
	return page;
}

struct page *ivtd_alloc_pages(struct device *dev, size_t size, dma_addr_t *handle,
			      enum dma_data_direction dir, gfp_t gfp)
{
	struct page *page = contiguous_pages(dev, size, gfp);

	if (!page)
		return NULL;
	*handle = ivtd_map(dev, page_to_phys(page), size, dir, 0, coherent_limit(dev));
	if (*handle != DMA_MAPPING_ERROR)
		return page;
	free_pages_exact(page_address(page), size);
	return NULL;
}

void ivtd_free_pages(struct device *dev, size_t size, struct page *page, dma_addr_t handle,
		     enum dma_data_direction dir)
{
	ivtd_unmap(dev, handle, size);
	free_pages_exact(page_address(page), size);
}

/* Single pages for vmap(), which owns the array and the pages from then on. */
static struct page **single_pages(struct device *dev, unsigned long nr, gfp_t gfp)
{
	struct page **page = kvcalloc(nr, sizeof(*page), GFP_KERNEL);
	unsigned long i;

	for (i = 0; page && i < nr; i++) {
		page[i] = alloc_pages_node(dev_to_node(dev), gfp | __GFP_ZERO, 0);
		if (page[i])
			continue;
		while (i--)
			__free_page(page[i]);
		kvfree(page);
		return NULL;
	}
	return page;
}

static u64 map_pages_as_one(struct device *dev, struct page **page, unsigned long nr)
{
	struct ivtd_device *vd = dev_iommu_priv_get(dev);
	struct pgtbl_segment *seg = kvmalloc_array(nr, sizeof(*seg), GFP_KERNEL);
	unsigned long i;
	u64 iova;

	if (!seg)
		return (u64)-ENOMEM;
	for (i = 0; i < nr; i++) {
		seg[i].phys = page_to_phys(page[i]);
		seg[i].size = PAGE_SIZE;
	}
	iova = ivtd_map_segments(vd, seg, nr, vd->prot[DMA_BIDIRECTIONAL], coherent_limit(dev),
				 (u64)nr << PAGE_SHIFT);
	kvfree(seg);
	return iova;
}

static void *scattered_alloc(struct device *dev, size_t size, dma_addr_t *handle, gfp_t gfp)
{
	unsigned long i, nr = PAGE_ALIGN(size) >> PAGE_SHIFT;
	struct page **page = single_pages(dev, nr, gfp);
	void *cpu_addr;
	u64 iova;

	if (!page)
		return NULL;
	cpu_addr = vmap(page, nr, VM_MAP | VM_MAP_PUT_PAGES, PAGE_KERNEL);
	if (!cpu_addr) {
		for (i = 0; i < nr; i++)
			__free_page(page[i]);
		kvfree(page);
		return NULL;
	}
	iova = map_pages_as_one(dev, page, nr);
	if (iova_is_err(iova)) {
		vfree(cpu_addr);
		return NULL;
	}
	*handle = iova;
	return cpu_addr;
}

void *ivtd_alloc(struct device *dev, size_t size, dma_addr_t *handle, gfp_t gfp,
		 unsigned long attrs)
{
	bool scatter = gfpflags_allow_blocking(gfp) && size > PAGE_SIZE &&
		       !(attrs & DMA_ATTR_FORCE_CONTIGUOUS);
	struct page *page;

	if (attrs & DMA_ATTR_NO_WARN)
		gfp |= __GFP_NOWARN;
	/* Large blocks are a luxury where single pages will do. */
	page = ivtd_alloc_pages(dev, size, handle, DMA_BIDIRECTIONAL,
				scatter ? gfp | __GFP_NORETRY | __GFP_NOWARN : gfp);
	if (page)
		return page_address(page);
	return scatter ? scattered_alloc(dev, size, handle, gfp) : NULL;
}

void ivtd_free(struct device *dev, size_t size, void *cpu_addr, dma_addr_t handle,
	       unsigned long attrs)
{
	if (!is_vmalloc_addr(cpu_addr)) {
		ivtd_free_pages(dev, size, virt_to_page(cpu_addr), handle, DMA_BIDIRECTIONAL);
		return;
	}
	ivtd_unmap(dev, handle, PAGE_ALIGN(size));
	vfree(cpu_addr);
}

static struct page *page_of(void *cpu_addr, unsigned long nr)
{
	cpu_addr += nr << PAGE_SHIFT;
	return is_vmalloc_addr(cpu_addr) ? vmalloc_to_page(cpu_addr) : virt_to_page(cpu_addr);
}

int ivtd_mmap(struct device *dev, struct vm_area_struct *vma, void *cpu_addr, dma_addr_t handle,
	      size_t size, unsigned long attrs)
{
	unsigned long nr = PAGE_ALIGN(size) >> PAGE_SHIFT, off = vma->vm_pgoff;
	unsigned long i, pages = vma_pages(vma);
	int ret = 0;

	if (off >= nr || pages > nr - off)
		return -ENXIO;
	if (!is_vmalloc_addr(cpu_addr))
		return remap_pfn_range(vma, vma->vm_start, page_to_pfn(page_of(cpu_addr, off)),
				       pages << PAGE_SHIFT, vma->vm_page_prot);
	for (i = 0; i < pages && !ret; i++)
		ret = vm_insert_page(vma, vma->vm_start + (i << PAGE_SHIFT),
				     page_of(cpu_addr, off + i));
	return ret;
}

int ivtd_get_sgtable(struct device *dev, struct sg_table *sgt, void *cpu_addr,
		     dma_addr_t handle, size_t size, unsigned long attrs)
{
	unsigned long i, nr = PAGE_ALIGN(size) >> PAGE_SHIFT;
	struct page **page;
	int ret;

	page = kvmalloc_array(nr, sizeof(*page), GFP_KERNEL);
	if (!page)
		return -ENOMEM;
	for (i = 0; i < nr; i++)
		page[i] = page_of(cpu_addr, i);
	ret = sg_alloc_table_from_pages(sgt, page, nr, 0, size, GFP_KERNEL);
	kvfree(page);
	return ret;
}

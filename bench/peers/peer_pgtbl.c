// SPDX-License-Identifier: GPL-2.0-only OR MIT
/* peer_pgtbl.c - set-up calls around Linux's io-pgtable-arm.c. */
#include "kcompat.h"

#include <linux/io-pgtable.h>

/* An invalidation costs nothing here: both sides are measured without one. */
static void flush_all(void *cookie)
{
	(void)cookie;
}

static void flush_walk(unsigned long iova, size_t size, size_t granule, void *cookie)
{
	(void)iova, (void)size, (void)granule, (void)cookie;
}

static void add_page(struct iommu_iotlb_gather *gather, unsigned long iova, size_t granule,
		     void *cookie)
{
	(void)gather, (void)iova, (void)granule, (void)cookie;
}

static const struct iommu_flush_ops flush_ops = {
	.tlb_flush_all = flush_all,
	.tlb_flush_walk = flush_walk,
	.tlb_add_page = add_page,
};

int peer_pgtbl_create(struct peer_pgtbl *pt)
{
	struct io_pgtable_cfg cfg = {
		.pgsize_bitmap = SZ_4K | SZ_2M | SZ_1G,
		.ias = 48,
		.oas = 48,
		.coherent_walk = true,
		.tlb = &flush_ops,
	};

	pt->ops = alloc_io_pgtable_ops(ARM_64_LPAE_S1, &cfg, NULL);
	if (!pt->ops)
		return -ENOMEM;
	pt->map_pages = pt->ops->map_pages;
	pt->unmap_pages = pt->ops->unmap_pages;
	pt->iova_to_phys = pt->ops->iova_to_phys;
	return 0;
}

void peer_pgtbl_destroy(struct peer_pgtbl *pt)
{
	free_io_pgtable_ops(pt->ops);
	pt->ops = NULL;
}

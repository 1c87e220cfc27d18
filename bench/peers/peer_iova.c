// SPDX-License-Identifier: GPL-2.0-only OR MIT
/* peer_iova.c - set-up calls around Linux's IOVA allocator. */
#include "kcompat.h"

#include <linux/iova.h>

struct iova_domain *peer_iova_create(unsigned long start_pfn)
{
	struct iova_domain *iovad = aligned_alloc(64, ALIGN(sizeof(*iovad), 64));

	if (!iovad)
		return NULL;
	memset(iovad, 0, sizeof(*iovad));
	if (iova_cache_get())
		goto err_free;
	init_iova_domain(iovad, PAGE_SIZE, start_pfn);
	if (iova_domain_init_rcaches(iovad))
		goto err_cache;
	return iovad;
err_cache:
	iova_cache_put();
err_free:
	free(iovad);
	return NULL;
}

void peer_iova_destroy(struct iova_domain *iovad)
{
	if (!iovad)
		return;
	put_iova_domain(iovad);
	iova_cache_put();
	free(iovad);
}

unsigned long peer_iova_alloc_tree(struct iova_domain *iovad, unsigned long size,
				   unsigned long limit_pfn)
{
	struct iova *iova = alloc_iova(iovad, size, limit_pfn, true);

	return iova ? iova->pfn_lo : 0;
}

int peer_iova_reserve(struct iova_domain *iovad, unsigned long first, unsigned long last)
{
	return reserve_iova(iovad, first, last) ? 0 : -ENOMEM;
}

// SPDX-License-Identifier: GPL-2.0-only OR MIT
/* pgtbl_peer.c - the page-table workloads on Linux's io-pgtable-arm. */
#include <stdlib.h>

#include "peers/peer.h"
#include "sides.h"

#define SIDE_TABLE pgtbl_peer
typedef struct peer_pgtbl side_pt;

static side_pt *side_create(void)
{
	side_pt *pt = malloc(sizeof(*pt));

	if (pt && peer_pgtbl_create(pt)) {
		free(pt);
		return NULL;
	}
	return pt;
}

/* The peer frees what is left without saying whether anything was. */
static bool side_destroy(side_pt *pt)
{
	peer_pgtbl_destroy(pt);
	free(pt);
	return !peer_warned;
}

static inline bool side_map(side_pt *pt, uint64_t iova, uint64_t phys, unsigned page_lg2,
			    size_t pages)
{
	return peer_pgtbl_map(pt, iova, phys, (size_t)1 << page_lg2, pages);
}

static inline bool side_unmap(side_pt *pt, uint64_t iova, unsigned page_lg2, size_t pages)
{
	struct iommu_iotlb_gather gather = { .start = ~0ul };

	return peer_pgtbl_unmap(pt, iova, (size_t)1 << page_lg2, pages, &gather);
}

/* One call per segment: what iommu_map_sg() does with segments that are not contiguous. */
static inline bool side_map_sg(side_pt *pt, uint64_t iova, const uint64_t *phys)
{
	int i;

	for (i = 0; i < 32; i++)
		if (!peer_pgtbl_map(pt, iova + ((uint64_t)i << 12), phys[i], 4096, 1))
			return false;
	return true;
}

static inline uint64_t side_translate(side_pt *pt, uint64_t iova)
{
	return pt->iova_to_phys(pt->ops, iova);
}

#include "wl_pgtbl.h"

/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* pgtbl_side.h - the calls of wl_pgtbl.h on libpgtbl, whatever the format. */
#include "pgtbl.h"

#define PROT (PGTBL_READ | PGTBL_WRITE | PGTBL_COHERENT)
typedef struct pgtbl side_pt;

static bool side_destroy(side_pt *pt)
{
	return !pgtbl_destroy(pt);
}

static inline bool side_map(side_pt *pt, uint64_t iova, uint64_t phys, unsigned page_lg2,
			    size_t pages)
{
	return !pgtbl_map(pt, iova, phys, (uint64_t)pages << page_lg2, PROT);
}

static inline bool side_unmap(side_pt *pt, uint64_t iova, unsigned page_lg2, size_t pages)
{
	uint64_t size = (uint64_t)pages << page_lg2;
	struct pgtbl_gather gather;

	pgtbl_gather_init(&gather);
	return pgtbl_unmap(pt, iova, size, &gather) == size;
}

static inline bool side_map_sg(side_pt *pt, uint64_t iova, const uint64_t *phys)
{
	struct pgtbl_segment seg[32];
	int i;

	for (i = 0; i < 32; i++)
		seg[i] = (struct pgtbl_segment){ phys[i], 4096 };
	return !pgtbl_map_sg(pt, iova, seg, 32, PROT);
}

static inline uint64_t side_translate(side_pt *pt, uint64_t iova)
{
	uint64_t phys;

	return pgtbl_translate(pt, iova, &phys) ? 0 : phys;
}

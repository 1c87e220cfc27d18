/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* The example of README.md; lint.py compares the two.  C and C++. */
#include <dmap.h>
#include <dmap_simq.h>
#include <stdio.h>
#include <string.h>

int main(void)
{
	struct iova_space_config space_cfg;
	struct pgtbl_config pgtbl_cfg;
	struct dmap_simq_config queue_cfg;
	struct dmap_config dmap_cfg;
	struct iova_space *space;
	struct pgtbl *table;
	struct dmap_simq *queue;
	struct dmap_space *dma;
	uint64_t iova, phys;
	int err;

	memset(&space_cfg, 0, sizeof(space_cfg));
	space_cfg.first = 0x1000; /* address 0 is never handed out */
	space_cfg.last = (1ull << 48) - 1;
	space_cfg.granule_lg2 = 12;
	memset(&pgtbl_cfg, 0, sizeof(pgtbl_cfg));
	pgtbl_cfg.ops = &pgtbl_vtdss_ops; /* VT-d second stage */
	pgtbl_cfg.levels = 4;
	pgtbl_cfg.oa_bits = 46;
	memset(&queue_cfg, 0, sizeof(queue_cfg));
	err = iova_space_create(&space, &space_cfg);
	if (!err)
		err = pgtbl_create(&table, &pgtbl_cfg);
	if (!err)
		err = dmap_simq_create(&queue, &queue_cfg); /* stands in for hardware */
	if (err)
		return 1;

	memset(&dmap_cfg, 0, sizeof(dmap_cfg));
	dmap_cfg.iova = space;
	dmap_cfg.pgtbl = table;
	dmap_cfg.inval = &dmap_simq_ops;
	dmap_cfg.inval_ctx = queue;
	dmap_cfg.mode = DMAP_STRICT;
	if (dmap_space_create(&dma, &dmap_cfg))
		return 1;

	iova = dmap_map(dma, 0x12345000, 8192, PGTBL_READ | PGTBL_WRITE, UINT32_MAX);
	if (iova_is_err(iova))
		return 1;
	err = pgtbl_translate(table, iova + 4096, &phys);
	printf("0x%llx -> 0x%llx\n", (unsigned long long)iova, (unsigned long long)phys);
	if (err || phys != 0x12346000)
		return 1;
	/* Returns when the device can no longer reach the memory. */
	if (dmap_unmap(dma, iova, 8192))
		return 1;

	if (dmap_space_destroy(dma))
		return 1; /* mappings left */
	dmap_simq_destroy(queue);
	if (pgtbl_destroy(table))
		return 1; /* bytes left */
	return iova_space_destroy(space) ? 1 : 0; /* ranges left */
}

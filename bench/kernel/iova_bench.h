/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * iova_bench.h - what the files of iova_bench.ko share.
 *
 * main.c   finds the device, runs checks and cases, prints
 * cases.c  the measured loops
 * check.c  proof that the device is really translated, and that mappings are right
 */
#ifndef IOVA_BENCH_H
#define IOVA_BENCH_H

#include <linux/dma-mapping.h>
#include <linux/iommu.h>
#include <linux/pci.h>
#include <linux/scatterlist.h>

#include "measure.h"

#define BENCH_SG_PAGES 32
#define BENCH_LIVE 4096
#define BENCH_SAMPLES 16384
#define BENCH_BUF_ORDER 8 /* 1 MiB, physically contiguous */
#define BENCH_BUF_BYTES (PAGE_SIZE << BENCH_BUF_ORDER)

/**
 * struct bench - the one device and its memory
 * @buf: BENCH_BUF_BYTES that everything maps.
 * @scattered: BENCH_SG_PAGES pages of @buf, no two of them neighbours.
 * @contig: as many pages of @buf, one after the other.
 * @live: what the mixed case has mapped.
 * @samples: counts of the last case, BENCH_SAMPLES at most.
 */
struct bench {
	struct pci_dev *pdev;
	struct device *dev;
	struct iommu_domain *domain;
	struct page *buf;
	struct scatterlist scattered[BENCH_SG_PAGES];
	struct scatterlist contig[BENCH_SG_PAGES];
	struct bench_live {
		dma_addr_t addr;
		u32 bytes;
	} *live;
	struct measure_samples samples;
};

/* All return 0 or a negative errno, and say what is wrong. */
int bench_check_domain(struct bench *b);
int bench_check_maps(struct bench *b);
int bench_check_live(struct bench *b);
int bench_check_device(struct bench *b, bool strict);

int bench_run(struct bench *b, unsigned int round);

#endif

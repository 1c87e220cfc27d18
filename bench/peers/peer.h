/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * peer.h - Linux's IOVA allocator and its fastest page-table code, callable
 * from a program that includes no kernel header.
 *
 * The first block declares functions of drivers/iommu/iova.c themselves, so that
 * a measured call is a direct call.  Addresses and sizes are in 4 KiB pages.
 * The rest is setup, and pointers to the operations of io-pgtable-arm.c, which
 * the kernel also reaches through pointers.
 *
 * Linked statically from the archive that build.sh makes.
 */
#ifndef PEER_H
#define PEER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "plat_mem.h"

/* The CPUs that peer_set_cpu() may name. */
#define PEER_MAX_CPUS 64
/* Set once the peer's code has met a condition that it warns about. */
extern bool peer_warned;

struct iova_domain;
struct io_pgtable_ops;

/* 0 when nothing was found; @limit_pfn is the greatest last page. */
unsigned long alloc_iova_fast(struct iova_domain *iovad, unsigned long size,
			      unsigned long limit_pfn, bool flush_rcache);
void free_iova_fast(struct iova_domain *iovad, unsigned long pfn, unsigned long size);
/* Straight to the tree, past the per-CPU caches. */
void free_iova(struct iova_domain *iovad, unsigned long pfn);

/* A 4 KiB-granule domain with its caches, or NULL. */
struct iova_domain *peer_iova_create(unsigned long start_pfn);
/* Gives everything back, also what is still allocated. */
void peer_iova_destroy(struct iova_domain *iovad);
/* alloc_iova(): past the caches, naturally aligned; 0 when nothing was found. */
unsigned long peer_iova_alloc_tree(struct iova_domain *iovad, unsigned long size,
				   unsigned long limit_pfn);
/* reserve_iova() of first..last, inclusive: 0 or -ENOMEM. */
int peer_iova_reserve(struct iova_domain *iovad, unsigned long first, unsigned long last);

/* The calling thread acts as this CPU from now on (below the CPU count). */
void peer_set_cpu(unsigned int cpu);
/* CPUs there are; before the first domain is made.  2 by default. 0 or -EINVAL. */
int peer_set_cpu_count(unsigned int count);

/* Where page-table pages come from: give it what the other side uses. */
void peer_set_pages(struct plat_mem pages);

/* What an unmap hands back; the kernel's structure has more that nothing here reads. */
struct iommu_iotlb_gather {
	unsigned long start;
	unsigned long end;
	size_t pgsize;
	bool queued; /* lazy mode: no per-page call-back */
};

/* READ | WRITE | CACHE, what a coherent device's DMA mapping asks for */
#define PEER_PGTBL_PROT 7
#define PEER_PGTBL_GFP 2u /* GFP_ATOMIC */

struct peer_pgtbl {
	struct io_pgtable_ops *ops;
	/* 0 or -errno; *mapped bytes were entered, at most to the end of one table */
	int (*map_pages)(struct io_pgtable_ops *ops, unsigned long iova, uint64_t paddr,
			 size_t pgsize, size_t pgcount, int prot, unsigned int gfp,
			 size_t *mapped);
	/* bytes cleared, at most to the end of one table; 0 on a hole */
	size_t (*unmap_pages)(struct io_pgtable_ops *ops, unsigned long iova, size_t pgsize,
			      size_t pgcount, struct iommu_iotlb_gather *gather);
	uint64_t (*iova_to_phys)(struct io_pgtable_ops *ops, unsigned long iova);
};

/* 48-bit stage 1, 4K/2M/1G pages, coherent walks, empty flush call-backs: 0 or -ENOMEM. */
int peer_pgtbl_create(struct peer_pgtbl *pt);
/* Gives every table page back. */
void peer_pgtbl_destroy(struct peer_pgtbl *pt);

/* The loop that iommu_map() runs around map_pages(): true when all was mapped. */
static inline bool peer_pgtbl_map(const struct peer_pgtbl *pt, unsigned long iova, uint64_t paddr,
				  size_t pgsize, size_t pgcount)
{
	while (pgcount) {
		size_t mapped = 0;

		if (pt->map_pages(pt->ops, iova, paddr, pgsize, pgcount, PEER_PGTBL_PROT,
				  PEER_PGTBL_GFP, &mapped) ||
		    !mapped)
			return false;
		iova += mapped;
		paddr += mapped;
		pgcount -= mapped / pgsize;
	}
	return true;
}

/* The loop that iommu_unmap() runs around unmap_pages(): true when all was mapped. */
static inline bool peer_pgtbl_unmap(const struct peer_pgtbl *pt, unsigned long iova,
				    size_t pgsize, size_t pgcount,
				    struct iommu_iotlb_gather *gather)
{
	while (pgcount) {
		size_t cleared = pt->unmap_pages(pt->ops, iova, pgsize, pgcount, gather);

		if (!cleared)
			return false;
		iova += cleared;
		pgcount -= cleared / pgsize;
	}
	return true;
}

#endif

/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* pgtbl.h - draft contract, being written */
#ifndef PGTBL_H
#define PGTBL_H
#include "plat_mem.h"
#include "plat_types.h"
#ifdef __cplusplus
extern "C" {
#endif

struct pgtbl;
struct pgtbl_ops; /* one per format */
extern const struct pgtbl_ops pgtbl_vtdss_ops;	/* VT-d second stage, 3/4/5 levels */
extern const struct pgtbl_ops pgtbl_x86_64_ops; /* x86-64 = VT-d first stage, 4/5 levels */

enum pgtbl_prot {
	PGTBL_READ = 1,
	PGTBL_WRITE = 2,
	PGTBL_COHERENT = 4, /* snoop CPU caches */
	PGTBL_NOEXEC = 8,
	PGTBL_MMIO = 16,
	PGTBL_PRIV = 32,
};

struct pgtbl_config {
	const struct pgtbl_ops *ops;
	unsigned levels;
	unsigned oa_bits;    /* physical address width */
	uint64_t page_sizes; /* bit n: pages of 2^n bytes; 0: all the format has */
	struct plat_mem pages; /* page-table pages: 4 KiB, aligned, zeroed */
	struct plat_mem meta;  /* struct pgtbl itself and other bookkeeping */
	uint64_t phys_offset;  /* physical address = virtual address + phys_offset */
	void (*flush)(void *ctx, const void *first, size_t bytes); /* NULL: coherent walks */
	void *flush_ctx;
};

#define PGTBL_GATHER_RANGES 8
struct pgtbl_range {
	uint64_t first;
	uint64_t last;
};
/* What changed: to be invalidated before tables and addresses may be reused. */
struct pgtbl_gather {
	unsigned nr_ranges; /* sorted/merged as they come; overflow widens the nearest */
	bool tables;	    /* a table was unlinked: paging-structure caches must go too (IH = 0) */
	struct pgtbl_range range[PGTBL_GATHER_RANGES];
	void *free_list; /* unlinked table pages, private */
	uint64_t free_pages;
};
void pgtbl_gather_init(struct pgtbl_gather *gather);
static inline bool pgtbl_gather_empty(const struct pgtbl_gather *gather)
{
	return !gather->nr_ranges && !gather->free_list;
}
/* After the invalidation has completed: gives the unlinked tables back (after a grace period). */
void pgtbl_gather_release(struct pgtbl *pt, struct pgtbl_gather *gather);
/* Append src to dst and empty src. */
void pgtbl_gather_merge(struct pgtbl_gather *dst, struct pgtbl_gather *src);

int pgtbl_create(struct pgtbl **pt, const struct pgtbl_config *config);
/* Returns the bytes still mapped (0: clean); frees everything. */
uint64_t pgtbl_destroy(struct pgtbl *pt);
uint64_t pgtbl_root_phys(const struct pgtbl *pt);

struct pgtbl_segment {
	uint64_t phys;
	uint64_t size;
};
/* 0, -EINVAL, -ENOMEM, -EEXIST; nothing changed on error, *fault_iova says where (may be NULL). */
int pgtbl_map(struct pgtbl *pt, uint64_t iova, uint64_t phys, uint64_t size, unsigned prot);
int pgtbl_map_sg(struct pgtbl *pt, uint64_t iova, const struct pgtbl_segment *seg, size_t nr_seg,
		 unsigned prot);
/* Bytes unmapped; smaller than size when there were holes (all else in the range is unmapped). */
uint64_t pgtbl_unmap(struct pgtbl *pt, uint64_t iova, uint64_t size, struct pgtbl_gather *gather);
/* 0 and *phys, or -ENOENT / -EINVAL */
int pgtbl_translate(struct pgtbl *pt, uint64_t iova, uint64_t *phys);

struct pgtbl_leaf {
	uint64_t iova;
	uint64_t phys;
	uint64_t size;
	unsigned prot;
};
int pgtbl_visit(struct pgtbl *pt, uint64_t first, uint64_t last,
		int (*fn)(void *ctx, const struct pgtbl_leaf *leaf), void *ctx);

struct pgtbl_stats {
	uint64_t table_pages;
	uint64_t table_pages_peak;
};
void pgtbl_stats(const struct pgtbl *pt, struct pgtbl_stats *stats);

#ifdef __cplusplus
}
#endif
#endif

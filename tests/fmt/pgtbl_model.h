/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * pgtbl_model.h - the flat reference model: a sorted list of leaves and a
 * sorted list of the tables that must exist.  It says what every call must
 * return and leave behind, to the last table page.
 */
#ifndef PGTBL_MODEL_H
#define PGTBL_MODEL_H

#include <stddef.h>
#include <stdint.h>

#include "pgtbl.h"

/* Bytes that an entry of @level covers. */
static inline uint64_t model_span(unsigned page_lg2, unsigned index_lg2, unsigned level)
{
	unsigned lg2 = page_lg2 + index_lg2 * (level - 1);

	return 1ull << (lg2 < 64 ? lg2 : 63);
}

#define MODEL_NO_LIMIT (~0ull)

struct model_leaf {
	uint64_t iova;
	uint64_t phys;
	uint64_t size;
	unsigned prot; /* as mapped */
	bool accessed;
	bool dirty;
	bool guarded; /* write-protected, to see the next write */
};

struct model {
	unsigned levels;     /* where hardware begins */
	unsigned levels_max; /* software has tables up to here */
	unsigned start;	     /* levels at the beginning; 0: it does not grow */
	uint64_t reach[8];   /* by levels: the last address */
	int refuse;	     /* what hardware answers to growing */
	unsigned page_lg2;
	unsigned index_lg2;
	uint64_t iova_last;
	uint64_t phys_last;
	uint64_t page_sizes; /* all that may be used */
	bool unlink;
	bool keep;	  /* PGTBL_KEEP_TABLES */
	bool hw_ad;	  /* PGTBL_AD */
	unsigned guard;	  /* permissions that a leaf needs to be write-protected; 0: none can be */
	unsigned partial; /* PGTBL_SPLIT, PGTBL_WIDEN or 0 */
	uint64_t budget;  /* table pages that a change may still take; MODEL_NO_LIMIT */
	size_t unlinked;  /* tables, by the last unmap */
	struct model_reservation {
		uint64_t iova, size, page_bytes;
	} reservation[8];
	unsigned reservations;

	struct model_leaf *leaf;
	size_t leaves, leaves_room;
	uint64_t *table; /* level << 58 | first address >> 12, without the root */
	size_t tables, tables_room;
	struct model_leaf *cleared; /* by the last unmap or undo */
	size_t nr_cleared, cleared_room;
	struct model_leaf *fresh; /* by the last map */
	size_t nr_fresh, fresh_room;
};

void model_fini(struct model *m);

/* Before [iova, last] is mapped: 0, or m->refuse and where. */
int model_reach(struct model *m, uint64_t iova, uint64_t last, uint64_t *fault);
int model_reach_map(struct model *m, uint64_t iova, const struct pgtbl_segment *seg, size_t nr_seg);
/* @prot as a leaf shows it.  @once: as with a gather. */
int model_map_sg(struct model *m, uint64_t iova, const struct pgtbl_segment *seg, size_t nr_seg,
		 unsigned prot, bool once, uint64_t *fault);
uint64_t model_unmap(struct model *m, uint64_t iova, uint64_t size, uint64_t *fault, int *error);
int64_t model_reclaim(struct model *m, uint64_t first, uint64_t last);

/* pgtbl_model_change.c: as the calls of pgtbl_change.h. */
int model_replace(struct model *m, uint64_t iova, uint64_t phys, uint64_t size, unsigned prot,
		  uint64_t *fault);
int model_demote(struct model *m, uint64_t iova, uint64_t size, uint64_t page_bytes,
		 uint64_t *fault);
/* *@pages: tables taken, with those that list them. */
int64_t model_promote(struct model *m, uint64_t first, uint64_t last, uint64_t *pages);
int model_reserve(struct model *m, uint64_t iova, uint64_t size, uint64_t page_bytes,
		  uint64_t *fault);
void model_unreserve(struct model *m, unsigned i);

/* pgtbl_model_dirty.c: as the calls of pgtbl_dirty.h. */
enum model_track { MODEL_DIRTY, MODEL_ACCESSED, MODEL_LOOK_DIRTY, MODEL_LOOK_ACCESSED, MODEL_STOP };
/* @bits: NULL, or a bit for each 2^@page_lg2 bytes from @base on. */
int model_track(struct model *m, uint64_t iova, uint64_t size, enum model_track op, uint64_t base,
		unsigned page_lg2, uint64_t *bits);
int model_fault(struct model *m, uint64_t iova);
/* A device reads or writes: 0, -EACCES, or -ENOENT. */
int model_dma(struct model *m, uint64_t iova, bool write);
/* What pgtbl_visit() says of a leaf, and what hardware finds. */
bool model_leaf_dirty(const struct model *m, const struct model_leaf *leaf);

const struct model_leaf *model_find(const struct model *m, uint64_t iova);

#endif

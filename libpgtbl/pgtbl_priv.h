/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* pgtbl_priv.h - struct pgtbl, and what the parts of libpgtbl share. */
#ifndef PGTBL_PRIV_H
#define PGTBL_PRIV_H

#include "plat.h"
#include "plat_rcu.h"

#include "pgtbl.h"
#include "pgtbl_change.h"
#include "pgtbl_dirty.h"
#include "pgtbl_grow.h"

#define PGTBL_PROT_COUNT 64u /* combinations of enum pgtbl_prot */
#define PGTBL_MAX_LEVELS 6u
#define PGTBL_LOW_TABLES 4u /* level-2 tables that are pinned: the first 4 GiB of 4K pages */

/**
 * struct pgtbl_shape - the geometry of a table
 * @page_lg2:   lg2 of the smallest leaf
 * @index_lg2:  lg2 of the entries of a table
 * @root_lg2:   lg2 of the entries of the root
 * @iova_bits:  width of input addresses
 * @iova_bits_min: what config.iova_bits may not be below
 * @oa_bits_max: the same for output addresses
 * @page_sizes: as in struct pgtbl_config, all that there are
 */
struct pgtbl_shape {
	unsigned page_lg2;
	unsigned index_lg2;
	unsigned root_lg2;
	unsigned iova_bits;
	unsigned iova_bits_min;
	unsigned oa_bits_max;
	uint64_t page_sizes;
};

/**
 * struct pgtbl
 * @calls:       first, see struct pgtbl_calls
 * @iova_bad:    bits that must be 0 in the address of a page
 * @phys_bad:    the same for output addresses
 * @to_virt:     the address of a table is that in its live entry + @to_virt
 * @root:        table of level @levels; software's walks begin there
 * @low:         the first level-2 tables (of the first four GiB, with 4K pages
 *               and tables) once they exist.  Neither they nor the tables above
 *               them are ever unlinked, so a call can start its walk here.
 * @span_lg2:    by level: lg2 of the bytes that an entry covers
 * @index_mask:  by level: entries of a table, less one
 * @group_mask:  bytes of the smallest group of level 1, less one; ~0: none
 * @large_more:  bytes of a leaf of level 2 beyond its first page; 1, which no size of pages
 *               has, if there are no such leaves
 * @attr:        entry bits for each prot; 0: the format cannot express it
 * @partial:     what unmap does with a leaf larger than its part of the range
 * @hw_ad:       hardware keeps accessed and dirty bits
 * @left:        by level from @start_levels on: the table that serves address 0
 * @reach:       by level from @start_levels on: the last address that hardware translates
 *               when it begins there
 * @hw_level:    where hardware begins; rises up to @levels
 *
 * Everything above is constant after creation but for @hw_level, and @low, filled once each.
 *
 * @own:         pages of this table, and their limit; @quota: of several together
 * @reclaiming:  held by the one drain or reclaim; no table page is freed by
 *               anybody else, so what a reclaimer has seen stays memory of @pt
 * @queued:      released tables, linked through their first word
 * @reservations: see reserve.c
 */
struct pgtbl {
	struct pgtbl_calls calls;
	plat_aligned(PLAT_CACHELINE) uint64_t iova_bad;
	uint64_t phys_bad;
	uint64_t to_virt;
	uint64_t *root;
	uint64_t *low[PGTBL_LOW_TABLES];
	uint8_t span_lg2[PGTBL_MAX_LEVELS + 2];
	uint32_t index_mask[PGTBL_MAX_LEVELS + 2];
	uint64_t group_mask;
	uint64_t large_more;
	uint64_t attr[PGTBL_PROT_COUNT];
	uint64_t page_sizes;
	uint64_t iova_last;
	uint64_t phys_last;
	unsigned levels;
	size_t table_bytes;
	size_t root_bytes;
	bool unlink;
	bool hw_ad;
	bool keep;
	unsigned partial;
	const struct pgtbl_ops *ops;
	struct plat_mem pages;
	struct plat_mem meta;
	uint64_t phys_offset;
	void (*flush)(void *ctx, const void *first, size_t bytes);
	void *flush_ctx;

	struct pgtbl_quota *quota;
	struct pgtbl_check *check; /* see check.c; NULL: unchecked */

	struct pgtbl_growth growth;
	uint64_t *left[PGTBL_MAX_LEVELS + 1];
	uint64_t reach[PGTBL_MAX_LEVELS + 1];
	unsigned start_levels;
	uint32_t hw_level;

	plat_aligned(PLAT_CACHELINE) struct pgtbl_quota own;
	uint64_t queued_pages;
	void *queued;
	struct pgtbl_reservation *reservations;
	uint32_t reclaiming;
};

/* Work on the tables of one level that serve [first, last]; pt->reclaiming is held. */
typedef int64_t (*pgtbl_level_fn)(struct pgtbl *pt, unsigned level, uint64_t first, uint64_t last,
				  struct pgtbl_gather *gather);

enum pgtbl_track_op {
	PGTBL_TRACK_READ_DIRTY,
	PGTBL_TRACK_READ_ACCESSED,
	PGTBL_TRACK_LOOK_DIRTY,
	PGTBL_TRACK_LOOK_ACCESSED,
	PGTBL_TRACK_STOP,
};

/* One table: where it is, what it serves, and how many of its entries are what. */
struct pgtbl_table_info {
	uint64_t phys;
	uint64_t first;
	unsigned entries;
	unsigned leaves;
	unsigned tables;
};

/* A step of the visitor: see pgtbl_ops.leaves. */
#define PGTBL_LEAF_BATCH 16u

/**
 * struct pgtbl_ops - a format, compiled
 * @grows:   hardware can change root and levels in one step
 * @init:    complete @pt: attr[], to_virt
 * @link:    store a table entry for @child into entry 0 of @table of @level; nobody sees it
 * @leaves:  up to PGTBL_LEAF_BATCH leaves from *pos on; *pos becomes the address
 *           to go on from, *more whether there is one
 * @reclaim_level: unlink empty tables of @level; returns how many
 * @promote_level: leaves for tables of @level; how many, or an error before the first
 * @table:   the table of @level that serves table->first, or the next one up to @last:
 *           its words, unless @copy is NULL, and what is in it; false: there is none
 * @demote, @replace, @reserve: see pgtbl_change.h
 * @track, @fault: see pgtbl_dirty.h
 * @has_ad:  hardware may keep accessed and dirty bits
 * @protects: leaves can be write-protected and marked so
 * @destroy: free all tables, return the bytes mapped
 */
struct pgtbl_ops {
	const char *name;
	unsigned levels_min;
	unsigned levels_max;
	uint64_t table_addr_mask;
	bool has_ad;
	bool protects;
	bool grows;
	bool (*shape)(const struct pgtbl_config *config, struct pgtbl_shape *shape);
	void (*init)(struct pgtbl *pt, const struct pgtbl_config *config);
	void (*link)(struct pgtbl *pt, uint64_t *table, const uint64_t *child, unsigned level);
	struct pgtbl_calls fast;
	struct pgtbl_calls kept; /* with PGTBL_KEEP_TABLES */
	struct pgtbl_calls flushed; /* for tables that need the flush hook */
	unsigned (*leaves)(struct pgtbl *pt, uint64_t *pos, uint64_t last, bool *more,
			   struct pgtbl_leaf *leaf);
	pgtbl_level_fn reclaim_level;
	pgtbl_level_fn promote_level;
	int (*demote)(struct pgtbl *pt, uint64_t iova, uint64_t last, uint64_t page_bytes,
		      struct pgtbl_gather *gather, uint64_t *fault);
	int (*replace)(struct pgtbl *pt, const struct pgtbl_replacement *with,
		       struct pgtbl_gather *gather, struct pgtbl_report *report);
	int (*reserve)(struct pgtbl *pt, uint64_t iova, uint64_t last, uint64_t page_bytes,
		       struct pgtbl_report *report);
	bool (*table)(struct pgtbl *pt, unsigned level, uint64_t last, uint64_t *copy,
		      struct pgtbl_table_info *table);
	void (*track)(struct pgtbl *pt, uint64_t first, uint64_t last, enum pgtbl_track_op op,
		      const struct pgtbl_bitmap *bitmap, struct pgtbl_gather *gather);
	int (*fault)(struct pgtbl *pt, uint64_t iova, struct pgtbl_gather *gather);
	uint64_t (*destroy)(struct pgtbl *pt);
};

/* A range of whole pages that @pt has addresses for. */
static inline bool pgtbl_is_range(const struct pgtbl *pt, uint64_t iova, uint64_t size)
{
	uint64_t page = pt->page_sizes & -pt->page_sizes;

	return size && !((iova | size) & (page - 1)) && iova <= pt->iova_last &&
	       size - 1 <= pt->iova_last - iova;
}

static inline bool pgtbl_is_page_size(const struct pgtbl *pt, uint64_t bytes)
{
	return !(bytes & (bytes - 1)) && (pt->page_sizes & bytes);
}

static inline int pgtbl_fail(struct pgtbl_report *report, uint64_t iova, int error)
{
	if (report) {
		report->iova = iova;
		report->error = error;
	}
	return error;
}

/* pgtbl.c: what the format says about config->levels, without what else may be wrong. */
bool pgtbl_format_shape(const struct pgtbl_config *config, struct pgtbl_shape *shape);

/* grow.c */

bool pgtbl_growth_ok(const struct pgtbl_config *config);
/* The root, and the tables down to where hardware begins.  0, or why there are none. */
int pgtbl_top_create(struct pgtbl *pt, const struct pgtbl_config *config);
int pgtbl_reach_slow(struct pgtbl *pt, uint64_t last);

static inline unsigned pgtbl_hw_level(const struct pgtbl *pt)
{
	/* PGT-A11: what is written after it comes after hardware was told; pairs with PGT-F11. */
	return plat_load_acquire(&pt->hw_level);
}

/* Have hardware translate addresses up to @last.  Outside any read section. */
static inline int pgtbl_reach(struct pgtbl *pt, uint64_t last)
{
	return plat_likely(last <= pt->reach[pgtbl_hw_level(pt)]) ? 0 : pgtbl_reach_slow(pt, last);
}

/* The first address of [iova, last] that is not in reach. */
static inline uint64_t pgtbl_beyond_reach(const struct pgtbl *pt, uint64_t iova, uint64_t last)
{
	uint64_t reach = pt->reach[pgtbl_hw_level(pt)];

	/* Somebody else may have had more luck meanwhile. */
	return iova > reach || last <= reach ? iova : reach + 1;
}

/* check.c */

int pgtbl_check_create(struct pgtbl *pt, const struct pgtbl_config *config);
void pgtbl_check_destroy(struct pgtbl *pt);
unsigned pgtbl_check_enter_slow(struct pgtbl *pt, enum pgtbl_call call, uint64_t iova,
				uint64_t size);
void pgtbl_check_leave_slow(struct pgtbl *pt, unsigned slot);

/* Around a call of pgtbl_change.h that needs its range for itself. */
static inline unsigned pgtbl_check_enter(struct pgtbl *pt, uint64_t iova, uint64_t size)
{
	return pt->check ? pgtbl_check_enter_slow(pt, PGTBL_CALL_CHANGE, iova, size) : 0;
}

static inline void pgtbl_check_leave(struct pgtbl *pt, unsigned slot)
{
	if (pt->check)
		pgtbl_check_leave_slow(pt, slot);
}

/* dirty.c: the pages that [first, last] touches; nothing without a bitmap. */
void pgtbl_bitmap_set(const struct pgtbl_bitmap *bitmap, uint64_t first, uint64_t last);

/* reserve.c */

bool pgtbl_reserved_slow(const struct pgtbl *pt, uint64_t iova, uint64_t span);
void pgtbl_reservations_free(struct pgtbl *pt);

/* Whether somebody wants the table that serves [iova, iova + span) to stay. */
static inline bool pgtbl_reserved(const struct pgtbl *pt, uint64_t iova, uint64_t span)
{
	/* relaxed: only a look; the list is read with acquire */
	return plat_load_relaxed(&pt->reservations) && pgtbl_reserved_slow(pt, iova, span);
}

/*
 * A page that nobody reaches by tables any more, or not yet, is linked to the
 * next one through its first word, which no format may take for a present
 * entry: its bits 11:0 are 0, and so are bits 57:56, where big-endian formats
 * look; bit 63 says what those were.  Addresses are canonical in 57 bits.
 */
static inline uint64_t *pgtbl_link(const uint64_t *page)
{
	/* relaxed: whoever holds the list has taken it with its links (PGT-A3) */
	uint64_t link = plat_load_relaxed(page);

	return (uint64_t *)(uintptr_t)(link | (link >> 63 ? 3ull << 56 : 0));
}

static inline void pgtbl_set_link(uint64_t *page, const uint64_t *next)
{
	/* relaxed: readers that are still in the page take a link for a hole */
	plat_store_relaxed(page, (uint64_t)(uintptr_t)next & ~(3ull << 56));
}

/* pages.c */

/* A zeroed table page, counted; NULL, and *error is -ENOMEM or -EDQUOT. */
uint64_t *pgtbl_page_alloc(struct pgtbl *pt, int *error);
uint64_t *pgtbl_root_alloc(struct pgtbl *pt, int *error);
void pgtbl_root_free(struct pgtbl *pt);
/* @page is zeroed again and nobody reads it. */
void pgtbl_page_free(struct pgtbl *pt, uint64_t *page);
/* Free @list, linked through first words, and what holders in it list; how many pages. */
uint64_t pgtbl_pages_free_list(struct pgtbl *pt, void *list);
int pgtbl_drain_begin(struct pgtbl *pt, void **list);
void pgtbl_drain_end(struct pgtbl *pt, void *list);

static inline uint64_t pgtbl_page_phys(const struct pgtbl *pt, const uint64_t *page)
{
	return (uint64_t)(uintptr_t)page + pt->phys_offset;
}

static inline void pgtbl_flush(const struct pgtbl *pt, const uint64_t *first, size_t count)
{
	if (pt->flush && count)
		pt->flush(pt->flush_ctx, first, count * sizeof(*first));
}

/* gather.c */

/* Add [first, last] where the inline attempt below has no room. */
void pgtbl_gather_join(struct pgtbl_gather *gather, uint64_t first, uint64_t last);
/* Add an unlinked, zeroed table.  It is linked through its first word: a page
 * aligned address, which no format takes for a present entry. */
void pgtbl_gather_page(struct pgtbl_gather *gather, uint64_t *page);

/* Add [first, last] next to the newest range or as a new one.  Neither wraps. */
static plat_always_inline bool pgtbl_gather_try(struct pgtbl_gather *gather, uint64_t first,
						uint64_t last)
{
	unsigned n = gather->nr_ranges;
	struct pgtbl_range *r = &gather->range[n];

	if (plat_likely(!n)) {
		gather->range[0].first = first;
		gather->range[0].last = last;
		gather->nr_ranges = 1;
		return true;
	}
	if (first && r[-1].last + 1 == first) {
		r[-1].last = last;
		return true;
	}
	if (r[-1].first && last + 1 == r[-1].first) {
		r[-1].first = first;
		return true;
	}
	if (plat_unlikely(n >= PGTBL_GATHER_RANGES))
		return false;
	r->first = first;
	r->last = last;
	gather->nr_ranges = n + 1;
	return true;
}

static inline void pgtbl_gather_add(struct pgtbl_gather *gather, uint64_t first, uint64_t last)
{
	if (!pgtbl_gather_try(gather, first, last))
		pgtbl_gather_join(gather, first, last);
}

/* Add [first, last] unless one of the ranges has all of it already. */
static inline void pgtbl_gather_cover(struct pgtbl_gather *gather, uint64_t first, uint64_t last)
{
	for (unsigned i = gather->nr_ranges; i-- > 0;)
		if (gather->range[i].first <= first && gather->range[i].last >= last)
			return;
	pgtbl_gather_add(gather, first, last);
}

/* dump_svg.c */
int pgtbl_dump_svg(struct pgtbl *pt, uint64_t first, uint64_t last,
		   int (*print)(void *ctx, const char *text, size_t len), void *ctx);

/* From a table of @level to the address behind it; false if that is behind @last. */
static inline bool pgtbl_table_behind(const struct pgtbl *pt, unsigned level, uint64_t last,
				      struct pgtbl_table_info *table)
{
	uint64_t end = table->first | ((1ull << pt->span_lg2[level + 1]) - 1);

	table->first = end + 1;
	return level < pt->levels && end < last;
}

#endif

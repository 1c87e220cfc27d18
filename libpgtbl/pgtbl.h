/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * pgtbl.h - IOMMU page tables: map, unmap, translate, without locks.
 *
 * One engine, one small file per entry format (fmt/).  The library
 * writes tables in memory; telling hardware about them is the caller's part:
 * what an unmap changed is collected in a struct pgtbl_gather, which the
 * caller turns into invalidation commands and afterwards releases.
 *
 * Units: addresses and sizes are bytes.  "last" is inclusive.
 *
 * Ownership: a caller owns the range it maps or unmaps for the time of the
 * call; no other call may map or unmap an overlapping range meanwhile.
 * Everything else may run beside it, also in the same leaf table.
 *
 * Synchronisation: X needs external synchronisation, o may run concurrently,
 * 1 may run concurrently if the ranges are disjoint.
 *
 *              map  unmap translate visit reclaim drain release destroy
 *   map         1     1       o       o      o      o      o       X
 *   unmap       1     1       o       o      o      o      o       X
 *   translate   o     o       o       o      o      o      o       X
 *   visit       o     o       o       o      o      o      o       X
 *   reclaim     o     o       o       o      b      b      o       X
 *   drain       o     o       o       o      b      b      o       X
 *   release     o     o       o       o      o      o      o       X
 *   (b: the later call does nothing and returns -EBUSY)
 * A struct pgtbl_gather belongs to one thread at a time.
 *
 * Progress: map, unmap, translate, visit and release are lock-free: a mapper
 * retries only because another one has installed, thawed or unlinked the same
 * table; where tables exist and none is being reclaimed they are wait-free.
 * reclaim and drain wait for a grace period.
 * Work: a table of leaves is walked to once or twice, however many pages of it are in a
 * range; a hole costs what the tables around it have entries, whatever its length.
 *
 * Context: all but create, destroy, reclaim and drain may be called from any
 * context, also interrupts; they allocate only from pgtbl_config.pages.
 *
 * Ordering: entries are written with single 64-bit stores and no barrier after
 * them.  Before a device is told to use a mapping, the write that tells it must
 * be ordered after the map call (the barrier that every doorbell write has);
 * before an invalidation is posted, the post must be ordered after the unmap.
 * doc/ordering-pgtbl.md has the rest.
 */
#ifndef PGTBL_H
#define PGTBL_H

#include "plat_mem.h"
#include "plat_types.h"

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

struct pgtbl;

/* The formats. */
struct pgtbl_ops;
extern const struct pgtbl_ops pgtbl_vtdss_ops;	/* VT-d second stage, 3/4/5 levels */
extern const struct pgtbl_ops pgtbl_x86_64_ops; /* x86-64 = VT-d first stage, 4/5 levels */
extern const struct pgtbl_ops pgtbl_amdv1_ops;	/* AMD IOMMU host tables, 1 to 6 levels */
extern const struct pgtbl_ops pgtbl_arm_s1_ops; /* ARM 64-bit stage 1, 2 to 4 levels */
extern const struct pgtbl_ops pgtbl_arm_s2_ops; /* ARM 64-bit stage 2, 2 to 4 levels */
extern const struct pgtbl_ops pgtbl_riscv_ops;	/* RISC-V Sv39/48/57, 3/4/5 levels */
extern const struct pgtbl_ops pgtbl_tce_ops;	/* powerpc TCE, 1 to 5 levels */

/* The MAIR that ARM stage-1 entries count on: 0 not cached, 1 write-back, 2 Device-nGnRE. */
#define PGTBL_ARM_MAIR 0x04ff44ull

/**
 * enum pgtbl_prot - permissions and attributes of a mapping
 *
 * A permission that a format cannot enforce is refused with -EINVAL; a hint it
 * has no bits for is accepted and has no effect.  The head of each fmt/ file
 * says which is which.
 */
enum pgtbl_prot {
	PGTBL_READ = 1,
	PGTBL_WRITE = 2,
	PGTBL_COHERENT = 4, /* hint: snoop CPU caches whatever the device asks for */
	PGTBL_NOEXEC = 8,   /* permission: no instruction fetch */
	PGTBL_MMIO = 16,    /* hint: the target is not memory */
	PGTBL_PRIV = 32,    /* permission: privileged requests only */
};

/* pgtbl_config.flags */
#define PGTBL_UNLINK 1u	   /* unmap unlinks tables whose whole span it covers */
#define PGTBL_SNOOP_CTL 2u /* VT-d second stage: ECAP.SC is set, PGTBL_COHERENT sets SNP */
#define PGTBL_SPLIT 4u	   /* what unmap does inside a larger leaf: see pgtbl_unmap_at() */
#define PGTBL_WIDEN 8u
#define PGTBL_SVPBMT 32u   /* RISC-V: Svpbmt is there, PGTBL_MMIO sets PBMT */
#define PGTBL_AD 16u /* hardware keeps accessed and dirty bits: see pgtbl_dirty.h */
/*
 * Tables stay until pgtbl_destroy(), as those of Linux's io-pgtable do: nothing is
 * unlinked, and map, unmap and translate need no read section.  Not with PGTBL_UNLINK.
 */
#define PGTBL_KEEP_TABLES 0x100u

/**
 * struct pgtbl_quota - table pages that several tables hold together
 * @limit: most of them; 0: no limit.  May be changed at any time by an atomic store; below
 *         @pages it means: no more.
 * @pages: held now, queued ones among them.  To be read atomically; 0 when all
 *         tables are destroyed.
 * @peak:  most ever held
 *
 * A page beyond the limit is refused with -EDQUOT, exactly: the page that fits is given.
 */
struct pgtbl_quota {
	uint64_t limit;
	uint64_t pages;
	uint64_t peak;
};

enum pgtbl_call { PGTBL_CALL_MAP, PGTBL_CALL_UNMAP, PGTBL_CALL_CHANGE };

/**
 * struct pgtbl_violation - somebody does not own the range that he changes
 * @call:  what the calls are: the one that reports, and the one it met
 * @first, @last: their ranges
 *
 * Of two calls that overlap at least one reports, from inside, before it does anything.
 * Beyond 64 calls at once some are not checked.
 */
struct pgtbl_violation {
	struct pgtbl *pt;
	enum pgtbl_call call[2];
	uint64_t first[2];
	uint64_t last[2];
};

/**
 * struct pgtbl_config - what a table is made for
 * @ops:         the format
 * @levels:      number of levels; of a table that grows, the most it may have
 * @growth:      NULL: it does not grow; else copied, see pgtbl_grow.h
 * @oa_bits:     width of output (physical) addresses; at most 52
 * @iova_bits:   width of input addresses; 0: all that @levels covers
 * @page_sizes:  bit n: leaves of 2^n bytes may be used.  0: all the format
 *               has.  That of the smallest page is required; sizes the format
 *               lacks are refused.
 * @page_lg2:    lg2 of the smallest page.  0: 12; other values for formats
 *               that have them.  Where this file says 4 KiB, this size is meant.
 * @table_lg2:   lg2 of the bytes of a table, at least 12.  0: the format's own
 *               (12 for most); other values for formats that have them.
 * @flags:       PGTBL_*
 * @pages:       tables: of 2^@table_lg2 bytes, 4 KiB for most formats, aligned
 *               to their size, zeroed.  They come back zeroed.
 * @meta:        the object itself
 * @phys_offset: physical address of a table page = its address + @phys_offset
 * @flush:       write back the cache lines of [first, first + bytes), for
 *               hardware that does not snoop CPU caches while it walks.  Called
 *               once for each batch of entries written, before what they are
 *               reachable from is published.  NULL: walks are coherent.
 * @flush_ctx:   for @flush
 * @page_limit:  most pages that the table may hold; 0: no limit
 * @quota:       NULL, or shared with other tables; must outlive them
 * @violation:   NULL, or called when two calls that need a range for themselves overlap in
 *               range and time; see struct pgtbl_violation.  The check costs two full
 *               atomics and a look at 64 cache lines a call: for tests and debugging.
 * @violation_ctx: for @violation
 */
struct pgtbl_config {
	const struct pgtbl_ops *ops;
	const struct pgtbl_growth *growth;
	unsigned levels;
	unsigned oa_bits;
	unsigned iova_bits;
	unsigned flags;
	unsigned page_lg2;
	unsigned table_lg2;
	uint64_t page_sizes;
	struct plat_mem pages;
	struct plat_mem meta;
	uint64_t phys_offset;
	void (*flush)(void *ctx, const void *first, size_t bytes);
	void *flush_ctx;
	uint64_t page_limit;
	struct pgtbl_quota *quota;
	void (*violation)(void *ctx, const struct pgtbl_violation *violation);
	void *violation_ctx;
};

/**
 * pgtbl_create - make an empty table
 * @pt:     out: the table
 * @config: copied
 *
 * Context: any in which config->pages and config->meta may be used.
 * Return: 0; -EINVAL (a configuration the format does not have); -ENOMEM; -EDQUOT (no
 * page for the root within @config->quota).
 */
int pgtbl_create(struct pgtbl **pt, const struct pgtbl_config *config);

/**
 * pgtbl_destroy - free every table page and the object
 * @pt: no longer in use by hardware or anybody else, its gathers released.
 *      NULL is allowed.
 *
 * Context: thread; waits for a grace period when tables were unlinked.
 * Return: bytes that were still mapped.
 */
uint64_t pgtbl_destroy(struct pgtbl *pt);

/* Physical address of the root table, for the context or PASID entry; see pgtbl_top(), too. */
uint64_t pgtbl_root_phys(const struct pgtbl *pt);
/* Greatest input address, when the table has grown as far as it can. */
uint64_t pgtbl_iova_last(const struct pgtbl *pt);

#define PGTBL_GATHER_RANGES 8

struct pgtbl_range {
	uint64_t first;
	uint64_t last;
};

/**
 * struct pgtbl_gather - what changed and must be invalidated
 * @nr_ranges:  used entries of @range
 * @tables:     a table was unlinked: paging-structure caches must go too (VT-d: IH = 0)
 * @range:      everything cleared lies in one of these; when there are more
 *              than fit, the ones nearest to each other are joined
 * @free_list:  unlinked tables; private
 * @free_tail:  private
 * @free_pages: length of @free_list
 *
 * Start with pgtbl_gather_init().  Hand it to any number of calls on one table,
 * invalidate, then pgtbl_gather_release().
 */
struct pgtbl_gather {
	unsigned nr_ranges;
	bool tables;
	void *free_list;
	void *free_tail;
	uint64_t free_pages;
	struct pgtbl_range range[PGTBL_GATHER_RANGES];
};

static inline void pgtbl_gather_init(struct pgtbl_gather *gather)
{
	gather->nr_ranges = 0;
	gather->tables = false;
	gather->free_list = (void *)0;
	gather->free_tail = (void *)0;
	gather->free_pages = 0;
}

static inline bool pgtbl_gather_empty(const struct pgtbl_gather *gather)
{
	return !gather->nr_ranges && !gather->free_list;
}

/* Append @src to @dst and empty @src.  Both of the same table. */
void pgtbl_gather_merge(struct pgtbl_gather *dst, struct pgtbl_gather *src);

/**
 * pgtbl_gather_release - the invalidation of everything in @gather is complete
 * @pt:     the table
 * @gather: emptied
 *
 * Hands unlinked tables back.  Never waits: they are queued in @pt and freed by
 * the next pgtbl_drain(), pgtbl_reclaim() or pgtbl_destroy(), after a grace
 * period.  Context: any.
 */
void pgtbl_gather_release(struct pgtbl *pt, struct pgtbl_gather *gather);

/**
 * pgtbl_drain - free the tables that pgtbl_gather_release() queued
 *
 * Context: thread, outside any read section; waits for a grace period.
 * Return: 0; -EBUSY when another drain or reclaim is at it; -EINVAL (NULL).
 */
int pgtbl_drain(struct pgtbl *pt);

/**
 * pgtbl_reclaim - unlink empty tables
 * @pt:     the table
 * @first:  first address
 * @last:   last address; every table whose span lies in the range is examined
 * @gather: receives the tables and their spans.  Invalidate (gather->tables is
 *          set if anything was unlinked), then release.
 *
 * The caller need not own the range: a mapping made meanwhile keeps its table.
 * Tables of level 2 and above that serve addresses below 4 GiB stay (at most
 * four pages and their parents).  Also does the work of pgtbl_drain().
 *
 * Context: thread, outside any read section; waits for grace periods.
 * Return: number of tables unlinked; -EBUSY when another drain or reclaim is
 * at it; -EOPNOTSUPP: PGTBL_KEEP_TABLES; -EINVAL for NULL, @first > @last or @last
 * beyond the address width.
 */
int64_t pgtbl_reclaim(struct pgtbl *pt, uint64_t first, uint64_t last, struct pgtbl_gather *gather);

struct pgtbl_segment {
	uint64_t phys;
	uint64_t size;
};

/**
 * struct pgtbl_report - where and why a call stopped; optional
 * @gather: in, map calls only.  See pgtbl_map_at().
 * @iova:   out: first address at fault
 * @error:  out: the error for @iova
 *
 * Nothing is written to it by a call that does all it was asked for.
 */
struct pgtbl_report {
	struct pgtbl_gather *gather;
	uint64_t iova;
	int error;
};

/*
 * The calls of a table's format: the first member of every table, so that the
 * wrappers below are one load and one call.
 */
struct pgtbl_calls {
	int (*map)(struct pgtbl *pt, uint64_t iova, uint64_t phys, uint64_t size, unsigned prot,
		   struct pgtbl_report *report);
	uint64_t (*unmap)(struct pgtbl *pt, uint64_t iova, uint64_t size,
			  struct pgtbl_gather *gather, struct pgtbl_report *report);
	int (*translate)(struct pgtbl *pt, uint64_t iova, uint64_t *phys);
	int (*map_sg)(struct pgtbl *pt, uint64_t iova, const struct pgtbl_segment *seg,
		      size_t nr_seg, unsigned prot, struct pgtbl_report *report);
};

/* calls.c makes functions of the wrappers, for callers that look them up by name. */
#ifndef PGTBL_INLINE
#define PGTBL_INLINE static inline
#endif

/**
 * pgtbl_map_at - map a range, all of it or nothing
 * @pt:     the table
 * @iova:   input address, a multiple of 4 KiB
 * @phys:   output address, a multiple of 4 KiB
 * @size:   bytes, a multiple of 4 KiB
 * @prot:   enum pgtbl_prot
 * @report: NULL, or receives the address at fault
 *
 * Uses the largest leaves that alignment, contiguity and the configured page
 * sizes allow; where a table is already in the place of a large leaf, smaller
 * leaves inside it.
 *
 * Without report->gather nothing is written before the whole range is known to
 * be free and all table pages are at hand: on error nothing has changed, not
 * even for a moment.
 *
 * With report->gather the range is walked only once, which is faster for more
 * than 16 pages.  On error everything is undone, but a device may have seen, and cached,
 * what was there for a moment: it is in the gather, to be invalidated before
 * the physical pages are used for anything else.  Tables made on the way stay,
 * empty, for later calls or pgtbl_reclaim().
 *
 * Return: 0;
 * -EINVAL: NULL; misaligned or no size; beyond the input or output address
 *          width; permissions the format cannot express;
 * -EEXIST: something is mapped at report->iova;
 * -ENOMEM: no page for a table needed at report->iova;
 * -EDQUOT: there is a limit of pages, and that table would be one too many;
 * what pgtbl_growth.grown returned: report->iova is out of reach.  A table that grows may
 * have done so also if another error is returned.
 */
PGTBL_INLINE int pgtbl_map_at(struct pgtbl *pt, uint64_t iova, uint64_t phys, uint64_t size,
			      unsigned prot, struct pgtbl_report *report)
{
	return pt ? ((const struct pgtbl_calls *)(const void *)pt)
			       ->map(pt, iova, phys, size, prot, report)
		  : -EINVAL;
}

/* pgtbl_map_at() without a report. */
PGTBL_INLINE int pgtbl_map(struct pgtbl *pt, uint64_t iova, uint64_t phys, uint64_t size,
			   unsigned prot)
{
	return pgtbl_map_at(pt, iova, phys, size, prot, (struct pgtbl_report *)0);
}

/**
 * pgtbl_map_sg_at - map segments one after the other from @iova on
 * @seg:    segments; each address and size a multiple of 4 KiB
 * @nr_seg: how many
 *
 * As pgtbl_map_at() with the sum of the sizes; contiguous segments are joined.
 */
PGTBL_INLINE int pgtbl_map_sg_at(struct pgtbl *pt, uint64_t iova, const struct pgtbl_segment *seg,
				 size_t nr_seg, unsigned prot, struct pgtbl_report *report)
{
	return pt && seg ? ((const struct pgtbl_calls *)(const void *)pt)
				   ->map_sg(pt, iova, seg, nr_seg, prot, report)
			 : -EINVAL;
}

PGTBL_INLINE int pgtbl_map_sg(struct pgtbl *pt, uint64_t iova, const struct pgtbl_segment *seg,
			      size_t nr_seg, unsigned prot)
{
	return pgtbl_map_sg_at(pt, iova, seg, nr_seg, prot, (struct pgtbl_report *)0);
}

/**
 * pgtbl_unmap_at - unmap a range
 * @pt:     the table
 * @iova:   a multiple of 4 KiB
 * @size:   bytes, a multiple of 4 KiB
 * @gather: receives what was cleared
 * @report: NULL, or receives the first address that was not unmapped and why:
 *          -ENOENT: a hole; -EBUSY: a leaf larger than the part of it that lies
 *          in the range (it stays); -ENOMEM, -EDQUOT: no page to split such a leaf
 *          (it stays); -EINVAL: bad arguments, nothing was done.  Not touched if
 *          all went.
 *
 * Holes are skipped, everything else in the range is unmapped.  A leaf that sticks
 * out of the range is treated as the table's flags say:
 *   neither      refused, -EBUSY;
 *   PGTBL_SPLIT  split into leaves of the next smaller size, as often as is needed, in
 *                steps that leave no address without its translation (not every ARM
 *                SMMU allows that: see pgtbl_change.h); the gather gets
 *                the whole leaf.  -EBUSY if the table has no leaves of a size between;
 *   PGTBL_WIDEN  unmapped as a whole; the caller must own all of it.
 *
 * Return: bytes unmapped; less than @size when something was not, more when a leaf
 * was widened to.
 */
PGTBL_INLINE uint64_t pgtbl_unmap_at(struct pgtbl *pt, uint64_t iova, uint64_t size,
				     struct pgtbl_gather *gather, struct pgtbl_report *report)
{
	return pt && gather ? ((const struct pgtbl_calls *)(const void *)pt)
				      ->unmap(pt, iova, size, gather, report)
			    : 0;
}

PGTBL_INLINE uint64_t pgtbl_unmap(struct pgtbl *pt, uint64_t iova, uint64_t size,
				  struct pgtbl_gather *gather)
{
	return pgtbl_unmap_at(pt, iova, size, gather, (struct pgtbl_report *)0);
}

/**
 * pgtbl_translate - where does an address go
 * @iova: any byte address
 * @phys: out
 *
 * Return: 0; -ENOENT: nothing mapped there; -EINVAL: NULL or beyond the width.
 */
PGTBL_INLINE int pgtbl_translate(struct pgtbl *pt, uint64_t iova, uint64_t *phys)
{
	return pt && phys
		       ? ((const struct pgtbl_calls *)(const void *)pt)->translate(pt, iova, phys)
		       : -EINVAL;
}

/* One leaf entry, as the tables have it. */
struct pgtbl_leaf {
	uint64_t iova;
	uint64_t phys;
	uint64_t size;
	unsigned prot; /* as the entry says it; hints without bits are gone */
	bool accessed; /* used, or written: since it was mapped or last found not to be; */
	bool dirty;    /* true where nobody keeps account.  See pgtbl_dirty.h */
};

/**
 * pgtbl_visit - call @fn for every leaf that overlaps a range, in order
 * @first: first address
 * @last:  last address
 * @fn:    may do anything, also map, unmap and reclaim on @pt; another value
 *         than 0 ends the visit
 * @ctx:   for @fn
 *
 * A leaf that is there for the whole time of the call is reported once; of what
 * comes or goes meanwhile, anything may be reported.
 *
 * Return: 0, the value of @fn, or -EINVAL (NULL, @first > @last, @last beyond
 * the address width).
 */
int pgtbl_visit(struct pgtbl *pt, uint64_t first, uint64_t last,
		int (*fn)(void *ctx, const struct pgtbl_leaf *leaf), void *ctx);

/**
 * struct pgtbl_stats - memory
 * @table_pages:      pages held, with the queued ones
 * @table_pages_peak: most ever held
 * @queued_pages:     released, waiting for pgtbl_drain()
 */
struct pgtbl_stats {
	uint64_t table_pages;
	uint64_t table_pages_peak;
	uint64_t queued_pages;
};

void pgtbl_stats(const struct pgtbl *pt, struct pgtbl_stats *stats);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif
#endif

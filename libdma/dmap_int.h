/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * dmap_int.h - what the files of libdma share.
 *
 * space.c   creation, destruction, quarantine, statistics
 * map.c     the calls of drivers: map, map_sg, unmap
 * inval.c   invalidations that are waited for, and flush numbers
 * flushq.c  lazy mode: when to queue where, to flush, to free
 * ring.c    one queue of it
 */
#ifndef DMAP_INT_H
#define DMAP_INT_H

#include "dmap.h"
#include "iova_bulk.h"
#include "iova_life.h"
#include "plat.h"

/* Entries that one lazy unmap retires at most; entries per queue of a timer's call. */
#define DMAP_RETIRE_MAX 16
#define DMAP_RETIRE_TIMER 64
/* So many calls of the timer in a row that find nothing retired, and it helps the ring's CPU. */
#define DMAP_IDLE_CALLS 8

/*
 * A queue of unmaps that wait for a flush; see doc/ordering-dma.md.  One cache
 * line.  Rings [0, slots) belong to one CPU each, which writes all of it, others only to
 * help; ring[slots] is everybody's; behind it each CPU has its inbox, where other CPUs put
 * what was allocated there.
 */
struct dmap_ring {
	uint64_t head;
	uint64_t tail;
	uint64_t mark; /* position << 32 | stamp */
	uint64_t since_ns; /* the oldest entry is no older, a hint */
	uint64_t mark_ns; /* when the mark was set, a hint */
	uint64_t *slot; /* ring_size words; NULL until the first push */
	uint64_t singles; /* strict unmaps that sent one range; CPU-local */
	uint32_t low_skips; /* maps that went straight above 4 GiB; CPU-local */
	uint32_t seen; /* low part of tail << 8 | timer's calls since it moved: a hint */
} plat_aligned(PLAT_CACHELINE);

/* A range that no completed invalidation covers; kept until destruction. */
struct dmap_quarantine {
	struct dmap_quarantine *next;
	uint64_t first;
	uint64_t size;
	void *free_list;
	void *free_tail;
	uint64_t free_pages;
};

/* Values of dmap_space.pending that are not the number of a flush. */
enum { DMAP_PENDING_NONE, DMAP_PENDING_BUSY };

/* dmap_space.low_full: no size is that large. */
#define DMAP_LOW_NOT_FULL (~0ull)
/* Of so many maps on a CPU that the hint sends above 4 GiB one looks below all the same. */
#define DMAP_LOW_RETRY 64

/* What dmap_stats() cannot take from elsewhere; atomic. */
struct dmap_count {
	uint64_t many; /* strict unmaps other than the rings' singles */
	uint64_t many_ranges; /* their commands */
	uint64_t many_domains;
	uint64_t rejected; /* domain flushes that the queue did not take */
	uint64_t failed;
	uint64_t quarantined_bytes;
	uint64_t lost_pages;
	uint64_t bad_frees;
};

struct dmap_space {
	/* Constant after creation; what every call needs comes first. */
	struct iova_space *iova;
	struct pgtbl *pgtbl;
	uint64_t granule_mask; /* granule - 1 */
	uint64_t first_limit; /* tried before the caller's limit */
	uint64_t low_full; /* there was no room up to there for this size; a hint (map.c) */
	uint64_t long_bytes; /* mappings beyond are undone rather than looked ahead for */
	struct dmap_ring *ring;
	unsigned own_slots; /* CPUs below have a ring and CPU-local steps */
	unsigned slots; /* ring[slots] is everybody's */
	unsigned rings; /* in all */
	uint8_t granule_lg2;
	bool lazy;
	bool trim; /* the timer has metadata of @iova given back */
	uint16_t domain;
	const struct dmap_inval_ops *inval;
	void *inval_ctx;
	uint64_t ring_size; /* power of two, at least twice lazy_entries */
	uint64_t step_mask; /* every so many pushes look at limits */
	uint64_t lazy_entries;
	uint64_t (*now_ns)(void *ctx);
	void *now_ctx;
	uint64_t age_ns;
	struct plat_mem mem;

	/* Flush numbers: written once per flush, read by every unmap. */
	uint64_t start plat_aligned(PLAT_CACHELINE);
	uint64_t done;
	uint64_t pending;
	uint64_t pending_fence;
	uint64_t pending_ns; /* when it was begun; a hint */

	/* Rare. */
	struct dmap_quarantine *quarantine plat_aligned(PLAT_CACHELINE);
	struct dmap_count count;
	uint32_t ticks; /* calls of the timer; hints, as is the next */
	bool trim_left; /* something may have become empty since all was looked at */
};

/* Calls of the timer between two looks for metadata that can go. */
#define DMAP_TRIM_TICKS 32

/* A flush in flight for longer is given up for lost. */
#define DMAP_PENDING_NS 1000000000ull

/* relaxed: counters order nothing */
#define DMAP_COUNT(space, field, n) ((void)plat_fetch_add_relaxed(&(space)->count.field, (n)))

static inline void *dmap_alloc(struct dmap_space *space, size_t size)
{
	return plat_mem_alloc(&space->mem, size, PLAT_CACHELINE);
}

static inline void dmap_free(struct dmap_space *space, void *ptr, size_t size)
{
	plat_mem_free(&space->mem, ptr, size, PLAT_CACHELINE);
}

static inline uint64_t dmap_now(struct dmap_space *space)
{
	return space->now_ns ? space->now_ns(space->now_ctx) : 0;
}

/* Whether a flush numbered greater than @stamp has completed. */
static inline bool dmap_covered(struct dmap_space *space, uint32_t stamp)
{
	/* DMA-A5: the flush completed before its number was published; pairs with DMA-R5 */
	return (int32_t)((uint32_t)plat_load_acquire(&space->done) - stamp) > 0;
}

/* Errors of the allocator that a flush of what is queued may help. */
static inline bool dmap_no_room(uint64_t iova)
{
	return iova == (uint64_t)-ENOSPC || iova == (uint64_t)-EAGAIN;
}

/* space.c */
void dmap_release_tables(struct dmap_space *space, struct pgtbl_gather *gather);
void dmap_bad_free(struct dmap_space *space);
void dmap_quarantine(struct dmap_space *space, uint64_t first, uint64_t size,
		     struct pgtbl_gather *gather);

/* map.c */
void dmap_low_heal(struct dmap_space *space);

/* The range has been given back: if it lies low, there may be room for its like again. */
static plat_always_inline void dmap_low_freed(struct dmap_space *space, uint64_t first,
					      uint64_t size)
{
	/* DMA-P1: a hint */
	if (plat_unlikely(size >= plat_load_relaxed(&space->low_full) &&
			  first <= space->first_limit))
		dmap_low_heal(space);
}

/* A completed invalidation covers the range: from here on it may be reused. */
static plat_always_inline void dmap_finish(struct dmap_space *space, uint64_t first,
					   uint64_t size, struct pgtbl_gather *gather)
{
	if (plat_unlikely(gather->free_list))
		dmap_release_tables(space, gather);
	if (plat_unlikely(iova_space_free(space->iova, first, size)))
		dmap_bad_free(space);
	dmap_low_freed(space, first, size);
}

/* inval.c */
int dmap_inval_gather(struct dmap_space *space, const struct pgtbl_gather *gather);
int dmap_inval_rest(struct dmap_space *space, const struct dmap_inval_cmd *cmd, int r);
int dmap_flush_sync(struct dmap_space *space);
bool dmap_flush_claim(struct dmap_space *space);
int dmap_flush_begin(struct dmap_space *space);
int dmap_flush_poll(struct dmap_space *space);

/*
 * Counts a strict unmap with one range on its CPU.
 * relaxed: a count; one may be lost when the thread is moved in between
 */
static plat_always_inline void dmap_count_single(struct dmap_space *space)
{
	unsigned cpu = plat_cpu_raw();
	uint64_t *p;

	if (plat_unlikely(cpu >= space->slots)) {
		DMAP_COUNT(space, many, 1);
		DMAP_COUNT(space, many_ranges, 1);
		return;
	}
	p = &space->ring[cpu].singles;
	/* relaxed: see above */
	plat_store_relaxed(p, plat_load_relaxed(p) + 1);
}

/* Invalidate leaves of [first, first + size) and wait: 0, -ETIMEDOUT, -EIO. */
static plat_always_inline int dmap_inval_leaves(struct dmap_space *space, uint64_t first,
						uint64_t size)
{
	struct dmap_inval_cmd cmd = {
		.kind = DMAP_INVAL_RANGE,
		.leaf_only = true,
		.domain = space->domain,
		.first = first,
		.last = first + size - 1,
	};
	uint64_t fence;
	int r = space->inval->submit(space->inval_ctx, &cmd, 1, &fence);

	dmap_count_single(space);
	if (plat_likely(!r && fence))
		r = space->inval->wait(space->inval_ctx, fence);
	return plat_likely(!r) ? 0 : dmap_inval_rest(space, &cmd, r);
}

/* flushq.c */

/* Ranges of up to this many granules are queued in one word, as iova_bulk.h packs them. */
#define DMAP_SHORT_MAX IOVA_PACKED_MAX
#define DMAP_SHORT_SHIFT IOVA_PACKED_SHIFT
int dmap_lazy_push(struct dmap_space *space, uint64_t entry, unsigned home);
int dmap_lazy_release_long(struct dmap_space *space, uint64_t first, uint64_t size,
			   const struct pgtbl_gather *gather);

/*
 * Entries of [first, first + size) are cleared: free the range after a flush.
 * @home: where that costs least, out of iova_space_check_home().
 */
static plat_always_inline int dmap_lazy_release(struct dmap_space *space, uint64_t first,
						uint64_t size, const struct pgtbl_gather *gather,
						unsigned home)
{
	uint64_t granules = size >> space->granule_lg2;

	if (plat_likely(granules <= DMAP_SHORT_MAX && !gather->free_list))
		return dmap_lazy_push(space, first | granules << DMAP_SHORT_SHIFT, home);
	return dmap_lazy_release_long(space, first, size, gather);
}

bool dmap_lazy_give_back(struct dmap_space *space);
typedef uint64_t dmap_alloc_fn(struct dmap_space *space, uint64_t size, uint64_t limit);
uint64_t dmap_lazy_reclaim(struct dmap_space *space, dmap_alloc_fn *alloc, uint64_t size,
			   uint64_t limit);

#endif

/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * dmap.h - the DMA-mapping layer: WHEN addresses and entries may be reused.
 *
 * dmap_map() takes a range from an IOVA space (iova.h) and writes page-table
 * entries for it (pgtbl.h); dmap_unmap() clears them, has the IOMMU's caches
 * invalidated, and only then gives the range back.  The way to the hardware is
 * a struct dmap_inval_ops, so the layer runs over a VT-d queue, over the
 * simulated one of dmap_simq.h, or over a test's mock.
 *
 *   strict  dmap_unmap() returns after the invalidation has completed: the
 *           device can no longer reach the memory.
 *   lazy    dmap_unmap() queues the range and returns: the device may still
 *           reach the memory until the next flush of the domain.
 *
 * In both modes one rule holds: an IOVA range, and the table pages unlinked with
 * it, become reusable only after an invalidation newer than their release has
 * completed.  Where that cannot be had (time-out, error), the range is put in
 * quarantine.  doc/ordering-dma.md has the argument.
 *
 * Synchronisation.  "yes": the calls may run at the same time, from any threads,
 * and (kernel build) from interrupts on the same CPU.
 *
 *                         map, map_sg  unmap  flush  stats  destroy
 *   map, map_sg               yes       yes    yes    yes     no
 *   unmap                               yes*   yes    yes     no
 *   flush                                      yes    yes     no
 *   stats                                             yes     no
 *   * not of the same mapping: two racing unmaps of one mapping may both
 *     return 0; libiova refuses the second free and counts it.
 *
 * Lazy mode frees a range on the CPU that allocated it, where that costs least: what
 * another CPU unmaps goes into that one's inbox, unless that is full, or the range has more
 * than 1023 granules, or tables went with it.  It is freed there when that CPU has no
 * address at hand; or, after eight calls of dmap_flush() that found the CPU idle, by those;
 * or by unmaps that find lazy_entries in the inbox.
 *
 * Unlinked tables, once covered, go to pgtbl_gather_release(), which queues them:
 * whoever owns the page table calls pgtbl_drain() now and then.
 *
 * Progress.  No locks.  map, map_sg and unmap are lock-free as far as libiova,
 * libpgtbl and the memory functions are, except that these wait for the hardware for
 * a bounded time: a strict unmap; a lazy one whose queue is full or could not be
 * allocated, or that returns -ESTALE; a map that fails halfway, or that finds no
 * address anywhere while ranges are queued.
 *
 * What lazy calls retire (give back of earlier unmaps) is bounded:
 *   unmap, and a map that fails halfway: at most 16 ranges.
 *   map, map_sg: nothing, as a rule.  One with no address at hand on its CPU, or whose
 *     CPU-local step was interrupted (by a signal, or another thread), retires at most 16
 *     ranges of the CPU's own queue and 16 of its inbox, those that a completed flush covers,
 *     and tries again.  If a search then finds no address, either, it flushes, and
 *     retires what is queued, 16 ranges at a time, until it has one or nothing is left;
 *     where another flush took queues over, it does so once more.
 *   flush: see there.
 */
#ifndef DMAP_H
#define DMAP_H

#include "iova.h"
#include "pgtbl.h"
#include "plat_mem.h"
#include "plat_types.h"

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

struct dmap_space;

enum dmap_inval_kind {
	DMAP_INVAL_RANGE,  /* translations of [first, last] in the domain */
	DMAP_INVAL_DOMAIN, /* all translations of the domain */
	DMAP_INVAL_GLOBAL, /* all translations of all domains */
};

/**
 * struct dmap_inval_cmd - one invalidation
 * @kind: what to drop.
 * @leaf_only: only leaf entries changed and no table was unlinked, so that
 *	caches of the upper levels may stay (VT-d: IH = 1).
 * @domain: domain id; unused for DMAP_INVAL_GLOBAL.
 * @first: DMAP_INVAL_RANGE: first byte, granule aligned.
 * @last: last byte, inclusive.
 */
struct dmap_inval_cmd {
	enum dmap_inval_kind kind;
	bool leaf_only;
	uint16_t domain;
	uint64_t first;
	uint64_t last;
};

/**
 * struct dmap_inval_ops - the way to the hardware
 * @submit: queue @nr commands and one wait for all of them.  *@fence names the
 *	wait; 0 means that it has completed already.
 *	Ordering: fully ordered.  What the caller stored before the call is visible
 *	to the table walker before the first command executes.
 *	Return: 0; -EAGAIN: the queue is full, nothing was queued; -EINVAL: more
 *	commands than the queue can ever hold; -EIO: the queue is broken.
 * @poll: ask without waiting.  Return: 1 completed; 0 not yet; -EIO.
 * @wait: wait for a bounded time.  Return: 0 completed; -ETIMEDOUT; -EIO.
 *
 * Context: any thread, several at once; kernel build: also interrupt context.
 * Only 0 from @wait and 1 from @poll say that the commands have taken effect.
 */
struct dmap_inval_ops {
	int (*submit)(void *ctx, const struct dmap_inval_cmd *cmd, unsigned nr, uint64_t *fence);
	int (*poll)(void *ctx, uint64_t fence);
	int (*wait)(void *ctx, uint64_t fence);
};

enum dmap_mode { DMAP_STRICT, DMAP_LAZY };

/*
 * Default: below 4 GiB first, above only when there is no room below.
 *
 * Where there was none for a size, calls that may go above do so at once for that size
 * and larger ones, instead of searching in vain each time.  This ends as soon as a range
 * of that size or more below 4 GiB is given back (lazy mode: once it is retired), or a
 * call finds room there: every 64th on a CPU looks below all the same, and so does
 * each whose limit is below.  A call that finds no room above, either, has looked at all
 * that it may use: the hint costs no address and refuses nothing.  A space remembers one
 * size; on the fast path it is one load and one comparison.
 */
#define DMAP_NO_32BIT_FIRST 1u
/*
 * Default: where the IOVA space was made with IOVA_SPACE_TRIM, dmap_flush(space, true) has it
 * give back the metadata of empty areas (iova_space_trim_idle()), once in 32 calls.
 */
#define DMAP_NO_TRIM 2u

/**
 * struct dmap_config - what a DMA space is made of
 * @iova: where addresses come from; must outlive the space.
 * @pgtbl: where entries go; must outlive the space.
 * @inval: way to the hardware, called with @inval_ctx.
 * @domain: domain id put into every command.
 * @mode: DMAP_STRICT or DMAP_LAZY.
 * @granule_lg2: granule of @iova, 12..34; 0 means 12.
 * @lazy_entries: unmaps in one queue that ask for a flush; 0 means 256, at most 65536.  A
 *	CPU has two queues: for what it unmaps itself, and for what others unmap for it.
 * @lazy_age_ns: age at which queued unmaps ask for a flush; 0 means 10 ms.
 * @now_ns: clock of the age, monotonic, called with @now_ctx; NULL: no age.  An
 *	unmap looks at it now and then only; whoever has a timer makes the limit
 *	firm by calling dmap_flush(space, true) at that interval.
 * @cpu_slots: CPUs with a queue of their own; 0: all there may ever be.  CPUs
 *	beyond share one queue.
 * @mem: memory for the space and its queues.
 * @flags: DMAP_NO_32BIT_FIRST, DMAP_NO_TRIM.
 */
struct dmap_config {
	struct iova_space *iova;
	struct pgtbl *pgtbl;
	const struct dmap_inval_ops *inval;
	void *inval_ctx;
	uint16_t domain;
	enum dmap_mode mode;
	uint8_t granule_lg2;
	unsigned lazy_entries;
	uint64_t lazy_age_ns;
	uint64_t (*now_ns)(void *ctx);
	void *now_ctx;
	unsigned cpu_slots;
	struct plat_mem mem;
	unsigned flags;
};

/**
 * dmap_space_create() - make a DMA space over an IOVA space and a page table
 * @space: where to store the handle.
 * @config: see there; copied.
 *
 * Context: thread.  Reaches the memory functions.
 * Return: 0; -EINVAL: a missing part or a value out of range; -ENOMEM.
 */
int dmap_space_create(struct dmap_space **space, const struct dmap_config *config);

/**
 * dmap_space_destroy() - flush, retire everything queued, free the space
 * @space: may be NULL.
 *
 * Mappings that are still live stay mapped; the IOVA space and the page table
 * stay as well.  If the final flush completes, quarantined ranges are freed
 * too.  If it does not, what was queued or quarantined keeps its addresses
 * (iova_space_destroy() counts them) and its unlinked tables are never given
 * back: the hardware may still walk them.
 *
 * Context: thread; no other call on @space at the same time or later.
 * Return: number of ranges that are allocated in the IOVA space and mapped.
 */
uint64_t dmap_space_destroy(struct dmap_space *space);

/**
 * dmap_map() - map physically contiguous memory
 * @space: DMA space.
 * @phys: first byte, any alignment.
 * @size: bytes, not zero.
 * @prot: enum pgtbl_prot.
 * @limit: greatest address that the device can emit.
 *
 * The mapping covers whole granules; the result keeps the offset of @phys in its
 * granule.  A range whose mapping fails halfway is invalidated like an unmapped
 * one; after -EEXIST it is quarantined, so that the next call gets another.
 *
 * Context: any; does not sleep.  Reaches the memory functions for new tables.  When it
 * waits for the hardware: see Progress.
 * Ordering: the entries are visible to the table walker before the return.
 * Return: IOVA of the first byte, or an error that iova_is_err() recognises:
 * -EINVAL: zero @size, overflow, @prot or @phys that the format cannot
 * express, a @limit below the space; -ENOSPC: no address left, not even after a
 * flush of what is queued; -EAGAIN: the same, but others are just giving room
 * back; -ENOMEM; -EEXIST: someone else wrote entries there.
 */
uint64_t dmap_map(struct dmap_space *space, uint64_t phys, uint64_t size, unsigned prot,
		  uint64_t limit);

/**
 * dmap_map_sg() - map a list of segments to one contiguous range
 * @space: DMA space.
 * @seg: segments, in the order of the range.
 * @nr_seg: their number, not zero.
 * @prot: enum pgtbl_prot.
 * @limit: greatest address that the device can emit.
 *
 * Only the first segment may start, and only the last may end, within a granule.
 *
 * Context: as dmap_map().
 * Return: as dmap_map(); -EINVAL also for segments that leave gaps.
 */
uint64_t dmap_map_sg(struct dmap_space *space, const struct pgtbl_segment *seg, size_t nr_seg,
		     unsigned prot, uint64_t limit);

/**
 * dmap_unmap() - end a mapping
 * @space: DMA space.
 * @iova: what dmap_map() or dmap_map_sg() returned.
 * @size: its size (of all segments together).
 *
 * Context: any; does not sleep.  Strict, and seldom lazy (see Progress): waits for the hardware.
 * Return:
 * 0: strict: the device cannot reach the memory any more; lazy: it is queued;
 * -EINVAL, -ENOENT: not a mapping of this address and size, or already unmapped;
 * nothing changed;
 * -ETIMEDOUT, -EIO: the entries are cleared but the invalidation did not
 * complete: the device may still reach the memory, and the range is quarantined;
 * -ESTALE: some of its entries had been cleared by others; the rest was cleared
 * and invalidated, and the range is quarantined.
 */
int dmap_unmap(struct dmap_space *space, uint64_t iova, uint64_t size);

/**
 * dmap_flush() - flush queued unmaps (lazy mode), and give back memory (both modes)
 * @space: DMA space.
 * @expired_only: false: flush all CPUs' queues and wait: the device cannot reach any
 *	more what was queued before the call.  Retire all of that; only what others push
 *	to, or flush, at the same time may be left for a later call.  true: for a timer: if
 *	the oldest entry of any queue has reached the age, begin one flush that serves all
 *	of them; do not wait; retire at most 64 covered entries per queue of this CPU, of
 *	CPUs that have retired nothing during eight such calls, and of the queue of CPUs
 *	without one, and 64 more where the flush completed at once.  Other CPUs' addresses
 *	wait for their CPUs; the device cannot reach them.
 *	Also what DMAP_NO_TRIM is about, at most 64 areas at a time; strict mode has nothing
 *	else to do here.
 *
 * Context: any for @expired_only; otherwise as a strict unmap, with work proportional to
 * what is queued.  With an IOVA space that can be trimmed, unless DMAP_NO_TRIM, and @expired_only:
 * outside read-side sections; user space may wait for a grace period (the kernel, where it may
 * not sleep, leaves the memory where it is: call iova_space_trim_idle() from where it may).
 * Return: 0: done; @expired_only: nothing is queued, and no metadata could be given back
 * soon; 1 (@expired_only): something still is, so that a timer has to come again; or the
 * queue's error: -EAGAIN (@expired_only: full, try later), -ETIMEDOUT (@expired_only: a flush begun earlier has
 * not completed within a second), -EIO.  After an error everything is still queued.
 */
int dmap_flush(struct dmap_space *space, bool expired_only);

/**
 * struct dmap_stats - what happened since creation
 * @strict_flushes: invalidations of single unmaps.  This, @range_cmds and @waits may
 *	miss one when a thread is moved to another CPU while it counts.
 * @lazy_flushes: domain flushes begun for queued unmaps.
 * @failed_flushes: of both, those that did not complete.
 * @range_cmds: range commands submitted.
 * @domain_cmds: domain commands submitted.
 * @waits: wait descriptors, one per submission.
 * @queued: unmaps waiting in the queues now, long ones counted as five.
 * @quarantined_bytes: in quarantine now.
 * @lost_pages: unlinked table pages that will never be given back, because there was
 *	no memory to remember them after a failed invalidation.
 * @bad_frees: ranges that libiova refused to take back (racing unmaps of one mapping).
 */
struct dmap_stats {
	uint64_t strict_flushes;
	uint64_t lazy_flushes;
	uint64_t failed_flushes;
	uint64_t range_cmds;
	uint64_t domain_cmds;
	uint64_t waits;
	uint64_t queued;
	uint64_t quarantined_bytes;
	uint64_t lost_pages;
	uint64_t bad_frees;
};

/**
 * dmap_stats() - read the counters
 * @space: DMA space.
 * @stats: filled in.  Exact when nothing else runs.
 *
 * Context: any.
 */
void dmap_stats(struct dmap_space *space, struct dmap_stats *stats);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif
#endif

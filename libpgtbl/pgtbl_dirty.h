/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * pgtbl_dirty.h - which pages a device has used or written since it was last asked.
 *
 * Two ways, chosen at creation:
 *   PGTBL_AD  hardware sets accessed and dirty bits in leaves (VT-d: SSADE, or the
 *             first stage).  Leaves are mapped with both 0.  Walks must be coherent.
 *   without   write protection: a leaf that was found clean, or is made so, loses its
 *             write permission; a write faults, and pgtbl_dirty_fault() gives it back.
 *             For hardware that can repeat a faulting access.  No accessed bits.
 *
 * Whatever is reported is at least what happened: a leaf that is new, split off from a
 * dirty one or promoted may be reported dirty though nobody wrote; a leaf that sticks
 * out of the range is reported but not made clean; of a large leaf all pages are
 * reported.  Write-only leaves that the format cannot protect are always dirty.
 *
 * Synchronisation: all calls may run beside all others of the library, also on
 * overlapping ranges, but destroy.  Two calls that make the same leaf clean share its report
 * between them: one gets it.  A bitmap belongs to one thread at a time.
 * Progress: lock-free.  Context: any.
 *
 * Ordering: a leaf is made clean before its bit is set in the bitmap.  Only after the
 * gather has been invalidated does hardware note the next write, so: read, invalidate,
 * then copy what was reported.
 */
#ifndef PGTBL_DIRTY_H
#define PGTBL_DIRTY_H

#include "pgtbl.h"

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

/**
 * struct pgtbl_bitmap - one bit for each page
 * @iova:     address of the first page, a multiple of its size
 * @page_lg2: lg2 of the bytes of a page, any that suits the caller, at least 12
 * @pages:    bits, in words of 64, least significant first
 * @bits:     they are set, never cleared
 */
struct pgtbl_bitmap {
	uint64_t iova;
	unsigned page_lg2;
	uint64_t pages;
	uint64_t *bits;
};

enum pgtbl_track {
	PGTBL_DIRTY,
	PGTBL_ACCESSED,
	PGTBL_KEEP = 16, /* to be added: only look, make nothing clean */
};

/**
 * pgtbl_dirty_start - begin to track the writes to a range: all of it is clean now
 * @pt:     the table
 * @iova:   a multiple of the page size
 * @size:   bytes, a multiple of the page size
 * @gather: receives what must be invalidated before writes are noted
 *
 * Leaves mapped later begin clean with PGTBL_AD, and dirty with write protection.
 * Return: 0; -EINVAL: NULL, not a range of @pt; -EOPNOTSUPP: the format has neither.
 */
int pgtbl_dirty_start(struct pgtbl *pt, uint64_t iova, uint64_t size, struct pgtbl_gather *gather);

/**
 * pgtbl_dirty_read - report the leaves of a range that are dirty, and make them clean
 * @track:  PGTBL_DIRTY, or PGTBL_ACCESSED to do the same with accessed; | PGTBL_KEEP
 * @bitmap: covers the range
 * @gather: receives what was made clean; may be NULL with PGTBL_KEEP
 *
 * Return: 0; -EINVAL: NULL, not a range of @pt, not covered by @bitmap, @track is none;
 * -EOPNOTSUPP: the format cannot tell, or PGTBL_ACCESSED without PGTBL_AD.
 */
int pgtbl_dirty_read(struct pgtbl *pt, uint64_t iova, uint64_t size, unsigned track,
		     const struct pgtbl_bitmap *bitmap, struct pgtbl_gather *gather);

/**
 * pgtbl_dirty_stop - no longer track a range
 *
 * Everything in it counts as dirty and accessed: hardware has nothing to write back,
 * and nothing is write-protected.
 * Return: as pgtbl_dirty_start().
 */
int pgtbl_dirty_stop(struct pgtbl *pt, uint64_t iova, uint64_t size, struct pgtbl_gather *gather);

/**
 * pgtbl_dirty_fault - a write was refused at an address: because it is tracked?
 * @iova:   any byte address
 * @gather: receives the leaf, if hardware caches refusals
 *
 * Return: 0: the access may be repeated; -EPERM: it was never writable; -ENOENT: nothing is
 * mapped there; -EINVAL: NULL or beyond the width.
 */
int pgtbl_dirty_fault(struct pgtbl *pt, uint64_t iova, struct pgtbl_gather *gather);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif
#endif

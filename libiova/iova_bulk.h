/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * iova_bulk.h - many ranges in one call.
 *
 * For who maps or unmaps by the batch: neighbours in one state word are taken,
 * or given back, in one step of the CPU, or with one LOCK-prefixed instruction
 * where the word is another CPU's.
 *
 * Synchronisation: as iova_space_alloc() and iova_space_free(); a call is not
 * one operation but as many as it has ranges, each atomic by itself.
 * Progress: lock-free.  Context: thread, or interrupt.
 */
#ifndef IOVA_BULK_H
#define IOVA_BULK_H

#include "iova.h"

#ifdef __cplusplus
extern "C" {
#endif

#pragma GCC visibility push(default)

/**
 * iova_space_alloc_bulk() - allocate ranges of one size
 * @space: the space
 * @size:  bytes of each, not zero
 * @max:   as in iova_space_alloc()
 * @iova:  filled in from the front: the first byte of each
 * @nr:    how many are wanted
 *
 * Ordering: as iova_space_alloc().  May ask for memory.
 * Return: how many there are now, up to @nr; fewer if no more could be had.  If
 * none, why: -EINVAL, -ENOSPC, -ENOMEM or -EAGAIN as iova_space_alloc(); -EINVAL
 * also when @nr is more than INT_MAX.  0 only for @nr 0.
 */
int iova_space_alloc_bulk(struct iova_space *space, uint64_t size, uint64_t max, uint64_t *iova,
			  unsigned nr);

/**
 * iova_space_free_bulk() - free ranges of one size
 * @space: the space
 * @size:  of each, as allocated
 * @iova:  first byte of each, in any order; neighbours next to each other are
 *	   freed together
 * @nr:    how many
 *
 * Each range is checked as by iova_space_free(); one that is there twice is
 * freed once.  Those refused change nothing and count as bad frees.
 *
 * Ordering: as iova_space_free().  Never asks for memory.
 * Return: how many were refused (0: all are free).
 */
unsigned iova_space_free_bulk(struct iova_space *space, uint64_t size, const uint64_t *iova,
			      unsigned nr);

/* A range in one word: its first byte, and its granules in the bits below 4 KiB. */
#define IOVA_PACKED_FIRST (~0xfffull)
#define IOVA_PACKED_SHIFT 2 /* bits 0 and 1 are the caller's */
#define IOVA_PACKED_MAX 1023

/**
 * iova_space_free_packed() - free ranges of any sizes
 * @space: the space
 * @range: each as IOVA_PACKED_* say; bits 0 and 1 are not looked at
 * @nr:    how many
 *
 * For who keeps long lists of ranges to be freed later.  Each is checked as by
 * iova_space_free(); those refused change nothing and count as bad frees.
 *
 * Ordering: as iova_space_free().  Never asks for memory.
 * Return: how many were refused (0: all are free).
 */
unsigned iova_space_free_packed(struct iova_space *space, const uint64_t *range, unsigned nr);

#pragma GCC visibility pop

#ifdef __cplusplus
}
#endif
#endif

/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * iova_place.h - ranges named by their ends, and allocations in several pieces.
 *
 * A size in bytes ends at 2^64 - 1; two ends, both inclusive, can name all there is.
 *
 * Synchronisation and context: as in iova.h; any call may run beside any other.
 */
#ifndef IOVA_PLACE_H
#define IOVA_PLACE_H

#include "iova.h"

#ifdef __cplusplus
extern "C" {
#endif

#pragma GCC visibility push(default)

/**
 * iova_space_alloc_range() - allocate exactly the range [@first, @last]
 * @space:    the space
 * @first:    first byte, a multiple of the granule
 * @last:     last byte, inclusive, the last of a granule
 * @conflict: as in iova_space_alloc_fixed()
 *
 * Progress: obstruction-free.  May ask for memory.
 * Return: as iova_space_alloc_fixed().
 */
int iova_space_alloc_range(struct iova_space *space, uint64_t first, uint64_t last,
			   struct iova_range *conflict);

/**
 * iova_space_free_range() - free the range [@first, @last]
 * @space: the space
 * @first: its first byte
 * @last:  its last byte, inclusive (or any byte of its last granule)
 *
 * Progress, ordering, return: as iova_space_free(); -EINVAL also when @last lies
 * below @first.
 */
int iova_space_free_range(struct iova_space *space, uint64_t first, uint64_t last);

/**
 * iova_space_alloc_segments() - allocate in as few pieces as can be found
 * @space:	 the space
 * @req:	 as for one piece; size is that of all together.  align and boundary
 *		 are each piece's; offset must be 0
 * @max_segment: greatest size of a piece, bytes, at least a granule; UINT64_MAX: no limit
 * @seg:	 filled in from the front, in the order of the buffer
 * @nr:		 room in @seg: the most pieces there may be
 *
 * Looks for all of the rest first, then for ever smaller powers of two, down to
 * what @nr pieces allow.  Free each piece with iova_space_free_range().
 *
 * Progress: lock-free.  May ask for memory.  The pieces become the caller's one by
 * one, like allocations, and if not all can be had they are freed again: others may
 * meanwhile be told -ENOSPC for want of them.
 * Return: how many pieces; -EINVAL: as iova_space_alloc_request(), or @seg is NULL,
 * or @nr pieces within @max_segment and the boundary cannot hold it; -ENOSPC,
 * -ENOMEM, -EAGAIN: as iova_space_alloc().
 */
int iova_space_alloc_segments(struct iova_space *space, const struct iova_request *req,
			      uint64_t max_segment, struct iova_range *seg, unsigned nr);

#pragma GCC visibility pop

#ifdef __cplusplus
}
#endif
#endif

/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * iova_query.h - how full a space is, and how broken up.
 *
 * Beside iova_space_find(), _for_each() and _stats() of iova.h.
 *
 * Synchronisation: any call may run beside any other; nobody is stopped.  What is
 * said of a part of the space was true when that part was looked at.
 * Progress: wait-free in the number of units looked at, but for the callback.
 * Context: thread, or interrupt.  No memory is asked for.
 */
#ifndef IOVA_QUERY_H
#define IOVA_QUERY_H

#include "iova.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * struct iova_space_holes - what is free
 * @nr:		   stretches of free granules
 * @free_granules: all of them together
 * @largest:	   the longest, the lowest of several; IOVA_RANGE_NONE: there is none
 * @fragmentation: 0: all that is free is one stretch; towards 1000: ever smaller ones
 *		   (1000 less the thousandths that the longest is of all)
 * @granule_lg2:   log2 of the granule in bytes
 *
 * Rounding at the end of live ranges is not free.  What the placement rule of
 * iova.h makes of a stretch is another question.
 */
struct iova_space_holes {
	uint64_t nr;
	uint64_t free_granules;
	struct iova_range largest;
	unsigned fragmentation;
	unsigned granule_lg2;
};

/**
 * struct iova_cpu_stats - what one CPU has done; each is part of iova_space_stats()
 * @refills:	  allocations that found no hint and searched
 * @remote_frees: frees left for another CPU to collect
 * @bad_frees:	  frees refused
 */
struct iova_cpu_stats {
	uint64_t refills;
	uint64_t remote_frees;
	uint64_t bad_frees;
};

#pragma GCC visibility push(default)

/**
 * iova_space_for_each_hole() - call a function for each stretch of free granules
 * @space: the space
 * @first: from the granule of this byte on; a stretch that begins before is cut
 * @last:  up to the granule of this one
 * @fn:	   called for each, in address order; a value other than 0 ends the iteration
 * @ctx:   passed to @fn
 *
 * @fn may call everything but iova_space_destroy().
 * Return: the last value of @fn, or 0.
 */
int iova_space_for_each_hole(struct iova_space *space, uint64_t first, uint64_t last,
			     int (*fn)(void *ctx, const struct iova_range *hole), void *ctx);

/**
 * iova_space_holes() - measure what is free
 * @space: the space
 * @holes: filled in
 *
 * Walks the whole space: not for a fast path.
 */
void iova_space_holes(struct iova_space *space, struct iova_space_holes *holes);

/**
 * iova_space_cpu_stats() - counters of one CPU
 * @space: the space
 * @cpu:   its number; CPUs beyond the slots of the space count in slot 0, or another
 * @stats: filled in on success
 *
 * Return: 0; -ENOENT: that CPU has no slot; -EINVAL: @stats is NULL.
 */
int iova_space_cpu_stats(struct iova_space *space, unsigned cpu, struct iova_cpu_stats *stats);

#pragma GCC visibility pop

#ifdef __cplusplus
}
#endif
#endif

/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* iova_side_ours.h - what the IOVA workloads (wl_iova.h, wl_tail.h) ask of libiova. */
#ifndef BENCH_IOVA_SIDE_OURS_H
#define BENCH_IOVA_SIDE_OURS_H

#include "iova.h"
#include "iova_resv.h"
#include "sides.h"

typedef struct iova_space side_space;

static inline side_space *side_create(void)
{
	struct iova_space_config config = { .first = 1ull << 12,
					    .last = (1ull << 48) - 1,
					    .granule_lg2 = 12 };
	struct iova_space *space;

	return iova_space_create(&space, &config) ? NULL : space;
}

static inline bool side_destroy(side_space *space)
{
	struct iova_space_stats stats;

	iova_space_stats(space, &stats);
	return !iova_space_destroy(space) && !stats.bad_frees;
}

static inline uint64_t side_alloc(side_space *space, unsigned long pages, unsigned long last_pfn)
{
	return iova_space_alloc(space, (uint64_t)pages << 12, ((uint64_t)last_pfn << 12) | 0xfff);
}

static inline bool side_failed(uint64_t handle)
{
	return iova_is_err(handle);
}

static inline bool side_full(uint64_t handle)
{
	return iova_is_err(handle) && iova_err(handle) == -ENOSPC;
}

static inline void side_free(side_space *space, uint64_t handle, unsigned long pages)
{
	iova_space_free(space, handle, (uint64_t)pages << 12);
}

#define side_alloc_plain side_alloc
#define side_free_plain side_free

static inline bool side_reserve(side_space *space, unsigned long first_pfn, unsigned long last_pfn)
{
	return !iova_space_reserve(space, (uint64_t)first_pfn << 12,
				   ((uint64_t)last_pfn << 12) | 0xfff, NULL);
}

static inline uint64_t side_pfn(uint64_t handle)
{
	return handle >> 12;
}

static inline uint64_t side_handle(uint64_t pfn)
{
	return pfn << 12;
}

#endif

/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * walk_cache.h - how well the placement of mappings suits a device's walk cache.
 *
 * An IOMMU keeps pointers to recently used leaf tables (paging-structure cache),
 * so that a translation costs one memory access instead of four.  The model: each
 * device has WALK_CACHE_ENTRIES such pointers, least recently used goes first; a
 * mapping is accessed once in each leaf table (2 MiB) it lies in.  Invalidations
 * drop what they cover, unless they say that only leaf entries changed (VT-d:
 * IH = 1).  Real sizes are not published; the count of distinct tables is the
 * figure that holds for every size.
 */
#ifndef REPLAY_WALK_CACHE_H
#define REPLAY_WALK_CACHE_H

#include "dmap.h"
#include "ranges.h"

#define WALK_CACHE_ENTRIES 16
#define WALK_CACHE_LEAF_LG2 21

struct walk_cache_device {
	unsigned used;
	uint64_t key[WALK_CACHE_ENTRIES]; /* most recent first */
};

struct walk_cache {
	unsigned nr_devices;
	struct walk_cache_device *device;
	struct range_set tables; /* every leaf table ever accessed, by key */
	uint64_t accesses;
	uint64_t misses;
};

int walk_cache_init(struct walk_cache *cache, unsigned nr_devices);
void walk_cache_fini(struct walk_cache *cache);
/* 0 or -ENOMEM. @first..@last: bytes. */
int walk_cache_access(struct walk_cache *cache, unsigned device, unsigned domain, uint64_t first,
		      uint64_t last);
void walk_cache_invalidate(struct walk_cache *cache, const struct dmap_inval_cmd *cmd);

#endif

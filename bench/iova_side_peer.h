/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* iova_side_peer.h - what the IOVA workloads (wl_iova.h, wl_tail.h) ask of Linux's allocator. */
#ifndef BENCH_IOVA_SIDE_PEER_H
#define BENCH_IOVA_SIDE_PEER_H

#include "peers/peer.h"
#include "sides.h"

typedef struct iova_domain side_space;

static inline side_space *side_create(void)
{
	return peer_iova_create(1);
}

/* The peer frees what is left without saying whether anything was. */
static inline bool side_destroy(side_space *space)
{
	peer_iova_destroy(space);
	return !peer_warned;
}

/*
 * Without flush_rcache: the first attempt of Linux's DMA layer for a PCI device,
 * and the cheaper way to fail.
 */
static inline uint64_t side_alloc(side_space *space, unsigned long pages, unsigned long last_pfn)
{
	return alloc_iova_fast(space, pages, last_pfn, false);
}

static inline bool side_failed(uint64_t handle)
{
	return !handle;
}

#define side_full side_failed

static inline void side_free(side_space *space, uint64_t handle, unsigned long pages)
{
	free_iova_fast(space, handle, pages);
}

/* Set-up goes past the per-CPU caches, which would keep what is freed. */
static inline uint64_t side_alloc_plain(side_space *space, unsigned long pages,
					unsigned long last_pfn)
{
	return peer_iova_alloc_tree(space, pages, last_pfn);
}

static inline void side_free_plain(side_space *space, uint64_t handle, unsigned long pages)
{
	(void)pages;
	free_iova(space, handle);
}

static inline bool side_reserve(side_space *space, unsigned long first_pfn, unsigned long last_pfn)
{
	return !peer_iova_reserve(space, first_pfn, last_pfn);
}

static inline uint64_t side_pfn(uint64_t handle)
{
	return handle;
}

static inline uint64_t side_handle(uint64_t pfn)
{
	return pfn;
}

#endif

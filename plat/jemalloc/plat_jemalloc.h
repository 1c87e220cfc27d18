/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * plat_jemalloc.h - struct plat_mem over private jemalloc arenas.
 *
 * One object owns two arenas: one for metadata, one for page-table pages, so
 * that both can be counted on their own, to zero at teardown.  Each thread that
 * allocates gets a jemalloc cache per arena; it goes with the thread.
 *
 * This is a library of its own (libiova-jemalloc) because jemalloc needs more
 * static TLS than dlopen() grants: libiova.so must not depend on it.
 *
 * Where there are several memory nodes, what is asked for on behalf of a CPU (alloc_near of
 * the metadata's functions) comes from an arena of that CPU's node, by mbind(2) with
 * MPOL_PREFERRED; and metadata, seldom allocated as it is, goes without threads' caches.
 *
 * Synchronisation table ('x': may run concurrently on one object)
 *
 *                     | alloc/free | stats | destroy
 *   alloc/free        |     x      |   x   |
 *   stats             |     x      |   x   |
 *   destroy           |            |       |
 *
 * Threads that used the object may exit at any time, also during destroy.
 * Progress: alloc and free may take jemalloc's arena lock when the thread's
 * cache is empty or full; stats and destroy take a lock of the process.
 *
 * fork(): the child may go on using its copy of every object.
 */
#ifndef PLAT_JEMALLOC_H
#define PLAT_JEMALLOC_H

#include "plat_mem.h"

#ifdef __cplusplus
extern "C" {
#endif

#pragma GCC visibility push(default)

struct plat_je;

/**
 * plat_je_create() - make two empty arenas
 * @je: where to store the new object
 *
 * Context: thread; may sleep.
 * Return: 0; -EINVAL when @je is NULL; -ENOMEM when jemalloc has no memory or
 * no arena left (it allows 4094; an object takes two, and one more per memory node if there are
 * several).
 */
int plat_je_create(struct plat_je **je);

/**
 * plat_je_destroy() - give back both arenas, with whatever is still in them
 * @je: the object, or NULL
 *
 * Blocks that were not freed are gone: no pointer into them may be used again.
 *
 * Context: thread; may sleep.
 * Return: bytes that were still allocated, both arenas together; 0 is clean.
 */
uint64_t plat_je_destroy(struct plat_je *je);

/**
 * plat_je_meta() - memory functions of the metadata arena
 * plat_je_pages() - memory functions of the page arena
 * @je: the object; must outlive every user of the result
 *
 * alloc gives @size zeroed bytes aligned to @align, or NULL when there is no
 * memory, @size is 0, or @align is not a power of two.  free must name the size
 * and alignment given to alloc.
 */
struct plat_mem plat_je_meta(struct plat_je *je);
struct plat_mem plat_je_pages(struct plat_je *je);

/**
 * struct plat_je_stats - what is allocated now, and was at most
 *
 * Bytes and blocks as requested, not as rounded up by jemalloc; the caches of
 * threads do not count.  Exact when no alloc or free is running.  A peak is
 * exact for one thread; each further thread may hide up to 64 KiB of it.
 */
struct plat_je_stats {
	uint64_t meta_bytes, meta_blocks, meta_peak_bytes;
	uint64_t page_bytes, page_blocks, page_peak_bytes;
};

/**
 * plat_je_stats() - read the counters
 * @je: the object
 * @stats: filled in
 *
 * Context: thread; may sleep.
 */
void plat_je_stats(struct plat_je *je, struct plat_je_stats *stats);

#pragma GCC visibility pop

#ifdef __cplusplus
}
#endif
#endif

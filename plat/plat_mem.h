/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * plat_mem.h - where the libraries get memory from.
 *
 * A struct plat_mem is a pair of functions and a context.  Every object that
 * needs memory takes one at creation and uses nothing else, so that a caller
 * can put metadata in an arena, page-table pages in a registered DMA pool, or
 * make the n-th allocation fail in a test.
 *
 * Synchronisation: the functions may be called from any thread at any time,
 * several at once; in the kernel build also from interrupt context, so they
 * must not sleep there.
 *
 * Memory nodes (NUMA).  What one CPU uses most (its slot in a space or a queue, an
 * area that it has begun to fill) is asked for by alloc_near, with that CPU's number:
 * which memory is near it, the functions know, and no library does.
 */
#ifndef PLAT_MEM_H
#define PLAT_MEM_H

#include "plat_types.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * struct plat_mem_ops - memory functions
 * @alloc: return @size zeroed bytes aligned to @align (a power of two), or NULL.
 *         Never blocks for memory: running out is an answer, not a wait.
 * @free:  give back what @alloc or @alloc_near returned, with the same @size and @align.
 * @alloc_near: NULL: @alloc serves.  Else as @alloc, for memory that CPU @cpu (as the
 *	   platform counts) will use most.  A wish: any memory will do, and NULL is for
 *	   when there is none at all.
 *
 * Name the members in an initialiser: others may be added behind these, and NULL in
 * them will go on to mean what happens without.
 */
struct plat_mem_ops {
	void *(*alloc)(void *ctx, size_t size, size_t align);
	void (*free)(void *ctx, void *ptr, size_t size, size_t align);
	void *(*alloc_near)(void *ctx, size_t size, size_t align, unsigned cpu);
};

/**
 * struct plat_mem - memory functions together with their context
 * @ops: NULL means the platform's own: the C library in user space, kmalloc_node()
 *       with GFP_ATOMIC in the kernel; both know the machine's nodes.
 * @ctx: passed to both functions.
 */
struct plat_mem {
	const struct plat_mem_ops *ops;
	void *ctx;
};

#ifdef __cplusplus
}
#endif
#endif

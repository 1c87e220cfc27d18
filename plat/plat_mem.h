/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * plat_mem.h - where the libraries get memory from.
 *
 * A struct plat_mem is a pair of functions and a context.  Every object that
 * needs memory takes one at creation and uses nothing else, so that a caller
 * can put metadata in an arena, page-table pages in a registered DMA pool, or
 * make the n-th allocation fail in a test.
 *
 * Synchronisation: both functions may be called from any thread at any time,
 * several at once; in the kernel build also from interrupt context, so they
 * must not sleep there.
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
 * @free:  give back what @alloc returned, with the same @size and @align.
 */
struct plat_mem_ops {
	void *(*alloc)(void *ctx, size_t size, size_t align);
	void (*free)(void *ctx, void *ptr, size_t size, size_t align);
};

/**
 * struct plat_mem - memory functions together with their context
 * @ops: NULL means the platform's own: the C library in user space,
 *       kzalloc(GFP_ATOMIC) and zeroed pages in the kernel.
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

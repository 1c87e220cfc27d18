/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * pgtbl_pool.h - table pages for tests: counted, failing on request, checked
 * to come back zeroed, and with a shadow: what memory holds for hardware that
 * does not snoop, updated only by the flush hook.
 */
#ifndef PGTBL_POOL_H
#define PGTBL_POOL_H

#include <stdint.h>

#include "plat_mem.h"

#define POOL_PAGE 4096u
#define POOL_STALE 0xdeadbeefdeadbeefull /* a shadow word never flushed since allocation */

struct pgtbl_pool {
	uint8_t *base;	 /* @pages pages */
	uint8_t *shadow; /* as many */
	uint8_t *used;	 /* per page */
	unsigned pages;
	unsigned next;
	unsigned live;
	unsigned long allocs;  /* attempts */
	unsigned long fail_at; /* this attempt fails; 0: none */
	const char *error;     /* first rule broken, or NULL */
	bool shadowed;	       /* allocation makes the shadow stale */
	unsigned long lines;   /* flushed */
};

bool pool_init(struct pgtbl_pool *pool, unsigned pages);
void pool_fini(struct pgtbl_pool *pool);
struct plat_mem pool_mem(struct pgtbl_pool *pool);

/* The flush hook; @ctx is the pool. */
void pool_flush(void *ctx, const void *first, size_t bytes);

/* What hardware reads at @page. */
const uint64_t *pool_hw(const struct pgtbl_pool *pool, uint64_t page);
bool pool_owns(const struct pgtbl_pool *pool, uint64_t page);

#endif

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
	uint8_t *base;	 /* @pages pages of @unit bytes */
	uint8_t *shadow; /* as many */
	uint8_t *used;	 /* per page: 1 the first of an object, 2 another */
	size_t unit;
	unsigned pages;
	unsigned next;
	unsigned live;
	unsigned long allocs;  /* attempts */
	unsigned long fail_at; /* this attempt fails; 0: none */
	const char *error;     /* first rule broken, or NULL */
	bool shadowed;	       /* allocation makes the shadow stale */
	unsigned long lines;   /* flushed */
	/* the page that a word leads to, or ~0; NULL: bits 51:12 of a word with bits below */
	uint64_t (*target)(const struct pgtbl_pool *pool, uint64_t word);
	int format; /* for @target */
};

/* Pages of 4 KiB, or of @unit bytes; what is larger gets several. */
bool pool_init(struct pgtbl_pool *pool, unsigned pages);
bool pool_init_unit(struct pgtbl_pool *pool, unsigned pages, size_t unit);
void pool_fini(struct pgtbl_pool *pool);
struct plat_mem pool_mem(struct pgtbl_pool *pool);

/* The flush hook; @ctx is the pool. */
void pool_flush(void *ctx, const void *first, size_t bytes);

/* What hardware reads at @page. */
const uint64_t *pool_hw(const struct pgtbl_pool *pool, uint64_t page);
bool pool_owns(const struct pgtbl_pool *pool, uint64_t page);

#endif

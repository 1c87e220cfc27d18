/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
#define _GNU_SOURCE
#include "pgtbl_pool.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define WORDS (POOL_PAGE / 8)

static void broken(struct pgtbl_pool *pool, const char *what)
{
	if (!pool->error)
		pool->error = what;
}

bool pool_init(struct pgtbl_pool *pool, unsigned pages)
{
	size_t bytes = (size_t)pages * POOL_PAGE;

	memset(pool, 0, sizeof(*pool));
	pool->pages = pages;
	pool->base = mmap(NULL, 2 * bytes, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (pool->base == MAP_FAILED)
		return false;
	pool->shadow = pool->base + bytes;
	pool->used = calloc(pages, 1);
	return pool->used;
}

void pool_fini(struct pgtbl_pool *pool)
{
	munmap(pool->base, 2 * (size_t)pool->pages * POOL_PAGE);
	free(pool->used);
}

bool pool_owns(const struct pgtbl_pool *pool, uint64_t page)
{
	uint64_t off = page - (uint64_t)(uintptr_t)pool->base;

	return off < (uint64_t)pool->pages * POOL_PAGE && pool->used[off / POOL_PAGE];
}

static void *pool_alloc(void *ctx, size_t size, size_t align)
{
	struct pgtbl_pool *pool = ctx;
	uint64_t *page, *shadow;

	if (size != POOL_PAGE || align != POOL_PAGE)
		broken(pool, "a table page of another size");
	if (++pool->allocs == pool->fail_at || pool->live == pool->pages)
		return NULL;
	while (pool->used[pool->next])
		pool->next = (pool->next + 1) % pool->pages;
	pool->used[pool->next] = 1;
	pool->live++;
	page = (uint64_t *)(pool->base + (size_t)pool->next * POOL_PAGE);
	shadow = (uint64_t *)(pool->shadow + (size_t)pool->next * POOL_PAGE);
	for (unsigned i = 0; pool->shadowed && i < WORDS; i++)
		shadow[i] = POOL_STALE;
	return page;
}

static void pool_free(void *ctx, void *ptr, size_t size, size_t align)
{
	struct pgtbl_pool *pool = ctx;
	const uint64_t *page = ptr;

	(void)align;
	if (size != POOL_PAGE || !pool_owns(pool, (uint64_t)(uintptr_t)ptr)) {
		broken(pool, "a page freed that was not allocated");
		return;
	}
	for (unsigned i = 0; i < WORDS; i++)
		if (page[i])
			broken(pool, "a page came back with something in it");
	pool->used[((uint8_t *)ptr - pool->base) / POOL_PAGE] = 0;
	pool->live--;
}

struct plat_mem pool_mem(struct pgtbl_pool *pool)
{
	static const struct plat_mem_ops ops = { pool_alloc, pool_free };

	return (struct plat_mem){ &ops, pool };
}

const uint64_t *pool_hw(const struct pgtbl_pool *pool, uint64_t page)
{
	const uint8_t *p = (const uint8_t *)(uintptr_t)page;

	return (const uint64_t *)(const void *)(pool->shadowed ? p - pool->base + pool->shadow : p);
}

static bool stale(const struct pgtbl_pool *pool, uint64_t page)
{
	const uint64_t *hw = pool_hw(pool, page);

	for (unsigned i = 0; i < WORDS; i++)
		if (hw[i] == POOL_STALE)
			return true;
	return false;
}

/* Does an entry anywhere in memory, flushed or not, point to @page? */
static bool published(const struct pgtbl_pool *pool, uint64_t page)
{
	for (unsigned i = 0; i < pool->pages; i++) {
		const uint64_t *p = (const uint64_t *)(pool->base + (size_t)i * POOL_PAGE);

		for (unsigned k = 0; pool->used[i] && k < WORDS; k++)
			if ((p[k] & 0x000ffffffffff000ull) == page && (p[k] & 0xfff))
				return true;
	}
	return false;
}

void pool_flush(void *ctx, const void *first, size_t bytes)
{
	struct pgtbl_pool *pool = ctx;
	uintptr_t line = (uintptr_t)first & ~(uintptr_t)63;
	uintptr_t end = (uintptr_t)first + bytes;
	uint64_t page = line & ~(uintptr_t)(POOL_PAGE - 1);

	if (!bytes || !pool_owns(pool, page) || end > page + POOL_PAGE) {
		broken(pool, "a flush outside a table page");
		return;
	}
	if (pool->shadowed && stale(pool, page) && published(pool, page))
		broken(pool, "a table was published before it was flushed");
	for (; line < end; line += 64) {
		uint64_t *to = (uint64_t *)(line - (uintptr_t)pool->base + pool->shadow);
		const uint64_t *from = (const uint64_t *)line;

		memcpy(to, from, 64);
		pool->lines++;
		for (unsigned i = 0; i < 8; i++) {
			uint64_t target = from[i] & 0x000ffffffffff000ull;

			if ((from[i] & 1) && pool_owns(pool, target) && stale(pool, target))
				broken(pool, "an entry was flushed before its table");
		}
	}
}

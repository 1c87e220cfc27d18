/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
#define _GNU_SOURCE
#include "pgtbl_pool.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

static void broken(struct pgtbl_pool *pool, const char *what)
{
	if (!pool->error)
		pool->error = what;
}

bool pool_init_unit(struct pgtbl_pool *pool, unsigned pages, size_t unit)
{
	size_t bytes = pages * unit, room = 3 * bytes; /* one third to align */
	uint8_t *base;

	memset(pool, 0, sizeof(*pool));
	pool->unit = unit;
	pool->pages = pages;
	base = mmap(NULL, room, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (base == MAP_FAILED)
		return false;
	pool->base = (uint8_t *)(((uintptr_t)base + bytes - 1) & ~(uintptr_t)(bytes - 1));
	if (pool->base > base)
		munmap(base, (size_t)(pool->base - base));
	if (pool->base + 2 * bytes < base + room)
		munmap(pool->base + 2 * bytes, (size_t)(base + room - pool->base) - 2 * bytes);
	pool->shadow = pool->base + bytes;
	pool->used = calloc(pages, 1);
	return pool->used;
}

bool pool_init(struct pgtbl_pool *pool, unsigned pages)
{
	return pool_init_unit(pool, pages, POOL_PAGE);
}

void pool_fini(struct pgtbl_pool *pool)
{
	munmap(pool->base, 2 * pool->pages * pool->unit);
	free(pool->used);
}

bool pool_owns(const struct pgtbl_pool *pool, uint64_t page)
{
	uint64_t off = page - (uint64_t)(uintptr_t)pool->base;

	return off < pool->pages * pool->unit && pool->used[off / pool->unit];
}

/* @n free pages, aligned to as many; ~0u: there are none. */
static unsigned find_free(const struct pgtbl_pool *pool, unsigned n)
{
	for (unsigned k = 0; k < pool->pages; k += n) {
		unsigned at = ((pool->next + n - 1) / n * n + k) % pool->pages, i = 0;

		while (i < n && !pool->used[at + i])
			i++;
		if (i == n)
			return at;
	}
	return ~0u;
}

static void *pool_alloc(void *ctx, size_t size, size_t align)
{
	struct pgtbl_pool *pool = ctx;
	unsigned n = (unsigned)((size + pool->unit - 1) / pool->unit), at;
	uint64_t *page, *shadow;

	if (!size || size % pool->unit || align != size || (n & (n - 1)))
		broken(pool, "a table of another size");
	if (++pool->allocs == pool->fail_at)
		return NULL;
	at = find_free(pool, n);
	if (at == ~0u)
		return NULL;
	memset(&pool->used[at], 2, n);
	pool->used[at] = 1;
	pool->next = at;
	pool->live++;
	page = (uint64_t *)(pool->base + at * pool->unit);
	shadow = (uint64_t *)(pool->shadow + at * pool->unit);
	for (size_t i = 0; pool->shadowed && i < size / 8; i++)
		shadow[i] = POOL_STALE;
	return page;
}

static void pool_free(void *ctx, void *ptr, size_t size, size_t align)
{
	struct pgtbl_pool *pool = ctx;
	size_t at = (size_t)((uint8_t *)ptr - pool->base) / pool->unit;
	const uint64_t *page = ptr;

	if (!pool_owns(pool, (uint64_t)(uintptr_t)ptr) || pool->used[at] != 1 || align != size) {
		broken(pool, "a page freed that was not allocated");
		return;
	}
	for (size_t i = 0; i < size / 8; i++)
		if (page[i])
			broken(pool, "a page came back with something in it");
	memset(&pool->used[at], 0, size / pool->unit);
	pool->live--;
}

struct plat_mem pool_mem(struct pgtbl_pool *pool)
{
	static const struct plat_mem_ops ops = { .alloc = pool_alloc, .free = pool_free };

	return (struct plat_mem){ &ops, pool };
}

const uint64_t *pool_hw(const struct pgtbl_pool *pool, uint64_t page)
{
	const uint8_t *p = (const uint8_t *)(uintptr_t)page;

	return (const uint64_t *)(const void *)(pool->shadowed ? p - pool->base + pool->shadow : p);
}

static uint64_t target(const struct pgtbl_pool *pool, uint64_t word)
{
	if (pool->target)
		return pool->target(pool, word);
	return word & 0xfff ? word & 0x000ffffffffff000ull : ~0ull;
}

static bool stale(const struct pgtbl_pool *pool, uint64_t page)
{
	const uint64_t *hw = pool_hw(pool, page);

	for (size_t i = 0; i < pool->unit / 8; i++)
		if (hw[i] == POOL_STALE)
			return true;
	return false;
}

/* Does an entry anywhere in memory, flushed or not, point to @page? */
static bool published(const struct pgtbl_pool *pool, uint64_t page)
{
	for (unsigned i = 0; i < pool->pages; i++) {
		const uint64_t *p = (const uint64_t *)(pool->base + i * pool->unit);

		for (size_t k = 0; pool->used[i] && k < pool->unit / 8; k++)
			if (p[k] && target(pool, p[k]) == page)
				return true;
	}
	return false;
}

void pool_flush(void *ctx, const void *first, size_t bytes)
{
	struct pgtbl_pool *pool = ctx;
	uintptr_t line = (uintptr_t)first & ~(uintptr_t)63;
	uintptr_t end = (uintptr_t)first + bytes;
	uint64_t page = line & ~(uintptr_t)(pool->unit - 1);

	if (!bytes || !pool_owns(pool, page) || !pool_owns(pool, end - 1)) {
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
			uint64_t to_page = from[i] ? target(pool, from[i]) : ~0ull;

			if (pool_owns(pool, to_page) && stale(pool, to_page & ~(pool->unit - 1)))
				broken(pool, "an entry was flushed before its table");
		}
	}
}

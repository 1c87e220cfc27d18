/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
#include "stress/poison.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define POISON 0xa5a5a5a5a5a5a5a5ull

struct page {
	struct page *next;
	uint64_t *mem;
};

static struct {
	pthread_mutex_t lock;
	struct page *free;
	long live;
} pool = { .lock = PTHREAD_MUTEX_INITIALIZER };

static void *page_alloc(void *ctx, size_t size, size_t align)
{
	struct page *p;

	(void)ctx;
	pthread_mutex_lock(&pool.lock);
	p = pool.free;
	if (p)
		pool.free = p->next;
	pool.live++;
	pthread_mutex_unlock(&pool.lock);
	if (p) {
		uint64_t *mem = p->mem;

		for (size_t i = 0; i < size / 8; i++)
			if (__atomic_load_n(&mem[i], __ATOMIC_RELAXED) != POISON)
				fail("somebody wrote into a freed table");
		free(p);
		memset(mem, 0, size);
		return mem;
	}
	p = aligned_alloc(align, size);
	return p ? memset(p, 0, size) : NULL;
}

static void page_free(void *ctx, void *ptr, size_t size, size_t align)
{
	struct page *p = malloc(sizeof(*p));
	uint64_t *mem = ptr;

	(void)ctx, (void)align;
	for (size_t i = 0; i < size / 8; i++) {
		if (mem[i])
			fail("a page came back with something in it");
		__atomic_store_n(&mem[i], POISON, __ATOMIC_RELAXED);
	}
	p->mem = mem;
	pthread_mutex_lock(&pool.lock);
	p->next = pool.free;
	pool.free = p;
	pool.live--;
	pthread_mutex_unlock(&pool.lock);
}

void poison_empty(void)
{
	while (pool.free) {
		struct page *p = pool.free;

		pool.free = p->next;
		free(p->mem);
		free(p);
	}
}

long poison_live(void)
{
	return pool.live;
}

const struct plat_mem_ops poison_mem_ops = { .alloc = page_alloc, .free = page_free };

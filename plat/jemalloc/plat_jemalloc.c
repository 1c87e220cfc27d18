/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * plat_jemalloc.c - memory ops over private jemalloc arenas, with a cache per thread.
 *
 * jemalloc bypasses its automatic thread cache when an arena is named, and a
 * lock per page-table page is too much.  An explicit cache (tcache.create)
 * serves whatever it holds, whichever arena is named, so each thread has one per
 * arena.  They hang off one thread-local structure, indexed by a small number
 * ("slot") that each arena owns; arenas beyond the slots go without.
 *
 * Counters are deltas in the thread's structure, written by that thread only,
 * folded into the arena's totals when they grow large and when the thread exits.
 */
#include "plat_jemalloc.h"

#include <jemalloc/jemalloc.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SLOTS 32u
#define FOLD_BYTES 65536

#define load(p) __atomic_load_n((p), __ATOMIC_RELAXED)
#define store(p, v) __atomic_store_n((p), (v), __ATOMIC_RELAXED)
#define add(p, v) __atomic_fetch_add((p), (v), __ATOMIC_RELAXED)

struct arena {
	unsigned index; /* jemalloc's */
	unsigned slot;	/* < SLOTS, or SLOTS: no thread caches */
	int64_t bytes;	/* less the threads' deltas */
	int64_t blocks;
	int64_t peak_bytes;
};

struct plat_je {
	struct arena meta;
	struct arena pages;
};

/*
 * jemalloc zeroes blocks of 16 KiB and more by handing their pages back to the
 * kernel; the page faults that follow take longer than writing zeroes, unless the
 * block is large and little of it will ever be touched.
 */
#define ZERO_BY_HAND ((size_t)256 << 10)

struct cache {
	unsigned tcache;
	int flags; /* for mallocx(); 0: not made yet */
	int64_t bytes;
	int64_t blocks;
};

struct thread {
	struct thread *next;
	struct thread **prev;
	struct cache cache[SLOTS];
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* guards the following */
static struct thread *threads;
static struct arena *slots[SLOTS];

static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_key_t exit_key;
static bool have_key;
static __thread struct thread *self;
static __thread bool exiting; /* the destructor ran: no cache any more */

static void fold(struct arena *arena, struct cache *cache)
{
	add(&arena->bytes, cache->bytes);
	add(&arena->blocks, cache->blocks);
	store(&cache->bytes, 0);
	store(&cache->blocks, 0);
}

/* Caller holds the lock; nobody uses the cache. */
static void drop_cache(struct arena *arena, struct cache *cache)
{
	fold(arena, cache);
	if (cache->flags)
		mallctl("tcache.destroy", NULL, NULL, &cache->tcache, sizeof(cache->tcache));
	cache->flags = 0;
}

static void thread_exit(void *arg)
{
	struct thread *t = arg;

	exiting = true;
	self = NULL;
	pthread_mutex_lock(&lock);
	for (unsigned i = 0; i < SLOTS; i++)
		if (slots[i])
			drop_cache(slots[i], &t->cache[i]);
	*t->prev = t->next;
	if (t->next)
		t->next->prev = t->prev;
	pthread_mutex_unlock(&lock);
	free(t);
}

static void before_fork(void)
{
	pthread_mutex_lock(&lock);
}

static void after_fork(void)
{
	pthread_mutex_unlock(&lock);
}

static void init_once(void)
{
	have_key = !pthread_key_create(&exit_key, thread_exit) &&
		   !pthread_atfork(before_fork, after_fork, after_fork);
}

static struct thread *thread_get(void)
{
	struct thread *t;

	if (self || exiting || !have_key)
		return self;
	t = calloc(1, sizeof(*t));
	if (!t)
		return NULL;
	if (pthread_setspecific(exit_key, t)) {
		free(t);
		return NULL;
	}
	pthread_mutex_lock(&lock);
	t->next = threads;
	t->prev = &threads;
	if (threads)
		threads->prev = &t->next;
	threads = t;
	pthread_mutex_unlock(&lock);
	self = t;
	return t;
}

/* The first use of @arena by this thread; NULL: it has to go without a cache. */
static __attribute__((noinline)) struct cache *cache_make(struct arena *arena)
{
	struct thread *t = arena->slot < SLOTS ? thread_get() : NULL;
	size_t len = sizeof(unsigned);
	struct cache *cache;

	if (!t)
		return NULL;
	cache = &t->cache[arena->slot];
	if (mallctl("tcache.create", &cache->tcache, &len, NULL, 0))
		return NULL;
	cache->flags = (int)(MALLOCX_ARENA(arena->index) | MALLOCX_TCACHE(cache->tcache));
	return cache;
}

static inline struct cache *cache_get(struct arena *arena)
{
	if (self && arena->slot < SLOTS && self->cache[arena->slot].flags)
		return &self->cache[arena->slot];
	return cache_make(arena);
}

static inline int cache_flags(const struct arena *arena, const struct cache *cache)
{
	return cache ? cache->flags : (int)(MALLOCX_ARENA(arena->index) | MALLOCX_TCACHE_NONE);
}

static inline void count(struct arena *arena, struct cache *cache, int64_t bytes, int64_t blocks)
{
	int64_t live, peak;

	if (cache) {
		store(&cache->bytes, cache->bytes + bytes);
		store(&cache->blocks, cache->blocks + blocks);
		live = load(&arena->bytes) + cache->bytes;
		if (cache->bytes > FOLD_BYTES || cache->bytes < -FOLD_BYTES)
			fold(arena, cache);
	} else {
		live = add(&arena->bytes, bytes) + bytes;
		add(&arena->blocks, blocks);
	}
	peak = load(&arena->peak_bytes);
	while (live > peak && !__atomic_compare_exchange_n(&arena->peak_bytes, &peak, live, true,
							   __ATOMIC_RELAXED, __ATOMIC_RELAXED))
		;
}

static void *je_alloc(void *ctx, size_t size, size_t align)
{
	struct arena *arena = ctx;
	struct cache *cache;
	int flags;
	void *p;

	if (!size || !align || (align & (align - 1)) || size > PTRDIFF_MAX - align)
		return NULL;
	cache = cache_get(arena);
	flags = cache_flags(arena, cache) | MALLOCX_ALIGN(align);
	p = mallocx(size, size > ZERO_BY_HAND ? flags | MALLOCX_ZERO : flags);
	if (!p)
		return NULL;
	if (size <= ZERO_BY_HAND)
		memset(p, 0, size);
	count(arena, cache, (int64_t)size, 1);
	return p;
}

static void je_free(void *ctx, void *ptr, size_t size, size_t align)
{
	struct arena *arena = ctx;
	struct cache *cache;

	if (!ptr)
		return;
	cache = cache_get(arena);
	sdallocx(ptr, size, cache_flags(arena, cache) | MALLOCX_ALIGN(align));
	count(arena, cache, -(int64_t)size, -1);
}

static const struct plat_mem_ops je_ops = { je_alloc, je_free };

static int arena_create(struct arena *arena)
{
	size_t len = sizeof(arena->index);

	if (mallctl("arenas.create", &arena->index, &len, NULL, 0))
		return -ENOMEM;
	pthread_mutex_lock(&lock);
	for (arena->slot = 0; arena->slot < SLOTS && slots[arena->slot]; arena->slot++)
		;
	if (arena->slot < SLOTS)
		slots[arena->slot] = arena;
	pthread_mutex_unlock(&lock);
	return 0;
}

static uint64_t arena_destroy(struct arena *arena)
{
	char name[48];

	pthread_mutex_lock(&lock);
	if (arena->slot < SLOTS) {
		for (struct thread *t = threads; t; t = t->next)
			drop_cache(arena, &t->cache[arena->slot]);
		slots[arena->slot] = NULL;
	}
	pthread_mutex_unlock(&lock);
	snprintf(name, sizeof(name), "arena.%u.destroy", arena->index);
	mallctl(name, NULL, NULL, NULL, 0);
	return (uint64_t)arena->bytes;
}

int plat_je_create(struct plat_je **out)
{
	struct plat_je *je;

	if (!out)
		return -EINVAL;
	pthread_once(&once, init_once);
	je = calloc(1, sizeof(*je));
	if (!je)
		return -ENOMEM;
	if (arena_create(&je->meta)) {
		free(je);
		return -ENOMEM;
	}
	if (arena_create(&je->pages)) {
		arena_destroy(&je->meta);
		free(je);
		return -ENOMEM;
	}
	*out = je;
	return 0;
}

uint64_t plat_je_destroy(struct plat_je *je)
{
	uint64_t left;

	if (!je)
		return 0;
	left = arena_destroy(&je->meta) + arena_destroy(&je->pages);
	free(je);
	return left;
}

struct plat_mem plat_je_meta(struct plat_je *je)
{
	return (struct plat_mem){ &je_ops, &je->meta };
}

struct plat_mem plat_je_pages(struct plat_je *je)
{
	return (struct plat_mem){ &je_ops, &je->pages };
}

/* Caller holds the lock. */
static void arena_read(const struct arena *arena, uint64_t *bytes, uint64_t *blocks,
		       uint64_t *peak_bytes)
{
	int64_t b = load(&arena->bytes), n = load(&arena->blocks);

	if (arena->slot < SLOTS) {
		for (const struct thread *t = threads; t; t = t->next) {
			b += load(&t->cache[arena->slot].bytes);
			n += load(&t->cache[arena->slot].blocks);
		}
	}
	*bytes = (uint64_t)b;
	*blocks = (uint64_t)n;
	*peak_bytes = (uint64_t)load(&arena->peak_bytes);
}

void plat_je_stats(struct plat_je *je, struct plat_je_stats *s)
{
	pthread_mutex_lock(&lock);
	arena_read(&je->meta, &s->meta_bytes, &s->meta_blocks, &s->meta_peak_bytes);
	arena_read(&je->pages, &s->page_bytes, &s->page_blocks, &s->page_peak_bytes);
	pthread_mutex_unlock(&lock);
}

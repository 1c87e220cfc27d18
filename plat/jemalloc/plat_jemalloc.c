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
 * Where there are several memory nodes (NUMA), metadata has an arena more per node, whose
 * extents are asked for from there.  A cache would hand a block of one node to a caller of
 * another, and a free does not tell whose a block is: there metadata goes without.
 *
 * Counters are deltas in the thread's structure, written by that thread only,
 * folded into the arena's totals when they grow large and when the thread exits.
 */
#include "plat_jemalloc.h"
#include "plat_node.h"

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

/* Blocks of it are counted in the arena of metadata. */
struct near {
	extent_hooks_t hooks; /* the first member: jemalloc passes a pointer to it */
	extent_hooks_t *std;  /* jemalloc's own */
	unsigned index;
	int node;
};

struct plat_je {
	struct arena meta; /* the first member: the context of its functions */
	struct arena pages;
	unsigned nr_near; /* 0: one memory node, or none known */
	struct near near[];
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

static inline void *alloc_from(struct arena *arena, struct cache *cache, int from, size_t size,
			       size_t align)
{
	int flags = from | MALLOCX_ALIGN(align);
	void *p;

	p = mallocx(size, size > ZERO_BY_HAND ? flags | MALLOCX_ZERO : flags);
	if (!p)
		return NULL;
	if (size <= ZERO_BY_HAND)
		memset(p, 0, size);
	count(arena, cache, (int64_t)size, 1);
	return p;
}

static inline bool is_sane(size_t size, size_t align)
{
	return size && align && !(align & (align - 1)) && size <= PTRDIFF_MAX - align;
}

static void *je_alloc(void *ctx, size_t size, size_t align)
{
	struct arena *arena = ctx;
	struct cache *cache;

	if (!is_sane(size, align))
		return NULL;
	cache = cache_get(arena);
	return alloc_from(arena, cache, cache_flags(arena, cache), size, align);
}

static void *je_alloc_near(void *ctx, size_t size, size_t align, unsigned cpu)
{
	struct plat_je *je = ctx;
	int node = je->nr_near ? plat_node_of_cpu(cpu) : PLAT_NODE_NONE;

	if (node < 0 || !is_sane(size, align))
		return je_alloc(ctx, size, align);
	return alloc_from(&je->meta, NULL,
			  (int)(MALLOCX_ARENA(je->near[node].index) | MALLOCX_TCACHE_NONE), size,
			  align);
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

static const struct plat_mem_ops page_ops = { .alloc = je_alloc, .free = je_free };
static const struct plat_mem_ops meta_ops = {
	.alloc = je_alloc,
	.free = je_free,
	.alloc_near = je_alloc_near,
};

static void *extent_alloc(extent_hooks_t *hooks, void *at, size_t size, size_t align, bool *zero,
			  bool *commit, unsigned index)
{
	const struct near *near = (const struct near *)hooks;
	void *p = near->std->alloc(near->std, at, size, align, zero, commit, index);

	if (p)
		plat_node_prefer(p, size, near->node);
	return p;
}

static int near_create(struct near *near, unsigned node)
{
	size_t len = sizeof(near->std), index_len = sizeof(near->index);
	extent_hooks_t *hooks = &near->hooks;

	near->node = (int)node;
	if (mallctl("arena.0.extent_hooks", &near->std, &len, NULL, 0))
		return -ENOMEM;
	near->hooks = *near->std; /* which look at no hooks of theirs */
	near->hooks.alloc = extent_alloc;
	if (mallctl("arenas.create", &near->index, &index_len, &hooks, sizeof(hooks)))
		return -ENOMEM;
	return 0;
}

static int arena_create(struct arena *arena, bool caches)
{
	size_t len = sizeof(arena->index);

	if (mallctl("arenas.create", &arena->index, &len, NULL, 0))
		return -ENOMEM;
	pthread_mutex_lock(&lock);
	for (arena->slot = caches ? 0 : SLOTS; arena->slot < SLOTS && slots[arena->slot];
	     arena->slot++)
		;
	if (arena->slot < SLOTS)
		slots[arena->slot] = arena;
	pthread_mutex_unlock(&lock);
	return 0;
}

static void extents_destroy(unsigned index)
{
	char name[48];

	snprintf(name, sizeof(name), "arena.%u.destroy", index);
	mallctl(name, NULL, NULL, NULL, 0);
}

static uint64_t arena_destroy(struct arena *arena)
{
	pthread_mutex_lock(&lock);
	if (arena->slot < SLOTS) {
		for (struct thread *t = threads; t; t = t->next)
			drop_cache(arena, &t->cache[arena->slot]);
		slots[arena->slot] = NULL;
	}
	pthread_mutex_unlock(&lock);
	extents_destroy(arena->index);
	return (uint64_t)arena->bytes;
}

int plat_je_create(struct plat_je **out)
{
	unsigned nodes = plat_node_end();
	struct plat_je *je;

	if (!out)
		return -EINVAL;
	pthread_once(&once, init_once);
	nodes = nodes > 1 ? nodes : 0;
	je = calloc(1, sizeof(*je) + nodes * sizeof(je->near[0]));
	if (!je)
		return -ENOMEM;
	if (arena_create(&je->meta, !nodes)) {
		free(je);
		return -ENOMEM;
	}
	if (arena_create(&je->pages, true)) {
		arena_destroy(&je->meta);
		free(je);
		return -ENOMEM;
	}
	*out = je;
	for (; je->nr_near < nodes; je->nr_near++) {
		if (near_create(&je->near[je->nr_near], je->nr_near)) {
			plat_je_destroy(je);
			return -ENOMEM;
		}
	}
	return 0;
}

uint64_t plat_je_destroy(struct plat_je *je)
{
	uint64_t left;

	if (!je)
		return 0;
	left = arena_destroy(&je->meta) + arena_destroy(&je->pages);
	while (je->nr_near)
		extents_destroy(je->near[--je->nr_near].index);
	free(je);
	return left;
}

struct plat_mem plat_je_meta(struct plat_je *je)
{
	return (struct plat_mem){ &meta_ops, je };
}

struct plat_mem plat_je_pages(struct plat_je *je)
{
	return (struct plat_mem){ &page_ops, &je->pages };
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

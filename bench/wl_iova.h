/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * wl_iova.h - the IOVA workloads, compiled once per side.
 *
 * The including file defines what follows; a "handle" is what the side's calls
 * return and take, a pfn counts 4 KiB pages.
 *   side_space             type of the allocator object
 *   SIDE_TABLE             name of the table this file defines
 *   side_create()          48-bit space from pfn 1, or NULL
 *   side_destroy(s)        true when nothing was left allocated
 *   side_alloc(s, pages, last_pfn), side_failed(handle)
 *   side_full(handle)      it failed because there is no room, and says so
 *   side_free(s, handle, pages)
 *   side_alloc_plain(), side_free_plain()   the same for set-up: past any cache
 *   side_reserve(s, first_pfn, last_pfn)    true when done
 *   side_pfn(handle), side_handle(pfn)
 */
#include <stdlib.h>
#include <string.h>

#include "harness.h"
#include "stats.h"

#define LAST_32BIT ((1ul << 20) - 1)
#define LAST_48BIT ((1ul << 36) - 1)
#define PAGES_256K 64
#define QUEUE 1024
#define RING 256

struct slot {
	uint64_t handle;
	uint32_t pages;
};

struct wl {
	side_space *space;
	uint64_t seed;
	/* random replacement */
	struct slot *slots;
	uint32_t nr_slots;
	bool large;
	unsigned budget_ms;
	long chunk;
	/* holes */
	uint64_t *live; /* pfns, descending */
	size_t nr_live;
	size_t next_live;
	uint64_t big;
	double *samples;
	/* ring */
	uint64_t ring[RING];
};

static struct wl *wl_new(void)
{
	struct wl *wl = calloc(1, sizeof(*wl));

	if (!wl)
		bench_die("no memory");
	wl->space = side_create();
	if (!wl->space)
		bench_die("cannot create an address space");
	wl->seed = 0x9e3779b97f4a7c15ull;
	return wl;
}

static void wl_delete(struct wl *wl)
{
	if (!side_destroy(wl->space))
		bench_die("ranges were lost");
	free(wl->slots);
	free(wl->live);
	free(wl->samples);
	free(wl);
}

static void *setup_plain(void)
{
	return wl_new();
}

static void teardown_plain(void *state)
{
	wl_delete(state);
}

/* Allocates and dies on failure: nothing but full32 may fail. */
static inline uint64_t must_alloc(side_space *space, unsigned long pages, unsigned long last_pfn)
{
	uint64_t handle = side_alloc(space, pages, last_pfn);

	if (__builtin_expect(side_failed(handle), 0))
		bench_die("allocation failed");
	return handle;
}

/* pair: allocate, free, the same size again and again */
static bench_noinline void timed_pair_4k(void *state, long n)
{
	side_space *space = ((struct wl *)state)->space;

	while (n--)
		side_free(space, must_alloc(space, 1, LAST_48BIT), 1);
}

static double round_pair_4k(void *state)
{
	return bench_time(timed_pair_4k, state, 4096, 20);
}

/* ring: 256 live; free the oldest, allocate the next */
static bench_noinline void timed_ring(void *state, long n)
{
	struct wl *wl = state;
	unsigned head = 0;

	while (n--) {
		side_free(wl->space, wl->ring[head], 1);
		wl->ring[head] = must_alloc(wl->space, 1, LAST_48BIT);
		head = (head + 1) % RING;
	}
}

static void *setup_ring(void)
{
	struct wl *wl = wl_new();
	int i;

	for (i = 0; i < RING; i++)
		wl->ring[i] = must_alloc(wl->space, 1, LAST_48BIT);
	return wl;
}

static double round_ring(void *state)
{
	/* a multiple of RING, so that every call starts at the oldest */
	return bench_time(timed_ring, state, 16 * RING, 20);
}

static void teardown_ring(void *state)
{
	struct wl *wl = state;
	int i;

	for (i = 0; i < RING; i++)
		side_free(wl->space, wl->ring[i], 1);
	wl_delete(wl);
}

/* random replacement: free a random one of N, allocate another size in its place */
static inline uint32_t pick_pages(bool large, uint64_t x)
{
	static const uint16_t big[3] = { PAGES_256K, 256, 512 };

	return large ? big[(x & 0xffff) * 3 >> 16] : 1 + (x & 15);
}

static bench_noinline void timed_replace(void *state, long n)
{
	struct wl *wl = state;

	while (n--) {
		uint64_t x = bench_rand(&wl->seed);
		struct slot *slot = &wl->slots[(x >> 32) * wl->nr_slots >> 32];
		uint32_t pages = pick_pages(wl->large, x);

		side_free(wl->space, slot->handle, slot->pages);
		slot->handle = must_alloc(wl->space, pages, LAST_48BIT);
		slot->pages = pages;
	}
}

/* Linux slows down for as long as large ranges are replaced: bound the ageing by time. */
#define AGEING_NS 3000000000ull

static void *setup_replace(uint32_t nr, bool large, unsigned budget_ms)
{
	struct wl *wl = wl_new();
	uint64_t t = bench_cpu_ns();
	uint32_t i;

	wl->slots = calloc(nr, sizeof(*wl->slots));
	if (!wl->slots)
		bench_die("no memory");
	wl->nr_slots = nr;
	wl->large = large;
	wl->budget_ms = budget_ms;
	wl->chunk = large ? 64 : 1024;
	for (i = 0; i < nr; i++) {
		wl->slots[i].pages = pick_pages(large, bench_rand(&wl->seed));
		wl->slots[i].handle = must_alloc(wl->space, wl->slots[i].pages, LAST_48BIT);
	}
	for (i = 0; i < 2 * nr && bench_cpu_ns() - t < AGEING_NS; i += 100)
		timed_replace(wl, 100);
	return wl;
}

static void *setup_mixed_100k(void)
{
	return setup_replace(100000, false, 20);
}

static void *setup_mixed_1m(void)
{
	return setup_replace(1000000, false, 40);
}

static void *setup_large_10k(void)
{
	return setup_replace(10000, true, 100);
}

/*
 * No steady state here: the peer gets slower for minutes.  Set-up and rounds are
 * bounded by time, which shows the peer younger, and so faster, than it becomes.
 */
static void *setup_large_100k(void)
{
	return setup_replace(100000, true, 200);
}

static double round_replace(void *state)
{
	struct wl *wl = state;

	return bench_time(timed_replace, wl, wl->chunk, wl->budget_ms);
}

static void teardown_replace(void *state)
{
	struct wl *wl = state;
	uint32_t i;

	for (i = 0; i < wl->nr_slots; i++)
		side_free(wl->space, wl->slots[i].handle, wl->slots[i].pages);
	wl_delete(wl);
}

/* two threads, each its own pairs, in one space */
static bench_noinline void body_pairs(side_space *space, unsigned long pages, long n)
{
	while (n--)
		side_free(space, must_alloc(space, pages, LAST_48BIT), pages);
}

static void body_private_4k(void *state, int id, long n)
{
	(void)id;
	body_pairs(((struct wl *)state)->space, 1, n);
}

static void body_private_256k(void *state, int id, long n)
{
	(void)id;
	body_pairs(((struct wl *)state)->space, PAGES_256K, n);
}

static double round_private_4k(void *state)
{
	return bench_two(body_private_4k, state);
}

static double round_private_256k(void *state)
{
	return bench_two(body_private_256k, state);
}

/*
 * One thread allocates, the other frees; ranges travel through a queue of our
 * own, whose cost (a few ns) is part of both sides' figures.  Each end keeps its
 * own copy of the other's index and re-reads it only when it must.
 */
static struct {
	_Alignas(128) uint64_t head;
	uint64_t seen_tail;
	_Alignas(128) uint64_t tail;
	uint64_t seen_head;
	_Alignas(128) uint64_t handle[QUEUE];
} queue;

static bench_noinline void produce(side_space *space, long n)
{
	while (n--) {
		uint64_t handle = must_alloc(space, 1, LAST_48BIT);

		while (queue.head - queue.seen_tail == QUEUE)
			queue.seen_tail = __atomic_load_n(&queue.tail, __ATOMIC_ACQUIRE);
		queue.handle[queue.head % QUEUE] = handle;
		__atomic_store_n(&queue.head, queue.head + 1, __ATOMIC_RELEASE);
	}
}

static bench_noinline void consume(side_space *space, long n)
{
	while (n--) {
		while (queue.tail == queue.seen_head)
			queue.seen_head = __atomic_load_n(&queue.head, __ATOMIC_ACQUIRE);
		side_free(space, queue.handle[queue.tail % QUEUE], 1);
		__atomic_store_n(&queue.tail, queue.tail + 1, __ATOMIC_RELEASE);
	}
}

static void body_remote_free(void *state, int id, long n)
{
	side_space *space = ((struct wl *)state)->space;

	if (id == 0)
		produce(space, n);
	else
		consume(space, n);
}

static double round_remote_free(void *state)
{
	return bench_two(body_remote_free, state);
}

#include "wl_iova_holes.h"

const struct bench_side SIDE_TABLE[] = {
	{ "iova/pair_4k", setup_plain, round_pair_4k, teardown_plain },
	{ "iova/pair_4k_vs_malloc", setup_plain, round_pair_4k, teardown_plain },
	{ "iova/ring256_4k", setup_ring, round_ring, teardown_ring },
	{ "iova/mixed_4k_64k", setup_mixed_100k, round_replace, teardown_replace },
	{ "iova/mixed_4k_64k_1m", setup_mixed_1m, round_replace, teardown_replace },
	{ "iova/large_256k_2m", setup_large_10k, round_replace, teardown_replace },
	{ "iova/large_256k_2m_100k", setup_large_100k, round_replace, teardown_replace },
	{ "iova/full32_p99", setup_full32, round_full32_p99, teardown_holes },
	{ "iova/full32_worst", setup_full32, round_full32_worst, teardown_holes },
	{ "iova/holes64_worst", setup_holes64, round_holes64_worst, teardown_holes },
	{ "iova/private_2t", setup_plain, round_private_4k, teardown_plain },
	{ "iova/private_256k_2t", setup_plain, round_private_256k, teardown_plain },
	{ "iova/remote_free_2t", setup_plain, round_remote_free, teardown_plain },
	{ NULL, NULL, NULL, NULL },
};

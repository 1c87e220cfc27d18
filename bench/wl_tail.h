/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * wl_tail.h - the loads of bench/tail, compiled once per side.  The including file
 * has brought the side_*() calls (wl_iova.h has their list) and names TAIL_RUN.
 */
#include <stdlib.h>

#include "tail.h"

#define LARGE_SLOTS 64
#define PAGES_1M 256

struct tail_slot {
	uint64_t handle;
	uint32_t pages; /* 0: nothing, the request failed */
};

struct tail {
	const struct tail_case *c;
	struct tail_result *result;
	side_space *space;
	struct tail_slot *slot;
	uint32_t nr_slots;
	uint64_t seed;
};

static void timed_alloc(struct tail *t, struct tail_slot *slot, uint32_t pages)
{
	struct tail_result *r = t->result;
	struct bench_stamp stamp;

	bench_start(&stamp);
	slot->handle = side_alloc(t->space, pages, t->c->last_pfn);
	if (r->nr_alloc < r->max)
		r->alloc[r->nr_alloc++] = bench_stop(&stamp);
	slot->pages = side_failed(slot->handle) ? 0 : pages;
	r->failed += !slot->pages;
}

static void timed_free(struct tail *t, struct tail_slot *slot)
{
	struct tail_result *r = t->result;
	struct bench_stamp stamp;

	if (!slot->pages)
		return;
	bench_start(&stamp);
	side_free(t->space, slot->handle, slot->pages);
	if (r->nr_free < r->max)
		r->free[r->nr_free++] = bench_stop(&stamp);
	slot->pages = 0;
}

static void fill(struct tail *t, struct tail_slot *slot, uint32_t pages)
{
	slot->handle = side_alloc(t->space, pages, t->c->last_pfn);
	slot->pages = side_failed(slot->handle) ? 0 : pages;
}

/* Among the holes: of a small set, or refused. */
static void replace_beyond(struct tail *t, uint64_t x)
{
	struct tail_slot *slot = &t->slot[t->c->live + (x >> 32) % LARGE_SLOTS];

	timed_free(t, slot);
	timed_alloc(t, slot, 2 + (uint32_t)(x >> 8) % 15);
	if (t->c->full && slot->pages)
		bench_die("%u pages where there are only holes of one", slot->pages);
	if (!t->c->full)
		return;
	/* So that the space changes from one of them to the next: a page, elsewhere each time. */
	slot = &t->slot[(x >> 16) % t->c->live];
	if (slot->pages)
		side_free(t->space, slot->handle, 1);
	fill(t, slot, 1);
}

/* One range goes, another comes; of a set of its own if they are large. */
static void replace(struct tail *t)
{
	uint64_t x = bench_rand(&t->seed);
	bool large = t->c->large && x % 16 == 0;
	uint32_t nr = large ? LARGE_SLOTS : t->c->live;
	struct tail_slot *slot = &t->slot[large ? t->c->live : 0] + ((x >> 32) * nr >> 32);

	timed_free(t, slot);
	timed_alloc(t, slot,
		    large ? PAGES_1M + (uint32_t)(x >> 8 & 255) : 1 + (uint32_t)(x >> 8 & 15));
}

static int by_pfn(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/* Every page of twice as many as stay; then those with an odd number go. */
static void make_holes(struct tail *t)
{
	uint32_t nr = 2 * t->c->live, got = 0;
	uint64_t *pfn = malloc(nr * sizeof(*pfn)), handle;

	if (!pfn)
		bench_die("no memory");
	for (; got < nr; got++) {
		handle = side_alloc(t->space, 1, t->c->last_pfn);
		if (side_failed(handle))
			break;
		pfn[got] = side_pfn(handle);
	}
	if (got < nr - 2)
		bench_die("only %u of %u single pages found", got, nr);
	qsort(pfn, got, sizeof(*pfn), by_pfn);
	for (uint32_t i = 0; i < got; i++) {
		struct tail_slot *slot = &t->slot[t->result->live];

		if (pfn[i] % 2 || t->result->live == t->c->live) {
			side_free(t->space, side_handle(pfn[i]), 1);
			continue;
		}
		*slot = (struct tail_slot){ side_handle(pfn[i]), 1 };
		t->result->live++;
	}
	free(pfn);
}

static void tail_begin(struct tail *t)
{
	uint64_t before = tail_heap_bytes();

	t->space = side_create();
	if (!t->space)
		bench_die("cannot create an address space");
	if (t->c->holes)
		make_holes(t);
	for (uint32_t i = 0; i < t->c->live && !t->c->holes; i++) {
		fill(t, &t->slot[i], 1 + (uint32_t)(bench_rand(&t->seed) >> 8 & 15));
		t->result->live += t->slot[i].pages != 0;
	}
	t->result->heap_bytes = tail_heap_bytes() - before;
}

void TAIL_RUN(const struct tail_case *c, struct tail_result *result, uint64_t budget_ns)
{
	struct tail t = { .c = c, .result = result, .seed = 0x9e3779b97f4a7c15ull };
	uint64_t begun;

	t.nr_slots = c->live + (c->large || c->holes ? LARGE_SLOTS : 0);
	t.slot = calloc(t.nr_slots, sizeof(*t.slot));
	if (!t.slot)
		bench_die("no memory");
	tail_begin(&t);
	begun = bench_cpu_ns();
	while (result->nr_alloc < result->max && bench_cpu_ns() - begun < budget_ns)
		for (int i = 0; i < 16 && result->nr_alloc < result->max; i++)
			if (c->holes)
				replace_beyond(&t, bench_rand(&t.seed));
			else
				replace(&t);
	for (uint32_t i = 0; i < t.nr_slots; i++)
		if (t.slot[i].pages)
			side_free(t.space, t.slot[i].handle, t.slot[i].pages);
	if (!side_destroy(t.space))
		bench_die("ranges were lost");
	free(t.slot);
}

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

static void tail_begin(struct tail *t)
{
	uint64_t before = tail_heap_bytes();

	t->space = side_create();
	if (!t->space)
		bench_die("cannot create an address space");
	for (uint32_t i = 0; i < t->c->live; i++) {
		fill(t, &t->slot[i], 1 + (uint32_t)(bench_rand(&t->seed) >> 8 & 15));
		t->result->live += t->slot[i].pages != 0;
	}
	t->result->heap_bytes = tail_heap_bytes() - before;
}

void TAIL_RUN(const struct tail_case *c, struct tail_result *result, uint64_t budget_ns)
{
	struct tail t = { .c = c, .result = result, .seed = 0x9e3779b97f4a7c15ull };
	uint64_t begun;

	t.nr_slots = c->live + (c->large ? LARGE_SLOTS : 0);
	t.slot = calloc(t.nr_slots, sizeof(*t.slot));
	if (!t.slot)
		bench_die("no memory");
	tail_begin(&t);
	begun = bench_cpu_ns();
	while (result->nr_alloc < result->max && bench_cpu_ns() - begun < budget_ns)
		for (int i = 0; i < 16 && result->nr_alloc < result->max; i++)
			replace(&t);
	for (uint32_t i = 0; i < t.nr_slots; i++)
		if (t.slot[i].pages)
			side_free(t.space, t.slot[i].handle, t.slot[i].pages);
	if (!side_destroy(t.space))
		bench_die("ranges were lost");
	free(t.slot);
}

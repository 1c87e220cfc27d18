/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* space.c - a DMA space's beginning and end, and what could not be freed in between. */
#include "dmap_int.h"

#define DEFAULT_ENTRIES 256
#define MAX_ENTRIES 65536
#define DEFAULT_AGE_NS 10000000ull
#define MAX_STEP 32
#define MAX_SLOTS 65536
#define LONG_GRANULES 10ull

static bool config_ok(const struct dmap_config *c)
{
	return c->iova && c->pgtbl && c->inval && c->inval->submit && c->inval->poll &&
	       c->inval->wait && (c->mode == DMAP_STRICT || c->mode == DMAP_LAZY) &&
	       (!c->granule_lg2 || (c->granule_lg2 >= 12 && c->granule_lg2 <= 34)) &&
	       c->lazy_entries <= MAX_ENTRIES && c->cpu_slots <= MAX_SLOTS &&
	       !(c->flags & ~(DMAP_NO_32BIT_FIRST | DMAP_NO_TRIM));
}

static void set_limits(struct dmap_space *space, const struct dmap_config *config)
{
	uint64_t entries = config->lazy_entries ? config->lazy_entries : DEFAULT_ENTRIES;
	uint64_t size = 8, step = MAX_STEP;

	/* While one half is retired, the other fills; a long entry takes five slots. */
	while (size < 2 * entries)
		size *= 2;
	while (step > entries)
		step /= 2;
	space->lazy_entries = entries;
	space->ring_size = size;
	space->step_mask = step - 1;
	space->now_ns = config->now_ns;
	space->now_ctx = config->now_ctx;
	space->age_ns = config->lazy_age_ns ? config->lazy_age_ns : DEFAULT_AGE_NS;
}

static size_t rings_size(const struct dmap_space *space)
{
	return space->rings * sizeof(*space->ring);
}

int dmap_space_create(struct dmap_space **out, const struct dmap_config *config)
{
	struct dmap_space *space;

	if (!out || !config || !config_ok(config))
		return -EINVAL;
	space = plat_mem_alloc(&config->mem, sizeof(*space), PLAT_CACHELINE);
	if (!space)
		return -ENOMEM;
	space->mem = config->mem;
	space->iova = config->iova;
	space->pgtbl = config->pgtbl;
	space->inval = config->inval;
	space->inval_ctx = config->inval_ctx;
	space->granule_lg2 = config->granule_lg2 ? config->granule_lg2 : 12;
	space->granule_mask = (1ull << space->granule_lg2) - 1;
	space->lazy = config->mode == DMAP_LAZY;
	space->first_limit = config->flags & DMAP_NO_32BIT_FIRST ? ~0ull : 0xffffffff;
	space->low_full = DMAP_LOW_NOT_FULL;
	space->trim = !(config->flags & DMAP_NO_TRIM) && iova_space_can_trim(config->iova);
	space->long_bytes = LONG_GRANULES << space->granule_lg2;
	space->domain = config->domain;
	space->slots = config->cpu_slots ? config->cpu_slots : plat_cpu_count();
	space->own_slots = plat_percpu_ok() ? space->slots : 0;
	space->rings = space->slots + 1 + space->own_slots;
	space->start = 1;
	space->done = 1;
	set_limits(space, config);
	space->ring = dmap_alloc(space, rings_size(space));
	if (!space->ring) {
		plat_mem_free(&config->mem, space, sizeof(*space), PLAT_CACHELINE);
		return -ENOMEM;
	}
	for (unsigned i = 0; i < space->rings; i++)
		space->ring[i].mark = space->start;
	*out = space;
	return 0;
}

plat_noinline void dmap_release_tables(struct dmap_space *space, struct pgtbl_gather *gather)
{
	pgtbl_gather_release(space->pgtbl, gather);
}

plat_noinline void dmap_bad_free(struct dmap_space *space)
{
	DMAP_COUNT(space, bad_frees, 1);
}

/*
 * No completed invalidation covers the range.  Its addresses stay allocated; the
 * record serves to free them at destruction.  Without memory for it they stay for good.
 */
void dmap_quarantine(struct dmap_space *space, uint64_t first, uint64_t size,
		     struct pgtbl_gather *gather)
{
	struct dmap_quarantine *q = dmap_alloc(space, sizeof(*q));

	DMAP_COUNT(space, quarantined_bytes, size);
	if (!q) {
		DMAP_COUNT(space, lost_pages, gather->free_pages);
		return;
	}
	q->first = first;
	q->size = size;
	q->free_list = gather->free_list;
	q->free_tail = gather->free_tail;
	q->free_pages = gather->free_pages;
	do {
		/* relaxed: push only, and the pointer is not followed here */
		q->next = plat_load_relaxed(&space->quarantine);
		/* DMA-R8: publishes the record; read when no other call runs */
	} while (!plat_cas_full(&space->quarantine, q->next, q));
}

/* Destruction: @covered by a completed flush that is newer than every release? */
static void empty_quarantine(struct dmap_space *space, bool covered)
{
	struct dmap_quarantine *q, *next;

	for (q = space->quarantine; q; q = next) {
		struct pgtbl_gather gather;

		next = q->next;
		if (covered) {
			pgtbl_gather_init(&gather);
			gather.free_list = q->free_list;
			gather.free_tail = q->free_tail;
			gather.free_pages = q->free_pages;
			dmap_finish(space, q->first, q->size, &gather);
		}
		dmap_free(space, q, sizeof(*q));
	}
}

struct live_count {
	struct dmap_space *space;
	uint64_t nr;
};

static int count_if_mapped(void *ctx, const struct iova_range *range)
{
	struct live_count *live = ctx;
	uint64_t phys;

	if (!pgtbl_translate(live->space->pgtbl, range->first, &phys))
		live->nr++;
	return 0;
}

uint64_t dmap_space_destroy(struct dmap_space *space)
{
	struct live_count live = { space, 0 };
	int r = 0;

	if (!space)
		return 0;
	if (space->lazy)
		r = dmap_flush(space, false);
	/* With nothing queued that flushed nothing. */
	if (!r && space->quarantine)
		r = dmap_flush_sync(space);
	empty_quarantine(space, !r);
	iova_space_for_each(space->iova, 0, ~0ull, count_if_mapped, &live);
	for (unsigned i = 0; i < space->rings; i++)
		dmap_free(space, space->ring[i].slot, space->ring_size * sizeof(uint64_t));
	dmap_free(space, space->ring, rings_size(space));
	dmap_free(space, space, sizeof(*space));
	return live.nr;
}

void dmap_stats(struct dmap_space *space, struct dmap_stats *stats)
{
	const struct dmap_count *c = &space->count;
	/* relaxed: counters */
	uint64_t begun = plat_load_relaxed(&space->start) - 1;
	uint64_t flushes = begun - plat_load_relaxed(&c->rejected);
	uint64_t singles = 0, queued = 0;

	for (unsigned i = 0; i < space->rings; i++) {
		struct dmap_ring *ring = &space->ring[i];
		/* DMA-A3, before head: the difference cannot come out negative */
		uint64_t tail = plat_load_acquire(&ring->tail);

		/* relaxed: a snapshot for people */
		queued += plat_load_relaxed(&ring->head) - tail;
		singles += plat_load_relaxed(&ring->singles); /* relaxed: a counter */
	}
	stats->lazy_flushes = begun;
	/* relaxed: counters that order nothing */
	stats->strict_flushes = singles + plat_load_relaxed(&c->many);
	stats->failed_flushes = plat_load_relaxed(&c->failed);
	stats->range_cmds = singles + plat_load_relaxed(&c->many_ranges);
	stats->domain_cmds = flushes + plat_load_relaxed(&c->many_domains);
	stats->waits = stats->strict_flushes + flushes;
	stats->queued = queued;
	/* relaxed: counters that order nothing */
	stats->quarantined_bytes = plat_load_relaxed(&c->quarantined_bytes);
	stats->lost_pages = plat_load_relaxed(&c->lost_pages);
	stats->bad_frees = plat_load_relaxed(&c->bad_frees);
}

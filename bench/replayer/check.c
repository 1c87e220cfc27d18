/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* check.c - the checking pass. */
#include "check.h"

#include "check_queue.h"
#include "count_mem.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NONE UINT32_MAX

struct check {
	struct check_result *result;
	const struct trace *trace;
	const struct side_ops *ops;
	struct side *side;
	bool strict;
	struct check_queue queue;
	struct walk_cache walk_cache;
	struct count_mem meta, pages;
	uint64_t own_meta_bytes; /* that the side takes past config.meta */
	struct range_set *live;	 /* per domain; value: map's event */
	uint64_t *iova;		 /* per slot */
	uint32_t *mapped_by;	 /* per slot: event, NONE when empty */
	uint32_t unmapping;	 /* event of the map being unmapped, or NONE */
	uint64_t random;
};

static void wrong(struct check *c, uint32_t event, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static void wrong(struct check *c, uint32_t event, const char *format, ...)
{
	char text[160];
	va_list ap;

	if (c->result->errors++)
		return;
	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	if (event == NONE)
		snprintf(c->result->first_error, sizeof(c->result->first_error), "%s", text);
	else
		snprintf(c->result->first_error, sizeof(c->result->first_error),
			 "event %" PRIu32 ": %s", event, text);
}

/*
 * What the side's own allocations (not through config.meta) changed while it was
 * called.  Its table pages go through config.pages and are not metadata.
 */
struct meta_mark {
	uint64_t own, pages;
};

static struct meta_mark meta_begin(struct check *c)
{
	return (struct meta_mark){ c->ops->own_meta_bytes(c->side), c->pages.live_bytes };
}

static void meta_end(struct check *c, struct meta_mark mark)
{
	uint64_t now = c->ops->own_meta_bytes(c->side), total;

	if (now == 0 && mark.own == 0)
		return;
	c->own_meta_bytes += now - mark.own - (c->pages.live_bytes - mark.pages);
	total = c->own_meta_bytes + c->meta.live_bytes;
	if (total > c->result->peak_meta_bytes)
		c->result->peak_meta_bytes = total;
}

/* Physical address that @offset bytes into the mapping of @ev must translate to. */
static uint64_t expected(const struct check *c, const struct trace_event *ev, uint64_t offset)
{
	const struct pgtbl_segment *seg = &c->trace->seg[ev->seg];

	for (; offset >= seg->size; seg++)
		offset -= seg->size;
	return seg->phys + offset;
}

static void check_page(struct check *c, uint32_t event, uint64_t iova, uint64_t offset)
{
	const struct trace_event *ev = &c->trace->event[event];
	uint64_t want = expected(c, ev, offset), phys = 0;
	int ret = c->ops->translate(c->side, ev->domain, iova + offset, &phys);

	/* Page frame 0 and "not mapped" look alike on a side that answers with an address. */
	if (ret == -ENOENT && !want)
		return;
	if (ret)
		wrong(c, event, "iova %" PRIx64 " is not mapped after its map", iova + offset);
	else if (phys != want)
		wrong(c, event, "iova %" PRIx64 " translates to %" PRIx64 ", not to %" PRIx64,
		      iova + offset, phys, want);
}

static void check_gone(struct check *c, uint32_t event, uint64_t iova, const char *when)
{
	const struct trace_event *ev = &c->trace->event[event];
	uint64_t phys, last = iova + ev->size_bytes - TRACE_PAGE_BYTES;

	if (!c->ops->translate(c->side, ev->domain, iova, &phys))
		wrong(c, event, "iova %" PRIx64 " is still mapped %s", iova, when);
	else if (!c->ops->translate(c->side, ev->domain, last, &phys))
		wrong(c, event, "iova %" PRIx64 " is still mapped %s", last, when);
}

static void on_submit(void *ctx)
{
	struct check *c = ctx;
	uint32_t map = c->unmapping;

	if (map != NONE)
		check_gone(c, map, c->iova[c->trace->event[map].slot],
			   "when its invalidation is submitted");
}

static void check_placement(struct check *c, uint32_t event, uint64_t iova)
{
	const struct trace_event *ev = &c->trace->event[event];
	uint64_t last = iova + ev->size_bytes - 1, max = ev->limit;
	struct range other, range = {
		.first_pfn = iova >> TRACE_PAGE_LG2,
		.last_pfn = last >> TRACE_PAGE_LG2,
		.value = event,
	};
	int ret;

	if (max > SIDE_IOVA_LAST)
		max = SIDE_IOVA_LAST;
	if (iova % TRACE_PAGE_BYTES || !iova)
		wrong(c, event, "iova %" PRIx64 " is zero or not page aligned", iova);
	if (last < iova || last > max)
		wrong(c, event, "iova %" PRIx64 " ends beyond the limit %" PRIx64, iova, max);
	if (iova <= SIDE_MSI_LAST && last >= SIDE_MSI_FIRST)
		wrong(c, event, "iova %" PRIx64 " lies in the reserved window", iova);
	if (check_queue_stale(&c->queue, ev->domain, iova, last))
		wrong(c, event, "iova %" PRIx64 " is reused before its invalidation", iova);
	ret = ranges_add(&c->live[ev->domain], &range, &other);
	if (ret == -EEXIST)
		wrong(c, event, "iova %" PRIx64 " overlaps the live mapping of event %" PRIu64,
		      iova, other.value);
	if (ret == -ENOMEM)
		c->queue.no_memory = true;
}

static void check_map(struct check *c, uint32_t event)
{
	const struct trace_event *ev = &c->trace->event[event];
	struct meta_mark mark = meta_begin(c);
	uint64_t iova, pages = ev->size_bytes >> TRACE_PAGE_LG2;

	iova = c->ops->map(c->side, ev, &c->trace->seg[ev->seg]);
	meta_end(c, mark);
	if (iova_is_err(iova)) {
		c->result->failed_maps++;
		c->mapped_by[ev->slot] = NONE;
		return;
	}
	c->iova[ev->slot] = iova;
	c->mapped_by[ev->slot] = event;
	check_placement(c, event, iova);
	if (walk_cache_access(&c->walk_cache, ev->device, ev->domain, iova,
			      iova + ev->size_bytes - 1))
		c->queue.no_memory = true;
	/* xorshift64 */
	c->random ^= c->random << 13;
	c->random ^= c->random >> 7;
	c->random ^= c->random << 17;
	check_page(c, event, iova, 0);
	check_page(c, event, iova, ev->size_bytes - TRACE_PAGE_BYTES);
	check_page(c, event, iova, c->random % pages << TRACE_PAGE_LG2);
}

/* @ev: an unmap, or at the end of the trace the map itself. */
static void check_unmap(struct check *c, uint32_t event, const struct trace_event *ev)
{
	uint32_t map = c->mapped_by[ev->slot];
	uint64_t iova = c->iova[ev->slot], last = iova + ev->size_bytes - 1;
	struct meta_mark mark;
	int ret;

	if (map == NONE)
		return;
	ranges_take(&c->live[ev->domain], iova >> TRACE_PAGE_LG2, NULL);
	ret = check_queue_unmapped(&c->queue, ev->domain, iova, last);
	if (ret == -ENOMEM)
		c->queue.no_memory = true;
	mark = meta_begin(c);
	c->unmapping = map;
	ret = c->ops->unmap(c->side, ev, iova);
	c->unmapping = NONE;
	meta_end(c, mark);
	if (ret)
		wrong(c, event, "unmap of iova %" PRIx64 " failed: %s", iova, strerror(-ret));
	check_gone(c, map, iova, "after its unmap");
	if (c->strict && check_queue_stale(&c->queue, ev->domain, iova, last))
		wrong(c, event, "strict unmap of iova %" PRIx64 " returned before its invalidation",
		      iova);
	c->mapped_by[ev->slot] = NONE;
}

static void play(struct check *c)
{
	const struct trace *t = c->trace;
	struct meta_mark mark;
	uint32_t i;

	for (i = 0; i < t->nr_events; i++) {
		const struct trace_event *ev = &t->event[i];

		side_thread.now_ns = ev->time_ns;
		if (ev->time_ns >= side_thread.tick_ns) {
			mark = meta_begin(c);
			c->ops->tick(c->side);
			meta_end(c, mark);
		}
		if (ev->op == TRACE_MAP)
			check_map(c, i);
		else
			check_unmap(c, i, ev);
	}
	for (i = 0; i < t->nr_slots; i++)
		if (c->mapped_by[i] != NONE)
			check_unmap(c, c->mapped_by[i], &t->event[c->mapped_by[i]]);
	if (c->ops->drain(c->side))
		wrong(c, NONE, "the final drain failed");
}

static void check_end(struct check *c, uint64_t left)
{
	struct check_result *r = c->result;

	if (left)
		wrong(c, NONE, "%" PRIu64 " mappings were left at teardown", left);
	if (c->meta.live_bytes)
		wrong(c, NONE, "%" PRIu64 " bytes of metadata were left at teardown",
		      c->meta.live_bytes);
	if (c->pages.live_bytes)
		wrong(c, NONE, "%" PRIu64 " bytes of table pages were left at teardown",
		      c->pages.live_bytes);
	if (c->meta.peak_bytes > r->peak_meta_bytes)
		r->peak_meta_bytes = c->meta.peak_bytes;
	r->peak_table_pages = c->pages.peak_bytes >> TRACE_PAGE_LG2;
	r->leaf_tables = c->walk_cache.tables.count;
	r->walk_accesses = c->walk_cache.accesses;
	r->walk_misses = c->walk_cache.misses;
	dmap_simq_stats(c->queue.simq, &r->queue);
}

static int open_and_play(struct check *c, enum dmap_mode mode, struct plat_mem meta,
			 struct plat_mem pages)
{
	const struct side_config config = {
		.nr_domains = c->trace->nr_domains,
		.nr_cpus = c->trace->nr_cpus,
		.nr_threads = 1,
		.recorded_cpus = true,
		.mode = mode,
		.inval = &check_queue_ops,
		.inval_ctx = &c->queue,
		.meta = count_mem_init(&c->meta, meta),
		.pages = count_mem_init(&c->pages, pages),
	};
	uint64_t before = c->ops->own_meta_bytes(NULL), left;
	int ret = c->ops->open(&c->side, &config);

	if (ret)
		return ret;
	side_thread = (struct side_thread){ .tick_ns = 0 };
	meta_end(c, (struct meta_mark){ before, 0 });
	c->ops->enter(c->side);
	play(c);
	c->ops->leave(c->side);
	left = c->ops->close(c->side);
	check_end(c, left);
	return c->queue.no_memory ? -ENOMEM : 0;
}

static int check_init(struct check *c)
{
	const struct trace *t = c->trace;
	const struct dmap_simq_config simq = { .cpu_slots = side_cpu_slots(t->nr_cpus) };
	uint32_t i;
	int ret = dmap_simq_create(&c->queue.simq, &simq);

	if (!ret)
		ret = walk_cache_init(&c->walk_cache, t->nr_devices);
	if (!ret)
		ret = check_queue_init(&c->queue, c->queue.simq, t->nr_domains, &c->walk_cache);
	if (ret)
		return ret;
	c->queue.on_submit = on_submit;
	c->queue.on_submit_ctx = c;
	c->live = calloc(t->nr_domains, sizeof(*c->live));
	c->iova = calloc(t->nr_slots, sizeof(*c->iova));
	c->mapped_by = calloc(t->nr_slots, sizeof(*c->mapped_by));
	if (!c->live || !c->iova || !c->mapped_by)
		return -ENOMEM;
	for (i = 0; i < t->nr_slots; i++)
		c->mapped_by[i] = NONE;
	return 0;
}

static void check_fini(struct check *c)
{
	unsigned i;

	for (i = 0; c->live && i < c->trace->nr_domains; i++)
		ranges_clear(&c->live[i]);
	free(c->live);
	free(c->iova);
	free(c->mapped_by);
	walk_cache_fini(&c->walk_cache);
	if (c->queue.simq)
		dmap_simq_destroy(c->queue.simq);
	check_queue_fini(&c->queue);
}

int check_run(struct check_result *result, const struct trace *trace, const struct side_ops *ops,
	      enum dmap_mode mode, struct plat_mem meta, struct plat_mem pages)
{
	struct check c = {
		.result = result,
		.trace = trace,
		.ops = ops,
		.strict = mode == DMAP_STRICT,
		.unmapping = NONE,
		.random = 0x9e3779b97f4a7c15ull,
	};
	int ret;

	*result = (struct check_result){ 0 };
	ret = check_init(&c);
	if (!ret)
		ret = open_and_play(&c, mode, meta, pages);
	check_fini(&c);
	return ret;
}

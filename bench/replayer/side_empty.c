/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* side_empty.c - does nothing: what a pass over it costs is the harness's own cost. */
#include "side.h"

struct side {
	unsigned nr_domains;
};

static struct side empty;

static int empty_open(struct side **side, const struct side_config *config)
{
	empty.nr_domains = config->nr_domains;
	*side = &empty;
	return 0;
}

static uint64_t empty_close(struct side *side)
{
	(void)side;
	return 0;
}

static uint64_t empty_map(struct side *side, const struct trace_event *event,
			  const struct pgtbl_segment *seg)
{
	(void)side, (void)seg;
	return (uint64_t)event->slot << TRACE_PAGE_LG2;
}

static int empty_unmap(struct side *side, const struct trace_event *event, uint64_t iova)
{
	(void)side, (void)event, (void)iova;
	return 0;
}

static void empty_tick(struct side *side)
{
	(void)side;
	side_thread.tick_ns = SIDE_NEVER;
}

static int empty_drain(struct side *side)
{
	(void)side;
	return 0;
}

static int empty_translate(struct side *side, unsigned domain, uint64_t iova, uint64_t *phys)
{
	(void)side, (void)domain, (void)iova, (void)phys;
	return -ENOENT;
}

static void empty_enter(struct side *side)
{
	(void)side;
}

static void empty_leave(struct side *side)
{
	(void)side;
}

static uint64_t empty_meta(struct side *side)
{
	(void)side;
	return 0;
}

const struct side_ops side_empty = {
	.name = "empty",
	.title = "nothing",
	.open = empty_open,
	.close = empty_close,
	.map = empty_map,
	.unmap = empty_unmap,
	.tick = empty_tick,
	.drain = empty_drain,
	.translate = empty_translate,
	.enter = empty_enter,
	.leave = empty_leave,
	.own_meta_bytes = empty_meta,
};

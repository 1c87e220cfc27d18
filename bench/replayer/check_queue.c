/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* check_queue.c - a watching invalidation queue. */
#include "check_queue.h"

#include <stdlib.h>
#include <string.h>

#define PAGE_LG2 12
#define LIST_SLACK 1024
#define SENT_FIRST 1024

/* The list names the ranges of the set, and some that have left it. */
struct check_stale {
	struct range_set set; /* value: serial number */
	struct range *list;
	size_t nr, cap;
	uint64_t serial;
};

struct check_sent {
	uint64_t fence;
	uint64_t serial; /* of the domain at submission: only older ranges are covered */
	struct dmap_inval_cmd cmd;
};

int check_queue_init(struct check_queue *queue, struct dmap_simq *simq, unsigned nr_domains,
		     struct walk_cache *walk_cache)
{
	*queue = (struct check_queue){
		.simq = simq,
		.nr_domains = nr_domains,
		.walk_cache = walk_cache,
	};
	queue->stale = calloc(nr_domains, sizeof(*queue->stale));
	/* Enough for most: growth during a call would count as the side's metadata. */
	queue->cap_sent = SENT_FIRST + nr_domains;
	queue->sent = calloc(queue->cap_sent, sizeof(*queue->sent));
	return queue->stale && queue->sent ? 0 : -ENOMEM;
}

void check_queue_fini(struct check_queue *queue)
{
	unsigned i;

	for (i = 0; queue->stale && i < queue->nr_domains; i++) {
		ranges_clear(&queue->stale[i].set);
		free(queue->stale[i].list);
	}
	free(queue->stale);
	free(queue->sent);
}

/* Drops what has left the set. */
static void compact(struct check_stale *stale)
{
	size_t i, kept = 0;
	struct range now;

	for (i = 0; i < stale->nr; i++) {
		const struct range *r = &stale->list[i];

		if (ranges_overlap(&stale->set, r->first_pfn, r->last_pfn, &now) &&
		    now.value == r->value)
			stale->list[kept++] = *r;
	}
	stale->nr = kept;
}

static int add_stale(struct check_stale *stale, const struct range *range)
{
	int ret;

	if (stale->nr == stale->cap) {
		if (stale->cap > 2 * (size_t)stale->set.count + LIST_SLACK)
			compact(stale);
		if (stale->nr == stale->cap) {
			size_t cap = stale->cap * 2 + LIST_SLACK;
			struct range *list = realloc(stale->list, cap * sizeof(*list));

			if (!list)
				return -ENOMEM;
			stale->list = list;
			stale->cap = cap;
		}
	}
	ret = ranges_add(&stale->set, range, NULL);
	if (!ret)
		stale->list[stale->nr++] = *range;
	return ret;
}

int check_queue_unmapped(struct check_queue *queue, unsigned domain, uint64_t first, uint64_t last)
{
	struct check_stale *stale = &queue->stale[domain];
	const struct range range = {
		.first_pfn = first >> PAGE_LG2,
		.last_pfn = last >> PAGE_LG2,
		.value = ++stale->serial,
	};

	return add_stale(stale, &range);
}

bool check_queue_stale(const struct check_queue *queue, unsigned domain, uint64_t first,
		       uint64_t last)
{
	return ranges_overlap(&queue->stale[domain].set, first >> PAGE_LG2, last >> PAGE_LG2,
			      NULL);
}

/* Takes [first, last] out of the set where it is older than @serial; the rest stays. */
static int clean_range(struct check_stale *stale, uint64_t first_pfn, uint64_t last_pfn,
		       uint64_t serial)
{
	struct range r, rest;
	uint64_t at = first_pfn;
	int ret = 0;

	while (!ret && at <= last_pfn && ranges_overlap(&stale->set, at, last_pfn, &r)) {
		at = r.last_pfn + 1;
		if (r.value > serial)
			continue;
		ranges_take(&stale->set, r.first_pfn, NULL);
		rest = r;
		rest.last_pfn = first_pfn - 1;
		if (r.first_pfn < first_pfn)
			ret = add_stale(stale, &rest);
		rest = r;
		rest.first_pfn = last_pfn + 1;
		if (!ret && r.last_pfn > last_pfn)
			ret = add_stale(stale, &rest);
	}
	return ret;
}

static void clean_domain(struct check_stale *stale, uint64_t serial)
{
	struct range now;
	size_t i;

	for (i = 0; i < stale->nr; i++) {
		const struct range *r = &stale->list[i];

		if (r->value <= serial &&
		    ranges_overlap(&stale->set, r->first_pfn, r->first_pfn, &now) &&
		    now.value == r->value)
			ranges_take(&stale->set, now.first_pfn, NULL);
	}
	compact(stale);
}

/* A completed command: what it covers is clean. */
static void completed(struct check_queue *queue, const struct check_sent *sent)
{
	struct check_stale *stale = &queue->stale[sent->cmd.domain];

	if (sent->cmd.kind == DMAP_INVAL_DOMAIN)
		clean_domain(stale, sent->serial);
	else if (clean_range(stale, sent->cmd.first >> PAGE_LG2, sent->cmd.last >> PAGE_LG2,
			     sent->serial))
		queue->no_memory = true;
}

/* @fence has completed, and with it, the queue being one, all that was sent before it. */
static void retire(struct check_queue *queue, uint64_t fence)
{
	unsigned i, n = 0;

	for (i = 0; i < queue->nr_sent; i++)
		if (queue->sent[i].fence == fence)
			n = i + 1;
	for (i = 0; i < n; i++)
		completed(queue, &queue->sent[i]);
	memmove(queue->sent, queue->sent + n, (queue->nr_sent - n) * sizeof(*queue->sent));
	queue->nr_sent -= n;
}

static bool note(struct check_queue *queue, const struct dmap_inval_cmd *cmd, uint64_t fence)
{
	if (queue->nr_sent == queue->cap_sent) {
		unsigned cap = 2 * queue->cap_sent + 16;
		struct check_sent *sent = realloc(queue->sent, cap * sizeof(*sent));

		if (!sent)
			return false;
		queue->sent = sent;
		queue->cap_sent = cap;
	}
	queue->sent[queue->nr_sent++] = (struct check_sent){
		.fence = fence,
		.serial = queue->stale[cmd->domain].serial,
		.cmd = *cmd,
	};
	return true;
}

/* A global command is one for each domain. */
static bool note_global(struct check_queue *queue, uint64_t fence)
{
	struct dmap_inval_cmd cmd = { .kind = DMAP_INVAL_DOMAIN };
	unsigned i;

	for (i = 0; i < queue->nr_domains; i++) {
		cmd.domain = (uint16_t)i;
		if (!note(queue, &cmd, fence))
			return false;
	}
	return true;
}

static int check_submit(void *ctx, const struct dmap_inval_cmd *cmd, unsigned nr, uint64_t *fence)
{
	struct check_queue *queue = ctx;
	unsigned i;
	int ret = dmap_simq_ops.submit(queue->simq, cmd, nr, fence);

	if (ret)
		return ret;
	/* What the queue reports as completed took effect here, so it must be safe here. */
	if (queue->on_submit)
		queue->on_submit(queue->on_submit_ctx);
	for (i = 0; i < nr; i++) {
		walk_cache_invalidate(queue->walk_cache, &cmd[i]);
		if (cmd[i].kind == DMAP_INVAL_GLOBAL) {
			queue->no_memory |= !note_global(queue, *fence);
			continue;
		}
		if (cmd[i].domain >= queue->nr_domains)
			return -EIO;
		queue->no_memory |= !note(queue, &cmd[i], *fence);
	}
	/* Fence 0: completed already, nobody will ask. */
	if (!*fence)
		retire(queue, 0);
	return 0;
}

static int check_poll(void *ctx, uint64_t fence)
{
	struct check_queue *queue = ctx;
	int ret = dmap_simq_ops.poll(queue->simq, fence);

	if (ret == 1)
		retire(queue, fence);
	return ret;
}

static int check_wait(void *ctx, uint64_t fence)
{
	struct check_queue *queue = ctx;
	int ret = dmap_simq_ops.wait(queue->simq, fence);

	if (!ret)
		retire(queue, fence);
	return ret;
}

const struct dmap_inval_ops check_queue_ops = {
	.submit = check_submit,
	.poll = check_poll,
	.wait = check_wait,
};

/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * check_queue.h - knows which ranges are unmapped but not yet invalidated.
 *
 * Stands between a side and the simulated queue.  A range becomes stale when its
 * unmap begins, and clean when an invalidation that was submitted afterwards,
 * and covers it, has completed.  One thread.
 */
#ifndef REPLAY_CHECK_QUEUE_H
#define REPLAY_CHECK_QUEUE_H

#include "dmap_simq.h"
#include "ranges.h"
#include "walk_cache.h"

struct check_queue {
	struct dmap_simq *simq;
	unsigned nr_domains;
	struct check_stale *stale; /* one per domain */
	struct walk_cache *walk_cache;
	struct check_sent *sent; /* submitted, not yet seen completed, in order */
	unsigned nr_sent, cap_sent;
	/* Called at each submission. */
	void (*on_submit)(void *ctx);
	void *on_submit_ctx;
	bool no_memory;
};

extern const struct dmap_inval_ops check_queue_ops; /* ctx: struct check_queue * */

int check_queue_init(struct check_queue *queue, struct dmap_simq *simq, unsigned nr_domains,
		     struct walk_cache *walk_cache);
void check_queue_fini(struct check_queue *queue);

/* 0, -EEXIST when part of it is stale already, -ENOMEM. */
int check_queue_unmapped(struct check_queue *queue, unsigned domain, uint64_t first,
			 uint64_t last);
/* Whether any byte is stale. */
bool check_queue_stale(const struct check_queue *queue, unsigned domain, uint64_t first,
		       uint64_t last);

#endif

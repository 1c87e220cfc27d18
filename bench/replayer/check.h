/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * check.h - one pass over a trace that believes nothing.
 *
 * Plays the trace through a side on one thread, with counting memory and with a
 * queue that watches, and compares everything with a model of its own:
 *  - map: page aligned, within the device's limit, off the reserved window,
 *    overlapping neither a live range nor one that is unmapped but not yet
 *    covered by a completed invalidation;
 *  - the first, the last and one more page of every mapping translate to the
 *    physical page that was asked for;
 *  - unmap: succeeds; its first and last page translate no more, and do not even
 *    when its invalidation is submitted; in strict mode it has been invalidated
 *    when the call returns;
 *  - teardown: no mapping left, no metadata, no table page.
 * The first thing found wrong is put into words; all are counted.
 */
#ifndef REPLAY_CHECK_H
#define REPLAY_CHECK_H

#include "dmap_simq.h"
#include "side.h"

struct check_result {
	uint64_t errors;
	char first_error[200];
	uint64_t failed_maps; /* no address or no memory: not an error, but said */
	uint64_t peak_meta_bytes;
	uint64_t peak_table_pages;
	uint64_t leaf_tables;
	uint64_t walk_accesses;
	uint64_t walk_misses;
	struct dmap_simq_stats queue;
};

/* 0 when the pass could be made, whatever it found; -errno when it could not. */
int check_run(struct check_result *result, const struct trace *trace, const struct side_ops *ops,
	      enum dmap_mode mode, struct plat_mem meta, struct plat_mem pages);

#endif

/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * dmap_simq.h - a simulated invalidation queue, a backend of struct dmap_inval_ops.
 *
 * A ring of descriptors that a simulated engine executes one after the other,
 * each taking the configured latency.  A submission is its commands and one
 * wait descriptor.  With latency 0 a submission completes before it returns
 * and the ring is not used.  For benchmarks, and, through @exec and injected faults, for tests.
 *
 * The engine runs inside submit, poll and wait of whoever calls them.
 *
 * Synchronisation: everything may be called from any threads at once, except
 * create and destroy.  Progress: submit and poll are lock-free (poll is
 * wait-free); wait is bounded by the time-out.  A latency other than 0 is not
 * for interrupt context.
 */
#ifndef DMAP_SIMQ_H
#define DMAP_SIMQ_H

#include "dmap.h"

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

struct dmap_simq;

/**
 * struct dmap_simq_config - a queue's properties
 * @latency_ns: time the engine takes per descriptor, waits included; 0: none.
 * @entries: descriptors in the ring, a power of two, 4..65536; 0: 256.  One stays empty.
 * @timeout_ns: how long wait() waits; 0: 1 s.
 * @now_ns: monotonic clock, called with @now_ctx; needed unless @latency_ns is 0.
 * @exec: NULL, or called with @exec_ctx for each command at the moment it takes
 *	effect: this is where a test's model of an IOTLB drops its entries.  Calls come one
 *	at a time, in queue order, unless @latency_ns is 0: then from all submitters at once.
 * @mem: memory for the queue.
 * @cpu_slots: CPUs with counters of their own; 0: all there may ever be.
 */
struct dmap_simq_config {
	uint64_t latency_ns;
	unsigned entries;
	uint64_t timeout_ns;
	uint64_t (*now_ns)(void *ctx);
	void *now_ctx;
	void (*exec)(void *ctx, const struct dmap_inval_cmd *cmd);
	void *exec_ctx;
	struct plat_mem mem;
	unsigned cpu_slots;
};

/* Descriptors accepted so far, by kind. */
struct dmap_simq_stats {
	uint64_t range;
	uint64_t domain;
	uint64_t global;
	uint64_t waits;
};

/* Operations of the queue; the context is the struct dmap_simq. */
extern const struct dmap_inval_ops dmap_simq_ops;

/**
 * dmap_simq_create() - make a queue
 * @q: where to store the handle.
 * @config: see there; copied.
 *
 * Return: 0; -EINVAL: a latency without a clock, @entries out of range; -ENOMEM.
 */
int dmap_simq_create(struct dmap_simq **q, const struct dmap_simq_config *config);

/**
 * dmap_simq_destroy() - free a queue, whatever it holds
 * @q: may be NULL.
 */
void dmap_simq_destroy(struct dmap_simq *q);

/**
 * dmap_simq_stats() - read the counters
 * @q: queue.
 * @stats: filled in.  Exact when no submission is under way.
 */
void dmap_simq_stats(struct dmap_simq *q, struct dmap_simq_stats *stats);

enum dmap_simq_fault {
	DMAP_SIMQ_NONE,
	DMAP_SIMQ_FULL,	  /* submit returns -EAGAIN */
	DMAP_SIMQ_BROKEN, /* submit returns -EIO */
	DMAP_SIMQ_LOST,	  /* accepted, never executed; poll 0, wait -ETIMEDOUT */
	DMAP_SIMQ_ERROR,  /* accepted, never executed; poll and wait -EIO */
	DMAP_SIMQ_LIAR,	  /* never executed but reported as completed: breaks the contract */
};

/**
 * dmap_simq_inject() - make future submissions fail
 * @q: queue.
 * @fault: how; DMAP_SIMQ_NONE cancels.
 * @skip: submissions that still succeed, at most 2^28 - 1.
 * @count: submissions after those that fail, at most 2^28 - 1; 0 cancels.
 *
 * Replaces what was injected before.  Injected faults make the queue slower.
 */
void dmap_simq_inject(struct dmap_simq *q, enum dmap_simq_fault fault, unsigned skip,
		      unsigned count);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif
#endif

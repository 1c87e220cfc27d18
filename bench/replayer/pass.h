/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * pass.h - one side, freshly made, plays one trace once.
 *
 * Every pass starts from empty domains and an idle queue and ends with nothing
 * left, so that passes can be repeated and compared.
 */
#ifndef REPLAY_PASS_H
#define REPLAY_PASS_H

#include "../clock.h"
#include "dmap_simq.h"
#include "side.h"

struct pass_config {
	const struct trace *trace;
	enum dmap_mode mode;
	uint64_t latency_ns; /* of the queue, per descriptor */
	unsigned nr_threads; /* 1: all CPUs of the recording on one thread; 2 */
	bool recorded_cpus;  /* one thread: act as the recorded CPU of each event */
	struct plat_mem meta, pages;
};

struct pass {
	const struct pass_config *config;
	const struct side_ops *ops;
	struct side *side;
	struct dmap_simq *simq;
	uint64_t *iova; /* what the maps returned, by slot; two threads: by map */
	uint64_t failed_maps;
	int error; /* first that an unmap or the queue returned */
};

/* 0 or -errno. */
int pass_open(struct pass *pass, const struct side_ops *ops, const struct pass_config *config);
/* Unmaps what the recording left mapped and destroys all. 0, or -EIO when something is left. */
int pass_close(struct pass *pass);

/* Plays every event on the calling thread; no clock inside. */
void pass_play(struct pass *pass);

/*
 * The same with a clock around every call: @ticks[n] becomes what event n took,
 * if that is less than what was there.
 */
void pass_play_timed(struct pass *pass, uint32_t *ticks, uint64_t *timer_ticks);

/* The finest clock there is: its ticks wait for what came before. */
static inline uint64_t pass_ticks(void)
{
#if defined(__x86_64__)
	unsigned aux;

	return __builtin_ia32_rdtscp(&aux);
#else
	return bench_wall_ns();
#endif
}

#endif

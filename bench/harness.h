/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * harness.h - clocks, threads and the shape of a measured workload.
 *
 * A workload is written once (wl_*.h) and compiled twice, for ours and for the
 * peer.  Each compilation yields a table of struct bench_side; programs run
 * rounds of the two sides alternately.
 *
 * What a round measures and what it does not:
 *  - time is the thread's CPU time, so being scheduled away does not count;
 *  - no clock is read inside a loop, except where single calls are the subject;
 *  - every round warms up before it measures, because the other side has just
 *    used the caches;
 *  - two-thread rounds that were preempted are run again.
 */
#ifndef BENCH_HARNESS_H
#define BENCH_HARNESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "clock.h"
#include "plat_mem.h"

#ifdef __clang__
#define bench_noinline __attribute__((noinline))
#else
#define bench_noinline __attribute__((noinline, noclone))
#endif
/* The compiler must have this value and cannot know what is done with it. */
#define bench_keep(x) __asm__ volatile("" : : "r"(x) : "memory")

/**
 * struct bench_side - one side of one comparison
 * @name: what is compared, as in "iova/pair_4k"
 * @setup: returns the state that the rounds share; does not return on failure
 * @round: runs one round, returns ns per operation
 * @teardown: frees the state; does not return if anything was lost
 */
struct bench_side {
	const char *name;
	void *(*setup)(void);
	double (*round)(void *state);
	void (*teardown)(void *state);
};

/* Side tables end with a NULL name. */
const struct bench_side *bench_find(const struct bench_side *const *tables, const char *name);

/* A loop of @n operations. */
typedef void bench_loop(void *state, long n);
/* The same on thread @id (0 or 1) of two. */
typedef void bench_body(void *state, int id, long n);

/* Once, from the main thread, before anything else: pins it to the first CPU. */
void bench_init(void);
/* Prints "bench: message" and exits with status 1. */
void bench_die(const char *format, ...) __attribute__((noreturn, format(printf, 1, 2)));

/* xorshift64*; *@seed must not be 0. */
static inline uint64_t bench_rand(uint64_t *seed)
{
	uint64_t x = *seed;

	x ^= x >> 12;
	x ^= x << 25;
	x ^= x >> 27;
	*seed = x;
	return x * 2685821657736338717ull;
}

/**
 * bench_time() - ns per operation of a loop
 * @loop: the loop, out of line
 * @state: passed to it
 * @chunk: operations between two looks at the clock to begin with; grows until the
 *         clock's own cost no longer matters.  Small for slow operations.
 * @budget_ms: how long to measure, at least one chunk
 */
double bench_time(bench_loop *loop, void *state, long chunk, unsigned budget_ms);

/**
 * bench_two() - ns per operation and thread of two threads on one object
 * @body: run by both, each on a CPU of its own; they start together
 * @state: passed to it
 *
 * Takes the median of several short runs during which neither was preempted.
 */
double bench_two(bench_body *body, void *state);

/* One call under the clock: a time-stamp counter pair, its own cost subtracted. */
struct bench_stamp {
	uint64_t cpu;
	uint64_t tsc;
};
void bench_start(struct bench_stamp *stamp);
/* ns since bench_start(); a long time is read off the CPU clock instead. */
double bench_stop(const struct bench_stamp *stamp);

/**
 * bench_windows() - ns per call of the first of two alternating functions
 * @timed: under the clock; long enough (microseconds) for the clock not to matter
 * @untimed: undoes what @timed did
 * @state: passed to both
 * @windows: how often; the median of all is returned, so that a window in which
 *           something else ran does not count
 */
double bench_windows(void (*timed)(void *state), void (*untimed)(void *state), void *state,
		     unsigned windows);

/* The page source that both sides draw page-table pages from. */
struct plat_mem bench_pages(void);

/* The first @max pages that a recorded source has handed out. */
struct bench_record {
	void **page;
	size_t max;
	size_t nr;
};
/* The same source, writing down its pages; @record outlives what is made of them. */
struct plat_mem bench_pages_recorded(struct bench_record *record);

/*
 * Counting instead of timing: with bench_counting set, bench_time() and
 * bench_windows() run a fixed number of operations between two callgrind
 * requests and say how many in bench_counted, and how far the time-stamp counter moved
 * meanwhile in bench_ticks.
 */
extern bool bench_counting;
extern uint64_t bench_counted, bench_ticks;
/* Under valgrind, makes the libraries take their CPU-local path all the same. */
void bench_count_cpu_local(void);

#endif

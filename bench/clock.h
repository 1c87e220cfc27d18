/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* clock.h - the two clocks that measurements read. */
#ifndef BENCH_CLOCK_H
#define BENCH_CLOCK_H

#include <stdint.h>
#include <time.h>

static inline uint64_t clock_ns(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* CPU time of the calling thread in ns. */
static inline uint64_t bench_cpu_ns(void)
{
	return clock_ns(CLOCK_THREAD_CPUTIME_ID);
}

static inline uint64_t bench_wall_ns(void)
{
	return clock_ns(CLOCK_MONOTONIC);
}

#endif

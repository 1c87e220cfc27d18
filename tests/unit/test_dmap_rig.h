/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* test_dmap_rig.h - what the tests of lazy mode share: one space, and words for what it holds. */
#ifndef TEST_DMAP_RIG_H
#define TEST_DMAP_RIG_H

#include "test_dmap_env.h"

#include <sched.h>

#define MS 1000000ull

static struct env env;

static inline bool on_cpu(unsigned cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	return !sched_setaffinity(0, sizeof(set), &set) && plat_cpu() == cpu;
}

/* One queue: otherwise a test that counts would depend on the scheduler. */
static inline void stay(void)
{
	cr_assert(on_cpu((unsigned)sched_getcpu()));
}

static inline void open_lazy(struct env_options o)
{
	stay();
	o.dmap.mode = DMAP_LAZY;
	env_open(&env, &o);
}

static inline uint64_t map1(void)
{
	uint64_t a = env_map(&env, 0x1000, PAGE, NO_LIMIT);

	cr_assert_not(iova_is_err(a));
	return a;
}

static inline uint64_t queued(void)
{
	return env_stats(&env).queued;
}

/* Ranges taken from the allocator: live ones, queued ones and quarantine. */
static inline uint64_t taken(void)
{
	return env_iova_stats(&env).live_ranges;
}

#endif

/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* test_dmap_home.c - lazy mode on two CPUs: addresses go back to the one that allocated them. */
#define _GNU_SOURCE
#include "test_dmap_rig.h"

UNIT_RUN_TWICE();

static uint64_t remote_frees(void)
{
	return env_iova_stats(&env).remote_frees;
}

/* Two CPUs with rings of their own; everything below was mapped on CPU 0, unmapped on CPU 1. */
static bool two_cpus(uint64_t *a, unsigned nr)
{
	if (!plat_percpu_ok() || !on_cpu(1) || !on_cpu(0))
		return false;
	env_open(&env, &(struct env_options){ .clock = true, .dmap = { .mode = DMAP_LAZY } });
	for (unsigned i = 0; i < nr; i++)
		a[i] = map1();
	cr_assert(on_cpu(1));
	for (unsigned i = 0; i < nr; i++)
		cr_assert_eq(dmap_unmap(env.space, a[i], PAGE), 0);
	cr_assert_eq(queued(), nr);
	env.clock_ns += 10 * MS;
	cr_assert_eq(dmap_flush(env.space, true), !!nr);
	cr_assert_eq(env.executed, nr ? 1 : 0);
	return true;
}

/* The CPU that allocated takes its addresses back when it needs some: nobody frees from afar. */
Test(dmap_home, what_another_cpu_unmapped_comes_home)
{
	uint64_t a[128], again = 0;

	if (!two_cpus(a, 128))
		cr_skip("needs two CPUs with rings of their own");
	cr_assert_eq(queued(), 128, "left to CPU 0");
	cr_assert(on_cpu(0));
	for (unsigned i = 0; i < 400; i++) {
		uint64_t b = map1();

		for (unsigned k = 0; k < 128; k++)
			again += b == a[k];
	}
	cr_assert_eq(queued(), 0);
	cr_assert_eq(again, 128);
	cr_assert_eq(remote_frees(), 0);
	cr_assert_eq(dmap_space_destroy(env.space), 400);
}

/* A CPU that does nothing any more is helped after a while, by whoever has the timer. */
Test(dmap_home, an_idle_cpu_is_helped)
{
	uint64_t a[20];

	if (!two_cpus(a, 20))
		cr_skip("needs two CPUs with rings of their own");
	for (unsigned i = 0; i < 6; i++) { /* and one call before, in two_cpus() */
		cr_assert_eq(dmap_flush(env.space, true), 1);
		cr_assert_eq(queued(), 20);
	}
	cr_assert_eq(dmap_flush(env.space, true), 0);
	cr_assert_eq(queued(), 0);
	cr_assert_eq(remote_frees(), 20);
	cr_assert_eq(env.executed, 1);
	env_close(&env);
}

/* What waits for its CPU keeps nothing newer from being flushed in time. */
Test(dmap_home, an_idle_cpu_delays_no_flush)
{
	uint64_t a[21];

	if (!two_cpus(a, 20))
		cr_skip("needs two CPUs with rings of their own");
	cr_assert(on_cpu(0));
	a[20] = map1();
	cr_assert(on_cpu(1));
	cr_assert_eq(dmap_unmap(env.space, a[20], PAGE), 0);
	env.clock_ns += 10 * MS;
	cr_assert_eq(dmap_flush(env.space, true), 1);
	cr_assert_eq(env.executed, 2);
	cr_assert_geq(queued(), 5, "sixteen at a time went home at the most");
	env_close(&env);
}

/* Its timer's own call does it at once. */
Test(dmap_home, the_timer_serves_its_own_cpu)
{
	uint64_t a[20];

	if (!two_cpus(a, 20))
		cr_skip("needs two CPUs with rings of their own");
	cr_assert(on_cpu(0));
	cr_assert_eq(dmap_flush(env.space, true), 0);
	cr_assert_eq(queued(), 0);
	cr_assert_eq(remote_frees(), 0);
	env_close(&env);
}

/* More than the inbox holds goes to the ring of the CPU that unmaps, and is flushed there. */
Test(dmap_home, a_full_inbox_overflows)
{
	uint64_t a[1500];

	if (!two_cpus(a, 0))
		cr_skip("needs two CPUs with rings of their own");
	cr_assert(on_cpu(0));
	for (unsigned i = 0; i < 1500; i++)
		a[i] = map1();
	cr_assert(on_cpu(1));
	dmap_simq_inject(env.simq, DMAP_SIMQ_FULL, 0, 150);
	for (unsigned i = 0; i < 1000; i++)
		cr_assert_eq(dmap_unmap(env.space, a[i], PAGE), 0);
	cr_assert_gt(queued(), 512);
	dmap_simq_inject(env.simq, DMAP_SIMQ_NONE, 0, 0);
	for (unsigned i = 1000; i < 1500; i++)
		cr_assert_eq(dmap_unmap(env.space, a[i], PAGE), 0);
	cr_assert_leq(queued(), 1024);
	cr_assert_eq(dmap_flush(env.space, false), 0);
	cr_assert_eq(queued(), 0);
	cr_assert_eq(env_iova_stats(&env).live_ranges, 0);
	env_close(&env);
}

/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* test_dmap_bound.c - lazy mode: how much of the work of earlier calls one call does (dmap.h). */
#define _GNU_SOURCE
#include "test_dmap_rig.h"

UNIT_RUN_TWICE();

#define UNMAP_RETIRES 16
#define LATENCY_NS 1000 /* of a descriptor; a flush is two */

struct mapping {
	uint64_t iova;
	uint64_t size;
};

static struct mapping map(uint64_t pages)
{
	struct mapping m = { env_map(&env, 0x1000, pages * PAGE, NO_LIMIT), pages * PAGE };

	cr_assert_not(iova_is_err(m.iova));
	return m;
}

/* Unmap: how many earlier ones that freed. */
static uint64_t unmap(struct mapping m)
{
	uint64_t before = taken(), freed;
	struct iova_checked checked;

	cr_assert_eq(dmap_unmap(env.space, m.iova, m.size), 0);
	freed = before - taken();
	/* It may be one of them, where the queue was full. */
	return freed - !!iova_space_check_free(env.iova, m.iova, m.size, &checked);
}

/* So many mappings, then their unmaps, and none in between. */
static void fill(unsigned nr)
{
	uint64_t a[512];

	for (unsigned i = 0; i < nr; i++)
		a[i] = map1();
	for (unsigned i = 0; i < nr; i++)
		cr_assert_eq(dmap_unmap(env.space, a[i], PAGE), 0);
}

/* An unmap that finds covered entries, and a flush to begin that completes at once. */
Test(dmap_bound, covered_ones_and_a_flush_at_once)
{
	struct mapping last;

	open_lazy((struct env_options){ .clock = true });
	fill(192);
	cr_assert_eq(queued(), 192);
	last = map(1);
	env.clock_ns += 10 * MS;
	cr_assert_eq(dmap_flush(env.space, true), 1);
	cr_assert_eq(queued(), 192 - 64);
	env.clock_ns += 10 * MS;
	/* At a place where limits are looked at, and beyond the mark that the timer set. */
	cr_assert_eq(unmap(last), UNMAP_RETIRES);
	cr_assert_eq(env.executed, 2);
	env_close(&env);
}

/* A queue of 128 that is full, and whose flush has completed since somebody looked. */
static void open_full(unsigned before)
{
	open_lazy((struct env_options){ .clock = true,
					.dmap = { .lazy_entries = 64 },
					.simq = { .latency_ns = LATENCY_NS } });
	env.clock_step_ns = 1;
	fill(before);
	cr_assert_eq(dmap_flush(env.space, false), 0);
	env.clock_step_ns = 0;
	fill(128);
	cr_assert_eq(queued(), 128);
}

Test(dmap_bound, a_full_queue_that_has_room_again)
{
	struct mapping last;

	open_full(0);
	last = map(1);
	env.clock_ns += 2 * LATENCY_NS;
	cr_assert_eq(unmap(last), UNMAP_RETIRES);
	cr_assert_eq(queued(), 128 - UNMAP_RETIRES + 5);
	env.clock_step_ns = 1;
	env_close(&env);
}

/* The queue ends three entries on: too little for one that has waited for room. */
Test(dmap_bound, a_full_queue_with_too_little_room)
{
	struct mapping last;
	uint64_t executed;

	open_full(125);
	last = map(1);
	env.clock_ns += 2 * LATENCY_NS;
	env.clock_step_ns = 1;
	executed = env.executed;
	cr_assert_eq(unmap(last), 3);
	cr_assert_eq(env.executed, executed + 2, "and it has waited for a flush of its own");
	env_close(&env);
}

/* A timer stops short of 64 rather than go beyond, where a queue's end cuts a batch. */
Test(dmap_bound, a_timer_retires_sixtyfour_at_the_most)
{
	open_lazy((struct env_options){ .clock = true });
	for (unsigned i = 0; i < 5; i++) {
		fill(100);
		cr_assert_eq(dmap_flush(env.space, false), 0);
	}
	fill(250);
	env.clock_ns += 10 * MS;
	cr_assert_eq(dmap_flush(env.space, true), 1);
	cr_assert_eq(env.executed, 6);
	cr_assert_eq(queued(), 250 - (12 + 3 * 16), "entries 500 to 511 are the queue's last");
	cr_assert_eq(dmap_unmap(env.space, map1(), PAGE), 0);
	env.clock_ns += 10 * MS;
	cr_assert_eq(dmap_flush(env.space, true), 1);
	cr_assert_eq(env.executed, 7);
	cr_assert_geq(queued(), 250 + 1 - 60 - 32 - 2 * 64);
	env_close(&env);
}

/* Long entries of five words that lie across every place where limits are looked at. */
Test(dmap_bound, long_entries_do_not_step_over_the_limits)
{
	struct mapping m[4 * 28];
	unsigned nr = 0;

	open_lazy((struct env_options){ .dmap = { .lazy_entries = 64 } });
	fill(4);
	for (unsigned i = 0; i < 4; i++)
		for (unsigned k = 0; k < 28; k++)
			m[nr++] = map(k < 27 ? 1 : 1024);
	for (unsigned i = 0; i < nr; i++) {
		unmap(m[i]);
		cr_assert_leq(queued(), 64 + 32 + 5);
	}
	cr_assert_geq(env.executed, 1);
	env_close(&env);
}

/* A map with no address at hand takes up to 16 from each of its CPU's queues. */
Test(dmap_bound, a_map_retires_sixteen_and_sixteen)
{
	enum { NR = 200 };
	uint64_t a[NR], most = 0;

	if (!plat_percpu_ok() || !on_cpu(1) || !on_cpu(0))
		cr_skip("needs two CPUs with queues of their own");
	env_open(&env, &(struct env_options){ .clock = true, .dmap = { .mode = DMAP_LAZY } });
	for (unsigned i = 0; i < NR; i++)
		a[i] = map1();
	for (unsigned i = 0; i < NR / 2; i++)
		cr_assert_eq(dmap_unmap(env.space, a[i], PAGE), 0);
	cr_assert(on_cpu(1));
	for (unsigned i = NR / 2; i < NR; i++)
		cr_assert_eq(dmap_unmap(env.space, a[i], PAGE), 0);
	env.clock_ns += 10 * MS;
	cr_assert_eq(dmap_flush(env.space, true), 1);
	cr_assert(on_cpu(0));
	cr_assert_eq(queued(), NR);
	for (unsigned i = 0; i < NR; i++) {
		uint64_t before = taken(), retired;

		a[i] = map1();
		retired = before + 1 - taken();
		cr_assert_leq(retired, 2 * 16);
		most = retired > most ? retired : most;
	}
	cr_assert_eq(most, 2 * 16);
	cr_assert_eq(env.executed, 1);
	cr_assert_eq(dmap_space_destroy(env.space), NR);
}

/*
 * Bursts on one CPU, a timer, and a clock that stands, walks, or jumps: how many
 * earlier ones an unmap freed at most.
 */
static uint64_t bursts(unsigned entries, unsigned latency_ns, unsigned one_in_long, uint64_t *seed)
{
	static const uint64_t jump_ns[] = { 0, 0, 200, 2000, 10 * MS };
	enum { LIVE = 200, STEPS = 1500 };
	struct mapping live[LIVE];
	uint64_t most = 0;

	open_lazy((struct env_options){ .clock = true,
					.dmap = { .lazy_entries = entries },
					.simq = { .latency_ns = latency_ns } });
	env.clock_step_ns = 10;
	for (unsigned i = 0; i < LIVE; i++)
		live[i] = map(1);
	for (unsigned i = 0; i < STEPS;) {
		unsigned burst = (unsigned)(env_random(seed) % LIVE) + 1;
		uint64_t jump = jump_ns[env_random(seed) % 5];

		for (unsigned k = 0; k < burst; k++, i++) {
			uint64_t r = unmap(live[k]);

			most = r > most ? r : most;
			if (!(env_random(seed) % 8))
				env.clock_ns += jump;
			if (!(env_random(seed) % 64))
				cr_assert_geq(dmap_flush(env.space, true), 0);
		}
		for (unsigned k = 0; k < burst; k++)
			live[k] = map(env_random(seed) % one_in_long ? 1 : 1024);
	}
	for (unsigned i = 0; i < LIVE; i++)
		cr_assert_eq(dmap_unmap(env.space, live[i].iova, live[i].size), 0);
	env_close(&env);
	return most;
}

Test(dmap_bound, an_unmap_retires_sixteen_at_the_most)
{
	uint64_t seed = env_seed();

	for (unsigned latency_ns = 0; latency_ns <= 1000; latency_ns += 500)
		for (unsigned one_in_long = 4; one_in_long <= 4096; one_in_long *= 32) {
			cr_assert_leq(bursts(8, latency_ns, one_in_long, &seed), UNMAP_RETIRES);
			cr_assert_leq(bursts(64, latency_ns, one_in_long, &seed), UNMAP_RETIRES);
			cr_assert_leq(bursts(0, latency_ns, one_in_long, &seed), UNMAP_RETIRES);
		}
}

/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* test_dmap_lazy.c - the flush queues: what is queued, when it is flushed, what then goes. */
#define _GNU_SOURCE
#include "test_dmap_rig.h"

UNIT_RUN_TWICE();

#define TRIM_TICKS 32 /* of the timer between two looks for metadata (dmap.h) */

static uint64_t phys;

Test(dmap_lazy, unmap_queues_and_flush_frees)
{
	uint64_t a;

	open_lazy((struct env_options){ 0 });
	a = map1();
	cr_assert_eq(env_access(&env, a, &phys), 0);
	cr_assert_eq(dmap_unmap(env.space, a, PAGE), 0);
	cr_assert_eq(queued(), 1);
	cr_assert_eq(taken(), 1);
	cr_assert_eq(env.executed, 0);
	cr_assert(env_remembers(&env, a, NULL));
	cr_assert_eq(dmap_unmap(env.space, a, PAGE), -ENOENT);
	cr_assert_eq(queued(), 1);
	for (int i = 0; i < 10; i++)
		cr_assert_neq(map1(), a);
	cr_assert_eq(dmap_flush(env.space, false), 0);
	cr_assert_eq(queued(), 0);
	cr_assert_eq(taken(), 10);
	cr_assert_eq(env.executed, 1);
	cr_assert_eq(env.last_cmd.kind, DMAP_INVAL_DOMAIN);
	cr_assert_eq(env_stats(&env).lazy_flushes, 1);
	cr_assert_eq(dmap_unmap(env.space, a, PAGE), -ENOENT);
	cr_assert_eq(dmap_flush(env.space, false), 0);
	cr_assert_eq(env.executed, 1, "an empty queue needs no flush");
	cr_assert_eq(dmap_space_destroy(env.space), 10);
}

static void fill_and_see(unsigned entries, unsigned rounds)
{
	unsigned limit = entries ? entries : 256, flushed = 0;

	open_lazy((struct env_options){ .dmap = { .lazy_entries = entries } });
	for (unsigned i = 1; i <= rounds * limit; i++) {
		/* Afterwards: a map that was interrupted may retire some as well. */
		uint64_t a = map1(), before = taken();

		if (i & 1)
			cr_assert_eq(env_access(&env, a, &phys), 0);
		cr_assert_eq(dmap_unmap(env.space, a, PAGE), 0);
		flushed += env.executed;
		env.executed = 0;
		if (i < limit)
			cr_assert_eq(flushed, 0);
		/* Bounded: one comes in, at most 16 go out. */
		cr_assert_geq(taken() + 16, before);
		cr_assert_leq(queued(), 2 * limit + 16);
		cr_assert_eq(taken(), queued());
	}
	/* One flush serves about as many unmaps as the queue is long. */
	cr_assert_geq(flushed, rounds / 2);
	cr_assert_leq(flushed, 2 * rounds + 1);
	env_close(&env);
}

Test(dmap_lazy, a_long_queue_is_flushed_and_retired_in_bounded_steps)
{
	fill_and_see(0, 20);
	fill_and_see(64, 40);
	fill_and_see(8, 100);
}

/* Queues so short that every step is a boundary, over many laps. */
Test(dmap_lazy, short_queues_over_many_laps)
{
	for (unsigned entries = 1; entries <= 7; entries++) {
		open_lazy((struct env_options){ .dmap = { .lazy_entries = entries } });
		for (int i = 0; i < 1000; i++)
			cr_assert_eq(dmap_unmap(env.space, map1(), PAGE), 0);
		cr_assert_leq(taken(), 16);
		env_close(&env);
	}
}

Test(dmap_lazy, the_timer_flushes_what_is_old_enough)
{
	open_lazy((struct env_options){ .clock = true });
	env.clock_ns = 1000 * MS;
	cr_assert_eq(dmap_unmap(env.space, map1(), PAGE), 0);
	env.clock_ns += 9 * MS;
	cr_assert_eq(dmap_unmap(env.space, map1(), PAGE), 0);
	cr_assert_eq(dmap_flush(env.space, true), 1);
	cr_assert_eq(queued(), 2);
	env.clock_ns += MS;
	cr_assert_eq(dmap_flush(env.space, true), 0);
	cr_assert_eq(queued(), 0, "everything is flushed once the oldest is due");
	cr_assert_eq(env.executed, 1);
	/* The next one has its own ten milliseconds. */
	env.clock_ns += 50 * MS;
	cr_assert_eq(dmap_unmap(env.space, map1(), PAGE), 0);
	env.clock_ns += 9 * MS;
	cr_assert_eq(dmap_flush(env.space, true), 1);
	cr_assert_eq(queued(), 1);
	env.clock_ns += MS;
	cr_assert_eq(dmap_flush(env.space, true), 0);
	cr_assert_eq(queued(), 0);
	cr_assert_eq(env.executed, 2);
	env_close(&env);
}

static uint64_t metadata(void)
{
	struct iova_space_stats st;

	iova_space_stats(env.iova, &st);
	return st.metadata_bytes;
}

/* Calls of the timer until it says that it need not come again, at most so many. */
static unsigned ticks(unsigned most)
{
	unsigned n = 1;

	while (n < most && dmap_flush(env.space, true) == 1) {
		env.clock_ns += 10 * MS;
		n++;
	}
	return n;
}

/* Metadata of a space made for it goes back by the timer alone, which then may rest. */
Test(dmap_lazy, the_timer_gives_back_metadata)
{
	enum { NR = 20000, MOST = 5 * TRIM_TICKS };
	static uint64_t iova[NR];
	uint64_t unused, full;

	for (unsigned off = 0; off < 3; off++) {
		open_lazy((struct env_options){ .clock = true,
						.dmap.flags = off == 1 ? DMAP_NO_TRIM : 0,
						.iova.flags = off == 2 ? 0 : IOVA_SPACE_TRIM });
		unused = metadata();
		for (unsigned round = 0; round < 2; round++) {
			for (unsigned i = 0; i < NR; i++)
				iova[i] = map1();
			full = metadata();
			cr_assert_gt(full, unused + 8 * 1024);
			for (unsigned i = 0; i < NR; i++)
				cr_assert_eq(dmap_unmap(env.space, iova[i], PAGE), 0);
			cr_assert_lt(ticks(MOST), MOST);
			if (off)
				cr_assert_eq(metadata(), full);
			else
				cr_assert_eq(metadata(), unused);
			for (unsigned i = 0; i < 2 * TRIM_TICKS; i++)
				cr_assert_eq(dmap_flush(env.space, true), 0, "at rest");
		}
		env_close(&env);
	}
}

Test(dmap_lazy, the_timer_does_a_bounded_part)
{
	open_lazy((struct env_options){ .clock = true });
	for (int i = 0; i < 200; i++)
		cr_assert_eq(dmap_unmap(env.space, map1(), PAGE), 0);
	cr_assert_eq(queued(), 200);
	env.clock_ns += 10 * MS;
	for (unsigned left = 200 - 64;; left -= 64) {
		cr_assert_eq(dmap_flush(env.space, true), 1);
		cr_assert_eq(queued(), left);
		cr_assert_eq(env.executed, 1);
		if (left < 64)
			break;
	}
	cr_assert_eq(dmap_flush(env.space, true), 0);
	cr_assert_eq(queued(), 0);
	cr_assert_eq(env.executed, 1);
	env_close(&env);
}

Test(dmap_lazy, unmaps_look_at_the_age_too)
{
	open_lazy((struct env_options){ .clock = true, .dmap = { .lazy_age_ns = MS } });
	for (int i = 0; i < 1000; i++) {
		cr_assert_eq(dmap_unmap(env.space, map1(), PAGE), 0);
		env.clock_ns += MS / 4;
		cr_assert_leq(queued(), 2 * 32);
	}
	cr_assert_geq(env.executed, 1000 / 32 - 1);
	env_close(&env);
}

Test(dmap_lazy, a_failed_flush_loses_nothing)
{
	uint64_t a[100];

	open_lazy((struct env_options){ 0 });
	for (int i = 0; i < 100; i++)
		a[i] = map1();
	for (int i = 0; i < 100; i++) {
		cr_assert_eq(env_access(&env, a[i], &phys), 0);
		cr_assert_eq(dmap_unmap(env.space, a[i], PAGE), 0);
	}
	dmap_simq_inject(env.simq, DMAP_SIMQ_LOST, 0, 1);
	cr_assert_eq(dmap_flush(env.space, false), -ETIMEDOUT);
	dmap_simq_inject(env.simq, DMAP_SIMQ_ERROR, 0, 1);
	cr_assert_eq(dmap_flush(env.space, false), -EIO);
	dmap_simq_inject(env.simq, DMAP_SIMQ_BROKEN, 0, 1);
	cr_assert_eq(dmap_flush(env.space, false), -EIO);
	cr_assert_eq(queued(), 100);
	cr_assert_eq(env_stats(&env).quarantined_bytes, 0);
	cr_assert_eq(env_stats(&env).failed_flushes, 3);
	cr_assert_eq(taken(), 100);
	for (int i = 0; i < 200; i++)
		map1(); /* asserts that nothing remembered is handed out */
	cr_assert_eq(dmap_flush(env.space, false), 0);
	cr_assert_eq(queued(), 0);
	cr_assert_eq(dmap_space_destroy(env.space), 200);
}

static void full_queue(enum dmap_simq_fault fault, int error)
{
	uint64_t failed = 0;

	open_lazy((struct env_options){ .dmap = { .lazy_entries = 16 } });
	dmap_simq_inject(env.simq, fault, 0, 1000);
	for (int i = 0; i < 64; i++) {
		uint64_t a = map1();
		int r;

		cr_assert_eq(env_access(&env, a, &phys), 0);
		r = dmap_unmap(env.space, a, PAGE);
		cr_assert(r == 0 || r == error, "%d", r);
		failed += !!r;
	}
	cr_assert_eq(failed, 64 - 32);
	cr_assert_eq(queued(), 32);
	cr_assert_eq(env_stats(&env).quarantined_bytes, failed * PAGE);
	/* The queue recovers: queued ranges return, quarantined ones only at the end. */
	dmap_simq_inject(env.simq, DMAP_SIMQ_NONE, 0, 0);
	cr_assert_eq(dmap_unmap(env.space, map1(), PAGE), 0);
	cr_assert_eq(dmap_flush(env.space, false), 0);
	cr_assert_eq(queued(), 0);
	cr_assert_eq(taken(), failed);
	env_close(&env);
}

Test(dmap_lazy, a_full_queue_and_a_failing_flush_are_reported)
{
	full_queue(DMAP_SIMQ_LOST, -ETIMEDOUT);
	full_queue(DMAP_SIMQ_ERROR, -EIO);
	full_queue(DMAP_SIMQ_BROKEN, -EIO);
}

Test(dmap_lazy, destroying_with_a_dead_queue_keeps_the_addresses)
{
	struct env_options o = { .pgtbl_flags = PGTBL_UNLINK };

	open_lazy(o);
	for (int i = 0; i < 10; i++)
		cr_assert_eq(dmap_unmap(env.space, map1(), PAGE), 0);
	dmap_simq_inject(env.simq, DMAP_SIMQ_LOST, 0, 1000);
	cr_assert_eq(dmap_space_destroy(env.space), 0);
	cr_assert_eq(env.mem.blocks, 0);
	cr_assert_eq(iova_space_destroy(env.iova), 10);
}

/* A slow queue: the flush that is begun is learned about later, nobody waits for it. */
Test(dmap_lazy, a_flush_in_flight_is_not_waited_for)
{
	uint64_t flight;

	open_lazy((struct env_options){ .clock = true,
					.dmap = { .lazy_entries = 64 },
					.simq = { .latency_ns = 1000 } });
	for (int i = 0; i < 72; i++)
		cr_assert_eq(dmap_unmap(env.space, map1(), PAGE), 0);
	cr_assert_eq(env_stats(&env).lazy_flushes, 1);
	cr_assert_eq(env.executed, 0);
	cr_assert_eq(queued(), 72);
	env.clock_ns += 1999;
	for (int i = 0; i < 16; i++)
		cr_assert_eq(dmap_unmap(env.space, map1(), PAGE), 0);
	cr_assert_eq(env.executed, 1);
	cr_assert_eq(queued(), 88, "the command has run, its wait descriptor has not");
	env.clock_ns += 1;
	flight = env_stats(&env).lazy_flushes;
	for (int i = 0; i < 4; i++)
		cr_assert_eq(dmap_unmap(env.space, map1(), PAGE), 0);
	cr_assert_lt(queued(), 40);
	cr_assert_eq(env_stats(&env).lazy_flushes, flight);
	env.clock_step_ns = 100;
	env_close(&env);
}

/* A flush that never completes does not stop those after it. */
Test(dmap_lazy, a_lost_flush_is_overtaken)
{
	open_lazy((struct env_options){ .dmap = { .lazy_entries = 64 } });
	dmap_simq_inject(env.simq, DMAP_SIMQ_LOST, 0, 1);
	for (int i = 0; i < 1000; i++) {
		uint64_t a = map1();

		cr_assert_eq(env_access(&env, a, &phys), 0);
		cr_assert_eq(dmap_unmap(env.space, a, PAGE), 0);
	}
	cr_assert_gt(env.executed, 8);
	cr_assert_lt(queued(), 129);
	cr_assert_eq(env_stats(&env).quarantined_bytes, 0);
	env_close(&env);
}

/* Nobody is waiting and no queue is full: the timer has to notice. */
Test(dmap_lazy, the_timer_gives_up_a_lost_flush)
{
	open_lazy((struct env_options){ .clock = true, .simq = { .latency_ns = 1000 } });
	env.clock_step_ns = 100;
	cr_assert_eq(dmap_unmap(env.space, map1(), PAGE), 0);
	env.clock_ns += 10 * MS;
	dmap_simq_inject(env.simq, DMAP_SIMQ_LOST, 0, 1);
	cr_assert_eq(dmap_flush(env.space, true), 1);
	env.clock_ns += 900 * MS;
	cr_assert_eq(dmap_flush(env.space, true), 1);
	cr_assert_eq(env_stats(&env).failed_flushes, 0);
	env.clock_ns += 200 * MS;
	cr_assert_eq(dmap_flush(env.space, true), -ETIMEDOUT);
	cr_assert_eq(env_stats(&env).failed_flushes, 1);
	env.clock_ns += MS;
	cr_assert_eq(dmap_flush(env.space, true), 0);
	cr_assert_eq(queued(), 0);
	env_close(&env);
}

Test(dmap_lazy, a_flush_that_reports_an_error_is_repeated)
{
	open_lazy((struct env_options){ .clock = true, .dmap = { .lazy_entries = 64 } });
	dmap_simq_inject(env.simq, DMAP_SIMQ_ERROR, 0, 1);
	for (int i = 0; i < 100; i++)
		cr_assert_eq(dmap_unmap(env.space, map1(), PAGE), 0);
	cr_assert_eq(env_stats(&env).failed_flushes, 1);
	cr_assert_eq(env.executed, 1);
	cr_assert_lt(queued(), 64);
	dmap_simq_inject(env.simq, DMAP_SIMQ_FULL, 0, 1);
	cr_assert_eq(dmap_unmap(env.space, map1(), PAGE), 0);
	env.clock_ns += 10 * MS;
	cr_assert_eq(dmap_flush(env.space, true), -EAGAIN);
	cr_assert_eq(dmap_flush(env.space, true), 0);
	cr_assert_eq(queued(), 0);
	env_close(&env);
}

Test(dmap_lazy, a_map_that_finds_no_address_flushes)
{
	uint64_t a[15];

	open_lazy((struct env_options){ .iova = { .first = PAGE, .last = 16 * PAGE - 1 } });
	for (int i = 0; i < 15; i++)
		a[i] = map1();
	cr_assert_eq(dmap_map(env.space, 0, PAGE, RW, NO_LIMIT), (uint64_t)-ENOSPC);
	cr_assert_eq(env.executed, 0, "nothing is queued, a flush would not help");
	cr_assert_eq(env_access(&env, a[7], &phys), 0);
	cr_assert_eq(dmap_unmap(env.space, a[7], PAGE), 0);
	dmap_simq_inject(env.simq, DMAP_SIMQ_LOST, 0, 1);
	cr_assert_eq(dmap_map(env.space, 0, PAGE, RW, NO_LIMIT), (uint64_t)-ENOSPC);
	cr_assert_eq(map1(), a[7]);
	cr_assert_eq(env.executed, 1);
	for (int i = 0; i < 15; i++)
		cr_assert_eq(dmap_unmap(env.space, a[i], PAGE), 0);
	cr_assert_eq(env_map(&env, 0x1000, 8 * PAGE, NO_LIMIT), 8 * PAGE);
	cr_assert_eq(dmap_unmap(env.space, 8 * PAGE, 8 * PAGE), 0);
	env_close(&env);
}

/* Entries of five words: sizes beyond 1023 granules, and unlinked tables. */
Test(dmap_lazy, long_entries_between_short_ones)
{
	static const uint64_t pages[] = { 1, 1023, 1, 1024, 2, 1, 2048, 512, 3, 5000 };
	struct env_options o = { .pgtbl_flags = PGTBL_UNLINK, .dmap = { .lazy_entries = 16 } };

	open_lazy(o);
	for (int i = 0; i < 2000; i++) {
		uint64_t size = pages[i % 10] * PAGE, a = env_map(&env, 0x1000, size, NO_LIMIT);

		cr_assert_not(iova_is_err(a));
		if (i % 7 == 0)
			cr_assert_eq(env_access(&env, a + size - 1, &phys), 0);
		cr_assert_eq(dmap_unmap(env.space, a, size), 0);
	}
	cr_assert_gt(env.executed, 100);
	env_close(&env);
}

Test(dmap_lazy, tables_are_released_after_the_flush_only)
{
	uint64_t a, size = 4 << 20;

	open_lazy((struct env_options){ .pgtbl_flags = PGTBL_UNLINK });
	a = env_map(&env, 0x1000, size, NO_LIMIT);
	cr_assert_eq(dmap_unmap(env.space, a, size), 0);
	cr_assert_eq(queued(), 5);
	cr_assert_eq(env_pgtbl_stats(&env).queued_pages, 0);
	dmap_simq_inject(env.simq, DMAP_SIMQ_LOST, 0, 1);
	cr_assert_eq(dmap_flush(env.space, false), -ETIMEDOUT);
	cr_assert_eq(env_pgtbl_stats(&env).queued_pages, 0);
	cr_assert_eq(dmap_flush(env.space, false), 0);
	cr_assert_gt(env_pgtbl_stats(&env).queued_pages, 0);
	cr_assert_not(env.last_cmd.leaf_only);
	env_close(&env);
}

/* Without memory for a queue, an unmap is flushed on the spot. */
Test(dmap_lazy, no_memory_for_the_queue)
{
	uint64_t a;

	open_lazy((struct env_options){ 0 });
	env.mem.fail_all = true;
	for (unsigned i = 0; i < 10; i++) {
		a = map1();
		cr_assert_eq(env_access(&env, a, &phys), 0);
		cr_assert_eq(dmap_unmap(env.space, a, PAGE), 0);
		cr_assert_eq(env.executed, i + 1);
		cr_assert_eq(taken(), 0);
	}
	a = map1();
	dmap_simq_inject(env.simq, DMAP_SIMQ_LOST, 0, 1);
	cr_assert_eq(dmap_unmap(env.space, a, PAGE), -ETIMEDOUT);
	cr_assert_eq(taken(), 1);
	env.mem.fail_all = false;
	cr_assert_eq(dmap_unmap(env.space, map1(), PAGE), 0);
	cr_assert_eq(queued(), 1);
	cr_assert_eq(dmap_space_destroy(env.space), 0);
	cr_assert_eq(env.mem.blocks, 0);
	cr_assert_eq(iova_space_destroy(env.iova), 1);
}

/* CPUs beyond the slots share the last queue. */
Test(dmap_lazy, more_cpus_than_queues)
{
	cpu_set_t set;

	open_lazy((struct env_options){ .dmap = { .cpu_slots = 1, .lazy_entries = 32 } });
	for (int cpu = 0; cpu < 2; cpu++) {
		CPU_ZERO(&set);
		CPU_SET(cpu, &set);
		if (sched_setaffinity(0, sizeof(set), &set))
			continue;
		for (int i = 0; i < 500; i++)
			cr_assert_eq(dmap_unmap(env.space, map1(), PAGE), 0);
	}
	env_close(&env);
}

/* One CPU's flush serves what another CPU queued, up to its last mark. */
Test(dmap_lazy, a_flush_serves_the_queues_of_all_cpus)
{
	cpu_set_t set;

	open_lazy((struct env_options){ 0 });
	CPU_ZERO(&set);
	CPU_SET(0, &set);
	cr_assert_eq(sched_setaffinity(0, sizeof(set), &set), 0);
	for (int i = 0; i < 255; i++)
		cr_assert_eq(dmap_unmap(env.space, map1(), PAGE), 0);
	CPU_ZERO(&set);
	CPU_SET(1, &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		cr_skip_test("one CPU only");
	for (int i = 0; i < 257; i++)
		cr_assert_eq(dmap_unmap(env.space, map1(), PAGE), 0);
	cr_assert_eq(env.executed, 1);
	CPU_ZERO(&set);
	CPU_SET(0, &set);
	cr_assert_eq(sched_setaffinity(0, sizeof(set), &set), 0);
	for (int i = 0; i < 16; i++)
		cr_assert_eq(dmap_unmap(env.space, map1(), PAGE), 0);
	cr_assert_eq(env.executed, 1);
	cr_assert_lt(queued(), 300);
	env_close(&env);
}

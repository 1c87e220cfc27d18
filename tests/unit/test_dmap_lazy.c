/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* test_dmap_lazy.c - the flush queues: what is queued, when it is flushed, what then goes. */
#define _GNU_SOURCE
#include "test_dmap_rig.h"

UNIT_RUN_TWICE();

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
	cr_assert_eq(iova_space_destroy(env.iova), 10);
	env_close_rest(&env);
}

/* With nothing queued as well: what is in quarantine waits for a flush newer than it. */
static void destroy_with_quarantine(unsigned lost)
{
	struct pgtbl_gather gather;
	uint64_t a;

	open_lazy((struct env_options){ 0 });
	a = env_map(&env, 0x1000, 2 * PAGE, NO_LIMIT);
	cr_assert_eq(env_access(&env, a, &phys), 0);
	cr_assert_eq(env_access(&env, a + PAGE, &phys), 0);
	pgtbl_gather_init(&gather);
	cr_assert_eq(pgtbl_unmap(env.pgtbl, a, PAGE, &gather), PAGE);
	dmap_simq_inject(env.simq, DMAP_SIMQ_LOST, 0, lost);
	cr_assert_eq(dmap_unmap(env.space, a, 2 * PAGE), -ETIMEDOUT);
	cr_assert_eq(queued(), 0);
	cr_assert(env_remembers(&env, a, NULL));
	cr_assert_eq(dmap_space_destroy(env.space), 0);
	cr_assert_eq(env_remembers(&env, a, NULL), lost > 1);
	cr_assert_eq(env.mem.blocks, 0);
	cr_assert_eq(iova_space_destroy(env.iova), lost > 1);
	env_close_rest(&env);
}

Test(dmap_lazy, destroying_flushes_for_the_quarantine)
{
	destroy_with_quarantine(1);
	destroy_with_quarantine(2);
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

static unsigned intrusions; /* at the next submissions that are not their own */

static int intruded_submit(void *ctx, const struct dmap_inval_cmd *cmd, unsigned nr,
			   uint64_t *fence)
{
	static bool intruding;
	int r = dmap_simq_ops.submit(env.simq, cmd, nr, fence);

	(void)ctx;
	if (intrusions && !intruding) {
		intrusions--;
		intruding = true;
		env.clock_ns += MS;
		cr_assert_eq(dmap_flush(env.space, true), 1);
		intruding = false;
	}
	return r;
}

static int intruded_poll(void *ctx, uint64_t fence)
{
	(void)ctx;
	return dmap_simq_ops.poll(env.simq, fence);
}

static int intruded_wait(void *ctx, uint64_t fence)
{
	(void)ctx;
	return dmap_simq_ops.wait(env.simq, fence);
}

/* While a map waits for its flush, a timer begins another: that one is to cover what is queued. */
Test(dmap_lazy, a_map_whose_flush_is_overtaken_flushes_once_more)
{
	static const struct dmap_inval_ops ops = { intruded_submit, intruded_poll,
						   intruded_wait };
	uint64_t a[15];

	open_lazy((struct env_options){ .clock = true,
					.dmap = { .inval = &ops },
					.simq = { .latency_ns = 1000 },
					.iova = { .first = PAGE, .last = 16 * PAGE - 1 } });
	env.clock_step_ns = 10;
	for (int i = 0; i < 15; i++)
		a[i] = map1();
	cr_assert_eq(env_access(&env, a[7], &phys), 0);
	cr_assert_eq(dmap_unmap(env.space, a[7], PAGE), 0);
	env.clock_ns += 10 * MS;
	intrusions = 1;
	cr_assert_eq(map1(), a[7]);
	cr_assert_eq(env.executed, 3);
	cr_assert_eq(dmap_unmap(env.space, a[7], PAGE), 0);
	env.clock_ns += 10 * MS;
	intrusions = 2;
	cr_assert_eq(dmap_map(env.space, 0, PAGE, RW, NO_LIMIT), (uint64_t)-EAGAIN);
	cr_assert_eq(intrusions, 0);
	cr_assert_eq(map1(), a[7]);
	for (int i = 0; i < 15; i++)
		cr_assert_eq(dmap_unmap(env.space, a[i], PAGE), 0);
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
	open_lazy((struct env_options){ .dmap = { .cpu_slots = 1, .lazy_entries = 32 } });
	for (unsigned cpu = 0; cpu < 2; cpu++) {
		if (!on_cpu(cpu))
			continue;
		for (int i = 0; i < 500; i++)
			cr_assert_eq(dmap_unmap(env.space, map1(), PAGE), 0);
	}
	env_close(&env);
}

/* One CPU's flush serves what another CPU queued, up to its last mark. */
Test(dmap_lazy, a_flush_serves_the_queues_of_all_cpus)
{
	open_lazy((struct env_options){ 0 });
	cr_assert(on_cpu(0));
	for (int i = 0; i < 255; i++)
		cr_assert_eq(dmap_unmap(env.space, map1(), PAGE), 0);
	if (!on_cpu(1))
		cr_skip_test("one CPU only");
	for (int i = 0; i < 257; i++)
		cr_assert_eq(dmap_unmap(env.space, map1(), PAGE), 0);
	cr_assert_eq(env.executed, 1);
	cr_assert(on_cpu(0));
	for (int i = 0; i < 16; i++)
		cr_assert_eq(dmap_unmap(env.space, map1(), PAGE), 0);
	cr_assert_eq(env.executed, 1);
	cr_assert_lt(queued(), 300);
	env_close(&env);
}

/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* test_dmap_timer.c - lazy mode: dmap_flush(space, true), as a timer calls it. */
#define _GNU_SOURCE
#include "test_dmap_rig.h"

UNIT_RUN_TWICE();

#define TRIM_TICKS 32 /* of the timer between two looks for metadata (dmap.h) */

Test(dmap_timer, the_timer_flushes_what_is_old_enough)
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
Test(dmap_timer, the_timer_gives_back_metadata)
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

Test(dmap_timer, the_timer_does_a_bounded_part)
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

/* Nobody is waiting and no queue is full: the timer has to notice. */
Test(dmap_timer, the_timer_gives_up_a_lost_flush)
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

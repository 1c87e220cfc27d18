/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* test_dmap_simq.c - the simulated queue: time, order, back-pressure, injected faults. */
#include "dmap_simq.h"
#include "plat.h"
#include "unit/unit.h"

#include <stdlib.h>
#include <string.h>

UNIT_RUN_TWICE();

static uint64_t clock_ns;
static uint64_t clock_step_ns;
static unsigned clock_looks;
static uint64_t log_first[64];
static unsigned nr_log;

static uint64_t now(void *ctx)
{
	(void)ctx;
	clock_looks++;
	return clock_ns += clock_step_ns;
}

static void exec(void *ctx, const struct dmap_inval_cmd *cmd)
{
	(void)ctx;
	cr_assert_lt(nr_log, 64);
	log_first[nr_log++] = cmd->first;
}

static struct dmap_simq *make(uint64_t latency_ns, unsigned entries)
{
	struct dmap_simq_config c = {
		.latency_ns = latency_ns,
		.entries = entries,
		.timeout_ns = 100000,
		.now_ns = now,
		.exec = exec,
	};
	struct dmap_simq *q = NULL;

	cr_assert_eq(dmap_simq_create(&q, &c), 0);
	return q;
}

static struct dmap_inval_cmd page(uint64_t first)
{
	return (struct dmap_inval_cmd){ .kind = DMAP_INVAL_RANGE, .first = first,
					.last = first + 4095 };
}

static int submit(struct dmap_simq *q, uint64_t first, uint64_t *fence)
{
	struct dmap_inval_cmd cmd = page(first);

	return dmap_simq_ops.submit(q, &cmd, 1, fence);
}

Test(dmap_simq, refuses_bad_configurations)
{
	struct dmap_simq_config c = { .latency_ns = 1 };
	struct dmap_simq *q = NULL;

	cr_assert_eq(dmap_simq_create(&q, &c), -EINVAL); /* no clock */
	c.now_ns = now;
	cr_assert_eq(dmap_simq_create(NULL, &c), -EINVAL);
	cr_assert_eq(dmap_simq_create(&q, NULL), -EINVAL);
	for (unsigned bad = 1; bad < 4; bad++) {
		c.entries = bad;
		cr_assert_eq(dmap_simq_create(&q, &c), -EINVAL);
	}
	c.entries = 48;
	cr_assert_eq(dmap_simq_create(&q, &c), -EINVAL);
	c.entries = 131072;
	cr_assert_eq(dmap_simq_create(&q, &c), -EINVAL);
	cr_assert_null(q);
	dmap_simq_destroy(NULL);
}

Test(dmap_simq, latency_zero_completes_in_submit_without_a_clock)
{
	struct dmap_simq_config c = { .exec = exec };
	struct dmap_inval_cmd cmd[3] = { page(1 << 12), page(2 << 12), page(3 << 12) };
	struct dmap_simq_stats s;
	struct dmap_simq *q;
	uint64_t fence = 1;

	cr_assert_eq(dmap_simq_create(&q, &c), 0);
	cr_assert_eq(dmap_simq_ops.submit(q, cmd, 3, &fence), 0);
	cr_assert_eq(fence, 0);
	cr_assert_eq(nr_log, 3);
	cr_assert_eq(log_first[2], 3 << 12);
	cr_assert_eq(dmap_simq_ops.poll(q, fence), 1);
	cr_assert_eq(dmap_simq_ops.wait(q, fence), 0);
	cmd[1].kind = DMAP_INVAL_DOMAIN;
	cmd[2].kind = DMAP_INVAL_GLOBAL;
	cr_assert_eq(dmap_simq_ops.submit(q, cmd, 3, &fence), 0);
	for (int i = 0; i < 10; i++)
		cr_assert_eq(dmap_simq_ops.submit(q, &cmd[1], 1, &fence), 0);
	dmap_simq_stats(q, &s);
	cr_assert_eq(s.range, 4);
	cr_assert_eq(s.domain, 11);
	cr_assert_eq(s.global, 1);
	cr_assert_eq(s.waits, 12);
	dmap_simq_destroy(q);
}

Test(dmap_simq, more_commands_than_the_ring_holds_are_refused)
{
	struct dmap_inval_cmd cmd[3] = { page(0), page(0), page(0) };
	struct dmap_simq *q = make(10, 4), *q0 = make(0, 4);
	uint64_t fence;

	cr_assert_eq(dmap_simq_ops.submit(q, cmd, 3, &fence), -EINVAL);
	cr_assert_eq(dmap_simq_ops.submit(q0, cmd, 3, &fence), -EINVAL);
	cr_assert_eq(dmap_simq_ops.submit(q, cmd, 2, &fence), 0);
	cr_assert_eq(nr_log, 0);
	dmap_simq_destroy(q);
	dmap_simq_destroy(q0);
}

Test(dmap_simq, descriptors_take_their_time_one_after_the_other)
{
	struct dmap_simq *q = make(100, 16);
	uint64_t a, b;

	clock_ns = 1000;
	cr_assert_eq(submit(q, 0x1000, &a), 0); /* command until 1100, wait until 1200 */
	clock_ns = 1050;
	cr_assert_eq(submit(q, 0x2000, &b), 0); /* 1300, 1400 */
	clock_ns = 1099;
	cr_assert_eq(dmap_simq_ops.poll(q, a), 0);
	cr_assert_eq(nr_log, 0);
	clock_ns = 1199;
	cr_assert_eq(dmap_simq_ops.poll(q, a), 0);
	cr_assert_eq(nr_log, 1);
	clock_ns = 1200;
	cr_assert_eq(dmap_simq_ops.poll(q, a), 1);
	cr_assert_eq(dmap_simq_ops.poll(q, b), 0);
	clock_ns = 1399;
	cr_assert_eq(dmap_simq_ops.poll(q, b), 0);
	clock_ns = 1400;
	cr_assert_eq(dmap_simq_ops.poll(q, b), 1);
	cr_assert_eq(dmap_simq_ops.poll(q, a), 1);
	cr_assert_eq(nr_log, 2);
	cr_assert_eq(log_first[1], 0x2000);
	/* An idle engine starts at the posting, not at the end of the last one. */
	clock_ns = 5000;
	cr_assert_eq(submit(q, 0x3000, &a), 0);
	clock_ns = 5199;
	cr_assert_eq(dmap_simq_ops.poll(q, a), 0);
	clock_ns = 5200;
	cr_assert_eq(dmap_simq_ops.poll(q, a), 1);
	dmap_simq_destroy(q);
}

Test(dmap_simq, wait_returns_when_the_wait_descriptor_is_due)
{
	struct dmap_simq *q = make(100, 16);
	uint64_t fence;

	clock_step_ns = 7;
	cr_assert_eq(submit(q, 0x1000, &fence), 0);
	clock_looks = 0;
	cr_assert_eq(dmap_simq_ops.wait(q, fence), 0);
	cr_assert_geq(clock_ns, 200);
	cr_assert_leq(clock_ns, 230);
	cr_assert_eq(nr_log, 1);
	dmap_simq_destroy(q);
}

Test(dmap_simq, full_ring_pushes_back_and_accepts_again)
{
	struct dmap_simq *q = make(100, 8);
	struct dmap_simq_stats s;
	uint64_t fence[4];

	/* 7 usable descriptors: three submissions of two. */
	for (int i = 0; i < 3; i++)
		cr_assert_eq(submit(q, 0x1000, &fence[i]), 0);
	cr_assert_eq(submit(q, 0x1000, &fence[3]), -EAGAIN);
	clock_ns = 99;
	cr_assert_eq(submit(q, 0x1000, &fence[3]), -EAGAIN);
	dmap_simq_stats(q, &s);
	cr_assert_eq(s.range, 3);
	cr_assert_eq(s.waits, 3);
	clock_ns = 100; /* one has left: 5 + 2 fit */
	cr_assert_eq(submit(q, 0x1000, &fence[3]), 0);
	clock_ns = 10000;
	for (int i = 0; i < 4; i++)
		cr_assert_eq(dmap_simq_ops.wait(q, fence[i]), 0);
	/* Many laps. */
	clock_step_ns = 10;
	nr_log = 0;
	for (int i = 0; i < 50; i++) {
		cr_assert_eq(submit(q, (uint64_t)i << 12, &fence[0]), 0);
		cr_assert_eq(dmap_simq_ops.wait(q, fence[0]), 0);
	}
	cr_assert_eq(nr_log, 50);
	for (unsigned i = 0; i < 50; i++)
		cr_assert_eq(log_first[i], (uint64_t)i << 12);
	dmap_simq_destroy(q);
}

Test(dmap_simq, wait_is_bounded_by_the_timeout)
{
	struct dmap_simq *q = make(1000000, 8);
	uint64_t fence;

	clock_step_ns = 1000;
	cr_assert_eq(submit(q, 0x1000, &fence), 0);
	cr_assert_eq(dmap_simq_ops.wait(q, fence), -ETIMEDOUT);
	cr_assert_lt(clock_ns, 200000);
	clock_ns = 3000000;
	cr_assert_eq(dmap_simq_ops.wait(q, fence), 0);
	dmap_simq_destroy(q);
}

Test(dmap_simq, wait_is_bounded_when_the_clock_stands_still, .timeout = 20)
{
	struct dmap_simq *q = make(100, 8);
	uint64_t fence;

	cr_assert_eq(submit(q, 0x1000, &fence), 0);
	cr_assert_eq(dmap_simq_ops.wait(q, fence), -ETIMEDOUT);
	dmap_simq_destroy(q);
}

static const struct {
	enum dmap_simq_fault fault;
	int submit, poll, wait;
} fault_table[] = {
	{ DMAP_SIMQ_FULL, -EAGAIN, 1, 0 },
	{ DMAP_SIMQ_BROKEN, -EIO, 1, 0 },
	{ DMAP_SIMQ_LOST, 0, 0, -ETIMEDOUT },
	{ DMAP_SIMQ_ERROR, 0, -EIO, -EIO },
	{ DMAP_SIMQ_LIAR, 0, 1, 0 },
};

static void check_faults(struct dmap_simq *q)
{
	for (unsigned i = 0; i < sizeof(fault_table) / sizeof(fault_table[0]); i++) {
		dmap_simq_inject(q, fault_table[i].fault, 2, 3);
		for (int n = 0; n < 7; n++) {
			bool bad = n >= 2 && n < 5;
			unsigned before = nr_log = 0;
			uint64_t fence = 0;

			cr_assert_eq(submit(q, 0x1000, &fence), bad ? fault_table[i].submit : 0);
			clock_ns += 1000;
			cr_assert_eq(dmap_simq_ops.poll(q, fence), bad ? fault_table[i].poll : 1);
			cr_assert_eq(dmap_simq_ops.wait(q, fence), bad ? fault_table[i].wait : 0);
			cr_assert_eq(nr_log, before + !bad);
		}
	}
	dmap_simq_inject(q, DMAP_SIMQ_BROKEN, 0, 5);
	dmap_simq_inject(q, DMAP_SIMQ_NONE, 0, 5);
	cr_assert_eq(submit(q, 0x1000, &(uint64_t){ 0 }), 0);
}

Test(dmap_simq, injected_faults_hit_the_chosen_submissions)
{
	struct dmap_simq *q = make(100, 16), *q0 = make(0, 16);

	clock_step_ns = 10;
	check_faults(q);
	check_faults(q0);
	dmap_simq_destroy(q);
	dmap_simq_destroy(q0);
}

static int fail_at;
static int blocks;

static void *failing_alloc(void *ctx, size_t size, size_t align)
{
	void *p;

	(void)ctx;
	if (fail_at && !--fail_at)
		return NULL;
	p = aligned_alloc(align, (size + align - 1) & ~(align - 1));
	blocks++;
	return memset(p, 0, size);
}

static void counted_free(void *ctx, void *ptr, size_t size, size_t align)
{
	(void)ctx, (void)size, (void)align;
	free(ptr);
	blocks--;
}

Test(dmap_simq, each_allocation_may_fail)
{
	static const struct plat_mem_ops ops = { .alloc = failing_alloc, .free = counted_free };
	struct dmap_simq_config c = { .latency_ns = 1, .now_ns = now, .mem = { &ops, NULL } };
	struct dmap_simq *q = NULL;
	int n = 1;

	for (;; n++) {
		fail_at = n;
		if (!dmap_simq_create(&q, &c))
			break;
		cr_assert_eq(blocks, 0);
		cr_assert_null(q);
	}
	cr_assert_eq(n, 4);
	dmap_simq_destroy(q);
	cr_assert_eq(blocks, 0);
}

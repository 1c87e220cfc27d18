/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* The invalidation queue: what it forgets, group commit, errors. */
#include "vtd_int.h"
#include "vtd_rig.h"

static const struct vtd_inval_cmd global = { .kind = VTD_INVAL_GLOBAL };

static struct vtd_inval_cmd range(const struct rig *r, uint64_t first, uint64_t bytes, bool leaf)
{
	return (struct vtd_inval_cmd){
		.kind = VTD_INVAL_RANGE,
		.domain = (uint16_t)r->id,
		.leaf_only = leaf,
		.first = first,
		.last = first + bytes - 1,
	};
}

static void attach_and_map(struct rig *r, uint64_t iova, uint64_t bytes)
{
	cr_assert_eq(rig_attach(r, SID), 0);
	rig_map(r, iova, 0x80001000, bytes, PGTBL_READ); /* never a large page */
	for (; bytes; bytes -= PAGE)
		cr_assert_eq(rig_dma(r, SID, iova + bytes - PAGE, READ), 0);
}

/* The reason for all of this: without the flush the device goes on reading. */
Test(vtd_inval, skipped_flush_is_visible)
{
	struct vtd_model_config config = { .mamv = 18 };
	struct pgtbl_gather gather;
	struct vtd_inval_cmd cmd;
	struct rig r;

	rig_up(&r, &config);
	attach_and_map(&r, 0x200000, PAGE);
	pgtbl_gather_init(&gather);
	pgtbl_unmap(r.pt, 0x200000, PAGE, &gather);
	cr_expect_eq(rig_dma(&r, SID, 0x200000, READ), 0);
	cmd = range(&r, 0x200000, PAGE, !gather.tables);
	cr_expect_eq(rig_sync(&r, &cmd, 1), 0);
	cr_expect_eq(rig_dma(&r, SID, 0x200000, READ), 0x6);
	pgtbl_gather_release(r.pt, &gather);
	rig_down(&r);
}

/* leaf_only keeps the paging-structure cache: right until a table is unlinked. */
Test(vtd_inval, leaf_only_keeps_tables)
{
	struct vtd_model_config config = { .mamv = 18 };
	unsigned leaf;
	struct rig r;

	for (leaf = 0; leaf < 2; leaf++) {
		struct pgtbl_gather gather;
		struct vtd_inval_cmd cmd;

		rig_up(&r, &config);
		attach_and_map(&r, 0x200000, 512 * PAGE);
		pgtbl_gather_init(&gather);
		cr_assert_eq(pgtbl_unmap(r.pt, 0x200000, 512 * PAGE, &gather), 512 * PAGE);
		cr_assert(gather.tables);
		/* A new table with a mapping takes the place of the unlinked one. */
		rig_map(&r, 0x200000, 0x90000000, PAGE, PGTBL_READ);
		cmd = range(&r, 0x200000, 512 * PAGE, leaf);
		cr_expect_eq(rig_sync(&r, &cmd, 1), 0);
		/* With IH the unit still walks the old table: why pgtbl's gather says tables. */
		cr_expect_eq(rig_dma(&r, SID, 0x200000, READ), leaf ? 0x6 : 0);
		pgtbl_gather_release(r.pt, &gather);
		rig_down(&r);
	}
}

Test(vtd_inval, reach_of_each_kind)
{
	struct vtd_model_config config = { .mamv = 18 };
	struct vtd_inval_cmd cmd;
	struct rig r;

	rig_up(&r, &config);
	attach_and_map(&r, 0x200000, 8 * PAGE);
	cmd = range(&r, 0x200000 + PAGE, 1, true);
	cr_expect_eq(rig_sync(&r, &cmd, 1), 0);
	cr_expect_eq(vtd_model_cached(r.m, (uint16_t)r.id), 7);
	cmd.domain++;
	cmd.kind = VTD_INVAL_DOMAIN;
	cr_expect_eq(rig_sync(&r, &cmd, 1), 0);
	cr_expect_eq(vtd_model_cached(r.m, (uint16_t)r.id), 7);
	cmd.domain--;
	cr_expect_eq(rig_sync(&r, &cmd, 1), 0);
	cr_expect_eq(vtd_model_cached(r.m, (uint16_t)r.id), 0);
	cr_expect_eq(rig_dma(&r, SID, 0x200000, READ), 0);
	cr_expect_eq(rig_sync(&r, &global, 1), 0);
	cr_expect_eq(vtd_model_cached(r.m, (uint16_t)r.id), 0);
	rig_down(&r);
}

/* No page-selective flush, or a range beyond MAMV: the domain goes. */
Test(vtd_inval, falls_back_to_the_domain)
{
	struct vtd_model_config configs[] = { { .no_range_inval = true }, { .mamv = 1 } };
	struct vtd_inval_cmd cmd;
	unsigned i;
	struct rig r;

	for (i = 0; i < 2; i++) {
		rig_up(&r, &configs[i]);
		attach_and_map(&r, 0x200000, 9 * PAGE);
		cmd = range(&r, 0x200000, i ? 5 * PAGE : PAGE, true);
		cr_expect_eq(rig_sync(&r, &cmd, 1), 0);
		cr_expect_eq(vtd_model_cached(r.m, (uint16_t)r.id), 0);
		/* exactly one block, of which the unit takes neither the whole nor the halves */
		cmd = range(&r, 0x200000, 8 * PAGE, true);
		cr_expect_eq(rig_dma(&r, SID, 0x207000, READ), 0);
		cr_expect_eq(rig_sync(&r, &cmd, 1), 0);
		cr_expect_eq(vtd_model_cached(r.m, (uint16_t)r.id), 0);
		rig_down(&r);
	}
}

Test(vtd_inval, bad_commands)
{
	struct vtd_model_config config = { .nd = 1 };
	struct vtd_stats before, after;
	struct vtd_inval_cmd cmd[2];
	uint64_t fence = 12345;
	struct rig r;

	rig_up(&r, &config);
	vtd_unit_stats(r.u, &before);
	cmd[0] = global;
	cr_expect_eq(vtd_inval_submit(r.u, cmd, 0, &fence), -EINVAL);
	cmd[1] = range(&r, 0x1000, PAGE, true);
	cmd[1].last = 0xfff;
	cr_expect_eq(vtd_inval_submit(r.u, cmd, 2, &fence), -EINVAL);
	cmd[1].first = 0x1800; /* backwards within a page */
	cmd[1].last = 0x17ff;
	cr_expect_eq(vtd_inval_submit(r.u, cmd, 2, &fence), -EINVAL);
	cmd[1] = range(&r, 0x1000, PAGE, true);
	cmd[1].domain = 64; /* .nd = 1 */
	cr_expect_eq(vtd_inval_submit(r.u, cmd, 2, &fence), -EINVAL);
	cmd[1] = range(&r, (1ull << 48) - PAGE, 2 * PAGE, true);
	cr_expect_eq(vtd_inval_submit(r.u, cmd, 2, &fence), -EINVAL);
	cmd[1] = (struct vtd_inval_cmd){ .kind = VTD_INVAL_DOMAIN, .domain = 64 };
	cr_expect_eq(vtd_inval_submit(r.u, cmd, 2, &fence), -EINVAL);
	cmd[1].kind = (enum vtd_inval_kind)99;
	cr_expect_eq(vtd_inval_submit(r.u, cmd, 2, &fence), -EINVAL);
	cr_expect_eq(fence, 12345);
	cr_expect_eq(vtd_inval_poll(r.u, 0), -EINVAL);
	cr_expect_eq(vtd_inval_poll(r.u, 99), -EINVAL);
	cr_expect_eq(vtd_inval_wait(r.u, ~0ull), -EINVAL);
	cr_expect_eq(vtd_map_flush(r.u, 1, 0x1000, 0xfff), -EINVAL);
	cr_expect_eq(vtd_map_flush(r.u, 64, 0, 0xfff), -EINVAL);
	vtd_unit_stats(r.u, &after);
	cr_expect_eq(before.batches, after.batches);
	rig_down(&r);
}

/* While the unit is slow, hundreds of submissions share one wait - and none is lost. */
Test(vtd_inval, group_commit)
{
	enum { N = 300 };
	struct vtd_model_config config = { .mamv = 18, .reorder = true };
	struct vtd_stats before, after;
	uint64_t fence[N];
	unsigned i;
	struct rig r;

	rig_up(&r, &config);
	attach_and_map(&r, 0x200000, N * PAGE);
	vtd_unit_stats(r.u, &before);
	vtd_model_hold(r.m, true);
	for (i = 0; i < N; i++) {
		struct vtd_inval_cmd cmd = range(&r, 0x200000 + i * PAGE, PAGE, true);

		cr_assert_eq(vtd_inval_submit(r.u, &cmd, 1, &fence[i]), 0);
	}
	vtd_unit_stats(r.u, &after);
	cr_expect_eq(after.batches - before.batches, VTD_IN_FLIGHT);
	cr_expect_gt(after.collapsed, 0);
	for (i = 0; i < N; i++)
		cr_expect_eq(vtd_inval_poll(r.u, fence[i]), 0);
	cr_expect_eq(vtd_model_cached(r.m, (uint16_t)r.id), N);
	vtd_model_hold(r.m, false);
	for (i = 0; i < N; i++)
		cr_expect_eq(vtd_inval_wait(r.u, fence[i]), 0);
	cr_expect_eq(vtd_model_cached(r.m, (uint16_t)r.id), 0);
	vtd_unit_stats(r.u, &after);
	cr_expect_eq(after.batches - before.batches, VTD_IN_FLIGHT + 1);
	rig_down(&r);
}

/* Commands in slots leave one by one, not as a flush of everything, and the slots come back. */
Test(vtd_inval, slots_keep_ranges)
{
	struct vtd_model_config config = { .mamv = 18 };
	struct vtd_stats stats;
	struct vtd_inval_cmd cmd;
	unsigned i, round;
	uint64_t fence;
	struct rig r;

	rig_up(&r, &config);
	attach_and_map(&r, 0x200000, 64 * PAGE);
	for (round = 0; round < 5; round++) {
		vtd_model_hold(r.m, true);
		for (i = 0; i < 12; i++) {
			cmd = range(&r, 0x200000 + (round * 12 + i) * PAGE, PAGE, true);
			cr_assert_eq(vtd_inval_submit(r.u, &cmd, 1, &fence), 0);
		}
		vtd_model_hold(r.m, false);
		cr_expect_eq(vtd_inval_wait(r.u, fence), 0);
		cr_expect_eq(vtd_model_cached(r.m, (uint16_t)r.id), 64 - 12 * (round + 1));
	}
	vtd_unit_stats(r.u, &stats);
	cr_expect_eq(stats.collapsed, 0);
	rig_down(&r);
}

/* More commands than a batch takes become a flush of everything. */
Test(vtd_inval, long_submission)
{
	struct vtd_model_config config = { .mamv = 18 };
	struct vtd_inval_cmd cmd[64];
	unsigned i;
	struct rig r;

	rig_up(&r, &config);
	attach_and_map(&r, 0x200000, 64 * PAGE);
	for (i = 0; i < 64; i++)
		cmd[i] = range(&r, 0x200000 + i * PAGE, PAGE, true);
	cr_expect_eq(rig_sync(&r, cmd, 64), 0);
	cr_expect_eq(vtd_model_cached(r.m, (uint16_t)r.id), 0);
	rig_down(&r);
}

Test(vtd_inval, time_out_and_later_success)
{
	struct vtd_model_config config = { 0 };
	uint64_t fence;
	struct rig r;

	rig_up(&r, &config);
	vtd_model_hold(r.m, true);
	cr_assert_eq(vtd_inval_submit(r.u, &global, 1, &fence), 0);
	cr_expect_eq(vtd_inval_wait(r.u, fence), -ETIMEDOUT);
	cr_expect_eq(vtd_inval_poll(r.u, fence), 0);
	vtd_model_hold(r.m, false);
	cr_expect_eq(vtd_inval_poll(r.u, fence), 1);
	cr_expect_eq(vtd_inval_wait(r.u, fence), 0);
	rig_down(&r);
}

/* 32 bits of status for 64 bits of fence: across the wrap. */
Test(vtd_inval, batch_number_wraps)
{
	struct vtd_model_config config = { 0 };
	uint64_t fence, first;
	unsigned i;
	struct rig r;

	rig_up(&r, &config);
	r.u->queue.open = 0x2fffffff0ull;
	*(uint32_t *)r.u->queue.status = 0xffffffef;
	cr_assert_eq(vtd_inval_submit(r.u, &global, 1, &first), 0);
	for (i = 0; i < 64; i++) {
		cr_assert_eq(vtd_inval_submit(r.u, &global, 1, &fence), 0);
		cr_expect_eq(fence, first + i + 1);
		cr_expect_eq(vtd_inval_wait(r.u, fence), 0);
		cr_expect_eq(vtd_inval_poll(r.u, first), 1);
	}
	cr_expect_gt(fence, 0x300000000ull);
	cr_expect_eq(vtd_inval_poll(r.u, fence + 2), -EINVAL);
	rig_down(&r);
}

/* Whether the second-last of two batches completes although descriptor @nth of four went wrong. */
static bool first_completes(uint32_t error, unsigned nth)
{
	return (error == VTD_FSTS_IQE && nth > 2) || (error == VTD_FSTS_ICE && nth > 1);
}

static void queue_error(uint32_t error, unsigned nth)
{
	struct vtd_model_config config = { .mamv = 18 };
	uint64_t before, bad, bad2, after;
	struct vtd_inval_cmd cmd;
	struct vtd_stats stats;
	unsigned i;
	struct rig r;

	rig_up(&r, &config);
	attach_and_map(&r, 0x200000, 4 * PAGE);
	cmd = range(&r, 0x200000, PAGE, true);
	cr_assert_eq(vtd_inval_submit(r.u, &cmd, 1, &before), 0);
	cr_expect_eq(vtd_inval_wait(r.u, before), 0);
	for (i = 0; i < 4; i++)
		cr_expect_eq(rig_dma(&r, SID, 0x200000 + i * PAGE, READ), 0);
	vtd_model_hold(r.m, true);
	cr_assert_eq(vtd_inval_submit(r.u, &cmd, 1, &bad), 0);
	cr_assert_eq(vtd_inval_submit(r.u, &cmd, 1, &bad2), 0);
	vtd_model_inject(r.m, nth, error);
	vtd_model_hold(r.m, false);
	cr_expect_eq(vtd_inval_wait(r.u, bad2), -EIO);
	cr_expect_eq(vtd_inval_wait(r.u, bad), first_completes(error, nth) ? 0 : -EIO);
	cr_expect_eq(vtd_inval_poll(r.u, before), 1);
	/* Recovery has flushed everything, also what nobody asked for. */
	cr_expect_eq(vtd_model_cached(r.m, (uint16_t)r.id), 0);
	cr_assert_eq(vtd_inval_submit(r.u, &cmd, 1, &after), 0);
	cr_expect_eq(vtd_inval_wait(r.u, after), 0);
	cr_expect_eq(vtd_inval_poll(r.u, bad2), -EIO);
	vtd_unit_stats(r.u, &stats);
	cr_expect_eq(stats.queue_errors, 1);
	rig_down(&r);
}

/* The batches in the queue fail, everything is flushed, and the queue works again. */
Test(vtd_inval, queue_errors)
{
	static const uint32_t errors[] = { VTD_FSTS_IQE, VTD_FSTS_ITE, VTD_FSTS_ICE };
	unsigned i, nth;

	for (i = 0; i < 3; i++) {
		/* ICE at the last wait comes after both batches are complete. */
		for (nth = 1; nth <= (i == 2 ? 3 : 4); nth++)
			queue_error(errors[i], nth);
	}
}

/* A descriptor the unit will never take must not stay at the head of the queue. */
Test(vtd_inval, bad_descriptor_is_replaced)
{
	struct vtd_model_config config = { 0 };
	uint64_t fence;
	unsigned at;
	struct rig r;

	rig_up(&r, &config);
	vtd_model_hold(r.m, true);
	at = r.u->queue.tail;
	cr_assert_eq(vtd_inval_submit(r.u, &global, 1, &fence), 0);
	r.u->queue.ring[at].lo |= 0xf; /* no such type */
	vtd_model_hold(r.m, false);
	cr_expect_eq(vtd_inval_wait(r.u, fence), -EIO);
	cr_assert_eq(vtd_inval_submit(r.u, &global, 1, &fence), 0);
	cr_expect_eq(vtd_inval_wait(r.u, fence), 0);
	rig_down(&r);
}

/* Commands still in the queue are finished before it is turned off. */
Test(vtd_inval, destroy_with_a_busy_queue)
{
	struct vtd_model_config config = { .queue_delay = 8 };
	uint64_t fence;
	struct rig r;

	rig_up(&r, &config);
	cr_assert_eq(vtd_inval_submit(r.u, &global, 1, &fence), 0);
	cr_assert_eq(vtd_inval_submit(r.u, &global, 1, &fence), 0);
	cr_expect_eq(vtd_inval_poll(r.u, fence), 0);
	rig_down(&r);
}

/* The fault interrupt finds them too: nobody has to wait for it. */
Test(vtd_inval, queue_error_in_the_fault_handler)
{
	struct vtd_model_config config = { 0 };
	struct vtd_fault fault;
	struct vtd_stats stats;
	uint64_t fence;
	bool lost;
	struct rig r;

	rig_up(&r, &config);
	vtd_model_inject(r.m, 1, VTD_FSTS_IQE);
	cr_assert_eq(vtd_inval_submit(r.u, &global, 1, &fence), 0);
	cr_expect_eq(vtd_fault_read(r.u, &fault, 1, &lost), 0);
	vtd_unit_stats(r.u, &stats);
	cr_expect_eq(stats.queue_errors, 1);
	cr_expect_eq(vtd_inval_poll(r.u, fence), -EIO);
	rig_down(&r);
}

static void fail_always(void *ctx)
{
	vtd_model_inject(ctx, 1, VTD_FSTS_IQE);
}

/* A unit that chokes on every descriptor: dead after a few, never a hang. */
Test(vtd_inval, dead_queue)
{
	struct vtd_model_config config = { 0 };
	uint64_t fence;
	unsigned i;
	int ret = 0;
	struct rig r;

	rig_up(&r, &config);
	cr_assert_eq(rig_attach(&r, SID), 0);
	for (i = 0; i < 2 * VTD_RECOVERIES && ret != -EIO; i++) {
		fail_always(r.m);
		ret = vtd_inval_submit(r.u, &global, 1, &fence);
		if (!ret) {
			fail_always(r.m);
			cr_expect_eq(vtd_inval_poll(r.u, fence), 0);
		}
	}
	cr_expect_eq(ret, -EIO);
	cr_expect_eq(vtd_inval_wait(r.u, fence), -EIO);
	cr_expect_eq(vtd_detach(r.u, SID), -EIO);
	cr_expect_not_null(strstr(vtd_model_log(r.m), "dead"));
	/* The queue is stuck at a bad descriptor and cannot be turned off: pages stay. */
	cr_expect_eq(vtd_unit_destroy(r.u), -ETIMEDOUT);
	pgtbl_destroy(r.pt);
	vtd_model_free(r.m);
}

Test(vtd_inval, unit_has_gone)
{
	struct vtd_model_config config = { 0 };
	uint64_t fence;
	struct rig r;

	rig_up(&r, &config);
	vtd_model_gone(r.m);
	cr_assert_eq(vtd_inval_submit(r.u, &global, 1, &fence), 0);
	cr_expect_eq(vtd_inval_wait(r.u, fence), -EIO);
	cr_expect_eq(vtd_inval_submit(r.u, &global, 1, &fence), -EIO);
	pgtbl_destroy(r.pt);
	vtd_model_free(r.m);
}

Test(vtd_inval, drains_where_the_unit_can)
{
	struct vtd_model_config config = { .drain = true, .mamv = 18 };
	struct vtd_inval_cmd cmd;
	struct rig r;

	rig_up(&r, &config); /* the model checks every flush */
	attach_and_map(&r, 0x200000, PAGE);
	cmd = range(&r, 0x200000, PAGE, true);
	cr_expect_eq(rig_sync(&r, &cmd, 1), 0);
	cr_expect_eq(vtd_detach(r.u, SID), 0);
	rig_down(&r);
}

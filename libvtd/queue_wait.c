/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* queue_wait.c - what has completed, and what has gone wrong. */
#include "vtd_queue.h"

/* Batches [done + 1, open - 1] were in the queue during an error: they fail. */
static void queue_fail(struct vtd_unit *u, uint64_t done, uint64_t open)
{
	struct vtd_queue *q = &u->queue;

	if (done == open - 1)
		return;
	if (!q->fail_last)
		plat_store_relaxed(&q->fail_first, done + 1); /* relaxed: VTD-Q9 publishes it */
	/* VTD-Q9 (release): before the unit can write a later status; pairs with VTD-Q1, VTD-Q12 */
	plat_store_release(&q->fail_last, open - 1);
}

static bool queue_failed(struct vtd_unit *u, uint64_t fence)
{
	struct vtd_queue *q = &u->queue;

	/* VTD-Q12 (acquire): makes fail_first visible; pairs with VTD-Q9 */
	return fence <= plat_load_acquire(&q->fail_last) &&
	       fence >= plat_load_relaxed(&q->fail_first);
}

/*
 * With the token.  IQE stops the unit at a descriptor it cannot read: that is
 * replaced by a harmless one.  ITE aborts the waits that were pending: their
 * status is never written.  Failing the batches comes before clearing the
 * error, or a batch posted afterwards could complete in their name.  The flush
 * of everything both moves the done number past them and leaves the unit with
 * nothing stale.
 */
static void queue_recover(struct vtd_unit *u, uint32_t fsts)
{
	struct vtd_queue *q = &u->queue;
	struct vtd_submission all = { .all = VTD_READY_CONTEXT | VTD_READY_IOTLB };
	uint64_t open, done = queue_done(u, &open);
	unsigned head;

	vtd_log(u, "invalidation queue error, FSTS", fsts);
	plat_store_relaxed(&q->errors, q->errors + 1); /* relaxed: as q->more */
	queue_fail(u, done, open);
	q->recoveries = done == q->recovered_at ? q->recoveries + 1 : 1;
	q->recovered_at = done;
	if (fsts == ~0u || q->recoveries > VTD_RECOVERIES) {
		vtd_log(u, "the invalidation queue is dead after errors:", q->recoveries);
		/* VTD-Q13 (release): after the failures were marked; pairs with VTD-Q14 */
		plat_store_release(&q->dead, 1);
		return;
	}
	if (fsts & VTD_FSTS_IQE) {
		head = (unsigned)(vtd_read64(u, VTD_IQH) >> VTD_QUEUE_INDEX_SHIFT) %
		       VTD_QUEUE_ENTRIES;
		vtd_log(u, "bad descriptor, low", q->ring[head].lo);
		vtd_log(u, "bad descriptor, high", q->ring[head].hi);
		/* relaxed: the unit looks again only after the write to FSTS below */
		plat_store_relaxed(&q->ring[head].lo, VTD_DESC_WAIT | VTD_DESC_WAIT_SW);
		plat_store_relaxed(&q->ring[head].hi, vtd_phys(u, q->status + VTD_STATUS_SCRATCH));
	}
	vtd_write32(u, VTD_FSTS, fsts & VTD_FSTS_QUEUE);
	vtd_queue_post(u, open, &all);
}

/* Looks for queue errors; leaves them to the token's holder if there is one. */
void vtd_queue_check(struct vtd_unit *u)
{
	struct vtd_queue *q = &u->queue;
	uintptr_t flags;
	uint32_t fsts;

	/* relaxed: a flag that only rises; who misses it finds the error still there */
	if (plat_load_relaxed(&q->dead) || !(vtd_read32(u, VTD_FSTS) & VTD_FSTS_QUEUE))
		return;
	flags = vtd_irq_save(u);
	/* VTD-Q3 once more, without the limit on batches in flight */
	if (plat_cas_full(&q->token, 0, 1)) {
		fsts = vtd_read32(u, VTD_FSTS);
		if (fsts & VTD_FSTS_QUEUE)
			queue_recover(u, fsts);
		queue_release(u);
	}
	vtd_irq_restore(u, flags);
}

/* The batch is still open: posts it, if it is this caller's turn. */
static plat_noinline void push_on(struct vtd_unit *u)
{
	uintptr_t flags = vtd_irq_save(u);

	vtd_queue_serve(u);
	vtd_irq_restore(u, flags);
}

/* As vtd_inval_poll(), without looking for errors. */
static plat_always_inline int queue_poll(struct vtd_unit *u, uint64_t fence)
{
	uint64_t open, done = queue_done(u, &open);

	if (!fence || fence > open)
		return -EINVAL;
	/* After the status word: a batch that failed stays failed when later ones complete. */
	if (queue_failed(u, fence))
		return -EIO;
	if (fence <= done)
		return 1;
	/* VTD-Q14 (acquire): what failed is marked by now; pairs with VTD-Q13 */
	if (plat_load_acquire(&u->queue.dead))
		return -EIO;
	if (fence == open)
		push_on(u);
	return 0;
}

int vtd_inval_poll(struct vtd_unit *u, uint64_t fence)
{
	int ret = queue_poll(u, fence);

	if (ret)
		return ret;
	vtd_queue_check(u);
	return 0;
}

static plat_noinline int wait_again(struct vtd_unit *u, uint64_t fence)
{
	uint64_t now, end = 0;
	unsigned round;
	int ret;

	for (round = 1;; round++) {
		ret = queue_poll(u, fence);
		if (ret)
			return ret < 0 ? ret : 0;
		vtd_relax(u);
		if (round % 16)
			continue;
		/* A register read costs as much as the whole wait should: seldom. */
		if (!(round % 256))
			vtd_queue_check(u);
		now = vtd_now(u);
		if (!end)
			end = now + u->config.timeout_ns;
		else if (now > end)
			break;
	}
	ret = vtd_inval_poll(u, fence);
	if (ret)
		return ret < 0 ? ret : 0;
	vtd_log(u, "invalidation timed out, batch", fence);
	return -ETIMEDOUT;
}

int vtd_inval_wait(struct vtd_unit *u, uint64_t fence)
{
	int ret = queue_poll(u, fence);

	if (plat_likely(ret))
		return ret < 0 ? ret : 0;
	vtd_relax(u);
	return wait_again(u, fence);
}

int vtd_inval_sync(struct vtd_unit *u, const struct vtd_inval_cmd *cmd, unsigned nr)
{
	uint64_t fence;
	int ret = vtd_inval_submit(u, cmd, nr, &fence);

	return ret ? ret : vtd_inval_wait(u, fence);
}

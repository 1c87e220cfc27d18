/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* inval.c - invalidations: of one unmap, waited for; of the domain, numbered. */
#include "dmap_int.h"

/*
 * A full queue empties at the speed of the hardware.  With a spin hint of tens of
 * nanoseconds this many tries take some ten milliseconds at least.
 */
#define SUBMIT_TRIES (1u << 20)

static plat_noinline int submit_again(struct dmap_space *space, const struct dmap_inval_cmd *cmd,
				      unsigned nr, uint64_t *fence)
{
	int r = -EAGAIN;

	for (unsigned tries = 0; r == -EAGAIN && tries < SUBMIT_TRIES; tries++) {
		plat_relax();
		r = space->inval->submit(space->inval_ctx, cmd, nr, fence);
	}
	return r == -EAGAIN ? -ETIMEDOUT : r;
}

static plat_always_inline int submit_wait(struct dmap_space *space,
					  const struct dmap_inval_cmd *cmd, unsigned nr)
{
	uint64_t fence;
	int r = space->inval->submit(space->inval_ctx, cmd, nr, &fence);

	if (plat_unlikely(r == -EAGAIN))
		r = submit_again(space, cmd, nr, &fence);
	if (!r && fence)
		r = space->inval->wait(space->inval_ctx, fence);
	return r;
}

static struct dmap_inval_cmd domain_cmd(const struct dmap_space *space)
{
	return (struct dmap_inval_cmd){ .kind = DMAP_INVAL_DOMAIN, .domain = space->domain };
}

static struct dmap_inval_cmd range_cmd(const struct dmap_space *space,
				       const struct pgtbl_gather *gather, unsigned i)
{
	return (struct dmap_inval_cmd){
		.kind = DMAP_INVAL_RANGE,
		.leaf_only = !gather->tables,
		.domain = space->domain,
		.first = gather->range[i].first,
		.last = gather->range[i].last,
	};
}

/* Invalidate what was gathered, in one submission, and wait: 0, -ETIMEDOUT, -EIO. */
int dmap_inval_gather(struct dmap_space *space, const struct pgtbl_gather *gather)
{
	struct dmap_inval_cmd cmd[PGTBL_GATHER_RANGES] plat_uninit;
	unsigned nr = gather->nr_ranges;
	int r = -EINVAL;

	DMAP_COUNT(space, many, 1);
	for (unsigned i = 0; i < nr; i++)
		cmd[i] = range_cmd(space, gather, i);
	if (nr)
		r = submit_wait(space, cmd, nr);
	if (r != -EINVAL) {
		DMAP_COUNT(space, many_ranges, nr);
	} else {
		/* More ranges than this queue can hold, or tables only: the domain covers all. */
		cmd[0] = domain_cmd(space);
		r = submit_wait(space, cmd, 1);
		DMAP_COUNT(space, many_domains, 1);
	}
	if (r)
		DMAP_COUNT(space, failed, 1);
	return r;
}

/* The rest of dmap_inval_leaves(): submitting @cmd, or the wait for it, returned @r. */
int dmap_inval_rest(struct dmap_space *space, const struct dmap_inval_cmd *cmd, int r)
{
	uint64_t fence = 0;

	if (r == -EAGAIN) {
		r = submit_again(space, cmd, 1, &fence);
		if (!r && fence)
			r = space->inval->wait(space->inval_ctx, fence);
	}
	if (r)
		DMAP_COUNT(space, failed, 1);
	return r;
}

/* The queue says that flush @n has completed. */
static void flush_complete(struct dmap_space *space, uint64_t n)
{
	uint64_t old;

	do {
		/* relaxed: the CAS fails if it was stale */
		old = plat_load_relaxed(&space->done);
		if (old >= n)
			break;
		/* DMA-R5: flush n has completed; pairs with DMA-A5 */
	} while (!plat_cas_full(&space->done, old, n));
	/*
	 * Nobody needs an older flush any more, whether it was lost or is late.
	 * relaxed: the CAS fails if it was stale
	 */
	old = plat_load_relaxed(&space->pending);
	if (old > DMAP_PENDING_BUSY && old <= n)
		/* DMA-R10: pairs with DMA-A10 */
		plat_cas_full(&space->pending, old, DMAP_PENDING_NONE);
}

static uint64_t flush_number(struct dmap_space *space)
{
	/* DMA-F2: before the submit; pairs with DMA-F1 */
	return plat_fetch_add_full(&space->start, 1) + 1;
}

/* Flush the domain and wait: 0, -ETIMEDOUT, -EIO. */
int dmap_flush_sync(struct dmap_space *space)
{
	struct dmap_inval_cmd cmd = domain_cmd(space);
	uint64_t n = flush_number(space);
	int r = submit_wait(space, &cmd, 1);

	if (r)
		DMAP_COUNT(space, failed, 1);
	else
		flush_complete(space, n);
	return r;
}

/*
 * The right to begin a flush, unless one is pending.  A full fence if it is had: what the
 * caller has seen before is covered by the flush (DMA-F1).
 */
bool dmap_flush_claim(struct dmap_space *space)
{
	/* DMA-A10: what the flush before wrote about itself is past; pairs with DMA-R10 */
	return plat_cas_full(&space->pending, DMAP_PENDING_NONE, DMAP_PENDING_BUSY);
}

/* Begin the flush of the domain that was claimed: 0 or the queue's error. */
int dmap_flush_begin(struct dmap_space *space)
{
	struct dmap_inval_cmd cmd = domain_cmd(space);
	uint64_t fence, n;
	int r;

	n = flush_number(space);
	r = space->inval->submit(space->inval_ctx, &cmd, 1, &fence);
	if (plat_unlikely(r)) {
		DMAP_COUNT(space, failed, 1);
		DMAP_COUNT(space, rejected, 1);
	} else if (!fence) {
		flush_complete(space, n);
	}
	if (r || !fence) {
		/* DMA-R10: the claim ends here; pairs with DMA-A10 */
		plat_store_release(&space->pending, DMAP_PENDING_NONE);
		return r;
	}
	/* DMA-R9: whoever reads these also sees that the old number has gone; with DMA-A6 */
	plat_store_release(&space->pending_fence, fence);
	plat_store_release(&space->pending_ns, dmap_now(space));
	/* DMA-R6: the fence is in place; pairs with DMA-A6 */
	plat_store_release(&space->pending, n);
	return 0;
}

/*
 * Learn whether the pending flush, if any, has completed: 0, or why it is given up, once.
 * A lost flush must not keep others from being begun; should it complete after
 * all, nobody is told, and nothing is wrong.
 */
int dmap_flush_poll(struct dmap_space *space)
{
	/* DMA-A6: number, fence, number again; pairs with DMA-R6 and DMA-R9 */
	uint64_t n = plat_load_acquire(&space->pending);
	uint64_t fence, since;
	int r;

	if (n <= DMAP_PENDING_BUSY)
		return 0;
	fence = plat_load_acquire(&space->pending_fence);    /* DMA-A6 */
	since = plat_load_acquire(&space->pending_ns);	     /* DMA-A6 */
	if (plat_load_acquire(&space->pending) != n)	     /* DMA-A6 */
		return 0;
	r = fence ? space->inval->poll(space->inval_ctx, fence) : 1;
	if (r > 0) {
		flush_complete(space, n);
		return 0;
	}
	if (!r && space->now_ns && dmap_now(space) - since > DMAP_PENDING_NS)
		r = -ETIMEDOUT;
	/* DMA-R10: pairs with DMA-A10 */
	if (!r || !plat_cas_full(&space->pending, n, DMAP_PENDING_NONE))
		return 0;
	DMAP_COUNT(space, failed, 1);
	return r;
}

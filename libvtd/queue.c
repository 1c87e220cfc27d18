/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * queue.c - queued invalidation by group commit.
 *
 * Submissions are collected in numbered batches; one wait descriptor completes
 * a batch and writes its number.  A fence is the number of the batch that
 * covers a submission.
 *
 *  submitter  S1 clears table entries (caller)
 *             S2 takes the token and posts its commands itself, or
 *             S2' puts them into slots (or, when those are full, sets a flag
 *                 that stands for a flush of everything)
 *             S3' then reads the open number: its fence
 *  poster     P1 advances the open number: closes batch b
 *             P2 then takes slots and flags
 *             P3 writes descriptors and a wait with b, moves the tail
 *
 * A fence b read in S3' was read before P1 of b.  So S2' came before P2 of b:
 * that poster took the commands, unless an earlier one had; either moved the
 * tail after S2', hence after S1.  Batches complete in order, so b done
 * implies both done.
 *
 * At most VTD_IN_FLIGHT batches are posted and incomplete.  Beyond that
 * commands gather in slots and the next post covers them all, which is what
 * makes many CPUs share one wait.
 *
 * Who leaves the token looks at the slots again; who fills a slot tries the
 * token afterwards.  Both sides are fully ordered, so one of them posts,
 * unless too many batches are in flight: then pollers and waiters do.
 */
#include "vtd_int.h"

static const struct vtd_submission nothing;

/* Completed batches: the status word extended to 64 bits. */
static plat_always_inline uint64_t queue_done(struct vtd_unit *u, uint64_t *open)
{
	struct vtd_queue *q = &u->queue;
	/* VTD-Q1 (acquire): pairs with the unit's status write and with VTD-Q9 */
	uint32_t done = plat_load_acquire((uint32_t *)(q->status + VTD_STATUS_DONE));

	/* VTD-Q2 (relaxed): after VTD-Q1, so never less than the status + 1; pairs with VTD-Q5 */
	*open = plat_load_relaxed(&q->open);
	return *open - 1 - (uint32_t)((uint32_t)(*open - 1) - done);
}

static plat_always_inline bool queue_take(struct vtd_unit *u)
{
	struct vtd_queue *q = &u->queue;
	uint64_t open, done = queue_done(u, &open);

	/* relaxed: a look that saves the CAS; VTD-Q3 decides */
	if (open - 1 - done >= VTD_IN_FLIGHT || plat_load_relaxed(&q->token))
		return false;
	/* VTD-Q3 (full): takes the token, after the caller's table stores; pairs with VTD-Q4 */
	if (!plat_cas_full(&q->token, 0, 1))
		return false;
	/* Somebody else may have posted between the two looks. */
	done = queue_done(u, &open);
	if (open - 1 - done < VTD_IN_FLIGHT)
		return true;
	/* VTD-Q4 (full): nobody looks at the slots now; who filled one polls; pairs with VTD-Q3 */
	plat_xchg_full(&q->token, 0);
	return false;
}

/* Writes the descriptor at @at; returns the place of the next one. */
static plat_always_inline unsigned put(struct vtd_desc *ring, unsigned at, uint64_t lo, uint64_t hi)
{
	/* relaxed: the tail write orders them for the unit */
	plat_store_relaxed(&ring[at].lo, lo);
	plat_store_relaxed(&ring[at].hi, hi);
	return (at + 1) % VTD_QUEUE_ENTRIES;
}

static void push(struct vtd_queue *q, uint64_t lo, uint64_t hi)
{
	q->tail = put(q->ring, q->tail, lo, hi);
}

static plat_always_inline uint64_t wait_lo(uint64_t flags, uint32_t data)
{
	return VTD_DESC_WAIT | VTD_DESC_WAIT_SW | flags | VTD_DESC_WAIT_DATA(data);
}

static uint64_t desc_class(const struct vtd_desc *desc)
{
	return VTD_DESC_TYPE(desc->lo) == VTD_DESC_CONTEXT ? VTD_READY_CONTEXT : VTD_READY_IOTLB;
}

/* All collected descriptors of one class; one global flush if @all names the class. */
static unsigned push_class(struct vtd_unit *u, uint64_t class, uint64_t all, uint64_t slots,
			   const struct vtd_submission *own)
{
	struct vtd_queue *q = &u->queue;
	unsigned i, nr = 0;

	if (all & class) {
		if (class == VTD_READY_CONTEXT)
			push(q, VTD_DESC_CONTEXT | VTD_DESC_GLOBAL, 0);
		else
			push(q, VTD_DESC_IOTLB | VTD_DESC_GLOBAL | vtd_iotlb_drain(u), 0);
		return 1;
	}
	for (i = 0; i < own->nr; i++) {
		if (desc_class(&own->desc[i]) == class) {
			push(q, own->desc[i].lo, own->desc[i].hi);
			nr++;
		}
	}
	for (; slots; slots &= slots - 1) {
		const struct vtd_desc *desc = &q->slot[__builtin_ctzll(slots)];

		if (desc_class(desc) == class) {
			push(q, desc->lo, desc->hi);
			nr++;
		}
	}
	return nr;
}

/*
 * Descriptors of both classes; how many.  Contexts go first: a translation fetched
 * through the old context after its own flush would stay.
 */
static plat_noinline unsigned push_classes(struct vtd_unit *u, uint64_t ready,
					   const struct vtd_submission *own)
{
	uint64_t all = ready | own->all, slots = ready & VTD_SLOTS_MASK;
	unsigned contexts = push_class(u, VTD_READY_CONTEXT, all, slots, own);

	if (contexts)
		push(&u->queue, wait_lo(VTD_DESC_WAIT_FN, 0),
		     vtd_phys(u, u->queue.status + VTD_STATUS_SCRATCH));
	return contexts + push_class(u, VTD_READY_IOTLB, all, slots, own);
}

/* Posts a batch; the caller has the token.  Returns its number. */
static plat_always_inline uint64_t queue_post_inline(struct vtd_unit *u,
						     const struct vtd_submission *own)
{
	struct vtd_queue *q = &u->queue;
	uint64_t number = plat_load_relaxed(&q->open); /* relaxed: only the token's holder writes */
	struct vtd_desc *ring = q->ring;
	unsigned nr = 0, tail;
	uint64_t ready;

	/* VTD-Q5 (full): closes the batch, before VTD-Q6; pairs with VTD-Q2, VTD-Q8 */
	plat_xchg_full(&q->open, number + 1);
	/* relaxed: after VTD-Q5, so zero means that nobody published and read this number */
	ready = plat_load_relaxed(&q->ready);
	if (plat_unlikely(ready))
		/* VTD-Q6 (full): takes what was published; pairs with VTD-Q7 */
		ready = plat_xchg_full(&q->ready, 0);
	if (plat_unlikely(ready | own->all | (own->classes & VTD_READY_CONTEXT))) {
		nr = push_classes(u, ready, own);
		tail = q->tail;
	} else {
		for (tail = q->tail; nr < own->nr; nr++)
			tail = put(ring, tail, own->desc[nr].lo, own->desc[nr].hi);
	}
	tail = put(ring, tail, wait_lo(0, (uint32_t)number),
		   vtd_phys(u, q->status + VTD_STATUS_DONE));
	q->tail = tail;
	/* relaxed: statistics, which only the token's holder writes */
	plat_store_relaxed(&q->batches, q->batches + 1);
	plat_store_relaxed(&q->descriptors, q->descriptors + nr);
	if (plat_unlikely(ready & VTD_SLOTS_MASK))
		/* VTD-Q10 (full): the slots' contents have been read; pairs with VTD-Q11 */
		plat_fetch_and_full(&q->claimed, ~(ready & VTD_SLOTS_MASK));
	vtd_write32(u, VTD_IQT, tail << VTD_QUEUE_INDEX_SHIFT);
	return number;
}

static plat_noinline uint64_t queue_post(struct vtd_unit *u, const struct vtd_submission *own)
{
	return queue_post_inline(u, own);
}

static void queue_release(struct vtd_unit *u)
{
	/* VTD-Q4 (full): before the next look at the slots; pairs with VTD-Q3, VTD-Q7 */
	plat_xchg_full(&u->queue.token, 0);
}

/* Posts what is in the slots, if it is this caller's turn. */
static void queue_kick(struct vtd_unit *u)
{
	unsigned i;

	/* Twice: who published while the token was held is served; a third round is their own. */
	for (i = 0; i < 2 && plat_load_relaxed(&u->queue.ready) && queue_take(u); i++) {
		queue_post(u, &nothing);
		queue_release(u);
	}
}

/* Returns a free slot, or -1. */
static int slot_claim(struct vtd_queue *q)
{
	unsigned tries;

	for (tries = 0; tries < 8; tries++) {
		/* relaxed: only a candidate */
		uint64_t claimed = plat_load_relaxed(&q->claimed);
		uint64_t bit = ~claimed & (claimed + 1);

		if (!(bit & VTD_SLOTS_MASK))
			return -1;
		/* VTD-Q11 (full): the slot is this caller's; pairs with VTD-Q10 */
		if (plat_cas_full(&q->claimed, claimed, claimed | bit))
			return __builtin_ctzll(bit);
	}
	return -1;
}

/*
 * Leaves a submission for the next poster.  A flush of everything stands in
 * for what finds no slot.
 */
static void queue_publish(struct vtd_queue *q, const struct vtd_submission *own)
{
	uint64_t ready = own->all;
	unsigned i;
	int slot;

	for (i = 0; i < own->nr; i++) {
		slot = slot_claim(q);
		if (slot >= 0) {
			q->slot[slot] = own->desc[i];
			ready |= 1ull << slot;
		} else {
			ready |= desc_class(&own->desc[i]);
		}
	}
	if (ready & ~VTD_SLOTS_MASK)
		plat_fetch_add_relaxed(&q->collapsed, 1); /* relaxed: statistics */
	/* VTD-Q7 (full): publishes; before VTD-Q8 and the look at the token; pairs with VTD-Q6 */
	plat_fetch_or_full(&q->ready, ready);
}

static plat_always_inline int submission_add(const struct vtd_unit *u, struct vtd_submission *own,
					     const struct vtd_inval_cmd *cmd)
{
	if (plat_unlikely(own->nr == VTD_OWN_DESCS ||
			  !vtd_block_encode(u, cmd, &own->desc[own->nr])))
		return vtd_submission_add(u, own, cmd);
	own->classes |= VTD_READY_IOTLB;
	own->nr++;
	return 0;
}

int vtd_inval_submit(struct vtd_unit *u, const struct vtd_inval_cmd *cmd, unsigned nr,
		     uint64_t *fence)
{
	struct vtd_submission own plat_uninit;
	uintptr_t flags;
	unsigned i;

	own.classes = 0;
	own.all = 0;
	own.nr = 0;
	for (i = 0; i < nr; i++) {
		if (submission_add(u, &own, &cmd[i]))
			return -EINVAL;
	}
	if (plat_unlikely(!nr))
		return -EINVAL;
	if (plat_unlikely(plat_load_relaxed(&u->queue.dead))) /* relaxed: a flag that only rises */
		return -EIO;
	/* VTD-Q3 or VTD-Q7 orders the caller's table stores before anything a poster takes. */
	flags = vtd_irq_save(u);
	if (plat_likely(queue_take(u))) {
		*fence = queue_post_inline(u, &own);
		queue_release(u);
	} else {
		queue_publish(&u->queue, &own);
		/* VTD-Q8 (relaxed): VTD-Q7 orders it; pairs with VTD-Q5 */
		*fence = plat_load_relaxed(&u->queue.open);
	}
	queue_kick(u);
	vtd_irq_restore(u, flags);
	return 0;
}

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
	plat_store_relaxed(&q->errors, q->errors + 1); /* relaxed: as q->batches */
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
	queue_post(u, &all);
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

/* As vtd_inval_poll(), without looking for errors. */
static plat_always_inline int queue_poll(struct vtd_unit *u, uint64_t fence)
{
	uint64_t open, done = queue_done(u, &open);
	uintptr_t flags;

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
	if (fence == open) {
		flags = vtd_irq_save(u);
		if (queue_take(u)) {
			queue_post(u, &nothing);
			queue_release(u);
		}
		vtd_irq_restore(u, flags);
	}
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

int vtd_inval_wait(struct vtd_unit *u, uint64_t fence)
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

int vtd_inval_sync(struct vtd_unit *u, const struct vtd_inval_cmd *cmd, unsigned nr)
{
	uint64_t fence;
	int ret = vtd_inval_submit(u, cmd, nr, &fence);

	return ret ? ret : vtd_inval_wait(u, fence);
}

/* Ring and status page, queue on.  The unit's pages are given back on error. */
int vtd_queue_init(struct vtd_unit *u)
{
	struct vtd_queue *q = &u->queue;
	uint32_t fsts;
	int ret;

	q->ring = vtd_page_alloc(u);
	q->status = vtd_page_alloc(u);
	if (!q->ring || !q->status) {
		vtd_queue_fini(u);
		return -ENOMEM;
	}
	q->open = 1;
	/* What a former owner left would stop the queue at once. */
	fsts = vtd_read32(u, VTD_FSTS) & VTD_FSTS_QUEUE;
	if (fsts)
		vtd_write32(u, VTD_FSTS, fsts);
	vtd_write32(u, VTD_IQT, 0);
	vtd_write64(u, VTD_IQA, vtd_phys(u, q->ring));
	ret = vtd_gcmd_set(u, VTD_GCMD_QIE, true);
	if (ret)
		vtd_queue_fini(u);
	return ret;
}

/* The unit turns the queue off only when it is empty. */
static void queue_drain(struct vtd_unit *u)
{
	uint64_t end = vtd_now(u) + u->config.timeout_ns;

	while ((vtd_read64(u, VTD_IQH) ^ vtd_read64(u, VTD_IQT)) >> VTD_QUEUE_INDEX_SHIFT) {
		vtd_queue_check(u);
		if (vtd_now(u) > end || u->queue.dead)
			break;
		vtd_relax(u);
	}
}

/* -ETIMEDOUT: still on; nothing was freed. */
int vtd_queue_fini(struct vtd_unit *u)
{
	struct vtd_queue *q = &u->queue;
	int ret;

	if (u->gcmd & VTD_GCMD_QIE) {
		queue_drain(u);
		ret = vtd_gcmd_set(u, VTD_GCMD_QIE, false);
		if (ret)
			return ret;
	} else if (q->ring && vtd_read32(u, VTD_GSTS) & VTD_GCMD_QIE) {
		return -ETIMEDOUT;
	}
	vtd_page_free(u, q->ring);
	vtd_page_free(u, q->status);
	q->ring = NULL;
	q->status = NULL;
	return 0;
}

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
#include "vtd_queue.h"

static const struct vtd_submission nothing;

static void push(struct vtd_queue *q, uint64_t lo, uint64_t hi)
{
	q->tail = put(q->ring, q->tail, lo, hi);
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
			push(q, VTD_DESC_IOTLB | VTD_DESC_GLOBAL | u->drain, 0);
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

/* The own ones, all of them IOTLB descriptors; how many. */
static unsigned push_own(struct vtd_queue *q, const struct vtd_submission *own)
{
	unsigned i;

	for (i = 0; i < own->nr; i++)
		push(q, own->desc[i].lo, own->desc[i].hi);
	return own->nr;
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

/* Writes a batch that is closed: what was published into it, and @own. */
static plat_noinline void queue_write(struct vtd_unit *u, uint64_t number, uint64_t ready,
				      const struct vtd_submission *own)
{
	struct vtd_queue *q = &u->queue;
	unsigned nr = ready | own->all | (own->classes & VTD_READY_CONTEXT) ?
			      push_classes(u, ready, own) :
			      push_own(q, own);

	/* relaxed: statistics, which only the token's holder writes */
	plat_store_relaxed(&q->more, q->more + nr - 1);
	if (ready & VTD_SLOTS_MASK)
		/* VTD-Q10 (full): the slots' contents have been read; pairs with VTD-Q11 */
		plat_fetch_and_full(&q->claimed, ~(ready & VTD_SLOTS_MASK));
	queue_end(u, number, q->tail);
}

void vtd_queue_post(struct vtd_unit *u, uint64_t number, const struct vtd_submission *own)
{
	queue_write(u, number, queue_close(&u->queue, number), own);
}

/* One IOTLB descriptor by itself. */
static plat_always_inline void submission_one(struct vtd_submission *own, uint64_t lo, uint64_t hi)
{
	own->classes = VTD_READY_IOTLB;
	own->all = 0;
	own->nr = 1;
	own->desc[0] = (struct vtd_desc){ lo, hi };
}

static plat_noinline void queue_write_one(struct vtd_unit *u, uint64_t number, uint64_t ready,
					  uint64_t lo, uint64_t hi)
{
	struct vtd_submission own plat_uninit;

	submission_one(&own, lo, hi);
	queue_write(u, number, ready, &own);
}

/* What a strict unmap sends: straight into the ring, unless something was published. */
static plat_always_inline void queue_post_one(struct vtd_unit *u, uint64_t number, uint64_t lo,
					      uint64_t hi)
{
	struct vtd_queue *q = &u->queue;
	uint64_t ready = queue_close(q, number);

	if (plat_unlikely(ready))
		queue_write_one(u, number, ready, lo, hi);
	else
		queue_end(u, number, put(q->ring, q->tail, lo, hi));
}

bool vtd_queue_serve(struct vtd_unit *u)
{
	uint64_t number;

	if (!queue_take(u, &number))
		return false;
	vtd_queue_post(u, number, &nothing);
	queue_release(u);
	return true;
}

/* Posts what is in the slots, if it is this caller's turn. */
static void queue_kick(struct vtd_unit *u)
{
	unsigned i;

	/* Twice: who published while the token was held is served; a third round is their own. */
	for (i = 0; i < 2 && plat_load_relaxed(&u->queue.ready); i++) {
		if (!vtd_queue_serve(u))
			break;
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

/* Somebody else has the token, or too much is in flight: the next poster takes it along. */
static plat_noinline uint64_t queue_leave(struct vtd_unit *u, const struct vtd_submission *own)
{
	queue_publish(&u->queue, own);
	/* VTD-Q8 (relaxed): VTD-Q7 orders it; pairs with VTD-Q5 */
	return plat_load_relaxed(&u->queue.open);
}

static plat_noinline uint64_t queue_leave_one(struct vtd_unit *u, uint64_t lo, uint64_t hi)
{
	struct vtd_submission own plat_uninit;

	submission_one(&own, lo, hi);
	return queue_leave(u, &own);
}

static plat_noinline int submit_list(struct vtd_unit *u, const struct vtd_inval_cmd *cmd,
				     unsigned nr, uint64_t *fence)
{
	struct vtd_submission own plat_uninit;
	uint64_t number;
	uintptr_t flags;
	unsigned i;

	own.classes = 0;
	own.all = 0;
	own.nr = 0;
	for (i = 0; i < nr; i++) {
		if (vtd_submission_add(u, &own, &cmd[i]))
			return -EINVAL;
	}
	if (!nr)
		return -EINVAL;
	if (queue_dead(u))
		return -EIO;
	/* VTD-Q3 or VTD-Q7 orders the caller's table stores before anything a poster takes. */
	flags = vtd_irq_save(u);
	if (queue_take(u, &number)) {
		vtd_queue_post(u, number, &own);
		queue_release(u);
		*fence = number;
	} else {
		*fence = queue_leave(u, &own);
	}
	queue_kick(u);
	vtd_irq_restore(u, flags);
	return 0;
}

/* The same for one IOTLB descriptor. */
static plat_noinline int submit_one(struct vtd_unit *u, uint64_t lo, uint64_t hi, uint64_t *fence)
{
	uint64_t number;
	uintptr_t flags;

	if (queue_dead(u))
		return -EIO;
	flags = vtd_irq_save(u);
	if (plat_likely(queue_take(u, &number))) {
		queue_post_one(u, number, lo, hi);
		queue_release(u);
	} else {
		number = queue_leave_one(u, lo, hi);
	}
	/* relaxed: VTD-Q4 or VTD-Q7 orders it */
	if (plat_unlikely(plat_load_relaxed(&u->queue.ready)))
		queue_kick(u);
	vtd_irq_restore(u, flags);
	*fence = number;
	return 0;
}

int vtd_inval_submit(struct vtd_unit *u, const struct vtd_inval_cmd *cmd, unsigned nr,
		     uint64_t *fence)
{
	struct vtd_desc desc plat_uninit;

	if (nr == 1 && vtd_block_encode(u, cmd, &desc))
		return submit_one(u, desc.lo, desc.hi, fence);
	return submit_list(u, cmd, nr, fence);
}

static plat_always_inline struct vtd_inval_cmd range_cmd(uint16_t domain, uint64_t first,
							 uint64_t last, bool leaf_only)
{
	return (struct vtd_inval_cmd){
		.kind = VTD_INVAL_RANGE,
		.leaf_only = leaf_only,
		.domain = domain,
		.first = first,
		.last = last,
	};
}

static plat_noinline int submit_range(struct vtd_unit *u, uint16_t domain, uint64_t first,
				      uint64_t last, bool leaf_only, uint64_t *fence)
{
	struct vtd_inval_cmd cmd = range_cmd(domain, first, last, leaf_only);

	return submit_list(u, &cmd, 1, fence);
}

int vtd_inval_submit_range(struct vtd_unit *u, uint16_t domain, uint64_t first, uint64_t last,
			   bool leaf_only, uint64_t *fence)
{
	struct vtd_inval_cmd cmd = range_cmd(domain, first, last, leaf_only);
	struct vtd_desc desc plat_uninit;

	/* Both stay in registers: what needs their addresses is elsewhere. */
	if (plat_likely(vtd_block_encode(u, &cmd, &desc)))
		return submit_one(u, desc.lo, desc.hi, fence);
	return submit_range(u, domain, first, last, leaf_only, fence);
}

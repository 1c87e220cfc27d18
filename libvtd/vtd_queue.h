/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * vtd_queue.h - the steps of group commit (queue.c) that its hot paths inline.
 */
#ifndef VTD_QUEUE_H
#define VTD_QUEUE_H

#include "vtd_int.h"

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

/* The right to post batch *@number, unless somebody has it or too much is in flight. */
static plat_always_inline bool queue_take(struct vtd_unit *u, uint64_t *number)
{
	struct vtd_queue *q = &u->queue;
	uint64_t open, done = queue_done(u, &open);

	/* relaxed: a look that saves the CAS; VTD-Q3 decides */
	if (open - 1 - done >= VTD_IN_FLIGHT || plat_load_relaxed(&q->token))
		return false;
	/* VTD-Q3 (full): takes the token, after the caller's table stores; pairs with VTD-Q4 */
	if (!plat_cas_full(&q->token, 0, 1))
		return false;
	/* relaxed: only the token's holder writes */
	*number = plat_load_relaxed(&q->open);
	/* Nobody has posted between the two looks: no more are in flight than the first saw. */
	if (plat_likely(*number == open))
		return true;
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

static plat_always_inline uint64_t wait_lo(uint64_t flags, uint32_t data)
{
	return VTD_DESC_WAIT | VTD_DESC_WAIT_SW | flags | VTD_DESC_WAIT_DATA(data);
}

/* Closes batch @number; returns what was published into it. */
static plat_always_inline uint64_t queue_close(struct vtd_queue *q, uint64_t number)
{
	uint64_t ready;

	/* VTD-Q5 (full): closes the batch, before VTD-Q6; pairs with VTD-Q2, VTD-Q8 */
	plat_xchg_full(&q->open, number + 1);
	/* relaxed: after VTD-Q5, so zero means that nobody published and read this number */
	ready = plat_load_relaxed(&q->ready);
	if (plat_unlikely(ready))
		/* VTD-Q6 (full): takes what was published; pairs with VTD-Q7 */
		ready = plat_xchg_full(&q->ready, 0);
	return ready;
}

/* The wait for batch @number at @at, and the tail behind it. */
static plat_always_inline void queue_end(struct vtd_unit *u, uint64_t number, unsigned at)
{
	struct vtd_queue *q = &u->queue;

	at = put(q->ring, at, wait_lo(0, (uint32_t)number), vtd_phys(u, q->status + VTD_STATUS_DONE));
	q->tail = at;
	vtd_write32(u, VTD_IQT, at << VTD_QUEUE_INDEX_SHIFT);
}

static plat_always_inline void queue_release(struct vtd_unit *u)
{
	/* VTD-Q4 (full): before the next look at the slots; pairs with VTD-Q3, VTD-Q7 */
	plat_xchg_full(&u->queue.token, 0);
}

static plat_always_inline bool queue_dead(struct vtd_unit *u)
{
	/* relaxed: a flag that only rises */
	return plat_unlikely(plat_load_relaxed(&u->queue.dead));
}

/* queue.c */

/* Posts batch @number, with @own and what was published; the caller has the token. */
void vtd_queue_post(struct vtd_unit *u, uint64_t number, const struct vtd_submission *own);

/* Posts what was published, if it is the caller's turn: whether it was. */
bool vtd_queue_serve(struct vtd_unit *u);

#endif

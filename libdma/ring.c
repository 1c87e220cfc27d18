/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * ring.c - one ring of unmaps that wait for a domain flush: in, marked, out.
 *
 * Invariants, linearization points and the proof: doc/ordering-dma.md.  In short:
 * a reservation moves the ring's head after the entries were cleared; mark notes
 * {head, number of flushes begun}; a flush with a greater number, once completed,
 * covers everything below the mark; retire frees it.
 */
#include "dmap_ring.h"

/* Interrupted this often, a push goes to the ring that needs no CPU-local step. */
#define PUSH_TRIES 4

/* The slots are made when a CPU first queues something: NULL when there is no memory. */
uint64_t *dmap_ring_make_slots(struct dmap_space *space, struct dmap_ring *ring)
{
	size_t size = space->ring_size * sizeof(uint64_t);
	unsigned i = (unsigned)(ring - space->ring), home = dmap_ring_home(space, i);
	uint64_t *slot = plat_mem_alloc_near(&space->mem, size, PLAT_CACHELINE,
					     home < space->slots ? home : PLAT_CPU_NONE);

	if (!slot)
		return NULL;
	/* DMA-R7: the slots are zero; pairs with DMA-A7 */
	if (!plat_cas_full(&ring->slot, NULL, slot))
		dmap_free(space, slot, size);
	/* DMA-A7 */
	return plat_load_acquire(&ring->slot);
}

/* Room for @n at the ring's end as it is now: where; false: none, or no memory for slots. */
static bool room(struct dmap_space *space, struct dmap_ring *ring, uint64_t n,
		 struct dmap_place *at)
{
	at->ring = ring;
	at->slot = dmap_ring_slots(space, ring);
	if (!at->slot)
		return false;
	/* relaxed: the move of head fails if it is stale */
	at->pos = plat_load_relaxed(&ring->head);
	/* DMA-A3: slots below were read by their retirer; pairs with DMA-R3 */
	at->tail = plat_load_acquire(&ring->tail);
	return at->pos + n - at->tail <= space->ring_size;
}

/* Reserve @n positions in a ring whose head anybody moves. */
static bool reserve_in(struct dmap_space *space, struct dmap_ring *ring, uint64_t n,
		       struct dmap_place *at)
{
	do {
		if (!room(space, ring, n, at))
			return false;
		/* DMA-R1: the caller's clears come first; pairs with DMA-A1 */
	} while (!plat_cas_full(&ring->head, at->pos, at->pos + n));
	return true;
}

/* Reserve @n positions, if possible on the calling CPU's ring; false: no room, no memory. */
bool dmap_ring_reserve(struct dmap_space *space, uint64_t n, struct dmap_place *at)
{
	for (unsigned tries = 0; tries < PUSH_TRIES; tries++) {
		unsigned cpu = plat_cpu();

		if (cpu >= space->own_slots)
			return reserve_in(
				space, &space->ring[cpu < space->slots ? cpu : space->slots], n, at);
		if (!room(space, &space->ring[cpu], n, at))
			return false;
		/* DMA-R1: the caller's clears come first; pairs with DMA-A1 */
		if (plat_percpu_cas(&at->ring->head, at->pos, at->pos + n, cpu))
			return true;
	}
	return reserve_in(space, &space->ring[space->slots], n, at);
}

bool dmap_ring_push_long(struct dmap_space *space, uint64_t first, uint64_t size,
			 const struct pgtbl_gather *gather, struct dmap_place *at)
{
	const uint64_t w[LONG_WORDS] = {
		first | ENTRY_LONG,
		size,
		(uint64_t)(uintptr_t)gather->free_list << 1,
		(uint64_t)(uintptr_t)gather->free_tail << 1,
		gather->free_pages << 1,
	};

	if (!dmap_ring_reserve(space, LONG_WORDS, at))
		return false;
	for (unsigned i = LONG_WORDS - 1; i > 0; i--) {
		uint64_t p = at->pos + i;

		/* relaxed: published by the first word */
		plat_store_relaxed(dmap_slot_at(space, at->slot, p), w[i] | dmap_phase(space, p));
	}
	/* DMA-R2: the entry is complete; pairs with DMA-A2 */
	plat_store_release(dmap_slot_at(space, at->slot, at->pos), w[0] | dmap_phase(space, at->pos));
	return true;
}

/* Copy complete short entries from @t on to @w, at most to the end of the ring: their number. */
static unsigned copy_short(const struct dmap_space *space, uint64_t *slot, uint64_t t,
			   unsigned limit, uint64_t *w)
{
	const uint64_t *from = dmap_slot_at(space, slot, t);
	uint64_t to_end = space->ring_size - (t & (space->ring_size - 1));
	uint64_t ph = dmap_phase(space, t);
	unsigned i;

	if (limit > to_end)
		limit = (unsigned)to_end;
	for (i = 0; i < limit; i++) {
		/* DMA-A2: complete; pairs with DMA-R2 */
		w[i] = plat_load_acquire(&from[i]);
		if ((w[i] & (ENTRY_LONG | 1)) != ph)
			break;
	}
	return i;
}

/* Copy the long entry at position @t, if it is complete: whether it is. */
static bool copy_long(const struct dmap_space *space, uint64_t *slot, uint64_t t, uint64_t *w)
{
	/* DMA-A2: complete with all its words; pairs with DMA-R2 */
	w[0] = plat_load_acquire(dmap_slot_at(space, slot, t));
	if ((w[0] & (ENTRY_LONG | 1)) != (ENTRY_LONG | dmap_phase(space, t)))
		return false;
	/* relaxed: behind DMA-A2 of the first word */
	for (unsigned i = 1; i < LONG_WORDS; i++)
		w[i] = plat_load_relaxed(dmap_slot_at(space, slot, t + i));
	return true;
}

static void finish_short(struct dmap_space *space, const uint64_t *w, unsigned nr)
{
	for (unsigned bad = iova_space_free_packed(space->iova, w, nr); plat_unlikely(bad); bad--)
		dmap_bad_free(space);
	/* DMA-P1: a hint, looked at once for all of them */
	if (plat_likely(plat_load_relaxed(&space->low_full) == DMAP_LOW_NOT_FULL))
		return;
	for (unsigned i = 0; i < nr; i++)
		dmap_low_freed(space, w[i] & ENTRY_FIRST, dmap_short_size(space, w[i]));
}

/* Arithmetic shift: a kernel pointer has its top bits set. */
static inline void *pointer(uint64_t w)
{
	return (void *)(uintptr_t)((int64_t)w >> 1);
}

static plat_noinline void finish_long(struct dmap_space *space, const uint64_t *w)
{
	struct pgtbl_gather gather;

	pgtbl_gather_init(&gather);
	gather.free_list = pointer(w[2]);
	gather.free_tail = pointer(w[3]);
	gather.free_pages = w[4] >> 1;
	dmap_finish(space, w[0] & ENTRY_FIRST, w[1] & ~1ull, &gather);
}

/*
 * Free up to DMAP_RETIRE_MAX covered entries: how many words were retired; 0 when there is
 * nothing (more) to retire now; -EAGAIN when somebody else took them.
 */
int dmap_ring_retire(struct dmap_space *space, struct dmap_ring *ring)
{
	uint64_t w[DMAP_RETIRE_MAX];
	uint64_t t, mark, *slot;
	uint32_t nr;
	unsigned n;

	/* DMA-A3: before the mark, so that it is not beyond it; pairs with DMA-R3 */
	t = plat_load_acquire(&ring->tail);
	/* DMA-A4: with it comes what its author saw; pairs with DMA-R4 */
	mark = plat_load_acquire(&ring->mark);
	nr = dmap_mark_pos(mark) - (uint32_t)t;
	if (!nr || !dmap_covered(space, dmap_mark_stamp(mark)))
		return 0;
	/* DMA-A7: something was marked, so there are slots */
	slot = plat_load_acquire(&ring->slot);
	n = copy_short(space, slot, t, nr < DMAP_RETIRE_MAX ? nr : DMAP_RETIRE_MAX, w);
	if (!n && nr >= LONG_WORDS && copy_long(space, slot, t, w))
		n = LONG_WORDS;
	if (!n)
		return 0;
	/* DMA-R3: the slots have been read; pairs with DMA-A3 */
	if (!plat_cas_full(&ring->tail, t, t + n))
		return -EAGAIN;
	if (plat_likely(!(w[0] & ENTRY_LONG)))
		finish_short(space, w, n);
	else
		finish_long(space, w);
	return (int)n;
}

/* Retire covered entries until @target is reached, or one more batch may exceed @max words. */
static void retire_until(struct dmap_space *space, struct dmap_ring *ring, uint64_t target,
			 uint64_t max)
{
	int n = 0;

	/* A lost CAS is another's progress: DMA-A3 */
	while ((int64_t)(target - plat_load_acquire(&ring->tail)) > 0 &&
	       max >= DMAP_RETIRE_MAX) {
		n = dmap_ring_retire(space, ring);
		if (!n)
			break;
		if (n > 0)
			max -= (uint64_t)n;
	}
}

/* The same for everything that is queued now. */
void dmap_ring_retire_all(struct dmap_space *space, struct dmap_ring *ring, uint64_t max)
{
	/* DMA-A1 */
	retire_until(space, ring, plat_load_acquire(&ring->head), max);
}

/*
 * Whether the mark stays: it says all that a new one would; or its entries wait for
 * a flush begun earlier and would have to wait for one more, unless @force.
 */
static bool mark_stays(const struct dmap_space *space, uint64_t mark, uint64_t head, bool empty,
		       bool force)
{
	/* relaxed: an old number keeps a mark that is good, or keeps one for longer */
	if (dmap_mark_stamp(mark) == (uint32_t)plat_load_relaxed(&space->start))
		return dmap_mark_pos(mark) == (uint32_t)head;
	return !empty && !force;
}

/* The caller has read @head and then issued a full fence (DMA-F1): replace @old by a mark there. */
static void set_mark(struct dmap_space *space, struct dmap_ring *ring, uint64_t old, uint64_t head,
		     bool empty)
{
	uint32_t stamp = (uint32_t)plat_load_relaxed(&space->start); /* DMA-F1: pairs with DMA-F2 */

	/* DMA-R4: passes on what DMA-A1 saw; pairs with DMA-A4 */
	if (!plat_cas_full(&ring->mark, old, (uint64_t)(uint32_t)head << 32 | stamp))
		return;
	/* relaxed: hints */
	if (empty)
		plat_store_relaxed(&ring->since_ns, plat_load_relaxed(&ring->mark_ns));
	/* relaxed: a hint */
	plat_store_relaxed(&ring->mark_ns, dmap_now(space));
}

/* Note that everything below head is covered by the flushes begun from now on. */
void dmap_ring_mark(struct dmap_space *space, struct dmap_ring *ring, bool force)
{
	/* DMA-A3, DMA-A4: before head, so that head is not behind the mark */
	uint64_t tail = plat_load_acquire(&ring->tail);
	uint64_t old = plat_load_acquire(&ring->mark);
	/* DMA-A1: with a position come its clears; pairs with DMA-R1 */
	uint64_t head = plat_load_acquire(&ring->head);
	bool empty = dmap_mark_pos(old) == (uint32_t)tail;

	if (mark_stays(space, old, head, empty, force))
		return;
	/* DMA-F1: clears before the number; pairs with DMA-F2 */
	plat_mb();
	set_mark(space, ring, old, head, empty);
}

/*
 * The same, of what was below @head when it was read (DMA-A1), before the caller claimed
 * the flush that is to cover it: the claim was the fence.
 */
void dmap_ring_mark_at(struct dmap_space *space, struct dmap_ring *ring, uint64_t head)
{
	/* DMA-A4 */
	uint64_t old = plat_load_acquire(&ring->mark);

	/* Another one has marked more since. */
	if ((int32_t)((uint32_t)head - dmap_mark_pos(old)) < 0)
		return;
	/* relaxed: what a flush has covered already is no part of what is the oldest now */
	set_mark(space, ring, old, head,
		 dmap_covered(space, dmap_mark_stamp(old)) ||
			 dmap_mark_pos(old) == (uint32_t)plat_load_relaxed(&ring->tail));
}

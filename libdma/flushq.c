/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * flushq.c - lazy mode: into which ring an unmap goes, when the domain is flushed,
 * and who frees what the flush covers.
 *
 * A free costs least on the CPU that the allocator's word belongs to: there it
 * needs no LOCK-prefixed instruction, and nobody has to collect it later.  So an unmap
 * queues in its own CPU's ring what was allocated there, and the rest in the inbox
 * of the CPU that allocated it.  That one frees what is covered of both: of its own
 * ring at its unmaps, of either when it has no address at hand.  A timer and full
 * rings help it where it does not.
 */
#include "dmap_ring.h"

/* Words pushed to one ring between two marks: what a flush that others begin may miss. */
#define MARK_MASK 31u
/* Flushes that one map without an address waits for. */
#define RECLAIM_TRIES 2

static struct dmap_ring *inbox_of(struct dmap_space *space, unsigned cpu)
{
	return &space->ring[space->slots + 1 + cpu];
}

static bool is_inbox(const struct dmap_space *space, const struct dmap_ring *ring)
{
	return ring > &space->ring[space->slots];
}

/* Is the oldest entry that no flush has covered too old? */
static bool expired(struct dmap_space *space, struct dmap_ring *ring)
{
	/* relaxed: hints; a wrong answer moves a flush */
	uint64_t mark = plat_load_relaxed(&ring->mark);
	bool covered = dmap_covered(space, dmap_mark_stamp(mark));
	uint32_t first = covered ? dmap_mark_pos(mark) :
				   (uint32_t)plat_load_relaxed(&ring->tail); /* relaxed: a hint */

	if (!space->now_ns || first == (uint32_t)plat_load_relaxed(&ring->head)) /* relaxed: a hint */
		return false;
	/* relaxed: hints */
	return dmap_now(space) - plat_load_relaxed(covered ? &ring->mark_ns : &ring->since_ns) >=
	       space->age_ns;
}

/* Begin a flush of what is in the ring, unless one is pending: 0 or the queue's error. */
static int flush_ring(struct dmap_space *space, struct dmap_ring *ring)
{
	/* DMA-A1: with a position come its clears; pairs with DMA-R1 */
	uint64_t head = plat_load_acquire(&ring->head);

	if (!dmap_flush_claim(space)) /* DMA-F1 */
		return 0;
	dmap_ring_mark_at(space, ring, head);
	return dmap_flush_begin(space);
}

/* Marked entries that are not retired, and a flush begun since they were marked. */
static plat_always_inline bool due(const struct dmap_space *space, const struct dmap_ring *ring,
				   uint64_t tail)
{
	/* relaxed: decides what to try; each step checks for itself */
	uint64_t mark = plat_load_relaxed(&ring->mark);
	uint32_t start = (uint32_t)plat_load_relaxed(&space->start);

	return dmap_mark_stamp(mark) != start && dmap_mark_pos(mark) != (uint32_t)tail;
}

/*
 * After every so many words pushed to a ring, the last at @last: are there too many, or
 * is the oldest too old?
 * @retired: this unmap has freed earlier ones; it frees no more of them.
 */
static void look_at_limits(struct dmap_space *space, struct dmap_ring *ring, uint64_t last,
			   bool retired)
{
	/* relaxed: a stale tail asks for a flush too early, never for a free */
	uint64_t tail = plat_load_relaxed(&ring->tail), mark;
	bool full = last + 1 - tail >= space->lazy_entries, inbox = is_inbox(space, ring), ready;

	dmap_flush_poll(space);
	/* relaxed: whether to begin a flush */
	mark = plat_load_relaxed(&ring->mark);
	/* What a flush has covered is retired first; by an inbox's owner, unless it is full. */
	ready = dmap_mark_pos(mark) != (uint32_t)tail &&
		dmap_covered(space, dmap_mark_stamp(mark));
	if ((full && !ready) || expired(space, ring)) {
		if (flush_ring(space, ring))
			return;
	} else if (!inbox) {
		return;
	}
	if ((full || !inbox) && !retired)
		dmap_ring_retire(space, ring);
}

/* Nothing to do after the push at @pos: no limit to look at, nothing in an own ring to free. */
static plat_always_inline bool quiet(const struct dmap_space *space, const struct dmap_ring *ring,
				     uint64_t pos, uint64_t tail, bool inbox)
{
	return (pos & space->step_mask) && tail != pos && (inbox || !due(space, ring, tail));
}

/*
 * After a push of @n words at @pos that may leave something to do: see what, do a bounded
 * part of it.  Returns 0.
 */
static plat_noinline int after_push(struct dmap_space *space, struct dmap_ring *ring,
				    uint64_t pos, uint64_t n, uint64_t tail, bool retired)
{
	uint64_t last = pos + n - 1;

	if (tail == pos) {
		uint64_t t = dmap_now(space);

		/* relaxed: hints */
		plat_store_relaxed(&ring->since_ns, t);
		plat_store_relaxed(&ring->mark_ns, t);
	}
	if (!retired && !is_inbox(space, ring) && due(space, ring, tail)) {
		dmap_flush_poll(space);
		retired = dmap_ring_retire(space, ring) > 0;
	}
	/* Is a multiple of 32, or of the step, among the @n positions? */
	if ((last & MARK_MASK) < n)
		dmap_ring_mark(space, ring, false);
	if ((last & space->step_mask) < n)
		look_at_limits(space, ring, last, retired);
	return 0;
}

/* The ring is full, or there is none: the flush that makes room covers the caller's range too. */
static plat_noinline int release_now(struct dmap_space *space, struct dmap_ring *ring,
				     uint64_t first, uint64_t size,
				     const struct pgtbl_gather *gather, bool retired)
{
	struct pgtbl_gather tables = *gather;
	int r;

	dmap_ring_mark(space, ring, false);
	r = dmap_flush_sync(space);
	if (r) {
		dmap_quarantine(space, first, size, &tables);
		return r;
	}
	dmap_finish(space, first, size, &tables);
	if (!retired)
		dmap_ring_retire(space, ring);
	return 0;
}

/* One of the five-word entries; also what does not find room in a ring at once. */
int dmap_lazy_release_long(struct dmap_space *space, uint64_t first, uint64_t size,
			   const struct pgtbl_gather *gather)
{
	struct dmap_place at;
	bool retired = false;

	if (!dmap_ring_push_long(space, first, size, gather, &at)) {
		dmap_flush_poll(space);
		retired = dmap_ring_retire(space, at.ring) > 0;
		if (!dmap_ring_push_long(space, first, size, gather, &at))
			return release_now(space, at.ring, first, size, gather, retired);
	}
	return after_push(space, at.ring, at.pos, LONG_WORDS, at.tail, retired);
}

/* Fill the slot at @pos, which was reserved when the tail was @tail. */
static plat_always_inline int put(struct dmap_space *space, struct dmap_ring *ring, uint64_t *slot,
				  uint64_t pos, uint64_t tail, uint64_t entry, bool inbox)
{
	/* DMA-R2: the entry is complete; pairs with DMA-A2 */
	plat_store_release(dmap_slot_at(space, slot, pos), entry | dmap_phase(space, pos));
	if (plat_likely(quiet(space, ring, pos, tail, inbox)))
		return 0;
	return after_push(space, ring, pos, 1, tail, false);
}

/* Nothing a CPU-local step can do: no such steps, no slots yet, interrupted, or full. */
static plat_noinline int push_slow(struct dmap_space *space, uint64_t entry)
{
	struct pgtbl_gather gather;
	struct dmap_place at;

	if (dmap_ring_reserve(space, 1, &at))
		return put(space, at.ring, at.slot, at.pos, at.tail, entry, false);
	pgtbl_gather_init(&gather);
	return dmap_lazy_release_long(space, entry & ENTRY_FIRST,
				      dmap_short_size(space, entry), &gather);
}

/*
 * What was allocated on CPU @home: into its inbox; or into our ring, when that
 * is full or another CPU was faster, so that there is one try only.
 */
static plat_noinline int push_home(struct dmap_space *space, uint64_t entry, unsigned home)
{
	struct dmap_ring *ring = inbox_of(space, home);
	uint64_t *slot, head, tail;

	if (plat_unlikely(home >= space->own_slots))
		return push_slow(space, entry);
	slot = dmap_ring_slots(space, ring);
	/* relaxed: the move below fails if it is stale */
	head = plat_load_relaxed(&ring->head);
	/* DMA-A3: slots below were read by their retirer; pairs with DMA-R3 */
	tail = plat_load_acquire(&ring->tail);
	if (plat_unlikely(!slot || head - tail >= space->ring_size ||
			  /* DMA-R1: the caller's clears come first; pairs with DMA-A1 */
			  !plat_cas_full(&ring->head, head, head + 1)))
		return push_slow(space, entry);
	return put(space, ring, slot, head, tail, entry, true);
}

/* Queue an entry of one word; bit 0 is not set yet.  @home: where its free costs least. */
int dmap_lazy_push(struct dmap_space *space, uint64_t entry, unsigned home)
{
	unsigned cpu = plat_cpu_raw();
	struct dmap_ring *ring;
	uint64_t *slot, head, tail;

	if (plat_unlikely(home != cpu && home != IOVA_CPU_ANY))
		return push_home(space, entry, home);
	if (plat_unlikely(cpu >= space->own_slots))
		return push_slow(space, entry);
	ring = &space->ring[cpu];
	/* DMA-A7: zeroed slots; pairs with DMA-R7 */
	slot = plat_load_acquire(&ring->slot);
	/* relaxed: the move below fails if it is stale */
	head = plat_load_relaxed(&ring->head);
	/* DMA-A3: slots below were read by their retirer; pairs with DMA-R3 */
	tail = plat_load_acquire(&ring->tail);
	if (plat_unlikely(!slot || head - tail >= space->ring_size ||
			  /* DMA-R1: the caller's clears come first; pairs with DMA-A1 */
			  !plat_percpu_cas(&ring->head, head, head + 1, cpu)))
		return push_slow(space, entry);
	return put(space, ring, slot, head, tail, entry, false);
}

/* No address is at hand on this CPU: free what is covered of what was allocated here. */
bool dmap_lazy_give_back(struct dmap_space *space)
{
	unsigned cpu = plat_cpu();
	bool any;

	if (cpu >= space->own_slots)
		return false;
	dmap_flush_poll(space);
	any = dmap_ring_retire(space, &space->ring[cpu]);
	return dmap_ring_retire(space, inbox_of(space, cpu)) || any;
}

/* How many calls of the timer in a row found the ring with the same @tail. */
static void count_idle(struct dmap_ring *ring, uint64_t tail)
{
	/* relaxed: a hint */
	uint32_t seen = plat_load_relaxed(&ring->seen), now = (uint32_t)tail << 8;

	if (seen >> 8 == now >> 8)
		now = seen + ((seen & 0xff) < DMAP_IDLE_CALLS);
	/* relaxed: a hint */
	plat_store_relaxed(&ring->seen, now);
}

/* Free covered entries of ring @i for its CPU if that is this one, or has long not done so. */
static void retire_expired(struct dmap_space *space, unsigned i, unsigned cpu)
{
	struct dmap_ring *ring = &space->ring[i];
	unsigned home = dmap_ring_home(space, i);

	/* relaxed: a hint */
	if (home == cpu || home >= space->own_slots ||
	    (plat_load_relaxed(&ring->seen) & 0xff) >= DMAP_IDLE_CALLS)
		dmap_ring_retire_all(space, ring, DMAP_RETIRE_TIMER);
}

/* Is anything in the ring? */
static bool holds(const struct dmap_ring *ring)
{
	/* relaxed: a snapshot; who pushes later has a later call serve it */
	return plat_load_relaxed(&ring->head) != plat_load_relaxed(&ring->tail);
}

/* Rings of which one call notes the heads; others are marked with a fence each. */
#define NOTED 8

/* Begin a flush of what is in all rings, unless one is pending: 0 or the queue's error. */
static int flush_rings(struct dmap_space *space)
{
	struct {
		struct dmap_ring *ring;
		uint64_t head;
	} noted[NOTED];
	unsigned nr = 0;

	for (unsigned i = 0; i < space->rings; i++) {
		struct dmap_ring *ring = &space->ring[i];

		if (!holds(ring))
			continue;
		if (nr == NOTED) {
			dmap_ring_mark(space, ring, true);
			continue;
		}
		noted[nr].ring = ring;
		/* DMA-A1: with a position come its clears; pairs with DMA-R1 */
		noted[nr++].head = plat_load_acquire(&ring->head);
	}
	if (!dmap_flush_claim(space)) /* DMA-F1 */
		return 0;
	while (nr--)
		dmap_ring_mark_at(space, noted[nr].ring, noted[nr].head);
	return dmap_flush_begin(space);
}

static int flush_expired(struct dmap_space *space)
{
	int begun = 0, r = dmap_flush_poll(space);
	bool left = false, any = false;
	unsigned cpu = plat_cpu();

	for (unsigned i = 0; i < space->rings; i++) {
		struct dmap_ring *ring = &space->ring[i];

		if (!holds(ring))
			continue;
		/* relaxed: a hint */
		count_idle(ring, plat_load_relaxed(&ring->tail));
		retire_expired(space, i, cpu);
		any = any || expired(space, ring);
		left |= holds(ring);
	}
	if (any)
		begun = flush_rings(space);
	if (any && !begun) {
		left = false;
		for (unsigned i = 0; i < space->rings; i++)
			if (holds(&space->ring[i])) {
				retire_expired(space, i, cpu);
				left |= holds(&space->ring[i]);
			}
	}
	return begun ? begun : r ? r : left;
}

/* Have all queues covered by the next flush: whether there is anything in them. */
static bool mark_all(struct dmap_space *space)
{
	bool any = false;

	for (unsigned i = 0; i < space->rings; i++) {
		struct dmap_ring *ring = &space->ring[i];

		/* DMA-A1, DMA-A3 */
		if (plat_load_acquire(&ring->head) == plat_load_acquire(&ring->tail))
			continue;
		dmap_ring_mark(space, ring, true);
		any = true;
	}
	return any;
}

static int flush_all(struct dmap_space *space)
{
	int r;

	if (!mark_all(space))
		return 0;
	r = dmap_flush_sync(space);
	for (unsigned i = 0; i < space->rings && !r; i++)
		dmap_ring_retire_all(space, &space->ring[i], ~0ull);
	return r;
}

/*
 * Metadata goes back when the space has come to rest and nothing is queued any more: until
 * all of it has been looked at, the timer has to come again.  Where this is not the place
 * for it (-EAGAIN), another will be found.
 */
static int trim_some(struct dmap_space *space, int queued)
{
	uint32_t ticks = plat_load_relaxed(&space->ticks) + 1; /* relaxed: a hint */
	int r;

	plat_store_relaxed(&space->ticks, ticks); /* relaxed: a hint */
	if (queued || !space->lazy)
		plat_store_relaxed(&space->trim_left, true); /* relaxed: a hint */
	/* relaxed: a hint */
	if (!plat_load_relaxed(&space->trim_left))
		return queued;
	if (ticks % DMAP_TRIM_TICKS)
		return queued ? queued : space->lazy;
	r = iova_space_trim_idle(space->iova);
	if (r <= 0 && !queued)
		plat_store_relaxed(&space->trim_left, false); /* relaxed: a hint */
	return queued ? queued : r > 0;
}

int dmap_flush(struct dmap_space *space, bool expired_only)
{
	int r;

	if (!space)
		return -EINVAL;
	if (!expired_only)
		return space->lazy ? flush_all(space) : 0;
	r = space->lazy ? flush_expired(space) : 0;
	return space->trim ? trim_some(space, r) : r;
}

/* Marked entries that could not be retired: a newer flush is to cover them, or a push goes on. */
static bool left_marked(struct dmap_space *space)
{
	for (unsigned i = 0; i < space->rings; i++) {
		struct dmap_ring *ring = &space->ring[i];

		/* relaxed: decides between one more try and none, and between two errors */
		if (dmap_mark_pos(plat_load_relaxed(&ring->mark)) !=
		    (uint32_t)plat_load_relaxed(&ring->tail))
			return true;
	}
	return false;
}

/* Retire what is covered until @alloc finds a place. */
static uint64_t retire_for(struct dmap_space *space, dmap_alloc_fn *alloc, uint64_t size,
			   uint64_t limit)
{
	for (unsigned i = 0; i < space->rings; i++) {
		/* A batch that another thread took may have made room as well. */
		while (dmap_ring_retire(space, &space->ring[i])) {
			uint64_t iova = alloc(space, size, limit);

			if (!dmap_no_room(iova))
				return iova;
		}
	}
	return alloc(space, size, limit);
}

/*
 * Addresses ran out: flush, then retire queued ranges until @alloc finds a place.  A flush
 * that another call begins in the meantime takes queues over; then once more, and then
 * -EAGAIN: it is not known that there is no room.
 */
uint64_t dmap_lazy_reclaim(struct dmap_space *space, dmap_alloc_fn *alloc, uint64_t size,
			   uint64_t limit)
{
	uint64_t iova;

	for (unsigned tries = 0; tries < RECLAIM_TRIES; tries++) {
		if (!mark_all(space) || dmap_flush_sync(space))
			return alloc(space, size, limit);
		iova = retire_for(space, alloc, size, limit);
		if (!dmap_no_room(iova) || !left_marked(space))
			return iova;
	}
	return (uint64_t)-EAGAIN;
}

/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * flushq.c - lazy mode: per-CPU queues of unmaps that wait for a domain flush.
 *
 * Invariants, linearization points and the proof: doc/ordering-dma.md.  In short:
 * push moves the ring's head after the entries were cleared; mark notes {head,
 * number of flushes begun}; a flush with a greater number, once completed, covers
 * everything below the mark; retire frees it.
 *
 * An entry is one word if its size fits, else five:
 *   bits 12-63  first byte       bits 2-11  granules (1..1023), 0 in a long entry
 *   bit 1       long entry       bit 0      phase, see phase()
 * The further words of a long entry are shifted or aligned so that bit 0 is free
 * for the phase too: a slot that is reserved but not yet written must not look
 * written, whatever it held a lap ago.
 */
#include "dmap_int.h"

#define ENTRY_LONG 2ull
#define ENTRY_FIRST (~0xfffull)
#define LONG_WORDS 5 /* first, size, gather's free_list, free_tail, free_pages */

/* Interrupted this often, a push goes to the ring that needs no CPU-local step. */
#define PUSH_TRIES 4
/* Pushes of one CPU between two marks: what another CPU's flush may miss. */
#define MARK_MASK 31u

static inline uint32_t mark_pos(uint64_t mark)
{
	return (uint32_t)(mark >> 32);
}

static inline uint32_t mark_stamp(uint64_t mark)
{
	return (uint32_t)mark;
}

/* Bit 0 of what is stored at position @p: 1 in even laps, 0 in odd ones; fresh slots are 0. */
static inline uint64_t phase(const struct dmap_space *space, uint64_t p)
{
	return !(p & space->ring_size);
}

static inline uint64_t *slot_at(const struct dmap_space *space, uint64_t *slot, uint64_t p)
{
	return &slot[p & (space->ring_size - 1)];
}

/* The slots are made when a CPU first queues something: NULL when there is no memory. */
static plat_noinline uint64_t *make_slots(struct dmap_space *space, struct dmap_ring *ring)
{
	size_t size = space->ring_size * sizeof(uint64_t);
	uint64_t *slot = dmap_alloc(space, size);

	if (!slot)
		return NULL;
	/* DMA-R7: the slots are zero; pairs with DMA-A7 */
	if (!plat_cas_full(&ring->slot, NULL, slot))
		dmap_free(space, slot, size);
	/* DMA-A7 */
	return plat_load_acquire(&ring->slot);
}

/* Where a push went: ring, its slots, position, and the tail that was seen. */
struct place {
	struct dmap_ring *ring;
	uint64_t *slot;
	uint64_t pos;
	uint64_t tail;
};

/* Reserve @n positions, if possible on the calling CPU's ring; false: no room, no memory. */
static bool reserve(struct dmap_space *space, uint64_t n, struct place *at)
{
	unsigned tries = 0;
	bool moved;

	do {
		unsigned cpu = tries++ < PUSH_TRIES ? plat_cpu() : PLAT_CPU_NONE;

		at->ring = &space->ring[cpu < space->slots ? cpu : space->slots];
		/* DMA-A7: zeroed slots; pairs with DMA-R7 */
		at->slot = plat_load_acquire(&at->ring->slot);
		if (!at->slot)
			at->slot = make_slots(space, at->ring);
		if (!at->slot)
			return false;
		/* relaxed: the move below fails if it is stale */
		at->pos = plat_load_relaxed(&at->ring->head);
		/* DMA-A3: slots below were read by their retirer; pairs with DMA-R3 */
		at->tail = plat_load_acquire(&at->ring->tail);
		if (at->pos + n - at->tail > space->ring_size)
			return false;
		/* DMA-R1, either way: the caller's clears come first; pairs with DMA-A1 */
		moved = cpu < space->own_slots ?
				plat_percpu_cas(&at->ring->head, at->pos, at->pos + n, cpu) :
				plat_cas_full(&at->ring->head, at->pos, at->pos + n); /* DMA-R1 */
	} while (!moved);
	return true;
}

static bool push_long(struct dmap_space *space, uint64_t first, uint64_t size,
		      const struct pgtbl_gather *gather, struct place *at)
{
	const uint64_t w[LONG_WORDS] = {
		first | ENTRY_LONG,
		size,
		(uint64_t)(uintptr_t)gather->free_list << 1,
		(uint64_t)(uintptr_t)gather->free_tail << 1,
		gather->free_pages << 1,
	};

	if (!reserve(space, LONG_WORDS, at))
		return false;
	for (unsigned i = LONG_WORDS - 1; i > 0; i--) {
		uint64_t p = at->pos + i;

		/* relaxed: published by the first word */
		plat_store_relaxed(slot_at(space, at->slot, p), w[i] | phase(space, p));
	}
	/* DMA-R2: the entry is complete; pairs with DMA-A2 */
	plat_store_release(slot_at(space, at->slot, at->pos), w[0] | phase(space, at->pos));
	return true;
}

/* Copy complete short entries from @t on to @w, at most to the end of the ring: their number. */
static unsigned copy_short(const struct dmap_space *space, uint64_t *slot, uint64_t t,
			   unsigned limit, uint64_t *w)
{
	const uint64_t *from = slot_at(space, slot, t);
	uint64_t to_end = space->ring_size - (t & (space->ring_size - 1));
	uint64_t ph = phase(space, t);
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
	w[0] = plat_load_acquire(slot_at(space, slot, t));
	if ((w[0] & (ENTRY_LONG | 1)) != (ENTRY_LONG | phase(space, t)))
		return false;
	/* relaxed: behind DMA-A2 of the first word */
	for (unsigned i = 1; i < LONG_WORDS; i++)
		w[i] = plat_load_relaxed(slot_at(space, slot, t + i));
	return true;
}

static inline uint64_t short_size(const struct dmap_space *space, uint64_t entry)
{
	return (entry >> DMAP_SHORT_SHIFT & DMAP_SHORT_MAX) << space->granule_lg2;
}

static void finish_short(struct dmap_space *space, const uint64_t *w, unsigned nr)
{
	for (unsigned i = 0; i < nr; i++)
		if (plat_unlikely(iova_space_free(space->iova, w[i] & ENTRY_FIRST,
						  short_size(space, w[i]))))
			dmap_bad_free(space);
	/* DMA-P1: a hint, looked at once for all of them */
	if (plat_likely(plat_load_relaxed(&space->low_full) == DMAP_LOW_NOT_FULL))
		return;
	for (unsigned i = 0; i < nr; i++)
		dmap_low_freed(space, w[i] & ENTRY_FIRST, short_size(space, w[i]));
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
static int retire(struct dmap_space *space, struct dmap_ring *ring)
{
	uint64_t w[DMAP_RETIRE_MAX];
	uint64_t t, mark, *slot;
	uint32_t nr;
	unsigned n;

	/* DMA-A3: before the mark, so that it is not beyond it; pairs with DMA-R3 */
	t = plat_load_acquire(&ring->tail);
	/* DMA-A4: with it comes what its author saw; pairs with DMA-R4 */
	mark = plat_load_acquire(&ring->mark);
	nr = mark_pos(mark) - (uint32_t)t;
	if (!nr || !dmap_covered(space, mark_stamp(mark)))
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

/* Retire covered entries until @target or @max words are reached. */
static void retire_until(struct dmap_space *space, struct dmap_ring *ring, uint64_t target,
			 uint64_t max)
{
	int n = 0;

	/* A lost CAS is another's progress: DMA-A3 */
	while ((int64_t)(target - plat_load_acquire(&ring->tail)) > 0 && max > 0) {
		n = retire(space, ring);
		if (!n)
			break;
		if (n > 0)
			max -= (uint64_t)n < max ? (uint64_t)n : max;
	}
}

/* The same for everything that is queued now. */
static void retire_all(struct dmap_space *space, struct dmap_ring *ring, uint64_t max)
{
	/* DMA-A1 */
	retire_until(space, ring, plat_load_acquire(&ring->head), max);
}

/*
 * Note that everything below head is covered by the flushes begun from now on.
 * A mark whose entries wait for a flush begun earlier is kept, unless @force: the
 * entries would have to wait for one more.
 */
static void set_mark(struct dmap_space *space, struct dmap_ring *ring, bool force)
{
	/* DMA-A3, DMA-A4: before head, so that head is not behind the mark */
	uint64_t tail = plat_load_acquire(&ring->tail);
	uint64_t old = plat_load_acquire(&ring->mark);
	/* DMA-A1: with a position come its clears; pairs with DMA-R1 */
	uint64_t head = plat_load_acquire(&ring->head);
	bool empty = mark_pos(old) == (uint32_t)tail;
	uint32_t stamp;

	/* DMA-F1: clears before the number; pairs with DMA-F2 */
	plat_mb();
	stamp = (uint32_t)plat_load_relaxed(&space->start); /* DMA-F1 */
	if (stamp != mark_stamp(old) && !empty && !force)
		return;
	/* DMA-R4: passes on what DMA-A1 saw; pairs with DMA-A4 */
	if (!plat_cas_full(&ring->mark, old, (uint64_t)(uint32_t)head << 32 | stamp))
		return;
	/* relaxed: hints */
	if (empty)
		plat_store_relaxed(&ring->since_ns, plat_load_relaxed(&ring->mark_ns));
	/* relaxed: a hint */
	plat_store_relaxed(&ring->mark_ns, dmap_now(space));
}

static bool expired(struct dmap_space *space, struct dmap_ring *ring)
{
	/* relaxed: a hint */
	return space->now_ns &&
	       dmap_now(space) - plat_load_relaxed(&ring->since_ns) >= space->age_ns;
}

/* Nothing to do after the push at @pos: no limit to look at, no flush that covers anything here. */
static plat_always_inline bool quiet(const struct dmap_space *space, const struct dmap_ring *ring,
				     uint64_t pos, uint64_t tail)
{
	/* relaxed: decides when to work, and after_push() checks for itself */
	return (pos & space->step_mask) && tail != pos &&
	       mark_stamp(plat_load_relaxed(&ring->mark)) ==
		       (uint32_t)plat_load_relaxed(&space->start);
}

/* After a push that may leave something to do: see what, do a bounded part of it.  Returns 0. */
static plat_noinline int after_push(struct dmap_space *space, struct dmap_ring *ring,
				    uint64_t pos, uint64_t tail)
{
	/* relaxed: decides what to try; each step checks for itself */
	uint64_t mark = plat_load_relaxed(&ring->mark);

	if (tail == pos) {
		uint64_t t = dmap_now(space);

		/* relaxed: hints */
		plat_store_relaxed(&ring->since_ns, t);
		plat_store_relaxed(&ring->mark_ns, t);
	}
	/* relaxed: as above */
	if (mark_stamp(mark) != (uint32_t)plat_load_relaxed(&space->start)) {
		dmap_flush_poll(space);
		retire(space, ring);
		set_mark(space, ring, false);
	} else if (!(pos & MARK_MASK)) {
		set_mark(space, ring, false);
	}
	if (pos & space->step_mask)
		return 0;
	/* relaxed: a stale tail asks for a flush too early, never for a free */
	tail = plat_load_relaxed(&ring->tail);
	if (pos + 1 - tail < space->lazy_entries && !expired(space, ring))
		return 0;
	/* relaxed: whether to begin a flush */
	mark = plat_load_relaxed(&ring->mark);
	if (mark_pos(mark) != (uint32_t)tail && dmap_covered(space, mark_stamp(mark)))
		return 0; /* what is queued is being retired already */
	set_mark(space, ring, false);
	if (!dmap_flush_begin(space))
		retire(space, ring);
	return 0;
}

/* The ring is full, or there is none: the flush that makes room covers the caller's range too. */
static plat_noinline int release_now(struct dmap_space *space, struct dmap_ring *ring,
				     uint64_t first, uint64_t size,
				     const struct pgtbl_gather *gather)
{
	struct pgtbl_gather tables = *gather;
	int r;

	set_mark(space, ring, false);
	r = dmap_flush_sync(space);
	if (r) {
		dmap_quarantine(space, first, size, &tables);
		return r;
	}
	dmap_finish(space, first, size, &tables);
	retire(space, ring);
	return 0;
}

/* One of the five-word entries; also what does not find room in a ring at once. */
int dmap_lazy_release_long(struct dmap_space *space, uint64_t first, uint64_t size,
			   const struct pgtbl_gather *gather)
{
	struct place at;

	if (!push_long(space, first, size, gather, &at)) {
		dmap_flush_poll(space);
		retire(space, at.ring);
		if (!push_long(space, first, size, gather, &at))
			return release_now(space, at.ring, first, size, gather);
	}
	return after_push(space, at.ring, at.pos, at.tail);
}

/* Nothing a CPU-local step can do: no such steps, no slots yet, interrupted, or full. */
static plat_noinline int push_slow(struct dmap_space *space, uint64_t entry)
{
	struct pgtbl_gather gather;
	struct place at;

	if (reserve(space, 1, &at)) {
		/* DMA-R2: pairs with DMA-A2 */
		plat_store_release(slot_at(space, at.slot, at.pos), entry | phase(space, at.pos));
		if (quiet(space, at.ring, at.pos, at.tail))
			return 0;
		return after_push(space, at.ring, at.pos, at.tail);
	}
	pgtbl_gather_init(&gather);
	return dmap_lazy_release_long(space, entry & ENTRY_FIRST,
				      (entry >> DMAP_SHORT_SHIFT & DMAP_SHORT_MAX)
					      << space->granule_lg2,
				      &gather);
}

/* Queue an entry of one word; bit 0 is not set yet. */
int dmap_lazy_push(struct dmap_space *space, uint64_t entry)
{
	unsigned cpu = plat_cpu_raw();
	struct dmap_ring *ring;
	uint64_t *slot, head, tail;

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
	/* DMA-R2: the entry is complete; pairs with DMA-A2 */
	plat_store_release(slot_at(space, slot, head), entry | phase(space, head));
	if (plat_likely(quiet(space, ring, head, tail)))
		return 0;
	return after_push(space, ring, head, tail);
}

static int flush_expired(struct dmap_space *space)
{
	int begun, r = dmap_flush_poll(space);
	bool any = false;

	for (unsigned i = 0; i <= space->slots; i++) {
		struct dmap_ring *ring = &space->ring[i];
		/* DMA-A1 */
		uint64_t head = plat_load_acquire(&ring->head);

		/* relaxed: a hint */
		if (head == plat_load_relaxed(&ring->tail))
			continue;
		retire_until(space, ring, head, DMAP_RETIRE_TIMER);
		set_mark(space, ring, false);
		/* relaxed: whether to begin a flush */
		if (plat_load_relaxed(&ring->tail) != head &&
		    !dmap_covered(space, mark_stamp(plat_load_relaxed(&ring->mark))))
			any |= expired(space, ring);
	}
	if (!any)
		return r;
	begun = dmap_flush_begin(space);
	for (unsigned i = 0; i <= space->slots && !begun; i++)
		retire_all(space, &space->ring[i], DMAP_RETIRE_TIMER);
	return begun ? begun : r;
}

/* Have all queues covered by the next flush: whether there is anything in them. */
static bool mark_all(struct dmap_space *space)
{
	bool any = false;

	for (unsigned i = 0; i <= space->slots; i++) {
		struct dmap_ring *ring = &space->ring[i];

		/* DMA-A1, DMA-A3 */
		if (plat_load_acquire(&ring->head) == plat_load_acquire(&ring->tail))
			continue;
		set_mark(space, ring, true);
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
	for (unsigned i = 0; i <= space->slots && !r; i++)
		retire_all(space, &space->ring[i], ~0ull);
	return r;
}

int dmap_flush(struct dmap_space *space, bool expired_only)
{
	if (!space)
		return -EINVAL;
	if (!space->lazy)
		return 0;
	return expired_only ? flush_expired(space) : flush_all(space);
}

/* Addresses ran out: flush, then retire queued ranges until @alloc finds a place. */
uint64_t dmap_lazy_reclaim(struct dmap_space *space, dmap_alloc_fn *alloc, uint64_t size,
			   uint64_t limit)
{
	if (!mark_all(space) || dmap_flush_sync(space))
		return alloc(space, size, limit);
	for (unsigned i = 0; i <= space->slots; i++) {
		/* A batch that another thread took may have made room as well. */
		while (retire(space, &space->ring[i])) {
			uint64_t iova = alloc(space, size, limit);

			if (!dmap_no_room(iova))
				return iova;
		}
	}
	return alloc(space, size, limit);
}

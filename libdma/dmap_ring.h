/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * dmap_ring.h - the rings in which lazy unmaps wait: ring.c moves entries in and
 * out, flushq.c decides when.
 *
 * An entry is one word if its size fits, else five:
 *   bits 12-63  first byte       bits 2-11  granules (1..1023), 0 in a long entry
 *   bit 1       long entry       bit 0      phase, see dmap_phase()
 * The further words of a long entry are shifted or aligned so that bit 0 is free
 * for the phase too: a slot that is reserved but not yet written must not look
 * written, whatever it held a lap ago.
 */
#ifndef DMAP_RING_H
#define DMAP_RING_H

#include "dmap_int.h"

#define ENTRY_LONG 2ull
#define ENTRY_FIRST (~0xfffull)
#define LONG_WORDS 5 /* first, size, gather's free_list, free_tail, free_pages */

static inline uint32_t dmap_mark_pos(uint64_t mark)
{
	return (uint32_t)(mark >> 32);
}

static inline uint32_t dmap_mark_stamp(uint64_t mark)
{
	return (uint32_t)mark;
}

/* Bit 0 of what is stored at position @p: 1 in even laps, 0 in odd ones; fresh slots are 0. */
static inline uint64_t dmap_phase(const struct dmap_space *space, uint64_t p)
{
	return !(p & space->ring_size);
}

static inline uint64_t *dmap_slot_at(const struct dmap_space *space, uint64_t *slot, uint64_t p)
{
	return &slot[p & (space->ring_size - 1)];
}

/* The CPU that ring @i is for, as its own or as its inbox; at least @slots: none in particular. */
static inline unsigned dmap_ring_home(const struct dmap_space *space, unsigned i)
{
	return i > space->slots ? i - space->slots - 1 : i;
}

/* Bytes of a short entry. */
static inline uint64_t dmap_short_size(const struct dmap_space *space, uint64_t entry)
{
	return (entry >> DMAP_SHORT_SHIFT & DMAP_SHORT_MAX) << space->granule_lg2;
}

/* Where a push went: ring, its slots, position, and the tail that was seen. */
struct dmap_place {
	struct dmap_ring *ring;
	uint64_t *slot;
	uint64_t pos;
	uint64_t tail;
};

uint64_t *dmap_ring_make_slots(struct dmap_space *space, struct dmap_ring *ring);

/* The ring's slots, made if need be; NULL: no memory. */
static plat_always_inline uint64_t *dmap_ring_slots(struct dmap_space *space,
						    struct dmap_ring *ring)
{
	/* DMA-A7: zeroed slots; pairs with DMA-R7 */
	uint64_t *slot = plat_load_acquire(&ring->slot);

	return plat_likely(slot) ? slot : dmap_ring_make_slots(space, ring);
}

bool dmap_ring_reserve(struct dmap_space *space, uint64_t n, struct dmap_place *at);
bool dmap_ring_push_long(struct dmap_space *space, uint64_t first, uint64_t size,
			 const struct pgtbl_gather *gather, struct dmap_place *at);
int dmap_ring_retire(struct dmap_space *space, struct dmap_ring *ring);
void dmap_ring_retire_all(struct dmap_space *space, struct dmap_ring *ring, uint64_t max);
void dmap_ring_mark(struct dmap_space *space, struct dmap_ring *ring, bool force);
void dmap_ring_mark_at(struct dmap_space *space, struct dmap_ring *ring, uint64_t head);

#endif

/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * check.c - who breaks the rule of ownership?  (pgtbl_config.violation)
 *
 * The calls of a checked table note their range in a slot while they run.  Each makes
 * its own visible before it looks at the others (PGT-F9 is a full fence), so of two that
 * overlap in range and time at least one sees the other.  A slot that changes hands
 * while it is read has another state afterwards, and is left out: its call has ended, and
 * who saw that sees what it did, as if they had come one after the other.
 */
#include "pgtbl_priv.h"

#define SLOTS 64u
#define LIVE 1ull /* the other bits count the uses of the slot */

struct slot {
	uint64_t state;
	uint64_t first;
	uint64_t last;
	uint64_t call;
} plat_aligned(PLAT_CACHELINE);

struct pgtbl_check {
	struct slot slot[SLOTS];
	uint64_t busy[SLOTS / 64];
	struct pgtbl_calls calls; /* of the format */
	void (*violation)(void *ctx, const struct pgtbl_violation *violation);
	void *ctx;
};

/* A slot that is nobody's, or SLOTS: more calls at once are not checked. */
static unsigned take_slot(struct pgtbl_check *c)
{
	for (unsigned i = 0; i < SLOTS; i++)
		/* PGT-F10: one holder at a time; pairs with itself. */
		if (!(plat_fetch_or_full(&c->busy[i / 64], 1ull << (i % 64)) >> (i % 64) & 1))
			return i;
	return SLOTS;
}

/* Whether the call in @slot overlaps; *v then has its side. */
static bool overlaps(struct slot *slot, struct pgtbl_violation *v)
{
	/* PGT-A6: the range after the state, then the state again; pairs with PGT-R6, PGT-F9. */
	uint64_t state = plat_load_acquire(&slot->state);

	v->first[1] = plat_load_acquire(&slot->first); /* PGT-A6 */
	v->last[1] = plat_load_acquire(&slot->last);   /* PGT-A6 */
	v->call[1] = (enum pgtbl_call)plat_load_acquire(&slot->call); /* PGT-A6 */
	return (state & LIVE) && v->first[1] <= v->last[0] && v->last[1] >= v->first[0] &&
	       plat_load_acquire(&slot->state) == state; /* PGT-A6 */
}

unsigned pgtbl_check_enter_slow(struct pgtbl *pt, enum pgtbl_call call, uint64_t iova,
				uint64_t size)
{
	struct pgtbl_check *c = pt->check;
	struct pgtbl_violation v = { .pt = pt, .call = { call }, .first = { iova },
				     .last = { iova + (size - 1) } };
	unsigned mine = pgtbl_is_range(pt, iova, size) ? take_slot(c) : SLOTS;

	if (mine == SLOTS)
		return SLOTS;
	/* PGT-R6: who reads one of these sees that the last use is over; pairs with PGT-A6. */
	plat_store_release(&c->slot[mine].first, v.first[0]);
	plat_store_release(&c->slot[mine].last, v.last[0]); /* PGT-R6 */
	plat_store_release(&c->slot[mine].call, call);	    /* PGT-R6 */
	/* PGT-F9: before the look at the others; pairs with itself. */
	plat_fetch_add_full(&c->slot[mine].state, 1);
	for (unsigned i = 0; i < SLOTS; i++)
		if (i != mine && overlaps(&c->slot[i], &v))
			c->violation(c->ctx, &v);
	return mine;
}

void pgtbl_check_leave_slow(struct pgtbl *pt, unsigned mine)
{
	struct pgtbl_check *c = pt->check;

	if (mine == SLOTS)
		return;
	/* PGT-F9: no longer live; what the call did is before. */
	plat_fetch_add_full(&c->slot[mine].state, 1);
	/* PGT-F10: gives the slot back; pairs with itself. */
	plat_fetch_and_full(&c->busy[mine / 64], ~(1ull << (mine % 64)));
}

static int checked_map(struct pgtbl *pt, uint64_t iova, uint64_t phys, uint64_t size,
		       unsigned prot, struct pgtbl_report *report)
{
	unsigned slot = pgtbl_check_enter_slow(pt, PGTBL_CALL_MAP, iova, size);
	int err = pt->check->calls.map(pt, iova, phys, size, prot, report);

	pgtbl_check_leave_slow(pt, slot);
	return err;
}

static int checked_map_sg(struct pgtbl *pt, uint64_t iova, const struct pgtbl_segment *seg,
			  size_t nr_seg, unsigned prot, struct pgtbl_report *report)
{
	uint64_t size = 0;
	unsigned slot;
	int err;

	for (size_t i = 0; i < nr_seg; i++)
		size += seg[i].size;
	slot = pgtbl_check_enter_slow(pt, PGTBL_CALL_MAP, iova, size);
	err = pt->check->calls.map_sg(pt, iova, seg, nr_seg, prot, report);
	pgtbl_check_leave_slow(pt, slot);
	return err;
}

static uint64_t checked_unmap(struct pgtbl *pt, uint64_t iova, uint64_t size,
			      struct pgtbl_gather *gather, struct pgtbl_report *report)
{
	unsigned slot = pgtbl_check_enter_slow(pt, PGTBL_CALL_UNMAP, iova, size);
	uint64_t bytes = pt->check->calls.unmap(pt, iova, size, gather, report);

	pgtbl_check_leave_slow(pt, slot);
	return bytes;
}

int pgtbl_check_create(struct pgtbl *pt, const struct pgtbl_config *config)
{
	struct pgtbl_check *c;

	if (!config->violation)
		return 0;
	c = plat_mem_alloc(&pt->meta, sizeof(*c), PLAT_CACHELINE);
	if (!c)
		return -ENOMEM;
	c->calls = pt->calls;
	c->violation = config->violation;
	c->ctx = config->violation_ctx;
	pt->check = c;
	pt->calls.map = checked_map;
	pt->calls.map_sg = checked_map_sg;
	pt->calls.unmap = checked_unmap;
	return 0;
}

void pgtbl_check_destroy(struct pgtbl *pt)
{
	plat_mem_free(&pt->meta, pt->check, sizeof(*pt->check), PLAT_CACHELINE);
	pt->check = NULL;
}

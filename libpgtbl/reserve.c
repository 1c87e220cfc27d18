/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * reserve.c - reservations: ranges whose tables stay.
 *
 * A list that only grows until the table is destroyed; a reservation given up is
 * used for the next one.  Whoever reads one while it changes hands may take
 * it for either: see "Reserve and reclaim" in doc/ordering-pgtbl.md.
 */
#include "pgtbl_change.h"
#include "pgtbl_priv.h"

/*
 * What @state says in its low bits, and the steps from one to the next.  The rest
 * counts the uses: a compare-and-swap from one use never changes another.
 */
enum { FREE, BUSY, LIVE, STATE = 3 };
enum { TAKE = 1, PUBLISH = 1, GIVE_UP = 2 };

struct pgtbl_reservation {
	struct pgtbl_reservation *next; /* constant once listed */
	uint64_t first;
	uint64_t last;
	uint64_t page_bytes;
	uint32_t state;
};

static struct pgtbl_reservation *first_of(const struct pgtbl *pt)
{
	/* PGT-A5: what is behind a reservation is read after it was listed; pairs with PGT-F8. */
	return plat_load_acquire(&pt->reservations);
}

bool pgtbl_reserved_slow(const struct pgtbl *pt, uint64_t iova, uint64_t span)
{
	for (const struct pgtbl_reservation *r = first_of(pt); r; r = r->next) {
		/* PGT-A5: the range after the state; pairs with PGT-R5. */
		if ((plat_load_acquire(&r->state) & STATE) != LIVE)
			continue;
		/* relaxed: see above */
		if (plat_load_relaxed(&r->page_bytes) < span &&
		    plat_load_relaxed(&r->first) <= iova + (span - 1) &&
		    plat_load_relaxed(&r->last) >= iova)
			return true;
	}
	return false;
}

/* A reservation that is nobody's else, listed. */
static struct pgtbl_reservation *take(struct pgtbl *pt)
{
	struct pgtbl_reservation *r, *head;

	for (r = first_of(pt); r; r = r->next) {
		uint32_t state = plat_load_relaxed(&r->state); /* relaxed: the CAS decides */

		/* PGT-F8: one taker; pairs with PGT-F8, by which it was given up. */
		if ((state & STATE) == FREE && plat_cas_full(&r->state, state, state + TAKE))
			return r;
	}
	r = plat_mem_alloc(&pt->meta, sizeof(*r), PLAT_CACHELINE);
	if (!r)
		return NULL;
	r->state = BUSY;
	do {
		head = first_of(pt);
		r->next = head;
		/* PGT-F8: publishes the link; pairs with PGT-A5.  Nothing is ever unlisted. */
	} while (!plat_cas_full(&pt->reservations, head, r));
	return r;
}

static void set_live(struct pgtbl_reservation *r)
{
	/*
	 * PGT-R5: the range before the state; pairs with PGT-A5.
	 * relaxed: while it is BUSY only its taker changes it
	 */
	plat_store_release(&r->state, plat_load_relaxed(&r->state) + PUBLISH);
}

/* One of those that are equal to this.  False: there is none. */
static bool give_up(struct pgtbl *pt, uint64_t iova, uint64_t last, uint64_t page_bytes)
{
	for (struct pgtbl_reservation *r = first_of(pt); r; r = r->next) {
		/* PGT-A5: the range of this use, or of a later one; pairs with PGT-R5. */
		uint32_t state = plat_load_acquire(&r->state);

		/* relaxed: behind PGT-A5; the CAS fails if another use has begun */
		if ((state & STATE) == LIVE && plat_load_relaxed(&r->first) == iova &&
		    plat_load_relaxed(&r->last) == last &&
		    plat_load_relaxed(&r->page_bytes) == page_bytes &&
		    /* PGT-F8: given up once; pairs with PGT-F8, by which it is taken. */
		    plat_cas_full(&r->state, state, state + GIVE_UP))
			return true;
	}
	return false;
}

static bool sound(const struct pgtbl *pt, uint64_t iova, uint64_t size, uint64_t page_bytes)
{
	return pt && pgtbl_is_range(pt, iova, size) && pgtbl_is_page_size(pt, page_bytes);
}

int pgtbl_reserve(struct pgtbl *pt, uint64_t iova, uint64_t size, uint64_t page_bytes,
		  struct pgtbl_report *report)
{
	struct pgtbl_reservation *r;
	unsigned slot;
	int err;

	if (!sound(pt, iova, size, page_bytes))
		return pgtbl_fail(report, iova, -EINVAL);
	err = pgtbl_reach(pt, iova + (size - 1));
	if (err)
		return pgtbl_fail(report, pgtbl_beyond_reach(pt, iova, iova + (size - 1)), err);
	r = take(pt);
	if (!r)
		return pgtbl_fail(report, iova, -ENOMEM);
	/* relaxed: published by the state */
	plat_store_relaxed(&r->first, iova);
	plat_store_relaxed(&r->last, iova + (size - 1));
	plat_store_relaxed(&r->page_bytes, page_bytes);
	set_live(r);
	slot = pgtbl_check_enter(pt, iova, size);
	err = pt->ops->reserve(pt, iova, iova + (size - 1), page_bytes, report);
	pgtbl_check_leave(pt, slot);
	if (err)
		give_up(pt, iova, iova + (size - 1), page_bytes);
	return err;
}

int pgtbl_unreserve(struct pgtbl *pt, uint64_t iova, uint64_t size, uint64_t page_bytes)
{
	if (!sound(pt, iova, size, page_bytes))
		return -EINVAL;
	return give_up(pt, iova, iova + (size - 1), page_bytes) ? 0 : -ENOENT;
}

void pgtbl_reservations_free(struct pgtbl *pt)
{
	struct pgtbl_reservation *r = first_of(pt), *next;

	for (; r; r = next) {
		next = r->next;
		plat_mem_free(&pt->meta, r, sizeof(*r), PLAT_CACHELINE);
	}
}

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

enum { FREE, BUSY, LIVE };

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
		if (plat_load_acquire(&r->state) != LIVE)
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

	for (r = first_of(pt); r; r = r->next)
		/* PGT-F8: one taker; pairs with PGT-R5, by which it was given up. */
		if (plat_cas_full(&r->state, FREE, BUSY))
			return r;
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

static void set_state(struct pgtbl_reservation *r, uint32_t state)
{
	/* PGT-R5: the range before the state; pairs with PGT-A5 and PGT-F8. */
	plat_store_release(&r->state, state);
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
	r = take(pt);
	if (!r)
		return pgtbl_fail(report, iova, -ENOMEM);
	/* relaxed: published by the state */
	plat_store_relaxed(&r->first, iova);
	plat_store_relaxed(&r->last, iova + (size - 1));
	plat_store_relaxed(&r->page_bytes, page_bytes);
	set_state(r, LIVE);
	slot = pgtbl_check_enter(pt, iova, size);
	err = pt->ops->reserve(pt, iova, iova + (size - 1), page_bytes, report);
	pgtbl_check_leave(pt, slot);
	if (err)
		set_state(r, FREE);
	return err;
}

int pgtbl_unreserve(struct pgtbl *pt, uint64_t iova, uint64_t size, uint64_t page_bytes)
{
	struct pgtbl_reservation *r;

	if (!sound(pt, iova, size, page_bytes))
		return -EINVAL;
	for (r = first_of(pt); r; r = r->next) {
		/* relaxed: a hint; the CAS decides, and a live one changes only by its holder */
		if (plat_load_relaxed(&r->first) == iova &&
		    plat_load_relaxed(&r->last) == iova + (size - 1) &&
		    plat_load_relaxed(&r->page_bytes) == page_bytes &&
		    /* PGT-F8: given up once; pairs with PGT-R5. */
		    plat_cas_full(&r->state, LIVE, FREE))
			return 0;
	}
	return -ENOENT;
}

void pgtbl_reservations_free(struct pgtbl *pt)
{
	struct pgtbl_reservation *r = first_of(pt), *next;

	for (; r; r = next) {
		next = r->next;
		plat_mem_free(&pt->meta, r, sizeof(*r), PLAT_CACHELINE);
	}
}

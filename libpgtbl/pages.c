/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* pages.c - table pages: counting, the queue of released ones. */
#include "pgtbl_priv.h"

/* One page more on @quota.  False: that would be more than its limit. */
static bool charge(struct pgtbl_quota *quota)
{
	uint64_t limit, now, peak;

	if (!quota)
		return true;
	/* relaxed: a setting; it acts on what is charged from now on */
	limit = plat_load_relaxed(&quota->limit);
	do {
		now = plat_load_relaxed(&quota->pages); /* relaxed: the CAS decides */
		if (limit && now >= limit)
			return false;
		/* relaxed: counts, ordered by nothing, here and below */
	} while (!plat_cas_relaxed(&quota->pages, now, now + 1));
	do {
		peak = plat_load_relaxed(&quota->peak); /* relaxed: the CAS decides */
		/* relaxed: a count */
	} while (now >= peak && !plat_cas_relaxed(&quota->peak, peak, now + 1));
	return true;
}

static void uncharge(struct pgtbl_quota *quota)
{
	if (quota)
		plat_fetch_add_relaxed(&quota->pages, (uint64_t)-1); /* relaxed: a count */
}

static uint64_t *alloc_table(struct pgtbl *pt, size_t bytes, int *error)
{
	uint64_t *table;

	*error = -EDQUOT;
	if (!charge(&pt->own))
		return NULL;
	if (!charge(pt->quota)) {
		uncharge(&pt->own);
		return NULL;
	}
	table = plat_mem_alloc(&pt->pages, bytes, bytes);
	if (table && !(pgtbl_page_phys(pt, table) & ~pt->ops->table_addr_mask)) {
		*error = 0;
		return table;
	}
	/* An entry could not hold the address: as good as no page. */
	plat_mem_free(&pt->pages, table, bytes, bytes);
	uncharge(&pt->own);
	uncharge(pt->quota);
	*error = -ENOMEM;
	return NULL;
}

static void free_table(struct pgtbl *pt, uint64_t *table, size_t bytes)
{
	plat_mem_free(&pt->pages, table, bytes, bytes);
	uncharge(&pt->own);
	uncharge(pt->quota);
}

uint64_t *pgtbl_page_alloc(struct pgtbl *pt, int *error)
{
	return alloc_table(pt, pt->table_bytes, error);
}

uint64_t *pgtbl_root_alloc(struct pgtbl *pt, int *error)
{
	return alloc_table(pt, pt->root_bytes, error);
}

void pgtbl_page_free(struct pgtbl *pt, uint64_t *page)
{
	free_table(pt, page, pt->table_bytes);
}

void pgtbl_root_free(struct pgtbl *pt)
{
	free_table(pt, pt->root, pt->root_bytes);
}

/* The promoted tables that @holder lists: see pgtbl_promote.h.  How many. */
static uint64_t free_held(struct pgtbl *pt, uint64_t *holder)
{
	uint64_t n = 0;

	for (unsigned i = 1; i < pt->table_bytes / sizeof(*holder) && holder[i]; i++, n++) {
		uint64_t *table = (uint64_t *)(uintptr_t)holder[i];

		memset(table, 0, pt->table_bytes);
		pgtbl_page_free(pt, table);
		holder[i] = 0;
	}
	return n;
}

uint64_t pgtbl_pages_free_list(struct pgtbl *pt, void *list)
{
	uint64_t n = 0;

	for (; list; n++) {
		uint64_t *page = list;

		list = pgtbl_link(page);
		n += free_held(pt, page);
		pgtbl_set_link(page, NULL); /* given back zeroed */
		pgtbl_page_free(pt, page);
	}
	return n;
}

void pgtbl_gather_release(struct pgtbl *pt, struct pgtbl_gather *gather)
{
	void *head;

	if (!pt || !gather)
		return;
	if (gather->free_list) {
		/* relaxed: statistics */
		plat_fetch_add_relaxed(&pt->queued_pages, gather->free_pages);
		do {
			head = plat_load_relaxed(&pt->queued); /* relaxed: the CAS decides */
			pgtbl_set_link(gather->free_tail, head);
			/* PGT-R3: publishes the links; pairs with PGT-A3.  ABA is
			 * harmless: the only other operation takes the whole list. */
		} while (!plat_cas_release(&pt->queued, head, gather->free_list));
	}
	pgtbl_gather_init(gather);
}

/* Take the queue.  0 with pt->reclaiming held, or -EBUSY. */
int pgtbl_drain_begin(struct pgtbl *pt, void **list)
{
	/* PGT-F4: one holder at a time; pairs with PGT-R4. */
	if (!plat_cas_full(&pt->reclaiming, 0, 1))
		return -EBUSY;
	/* PGT-A3: takes the links; pairs with PGT-R3. */
	*list = plat_xchg_full(&pt->queued, NULL);
	return 0;
}

/* A grace period has passed since pgtbl_drain_begin(). */
void pgtbl_drain_end(struct pgtbl *pt, void *list)
{
	uint64_t n = pgtbl_pages_free_list(pt, list);

	plat_fetch_add_relaxed(&pt->queued_pages, -n); /* relaxed: statistics */
	/* PGT-R4: what the holder did is seen by the next; pairs with PGT-F4. */
	plat_store_release(&pt->reclaiming, 0);
}

int pgtbl_drain(struct pgtbl *pt)
{
	void *list;
	int err;

	if (!pt)
		return -EINVAL;
	err = pgtbl_drain_begin(pt, &list);
	if (err)
		return err;
	if (list)
		plat_synchronize();
	pgtbl_drain_end(pt, list);
	return 0;
}

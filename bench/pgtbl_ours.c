// SPDX-License-Identifier: GPL-2.0-only OR MIT
/* pgtbl_ours.c - the page-table workloads on libpgtbl, VT-d second stage. */
#include <stdlib.h>
#include <string.h>

#include "pgtbl.h"
#include "sides.h"

#define SIDE_TABLE pgtbl_ours
static struct pgtbl *create_from(struct plat_mem pages)
{
	struct pgtbl_config config = { .ops = &pgtbl_vtdss_ops, .levels = 4, .oa_bits = 48,
				       .pages = pages };
	struct pgtbl *pt;

	return pgtbl_create(&pt, &config) ? NULL : pt;
}

static struct pgtbl *side_create(void)
{
	return create_from(bench_pages());
}

#include "pgtbl_side.h"
#include "wl_pgtbl.h"

/*
 * What map_1g_4k_vs_store is compared with: a loop that stores the very values,
 * one plain 64-bit store each, into the very memory that a map of 1 GiB writes.
 * It works on a table of its own, whose leaf tables it finds through the page
 * source; between two runs they are zeroed, as an unmap does.
 */
#define LEAF_TABLES (PAGES_1G / PAGES_2M)
#define ADDRESS_BITS 0x000ffffffffff000ull

#define MAX_TABLES (LEAF_TABLES + 64)

struct store {
	side_pt *pt;
	uint64_t *leaf[LEAF_TABLES];
	uint64_t first_entry;
	struct bench_record record;
	void *page[MAX_TABLES];
};

static void find_leaf_tables(struct store *store)
{
	size_t i, k;

	for (i = 0; i < store->record.nr; i++) {
		uint64_t *table = store->page[i];

		k = ((table[0] & ADDRESS_BITS) - PHYS_4K(BASE)) >> LARGE_LG2;
		if (k < LEAF_TABLES)
			store->leaf[k] = table;
	}
	for (k = 0; k < LEAF_TABLES; k++)
		if (!store->leaf[k])
			bench_die("leaf table %zu not found", k);
}

static void *setup_store(void)
{
	struct store *store = calloc(1, sizeof(*store));

	if (!store)
		bench_die("no memory");
	store->record = (struct bench_record){ .page = store->page, .max = MAX_TABLES };
	store->pt = create_from(bench_pages_recorded(&store->record));
	if (!store->pt)
		bench_die("cannot create a page table");
	map_1g(store->pt);
	find_leaf_tables(store);
	store->first_entry = store->leaf[0][0];
	unmap_1g(store->pt);
	return store;
}

static bench_noinline void timed_store(void *state)
{
	struct store *store = state;
	uint64_t entry = store->first_entry;
	int i, k;

	for (k = 0; k < LEAF_TABLES; k++) {
		/* volatile: one 64-bit store each, never a vector */
		volatile uint64_t *table = store->leaf[k];

		for (i = 0; i < PAGES_2M; i++, entry += 4096)
			table[i] = entry;
	}
}

static void clear_store(void *state)
{
	struct store *store = state;
	int k;

	for (k = 0; k < LEAF_TABLES; k++)
		memset(store->leaf[k], 0, 4096);
}

static double round_store(void *state)
{
	return bench_windows(timed_store, clear_store, state, 15) / PAGES_1G;
}

static void teardown_store(void *state)
{
	struct store *store = state;

	/* The library reads back what the loop has stored: they are the real entries. */
	timed_store(store);
	if (side_translate(store->pt, BASE + GIB - 1) != PHYS_4K(BASE + GIB - 1))
		bench_die("the store loop did not write the table's entries");
	unmap_1g(store->pt);
	if (!side_destroy(store->pt))
		bench_die("something was left mapped");
	free(store);
}

const struct bench_side store_peer[] = {
	{ "pgtbl/map_1g_4k_vs_store", setup_store, round_store, teardown_store },
	{ NULL, NULL, NULL, NULL },
};

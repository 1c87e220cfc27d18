/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * wl_pgtbl.h - the page-table workloads, compiled once per side.
 *
 * The including file defines:
 *   side_pt                 type of the table object
 *   SIDE_TABLE              name of the table this file defines, if it shall
 *   side_create()           48-bit, 4 levels, coherent walks; NULL on failure
 *   side_destroy(pt)        true when nothing was left mapped
 *   side_map(pt, iova, phys, page_lg2, pages)   true when mapped with such pages
 *   side_unmap(pt, iova, page_lg2, pages)       true when all of it was mapped
 *   side_map_sg(pt, iova, phys)                 SG_PAGES pages, one phys each
 *   side_translate(pt, iova)                    physical address or 0
 *
 * Addresses lie below 4 GiB, as those of real traffic do.  4K mappings go to
 * physical addresses that are not congruent modulo 2 MiB, so that nobody may
 * use larger pages.  A side's unmap starts a gather of its own, as Linux's does.
 */
#include <stdlib.h>

#include "harness.h"
#include "stats.h"

#define GIB (1ull << 30)
#define BASE GIB
#define PAGE_LG2 12
#define LARGE_LG2 21
#define PAGES_2M 512
#define PAGES_1G (512 * 512)
#define PHYS_4K(iova) ((iova) + 4 * GIB + 4096)
#define PHYS_2M(iova) ((iova) + 4 * GIB)
#define SG_PAGES 32
/* Tables touched between two looks at the clock: some microseconds on either side. */
#define WINDOW_TABLES 16

struct wl {
	side_pt *pt;
	uint64_t cursor;
	uint64_t sg_phys[SG_PAGES];
};

static struct wl *wl_new(void)
{
	struct wl *wl = calloc(1, sizeof(*wl));

	if (!wl)
		bench_die("no memory");
	wl->pt = side_create();
	if (!wl->pt)
		bench_die("cannot create a page table");
	return wl;
}

static inline void must(bool done)
{
	if (__builtin_expect(!done, 0))
		bench_die("a map or unmap call failed");
}

static void map_1g(side_pt *pt)
{
	must(side_map(pt, BASE, PHYS_4K(BASE), PAGE_LG2, PAGES_1G));
}

static void unmap_1g(side_pt *pt)
{
	must(side_unmap(pt, BASE, PAGE_LG2, PAGES_1G));
}

/* Every table of [BASE, BASE + 1 GiB) exists and is empty. */
static void *setup_warm(void)
{
	struct wl *wl = wl_new();
	int i;

	map_1g(wl->pt);
	unmap_1g(wl->pt);
	/* Scattered: neighbours in the list are 8 MiB and more apart. */
	for (i = 0; i < SG_PAGES; i++)
		wl->sg_phys[i] = 4 * GIB + (uint64_t)(i * 11 % SG_PAGES) * (8 << 20) + 4096;
	return wl;
}

static void *setup_empty(void)
{
	return wl_new();
}

static void *setup_mapped(void)
{
	struct wl *wl = wl_new();

	map_1g(wl->pt);
	return wl;
}

static void teardown(void *state)
{
	struct wl *wl = state;

	if (!side_destroy(wl->pt))
		bench_die("something was left mapped");
	free(wl);
}

static void teardown_mapped(void *state)
{
	unmap_1g(((struct wl *)state)->pt);
	teardown(state);
}

/* The next of the addresses in 1 GiB that are @step apart. */
static inline uint64_t next_iova(struct wl *wl, uint64_t step)
{
	uint64_t iova = BASE + wl->cursor;

	wl->cursor = (wl->cursor + step) & (GIB - 1);
	return iova;
}

static inline void pairs(struct wl *wl, unsigned page_lg2, unsigned pages, long n)
{
	while (n--) {
		uint64_t iova = next_iova(wl, (uint64_t)pages << page_lg2);
		uint64_t phys = page_lg2 == PAGE_LG2 ? PHYS_4K(iova) : PHYS_2M(iova);

		must(side_map(wl->pt, iova, phys, page_lg2, pages));
		must(side_unmap(wl->pt, iova, page_lg2, pages));
	}
}

static bench_noinline void timed_pair_4k(void *state, long n)
{
	pairs(state, PAGE_LG2, 1, n);
}

static bench_noinline void timed_pair_8x4k(void *state, long n)
{
	pairs(state, PAGE_LG2, 8, n);
}

static bench_noinline void timed_pair_2m(void *state, long n)
{
	pairs(state, LARGE_LG2, 1, n);
}

static double round_pair_4k(void *state)
{
	return bench_time(timed_pair_4k, state, 4096, 20);
}

static double round_pair_8x4k(void *state)
{
	return bench_time(timed_pair_8x4k, state, 4096, 20);
}

static double round_pair_2m(void *state)
{
	return bench_time(timed_pair_2m, state, 4096, 20);
}

/* 512 pages per call, map and unmap apart; ns per entry */
static bench_noinline void timed_map_512(void *state)
{
	side_pt *pt = ((struct wl *)state)->pt;
	uint64_t iova = BASE;
	int i;

	for (i = 0; i < WINDOW_TABLES; i++, iova += 1 << LARGE_LG2)
		must(side_map(pt, iova, PHYS_4K(iova), PAGE_LG2, PAGES_2M));
}

static bench_noinline void timed_unmap_512(void *state)
{
	side_pt *pt = ((struct wl *)state)->pt;
	uint64_t iova = BASE;
	int i;

	for (i = 0; i < WINDOW_TABLES; i++, iova += 1 << LARGE_LG2)
		must(side_unmap(pt, iova, PAGE_LG2, PAGES_2M));
}

static double round_map_512(void *state)
{
	return bench_windows(timed_map_512, timed_unmap_512, state, 500) /
	       (WINDOW_TABLES * PAGES_2M);
}

static double round_unmap_512(void *state)
{
	double ns;

	timed_map_512(state);
	ns = bench_windows(timed_unmap_512, timed_map_512, state, 500);
	timed_unmap_512(state);
	return ns / (WINDOW_TABLES * PAGES_2M);
}

/* 1 GiB in 4K pages in one call; ns per entry.  Cold: every table is allocated. */
static bench_noinline void timed_map_1g(void *state)
{
	map_1g(((struct wl *)state)->pt);
}

static void unmap_1g_again(void *state)
{
	unmap_1g(((struct wl *)state)->pt);
}

static void fresh_table(void *state)
{
	struct wl *wl = state;

	unmap_1g(wl->pt);
	if (!side_destroy(wl->pt))
		bench_die("something was left mapped");
	wl->pt = side_create();
	if (!wl->pt)
		bench_die("cannot create a page table");
}

static double round_map_1g_cold(void *state)
{
	return bench_windows(timed_map_1g, fresh_table, state, 7) / PAGES_1G;
}

static double round_map_1g_warm(void *state)
{
	return bench_windows(timed_map_1g, unmap_1g_again, state, 15) / PAGES_1G;
}

/* translate, page after page */
static bench_noinline void timed_translate(void *state, long n)
{
	struct wl *wl = state;

	while (n--) {
		uint64_t phys = side_translate(wl->pt, next_iova(wl, 4096));

		must(phys);
		bench_keep(phys);
	}
}

static double round_translate(void *state)
{
	struct wl *wl = state;

	if (side_translate(wl->pt, BASE + 0x12345678) != PHYS_4K(BASE + 0x12345678))
		bench_die("translate gives a wrong address");
	return bench_time(timed_translate, wl, 4096, 20);
}

/* a scatter list of 32 pages: map, then unmap in one call */
static bench_noinline void timed_map_sg(void *state, long n)
{
	struct wl *wl = state;

	while (n--) {
		uint64_t iova = next_iova(wl, SG_PAGES << PAGE_LG2);

		must(side_map_sg(wl->pt, iova, wl->sg_phys));
		must(side_unmap(wl->pt, iova, PAGE_LG2, SG_PAGES));
	}
}

static double round_map_sg(void *state)
{
	return bench_time(timed_map_sg, state, 512, 20);
}

/* two threads, 4K pairs, each in a 2 MiB area of its own beside the other's */
static bench_noinline void pairs_in_area(side_pt *pt, uint64_t area, long n)
{
	uint64_t offset = 0;

	while (n--) {
		must(side_map(pt, area + offset, PHYS_4K(area + offset), PAGE_LG2, 1));
		must(side_unmap(pt, area + offset, PAGE_LG2, 1));
		offset = (offset + 4096) & ((1 << LARGE_LG2) - 1);
	}
}

static void body_disjoint(void *state, int id, long n)
{
	pairs_in_area(((struct wl *)state)->pt, BASE + ((uint64_t)id << LARGE_LG2), n);
}

static double round_disjoint(void *state)
{
	return bench_two(body_disjoint, state);
}

/* The workloads, with three functions that make a table: warm, empty, mapped. */
#define SIDE_ROWS(prefix, warm, empty, mapped)                                          \
	{ prefix "map_unmap_4k", warm, round_pair_4k, teardown },                       \
	{ prefix "pair_8x4k", warm, round_pair_8x4k, teardown },                        \
	{ prefix "map_512x4k", warm, round_map_512, teardown },                         \
	{ prefix "unmap_512x4k", warm, round_unmap_512, teardown },                     \
	{ prefix "map_1g_4k", empty, round_map_1g_cold, teardown },                     \
	{ prefix "map_1g_4k_vs_store", warm, round_map_1g_warm, teardown },             \
	{ prefix "map_unmap_2m", empty, round_pair_2m, teardown },                      \
	{ prefix "translate", mapped, round_translate, teardown_mapped },               \
	{ prefix "map_sg_32x4k", warm, round_map_sg, teardown },                        \
	{ prefix "disjoint_2t", warm, round_disjoint, teardown }

#ifdef SIDE_TABLE
const struct bench_side SIDE_TABLE[] = {
	SIDE_ROWS("pgtbl/", setup_warm, setup_empty, setup_mapped),
	{ NULL, NULL, NULL, NULL },
};
#endif

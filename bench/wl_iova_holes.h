/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * wl_iova_holes.h - the constructed layouts of wl_iova.h: single-page ranges
 * alternating with single-page holes, and single calls under the clock.
 */
#define HOLES 100000
#define FULL32_CALLS 300
#define HOLES64_CALLS 60
#define WARM_CALLS 32 /* before those that count: the other side's round has emptied the caches */

static int descending(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x < y) - (x > y);
}

/*
 * Allocates 2 * HOLES single pages and frees those with an odd number: HOLES
 * ranges stay, and nowhere among them are two neighbouring pages free.
 */
static void make_holes(struct wl *wl, unsigned long last_pfn)
{
	uint64_t *pfn = malloc(2 * HOLES * sizeof(*pfn)), handle;
	size_t i;

	wl->live = malloc(2 * HOLES * sizeof(*wl->live));
	if (!pfn || !wl->live)
		bench_die("no memory");
	for (i = 0; i < 2 * HOLES; i++) {
		handle = side_alloc_plain(wl->space, 1, last_pfn);
		if (side_failed(handle))
			bench_die("only %zu of %d single pages found", i, 2 * HOLES);
		pfn[i] = side_pfn(handle);
	}
	qsort(pfn, 2 * HOLES, sizeof(*pfn), descending);
	for (i = 0; i < 2 * HOLES; i++) {
		if (pfn[i] % 2)
			side_free_plain(wl->space, side_handle(pfn[i]), 1);
		else
			wl->live[wl->nr_live++] = pfn[i];
	}
	free(pfn);
}

/*
 * full32: a 32-bit space of which everything is taken but HOLES single pages.
 * One reservation covers what the holes and one 256K range do not need.
 */
static void *setup_full32(void)
{
	struct wl *wl = wl_new();
	unsigned long first = LAST_32BIT + 1 - 2 * HOLES - PAGES_256K;

	wl->samples = malloc(FULL32_CALLS * sizeof(*wl->samples));
	if (!wl->samples)
		bench_die("no memory");
	if (!side_reserve(wl->space, 1, first - 1))
		bench_die("cannot reserve pages 1..%lu", first - 1);
	wl->big = side_alloc_plain(wl->space, PAGES_256K, LAST_32BIT);
	if (side_failed(wl->big))
		bench_die("no room for 256K in an empty space");
	make_holes(wl, LAST_32BIT);
	if (!side_failed(side_alloc_plain(wl->space, PAGES_256K, LAST_32BIT)))
		bench_die("the 32-bit space is not full");
	return wl;
}

/* Frees a page between two holes: the only place where 8K fits, and the call must find it. */
static void open_and_fill_hole(struct wl *wl)
{
	uint64_t pfn = wl->live[wl->next_live], handle;

	side_free_plain(wl->space, side_handle(pfn), 1);
	handle = side_alloc(wl->space, 2, LAST_32BIT);
	if (side_failed(handle) || side_pfn(handle) != pfn)
		bench_die("the one 8K hole, at page %lu, was not found", (unsigned long)pfn);
	/* The range grew by the hole above it and stays; remember its size. */
	wl->live[wl->next_live++] = pfn | 1;
}

static void run_full32(struct wl *wl)
{
	int i;

	for (i = -WARM_CALLS; i < FULL32_CALLS; i++) {
		struct bench_stamp stamp;
		uint64_t handle;
		double ns;

		/* A free below 4 GiB makes Linux forget that 8K did not fit. */
		side_free(wl->space, wl->big, PAGES_256K);
		wl->big = must_alloc(wl->space, PAGES_256K, LAST_32BIT);
		bench_start(&stamp);
		handle = side_alloc(wl->space, 2, LAST_32BIT);
		ns = bench_stop(&stamp);
		if (i >= 0)
			wl->samples[i] = ns;
		if (!side_full(handle))
			bench_die("8K where there is no room: %#lx", (unsigned long)handle);
		if (i % 100 == 99)
			open_and_fill_hole(wl);
	}
}

static double round_full32_p99(void *state)
{
	struct wl *wl = state;

	run_full32(wl);
	return stats_percentile(wl->samples, FULL32_CALLS, 99);
}

static double round_full32_worst(void *state)
{
	struct wl *wl = state;

	run_full32(wl);
	return stats_percentile(wl->samples, FULL32_CALLS, 100);
}

/*
 * holes64: the holes lie at the end of a 48-bit space where allocation goes first;
 * 16K fits into none of them, but into all that is empty elsewhere.  Freeing a page
 * (never one of two neighbours, so that no 16K hole appears) makes Linux start its
 * search above all of them.
 */
static void *setup_holes64(void)
{
	struct wl *wl = wl_new();

	wl->samples = malloc(HOLES64_CALLS * sizeof(*wl->samples));
	wl->slots = calloc(HOLES, sizeof(*wl->slots));
	if (!wl->samples || !wl->slots)
		bench_die("no memory");
	make_holes(wl, LAST_48BIT);
	return wl;
}

static double round_holes64_worst(void *state)
{
	struct wl *wl = state;
	int i;

	for (i = -WARM_CALLS; i < HOLES64_CALLS; i++) {
		struct slot *slot = &wl->slots[wl->nr_slots++];
		struct bench_stamp stamp;
		double ns;

		if (3 * wl->next_live >= wl->nr_live)
			bench_die("too many rounds for %d ranges", HOLES);
		side_free_plain(wl->space, side_handle(wl->live[3 * wl->next_live]), 1);
		wl->live[3 * wl->next_live++] = 0;
		bench_start(&stamp);
		slot->handle = side_alloc(wl->space, 4, LAST_48BIT);
		ns = bench_stop(&stamp);
		if (i >= 0)
			wl->samples[i] = ns;
		slot->pages = 4;
		if (side_failed(slot->handle))
			bench_die("16K not found in an empty space");
	}
	return stats_percentile(wl->samples, HOLES64_CALLS, 100);
}

static void teardown_holes(void *state)
{
	struct wl *wl = state;
	size_t i;

	for (i = 0; i < wl->nr_live; i++) {
		uint64_t pfn = wl->live[i];

		if (pfn)
			side_free_plain(wl->space, side_handle(pfn & ~1ull), 1 + pfn % 2);
	}
	for (i = 0; i < wl->nr_slots; i++)
		side_free(wl->space, wl->slots[i].handle, wl->slots[i].pages);
	if (wl->big)
		side_free(wl->space, wl->big, PAGES_256K);
	wl_delete(wl);
}

/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * gather.c - what an unmap changed.
 *
 * Invariant: the ranges cover every address cleared since the gather was
 * initialised.  They come in the order of the calls and neighbours in that
 * order are joined when they touch; when all slots are in use the two ranges
 * with the smallest gap between them become one.
 */
#include "pgtbl_priv.h"

/* Bytes between two ranges; 0 when they touch or overlap. */
static uint64_t gap(const struct pgtbl_range *a, const struct pgtbl_range *b)
{
	if (a->last < b->first)
		return b->first - a->last - 1;
	if (b->last < a->first)
		return a->first - b->last - 1;
	return 0;
}

static void join(struct pgtbl_range *a, const struct pgtbl_range *b)
{
	a->first = a->first < b->first ? a->first : b->first;
	a->last = a->last > b->last ? a->last : b->last;
}

/* The pair with the smallest gap among all ranges; n >= 2. */
static void nearest(const struct pgtbl_range *r, unsigned n, unsigned *a, unsigned *b)
{
	uint64_t best = ~0ull;

	*a = 0;
	*b = 1;
	for (unsigned i = 0; i < n; i++)
		for (unsigned j = i + 1; j < n; j++) {
			uint64_t g = gap(&r[i], &r[j]);

			if (g < best) {
				best = g;
				*a = i;
				*b = j;
			}
		}
}

void pgtbl_gather_join(struct pgtbl_gather *gather, uint64_t first, uint64_t last)
{
	struct pgtbl_range r[PGTBL_GATHER_RANGES + 1];
	unsigned a, b, n = gather->nr_ranges;

	memcpy(r, gather->range, n * sizeof(*r));
	r[n].first = first;
	r[n].last = last;
	n++;
	do {
		nearest(r, n, &a, &b);
		join(&r[a], &r[b]);
		r[b] = r[--n];
	} while (n > PGTBL_GATHER_RANGES);
	memcpy(gather->range, r, n * sizeof(*r));
	gather->nr_ranges = n;
}

void pgtbl_gather_page(struct pgtbl_gather *gather, uint64_t *page)
{
	pgtbl_set_link(page, gather->free_list);
	if (!gather->free_list)
		gather->free_tail = page;
	gather->free_list = page;
	gather->free_pages++;
	gather->tables = true;
}

void pgtbl_gather_merge(struct pgtbl_gather *dst, struct pgtbl_gather *src)
{
	for (unsigned i = 0; i < src->nr_ranges; i++)
		pgtbl_gather_add(dst, src->range[i].first, src->range[i].last);
	if (src->free_list) {
		pgtbl_set_link(src->free_tail, dst->free_list);
		if (!dst->free_list)
			dst->free_tail = src->free_tail;
		dst->free_list = src->free_list;
		dst->free_pages += src->free_pages;
	}
	dst->tables |= src->tables;
	pgtbl_gather_init(src);
}

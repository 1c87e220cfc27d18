/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* iova_ref_more.c - operations of the headers beside iova.h, against the reference. */
#define _GNU_SOURCE
#include "iova_bulk.h"
#include "iova_ref_int.h"

#define BULK 64

static int op_bulk_alloc(struct ref *r)
{
	uint32_t n = take_size(r);
	uint64_t hi = take_limit(r), max = hi == FLAT_GRANULES ? ~0ull : addr(r, hi + 1) - 1;
	unsigned nr = take(r, 1) % BULK;
	uint64_t iova[BULK];
	int got = iova_space_alloc_bulk(r->s, size_of(r, n), max, iova, nr), e = 0;

	hi = hi > r->flat.last ? r->flat.last : hi;
	for (int i = 0; i < got && !e; i++)
		e = ref_check_got(r, iova[i], n, 1, 0, hi);
	if (e || got == (int)nr)
		return e;
	if (got > 0) { /* then the next would have failed, if room was what ended it */
		CHECK(r, out_of_memory(r) || !flat_place_exists(&r->flat, n, 1, 0, hi),
		      "alloc_bulk ended too soon");
		return 0;
	}
	return ref_check_failed(r, got, flat_place_exists(&r->flat, n, 1, 0, hi));
}

/* Ranges of one size, some twice, and addresses that are none. */
static int op_bulk_free(struct ref *r)
{
	uint64_t iova[BULK];
	unsigned nr = 0, bad = 0, want = take(r, 1) % BULK, from;
	uint32_t n;

	if (!r->flat.nr)
		return 0;
	from = take(r, 2) % r->flat.nr;
	n = r->flat.range[from].n;
	for (unsigned i = from; i < r->flat.nr && nr < want;) {
		unsigned extra = take(r, 1);

		if (r->flat.range[i].n != n) {
			i++;
			continue;
		}
		iova[nr++] = addr(r, r->flat.range[i].first);
		if (nr < want && extra < 32) {
			iova[nr] = iova[nr - 1] + (extra & 1 ? 0 : 1 + extra);
			nr++;
			bad++;
		}
		flat_disown(&r->flat, i); /* puts another in its place */
	}
	CHECK(r, iova_space_free_bulk(r->s, size_of(r, n), iova, nr) == bad,
	      "free_bulk refuses the wrong number");
	CHECK(r, !out_of_memory(r), "free_bulk asked for memory");
	r->bad += bad;
	return 0;
}

int ref_op_more(struct ref *r)
{
	switch (take(r, 1) % 2) {
	case 0: return op_bulk_alloc(r);
	default: return op_bulk_free(r);
	}
}

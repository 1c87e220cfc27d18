/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* stress_iova_more.c - the calls of the headers beside iova.h, and wishes as to where. */
#include "iova_bulk.h"
#include "iova_life.h"
#include "iova_place.h"
#include "iova_query.h"
#include "iova_stress.h"

#define MANY 8u

static uint64_t few(const struct stress *st, uint64_t v)
{
	uint64_t n = 1 + v % 40;

	return n > st->setup->max_n ? 1 : n;
}

/* Ranges of one size: all are kept, or all are freed together. */
static void bulk(struct worker *w, uint64_t v)
{
	struct stress *st = w->st;
	uint64_t n = few(st, v), iova[MANY], packed[MANY];
	unsigned nr = 1 + (unsigned)(v >> 8) % MANY;
	int got = iova_space_alloc_bulk(st->space, n << SHIFT, ~0ull, iova, nr);

	if (got <= 0)
		stress_got(st, got ? (uint64_t)(int64_t)got : (uint64_t)-EINVAL, n, 0);
	for (int i = 0; i < got; i++) {
		span_t r = stress_got(st, iova[i], n, (uint8_t)w->id);

		if (v >> 16 & 1)
			stress_keep(w, r);
		else
			stress_unclaim(st, r, (uint8_t)w->id);
		packed[i] = iova[i] | n << IOVA_PACKED_SHIFT;
	}
	if (got <= 0 || (v >> 16 & 1))
		return;
	if (v >> 17 & 1 ? iova_space_free_bulk(st->space, n << SHIFT, iova, (unsigned)got) :
			  iova_space_free_packed(st->space, packed, (unsigned)got))
		COUNT(st->refused);
}

static void segments(struct worker *w, uint64_t v)
{
	struct stress *st = w->st;
	uint64_t n = few(st, v) + few(st, v >> 8), boundary = 1ull << (v >> 16) % 7, left = n;
	struct iova_request q = { .granules = n, .boundary = v >> 20 & 1 ? boundary << SHIFT : 0 };
	struct iova_range seg[MANY];
	unsigned nr = 1 + (unsigned)(v >> 24) % MANY;
	int got = iova_space_alloc_segments(st->space, &q, ~0ull, seg, nr);

	if (got == -EINVAL && q.boundary && boundary * nr < n) /* not even in theory */
		return;
	if (got <= 0)
		stress_got(st, got ? (uint64_t)(int64_t)got : (uint64_t)-EINVAL, n, 0);
	for (int i = 0; i < got; i++) {
		uint64_t m = (seg[i].last - seg[i].first + 1) >> SHIFT;

		left -= m;
		if (q.boundary && seg[i].first / q.boundary != seg[i].last / q.boundary)
			COUNT(st->misplaced);
		stress_keep(w, stress_got(st, seg[i].first, m, (uint8_t)w->id));
	}
	if (got > 0 && left)
		COUNT(st->misplaced);
}

/* An offset that has to be cut out of a block, boundaries, windows to stay out of. */
static void wish(struct worker *w, uint64_t v)
{
	struct stress *st = w->st;
	uint64_t n = few(st, v), align = 1ull << (v >> 8) % 8, at = (v >> 16) % st->setup->granules;
	struct iova_range out = { stress_addr(st, at), stress_addr(st, at + 1 + (v >> 40) % 64) - 1 };
	struct iova_request q = { .granules = n, .align = align << SHIFT, .exclude = &out,
				  .nr_exclude = 1 };
	uint64_t iova, last;

	q.offset = (v >> 12) % align << SHIFT;
	q.boundary = v >> 50 & 1 ? 256ull << SHIFT : 0;
	iova = iova_space_alloc_request(st->space, &q);
	last = iova + (n << SHIFT) - 1;
	if (!iova_is_err(iova) &&
	    ((iova & (q.align - 1)) != q.offset || (iova <= out.last && last >= out.first) ||
	     (q.boundary && iova / q.boundary != last / q.boundary)))
		COUNT(st->misplaced);
	stress_keep(w, stress_got(st, iova, n, (uint8_t)w->id));
}

/* Frees in two steps, and by the ends. */
static void other_frees(struct worker *w, uint64_t v)
{
	struct stress *st = w->st;
	span_t r = stress_drop(w);
	uint64_t iova = stress_addr(st, span_at(r)), size = span_n(r) << SHIFT;
	struct iova_checked checked;
	int e;

	if (!r)
		return;
	if (v & 1) {
		if (iova_space_check_free(st->space, iova, size, &checked))
			COUNT(st->wrong_check);
		stress_unclaim(st, r, (uint8_t)w->id);
		e = iova_space_free_checked(st->space, iova, size, &checked);
	} else {
		stress_unclaim(st, r, (uint8_t)w->id);
		e = iova_space_free_range(st->space, iova, iova + size - 1);
	}
	if (e)
		COUNT(st->refused);
}

static void measure(struct worker *w)
{
	struct stress *st = w->st;
	struct iova_space_holes h;

	iova_space_holes(st->space, &h);
	if (h.fragmentation > 1000 || h.free_granules > st->setup->granules ||
	    (h.nr && ((h.largest.last - h.largest.first) >> SHIFT) >= h.free_granules))
		COUNT(st->wrong_walk);
}

void stress_more(struct worker *w)
{
	struct stress *st = w->st;
	uint64_t v = tap_random(&w->seed), iova;
	int e;

	switch (v >> 60) {
	case 0 ... 2: bulk(w, v); break;
	case 3 ... 4: segments(w, v); break;
	case 5 ... 6: wish(w, v); break;
	case 7 ... 9: other_frees(w, v); break;
	case 10: /* what lies ready, if anything */
		iova = iova_space_alloc_ready(st->space, few(st, v) << SHIFT, ~0ull);
		if (!iova_is_err(iova))
			stress_keep(w, stress_got(st, iova, few(st, v), (uint8_t)w->id));
		break;
	case 11:
		e = v % 16 ? 0 : iova_space_drain(st->space, (unsigned)(v >> 8) % 4);
		if (e && e != -EAGAIN)
			COUNT(st->wrong_error);
		if (st->setup->quarantine && v % 16 == 1)
			iova_space_release_held(st->space);
		if (st->setup->granules <= 2048 && v % 16 == 2)
			measure(w);
		break;
	default: stress_limits(w); break;
	}
}

/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* iova_ref_more.c - operations of the headers beside iova.h, against the reference. */
#define _GNU_SOURCE
#include "iova_bulk.h"
#include "iova_life.h"
#include "iova_place.h"
#include "iova_query.h"
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
	return ref_check_none(r, got, &(struct flat_wish){ n, 1, 0, 0, hi });
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

/* An address range to stay out of, or none. */
static struct iova_range take_window(struct ref *r)
{
	unsigned kind = take(r, 1);
	uint64_t first = addr(r, take(r, 2)), len = (uint64_t)take(r, 2) << (kind >> 4) % 16;

	if (kind % 8 == 0)
		return IOVA_RANGE_NONE;
	first += kind & 1 ? len % 4096 : 0;
	return (struct iova_range){ first, first + len < first ? UINT64_MAX : first + len };
}

/* The granules of [*lo, *hi] that the windows leave, from *lo on; false: none. */
static bool gap(const struct ref *r, const struct iova_request *q, uint64_t *lo, uint64_t *hi)
{
	uint64_t at = *lo, end;

	for (; at <= *hi; at++) {
		bool out = false;

		for (end = at; end <= *hi && !out; end++)
			for (unsigned i = 0; i < q->nr_exclude; i++)
				out |= q->exclude[i].first <= (addr(r, end + 1) - 1) &&
				       q->exclude[i].last >= addr(r, end);
		end -= out;
		if (end > at) {
			*lo = at;
			*hi = end - 1;
			return true;
		}
	}
	return false;
}

/* The place that the reference sees in the gaps: the lowest, or the highest. */
static uint64_t place_in_gaps(const struct ref *r, const struct iova_request *q, struct flat_wish w,
			      bool exact)
{
	uint64_t hi = w.hi, found = FLAT_NOWHERE, at;

	while (w.lo <= hi) {
		w.hi = hi;
		if (!gap(r, q, &w.lo, &w.hi))
			break;
		at = flat_wish_place(&r->flat, &w, r->highest, exact);
		if (at != FLAT_NOWHERE && (found == FLAT_NOWHERE || r->highest))
			found = at;
		w.lo = w.hi + 1;
	}
	return found;
}

/* Does the gap that @at lies in have a place with what is rounded up? */
static bool place_in_gap_of(const struct ref *r, const struct iova_request *q, struct flat_wish w,
			    uint64_t at)
{
	uint64_t hi = w.hi;

	for (; w.lo <= at; w.lo = w.hi + 1) {
		w.hi = hi;
		if (!gap(r, q, &w.lo, &w.hi) || w.hi >= at)
			break;
	}
	return flat_wish_exists(&r->flat, &w);
}

/* No address can satisfy the boundary. */
static bool hopeless(const struct flat_wish *w, uint64_t boundary)
{
	if (!boundary)
		return false;
	for (uint64_t p = w->off; p < w->off + 2 * boundary + w->align; p += w->align)
		if (p / boundary == (p + w->n - 1) / boundary)
			return false;
	return true;
}

static int check_wish(struct ref *r, uint64_t got, const struct iova_request *q,
		      const struct flat_wish *w)
{
	uint64_t at = granule(r, got), last = got + ((w->n << r->shift) - 1);
	uint64_t expected = place_in_gaps(r, q, *w, false);
	bool exact = !place_in_gap_of(r, q, *w, at);
	bool padded = !exact && !((at + r->flat.base) & (flat_natural(&r->flat, w->n) - 1));
	uint32_t padding = padded ? flat_padding(&r->flat, (uint32_t)w->n) : r->flat.guard;

	CHECK(r, !(got & ((1ull << r->shift) - 1)), "misaligned to the granule");
	CHECK(r, flat_wish_fits(&r->flat, w, at), "not where it was wished");
	CHECK(r, !q->boundary || !((got ^ last) & ~(q->boundary - 1)), "crosses the boundary");
	for (unsigned i = 0; i < q->nr_exclude; i++)
		CHECK(r, q->exclude[i].first > last || q->exclude[i].last < got, "excluded");
	CHECK(r, flat_all_free(&r->flat, at, w->n + padding), "overlaps");
	/* Gaps are gone through in order: none before this one had a place with rounding. */
	CHECK(r, !r->ordered || (exact ? expected == FLAT_NOWHERE || (expected < at) == r->highest :
					 at == expected),
	      "not the place that the order asks for");
	if (r->flat.nr < FLAT_RANGES)
		flat_own(&r->flat, (uint32_t)at, (uint32_t)w->n, padding);
	else
		CHECK(r, !iova_space_free_range(r->s, got, last), "cannot give back");
	return 0;
}

/* Congruence, boundaries, windows. */
static int op_wish(struct ref *r)
{
	struct iova_range windows[3] = { take_window(r), take_window(r), take_window(r) };
	uint32_t n = take_size(r);
	uint64_t lo = take_limit(r), hi = take_limit(r), boundary, got;
	struct flat_wish w = { .n = n, .align = 1ull << take(r, 1) % 13 };
	struct iova_request q = { .align = w.align << r->shift, .exclude = windows };

	if (take(r, 1) & 1)
		q.size = size_of(r, n);
	else
		q.granules = n;
	q.offset = addr(r, take(r, 2)); /* as a physical address: more than the modulus */
	q.nr_exclude = take(r, 1) % 4;
	boundary = take(r, 1) & 1 ? 1ull << take(r, 1) % 16 : 0;
	q.boundary = boundary << r->shift;
	w.off = (q.offset >> r->shift) % w.align;
	q.min = lo == FLAT_GRANULES ? 0 : addr(r, lo);
	q.max = hi == FLAT_GRANULES ? 0 : addr(r, hi + 1) - 1;
	w.lo = lo == FLAT_GRANULES ? 0 : lo;
	w.hi = hi > r->flat.last ? r->flat.last : hi;
	got = iova_space_alloc_request(r->s, &q);
	if ((q.max && q.max < q.min) || hopeless(&w, boundary)) {
		CHECK(r, got == (uint64_t)-EINVAL, "an impossible wish was accepted");
		return 0;
	}
	if (iova_is_err(got))
		return ref_check_failed(r, iova_err(got),
					place_in_gaps(r, &q, w, false) != FLAT_NOWHERE,
					place_in_gaps(r, &q, w, true) != FLAT_NOWHERE);
	return check_wish(r, got, &q, &w);
}

#define SEGMENTS 12

static int op_segments(struct ref *r)
{
	struct iova_request q = { .granules = take_size(r) };
	struct iova_range seg[SEGMENTS];
	unsigned nr = take(r, 1) % (SEGMENTS + 1);
	uint64_t most = 1ull << take(r, 1) % 18, left = q.granules, limit;
	int got;

	if (take(r, 1) & 1)
		q.boundary = 1ull << (take(r, 1) % 16 + r->shift);
	limit = q.boundary && q.boundary >> r->shift < most ? q.boundary >> r->shift : most;
	got = iova_space_alloc_segments(r->s, &q, most << r->shift, seg, nr);
	if (limit * nr < q.granules) {
		CHECK(r, got == -EINVAL, "segments that cannot hold it were accepted");
		return 0;
	}
	if (got < 0)
		return ref_check_failed(r, got, left <= limit &&
						flat_place_exists(&r->flat, left, 1, 0, r->flat.last),
					true);
	CHECK(r, got && (unsigned)got <= nr, "a wrong number of segments");
	for (int i = 0, e; i < got; i++) {
		uint64_t n = (seg[i].last - seg[i].first + 1) >> r->shift;

		CHECK(r, n <= limit && n <= left, "a segment is too large");
		left -= n;
		e = ref_check_got(r, seg[i].first, (uint32_t)n, 1, 0, r->flat.last);
		if (e)
			return e;
	}
	CHECK(r, !left, "segments do not add up");
	return 0;
}

/* By its ends, any byte of the last granule. */
static int op_free_range(struct ref *r)
{
	struct flat_range g;
	unsigned i;

	if (!r->flat.nr)
		return 0;
	i = take(r, 2) % r->flat.nr;
	g = r->flat.range[i];
	CHECK(r, !iova_space_free_range(r->s, addr(r, g.first),
					addr(r, g.first) + size_of(r, g.n) - 1), "free refused");
	flat_disown(&r->flat, i);
	return 0;
}

static int op_reserve_merge(struct ref *r)
{
	uint32_t first = take(r, 2), n = take_size(r);
	uint64_t last = (uint64_t)first + n - 1;
	struct iova_range hit = { 1, 0 };
	bool taken = false;
	int e = iova_space_reserve_merge(r->s, addr(r, first), addr(r, last + 1) - 1, &hit);

	if (first < r->flat.first || last > r->flat.last) {
		CHECK(r, e == -EINVAL, "outside the space was accepted");
		return 0;
	}
	for (uint64_t i = first; i <= last; i++)
		taken |= r->flat.owner[i] && r->flat.owner[i] < FLAT_RESERVED;
	CHECK(r, (e == -EEXIST) == taken || (e == -ENOMEM && out_of_memory(r)),
	      "reserve_merge is wrong about what is in the way");
	if (e == -EEXIST) {
		CHECK(r, flat_range_at(&r->flat, granule(r, hit.first)) ||
				 r->flat.owner[granule(r, hit.first)] == FLAT_PADDING,
		      "a reservation in the way of a merge");
		return ref_check_conflict(r, &hit, first, last);
	}
	if (!e)
		flat_reserve(&r->flat, first, n, FLAT_RESERVED);
	return 0;
}

/* Somewhere, or part of what is reserved. */
static int op_unreserve(struct ref *r)
{
	uint32_t first = take(r, 2), n = take_size(r);
	bool inside;
	int e;

	if (take(r, 1) & 3) {
		for (unsigned i = 0; i < FLAT_GRANULES && r->flat.owner[first] != FLAT_RESERVED; i++)
			first = (first + 1) % FLAT_GRANULES;
		while (n > 1 && !(first + n - 1 < FLAT_GRANULES &&
				  flat_all(&r->flat, first, n, FLAT_RESERVED)))
			n /= 2;
	}
	e = iova_space_unreserve(r->s, addr(r, first), addr(r, (uint64_t)first + n) - 1);
	inside = first >= r->flat.first && (uint64_t)first + n - 1 <= r->flat.last;
	if (!inside) {
		CHECK(r, e == -EINVAL, "outside the space was accepted");
	} else if (!flat_all(&r->flat, first, n, FLAT_RESERVED)) {
		CHECK(r, e == -ENOENT, "unreserve of what is not reserved");
	} else {
		CHECK(r, !e || (e == -ENOMEM && out_of_memory(r)), "unreserve refused");
		if (!e)
			flat_unreserve(&r->flat, first, n, FLAT_RESERVED);
	}
	return 0;
}

/* Leaves out at most two stretches, so that something is left of the space. */
static int op_allow(struct ref *r)
{
	uint64_t out[2][2], first = r->flat.first, last = r->flat.last;
	struct iova_range allowed[4], hit = { 1, 0 };
	bool taken = false;
	unsigned nr = 0;
	int e;

	for (unsigned i = 0; i < 2; i++) {
		out[i][0] = take(r, 2);
		out[i][1] = out[i][0] + take_size(r) - 1;
	}
	if (out[0][0] > out[1][0] || out[0][1] >= out[1][0] || out[1][1] >= FLAT_GRANULES - 1)
		return 0;
	/* All but the two; the edges cut granules, which then are not allowed either. */
	allowed[nr++] = (struct iova_range){ addr(r, out[1][1] + 1), UINT64_MAX };
	allowed[nr++] = (struct iova_range){ addr(r, out[0][1]) + 1, addr(r, out[1][0]) };
	if (out[0][0])
		allowed[nr++] = (struct iova_range){ 0, addr(r, out[0][0]) - 1 };
	allowed[nr++] = IOVA_RANGE_NONE;
	for (unsigned i = 0; i < 2; i++)
		for (uint64_t g = out[i][0]; g <= out[i][1]; g++)
			taken |= g >= first && g <= last && r->flat.owner[g] &&
				 r->flat.owner[g] < FLAT_RESERVED;
	e = iova_space_allow(r->s, allowed, nr, &hit);
	CHECK(r, (e == -EEXIST) == taken || (e == -ENOMEM && out_of_memory(r)),
	      "allow is wrong about what is in the way");
	CHECK(r, !e || taken || out_of_memory(r), "allow refused");
	if (e == -EEXIST)
		return ref_check_conflict(r, &hit, out[0][0], out[1][1]);
	for (unsigned i = 0; i < 2 && !e; i++)
		for (uint64_t g = out[i][0]; g <= out[i][1]; g++)
			if (g >= first && g <= last)
				flat_reserve(&r->flat, g, 1, FLAT_OUTSIDE);
	return 0;
}

static int op_grow(struct ref *r)
{
	uint32_t last = r->flat.last + take(r, 2) % 4096 - 16;
	int e = iova_space_grow(r->s, addr(r, last + 1) - 1);

	if (last < r->flat.last || last > r->flat.grow_last) {
		CHECK(r, e == -EINVAL, "grow to where it cannot");
		return 0;
	}
	CHECK(r, !e || (e == -ENOMEM && out_of_memory(r)), "grow refused");
	if (!e)
		r->flat.last = last;
	return 0;
}

struct holes {
	const struct ref *r;
	uint64_t next, nr, granules;
	uint64_t largest_at, largest; /* in granules */
};

/* Exactly the free granules from @next on, up to one that is not. */
static int see_hole(void *ctx, const struct iova_range *hole)
{
	struct holes *h = ctx;
	const struct flat *f = &h->r->flat;
	uint64_t a = granule(h->r, hole->first), b = granule(h->r, hole->last), i = h->next;

	while (i <= f->last && f->owner[i])
		i++;
	if (a != i || b > f->last || !flat_all(f, a, b - a + 1, FLAT_FREE) ||
	    (b < f->last && !f->owner[b + 1]))
		return 1;
	h->next = b + 1;
	h->nr++;
	h->granules += b - a + 1;
	if (b - a + 1 > h->largest) {
		h->largest = b - a + 1;
		h->largest_at = a;
	}
	return 0;
}

static int op_holes(struct ref *r)
{
	struct holes h = { .r = r, .next = r->flat.first };
	struct iova_space_holes st;

	iova_space_release_held(r->s);
	CHECK(r, !iova_space_for_each_hole(r->s, 0, ~0ull, see_hole, &h), "a wrong hole");
	for (; h.next <= r->flat.last; h.next++)
		CHECK(r, r->flat.owner[h.next], "a hole was not seen");
	iova_space_holes(r->s, &st);
	CHECK(r, st.nr == h.nr && st.free_granules == h.granules, "holes counted wrong");
	if (!h.nr) {
		CHECK(r, st.largest.first > st.largest.last && !st.fragmentation,
		      "a largest hole of a space without any");
		return 0;
	}
	CHECK(r, st.largest.first == addr(r, h.largest_at) &&
			 st.largest.last == addr(r, h.largest_at + h.largest) - 1,
	      "the largest hole is another");
	CHECK(r, st.fragmentation == 1000 - 1000 * h.largest / h.granules, "wrong fragmentation");
	return 0;
}

/* What lies ready, if anything, must be as good as what a search finds. */
static int op_ready(struct ref *r)
{
	uint32_t n = take_size(r);
	uint64_t hi = take_limit(r), got;

	got = iova_space_alloc_ready(r->s, size_of(r, n),
				     hi == FLAT_GRANULES ? ~0ull : addr(r, hi + 1) - 1);
	if (iova_is_err(got))
		return 0;
	return ref_check_got(r, got, n, 1, 0, hi > r->flat.last ? r->flat.last : hi);
}

/* Checked first, or packed into a word, perhaps with others and with one that is none. */
static int op_free_otherwise(struct ref *r)
{
	uint64_t packed[3], iova, size;
	struct iova_checked checked;
	struct flat_range g;
	unsigned i, nr = 0;

	if (!r->flat.nr)
		return 0;
	i = take(r, 2) % r->flat.nr;
	g = r->flat.range[i];
	iova = addr(r, g.first);
	size = size_of(r, g.n);
	flat_disown(&r->flat, i);
	if (g.n > IOVA_PACKED_MAX || take(r, 1) & 1) {
		CHECK(r, !iova_space_check_free(r->s, iova, size, &checked), "check_free refuses");
		CHECK(r, !iova_space_free_checked(r->s, iova, size, &checked), "free refused");
		CHECK(r, iova_space_free_checked(r->s, iova, size, &checked), "freed twice");
		r->bad++;
	} else {
		packed[nr++] = iova | (uint64_t)g.n << IOVA_PACKED_SHIFT | take(r, 1) % 4;
		packed[nr++] = packed[0];
		r->bad++;
		CHECK(r, iova_space_free_packed(r->s, packed, nr) == 1, "free_packed is wrong");
	}
	CHECK(r, !out_of_memory(r), "free asked for memory");
	return 0;
}

/* Nothing that anybody can see, but the memory. */
static int op_trim(struct ref *r)
{
	uint64_t before = r->mem.bytes, budget = take(r, 1) << 10;
	bool idle = take(r, 1) & 1, told;

	told = idle ? iova_space_trim_idle(r->s) >> 1 == 0 :
		      iova_space_trim(r->s, budget) == r->mem.bytes;
	CHECK(r, told && r->mem.bytes <= before, "trim says something else than it did");
	CHECK(r, !out_of_memory(r), "trim asked for memory");
	return 0;
}

static int op_limits(struct ref *r)
{
	switch (take(r, 1) % 16) {
	case 0: return op_grow(r);
	case 1: return op_allow(r);
	case 8: return op_holes(r);
	case 2 ... 6: return op_reserve_merge(r);
	case 7: /* nothing that anybody can see */
		CHECK(r, !iova_space_drain(r->s, take(r, 1) % 4), "drain refused");
		return 0;
	case 9: case 10: return op_trim(r);
	case 11: return op_ready(r);
	case 12: return op_free_otherwise(r);
	default: return op_unreserve(r);
	}
}

int ref_op_more(struct ref *r)
{
	switch (take(r, 1) % 8) {
	case 0: return op_bulk_alloc(r);
	case 1: return op_bulk_free(r);
	case 2: return op_segments(r);
	case 3: return op_free_range(r);
	case 4: return op_limits(r);
	default: return op_wish(r);
	}
}

/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * place.c - allocations with wishes as to where: limits, excluded windows,
 * congruence, boundaries, several pieces.
 *
 * A naturally aligned range never crosses a boundary that it can stay within at
 * all: with n <= 2^b its alignment, the least power of two from n on, is at most 2^b.
 *
 * A range of n granules that is to begin at @off modulo @align, where @off is no
 * multiple of its natural alignment, is cut out of a block: 2^m granules, naturally
 * aligned, m the least for which @off modulo 2^m (or modulo @align, if that is
 * less) and n together are at most 2^m.  The block is allocated, to find it in
 * bounded time; freed; and the range claimed at its place (span.c).  Who comes in
 * between makes the claim fail, and it all begins anew.  The range is taken by the
 * claim (its linearization point); the rest of the block counts as being moved.
 */
#include "iova_life.h"
#include "iova_place.h"
#include "iova_refill.h"

#define CUT_TRIES 100

/* A request in granules. */
struct wish {
	uint64_t n, align, off, boundary;
};

static bool power_of_two(uint64_t v)
{
	return !(v & (v - 1));
}

/* 0, or -EINVAL. */
static int wish_init(const struct iova_space *s, const struct iova_request *req, struct wish *wish)
{
	uint64_t modulus;

	if (!req || !(req->size | req->granules) || !power_of_two(req->align) ||
	    !power_of_two(req->boundary) || (req->offset & s->granule_mask) ||
	    (req->max && req->max < req->min) || (req->nr_exclude && !req->exclude))
		return -EINVAL;
	wish->n = req->size ? (req->size >> s->shift) + !!(req->size & s->granule_mask) :
			      req->granules;
	wish->align = req->align >> s->shift ? req->align >> s->shift : 1;
	wish->off = (req->offset >> s->shift) & (wish->align - 1);
	wish->boundary = req->boundary >> s->shift;
	if (!req->boundary)
		return 0;
	/* Multiples of the boundary and of the alignment meet: there begins what must hold it. */
	modulus = wish->boundary < wish->align ? wish->boundary : wish->align;
	return !modulus || wish->n > wish->boundary ||
			       (wish->off & (modulus - 1)) > wish->boundary - wish->n
		       ? -EINVAL
		       : 0;
}

/* The block around @n granules at the wished offset: how far in the range begins. */
static uint64_t block_lead(const struct wish *wish, uint64_t n)
{
	uint64_t size = 1, lead;

	do {
		lead = wish->off & ((size < wish->align ? size : wish->align) - 1);
		size <<= 1;
	} while (size && (lead >= size >> 1 || n > (size >> 1) - lead));
	return lead;
}

/* A block for @want, and the range in it from @lead granules on. */
static uint64_t cut(struct iova_space *s, struct iova_want *want, uint64_t lead)
{
	want->moving = true;
	for (unsigned i = 0; i < CUT_TRIES; i++) {
		uint64_t pfn;
		int r;

		/* What is taken too much for a moment is no reason for -ENOSPC. */
		iova_move_begin(s);
		pfn = iova_alloc_pfn(s, want);
		if (iova_is_err(pfn)) {
			iova_move_end(s, false);
			return pfn;
		}
		plat_read_lock(); /* N1: once it is free, its node may go */
		iova_free_now(s, pfn, want->n, false);
		plat_read_unlock();
		r = iova_span_try(s, pfn + lead, pfn + want->n - 1);
		iova_move_end(s, true);
		if (r != -EEXIST)
			return r ? (uint64_t)(int64_t)r : pfn + lead;
	}
	return (uint64_t)-EAGAIN;
}

/* In [lo, hi].  A granule number, or a negative errno. */
static uint64_t alloc_within(struct iova_space *s, const struct wish *wish, uint64_t lo,
			     uint64_t hi)
{
	uint64_t n = wish->n + s->guard, lead = block_lead(wish, n);
	struct iova_want want;

	/* The block may begin below @lo, and what guards the range lie above @hi. */
	if (wish->n - 1 > hi - lo ||
	    !iova_want_init(s, &want, n + lead, lo > lead ? lo - lead : 0, hi + s->guard))
		return (uint64_t)-ENOSPC;
	if (wish->align > want.align) {
		want.align = wish->align;
		want.off = wish->off - lead;
	}
	return lead ? cut(s, &want, lead) : iova_alloc_pfn(s, &want);
}

static bool holds(const struct iova_range *r, uint64_t iova)
{
	return r->first <= iova && iova <= r->last;
}

/* The first bytes [*a, *b] from @from to @max that none of @ranges holds. */
bool iova_next_gap(const struct iova_range *ranges, unsigned nr, uint64_t from, uint64_t max,
		   uint64_t *a, uint64_t *b)
{
	unsigned i = 0;

	while (i < nr) { /* from the beginning again whenever one is left behind */
		if (!holds(&ranges[i], from)) {
			i++;
			continue;
		}
		if (ranges[i].last >= max)
			return false;
		from = ranges[i].last + 1;
		i = 0;
	}
	*a = from;
	*b = max;
	for (i = 0; i < nr; i++)
		if (ranges[i].first <= ranges[i].last && ranges[i].first > from &&
		    ranges[i].first <= *b)
			*b = ranges[i].first - 1;
	return from <= max;
}

/* The last bytes [*a, *b] from @min to @to that none of @ranges holds. */
static bool prev_gap(const struct iova_range *ranges, unsigned nr, uint64_t min, uint64_t to,
		     uint64_t *a, uint64_t *b)
{
	unsigned i = 0;

	while (i < nr) {
		if (!holds(&ranges[i], to)) {
			i++;
			continue;
		}
		if (ranges[i].first <= min)
			return false;
		to = ranges[i].first - 1;
		i = 0;
	}
	*a = min;
	*b = to;
	for (i = 0; i < nr; i++)
		if (ranges[i].first <= ranges[i].last && ranges[i].last < to &&
		    ranges[i].last >= *a)
			*a = ranges[i].last + 1;
	return min <= to;
}

/* Bytes [a, b], whole granules of them.  A granule number, or a negative errno. */
static uint64_t alloc_in_gap(struct iova_space *s, const struct wish *wish, uint64_t a, uint64_t b)
{
	uint64_t lo = (a >> s->shift) + !!(a & s->granule_mask), end = (b >> s->shift) + 1;

	if ((b & s->granule_mask) != s->granule_mask)
		end--;
	return lo < end ? alloc_within(s, wish, lo, end - 1) : (uint64_t)-ENOSPC;
}

static uint64_t alloc_wish(struct iova_space *s, const struct iova_request *req,
			   const struct wish *wish)
{
	uint64_t max = req->max ? req->max : ~0ull, min = req->min, a, b;
	bool down = s->placement == IOVA_PLACE_TOP_DOWN;
	uint64_t result = (uint64_t)-ENOSPC;

	while (down ? prev_gap(req->exclude, req->nr_exclude, min, max, &a, &b) :
		      iova_next_gap(req->exclude, req->nr_exclude, min, max, &a, &b)) {
		uint64_t pfn = alloc_in_gap(s, wish, a, b);

		if (!iova_is_err(pfn))
			return pfn;
		if (iova_err(pfn) != -ENOSPC) /* there may be room; no more can be said */
			result = pfn;
		if (down ? a == min : b == max)
			break;
		if (down)
			max = a - 1;
		else
			min = b + 1;
	}
	return result;
}

uint64_t iova_space_alloc_request(struct iova_space *s, const struct iova_request *req)
{
	struct wish wish;

	if (wish_init(s, req, &wish))
		return (uint64_t)-EINVAL;
	return iova_result(s, alloc_wish(s, req, &wish));
}

int iova_space_free_range(struct iova_space *s, uint64_t first, uint64_t last)
{
	uint64_t pfn = first >> s->shift;
	bool bad = last < first || (first & s->granule_mask);

	return iova_free_granules(s, pfn, bad ? 0 : (last >> s->shift) - pfn + 1, false);
}

static uint64_t ceil_div(uint64_t a, uint64_t b)
{
	return a / b + !!(a % b);
}

/* The next smaller piece to ask for, of at least @need granules; 0: there is none. */
static uint64_t smaller(uint64_t n, uint64_t need)
{
	uint64_t p = 1;

	if (n <= need)
		return 0;
	while (p < n - p)
		p *= 2;
	return p > need ? p : need;
}

static int undo_segments(struct iova_space *s, const struct iova_range *seg, unsigned nr, int error)
{
	while (nr--)
		iova_space_free_range(s, seg[nr].first, seg[nr].last);
	return error;
}

static int alloc_pieces(struct iova_space *s, const struct iova_request *req, struct wish *wish,
			uint64_t most, struct iova_range *seg, unsigned nr)
{
	uint64_t left = wish->n;
	unsigned got = 0;

	for (wish->n = most; left;) {
		uint64_t pfn;

		wish->n = wish->n < left ? wish->n : left;
		pfn = alloc_wish(s, req, wish);
		if (!iova_is_err(pfn)) {
			seg[got].first = pfn << s->shift;
			seg[got++].last = ((pfn + wish->n - 1) << s->shift) | s->granule_mask;
			left -= wish->n;
			continue;
		}
		/* A piece is never less than an equal share, so there is room for one more. */
		if (iova_err(pfn) == -ENOSPC)
			wish->n = smaller(wish->n, ceil_div(left, nr - got));
		if (iova_err(pfn) != -ENOSPC || !wish->n)
			return undo_segments(s, seg, got, iova_err(pfn));
	}
	return (int)got;
}

int iova_space_alloc_segments(struct iova_space *s, const struct iova_request *req,
			      uint64_t max_segment, struct iova_range *seg, unsigned nr)
{
	uint64_t most = (max_segment >> s->shift) + !(~max_segment), total;
	struct iova_request each;
	struct wish wish;

	if (!req || !seg || req->offset)
		return -EINVAL;
	each = *req;
	each.boundary = 0; /* of the pieces, not of all together */
	if (wish_init(s, &each, &wish) || !power_of_two(req->boundary))
		return -EINVAL;
	if (req->boundary && most > req->boundary >> s->shift)
		most = req->boundary >> s->shift;
	total = wish.n;
	if (!most || nr > 0x7fffffffu || ceil_div(total, most) > nr)
		return -EINVAL;
	return alloc_pieces(s, &each, &wish, most, seg, nr);
}

int iova_check_range(const struct iova_space *s, uint64_t first, uint64_t last)
{
	if ((first & s->granule_mask) || (last & s->granule_mask) != s->granule_mask ||
	    first > last || first >> s->shift < s->first_pfn ||
	    last >> s->shift > iova_usable_last(s))
		return -EINVAL;
	return 0;
}

int iova_space_alloc_range(struct iova_space *s, uint64_t first, uint64_t last,
			   struct iova_range *conflict)
{
	int r;

	if (iova_check_range(s, first, last))
		return -EINVAL;
	first >>= s->shift;
	last >>= s->shift;
	if (s->guard > iova_usable_last(s) - last)
		return -EINVAL;
	last += s->guard;
	r = iova_span_claim(s, first, last, IOVA_CLAIM_RANGE, 0, conflict);
	if (r == -EEXIST && iova_space_release_held(s)) /* it was only held back */
		r = iova_span_claim(s, first, last, IOVA_CLAIM_RANGE, 0, conflict);
	return r;
}

int iova_space_alloc_fixed(struct iova_space *s, uint64_t iova, uint64_t size,
			   struct iova_range *conflict)
{
	uint64_t last = iova + ((size + s->granule_mask) & ~s->granule_mask) - 1;

	return !size || last < iova ? -EINVAL : iova_space_alloc_range(s, iova, last, conflict);
}

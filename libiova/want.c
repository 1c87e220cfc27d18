/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* want.c - what a caller asks for, in granules. */
#include "iova_refill.h"

/* Could @want begin somewhere in [base, last]? */
bool iova_fits(const struct iova_want *want, uint64_t base, uint64_t last)
{
	uint64_t first = want->lo > base ? want->lo : base;
	uint64_t end = want->hi < last ? want->hi : last;
	uint64_t start = iova_next_place(want, first);

	return start >= first && start <= end && end - start >= want->n - 1;
}

bool iova_want_init(struct iova_space *s, struct iova_want *want, uint64_t n, uint64_t lo,
		    uint64_t hi)
{
	unsigned lg2;

	if (!n || n - 1 > s->last_pfn - s->first_pfn)
		return false;
	want->n = n;
	want->lo = lo > s->first_pfn ? lo : s->first_pfn;
	want->hi = hi < s->last_pfn ? hi : s->last_pfn;
	want->level = (uint8_t)iova_level(n);
	lg2 = iova_unit_lg2(want->level);
	want->units = (uint8_t)((n + (1ull << lg2) - 1) >> lg2);
	want->class = (uint8_t)iova_patterns[want->units].class;
	want->align = 1ull << lg2 << want->class;
	want->off = 0;
	want->moving = false;
	want->exact = !s->ring && iova_is_rounded(want);
	return want->level <= s->top_level && want->lo <= want->hi && want->hi - want->lo >= n - 1;
}

/* @size bytes, the last of them at most at @max.  0, -EINVAL or -ENOSPC. */
int iova_want_below(struct iova_space *s, struct iova_want *want, uint64_t size, uint64_t max)
{
	uint64_t n = (size >> s->shift) + !!(size & s->granule_mask);
	uint64_t hi = max == ~0ull ? ~0ull >> s->shift : ((max + 1) >> s->shift) - 1;

	if (!size)
		return -EINVAL;
	if (max != ~0ull && max + 1 <= s->granule_mask)
		return -ENOSPC;
	return iova_want_init(s, want, n + s->guard, 0, hi + s->guard) ? 0 : -ENOSPC;
}

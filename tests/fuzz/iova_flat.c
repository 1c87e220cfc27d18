/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
#include "iova_flat.h"

#include <stddef.h>

static unsigned level_of(uint64_t n)
{
	unsigned level = 0;

	while (n > 32ull << 4 * level)
		level++;
	return level;
}

static uint64_t power(uint64_t n)
{
	uint64_t p = 1;

	while (p < n)
		p <<= 1;
	return p;
}

/* @n rounded up to units. */
static uint64_t round_up(uint64_t n)
{
	uint64_t unit = 1ull << 4 * level_of(n);

	return (n + unit - 1) / unit * unit;
}

uint64_t flat_natural(const struct flat *f, uint64_t n)
{
	return power(n + f->guard);
}

uint32_t flat_padding(const struct flat *f, uint32_t n)
{
	return f->exact ? f->guard : (uint32_t)round_up(n + f->guard) - n;
}

bool flat_all_free(const struct flat *f, uint64_t first, uint64_t n)
{
	if (first < f->first || first + n - 1 > f->last)
		return false;
	for (uint64_t i = first; i < first + n; i++)
		if (f->owner[i])
			return false;
	return true;
}

/* How far in a block of 2^m granules the range begins: the least m with room behind. */
static uint64_t lead_of(const struct flat *f, const struct flat_wish *w)
{
	uint64_t size = flat_natural(f, w->n), lead;

	for (;; size *= 2) {
		lead = w->off % (size < w->align ? size : w->align);
		if (lead + w->n + f->guard <= size)
			return lead;
	}
}

bool flat_wish_fits(const struct flat *f, const struct flat_wish *w, uint64_t at)
{
	return at >= w->lo && at + w->n - 1 <= w->hi && (f->base + at) % w->align == w->off;
}

uint64_t flat_wish_place(const struct flat *f, const struct flat_wish *w, bool highest, bool exact)
{
	uint64_t lead = lead_of(f, w), n = w->n + lead + f->guard;
	uint64_t whole = exact ? n : round_up(n), align = power(n);
	uint64_t first = -f->base & (align - 1), nr = 0;

	if (first <= f->last)
		nr = (f->last - first) / align + 1;
	for (uint64_t i = 0; i < nr; i++) {
		uint64_t p = first + (highest ? nr - 1 - i : i) * align;

		if (flat_wish_fits(f, w, p + lead) && flat_all_free(f, p, whole))
			return p + lead;
	}
	return FLAT_NOWHERE;
}

static void paint(struct flat *f, struct flat_range g, unsigned owner, unsigned padding)
{
	for (uint32_t i = 0; i < g.n + g.padding; i++)
		f->owner[g.first + i] = (uint16_t)(i < g.n ? owner : padding);
}

void flat_own(struct flat *f, uint32_t first, uint32_t n, uint32_t padding)
{
	f->range[f->nr] = (struct flat_range){ first, n, padding };
	paint(f, f->range[f->nr], f->nr + FLAT_RANGE, FLAT_PADDING);
	f->nr++;
}

static void change(struct flat *f, uint64_t first, uint64_t n, unsigned from, unsigned to)
{
	for (uint64_t i = first; i < first + n && i < FLAT_GRANULES; i++)
		if (f->owner[i] == from)
			f->owner[i] = (uint16_t)to;
}

void flat_reserve(struct flat *f, uint64_t first, uint64_t n, unsigned mark)
{
	change(f, first, n, FLAT_FREE, mark);
}

void flat_unreserve(struct flat *f, uint64_t first, uint64_t n, unsigned mark)
{
	change(f, first, n, mark, FLAT_FREE);
}

bool flat_all(const struct flat *f, uint64_t first, uint64_t n, unsigned mark)
{
	for (uint64_t i = first; i < first + n; i++)
		if (f->owner[i] != mark)
			return false;
	return true;
}

void flat_disown(struct flat *f, unsigned i)
{
	paint(f, f->range[i], FLAT_FREE, FLAT_FREE);
	f->range[i] = f->range[--f->nr];
	if (i < f->nr)
		paint(f, f->range[i], i + FLAT_RANGE, FLAT_PADDING);
}

uint64_t flat_live(const struct flat *f)
{
	uint64_t n = 0;

	for (unsigned i = 0; i < f->nr; i++)
		n += f->range[i].n;
	return n;
}

uint64_t flat_reserved(const struct flat *f)
{
	uint64_t n = 0;

	for (unsigned i = 0; i < FLAT_GRANULES; i++)
		n += f->owner[i] == FLAT_RESERVED;
	return n;
}

const struct flat_range *flat_range_at(const struct flat *f, uint64_t i)
{
	if (i >= FLAT_GRANULES || f->owner[i] < FLAT_RANGE || f->owner[i] >= FLAT_RESERVED)
		return NULL;
	return &f->range[f->owner[i] - FLAT_RANGE];
}

unsigned flat_starts(const struct flat *f, uint64_t lo, uint64_t hi)
{
	unsigned n = 0;

	for (unsigned i = 0; i < f->nr; i++)
		n += f->range[i].first >= lo && f->range[i].first <= hi;
	return n;
}

bool flat_is_owner(const struct flat *f, uint64_t a, uint64_t b)
{
	const struct flat_range *g;

	if (a > b || b >= FLAT_GRANULES || !f->owner[a])
		return false;
	if (f->owner[a] == FLAT_PADDING)
		return a == b;
	if (f->owner[a] >= FLAT_RESERVED)
		return flat_all(f, a, b - a + 1, f->owner[a]) &&
		       (a == f->first || f->owner[a - 1] != f->owner[a]) &&
		       (b == f->last || f->owner[b + 1] != f->owner[a]);
	g = flat_range_at(f, a);
	return g->first == a && a + g->n - 1 == b;
}

/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * stress_iova_limits.c - which addresses may be used, changed beside all the rest:
 * reservations made, widened, cut and given back, allowed ranges, growth.
 *
 * Each worker reserves in zones of its own, so that no reservation touches, and by
 * touching becomes one with, another worker's.
 */
#include "iova_stress.h"

#define ZONE 64u

/* The zone at or before granule @at that is @w's; none: at the end of the space. */
static uint64_t zone_of(const struct worker *w, uint64_t at)
{
	return at / ZONE / WORKERS_MAX * WORKERS_MAX * ZONE + (w->id - 1) * ZONE;
}

/* Any of it, or of what narrow() took away. */
static bool reserved_by(const struct worker *w, uint64_t at, uint64_t n)
{
	if (w->out && at < span_at(w->out) + span_n(w->out) && span_at(w->out) < at + n)
		return true;
	for (unsigned i = 0; i < w->nr_reserved; i++)
		if (at < span_at(w->reserved[i]) + span_n(w->reserved[i]) &&
		    span_at(w->reserved[i]) < at + n)
			return true;
	return false;
}

static bool done(struct stress *st, int e, uint64_t at, uint64_t n, const struct iova_range *hit)
{
	uint64_t first = stress_addr(st, at), last = stress_addr(st, at + n) - 1;
	uint64_t guard = (uint64_t)st->setup->guard << SHIFT; /* of what is in the way */

	if (e == -EAGAIN)
		COUNT(st->again);
	else if (e == -EEXIST && (hit->first > hit->last || hit->first > last ||
				  hit->last + guard < first))
		COUNT(st->wrong_find);
	else if (e && e != -EEXIST)
		COUNT(st->wrong_error);
	return !e;
}

static void reserve(struct worker *w, uint64_t v)
{
	struct stress *st = w->st;
	uint64_t at = zone_of(w, v % plat_load_relaxed(&st->usable)) + (v >> 32) % ZONE;
	uint64_t n = 1 + (v >> 40) % (ZONE - at % ZONE);
	struct iova_range hit = { 1, 0 };

	if (at + n > plat_load_relaxed(&st->usable) || reserved_by(w, at, n))
		return;
	if (!done(st, iova_space_reserve(st->space, stress_addr(st, at), stress_addr(st, at + n) - 1,
					 &hit), at, n, &hit))
		return;
	stress_claim(st, span(at, n), (uint8_t)w->id);
	w->reserved[w->nr_reserved++] = span(at, n);
	COUNT(st->reserved);
}

/* The next reservation in the zone, or @i itself. */
static unsigned next_reserved(const struct worker *w, unsigned i)
{
	uint64_t at = span_at(w->reserved[i]);
	unsigned next = i;

	for (unsigned k = 0; k < w->nr_reserved; k++)
		if (span_at(w->reserved[k]) > at && span_at(w->reserved[k]) / ZONE == at / ZONE &&
		    (next == i || w->reserved[k] < w->reserved[next]))
			next = k;
	return next;
}

/* A reservation, what lies between it and the next one, and some granules behind that. */
static void widen(struct worker *w, unsigned i, uint64_t v)
{
	struct stress *st = w->st;
	uint64_t at = span_at(w->reserved[i]), gap = at + span_n(w->reserved[i]);
	unsigned next = next_reserved(w, i);
	uint64_t end = span_at(w->reserved[next]) + span_n(w->reserved[next]);
	uint64_t gap_n = next == i ? 0 : span_at(w->reserved[next]) - gap;
	uint64_t more = v % (ZONE - (end - 1) % ZONE);
	struct iova_range hit = { 1, 0 };

	if (end + more > plat_load_relaxed(&st->usable) || reserved_by(w, gap, gap_n) ||
	    reserved_by(w, end, more))
		return;
	if (!done(st, iova_space_reserve_merge(st->space, stress_addr(st, at),
					       stress_addr(st, end + more) - 1, &hit),
		  gap, end + more - gap, &hit))
		return;
	stress_claim(st, span(gap, gap_n), (uint8_t)w->id);
	stress_claim(st, span(end, more), (uint8_t)w->id);
	w->reserved[i] = span(at, end + more - at);
	if (next != i)
		w->reserved[next] = w->reserved[--w->nr_reserved];
}

/* Its beginning, its end, or all of it. */
static void carve(struct worker *w, unsigned i, uint64_t v)
{
	struct stress *st = w->st;
	uint64_t at = span_at(w->reserved[i]), n = span_n(w->reserved[i]);
	uint64_t m = v & 1 ? n : 1 + (v >> 8) % n, out = v & 2 ? at : at + n - m;

	stress_unclaim(st, span(out, m), (uint8_t)w->id);
	if (!done(st, iova_space_unreserve(st->space, stress_addr(st, out),
					   stress_addr(st, out + m) - 1), out, m, NULL)) {
		stress_claim(st, span(out, m), (uint8_t)w->id); /* nothing has changed */
		return;
	}
	COUNT(st->unreserved);
	w->reserved[i] = span(out == at ? at + m : at, n - m);
	if (m == n)
		w->reserved[i] = w->reserved[--w->nr_reserved];
}

static void grow(struct worker *w, uint64_t v)
{
	struct stress *st = w->st;
	uint64_t to = plat_load_relaxed(&st->usable) + v % 256, now;
	int e;

	if (to > st->setup->granules)
		to = st->setup->granules;
	e = iova_space_grow(st->space, stress_addr(st, to) - 1);
	if (e == -EAGAIN || e == -EINVAL) /* another was quicker, or went beyond */
		COUNT(st->again);
	else if (e)
		COUNT(st->wrong_error);
	for (now = plat_load_relaxed(&st->usable); !e && now < to;
	     now = plat_load_relaxed(&st->usable))
		if (plat_cas_full(&st->usable, now, to))
			COUNT(st->grown);
}

/* Part of one of the worker's zones is not to be used any more, for good. */
static void narrow(struct worker *w, uint64_t v)
{
	struct stress *st = w->st;
	uint64_t at = zone_of(w, v % st->setup->granules) + (v >> 32) % ZONE;
	uint64_t n = 1 + (v >> 40) % (ZONE - at % ZONE);
	struct iova_range hit = { 1, 0 }, allowed[2];

	if (w->out || !at || at + n >= st->setup->granules || reserved_by(w, at, n))
		return;
	allowed[0] = (struct iova_range){ stress_addr(st, at + n), UINT64_MAX };
	allowed[1] = (struct iova_range){ 0, stress_addr(st, at) - 1 };
	if (!done(st, iova_space_allow(st->space, allowed, 2, &hit), at, n, &hit))
		return;
	stress_claim(st, span(at, n), (uint8_t)w->id);
	w->out = span(at, n);
	COUNT(st->narrowed);
}

void stress_limits(struct worker *w)
{
	const struct setup *setup = w->st->setup;
	uint64_t v = tap_random(&w->seed), i = v >> 32;

	if (setup->start && v % 4 == 0)
		grow(w, v >> 8);
	else if (setup->narrow && v % 4 == 1)
		narrow(w, v >> 8);
	else if (w->nr_reserved < setup->reserve && (v >> 4) % 2)
		reserve(w, tap_random(&w->seed));
	else if (w->nr_reserved && (v >> 5) % 2)
		carve(w, (unsigned)(i % w->nr_reserved), v >> 8);
	else if (w->nr_reserved)
		widen(w, (unsigned)(i % w->nr_reserved), v >> 8);
}

/* Nobody else is there any more: all that is reserved is given back. */
bool stress_limits_end(struct worker *w)
{
	struct stress *st = w->st;

	while (w->nr_reserved) {
		span_t r = w->reserved[--w->nr_reserved];

		if (iova_space_unreserve(st->space, stress_addr(st, span_at(r)),
					 stress_addr(st, span_at(r) + span_n(r)) - 1))
			return false;
	}
	return !iova_space_grow(st->space, stress_addr(st, st->setup->granules) - 1);
}

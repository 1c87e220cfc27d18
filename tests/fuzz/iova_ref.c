/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
#define _GNU_SOURCE
#include "iova_ref_int.h"

#include <stdlib.h>

/* @place: there is one, with what is rounded up; @exact: there is one without. */
int ref_check_failed(struct ref *r, int err, bool place, bool exact)
{
	if (err == -ENOMEM) {
		CHECK(r, out_of_memory(r), "-ENOMEM although no allocation failed");
		CHECK(r, place || exact, "-ENOMEM although there is no place");
		return 0;
	}
	CHECK(r, err == -ENOSPC, "wrong error of alloc");
	CHECK(r, !place, "-ENOSPC although there is a place");
	return 0;
}

int ref_check_none(struct ref *r, int err, const struct flat_wish *w)
{
	return ref_check_failed(r, err, flat_wish_exists(&r->flat, w),
				flat_wish_place(&r->flat, w, false, true) != FLAT_NOWHERE);
}

/* What was handed out must lie in [lo, hi], aligned, on granules that are free. */
int ref_check_got(struct ref *r, uint64_t got, uint32_t n, uint64_t align, uint64_t lo,
		     uint64_t hi)
{
	struct flat_wish w = { n, align ? align : 1, 0, lo, hi };
	uint64_t pfn = got >> r->shift, at = pfn - r->flat.base;
	uint32_t padding = flat_padding(&r->flat, n);
	/* Where there was no place with it, the range has no rounding. */
	bool exact = n + r->flat.guard > 32 && !flat_wish_exists(&r->flat, &w);

	if (exact)
		padding = r->flat.guard;
	CHECK(r, !(got & ((1ull << r->shift) - 1)), "misaligned to the granule");
	CHECK(r, at >= lo && at <= hi && n - 1 <= hi - at, "outside the limits");
	CHECK(r, !(pfn & (flat_natural(&r->flat, n) - 1)), "not naturally aligned");
	CHECK(r, !align || !(pfn & (align - 1)), "not aligned as asked");
	CHECK(r, flat_all_free(&r->flat, at, n + padding), "overlaps");
	CHECK(r, !r->ordered || exact || at == flat_wish_place(&r->flat, &w, r->highest, false),
	      "not the place that the order asks for");
	if (r->flat.nr < FLAT_RANGES)
		flat_own(&r->flat, (uint32_t)at, n, padding);
	else
		CHECK(r, !iova_space_free(r->s, got, (uint64_t)n << r->shift), "cannot give back");
	return 0;
}

static int alloc_plain(struct ref *r, uint32_t n, uint64_t hi)
{
	uint64_t max = hi == FLAT_GRANULES ? ~0ull : addr(r, hi + 1) - 1;
	uint64_t got = iova_space_alloc(r->s, size_of(r, n), max);

	if (hi > r->flat.last)
		hi = r->flat.last;
	if (iova_is_err(got))
		return ref_check_none(r, iova_err(got), &(struct flat_wish){ n, 1, 0, 0, hi });
	return ref_check_got(r, got, n, 1, 0, hi);
}

static int op_alloc(struct ref *r)
{
	uint32_t n = take_size(r);

	return alloc_plain(r, n, take_limit(r));
}

static int op_request(struct ref *r)
{
	uint32_t n = take_size(r);
	uint64_t hi = take_limit(r), lo = take_limit(r), align = take(r, 1) % 64, got;
	struct iova_request q = { .size = size_of(r, n) };

	q.max = hi == FLAT_GRANULES ? 0 : addr(r, hi + 1) - 1;
	q.min = lo == FLAT_GRANULES ? 0 : addr(r, lo);
	if (q.min && take(r, 1) & 1)
		q.min -= take(r, 1); /* rounds up to the same granule */
	if (align < r->shift + 20u && align < 64)
		q.align = 1ull << align;
	got = iova_space_alloc_request(r->s, &q);
	if (q.max && q.max < q.min) {
		CHECK(r, got == (uint64_t)-EINVAL, "max below min was accepted");
		return 0;
	}
	lo = lo == FLAT_GRANULES ? 0 : lo;
	hi = hi > r->flat.last ? r->flat.last : hi;
	align = q.align >> r->shift ? q.align >> r->shift : 1;
	if (iova_is_err(got))
		return ref_check_none(r, iova_err(got), &(struct flat_wish){ n, align, 0, lo, hi });
	return ref_check_got(r, got, n, align, lo, hi);
}

/* Many ranges of one size: up to a space without any place left. */
static int op_fill(struct ref *r)
{
	uint32_t n = take_size(r);
	unsigned count = 8 * take(r, 1);
	int e = 0;

	while (count-- && !e) {
		unsigned before = r->flat.nr;

		e = alloc_plain(r, n, FLAT_GRANULES);
		if (r->flat.nr == before)
			break;
	}
	return e;
}

/* @hit is what lies in the way of [first, last]; outside, it may go on beyond the space. */
int ref_check_conflict(struct ref *r, const struct iova_range *hit, uint64_t first, uint64_t last)
{
	uint64_t a = r->flat.first, b = r->flat.last;

	if (hit->first > addr(r, a))
		a = granule(r, hit->first);
	if (hit->last < addr(r, b))
		b = granule(r, hit->last);
	CHECK(r, flat_is_owner(&r->flat, a, b), "conflict is no range");
	CHECK(r, b + r->flat.guard >= first && a <= last, "conflict lies elsewhere");
	return 0;
}

static int op_fixed(struct ref *r, bool reserve)
{
	uint32_t first = take(r, 2), n = take_size(r), guard = reserve ? 0 : r->flat.guard;
	uint64_t iova = addr(r, first);
	struct iova_range hit = { 1, 0 };
	int e;

	if (reserve)
		e = iova_space_reserve(r->s, iova, iova + ((uint64_t)n << r->shift) - 1, &hit);
	else
		e = iova_space_alloc_fixed(r->s, iova, size_of(r, n), &hit);
	if (first < r->flat.first || (uint64_t)first + n + guard - 1 > r->flat.last) {
		CHECK(r, e == -EINVAL, "outside the space was accepted");
		return 0;
	}
	if (e == -EEXIST) {
		return ref_check_conflict(r, &hit, first, (uint64_t)first + n + guard - 1);
	}
	if (e == -ENOMEM) {
		CHECK(r, out_of_memory(r), "-ENOMEM although no allocation failed");
		return 0;
	}
	CHECK(r, !e, "fixed allocation failed");
	CHECK(r, flat_all_free(&r->flat, first, n + guard), "fixed range overlaps");
	if (reserve)
		flat_reserve(&r->flat, first, n, FLAT_RESERVED);
	else if (r->flat.nr < FLAT_RANGES)
		flat_own(&r->flat, first, n, guard);
	else
		CHECK(r, !iova_space_free(r->s, iova, (uint64_t)n << r->shift), "cannot give back");
	return 0;
}

int ref_free_one(struct ref *r, unsigned i)
{
	struct flat_range g = r->flat.range[i];
	uint64_t iova = addr(r, g.first), size = size_of(r, g.n);

	CHECK(r, !iova_space_check(r->s, iova, size), "check refuses a good free");
	CHECK(r, !iova_space_free(r->s, iova, size), "free refused");
	CHECK(r, !out_of_memory(r), "free asked for memory");
	flat_disown(&r->flat, i);
	return 0;
}

static int op_free(struct ref *r)
{
	return r->flat.nr ? ref_free_one(r, take(r, 2) % r->flat.nr) : 0;
}

static int op_drain(struct ref *r)
{
	unsigned count = 8 * take(r, 1), i = take(r, 1);
	int e = 0;

	while (count-- && r->flat.nr && !e)
		e = ref_free_one(r, (i * 2654435761u + count) % r->flat.nr);
	return e;
}

/* A free that matches no range exactly. */
static int op_bad_free(struct ref *r)
{
	uint32_t first = take(r, 2), n = take_size(r);
	const struct flat_range *g;
	uint64_t size;
	int e, c;

	if (r->flat.nr && (take(r, 1) & 3)) { /* near a real one */
		g = &r->flat.range[take(r, 2) % r->flat.nr];
		first = g->first + take(r, 1) % 3 * (take(r, 1) % g->n);
		n = g->n + take(r, 1) % 3 - 1;
	}
	g = flat_range_at(&r->flat, first);
	if (!n || first >= FLAT_GRANULES || (g && g->first == first && g->n == n))
		return 0;
	size = size_of(r, n);
	c = iova_space_check(r->s, addr(r, first), size);
	e = iova_space_free(r->s, addr(r, first), size);
	CHECK(r, e == -EINVAL || e == -ENOENT, "bad free accepted");
	CHECK(r, c == e, "check and free disagree");
	r->bad++;
	if (first < r->flat.first || first > r->flat.last ||
	    n + r->flat.guard - 1 > r->flat.last - first || g ||
	    r->flat.owner[first] >= FLAT_RESERVED)
		CHECK(r, e == -EINVAL, "bad free is not -EINVAL");
	else
		CHECK(r, e == -ENOENT, "free of a free granule is not -ENOENT");
	return 0;
}

static int op_find(struct ref *r)
{
	uint32_t p = take(r, 2);
	uint64_t inside = take(r, 2) & ((1ull << r->shift) - 1);
	const struct flat_range *g = flat_range_at(&r->flat, p);
	struct iova_range got = { 1, 0 };
	int e = iova_space_find(r->s, addr(r, p) + inside, &got);

	if (!g) {
		CHECK(r, e == -ENOENT, "found where nothing is");
		return 0;
	}
	CHECK(r, !e && granule(r, got.first) == g->first &&
			 granule(r, got.last) == g->first + g->n - 1, "find is wrong");
	CHECK(r, got.last - got.first + 1 == (uint64_t)g->n << r->shift, "find cuts a granule");
	return 0;
}

struct walk {
	const struct ref *r;
	unsigned seen, stop_after;
	uint64_t next;
};

#define WALK_WRONG -1
#define WALK_STOP 7

static int walk(void *ctx, const struct iova_range *got)
{
	struct walk *w = ctx;
	uint64_t first = granule(w->r, got->first), last = granule(w->r, got->last);
	const struct flat_range *g = flat_range_at(&w->r->flat, first);

	if (first < w->next || !g || g->first != first || g->n != last - first + 1)
		return WALK_WRONG;
	w->next = last + 1;
	return ++w->seen == w->stop_after ? WALK_STOP : 0;
}

static int op_walk(struct ref *r)
{
	uint32_t lo = take(r, 2), hi = take(r, 2);
	unsigned expected = flat_starts(&r->flat, lo, hi);
	struct walk w = { .r = r, .next = lo, .stop_after = take(r, 1) };
	bool stops = w.stop_after && expected >= w.stop_after;
	int e = iova_space_for_each(r->s, addr(r, lo), addr(r, hi), walk, &w);

	CHECK(r, e == (stops ? WALK_STOP : 0), "iteration over a part is wrong");
	CHECK(r, w.seen == (stops ? w.stop_after : expected), "iteration over a part misses some");
	return 0;
}

static int check_all(struct ref *r)
{
	struct walk w = { .r = r };
	struct iova_space_stats st;
	int e = iova_space_for_each(r->s, 0, ~0ull, walk, &w);

	CHECK(r, !e && w.seen == r->flat.nr, "iteration differs");
	iova_space_stats(r->s, &st);
	CHECK(r, st.live_ranges == r->flat.nr && st.bad_frees == r->bad, "statistics differ");
	CHECK(r, st.live_bytes == flat_live(&r->flat) << r->shift, "live bytes differ");
	CHECK(r, st.guard_bytes == ((uint64_t)r->flat.nr * r->flat.guard) << r->shift,
	      "guards differ");
	CHECK(r, st.reserved_bytes == flat_reserved(&r->flat) << r->shift, "reserved bytes differ");
	CHECK(r, st.metadata_bytes == r->mem.bytes, "metadata bytes differ");
	CHECK(r, st.metadata_peak_bytes >= st.metadata_bytes, "peak below now");
	CHECK(r, iova_space_in_use(r->s) == (r->flat.nr != 0), "in_use differs");
	return 0;
}

/* The next CPU that this thread may use, if there is another. */
static int op_move(struct ref *r)
{
	cpu_set_t one;

	for (int i = 0; i < CPU_SETSIZE; i++) {
		r->cpu = (r->cpu + 1) % CPU_SETSIZE;
		if (CPU_ISSET(r->cpu, &r->cpus))
			break;
	}
	CPU_ZERO(&one);
	CPU_SET(r->cpu, &one);
	sched_setaffinity(0, sizeof(one), &one);
	return 0;
}

/* The end: with nothing allocated, all that is not reserved can be had in one piece each. */
static int refill_holes(struct ref *r)
{
	const struct flat *f = &r->flat;
	uint32_t i = f->first, n;
	uint64_t whole;

	for (; i <= f->last; i += n ? n : 1) {
		for (n = 0; i + n <= f->last && !f->owner[i + n]; n++)
			;
		if (n <= f->guard)
			continue;
		whole = (uint64_t)(n - f->guard) << r->shift;
		CHECK(r, !iova_space_alloc_fixed(r->s, addr(r, i), whole, NULL),
		      "an empty hole cannot be taken whole");
		CHECK(r, !iova_space_free(r->s, addr(r, i), whole),
		      "a hole taken whole cannot be freed");
	}
	return 0;
}

static int op(struct ref *r)
{
	switch (take(r, 1) % 32) {
	case 0 ... 4: return op_alloc(r);
	case 5: case 6: return op_request(r);
	case 7: return op_fixed(r, take(r, 1) % 16 == 0);
	case 8 ... 12: return op_free(r);
	case 13: return op_bad_free(r);
	case 14: return op_find(r);
	case 15: return op_fill(r);
	case 16: return op_drain(r);
	case 17: return op_move(r);
	case 18: return op_walk(r);
	case 19: /* one of the next allocations of metadata fails in the next operation */
		r->mem.fail_at = r->mem.calls + 1 + take(r, 1) % 3;
		return take(r, 1) & 1 ? op_fixed(r, take(r, 1) % 8 == 0) : op_alloc(r);
	case 20: return take(r, 1) % 16 ? op_free(r) : check_all(r);
	case 24 ... 31: return ref_op_more(r);
	default: return op_alloc(r);
	}
}

static int run(struct ref *r)
{
	int e = 0;

	while (!e && r->in < r->end) {
		r->failed = r->mem.failed;
		e = op(r);
		r->mem.fail_at = 0;
	}
	r->failed = r->mem.failed;
	if (!e)
		e = check_all(r);
	for (unsigned i = 1; !e && r->flat.nr; i++)
		e = ref_free_one(r, i * 2654435761u % r->flat.nr);
	if (!e)
		e = check_all(r);
	return e ? e : refill_holes(r);
}

/* Where the space lies, how large it and its granules are. */
static struct iova_space_config config(struct ref *r)
{
	static const uint8_t shifts[] = { 12, 12, 12, 13, 16, 21, 30, 34 };
	static const uint16_t guards[] = { 0, 0, 0, 0, 1, 1, 7, 300 };
	struct iova_space_config c = { .mem = count_mem(&r->mem) };
	static const uint8_t placements[] = { IOVA_PLACE_LOCAL, IOVA_PLACE_LOCAL, IOVA_PLACE_LOCAL,
					      IOVA_PLACE_BOTTOM_UP, IOVA_PLACE_BOTTOM_UP,
					      IOVA_PLACE_TOP_DOWN, IOVA_PLACE_TOP_DOWN,
					      IOVA_PLACE_RANDOM };
	unsigned where = take(r, 1), small, how;

	r->shift = c.granule_lg2 = shifts[take(r, 1) % 8];
	r->flat.first = take(r, 1) & 3;
	small = take(r, 1) % 12;
	r->flat.last = r->flat.first + (take(r, 2) >> small);
	if (r->flat.last >= FLAT_GRANULES)
		r->flat.last = FLAT_GRANULES - 1;
	r->flat.grow_last = r->flat.last + (take(r, 2) >> small);
	if (r->flat.grow_last >= FLAT_GRANULES)
		r->flat.grow_last = FLAT_GRANULES - 1;
	switch (where % 8) {
	case 0: r->flat.base = 1ull << 16; break;
	case 1: r->flat.base = 3ull << 20; break;
	case 2: r->flat.base = 1ull << (47 - r->shift) & ~(FLAT_GRANULES - 1ull); break;
	case 3: /* the last byte can be the last of 2^64 */
		r->flat.base = (1ull << (64 - r->shift)) - FLAT_GRANULES;
		r->flat.last = where & 8 ? FLAT_GRANULES - 1 : r->flat.last;
		r->flat.grow_last = where & 8 ? FLAT_GRANULES - 1 : r->flat.grow_last;
		break;
	default: r->flat.base = 0; break;
	}
	c.first = addr(r, r->flat.first);
	c.last = addr(r, r->flat.last) | ((1ull << r->shift) - 1);
	if (r->flat.grow_last != r->flat.last || where & 16)
		c.grow_last = addr(r, r->flat.grow_last) | ((1ull << r->shift) - 1);
	how = take(r, 1);
	c.flags = (how % 4 ? 0 : IOVA_SPACE_NO_PERCPU) | (how / 32 % 2 ? IOVA_SPACE_TRIM : 0);
	c.placement = placements[how / 4 % 8];
	c.seed[0] = how;
	c.cpu_slots = take(r, 1) % 3;
	c.quarantine = take(r, 1) % 4 ? 0 : take(r, 1) % 100;
	c.guard_granules = r->flat.guard = guards[where / 32];
	r->flat.exact = c.placement == IOVA_PLACE_BOTTOM_UP || c.placement == IOVA_PLACE_TOP_DOWN;
	r->ordered = r->flat.exact && !c.quarantine; /* what is held back is in the way */
	r->highest = c.placement == IOVA_PLACE_TOP_DOWN;
	return c;
}

static int create(struct ref *r)
{
	struct iova_space_config c = config(r);
	unsigned nth = take(r, 1);
	int e;

	r->mem.fail_at = nth < 16 ? nth : 0;
	e = iova_space_create(&r->s, &c);
	r->mem.fail_at = 0;
	if (!e)
		return 0;
	CHECK(r, e == -ENOMEM && r->mem.failed, "creation failed without a cause");
	CHECK(r, count_mem_clean(&r->mem), "a failed creation leaves memory behind");
	CHECK(r, !iova_space_create(&r->s, &c), "creation fails with memory");
	return 0;
}

static int life(struct ref *r)
{
	uint64_t live;
	int e = create(r);

	if (e)
		return e;
	e = run(r);
	live = iova_space_destroy(r->s);
	CHECK(r, !live || e, "ranges left at destruction");
	CHECK(r, count_mem_clean(&r->mem) || e, "memory left at destruction");
	return e;
}

int iova_ref_run(const uint8_t *data, size_t size, const char **what)
{
	struct ref *r = calloc(1, sizeof(*r));
	int e;

	if (!r)
		return 0;
	r->in = data;
	r->end = data + size;
	r->what = what;
	sched_getaffinity(0, sizeof(r->cpus), &r->cpus);
	r->cpu = -1;
	op_move(r); /* the same stream, the same CPUs */
	e = life(r);
	sched_setaffinity(0, sizeof(r->cpus), &r->cpus);
	free(r);
	return e;
}

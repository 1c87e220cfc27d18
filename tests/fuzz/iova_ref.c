/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
#include "iova_ref.h"
#include "iova.h"

#include <stdlib.h>
#include <string.h>

#define MAX_GRANULES (1u << 16)
#define MAX_RANGES 4096

#define RESERVED 1
#define PADDING 2 /* rounded up to units at the end of a range: taken, but nobody's */
#define RANGE 3	  /* the first range's number */

struct range {
	uint32_t first, n, padding;
};
struct ref {
	struct iova_space *s;
	const uint8_t *in, *end;
	const char **what;
	unsigned shift;
	uint32_t first, last; /* usable granules */
	uint64_t bad;
	unsigned nr;
	struct range range[MAX_RANGES];
	uint16_t owner[MAX_GRANULES]; /* 0 free, or one of the above */
};

#define CHECK(r, cond, text)                   \
	do {                                   \
		if (!(cond)) {                 \
			*(r)->what = (text);   \
			return __LINE__;       \
		}                              \
	} while (0)

static unsigned take(struct ref *r, unsigned bytes)
{
	unsigned v = 0;

	while (bytes--)
		v = v << 8 | (r->in < r->end ? *r->in++ : 0u);
	return v;
}

/* Sizes that matter: small ones, around powers of two and of sixteen, now and then large. */
static uint32_t take_size(struct ref *r)
{
	unsigned b = take(r, 1);
	uint32_t n;

	if (b < 128)
		return 1 + b % 40;
	n = 1u << (b & 15);
	n += (b >> 4 & 3) == 0 ? 0 : (b >> 4 & 3) == 1 ? 1 : (b >> 4 & 3) == 2 ? -1u : n / 2;
	return n ? n : 1;
}

static unsigned level_of(uint32_t n)
{
	unsigned level = 0;

	while (n > (32u << 4 * level))
		level++;
	return level;
}

static uint32_t pow2_at_least(uint32_t n)
{
	uint32_t p = 1;

	while (p < n)
		p <<= 1;
	return p;
}

static int all_free(const struct ref *r, uint64_t first, uint64_t n)
{
	if (first < r->first || first + n - 1 > r->last)
		return 0;
	for (uint64_t i = first; i < first + n; i++)
		if (r->owner[i])
			return 0;
	return 1;
}

/* Is there a place for n granules with this alignment in [lo, hi], by the rule of iova.h? */
static int place_exists(const struct ref *r, uint32_t n, uint64_t align, uint64_t lo, uint64_t hi)
{
	unsigned level = level_of(n);
	uint64_t unit = 1ull << 4 * level, whole = (n + unit - 1) / unit * unit;
	uint64_t natural = pow2_at_least(n);

	if (align < natural)
		align = natural;
	if (align < unit)
		align = unit;
	for (uint64_t p = 0; p <= r->last; p += align)
		if (p >= lo && p + n - 1 <= hi && all_free(r, p, whole))
			return 1;
	return 0;
}

static void paint(struct ref *r, struct range g, unsigned owner, unsigned padding)
{
	for (uint32_t i = 0; i < g.n + g.padding; i++)
		r->owner[g.first + i] = (uint16_t)(i < g.n ? owner : padding);
}

static void own(struct ref *r, uint32_t first, uint32_t n, uint32_t padding)
{
	r->range[r->nr] = (struct range){ first, n, padding };
	paint(r, r->range[r->nr], r->nr + RANGE, PADDING);
	r->nr++;
}

static void disown(struct ref *r, unsigned i)
{
	paint(r, r->range[i], 0, 0);
	r->range[i] = r->range[--r->nr];
	if (i < r->nr)
		paint(r, r->range[i], i + RANGE, PADDING);
}

static uint32_t padding_of(uint32_t n)
{
	uint32_t unit = 1u << 4 * level_of(n);

	return (unit - n % unit) % unit;
}

static int op_alloc(struct ref *r, int request)
{
	struct iova_request q = { 0 };
	uint32_t n = take_size(r);
	uint64_t max = ~0ull, lo = 0, hi = r->last, got, align = 1;

	if (take(r, 1) & 1) {
		hi = r->first + take(r, 2);
		max = ((hi + 1) << r->shift) - 1;
		if (hi > r->last)
			hi = r->last;
	}
	if (request) {
		q.size = (uint64_t)n << r->shift;
		q.align = take(r, 1) & 3 ? 0 : 1ull << (r->shift + take(r, 1) % 14);
		q.min = take(r, 1) & 1 ? (uint64_t)take(r, 2) << r->shift : 0;
		q.max = max == ~0ull ? 0 : max;
		lo = q.min >> r->shift;
		align = q.align >> r->shift;
		got = iova_space_alloc_request(r->s, &q);
		if (q.max && q.max < q.min) {
			CHECK(r, got == (uint64_t)-EINVAL, "max below min was accepted");
			return 0;
		}
	} else {
		got = iova_space_alloc(r->s, ((uint64_t)n << r->shift) - (take(r, 1) & 7), max);
	}
	if (iova_is_err(got)) {
		CHECK(r, iova_err(got) == -ENOSPC, "wrong error of alloc");
		if (n <= r->last && place_exists(r, n, align ? align : 1, lo, hi))
			CHECK(r, 0,
		      "-ENOSPC although there is a place");
		return 0;
	}
	CHECK(r, !(got & ((1ull << r->shift) - 1)), "misaligned to the granule");
	got >>= r->shift;
	CHECK(r, got >= lo && got + n - 1 <= hi, "outside the limits");
	CHECK(r, !(got & (pow2_at_least(n) - 1)), "not naturally aligned");
	CHECK(r, !align || !(got & (align - 1)), "not aligned as asked");
	CHECK(r, all_free(r, got, n + padding_of(n)), "overlaps");
	if (r->nr == MAX_RANGES)
		CHECK(r, !iova_space_free(r->s, got << r->shift, (uint64_t)n << r->shift), "cannot give back");
	else
		own(r, (uint32_t)got, n, padding_of(n));
	return 0;
}

static int op_fixed(struct ref *r, int reserve)
{
	uint32_t first = take(r, 2), n = take_size(r);
	uint64_t iova = (uint64_t)first << r->shift, size = (uint64_t)n << r->shift;
	struct iova_range hit = { 1, 0 };
	int e = reserve ? iova_space_reserve(r->s, iova, iova + size - 1, &hit) :
			  iova_space_alloc_fixed(r->s, iova, size, &hit);

	if (first < r->first || (uint64_t)first + n - 1 > r->last) {
		CHECK(r, e == -EINVAL, "outside the space was accepted");
		return 0;
	}
	if (e == -EEXIST) {
		uint64_t a = hit.first >> r->shift, b = hit.last >> r->shift;

		CHECK(r, hit.first <= hit.last && b >= first && a <= (uint64_t)first + n - 1,
		      "conflict lies elsewhere");
		CHECK(r, r->owner[a], "conflict is free");
		CHECK(r, !all_free(r, first, n), "conflict without a cause");
		return 0;
	}
	CHECK(r, !e, "fixed allocation failed");
	CHECK(r, all_free(r, first, n), "fixed range overlaps");
	if (reserve) {
		for (uint32_t i = 0; i < n; i++)
			r->owner[first + i] = RESERVED;
	} else if (r->nr == MAX_RANGES) {
		CHECK(r, !iova_space_free(r->s, iova, size), "cannot give back");
	} else {
		own(r, first, n, 0);
	}
	return 0;
}

static int op_free(struct ref *r)
{
	unsigned i;
	struct range g;

	if (!r->nr)
		return 0;
	i = take(r, 2) % r->nr;
	g = r->range[i];
	CHECK(r, !iova_space_check(r->s, (uint64_t)g.first << r->shift, (uint64_t)g.n << r->shift),
	      "check refuses a good free");
	CHECK(r, !iova_space_free(r->s, (uint64_t)g.first << r->shift, (uint64_t)g.n << r->shift),
	      "free refused");
	disown(r, i);
	return 0;
}

/* A free that matches no range exactly. */
static int op_bad_free(struct ref *r)
{
	uint32_t first = take(r, 2), n = take_size(r);
	int e, c;

	if (r->nr && (take(r, 1) & 3)) { /* near a real one */
		struct range g = r->range[take(r, 2) % r->nr];

		first = g.first + take(r, 1) % 3 * (take(r, 1) % g.n);
		n = g.n + take(r, 1) % 3 - 1;
	}
	if (!n || first >= MAX_GRANULES)
		return 0;
	if (r->owner[first] >= RANGE) {
		struct range g = r->range[r->owner[first] - RANGE];

		if (g.first == first && g.n == n)
			return 0;
	}
	c = iova_space_check(r->s, (uint64_t)first << r->shift, (uint64_t)n << r->shift);
	e = iova_space_free(r->s, (uint64_t)first << r->shift, (uint64_t)n << r->shift);
	CHECK(r, e == -EINVAL || e == -ENOENT, "bad free accepted");
	CHECK(r, c == e, "check and free disagree");
	if (first >= r->first && first <= r->last && n - 1 <= r->last - first && !r->owner[first])
		CHECK(r, e == -ENOENT, "free of a free granule is not -ENOENT");
	r->bad++;
	return 0;
}

static int op_find(struct ref *r)
{
	uint32_t p = take(r, 2);
	struct iova_range got;
	int e = iova_space_find(r->s, (uint64_t)p << r->shift, &got);

	if (p > r->last || r->owner[p] < RANGE) {
		CHECK(r, e == -ENOENT, "found where nothing is");
	} else {
		struct range g = r->range[r->owner[p] - RANGE];

		CHECK(r, !e && got.first >> r->shift == g.first &&
				 got.last >> r->shift == g.first + g.n - 1, "find is wrong");
	}
	return 0;
}

struct walk {
	struct ref *r;
	unsigned seen;
	uint64_t next;
	int wrong;
};

static int walk(void *ctx, const struct iova_range *got)
{
	struct walk *w = ctx;
	uint64_t first = got->first >> w->r->shift, last = got->last >> w->r->shift;

	w->seen++;
	w->wrong |= first < w->next || last > w->r->last || w->r->owner[first] < RANGE;
	if (!w->wrong) {
		struct range g = w->r->range[w->r->owner[first] - RANGE];

		w->wrong = g.first != first || g.n != last - first + 1;
	}
	w->next = last + 1;
	return w->wrong;
}

static int check_all(struct ref *r)
{
	struct walk w = { .r = r };
	struct iova_space_stats st;

	iova_space_for_each(r->s, 0, ~0ull, walk, &w);
	CHECK(r, !w.wrong && w.seen == r->nr, "iteration differs");
	iova_space_stats(r->s, &st);
	CHECK(r, st.live_ranges == r->nr && st.bad_frees == r->bad, "statistics differ");
	CHECK(r, iova_space_in_use(r->s) == (r->nr != 0), "in_use differs");
	return 0;
}

static int run(struct ref *r)
{
	int e = 0;

	while (!e && r->in < r->end) {
		switch (take(r, 1) % 16) {
		case 0: case 1: case 2: case 3: case 4: e = op_alloc(r, 0); break;
		case 5: case 6: e = op_alloc(r, 1); break;
		case 7: e = op_fixed(r, take(r, 1) % 16 == 0); break;
		case 8: case 9: case 10: case 11: case 12: e = op_free(r); break;
		case 13: e = op_bad_free(r); break;
		case 14: e = op_find(r); break;
		default: e = take(r, 1) % 32 ? op_free(r) : check_all(r); break;
		}
	}
	if (!e)
		e = check_all(r);
	while (!e && r->nr)
		e = op_free(r);
	return e ? e : check_all(r);
}

int iova_ref_run(const uint8_t *data, size_t size, const char **what)
{
	struct ref *r = calloc(1, sizeof(*r));
	struct iova_space_config c = { 0 };
	uint64_t live;
	int e;

	if (!r)
		return 0;
	r->in = data;
	r->end = data + size;
	r->what = what;
	r->shift = c.granule_lg2 = (uint8_t)(12 + (take(r, 1) & 3) * 4);
	r->first = take(r, 1) & 3;
	r->last = r->first + 1 + take(r, 2);
	if (r->last >= MAX_GRANULES)
		r->last = MAX_GRANULES - 1;
	c.first = (uint64_t)r->first << r->shift;
	c.last = ((r->last + 1ull) << r->shift) - 1;
	c.flags = take(r, 1) & 1 ? IOVA_SPACE_NO_PERCPU : 0;
	c.cpu_slots = take(r, 1) % 3;
	e = iova_space_create(&r->s, &c);
	if (!e) {
		e = run(r);
		live = iova_space_destroy(r->s);
		if (!e && live) {
			*what = "ranges left at destruction";
			e = __LINE__;
		}
	}
	free(r);
	return e;
}

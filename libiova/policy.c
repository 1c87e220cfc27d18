/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * policy.c - placement other than CPU by CPU: from below, from above, at random.
 *
 * In order.  All words are SHARED, ranges are claimed at their place (span.c), and what
 * is freed is given to the level above at once (iova_merge()), so that, nobody being in
 * a call,
 *
 *   M  a unit is split only if something below it is in use.
 *
 * Hence the lowest place for a range of level k lies in a word of level k as it is, or
 * in units above it that are free whole: one search by the cells for each level, each
 * of which ends where the one before found something.  At level k + 1 a place may have
 * one half in a free unit and the other in the word below its neighbour.
 *
 * At random.  Where the default would take the next fresh area, one is drawn: a window
 * of one area is put over the caller's wishes, and fresh room is made in there.
 */
#include "iova_refill.h"

#define DRAWS 8
#define STEPS 4 /* from no node at all to a line of level 0, and one lost to somebody else */

/* The first place for @want in the free granules [base, last], or IOVA_NONE. */
static uint64_t place_between(const struct iova_ctx *c, uint64_t base, uint64_t last)
{
	const struct iova_want *want = c->want;
	uint64_t end, pfn;

	if (!iova_fits(want, base, last))
		return IOVA_NONE;
	if (c->s->placement != IOVA_PLACE_TOP_DOWN)
		return iova_next_place(want, want->lo > base ? want->lo : base);
	end = (want->hi < last ? want->hi : last) - (want->n - 1);
	pfn = ((end - want->off) & ~(want->align - 1)) + want->off;
	return pfn; /* not below the lowest place, which there is */
}

/* In a word of the wanted level, as @w says. */
static uint64_t place_here(const struct iova_ctx *c, uint64_t w, uint64_t base_pfn)
{
	uint32_t places = iova_candidates(w, base_pfn, c->want);
	unsigned lg2 = iova_unit_lg2(c->want->level);

	return places ? base_pfn + ((uint64_t)iova_first_of(c->s, places) << lg2) : IOVA_NONE;
}

/*
 * In the word below units @g and @g + 1 of a word one level up, @w; what is free there is
 * so below.
 */
static uint64_t place_below(const struct iova_ctx *c, const struct iova_ref *ref, uint64_t w,
			    unsigned g)
{
	uint64_t base = ref->base_pfn + ((uint64_t)g << iova_unit_lg2(ref->level));
	uint64_t below = IOVA_POISON;
	struct iova_ref at;

	if (iova_ref_at(c->s, c->want->level, base, &at))
		below = iova_word_look(&at);
	if (iova_state(w, g) == IOVA_FREE)
		below &= ~IOVA_HALF;
	if (iova_state(w, g + 1) == IOVA_FREE)
		below &= ~(IOVA_HALF << 16);
	return place_here(c, below, base);
}

/* The first place that has to do with free units of this word. */
static uint64_t place_in_word(const struct iova_ctx *c, const struct iova_ref *ref)
{
	uint64_t w = iova_word_look(ref), pfn = IOVA_NONE, base;
	unsigned lg2 = iova_unit_lg2(ref->level), g;

	if (ref->level == c->want->level)
		return place_here(c, w, ref->base_pfn);
	for (uint32_t free = ~iova_used(w); free && pfn == IOVA_NONE;) {
		g = iova_first_of(c->s, free);
		if (ref->level == c->want->level + 1u) {
			free &= ~(3u << (g & 30));
			pfn = place_below(c, ref, w, g & 30);
			continue;
		}
		free &= ~(1u << g);
		base = ref->base_pfn + ((uint64_t)g << lg2);
		pfn = place_between(c, base, base + (1ull << lg2) - 1);
	}
	return pfn;
}

static uint64_t place_in_line(struct iova_ctx *c, const struct iova_ref *line)
{
	bool down = c->s->placement == IOVA_PLACE_TOP_DOWN;
	uint64_t pfn = IOVA_NONE;

	for (unsigned i = 0; i < 4 && pfn == IOVA_NONE; i++) {
		struct iova_ref ref = iova_word_in(line, down ? 3 - i : i);

		pfn = place_in_word(c, &ref);
	}
	if (pfn == IOVA_NONE)
		iova_found_nothing(c, line);
	return pfn;
}

/* The first place that has to do with free units of @level in the granules [first, last]. */
static uint64_t place_at_level(struct iova_ctx *c, unsigned level, uint64_t first, uint64_t last)
{
	unsigned run = level == c->want->level ? c->want->units : 1;
	struct iova_node *near = iova_begin(c, level);
	uint64_t span = 1ull << iova_span_lg2(level), pfn = IOVA_NONE;
	struct iova_ref line;

	if (c->s->placement != IOVA_PLACE_TOP_DOWN) {
		for (; pfn == IOVA_NONE &&
		       iova_next_line(c->s, level, first, last, 0, run, &line, &near);
		     first = line.base_pfn + span)
			pfn = place_in_line(c, &line);
		return pfn;
	}
	while (iova_prev_line(c->s, level, first, last, run, &line, &near)) {
		pfn = place_in_line(c, &line);
		if (pfn != IOVA_NONE || line.base_pfn <= first)
			break;
		last = line.base_pfn - 1;
	}
	return pfn;
}

/* The lowest place for the caller's want, or the highest. */
static uint64_t first_place(struct iova_ctx *c)
{
	uint64_t lo = c->want->lo, hi = c->want->hi, best = IOVA_NONE;
	bool down = c->s->placement == IOVA_PLACE_TOP_DOWN;

	for (unsigned level = c->want->level; level <= c->s->top_level; level++) {
		uint64_t pfn = place_at_level(c, level, lo, hi);

		/* The line may reach beyond the best so far. */
		if (pfn == IOVA_NONE || (best != IOVA_NONE && (pfn < best) == down))
			continue;
		best = pfn;
		if (down)
			lo = best;
		else
			hi = best;
	}
	return best;
}

static uint64_t take_ordered(struct iova_ctx *c)
{
	uint64_t pfn = first_place(c);

	if (pfn != IOVA_NONE)
		return iova_take_place(c, pfn);
	/* M may fail for an instant, while others free */
	return c->want->level && iova_reclaim(c, true) ? IOVA_AGAIN : IOVA_NONE;
}

/* As alloc_rounds() of refill.c. */
uint64_t iova_alloc_ordered(struct iova_space *s, struct iova_want *want)
{
	unsigned rounds = 0;
	struct iova_ctx c;
	uint64_t pfn;

	do {
		iova_ctx_init(&c, s, want);
		pfn = take_ordered(&c);
		if (pfn == IOVA_NONE && c.error == -ENOSPC)
			pfn = iova_take_last(&c, &rounds);
	} while (pfn == IOVA_AGAIN);
	return pfn == IOVA_NONE ? (uint64_t)(int64_t)c.error : pfn;
}

/* If the sixteen units around @pfn are free, they become one of the level above. */
static bool merge_half(struct iova_space *s, const struct iova_ref *ref, uint64_t pfn)
{
	uint64_t half = IOVA_HALF << (pfn >> iova_unit_lg2(ref->level) & 16), w, pat;
	struct iova_ref above;

	if (ref->level == s->top_level || (iova_word_look(ref) & half))
		return false;
	iova_move_begin(s);
	do {
		w = iova_word_look(ref);
		/* IOVA-K1: pairs with IOVA-W2 */
	} while (!(w & half) && !plat_cas_full(iova_word(ref), w, w | half));
	if (w & half) {
		iova_move_end(s, false);
		return false;
	}
	iova_ref_at(s, ref->level + 1u, pfn, &above);
	pat = 1ull << iova_unit_of(&above, pfn);
	iova_word_free(&above, pat | pat << 32, pat, (uint32_t)pat, NULL);
	iova_move_end(s, true);
	return true;
}

void iova_merge(struct iova_space *s, uint64_t first, uint64_t last)
{
	struct iova_ref ref;

	if (!iova_in_order(s))
		return;
	plat_read_lock(); /* N1: nodes that are found stay */
	while (first <= last && iova_locate(s, first, &ref))
		if (!merge_half(s, &ref, first))
			first = (first | ((1ull << iova_unit_lg2(ref.level)) - 1)) + 1;
	plat_read_unlock();
}

static uint64_t rotl(uint64_t v, unsigned n)
{
	return v << n | v >> (64 - n);
}

static void sip_rounds(uint64_t v[4], unsigned n)
{
	while (n--) {
		v[0] += v[1];
		v[2] += v[3];
		v[1] = rotl(v[1], 13) ^ v[0];
		v[3] = rotl(v[3], 16) ^ v[2];
		v[0] = rotl(v[0], 32) + v[3];
		v[2] += v[1];
		v[3] = rotl(v[3], 21) ^ v[0];
		v[1] = rotl(v[1], 17) ^ v[2];
		v[2] = rotl(v[2], 32);
	}
}

/*
 * SipHash-2-4 (Aumasson, Bernstein) of the eight bytes of @block, little endian: who does
 * not know the key cannot tell the next value from those before.
 */
uint64_t iova_sip(const uint64_t key[2], uint64_t block)
{
	uint64_t v[4] = { key[0] ^ 0x736f6d6570736575ull, key[1] ^ 0x646f72616e646f6dull,
			  key[0] ^ 0x6c7967656e657261ull, key[1] ^ 0x7465646279746573ull };
	const uint64_t in[2] = { block, 8ull << 56 };

	for (unsigned i = 0; i < 2; i++) {
		v[3] ^= in[i];
		sip_rounds(v, 2);
		v[0] ^= in[i];
	}
	v[2] ^= 0xff;
	sip_rounds(v, 4);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

/* One area of the caller's window, or of as many granules as the alignment if that is more. */
static void draw(struct iova_ctx *c, const struct iova_want *want, struct iova_want *here)
{
	uint64_t size = 1ull << (iova_unit_lg2(1) + IOVA_WORD_LG2), areas, first;
	/* relaxed: numbers that are drawn at once differ, and that is all */
	uint64_t nth = plat_fetch_add_relaxed(&c->s->drawn, 1);

	if (want->align > size)
		size = want->align;
	first = want->lo & ~(size - 1);
	areas = (want->hi - first) / size + 1;
	first += iova_sip(c->s->seed, nth) % areas * size;
	*here = *want;
	here->lo = first > want->lo ? first : want->lo;
	here->hi = want->hi - first >= size ? first + size - 1 : want->hi;
	c->want = here;
	c->window = NULL;
}

static void end_draws(struct iova_ctx *c, const struct iova_want *want)
{
	c->want = want;
	c->window = NULL;
	c->error = -ENOSPC; /* without memory the search that follows will say so again */
}

/* Step 3 of refill.c. */
bool iova_make_room(struct iova_ctx *c)
{
	const struct iova_want *want = c->want;
	struct iova_want here;
	bool done = false;

	if (c->s->placement != IOVA_PLACE_RANDOM)
		return iova_new_room(c);
	if (want->level == 0 && iova_new_line0(c, false)) /* the area at hand is not full */
		return true;
	for (unsigned i = 0; i < DRAWS && !done; i++) {
		draw(c, want, &here);
		/* A node, then its owner, then a line of it: what is begun here is used here. */
		for (unsigned step = 0; step < STEPS && !done && iova_new_room(c); step++)
			done = c->fresh != IOVA_NONE;
	}
	end_draws(c, want);
	return done || iova_new_room(c);
}

/* Step 4 of refill.c, for what has no words of its own kind. */
uint64_t iova_take_drawn(struct iova_ctx *c)
{
	const struct iova_want *want = c->want;
	uint64_t pfn = IOVA_NONE;
	struct iova_want here;

	for (unsigned i = 0; i < DRAWS && pfn == IOVA_NONE; i++) {
		draw(c, want, &here);
		pfn = iova_take_any(c);
		for (unsigned step = 0; step < STEPS && pfn == IOVA_NONE && iova_new_room(c); step++)
			pfn = iova_take_any(c);
	}
	end_draws(c, want);
	return pfn;
}

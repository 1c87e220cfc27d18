/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * refill.c - allocation when no hint fits: where to look, and in which order.
 *
 *   1. a few more hints
 *   2. words of the calling CPU that serve the same class of sizes
 *   3. fresh room: a new line in the CPU's own area, a new area, a new node
 *   4. any room the CPU may use, whatever class its word serves
 *   5. take-back: empty lines (reclaim.c), then words of other CPUs (iova_share)
 *   6. for what is no whole number of units, a place without its rounding (exact.c)
 *
 * Step 2 looks in vain at a few lines only and leaves the cells alone, so that the
 * common path does not depend on how many lines there are: where fewer than one
 * line in MISSES has room, more room is the better answer.  Step 4 looks at all
 * that the cells let through; every failed look there lowers a cell, so that the
 * next search does not repeat it.
 */
#include "iova_life.h"
#include "iova_refill.h"

#define POPS 1
#define ENOUGH_HINTS 16 /* a search may stop */
#define FEW_HINTS 2	/* fewer were hardly worth the search: more room is needed */
#define MISSES 4	/* lines looked at in vain before fresh room is made */
#define FAILED 8 /* so many searches after one that failed begin with full.c */

static bool in_window(const struct iova_want *want, uint64_t pfn)
{
	return pfn >= want->lo && pfn <= want->hi && want->hi - pfn >= want->n - 1 &&
	       !((pfn - want->off) & (want->align - 1));
}

/* Places @want at unit @g of the word.  The pfn, or IOVA_NONE. */
static uint64_t take_at(struct iova_ctx *c, const struct iova_ref *ref, unsigned g)
{
	const struct iova_pattern *p = &iova_patterns[c->want->units];
	unsigned lg2 = iova_unit_lg2(ref->level);
	uint64_t pfn = ref->base_pfn + ((uint64_t)g << lg2);

	uint64_t pad = ((uint64_t)c->want->units << lg2) - c->want->n;

	if (ref->level && !iova_pad_prepare(c->s, ref->node, pad)) {
		c->error = -ENOMEM;
		return IOVA_NONE;
	}
	if (iova_word_take(ref, p->full << g, p->pat << g) != PLAT_WORD_OK)
		return IOVA_NONE;
	if (ref->level)
		iova_pad_set(iova_taken_in(ref), pfn, pad);
	return pfn;
}

static uint64_t take_hint(struct iova_ctx *c, uint64_t pfn)
{
	unsigned lg2 = iova_unit_lg2(c->want->level);
	struct iova_ref ref;

	if (!in_window(c->want, pfn) || !iova_ref_at(c->s, c->want->level, pfn, &ref))
		return IOVA_NONE;
	return take_at(c, &ref, pfn >> lg2 & 31);
}

static uint64_t pop_hints(struct iova_ctx *c)
{
	uint64_t pfn;

	if (c->want->level >= IOVA_OWNED_LEVELS)
		return IOVA_NONE;
	pfn = take_hint(c, iova_hint_peek(c->slot, c->want->level, c->want->class));
	for (unsigned i = 0; i < POPS && pfn == IOVA_NONE; i++)
		pfn = take_hint(c, iova_hint_pop(c->slot, c->want->level, c->want->class));
	return pfn;
}

/* Hints for the places of this class in the line from word @first on, lowest on top.  How many. */
static unsigned push_hints(struct iova_ctx *c, const struct iova_ref *line, unsigned first)
{
	unsigned class = c->want->class, lg2 = iova_unit_lg2(line->level);
	struct iova_hints *hints = iova_hints_at(c->slot, line->level, class);
	unsigned begun = plat_load_relaxed(&hints->top), top = begun; /* IOVA-H1 */

	for (unsigned i = 4; i-- > first;) {
		struct iova_ref ref = iova_word_in(line, i);
		/* IOVA-H1: only hints come of it */
		uint64_t ctl = plat_load_relaxed(iova_word_ctl(&ref));
		uint32_t slots;

		if (iova_own(ctl) != c->own)
			continue;
		/* IOVA-H1 */
		slots = iova_slots(plat_load_relaxed(iova_word(&ref)) | (uint32_t)ctl, class);
		while (slots) {
			unsigned g = 31u - (unsigned)__builtin_clz(slots);

			slots &= ~(1u << g);
			/* IOVA-H1 */
			plat_store_relaxed(&hints->pfn[(uint8_t)top++],
					   ref.base_pfn + ((uint64_t)g << lg2));
		}
	}
	plat_store_relaxed(&hints->top, (uint8_t)top); /* IOVA-H1 */
	return top - begun;
}

/*
 * Looks for room in a line.  @own_class: only words that serve the class.
 * IOVA_NONE: there is none; IOVA_AGAIN: somebody was faster.
 */
static uint64_t take_in_line(struct iova_ctx *c, const struct iova_ref *line, bool own_class)
{
	for (unsigned i = 0; i < 4; i++) {
		uint64_t *wp = iova_word(line) + i * (sizeof(struct plat_word) / sizeof(*wp));
		/* IOVA-W3: pairs with IOVA-R2, IOVA-A2 */
		uint64_t ctl = plat_load_acquire(plat_ctl_of(wp)), own = iova_own(ctl), pfn;
		uint64_t w = plat_load_acquire(wp); /* IOVA-W9: pairs with IOVA-W4, IOVA-A3 */
		struct iova_ref ref;
		uint32_t cand;

		c->busy |= own == PLAT_OWN_BUSY;
		if (!(ctl & PLAT_CTL_REM) && !~iova_used(w)) /* as most that a search goes past */
			continue;
		ref = iova_word_in(line, i);
		if (own == PLAT_OWN_NONE && !own_class && line->level == 1)
			own = iova_adopt(c, &ref, ctl, c->want->class) ? c->own : own;
		if ((own != c->own && own != PLAT_OWN_SHARED) ||
		    (own_class && (own != c->own || iova_ctl_class(ctl) != c->want->class)))
			continue;
		if (ctl & PLAT_CTL_REM) {
			if (iova_collect(&ref) < 0)
				return IOVA_AGAIN;
			ctl = iova_ctl_look(&ref);
			w = iova_word_look(&ref);
		}
		cand = iova_candidates(w | (uint32_t)ctl, ref.base_pfn, c->want);
		if (!cand)
			continue;
		pfn = take_at(c, &ref, iova_ctz32(cand));
		if (pfn == IOVA_NONE)
			return c->error == -ENOMEM ? IOVA_NONE : IOVA_AGAIN;
		if (own_class)
			c->pushed = push_hints(c, line, i);
		return pfn;
	}
	if (!own_class)
		iova_found_nothing(c, line);
	return IOVA_NONE;
}

/* False: there was nothing in the line. */
static bool hint_line(struct iova_ctx *c, const struct iova_ref *line)
{
	unsigned pushed;

	for (unsigned i = 0; i < 4; i++) {
		struct iova_ref ref = iova_word_in(line, i);
		uint64_t ctl;

		ctl = iova_ctl_look(&ref);
		if (iova_own(ctl) == c->own && (ctl & PLAT_CTL_REM) && iova_collect(&ref) < 0)
			return false;
	}
	pushed = push_hints(c, line, 0);
	c->pushed += pushed;
	return pushed;
}

/* Where to look for lines from the cursor on: the nearest node above, if there is one at hand. */
static struct iova_node *near_cursor(struct iova_ctx *c, uint64_t from)
{
	void *const *cell = iova_cell(c->s, from);
	struct iova_node *node = plat_load_acquire(cell); /* IOVA-N1: pairs with IOVA-N2 */

	if (node == &iova_no_node)
		return iova_begin(c, c->want->level);
	return c->want->level ? node->parent : node;
}

/*
 * Step 2: from the cursor to the top, then from the bottom to the cursor.  Having
 * found a place, goes on for as long as lines have some, and gathers hints: where
 * another CPU frees what this one allocates, that is the supply.
 */
static uint64_t take_own_class(struct iova_ctx *c)
{
	const struct iova_want *want = c->want;
	uint64_t *cursor = &c->slot->cursor[want->level][want->class];
	/* IOVA-H2: a cursor says where to begin, nothing else */
	uint64_t from = plat_load_relaxed(cursor), pfn = IOVA_NONE, span, begun;
	uint64_t test = 1ull << want->class;
	struct iova_node *near;
	struct iova_ref line;
	bool wrapped = false;

	span = 1ull << iova_span_lg2(want->level);
	if (from < want->lo || from > want->hi)
		from = want->lo;
	near = near_cursor(c, from);
	begun = from;
	for (unsigned misses = 0; misses < MISSES && c->pushed < ENOUGH_HINTS;) {
		if (!iova_next_line(c->s, want->level, from, wrapped ? begun : want->hi, test, 0,
				    &line, &near)) {
			if (wrapped)
				break;
			wrapped = true;
			from = want->lo;
			continue;
		}
		if (pfn != IOVA_NONE)
			misses += !hint_line(c, &line);
		else if ((pfn = take_in_line(c, &line, true)) == IOVA_NONE)
			misses++;
		if (pfn == IOVA_AGAIN)
			return pfn;
		from = line.base_pfn + span;
	}
	/* The last line may have more than was hinted at: begin with it next time. */
	plat_store_relaxed(cursor, pfn == IOVA_NONE || !c->pushed ? from : line.base_pfn);
	return pfn;
}

/* The line that iova_new_room() has just made for the class, if it made one. */
static bool fresh_line(struct iova_ctx *c, struct iova_ref *line)
{
	unsigned lg2 = iova_span_lg2(c->want->level);

	return c->fresh != IOVA_NONE &&
	       iova_ref_at(c->s, c->want->level, c->fresh >> lg2 << lg2, line);
}

/*
 * As many ranges live as there is room for: room for one more would be used up at
 * once, and every allocation would search.  With some lines more, what is freed
 * until they are used up is found together.
 */
static void widen(struct iova_ctx *c)
{
	struct iova_ref line;

	while (c->pushed < FEW_HINTS && iova_make_room(c) && fresh_line(c, &line)) {
		unsigned pushed = push_hints(c, &line, 0);

		if (!pushed) /* somebody else was there before */
			return;
		c->pushed += pushed;
		c->fresh = IOVA_NONE;
	}
}

/* Step 3, and then straight to what it made. */
static uint64_t take_new_room(struct iova_ctx *c)
{
	struct iova_ref line;
	uint64_t pfn;

	if (!iova_make_room(c))
		return IOVA_NONE;
	if (!fresh_line(c, &line))
		return IOVA_AGAIN;
	pfn = take_in_line(c, &line, true);
	if (pfn >= IOVA_AGAIN) /* none, or again: somebody else was there before */
		return IOVA_AGAIN;
	c->fresh = IOVA_NONE;
	widen(c);
	return pfn;
}

/* Step 4. */
uint64_t iova_take_any(struct iova_ctx *c)
{
	const struct iova_want *want = c->want;
	struct iova_node *near = iova_begin(c, c->want->level);
	uint64_t from = want->lo, pfn;
	struct iova_ref line;

	while (iova_next_line(c->s, want->level, from, want->hi, 0, want->units, &line, &near)) {
		pfn = take_in_line(c, &line, false);
		if (pfn != IOVA_NONE)
			return pfn;
		from = iova_next_place(want, line.base_pfn + (1ull << iova_span_lg2(want->level)));
	}
	return IOVA_NONE;
}

/* Step 5b: words of other CPUs that show room become shared. */
static bool share_foreign(struct iova_ctx *c, unsigned level, unsigned run)
{
	struct iova_node *near = iova_begin(c, level);
	uint64_t from = c->want->lo;
	struct iova_want w = *c->want;
	struct iova_ref line;
	bool any = false;

	if (level != w.level) { /* looking for units to split */
		w = (struct iova_want){ .n = 1,
					.hi = ~0ull,
					.align = 1,
					.level = (uint8_t)level,
					.units = (uint8_t)run,
					.class = (uint8_t)iova_patterns[run].class };
	}
	while (!any && !c->refused &&
	       iova_next_line(c->s, level, from, c->want->hi, 0, run, &line, &near)) {
		for (unsigned i = 0; i < 4; i++) {
			struct iova_ref ref = iova_word_in(&line, i);
			uint64_t ctl, word, own;
			uint32_t freed;
			int r;

			ctl = iova_ctl_look(&ref);
			own = iova_own(ctl);
			word = plat_load_relaxed(iova_word(&ref)); /* a look; the CAS decides */
			freed = (uint32_t)ctl & iova_used(word);
			c->busy |= own == PLAT_OWN_BUSY;
			if (own > PLAT_OWN_MAX_CPU || own == c->own ||
			    !iova_candidates(word & ~(freed | (uint64_t)freed << 32), ref.base_pfn,
					     &w))
				continue;
			r = iova_share(c->s, &ref);
			any |= !r;
			c->busy |= r == -EBUSY;
			c->refused |= r == -EAGAIN;
		}
		from = line.base_pfn + (1ull << iova_span_lg2(level));
	}
	return any;
}

void iova_ctx_init(struct iova_ctx *c, struct iova_space *s, const struct iova_want *want)
{
	c->s = s;
	c->want = want;
	c->error = -ENOSPC;
	c->moves = plat_load_acquire(&s->moves); /* IOVA-X2: pairs with IOVA-X1 */
	c->busy = c->refused = false;
	c->window = NULL;
	c->vain = NULL;
	c->pushed = 0;
	c->fresh = IOVA_NONE;
	c->cpu = plat_cpu();
	c->slot = s->slot[c->cpu == PLAT_CPU_NONE ? 0 : c->cpu % s->nr_slots];
	c->own = s->percpu && c->cpu < s->nr_slots ? c->cpu : PLAT_OWN_SHARED;
	if (c->own == PLAT_OWN_SHARED)
		c->cpu = PLAT_CPU_NONE;
}

/* Steps 4 and 5, when neither the CPU's own words nor fresh room served. */
static uint64_t take_under_pressure(struct iova_ctx *c)
{
	uint64_t pfn = iova_take_any(c);

	if (pfn != IOVA_NONE)
		return pfn;
	if (c->want->level == 0 && iova_new_line0(c, true))
		return IOVA_AGAIN;
	if (c->want->level && (iova_reclaim(c, false) || iova_reclaim(c, true)))
		return IOVA_AGAIN;
	if (c->want->level < IOVA_OWNED_LEVELS && share_foreign(c, c->want->level, c->want->units))
		return IOVA_AGAIN;
	if (c->want->level == 0 && (share_foreign(c, 1, IOVA_GROUP) || share_foreign(c, 1, 1)))
		return IOVA_AGAIN;
	return IOVA_NONE;
}

/*
 * Nothing was found.  If units were on their way all the time, or a word was
 * changing hands, they are not waited for beyond IOVA_BUSY_ROUNDS, and not at all where the
 * caller may not take words away: then the answer is -EAGAIN, never an untrue -ENOSPC.
 */
uint64_t iova_judge_failure(struct iova_ctx *c, unsigned *rounds)
{
	uint64_t moves, own = c->want->moving;

	plat_mb(); /* IOVA-X3: the words were looked at before; pairs with IOVA-X1 */
	moves = plat_load_acquire(&c->s->moves);
	if ((moves ^ c->moves) / IOVA_MOVES_DONE) /* one was completed meanwhile */
		return IOVA_AGAIN;
	if (c->refused) {
		c->error = -EAGAIN;
		return IOVA_NONE;
	}
	if (!c->busy && moves % IOVA_MOVES_DONE <= own && c->moves % IOVA_MOVES_DONE <= own)
		return IOVA_NONE;
	if ((*rounds)++ < IOVA_BUSY_ROUNDS) {
		plat_relax();
		return IOVA_AGAIN;
	}
	c->error = -EAGAIN;
	return IOVA_NONE;
}

/* Has an allocation on this CPU just failed?  Then the next may be spared the search. */
static bool just_failed(struct iova_ctx *c)
{
	uint32_t failed = plat_load_relaxed(&c->slot->failed); /* IOVA-H2 */

	if (plat_likely(!failed))
		return false;
	plat_store_relaxed(&c->slot->failed, failed - 1); /* IOVA-H2 */
	return true;
}

/* Steps 2 to 5. */
static plat_always_inline uint64_t search(struct iova_ctx *c)
{
	const struct iova_want *want = c->want;
	uint64_t natural = 1ull << iova_unit_lg2(want->level) << want->class;
	struct iova_vain vain;
	uint64_t pfn;

	vain.nr = 0;
	c->vain = &vain;
	if (want->level < IOVA_OWNED_LEVELS && want->align == natural) {
		pfn = take_own_class(c);
		if (pfn < IOVA_AGAIN && c->pushed < FEW_HINTS)
			widen(c);
	} else if (c->s->placement == IOVA_PLACE_RANDOM) {
		pfn = iova_take_drawn(c);
	} else {
		pfn = iova_take_any(c);
	}
	if (pfn == IOVA_NONE)
		pfn = take_new_room(c);
	if (pfn == IOVA_NONE)
		pfn = take_under_pressure(c);
	c->vain = NULL;
	return pfn;
}

/*
 * Lock-free: a round that ends with IOVA_AGAIN found that another operation
 * completed, that the caller was moved to another CPU, or made room itself.
 */
static uint64_t alloc_rounds(struct iova_space *s, struct iova_want *want)
{
	unsigned rounds = 0;
	struct iova_ctx c;
	uint64_t pfn;

	do {
		iova_ctx_init(&c, s, want);
		pfn = pop_hints(&c);
		if (pfn != IOVA_NONE)
			return pfn;
		/* IOVA-M1 */
		plat_store_relaxed(&c.slot->refills, plat_load_relaxed(&c.slot->refills) + 1);
		if (just_failed(&c) && iova_is_full(&c))
			pfn = IOVA_NONE;
		else
			pfn = search(&c);
		if (pfn == IOVA_NONE && c.error == -ENOSPC)
			pfn = iova_take_last(&c, &rounds);
	} while (pfn == IOVA_AGAIN);
	if (pfn != IOVA_NONE)
		return pfn;
	plat_store_relaxed(&c.slot->failed, FAILED); /* IOVA-H2 */
	return (uint64_t)(int64_t)c.error;
}

/* In a space that holds ranges back, or that is filled in order. */
static plat_noinline uint64_t alloc_long(struct iova_space *s, struct iova_want *want)
{
	uint64_t (*rounds)(struct iova_space *s, struct iova_want *want) =
		iova_in_order(s) ? iova_alloc_ordered : alloc_rounds;
	uint64_t pfn = rounds(s, want);

	if (iova_is_err(pfn) && s->ring) {
		want->exact = iova_is_rounded(want);
		if (iova_space_release_held(s) || want->exact)
			pfn = rounds(s, want);
		want->exact = false;
	}
	if (!iova_is_err(pfn) && s->ring)
		iova_born(s, pfn);
	return pfn;
}

uint64_t iova_alloc_pfn(struct iova_space *s, struct iova_want *want)
{
	uint64_t pfn;

	plat_read_lock(); /* N1: nodes that are found stay */
	pfn = plat_unlikely(s->long_way) ? alloc_long(s, want) : alloc_rounds(s, want);
	plat_read_unlock();
	return pfn;
}

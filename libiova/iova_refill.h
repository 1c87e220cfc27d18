/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* iova_refill.h - shared by the allocation slow path: refill.c, fresh.c, reclaim.c. */
#ifndef IOVA_REFILL_H
#define IOVA_REFILL_H

#include "iova_int.h"

#define IOVA_BUSY_ROUNDS 1000 /* of a search that others were in the way of; then -EAGAIN */

struct iova_ctx {
	struct iova_space *s;
	const struct iova_want *want;
	struct iova_slot *slot;
	unsigned cpu;	 /* PLAT_CPU_NONE: the caller can own no word */
	unsigned own;	 /* what the caller's words say: cpu, or PLAT_OWN_SHARED */
	int error;	 /* why nothing was found: -ENOSPC or -ENOMEM */
	uint64_t fresh;	 /* a line just opened for the caller's class, or IOVA_NONE */
	uint64_t moves;	 /* of the space, when the round began */
	unsigned pushed; /* hints found on the way */
	bool busy;	 /* a word was passed over because its ownership was changing hands */
	bool refused;	 /* ... because the caller may not wait for its owner */
	struct iova_node
		*window; /* the smallest node that holds the window, once it was asked for */
	struct iova_vain *vain; /* NULL: lines of other CPUs are not lowered */
};

/* Lines of other CPUs that were looked at in vain, to be lowered together (vain.c). */
struct iova_vain {
	unsigned nr;
	struct iova_ref line[IOVA_VAIN];
};

/* Where iova_next_line() begins when it looks for lines of @level in the whole window. */
static inline struct iova_node *iova_begin(struct iova_ctx *c, unsigned level)
{
	struct iova_node *node = c->window;

	if (!node)
		node = c->window = iova_window_node(c->s, c->want->lo, c->want->hi);
	while (node->level <= level && node->parent)
		node = node->parent;
	return node;
}

/*
 * The granule that begins at @iova; where none does, a number that is not low.  (The bits
 * below a granule become the highest.)
 */
static plat_always_inline uint64_t iova_pfn_of(uint64_t iova, unsigned shift)
{
	return iova >> shift | iova << (64 - shift);
}
/* The inverse. */
static plat_always_inline uint64_t iova_of_pfn(uint64_t pfn, unsigned shift)
{
	return pfn << shift | pfn >> (64 - shift);
}

static plat_always_inline struct iova_slot *iova_slot_of(const struct iova_space *s, uint32_t cpu)
{
	return s->slot[cpu];
}

/* Hints are checked against the word: torn or stale ones cost a retry.  @p: what for. */
static plat_always_inline struct iova_hints *iova_hints_of(struct iova_slot *slot,
							   const struct iova_pattern *p)
{
	return (struct iova_hints *)((char *)slot + p->hints);
}

static plat_always_inline uint64_t iova_hint_pop_of(struct iova_hints *hints)
{
	uint8_t top = (uint8_t)(plat_load_relaxed(&hints->top) - 1); /* IOVA-H1 */

	plat_store_relaxed(&hints->top, top);	    /* IOVA-H1 */
	return plat_load_relaxed(&hints->pfn[top]); /* IOVA-H1 */
}

static plat_always_inline void iova_hint_push_of(struct iova_hints *hints, uint64_t pfn)
{
	unsigned top = plat_load_relaxed(&hints->top); /* IOVA-H1 */

	plat_store_relaxed(&hints->pfn[top], pfn);	     /* IOVA-H1 */
	plat_store_relaxed(&hints->top, (uint8_t)(top + 1)); /* IOVA-H1 */
}

/* The hint that was popped last. */
static plat_always_inline uint64_t iova_hint_peek_of(const struct iova_hints *hints)
{
	return plat_load_relaxed(&hints->pfn[plat_load_relaxed(&hints->top)]); /* IOVA-H1 */
}

static inline struct iova_hints *iova_hints_at(struct iova_slot *slot, unsigned level,
					       unsigned class)
{
	return &slot->hint[(level ? IOVA_HINTS1 : 0) + class];
}

static inline uint64_t iova_hint_pop(struct iova_slot *slot, unsigned level, unsigned class)
{
	return iova_hint_pop_of(iova_hints_at(slot, level, class));
}

static inline uint64_t iova_hint_peek(struct iova_slot *slot, unsigned level, unsigned class)
{
	return iova_hint_peek_of(iova_hints_at(slot, level, class));
}

static inline void iova_hint_push(struct iova_slot *slot, unsigned level, unsigned class,
				  uint64_t pfn)
{
	iova_hint_push_of(iova_hints_at(slot, level, class), pfn);
}

/*
 * Whether some range in the word (of level 1) has had a pad: else all have none, and nothing
 * but the word's own cache line says so.
 */
static plat_always_inline bool iova_padded(const uint64_t *word)
{
	/* IOVA-P5: pairs with IOVA-P6; the unit's last range with a pad was freed before this one */
	return plat_load_acquire(plat_ctl_of(word)) & IOVA_CTL_PADDED;
}

/* The same as iova_pad_get(), of level 1. */
static plat_always_inline uint64_t iova_pad1_get(const struct iova_node *node, uint64_t pfn)
{
	const uint8_t *pad = &iova_pad1(node)[pfn >> IOVA_FANOUT_LG2 & ((1u << IOVA_LINE_LG2) - 1)];

	if (plat_likely(!iova_padded(iova_word_of(node, iova_off1(pfn)))))
		return 0;
	return plat_load_relaxed(pad); /* IOVA-P1: the range's owner wrote it */
}

static plat_always_inline void iova_pad1_set(struct iova_node *node, uint64_t pfn, uint64_t value)
{
	uint8_t *pad = &iova_pad1(node)[pfn >> IOVA_FANOUT_LG2 & ((1u << IOVA_LINE_LG2) - 1)];
	uint64_t *word = iova_word_of(node, iova_off1(pfn));

	if (plat_likely(!iova_padded(word))) {
		if (plat_likely(!value))
			return;
		/* IOVA-P6: once in the word's life; pairs with IOVA-P5 */
		plat_fetch_or_full(plat_ctl_of(word), IOVA_CTL_PADDED);
	}
	plat_store_relaxed(pad, (uint8_t)value); /* IOVA-P1 */
}

/* Granules rounded away at the end of the range that begins in unit @pfn of @node. */
static inline uint64_t iova_pad_get(const struct iova_node *node, uint64_t pfn)
{
	unsigned i = pfn >> iova_unit_lg2(node->level) & ((1u << IOVA_LINE_LG2) - 1);
	const uint64_t *pad;

	if (node->level == 1)
		return iova_pad1_get(node, pfn);
	pad = plat_load_acquire(&node->pad);	     /* IOVA-P2: pairs with IOVA-P3 */
	return pad ? plat_load_relaxed(&pad[i]) : 0; /* IOVA-P1: the range's owner wrote it */
}

/* Before a range is taken: makes sure that iova_pad_set() will not need memory. */
static inline bool iova_pad_prepare(struct iova_space *s, struct iova_node *node, uint64_t value)
{
	size_t bytes = sizeof(uint64_t) << IOVA_LINE_LG2;
	uint64_t *fresh;

	if (node->level == 1 || !value || plat_load_relaxed(&node->pad)) /* IOVA-P4: only whether */
		return true;
	fresh = iova_meta_alloc(s, bytes, PLAT_CACHELINE);
	if (fresh && !plat_cas_full(&node->pad, NULL, fresh)) /* IOVA-P3: pairs with IOVA-P2 */
		iova_meta_free(s, fresh, bytes, PLAT_CACHELINE);
	return plat_load_relaxed(&node->pad); /* IOVA-P4 */
}

static inline void iova_pad_set(struct iova_node *node, uint64_t pfn, uint64_t value)
{
	unsigned i = pfn >> iova_unit_lg2(node->level) & ((1u << IOVA_LINE_LG2) - 1);
	uint64_t *pad;

	if (node->level == 1) {
		iova_pad1_set(node, pfn, value);
		return;
	}
	pad = plat_load_acquire(&node->pad); /* IOVA-P2: pairs with IOVA-P3 */
	if (pad)
		plat_store_relaxed(&pad[i], value); /* IOVA-P1 */
}

/* The first granule at or after @from where @want may begin as to alignment; below @from: none. */
static inline uint64_t iova_next_place(const struct iova_want *want, uint64_t from)
{
	return ((from - want->off + want->align - 1) & ~(want->align - 1)) + want->off;
}

/* Does it take more granules than it has? */
static inline bool iova_is_rounded(const struct iova_want *want)
{
	return (uint64_t)want->units << iova_unit_lg2(want->level) != want->n;
}

/* The end of @mask where searches go first. */
static inline unsigned iova_first_of(const struct iova_space *s, uint32_t mask)
{
	return s->placement == IOVA_PLACE_TOP_DOWN ? 31u - (unsigned)__builtin_clz(mask) :
						     iova_ctz32(mask);
}

/* @pfn: a granule number, or a negative errno. */
static inline uint64_t iova_result(const struct iova_space *s, uint64_t pfn)
{
	return iova_is_err(pfn) ? pfn : pfn << s->shift;
}

/* want.c */
bool iova_fits(const struct iova_want *want, uint64_t base, uint64_t last);

/* refill.c */
void iova_ctx_init(struct iova_ctx *c, struct iova_space *s, const struct iova_want *want);
uint64_t iova_judge_failure(struct iova_ctx *c, unsigned *rounds);
uint64_t iova_take_any(struct iova_ctx *c);

/* vain.c */
void iova_found_nothing(struct iova_ctx *c, const struct iova_ref *line);

/* full.c */
bool iova_is_full(struct iova_ctx *c);

/* exact.c */
uint64_t iova_take_place(struct iova_ctx *c, uint64_t pfn);
uint64_t iova_take_last(struct iova_ctx *c, unsigned *rounds);

/* policy.c */
bool iova_make_room(struct iova_ctx *c);
uint64_t iova_take_drawn(struct iova_ctx *c);

#define IOVA_HALF 0xffff0000ffffull /* the sixteen units below one unit */

void iova_half_open(uint64_t *w, unsigned half, uint64_t flags, uint64_t fill);

/* fresh.c: true when something new was made that the next round can use */
bool iova_new_room(struct iova_ctx *c);
bool iova_new_line0(struct iova_ctx *c, bool any_class);
bool iova_adopt(struct iova_ctx *c, const struct iova_ref *ref, uint64_t ctl, unsigned class);

/* reclaim.c: true when something was given back to the wanted level */
bool iova_reclaim(struct iova_ctx *c, bool halves);
uint64_t iova_after_collect(const uint64_t *w);
unsigned iova_empty_below(const struct iova_ref *ref);
unsigned iova_park_shared(const struct iova_ref *ref);
bool iova_park_begin(const struct iova_ref *ref, uint64_t ctl);
unsigned iova_park_end(const struct iova_ref *ref, uint64_t own, bool fenced);

#endif

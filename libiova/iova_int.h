/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * iova_int.h - the data structure behind iova.h.
 *
 * The space is a tree with fan-out 16.  Level k deals in units of 16^k
 * granules; a *line* of level k holds 128 unit states in four words of 32
 * units (struct plat_words), and stands for 8 units of level k+1.
 *
 *   level 0   word = 32 granules (128 KiB at 4 KiB), line = 512 KiB
 *   level 1   word = 32 units of 64 KiB = 2 MiB, the span of one leaf table:
 *             an *area*; line = 8 MiB
 *   level k   word = 2^(4k+5) granules
 *
 * A state word has a START bit per unit in its low half and a CONT bit in its
 * high half (written START,CONT): free 00, first unit of a range 10, later unit
 * 01, and 11 for a unit that does not exist at this level because the unit above
 * it is not split.  At level 1 and above a 10 whose states below are not 11 means
 * "split", and they are the truth.  With 11 below it is the first unit of a range
 * if a 01 follows, else a unit that somebody is splitting.  (A range placed by its
 * size at level 1 or above has at least three units, and the first piece of one at
 * a given address at least two.)  Below one unit all sixteen are missing, or none: 11
 * among others is the first unit of a range that is on its way (span.c).
 *
 * The word is the whole truth; everything else (hints, cursors, cells) only
 * says where to look.
 *
 * A range of n granules lies in one word of level iova_level(n): at most 32
 * units, aligned to the power of two above it.  At level 1 and above it is
 * rounded up to units; iova_pad1() or node->pad keeps by how much, for the exact size.
 * Ranges at fixed addresses that do not fit this form, and those for which there is no
 * room but without the rounding (exact.c), are cut into pieces, each in one word, the
 * first beginning with START and the others with CONT.
 */
#ifndef IOVA_INT_H
#define IOVA_INT_H

#include "iova.h"
#include "iova_slot.h"
#include "plat.h"

#define IOVA_FANOUT_LG2 4
#define IOVA_WORD_LG2 5	 /* units in a word */
#define IOVA_LINE_LG2 7	 /* units in a line */
#define IOVA_GROUP 8	 /* parent units that a line stands for */
#define IOVA_CHILDREN 16 /* lines that a line's units can be split into */
#define IOVA_MAX_LEVEL 12
#define IOVA_POISON (~0ull)
#define IOVA_NONE (~0ull) /* "no pfn" */
#define IOVA_AGAIN (~1ull)

/* An owner beside plat.h's: the word's units do not exist, the word is IOVA_POISON. */
#define IOVA_OWN_PARKED 0xfff4u

/* Flags of a control word beside PLAT_CTL_OPEN. */
#define IOVA_CTL_CLASS_SHIFT 49
#define IOVA_CTL_CLASS (7ull << IOVA_CTL_CLASS_SHIFT)
/* May hold reserved or missing units, or pieces of cut ranges: frees look twice. */
#define IOVA_CTL_LOOK PLAT_CTL_FLAG(4)
/* Level 1: a range in the word has been no whole number of units, so look at iova_pad1(). */
#define IOVA_CTL_PADDED PLAT_CTL_FLAG(5)
/* Counts changes of REM bits that a late CAS must not take for the ones it saw (word.c). */
#define IOVA_CTL_EPOCH_SHIFT 54
#define IOVA_CTL_EPOCH (0x3ffull << IOVA_CTL_EPOCH_SHIFT)
/* What stays when a word changes hands while nothing is in it. */
#define IOVA_CTL_KEPT (IOVA_CTL_EPOCH | IOVA_CTL_PADDED)

/* Classes of level-1 words that hold no ranges: units to split, and nobody's words. */
#define IOVA_CLASS_NONE 0
#define IOVA_CLASS_SPLIT 1

/*
 * A cell is what a node knows about one child's words of one level: an upper
 * bound that is lowered only by somebody who looked (search.c).
 *   bits 0-5   classes with a free slot; bits 8-13 most units with an aligned place
 *   bit 15     somebody is looking in order to lower it
 *   bits 16-63 version
 */
#define IOVA_CELL_MASK 0x3full
#define IOVA_CELL_RUN_SHIFT 8
#define IOVA_CELL_RUN (0x3full << IOVA_CELL_RUN_SHIFT)
#define IOVA_CELL_VALUE (IOVA_CELL_MASK | IOVA_CELL_RUN)
#define IOVA_CELL_LOWERING (1ull << 15)
#define IOVA_CELL_VERSION (1ull << 16)

struct iova_node { /* level >= 1 */
	struct iova_node *parent;
	struct iova_node *next;		 /* of those that have been unlinked (trim.c) */
	struct iova_node **child;	 /* level >= 2: [IOVA_CHILDREN]; changed by who holds units */
	uint64_t (*cell)[IOVA_CHILDREN]; /* [level of the words][child] */
	uint64_t *pad; /* level >= 2: granules rounded away, by first unit; made when needed */
	/* Quarantine: a bit per unit of this level, and at level 1 per granule below. */
	uint64_t *held;
	uint64_t base_pfn;
	uint64_t raced; /* granules that two frees at once gave back (word.c) */
	uint32_t bytes;
	uint8_t level;
	uint8_t index;		   /* in the parent */
	struct plat_words line;	   /* of this level */
	struct plat_words line0[]; /* level 1: the lines of level 0 below it; then iova_pad1() */
};

/* Level 1: granules rounded away, per first unit of a range.  Zero until the word is PADDED. */
static plat_always_inline uint8_t *iova_pad1(const struct iova_node *node)
{
	return (uint8_t *)(uintptr_t)&node->line0[IOVA_CHILDREN];
}

/* Granules out of use. */
struct iova_resv {
	uint64_t first_pfn;
	uint64_t last_pfn;
	bool outside; /* of what the space may use, not asked for one by one */
};

/* All of them: sorted, apart; never changed once it can be seen, but replaced (resv.c). */
struct iova_resv_set {
	uint32_t nr, room;
	struct iova_resv r[];
};

/*
 * pfn >> 11 is a level-1 node's number.  Tables of 512 places say where the nodes are
 * (4 GiB a table at 4 KiB); the first 256 of those (1 TiB) are found in one step.
 */
#define IOVA_NODE1_LG2 (IOVA_FANOUT_LG2 + IOVA_LINE_LG2)
#define IOVA_RADIX_LG2 9
#define IOVA_RADIX (1u << IOVA_RADIX_LG2)
#define IOVA_TABLE_LG2 (IOVA_NODE1_LG2 + IOVA_RADIX_LG2) /* granules of a table, as log2 */
#define IOVA_LOW 256

struct iova_space {
	/*
	 * The first tables; where nothing has been yet, one without nodes that all spaces
	 * share.  Each by the address at which the place of node 0 would be if the table
	 * reached down to it, so that a place is found without a subtraction.
	 */
	uintptr_t low[IOVA_LOW] plat_aligned(PLAT_CACHELINE);
	uint64_t granule_mask; /* bytes */
	uint64_t first_pfn;
	uint64_t last_pfn; /* that the space can ever have: what is not usable yet is reserved */
	uint32_t nr_slots;
	uint8_t shift;
	uint8_t top_level;
	bool percpu; /* words can be CPU-owned */
	bool trim; /* nodes can go (trim.c) */
	uint64_t fast_units; /* a fast path serves up to so many units: 32, or 0, that is none */
	uint64_t look_units; /* and so many a look without a read section: none where nodes can go */
	void **high;	    /* radix over the tables beyond, IOVA_RADIX entries a table */
	uint8_t high_shift; /* of the node number, at its top table */
	struct iova_node *root;
	struct plat_mem mem;
	/* Cold from here on. */
	uint64_t moves plat_aligned(PLAT_CACHELINE); /* low half: under way; high: completed */
	struct iova_resv_set *resv;
	uint64_t usable_last_pfn;
	uint64_t guard; /* granules behind each range, part of it in the words */
	enum iova_placement placement;
	bool long_way; /* iova_alloc_pfn() has more to do than to look for room */
	uint64_t seed[2];
	uint64_t drawn; /* numbers so far */
	uint64_t *ring; /* quarantine: first granules + 1 of ranges held back; NULL: none */
	uint64_t ring_head;
	uint32_t ring_size;
	uint32_t resv_busy; /* one change of @resv at a time */
	uint64_t metadata_bytes;
	uint64_t metadata_peak_bytes;
	struct iova_node *gone; /* unlinked, but somebody may look at them still */
	uint64_t raced;		/* as in the nodes, of those that are no more */
	uint64_t refills_seen;	/* by iova_space_trim_idle() */
	uint64_t trim_end_pfn;	/* where it goes on, downwards */
	uint32_t trim_busy;	/* one thread at a time unlinks nodes */
	/* [nr_slots], each by itself, in memory near its CPU; not changed after creation. */
	struct iova_slot *slot[] plat_aligned(PLAT_CACHELINE);
};

/*
 * One word of one line, for as long as a read-side section lasts (N1).  Steps go
 * through @cell, and may find a later node there: see iova_taken_in().
 */
struct iova_ref {
	struct iova_node *node; /* node whose memory holds the line */
	void *const *cell;	/* pointer to the node, for plat_word_*() */
	uint32_t off;		/* of the word, in the node */
	uint8_t level;
	uint8_t child;	   /* index of the line among its parent's children */
	uint64_t base_pfn; /* of the word */
};

/* What a caller wants, in granules. */
struct iova_want {
	uint64_t n;
	uint64_t lo;	/* lowest first granule */
	uint64_t hi;	/* greatest last granule */
	uint64_t align; /* granules, power of two, at least the natural alignment */
	uint64_t off;	/* first granule modulo @align, a multiple of the natural alignment */
	uint8_t level;
	uint8_t units;
	uint8_t class; /* ceil(log2(units)) */
	bool moving;   /* the caller has begun a move itself */
	bool exact;    /* is rounded up, and may do without (exact.c) */
};

/* For a range of so many units that begins in unit 0 of a word. */
struct iova_pattern {
	uint64_t full; /* both bits of its units */
	uint64_t pat;  /* what they hold */
	/* enough of them to tell it in a word without missing units, and one CONT beyond */
	uint64_t chk;
	uint8_t class;
	uint8_t align;	/* bits of a granule number that are clear where such a range begins */
	uint32_t hints; /* where a slot has the class's hint[] at level 0 */
};
#pragma GCC visibility push(hidden)
extern const struct iova_pattern iova_patterns[33]; /* [units] */
#pragma GCC visibility pop

/* For @more units than one: the compiler would add the one first, and then multiply. */
static plat_always_inline const struct iova_pattern *iova_pattern_of(uint64_t more)
{
	return (const struct iova_pattern *)((uintptr_t)&iova_patterns[1] +
					     more * sizeof(struct iova_pattern));
}
static plat_always_inline unsigned iova_unit_lg2(unsigned level)
{
	return level * IOVA_FANOUT_LG2;
}
static plat_always_inline unsigned iova_span_lg2(unsigned level) /* of a line, in granules */
{
	return iova_unit_lg2(level) + IOVA_LINE_LG2;
}
static inline unsigned iova_ctz32(uint32_t v)
{
	return (unsigned)__builtin_ctz(v);
}
static inline uint64_t iova_own(uint64_t ctl)
{
	return (ctl & PLAT_CTL_OWN) >> PLAT_CTL_OWN_SHIFT;
}
static inline uint64_t iova_next_epoch(uint64_t ctl)
{
	return (ctl & ~IOVA_CTL_EPOCH) | ((ctl + (1ull << IOVA_CTL_EPOCH_SHIFT)) & IOVA_CTL_EPOCH);
}
static inline unsigned iova_ctl_class(uint64_t ctl)
{
	return (unsigned)((ctl & IOVA_CTL_CLASS) >> IOVA_CTL_CLASS_SHIFT);
}
static inline uint64_t iova_ctl(unsigned own, unsigned class, uint64_t flags)
{
	return (uint64_t)own << PLAT_CTL_OWN_SHIFT | (uint64_t) class << IOVA_CTL_CLASS_SHIFT |
	       flags;
}
/* What a word says of one unit. */
enum iova_state { IOVA_FREE, IOVA_START, IOVA_CONT, IOVA_MISSING };
static inline enum iova_state iova_state(uint64_t w, unsigned g)
{
	return (enum iova_state)((w >> g & 1) | (w >> (31 + g) & 2));
}
static inline uint32_t iova_used(uint64_t w)
{
	return (uint32_t)(w | w >> 32);
}

/* Offset of a word in the memory of the level-1 node, from the pfn: 16 bytes a word. */
static plat_always_inline size_t iova_off0(uint64_t pfn)
{
	return offsetof(struct iova_node, line0) + (pfn >> 1 & 0x3f0);
}
static plat_always_inline size_t iova_off1(uint64_t pfn)
{
	return offsetof(struct iova_node, line) + (pfn >> 5 & 0x30);
}
static inline unsigned iova_unit_of(const struct iova_ref *ref, uint64_t pfn)
{
	return pfn >> iova_unit_lg2(ref->level) & 31;
}
static inline uint64_t *iova_word(const struct iova_ref *ref)
{
	return (uint64_t *)((char *)ref->node + ref->off);
}
static inline uint64_t *iova_word_ctl(const struct iova_ref *ref)
{
	return plat_ctl_of(iova_word(ref));
}
/* Word @i of a line, which is what names its word 0. */
static inline struct iova_ref iova_word_in(const struct iova_ref *line, unsigned i)
{
	struct iova_ref ref = *line;

	ref.off += i * (uint32_t)sizeof(struct plat_word);
	ref.base_pfn += (uint64_t)i << (iova_unit_lg2(line->level) + IOVA_WORD_LG2);
	return ref;
}
/* A look at a word: what those did is seen who freed units in it, or opened it. */
static inline uint64_t iova_word_look(const struct iova_ref *ref)
{
	return plat_load_acquire(iova_word(ref)); /* IOVA-W9: pairs with IOVA-W4, IOVA-A3 */
}
/* A look at its control word, which says how the word may be changed. */
static inline uint64_t iova_ctl_look(const struct iova_ref *ref)
{
	return plat_load_acquire(iova_word_ctl(ref)); /* IOVA-W3: pairs with IOVA-R2, IOVA-A2 */
}

/*
 * Units of the word have just been taken: the node that they are in, which stays
 * for as long as they are held.  @ref->node may have been given back meanwhile, and
 * a step does not tell the node that it found.
 */
static inline struct iova_node *iova_taken_in(const struct iova_ref *ref)
{
	if (ref->level != 1)
		return ref->node;
	/* IOVA-N1: pairs with IOVA-N2 */
	return plat_load_acquire((struct iova_node *const *)ref->cell);
}

#pragma GCC visibility push(hidden)

/* space.c */
struct iova_node *iova_node_at(struct iova_space *s, unsigned level, uint64_t pfn);
void **iova_radix_slot(struct iova_space *s, uint64_t pfn);
int iova_node_new(struct iova_space *s, struct iova_node *parent, unsigned child, bool poisoned,
		  struct iova_node **out);
void iova_node_discard(struct iova_space *s, struct iova_node *node);
void iova_nodes_discard(struct iova_space *s, struct iova_node *list);
struct iova_node *iova_node_publish(struct iova_space *s, struct iova_node *node);
void *iova_meta_alloc(struct iova_space *s, size_t size, size_t align);
void *iova_meta_alloc_near(struct iova_space *s, size_t size, size_t align, unsigned cpu);
void iova_meta_free(struct iova_space *s, void *ptr, size_t size, size_t align);
extern struct iova_node iova_no_node; /* where a space has no node, lookups end here */
extern void *const iova_no_cell;      /* points to it */

static inline uint64_t *iova_word_of(const void *node, size_t off)
{
	return (uint64_t *)((char *)node + off);
}

/* Whether iova_cell_low() will do. */
static plat_always_inline bool iova_is_low(uint64_t pfn)
{
	return pfn >> IOVA_TABLE_LG2 < IOVA_LOW;
}
static plat_always_inline void *const *iova_cell_low(struct iova_space *s, uint64_t pfn)
{
	/* IOVA-N4: pairs with IOVA-N5 */
	return (void *const *)plat_load_acquire(&s->low[pfn >> IOVA_TABLE_LG2]) +
	       (pfn >> IOVA_NODE1_LG2);
}

/* For any granule: a place that holds a node, never NULL. */
static plat_always_inline void *const *iova_cell(struct iova_space *s, uint64_t pfn)
{
	uint64_t i = pfn >> IOVA_NODE1_LG2;
	void *const *table;
	unsigned shift;

	if (plat_likely(iova_is_low(pfn)))
		return iova_cell_low(s, pfn);
	table = (void *const *)s->high;
	for (shift = s->high_shift; shift; shift -= IOVA_RADIX_LG2) {
		table = plat_load_acquire(/* IOVA-N4: pairs with IOVA-N5 */
					  (void *const *const *)&table[i >> shift &
								       (IOVA_RADIX - 1)]);
		if (plat_unlikely(!table))
			return &iova_no_cell;
	}
	return &table[i & (IOVA_RADIX - 1)];
}

/* search.c */
bool iova_next_line(struct iova_space *s, unsigned level, uint64_t from, uint64_t last,
		    uint64_t test, unsigned run, struct iova_ref *ref, struct iova_node **near);
bool iova_prev_line(struct iova_space *s, unsigned level, uint64_t first, uint64_t from,
		    unsigned run, struct iova_ref *ref, struct iova_node **near);
struct iova_node *iova_window_node(struct iova_space *s, uint64_t first, uint64_t last);
void iova_raise(struct iova_node *parent, unsigned level, unsigned child, uint64_t value);
void iova_lower_node(struct iova_node *node, unsigned level);
void iova_lower_line(struct iova_slot *slot, unsigned cpu, const struct iova_ref *line);
#define IOVA_VAIN 8 /* lines */
bool iova_lower_lines(struct iova_slot *slot, unsigned cpu, bool others,
		      const struct iova_ref *lines, unsigned n);
uint64_t iova_word_value(uint64_t w, unsigned class, unsigned level, uint64_t ctl);

/* word.c */
uint32_t iova_slots(uint64_t w, unsigned class);
uint32_t iova_candidates(uint64_t w, uint64_t base_pfn, const struct iova_want *want);
int iova_word_take(const struct iova_ref *ref, uint64_t full, uint64_t pat);
int iova_shared_take(const struct iova_ref *ref, uint64_t full, uint64_t pat);
int iova_word_free(const struct iova_ref *ref, uint64_t chk, uint64_t pat, uint32_t bits,
		   const uint64_t *seen);
void iova_word_open(const struct iova_ref *ref);
bool iova_word_matches(uint64_t w, uint64_t chk, uint64_t pat);
void iova_count_raced(const struct iova_ref *ref, uint32_t cleared, uint32_t collected);
int iova_collect(const struct iova_ref *ref);
int iova_share(struct iova_space *s, const struct iova_ref *ref);
bool iova_locate(struct iova_space *s, uint64_t pfn, struct iova_ref *ref);
bool iova_ref_at(struct iova_space *s, unsigned level, uint64_t pfn, struct iova_ref *ref);

/* refill.c */
uint64_t iova_alloc_pfn(struct iova_space *s, struct iova_want *want);

/* want.c */
int iova_want_below(struct iova_space *s, struct iova_want *want, uint64_t size, uint64_t max);
bool iova_want_init(struct iova_space *s, struct iova_want *want, uint64_t n, uint64_t lo,
		    uint64_t hi);

/*
 * Units on their way from one level to another are free and in no word; those of a
 * word on its way to become everybody's are nobody's to take.  Who moves them says
 * so, so that nobody answers -ENOSPC without having seen them.
 */
#define IOVA_MOVES_DONE (1ull << 32)
static inline void iova_move_begin(struct iova_space *s)
{
	plat_fetch_add_full(&s->moves, 1); /* IOVA-X1: pairs with IOVA-X2 */
}
static inline uint64_t iova_moves(const struct iova_space *s)
{
	return plat_load_acquire(&s->moves); /* IOVA-X2: pairs with IOVA-X1 */
}
static inline void iova_move_end(struct iova_space *s, bool moved)
{
	plat_fetch_add_full(&s->moves, (moved ? IOVA_MOVES_DONE : 0) - 1); /* IOVA-X1 */
}

/* quarantine.c */
bool iova_is_held(struct iova_space *s, uint64_t pfn);
int iova_hold(struct iova_space *s, uint64_t pfn, uint64_t n);
void iova_born(struct iova_space *s, uint64_t pfn);

/* policy.c */
uint64_t iova_alloc_ordered(struct iova_space *s, struct iova_want *want);
void iova_merge(struct iova_space *s, uint64_t first, uint64_t last);
uint64_t iova_sip(const uint64_t key[2], uint64_t block);

/* query.c */
bool iova_range_at(struct iova_space *s, uint64_t pfn, uint64_t *first, uint64_t *last);
bool iova_owner_at(struct iova_space *s, uint64_t pfn, struct iova_range *range);

/* fast.c */
int iova_free_now(struct iova_space *s, uint64_t pfn, uint64_t n, bool check_only);
int iova_free_slow(struct iova_space *s, uint64_t iova, uint64_t size, bool check_only);
int iova_free_granules(struct iova_space *s, uint64_t pfn, uint64_t n, bool check_only);

/* span.c, span_free.c */
void iova_span_give_back(const struct iova_ref *ref, unsigned g, unsigned units);
enum iova_claim {
	IOVA_CLAIM_RANGE,  /* one range, of however many pieces */
	IOVA_CLAIM_APART,  /* each piece by itself */
	IOVA_CLAIM_HIDDEN, /* and no free can match it until iova_span_show() */
};
int iova_span_try(struct iova_space *s, uint64_t first, uint64_t last);
int iova_span_claim(struct iova_space *s, uint64_t first, uint64_t last, enum iova_claim how,
		    unsigned own, struct iova_range *conflict);
void iova_span_show(struct iova_space *s, uint64_t first, uint64_t end);
void iova_span_hide(struct iova_space *s, uint64_t first, uint64_t end);
void iova_span_unclaim(struct iova_space *s, uint64_t first, uint64_t end);
int iova_span_cut(struct iova_space *s, uint64_t pfn);
void iova_span_release(struct iova_space *s, uint64_t first, uint64_t end);
int iova_span_free(struct iova_space *s, uint64_t first, uint64_t n, bool check_only);
bool iova_span_goes_on(struct iova_space *s, uint64_t pfn);
int iova_check_range(const struct iova_space *s, uint64_t first, uint64_t last);

/* resv.c */
bool iova_reserved(struct iova_space *s, uint64_t first, uint64_t last, struct iova_resv *hit);
uint64_t iova_reserved_granules(struct iova_space *s);
int iova_outside(struct iova_space *s, uint64_t first, uint64_t last);
void iova_resv_drop(struct iova_space *s);

/* trim.c */
bool iova_looks_empty(const struct iova_node *node);

/* place.c */
bool iova_next_gap(const struct iova_range *ranges, unsigned nr, uint64_t from, uint64_t max,
		   uint64_t *a, uint64_t *b);

#pragma GCC visibility pop

static inline bool iova_in_order(const struct iova_space *s)
{
	return s->placement == IOVA_PLACE_BOTTOM_UP || s->placement == IOVA_PLACE_TOP_DOWN;
}

static inline uint64_t iova_usable_last(const struct iova_space *s)
{
	/* relaxed: who was told that the space has grown sees that it has */
	return plat_load_relaxed(&s->usable_last_pfn);
}

static inline unsigned iova_level(uint64_t n)
{
	unsigned level = 0;

	while (n - 1 >= (32ull << iova_unit_lg2(level)))
		level++;
	return level;
}

#endif

/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* space.c - a space's life, its nodes and the memory they take. */
#include "iova_int.h"
#include "iova_life.h"

#define CEIL_LG2(n) ((n) <= 1 ? 0 : (n) <= 2 ? 1 : (n) <= 4 ? 2 : (n) <= 8 ? 3 : (n) <= 16 ? 4 : 5)
#define P(n)                                                                                \
	{                                                                                   \
		.full = ((1ull << (n)) - 1) * 0x100000001ull,                               \
		.pat = ((1ull << (n)) - 2) << 32 | 1, .chk = ((2ull << (n)) - 2) << 32 | 1, \
		.class = CEIL_LG2(n), .align = (1 << CEIL_LG2(n)) - 1,                      \
		.hints = offsetof(struct iova_slot, hint[CEIL_LG2(n)]),                     \
	}
const struct iova_pattern iova_patterns[33] = {
	{ .full = ~0ull },
	P(1),
	P(2),
	P(3),
	P(4),
	P(5),
	P(6),
	P(7),
	P(8),
	P(9),
	P(10),
	P(11),
	P(12),
	P(13),
	P(14),
	P(15),
	P(16),
	P(17),
	P(18),
	P(19),
	P(20),
	P(21),
	P(22),
	P(23),
	P(24),
	P(25),
	P(26),
	P(27),
	P(28),
	P(29),
	P(30),
	P(31),
	P(32),
};
#undef P
#undef CEIL_LG2

#define NO_CTL ((uint64_t)IOVA_OWN_PARKED << PLAT_CTL_OWN_SHIFT)
#define NO_WORDS                                                                        \
	{                                                                               \
		.word = { [0 ... PLAT_LINE_WORDS - 1] = { IOVA_POISON, NO_CTL } }, \
	}
/* Parked words, every unit missing. */
struct iova_node iova_no_node = {
	.level = 1,
	.line = NO_WORDS,
	.line0 = { [0 ... IOVA_CHILDREN - 1] = NO_WORDS },
};
void *const iova_no_cell = &iova_no_node;

/* Memory that @cpu will use most; PLAT_CPU_NONE: nobody in particular. */
void *iova_meta_alloc_near(struct iova_space *s, size_t size, size_t align, unsigned cpu)
{
	void *p = plat_mem_alloc_near(&s->mem, size, align, cpu);
	uint64_t now, peak;

	if (!p)
		return NULL;
	now = plat_fetch_add_relaxed(&s->metadata_bytes, size) + size; /* IOVA-M1: a count only */
	do {
		peak = plat_load_relaxed(&s->metadata_peak_bytes); /* IOVA-M1 */
								   /* IOVA-M1 */
	} while (now > peak && !plat_cas_relaxed(&s->metadata_peak_bytes, peak, now));
	return p;
}

void *iova_meta_alloc(struct iova_space *s, size_t size, size_t align)
{
	return iova_meta_alloc_near(s, size, align, PLAT_CPU_NONE);
}

void iova_meta_free(struct iova_space *s, void *ptr, size_t size, size_t align)
{
	plat_mem_free(&s->mem, ptr, size, align);
	plat_fetch_add_relaxed(&s->metadata_bytes, (uint64_t)0 - size); /* IOVA-M1 */
}

/*
 * The table of granules for which no node was ever made; never written to.  (Not const: the
 * model checker's memory is what can be written.)
 */
static void *no_nodes[IOVA_RADIX] = { [0 ... IOVA_RADIX - 1] = &iova_no_node };

/* What s->low[i] holds for a table. */
static uintptr_t low_table(const void *table, uint64_t i)
{
	return (uintptr_t)table - (uintptr_t)(i << IOVA_RADIX_LG2) * sizeof(void *);
}

static void **radix_table(struct iova_space *s, bool leaf)
{
	void **table = iova_meta_alloc(s, IOVA_RADIX * sizeof(void *), PLAT_CACHELINE);

	for (unsigned i = 0; table && leaf && i < IOVA_RADIX; i++)
		table[i] = &iova_no_node;
	return table;
}

/* iova_radix_slot() for the first tables. */
static void **low_slot(struct iova_space *s, uint64_t pfn)
{
	uint64_t i = pfn >> IOVA_TABLE_LG2;
	uintptr_t none = low_table(no_nodes, i);

	if (plat_load_acquire(&s->low[i]) == none) { /* IOVA-N4: pairs with IOVA-N5 */
		void **fresh = radix_table(s, true);

		if (!fresh)
			return NULL;
		/* IOVA-N5: pairs with IOVA-N4 */
		if (!plat_cas_full(&s->low[i], none, low_table(fresh, i)))
			iova_meta_free(s, fresh, IOVA_RADIX * sizeof(void *), PLAT_CACHELINE);
	}
	return (void **)(uintptr_t)iova_cell_low(s, pfn);
}

/* The place where the level-1 node of @pfn is found; makes the tables above it. */
void **iova_radix_slot(struct iova_space *s, uint64_t pfn)
{
	uint64_t i = pfn >> IOVA_NODE1_LG2;
	void **table = s->high;

	if (iova_is_low(pfn))
		return low_slot(s, pfn);
	for (unsigned shift = s->high_shift; shift; shift -= IOVA_RADIX_LG2) {
		void **place = &table[i >> shift & (IOVA_RADIX - 1)];
		void **next = plat_load_acquire(place); /* IOVA-N4: pairs with IOVA-N5 */

		if (!next) {
			void **fresh = radix_table(s, shift == IOVA_RADIX_LG2);

			if (!fresh)
				return NULL;
			if (plat_cas_full(place, NULL, fresh)) /* IOVA-N5: pairs with IOVA-N4 */
				next = fresh;
			else
				iova_meta_free(s, fresh, IOVA_RADIX * sizeof(void *),
					       PLAT_CACHELINE);
			if (!next)
				next = plat_load_acquire(place); /* IOVA-N4 */
		}
		table = next;
	}
	return &table[i & (IOVA_RADIX - 1)];
}

static void radix_free(struct iova_space *s, void **table, unsigned shift)
{
	for (unsigned i = 0; shift && i < IOVA_RADIX; i++)
		if (table[i])
			radix_free(s, table[i], shift - IOVA_RADIX_LG2);
	iova_meta_free(s, table, IOVA_RADIX * sizeof(void *), PLAT_CACHELINE);
}

struct iova_node *iova_node_at(struct iova_space *s, unsigned level, uint64_t pfn)
{
	struct iova_node *node = s->root;

	while (node && node->level > level)
		node = plat_load_acquire(/* IOVA-N6: pairs with IOVA-N2 */
					 &node->child[pfn >> iova_span_lg2(node->level - 1u) &
						      (IOVA_CHILDREN - 1)]);
	return node;
}

static size_t held_bytes(const struct iova_space *s, unsigned level)
{
	size_t units = (1u << IOVA_LINE_LG2) + (level == 1 ? 1u << IOVA_NODE1_LG2 : 0);

	return s->ring ? units / 8 : 0;
}

static size_t node_bytes(const struct iova_space *s, unsigned level)
{
	size_t cells = level * IOVA_CHILDREN * sizeof(uint64_t) + held_bytes(s, level);

	if (level == 1)
		return offsetof(struct iova_node, line0) +
		       IOVA_CHILDREN * sizeof(struct plat_words) + (1u << IOVA_LINE_LG2) + cells;
	return offsetof(struct iova_node, line0) + cells + IOVA_CHILDREN * sizeof(void *);
}

static void init_words(struct plat_words *words, uint64_t w, uint64_t ctl)
{
	for (unsigned i = 0; i < 4; i++) {
		words->word[i].state = w;
		words->word[i].ctl = ctl;
	}
}

/*
 * A node of the level below @parent, not yet visible, in memory near the calling CPU,
 * which is about to own words of it.  @poisoned: none of its units exists until the
 * units of @parent are split one by one.
 */
int iova_node_new(struct iova_space *s, struct iova_node *parent, unsigned child, bool poisoned,
		  struct iova_node **out)
{
	unsigned level = parent ? parent->level - 1u : s->top_level;
	unsigned cpu = plat_mem_has_near(&s->mem) ? plat_cpu() : PLAT_CPU_NONE;
	struct iova_node *node = iova_meta_alloc_near(s, node_bytes(s, level), PLAT_CACHELINE, cpu);
	unsigned own = level >= IOVA_OWNED_LEVELS ? PLAT_OWN_SHARED
		       : poisoned		  ? IOVA_OWN_PARKED
						  : PLAT_OWN_NONE;
	char *tail;

	if (!node)
		return -ENOMEM;
	node->parent = parent;
	node->level = (uint8_t)level;
	node->index = (uint8_t)child;
	node->bytes = (uint32_t)node_bytes(s, level);
	if (parent)
		node->base_pfn = parent->base_pfn + ((uint64_t)child << iova_span_lg2(level));
	tail = (char *)node->line0;
	if (level == 1)
		tail = (char *)iova_pad1(node) + (1u << IOVA_LINE_LG2);
	node->cell = (uint64_t(*)[IOVA_CHILDREN])tail;
	tail += level * IOVA_CHILDREN * sizeof(uint64_t);
	node->held = (uint64_t *)tail;
	tail += held_bytes(s, level);
	if (level != 1)
		node->child = (struct iova_node **)tail;
	init_words(&node->line, poisoned ? IOVA_POISON : 0,
		   iova_ctl(own, 0, own == IOVA_OWN_PARKED ? 0 : PLAT_CTL_OPEN));
	for (unsigned i = 0; level == 1 && i < IOVA_CHILDREN; i++)
		init_words(&node->line0[i], IOVA_POISON, NO_CTL);
	if (level == 1 && !iova_radix_slot(s, node->base_pfn)) {
		iova_node_discard(s, node);
		return -ENOMEM;
	}
	*out = node;
	return 0;
}

void iova_node_discard(struct iova_space *s, struct iova_node *node)
{
	if (node->pad)
		iova_meta_free(s, node->pad, sizeof(uint64_t) << IOVA_LINE_LG2, PLAT_CACHELINE);
	iova_meta_free(s, node, node->bytes, PLAT_CACHELINE);
}

/*
 * Makes @node visible, unless another thread was faster (both split units of
 * the parent that this node stands for): then @node is discarded.  The node
 * that is there in the end; found in the radix, too, when this returns.  The caller
 * holds a unit that it stands for: so nobody unlinks it meanwhile (trim.c).
 */
struct iova_node *iova_node_publish(struct iova_space *s, struct iova_node *node)
{
	struct iova_node **place = &node->parent->child[node->index];

	/* IOVA-N2: pairs with IOVA-N1, IOVA-N3, IOVA-N6, IOVA-T1 */
	if (!plat_cas_full(place, NULL, node) &&
	    plat_load_acquire(place) != node) { /* IOVA-N6: pairs with IOVA-N2 */
		struct iova_node *other = plat_load_acquire(place); /* IOVA-N6 */

		iova_node_discard(s, node);
		node = other;
	}
	if (node->level == 1)
		/* IOVA-N2 */
		plat_cas_full(iova_radix_slot(s, node->base_pfn), (void *)&iova_no_node,
			      (void *)node);
	return node;
}

static int check_config(const struct iova_space_config *c)
{
	uint64_t mask;

	if (!c || c->granule_lg2 < 12 || c->granule_lg2 > 34 || c->first > c->last)
		return -EINVAL;
	if (c->mem.ops && (!c->mem.ops->alloc || !c->mem.ops->free))
		return -EINVAL;
	mask = (1ull << c->granule_lg2) - 1;
	if (c->grow_last && (c->grow_last < c->last || (c->grow_last & mask) != mask))
		return -EINVAL;
	if ((c->first & mask) || (c->last & mask) != mask || c->cpu_slots > PLAT_OWN_MAX_CPU ||
	    c->quarantine > IOVA_QUARANTINE_MAX || c->guard_granules > IOVA_GUARD_MAX ||
	    c->placement > IOVA_PLACE_RANDOM)
		return -EINVAL;
	return c->flags & ~(IOVA_SPACE_NO_PERCPU | IOVA_SPACE_TRIM) ? -EINVAL : 0;
}

static int make_tree(struct iova_space *s)
{
	uint64_t nodes = s->last_pfn >> IOVA_NODE1_LG2;
	uint64_t tree_last;
	int r;

	/* One word at the top could hold the whole space, so that every size has a level. */
	for (s->top_level = 2; s->last_pfn >> (iova_unit_lg2(s->top_level) + IOVA_WORD_LG2);)
		s->top_level++;
	if (!iova_is_low(s->last_pfn)) {
		while (nodes >> s->high_shift >= IOVA_RADIX)
			s->high_shift += IOVA_RADIX_LG2;
		s->high = radix_table(s, false);
		if (!s->high)
			return -ENOMEM;
	}
	r = iova_node_new(s, NULL, 0, false, &s->root);
	if (r)
		return r;
	tree_last = (1ull << iova_span_lg2(s->top_level)) - 1;
	if (s->first_pfn)
		r = iova_outside(s, 0, s->first_pfn - 1);
	if (!r && s->usable_last_pfn < tree_last)
		r = iova_outside(s, s->usable_last_pfn + 1, tree_last);
	return r;
}

/* Nodes linked by @next. */
void iova_nodes_discard(struct iova_space *s, struct iova_node *list)
{
	while (list) {
		struct iova_node *node = list;

		list = node->next;
		iova_node_discard(s, node);
	}
}

static void discard_tree(struct iova_space *s, struct iova_node *node)
{
	for (unsigned i = 0; node->level > 1 && i < IOVA_CHILDREN; i++)
		if (node->child[i])
			discard_tree(s, node->child[i]);
	iova_node_discard(s, node);
}

static size_t space_bytes(unsigned nr_slots)
{
	return sizeof(struct iova_space) + nr_slots * sizeof(struct iova_slot *);
}

/* A slot for each CPU: no block is larger for there being many. */
static int make_slots(struct iova_space *s)
{
	for (unsigned i = 0; i < s->nr_slots; i++) {
		s->slot[i] = iova_meta_alloc_near(s, sizeof(*s->slot[i]), PLAT_CACHELINE, i);
		if (!s->slot[i])
			return -ENOMEM;
	}
	return 0;
}

static void destroy(struct iova_space *s)
{
	struct plat_mem mem = s->mem;

	if (s->root)
		discard_tree(s, s->root);
	iova_nodes_discard(s, s->gone);
	iova_resv_drop(s);
	for (unsigned i = 0; i < IOVA_LOW; i++)
		if (s->low[i] != low_table(no_nodes, i))
			iova_meta_free(s, (void *)(s->low[i] - low_table(NULL, i)),
				       IOVA_RADIX * sizeof(void *), PLAT_CACHELINE);
	if (s->high)
		radix_free(s, s->high, s->high_shift);
	if (s->ring)
		iova_meta_free(s, s->ring, s->ring_size * sizeof(*s->ring), PLAT_CACHELINE);
	for (unsigned i = 0; i < s->nr_slots && s->slot[i]; i++)
		iova_meta_free(s, s->slot[i], sizeof(*s->slot[i]), PLAT_CACHELINE);
	plat_mem_free(&mem, s, space_bytes(s->nr_slots), PLAT_CACHELINE);
}

int iova_space_create(struct iova_space **space, const struct iova_space_config *c)
{
	struct iova_space *s;
	unsigned nr_slots;
	int r = check_config(c);

	if (r || !space)
		return -EINVAL;
	nr_slots = c->cpu_slots ? c->cpu_slots : plat_cpu_count();
	if (nr_slots > PLAT_OWN_MAX_CPU)
		nr_slots = PLAT_OWN_MAX_CPU;
	s = plat_mem_alloc(&c->mem, space_bytes(nr_slots), PLAT_CACHELINE);
	if (!s)
		return -ENOMEM;
	s->mem = c->mem;
	s->nr_slots = nr_slots;
	for (unsigned i = 0; i < IOVA_LOW; i++)
		s->low[i] = low_table(no_nodes, i);
	s->metadata_bytes = s->metadata_peak_bytes = space_bytes(nr_slots);
	s->shift = c->granule_lg2;
	s->granule_mask = (1ull << s->shift) - 1;
	s->first_pfn = c->first >> s->shift;
	s->usable_last_pfn = c->last >> s->shift;
	s->last_pfn = (c->grow_last ? c->grow_last : c->last) >> s->shift;
	s->ring_size = c->quarantine;
	s->guard = c->guard_granules;
	s->placement = c->placement;
	s->trim_end_pfn = ~0ull;
	s->trim = c->flags & IOVA_SPACE_TRIM;
	s->seed[0] = c->seed[0];
	s->seed[1] = c->seed[1];
	s->long_way = c->quarantine || iova_in_order(s);
	s->fast_units = c->guard_granules || s->long_way ? 0 : 32;
	s->look_units = s->trim ? 0 : s->fast_units;
	s->percpu = plat_percpu_ok() && !(c->flags & IOVA_SPACE_NO_PERCPU) && !s->long_way;
	r = make_slots(s);
	if (c->quarantine)
		s->ring = iova_meta_alloc(s, s->ring_size * sizeof(*s->ring), PLAT_CACHELINE);
	if (!r)
		r = s->ring || !c->quarantine ? make_tree(s) : -ENOMEM;
	if (r) {
		destroy(s);
		return r;
	}
	*space = s;
	return 0;
}

struct report {
	struct iova_range *live;
	unsigned room;
	uint64_t nr;
};

static int report_range(void *ctx, const struct iova_range *range)
{
	struct report *report = ctx;

	if (report->nr < report->room)
		report->live[report->nr] = *range;
	report->nr++;
	return 0;
}

uint64_t iova_space_destroy_report(struct iova_space *s, struct iova_range *live, unsigned nr_live)
{
	struct report report = { .live = live, .room = live ? nr_live : 0 };

	if (!s)
		return 0;
	iova_space_for_each(s, 0, ~0ull, report_range, &report);
	destroy(s);
	return report.nr;
}

uint64_t iova_space_destroy(struct iova_space *s)
{
	return iova_space_destroy_report(s, NULL, 0);
}

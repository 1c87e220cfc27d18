/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * search.c - the cells: where there may be room, without looking at the words.
 *
 * node->cell[k][i] bounds from above what the words of level k below child i
 * (or, for k one less than the node's level, of child i itself) have free: a
 * set of classes and the most units with an aligned place within a word.  It may be too high for
 * any length of time, never too low once the free that made room has returned:
 *
 *   S1  a word with PLAT_CTL_OPEN set has its class and run 32 in its cell and
 *       in every cell above, or some cell on that path has been marked LOWERING
 *       and not yet been lowered.
 *
 * Raising (after a free found the word not OPEN, so that frees into open words
 * pay nothing): set OPEN, then walk up; at each cell, if it lacks the value or
 * is LOWERING, install the joined value with a new version and without LOWERING.
 * Lowering a line: mark the cell LOWERING, clear OPEN in its words, look at the
 * words, then replace exactly the marked cell.  Lowering a node: mark, look at
 * the children's cells, replace.  A raiser that the looker missed comes after
 * the mark, so it finds the mark and changes the version, and the replacement fails.
 */
#include "iova_int.h"

static uint64_t join(uint64_t a, uint64_t b)
{
	uint64_t run_a = a & IOVA_CELL_RUN, run_b = b & IOVA_CELL_RUN;

	return ((a | b) & IOVA_CELL_MASK) | (run_a > run_b ? run_a : run_b);
}

static bool covers(uint64_t cell, uint64_t value)
{
	return (join(cell & IOVA_CELL_VALUE, value) == (cell & IOVA_CELL_VALUE)) &&
	       !(cell & IOVA_CELL_LOWERING);
}

static uint64_t next_version(uint64_t cell, uint64_t value)
{
	return (cell & ~(IOVA_CELL_VERSION - 1)) + IOVA_CELL_VERSION + value;
}

/*
 * Every level is looked at even where one already covers @value: whoever put it
 * there may not have reached the levels above yet, and our caller's free must
 * be findable when it returns.
 */
void iova_raise(struct iova_node *parent, unsigned level, unsigned child, uint64_t value)
{
	plat_mb(); /* IOVA-S1: between what was freed and the cells read here; pairs with IOVA-S2 */
	while (parent) {
		uint64_t *cell = &parent->cell[level][child];
		uint64_t old;

		do {
			old = plat_load_acquire(cell); /* IOVA-S6: pairs with IOVA-S2, IOVA-S8 */
		} while (!covers(old, value) &&	       /* IOVA-S7: pairs with IOVA-S2, IOVA-S8 */
			 !plat_cas_full(cell, old,
					next_version(old, join(old & IOVA_CELL_VALUE, value))));
		child = parent->index;
		parent = parent->parent;
	}
}

/* Marks the cell; returns what it holds now, or 0 when somebody changed it meanwhile. */
static uint64_t mark(uint64_t *cell, uint64_t old)
{
	uint64_t marked = next_version(old, (old & IOVA_CELL_VALUE) | IOVA_CELL_LOWERING);

	return plat_cas_full(cell, old, marked) ? marked : 0; /* IOVA-S2: pairs with IOVA-S1 */
}

/* What the node's cells have in sum, or so much of it as makes up for all of @enough. */
static uint64_t node_value(const struct iova_node *node, unsigned level, uint64_t enough)
{
	uint64_t classes = 0, run = 0;

	for (unsigned i = 0; i < IOVA_CHILDREN; i++) {
		/* IOVA-S10: pairs with IOVA-S7 */
		uint64_t c = plat_load_acquire(&node->cell[level][i]);

		classes |= c;
		run = (c & IOVA_CELL_RUN) > run ? c & IOVA_CELL_RUN : run;
		if (run >= (enough & IOVA_CELL_RUN) && !(enough & IOVA_CELL_MASK & ~classes))
			break;
	}
	return (classes & IOVA_CELL_MASK) | run;
}

/*
 * Is @node the one that its parent's cells are about?  Asked between the mark and the
 * replacement: who publishes another in its place raises after that, so either the
 * answer is no, or the raiser finds the mark.
 */
static bool is_linked(const struct iova_node *node)
{
	/* IOVA-T1: pairs with IOVA-N2 */
	return plat_load_acquire(&node->parent->child[node->index]) == node;
}

/* Brings the cell above @node down to what the node's own cells say. */
void iova_lower_node(struct iova_node *node, unsigned level)
{
	struct iova_node *parent = node->parent;
	uint64_t *cell, old, value;

	if (!parent)
		return;
	cell = &parent->cell[level][node->index];
	old = plat_load_acquire(cell); /* IOVA-S6: pairs with IOVA-S7 */
	if (covers(node_value(node, level, old), old & IOVA_CELL_VALUE))
		return;
	old = mark(cell, old);
	if (!old)
		return;
	plat_mb(); /* IOVA-S9: the mark before the look; pairs with IOVA-S7 */
	if (!is_linked(node))
		return;
	value = node_value(node, level, IOVA_CELL_VALUE); /* all: no run is so long */
	/* IOVA-S8: pairs with IOVA-S7 */
	plat_cas_full(cell, old, next_version(old, value));
}

/* Of whom words have been closed: those who may be in a step that saw them open. */
struct closed {
	bool mine, others;
};

/* May this word be judged by looking at it?  @others: those of other CPUs, too. */
static bool judge(const struct iova_ref *ref, uint64_t ctl, unsigned cpu, bool others,
		  struct closed *closed)
{
	uint64_t own = iova_own(ctl);

	if (own == cpu)
		closed->mine = true;
	else if (own <= PLAT_OWN_MAX_CPU && others)
		closed->others = true;
	else if (own != PLAT_OWN_SHARED)
		return false;
	if (ctl & PLAT_CTL_OPEN)
		/* IOVA-S3: pairs with IOVA-O1 */
		plat_fetch_and_full(iova_word_ctl(ref), ~PLAT_CTL_OPEN);
	return true;
}

/* What the words of a line have free; of those that are not @judged, all they could have. */
static uint64_t line_value(const struct iova_ref *line, const bool *judged)
{
	uint64_t value = 0;

	for (unsigned i = 0; i < 4; i++) {
		struct iova_ref ref = iova_word_in(line, i);
		uint64_t ctl = iova_ctl_look(&ref);
		unsigned class = iova_ctl_class(ctl);

		if (judged[i] || iova_own(ctl) == PLAT_OWN_NONE || iova_own(ctl) == IOVA_OWN_PARKED)
			value = join(value, iova_word_value(iova_word_look(&ref), class,
							    line->level, ctl));
		else
			value = join(value, 1ull << class | 32ull << IOVA_CELL_RUN_SHIFT);
	}
	return value;
}

/* A line from the mark of its cell to the replacement; @old: what was marked, 0: nothing. */
struct lowering {
	uint64_t *cell;
	uint64_t old;
	bool judged[PLAT_LINE_WORDS];
};

static bool lower_begin(const struct iova_ref *line, unsigned cpu, bool others,
			struct lowering *l, struct closed *closed)
{
	struct iova_node *parent = line->level ? line->node->parent : line->node;
	unsigned child = line->level ? line->node->index : line->child;
	bool all[PLAT_LINE_WORDS] = { true, true, true, true };
	uint64_t old;

	l->old = 0;
	if (!parent)
		return false;
	l->cell = &parent->cell[line->level][child];
	old = plat_load_acquire(l->cell); /* IOVA-S6: pairs with IOVA-S7 */
	if (line_value(line, all) == (old & IOVA_CELL_VALUE))
		return false;
	l->old = mark(l->cell, old);
	if (!l->old)
		return false;
	for (unsigned i = 0; i < PLAT_LINE_WORDS; i++) {
		struct iova_ref ref = iova_word_in(line, i);

		l->judged[i] = judge(&ref, iova_ctl_look(&ref), cpu, others, closed);
	}
	return true;
}

static void lower_end(const struct iova_ref *line, const struct lowering *l)
{
	uint64_t *cell = l->cell, old = l->old, value;

	if (!old)
		return;
	if (line->level && !is_linked(line->node))
		return;
	value = line_value(line, l->judged);
	/* IOVA-S8: pairs with IOVA-S7 */
	plat_cas_full(cell, old, next_version(old, value));
}

/* False: it is not certain that no step is left that found a word open. */
static bool no_step_left(struct iova_slot *slot, unsigned cpu, const struct closed *closed)
{
	uint64_t tick;

	if (closed->others)
		/* IOVA-S11: a put() saw the word open before, or is refused; pairs with IOVA-S3 */
		return !plat_fence_cpus_reading(PLAT_CPU_NONE);
	if (!closed->mine)
		return true;
	tick = plat_load_relaxed(&slot->tick); /* IOVA-S5: only that it changes matters */
	return plat_percpu_cas(&slot->tick, tick, tick + 1, cpu);
}

/*
 * The caller looked at these lines, at most IOVA_VAIN, and found nothing: let their cells
 * say so, unless they do already (what is free in a line is not what the caller looks for).
 * A word owned by @cpu is judged only if the caller still runs there after it
 * has cleared OPEN (the tick), because a put() on that CPU reads OPEN and
 * stores the word in one step of that CPU: it comes either before the tick,
 * and is seen, or after the clear, and is refused.  @others: words of other CPUs are
 * judged, too, after a fence over all of them.  False: there was none, nothing is lowered.
 */
bool iova_lower_lines(struct iova_slot *slot, unsigned cpu, bool others,
		      const struct iova_ref *lines, unsigned n)
{
	struct closed closed = { false, false };
	struct lowering l[IOVA_VAIN];
	bool any = false;

	for (unsigned i = 0; i < n; i++)
		any |= lower_begin(&lines[i], cpu, others, &l[i], &closed);
	if (!any)
		return true;
	if (!no_step_left(slot, cpu, &closed))
		return !closed.others;
	plat_mb(); /* IOVA-S4: pairs with IOVA-W4 */
	for (unsigned i = 0; i < n; i++)
		lower_end(&lines[i], &l[i]);
	return true;
}

void iova_lower_line(struct iova_slot *slot, unsigned cpu, const struct iova_ref *line)
{
	iova_lower_lines(slot, cpu, false, line, 1);
}

static void line_ref(struct iova_space *s, struct iova_node *node, unsigned level, unsigned child,
		     struct iova_ref *ref)
{
	ref->node = node;
	ref->level = (uint8_t)level;
	ref->child = (uint8_t)child;
	ref->base_pfn = node->base_pfn;
	ref->off = offsetof(struct iova_node, line);
	if (level == 0) {
		ref->base_pfn += (uint64_t)child << IOVA_LINE_LG2;
		ref->off = (uint32_t)(offsetof(struct iova_node, line0) +
				      child * sizeof(struct plat_words));
	}
	ref->cell = level <= 1 ? iova_cell(s, ref->base_pfn) : NULL;
}

/* Whether the node's lines reach to @pfn. */
static bool spans(const struct iova_node *node, uint64_t pfn)
{
	return pfn >= node->base_pfn && (pfn - node->base_pfn) >> iova_span_lg2(node->level) == 0;
}

/*
 * The first child of @node, at or after the one that holds *@from, that has what is
 * wanted; *@from becomes the first granule of what was not passed over, beyond
 * @last if nothing up to there will do.  The child's number, or IOVA_CHILDREN.
 */
static unsigned next_child(struct iova_node *node, unsigned level, uint64_t *from, uint64_t last,
			   uint64_t test, unsigned run)
{
	unsigned lg2 = iova_span_lg2(node->level - 1u);
	unsigned begin = (unsigned)((*from - node->base_pfn) >> lg2), end = IOVA_CHILDREN, i;
	uint64_t mask = test ? test : IOVA_CELL_RUN;
	uint64_t least = test ? 1 : (uint64_t)run << IOVA_CELL_RUN_SHIFT;
	const uint64_t *cell = node->cell[level];

	if ((last - node->base_pfn) >> lg2 < IOVA_CHILDREN)
		end = (unsigned)((last - node->base_pfn) >> lg2) + 1;
	for (i = begin; i < end; i++) {
		uint64_t c = plat_load_acquire(&cell[i]); /* IOVA-S10: pairs with IOVA-S7 */

		if ((c & mask) >= least &&
		    /* IOVA-N3: pairs with IOVA-N2 */
		    (node->level == 1 || plat_load_acquire(&node->child[i])))
			break;
	}
	if (i > begin)
		*from = node->base_pfn + ((uint64_t)i << lg2);
	return i;
}

/* What lies in child @i: for lines of level 0 the node itself.  NULL: unlinked since. */
static struct iova_node *child_of(struct iova_node *node, unsigned i)
{
	/* IOVA-N3: pairs with IOVA-N2 */
	return node->level > 1 ? plat_load_acquire(&node->child[i]) : node;
}

/*
 * The first line of @level at or after the one that holds @from, and not beyond
 * @last, whose cells all the way down have a class of @test, or where that is 0 a run
 * of at least @run.  @near: where to begin, any node above @level; the nearer the
 * quicker; set to where the line was found.
 */
bool iova_next_line(struct iova_space *s, unsigned level, uint64_t from, uint64_t last,
		    uint64_t test, unsigned run, struct iova_ref *ref, struct iova_node **near)
{
	struct iova_node *node = *near;

	if (level == s->top_level) {
		line_ref(s, s->root, level, 0, ref);
		return from <= last && spans(s->root, from);
	}
	while (from <= last) {
		struct iova_node *below;
		unsigned i;

		while (!spans(node, from)) {
			if (node == s->root)
				return false;
			node = node->parent;
		}
		i = next_child(node, level, &from, last, test, run);
		if (i == IOVA_CHILDREN) {
			iova_lower_node(node, level);
			continue;
		}
		if (from > last)
			break;
		below = child_of(node, i);
		if (!below)
			continue;
		if (node->level == level + 1) {
			*near = node;
			line_ref(s, below, level, i, ref);
			return true;
		}
		node = below;
	}
	return false;
}

/*
 * The last child of @node, at or before the one that holds *@from and not before that
 * of @first, that has what is wanted; *@from becomes its last granule, unless it was in
 * there already.  The child's number, or IOVA_CHILDREN.
 */
static unsigned prev_child(struct iova_node *node, unsigned level, uint64_t first, uint64_t *from,
			   unsigned run)
{
	unsigned lg2 = iova_span_lg2(node->level - 1u);
	unsigned i = (unsigned)((*from - node->base_pfn) >> lg2), end = 0;
	uint64_t least = (uint64_t)run << IOVA_CELL_RUN_SHIFT;

	if (first > node->base_pfn)
		end = (unsigned)((first - node->base_pfn) >> lg2);
	for (;; i--) {
		/* IOVA-S10: pairs with IOVA-S7 */
		uint64_t c = plat_load_acquire(&node->cell[level][i]);

		/* IOVA-N3: pairs with IOVA-N2 */
		if ((c & IOVA_CELL_RUN) >= least &&
		    (node->level == 1 || plat_load_acquire(&node->child[i])))
			return i;
		if (i <= end)
			return IOVA_CHILDREN;
		*from = node->base_pfn + ((uint64_t)i << lg2) - 1;
	}
}

/* As iova_next_line(), from above: the last at or before @from, and not before @first. */
bool iova_prev_line(struct iova_space *s, unsigned level, uint64_t first, uint64_t from,
		    unsigned run, struct iova_ref *ref, struct iova_node **near)
{
	struct iova_node *node = *near;

	if (level == s->top_level) {
		line_ref(s, s->root, level, 0, ref);
		return first <= from && spans(s->root, from);
	}
	while (first <= from) {
		struct iova_node *below;
		unsigned i;

		while (!spans(node, from)) {
			if (node == s->root)
				return false;
			node = node->parent;
		}
		i = prev_child(node, level, first, &from, run);
		if (i == IOVA_CHILDREN) {
			iova_lower_node(node, level);
			if (node->base_pfn <= first)
				return false;
			from = node->base_pfn - 1;
			continue;
		}
		below = child_of(node, i);
		if (!below)
			continue;
		if (node->level == level + 1) {
			*near = node;
			line_ref(s, below, level, i, ref);
			return true;
		}
		node = below;
	}
	return false;
}

/* The smallest node that holds [first, last]: where searches for them may begin. */
struct iova_node *iova_window_node(struct iova_space *s, uint64_t first, uint64_t last)
{
	unsigned lg2 = iova_span_lg2(s->top_level);
	struct iova_node *node = s->root, *child;

	while (node->level > 1) {
		lg2 -= IOVA_FANOUT_LG2;
		if ((first ^ last) >> lg2)
			break;
		/* IOVA-N3: pairs with IOVA-N2 */
		child = plat_load_acquire(&node->child[first >> lg2 & (IOVA_CHILDREN - 1)]);
		if (!child)
			break;
		node = child;
	}
	return node;
}

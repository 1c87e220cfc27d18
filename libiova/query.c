/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * query.c - looking without stopping anyone: find, iterate, count.
 *
 * A walk sees each word at some instant; ranges allocated and not freed during
 * the whole walk are all seen, others may or may not be.
 */
#include "iova_query.h"
#include "iova_refill.h"

/* Units from @g on that go on with 01. */
static unsigned run_of_cont(uint64_t w, unsigned g)
{
	uint32_t cont = (uint32_t)(w >> 32) & ~(uint32_t)w;
	uint32_t stop = g > 31 ? 0 : ~cont >> g;

	return g > 31 ? 0 : stop ? iova_ctz32(stop) : 32 - g;
}

/* The last granule of the range whose first unit is at @first in @ref. */
static uint64_t range_last(struct iova_space *s, struct iova_ref ref, uint64_t first)
{
	unsigned lg2 = iova_unit_lg2(ref.level), g = iova_unit_of(&ref, first);
	unsigned units = 1 + run_of_cont(iova_word_look(&ref), g + 1);
	uint64_t end = first + ((uint64_t)units << lg2), w;
	uint64_t pad = ref.level ? iova_pad_get(ref.node, first) : 0;

	if (g + units < 32 && ref.level && pad)
		return end - pad - 1;
	if (g + units < 32 && !(iova_ctl_look(&ref) & IOVA_CTL_LOOK))
		return end - 1;
	for (;;) {
		if (!iova_locate(s, end, &ref))
			break;
		lg2 = iova_unit_lg2(ref.level);
		w = iova_word_look(&ref);
		g = iova_unit_of(&ref, end);
		if ((end & ((1ull << lg2) - 1)) || iova_state(w, g) != IOVA_CONT)
			break;
		end += (uint64_t)run_of_cont(w, g) << lg2;
		pad = 0;
	}
	return end - pad - 1;
}

static void fill(const struct iova_space *s, uint64_t first, uint64_t last,
		 struct iova_range *range)
{
	range->first = first << s->shift;
	range->last = (last << s->shift) | s->granule_mask;
}

/* A range as its owner knows it: without what guards it. */
static void fill_range(const struct iova_space *s, uint64_t first, uint64_t last,
		       struct iova_range *range)
{
	/* One that is being freed in pieces may have lost its end already. */
	fill(s, first, last - first > s->guard ? last - s->guard : first, range);
}

/* Goes back from a 01 to the 10 it belongs to. */
static bool range_first(struct iova_space *s, uint64_t pfn, uint64_t *first, struct iova_ref *ref)
{
	for (;;) {
		enum iova_state state;
		unsigned g;
		uint64_t w;

		if (!iova_locate(s, pfn, ref))
			return false;
		g = iova_unit_of(ref, pfn);
		w = iova_word_look(ref);
		state = iova_state(w, g);
		while (g && state == IOVA_CONT && iova_state(w, g - 1) == IOVA_CONT)
			g--;
		*first = ref->base_pfn + ((uint64_t)g << iova_unit_lg2(ref->level));
		if (state == IOVA_START)
			return true;
		if (state != IOVA_CONT || !*first)
			return false;
		pfn = *first - 1;
	}
}

/* A unit alone above level 0 is one that somebody is splitting. */
static bool begins_here(const struct iova_ref *ref, uint64_t w, unsigned g)
{
	return iova_state(w, g) == IOVA_START &&
	       (!ref->level || (g < 31 && iova_state(w, g + 1) == IOVA_CONT));
}

static bool being_freed(const struct iova_ref *ref, uint64_t first)
{
	return (uint32_t)iova_ctl_look(ref) >> iova_unit_of(ref, first) & 1;
}

/* The range that holds @pfn, quarantined or not, with what guards it.  In a read-side section. */
bool iova_range_at(struct iova_space *s, uint64_t pfn, uint64_t *first, uint64_t *last)
{
	struct iova_ref ref;

	if (pfn < s->first_pfn || pfn > s->last_pfn || iova_reserved(s, pfn, pfn, NULL) ||
	    !range_first(s, pfn, first, &ref) || being_freed(&ref, *first) ||
	    !begins_here(&ref, iova_word_look(&ref), iova_unit_of(&ref, *first)))
		return false;
	*last = range_last(s, ref, *first);
	return *last >= pfn;
}

/* The live range that holds @pfn, or is guarded by it. */
bool iova_owner_at(struct iova_space *s, uint64_t pfn, struct iova_range *range)
{
	uint64_t first, last;
	bool found;

	plat_read_lock(); /* N1: nodes that are found stay */
	found = iova_range_at(s, pfn, &first, &last) && !iova_is_held(s, first);
	if (found)
		fill_range(s, first, last, range);
	plat_read_unlock();
	return found;
}

int iova_space_find(struct iova_space *s, uint64_t iova, struct iova_range *range)
{
	struct iova_range at;

	if (!range)
		return -EINVAL;
	if (!iova_owner_at(s, iova >> s->shift, &at) || at.last < iova)
		return -ENOENT;
	*range = at;
	return 0;
}

/* What begins at a granule, or goes on there. */
struct stretch {
	enum { HOLE, RANGE, OTHER } kind; /* OTHER: reserved, rounding, held back, on its way */
	uint64_t end;			  /* its last granule + 1, as far as one look shows */
};

/* Most areas of a space that is given up: all of it exists at level 1, and nothing is used. */
static bool area_is_free(const struct iova_node *node)
{
	for (unsigned i = 0; i < PLAT_LINE_WORDS; i++) {
		/* IOVA-W9: pairs with IOVA-W4, IOVA-A3 */
		uint64_t w = plat_load_acquire(&node->line.word[i].state);

		if (w >> 32 & w)
			return false;
	}
	return iova_looks_empty(node);
}

static struct stretch look_at(struct iova_space *s, uint64_t pfn)
{
	struct iova_ref ref;
	uint64_t w, unit, base;
	uint32_t used;
	unsigned g;

	iova_locate(s, pfn, &ref);
	if (!(pfn & ((1u << IOVA_NODE1_LG2) - 1)) && ref.node->level == 1 &&
	    area_is_free(ref.node))
		return (struct stretch){ HOLE, pfn + (1u << IOVA_NODE1_LG2) };
	unit = 1ull << iova_unit_lg2(ref.level);
	base = pfn & ~(unit - 1);
	w = iova_word_look(&ref);
	g = iova_unit_of(&ref, pfn);
	/* What is in REM was freed. */
	used = (iova_used(w) & ~(uint32_t)iova_ctl_look(&ref)) >> g;
	if (!(used & 1))
		return (struct stretch){ HOLE,
					 base + (used ? iova_ctz32(used) : 32 - g) * unit };
	if (begins_here(&ref, w, g) && base == pfn && !being_freed(&ref, pfn) &&
	    !iova_reserved(s, pfn, pfn, NULL) && !iova_is_held(s, pfn))
		return (struct stretch){ RANGE, range_last(s, ref, pfn) + 1 };
	return (struct stretch){ OTHER, base + unit };
}

static struct stretch stretch_at(struct iova_space *s, uint64_t pfn)
{
	struct stretch at;

	plat_read_lock(); /* N1: nodes that are found stay; not while a callback runs */
	at = look_at(s, pfn);
	plat_read_unlock();
	return at;
}

/* The granules of [first, last] bytes that the space has; false: none. */
static bool clip(const struct iova_space *s, uint64_t first, uint64_t last, uint64_t *pfn,
		 uint64_t *last_pfn)
{
	*pfn = first >> s->shift;
	*last_pfn = last >> s->shift;
	if (*pfn < s->first_pfn)
		*pfn = s->first_pfn;
	if (*last_pfn > s->last_pfn)
		*last_pfn = s->last_pfn;
	return *pfn <= *last_pfn;
}

int iova_space_for_each(struct iova_space *s, uint64_t first_iova, uint64_t last_iova,
			int (*fn)(void *ctx, const struct iova_range *range), void *ctx)
{
	uint64_t pfn, last;
	int r = 0;

	if (!clip(s, first_iova, last_iova, &pfn, &last))
		return 0;
	while (!r && pfn <= last) {
		struct stretch at = stretch_at(s, pfn);
		struct iova_range range;

		fill_range(s, pfn, at.end - 1, &range);
		if (at.kind == RANGE)
			r = fn(ctx, &range);
		pfn = at.end;
	}
	return r;
}

int iova_space_for_each_hole(struct iova_space *s, uint64_t first_iova, uint64_t last_iova,
			     int (*fn)(void *ctx, const struct iova_range *hole), void *ctx)
{
	uint64_t pfn, last, begun = IOVA_NONE;
	struct iova_range hole;
	int r = 0;

	if (!clip(s, first_iova, last_iova, &pfn, &last))
		return 0;
	while (!r && pfn <= last) {
		struct stretch at = stretch_at(s, pfn);

		if (at.kind == HOLE && begun == IOVA_NONE)
			begun = pfn;
		if (at.kind != HOLE && begun != IOVA_NONE) {
			fill(s, begun, pfn - 1, &hole);
			begun = IOVA_NONE;
			r = fn(ctx, &hole);
		}
		pfn = at.end;
	}
	if (!r && begun != IOVA_NONE) {
		fill(s, begun, pfn - 1 < last ? pfn - 1 : last, &hole);
		r = fn(ctx, &hole);
	}
	return r;
}

static int measure(void *ctx, const struct iova_range *hole)
{
	struct iova_space_holes *holes = ctx;
	uint64_t last = hole->last - hole->first;

	holes->nr++;
	holes->free_granules += (last >> holes->granule_lg2) + 1;
	if (holes->nr == 1 || last > holes->largest.last - holes->largest.first)
		holes->largest = *hole;
	return 0;
}

void iova_space_holes(struct iova_space *s, struct iova_space_holes *holes)
{
	uint64_t largest;

	memset(holes, 0, sizeof(*holes));
	holes->granule_lg2 = s->shift;
	holes->largest = IOVA_RANGE_NONE;
	iova_space_for_each_hole(s, 0, ~0ull, measure, holes);
	if (!holes->nr)
		return;
	largest = ((holes->largest.last - holes->largest.first) >> s->shift) + 1;
	/* At most 2^52 granules: the product stays below 2^64. */
	holes->fragmentation = 1000 - (unsigned)(1000 * largest / holes->free_granules);
}

int iova_space_cpu_stats(struct iova_space *s, unsigned cpu, struct iova_cpu_stats *stats)
{
	const struct iova_slot *slot;

	if (!stats)
		return -EINVAL;
	if (cpu >= s->nr_slots)
		return -ENOENT;
	slot = s->slot[cpu];
	stats->refills = plat_load_relaxed(&slot->refills);	      /* IOVA-M1 */
	stats->remote_frees = plat_load_relaxed(&slot->remote_frees); /* IOVA-M1 */
	stats->bad_frees = plat_load_relaxed(&slot->bad_frees);	      /* IOVA-M1 */
	return 0;
}

static int stop(void *ctx, const struct iova_range *range)
{
	(void)ctx, (void)range;
	return 1;
}

bool iova_space_in_use(struct iova_space *s)
{
	return iova_space_for_each(s, 0, ~0ull, stop, NULL) != 0;
}

static int count(void *ctx, const struct iova_range *range)
{
	struct iova_space_stats *stats = ctx;

	stats->live_ranges++;
	stats->live_bytes += range->last - range->first + 1;
	return 0;
}

static uint64_t raced_below(struct iova_node *node)
{
	uint64_t n = plat_load_relaxed(&node->raced); /* IOVA-M1 */

	for (unsigned i = 0; node->level > 1 && i < IOVA_CHILDREN; i++) {
		/* IOVA-N3: pairs with IOVA-N2 */
		struct iova_node *child = plat_load_acquire(&node->child[i]);

		n += child ? raced_below(child) : 0;
	}
	return n;
}

static uint64_t raced(struct iova_space *s)
{
	uint64_t n = plat_load_relaxed(&s->raced); /* IOVA-M1 */

	plat_read_lock(); /* N1: nodes that are found stay */
	n += raced_below(s->root);
	plat_read_unlock();
	return n >> 63 ? 0 : n;
}

void iova_space_stats(struct iova_space *s, struct iova_space_stats *stats)
{
	memset(stats, 0, sizeof(*stats));
	iova_space_for_each(s, 0, ~0ull, count, stats);
	stats->guard_bytes = (stats->live_ranges * s->guard) << s->shift;
	stats->reserved_bytes = iova_reserved_granules(s) << s->shift;
	stats->raced_free_bytes = raced(s) << s->shift;
	stats->metadata_bytes = plat_load_relaxed(&s->metadata_bytes); /* IOVA-M1 */
	stats->metadata_peak_bytes = plat_load_relaxed(&s->metadata_peak_bytes);
	for (unsigned i = 0; i < s->nr_slots; i++) {
		/* IOVA-M1 */
		stats->bad_frees += plat_load_relaxed(&s->slot[i]->bad_frees);
		stats->refills += plat_load_relaxed(&s->slot[i]->refills);
		stats->remote_frees += plat_load_relaxed(&s->slot[i]->remote_frees);
	}
}

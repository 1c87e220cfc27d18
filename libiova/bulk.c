/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * bulk.c - ranges by the batch: what lies in one state word is one step.
 *
 * Several ranges of one size in one word, no two over the same unit, are a set of
 * first units.  Shifting a pattern to each and joining the results is the same as
 * multiplying it by the set, for no bit is there twice: units are one range's, and
 * the CONT bit behind a range, which its check has too, is none of its neighbour's
 * own, for that begins with START.
 */
#include "iova_bulk.h"
#include "iova_refill.h"

#define MISSES 64 /* hints in a row that led nowhere */
#define MOST 0x7fffffffu

/* Every place for @want in the word of @pfn, at most @nr; how many were taken. */
static unsigned take_group(struct iova_space *s, const struct iova_want *want, uint64_t pfn,
			   uint64_t *iova, unsigned nr)
{
	const struct iova_pattern *p = &iova_patterns[want->units];
	unsigned lg2 = iova_unit_lg2(want->level), got = 0;
	uint64_t pad = ((uint64_t)want->units << lg2) - want->n;
	uint32_t places, starts;
	struct iova_node *node;
	struct iova_ref ref;

	if (!iova_ref_at(s, want->level, pfn, &ref))
		return 0;
	places = iova_candidates(iova_word_look(&ref) | (uint32_t)iova_ctl_look(&ref), ref.base_pfn,
				 want);
	for (starts = places; places && got < nr; got++)
		places &= places - 1;
	starts ^= places;
	if (!got || iova_word_take(&ref, p->full * starts, p->pat * starts) != PLAT_WORD_OK)
		return 0;
	node = iova_taken_in(&ref);
	for (; starts; starts &= starts - 1) {
		pfn = ref.base_pfn + ((uint64_t)iova_ctz32(starts) << lg2);
		if (want->level)
			iova_pad_set(node, pfn, pad);
		*iova++ = pfn << s->shift;
	}
	return got;
}

/*
 * By hints, until they lead nowhere.  Those that lead to the word that was last
 * emptied are told without a look.
 */
static unsigned take_hinted(struct iova_space *s, const struct iova_want *want, uint64_t *iova,
			    unsigned nr)
{
	unsigned cpu = plat_cpu(), done = 0, lg2 = iova_unit_lg2(want->level) + IOVA_WORD_LG2;
	struct iova_slot *slot = s->slot[cpu < s->nr_slots ? cpu : 0];
	uint64_t empty = IOVA_NONE;

	for (unsigned misses = 0; done < nr && misses < MISSES;) {
		uint64_t pfn = iova_hint_pop(slot, want->level, want->class);
		unsigned got = 0;

		if (pfn >> lg2 != empty)
			got = take_group(s, want, pfn, iova + done, nr - done);
		if (got)
			empty = pfn >> lg2;
		misses = got ? 0 : misses + 1;
		done += got;
	}
	return done;
}

int iova_space_alloc_bulk(struct iova_space *s, uint64_t size, uint64_t max, uint64_t *iova,
			  unsigned nr)
{
	struct iova_want want;
	unsigned done = 0;
	bool together;
	int r = nr > MOST ? -EINVAL : iova_want_below(s, &want, size, max);

	if (r)
		return r;
	together = want.level < IOVA_OWNED_LEVELS && !s->long_way;
	plat_read_lock(); /* N1: nodes that are found stay */
	while (done < nr) {
		uint64_t pfn;

		if (together)
			done += take_hinted(s, &want, iova + done, nr - done);
		if (done == nr)
			break;
		pfn = iova_alloc_pfn(s, &want);
		if (iova_is_err(pfn)) {
			r = iova_err(pfn);
			break;
		}
		iova[done++] = pfn << s->shift;
		if (together) /* and what lies beside it */
			done += take_group(s, &want, pfn, iova + done, nr - done);
	}
	plat_read_unlock();
	return done ? (int)done : r;
}

/* Ranges of one word that are to be freed together. */
struct group {
	struct iova_ref ref;
	const struct iova_pattern *p; /* of each */
	uint64_t seen; /* the word, before the look at LOOK */
	uint32_t starts;
	unsigned nr;
};

/*
 * As many from the front as lie in one word of level 0 or 1, where such ranges
 * may; the word decides the rest.  False: one by one is the way.
 */
static bool gather(struct iova_space *s, uint64_t n, const uint64_t *iova, unsigned nr,
		   struct group *group)
{
	unsigned level = iova_level(n), lg2 = iova_unit_lg2(level), shift = lg2 + s->shift;
	uint64_t units = (n + (1ull << lg2) - 1) >> lg2, pfn = iova[0] >> s->shift, base;
	uint32_t used = 0, starts = 0;
	unsigned i;

	if (level >= IOVA_OWNED_LEVELS || pfn > s->last_pfn || s->long_way ||
	    !iova_ref_at(s, level, pfn, &group->ref))
		return false;
	group->seen = iova_word_look(&group->ref);
	if (iova_ctl_look(&group->ref) & IOVA_CTL_LOOK) /* takes more looks than one word */
		return false;
	group->p = &iova_patterns[units];
	base = group->ref.base_pfn << s->shift;
	for (i = 0; i < nr; i++) {
		uint64_t off = iova[i] - base, g = off >> shift;

		if (g + units > 32 || (off & ((1ull << shift) - 1)) ||
		    (used & (uint32_t)group->p->full << g) ||
		    (level && iova_pad_get(group->ref.node, iova[i] >> s->shift) !=
				      (units << lg2) - n))
			break;
		used |= (uint32_t)group->p->full << g;
		starts |= 1u << g;
	}
	group->starts = starts;
	group->nr = i;
	return i > 1;
}

/* All of the group or nothing. */
static bool free_group(struct iova_space *s, const struct group *group)
{
	const struct iova_ref *ref = &group->ref;
	const struct iova_pattern *p = group->p;
	int r = iova_word_free(ref, p->chk * group->starts, p->pat * group->starts,
			       (uint32_t)(p->full * group->starts), &group->seen);
	unsigned cpu = plat_cpu(), lg2 = iova_unit_lg2(ref->level);
	struct iova_slot *slot = s->slot[cpu < s->nr_slots ? cpu : 0];

	if (r < 0)
		return false;
	if (r) {
		/* IOVA-M1 */
		plat_store_relaxed(&slot->remote_frees,
				   plat_load_relaxed(&slot->remote_frees) + group->nr);
		return true;
	}
	for (uint32_t left = group->starts; left; left &= left - 1) {
		unsigned g = iova_ctz32(left);

		if (!(g & ((1u << p->class) - 1))) /* H: aligned for its class */
			iova_hint_push(slot, ref->level, p->class,
				       ref->base_pfn + ((uint64_t)g << lg2));
	}
	return true;
}

unsigned iova_space_free_bulk(struct iova_space *s, uint64_t size, const uint64_t *iova,
			      unsigned nr)
{
	uint64_t n = (size >> s->shift) + !!(size & s->granule_mask);
	unsigned refused = 0;
	struct group group;

	for (unsigned i = 0, step; i < nr; i += step) {
		bool together, done;

		plat_read_lock(); /* from the look at LOOK to the change of the word (resv.c) */
		together = n && gather(s, n + s->guard, iova + i, nr - i, &group);
		done = together && free_group(s, &group);
		plat_read_unlock();
		step = together ? group.nr : 1;
		if (done)
			continue;
		for (unsigned k = i; k < i + step; k++) /* one by one: who is to blame? */
			refused += iova_space_free(s, iova[k], size) != 0;
	}
	return refused;
}

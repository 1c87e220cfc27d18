/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * resv.c - what is out of use, and how that changes.
 *
 * Reserved granules are claimed in the words like fixed ranges (span.c), so that
 * no search considers them; and stand in a set that frees and queries consult,
 * which is sorted, immutable and replaced as a whole:
 *
 *   more:  claim, hidden, what the new set has and the old had not; publish; wait
 *	    for a grace period; show
 *   less:  cut pieces at the ends; hide what goes; publish; release
 *
 * So no free matches a reserved piece without having seen the set that it is in:
 * a free looks at the set, then at the word, within one read-side section, and
 * its CAS fails if the word has changed since.  An old set is freed a grace period
 * after it was replaced.  One thread at a time changes (resv_busy).
 */
#include "iova_life.h"
#include "iova_resv.h"
#include "iova_refill.h"

#define BUSY_TRIES 1000

/* The first interval that does not end before @pfn; set->nr: none. */
static uint32_t find_from(const struct iova_resv_set *set, uint64_t pfn)
{
	uint32_t lo = 0, hi = set->nr;

	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;

		if (set->r[mid].last_pfn < pfn)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

bool iova_reserved(struct iova_space *s, uint64_t first, uint64_t last, struct iova_resv *hit)
{
	const struct iova_resv_set *set;
	bool found = false;

	plat_read_lock();
	set = plat_load_acquire(&s->resv); /* IOVA-V1: pairs with IOVA-V2 */
	if (set) {
		uint32_t i = find_from(set, first);

		found = i < set->nr && set->r[i].first_pfn <= last;
		if (found && hit)
			*hit = set->r[i];
	}
	plat_read_unlock();
	return found;
}

uint64_t iova_reserved_granules(struct iova_space *s)
{
	const struct iova_resv_set *set;
	uint64_t n = 0;

	plat_read_lock();
	set = plat_load_acquire(&s->resv); /* IOVA-V1: pairs with IOVA-V2 */
	for (uint32_t i = 0; set && i < set->nr; i++)
		if (!set->r[i].outside)
			n += set->r[i].last_pfn - set->r[i].first_pfn + 1;
	plat_read_unlock();
	return n;
}

static size_t set_bytes(uint32_t room)
{
	return sizeof(struct iova_resv_set) + room * sizeof(struct iova_resv);
}

static struct iova_resv_set *set_new(struct iova_space *s, uint32_t room)
{
	struct iova_resv_set *set = iova_meta_alloc(s, set_bytes(room), sizeof(uint64_t));

	if (set)
		set->room = room;
	return set;
}

static void set_free(struct iova_space *s, struct iova_resv_set *set)
{
	if (set)
		iova_meta_free(s, set, set_bytes(set->room), sizeof(uint64_t));
}

void iova_resv_drop(struct iova_space *s)
{
	set_free(s, s->resv);
	s->resv = NULL;
}

/* At the end of a set; joined to what it touches. */
static void append(struct iova_resv_set *set, uint64_t first, uint64_t last, bool outside)
{
	struct iova_resv *prev = set->nr ? &set->r[set->nr - 1] : NULL;

	if (prev && prev->outside == outside && prev->last_pfn + 1 == first) {
		prev->last_pfn = last;
		return;
	}
	set->r[set->nr++] = (struct iova_resv){ first, last, outside };
}

static uint64_t min_u64(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static uint64_t max_u64(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/* @old and [first, last], where @old keeps what both have.  NULL: no memory. */
static struct iova_resv_set *set_union(struct iova_space *s, const struct iova_resv_set *old,
				       uint64_t first, uint64_t last, bool outside)
{
	uint32_t nr = old ? old->nr : 0;
	struct iova_resv_set *set = set_new(s, 2 * nr + 1);
	bool done = false;

	for (uint32_t i = 0; set && i < nr; i++) {
		const struct iova_resv *r = &old->r[i];

		if (!done && r->first_pfn > first)
			append(set, first, min_u64(last, r->first_pfn - 1), outside);
		append(set, r->first_pfn, r->last_pfn, r->outside);
		done |= r->last_pfn >= last;
		if (r->last_pfn >= first)
			first = min_u64(last, r->last_pfn) + 1;
	}
	if (set && !done)
		append(set, first, last, outside);
	return set;
}

/* @old without [first, last].  NULL: no memory. */
static struct iova_resv_set *set_without(struct iova_space *s, const struct iova_resv_set *old,
					 uint64_t first, uint64_t last)
{
	struct iova_resv_set *set = set_new(s, old->nr + 1);

	for (uint32_t i = 0; set && i < old->nr; i++) {
		const struct iova_resv *r = &old->r[i];

		if (r->first_pfn < first)
			append(set, r->first_pfn, min_u64(r->last_pfn, first - 1), r->outside);
		if (r->last_pfn > last)
			append(set, max_u64(r->first_pfn, last + 1), r->last_pfn, r->outside);
	}
	return set;
}

/* The first granules [*a, *b] from *a on that @set has and @old has not. */
static bool set_news(const struct iova_resv_set *set, const struct iova_resv_set *old, uint64_t *a,
		     uint64_t *b)
{
	uint64_t at = *a;

	for (;;) {
		uint32_t i = find_from(set, at), k = 0;

		if (i == set->nr)
			return false;
		at = max_u64(at, set->r[i].first_pfn);
		if (old)
			k = find_from(old, at);
		if (old && k < old->nr && old->r[k].first_pfn <= at) {
			at = old->r[k].last_pfn + 1;
			continue;
		}
		*a = at;
		*b = set->r[i].last_pfn;
		if (old && k < old->nr)
			*b = min_u64(*b, old->r[k].first_pfn - 1);
		return true;
	}
}

/* Claims what @set has more than @old, all or nothing. */
static int claim_news(struct iova_space *s, const struct iova_resv_set *set,
		      const struct iova_resv_set *old, enum iova_claim how,
		      struct iova_range *conflict)
{
	uint64_t a = 0, b, end;
	int r = 0;

	iova_move_begin(s); /* what is taken and given back again was never taken (span.c) */
	for (; !r && set_news(set, old, &a, &b); a = r ? a : b + 1)
		r = iova_span_claim(s, a, b, how, 1, conflict);
	end = a;
	for (a = 0; r && set_news(set, old, &a, &b) && a < end; a = b + 1) {
		iova_span_unclaim(s, a, b + 1);
		iova_merge(s, a, b);
	}
	iova_move_end(s, r != 0);
	return r;
}

static int lock(struct iova_space *s)
{
	iova_space_release_held(s); /* what is held back is in nobody's way */
	for (unsigned i = 0; i < BUSY_TRIES; i++) {
		if (plat_cas_full(&s->resv_busy, 0, 1)) /* IOVA-V4: pairs with IOVA-V8 */
			return 0;
		plat_relax();
	}
	return -EAGAIN;
}

static void unlock(struct iova_space *s)
{
	plat_store_release(&s->resv_busy, 0); /* IOVA-V8: pairs with IOVA-V4 */
}

static void publish(struct iova_space *s, struct iova_resv_set *set)
{
	plat_store_release(&s->resv, set); /* IOVA-V2: pairs with IOVA-V1 */
}

/* The lock's holder makes @set, which has more, of @old. */
static int extend(struct iova_space *s, struct iova_resv_set *old, struct iova_resv_set *set,
		  struct iova_range *conflict)
{
	int r = set ? claim_news(s, set, old, IOVA_CLAIM_HIDDEN, conflict) : -ENOMEM;
	uint64_t a = 0, b;

	if (r) {
		unlock(s);
		set_free(s, set);
		return r;
	}
	publish(s, set);
	plat_synchronize(); /* IOVA-V9: nobody goes by @old any more */
	for (; set_news(set, old, &a, &b); a = b + 1)
		iova_span_show(s, a, b + 1);
	unlock(s);
	set_free(s, old);
	return 0;
}

/* Reservations that a caller asked for; @merge: where there may be some already. */
static int reserve(struct iova_space *s, uint64_t first, uint64_t last, bool merge,
		   struct iova_range *conflict)
{
	struct iova_resv_set *old;
	struct iova_resv hit;
	int r;

	if (first == IOVA_RANGE_NONE.first && last == IOVA_RANGE_NONE.last)
		return 0;
	r = iova_check_range(s, first, last);
	if (!r)
		r = lock(s);
	if (r)
		return r;
	old = s->resv;
	first >>= s->shift;
	last >>= s->shift;
	if (!merge && iova_reserved(s, first, last, &hit)) {
		if (conflict)
			*conflict = (struct iova_range){
				hit.first_pfn << s->shift,
				(hit.last_pfn << s->shift) | s->granule_mask
			};
		unlock(s);
		return -EEXIST;
	}
	return extend(s, old, set_union(s, old, first, last, false), conflict);
}

int iova_space_reserve(struct iova_space *s, uint64_t first, uint64_t last,
		       struct iova_range *conflict)
{
	return reserve(s, first, last, false, conflict);
}

int iova_space_reserve_merge(struct iova_space *s, uint64_t first, uint64_t last,
			     struct iova_range *conflict)
{
	return reserve(s, first, last, true, conflict);
}

/* At creation: nobody else is there. */
int iova_outside(struct iova_space *s, uint64_t first, uint64_t last)
{
	struct iova_resv_set *old = s->resv, *set = set_union(s, old, first, last, true);
	int r = set ? claim_news(s, set, old, IOVA_CLAIM_APART, NULL) : -ENOMEM;

	if (r) {
		set_free(s, set);
		return r;
	}
	publish(s, set);
	set_free(s, old);
	return 0;
}

/*
 * The lock's holder makes all of [first, last], which is reserved, usable; @end:
 * the end of the space then.
 */
static int shrink(struct iova_space *s, uint64_t first, uint64_t last, uint64_t end)
{
	struct iova_resv_set *old = s->resv, *set = set_without(s, old, first, last);
	int r = set ? iova_span_cut(s, first) : -ENOMEM;

	if (!r && iova_reserved(s, last + 1, last + 1, NULL))
		r = iova_span_cut(s, last + 1);
	if (r) {
		unlock(s);
		set_free(s, set);
		return r;
	}
	iova_span_hide(s, first, last + 1);
	publish(s, set);
	plat_store_relaxed(&s->usable_last_pfn, end); /* relaxed: iova_usable_last() */
	iova_span_release(s, first, last + 1);
	iova_merge(s, first, last);
	unlock(s);
	plat_synchronize(); /* IOVA-V9: readers of @old are gone */
	set_free(s, old);
	return 0;
}

/* Is all of [first, last] reserved by the caller's wish? */
static bool all_reserved(const struct iova_resv_set *set, uint64_t first, uint64_t last)
{
	uint32_t i = set ? find_from(set, first) : 0;

	return set && i < set->nr && set->r[i].first_pfn <= first && set->r[i].last_pfn >= last &&
	       !set->r[i].outside;
}

int iova_space_unreserve(struct iova_space *s, uint64_t first, uint64_t last)
{
	int r = iova_check_range(s, first, last);

	if (!r)
		r = lock(s);
	if (r)
		return r;
	first >>= s->shift;
	last >>= s->shift;
	if (!all_reserved(s->resv, first, last)) {
		unlock(s);
		return -ENOENT;
	}
	return shrink(s, first, last, s->usable_last_pfn);
}

int iova_space_grow(struct iova_space *s, uint64_t last)
{
	int r = (last & s->granule_mask) != s->granule_mask || last >> s->shift > s->last_pfn ?
			-EINVAL :
			lock(s);
	uint64_t end;

	if (r)
		return r;
	end = s->usable_last_pfn;
	last >>= s->shift;
	if (last > end)
		return shrink(s, end + 1, last, last);
	unlock(s);
	return last < end ? -EINVAL : 0;
}

/* @old and all that @allowed leaves of the space's granules.  NULL: no memory. */
static struct iova_resv_set *set_not_allowed(struct iova_space *s, struct iova_resv_set *old,
					     const struct iova_range *allowed, unsigned nr)
{
	uint64_t max = (s->usable_last_pfn << s->shift) | s->granule_mask, a, b;
	uint64_t from = s->first_pfn << s->shift;
	struct iova_resv_set *set = old;

	while (iova_next_gap(allowed, nr, from, max, &a, &b)) {
		struct iova_resv_set *next =
			set_union(s, set, a >> s->shift, b >> s->shift, true);

		if (set != old)
			set_free(s, set);
		set = next;
		if (!set || b == max)
			break;
		from = b + 1;
	}
	return set;
}

int iova_space_allow(struct iova_space *s, const struct iova_range *allowed, unsigned nr,
		     struct iova_range *conflict)
{
	struct iova_resv_set *old, *set;
	int r = nr && !allowed ? -EINVAL : lock(s);

	if (r)
		return r;
	old = s->resv;
	set = set_not_allowed(s, old, allowed, nr);
	if (set == old) { /* all of it is allowed */
		unlock(s);
		return 0;
	}
	return extend(s, old, set, conflict);
}

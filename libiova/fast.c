/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* fast.c - allocation and free: the paths without a LOCK-prefixed instruction, and their ends. */
#include "iova_bulk.h"
#include "iova_refill.h"
#include "plat_rcu.h"

static struct iova_slot *slot_of(struct iova_space *s, unsigned cpu)
{
	return s->slot[cpu < s->nr_slots ? cpu : 0];
}

static plat_noinline uint64_t alloc_slow(struct iova_space *s, uint64_t size, uint64_t max)
{
	struct iova_want want;
	int r = iova_want_below(s, &want, size, max);

	return r ? (uint64_t)(int64_t)r : iova_result(s, iova_alloc_pfn(s, &want));
}

/*
 * The fast paths have no stack frame: whatever is out of the ordinary leaves
 * them by a tail call; in a space where all is (fast_units), by their first test.
 * A granule number out of iova_hint_pop() always has a cell, and its class's
 * alignment; the step checks the rest.  @ready: of no use
 * to the caller but what lies ready.
 */
static plat_always_inline uint64_t alloc_missed(struct iova_space *s, uint64_t size, uint64_t max,
						bool ready)
{
	return ready ? (uint64_t)-EAGAIN : alloc_slow(s, size, max);
}

/* Out of line: most words never have a pad, and most ranges none. */
static plat_noinline uint64_t note_pad(struct iova_node *node, uint64_t pfn, uint64_t pad,
				       uint64_t iova)
{
	iova_pad1_set(node, pfn, pad);
	return iova;
}

static uint64_t ready_level1_high(struct iova_space *s, uint64_t size, uint64_t max);
static uint64_t search_level1_high(struct iova_space *s, uint64_t size, uint64_t max);

/* 33 to 512 granules: one word of level 1.  @high: with the hint just popped, which lies high. */
static plat_always_inline uint64_t alloc_level1(struct iova_space *s, uint64_t size, uint64_t max,
						bool ready, bool high)
{
	uint64_t last = (size - 1) >> s->shift, more = last >> IOVA_FANOUT_LG2, pfn, iova;
	const struct iova_pattern *p = iova_pattern_of(more); /* @more: than one unit */
	unsigned g, cpu = plat_cpu_raw();
	struct iova_hints *hints;
	struct iova_node *node;
	void *const *cell;

	if (plat_unlikely(more >= s->fast_units || cpu >= s->nr_slots))
		return alloc_missed(s, size, max, ready);
	hints = iova_hints_of(s->slot[cpu], p) + IOVA_HINTS1;
	pfn = high ? iova_hint_peek_of(hints) : iova_hint_pop_of(hints);
	if (!high && plat_unlikely(!iova_is_low(pfn)))
		return ready ? ready_level1_high(s, size, max) : search_level1_high(s, size, max);
	iova = pfn << s->shift;
	cell = high ? iova_cell(s, pfn) : iova_cell_low(s, pfn);
	g = pfn >> IOVA_FANOUT_LG2 & 31;
	if (plat_unlikely(iova + ((size - 1) | s->granule_mask) > max ||
			  plat_word_take(cell, iova_off1(pfn), p->full << g, p->pat << g)))
		return alloc_missed(s, size, max, ready);
	node = plat_load_acquire(cell); /* IOVA-N1: pairs with IOVA-N2 */
	if (plat_unlikely((~last & 15) || iova_padded(iova_word_of(node, iova_off1(pfn)))))
		return note_pad(node, pfn, ~last & 15, iova);
	return iova;
}

/* Where an allocation goes on when its hint lies high, or does not serve. */
static plat_always_inline uint64_t alloc_high(struct iova_space *s, uint64_t size, uint64_t max,
					      bool ready)
{
	uint64_t n = (size + s->granule_mask) >> s->shift, pfn, iova;
	const struct iova_pattern *p = &iova_patterns[n];
	unsigned g, cpu = plat_cpu_raw();

	if (plat_unlikely(cpu >= s->nr_slots))
		return alloc_missed(s, size, max, ready);
	pfn = iova_hint_peek(s->slot[cpu], 0, (unsigned)p->class);
	iova = pfn << s->shift;
	g = pfn & 31;
	if (plat_unlikely(
		    iova_is_low(pfn) || iova + (n << s->shift) - 1 > max ||
		    plat_word_take(iova_cell(s, pfn), iova_off0(pfn), p->full << g, p->pat << g)))
		return alloc_missed(s, size, max, ready);
	return iova;
}

/* The ways out of line, each of them twice. */
static plat_noinline uint64_t search_level1(struct iova_space *s, uint64_t size, uint64_t max)
{
	return alloc_level1(s, size, max, false, false);
}

static plat_noinline uint64_t search_level1_high(struct iova_space *s, uint64_t size, uint64_t max)
{
	return alloc_level1(s, size, max, false, true);
}

static plat_noinline uint64_t search_high(struct iova_space *s, uint64_t size, uint64_t max)
{
	return alloc_high(s, size, max, false);
}

static plat_noinline uint64_t ready_level1(struct iova_space *s, uint64_t size, uint64_t max)
{
	return alloc_level1(s, size, max, true, false);
}

static plat_noinline uint64_t ready_level1_high(struct iova_space *s, uint64_t size, uint64_t max)
{
	return alloc_level1(s, size, max, true, true);
}

static plat_noinline uint64_t ready_high(struct iova_space *s, uint64_t size, uint64_t max)
{
	return alloc_high(s, size, max, true);
}

static plat_always_inline uint64_t alloc(struct iova_space *s, uint64_t size, uint64_t max,
					 bool ready)
{
	uint64_t more = (size - 1) >> s->shift, pfn, iova; /* @more: than one granule */
	unsigned g, cpu = plat_cpu_raw();
	const struct iova_pattern *p;

	if (plat_unlikely(more >= s->fast_units))
		return ready ? ready_level1(s, size, max) : search_level1(s, size, max);
	if (plat_unlikely(cpu >= s->nr_slots))
		return alloc_missed(s, size, max, ready);
	p = iova_pattern_of(more);
	pfn = iova_hint_pop_of(iova_hints_of(s->slot[cpu], p));
	iova = pfn << s->shift;
	g = pfn & 31;
	if (plat_unlikely(!iova_is_low(pfn) || iova + ((size - 1) | s->granule_mask) > max ||
			  plat_word_take(iova_cell_low(s, pfn), iova_off0(pfn), p->full << g,
					 p->pat << g)))
		return ready ? ready_high(s, size, max) : search_high(s, size, max);
	return iova;
}

uint64_t iova_space_alloc(struct iova_space *s, uint64_t size, uint64_t max)
{
	return alloc(s, size, max, false);
}

uint64_t iova_space_alloc_ready(struct iova_space *s, uint64_t size, uint64_t max)
{
	return alloc(s, size, max, true);
}

static void hint_range(struct iova_slot *slot, uint64_t pfn, uint64_t n)
{
	unsigned level = iova_level(n), lg2 = iova_unit_lg2(level);
	uint64_t units = (n + (1ull << lg2) - 1) >> lg2;

	unsigned class = (unsigned)iova_patterns[units].class;

	/* A hint is believed as to its alignment; a range at a given address may have none. */
	if (!(pfn & ((1ull << lg2 << class) - 1)))
		iova_hint_push(slot, level, class, pfn);
}

/* Nothing that a word says of itself: no reservation, no part of more, no split unit. */
static bool is_all_of_it(struct iova_space *s, uint64_t pfn, uint64_t n, unsigned level)
{
	struct iova_ref at;

	if (iova_reserved(s, pfn, pfn + n - 1, NULL) || iova_span_goes_on(s, pfn + n))
		return false;
	/* a split unit is no range, whatever follows it */
	return !level || (iova_locate(s, pfn, &at) && at.level == level);
}

/*
 * The whole check of a free, for ranges in their ordinary place (one word of
 * the level that their size says).  0, 1, -EINVAL; or -EAGAIN: look again.
 */
static int free_in_word(struct iova_space *s, uint64_t pfn, uint64_t n, bool check_only)
{
	unsigned level = iova_level(n), lg2 = iova_unit_lg2(level);
	uint64_t unit = 1ull << lg2, units = (n + unit - 1) >> lg2;
	const struct iova_pattern *p = &iova_patterns[units];
	unsigned g = pfn >> lg2 & 31;
	struct iova_ref ref;
	uint64_t w, ctl;

	if ((pfn & (unit - 1)) || g + units > 32 || level > s->top_level ||
	    !iova_ref_at(s, level, pfn, &ref))
		return -EINVAL;
	if (level && iova_pad_get(ref.node, pfn) != (units << lg2) - n)
		return -EINVAL;
	/* The word before its LOOK: who sees a piece of a range in it sees that. */
	w = iova_word_look(&ref);
	ctl = iova_ctl_look(&ref);
	if ((ctl & IOVA_CTL_LOOK) && !is_all_of_it(s, pfn, n, level))
		return -EINVAL;
	if (!check_only)
		return iova_word_free(&ref, p->chk << g, p->pat << g, (uint32_t)(p->full << g), &w);
	if (iova_own(ctl) == PLAT_OWN_NONE || iova_own(ctl) == IOVA_OWN_PARKED ||
	    (ctl & (uint32_t)(p->pat << g)))
		return -EINVAL;
	return iova_word_matches(w, p->chk << g, p->pat << g) ? 0 : -EINVAL;
}

static void count_one(uint64_t *counter)
{
	/* IOVA-M1: a count; one may be lost when the thread is moved in between */
	plat_store_relaxed(counter, plat_load_relaxed(counter) + 1);
}

/* A free of any kind, by the long way; @check_only: what it would answer.  0, 1 or -EINVAL. */
int iova_free_now(struct iova_space *s, uint64_t pfn, uint64_t n, bool check_only)
{
	int r;

	do {
		r = free_in_word(s, pfn, n, check_only);
	} while (r == -EAGAIN);
	if (r < 0)
		r = iova_span_free(s, pfn, n, check_only);
	if (r >= 0 && !check_only)
		iova_merge(s, pfn, pfn + n - 1);
	return r;
}

/* The same where ranges are held back before they are free. */
static int free_held(struct iova_space *s, uint64_t pfn, uint64_t n, bool check_only)
{
	int r = iova_free_now(s, pfn, n, true);

	if (r < 0)
		return r;
	if (check_only)
		return iova_is_held(s, pfn) ? -ENOENT : 0;
	return iova_hold(s, pfn, n);
}

/* As iova_space_free(), in granules, without those that guard it. */
int iova_free_granules(struct iova_space *s, uint64_t pfn, uint64_t n, bool check_only)
{
	uint64_t last = iova_usable_last(s);
	struct iova_slot *slot = slot_of(s, plat_cpu());
	struct iova_range range;
	int r = -EINVAL;

	n += n ? s->guard : 0;
	plat_read_lock(); /* from the look at the reservations to the change of the word (resv.c) */
	if (n && pfn >= s->first_pfn && pfn <= last && n - 1 <= last - pfn) {
		r = s->ring ? free_held(s, pfn, n, check_only) :
			      iova_free_now(s, pfn, n, check_only);
		if (r < 0 && !iova_reserved(s, pfn, pfn, NULL) &&
		    iova_space_find(s, pfn << s->shift, &range) == -ENOENT)
			r = -ENOENT;
	}
	plat_read_unlock();
	if (check_only)
		return r;
	if (r < 0)
		plat_fetch_add_relaxed(&slot->bad_frees, 1); /* IOVA-M1 */
	else if (r)
		count_one(&slot->remote_frees);
	else if (iova_level(n) < IOVA_OWNED_LEVELS && !s->long_way)
		hint_range(slot, pfn, n);
	return r < 0 ? r : 0;
}

/* The long way of a free, or of a check, in bytes. */
plat_noinline int iova_free_slow(struct iova_space *s, uint64_t iova, uint64_t size, bool check_only)
{
	uint64_t n = (size >> s->shift) + !!(size & s->granule_mask);

	/* No range begins inside a granule: as if it had no length. */
	return iova_free_granules(s, iova >> s->shift, iova & s->granule_mask ? 0 : n, check_only);
}

static plat_noinline int free_bad(struct iova_space *s, uint64_t iova, uint64_t size)
{
	return iova_free_slow(s, iova, size, false);
}

/*
 * A range keeps its node; but what is said to be one, and is none, may lie in a node that
 * is being given back.  So where that can be, who only looks does it in a section (N1).
 */
static plat_always_inline bool enter(const struct iova_space *s, plat_section_t *section)
{
	return plat_likely(!s->trim) || plat_read_trylock(section);
}

static plat_always_inline void leave_section(const struct iova_space *s, plat_section_t section)
{
	if (plat_unlikely(s->trim))
		plat_read_tryunlock(section);
}

/* Leaves the range in REM.  @wp: the state word, @g: the range's first unit in it. */
static plat_always_inline bool leave(const struct iova_space *s, unsigned cpu, uint64_t *wp,
				     const struct iova_pattern *p, unsigned g)
{
	uint64_t ctl = plat_load_acquire(plat_ctl_of(wp)); /* IOVA-W3: pairs with IOVA-R2 */
	uint64_t bits = (uint32_t)(p->full << g);

	return iova_own(ctl) <= PLAT_OWN_MAX_CPU && iova_own(ctl) != cpu && cpu < s->nr_slots &&
	       (ctl & PLAT_CTL_OPEN) && !(ctl & bits) &&
	       /* IOVA-W9: pairs with IOVA-W4, IOVA-A3 */
	       (plat_load_acquire(wp) & p->chk << g) == p->pat << g &&
	       /* IOVA-W6: pairs with IOVA-W7, IOVA-R2 */
	       plat_cas_full(plat_ctl_of(wp), ctl, ctl | bits);
}

/*
 * The range belongs to a word of another CPU.  Everything out of the ordinary,
 * errors above all, goes the long way.  A range keeps its node; what is none may
 * lie in one that is being given back, hence the section (N1).
 */
static plat_always_inline int free_foreign(struct iova_space *s, uint64_t iova, uint64_t size,
					   void *const *cell, size_t off,
					   const struct iova_pattern *p, unsigned g)
{
	unsigned cpu = plat_cpu_raw();
	plat_section_t section = 0;
	bool left;

	if (plat_unlikely(!enter(s, &section)))
		return free_bad(s, iova, size);
	/* IOVA-N1: pairs with IOVA-N2 */
	left = leave(s, cpu, iova_word_of(plat_load_acquire(cell), off), p, g);
	leave_section(s, section);
	if (plat_unlikely(!left))
		return free_bad(s, iova, size);
	count_one(&s->slot[cpu]->remote_frees);
	return 0;
}

static plat_noinline int free_low_foreign(struct iova_space *s, uint64_t pfn,
					  const struct iova_pattern *p)
{
	uint64_t n = (uint64_t)(p - iova_patterns);

	return free_foreign(s, pfn << s->shift, n << s->shift, iova_cell_low(s, pfn),
			    iova_off0(pfn), p, pfn & 31);
}

/* Whether the range at @pfn, if it is one of that many units, has @pad rounded away. */
static plat_always_inline bool pad_is(const struct iova_space *s, void *const *cell, uint64_t pfn,
				      uint64_t pad)
{
	plat_section_t section = 0;
	bool is;

	if (plat_unlikely(!enter(s, &section)))
		return false;
	/* IOVA-N1: pairs with IOVA-N2; a word of iova_no_node is not PADDED */
	is = iova_pad1_get(plat_load_acquire(cell), pfn) == pad;
	leave_section(s, section);
	return is;
}

/* 33 to 512 granules, where free_level1() does not do: high, or to be looked at in a section. */
static plat_noinline int free_level1_far(struct iova_space *s, uint64_t iova, uint64_t size)
{
	uint64_t n = (size + s->granule_mask) >> s->shift;
	uint64_t pfn = iova >> s->shift, units = (n + 15) >> IOVA_FANOUT_LG2;
	unsigned cpu, g = pfn >> IOVA_FANOUT_LG2 & 31;
	const struct iova_pattern *p;
	void *const *cell;

	if (plat_unlikely(units - 1 >= s->fast_units || (iova & s->granule_mask) || (pfn & 15) ||
			  pfn > s->last_pfn || g + units > 32))
		return free_bad(s, iova, size);
	p = &iova_patterns[units];
	cell = iova_cell(s, pfn);
	if (plat_unlikely(!pad_is(s, cell, pfn, (units << IOVA_FANOUT_LG2) - n)))
		return free_bad(s, iova, size);
	if (plat_unlikely(plat_word_put(cell, iova_off1(pfn), p->chk << g, p->pat << g)))
		return free_foreign(s, iova, size, cell, iova_off1(pfn), p, g);
	cpu = plat_cpu_raw();
	if (plat_likely(cpu < s->nr_slots))
		iova_hint_push(s->slot[cpu], 1, p->class, pfn);
	return 0;
}

static plat_noinline int free_level1(struct iova_space *s, uint64_t iova, uint64_t size)
{
	uint64_t last = (size - 1) >> s->shift, more = last >> IOVA_FANOUT_LG2;
	uint64_t unit = iova_pfn_of(iova, s->shift + IOVA_FANOUT_LG2); /* as iova_space_free() */
	uint64_t pfn = unit << IOVA_FANOUT_LG2;
	const struct iova_pattern *p = iova_pattern_of(more);
	unsigned cpu, g = unit & 31;
	void *const *cell;

	/* Low granules beyond the space are reserved. */
	if (plat_unlikely(more >= s->look_units ||
			  unit >> (IOVA_TABLE_LG2 - IOVA_FANOUT_LG2) >= IOVA_LOW ||
			  ((uint8_t)unit & p->align)))
		return free_level1_far(s, iova, size);
	cell = iova_cell_low(s, pfn);
	/* IOVA-N1: pairs with IOVA-N2; a word of iova_no_node is not PADDED */
	if (plat_unlikely(iova_pad1_get(plat_load_acquire(cell), pfn) != (~last & 15)))
		return free_bad(s, iova, size);
	if (plat_unlikely(plat_word_put(cell, iova_off1(pfn), p->chk << g, p->pat << g)))
		return free_level1_far(s, iova, size);
	cpu = plat_cpu_raw();
	if (plat_likely(cpu < s->nr_slots))
		iova_hint_push_of(iova_hints_of(s->slot[cpu], p) + IOVA_HINTS1, pfn);
	return 0;
}

/* Where iova_space_free() goes on when the range lies high. */
static plat_noinline int free_high(struct iova_space *s, uint64_t iova, uint64_t size)
{
	uint64_t n = (size + s->granule_mask) >> s->shift, pfn = iova >> s->shift;
	const struct iova_pattern *p = &iova_patterns[n];
	unsigned cpu, g = pfn & 31;
	void *const *cell;

	if (plat_unlikely((iova & s->granule_mask) || pfn > s->last_pfn || g + n > 32))
		return free_bad(s, iova, size);
	cell = iova_cell(s, pfn);
	if (plat_unlikely(plat_word_put(cell, iova_off0(pfn), p->chk << g, p->pat << g)))
		return free_foreign(s, iova, size, cell, iova_off0(pfn), p, g);
	cpu = plat_cpu_raw();
	if (plat_likely(cpu < s->nr_slots))
		iova_hint_push(s->slot[cpu], 0, (unsigned)p->class, pfn);
	return 0;
}

int iova_space_free(struct iova_space *s, uint64_t iova, uint64_t size)
{
	uint64_t more = (size - 1) >> s->shift;	    /* than one granule */
	uint64_t pfn = iova_pfn_of(iova, s->shift); /* not low where no granule begins */
	const struct iova_pattern *p;
	unsigned cpu, g = pfn & 31;

	if (plat_unlikely(more >= s->fast_units))
		return free_level1(s, iova_of_pfn(pfn, s->shift), size);
	p = iova_pattern_of(more);
	if (plat_unlikely(!iova_is_low(pfn) || ((uint8_t)pfn & p->align)))
		return free_high(s, iova_of_pfn(pfn, s->shift), size);
	/* Low granules beyond the space are reserved. */
	if (plat_unlikely(
		    plat_word_put(iova_cell_low(s, pfn), iova_off0(pfn), p->chk << g, p->pat << g)))
		return free_low_foreign(s, pfn, p);
	cpu = plat_cpu_raw();
	if (plat_likely(cpu < s->nr_slots))
		iova_hint_push_of(iova_hints_of(s->slot[cpu], p), pfn);
	return 0;
}

/* One of many, where it takes more than the loop below. */
static plat_noinline unsigned free_one_packed(struct iova_space *s, uint64_t range)
{
	return iova_space_free(s, range & IOVA_PACKED_FIRST,
			       (range >> IOVA_PACKED_SHIFT & IOVA_PACKED_MAX) << s->shift) != 0;
}

unsigned iova_space_free_packed(struct iova_space *s, const uint64_t *range, unsigned nr)
{
	unsigned refused = 0;

	for (unsigned i = 0; i < nr; i++) {
		uint64_t pfn = iova_pfn_of(range[i] & IOVA_PACKED_FIRST, s->shift);
		uint64_t more = (range[i] >> IOVA_PACKED_SHIFT & IOVA_PACKED_MAX) - 1;
		const struct iova_pattern *p = iova_pattern_of(more);
		unsigned cpu, g = pfn & 31;

		if (plat_unlikely(more >= s->fast_units || !iova_is_low(pfn) ||
				  ((uint8_t)pfn & p->align))) {
			refused += free_one_packed(s, range[i]);
			continue;
		}
		if (plat_unlikely(plat_word_put(iova_cell_low(s, pfn), iova_off0(pfn), p->chk << g,
						p->pat << g))) {
			refused += free_one_packed(s, range[i]);
			continue;
		}
		cpu = plat_cpu_raw();
		if (plat_likely(cpu < s->nr_slots))
			iova_hint_push_of(iova_hints_of(s->slot[cpu], p), pfn);
	}
	return refused;
}

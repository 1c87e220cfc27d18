/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* check.c - what a free would answer, and the free that follows such a look. */
#include "iova_refill.h"
#include "plat_rcu.h"

/* Where check_low() found a range: its word, and what that is compared with. */
struct place {
	void *const *cell;
	size_t off;
	uint64_t chk;
	uint64_t pat;
	uint64_t pfn;
	uint64_t ctl;
	const struct iova_pattern *p;
};

/* The control word of a word that holds @pat where @chk is; else one that says: look elsewhere. */
static plat_always_inline uint64_t look(void *const *cell, size_t off, uint64_t chk, uint64_t pat)
{
	const uint64_t *word = iova_word_of(plat_load_acquire(cell), off); /* IOVA-N1: pairs with IOVA-N2 */

	/* IOVA-C1: if the range is there it is the caller's, and nobody changes its bits */
	return (plat_load_relaxed(word) & chk) == pat ? plat_load_relaxed(plat_ctl_of(word)) :
							 IOVA_CTL_LOOK;
}

/*
 * Whether the range is what iova_space_free() would free, if it lies low and in one word
 * of level 0; false: look again the long way.  @section: the caller is in one; else only
 * where nodes do not go.
 */
static plat_always_inline bool look_low(struct iova_space *s, uint64_t iova, uint64_t size,
					struct place *at, bool section)
{
	uint64_t more = (size - 1) >> s->shift; /* than one granule */
	unsigned g;

	at->pfn = iova_pfn_of(iova, s->shift);
	at->p = iova_pattern_of(more);
	g = at->pfn & 31;
	if (plat_unlikely(more >= (section ? s->fast_units : s->look_units) ||
			  !iova_is_low(at->pfn) || ((uint8_t)at->pfn & at->p->align)))
		return false;
	at->chk = (at->p->full | at->p->chk) << g;
	at->pat = at->p->pat << g;
	at->cell = iova_cell_low(s, at->pfn);
	at->off = iova_off0(at->pfn);
	at->ctl = look(at->cell, at->off, at->chk, at->pat);
	return !(at->ctl & (IOVA_CTL_LOOK | (uint32_t)at->pat));
}

/* The same where nodes can go (N1): who only looks does it in a section. */
static plat_always_inline bool look_inside(struct iova_space *s, uint64_t iova, uint64_t size,
					   struct place *at)
{
	plat_section_t section;
	bool is;

	if (plat_unlikely(!plat_read_trylock(&section)))
		return false;
	is = look_low(s, iova, size, at, true);
	plat_read_tryunlock(section);
	return is;
}

/* The first look of a check: in a section always where that costs no more than a branch. */
static plat_always_inline bool check_low(struct iova_space *s, uint64_t iova, uint64_t size,
					 struct place *at)
{
	return PLAT_SECTION_CHEAP ? look_inside(s, iova, size, at) :
				    look_low(s, iova, size, at, false);
}

/* The second one, where the first was not made: out of line, before the long way. */
static plat_always_inline bool check_low_again(struct iova_space *s, uint64_t iova, uint64_t size,
					       struct place *at)
{
	return !PLAT_SECTION_CHEAP && s->trim && look_inside(s, iova, size, at);
}

static plat_noinline int check_slow(struct iova_space *s, uint64_t iova, uint64_t size)
{
	struct place at plat_uninit;

	return check_low_again(s, iova, size, &at) ? 0 : iova_free_slow(s, iova, size, true);
}

int iova_space_check(struct iova_space *s, uint64_t iova, uint64_t size)
{
	struct place at plat_uninit;

	if (plat_unlikely(!check_low(s, iova, size, &at)))
		return check_slow(s, iova, size);
	return 0;
}

static plat_always_inline int found_home(const struct place *at, unsigned *cpu)
{
	*cpu = iova_own(at->ctl) <= PLAT_OWN_MAX_CPU ? (unsigned)iova_own(at->ctl) : IOVA_CPU_ANY;
	return 0;
}

static plat_noinline int check_home_slow(struct iova_space *s, uint64_t iova, uint64_t size,
					 unsigned *cpu)
{
	struct place at plat_uninit;

	if (check_low_again(s, iova, size, &at))
		return found_home(&at, cpu);
	*cpu = IOVA_CPU_ANY;
	return iova_free_slow(s, iova, size, true);
}

int iova_space_check_home(struct iova_space *s, uint64_t iova, uint64_t size, unsigned *cpu)
{
	struct place at plat_uninit;

	if (plat_unlikely(!check_low(s, iova, size, &at)))
		return check_home_slow(s, iova, size, cpu);
	return found_home(&at, cpu);
}

static plat_always_inline int found_free(const struct place *at, struct iova_checked *checked)
{
	checked->cell = at->cell;
	checked->off = at->off;
	checked->chk = at->chk;
	checked->pat = at->pat;
	checked->pfn = at->pfn;
	checked->p = at->p;
	return 0;
}

static plat_noinline int check_free_slow(struct iova_space *s, uint64_t iova, uint64_t size,
					 struct iova_checked *checked)
{
	struct place at plat_uninit;

	if (check_low_again(s, iova, size, &at))
		return found_free(&at, checked);
	checked->cell = iova_cell_low(s, 0); /* no word holds 1 in none of its bits */
	checked->off = iova_off0(0);
	checked->chk = 0;
	checked->pat = 1;
	return iova_free_slow(s, iova, size, true);
}

int iova_space_check_free(struct iova_space *s, uint64_t iova, uint64_t size,
			  struct iova_checked *checked)
{
	struct place at plat_uninit;

	if (plat_unlikely(!check_low(s, iova, size, &at)))
		return check_free_slow(s, iova, size, checked);
	return found_free(&at, checked);
}

int iova_space_free_checked(struct iova_space *s, uint64_t iova, uint64_t size,
			    const struct iova_checked *checked)
{
	const struct iova_pattern *p = checked->p;
	unsigned cpu;

	/* The check is made again, in the step that frees. */
	if (plat_unlikely(plat_word_put((void *const *)checked->cell, checked->off, checked->chk,
					checked->pat)))
		return iova_space_free(s, iova, size);
	cpu = plat_cpu_raw();
	if (plat_likely(cpu < s->nr_slots))
		iova_hint_push_of(iova_hints_of(iova_slot_of(s, cpu), p), checked->pfn);
	return 0;
}

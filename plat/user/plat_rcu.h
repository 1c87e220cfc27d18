/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * plat_rcu.h - read sections inlined, for code whose fast path opens one.
 *
 * Same names and meaning as in plat.h; only who includes this file sees
 * liburcu's headers.  A section is one word per thread (urcu/static/urcu-bp.h):
 * nesting in the low half, the phase of the grace period it began in above.
 * The word is reached by its address, because liburcu places its structure at
 * less than the alignment its type declares, which a sanitizer objects to.
 *
 *   plat_read_trylock(&section)  plat_read_lock(), or false when that takes a call (this
 *       thread has never had a section), a fence (no membarrier(2)), or nesting:
 *       a function that is to stay without a stack frame then goes to its slow
 *       variant.
 *   plat_read_tryunlock(section)  ends the section that plat_read_trylock() began.
 *
 *   PLAT_SECTION_CHEAP  1: plat_read_trylock() never fails, and both together cost no more
 *       than a test of whether a section is needed.
 */
#ifndef PLAT_USER_RCU_H
#define PLAT_USER_RCU_H

#include "plat.h"

#include <urcu/static/urcu-bp.h>

#pragma GCC visibility push(hidden)
/*
 * The nesting of a thread that is in no section; without membarrier(2), as it is known from the
 * library's constructor on, a nesting that no thread has.  Reached directly.
 */
extern unsigned long plat_user_rcu_idle;
extern char plat_user_rcu_tag;
#pragma GCC visibility pop

/*
 * ThreadSanitizer does not see that the end of a section is ordered before the
 * end of the grace period that waited for it: tell it.
 */
#if PLAT_TSAN
#include <sanitizer/tsan_interface.h>
#define PLAT_RCU_TSAN_RELEASE() __tsan_release(&plat_user_rcu_tag)
#define PLAT_RCU_TSAN_ACQUIRE() __tsan_acquire(&plat_user_rcu_tag)
#else
#define PLAT_RCU_TSAN_RELEASE() ((void)0)
#define PLAT_RCU_TSAN_ACQUIRE() ((void)0)
#endif

static plat_always_inline unsigned long *plat_rcu_word(void)
{
	_Static_assert(offsetof(struct urcu_bp_reader, ctr) == 0, "the word is first");
	return (unsigned long *)(void *)URCU_TLS(urcu_bp_reader);
}

/*
 * relaxed: the word is written by this thread only, which may read it as it likes.
 * The fence that the grace period pairs with is the compiler's where the grace
 * period sends membarrier(2) to every thread.
 */
typedef unsigned long *plat_section_t;

#define PLAT_SECTION_CHEAP 0

static plat_always_inline bool plat_rcu_trylock(plat_section_t *section)
{
	unsigned long *word = plat_rcu_word();

	if (plat_unlikely(!word || (*word & URCU_BP_GP_CTR_NEST_MASK) != plat_user_rcu_idle))
		return false;
	plat_store_relaxed(word, plat_load_relaxed(&urcu_bp_gp.ctr));
	cmm_barrier();
	*section = word;
	return true;
}

/* The section was the outermost; the phase in the word says nothing outside of one. */
static plat_always_inline void plat_rcu_tryunlock(plat_section_t section)
{
	PLAT_RCU_TSAN_RELEASE();
	cmm_barrier();
	plat_store_relaxed(section, 0);
	cmm_barrier();
}

static plat_always_inline void plat_rcu_unlock(void)
{
	unsigned long *word = plat_rcu_word();

	PLAT_RCU_TSAN_RELEASE();
	urcu_bp_smp_mb_slave();
	/* relaxed: see plat_rcu_trylock() */
	plat_store_relaxed(word, plat_load_relaxed(word) - URCU_BP_GP_COUNT);
	cmm_barrier();
}

#define plat_read_trylock(section) plat_rcu_trylock(section)
#define plat_read_tryunlock(section) plat_rcu_tryunlock(section)
#define plat_read_unlock() plat_rcu_unlock()

#endif

/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * plat_rcu.h - read sections inlined, for code whose fast path opens one.
 *
 * Same names and meaning as in plat.h; only who includes this file sees
 * liburcu's headers.  The functions inlined are those that liburcu offers for
 * inclusion in programs of any licence (urcu/static/urcu-bp.h says so at each).
 *
 *   plat_read_trylock()  plat_read_lock(), or false when this thread has never
 *       had a section and opening one takes a call: a function that is to stay
 *       without a stack frame then goes to its slow variant.
 */
#ifndef PLAT_USER_RCU_H
#define PLAT_USER_RCU_H

#include "plat.h"

#include <urcu/static/urcu-bp.h>

/*
 * ThreadSanitizer does not see that the end of a section is ordered before the
 * end of the grace period that waited for it: tell it.
 */
#if PLAT_TSAN
#include <sanitizer/tsan_interface.h>
#define PLAT_RCU_TSAN_RELEASE() __tsan_release(&plat_user_rcu_tag)
#define PLAT_RCU_TSAN_ACQUIRE() __tsan_acquire(&plat_user_rcu_tag)
#pragma GCC visibility push(hidden)
extern char plat_user_rcu_tag;
#pragma GCC visibility pop
#else
#define PLAT_RCU_TSAN_RELEASE() ((void)0)
#define PLAT_RCU_TSAN_ACQUIRE() ((void)0)
#endif

static plat_always_inline bool plat_rcu_trylock(void)
{
	if (plat_unlikely(!URCU_TLS(urcu_bp_reader)))
		return false;
	_urcu_bp_read_lock();
	return true;
}

static plat_always_inline void plat_rcu_unlock(void)
{
	PLAT_RCU_TSAN_RELEASE();
	_urcu_bp_read_unlock();
}

#define plat_read_trylock() plat_rcu_trylock()
#define plat_read_unlock() plat_rcu_unlock()

#endif

/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * plat_hook.h - user space's plat with something added to each atomic operation: for a
 * test's own plat_impl.h, which defines beforehand what that is.
 *
 *   PLAT_HOOK_RMW(expression)    read-modify-writes
 *   PLAT_HOOK_LOAD(expression), PLAT_HOOK_STORE(statement)   if they matter, too
 */
#ifndef TESTS_PLAT_HOOK_H
#define TESTS_PLAT_HOOK_H

#include "../plat/user/plat_impl.h"

#ifdef PLAT_HOOK_LOAD
#undef PLAT_VECTORS /* they would pass by */
#undef plat_peek
#undef plat_load_relaxed
#undef plat_load_acquire
#undef plat_store_relaxed
#undef plat_store_release
#define plat_peek(p) plat_load_relaxed(p)
#define plat_load_relaxed(p) PLAT_HOOK_LOAD(__atomic_load_n((p), __ATOMIC_RELAXED))
#define plat_load_acquire(p) PLAT_HOOK_LOAD(__atomic_load_n((p), __ATOMIC_ACQUIRE))
#define plat_store_relaxed(p, v) PLAT_HOOK_STORE(__atomic_store_n((p), (v), __ATOMIC_RELAXED))
#define plat_store_release(p, v) PLAT_HOOK_STORE(__atomic_store_n((p), (v), __ATOMIC_RELEASE))
#endif

#undef plat_cas_relaxed
#undef plat_cas_release
#undef plat_cas_full
#undef plat_xchg_full
#undef plat_fetch_or_full
#undef plat_fetch_and_full
#undef plat_fetch_add_relaxed
#undef plat_fetch_add_full

#define PLAT_HOOK_FULL(op) PLAT_HOOK_RMW(PLAT_FULL(op))
#define plat_cas_relaxed(p, old, new) PLAT_HOOK_RMW(PLAT_CAS(p, old, new, __ATOMIC_RELAXED))
#define plat_cas_release(p, old, new) PLAT_HOOK_RMW(PLAT_CAS(p, old, new, __ATOMIC_RELEASE))
#define plat_cas_full(p, old, new) PLAT_HOOK_FULL(PLAT_CAS(p, old, new, __ATOMIC_SEQ_CST))
#define plat_xchg_full(p, v) PLAT_HOOK_FULL(__atomic_exchange_n((p), (v), __ATOMIC_SEQ_CST))
#define plat_fetch_or_full(p, v) PLAT_HOOK_FULL(__atomic_fetch_or((p), (v), __ATOMIC_SEQ_CST))
#define plat_fetch_and_full(p, v) PLAT_HOOK_FULL(__atomic_fetch_and((p), (v), __ATOMIC_SEQ_CST))
#define plat_fetch_add_relaxed(p, v) \
	PLAT_HOOK_RMW(__atomic_fetch_add((p), (v), __ATOMIC_RELAXED))
#define plat_fetch_add_full(p, v) PLAT_HOOK_FULL(__atomic_fetch_add((p), (v), __ATOMIC_SEQ_CST))

#endif

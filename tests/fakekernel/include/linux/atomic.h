/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* fake <linux/atomic.h>: declarations the core's plat needs, for compiling only. */
#ifndef FAKE_LINUX_ATOMIC_H
#define FAKE_LINUX_ATOMIC_H

#include <linux/compiler.h>
#include <linux/types.h>

#define smp_mb() __atomic_thread_fence(__ATOMIC_SEQ_CST)
#define smp_load_acquire(p) __atomic_load_n((p), __ATOMIC_ACQUIRE)
#define smp_store_release(p, v) __atomic_store_n((p), (v), __ATOMIC_RELEASE)
#define cpu_relax() __builtin_ia32_pause()

/* As in the kernel: *old is what was there; nothing is ordered when it fails. */
#define fake_try_cmpxchg(p, old, new, order) \
	__atomic_compare_exchange_n((p), (old), (new), false, (order), __ATOMIC_RELAXED)
#define try_cmpxchg(p, old, new) fake_try_cmpxchg(p, old, new, __ATOMIC_SEQ_CST)
#define try_cmpxchg_relaxed(p, old, new) fake_try_cmpxchg(p, old, new, __ATOMIC_RELAXED)
#define try_cmpxchg_release(p, old, new) fake_try_cmpxchg(p, old, new, __ATOMIC_RELEASE)
#define xchg(p, v) __atomic_exchange_n((p), (v), __ATOMIC_SEQ_CST)

typedef struct {
	int counter;
} atomic_t;
typedef struct {
	s64 counter;
} atomic64_t;

#define atomic_fetch_or(v, a) __atomic_fetch_or(&(a)->counter, (v), __ATOMIC_SEQ_CST)
#define atomic_fetch_and(v, a) __atomic_fetch_and(&(a)->counter, (v), __ATOMIC_SEQ_CST)
#define atomic_fetch_add(v, a) __atomic_fetch_add(&(a)->counter, (v), __ATOMIC_SEQ_CST)
#define atomic_fetch_add_relaxed(v, a) __atomic_fetch_add(&(a)->counter, (v), __ATOMIC_RELAXED)
#define atomic64_fetch_or(v, a) atomic_fetch_or(v, a)
#define atomic64_fetch_and(v, a) atomic_fetch_and(v, a)
#define atomic64_fetch_add(v, a) atomic_fetch_add(v, a)
#define atomic64_fetch_add_relaxed(v, a) atomic_fetch_add_relaxed(v, a)

#endif

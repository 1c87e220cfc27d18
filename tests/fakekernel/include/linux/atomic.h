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

/* As in the kernel: returns the old value; nothing is ordered when it fails. */
#define fake_cmpxchg(p, old, new, order)                                        \
	({                                                                      \
		__typeof__(*(p)) fake_old_ = (old);                             \
		__atomic_compare_exchange_n((p), &fake_old_, (new), false, (order), \
					    __ATOMIC_RELAXED);                  \
		fake_old_;                                                      \
	})
#define cmpxchg(p, old, new) fake_cmpxchg(p, old, new, __ATOMIC_SEQ_CST)
#define cmpxchg_relaxed(p, old, new) fake_cmpxchg(p, old, new, __ATOMIC_RELAXED)
#define cmpxchg_release(p, old, new) fake_cmpxchg(p, old, new, __ATOMIC_RELEASE)
#define cmpxchg_local(p, old, new) fake_cmpxchg(p, old, new, __ATOMIC_RELAXED)
#define xchg(p, v) __atomic_exchange_n((p), (v), __ATOMIC_SEQ_CST)

#endif

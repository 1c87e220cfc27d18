/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * plat_impl.h - user space's plat, which counts what costs a bus lock or a
 * system call: read-modify-writes and full fences, and fences of other CPUs.
 * Every x86 compiler makes a LOCK-prefixed instruction (or XCHG) of each.
 *
 * The CPU-local steps have none to count: plat/user/plat_rseq_x86.h is assembly.
 */
#ifndef PLAT_LOCKS_IMPL_H
#define PLAT_LOCKS_IMPL_H

#include "../../plat/user/plat_impl.h"

/* By the thread that measures. */
extern __thread unsigned long locks_taken;
extern __thread unsigned long locks_fences;

#undef plat_cas_relaxed
#undef plat_cas_release
#undef plat_cas_full
#undef plat_xchg_full
#undef plat_fetch_or_full
#undef plat_fetch_and_full
#undef plat_fetch_add_relaxed
#undef plat_fetch_add_full

#define LOCKS(op) (locks_taken++, (op))
#define plat_cas_relaxed(p, old, new) LOCKS(PLAT_CAS(p, old, new, __ATOMIC_RELAXED))
#define plat_cas_release(p, old, new) LOCKS(PLAT_CAS(p, old, new, __ATOMIC_RELEASE))
#define plat_cas_full(p, old, new) LOCKS(PLAT_CAS(p, old, new, __ATOMIC_SEQ_CST))
#define plat_xchg_full(p, v) LOCKS(__atomic_exchange_n((p), (v), __ATOMIC_SEQ_CST))
#define plat_fetch_or_full(p, v) LOCKS(__atomic_fetch_or((p), (v), __ATOMIC_SEQ_CST))
#define plat_fetch_and_full(p, v) LOCKS(__atomic_fetch_and((p), (v), __ATOMIC_SEQ_CST))
#define plat_fetch_add_relaxed(p, v) LOCKS(__atomic_fetch_add((p), (v), __ATOMIC_RELAXED))
#define plat_fetch_add_full(p, v) LOCKS(__atomic_fetch_add((p), (v), __ATOMIC_SEQ_CST))
#define plat_mb() LOCKS(plat_mb())
#define plat_fence_cpus(cpu) (locks_fences++, plat_fence_cpus(cpu))

#endif

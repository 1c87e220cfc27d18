/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * plat_impl.h - user space's plat, which counts
 *  - what costs a bus lock or a system call: read-modify-writes and full fences, and fences
 *    of other CPUs.  Every x86 compiler makes a LOCK-prefixed instruction (or XCHG) of each.
 *    The CPU-local steps have none to count: plat/user/plat_rseq_x86.h is assembly;
 *  - work: loads, and operations of any kind on shared words.  A CPU-local step is one.
 */
#ifndef PLAT_LOCKS_IMPL_H
#define PLAT_LOCKS_IMPL_H

/* By the thread that measures; in counted.c. */
extern __thread unsigned long locks_taken;
extern __thread unsigned long locks_fences;
extern __thread unsigned long work_loads;
extern __thread unsigned long work_all; /* loads, stores, read-modify-writes, steps */

/* Functions: two loads in one expression have an order then, if an unspecified one. */
static inline void work_count(unsigned long *kind)
{
	work_all++;
	++*kind;
}

#define PLAT_HOOK_RMW(expression) (work_count(&locks_taken), (expression))
#define PLAT_HOOK_LOAD(expression) (work_count(&work_loads), (expression))
#define PLAT_HOOK_STORE(statement)   \
	do {                         \
		work_all++;          \
		statement;           \
	} while (0)
#include "../plat_hook.h"

#define plat_mb() PLAT_HOOK_RMW(plat_mb())
#define plat_fence_cpus(cpu) (locks_fences++, plat_fence_cpus(cpu))
#define plat_word_take(cell, off, full, pat) (work_all++, plat_word_take(cell, off, full, pat))
#define plat_word_put(cell, off, chk, pat) (work_all++, plat_word_put(cell, off, chk, pat))
#define plat_word_collect(cell, off, need) (work_all++, plat_word_collect(cell, off, need))
#define plat_percpu_cas(p, old, new_val, cpu) (work_all++, plat_percpu_cas(p, old, new_val, cpu))

#endif

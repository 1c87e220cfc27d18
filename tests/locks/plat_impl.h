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

/* By the thread that measures. */
extern __thread unsigned long locks_taken;
extern __thread unsigned long locks_fences;

#define PLAT_HOOK_RMW(expression) (locks_taken++, (expression))
#include "../plat_hook.h"

#define plat_mb() PLAT_HOOK_RMW(plat_mb())
#define plat_fence_cpus(cpu) (locks_fences++, plat_fence_cpus(cpu))

#endif

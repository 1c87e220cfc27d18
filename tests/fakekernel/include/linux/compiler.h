/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* fake <linux/compiler.h>: declarations the core's plat needs, for compiling only. */
#ifndef FAKE_LINUX_COMPILER_H
#define FAKE_LINUX_COMPILER_H

#define likely(x) __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)
#define noinline __attribute__((noinline))
#define __always_inline inline __attribute__((always_inline))
#define __aligned(n) __attribute__((aligned(n)))
#define READ_ONCE(x) (*(const volatile __typeof__(x) *)&(x))
#define data_race(expression) (expression)
#define WRITE_ONCE(x, v) (*(volatile __typeof__(x) *)&(x) = (v))

#endif

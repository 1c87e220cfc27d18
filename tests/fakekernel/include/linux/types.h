/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* fake <linux/types.h>: declarations the core's plat needs, for compiling only. */
#ifndef FAKE_LINUX_TYPES_H
#define FAKE_LINUX_TYPES_H

#define NULL ((void *)0)

typedef _Bool bool;
enum { false, true };

typedef unsigned char uint8_t;
typedef unsigned short uint16_t;
typedef unsigned int uint32_t;
typedef unsigned long long uint64_t;
typedef signed char int8_t;
typedef short int16_t;
typedef int int32_t;
typedef long long int64_t;
typedef __SIZE_TYPE__ size_t;
typedef __PTRDIFF_TYPE__ ptrdiff_t;
typedef unsigned long uintptr_t;
typedef unsigned int u32;
typedef unsigned long long u64;
typedef long long s64;

#define offsetof(type, member) __builtin_offsetof(type, member)

#endif

/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* counted.c - the counters of plat_impl.h beside this file. */
#include "plat.h"

__thread unsigned long locks_taken, locks_fences, work_loads, work_all;

/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * poison.h - table pages for stress: checked to come back zeroed, poisoned while
 * they are free, checked again when they are used.  Memory is not given back
 * before poison_empty(), so a late access is wrong but not fatal.
 */
#ifndef STRESS_POISON_H
#define STRESS_POISON_H

#include "plat_mem.h"

extern const struct plat_mem_ops poison_mem_ops;

long poison_live(void);
void poison_empty(void);

/* The program's: called with what was wrong. */
void fail(const char *what);

#endif

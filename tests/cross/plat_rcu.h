/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* plat_rcu.h - plat_read_trylock() without liburcu: plat_cross.c's sections, by a call. */
#ifndef PLAT_CROSS_RCU_H
#define PLAT_CROSS_RCU_H

#include "plat.h"

typedef bool plat_section_t;

#define PLAT_SECTION_CHEAP 0

static inline bool plat_read_trylock(plat_section_t *section)
{
	plat_read_lock();
	return *section = true;
}

static inline void plat_read_tryunlock(plat_section_t section)
{
	if (section)
		plat_read_unlock();
}

#endif

/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* plat_rcu.h - plat_read_trylock() for the model checker: false at a thread's first try. */
#ifndef PLAT_MC_RCU_H
#define PLAT_MC_RCU_H

#include "plat.h"

bool mc_read_trylock(const char *site);

typedef bool plat_section_t;

#define PLAT_SECTION_CHEAP 0

#define plat_read_trylock(section) (*(section) = mc_read_trylock(MC_SITE))

#define plat_read_tryunlock(section) ((void)(section), plat_read_unlock())

#endif

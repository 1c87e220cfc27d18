/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * plat_rcu.h - read sections for fast paths.
 *
 * They last as long as one leaf table takes, so pre-emption may be off: that is
 * inlined, where rcu_read_lock() of a pre-emptible kernel is a call.
 * synchronize_rcu() waits for such sections since Linux 5.0.
 */
#ifndef PLAT_KERNEL_RCU_H
#define PLAT_KERNEL_RCU_H

#include "plat.h"

typedef bool plat_section_t; /* nothing to remember */

#define PLAT_SECTION_CHEAP 1 /* a counter of this CPU, up and down */

static plat_always_inline bool plat_read_trylock(plat_section_t *section)
{
	*section = true;
	rcu_read_lock_sched();
	return true;
}

static plat_always_inline void plat_read_tryunlock(plat_section_t section)
{
	(void)section;
	rcu_read_unlock_sched();
}

#endif

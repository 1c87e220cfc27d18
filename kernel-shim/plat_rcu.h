/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* plat_rcu.h - read sections that may open without a call: always, in the kernel. */
#ifndef PLAT_KERNEL_RCU_H
#define PLAT_KERNEL_RCU_H

#include "plat.h"

static plat_always_inline bool plat_read_trylock(void)
{
	rcu_read_lock();
	return true;
}

#define plat_read_tryunlock() plat_read_unlock()

#endif

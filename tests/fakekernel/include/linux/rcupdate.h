/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* fake <linux/rcupdate.h>: declarations the core's plat needs, for compiling only. */
#ifndef FAKE_LINUX_RCUPDATE_H
#define FAKE_LINUX_RCUPDATE_H

void rcu_read_lock(void);
void rcu_read_unlock(void);
void rcu_read_lock_sched(void);
void rcu_read_unlock_sched(void);
void synchronize_rcu(void);

#endif

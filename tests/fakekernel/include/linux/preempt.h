/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* fake <linux/preempt.h>: declarations the core's plat needs, for compiling only. */
#ifndef FAKE_LINUX_PREEMPT_H
#define FAKE_LINUX_PREEMPT_H

#include <linux/types.h>

void fake_preempt_disable(void);
void fake_preempt_enable(void);
bool fake_in_task(void);
#define preempt_disable() fake_preempt_disable()
#define preempt_enable() fake_preempt_enable()
#define in_task() fake_in_task()

#endif

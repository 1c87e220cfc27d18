/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* irqflags.h - declarations only: the fake kernel is compiled against, never run. */
#ifndef FAKE_LINUX_IRQFLAGS_H
#define FAKE_LINUX_IRQFLAGS_H

#include <linux/types.h>

unsigned long fake_irq_save(void);
void fake_irq_restore(unsigned long flags);

#define local_irq_save(flags) ((flags) = fake_irq_save())
#define local_irq_restore(flags) fake_irq_restore(flags)

#endif

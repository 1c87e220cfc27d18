/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* fake <linux/smp.h>: declarations the core's plat needs, for compiling only. */
#ifndef FAKE_LINUX_SMP_H
#define FAKE_LINUX_SMP_H

extern unsigned int nr_cpu_ids;
unsigned int fake_processor_id(void);
#define raw_smp_processor_id() fake_processor_id()

#endif

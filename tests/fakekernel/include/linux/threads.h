/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* fake <linux/threads.h>: declarations the core's plat needs, for compiling only. */
#ifndef FAKE_LINUX_THREADS_H
#define FAKE_LINUX_THREADS_H

#define NR_CPUS 8192

#endif

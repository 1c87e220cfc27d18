/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* fake <linux/build_bug.h>: declarations the core's plat needs, for compiling only. */
#ifndef FAKE_LINUX_BUILD_BUG_H
#define FAKE_LINUX_BUILD_BUG_H

#define BUILD_BUG_ON(cond) _Static_assert(!(cond), #cond)

#endif

/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* plat_types.h - types and error numbers for the kernel build of the core. */
#ifndef PLAT_TYPES_H
#define PLAT_TYPES_H

#include <linux/errno.h>
#include <linux/types.h>

#endif

/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* plat_kernel.h - what iova_core.ko's beginning and end need from plat_kernel.c. */
#ifndef PLAT_KERNEL_H
#define PLAT_KERNEL_H

#include <linux/types.h>

int plat_kernel_init(void);
void plat_kernel_exit(void);

/* Bytes handed out by plat_mem_default and not given back. */
s64 plat_kernel_live_bytes(void);

#endif

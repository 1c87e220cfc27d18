/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* plat_kernel.h - what iova_core.ko's beginning and end need from its other files. */
#ifndef PLAT_KERNEL_H
#define PLAT_KERNEL_H

#include <linux/types.h>

int plat_kernel_init(void);
void plat_kernel_exit(void);

/* Bytes handed out by plat_mem_default and not given back. */
s64 plat_kernel_live_bytes(void);

/* core_params.c: modules of this project refuse parameters they do not have. */
int core_params_init(void);
void core_params_exit(void);

#endif

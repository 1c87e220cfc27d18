/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* fake <linux/slab.h>: declarations the core's plat needs, for compiling only. */
#ifndef FAKE_LINUX_SLAB_H
#define FAKE_LINUX_SLAB_H

#include <linux/types.h>

#define GFP_ATOMIC ((gfp_t)0x20)
#define __GFP_ZERO ((gfp_t)0x100)
#define __GFP_NOWARN ((gfp_t)0x200)
#define PAGE_SIZE 4096ul

void *kmalloc(size_t size, gfp_t flags);
void kfree(const void *p);
unsigned long __get_free_pages(gfp_t flags, unsigned int order);
void free_pages(unsigned long addr, unsigned int order);
int get_order(unsigned long size);

#endif

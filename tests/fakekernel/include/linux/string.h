/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* fake <linux/string.h>: declarations the core's plat needs, for compiling only. */
#ifndef FAKE_LINUX_STRING_H
#define FAKE_LINUX_STRING_H

#include <linux/types.h>

void *memset(void *p, int c, size_t n);
void *memcpy(void *to, const void *from, size_t n);
void *memmove(void *to, const void *from, size_t n);
int memcmp(const void *a, const void *b, size_t n);

#endif

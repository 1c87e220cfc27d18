/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* count_mem.h - struct plat_mem that counts what passes through it. */
#ifndef REPLAY_COUNT_MEM_H
#define REPLAY_COUNT_MEM_H

#include "plat_mem.h"

struct count_mem {
	struct plat_mem inner;
	uint64_t live_bytes;
	uint64_t peak_bytes;
};

/* One thread at a time. @inner: its memory. The result's context is @count. */
struct plat_mem count_mem_init(struct count_mem *count, struct plat_mem inner);

#endif

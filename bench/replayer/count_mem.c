/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* count_mem.c - counts live and peak bytes on the way to another struct plat_mem. */
#include "count_mem.h"

#include "plat.h"

static void *count_alloc(void *ctx, size_t size, size_t align)
{
	struct count_mem *count = ctx;
	void *p = plat_mem_alloc(&count->inner, size, align);

	if (p) {
		count->live_bytes += size;
		if (count->live_bytes > count->peak_bytes)
			count->peak_bytes = count->live_bytes;
	}
	return p;
}

static void count_free(void *ctx, void *ptr, size_t size, size_t align)
{
	struct count_mem *count = ctx;

	if (ptr)
		count->live_bytes -= size;
	plat_mem_free(&count->inner, ptr, size, align);
}

static const struct plat_mem_ops count_ops = { count_alloc, count_free };

struct plat_mem count_mem_init(struct count_mem *count, struct plat_mem inner)
{
	*count = (struct count_mem){ .inner = inner };
	return (struct plat_mem){ &count_ops, count };
}

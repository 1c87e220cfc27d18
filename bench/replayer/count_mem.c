/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* count_mem.c - counts live and peak bytes on the way to another struct plat_mem. */
#include "count_mem.h"

#include "plat.h"

static void *count_alloc_near(void *ctx, size_t size, size_t align, unsigned cpu)
{
	struct count_mem *count = ctx;
	void *p = plat_mem_alloc_near(&count->inner, size, align, cpu);

	if (p) {
		count->live_bytes += size;
		if (count->live_bytes > count->peak_bytes)
			count->peak_bytes = count->live_bytes;
	}
	return p;
}

static void *count_alloc(void *ctx, size_t size, size_t align)
{
	return count_alloc_near(ctx, size, align, PLAT_CPU_NONE);
}

static void count_free(void *ctx, void *ptr, size_t size, size_t align)
{
	struct count_mem *count = ctx;

	if (ptr)
		count->live_bytes -= size;
	plat_mem_free(&count->inner, ptr, size, align);
}

static const struct plat_mem_ops count_ops = { .alloc = count_alloc, .free = count_free,
					       .alloc_near = count_alloc_near };

struct plat_mem count_mem_init(struct count_mem *count, struct plat_mem inner)
{
	*count = (struct count_mem){ .inner = inner };
	return (struct plat_mem){ &count_ops, count };
}

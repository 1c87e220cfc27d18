// SPDX-License-Identifier: GPL-2.0-only OR MIT
/* harness_pages.c - the page source that both sides share. */
#include "harness.h"

#include <stdlib.h>
#include <string.h>

static struct {
	void **pages;
	size_t max;
	size_t nr;
} record;

static void *page_alloc(void *ctx, size_t size, size_t align)
{
	void *p = aligned_alloc(align, size);

	(void)ctx;
	if (!p)
		return NULL;
	if (record.nr < record.max)
		record.pages[record.nr++] = p;
	return memset(p, 0, size);
}

static void page_free(void *ctx, void *ptr, size_t size, size_t align)
{
	(void)ctx, (void)size, (void)align;
	free(ptr);
}

struct plat_mem bench_pages(void)
{
	static const struct plat_mem_ops ops = { page_alloc, page_free };

	return (struct plat_mem){ &ops, NULL };
}

void bench_pages_record(void **pages, size_t max)
{
	record.pages = pages;
	record.max = max;
	record.nr = 0;
}

size_t bench_pages_recorded(void)
{
	return record.nr;
}

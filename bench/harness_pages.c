// SPDX-License-Identifier: GPL-2.0-only OR MIT
/* harness_pages.c - the page source that both sides share. */
#include "config.h"
#include "harness.h"

#include <stdlib.h>
#include <string.h>

#ifdef HAVE_JEMALLOC
#include "plat_jemalloc.h"

struct plat_mem bench_pages(void)
{
	static struct plat_je *je;

	if (!je && plat_je_create(&je))
		bench_die("cannot create a page source");
	return plat_je_pages(je);
}
#else
static void *libc_alloc(void *ctx, size_t size, size_t align)
{
	void *p = aligned_alloc(align, size);

	(void)ctx;
	return p ? memset(p, 0, size) : NULL;
}

static void libc_free(void *ctx, void *ptr, size_t size, size_t align)
{
	(void)ctx, (void)size, (void)align;
	free(ptr);
}

struct plat_mem bench_pages(void)
{
	static const struct plat_mem_ops ops = { .alloc = libc_alloc, .free = libc_free };

	return (struct plat_mem){ &ops, NULL };
}
#endif

static void *record_alloc(void *ctx, size_t size, size_t align)
{
	struct bench_record *record = ctx;
	struct plat_mem from = bench_pages();
	void *p = from.ops->alloc(from.ctx, size, align);

	if (p && record->nr < record->max)
		record->page[record->nr++] = p;
	return p;
}

static void record_free(void *ctx, void *ptr, size_t size, size_t align)
{
	struct plat_mem from = bench_pages();

	(void)ctx;
	from.ops->free(from.ctx, ptr, size, align);
}

struct plat_mem bench_pages_recorded(struct bench_record *record)
{
	static const struct plat_mem_ops ops = { .alloc = record_alloc, .free = record_free };

	return (struct plat_mem){ &ops, record };
}

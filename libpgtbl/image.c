/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* image.c - all tables, word for word; the format is in pgtbl_dump.h. */
#include "pgtbl_dump.h"
#include "pgtbl_priv.h"

#define HEAD_BYTES 64u
#define RECORD_BYTES 24u

static void put_le(uint8_t *to, uint64_t v, unsigned bytes)
{
	for (unsigned i = 0; i < bytes; i++)
		to[i] = (uint8_t)(v >> (8 * i));
}

/* lg2 of a power of two. */
static unsigned lg2(uint64_t v)
{
	return (unsigned)__builtin_ctzll(v);
}

static unsigned width(uint64_t last)
{
	return 64 - (unsigned)__builtin_clzll(last);
}

/* Of the table of @level at the top or below it. */
static size_t table_bytes(const struct pgtbl *pt, unsigned level)
{
	return level == pt->levels ? pt->root_bytes : pt->table_bytes;
}

static int write_head(struct pgtbl *pt, const struct pgtbl_top *top,
		      int (*write)(void *ctx, const void *bytes, size_t len), void *ctx)
{
	uint8_t head[HEAD_BYTES] = { 'P', 'G', 'T', 'B', 'L', 'I', 'M', 'G' };
	const char *name = pt->ops->name;

	put_le(&head[8], 1, 4);
	put_le(&head[12], top->levels, 4);
	for (unsigned i = 0; i < 15 && name[i]; i++)
		head[16 + i] = (uint8_t)name[i];
	put_le(&head[32], top->root_phys, 8);
	put_le(&head[40], pt->span_lg2[1], 4);
	put_le(&head[44], lg2(pt->table_bytes / 8), 4);
	put_le(&head[48], lg2(table_bytes(pt, top->levels) / 8), 4);
	put_le(&head[52], width(top->iova_last), 4);
	put_le(&head[56], width(pt->phys_last), 4);
	return write(ctx, head, sizeof(head));
}

static int write_level(struct pgtbl *pt, unsigned level, uint64_t last, uint64_t *buffer,
		       int (*write)(void *ctx, const void *bytes, size_t len), void *ctx)
{
	struct pgtbl_table_info t = { .first = 0 };
	size_t bytes = table_bytes(pt, level);
	uint8_t record[RECORD_BYTES];
	int ret;

	for (bool more = true; more && pt->ops->table(pt, level, last, buffer, &t);) {
		put_le(&record[0], t.phys, 8);
		put_le(&record[8], t.first, 8);
		put_le(&record[16], level, 4);
		put_le(&record[20], bytes, 4);
		ret = write(ctx, record, sizeof(record));
		if (!ret)
			ret = write(ctx, buffer, bytes);
		if (ret)
			return ret;
		more = pgtbl_table_behind(pt, level, last, &t);
	}
	return 0;
}

int pgtbl_image(struct pgtbl *pt, int (*write)(void *ctx, const void *bytes, size_t len),
		void *ctx)
{
	static const uint8_t end[RECORD_BYTES];
	struct pgtbl_top top;
	uint64_t *buffer;
	size_t bytes;
	int ret;

	if (!pt || !write)
		return -EINVAL;
	bytes = pt->root_bytes > pt->table_bytes ? pt->root_bytes : pt->table_bytes;
	buffer = plat_mem_alloc(&pt->meta, bytes, PLAT_CACHELINE);
	if (!buffer)
		return -ENOMEM;
	pgtbl_top(pt, &top);
	ret = write_head(pt, &top, write, ctx);
	for (unsigned level = top.levels; level && !ret; level--)
		ret = write_level(pt, level, top.iova_last, buffer, write, ctx);
	plat_mem_free(&pt->meta, buffer, bytes, PLAT_CACHELINE);
	return ret ? ret : write(ctx, end, sizeof(end));
}

/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * dump_out.h - text, a piece at a time.
 *
 * The core has no formatted output, so the few numbers are written by hand.
 */
#ifndef DUMP_OUT_H
#define DUMP_OUT_H

#include "plat.h"

#define DUMP_LINE_BYTES 240u

struct dump_out {
	int (*print)(void *ctx, const char *text, size_t len);
	void *ctx;
	char line[DUMP_LINE_BYTES];
	size_t len;
};

static inline void put(struct dump_out *o, const char *s)
{
	while (*s && o->len < DUMP_LINE_BYTES)
		o->line[o->len++] = *s++;
}

/* @v in @base, with at least @width digits. */
static inline void put_number(struct dump_out *o, uint64_t v, unsigned base, unsigned width)
{
	char digits[24];
	unsigned n = 0;

	do
		digits[n++] = "0123456789abcdef"[v % base];
	while ((v /= base) || n < width);
	while (n && o->len < DUMP_LINE_BYTES)
		o->line[o->len++] = digits[--n];
}

static inline void put_hex(struct dump_out *o, uint64_t v, unsigned width)
{
	put(o, "0x");
	put_number(o, v, 16, width);
}

/* 4096 as 4K */
static inline void put_size(struct dump_out *o, uint64_t size)
{
	static const char *const unit[] = { "", "K", "M", "G", "T" };
	unsigned u = 0;

	for (; u < 4 && size % 1024 == 0; u++)
		size /= 1024;
	put_number(o, size, 10, 1);
	put(o, unit[u]);
}

/* Hand on what was put; another value than 0 ends the dump. */
static inline int put_flush(struct dump_out *o)
{
	size_t len = o->len;

	o->len = 0;
	return len ? o->print(o->ctx, o->line, len) : 0;
}

#endif

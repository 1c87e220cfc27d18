/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * dump.c - what is mapped, as text or JSON.
 *
 * Text:
 *	vtdss levels=4 root=0x7f0000001000
 *	0x0000000000100000-0x00000000001fffff -> 0x0000000080100000 256 x 4K rw
 * JSON:
 *	{"format":"vtdss","levels":4,"root":"0x7f0000001000","runs":[
 *	{"iova":"0x100000","phys":"0x80100000","page":"0x1000","count":256,"prot":"rw"}
 *	]}
 *
 * prot: r read, w write, c coherent, n no execute, m MMIO, p privileged.
 *
 * The core has no formatted output, so the few numbers are written by hand.
 */
#include "pgtbl_priv.h"

#define LINE_BYTES 160u

struct dump {
	enum pgtbl_dump_format format;
	int (*print)(void *ctx, const char *text, size_t len);
	void *ctx;
	struct pgtbl_leaf run; /* size 0: none yet */
	uint64_t count;
	bool later; /* not the first run */
	char line[LINE_BYTES];
	size_t len;
};

static void put(struct dump *d, const char *s)
{
	while (*s && d->len < LINE_BYTES)
		d->line[d->len++] = *s++;
}

/* @v in @base, with at least @width digits. */
static void put_number(struct dump *d, uint64_t v, unsigned base, unsigned width)
{
	char digits[24];
	unsigned n = 0;

	do
		digits[n++] = "0123456789abcdef"[v % base];
	while ((v /= base) || n < width);
	while (n && d->len < LINE_BYTES)
		d->line[d->len++] = digits[--n];
}

static void put_hex(struct dump *d, uint64_t v, unsigned width)
{
	put(d, "0x");
	put_number(d, v, 16, width);
}

static void put_prot(struct dump *d, unsigned prot)
{
	static const struct {
		unsigned bit;
		const char *letter;
	} name[] = {
		{ PGTBL_READ, "r" },   { PGTBL_WRITE, "w" }, { PGTBL_COHERENT, "c" },
		{ PGTBL_NOEXEC, "n" }, { PGTBL_MMIO, "m" },  { PGTBL_PRIV, "p" },
	};

	for (unsigned i = 0; i < sizeof(name) / sizeof(*name); i++)
		if (prot & name[i].bit)
			put(d, name[i].letter);
}

/* 4096 as 4K */
static void put_size(struct dump *d, uint64_t size)
{
	static const char *const unit[] = { "", "K", "M", "G", "T" };
	unsigned u = 0;

	for (; u < 4 && size % 1024 == 0; u++)
		size /= 1024;
	put_number(d, size, 10, 1);
	put(d, unit[u]);
}

static int flush_line(struct dump *d)
{
	size_t len = d->len;

	d->len = 0;
	return len ? d->print(d->ctx, d->line, len) : 0;
}

static void text_run(struct dump *d)
{
	put_hex(d, d->run.iova, 16);
	put(d, "-");
	put_hex(d, d->run.iova + (d->count * d->run.size - 1), 16);
	put(d, " -> ");
	put_hex(d, d->run.phys, 16);
	put(d, " ");
	put_number(d, d->count, 10, 1);
	put(d, " x ");
	put_size(d, d->run.size);
	put(d, " ");
	put_prot(d, d->run.prot);
	put(d, "\n");
}

static void json_run(struct dump *d)
{
	put(d, d->later ? ",\n{\"iova\":\"" : "\n{\"iova\":\"");
	put_hex(d, d->run.iova, 1);
	put(d, "\",\"phys\":\"");
	put_hex(d, d->run.phys, 1);
	put(d, "\",\"page\":\"");
	put_hex(d, d->run.size, 1);
	put(d, "\",\"count\":");
	put_number(d, d->count, 10, 1);
	put(d, ",\"prot\":\"");
	put_prot(d, d->run.prot);
	put(d, "\"}");
}

static int end_run(struct dump *d)
{
	if (!d->run.size)
		return 0;
	if (d->format == PGTBL_DUMP_JSON)
		json_run(d);
	else
		text_run(d);
	d->later = true;
	return flush_line(d);
}

static int dump_leaf(void *ctx, const struct pgtbl_leaf *leaf)
{
	struct dump *d = ctx;
	uint64_t bytes = d->count * d->run.size;
	int ret;

	if (d->run.size == leaf->size && d->run.prot == leaf->prot &&
	    d->run.iova + bytes == leaf->iova && d->run.phys + bytes == leaf->phys) {
		d->count++;
		return 0;
	}
	ret = end_run(d);
	d->run = *leaf;
	d->count = 1;
	return ret;
}

static int dump_head(struct dump *d, const struct pgtbl *pt)
{
	bool json = d->format == PGTBL_DUMP_JSON;

	put(d, json ? "{\"format\":\"" : "");
	put(d, pt->ops->name);
	put(d, json ? "\",\"levels\":" : " levels=");
	put_number(d, pt->levels, 10, 1);
	put(d, json ? ",\"root\":\"" : " root=");
	put_hex(d, pgtbl_root_phys(pt), 1);
	put(d, json ? "\",\"runs\":[" : "\n");
	return flush_line(d);
}

int pgtbl_dump(struct pgtbl *pt, uint64_t first, uint64_t last, enum pgtbl_dump_format format,
	       int (*print)(void *ctx, const char *text, size_t len), void *ctx)
{
	struct dump d = { .format = format, .print = print, .ctx = ctx };
	int ret;

	if (!pt || !print || first > last || last > pt->iova_last ||
	    (format != PGTBL_DUMP_TEXT && format != PGTBL_DUMP_JSON))
		return -EINVAL;
	ret = dump_head(&d, pt);
	if (!ret)
		ret = pgtbl_visit(pt, first, last, dump_leaf, &d);
	if (!ret)
		ret = end_run(&d);
	if (!ret && format == PGTBL_DUMP_JSON) {
		put(&d, "\n]}\n");
		ret = flush_line(&d);
	}
	return ret;
}

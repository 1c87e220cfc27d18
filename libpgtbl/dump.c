/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * dump.c - what is mapped, as text or JSON (dump_svg.c: the tables, as a picture).
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
 */
#include "dump_out.h"
#include "pgtbl_dump.h"
#include "pgtbl_priv.h"

struct dump {
	enum pgtbl_dump_format format;
	struct dump_out out;
	struct pgtbl_leaf run; /* size 0: none yet */
	uint64_t count;
	bool later; /* not the first run */
};

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
			put(&d->out, name[i].letter);
}

static void text_run(struct dump *d)
{
	put_hex(&d->out, d->run.iova, 16);
	put(&d->out, "-");
	put_hex(&d->out, d->run.iova + (d->count * d->run.size - 1), 16);
	put(&d->out, " -> ");
	put_hex(&d->out, d->run.phys, 16);
	put(&d->out, " ");
	put_number(&d->out, d->count, 10, 1);
	put(&d->out, " x ");
	put_size(&d->out, d->run.size);
	put(&d->out, " ");
	put_prot(d, d->run.prot);
	put(&d->out, "\n");
}

static void json_run(struct dump *d)
{
	put(&d->out, d->later ? ",\n{\"iova\":\"" : "\n{\"iova\":\"");
	put_hex(&d->out, d->run.iova, 1);
	put(&d->out, "\",\"phys\":\"");
	put_hex(&d->out, d->run.phys, 1);
	put(&d->out, "\",\"page\":\"");
	put_hex(&d->out, d->run.size, 1);
	put(&d->out, "\",\"count\":");
	put_number(&d->out, d->count, 10, 1);
	put(&d->out, ",\"prot\":\"");
	put_prot(d, d->run.prot);
	put(&d->out, "\"}");
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
	return put_flush(&d->out);
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

static int dump_head(struct dump *d, const struct pgtbl *pt, const struct pgtbl_top *top)
{
	bool json = d->format == PGTBL_DUMP_JSON;

	put(&d->out, json ? "{\"format\":\"" : "");
	put(&d->out, pt->ops->name);
	put(&d->out, json ? "\",\"levels\":" : " levels=");
	put_number(&d->out, top->levels, 10, 1);
	put(&d->out, json ? ",\"root\":\"" : " root=");
	put_hex(&d->out, top->root_phys, 1);
	put(&d->out, json ? "\",\"runs\":[" : "\n");
	return put_flush(&d->out);
}

int pgtbl_dump(struct pgtbl *pt, uint64_t first, uint64_t last, enum pgtbl_dump_format format,
	       int (*print)(void *ctx, const char *text, size_t len), void *ctx)
{
	struct dump d = { .format = format, .out = { .print = print, .ctx = ctx } };
	struct pgtbl_top top;
	int ret;

	if (!pt || !print || first > last || last > pt->iova_last ||
	    (format != PGTBL_DUMP_TEXT && format != PGTBL_DUMP_JSON && format != PGTBL_DUMP_SVG))
		return -EINVAL;
	if (format == PGTBL_DUMP_SVG)
		return pgtbl_dump_svg(pt, first, last, print, ctx);
	pgtbl_top(pt, &top);
	ret = dump_head(&d, pt, &top);
	/* What a growth brings meanwhile is not behind the root that was named. */
	if (!ret && first <= top.iova_last)
		ret = pgtbl_visit(pt, first, last < top.iova_last ? last : top.iova_last,
				  dump_leaf, &d);
	if (!ret)
		ret = end_run(&d);
	if (!ret && format == PGTBL_DUMP_JSON) {
		put(&d.out, "\n]}\n");
		ret = put_flush(&d.out);
	}
	return ret;
}

/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * dump_svg.c - the tables of a range, as a picture: a row of boxes for each level, the
 * root on top.  A box is filled from below as far as its table is: dark for tables, light
 * for leaves.  A line leads to it from its parent.  A row has room for so many boxes; how
 * many more there are is written at its end.
 */
#include "dump_out.h"
#include "pgtbl_priv.h"

#define ROOM 24u /* boxes in a row */
#define BOX_WIDTH 44u
#define BOX_HEIGHT 60u
#define STEP_X 50u
#define STEP_Y 110u
#define LEFT 90u
#define TOP 50u

/* The first addresses of the boxes in a row, in order. */
struct row {
	unsigned n;
	uint64_t first[ROOM];
};

struct picture {
	struct pgtbl *pt;
	uint64_t first;
	uint64_t last;
	struct pgtbl_top top;
	struct dump_out out;
	struct row above;
	struct row here;
};

static void attribute(struct dump_out *o, const char *name, uint64_t value)
{
	put(o, " ");
	put(o, name);
	put(o, "=\"");
	put_number(o, value, 10, 1);
	put(o, "\"");
}

static void rect(struct dump_out *o, uint64_t x, uint64_t y, uint64_t height, const char *fill)
{
	put(o, "<rect");
	attribute(o, "x", x);
	attribute(o, "y", y);
	attribute(o, "width", BOX_WIDTH);
	attribute(o, "height", height);
	put(o, " fill=\"");
	put(o, fill);
	put(o, "\"/>\n");
}

static void text(struct dump_out *o, uint64_t x, uint64_t y)
{
	put(o, "<text");
	attribute(o, "x", x);
	attribute(o, "y", y);
	put(o, ">");
}

/* From the box above that serves @first to @x, @y. */
static void line_from_parent(struct picture *p, uint64_t first, uint64_t x, uint64_t y)
{
	struct dump_out *o = &p->out;
	unsigned i = p->above.n;

	while (i && p->above.first[i - 1] > first)
		i--;
	if (!i)
		return;
	put(o, "<line");
	attribute(o, "x1", LEFT + (i - 1) * STEP_X + BOX_WIDTH / 2);
	attribute(o, "y1", y - STEP_Y + BOX_HEIGHT);
	attribute(o, "x2", x + BOX_WIDTH / 2);
	attribute(o, "y2", y);
	put(o, " stroke=\"#888\"/>\n");
}

static int box(struct picture *p, const struct pgtbl_table_info *t, uint64_t y)
{
	uint64_t x = LEFT + p->here.n * STEP_X;
	uint64_t tables = (uint64_t)t->tables * BOX_HEIGHT / t->entries;
	uint64_t leaves = (uint64_t)t->leaves * BOX_HEIGHT / t->entries;
	int ret;

	if (t->tables && !tables) /* what is there can be seen */
		tables = 1;
	if (t->leaves && !leaves)
		leaves = 1;
	line_from_parent(p, t->first, x, y);
	rect(&p->out, x, y, BOX_HEIGHT, "#eee");
	ret = put_flush(&p->out);
	if (ret)
		return ret;
	if (leaves)
		rect(&p->out, x, y + BOX_HEIGHT - tables - leaves, leaves, "#7ab8e0");
	if (tables)
		rect(&p->out, x, y + BOX_HEIGHT - tables, tables, "#30506a");
	ret = put_flush(&p->out);
	if (ret)
		return ret;
	text(&p->out, x, y + BOX_HEIGHT + 12);
	put_number(&p->out, t->leaves + t->tables, 10, 1);
	put(&p->out, "<title>");
	put_hex(&p->out, t->first, 1);
	put(&p->out, " at ");
	put_hex(&p->out, t->phys, 1);
	put(&p->out, "</title></text>\n");
	return put_flush(&p->out);
}

/* All tables of @level.  The value of print. */
static int row(struct picture *p, unsigned level, uint64_t y)
{
	struct pgtbl_table_info t = { .first = p->first };
	uint64_t more = 0;
	int ret;

	p->here.n = 0;
	text(&p->out, 5, y + BOX_HEIGHT / 2);
	put(&p->out, "level ");
	put_number(&p->out, level, 10, 1);
	put(&p->out, ", ");
	put_size(&p->out, 1ull << p->pt->span_lg2[level]);
	put(&p->out, "</text>\n");
	ret = put_flush(&p->out);
	for (bool go = true; go && !ret && p->pt->ops->table(p->pt, level, p->last, NULL, &t);
	     go = pgtbl_table_behind(p->pt, level, p->last, &t)) {
		if (p->here.n == ROOM) {
			more++;
			continue;
		}
		t.first &= -(1ull << p->pt->span_lg2[level + 1]);
		ret = box(p, &t, y);
		p->here.first[p->here.n++] = t.first;
	}
	if (!ret && more) {
		text(&p->out, LEFT + ROOM * STEP_X, y + BOX_HEIGHT / 2);
		put(&p->out, "and ");
		put_number(&p->out, more, 10, 1);
		put(&p->out, " more</text>\n");
		ret = put_flush(&p->out);
	}
	p->above = p->here;
	return ret;
}

static int head(struct picture *p)
{
	struct dump_out *o = &p->out;
	int ret;

	put(o, "<svg xmlns=\"http://www.w3.org/2000/svg\"");
	attribute(o, "width", LEFT + (ROOM + 2) * STEP_X);
	attribute(o, "height", TOP + p->top.levels * STEP_Y);
	put(o, " font-family=\"sans-serif\" font-size=\"11\">\n");
	ret = put_flush(o);
	if (ret)
		return ret;
	text(o, 5, 20);
	put(o, p->pt->ops->name);
	put(o, ", root ");
	put_hex(o, p->top.root_phys, 1);
	put(o, "; entries in use: dark tables, light leaves</text>\n");
	return put_flush(o);
}

int pgtbl_dump_svg(struct pgtbl *pt, uint64_t first, uint64_t last,
		   int (*print)(void *ctx, const char *text, size_t len), void *ctx)
{
	struct picture p = { .pt = pt, .first = first, .last = last,
			     .out = { .print = print, .ctx = ctx } };
	int ret;

	pgtbl_top(pt, &p.top);
	ret = head(&p);
	for (unsigned level = p.top.levels; level && !ret; level--)
		ret = row(&p, level, TOP + (p.top.levels - level) * STEP_Y);
	if (ret)
		return ret;
	put(&p.out, "</svg>\n");
	return put_flush(&p.out);
}

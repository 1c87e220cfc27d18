/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * compare.c - where two tables translate differently.
 *
 * Both are read leaf by leaf.  At each step the part up to the next end of a leaf, or of
 * a hole, of either is the same on each side: one piece, which differs or does not.
 */
#include "pgtbl_dump.h"
#include "pgtbl_priv.h"

/* The leaves of one table, in order. */
struct side {
	struct pgtbl *pt;
	uint64_t pos; /* of the next batch */
	bool more;
	unsigned n, i;
	struct pgtbl_leaf leaf[PGTBL_LEAF_BATCH];
};

/* The leaf that serves @at or the next one behind; NULL: none up to @last. */
static const struct pgtbl_leaf *leaf_from(struct side *s, uint64_t at, uint64_t last)
{
	for (;;) {
		for (; s->i < s->n; s->i++)
			if (s->leaf[s->i].iova + (s->leaf[s->i].size - 1) >= at)
				return &s->leaf[s->i];
		if (!s->more)
			return NULL;
		s->i = 0;
		s->n = s->pt->ops->leaves(s->pt, &s->pos, last, &s->more, s->leaf);
	}
}

/* Side @k of *d at d->first, and how far that reaches, no further than d->last. */
static void look(struct side *s, struct pgtbl_difference *d, unsigned k, uint64_t last)
{
	const struct pgtbl_leaf *leaf = leaf_from(s, d->first, last);
	uint64_t end = d->last;

	d->phys[k] = 0;
	d->prot[k] = 0;
	if (leaf && leaf->iova <= d->first) {
		d->phys[k] = leaf->phys + (d->first - leaf->iova);
		d->prot[k] = leaf->prot;
		end = leaf->iova + (leaf->size - 1);
	} else if (leaf) {
		end = leaf->iova - 1;
	}
	if (end < d->last)
		d->last = end;
}

static bool differs(const struct pgtbl_difference *d)
{
	return d->prot[0] != d->prot[1] || (d->prot[0] && d->phys[0] != d->phys[1]);
}

/* Whether *@next goes on as *@d does. */
static bool continues(const struct pgtbl_difference *d, const struct pgtbl_difference *next)
{
	uint64_t bytes = next->first - d->first;

	for (unsigned k = 0; k < 2; k++)
		if (next->prot[k] != d->prot[k] ||
		    (d->prot[k] && next->phys[k] != d->phys[k] + bytes))
			return false;
	return d->last + 1 == next->first;
}

static int compare(struct side *side, uint64_t first, uint64_t last,
		   int (*fn)(void *ctx, const struct pgtbl_difference *difference), void *ctx)
{
	struct pgtbl_difference held = { .first = 0 }, now;
	bool holds = false;
	int ret = 0;

	for (now.first = first;; now.first = now.last + 1) {
		now.last = last;
		look(&side[0], &now, 0, last);
		look(&side[1], &now, 1, last);
		if (holds && differs(&now) && continues(&held, &now)) {
			held.last = now.last;
		} else {
			if (holds)
				ret = fn(ctx, &held);
			holds = differs(&now);
			held = now;
		}
		if (ret || now.last == last)
			break;
	}
	return ret || !holds ? ret : fn(ctx, &held);
}

int pgtbl_compare(struct pgtbl *a, struct pgtbl *b, uint64_t first, uint64_t last,
		  int (*fn)(void *ctx, const struct pgtbl_difference *difference), void *ctx)
{
	struct side *side;
	int ret;

	if (!a || !b || !fn || first > last || last > a->iova_last || last > b->iova_last)
		return -EINVAL;
	side = plat_mem_alloc(&a->meta, 2 * sizeof(*side), PLAT_CACHELINE); /* zeroed */
	if (!side)
		return -ENOMEM;
	for (unsigned k = 0; k < 2; k++) {
		side[k].pt = k ? b : a;
		side[k].pos = first;
		side[k].more = true;
	}
	ret = compare(side, first, last, fn, ctx);
	plat_mem_free(&a->meta, side, 2 * sizeof(*side), PLAT_CACHELINE);
	return ret;
}

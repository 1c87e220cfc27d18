/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* grow.c - the level at which hardware begins; "Growing" in doc/ordering-pgtbl.md. */
#include "pgtbl_priv.h"

/* The last address that hardware translates when it begins at @levels. */
static bool reach_of(const struct pgtbl_config *config, unsigned levels, uint64_t *reach)
{
	struct pgtbl_config c = *config;
	struct pgtbl_shape shape, top;

	c.levels = levels;
	c.iova_bits = 0;
	if (!pgtbl_format_shape(&c, &shape) || !pgtbl_format_shape(config, &top))
		return false;
	*reach = ~0ull >> (64 - shape.iova_bits);
	/* All tables have the same size, so that each can be the root. */
	return shape.page_lg2 == top.page_lg2 && shape.index_lg2 == top.index_lg2 &&
	       !shape.root_lg2 && !top.root_lg2;
}

bool pgtbl_growth_ok(const struct pgtbl_config *config)
{
	const struct pgtbl_growth *g = config->growth;
	uint64_t reach;

	if (!g)
		return true;
	if (!config->ops->grows || !g->grown || g->start_levels < config->ops->levels_min ||
	    g->start_levels > config->levels)
		return false;
	for (unsigned level = g->start_levels; level < config->levels; level++)
		if (!reach_of(config, level, &reach))
			return false;
	return true;
}

static void pin_root(struct pgtbl *pt)
{
	/* A root of level 2 serves all addresses: it is the pinned table of each. */
	for (unsigned i = 0; pt->levels == 2 && i < PGTBL_LOW_TABLES; i++)
		/* PGT-R2: what hardware was told, and zeroes; pairs with PGT-A2. */
		plat_store_release(&pt->low[i], pt->root);
}

/* From where hardware begins upwards, so that each is complete before the next leads to it. */
static int link_tables(struct pgtbl *pt)
{
	int err = 0;

	for (unsigned level = pt->start_levels; level <= pt->levels; level++) {
		uint64_t *table = level == pt->levels ? pgtbl_root_alloc(pt, &err) :
							pgtbl_page_alloc(pt, &err);
		size_t bytes = level == pt->levels ? pt->root_bytes : pt->table_bytes;

		if (!table)
			break;
		if (level > pt->start_levels)
			pt->ops->link(pt, table, pt->left[level - 1], level);
		pgtbl_flush(pt, table, bytes / sizeof(*table));
		pt->left[level] = table;
	}
	for (unsigned level = pt->start_levels; err && pt->left[level]; level++) {
		pt->left[level][0] = 0;
		pgtbl_page_free(pt, pt->left[level]);
	}
	return err;
}

int pgtbl_top_create(struct pgtbl *pt, const struct pgtbl_config *config)
{
	int err;

	pt->start_levels = pt->levels;
	if (config->growth) {
		pt->growth = *config->growth;
		pt->start_levels = pt->growth.start_levels;
	}
	pt->hw_level = pt->start_levels;
	for (unsigned level = pt->start_levels; level < pt->levels; level++) {
		reach_of(config, level, &pt->reach[level]);
		if (pt->reach[level] > pt->iova_last)
			pt->reach[level] = pt->iova_last;
	}
	pt->reach[pt->levels] = pt->iova_last;
	err = link_tables(pt);
	if (err)
		return err;
	pt->root = pt->left[pt->levels];
	if (pt->hw_level >= 2)
		pin_root(pt);
	return 0;
}

int pgtbl_reach_slow(struct pgtbl *pt, uint64_t last)
{
	unsigned level = pt->start_levels, now;
	int err;

	while (pt->reach[level] < last)
		level++;
	err = pt->growth.grown(pt->growth.ctx, pgtbl_page_phys(pt, pt->left[level]), level);
	if (err)
		return err;
	do {
		now = plat_load_relaxed(&pt->hw_level); /* relaxed: the CAS decides */
		/* PGT-F11: hardware has been told; pairs with PGT-A11.  Only ever upwards. */
	} while (now < level && !plat_cas_full(&pt->hw_level, now, level));
	pin_root(pt);
	return 0;
}

int pgtbl_grow(struct pgtbl *pt, uint64_t iova_last)
{
	if (!pt || iova_last > pt->iova_last)
		return -EINVAL;
	return pgtbl_reach(pt, iova_last);
}

void pgtbl_top(const struct pgtbl *pt, struct pgtbl_top *top)
{
	top->levels = pgtbl_hw_level(pt);
	top->root_phys = pgtbl_page_phys(pt, pt->left[top->levels]);
	top->iova_last = pt->reach[top->levels];
}

/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* pgtbl.c - life of a table, and what is the same for every format. */
#include "pgtbl_priv.h"

#define PAGE_BIT (1ull << 12)
#define OA_BITS_MAX 52u
#define IOVA_BITS_MIN 30u

static uint64_t mask(unsigned bits)
{
	return ~0ull >> (64 - bits);
}

/* Width of input addresses, or 0 if the configuration is not one of @config->ops. */
static unsigned config_iova_bits(const struct pgtbl_config *config)
{
	const struct pgtbl_ops *ops = config->ops;
	unsigned bits;

	if (!ops || config->levels < ops->levels_min || config->levels > ops->levels_max)
		return 0;
	if (config->oa_bits < 13 || config->oa_bits > OA_BITS_MAX)
		return 0;
	if (config->page_sizes &&
	    (!(config->page_sizes & PAGE_BIT) || (config->page_sizes & ~ops->page_sizes)))
		return 0;
	if (config->flags & ~(PGTBL_UNLINK | PGTBL_SNOOP_CTL) ||
	    config->phys_offset & (PGTBL_TABLE_BYTES - 1))
		return 0;
	bits = ops->iova_bits(config->levels);
	if (!config->iova_bits)
		return bits;
	return config->iova_bits >= IOVA_BITS_MIN && config->iova_bits <= bits ? config->iova_bits
									       : 0;
}

int pgtbl_create(struct pgtbl **out, const struct pgtbl_config *config)
{
	unsigned iova_bits = config ? config_iova_bits(config) : 0;
	struct pgtbl *pt;

	if (!out || !iova_bits)
		return -EINVAL;
	pt = plat_mem_alloc(&config->meta, sizeof(*pt), PLAT_CACHELINE);
	if (!pt)
		return -ENOMEM;
	pt->ops = config->ops;
	pt->calls = config->flush ? pt->ops->slow : pt->ops->fast;
	pt->iova_last = mask(iova_bits);
	pt->phys_last = mask(config->oa_bits);
	pt->iova_bad = ~pt->iova_last | (PAGE_BIT - 1);
	pt->phys_bad = ~pt->phys_last | (PAGE_BIT - 1);
	pt->page_sizes = config->page_sizes ? config->page_sizes : pt->ops->page_sizes;
	pt->levels = config->levels;
	pt->unlink = config->flags & PGTBL_UNLINK;
	pt->pages = config->pages;
	pt->meta = config->meta;
	pt->phys_offset = config->phys_offset;
	pt->flush = config->flush;
	pt->flush_ctx = config->flush_ctx;
	pt->ops->init(pt, config->flags);
	pt->root = pgtbl_page_alloc(pt);
	if (!pt->root) {
		plat_mem_free(&config->meta, pt, sizeof(*pt), PLAT_CACHELINE);
		return -ENOMEM;
	}
	pgtbl_flush(pt, pt->root, PGTBL_TABLE_BYTES / sizeof(*pt->root));
	*out = pt;
	return 0;
}

uint64_t pgtbl_destroy(struct pgtbl *pt)
{
	struct plat_mem meta;
	uint64_t bytes;

	if (!pt)
		return 0;
	pgtbl_drain(pt);
	bytes = pt->ops->destroy(pt);
	meta = pt->meta;
	plat_mem_free(&meta, pt, sizeof(*pt), PLAT_CACHELINE);
	return bytes;
}

uint64_t pgtbl_root_phys(const struct pgtbl *pt)
{
	return pgtbl_page_phys(pt, pt->root);
}

uint64_t pgtbl_iova_last(const struct pgtbl *pt)
{
	return pt->iova_last;
}

int64_t pgtbl_reclaim(struct pgtbl *pt, uint64_t first, uint64_t last, struct pgtbl_gather *gather)
{
	int64_t done = 0;
	void *list;
	int err;

	if (!pt || !gather || first > last || last > pt->iova_last)
		return -EINVAL;
	err = pgtbl_drain_begin(pt, &list);
	if (err)
		return err;
	for (unsigned level = 1; level < pt->levels; level++)
		done += pt->ops->reclaim_level(pt, level, first, last, gather);
	if (list)
		plat_synchronize();
	pgtbl_drain_end(pt, list);
	return done;
}

int pgtbl_visit(struct pgtbl *pt, uint64_t first, uint64_t last,
		int (*fn)(void *ctx, const struct pgtbl_leaf *leaf), void *ctx)
{
	struct pgtbl_leaf leaf[PGTBL_LEAF_BATCH];
	bool more = true;

	if (!pt || !fn || first > last || last > pt->iova_last)
		return -EINVAL;
	while (more) {
		unsigned n = pt->ops->leaves(pt, &first, last, &more, leaf);

		for (unsigned i = 0; i < n; i++) {
			int ret = fn(ctx, &leaf[i]);

			if (ret)
				return ret;
		}
	}
	return 0;
}

void pgtbl_stats(const struct pgtbl *pt, struct pgtbl_stats *stats)
{
	/* relaxed: statistics */
	stats->table_pages = plat_load_relaxed(&pt->table_pages);
	stats->table_pages_peak = plat_load_relaxed(&pt->table_pages_peak);
	stats->queued_pages = plat_load_relaxed(&pt->queued_pages);
}

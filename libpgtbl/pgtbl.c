/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* pgtbl.c - life of a table, and what is the same for every format. */
#include "pgtbl_priv.h"

#define OA_BITS_MAX 52u
#define PGTBL_PARTIAL (PGTBL_SPLIT | PGTBL_WIDEN)
#define PGTBL_FLAGS \
	(PGTBL_UNLINK | PGTBL_SNOOP_CTL | PGTBL_PARTIAL | PGTBL_AD | PGTBL_SVPBMT | \
	 PGTBL_KEEP_TABLES)
#define IOVA_BITS_MIN 30u

static uint64_t mask(unsigned bits)
{
	return ~0ull >> (64 - bits);
}

bool pgtbl_format_shape(const struct pgtbl_config *config, struct pgtbl_shape *shape)
{
	*shape = (struct pgtbl_shape){
		.page_lg2 = config->page_lg2 ? config->page_lg2 : 12,
		.index_lg2 = config->table_lg2 ? config->table_lg2 - 3 : 9,
		.iova_bits_min = IOVA_BITS_MIN,
		.oa_bits_max = OA_BITS_MAX,
	};
	return config->ops->shape(config, shape);
}

/* What @config asks for must be one of the shapes that its format has. */
static bool config_shape(const struct pgtbl_config *config, struct pgtbl_shape *shape)
{
	const struct pgtbl_ops *ops = config->ops;
	uint64_t page;

	if (!ops || config->levels < ops->levels_min || config->levels > ops->levels_max)
		return false;
	if (config->flags & ~PGTBL_FLAGS || (config->flags & PGTBL_PARTIAL) == PGTBL_PARTIAL ||
	    !(~config->flags & (PGTBL_UNLINK | PGTBL_KEEP_TABLES)) ||
	    (config->table_lg2 && config->table_lg2 < 12))
		return false;
	/* Hardware that writes bits into tables reads what CPUs have cached of them. */
	if ((config->flags & PGTBL_AD) && (config->flush || !ops->has_ad))
		return false;
	if (!pgtbl_format_shape(config, shape) ||
	    config->phys_offset & ((8ull << shape->index_lg2) - 1) || !pgtbl_growth_ok(config))
		return false;
	page = 1ull << shape->page_lg2;
	if (config->oa_bits <= shape->page_lg2 || config->oa_bits > shape->oa_bits_max)
		return false;
	if (config->page_sizes &&
	    (!(config->page_sizes & page) || config->page_sizes & ~shape->page_sizes))
		return false;
	return !config->iova_bits || (config->iova_bits >= shape->iova_bits_min &&
				      config->iova_bits <= shape->iova_bits);
}

static void set_shape(struct pgtbl *pt, const struct pgtbl_config *config,
		      const struct pgtbl_shape *shape)
{
	uint64_t page = 1ull << shape->page_lg2, groups;
	unsigned root_lg2 = shape->root_lg2 ? shape->root_lg2 : shape->index_lg2;

	pt->levels = config->levels;
	pt->iova_last = mask(config->iova_bits ? config->iova_bits : shape->iova_bits);
	pt->phys_last = mask(config->oa_bits);
	pt->iova_bad = ~pt->iova_last | (page - 1);
	pt->phys_bad = ~pt->phys_last | (page - 1);
	pt->page_sizes = config->page_sizes ? config->page_sizes : shape->page_sizes;
	groups = pt->page_sizes & ((page << shape->index_lg2) - 1) & ~page;
	pt->group_mask = groups ? (groups & -groups) - 1 : ~0ull;
	for (unsigned level = 1; level < PGTBL_MAX_LEVELS + 2; level++) {
		unsigned lg2 = shape->page_lg2 + shape->index_lg2 * (level - 1);

		pt->span_lg2[level] = (uint8_t)(lg2 < 64 ? lg2 : 63);
		pt->index_mask[level] = (1u << shape->index_lg2) - 1;
	}
	pt->index_mask[pt->levels] = (1u << root_lg2) - 1;
	pt->table_bytes = (size_t)8 << shape->index_lg2;
	pt->root_bytes = (size_t)8 << root_lg2;
}

int pgtbl_create(struct pgtbl **out, const struct pgtbl_config *config)
{
	struct pgtbl_shape shape;
	struct pgtbl *pt;
	int err;

	if (!out || !config || !config_shape(config, &shape))
		return -EINVAL;
	pt = plat_mem_alloc(&config->meta, sizeof(*pt), PLAT_CACHELINE);
	if (!pt)
		return -ENOMEM;
	pt->ops = config->ops;
	pt->keep = config->flags & PGTBL_KEEP_TABLES;
	pt->calls = config->flush ? pt->ops->flushed : pt->keep ? pt->ops->kept : pt->ops->fast;
	set_shape(pt, config, &shape);
	pt->unlink = config->flags & PGTBL_UNLINK;
	pt->hw_ad = config->flags & PGTBL_AD;
	pt->partial = config->flags & PGTBL_PARTIAL;
	pt->pages = config->pages;
	pt->meta = config->meta;
	pt->phys_offset = config->phys_offset;
	pt->flush = config->flush;
	pt->flush_ctx = config->flush_ctx;
	pt->ops->init(pt, config);
	pt->own.limit = config->page_limit;
	pt->quota = config->quota;
	err = pgtbl_check_create(pt, config);
	if (!err)
		err = pgtbl_top_create(pt, config);
	if (err) {
		pgtbl_check_destroy(pt);
		plat_mem_free(&config->meta, pt, sizeof(*pt), PLAT_CACHELINE);
		return err;
	}
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
	pgtbl_reservations_free(pt);
	pgtbl_check_destroy(pt);
	meta = pt->meta;
	plat_mem_free(&meta, pt, sizeof(*pt), PLAT_CACHELINE);
	return bytes;
}

uint64_t pgtbl_root_phys(const struct pgtbl *pt)
{
	return pgtbl_page_phys(pt, pt->left[pgtbl_hw_level(pt)]);
}

uint64_t pgtbl_iova_last(const struct pgtbl *pt)
{
	return pt->iova_last;
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
	stats->table_pages = plat_load_relaxed(&pt->own.pages);
	stats->table_pages_peak = plat_load_relaxed(&pt->own.peak);
	stats->queued_pages = plat_load_relaxed(&pt->queued_pages);
}

// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * layers.c - iova_layers.ko: what each of our layers costs by itself, in guest
 * instructions, without a device, an IOMMU or Linux's DMA API; and beside the
 * address allocation, Linux's own in the same kernel.
 *
 * Everything happens while it is loaded; the results are in the kernel log.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt
#include "measure.h"

#include "dmap.h"
#include "iova.h"
#include "pgtbl.h"

#include <linux/dma-mapping.h>
#include <linux/iova.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/sizes.h>
#include <asm/cacheflush.h>

#define PAIRS 2048
#define WARM 1024
#define SPACE_LAST ((1ull << 48) - 1)
#define PHYS 0x100000000ull
#define IOVA 0x80000000ull /* for the page tables alone */
#define SG_PAGES 32

static struct layers {
	struct iova_space *iova;
	struct pgtbl *pgtbl;
	struct dmap_space *dmap;
	struct pgtbl_segment seg[SG_PAGES];
	struct iova_domain linux_iova;
	struct measure_samples samples;
} layers;

static bool good(void *ctx, u64 begun)
{
	return !iova_is_err(begun);
}

static noinline u64 alloc_begin(void *ctx, size_t bytes)
{
	return iova_space_alloc(layers.iova, bytes, U32_MAX);
}

static noinline void alloc_end(void *ctx, u64 begun, size_t bytes)
{
	iova_space_free(layers.iova, begun, bytes);
}

static noinline u64 linux_begin(void *ctx, size_t bytes)
{
	return alloc_iova_fast(&layers.linux_iova, bytes >> PAGE_SHIFT, U32_MAX >> PAGE_SHIFT,
			       false);
}

static bool linux_good(void *ctx, u64 begun)
{
	return begun != 0;
}

static noinline void linux_end(void *ctx, u64 begun, size_t bytes)
{
	free_iova_fast(&layers.linux_iova, begun, bytes >> PAGE_SHIFT);
}

static noinline u64 table_begin(void *ctx, size_t bytes)
{
	return (u64)(s64)pgtbl_map(layers.pgtbl, IOVA, PHYS, bytes, PGTBL_READ | PGTBL_WRITE);
}

static noinline void table_end(void *ctx, u64 begun, size_t bytes)
{
	struct pgtbl_gather gather;

	pgtbl_gather_init(&gather);
	pgtbl_unmap(layers.pgtbl, IOVA, bytes, &gather);
}

static noinline u64 table_sg_begin(void *ctx, size_t bytes)
{
	return (u64)(s64)pgtbl_map_sg(layers.pgtbl, IOVA, layers.seg, SG_PAGES,
				      PGTBL_READ | PGTBL_WRITE);
}

static noinline u64 dmap_begin(void *ctx, size_t bytes)
{
	return dmap_map(layers.dmap, PHYS, bytes, PGTBL_READ | PGTBL_WRITE, U64_MAX);
}

static noinline u64 dmap_sg_begin(void *ctx, size_t bytes)
{
	return dmap_map_sg(layers.dmap, layers.seg, SG_PAGES, PGTBL_READ | PGTBL_WRITE, U64_MAX);
}

static noinline void dmap_end(void *ctx, u64 begun, size_t bytes)
{
	dmap_unmap(layers.dmap, begun, bytes);
}

/* Hardware that answers at once: what is left is the layer's own cost. */
static int no_submit(void *ctx, const struct dmap_inval_cmd *cmd, unsigned nr, uint64_t *fence)
{
	*fence = 0;
	return 0;
}

static int no_poll(void *ctx, uint64_t fence)
{
	return 1;
}

static int no_wait(void *ctx, uint64_t fence)
{
	return 0;
}

static const struct dmap_inval_ops no_hardware = { no_submit, no_poll, no_wait };

static void flush_lines(void *ctx, const void *first, size_t bytes)
{
	clflush_cache_range((void *)first, bytes);
}

static void close_layers(void)
{
	dmap_space_destroy(layers.dmap);
	if (layers.pgtbl)
		pgtbl_destroy(layers.pgtbl);
	iova_space_destroy(layers.iova);
	layers.dmap = NULL;
	layers.pgtbl = NULL;
	layers.iova = NULL;
}

static int open_layers(enum dmap_mode mode, bool flush)
{
	const struct iova_space_config space = {
		.first = PAGE_SIZE,
		.last = SPACE_LAST,
		.granule_lg2 = PAGE_SHIFT,
		.flags = IOVA_SPACE_TRIM, /* as iova_vtd.ko has it */
	};
	const struct pgtbl_config table = {
		.ops = &pgtbl_vtdss_ops,
		.levels = 4,
		.oa_bits = 46,
		.phys_offset = (u64)0 - PAGE_OFFSET,
		.flush = flush ? flush_lines : NULL,
	};
	struct dmap_config dmap = {
		.inval = &no_hardware,
		.domain = 1,
		.mode = mode,
		.flags = DMAP_NO_TRIM,
	};
	int r = iova_space_create(&layers.iova, &space);

	if (!r)
		r = pgtbl_create(&layers.pgtbl, &table);
	dmap.iova = layers.iova;
	dmap.pgtbl = layers.pgtbl;
	if (!r)
		r = dmap_space_create(&layers.dmap, &dmap);
	if (r)
		close_layers();
	return r;
}

static int measure(const char *name, struct measure_op op, size_t bytes)
{
	int r = measure_warm_pairs(NULL, op, bytes, WARM, PAIRS, &layers.samples);

	if (r)
		pr_err("%s failed: %d\n", name, r);
	else
		measure_report(&layers.samples, "LAYER", name, 0, PAIRS);
	return r;
}

static int measure_tables(const char *kind)
{
	const struct measure_op page = { table_begin, good, table_end };
	const struct measure_op sg = { table_sg_begin, good, table_end };
	char name[32];
	int r;

	snprintf(name, sizeof(name), "pgtbl_4k_%s", kind);
	r = measure(name, page, SZ_4K);
	snprintf(name, sizeof(name), "pgtbl_64k_%s", kind);
	r = r ? r : measure(name, page, SZ_64K);
	snprintf(name, sizeof(name), "pgtbl_1m_%s", kind);
	r = r ? r : measure(name, page, SZ_1M);
	snprintf(name, sizeof(name), "pgtbl_sg32_%s", kind);
	return r ? r : measure(name, sg, SG_PAGES * SZ_4K);
}

static int measure_dmap(const char *kind, const char *mode)
{
	const struct measure_op page = { dmap_begin, good, dmap_end };
	const struct measure_op sg = { dmap_sg_begin, good, dmap_end };
	char name[32];
	int r;

	snprintf(name, sizeof(name), "dmap_4k_%s_%s", kind, mode);
	r = measure(name, page, SZ_4K);
	snprintf(name, sizeof(name), "dmap_64k_%s_%s", kind, mode);
	r = r ? r : measure(name, page, SZ_64K);
	snprintf(name, sizeof(name), "dmap_1m_%s_%s", kind, mode);
	r = r ? r : measure(name, page, SZ_1M);
	snprintf(name, sizeof(name), "dmap_sg32_%s_%s", kind, mode);
	return r ? r : measure(name, sg, SG_PAGES * SZ_4K);
}

static int run_flush(bool flush)
{
	const char *kind = flush ? "flushed" : "coherent";
	int r = open_layers(DMAP_STRICT, flush);

	if (r)
		return r;
	r = measure_tables(kind);
	if (!r)
		r = measure_dmap(kind, "strict");
	close_layers();
	if (!r)
		r = open_layers(DMAP_LAZY, flush);
	if (r)
		return r;
	r = measure_dmap(kind, "lazy");
	close_layers();
	return r;
}

static int run_iova(void)
{
	const struct measure_op ours = { alloc_begin, good, alloc_end };
	int r = open_layers(DMAP_STRICT, false);

	if (r)
		return r;
	r = measure("iova_4k", ours, SZ_4K);
	if (!r)
		r = measure("iova_256k", ours, SZ_256K);
	close_layers();
	return r;
}

static int run_linux_iova(void)
{
	const struct measure_op theirs = { linux_begin, linux_good, linux_end };
	int r = iova_cache_get();

	if (r)
		return r;
	init_iova_domain(&layers.linux_iova, PAGE_SIZE, 1);
	r = iova_domain_init_rcaches(&layers.linux_iova);
	if (!r)
		r = measure("linux_iova_4k", theirs, SZ_4K);
	if (!r)
		r = measure("linux_iova_256k", theirs, SZ_256K);
	put_iova_domain(&layers.linux_iova);
	iova_cache_put();
	return r;
}

static int run(void)
{
	int r = measure_calibrate();

	if (r)
		return r;
	measure_empty(&layers.samples, PAIRS);
	r = run_iova();
	if (!r)
		r = run_linux_iova();
	if (!r)
		r = run_flush(false);
	if (!r)
		r = run_flush(true);
	return r;
}

static int __init layers_init(void)
{
	unsigned int i;
	int r = -ENOMEM;

	/* No two of them neighbours. */
	for (i = 0; i < SG_PAGES; i++)
		layers.seg[i] = (struct pgtbl_segment){ PHYS + i * SZ_8K, SZ_4K };
	layers.samples.begin = kvcalloc(PAIRS, sizeof(u32), GFP_KERNEL);
	layers.samples.end = kvcalloc(PAIRS, sizeof(u32), GFP_KERNEL);
	if (layers.samples.begin && layers.samples.end)
		r = run();
	kvfree(layers.samples.begin);
	kvfree(layers.samples.end);
	pr_info("DONE %d\n", r);
	return r;
}

static void __exit layers_exit(void)
{
}

module_init(layers_init);
module_exit(layers_exit);
MODULE_DESCRIPTION("Instructions of each layer by itself");
MODULE_LICENSE("Dual MIT/GPL");
MODULE_IMPORT_NS(LIBIOVA);

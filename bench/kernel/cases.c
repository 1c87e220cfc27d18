// SPDX-License-Identifier: GPL-2.0-only OR MIT
/* cases.c - the measured loops. */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt
#include "iova_bench.h"

#include <linux/delay.h>

#define PAIRS 4096
#define WARM_PAIRS 1024
#define MIXED_WARM 8192
#define MIXED_SEED 0x9e3779b97f4a7c15ull
/* Longer than Linux keeps lazily unmapped ranges: each case begins with nothing queued. */
#define SETTLE_MS 40

static noinline u64 page_map(void *ctx, size_t bytes)
{
	struct bench *b = ctx;

	return dma_map_page(b->dev, b->buf, 0, bytes, DMA_BIDIRECTIONAL);
}

static bool page_good(void *ctx, u64 mapped)
{
	struct bench *b = ctx;

	return !dma_mapping_error(b->dev, mapped);
}

static noinline void page_unmap(void *ctx, u64 mapped, size_t bytes)
{
	struct bench *b = ctx;

	dma_unmap_page(b->dev, mapped, bytes, DMA_BIDIRECTIONAL);
}

static bool sg_good(void *ctx, u64 mapped)
{
	return mapped != 0;
}

static noinline u64 scattered_map(void *ctx, size_t bytes)
{
	struct bench *b = ctx;

	return dma_map_sg(b->dev, b->scattered, BENCH_SG_PAGES, DMA_BIDIRECTIONAL);
}

static noinline void scattered_unmap(void *ctx, u64 mapped, size_t bytes)
{
	struct bench *b = ctx;

	dma_unmap_sg(b->dev, b->scattered, BENCH_SG_PAGES, DMA_BIDIRECTIONAL);
}

static noinline u64 contig_map(void *ctx, size_t bytes)
{
	struct bench *b = ctx;

	return dma_map_sg(b->dev, b->contig, BENCH_SG_PAGES, DMA_BIDIRECTIONAL);
}

static noinline void contig_unmap(void *ctx, u64 mapped, size_t bytes)
{
	struct bench *b = ctx;

	dma_unmap_sg(b->dev, b->contig, BENCH_SG_PAGES, DMA_BIDIRECTIONAL);
}

static __always_inline int run_pairs(struct bench *b, struct measure_op op, size_t bytes)
{
	return measure_warm_pairs(b, op, bytes, WARM_PAIRS, PAIRS, &b->samples);
}

static noinline int run_page(struct bench *b, size_t bytes)
{
	return run_pairs(b, (struct measure_op){ page_map, page_good, page_unmap }, bytes);
}

static noinline int run_scattered(struct bench *b, size_t bytes)
{
	return run_pairs(b, (struct measure_op){ scattered_map, sg_good, scattered_unmap }, bytes);
}

static noinline int run_contig(struct bench *b, size_t bytes)
{
	return run_pairs(b, (struct measure_op){ contig_map, sg_good, contig_unmap }, bytes);
}

static u64 next_random(u64 *x)
{
	*x ^= *x << 13;
	*x ^= *x >> 7;
	*x ^= *x << 17;
	return *x >> 16;
}

/* Half of the requests are single pages; one in eight is larger than 128 KiB. */
static u32 mixed_bytes(u64 random)
{
	static const u32 kib[16] = { 4, 4, 4, 4, 4, 4, 4, 4, 8, 12, 16, 32, 64, 128, 256, 512 };

	return kib[random & 15] << 10;
}

static int mixed_replace(struct bench *b, u64 *x, unsigned int n)
{
	unsigned int i;
	u64 t0, t1;

	for (i = 0; i < n; i++) {
		struct bench_live *l = &b->live[next_random(x) % BENCH_LIVE];

		t0 = rdtsc_ordered();
		page_unmap(b, l->addr, l->bytes);
		t1 = rdtsc_ordered();
		b->samples.end[i] = t1 - t0;
		l->bytes = mixed_bytes(next_random(x));
		t0 = rdtsc_ordered();
		l->addr = page_map(b, l->bytes);
		t1 = rdtsc_ordered();
		b->samples.begin[i] = t1 - t0;
		if (!page_good(b, l->addr)) {
			l->bytes = 0;
			return -EIO;
		}
	}
	return 0;
}

static int mixed_fill(struct bench *b, u64 *x)
{
	unsigned int i;

	for (i = 0; i < BENCH_LIVE; i++) {
		b->live[i].bytes = mixed_bytes(next_random(x));
		b->live[i].addr = page_map(b, b->live[i].bytes);
		if (!page_good(b, b->live[i].addr)) {
			b->live[i].bytes = 0;
			return -EIO;
		}
	}
	return 0;
}

/* BENCH_LIVE mappings; a random one goes, another of a random size comes. */
static noinline int run_mixed(struct bench *b, size_t bytes)
{
	unsigned long flags;
	u64 x = MIXED_SEED;
	unsigned int i;
	int r;

	memset(b->live, 0, BENCH_LIVE * sizeof(*b->live));
	local_irq_save(flags);
	r = mixed_fill(b, &x);
	if (!r)
		r = mixed_replace(b, &x, MIXED_WARM);
	if (!r)
		r = mixed_replace(b, &x, BENCH_SAMPLES);
	local_irq_restore(flags);
	if (!r)
		r = bench_check_live(b);
	for (i = 0; i < BENCH_LIVE; i++)
		if (b->live[i].bytes)
			page_unmap(b, b->live[i].addr, b->live[i].bytes);
	return r;
}

/* Every case once, always all and in this order: what ran before has its effect. */
int bench_run(struct bench *b, unsigned int round)
{
	static const struct {
		const char *name;
		int (*run)(struct bench *b, size_t bytes);
		size_t bytes;
		unsigned int n;
	} cases[] = {
		{ "4k", run_page, SZ_4K, PAIRS },
		{ "64k", run_page, SZ_64K, PAIRS },
		{ "256k", run_page, SZ_256K, PAIRS },
		{ "1m", run_page, SZ_1M, PAIRS },
		{ "sg32_scattered", run_scattered, 0, PAIRS },
		{ "sg32_contig", run_contig, 0, PAIRS },
		{ "mixed", run_mixed, 0, BENCH_SAMPLES },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		int r;

		msleep(SETTLE_MS);
		r = cases[i].run(b, cases[i].bytes);
		if (r) {
			pr_err("case %s failed: %d\n", cases[i].name, r);
			return r;
		}
		measure_report(&b->samples, "RESULT", cases[i].name, round, cases[i].n);
	}
	return 0;
}

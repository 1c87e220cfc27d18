/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * mc_pgtbl_grow.c - models of libpgtbl: the top level rises beside everything else.
 *
 * Three levels that may become five, or one that may become two.  The hardware walks from
 * where the driver was told to, and knows what it was told: a mapper looks through
 * it at what he has mapped.
 */
#include "mc_pgtbl.h"

#define AT_4 (1ull << 39) /* needs four levels */
#define AT_5 (1ull << 48)

static uint32_t programmed; /* levels */
static uint64_t root[6];    /* by levels, what the driver was told; constant */
static uint32_t refusals;

/* Monotone, as the contract wants it; the lock is one compare-and-swap. */
static int grown(void *ctx, uint64_t phys, unsigned levels)
{
	uint32_t now;

	(void)ctx;
	if (plat_load_relaxed(&refusals)) /* relaxed: written before anybody runs */
		return -EIO;
	mc_assert(phys == root[levels]);
	do
		now = plat_load_relaxed(&programmed); /* relaxed: the CAS decides */
	while (now < levels && !plat_cas_release(&programmed, now, levels));
	return 0;
}

static void make_growing(const struct pgtbl_ops *ops, unsigned from, unsigned to, unsigned flags,
			 bool coherent)
{
	static const struct pgtbl_growth up_from[] = { { 1, grown, NULL }, { 3, grown, NULL } };
	struct pgtbl_config c = {
		.ops = ops, .levels = to, .oa_bits = 52, .flags = flags,
		.growth = &up_from[from / 2],
		.pages = mc_mem(), .meta = mc_mem(),
		.flush = coherent ? NULL : device_write_back,
	};

	mc_assert(pgtbl_create(&pt, &c) == 0);
	mc_quiet(&pt->own, sizeof(pt->own) + sizeof(pt->queued_pages));
	for (unsigned l = from; l <= to; l++)
		root[l] = pgtbl_page_phys(pt, pt->left[l]);
	programmed = from;
	for (unsigned i = 0; i < 3; i++)
		pgtbl_gather_init(&gathered[i]);
}

static void init_3_5(void)
{
	make_growing(&pgtbl_vtdss_ops, 3, 5, 0, true);
}
static void init_3_5_unlink(void)
{
	make_growing(&pgtbl_vtdss_ops, 3, 5, PGTBL_UNLINK, true);
	map(BASE, 1);
	unmap(BASE, PAGE, 0);
}
static void init_3_5_one(void)
{
	make_growing(&pgtbl_vtdss_ops, 3, 5, 0, true);
	map(BASE, 1);
}
static void init_1_2(void)
{
	make_growing(&pgtbl_amdv1_ops, 1, 2, 0, true);
}
static void init_1_3(void)
{
	make_growing(&pgtbl_amdv1_ops, 1, 3, 0, true);
}
static void init_refused(void)
{
	init_3_5();
	refusals = 1;
}

/* What hardware finds; tables are read as they are, so only what is ordered may be looked for. */
static uint64_t hardware(uint64_t iova)
{
	unsigned level = plat_load_relaxed(&programmed); /* relaxed: the caller knows it is told */
	const uint64_t *table = (const uint64_t *)(uintptr_t)root[level];

	if (iova >> (12 + 9 * level))
		return 0;
	for (;; level--) {
		uint64_t entry = plat_load_relaxed(&table[iova >> (3 + 9 * level) & 511]);
		uint64_t span = 1ull << (3 + 9 * level);
		bool leaf = pt->ops == &pgtbl_amdv1_ops ? !(entry & 0xe00) :
							  level == 1 || (entry & 0x80);

		if (!(entry & 3))
			return 0;
		if (leaf)
			return (entry & 0xffffffffff000ull) + (iova & (span - 1));
		table = (const uint64_t *)(uintptr_t)(entry & 0xffffffffff000ull);
	}
}

static void map_seen(uint64_t iova, unsigned i)
{
	map(iova, i);
	mc_assert(hardware(iova) == PHYS(i));
}

static void map_4(void)
{
	map_seen(AT_4, 1);
}
/* In the table of the one before. */
static void map_4_next(void)
{
	map_seen(AT_4 + PAGE, 2);
}
static void map_5(void)
{
	map_seen(AT_5, 2);
}
static void map_below(void)
{
	map_seen(BASE + PAGE, 3);
	is(BASE + PAGE, 3);
}
static void unmap_below(void)
{
	unmap(BASE, PAGE, 1);
	is(BASE, 0);
}
static void cross(void)
{
	mc_assert(pgtbl_map(pt, AT_4 - PAGE, PHYS(3), 2 * PAGE, RW) == 0);
	mc_assert(hardware(AT_4) == PHYS(3) + PAGE && hardware(AT_4 - PAGE) == PHYS(3));
}
static void reserve_4(void)
{
	mc_assert(pgtbl_reserve(pt, AT_4, PAGE, PAGE, NULL) == 0);
	mc_assert(plat_load_relaxed(&programmed) >= 4); /* relaxed: as in hardware() */
}
static void translate_4(void)
{
	uint64_t phys = PHYS(1);
	int r = pgtbl_translate(pt, AT_4, &phys);

	mc_assert((!r && phys == PHYS(1)) || r == -ENOENT);
	/* Who finds it finds it through hardware. */
	if (!r)
		mc_assert(pgtbl_grow(pt, AT_4) == 0 && hardware(AT_4) == PHYS(1));
}
static void look_at_top(void)
{
	struct pgtbl_top top, later;

	pgtbl_top(pt, &top);
	pgtbl_top(pt, &later);
	mc_assert(top.root_phys == root[top.levels] && later.levels >= top.levels);
	mc_assert(plat_load_relaxed(&programmed) >= top.levels); /* relaxed: as in hardware() */
}
static void reclaim(void)
{
	int64_t n = pgtbl_reclaim(pt, 0, pt->reach[pt->start_levels], &gathered[2]);

	mc_assert(n >= 0);
	pgtbl_gather_release(pt, &gathered[2]);
	mc_assert(pgtbl_drain(pt) == 0);
}
static void unmap_all(void)
{
	mc_assert(pgtbl_unmap(pt, 0, AT_4, &gathered[1]) == 0);
}
static void map_4_refused(void)
{
	mc_assert(pgtbl_map(pt, AT_4, PHYS(1), PAGE, RW) == -EIO);
	is(AT_4, 0);
}
static void grow_refused(void)
{
	mc_assert(pgtbl_grow(pt, AT_5) == -EIO);
}
/* One level: a large leaf above it, and a small one below. */
static void map_2m(void)
{
	mc_assert(pgtbl_map(pt, SPAN, SPAN, SPAN, RW) == 0);
	mc_assert(hardware(SPAN) == SPAN);
}
static void map_low(void)
{
	map_seen(PAGE, 3);
}
static void map_low_next(void)
{
	map_seen(2 * PAGE, 2);
}
static void promote_low(void)
{
	mc_assert(pgtbl_promote(pt, 0, SPAN - 1, &gathered[2]) == 0);
}

static void expect_levels(unsigned levels)
{
	mc_assert(pt->hw_level == levels && programmed >= levels);
}
static void end_4(void)
{
	expect_levels(4);
	is(AT_4, 1);
	end(PAGE, 8);
}
static void end_4_4(void)
{
	expect_levels(4);
	is(AT_4, 1);
	is(AT_4 + PAGE, 2);
	end(2 * PAGE, 6);
}
static void end_4_5(void)
{
	expect_levels(5);
	is(AT_4, 1);
	is(AT_5, 2);
	end(2 * PAGE, 10);
}
static void end_4_below(void)
{
	expect_levels(4);
	is(AT_4, 1);
	is(BASE + PAGE, 3);
	end(2 * PAGE, 8);
}
static void end_cross(void)
{
	expect_levels(4);
	is(BASE + PAGE, 3);
	end(3 * PAGE, 12);
}
static void end_reserved(void)
{
	expect_levels(4);
	end(0, 6);
}
static void end_refused(void)
{
	expect_levels(3);
	end(0, 3);
}
static void end_2m(void)
{
	expect_levels(2);
	is(PAGE, 3);
	end(SPAN + PAGE, 3);
}
static void end_2m_both(void)
{
	expect_levels(2);
	is(PAGE, 3);
	is(2 * PAGE, 2);
	end(SPAN + 2 * PAGE, 3);
}
static void end_low(void)
{
	expect_levels(1);
	is(PAGE, 3);
	mc_assert(hardware(PAGE) == PHYS(3));
	end(PAGE, 3);
}

static const struct mc_model models[] = {
	TABLE("grow-grow", init_3_5, end_4_5, 2, 3, 0, ON(map_4, 0), ON(map_5, 1)),
	TABLE("grow-same", init_3_5, end_4_4, 2, 3, 0, ON(map_4, 0), ON(map_4_next, 1)),
	TABLE("grow-irq", init_3_5, end_4_5, 2, 3, 0, ON(map_4, 0), IRQ(map_5, 0)),
	TABLE("grow-top", init_3_5, end_4_5, 1, 2, 0, ON(map_4, 0), ON(map_5, 1),
	      ON(look_at_top, 2)),
	TABLE("grow-map", init_3_5, end_4_below, 2, 3, 0, ON(map_4, 0), ON(map_below, 1)),
	TABLE("grow-unmap", init_3_5_one, end_4, 2, 3, 0, ON(map_4, 0), ON(unmap_below, 1)),
	TABLE("grow-cross", init_3_5, end_cross, 1, 2, 0, ON(cross, 0), ON(map_below, 1)),
	TABLE("grow-translate", init_3_5, end_4, 2, 3, 0, ON(map_4, 0), ON(translate_4, 1)),
	TABLE("grow-reclaim", init_3_5_unlink, end_4, 1, 2, 0, ON(map_4, 0), ON(reclaim, 1)),
	TABLE("grow-unlink", init_3_5_unlink, end_4, 2, 3, 0, ON(map_4, 0), ON(unmap_all, 1)),
	TABLE("grow-reserve", init_3_5, end_reserved, 2, 3, 0, ON(reserve_4, 0),
	      ON(look_at_top, 1)),
	TABLE("grow-refused", init_refused, end_refused, 2, 3, 0, ON(map_4_refused, 0),
	      ON(grow_refused, 1)),
	TABLE("one-level", init_1_2, end_2m, 2, 3, 0, ON(map_2m, 0), ON(map_low, 1)),
	TABLE("one-level-pin", init_1_3, end_2m_both, 1, 2, 0, ON(map_2m, 0), ON(map_low, 1),
	      ON(map_low_next, 2)),
	TABLE("one-level-reclaim", init_1_3, end_low, 2, 3, 0, ON(reclaim, 0), ON(map_low, 1)),
	TABLE("one-level-promote", init_1_3, end_low, 1, 2, 0, ON(promote_low, 0),
	      ON(map_low, 1)),
};

int main(int argc, char **argv)
{
	return mc_main(argc, argv, models, sizeof(models) / sizeof(models[0]));
}

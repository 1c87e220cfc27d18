/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * test_pgtbl_work.c - how much each call looks at, counted by a build of the library that
 * counts (tests/locks): a run of pages is walked to once for each table that it lies in,
 * not once for each page; a hole costs what the tables around it have, whatever its length.
 */
#include "pgtbl_change.h"
#include "pgtbl_dirty.h"
#include "pgtbl_unit.h"

#include "plat.h"

#define ENTRIES 512u	   /* of a table, in the formats below */
#define BATCH 16u	   /* leaves that a visitor gets from one walk */
#define PAGES 4096u	   /* the longest run */
#define HIGH (1ull << 41)  /* beyond the tables that have a shorter way */
#define LOW G1
#define PHYS (5 * G1 + K4) /* pages that make no greater leaves */
#define RW (PGTBL_READ | PGTBL_WRITE)

static const struct {
	const struct pgtbl_ops *ops;
	const char *name;
	unsigned levels;
} formats[] = {
	{ &pgtbl_vtdss_ops, "vtdss", 4 },   { &pgtbl_vtdss_ops, "vtdss", 5 },
	{ &pgtbl_x86_64_ops, "x86_64", 4 }, { &pgtbl_x86_64_ops, "x86_64", 5 },
	{ &pgtbl_amdv1_ops, "amdv1", 4 },   { &pgtbl_amdv1_ops, "amdv1", 6 },
	{ &pgtbl_arm_s1_ops, "arm_s1", 4 }, { &pgtbl_arm_s2_ops, "arm_s2", 4 },
	{ &pgtbl_riscv_ops, "riscv", 4 },   { &pgtbl_riscv_ops, "riscv", 5 },
};
#define NR_FORMATS (sizeof(formats) / sizeof(formats[0]))

static const char *format;
static unsigned levels;
static struct pgtbl_segment scattered[PAGES];

static void open_format(unsigned f, unsigned flags)
{
	struct pgtbl_config config;

	cr_assert(pool_init(&pool, 4096));
	config = unit_config(formats[f].ops, formats[f].levels);
	config.flags = flags;
	unit_open_config(&config);
	format = formats[f].name;
	levels = formats[f].levels;
}

/* Loads of entries, and of what leads to them, in @call; its value is to be @expected. */
#define LOADS(call, expected)                                                             \
	({                                                                                \
		unsigned long loads_ = work_loads;                                        \
		__typeof__(call) value_ = (call);                                         \
		loads_ = work_loads - loads_;                                             \
		cr_expect_eq(value_, (expected), "%s-%u: " #call " is %lld", format, levels, \
			     (long long)value_);                                          \
		loads_;                                                                   \
	})

static void expect_most(unsigned long loads, unsigned long most, const char *what, uint64_t n)
{
	cr_expect(loads <= most, "%s-%u: %s, %llu: %lu loads, %lu at most", format, levels, what,
		  (unsigned long long)n, loads, most);
	cr_expect(loads, "%s-%u: %s: nothing was counted", format, levels, what);
}

/* Each of @n entries once, and two ways down to each table that they are in. */
static unsigned long run_limit(unsigned n)
{
	return n + (n / ENTRIES + 1) * 2 * (levels + 2);
}

static int count(void *ctx, const struct pgtbl_leaf *leaf)
{
	(void)leaf;
	++*(unsigned *)ctx;
	return 0;
}

static unsigned long visit_loads(uint64_t first, uint64_t last, unsigned leaves)
{
	unsigned seen = 0;
	unsigned long loads = LOADS(pgtbl_visit(pt, first, last, count, &seen), 0);

	cr_expect_eq(seen, leaves, "%s-%u: %u leaves, not %u", format, levels, seen, leaves);
	return loads;
}

/* @n leaves of @bytes from @iova on, where the tables are there already. */
static void a_run(uint64_t iova, unsigned n, uint64_t bytes)
{
	struct pgtbl_report once = { .gather = &gather };
	unsigned long most = run_limit(n), loads;
	uint64_t size = n * bytes, phys = PHYS + (bytes == K4 ? 0 : M2 - K4), out;

	loads = LOADS(pgtbl_map(pt, iova, phys, size, RW), 0);
	expect_most(loads, bytes == K4 ? most : n + most, "map", n);
	expect_most(visit_loads(iova, iova + (size - 1), n), n + (n / BATCH + 2) * (levels + 2),
		    "visit", n);
	expect_most(LOADS(pgtbl_translate(pt, iova + size - 1, &out), 0),
		    (bytes == K4 ? 1 : 2) * (levels + 2), "translate", n);
	expect_most(LOADS(pgtbl_unmap(pt, iova, size, &gather), size), most, "unmap", n);
	loads = LOADS(pgtbl_map_at(pt, iova, phys, size, RW, &once), 0);
	expect_most(loads, most, "map without a look first", n);
	expect_most(LOADS(pgtbl_unmap(pt, iova, size, &gather), size), most, "unmap", n);
}

static void a_list(uint64_t iova, unsigned n)
{
	struct pgtbl_report once = { .gather = &gather };
	unsigned long most = run_limit(n), loads;

	expect_most(LOADS(pgtbl_map_sg(pt, iova, scattered, n, RW), 0), most, "map_sg", n);
	expect_most(LOADS(pgtbl_unmap(pt, iova, n * K4, &gather), n * K4), most, "unmap", n);
	loads = LOADS(pgtbl_map_sg_at(pt, iova, scattered, n, RW, &once), 0);
	expect_most(loads, most, "map_sg without a look first", n);
	expect_most(LOADS(pgtbl_unmap(pt, iova, n * K4, &gather), n * K4), most, "unmap", n);
}

/* Each of the leaves is looked at, and changed, in each of the passes. */
static void a_change(uint64_t iova, unsigned n)
{
	struct pgtbl_replacement with = {
		.iova = iova, .phys = PHYS + G1, .size = n * K4, .prot = RW
	};
	int tracked;

	cr_assert_eq(pgtbl_map(pt, iova, PHYS, n * K4, RW), 0);
	expect_most(LOADS(pgtbl_replace(pt, &with, &gather, NULL), 0), n + run_limit(n), "replace",
		    n);
	tracked = pgtbl_dirty_start(pt, iova, n * K4, &gather);
	if (tracked != -EOPNOTSUPP)
		expect_most(LOADS(pgtbl_dirty_start(pt, iova, n * K4, &gather), 0),
			    n + run_limit(n), "dirty_start", n);
	cr_assert_eq(pgtbl_unmap(pt, iova, n * K4, &gather), n * K4);
}

Test(pgtbl_work, runs)
{
	static const unsigned sizes[] = { 1, 2, 3, 8, 16, 17, 100, 511, 512, 1024, PAGES };

	for (unsigned i = 0; i < PAGES; i++)
		scattered[i] = (struct pgtbl_segment){ PHYS + 2 * i * K4, K4 };
	for (unsigned f = 0; f < 2 * NR_FORMATS; f++) {
		uint64_t base = f < NR_FORMATS ? HIGH : LOW;

		open_format(f % NR_FORMATS, 0);
		cr_assert_eq(pgtbl_reserve(pt, base, PAGES * K4, K4, NULL), 0);
		cr_assert_eq(pgtbl_reserve(pt, base + G1, ENTRIES * M2, M2, NULL), 0);
		for (unsigned i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
			a_run(base, sizes[i], K4);
			a_list(base, sizes[i]);
			a_change(base, sizes[i]);
		}
		for (unsigned n = 1; n <= ENTRIES; n *= 2)
			a_run(base + G1, n, M2);
		unit_close();
	}
}

/* Two pages, and nothing between them. */
static void a_hole(uint64_t bytes)
{
	/* On each side half a table of each level; and a way down for each of them. */
	uint64_t first = HIGH + ENTRIES / 2 * (G1 + M2 + K4), last = first + bytes;
	unsigned long most = levels * (ENTRIES + 2 * levels);

	cr_assert_eq(pgtbl_map(pt, first, PHYS, K4, RW), 0);
	cr_assert_eq(pgtbl_map(pt, last, PHYS, K4, RW), 0);
	expect_most(visit_loads(first, last, 2), most, "visit around a hole", bytes);
	expect_most(visit_loads(first + K4, last - 1, 0), most, "visit of a hole", bytes);
	expect_most(LOADS(pgtbl_unmap(pt, first + K4, bytes - K4, &gather), 0), most,
		    "unmap of a hole", bytes);
	expect_most(LOADS(pgtbl_unmap(pt, first, bytes + K4, &gather), 2 * K4), most,
		    "unmap around a hole", bytes);
	/* Empty tables are looked at whole; each entry above is walked to, at each level. */
	expect_most(LOADS(pgtbl_reclaim(pt, 0, pgtbl_iova_last(pt), &gather) >= 0, true),
		    2 * levels * levels * most, "reclaim", bytes);
}

Test(pgtbl_work, holes)
{
	for (unsigned f = 0; f < NR_FORMATS; f++) {
		open_format(f, 0);
		for (unsigned lg2 = 13; lg2 < 46; lg2 += 3)
			a_hole(1ull << lg2);
		a_hole(1ull << 40);
		unit_close();
	}
}

/* Few pages far apart, and then none: what a visit of all costs. */
Test(pgtbl_work, all_of_it)
{
	for (unsigned f = 0; f < NR_FORMATS; f++) {
		unsigned long empty, most;
		uint64_t all;

		open_format(f, PGTBL_UNLINK);
		all = pgtbl_iova_last(pt);
		empty = visit_loads(0, all, 0);
		expect_most(empty, ENTRIES + levels, "visit of nothing", 0);
		for (unsigned n = 1; n <= 64; n *= 2) {
			most = empty + n * levels * (ENTRIES + levels);
			for (unsigned i = 0; i < n; i++)
				cr_assert_eq(pgtbl_map(pt, HIGH + i * (HIGH / n), PHYS, K4, RW), 0);
			expect_most(visit_loads(0, all, n), most, "visit of all", n);
			expect_most(LOADS(pgtbl_unmap(pt, HIGH, HIGH, &gather), n * K4), 2 * most,
				    "unmap of all", n);
			pgtbl_gather_release(pt, &gather);
		}
		unit_close();
	}
}

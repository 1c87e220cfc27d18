/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* test_dmap.c - mapping, unmapping, strict invalidation, quarantine, misuse. */
#include "test_dmap_env.h"

UNIT_RUN_TWICE();

#define GB4 (1ull << 32)

static struct env env;
static const struct env_options plain;
static uint64_t phys;

static void setup(void)
{
	env_open(&env, &plain);
}

static int err(uint64_t iova)
{
	return iova_is_err(iova) ? iova_err(iova) : 0;
}

Test(dmap, refuses_bad_configurations)
{
	struct env_options o = { .no_space = true };
	struct dmap_inval_ops ops = dmap_simq_ops;
	struct dmap_config good, c;
	struct dmap_space *space = NULL;

	env_open(&env, &o);
	good = c = env_config(&env, &o);
	cr_assert_eq(dmap_space_create(NULL, &c), -EINVAL);
	cr_assert_eq(dmap_space_create(&space, NULL), -EINVAL);
#define BAD(field, value)                                                       \
	do {                                                                    \
		c = good;                                                       \
		c.field = value;                                                \
		cr_assert_eq(dmap_space_create(&space, &c), -EINVAL, #field);   \
	} while (0)
	BAD(iova, NULL);
	BAD(pgtbl, NULL);
	BAD(inval, NULL);
	BAD(mode, (enum dmap_mode)7);
	BAD(granule_lg2, 11);
	BAD(granule_lg2, 35);
	BAD(lazy_entries, 65537);
	BAD(cpu_slots, 65537);
	BAD(flags, 4);
	ops.submit = NULL;
	BAD(inval, &ops);
	ops = dmap_simq_ops;
	ops.poll = NULL;
	BAD(inval, &ops);
	ops = dmap_simq_ops;
	ops.wait = NULL;
	BAD(inval, &ops);
	cr_assert_null(space);
	cr_assert_eq(dmap_space_destroy(NULL), 0);
	cr_assert_eq(env.mem.blocks, 0);
	env_close(&env);
}

Test(dmap, map_keeps_the_offset_and_unmap_ends_access, .init = setup)
{
	uint64_t iova = env_map(&env, 0x12345678, 1500, NO_LIMIT);

	cr_assert_eq(err(iova), 0);
	cr_assert_eq(iova & 0xfff, 0x678);
	cr_assert_eq(env_access(&env, iova, &phys), 0);
	cr_assert_eq(phys, 0x12345678);
	cr_assert_eq(env_iova_stats(&env).live_bytes, PAGE);
	cr_assert_eq(dmap_unmap(env.space, iova, 1500), 0);
	cr_assert_eq(env_access(&env, iova, &phys), -ENOENT);
	cr_assert_eq(env_iova_stats(&env).live_ranges, 0);
	/* Two bytes that straddle a granule boundary need two granules. */
	iova = env_map(&env, 0x1fff, 2, NO_LIMIT);
	cr_assert_eq(iova & 0xfff, 0xfff);
	cr_assert_eq(env_iova_stats(&env).live_bytes, 2 * PAGE);
	cr_assert_eq(env_access(&env, iova + 1, &phys), 0);
	cr_assert_eq(phys, 0x2000);
	cr_assert_eq(dmap_unmap(env.space, iova, 2), 0);
	cr_assert_eq(env_stats(&env).strict_flushes, 2);
	cr_assert_eq(env_stats(&env).range_cmds, 2);
	cr_assert_eq(env_stats(&env).waits, 2);
	cr_assert_eq(env_stats(&env).domain_cmds, 0);
	cr_assert_eq(dmap_flush(env.space, false), 0);
	env_close(&env);
}

Test(dmap, bad_arguments_change_nothing, .init = setup)
{
	uint64_t a = env_map(&env, 0x10000, PAGE, NO_LIMIT);
	struct pgtbl_segment seg[2] = { { 0x1000, PAGE }, { 0x5000, PAGE } };

	cr_assert_eq(err(dmap_map(NULL, 0x1000, PAGE, RW, NO_LIMIT)), -EINVAL);
	cr_assert_eq(err(dmap_map(env.space, 0x1000, 0, RW, NO_LIMIT)), -EINVAL);
	cr_assert_eq(err(dmap_map(env.space, UINT64_MAX - 10, 20, RW, NO_LIMIT)), -EINVAL);
	cr_assert_eq(err(dmap_map(env.space, 0, UINT64_MAX, RW, NO_LIMIT)), -EINVAL);
	cr_assert_eq(err(dmap_map(env.space, 1ull << 60, PAGE, RW, NO_LIMIT)), -EINVAL);
	cr_assert_eq(err(dmap_map(env.space, 0x1000, PAGE, 0, NO_LIMIT)), -EINVAL);
	cr_assert_neq(err(dmap_map(env.space, 0x1000, PAGE, RW, 0xfff)), 0);
	cr_assert_eq(err(dmap_map_sg(NULL, seg, 2, RW, NO_LIMIT)), -EINVAL);
	cr_assert_eq(err(dmap_map_sg(env.space, NULL, 2, RW, NO_LIMIT)), -EINVAL);
	cr_assert_eq(err(dmap_map_sg(env.space, seg, 0, RW, NO_LIMIT)), -EINVAL);
	seg[1].size = 0;
	cr_assert_eq(err(dmap_map_sg(env.space, seg, 2, RW, NO_LIMIT)), -EINVAL);
	seg[1].size = PAGE;
	seg[1].phys += 16;
	cr_assert_eq(err(dmap_map_sg(env.space, seg, 2, RW, NO_LIMIT)), -EINVAL);
	seg[1].phys -= 16;
	seg[0].size -= 16;
	cr_assert_eq(err(dmap_map_sg(env.space, seg, 2, RW, NO_LIMIT)), -EINVAL);
	seg[0].size = UINT64_MAX & ~0xfffull;
	seg[0].phys = 0;
	cr_assert_eq(err(dmap_map_sg(env.space, seg, 2, RW, NO_LIMIT)), -EINVAL);
	cr_assert_eq(dmap_unmap(NULL, a, PAGE), -EINVAL);
	cr_assert_eq(dmap_unmap(env.space, a, 0), -EINVAL);
	cr_assert_eq(dmap_unmap(env.space, UINT64_MAX, 2), -EINVAL);
	cr_assert_eq(dmap_flush(NULL, false), -EINVAL);
	cr_assert_eq(env_iova_stats(&env).live_ranges, 1);
	cr_assert_eq(env.executed, 0);
	cr_assert_eq(env_access(&env, a, &phys), 0);
	cr_assert_eq(dmap_unmap(env.space, a, PAGE), 0);
	env_close(&env);
}

Test(dmap, unmap_of_anything_else_than_a_mapping_changes_nothing, .init = setup)
{
	uint64_t a = env_map(&env, 0x100000, 4 * PAGE, NO_LIMIT);
	uint64_t b = env_map(&env, 0x200000, PAGE, NO_LIMIT);

	cr_assert_neq(dmap_unmap(env.space, a, 3 * PAGE), 0);
	cr_assert_neq(dmap_unmap(env.space, a, 5 * PAGE), 0);
	cr_assert_neq(dmap_unmap(env.space, a, 8 * PAGE), 0);
	cr_assert_neq(dmap_unmap(env.space, a + PAGE, PAGE), 0);
	cr_assert_neq(dmap_unmap(env.space, a + PAGE, 3 * PAGE), 0);
	cr_assert_neq(dmap_unmap(env.space, b, 2 * PAGE), 0);
	cr_assert_eq(dmap_unmap(env.space, 0x7000000000ull, PAGE), -ENOENT);
	cr_assert_neq(dmap_unmap(env.space, 1ull << 60, PAGE), 0);
	cr_assert_eq(env.executed, 0);
	for (unsigned i = 0; i < 4; i++) {
		cr_assert_eq(env_access(&env, a + i * PAGE, &phys), 0);
		cr_assert_eq(phys, 0x100000 + i * PAGE);
	}
	cr_assert_eq(env_access(&env, b, &phys), 0);
	cr_assert_eq(dmap_unmap(env.space, a, 4 * PAGE), 0);
	cr_assert_eq(dmap_unmap(env.space, a, 4 * PAGE), -ENOENT);
	cr_assert_eq(dmap_unmap(env.space, b, PAGE), 0);
	cr_assert_eq(env.executed, 2);
	env_close(&env);
}

/* An allocated range without entries (somebody else's) is not a mapping either. */
Test(dmap, unmap_of_an_allocated_but_unmapped_range, .init = setup)
{
	uint64_t a = iova_space_alloc(env.iova, PAGE, UINT64_MAX);

	cr_assert_eq(dmap_unmap(env.space, a, PAGE), -ENOENT);
	cr_assert_eq(env.executed, 0);
	cr_assert_eq(iova_space_free(env.iova, a, PAGE), 0);
	env_close(&env);
}

Test(dmap, below_4_gib_first_then_above)
{
	struct env_options o = { .iova = { .first = GB4 - 16 * PAGE, .last = 2 * GB4 - 1 } };
	uint64_t a[20];

	env_open(&env, &o);
	for (unsigned i = 0; i < 20; i++) {
		a[i] = env_map(&env, (uint64_t)i << 12, PAGE, NO_LIMIT);
		cr_assert_eq(err(a[i]), 0);
		cr_assert_eq(a[i] < GB4, i < 16, "mapping %u", i);
	}
	/* A device that cannot go above gets nothing, not even after the others got it. */
	cr_assert_eq(err(dmap_map(env.space, 0, PAGE, RW, GB4 - 1)), -ENOSPC);
	cr_assert_eq(dmap_unmap(env.space, a[3], PAGE), 0);
	cr_assert_eq(env_map(&env, 0, PAGE, GB4 - 1), a[3]);
	for (unsigned i = 0; i < 20; i++)
		cr_assert_eq(dmap_unmap(env.space, a[i], PAGE), 0);
	env_close(&env);
}

Test(dmap, the_32_bit_rule_can_be_turned_off)
{
	struct env_options o = { .dmap = { .flags = DMAP_NO_32BIT_FIRST } };
	struct env_options low = { 0 };
	uint64_t a;

	env_open(&env, &low);
	a = env_map(&env, 0, 1 << 20, NO_LIMIT);
	cr_assert_lt(a, GB4);
	cr_assert_eq(dmap_unmap(env.space, a, 1 << 20), 0);
	env_close(&env);
	/* Without the rule the limit alone decides: the same as asking the allocator. */
	env_open(&env, &o);
	a = iova_space_alloc(env.iova, 1 << 20, UINT64_MAX);
	cr_assert_eq(iova_space_free(env.iova, a, 1 << 20), 0);
	cr_assert_eq(env_map(&env, 0, 1 << 20, NO_LIMIT) >= GB4, a >= GB4);
	a = env_map(&env, 0, 1 << 20, GB4 - 1);
	cr_assert_lt(a, GB4);
	cr_assert_eq(dmap_space_destroy(env.space), 2);
}

Test(dmap, sg_aligned_and_ragged, .init = setup)
{
	struct pgtbl_segment seg[5];
	uint64_t iova, off, total;

	for (unsigned nr = 1; nr <= 5; nr++) {
		for (unsigned ragged = 0; ragged < 4; ragged++) {
			total = 0;
			for (unsigned i = 0; i < nr; i++) {
				seg[i].phys = 0x1000000 + i * 0x100000;
				seg[i].size = (i + 1) * 3 * PAGE;
			}
			if (ragged & 1) {
				seg[0].phys += 0x123;
				seg[0].size -= 0x123;
			}
			if (ragged & 2)
				seg[nr - 1].size -= 0x321;
			for (unsigned i = 0; i < nr; i++)
				total += seg[i].size;
			iova = dmap_map_sg(env.space, seg, nr, RW, NO_LIMIT);
			cr_assert_eq(err(iova), 0);
			off = 0;
			for (unsigned i = 0; i < nr; i++) {
				for (uint64_t b = 0; b < seg[i].size; b += 0x7ff) {
					cr_assert_eq(env_access(&env, iova + off + b, &phys), 0);
					cr_assert_eq(phys, seg[i].phys + b);
				}
				off += seg[i].size;
			}
			cr_assert_eq(dmap_unmap(env.space, iova, total), 0);
			cr_assert_eq(env_access(&env, iova, &phys), -ENOENT);
			cr_assert_eq(env_access(&env, iova + total - 1, &phys), -ENOENT);
		}
	}
	env_close(&env);
}

/* What each command says about upper levels decides whether tables may be reused. */
Test(dmap, only_an_unlinked_table_costs_the_upper_levels)
{
	struct env_options o = { .pgtbl_flags = PGTBL_UNLINK };
	uint64_t a, size = 4 << 20;

	env_open(&env, &o);
	a = env_map(&env, 0x1000, PAGE, NO_LIMIT);
	cr_assert_eq(dmap_unmap(env.space, a, PAGE), 0);
	cr_assert_eq(env.last_cmd.kind, DMAP_INVAL_RANGE);
	cr_assert(env.last_cmd.leaf_only);
	cr_assert_eq(env.last_cmd.first, a);
	cr_assert_eq(env.last_cmd.last, a + PAGE - 1);
	a = env_map(&env, 0x1000, size, NO_LIMIT);
	cr_assert_eq(dmap_unmap(env.space, a, size), 0);
	cr_assert_not(env.last_cmd.leaf_only);
	cr_assert_gt(env_pgtbl_stats(&env).queued_pages, 0);
	/* A table whose invalidation was lost is not released until the end. */
	a = env_map(&env, 0x1000, size, NO_LIMIT);
	cr_assert_eq(pgtbl_drain(env.pgtbl), 0);
	dmap_simq_inject(env.simq, DMAP_SIMQ_LOST, 0, 1);
	cr_assert_eq(dmap_unmap(env.space, a, size), -ETIMEDOUT);
	cr_assert_eq(env_pgtbl_stats(&env).queued_pages, 0);
	env_close(&env);
}

Test(dmap, a_failed_invalidation_quarantines_the_range)
{
	static const enum dmap_simq_fault fault[] = { DMAP_SIMQ_LOST, DMAP_SIMQ_ERROR,
						      DMAP_SIMQ_BROKEN };
	static const int want[] = { -ETIMEDOUT, -EIO, -EIO };
	struct env_options o = { .iova = { .first = PAGE, .last = 64 * PAGE - 1 } };
	uint64_t a[64], lost[3];
	unsigned n = 0;

	env_open(&env, &o);
	for (unsigned i = 0; i < 3; i++) {
		lost[i] = env_map(&env, 0x1000, PAGE, NO_LIMIT);
		cr_assert_eq(env_access(&env, lost[i], &phys), 0);
		dmap_simq_inject(env.simq, fault[i], 0, 1);
		cr_assert_eq(dmap_unmap(env.space, lost[i], PAGE), want[i]);
		cr_assert(env_remembers(&env, lost[i], NULL));
		cr_assert_eq(dmap_unmap(env.space, lost[i], PAGE), -ENOENT);
	}
	cr_assert_eq(env_stats(&env).quarantined_bytes, 3 * PAGE);
	cr_assert_eq(env_stats(&env).failed_flushes, 3);
	/* Nobody gets them again; env_map() looks whether the device remembers. */
	for (;;) {
		a[n] = env_map(&env, 0x1000, PAGE, NO_LIMIT);
		if (iova_is_err(a[n]))
			break;
		for (unsigned i = 0; i < 3; i++)
			cr_assert_neq(a[n], lost[i]);
		n++;
	}
	cr_assert_eq(err(a[n]), -ENOSPC);
	cr_assert_eq(n, 63 - 3);
	while (n--)
		cr_assert_eq(dmap_unmap(env.space, a[n], PAGE), 0);
	env_close(&env);
}

Test(dmap, destroying_with_a_dead_queue_keeps_what_is_in_quarantine, .init = setup)
{
	uint64_t a = env_map(&env, 0x1000, PAGE, NO_LIMIT);

	dmap_simq_inject(env.simq, DMAP_SIMQ_LOST, 0, 1000);
	cr_assert_eq(dmap_unmap(env.space, a, PAGE), -ETIMEDOUT);
	cr_assert_eq(dmap_space_destroy(env.space), 0);
	cr_assert_eq(env.mem.blocks, 0);
	cr_assert_eq(iova_space_destroy(env.iova), 1);
	cr_assert_eq(pgtbl_destroy(env.pgtbl), 0);
}

Test(dmap, a_full_queue_is_tried_again, .init = setup)
{
	uint64_t a = env_map(&env, 0x1000, PAGE, NO_LIMIT);

	dmap_simq_inject(env.simq, DMAP_SIMQ_FULL, 0, 1000);
	cr_assert_eq(dmap_unmap(env.space, a, PAGE), 0);
	cr_assert_eq(env_stats(&env).failed_flushes, 0);
	env_close(&env);
}

Test(dmap, a_queue_that_stays_full_is_a_timeout, .init = setup, .timeout = 60)
{
	uint64_t a = env_map(&env, 0x1000, PAGE, NO_LIMIT);

	dmap_simq_inject(env.simq, DMAP_SIMQ_FULL, 0, (1u << 28) - 1);
	cr_assert_eq(dmap_unmap(env.space, a, PAGE), -ETIMEDOUT);
	dmap_simq_inject(env.simq, DMAP_SIMQ_NONE, 0, 0);
	cr_assert_eq(env_stats(&env).quarantined_bytes, PAGE);
	env_close(&env);
}

/* One of four pages, each in turn: at the ends what is left is one range. */
Test(dmap, entries_cleared_by_others_end_in_quarantine, .init = setup)
{
	for (uint64_t gone = 0; gone < 4; gone++) {
		uint64_t a = env_map(&env, 0x1000, 4 * PAGE, NO_LIMIT);
		struct pgtbl_gather gather;

		for (uint64_t i = 0; i < 4; i++)
			cr_assert_eq(env_access(&env, a + i * PAGE, &phys), 0);
		pgtbl_gather_init(&gather);
		cr_assert_eq(pgtbl_unmap(env.pgtbl, a + gone * PAGE, PAGE, &gather), PAGE);
		cr_assert_eq(dmap_unmap(env.space, a, 4 * PAGE), -ESTALE);
		for (uint64_t i = 0; i < 4; i++)
			cr_assert(i == gone || !env_remembers(&env, a + i * PAGE, NULL));
		cr_assert_eq(env_stats(&env).quarantined_bytes, (gone + 1) * 4 * PAGE);
		cr_assert_eq(env_iova_stats(&env).live_bytes, (gone + 1) * 4 * PAGE);
	}
	env_close(&env);
}

Test(dmap, entries_written_by_others_do_not_block_the_space, .init = setup)
{
	struct pgtbl_segment seg[3] = { { 0x1000, PAGE }, { 0x5000, PAGE }, { 0x9000, 100 } };
	uint64_t next = env_map(&env, 0x1000, PAGE, NO_LIMIT);
	struct pgtbl_gather gather;
	uint64_t a;

	/* Find where the next 16 pages will go, and put something there. */
	a = env_map(&env, 0x1000, 16 * PAGE, NO_LIMIT);
	cr_assert_eq(dmap_unmap(env.space, a, 16 * PAGE), 0);
	cr_assert_eq(env_map(&env, 0x1000, 16 * PAGE, NO_LIMIT), a);
	cr_assert_eq(dmap_unmap(env.space, a, 16 * PAGE), 0);
	cr_assert_eq(pgtbl_map(env.pgtbl, a + 9 * PAGE, 0xaaa000, PAGE, RW), 0);
	cr_assert_eq(err(dmap_map(env.space, 0x1000, 16 * PAGE, RW, NO_LIMIT)), -EEXIST);
	cr_assert_eq(env_stats(&env).quarantined_bytes, 16 * PAGE);
	cr_assert_eq(pgtbl_translate(env.pgtbl, a + 9 * PAGE, &phys), 0);
	cr_assert_eq(phys, 0xaaa000);
	cr_assert_eq(pgtbl_translate(env.pgtbl, a, &phys), -ENOENT);
	cr_assert_neq(env_map(&env, 0x1000, 16 * PAGE, NO_LIMIT), a);
	/* The same with the last, ragged segment of a list. */
	a = dmap_map_sg(env.space, seg, 3, RW, NO_LIMIT);
	cr_assert_eq(dmap_unmap(env.space, a, 2 * PAGE + 100), 0);
	cr_assert_eq(pgtbl_map(env.pgtbl, a + 2 * PAGE, 0xbbb000, PAGE, RW), 0);
	cr_assert_eq(err(dmap_map_sg(env.space, seg, 3, RW, NO_LIMIT)), -EEXIST);
	cr_assert_eq(pgtbl_translate(env.pgtbl, a, &phys), -ENOENT);
	cr_assert_eq(pgtbl_translate(env.pgtbl, a + 2 * PAGE, &phys), 0);
	pgtbl_gather_init(&gather);
	cr_assert_eq(dmap_unmap(env.space, next, PAGE), 0);
	/* 16 good pages and the two foreign entries. */
	cr_assert_eq(dmap_space_destroy(env.space), 1);
	cr_assert_eq(pgtbl_destroy(env.pgtbl), 18 * PAGE);
}

Test(dmap, destroy_counts_live_mappings_and_leaves_them, .init = setup)
{
	uint64_t a = env_map(&env, 0x1000, PAGE, NO_LIMIT);
	uint64_t b = env_map(&env, 0x1000, 3 * PAGE, NO_LIMIT);

	cr_assert_eq(dmap_space_destroy(env.space), 2);
	cr_assert_eq(pgtbl_translate(env.pgtbl, a, &phys), 0);
	cr_assert_eq(pgtbl_translate(env.pgtbl, b + 2 * PAGE, &phys), 0);
	cr_assert_eq(env.mem.blocks, 0);
	cr_assert_eq(pgtbl_destroy(env.pgtbl), 4 * PAGE);
	cr_assert_eq(iova_space_destroy(env.iova), 2);
}

/* Holes make a gather of many ranges; a small queue gets one command for the domain instead. */
static void unmap_with_holes(unsigned entries, enum dmap_inval_kind kind)
{
	struct env_options o = { .simq = { .entries = entries } };
	struct pgtbl_gather gather;
	uint64_t a;

	env_open(&env, &o);
	a = env_map(&env, 0x1000, 12 * PAGE, NO_LIMIT);
	for (unsigned i = 0; i < 12; i++)
		cr_assert_eq(env_access(&env, a + i * PAGE, &phys), 0);
	pgtbl_gather_init(&gather);
	for (unsigned i = 2; i < 12; i += 3)
		cr_assert_eq(pgtbl_unmap(env.pgtbl, a + i * PAGE, PAGE, &gather), PAGE);
	cr_assert_eq(dmap_unmap(env.space, a, 12 * PAGE), -ESTALE);
	cr_assert_eq(env.last_cmd.kind, kind);
	for (unsigned i = 0; i < 12; i++)
		cr_assert(i % 3 == 2 || !env_remembers(&env, a + i * PAGE, NULL));
	cr_assert_eq(env_stats(&env).waits, 1);
	cr_assert_eq(env_stats(&env).strict_flushes, 1);
	cr_assert_eq(env_stats(&env).range_cmds, kind == DMAP_INVAL_RANGE ? 4 : 0);
	cr_assert_eq(env_stats(&env).domain_cmds, kind == DMAP_INVAL_RANGE ? 0 : 1);
	env_close(&env);
}

Test(dmap, many_ranges_are_one_submission)
{
	unmap_with_holes(0, DMAP_INVAL_RANGE);
	unmap_with_holes(4, DMAP_INVAL_DOMAIN);
}

/* Each allocation fails once: the call reports it, and then everything is as before. */
Test(dmap, each_allocation_may_fail)
{
	struct env_options o = { .no_space = true };
	struct pgtbl_segment seg[3] = { { 0x5000, PAGE }, { 0x9000, 4 << 20 }, { 0x1000, 5 } };
	struct dmap_config c;
	uint64_t a, pages;
	int n;

	env_open(&env, &o);
	c = env_config(&env, &o);
	for (n = 1;; n++) {
		env.mem.fail_at = n;
		if (!dmap_space_create(&env.space, &c))
			break;
		cr_assert_eq(env.mem.blocks, 0);
	}
	cr_assert_eq(n, 3);
	env.mem.fail_at = 0;
	for (n = 1;; n++) {
		pages = env_pgtbl_stats(&env).table_pages;
		env.page_mem.fail_at = n;
		a = dmap_map_sg(env.space, seg, 3, RW, NO_LIMIT);
		if (!iova_is_err(a))
			break;
		cr_assert_eq(err(a), -ENOMEM);
		cr_assert_eq(env_iova_stats(&env).live_ranges, 0);
		cr_assert_geq(env_pgtbl_stats(&env).table_pages, pages);
	}
	cr_assert_gt(n, 3);
	env.page_mem.fail_at = 0;
	cr_assert_eq(dmap_unmap(env.space, a, PAGE + (4 << 20) + 5), 0);
	env_close(&env);
	/* The allocator's metadata. */
	for (n = 1, a = (uint64_t)-ENOMEM; iova_is_err(a); n++) {
		env_open(&env, &plain);
		env.iova_mem.fail_at = n;
		a = dmap_map(env.space, 0x1000, PAGE, RW, NO_LIMIT);
		if (iova_is_err(a))
			cr_assert_eq(err(a), -ENOMEM);
		else
			cr_assert_eq(dmap_unmap(env.space, a, PAGE), 0);
		env_close(&env);
	}
}

/* No memory even to remember what is lost: the addresses stay out of use all the same. */
Test(dmap, quarantine_without_memory, .init = setup)
{
	uint64_t a = env_map(&env, 0x1000, PAGE, NO_LIMIT);

	dmap_simq_inject(env.simq, DMAP_SIMQ_LOST, 0, 1);
	env.mem.fail_all = true;
	cr_assert_eq(dmap_unmap(env.space, a, PAGE), -ETIMEDOUT);
	env.mem.fail_all = false;
	cr_assert_eq(env_stats(&env).quarantined_bytes, PAGE);
	cr_assert_eq(env_stats(&env).lost_pages, 0);
	cr_assert_neq(env_map(&env, 0x1000, PAGE, NO_LIMIT), a);
	cr_assert_eq(dmap_space_destroy(env.space), 1);
	cr_assert_eq(env.mem.blocks, 0);
	cr_assert_eq(iova_space_destroy(env.iova), 2);
}

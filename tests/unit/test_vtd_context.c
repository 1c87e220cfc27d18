/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* Root and context tables: attach, detach, aliases, and what may go wrong. */
#include "vtd_int.h"
#include "vtd_rig.h"

/* Every kind of unit must come to the same result. */
static const struct vtd_model_config kinds[] = {
	{ 0 },
	{ .not_coherent = true },
	{ .caching_mode = true },
	{ .write_buffer = true },
	{ .caching_mode = true, .not_coherent = true, .reorder = true },
	{ .levels_mask = 1u << 3, .mgaw_bits = 39 },
	{ .levels_mask = 1u << 4 },
	{ .levels_mask = 1u << 5, .mgaw_bits = 57 },
	{ .queue_delay = 3, .command_delay = 2, .drain = true, .reorder = true },
	{ .no_range_inval = true },
};
#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

static void life_of_a_device(const struct vtd_model_config *kind)
{
	struct rig r;

	rig_up(&r, kind);
	cr_expect_eq(rig_dma(&r, SID, 0x1000, READ), 0x1);
	cr_assert_eq(rig_attach(&r, SID), 0);
	cr_expect_eq(rig_dma(&r, SID, 0x1000, READ), 0x6);
	rig_map(&r, 0x1000, 0x80000000, PAGE, PGTBL_READ | PGTBL_WRITE);
	cr_expect_eq(rig_dma(&r, SID, 0x1000, READ), 0);
	cr_expect_eq(rig_dma(&r, SID, 0x1000, WRITE), 0);
	cr_expect_eq(rig_dma(&r, SID, 0x2000, WRITE), 0x5);
	/* Its neighbours have no context. */
	cr_expect_eq(rig_dma(&r, SID + 1, 0x1000, READ), 0x2);
	cr_expect_eq(rig_dma(&r, SID + 0x100, 0x1000, READ), 0x1);
	cr_assert_eq(vtd_detach(r.u, SID), 0);
	cr_expect_eq(rig_dma(&r, SID, 0x1000, READ), 0x2);
	cr_expect_eq(vtd_model_cached(r.m, (uint16_t)r.id), 0);
	/* And back, to another table. */
	pgtbl_destroy(r.pt);
	r.pt = rig_table(&r, r.levels);
	cr_assert_eq(rig_attach(&r, SID), 0);
	cr_expect_eq(rig_dma(&r, SID, 0x1000, READ), 0x6);
	cr_assert_eq(vtd_detach(r.u, SID), 0);
	rig_down(&r);
}

Test(vtd_context, life_of_a_device_on_every_kind_of_unit)
{
	unsigned i;

	for (i = 0; i < KINDS; i++)
		life_of_a_device(&kinds[i]);
}

Test(vtd_context, write_buffer_is_flushed)
{
	struct vtd_model_config config = { .write_buffer = true };
	unsigned wbf;
	struct rig r;

	rig_up(&r, &config);
	wbf = vtd_model_wbf(r.m);
	cr_expect_eq(wbf, 1);
	cr_assert_eq(rig_attach(&r, SID), 0);
	cr_expect_eq(vtd_model_wbf(r.m), wbf + 1);
	rig_map(&r, 0x1000, 0x80000000, PAGE, PGTBL_READ);
	cr_expect_eq(vtd_model_wbf(r.m), wbf + 2);
	rig_down(&r);
}

/* Ordinary hardware: mapping and attaching post nothing. */
Test(vtd_context, nothing_posted_without_need)
{
	struct vtd_model_config config = { 0 };
	struct vtd_stats before, after;
	struct rig r;

	rig_up(&r, &config);
	vtd_unit_stats(r.u, &before);
	cr_assert_eq(rig_attach(&r, SID), 0);
	rig_map(&r, 0x1000, 0x80000000, PAGE, PGTBL_READ);
	vtd_unit_stats(r.u, &after);
	cr_expect_eq(before.batches, after.batches);
	cr_expect_eq(vtd_model_wbf(r.m), 0);
	rig_down(&r);
}

/*
 * With caching mode a hypervisor watches these flushes to learn of the new
 * context; Linux sends both, so they are what hypervisors are tested with.
 */
Test(vtd_context, caching_mode_attach_posts_both_flushes)
{
	struct vtd_model_config config = { .caching_mode = true };
	unsigned contexts, translations;
	struct rig r;

	rig_up(&r, &config);
	contexts = vtd_model_executed(r.m, VTD_DESC_CONTEXT);
	translations = vtd_model_executed(r.m, VTD_DESC_IOTLB);
	cr_assert_eq(rig_attach(&r, SID), 0);
	cr_expect_eq(vtd_model_executed(r.m, VTD_DESC_CONTEXT), contexts + 1);
	cr_expect_eq(vtd_model_executed(r.m, VTD_DESC_IOTLB), translations + 1);
	rig_down(&r);
}

Test(vtd_context, occupied_and_absent)
{
	struct vtd_model_config config = { .nd = 0 };
	struct vtd_stats stats;
	struct rig r;

	rig_up(&r, &config);
	cr_expect_eq(vtd_detach(r.u, SID), -ENOENT);
	cr_assert_eq(rig_attach(&r, SID), 0);
	cr_expect_eq(rig_attach(&r, SID), -EBUSY);
	cr_expect_eq(vtd_detach(r.u, SID + 1), -ENOENT);
	cr_expect_eq(vtd_detach(r.u, SID + 0x100), -ENOENT);
	cr_expect_eq(vtd_detach(r.u, SID), 0);
	cr_expect_eq(vtd_detach(r.u, SID), -ENOENT);
	vtd_unit_stats(r.u, &stats);
	cr_expect_eq(stats.context_tables, 1);
	rig_down(&r);
}

/* Two source ids of one device, and a second device of the same domain. */
Test(vtd_context, aliases_share_a_table)
{
	static const uint16_t sids[] = { SID, VTD_SOURCE_ID(5, 0, 0), 0xffff, 0 };
	struct vtd_model_config config = { .caching_mode = true };
	struct vtd_stats stats;
	unsigned i;
	struct rig r;

	rig_up(&r, &config);
	rig_map(&r, 0x10000, 0x80000000, PAGE, PGTBL_READ);
	for (i = 0; i < 4; i++)
		cr_assert_eq(rig_attach(&r, sids[i]), 0);
	for (i = 0; i < 4; i++)
		cr_expect_eq(rig_dma(&r, sids[i], 0x10000, READ), 0);
	cr_expect_eq(vtd_detach(r.u, sids[1]), 0);
	for (i = 0; i < 4; i++)
		cr_expect_eq(rig_dma(&r, sids[i], 0x10000, READ), i == 1 ? 0x2 : 0);
	vtd_unit_stats(r.u, &stats);
	cr_expect_eq(stats.context_tables, 3);
	rig_down(&r);
}

Test(vtd_context, pass_through)
{
	struct vtd_model_config with = { .caching_mode = true };
	struct vtd_model_config without = { .no_pass_through = true };
	struct vtd_context context = { .domain = 2, .pass_through = true };
	struct rig r;

	rig_up(&r, &with);
	cr_assert_eq(vtd_attach(r.u, SID, &context), 0);
	cr_expect_eq(rig_dma(&r, SID, 0x123456000, WRITE), 0);
	cr_expect_eq(vtd_detach(r.u, SID), 0);
	cr_expect_eq(rig_dma(&r, SID, 0x123456000, WRITE), 0x2);
	rig_down(&r);
	rig_up(&r, &without);
	cr_expect_eq(vtd_attach(r.u, SID, &context), -EOPNOTSUPP);
	cr_expect_eq(rig_dma(&r, SID, 0x1000, READ), 0x1);
	rig_down(&r);
}

Test(vtd_context, bad_arguments_change_nothing)
{
	struct vtd_model_config config = { .nd = 0 };
	struct vtd_context good, bad;
	struct vtd_stats stats;
	unsigned i;
	struct rig r;

	rig_up(&r, &config);
	good = (struct vtd_context){ .domain = 1, .levels = r.levels };
	good.root_phys = pgtbl_root_phys(r.pt);
	for (i = 0; i < 7; i++) {
		bad = good;
		switch (i) {
		case 0:
			bad.domain = 0;
			break;
		case 1:
			bad.domain = 16;
			break;
		case 2:
			bad.levels = 2;
			break;
		case 3:
			bad.levels = 6;
			break;
		case 4:
			bad.root_phys |= 0x800;
			break;
		case 5:
			bad.root_phys |= 1ull << 52;
			break;
		case 6:
			bad.levels = 5;
			break;
		}
		cr_expect_eq(vtd_attach(r.u, SID, &bad), i == 6 ? -EOPNOTSUPP : -EINVAL, "%u", i);
	}
	vtd_unit_stats(r.u, &stats);
	cr_expect_eq(stats.context_tables, 0);
	cr_expect_eq(rig_dma(&r, SID, 0, READ), 0x1);
	cr_expect_eq(vtd_attach(r.u, SID, &good), 0);
	rig_down(&r);
}

Test(vtd_context, no_memory_for_the_table)
{
	struct vtd_model_config config = { 0 };
	unsigned live;
	struct rig r;

	rig_up(&r, &config);
	live = vtd_model_live(r.m);
	vtd_model_fail_alloc(r.m, 1);
	cr_expect_eq(rig_attach(&r, SID), -ENOMEM);
	cr_expect_eq(vtd_model_live(r.m), live);
	cr_expect_eq(rig_dma(&r, SID, 0, READ), 0x1);
	cr_expect_eq(rig_attach(&r, SID), 0);
	cr_expect_eq(vtd_model_live(r.m), live + 1);
	/* With the table there, nothing is allocated. */
	vtd_model_fail_alloc(r.m, 1);
	cr_expect_eq(rig_attach(&r, SID + 1), 0);
	vtd_model_fail_alloc(r.m, 0);
	rig_down(&r);
}

/* A detach that cannot invalidate keeps the source id out of reach until one can. */
Test(vtd_context, detach_times_out)
{
	struct vtd_model_config config = { 0 };
	struct rig r;

	rig_up(&r, &config);
	cr_assert_eq(rig_attach(&r, SID), 0);
	rig_map(&r, 0x1000, 0x80000000, PAGE, PGTBL_READ);
	cr_expect_eq(rig_dma(&r, SID, 0x1000, READ), 0);
	vtd_model_hold(r.m, true);
	cr_expect_eq(vtd_detach(r.u, SID), -ETIMEDOUT);
	cr_expect_eq(rig_dma(&r, SID, 0x1000, READ), 0); /* still cached: why it is quarantined */
	cr_expect_eq(rig_attach(&r, SID), -EBUSY);
	cr_expect_eq(vtd_detach(r.u, SID), -ETIMEDOUT);
	vtd_model_hold(r.m, false);
	cr_expect_eq(rig_attach(&r, SID), -EBUSY);
	cr_expect_eq(vtd_detach(r.u, SID), 0);
	cr_expect_eq(rig_dma(&r, SID, 0x1000, READ), 0x2);
	cr_expect_eq(rig_attach(&r, SID), 0);
	rig_down(&r);
}

Test(vtd_context, attach_times_out_with_caching_mode)
{
	struct vtd_model_config config = { .caching_mode = true };
	struct rig r;

	rig_up(&r, &config);
	vtd_model_hold(r.m, true);
	cr_expect_eq(rig_attach(&r, SID), -ETIMEDOUT);
	cr_expect_eq(rig_dma(&r, SID, 0x1000, READ), 0x2);
	cr_expect_eq(rig_attach(&r, SID), -EBUSY);
	vtd_model_hold(r.m, false);
	cr_expect_eq(vtd_detach(r.u, SID), 0);
	cr_expect_eq(rig_attach(&r, SID), 0);
	cr_expect_eq(rig_dma(&r, SID, 0x1000, READ), 0x6);
	rig_down(&r);
}

/* A device that accesses memory while the contexts go: nothing of it may be cached afterwards. */
static void access_between(void *ctx)
{
	struct rig *r = ctx;

	rig_dma(r, SID, 0x1000, READ);
}

Test(vtd_context, access_during_detach)
{
	struct vtd_model_config config = { .reorder = true };
	struct rig r;

	rig_up(&r, &config);
	cr_assert_eq(rig_attach(&r, SID), 0);
	rig_map(&r, 0x1000, 0x80000000, PAGE, PGTBL_READ);
	cr_expect_eq(rig_dma(&r, SID, 0x1000, READ), 0);
	vtd_model_between(r.m, access_between, &r);
	cr_expect_eq(vtd_detach(r.u, SID), 0);
	vtd_model_between(r.m, NULL, NULL);
	cr_expect_eq(vtd_model_cached(r.m, (uint16_t)r.id), 0);
	rig_down(&r);
}

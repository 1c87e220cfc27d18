/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* vtd_inval_submit_range(): the same as the command it stands for. */
#include "vtd_int.h"
#include "vtd_rig.h"

#define IOVA 0x200000ull
#define PAGES 16

static void attach_and_map(struct rig *r)
{
	unsigned i;

	cr_assert_eq(rig_attach(r, SID), 0);
	rig_map(r, IOVA, 0x80001000, PAGES * PAGE, PGTBL_READ); /* never a large page */
	for (i = 0; i < PAGES; i++)
		cr_assert_eq(rig_dma(r, SID, IOVA + i * PAGE, READ), 0);
}

/* How many of the pages the unit still holds when that has completed; @way: by which call. */
static uint64_t left(const struct vtd_model_config *config, unsigned way, uint64_t first,
		     uint64_t bytes)
{
	struct rig r;
	uint64_t fence, nr;

	rig_up(&r, config);
	attach_and_map(&r);
	if (way) {
		cr_expect_eq(vtd_inval_submit_range(r.u, (uint16_t)r.id, first, first + bytes - 1, true,
						    &fence), 0);
	} else {
		struct vtd_inval_cmd cmd = {
			.kind = VTD_INVAL_RANGE,
			.domain = (uint16_t)r.id,
			.leaf_only = true,
			.first = first,
			.last = first + bytes - 1,
		};

		cr_expect_eq(vtd_inval_submit(r.u, &cmd, 1, &fence), 0);
	}
	cr_expect_eq(vtd_inval_wait(r.u, fence), 0);
	nr = vtd_model_cached(r.m, (uint16_t)r.id);
	rig_down(&r);
	return nr;
}

/* Every range of these pages: one block, two, or more than the unit can take. */
Test(vtd_range, reaches_as_far_as_the_command)
{
	static const struct vtd_model_config configs[] = {
		{ .mamv = 18 }, { .mamv = 1 }, { .no_range_inval = true }
	};
	unsigned c, first, nr;

	for (c = 0; c < 3; c++) {
		for (first = 0; first < PAGES; first++) {
			for (nr = 1; first + nr <= PAGES; nr++) {
				uint64_t at = IOVA + first * PAGE, bytes = nr * PAGE;
				uint64_t rest = left(&configs[c], 1, at, bytes);

				cr_expect_eq(rest, left(&configs[c], 0, at, bytes));
				cr_expect_leq(rest, PAGES - nr);
			}
		}
	}
	cr_expect_eq(left(&configs[0], 1, IOVA + 5 * PAGE, PAGE), PAGES - 1);
	cr_expect_eq(left(&configs[0], 1, IOVA + 4 * PAGE + 7, 1), PAGES - 1);
	cr_expect_eq(left(&configs[2], 1, IOVA, PAGE), 0);
}

/* An unlinked table goes with the range unless the caller says that there is none. */
Test(vtd_range, leaf_only_is_passed_on)
{
	struct vtd_model_config config = { .mamv = 18 };
	unsigned leaf;
	struct rig r;

	for (leaf = 0; leaf < 2; leaf++) {
		struct pgtbl_gather gather;
		uint64_t fence;

		rig_up(&r, &config);
		cr_assert_eq(rig_attach(&r, SID), 0);
		rig_map(&r, IOVA, 0x80001000, 512 * PAGE, PGTBL_READ);
		cr_assert_eq(rig_dma(&r, SID, IOVA, READ), 0);
		pgtbl_gather_init(&gather);
		cr_assert_eq(pgtbl_unmap(r.pt, IOVA, 512 * PAGE, &gather), 512 * PAGE);
		cr_assert(gather.tables);
		rig_map(&r, IOVA, 0x90000000, PAGE, PGTBL_READ);
		cr_expect_eq(vtd_inval_submit_range(r.u, (uint16_t)r.id, IOVA,
						    IOVA + 512 * PAGE - 1, leaf, &fence), 0);
		cr_expect_eq(vtd_inval_wait(r.u, fence), 0);
		cr_expect_eq(rig_dma(&r, SID, IOVA, READ), leaf ? 0x6 : 0);
		pgtbl_gather_release(r.pt, &gather);
		rig_down(&r);
	}
}

Test(vtd_range, refuses_what_the_command_refuses)
{
	struct vtd_model_config config = { .nd = 1 };
	struct vtd_stats before, after;
	uint64_t fence = 12345;
	struct rig r;

	rig_up(&r, &config);
	vtd_unit_stats(r.u, &before);
	cr_expect_eq(vtd_inval_submit_range(r.u, 1, 0x1000, 0xfff, true, &fence), -EINVAL);
	cr_expect_eq(vtd_inval_submit_range(r.u, 1, 0x1800, 0x17ff, true, &fence), -EINVAL);
	cr_expect_eq(vtd_inval_submit_range(r.u, 64, 0x1000, 0x1fff, true, &fence), -EINVAL);
	cr_expect_eq(vtd_inval_submit_range(r.u, 1, (1ull << 48) - PAGE, 1ull << 48, true, &fence),
		     -EINVAL);
	cr_expect_eq(vtd_inval_submit_range(r.u, 1, 1ull << 48, (1ull << 48) + PAGE - 1, true,
					    &fence), -EINVAL);
	cr_expect_eq(fence, 12345);
	vtd_unit_stats(r.u, &after);
	cr_expect_eq(before.batches, after.batches);
	cr_expect_eq(before.descriptors, after.descriptors);
	cr_expect_eq(vtd_inval_submit_range(r.u, 63, 0x1000, 0x1fff, true, &fence), 0);
	cr_expect_eq(vtd_inval_wait(r.u, fence), 0);
	rig_down(&r);
}

/* While the unit is slow ranges go through slots, and what is posted is counted exactly. */
Test(vtd_range, through_slots)
{
	struct vtd_model_config config = { .mamv = 18 };
	struct vtd_stats before, after;
	uint64_t fence[PAGES];
	unsigned i;
	struct rig r;

	rig_up(&r, &config);
	attach_and_map(&r);
	vtd_unit_stats(r.u, &before);
	vtd_model_hold(r.m, true);
	for (i = 0; i < PAGES - 1; i++)
		cr_assert_eq(vtd_inval_submit_range(r.u, (uint16_t)r.id, IOVA + i * PAGE,
						    IOVA + (i + 1) * PAGE - 1, true, &fence[i]), 0);
	vtd_unit_stats(r.u, &after);
	cr_expect_eq(after.batches - before.batches, VTD_IN_FLIGHT);
	cr_expect_eq(after.descriptors - before.descriptors, VTD_IN_FLIGHT);
	for (i = 0; i < PAGES - 1; i++)
		cr_expect_eq(vtd_inval_poll(r.u, fence[i]), 0);
	cr_expect_eq(vtd_model_cached(r.m, (uint16_t)r.id), PAGES);
	vtd_model_hold(r.m, false);
	for (i = 0; i < PAGES - 1; i++)
		cr_expect_eq(vtd_inval_wait(r.u, fence[i]), 0);
	cr_expect_eq(vtd_model_cached(r.m, (uint16_t)r.id), 1);
	vtd_unit_stats(r.u, &after);
	cr_expect_eq(after.batches - before.batches, VTD_IN_FLIGHT + 1);
	cr_expect_eq(after.descriptors - before.descriptors, PAGES - 1);
	cr_expect_eq(after.collapsed, 0);
	rig_down(&r);
}

/* Who finds others' commands in slots takes them along with its own. */
Test(vtd_range, takes_others_along)
{
	struct vtd_model_config config = { .mamv = 18 };
	struct vtd_stats before, after;
	uint64_t fence[4];
	unsigned i;
	struct rig r;

	rig_up(&r, &config);
	attach_and_map(&r);
	vtd_model_hold(r.m, true);
	for (i = 0; i < 3; i++)
		cr_assert_eq(vtd_inval_submit_range(r.u, (uint16_t)r.id, IOVA + i * PAGE,
						    IOVA + (i + 1) * PAGE - 1, true, &fence[i]), 0);
	vtd_unit_stats(r.u, &before);
	vtd_model_hold(r.m, false);
	cr_expect_eq(vtd_inval_wait(r.u, fence[1]), 0);
	/* The third is in its slot still: nobody has asked for it. */
	cr_expect_eq(vtd_model_cached(r.m, (uint16_t)r.id), PAGES - 2);
	cr_assert_eq(vtd_inval_submit_range(r.u, (uint16_t)r.id, IOVA + 3 * PAGE,
					    IOVA + 4 * PAGE - 1, true, &fence[3]), 0);
	cr_expect_eq(vtd_inval_wait(r.u, fence[3]), 0);
	cr_expect_eq(vtd_inval_poll(r.u, fence[2]), 1);
	cr_expect_eq(vtd_model_cached(r.m, (uint16_t)r.id), PAGES - 4);
	vtd_unit_stats(r.u, &after);
	cr_expect_eq(after.batches - before.batches, 1);
	cr_expect_eq(after.descriptors - before.descriptors, 2);
	rig_down(&r);
}

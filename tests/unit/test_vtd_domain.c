/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* Domain ids: who has one, when one comes back. */
#include "vtd_int.h"
#include "vtd_rig.h"

Test(vtd_domain, ids_are_unique_and_bounded)
{
	unsigned nd, i;
	struct rig r;

	for (nd = 0; nd < 3; nd++) {
		struct vtd_model_config config = { .nd = nd };
		unsigned all = 1u << (4 + 2 * nd);
		uint8_t seen[256] = { 1 };

		rig_up(&r, &config);
		seen[r.id] = 1;
		for (i = 2; i < all; i++) {
			int id = vtd_domain_id_alloc(r.u);

			cr_assert(id > 0 && id < (int)all && !seen[id]);
			seen[id] = 1;
		}
		cr_expect_eq(vtd_domain_id_alloc(r.u), -ENOSPC);
		cr_expect_eq(vtd_domain_id_free(r.u, 7), 0);
		cr_expect_eq(vtd_domain_id_alloc(r.u), 7);
		rig_down(&r);
	}
}

Test(vtd_domain, free_is_checked)
{
	struct vtd_model_config config = { 0 };
	struct rig r;

	rig_up(&r, &config);
	cr_expect_eq(vtd_domain_id_free(r.u, 0), -ENOENT);
	cr_expect_eq(vtd_domain_id_free(r.u, 5), -ENOENT);
	cr_expect_eq(vtd_domain_id_free(r.u, 16), -ENOENT);
	cr_expect_eq(vtd_domain_id_free(r.u, ~0u), -ENOENT);
	cr_expect_eq(vtd_domain_id_free(r.u, (unsigned)r.id), 0);
	cr_expect_eq(vtd_domain_id_free(r.u, (unsigned)r.id), -ENOENT);
	rig_down(&r);
}

/* An id comes back only when the unit has forgotten what it tagged. */
Test(vtd_domain, reuse_after_invalidation)
{
	struct vtd_model_config config = { 0 };
	unsigned id;
	struct rig r;

	rig_up(&r, &config);
	id = (unsigned)r.id;
	cr_assert_eq(rig_attach(&r, SID), 0);
	rig_map(&r, 0x200000, 0x80001000, PAGE, PGTBL_READ);
	cr_assert_eq(rig_dma(&r, SID, 0x200000, READ), 0);
	cr_assert_eq(vtd_detach(r.u, SID), 0);
	cr_assert_eq(rig_attach(&r, SID + 1), 0);
	cr_expect_eq(rig_dma(&r, SID + 1, 0x200000, READ), 0);
	vtd_model_hold(r.m, true);
	cr_expect_eq(vtd_domain_id_free(r.u, id), -ETIMEDOUT);
	cr_expect_eq(vtd_domain_id_alloc(r.u), (int)id + 1);
	vtd_model_hold(r.m, false);
	cr_expect_eq(vtd_domain_id_free(r.u, id), 0);
	cr_expect_eq(vtd_model_cached(r.m, (uint16_t)id), 0);
	cr_expect_eq(vtd_domain_id_alloc(r.u), (int)id);
	rig_down(&r);
}

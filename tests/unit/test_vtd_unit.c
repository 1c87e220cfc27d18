/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* Taking a unit over and giving it back, and everything that can go wrong on the way. */
#include "vtd_int.h"
#include "vtd_rig.h"

Test(vtd_unit, create_enable_destroy)
{
	struct vtd_model_config config = { .command_delay = 5, .queue_delay = 2 };
	unsigned round;
	struct rig r;

	rig_model(&r, &config);
	for (round = 0; round < 3; round++) {
		cr_assert_eq(rig_create(&r), 0);
		cr_expect_eq(vtd_model_gsts(r.m) & VTD_GCMD_STICKY, VTD_GCMD_QIE);
		cr_expect_eq(vtd_unit_enable(r.u), 0);
		cr_expect_eq(vtd_unit_enable(r.u), 0);
		cr_expect(vtd_model_gsts(r.m) & VTD_GCMD_TE);
		/* Nothing attached, and nothing left of whoever had the unit before. */
		cr_expect_eq(rig_dma(&r, 0, 0x1000, READ), 0x1);
		cr_expect_eq(vtd_unit_disable(r.u), 0);
		cr_expect_eq(rig_dma(&r, 0, 0x1000, READ), 0);
		cr_expect_eq(vtd_unit_enable(r.u), 0);
		cr_expect_eq(vtd_unit_destroy(r.u), 0);
		cr_expect_eq(vtd_model_gsts(r.m) & VTD_GCMD_STICKY, 0);
	}
	cr_expect_eq(vtd_unit_destroy(NULL), 0);
	r.u = NULL;
	rig_down(&r);
}

Test(vtd_unit, foreign_bits_survive)
{
	struct vtd_model_config config = { .gsts = VTD_GCMD_CFI | VTD_GCMD_EAFL };
	struct rig r;

	rig_model(&r, &config);
	cr_assert_eq(rig_create(&r), 0);
	cr_expect_eq(vtd_unit_enable(r.u), 0);
	cr_expect_eq(vtd_model_gsts(r.m) & config.gsts, config.gsts);
	rig_down(&r);
}

/* Somebody else's unit: a distinct error, a message, and not one write. */
Test(vtd_unit, refuses_a_unit_in_use)
{
	static const struct {
		uint32_t gsts;
		int error;
		const char *text;
	} cases[] = {
		{ VTD_GCMD_TE | VTD_GCMD_QIE, -EBUSY, "translation" },
		{ VTD_GCMD_IRE | VTD_GCMD_QIE | 1u << 24, -EPERM, "interrupt remapping" },
		{ VTD_GCMD_QIE, -EALREADY, "queued invalidation" },
	};
	unsigned i;
	struct rig r;

	for (i = 0; i < 3; i++) {
		struct vtd_model_config config = { .gsts = cases[i].gsts };

		rig_model(&r, &config);
		cr_expect_eq(rig_create(&r), cases[i].error);
		cr_expect_not_null(strstr(vtd_model_log(r.m), cases[i].text), "%s",
				   vtd_model_log(r.m));
		cr_expect_eq(vtd_model_writes(r.m), 0);
		cr_expect_eq(vtd_model_gsts(r.m), cases[i].gsts);
		rig_down(&r);
	}
}

Test(vtd_unit, refuses_what_it_cannot_drive)
{
	struct vtd_model_config no_queue = { .no_queue = true };
	struct vtd_model_config levels = { .levels_mask = 1u << 6 };
	struct vtd_unit_config config;
	struct rig r;

	rig_model(&r, &no_queue);
	cr_expect_eq(rig_create(&r), -EOPNOTSUPP);
	cr_expect_not_null(strstr(vtd_model_log(r.m), "no queued invalidation"));
	cr_expect_eq(vtd_model_writes(r.m), 0);
	rig_down(&r);

	rig_model(&r, &levels);
	cr_expect_eq(rig_create(&r), -EOPNOTSUPP);
	cr_expect_eq(vtd_model_writes(r.m), 0);
	vtd_model_gone(r.m);
	cr_expect_eq(rig_create(&r), -ENODEV);
	vtd_model_unit_config(r.m, &config);
	config.mmio_bytes = 0x80;
	cr_expect_eq(vtd_unit_create(&r.u, &config), -EINVAL);
	rig_down(&r);
}

static uintptr_t no_irq_save(void *ctx)
{
	(void)ctx;
	return 0;
}

Test(vtd_unit, bad_operations)
{
	struct vtd_model_config not_coherent = { .not_coherent = true };
	struct vtd_hw_ops ops = vtd_model_ops;
	struct vtd_unit_config config;
	struct rig r;

	rig_model(&r, &not_coherent);
	vtd_model_unit_config(r.m, &config);
	config.hw = &ops;
	ops.flush = NULL;
	cr_expect_eq(vtd_unit_create(&r.u, &config), -EINVAL);
	ops = vtd_model_ops;
	ops.irq_save = no_irq_save;
	cr_expect_eq(vtd_unit_create(&r.u, &config), -EINVAL);
	ops = vtd_model_ops;
	ops.write64 = NULL;
	cr_expect_eq(vtd_unit_create(&r.u, &config), -EINVAL);
	config.hw = NULL;
	cr_expect_eq(vtd_unit_create(&r.u, &config), -EINVAL);
	cr_expect_eq(vtd_model_writes(r.m), 0);
	rig_down(&r);
}

/* A unit that does not follow: an error in bounded time, everything undone. */
Test(vtd_unit, stuck_during_create)
{
	static const uint32_t bits[] = { VTD_GCMD_QIE, VTD_GCMD_SRTP, VTD_GCMD_WBF };
	unsigned i;
	struct rig r;

	for (i = 0; i < 3; i++) {
		struct vtd_model_config config = { .stuck = bits[i], .write_buffer = true };

		rig_model(&r, &config);
		cr_expect_eq(rig_create(&r), -ETIMEDOUT);
		cr_expect_eq(vtd_model_gsts(r.m) & VTD_GCMD_STICKY, 0);
		cr_expect_eq(vtd_model_live(r.m), 0);
		vtd_model_stick(r.m, 0);
		cr_expect_eq(rig_create(&r), 0);
		rig_down(&r);
	}
}

/* The queue never completes and cannot be turned off: its pages stay out of reach. */
Test(vtd_unit, queue_stands_still_during_create)
{
	struct vtd_model_config config = { 0 };
	struct rig r;

	rig_model(&r, &config);
	vtd_model_hold(r.m, true);
	cr_expect_eq(rig_create(&r), -ETIMEDOUT);
	cr_expect_eq(vtd_model_live(r.m), 3);
	cr_expect_not_null(strstr(vtd_model_log(r.m), "pages are lost"));
	cr_expect_null(vtd_model_violation(r.m));
	vtd_model_free(r.m);
}

Test(vtd_unit, stuck_enable_and_destroy)
{
	struct vtd_model_config config = { 0 };
	unsigned live;
	struct rig r;

	rig_model(&r, &config);
	cr_assert_eq(rig_create(&r), 0);
	vtd_model_stick(r.m, VTD_GCMD_TE);
	cr_expect_eq(vtd_unit_enable(r.u), -ETIMEDOUT);
	cr_expect_not(vtd_model_gsts(r.m) & VTD_GCMD_TE);
	vtd_model_stick(r.m, 0);
	cr_expect_eq(vtd_unit_enable(r.u), 0);
	vtd_model_stick(r.m, VTD_GCMD_TE);
	cr_expect_eq(vtd_unit_disable(r.u), -ETIMEDOUT);
	live = vtd_model_live(r.m);
	cr_expect_eq(vtd_unit_destroy(r.u), -ETIMEDOUT);
	cr_expect_eq(vtd_model_live(r.m), live);
	vtd_model_stick(r.m, VTD_GCMD_QIE);
	cr_expect_eq(vtd_unit_destroy(r.u), -ETIMEDOUT);
	cr_expect_eq(vtd_model_live(r.m), live);
	vtd_model_stick(r.m, 0);
	rig_down(&r);
}

/* Errors of a former owner would stop the queue at its first descriptor. */
Test(vtd_unit, leftover_queue_error)
{
	struct vtd_model_config config = { 0 };
	struct vtd_inval_cmd cmd = { .kind = VTD_INVAL_GLOBAL };
	struct rig r;

	rig_model(&r, &config);
	cr_assert_eq(rig_create(&r), 0);
	vtd_model_inject(r.m, 2, VTD_FSTS_ICE);
	cr_expect_eq(rig_sync(&r, &cmd, 1), 0); /* complete, and then the error */
	cr_expect_eq(vtd_unit_destroy(r.u), 0);
	cr_expect_eq(rig_create(&r), 0);
	rig_down(&r);
}

/* Every allocation failing once leaves nothing behind. */
Test(vtd_unit, no_memory_at_any_point)
{
	struct vtd_model_config config = { .nd = 2 };
	unsigned n, failed = 0;
	struct rig r;

	for (n = 1;; n++) {
		rig_model(&r, &config);
		vtd_model_fail_alloc(r.m, n);
		if (!rig_create(&r))
			break;
		failed++;
		cr_expect_eq(vtd_model_failed_allocs(r.m), 1);
		cr_expect_eq(vtd_model_gsts(r.m) & VTD_GCMD_STICKY, 0);
		rig_down(&r);
	}
	cr_expect_eq(vtd_model_failed_allocs(r.m), 0);
	cr_expect_eq(failed, 6, "%u", failed);
	vtd_model_fail_alloc(r.m, 0);
	rig_down(&r);
}

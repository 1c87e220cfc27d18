/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
#include "vtd_int.h"
#include "vtd_rig.h"

Test(vtd_fault, each_cause_is_decoded)
{
	static const struct {
		uint16_t sid;
		uint64_t iova;
		bool write;
		uint8_t reason;
	} cases[] = {
		{ SID, 0x5000, READ, 0x6 },	    { SID, 0x5000, WRITE, 0x5 },
		{ SID, 0x1000, WRITE, 0x5 },	    { SID + 1, 0x1000, READ, 0x2 },
		{ 0xff00, 0x7777f000, WRITE, 0x1 }, { SID, 1ull << 50, READ, 0x4 },
	};
	struct vtd_model_config config = { .fault_records = 2 };
	struct vtd_fault f[4];
	unsigned i;
	bool lost;
	struct rig r;

	rig_up(&r, &config);
	cr_assert_eq(rig_attach(&r, SID), 0);
	rig_map(&r, 0x1000, 0x80000000, PAGE, PGTBL_READ);
	cr_expect_eq(rig_dma(&r, SID, 0x1000, READ), 0);
	cr_expect_eq(vtd_fault_read(r.u, f, 4, &lost), 0);
	cr_expect_not(lost);
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		cr_expect_eq(rig_dma(&r, cases[i].sid, cases[i].iova + 0x123, cases[i].write),
			     cases[i].reason);
		cr_assert_eq(vtd_fault_read(r.u, f, 4, &lost), 1, "%u", i);
		cr_expect_not(lost);
		cr_expect_eq(f[0].source_id, cases[i].sid);
		cr_expect_eq(f[0].iova, cases[i].iova);
		cr_expect_eq(f[0].write, cases[i].write);
		cr_expect_eq(f[0].reason, cases[i].reason);
		cr_expect_not(f[0].pasid_valid);
		cr_expect_str_eq(f[0].text, vtd_fault_text(cases[i].reason));
	}
	cr_expect_eq(vtd_fault_read(r.u, f, 4, &lost), 0);
	rig_down(&r);
}

Test(vtd_fault, several_records_and_overflow)
{
	struct vtd_model_config config = { .fault_records = 4 };
	struct vtd_fault f[8];
	unsigned i, round;
	bool lost;
	struct rig r;

	rig_up(&r, &config);
	for (round = 0; round < 3; round++) { /* the ring wraps at different places */
		for (i = 0; i < 3; i++)
			rig_dma(&r, (uint16_t)(0x100 * (i + 1)), 0x1000, READ);
		cr_assert_eq(vtd_fault_read(r.u, f, 8, &lost), 3);
		cr_expect_not(lost);
		for (i = 0; i < 3; i++)
			cr_expect_eq(f[i].source_id, 0x100 * (i + 1));
	}
	for (i = 0; i < 6; i++)
		rig_dma(&r, (uint16_t)(0x100 * (i + 1)), 0x1000, READ);
	cr_assert_eq(vtd_fault_read(r.u, f, 8, &lost), 4);
	cr_expect(lost);
	/* Recording goes on after an overflow. */
	rig_dma(&r, 0x900, 0x1000, READ);
	cr_assert_eq(vtd_fault_read(r.u, f, 8, &lost), 1);
	cr_expect_not(lost);
	cr_expect_eq(f[0].source_id, 0x900);
	rig_down(&r);
}

/* A small buffer takes what fits; the rest comes with the next calls. */
Test(vtd_fault, buffer_smaller_than_the_log)
{
	struct vtd_model_config config = { .fault_records = 8 };
	struct vtd_fault f;
	unsigned i;
	bool lost;
	struct rig r;

	rig_up(&r, &config);
	for (i = 0; i < 6; i++)
		rig_dma(&r, (uint16_t)(0x100 * i), 0x1000, READ);
	cr_expect_eq(vtd_fault_read(r.u, &f, 0, &lost), 0);
	for (i = 0; i < 6; i++) {
		cr_assert_eq(vtd_fault_read(r.u, &f, 1, &lost), 1);
		cr_expect_eq(f.source_id, 0x100 * i);
	}
	cr_expect_eq(vtd_fault_read(r.u, &f, 1, &lost), 0);
	rig_down(&r);
}

Test(vtd_fault, interrupt_is_masked_until_asked_for)
{
	struct vtd_model_config config = { 0 };
	struct vtd_fault f;
	bool lost;
	struct rig r;

	rig_up(&r, &config);
	vtd_fault_set_message(r.u, 0xfee00000, 0x41);
	rig_dma(&r, SID, 0x1000, READ);
	cr_expect_eq(vtd_model_interrupts(r.m), 0);
	cr_expect_eq(vtd_fault_read(r.u, &f, 1, &lost), 1);
	vtd_fault_mask(r.u, false);
	rig_dma(&r, SID, 0x1000, READ);
	cr_expect_eq(vtd_model_interrupts(r.m), 1);
	cr_expect_eq(vtd_fault_read(r.u, &f, 1, &lost), 1);
	vtd_fault_mask(r.u, true);
	rig_dma(&r, SID, 0x1000, READ);
	cr_expect_eq(vtd_model_interrupts(r.m), 1);
	rig_down(&r);
}

Test(vtd_fault, every_reason_has_a_text)
{
	unsigned i;

	for (i = 0; i < 256; i++)
		cr_expect_not_null(vtd_fault_text((uint8_t)i));
	cr_expect_str_eq(vtd_fault_text(0), "unknown reason");
	cr_expect_str_eq(vtd_fault_text(0x5), "no write permission");
	cr_expect_str_eq(vtd_fault_text(0xe), "unknown reason");
	cr_expect_str_eq(vtd_fault_text(0x22), "interrupt remapping");
	cr_expect_str_eq(vtd_fault_text(0x71), "scalable mode");
	cr_expect_str_eq(vtd_fault_text(0xff), "unknown reason");
}

/* The record of a unit that has gone reads as ones: no faults, no endless loop. */
Test(vtd_fault, unit_has_gone)
{
	struct vtd_model_config config = { .fault_records = 4 };
	struct vtd_fault f[4];
	bool lost;
	struct rig r;

	rig_up(&r, &config);
	vtd_model_gone(r.m);
	cr_expect_eq(vtd_fault_read(r.u, f, 4, &lost), 0);
	cr_expect_not(lost);
	vtd_model_free(r.m);
}

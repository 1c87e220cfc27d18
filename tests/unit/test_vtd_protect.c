/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* What it is all for: bytes a device may reach, and bytes it may not.  Public calls only. */
#include "vtd_rig.h"

static const struct vtd_model_config kinds[] = {
	{ .mamv = 18 },
	{ .mamv = 18, .not_coherent = true, .reorder = true },
	{ .mamv = 9, .caching_mode = true, .queue_delay = 2 },
	{ .write_buffer = true, .levels_mask = 1u << 3, .mgaw_bits = 39 },
	{ .mamv = 6,
	  .caching_mode = true,
	  .not_coherent = true,
	  .levels_mask = 1u << 5,
	  .mgaw_bits = 57,
	  .reorder = true,
	  .drain = true },
};

static void expect_fault(struct rig *r, uint16_t sid, uint64_t iova, bool write, uint8_t reason)
{
	struct vtd_fault f = { 0 };
	bool lost;

	cr_assert_eq(vtd_fault_read(r->u, &f, 1, &lost), 1);
	cr_expect_eq(f.source_id, sid);
	cr_expect_eq(f.iova, iova & ~(PAGE - 1));
	cr_expect_eq(f.write, write);
	cr_expect_eq(f.reason, reason, "%#x %s", f.reason, f.text);
}

static void protect(const struct vtd_model_config *kind)
{
	const char secret[] = "nobody may read this", greeting[] = "hello, device";
	char buf[32];
	void *open_page, *secret_page;
	uint64_t open_phys, secret_phys;
	struct rig r;

	rig_up(&r, kind);
	open_phys = rig_data(&r, &open_page);
	secret_phys = rig_data(&r, &secret_page);
	memcpy(secret_page, secret, sizeof(secret));
	memcpy(open_page, greeting, sizeof(greeting));
	cr_assert_eq(rig_attach(&r, SID), 0);
	rig_map(&r, 0x7000, open_phys, PAGE, PGTBL_READ | PGTBL_WRITE);
	rig_map(&r, 0x8000, secret_phys, PAGE, PGTBL_READ);

	/* Mapped: data goes both ways. */
	cr_expect_eq(vtd_model_dma(r.m, SID, 0x7000, buf, sizeof(greeting), READ), 0);
	cr_expect_str_eq(buf, greeting);
	memcpy(buf, "and back", 9);
	cr_expect_eq(vtd_model_dma(r.m, SID, 0x7100, buf, 9, WRITE), 0);
	cr_expect_str_eq((char *)open_page + 0x100, "and back");
	/* Read-only: not written, and reported. */
	cr_expect_eq(vtd_model_dma(r.m, SID, 0x8004, buf, 9, WRITE), 0x5);
	expect_fault(&r, SID, 0x8004, WRITE, 0x5);
	cr_expect_str_eq((char *)secret_page, secret);
	/* The physical address itself, and another device. */
	cr_expect_eq(vtd_model_dma(r.m, SID, open_phys, buf, 9, READ), 0x6);
	expect_fault(&r, SID, open_phys, READ, 0x6);
	cr_expect_eq(vtd_model_dma(r.m, SID + 8, 0x7000, buf, 9, READ), 0x2);
	expect_fault(&r, SID + 8, 0x7000, READ, 0x2);
	/* Unmapped after use: blocked from the moment the flush has completed. */
	rig_unmap(&r, 0x7000, PAGE);
	memset(buf, 0x55, sizeof(buf));
	cr_expect_eq(vtd_model_dma(r.m, SID, 0x7000, buf, 9, WRITE), 0x5);
	expect_fault(&r, SID, 0x7000, WRITE, 0x5);
	cr_expect_str_eq((char *)open_page + 0x100, "and back");
	/* The same address for another page: the new one is reached. */
	rig_map(&r, 0x7000, secret_phys, PAGE, PGTBL_READ);
	cr_expect_eq(vtd_model_dma(r.m, SID, 0x7000, buf, sizeof(secret), READ), 0);
	cr_expect_str_eq(buf, secret);

	cr_expect_eq(vtd_detach(r.u, SID), 0);
	cr_expect_eq(vtd_model_dma(r.m, SID, 0x8000, buf, 9, READ), 0x2);
	rig_data_free(&r, open_page);
	rig_data_free(&r, secret_page);
	rig_down(&r);
}

Test(vtd_protect, on_every_kind_of_unit)
{
	unsigned i;

	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		protect(&kinds[i]);
}

/* Memory that firmware reserves works from the first moment of translation. */
Test(vtd_protect, reserved_memory_before_enable)
{
	struct vtd_model_config config = { .caching_mode = true };
	struct rig r;

	rig_up(&r, &config);
	cr_assert_eq(vtd_unit_disable(r.u), 0);
	rig_map(&r, 0x30000000, 0x30000000, 16 * PAGE, PGTBL_READ | PGTBL_WRITE);
	cr_assert_eq(rig_attach(&r, SID), 0);
	cr_expect_eq(rig_dma(&r, SID, 0x30004000, WRITE), 0);
	cr_assert_eq(vtd_unit_enable(r.u), 0);
	cr_expect_eq(rig_dma(&r, SID, 0x30004000, WRITE), 0);
	cr_expect_eq(rig_dma(&r, SID, 0x30010000, WRITE), 0x5);
	rig_down(&r);
}

Test(vtd_protect, large_pages)
{
	struct vtd_model_config config = { .mamv = 18 };
	const uint64_t size = 3ull << 30;
	struct rig r;

	rig_up(&r, &config);
	cr_assert_eq(rig_attach(&r, SID), 0);
	rig_map(&r, 0x4040200000, 0x40200000, size, PGTBL_READ);
	cr_expect_eq(rig_dma(&r, SID, 0x4040200000, READ), 0);
	cr_expect_eq(rig_dma(&r, SID, 0x4040200000 + size - 1, READ), 0);
	cr_expect_eq(rig_dma(&r, SID, 0x4080000000, READ), 0);
	cr_expect_eq(rig_dma(&r, SID, 0x4040200000 + size, READ), 0x6);
	rig_unmap(&r, 0x4040200000, size);
	cr_expect_eq(rig_dma(&r, SID, 0x4080000000, READ), 0x6);
	cr_expect_eq(vtd_model_cached(r.m, (uint16_t)r.id), 0);
	rig_down(&r);
}

/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
#include "unit.h"
#include "vtd.h"
#include "vtd_int.h"

/* QEMU 7.2, intel-iommu,aw-bits=48, and QEMU 10.0.2 with first stage (from a guest's log). */
#define QEMU_CAP 0x00d2008c222f0686ull
#define QEMU_ECAP 0xf42ull

Test(vtd_caps, qemu)
{
	struct vtd_caps caps;

	cr_assert_eq(vtd_caps_decode(&caps, 0x10, QEMU_CAP, QEMU_ECAP, 0x1000), 0);
	cr_expect_eq(caps.levels_mask, 1u << 3 | 1u << 4);
	cr_expect_eq(caps.iova_last, (1ull << 48) - 1);
	cr_expect_eq(caps.page_sizes, 1ull << 12 | 1ull << 21 | 1ull << 30);
	cr_expect_eq(caps.domain_ids, 65536);
	cr_expect(caps.range_inval);
	cr_expect_eq(caps.range_lg2_pages_max, 18);
	cr_expect_eq(caps.fault_off, 0x220);
	cr_expect_eq(caps.fault_records, 1);
	cr_expect(caps.caching_mode);
	cr_expect_not(caps.write_buffer);
	cr_expect_not(caps.coherent);
	cr_expect(caps.queued_inval);
	cr_expect(caps.pass_through);
	cr_expect(caps.drain_reads && caps.drain_writes);
	cr_expect_eq(caps.version_major, 1);
	cr_expect_eq(caps.version_minor, 0);
}

Test(vtd_caps, each_field)
{
	static const unsigned ids[] = { 16, 64, 256, 1024, 4096, 16384, 65536, 65536 };
	const uint64_t base = 1ull << 10 | 0x22ull << 24 | 47ull << 16;
	struct vtd_caps caps;
	unsigned i;

	for (i = 0; i < 8; i++) {
		cr_assert_eq(vtd_caps_decode(&caps, 0x10, base | i, 0, 0x1000), 0);
		cr_expect_eq(caps.domain_ids, ids[i]);
	}
	for (i = 0; i < 64; i++) {
		uint64_t cap = (base & ~(63ull << 16)) | (uint64_t)i << 16;

		cr_assert_eq(vtd_caps_decode(&caps, 0x10, cap, 0, 0x1000), 0);
		cr_expect_eq(caps.iova_last, i == 63 ? ~0ull : (1ull << (i + 1)) - 1);
	}
	for (i = 1; i < 32; i++) {
		int ret = vtd_caps_decode(&caps, 0x10, (base & ~(31ull << 8)) | i << 8, 0, 0x1000);

		cr_expect_eq(ret, i & 0xe ? 0 : -EOPNOTSUPP, "SAGAW %#x", i);
		cr_expect_eq(caps.levels_mask, (i & 0xe) << 2);
	}
	cr_assert_eq(vtd_caps_decode(&caps, 0x54, base | VTD_CAP_RWBF | 63ull << 48 | 1ull << 35,
				     VTD_ECAP_C | VTD_ECAP_SC | VTD_ECAP_DT | VTD_ECAP_IR, 0x1000),
		     0);
	cr_expect(caps.write_buffer && caps.coherent && caps.snoop_control && caps.device_tlb &&
		  caps.interrupt_remap);
	cr_expect_eq(caps.page_sizes, 1ull << 12 | 1ull << 30);
	cr_expect_eq(caps.range_lg2_pages_max, 51);
	cr_expect_not(caps.range_inval || caps.queued_inval || caps.pass_through ||
		      caps.caching_mode || caps.drain_reads || caps.drain_writes);
	cr_expect_eq(caps.version_major * 16 + caps.version_minor, 0x54);
}

/* Records that would lie over other registers, or outside the window. */
Test(vtd_caps, fault_records_bounds)
{
	static const struct {
		uint64_t fro, records, mmio;
		int ret;
	} cases[] = {
		{ 0, 1, 0x1000, -EINVAL },     { 9, 1, 0x1000, -EINVAL },
		{ 10, 1, 0x1000, 0 },	       { 0xff, 1, 0x1000, 0 },
		{ 0xff, 2, 0x1000, -EINVAL },  { 0x3ff, 1, 0x4000, 0 },
		{ 0x3ff, 2, 0x4000, -EINVAL },
	};
	struct vtd_caps caps;
	unsigned i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint64_t cap = 1ull << 10 | cases[i].fro << 24 | (cases[i].records - 1) << 40;

		cr_expect_eq(vtd_caps_decode(&caps, 0x10, cap, 0, cases[i].mmio), cases[i].ret,
			     "case %u", i);
	}
}

/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* caps.c - the capability registers, decoded once. */
#include "vtd_int.h"

static void decode_walk(struct vtd_caps *caps, uint64_t cap, uint64_t ecap)
{
	unsigned sagaw = VTD_CAP_SAGAW(cap), slps = VTD_CAP_SLLPS(cap);

	/* Only 3, 4 and 5 levels: the other two bits were never built (Linux: historical). */
	caps->levels_mask = (sagaw << 2) & (1u << 3 | 1u << 4 | 1u << 5);
	caps->iova_last = VTD_CAP_MGAW(cap) == 63 ? ~0ull : (2ull << VTD_CAP_MGAW(cap)) - 1;
	caps->page_sizes =
		VTD_BIT(12) | (slps & 1 ? VTD_BIT(21) : 0) | (slps & 2 ? VTD_BIT(30) : 0);
	caps->coherent = ecap & VTD_ECAP_C;
	caps->caching_mode = cap & VTD_CAP_CM;
	caps->write_buffer = cap & VTD_CAP_RWBF;
	caps->zero_length_read = cap & VTD_CAP_ZLR;
	caps->snoop_control = ecap & VTD_ECAP_SC;
	caps->pass_through = ecap & VTD_ECAP_PT;
	caps->scalable = ecap & VTD_ECAP_SMTS;
	caps->root_flushes = cap & VTD_CAP_ESRTPS;
}

static void decode_inval(struct vtd_caps *caps, uint64_t cap, uint64_t ecap)
{
	unsigned nd = VTD_CAP_ND(cap);

	/* The field of an entry has 16 bits; 7 is reserved and gets no more. */
	caps->domain_ids = 1u << (4 + 2 * (nd > 6 ? 6 : nd));
	caps->range_inval = cap & VTD_CAP_PSI;
	caps->range_lg2_pages_max = VTD_CAP_MAMV(cap);
	/* Blocks of 2^52 pages and more have no 64-bit address. */
	if (caps->range_lg2_pages_max > 51)
		caps->range_lg2_pages_max = 51;
	caps->drain_reads = cap & VTD_CAP_DRD;
	caps->drain_writes = cap & VTD_CAP_DWD;
	caps->queued_inval = ecap & VTD_ECAP_QI;
	caps->device_tlb = ecap & VTD_ECAP_DT;
	caps->interrupt_remap = ecap & VTD_ECAP_IR;
}

int vtd_caps_decode(struct vtd_caps *caps, uint32_t version, uint64_t cap, uint64_t ecap,
		    uint64_t mmio_bytes)
{
	uint64_t fault_end;

	memset(caps, 0, sizeof(*caps));
	caps->cap = cap;
	caps->ecap = ecap;
	caps->version_major = version >> 4 & 0xf;
	caps->version_minor = version & 0xf;
	decode_walk(caps, cap, ecap);
	decode_inval(caps, cap, ecap);
	caps->fault_off = VTD_CAP_FRO(cap) * 16;
	caps->fault_records = VTD_CAP_NFR(cap) + 1;
	fault_end = caps->fault_off + (uint64_t)caps->fault_records * VTD_FRR_BYTES;
	/* Over the fixed registers, clearing a record would be a write to one of those. */
	if (caps->fault_off < VTD_REG_MIN_BYTES || fault_end > mmio_bytes)
		return -EINVAL;
	if (!caps->levels_mask)
		return -EOPNOTSUPP;
	return 0;
}

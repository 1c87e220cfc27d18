/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* fault.c - the fault records and the fault interrupt. */
#include "vtd_int.h"

/* Reasons 1 to 0xd; Linux and QEMU agree. */
static const char *const legacy_text[] = {
	[0x1] = "root entry not present",
	[0x2] = "context entry not present",
	[0x3] = "context entry invalid",
	[0x4] = "address beyond the unit's width",
	[0x5] = "no write permission",
	[0x6] = "no read permission",
	[0x7] = "page table not accessible",
	[0x8] = "root table not accessible",
	[0x9] = "context table not accessible",
	[0xa] = "reserved bits in root entry",
	[0xb] = "reserved bits in context entry",
	[0xc] = "reserved bits in page table entry",
	[0xd] = "request type blocked by context entry",
};

const char *vtd_fault_text(uint8_t reason)
{
	if (reason < sizeof(legacy_text) / sizeof(legacy_text[0]) && legacy_text[reason])
		return legacy_text[reason];
	if (reason >= 0x20 && reason <= 0x26)
		return "interrupt remapping";
	if (reason >= 0x30 && reason <= 0x90)
		return "scalable mode";
	return "unknown reason";
}

/* Takes the record at @off if there is one. */
static bool take_record(struct vtd_unit *u, uint32_t off, struct vtd_fault *fault)
{
	uint64_t lo, hi = vtd_read64(u, off + 8);

	if (!(hi & VTD_FRR_HI_F))
		return false;
	lo = vtd_read64(u, off);
	fault->iova = lo & ~(uint64_t)(VTD_PAGE_BYTES - 1);
	fault->source_id = VTD_FRR_HI_SID(hi);
	fault->reason = VTD_FRR_HI_REASON(hi);
	fault->write = !(hi & VTD_FRR_HI_READ);
	fault->pasid_valid = hi & VTD_FRR_HI_PASID_PRESENT;
	fault->pasid = fault->pasid_valid ? VTD_FRR_HI_PASID(hi) : 0;
	fault->text = vtd_fault_text(fault->reason);
	/* Once F is clear the unit may fill the record again. */
	vtd_write32(u, off + VTD_FRR_F32, VTD_FRR_F32_F);
	return true;
}

int vtd_fault_read(struct vtd_unit *u, struct vtd_fault *fault, unsigned max, bool *lost)
{
	unsigned i, index, nr = 0;
	uint32_t fsts;

	*lost = false;
	/* VTD-F1 (full): one reader; pairs with VTD-F2 */
	if (!plat_cas_full(&u->fault_token, 0, 1))
		return -EBUSY;
	fsts = vtd_read32(u, VTD_FSTS);
	if (fsts == ~0u) /* the unit has gone */
		fsts = 0;
	/*
	 * FRI names the record that was first when PPF rose and does not follow
	 * what is taken: after a call that left records, the first is clear.
	 */
	for (i = 0; fsts & VTD_FSTS_PPF && i < u->caps.fault_records && nr < max; i++) {
		index = (VTD_FSTS_FRI(fsts) + i) % u->caps.fault_records;
		if (take_record(u, u->caps.fault_off + index * VTD_FRR_BYTES, &fault[nr]))
			nr++;
	}
	/* Last, and looked at again: with the overflow bit set the unit records nothing new. */
	if (fsts && vtd_read32(u, VTD_FSTS) & VTD_FSTS_PFO) {
		*lost = true;
		vtd_write32(u, VTD_FSTS, VTD_FSTS_PFO);
	}
	/* VTD-F2 (release): the records, for the next VTD-F1 */
	plat_store_release(&u->fault_token, 0);
	/* The same interrupt reports queue errors. */
	if (fsts & VTD_FSTS_QUEUE)
		vtd_queue_check(u);
	return (int)nr;
}

void vtd_fault_set_message(struct vtd_unit *u, uint64_t address, uint32_t data)
{
	vtd_write32(u, VTD_FEDATA, data);
	vtd_write32(u, VTD_FEADDR, (uint32_t)address);
	vtd_write32(u, VTD_FEUADDR, (uint32_t)(address >> 32));
}

void vtd_fault_mask(struct vtd_unit *u, bool masked)
{
	vtd_write32(u, VTD_FECTL, masked ? VTD_FECTL_IM : 0);
	/* Read back: on return the unit has seen the write. */
	vtd_read32(u, VTD_FECTL);
}

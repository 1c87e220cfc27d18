/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* encode.c - from invalidation commands to descriptors. */
#include "vtd_int.h"

static struct vtd_block block_of(uint64_t pfn, unsigned lg2)
{
	return (struct vtd_block){ pfn >> lg2 << lg2, lg2 };
}

/*
 * vtd_cover() - aligned blocks that hold every page of [first, last]
 *
 * The unit ignores address bits below the mask, so a block must start at a
 * multiple of its size or it names other pages.  Either the one smallest
 * block, or the two smallest where that at least halves what is flushed (or
 * where one is too large for the unit).  A block that reaches over the middle
 * of the smallest enclosing one holds all of that, so two blocks can only be
 * better as one on each side of the middle, and there each is the smallest.
 *
 * Returns the number of blocks; 0: no cover within @lg2_max.
 */
unsigned vtd_cover(uint64_t first_pfn, uint64_t last_pfn, unsigned lg2_max,
		   struct vtd_block block[2])
{
	unsigned whole = vtd_block_lg2(first_pfn, last_pfn), left, right;
	uint64_t middle;

	block[0] = block_of(first_pfn, whole);
	if (!whole)
		return 1;
	middle = last_pfn >> (whole - 1) << (whole - 1);
	left = vtd_block_lg2(first_pfn, middle - 1);
	right = vtd_block_lg2(middle, last_pfn);
	if (whole <= lg2_max && (1ull << left) + (1ull << right) > 1ull << (whole - 1))
		return 1;
	if (left > lg2_max || right > lg2_max)
		return 0;
	block[0] = block_of(first_pfn, left);
	block[1] = block_of(middle, right);
	return 2;
}

static int cmd_check(const struct vtd_unit *u, const struct vtd_inval_cmd *cmd)
{
	switch (cmd->kind) {
	case VTD_INVAL_RANGE:
		if (cmd->first > cmd->last || cmd->last > u->caps.iova_last)
			return -EINVAL;
		break;
	case VTD_INVAL_DOMAIN:
	case VTD_INVAL_CONTEXT_DEVICE:
	case VTD_INVAL_CONTEXT_DOMAIN:
		break;
	case VTD_INVAL_GLOBAL:
	case VTD_INVAL_CONTEXT_GLOBAL:
		return 0;
	default:
		return -EINVAL;
	}
	return cmd->domain < u->caps.domain_ids ? 0 : -EINVAL;
}

static uint64_t domain_lo(const struct vtd_unit *u, const struct vtd_inval_cmd *cmd)
{
	return VTD_DESC_IOTLB | VTD_DESC_DOMAIN | VTD_DESC_DID(cmd->domain) | u->drain;
}

/* A range the unit cannot take as one or two blocks becomes the whole domain. */
static unsigned encode_range(const struct vtd_unit *u, const struct vtd_inval_cmd *cmd,
			     struct vtd_desc desc[2])
{
	struct vtd_block block[2];
	unsigned i, nr = 0;

	if (u->caps.range_inval)
		nr = vtd_cover(cmd->first >> VTD_PAGE_LG2, cmd->last >> VTD_PAGE_LG2,
			       u->caps.range_lg2_pages_max, block);
	if (!nr) {
		desc[0].lo = domain_lo(u, cmd);
		return 1;
	}
	for (i = 0; i < nr; i++)
		vtd_block_desc(u, cmd, block[i].first_pfn, block[i].lg2_pages, &desc[i]);
	return nr;
}

/* A checked command as one or two descriptors. */
static unsigned cmd_encode(const struct vtd_unit *u, const struct vtd_inval_cmd *cmd,
			   struct vtd_desc desc[2])
{
	uint64_t did = VTD_DESC_DID(cmd->domain);

	desc[0].hi = 0;
	switch (cmd->kind) {
	case VTD_INVAL_RANGE:
		return encode_range(u, cmd, desc);
	case VTD_INVAL_DOMAIN:
		desc[0].lo = domain_lo(u, cmd);
		break;
	case VTD_INVAL_GLOBAL:
		desc[0].lo = VTD_DESC_IOTLB | VTD_DESC_GLOBAL | u->drain;
		break;
	case VTD_INVAL_CONTEXT_DEVICE:
		desc[0].lo =
			VTD_DESC_CONTEXT | VTD_DESC_SELECTIVE | did | VTD_DESC_SID(cmd->source_id);
		break;
	case VTD_INVAL_CONTEXT_DOMAIN:
		desc[0].lo = VTD_DESC_CONTEXT | VTD_DESC_DOMAIN | did;
		break;
	case VTD_INVAL_CONTEXT_GLOBAL:
		desc[0].lo = VTD_DESC_CONTEXT | VTD_DESC_GLOBAL;
		break;
	}
	return 1;
}

int vtd_submission_add(const struct vtd_unit *u, struct vtd_submission *own,
		       const struct vtd_inval_cmd *cmd)
{
	uint64_t class = cmd->kind <= VTD_INVAL_GLOBAL ? VTD_READY_IOTLB : VTD_READY_CONTEXT;

	if (cmd_check(u, cmd))
		return -EINVAL;
	if (own->nr < VTD_OWN_DESCS) {
		own->nr += cmd_encode(u, cmd, &own->desc[own->nr]);
		own->classes |= class;
		if (own->nr <= VTD_OWN_DESCS)
			return 0;
		own->nr = VTD_OWN_DESCS; /* the second of two does not fit */
	}
	own->all |= class;
	return 0;
}

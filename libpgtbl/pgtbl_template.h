/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * pgtbl_template.h - the engine, compiled once per format.
 *
 * Parameters: everything that pgtbl_fmt.h asks of a format.  Everything here
 * is static; a format ends with its own struct pgtbl_ops.
 *
 *   pgtbl_walk.h   entries, the way down, installing and thawing tables
 *   pgtbl_map.h    map of any size: check, fill, undo
 *   pgtbl_unmap.h  unmap of any size, destroy
 *   pgtbl_read.h   translate, leaves for the visitor
 *   pgtbl_reclaim.h  unlinking of empty tables beside mappers
 *   pgtbl_fast.h   the tiers in front: one page, one table, anything
 */
#ifndef PGTBL_TEMPLATE_H
#define PGTBL_TEMPLATE_H

#include "pgtbl_fmt.h"

#include "pgtbl_walk.h"

#include "pgtbl_map.h"
#include "pgtbl_read.h"
#include "pgtbl_reclaim.h"
#include "pgtbl_unmap.h"

#include "pgtbl_fast.h"

static void pt_init(struct pgtbl *pt, unsigned flags)
{
	for (unsigned prot = 0; prot < PGTBL_PROT_COUNT; prot++)
		pt->attr[prot] = fmt_attr(prot, flags);
	pt->to_virt = -pt->phys_offset - FMT_TABLE_LOW;
}

#define PGTBL_OPS_INIT(format_name)                                                                \
	{                                                                                          \
		.name = (format_name), .levels_min = FMT_LEVELS_MIN, .levels_max = FMT_LEVELS_MAX, \
		.page_sizes = FMT_PAGE_SIZES, .table_addr_mask = FMT_ADDR,                         \
		.iova_bits = fmt_iova_bits, .init = pt_init,                                       \
		.fast = { pt_map, pt_unmap, pt_translate, pt_map_sg },                             \
		.slow = { pt_map_slow, pt_unmap_slow, pt_translate_slow, pt_map_sg_slow },         \
		.leaves = pt_leaves, .reclaim_level = pt_reclaim_level, .destroy = pt_destroy,     \
	}

#endif

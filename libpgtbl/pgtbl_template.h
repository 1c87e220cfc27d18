/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * pgtbl_template.h - the engine, compiled once per format.
 *
 * Parameters: everything that pgtbl_fmt.h asks of a format.  Everything here
 * is static; a format ends with its own struct pgtbl_ops.
 *
 *   pgtbl_walk.h   entries, the way down, installing and thawing tables
 *   pgtbl_fill.h   leaves into consecutive entries
 *   pgtbl_map.h    map of any size: check, fill, undo
 *   pgtbl_unmap.h  unmap of any size, destroy
 *   pgtbl_read.h   translate, leaves for the visitor
 *   pgtbl_reclaim.h  unlinking of empty tables beside mappers
 *   pgtbl_leaf.h   what a leaf says besides its address
 *   pgtbl_split.h, pgtbl_promote.h  smaller leaves, larger leaves
 *   pgtbl_replace.h  other memory behind the same addresses
 *   pgtbl_reserve.h  tables ahead of time
 *   pgtbl_track.h  accessed and dirty bits, write protection
 *   pgtbl_tiers.h  the tiers in front: one page or two, one table, anything
 *   pgtbl_fast.h   what they are made of
 */
#ifndef PGTBL_TEMPLATE_H
#define PGTBL_TEMPLATE_H

#include "pgtbl_fmt.h"

#ifndef FMT_BIG_ENDIAN
#define FMT_BIG_ENDIAN 0
#endif

#ifndef FMT_ADDR_SHIFT
#define FMT_ADDR_SHIFT 0
#endif

#ifndef FMT_GROWS
#define FMT_GROWS true
#endif

#ifndef FMT_GROUPS
#define FMT_GROUPS 0
static inline uint64_t fmt_group(uint64_t entry, unsigned level, unsigned lg2)
{
	(void)level;
	(void)lg2;
	return entry;
}

static inline bool fmt_in_group(uint64_t entry, unsigned level)
{
	(void)entry;
	(void)level;
	return false;
}

static inline unsigned fmt_group_lg2(const struct pgtbl *pt, uint64_t entry, unsigned level)
{
	(void)pt;
	(void)entry;
	(void)level;
	return 0;
}
#endif

#include "pgtbl_walk.h"

#include "pgtbl_fill.h"
#include "pgtbl_leaf.h"

#include "pgtbl_map.h"
#include "pgtbl_read.h"
#include "pgtbl_reclaim.h"
#include "pgtbl_split.h"

#include "pgtbl_promote.h"
#include "pgtbl_replace.h"
#include "pgtbl_reserve.h"
#include "pgtbl_track.h"
#include "pgtbl_unmap.h"

#include "pgtbl_fast.h"

#define PT_TIER(name) name
#define PT_KEPT false
#define PT_FLUSH false
#include "pgtbl_tiers.h"

#define PT_TIER(name) name##_kept
#define PT_KEPT true
#define PT_FLUSH false
#include "pgtbl_tiers.h"

#define PT_TIER(name) name##_flushed
#define PT_KEPT false
#define PT_FLUSH true
#include "pgtbl_tiers.h"

static void pt_init(struct pgtbl *pt, const struct pgtbl_config *config)
{
	for (unsigned prot = 0; prot < PGTBL_PROT_COUNT; prot++)
		pt->attr[prot] = fmt_attr(prot, config);
	pt->large_more = 1;
	if (FMT_LEAF_LEVEL > 1 && (pt->page_sizes & pt_span(pt, 2)))
		pt->large_more = pt_span(pt, 2) - pt_page_bytes(pt);
	pt->to_virt = -pt->phys_offset - ((uint64_t)FMT_TABLE(2) << FMT_ADDR_SHIFT);
}

static void pt_link(struct pgtbl *pt, uint64_t *table, const uint64_t *child, unsigned level)
{
	pt_leaf_store(table, pt_table_entry(pt, child, level));
}

#define PGTBL_OPS_INIT(format_name)                                                                \
	{                                                                                          \
		.name = (format_name), .levels_min = FMT_LEVELS_MIN, .levels_max = FMT_LEVELS_MAX, \
		.table_addr_mask = (FMT_ADDR) << FMT_ADDR_SHIFT, .shape = fmt_shape,               \
		.init = pt_init, .link = pt_link, .grows = FMT_GROWS,                              \
		.fast = { pt_map, pt_unmap, pt_translate, pt_map_sg },                             \
		.kept = { pt_map_kept, pt_unmap_kept, pt_translate_kept, pt_map_sg_kept },         \
		.flushed = { pt_map_flushed, pt_unmap_flushed, pt_translate_flushed,               \
			     pt_map_sg_flushed },                                                  \
		.leaves = pt_leaves, .table = pt_table_from,                                       \
		.reclaim_level = pt_reclaim_level,                                                 \
		.promote_level = pt_promote_level, .demote = pt_demote, .replace = pt_replace,     \
		.reserve = pt_reserve, .track = pt_track, .fault = pt_fault,                       \
		.has_ad = FMT_DIRTY != 0, .protects = FMT_WP_MARK != 0,                            \
		.destroy = pt_destroy,                                                             \
	}

#endif

/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* pgtbl_read.h - part of pgtbl_template.h: translate, and leaves for the visitor. */
#ifndef PGTBL_READ_H
#define PGTBL_READ_H

static plat_noinline int pt_translate_slow(struct pgtbl *pt, uint64_t iova, uint64_t *phys)
{
	struct pt_place at;
	uint64_t entry;

	if (iova > pt->iova_last)
		return -EINVAL;
	plat_read_lock();
	at = pt_walk(pt, iova, 1, &entry);
	plat_read_unlock();
	if (!fmt_is_leaf(entry, at.level))
		return -ENOENT;
	*phys = pt_leaf_phys(pt, entry, at.level) |
		(iova & ((1ull << pt_leaf_lg2(pt, entry, at.level)) - 1));
	return 0;
}

/*
 * At most PGTBL_LEAF_BATCH leaves, and at most one table's worth of steps, so
 * that a visitor's read sections stay short.
 */
static unsigned pt_leaves(struct pgtbl *pt, uint64_t *pos, uint64_t last, bool *more,
			  struct pgtbl_leaf *leaf)
{
	unsigned lg2, n = 0;
	struct pt_place at;
	uint64_t entry;

	plat_read_lock();
	at = pt_walk(pt, *pos, 1, &entry);
	for (;;) {
		lg2 = pt_span_lg2(pt, at.level);
		if (fmt_is_leaf(entry, at.level)) {
			lg2 = pt_leaf_lg2(pt, entry, at.level);
			if (fmt_in_group(entry, at.level))
				entry |= pt_leaf_ad(pt, at.slot, entry, at.level);
			pt_show_leaf(pt, &leaf[n++], *pos, entry, at.level);
		}
		*more = pt_next(pos, last, lg2);
		if (!*more || n == PGTBL_LEAF_BATCH || !pt_index(pt, *pos, at.level))
			break;
		at.slot = at.table + pt_index(pt, *pos, at.level);
		entry = pt_load(at.slot);
		if (at.level > 1 && pt_is_table(entry, at.level))
			break;
	}
	plat_read_unlock();
	return n;
}

/* Copy @table of @level, and count what is in it. */
static void pt_table_copy(struct pgtbl *pt, const uint64_t *table, unsigned level, uint64_t *copy,
			  struct pgtbl_table_info *info)
{
	info->entries = pt_entries(pt, level);
	info->leaves = 0;
	info->tables = 0;
	for (unsigned i = 0; i < info->entries; i++) {
		uint64_t entry = pt_load(&table[i]);

		if (copy)
			copy[i] = pt_word(entry);
		if (level > 1 && pt_is_table(entry, level))
			info->tables++;
		else if (fmt_is_leaf(entry, level))
			info->leaves++;
	}
}

/* See pgtbl_ops.table. */
static bool pt_table_from(struct pgtbl *pt, unsigned level, uint64_t last, uint64_t *copy,
			  struct pgtbl_table_info *info)
{
	struct pt_place at = { .table = pt->root, .level = pt->levels };
	uint64_t *table = level == pt->levels ? pt->root : NULL, entry;

	for (bool more = true; more && !table;) {
		plat_read_lock();
		at = pt_walk(pt, info->first, level + 1, &entry);
		if (at.level == level + 1 && pt_is_table(entry, at.level))
			table = pt_table(pt, entry, at.level);
		if (table)
			pt_table_copy(pt, table, level, copy, info);
		plat_read_unlock();
		if (!table)
			more = pt_next(&info->first, last, pt_span_lg2(pt, at.level));
	}
	if (level == pt->levels)
		pt_table_copy(pt, table, level, copy, info);
	if (table)
		info->phys = pgtbl_page_phys(pt, table);
	return table;
}

#endif

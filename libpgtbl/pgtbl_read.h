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
	*phys = fmt_leaf_phys(entry, at.level) | (iova & (pt_span(at.level) - 1));
	return 0;
}

/* Behind the entry of @level at @pos; false when that is behind @last. */
static inline bool pt_next(uint64_t *pos, uint64_t last, unsigned level)
{
	uint64_t end = *pos | (pt_span(level) - 1);

	*pos = end + 1;
	return end < last;
}

/*
 * At most PGTBL_LEAF_BATCH leaves, and at most one table's worth of steps, so
 * that a visitor's read sections stay short.
 */
static unsigned pt_leaves(struct pgtbl *pt, uint64_t *pos, uint64_t last, bool *more,
			  struct pgtbl_leaf *leaf)
{
	unsigned n = 0;
	struct pt_place at;
	uint64_t entry;

	plat_read_lock();
	at = pt_walk(pt, *pos, 1, &entry);
	for (;;) {
		if (fmt_is_leaf(entry, at.level)) {
			leaf[n].iova = *pos & ~(pt_span(at.level) - 1);
			leaf[n].phys = fmt_leaf_phys(entry, at.level);
			leaf[n].size = pt_span(at.level);
			leaf[n].prot = fmt_prot(entry);
			n++;
		}
		*more = pt_next(pos, last, at.level);
		if (!*more || n == PGTBL_LEAF_BATCH || !pt_index(*pos, at.level))
			break;
		entry = pt_load(++at.slot);
		if (at.level > 1 && pt_is_table(entry))
			break;
	}
	plat_read_unlock();
	return n;
}

#endif

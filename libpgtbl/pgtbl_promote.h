/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * pgtbl_promote.h - part of pgtbl_template.h: one leaf for a table of leaves that
 * continue each other, beside their owners.
 *
 * Works as reclaim does (pgtbl_reclaim.h); at the end the frozen entry becomes a
 * leaf instead of 0 (PGT-F7).  Readers, and hardware until it is told, go on using
 * the table, so its words stay; even the first, through which lists of pages
 * are linked.  Such tables are listed in a page of their own, the holder: word 0 is
 * its link, the others are addresses of tables.  pgtbl_pages_free_list() tells a
 * holder from an unlinked table by word 1, which is 0 in the latter.
 */
#ifndef PGTBL_PROMOTE_H
#define PGTBL_PROMOTE_H

/* The leaf that says what @table says, or 0.  @level: of the table. */
static uint64_t pt_promoted(const struct pgtbl *pt, const uint64_t *table, unsigned level)
{
	uint64_t keep = ~(uint64_t)(FMT_ACCESSED | FMT_DIRTY), entry = pt_leaf_load(&table[0]);
	unsigned entries = pt_entries(pt, level);
	uint64_t attr, phys;

	if (!fmt_is_leaf(entry, level))
		return 0;
	attr = pt_leaf_attr(pt, entry, level);
	phys = pt_leaf_phys(pt, entry, level);
	if (phys & (pt_span(pt, level + 1) - 1))
		return 0;
	for (unsigned i = 1; i < entries; i++) {
		uint64_t size;

		entry = pt_leaf_load(&table[i]);
		if (!fmt_is_leaf(entry, level))
			return 0;
		size = 1ull << pt_leaf_lg2(pt, entry, level);
		if (pt_leaf_phys(pt, entry, level) != ((phys + i * pt_span(pt, level)) & -size) ||
		    ((pt_leaf_attr(pt, entry, level) ^ attr) & keep))
			return 0;
	}
	/* Until it is told hardware sets these in the old table, where nobody looks. */
	if (pt->hw_ad)
		attr |= FMT_ACCESSED | (pt_leaf_prot(pt, entry) & PGTBL_WRITE ? FMT_DIRTY : 0);
	return fmt_leaf(phys, attr, level + 1);
}

static bool pt_can_promote(const struct pt_freezer *f, const uint64_t *table, uint64_t iova)
{
	return !pgtbl_reserved(f->pt, iova, pt_span(f->pt, f->level + 1)) &&
	       pt_promoted(f->pt, table, f->level);
}

/* Room for one more table in f->holder. */
static bool pt_hold(struct pt_freezer *f)
{
	if (f->holder && f->held < f->pt->table_bytes / sizeof(*f->holder) - 1)
		return true;
	f->holder = pgtbl_page_alloc(f->pt, &f->error);
	if (!f->holder)
		return false;
	f->held = 0;
	pgtbl_gather_page(f->gather, f->holder);
	return true;
}

static bool pt_promote_frozen(struct pt_freezer *f, const struct pt_frozen *frozen)
{
	uint64_t *table = pt_live_table(f->pt, frozen->entry, f->level + 1);
	uint64_t leaf, last = frozen->iova + (pt_span(f->pt, f->level + 1) - 1);

	if (f->error || !pt_can_promote(f, table, frozen->iova) || !pt_hold(f))
		return false;
	leaf = pt_promoted(f->pt, table, f->level);
	/* PGT-F7: against whoever thaws to change something below (PGT-F3) or unlinks (PGT-F5). */
	if (!pt_cas_full(frozen->slot, frozen->entry | FMT_FROZEN, leaf))
		return false;
	pgtbl_flush(f->pt, frozen->slot, 1);
	f->holder[++f->held] = (uint64_t)(uintptr_t)table;
	f->gather->free_pages++;
	pgtbl_gather_add(f->gather, frozen->iova, last);
	return true;
}

/* pt->reclaiming is held. */
static int64_t pt_promote_level(struct pgtbl *pt, unsigned level, uint64_t first, uint64_t last,
				struct pgtbl_gather *gather)
{
	struct pt_freezer f = {
		.pt = pt,
		.level = level,
		.wanted = pt_can_promote,
		.finish = pt_promote_frozen,
		.gather = gather,
	};
	int64_t done;

	if (level >= FMT_LEAF_LEVEL || !(pt->page_sizes & pt_span(pt, level + 1)))
		return 0;
	done = pt_freeze_all(&f, first, last);
	return done || !f.error ? done : f.error;
}

#endif

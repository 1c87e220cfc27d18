/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * pgtbl_reclaim.h - part of pgtbl_template.h: unlink empty tables beside mappers.
 *
 * For a batch of tables of one level that look empty:
 *   1. freeze: compare-and-swap the parent entry T -> T|FROZEN     (PGT-F2)
 *   2. wait for a grace period
 *   3. scan the table; if it is empty,
 *      compare-and-swap T|FROZEN -> 0                              (PGT-F1)
 *      and give the page to the gather, else T|FROZEN -> T.
 * The page is freed after the invalidation and another grace period.
 *
 * Why no mapping is lost: a mapper whose section began before the freeze has
 * ended by the scan, so its entry is seen and the table stays.  One that began
 * later sees FROZEN and thaws before it stores (PGT-F3): then the swap to 0
 * fails; if the swap was first, the thaw fails and the mapper walks again.
 * There is no ABA: pt->reclaiming is held, so nobody else freezes or frees a
 * page, and a thawed or reinstalled entry cannot become T|FROZEN again but by
 * a mapper that has just installed the same page, which cannot have been freed.
 *
 * The same for every level, leaf tables first.
 */
#ifndef PGTBL_RECLAIM_H
#define PGTBL_RECLAIM_H

#define PT_RECLAIM_BATCH 24u /* on the stack */

struct pt_frozen {
	uint64_t *slot;
	uint64_t entry;
	uint64_t iova;
};

static bool pt_table_is_empty(const uint64_t *table, unsigned entries)
{
	uint64_t any = 0;

	for (unsigned i = 0; i < entries && !any; i += 8)
		any = pt_line_or(&table[i]);
	return !any;
}

/* Freeze empty tables of @level from *pos on; how many.  *more: not yet at @last. */
static unsigned pt_freeze(struct pgtbl *pt, unsigned level, uint64_t *pos, uint64_t last,
			  bool *more, struct pt_frozen *frozen)
{
	unsigned n = 0;

	*more = true;
	while (*more && n < PT_RECLAIM_BATCH) {
		struct pt_place at;
		uint64_t entry;

		plat_read_lock();
		at = pt_walk(pt, *pos, level + 1, &entry);
		/* PGT-F2: ordered before the grace period, whose end orders the scan. */
		if (at.level == level + 1 && pt_is_live(entry, at.level) &&
		    !pt_is_pinned(pt, level, *pos) &&
		    pt_table_is_empty(pt_live_table(pt, entry, at.level), pt_entries(pt, level)) &&
		    pt_cas_full(at.slot, entry, entry | FMT_FROZEN))
			frozen[n++] = (struct pt_frozen){ at.slot, entry, *pos };
		plat_read_unlock();
		/* Only whole tables: the range's last one may stick out. */
		*more = pt_next(pos, last, pt_span_lg2(pt, at.level)) &&
			last - *pos >= pt_span(pt, level + 1) - 1;
	}
	return n;
}

static unsigned pt_unlink_frozen(struct pgtbl *pt, const struct pt_frozen *f, unsigned level,
				 struct pgtbl_gather *gather)
{
	uint64_t *table = pt_live_table(pt, f->entry, level + 1);

	/* PGT-F1: against a mapper's thaw (PGT-F3) and a dismantler (PGT-F5). */
	if (!pt_table_is_empty(table, pt_entries(pt, level)) ||
	    !pt_cas_full(f->slot, f->entry | FMT_FROZEN, 0)) {
		/* PGT-F6: thaws what is not empty; a mapper (PGT-F3) may have been quicker. */
		pt_cas_full(f->slot, f->entry | FMT_FROZEN, f->entry);
		return 0;
	}
	pgtbl_flush(pt, f->slot, 1);
	pgtbl_gather_page(gather, table);
	pgtbl_gather_add(gather, f->iova, f->iova + (pt_span(pt, level + 1) - 1));
	return 1;
}

/* pt->reclaiming is held. */
static int64_t pt_reclaim_level(struct pgtbl *pt, unsigned level, uint64_t first, uint64_t last,
				struct pgtbl_gather *gather)
{
	uint64_t mask = pt_span(pt, level + 1) - 1, pos = (first + mask) & ~mask;
	struct pt_frozen frozen[PT_RECLAIM_BATCH];
	int64_t done = 0;
	bool more = pos >= first && pos <= last && last - pos >= mask;

	while (more) {
		unsigned n = pt_freeze(pt, level, &pos, last, &more, frozen);

		if (!n)
			continue;
		plat_synchronize();
		for (unsigned i = 0; i < n; i++)
			done += pt_unlink_frozen(pt, &frozen[i], level, gather);
	}
	return done;
}

#endif

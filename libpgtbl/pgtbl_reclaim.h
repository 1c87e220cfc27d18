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
 * The same for every level, leaf tables first.  Promotion (pgtbl_promote.h) does
 * it with another wish and another end.
 */
#ifndef PGTBL_RECLAIM_H
#define PGTBL_RECLAIM_H

#define PT_RECLAIM_BATCH 24u /* on the stack */

struct pt_frozen {
	uint64_t *slot;
	uint64_t entry;
	uint64_t iova;
};

/**
 * struct pt_freezer - takes tables of one level out of use beside everybody else
 * @level:  of the tables
 * @wanted: whether @table, which serves addresses from @iova on, is one to take.
 *          Asked before the freeze, and after the grace period by @finish.
 * @finish: take it, and return true; or leave it: it will be thawed
 * @gather: receives what is taken
 * @holder: see pgtbl_promote.h
 * @error:  why the work cannot go on, or 0
 */
struct pt_freezer {
	struct pgtbl *pt;
	unsigned level;
	int error;
	bool (*wanted)(const struct pt_freezer *f, const uint64_t *table, uint64_t iova);
	bool (*finish)(struct pt_freezer *f, const struct pt_frozen *frozen);
	struct pgtbl_gather *gather;
	uint64_t *holder;
	unsigned held;
};

/* Freeze wanted tables from *pos on; how many.  *more: not yet at @last. */
static unsigned pt_freeze(const struct pt_freezer *f, uint64_t *pos, uint64_t last, bool *more,
			  struct pt_frozen *frozen)
{
	struct pgtbl *pt = f->pt;
	unsigned n = 0, level = f->level;

	*more = true;
	while (*more && n < PT_RECLAIM_BATCH) {
		struct pt_place at;
		uint64_t entry;

		plat_read_lock();
		at = pt_walk(pt, *pos, level + 1, &entry);
		/* PGT-F2: ordered before the grace period, whose end orders the scan. */
		if (at.level == level + 1 && pt_is_live(entry, at.level) &&
		    !pt_is_pinned(pt, level, *pos) &&
		    f->wanted(f, pt_live_table(pt, entry, at.level), *pos) &&
		    pt_cas_full(at.slot, entry, entry | FMT_FROZEN))
			frozen[n++] = (struct pt_frozen){ at.slot, entry, *pos };
		plat_read_unlock();
		/* Only whole tables: the range's last one may stick out. */
		*more = pt_next(pos, last, pt_span_lg2(pt, at.level)) &&
			last - *pos >= pt_span(pt, level + 1) - 1;
	}
	return n;
}

/* All tables of the level in the range; how many were taken.  pt->reclaiming is held. */
static int64_t pt_freeze_all(struct pt_freezer *f, uint64_t first, uint64_t last)
{
	uint64_t mask = pt_span(f->pt, f->level + 1) - 1, pos = (first + mask) & ~mask;
	struct pt_frozen frozen[PT_RECLAIM_BATCH];
	int64_t done = 0;
	bool more = pos >= first && pos <= last && last - pos >= mask;

	while (more && !f->error) {
		unsigned n = pt_freeze(f, &pos, last, &more, frozen);

		if (!n)
			continue;
		plat_synchronize();
		for (unsigned i = 0; i < n; i++) {
			if (f->finish(f, &frozen[i])) {
				done++;
				continue;
			}
			/* PGT-F6: thaws what stays; a mapper (PGT-F3) may have been quicker. */
			pt_cas_full(frozen[i].slot, frozen[i].entry | FMT_FROZEN,
				      frozen[i].entry);
		}
	}
	return done;
}

static bool pt_table_is_empty(const struct pt_freezer *f, const uint64_t *table, uint64_t iova)
{
	uint64_t any = 0;

	if (pgtbl_reserved(f->pt, iova, pt_span(f->pt, f->level + 1)))
		return false;
	for (unsigned i = 0; i < pt_entries(f->pt, f->level) && !any; i += 8)
		any = pt_line_or(&table[i]);
	return !any;
}

static bool pt_unlink_frozen(struct pt_freezer *f, const struct pt_frozen *frozen)
{
	uint64_t *table = pt_live_table(f->pt, frozen->entry, f->level + 1), *slot = frozen->slot;
	uint64_t entry = frozen->entry | FMT_FROZEN;
	uint64_t last = frozen->iova + (pt_span(f->pt, f->level + 1) - 1);

	/* PGT-F1: against a mapper's thaw (PGT-F3) and a dismantler (PGT-F5). */
	if (!pt_table_is_empty(f, table, frozen->iova) || !pt_cas_full(slot, entry, 0))
		return false;
	pgtbl_flush(f->pt, slot, 1);
	pgtbl_gather_page(f->gather, table);
	pgtbl_gather_add(f->gather, frozen->iova, last);
	return true;
}

/* pt->reclaiming is held. */
static int64_t pt_reclaim_level(struct pgtbl *pt, unsigned level, uint64_t first, uint64_t last,
				struct pgtbl_gather *gather)
{
	struct pt_freezer f = {
		.pt = pt,
		.level = level,
		.wanted = pt_table_is_empty,
		.finish = pt_unlink_frozen,
		.gather = gather,
	};

	return pt_freeze_all(&f, first, last);
}

#endif

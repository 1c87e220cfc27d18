/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* change.c - replace, demote, promote, reclaim: arguments, and the levels one by one. */
#include "pgtbl_change.h"
#include "pgtbl_priv.h"

int pgtbl_replace(struct pgtbl *pt, const struct pgtbl_replacement *with,
		  struct pgtbl_gather *gather, struct pgtbl_report *report)
{
	unsigned slot;
	int err;

	if (!pt || !with || !gather)
		return pgtbl_fail(report, with ? with->iova : 0, -EINVAL);
	slot = pgtbl_check_enter(pt, with->iova, with->size);
	err = pt->ops->replace(pt, with, gather, report);
	pgtbl_check_leave(pt, slot);
	return err;
}

int pgtbl_demote(struct pgtbl *pt, uint64_t iova, uint64_t size, uint64_t page_bytes,
		 struct pgtbl_gather *gather, struct pgtbl_report *report)
{
	unsigned slot;
	int err;

	if (!pt || !gather || !pgtbl_is_range(pt, iova, size) ||
	    !pgtbl_is_page_size(pt, page_bytes))
		return pgtbl_fail(report, iova, -EINVAL);
	slot = pgtbl_check_enter(pt, iova, size);
	err = pt->ops->demote(pt, iova, iova + (size - 1), page_bytes, gather, &iova);
	pgtbl_check_leave(pt, slot);
	return err ? pgtbl_fail(report, iova, err) : 0;
}

/* Call @level_fn for all levels, smallest spans first, then do the work of pgtbl_drain(). */
static int64_t by_level(struct pgtbl *pt, uint64_t first, uint64_t last,
			struct pgtbl_gather *gather, pgtbl_level_fn level_fn)
{
	int64_t done = 0, n = 0;
	void *list;
	int err;

	if (pt->keep)
		return -EOPNOTSUPP;
	err = pgtbl_drain_begin(pt, &list);
	if (err)
		return err;
	for (unsigned level = 1; level < pt->levels && n >= 0; level++) {
		n = level_fn(pt, level, first, last, gather);
		if (n > 0)
			done += n;
	}
	if (list)
		plat_synchronize();
	pgtbl_drain_end(pt, list);
	return done || n >= 0 ? done : n;
}

static bool is_span(const struct pgtbl *pt, uint64_t first, uint64_t last,
		    const struct pgtbl_gather *gather)
{
	return pt && gather && first <= last && last <= pt->iova_last;
}

int64_t pgtbl_promote(struct pgtbl *pt, uint64_t first, uint64_t last, struct pgtbl_gather *gather)
{
	if (!is_span(pt, first, last, gather))
		return -EINVAL;
	return by_level(pt, first, last, gather, pt->ops->promote_level);
}

int64_t pgtbl_reclaim(struct pgtbl *pt, uint64_t first, uint64_t last, struct pgtbl_gather *gather)
{
	if (!is_span(pt, first, last, gather))
		return -EINVAL;
	return by_level(pt, first, last, gather, pt->ops->reclaim_level);
}

/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * pgtbl_replace.h - part of pgtbl_template.h: other memory behind mapped addresses.
 *
 * Two passes in one read section.  The first finds a leaf everywhere, and splits
 * those that stick out of the range or that the new address does not suit; a split
 * changes no translation.  What it has seen stays until the section ends, for the
 * caller owns the range and a promoter waits; so the second pass, which exchanges
 * leaf by leaf, cannot fail.
 */
#ifndef PGTBL_REPLACE_H
#define PGTBL_REPLACE_H

/* One pgtbl_replace() call. */
struct pt_replace_job {
	struct pgtbl *pt;
	uint64_t iova;
	uint64_t last;
	uint64_t phys; /* for @iova */
	uint64_t attr;
	struct pgtbl_gather *gather;
};

/*
 * Whether the leaf @entry at @pos can be exchanged as it is, in one step: a group
 * cannot.  -EBUSY: it must not be split either.
 */
static int pt_replace_fits(const struct pt_replace_job *job, uint64_t pos, uint64_t entry,
			   unsigned level, bool *fits)
{
	uint64_t mask = (1ull << pt_leaf_lg2(job->pt, entry, level)) - 1;
	bool whole = !(pos & mask) && job->last - pos >= mask;

	*fits = whole && !((job->phys + (pos - job->iova)) & mask) && !fmt_in_group(entry, level);
	return *fits || whole || job->pt->partial == PGTBL_SPLIT ? 0 : -EBUSY;
}

/*
 * First pass, over leaves of one table from *pos on, *@more: they are not all.  0, or why
 * not; *@pos is where.
 */
static int pt_replace_check_run(const struct pt_replace_job *job, uint64_t *pos, bool *more)
{
	uint64_t entry;
	struct pt_place at = pt_walk_thawed(job->pt, *pos, 1, &entry);
	bool fits;
	int err;

	if (!fmt_is_leaf(entry, at.level))
		return -ENOENT;
	do {
		err = pt_replace_fits(job, *pos, entry, at.level, &fits);
		if (err || !fits)
			return err ? err : pt_split(job->pt, &at, *pos, entry, job->gather);
		*more = pt_next(pos, job->last, pt_span_lg2(job->pt, at.level));
		if (!*more || !pt_index(job->pt, *pos, at.level))
			break;
		entry = pt_load(++at.slot);
	} while (fmt_is_leaf(entry, at.level)); /* of others a walk says what they are */
	return 0;
}

static int pt_replace_check(const struct pt_replace_job *job, uint64_t *pos)
{
	bool more = true;
	int err = 0;

	while (more && !err)
		err = pt_replace_check_run(job, pos, &more);
	return err;
}

/* Second pass. */
static void pt_replace_all(const struct pt_replace_job *job,
			   void (*fn)(void *ctx, const struct pgtbl_leaf *old), void *ctx)
{
	uint64_t pos = job->iova, entry;
	bool more = true;

	while (more) {
		struct pt_place at = pt_walk_thawed(job->pt, pos, 1, &entry);
		struct pgtbl_leaf leaf;
		unsigned n = 0;

		do {
			uint64_t phys = job->phys + (pos - job->iova);

			/* PGT-X1: with the bits that hardware, or their reader (PGT-X2), left. */
			entry = pt_xchg_full(&at.slot[n++],
					     fmt_leaf(phys, job->attr, at.level));
			pt_show_leaf(job->pt, &leaf, pos, entry, at.level);
			if (fn)
				fn(ctx, &leaf);
			more = pt_next(&pos, job->last, pt_span_lg2(job->pt, at.level));
		} while (more && pt_index(job->pt, pos, at.level) &&
			 fmt_is_leaf(pt_load(&at.slot[n]), at.level));
		pgtbl_flush(job->pt, at.slot, n);
	}
}

static int pt_replace(struct pgtbl *pt, const struct pgtbl_replacement *r,
		      struct pgtbl_gather *gather, struct pgtbl_report *report)
{
	struct pgtbl_segment seg = { r->phys, r->size };
	struct pt_replace_job job = { .pt = pt, .iova = r->iova, .last = r->iova + (r->size - 1),
				      .phys = r->phys, .gather = gather };
	uint64_t pos = r->iova;
	int err = -EINVAL;

	if (pt_map_size(pt, r->iova, &seg, 1, r->prot, &pos)) {
		job.attr = pt->attr[r->prot];
		pos = r->iova;
		plat_read_lock();
		err = pt_replace_check(&job, &pos);
		if (!err)
			pt_replace_all(&job, r->old, r->ctx);
		plat_read_unlock();
	}
	if (err)
		return pgtbl_fail(report, pos, err);
	pgtbl_gather_cover(gather, job.iova, job.last);
	return 0;
}

#endif

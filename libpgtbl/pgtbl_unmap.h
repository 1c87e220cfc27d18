/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * pgtbl_unmap.h - part of pgtbl_template.h: unmap of any size, destroy.
 *
 * With PGTBL_UNLINK, an unmap that covers the whole span of a table takes the
 * table out by one compare-and-swap on its parent entry and then clears it in
 * peace; the caller owns the span, so no mapper is below.  Readers may be, and
 * hardware: what they find are the old entries, zeroes, or the link of the
 * gather's list, which is no entry (pgtbl_fmt.h).
 */
#ifndef PGTBL_UNMAP_H
#define PGTBL_UNMAP_H

/* Clear leaves until the first entry that is none, at most @n; how many. */
static plat_always_inline unsigned pt_clear(uint64_t *slot, unsigned n)
{
	unsigned i = 0;

	for (; i < n && ((uintptr_t)&slot[i] & (PLAT_CACHELINE - 1)); i++) {
		if (plat_unlikely(!(pt_leaf_load(&slot[i]) & FMT_INUSE)))
			return i;
		pt_leaf_store(&slot[i], 0);
	}
	for (; i + 8 <= n; i += 8) {
		if (plat_unlikely(!(pt_line_and(&slot[i]) & FMT_INUSE)))
			break;
		pt_line_clear(&slot[i]);
	}
	for (; i < n; i++) {
		if (plat_unlikely(!(pt_leaf_load(&slot[i]) & FMT_INUSE)))
			break;
		pt_leaf_store(&slot[i], 0);
	}
	return i;
}

/* The same above level 1, where tables and groups may be between the leaves. */
static inline unsigned pt_clear_large(uint64_t *slot, unsigned n, unsigned level)
{
	unsigned i = 0;

	for (; i < n; i++) {
		uint64_t entry = pt_leaf_load(&slot[i]);

		if (!fmt_is_leaf(entry, level) || fmt_in_group(entry, level))
			break;
		pt_leaf_store(&slot[i], 0);
	}
	return i;
}

/**
 * struct pt_dismantler - takes an unlinked subtree apart
 * @gather: receives the tables; NULL: they are freed at once
 * @bytes:  that were mapped
 * @hole:   first address at which nothing was, if that is below its old value
 */
struct pt_dismantler {
	struct pgtbl *pt;
	struct pgtbl_gather *gather;
	uint64_t bytes;
	uint64_t hole;
};

/* Empty @table, which serves addresses from @iova on, and all below.  Depth: the levels. */
static void pt_dismantle(struct pt_dismantler *d, uint64_t *table, unsigned level, uint64_t iova)
{
	unsigned entries = pt_entries(d->pt, level);

	for (unsigned i = 0; i < entries; i++, iova += pt_span(d->pt, level)) {
		uint64_t entry = pt_load(&table[i]);

		if (level > 1 && entry)
			/*
			 * PGT-F5: a reclaimer that froze this entry may unlink it too
			 * (PGT-F1): the word says who got the table.
			 */
			entry = pt_take_full(&table[i]);
		else if (entry)
			pt_leaf_store(&table[i], 0);
		if (level > 1 && pt_is_table(entry, level))
			pt_dismantle(d, pt_table(d->pt, entry, level), level - 1, iova);
		else if (fmt_is_leaf(entry, level))
			d->bytes += pt_span(d->pt, level);
		else if (iova < d->hole)
			d->hole = iova;
	}
	if (d->gather)
		pgtbl_gather_page(d->gather, table);
	else if (table == d->pt->root)
		pgtbl_root_free(d->pt);
	else
		pgtbl_page_free(d->pt, table);
}

/* One unmap call. */
struct pt_unmap_job {
	struct pgtbl *pt;
	struct pgtbl_gather *gather;
	struct pgtbl_report *report;
	uint64_t pos;
	uint64_t last;
	uint64_t bytes;
	bool reported;
};

static void pt_unmap_not(struct pt_unmap_job *job, uint64_t iova, int error)
{
	if (!job->reported && job->report) {
		job->report->iova = iova;
		job->report->error = error;
	}
	job->reported = true;
}

/* Go on behind the 2^@lg2 bytes around job->pos.  False at the end of the range. */
static bool pt_unmap_skip(struct pt_unmap_job *job, unsigned lg2)
{
	uint64_t end = job->pos | ((1ull << lg2) - 1);

	if (end >= job->last)
		return false;
	job->pos = end + 1;
	return true;
}

/* Whether the 2^@lg2 bytes around job->pos begin there and end inside the range. */
static inline bool pt_covers(const struct pt_unmap_job *job, unsigned lg2)
{
	uint64_t inside = (1ull << lg2) - 1;

	return !(job->pos & inside) && job->last - job->pos >= inside;
}

/* Unlink the table in @slot of @level, which covers no more than the range. */
static void pt_unmap_unlink(struct pt_unmap_job *job, uint64_t *slot, unsigned level)
{
	struct pt_dismantler d = { .pt = job->pt, .gather = job->gather, .hole = ~0ull };
	/* PGT-F5: see pt_dismantle(); the table may also have been promoted (PGT-F7) */
	uint64_t entry = pt_take_full(slot);

	pgtbl_flush(job->pt, slot, 1);
	if (pt_is_table(entry, level))
		pt_dismantle(&d, pt_table(job->pt, entry, level), level - 1, job->pos);
	else if (fmt_is_leaf(entry, level))
		d.bytes = pt_span(job->pt, level);
	else
		d.hole = job->pos;
	if (entry)
		pgtbl_gather_add(job->gather, job->pos, job->pos + (pt_span(job->pt, level) - 1));
	job->bytes += d.bytes;
	if (d.hole != ~0ull)
		pt_unmap_not(job, d.hole, -ENOENT);
}

/* Nothing, and no table, at job->pos: go on behind it.  False at the end of the range. */
static bool pt_unmap_hole(struct pt_unmap_job *job, const struct pt_place *at)
{
	unsigned left = pt_entries(job->pt, at->level) - pt_index(job->pt, job->pos, at->level);
	unsigned lg2 = pt_span_lg2(job->pt, at->level);

	pt_unmap_not(job, job->pos, -ENOENT);
	for (unsigned i = 1; i < left && !pt_leaf_load(&at->slot[i]); i++)
		if (!pt_unmap_skip(job, lg2))
			return false;
	return pt_unmap_skip(job, lg2);
}

/* Entries of @level from job->pos on that lie in the range and in one table. */
static inline unsigned pt_unmap_inside(const struct pt_unmap_job *job, unsigned level)
{
	unsigned left = pt_entries(job->pt, level) - pt_index(job->pt, job->pos, level);
	uint64_t fit = (job->last - job->pos + 1) >> pt_span_lg2(job->pt, level);

	return fit < left ? (unsigned)fit : left;
}

/* Entries of a leaf table from job->pos on to clear at once: a last group only if it is whole. */
static unsigned pt_unmap_fit(const struct pt_unmap_job *job, const uint64_t *slot)
{
	const struct pgtbl *pt = job->pt;
	unsigned lg2 = pt_span_lg2(pt, 1), n = pt_unmap_inside(job, 1);
	uint64_t entry, base;

	entry = FMT_GROUPS ? pt_leaf_load(&slot[n - 1]) : 0;
	if (!fmt_is_leaf(entry, 1) || !fmt_in_group(entry, 1))
		return n;
	base = (job->pos + ((uint64_t)(n - 1) << lg2)) & -(1ull << pt_leaf_lg2(pt, entry, 1));
	if (job->last - base >= (1ull << pt_leaf_lg2(pt, entry, 1)) - 1)
		return n;
	return (unsigned)((base - job->pos) >> lg2);
}

/* @entry and the leaves behind it in its table.  False at the end of the range. */
static bool pt_unmap_run(struct pt_unmap_job *job, const struct pt_place *at, uint64_t entry)
{
	unsigned lg2 = pt_span_lg2(job->pt, at->level);
	unsigned n = 1u << fmt_group_lg2(job->pt, entry, at->level);
	uint64_t bytes;

	if (at->level > 1 && n == 1)
		n = pt_clear_large(at->slot, pt_unmap_inside(job, at->level), at->level);
	else
		n = pt_clear(at->slot, n == 1 ? pt_unmap_fit(job, at->slot) : n);
	if (!n) /* gone since it was looked at: somebody else unmaps here */
		return pt_unmap_hole(job, at);
	pgtbl_flush(job->pt, at->slot, n);
	bytes = (uint64_t)n << lg2;
	pgtbl_gather_cover(job->gather, job->pos, job->pos + bytes - 1);
	job->bytes += bytes;
	if (job->last - job->pos < bytes)
		return false;
	job->pos += bytes;
	return true;
}

/* Clear all of the leaf @entry, of which only a part lies in the range. */
static void pt_unmap_widen(struct pt_unmap_job *job, const struct pt_place *at, uint64_t entry)
{
	unsigned lg2 = pt_leaf_lg2(job->pt, entry, at->level);
	unsigned group = 1u << fmt_group_lg2(job->pt, entry, at->level);
	uint64_t *slot;

	job->pos &= -(1ull << lg2);
	slot = &at->table[pt_index(job->pt, job->pos, at->level)];
	pt_clear(slot, group);
	pgtbl_flush(job->pt, slot, group);
	pgtbl_gather_cover(job->gather, job->pos, job->pos + ((1ull << lg2) - 1));
	job->bytes += 1ull << lg2;
}

/* The leaf @entry is larger than its part of the range.  False at the end of the range. */
static bool pt_unmap_part(struct pt_unmap_job *job, const struct pt_place *at, uint64_t entry)
{
	int err = -EBUSY;

	if (job->pt->partial == PGTBL_WIDEN) {
		pt_unmap_widen(job, at, entry);
		return pt_unmap_skip(job, pt_leaf_lg2(job->pt, entry, at->level));
	}
	if (job->pt->partial == PGTBL_SPLIT)
		err = pt_split(job->pt, at, job->pos, entry, job->gather);
	if (!err)
		return true;
	pt_unmap_not(job, job->pos, err);
	return pt_unmap_skip(job, pt_leaf_lg2(job->pt, entry, at->level));
}

/* One step down and across.  False at the end of the range. */
static bool pt_unmap_step(struct pt_unmap_job *job)
{
	struct pgtbl *pt = job->pt;
	struct pt_place at = pt_top(pt, job->pos, 1);
	uint64_t entry = pt_load_thawed(pt, at.slot, at.level);
	unsigned lg2;

	while (at.level > 1 && pt_is_table(entry, at.level)) {
		if (pt->unlink && pt_covers(job, pt_span_lg2(pt, at.level)) &&
		    !pt_is_pinned(pt, at.level - 1, job->pos) &&
		    !pgtbl_reserved(pt, job->pos, pt_span(pt, at.level))) {
			pt_unmap_unlink(job, at.slot, at.level);
			return pt_unmap_skip(job, pt_span_lg2(pt, at.level));
		}
		pt_down(pt, &at, entry, job->pos);
		entry = at.level > 1 ? pt_load_thawed(pt, at.slot, at.level) : pt_load(at.slot);
	}
	if (!fmt_is_leaf(entry, at.level))
		return pt_unmap_hole(job, &at);
	lg2 = pt_leaf_lg2(pt, entry, at.level);
	if (!pt_covers(job, lg2))
		return pt_unmap_part(job, &at, entry);
	return pt_unmap_run(job, &at, entry);
}

/* Inside a read section; the arguments are sound. */
static uint64_t pt_unmap_range(struct pgtbl *pt, uint64_t iova, uint64_t size,
			       struct pgtbl_gather *gather, struct pgtbl_report *report)
{
	struct pt_unmap_job job = {
		.pt = pt,
		.gather = gather,
		.report = report,
		.pos = iova,
		.last = iova + (size - 1),
	};

	while (pt_unmap_step(&job))
		;
	return job.bytes;
}

/* @more: bytes beyond the first page; see pgtbl_tiers.h. */
static plat_noinline uint64_t pt_unmap_slow(struct pgtbl *pt, uint64_t iova, uint64_t more,
					    struct pgtbl_gather *gather,
					    struct pgtbl_report *report)
{
	uint64_t size = more + pt_page_bytes(pt), bytes;

	if (!pgtbl_is_range(pt, iova, size)) {
		pgtbl_fail(report, iova, -EINVAL);
		return 0;
	}
	plat_read_lock();
	bytes = pt_unmap_range(pt, iova, size, gather, report);
	plat_read_unlock();
	return bytes;
}

/* Nobody else uses @pt. */
static uint64_t pt_destroy(struct pgtbl *pt)
{
	struct pt_dismantler d = { .pt = pt };

	pt_dismantle(&d, pt->root, pt->levels, 0);
	return d.bytes;
}

#endif

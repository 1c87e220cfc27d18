/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * pgtbl_reserve.h - part of pgtbl_template.h: tables before they are needed.
 *
 * As a map call's two passes (pgtbl_map.h): pages for every missing table first,
 * then the tables, which cannot fail any more.  The reservation is in pt's list
 * before (reserve.c), so no reclaimer takes away what was found.
 */
#ifndef PGTBL_RESERVE_H
#define PGTBL_RESERVE_H

/* First pass at job->pos: pages for the missing tables down to @level. */
static void pt_reserve_check(struct pt_map_job *job, unsigned level)
{
	uint64_t entry;
	struct pt_place at = pt_walk_thawed(job->pt, job->pos, level, &entry);

	if (at.level == level)
		return;
	if (entry)
		job->error = -EEXIST;
	else
		pt_take_aside(job, at.level, level, NULL);
}

/* Second pass at job->pos. */
static void pt_reserve_install(struct pt_map_job *job, unsigned level)
{
	uint64_t entry, *page;
	struct pt_place at = pt_walk_thawed(job->pt, job->pos, level, &entry);

	for (; at.level > level; at = pt_walk_thawed(job->pt, job->pos, level, &entry)) {
		if (entry) {
			job->error = -EEXIST;
			return;
		}
		page = pt_take_page(job);
		if (!page)
			return;
		pgtbl_flush(job->pt, page, pt_entries(job->pt, at.level - 1));
		if (!pt_install(job->pt, at.slot, 0, page, at.level))
			pt_put_page(job, page);
	}
}

/* Tables down to those with leaves of @page_bytes for all of [iova, last]. */
static int pt_reserve(struct pgtbl *pt, uint64_t iova, uint64_t last, uint64_t page_bytes,
		      struct pgtbl_report *report)
{
	struct pt_map_job job = { .pt = pt };
	unsigned level = 1;

	while (level < pt->levels && pt_span(pt, level + 1) <= page_bytes)
		level++;
	if (level == pt->levels)
		return 0;
	plat_read_lock();
	for (unsigned pass = 0; pass < 2 && !job.error; pass++) {
		job.pos = iova;
		do {
			if (pass)
				pt_reserve_install(&job, level);
			else
				pt_reserve_check(&job, level);
		} while (!job.error && pt_next(&job.pos, last, pt_span_lg2(pt, level + 1)));
	}
	plat_read_unlock();
	pgtbl_pages_free_list(pt, job.spare);
	return job.error ? pgtbl_fail(report, job.pos, job.error) : 0;
}

#endif

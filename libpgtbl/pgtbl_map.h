/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * pgtbl_map.h - part of pgtbl_template.h: map of any size.
 *
 * A range is cut into runs: entries of one level in one table.  Each run is
 * walked to from the top, but for one in the leaf table of the run before it: there
 * may be one for each segment.
 *
 * Without a gather there are two passes inside one read section.  The first
 * one reads: every entry must be 0, and for every missing table it takes a
 * page aside.  Tables it has seen stay (pgtbl_walk.h), so the second, which
 * writes, cannot run out of pages, and meets an occupied entry only if somebody
 * maps or unmaps a range that this caller owns.
 *
 * With a gather only the second pass is made; what it has written when it stops
 * is cleared again and noted.
 */
#ifndef PGTBL_MAP_H
#define PGTBL_MAP_H

/**
 * struct pt_map_job - one map call
 * @pos, @phys: where the current pass is
 * @attr:       entry bits
 * @cap_pos:    at this position leaves have less than 2^@cap_lg2 bytes, because
 * @cap_lg2:    something is in the place of a larger one
 * @counted:    last table of each level for which the first pass took a page:
 *              number of its span, plus one
 * @leaves:     the table of level 1 that was walked to last, in this read section and
 *              through live entries, so it stays (T3); NULL: none.  It is that of
 * @leaves_at:  this number of a span
 * @spare:      those pages, linked through their first words
 * @filled:     those of tables that one run fills, with its leaves in them already
 *              while they are in the cache: in the order of the passes, linked the same way
 * @filled_end: the last of them
 * @checked:    there is a first pass
 * @error:      why the pass stopped
 */
struct pt_map_job {
	struct pgtbl *pt;
	uint64_t pos;
	uint64_t phys;
	uint64_t attr;
	uint64_t cap_pos;
	unsigned cap_lg2;
	int error;
	bool checked;
	uint64_t *spare;
	uint64_t *filled;
	uint64_t *filled_end;
	uint64_t *leaves;
	uint64_t leaves_at;
	uint64_t counted[PGTBL_MAX_LEVELS + 1];
};

/* Entries of one level in one table, leaves of one size. */
struct pt_run {
	unsigned level;
	unsigned count;	   /* entries */
	unsigned leaf_lg2; /* lg2 of the bytes of a leaf */
};

/* Entries that make one leaf of @run, lg2. */
static plat_always_inline unsigned pt_run_group_lg2(const struct pgtbl *pt, struct pt_run run)
{
	return FMT_GROUPS ? run.leaf_lg2 - pt_span_lg2(pt, run.level) : 0;
}

static plat_always_inline uint64_t pt_min(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static plat_always_inline unsigned pt_floor_lg2(uint64_t v)
{
	return 63 - (unsigned)__builtin_clzll(v);
}

/* lg2 of the greatest leaf that fits at job->pos for @size bytes. */
static inline unsigned pt_run_leaf_lg2(const struct pt_map_job *job, uint64_t size)
{
	uint64_t fit = job->pos | job->phys, sizes = job->pt->page_sizes;

	sizes &= (2ull << pt_floor_lg2(size)) - 1;
	sizes &= 2 * (fit & -fit) - 1;
	if (job->pos == job->cap_pos)
		sizes &= (1ull << job->cap_lg2) - 1;
	return pt_floor_lg2(sizes);
}

/*
 * A run ends with its table, and where greater leaves become possible.  Without
 * groups the second is never before the first.
 */
static inline uint64_t pt_run_bytes(const struct pt_map_job *job, struct pt_run run, uint64_t size)
{
	const struct pgtbl *pt = job->pt;
	uint64_t left = pt_entries(pt, run.level) - pt_index(pt, job->pos, run.level);
	uint64_t greater = pt->page_sizes >> run.leaf_lg2 & ~1ull;

	left <<= pt_span_lg2(pt, run.level);
	if (FMT_GROUPS && greater) {
		greater = (greater & -greater) << run.leaf_lg2;
		if (!((job->pos ^ job->phys) & (greater - 1)))
			left = pt_min(left, greater - (job->pos & (greater - 1)));
	}
	return pt_min(left, size);
}

static inline struct pt_run pt_next_run(const struct pt_map_job *job, uint64_t size)
{
	struct pt_run run = { .level = 1, .leaf_lg2 = pt_run_leaf_lg2(job, size) };

	while (run.level < FMT_LEAF_LEVEL && run.leaf_lg2 >= pt_span_lg2(job->pt, run.level + 1))
		run.level++;
	size = pt_run_bytes(job, run, size);
	run.count = (unsigned)(size >> run.leaf_lg2) << pt_run_group_lg2(job->pt, run);
	return run;
}

/* Entry number @i of a leaf of @run at job->pos is in the way: use smaller ones, if possible. */
static inline void pt_in_the_way(struct pt_map_job *job, struct pt_run run, unsigned i,
				 uint64_t entry)
{
	if (i) {
		job->cap_lg2 = run.leaf_lg2;
	} else if (run.level > 1 && pt_is_table(entry, run.level)) {
		job->cap_lg2 = pt_span_lg2(job->pt, run.level);
	} else {
		job->error = -EEXIST;
		return;
	}
	job->cap_pos = job->pos;
}

/* A zeroed page, or job->error. */
static inline uint64_t *pt_take_page(struct pt_map_job *job)
{
	uint64_t *page = job->spare;

	if (!page)
		return pgtbl_page_alloc(job->pt, &job->error);
	job->spare = pgtbl_link(page);
	pgtbl_set_link(page, NULL);
	return page;
}

/* @page is zeroed and was not published. */
static inline void pt_put_page(struct pt_map_job *job, uint64_t *page)
{
	pgtbl_set_link(page, job->spare);
	job->spare = page;
}

/*
 * Entries of a run that are free, in whole leaves.  If that is none, the run's
 * first leaf has something in its way.  @thaw: tables that are seen shall stay.
 */
static unsigned pt_occupied(struct pt_map_job *job, uint64_t *slot, struct pt_run run, bool thaw)
{
	unsigned group = 1u << pt_run_group_lg2(job->pt, run);

	for (unsigned i = 0; i < run.count; i++) {
		uint64_t entry = run.level > 1 && thaw
					 ? pt_load_thawed(job->pt, &slot[i], run.level)
					 : pt_load(&slot[i]);

		if (!entry)
			continue;
		if (i < group)
			pt_in_the_way(job, run, i, entry);
		return i & -group;
	}
	return run.count;
}

/* @level as a constant, so that the step between entries is one. */
static inline unsigned pt_fill_level(const struct pt_map_job *job, uint64_t *slot,
				     struct pt_run run, bool known_free)
{
	unsigned group_lg2 = pt_run_group_lg2(job->pt, run);

#define PT_FILL(l)                                                                               \
	do {                                                                                     \
		uint64_t entry_ = fmt_leaf(job->phys, job->attr, (l));                           \
		uint64_t step_ = pt_step(job->pt, (l));                                          \
		if (FMT_GROUPS && group_lg2)                                                     \
			return pt_fill_groups(slot, run.count, fmt_group(entry_, (l), group_lg2), \
					      step_, group_lg2);                                 \
		if (!known_free)                                                                 \
			return pt_fill(slot, run.count, entry_, step_);                          \
		pt_fill_free(slot, run.count, entry_, step_);                                    \
		return run.count;                                                                \
	} while (0)

	switch (run.level) {
	case 1:
		PT_FILL(1);
	case 2:
		PT_FILL(2);
	case 3:
		PT_FILL(3);
	default:
		PT_FILL(FMT_LEAF_LEVEL > 3 ? run.level : 3);
	}
#undef PT_FILL
}

/* Whether one leaf after the other fills a table of @run, which it then begins with. */
static inline bool pt_fills_table(const struct pt_map_job *job, struct pt_run run)
{
	return run.count == pt_entries(job->pt, run.level) && !pt_run_group_lg2(job->pt, run);
}

static void pt_put_filled(struct pt_map_job *job, uint64_t *page, struct pt_run run)
{
	pt_fill_level(job, page, run, true);
	pgtbl_set_link(page, NULL);
	if (job->filled)
		pgtbl_set_link(job->filled_end, page);
	else
		job->filled = page;
	job->filled_end = page;
}

/* The page that the first pass filled for @run at job->pos, or NULL. */
static uint64_t *pt_take_filled(struct pt_map_job *job, struct pt_run run)
{
	uint64_t *page = job->filled, first;

	if (!page || !pt_fills_table(job, run))
		return NULL;
	first = fmt_leaf(job->phys, job->attr, run.level);
	/* Another one's if a table that was missing has come meanwhile. */
	if (pt_leaf_load(&page[1]) != first + pt_step(job->pt, run.level))
		return NULL;
	job->filled = pgtbl_link(page);
	pt_leaf_store(page, first);
	return page;
}

/* Pages that nobody took are zeroed again. */
static void pt_drop_filled(struct pt_map_job *job)
{
	uint64_t *page;

	while ((page = job->filled)) {
		job->filled = pgtbl_link(page);
		memset(page, 0, job->pt->table_bytes);
		pt_put_page(job, page);
	}
}

/* First pass: pages for the tables from @missing - 1 down to @level, that of @run if not NULL. */
static inline bool pt_take_aside(struct pt_map_job *job, unsigned missing, unsigned level,
				 const struct pt_run *run)
{
	for (unsigned l = missing - 1; l >= level; l--) {
		uint64_t number = (job->pos >> pt_span_lg2(job->pt, l + 1)) + 1;
		uint64_t *page;

		if (job->counted[l] == number)
			continue;
		page = pgtbl_page_alloc(job->pt, &job->error);
		if (!page)
			return false;
		job->counted[l] = number;
		if (run && l == level && pt_fills_table(job, *run))
			pt_put_filled(job, page, *run);
		else
			pt_put_page(job, page);
	}
	return true;
}

/* The way to @run at job->pos.  *@entry: what is there, if it ends above run.level. */
static struct pt_place pt_walk_to_run(struct pt_map_job *job, struct pt_run run, uint64_t *entry)
{
	uint64_t number = job->pos >> pt_span_lg2(job->pt, 2);
	struct pt_place at = { .table = job->leaves, .level = 1 };

	if (run.level == 1 && job->leaves && job->leaves_at == number) {
		*entry = 0;
		at.slot = &at.table[pt_index(job->pt, job->pos, 1)];
		return at;
	}
	at = pt_walk_thawed(job->pt, job->pos, run.level, entry);
	if (at.level == 1) {
		job->leaves = at.table;
		job->leaves_at = number;
	}
	return at;
}

/* First pass over a run: entries that are free, 0 if the first is not. */
static unsigned pt_check_run(struct pt_map_job *job, struct pt_run run)
{
	uint64_t entry;
	struct pt_place at = pt_walk_to_run(job, run, &entry);

	if (at.level > run.level) {
		if (!entry)
			return pt_take_aside(job, at.level, run.level, &run) ? run.count : 0;
		job->error = -EEXIST;
		return 0;
	}
	if (pt_all_free(at.slot, run.count))
		return run.count;
	return pt_occupied(job, at.slot, run, true);
}

/*
 * @at stopped at an empty entry above run.level: put a table there, with the
 * run's leaves in it already if it is theirs.  True: those leaves are in.
 */
static bool pt_grow(struct pt_map_job *job, const struct pt_place *at, struct pt_run run)
{
	bool leaves = at->level == run.level + 1;
	uint64_t *page = leaves ? pt_take_filled(job, run) : NULL, *slot;
	bool filled = page;

	if (!filled)
		page = pt_take_page(job);
	if (!page)
		return false;
	slot = &page[pt_index(job->pt, job->pos, run.level)];
	if (leaves && !filled)
		pt_fill_level(job, slot, run, true);
	pgtbl_flush(job->pt, page, pt_entries(job->pt, at->level - 1));
	if (pt_install(job->pt, at->slot, 0, page, at->level))
		return leaves;
	if (leaves)
		memset(slot, 0, run.count * sizeof(*slot));
	pt_put_page(job, page);
	return false;
}

/* Second pass over a run: entries written, 0 if the first cannot be. */
static unsigned pt_fill_run(struct pt_map_job *job, struct pt_run run)
{
	uint64_t entry;
	struct pt_place at;
	unsigned done;

	for (;;) {
		at = pt_walk_to_run(job, run, &entry);
		if (at.level == run.level)
			break;
		if (entry) {
			job->error = -EEXIST;
			return 0;
		}
		if (pt_grow(job, &at, run))
			return run.count;
		if (job->error)
			return 0;
	}
	/* Above level 1 an empty table may be in the place of a leaf. */
	done = pt_fill_level(job, at.slot, run, job->checked && run.level == 1);
	pgtbl_flush(job->pt, at.slot, done);
	/* All free by now: the empty table that was there has been reclaimed; try again. */
	if (!done)
		pt_occupied(job, at.slot, run, false);
	return done;
}

/* One pass over @size contiguous bytes.  False: job->error at job->pos. */
static bool pt_map_piece(struct pt_map_job *job, uint64_t size, bool check)
{
	while (size) {
		struct pt_run run = pt_next_run(job, size);
		unsigned done = check ? pt_check_run(job, run) : pt_fill_run(job, run);
		uint64_t bytes = (uint64_t)done << pt_span_lg2(job->pt, run.level);

		if (job->error)
			return false;
		job->pos += bytes;
		job->phys += bytes;
		size -= bytes;
	}
	return true;
}

/* One pass over all segments, contiguous ones joined. */
static bool pt_map_pass(struct pt_map_job *job, uint64_t iova, const struct pgtbl_segment *seg,
			size_t nr_seg, bool check)
{
	job->pos = iova;
	job->cap_pos = ~0ull;
	for (size_t i = 0; i < nr_seg;) {
		uint64_t size = seg[i].size;

		job->phys = seg[i].phys;
		for (i++; i < nr_seg && seg[i].phys == job->phys + size; i++)
			size += seg[i].size;
		if (!pt_map_piece(job, size, check))
			return false;
	}
	return true;
}

/* Sum of the sizes, or 0 if anything about the arguments is wrong; *@at says where. */
static uint64_t pt_map_size(const struct pgtbl *pt, uint64_t iova, const struct pgtbl_segment *seg,
			    size_t nr_seg, unsigned prot, uint64_t *at)
{
	uint64_t total = 0;

	*at = iova;
	if ((iova & (pt_page_bytes(pt) - 1)) || iova > pt->iova_last || prot >= PGTBL_PROT_COUNT ||
	    !pt->attr[prot])
		return 0;
	for (size_t i = 0; i < nr_seg; i++, *at = iova + total) {
		uint64_t phys = seg[i].phys, size = seg[i].size;

		if (!size || ((phys | size) & (pt_page_bytes(pt) - 1)) || phys > pt->phys_last ||
		    size - 1 > pt->phys_last - phys || total > pt->iova_last - iova ||
		    size - 1 > pt->iova_last - iova - total)
			return 0;
		total += size;
	}
	return total;
}

static uint64_t pt_unmap_range(struct pgtbl *pt, uint64_t iova, uint64_t size,
			       struct pgtbl_gather *gather, struct pgtbl_report *report);

static plat_noinline int pt_map_sg_slow(struct pgtbl *pt, uint64_t iova,
					const struct pgtbl_segment *seg, size_t nr_seg,
					unsigned prot, struct pgtbl_report *report)
{
	bool once = report && report->gather;
	struct pt_map_job job = { .pt = pt };
	struct pgtbl_gather nobody; /* takes what can only be there if ownership was violated */
	uint64_t at;

	if (!pt_map_size(pt, iova, seg, nr_seg, prot, &at))
		return pgtbl_fail(report, at, -EINVAL);
	job.attr = pt->attr[prot];
	job.checked = !once;
	job.error = pgtbl_reach(pt, at - 1);
	if (job.error)
		return pgtbl_fail(report, pgtbl_beyond_reach(pt, iova, at - 1), job.error);
	plat_read_lock();
	if ((once || pt_map_pass(&job, iova, seg, nr_seg, true)) &&
	    !pt_map_pass(&job, iova, seg, nr_seg, false) && job.pos != iova) {
		pgtbl_gather_init(&nobody);
		pt_unmap_range(pt, iova, job.pos - iova, once ? report->gather : &nobody, NULL);
	}
	plat_read_unlock();
	pt_drop_filled(&job);
	pgtbl_pages_free_list(pt, job.spare);
	if (job.error)
		return pgtbl_fail(report, job.pos, job.error);
	return 0;
}

/* @more: bytes beyond the first page; see pgtbl_tiers.h. */
static plat_noinline int pt_map_slow(struct pgtbl *pt, uint64_t iova, uint64_t phys, uint64_t more,
				     unsigned prot, struct pgtbl_report *report)
{
	struct pgtbl_segment seg = { phys, more + pt_page_bytes(pt) };

	return pt_map_sg_slow(pt, iova, &seg, 1, prot, report);
}

#endif

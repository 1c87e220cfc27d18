/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * pgtbl_track.h - part of pgtbl_template.h: accessed and dirty bits, write protection.
 *
 * Nobody owns the range, so every change of a word is one read-modify-write that does
 * no harm to whatever the word has become: at level 1, where no word is a table, an
 * AND that takes the bits; elsewhere a compare-and-swap from the leaf that was seen.
 */
#ifndef PGTBL_TRACK_H
#define PGTBL_TRACK_H

/**
 * struct pt_track_job - one tracking call
 * @bits:  what hardware sets; 0: write protection
 * @from, @end: slots that were changed and are not yet flushed, in neighbouring lines
 */
struct pt_track_job {
	struct pgtbl *pt;
	uint64_t first;
	uint64_t last;
	enum pgtbl_track_op op;
	uint64_t bits;
	const struct pgtbl_bitmap *bitmap;
	struct pgtbl_gather *gather;
	const uint64_t *from;
	const uint64_t *end;
};

static void pt_track_flush(struct pt_track_job *job)
{
	if (job->from)
		pgtbl_flush(job->pt, job->from, (size_t)(job->end - job->from));
	job->from = NULL;
}

/* @slot was changed. */
static void pt_track_changed(struct pt_track_job *job, const uint64_t *slot)
{
	const uintptr_t line = ~(uintptr_t)(PLAT_CACHELINE - 1);

	if (job->from && ((uintptr_t)slot & line) > ((uintptr_t)job->end & line))
		pt_track_flush(job);
	if (!job->from)
		job->from = slot;
	job->end = slot + 1;
}

/* What the leaf @entry is to become. */
static uint64_t pt_track_goal(const struct pt_track_job *job, uint64_t entry)
{
	if (job->op == PGTBL_TRACK_STOP) {
		if (job->pt->hw_ad)
			return entry | FMT_ACCESSED |
			       (fmt_prot(job->pt, entry) & PGTBL_WRITE ? FMT_DIRTY : 0);
		return pt_leaf_is_protected(entry) ? pt_leaf_unprotect(entry) : entry;
	}
	if (job->bits)
		return entry & ~job->bits;
	return pt_leaf_can_protect(entry) ? pt_leaf_protect(entry) : entry;
}

/* Change the leaf in @slot to its goal; what it was in that step, or 0 if it is none now. */
static uint64_t pt_track_change(struct pt_track_job *job, uint64_t *slot, unsigned level)
{
	uint64_t old = pt_leaf_load(slot), goal;

	for (;; old = pt_leaf_load(slot)) {
		if (!fmt_is_leaf(old, level))
			return 0;
		goal = pt_track_goal(job, old);
		if (goal == old)
			return old;
		if (level == 1 && job->bits && job->op != PGTBL_TRACK_STOP) {
			/* PGT-X2: with an exchange (PGT-X1) one of the two gets the bits. */
			old = pt_word(plat_fetch_and_full(slot, pt_word(~job->bits)));
			break;
		}
		/* PGT-X3: an owner may clear, replace or split it (PGT-R1) at any time. */
		if (pt_cas_full(slot, old, goal))
			break;
	}
	pt_track_changed(job, slot);
	return fmt_is_leaf(old, level) ? old : 0;
}

static bool pt_track_is_set(const struct pt_track_job *job, uint64_t entry)
{
	return job->bits ? entry & job->bits : pt_leaf_dirty(job->pt, entry);
}

/* The leaf that serves @pos, of which @entry at @at is a part. */
static void pt_track_leaf(struct pt_track_job *job, const struct pt_place *at, uint64_t pos,
			  uint64_t entry)
{
	unsigned group = 1u << fmt_group_lg2(job->pt, entry, at->level);
	uint64_t inside = (1ull << pt_leaf_lg2(job->pt, entry, at->level)) - 1;
	uint64_t first = pos & ~inside, last = pos | inside;
	uint64_t *slot = &at->table[pt_index(job->pt, first, at->level)];
	bool whole = first >= job->first && last <= job->last, set = false, changed = false;
	bool look = job->op == PGTBL_TRACK_LOOK_DIRTY || job->op == PGTBL_TRACK_LOOK_ACCESSED;

	for (unsigned i = 0; i < group; i++) {
		bool change = !look && (whole || job->op == PGTBL_TRACK_STOP);
		uint64_t old = change ? pt_track_change(job, &slot[i], at->level) :
					pt_leaf_load(&slot[i]);

		if (!fmt_is_leaf(old, at->level))
			continue;
		set |= pt_track_is_set(job, old);
		changed |= change && pt_track_goal(job, old) != old;
	}
	if (changed)
		pgtbl_gather_add(job->gather, first, last);
	if (set)
		pgtbl_bitmap_set(job->bitmap, first > job->first ? first : job->first,
				 last < job->last ? last : job->last);
}

/* Leaves of one table from *pos on.  False at the end of the range. */
static bool pt_track_run(struct pt_track_job *job, uint64_t *pos)
{
	struct pgtbl *pt = job->pt;
	uint64_t entry;
	bool more;
	/* A dirty bit may be taken below a frozen entry; whoever protects must be heard. */
	struct pt_place at = pt->hw_ad ? pt_walk(pt, *pos, 1, &entry) :
					 pt_walk_thawed(pt, *pos, 1, &entry);

	do {
		unsigned lg2 = pt_span_lg2(pt, at.level);

		entry = pt_load(&at.table[pt_index(pt, *pos, at.level)]);
		if (at.level > 1 && pt_is_table(entry, at.level))
			break; /* walk again; a table that has just come is not skipped */
		if (fmt_is_leaf(entry, at.level)) {
			lg2 = pt_leaf_lg2(pt, entry, at.level);
			pt_track_leaf(job, &at, *pos, entry);
		}
		more = pt_next(pos, job->last, lg2);
		if (!more)
			return false;
	} while (pt_index(pt, *pos, at.level));
	return true;
}

static void pt_track(struct pgtbl *pt, uint64_t first, uint64_t last, enum pgtbl_track_op op,
		     const struct pgtbl_bitmap *bitmap, struct pgtbl_gather *gather)
{
	bool accessed = op == PGTBL_TRACK_READ_ACCESSED || op == PGTBL_TRACK_LOOK_ACCESSED;
	struct pt_track_job job = {
		.pt = pt,
		.first = first,
		.last = last,
		.op = op,
		.bits = !pt->hw_ad ? 0 : accessed ? FMT_ACCESSED : FMT_DIRTY,
		.bitmap = bitmap,
		.gather = gather,
	};
	uint64_t pos = first;
	bool more = true;

	while (more) {
		plat_read_lock();
		more = pt_track_run(&job, &pos);
		pt_track_flush(&job);
		plat_read_unlock();
	}
}

static int pt_fault(struct pgtbl *pt, uint64_t iova, struct pgtbl_gather *gather)
{
	struct pt_track_job job = {
		.pt = pt, .last = ~0ull, .op = PGTBL_TRACK_STOP, .gather = gather,
	};
	struct pt_place at;
	uint64_t entry;
	int err = 0;

	plat_read_lock();
	at = pt_walk_thawed(pt, iova, 1, &entry);
	if (!fmt_is_leaf(entry, at.level))
		err = -ENOENT;
	else if (!(pt_leaf_prot(pt, entry) & PGTBL_WRITE))
		err = -EPERM;
	else if (!pt->hw_ad)
		pt_track_leaf(&job, &at, iova, entry);
	pt_track_flush(&job);
	plat_read_unlock();
	return err;
}

#endif

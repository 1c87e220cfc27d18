/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * pgtbl_walk.h - part of pgtbl_template.h: the way down a table.
 *
 * A table entry is live (FMT_TABLE_LOW below the address) or frozen (the same
 * and FMT_FROZEN); hardware follows both.  Frozen says "do not rely on it":
 *  - a reclaimer has frozen it and will unlink the table unless somebody thaws
 *    it, or
 *  - walks are not coherent and the entry has not been written back yet.
 * A mapper that meets a frozen entry writes it back, if that is needed, and
 * thaws it by compare-and-swap; it goes on below only through a live entry.
 * Readers and unmappers go through both.
 *
 * All of this happens inside a read section: a table that was reachable at
 * some time in the section is not freed before the section ends, and a live
 * entry seen in the section is not unlinked before it ends, except by the one
 * who owns the whole span and unmaps it.
 */
#ifndef PGTBL_WALK_H
#define PGTBL_WALK_H

#define PT_ENTRIES (1u << FMT_INDEX_LG2)
#define PT_PAGE_BYTES (1ull << FMT_PAGE_LG2)

/* Below: level-2 tables are pinned, see struct pgtbl. */
#define PT_LOW_END (1ull << 32)

static plat_always_inline unsigned pt_span_lg2(unsigned level)
{
	return FMT_PAGE_LG2 + FMT_INDEX_LG2 * (level - 1);
}

static plat_always_inline uint64_t pt_span(unsigned level)
{
	return 1ull << pt_span_lg2(level);
}

static plat_always_inline unsigned pt_index(uint64_t iova, unsigned level)
{
	return (unsigned)(iova >> pt_span_lg2(level)) & (PT_ENTRIES - 1);
}

static plat_always_inline bool pt_is_live(uint64_t entry)
{
	return (entry & FMT_LOW_MASK) == FMT_TABLE_LOW;
}

static plat_always_inline bool pt_is_table(uint64_t entry)
{
	return (entry & FMT_LOW_MASK & ~(uint64_t)FMT_FROZEN) == FMT_TABLE_LOW;
}

/* The table behind a live entry. */
static plat_always_inline uint64_t *pt_live_table(const struct pgtbl *pt, uint64_t entry)
{
	return (uint64_t *)(uintptr_t)(entry + pt->to_virt);
}

static plat_always_inline uint64_t *pt_table(const struct pgtbl *pt, uint64_t entry)
{
	return pt_live_table(pt, entry & ~(uint64_t)FMT_FROZEN);
}

static plat_always_inline uint64_t pt_table_entry(const struct pgtbl *pt, const uint64_t *table)
{
	return pgtbl_page_phys(pt, table) | FMT_TABLE_LOW;
}

static plat_always_inline uint64_t pt_load(const uint64_t *slot)
{
	/*
	 * PGT-A1: what a table entry points to is read after the entry; pairs with
	 * PGT-R1 (installed zeroed), and with PGT-F2 (a frozen entry is seen frozen
	 * by every section that began after the freeze).
	 */
	return plat_load_acquire(slot);
}

/*
 * Leaf entries are words on their own.  Nothing is reached through them by CPUs;
 * devices are told by a later write that its writer orders.
 */
static plat_always_inline uint64_t pt_leaf_load(const uint64_t *slot)
{
	/* relaxed: a word on its own */
	return plat_load_relaxed(slot);
}

static plat_always_inline void pt_leaf_store(uint64_t *slot, uint64_t entry)
{
	/* relaxed: a word on its own */
	plat_store_relaxed(slot, entry);
}

/*
 * A cache line of entries.  Written out: one 64-bit store per entry whatever
 * the compiler thinks of it, and no loop inside the loops that use them.
 */
static plat_always_inline uint64_t pt_line_or(const uint64_t *s)
{
	return pt_leaf_load(s) | pt_leaf_load(s + 1) | pt_leaf_load(s + 2) | pt_leaf_load(s + 3) |
	       pt_leaf_load(s + 4) | pt_leaf_load(s + 5) | pt_leaf_load(s + 6) |
	       pt_leaf_load(s + 7);
}

static plat_always_inline uint64_t pt_line_and(const uint64_t *s)
{
	return pt_leaf_load(s) & pt_leaf_load(s + 1) & pt_leaf_load(s + 2) & pt_leaf_load(s + 3) &
	       pt_leaf_load(s + 4) & pt_leaf_load(s + 5) & pt_leaf_load(s + 6) &
	       pt_leaf_load(s + 7);
}

static plat_always_inline void pt_line_store(uint64_t *s, uint64_t entry, uint64_t step)
{
	pt_leaf_store(s, entry);
	pt_leaf_store(s + 1, entry + step);
	pt_leaf_store(s + 2, entry + 2 * step);
	pt_leaf_store(s + 3, entry + 3 * step);
	pt_leaf_store(s + 4, entry + 4 * step);
	pt_leaf_store(s + 5, entry + 5 * step);
	pt_leaf_store(s + 6, entry + 6 * step);
	pt_leaf_store(s + 7, entry + 7 * step);
}

static plat_always_inline void pt_line_clear(uint64_t *s)
{
	pt_leaf_store(s, 0);
	pt_leaf_store(s + 1, 0);
	pt_leaf_store(s + 2, 0);
	pt_leaf_store(s + 3, 0);
	pt_leaf_store(s + 4, 0);
	pt_leaf_store(s + 5, 0);
	pt_leaf_store(s + 6, 0);
	pt_leaf_store(s + 7, 0);
}

/* The pinned level-2 table of @iova, if there is one: see struct pgtbl. */
static plat_always_inline uint64_t *pt_pinned(const struct pgtbl *pt, uint64_t iova)
{
	if (plat_unlikely(iova >= PT_LOW_END))
		return NULL;
	/* PGT-A2: pairs with PGT-R2 */
	return plat_load_acquire(&pt->low[iova >> 30]);
}

/* Level-2 tables of the first 4 GiB and what is above them are never unlinked. */
static plat_always_inline bool pt_is_pinned(unsigned level, uint64_t iova)
{
	return level >= 2 && iova < PT_LOW_END;
}

static inline void pt_pin(struct pgtbl *pt, uint64_t iova, uint64_t *table)
{
	uint64_t **cell = &pt->low[iova >> 30];

	/* relaxed: only a wish to write it; whoever writes writes the same value */
	if (!plat_load_relaxed(cell))
		/* PGT-R2: the table is zeroed; pairs with PGT-A2. */
		plat_store_release(cell, table);
}

/* Make the frozen @entry of @slot live.  Lost races leave it to the caller's reload. */
static inline void pt_thaw(struct pgtbl *pt, uint64_t *slot, uint64_t entry)
{
	pgtbl_flush(pt, slot, 1);
	/*
	 * PGT-F3: against a reclaimer's unlink (PGT-F1) and its own thaw (PGT-F6) of
	 * the same word; the stores that follow go into a table that stays.
	 */
	plat_cas_full(slot, entry, entry & ~(uint64_t)FMT_FROZEN);
}

/* Put @table, written back, into the empty @slot.  False: somebody else was there. */
static inline bool pt_install(struct pgtbl *pt, uint64_t *slot, const uint64_t *table)
{
	uint64_t entry = pt_table_entry(pt, table);

	if (pt->flush)
		entry |= FMT_FROZEN;
	/* PGT-R1: the table's contents before the entry; pairs with PGT-A1. */
	if (!plat_cas_release(slot, 0, entry))
		return false;
	if (pt->flush)
		pt_thaw(pt, slot, entry);
	return true;
}

/* The entry of @slot, thawed if it is a table. */
static inline uint64_t pt_load_thawed(struct pgtbl *pt, uint64_t *slot)
{
	uint64_t entry = pt_load(slot);

	while (plat_unlikely(!pt_is_live(entry) && pt_is_table(entry))) {
		pt_thaw(pt, slot, entry);
		entry = pt_load(slot);
	}
	return entry;
}

/**
 * struct pt_place - how far down a walk came
 * @table: table of @level
 * @slot:  the entry for the address in it
 */
struct pt_place {
	uint64_t *table;
	uint64_t *slot;
	unsigned level;
};

static plat_always_inline struct pt_place pt_top(const struct pgtbl *pt, uint64_t iova,
						 unsigned level)
{
	struct pt_place at = { .table = NULL, .level = 2 };

	if (level <= 2)
		at.table = pt_pinned(pt, iova);
	if (!at.table) {
		at.table = pt->root;
		at.level = pt->levels;
	}
	at.slot = &at.table[pt_index(iova, at.level)];
	return at;
}

static plat_always_inline void pt_down(const struct pgtbl *pt, struct pt_place *at, uint64_t entry,
				       uint64_t iova)
{
	at->table = pt_table(pt, entry);
	at->level--;
	at->slot = &at->table[pt_index(iova, at->level)];
}

/* For readers and unmappers: as far down as tables go, at least to @level. */
static inline struct pt_place pt_walk(const struct pgtbl *pt, uint64_t iova, unsigned level,
				      uint64_t *entry)
{
	struct pt_place at = pt_top(pt, iova, level);

	*entry = pt_load(at.slot);
	while (at.level > level && pt_is_table(*entry)) {
		pt_down(pt, &at, *entry, iova);
		*entry = pt_load(at.slot);
	}
	return at;
}

/* For mappers: the same through live entries only. */
static inline struct pt_place pt_walk_thawed(struct pgtbl *pt, uint64_t iova, unsigned level,
					     uint64_t *entry)
{
	struct pt_place at = pt_top(pt, iova, level);

	*entry = pt_load_thawed(pt, at.slot);
	while (at.level > level && pt_is_live(*entry)) {
		pt_down(pt, &at, *entry, iova);
		if (at.level == 2 && iova < PT_LOW_END)
			pt_pin(pt, iova, at.table);
		*entry = at.level > 1 ? pt_load_thawed(pt, at.slot) : pt_load(at.slot);
	}
	return at;
}

#endif

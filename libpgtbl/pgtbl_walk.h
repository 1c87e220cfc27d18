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

/* The shape of the tables: constants, or what pgtbl_create() chose. */
#ifdef FMT_INDEX_LG2
static plat_always_inline unsigned pt_span_lg2(const struct pgtbl *pt, unsigned level)
{
	(void)pt;
	return FMT_PAGE_LG2 + FMT_INDEX_LG2 * (level - 1);
}

static plat_always_inline unsigned pt_entries(const struct pgtbl *pt, unsigned level)
{
	(void)pt;
	(void)level;
	return 1u << FMT_INDEX_LG2;
}
#else
static plat_always_inline unsigned pt_span_lg2(const struct pgtbl *pt, unsigned level)
{
	return pt->span_lg2[level];
}

static plat_always_inline unsigned pt_entries(const struct pgtbl *pt, unsigned level)
{
	return pt->index_mask[level] + 1;
}
#endif

static plat_always_inline uint64_t pt_span(const struct pgtbl *pt, unsigned level)
{
	return 1ull << pt_span_lg2(pt, level);
}

/* The smallest leaf. */
static plat_always_inline uint64_t pt_page_bytes(const struct pgtbl *pt)
{
	return pt_span(pt, 1);
}

static plat_always_inline unsigned pt_index(const struct pgtbl *pt, uint64_t iova, unsigned level)
{
	return (unsigned)(iova >> pt_span_lg2(pt, level)) & (pt_entries(pt, level) - 1);
}

/* Below: level-2 tables are pinned, see struct pgtbl. */
static plat_always_inline bool pt_is_low(const struct pgtbl *pt, uint64_t iova)
{
	return iova >> pt_span_lg2(pt, 3) < PGTBL_LOW_TABLES;
}

/* Entries of @level and tables of @level - 1: see FMT_TABLE(). */
static plat_always_inline bool pt_is_live(uint64_t entry, unsigned level)
{
	(void)level; /* unless the format looks at it */
	return !((entry - FMT_TABLE(level)) & FMT_LOW_MASK);
}

static plat_always_inline bool pt_is_table(uint64_t entry, unsigned level)
{
	return pt_is_live(entry & ~(uint64_t)FMT_FROZEN, level);
}

/* The table behind a live entry. */
static plat_always_inline uint64_t *pt_live_table(const struct pgtbl *pt, uint64_t entry,
						  unsigned level)
{
	uint64_t low = FMT_TABLE(level) - FMT_TABLE(2); /* to_virt has the rest */

	(void)level;
	return (uint64_t *)(uintptr_t)(((entry - low) << FMT_ADDR_SHIFT) + pt->to_virt);
}

static plat_always_inline uint64_t *pt_table(const struct pgtbl *pt, uint64_t entry, unsigned level)
{
	return pt_live_table(pt, entry & ~(uint64_t)FMT_FROZEN, level);
}

static plat_always_inline uint64_t pt_table_entry(const struct pgtbl *pt, const uint64_t *table,
						  unsigned level)
{
	(void)level;
	return pgtbl_page_phys(pt, table) >> FMT_ADDR_SHIFT | FMT_TABLE(level);
}

/* lg2 of the size of a leaf that @entry of @level is, or is a part of. */
static plat_always_inline unsigned pt_leaf_lg2(const struct pgtbl *pt, uint64_t entry,
					       unsigned level)
{
	return pt_span_lg2(pt, level) + fmt_group_lg2(pt, entry, level);
}

/* Where that leaf leads. */
static plat_always_inline uint64_t pt_leaf_phys(const struct pgtbl *pt, uint64_t entry,
						unsigned level)
{
	uint64_t inside = (1ull << pt_leaf_lg2(pt, entry, level)) - 1;

	return (entry & FMT_ADDR) << FMT_ADDR_SHIFT & ~inside;
}

/* From one leaf of @level to the next. */
static plat_always_inline uint64_t pt_step(const struct pgtbl *pt, unsigned level)
{
	return pt_span(pt, level) >> FMT_ADDR_SHIFT;
}

/* Whether this machine has the bytes of a word the other way round. */
#define PT_SWAPPED (FMT_BIG_ENDIAN != (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__))

/* An entry as memory has it, and the other way round. */
static plat_always_inline uint64_t pt_word(uint64_t entry)
{
	return PT_SWAPPED ? __builtin_bswap64(entry) : entry;
}

static plat_always_inline uint64_t pt_load(const uint64_t *slot)
{
	/*
	 * PGT-A1: what a table entry points to is read after the entry; pairs with
	 * PGT-R1 (installed zeroed), and with PGT-F2 (a frozen entry is seen frozen
	 * by every section that began after the freeze).
	 */
	return pt_word(plat_load_acquire(slot));
}

/*
 * Leaf entries are words on their own.  Nothing is reached through them by CPUs;
 * devices are told by a later write that its writer orders.
 */
static plat_always_inline uint64_t pt_leaf_load(const uint64_t *slot)
{
	/* relaxed: a word on its own */
	return pt_word(plat_load_relaxed(slot));
}

static plat_always_inline void pt_leaf_store(uint64_t *slot, uint64_t entry)
{
	/* relaxed: a word on its own */
	plat_store_relaxed(slot, pt_word(entry));
}

static plat_always_inline bool pt_cas_full(uint64_t *slot, uint64_t old, uint64_t entry)
{
	/* PGT-F1, PGT-F2, PGT-F3, PGT-F6, PGT-F7: as the caller says */
	return plat_cas_full(slot, pt_word(old), pt_word(entry));
}

/* What was there; @entry is there now. */
static plat_always_inline uint64_t pt_xchg_full(uint64_t *slot, uint64_t entry)
{
	/* PGT-F5, PGT-X1: as the caller says */
	return pt_word(plat_xchg_full(slot, pt_word(entry)));
}

static plat_always_inline uint64_t pt_take_full(uint64_t *slot)
{
	return pt_xchg_full(slot, 0);
}

/* To ask whether bits are set: in the owner's range, so only accessed and dirty bits move. */
static plat_always_inline uint64_t pt_raw(const uint64_t *slot)
{
	return plat_peek(slot);
}

/*
 * A cache line of entries.  Written out: one 64-bit store per entry whatever
 * the compiler thinks of it, and no loop inside the loops that use them.
 */
static plat_always_inline uint64_t pt_line_or(const uint64_t *s)
{
	return pt_word(pt_raw(s) | pt_raw(s + 1) | pt_raw(s + 2) | pt_raw(s + 3) | pt_raw(s + 4) |
		       pt_raw(s + 5) | pt_raw(s + 6) | pt_raw(s + 7));
}

static plat_always_inline uint64_t pt_line_and(const uint64_t *s)
{
	return pt_word(pt_raw(s) & pt_raw(s + 1) & pt_raw(s + 2) & pt_raw(s + 3) & pt_raw(s + 4) &
		       pt_raw(s + 5) & pt_raw(s + 6) & pt_raw(s + 7));
}

/* Half of one, as memory has it. */
static plat_always_inline uint64_t pt_half_or(const uint64_t *s)
{
	return pt_raw(s) | pt_raw(s + 1) | pt_raw(s + 2) | pt_raw(s + 3);
}

static plat_always_inline uint64_t pt_half_and(const uint64_t *s)
{
	return pt_raw(s) & pt_raw(s + 1) & pt_raw(s + 2) & pt_raw(s + 3);
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

/* Behind the 2^@lg2 bytes around @pos; false when that is behind @last. */
static inline bool pt_next(uint64_t *pos, uint64_t last, unsigned lg2)
{
	uint64_t end = *pos | ((1ull << lg2) - 1);

	*pos = end + 1;
	return end < last;
}

/* The pinned level-2 table of @iova, if there is one: see struct pgtbl. */
static plat_always_inline uint64_t *pt_pinned(const struct pgtbl *pt, uint64_t iova)
{
	if (plat_unlikely(!pt_is_low(pt, iova)))
		return NULL;
	/* PGT-A2: pairs with PGT-R2 */
	return plat_load_acquire(&pt->low[iova >> pt_span_lg2(pt, 3)]);
}

/*
 * The first level-2 tables and what is above them are never unlinked; nor is the table of
 * level 1 with which hardware has begun.  @iova: the first address that the table serves.
 */
static plat_always_inline bool pt_is_pinned(const struct pgtbl *pt, unsigned level, uint64_t iova)
{
	return level >= 2 ? pt_is_low(pt, iova) :
			    FMT_LEVELS_MIN == 1 && !iova && pt->start_levels == 1;
}

static inline void pt_pin(struct pgtbl *pt, uint64_t iova, uint64_t *table)
{
	uint64_t **cell = &pt->low[iova >> pt_span_lg2(pt, 3)];

	/* Not yet known to hardware, it would let leaves be stored that are out of reach (T9). */
	if (FMT_LEVELS_MIN == 1 && pgtbl_hw_level(pt) < 2)
		return;
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
	pt_cas_full(slot, entry, entry & ~(uint64_t)FMT_FROZEN);
}

/* Put @table, written back, where @old is, nothing or a leaf of @level.  False: it is no longer. */
static inline bool pt_install(struct pgtbl *pt, uint64_t *slot, uint64_t old,
			      const uint64_t *table, unsigned level)
{
	uint64_t entry = pt_table_entry(pt, table, level);

	if (pt->flush)
		entry |= FMT_FROZEN;
	/* PGT-R1: the table's contents before the entry; pairs with PGT-A1. */
	if (!plat_cas_release(slot, pt_word(old), pt_word(entry)))
		return false;
	if (pt->flush)
		pt_thaw(pt, slot, entry);
	return true;
}

/* The entry of @slot of @level, thawed if it is a table. */
static inline uint64_t pt_load_thawed(struct pgtbl *pt, uint64_t *slot, unsigned level)
{
	uint64_t entry = pt_load(slot);

	while (plat_unlikely(!pt_is_live(entry, level) && pt_is_table(entry, level))) {
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
	at.slot = &at.table[pt_index(pt, iova, at.level)];
	return at;
}

static plat_always_inline void pt_down(const struct pgtbl *pt, struct pt_place *at, uint64_t entry,
				       uint64_t iova)
{
	at->table = pt_table(pt, entry, at->level);
	at->level--;
	at->slot = &at->table[pt_index(pt, iova, at->level)];
}

/* For readers and unmappers: as far down as tables go, at least to @level. */
static inline struct pt_place pt_walk(const struct pgtbl *pt, uint64_t iova, unsigned level,
				      uint64_t *entry)
{
	struct pt_place at = pt_top(pt, iova, level);

	*entry = pt_load(at.slot);
	while (at.level > level && pt_is_table(*entry, at.level)) {
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

	*entry = pt_load_thawed(pt, at.slot, at.level);
	while (at.level > level && pt_is_live(*entry, at.level)) {
		pt_down(pt, &at, *entry, iova);
		if (at.level == 2 && pt_is_low(pt, iova))
			pt_pin(pt, iova, at.table);
		*entry = at.level > 1 ? pt_load_thawed(pt, at.slot, at.level) : pt_load(at.slot);
	}
	return at;
}

#endif

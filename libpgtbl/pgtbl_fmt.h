/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * pgtbl_fmt.h - the contract that a format fulfils.
 *
 * A format is one file in fmt/: it includes this file, defines the constants
 * and the inlines below, includes pgtbl_template.h, and ends with its
 * written-out struct pgtbl_ops.  doc/add-a-format.md goes through one.
 *
 * Words: a table of level l has entries that each cover a span of
 * 2^(FMT_PAGE_LG2 + FMT_INDEX_LG2 * (l - 1)) bytes; level 1 is the leaf table,
 * the root has level pt->levels.  An entry is 0 (nothing), a leaf, or, above
 * level 1, a table entry.
 *
 * Constants
 *   FMT_PAGE_LG2       lg2 of the span of a level-1 entry
 *   FMT_INDEX_LG2      lg2 of the number of entries of a table
 *   FMT_LEVELS_MIN, FMT_LEVELS_MAX
 *   FMT_LEAF_LEVEL     greatest level that has leaves
 *   FMT_PAGE_SIZES     bit n: leaves of 2^n bytes exist
 *   FMT_ADDR           address bits of an entry
 *   FMT_LOW_MASK       bits of an entry below the address
 *   FMT_TABLE_LOW      those bits in a live table entry, exactly.  One compare
 *                      tells a live table from everything else, so nothing may
 *                      be set above the address.
 *   FMT_FROZEN         a bit of FMT_LOW_MASK that hardware ignores in a table
 *                      entry, 0 in FMT_TABLE_LOW.  Set: hardware still follows
 *                      the entry, but a mapper must clear it before it relies
 *                      on the table (see pgtbl_walk.h).
 *   FMT_INUSE          a bit of FMT_LOW_MASK that is set in every leaf: the AND
 *                      of several entries has it if none of them is a hole.
 *   A word whose FMT_LOW_MASK bits are all 0 is no entry for hardware, for
 *   fmt_is_leaf() or fmt_is_table(): unlinked tables are linked through one.
 */
#ifndef PGTBL_FMT_H
#define PGTBL_FMT_H

#include "pgtbl_priv.h"

/* Input address width of a table of @levels. */
static inline unsigned fmt_iova_bits(unsigned levels);

/* Entry bits for @prot, or 0 if the format cannot express it.  Called at creation only. */
static inline uint64_t fmt_attr(unsigned prot, unsigned flags);

/* The other way round, from a leaf of @level; hints without bits stay out. */
static inline unsigned fmt_prot(uint64_t entry);

/* A leaf.  @attr as from fmt_attr(); @level is a compile-time constant. */
static inline uint64_t fmt_leaf(uint64_t phys, uint64_t attr, unsigned level);

static inline bool fmt_is_leaf(uint64_t entry, unsigned level);

/* Address of a leaf of @level. */
static inline uint64_t fmt_leaf_phys(uint64_t entry, unsigned level);

#endif

/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * pgtbl_fmt.h - the contract that a format fulfils.
 *
 * A format is one file in fmt/: it includes this file, defines the constants
 * and the inlines below, includes pgtbl_template.h, and ends with its
 * written-out struct pgtbl_ops.  doc/add-a-format.md goes through one.
 *
 * Words: a table of level l has entries that each cover a span of
 * 2^(page + index * (l - 1)) bytes, where 2^page is the smallest leaf and
 * 2^index the number of entries of a table; level 1 is the leaf table, the
 * root has level pt->levels.  An entry is 0 (nothing), a leaf or a part of one,
 * or, above level 1, a table entry.
 *
 * A leaf larger than its entry's span is a *group* of 2^n entries, n less than
 * index, that begins at a multiple of its size.  FMT_GROUPS says how they look:
 *   0  the format has none
 *   1  the entries of a group are equal
 *   2  each has the address of its own part
 * Mappers write all entries of a group or none, and unmappers clear them all.
 * Whoever changes one entry has to change the others too: fmt_group_lg2() says
 * how many there are, pt_leaf_lg2() how large the leaf is.
 *
 * Constants
 *   FMT_PAGE_LG2       see above; both are left out by a format whose shape is
 *   FMT_INDEX_LG2      chosen at run time, by fmt_shape()
 *   FMT_LEVELS_MIN, FMT_LEVELS_MAX
 *   FMT_LEAF_LEVEL     greatest level that has leaves
 *   FMT_ADDR           address bits of an entry: they hold the address shifted
 *   FMT_ADDR_SHIFT     right by this much
 *   FMT_LOW_MASK       bits of an entry below the address
 *   FMT_TABLE(level)   a live table entry of @level without its address.  One
 *                      compare, of the bits of FMT_LOW_MASK, tells a live table
 *                      from everything else.  The other bits must be the same
 *                      for every level.
 *   FMT_FROZEN         a bit of FMT_LOW_MASK that hardware ignores in a table
 *                      entry, 0 in FMT_TABLE().  Set: hardware still follows
 *                      the entry, but a mapper must clear it before it relies
 *                      on the table (see pgtbl_walk.h).
 *   FMT_INUSE          bits of FMT_LOW_MASK, at least one of which is set in every
 *                      leaf.  No entry is a hole if the AND of several has one;
 *                      where there is but one bit, the reverse holds too.
 *   FMT_BIG_ENDIAN     1: words in memory have their most significant byte first
 *   FMT_GROWS          false: hardware cannot change root and levels in one step; left
 *                      out by formats of which it can: see pgtbl_grow.h
 *   FMT_ACCESSED       bits of FMT_LOW_MASK that hardware sets in a leaf when PGTBL_AD
 *   FMT_DIRTY          is set, at its first use and its first write.  Left out by
 *                      formats that have none.  If hardware sets the first one in
 *                      table entries too, FMT_TABLE() has it.
 *   FMT_WP_MASK        a leaf is writable if these bits are FMT_WP_WRITABLE, and
 *   FMT_WP_WRITABLE    becomes write-protected with FMT_WP_PROTECTED instead, which
 *   FMT_WP_PROTECTED   must still be a leaf, and FMT_WP_MARK, a bit that hardware
 *   FMT_WP_MARK        ignores.  All four, or none.
 *   A word whose FMT_LOW_MASK bits are all 0 is no entry for hardware, for
 *   fmt_is_leaf() or for a table: unlinked tables are linked through one.  The
 *   links are also 0 where a big-endian format has its two lowest bits.
 */
#ifndef PGTBL_FMT_H
#define PGTBL_FMT_H

#include "pgtbl_priv.h"

/*
 * The shape of the tables that @config wants.  @shape comes with the values of
 * a format of constants and pages of 4 KiB; false: there is no such table.
 */
static inline bool fmt_shape(const struct pgtbl_config *config, struct pgtbl_shape *shape);

/* Entry bits for @prot, or 0 if the format cannot express it.  Called at creation only. */
static inline uint64_t fmt_attr(unsigned prot, const struct pgtbl_config *config);

/* The other way round, from a leaf; hints without bits stay out. */
static inline unsigned fmt_prot(const struct pgtbl *pt, uint64_t entry);

/* A leaf of one entry.  @attr as from fmt_attr(); @level is a constant in most places. */
static inline uint64_t fmt_leaf(uint64_t phys, uint64_t attr, unsigned level);

/* Also for every entry of a group. */
static inline bool fmt_is_leaf(uint64_t entry, unsigned level);

/* With FMT_GROUPS. */

/* @entry, a leaf, as the first entry of a group of 2^@lg2. */
static inline uint64_t fmt_group(uint64_t entry, unsigned level, unsigned lg2);

/* Whether a leaf belongs to a group, for the fast paths; and lg2 of its entries, or 0. */
static inline bool fmt_in_group(uint64_t entry, unsigned level);
static inline unsigned fmt_group_lg2(const struct pgtbl *pt, uint64_t entry, unsigned level);

#endif

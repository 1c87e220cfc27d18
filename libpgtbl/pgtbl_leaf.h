/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* pgtbl_leaf.h - part of pgtbl_template.h: what a leaf says besides where it leads. */
#ifndef PGTBL_LEAF_H
#define PGTBL_LEAF_H

/* Formats without such bits define nothing: see pgtbl_fmt.h. */
#ifndef FMT_ACCESSED
#define FMT_ACCESSED 0ull
#endif
#ifndef FMT_DIRTY
#define FMT_DIRTY 0ull
#endif
#ifndef FMT_WP_MARK
#define FMT_WP_MARK 0ull
#define FMT_WP_MASK (~0ull) /* and no leaf is 0 */
#define FMT_WP_WRITABLE 0ull
#define FMT_WP_PROTECTED 0ull
#endif

/*
 * The bits of the leaf @entry that say neither where it leads nor how large it is; the
 * accessed, dirty and protection bits are among them.  With them fmt_leaf() makes a
 * leaf of another address and level that is otherwise the same.
 */
static inline uint64_t pt_leaf_attr(const struct pgtbl *pt, uint64_t entry, unsigned level)
{
	unsigned group_lg2 = fmt_group_lg2(pt, entry, level);
	uint64_t phys = pt_leaf_phys(pt, entry, level), plain;

	if (FMT_GROUPS == 2)
		phys = (entry & FMT_ADDR) << FMT_ADDR_SHIFT;
	plain = fmt_leaf(phys, 0, level);
	return entry ^ (group_lg2 ? fmt_group(plain, level, group_lg2) : plain);
}

static inline bool pt_leaf_is_protected(uint64_t entry)
{
	return entry & FMT_WP_MARK;
}

/* A writable leaf that can be protected and marked so. */
static inline bool pt_leaf_can_protect(uint64_t entry)
{
	return (entry & FMT_WP_MASK) == FMT_WP_WRITABLE && !pt_leaf_is_protected(entry);
}

static inline uint64_t pt_leaf_protect(uint64_t entry)
{
	return (entry & ~(uint64_t)FMT_WP_MASK) | FMT_WP_PROTECTED | FMT_WP_MARK;
}

static inline uint64_t pt_leaf_unprotect(uint64_t entry)
{
	return (entry & ~(uint64_t)(FMT_WP_MASK | FMT_WP_MARK)) | FMT_WP_WRITABLE;
}

/* As the caller mapped it, whether it is protected at the moment or not. */
static inline unsigned pt_leaf_prot(const struct pgtbl *pt, uint64_t entry)
{
	return fmt_prot(pt, entry) | (pt_leaf_is_protected(entry) ? PGTBL_WRITE : 0);
}

/* May have been written through since it was mapped or last found clean. */
static inline bool pt_leaf_dirty(const struct pgtbl *pt, uint64_t entry)
{
	if (pt->hw_ad)
		return entry & FMT_DIRTY;
	return !pt_leaf_is_protected(entry) && (fmt_prot(pt, entry) & PGTBL_WRITE);
}

/*
 * Accessed and dirty bits of the leaf at @slot, or around it: hardware may have set them in
 * any word of a group.
 */
static inline uint64_t pt_leaf_ad(const struct pgtbl *pt, const uint64_t *slot, uint64_t entry,
				  unsigned level)
{
	unsigned group = 1u << fmt_group_lg2(pt, entry, level);
	uint64_t bits = 0;

	/* A table is aligned to its size, which is a multiple of that of a group. */
	slot = (const uint64_t *)((uintptr_t)slot & -(uintptr_t)(group * sizeof(*slot)));
	for (unsigned i = 0; i < group; i++)
		bits |= pt_leaf_load(&slot[i]);
	return pt->hw_ad ? bits & (FMT_ACCESSED | FMT_DIRTY) : 0;
}

static inline void pt_show_leaf(const struct pgtbl *pt, struct pgtbl_leaf *leaf, uint64_t iova,
				uint64_t entry, unsigned level)
{
	leaf->size = 1ull << pt_leaf_lg2(pt, entry, level);
	leaf->iova = iova & -leaf->size;
	leaf->phys = pt_leaf_phys(pt, entry, level);
	leaf->prot = pt_leaf_prot(pt, entry);
	leaf->dirty = pt_leaf_dirty(pt, entry);
	leaf->accessed = !pt->hw_ad || (entry & FMT_ACCESSED);
}

#endif

/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * vtdss.c - Intel VT-d second-stage tables, 3, 4 or 5 levels.
 *
 * Entry (Linux drivers/iommu/intel and QEMU hw/i386/intel_iommu_internal.h
 * agree): R 0, W 1, page size 7, SNP 11, address 51:12.  There is no present
 * bit: R = W = 0 is no entry.  Bit 10 is left to software; we set it in every
 * leaf, and in a table entry it says frozen.  With SSADE hardware sets accessed 8 and
 * dirty 9 (Linux drivers/iommu/intel and drivers/iommu/generic_pt agree); without, both
 * are ignored.  Table entries have accessed from the beginning, in case hardware sets
 * it there too: generic_pt names the bit among those that all entries share (?).  Bit 52
 * is ignored: it marks a leaf that is write-protected.
 *
 * READ, WRITE  the R and W bits; at least one is needed
 * COHERENT     SNP, if PGTBL_SNOOP_CTL says that the hardware has it (without
 *              ECAP.SC the bit is reserved); else no effect: requests that do
 *              not ask for no-snoop are coherent anyway
 * MMIO         no effect
 * NOEXEC, PRIV refused: the format cannot enforce them
 */
#include "pgtbl_fmt.h"

#define SS_READ (1ull << 0)
#define SS_WRITE (1ull << 1)
#define SS_PAGE (1ull << 7)
#define SS_ACCESSED (1ull << 8)
#define SS_DIRTY (1ull << 9)
#define SS_SOFT (1ull << 10)
#define SS_SNOOP (1ull << 11)
#define SS_PROTECTED (1ull << 52)

#define FMT_PAGE_LG2 12
#define FMT_INDEX_LG2 9
#define FMT_LEVELS_MIN 3
#define FMT_LEVELS_MAX 5
#define FMT_LEAF_LEVEL 3
#define FMT_ADDR 0x000ffffffffff000ull
#define FMT_LOW_MASK 0xfffu
#define FMT_TABLE(level) (SS_READ | SS_WRITE | SS_ACCESSED)
#define FMT_FROZEN SS_SOFT
#define FMT_INUSE SS_SOFT
#define FMT_ACCESSED SS_ACCESSED
#define FMT_DIRTY SS_DIRTY
#define FMT_WP_MASK (SS_READ | SS_WRITE)
#define FMT_WP_WRITABLE (SS_READ | SS_WRITE)
#define FMT_WP_PROTECTED SS_READ
#define FMT_WP_MARK SS_PROTECTED

static inline bool fmt_shape(const struct pgtbl_config *config, struct pgtbl_shape *shape)
{
	if (shape->page_lg2 != FMT_PAGE_LG2 || shape->index_lg2 != FMT_INDEX_LG2)
		return false;
	shape->iova_bits = FMT_PAGE_LG2 + FMT_INDEX_LG2 * config->levels;
	shape->page_sizes = 1ull << 12 | 1ull << 21 | 1ull << 30;
	return true;
}

static inline uint64_t fmt_attr(unsigned prot, const struct pgtbl_config *config)
{
	uint64_t attr = 0;

	if ((prot & (PGTBL_NOEXEC | PGTBL_PRIV)) || !(prot & (PGTBL_READ | PGTBL_WRITE)))
		return 0;
	if (prot & PGTBL_READ)
		attr |= SS_READ;
	if (prot & PGTBL_WRITE)
		attr |= SS_WRITE;
	if ((prot & PGTBL_COHERENT) && (config->flags & PGTBL_SNOOP_CTL))
		attr |= SS_SNOOP;
	return attr | SS_SOFT;
}

static inline unsigned fmt_prot(const struct pgtbl *pt, uint64_t entry)
{
	(void)pt;
	return (entry & SS_READ ? PGTBL_READ : 0) | (entry & SS_WRITE ? PGTBL_WRITE : 0) |
	       (entry & SS_SNOOP ? PGTBL_COHERENT : 0);
}

static inline uint64_t fmt_leaf(uint64_t phys, uint64_t attr, unsigned level)
{
	return phys | attr | (level > 1 ? SS_PAGE : 0);
}

static inline bool fmt_is_leaf(uint64_t entry, unsigned level)
{
	return (entry & (SS_READ | SS_WRITE)) && (level == 1 || (entry & SS_PAGE));
}

#include "pgtbl_template.h"

const struct pgtbl_ops pgtbl_vtdss_ops = PGTBL_OPS_INIT("vtdss");

/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * amdv1.c - AMD I/O page tables for host translation ("v1"), 1 to 6 levels.
 *
 * Entry: PR 0, next level 11:9, address 51:12, FC 60 of leaves, IR 61, IW 62 (Linux
 * drivers/iommu/amd, FreeBSD sys/x86/iommu/amd_reg.h and VirtualBox
 * include/VBox/iommu-amd.h agree; all three call the specification, AMD 48882, section
 * 2.2.3, which was not read for this).  FreeBSD and VirtualBox name bits 4:1 ignored;
 * bit 1 says frozen in our table entries, bit 2 that a leaf is write-protected.
 * A bit 5 and D bit 6 of leaves are for hardware to set (PGTBL_AD; DTE.HAD).  VirtualBox
 * names A in table entries too: ours have it from the beginning.
 *
 * Next level n, 1 to 6, leads to a table of that level; 0 is a leaf of the
 * entry's own size.  7 is a leaf of any power of two up to the next size: the
 * address ends in a 0 and ones that say how large it is, and every entry
 * that the leaf spans holds the same word.  Hardware may set D in any of them.
 * Permissions are the AND of all levels, so tables have both.
 *
 * A level-6 table has no leaves, and 512 GiB leaves do not work on real
 * hardware (Linux generic_pt/fmt/amdv1.h says both): they are not offered.
 *
 * READ, WRITE  IR and IW; at least one is needed
 * COHERENT     FC: DMA that asks for no-snoop snoops all the same
 * MMIO         no effect
 * NOEXEC, PRIV refused: the format cannot enforce them
 */
#include "pgtbl_fmt.h"

#define AMD_PR (1ull << 0)
#define AMD_FROZEN (1ull << 1)
#define AMD_PROTECTED (1ull << 2)
#define AMD_A (1ull << 5)
#define AMD_D (1ull << 6)
#define AMD_NEXT(level) ((uint64_t)(level) << 9)
#define AMD_FC (1ull << 60)
#define AMD_IR (1ull << 61)
#define AMD_IW (1ull << 62)

#define FMT_PAGE_LG2 12
#define FMT_INDEX_LG2 9
#define FMT_LEVELS_MIN 1
#define FMT_LEVELS_MAX 6
#define FMT_LEAF_LEVEL 5
#define FMT_ADDR 0x000ffffffffff000ull
#define FMT_LOW_MASK 0xfffu
#define FMT_TABLE(level) (AMD_PR | AMD_A | AMD_NEXT((level) - 1) | AMD_IR | AMD_IW)
#define FMT_FROZEN AMD_FROZEN
#define FMT_INUSE AMD_PR
#define FMT_ACCESSED AMD_A
#define FMT_DIRTY AMD_D
#define FMT_WP_MASK AMD_IW
#define FMT_WP_WRITABLE AMD_IW
#define FMT_WP_PROTECTED 0
#define FMT_WP_MARK AMD_PROTECTED
#define FMT_GROUPS 1

static inline bool fmt_shape(const struct pgtbl_config *config, struct pgtbl_shape *shape)
{
	unsigned leaf_levels = config->levels < 6 ? config->levels : 5;
	unsigned end = FMT_PAGE_LG2 + FMT_INDEX_LG2 * leaf_levels;

	if (shape->page_lg2 != FMT_PAGE_LG2 || shape->index_lg2 != FMT_INDEX_LG2)
		return false;
	shape->iova_bits_min = FMT_PAGE_LG2 + 1;
	shape->iova_bits = config->levels < 6 ? end : 64;
	shape->page_sizes = (1ull << (end < 52 ? end : 52)) - (1ull << FMT_PAGE_LG2);
	shape->page_sizes &= ~(1ull << 39);
	return true;
}

static inline uint64_t fmt_attr(unsigned prot, const struct pgtbl_config *config)
{
	(void)config;
	if ((prot & (PGTBL_NOEXEC | PGTBL_PRIV)) || !(prot & (PGTBL_READ | PGTBL_WRITE)))
		return 0;
	return AMD_PR | (prot & PGTBL_READ ? AMD_IR : 0) | (prot & PGTBL_WRITE ? AMD_IW : 0) |
	       (prot & PGTBL_COHERENT ? AMD_FC : 0);
}

static inline unsigned fmt_prot(const struct pgtbl *pt, uint64_t entry)
{
	(void)pt;
	return (entry & AMD_IR ? PGTBL_READ : 0) | (entry & AMD_IW ? PGTBL_WRITE : 0) |
	       (entry & AMD_FC ? PGTBL_COHERENT : 0);
}

static inline uint64_t fmt_leaf(uint64_t phys, uint64_t attr, unsigned level)
{
	(void)level;
	return phys | attr;
}

static inline bool fmt_in_group(uint64_t entry, unsigned level)
{
	(void)level;
	return (entry & AMD_NEXT(7)) == AMD_NEXT(7);
}

static inline bool fmt_is_leaf(uint64_t entry, unsigned level)
{
	return (entry & AMD_PR) && (!(entry & AMD_NEXT(7)) || fmt_in_group(entry, level));
}

static inline uint64_t fmt_group(uint64_t entry, unsigned level, unsigned lg2)
{
	uint64_t half = 1ull << (FMT_PAGE_LG2 + FMT_INDEX_LG2 * (level - 1) + lg2 - 1);

	return entry | AMD_NEXT(7) | ((half - 1) & FMT_ADDR);
}

static inline unsigned fmt_group_lg2(const struct pgtbl *pt, uint64_t entry, unsigned level)
{
	unsigned zero = (unsigned)__builtin_ctzll(~(entry | ~FMT_ADDR) | 1ull << 51);

	(void)pt;
	return fmt_in_group(entry, level) ? zero + 1 - FMT_PAGE_LG2 - FMT_INDEX_LG2 * (level - 1)
					  : 0;
}

#include "pgtbl_template.h"

const struct pgtbl_ops pgtbl_amdv1_ops = PGTBL_OPS_INIT("amdv1");

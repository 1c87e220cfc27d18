/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * x86_64.c - x86-64 page tables, 4 or 5 levels, which VT-d first-stage
 * translation walks too.
 *
 * Entry (Linux drivers/iommu/intel for the first stage): P 0, R/W 1, U/S 2,
 * PWT 3, PCD 4, A 5, D 6, PS 7, address 51:12, XD 63.  Bits 9 and 52 are left to
 * software: 9 says frozen in a table entry, 52 that a leaf is write-protected.
 *
 * Input addresses must be canonical; only the lower half is offered, so the
 * width is 47 or 56 bits.  Unless hardware is to keep them
 * (PGTBL_AD), A, and D in writable leaves, are set from the beginning: hardware has
 * nothing to write back.  Table entries always have A.
 *
 * READ      needed: every present entry can be read
 * WRITE     R/W
 * NOEXEC    XD; the walker must have it enabled (EFER.NXE; NXE in the PASID
 *           entry), else the bit is reserved
 * PRIV      U/S = 0
 * MMIO      PCD and PWT: uncached with the reset value of the PAT
 * COHERENT  no effect
 */
#include "pgtbl_fmt.h"

#define X86_P (1ull << 0)
#define X86_RW (1ull << 1)
#define X86_US (1ull << 2)
#define X86_PWT (1ull << 3)
#define X86_PCD (1ull << 4)
#define X86_A (1ull << 5)
#define X86_D (1ull << 6)
#define X86_PS (1ull << 7)
#define X86_SOFT (1ull << 9)
#define X86_PROTECTED (1ull << 52)
#define X86_XD (1ull << 63)

#define FMT_PAGE_LG2 12
#define FMT_INDEX_LG2 9
#define FMT_LEVELS_MIN 4
#define FMT_LEVELS_MAX 5
#define FMT_LEAF_LEVEL 3
#define FMT_ADDR 0x000ffffffffff000ull
#define FMT_LOW_MASK 0xfffu
#define FMT_TABLE(level) (X86_P | X86_RW | X86_US | X86_A)
#define FMT_FROZEN X86_SOFT
#define FMT_INUSE X86_P
#define FMT_ACCESSED X86_A
#define FMT_DIRTY X86_D
#define FMT_WP_MASK X86_RW
#define FMT_WP_WRITABLE X86_RW
#define FMT_WP_PROTECTED 0
#define FMT_WP_MARK X86_PROTECTED

static inline bool fmt_shape(const struct pgtbl_config *config, struct pgtbl_shape *shape)
{
	if (shape->page_lg2 != FMT_PAGE_LG2 || shape->index_lg2 != FMT_INDEX_LG2)
		return false;
	shape->iova_bits = FMT_PAGE_LG2 + FMT_INDEX_LG2 * config->levels - 1;
	shape->page_sizes = 1ull << 12 | 1ull << 21 | 1ull << 30;
	return true;
}

static inline uint64_t fmt_attr(unsigned prot, const struct pgtbl_config *config)
{
	bool by_hardware = config->flags & PGTBL_AD;
	uint64_t attr = X86_P | (by_hardware ? 0 : X86_A);

	if (!(prot & PGTBL_READ))
		return 0;
	if (prot & PGTBL_WRITE)
		attr |= X86_RW | (by_hardware ? 0 : X86_D);
	if (prot & PGTBL_NOEXEC)
		attr |= X86_XD;
	if (!(prot & PGTBL_PRIV))
		attr |= X86_US;
	if (prot & PGTBL_MMIO)
		attr |= X86_PCD | X86_PWT;
	return attr;
}

static inline unsigned fmt_prot(const struct pgtbl *pt, uint64_t entry)
{
	(void)pt;
	return PGTBL_READ | (entry & X86_RW ? PGTBL_WRITE : 0) |
	       (entry & X86_XD ? PGTBL_NOEXEC : 0) | (entry & X86_US ? 0 : PGTBL_PRIV) |
	       (entry & X86_PCD ? PGTBL_MMIO : 0);
}

static inline uint64_t fmt_leaf(uint64_t phys, uint64_t attr, unsigned level)
{
	return phys | attr | (level > 1 ? X86_PS : 0);
}

static inline bool fmt_is_leaf(uint64_t entry, unsigned level)
{
	return (entry & X86_P) && (level == 1 || (entry & X86_PS));
}

#include "pgtbl_template.h"

const struct pgtbl_ops pgtbl_x86_64_ops = PGTBL_OPS_INIT("x86_64");

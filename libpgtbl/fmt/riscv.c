/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * riscv.c - RISC-V Sv39, Sv48 and Sv57: 3, 4 or 5 levels.  What a hart walks,
 * and a RISC-V IOMMU for the first stage.
 *
 * Entry (RISC-V privileged specification, "Sv39", "Svnapot", "Svpbmt"): V 0,
 * R 1, W 2, X 3, U 4, G 5, A 6, D 7, for software 9:8, physical page number
 * 53:10, PBMT 62:61, N 63.  V with R = W = X = 0 leads to a table, and then U,
 * A, D and 63:54 must be 0.  W without R is reserved.  Bit 8 of a table entry says
 * frozen, bit 9 of a leaf that it is write-protected.
 *
 * N with a page number that ends in 1000 is a 64 KiB leaf: sixteen equal entries
 * of level 1.  It wants Svnapot; without that, leave 64 KiB out of the
 * configuration's page sizes.  A hart may look at any of the sixteen only, so what it
 * notes in one is about all of them ("Svnapot": software asks all for A and D).
 *
 * Input addresses must be canonical; only the lower half is offered, so the
 * width is 38, 47 or 56 bits.  Unless hardware is to keep them (PGTBL_AD; Svadu), A,
 * and D in writable leaves, are set from the beginning: nothing faults to have them
 * set, and nothing is written back.
 *
 * READ      needed: without it the format has execute-only, which nobody asked
 *           for, and reserved encodings
 * WRITE     W
 * NOEXEC    X = 0
 * PRIV      U = 0
 * MMIO      PBMT 2 (I/O: not cached, strongly ordered), if PGTBL_SVPBMT says that
 *           the hardware has it; else no effect: the physical address decides
 * COHERENT  no effect
 */
#include "pgtbl_fmt.h"

#define RV_V (1ull << 0)
#define RV_R (1ull << 1)
#define RV_W (1ull << 2)
#define RV_X (1ull << 3)
#define RV_U (1ull << 4)
#define RV_A (1ull << 6)
#define RV_D (1ull << 7)
#define RV_FROZEN (1ull << 8)
#define RV_PROTECTED (1ull << 9)
#define RV_PBMT_IO (2ull << 61)
#define RV_N (1ull << 63)

#define RV_NAPOT_LG2 4
#define RV_NAPOT_CODE (8ull << 10)

#define FMT_PAGE_LG2 12
#define FMT_INDEX_LG2 9
#define FMT_LEVELS_MIN 3
#define FMT_LEVELS_MAX 5
#define FMT_LEAF_LEVEL 5
#define FMT_ADDR 0x003ffffffffffc00ull
#define FMT_ADDR_SHIFT 2
#define FMT_LOW_MASK 0x3ffu
#define FMT_TABLE(level) RV_V
#define FMT_FROZEN RV_FROZEN
#define FMT_INUSE RV_V
#define FMT_ACCESSED RV_A
#define FMT_DIRTY RV_D
#define FMT_WP_MASK RV_W
#define FMT_WP_WRITABLE RV_W
#define FMT_WP_PROTECTED 0
#define FMT_WP_MARK RV_PROTECTED
#define FMT_GROUPS 1

static inline bool fmt_shape(const struct pgtbl_config *config, struct pgtbl_shape *shape)
{
	if (shape->page_lg2 != FMT_PAGE_LG2 || shape->index_lg2 != FMT_INDEX_LG2)
		return false;
	shape->iova_bits = FMT_PAGE_LG2 + FMT_INDEX_LG2 * config->levels - 1;
	shape->oa_bits_max = 56;
	shape->page_sizes = 1ull << (FMT_PAGE_LG2 + RV_NAPOT_LG2);
	for (unsigned level = 1; level <= config->levels; level++)
		shape->page_sizes |= 1ull << (FMT_PAGE_LG2 + FMT_INDEX_LG2 * (level - 1));
	return true;
}

static inline uint64_t fmt_attr(unsigned prot, const struct pgtbl_config *config)
{
	bool by_hardware = config->flags & PGTBL_AD;
	uint64_t attr = RV_V | RV_R | (by_hardware ? 0 : RV_A);

	if (!(prot & PGTBL_READ))
		return 0;
	if (prot & PGTBL_WRITE)
		attr |= RV_W | (by_hardware ? 0 : RV_D);
	if (!(prot & PGTBL_NOEXEC))
		attr |= RV_X;
	if (!(prot & PGTBL_PRIV))
		attr |= RV_U;
	if ((prot & PGTBL_MMIO) && (config->flags & PGTBL_SVPBMT))
		attr |= RV_PBMT_IO;
	return attr;
}

static inline unsigned fmt_prot(const struct pgtbl *pt, uint64_t entry)
{
	(void)pt;
	return PGTBL_READ | (entry & RV_W ? PGTBL_WRITE : 0) | (entry & RV_X ? 0 : PGTBL_NOEXEC) |
	       (entry & RV_U ? 0 : PGTBL_PRIV) | (entry & RV_PBMT_IO ? PGTBL_MMIO : 0);
}

static inline uint64_t fmt_leaf(uint64_t phys, uint64_t attr, unsigned level)
{
	(void)level;
	return phys >> FMT_ADDR_SHIFT | attr;
}

static inline bool fmt_is_leaf(uint64_t entry, unsigned level)
{
	(void)level;
	return (entry & RV_V) && (entry & (RV_R | RV_X));
}

static inline uint64_t fmt_group(uint64_t entry, unsigned level, unsigned lg2)
{
	(void)level;
	(void)lg2; /* there is one size */
	return entry | RV_N | RV_NAPOT_CODE;
}

static inline bool fmt_in_group(uint64_t entry, unsigned level)
{
	(void)level;
	return entry & RV_N;
}

static inline unsigned fmt_group_lg2(const struct pgtbl *pt, uint64_t entry, unsigned level)
{
	(void)pt;
	return fmt_in_group(entry, level) ? RV_NAPOT_LG2 : 0;
}

#include "pgtbl_template.h"

const struct pgtbl_ops pgtbl_riscv_ops = PGTBL_OPS_INIT("riscv");

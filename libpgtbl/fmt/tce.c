/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * tce.c - powerpc translation control entries (TCE), 1 to 5 levels.
 *
 * Words are big-endian.  R 0, W 1, the address above; level-1 entries are leaves of
 * one size, any power of two from 4 KiB to 16 GiB; entries above hold the
 * address of a table and both permissions.  All tables of one root have the same size
 * (Linux arch/powerpc/platforms/powernv/pci-ioda-tce.c and the PHB3 and PHB4
 * models of QEMU agree; both take the bits below the address for nothing else).
 *
 * ? Bits 11:2 of a table entry are ignored: QEMU masks them, Linux never sets
 * them.  Bit 2 says frozen, while a reclaim runs, or where walks are not coherent.
 * ? Linux sets R wherever it sets W; QEMU lets a write pass with W alone, and so do
 * we: a mapping that cannot be read was asked for.
 *
 * config.page_lg2 is the page size, 12 to 34, config.table_lg2 the size of tables,
 * 12 to 24.  As in Linux, the window is at most 2^59 bytes.  Hardware walks from
 * the first entry of the root: subtract the window's start from addresses.
 *
 * READ, WRITE  R and W; at least one is needed
 * COHERENT, MMIO no effect
 * NOEXEC, PRIV refused: the format cannot enforce them
 */
#include "pgtbl_fmt.h"

#define TCE_R (1ull << 0)
#define TCE_W (1ull << 1)
#define TCE_SOFT (1ull << 2)

#define TCE_PAGE_LG2_MAX 34
#define TCE_TABLE_LG2_MAX 24
#define TCE_WINDOW_LG2_MAX 59

#define FMT_LEVELS_MIN 1
#define FMT_LEVELS_MAX 5
#define FMT_LEAF_LEVEL 1
#define FMT_ADDR 0x0ffffffffffff000ull
#define FMT_LOW_MASK 0xfffu
#define FMT_TABLE(level) (TCE_R | TCE_W)
#define FMT_FROZEN TCE_SOFT
#define FMT_INUSE (TCE_R | TCE_W)
#define FMT_BIG_ENDIAN 1

static inline bool fmt_shape(const struct pgtbl_config *config, struct pgtbl_shape *shape)
{
	unsigned root_span_lg2 = shape->page_lg2 + shape->index_lg2 * (config->levels - 1);
	unsigned bits = root_span_lg2 + shape->index_lg2;

	if (shape->page_lg2 < 12 || shape->page_lg2 > TCE_PAGE_LG2_MAX ||
	    shape->index_lg2 + 3 > TCE_TABLE_LG2_MAX || root_span_lg2 >= TCE_WINDOW_LG2_MAX)
		return false;
	shape->iova_bits = bits < TCE_WINDOW_LG2_MAX ? bits : TCE_WINDOW_LG2_MAX;
	shape->iova_bits_min = shape->page_lg2 + 1;
	shape->oa_bits_max = 60;
	shape->page_sizes = 1ull << shape->page_lg2;
	return true;
}

static inline uint64_t fmt_attr(unsigned prot, const struct pgtbl_config *config)
{
	(void)config;
	if (prot & (PGTBL_NOEXEC | PGTBL_PRIV))
		return 0;
	return (prot & PGTBL_READ ? TCE_R : 0) | (prot & PGTBL_WRITE ? TCE_W : 0);
}

static inline unsigned fmt_prot(const struct pgtbl *pt, uint64_t entry)
{
	(void)pt;
	return (entry & TCE_R ? PGTBL_READ : 0) | (entry & TCE_W ? PGTBL_WRITE : 0);
}

static inline uint64_t fmt_leaf(uint64_t phys, uint64_t attr, unsigned level)
{
	(void)level;
	return phys | attr;
}

static inline bool fmt_is_leaf(uint64_t entry, unsigned level)
{
	return level == 1 && (entry & (TCE_R | TCE_W));
}

#include "pgtbl_template.h"

const struct pgtbl_ops pgtbl_tce_ops = PGTBL_OPS_INIT("tce");

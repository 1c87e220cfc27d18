/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * arm.c - ARM 64-bit translation tables (VMSAv8-64; "LPAE"), stage 1 and stage 2,
 * with 4, 16 or 64 KiB granules: what an SMMU walks, and a CPU.
 *
 * Entry: bits 1:0 are 11 for a table, and for a leaf of level 1 (ARM counts
 * levels the other way round: its level 3), 01 for a larger leaf.  Address
 * 47:12, contiguous 52.  A table entry's bits between those and its address are
 * ignored (Arm ARM, DDI 0487, figure D4-16 where D4 is the chapter on VMSAv8-64):
 * bit 2 says frozen.
 *  stage 1: AttrIndx 4:2, AP 7:6 (EL0 may, read-only), SH 9:8, AF 10, nG 11,
 *           PXN 53, UXN 54
 *  stage 2: MemAttr 5:2, S2AP 7:6 (read, write), SH 9:8, AF 10, XN 54:53
 * (D4.3.3 there, but for XN 53; Linux drivers/iommu/io-pgtable-arm.c.)  ? XN is 10, which means
 * "nobody" with and without the extension that gives EL0 and EL1 one bit each.
 *
 * The contiguous bit joins 16 entries with a 4 KiB granule; 128 of level 1 or
 * 32 of level 2 with 16 KiB; 32 with 64 KiB (Linux arm64 CONT_PTE_SHIFT and
 * CONT_PMD_SHIFT; ? 16 of level 3 with 4 KiB, which Linux does not use).  Each
 * has its own address.
 *
 * config.page_lg2 is the granule: 12, 14 or 16.  Addresses have at most 48 bits,
 * and the root must be needed for them: hardware takes the number of levels from the
 * width.  Stage 2 may be up to 4 bits wider than its levels cover: the root is
 * then up to 16 tables, one behind the other.  The width and the root's address are
 * in different words of an SMMU's tables (S2T0SZ and S2TTB; T0SZ and TTB0), so
 * such a table cannot grow (pgtbl_grow.h).
 *
 * READ      stage 1: needed.  Stage 2: S2AP[0]; it or WRITE is needed
 * WRITE     AP[2] = 0; S2AP[1]
 * NOEXEC    PXN and UXN; XN
 * PRIV      stage 1: AP[1] = 0.  Stage 2: refused
 * COHERENT  write-back, inner shareable; without it: not cached, outer shareable
 * MMIO      Device-nGnRE, whatever COHERENT says
 * Stage 1 counts on PGTBL_ARM_MAIR.  Writes are not tracked: dirty is no bit of its own.
 */
#include "pgtbl_fmt.h"

#define ARM_VALID (1ull << 0)
#define ARM_TABLE (1ull << 1)
#define ARM_IGNORED (1ull << 2)
#define ARM_ATTR(n) ((uint64_t)(n) << 2) /* AttrIndx, MemAttr */
#define ARM_AP_EL0 (1ull << 6)
#define ARM_AP_RDONLY (1ull << 7)
#define ARM_S2AP_READ (1ull << 6)
#define ARM_S2AP_WRITE (1ull << 7)
#define ARM_SH_OUTER (2ull << 8)
#define ARM_SH_INNER (3ull << 8)
#define ARM_AF (1ull << 10)
#define ARM_NG (1ull << 11)
#define ARM_CONTIGUOUS (1ull << 52)
#define ARM_PXN (1ull << 53)
#define ARM_UXN (1ull << 54) /* stage 2: XN[1] */

/* AttrIndx of PGTBL_ARM_MAIR, and stage-2 MemAttr */
#define ARM_S1_NC 0
#define ARM_S1_WB 1
#define ARM_S1_DEVICE 2
#define ARM_S2_NC 5
#define ARM_S2_WB 15
#define ARM_S2_DEVICE 1

#define ARM_ADDRESS_BITS 48
#define ARM_CONCAT_LG2 4

#define FMT_LEVELS_MIN 2
#define FMT_LEVELS_MAX 4
#define FMT_LEAF_LEVEL 3
#define FMT_ADDR 0x0000fffffffff000ull
#define FMT_LOW_MASK 0xfffu
#define FMT_TABLE(level) (ARM_VALID | ARM_TABLE)
#define FMT_FROZEN ARM_IGNORED
#define FMT_INUSE ARM_VALID
#define FMT_GROUPS 2
#define FMT_GROWS false

static inline unsigned arm_group_lg2(unsigned page_lg2, unsigned level)
{
	return page_lg2 == 12 ? 4 : page_lg2 == 14 && level == 1 ? 7 : 5;
}

static inline bool fmt_shape(const struct pgtbl_config *config, struct pgtbl_shape *shape)
{
	unsigned page = shape->page_lg2, index = page - 3;
	unsigned root_span_lg2 = page + index * (config->levels - 1);
	unsigned bits = root_span_lg2 + index, most = bits;

	if ((page != 12 && page != 14 && page != 16) ||
	    (config->table_lg2 && config->table_lg2 != page) || root_span_lg2 >= ARM_ADDRESS_BITS)
		return false;
	if (config->ops == &pgtbl_arm_s2_ops && config->iova_bits > bits)
		most = bits + ARM_CONCAT_LG2;
	shape->index_lg2 = index;
	shape->root_lg2 = config->iova_bits > bits ? config->iova_bits - root_span_lg2 : index;
	shape->iova_bits = most < ARM_ADDRESS_BITS ? most : ARM_ADDRESS_BITS;
	shape->iova_bits_min = root_span_lg2 + 1;
	shape->oa_bits_max = ARM_ADDRESS_BITS;
	for (unsigned level = 1; level <= (page == 12 ? 3 : 2) && level <= config->levels; level++)
		shape->page_sizes |= (1ull + (1ull << arm_group_lg2(page, level)))
				     << (page + index * (level - 1));
	return true;
}

static inline uint64_t arm_s1_attr(unsigned prot)
{
	unsigned type = prot & PGTBL_MMIO ? ARM_S1_DEVICE
			: prot & PGTBL_COHERENT ? ARM_S1_WB : ARM_S1_NC;
	uint64_t attr = ARM_NG | ARM_ATTR(type);

	if (!(prot & PGTBL_READ))
		return 0;
	if (!(prot & PGTBL_WRITE))
		attr |= ARM_AP_RDONLY;
	if (!(prot & PGTBL_PRIV))
		attr |= ARM_AP_EL0;
	return prot & PGTBL_NOEXEC ? attr | ARM_PXN | ARM_UXN : attr;
}

static inline uint64_t arm_s2_attr(unsigned prot)
{
	unsigned type = prot & PGTBL_MMIO ? ARM_S2_DEVICE
			: prot & PGTBL_COHERENT ? ARM_S2_WB : ARM_S2_NC;

	if (!(prot & (PGTBL_READ | PGTBL_WRITE)) || (prot & PGTBL_PRIV))
		return 0;
	return ARM_ATTR(type) | (prot & PGTBL_READ ? ARM_S2AP_READ : 0) |
	       (prot & PGTBL_WRITE ? ARM_S2AP_WRITE : 0) | (prot & PGTBL_NOEXEC ? ARM_UXN : 0);
}

static inline uint64_t fmt_attr(unsigned prot, const struct pgtbl_config *config)
{
	uint64_t attr = config->ops == &pgtbl_arm_s2_ops ? arm_s2_attr(prot) : arm_s1_attr(prot);

	if (!attr)
		return 0;
	return attr | ARM_VALID | ARM_AF | (prot & PGTBL_COHERENT ? ARM_SH_INNER : ARM_SH_OUTER);
}

static inline unsigned fmt_prot(const struct pgtbl *pt, uint64_t entry)
{
	unsigned prot = (entry & ARM_SH_INNER) == ARM_SH_INNER ? PGTBL_COHERENT : 0;
	uint64_t type;

	if (entry & ARM_UXN)
		prot |= PGTBL_NOEXEC;
	if (pt->ops == &pgtbl_arm_s2_ops) {
		type = entry & ARM_ATTR(15);
		prot |= (entry & ARM_S2AP_READ ? PGTBL_READ : 0) |
			(entry & ARM_S2AP_WRITE ? PGTBL_WRITE : 0);
		return type == ARM_ATTR(ARM_S2_DEVICE) ? prot | PGTBL_MMIO : prot;
	}
	type = entry & ARM_ATTR(7);
	prot |= PGTBL_READ | (entry & ARM_AP_RDONLY ? 0 : PGTBL_WRITE) |
		(entry & ARM_AP_EL0 ? 0 : PGTBL_PRIV);
	return type == ARM_ATTR(ARM_S1_DEVICE) ? prot | PGTBL_MMIO : prot;
}

static inline uint64_t fmt_leaf(uint64_t phys, uint64_t attr, unsigned level)
{
	return phys | attr | (level == 1 ? ARM_TABLE : 0);
}

static inline bool fmt_is_leaf(uint64_t entry, unsigned level)
{
	return (entry & (ARM_VALID | ARM_TABLE)) == (ARM_VALID | (level == 1 ? ARM_TABLE : 0));
}

static inline uint64_t fmt_group(uint64_t entry, unsigned level, unsigned lg2)
{
	(void)level;
	(void)lg2; /* each level has one size */
	return entry | ARM_CONTIGUOUS;
}

static inline bool fmt_in_group(uint64_t entry, unsigned level)
{
	(void)level;
	return entry & ARM_CONTIGUOUS;
}

static inline unsigned fmt_group_lg2(const struct pgtbl *pt, uint64_t entry, unsigned level)
{
	return fmt_in_group(entry, level) ? arm_group_lg2(pt->span_lg2[1], level) : 0;
}

#include "pgtbl_template.h"

const struct pgtbl_ops pgtbl_arm_s1_ops = PGTBL_OPS_INIT("arm_s1");
const struct pgtbl_ops pgtbl_arm_s2_ops = PGTBL_OPS_INIT("arm_s2");

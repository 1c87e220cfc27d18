/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
#include "pgtbl_hw.h"

#define BIT(n) (1ull << (n))

struct walk {
	struct hw_walker *hw;
	const char *(*fn)(void *ctx, const struct model_leaf *leaf);
	void *ctx;
};

enum kind { NOTHING, TABLE, LEAF, RESERVED };

/* VT-d second stage: R 0, W 1, PS 7 (levels 2 and 3), SNP 11, TM 62. */
static enum kind decode_ss(const struct hw_walker *hw, uint64_t e, unsigned level,
			   struct model_leaf *leaf)
{
	bool page = level == 1 || (e & BIT(7));

	if (!(e & 3))
		return NOTHING;
	if ((e & BIT(62)) || (e & 0x000ffffffffff000ull) >> hw->oa_bits)
		return page ? RESERVED : (e & BIT(62) ? RESERVED : TABLE);
	if (!page)
		return (e & (BIT(11) | 0x78)) ? RESERVED : TABLE;
	if (level > 3 || (level == 1 && (e & BIT(7))) || (!hw->snoop_ctl && (e & BIT(11))) ||
	    (e & ((BIT(12 + 9 * (level - 1)) - 1) & ~0xfffull)) || (e & 0x78))
		return RESERVED;
	leaf->prot = (e & BIT(0) ? PGTBL_READ : 0) | (e & BIT(1) ? PGTBL_WRITE : 0) |
		     (e & BIT(11) ? PGTBL_COHERENT : 0);
	return LEAF;
}

/* x86-64: P 0, RW 1, US 2, PWT 3, PCD 4, A 5, D 6, PS 7 (levels 2 and 3), XD 63. */
static enum kind decode_x86(const struct hw_walker *hw, uint64_t e, unsigned level,
			    struct model_leaf *leaf)
{
	bool page = level == 1 || (e & BIT(7));

	if (!(e & 1))
		return NOTHING;
	if (!page)
		return (e & (BIT(1) | BIT(2))) == (BIT(1) | BIT(2)) && !(e & BIT(63)) ? TABLE
										      : RESERVED;
	if (level > 3 || (level == 1 && (e & BIT(7))) || !(e & BIT(5)) ||
	    ((e & BIT(1)) && !(e & BIT(6))) || (e & 0x000ffffffffff000ull) >> hw->oa_bits ||
	    (e & ((BIT(12 + 9 * (level - 1)) - 1) & ~0xfffull)) || (e & 0x7ff0000000000000ull))
		return RESERVED;
	leaf->prot = PGTBL_READ | (e & BIT(1) ? PGTBL_WRITE : 0) | (e & BIT(2) ? 0 : PGTBL_PRIV) |
		     (e & BIT(63) ? PGTBL_NOEXEC : 0) | (e & BIT(4) ? PGTBL_MMIO : 0);
	return LEAF;
}

static const char *walk_table(struct walk *w, uint64_t page, unsigned level, uint64_t iova)
{
	struct hw_walker *hw = w->hw;
	unsigned shift = 12 + 9 * (level - 1);
	const uint64_t *table;

	if (!pool_owns(hw->pool, page))
		return "a table entry points outside memory";
	hw->tables++;
	table = pool_hw(hw->pool, page);
	for (unsigned i = 0; i < 512; i++) {
		struct model_leaf leaf = { .iova = iova + ((uint64_t)i << shift),
					   .phys = table[i] & 0x000ffffffffff000ull,
					   .size = BIT(shift) };
		const char *error = NULL;
		enum kind kind;

		if (!table[i])
			continue;
		if (table[i] == POOL_STALE)
			return "hardware reads a line that was never flushed";
		kind = hw->format == HW_VTDSS ? decode_ss(hw, table[i], level, &leaf)
					      : decode_x86(hw, table[i], level, &leaf);
		if (kind == RESERVED)
			return "an entry has reserved bits set";
		if (kind == TABLE)
			error = walk_table(w, leaf.phys, level - 1, leaf.iova);
		else if (kind == LEAF)
			error = w->fn(w->ctx, &leaf);
		if (error)
			return error;
	}
	return NULL;
}

const char *hw_walk(struct hw_walker *hw, uint64_t root,
		    const char *(*fn)(void *ctx, const struct model_leaf *leaf), void *ctx)
{
	struct walk w = { hw, fn, ctx };

	hw->tables = 0;
	return walk_table(&w, root, hw->levels, 0);
}

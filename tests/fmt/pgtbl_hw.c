/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* pgtbl_hw.c - the walk; what words mean is pgtbl_hw_decode.c. */
#include "pgtbl_hw_priv.h"

#include <errno.h>

struct walk {
	struct hw_walker *hw;
	const char *(*fn)(void *ctx, const struct model_leaf *leaf);
	void *ctx;
};

/* The other words of the leaf that begins at @w; *n: how many it has.  Any may be used or dirty. */
static const char *check_group(const struct hw_walker *hw, const uint64_t *w, uint64_t index,
			       struct hw_entry *e, unsigned shift, uint64_t *n)
{
	uint64_t ad = hw->ad ? hw_accessed(hw->format) | hw_dirty(hw->format) : 0;
	uint64_t first = hw_word(hw->format, *w) & ~ad;

	*n = 1ull << (e->lg2 - shift);
	if (*n > BIT(hw->index_lg2) || index % *n || e->phys & (BIT(e->lg2) - 1))
		return "a leaf of several entries begins where it may not";
	for (uint64_t i = 1; i < *n; i++) {
		uint64_t word = hw_word(hw->format, w[i]);

		if ((word & ~ad) != first + i * e->step)
			return "the entries of a leaf do not belong together";
		e->accessed |= (word & ad & hw_accessed(hw->format)) != 0;
		e->dirty |= (word & ad & hw_dirty(hw->format)) != 0;
	}
	return NULL;
}

static const char *walk_table(struct walk *w, uint64_t page, unsigned level, uint64_t iova)
{
	struct hw_walker *hw = w->hw;
	unsigned shift = hw->page_lg2 + hw->index_lg2 * (level - 1);
	uint64_t entries = BIT(level == hw->levels ? hw->root_lg2 : hw->index_lg2), n;
	const uint64_t *table;

	if (!pool_owns(hw->pool, page))
		return "a table entry points outside memory";
	hw->tables++;
	table = pool_hw(hw->pool, page);
	for (uint64_t i = 0; i < entries; i += n) {
		struct model_leaf leaf = { .iova = iova + (i << shift) };
		const char *error = NULL;
		struct hw_entry e;

		n = 1;
		if (!table[i])
			continue;
		if (table[i] == POOL_STALE)
			return "hardware reads a line that was never flushed";
		e = hw_decode(hw, hw_word(hw->format, table[i]), level, shift);
		if (e.kind == RESERVED)
			return "an entry has reserved bits set";
		if (e.kind == TABLE) {
			error = walk_table(w, e.phys, level - 1, leaf.iova);
		} else if (e.kind == LEAF) {
			error = check_group(hw, &table[i], i, &e, shift, &n);
			leaf.phys = e.phys;
			leaf.size = BIT(e.lg2);
			leaf.prot = e.prot;
			leaf.accessed = e.accessed;
			leaf.dirty = e.dirty;
			if (!error)
				error = w->fn(w->ctx, &leaf);
		}
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

int hw_dma(const struct hw_walker *hw, uint64_t root, uint64_t iova, bool write, unsigned which)
{
	uint64_t page = root, bits = hw_accessed(hw->format) | (write ? hw_dirty(hw->format) : 0);

	for (unsigned level = hw->levels;; level--) {
		unsigned shift = hw->page_lg2 + hw->index_lg2 * (level - 1);
		uint64_t entries = BIT(level == hw->levels ? hw->root_lg2 : hw->index_lg2);
		uint64_t i = iova >> shift & (entries - 1), n, *table;
		struct hw_entry e;

		if (!pool_owns(hw->pool, page))
			return -EIO;
		table = (uint64_t *)(uintptr_t)pool_hw(hw->pool, page);
		e = hw_decode(hw, hw_word(hw->format, table[i]), level, shift);
		if (e.kind != LEAF && e.kind != TABLE)
			return e.kind == NOTHING ? -ENOENT : -EIO;
		if (e.kind == TABLE) {
			page = e.phys;
			continue;
		}
		if (!(e.prot & (write ? PGTBL_WRITE : PGTBL_READ)))
			return -EACCES;
		n = BIT(e.lg2 - shift);
		if (hw->ad)
			table[(i & -n) + which % n] |= bits;
		return 0;
	}
}

unsigned hw_shown_prot(const struct hw_walker *hw, unsigned prot)
{
	unsigned rw = prot & (PGTBL_READ | PGTBL_WRITE), refused = 0, shown = prot, needed = rw;

	switch (hw->format) {
	case HW_VTDSS:
		refused = PGTBL_NOEXEC | PGTBL_PRIV;
		shown = rw | (hw->snoop_ctl ? prot & PGTBL_COHERENT : 0u);
		break;
	case HW_AMDV1:
		refused = PGTBL_NOEXEC | PGTBL_PRIV;
		shown = rw | (prot & PGTBL_COHERENT);
		break;
	case HW_TCE:
		refused = PGTBL_NOEXEC | PGTBL_PRIV;
		shown = rw;
		break;
	case HW_ARM_S2:
		refused = PGTBL_PRIV;
		break;
	case HW_ARM_S1:
		needed = prot & PGTBL_READ;
		break;
	case HW_X86_64:
		needed = prot & PGTBL_READ;
		shown = prot & ~(unsigned)PGTBL_COHERENT;
		break;
	case HW_RISCV:
		needed = prot & PGTBL_READ;
		shown = prot & ~(unsigned)(PGTBL_COHERENT | (hw->svpbmt ? 0 : PGTBL_MMIO));
		break;
	}
	return !needed || (prot & refused) ? ~0u : shown;
}

uint64_t hw_target(enum hw_format format, uint64_t word)
{
	uint64_t w = hw_word(format, word);

	if (!(w & 3))
		return ~0ull;
	return format == HW_RISCV ? FIELD(w, 53, 10) << 12 : w & BITS(51, 12);
}

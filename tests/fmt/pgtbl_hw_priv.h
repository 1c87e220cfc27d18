/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* pgtbl_hw_priv.h - between the walk and the decoders. */
#ifndef PGTBL_HW_PRIV_H
#define PGTBL_HW_PRIV_H

#include "pgtbl_hw.h"

#define BIT(n) (1ull << (n))
#define BITS(hi, lo) (((2ull << ((hi) - (lo))) - 1) << (lo))
#define FIELD(word, hi, lo) (((word) & BITS(hi, lo)) >> (lo))

enum kind { NOTHING, TABLE, LEAF, RESERVED };

/**
 * struct hw_entry - a word, understood
 * @phys:  where it leads: the beginning of the leaf, or a table
 * @lg2:   of the leaf's bytes
 * @step:  what is added from each word of a leaf of several words to the next
 */
struct hw_entry {
	enum kind kind;
	uint64_t phys;
	unsigned lg2;
	uint64_t step;
	unsigned prot;
	bool accessed;
	bool dirty;
};

/* @w is in the CPU's byte order; @shift: lg2 of the bytes its slot covers. */
struct hw_entry hw_decode(const struct hw_walker *hw, uint64_t w, unsigned level, unsigned shift);

/* What hardware sets at the first use of a leaf, and at its first write; 0: nothing. */
static inline uint64_t hw_accessed(enum hw_format format)
{
	return format == HW_VTDSS ? BIT(8) : format == HW_X86_64 || format == HW_AMDV1 ? BIT(5)
	       : format == HW_RISCV ? BIT(6) : 0;
}

static inline uint64_t hw_dirty(enum hw_format format)
{
	return hw_accessed(format) << 1;
}

static inline uint64_t hw_word(enum hw_format format, uint64_t memory)
{
	return format == HW_TCE ? __builtin_bswap64(memory) : memory;
}

#endif

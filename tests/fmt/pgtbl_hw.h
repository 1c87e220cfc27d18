/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* pgtbl_hw.h - page walkers that share nothing with the library: bit positions are their own. */
#ifndef PGTBL_HW_H
#define PGTBL_HW_H

#include "pgtbl_model.h"
#include "pgtbl_pool.h"

enum hw_format { HW_VTDSS, HW_X86_64, HW_AMDV1, HW_ARM_S1, HW_ARM_S2, HW_RISCV, HW_TCE };

struct hw_walker {
	enum hw_format format;
	unsigned levels;
	unsigned page_lg2;
	unsigned index_lg2;
	unsigned root_lg2; /* entries of the root */
	unsigned oa_bits;
	bool snoop_ctl;
	bool svpbmt;
	bool ad; /* it sets accessed and dirty bits */
	const struct pgtbl_pool *pool; /* what memory holds */
	unsigned tables;	       /* out: visited, the root among them */
};

/*
 * Every leaf, in order, below @root.  NULL, or what hardware would object to
 * (reserved bits, a table outside memory, half a leaf), or what @fn returned.
 */
const char *hw_walk(struct hw_walker *hw, uint64_t root,
		    const char *(*fn)(void *ctx, const struct model_leaf *leaf), void *ctx);

/*
 * A device reads or writes @iova below @root: 0; -EACCES: no permission; -ENOENT: nothing is
 * there; -EIO: reserved bits.  With hw->ad bits are set; of a leaf of several words in one of
 * them, which @which chooses.
 */
int hw_dma(const struct hw_walker *hw, uint64_t root, uint64_t iova, bool write, unsigned which);

/* How a leaf shows @prot; ~0u: a map call must be refused. */
unsigned hw_shown_prot(const struct hw_walker *hw, unsigned prot);

/* The page that @word of a table leads to if it is present, leaf or table; else ~0. */
uint64_t hw_target(enum hw_format format, uint64_t word);

#endif

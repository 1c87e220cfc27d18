/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* pgtbl_hw.h - a page walker that shares nothing with the library: bit positions are its own. */
#ifndef PGTBL_HW_H
#define PGTBL_HW_H

#include "pgtbl_model.h"
#include "pgtbl_pool.h"

enum hw_format { HW_VTDSS, HW_X86_64 };

struct hw_walker {
	enum hw_format format;
	unsigned levels;
	unsigned oa_bits;
	bool snoop_ctl;
	const struct pgtbl_pool *pool; /* what memory holds */
	unsigned tables;	       /* out: visited, the root among them */
};

/*
 * Every leaf, in order, below @root.  NULL, or what hardware would object to
 * (reserved bits, a table outside memory), or what @fn returned.
 */
const char *hw_walk(struct hw_walker *hw, uint64_t root,
		    const char *(*fn)(void *ctx, const struct model_leaf *leaf), void *ctx);

#endif

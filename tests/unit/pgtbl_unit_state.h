/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* pgtbl_unit_state.h - everything that can be seen of a table, to be compared. */
#ifndef PGTBL_UNIT_STATE_H
#define PGTBL_UNIT_STATE_H

#include "pgtbl_unit.h"

struct state {
	uint64_t sum;
	uint64_t leaves;
	uint64_t pages;
};

static inline int sum_leaf(void *ctx, const struct pgtbl_leaf *leaf)
{
	struct state *s = ctx;

	s->sum = (s->sum ^ leaf->iova ^ leaf->phys << 1 ^ leaf->size << 2 ^ leaf->prot) *
		 0x100000001b3ull;
	s->leaves++;
	return 0;
}

static inline struct state state(void)
{
	struct state s = { .pages = pool.live };

	cr_assert_eq(pgtbl_visit(pt, 0, pgtbl_iova_last(pt), sum_leaf, &s), 0);
	return s;
}

#endif

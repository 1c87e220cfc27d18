/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* pgtbl_model_priv.h - the parts of the flat model, for each other. */
#ifndef PGTBL_MODEL_PRIV_H
#define PGTBL_MODEL_PRIV_H

#include "pgtbl_model.h"

void *model_grow(void *array, size_t *room, size_t need, size_t size);
uint64_t model_level_span(const struct model *m, unsigned level);
/* The level whose entries make a leaf of @size. */
unsigned model_level_of(const struct model *m, uint64_t size);
bool model_is_range(const struct model *m, uint64_t iova, uint64_t size);
bool model_args_ok(const struct model *m, uint64_t iova, const struct pgtbl_segment *seg,
		   size_t nr_seg, uint64_t *fault);

bool model_table_exists(const struct model *m, unsigned level, uint64_t iova);
void model_table_add(struct model *m, unsigned level, uint64_t iova);
void model_table_del(struct model *m, size_t i);
bool model_pinned(const struct model *m, unsigned level, uint64_t iova);
/* A reservation keeps the table of @level that serves @iova. */
bool model_reserved(const struct model *m, unsigned level, uint64_t iova);

/* The first leaf that ends behind @iova. */
size_t model_leaf_at(const struct model *m, uint64_t iova);
/* The gather must cover @leaf. */
void model_cleared(struct model *m, const struct model_leaf *leaf);
/* One table page for a change.  False: that would be one too many. */
static inline bool model_charge(struct model *m)
{
	if (!m->budget)
		return false;
	m->budget -= m->budget != MODEL_NO_LIMIT;
	return true;
}

/* No leaf crosses @iova; -EBUSY, -EDQUOT: it cannot be split so far. */
int model_cut(struct model *m, uint64_t iova);

#endif

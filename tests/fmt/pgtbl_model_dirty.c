/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * pgtbl_model_dirty.c - the flat model: what devices used and wrote, leaf by leaf.
 *
 * With hardware's bits a leaf has them from a device, and both when promotion or the end of
 * tracking says so.  Without, a leaf that may be written through is dirty, and to track it
 * is to guard it.
 */
#include "pgtbl_model_priv.h"

#include <errno.h>

static bool can_guard(const struct model *m, const struct model_leaf *leaf)
{
	return m->guard && (leaf->prot & m->guard) == m->guard;
}

bool model_leaf_dirty(const struct model *m, const struct model_leaf *leaf)
{
	return m->hw_ad ? leaf->dirty : (leaf->prot & PGTBL_WRITE) && !leaf->guarded;
}

/* Make @leaf clean, or the opposite; whether that changed it. */
static bool make(struct model *m, struct model_leaf *leaf, enum model_track op)
{
	struct model_leaf old = *leaf;

	if (op == MODEL_STOP) {
		leaf->guarded = false;
		leaf->accessed |= m->hw_ad;
		leaf->dirty |= m->hw_ad && (leaf->prot & PGTBL_WRITE);
	} else if (op == MODEL_ACCESSED) {
		leaf->accessed = false;
	} else if (m->hw_ad) {
		leaf->dirty = false;
	} else {
		leaf->guarded |= can_guard(m, leaf);
	}
	return old.guarded != leaf->guarded || old.accessed != leaf->accessed ||
	       old.dirty != leaf->dirty;
}

int model_track(struct model *m, uint64_t iova, uint64_t size, enum model_track op, uint64_t base,
		unsigned page_lg2, uint64_t *bits)
{
	bool accessed = op == MODEL_ACCESSED || op == MODEL_LOOK_ACCESSED;
	bool look = op == MODEL_LOOK_DIRTY || op == MODEL_LOOK_ACCESSED;
	uint64_t last = iova + (size - 1);

	m->nr_cleared = 0;
	if (!model_is_range(m, iova, size))
		return -EINVAL;
	if (!m->hw_ad && (accessed || !m->guard))
		return -EOPNOTSUPP;
	for (size_t i = model_leaf_at(m, iova); i < m->leaves && m->leaf[i].iova <= last; i++) {
		struct model_leaf *leaf = &m->leaf[i], old = *leaf;
		uint64_t end = leaf->iova + (leaf->size - 1);
		uint64_t from = leaf->iova > iova ? leaf->iova : iova, to = end < last ? end : last;
		bool whole = from == leaf->iova && to == end;

		if (bits && (accessed ? old.accessed : model_leaf_dirty(m, &old)))
			for (uint64_t n = (from - base) >> page_lg2; n <= (to - base) >> page_lg2; n++)
				bits[n / 64] |= 1ull << (n % 64);
		if (!look && (whole || op == MODEL_STOP) && make(m, leaf, op))
			model_cleared(m, leaf);
	}
	return 0;
}

static struct model_leaf *leaf_of(struct model *m, uint64_t iova)
{
	size_t i = model_leaf_at(m, iova);

	return i < m->leaves && m->leaf[i].iova <= iova ? &m->leaf[i] : NULL;
}

int model_fault(struct model *m, uint64_t iova)
{
	struct model_leaf *leaf = leaf_of(m, iova);

	m->nr_cleared = 0;
	if (iova > m->iova_last)
		return -EINVAL;
	if (!leaf)
		return -ENOENT;
	if (!(leaf->prot & PGTBL_WRITE))
		return -EPERM;
	if (leaf->guarded)
		model_cleared(m, leaf);
	leaf->guarded = false;
	return 0;
}

int model_dma(struct model *m, uint64_t iova, bool write)
{
	struct model_leaf *leaf = leaf_of(m, iova);

	if (!leaf)
		return -ENOENT;
	if (!(leaf->prot & (write ? PGTBL_WRITE : PGTBL_READ)) || (write && leaf->guarded))
		return -EACCES;
	leaf->accessed = m->hw_ad;
	leaf->dirty |= m->hw_ad && write;
	return 0;
}

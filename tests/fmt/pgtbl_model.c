/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
#include "pgtbl_model_priv.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void *model_grow(void *array, size_t *room, size_t need, size_t size)
{
	if (need <= *room)
		return array;
	*room = need * 2;
	array = realloc(array, *room * size);
	if (!array)
		abort();
	return array;
}

void model_fini(struct model *m)
{
	free(m->leaf);
	free(m->table);
	free(m->cleared);
	free(m->fresh);
}

uint64_t model_level_span(const struct model *m, unsigned level)
{
	return model_span(m->page_lg2, m->index_lg2, level);
}

/* Tables: a sorted array of keys. */

static uint64_t table_key(const struct model *m, unsigned level, uint64_t iova)
{
	return (uint64_t)level << 58 | (iova & ~(model_level_span(m, level + 1) - 1)) >> 12;
}

static size_t table_find(const struct model *m, uint64_t key)
{
	size_t lo = 0, hi = m->tables;

	while (lo < hi) {
		size_t mid = (lo + hi) / 2;

		if (m->table[mid] < key)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

bool model_table_exists(const struct model *m, unsigned level, uint64_t iova)
{
	size_t i = table_find(m, table_key(m, level, iova));

	return i < m->tables && m->table[i] == table_key(m, level, iova);
}

void model_table_add(struct model *m, unsigned level, uint64_t iova)
{
	size_t i = table_find(m, table_key(m, level, iova));

	if (model_table_exists(m, level, iova))
		return;
	m->table = model_grow(m->table, &m->tables_room, m->tables + 1, sizeof(*m->table));
	memmove(&m->table[i + 1], &m->table[i], (m->tables - i) * sizeof(*m->table));
	m->table[i] = table_key(m, level, iova);
	m->tables++;
}

void model_table_del(struct model *m, size_t i)
{
	memmove(&m->table[i], &m->table[i + 1], (--m->tables - i) * sizeof(*m->table));
}

/* Four tables of level 2, and all above; what hardware has begun with. */
bool model_pinned(const struct model *m, unsigned level, uint64_t iova)
{
	if (level < 2)
		return m->start == 1 && iova < model_level_span(m, 2);
	return iova / model_level_span(m, 3) < 4;
}

int model_reach(struct model *m, uint64_t iova, uint64_t last, uint64_t *fault)
{
	uint64_t reach = m->reach[m->levels];

	if (last <= reach)
		return 0;
	*fault = iova > reach ? iova : reach + 1;
	if (m->refuse)
		return m->refuse;
	/* What was the root becomes one of the tables. */
	for (; m->reach[m->levels] < last; m->levels++)
		model_table_add(m, m->levels, 0);
	return 0;
}

int model_reach_map(struct model *m, uint64_t iova, const struct pgtbl_segment *seg, size_t nr_seg)
{
	uint64_t end, fault;

	return model_args_ok(m, iova, seg, nr_seg, &end) ? model_reach(m, iova, end - 1, &fault)
							  : -EINVAL;
}

/* Leaves: a sorted array. */

/* The first leaf that ends behind @iova. */
size_t model_leaf_at(const struct model *m, uint64_t iova)
{
	size_t lo = 0, hi = m->leaves;

	while (lo < hi) {
		size_t mid = (lo + hi) / 2;

		if (m->leaf[mid].iova + (m->leaf[mid].size - 1) < iova)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

const struct model_leaf *model_find(const struct model *m, uint64_t iova)
{
	size_t i = model_leaf_at(m, iova);

	return i < m->leaves && m->leaf[i].iova <= iova ? &m->leaf[i] : NULL;
}

unsigned model_level_of(const struct model *m, uint64_t size)
{
	unsigned level = 1;

	while (level < m->levels && size >= model_level_span(m, level + 1))
		level++;
	return level;
}

/* Nothing is in the place of a leaf of @size at @iova, neither leaves nor tables. */
static bool leaf_fits(const struct model *m, uint64_t iova, uint64_t size)
{
	unsigned level = model_level_of(m, size);
	size_t i = model_leaf_at(m, iova);

	if (i < m->leaves && m->leaf[i].iova <= iova + (size - 1))
		return false;
	for (uint64_t at = 0; level > 1 && at < size; at += model_level_span(m, level))
		if (model_table_exists(m, level - 1, iova + at))
			return false;
	return true;
}

/* What a call that maps @left bytes at @iova uses next. */
static uint64_t leaf_size(const struct model *m, uint64_t iova, uint64_t phys, uint64_t left)
{
	for (uint64_t size = 1ull << 63; size > 1ull << m->page_lg2; size >>= 1)
		if ((m->page_sizes & size) && size < model_level_span(m, m->levels + 1) && !((iova | phys) % size) && left >= size &&
		    leaf_fits(m, iova, size))
			return size;
	return 1ull << m->page_lg2;
}

void model_cleared(struct model *m, const struct model_leaf *leaf)
{
	m->cleared = model_grow(m->cleared, &m->cleared_room, m->nr_cleared + 1,
				sizeof(*m->cleared));
	m->cleared[m->nr_cleared++] = *leaf;
}

bool model_is_range(const struct model *m, uint64_t iova, uint64_t size)
{
	return size && !((iova | size) % (1ull << m->page_lg2)) && iova <= m->iova_last &&
	       size - 1 <= m->iova_last - iova;
}

/* Insert the new leaves, which follow each other, among the others. */
static void leaves_add(struct model *m)
{
	size_t n = m->nr_fresh, i = n ? model_leaf_at(m, m->fresh[0].iova) : 0;

	if (!n)
		return;
	m->leaf = model_grow(m->leaf, &m->leaves_room, m->leaves + n, sizeof(*m->leaf));
	memmove(&m->leaf[i + n], &m->leaf[i], (m->leaves - i) * sizeof(*m->leaf));
	memcpy(&m->leaf[i], m->fresh, n * sizeof(*m->leaf));
	m->leaves += n;
}

bool model_args_ok(const struct model *m, uint64_t iova, const struct pgtbl_segment *seg,
		    size_t nr_seg, uint64_t *fault)
{
	uint64_t page = 1ull << m->page_lg2, left = m->iova_last - iova; /* bytes less one */
	bool full = false;

	*fault = iova;
	if (iova % page || iova > m->iova_last || !nr_seg)
		return false;
	for (size_t i = 0; i < nr_seg; i++) {
		if (!seg[i].size || seg[i].size % page || seg[i].phys % page || full ||
		    seg[i].size - 1 > left || seg[i].phys > m->phys_last ||
		    seg[i].size - 1 > m->phys_last - seg[i].phys)
			return false;
		full = seg[i].size - 1 == left;
		left -= seg[i].size;
		*fault += seg[i].size;
	}
	return true;
}

static void map_piece(struct model *m, uint64_t iova, uint64_t phys, uint64_t size, unsigned prot,
		      uint64_t last)
{
	while (size && iova <= last) {
		struct model_leaf leaf = { .iova = iova, .phys = phys, .prot = prot };

		leaf.size = leaf_size(m, iova, phys, size);
		m->fresh = model_grow(m->fresh, &m->fresh_room, m->nr_fresh + 1, sizeof(*m->fresh));
		m->fresh[m->nr_fresh++] = leaf;
		for (unsigned level = model_level_of(m, leaf.size); level < m->levels; level++)
			model_table_add(m, level, iova);
		iova += leaf.size;
		phys += leaf.size;
		size -= leaf.size;
	}
}

int model_map_sg(struct model *m, uint64_t iova, const struct pgtbl_segment *seg, size_t nr_seg,
		 unsigned prot, bool once, uint64_t *fault)
{
	uint64_t pos = iova, last, ignore;
	int err, why;
	size_t i;

	m->nr_cleared = 0;
	if (!model_args_ok(m, iova, seg, nr_seg, fault))
		return -EINVAL;
	last = *fault - 1; /* the end so far */
	err = model_reach(m, iova, last, fault);
	if (err)
		return err;
	i = model_leaf_at(m, iova);
	err = i < m->leaves && m->leaf[i].iova <= last ? -EEXIST : 0;
	if (err) {
		*fault = m->leaf[i].iova > iova ? m->leaf[i].iova : iova;
		if (!once || *fault == iova)
			return err;
		last = *fault - 1;
	}
	m->nr_fresh = 0;
	for (i = 0; i < nr_seg;) {
		uint64_t phys = seg[i].phys, size = seg[i].size;

		for (i++; i < nr_seg && seg[i].phys == phys + size; i++)
			size += seg[i].size;
		map_piece(m, pos, phys, size, prot, last);
		pos += size;
	}
	leaves_add(m);
	if (err)
		model_unmap(m, iova, *fault - iova, &ignore, &why);
	return err;
}

/*
 * What unmap does inside larger leaves, before it looks for what lies in the range.  Why a
 * leaf that sticks out of it will still be there.
 */
static int unmap_part(struct model *m, uint64_t iova, uint64_t last)
{
	int err = 0, right = 0;

	if (m->partial == PGTBL_SPLIT) {
		err = model_cut(m, iova);
		if (last != ~0ull)
			right = model_cut(m, last + 1);
	}
	return err ? err : right ? right : -EBUSY;
}

static void unlink_tables(struct model *m, uint64_t iova, uint64_t last)
{
	for (size_t i = m->tables; m->unlink && i-- > 0;) {
		unsigned level = (unsigned)(m->table[i] >> 58);
		uint64_t first = (m->table[i] & ((1ull << 58) - 1)) << 12;

		if (first >= iova && first + (model_level_span(m, level + 1) - 1) <= last &&
		    !model_pinned(m, level, first) && !model_reserved(m, level, first)) {
			model_table_del(m, i);
			m->unlinked++;
		}
	}
}

uint64_t model_unmap(struct model *m, uint64_t iova, uint64_t size, uint64_t *fault, int *error)
{
	uint64_t last = iova + (size - 1), pos = iova, bytes = 0;
	bool reached = false;
	int stays;
	size_t i, to;

	m->nr_cleared = 0;
	m->unlinked = 0;
	*error = -EINVAL;
	*fault = iova;
	if (!model_is_range(m, iova, size))
		return 0;
	*error = 0;
	stays = unmap_part(m, iova, last);
	for (i = to = model_leaf_at(m, iova); i < m->leaves && m->leaf[i].iova <= last; i++) {
		struct model_leaf *leaf = &m->leaf[i];
		uint64_t leaf_last = leaf->iova + (leaf->size - 1);
		bool inside = (leaf->iova >= iova && leaf_last <= last) ||
			      m->partial == PGTBL_WIDEN;

		if (!*error && (leaf->iova > pos || !inside)) {
			*fault = leaf->iova > pos ? pos : (leaf->iova > iova ? leaf->iova : iova);
			*error = leaf->iova > pos ? -ENOENT : stays;
		}
		pos = leaf->iova + leaf->size;
		reached = leaf_last >= last;
		if (!inside) {
			m->leaf[to++] = *leaf;
			continue;
		}
		bytes += leaf->size;
		model_cleared(m, leaf);
	}
	if (!*error && !reached) {
		*fault = pos;
		*error = -ENOENT;
	}
	if (i != to)
		memmove(&m->leaf[to], &m->leaf[i], (m->leaves - i) * sizeof(*m->leaf));
	m->leaves -= i - to;
	unlink_tables(m, iova, last);
	return bytes;
}

static bool table_empty(const struct model *m, unsigned level, uint64_t first)
{
	uint64_t last = first + (model_level_span(m, level + 1) - 1);
	size_t i = model_leaf_at(m, first);

	if (i < m->leaves && m->leaf[i].iova <= last)
		return false;
	if (level == 1)
		return true;
	i = table_find(m, table_key(m, level - 1, first));
	return i == m->tables || m->table[i] > table_key(m, level - 1, last);
}

int64_t model_reclaim(struct model *m, uint64_t first, uint64_t last)
{
	int64_t done = 0;

	if (m->keep)
		return -EOPNOTSUPP;
	for (unsigned level = 1; level < m->levels; level++)
		for (size_t i = m->tables; i-- > 0;) {
			uint64_t base = (m->table[i] & ((1ull << 58) - 1)) << 12;

			if (m->table[i] >> 58 != level || base < first ||
			    base + (model_level_span(m, level + 1) - 1) > last || model_pinned(m, level, base) ||
			    model_reserved(m, level, base) || !table_empty(m, level, base))
				continue;
			model_table_del(m, i);
			done++;
		}
	return done;
}

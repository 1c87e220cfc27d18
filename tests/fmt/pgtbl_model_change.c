/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* pgtbl_model_change.c - the flat model: leaves of other sizes, other memory, reservations. */
#include "pgtbl_model_priv.h"

#include <errno.h>
#include <string.h>

bool model_reserved(const struct model *m, unsigned level, uint64_t iova)
{
	uint64_t span = model_level_span(m, level + 1), first = iova & ~(span - 1);

	for (unsigned i = 0; i < m->reservations; i++) {
		const struct model_reservation *r = &m->reservation[i];

		if (r->page_bytes < span && r->iova <= first + (span - 1) &&
		    r->iova + (r->size - 1) >= first)
			return true;
	}
	return false;
}

/* Leaf number @i in leaves of the next size.  -EBUSY: the table has none; -EDQUOT: no page. */
static int split(struct model *m, size_t i)
{
	struct model_leaf leaf = m->leaf[i];
	unsigned level = model_level_of(m, leaf.size);
	bool group = leaf.size != model_level_span(m, level);
	uint64_t size;
	size_t n;

	if (level == 1 && !group)
		return -EBUSY;
	size = model_level_span(m, level - !group);
	if (!(m->page_sizes & size))
		return -EBUSY;
	if (!group && !model_charge(m))
		return -EDQUOT;
	n = leaf.size / size;
	m->leaf = model_grow(m->leaf, &m->leaves_room, m->leaves + n, sizeof(leaf));
	memmove(&m->leaf[i + n], &m->leaf[i + 1], (m->leaves - i - 1) * sizeof(leaf));
	m->leaves += n - 1;
	for (size_t k = 0; k < n; k++) {
		m->leaf[i + k] = leaf;
		m->leaf[i + k].iova += k * size;
		m->leaf[i + k].phys += k * size;
		m->leaf[i + k].size = size;
	}
	if (!group)
		model_table_add(m, level - 1, leaf.iova);
	model_cleared(m, &leaf);
	return 0;
}

/* The leaf that serves @iova, or NULL; *@i its number. */
static struct model_leaf *find(struct model *m, uint64_t iova, size_t *i)
{
	*i = model_leaf_at(m, iova);
	return *i < m->leaves && m->leaf[*i].iova <= iova ? &m->leaf[*i] : NULL;
}

int model_cut(struct model *m, uint64_t iova)
{
	int err = 0;

	while (!err) {
		size_t i;
		const struct model_leaf *leaf = find(m, iova, &i);

		if (!leaf || leaf->iova == iova)
			break;
		err = split(m, i);
	}
	return err;
}

static int replace_check(struct model *m, uint64_t iova, uint64_t phys, uint64_t last,
			 uint64_t *pos)
{
	for (*pos = iova;;) {
		size_t i;
		const struct model_leaf *leaf = find(m, *pos, &i);
		bool whole, group;
		int err = -EBUSY;

		if (!leaf)
			return -ENOENT;
		whole = leaf->iova == *pos && leaf->iova + (leaf->size - 1) <= last;
		group = leaf->size != model_level_span(m, model_level_of(m, leaf->size));
		if (whole && !group && !((phys + (*pos - iova)) % leaf->size)) {
			if (leaf->iova + (leaf->size - 1) == last)
				return 0;
			*pos = leaf->iova + leaf->size;
		} else {
			if (whole || m->partial == PGTBL_SPLIT)
				err = split(m, i);
			if (err)
				return err;
		}
	}
}

int model_replace(struct model *m, uint64_t iova, uint64_t phys, uint64_t size, unsigned prot,
		  uint64_t *fault)
{
	struct model_leaf range = { .iova = iova, .size = size };
	struct pgtbl_segment seg = { phys, size };
	uint64_t last = iova + (size - 1);
	int err;

	m->nr_cleared = 0;
	if (!model_args_ok(m, iova, &seg, 1, fault))
		return -EINVAL;
	err = replace_check(m, iova, phys, last, fault);
	if (err)
		return err;
	for (size_t i = model_leaf_at(m, iova); i < m->leaves && m->leaf[i].iova <= last; i++) {
		const struct model_leaf *leaf = &m->leaf[i];

		m->leaf[i] = (struct model_leaf){ .iova = leaf->iova, .size = leaf->size,
						  .phys = phys + (leaf->iova - iova),
						  .prot = prot };
	}
	model_cleared(m, &range);
	return 0;
}

int model_demote(struct model *m, uint64_t iova, uint64_t size, uint64_t page_bytes,
		 uint64_t *fault)
{
	uint64_t last = iova + (size - 1);
	int err;

	m->nr_cleared = 0;
	*fault = iova;
	if (!model_is_range(m, iova, size) || !(m->page_sizes & page_bytes))
		return -EINVAL;
	for (size_t i = model_leaf_at(m, iova); i < m->leaves && m->leaf[i].iova <= last;) {
		const struct model_leaf *leaf = &m->leaf[i];

		*fault = leaf->iova > iova ? leaf->iova : iova;
		if (leaf->size <= page_bytes) {
			i++;
			continue;
		}
		err = split(m, i);
		if (err)
			return err;
		if (m->leaf[i].iova + (m->leaf[i].size - 1) < iova)
			i = model_leaf_at(m, iova);
	}
	return 0;
}

/* The leaves of the table of @level at @base continue each other; *@end: behind the last. */
static bool promotable(const struct model *m, unsigned level, uint64_t base, size_t *first,
		       size_t *end)
{
	uint64_t span = model_level_span(m, level + 1), pos = base;
	const struct model_leaf *head;

	*first = *end = model_leaf_at(m, base);
	if (*first == m->leaves)
		return false;
	head = &m->leaf[*first];
	if (head->iova != base || head->phys % span)
		return false;
	for (; pos - base < span; ++*end) {
		const struct model_leaf *leaf = &m->leaf[*end];

		if (*end == m->leaves || leaf->iova != pos ||
		    leaf->phys - head->phys != pos - base || leaf->prot != head->prot ||
		    leaf->guarded != head->guarded || model_level_of(m, leaf->size) != level)
			return false;
		pos += leaf->size;
	}
	return true;
}

/* Leaves first .. end - 1 as one of @size. */
static void promote(struct model *m, size_t first, size_t end, uint64_t size)
{
	struct model_leaf *leaf = &m->leaf[first];

	leaf->size = size;
	/* What hardware writes in the old table meanwhile must not be lost. */
	leaf->accessed = m->hw_ad;
	leaf->dirty = m->hw_ad && (leaf->prot & PGTBL_WRITE);
	memmove(leaf + 1, &m->leaf[end], (m->leaves - end) * sizeof(*leaf));
	m->leaves -= end - first - 1;
	model_cleared(m, leaf);
}

/* All tables of @level in the range; how many, or -EDQUOT before the first. */
static int64_t promote_level(struct model *m, unsigned level, uint64_t first, uint64_t last)
{
	uint64_t room = (1ull << m->index_lg2) - 1; /* tables listed in one page */
	uint64_t span = model_level_span(m, level + 1), n = 0;

	for (size_t i = 0; (m->page_sizes & span) && i < m->tables; i++) {
		uint64_t base = (m->table[i] & ((1ull << 58) - 1)) << 12;
		size_t head, end;

		if (m->table[i] >> 58 != level || base < first || base + (span - 1) > last ||
		    model_pinned(m, level, base) || model_reserved(m, level, base) ||
		    !promotable(m, level, base, &head, &end))
			continue;
		if (n % room == 0 && !model_charge(m))
			return n ? (int64_t)n : -EDQUOT;
		promote(m, head, end, span);
		model_table_del(m, i--);
		n++;
	}
	return (int64_t)n;
}

int64_t model_promote(struct model *m, uint64_t first, uint64_t last, uint64_t *pages)
{
	int64_t room = (1ll << m->index_lg2) - 1, done = 0, n = 0;

	m->nr_cleared = 0;
	*pages = 0;
	if (m->keep)
		return -EOPNOTSUPP;
	for (unsigned level = 1; level < m->levels && n >= 0; level++) {
		n = promote_level(m, level, first, last);
		if (n > 0) {
			*pages += (uint64_t)(n + (n + room - 1) / room);
			done += n;
		}
	}
	return done ? done : n < 0 ? n : 0;
}

int model_reserve(struct model *m, uint64_t iova, uint64_t size, uint64_t page_bytes,
		  uint64_t *fault)
{
	uint64_t last = iova + (size - 1), span, need = 0;
	unsigned level;
	size_t i;
	int err;

	*fault = iova;
	if (!model_is_range(m, iova, size) || !(m->page_sizes & page_bytes))
		return -EINVAL;
	err = model_reach(m, iova, last, fault);
	if (err)
		return err;
	level = model_level_of(m, page_bytes);
	span = model_level_span(m, level + 1);
	for (uint64_t pos = iova; level < m->levels; pos = (pos | (span - 1)) + 1) {
		const struct model_leaf *leaf = find(m, pos, &i);

		*fault = pos;
		if (leaf && model_level_of(m, leaf->size) > level)
			return -EEXIST;
		/* Tables of a higher level are missing for all that they serve, or not at all. */
		for (unsigned l = level; l < m->levels; l++)
			need += !model_table_exists(m, l, pos) &&
				(pos == iova || !(pos & (model_level_span(m, l + 1) - 1)));
		if (need > m->budget)
			return -EDQUOT;
		if ((pos | (span - 1)) >= last)
			break;
	}
	for (uint64_t pos = iova; level < m->levels; pos = (pos | (span - 1)) + 1) {
		for (unsigned l = level; l < m->levels; l++)
			model_table_add(m, l, pos);
		if ((pos | (span - 1)) >= last)
			break;
	}
	m->reservation[m->reservations++] = (struct model_reservation){ iova, size, page_bytes };
	return 0;
}

void model_unreserve(struct model *m, unsigned i)
{
	m->reservation[i] = m->reservation[--m->reservations];
}

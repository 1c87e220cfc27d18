/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* pgtbl_stream_change.c - streams: replace, demote, promote, reserve. */
#include "pgtbl_stream_priv.h"

#include "pgtbl_change.h"

#include <errno.h>

/* A mapped address, or any. */
static uint64_t pick_mapped(struct stream *s, uint64_t *size)
{
	const struct model_leaf *leaf;

	*size = stream_pick_size(s);
	if (!s->model.leaves || !stream_pick(s, 8))
		return stream_pick_iova(s);
	leaf = &s->model.leaf[stream_pick(s, 65536) % s->model.leaves];
	if (stream_pick(s, 3))
		*size = leaf->size;
	return leaf->iova + (stream_pick(s, 3) ? 0 : s->page * stream_pick(s, 600));
}

/* No more leaves than the model likes: those of @bytes at @iova must not become too many. */
static bool too_many(const struct stream *s, uint64_t iova, uint64_t bytes, uint64_t small)
{
	const struct model_leaf *leaf = model_find(&s->model, iova);

	if (leaf && leaf->size > bytes)
		bytes = leaf->size;
	return bytes / small > 4096 || s->model.leaves > MAX_LEAVES;
}

struct old_leaves {
	struct stream *s;
	uint64_t pos;
	bool differs;
};

/* Every old leaf is told, in order, as the model still has it. */
static void see_old(void *ctx, const struct pgtbl_leaf *leaf)
{
	struct old_leaves *o = ctx;
	const struct model_leaf *want = model_find(&o->s->model, leaf->iova);

	if (leaf->iova != o->pos || !want || leaf->phys != want->phys + (leaf->iova - want->iova) ||
	    leaf->prot != want->prot || leaf->dirty != model_leaf_dirty(&o->s->model, want) ||
	    leaf->accessed != (!o->s->model.hw_ad || want->accessed))
		o->differs = true;
	stream_forget(o->s, leaf);
	o->pos = leaf->iova + leaf->size;
}

static void op_replace(struct stream *s)
{
	struct pgtbl_report report = { .iova = ~0ull };
	struct old_leaves seen = { .s = s };
	struct pgtbl_replacement with;
	uint64_t fault, size, iova = pick_mapped(s, &size);
	unsigned shown, prot = stream_pick_prot(s, &shown);
	struct pgtbl_gather g;
	int got, want;

	with = (struct pgtbl_replacement){ .iova = iova, .prot = prot, .old = see_old,
					   .ctx = &seen };
	with.phys = stream_pick_phys(s, iova, &size);
	with.size = size;
	if (too_many(s, iova, size, s->page))
		return;
	seen.pos = iova;
	pgtbl_gather_init(&g);
	stream_pick_limit(s);
	/* Before the model, for see_old(). */
	got = pgtbl_replace(s->pt, &with, &g, &report);
	if (shown == ~0u) {
		stream_unlimit(s, got);
		CHECK(s, got == -EINVAL && report.error == -EINVAL, "replace: prot not refused");
		return;
	}
	want = model_replace(&s->model, iova, with.phys, size, shown, &fault);
	stream_unlimit(s, want);
	CHECK(s, got == want, "replace: result");
	CHECK(s, !want ? report.iova == ~0ull : report.error == want, "replace: report");
	CHECK(s, !want || want == -EINVAL || report.iova == fault, "replace: address at fault");
	CHECK(s, !seen.differs && seen.pos == (want ? iova : iova + size), "replace: old leaves");
	stream_check_gather(s, &g, 0);
	s->result->replaced += !want;
	pgtbl_gather_merge(&s->gather, &g);
}

static uint64_t pick_page_bytes(struct stream *s)
{
	uint64_t sizes = s->model.page_sizes;

	for (unsigned n = stream_pick(s, 3); n && (sizes & (sizes - 1)); n--)
		sizes &= sizes - 1;
	return sizes & -sizes;
}

static void op_demote(struct stream *s)
{
	struct pgtbl_report report = { .iova = ~0ull };
	uint64_t fault, size, iova = pick_mapped(s, &size), page = pick_page_bytes(s);
	struct pgtbl_gather g;
	size_t before;
	int want;

	if (too_many(s, iova, size, page))
		return;
	pgtbl_gather_init(&g);
	before = s->model.leaves;
	stream_pick_limit(s);
	want = model_demote(&s->model, iova, size, page, &fault);
	CHECK(s, pgtbl_demote(s->pt, iova, size, page, &g, &report) == want, "demote: result");
	stream_unlimit(s, want);
	CHECK(s, !want ? report.iova == ~0ull : report.iova == fault && report.error == want,
	      "demote: report");
	stream_check_gather(s, &g, 0);
	s->result->demoted += s->model.leaves - before;
	pgtbl_gather_merge(&s->gather, &g);
}

static void op_promote(struct stream *s)
{
	uint64_t size, first = pick_mapped(s, &size), last, pages;
	struct pgtbl_gather g;
	int64_t n;

	/* Around the address, so that whole tables lie inside. */
	first &= ~(s->big - 1);
	last = stream_pick(s, 2) ? s->model.iova_last : first + (2 * s->big - 1);
	if (first > last || last > s->model.iova_last)
		return;
	pgtbl_gather_init(&g);
	stream_pick_limit(s);
	n = model_promote(&s->model, first, last, &pages);
	CHECK(s, pgtbl_promote(s->pt, first, last, &g) == n, "promote: number of leaves");
	stream_unlimit(s, (int)n);
	if (n != -EOPNOTSUPP)
		s->released = 0;
	stream_check_gather(s, &g, pages);
	s->result->promoted += n > 0 ? (unsigned long)n : 0;
	pgtbl_gather_merge(&s->gather, &g);
}

static void op_unreserve(struct stream *s)
{
	unsigned i = stream_pick(s, s->model.reservations);
	struct model_reservation r = s->model.reservation[i];

	CHECK(s, !pgtbl_unreserve(s->pt, r.iova, r.size, r.page_bytes), "unreserve");
	model_unreserve(&s->model, i);
}

static void op_reserve(struct stream *s)
{
	struct pgtbl_report report = { .iova = ~0ull };
	uint64_t iova = stream_pick_iova(s), page = pick_page_bytes(s), fault;
	uint64_t size = page * (1 + stream_pick(s, 700));
	int want;

	if (s->model.reservations == 8)
		return;
	if (s->config->common && size > 4 * s->big)
		size = 4 * s->big; /* which all have addresses for */
	stream_pick_refuse(s);
	stream_pick_limit(s);
	want = model_reserve(&s->model, iova, size, page, &fault);
	CHECK(s, pgtbl_reserve(s->pt, iova, size, page, &report) == want, "reserve: result");
	CHECK(s, !want ? report.iova == ~0ull : report.iova == fault && report.error == want,
	      "reserve: report");
	s->model.refuse = 0;
	stream_unlimit(s, want);
	s->result->reserved += !want;
}

void stream_change(struct stream *s)
{
	switch (stream_pick(s, 6)) {
	case 0:
	case 1:
		op_replace(s);
		break;
	case 2:
		op_demote(s);
		break;
	case 3:
		op_promote(s);
		break;
	default:
		if (s->model.reservations && stream_pick(s, 2))
			op_unreserve(s);
		else
			op_reserve(s);
		break;
	}
}

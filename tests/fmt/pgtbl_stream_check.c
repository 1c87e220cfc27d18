/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* pgtbl_stream_check.c - the library, the model and hardware side by side. */
#include "pgtbl_stream_priv.h"

#include <errno.h>

/* The next leaf of the model in @want; NULL, or why @leaf is not that one. */
static const char *next_leaf(struct stream *s, const struct model_leaf *leaf,
			     const struct model_leaf **want)
{
	if (s->cursor >= s->model.leaves)
		return "a leaf too many";
	*want = &s->model.leaf[s->cursor++];
	if ((*want)->iova != leaf->iova || (*want)->phys != leaf->phys ||
	    (*want)->size != leaf->size)
		return "a leaf differs";
	return NULL;
}

static const char *hw_leaf(void *ctx, const struct model_leaf *leaf)
{
	struct stream *s = ctx;
	const struct model_leaf *want;
	const char *error = next_leaf(s, leaf, &want);

	if (error)
		return error;
	if (leaf->prot != (want->prot & ~(want->guarded ? (unsigned)PGTBL_WRITE : 0)))
		return "permissions differ";
	if (s->model.hw_ad && (leaf->accessed != want->accessed || leaf->dirty != want->dirty))
		return "accessed and dirty bits differ";
	return NULL;
}

static int visited_leaf(void *ctx, const struct pgtbl_leaf *leaf)
{
	struct stream *s = ctx;
	struct model_leaf l = { .iova = leaf->iova, .phys = leaf->phys, .size = leaf->size };
	const struct model_leaf *want;
	const char *error = next_leaf(s, &l, &want);

	if (!error && want->prot != leaf->prot)
		error = "visit: permissions differ";
	else if (!error && (leaf->dirty != model_leaf_dirty(&s->model, want) ||
			    leaf->accessed != (!s->model.hw_ad || want->accessed)))
		error = "visit: accessed or dirty differs";
	if (error && !s->result->error)
		s->result->error = error;
	return error ? -1 : 0;
}

void stream_compare(struct stream *s)
{
	struct pgtbl_stats stats;
	const char *error;

	CHECK(s, !s->pool.error, s->pool.error);
	s->cursor = 0;
	stream_check_top(s);
	error = hw_walk(&s->hw, s->hw_root, hw_leaf, s);
	CHECK(s, !error, error);
	CHECK(s, s->cursor == s->model.leaves, "hardware misses a leaf");
	CHECK(s, s->hw.tables == s->model.tables + 1, "tables differ from what must be");
	s->cursor = 0;
	CHECK(s, !pgtbl_visit(s->pt, 0, s->model.iova_last, visited_leaf, s), "visit failed");
	CHECK(s, s->cursor == s->model.leaves, "visit misses a leaf");
	pgtbl_stats(s->pt, &stats);
	CHECK(s, stats.table_pages == s->pool.live, "table_pages is wrong");
	CHECK(s, stats.queued_pages == s->released, "queued_pages is wrong");
	CHECK(s, s->quota.pages == s->pool.live, "the quota counts wrongly");
	stream_check_written(s);
	CHECK(s, s->pool.live == s->model.tables + 1 + (s->model.levels_max - s->model.levels) +
					 s->gather.free_pages + s->released,
	      "pages are lost");
}

void stream_check_translate(struct stream *s, uint64_t iova)
{
	const struct model_leaf *leaf = model_find(&s->model, iova);
	uint64_t phys = ~0ull;
	int want = iova > s->model.iova_last ? -EINVAL : leaf ? 0 : -ENOENT;

	CHECK(s, pgtbl_translate(s->pt, iova, &phys) == want, "translate: result");
	CHECK(s, want || phys == leaf->phys + (iova - leaf->iova), "translate: address");
	/* Scaled, all formats have the same addresses. */
	phys = want ? (uint64_t)(int64_t)want : phys >> s->scale;
	s->result->digest = (s->result->digest ^ phys) * 0x100000001b3ull;
}

void stream_check_gather(struct stream *s, const struct pgtbl_gather *g, uint64_t unlinked)
{
	for (size_t i = 0; i < s->model.nr_cleared; i++) {
		const struct model_leaf *l = &s->model.cleared[i];
		bool covered = false;

		for (unsigned k = 0; k < g->nr_ranges; k++)
			covered |= g->range[k].first <= l->iova &&
				   g->range[k].last >= l->iova + (l->size - 1);
		CHECK(s, covered, "the gather misses what was cleared");
	}
	CHECK(s, g->free_pages == unlinked, "gather: unlinked tables");
	CHECK(s, g->tables == (g->free_pages > 0), "gather: tables flag");
}

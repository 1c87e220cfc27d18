/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
#include "pgtbl_stream_priv.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Operations */

void stream_pick_limit(struct stream *s)
{
	if (s->config->common || stream_pick(s, 12))
		return;
	s->model.budget = stream_pick(s, 4);
	s->quota.limit = s->quota.pages + s->model.budget;
}

void stream_unlimit(struct stream *s, int result)
{
	s->result->limited += result == -EDQUOT;
	s->model.budget = MODEL_NO_LIMIT;
	s->quota.limit = 0;
}

static void reclaim(struct stream *s, uint64_t first, uint64_t last)
{
	struct pgtbl_gather g;
	int64_t n = model_reclaim(&s->model, first, last);

	pgtbl_gather_init(&g);
	s->model.nr_cleared = 0;
	CHECK(s, pgtbl_reclaim(s->pt, first, last, &g) == n, "reclaim: number of tables");
	if (n < 0)
		return;
	s->released = 0;
	s->result->reclaimed += (unsigned long)n;
	stream_check_gather(s, &g, (uint64_t)n);
	pgtbl_gather_merge(&s->gather, &g);
}

/* After a failed map that may have left empty tables: make both sides equal. */
static void resync_tables(struct stream *s)
{
	struct pgtbl_gather g;

	pgtbl_gather_init(&g);
	model_reclaim(&s->model, 0, s->model.iova_last);
	CHECK(s, pgtbl_reclaim(s->pt, 0, s->model.iova_last, &g) >= 0, "reclaim failed");
	s->released = 0;
	pgtbl_gather_merge(&s->gather, &g);
	/* The pinned ones that the model has not seen. */
	for (unsigned i = 0; i < 4 && s->model.levels > 2; i++) {
		struct pgtbl_segment seg = { 0, s->page };
		uint64_t f, iova = i * model_span(s->model.page_lg2, s->model.index_lg2, 3);
		int e;

		if (iova > s->model.reach[s->model.levels] || model_find(&s->model, iova))
			continue;
		CHECK(s, !pgtbl_map(s->pt, iova, 0, s->page, 3), "map after reclaim");
		CHECK(s, !model_map_sg(&s->model, iova, &seg, 1, 3, false, &f), "model");
		CHECK(s, pgtbl_unmap(s->pt, iova, s->page, &s->gather) == s->page, "unmap after reclaim");
		model_unmap(&s->model, iova, s->page, &f, &e);
	}
}

static void check_nomem(struct stream *s, struct pgtbl_gather *g, bool once)
{
	s->result->nomem++;
	if (!once) {
		stream_compare(s);
		return;
	}
	pgtbl_gather_merge(&s->gather, g);
	resync_tables(s);
}

static void do_map(struct stream *s, uint64_t iova, struct pgtbl_segment *seg, size_t nr_seg,
		   unsigned prot, unsigned shown)
{
	bool any = !stream_pick(s, 3), nomem = !s->config->common && !stream_pick(s, 40);
	bool limited = nomem && stream_pick(s, 2);
	bool once = any && !(nomem && s->model.keep); /* tables would stay for good */
	struct pgtbl_gather g;
	struct pgtbl_report report = { .gather = once ? &g : NULL, .iova = ~0ull };
	uint64_t fault;
	int got, want, refuse;

	pgtbl_gather_init(&g);
	stream_pick_refuse(s);
	if (limited)
		s->quota.limit = s->quota.pages + stream_pick(s, 4);
	else if (nomem)
		s->pool.fail_at = s->pool.allocs + 1 + stream_pick(s, 4);
	if (nr_seg == 1 && stream_pick(s, 4))
		got = pgtbl_map_at(s->pt, iova, seg->phys, seg->size, prot, &report);
	else
		got = pgtbl_map_sg_at(s->pt, iova, seg, nr_seg, prot, &report);
	s->pool.fail_at = 0;
	stream_unlimit(s, got);
	refuse = s->model.refuse;
	s->model.refuse = 0;
	if (got == (limited ? -EDQUOT : -ENOMEM)) {
		CHECK(s, nomem, "map: no memory, but there was");
		CHECK(s, report.error == got && report.iova - iova <= s->model.iova_last - iova,
		      "map: report of no memory");
		CHECK(s, !model_reach_map(&s->model, iova, seg, nr_seg), "map: grown or not");
		check_nomem(s, &g, once);
		return;
	}
	if (shown == ~0u) {
		CHECK(s, got == -EINVAL && report.error == -EINVAL, "map: prot not refused");
		return;
	}
	s->model.refuse = refuse;
	want = model_map_sg(&s->model, iova, seg, nr_seg, shown, once, &fault);
	s->model.refuse = 0;
	CHECK(s, got == want, "map: result");
	CHECK(s, !want ? report.iova == ~0ull : report.iova == fault && report.error == want,
	      "map: report");
	if (once && want == -EEXIST) {
		/* Tables come and, with PGTBL_UNLINK, go in one call: only the ranges count. */
		stream_check_gather(s, &g, g.free_pages);
		s->result->undone += s->model.nr_cleared > 0;
	}
	CHECK(s, once || pgtbl_gather_empty(&g), "map: something in a gather");
	pgtbl_gather_merge(&s->gather, &g);
	s->result->maps += !want;
	s->result->exists += want == -EEXIST;
}

static void op_map(struct stream *s)
{
	struct pgtbl_segment seg[MAX_SEG];
	uint64_t iova = stream_pick_iova(s), pos = iova;
	unsigned shown, prot = stream_pick_prot(s, &shown), n = 1;

	if (!stream_pick(s, 4))
		n = 1 + stream_pick(s, MAX_SEG);
	for (unsigned i = 0; i < n; i++) {
		seg[i].size = n == 1 ? stream_pick_size(s)
				     : s->page * (1 + stream_pick(s, stream_pick(s, 4) ? 2 : 40));
		if (i && !stream_pick(s, 4))
			seg[i].phys = seg[i - 1].phys + seg[i - 1].size;
		else
			seg[i].phys = stream_pick_phys(s, pos, &seg[i].size);
		pos += seg[i].size;
	}
	if (!stream_pick(s, 50) && !s->config->common) { /* spoil it */
		unsigned i = stream_pick(s, n);

		switch (stream_pick(s, 4)) {
		case 0:
			seg[i].size = 0;
			break;
		case 1:
			seg[i].size += 1 + stream_pick(s, 4095);
			break;
		case 2:
			seg[i].phys = s->model.phys_last + 1 - s->page * stream_pick(s, 3);
			break;
		default:
			iova += s->model.iova_last - stream_pick(s, 8192);
			break;
		}
	}
	do_map(s, iova, seg, n, prot, shown);
}

static void op_unmap(struct stream *s)
{
	struct pgtbl_report report = { .iova = ~0ull };
	uint64_t iova, size, fault, want;
	struct pgtbl_gather g;
	int error;

	if (s->model.leaves && stream_pick(s, 4)) {
		const struct model_leaf *l =
			&s->model.leaf[stream_pick(s, 65536) % s->model.leaves];

		iova = l->iova;
		size = stream_pick(s, 3) ? l->size : stream_pick_size(s);
	} else {
		iova = stream_pick_iova(s);
		size = stream_pick_size(s);
	}
	if (!stream_pick(s, 100) && !s->config->common)
		size += stream_pick(s, 8192);
	if (!stream_pick(s, 64)) {
		size = s->model.iova_last - iova + 1; /* everything above */
		if (!size) /* 2^64 bytes have no size */
			size -= s->page;
	}
	pgtbl_gather_init(&g);
	stream_pick_limit(s);
	want = model_unmap(&s->model, iova, size, &fault, &error);
	CHECK(s, pgtbl_unmap_at(s->pt, iova, size, &g, &report) == want, "unmap: bytes");
	stream_unlimit(s, error);
	stream_forget_unmapped(s);
	CHECK(s, error ? report.iova == fault && report.error == error : report.iova == ~0ull,
	      "unmap: report");
	stream_check_gather(s, &g, s->model.unlinked);
	s->result->unmaps += want > 0;
	pgtbl_gather_merge(&s->gather, &g);
}

static void op_probe(struct stream *s)
{
	const struct model_leaf *l;

	stream_check_translate(s, stream_pick_iova(s) + ((uint64_t)stream_pick(s, 4096) << s->scale));
	if (!s->config->common)
		stream_check_translate(s, s->model.iova_last - stream_pick(s, 4096) +
					   (stream_pick(s, 2) ? 4096 : 0));
	if (!s->model.leaves)
		return;
	l = &s->model.leaf[stream_pick(s, 65536) % s->model.leaves];
	stream_check_translate(s, l->iova);
	stream_check_translate(s, l->iova + (l->size - 1));
	stream_check_translate(s, l->iova + l->size);
}

static void op_tables(struct stream *s)
{
	uint64_t first = stream_pick_iova(s), last = first + stream_pick_size(s) - 1;

	switch (stream_pick(s, 4)) {
	case 0:
		s->released += s->gather.free_pages;
		CHECK(s, s->gather.tables == (s->gather.free_pages > 0), "merge: tables flag");
		pgtbl_gather_release(s->pt, &s->gather);
		CHECK(s, pgtbl_gather_empty(&s->gather), "release: gather not empty");
		break;
	case 1:
		CHECK(s, !pgtbl_drain(s->pt), "drain failed");
		s->released = 0;
		break;
	case 2:
		first = 0;
		last = s->model.iova_last;
		/* fall through */
	default:
		if (first <= last && last <= s->model.iova_last)
			reclaim(s, first, last);
		break;
	}
}

static void one_op(struct stream *s)
{
	unsigned v = stream_pick(s, 100);

	if (s->config->start && !s->config->common && !stream_pick(s, 64))
		stream_op_grow(s);
	else if (!stream_pick(s, 6))
		stream_change(s);
	else if (v < 45 && s->model.leaves < MAX_LEAVES)
		op_map(s);
	else if (v < 80 || s->model.leaves >= MAX_LEAVES)
		op_unmap(s);
	else if (v < 88 || (v < 97 && s->config->common))
		op_probe(s);
	else if (v < 97)
		stream_dirty(s);
	else
		op_tables(s);
}

static uint64_t pool_target(const struct pgtbl_pool *pool, uint64_t word)
{
	return hw_target((enum hw_format)pool->format, word);
}

/* What a leaf must allow so that it can be write-protected: what remains must be an entry. */
static unsigned guard_of(enum hw_format format)
{
	switch (format) {
	case HW_VTDSS:
		return PGTBL_READ | PGTBL_WRITE;
	case HW_X86_64:
	case HW_AMDV1:
	case HW_RISCV:
		return PGTBL_WRITE;
	default:
		return 0;
	}
}

/* The last address that all levels have: half of what x86-64 and RISC-V roots serve. */
static uint64_t iova_last(const struct stream_config *c)
{
	unsigned bits = c->page_lg2 + stream_index_lg2(c) * c->levels, most = 64;

	if (c->format == HW_X86_64 || c->format == HW_RISCV)
		bits--;
	if (c->format == HW_ARM_S1 || c->format == HW_ARM_S2)
		most = 48;
	if (c->format == HW_TCE)
		most = 59;
	bits = c->iova_bits ? c->iova_bits : bits < most ? bits : most;
	return ~0ull >> (64 - bits);
}

static void broken_rule(void *ctx, const struct pgtbl_violation *violation)
{
	struct stream *s = ctx;

	(void)violation;
	s->result->error = "a single thread broke the rule of ownership";
}

static void start_model(struct stream *s)
{
	const struct stream_config *c = s->config;

	s->scale = c->page_lg2 - 12;
	s->page = 1ull << c->page_lg2;
	s->mid = s->page << 9;
	s->big = s->page << 18;
	s->model.levels = c->levels;
	s->model.page_lg2 = c->page_lg2;
	s->model.index_lg2 = stream_index_lg2(c);
	s->model.iova_last = iova_last(c);
	s->model.phys_last = (1ull << c->oa_bits) - 1;
	s->model.page_sizes = c->page_sizes ? c->page_sizes : c->sizes;
	s->model.unlink = c->flags & PGTBL_UNLINK;
	s->model.partial = c->flags & (PGTBL_SPLIT | PGTBL_WIDEN);
	s->model.keep = c->flags & PGTBL_KEEP_TABLES;
	s->model.hw_ad = c->flags & PGTBL_AD;
	s->model.guard = guard_of(c->format);
	s->model.budget = MODEL_NO_LIMIT;
	s->hw = (struct hw_walker){
		.format = c->format,
		.levels = c->levels,
		.page_lg2 = c->page_lg2,
		.index_lg2 = stream_index_lg2(c),
		.root_lg2 = c->root_lg2 ? c->root_lg2 : stream_index_lg2(c),
		.oa_bits = c->oa_bits,
		.snoop_ctl = c->flags & PGTBL_SNOOP_CTL,
		.svpbmt = c->flags & PGTBL_SVPBMT,
		.ad = c->flags & PGTBL_AD,
		.pool = &s->pool,
	};
}

static bool start(struct stream *s)
{
	const struct stream_config *c = s->config;
	size_t unit = (size_t)8 << stream_index_lg2(c);
	struct pgtbl_config config = {
		.ops = c->ops,
		.levels = c->levels,
		.oa_bits = c->oa_bits,
		.iova_bits = c->iova_bits,
		.flags = c->flags,
		.page_lg2 = c->page_lg2,
		.table_lg2 = c->table_lg2,
		.growth = stream_growth(s),
		.page_sizes = c->page_sizes,
		.pages = pool_mem(&s->pool),
		.flush = c->noncoherent ? pool_flush : NULL,
		.flush_ctx = &s->pool,
		.quota = &s->quota,
		.violation = c->checked ? broken_rule : NULL,
		.violation_ctx = s,
	};

	if (!pool_init_unit(&s->pool, (unsigned)((32u << 20) / unit), unit))
		return false;
	s->pool.shadowed = c->noncoherent;
	s->pool.target = pool_target;
	s->pool.format = c->format;
	if (pgtbl_create(&s->pt, &config))
		return false;
	start_model(s);
	if (s->model.iova_last != pgtbl_iova_last(s->pt))
		s->result->error = "the width is wrong";
	stream_start_growth(s);
	pgtbl_gather_init(&s->gather);
	stream_add_windows(s);
	return true;
}

static void stop(struct stream *s)
{
	uint64_t bytes = 0;

	for (size_t i = 0; i < s->model.leaves; i++)
		bytes += s->model.leaf[i].size;
	pgtbl_gather_release(s->pt, &s->gather);
	CHECK(s, pgtbl_destroy(s->pt) == bytes, "destroy: bytes still mapped");
	CHECK(s, !s->pool.error, s->pool.error);
	CHECK(s, !s->pool.live, "table pages are left");
}

void stream_run(const struct stream_config *config, struct stream_source *source, unsigned ops,
		struct stream_result *result)
{
	struct stream s = { .config = config, .source = source, .result = result };

	memset(result, 0, sizeof(*result));
	if (!start(&s)) {
		result->error = "no table";
		return;
	}
	for (; result->op < ops && !s.ended && !result->error; result->op++) {
		one_op(&s);
		stream_next_window(&s);
		if (!result->error && result->op % 8 == 0)
			stream_compare(&s);
	}
	if (!result->error)
		stream_compare(&s);
	if (!result->error)
		stop(&s);
	pool_fini(&s.pool);
	model_fini(&s.model);
}

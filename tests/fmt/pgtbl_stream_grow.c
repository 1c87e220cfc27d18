/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* pgtbl_stream_grow.c - streams: tables that grow, and hardware that is told of it. */
#include "pgtbl_stream_priv.h"

#include <errno.h>
#include <stdlib.h>

/* The driver: from now on hw_walk() begins at @root. */
static int grown(void *ctx, uint64_t root, unsigned levels)
{
	struct stream *s = ctx;

	if (s->model.refuse) {
		s->refused_at = s->model.levels;
		s->result->refused++;
		return s->model.refuse;
	}
	if (levels <= s->hw.levels || levels > s->config->levels)
		s->result->error = "hardware is told of levels that are not needed";
	s->hw_root = root;
	s->hw.levels = levels;
	s->hw.root_lg2 = stream_index_lg2(s->config);
	s->result->grown++;
	return 0;
}

const struct pgtbl_growth *stream_growth(struct stream *s)
{
	s->growth = (struct pgtbl_growth){ s->config->start, grown, s };
	return s->config->start ? &s->growth : NULL;
}

/* What @levels reach: half of a root of x86-64 and RISC-V is for negative addresses. */
static uint64_t reach_of(const struct stream *s, unsigned levels)
{
	const struct stream_config *c = s->config;
	unsigned bits = c->page_lg2 + stream_index_lg2(c) * levels;
	uint64_t last;

	if (c->format == HW_X86_64 || c->format == HW_RISCV)
		bits--;
	last = bits < 64 ? (1ull << bits) - 1 : ~0ull;
	return last < s->model.iova_last ? last : s->model.iova_last;
}

void stream_start_growth(struct stream *s)
{
	const struct stream_config *c = s->config;

	s->model.start = c->start;
	s->model.levels_max = c->levels;
	s->model.reach[c->levels] = s->model.iova_last;
	s->hw_root = pgtbl_root_phys(s->pt);
	if (!c->start)
		return;
	s->model.levels = s->hw.levels = c->start;
	for (unsigned l = c->start; l < c->levels; l++)
		s->model.reach[l] = reach_of(s, l);
}

void stream_check_top(struct stream *s)
{
	struct pgtbl_top top;

	pgtbl_top(s->pt, &top);
	CHECK(s, top.levels == s->model.levels && top.levels == s->hw.levels, "levels differ");
	CHECK(s, top.root_phys == s->hw_root && pgtbl_root_phys(s->pt) == s->hw_root,
	      "the root is not what hardware was told");
	CHECK(s, top.iova_last == s->model.reach[top.levels], "reach differs");
}

/* The driver will refuse to grow, in the next call; at each level once or more. */
void stream_pick_refuse(struct stream *s)
{
	if (s->config->start && !s->config->common &&
	    (s->refused_at != s->model.levels || stream_pick(s, 2)))
		s->model.refuse = -EIO;
}

void stream_op_grow(struct stream *s)
{
	uint64_t fault, last = stream_pick_iova(s);
	int want = -EINVAL;

	stream_pick_refuse(s);
	if (last <= s->model.iova_last)
		want = model_reach(&s->model, 0, last, &fault);
	CHECK(s, pgtbl_grow(s->pt, last) == want, "grow: result");
	s->model.refuse = 0;
	stream_check_top(s);
}

static int by_address(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

/* Windows across each step; at first only those within reach, the others one by one. */
void stream_grow_windows(struct stream *s)
{
	for (unsigned l = s->config->start; l < s->config->levels; l++)
		stream_add_window(s, s->model.reach[l] + 1 - s->mid);
	s->windows_all = s->windows;
	qsort(s->window, s->windows_all, sizeof(*s->window), by_address);
	while (s->windows > 1 && s->window[s->windows - 1] > s->model.reach[s->config->start])
		s->windows--;
}

void stream_next_window(struct stream *s)
{
	unsigned pace = s->source->data ? 16 : 300;

	if (s->windows < s->windows_all && s->result->op % pace == pace - 1)
		s->windows++;
}

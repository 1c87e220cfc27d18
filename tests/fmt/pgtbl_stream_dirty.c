/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * pgtbl_stream_dirty.c - streams: devices that read and write, and who asks what they did.
 *
 * The model says which leaves are dirty.  Beside it there is a list of pages that were
 * written, which knows nothing of leaves: each must be reported in the end.
 */
#include "pgtbl_stream_priv.h"

#include "pgtbl_dirty.h"

#include <errno.h>
#include <string.h>

#define BITMAP_LG2 15u /* bits */
#define BITMAP_WORDS ((1u << BITMAP_LG2) / 64)

static void written_del(struct stream *s, unsigned i)
{
	s->written[i] = s->written[--s->writtens];
}

void stream_forget_unmapped(struct stream *s)
{
	for (unsigned i = s->writtens; i-- > 0;)
		if (!model_find(&s->model, s->written[i]))
			written_del(s, i);
}

void stream_forget(struct stream *s, const struct pgtbl_leaf *old)
{
	for (unsigned i = s->writtens; i-- > 0;)
		if (s->written[i] - old->iova < old->size)
			written_del(s, i);
}

void stream_check_written(struct stream *s)
{
	for (unsigned i = 0; i < s->writtens; i++) {
		const struct model_leaf *leaf = model_find(&s->model, s->written[i]);

		CHECK(s, leaf && model_leaf_dirty(&s->model, leaf), "a write would go unreported");
	}
}

/* A page of a leaf, or any. */
static uint64_t pick_page(struct stream *s)
{
	const struct model_leaf *leaf;
	uint64_t page = stream_pick(s, 65536);

	if (!s->model.leaves || !stream_pick(s, 16))
		return stream_pick_iova(s);
	if (s->writtens && stream_pick(s, 2))
		return s->written[page % s->writtens];
	leaf = &s->model.leaf[stream_pick(s, 65536) % s->model.leaves];
	return leaf->iova + page % (leaf->size / s->page) * s->page;
}

static void fault(struct stream *s, uint64_t iova, int want)
{
	struct pgtbl_gather g;

	pgtbl_gather_init(&g);
	CHECK(s, pgtbl_dirty_fault(s->pt, iova, &g) == want, "fault: result");
	CHECK(s, model_fault(&s->model, iova) == want, "fault: model");
	stream_check_gather(s, &g, 0);
	pgtbl_gather_merge(&s->gather, &g);
}

/* A device; if it is refused because its writes are noted, it tries again. */
static void op_dma(struct stream *s)
{
	uint64_t iova = pick_page(s), offset = stream_pick(s, 4096);
	bool write = stream_pick(s, 4);
	const struct model_leaf *leaf = model_find(&s->model, iova);
	int want = model_dma(&s->model, iova, write), got;
	unsigned which = stream_pick(s, 512);

	if (iova > s->model.reach[s->model.levels])
		return;
	got = hw_dma(&s->hw, s->hw_root, iova + offset, write, which);
	CHECK(s, got == want, "a device is let through or not");
	if (got == -EACCES && leaf->guarded && write) {
		fault(s, iova + offset, 0);
		s->result->faults++;
		CHECK(s, !model_dma(&s->model, iova, true), "a fault was in vain: model");
		got = hw_dma(&s->hw, s->hw_root, iova + offset, true, which);
		CHECK(s, !got, "a fault was in vain");
	}
	if (got || !write || !(s->model.hw_ad || s->model.guard))
		return;
	s->result->wrote++;
	if (s->writtens < MAX_WRITTEN)
		s->written[s->writtens++] = iova;
}

static bool bit(const uint64_t *bits, uint64_t n)
{
	return bits[n / 64] >> (n % 64) & 1;
}

/* Every page on the list that lies in the range is in @bits. */
static void check_reported(struct stream *s, uint64_t iova, uint64_t size, bool cleaned,
			   const struct pgtbl_bitmap *bitmap)
{
	for (unsigned i = s->writtens; i-- > 0;) {
		uint64_t page = s->written[i];
		const struct model_leaf *leaf = model_find(&s->model, page);

		if (page - iova >= size)
			continue;
		CHECK(s, bit(bitmap->bits, (page - bitmap->iova) >> bitmap->page_lg2),
		      "a write was not reported");
		if (cleaned && !model_leaf_dirty(&s->model, leaf))
			written_del(s, i);
	}
}

static void pick_range(struct stream *s, uint64_t *iova, uint64_t *size)
{
	*iova = pick_page(s);
	*size = stream_pick_size(s);
	if (!stream_pick(s, 50))
		*size += stream_pick(s, 4096);
	if (!stream_pick(s, 8))
		*iova &= ~(s->mid - 1);
}

static void op_read(struct stream *s)
{
	static const unsigned track[] = { PGTBL_DIRTY, PGTBL_DIRTY, PGTBL_ACCESSED,
					  PGTBL_DIRTY | PGTBL_KEEP, PGTBL_ACCESSED | PGTBL_KEEP };
	static const enum model_track op[] = { MODEL_DIRTY, MODEL_DIRTY, MODEL_ACCESSED,
					       MODEL_LOOK_DIRTY, MODEL_LOOK_ACCESSED };
	uint64_t got[BITMAP_WORDS + 1], want[BITMAP_WORDS + 1], iova, size, last;
	struct pgtbl_bitmap b = { .bits = got };
	unsigned n = stream_pick(s, 5);
	struct pgtbl_gather g;
	int err;

	pick_range(s, &iova, &size);
	last = iova + (size - 1);
	b.page_lg2 = 12 + stream_pick(s, 12) + (stream_pick(s, 2) ? s->scale : 0);
	while (b.page_lg2 < 63 && (last >> b.page_lg2) - (iova >> b.page_lg2) >= 64 * BITMAP_WORDS)
		b.page_lg2++;
	b.iova = iova >> b.page_lg2 << b.page_lg2;
	b.pages = ((last - b.iova) >> b.page_lg2) + 1;
	memset(got, 0, sizeof(got));
	got[stream_pick(s, BITMAP_WORDS + 1)] = 5; /* what is set stays set */
	memcpy(want, got, sizeof(got));
	pgtbl_gather_init(&g);
	if (iova > last || last > s->model.iova_last)
		return;
	err = pgtbl_dirty_read(s->pt, iova, size, track[n], &b,
			       n >= 3 && stream_pick(s, 2) ? NULL : &g);
	CHECK(s, err == model_track(&s->model, iova, size, op[n], b.iova, b.page_lg2, want),
	      "dirty_read: result");
	CHECK(s, !memcmp(got, want, sizeof(got)), "dirty_read: the bitmap differs");
	CHECK(s, n < 3 || pgtbl_gather_empty(&g), "dirty_read: something was changed");
	if (!err && (n < 2 || n == 3))
		check_reported(s, iova, size, n < 2, &b);
	for (unsigned i = 0; i < BITMAP_WORDS; i++)
		s->result->reported += (unsigned long)__builtin_popcountll(got[i]);
	stream_check_gather(s, &g, 0);
	pgtbl_gather_merge(&s->gather, &g);
}

static void op_track(struct stream *s)
{
	bool start = stream_pick(s, 3);
	struct pgtbl_gather g;
	uint64_t iova, size;
	int want, got;

	pick_range(s, &iova, &size);
	pgtbl_gather_init(&g);
	got = start ? pgtbl_dirty_start(s->pt, iova, size, &g) :
		      pgtbl_dirty_stop(s->pt, iova, size, &g);
	want = model_track(&s->model, iova, size, start ? MODEL_DIRTY : MODEL_STOP, 0, 0, NULL);
	CHECK(s, got == want, "dirty_start or stop: result");
	stream_check_gather(s, &g, 0);
	pgtbl_gather_merge(&s->gather, &g);
	/* What was written before it began is nobody's business. */
	for (unsigned i = s->writtens; !got && start && i-- > 0;)
		if (s->written[i] - iova < size &&
		    !model_leaf_dirty(&s->model, model_find(&s->model, s->written[i])))
			written_del(s, i);
}

static void op_fault(struct stream *s)
{
	uint64_t iova = pick_page(s);
	const struct model_leaf *leaf = model_find(&s->model, iova);

	fault(s, iova, iova > s->model.iova_last ? -EINVAL
		       : !leaf ? -ENOENT
		       : leaf->prot & PGTBL_WRITE ? 0 : -EPERM);
}

void stream_dirty(struct stream *s)
{
	switch (stream_pick(s, 8)) {
	case 0:
		op_track(s);
		break;
	case 1:
	case 2:
	case 3:
		op_read(s);
		break;
	case 4:
		op_fault(s);
		break;
	default:
		for (unsigned n = 1 + stream_pick(s, 4); n-- > 0 && !s->result->error;)
			op_dma(s);
		break;
	}
}

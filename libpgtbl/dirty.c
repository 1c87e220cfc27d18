/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* dirty.c - dirty tracking: arguments, and the bitmap. */
#include "pgtbl_dirty.h"
#include "pgtbl_priv.h"

/* Set bits first .. last. */
static void set_bits(uint64_t *bits, uint64_t first, uint64_t last)
{
	uint64_t head = ~0ull << (first % 64), tail = ~0ull >> (63 - last % 64);
	uint64_t word = first / 64, end = last / 64;

	if (word == end) {
		bits[word] |= head & tail;
		return;
	}
	bits[word++] |= head;
	while (word < end)
		bits[word++] = ~0ull;
	bits[end] |= tail;
}

void pgtbl_bitmap_set(const struct pgtbl_bitmap *bitmap, uint64_t first, uint64_t last)
{
	if (bitmap)
		set_bits(bitmap->bits, (first - bitmap->iova) >> bitmap->page_lg2,
			 (last - bitmap->iova) >> bitmap->page_lg2);
}

static bool covers(const struct pgtbl_bitmap *bitmap, uint64_t iova, uint64_t size)
{
	return bitmap && bitmap->bits && bitmap->page_lg2 >= 12 && bitmap->page_lg2 < 64 &&
	       !(bitmap->iova & ((1ull << bitmap->page_lg2) - 1)) && iova >= bitmap->iova &&
	       (iova + (size - 1) - bitmap->iova) >> bitmap->page_lg2 < bitmap->pages;
}

static int run(struct pgtbl *pt, uint64_t iova, uint64_t size, enum pgtbl_track_op op,
	       const struct pgtbl_bitmap *bitmap, struct pgtbl_gather *gather)
{
	bool accessed = op == PGTBL_TRACK_READ_ACCESSED || op == PGTBL_TRACK_LOOK_ACCESSED;

	if (!pt || !pgtbl_is_range(pt, iova, size))
		return -EINVAL;
	if (!pt->hw_ad && (accessed || !pt->ops->protects))
		return -EOPNOTSUPP;
	pt->ops->track(pt, iova, iova + (size - 1), op, bitmap, gather);
	return 0;
}

int pgtbl_dirty_start(struct pgtbl *pt, uint64_t iova, uint64_t size, struct pgtbl_gather *gather)
{
	return gather ? run(pt, iova, size, PGTBL_TRACK_READ_DIRTY, NULL, gather) : -EINVAL;
}

int pgtbl_dirty_read(struct pgtbl *pt, uint64_t iova, uint64_t size, unsigned track,
		     const struct pgtbl_bitmap *bitmap, struct pgtbl_gather *gather)
{
	enum pgtbl_track_op op;

	switch (track) {
	case PGTBL_DIRTY:
		op = PGTBL_TRACK_READ_DIRTY;
		break;
	case PGTBL_ACCESSED:
		op = PGTBL_TRACK_READ_ACCESSED;
		break;
	case PGTBL_DIRTY | PGTBL_KEEP:
		op = PGTBL_TRACK_LOOK_DIRTY;
		break;
	case PGTBL_ACCESSED | PGTBL_KEEP:
		op = PGTBL_TRACK_LOOK_ACCESSED;
		break;
	default:
		return -EINVAL;
	}
	if (!size || !covers(bitmap, iova, size) || (!gather && !(track & PGTBL_KEEP)))
		return -EINVAL;
	return run(pt, iova, size, op, bitmap, gather);
}

int pgtbl_dirty_stop(struct pgtbl *pt, uint64_t iova, uint64_t size, struct pgtbl_gather *gather)
{
	return gather ? run(pt, iova, size, PGTBL_TRACK_STOP, NULL, gather) : -EINVAL;
}

int pgtbl_dirty_fault(struct pgtbl *pt, uint64_t iova, struct pgtbl_gather *gather)
{
	if (!pt || !gather || iova > pt->iova_last)
		return -EINVAL;
	return pt->ops->fault(pt, iova, gather);
}

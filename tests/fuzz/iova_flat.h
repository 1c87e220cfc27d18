/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* iova_flat.h - a flat reference of an IOVA space: who owns each granule. */
#ifndef IOVA_FLAT_H
#define IOVA_FLAT_H

#include <stdbool.h>
#include <stdint.h>

#define FLAT_GRANULES (1u << 16)
#define FLAT_RANGES 16384

/* What owner[] says: one of these, or FLAT_RANGE + i. */
#define FLAT_FREE 0
#define FLAT_PADDING 1 /* guards, and rounding to units: taken, but nobody's */
#define FLAT_RANGE 2
#define FLAT_RESERVED 0x8000
#define FLAT_OUTSIDE 0x8001 /* not allowed */

struct flat_range {
	uint32_t first, n, padding;
};

/* Granule numbers count from @base, a multiple of FLAT_GRANULES. */
struct flat {
	uint64_t base;
	uint32_t first, last; /* usable */
	uint32_t grow_last;   /* ... one day */
	uint32_t guard;	      /* granules behind each range */
	bool exact;	      /* what is rounded up is not taken */
	unsigned nr;
	struct flat_range range[FLAT_RANGES];
	uint16_t owner[FLAT_GRANULES];
};

/* The placement rule of iova.h. */
uint64_t flat_natural(const struct flat *f, uint64_t n); /* alignment of n granules */
/* Granules behind n of them: guards, and what is rounded up to units. */
uint32_t flat_padding(const struct flat *f, uint32_t n);

bool flat_all_free(const struct flat *f, uint64_t first, uint64_t n);
/*
 * The place for n granules at @off modulo @align in [lo, hi], cut out of a block where it
 * must be: the lowest, or the highest.  @exact: what is rounded up need not be free.
 */
struct flat_wish {
	uint64_t n, align, off, lo, hi;
};
#define FLAT_NOWHERE UINT64_MAX
uint64_t flat_wish_place(const struct flat *f, const struct flat_wish *w, bool highest, bool exact);
static inline bool flat_wish_exists(const struct flat *f, const struct flat_wish *w)
{
	return flat_wish_place(f, w, false, false) != FLAT_NOWHERE;
}
/* Is there a place for n granules with this alignment in [lo, hi]? */
static inline bool flat_place_exists(const struct flat *f, uint64_t n, uint64_t align, uint64_t lo,
				     uint64_t hi)
{
	return flat_wish_exists(f, &(struct flat_wish){ n, align, 0, lo, hi });
}
/* Is the range at granule @at one that @w allows? */
bool flat_wish_fits(const struct flat *f, const struct flat_wish *w, uint64_t at);
void flat_own(struct flat *f, uint32_t first, uint32_t n, uint32_t padding);
/* What is free there becomes @mark, one of the last two; or, what is @mark, free. */
void flat_reserve(struct flat *f, uint64_t first, uint64_t n, unsigned mark);
void flat_unreserve(struct flat *f, uint64_t first, uint64_t n, unsigned mark);
/* All of it @mark? */
bool flat_all(const struct flat *f, uint64_t first, uint64_t n, unsigned mark);
void flat_disown(struct flat *f, unsigned i);
uint64_t flat_live(const struct flat *f);     /* granules of ranges */
uint64_t flat_reserved(const struct flat *f); /* granules of reservations */
/* The range that granule @i is in, or NULL. */
const struct flat_range *flat_range_at(const struct flat *f, uint64_t i);
/*
 * Is [a, b] exactly what owns granule @a: a range, rounding, or all reservations
 * of a kind that touch each other?
 */
bool flat_is_owner(const struct flat *f, uint64_t a, uint64_t b);
/* How many ranges begin in [lo, hi]. */
unsigned flat_starts(const struct flat *f, uint64_t lo, uint64_t hi);

#endif

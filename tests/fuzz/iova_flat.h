/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* iova_flat.h - a flat reference of an IOVA space: who owns each granule. */
#ifndef IOVA_FLAT_H
#define IOVA_FLAT_H

#include <stdbool.h>
#include <stdint.h>

#define FLAT_GRANULES (1u << 16)
#define FLAT_RANGES 16384
#define FLAT_RESERVATIONS 1024

/* What owner[] says: a number below, FLAT_RANGE + i, or FLAT_RESERVED + i. */
#define FLAT_FREE 0
#define FLAT_PADDING 1 /* rounded up to units at the end of a range: taken, but nobody's */
#define FLAT_RANGE 2
#define FLAT_RESERVED 0x8000

struct flat_range {
	uint32_t first, n, padding;
};

/* Granule numbers count from @base, a multiple of FLAT_GRANULES. */
struct flat {
	uint64_t base;
	uint32_t first, last; /* usable */
	unsigned nr, nr_reserved;
	struct flat_range range[FLAT_RANGES];
	struct flat_range reserved[FLAT_RESERVATIONS];
	uint16_t owner[FLAT_GRANULES];
};

/* The placement rule of iova.h. */
uint64_t flat_natural(uint64_t n); /* alignment of n granules */
uint32_t flat_padding(uint32_t n);

bool flat_all_free(const struct flat *f, uint64_t first, uint64_t n);
/* Is there a place for n granules with this alignment in [lo, hi]? */
bool flat_place_exists(const struct flat *f, uint64_t n, uint64_t align, uint64_t lo, uint64_t hi);
/* The same for a place at @off modulo @align, cut out of a block where it must be. */
struct flat_wish {
	uint64_t n, align, off, lo, hi;
};
bool flat_wish_exists(const struct flat *f, const struct flat_wish *w);
/* Is the range at granule @at one that @w allows? */
bool flat_wish_fits(const struct flat *f, const struct flat_wish *w, uint64_t at);
void flat_own(struct flat *f, uint32_t first, uint32_t n, uint32_t padding);
void flat_reserve(struct flat *f, uint32_t first, uint32_t n);
void flat_disown(struct flat *f, unsigned i);
uint64_t flat_live(const struct flat *f);     /* granules of ranges */
uint64_t flat_reserved(const struct flat *f); /* granules of reservations */
/* The range that granule @i is in, or NULL. */
const struct flat_range *flat_range_at(const struct flat *f, uint64_t i);
/* Is [a, b] exactly what owns granule @a: a range, a reservation, or rounding? */
bool flat_is_owner(const struct flat *f, uint64_t a, uint64_t b);
/* How many ranges begin in [lo, hi]. */
unsigned flat_starts(const struct flat *f, uint64_t lo, uint64_t hi);

#endif

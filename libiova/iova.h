/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* iova.h - draft contract, being written */
#ifndef IOVA_H
#define IOVA_H
#include "plat_mem.h"
#include "plat_types.h"
#ifdef __cplusplus
extern "C" {
#endif

struct iova_space;

struct iova_space_config {
	uint64_t first;	     /* first usable byte, granule aligned (usually one granule: 0 is never handed out) */
	uint64_t last;	     /* last usable byte, inclusive */
	uint8_t granule_lg2; /* 12..34 */
	unsigned cpu_slots;  /* 0: one per possible CPU */
	struct plat_mem mem; /* metadata; {NULL, NULL}: platform's own */
	unsigned flags;	     /* IOVA_SPACE_* */
};
#define IOVA_SPACE_NO_PERCPU 1u /* never use CPU-local updates (LOCK everywhere) */

struct iova_range {
	uint64_t first;
	uint64_t last; /* inclusive */
};

/* One allocation's wishes; zero means none. */
struct iova_request {
	uint64_t size;	/* bytes, rounded up to granules */
	uint64_t align; /* bytes, power of two; at least the natural alignment is always given */
	uint64_t min;	/* lowest first byte */
	uint64_t max;	/* greatest last byte; 0: end of the space */
};

/* Addresses are granule aligned, so the values -4095..-1 are free to carry -errno. */
static inline bool iova_is_err(uint64_t iova)
{
	return iova > (uint64_t)-4096;
}
static inline int iova_err(uint64_t iova)
{
	return (int)(int64_t)iova;
}

#pragma GCC visibility push(default)

int iova_space_create(struct iova_space **space, const struct iova_space_config *config);
/* Frees everything; returns how many ranges were still allocated (0: clean). */
uint64_t iova_space_destroy(struct iova_space *space);

/* Fast path: naturally aligned (smallest power of two >= size, capped by nothing), last byte <= max. */
uint64_t iova_space_alloc(struct iova_space *space, uint64_t size, uint64_t max);
uint64_t iova_space_alloc_request(struct iova_space *space, const struct iova_request *req);
/* 0, -EINVAL, -EEXIST (conflict filled in when not NULL), -ENOMEM */
int iova_space_alloc_fixed(struct iova_space *space, uint64_t iova, uint64_t size,
			   struct iova_range *conflict);
/* 0; -EINVAL: misaligned, outside, wrong size, part of a range, a reservation; -ENOENT: not allocated */
int iova_space_free(struct iova_space *space, uint64_t iova, uint64_t size);
/* What iova_space_free() would answer now, changing nothing. */
int iova_space_check(struct iova_space *space, uint64_t iova, uint64_t size);
int iova_space_reserve(struct iova_space *space, uint64_t first, uint64_t last,
		       struct iova_range *conflict);

/* Any range allocated (reservations do not count)? */
bool iova_space_in_use(struct iova_space *space);
/* The allocated range that contains iova: 0 or -ENOENT, -EINVAL */
int iova_space_find(struct iova_space *space, uint64_t iova, struct iova_range *range);
/* Calls fn in address order for each allocated range; stops at and returns the first non-zero. */
int iova_space_for_each(struct iova_space *space, uint64_t first, uint64_t last,
			int (*fn)(void *ctx, const struct iova_range *range), void *ctx);

struct iova_space_stats {
	uint64_t live_ranges;
	uint64_t live_bytes;
	uint64_t reserved_bytes;
	uint64_t metadata_bytes;
	uint64_t metadata_peak_bytes;
	uint64_t bad_frees;    /* refused: double, wrong size, foreign */
	uint64_t refills;
	uint64_t remote_frees;
};
void iova_space_stats(struct iova_space *space, struct iova_space_stats *stats);

#pragma GCC visibility pop

#ifdef __cplusplus
}
#endif
#endif

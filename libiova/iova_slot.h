/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* iova_slot.h - what a space keeps for each CPU: where to look first. */
#ifndef IOVA_SLOT_H
#define IOVA_SLOT_H

#include "plat.h"

#define IOVA_NR_CLASS 6	    /* of sizes in one word: 1, 2, 4, 8, 16 and 32 units */
#define IOVA_OWNED_LEVELS 2 /* levels 0 and 1 can be CPU-owned; above all is shared */
#define IOVA_HINTS 256	    /* that a class keeps: as many as a flush queue gives back at once */
#define IOVA_HINTS1 4	    /* further on: the same class at level 1, where 0 and 1 do not occur */

/* Hints of one class of one level: a ring, the newest below the top. */
struct iova_hints {
	uint64_t pfn[IOVA_HINTS];
	uint8_t top; /* wraps by itself */
};
_Static_assert(IOVA_HINTS == 256, "a ring of as many as its top can say");

/* One CPU's hints and cursors: read and written without order; never believed. */
struct iova_slot {
	uint64_t tick; /* plat_percpu_cas() target: proves on which CPU the caller is */
	uint64_t cursor[IOVA_OWNED_LEVELS][IOVA_NR_CLASS];
	uint64_t refills;
	uint64_t remote_frees;
	uint64_t bad_frees;
	uint32_t failed; /* searches that may fail as the one before did (refill.c) */
	struct iova_hints hint[IOVA_HINTS1 + IOVA_NR_CLASS] plat_aligned(PLAT_CACHELINE);
};

#endif

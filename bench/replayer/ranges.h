/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * ranges.h - a set of disjoint page ranges, each with a number attached.
 *
 * The trace reader keeps one per domain to check the recording against itself,
 * the checking pass keeps one per domain and side to check the allocators.
 * Addition, removal and lookup take logarithmic time whatever the ranges' sizes.
 *
 * Synchronisation: none; one thread at a time per set.
 */
#ifndef REPLAY_RANGES_H
#define REPLAY_RANGES_H

#include <stdbool.h>
#include <stdint.h>

struct range {
	uint64_t first_pfn;
	uint64_t last_pfn; /* inclusive */
	uint64_t value;
};

struct range_set {
	struct range_node *node; /* [0] is nobody: index 0 is the empty tree */
	uint32_t cap;
	uint32_t used;
	uint32_t free;
	uint32_t root;
	uint32_t count;
	uint64_t seed;
};

/* 0; -EEXIST: overlaps what *@other then holds (may be NULL); -ENOMEM. */
int ranges_add(struct range_set *set, const struct range *range, struct range *other);
/* Any range that shares a page with [@first_pfn, @last_pfn], lowest first. */
bool ranges_overlap(const struct range_set *set, uint64_t first_pfn, uint64_t last_pfn,
		    struct range *found);
/* Removes the range that starts at @first_pfn; false when there is none. */
bool ranges_take(struct range_set *set, uint64_t first_pfn, struct range *taken);
void ranges_clear(struct range_set *set);

#endif

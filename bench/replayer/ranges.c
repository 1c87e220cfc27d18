/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * ranges.c - a treap of disjoint ranges.
 *
 * Ordered by first_pfn; a heap by random priority, so the expected depth is
 * logarithmic whatever order the ranges come in.  Nodes are array elements
 * named by index: one allocation that grows, index 0 means "no child".
 * Because ranges never overlap, order by first_pfn is order by last_pfn too.
 */
#include "ranges.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct range_node {
	struct range r;
	uint32_t left, right;
	uint32_t prio;
};

static uint32_t next_prio(struct range_set *set)
{
	/* xorshift64: any full-period generator does, the seed is never zero */
	set->seed ^= set->seed << 13;
	set->seed ^= set->seed >> 7;
	set->seed ^= set->seed << 17;
	return (uint32_t)(set->seed >> 32);
}

static uint32_t node_get(struct range_set *set)
{
	uint32_t n = set->free;

	if (n) {
		set->free = set->node[n].left;
		return n;
	}
	if (set->used + 1 >= set->cap) {
		uint32_t cap = set->cap ? set->cap * 2 : 256;
		struct range_node *node = realloc(set->node, cap * sizeof(*node));

		if (!node)
			return 0;
		set->node = node;
		set->cap = cap;
		if (!set->seed)
			set->seed = 0x9e3779b97f4a7c15ull;
	}
	return ++set->used;
}

/* Splits tree @t into the nodes below @pfn and the rest. */
static void split(struct range_set *set, uint32_t t, uint64_t pfn, uint32_t *below, uint32_t *rest)
{
	while (t) {
		struct range_node *n = &set->node[t];

		if (n->r.first_pfn < pfn) {
			*below = t;
			below = &n->right;
			t = n->right;
		} else {
			*rest = t;
			rest = &n->left;
			t = n->left;
		}
	}
	*below = 0;
	*rest = 0;
}

/* All of @a lies below all of @b. */
static uint32_t merge(struct range_set *set, uint32_t a, uint32_t b)
{
	uint32_t root = 0, *link = &root;

	while (a && b) {
		if (set->node[a].prio > set->node[b].prio) {
			*link = a;
			link = &set->node[a].right;
			a = *link;
		} else {
			*link = b;
			link = &set->node[b].left;
			b = *link;
		}
	}
	*link = a ? a : b;
	return root;
}

bool ranges_overlap(const struct range_set *set, uint64_t first_pfn, uint64_t last_pfn,
		    struct range *found)
{
	uint32_t t = set->root, best = 0;

	/* The lowest range that ends at or after first_pfn. */
	while (t) {
		const struct range_node *n = &set->node[t];

		if (n->r.last_pfn >= first_pfn) {
			best = t;
			t = n->left;
		} else {
			t = n->right;
		}
	}
	if (!best || set->node[best].r.first_pfn > last_pfn)
		return false;
	if (found)
		*found = set->node[best].r;
	return true;
}

int ranges_add(struct range_set *set, const struct range *range, struct range *other)
{
	uint32_t n, *link;

	if (ranges_overlap(set, range->first_pfn, range->last_pfn, other))
		return -EEXIST;
	n = node_get(set);
	if (!n)
		return -ENOMEM;
	set->node[n].r = *range;
	set->node[n].prio = next_prio(set);
	link = &set->root;
	while (*link && set->node[*link].prio >= set->node[n].prio)
		link = range->first_pfn < set->node[*link].r.first_pfn ? &set->node[*link].left :
									 &set->node[*link].right;
	split(set, *link, range->first_pfn, &set->node[n].left, &set->node[n].right);
	*link = n;
	set->count++;
	return 0;
}

bool ranges_take(struct range_set *set, uint64_t first_pfn, struct range *taken)
{
	uint32_t n, *link = &set->root;

	while (*link && set->node[*link].r.first_pfn != first_pfn)
		link = first_pfn < set->node[*link].r.first_pfn ? &set->node[*link].left :
								  &set->node[*link].right;
	n = *link;
	if (!n)
		return false;
	*link = merge(set, set->node[n].left, set->node[n].right);
	if (taken)
		*taken = set->node[n].r;
	set->node[n].left = set->free;
	set->free = n;
	set->count--;
	return true;
}

void ranges_clear(struct range_set *set)
{
	free(set->node);
	memset(set, 0, sizeof(*set));
}

/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* test_iova_trim.c - metadata of empty areas goes back, and nothing else changes. */
#define _GNU_SOURCE
#define RIG_FLAGS IOVA_SPACE_TRIM
#include "iova_bulk.h"
#include "iova_int.h"
#include "iova_life.h"
#include "unit/iova_rig.h"

UNIT_RUN_TWICE();

#define AREA 2048u /* granules of a level-1 node */

static uint64_t metadata(struct rig *r)
{
	struct iova_space_stats st;

	iova_space_stats(r->s, &st);
	cr_assert_eq(st.metadata_bytes, r->mem.bytes);
	return st.metadata_bytes;
}

/* Nodes of the tree, the root included. */
static unsigned nodes(const struct iova_node *node)
{
	unsigned n = 1;

	for (unsigned i = 0; node->level > 1 && i < IOVA_CHILDREN; i++)
		n += node->child[i] ? nodes(node->child[i]) : 0;
	return n;
}

/* A million ranges, freed: what is held is what an unused space holds. */
Test(trim, million)
{
	enum { NR = 1000000 };
	uint64_t *iova = calloc(NR, sizeof(*iova)), unused, full;
	struct rig r;

	rig_make(&r, 0, 1ull << 35);
	unused = metadata(&r);
	for (unsigned round = 0; round < 2; round++) {
		for (unsigned i = 0; i < NR; i++)
			iova[i] = rig_alloc(&r, 1);
		full = metadata(&r);
		cr_assert_gt(full, unused + NR / AREA * sizeof(struct plat_words) * 17);
		cr_assert_eq(iova_space_trim(r.s, 0), full, "all of it is in use");
		for (unsigned i = 0; i < NR; i++)
			rig_free(&r, iova[i], 1);
		cr_assert_eq(metadata(&r), full);
		/* The table that leads to the first 4 GiB stays. */
		cr_assert_eq(iova_space_trim(r.s, 0), unused + 4096);
		cr_assert_eq(metadata(&r), unused + 4096);
	}
	cr_assert_eq(iova_space_alloc_fixed(r.s, 0, (1ull << 35) * G, NULL), 0);
	rig_free(&r, 0, 1ull << 35);
	rig_done(&r);
	free(iova);
}

/* At most the budget, and not an area less than that takes; the lowest areas stay. */
Test(trim, budget)
{
	enum { NR = 64 };
	uint64_t iova[NR], unused, full, area;
	struct rig r;

	rig_make(&r, 0, 1 << 20);
	unused = metadata(&r);
	for (unsigned i = 0; i < NR; i++) {
		iova[i] = (uint64_t)i * AREA * G;
		cr_assert_eq(iova_space_alloc_fixed(r.s, iova[i] + 7 * G, G, NULL), 0);
	}
	full = metadata(&r);
	area = (full - unused) / NR;
	for (unsigned i = 0; i < NR; i++)
		rig_free(&r, iova[i] + 7 * G, 1);
	cr_assert_eq(iova_space_trim(r.s, full), full);
	cr_assert_eq(iova_space_trim(r.s, full + 1), full);
	for (uint64_t budget = full; budget > unused + 4096 + 9 * area; budget -= area * 3) {
		uint64_t held = iova_space_trim(r.s, budget);

		cr_assert_leq(held, budget);
		cr_assert_gt(held + 2 * area, budget);
		cr_assert_eq(held, metadata(&r));
	}
	cr_assert_neq(iova_node_at(r.s, 1, 0), NULL, "the lowest area goes last");
	cr_assert_eq(iova_space_trim(r.s, 1), iova_space_trim(r.s, 0));
	cr_assert_eq(nodes(r.s->root), 1);
	rig_done(&r);
}

struct held {
	uint64_t iova, n;
};

/* One range at random is replaced, or freed; of all sizes, some at given addresses. */
static void churn(struct rig *r, struct held *h, unsigned *seed, uint64_t granules)
{
	static const uint64_t sizes[] = { 1, 2, 5, 31, 32, 33, 100, 512, 513, 2000, 9000 };

	if (h->n) {
		rig_free(r, h->iova, h->n);
		h->n = 0;
		return;
	}
	h->n = sizes[rand_r(seed) % (sizeof(sizes) / sizeof(sizes[0]))];
	if (rand_r(seed) % 4) {
		h->iova = iova_space_alloc(r->s, h->n * G, NO_MAX);
		if (iova_is_err(h->iova))
			h->n = 0;
		return;
	}
	h->iova = (1 + rand_r(seed) % (granules - h->n)) * G;
	if (iova_space_alloc_fixed(r->s, h->iova, h->n * G, NULL))
		h->n = 0;
}

static void churn_and_trim(uint64_t first_pfn, uint64_t granules, unsigned quarantine,
			   unsigned seed)
{
	enum { NR = 300 };
	struct held h[NR] = { 0 };
	uint64_t unused, before, made;
	struct iova_range got;
	struct rig r;
	struct iova_space_config c = rig_config(&r, first_pfn * G, (first_pfn + granules) * G - 1);

	c.quarantine = quarantine;
	cr_assert_eq(iova_space_create(&r.s, &c), 0);
	unused = metadata(&r);
	made = nodes(r.s->root);
	for (unsigned i = 0; i < 20000; i++) {
		rig_move(rand_r(&seed) % 2);
		churn(&r, &h[rand_r(&seed) % (i / 4000 % 2 ? NR : 3)], &seed, granules);
		if (i % 100)
			continue;
		before = rig_state(r.s);
		iova_space_trim(r.s, i % 3 ? 0 : metadata(&r) - 5000);
		cr_assert_eq(rig_state(r.s), before);
	}
	for (unsigned i = 0; i < NR; i++) {
		if (!h[i].n)
			continue;
		cr_assert_eq(iova_space_find(r.s, h[i].iova + G / 2, &got), 0);
		cr_assert_eq(got.first, h[i].iova);
		cr_assert_eq(got.last, h[i].iova + h[i].n * G - 1);
		rig_free(&r, h[i].iova, h[i].n);
		cr_assert_eq(iova_space_free(r.s, h[i].iova, h[i].n * G), -ENOENT);
	}
	iova_space_release_held(r.s);
	/* The space ends within eight units of the root: the node below them stays. */
	cr_assert_leq(iova_space_trim(r.s, 0), unused + 4096 + 2048);
	cr_assert_leq(nodes(r.s->root), made + 1);
	cr_assert_eq(iova_space_alloc_fixed(r.s, first_pfn * G, granules * G, NULL), 0);
	rig_free(&r, first_pfn * G, granules);
	iova_space_release_held(r.s);
	rig_done(&r);
}

Test(trim, churn)
{
	for (unsigned seed = 1; seed < 5; seed++)
		churn_and_trim(0, 1 << 18, 0, seed);
}

Test(trim, churn_beside_reservations)
{
	churn_and_trim(1, (1 << 18) - 1, 0, 7);
}

Test(trim, churn_quarantined)
{
	churn_and_trim(0, 1 << 18, 20, 9);
}

/* Far up in a space of 2^64 bytes: of what led there only the radix tables are left. */
Test(trim, high)
{
	struct iova_space_config c;
	uint64_t unused, tables;
	struct rig r;

	c = rig_config(&r, 0, ~0ull);
	cr_assert_eq(iova_space_create(&r.s, &c), 0);
	unused = metadata(&r);
	for (unsigned round = 0; round < 3; round++) {
		for (uint64_t at = 1ull << 40; at; at <<= 2) {
			cr_assert_eq(iova_space_alloc_fixed(r.s, at, 40 * G, NULL), 0);
			cr_assert_eq(iova_space_alloc_fixed(r.s, at + 64 * G, G, NULL), 0);
		}
		for (uint64_t at = 1ull << 40; at; at <<= 2) {
			rig_free(&r, at, 40);
			rig_free(&r, at + 64 * G, 1);
		}
		iova_space_trim(r.s, 0);
		cr_assert_eq(nodes(r.s->root), 1);
		if (!round)
			tables = metadata(&r) - unused;
		cr_assert_eq(metadata(&r) - unused, tables, "the tables are there already");
	}
	cr_assert_leq(tables, 12 * 6 * 4096);
	rig_done(&r);
}

/* Frees that wait to be collected by their CPU do not keep an area. */
Test(trim, remote)
{
	enum { NR = 3000 };
	uint64_t iova[NR], unused;
	struct rig r;

	rig_make(&r, 0, 1 << 20);
	unused = metadata(&r);
	rig_move(0);
	for (unsigned i = 0; i < NR; i++)
		iova[i] = rig_alloc(&r, 1 + i % 40);
	rig_move(1);
	for (unsigned i = 0; i < NR; i++)
		rig_free(&r, iova[i], 1 + i % 40);
	cr_assert_leq(iova_space_trim(r.s, 0), unused + 4096 + 2048);
	rig_move(0);
	for (unsigned i = 0; i < NR; i++) {
		cr_assert_eq(iova_space_free(r.s, iova[i], (1 + i % 40) * G), -ENOENT);
		iova[i] = rig_alloc(&r, 1 + i % 40);
	}
	for (unsigned i = 0; i < NR; i++)
		rig_free(&r, iova[i], 1 + i % 40);
	rig_done(&r);
}

/* A trim asks for no memory; afterwards every allocation may run out of it. */
Test(trim, no_memory)
{
	struct rig r;
	uint64_t a, before;

	rig_make(&r, 0, 1 << 20);
	a = rig_alloc(&r, 1);
	rig_free(&r, a, 1);
	before = rig_state(r.s);
	for (unsigned nth = 1; nth < 8; nth++) {
		uint64_t failed = r.mem.failed;

		r.mem.fail_all = true;
		iova_space_trim(r.s, 0);
		cr_assert_eq(nodes(r.s->root), 1);
		cr_assert_eq(r.mem.failed, failed);
		cr_assert_eq(iova_space_alloc(r.s, G, NO_MAX), (uint64_t)-ENOMEM);
		r.mem.fail_all = false;
		r.mem.fail_at = r.mem.calls + nth;
		a = iova_space_alloc(r.s, G, NO_MAX);
		if (!iova_is_err(a))
			rig_free(&r, a, 1);
		else
			cr_assert_eq(iova_err(a), -ENOMEM);
		cr_assert_eq(rig_state(r.s), before);
	}
	rig_done(&r);
}

static int trim_in_walk(void *ctx, const struct iova_range *range)
{
	struct rig *r = ctx;

	cr_assert_eq(iova_space_free(r->s, range->first, range->last - range->first + 1), 0);
	iova_space_trim(r->s, 0);
	return 0;
}

/* A callback of a walk may free, and trim what the walk stands in. */
Test(trim, from_a_walk)
{
	struct rig r;

	rig_make(&r, 0, 1 << 20);
	for (unsigned i = 0; i < 5000; i++)
		rig_alloc(&r, 1 + i % 3 * 20);
	cr_assert_eq(iova_space_for_each(r.s, 0, NO_MAX, trim_in_walk, &r), 0);
	cr_assert_eq(nodes(r.s->root), 1);
	rig_done(&r);
}

/* At rest: no search for room since the last call. */
Test(trim, idle)
{
	uint64_t iova[500], unused, full;
	struct rig r;

	rig_make(&r, 0, 1 << 20);
	unused = metadata(&r);
	for (unsigned round = 0; round < 2; round++) {
		for (unsigned i = 0; i < 500; i++)
			iova[i] = rig_alloc(&r, 30);
		full = metadata(&r);
		cr_assert_eq(iova_space_trim_idle(r.s), 1, "there were refills");
		cr_assert_eq(iova_space_trim_idle(r.s), 0, "all is in use");
		cr_assert_eq(metadata(&r), full);
		for (unsigned i = 0; i < 500; i++)
			rig_free(&r, iova[i], 30);
		cr_assert_eq(iova_space_trim_idle(r.s), 0);
		cr_assert_leq(metadata(&r), unused + 4096 + 2048);
	}
	rig_done(&r);
}

/* So much and no more at a time, from the top; in the end all of it, nodes above areas too. */
Test(trim, idle_in_steps)
{
	enum { NR = 1000, STEP = 64 };
	unsigned before, after, calls = 0;
	uint64_t unused;
	struct rig r;
	int more;

	rig_make(&r, 0, 1ull << 24);
	unused = metadata(&r);
	for (uint64_t i = 0; i < NR; i++)
		cr_assert_eq(iova_space_alloc_fixed(r.s, i * AREA * G, G, NULL), 0);
	while (iova_space_trim_idle(r.s))
		cr_assert_lt(calls++, NR / STEP + 2, "an end, where all is in use");
	for (uint64_t i = 0; i < NR; i++)
		rig_free(&r, i * AREA * G, 1);
	before = nodes(r.s->root);
	for (calls = 0; (more = iova_space_trim_idle(r.s)) >= 0 && calls < NR; calls++) {
		after = nodes(r.s->root);
		cr_assert_leq(before - after, STEP + STEP / IOVA_CHILDREN + 3);
		before = after;
		if (!more)
			break;
	}
	cr_assert_eq(more, 0);
	cr_assert_leq(nodes(r.s->root), 2);
	cr_assert_leq(metadata(&r), unused + 4 * 4096);
	rig_done(&r);
}

/* A reservation keeps its area, whole or in part, and no other does. */
Test(trim, reserved)
{
	struct iova_space_stats st;
	struct rig r;
	uint64_t a;

	rig_make(&r, 0, 1 << 20);
	cr_assert_eq(iova_space_reserve(r.s, 5 * AREA * G, 5 * AREA * G + G - 1, NULL), 0);
	cr_assert_eq(iova_space_reserve(r.s, 8 * AREA * G, 9 * AREA * G - 1, NULL), 0);
	a = rig_alloc(&r, 1);
	rig_free(&r, a, 1);
	iova_space_trim(r.s, 0);
	cr_assert_neq(iova_node_at(r.s, 1, 5 * AREA), NULL);
	cr_assert_eq(iova_node_at(r.s, 1, 5 * AREA)->level, 1);
	cr_assert_null(iova_node_at(r.s, 1, 0));
	iova_space_stats(r.s, &st);
	cr_assert_eq(st.reserved_bytes, (AREA + 1) * G);
	cr_assert_eq(iova_space_alloc_fixed(r.s, 5 * AREA * G, G, NULL), -EEXIST);
	cr_assert_eq(iova_space_unreserve(r.s, 5 * AREA * G, 5 * AREA * G + G - 1), 0);
	cr_assert_eq(iova_space_unreserve(r.s, 8 * AREA * G, 9 * AREA * G - 1), 0);
	iova_space_trim(r.s, 0);
	cr_assert_eq(nodes(r.s->root), 1);
	rig_done(&r);
}

/* Checked, then freed by another hand and its area given back, then freed as checked. */
Test(trim, checked)
{
	struct iova_checked checked;
	struct rig r;
	uint64_t a;

	rig_make(&r, 0, 1 << 20);
	a = rig_alloc(&r, 3);
	cr_assert_eq(iova_space_check_free(r.s, a, 3 * G, &checked), 0);
	rig_free(&r, a, 3);
	iova_space_trim(r.s, 0);
	cr_assert_eq(nodes(r.s->root), 1);
	cr_assert_eq(iova_space_free_checked(r.s, a, 3 * G, &checked), -ENOENT);
	cr_assert_eq(iova_space_alloc_fixed(r.s, a, 3 * G, NULL), 0);
	cr_assert_eq(iova_space_free_checked(r.s, a, 3 * G, &checked), 0);
	rig_done(&r);
}

/* A space that was not made for it keeps what it has. */
Test(trim, not_asked_for)
{
	struct iova_space_config c;
	uint64_t iova, full;
	struct rig r;

	c = rig_config(&r, 0, (1ull << 35) * G - 1);
	c.flags = 0;
	cr_assert_eq(iova_space_create(&r.s, &c), 0);
	iova = rig_alloc(&r, 1);
	rig_free(&r, iova, 1);
	full = metadata(&r);
	cr_assert_eq(iova_space_trim(r.s, 0), full);
	cr_assert_eq(iova_space_trim_idle(r.s), 0);
	cr_assert_eq(iova_space_trim_idle(r.s), 0);
	cr_assert_eq(metadata(&r), full);
	rig_done(&r);
}

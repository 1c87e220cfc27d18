/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* test_iova_life.c - CPUs that go away, ranges held back. */
#define _GNU_SOURCE
#include "iova_bulk.h"
#include "iova_int.h"
#include "iova_life.h"
#include "unit/iova_rig.h"

UNIT_RUN_TWICE();

static unsigned owned_below(const struct iova_node *node, unsigned cpu)
{
	unsigned nr = 0;

	for (unsigned i = 0; i < 4; i++)
		nr += iova_own(node->line.word[i].ctl) == cpu;
	for (unsigned i = 0; node->level == 1 && i < IOVA_CHILDREN * 4; i++)
		nr += iova_own(node->line0[i / 4].word[i % 4].ctl) == cpu;
	for (unsigned i = 0; node->level > 1 && i < IOVA_CHILDREN; i++)
		nr += node->child[i] ? owned_below(node->child[i], cpu) : 0;
	return nr;
}

/* Words that @cpu owns. */
static unsigned owned_by(struct iova_space *s, unsigned cpu)
{
	return owned_below(s->root, cpu);
}

/* Ranges of many sizes on one CPU, some freed on another: drained, they are what they were. */
Test(life, drain)
{
	enum { NR = 600 };
	struct iova_space_stats a, b;
	uint64_t iova[NR], before;
	struct rig r;
	unsigned cpu;

	rig_make(&r, 1, (1 << 20) - 1);
	rig_move(0);
	cpu = plat_cpu();
	for (unsigned i = 0; i < NR; i++)
		iova[i] = rig_alloc(&r, 1 + i % 70);
	rig_move(1);
	for (unsigned i = 0; i < NR; i += 3)
		rig_free(&r, iova[i], 1 + i % 70);
	before = rig_state(r.s);
	iova_space_stats(r.s, &a);
	cr_assert(!plat_percpu_ok() || owned_by(r.s, cpu) > 10);
	cr_assert_eq(iova_space_drain(r.s, cpu), 0);
	cr_assert_eq(owned_by(r.s, cpu), 0);
	cr_assert_eq(rig_state(r.s), before);
	iova_space_stats(r.s, &b);
	cr_assert_eq(a.live_bytes, b.live_bytes);
	cr_assert_eq(a.metadata_bytes, b.metadata_bytes, "a drain needs no memory");
	cr_assert_eq(b.raced_free_bytes + b.bad_frees, 0);
	for (unsigned i = 0; i < NR; i++) {
		rig_move(i & 1);
		if (i % 3)
			rig_free(&r, iova[i], 1 + i % 70);
		cr_assert_eq(iova_space_free(r.s, iova[i], (1 + i % 70) * G), -ENOENT);
	}
	cr_assert_eq(iova_space_alloc_fixed(r.s, G, ((1 << 20) - 1) * G, NULL), 0);
	rig_free(&r, G, (1 << 20) - 1);
	rig_done(&r);
}

/* A CPU without a slot owns nothing; one that goes on after its drain owns again. */
Test(life, drain_and_go_on)
{
	struct rig r;
	unsigned cpu;

	rig_make(&r, 1, 1 << 20);
	rig_move(0);
	cpu = plat_cpu();
	cr_assert_eq(iova_space_drain(r.s, ~0u), 0);
	cr_assert_eq(iova_space_drain(r.s, r.s->nr_slots), 0);
	cr_assert_eq(iova_space_drain(r.s, cpu), 0);
	for (unsigned round = 0; round < 5; round++) {
		uint64_t iova[200];

		for (unsigned i = 0; i < 200; i++)
			iova[i] = rig_alloc(&r, 1 + i % 5);
		cr_assert_eq(iova_space_drain(r.s, cpu), 0);
		cr_assert_eq(owned_by(r.s, cpu), 0);
		for (unsigned i = 0; i < 200; i++)
			rig_free(&r, iova[i], 1 + i % 5);
	}
	rig_done(&r);
}

static void make_held(struct rig *r, uint64_t first_pfn, uint64_t granules, unsigned quarantine)
{
	struct iova_space_config c =
		rig_config(r, first_pfn * G, (first_pfn + granules) * G - 1);

	c.quarantine = quarantine;
	cr_assert_eq(iova_space_create(&r->s, &c), 0);
}

/* A freed range comes back after exactly so many frees, and is refused until then and after. */
Test(life, quarantine)
{
	static const uint64_t sizes[] = { 1, 3, 32, 33, 400, 600, 9000 };

	for (unsigned k = 0; k < 7; k++) {
		uint64_t n = sizes[k], size = n * G, first, other[10];
		struct iova_range got;
		struct rig r;

		make_held(&r, 1, 1 << 20, 10);
		first = rig_alloc(&r, n);
		for (unsigned i = 0; i < 10; i++)
			other[i] = rig_alloc(&r, n);
		rig_free(&r, first, n);
		for (unsigned i = 0; i < 10; i++) {
			cr_assert_eq(iova_space_free(r.s, first, size), -ENOENT);
			cr_assert_eq(iova_space_check(r.s, first, size), -ENOENT);
			cr_assert_eq(iova_space_find(r.s, first, &got), -ENOENT);
			cr_assert_eq(iova_space_free_bulk(r.s, size, &first, 1), 1);
			cr_assert_neq(rig_alloc(&r, n), first);
			rig_free(&r, other[i], n);
		}
		cr_assert_eq(iova_space_free(r.s, first, size), -ENOENT);
		cr_assert_eq(iova_space_alloc_fixed(r.s, first, size, NULL), 0);
		cr_assert_eq(iova_space_check(r.s, first, size), 0);
		rig_free(&r, first, n);
		cr_assert_eq(iova_space_free(r.s, first, size), -ENOENT);
		cr_assert_eq(iova_space_release_held(r.s), 10);
		cr_assert_eq(iova_space_release_held(r.s), 0);
		cr_assert_eq(iova_space_destroy(r.s), 10);
		cr_assert(count_mem_clean(&r.mem));
	}
}

/* What is held back is in nobody's way: it is used before anybody is refused. */
Test(life, quarantine_gives_way)
{
	struct rig r;

	make_held(&r, 64, 64, 1000);
	for (unsigned round = 0; round < 5; round++) {
		uint64_t iova[64], got;

		for (unsigned i = 0; i < 64; i++)
			iova[i] = rig_alloc(&r, 1);
		cr_assert_eq(iova_space_alloc(r.s, G, NO_MAX), (uint64_t)-ENOSPC);
		for (unsigned i = 0; i < 64; i++)
			rig_free(&r, iova[i], 1);
		cr_assert(!iova_space_in_use(r.s));
		got = rig_alloc(&r, 64);
		rig_free(&r, got, 64);
		cr_assert_eq(iova_space_alloc_fixed(r.s, 65 * G, 7 * G, NULL), 0);
		rig_free(&r, 65 * G, 7);
		cr_assert_eq(iova_space_reserve(r.s, 66 * G, 67 * G - 1, NULL), 0);
		cr_assert_eq(iova_space_unreserve(r.s, 66 * G, 67 * G - 1), 0);
	}
	rig_done(&r);
}

Test(life, quarantine_configured)
{
	struct rig r;
	struct iova_space_config c = rig_config(&r, G, 1024 * G - 1);

	c.quarantine = IOVA_QUARANTINE_MAX + 1;
	cr_assert_eq(iova_space_create(&r.s, &c), -EINVAL);
	c.quarantine = IOVA_QUARANTINE_MAX;
	for (unsigned nth = 1; nth < 5; nth++) {
		r.mem.fail_at = r.mem.calls + nth;
		cr_assert_eq(iova_space_create(&r.s, &c), -ENOMEM);
		cr_assert(count_mem_clean(&r.mem));
	}
	r.mem.fail_at = 0;
	cr_assert_eq(iova_space_create(&r.s, &c), 0);
	rig_done(&r);
}

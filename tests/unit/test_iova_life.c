/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* test_iova_life.c - CPUs that go away. */
#define _GNU_SOURCE
#include "iova_int.h"
#include "iova_life.h"
#include "unit/iova_rig.h"

UNIT_RUN_TWICE();

/* Words of the levels below @s->root that @cpu owns. */
static unsigned owned_by(struct iova_space *s, unsigned cpu)
{
	unsigned nr = 0;

	for (struct iova_node *node = s->nodes; node; node = node->next) {
		for (unsigned i = 0; i < 4; i++)
			nr += iova_own(node->line.ctl[i]) == cpu;
		for (unsigned i = 0; node->level == 1 && i < IOVA_CHILDREN * 4; i++)
			nr += iova_own(node->line0[i / 4].ctl[i % 4]) == cpu;
	}
	return nr;
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

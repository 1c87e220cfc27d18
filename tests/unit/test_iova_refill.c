/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * test_iova_refill.c - full spaces: -ENOSPC exactly when there is no place, and
 * room that comes back is found, whoever left it (refill.c, search.c, reclaim.c).
 */
#define _GNU_SOURCE
#include "plat.h"
#include "tap.h"
#include "unit/iova_rig.h"

#include <pthread.h>

UNIT_RUN_TWICE();

#define SPACE 4096u

static uint64_t at[SPACE];

/* As many ranges of n granules as there are; moves CPU after each if @hop. */
static unsigned fill(struct rig *r, uint64_t n, bool hop)
{
	for (unsigned i = 0;; i++) {
		uint64_t iova;

		if (hop)
			rig_move(i & 1);
		iova = iova_space_alloc(r->s, n * G, NO_MAX);
		if (iova_is_err(iova)) {
			cr_assert_eq(iova_err(iova), -ENOSPC);
			return i;
		}
		at[i] = iova;
	}
}

static void shuffle(unsigned nr, uint64_t *seed)
{
	for (unsigned i = nr; i > 1; i--) {
		unsigned k = (unsigned)(tap_random(seed) % i);
		uint64_t v = at[k];

		at[k] = at[i - 1];
		at[i - 1] = v;
	}
}

/* Every size fills the space to the last place that its alignment leaves. */
Test(refill, every_size_fills_the_space)
{
	uint64_t seed = tap_seed();
	struct rig r;

	rig_make(&r, 0, SPACE);
	for (uint64_t n = 1; n <= SPACE; n += n < 40 ? 1 : n / 3) {
		unsigned nr = fill(&r, n, n & 1);

		cr_assert_eq(nr, SPACE / rule_align(n), "%llu granules: %u places",
			     (unsigned long long)n, nr);
		shuffle(nr, &seed);
		for (unsigned i = 0; i < nr; i++) {
			rig_move(i >> 1 & 1);
			rig_free(&r, at[i], n);
		}
		cr_assert(!iova_space_in_use(r.s));
	}
	rig_done(&r);
}

/* While there is other room, two CPUs have no words in one line of 8 MiB: they share no cache line. */
Test(refill, lines_of_two_cpus)
{
	static const uint64_t sizes[] = { 64, 1, 512, 128, 16, 256 };
	static unsigned char of[1u << 15]; /* by whom a line was used, as bits */
	unsigned nr = 0;
	struct rig r;

	rig_make(&r, 0, 1u << 26);
	for (unsigned i = 0; rig_move(1) && i < SPACE; i++) {
		unsigned cpu = i / 3 & 1;

		rig_move(cpu);
		at[nr] = rig_alloc(&r, sizes[i % 6]);
		if (at[nr] / G < 1u << 26)
			of[at[nr] / G >> 11] |= (unsigned char)(1u << cpu);
		nr++;
	}
	for (unsigned i = 0; plat_percpu_ok() && i < sizeof(of); i++)
		cr_assert_neq(of[i], 3, "line %u", i);
	for (unsigned i = 0; i < nr; i++)
		rig_free(&r, at[i], sizes[i % 6]);
	rig_done(&r);
}

/* Filled with single granules and emptied: then it is one range. */
Test(refill, small_then_whole)
{
	for (unsigned mode = 0; mode < 4; mode++) {
		struct rig r;

		rig_make(&r, 0, SPACE);
		rig_move(0);
		cr_assert_eq(fill(&r, 1, mode & 1), SPACE);
		rig_move(mode >> 1);
		for (unsigned i = 0; i < SPACE; i++)
			rig_free(&r, at[i], 1);
		cr_assert_eq(rig_alloc(&r, SPACE), 0);
		cr_assert_eq(iova_space_alloc(r.s, 1, NO_MAX), (uint64_t)-ENOSPC);
		rig_free(&r, 0, SPACE);
		cr_assert_eq(fill(&r, 1, false), SPACE);
		for (unsigned i = 0; i < SPACE; i++)
			rig_free(&r, at[i], 1);
		rig_done(&r);
	}
}

/* Freed ranges that lay anywhere leave no trace in where the next ones lie. */
Test(refill, alignment_after_fixed_ranges)
{
	struct rig r;

	rig_make(&r, 0, SPACE);
	for (uint64_t n = 2; n <= 512; n *= 2) {
		unsigned nr;

		rig_move(0);
		for (uint64_t i = n / 2; i + n <= SPACE; i += n) {
			cr_assert_eq(iova_space_alloc_fixed(r.s, i * G, n * G, NULL), 0);
			rig_free(&r, i * G, n);
		}
		/* All words begin anew, and serve single granules. */
		cr_assert_eq(rig_alloc(&r, SPACE), 0);
		rig_free(&r, 0, SPACE);
		cr_assert_eq(fill(&r, 1, false), SPACE);
		for (unsigned i = 0; i < SPACE; i++)
			rig_free(&r, at[i], 1);
		nr = fill(&r, n, n & 2);
		cr_assert_eq(nr, SPACE / n);
		for (unsigned i = 0; i < nr; i++) {
			cr_assert_eq(at[i] & (n * G - 1), 0);
			rig_free(&r, at[i], n);
		}
	}
	rig_done(&r);
}

/* In a full space, each single granule that is freed is found, by either CPU. */
Test(refill, one_hole)
{
	struct rig r;

	rig_make(&r, 0, SPACE);
	cr_assert_eq(fill(&r, 1, true), SPACE);
	for (unsigned i = 0; i < SPACE; i += 3) {
		uint64_t iova = (i * 1009ull % SPACE) * G;

		rig_move(i & 1);
		cr_assert_eq(iova_space_alloc(r.s, G, NO_MAX), (uint64_t)-ENOSPC);
		rig_free(&r, iova, 1);
		cr_assert_eq(iova_space_alloc(r.s, 2 * G, NO_MAX), (uint64_t)-ENOSPC);
		rig_move(i >> 1 & 1);
		cr_assert_eq(iova_space_alloc(r.s, G, NO_MAX), iova);
	}
	cr_assert_eq(iova_space_destroy(r.s), SPACE);
	cr_assert(count_mem_clean(&r.mem));
}

/* Holes of one granule are no room for two, until two of them meet. */
Test(refill, alternating_holes)
{
	struct rig r;

	rig_make(&r, 0, SPACE);
	cr_assert_eq(fill(&r, 1, false), SPACE);
	for (uint64_t i = 0; i < SPACE; i += 2)
		rig_free(&r, i * G, 1);
	for (uint64_t i = 1; i < SPACE; i += 62) {
		uint64_t pair = (i - 1) * G;

		rig_move(i >> 1 & 1);
		cr_assert_eq(iova_space_alloc(r.s, 2 * G, NO_MAX), (uint64_t)-ENOSPC);
		rig_free(&r, i * G, 1);
		rig_move(i >> 2 & 1);
		cr_assert_eq(iova_space_alloc(r.s, 2 * G, NO_MAX), pair);
	}
	iova_space_destroy(r.s);
	cr_assert(count_mem_clean(&r.mem));
}

/* What one CPU allocated and another freed is room for both. */
Test(refill, freed_elsewhere)
{
	struct iova_space_stats st;
	struct rig r;
	bool two;

	rig_make(&r, 0, SPACE);
	for (uint64_t n = 1; n <= 512; n *= 2) {
		for (unsigned round = 0; round < 4; round++) {
			unsigned nr;

			rig_move(round & 1);
			nr = fill(&r, n, false);
			cr_assert_eq(nr, SPACE / n);
			two = rig_move(round < 2 ? !(round & 1) : round & 1);
			for (unsigned i = 0; i < nr; i++)
				rig_free(&r, at[i], n);
		}
	}
	iova_space_stats(r.s, &st);
	if (two && plat_percpu_ok())
		cr_assert_gt(st.remote_frees, 100);
	cr_assert_eq(st.bad_frees, 0);
	rig_done(&r);
}

/* Ranges of many levels, above 4 GiB and 2^47 as well, none of which overlap. */
Test(refill, large_ranges)
{
	static const uint64_t lowest[] = { 0, 1ull << 32, 1ull << 47, (1ull << 56) - G };
	static uint64_t size[512];
	struct rig r;
	unsigned nr = 0;

	rig_make(&r, 1, (1ull << 48) - 1); /* 60 bits */
	for (unsigned b = 0; b < 4; b++)
		for (uint64_t n = 1; n <= 1ull << 36; n = n * 3 + 1) {
			struct iova_request q = { .size = n * G, .min = lowest[b] };
			struct iova_range hit;
			uint64_t iova = iova_space_alloc_request(r.s, &q);

			cr_assert(!iova_is_err(iova) && iova >= lowest[b]);
			cr_assert_eq(iova & (rule_align(n) * G - 1), 0);
			for (unsigned i = 0; i < nr; i++)
				cr_assert(iova + n * G <= at[i] || at[i] + size[i] * G <= iova);
			cr_assert_eq(iova_space_find(r.s, iova + n * G - 1, &hit), 0);
			cr_assert(hit.first == iova && hit.last == iova + n * G - 1);
			cr_assert_eq(iova_space_free(r.s, iova, n * G - G), -EINVAL);
			cr_assert_eq(iova_space_free(r.s, iova, n * G + G), -EINVAL);
			at[nr] = iova;
			size[nr++] = n;
		}
	while (nr--)
		rig_free(&r, at[nr], size[nr]);
	cr_assert_eq(iova_space_alloc_fixed(r.s, G, (1ull << 60) - 2 * G, NULL), 0);
	rig_free(&r, G, (1ull << 48) - 2);
	rig_done(&r);
}

/* A 32-bit mask in a large space: only below, to the last place. */
Test(refill, below_4_gib_first)
{
	const uint64_t chunk = 1 << 16, max = UINT32_MAX; /* 256 MiB */
	struct rig r;

	rig_make(&r, 1, (1ull << 36) - 1);
	for (unsigned i = 0; i < 15; i++) { /* the lowest place has granule 0 in it */
		uint64_t iova = iova_space_alloc(r.s, chunk * G, max);

		cr_assert(!iova_is_err(iova) && iova + chunk * G - 1 <= max);
	}
	cr_assert_eq(iova_space_alloc(r.s, chunk * G, max), (uint64_t)-ENOSPC);
	for (uint64_t n = chunk / 2; n; n /= 2)
		cr_assert_eq(iova_space_alloc(r.s, n * G, max), n * G);
	cr_assert_eq(iova_space_alloc(r.s, G, max), (uint64_t)-ENOSPC);
	cr_assert_eq(iova_space_alloc(r.s, G, max + G), max + 1);
	cr_assert_eq(iova_space_alloc(r.s, chunk * G, NO_MAX) >> 32, 1);
	cr_assert_eq(iova_space_destroy(r.s), 15 + 16 + 2);
	cr_assert(count_mem_clean(&r.mem));
}

/* Both free the same range at once: one owner afterwards, and nothing is lost. */
struct race {
	struct rig *r;
	pthread_barrier_t *barrier;
	uint64_t iova, n;
	unsigned cpu, ok, other, rounds;
	uint64_t *next;
	unsigned *arrived;
};

static void *race(void *arg)
{
	struct race *c = arg;

	rig_move(c->cpu);
	for (unsigned i = 0; i < c->rounds; i++) {
		int e;

		pthread_barrier_wait(c->barrier);
		e = iova_space_free(c->r->s, *c->next, c->n * G);
		c->ok += !e;
		c->other += e && e != -ENOENT && e != -EINVAL;
		pthread_barrier_wait(c->barrier);
		if (!c->cpu)
			*c->next = iova_space_alloc(c->r->s, c->n * G, NO_MAX);
	}
	return NULL;
}

/* Both leave at the same instant, if both run; pthread barriers wake one after the other. */
static void meet(unsigned *arrived, unsigned round)
{
	plat_fetch_add_full(arrived, 1);
	for (unsigned spins = 0; plat_load_acquire(arrived) < 2 * round; spins++)
		if (spins > 2000)
			sched_yield();
}

/* A range in pieces: exactly one of the two succeeds. */
static void *race_for_pieces(void *arg)
{
	struct race *c = arg;

	rig_move(c->cpu);
	for (unsigned i = 0; i < c->rounds; i++) {
		meet(c->arrived, 2 * i + 1);
		c->ok += !iova_space_free(c->r->s, c->iova, c->n * G);
		meet(c->arrived, 2 * i + 2);
		if (!c->cpu)
			c->other += iova_space_alloc_fixed(c->r->s, c->iova, c->n * G, NULL) != 0;
	}
	return NULL;
}

Test(refill, racing_frees_of_pieces)
{
	unsigned rounds = tap_long() ? 100000 : 5000, arrived = 0;
	struct race c[2];
	pthread_t other;
	struct rig r;

	rig_make(&r, 1, 1023);
	cr_assert_eq(iova_space_alloc_fixed(r.s, 31 * G, 600 * G, NULL), 0);
	for (unsigned k = 0; k < 2; k++)
		c[k] = (struct race){ .r = &r, .arrived = &arrived, .iova = 31 * G, .n = 600,
				      .cpu = k, .rounds = rounds };
	cr_assert_eq(pthread_create(&other, NULL, race_for_pieces, &c[1]), 0);
	race_for_pieces(&c[0]);
	pthread_join(other, NULL);
	cr_assert_eq(c[0].other, 0);
	cr_assert_eq(c[0].ok + c[1].ok, rounds);
	rig_free(&r, 31 * G, 600);
	rig_done(&r);
}

Test(refill, racing_frees)
{
	static const uint64_t sizes[] = { 1, 4, 32, 48, 512, 513 };

	for (unsigned i = 0; i < 6; i++) {
		unsigned rounds = tap_long() ? 20000 : 1000;
		pthread_barrier_t barrier;
		struct race c[2];
		uint64_t next;
		pthread_t other;
		struct rig r;

		/* Just enough room for one: what is lost shows at once. */
		rig_make(&r, 0, rule_align(sizes[i]) < 32 ? 32 : 1024);
		while (!iova_is_err(next = iova_space_alloc(r.s, sizes[i] * G, NO_MAX)))
			at[0] = next;
		next = at[0];
		pthread_barrier_init(&barrier, NULL, 2);
		for (unsigned k = 0; k < 2; k++)
			c[k] = (struct race){ .r = &r, .barrier = &barrier, .n = sizes[i], .cpu = k,
					      .next = &next, .rounds = rounds };
		cr_assert_eq(pthread_create(&other, NULL, race, &c[1]), 0);
		race(&c[0]);
		pthread_join(other, NULL);
		pthread_barrier_destroy(&barrier);
		cr_assert(!iova_is_err(next), "%llu granules: lost", (unsigned long long)sizes[i]);
		cr_assert(c[0].ok + c[1].ok >= rounds && c[0].ok + c[1].ok <= 2 * rounds);
		cr_assert_eq(c[0].other + c[1].other, 0);
		cr_assert_eq(iova_space_alloc(r.s, sizes[i] * G, NO_MAX), (uint64_t)-ENOSPC);
		iova_space_destroy(r.s);
		cr_assert(count_mem_clean(&r.mem));
	}
}

/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * test_dmap_iotlb.c - random streams against a device that forgets only when told.
 *
 * The device touches mappings at random moments: after map, before unmap, and also
 * after unmap, when a lazy mapping may still answer.  env_map() asserts that no new
 * range is remembered from an earlier life; here it is also asserted that the
 * device never reaches memory that a strict unmap has ended.
 */
#include "test_dmap_env.h"

UNIT_RUN_TWICE();

#define LIVE 64
#define STEPS 4000

struct live {
	uint64_t iova;
	uint64_t size;
	uint64_t phys;
};

static struct env env;

struct stream {
	uint64_t random;
	struct live live[LIVE];
	uint64_t next_phys;
	bool strict;
};

static uint64_t pick(struct stream *s, uint64_t n)
{
	return env_random(&s->random) % n;
}

static void touch(struct stream *s, const struct live *l)
{
	uint64_t off = pick(s, l->size), phys = 0;

	cr_assert_eq(env_access(&env, l->iova + off, &phys), 0);
	cr_assert_eq(phys, l->phys + off);
}

static void map_one(struct stream *s, struct live *l)
{
	static const unsigned pages[] = { 1, 1, 1, 2, 3, 4, 7, 16, 33, 130 };

	l->size = pages[pick(s, 10)] * PAGE - pick(s, 2) * pick(s, PAGE);
	l->phys = s->next_phys + pick(s, 2) * pick(s, PAGE);
	s->next_phys += 256 * PAGE; /* never used twice: a stale answer shows */
	l->iova = env_map(&env, l->phys, l->size, NO_LIMIT);
	cr_assert(!iova_is_err(l->iova) || iova_err(l->iova) == -ENOSPC);
	if (iova_is_err(l->iova))
		l->size = 0;
	else if (pick(s, 2))
		touch(s, l);
}

static void unmap_one(struct stream *s, struct live *l)
{
	uint64_t phys;
	int r;

	for (uint64_t n = pick(s, 4); n; n--)
		touch(s, l);
	r = dmap_unmap(env.space, l->iova, l->size);
	cr_assert(r == 0 || r == -ETIMEDOUT || r == -EIO);
	if (s->strict && !r)
		cr_assert_eq(env_access(&env, l->iova + pick(s, l->size), &phys), -ENOENT);
	else if (!env_access(&env, l->iova, &phys))
		cr_assert_eq(phys, l->phys); /* stale, but not somebody else's */
	l->size = 0;
}

static void run(struct stream *s, struct env_options o, const enum dmap_simq_fault *fault)
{
	env_open(&env, &o);
	env.clock_step_ns = 50;
	s->next_phys = 1ull << 32;
	s->strict = o.dmap.mode == DMAP_STRICT;
	for (int i = 0; i < STEPS; i++) {
		struct live *l = &s->live[pick(s, LIVE)];

		if (fault && pick(s, 50) == 0)
			dmap_simq_inject(env.simq, fault[pick(s, 4)], pick(s, 3), pick(s, 4));
		if (pick(s, 100) == 0)
			dmap_flush(env.space, pick(s, 2));
		if (l->size)
			unmap_one(s, l);
		else
			map_one(s, l);
	}
	dmap_simq_inject(env.simq, DMAP_SIMQ_NONE, 0, 0);
	for (int i = 0; i < LIVE; i++)
		if (s->live[i].size)
			unmap_one(s, &s->live[i]);
	env_close(&env);
}

/* A small space, so that addresses come back soon. */
static const struct iova_space_config small = { .first = PAGE, .last = 4096 * PAGE - 1 };
static const enum dmap_simq_fault faults[] = { DMAP_SIMQ_LOST, DMAP_SIMQ_ERROR, DMAP_SIMQ_FULL,
					       DMAP_SIMQ_BROKEN };

static struct env_options options(enum dmap_mode mode, uint64_t latency_ns, unsigned entries)
{
	return (struct env_options){
		.dmap = { .mode = mode, .lazy_entries = entries },
		.simq = { .latency_ns = latency_ns, .entries = 8, .timeout_ns = 20000 },
		.iova = small,
		.clock = true,
		.pgtbl_flags = PGTBL_UNLINK,
	};
}

Test(dmap_iotlb, strict)
{
	struct stream s = { .random = env_seed() };

	run(&s, options(DMAP_STRICT, 0, 0), NULL);
	run(&s, options(DMAP_STRICT, 400, 0), NULL);
}

Test(dmap_iotlb, lazy)
{
	struct stream s = { .random = env_seed() };

	run(&s, options(DMAP_LAZY, 0, 0), NULL);
	run(&s, options(DMAP_LAZY, 0, 4), NULL);
	run(&s, options(DMAP_LAZY, 400, 0), NULL);
	run(&s, options(DMAP_LAZY, 3000, 16), NULL);
}

Test(dmap_iotlb, failing_queue)
{
	struct stream s = { .random = env_seed() };

	run(&s, options(DMAP_STRICT, 0, 0), faults);
	run(&s, options(DMAP_STRICT, 400, 0), faults);
	run(&s, options(DMAP_LAZY, 0, 16), faults);
	run(&s, options(DMAP_LAZY, 400, 64), faults);
}

/*
 * The model has teeth: with a queue that lies about completion, the device still
 * remembers addresses that come back.
 */
static unsigned stale_addresses(enum dmap_mode mode)
{
	struct env_options o = options(mode, 0, 16);
	unsigned stale = 0;
	uint64_t phys;

	env_open(&env, &o);
	dmap_simq_inject(env.simq, DMAP_SIMQ_LIAR, 0, 10000);
	for (int i = 0; i < 200; i++) {
		uint64_t a = dmap_map(env.space, 0x1000, PAGE, RW, NO_LIMIT);

		stale += env_remembers(&env, a, NULL);
		env_access(&env, a, &phys);
		cr_assert_eq(dmap_unmap(env.space, a, PAGE), 0);
	}
	dmap_simq_inject(env.simq, DMAP_SIMQ_NONE, 0, 0);
	env_close(&env);
	return stale;
}

Test(dmap_iotlb, the_device_notices_a_flush_that_did_not_happen)
{
	cr_assert_gt(stale_addresses(DMAP_STRICT), 100);
	cr_assert_gt(stale_addresses(DMAP_LAZY), 10);
}

/* How many of 200 mappings let the device run on into the next granule, and past its end. */
static unsigned overruns(enum dmap_mode mode, unsigned guard, enum iova_placement placement)
{
	struct env_options o = options(mode, 0, 16);
	unsigned reached = 0;
	uint64_t a[200], phys;

	o.iova = (struct iova_space_config){ .guard_granules = guard, .placement = placement };
	env_open(&env, &o);
	for (unsigned i = 0; i < 200; i++)
		cr_assert(!iova_is_err(a[i] = dmap_map(env.space, 0x1000, (1 + i % 9) * PAGE, RW,
						       NO_LIMIT)));
	for (unsigned i = 0; i < 200; i++) {
		uint64_t end = a[i] + (1 + i % 9) * PAGE;

		cr_assert_eq(env_access(&env, end - 1, &phys), 0);
		reached += !env_access(&env, end, &phys) || !env_access(&env, a[i] - 1, &phys);
	}
	for (unsigned i = 0; i < 200; i++)
		cr_assert_eq(dmap_unmap(env.space, a[i], (1 + i % 9) * PAGE), 0);
	env_close(&env);
	return reached;
}

/* Without guards a neighbour's memory is in reach; with one it never is. */
Test(dmap_iotlb, a_device_that_overruns_faults_on_the_guard)
{
	for (unsigned k = 0; k < 8; k++) {
		enum dmap_mode mode = k & 1 ? DMAP_LAZY : DMAP_STRICT;

		cr_assert_gt(overruns(mode, 0, (enum iova_placement)(k / 2)), 20);
		cr_assert_eq(overruns(mode, 1, (enum iova_placement)(k / 2)), 0);
	}
}

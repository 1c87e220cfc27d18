/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * The calls of pgtbl_change.h, pgtbl_dirty.h and pgtbl_grow.h beside map, unmap, translate and
 * visit: leaves are split, replaced, demoted and promoted, tables reserved and reclaimed, dirty
 * bits read and cleared, while the table grows.  Many short rounds, each with a new
 * table, for it grows but twice.
 *
 * An address only ever leads to one of two places that follow from it.  A freed page is
 * poisoned.  STRESS_SECONDS=n and SEED=n may be set.  Plain C: this is what runs under TSan.
 */
#include "pgtbl_change.h"
#include "pgtbl_dirty.h"
#include "pgtbl_grow.h"
#include "stress/poison.h"
#include "tap.h"

#include <pthread.h>

#define K4 4096ull
#define M2 (1ull << 21)
#define OWNERS 2u
#define LARGE 4u /* 2 MiB leaves of an owner */
#define PAGES (OWNERS * LARGE * 512)
#define BASE (5ull << 30) /* nothing is pinned there */
#define ROUND_NS 100000000ull

static const char *failure; /* the first one */
static struct pgtbl *pt;
static int over;
static uint32_t programmed; /* levels */
static unsigned long count[8];

void fail(const char *what)
{
	const char *none = NULL;

	__atomic_compare_exchange_n(&failure, &none, what, false, __ATOMIC_RELAXED,
				    __ATOMIC_RELAXED);
	__atomic_store_n(&over, 1, __ATOMIC_RELAXED);
}

static bool running(void)
{
	return !__atomic_load_n(&over, __ATOMIC_RELAXED);
}

static int grown(void *ctx, uint64_t root, unsigned levels)
{
	uint32_t now = __atomic_load_n(&programmed, __ATOMIC_RELAXED);

	(void)ctx, (void)root;
	while (now < levels && !__atomic_compare_exchange_n(&programmed, &now, levels, false,
							    __ATOMIC_RELEASE, __ATOMIC_RELAXED))
		;
	return 0;
}

/* They differ in bit 41, and suit 2 MiB leaves. */
static uint64_t place(uint64_t iova, unsigned which)
{
	return (iova & ((1ull << 40) - 1)) | (which ? 1ull << 41 : 1ull << 42);
}

static bool placed(uint64_t iova, uint64_t phys)
{
	return phys == place(iova, 0) || phys == place(iova, 1);
}

struct thread {
	pthread_t id;
	unsigned number;
	uint64_t seed;
	unsigned long rounds;
};

static unsigned pick(struct thread *t, unsigned n)
{
	return (unsigned)(tap_random(&t->seed) >> 33) % n;
}

static void expect(uint64_t iova, unsigned which)
{
	uint64_t phys;

	if (pgtbl_translate(pt, iova, &phys) || phys != place(iova, which))
		fail("an owner does not find his mapping");
}

/* One large leaf's life: made smaller in some way, led elsewhere, taken away. */
static void *owner(void *arg)
{
	struct thread *t = arg;
	struct pgtbl_gather g;

	pgtbl_gather_init(&g);
	for (; running(); t->rounds++) {
		uint64_t iova = BASE + M2 * (t->number * LARGE + pick(t, LARGE));
		uint64_t page = iova + K4 * (1 + pick(t, 511));
		struct pgtbl_replacement with = { iova, place(iova, 1), M2, 3, NULL, NULL };

		if (pgtbl_map(pt, iova, place(iova, 0), M2, 3))
			fail("map");
		if (pick(t, 2) && pgtbl_demote(pt, iova, M2, K4, &g, NULL))
			fail("demote");
		if (pgtbl_unmap(pt, page, K4, &g) != K4)
			fail("unmap of a part");
		if (pgtbl_map(pt, page, place(page, 0), K4, 3))
			fail("map of a part");
		/* A promoter's grace period long, now and then. */
		if (!pick(t, 8))
			nanosleep(&(struct timespec){ 0, 25000000 }, NULL);
		expect(page, 0);
		expect(iova, 0);
		if (pick(t, 2)) {
			if (pgtbl_replace(pt, &with, &g, NULL))
				fail("replace");
			expect(page, 1);
		}
		if (pgtbl_unmap(pt, iova, M2, &g) != M2)
			fail("unmap");
		pgtbl_gather_release(pt, &g);
	}
	return NULL;
}

static void *promoter(void *arg)
{
	struct thread *t = arg;
	struct pgtbl_gather g;

	pgtbl_gather_init(&g);
	while (running()) {
		int64_t n = t->rounds % 2 ? pgtbl_reclaim(pt, 0, pgtbl_iova_last(pt), &g)
					  : pgtbl_promote(pt, BASE, BASE + PAGES * K4 - 1, &g);

		if (n < 0)
			fail("promote or reclaim");
		__atomic_fetch_add(&count[6 + t->rounds++ % 2], (unsigned long)n, __ATOMIC_RELAXED);
		pgtbl_gather_release(pt, &g);
	}
	return NULL;
}

static void *tracker(void *arg)
{
	struct thread *t = arg;
	uint64_t bits[PAGES / 64] = { 0 };
	struct pgtbl_bitmap map = { BASE, 12, PAGES, bits };
	struct pgtbl_gather g;

	pgtbl_gather_init(&g);
	for (; running(); t->rounds++) {
		uint64_t iova = BASE + M2 * pick(t, OWNERS * LARGE);
		int err = 0;

		switch (pick(t, 4)) {
		case 0:
			err = pgtbl_dirty_start(pt, iova, M2, &g);
			break;
		case 1:
			err = pgtbl_dirty_stop(pt, iova, M2, &g);
			break;
		default:
			err = pgtbl_dirty_read(pt, iova, M2, PGTBL_DIRTY, &map, &g);
			break;
		}
		if (err)
			fail("dirty tracking");
		pgtbl_gather_release(pt, &g);
	}
	return NULL;
}

/* Maps above each step, and reserves there and below. */
static void *grower(void *arg)
{
	static const uint64_t step[] = { 1ull << 39, 1ull << 48 };
	struct thread *t = arg;
	struct pgtbl_gather g;

	pgtbl_gather_init(&g);
	for (; running(); t->rounds++) {
		uint64_t iova = step[t->rounds % 2] + K4 * (4 * pick(t, 64) + t->number % 2);

		if (pgtbl_reserve(pt, iova, K4, K4, NULL) ||
		    pgtbl_map(pt, iova, place(iova, 0), K4, 3))
			fail("above the reach");
		if (__atomic_load_n(&programmed, __ATOMIC_RELAXED) < 4 + t->rounds % 2)
			fail("hardware was not told");
		expect(iova, 0);
		if (pgtbl_unmap(pt, iova, K4, &g) != K4 || pgtbl_unreserve(pt, iova, K4, K4))
			fail("unmap above the reach");
		pgtbl_gather_release(pt, &g);
	}
	return NULL;
}

static int visited(void *ctx, const struct pgtbl_leaf *leaf)
{
	(void)ctx;
	if (!placed(leaf->iova, leaf->phys))
		fail("visit saw something that was never mapped");
	return 0;
}

static void *reader(void *arg)
{
	struct thread *t = arg;
	struct pgtbl_top top;

	for (; running(); t->rounds++) {
		uint64_t phys, iova = BASE + K4 * pick(t, PAGES);

		if (!pgtbl_translate(pt, iova, &phys) && !placed(iova, phys))
			fail("translate saw something that was never mapped");
		if (!(t->rounds % 64) &&
		    pgtbl_visit(pt, 0, pgtbl_iova_last(pt), visited, NULL))
			fail("visit");
		pgtbl_top(pt, &top);
		if (top.levels > __atomic_load_n(&programmed, __ATOMIC_RELAXED))
			fail("hardware is said to know what it does not");
	}
	return NULL;
}

static void one_round(unsigned flags, bool growing, uint64_t seed)
{
	static void *(*const body[])(void *) = { owner,	  owner,  promoter, tracker,
						 grower, grower, reader };
	enum { THREADS = sizeof(body) / sizeof(*body) };
	const struct pgtbl_growth growth = { .start_levels = 3, .grown = grown };
	struct pgtbl_config config = {
		.ops = &pgtbl_vtdss_ops,
		.levels = 5,
		.oa_bits = 46,
		.flags = PGTBL_SPLIT | flags,
		.growth = growing ? &growth : NULL,
		.pages = { &poison_mem_ops, NULL },
	};
	struct timespec a_while = { 0, ROUND_NS };
	struct thread thread[THREADS];

	over = 0;
	programmed = growing ? 3 : 5;
	if (pgtbl_create(&pt, &config)) {
		fail("no table");
		return;
	}
	for (unsigned i = 0; i < THREADS; i++) {
		thread[i] = (struct thread){ .number = i, .seed = seed * 64 + i };
		if (pthread_create(&thread[i].id, NULL, body[i], &thread[i]))
			abort();
	}
	nanosleep(&a_while, NULL);
	__atomic_store_n(&over, 1, __ATOMIC_RELAXED);
	for (unsigned i = 0; i < THREADS; i++) {
		pthread_join(thread[i].id, NULL);
		if (body[i] != promoter)
			count[i < 6 ? i : 2] += thread[i].rounds;
	}
	if (pgtbl_destroy(pt))
		fail("something is still mapped");
	if (poison_live())
		fail("table pages are left");
}

static void run(const char *name, unsigned flags, bool growing, double seconds, uint64_t seed)
{
	uint64_t deadline = tap_now_ns() + (uint64_t)(seconds * 1e9);
	unsigned rounds = 0;
	bool done;

	for (unsigned i = 0; i < 8; i++)
		count[i] = 0;
	do {
		one_round(flags, growing, seed + rounds++);
		done = count[0] && count[1] && count[2] && count[3] && count[4] && count[5] &&
		       count[6] && count[7];
	} while (!failure && (tap_now_ns() < deadline || (!done && rounds < 200)));
	tap_ok(!failure && done, "%s%s%s", name, failure ? ": " : "", failure ? failure : "");
	printf("# %u tables; owners %lu %lu, %lu reads, %lu of dirty bits, %lu %lu above, %lu "
	       "promoted, %lu reclaimed\n",
	       rounds, count[0], count[1], count[2], count[3], count[4], count[5], count[6],
	       count[7]);
}

int main(void)
{
	const char *d = getenv("STRESS_SECONDS");
	double seconds = d ? atof(d) : tap_long() ? 60 : 1.5;
	uint64_t seed = tap_seed();

	run("hardware's dirty bits, growing", PGTBL_AD, true, seconds, seed);
	if (!failure)
		run("write protection, growing", 0, true, seconds, seed);
	if (!failure)
		run("unlink, five levels from the beginning", PGTBL_AD | PGTBL_UNLINK, false, seconds,
		    seed);
	if (!failure)
		poison_empty();
	return tap_done();
}

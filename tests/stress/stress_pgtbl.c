/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Page tables under threads: mappers that share leaf tables, unmappers of whole
 * tables, a reclaimer, translators and a visitor.
 *
 * A disturber stops mappers by signals for a while wherever they are: between
 * the look at an entry and the store, too, where a scheduler rarely does.
 *
 * An address is only ever mapped to one of two places that follow from it, so
 * whatever a reader finds can be checked; a mapper finds its own mappings
 * exactly.  A freed page is poisoned: who reads it finds nonsense, who writes
 * it is found when the page is used again.
 *
 * STRESS_SECONDS=n and SEED=n may be set.  Plain C: this is what runs under TSan.
 */
#define _GNU_SOURCE
#include "pgtbl.h"
#include "stress/poison.h"
#include "tap.h"

#include <inttypes.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <string.h>

#define K4 4096ull
#define M2 (1ull << 21)
#define G1 (1ull << 30)
#define MAPPERS 3u
#define SHARED_PAGES 48u /* of each shared leaf table */
#define SHARED_TABLES 4u
#define PATIENCE_NS 60000000000ull

static const char *failure; /* the first one */
static int stop_now;
static uint64_t deadline;
static int reclaimed, translated; /* something was, in this run */

void fail(const char *what)
{
	const char *none = NULL;

	__atomic_compare_exchange_n(&failure, &none, what, false, __ATOMIC_RELAXED,
				    __ATOMIC_RELAXED);
	__atomic_store_n(&stop_now, 1, __ATOMIC_RELAXED);
}

/* Until the time is over and every kind of thread has achieved something; not for ever. */
static bool running(void)
{
	uint64_t now = tap_now_ns();
	bool achieved = __atomic_load_n(&reclaimed, __ATOMIC_RELAXED) &&
			__atomic_load_n(&translated, __ATOMIC_RELAXED);

	return !__atomic_load_n(&stop_now, __ATOMIC_RELAXED) &&
	       (now < deadline || (!achieved && now < deadline + PATIENCE_NS));
}

/* The other side of a flush takes its time. */
static void slow_flush(void *ctx, const void *first, size_t bytes)
{
	(void)ctx, (void)first, (void)bytes;
	sched_yield();
}

/* Threads */

struct run {
	const char *name;
	struct pgtbl *pt;
	unsigned levels;
	bool unlink;
	bool noncoherent;
	bool x86;
	uint64_t base;
	void *(*duel)(void *);
	void (*against)(struct run *run, struct pgtbl_gather *gather);
};

struct thread {
	pthread_t id;
	struct run *run;
	unsigned number;
	uint64_t seed;
	uint64_t count;
	uint64_t other;
};

static unsigned pick(struct thread *t, unsigned n)
{
	t->seed = t->seed * 6364136223846793005ull + 1442695040888963407ull;
	return (unsigned)(t->seed >> 33) % n;
}

/* The two places an address may go to: they differ in bit 41. */
static uint64_t place(uint64_t iova, unsigned which)
{
	return (iova & ((1ull << 40) - 1)) | (which ? 1ull << 41 : 1ull << 42);
}

static bool placed(uint64_t iova, uint64_t phys)
{
	return phys == place(iova, 0) || phys == place(iova, 1);
}

static void map_checked(struct thread *t, uint64_t iova, uint64_t size, unsigned which)
{
	struct pgtbl *pt = t->run->pt;
	struct pgtbl_gather undo;
	struct pgtbl_report report = { .gather = pick(t, 2) ? &undo : NULL };
	uint64_t phys, probe = iova + K4 * pick(t, (unsigned)(size / K4));

	pgtbl_gather_init(&undo);
	if (pgtbl_map_at(pt, iova, place(iova, which), size, 3, &report))
		fail("map of a free range failed");
	else if (pgtbl_translate(pt, probe, &phys) || phys != place(probe, which))
		fail("a mapping is lost");
	if (!pgtbl_gather_empty(&undo))
		fail("a map that succeeded undid something");
}

static void unmap_checked(struct thread *t, uint64_t iova, uint64_t size, uint64_t want,
			  struct pgtbl_gather *gather)
{
	uint64_t phys;

	if (pgtbl_unmap(t->run->pt, iova, size, gather) != want)
		fail("unmap found something else than was mapped");
	if (pgtbl_translate(t->run->pt, iova, &phys) != -ENOENT)
		fail("still mapped");
}

/* Pages of the shared tables that are congruent to the number are this thread's. */
static void shared_tables(struct thread *t, struct pgtbl_gather *gather)
{
	uint64_t table = t->run->base + M2 * pick(t, SHARED_TABLES);
	unsigned mapped = 0;
	uint64_t iova[8];

	for (unsigned i = 1 + pick(t, 8); mapped < i; mapped++) {
		iova[mapped] = table + K4 * (pick(t, SHARED_PAGES / 8) * 8 * MAPPERS +
					     mapped * MAPPERS + t->number);
		map_checked(t, iova[mapped], K4, pick(t, 2));
	}
	while (mapped--)
		unmap_checked(t, iova[mapped], K4, K4, gather);
}

/* A gigabyte of its own: several tables, large pages, holes, occupied ranges. */
static void own_tables(struct thread *t, struct pgtbl_gather *gather)
{
	/* First and last page do not belong to large leaves: they can be unmapped alone. */
	uint64_t iova = t->run->base + G1 * (1 + t->number) + K4 * (1 + 2 * pick(t, 512));
	uint64_t size = 2 * K4 * (1 + pick(t, 750)), hole = pick(t, 2) ? 0 : size - K4;
	struct pgtbl_gather undo;
	struct pgtbl_report report = { .gather = &undo };

	pgtbl_gather_init(&undo);
	map_checked(t, iova, size, pick(t, 2));
	if (pgtbl_map_at(t->run->pt, iova - K4, place(iova - K4, 0), 2 * K4 + size, 3, &report) !=
		    -EEXIST ||
	    report.iova != iova)
		fail("an occupied range was not seen");
	pgtbl_gather_merge(gather, &undo);
	unmap_checked(t, iova + hole, K4, K4, gather);
	unmap_checked(t, iova, size, size - K4, gather);
	map_checked(t, t->run->base + G1 * (1 + t->number) + 4 * M2, 2 * M2, pick(t, 2));
	unmap_checked(t, t->run->base + G1 * (1 + t->number) + 4 * M2, 2 * M2, 2 * M2, gather);
}

static void *mapper(void *arg)
{
	struct thread *t = arg;
	struct pgtbl_gather gather;

	pgtbl_gather_init(&gather);
	while (running()) {
		if (pick(t, 16))
			shared_tables(t, &gather);
		else
			own_tables(t, &gather);
		t->count++;
		if (!pick(t, 8))
			pgtbl_gather_release(t->run->pt, &gather);
		if (!pick(t, 1024))
			pgtbl_drain(t->run->pt);
	}
	pgtbl_gather_release(t->run->pt, &gather);
	return NULL;
}

static void *reclaimer(void *arg)
{
	struct thread *t = arg;
	struct pgtbl_gather gather;

	pgtbl_gather_init(&gather);
	while (running()) {
		int64_t n = pgtbl_reclaim(t->run->pt, 0, pgtbl_iova_last(t->run->pt), &gather);

		t->count += n > 0 ? (uint64_t)n : 0;
		if (n > 0)
			__atomic_store_n(&reclaimed, 1, __ATOMIC_RELAXED);
		else if (n && n != -EBUSY)
			fail("reclaim failed");
		pgtbl_gather_release(t->run->pt, &gather);
	}
	return NULL;
}

static void *translator(void *arg)
{
	struct thread *t = arg;

	while (running()) {
		uint64_t phys, iova = t->run->base + (pick(t, 4) ? M2 * pick(t, SHARED_TABLES)
								 : G1 * (1 + pick(t, MAPPERS)));
		int err;

		iova += K4 * pick(t, SHARED_PAGES * MAPPERS);
		err = pgtbl_translate(t->run->pt, iova, &phys);
		if (err && err != -ENOENT)
			fail("translate failed");
		if (!err && !placed(iova, phys))
			fail("translate saw something that was never mapped");
		t->count++;
		t->other += !err;
		if (!err)
			__atomic_store_n(&translated, 1, __ATOMIC_RELAXED);
	}
	return NULL;
}

static int visit_leaf(void *ctx, const struct pgtbl_leaf *leaf)
{
	struct thread *t = ctx;

	if (!placed(leaf->iova, leaf->phys))
		fail("visit saw something that was never mapped");
	t->other++;
	return 0;
}

static void *visitor(void *arg)
{
	struct thread *t = arg;

	while (running()) {
		if (pgtbl_visit(t->run->pt, 0, pgtbl_iova_last(t->run->pt), visit_leaf, t))
			fail("visit failed");
		t->count++;
	}
	return NULL;
}

static int standing; /* threads in the handler */
static int stood;    /* how often they were */

static void stand_still(int sig)
{
	struct timespec a_while = { 0, 200000 };

	(void)sig;
	__atomic_fetch_add(&standing, 1, __ATOMIC_SEQ_CST);
	nanosleep(&a_while, NULL);
	__atomic_fetch_add(&stood, 1, __ATOMIC_SEQ_CST);
	__atomic_fetch_sub(&standing, 1, __ATOMIC_SEQ_CST);
}

static bool wait_standing(bool want)
{
	uint64_t patience = tap_now_ns() + 5000000;

	while (!!__atomic_load_n(&standing, __ATOMIC_SEQ_CST) != want && tap_now_ns() < patience)
		sched_yield();
	return !!__atomic_load_n(&standing, __ATOMIC_SEQ_CST) == want;
}

static void *disturber(void *arg)
{
	struct thread *t = arg;

	while (running()) {
		struct timespec pause = { 0, 1000 * (50 + (long)pick(t, 200)) };

		nanosleep(&pause, NULL);
		pthread_kill((t - t->number)[pick(t, MAPPERS)].id, SIGUSR1);
		t->count++;
	}
	return NULL;
}

static void stress(struct run *run, const struct pgtbl_config *config, uint64_t seed)
{
	static void *(*const body[])(void *) = { mapper,     mapper,  mapper,	reclaimer,
						 translator, visitor, disturber };
	enum { THREADS = sizeof(body) / sizeof(*body) };
	struct thread thread[THREADS];

	if (pgtbl_create(&run->pt, config)) {
		fail("no table");
		return;
	}
	for (unsigned i = 0; i < THREADS; i++) {
		thread[i] = (struct thread){ .run = run, .number = i, .seed = seed * 64 + i };
		if (pthread_create(&thread[i].id, NULL, body[i], &thread[i]))
			abort();
	}
	for (unsigned i = THREADS; i-- > 0;) /* the disturber before those it disturbs */
		pthread_join(thread[i].id, NULL);
	printf("# %s: %" PRIu64 " rounds, %" PRIu64 " tables reclaimed, %" PRIu64
	       " translations (%" PRIu64 " hits), %" PRIu64 " visits\n",
	       run->name, thread[0].count + thread[1].count + thread[2].count, thread[3].count,
	       thread[4].count, thread[4].other, thread[5].count);
	if (!thread[0].count || !thread[3].count || !thread[4].other)
		fail("one of the threads did nothing");
	if (pgtbl_destroy(run->pt))
		fail("something is still mapped");
	if (poison_live())
		fail("table pages are left");
}

/*
 * Duels: one thread goes round a few instructions, the other stops it there and
 * takes the table away.  Most hits are harmless; the rest is why it is done often.
 */

static void *duel_mapper(void *arg)
{
	struct thread *t = arg;
	struct pgtbl_gather gather;

	pgtbl_gather_init(&gather);
	for (; running(); t->count++) {
		int before = __atomic_load_n(&stood, __ATOMIC_SEQ_CST);
		uint64_t phys;

		map_checked(t, t->run->base, K4, 0);
		/* Stopped within: leave it there until a grace period is over. */
		if (__atomic_load_n(&stood, __ATOMIC_SEQ_CST) != before) {
			nanosleep(&(struct timespec){ 0, 40000000 }, NULL);
			if (pgtbl_translate(t->run->pt, t->run->base, &phys))
				fail("a mapping is lost");
			t->other++;
		}
		unmap_checked(t, t->run->base, K4, K4, &gather);
		pgtbl_gather_release(t->run->pt, &gather);
	}
	return NULL;
}

static void against_mapper(struct run *run, struct pgtbl_gather *gather)
{
	if (pgtbl_reclaim(run->pt, run->base, run->base + M2 - 1, gather) < 0)
		fail("reclaim failed");
}

static void *duel_reader(void *arg)
{
	struct thread *t = arg;
	uint64_t phys, iova = t->run->base + 7 * K4;

	for (; running(); t->count++)
		if (!pgtbl_translate(t->run->pt, iova, &phys) && !placed(iova, phys))
			fail("translate read a freed table");
	return NULL;
}

static void against_reader(struct run *run, struct pgtbl_gather *gather)
{
	uint64_t first = run->base + K4;

	if (pgtbl_unmap(run->pt, run->base, M2, gather) && !gather->free_pages)
		fail("the table was not unlinked");
	pgtbl_gather_release(run->pt, gather);
	if (pgtbl_drain(run->pt))
		fail("drain failed");
	wait_standing(false); /* the freed page is not to be used again before it is read */
	if (pgtbl_map(run->pt, first, place(first, 1), M2 - K4, 3))
		fail("map failed");
}

static void duel(struct run *run, const struct pgtbl_config *config, void *(*body)(void *),
		 void (*against)(struct run *, struct pgtbl_gather *))
{
	struct thread thread = { .run = run };
	struct pgtbl_gather gather;
	unsigned long rounds = 0;

	reclaimed = translated = 1; /* not what this is about */
	if (pgtbl_create(&run->pt, config) || pthread_create(&thread.id, NULL, body, &thread)) {
		fail("no table or no thread");
		return;
	}
	pgtbl_gather_init(&gather);
	for (; running(); rounds++) {
		pthread_kill(thread.id, SIGUSR1);
		if (wait_standing(true))
			against(run, &gather);
		pgtbl_gather_release(run->pt, &gather);
		wait_standing(false);
	}
	pthread_join(thread.id, NULL);
	printf("# %s: %" PRIu64 " (%" PRIu64 " held) against %lu\n", run->name, thread.count,
	       thread.other, rounds);
	pgtbl_unmap(run->pt, run->base, M2, &gather);
	pgtbl_gather_release(run->pt, &gather);
	if (pgtbl_destroy(run->pt) || poison_live())
		fail("mappings or table pages are left");
}

static bool one_run(struct run *run, double seconds, uint64_t seed)
{
	struct pgtbl_config config = {
		.ops = run->x86 ? &pgtbl_x86_64_ops : &pgtbl_vtdss_ops,
		.levels = run->levels,
		.oa_bits = 46,
		.flags = run->unlink ? PGTBL_UNLINK : 0,
		.pages = { &poison_mem_ops, NULL },
		.flush = run->noncoherent ? slow_flush : NULL,
	};

	failure = NULL;
	stop_now = reclaimed = translated = 0;
	deadline = tap_now_ns() + (uint64_t)(seconds * 1e9);
	if (run->duel)
		duel(run, &config, run->duel, run->against);
	else
		stress(run, &config, seed);
	return tap_ok(!failure, "%s%s%s", run->name, failure ? ": " : "", failure ? failure : "");
}

int main(void)
{
	static const struct sigaction action = { .sa_handler = stand_still };
	const char *d = getenv("STRESS_SECONDS");
	double seconds = d ? atof(d) : tap_long() ? 60 : 1.5;
	uint64_t seed = tap_seed();
	bool good = true;
	struct run run[] = {
		{ .name = "vtdss-3 below 4 GiB", .levels = 3 },
		{ .name = "vtdss-4 above 4 GiB", .levels = 4, .base = 1ull << 39 },
		{ .name = "x86_64-5, unlink",
		  .levels = 5,
		  .base = 1ull << 40,
		  .unlink = true,
		  .x86 = true },
		{ .name = "vtdss-5, not coherent",
		  .levels = 5,
		  .base = 1ull << 40,
		  .noncoherent = true },
		{ .name = "mapper against reclaimer",
		  .levels = 3,
		  .duel = duel_mapper,
		  .against = against_mapper },
		{ .name = "reader against unlinker",
		  .levels = 4,
		  .unlink = true,
		  .duel = duel_reader,
		  .against = against_reader },
	};

	sigaction(SIGUSR1, &action, NULL);
	/* After a failure the pool may be in any state. */
	for (unsigned i = 0; good && i < sizeof(run) / sizeof(*run); i++)
		good = one_run(&run[i], seconds, seed + i);
	if (good)
		poison_empty();
	return tap_done();
}

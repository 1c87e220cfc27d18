/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * stress_iova_duel.c - two CPUs, and room for one of them at a time.
 *
 * Duel: one allocates and frees single granules; the other wants all there is as
 * one range, for which the first one's words have to be taken away while they
 * are in use.  Each succeeds often, and never both at once.
 *
 * Chase: one allocates granule after granule; the other wants given granules of
 * the very word that the first one is at, and so makes each word shared while
 * its owner is busy with it.
 */
#define _GNU_SOURCE
#include "iova_stress.h"

#include <sched.h>

struct duellist {
	struct stress *st;
	pthread_t thread;
	unsigned cpu; /* the nth that this process may use */
	uint64_t n, wins, got; /* until @got is @wins */
	uint8_t id;
};

static void pin(unsigned nth)
{
	cpu_set_t all, one;

	sched_getaffinity(0, sizeof(all), &all);
	nth %= (unsigned)CPU_COUNT(&all);
	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
		if (!CPU_ISSET(cpu, &all) || nth--)
			continue;
		CPU_ZERO(&one);
		CPU_SET(cpu, &one);
		sched_setaffinity(0, sizeof(one), &one);
		return;
	}
}

static void *fight(void *arg)
{
	struct duellist *d = arg;
	struct stress *st = d->st;

	pin(d->cpu);
	for (uint64_t i = 0; d->got < d->wins && i < 10000 * d->wins; i++) {
		uint64_t iova = iova_space_alloc(st->space, d->n << SHIFT, ~0ull);
		span_t r;

		if (iova_is_err(iova)) {
			if (iova_err(iova) != -ENOSPC && iova_err(iova) != -EAGAIN)
				COUNT(st->wrong_error);
			sched_yield(); /* the other may have stopped while it had everything */
			continue;
		}
		r = span((iova >> SHIFT) - st->setup->first_pfn, d->n);
		stress_claim(st, r, d->id);
		d->got++;
		stress_free(st, r, d->id);
	}
	return NULL;
}

/* True when the books balance and both had their @wins. */
bool stress_duel(struct stress *st, uint64_t wins)
{
	struct duellist d[2] = {
		{ .st = st, .cpu = 0, .n = 1, .id = 1, .wins = wins },
		{ .st = st, .cpu = 1, .n = st->setup->max_n, .id = 2, .wins = wins },
	};

	for (unsigned i = 0; i < 2; i++)
		pthread_create(&d[i].thread, NULL, fight, &d[i]);
	for (unsigned i = 0; i < 2; i++)
		pthread_join(d[i].thread, NULL);
	return d[0].got == wins && d[1].got == wins && !st->overlaps && !st->lost && !st->refused &&
	       !st->wrong_error && !iova_space_in_use(st->space);
}

struct chase {
	struct stress *st;
	uint64_t last; /* where the first one is */
	uint64_t got[2];
	bool ready, done;
	int error;
};

/* One granule, claimed.  Its number, or ~0. */
static uint64_t claim_one(struct chase *c)
{
	struct stress *st = c->st;
	uint64_t iova, at;

	while ((iova = iova_space_alloc(st->space, 1 << SHIFT, ~0ull)) == (uint64_t)-EAGAIN)
		COUNT(st->again);
	at = (iova >> SHIFT) - st->setup->first_pfn;
	if (iova_is_err(iova)) {
		COUNT(st->wrong_error);
		c->error = iova_err(iova);
		return ~0ull;
	}
	stress_claim(st, span(at, 1), 1);
	return at;
}

static void *run_ahead(void *arg)
{
	struct chase *c = arg;

	pin(0);
	while (!plat_load_acquire(&c->ready))
		sched_yield();
	while (c->got[0] < c->st->setup->granules / 2) {
		uint64_t at = claim_one(c);

		plat_store_relaxed(&c->last, at);
		for (unsigned i = 0; i < 8 && at != ~0ull; i++) { /* stay here for a while */
			stress_free(c->st, span(at, 1), 1);
			at = claim_one(c);
		}
		if (at == ~0ull)
			break;
		c->got[0]++;
	}
	plat_store_release(&c->done, true);
	return NULL;
}

static void *run_after(void *arg)
{
	struct chase *c = arg;
	uint64_t seed = 7;

	pin(1);
	plat_store_release(&c->ready, true);
	while (!plat_load_acquire(&c->done) && c->got[1] < c->st->setup->granules / 4) {
		uint64_t at = plat_load_relaxed(&c->last) + 1 + tap_random(&seed) % 8;
		int e;

		if (at >= c->st->setup->granules) /* the first one is at the very end */
			continue;
		e = iova_space_alloc_fixed(c->st->space, stress_addr(c->st, at), 1 << SHIFT, NULL);
		if (e && e != -EEXIST && e != -EAGAIN) {
			COUNT(c->st->wrong_error);
			c->error = e;
		}
		if (e)
			continue;
		stress_claim(c->st, span(at, 1), 2);
		c->got[1]++;
	}
	return NULL;
}

static int free_range(void *ctx, const struct iova_range *r)
{
	struct stress *st = ctx;

	COUNT(st->walks);
	return iova_space_free(st->space, r->first, r->last - r->first + 1);
}

/* True when every granule has one owner, and the owners are all there are. */
bool stress_chase(struct stress *st)
{
	struct chase c = { .st = st };
	pthread_t after;
	bool same;

	pthread_create(&after, NULL, run_after, &c);
	run_ahead(&c);
	pthread_join(after, NULL);
	st->fixed = c.got[1];
	printf("# chase: %llu and %llu held, %llu -EAGAIN, %llu unexpected (the last %d)\n",
	       (unsigned long long)c.got[0], (unsigned long long)c.got[1],
	       (unsigned long long)st->again, (unsigned long long)st->wrong_error, c.error);
	same = !iova_space_for_each(st->space, 0, ~0ull, free_range, st);
	return same && st->walks == c.got[0] + c.got[1] && !st->overlaps &&
	       !st->wrong_error && !iova_space_in_use(st->space);
}

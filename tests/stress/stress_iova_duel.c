/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * stress_iova_duel.c - two CPUs, and room for one of them at a time.
 *
 * One allocates and frees single granules; the other wants all there is as one
 * range, for which the first one's words have to be taken away while they are
 * in use.  Each succeeds often, and never both at once.
 */
#define _GNU_SOURCE
#include "iova_stress.h"

#include <sched.h>

struct duellist {
	struct stress *st;
	pthread_t thread;
	unsigned cpu; /* the nth that this process may use */
	uint64_t n, tries, got;
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
	for (uint64_t i = 0; i < d->tries; i++) {
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

/* True when the books balance; st->allocs is how often the large one got its range. */
bool stress_duel(struct stress *st, uint64_t tries)
{
	struct duellist d[2] = {
		{ .st = st, .cpu = 0, .n = 1, .id = 1, .tries = tries },
		{ .st = st, .cpu = 1, .n = st->setup->max_n, .id = 2, .tries = tries },
	};

	for (unsigned i = 0; i < 2; i++)
		pthread_create(&d[i].thread, NULL, fight, &d[i]);
	for (unsigned i = 0; i < 2; i++)
		pthread_join(d[i].thread, NULL);
	st->allocs = d[1].got;
	return d[0].got && !st->overlaps && !st->lost && !st->refused && !st->wrong_error &&
	       !iova_space_in_use(st->space);
}

/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* stress_iova_work.c - what the threads of stress_iova do. */
#define _GNU_SOURCE
#include "iova_stress.h"

#include <sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

static __thread struct worker *me;
static pid_t tids[WORKERS_MAX];
static unsigned nr_tids;

uint64_t stress_addr(const struct stress *st, uint64_t at)
{
	return (st->setup->first_pfn + at) << SHIFT;
}

bool stress_claim(struct stress *st, span_t r, uint8_t id)
{
	bool ok = true;

	for (uint64_t i = span_at(r); i < span_at(r) + span_n(r); i++)
		ok &= plat_cas_full(&st->claims[i], 0, id);
	if (!ok)
		COUNT(st->overlaps);
	return ok;
}

void stress_unclaim(struct stress *st, span_t r, uint8_t id)
{
	for (uint64_t i = span_at(r); i < span_at(r) + span_n(r); i++)
		if (!plat_cas_full(&st->claims[i], id, 0))
			COUNT(st->lost);
}

int stress_free(struct stress *st, span_t r, uint8_t id)
{
	int e;

	stress_unclaim(st, r, id);
	e = iova_space_free(st->space, stress_addr(st, span_at(r)), span_n(r) << SHIFT);
	if (e)
		COUNT(st->refused);
	return e;
}

static uint64_t random_n(const struct stress *st, uint64_t *seed)
{
	uint64_t v = tap_random(seed), n;

	if (v % 8)
		n = 1 + (v >> 8) % 32;
	else
		n = 1 + (v >> 8) % (1ull << (v >> 4 & 15));
	return n > st->setup->max_n ? 1 + n % st->setup->max_n : n;
}

/* An answer of alloc: claimed, or an error that may be. 0: none. */
span_t stress_got(struct stress *st, uint64_t iova, uint64_t n, uint8_t id)
{
	uint64_t at = (iova >> SHIFT) - st->setup->first_pfn;

	if (iova_is_err(iova)) {
		switch (iova_err(iova)) {
		case -ENOSPC: COUNT(st->no_room); break;
		case -EAGAIN: COUNT(st->again); break;
		default: COUNT(st->wrong_error); break;
		}
		return 0;
	}
	if ((iova & 4095) || at >= st->setup->granules || n > st->setup->granules - at) {
		COUNT(st->misplaced);
		return 0;
	}
	stress_claim(st, span(at, n), id);
	COUNT(st->allocs);
	return span(at, n);
}

static span_t alloc_one(struct stress *st, uint64_t *seed, uint8_t id)
{
	uint64_t n = random_n(st, seed), v = tap_random(seed);
	struct iova_request q = { .size = n << SHIFT };
	span_t r;

	if (v % 8)
		return stress_got(st, iova_space_alloc(st->space, n << SHIFT, ~0ull), n, id);
	v >>= 8;
	q.min = v & 1 ? stress_addr(st, (v >> 16) % st->setup->granules) : 0;
	q.max = v & 2 ? stress_addr(st, (v >> 32) % st->setup->granules) + 4095 : 0;
	q.align = v & 4 ? 1ull << (SHIFT + (v >> 8) % 10) : 0;
	if (q.max && q.max < q.min)
		q.min = 0;
	r = stress_got(st, iova_space_alloc_request(st->space, &q), n, id);
	if (r && (stress_addr(st, span_at(r)) < q.min ||
		  (q.max && stress_addr(st, span_at(r) + n) - 1 > q.max) ||
		  (q.align && (stress_addr(st, span_at(r)) & (q.align - 1)))))
		COUNT(st->misplaced);
	return r;
}

void stress_keep(struct worker *w, span_t r)
{
	if (!r)
		return;
	if (w->nr < w->st->setup->held)
		w->held[w->nr++] = r;
	else
		stress_free(w->st, r, (uint8_t)w->id);
}

span_t stress_drop(struct worker *w)
{
	unsigned i;
	span_t r;

	if (!w->nr)
		return 0;
	i = (unsigned)(tap_random(&w->seed) % w->nr);
	r = w->held[i];
	w->held[i] = w->held[--w->nr];
	return r;
}

static void fixed(struct worker *w)
{
	struct stress *st = w->st;
	uint64_t v = tap_random(&w->seed), n = random_n(st, &w->seed), at = v % st->setup->granules;
	uint64_t iova, room = st->setup->granules - st->setup->guard;
	uint64_t guard = (uint64_t)st->setup->guard << SHIFT; /* either may be in the way */
	struct iova_range hit = { 1, 0 };
	int e;

	if (w->nr && v >> 63) /* right behind something that this thread holds */
		at = span_at(w->held[v % w->nr]) + span_n(w->held[v % w->nr]);
	if (at >= room)
		return;
	if (n > room - at)
		n = room - at;
	iova = stress_addr(st, at);
	e = iova_space_alloc_fixed(st->space, iova, n << SHIFT, &hit);
	if (e == -EAGAIN)
		COUNT(st->again);
	else if (e == -EEXIST && (hit.first > hit.last || hit.first > iova + (n << SHIFT) + guard - 1 ||
				  hit.last + guard < iova))
		COUNT(st->wrong_find);
	else if (e && e != -EEXIST && (e != -EINVAL || !st->setup->start)) /* not grown so far */
		COUNT(st->wrong_error);
	if (e)
		return;
	stress_claim(st, span(at, n), (uint8_t)w->id);
	COUNT(st->fixed);
	stress_keep(w, span(at, n));
}

/* A range leaves for another thread, and one from another thread is freed here. */
static void hand_over(struct worker *w)
{
	struct stress *st = w->st;
	span_t out = stress_drop(w), in;

	if (out) {
		span_t *slot = &st->queue[tap_random(&w->seed) % QUEUE];

		stress_unclaim(st, out, (uint8_t)w->id);
		stress_claim(st, out, 100);
		in = plat_xchg_full(slot, out);
	} else {
		in = plat_xchg_full(&st->queue[tap_random(&w->seed) % QUEUE], 0);
	}
	if (in && !stress_free(st, in, 100))
		COUNT(st->remote);
}

/* What is said of a range that this thread holds. */
static void look(struct worker *w)
{
	struct stress *st = w->st;
	struct iova_range found = { 1, 0 };
	uint64_t v = tap_random(&w->seed), iova, size;
	span_t r;

	if (!w->nr)
		return;
	r = w->held[v % w->nr];
	iova = stress_addr(st, span_at(r));
	size = span_n(r) << SHIFT;
	if (iova_space_find(st->space, iova + (v >> 16) % size, &found) || found.first != iova ||
	    found.last != iova + size - 1)
		COUNT(st->wrong_find);
	if (iova_space_check(st->space, iova, size))
		COUNT(st->wrong_check);
	if ((v >> 8) % 4)
		return;
	/* Frees of something else than the range: refused, whatever the others do. */
	if (iova_space_free(st->space, iova, size + 4096) != -EINVAL ||
	    (size > 4096 && (iova_space_free(st->space, iova, size - 4096) != -EINVAL ||
			     iova_space_free(st->space, iova + 4096, size - 4096) != -EINVAL)))
		COUNT(st->wrong_check);
}

static void step(struct worker *w)
{
	unsigned v = (unsigned)(tap_random(&w->seed) % 40);
	span_t r;

	if (v < 12) {
		stress_keep(w, alloc_one(w->st, &w->seed, (uint8_t)w->id));
	} else if (v < 21) {
		r = stress_drop(w);
		if (r)
			stress_free(w->st, r, (uint8_t)w->id);
	} else if (v < 26) {
		hand_over(w);
	} else if (v < 30) {
		look(w);
	} else if (v < 32) {
		fixed(w);
	} else {
		stress_more(w);
	}
}

/* Runs in the middle of any of the above, on the same thread and space. */
static void on_signal(int sig)
{
	int saved = errno;
	struct worker *w = me;
	span_t r = w ? alloc_one(w->st, &w->signal_seed, (uint8_t)(w->id + 64)) : 0;

	(void)sig;
	if (r) {
		COUNT(w->st->signal_allocs);
		stress_free(w->st, r, (uint8_t)(w->id + 64));
	}
	errno = saved;
}

void *stress_work(void *arg)
{
	struct worker *w = arg;
	sigset_t set;

	me = w;
	plat_store_release(&tids[w->id - 1], (pid_t)syscall(SYS_gettid));
	for (uint64_t i = 0; i < w->ops; i++)
		step(w);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	plat_store_release(&tids[w->id - 1], 0);
	me = NULL;
	return NULL;
}

void stress_torment_init(struct worker *workers, unsigned nr)
{
	struct sigaction sa = { .sa_handler = on_signal, .sa_flags = SA_RESTART };

	(void)workers;
	for (unsigned i = 0; i < WORKERS_MAX; i++)
		tids[i] = 0;
	nr_tids = nr;
	sigaction(SIGUSR1, &sa, NULL);
}

void *stress_torment(void *arg)
{
	struct stress *st = arg;
	uint64_t seed = 42;
	unsigned cpus = plat_cpu_count();

	while (!plat_load_acquire(&st->stop)) {
		pid_t tid = plat_load_acquire(&tids[tap_random(&seed) % nr_tids]);
		cpu_set_t set;

		CPU_ZERO(&set);
		CPU_SET(tap_random(&seed) % cpus, &set);
		if (tid && tap_random(&seed) % 2) {
			sched_setaffinity(tid, sizeof(set), &set);
			COUNT(st->moves);
		} else if (tid) {
			syscall(SYS_tgkill, getpid(), tid, SIGUSR1);
		}
		usleep(10);
	}
	return NULL;
}

struct walk {
	struct stress *st;
	uint64_t next;
	unsigned pinned;
};

/* Ranges in order; each that is there the whole time exactly once. */
static int seen(void *ctx, const struct iova_range *range)
{
	struct walk *k = ctx;
	const struct stress *st = k->st;
	uint64_t at = (range->first >> SHIFT) - st->setup->first_pfn;

	if (range->first < k->next || range->last <= range->first ||
	    range->last > stress_addr(st, st->setup->granules) - 1)
		COUNT(k->st->wrong_walk);
	k->next = range->last;
	if (k->pinned < st->nr_pinned && span_at(st->pinned[k->pinned]) == at &&
	    span_n(st->pinned[k->pinned]) == (range->last - range->first + 1) >> SHIFT)
		k->pinned++;
	return 0;
}

void *stress_watch(void *arg)
{
	struct stress *st = arg;

	do {
		struct walk k = { .st = st };
		struct iova_space_stats stats;

		iova_space_for_each(st->space, 0, ~0ull, seen, &k);
		iova_space_stats(st->space, &stats);
		if (k.pinned != st->nr_pinned || stats.live_ranges < st->nr_pinned ||
		    (st->nr_pinned && !iova_space_in_use(st->space)))
			COUNT(st->wrong_walk);
		COUNT(st->walks);
		usleep(100);
	} while (!plat_load_acquire(&st->stop));
	return NULL;
}

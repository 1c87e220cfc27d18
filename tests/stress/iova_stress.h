/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * iova_stress.h - one space, many threads: who owns which granule.
 *
 * A *claim* is a byte per granule, taken by CAS after an allocation and given
 * up before the free: a claim that fails is an address with two owners.
 */
#ifndef IOVA_STRESS_H
#define IOVA_STRESS_H

#include "iova.h"
#include "iova_resv.h"
#include "plat.h"
#include "tap.h"

#include <pthread.h>

#define HELD_MAX 256u
#define QUEUE 64u /* ranges on their way from thread to thread */
#define WORKERS_MAX 8u
#define RESERVED_MAX 8u
#define SHIFT 12

struct setup {
	const char *name;
	uint64_t first_pfn, granules;
	uint64_t max_n;	 /* largest size asked for, in granules */
	unsigned held;	 /* ranges a worker wants to hold */
	unsigned chunk;	 /* fill the space with ranges of this size first ... */
	unsigned keep;	 /* ... and keep all but one in so many; 0: do not fill */
	unsigned reserve; /* reservations a worker has at a time, at most RESERVED_MAX */
	bool narrow;	  /* the list of allowed ranges becomes shorter, for good */
	uint64_t start;	  /* granules to begin with, the rest by growing; 0: all */
	unsigned quarantine;
	enum iova_placement placement;
	unsigned guard;
};

/* A range as one word: its first granule (from the space's first) and its length. */
typedef uint64_t span_t;
static inline span_t span(uint64_t at, uint64_t n)
{
	return at << 32 | n;
}
static inline uint64_t span_at(span_t r)
{
	return r >> 32;
}
static inline uint64_t span_n(span_t r)
{
	return (uint32_t)r;
}

struct stress {
	const struct setup *setup;
	struct iova_space *space;
	uint8_t *claims;
	span_t *pinned; /* allocated during the whole run, in address order */
	unsigned nr_pinned;
	uint64_t usable; /* granules, so far */
	span_t queue[QUEUE];
	bool stop;
	/* What must not happen. */
	uint64_t overlaps, lost, refused, misplaced, wrong_find, wrong_check, wrong_walk;
	uint64_t wrong_error;
	/* What must. */
	uint64_t allocs, signal_allocs, remote, fixed, reserved, walks, moves, no_room, again;
	uint64_t unreserved, narrowed, grown;
};

struct worker {
	pthread_t thread;
	struct stress *st;
	uint64_t seed, signal_seed, ops;
	unsigned id; /* 1.. */
	unsigned nr, nr_reserved;
	span_t held[HELD_MAX];
	span_t reserved[RESERVED_MAX];
	span_t out; /* that this worker has narrowed the list by; 0: nothing */
};

/* stress_iova_mem.c: memory functions that a signal handler may call */
extern struct plat_mem arena;
uint64_t arena_live_bytes(void);
void arena_reset(void);

/* stress_iova_work.c */
void *stress_work(void *worker);
void *stress_torment(void *stress); /* moves and signals workers until st->stop */
void *stress_watch(void *stress);   /* iterates and counts until st->stop */
void stress_torment_init(struct worker *workers, unsigned nr);
bool stress_claim(struct stress *st, span_t r, uint8_t id);
void stress_unclaim(struct stress *st, span_t r, uint8_t id);
int stress_free(struct stress *st, span_t r, uint8_t id);
uint64_t stress_addr(const struct stress *st, uint64_t at);
span_t stress_got(struct stress *st, uint64_t iova, uint64_t n, uint8_t id);
void stress_keep(struct worker *w, span_t r);
span_t stress_drop(struct worker *w); /* 0: holds nothing */

/* stress_iova_more.c, stress_iova_limits.c */
void stress_more(struct worker *w);
void stress_limits(struct worker *w);
bool stress_limits_end(struct worker *w);

/* stress_iova_duel.c */
bool stress_duel(struct stress *st, uint64_t wins);
bool stress_chase(struct stress *st);

#define COUNT(counter) ((void)plat_fetch_add_relaxed(&(counter), 1))

#endif

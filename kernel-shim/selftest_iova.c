// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * selftest_iova.c - libiova: who owns which address.
 *
 * owner[] has a byte for each granule of the space; an allocation sets the
 * bytes of its range and a free clears them first, so a byte that is set
 * already is an address with two owners.  Ranges are handed from actor to
 * actor, hence from CPU to CPU.  In the end every granule must be free: the
 * space is filled with single ones.
 */
#include "selftest.h"
#include "iova.h"
#include "iova_life.h"
#include "iova_resv.h"
#include "plat.h"

#include <linux/cpumask.h>
#include <linux/delay.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#define SHIFT 12
#define GRANULES 8192u /* in the space of a torment: 32 MiB */
#define HANDS 32u

/* A range as a word: its first granule above, its length below. */
#define RANGE(first, n) ((u64)(first) << 32 | (n))
#define FIRST(range) ((unsigned int)((range) >> 32))
#define LENGTH(range) ((unsigned int)(range))

struct st_space {
	struct iova_space *space;
	struct st_mem mem;
	u8 *owner;
	u64 hand[HANDS];
	unsigned int max_n, held; /* sizes asked for; ranges an actor holds */
	bool trim;		  /* metadata is given back all the time */
	/* what must not happen */
	atomic64_t overlaps, refused, misplaced, wrong, accepted;
	/* what must */
	atomic64_t allocs, irq_allocs, frees, no_room, again, trimmed;
};

static bool space_open(struct st_space *s, u64 granules)
{
	struct iova_space_config config = {
		.first = 0,
		.last = (granules << SHIFT) - 1,
		.granule_lg2 = SHIFT,
		.mem = st_mem(&s->mem),
		.flags = s->trim ? IOVA_SPACE_TRIM : 0,
	};

	return !iova_space_create(&s->space, &config);
}

static void mark(struct st_space *s, u64 range, u8 from, u8 to)
{
	unsigned int i;

	for (i = FIRST(range); i < FIRST(range) + LENGTH(range); i++)
		if (xchg(&s->owner[i], to) != from)
			atomic64_inc(&s->overlaps);
}

static u64 alloc(struct st_space *s, struct st_actor *a)
{
	unsigned int n = 1 + (unsigned int)st_random(&a->seed) %
			 (st_random(&a->seed) % 8 ? min(s->max_n, 8u) : s->max_n);
	u64 iova = iova_space_alloc(s->space, (u64)n << SHIFT, ~0ull);

	if (iova_is_err(iova)) {
		if (iova_err(iova) == -ENOSPC)
			atomic64_inc(&s->no_room);
		else if (iova_err(iova) == -EAGAIN)
			atomic64_inc(&s->again);
		else
			atomic64_inc(&s->wrong);
		return 0;
	}
	if (iova & ((1ull << SHIFT) - 1) || (iova >> SHIFT) + n > GRANULES) {
		atomic64_inc(&s->misplaced);
		return 0;
	}
	mark(s, RANGE(iova >> SHIFT, n), 0, 1);
	atomic64_inc(a->irq ? &s->irq_allocs : &s->allocs);
	return RANGE(iova >> SHIFT, n);
}

static void free_range(struct st_space *s, u64 range)
{
	mark(s, range, 1, 0);
	if (iova_space_free(s->space, (u64)FIRST(range) << SHIFT, (u64)LENGTH(range) << SHIFT))
		atomic64_inc(&s->refused);
	else
		atomic64_inc(&s->frees);
}

/* Frees of something else than the range, which the caller owns. */
static void free_wrongly(struct st_space *s, u64 range)
{
	u64 iova = (u64)FIRST(range) << SHIFT, size = (u64)LENGTH(range) << SHIFT;
	u64 page = 1 << SHIFT;

	if (iova_space_free(s->space, iova, size + page) != -EINVAL ||
	    (size > page && (iova_space_free(s->space, iova, size - page) != -EINVAL ||
			     iova_space_free(s->space, iova + page, size - page) != -EINVAL)))
		atomic64_inc(&s->accepted);
}

static void step(struct st_actor *a)
{
	struct st_space *s = a->t->priv;
	u64 v = st_random(&a->seed), range;

	switch (v % 8) {
	case 0 ... 3:
		range = a->nr_held < s->held ? alloc(s, a) : 0;
		if (LENGTH(range))
			a->held[a->nr_held++] = range;
		break;
	case 4 ... 5:
		if (a->nr_held)
			free_range(s, a->held[--a->nr_held]);
		break;
	case 6: /* one leaves for another actor, and one from another is freed here */
		range = a->nr_held ? a->held[--a->nr_held] : 0;
		range = xchg(&s->hand[v / 8 % HANDS], range);
		if (LENGTH(range))
			free_range(s, range);
		break;
	default:
		if (a->nr_held)
			free_wrongly(s, a->held[a->nr_held - 1]);
	}
}

/* Words of areas that are empty at the moment are taken away, and then the areas. */
static void trim(struct st_space *s)
{
	u64 before = iova_space_trim(s->space, ~0ull), after = iova_space_trim(s->space, 0);

	if (after < before)
		atomic64_add((s64)(before - after), &s->trimmed);
}

/* Fixed ranges take words apart that other CPUs own: the fence, under fire. */
static void fixed(struct st_torment *t)
{
	struct st_space *s = t->priv;
	u64 seed = st_seed + t->extra_steps;
	unsigned int n = 1 + (unsigned int)st_random(&seed) % 64;
	unsigned int first = (unsigned int)st_random(&seed) % (GRANULES - n);
	int err = iova_space_alloc_fixed(s->space, (u64)first << SHIFT, (u64)n << SHIFT, NULL);

	if (err && err != -EEXIST && err != -EAGAIN)
		atomic64_inc(&s->wrong);
	if (!err) {
		mark(s, RANGE(first, n), 0, 1);
		atomic64_inc(&s->allocs);
		free_range(s, RANGE(first, n));
	}
	if (s->trim)
		trim(s);
	usleep_range(100, 500);
}

static void give_back(struct st_space *s, struct st_torment *t)
{
	unsigned int i;

	for (i = 0; i < ST_ACTORS; i++)
		while (t->actor[i].nr_held)
			free_range(s, t->actor[i].held[--t->actor[i].nr_held]);
	for (i = 0; i < HANDS; i++)
		if (LENGTH(s->hand[i]))
			free_range(s, s->hand[i]);
}

/* How many single granules a space that should be empty has room for; all are freed again. */
static unsigned int room(struct st_space *s, u64 granules)
{
	unsigned int n = 0, i;
	u64 iova;

	memset(s->owner, 0, granules);
	for (;;) {
		iova = iova_space_alloc(s->space, 1 << SHIFT, ~0ull);
		if (iova_is_err(iova) || iova >> SHIFT >= granules || s->owner[iova >> SHIFT]++)
			break;
		n++;
	}
	for (i = 0; i < granules; i++)
		if (s->owner[i])
			n -= !!iova_space_free(s->space, (u64)i << SHIFT, 1 << SHIFT);
	return n;
}

static void space_close(struct st_space *s, const char *name)
{
	u64 live = iova_space_destroy(s->space);

	st_ok(!live && !atomic64_read(&s->mem.blocks), "%s: no range and no metadata left", name);
}

static void iova_torment(const char *name, unsigned int max_n, unsigned int held, bool hotplug,
			 bool trimmed)
{
	struct st_space *s = kzalloc(sizeof(*s), GFP_KERNEL);
	struct st_torment *t = kzalloc(sizeof(*t), GFP_KERNEL);
	unsigned int n;

	if (s) {
		s->owner = vzalloc(GRANULES);
		s->trim = trimmed;
	}
	if (!st_ok(t && s && s->owner && space_open(s, GRANULES), "%s: a space", name))
		goto out;
	s->max_n = max_n;
	s->held = held;
	t->step = step;
	t->extra = fixed;
	t->hotplug = hotplug;
	t->priv = s;
	st_torment(t, name);
	give_back(s, t);
	st_ok(!atomic64_read(&s->overlaps), "%s: no address has two owners (%lld allocations)",
	      name, atomic64_read(&s->allocs) + atomic64_read(&s->irq_allocs));
	st_ok(!atomic64_read(&s->refused), "%s: no good free is refused (%lld frees)", name,
	      atomic64_read(&s->frees));
	st_ok(!atomic64_read(&s->accepted), "%s: no bad free is accepted", name);
	st_ok(!atomic64_read(&s->misplaced) && !atomic64_read(&s->wrong),
	      "%s: no other error (%lld no room, %lld try again)", name,
	      atomic64_read(&s->no_room), atomic64_read(&s->again));
	st_ok(atomic64_read(&s->irq_allocs) > 500, "%s: interrupts allocate (%lld)", name,
	      atomic64_read(&s->irq_allocs));
	if (trimmed && !hotplug) /* there the areas are seldom empty */
		st_ok(atomic64_read(&s->trimmed) > 1000, "%s: metadata goes back (%lld bytes)",
		      name, atomic64_read(&s->trimmed));
	n = room(s, GRANULES);
	st_ok(n == GRANULES, "%s: every granule is free again (%u of %u)", name, n, GRANULES);
	space_close(s, name);
out:
	if (s)
		vfree(s->owner);
	kfree(s);
	kfree(t);
}

static void iova_smoke(struct st_space *s)
{
	static const unsigned int sizes[] = { 1, 2, 3, 31, 32, 33, 512, 513, 5000 };
	struct iova_space_stats stats;
	bool ok = true, freed = true, again = true;
	unsigned int i, n;
	u64 iova;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		n = sizes[i];
		iova = iova_space_alloc(s->space, (u64)n << SHIFT, ~0ull);
		ok &= !iova_is_err(iova) && !(iova >> SHIFT & (roundup_pow_of_two(n) - 1));
		freed &= iova_space_check(s->space, iova, (u64)n << SHIFT) == 0 &&
			 iova_space_free(s->space, iova, (u64)(n + 600) << SHIFT) == -EINVAL &&
			 !iova_space_free(s->space, iova, (u64)n << SHIFT);
		again &= iova_space_free(s->space, iova, (u64)n << SHIFT) == -ENOENT;
	}
	st_ok(ok, "iova: sizes and alignments");
	st_ok(freed, "iova: a free of another size is refused");
	st_ok(again, "iova: a double free is refused");
	iova = iova_space_alloc(s->space, 1 << SHIFT, (1ull << 20) - 1);
	st_ok(iova < 1 << 20 && !iova_space_free(s->space, iova, 1 << SHIFT), "iova: a limit");
	st_ok(!iova_space_reserve(s->space, 0, (1 << SHIFT) - 1, NULL) &&
		      iova_space_free(s->space, 0, 1 << SHIFT) == -EINVAL &&
		      iova_space_alloc_fixed(s->space, 0, 1 << SHIFT, NULL) == -EEXIST,
	      "iova: a reservation");
	iova_space_stats(s->space, &stats);
	st_ok(!stats.live_ranges && stats.reserved_bytes == 1 << SHIFT &&
		      !iova_space_in_use(s->space),
	      "iova: statistics");
	n = room(s, GRANULES);
	st_ok(n == GRANULES - 1, "iova: all of a space (%u granules)", n);
}

/* The n-th allocation of memory fails, for every n until none does. */
static void iova_memory(struct st_space *s)
{
	bool wrong = false, made = false, done = false;
	unsigned int n;
	u64 iova;

	for (n = 1; !done && !wrong && n < 1000; n++) {
		atomic64_set(&s->mem.fail_in, n);
		if (!space_open(s, 1ull << 36)) {
			wrong = atomic64_read(&s->mem.fail_in) || atomic64_read(&s->mem.blocks);
			continue;
		}
		made = true;
		iova = iova_space_alloc(s->space, 1 << SHIFT, ~0ull);
		if (iova_is_err(iova))
			wrong = iova_err(iova) != -ENOMEM || atomic64_read(&s->mem.fail_in);
		else
			wrong = iova_space_free(s->space, iova, 1 << SHIFT);
		done = atomic64_read(&s->mem.fail_in);
		atomic64_set(&s->mem.fail_in, 0);
		iova = iova_space_alloc(s->space, 1 << SHIFT, ~0ull);
		wrong |= iova_is_err(iova) || iova_space_destroy(s->space) != 1 ||
			 atomic64_read(&s->mem.blocks);
	}
	st_ok(made && done && !wrong, "iova: memory that fails (at each of %u calls)", n - 2);
}

void st_iova(void)
{
	struct st_space *s = kzalloc(sizeof(*s), GFP_KERNEL);

	if (s)
		s->owner = vzalloc(GRANULES);
	if (st_ok(s && s->owner && space_open(s, GRANULES), "iova: a space")) {
		iova_smoke(s);
		space_close(s, "iova");
		iova_memory(s);
	}
	if (s)
		vfree(s->owner);
	kfree(s);
	iova_torment("iova, small ranges", 8, 16, false, false);
	iova_torment("iova, all sizes", 600, 4, false, false);
	iova_torment("iova, almost full", 256, ST_HELD, false, false);
	iova_torment("iova, trimmed", 64, 4, false, true);
	if (num_online_cpus() > 1)
		iova_torment("iova, CPUs come and go", 64, 32, true, true);
	else
		st_skip("iova, CPUs come and go", "one CPU");
}

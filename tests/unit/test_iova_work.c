/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * test_iova_work.c - how much each call does, counted by a build of the library that counts
 * (tests/locks): the same constants bound it with a thousand live ranges, with a hundred
 * thousand and, in the long form, with a million, and for ranges of every length.  A
 * search that fails goes once past what has been freed since the last one, and not again.
 * And what the short way writes to: lines that are the CPU's own.
 */
#define _GNU_SOURCE
#include "iova_int.h"
#include "iova_rig.h"

#include <stdlib.h>

UNIT_RUN_TWICE();

#define SPACE_BITS 48

/* Operations on shared words, at most, of any call of a kind: about 1.5 times what was seen. */
#define MOST_ALLOC 4000u   /* makes nodes of all levels, or makes their units one again */
#define MOST_FREE 500u	   /* raises all levels */
#define MOST_FIND 100u
#define MOST_CHECK 100u
#define MOST_FIXED 1000u   /* claims pieces of all levels, and makes nodes */
#define MOST_CONFLICT 150u /* -EEXIST */
#define MOST_STEP 200u	   /* of an iteration, to the next range of a dense space */
#define MOST_FAIL 1000u	   /* -ENOSPC again */
#define MOST_LINE 128u	   /* ... and for each line in which something was freed since */

static unsigned long counts[3] = { 1000, 100000, 1000000 };

static unsigned nr_counts(void)
{
	return getenv("CHECK_LONG") ? 3 : 2;
}

static uint64_t rng;

static uint64_t rnd(void)
{
	rng ^= rng << 13;
	rng ^= rng >> 7;
	return rng ^= rng << 17;
}

/* The most that calls of a kind have taken so far, by the place in this file. */
static struct {
	unsigned long most, limit;
	const char *call;
} seen[1000];

static void note(unsigned line, const char *call, unsigned long work, unsigned long limit)
{
	cr_assert(line < sizeof(seen) / sizeof(seen[0]));
	cr_assert(work, "%s: nothing was counted", call);
	if (work > seen[line].most) {
		seen[line].most = work;
		seen[line].limit = limit;
		seen[line].call = call;
	}
}

static void judge(uint64_t n)
{
	for (unsigned i = 0; i < sizeof(seen) / sizeof(seen[0]); i++) {
		cr_expect(seen[i].most <= seen[i].limit, "%llu: %s: %lu operations, %lu at most",
			  (unsigned long long)n, seen[i].call, seen[i].most, seen[i].limit);
		seen[i].most = 0;
	}
}

/* The value of @call, which is to take at most @limit operations. */
#define WORK(call, limit)                                              \
	({                                                             \
		unsigned long work_ = work_all;                        \
		__typeof__(call) value_ = (call);                      \
		note(__LINE__, #call, work_all - work_, (limit));      \
		value_;                                                \
	})

struct live {
	uint64_t iova, n;
};

static void make(struct rig *r, uint64_t last)
{
	struct iova_space_config c = rig_config(r, G, last);

	cr_assert(rig_move(0));
	cr_assert_eq(iova_space_create(&r->s, &c), 0);
}

/* One granule to 16; now and then a range of a level above. */
static void live_alloc(struct rig *r, struct live *live)
{
	live->n = rnd() % 64 ? 1 + rnd() % 16 : 33 + rnd() % 1024;
	live->iova = WORK(iova_space_alloc(r->s, live->n * G, NO_MAX), MOST_ALLOC);
	cr_assert(!iova_is_err(live->iova));
}

static void live_free(struct rig *r, const struct live *live)
{
	cr_assert_eq(WORK(iova_space_free(r->s, live->iova, live->n * G), MOST_FREE), 0);
}

static int first_one(void *ctx, const struct iova_range *range)
{
	*(struct iova_range *)ctx = *range;
	return 1;
}

static void look(struct rig *r, const struct live *live)
{
	struct iova_range at, next;

	cr_assert_eq(WORK(iova_space_find(r->s, live->iova, &at), MOST_FIND), 0);
	cr_assert_eq(at.first, live->iova);
	cr_assert_eq(WORK(iova_space_check(r->s, live->iova, live->n * G), MOST_CHECK), 0);
	cr_assert_eq(WORK(iova_space_free(r->s, live->iova, live->n * G + G), MOST_FREE), -EINVAL);
	cr_assert_eq(WORK(iova_space_alloc_fixed(r->s, live->iova, G, &next), MOST_CONFLICT),
		     -EEXIST);
	cr_assert_eq(next.first, live->iova);
	WORK(iova_space_for_each(r->s, at.first, NO_MAX, first_one, &next), MOST_STEP);
	cr_assert_eq(next.first, live->iova);
}

/* Where nothing is yet, and beside what is there. */
static void fixed(struct rig *r, const struct live *live)
{
	uint64_t far = rnd() % (1ull << (SPACE_BITS - 12)) * G, n = 1 + rnd() % 64;
	int err = WORK(iova_space_alloc_fixed(r->s, far, n * G, NULL), MOST_FIXED);

	if (!err)
		cr_assert_eq(WORK(iova_space_free(r->s, far, n * G), MOST_FREE), 0);
	err = WORK(iova_space_alloc_fixed(r->s, live->iova + live->n * G, G, NULL), MOST_FIXED);
	if (!err)
		rig_free(r, live->iova + live->n * G, 1);
}

Test(iova_work, however_many_live)
{
	for (unsigned k = 0; k < nr_counts(); k++) {
		unsigned long n = counts[k];
		struct live *live = calloc(n, sizeof(*live));
		struct rig r;

		rng = 88172645463325252ull;
		cr_assert_not_null(live);
		make(&r, (1ull << SPACE_BITS) - 1);
		for (unsigned long i = 0; i < n; i++)
			live_alloc(&r, &live[i]);
		for (unsigned i = 0; i < 20000; i++) {
			struct live *l = &live[rnd() % n];

			live_free(&r, l);
			live_alloc(&r, l);
			look(&r, &live[rnd() % n]);
		}
		for (unsigned i = 0; i < 1000; i++)
			fixed(&r, &live[rnd() % n]);
		for (unsigned long i = 0; i < n; i++)
			live_free(&r, &live[i]);
		rig_done(&r);
		free(live);
		judge(n);
	}
}

/* A range takes as much work as its level says, not its length. */
Test(iova_work, however_long)
{
	struct rig r;

	make(&r, (1ull << SPACE_BITS) - 1);
	for (unsigned lg2 = 0; lg2 < SPACE_BITS - 13; lg2++) {
		uint64_t size = ((1ull << lg2) + 1) * G;
		uint64_t iova = WORK(iova_space_alloc(r.s, size, NO_MAX), MOST_ALLOC);

		cr_assert(!iova_is_err(iova));
		cr_assert_eq(WORK(iova_space_free(r.s, iova, size), MOST_FREE), 0);
		judge(lg2);
	}
	rig_done(&r);
}

/* In pieces: a few words of each level. */
Test(iova_work, however_long_at_an_address)
{
	struct rig r;

	make(&r, (1ull << SPACE_BITS) - 1);
	for (unsigned lg2 = 0; lg2 < SPACE_BITS - 13; lg2++) {
		uint64_t iova = (1ull << (SPACE_BITS - 1)) + G, size = ((1ull << lg2) + 1) * G;
		unsigned levels = lg2 / 4 + 1;

		cr_assert_eq(WORK(iova_space_alloc_fixed(r.s, iova, size, NULL),
				  levels * MOST_FIXED),
			     0);
		cr_assert_eq(WORK(iova_space_free(r.s, iova, size), levels * MOST_FIXED), 0);
		judge(lg2);
	}
	rig_done(&r);
}

/*
 * A space of which every other granule is taken, in lines of 128: allocated on CPU 0,
 * freed on @freer, and the failing requests are made on @asker.
 */
static void fail_many(unsigned long n, uint64_t granules, unsigned freer, unsigned asker)
{
	unsigned long lines = 2 * n / 128 + 1, before;
	struct rig r;

	make(&r, 2 * n * G + G - 1);
	for (unsigned long i = 0; i < 2 * n; i++)
		rig_alloc(&r, 1);
	cr_assert(rig_move(freer));
	for (unsigned long i = 2; i <= 2 * n; i += 2)
		rig_free(&r, i * G, 1);
	cr_assert(rig_move(asker));
	before = work_all;
	for (unsigned i = 0; i < 3; i++)
		cr_assert_eq(WORK(iova_space_alloc(r.s, granules * G, NO_MAX),
				  MOST_FAIL + lines * MOST_LINE),
			     (uint64_t)-ENOSPC);
	cr_expect_leq(work_all - before, 3 * MOST_FAIL + lines * MOST_LINE,
		      "%lu live, %llu granules: the first ones, in all, %lu operations", n,
		      (unsigned long long)granules, work_all - before);
	for (unsigned i = 0; i < 200; i++)
		cr_assert_eq(WORK(iova_space_alloc(r.s, granules * G, NO_MAX), MOST_FAIL),
			     (uint64_t)-ENOSPC);
	/* What is freed in the meantime is looked at, and nothing else. */
	before = work_all;
	for (unsigned long i = 1; i <= 400; i++) {
		uint64_t iova = (1 + 2 * (rnd() % n)) * G;

		rig_free(&r, iova, 1);
		cr_assert_eq(iova_space_alloc_fixed(r.s, iova, G, NULL), 0);
		cr_assert_eq(iova_space_alloc(r.s, granules * G, NO_MAX), (uint64_t)-ENOSPC);
	}
	cr_expect_leq(work_all - before, 400ul * (MOST_FAIL + MOST_FREE + MOST_FIXED),
		      "%lu live, %llu granules: beside frees, %lu operations", n,
		      (unsigned long long)granules, work_all - before);
	for (unsigned long i = 1; i <= 2 * n; i += 2)
		rig_free(&r, i * G, 1);
	rig_done(&r);
	judge(n);
}

Test(iova_work, failing)
{
	static const uint64_t sizes[] = { 2, 8, 33, 512, 1024 };
	unsigned last = rig_move(1) ? 1 : 0;

	rng = 88172645463325252ull;
	for (unsigned k = 0; k < nr_counts(); k++) {
		for (unsigned i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
			fail_many(counts[k], sizes[i], 0, 0);
			fail_many(counts[k], sizes[i], 0, last);
			fail_many(counts[k], sizes[i], last, last);
			fail_many(counts[k], sizes[i], last, 0);
		}
	}
}

/* Memory of one space, to be compared with what it was. */
static struct arena {
	uint8_t now[1 << 20] plat_aligned(PLAT_CACHELINE);
	uint8_t then[1 << 20];
	size_t used;
} arena;

static void *arena_alloc(void *ctx, size_t size, size_t align)
{
	(void)ctx;
	arena.used = (arena.used + align - 1) & ~(align - 1);
	if (size > sizeof(arena.now) - arena.used)
		return NULL;
	arena.used += size;
	return arena.now + arena.used - size;
}

static void arena_free(void *ctx, void *ptr, size_t size, size_t align)
{
	(void)ctx, (void)ptr, (void)size, (void)align;
}

static bool is_own_line(struct iova_space *s, const uint8_t *line, uint64_t end_pfn)
{
	const uint8_t *slot = (const uint8_t *)s->slot[plat_cpu()];
	struct iova_ref ref;

	if (line >= slot && line < slot + sizeof(struct iova_slot))
		return true;
	for (uint64_t pfn = 0; pfn < end_pfn; pfn += 32)
		for (unsigned level = 0; level < 2; level++)
			if (iova_ref_at(s, level, pfn, &ref) &&
			    (uintptr_t)iova_word(&ref) / PLAT_CACHELINE ==
				    (uintptr_t)line / PLAT_CACHELINE &&
			    iova_own(iova_ctl_look(&ref)) == plat_cpu())
				return true;
	return false;
}

/* Cache lines that are not what they were; all are the CPU's own. */
static unsigned changed_lines(struct iova_space *s, uint64_t end_pfn)
{
	unsigned changed = 0;

	for (size_t i = 0; i < arena.used; i += PLAT_CACHELINE) {
		if (!memcmp(arena.now + i, arena.then + i, PLAT_CACHELINE))
			continue;
		changed++;
		cr_expect(is_own_line(s, arena.now + i, end_pfn), "line %zu is shared", i);
	}
	memcpy(arena.then, arena.now, sizeof(arena.now));
	return changed;
}

Test(iova_work, lines_written)
{
	static const struct plat_mem_ops ops = { .alloc = arena_alloc, .free = arena_free };
	static const uint64_t sizes[] = { 1, 7, 16, 32, 33, 64, 512 };
	const uint64_t end_pfn = 1 << 15;
	struct iova_space_config c = { .first = G, .last = end_pfn * G - 1, .granule_lg2 = 12,
				       .mem = { .ops = &ops } };
	struct iova_space *s;
	uint64_t iova[16];

	cr_assert(rig_move(0));
	cr_assert_eq(iova_space_create(&s, &c), 0);
	for (unsigned k = 0; plat_percpu_ok() && k < sizeof(sizes) / sizeof(sizes[0]); k++) {
		for (unsigned round = 0; round < 4; round++) {
			if (round == 1) /* what the first one made ready is there */
				memcpy(arena.then, arena.now, sizeof(arena.now));
			for (unsigned i = 0; i < 16; i++) {
				iova[i] = iova_space_alloc(s, sizes[k] * G, NO_MAX);
				cr_assert(!iova_is_err(iova[i]));
			}
			cr_expect(!round || changed_lines(s, end_pfn));
			for (unsigned i = 0; i < 16; i++)
				cr_assert_eq(iova_space_free(s, iova[i], sizes[k] * G), 0);
			cr_expect(!round || changed_lines(s, end_pfn));
		}
	}
	cr_assert_eq(iova_space_destroy(s), 0);
}

/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* test_iova_space.c - creation, destruction, memory, fork and threads. */
#define _GNU_SOURCE
#include "iova_life.h"
#include "plat.h"
#include "unit/iova_rig.h"

#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

UNIT_RUN_TWICE();

static int try_create(struct rig *r, const struct iova_space_config *c)
{
	struct iova_space *marker = (struct iova_space *)r;
	int e;

	r->s = marker;
	e = iova_space_create(&r->s, c);
	if (e) {
		cr_assert_eq(r->s, marker, "a failed creation wrote its result");
		cr_assert(count_mem_clean(&r->mem));
	}
	return e;
}

/* One field of a good configuration is made bad. */
#define BAD(field, value)                                                      \
	do {                                                                   \
		struct rig r_;                                                 \
		struct iova_space_config c_ = rig_config(&r_, G, 1024 * G - 1); \
		c_.field = (value);                                            \
		cr_assert_eq(try_create(&r_, &c_), -EINVAL, "." #field " = " #value); \
	} while (0)

Test(space, bad_configurations)
{
	static const struct plat_mem_ops no_alloc = { .alloc = NULL, .free = count_mem_free };
	static const struct plat_mem_ops no_free = { .alloc = count_mem_alloc, .free = NULL };
	struct rig r;
	struct iova_space_config c = rig_config(&r, G, 1024 * G - 1);

	BAD(first, G + 1);
	BAD(first, G - 1);
	BAD(first, 1024 * G);
	BAD(first, 2048 * G);
	BAD(last, 1024 * G);
	BAD(last, 1024 * G - 2);
	BAD(last, 0);
	BAD(last, UINT64_MAX - G / 2);
	BAD(granule_lg2, 0);
	BAD(granule_lg2, 11);
	BAD(granule_lg2, 35);
	BAD(granule_lg2, 64);
	BAD(granule_lg2, 255);
	BAD(granule_lg2, 13); /* first is no longer aligned */
	BAD(cpu_slots, PLAT_OWN_MAX_CPU + 1);
	BAD(cpu_slots, ~0u);
	BAD(flags, 4);
	BAD(flags, ~0u);
	BAD(mem.ops, &no_alloc);
	BAD(mem.ops, &no_free);
	cr_assert_eq(iova_space_create(&r.s, NULL), -EINVAL);
	cr_assert_eq(iova_space_create(NULL, &c), -EINVAL);
	cr_assert_eq(iova_space_create(NULL, NULL), -EINVAL);
	cr_assert(count_mem_clean(&r.mem));
}

Test(space, destroy_null)
{
	cr_assert_eq(iova_space_destroy(NULL), 0);
}

Test(space, platform_memory)
{
	struct iova_space_config c = { .first = G, .last = 64 * G - 1, .granule_lg2 = 12 };
	struct iova_space *s;
	uint64_t iova;

	cr_assert_eq(iova_space_create(&s, &c), 0);
	iova = iova_space_alloc(s, 1, NO_MAX);
	cr_assert(!iova_is_err(iova));
	cr_assert_eq(iova_space_free(s, iova, 1), 0);
	cr_assert_eq(iova_space_destroy(s), 0);
}

Test(space, destroy_reports_what_is_left)
{
	for (unsigned room = 0; room < 7; room++) {
		struct iova_range live[7] = { 0 };
		uint64_t want[5];
		struct rig r;

		rig_make(&r, 0, 1 << 24);
		/* Several areas, empty ones among them, and one range that fills whole areas. */
		for (unsigned i = 0; i < 4; i++) {
			want[i] = ((uint64_t)i * 5000 + 7) * G;
			cr_assert_eq(iova_space_alloc_fixed(r.s, want[i], 3 * G, NULL), 0);
		}
		want[4] = (1ull << 23) * G;
		cr_assert_eq(iova_space_alloc_fixed(r.s, want[4], (1ull << 13) * G, NULL), 0);
		cr_assert_eq(iova_space_alloc_fixed(r.s, 2049 * G, G, NULL), 0);
		rig_free(&r, 2049 * G, 1);
		cr_assert_eq(iova_space_destroy_report(r.s, room ? live : NULL, room), 5);
		for (unsigned i = 0; i < 7; i++) {
			uint64_t n = i < 4 ? 3 : 1 << 13;
			bool told = i < room && i < 5;

			cr_assert_eq(live[i].first, told ? want[i] : 0);
			cr_assert_eq(live[i].last, told ? want[i] + n * G - 1 : 0);
		}
		cr_assert(count_mem_clean(&r.mem));
	}
	cr_assert_eq(iova_space_destroy_report(NULL, NULL, 0), 0);
}

Test(space, destroy_counts_what_is_left)
{
	struct rig r;

	rig_make(&r, 1, 1 << 20);
	rig_alloc(&r, 1);
	rig_alloc(&r, 33);
	rig_free(&r, rig_alloc(&r, 2), 2);
	rig_alloc(&r, 1000);
	cr_assert_eq(iova_space_alloc_fixed(r.s, 5000 * G, 77 * G, NULL), 0);
	cr_assert_eq(iova_space_reserve(r.s, 6000 * G, 6001 * G - 1, NULL), 0);
	cr_assert_eq(iova_space_destroy(r.s), 4);
	cr_assert(count_mem_clean(&r.mem));
}

/* The whole of a space that begins at @first granules, by every way of asking. */
static void use_whole(struct rig *r, uint64_t first, uint64_t granules, unsigned shift)
{
	uint64_t bytes = granules << shift, at = first << shift, got;

	cr_assert_eq(iova_space_alloc_fixed(r->s, at, bytes, NULL), 0);
	cr_assert_eq(iova_space_alloc(r->s, 1, NO_MAX), (uint64_t)-ENOSPC);
	cr_assert_eq(iova_space_free(r->s, at, bytes), 0);
	for (uint64_t i = 0; i < granules && i < 40; i++) {
		got = iova_space_alloc(r->s, 1, NO_MAX);
		cr_assert(got >= at && got <= at + bytes - 1 && !(got & ((1ull << shift) - 1)));
	}
	cr_assert_eq(iova_space_alloc(r->s, 1, NO_MAX) == (uint64_t)-ENOSPC, granules <= 40);
}

Test(space, every_granule)
{
	for (unsigned shift = 12; shift <= 34; shift++) {
		struct rig r;
		struct iova_space_config c = rig_config(&r, 0, (64ull << shift) - 1);

		c.granule_lg2 = (uint8_t)shift;
		cr_assert_eq(iova_space_create(&r.s, &c), 0);
		use_whole(&r, 0, 64, shift);
		cr_assert_eq(iova_space_destroy(r.s), 41);
		cr_assert(count_mem_clean(&r.mem));
	}
}

Test(space, one_granule)
{
	static const uint64_t at[] = { 0,	   1,		     31,	       2047,
				       1ull << 20, (1ull << 36) - 1, (1ull << 52) - 1 };

	for (unsigned i = 0; i < sizeof(at) / sizeof(at[0]); i++) {
		struct rig r;

		rig_make(&r, at[i], 1);
		cr_assert_eq(iova_space_alloc(r.s, 2 * G, NO_MAX), (uint64_t)-ENOSPC);
		use_whole(&r, at[i], 1, 12);
		cr_assert_eq(iova_space_free(r.s, at[i] * G, G), 0);
		rig_done(&r);
	}
}

/* Spaces across the ends of the tables that say where nodes are (iova_int.h). */
Test(space, every_table)
{
	static const uint64_t border[] = { 1ull << 20, 3ull << 20, 1ull << 27, 1ull << 28,
					   1ull << 29, 1ull << 38 };
	static const uint64_t size[] = { 1, 5, 16, 40, 512 };
	static uint64_t iova[12000];

	for (unsigned i = 0; i < sizeof(border) / sizeof(border[0]); i++) {
		uint64_t first = border[i] - 6000, below = 0, above = 0;
		struct rig r;

		rig_make(&r, first, 12000);
		for (unsigned round = 0; round < 2; round++) {
			for (unsigned k = 0; k < sizeof(size) / sizeof(size[0]); k++) {
				unsigned nr = 0;

				for (; nr < 12000; nr++) {
					iova[nr] = iova_space_alloc(r.s, size[k] * G, NO_MAX);
					if (iova_is_err(iova[nr]))
						break;
					below += iova[nr] < border[i] * G;
					above += iova[nr] >= border[i] * G;
				}
				cr_assert_gt(nr, 12000 / size[k] / 2 - 5);
				while (nr--) {
					cr_assert(iova_space_free(r.s, iova[nr],
								  (size[k] + 1) * G));
					rig_free(&r, iova[nr], size[k]);
					cr_assert(iova_space_free(r.s, iova[nr], size[k] * G));
				}
			}
		}
		cr_assert(below && above);
		/* In every other table there is nothing to be freed. */
		for (unsigned k = 12; k < 52; k++)
			cr_assert(iova_space_free(r.s, G << k, G), "2^%u", k);
		rig_done(&r);
	}
}

Test(space, all_of_2_64)
{
	for (unsigned shift = 12; shift <= 34; shift += 11) {
		struct rig r;
		struct iova_space_config c = rig_config(&r, 0, UINT64_MAX);
		uint64_t top = UINT64_MAX << shift, half = 1ull << 63, got;

		c.granule_lg2 = (uint8_t)shift;
		cr_assert_eq(iova_space_create(&r.s, &c), 0);
		cr_assert_eq(iova_space_alloc_fixed(r.s, top, 1ull << shift, NULL), 0);
		cr_assert_eq(iova_space_alloc_fixed(r.s, 0, 1ull << shift, NULL), 0);
		cr_assert_eq(iova_space_alloc(r.s, half, NO_MAX), (uint64_t)-ENOSPC);
		cr_assert_eq(iova_space_free(r.s, 0, 1ull << shift), 0);
		got = iova_space_alloc(r.s, half, NO_MAX);
		cr_assert_eq(got, 0);
		cr_assert_eq(iova_space_free(r.s, got, half), 0);
		cr_assert_eq(iova_space_free(r.s, top, 1ull << shift), 0);
		/* Sizes end at 2^64 - 1: the space less a granule is the most there is. */
		got = (uint64_t)0 - (1ull << shift);
		cr_assert_eq(iova_space_alloc_fixed(r.s, 0, got, NULL), 0);
		cr_assert_eq(iova_space_alloc(r.s, 1, NO_MAX), top);
		cr_assert_eq(iova_space_free(r.s, top, 1), 0);
		cr_assert_eq(iova_space_free(r.s, 0, got), 0);
		rig_done(&r);
	}
}

Test(space, metadata_follows_use)
{
	struct rig r;
	uint64_t empty;

	rig_make(&r, 1, (1ull << 45) - 1); /* 57 bits */
	empty = r.mem.bytes;
	cr_assert_lt(empty, 256 << 10);
	for (unsigned i = 0; i < 512; i++)
		rig_alloc(&r, 1);
	cr_assert_lt(r.mem.bytes - empty, 64 << 10, "%llu bytes for one area",
		     (unsigned long long)(r.mem.bytes - empty));
	cr_assert_eq(iova_space_destroy(r.s), 512);
	cr_assert(count_mem_clean(&r.mem));
}

Test(space, creation_without_memory)
{
	static const uint64_t first[] = { 0, 1, 12345, 1ull << 36 };

	for (unsigned i = 0; i < sizeof(first) / sizeof(first[0]); i++) {
		unsigned nth = 0;

		for (int e = -ENOMEM; e;) {
			struct rig r;
			struct iova_space_config c =
				rig_config(&r, first[i] * G, (1ull << 50) - G * 77 - 1);

			r.mem.fail_at = ++nth;
			e = try_create(&r, &c);
			cr_assert(e == 0 || e == -ENOMEM);
			cr_assert_eq(!e, !r.mem.failed, "allocation %u", nth);
			if (!e) {
				cr_assert_eq(iova_space_destroy(r.s), 0);
				cr_assert(count_mem_clean(&r.mem));
			}
		}
		cr_assert_gt(nth, 3);
	}
}

/* Allocates, then frees half; the other half is left. */
static void *come_and_go(void *arg)
{
	struct rig *r = arg;
	uint64_t iova[64];

	for (unsigned i = 0; i < 64; i++)
		iova[i] = iova_space_alloc(r->s, (1 + i) * G, NO_MAX);
	for (unsigned i = 0; i < 64; i++)
		if (iova_is_err(iova[i]) || (i & 1 && iova_space_free(r->s, iova[i], (1 + i) * G)))
			return arg;
	return NULL;
}

static int free_it(void *ctx, const struct iova_range *range)
{
	return iova_space_free(ctx, range->first, range->last - range->first + 1);
}

Test(space, threads_come_and_go)
{
	struct iova_space_stats st;
	struct rig r;

	rig_make(&r, 1, (1 << 20) - 1);
	for (unsigned i = 0; i < 20; i++) {
		pthread_t t;
		void *failed;

		cr_assert_eq(pthread_create(&t, NULL, come_and_go, &r), 0);
		cr_assert_eq(pthread_join(t, &failed), 0);
		cr_assert_null(failed);
	}
	iova_space_stats(r.s, &st);
	cr_assert_eq(st.live_ranges, 20 * 32);
	cr_assert_eq(iova_space_for_each(r.s, 0, UINT64_MAX, free_it, r.s), 0);
	cr_assert_eq(iova_space_alloc_fixed(r.s, G, ((1 << 20) - 1) * G, NULL), 0);
	rig_free(&r, G, (1 << 20) - 1);
	rig_done(&r);
}

/* What parent and child both do after the fork, each with its own copy. */
static int go_on(struct rig *r, const uint64_t *iova, unsigned nr)
{
	for (unsigned round = 0; round < 100; round++) {
		uint64_t got = iova_space_alloc(r->s, (1 + round) * G, NO_MAX);

		if (iova_is_err(got) || iova_space_free(r->s, got, (1 + round) * G))
			return 1;
	}
	for (unsigned i = 0; i < nr; i++)
		if (iova_space_free(r->s, iova[i], (1 + i) * G) ||
		    !iova_space_free(r->s, iova[i], G))
			return 2;
	if (iova_space_in_use(r->s) || iova_space_alloc_fixed(r->s, G, 4095 * G, NULL) ||
	    iova_space_free(r->s, G, 4095 * G))
		return 3;
	return iova_space_destroy(r->s) || !count_mem_clean(&r->mem) ? 4 : 0;
}

Test(space, fork)
{
	uint64_t iova[40];
	struct rig r;
	int status;
	pid_t child;

	rig_make(&r, 1, 4095);
	for (unsigned i = 0; i < 40; i++)
		iova[i] = rig_alloc(&r, 1 + i);
	child = fork();
	if (!child)
		_exit(go_on(&r, iova, 40));
	cr_assert_eq(waitpid(child, &status, 0), child);
	cr_assert(WIFEXITED(status));
	cr_assert_eq(WEXITSTATUS(status), 0);
	cr_assert_eq(go_on(&r, iova, 40), 0);
}

/* CPUs without a slot of their own, and a space that has no CPU-local words. */
Test(space, few_slots)
{
	for (unsigned mode = 0; mode < 3; mode++) {
		struct rig r;
		struct iova_space_config c = rig_config(&r, 0, 2048 * G - 1);
		uint64_t iova[256];

		c.cpu_slots = mode < 2 ? 1 : 0;
		c.flags = mode ? IOVA_SPACE_NO_PERCPU : 0;
		cr_assert_eq(iova_space_create(&r.s, &c), 0);
		for (unsigned i = 0; i < 256; i++) {
			rig_move(i & 1);
			iova[i] = rig_alloc(&r, 1 + i % 8);
		}
		for (unsigned i = 0; i < 256; i++) {
			rig_move(i >> 1 & 1);
			rig_free(&r, iova[i], 1 + i % 8);
			cr_assert_eq(iova_space_free(r.s, iova[i], (1 + i % 8) * G), -ENOENT);
		}
		cr_assert_eq(rig_alloc(&r, 2048), 0);
		rig_free(&r, 0, 2048);
		rig_done(&r);
	}
}

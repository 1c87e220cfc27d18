/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* iova_rig.h - what the unit tests of libiova share: a space over counted memory. */
#ifndef IOVA_RIG_H
#define IOVA_RIG_H

#include "count_mem.h"
#include "iova.h"
#include "iova_resv.h"
#include "unit/unit.h"

#include <sched.h>

#define G 4096ull /* the granule of most tests */
#define NO_MAX UINT64_MAX

#ifndef RIG_FLAGS
#define RIG_FLAGS 0
#endif

struct rig {
	struct count_mem mem;
	struct iova_space *s;
};

static inline struct iova_space_config rig_config(struct rig *r, uint64_t first, uint64_t last)
{
	*r = (struct rig){ 0 };
	return (struct iova_space_config){ .first = first, .last = last, .granule_lg2 = 12,
					   .mem = count_mem(&r->mem), .flags = RIG_FLAGS };
}

/* A space of 4 KiB granules from @first_pfn on. */
static inline void rig_make(struct rig *r, uint64_t first_pfn, uint64_t granules)
{
	struct iova_space_config c =
		rig_config(r, first_pfn * G, first_pfn * G + granules * G - 1);

	cr_assert_eq(iova_space_create(&r->s, &c), 0);
}

static inline void rig_done(struct rig *r)
{
	struct iova_space_stats st;

	iova_space_stats(r->s, &st);
	cr_assert_eq(st.metadata_bytes, r->mem.bytes);
	cr_assert_eq(st.live_ranges, 0);
	cr_assert(!iova_space_in_use(r->s));
	cr_assert_eq(iova_space_destroy(r->s), 0);
	cr_assert(count_mem_clean(&r->mem), "%llu blocks left, %llu wrong frees",
		  (unsigned long long)r->mem.blocks, (unsigned long long)r->mem.wrong);
}

static inline int rig_hash(void *ctx, const struct iova_range *range)
{
	uint64_t *h = ctx;

	*h = (*h ^ range->first) * 0x9e3779b97f4a7c15ull;
	*h = (*h ^ range->last ^ *h >> 29) * 0xbf58476d1ce4e5b9ull;
	return 0;
}

/* All that a caller can see of a space, in one number. */
static inline uint64_t rig_state(struct iova_space *s)
{
	struct iova_space_stats st;
	uint64_t h = 1;

	iova_space_for_each(s, 0, UINT64_MAX, rig_hash, &h);
	iova_space_stats(s, &st);
	return (h ^ st.live_ranges) * 31 + (st.live_bytes ^ st.reserved_bytes * 7);
}

static inline uint64_t rig_alloc(struct rig *r, uint64_t n)
{
	uint64_t iova = iova_space_alloc(r->s, n * G, NO_MAX);

	cr_assert(!iova_is_err(iova), "alloc of %llu granules: %d", (unsigned long long)n,
		  iova_err(iova));
	return iova;
}

static inline void rig_free(struct rig *r, uint64_t iova, uint64_t n)
{
	cr_assert_eq(iova_space_free(r->s, iova, n * G), 0);
}

/* Runs on the @nth CPU that this process may use from here on; false: there is none. */
static inline bool rig_move(unsigned nth)
{
	static cpu_set_t all;
	cpu_set_t one;

	if (!CPU_COUNT(&all))
		sched_getaffinity(0, sizeof(all), &all);
	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
		if (!CPU_ISSET(cpu, &all) || nth--)
			continue;
		CPU_ZERO(&one);
		CPU_SET(cpu, &one);
		return !sched_setaffinity(0, sizeof(one), &one);
	}
	return false;
}

/* The alignment of n granules, and how many are rounded away, by the placement rule. */
static inline uint64_t rule_align(uint64_t n)
{
	uint64_t a = 1;

	while (a < n)
		a *= 2;
	return a;
}

static inline uint64_t rule_padding(uint64_t n)
{
	uint64_t unit = 1;

	while (n > 32 * unit)
		unit *= 16;
	return (unit - n % unit) % unit;
}

#endif

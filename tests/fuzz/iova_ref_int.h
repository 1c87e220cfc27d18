/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* iova_ref_int.h - one stream of operations: shared by iova_ref.c and iova_ref_more.c. */
#ifndef IOVA_REF_INT_H
#define IOVA_REF_INT_H

#include "count_mem.h"
#include "iova.h"
#include "iova_resv.h"
#include "iova_flat.h"
#include "iova_ref.h"

#include <sched.h>

struct ref {
	struct iova_space *s;
	const uint8_t *in, *end;
	const char **what;
	unsigned shift;
	uint64_t bad;	 /* frees refused so far */
	uint64_t failed; /* mem.failed before the current operation */
	cpu_set_t cpus;	 /* where this thread may run */
	int cpu;
	bool ordered, highest; /* ranges go to the lowest place, or to the highest */
	struct count_mem mem;
	struct flat flat;
};

#define CHECK(r, cond, text)                   \
	do {                                   \
		if (!(cond)) {                 \
			*(r)->what = (text);   \
			return __LINE__;       \
		}                              \
	} while (0)

static inline unsigned take(struct ref *r, unsigned bytes)
{
	unsigned v = 0;

	while (bytes--)
		v = v << 8 | (r->in < r->end ? *r->in++ : 0u);
	return v;
}

/* Sizes that matter: small ones, around powers of two and of sixteen, now and then large. */
static inline uint32_t take_size(struct ref *r)
{
	unsigned b = take(r, 1);
	uint32_t n;

	if (b < 128)
		return 1 + b % 40;
	n = 1u << (b & 15);
	n += (b >> 4 & 3) == 0 ? 0 : (b >> 4 & 3) == 1 ? 1 : (b >> 4 & 3) == 2 ? -1u : n / 2;
	return n ? n : 1;
}

static inline uint64_t addr(const struct ref *r, uint64_t granule)
{
	return (r->flat.base + granule) << r->shift;
}

static inline uint64_t granule(const struct ref *r, uint64_t iova)
{
	return (iova >> r->shift) - r->flat.base;
}

/* Any size in bytes that means @n granules. */
static inline uint64_t size_of(struct ref *r, uint32_t n)
{
	uint64_t less = take(r, 1);

	return ((uint64_t)n << r->shift) - (less < 128 ? 0 : less < 192 ? less - 127 :
							     (1ull << r->shift) - 1);
}

/* Did an allocation of metadata fail in this operation? */
static inline bool out_of_memory(const struct ref *r)
{
	return r->mem.failed != r->failed;
}

static inline uint64_t take_limit(struct ref *r)
{
	return take(r, 1) & 1 ? take(r, 2) : FLAT_GRANULES;
}

/* iova_ref.c */
int ref_check_failed(struct ref *r, int err, bool place, bool exact);
int ref_check_none(struct ref *r, int err, const struct flat_wish *w);
int ref_check_got(struct ref *r, uint64_t got, uint32_t n, uint64_t align, uint64_t lo,
		  uint64_t hi);
int ref_check_conflict(struct ref *r, const struct iova_range *hit, uint64_t first, uint64_t last);
int ref_free_one(struct ref *r, unsigned i);

/* iova_ref_more.c: the operations of the headers beside iova.h */
int ref_op_more(struct ref *r);

#endif

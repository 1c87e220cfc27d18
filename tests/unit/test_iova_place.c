/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* test_iova_place.c - congruence, boundaries, windows, pieces, ranges by their ends. */
#define _GNU_SOURCE
#include "iova_place.h"
#include "unit/iova_rig.h"

UNIT_RUN_TWICE();

#define M2 (2ull << 20)
#define G1 (1ull << 30)

static uint64_t ask(struct rig *r, const struct iova_request *q)
{
	return iova_space_alloc_request(r->s, q);
}

/* A buffer at any physical address gets an address that huge pages can map as well. */
Test(place, congruence)
{
	static const uint64_t phys[] = { 0, G, 5 * G, M2 - G, M2, M2 + 7 * G, 3 * M2 + M2 / 2,
					 G1 - G, G1 + 12345 * G, 77 * G1 + 511 * G };
	static const uint64_t sizes[] = { 1, 2, 5, 31, 33, 500, 512, 513, 4000, 262144, 300000 };

	for (unsigned m = 0; m < 2; m++) {
		uint64_t modulus = m ? G1 : M2, live = 0, got[110];
		struct rig r;

		rig_make(&r, 1, 1ull << 30);
		for (unsigned i = 0; i < 110; i++) {
			struct iova_request q = { .granules = sizes[i % 11], .align = modulus,
						  .offset = phys[i / 11] };

			got[i] = ask(&r, &q);
			cr_assert(!iova_is_err(got[i]), "%u: %d", i, iova_err(got[i]));
			cr_assert_eq(got[i] % modulus, phys[i / 11] % modulus);
			live++;
			cr_assert_eq(iova_space_check(r.s, got[i], sizes[i % 11] * G), 0);
		}
		for (unsigned i = 0; i < 110; i++) {
			struct iova_range at;

			cr_assert_eq(iova_space_find(r.s, got[i], &at), 0);
			cr_assert_eq(at.last - at.first + 1, sizes[i % 11] * G);
			cr_assert_eq(iova_space_free(r.s, got[i], (sizes[i % 11] + 1) * G), -EINVAL);
			rig_free(&r, got[i], sizes[i % 11]);
		}
		rig_done(&r);
	}
}

/* What natural alignment allows costs no more than any other range: no shared words, exact. */
Test(place, congruence_in_a_word)
{
	struct rig r;

	rig_make(&r, 1, 4095);
	for (uint64_t off = 0; off < 512; off += 8) {
		struct iova_request q = { .size = 8 * G, .align = M2, .offset = off * G };
		uint64_t got = ask(&r, &q);

		cr_assert_eq(got % M2, off * G);
		rig_free(&r, got, 8);
	}
	rig_done(&r);
}

Test(place, congruence_needs_room)
{
	struct rig r;
	struct iova_request q = { .size = 3 * G, .align = M2, .offset = 511 * G };

	rig_make(&r, 512, 512); /* would cross the only 2 MiB */
	cr_assert_eq(ask(&r, &q), (uint64_t)-ENOSPC);
	q.offset = 509 * G;
	cr_assert_eq(ask(&r, &q), M2 + 509 * G);
	cr_assert_eq(ask(&r, &q), (uint64_t)-ENOSPC);
	rig_free(&r, M2 + 509 * G, 3);
	q.min = M2 + 510 * G;
	cr_assert_eq(ask(&r, &q), (uint64_t)-ENOSPC);
	q.min = M2 + 509 * G;
	q.max = M2 + 511 * G; /* one byte into its last granule */
	cr_assert_eq(ask(&r, &q), (uint64_t)-ENOSPC);
	q.max = M2 + 512 * G - 1;
	cr_assert_eq(ask(&r, &q), M2 + 509 * G);
	rig_free(&r, M2 + 509 * G, 3);
	rig_done(&r);
}

Test(place, boundary)
{
	struct rig r;

	rig_make(&r, 1, 1 << 20);
	for (uint64_t n = 1; n < 3000; n = n * 5 / 4 + 1)
		for (unsigned b = 0; b < 16; b++) {
			uint64_t boundary = G << b;
			struct iova_request q = { .size = n * G, .boundary = boundary };
			uint64_t got = ask(&r, &q);

			if (n << 12 > boundary) {
				cr_assert_eq(got, (uint64_t)-EINVAL);
				continue;
			}
			cr_assert(!iova_is_err(got));
			cr_assert_eq(got / boundary, (got + n * G - 1) / boundary);
			rig_free(&r, got, n);
		}
	rig_done(&r);
}

Test(place, boundary_and_congruence)
{
	struct iova_request q = { .size = 24 * G, .align = 64 * G, .offset = 40 * G,
				  .boundary = 64 * G };
	struct rig r;
	uint64_t got;

	rig_make(&r, 1, 1 << 16);
	got = ask(&r, &q);
	cr_assert_eq(got % (64 * G), 40 * G);
	rig_free(&r, got, 24);
	q.size = 25 * G; /* 40 + 25 > 64 */
	cr_assert_eq(ask(&r, &q), (uint64_t)-EINVAL);
	q.boundary = 128 * G; /* every other place will do */
	got = ask(&r, &q);
	cr_assert_eq(got % (128 * G), 40 * G);
	rig_free(&r, got, 25);
	q.boundary = 32 * G; /* 40 is 8 from a boundary */
	cr_assert_eq(ask(&r, &q), (uint64_t)-EINVAL);
	rig_done(&r);
}

/* Wishes that are refused before anything is looked at. */
Test(place, bad_requests)
{
	const struct iova_range all = { 0, UINT64_MAX };
	const struct iova_request good = { .size = G };
	struct iova_request q;
	struct rig r;

	rig_make(&r, 1, 1024);
	cr_assert_eq(ask(&r, NULL), (uint64_t)-EINVAL);
#define REFUSED(field, value)                                                             \
	do {                                                                              \
		q = good;                                                                 \
		q.field = (value);                                                        \
		cr_assert_eq(ask(&r, &q), (uint64_t)-EINVAL, "." #field " = " #value);    \
	} while (0)
	REFUSED(size, 0);
	REFUSED(align, 3 * G);
	REFUSED(align, 3);
	REFUSED(boundary, 3 * G);
	REFUSED(boundary, 16);
	REFUSED(offset, 17);
	REFUSED(nr_exclude, 1);
	q = (struct iova_request){ .size = G, .min = 9 * G, .max = 8 * G };
	cr_assert_eq(ask(&r, &q), (uint64_t)-EINVAL);
	q = (struct iova_request){ .size = G, .exclude = &all, .nr_exclude = 1 };
	cr_assert_eq(ask(&r, &q), (uint64_t)-ENOSPC);
	q = (struct iova_request){ .granules = UINT64_MAX };
	cr_assert_eq(ask(&r, &q), (uint64_t)-ENOSPC);
	cr_assert(!iova_space_in_use(r.s));
	rig_done(&r);
}

Test(place, windows)
{
	/* All but granules 100-103, 200 and 300-315, told in an odd order and twice. */
	static const struct iova_range out[] = {
		{ 201 * G, 300 * G - 1 }, { 0, 100 * G - 1 },	    { UINT64_MAX, 0 },
		{ 104 * G, 150 * G },	  { 316 * G, UINT64_MAX }, { 150 * G, 200 * G - 1 },
		{ 0, 50 * G },
	};
	struct iova_request q = { .size = 16 * G, .exclude = out, .nr_exclude = 7 };
	struct rig r;

	rig_make(&r, 0, 1024);
	cr_assert_eq(ask(&r, &q), (uint64_t)-ENOSPC); /* 304 + 16 > 316 */
	q.size = 4 * G;
	cr_assert_eq(ask(&r, &q), 100 * G);
	for (unsigned i = 0; i < 4; i++)
		cr_assert_eq(ask(&r, &q), (300 + 4 * i) * G);
	cr_assert_eq(ask(&r, &q), (uint64_t)-ENOSPC);
	q.size = 1;
	cr_assert_eq(ask(&r, &q), 200 * G);
	cr_assert_eq(ask(&r, &q), (uint64_t)-ENOSPC);
	q.exclude = &IOVA_RANGE_NONE;
	q.nr_exclude = 1;
	cr_assert(!iova_is_err(ask(&r, &q)));
	q.exclude = &(struct iova_range){ 0, 0 }; /* byte 0, hence granule 0 */
	q.max = G - 1;
	cr_assert_eq(ask(&r, &q), (uint64_t)-ENOSPC);
	cr_assert_eq(iova_space_destroy(r.s), 7);
}

Test(place, pieces)
{
	struct iova_request q = { .size = 100 * G };
	struct iova_range seg[40];
	struct rig r;

	rig_make(&r, 1024, 1024);
	cr_assert_eq(iova_space_alloc_segments(r.s, &q, UINT64_MAX, seg, 1), 1);
	cr_assert_eq(seg[0].last - seg[0].first + 1, 100 * G);
	cr_assert_eq(iova_space_free_range(r.s, seg[0].first, seg[0].last), 0);
	cr_assert_eq(iova_space_alloc_segments(r.s, &q, 30 * G, seg, 4), 4); /* 30 30 30 10 */
	for (unsigned i = 0; i < 4; i++) {
		cr_assert_eq(seg[i].last - seg[i].first + 1, (i < 3 ? 30 : 10) * G);
		cr_assert_eq(iova_space_free_range(r.s, seg[i].first, seg[i].last), 0);
	}
	q.boundary = 16 * G;
	cr_assert_eq(iova_space_alloc_segments(r.s, &q, 30 * G, seg, 40), 7);
	for (unsigned i = 0; i < 7; i++) {
		cr_assert_eq(seg[i].first / (16 * G), seg[i].last / (16 * G));
		cr_assert_eq(iova_space_free_range(r.s, seg[i].first, seg[i].last), 0);
	}
	q.boundary = 0;
	cr_assert_eq(iova_space_alloc_segments(r.s, &q, 30 * G, seg, 3), -EINVAL);
	cr_assert_eq(iova_space_alloc_segments(r.s, &q, G - 1, seg, 40), -EINVAL);
	cr_assert_eq(iova_space_alloc_segments(r.s, &q, G, seg, 0), -EINVAL);
	cr_assert_eq(iova_space_alloc_segments(r.s, &q, G, NULL, 200), -EINVAL);
	cr_assert_eq(iova_space_alloc_segments(r.s, NULL, G, seg, 40), -EINVAL);
	q.offset = G;
	cr_assert_eq(iova_space_alloc_segments(r.s, &q, UINT64_MAX, seg, 40), -EINVAL);
	q = (struct iova_request){ .size = G, .boundary = 3 * G };
	cr_assert_eq(iova_space_alloc_segments(r.s, &q, UINT64_MAX, seg, 40), -EINVAL);
	rig_done(&r);
}

/* Holes of 4 and of 8 granules only: the pieces find them, or nothing is kept. */
Test(place, pieces_of_a_fragmented_space)
{
	struct iova_request q = { .size = 28 * G };
	struct iova_range seg[8];
	struct rig r;

	rig_make(&r, 0, 256);
	for (uint64_t i = 0; i < 64; i++)
		if (i != 1 && i != 3 && i != 20 && i != 21 && i != 40 && i != 41 && i != 60)
			cr_assert_eq(iova_space_alloc_fixed(r.s, i * 4 * G, 4 * G, NULL), 0);
	cr_assert_eq(iova_space_alloc_segments(r.s, &q, UINT64_MAX, seg, 4), -ENOSPC);
	q.size = 29 * G;
	cr_assert_eq(iova_space_alloc_segments(r.s, &q, UINT64_MAX, seg, 8), -ENOSPC);
	q.size = 28 * G;
	cr_assert_eq(iova_space_alloc_segments(r.s, &q, UINT64_MAX, seg, 5), 5);
	cr_assert_eq(iova_space_alloc(r.s, G, NO_MAX), (uint64_t)-ENOSPC);
	for (unsigned i = 0; i < 5; i++)
		cr_assert_eq(iova_space_free_range(r.s, seg[i].first, seg[i].last), 0);
	cr_assert_eq(iova_space_destroy(r.s), 57);
}

/* No memory for the n-th piece, or to cut a block: nothing stays behind. */
Test(place, without_memory)
{
	for (unsigned kind = 0; kind < 2; kind++) {
		bool failed = true;

		for (unsigned nth = 1; failed; nth++) {
			struct iova_request q = { .size = 5000 * G, .align = 8192 * G };
			struct iova_range seg[2];
			struct rig r;
			int got;

			rig_make(&r, 1, 1ull << 30);
			if (kind)
				q.offset = 1234 * G;
			r.mem.fail_at = r.mem.calls + nth;
			if (kind) {
				seg[0].first = ask(&r, &q);
				got = iova_is_err(seg[0].first) ? iova_err(seg[0].first) : 1;
				seg[0].last = seg[0].first + 5000 * G - 1;
			} else {
				got = iova_space_alloc_segments(r.s, &q, 2500 * G, seg, 2);
			}
			failed = r.mem.failed;
			cr_assert((failed && got == -ENOMEM) || got == 2 - (int)kind, "%u: %d", nth, got);
			for (int i = 0; i < got; i++)
				cr_assert_eq(iova_space_free_range(r.s, seg[i].first, seg[i].last), 0);
			rig_done(&r);
		}
	}
}

/* Sizes in bytes end at 2^64 - 1; granules and ends do not. */
Test(place, all_of_2_64)
{
	for (unsigned shift = 12; shift <= 34; shift += 11) {
		struct rig r;
		struct iova_space_config c = rig_config(&r, 0, UINT64_MAX);
		struct iova_request q = { .granules = (UINT64_MAX >> shift) + 1 };
		struct iova_range hit;

		c.granule_lg2 = (uint8_t)shift;
		cr_assert_eq(iova_space_create(&r.s, &c), 0);
		cr_assert_eq(iova_space_alloc_range(r.s, 0, UINT64_MAX, NULL), 0);
		cr_assert_eq(iova_space_alloc(r.s, 1, NO_MAX), (uint64_t)-ENOSPC);
		cr_assert_eq(iova_space_alloc_range(r.s, 0, (1ull << shift) - 1, &hit), -EEXIST);
		cr_assert(hit.first == 0 && hit.last == UINT64_MAX);
		cr_assert_eq(iova_space_free_range(r.s, 0, UINT64_MAX - (1ull << shift)), -EINVAL);
		cr_assert_eq(iova_space_free_range(r.s, 0, UINT64_MAX), 0);
		cr_assert_eq(ask(&r, &q), 0);
		cr_assert_eq(iova_space_free_range(r.s, 0, UINT64_MAX), 0);
		cr_assert_eq(iova_space_free_range(r.s, 0, UINT64_MAX), -ENOENT);
		q.granules++;
		cr_assert_eq(ask(&r, &q), (uint64_t)-ENOSPC);
		cr_assert_eq(iova_space_alloc_range(r.s, 1, UINT64_MAX, NULL), -EINVAL);
		cr_assert_eq(iova_space_alloc_range(r.s, 0, 0, NULL), -EINVAL);
		cr_assert_eq(iova_space_free_range(r.s, 1, 0), -EINVAL);
		rig_done(&r);
	}
}

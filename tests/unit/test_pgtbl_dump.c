/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* test_pgtbl_dump.c - pgtbl_image() and pgtbl_compare(): what they say, what they refuse. */
#include "pgtbl_dump.h"
#include "pgtbl_unit.h"

#include <string.h>

static uint8_t image[1 << 16];
static size_t image_len;
static unsigned calls, stop_at;

static int keep(void *ctx, const void *bytes, size_t len)
{
	cr_expect_eq(ctx, image);
	if (++calls == stop_at)
		return -EPIPE;
	cr_assert_leq(image_len + len, sizeof(image));
	memcpy(&image[image_len], bytes, len);
	image_len += len;
	return 0;
}

static uint64_t number(size_t at, unsigned bytes)
{
	uint64_t v = 0;

	while (bytes--)
		v = v << 8 | image[at + bytes];
	return v;
}

static int take(unsigned stop)
{
	image_len = calls = 0;
	stop_at = stop;
	return pgtbl_image(pt, keep, image);
}

/* A record at @at: which table, of which the words are those in memory. */
static size_t expect_record(size_t at, uint64_t phys, uint64_t first, unsigned level)
{
	cr_expect_eq(number(at, 8), phys);
	cr_expect_eq(number(at + 8, 8), first);
	cr_expect_eq(number(at + 16, 4), level);
	cr_expect_eq(number(at + 20, 4), K4);
	cr_expect_arr_eq(&image[at + 24], (void *)(uintptr_t)phys, K4);
	return at + 24 + K4;
}

Test(pgtbl_dump, image)
{
	const uint64_t addr = 0x000ffffffffff000ull, iova = 5 * G1 + 3 * M2;
	size_t at = 64;

	unit_open(&pgtbl_vtdss_ops, 3, 0);
	cr_assert_eq(pgtbl_map(pt, iova, 0x7000, K4, 3), 0);
	cr_assert_eq(take(0), 0);
	cr_expect_arr_eq(image, "PGTBLIMG\1\0\0\0\3\0\0\0vtdss\0\0\0\0\0\0\0\0\0\0\0", 32);
	cr_expect_eq(number(32, 8), pgtbl_root_phys(pt));
	cr_expect_eq(number(40, 4), 12);
	cr_expect_eq(number(44, 4), 9);
	cr_expect_eq(number(48, 4), 9);
	cr_expect_eq(number(52, 4), 39);
	cr_expect_eq(number(56, 4), 46);
	cr_expect_eq(number(60, 4), 0);
	at = expect_record(at, pgtbl_root_phys(pt), 0, 3);
	at = expect_record(at, unit_word(3, iova, 3) & addr, 5 * G1, 2);
	at = expect_record(at, unit_word(3, iova, 2) & addr, iova, 1);
	for (unsigned i = 0; i < 24; i++)
		cr_expect_eq(image[at + i], 0, "the end");
	cr_expect_eq(image_len, at + 24);
	/* The writer may end it at any piece: head, records, words, end. */
	cr_expect_eq(calls, 8);
	for (unsigned n = 1; n <= 8; n++) {
		cr_expect_eq(take(n), -EPIPE);
		cr_expect_eq(calls, n);
	}
	cr_expect_eq(pgtbl_image(NULL, keep, image), -EINVAL);
	cr_expect_eq(pgtbl_image(pt, NULL, image), -EINVAL);
	pgtbl_unmap(pt, iova, K4, &gather);
	unit_close();
}

static struct pgtbl_difference seen[8];
static unsigned differences, end_at;

static int differs(void *ctx, const struct pgtbl_difference *d)
{
	cr_expect_eq(ctx, seen);
	cr_assert_lt(differences, 8);
	seen[differences++] = *d;
	return differences == end_at ? 7 : 0;
}

static int compare(struct pgtbl *other, uint64_t first, uint64_t last)
{
	differences = 0;
	return pgtbl_compare(pt, other, first, last, differs, seen);
}

static void expect_difference(unsigned i, uint64_t first, uint64_t last, unsigned prot0,
			      unsigned prot1)
{
	cr_assert_lt(i, differences);
	cr_expect_eq(seen[i].first, first);
	cr_expect_eq(seen[i].last, last);
	cr_expect_eq(seen[i].prot[0], prot0);
	cr_expect_eq(seen[i].prot[1], prot1);
}

/* Against a table of another format, with leaves of other sizes. */
Test(pgtbl_dump, compare)
{
	struct pgtbl_config c;
	struct pgtbl *other;

	unit_open(&pgtbl_vtdss_ops, 3, 0);
	c = unit_config(&pgtbl_amdv1_ops, 4);
	c.page_sizes = K4;
	cr_assert_eq(pgtbl_create(&other, &c), 0);
	cr_expect_eq(compare(other, 0, pgtbl_iova_last(pt)), 0);
	cr_expect_eq(differences, 0, "both empty");
	cr_assert_eq(pgtbl_map(pt, M2, M2, M2, 3), 0);
	cr_assert_eq(pgtbl_map(other, M2, M2, M2, 3), 0);
	cr_expect_eq(compare(other, 0, pgtbl_iova_last(pt)), 0);
	cr_expect_eq(differences, 0, "the sizes of leaves do not count");
	cr_assert_eq(pgtbl_map(pt, 8 * M2, 0x7000, 2 * K4, 3), 0);
	cr_assert_eq(pgtbl_map(other, 8 * M2 + K4, 0x8000, K4, 1), 0);
	cr_assert_eq(pgtbl_unmap(other, M2 + K4, 2 * K4, &gather), 2 * K4);
	cr_assert_eq(pgtbl_map(other, M2 + K4, 0x9000, K4, 3), 0);
	cr_expect_eq(compare(other, 0, pgtbl_iova_last(pt)), 0);
	cr_expect_eq(differences, 4);
	expect_difference(0, M2 + K4, M2 + 2 * K4 - 1, 3, 3);
	cr_expect_eq(seen[0].phys[0], M2 + K4);
	cr_expect_eq(seen[0].phys[1], 0x9000);
	expect_difference(1, M2 + 2 * K4, M2 + 3 * K4 - 1, 3, 0);
	expect_difference(2, 8 * M2, 8 * M2 + K4 - 1, 3, 0);
	expect_difference(3, 8 * M2 + K4, 8 * M2 + 2 * K4 - 1, 3, 1);
	/* A part of a range, to the byte; the caller's end. */
	cr_expect_eq(compare(other, M2 + K4 + 5, M2 + K4 + 9), 0);
	cr_expect_eq(differences, 1);
	expect_difference(0, M2 + K4 + 5, M2 + K4 + 9, 3, 3);
	cr_expect_eq(seen[0].phys[0], M2 + K4 + 5);
	end_at = 2;
	cr_expect_eq(compare(other, 0, pgtbl_iova_last(pt)), 7);
	cr_expect_eq(differences, 2);
	end_at = 0;
	cr_expect_eq(compare(NULL, 0, 1), -EINVAL);
	cr_expect_eq(pgtbl_compare(NULL, pt, 0, 1, differs, seen), -EINVAL);
	cr_expect_eq(pgtbl_compare(pt, other, 0, 1, NULL, seen), -EINVAL);
	cr_expect_eq(compare(other, 2, 1), -EINVAL);
	cr_expect_eq(compare(other, 0, pgtbl_iova_last(pt) + 1), -EINVAL, "the narrower one");
	cr_expect_eq(differences, 0);
	pgtbl_unmap(pt, M2, 16 * M2, &gather);
	cr_expect_eq(pgtbl_destroy(other), 511 * K4 + K4);
	unit_close();
}

/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * test_plat_run.c - runs of words, by vectors where this machine has them and word by word:
 * both must do what plat.h says, and touch nothing else.
 */
#include "plat.h"
#include "unit/unit.h"

#if PLAT_USER_HAVE_VECTORS
#include <cpuid.h>
#endif
#include <pthread.h>

#define WORDS 96
#define LONGEST 80
#define GUARD 0x5a5a5a5a5a5a5a5aull

struct run {
	uint64_t first;
	uint64_t step;
};

/* Entries of page tables; carries through each byte and out of the word; no step at all. */
static const struct run runs[] = {
	{ 0x123456003, 0x1000 },
	{ 0x8000000000000fff, 0x1000 },
	{ 0xfffffffffffff003, 0x1000 },
	{ 0xfffffffffffffff0, 1 },
	{ 0x00ffffff00ffff80, 0x40000000 },
	{ 0x7fffffffffffffff, 0x0101010101010101 },
	{ 0, 0 },
	{ 0xdeadbeefcafef00d, 0 },
	{ 5, ~0ull },
	{ 0x200000, 0xfffffffffffff000 },
};

static plat_aligned(PLAT_CACHELINE) uint64_t word[WORDS + 8];

static void check_store(bool vectors, bool swapped, struct run run, size_t at, size_t n)
{
	plat_user_vectors = vectors;
	for (size_t i = 0; i < WORDS + 8; i++)
		word[i] = GUARD;
	if (swapped)
		plat_store_relaxed_run_swapped(&word[at], n, run.first, run.step);
	else
		plat_store_relaxed_run(&word[at], n, run.first, run.step);
	for (size_t i = 0; i < WORDS + 8; i++) {
		uint64_t expect = run.first + (i - at) * run.step;

		if (i < at || i >= at + n)
			expect = GUARD;
		else if (swapped)
			expect = __builtin_bswap64(expect);
		cr_assert_eq(word[i], expect, "word %zu of %zu from %zu, vectors %d, swapped %d",
			     i, n, at, vectors, swapped);
	}
}

static void stores(bool vectors, bool swapped)
{
	bool had = plat_user_vectors;

	for (size_t r = 0; r < sizeof(runs) / sizeof(*runs); r++)
		for (size_t at = 0; at < 8; at++)
			for (size_t n = 0; n <= LONGEST; n++)
				check_store(vectors, swapped, runs[r], at, n);
	plat_user_vectors = had;
}

Test(run, words)
{
	stores(false, false);
	stores(false, true);
}

Test(run, vectors)
{
	if (!plat_user_vectors)
		cr_skip("this machine, or this build, has none");
	stores(true, false);
	stores(true, true);
}

/* Each word within, and none outside, makes the difference. */
static void looks(bool vectors)
{
	bool had = plat_user_vectors;

	plat_user_vectors = vectors;
	memset(word, 0, sizeof(word));
	for (size_t at = 1; at < 8; at++)
		for (size_t n = 0; n <= LONGEST; n++) {
			cr_assert_not(plat_peek_any(&word[at], n));
			for (size_t i = 0; i < WORDS + 8; i++) {
				word[i] = 1ull << (i * 7 + n) % 64;
				cr_assert_eq(plat_peek_any(&word[at], n), i >= at && i < at + n,
					     "word %zu of %zu from %zu", i, n, at);
				word[i] = 0;
			}
		}
	plat_user_vectors = had;
}

Test(peek, words)
{
	looks(false);
}

Test(peek, vectors)
{
	if (!plat_user_vectors)
		cr_skip("this machine, or this build, has none");
	looks(true);
}

/* A reader never sees a part of a word: all of its bytes are from the same store. */
static bool stop;
static unsigned long torn;

static void *reader(void *arg)
{
	(void)arg;
	while (!plat_load_relaxed(&stop))
		for (size_t i = 0; i < LONGEST; i++) {
			uint64_t w = plat_load_relaxed(&word[i]);

			if (w != (w & 0xff) * 0x0101010101010101u)
				plat_fetch_add_relaxed(&torn, 1);
		}
	return NULL;
}

Test(run, whole_words)
{
	pthread_t t;

	cr_assert_eq(pthread_create(&t, NULL, reader, NULL), 0);
	for (unsigned i = 0; i < 200000; i++)
		plat_store_relaxed_run(&word[i % 2], LONGEST - 2, i % 256 * 0x0101010101010101u, 0);
	plat_store_relaxed(&stop, true);
	pthread_join(t, NULL);
	cr_expect_eq(torn, 0);
}

/* They are used where the processor and the kernel allow it, and only there. */
Test(run, vectors_are_used)
{
#if PLAT_USER_HAVE_VECTORS
	unsigned a, b, c, d, max;
	bool avx, vendor;

	max = __get_cpuid_max(0, &b);
	cr_assert_geq(max, 1);
	vendor = b == signature_INTEL_ebx || b == signature_AMD_ebx;
	__cpuid(1, a, b, c, d);
	avx = (c & bit_AVX) && (c & bit_OSXSAVE);
	if (avx) {
		__asm__("xgetbv" : "=a"(a), "=d"(d) : "c"(0));
		avx = (a & 6) == 6;
	}
	cr_expect_eq(plat_user_vectors, avx && vendor);
#else
	cr_expect_not(plat_user_vectors);
#endif
}

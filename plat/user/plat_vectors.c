/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * plat_vectors.c - runs of words by vectors (x86-64).
 *
 * Every word has to be written in one piece.  Processors that report AVX do an aligned
 * 16-byte (V)MOVDQA to cacheable memory in one piece, and hence each half of it: Intel's SDM,
 * volume 3A, "Guaranteed Atomic Operations", and AMD's APM, volume 2, 7.3.2, as QEMU
 * (util/cpuinfo-i386.c) and LLVM (pull request 74275) quote them, which both rely on it (?).
 * As QEMU does, we take no other vendor's word for it.  Nobody promises it of wider vectors,
 * so these are for loads only, whose pieces do not matter.
 */
#include "plat.h"

bool plat_user_vectors;

#if PLAT_USER_HAVE_VECTORS
#include <immintrin.h>

#define VECTORS __attribute__((target("avx")))

/* As assembly: a compiler might make two stores of an assignment. */
#define STORE(p, v) __asm__ volatile("vmovdqa %1, %0" : "=m"(*(__m128i *)(void *)(p)) : "x"(v))

__attribute__((constructor(101))) static void plat_user_vectors_init(void)
{
	__builtin_cpu_init();
	plat_user_vectors = __builtin_cpu_supports("avx") &&
			    (__builtin_cpu_is("intel") || __builtin_cpu_is("amd"));
}

VECTORS bool plat_vector_any(const uint64_t *p, size_t n)
{
	__m256 a = _mm256_setzero_ps(), b = a, c = a, d = a;
	uint64_t any = 0;

	for (; n >= 32; n -= 32, p += 32) {
		const float *f = (const float *)(const void *)p;

		a = _mm256_or_ps(a, _mm256_loadu_ps(f));
		b = _mm256_or_ps(b, _mm256_loadu_ps(f + 8));
		c = _mm256_or_ps(c, _mm256_loadu_ps(f + 16));
		d = _mm256_or_ps(d, _mm256_loadu_ps(f + 24));
		a = _mm256_or_ps(a, _mm256_loadu_ps(f + 32));
		b = _mm256_or_ps(b, _mm256_loadu_ps(f + 40));
		c = _mm256_or_ps(c, _mm256_loadu_ps(f + 48));
		d = _mm256_or_ps(d, _mm256_loadu_ps(f + 56));
	}
	for (; n >= 4; n -= 4, p += 4)
		a = _mm256_or_ps(a, _mm256_loadu_ps((const float *)(const void *)p));
	for (; n; n--, p++)
		any |= *p;
	a = _mm256_or_ps(_mm256_or_ps(a, b), _mm256_or_ps(c, d));
	return any || !_mm256_testz_si256(_mm256_castps_si256(a), _mm256_castps_si256(a));
}

static VECTORS plat_always_inline __m128i memory_order(__m128i v, bool swapped)
{
	const __m128i reversed = _mm_set_epi64x(0x08090a0b0c0d0e0f, 0x0001020304050607);

	return swapped ? _mm_shuffle_epi8(v, reversed) : v;
}

/* Two words at @p, which are *@v; then *@v += @step. */
static VECTORS plat_always_inline void store_two(uint64_t *p, __m128i *v, __m128i step,
						 bool swapped)
{
	STORE(p, memory_order(*v, swapped));
	*v = _mm_add_epi64(*v, step);
}

static VECTORS plat_always_inline void store_run(uint64_t *p, size_t n, uint64_t first,
						 uint64_t step, bool swapped)
{
	__m128i by2 = _mm_set1_epi64x((int64_t)(2 * step));
	__m128i by8 = _mm_set1_epi64x((int64_t)(8 * step)), v, v2, v4, v6;

	if (n && ((uintptr_t)p & 8)) {
		plat_store_relaxed(p, swapped ? __builtin_bswap64(first) : first);
		n--, p++, first += step;
	}
	v = _mm_set_epi64x((int64_t)(first + step), (int64_t)first);
	v2 = _mm_add_epi64(v, by2);
	v4 = _mm_add_epi64(v2, by2);
	v6 = _mm_add_epi64(v4, by2);
	for (; n >= 16; n -= 16, p += 16) {
		store_two(p, &v, by8, swapped);
		store_two(p + 2, &v2, by8, swapped);
		store_two(p + 4, &v4, by8, swapped);
		store_two(p + 6, &v6, by8, swapped);
		store_two(p + 8, &v, by8, swapped);
		store_two(p + 10, &v2, by8, swapped);
		store_two(p + 12, &v4, by8, swapped);
		store_two(p + 14, &v6, by8, swapped);
	}
	for (; n >= 2; n -= 2, p += 2)
		store_two(p, &v, by2, swapped);
	if (n)
		plat_store_relaxed(p, (uint64_t)_mm_cvtsi128_si64(memory_order(v, swapped)));
}

VECTORS void plat_vector_store(uint64_t *p, size_t n, uint64_t first, uint64_t step)
{
	store_run(p, n, first, step, false);
}

VECTORS void plat_vector_store_swapped(uint64_t *p, size_t n, uint64_t first, uint64_t step)
{
	store_run(p, n, first, step, true);
}
#endif

/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * plat_run.h - part of plat.h: many words in one call.
 *
 * Word by word, unless plat_impl.h has something better for whole vectors.  It defines then:
 *   PLAT_VECTORS               an expression: whether this machine has them; one load at most
 *   plat_vector_any(p, n)      what plat_peek_any() is documented to do
 *   plat_vector_store(p, n, first, step), plat_vector_store_swapped(p, n, first, step)
 *                              the same for plat_store_relaxed_run() and ..._run_swapped()
 */
#ifndef PLAT_RUN_H
#define PLAT_RUN_H

static plat_always_inline bool plat_peek_any(const uint64_t *p, size_t n)
{
	uint64_t any = 0;

#ifdef PLAT_VECTORS
	if (plat_likely(PLAT_VECTORS))
		return plat_vector_any(p, n);
#endif
	for (; n >= 8; n -= 8, p += 8)
		any |= plat_peek(p) | plat_peek(p + 1) | plat_peek(p + 2) | plat_peek(p + 3) |
		       plat_peek(p + 4) | plat_peek(p + 5) | plat_peek(p + 6) | plat_peek(p + 7);
	for (; n; n--, p++)
		any |= plat_peek(p);
	return any;
}

static plat_always_inline void plat_store_relaxed_run(uint64_t *p, size_t n, uint64_t first,
						      uint64_t step)
{
#ifdef PLAT_VECTORS
	if (plat_likely(PLAT_VECTORS)) {
		plat_vector_store(p, n, first, step);
		return;
	}
#endif
	/* Written out: no compiler may join relaxed stores, and a loop costs as much as they do. */
	for (; n >= 8; n -= 8, p += 8, first += 8 * step) {
		plat_store_relaxed(p, first);
		plat_store_relaxed(p + 1, first + step);
		plat_store_relaxed(p + 2, first + 2 * step);
		plat_store_relaxed(p + 3, first + 3 * step);
		plat_store_relaxed(p + 4, first + 4 * step);
		plat_store_relaxed(p + 5, first + 5 * step);
		plat_store_relaxed(p + 6, first + 6 * step);
		plat_store_relaxed(p + 7, first + 7 * step);
	}
	for (; n; n--, p++, first += step)
		plat_store_relaxed(p, first);
}

static plat_always_inline void plat_store_relaxed_run_swapped(uint64_t *p, size_t n, uint64_t first,
							      uint64_t step)
{
#ifdef PLAT_VECTORS
	if (plat_likely(PLAT_VECTORS)) {
		plat_vector_store_swapped(p, n, first, step);
		return;
	}
#endif
	for (; n; n--, p++, first += step)
		plat_store_relaxed(p, __builtin_bswap64(first));
}

#endif

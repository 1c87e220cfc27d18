/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * A payload that tells where it belongs: each 64-bit word is a function of a seed and
 * of the word's place, so that stale, moved or foreign data is never mistaken for it.
 */
#ifndef PATTERN_H
#define PATTERN_H

#include <stddef.h>
#include <stdint.h>

/* The finalizer of splitmix64: every bit of the input reaches every bit of the output. */
static inline uint64_t pattern_word(uint64_t seed, uint64_t index)
{
	uint64_t x = seed * 0x9e3779b97f4a7c15ull + index;

	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ull;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebull;
	return x ^ (x >> 31);
}

/* @offset_bytes and @len_bytes are multiples of 8. */
static inline void pattern_fill(void *buf, size_t len_bytes, uint64_t seed, uint64_t offset_bytes)
{
	uint64_t *word = buf;

	for (size_t i = 0; i < len_bytes / 8; i++)
		word[i] = pattern_word(seed, offset_bytes / 8 + i);
}

/* The offset in @buf of the first wrong word, or -1. */
static inline long pattern_check(const void *buf, size_t len_bytes, uint64_t seed,
				 uint64_t offset_bytes)
{
	const uint64_t *word = buf;

	for (size_t i = 0; i < len_bytes / 8; i++)
		if (word[i] != pattern_word(seed, offset_bytes / 8 + i))
			return (long)(i * 8);
	return -1;
}

#endif

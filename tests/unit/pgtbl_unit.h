/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* pgtbl_unit.h - what the unit tests of libpgtbl share. */
#ifndef PGTBL_UNIT_H
#define PGTBL_UNIT_H

#include "pgtbl_hw.h"
#include "pgtbl_model.h"
#include "pgtbl_pool.h"
#include "unit/unit.h"

#define K4 4096ull
#define M2 (1ull << 21)
#define G1 (1ull << 30)

static struct pgtbl_pool pool;
static struct pgtbl *pt;
static struct pgtbl_gather gather;

static inline struct pgtbl_config unit_config(const struct pgtbl_ops *ops, unsigned levels)
{
	return (struct pgtbl_config){ .ops = ops,
				      .levels = levels,
				      .oa_bits = 46,
				      .pages = pool_mem(&pool),
				      .flush_ctx = &pool };
}

static inline void unit_open_config(const struct pgtbl_config *config)
{
	pool.shadowed = config->flush != NULL;
	cr_assert_eq(pgtbl_create(&pt, config), 0);
	pgtbl_gather_init(&gather);
}

static inline void unit_open(const struct pgtbl_ops *ops, unsigned levels, unsigned flags)
{
	struct pgtbl_config config;

	cr_assert(pool_init(&pool, 4096));
	config = unit_config(ops, levels);
	config.flags = flags;
	unit_open_config(&config);
}

/* Everything released: no page and no mapping may be left. */
static inline void unit_close(void)
{
	pgtbl_gather_release(pt, &gather);
	cr_assert_eq(pgtbl_destroy(pt), 0);
	cr_assert_eq(pool.live, 0);
	cr_assert_null(pool.error, "%s", pool.error);
	pool_fini(&pool);
}

static inline uint64_t unit_translate(uint64_t iova)
{
	uint64_t phys = ~0ull;
	int err = pgtbl_translate(pt, iova, &phys);

	return err ? (uint64_t)(int64_t)err : phys;
}

/* The word at @iova in the table of @level, read without the library. */
static inline uint64_t unit_word(unsigned levels, uint64_t iova, unsigned level)
{
	uint64_t word = pgtbl_root_phys(pt);

	for (unsigned l = levels; l >= level; l--)
		word = ((const uint64_t *)(uintptr_t)(word & 0x000ffffffffff000ull))
			[(iova >> (12 + 9 * (l - 1))) & 511];
	return word;
}

#endif

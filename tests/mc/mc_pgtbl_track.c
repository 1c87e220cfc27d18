/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * mc_pgtbl_track.c - models of libpgtbl: accessed and dirty bits, and write protection,
 * beside the owners of what is tracked, promotion, and hardware that sets the bits.
 */
#include "mc_pgtbl.h"
#include "pgtbl_change.h"
#include "pgtbl_dirty.h"

#define TO (64 * SPAN)
#define DIRTY (1ull << 9)
#define LARGE (1ull << 7)

static uint64_t bits[2][8];
static bool told, hit;

static const struct pgtbl_bitmap *bitmap(unsigned who)
{
	static struct pgtbl_bitmap b[2];

	b[who] = (struct pgtbl_bitmap){ BASE, 12, 512, bits[who] };
	return &b[who];
}

/* The entry of @level for @iova; three levels. */
static uint64_t *slot_of(uint64_t iova, unsigned level)
{
	uint64_t *slot = &pt->root[iova >> 30 & 511];

	for (unsigned l = 2; l >= level; l--)
		slot = (uint64_t *)(uintptr_t)(plat_load_acquire(slot) & 0xffffffffff000ull) +
		       (iova >> (12 + 9 * (l - 1)) & 511);
	return slot;
}

/* Hardware writes through the leaf in @slot: it sets the bit if the leaf is still there. */
static bool hardware_writes(uint64_t *slot, uint64_t must_have)
{
	uint64_t entry = plat_load_acquire(slot);

	while ((entry & RW) == RW && (entry & must_have) == must_have) {
		if (plat_cas_full(slot, entry, entry | DIRTY))
			return true;
		entry = plat_load_acquire(slot);
	}
	return false;
}

static void init_dirty(void)
{
	make(PGTBL_AD, true);
	map(BASE, 1);
	mc_assert(hardware_writes(slot_of(BASE, 1), 0));
}
static void init_large(void)
{
	make(PGTBL_AD | PGTBL_SPLIT, true);
	mc_assert(pgtbl_map(pt, BASE, TO, SPAN, RW) == 0);
}
static void init_small(void)
{
	make(PGTBL_SPLIT, true);
	mc_assert(pgtbl_map(pt, BASE, TO, SPAN, RW) == 0);
	mc_assert(pgtbl_demote(pt, BASE, SPAN, PAGE, &gathered[0], NULL) == 0);
	pgtbl_gather_release(pt, &gathered[0]);
}
static void init_small_dirty(void)
{
	make(PGTBL_AD | PGTBL_SPLIT, true);
	mc_assert(pgtbl_map(pt, BASE, TO, SPAN, RW) == 0);
	mc_assert(pgtbl_demote(pt, BASE, SPAN, PAGE, &gathered[0], NULL) == 0);
	pgtbl_gather_release(pt, &gathered[0]);
	mc_assert(hardware_writes(slot_of(BASE, 1), 0));
}

/* A leaf of two words: of AMD's format, which has one of 8 KiB. */
#define AMD_DIRTY (1ull << 6)
#define AMD_GROUP 0xe01ull /* present, next level 7 */

static void init_group(void)
{
	struct pgtbl_config c = {
		.ops = &pgtbl_amdv1_ops, .levels = 3, .oa_bits = 52,
		.flags = PGTBL_AD | PGTBL_SPLIT, .page_sizes = PAGE | 2 * PAGE,
		.pages = mc_mem(), .meta = mc_mem(),
	};

	mc_assert(pgtbl_create(&pt, &c) == 0);
	mc_quiet(&pt->own, sizeof(pt->own) + sizeof(pt->queued_pages));
	for (unsigned i = 0; i < 3; i++)
		pgtbl_gather_init(&gathered[i]);
	mc_assert(pgtbl_map(pt, BASE, TO, 2 * PAGE, RW) == 0);
}

/* The bit in @slot, if that has all of @must_have. */
static bool amd_writes(uint64_t *slot, uint64_t must_have)
{
	uint64_t entry = plat_load_acquire(slot);

	while ((entry & must_have) == must_have) {
		if (plat_cas_full(slot, entry, entry | AMD_DIRTY))
			return true;
		entry = plat_load_acquire(slot);
	}
	return false;
}

/* A write to the second page, noted in the first word as long as that is about both. */
static void hardware_group(void)
{
	uint64_t *slot = slot_of(BASE, 1);

	hit = amd_writes(slot, AMD_GROUP) || amd_writes(slot + 1, 1);
}
/* One to the first page, noted in the second. */
static void hardware_group_back(void)
{
	uint64_t *slot = slot_of(BASE, 1);

	hit = amd_writes(slot + 1, AMD_GROUP) || amd_writes(slot, 1);
}
static void demote_group(void)
{
	mc_assert(pgtbl_demote(pt, BASE, 2 * PAGE, PAGE, &gathered[0], NULL) == 0);
}
static void demote_second(void)
{
	mc_assert(pgtbl_demote(pt, BASE + PAGE, PAGE, PAGE, &gathered[0], NULL) == 0);
}

static void read_dirty(uint64_t size, unsigned who)
{
	mc_assert(pgtbl_dirty_read(pt, BASE, size, PGTBL_DIRTY, bitmap(who), &gathered[who]) == 0);
}
static void read_0(void)
{
	read_dirty(PAGE, 0);
}
static void read_1(void)
{
	read_dirty(PAGE, 1);
}
static void read_large(void)
{
	read_dirty(SPAN, 0);
}
static void unmap_0(void)
{
	unmap(BASE, PAGE, 1);
	is(BASE, 0);
}
static void unmap_map_0(void)
{
	unmap(BASE, PAGE, 1);
	map(BASE, 5);
	is(BASE, 5);
}
static void replaced(void *ctx, const struct pgtbl_leaf *old)
{
	(void)ctx;
	told = old->dirty;
}
static void replace_0(void)
{
	struct pgtbl_replacement with = { BASE, PHYS(5), PAGE, RW, replaced, NULL };

	mc_assert(pgtbl_replace(pt, &with, &gathered[1], NULL) == 0);
}
static void hardware_large(void)
{
	hit = hardware_writes(slot_of(BASE, 2), LARGE);
}
static void promote(void)
{
	int64_t n = pgtbl_promote(pt, BASE, BASE + SPAN - 1, &gathered[2]);

	mc_assert(n == 0 || n == 1);
	pgtbl_gather_release(pt, &gathered[2]);
	mc_assert(pgtbl_drain(pt) == 0);
}
static int see_dirty(void *ctx, const struct pgtbl_leaf *leaf)
{
	*(bool *)ctx = leaf->dirty;
	return 0;
}
static bool is_dirty(uint64_t iova)
{
	bool dirty = true;

	mc_assert(pgtbl_visit(pt, iova, iova, see_dirty, &dirty) == 0);
	return dirty;
}
/* What was found protected must stay so: nobody has written. */
static void protect_1(void)
{
	mc_assert(pgtbl_dirty_start(pt, BASE + PAGE, PAGE, &gathered[0]) == 0);
	told = is_dirty(BASE + PAGE);
}

static void end_unmapped(void)
{
	is(BASE, 0);
	end(0, 3);
}
static void end_5(void)
{
	is(BASE, 5);
	end(PAGE, 3);
}
/* Both readers, or reader and replacement: the write is told, and once. */
static void end_once(void)
{
	mc_assert((bits[0][0] & 1) + (bits[1][0] & 1) + told == 1);
	end(PAGE, 3);
}
/* A write through the large leaf is in what became of it, if it was not told before. */
static void end_split(void)
{
	bool dirty = bits[0][0] & 2;

	mc_assert(!hit || dirty || is_dirty(BASE + PAGE));
	is(BASE, 0);
	end(SPAN - PAGE, 3);
}
/* A write to the second page of a group is in what became of it. */
static void end_group(void)
{
	mc_assert(!hit || is_dirty(BASE + PAGE));
	end(2 * PAGE, 3);
}
static void end_group_back(void)
{
	mc_assert(!hit || is_dirty(BASE));
	end(2 * PAGE, 3);
}
static void end_half_group(void)
{
	mc_assert(!hit || is_dirty(BASE + PAGE));
	end(PAGE, 3);
}
static void end_protected(void)
{
	mc_assert(told || !is_dirty(BASE + PAGE));
	end(SPAN, 3);
}
static void end_promoted(void)
{
	mc_assert((bits[0][0] & 1) || is_dirty(BASE));
	end(SPAN, 3);
}

static const struct mc_model models[] = {
	TABLE("track-track", init_dirty, end_once, 2, 3, 0, ON(read_0, 0), ON(read_1, 1)),
	TABLE("track-unmap", init_dirty, end_unmapped, 2, 3, 0, ON(read_0, 0), ON(unmap_0, 1)),
	TABLE("track-irq", init_dirty, end_unmapped, 2, 3, 0, ON(read_0, 0), IRQ(unmap_0, 0)),
	TABLE("track-remap", init_dirty, end_5, 2, 3, 0, ON(read_0, 0), ON(unmap_map_0, 1)),
	TABLE("track-replace", init_dirty, end_once, 2, 3, 0, ON(read_0, 0), ON(replace_0, 1)),
	TABLE("track-split", init_large, end_split, 2, 3, 0, ON(unmap_0, 0),
	      ON(hardware_large, 1)),
	TABLE("track-split-read", init_large, end_split, 1, 1, 0, ON(unmap_0, 0),
	      ON(hardware_large, 1), ON(read_large, 2)),
	TABLE("split-group", init_group, end_group, 2, 3, 0, ON(demote_group, 0),
	      ON(hardware_group, 1)),
	TABLE("split-group-back", init_group, end_group_back, 2, 3, 0, ON(demote_group, 0),
	      ON(hardware_group_back, 1)),
	TABLE("split-group-twice", init_group, end_half_group, 1, 2, 0, ON(unmap_0, 0),
	      ON(hardware_group, 1), ON(demote_second, 2)),
	TABLE("track-promote", init_small_dirty, end_promoted, 2, 3, 0, ON(promote, 0),
	      ON(read_0, 1)),
	TABLE("protect-promote", init_small, end_protected, 2, 3, 0, ON(promote, 0),
	      ON(protect_1, 1)),
};

int main(int argc, char **argv)
{
	return mc_main(argc, argv, models, sizeof(models) / sizeof(models[0]));
}

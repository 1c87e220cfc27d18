/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * x86_image.c - completes the guest of x86_guest.S.
 *
 *   x86_image LEVELS <guest.bin >image   appends a list of accesses and a table
 *   x86_image LEVELS names               prints what the accesses are
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pgtbl.h"

#define LOAD 0x100000u
#define LIST 0x104000u
#define TABLES 0x110000u
#define NR_TABLES 64u
#define PAGE 4096u
#define M2 (1ull << 21)
#define G1 (1ull << 30)
#define RW (PGTBL_READ | PGTBL_WRITE)
#define NOWHERE ~0ull

enum access { READ, WRITE, FETCH, READ_SMAP };

static const struct {
	uint64_t iova, phys, size;
	unsigned prot;
} mapped[] = {
	/* The guest itself; supervisor only, so that it may run with SMAP. */
	{ LOAD, LOAD, 0x10000, RW | PGTBL_PRIV },
	{ 0x200000000, 0x800000, PAGE, RW },
	{ 0x200001000, 0xa00000, PAGE, PGTBL_READ },
	{ 0x200002000, 0x803000, PAGE, RW | PGTBL_NOEXEC },
	{ 0x200003000, 0x804000, PAGE, RW | PGTBL_PRIV },
	{ 0x200004000, 0x805000, PAGE, RW | PGTBL_MMIO },
	{ 0x7ffffffff000, 0x806000, PAGE, RW },
	{ 0x240000000, 0x1000000, M2, RW },
	{ 0x240200000, 0x1200000, M2, PGTBL_READ | PGTBL_NOEXEC },
	{ 0x280000000, 0, G1, RW },
	{ 0x300000000, 0x900000, 600 * PAGE, RW },
};

static const struct {
	const char *name;
	uint64_t iova, phys;
	uint64_t access, fault;
} list[] = {
	{ "a 4K page is read", 0x200000000, 0x800000, READ, 0 },
	{ "its last word", 0x200000ff8, 0x800ff8, READ, 0 },
	{ "it is written", 0x200000000, 0x800000, WRITE, 0 },
	{ "it is executed", 0x200000000, 0x800000, FETCH, 0 },
	{ "a user page faults with SMAP", 0x200000000, 0x800000, READ_SMAP, 1 },
	{ "a supervisor page does not", 0x200003000, 0x804000, READ_SMAP, 0 },
	{ "a read-only page is read", 0x200001000, 0xa00000, READ, 0 },
	{ "and not written", 0x200001000, 0xa00000, WRITE, 1 },
	{ "and executed", 0x200001000, 0xa00000, FETCH, 0 },
	{ "a no-execute page is written", 0x200002000, 0x803000, WRITE, 0 },
	{ "and not executed", 0x200002000, 0x803000, FETCH, 1 },
	{ "an uncached page is read", 0x200004000, 0x805000, READ, 0 },
	{ "nothing is behind it", 0x200005000, NOWHERE, READ, 1 },
	{ "nothing is in front", 0x1fffff000, NOWHERE, READ, 1 },
	{ "the highest page of 47 bits", 0x7ffffffff008, 0x806008, READ, 0 },
	{ "a 2M page begins", 0x240000000, 0x1000000, READ, 0 },
	{ "and ends", 0x2401ffff8, 0x11ffff8, READ, 0 },
	{ "and is written in the middle", 0x240123450, 0x1123450, WRITE, 0 },
	{ "a read-only 2M page is read", 0x240200008, 0x1200008, READ, 0 },
	{ "and not written", 0x240200008, 0x1200008, WRITE, 1 },
	{ "and not executed", 0x240200010, 0x1200010, FETCH, 1 },
	{ "nothing is behind it", 0x240400000, NOWHERE, READ, 1 },
	{ "a 1G page", 0x281400000, 0x1400000, READ, 0 },
	{ "further inside", 0x2823456f0, 0x23456f0, WRITE, 0 },
	{ "a range over two tables begins", 0x300000000, 0x900000, READ, 0 },
	{ "goes on in the next table", 0x300200000, 0xb00000, READ, 0 },
	{ "and ends", 0x300257ff8, 0xb57ff8, READ, 0 },
	{ "where it ends", 0x300258000, NOWHERE, READ, 1 },
	{ "what was unmapped is gone", 0x340000000, NOWHERE, READ, 1 },
};
#define NR_LIST (sizeof(list) / sizeof(*list))

static _Alignas(4096) uint8_t tables[NR_TABLES][PAGE];
static unsigned next_table;

static void *table_alloc(void *ctx, size_t size, size_t align)
{
	(void)ctx;
	(void)align;
	return size == PAGE && next_table < NR_TABLES ? tables[next_table++] : NULL;
}

/* Nothing is used twice: what the guest reads is what was written first. */
static void table_free(void *ctx, void *ptr, size_t size, size_t align)
{
	(void)ctx, (void)ptr, (void)size, (void)align;
}

static bool fill(struct pgtbl *pt)
{
	struct pgtbl_gather gather;
	bool done;

	for (size_t i = 0; i < sizeof(mapped) / sizeof(*mapped); i++)
		if (pgtbl_map(pt, mapped[i].iova, mapped[i].phys, mapped[i].size, mapped[i].prot))
			return false;
	pgtbl_gather_init(&gather);
	done = !pgtbl_map(pt, 0x340000000, 0x800000, M2, RW) &&
	       pgtbl_unmap(pt, 0x340000000, M2, &gather) == M2;
	pgtbl_gather_release(pt, &gather);
	return done;
}

static struct pgtbl *build(unsigned levels)
{
	static const struct plat_mem_ops ops = { .alloc = table_alloc, .free = table_free };
	struct pgtbl_config config = { .ops = &pgtbl_x86_64_ops,
				       .levels = levels,
				       .oa_bits = 40,
				       .pages = { &ops, NULL },
				       .phys_offset = TABLES - (uint64_t)(uintptr_t)tables };
	struct pgtbl *pt;

	if (pgtbl_create(&pt, &config))
		return NULL;
	if (fill(pt))
		return pt;
	pgtbl_destroy(pt);
	return NULL;
}

/* The image: the guest, the list, the tables.  Whether all of it was written. */
static bool write_image(const struct pgtbl *pt, unsigned levels)
{
	static uint8_t image[TABLES - LOAD];
	uint64_t head[4] = { pgtbl_root_phys(pt), levels, NR_LIST, 0 };

	if (!fread(image, 1, LIST - LOAD, stdin))
		return false;
	memcpy(image + LIST - LOAD, head, sizeof(head));
	for (size_t i = 0; i < NR_LIST; i++) {
		uint64_t row[4] = { list[i].iova, list[i].phys, list[i].access, list[i].fault };

		memcpy(image + LIST - LOAD + 32 + 32 * i, row, sizeof(row));
	}
	return fwrite(image, 1, sizeof(image), stdout) == sizeof(image) &&
	       fwrite(tables, 1, sizeof(tables), stdout) == sizeof(tables);
}

int main(int argc, char **argv)
{
	unsigned levels = argc > 1 ? (unsigned)atoi(argv[1]) : 0;
	struct pgtbl *pt;
	bool done;

	if (argc == 3) {
		for (size_t i = 0; i < NR_LIST; i++)
			puts(list[i].name);
		return 0;
	}
	pt = build(levels);
	done = pt && write_image(pt, levels);
	if (!done)
		fprintf(stderr, "x86_image: no table, no guest, or no room for the image\n");
	pgtbl_destroy(pt); /* not before: it takes the tables apart */
	return !done;
}

/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * test_pgtbl_fmt.c - entries as they must be, bit by bit, written by hand.
 *
 * VT-d second stage: R 0, W 1, PS 7, SNP 11, address 51:12 (Linux
 * drivers/iommu/intel and QEMU hw/i386/intel_iommu_internal.h agree); bit 10 is
 * ours.  x86-64: P 0, R/W 1, U/S 2, PWT 3, PCD 4, A 5, D 6, PS 7, XD 63.
 */
#include "pgtbl_unit.h"

struct example {
	unsigned prot;
	uint64_t phys;
	uint64_t size;
	unsigned flags;
	uint64_t entry; /* 0: refused */
};

static const struct example vtdss[] = {
	{ PGTBL_READ, 0x12345000, K4, 0, 0x0000000012345401 },
	{ PGTBL_WRITE, 0x12345000, K4, 0, 0x0000000012345402 },
	{ PGTBL_READ | PGTBL_WRITE, 0x12345000, K4, 0, 0x0000000012345403 },
	{ PGTBL_READ | PGTBL_WRITE, 0, K4, 0, 0x0000000000000403 },
	{ PGTBL_READ | PGTBL_WRITE, 0xffffffffff000, K4, 0, 0x000ffffffffff403 },
	{ PGTBL_READ | PGTBL_WRITE | PGTBL_COHERENT, 0x12345000, K4, 0, 0x0000000012345403 },
	{ PGTBL_READ | PGTBL_WRITE | PGTBL_COHERENT, 0x12345000, K4, PGTBL_SNOOP_CTL,
	  0x0000000012345c03 },
	{ PGTBL_READ | PGTBL_WRITE, 0x12345000, K4, PGTBL_SNOOP_CTL, 0x0000000012345403 },
	{ PGTBL_READ | PGTBL_WRITE | PGTBL_MMIO, 0xfed00000, K4, 0, 0x00000000fed00403 },
	{ PGTBL_READ | PGTBL_WRITE, 0x40000000, M2, 0, 0x0000000040000483 },
	{ PGTBL_READ, 0x3fffffe00000, M2, 0, 0x00003fffffe00481 },
	{ PGTBL_WRITE | PGTBL_COHERENT, 0x80000000, G1, PGTBL_SNOOP_CTL, 0x0000000080000c82 },
	{ 0, 0x12345000, K4, 0, 0 },
	{ PGTBL_COHERENT, 0x12345000, K4, 0, 0 },
	{ PGTBL_READ | PGTBL_NOEXEC, 0x12345000, K4, 0, 0 },
	{ PGTBL_READ | PGTBL_PRIV, 0x12345000, K4, 0, 0 },
	{ PGTBL_READ | 64, 0x12345000, K4, 0, 0 },
	{ PGTBL_READ | 1u << 31, 0x12345000, K4, 0, 0 },
};

static const struct example x86_64[] = {
	{ PGTBL_READ, 0x12345000, K4, 0, 0x0000000012345025 },
	{ PGTBL_READ | PGTBL_WRITE, 0x12345000, K4, 0, 0x0000000012345067 },
	{ PGTBL_READ | PGTBL_WRITE, 0xffffffffff000, K4, 0, 0x000ffffffffff067 },
	{ PGTBL_READ | PGTBL_NOEXEC, 0x12345000, K4, 0, 0x8000000012345025 },
	{ PGTBL_READ | PGTBL_PRIV, 0x12345000, K4, 0, 0x0000000012345021 },
	{ PGTBL_READ | PGTBL_WRITE | PGTBL_MMIO, 0xfed00000, K4, 0, 0x00000000fed0007f },
	{ PGTBL_READ | PGTBL_COHERENT, 0x12345000, K4, 0, 0x0000000012345025 },
	{ PGTBL_READ | PGTBL_WRITE, 0x40000000, M2, 0, 0x00000000400000e7 },
	{ PGTBL_READ | PGTBL_WRITE | PGTBL_NOEXEC | PGTBL_PRIV, 0x80000000, G1, 0,
	  0x80000000800000e3 },
	{ PGTBL_WRITE, 0x12345000, K4, 0, 0 },
	{ 0, 0x12345000, K4, 0, 0 },
	{ PGTBL_READ | 64, 0x12345000, K4, 0, 0 },
};

static unsigned level_of(uint64_t size)
{
	return size == K4 ? 1 : size == M2 ? 2 : 3;
}

static void check(const struct pgtbl_ops *ops, unsigned levels, const struct example *e,
		  uint64_t iova)
{
	struct pgtbl_config config;

	cr_assert(pool_init(&pool, 64));
	config = unit_config(ops, levels);
	config.oa_bits = 52;
	config.flags = e->flags;
	unit_open_config(&config);
	if (!e->entry) {
		cr_expect_eq(pgtbl_map(pt, iova, e->phys, e->size, e->prot), -EINVAL);
		cr_expect_eq(pool.live, 1);
	} else {
		cr_assert_eq(pgtbl_map(pt, iova, e->phys, e->size, e->prot), 0);
		cr_expect_eq(unit_word(levels, iova, level_of(e->size)), e->entry,
			     "prot %#x: %#lx, not %#lx", e->prot,
			     (unsigned long)unit_word(levels, iova, level_of(e->size)),
			     (unsigned long)e->entry);
		cr_expect_eq(unit_translate(iova + e->size - 1), e->phys + e->size - 1);
		cr_assert_eq(pgtbl_unmap(pt, iova, e->size, &gather), e->size);
		cr_expect_eq(unit_word(levels, iova, level_of(e->size)), 0);
	}
	unit_close();
}

Test(pgtbl_fmt, vtdss_entries)
{
	for (size_t i = 0; i < sizeof(vtdss) / sizeof(*vtdss); i++)
		for (unsigned levels = 3; levels <= 5; levels++) {
			check(&pgtbl_vtdss_ops, levels, &vtdss[i], G1);
			check(&pgtbl_vtdss_ops, levels, &vtdss[i], (1ull << 38) + 5 * G1);
		}
}

Test(pgtbl_fmt, x86_64_entries)
{
	for (size_t i = 0; i < sizeof(x86_64) / sizeof(*x86_64); i++)
		for (unsigned levels = 4; levels <= 5; levels++) {
			check(&pgtbl_x86_64_ops, levels, &x86_64[i], G1);
			check(&pgtbl_x86_64_ops, levels, &x86_64[i], (1ull << 46) + 5 * G1);
		}
}

/* Table entries: the address, and R W A (VT-d), P RW US A (x86-64), nothing else. */
static void check_tables(const struct pgtbl_ops *ops, unsigned levels, uint64_t low)
{
	unit_open(ops, levels, 0);
	cr_assert_eq(pgtbl_map(pt, 5 * G1, 0x1000, K4, PGTBL_READ), 0);
	for (unsigned level = 2; level <= levels; level++) {
		uint64_t word = unit_word(levels, 5 * G1, level);

		cr_expect_eq(word & 0xfff0000000000fffull, low);
		cr_expect(pool_owns(&pool, word & ~0xfffull));
	}
	cr_assert_eq(pgtbl_unmap(pt, 5 * G1, K4, &gather), K4);
	unit_close();
}

Test(pgtbl_fmt, table_entries)
{
	for (unsigned levels = 3; levels <= 5; levels++)
		check_tables(&pgtbl_vtdss_ops, levels, 0x103);
	for (unsigned levels = 4; levels <= 5; levels++)
		check_tables(&pgtbl_x86_64_ops, levels, 0x027);
}

/* Widths: the last page is there, the next is refused. */
static void check_width(const struct pgtbl_ops *ops, unsigned levels, unsigned bits)
{
	uint64_t last = (1ull << bits) - 1, phys;

	unit_open(ops, levels, 0);
	cr_expect_eq(pgtbl_iova_last(pt), last);
	cr_expect_eq(pgtbl_map(pt, last + 1 - K4, 0, K4, 3), 0);
	cr_expect_eq(pgtbl_map(pt, last + 1, 0, K4, 3), -EINVAL);
	cr_expect_eq(pgtbl_map(pt, last + 1 - 2 * K4, 0, 3 * K4, 3), -EINVAL);
	cr_expect_eq(unit_translate(last), K4 - 1);
	cr_expect_eq(pgtbl_translate(pt, last + 1, &phys), -EINVAL);
	cr_expect_eq(pgtbl_translate(pt, ~0ull, &phys), -EINVAL);
	cr_expect_eq(pgtbl_unmap(pt, last + 1, K4, &gather), 0);
	cr_expect_eq(pgtbl_unmap(pt, last + 1 - K4, K4, &gather), K4);
	unit_close();
}

Test(pgtbl_fmt, widths)
{
	check_width(&pgtbl_vtdss_ops, 3, 39);
	check_width(&pgtbl_vtdss_ops, 4, 48);
	check_width(&pgtbl_vtdss_ops, 5, 57);
	check_width(&pgtbl_x86_64_ops, 4, 47);
	check_width(&pgtbl_x86_64_ops, 5, 56);
}

/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * test_pgtbl_entries.c - entries as they must be, bit by bit, written by hand: AMD
 * v1, ARM, RISC-V, powerpc TCE.  Where the layouts come from: libpgtbl/fmt/.
 */
#include "pgtbl_unit.h"

#include <string.h>

#define RW (PGTBL_READ | PGTBL_WRITE)
#define K64 (1ull << 16)
#define M32 (1ull << 25)
#define G16 (1ull << 34)
#define G512 (1ull << 39)
#define T256 (1ull << 48)

struct shape {
	const struct pgtbl_ops *ops;
	enum hw_format format;
	unsigned levels;
	unsigned page_lg2;
	unsigned table_lg2;
	unsigned iova_bits;
	unsigned flags;
	unsigned oa_bits;
};

struct example {
	unsigned prot;
	uint64_t phys;
	uint64_t size;
	unsigned level;
	uint64_t entry;	  /* 0: refused */
	unsigned entries; /* that make the leaf */
	uint64_t step;	  /* from each to the next */
};

static const struct shape amdv1 = { &pgtbl_amdv1_ops, HW_AMDV1, 4, 12, 12, 0, 0, 52 };
static const struct example amdv1_leaf[] = {
	{ PGTBL_READ, 0x12345000, K4, 1, 0x2000000012345001, 1, 0 },
	{ PGTBL_WRITE, 0x12345000, K4, 1, 0x4000000012345001, 1, 0 },
	{ RW, 0x12345000, K4, 1, 0x6000000012345001, 1, 0 },
	{ RW, 0xffffffffff000, K4, 1, 0x600ffffffffff001, 1, 0 },
	{ RW | PGTBL_COHERENT, 0x12345000, K4, 1, 0x7000000012345001, 1, 0 },
	{ RW | PGTBL_MMIO, 0xfed00000, K4, 1, 0x60000000fed00001, 1, 0 },
	{ RW, 0x40000000, M2, 2, 0x6000000040000001, 1, 0 },
	{ PGTBL_READ, 0x80000000, G1, 3, 0x2000000080000001, 1, 0 },
	/* Next level 7, the size in the address: 8K 0, 16K 01, 64K 0111, 1M, 4M, 4G */
	{ RW, 0x12346000, 2 * K4, 1, 0x6000000012346e01, 2, 0 },
	{ RW, 0x12348000, 4 * K4, 1, 0x6000000012349e01, 4, 0 },
	{ RW, 0x12340000, K64, 1, 0x6000000012347e01, 16, 0 },
	{ RW, 0x12300000, M2 / 2, 1, 0x600000001237fe01, 256, 0 },
	{ RW, 0x40000000, 2 * M2, 2, 0x60000000401ffe01, 2, 0 },
	{ PGTBL_WRITE, 0x300000000, 4 * G1, 3, 0x400000037ffffe01, 4, 0 },
	{ 0, 0x12345000, K4, 1, 0, 0, 0 },
	{ PGTBL_COHERENT, 0x12345000, K4, 1, 0, 0, 0 },
	{ RW | PGTBL_NOEXEC, 0x12345000, K4, 1, 0, 0, 0 },
	{ RW | PGTBL_PRIV, 0x12345000, K4, 1, 0, 0, 0 },
};

static const struct shape arm_s1 = { &pgtbl_arm_s1_ops, HW_ARM_S1, 4, 12, 12, 0, 0, 48 };
static const struct example arm_s1_leaf[] = {
	{ RW, 0x12345000, K4, 1, 0x0000000012345e43, 1, 0 },
	{ PGTBL_READ, 0x12345000, K4, 1, 0x0000000012345ec3, 1, 0 },
	{ RW | PGTBL_COHERENT, 0x12345000, K4, 1, 0x0000000012345f47, 1, 0 },
	{ RW | PGTBL_MMIO, 0xfed00000, K4, 1, 0x00000000fed00e4b, 1, 0 },
	{ RW | PGTBL_MMIO | PGTBL_COHERENT, 0xfed00000, K4, 1, 0x00000000fed00f4b, 1, 0 },
	{ RW | PGTBL_NOEXEC, 0x12345000, K4, 1, 0x0060000012345e43, 1, 0 },
	{ RW | PGTBL_PRIV, 0x12345000, K4, 1, 0x0000000012345e03, 1, 0 },
	{ RW, 0xfffffffff000, K4, 1, 0x0000fffffffffe43, 1, 0 },
	{ RW, 0x12340000, K64, 1, 0x0010000012340e43, 16, K4 },
	{ RW, 0x40000000, M2, 2, 0x0000000040000e41, 1, 0 },
	{ RW, 0x42000000, M32, 2, 0x0010000042000e41, 16, M2 },
	{ PGTBL_READ, 0x80000000, G1, 3, 0x0000000080000ec1, 1, 0 },
	{ RW, 0x400000000, G16, 3, 0x0010000400000e41, 16, G1 },
	{ PGTBL_WRITE, 0x12345000, K4, 1, 0, 0, 0 },
	{ PGTBL_NOEXEC, 0x12345000, K4, 1, 0, 0, 0 },
	{ 0, 0x12345000, K4, 1, 0, 0, 0 },
};

static const struct shape arm_16k = { &pgtbl_arm_s1_ops, HW_ARM_S1, 4, 14, 14, 0, 0, 48 };
static const struct example arm_16k_leaf[] = {
	{ RW, 0x12344000, 1 << 14, 1, 0x0000000012344e43, 1, 0 },
	{ RW, 0x12200000, M2, 1, 0x0010000012200e43, 128, 1 << 14 },
	{ RW, 0x42000000, M32, 2, 0x0000000042000e41, 1, 0 },
	{ RW, 0x80000000, G1, 2, 0x0010000080000e41, 32, M32 },
};

static const struct shape arm_64k = { &pgtbl_arm_s1_ops, HW_ARM_S1, 3, 16, 0, 48, 0, 48 };
static const struct example arm_64k_leaf[] = {
	{ RW, 0x12340000, K64, 1, 0x0000000012340e43, 1, 0 },
	{ RW, 0x12200000, M2, 1, 0x0010000012200e43, 32, K64 },
	{ RW, 0x20000000, 1 << 29, 2, 0x0000000020000e41, 1, 0 },
	{ RW, 0x400000000, G16, 2, 0x0010000400000e41, 32, 1 << 29 },
};

static const struct shape arm_s2 = { &pgtbl_arm_s2_ops, HW_ARM_S2, 3, 12, 12, 43, 0, 48 };
static const struct example arm_s2_leaf[] = {
	{ RW, 0x12345000, K4, 1, 0x00000000123456d7, 1, 0 },
	{ PGTBL_READ, 0x12345000, K4, 1, 0x0000000012345657, 1, 0 },
	{ PGTBL_WRITE, 0x12345000, K4, 1, 0x0000000012345697, 1, 0 },
	{ RW | PGTBL_COHERENT, 0x12345000, K4, 1, 0x00000000123457ff, 1, 0 },
	{ RW | PGTBL_MMIO, 0xfed00000, K4, 1, 0x00000000fed006c7, 1, 0 },
	{ RW | PGTBL_NOEXEC, 0x12345000, K4, 1, 0x00400000123456d7, 1, 0 },
	{ RW, 0x12340000, K64, 1, 0x00100000123406d7, 16, K4 },
	{ RW, 0x40000000, M2, 2, 0x00000000400006d5, 1, 0 },
	{ RW, 0x80000000, G1, 3, 0x00000000800006d5, 1, 0 },
	{ RW | PGTBL_PRIV, 0x12345000, K4, 1, 0, 0, 0 },
	{ PGTBL_MMIO, 0x12345000, K4, 1, 0, 0, 0 },
};

static const struct shape sv39 = { &pgtbl_riscv_ops, HW_RISCV, 3, 12, 12, 0, 0, 56 };
static const struct example sv39_leaf[] = {
	{ RW, 0x12345000, K4, 1, 0x00000000048d14df, 1, 0 },
	{ PGTBL_READ, 0x12345000, K4, 1, 0x00000000048d145b, 1, 0 },
	{ RW | PGTBL_NOEXEC, 0x12345000, K4, 1, 0x00000000048d14d7, 1, 0 },
	{ RW | PGTBL_PRIV, 0x12345000, K4, 1, 0x00000000048d14cf, 1, 0 },
	{ RW | PGTBL_MMIO, 0x12345000, K4, 1, 0x00000000048d14df, 1, 0 },
	{ RW | PGTBL_COHERENT, 0x12345000, K4, 1, 0x00000000048d14df, 1, 0 },
	{ RW, 0xfffffffffff000, K4, 1, 0x003ffffffffffcdf, 1, 0 },
	{ RW, 0x12340000, K64, 1, 0x80000000048d20df, 16, 0 },
	{ RW, 0x40000000, M2, 2, 0x00000000100000df, 1, 0 },
	{ RW, 0x80000000, G1, 3, 0x00000000200000df, 1, 0 },
	{ PGTBL_WRITE, 0x12345000, K4, 1, 0, 0, 0 },
	{ 0, 0x12345000, K4, 1, 0, 0, 0 },
};

static const struct shape sv57 = { &pgtbl_riscv_ops, HW_RISCV, 5, 12, 12, 0, PGTBL_SVPBMT, 56 };
static const struct example sv57_leaf[] = {
	{ RW, 0x12345000, K4, 1, 0x00000000048d14df, 1, 0 },
	{ RW | PGTBL_MMIO, 0x12345000, K4, 1, 0x40000000048d14df, 1, 0 },
	{ RW, 0x8000000000, G512, 4, 0x00000020000000df, 1, 0 },
	{ PGTBL_READ, 0x1000000000000, T256, 5, 0x000040000000005b, 1, 0 },
};

static const struct shape tce = { &pgtbl_tce_ops, HW_TCE, 3, 12, 12, 0, 0, 60 };
static const struct example tce_leaf[] = {
	{ RW, 0x12345000, K4, 1, 0x0000000012345003, 1, 0 },
	{ PGTBL_READ, 0x12345000, K4, 1, 0x0000000012345001, 1, 0 },
	{ PGTBL_WRITE, 0x12345000, K4, 1, 0x0000000012345002, 1, 0 },
	{ RW | PGTBL_COHERENT | PGTBL_MMIO, 0xfed00000, K4, 1, 0x00000000fed00003, 1, 0 },
	{ RW, 0xffffffffffff000, K4, 1, 0x0ffffffffffff003, 1, 0 },
	{ PGTBL_COHERENT, 0x12345000, K4, 1, 0, 0, 0 },
	{ RW | PGTBL_NOEXEC, 0x12345000, K4, 1, 0, 0, 0 },
	{ RW | PGTBL_PRIV, 0x12345000, K4, 1, 0, 0, 0 },
};

static const struct shape tce_16m = { &pgtbl_tce_ops, HW_TCE, 2, 24, 13, 0, 0, 56 };
static const struct example tce_16m_leaf[] = {
	{ RW, 0x12000000, 1 << 24, 1, 0x0000000012000003, 1, 0 },
	{ RW, 0xffffffff000000, 1 << 24, 1, 0x00ffffffff000003, 1, 0 },
};

static const struct shape tce_16g = { &pgtbl_tce_ops, HW_TCE, 1, 34, 16, 0, 0, 60 };
static const struct example tce_16g_leaf[] = {
	{ RW, 0xfffffc00000000, G16, 1, 0x00fffffc00000003, 1, 0 },
};

static struct pgtbl_config config_of(const struct shape *s)
{
	return (struct pgtbl_config){ .ops = s->ops,
				      .levels = s->levels,
				      .oa_bits = s->oa_bits,
				      .iova_bits = s->iova_bits,
				      .page_lg2 = s->page_lg2,
				      .table_lg2 = s->table_lg2,
				      .flags = s->flags,
				      .pages = pool_mem(&pool) };
}

static unsigned index_lg2(const struct shape *s)
{
	return (s->table_lg2 ? s->table_lg2 : s->page_lg2) - 3;
}

static void open_shape(const struct shape *s)
{
	struct pgtbl_config config = config_of(s);

	cr_assert(pool_init_unit(&pool, 64, (size_t)8 << index_lg2(s)));
	cr_assert_eq(pgtbl_create(&pt, &config), 0);
	pgtbl_gather_init(&gather);
}

/* As hardware reads it: the bytes of TCEs have the other order. */
static uint64_t memory(const struct shape *s, uint64_t at)
{
	const uint8_t *p = (const uint8_t *)(uintptr_t)at;
	uint64_t word = 0;

	for (unsigned i = 0; i < 8; i++)
		word |= (uint64_t)p[i] << 8 * (s->format == HW_TCE ? 7 - i : i);
	return word;
}

/* The address of the word of @level for @iova. */
static uint64_t word_at(const struct shape *s, uint64_t iova, unsigned level)
{
	uint64_t table = pgtbl_root_phys(pt), slot = 0;

	for (unsigned l = s->levels; l >= level; l--) {
		uint64_t index = iova >> (s->page_lg2 + index_lg2(s) * (l - 1));

		if (l < s->levels)
			index &= (1ull << index_lg2(s)) - 1;
		slot = table + 8 * index;
		table = l > level ? hw_target(s->format, *(uint64_t *)(uintptr_t)slot) : 0;
	}
	return slot;
}

static int same_size(void *ctx, const struct pgtbl_leaf *leaf)
{
	return leaf->size == *(const uint64_t *)ctx ? 1 : -1;
}

static void check(const struct shape *s, const struct example *e, uint64_t iova)
{
	uint64_t size = e->size;

	open_shape(s);
	if (!e->entry) {
		cr_expect_eq(pgtbl_map(pt, iova, e->phys, e->size, e->prot), -EINVAL);
		cr_expect_eq(pool.live, 1);
		unit_close();
		return;
	}
	cr_assert_eq(pgtbl_map(pt, iova, e->phys, e->size, e->prot), 0, "prot %#x", e->prot);
	for (unsigned i = 0; i < e->entries; i++) {
		uint64_t word = memory(s, word_at(s, iova, e->level) + 8 * i);

		cr_expect_eq(word, e->entry + i * e->step, "prot %#x, word %u: %#lx, not %#lx",
			     e->prot, i, (unsigned long)word,
			     (unsigned long)(e->entry + i * e->step));
	}
	cr_expect_eq(pgtbl_visit(pt, iova, iova, same_size, &size), 1, "one leaf");
	cr_expect_eq(unit_translate(iova), e->phys);
	cr_expect_eq(unit_translate(iova + e->size - 1), e->phys + e->size - 1);
	cr_assert_eq(pgtbl_unmap(pt, iova, e->size, &gather), e->size);
	for (unsigned i = 0; i < e->entries; i++)
		cr_expect_eq(memory(s, word_at(s, iova, e->level) + 8 * i), 0);
	unit_close();
}

#define CHECK_ALL(name, iova)                                                  \
	do {                                                                   \
		for (size_t i_ = 0; i_ < sizeof(name##_leaf) / sizeof(*name##_leaf); i_++) \
			check(&(name), &name##_leaf[i_], (iova));              \
	} while (0)

Test(pgtbl_entries, amdv1)
{
	CHECK_ALL(amdv1, 0);
	CHECK_ALL(amdv1, 3 * G512 + 8 * G1);
}

Test(pgtbl_entries, arm_stage_1)
{
	CHECK_ALL(arm_s1, 0);
	CHECK_ALL(arm_s1, 3 * G512 + 2 * G16);
	CHECK_ALL(arm_16k, 5 * G16);
	CHECK_ALL(arm_64k, 5 * G16);
}

Test(pgtbl_entries, arm_stage_2)
{
	CHECK_ALL(arm_s2, 0);
	/* In the last of sixteen roots. */
	CHECK_ALL(arm_s2, 15 * G512 + 2 * G16);
}

Test(pgtbl_entries, riscv)
{
	CHECK_ALL(sv39, G16);
	CHECK_ALL(sv57, 0);
	CHECK_ALL(sv57, 3 * T256);
}

Test(pgtbl_entries, tce)
{
	CHECK_ALL(tce, G16);
	CHECK_ALL(tce_16m, 77ull << 24);
	CHECK_ALL(tce_16g, 77 * G16);
}

/* Table entries: the address, and these bits besides. */
static void check_table(const struct shape *s, unsigned level, uint64_t iova, uint64_t bits)
{
	uint64_t word, page;

	open_shape(s);
	cr_assert_eq(pgtbl_map(pt, iova, 0, 1ull << s->page_lg2, PGTBL_READ), 0);
	word = memory(s, word_at(s, iova, level));
	page = s->format == HW_RISCV ? (word ^ bits) << 2 : word ^ bits;
	cr_expect(pool_owns(&pool, page), "level %u: %#lx", level, (unsigned long)word);
	cr_expect_eq(page & ((8ull << index_lg2(s)) - 1), 0);
	cr_assert_eq(pgtbl_unmap(pt, iova, 1ull << s->page_lg2, &gather), 1ull << s->page_lg2);
	unit_close();
}

Test(pgtbl_entries, tables)
{
	check_table(&amdv1, 2, 5 * G1, 0x6000000000000221);
	check_table(&amdv1, 3, 5 * G1, 0x6000000000000421);
	check_table(&amdv1, 4, 5 * G1, 0x6000000000000621);
	for (unsigned level = 2; level <= 3; level++) {
		check_table(&arm_s1, level, 5 * G1, 0x003);
		check_table(&arm_64k, level, 5 * G1, 0x003);
		check_table(&arm_s2, level, 9 * G512, 0x003);
		check_table(&sv39, level, 5 * G1, 0x001);
		check_table(&tce, level, 5 * G1, 0x003);
	}
}

/* The last page is there, the next is refused. */
static void check_width(const struct shape *s, unsigned bits)
{
	uint64_t page = 1ull << s->page_lg2, end = bits < 64 ? 1ull << bits : 0, phys;

	open_shape(s);
	cr_expect_eq(pgtbl_iova_last(pt), end - 1);
	cr_expect_eq(pgtbl_map(pt, end - page, 0, page, RW), 0);
	cr_expect_eq(unit_translate(end - 1), page - 1);
	cr_expect_eq(pgtbl_map(pt, end - 2 * page, 0, 3 * page, RW), -EINVAL);
	if (end) {
		cr_expect_eq(pgtbl_map(pt, end, 0, page, RW), -EINVAL);
		cr_expect_eq(pgtbl_translate(pt, end, &phys), -EINVAL);
		cr_expect_eq(pgtbl_translate(pt, ~0ull, &phys), -EINVAL);
	}
	cr_expect_eq(pgtbl_unmap(pt, end - page, page, &gather), page);
	unit_close();
}

Test(pgtbl_entries, widths)
{
	struct shape s = amdv1;

	for (s.levels = 1; s.levels <= 6; s.levels++)
		check_width(&s, s.levels < 6 ? 12 + 9 * s.levels : 64);
	check_width(&arm_s1, 48);
	check_width(&arm_16k, 48);
	check_width(&arm_64k, 48);
	check_width(&arm_s2, 43);
	check_width(&sv39, 38);
	check_width(&sv57, 56);
	check_width(&tce, 39);
	check_width(&tce_16m, 24 + 2 * 10);
	check_width(&tce_16g, 34 + 13);
}

static void refuse(struct shape s, unsigned field, unsigned value)
{
	struct pgtbl_config config;
	unsigned *const fields[] = { &s.levels, &s.page_lg2, &s.table_lg2, &s.iova_bits, &s.oa_bits };

	cr_assert(pool_init(&pool, 64));
	*fields[field] = value;
	config = config_of(&s);
	cr_expect_eq(pgtbl_create(&pt, &config), -EINVAL, "field %u, value %u", field, value);
	cr_expect_eq(pool.live, 0);
	pool_fini(&pool);
}

enum { LEVELS, PAGE_LG2, TABLE_LG2, IOVA_BITS, OA_BITS };

Test(pgtbl_entries, shapes_that_are_not)
{
	refuse(amdv1, LEVELS, 0);
	refuse(amdv1, LEVELS, 7);
	refuse(amdv1, PAGE_LG2, 13);
	refuse(amdv1, TABLE_LG2, 13);
	refuse(amdv1, OA_BITS, 53);
	refuse(arm_s1, LEVELS, 1);
	refuse(arm_s1, LEVELS, 5);
	refuse(arm_s1, PAGE_LG2, 13);
	refuse(arm_s1, TABLE_LG2, 14);
	refuse(arm_s1, IOVA_BITS, 49);
	refuse(arm_s1, IOVA_BITS, 39); /* three levels are enough */
	refuse(arm_s1, OA_BITS, 49);
	refuse(arm_64k, LEVELS, 4);
	refuse(arm_s2, IOVA_BITS, 44); /* 32 roots */
	refuse(arm_s2, IOVA_BITS, 30);
	refuse(sv39, LEVELS, 2);
	refuse(sv39, LEVELS, 6);
	refuse(sv39, IOVA_BITS, 39);
	refuse(sv39, OA_BITS, 57);
	refuse(tce, LEVELS, 0);
	refuse(tce, LEVELS, 6);
	refuse(tce, PAGE_LG2, 11);
	refuse(tce, PAGE_LG2, 35);
	refuse(tce, TABLE_LG2, 11);
	refuse(tce, TABLE_LG2, 25);
	refuse(tce, IOVA_BITS, 40);
	refuse(tce_16g, LEVELS, 3); /* 2^60 bytes and more */
}

/* 512 GiB leaves do not work on real hardware: neither asked for, nor used by default. */
Test(pgtbl_entries, amdv1_has_no_512g)
{
	struct pgtbl_config c;

	cr_assert(pool_init(&pool, 8));
	c = unit_config(&pgtbl_amdv1_ops, 6);
	c.page_sizes = K4 | 512 * G1;
	cr_expect_eq(pgtbl_create(&pt, &c), -EINVAL);
	c.page_sizes = 0;
	unit_open_config(&c);
	cr_assert_eq(pgtbl_map(pt, 512 * G1, 512 * G1, 512 * G1, 3), 0);
	cr_expect_eq(pgtbl_unmap(pt, 512 * G1, 256 * G1, &gather), 256 * G1, "two leaves");
	cr_expect_eq(pgtbl_unmap(pt, 768 * G1, 256 * G1, &gather), 256 * G1);
	unit_close();
}

/* Every TCE page size, in every byte of the entry. */
Test(pgtbl_entries, tce_page_sizes)
{
	struct shape s = tce;

	for (s.page_lg2 = 12; s.page_lg2 <= 34; s.page_lg2++) {
		uint64_t page = 1ull << s.page_lg2, phys = 0xa55a5aa5a55a5aa5ull & 0x0fffffffffffffff;

		phys &= -page;
		s.levels = 2;
		open_shape(&s);
		cr_assert_eq(pgtbl_map(pt, 1000 * page, phys, page, RW), 0);
		cr_expect_eq(memory(&s, word_at(&s, 1000 * page, 1)), phys | 3);
		cr_expect_eq(unit_translate(1001 * page - 1), phys + page - 1);
		cr_expect_eq(unit_translate(1001 * page), (uint64_t)-ENOENT);
		cr_expect_eq(pgtbl_map(pt, 1000 * page + page / 2, phys, page, RW), -EINVAL);
		cr_expect_eq(pgtbl_unmap(pt, 1000 * page, page / 2, &gather), 0);
		cr_expect_eq(pgtbl_unmap(pt, 1000 * page, page, &gather), page);
		unit_close();
	}
}

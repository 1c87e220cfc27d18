/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* pgtbl_stream_pick.c - what a stream does next: configurations, addresses, sizes, permissions. */
#include "pgtbl_stream_priv.h"

#define SIZES_4K (1ull << 12)
#define SIZES_2M (1ull << 12 | 1ull << 21)
#define SIZES_1G (SIZES_2M | 1ull << 30)
#define FROM_TO(from, to) ((2ull << (to)) - (1ull << (from)))
#define SIZES_AMD (FROM_TO(12, 51) & ~(1ull << 39)) /* 512 GiB does not work */
#define SIZES_ARM_4K (SIZES_1G | 1ull << 16 | 1ull << 25 | 1ull << 34)
#define SIZES_ARM_16K (1ull << 14 | 1ull << 21 | 1ull << 25 | 1ull << 30)
#define SIZES_ARM_64K (1ull << 16 | 1ull << 21 | 1ull << 29 | 1ull << 34)
#define SIZES_SV39 (SIZES_1G | 1ull << 16)

#define CONFIG(text, object, walker, ...)                                                     \
	{                                                                                     \
		.name = (text), .ops = &pgtbl_##object##_ops, .format = (walker), __VA_ARGS__ \
	}
#define VTDSS(text, l, ...) \
	CONFIG(text, vtdss, HW_VTDSS, .levels = (l), .page_lg2 = 12, .sizes = SIZES_1G, __VA_ARGS__)
#define X86(text, l, ...) \
	CONFIG(text, x86_64, HW_X86_64, .levels = (l), .page_lg2 = 12, .sizes = SIZES_1G, __VA_ARGS__)
#define AMD(text, l, s, ...) \
	CONFIG(text, amdv1, HW_AMDV1, .levels = (l), .page_lg2 = 12, .sizes = (s), __VA_ARGS__)
#define ARM(text, stage, granule, l, s, ...)                                            \
	CONFIG(text, arm_s##stage, HW_ARM_S##stage, .levels = (l), .page_lg2 = (granule), \
	       .table_lg2 = (granule), .sizes = (s), __VA_ARGS__)
#define RISCV(text, l, s, ...) \
	CONFIG(text, riscv, HW_RISCV, .levels = (l), .page_lg2 = 12, .sizes = (s), __VA_ARGS__)
#define TCE(text, page, l, ...)                                       \
	CONFIG(text, tce, HW_TCE, .levels = (l), .page_lg2 = (page), \
	       .sizes = 1ull << (page), __VA_ARGS__)

/* The fuzz target's first byte is an index: append. */
const struct stream_config stream_configs[] = {
	VTDSS("vtdss-3", 3, .oa_bits = 46),
	VTDSS("vtdss-4", 4, .oa_bits = 46, .flags = PGTBL_SNOOP_CTL),
	VTDSS("vtdss-5", 5, .oa_bits = 52),
	X86("x86_64-4", 4, .oa_bits = 46),
	X86("x86_64-5", 5, .oa_bits = 52),
	VTDSS("vtdss-4, unlink", 4, .oa_bits = 46, .flags = PGTBL_UNLINK),
	X86("x86_64-5, unlink", 5, .oa_bits = 46, .flags = PGTBL_UNLINK),
	VTDSS("vtdss-3, not coherent", 3, .oa_bits = 46, .noncoherent = true),
	X86("x86_64-4, not coherent, unlink", 4, .oa_bits = 46, .flags = PGTBL_UNLINK,
	    .noncoherent = true),
	VTDSS("vtdss-4, 4K pages, 42 bits", 4, .oa_bits = 40, .iova_bits = 42,
	      .page_sizes = SIZES_4K),
	X86("x86_64-4, 4K and 2M pages", 4, .oa_bits = 46, .page_sizes = SIZES_2M),

	AMD("amdv1-1", 1, FROM_TO(12, 20), .oa_bits = 48),
	AMD("amdv1-2", 2, FROM_TO(12, 29), .oa_bits = 48),
	AMD("amdv1-3", 3, FROM_TO(12, 38), .oa_bits = 52),
	AMD("amdv1-4", 4, SIZES_AMD & FROM_TO(12, 47), .oa_bits = 48),
	AMD("amdv1-5, unlink", 5, SIZES_AMD, .oa_bits = 52, .flags = PGTBL_UNLINK),
	AMD("amdv1-6", 6, SIZES_AMD, .oa_bits = 52),
	AMD("amdv1-6, not coherent, unlink", 6, SIZES_AMD, .oa_bits = 48, .flags = PGTBL_UNLINK,
	    .noncoherent = true),
	AMD("amdv1-3, 4K 16K 2M 8M", 3, FROM_TO(12, 38), .oa_bits = 46,
	    .page_sizes = SIZES_2M | 1ull << 14 | 1ull << 23),

	ARM("arm_s1-4, 4K granule", 1, 12, 4, SIZES_ARM_4K, .oa_bits = 48),
	ARM("arm_s1-3, 4K granule, 34 bits", 1, 12, 3, SIZES_ARM_4K, .oa_bits = 40,
	    .iova_bits = 34),
	ARM("arm_s1-2, 4K granule", 1, 12, 2, SIZES_ARM_4K & FROM_TO(12, 25), .oa_bits = 40),
	ARM("arm_s1-4, 16K granule", 1, 14, 4, SIZES_ARM_16K, .oa_bits = 48),
	ARM("arm_s1-3, 64K granule, unlink", 1, 16, 3, SIZES_ARM_64K, .oa_bits = 48,
	    .flags = PGTBL_UNLINK),
	ARM("arm_s2-3, 4K granule, 16 roots", 2, 12, 3, SIZES_ARM_4K, .oa_bits = 44,
	    .iova_bits = 43, .root_lg2 = 13),
	ARM("arm_s2-2, 4K granule, 8 roots, not coherent", 2, 12, 2,
	    SIZES_ARM_4K & FROM_TO(12, 25), .oa_bits = 40, .iova_bits = 33, .root_lg2 = 12,
	    .noncoherent = true),
	ARM("arm_s2-3, 16K granule, 2 roots, unlink", 2, 14, 3, SIZES_ARM_16K, .oa_bits = 48,
	    .iova_bits = 48, .root_lg2 = 12, .flags = PGTBL_UNLINK),
	ARM("arm_s2-2, 64K granule", 2, 16, 2, SIZES_ARM_64K, .oa_bits = 48),
	ARM("arm_s1-4, 4K granule, nothing contiguous, not coherent", 1, 12, 4, SIZES_ARM_4K,
	    .oa_bits = 48, .page_sizes = SIZES_1G, .noncoherent = true),

	RISCV("riscv Sv39", 3, SIZES_SV39, .oa_bits = 56),
	RISCV("riscv Sv48, Svpbmt", 4, SIZES_SV39 | 1ull << 39, .oa_bits = 50,
	      .flags = PGTBL_SVPBMT),
	RISCV("riscv Sv57, unlink", 5, SIZES_SV39 | 1ull << 39 | 1ull << 48, .oa_bits = 56,
	      .flags = PGTBL_UNLINK),
	RISCV("riscv Sv48, no Svnapot, not coherent", 4, SIZES_SV39 | 1ull << 39, .oa_bits = 56,
	      .page_sizes = SIZES_1G, .noncoherent = true),

	TCE("tce-1, 64K pages", 16, 1, .oa_bits = 48),
	TCE("tce-1, 4K pages, table of 1M", 12, 1, .oa_bits = 48, .table_lg2 = 20),
	TCE("tce-2, 4K pages, tables of 64K", 12, 2, .oa_bits = 44, .table_lg2 = 16),
	TCE("tce-3, 4K pages", 12, 3, .oa_bits = 48),
	TCE("tce-5, 4K pages, unlink", 12, 5, .oa_bits = 52, .flags = PGTBL_UNLINK),
	TCE("tce-4, 64K pages, not coherent", 16, 4, .oa_bits = 56, .noncoherent = true),
	TCE("tce-3, 16M pages, unlink", 24, 3, .oa_bits = 56, .flags = PGTBL_UNLINK),
	TCE("tce-3, 16G pages", 34, 3, .oa_bits = 60),

	VTDSS("vtdss-4, split", 4, .oa_bits = 46, .flags = PGTBL_SPLIT),
	VTDSS("vtdss-3, split, unlink, not coherent", 3, .oa_bits = 46,
	      .flags = PGTBL_SPLIT | PGTBL_UNLINK, .noncoherent = true),
	VTDSS("vtdss-5, widen", 5, .oa_bits = 52, .flags = PGTBL_WIDEN),
	X86("x86_64-4, split, unlink", 4, .oa_bits = 46, .flags = PGTBL_SPLIT | PGTBL_UNLINK),
	X86("x86_64-5, 4K and 1G pages, split", 5, .oa_bits = 46, .flags = PGTBL_SPLIT,
	    .page_sizes = 1ull << 12 | 1ull << 30),
	AMD("amdv1-3, split", 3, FROM_TO(12, 38), .oa_bits = 52, .flags = PGTBL_SPLIT),
	AMD("amdv1-6, widen, unlink", 6, SIZES_AMD, .oa_bits = 52,
	    .flags = PGTBL_WIDEN | PGTBL_UNLINK),
	ARM("arm_s1-4, 4K granule, split", 1, 12, 4, SIZES_ARM_4K, .oa_bits = 48,
	    .flags = PGTBL_SPLIT),
	ARM("arm_s2-3, 16K granule, 2 roots, split, not coherent", 2, 14, 3, SIZES_ARM_16K,
	    .oa_bits = 48, .iova_bits = 48, .root_lg2 = 12, .flags = PGTBL_SPLIT,
	    .noncoherent = true),
	RISCV("riscv Sv39, split, unlink", 3, SIZES_SV39, .oa_bits = 56,
	      .flags = PGTBL_SPLIT | PGTBL_UNLINK),
	RISCV("riscv Sv48, widen", 4, SIZES_SV39 | 1ull << 39, .oa_bits = 56,
	      .flags = PGTBL_WIDEN),
	TCE("tce-3, 64K pages, split", 16, 3, .oa_bits = 56, .flags = PGTBL_SPLIT),

	VTDSS("vtdss-3 to 5, split", 5, .start = 3, .oa_bits = 46, .flags = PGTBL_SPLIT),
	VTDSS("vtdss-3 to 4, not coherent, unlink", 4, .start = 3, .oa_bits = 46,
	      .flags = PGTBL_UNLINK, .noncoherent = true),
	X86("x86_64-4 to 5, unlink", 5, .start = 4, .oa_bits = 46, .flags = PGTBL_UNLINK),
	AMD("amdv1-1 to 6, split, unlink", 6, SIZES_AMD, .start = 1, .oa_bits = 52,
	    .flags = PGTBL_SPLIT | PGTBL_UNLINK),
	AMD("amdv1-1 to 2", 2, FROM_TO(12, 29), .start = 1, .oa_bits = 48),
	AMD("amdv1-2 to 4, not coherent", 4, SIZES_AMD & FROM_TO(12, 47), .start = 2,
	    .oa_bits = 48, .noncoherent = true),
	RISCV("riscv Sv39 to Sv57", 5, SIZES_SV39 | 1ull << 39 | 1ull << 48, .start = 3,
	      .oa_bits = 56),
	RISCV("riscv Sv39 to Sv48, widen, not coherent", 4, SIZES_SV39 | 1ull << 39, .start = 3,
	      .oa_bits = 56, .flags = PGTBL_WIDEN, .noncoherent = true),
	TCE("tce-1 to 4, 4K pages", 12, 4, .start = 1, .oa_bits = 48),
	TCE("tce-2 to 5, 64K pages, unlink", 16, 5, .start = 2, .oa_bits = 56,
	    .flags = PGTBL_UNLINK),

	VTDSS("vtdss-4, A and D", 4, .oa_bits = 46, .flags = PGTBL_AD, .checked = true),
	VTDSS("vtdss-5, A and D, split, unlink", 5, .oa_bits = 52,
	      .flags = PGTBL_AD | PGTBL_SPLIT | PGTBL_UNLINK),
	X86("x86_64-4, A and D, split", 4, .oa_bits = 46, .flags = PGTBL_AD | PGTBL_SPLIT),
	X86("x86_64-5, A and D, widen, unlink", 5, .oa_bits = 52,
	    .flags = PGTBL_AD | PGTBL_WIDEN | PGTBL_UNLINK, .checked = true),
	AMD("amdv1-3, A and D, split", 3, FROM_TO(12, 38), .oa_bits = 52,
	    .flags = PGTBL_AD | PGTBL_SPLIT),
	AMD("amdv1-6, A and D", 6, SIZES_AMD, .oa_bits = 52, .flags = PGTBL_AD, .checked = true),
	AMD("amdv1-1 to 6, A and D, split, unlink", 6, SIZES_AMD, .start = 1, .oa_bits = 52,
	    .flags = PGTBL_AD | PGTBL_SPLIT | PGTBL_UNLINK),
	RISCV("riscv Sv39, A and D, split", 3, SIZES_SV39, .oa_bits = 56,
	      .flags = PGTBL_AD | PGTBL_SPLIT, .checked = true),
	RISCV("riscv Sv39 to Sv57, A and D, widen", 5, SIZES_SV39 | 1ull << 39 | 1ull << 48,
	      .start = 3, .oa_bits = 56, .flags = PGTBL_AD | PGTBL_WIDEN),

	VTDSS("vtdss-4, tables stay, split", 4, .oa_bits = 46,
	      .flags = PGTBL_KEEP_TABLES | PGTBL_SPLIT),
	AMD("amdv1-4, tables stay, A and D", 4, SIZES_AMD & FROM_TO(12, 47), .oa_bits = 48,
	    .flags = PGTBL_KEEP_TABLES | PGTBL_AD),
	ARM("arm_s1-3, 16K granule, 47 bits, tables stay, not coherent", 1, 14, 3, SIZES_ARM_16K,
	    .oa_bits = 48, .iova_bits = 47, .flags = PGTBL_KEEP_TABLES, .noncoherent = true),
};
const unsigned stream_nr_configs = sizeof(stream_configs) / sizeof(*stream_configs);

static uint64_t next64(struct stream_source *src)
{
	uint64_t z = (src->seed += 0x9e3779b97f4a7c15ull);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
	return z ^ (z >> 31);
}

unsigned stream_pick(struct stream *s, unsigned n)
{
	struct stream_source *src = s->source;
	unsigned v = 0;

	if (!src->data)
		return (unsigned)(next64(src) % n);
	for (unsigned left = n - 1; left; left >>= 8) {
		if (!src->len) {
			s->ended = true;
			return 0;
		}
		v = v << 8 | *src->data++;
		src->len--;
	}
	return v % n;
}

/* Now and then a size that only this format has. */
static uint64_t pick_own_size(struct stream *s)
{
	uint64_t sizes = s->model.page_sizes, size;
	unsigned skip = stream_pick(s, (unsigned)__builtin_popcountll(sizes));

	while (skip--)
		sizes &= sizes - 1;
	size = sizes & -sizes;
	return size;
}

static uint64_t pick_unit(struct stream *s)
{
	unsigned v = stream_pick(s, 16);

	if (!s->config->common && v >= 12 && !stream_pick(s, 2))
		return pick_own_size(s);
	return v < 10 ? s->page : v < 15 ? s->mid : s->big;
}

uint64_t stream_pick_iova(struct stream *s)
{
	uint64_t base = s->window[stream_pick(s, s->windows)], unit = pick_unit(s);
	uint64_t off = unit >= s->big	? stream_pick(s, 3)
		       : unit >= s->mid ? stream_pick(s, 8)
		       : unit > s->page ? stream_pick(s, 256)
					: stream_pick(s, 1536);

	return (base & ~(unit - 1)) + off * unit;
}

uint64_t stream_pick_size(struct stream *s)
{
	if (!s->config->common && !stream_pick(s, 5))
		return pick_own_size(s) * (1 + stream_pick(s, 3));
	switch (stream_pick(s, 8)) {
	case 0:
	case 1:
		return s->page;
	case 2:
	case 3:
		return s->page * (1 + stream_pick(s, 24));
	case 4:
		return s->page * (1 + stream_pick(s, 1200));
	case 5:
		return s->mid;
	case 6:
		return s->mid * (1 + stream_pick(s, 6)) + s->page * stream_pick(s, 3);
	default:
		return stream_pick(s, 4) ? s->mid * (1 + stream_pick(s, 3))
					 : s->big + s->mid * stream_pick(s, 600) +
						   s->page * stream_pick(s, 2);
	}
}

/* The model counts leaves one by one, and memory is finite: no more than 2048, or 256 tables. */
static void limit_size(const struct stream *s, uint64_t together, uint64_t *size)
{
	const struct model *m = &s->model;
	uint64_t fit = m->page_sizes, largest, tables;
	unsigned level = 1;

	if (together)
		fit &= 2 * (together & -together) - 1;
	largest = 1ull << (63 - __builtin_clzll(fit));
	while (level < m->levels && largest >= model_span(m->page_lg2, m->index_lg2, level + 1))
		level++;
	tables = 256 * (model_span(m->page_lg2, m->index_lg2, level + 1) / largest);
	if (tables > 2048)
		tables = 2048;
	if (*size / largest > tables)
		*size = tables * largest;
}

uint64_t stream_pick_phys(struct stream *s, uint64_t iova, uint64_t *size)
{
	uint64_t phys;

	switch (stream_pick(s, 4)) {
	case 0:
	case 1:
		phys = iova + s->big * stream_pick(s, 16);
		break;
	case 2:
		phys = iova + s->mid * stream_pick(s, 1000);
		break;
	default:
		phys = s->page * stream_pick(s, 65536);
		break;
	}
	phys &= s->model.phys_last & ~(s->page - 1);
	if (!stream_pick(s, 64) && *size <= s->model.phys_last)
		phys = s->model.phys_last + 1 - *size;
	limit_size(s, phys ^ iova, size);
	return phys;
}

unsigned stream_pick_prot(struct stream *s, unsigned *shown)
{
	unsigned prot = stream_pick(s, 4) ? 3 : stream_pick(s, 64);

	if (s->config->common)
		prot = 3;
	*shown = hw_shown_prot(&s->hw, prot);
	return prot;
}

void stream_add_window(struct stream *s, uint64_t base)
{
	if (base <= s->model.iova_last && s->windows < MAX_WINDOWS)
		s->window[s->windows++] = base;
}

void stream_add_windows(struct stream *s)
{
	static const uint64_t base[] = { 0, 0x3fa00000, 0xfef80000, 0xffc00000, 0x3fe400000 };

	for (unsigned i = 0; i < sizeof(base) / sizeof(*base); i++)
		stream_add_window(s, base[i] << s->scale);
	if (s->config->common)
		return;
	stream_add_window(s, 512 * s->big - 2 * s->mid);
	stream_add_window(s, (1ull << 47) - s->mid);
	stream_add_window(s, s->model.iova_last + 1 - 3 * s->mid);
	stream_add_window(s, s->model.iova_last + 1 - 2 * s->big);
	/* Where the last pinned table ends, and another root begins. */
	stream_add_window(s, 4 * model_span(s->model.page_lg2, s->model.index_lg2, 3) - s->mid);
	stream_add_window(s, model_span(s->model.page_lg2, s->model.index_lg2, s->config->levels + 1) -
			      s->mid);
	if (s->config->start)
		stream_grow_windows(s);
}

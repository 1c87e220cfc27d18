/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* pgtbl_stream_pick.c - what a stream does next: configurations, addresses, sizes, permissions. */
#include "pgtbl_stream_priv.h"

const struct stream_config stream_configs[] = {
	{ "vtdss-3", &pgtbl_vtdss_ops, HW_VTDSS, 3, 46, 0, 0, 0, false, false },
	{ "vtdss-4", &pgtbl_vtdss_ops, HW_VTDSS, 4, 46, 0, 0, PGTBL_SNOOP_CTL, false, false },
	{ "vtdss-5", &pgtbl_vtdss_ops, HW_VTDSS, 5, 52, 0, 0, 0, false, false },
	{ "x86_64-4", &pgtbl_x86_64_ops, HW_X86_64, 4, 46, 0, 0, 0, false, false },
	{ "x86_64-5", &pgtbl_x86_64_ops, HW_X86_64, 5, 52, 0, 0, 0, false, false },
	{ "vtdss-4, unlink", &pgtbl_vtdss_ops, HW_VTDSS, 4, 46, 0, 0, PGTBL_UNLINK, false, false },
	{ "x86_64-5, unlink", &pgtbl_x86_64_ops, HW_X86_64, 5, 46, 0, 0, PGTBL_UNLINK, false,
	  false },
	{ "vtdss-3, not coherent", &pgtbl_vtdss_ops, HW_VTDSS, 3, 46, 0, 0, 0, true, false },
	{ "x86_64-4, not coherent, unlink", &pgtbl_x86_64_ops, HW_X86_64, 4, 46, 0, 0, PGTBL_UNLINK,
	  true, false },
	{ "vtdss-4, 4K pages, 42 bits", &pgtbl_vtdss_ops, HW_VTDSS, 4, 40, 42, SIZES_4K, 0, false,
	  false },
	{ "x86_64-4, 4K and 2M pages", &pgtbl_x86_64_ops, HW_X86_64, 4, 46, 0, SIZES_2M, 0, false,
	  false },
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

static uint64_t pick_unit(struct stream *s)
{
	unsigned v = stream_pick(s, 16);

	return v < 10 ? K4 : v < 15 ? M2 : G1;
}

uint64_t stream_pick_iova(struct stream *s)
{
	uint64_t base = s->window[stream_pick(s, s->windows)], unit = pick_unit(s);
	uint64_t off = unit == G1   ? stream_pick(s, 3)
		       : unit == M2 ? stream_pick(s, 8)
				    : stream_pick(s, 1536);

	return (base & ~(unit - 1)) + off * unit;
}

uint64_t stream_pick_size(struct stream *s)
{
	switch (stream_pick(s, 8)) {
	case 0:
	case 1:
		return K4;
	case 2:
	case 3:
		return K4 * (1 + stream_pick(s, 24));
	case 4:
		return K4 * (1 + stream_pick(s, 1200));
	case 5:
		return M2;
	case 6:
		return M2 * (1 + stream_pick(s, 6)) + K4 * stream_pick(s, 3);
	default:
		return stream_pick(s, 4) ? M2 * (1 + stream_pick(s, 3))
					 : G1 + M2 * stream_pick(s, 600) + K4 * stream_pick(s, 2);
	}
}

uint64_t stream_pick_phys(struct stream *s, uint64_t iova, uint64_t *size)
{
	uint64_t phys;

	switch (stream_pick(s, 4)) {
	case 0:
	case 1:
		phys = (iova + G1 * stream_pick(s, 16)) & s->model.phys_last & ~(K4 - 1);
		break;
	case 2:
		phys = (iova + M2 * stream_pick(s, 1000)) & s->model.phys_last & ~(K4 - 1);
		break;
	default:
		phys = K4 * stream_pick(s, 65536);
		break;
	}
	if ((phys ^ iova) % M2 && *size > 4 * M2)
		*size = 4 * M2;
	if (!stream_pick(s, 64) && *size <= s->model.phys_last)
		phys = s->model.phys_last + 1 - *size;
	return phys;
}

unsigned stream_pick_prot(struct stream *s, unsigned *shown)
{
	unsigned prot = stream_pick(s, 4) ? 3 : stream_pick(s, 64);

	if (s->config->common)
		prot = 3;
	*shown = prot;
	if (s->config->format == HW_VTDSS) {
		*shown &= ~(unsigned)PGTBL_MMIO;
		if (!(s->config->flags & PGTBL_SNOOP_CTL))
			*shown &= ~(unsigned)PGTBL_COHERENT;
		if (!(prot & 3) || (prot & (PGTBL_NOEXEC | PGTBL_PRIV)))
			*shown = ~0u;
	} else {
		*shown &= ~(unsigned)PGTBL_COHERENT;
		if (!(prot & PGTBL_READ))
			*shown = ~0u;
	}
	return prot;
}

static void add_window(struct stream *s, uint64_t base)
{
	if (base <= s->model.iova_last)
		s->window[s->windows++] = base;
}

void stream_add_windows(struct stream *s)
{
	static const uint64_t base[] = { 0, G1 - 3 * M2, 0xfef80000, 4 * G1 - 2 * M2, 0x3fe400000 };

	for (unsigned i = 0; i < sizeof(base) / sizeof(*base); i++)
		add_window(s, base[i]);
	if (s->config->common)
		return;
	add_window(s, (512 * G1) - 2 * M2);
	add_window(s, (1ull << 47) - M2);
	add_window(s, s->model.iova_last + 1 - 3 * M2);
	add_window(s, s->model.iova_last + 1 - 2 * G1);
}

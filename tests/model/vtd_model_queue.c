/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* vtd_model_queue.c - the model's invalidation queue. */
#include "vtd_model_int.h"

#define IQ_BYTES (VTD_QUEUE_ENTRIES * 16)

/* Reserved bits of each descriptor; what QEMU refuses too. */
static bool valid(struct vtd_model *m, uint64_t lo, uint64_t hi)
{
	unsigned how = lo >> 4 & 3, am = hi & 0x3f;

	switch (VTD_DESC_TYPE(lo)) {
	case VTD_DESC_CONTEXT:
		return how && !(lo & 0xfffc00000000ffc0ull) && !hi;
	case VTD_DESC_IOTLB:
		if (!how || lo & 0xffffffff0000ff00ull || hi & 0xf80)
			return false;
		if (!m->config.drain && lo & (VTD_DESC_IOTLB_DW | VTD_DESC_IOTLB_DR))
			return false;
		if (how < 3)
			return !hi;
		if (hi & ((1ull << (12 + am)) - 1) & ~0xfffull)
			model_violation(m, "page-selective flush of an unaligned block");
		return m->cap & VTD_CAP_PSI && am <= VTD_CAP_MAMV(m->cap);
	case VTD_DESC_WAIT:
		return lo & VTD_DESC_WAIT_SW && !(lo & 0xffffff80ull) && !(hi & 3);
	default:
		return false;
	}
}

static void execute(struct vtd_model *m, uint64_t lo, uint64_t hi)
{
	unsigned how = lo >> 4 & 3;
	uint8_t *p;

	m->executed[VTD_DESC_TYPE(lo)]++;
	model_drain_write_buffer(m);
	switch (VTD_DESC_TYPE(lo)) {
	case VTD_DESC_CONTEXT:
		model_inval_context(m, how, (uint16_t)(lo >> 16), (uint16_t)(lo >> 32));
		break;
	case VTD_DESC_IOTLB:
		if (m->config.drain && !(lo & VTD_DESC_IOTLB_DW && lo & VTD_DESC_IOTLB_DR))
			model_violation(m, "flush without draining on a unit that can");
		model_inval_tlb(m, how, (uint16_t)(lo >> 16), hi & ~0xfffull, hi & 0x3f,
				hi & VTD_DESC_HI_IH);
		break;
	case VTD_DESC_WAIT:
		p = model_page(m, hi);
		if (!p)
			model_violation(m, "status write outside memory");
		else
			__atomic_store_n((uint32_t *)p, (uint32_t)(lo >> 32), __ATOMIC_RELEASE);
		break;
	}
	if (m->between)
		m->between(m->between_ctx);
}

static bool fetch(struct vtd_model *m, uint64_t index, uint64_t *lo, uint64_t *hi)
{
	uint64_t *p = model_page(m, (m->iqa & VTD_ADDR_MASK) + index * 16);

	if (!p) {
		model_violation(m, "invalidation queue outside memory");
		return false;
	}
	*lo = __atomic_load_n(&p[0], __ATOMIC_ACQUIRE);
	*hi = __atomic_load_n(&p[1], __ATOMIC_ACQUIRE);
	return true;
}

/*
 * Fetches up to a fence, an error or the tail.  Without reorder each
 * descriptor executes as it is fetched; with it the last comes first and the
 * waits after them all: what a fence does not forbid.
 */
static void run(struct vtd_model *m)
{
	uint64_t lo[VTD_QUEUE_ENTRIES], hi[VTD_QUEUE_ENTRIES];
	unsigned i, nr = 0;
	uint32_t error = 0;

	while (m->iqh != m->iqt && !error && fetch(m, m->iqh, &lo[nr], &hi[nr])) {
		if (m->inject_nth && !--m->inject_nth)
			error = m->inject_fsts;
		if (!valid(m, lo[nr], hi[nr]))
			error = VTD_FSTS_IQE;
		if (error == VTD_FSTS_IQE)
			break; /* the head stays at the bad one */
		m->iqh = (m->iqh + 1) % VTD_QUEUE_ENTRIES;
		if (VTD_DESC_TYPE(lo[nr++]) == VTD_DESC_WAIT && lo[nr - 1] & VTD_DESC_WAIT_FN)
			break;
	}
	m->fsts |= error;
	for (i = 0; i < nr; i++) {
		unsigned k = m->config.reorder ? nr - 1 - i : i;

		if (VTD_DESC_TYPE(lo[k]) != VTD_DESC_WAIT)
			execute(m, lo[k], hi[k]);
	}
	/* A device that does not answer aborts the waits: their status never comes. */
	for (i = 0; i < nr && error != VTD_FSTS_ITE; i++) {
		if (VTD_DESC_TYPE(lo[i]) == VTD_DESC_WAIT)
			execute(m, lo[i], hi[i]);
	}
}

void model_queue_run(struct vtd_model *m)
{
	while (m->gsts & VTD_GCMD_QIE && m->iqh != m->iqt && !m->hold && !m->violation &&
	       !(m->fsts & VTD_FSTS_QUEUE)) {
		if (m->queue_rounds) {
			m->queue_rounds--;
			return;
		}
		run(m);
		m->queue_rounds = m->config.queue_delay;
	}
}

/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * vtd_model_walk.c - translation: context cache, IOTLB, paging-structure
 * cache, walks and faults.  Knows the table layouts by itself, so that a
 * mistake in libpgtbl or libvtd is not made twice.
 */
#include "vtd_model_int.h"

#include <string.h>

#define PTE_READ 1ull
#define PTE_WRITE 2ull
#define PTE_PS (1ull << 7)
#define PTE_RESERVED (1ull << 11 | 1ull << 62) /* no snoop control, no device TLB here */

/* A former owner's translations: ids 1 to 3, pages 0 to 7, both directions. */
void model_stale_start(struct vtd_model *m)
{
	unsigned did, page;

	for (did = 0; did < 4; did++) {
		for (page = 0; page < 8; page++) {
			struct tlb_entry *e = cache_add(&m->tlb);

			*e = (struct tlb_entry){ .did = (uint16_t)did,
						 .iova = page << 12,
						 .lg2 = 12,
						 .phys = MODEL_PHYS_BASE,
						 .read = true,
						 .write = true };
		}
	}
	for (page = 0; page < 256; page++) {
		struct context_cache *c = cache_add(&m->contexts);

		*c = (struct context_cache){
			.sid = (uint16_t)page, .did = 3, .lo = VTD_CTX_LO_P, .hi = 2 | 3 << 8
		};
	}
}

void model_inval_context(struct vtd_model *m, unsigned how, uint16_t did, uint16_t sid)
{
	struct context_cache *c = m->contexts.entries;
	unsigned i;

	for (i = m->contexts.nr; i--;) {
		if (how == 1 || (c[i].did == did && (how == 2 || c[i].sid == sid)))
			cache_remove(&m->contexts, i);
	}
}

static bool overlaps(uint64_t a, unsigned a_lg2, uint64_t b, unsigned b_lg2)
{
	unsigned lg2 = a_lg2 > b_lg2 ? a_lg2 : b_lg2;

	return lg2 >= 64 || a >> lg2 == b >> lg2;
}

/* @addr: low bits below the mask are ignored, as the hardware does. */
void model_inval_tlb(struct vtd_model *m, unsigned how, uint16_t did, uint64_t addr, unsigned am,
		     bool ih)
{
	struct tlb_entry *e = m->tlb.entries;
	struct table_entry *t = m->tables.entries;
	unsigned i;

	for (i = m->tlb.nr; i--;) {
		if (how == 1 ||
		    (e[i].did == did && (how == 2 || overlaps(e[i].iova, e[i].lg2, addr, 12 + am))))
			cache_remove(&m->tlb, i);
	}
	for (i = m->tables.nr; i--;) {
		unsigned span = 3 + 9 * t[i].level;

		if (how == 1 || (t[i].did == did &&
				 (how == 2 || (!ih && overlaps(t[i].iova, span, addr, 12 + am)))))
			cache_remove(&m->tables, i);
	}
}

static bool any_pending(const struct vtd_model *m)
{
	unsigned i;

	for (i = 0; i < MODEL_RECORDS_MAX; i++) {
		if (m->fault[i][1] & VTD_FRR_HI_F)
			return true;
	}
	return false;
}

static int record(struct vtd_model *m, uint16_t sid, uint64_t iova, int reason, bool write)
{
	unsigned n = m->config.fault_records ? m->config.fault_records : 1;
	bool first = !any_pending(m);

	if (m->fsts & VTD_FSTS_PFO)
		return reason;
	if (m->fault[m->fault_next][1] & VTD_FRR_HI_F) {
		m->fsts |= VTD_FSTS_PFO;
		return reason;
	}
	m->fault[m->fault_next][0] = iova & ~0xfffull;
	m->fault[m->fault_next][1] =
		sid | (uint64_t)reason << 32 | (write ? 0 : VTD_FRR_HI_READ) | VTD_FRR_HI_F;
	if (first) {
		m->fri = m->fault_next;
		if (!(m->fectl & VTD_FECTL_IM))
			m->interrupts++;
	}
	m->fault_next = (m->fault_next + 1) % n;
	return reason;
}

/* Returns 0 or the reason. */
static int fetch_context(struct vtd_model *m, uint16_t sid, uint64_t *lo, uint64_t *hi)
{
	uint64_t root_lo, root_hi;
	bool ok;

	root_lo = model_read_table(m, m->root + (sid >> 8) * 16, &ok);
	root_hi = model_read_table(m, m->root + (sid >> 8) * 16 + 8, &ok);
	if (!ok)
		return 0x8;
	if (!(root_lo & VTD_ROOT_P))
		return 0x1;
	if (root_hi || root_lo & ~(VTD_ADDR_MASK | VTD_ROOT_P))
		return 0xa;
	*lo = model_read_table(m, (root_lo & VTD_ADDR_MASK) + (sid & 0xff) * 16, &ok);
	if (!ok)
		return 0x9;
	*hi = model_read_table(m, (root_lo & VTD_ADDR_MASK) + (sid & 0xff) * 16 + 8, &ok);
	if (!(*lo & VTD_CTX_LO_P))
		return 0x2;
	if (*lo & 0xff0ull || *lo & ~(VTD_ADDR_MASK | 0xfffull) || *hi & ~0xffff7full)
		return 0xb;
	if ((*lo >> 2 & 3) == 1 || (*lo >> 2 & 3) == 3)
		return 0x3;
	if ((*lo >> 2 & 3) == 2 && m->config.no_pass_through)
		return 0x3;
	if (!(m->cap >> 8 & 0x1f & 1u << (*hi & 7)))
		return 0x3;
	return 0;
}

static int get_context(struct vtd_model *m, uint16_t sid, uint64_t *lo, uint64_t *hi)
{
	struct context_cache *c = m->contexts.entries;
	unsigned i;
	int reason;

	for (i = 0; i < m->contexts.nr; i++) {
		if (c[i].sid == sid) {
			*lo = c[i].lo;
			*hi = c[i].hi;
			return c[i].absent;
		}
	}
	reason = fetch_context(m, sid, lo, hi);
	if (!reason || m->config.caching_mode) {
		c = cache_add(&m->contexts);
		*c = (struct context_cache){ .sid = sid, .lo = *lo, .hi = *hi, .absent = reason };
		c->did = reason ? 0 : (uint16_t)(*hi >> 8);
	}
	return reason;
}

/* Starts at the lowest table the paging-structure cache knows. */
static uint64_t walk_start(struct vtd_model *m, uint16_t did, uint64_t iova, uint64_t root,
			   unsigned *level)
{
	struct table_entry *t = m->tables.entries;
	unsigned i, best = *level;
	uint64_t table = root;

	for (i = 0; i < m->tables.nr; i++) {
		if (t[i].did == did && t[i].level - 1 < best &&
		    overlaps(t[i].iova, 3 + 9 * t[i].level, iova, 12)) {
			best = t[i].level - 1;
			table = t[i].table;
		}
	}
	*level = best;
	return table;
}

static int walk(struct vtd_model *m, uint16_t did, uint64_t iova, uint64_t table, unsigned level,
		struct tlb_entry *out)
{
	unsigned shift;
	uint64_t pte;
	bool ok;

	table = walk_start(m, did, iova, table, &level);
	for (;; level--) {
		shift = 3 + 9 * level;
		pte = model_read_table(m, table + (iova >> shift & 0x1ff) * 8, &ok);
		if (!ok)
			return 0x7;
		if (!(pte & (PTE_READ | PTE_WRITE)))
			return 0x6;
		if (pte & PTE_RESERVED || (pte & PTE_PS && (level == 1 || level > 3)))
			return 0xc;
		if (level == 1 || pte & PTE_PS)
			break;
		table = pte & VTD_ADDR_MASK;
		*(struct table_entry *)cache_add(&m->tables) = (struct table_entry){
			.did = did,
			.level = level,
			.iova = iova >> shift << shift,
			.table = table,
		};
	}
	if ((pte & VTD_ADDR_MASK) & ((1ull << shift) - 1))
		return 0xc;
	out->iova = iova >> shift << shift;
	out->lg2 = shift;
	out->phys = pte & VTD_ADDR_MASK;
	out->read = pte & PTE_READ;
	out->write = pte & PTE_WRITE;
	return 0;
}

static int lookup(struct vtd_model *m, uint64_t lo, uint64_t hi, uint64_t iova, bool write,
		  uint64_t *phys)
{
	struct tlb_entry *e = m->tlb.entries, fresh = { .did = (uint16_t)(hi >> 8) };
	unsigned i, levels = (unsigned)(hi & 7) + 2;

	if (iova >> (12 + 9 * levels) || iova >> ((m->cap >> 16 & 0x3f) + 1))
		return 0x4;
	for (i = 0; i < m->tlb.nr; i++) {
		if (e[i].did == fresh.did && overlaps(e[i].iova, e[i].lg2, iova, 12))
			break;
	}
	if (i < m->tlb.nr) {
		fresh = e[i];
	} else {
		fresh.absent = walk(m, fresh.did, iova, lo & VTD_ADDR_MASK, levels, &fresh);
		if (fresh.absent) {
			fresh.iova = iova & ~0xfffull;
			fresh.lg2 = 12;
		}
		if (!fresh.absent || m->config.caching_mode)
			*(struct tlb_entry *)cache_add(&m->tlb) = fresh;
	}
	/* Not present is reported as the missing permission. */
	if (fresh.absent && fresh.absent != 0x6)
		return fresh.absent;
	if (fresh.absent || !(write ? fresh.write : fresh.read))
		return write ? 0x5 : 0x6;
	*phys = fresh.phys + (iova & ((1ull << fresh.lg2) - 1));
	return 0;
}

int vtd_model_dma(struct vtd_model *m, uint16_t sid, uint64_t iova, void *buf, size_t bytes,
		  bool write)
{
	uint64_t lo = 0, hi = 0, phys = iova;
	int reason = 0;
	uint8_t *p;

	pthread_mutex_lock(&m->lock);
	if (m->gsts & VTD_GCMD_TE) {
		reason = get_context(m, sid, &lo, &hi);
		if (!reason && (lo >> 2 & 3) != VTD_CTX_TT_PASS)
			reason = lookup(m, lo, hi, iova, write, &phys);
		if (reason)
			record(m, sid, iova, reason, write);
	}
	if (!reason && buf) {
		p = model_page(m, phys);
		if (!p)
			model_violation(m, "device reached what is not allocated memory");
		else if (write)
			memcpy(p, buf, bytes);
		else
			memcpy(buf, p, bytes);
	}
	pthread_mutex_unlock(&m->lock);
	return reason;
}

unsigned vtd_model_cached(struct vtd_model *m, uint16_t did)
{
	struct tlb_entry *e;
	unsigned i, nr = 0;

	pthread_mutex_lock(&m->lock);
	e = m->tlb.entries;
	for (i = 0; i < m->tlb.nr; i++)
		nr += e[i].did == did;
	pthread_mutex_unlock(&m->lock);
	return nr;
}

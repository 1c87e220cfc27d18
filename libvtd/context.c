/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * context.c - root and context tables, legacy mode.
 *
 * The high quadword of an entry (width, domain) is also its lock:
 *
 *   hi = 0           free
 *   hi, lo = 0       an attach is about to publish, or a detach waits for its
 *                    invalidation; nobody else touches the entry
 *   hi, lo.P         attached
 *   hi.SOFT, lo = 0  a detach failed to invalidate; the next one tries again
 *
 * hi never changes while the unit may read the entry: it is written before P
 * and goes back to 0 after the invalidation that follows the clearing of P.
 */
#include "vtd_int.h"

#define ENTRY_BYTES 16

static uint64_t *root_entry(struct vtd_unit *u, unsigned bus)
{
	return &u->root[bus * 2];
}

static int install_table(struct vtd_unit *u, uint64_t *entry)
{
	uint64_t *table = vtd_page_alloc(u);

	if (!table)
		return -ENOMEM;
	vtd_flush_lines(u, table, VTD_PAGE_BYTES);
	/* VTD-C1 (full): publishes the zeroed table; pairs with VTD-C2 and the unit */
	if (plat_cas_full(entry, 0, vtd_phys(u, table) | VTD_ROOT_P))
		plat_fetch_add_relaxed(&u->context_tables, 1); /* relaxed: statistics */
	else
		vtd_page_free(u, table);
	return 0;
}

/* Returns the entry of @source_id; NULL: its table does not exist (@create: no memory). */
static uint64_t *context_entry(struct vtd_unit *u, uint16_t source_id, bool create)
{
	uint64_t *re = root_entry(u, source_id >> 8), *table;
	/* VTD-C2 (acquire): the table's content; pairs with VTD-C1 */
	uint64_t lo = plat_load_acquire(re);

	if (!(lo & VTD_ROOT_P)) {
		if (!create || install_table(u, re))
			return NULL;
		lo = plat_load_acquire(re); /* VTD-C2 again: the failed CAS ordered nothing */
	}
	/* Also when another CPU installed it: its flush may not have happened yet. */
	if (create)
		vtd_flush_lines(u, re, ENTRY_BYTES);
	table = vtd_virt(u, lo & VTD_ADDR_MASK);
	return &table[(source_id & 0xff) * 2];
}

/* A not-present entry became present. */
static int attach_flush(struct vtd_unit *u, uint16_t source_id, uint16_t domain)
{
	/* Absent contexts are cached under id 0 (Linux: "special domain 0") ? */
	struct vtd_inval_cmd cmd[] = {
		{ .kind = VTD_INVAL_CONTEXT_DEVICE, .source_id = source_id },
		{ .kind = VTD_INVAL_DOMAIN, .domain = domain },
	};

	if (u->caps.caching_mode)
		return vtd_inval_sync(u, cmd, 2);
	return u->caps.write_buffer ? vtd_gcmd_once(u, VTD_GCMD_WBF) : 0;
}

static int context_words(struct vtd_unit *u, const struct vtd_context *c, uint64_t *lo,
			 uint64_t *hi)
{
	unsigned levels = c->levels;

	if (!c->domain || c->domain >= u->caps.domain_ids)
		return -EINVAL;
	if (c->pass_through) {
		if (!u->caps.pass_through)
			return -EOPNOTSUPP;
		/* The width must be the largest the unit has (Linux, QEMU). */
		levels = 31 - (unsigned)__builtin_clz(u->caps.levels_mask);
		*lo = VTD_CTX_LO_TT(VTD_CTX_TT_PASS) | VTD_CTX_LO_P;
	} else {
		if (c->root_phys & ~VTD_ADDR_MASK || levels < 3 || levels > 5)
			return -EINVAL;
		if (!(u->caps.levels_mask & 1u << levels))
			return -EOPNOTSUPP;
		*lo = c->root_phys | VTD_CTX_LO_TT(VTD_CTX_TT_TRANSLATE) | VTD_CTX_LO_P;
	}
	*hi = VTD_CTX_HI_AW(levels) | VTD_CTX_HI_DID(c->domain);
	return 0;
}

int vtd_attach(struct vtd_unit *u, uint16_t source_id, const struct vtd_context *c)
{
	uint64_t lo, hi, *entry;
	int ret = context_words(u, c, &lo, &hi);

	if (ret)
		return ret;
	entry = context_entry(u, source_id, true);
	if (!entry)
		return -ENOMEM;
	/* VTD-C3 (full): takes a free entry; pairs with VTD-C6 */
	if (!plat_cas_full(&entry[1], 0, hi))
		return -EBUSY;
	/* VTD-C4 (release): hi and the page table before P; pairs with the unit's fetch, VTD-C5 */
	plat_store_release(&entry[0], lo);
	vtd_flush_lines(u, entry, ENTRY_BYTES);
	ret = attach_flush(u, source_id, c->domain);
	/* VTD-C8 (full): only one of this and a racing detach clears P and owns what follows */
	if (ret && plat_cas_full(&entry[0], lo, 0)) {
		vtd_flush_lines(u, entry, ENTRY_BYTES);
		plat_store_release(&entry[1], hi | VTD_CTX_HI_SOFT); /* VTD-C7 */
	}
	return ret;
}

/* Makes the caller the one who invalidates. */
static bool detach_take(uint64_t *entry)
{
	/* VTD-C5 (acquire): pairs with VTD-C4 */
	uint64_t lo = plat_load_acquire(&entry[0]), hi;

	/* VTD-C8 (full): P goes before the invalidation is posted; one caller wins */
	if (lo & VTD_CTX_LO_P)
		return plat_cas_full(&entry[0], lo, 0);
	/* VTD-C9 (acquire): pairs with VTD-C7; the CAS lets one caller try again */
	hi = plat_load_acquire(&entry[1]);
	return hi & VTD_CTX_HI_SOFT && plat_cas_full(&entry[1], hi, hi & ~VTD_CTX_HI_SOFT);
}

int vtd_detach(struct vtd_unit *u, uint16_t source_id)
{
	uint64_t *entry = context_entry(u, source_id, false), hi;
	struct vtd_inval_cmd cmd[] = {
		{ .kind = VTD_INVAL_CONTEXT_DEVICE, .source_id = source_id },
		{ .kind = VTD_INVAL_DOMAIN },
	};
	int ret;

	if (!entry || !detach_take(entry))
		return -ENOENT;
	vtd_flush_lines(u, entry, ENTRY_BYTES);
	hi = plat_load_relaxed(&entry[1]); /* relaxed: only this caller changes it now */
	cmd[0].domain = cmd[1].domain = (uint16_t)(hi >> 8);
	ret = vtd_inval_sync(u, cmd, 2);
	if (ret)
		/* VTD-C7 (release): lo = 0 before SOFT; pairs with VTD-C9 */
		plat_store_release(&entry[1], hi | VTD_CTX_HI_SOFT);
	else
		/* VTD-C6 (release): free, after the invalidation; pairs with VTD-C3 */
		plat_store_release(&entry[1], 0);
	return ret;
}

void vtd_context_free_tables(struct vtd_unit *u)
{
	unsigned bus;

	for (bus = 0; bus < 256; bus++) {
		uint64_t lo = *root_entry(u, bus);

		if (lo & VTD_ROOT_P)
			vtd_page_free(u, vtd_virt(u, lo & VTD_ADDR_MASK));
	}
}

/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * domain.c - domain ids.
 *
 * Two bits an id.  used: not available.  live: allocated.  An id leaves used
 * only after an invalidation of everything tagged with it, posted after it
 * left live, has completed: a new domain never meets the old one's cached
 * translations.  Id 0 is never handed out: with caching mode the unit tags
 * not-present results with it.
 */
#include "vtd_int.h"

static uint64_t id_bit(unsigned id)
{
	return 1ull << (id % 64);
}

int vtd_domain_init(struct vtd_unit *u)
{
	unsigned words = (u->caps.domain_ids + 63) / 64;

	u->id_bytes = words * sizeof(uint64_t);
	u->id_used = plat_mem_alloc(&u->config.meta, u->id_bytes, PLAT_CACHELINE);
	u->id_live = plat_mem_alloc(&u->config.meta, u->id_bytes, PLAT_CACHELINE);
	if (!u->id_used || !u->id_live) {
		vtd_domain_fini(u);
		return -ENOMEM;
	}
	u->id_used[0] = 1;
	if (u->caps.domain_ids < 64)
		u->id_used[0] |= ~0ull << u->caps.domain_ids;
	return 0;
}

void vtd_domain_fini(struct vtd_unit *u)
{
	plat_mem_free(&u->config.meta, u->id_used, u->id_bytes, PLAT_CACHELINE);
	plat_mem_free(&u->config.meta, u->id_live, u->id_bytes, PLAT_CACHELINE);
	u->id_used = NULL;
	u->id_live = NULL;
}

int vtd_domain_id_alloc(struct vtd_unit *u)
{
	unsigned i, words = u->id_bytes / sizeof(uint64_t);
	uint64_t used, bit;

	for (i = 0; i < words; i++) {
		/* relaxed: only a candidate; VTD-D1 decides */
		while (~(used = plat_load_relaxed(&u->id_used[i]))) {
			bit = ~used & (used + 1);
			/* VTD-D1 (full): takes the id; pairs with VTD-D3 */
			if (!plat_cas_full(&u->id_used[i], used, used | bit))
				continue;
			/* VTD-D4 (full): may be freed from here on; pairs with VTD-D2 */
			plat_fetch_or_full(&u->id_live[i], bit);
			return (int)(i * 64 + (unsigned)__builtin_ctzll(bit));
		}
	}
	return -ENOSPC;
}

int vtd_domain_id_free(struct vtd_unit *u, unsigned id)
{
	struct vtd_inval_cmd cmd = { .kind = VTD_INVAL_DOMAIN, .domain = (uint16_t)id };
	int ret;

	if (!id || id >= u->caps.domain_ids)
		return -ENOENT;
	/* VTD-D2 (full): one caller frees; before the invalidation is posted; pairs with VTD-D4 */
	if (!(plat_fetch_and_full(&u->id_live[id / 64], ~id_bit(id)) & id_bit(id)))
		return -ENOENT;
	ret = vtd_inval_sync(u, &cmd, 1);
	if (ret) {
		/* VTD-D4 (full): may be freed once more, after the failure; pairs with VTD-D2 */
		plat_fetch_or_full(&u->id_live[id / 64], id_bit(id));
		return ret;
	}
	/* VTD-D3 (full): available, after the invalidation; pairs with VTD-D1 */
	plat_fetch_and_full(&u->id_used[id / 64], ~id_bit(id));
	return 0;
}

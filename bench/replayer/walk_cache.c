/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* walk_cache.c - a small least-recently-used list of leaf tables per device. */
#include "walk_cache.h"

#include <stdlib.h>
#include <string.h>

#define DOMAIN_LG2 (57 - WALK_CACHE_LEAF_LG2) /* above the widest table number */

static uint64_t key_of(unsigned domain, uint64_t iova)
{
	return (uint64_t)domain << DOMAIN_LG2 | iova >> WALK_CACHE_LEAF_LG2;
}

int walk_cache_init(struct walk_cache *cache, unsigned nr_devices)
{
	*cache = (struct walk_cache){ .nr_devices = nr_devices };
	cache->device = calloc(nr_devices, sizeof(*cache->device));
	return cache->device ? 0 : -ENOMEM;
}

void walk_cache_fini(struct walk_cache *cache)
{
	free(cache->device);
	ranges_clear(&cache->tables);
}

/* True when @key was there; it is the most recent afterwards. */
static bool touch(struct walk_cache_device *device, uint64_t key)
{
	unsigned i;
	bool hit;

	for (i = 0; i < device->used; i++)
		if (device->key[i] == key)
			break;
	hit = i < device->used;
	if (!hit && device->used < WALK_CACHE_ENTRIES)
		device->used++;
	if (i == WALK_CACHE_ENTRIES)
		i--;
	memmove(&device->key[1], &device->key[0], i * sizeof(device->key[0]));
	device->key[0] = key;
	return hit;
}

int walk_cache_access(struct walk_cache *cache, unsigned device, unsigned domain, uint64_t first,
		      uint64_t last)
{
	uint64_t key, end = key_of(domain, last);

	for (key = key_of(domain, first); key <= end; key++) {
		const struct range table = { .first_pfn = key, .last_pfn = key };

		cache->accesses++;
		cache->misses += !touch(&cache->device[device], key);
		if (ranges_add(&cache->tables, &table, NULL) == -ENOMEM)
			return -ENOMEM;
	}
	return 0;
}

static bool covers(const struct dmap_inval_cmd *cmd, uint64_t key)
{
	if (cmd->kind == DMAP_INVAL_GLOBAL)
		return true;
	if (key >> DOMAIN_LG2 != cmd->domain)
		return false;
	return cmd->kind == DMAP_INVAL_DOMAIN || (key >= key_of(cmd->domain, cmd->first) &&
						  key <= key_of(cmd->domain, cmd->last));
}

void walk_cache_invalidate(struct walk_cache *cache, const struct dmap_inval_cmd *cmd)
{
	unsigned d, i, kept;

	if (cmd->leaf_only)
		return;
	for (d = 0; d < cache->nr_devices; d++) {
		struct walk_cache_device *device = &cache->device[d];

		for (i = 0, kept = 0; i < device->used; i++)
			if (!covers(cmd, device->key[i]))
				device->key[kept++] = device->key[i];
		device->used = kept;
	}
}

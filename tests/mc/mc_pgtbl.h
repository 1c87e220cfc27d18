/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * mc_pgtbl.h - what the models of libpgtbl share.
 *
 * VT-d second stage, three levels, addresses above 4 GiB, where no table is
 * pinned.  BASE begins the span of a leaf table.
 */
#ifndef MC_PGTBL_H
#define MC_PGTBL_H

#include "mc.h"
#include "pgtbl_priv.h"

#define PAGE 4096ull
#define SPAN (PAGE * 512) /* of a leaf table */
#define BASE (5ull << 30)
#define LOW (1ull << 30) /* below 4 GiB: behind a pinned table */
#define RW (PGTBL_READ | PGTBL_WRITE)
#define PHYS(i) (0x100000ull * (i))

static struct pgtbl *pt;
static struct pgtbl_gather gathered[3];

/*
 * What a device sees that does not snoop CPU caches: only lines that the flush
 * hook has written back.
 */
#define DEVICE_PAGES 10
static struct device_page {
	uintptr_t addr;
	uint64_t entry[512];
} device[DEVICE_PAGES];

static uint32_t written_back;

__attribute__((no_sanitize("thread"))) static inline void
device_write_back(void *ctx, const void *first, size_t bytes)
{
	const uint64_t *p = first;
	struct device_page *d = device;

	(void)ctx;
	plat_fetch_add_relaxed(&written_back, 1); /* somebody may come before it happens */
	while (d->addr && d->addr != ((uintptr_t)p & ~(PAGE - 1)))
		d++;
	d->addr = (uintptr_t)p & ~(PAGE - 1);
	for (size_t i = 0; i < bytes / 8; i++)
		d->entry[((uintptr_t)p / 8 + i) & 511] = p[i];
}

__attribute__((no_sanitize("thread"))) static inline uint64_t device_translate(uint64_t iova)
{
	uint64_t entry = pgtbl_root_phys(pt) | RW;

	for (int shift = 30; shift >= 12; shift -= 9) {
		struct device_page *d = device;

		while (d < device + DEVICE_PAGES && d->addr != (entry & 0xffffffffff000ull))
			d++;
		if (d == device + DEVICE_PAGES)
			return 0;
		entry = d->entry[iova >> shift & 511];
		if (!(entry & RW))
			return 0;
		if (shift > 12 && (entry & 0x80)) /* a large leaf */
			return (entry & 0xffffffffff000ull) + (iova & ((1ull << shift) - PAGE));
	}
	return entry & 0xffffffffff000ull;
}

static inline void make(unsigned flags, bool coherent)
{
	struct pgtbl_config c = {
		.ops = &pgtbl_vtdss_ops, .levels = 3, .oa_bits = 52, .flags = flags,
		.pages = mc_mem(), .meta = mc_mem(),
		.flush = coherent ? NULL : device_write_back,
	};

	mc_assert(pgtbl_create(&pt, &c) == 0);
	mc_quiet(&pt->own, sizeof(pt->own) + sizeof(pt->queued_pages));
	for (unsigned i = 0; i < 3; i++)
		pgtbl_gather_init(&gathered[i]);
}

static inline void map(uint64_t iova, unsigned i)
{
	mc_assert(pgtbl_map(pt, iova, PHYS(i), PAGE, RW) == 0);
}

static inline void unmap(uint64_t iova, uint64_t size, unsigned who)
{
	mc_assert(pgtbl_unmap(pt, iova, size, &gathered[who]) == size);
}

static inline void is(uint64_t iova, unsigned i)
{
	uint64_t phys = 1;
	int r = pgtbl_translate(pt, iova, &phys);

	if (i)
		mc_assert(!r && phys == PHYS(i));
	else
		mc_assert(r == -ENOENT);
}

/* The end of every model: nothing lost, nothing left. */
static inline void end(uint64_t mapped, uint64_t tables_max)
{
	struct pgtbl_stats stats;

	for (unsigned i = 0; i < 3; i++)
		pgtbl_gather_release(pt, &gathered[i]);
	mc_assert(pgtbl_drain(pt) == 0);
	pgtbl_stats(pt, &stats);
	mc_assert(stats.table_pages <= tables_max && !stats.queued_pages);
	mc_assert(pgtbl_destroy(pt) == mapped);
}

#define STALE(name_, init_, check, p, fp, stale_, fails, ...) \
	{ .name = name_, .init = init_, .thread = { __VA_ARGS__ }, .fini = check, \
	  .quick = { .preempt = p, .stale = stale_, .alloc_fail = fails }, \
	  .full = { .preempt = fp, .stale = stale_, .alloc_fail = fails }, \
	  .plats = MC_USER | MC_KERNEL }
#define TABLE(name_, init_, check, p, fp, fails, ...) \
	STALE(name_, init_, check, p, fp, 1, fails, __VA_ARGS__)

#endif

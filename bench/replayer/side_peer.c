/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * side_peer.c - Linux's IOVA allocator and page tables under Linux's policy.
 *
 * The allocator and the tables are Linux's own code, compiled unmodified (see
 * bench/peers).  What stands between a driver and them is written anew here,
 * after the behaviour of dma-iommu.c and iommu.c as of Linux 6.1:
 *  - map: below 4 GiB first when the device can do more, then anywhere; then
 *    each physical run is mapped with the greatest page size that fits;
 *  - unmap, strict: clear, one invalidation of the range and one wait, free;
 *  - unmap, lazy: clear, put the range in the CPU's queue (linux_fq.h).
 */
#include "side.h"

#include "linux_fq.h"
#include "peer.h"
#include "plat.h"

#include <jemalloc/jemalloc.h>
#include <stdlib.h>

#define LIMIT_32BIT_PFN (UINT32_MAX >> TRACE_PAGE_LG2)

struct domain {
	struct iova_domain *iovad;
	struct peer_pgtbl pt;
	struct linux_fq *fq; /* lazy mode */
};

struct side {
	struct side_config config;
	unsigned nr_cpus; /* as many as the peer can have, at most */
	bool strict;
	struct domain domain[];
};

static uint64_t peer_close(struct side *side)
{
	unsigned i;

	for (i = 0; i < side->config.nr_domains; i++) {
		struct domain *d = &side->domain[i];

		linux_fq_destroy(d->fq);
		peer_iova_destroy(d->iovad);
		if (d->pt.ops)
			peer_pgtbl_destroy(&d->pt);
	}
	free(side);
	/* Linux's code keeps no count of what is live; the checking pass has its own. */
	return 0;
}

static bool open_domain(struct side *side, unsigned i)
{
	struct domain *d = &side->domain[i];
	struct linux_fq_config fq = {
		.inval = side->config.inval,
		.inval_ctx = side->config.inval_ctx,
		.domain = (uint16_t)i,
		.nr_cpus = side->nr_cpus,
		.nr_threads = side->config.nr_threads,
		.meta = side->config.meta,
	};

	if (peer_pgtbl_create(&d->pt))
		return false;
	d->iovad = peer_iova_create(1);
	if (!d->iovad || peer_iova_reserve(d->iovad, SIDE_MSI_FIRST >> TRACE_PAGE_LG2,
					   SIDE_MSI_LAST >> TRACE_PAGE_LG2))
		return false;
	if (side->strict)
		return true;
	fq.iovad = d->iovad;
	d->fq = linux_fq_create(&fq);
	return d->fq != NULL;
}

static int peer_open(struct side **out, const struct side_config *config)
{
	unsigned i, nr_cpus = config->nr_cpus < PEER_MAX_CPUS ? config->nr_cpus : PEER_MAX_CPUS;
	struct side *side;

	if (peer_set_cpu_count(nr_cpus))
		return -EINVAL;
	peer_set_pages(config->pages);
	side = calloc(1, sizeof(*side) + config->nr_domains * sizeof(side->domain[0]));
	if (!side)
		return -ENOMEM;
	side->config = *config;
	side->nr_cpus = nr_cpus;
	side->strict = config->mode == DMAP_STRICT;
	peer_set_cpu(0);
	for (i = 0; i < config->nr_domains; i++)
		if (!open_domain(side, i)) {
			peer_close(side);
			return -ENOMEM;
		}
	*out = side;
	return 0;
}

/* The CPU this event happens on, as the peer's per-CPU data sees it. */
static plat_always_inline unsigned act_as(const struct side *side, unsigned cpu)
{
	if (!side->config.recorded_cpus)
		return side_thread.index;
	if (plat_unlikely(cpu >= side->nr_cpus))
		cpu %= side->nr_cpus;
	if (cpu != side_thread.cpu) {
		side_thread.cpu = cpu;
		peer_set_cpu(cpu);
	}
	return cpu;
}

/*
 * The greatest page size of 4K, 2M and 1G that iova, phys and size allow, and
 * how many pages of it until a greater one may become possible.
 */
static size_t page_size(uint64_t iova, uint64_t phys, uint64_t size, size_t *count)
{
	static const unsigned lg2[] = { 30, 21, 12 };
	uint64_t both = iova | phys, until;
	unsigned i;

	for (i = 0; i < 2; i++)
		if (size >> lg2[i] && !(both & ((UINT64_C(1) << lg2[i]) - 1)))
			break;
	until = size;
	/* A greater size is out of reach for good when the two differ below it. */
	if (i && !((iova ^ phys) & ((UINT64_C(1) << lg2[i - 1]) - 1))) {
		uint64_t step = UINT64_C(1) << lg2[i - 1];
		uint64_t next = (step - (iova & (step - 1))) & (step - 1);

		if (next + step <= size)
			until = next;
	}
	*count = until >> lg2[i];
	return (size_t)1 << lg2[i];
}

static plat_noinline bool map_mixed(struct peer_pgtbl *pt, uint64_t iova, uint64_t phys,
				    uint64_t size, int prot)
{
	while (size) {
		size_t count, mapped = 0, page = page_size(iova, phys, size, &count);

		if (pt->map_pages(pt->ops, iova, phys, page, count, prot, PEER_PGTBL_GFP,
				  &mapped) ||
		    !mapped)
			return false;
		iova += mapped;
		phys += mapped;
		size -= mapped;
	}
	return true;
}

/* Below 2 MiB only 4K pages are possible; a call ends at the end of a table. */
static plat_always_inline bool map_run(struct peer_pgtbl *pt, uint64_t iova, uint64_t phys,
				       uint64_t size, int prot)
{
	if (plat_unlikely(size >= UINT64_C(1) << 21))
		return map_mixed(pt, iova, phys, size, prot);
	while (size) {
		size_t mapped = 0;

		if (pt->map_pages(pt->ops, iova, phys, TRACE_PAGE_BYTES, size >> TRACE_PAGE_LG2,
				  prot, PEER_PGTBL_GFP, &mapped) ||
		    !mapped)
			return false;
		iova += mapped;
		phys += mapped;
		size -= mapped;
	}
	return true;
}

/* What iommu_unmap() asks for: the size of page that would have been mapped here. */
static plat_always_inline bool unmap_range(struct peer_pgtbl *pt, uint64_t iova, uint64_t size,
					   struct iommu_iotlb_gather *gather)
{
	while (size) {
		size_t cleared, count = size >> TRACE_PAGE_LG2, page = TRACE_PAGE_BYTES;

		if (plat_unlikely(size >= UINT64_C(1) << 21))
			page = page_size(iova, iova, size, &count);
		cleared = pt->unmap_pages(pt->ops, iova, page, count, gather);
		if (!cleared)
			return false;
		iova += cleared;
		size -= cleared;
	}
	return true;
}

static unsigned long alloc_pfn(struct domain *d, unsigned long pages, uint64_t limit)
{
	unsigned long pfn = 0;

	if (limit > SIDE_IOVA_LAST)
		limit = SIDE_IOVA_LAST;
	if (limit > UINT32_MAX)
		pfn = alloc_iova_fast(d->iovad, pages, LIMIT_32BIT_PFN, false);
	if (!pfn)
		pfn = alloc_iova_fast(d->iovad, pages, limit >> TRACE_PAGE_LG2, true);
	return pfn;
}

static uint64_t peer_map(struct side *side, const struct trace_event *event,
			 const struct pgtbl_segment *seg)
{
	struct domain *d = &side->domain[event->domain];
	unsigned long pages = event->size_bytes >> TRACE_PAGE_LG2, pfn;
	uint64_t iova, at;
	uint32_t i;

	act_as(side, event->cpu);
	pfn = alloc_pfn(d, pages, event->limit);
	if (plat_unlikely(!pfn))
		return (uint64_t)-ENOSPC;
	at = iova = (uint64_t)pfn << TRACE_PAGE_LG2;
	for (i = 0; i < event->nr_seg; i++) {
		if (plat_unlikely(!map_run(&d->pt, at, seg[i].phys, seg[i].size,
					   event->prot)))
			goto undo;
		at += seg[i].size;
	}
	return iova;
undo:
	if (at > iova)
		unmap_range(&d->pt, iova, at - iova, NULL);
	free_iova_fast(d->iovad, pfn, pages);
	return (uint64_t)-ENOMEM;
}

static int invalidate_range(struct side *side, unsigned domain, uint64_t first, uint64_t last)
{
	const struct dmap_inval_cmd cmd = {
		.kind = DMAP_INVAL_RANGE,
		.leaf_only = true, /* this page-table code keeps its tables until the end */
		.domain = (uint16_t)domain,
		.first = first,
		.last = last,
	};
	uint64_t fence;
	int ret;

	do {
		ret = side->config.inval->submit(side->config.inval_ctx, &cmd, 1, &fence);
	} while (ret == -EAGAIN);
	if (ret || !fence)
		return ret;
	return side->config.inval->wait(side->config.inval_ctx, fence);
}

static int peer_unmap(struct side *side, const struct trace_event *event, uint64_t iova)
{
	struct domain *d = &side->domain[event->domain];
	unsigned long pfn = iova >> TRACE_PAGE_LG2, pages = event->size_bytes >> TRACE_PAGE_LG2;
	struct iommu_iotlb_gather gather = { .start = -1ul, .queued = !side->strict };
	unsigned cpu = act_as(side, event->cpu);
	int ret;

	if (plat_unlikely(!unmap_range(&d->pt, iova, event->size_bytes, &gather)))
		return -ENOENT;
	if (!side->strict)
		return linux_fq_put(d->fq, cpu, pfn, pages);
	ret = invalidate_range(side, event->domain, iova, iova + event->size_bytes - 1);
	free_iova_fast(d->iovad, pfn, pages);
	return ret;
}

static void peer_tick(struct side *side)
{
	uint64_t next, first = SIDE_NEVER;
	unsigned i;

	for (i = 0; !side->strict && i < side->config.nr_domains; i++) {
		next = linux_fq_timer(side->domain[i].fq);
		if (next < first)
			first = next;
	}
	side_thread.tick_ns = first;
}

static int peer_drain(struct side *side)
{
	unsigned i;
	int ret = 0;

	for (i = 0; !side->strict && !ret && i < side->config.nr_domains; i++)
		ret = linux_fq_flush(side->domain[i].fq);
	return ret;
}

static int peer_translate(struct side *side, unsigned domain, uint64_t iova, uint64_t *phys)
{
	struct peer_pgtbl *pt = &side->domain[domain].pt;

	*phys = pt->iova_to_phys(pt->ops, iova);
	return *phys ? 0 : -ENOENT;
}

static void peer_enter(struct side *side)
{
	(void)side;
	side_thread.cpu = side_thread.index;
	peer_set_cpu(side_thread.cpu);
}

static void peer_leave(struct side *side)
{
	(void)side;
	peer_set_cpu(0);
}

/*
 * Linux's code calls malloc(): jemalloc counts what this thread took and gave.
 * The difference from one reading to the next is what matters.
 */
static uint64_t peer_own_meta(struct side *side)
{
	uint64_t taken = 0, given = 0;
	size_t len = sizeof(taken);

	(void)side;
	mallctl("thread.allocated", &taken, &len, NULL, 0);
	mallctl("thread.deallocated", &given, &len, NULL, 0);
	return taken - given;
}

const struct side_ops side_peer = {
	.name = "peer",
	.title = "Linux 6.1: iova.c and io-pgtable-arm.c",
	.open = peer_open,
	.close = peer_close,
	.map = peer_map,
	.unmap = peer_unmap,
	.tick = peer_tick,
	.drain = peer_drain,
	.translate = peer_translate,
	.enter = peer_enter,
	.leave = peer_leave,
	.own_meta_bytes = peer_own_meta,
};

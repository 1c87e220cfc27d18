/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * side_ours.c - libdma over libiova and libpgtbl (VT-d second stage).
 *
 * One thread plays all CPUs of the recording by acting as the CPU of each
 * event.  The libraries ask the thread's restartable-sequence area which CPU
 * they run on, so acting is one store there, as it is one store for the peer.
 * The kernel puts the true number back whenever it pre-empts the thread; that
 * event then counts for another CPU, which is as harmless as a migration.  Only
 * one thread runs, so nothing else relies on the number meanwhile.  Without the
 * area (rseq switched off) everything happens on the true CPU.
 */
#define _GNU_SOURCE
#include "side.h"
#include "iova_resv.h"

#include "plat.h"

#include <stdlib.h>
#include <unistd.h>
#include <sys/syscall.h>
#if defined(__x86_64__)
#include <sys/rseq.h>
#endif

struct domain {
	struct iova_space *iova;
	struct pgtbl *pgtbl;
	struct dmap_space *dma;
	/* Its timer, as in the kernel driver: quiet is for an unmap to end, stopped for it to start. */
	bool quiet, stopped;
};

struct side {
	struct side_config config;
	struct domain domain[];
};

/* Where the thread's CPU number is stored to: in its rseq area, or where nobody looks. */
static __thread uint32_t no_word;
static __thread uint32_t *cpu_word;

static uint64_t now_ns(void *ctx)
{
	(void)ctx;
	return side_thread.now_ns;
}

static uint64_t ours_close(struct side *side)
{
	uint64_t left = 0;
	unsigned i;

	for (i = 0; i < side->config.nr_domains; i++) {
		struct domain *d = &side->domain[i];

		if (d->dma)
			left += dmap_space_destroy(d->dma);
		if (d->pgtbl)
			left += pgtbl_destroy(d->pgtbl);
		if (d->iova)
			left += iova_space_destroy(d->iova);
	}
	free(side);
	return left;
}

static int open_iova(struct side *side, struct domain *d, unsigned cpu_slots)
{
	const struct iova_space_config config = {
		.first = TRACE_PAGE_BYTES,
		.last = SIDE_IOVA_LAST,
		.granule_lg2 = TRACE_PAGE_LG2,
		.cpu_slots = cpu_slots,
		.mem = side->config.meta,
	};
	int ret = iova_space_create(&d->iova, &config);

	return ret ? ret : iova_space_reserve(d->iova, SIDE_MSI_FIRST, SIDE_MSI_LAST, NULL);
}

static int open_domain(struct side *side, unsigned i, unsigned cpu_slots)
{
	struct domain *d = &side->domain[i];
	const struct pgtbl_config pgtbl = {
		.ops = &pgtbl_vtdss_ops,
		.levels = SIDE_LEVELS,
		.oa_bits = SIDE_PHYS_BITS,
		.flags = PGTBL_KEEP_TABLES, /* as the peer */
		.pages = side->config.pages,
		.meta = side->config.meta,
	};
	struct dmap_config dma = {
		.inval = side->config.inval,
		.inval_ctx = side->config.inval_ctx,
		.domain = (uint16_t)i,
		.mode = side->config.mode,
		.lazy_entries = SIDE_LAZY_ENTRIES,
		.lazy_age_ns = SIDE_LAZY_AGE_NS,
		.now_ns = now_ns,
		.cpu_slots = cpu_slots,
		.mem = side->config.meta,
	};
	int ret = open_iova(side, d, cpu_slots);

	if (!ret)
		ret = pgtbl_create(&d->pgtbl, &pgtbl);
	if (ret)
		return ret;
	dma.iova = d->iova;
	dma.pgtbl = d->pgtbl;
	return dmap_space_create(&d->dma, &dma);
}

static int ours_open(struct side **out, const struct side_config *config)
{
	unsigned i, slots = side_cpu_slots(config->recorded_cpus ? config->nr_cpus : 0);
	struct side *side;
	int ret = 0;

	side = calloc(1, sizeof(*side) + config->nr_domains * sizeof(side->domain[0]));
	if (!side)
		return -ENOMEM;
	side->config = *config;
	for (i = 0; i < config->nr_domains && !ret; i++)
		ret = open_domain(side, i, slots);
	if (ret) {
		ours_close(side);
		return ret;
	}
	*out = side;
	return 0;
}

static uint64_t ours_map(struct side *side, const struct trace_event *event,
			 const struct pgtbl_segment *seg)
{
	struct dmap_space *dma = side->domain[event->domain].dma;

	plat_store_relaxed(cpu_word, event->cpu);
	if (event->nr_seg == 1)
		return dmap_map(dma, seg->phys, seg->size, event->prot, event->limit);
	return dmap_map_sg(dma, seg, event->nr_seg, event->prot, event->limit);
}

static plat_noinline void wake(struct domain *d)
{
	plat_store_relaxed(&d->quiet, false);
	plat_store_relaxed(&d->stopped, false);
}

static int ours_unmap(struct side *side, const struct trace_event *event, uint64_t iova)
{
	struct domain *d = &side->domain[event->domain];

	plat_store_relaxed(cpu_word, event->cpu);
	if (plat_unlikely(plat_load_relaxed(&d->quiet)))
		wake(d);
	return dmap_unmap(d->dma, iova, event->size_bytes);
}

/* One visit of a domain's timer.  It stops when nothing came since a visit that found nothing. */
static void visit(struct domain *d)
{
	int left;

	if (plat_load_relaxed(&d->stopped))
		return;
	left = dmap_flush(d->dma, true);
	if (!left && plat_load_relaxed(&d->quiet))
		plat_store_relaxed(&d->stopped, true);
	else
		plat_store_relaxed(&d->quiet, !left);
}

/* What a driver's timers would do: every 10 ms of trace time, flush what has grown old. */
static void ours_tick(struct side *side)
{
	unsigned i;

	side_thread.tick_ns = SIDE_NEVER;
	if (side->config.mode == DMAP_STRICT)
		return;
	for (i = 0; i < side->config.nr_domains; i++)
		visit(&side->domain[i]);
	side_thread.tick_ns = side_thread.now_ns + SIDE_LAZY_AGE_NS;
}

static int ours_drain(struct side *side)
{
	unsigned i;
	int ret = 0;

	for (i = 0; i < side->config.nr_domains && !ret; i++)
		ret = dmap_flush(side->domain[i].dma, false);
	return ret;
}

static int ours_translate(struct side *side, unsigned domain, uint64_t iova, uint64_t *phys)
{
	return pgtbl_translate(side->domain[domain].pgtbl, iova, phys);
}

static void ours_enter(struct side *side)
{
	cpu_word = &no_word;
#if defined(__x86_64__)
	if (side->config.recorded_cpus && __rseq_size)
		cpu_word = (uint32_t *)((char *)__builtin_thread_pointer() + __rseq_offset +
					offsetof(struct rseq, cpu_id));
#else
	(void)side;
#endif
}

static void ours_leave(struct side *side)
{
	unsigned cpu;

	(void)side;
	if (cpu_word != &no_word && !syscall(SYS_getcpu, &cpu, NULL, NULL))
		plat_store_relaxed(cpu_word, cpu);
	cpu_word = &no_word;
}

static uint64_t ours_own_meta(struct side *side)
{
	(void)side;
	return 0;
}

const struct side_ops side_ours = {
	.name = "ours",
	.title = "libdma over libiova and libpgtbl, VT-d second stage",
	.open = ours_open,
	.close = ours_close,
	.map = ours_map,
	.unmap = ours_unmap,
	.tick = ours_tick,
	.drain = ours_drain,
	.translate = ours_translate,
	.enter = ours_enter,
	.leave = ours_leave,
	.own_meta_bytes = ours_own_meta,
};

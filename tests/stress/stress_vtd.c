/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * stress_vtd.c - threads over one unit: unmapping, attaching, domain ids.
 *
 * Every thread checks what only it can know: after its flush has completed its
 * page is blocked, after its attach its device is served, after its detach it
 * is not, and an id it got is nobody else's.  Runs under ThreadSanitizer.
 */
#include "model/vtd_model.h"
#include "pgtbl.h"
#include "tap.h"
#include "vtd.h"

#include <pthread.h>
#include <sched.h>
#include <string.h>

#define THREADS 6
#define PAGE 4096ull
#define BASE 0x40000000ull

static struct vtd_model *model;
static struct vtd_unit *unit;
static struct pgtbl *table;
static int domain;
static unsigned rounds;
static unsigned char id_owner[4096];
static unsigned long stale, unserved, unblocked, shared_ids, errors, flushes, attaches, ids;

static pthread_barrier_t start;
static struct vtd_hw_ops ops;

/* Waiters give way, or on few CPUs each thread would run alone. */
static void relax(void *ctx)
{
	vtd_model_ops.relax(ctx);
	sched_yield();
}

static void count(unsigned long *what)
{
	__atomic_fetch_add(what, 1, __ATOMIC_RELAXED);
}

static int attach(uint16_t sid)
{
	struct vtd_context context = { .domain = (uint16_t)domain,
				       .levels = 4,
				       .root_phys = pgtbl_root_phys(table) };

	return vtd_attach(unit, sid, &context);
}

static void unmap_once(unsigned me, unsigned round)
{
	uint64_t iova = BASE + me * 0x200000ull + round % 64 * PAGE, fence;
	uint16_t sid = (uint16_t)(0x100 + me);
	struct vtd_inval_cmd cmd = { .kind = VTD_INVAL_RANGE,
				     .domain = (uint16_t)domain,
				     .leaf_only = true,
				     .first = iova,
				     .last = iova + PAGE - 1 };
	struct pgtbl_gather gather;
	int ret;

	pgtbl_gather_init(&gather);
	if (pgtbl_map(table, iova, 0x80000000, PAGE, PGTBL_READ) ||
	    vtd_map_flush(unit, (uint16_t)domain, iova, iova + PAGE - 1))
		count(&errors);
	if (vtd_model_dma(model, sid, iova, NULL, 0, false))
		count(&unserved);
	if (pgtbl_unmap(table, iova, PAGE, &gather) != PAGE ||
	    vtd_inval_submit(unit, &cmd, 1, &fence))
		count(&errors);
	if (round % 2) {
		ret = vtd_inval_wait(unit, fence) ? -1 : 1;
	} else {
		while (!(ret = vtd_inval_poll(unit, fence)))
			relax(model);
	}
	if (ret != 1)
		count(&errors);
	if (vtd_model_dma(model, sid, iova, NULL, 0, false) != 0x6)
		count(&stale);
	pgtbl_gather_release(table, &gather);
	count(&flushes);
}

/* Its own source id, and one that everybody fights for. */
static void attach_once(unsigned me)
{
	uint16_t own = (uint16_t)(0x300 + me), common = 0x402;
	int ret;

	if (attach(own) || vtd_model_dma(model, own, 0, NULL, 0, false) != 0x6)
		count(&unserved);
	if (vtd_detach(unit, own) || vtd_model_dma(model, own, 0, NULL, 0, false) != 0x2)
		count(&unblocked);
	ret = attach(common);
	if (ret && ret != -EBUSY)
		count(&errors);
	if (!ret && vtd_detach(unit, common))
		count(&errors);
	count(&attaches);
}

static void id_once(void)
{
	int id = vtd_domain_id_alloc(unit);

	if (id <= 0) {
		count(&errors);
		return;
	}
	if (__atomic_exchange_n(&id_owner[id], 1, __ATOMIC_RELAXED))
		count(&shared_ids);
	__atomic_store_n(&id_owner[id], 0, __ATOMIC_RELAXED);
	if (vtd_domain_id_free(unit, (unsigned)id))
		count(&errors);
	count(&ids);
}

static void *worker(void *arg)
{
	unsigned me = (unsigned)(uintptr_t)arg, i;

	pthread_barrier_wait(&start);
	for (i = 0; i < rounds; i++) {
		unmap_once(me, i);
		if (i % 8 == me)
			attach_once(me);
		if (i % 8 == 7)
			id_once();
	}
	return NULL;
}

static void run(const char *name, const struct vtd_model_config *config)
{
	struct vtd_unit_config unit_config;
	struct pgtbl_config table_config = { .ops = &pgtbl_vtdss_ops, .levels = 4, .oa_bits = 46 };
	pthread_t thread[THREADS];
	struct vtd_stats stats;
	unsigned i;

	stale = unserved = unblocked = shared_ids = errors = flushes = attaches = ids = 0;
	model = vtd_model_new(config);
	vtd_model_unit_config(model, &unit_config);
	ops = vtd_model_ops;
	ops.relax = relax;
	unit_config.hw = &ops;
	unit_config.timeout_ns = ~0ull >> 2; /* the model's clock runs as its threads spin */
	table_config.pages = vtd_model_pages(model);
	table_config.meta = vtd_model_meta(model);
	table_config.phys_offset = vtd_model_phys_offset(model);
	if (config->not_coherent) {
		table_config.flush = vtd_model_flush;
		table_config.flush_ctx = model;
	}
	if (vtd_unit_create(&unit, &unit_config) || vtd_unit_enable(unit) ||
	    pgtbl_create(&table, &table_config)) {
		tap_ok(false, "%s: set up: %s", name, vtd_model_log(model));
		return;
	}
	domain = vtd_domain_id_alloc(unit);
	for (i = 0; i < THREADS; i++)
		errors += attach((uint16_t)(0x100 + i)) != 0;
	pthread_barrier_init(&start, NULL, THREADS);
	for (i = 0; i < THREADS; i++)
		pthread_create(&thread[i], NULL, worker, (void *)(uintptr_t)i);
	for (i = 0; i < THREADS; i++)
		pthread_join(thread[i], NULL);
	pthread_barrier_destroy(&start);
	vtd_unit_stats(unit, &stats);
	tap_ok(!stale, "%s: nothing stale after %lu flushes", name, flushes);
	tap_ok(!unserved && !unblocked, "%s: %lu attached and detached devices", name, attaches);
	tap_ok(!shared_ids, "%s: %lu ids with one owner each", name, ids);
	tap_ok(!errors, "%s: no call failed", name);
	printf("# %s: %llu batches, %llu descriptors, %llu collapsed\n", name,
	       (unsigned long long)stats.batches, (unsigned long long)stats.descriptors,
	       (unsigned long long)stats.collapsed);
	pgtbl_destroy(table);
	tap_ok(!vtd_unit_destroy(unit) && !vtd_model_live(model), "%s: nothing left", name);
	tap_ok(!vtd_model_violation(model), "%s: hardware rules kept%s%s", name,
	       vtd_model_violation(model) ? ": " : "",
	       vtd_model_violation(model) ? vtd_model_violation(model) : "");
	vtd_model_free(model);
}

int main(void)
{
	struct vtd_model_config plain = { .mamv = 18, .nd = 4, .queue_delay = 12, .reorder = true };
	struct vtd_model_config immediate = { .mamv = 18, .nd = 4 };
	struct vtd_model_config hostile = { .mamv = 4,
					    .nd = 4,
					    .queue_delay = 2,
					    .reorder = true,
					    .caching_mode = true,
					    .not_coherent = true };
	struct vtd_model_config old = {
		.no_range_inval = true, .nd = 4, .write_buffer = true, .command_delay = 2
	};

	rounds = tap_long() ? 40000 : 2000;
	run("slow queue", &plain);
	run("immediate queue", &immediate);
	run("caching mode without snooping", &hostile);
	rounds /= 8; /* every flush of the buffer copies the model's memory */
	run("write buffer", &old);
	return tap_done();
}

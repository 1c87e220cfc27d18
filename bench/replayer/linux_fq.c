/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* linux_fq.c - per-CPU rings of unmapped ranges, and their timer. */
#include "linux_fq.h"

#include "plat.h"

#include "peer.h"

#define RING SIDE_LAZY_ENTRIES
#define TIMER_OFF UINT64_C(0)
#define TIMER_TICK_LG2 10 /* the word counts time in 1024 ns, above 16 bits of CPU */

struct entry {
	unsigned long pfn;
	unsigned long pages;
	uint64_t begun; /* invalidations begun when this was put */
};

struct ring {
	uint32_t lock;
	unsigned head, tail;
	struct entry entry[RING];
} plat_aligned(PLAT_CACHELINE);

struct linux_fq {
	struct linux_fq_config config;
	uint64_t begun plat_aligned(PLAT_CACHELINE);
	uint64_t finished;
	uint64_t timer plat_aligned(PLAT_CACHELINE); /* TIMER_OFF, or expiry and CPU */
	struct ring ring[];
};

static size_t fq_bytes(unsigned nr_cpus)
{
	return sizeof(struct linux_fq) + nr_cpus * sizeof(struct ring);
}

struct linux_fq *linux_fq_create(const struct linux_fq_config *config)
{
	struct linux_fq *fq =
		plat_mem_alloc(&config->meta, fq_bytes(config->nr_cpus), PLAT_CACHELINE);

	if (fq)
		fq->config = *config;
	return fq;
}

void linux_fq_destroy(struct linux_fq *fq)
{
	struct plat_mem meta;

	if (!fq)
		return;
	meta = fq->config.meta;
	plat_mem_free(&meta, fq, fq_bytes(fq->config.nr_cpus), PLAT_CACHELINE);
}

static void ring_lock(struct ring *ring)
{
	uint32_t free = 0;

	while (!__atomic_compare_exchange_n(&ring->lock, &free, 1, false, __ATOMIC_ACQUIRE,
					    __ATOMIC_RELAXED)) {
		while (plat_load_relaxed(&ring->lock))
			plat_relax();
		free = 0;
	}
}

static void ring_unlock(struct ring *ring)
{
	plat_store_release(&ring->lock, 0);
}

/* Frees what an invalidation begun after it was put has covered. Caller holds the lock. */
static void ring_free(struct linux_fq *fq, struct ring *ring)
{
	uint64_t finished = plat_load_acquire(&fq->finished);

	while (ring->head != ring->tail) {
		const struct entry *e = &ring->entry[ring->head];

		if (e->begun >= finished)
			break;
		free_iova_fast(fq->config.iovad, e->pfn, e->pages);
		ring->head = (ring->head + 1) % RING;
	}
}

static int invalidate(struct linux_fq *fq)
{
	const struct dmap_inval_cmd cmd = {
		.kind = DMAP_INVAL_DOMAIN,
		.domain = fq->config.domain,
	};
	uint64_t fence;
	int ret;

	plat_fetch_add_full(&fq->begun, 1);
	do {
		ret = fq->config.inval->submit(fq->config.inval_ctx, &cmd, 1, &fence);
	} while (ret == -EAGAIN);
	if (!ret && fence)
		ret = fq->config.inval->wait(fq->config.inval_ctx, fence);
	plat_fetch_add_full(&fq->finished, 1);
	return ret;
}

/* Out of line: it runs once in ten milliseconds. */
static plat_noinline void start_timer(struct linux_fq *fq, unsigned cpu)
{
	uint64_t expires = side_thread.now_ns + SIDE_LAZY_AGE_NS;

	expires = (expires >> TIMER_TICK_LG2) + 1;
	if (!plat_cas_full(&fq->timer, TIMER_OFF, expires << 16 | cpu))
		return;
	expires <<= TIMER_TICK_LG2;
	if (expires < side_thread.tick_ns)
		side_thread.tick_ns = expires;
}

int linux_fq_put(struct linux_fq *fq, unsigned cpu, unsigned long pfn, unsigned long pages)
{
	struct ring *ring = &fq->ring[cpu];
	struct entry *e;
	int ret = 0;

	/* The cleared entries become visible before the count of invalidations is read. */
	plat_mb();
	ring_lock(ring);
	ring_free(fq, ring);
	if ((ring->tail + 1) % RING == ring->head) {
		ret = invalidate(fq);
		ring_free(fq, ring);
	}
	e = &ring->entry[ring->tail];
	ring->tail = (ring->tail + 1) % RING;
	e->pfn = pfn;
	e->pages = pages;
	e->begun = plat_load_relaxed(&fq->begun);
	ring_unlock(ring);
	if (plat_load_relaxed(&fq->timer) == TIMER_OFF)
		start_timer(fq, cpu);
	return ret;
}

int linux_fq_flush(struct linux_fq *fq)
{
	int ret = invalidate(fq);
	unsigned cpu;

	for (cpu = 0; cpu < fq->config.nr_cpus; cpu++) {
		ring_lock(&fq->ring[cpu]);
		ring_free(fq, &fq->ring[cpu]);
		ring_unlock(&fq->ring[cpu]);
	}
	return ret;
}

uint64_t linux_fq_timer(struct linux_fq *fq)
{
	uint64_t timer = plat_load_relaxed(&fq->timer), expires;
	unsigned cpu = timer & 0xffff;

	if (timer == TIMER_OFF || cpu % fq->config.nr_threads != side_thread.index)
		return SIDE_NEVER;
	expires = timer >> 16 << TIMER_TICK_LG2;
	if (expires > side_thread.now_ns)
		return expires;
	/* Off before the flush: a range put meanwhile starts the next round. */
	plat_xchg_full(&fq->timer, TIMER_OFF);
	side_thread.cpu = cpu;
	peer_set_cpu(cpu);
	linux_fq_flush(fq);
	timer = plat_load_relaxed(&fq->timer);
	return timer == TIMER_OFF || (timer & 0xffff) % fq->config.nr_threads != side_thread.index ?
		       SIDE_NEVER :
		       timer >> 16 << TIMER_TICK_LG2;
}

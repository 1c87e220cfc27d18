/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * mc_dmap.c - models of libdma: nothing is freed that the device may remember.
 *
 * The allocator and the page table are two arrays here.  The device remembers
 * every page of which the last invalidation that took effect still found the
 * entry; an invalidation takes effect at submission, the earliest moment, where
 * the fewest clears are visible.  Freeing a page that is remembered fails the model, and
 * so does freeing twice; fini() asks for what was lost.
 */
#include "dmap_int.h"
#include "mc.h"

#define PAGES 16
#define LONG 14 /* pages from here on come with a table, and so make long entries */
#define SLOTS 8 /* in a ring */
#define PAGE 4096ull

struct pgtbl {
	struct pgtbl_calls calls;
};

static uint64_t entry[PAGES];
static uint64_t remembered[PAGES];
static uint64_t freed[PAGES];
static uint64_t tables_released;
static bool immediate; /* submissions complete at once; else the first poll says so */
static bool dead; /* submissions fail */
static bool aged; /* whatever is queued is old */
static unsigned home = IOVA_CPU_ANY; /* where all pages were allocated */
static struct pgtbl pt;
static struct dmap_space *space;

uint64_t iova_space_alloc(struct iova_space *s, uint64_t size, uint64_t max)
{
	(void)s, (void)size, (void)max;
	return (uint64_t)-ENOSPC;
}

uint64_t iova_space_alloc_ready(struct iova_space *s, uint64_t size, uint64_t max)
{
	return iova_space_alloc(s, size, max);
}

int iova_space_check_home(struct iova_space *s, uint64_t iova, uint64_t size, unsigned *cpu)
{
	(void)s, (void)size;
	*cpu = home;
	return iova / PAGE < PAGES ? 0 : -EINVAL;
}

int iova_space_free(struct iova_space *s, uint64_t iova, uint64_t size)
{
	uint64_t p = iova / PAGE;

	(void)s;
	mc_note("free of page %u", (unsigned)p);
	mc_assert(p < PAGES && size == PAGE);
	mc_assert(!plat_load_relaxed(&remembered[p]));
	mc_assert(!plat_fetch_add_relaxed(&freed[p], 1));
	return 0;
}

unsigned iova_space_free_packed(struct iova_space *s, const uint64_t *range, unsigned nr)
{
	for (unsigned i = 0; i < nr; i++)
		iova_space_free(s, range[i] & IOVA_PACKED_FIRST,
				(range[i] >> IOVA_PACKED_SHIFT & IOVA_PACKED_MAX) * PAGE);
	return 0;
}

int iova_space_check_free(struct iova_space *s, uint64_t iova, uint64_t size,
			  struct iova_checked *checked)
{
	unsigned cpu;

	(void)checked;
	return iova_space_check_home(s, iova, size, &cpu);
}

int iova_space_free_checked(struct iova_space *s, uint64_t iova, uint64_t size,
			    const struct iova_checked *checked)
{
	(void)checked;
	return iova_space_free(s, iova, size);
}

int iova_space_for_each(struct iova_space *s, uint64_t first, uint64_t last,
			int (*fn)(void *ctx, const struct iova_range *range), void *ctx)
{
	(void)s, (void)first, (void)last, (void)fn, (void)ctx;
	return 0;
}

bool iova_space_can_trim(const struct iova_space *s)
{
	(void)s;
	return false;
}

int iova_space_trim_idle(struct iova_space *s)
{
	(void)s;
	mc_assert(false);
	return 0;
}

void pgtbl_gather_release(struct pgtbl *table, struct pgtbl_gather *gather)
{
	uint64_t p = (uint64_t)(uintptr_t)gather->free_list / 64;

	(void)table;
	mc_assert(p && p < PAGES && gather->free_pages == p);
	mc_assert(gather->free_tail == gather->free_list);
	mc_assert(!plat_load_relaxed(&remembered[p]));
	plat_fetch_add_relaxed(&tables_released, 1);
	gather->free_list = NULL;
}

static uint64_t clear(struct pgtbl *table, uint64_t iova, uint64_t size,
		      struct pgtbl_gather *gather, struct pgtbl_report *report)
{
	uint64_t p = iova / PAGE;

	(void)table, (void)report;
	if (!plat_load_relaxed(&entry[p]))
		return 0;
	/* relaxed, as in libpgtbl: whoever invalidates has to order it */
	plat_store_relaxed(&entry[p], 0);
	gather->nr_ranges = 1;
	gather->range[0].first = iova;
	gather->range[0].last = iova + size - 1;
	if (p >= LONG) {
		gather->tables = true;
		gather->free_list = gather->free_tail = (void *)(uintptr_t)(p * 64);
		gather->free_pages = p;
	}
	return size;
}

static int submit(void *ctx, const struct dmap_inval_cmd *cmd, unsigned nr, uint64_t *fence)
{
	(void)ctx;
	mc_assert(nr == 1);
	if (dead)
		return -EIO;
	plat_mb();
	for (uint64_t p = 1; p < PAGES; p++) {
		if (cmd->kind == DMAP_INVAL_RANGE && p != cmd->first / PAGE)
			continue;
		/* One device: what it once found empty it does not find again. */
		if (!plat_load_relaxed(&entry[p]))
			plat_store_relaxed(&remembered[p], 0);
	}
	*fence = !immediate;
	return 0;
}

static int poll(void *ctx, uint64_t fence)
{
	(void)ctx, (void)fence;
	return 1;
}

static int wait(void *ctx, uint64_t fence)
{
	(void)ctx, (void)fence;
	return 0;
}

static const struct dmap_inval_ops ops = { submit, poll, wait };

static uint64_t ticks;

static uint64_t clock_now(void *ctx)
{
	(void)ctx;
	return plat_fetch_add_relaxed(&ticks, 1);
}

static void make(enum dmap_mode mode, unsigned entries, unsigned slots)
{
	struct dmap_config c = {
		.iova = (struct iova_space *)&pt, /* never looked into */
		.pgtbl = &pt, .inval = &ops, .mode = mode, .lazy_entries = entries,
		.cpu_slots = slots, .mem = mc_mem(), .now_ns = clock_now,
		.lazy_age_ns = aged ? 1 : 1000000,
	};

	pt.calls.unmap = clear;
	mc_quiet(&ticks, sizeof(ticks));
	for (unsigned p = 1; p < PAGES; p++)
		entry[p] = remembered[p] = 1;
	mc_assert(dmap_space_create(&space, &c) == 0);
}

/* Queues exist, so that making them is not explored everywhere. */
static void warm(void)
{
	for (unsigned i = 0; i < space->rings; i++) {
		mc_set_cpu(i % space->slots);
		if (i != space->slots)
			space->ring[i].slot = plat_mem_alloc(&space->mem, space->ring_size * 8,
							     PLAT_CACHELINE);
	}
	mc_set_cpu(0);
}

static void init_eager(void) /* every push asks for a flush */
{
	immediate = true;
	make(DMAP_LAZY, 1, 2);
	warm();
}
static void init_async(void)
{
	make(DMAP_LAZY, 1, 2);
	warm();
}
static void init_pairs(void) /* every second push does */
{
	immediate = true;
	make(DMAP_LAZY, 2, 2);
	warm();
}
static void init_quiet(void) /* no push does */
{
	immediate = true;
	make(DMAP_LAZY, 4, 2);
	warm();
}
static void init_aged(void) /* what is queued is old */
{
	aged = true;
	make(DMAP_LAZY, 4, 2);
	warm();
}
/* Everything was allocated on CPU 0. */
static void init_home(void)
{
	home = 0;
	init_quiet();
}
static void init_home_eager(void)
{
	home = 0;
	init_eager();
}
static void init_home_async(void)
{
	home = 0;
	init_async();
}
static void init_home_aged(void)
{
	home = 0;
	init_aged();
}
static void init_home_cold(void)
{
	home = 0;
	immediate = true;
	make(DMAP_LAZY, 4, 2);
}
static void init_cold(void)
{
	immediate = true;
	make(DMAP_LAZY, 1, 2);
}
/* Page @p goes through CPU 0's ring @times times, and is mapped again. */
static void turn(unsigned p, unsigned times)
{
	while (times--) {
		mc_assert(!dmap_unmap(space, p * PAGE, PAGE) && !dmap_flush(space, false));
		entry[p] = remembered[p] = 1;
		freed[p] = 0;
	}
	tables_released = 0;
}
static void init_lap(void)
{
	init_quiet();
	turn(1, SLOTS - 1);
}
/* The next slot held a further word of a long entry a lap ago; a long one comes round the end. */
static void init_long_lap(void)
{
	init_quiet();
	turn(LONG, 1);
	turn(1, SLOTS - 4);
}
/* CPU 0's ring holds as much as it can, less one. */
static void init_full(void)
{
	init_quiet();
	dead = true;
	for (unsigned p = 5; p < 5 + SLOTS - 1; p++)
		mc_assert(!dmap_unmap(space, p * PAGE, PAGE));
	dead = false;
}
static void init_shared(void) /* one queue for everybody */
{
	immediate = true;
	make(DMAP_LAZY, 1, 1);
	warm();
}
static void init_strict(void)
{
	make(DMAP_STRICT, 0, 2);
}

static void unmap(unsigned p)
{
	mc_assert(dmap_unmap(space, p * PAGE, PAGE) == 0);
}
static void unmap_1(void)
{
	unmap(1);
}
static void unmap_2(void)
{
	unmap(2);
}
static void unmap_3(void)
{
	unmap(3);
}
static void unmap_4(void)
{
	unmap(4);
}
static void unmap_long(void)
{
	unmap(LONG);
}
static void unmap_2_long(void)
{
	unmap(2);
	unmap(LONG);
}
static void unmap_1_2(void)
{
	unmap(1);
	unmap(2);
}
static void unmap_1_2_3(void)
{
	unmap(1);
	unmap(2);
	unmap(3);
}
static void flush(void)
{
	mc_assert(dmap_flush(space, false) == 0);
}
/*
 * There is no address: what is covered comes free, then all that is queued.  -EAGAIN: not all
 * of it could, beside a push that is not complete or another flush.
 */
static void map(void)
{
	uint64_t r = dmap_map(space, PAGE, PAGE, 0, ~0ull);

	mc_assert(r == (uint64_t)-ENOSPC || r == (uint64_t)-EAGAIN);
}
static void unmap_1_map(void)
{
	unmap(1);
	map();
}
static void timer(void)
{
	mc_assert(dmap_flush(space, true) >= 0);
}

static void timer_twice(void)
{
	timer();
	timer();
}

static void lost_queue(void)
{
	dead = true;
	mc_assert(dmap_flush(space, false) != 1);
	dead = false;
}

/* What was unmapped comes free, once, at the latest now; and nothing else. */
static void check(void)
{
	mc_assert(dmap_space_destroy(space) == 0);
	for (unsigned p = 1; p < PAGES; p++)
		mc_assert(plat_load_relaxed(&freed[p]) == !plat_load_relaxed(&entry[p]));
	mc_assert(tables_released == (uint64_t)!entry[LONG] + !entry[LONG + 1]);
}

#define TWO(a, b) { ON(a, 0), ON(b, 1) }
#define THREE(a, b, c) { ON(a, 0), ON(b, 1), ON(c, 1) }
#define WITH_IRQ(a, b) { ON(a, 0), IRQ(b, 0) }
#define ARGS(...) __VA_ARGS__
#define MODEL(name_, init_, threads, plats_, quick_, full_) \
	{ .name = name_, .init = init_, .thread = threads, .fini = check, .plats = plats_, \
	  .quick = { .preempt = quick_, .stale = 1 }, .full = { .preempt = full_, .stale = 2 } }

static const struct mc_model models[] = {
	MODEL("push-flush", init_eager, ARGS(TWO(unmap_1_2, unmap_3)), MC_ALL, 2, 2),
	MODEL("push-flush-async", init_async, ARGS(TWO(unmap_1, unmap_2)), MC_ALL, 2, 3),
	MODEL("pairs", init_pairs, ARGS(TWO(unmap_1_2_3, unmap_4)), MC_USER, 2, 3),
	MODEL("one-queue", init_shared, ARGS(TWO(unmap_1, unmap_2)), MC_USER, 2, 3),
	MODEL("long-entry", init_eager, ARGS(TWO(unmap_long, unmap_2)), MC_USER, 2, 3),
	MODEL("long-flush", init_quiet, ARGS(TWO(unmap_long, flush)), MC_USER, 2, 3),
	MODEL("long-lap", init_long_lap, ARGS(TWO(unmap_2_long, flush)), MC_USER, 2, 2),
	MODEL("lap", init_lap, ARGS(TWO(unmap_1_2, flush)), MC_USER, 2, 3),
	MODEL("full", init_full, ARGS(TWO(unmap_1_2, flush)), MC_USER, 2, 2),
	MODEL("full-interrupt", init_full, ARGS(WITH_IRQ(unmap_1_2, unmap_3)),
	      MC_USER | MC_KERNEL, 2, 2),
	MODEL("flush-all", init_quiet, ARGS(TWO(unmap_1_2, flush)), MC_ALL, 2, 3),
	MODEL("flush-all-twice", init_quiet, ARGS(THREE(unmap_1, flush, flush)), MC_USER, 2, 2),
	MODEL("flush-all-and-push", init_quiet, ARGS(THREE(unmap_1, flush, unmap_2)),
	      MC_USER, 2, 2),
	MODEL("timer", init_aged, ARGS(TWO(unmap_1_2, timer)), MC_USER, 2, 2),
	MODEL("timer-twice", init_aged, ARGS(TWO(unmap_1, timer_twice)), MC_USER, 2, 3),
	MODEL("failed-flush", init_quiet, ARGS(TWO(unmap_1_2, lost_queue)), MC_USER, 1, 2),
	MODEL("interrupt", init_eager, ARGS(WITH_IRQ(unmap_1, unmap_2)), MC_USER | MC_KERNEL, 2, 2),
	MODEL("interrupt-long", init_pairs, ARGS(WITH_IRQ(unmap_1_2, unmap_long)),
	      MC_USER | MC_KERNEL, 2, 2),
	MODEL("interrupt-and-flush", init_quiet,
	      ARGS({ { unmap_1, 0, 0 }, { unmap_2, 0, MC_IRQ }, { flush, 1, 0 } }), MC_KERNEL, 2, 2),
	MODEL("cold", init_cold, ARGS(TWO(unmap_1, flush)), MC_USER, 2, 2),
	MODEL("inbox", init_home_eager, ARGS(TWO(unmap_1, unmap_2)), MC_ALL, 2, 3),
	MODEL("inbox-async", init_home_async, ARGS(TWO(unmap_1_map, unmap_2)), MC_USER, 2, 2),
	MODEL("inbox-two", init_home, ARGS({ { unmap_1, 1, 0 }, { unmap_2, 1, MC_IRQ }, { flush, 0, 0 } }),
	      MC_USER | MC_KERNEL, 2, 2),
	MODEL("inbox-give-back", init_home, ARGS(THREE(map, unmap_1, flush)), MC_USER, 2, 2),
	MODEL("inbox-timer", init_home_aged, ARGS(TWO(unmap_1_map, timer_twice)), MC_USER, 2, 2),
	MODEL("inbox-cold", init_home_cold, ARGS({ { map, 0, 0 }, { unmap_1, 1, 0 } }), MC_USER, 2, 2),
	MODEL("strict", init_strict, ARGS(TWO(unmap_1_2_3, unmap_4)), MC_ALL, 2, 2),
	{ .name = "move", .init = init_quiet, .thread = THREE(unmap_1, flush, unmap_3),
	  .fini = check, .quick = { .preempt = 1, .migrate = 1 },
	  .full = { .preempt = 1, .stale = 1, .spurious = 1, .migrate = 1 } },
	{ .name = "no-memory", .init = init_cold, .thread = TWO(unmap_1, unmap_2),
	  .fini = check, .quick = { .preempt = 1, .alloc_fail = 1 },
	  .full = { .preempt = 2, .stale = 1, .alloc_fail = 2 } },
};

int main(int argc, char **argv)
{
	return mc_main(argc, argv, models, sizeof(models) / sizeof(models[0]));
}

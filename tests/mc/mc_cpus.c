/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * mc_cpus.c - self-tests of CPU-local steps, interrupts, fences over CPUs,
 * grace periods and histories: each right way passes, each wrong way is found.
 */
#include "mc.h"

/* More than a step can be aborted within any bounds: by pre-emptions, or for no reason. */
#define TRIES 16

static struct plat_words words;
static void *cell;
static uint64_t counter[2];
static uint32_t done;

static void nothing(void)
{
}

static void own_0(void)
{
	cell = &words;
	words.word[0].ctl = 0ull << PLAT_CTL_OWN_SHIFT | PLAT_CTL_OPEN;
}

/* Takes granule @bit of the owned word; a few aborted steps are tried again. */
static int take(unsigned bit)
{
	int r = PLAT_WORD_FOREIGN;

	for (int i = 0; i < TRIES && r == PLAT_WORD_FOREIGN; i++)
		r = plat_word_take(&cell, 0, 1ull << bit | 1ull << (bit + 32), 1ull << bit);
	return r;
}

static void take_0(void)
{
	mc_assert(take(0) == PLAT_WORD_OK);
}
static void take_1(void)
{
	mc_assert(take(1) == PLAT_WORD_OK);
}
static void take_2(void)
{
	mc_assert(take(2) == PLAT_WORD_OK);
}
static void took_012(void)
{
	mc_assert(words.word[0].state == 7);
}
/* What steps are made to prevent: the same with a load and a store. */
static void store_1(void)
{
	plat_store_relaxed(&words.word[0].state, plat_load_relaxed(&words.word[0].state) | 2);
}
static void take_put_0(void)
{
	int r = PLAT_WORD_FOREIGN;

	if (take(0) != PLAT_WORD_OK)
		return;
	plat_fetch_add_relaxed(&counter[0], 1);
	for (int i = 0; i < TRIES && r == PLAT_WORD_FOREIGN; i++)
		r = plat_word_put(&cell, 0, 1ull << 32 | 1, 1);
	mc_assert(r == PLAT_WORD_OK);
	plat_fetch_add_relaxed(&counter[0], -1);
}
static void both_take_0(void)
{
	if (take(0) == PLAT_WORD_OK)
		plat_fetch_add_relaxed(&counter[0], 1);
}
static void took_0(void)
{
	mc_assert(words.word[0].state == counter[0]);
}
/* A free from another CPU goes to the control word; the owner collects it. */
static void put_remote(void)
{
	if (plat_load_acquire(&done))
		plat_fetch_or_full(&words.word[0].ctl, 1);
}
static void take_collect(void)
{
	int r = PLAT_WORD_FOREIGN;

	take_0();
	plat_store_release(&done, 1);
	mc_assert(take(0) == PLAT_WORD_MISMATCH);
	if (!(plat_load_relaxed(&words.word[0].ctl) & 1))
		return;
	for (int i = 0; i < TRIES && r == PLAT_WORD_FOREIGN; i++)
		r = plat_word_collect(&cell, 0, 1);
	mc_assert(r == PLAT_WORD_OK);
	plat_fetch_and_full(&words.word[0].ctl, ~1ull);
	take_0();
}
static void collected(void)
{
	mc_assert(words.word[0].state == 1);
}

static int fence_0(void)
{
	return plat_fence_cpus(0);
}
static int fence_0_reading(void)
{
	return plat_fence_cpus_reading(0);
}

/* Taking a word from its owner: it must know, and a step under way must be over. */
static void steal(int (*fence)(void))
{
	uint64_t ctl = plat_load_relaxed(&words.word[0].ctl);
	uint64_t busy = (ctl & ~PLAT_CTL_OWN) | (uint64_t)PLAT_OWN_BUSY << PLAT_CTL_OWN_SHIFT;
	uint64_t w;

	mc_assert(plat_cas_full(&words.word[0].ctl, ctl, busy));
	if (fence)
		mc_assert(fence() == 0);
	w = plat_load_relaxed(&words.word[0].state);
	plat_store_relaxed(&words.word[0].state, w | 2);
	plat_store_release(&done, 1);
}
static void steal_fence(void)
{
	steal(fence_0);
}
static void steal_no_fence(void)
{
	steal(NULL);
}
/* From inside a section, for whose end somebody may be waiting. */
static void steal_reading(void)
{
	plat_read_lock();
	steal(fence_0_reading);
	plat_read_unlock();
}
static void steal_reading_no_fence(void)
{
	plat_read_lock();
	steal(NULL);
	plat_read_unlock();
}
static void try_take_0(void)
{
	if (take(0) == PLAT_WORD_OK)
		plat_fetch_add_relaxed(&counter[0], 1);
}
static void try_take_0_wait(void)
{
	try_take_0();
	plat_synchronize();
}
/* Of two steps one may begin after the fence was asked for, and not know it yet. */
static void try_take_0_2(void)
{
	try_take_0();
	if (take(2) == PLAT_WORD_OK)
		plat_fetch_add_relaxed(&counter[0], 4);
}
static void stolen(void)
{
	mc_assert(words.word[0].state == (2 | counter[0]));
}

/* Replacing what the cell points to: after the fence no step touches the old words. */
static void cell_init(void)
{
	struct plat_words *w = plat_mem_default.alloc(NULL, sizeof(*w), 64);

	w->word[0].ctl = words.word[0].ctl = PLAT_CTL_OPEN;
	cell = w;
}
static void replace(bool fence)
{
	void *old = plat_load_relaxed(&cell);

	plat_store_release(&cell, &words);
	if (fence)
		mc_assert(plat_fence_cpus(0) == 0);
	plat_mem_default.free(NULL, old, sizeof(struct plat_words), 64);
}
static void replace_fence(void)
{
	replace(true);
}
static void replace_no_fence(void)
{
	replace(false);
}

/* Counters of a CPU: plat_percpu_cas() against moves, other threads and interrupts. */
static void count(void)
{
	for (;;) {
		unsigned cpu = plat_cpu();
		uint64_t v = plat_load_relaxed(&counter[cpu]);

		if (plat_percpu_cas(&counter[cpu], v, v + 1, cpu))
			return;
	}
}
static void count_wrong(void)
{
	unsigned cpu = plat_cpu();

	plat_store_relaxed(&counter[cpu], plat_load_relaxed(&counter[cpu]) + 1);
}
static void counted_2(void)
{
	mc_assert(counter[0] + counter[1] == 2);
}
/* A plain counter is no counter when an interrupt on the same CPU has it too. */
static void count_plain(void)
{
	counter[0]++;
}
/* What a step publishes, a later step on the CPU may read plainly. */
static uint64_t payload;
static void publish_step(void)
{
	payload = 5;
	while (!plat_percpu_cas(&counter[0], 0, 1, 0))
		;
}
static void consume_step(void)
{
	if (plat_percpu_cas(&counter[0], 1, 2, 0))
		mc_assert(payload == 5);
}
static void consume_load(void)
{
	if (plat_load_relaxed(&counter[0]) == 1)
		mc_assert(payload == 5);
}

/* An interrupt that waits for the thread under it never ends. */
static void set_done(void)
{
	plat_store_release(&counter[0], 1);
	plat_store_release(&done, 1);
}
static void irq_spins(void)
{
	while (plat_load_acquire(&counter[0]) && !plat_load_acquire(&done))
		plat_relax();
}

/* Grace periods. */
static uint64_t *shared;
static void rcu_init(void)
{
	shared = plat_mem_default.alloc(NULL, 8, 8);
	*shared = 1;
}
static void rcu_read(void)
{
	uint64_t *p;

	plat_read_lock();
	p = plat_load_acquire(&shared);
	if (p)
		mc_assert(plat_load_relaxed(p) == 1);
	plat_read_unlock();
}
static void rcu_read_late(void)
{
	uint64_t *p;

	plat_read_lock();
	p = plat_load_acquire(&shared);
	plat_read_unlock();
	if (p)
		mc_assert(plat_load_relaxed(p) == 1);
}
static void rcu_free(void)
{
	uint64_t *p = plat_xchg_full(&shared, NULL);

	plat_synchronize();
	plat_mem_default.free(NULL, p, 8, 8);
}
static void rcu_free_early(void)
{
	uint64_t *p = plat_xchg_full(&shared, NULL);

	plat_mem_default.free(NULL, p, 8, 8);
	plat_synchronize();
}
static void rcu_inside(void)
{
	plat_read_lock();
	plat_synchronize();
	plat_read_unlock();
}
static void rcu_leak(void)
{
	plat_xchg_full(&shared, NULL);
}

#define B(p, st, sp, mi) { .preempt = p, .stale = st, .spurious = sp, .migrate = mi }
#define MODEL(name_, plats_, init_, check, bad, move, ...) \
	{ .name = name_, .init = init_, .thread = { __VA_ARGS__ }, .fini = check, \
	  .quick = B(3, 2, 1, move), .full = B(4, 3, 2, move), .plats = plats_, .expect = bad }
#define STEPS (MC_USER | MC_KERNEL)

static const struct mc_model models[] = {
	MODEL("take-take", STEPS, own_0, took_012, NULL, 0, { take_0, 0, 0 }, { take_1, 0, 0 },
	     { take_2, 0, MC_IRQ }),
	MODEL("take-store", STEPS, own_0, took_012, "does not hold", 0, { take_0, 0, 0 },
	     { store_1, 0, 0 }, { take_2, 0, 0 }),
	MODEL("take-put", STEPS, own_0, took_0, NULL, 0, { take_put_0, 0, 0 }, { both_take_0, 1, 0 },
	     { both_take_0, 0, MC_IRQ }),
	MODEL("take-collect", STEPS, own_0, collected, NULL, 0, { take_collect, 0, 0 },
	      { put_remote, 1, 0 }),
	MODEL("steal", STEPS, own_0, stolen, NULL, 0, { try_take_0, 0, 0 }, { steal_fence, 1, 0 }),
	MODEL("steal-2", STEPS, own_0, stolen, NULL, 0, { try_take_0_2, 0, 0 },
	      { steal_fence, 1, 0 }),
	MODEL("steal-no-fence", STEPS, own_0, stolen, "does not hold", 0, { try_take_0, 0, 0 },
	     { steal_no_fence, 1, 0 }),
	MODEL("steal-reading", STEPS, own_0, stolen, NULL, 0, { try_take_0_wait, 0, 0 },
	      { steal_reading, 1, 0 }),
	MODEL("steal-reading-no-fence", STEPS, own_0, stolen, "does not hold", 0,
	      { try_take_0, 0, 0 }, { steal_reading_no_fence, 1, 0 }),
	MODEL("replace", STEPS, cell_init, nothing, NULL, 0, { try_take_0, 0, 0 },
	     { replace_fence, 1, 0 }),
	MODEL("replace-no-fence", STEPS, cell_init, nothing, "data race", 0, { try_take_0, 0, 0 },
	     { replace_no_fence, 1, 0 }),
	MODEL("percpu", STEPS, nothing, counted_2, NULL, 1, { count, 0, 0 }, { count, 0, MC_IRQ },
	     { nothing, 1, 0 }),
	MODEL("percpu-2", STEPS, nothing, counted_2, NULL, 1, { count, 0, 0 }, { count, 1, 0 }),
	MODEL("percpu-store", STEPS, nothing, counted_2, "does not hold", 1, { count_wrong, 0, 0 },
	     { count_wrong, 0, MC_IRQ }),
	MODEL("percpu-plain", STEPS, nothing, counted_2, "data race", 0, { count_plain, 0, 0 },
	     { count_plain, 0, MC_IRQ }),
	MODEL("percpu-payload", STEPS, nothing, nothing, NULL, 0, { publish_step, 0, 0 },
	     { consume_step, 0, 0 }),
	MODEL("percpu-payload-load", STEPS, nothing, nothing, "data race", 0, { publish_step, 0, 0 },
	     { consume_load, 0, 0 }),
	MODEL("irq-spins", MC_ALL, nothing, nothing, "livelock", 0, { set_done, 0, 0 },
	     { irq_spins, 0, MC_IRQ }),
	MODEL("rcu", MC_ALL, rcu_init, nothing, NULL, 0, { rcu_read, 0, 0 }, { rcu_free, 1, 0 },
	     { rcu_read, 0, MC_IRQ }),
	MODEL("rcu-early", MC_ALL, rcu_init, nothing, "data race", 0, { rcu_read, 0, 0 },
	     { rcu_free_early, 1, 0 }),
	MODEL("rcu-late", MC_ALL, rcu_init, nothing, "data race", 0, { rcu_read_late, 0, 0 },
	     { rcu_free, 1, 0 }),
	MODEL("rcu-inside", MC_ALL, nothing, nothing, "inside a read-side section", 0,
	     { rcu_inside, 0, 0 }),
	MODEL("leak", MC_ALL, rcu_init, nothing, "leak", 0, { rcu_leak, 0, 0 }),
};

int main(int argc, char **argv)
{
	return mc_main(argc, argv, models, sizeof(models) / sizeof(models[0]));
}

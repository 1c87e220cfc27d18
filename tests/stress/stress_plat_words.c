/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * stress_plat_words.c - no CPU-local step is lost or done twice.
 *
 * Workers take and put single bits of per-CPU words and count with
 * plat_percpu_cas(), while a mover throws them from CPU to CPU and sends signals
 * whose handler runs the same steps, and a thief takes words away with
 * plat_fence_cpus() and looks whether anyone still stores to them.
 *
 *  - a bit that was taken belongs to one taker until it is put: holder[];
 *  - increments that reported success are all in the counters;
 *  - a word whose owner is PLAT_OWN_BUSY does not change after the fence.
 */
#define _GNU_SOURCE
#include "plat.h"
#include "tap.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#define CPUS 64u
#define WORKERS 3u
#define HELD 6u /* bits a worker holds before it puts them back */

static struct plat_words words[CPUS];
static void *cell = words;
static uint8_t holder[CPUS][64];
static struct {
	uint64_t count;
} plat_aligned(PLAT_CACHELINE) counter[CPUS];

static struct worker {
	pthread_t thread;
	uint64_t seed, steps, counted, overlaps;
} workers[WORKERS];
static __thread struct worker *me;

static uint64_t lost_bits, signal_steps, signal_overlaps, thefts, stolen_stores;
static pid_t tids[WORKERS];
static bool stop;

/* Take one bit of this CPU's word; false: not done. */
static bool take(unsigned cpu, unsigned bit, uint64_t *overlaps)
{
	uint64_t pat = 1ull << bit;

	if (plat_word_take(&cell, cpu * sizeof(words[0]), pat, pat) != PLAT_WORD_OK)
		return false;
	if (plat_xchg_full(&holder[cpu][bit], 1))
		plat_fetch_add_relaxed(overlaps, 1);
	return true;
}

/* Only the owner can put in this test: go back to @cpu, and wait out the thief. */
static void put(unsigned cpu, unsigned bit)
{
	uint64_t pat = 1ull << bit;
	cpu_set_t set;
	int res;

	plat_store_release(&holder[cpu][bit], 0);
	for (;;) {
		res = plat_word_put(&cell, cpu * sizeof(words[0]), pat, pat);
		if (res == PLAT_WORD_OK)
			return;
		if (res != PLAT_WORD_FOREIGN) {
			plat_fetch_add_relaxed(&lost_bits, 1);
			return;
		}
		CPU_ZERO(&set);
		CPU_SET(cpu, &set);
		sched_setaffinity(0, sizeof(set), &set);
	}
}

static void bump(uint64_t *counted)
{
	unsigned cpu = plat_cpu();
	uint64_t old;

	if (cpu >= CPUS)
		return;
	old = plat_load_relaxed(&counter[cpu].count);
	if (plat_percpu_cas(&counter[cpu].count, old, old + 1, cpu))
		plat_fetch_add_relaxed(counted, 1);
}

/* A whole take and put inside the interrupted thread, perhaps inside its own step. */
static void on_signal(int sig)
{
	static uint64_t seed = 1;
	unsigned cpu = plat_cpu();
	unsigned bit = (unsigned)(plat_fetch_add_relaxed(&seed, 7) % 64);

	(void)sig;
	if (!me || cpu >= CPUS)
		return;
	bump(&me->counted);
	if (!take(cpu, bit, &signal_overlaps))
		return;
	plat_fetch_add_relaxed(&signal_steps, 1);
	put(cpu, bit);
}

static void *work(void *arg)
{
	struct worker *w = arg;
	unsigned cpu[HELD], bit[HELD];

	me = w;
	tids[w - workers] = (pid_t)syscall(SYS_gettid);
	while (!plat_load_relaxed(&stop)) {
		unsigned n = 0;

		for (unsigned i = 0; i < 64 && n < HELD; i++) {
			cpu[n] = plat_cpu();
			bit[n] = (unsigned)(tap_random(&w->seed) % 64);
			if (cpu[n] < CPUS && take(cpu[n], bit[n], &w->overlaps))
				n++;
			bump(&w->counted);
		}
		w->steps += n;
		while (n--)
			put(cpu[n], bit[n]);
	}
	me = NULL;
	return NULL;
}

static void *move(void *arg)
{
	uint64_t seed = *(uint64_t *)arg;
	unsigned nr_cpus = plat_cpu_count();

	while (!plat_load_relaxed(&stop)) {
		cpu_set_t set;
		pid_t tid = plat_load_relaxed(&tids[tap_random(&seed) % WORKERS]);

		CPU_ZERO(&set);
		CPU_SET(tap_random(&seed) % nr_cpus, &set);
		if (tid && tap_random(&seed) % 4 == 0)
			sched_setaffinity(tid, sizeof(set), &set);
		else if (tid)
			syscall(SYS_tgkill, getpid(), tid, SIGUSR1);
		usleep(20);
	}
	return NULL;
}

static void fence(unsigned cpu, bool reading)
{
	if (!reading) {
		plat_fence_cpus(cpu);
		return;
	}
	plat_read_lock();
	plat_fence_cpus_reading(cpu);
	plat_read_unlock();
}

static void *steal(void *arg)
{
	uint64_t seed = *(uint64_t *)arg;
	unsigned nr_cpus = plat_cpu_count() < CPUS ? plat_cpu_count() : CPUS;

	while (!plat_load_relaxed(&stop)) {
		unsigned cpu = (unsigned)(tap_random(&seed) % nr_cpus);
		uint64_t mine = (uint64_t)cpu << PLAT_CTL_OWN_SHIFT | PLAT_CTL_OPEN;
		uint64_t busy = (uint64_t)PLAT_OWN_BUSY << PLAT_CTL_OWN_SHIFT | PLAT_CTL_OPEN;
		uint64_t before;

		plat_cas_full(&words[cpu].word[0].ctl, mine, busy);
		fence(thefts & 1 ? cpu : PLAT_CPU_NONE, thefts & 2);
		before = plat_load_relaxed(&words[cpu].word[0].state);
		usleep(20);
		stolen_stores += before != plat_load_relaxed(&words[cpu].word[0].state);
		plat_cas_full(&words[cpu].word[0].ctl, busy, mine);
		thefts++;
		usleep(100);
	}
	return NULL;
}

static void run(uint64_t seed)
{
	struct sigaction sa = { .sa_handler = on_signal, .sa_flags = SA_RESTART };
	pthread_t mover, thief;
	uint64_t seeds[2] = { seed + 100, seed + 200 };

	for (unsigned i = 0; i < CPUS; i++)
		words[i].word[0].ctl = (uint64_t)i << PLAT_CTL_OWN_SHIFT | PLAT_CTL_OPEN;
	sigaction(SIGUSR1, &sa, NULL);
	for (unsigned i = 0; i < WORKERS; i++) {
		workers[i].seed = seed + i;
		pthread_create(&workers[i].thread, NULL, work, &workers[i]);
	}
	pthread_create(&mover, NULL, move, &seeds[0]);
	pthread_create(&thief, NULL, steal, &seeds[1]);
	for (uint64_t end = tap_now_ns() + (tap_long() ? 30 : 2) * 1000000000ull;
	     tap_now_ns() < end;)
		usleep(10000);
	plat_store_relaxed(&stop, true);
	/* The thief first: nobody can put while a word is away. */
	pthread_join(thief, NULL);
	pthread_join(mover, NULL);
	for (unsigned i = 0; i < WORKERS; i++)
		pthread_join(workers[i].thread, NULL);
}

int main(void)
{
	uint64_t steps = 0, overlaps = 0, counted = 0, counters = 0, left = 0;

	if (!plat_percpu_ok()) {
		printf("no CPU-local steps here\n");
		return 77;
	}
	run(tap_seed());
	for (unsigned i = 0; i < WORKERS; i++) {
		steps += workers[i].steps;
		overlaps += workers[i].overlaps;
		counted += workers[i].counted;
	}
	for (unsigned i = 0; i < CPUS; i++) {
		counters += counter[i].count;
		left |= words[i].word[0].state;
	}
	printf("# %llu steps, %llu in signal handlers, %llu thefts, %llu counted\n",
	       (unsigned long long)steps, (unsigned long long)signal_steps,
	       (unsigned long long)thefts, (unsigned long long)counted);
	tap_ok(steps > 1000 && signal_steps > 100 && thefts > 10 && counted > 1000,
	       "everything happened");
	tap_ok(overlaps + signal_overlaps == 0, "no bit had two holders");
	tap_ok(lost_bits == 0, "no taken bit vanished");
	tap_ok(left == 0, "every bit came back");
	tap_ok(counters == counted, "no increment was lost");
	tap_ok(stolen_stores == 0, "no store to a word that was taken away");
	return tap_done();
}

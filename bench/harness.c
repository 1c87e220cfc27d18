// SPDX-License-Identifier: GPL-2.0-only OR MIT
/* harness.c - clocks, pinning and single-thread measurement. */
#define _GNU_SOURCE
#include "harness.h"

#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <x86intrin.h>

#include "harness_int.h"
#include "stats.h"

#if __has_include(<valgrind/callgrind.h>)
#include <valgrind/callgrind.h>
#else
#define CALLGRIND_TOGGLE_COLLECT ((void)0)
#endif

/* A single call that takes longer than this may have been preempted: see bench_stop(). */
#define LONG_CALL_NS 20000

bool bench_counting;
uint64_t bench_counted, bench_ticks;
int bench_cpu[2] = { -1, -1 };

static double tsc_per_ns;
static uint64_t tsc_cost; /* of a back-to-back start/stop pair */

void bench_die(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fputs("bench: ", stderr);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
	va_end(args);
	exit(1);
}

/* The fences keep the call inside the pair. */
static uint64_t tsc_begin(void)
{
	uint64_t t;

	_mm_lfence();
	t = __rdtsc();
	_mm_lfence();
	return t;
}

static uint64_t tsc_end(void)
{
	unsigned aux;
	uint64_t t = __rdtscp(&aux);

	_mm_lfence();
	return t;
}

/*
 * What runs between two of these is counted: by callgrind, and by the time-stamp counter,
 * for machines where that counts instructions.
 */
static void count_toggle(void)
{
	static uint64_t begun;

	if (begun)
		bench_ticks += tsc_end() - begun - tsc_cost;
	CALLGRIND_TOGGLE_COLLECT;
	begun = begun ? 0 : tsc_begin();
}

static void calibrate(void)
{
	uint64_t w0 = bench_wall_ns(), t0 = tsc_begin();
	int i;

	while (bench_wall_ns() - w0 < 20000000)
		;
	tsc_per_ns = (double)(tsc_end() - t0) / (double)(bench_wall_ns() - w0);
	tsc_cost = UINT64_MAX;
	for (i = 0; i < 20000; i++) {
		uint64_t t = tsc_begin(), d = tsc_end() - t;

		tsc_cost = d < tsc_cost ? d : tsc_cost;
	}
}

void bench_pin(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		bench_die("cannot run on CPU %d", cpu);
}

void bench_init(void)
{
	cpu_set_t set;
	int cpu, n = 0;

	if (sched_getaffinity(0, sizeof(set), &set))
		bench_die("cannot read the set of CPUs to run on");
	for (cpu = 0; cpu < CPU_SETSIZE && n < 2; cpu++)
		if (CPU_ISSET(cpu, &set))
			bench_cpu[n++] = cpu;
	bench_pin(bench_cpu[0]);
	calibrate();
}

const struct bench_side *bench_find(const struct bench_side *const *tables, const char *name)
{
	const struct bench_side *side;

	for (; *tables; tables++)
		for (side = *tables; side->name; side++)
			if (!strcmp(side->name, name))
				return side;
	return NULL;
}

static double count_loop(bench_loop *loop, void *state, long n)
{
	loop(state, n);
	count_toggle();
	loop(state, n);
	count_toggle();
	bench_counted += (uint64_t)n;
	return 1;
}

double bench_time(bench_loop *loop, void *state, long chunk, unsigned budget_ms)
{
	uint64_t budget = budget_ms * 1000000ull, ns = 0, t;
	long ops = 0;

	if (bench_counting)
		return count_loop(loop, state, 8 * chunk);
	/* Warm up, and find a chunk of which there are some 16 in the budget. */
	for (;;) {
		t = bench_cpu_ns();
		loop(state, chunk);
		t = bench_cpu_ns() - t;
		if (t >= budget / 16)
			break;
		chunk *= 2;
	}
	do {
		t = bench_cpu_ns();
		loop(state, chunk);
		ns += bench_cpu_ns() - t;
		ops += chunk;
	} while (ns < budget);
	return (double)ns / (double)ops;
}

void bench_start(struct bench_stamp *stamp)
{
	stamp->cpu = bench_cpu_ns();
	stamp->tsc = tsc_begin();
}

double bench_stop(const struct bench_stamp *stamp)
{
	uint64_t ticks = tsc_end() - stamp->tsc;
	double ns = ticks > tsc_cost ? (double)(ticks - tsc_cost) / tsc_per_ns : 0;

	if (ns > LONG_CALL_NS) {
		double cpu = (double)(bench_cpu_ns() - stamp->cpu);

		return cpu < ns ? cpu : ns;
	}
	/* Zero would be no measurement: a quarter of a tick is what is left of it. */
	return ns > 0 ? ns : 0.25 / tsc_per_ns;
}

double bench_windows(void (*timed)(void *state), void (*untimed)(void *state), void *state,
		     unsigned windows)
{
	double *ns, median;
	unsigned i;

	if (bench_counting) {
		timed(state);
		untimed(state);
		count_toggle();
		timed(state);
		count_toggle();
		untimed(state);
		bench_counted++;
		return 1;
	}
	ns = malloc(windows * sizeof(*ns));
	if (!ns)
		bench_die("no memory");
	for (i = 0; i < windows; i++) {
		struct bench_stamp stamp;

		bench_start(&stamp);
		timed(state);
		ns[i] = bench_stop(&stamp);
		untimed(state);
	}
	median = stats_median(ns, windows);
	free(ns);
	return median;
}

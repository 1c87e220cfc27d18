// SPDX-License-Identifier: GPL-2.0-only OR MIT
/* harness_threads.c - two threads at once, and again if either was preempted. */
#define _GNU_SOURCE
#include "harness.h"

#include <pthread.h>
#include <sched.h>
#include <sys/resource.h>

#include "harness_int.h"
#include "peers/peer.h"
#include "stats.h"

/*
 * Runs are short, so that most of them fit between two ticks of the scheduler,
 * and long enough for the start-up of a thread (a microsecond) not to matter.
 */
#define RUN_NS 1000000
#define RUNS 11
#define MAX_TRIES 200
/* Before the clock starts: first touches, registration of the thread. */
#define WARM_UP 256

struct worker {
	_Alignas(128) struct pair_run *run;
	int id;
	uint64_t ns;
	bool preempted;
};

struct pair_run {
	bench_body *body;
	void *state;
	long n;
	struct worker worker[2];
	_Alignas(128) int ready;
	_Alignas(128) int started;
};

static long preemptions(void)
{
	struct rusage usage;

	getrusage(RUSAGE_THREAD, &usage);
	return usage.ru_nivcsw;
}

/* Returns once both threads have called it on the same counter. */
static void meet(int *counter)
{
	__atomic_fetch_add(counter, 1, __ATOMIC_SEQ_CST);
	while (__atomic_load_n(counter, __ATOMIC_ACQUIRE) != 2)
		;
}

static void *worker_main(void *arg)
{
	static const struct sched_param real_time = { .sched_priority = 1 };
	struct worker *w = arg;
	struct pair_run *run = w->run;
	uint64_t t;
	long before;

	bench_pin(bench_cpu[w->id]);
	peer_set_cpu((unsigned)w->id);
	run->body(run->state, w->id, WARM_UP);
	/*
	 * Where it is permitted, the milliseconds that count are run ahead of
	 * everything else; not earlier, or the thread that creates us would starve.
	 */
	meet(&run->ready);
	pthread_setschedparam(pthread_self(), SCHED_FIFO, &real_time);
	/* Before the start: a thread that loses its CPU at the start line runs alone later. */
	before = preemptions();
	meet(&run->started);
	t = bench_cpu_ns();
	run->body(run->state, w->id, run->n);
	w->ns = bench_cpu_ns() - t;
	w->preempted = preemptions() != before;
	return NULL;
}

/* Mean CPU time of the two threads in ns. */
static double run_once(struct pair_run *run, bool *preempted)
{
	pthread_t thread[2];
	int i;

	run->ready = run->started = 0;
	for (i = 0; i < 2; i++) {
		run->worker[i] = (struct worker){ .run = run, .id = i };
		if (pthread_create(&thread[i], NULL, worker_main, &run->worker[i]))
			bench_die("cannot start a thread");
	}
	for (i = 0; i < 2; i++)
		pthread_join(thread[i], NULL);
	*preempted = run->worker[0].preempted || run->worker[1].preempted;
	return (double)(run->worker[0].ns + run->worker[1].ns) / 2;
}

double bench_two(bench_body *body, void *state)
{
	struct pair_run run = { .body = body, .state = state, .n = 256 };
	double clean[RUNS], disturbed[MAX_TRIES], ns;
	size_t nr_clean = 0, nr_disturbed = 0;
	bool preempted;

	if (bench_cpu[1] < 0)
		bench_die("two-thread workloads need two CPUs");
	if (bench_counting)
		bench_die("two-thread workloads cannot be counted");
	while (run_once(&run, &preempted) < RUN_NS / 2)
		run.n *= 2;
	while (nr_clean < RUNS && nr_clean + nr_disturbed < MAX_TRIES) {
		ns = run_once(&run, &preempted) / (double)run.n;
		if (!preempted) {
			clean[nr_clean++] = ns;
			continue;
		}
		disturbed[nr_disturbed++] = ns;
		/* A busy machine: shorter runs fit between others more easily. */
		if (nr_disturbed % 50 == 0)
			run.n = run.n / 2 + 1;
	}
	return nr_clean ? stats_median(clean, nr_clean) : stats_median(disturbed, nr_disturbed);
}

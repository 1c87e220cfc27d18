/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * selftest.h - what the files of iova_selftest.ko share.
 *
 *   selftest_main.c     parameters, the list of tests, results as TAP-like lines
 *   selftest_torment.c  runs a step from tasks, timers and other CPUs' interrupts at once
 *   selftest_words.c    CPU-local steps and the fence over CPUs
 *   selftest_iova.c     libiova: who owns which address
 *   selftest_pgtbl.c    libpgtbl
 *   selftest_dmap.c     libdma over the simulated queue
 *   selftest_mem.c      memory that fails, and is counted
 */
#ifndef SELFTEST_H
#define SELFTEST_H

#define pr_fmt(fmt) "selftest: " fmt

#include <linux/atomic.h>
#include <linux/types.h>

#include "plat_mem.h"

/* One line of the result.  May be called from tasks only. */
bool st_ok(bool ok, const char *fmt, ...) __printf(2, 3);
void st_skip(const char *what, const char *why);
u64 st_random(u64 *state); /* splitmix64 */
extern unsigned int st_seconds;
extern u64 st_seed;

/*
 * Memory whose n-th allocation from now fails (0: never); bytes and blocks
 * handed out are counted.
 */
struct st_mem {
	atomic64_t blocks;
	atomic64_t calls;
	atomic64_t fail_in;
};
struct plat_mem st_mem(struct st_mem *m);

/*
 * A torment: @step runs from kernel threads that move from CPU to CPU, from a
 * timer on each CPU in hard interrupt context, and from interrupts sent by
 * other CPUs; an interrupt therefore finds its CPU anywhere inside a step.
 */
#define ST_HELD 64
struct st_actor {
	struct st_torment *t;
	unsigned int id; /* 1.. */
	bool irq;
	u64 seed;
	u64 steps;
	unsigned int nr_held;
	u64 held[ST_HELD]; /* the test's */
};

#define ST_TASKS 3
#define ST_TIMERS 8 /* CPUs that get one */
#define ST_ACTORS (ST_TASKS + ST_TIMERS + 1)

/**
 * struct st_torment - what to run
 * @step:    one step of @actor, which nobody else uses meanwhile
 * @extra:   NULL, or called over and over by one more task, which may sleep
 * @hotplug: take a CPU off and on again meanwhile
 * @priv:    the test's
 */
struct st_torment {
	void (*step)(struct st_actor *actor);
	void (*extra)(struct st_torment *t);
	bool hotplug;
	void *priv;
	/* results */
	struct st_actor actor[ST_ACTORS];
	u64 task_steps, irq_steps, extra_steps;
	u64 moves, unplugs;
	bool stop;
};
/*
 * For st_seconds, and on a slow machine until enough of everything has happened.
 * One result; false if it could not start or hardly ran.
 */
bool st_torment(struct st_torment *t, const char *name);

void st_words(void);
void st_iova(void);
void st_pgtbl(void);
void st_dmap(void);

#endif

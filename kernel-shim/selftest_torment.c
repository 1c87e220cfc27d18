// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * selftest_torment.c - one step, run from everywhere at once.
 *
 * Actors 1..ST_TASKS are tasks, then comes a timer for each CPU, and the last
 * is the interrupt that a task sends to random CPUs.  Nothing here waits for an
 * actor but the end.
 */
#include "selftest.h"

#include <linux/cpu.h>
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/hrtimer.h>
#include <linux/kthread.h>
#include <linux/sched.h>
#include <linux/smp.h>

#define IPI_ACTOR (ST_ACTORS - 1)
#define TIMEOUT_DS 600u /* tenths of a second */

struct st_timer {
	struct hrtimer timer;
	struct st_actor *actor;
};
static struct st_timer timers[ST_TIMERS];
static struct task_struct *tasks[ST_TASKS];

static bool stopped(const struct st_torment *t)
{
	return READ_ONCE(t->stop);
}

static void do_step(struct st_actor *a)
{
	a->t->step(a);
	a->steps++;
}

/* Enough to undo and redo what the interrupted step has just looked at. */
static void interrupt(struct st_actor *a)
{
	for (unsigned int n = 1 + st_random(&a->seed) % 8; n; n--)
		do_step(a);
}

/* kthread_stop() wants its thread alive. */
static int until_stopped(void)
{
	while (!kthread_should_stop())
		schedule_timeout_uninterruptible(1);
	return 0;
}

static int task_main(void *arg)
{
	struct st_actor *a = arg;

	while (!stopped(a->t)) {
		do_step(a);
		if (a->steps % 16 == 0)
			cond_resched();
	}
	return until_stopped();
}

static int extra_main(void *arg)
{
	struct st_torment *t = arg;

	while (!stopped(t)) {
		t->extra(t);
		t->extra_steps++;
		cond_resched();
	}
	return until_stopped();
}

/* Tasks get half of the CPU, however long a step takes. */
static ktime_t pause_ns(struct st_actor *a, ktime_t began)
{
	return ns_to_ktime(10000 + st_random(&a->seed) % 50000 +
			   (u64)ktime_to_ns(ktime_sub(ktime_get(), began)));
}

static enum hrtimer_restart on_timer(struct hrtimer *timer)
{
	struct st_timer *st = container_of(timer, struct st_timer, timer);
	ktime_t began = ktime_get();

	if (stopped(st->actor->t))
		return HRTIMER_NORESTART;
	interrupt(st->actor);
	hrtimer_forward_now(timer, pause_ns(st->actor, began));
	return HRTIMER_RESTART;
}

static void start_timer(void *arg)
{
	struct st_timer *st = arg;

	hrtimer_start(&st->timer, pause_ns(st->actor, ktime_get()), HRTIMER_MODE_REL_PINNED_HARD);
}

static void on_ipi(void *arg)
{
	interrupt(arg);
}

static int ipi_main(void *arg)
{
	struct st_torment *t = arg;
	struct st_actor *a = &t->actor[IPI_ACTOR];
	u64 seed = st_seed + 1000;

	while (!stopped(t)) {
		/* A CPU that is off refuses, which is fine. */
		smp_call_function_single((int)(st_random(&seed) % nr_cpu_ids), on_ipi, a, 1);
		usleep_range(10, 100);
	}
	return until_stopped();
}

/* Throws tasks from CPU to CPU. */
static int move_main(void *arg)
{
	struct st_torment *t = arg;
	u64 seed = st_seed + 1001;

	while (!stopped(t)) {
		unsigned int cpu = (unsigned int)(st_random(&seed) % nr_cpu_ids);
		struct task_struct *task = tasks[st_random(&seed) % ST_TASKS];

		/* A kernel thread may be sent to a CPU that is on its way out, and must not. */
		cpus_read_lock();
		if (cpu_online(cpu) && !set_cpus_allowed_ptr(task, cpumask_of(cpu)))
			t->moves++;
		cpus_read_unlock();
		usleep_range(100, 300);
	}
	return until_stopped();
}

static int hotplug_main(void *arg)
{
	struct st_torment *t = arg;
	unsigned int cpu = cpumask_last(cpu_online_mask);

	while (!stopped(t)) {
		if (!remove_cpu(cpu)) {
			t->unplugs++;
			msleep(20);
			if (add_cpu(cpu))
				break;
		}
		msleep(20);
	}
	return until_stopped();
}

static struct task_struct *start(int (*fn)(void *), void *arg, const char *name)
{
	struct task_struct *task = kthread_run(fn, arg, "selftest-%s", name);

	return IS_ERR(task) ? NULL : task;
}

/* Those that sleep most of the time, and are to run when they do not. */
static struct task_struct *start_first(int (*fn)(void *), void *arg, const char *name)
{
	struct task_struct *task = start(fn, arg, name);

	if (task)
		sched_set_fifo_low(task);
	return task;
}

static void stop(struct task_struct *task)
{
	if (task)
		kthread_stop(task);
}

static void prepare(struct st_torment *t)
{
	t->stop = false;
	t->task_steps = t->irq_steps = t->extra_steps = t->moves = t->unplugs = 0;
	for (unsigned int i = 0; i < ST_ACTORS; i++) {
		t->actor[i] = (struct st_actor){ .t = t, .id = i + 1, .irq = i >= ST_TASKS,
						 .seed = st_seed + i };
		if (i < ST_TASKS || i == IPI_ACTOR)
			continue;
		timers[i - ST_TASKS].actor = &t->actor[i];
		hrtimer_init(&timers[i - ST_TASKS].timer, CLOCK_MONOTONIC,
			     HRTIMER_MODE_REL_PINNED_HARD);
		timers[i - ST_TASKS].timer.function = on_timer;
	}
}

static bool enough(struct st_torment *t)
{
	t->task_steps = t->irq_steps = 0;
	for (unsigned int i = 0; i < ST_ACTORS; i++)
		*(t->actor[i].irq ? &t->irq_steps : &t->task_steps) += READ_ONCE(t->actor[i].steps);
	return t->task_steps > 5000 && t->irq_steps > 2000 && t->moves > 10 &&
	       (!t->extra || t->extra_steps > 20) && (!t->hotplug || t->unplugs > 2);
}

bool st_torment(struct st_torment *t, const char *name)
{
	struct task_struct *ipi = NULL, *move = NULL, *extra = NULL, *hotplug = NULL;
	bool started = true;
	unsigned int i;

	prepare(t);
	for (i = 0; i < ST_TASKS; i++)
		started &= !!(tasks[i] = start(task_main, &t->actor[i], "task"));
	if (started) {
		for (i = 0; i < min(nr_cpu_ids, ST_TIMERS); i++)
			smp_call_function_single((int)i, start_timer, &timers[i], 1);
		started &= !!(ipi = start_first(ipi_main, t, "ipi"));
		started &= !!(move = start_first(move_main, t, "move"));
		started &= !t->extra || (extra = start_first(extra_main, t, "extra"));
		started &= !t->hotplug || (hotplug = start_first(hotplug_main, t, "hotplug"));
		for (i = 0; i < st_seconds * 10 || (!enough(t) && i < TIMEOUT_DS); i++)
			msleep(100);
	}
	WRITE_ONCE(t->stop, true);
	stop(hotplug);
	stop(extra);
	stop(move);
	stop(ipi);
	for (i = 0; i < ST_TIMERS; i++)
		hrtimer_cancel(&timers[i].timer);
	for (i = 0; i < ST_TASKS; i++)
		stop(tasks[i]);
	return st_ok(started && enough(t),
		     "%s: ran (%llu steps, %llu in interrupts, %llu moves, %llu unplugs)", name,
		     t->task_steps, t->irq_steps, t->moves, t->unplugs);
}

/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* test_plat_user.c - grace periods, CPU fences, fork, threads that come and go, memory. */
#define _GNU_SOURCE
#include "plat.h"
#include "unit/unit.h"

#include <pthread.h>
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

UNIT_RUN_TWICE();

Test(cpu, numbers)
{
	cr_assert_geq(plat_cpu_count(), 1);
	cr_assert_neq(plat_cpu(), PLAT_CPU_NONE);
	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
		cpu_set_t set;

		CPU_ZERO(&set);
		CPU_SET(cpu, &set);
		if (sched_setaffinity(0, sizeof(set), &set))
			continue;
		cr_assert_eq(plat_cpu(), (unsigned)cpu);
	}
}

Test(cpu, fences_return)
{
	cr_assert_eq(plat_fence_cpus(PLAT_CPU_NONE), 0);
	for (unsigned cpu = 0; cpu < plat_cpu_count(); cpu++)
		cr_assert_eq(plat_fence_cpus(cpu), 0);
	/* A CPU that is not there runs no step. */
	cr_assert_eq(plat_fence_cpus(PLAT_OWN_MAX_CPU), 0);
}

static int stage;

static void *reader(void *arg)
{
	(void)arg;
	plat_read_lock();
	plat_read_lock();
	plat_store_release(&stage, 1);
	while (plat_load_acquire(&stage) == 1)
		sched_yield();
	plat_read_unlock(); /* still inside */
	usleep(50000);
	plat_store_release(&stage, 3);
	plat_read_unlock();
	return NULL;
}

Test(grace_period, waits_for_an_open_section)
{
	pthread_t t;

	cr_assert_eq(pthread_create(&t, NULL, reader, NULL), 0);
	while (plat_load_acquire(&stage) != 1)
		sched_yield();
	plat_store_release(&stage, 2);
	plat_synchronize();
	cr_assert_eq(plat_load_acquire(&stage), 3);
	cr_assert_eq(pthread_join(t, NULL), 0);
}

static void *brief_reader(void *arg)
{
	(void)arg;
	plat_read_lock();
	plat_read_unlock();
	return NULL;
}

static void *wait_for_sections(void *arg)
{
	(void)arg;
	plat_store_release(&stage, 1);
	plat_synchronize();
	plat_store_release(&stage, 2);
	return NULL;
}

/* A fence from inside a section waits for no section: somebody may wait for this one. */
Test(grace_period, is_not_waited_for_by_a_fence)
{
	pthread_t t;

	plat_read_lock();
	cr_assert_eq(pthread_create(&t, NULL, wait_for_sections, NULL), 0);
	while (plat_load_acquire(&stage) != 1)
		sched_yield();
	usleep(20000);
	for (unsigned cpu = 0; cpu < plat_cpu_count(); cpu++)
		cr_assert_eq(plat_fence_cpus_reading(cpu), 0);
	cr_assert_eq(plat_fence_cpus_reading(PLAT_CPU_NONE), 0);
	cr_assert_eq(plat_load_acquire(&stage), 1, "the section has not ended");
	plat_read_unlock();
	cr_assert_eq(pthread_join(t, NULL), 0);
	cr_assert_eq(stage, 2);
}

/* Threads register by themselves at their first section and vanish without a word. */
Test(grace_period, forgets_threads_that_exited)
{
	for (int i = 0; i < 500; i++) {
		pthread_t t;

		cr_assert_eq(pthread_create(&t, NULL, brief_reader, NULL), 0);
		cr_assert_eq(pthread_join(t, NULL), 0);
		if (i % 50 == 0)
			plat_synchronize();
	}
	plat_synchronize();
}

static bool quit;

static void *idle_reader(void *arg)
{
	brief_reader(arg);
	plat_store_release(&stage, 1);
	while (!plat_load_acquire(&quit))
		usleep(1000);
	return NULL;
}

static struct plat_words words;
static void *cell = &words;

static int child(void)
{
	int res = PLAT_WORD_FOREIGN;
	pthread_t t;

	plat_synchronize();
	if (plat_fence_cpus(PLAT_CPU_NONE) || plat_fence_cpus(plat_cpu()))
		return 1;
	for (int i = 0; i < 1000 && res == PLAT_WORD_FOREIGN; i++) {
		words.word[0].ctl = (uint64_t)plat_cpu() << PLAT_CTL_OWN_SHIFT;
		res = plat_word_take(&cell, 0, 1, 1);
	}
	if ((res == PLAT_WORD_OK) != plat_percpu_ok())
		return 2;
	if (pthread_create(&t, NULL, brief_reader, NULL) || pthread_join(t, NULL))
		return 3;
	plat_synchronize();
	return 0;
}

/*
 * The rule of doc/userspace-guide.md is kept: no other thread is inside a call when the
 * process forks.
 */
Test(fork, child_has_grace_periods_fences_and_steps)
{
	pthread_t t;

	cr_assert_eq(pthread_create(&t, NULL, idle_reader, NULL), 0);
	while (!plat_load_acquire(&stage))
		usleep(1000);
	for (int i = 0; i < 5; i++) {
		int status;
		pid_t pid = fork();

		cr_assert_geq(pid, 0);
		if (!pid)
			_exit(child());
		cr_assert_eq(waitpid(pid, &status, 0), pid);
		cr_assert(WIFEXITED(status));
		cr_assert_eq(WEXITSTATUS(status), 0);
	}
	plat_store_release(&quit, true);
	cr_assert_eq(pthread_join(t, NULL), 0);
}

Test(memory, zeroed_and_aligned)
{
	struct plat_mem none = { NULL, NULL };

	for (size_t align = 1; align <= 65536; align *= 2) {
		for (size_t size = 1; size <= 65536; size = size * 5 + 1) {
			unsigned char *p = plat_mem_alloc(&none, size, align);

			cr_assert_not_null(p);
			cr_assert_eq((uintptr_t)p % align, 0);
			for (size_t i = 0; i < size; i++)
				cr_assert_eq(p[i], 0);
			memset(p, 0xff, size);
			plat_mem_free(&none, p, size, align);
		}
	}
	plat_mem_free(&none, NULL, 1, 1);
}

#if defined(__SANITIZE_ADDRESS__)
#define NO_HUGE_MALLOC true /* a report, whatever the answer */
#elif defined(__has_feature)
#define NO_HUGE_MALLOC __has_feature(address_sanitizer)
#else
#define NO_HUGE_MALLOC false
#endif

Test(memory, running_out_is_an_answer, .disabled = NO_HUGE_MALLOC)
{
	struct plat_mem none = { NULL, NULL };

	cr_assert_null(plat_mem_alloc(&none, (size_t)1 << 60, 4096));
}

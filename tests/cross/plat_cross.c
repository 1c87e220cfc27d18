/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * plat_cross.c - the out-of-line part of plat/user without liburcu, which cross
 * compilers rarely come with: no CPU-local steps, and grace periods by counting
 * readers.  For the smoke test alone.
 */
#define _GNU_SOURCE
#include "plat.h"

#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <unistd.h>

bool plat_user_rseq;
ptrdiff_t plat_user_rseq_off;
uint64_t plat_user_fence_word;

unsigned plat_user_cpu_slow(void)
{
	int cpu = sched_getcpu();

	return cpu < 0 ? PLAT_CPU_NONE : (unsigned)cpu;
}

unsigned plat_cpu_count(void)
{
	long n = sysconf(_SC_NPROCESSORS_CONF);

	return n < 1 ? 1 : (unsigned)n;
}

int plat_fence_cpus(unsigned cpu)
{
	(void)cpu;
	plat_mb();
	return 0;
}

/* Readers count themselves in the current phase; who waits lets each phase run empty. */
static unsigned phase;
static unsigned long readers[2];
static pthread_mutex_t waiter = PTHREAD_MUTEX_INITIALIZER;
static __thread unsigned nest, mine;

void plat_read_lock(void)
{
	if (nest++)
		return;
	for (;;) {
		mine = plat_load_acquire(&phase);
		plat_fetch_add_full(&readers[mine], 1ul);
		if (plat_load_acquire(&phase) == mine)
			return;
		plat_fetch_add_full(&readers[mine], -1ul);
	}
}

void plat_read_unlock(void)
{
	if (!--nest)
		plat_fetch_add_full(&readers[mine], -1ul);
}

void plat_synchronize(void)
{
	pthread_mutex_lock(&waiter);
	for (unsigned i = 0; i < 2; i++) {
		unsigned old = plat_load_acquire(&phase);

		plat_xchg_full(&phase, !old);
		while (plat_load_acquire(&readers[old]))
			sched_yield();
	}
	plat_mb();
	pthread_mutex_unlock(&waiter);
}

static void *libc_alloc(void *ctx, size_t size, size_t align)
{
	void *p = NULL;

	(void)ctx;
	if (posix_memalign(&p, align < sizeof(void *) ? sizeof(void *) : align, size))
		return NULL;
	return memset(p, 0, size);
}

static void libc_free(void *ctx, void *ptr, size_t size, size_t align)
{
	(void)ctx, (void)size, (void)align;
	free(ptr);
}

const struct plat_mem_ops plat_mem_default = { .alloc = libc_alloc, .free = libc_free };

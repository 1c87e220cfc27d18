// SPDX-License-Identifier: GPL-2.0-only OR MIT
/* kcompat.c - the out-of-line part of kcompat.h. */
#include "kcompat.h"

#include <pthread.h>
#include <stdio.h>
#include <sys/mman.h>

__thread unsigned long kc_cpu_off;
unsigned int kc_nr_cpus = 2;
bool peer_warned;

static struct {
	pthread_mutex_t lock;
	char *base;
	size_t used;
	void *free_list; /* freed chunks: all have the same size class, one cache line */
} percpu = { .lock = PTHREAD_MUTEX_INITIALIZER };

static void *kc_default_alloc(void *ctx, size_t size, size_t align)
{
	void *p = aligned_alloc(align, size);

	(void)ctx;
	return p ? memset(p, 0, size) : NULL;
}

static void kc_default_free(void *ctx, void *ptr, size_t size, size_t align)
{
	(void)ctx, (void)size, (void)align;
	free(ptr);
}

static const struct plat_mem_ops kc_default_ops = {
	.alloc = kc_default_alloc,
	.free = kc_default_free,
};
struct plat_mem kc_pages = { &kc_default_ops, NULL };

void kc_warn(const char *file, int line)
{
	if (!peer_warned)
		fprintf(stderr, "peer: WARN_ON at %s:%d\n", file, line);
	peer_warned = true;
}

void kc_spin_wait(spinlock_t *lock)
{
	u32 old;

	do {
		while (__atomic_load_n(&lock->val, __ATOMIC_RELAXED))
			__builtin_ia32_pause();
		old = 0;
	} while (!__atomic_compare_exchange_n(&lock->val, &old, 1, false, __ATOMIC_ACQUIRE,
					      __ATOMIC_RELAXED));
}

static void *percpu_carve(void)
{
	size_t bytes = PEER_MAX_CPUS * KC_PERCPU_UNIT;

	if (!percpu.base) {
		percpu.base = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
				   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
		if (percpu.base == MAP_FAILED)
			percpu.base = NULL;
	}
	if (!percpu.base || percpu.used + 64 > KC_PERCPU_UNIT)
		return NULL;
	percpu.used += 64;
	return percpu.base + percpu.used - 64;
}

void *kc_alloc_percpu(size_t size)
{
	unsigned int cpu;
	void *p;

	if (size > 64)
		return NULL;
	pthread_mutex_lock(&percpu.lock);
	p = percpu.free_list;
	if (p)
		percpu.free_list = *(void **)p;
	else
		p = percpu_carve();
	pthread_mutex_unlock(&percpu.lock);
	for (cpu = 0; p && cpu < PEER_MAX_CPUS; cpu++)
		memset(per_cpu_ptr(p, cpu), 0, 64);
	return p;
}

void kc_free_percpu(void *p)
{
	if (!p)
		return;
	pthread_mutex_lock(&percpu.lock);
	*(void **)p = percpu.free_list;
	percpu.free_list = p;
	pthread_mutex_unlock(&percpu.lock);
}

void peer_set_cpu(unsigned int cpu)
{
	kc_cpu_off = cpu * KC_PERCPU_UNIT;
}

int peer_set_cpu_count(unsigned int count)
{
	if (!count || count > PEER_MAX_CPUS)
		return -EINVAL;
	kc_nr_cpus = count;
	return 0;
}

void peer_set_pages(struct plat_mem pages)
{
	kc_pages = pages.ops ? pages : (struct plat_mem){ &kc_default_ops, NULL };
}

/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* test_plat_jemalloc.c - arenas counted to zero, caches that go with their thread. */
#include "plat_jemalloc.h"
#include "unit/unit.h"

#include <pthread.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define NR 1000

static struct plat_je *je;

static void setup(void)
{
	cr_assert_eq(plat_je_create(&je), 0);
}

static void *take(struct plat_mem mem, size_t size, size_t align)
{
	unsigned char *p = mem.ops->alloc(mem.ctx, size, align);

	cr_assert_not_null(p);
	cr_assert_eq((uintptr_t)p % align, 0);
	for (size_t i = 0; i < size; i++)
		cr_assert_eq(p[i], 0);
	memset(p, 0xa5, size);
	return p;
}

static void give(struct plat_mem mem, void *p, size_t size, size_t align)
{
	mem.ops->free(mem.ctx, p, size, align);
}

static struct plat_je_stats stats(void)
{
	struct plat_je_stats s;

	plat_je_stats(je, &s);
	return s;
}

Test(jemalloc, counts_blocks_bytes_and_peak, .init = setup)
{
	void *page[NR], *meta;

	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < NR; i++)
			page[i] = take(plat_je_pages(je), 4096, 4096);
		meta = take(plat_je_meta(je), 100, 64);
		cr_assert_eq(stats().page_bytes, NR * 4096);
		cr_assert_eq(stats().page_blocks, NR);
		cr_assert_eq(stats().meta_bytes, 100);
		cr_assert_eq(stats().meta_blocks, 1);
		for (int i = 0; i < NR; i++)
			give(plat_je_pages(je), page[i], 4096, 4096);
		give(plat_je_meta(je), meta, 100, 64);
		cr_assert_eq(stats().page_bytes | stats().page_blocks, 0);
		cr_assert_eq(stats().meta_bytes | stats().meta_blocks, 0);
		cr_assert_eq(stats().page_peak_bytes, NR * 4096);
		cr_assert_eq(stats().meta_peak_bytes, 100);
	}
	cr_assert_eq(plat_je_destroy(je), 0);
}

Test(jemalloc, sizes_and_alignments_are_zeroed, .init = setup)
{
	static const size_t size[] = { 1, 8, 63, 4096, 4097, 16384, 32769, 1 << 20 };
	struct plat_mem mem = plat_je_meta(je);

	for (size_t align = 1; align <= 65536; align *= 4) {
		for (unsigned i = 0; i < sizeof(size) / sizeof(size[0]); i++) {
			give(mem, take(mem, size[i], align), size[i], align);
			give(mem, take(mem, size[i], align), size[i], align);
		}
	}
	cr_assert_eq(plat_je_destroy(je), 0);
}

Test(jemalloc, destroy_reports_what_is_left, .init = setup)
{
	take(plat_je_meta(je), 24, 8);
	take(plat_je_pages(je), 4096, 4096);
	cr_assert_eq(plat_je_destroy(je), 24 + 4096);
}

Test(jemalloc, refuses_bad_arguments, .init = setup)
{
	struct plat_mem mem = plat_je_meta(je);

	cr_assert_eq(plat_je_create(NULL), -EINVAL);
	cr_assert_eq(plat_je_destroy(NULL), 0);
	cr_assert_null(mem.ops->alloc(mem.ctx, 0, 8));
	cr_assert_null(mem.ops->alloc(mem.ctx, 8, 0));
	cr_assert_null(mem.ops->alloc(mem.ctx, 8, 24));
	cr_assert_null(mem.ops->alloc(mem.ctx, SIZE_MAX, 8));
	mem.ops->free(mem.ctx, NULL, 8, 8);
	cr_assert_eq(stats().meta_blocks, 0);
	cr_assert_eq(plat_je_destroy(je), 0);
}

static void *allocate_many(void *arg)
{
	void **page = arg;

	for (int i = 0; i < NR; i++)
		page[i] = take(plat_je_pages(je), 4096, 4096);
	return NULL;
}

static void *free_many(void *arg)
{
	void **page = arg;

	for (int i = 0; i < NR; i++)
		give(plat_je_pages(je), page[i], 4096, 4096);
	return NULL;
}

static void run(void *(*fn)(void *), void *arg)
{
	pthread_t t;

	cr_assert_eq(pthread_create(&t, NULL, fn, arg), 0);
	cr_assert_eq(pthread_join(t, NULL), 0);
}

Test(jemalloc, blocks_outlive_the_thread_and_move_between_threads, .init = setup)
{
	static void *page[NR];

	for (int i = 0; i < 20; i++) {
		run(allocate_many, page);
		cr_assert_eq(stats().page_blocks, NR);
		run(free_many, page);
		cr_assert_eq(stats().page_blocks, 0);
	}
	cr_assert_eq(plat_je_destroy(je), 0);
}

/* More objects than there are cache slots; then again, in slots used before. */
Test(jemalloc, many_objects)
{
	struct plat_je *many[40];

	for (int round = 0; round < 3; round++) {
		void *p[40];

		for (int i = 0; i < 40; i++) {
			cr_assert_eq(plat_je_create(&many[i]), 0);
			p[i] = take(plat_je_pages(many[i]), 4096, 4096);
		}
		for (int i = 0; i < 40; i++) {
			give(plat_je_pages(many[i]), p[i], 4096, 4096);
			cr_assert_eq(plat_je_destroy(many[i]), 0);
		}
	}
}

static volatile bool stop;

static void *churn(void *arg)
{
	(void)arg;
	while (!__atomic_load_n(&stop, __ATOMIC_RELAXED))
		give(plat_je_pages(je), take(plat_je_pages(je), 4096, 4096), 4096, 4096);
	return NULL;
}

Test(jemalloc, fork_leaves_the_child_a_working_copy, .init = setup)
{
	void *mine = take(plat_je_pages(je), 4096, 4096);
	pthread_t t;

	cr_assert_eq(pthread_create(&t, NULL, churn, NULL), 0);
	for (int i = 0; i < 20; i++) {
		int status;
		pid_t pid = fork();

		cr_assert_geq(pid, 0);
		if (!pid) {
			void *p = plat_je_pages(je).ops->alloc(plat_je_pages(je).ctx, 4096, 4096);

			give(plat_je_pages(je), p, 4096, 4096);
			give(plat_je_pages(je), mine, 4096, 4096);
			_exit(p ? 0 : 1);
		}
		cr_assert_eq(waitpid(pid, &status, 0), pid);
		cr_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	}
	__atomic_store_n(&stop, true, __ATOMIC_RELAXED);
	cr_assert_eq(pthread_join(t, NULL), 0);
	give(plat_je_pages(je), mine, 4096, 4096);
	cr_assert_eq(plat_je_destroy(je), 0);
}

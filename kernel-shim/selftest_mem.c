// SPDX-License-Identifier: GPL-2.0-only OR MIT
/* selftest_mem.c - memory that fails when told to, and is counted. */
#include "selftest.h"
#include "plat.h"

static void *mem_alloc_near(void *ctx, size_t size, size_t align, unsigned int cpu)
{
	struct st_mem *m = ctx;
	void *p;

	/* relaxed: counts; a torment uses them without failures */
	atomic64_inc(&m->calls);
	if (atomic64_read(&m->fail_in) && !atomic64_dec_return(&m->fail_in))
		return NULL;
	p = plat_mem_default.alloc_near(NULL, size, align, cpu);
	if (p)
		atomic64_inc(&m->blocks);
	return p;
}

static void *mem_alloc(void *ctx, size_t size, size_t align)
{
	return mem_alloc_near(ctx, size, align, PLAT_CPU_NONE);
}

static void mem_free(void *ctx, void *ptr, size_t size, size_t align)
{
	struct st_mem *m = ctx;

	plat_mem_default.free(NULL, ptr, size, align);
	atomic64_dec(&m->blocks);
}

static const struct plat_mem_ops mem_ops = {
	.alloc = mem_alloc,
	.free = mem_free,
	.alloc_near = mem_alloc_near,
};

struct plat_mem st_mem(struct st_mem *m)
{
	return (struct plat_mem){ &mem_ops, m };
}

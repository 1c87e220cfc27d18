/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * mc_alloc.c - memory for the code under test.  Addresses depend only on the
 * calls made before, so that a run can be replayed.  Blocks are not reused
 * within a run (every use after free is seen) unless the model asks for it.
 */
#include "mc_int.h"

#define MC_POISON 0xdb

/* The stacks come first. */
char *mc_heap_start(void)
{
	return mc->stacks + (size_t)MC_TIDS * MC_STACK_BYTES;
}

void mc_heap_reset(void)
{
	mc->nr_blocks = 0;
	mc->heap_next = mc_heap_start();
}

/* The block around or the last one before @p; -1 if @p is in none. */
int mc_block_find(const void *p)
{
	int lo = 0, hi = (int)mc->nr_blocks - 1, best = -1;

	while (lo <= hi) {
		int mid = (lo + hi) / 2;

		if (mc->block[mid].start <= (const char *)p) {
			best = mid;
			lo = mid + 1;
		} else {
			hi = mid - 1;
		}
	}
	if (best < 0 || (const char *)p >= mc->block[best].start + mc->block[best].size)
		return -1;
	mc->last_block = (unsigned)best;
	return best;
}

static struct mc_block *mc_reusable(size_t size, size_t align)
{
	struct mc_block *b;

	if (!(mc->model->flags & MC_REUSE))
		return NULL;
	for (unsigned i = mc->nr_blocks; i-- > 0;) {
		b = &mc->block[i];
		if (b->freed && b->size == size && b->align == align)
			return b;
	}
	return NULL;
}

static struct mc_block *mc_new_block(size_t size, size_t align)
{
	struct mc_block *b = &mc->block[mc->nr_blocks];
	uintptr_t a = (uintptr_t)mc->heap_next;

	align = align < 16 ? 16 : align;
	a = (a + 16 + align - 1) & ~(uintptr_t)(align - 1); /* 16 bytes between blocks */
	if (mc->nr_blocks == MC_BLOCKS || a + size > (uintptr_t)mc->heap + MC_HEAP_BYTES)
		mc_fail("checker: out of memory for the model");
	mc->nr_blocks++;
	mc->heap_next = (char *)a + size;
	memset(b, 0, sizeof(*b));
	b->start = (char *)a;
	return b;
}

static void *mc_alloc(void *ctx, size_t size, size_t align)
{
	struct mc_thr *t = mc_self();
	struct mc_block *b;

	(void)ctx;
	if (!size || !align || align & (align - 1))
		mc_fail("allocation of %zu bytes aligned to %zu", size, align);
	if (mc->phase == MC_EXEC && mc->used.alloc_fail < mc->bound.alloc_fail && mc_pick(2)) {
		mc->used.alloc_fail++;
		mc_event("alloc fails", NULL, NULL, size, 0, 0);
		return NULL;
	}
	b = mc_reusable(size, align);
	if (b)
		mc_clk_join(&t->clk, &b->clk);
	else
		b = mc_new_block(size, align);
	b->size = size;
	b->align = align;
	b->freed = false;
	b->tid = t->tid;
	b->epoch = t->clk.hb.c[t->tid];
	b->touched = 0;
	b->alloc_pc = __builtin_return_address(0);
	mc_event("alloc", NULL, b->start, size, align, 0);
	return memset(b->start, 0, size);
}

static void mc_free(void *ctx, void *ptr, size_t size, size_t align)
{
	struct mc_thr *t = mc_self();
	int i = mc_block_find(ptr);
	struct mc_block *b = i < 0 ? NULL : &mc->block[i];

	(void)ctx;
	mc_event("free", NULL, ptr, size, align, 0);
	if (!b || b->start != ptr)
		mc_fail("free of %p, which is no block", ptr);
	if (b->freed)
		mc_fail("double free of %p, first by thread %u at %s", ptr, b->tid,
			mc_where(MC_PLAIN_WRITE, b->free_pc));
	if (b->size != size || b->align != align)
		mc_fail("free of %p with size %zu align %zu; allocated with %zu, %zu", ptr, size,
			align, b->size, b->align);
	mc_block_freed(b, __builtin_return_address(0));
	b->freed = true;
	b->tid = t->tid;
	b->free_pc = __builtin_return_address(0);
	b->clk = t->clk;
	memset(b->start, MC_POISON, size);
	mc_tick(t);
}

const struct plat_mem_ops plat_mem_default = { .alloc = mc_alloc, .free = mc_free };

size_t mc_live_bytes(void)
{
	size_t sum = 0;

	for (unsigned i = 0; i < mc->nr_blocks; i++)
		if (!mc->block[i].freed)
			sum += mc->block[i].size;
	return sum;
}

void mc_leaks(void)
{
	for (unsigned i = 0; i < mc->nr_blocks; i++)
		if (!mc->block[i].freed)
			mc_fail("leak: %zu bytes allocated by thread %u at %s", mc->block[i].size,
				mc->block[i].tid, mc_where(MC_PLAIN_WRITE, mc->block[i].alloc_pc));
}

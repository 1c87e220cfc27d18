/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Memory for metadata that may be asked for in a signal handler, where malloc()
 * may not: a bump pointer through an area that the kernel fills with zeroes.
 */
#include "iova_stress.h"

#include <sys/mman.h>

#define ARENA_BYTES (1ull << 30)

static char *base;
static uint64_t used, live;

static void *arena_alloc(void *ctx, size_t size, size_t align)
{
	uint64_t at = plat_fetch_add_relaxed(&used, size + align);

	(void)ctx;
	if (at + size + align > ARENA_BYTES)
		return NULL;
	plat_fetch_add_relaxed(&live, size);
	return base + ((at + align - 1) & ~(uint64_t)(align - 1));
}

static void arena_free(void *ctx, void *ptr, size_t size, size_t align)
{
	(void)ctx, (void)ptr, (void)align;
	plat_fetch_add_relaxed(&live, -(uint64_t)size);
}

static const struct plat_mem_ops arena_ops = { .alloc = arena_alloc, .free = arena_free };
struct plat_mem arena = { &arena_ops, NULL };

uint64_t arena_live_bytes(void)
{
	return live;
}

/* Empty and zeroed; nobody may hold anything. */
void arena_reset(void)
{
	if (base)
		munmap(base, ARENA_BYTES);
	base = mmap(NULL, ARENA_BYTES, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (base == MAP_FAILED) {
		perror("mmap");
		exit(1);
	}
	used = live = 0;
}

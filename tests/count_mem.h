/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * count_mem.h - memory functions that tests hand to a library: they count what
 * is held, check that size and alignment at free() are those of alloc(), and
 * fail when told to.  Any thread may use them.
 */
#ifndef TESTS_COUNT_MEM_H
#define TESTS_COUNT_MEM_H

#include "plat_mem.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct count_mem {
	uint64_t blocks, bytes; /* held now */
	uint64_t calls;		/* allocations asked for so far */
	uint64_t fail_at;	/* this call fails; 0: none */
	bool fail_all;
	uint64_t failed; /* calls that failed */
	uint64_t wrong;	 /* frees of what was not allocated so */
};

/* In front of each block, with a distance of at least this struct. */
struct count_mem_head {
	uint64_t magic;
	size_t size, align;
};

#define COUNT_MEM_MAGIC 0x6d656d2d6f776e73ull

static inline size_t count_mem_gap(size_t align)
{
	return align > sizeof(struct count_mem_head) ? align : 32;
}

static inline void *count_mem_alloc(void *ctx, size_t size, size_t align)
{
	struct count_mem *m = ctx;
	struct count_mem_head *head;
	uint64_t call = __atomic_add_fetch(&m->calls, 1, __ATOMIC_RELAXED);
	size_t gap = count_mem_gap(align);
	void *raw;

	if (m->fail_all || call == m->fail_at || posix_memalign(&raw, gap, gap + size)) {
		__atomic_fetch_add(&m->failed, 1, __ATOMIC_RELAXED);
		return NULL;
	}
	head = (struct count_mem_head *)((char *)raw + gap) - 1;
	*head = (struct count_mem_head){ COUNT_MEM_MAGIC, size, align };
	__atomic_fetch_add(&m->blocks, 1, __ATOMIC_RELAXED);
	__atomic_fetch_add(&m->bytes, size, __ATOMIC_RELAXED);
	return memset((char *)raw + gap, 0, size);
}

static inline void count_mem_free(void *ctx, void *ptr, size_t size, size_t align)
{
	struct count_mem *m = ctx;
	struct count_mem_head *head = (struct count_mem_head *)ptr - 1;

	if (head->magic != COUNT_MEM_MAGIC || head->size != size || head->align != align) {
		__atomic_fetch_add(&m->wrong, 1, __ATOMIC_RELAXED);
		return;
	}
	__atomic_fetch_sub(&m->blocks, 1, __ATOMIC_RELAXED);
	__atomic_fetch_sub(&m->bytes, size, __ATOMIC_RELAXED);
	memset(head, 0xdd, sizeof(*head) + size); /* a late reader shall notice */
	free((char *)ptr - count_mem_gap(align));
}

static const struct plat_mem_ops count_mem_ops = { .alloc = count_mem_alloc, .free = count_mem_free };

static inline struct plat_mem count_mem(struct count_mem *m)
{
	return (struct plat_mem){ &count_mem_ops, m };
}

/* Nothing held, and nothing was ever given back wrongly. */
static inline bool count_mem_clean(const struct count_mem *m)
{
	return !m->blocks && !m->bytes && !m->wrong;
}

#endif

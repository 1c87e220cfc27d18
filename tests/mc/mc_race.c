/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * mc_race.c - every access to memory passes here: plain ones through the entry
 * points of ThreadSanitizer's instrumentation, atomic ones from mc_weak.c.
 *
 * Two accesses race when they touch the same byte, come from different threads,
 * one writes, not both are atomic, and neither happens before the other.  An
 * access inside the heap must be to an allocated block.
 */
#include "mc_int.h"

static const char *const kind_name[] = { "plain read", "plain write", "atomic read",
					 "atomic write" };

/* Index of the cell of @p, or MC_CELL_NONE when the checker does not know the memory. */
size_t mc_cell_of(const volatile void *p)
{
	uintptr_t a = (uintptr_t)p;
	uintptr_t heap = (uintptr_t)mc->heap, data = (uintptr_t)mc->data & ~(uintptr_t)7;

	if (a - heap < MC_HEAP_BYTES)
		return (a - heap) / 8;
	if (a - data < mc->data_bytes + 8)
		return (MC_HEAP_BYTES + (a - data)) / 8;
	return MC_CELL_NONE;
}

static void mc_new_cell(struct mc_cell *c, size_t index, const volatile void *p)
{
	uintptr_t stacks = (uintptr_t)mc->stacks;

	c->run = mc->run;
	c->nr_recs = 0;
	c->locs = NULL;
	c->block = -1;
	if ((uintptr_t)p - (uintptr_t)mc->heap >= MC_HEAP_BYTES ||
	    (uintptr_t)p - stacks < (uintptr_t)MC_TIDS * MC_STACK_BYTES)
		return;
	c->block = mc_block_find((const void *)p);
	if (c->block >= 0) {
		struct mc_block *b = &mc->block[c->block];

		c->next_touched = b->touched;
		b->touched = (uint32_t)index + 1;
		c->rec[0] = (struct mc_rec){ .epoch = b->epoch, .tid = b->tid, .mask = 0xff,
					     .kind = MC_PLAIN_WRITE, .where = b->alloc_pc };
		c->nr_recs = 1;
	} else {
		c->block = -2;
	}
}

static bool mc_conflict(enum mc_kind a, enum mc_kind b)
{
	bool atomic = a >= MC_ATOMIC_READ && b >= MC_ATOMIC_READ;

	return !atomic && ((a | b) & 1); /* the odd kinds write */
}

static void mc_record(struct mc_cell *c, unsigned mask, enum mc_kind kind, const void *where)
{
	struct mc_thr *t = mc_self();
	struct mc_rec *same = &c->rec[0];
	unsigned n = 0;

	/* A thread alone with the bytes. */
	if (c->nr_recs == 1 && same->tid == t->tid && same->kind == kind && same->mask == mask) {
		same->epoch = t->clk.hb.c[t->tid];
		same->where = where;
		return;
	}
	for (unsigned i = 0; i < c->nr_recs; i++) {
		struct mc_rec *r = &c->rec[i];

		if (r->mask & mask) {
			if (r->tid != t->tid && mc_conflict(r->kind, kind) &&
			    r->epoch > t->clk.hb.c[r->tid])
				mc_fail("data race: %s at %s against %s by thread %u at %s",
					kind_name[kind], mc_where(kind, where), kind_name[r->kind],
					r->tid, mc_where(r->kind, r->where));
			/* A plain write that raced with nothing comes after all before it. */
			if (kind == MC_PLAIN_WRITE || (r->tid == t->tid && r->kind == kind))
				r->mask &= (uint8_t)~mask;
		}
		if (r->mask)
			c->rec[n++] = *r;
	}
	if (n == MC_RECS) {
		memmove(c->rec, c->rec + 1, sizeof(c->rec) - sizeof(c->rec[0]));
		n--;
	}
	c->rec[n++] = (struct mc_rec){ .epoch = t->clk.hb.c[t->tid], .tid = t->tid,
				       .kind = (uint8_t)kind, .mask = (uint8_t)mask,
				       .where = where };
	c->nr_recs = (uint16_t)n;
}

/* The memory of @c is allocated, up to @end. */
static void mc_check_block(const struct mc_cell *c, uintptr_t a, uintptr_t end, enum mc_kind kind,
			   const void *where)
{
	const struct mc_block *b = &mc->block[c->block];
	size_t off = (size_t)((char *)a - b->start);

	if (c->block == -2)
		mc_fail("access outside any allocated block: %s of %p at %s", kind_name[kind],
			(void *)a, mc_where(kind, where));
	if (b->freed)
		mc_fail("use after free: %s of %p+%zu at %s, freed by thread %u at %s",
			kind_name[kind], (void *)b->start, off, mc_where(kind, where), b->tid,
			mc_where(MC_PLAIN_WRITE, b->free_pc));
	if (end > (uintptr_t)b->start + b->size)
		mc_fail("access beyond the end of a block: %s of %p+%zu at %s", kind_name[kind],
			(void *)b->start, off, mc_where(kind, where));
}

/* init() and fini() run alone: the block looked at last is nearly always the one. */
static bool mc_in_block(const volatile void *p, size_t size)
{
	const struct mc_block *b = &mc->block[mc->last_block];
	size_t off = (size_t)((const volatile char *)p - b->start);

	return mc->last_block < mc->nr_blocks && !b->freed && off < b->size &&
	       size <= b->size - off;
}

/* Checks one access; returns the cell of its first byte, NULL outside the checker's memory. */
struct mc_cell *mc_access(const volatile void *p, size_t size, enum mc_kind kind,
			  const void *where)
{
	struct mc_cell *first = NULL;
	uintptr_t a = (uintptr_t)p, end = a + size;

	if (!mc)
		return NULL;
	if (mc->phase != MC_EXEC && mc_in_block(p, size))
		return NULL;
	while (a < end) {
		uintptr_t next = (a | 7) + 1 < end ? (a | 7) + 1 : end;
		size_t index = mc_cell_of((void *)a);
		unsigned mask = ((1u << (next - a)) - 1) << (a & 7);
		struct mc_cell *c;

		if (index == MC_CELL_NONE)
			return first;
		c = &mc->cells[index];
		if (c->run != mc->run)
			mc_new_cell(c, index, (void *)a);
		if (c->block != -1)
			mc_check_block(c, a, next, kind, where);
		if (mc->phase == MC_EXEC)
			mc_record(c, mask, kind, where);
		if (kind == MC_PLAIN_WRITE && c->locs)
			mc_drop_locs(c, mask);
		first = first ? first : c;
		a = next;
	}
	return first;
}

/* Freeing writes the whole block: whoever still uses it without order races with that. */
void mc_block_freed(struct mc_block *b, void *pc)
{
	for (uint32_t i = b->touched; i && mc->phase == MC_EXEC; i = mc->cells[i - 1].next_touched)
		mc_record(&mc->cells[i - 1], 0xff, MC_PLAIN_WRITE, pc);
	for (uint32_t i = b->touched; i; i = mc->cells[i - 1].next_touched)
		mc->cells[i - 1].run = 0;
	b->touched = 0;
}

void *mc_memset(void *p, int c, size_t n)
{
	mc_access(p, n, MC_PLAIN_WRITE, __builtin_return_address(0));
	return memset(p, c, n);
}

void *mc_memcpy(void *to, const void *from, size_t n)
{
	mc_access(from, n, MC_PLAIN_READ, __builtin_return_address(0));
	mc_access(to, n, MC_PLAIN_WRITE, __builtin_return_address(0));
	return memcpy(to, from, n);
}

/* The compiler's instrumentation. */
#define MC_HOOK(name, size, kind)                                                     \
	void __tsan_##name(void *p);                                                  \
	void __tsan_##name(void *p)                                                   \
	{                                                                             \
		mc_access(p, size, kind, __builtin_return_address(0));          \
	}
#define MC_HOOKS(size)                                            \
	MC_HOOK(read##size, size, MC_PLAIN_READ)                  \
	MC_HOOK(write##size, size, MC_PLAIN_WRITE)                \
	MC_HOOK(volatile_read##size, size, MC_PLAIN_READ)         \
	MC_HOOK(volatile_write##size, size, MC_PLAIN_WRITE)
#define MC_UNALIGNED(size)                                        \
	MC_HOOK(unaligned_read##size, size, MC_PLAIN_READ)        \
	MC_HOOK(unaligned_write##size, size, MC_PLAIN_WRITE)
MC_HOOKS(1)
MC_HOOKS(2)
MC_HOOKS(4)
MC_HOOKS(8)
MC_HOOKS(16)
MC_UNALIGNED(2)
MC_UNALIGNED(4)
MC_UNALIGNED(8)
MC_UNALIGNED(16)

void __tsan_init(void);
void *__tsan_memset(void *p, int c, size_t n);
void *__tsan_memcpy(void *to, const void *from, size_t n);
void __tsan_func_entry(void *pc);
void __tsan_func_exit(void);
void __tsan_read_range(void *p, size_t size);
void __tsan_write_range(void *p, size_t size);

void __tsan_init(void)
{
}
void __tsan_func_entry(void *pc)
{
	(void)pc;
}
void __tsan_func_exit(void)
{
}
void __tsan_read_range(void *p, size_t size)
{
	mc_access(p, size, MC_PLAIN_READ, __builtin_return_address(0));
}
void __tsan_write_range(void *p, size_t size)
{
	mc_access(p, size, MC_PLAIN_WRITE, __builtin_return_address(0));
}
/* What newer compilers make of structure assignments. */
void *__tsan_memset(void *p, int c, size_t n)
{
	return mc_memset(p, c, n);
}
void *__tsan_memcpy(void *to, const void *from, size_t n)
{
	return mc_memcpy(to, from, n);
}

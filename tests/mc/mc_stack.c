/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * mc_stack.c - self-test on a small lock-free structure: a stack of node
 * numbers, with the tag that it needs, and without; with its orders, and with
 * one weakened.  It also serves as an example of a model with histories.
 */
#include "mc.h"

#define NODES 4
enum { PUSH = 1, POP };

/* head: number of the first node, 0 for none, and a tag in the high half. */
static uint64_t head;
static uint32_t next[NODES];
static uint32_t payload[NODES]; /* plain: belongs to whoever holds the node */

#define TAG(h) ((h) & ~0xffffffffull)

static void do_push(uint32_t i, bool tag, bool release)
{
	uint64_t h, new_head;

	payload[i]++;
	do {
		h = plat_load_relaxed(&head);
		plat_store_relaxed(&next[i], (uint32_t)h);
		new_head = i | (tag ? TAG(h) + (1ull << 32) : 0);
	} while (!(release ? plat_cas_release(&head, h, new_head) :
			     plat_cas_relaxed(&head, h, new_head)));
}

static uint32_t do_pop(bool tag, bool acquire)
{
	uint64_t h;
	uint32_t n;

	do {
		h = acquire ? plat_load_acquire(&head) : plat_load_relaxed(&head);
		if (!(uint32_t)h)
			return 0;
		n = plat_load_relaxed(&next[(uint32_t)h]);
	} while (!plat_cas_relaxed(&head, h, n | (tag ? TAG(h) : 0)));
	payload[(uint32_t)h]++;
	return (uint32_t)h;
}

static void push(uint32_t i, bool tag, bool release)
{
	struct mc_op *op = mc_begin(PUSH, i, 0, 0);

	do_push(i, tag, release);
	mc_end(op, 0);
}

static uint32_t pop(bool tag, bool acquire)
{
	struct mc_op *op = mc_begin(POP, 0, 0, 0);
	uint32_t i = do_pop(tag, acquire);

	mc_end(op, i);
	return i;
}

/* The stack holds 1 on top of 2. */
static void init(void)
{
	next[1] = 2;
	head = 1;
}

struct state {
	uint32_t n, node[NODES];
};

static bool apply(void *state, const struct mc_op *op)
{
	struct state *s = state;

	if (op->kind == PUSH) {
		s->node[s->n++] = (uint32_t)op->arg[0];
		return true;
	}
	if (!s->n)
		return !op->ret;
	return s->node[--s->n] == op->ret;
}

static void check(void)
{
	const struct state s = { 2, { 2, 1 } };

	mc_check_history(&s, sizeof(s), apply);
}

static void churn(bool tag)
{
	uint32_t a = pop(tag, true);

	pop(tag, true);
	if (a)
		push(a, tag, true);
}
static void tagged_pop(void)
{
	pop(true, true);
}
static void tagged_push(void)
{
	push(3, true, true);
}
static void tagged_churn(void)
{
	churn(true);
}
static void untagged_pop(void)
{
	pop(false, true);
}
static void untagged_churn(void)
{
	churn(false);
}
static void no_release_push(void)
{
	push(3, true, false);
}
static void no_acquire_pop(void)
{
	pop(true, false);
}

/* Answers "empty" although it is not: what only the history shows. */
static void lazy_pop(void)
{
	struct mc_op *op = mc_begin(POP, 0, 0, 0);
	uint64_t h = plat_load_acquire(&head);

	mc_end(op, plat_cas_full(&head, h, plat_load_relaxed(&next[(uint32_t)h]) | TAG(h)) ?
			   (uint32_t)h :
			   0);
}

/* Freed in good order, and used all the same. */
static uint64_t *block;
static uint32_t freed;
static void block_init(void)
{
	block = plat_mem_default.alloc(NULL, 24, 8);
}
static void block_free(void)
{
	plat_mem_default.free(NULL, block, 24, 8);
	plat_store_release(&freed, 1);
}
static void block_use(void)
{
	if (plat_load_acquire(&freed))
		block[1] = 1;
}
static void block_overrun(void)
{
	block[3] = 1;
}
static void block_twice(void)
{
	if (plat_load_acquire(&freed))
		plat_mem_default.free(NULL, block, 24, 8);
}
static void nothing(void)
{
}

/* An address that was freed and handed out again looks as if nothing had happened. */
static void reuse_init(void)
{
	block_init();
	plat_store_relaxed(&head, MC_U64(block));
}
static void reuse_swap(void)
{
	uint64_t old = plat_xchg_full(&head, 0);
	uint64_t *again;

	plat_mem_default.free(NULL, (void *)(uintptr_t)old, 24, 8);
	again = plat_mem_default.alloc(NULL, 24, 8);
	block = again;
	plat_store_release(&head, MC_U64(again));
	plat_store_release(&freed, 1);
}
static void reuse_cas(void)
{
	uint64_t h = plat_load_acquire(&head);

	if (h && plat_cas_full(&head, h, h))
		mc_assert(!plat_load_relaxed(&freed));
}
static void reuse_fini(void)
{
	plat_mem_default.free(NULL, block, 24, 8);
}

#define TWO(a, b) { { a, 0, 0 }, { b, 1, 0 } }
#define THREE(a, b, c) { { a, 0, 0 }, { b, 1, 0 }, { c, 1, 0 } }
#define MODEL(name_, threads, init_, check_, bad, flags_) \
	{ .name = name_, .init = init_, .thread = threads, .fini = check_, \
	  .quick = { .preempt = 2, .stale = 2 }, .full = { .preempt = 3, .stale = 2 }, \
	  .flags = flags_, .expect = bad }
#define ARGS(...) __VA_ARGS__

static const struct mc_model models[] = {
	MODEL("stack", ARGS(THREE(tagged_pop, tagged_churn, tagged_push)), init, check, NULL, 0),
	/* Node 2 gets two owners; no stale load is needed for that. */
	{ .name = "stack-no-tag", .init = init, .thread = TWO(untagged_pop, untagged_churn),
	  .fini = check, .quick = { .preempt = 2 }, .full = { .preempt = 3 },
	  .expect = "data race" },
	MODEL("stack-no-release", ARGS(TWO(tagged_pop, no_release_push)), init, check,
	      "data race", 0),
	MODEL("stack-no-acquire", ARGS(TWO(no_acquire_pop, tagged_push)), init, check,
	      "data race", 0),
	MODEL("stack-lazy-pop", ARGS(TWO(lazy_pop, tagged_push)), init, check, "not linearizable",
	      0),
	MODEL("use-after-free", ARGS(TWO(block_free, block_use)), block_init, nothing,
	      "use after free", 0),
	MODEL("overrun", ARGS(TWO(block_free, block_overrun)), block_init, nothing,
	      "outside any allocated block", 0),
	MODEL("double-free", ARGS(TWO(block_free, block_twice)), block_init, nothing,
	      "double free", 0),
	MODEL("reuse", ARGS(TWO(reuse_swap, reuse_cas)), reuse_init, reuse_fini, "does not hold",
	      MC_REUSE),
};

int main(int argc, char **argv)
{
	return mc_main(argc, argv, models, sizeof(models) / sizeof(models[0]));
}

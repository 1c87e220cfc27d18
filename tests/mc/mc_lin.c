/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * mc_lin.c - is there an order of the operations that a sequential object
 * could have gone through?  Search after Wing and Gong ("Testing and verifying
 * concurrent objects", 1993): next may come any operation that no other open
 * one precedes.
 *
 * Precedes means ended before the other began, in a run where every load
 * returned the newest store.  In other runs time is not shared, and only what
 * the second operation's thread could know counts: it precedes when its end
 * was visible there.
 */
#include "mc_int.h"

#include <stdio.h>

struct mc_op *mc_begin(unsigned kind, uint64_t a0, uint64_t a1, uint64_t a2)
{
	struct mc_op *op = &mc->op[mc->nr_ops];

	if (mc->nr_ops == MC_OPS)
		mc_fail("checker: more than %d operations in a history", MC_OPS);
	mc->nr_ops++;
	*op = (struct mc_op){ .kind = kind, .tid = mc->cur, .arg = { a0, a1, a2 },
			      .begin = ++mc->op_time };
	mc->op_vis[op - mc->op] = mc_self()->clk.vis;
	mc_note("begin op %u(%#lx,%#lx)", kind, (unsigned long)a0, (unsigned long)a1);
	return op;
}

void mc_end(struct mc_op *op, uint64_t ret)
{
	op->ret = ret;
	op->end = ++mc->op_time;
	/* Whoever knows the thread's next event knows that this has ended. */
	mc->op_end[op - mc->op] = mc_self()->clk.hb.c[op->tid];
	mc_note("end op %u = %#lx", op->kind, (unsigned long)ret);
}

const struct mc_op *mc_get_op(unsigned i)
{
	return i < mc->nr_ops ? &mc->op[i] : NULL;
}

static bool mc_precedes(unsigned a, unsigned b)
{
	if (!mc->used.stale)
		return mc->op[a].end < mc->op[b].begin;
	return mc->op_vis[b].c[mc->op[a].tid] >= mc->op_end[a];
}

static bool mc_first(uint32_t open, unsigned i)
{
	for (unsigned j = 0; j < mc->nr_ops; j++)
		if (open & 1u << j && j != i && mc_precedes(j, i))
			return false;
	return true;
}

static bool mc_linear(uint32_t open, const void *state, size_t size,
		      bool (*apply)(void *state, const struct mc_op *op))
{
	_Alignas(16) char next[MC_STATE];

	if (!open)
		return true;
	for (unsigned i = 0; i < mc->nr_ops; i++) {
		if (!(open & 1u << i) || !mc_first(open, i))
			continue;
		memcpy(next, state, size);
		if (apply(next, &mc->op[i]) && mc_linear(open & ~(1u << i), next, size, apply))
			return true;
	}
	return false;
}

void mc_check_history(const void *state, size_t size,
		      bool (*apply)(void *state, const struct mc_op *op))
{
	char text[400];
	int n = 0;

	if (size > MC_STATE)
		mc_fail("checker: sequential state of %zu bytes", size);
	if (mc_linear((1u << mc->nr_ops) - 1, state, size, apply))
		return;
	text[0] = 0;
	for (unsigned i = 0; i < mc->nr_ops && n < 360; i++) {
		const struct mc_op *op = &mc->op[i];

		n += snprintf(text + n, sizeof(text) - (size_t)n, " T%u:%u(%lx,%lx)=%lx[%lu,%lu]",
			      op->tid, op->kind, (unsigned long)op->arg[0],
			      (unsigned long)op->arg[1], (unsigned long)op->ret,
			      (unsigned long)op->begin, (unsigned long)op->end);
	}
	mc_fail("history is not linearizable:%s", text);
}

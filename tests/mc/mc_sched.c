/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * mc_sched.c - virtual threads and CPUs, and the choice of who runs next.
 *
 * A thread keeps running until it reaches a scheduling point where the search
 * says otherwise.  Only accesses to locations that another thread uses too,
 * one of them writing, are such points ("hot"): everything else commutes with
 * all that the other threads do.  Which locations are hot is learnt: when a
 * run meets a new one the search starts over.
 */
#include "mc_int.h"

/* Takes the next choice among @n: from the prefix to replay, or the first. */
unsigned mc_pick(unsigned n)
{
	struct mc_choice *c;

	if (n <= 1)
		return 0;
	if (mc->depth < mc->nr_choices) {
		c = &mc->choice[mc->depth++];
		if (c->n != n)
			mc_fail("checker: replay diverged at choice %u: %u alternatives, then %u",
				mc->depth - 1, c->n, n);
		return c->taken;
	}
	if (mc->nr_choices == MC_CHOICES)
		mc_fail("checker: more than %u choices in one run", MC_CHOICES);
	c = &mc->choice[mc->nr_choices++];
	mc->depth++;
	c->n = (uint16_t)n;
	c->taken = 0;
	if (mc->random) {
		mc->rng ^= mc->rng << 13;
		mc->rng ^= mc->rng >> 7;
		mc->rng ^= mc->rng << 17;
		if (mc->rng >> 32 & 3)
			return 0;
		c->taken = (uint16_t)((mc->rng & 0xffff) % n);
	}
	return c->taken;
}

unsigned mc_choose(unsigned n)
{
	unsigned k = mc_pick(n);

	mc_event("choose", NULL, NULL, k, n, 0);
	return k;
}

/* Notes who uses @cell; true when its accesses are scheduling points. */
static bool mc_classify(size_t cell, bool write)
{
	struct mc_class *k = &mc->class[cell];
	uint8_t bit = (uint8_t)(1u << mc->cur), all;

	*(write ? &k->writers : &k->readers) |= bit;
	all = k->readers | k->writers;
	if (k->hot == MC_COLD && k->writers && (all & (all - 1))) {
		k->hot = MC_WARM;
		mc->class_changed = true;
	}
	return k->hot == MC_HOT;
}

void mc_quiet(const void *p, size_t size)
{
	for (size_t i = 0; i < size; i += 8)
		mc->class[mc_cell_of((const char *)p + i)].hot = MC_QUIET;
}

static bool mc_steps_running(const struct mc_thr *t)
{
	for (unsigned i = 1; i <= mc->nr_thr; i++)
		if (t->wait_seq[i] && mc->thr[i].in_step && mc->thr[i].step_seq == t->wait_seq[i])
			return true;
	return false;
}

static bool mc_sections_open(const struct mc_thr *t)
{
	for (unsigned i = 1; i <= mc->nr_thr; i++)
		if (t->wait_seq[i] && mc->thr[i].section_seq == t->wait_seq[i])
			return true;
	return false;
}

/* In the kernel's plat a thread inside a step keeps every other off its CPU... */
static bool mc_kept_off(const struct mc_thr *t)
{
	for (unsigned i = 1; mc->plat == MC_KERNEL && i <= mc->nr_thr; i++) {
		const struct mc_thr *u = &mc->thr[i];

		if (u == t || u->cpu != t->cpu || !u->in_step)
			continue;
		/* ...but interrupts, and between its compare and its store even those. */
		if (!t->irq || u->irq_off)
			return true;
	}
	return false;
}

/*
 * How eager must a thread be to run?  One that spins has asked to let the
 * others go first; it waits at least until somebody has stored something.
 */
enum mc_eager { MC_NOT_SPINNING, MC_NEWS, MC_ANY };

static bool mc_runnable(const struct mc_thr *t, enum mc_eager eager)
{
	const struct mc_cpu *c = &mc->cpu[t->cpu];

	if (t->state != MC_NEW && t->state != MC_READY)
		return false;
	if (c->irq >= 0 && c->irq != t->tid)
		return false;
	if (mc_kept_off(t))
		return false;
	switch (t->wait) {
	case MC_RUNNABLE:
		return true;
	case MC_SPIN:
		return eager == MC_ANY || (eager == MC_NEWS && t->spin_stores != mc->stores);
	case MC_WAIT_STEP:
		return !mc_steps_running(t);
	case MC_WAIT_GRACE:
		return !mc_sections_open(t);
	}
	return false;
}

/* The step of @t on @c is over, without its store: what it has read so far, it has read. */
static void mc_abort_step(struct mc_cpu *c, struct mc_thr *t)
{
	t->aborted = true;
	mc_clk_join(&c->steps, &t->clk);
}

/* CPU bookkeeping when @t continues: whoever ran there was pre-empted. */
static void mc_occupy(struct mc_thr *t)
{
	struct mc_cpu *c = &mc->cpu[t->cpu];

	if (c->cur != t->tid) {
		if (c->cur >= 0) {
			struct mc_thr *old = &mc->thr[c->cur];

			mc_vc_join(&c->vis, &old->clk.vis);
			if (mc->plat == MC_USER && old->in_step)
				mc_abort_step(c, old);
		}
		mc_vc_join(&t->clk.vis, &c->vis);
		mc_clk_join(&t->clk, &c->fenced);
		c->cur = t->tid;
	}
	if (t->irq && t->state == MC_NEW)
		c->irq = t->tid;
	t->state = MC_READY;
	t->wait = MC_RUNNABLE;
}

static void mc_switch_to(struct mc_thr *to)
{
	struct mc_thr *from = mc_self();

	mc_occupy(to);
	mc->cur = to->tid;
	if (from == to)
		return;
	if (from->state == MC_DONE || !from->tid)
		setcontext(&to->ctx);
	swapcontext(&from->ctx, &to->ctx);
}

static unsigned mc_candidates(struct mc_thr **alt, enum mc_eager eager, const struct mc_thr *but)
{
	unsigned n = 0;

	for (unsigned i = 1; i <= mc->nr_thr; i++)
		if (&mc->thr[i] != but && mc_runnable(&mc->thr[i], eager))
			alt[n++] = &mc->thr[i];
	return n;
}

/* The current thread cannot go on: any other may, at no cost. */
static void mc_yield(void)
{
	struct mc_thr *alt[MC_TIDS], *self = mc_self();
	unsigned n = mc_candidates(alt, MC_NOT_SPINNING, NULL);

	if (!n)
		n = mc_candidates(alt, MC_NEWS, NULL);
	if (!n) {
		n = mc_candidates(alt, MC_ANY, NULL);
		if (n && ++mc->spins > MC_MAX_SPIN)
			mc_fail("livelock: every thread spins");
	}
	if (n) {
		mc_switch_to(alt[mc_pick(n)]);
		return;
	}
	for (unsigned i = 1; i <= mc->nr_thr; i++)
		if (mc->thr[i].state != MC_DONE)
			mc_fail("deadlock: thread %u waits and nobody can run", i);
	if (self->tid)
		setcontext(&mc->main_ctx);
}

void mc_block_on(enum mc_wait wait)
{
	mc_self()->wait = wait;
	if (wait != MC_SPIN && mc_runnable(mc_self(), MC_NEWS)) {
		mc_self()->wait = MC_RUNNABLE;
		return;
	}
	mc_yield();
}

static bool mc_migratable(const struct mc_thr *t, unsigned cpu)
{
	struct mc_thr there = *t;

	if (t->irq || cpu == t->cpu || mc->cpu[cpu].irq >= 0)
		return false;
	there.cpu = (uint8_t)cpu;
	return mc->plat != MC_KERNEL || (!t->in_step && !mc_kept_off(&there));
}

static void mc_migrate(struct mc_thr *t, unsigned cpu)
{
	struct mc_cpu *from = &mc->cpu[t->cpu];

	mc_event("migrates to", NULL, NULL, cpu, 0, 0);
	mc->used.migrate++;
	mc_vc_join(&from->vis, &t->clk.vis);
	from->cur = -1;
	if (t->in_step)
		mc_abort_step(from, t);
	t->cpu = (uint8_t)cpu;
	mc_occupy(t);
}

/*
 * Before every operation on @cell: here another thread may run first, an
 * interrupt may come, or the thread may move to another CPU.
 */
void mc_point(size_t cell, bool write)
{
	struct mc_thr *alt[MC_TIDS], *t = mc_self();
	unsigned n = 0, moves = 0, cpu[MC_CPUS], k;

	if (++mc->steps > MC_MAX_STEPS)
		mc_fail("livelock: more than %u operations in one run", MC_MAX_STEPS);
	if (mc->phase != MC_EXEC)
		return;
	if (cell != MC_CELL_NONE && !mc_classify(cell, write))
		return;
	if (cell != MC_CELL_NONE && mc->used.preempt < mc->bound.preempt)
		n = mc_candidates(alt, MC_NEWS, t);
	if (mc->used.migrate < mc->bound.migrate)
		for (unsigned c = 0; c < mc->nr_cpus; c++)
			if (mc_migratable(t, c))
				cpu[moves++] = c;
	k = mc_pick(1 + n + moves);
	if (k > n) {
		mc_migrate(t, cpu[k - n - 1]);
	} else if (k) {
		mc->used.preempt++;
		mc_switch_to(alt[k - 1]);
	}
}

static void mc_thread_main(void)
{
	struct mc_thr *t = mc_self();
	struct mc_cpu *c = &mc->cpu[t->cpu];

	t->fn();
	t = mc_self();
	c = &mc->cpu[t->cpu];
	if (t->nest)
		mc_fail("thread ends inside a read-side section");
	t->state = MC_DONE;
	mc_vc_join(&c->vis, &t->clk.vis);
	c->cur = -1;
	if (t->irq)
		c->irq = -1;
	mc_yield();
}

void mc_threads_reset(void)
{
	const struct mc_model *m = mc->model;

	memset(mc->thr, 0, sizeof(mc->thr));
	memset(mc->cpu, 0, sizeof(mc->cpu));
	mc->nr_cpus = 0;
	mc->nr_thr = 0;
	for (unsigned i = 0; i < MC_CPUS; i++)
		mc->cpu[i].cur = mc->cpu[i].irq = -1;
	for (unsigned i = 0; i < MC_THREADS && m->thread[i].fn; i++) {
		struct mc_thr *t = &mc->thr[i + 1];

		t->fn = m->thread[i].fn;
		t->tid = (uint8_t)(i + 1);
		t->cpu = (uint8_t)m->thread[i].cpu;
		t->irq = m->thread[i].flags & MC_IRQ;
		if (mc->nr_cpus <= t->cpu)
			mc->nr_cpus = t->cpu + 1u;
		mc->nr_thr++;
	}
	mc->thr[0].clk.hb.c[0] = mc->thr[0].clk.vis.c[0] = 1;
	mc->cur = 0;
	mc->steps = mc->spins = 0;
	mc->stores = 0;
	memset(&mc->sc, 0, sizeof(mc->sc));
	memset(&mc->gp_start, 0, sizeof(mc->gp_start));
	memset(&mc->gp_end, 0, sizeof(mc->gp_end));
	memset(&mc->used, 0, sizeof(mc->used));
}

/* Runs all threads to their end, or to the first failure. */
void mc_run_threads(void)
{
	mc->phase = MC_EXEC;
	mc->steps = 0;
	for (unsigned i = 1; i <= mc->nr_thr; i++) {
		struct mc_thr *t = &mc->thr[i];

		getcontext(&t->ctx);
		t->ctx.uc_stack.ss_sp = mc->stacks + (size_t)i * MC_STACK_BYTES;
		t->ctx.uc_stack.ss_size = MC_STACK_BYTES;
		t->ctx.uc_link = NULL;
		makecontext(&t->ctx, mc_thread_main, 0);
		t->clk = mc->thr[0].clk;
		t->clk.hb.c[i] = t->clk.vis.c[i] = 1;
		t->state = MC_NEW;
	}
	if (mc->nr_thr) {
		volatile bool started = false;

		getcontext(&mc->main_ctx);
		if (!started) {
			started = true;
			mc_yield();
		}
	}
	mc->cur = 0;
	mc->steps = 0;
	mc->phase = MC_FINI;
}

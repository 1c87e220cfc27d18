/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * mc_plat.c - CPU-local steps, fences over CPUs, grace periods.
 *
 * MC_USER: a step is a restartable sequence.  Anything else that runs on its
 * CPU, a move to another CPU or a fence aborts it before its store.
 * MC_KERNEL: pre-emption is off during a step; interrupts may come between its
 * loads and its compare-and-store, which then fails and the step starts over
 * (plat_word_collect(): interrupts are off).
 * The compare-and-store has no LOCK prefix: one step on its own CPU, but other
 * CPUs get between its two halves.
 */
#include "mc_int.h"
#include "plat_rcu.h"

static const char *const result_name[] = { "step: ok", "step: foreign", "step: mismatch",
					   "step: closed" };

static void mc_step_begin(struct mc_thr *t)
{
	mc_point(mc_cell_step(t->cpu), false);
	t->in_step = true;
	t->aborted = false;
	t->step_seq++;
}

static void mc_step_end(struct mc_thr *t)
{
	mc_clk_join(&mc->cpu[t->cpu].steps, &t->clk);
	t->in_step = false;
	t->irq_off = false;
}

/*
 * The end of a step that found @val in @p: true when @next is stored, false
 * with @again unset when the step was aborted, set when it must start over.
 */
static bool mc_step_commit(struct mc_thr *t, uint64_t *p, uint64_t val, uint64_t next,
			   enum mc_order order, bool *again, const char *site)
{
	*again = false;
	if (mc->phase == MC_EXEC && mc->plat == MC_USER) {
		if (mc->used.spurious < mc->bound.spurious && mc_pick(2)) {
			mc->used.spurious++;
			return false;
		}
		mc_point(mc_cell_step(t->cpu), false);
		mc_point(mc_cell_of(p), true);
		if (t->aborted)
			return false;
	} else if (mc->phase == MC_EXEC) {
		*again = mc_step_load(p, sizeof(*p), site) != val;
		if (*again)
			return false;
		t->irq_off = true;
		mc_point(mc_cell_step(t->cpu), false);
		mc_point(mc_cell_of(p), true);
	}
	mc_step_store(p, sizeof(*p), next, order, site);
	return true;
}

static int mc_word_test(enum mc_word what, uint64_t ctl, uint64_t w, uint64_t a, uint64_t b,
			uint64_t *next)
{
	switch (what) {
	case MC_TAKE: /* a: full, b: pat */
		*next = w | b;
		return w & a || ctl & (uint32_t)a ? PLAT_WORD_MISMATCH : PLAT_WORD_OK;
	case MC_PUT: /* a: chk, b: pat */
		*next = w ^ b;
		if (!(ctl & PLAT_CTL_OPEN))
			return PLAT_WORD_CLOSED;
		return (w & a) != b || ctl & (uint32_t)b ? PLAT_WORD_MISMATCH : PLAT_WORD_OK;
	case MC_COLLECT: /* a: what the control word needs */
		*next = w & ~((uint32_t)a | a << 32);
		return (ctl & a) != a ? PLAT_WORD_MISMATCH : PLAT_WORD_OK;
	}
	return PLAT_WORD_FOREIGN;
}

static int mc_word_try(struct mc_thr *t, enum mc_word what, void *const *cell, size_t off,
		       uint64_t a, uint64_t b, bool *again, const char *site)
{
	uint64_t base, ctl, val, next, *w;
	int r;

	*again = false;
	base = mc_step_load_cell(cell, sizeof(*cell), site);
	if (t->aborted)
		return PLAT_WORD_FOREIGN;
	w = (uint64_t *)(uintptr_t)(base + off);
	ctl = mc_step_load(plat_ctl_of(w), sizeof(*w), site);
	if (t->aborted || (ctl & PLAT_CTL_OWN) >> PLAT_CTL_OWN_SHIFT != t->cpu)
		return PLAT_WORD_FOREIGN;
	val = mc_step_load(w, sizeof(*w), site);
	/* The tests on the control word read it again, as the assembly does. */
	if (!t->aborted)
		ctl = mc_step_load(plat_ctl_of(w), sizeof(*w), site);
	if (t->aborted)
		return PLAT_WORD_FOREIGN;
	r = mc_word_test(what, ctl, val, a, b, &next);
	if (r == PLAT_WORD_OK && !mc_step_commit(t, w, val, next, MC_RELAXED, again, site))
		r = PLAT_WORD_FOREIGN;
	return r;
}

int mc_word_step(enum mc_word what, void *const *cell, size_t off, uint64_t a, uint64_t b,
		 const char *site)
{
	struct mc_thr *t = mc_self();
	bool again;
	int r;

	if (mc->plat == MC_NONE)
		return PLAT_WORD_FOREIGN;
	do {
		mc_step_begin(t);
		/* Its test is on another word than its store: compare-and-store is not enough. */
		t->irq_off = what == MC_COLLECT;
		r = mc_word_try(t, what, cell, off, a, b, &again, site);
		mc_step_end(t);
	} while (again);
	mc_event(result_name[r], site, NULL, 0, 0, 0);
	return r;
}

bool mc_percpu_cas(uint64_t *p, uint64_t old, uint64_t new_val, unsigned cpu, const char *site)
{
	struct mc_thr *t = mc_self();
	bool again = false, ok = false;

	if (mc->plat == MC_NONE)
		return false;
	do {
		mc_step_begin(t);
		if (t->cpu == cpu && mc_step_load(p, sizeof(*p), site) == old && !t->aborted)
			ok = mc_step_commit(t, p, old, new_val, MC_RELEASE, &again, site);
		else
			again = false;
		mc_step_end(t);
	} while (again);
	mc_event(ok ? "step: ok" : "step: foreign", site, NULL, 0, 0, 0);
	return ok;
}

static void mc_fence_one(struct mc_thr *t, unsigned cpu)
{
	struct mc_cpu *c = &mc->cpu[cpu];

	mc_clk_join(&t->clk, &c->steps);
	mc_vc_join(&t->clk.vis, &c->vis);
	if (c->cur >= 0 && c->cur != t->tid) {
		struct mc_thr *there = &mc->thr[c->cur];

		if (there->in_step && mc->plat == MC_USER)
			there->aborted = true;
		mc_full_fence(there);
		mc_tick(there);
		mc_clk_join(&t->clk, &there->clk);
		mc_clk_join(&there->clk, &t->clk);
	}
	mc_clk_join(&c->fenced, &t->clk);
}

/*
 * Whether steps are under way on CPUs @first to @last; t->wait_seq says which.  The
 * interrupt that is the fence comes when there are none, and until then steps may
 * begin that do not know yet what the caller stored.
 */
static bool mc_steps_on(struct mc_thr *t, unsigned first, unsigned last)
{
	bool any = false;

	memset(t->wait_seq, 0, sizeof(t->wait_seq));
	for (unsigned i = 1; i <= mc->nr_thr; i++) {
		const struct mc_thr *u = &mc->thr[i];

		if (u != t && u->in_step && u->cpu >= first && u->cpu <= last) {
			t->wait_seq[i] = u->step_seq;
			any = true;
		}
	}
	return any;
}

int mc_fence_cpus(unsigned cpu, const char *site)
{
	struct mc_thr *t = mc_self();
	unsigned first = cpu == PLAT_CPU_NONE ? 0 : cpu;
	unsigned last = cpu == PLAT_CPU_NONE ? mc->nr_cpus - 1 : cpu;
	bool wait = false;

	if (mc->phase != MC_EXEC)
		return 0;
	if (cpu != PLAT_CPU_NONE && cpu >= mc->nr_cpus)
		mc_fail("plat_fence_cpus(%u): there are %u CPUs", cpu, mc->nr_cpus);
	if (mc->plat == MC_KERNEL && t->irq)
		return -EAGAIN;
	for (unsigned c = first; c <= last; c++)
		mc_point(mc_cell_step(c), true);
	mc_full_fence(t);
	mc_event("fence_cpus", site, NULL, cpu, 0, 0);
	while (mc->plat == MC_KERNEL && mc_steps_on(t, first, last)) {
		wait = true;
		mc_block_on(MC_WAIT_STEP);
	}
	for (unsigned c = first; c <= last; c++)
		mc_fence_one(t, c);
	mc_full_fence(t);
	if (wait)
		mc_event("fence_cpus done", site, NULL, cpu, 0, 0);
	mc_tick(t);
	return 0;
}

void mc_read_lock(const char *site)
{
	struct mc_thr *t = mc_self();

	if (t->nest++ || mc->phase != MC_EXEC)
		return;
	mc_point(mc_cell_grace(), false);
	t->section_seq++;
	mc_clk_join(&t->clk, &mc->gp_start);
	mc_event("read_lock", site, NULL, 0, 0, 0);
	mc_tick(t);
}

/* As in user space, where a thread's first section takes a call. */
bool mc_read_trylock(const char *site)
{
	struct mc_thr *t = mc_self();

	if (mc->phase == MC_EXEC && mc->plat != MC_KERNEL && !t->section_seq)
		return false;
	mc_read_lock(site);
	return true;
}

void mc_read_unlock(const char *site)
{
	struct mc_thr *t = mc_self();

	if (!t->nest)
		mc_fail("plat_read_unlock() outside a section at %s", site);
	if (--t->nest || mc->phase != MC_EXEC)
		return;
	t->nest = 1; /* still inside while others may run */
	mc_point(mc_cell_grace(), false);
	t->nest = 0;
	t->section_seq++;
	mc_clk_join(&mc->gp_end, &t->clk);
	mc_event("read_unlock", site, NULL, 0, 0, 0);
	mc_tick(t);
}

void mc_synchronize(const char *site)
{
	struct mc_thr *t = mc_self();

	if (t->nest)
		mc_fail("plat_synchronize() inside a read-side section at %s", site);
	if (mc->phase != MC_EXEC)
		return;
	if (t->irq)
		mc_fail("plat_synchronize() in an interrupt at %s", site);
	mc_point(mc_cell_grace(), true);
	mc_full_fence(t);
	mc_clk_join(&mc->gp_start, &t->clk);
	mc_event("synchronize", site, NULL, 0, 0, 0);
	for (unsigned i = 1; i <= mc->nr_thr; i++)
		t->wait_seq[i] = mc->thr[i].section_seq & 1 ? mc->thr[i].section_seq : 0;
	mc_block_on(MC_WAIT_GRACE);
	mc_clk_join(&t->clk, &mc->gp_end);
	mc_full_fence(t);
	mc_event("synchronize done", site, NULL, 0, 0, 0);
	mc_tick(t);
}

void mc_relax(const char *site)
{
	if (mc->phase != MC_EXEC)
		return;
	mc_event("relax", site, NULL, 0, 0, 0);
	mc_self()->spin_stores = mc->stores;
	mc_block_on(MC_SPIN);
}

unsigned mc_cpu(const char *site)
{
	(void)site;
	mc_point(MC_CELL_NONE, false);
	return mc_self()->cpu;
}

void mc_set_cpu(unsigned cpu)
{
	mc->thr[0].cpu = (uint8_t)cpu;
}

unsigned mc_plat(void)
{
	return mc->plat;
}

unsigned plat_cpu_count(void)
{
	return mc->nr_cpus;
}

bool plat_percpu_ok(void)
{
	return mc->plat != MC_NONE;
}

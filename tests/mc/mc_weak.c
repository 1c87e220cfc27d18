/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * mc_weak.c - the memory model: what a load may return, and what it learns.
 *
 * Per location the stores stand in modification order, which here is the order
 * of execution.  A load may return any of them that is not behind one which
 * its thread knows of: wrote, read, or learnt through its visibility clock.
 * Release stores carry the clocks of their thread, acquire loads take them
 * over; fences do the same for the relaxed accesses around them.  A
 * read-modify-write reads the newest store and hands on what that one carries
 * (release sequence).
 *
 * Memory itself always holds the newest store, so that code outside the
 * checker, and plain accesses that race with nothing, just read it.
 */
#include "mc_int.h"

uint64_t mc_peek(const volatile void *p, unsigned size)
{
	switch (size) {
	case 1:
		return *(const volatile uint8_t *)p;
	case 2:
		return *(const volatile uint16_t *)p;
	case 4:
		return *(const volatile uint32_t *)p;
	default:
		return *(const volatile uint64_t *)p;
	}
}

static void mc_poke(volatile void *p, unsigned size, uint64_t v)
{
	switch (size) {
	case 1:
		*(volatile uint8_t *)p = (uint8_t)v;
		return;
	case 2:
		*(volatile uint16_t *)p = (uint16_t)v;
		return;
	case 4:
		*(volatile uint32_t *)p = (uint32_t)v;
		return;
	default:
		*(volatile uint64_t *)p = v;
	}
}

static struct mc_msg *mc_new_msg(struct mc_msg *prev, uint64_t val)
{
	struct mc_msg *m = &mc->msg[mc->nr_msgs++];

	if (mc->nr_msgs == MC_MSGS)
		mc_fail("checker: more than %u stores in one run", MC_MSGS);
	memset(m, 0, sizeof(*m));
	m->prev = prev;
	m->val = val;
	m->cpu = 0xff;
	return m;
}

/* The history of a location; NULL when nobody else uses it: then memory is all there is. */
static struct mc_loc *mc_loc_of(struct mc_cell *c, const volatile void *p, unsigned size)
{
	uint8_t off = (uintptr_t)p & 7;
	struct mc_loc *l;

	if (mc->phase != MC_EXEC)
		return NULL;
	if (!c)
		mc_fail("atomic access to memory that the checker does not manage: %p", (void *)p);
	if (mc->class[c - mc->cells].hot != MC_HOT)
		return NULL;
	for (l = c->locs; l; l = l->next) {
		if (l->off == off && l->size == size)
			return l;
		if (l->off < off + size && off < l->off + l->size)
			mc_fail("atomic accesses of different sizes to one word: %p", (void *)p);
	}
	l = &mc->loc[mc->nr_locs++];
	if (mc->nr_locs == MC_LOCS)
		mc_fail("checker: more than %u locations in one run", MC_LOCS);
	l->off = off;
	l->size = (uint8_t)size;
	l->next = c->locs;
	c->locs = l;
	/* What is in memory was put there before anybody could race with it: all know it. */
	l->last = mc_new_msg(NULL, mc_peek(p, size));
	l->last->seen[0] = 1;
	return l;
}

/* After a plain write the history starts anew; it happens after all that was there. */
void mc_drop_locs(struct mc_cell *c, unsigned mask)
{
	struct mc_loc **l = &c->locs;

	while (*l) {
		if ((((1u << (*l)->size) - 1) << (*l)->off) & mask)
			*l = (*l)->next;
		else
			l = &(*l)->next;
	}
}

static bool mc_knows(const struct mc_thr *t, const struct mc_msg *m)
{
	for (unsigned i = 0; i < MC_TIDS; i++)
		if (m->seen[i] && m->seen[i] <= t->clk.vis.c[i])
			return true;
	return false;
}

static void mc_see(struct mc_thr *t, struct mc_msg *m)
{
	if (!m->seen[t->tid])
		m->seen[t->tid] = t->clk.hb.c[t->tid];
}

static void mc_learn(struct mc_thr *t, const struct mc_msg *m, enum mc_order order, bool step)
{
	if ((step || order >= MC_ACQUIRE) && order != MC_RELEASE && m->cpu == t->cpu)
		mc_vc_join(&t->clk.hb, &m->cpu_hb);
	if (order == MC_ACQUIRE || order == MC_FULL)
		mc_clk_join(&t->clk, &m->rel);
	else
		mc_clk_join(&t->pending, &m->rel);
	mc_vc_join(&t->clk.vis, &t->clk.hb);
}

/* Picks a store that a load may return; those equal to @not only as the newest. */
static struct mc_msg *mc_choose_msg(struct mc_loc *l, const uint64_t *not, unsigned *stale)
{
	struct mc_thr *t = mc_self();
	struct mc_msg *alt[64], *m = l->last;
	unsigned n = 0, k;

	alt[n++] = m;
	while (!mc_knows(t, m) && m->prev && n < 64 && mc->used.stale < mc->bound.stale) {
		m = m->prev;
		if (!not || m->val != *not)
			alt[n++] = m;
	}
	k = mc_pick(n);
	if (k)
		mc->used.stale++;
	*stale = k;
	return alt[k];
}

/* A full fence: everything so far becomes part of what all later full fences know. */
void mc_full_fence(struct mc_thr *t)
{
	mc_clk_join(&t->clk, &t->pending);
	mc_vc_join(&t->clk.vis, &mc->sc);
	mc->sc = t->clk.vis;
	t->fence = t->clk;
}

static struct mc_msg *mc_append(struct mc_loc *l, volatile void *p, uint64_t v,
				enum mc_order order, bool step)
{
	struct mc_thr *t = mc_self();
	struct mc_msg *m = mc_new_msg(l->last, v);

	m->rel = order >= MC_RELEASE ? t->clk : t->fence;
	if (step) {
		m->cpu = t->cpu;
		m->cpu_hb = t->clk.hb;
	}
	l->last = m;
	mc_see(t, m);
	mc_poke(p, l->size, v);
	return m;
}

static bool mc_fenced(enum mc_order order)
{
	return order == MC_FULL && !mc->c11;
}

static uint64_t mc_do_load(const volatile void *p, unsigned size, enum mc_order order,
			   const char *site, bool step)
{
	struct mc_thr *t;
	struct mc_cell *c;
	struct mc_loc *l;
	struct mc_msg *m;
	uint64_t v;
	unsigned stale = 0;

	mc_point(mc_cell_of(p), false);
	t = mc_self();
	if (step && t->aborted && mc->plat == MC_USER)
		return 0; /* not reached: what it would have read may be gone */
	c = mc_access(p, size, MC_ATOMIC_READ, site);
	l = mc_loc_of(c, p, size);
	if (l) {
		m = mc_choose_msg(l, NULL, &stale);
		mc_see(t, m);
		mc_learn(t, m, order, step);
		v = m->val;
	} else {
		v = mc_peek(p, size);
	}
	mc_event(step ? "step load" : order == MC_ACQUIRE ? "load acquire" : "load relaxed", site, p,
		 v, 0, stale);
	mc_tick(t);
	return v;
}

static void mc_store_now(volatile void *p, unsigned size, uint64_t v, enum mc_order order,
			 const char *site, bool step)
{
	struct mc_cell *c;
	struct mc_loc *l;

	c = mc_access(p, size, MC_ATOMIC_WRITE, site);
	l = mc_loc_of(c, p, size);
	mc_event(step ? "step store" : order == MC_RELEASE ? "store release" : "store relaxed", site, p,
		 v, 0, 0);
	if (l)
		mc_append(l, p, v, order, step);
	else
		mc_poke(p, size, v);
	mc->stores++;
	mc_tick(mc_self());
}

uint64_t mc_load(const volatile void *p, unsigned size, enum mc_order order, const char *site)
{
	return mc_do_load(p, size, order, site, false);
}

void mc_store(volatile void *p, unsigned size, uint64_t v, enum mc_order order, const char *site)
{
	mc_point(mc_cell_of(p), true);
	mc_store_now(p, size, v, order, site, false);
}

uint64_t mc_step_load(const volatile void *p, unsigned size, const char *site)
{
	return mc_do_load(p, size, MC_RELAXED, site, true);
}

/*
 * The pointer through which a step finds its words.  What it points to is read after
 * it, by address dependency inside one piece of assembly; acquire is that and a little more.
 */
uint64_t mc_step_load_cell(const volatile void *p, unsigned size, const char *site)
{
	return mc_do_load(p, size, MC_ACQUIRE, site, true);
}

/* The scheduling point before it is the caller's, who must look whether the step still stands. */
void mc_step_store(volatile void *p, unsigned size, uint64_t v, enum mc_order order,
		   const char *site)
{
	mc_store_now(p, size, v, order, site, true);
}

/* The store half of a read-modify-write after it read @m. */
static void mc_update(struct mc_loc *l, volatile void *p, struct mc_msg *m, uint64_t v,
		      enum mc_order order)
{
	struct mc_thr *t = mc_self();
	struct mc_msg *next;

	mc_see(t, m);
	mc_learn(t, m, order, false);
	if (mc_fenced(order))
		mc_full_fence(t);
	next = mc_append(l, p, v, order, false);
	mc_clk_join(&next->rel, &m->rel);
	if (mc_fenced(order))
		mc_full_fence(t);
}

bool mc_cas(volatile void *p, unsigned size, uint64_t old, uint64_t new_val, enum mc_order order,
	    const char *site)
{
	struct mc_cell *c;
	struct mc_loc *l;
	struct mc_msg *m;
	uint64_t v;
	unsigned stale = 0;
	bool ok;

	mc_point(mc_cell_of(p), true);
	c = mc_access(p, size, MC_ATOMIC_READ, site);
	l = mc_loc_of(c, p, size);
	if (l) {
		m = mc_choose_msg(l, &old, &stale);
		v = m->val;
		ok = v == old;
		if (ok) {
			mc_update(l, p, m, new_val, order);
		} else {
			mc_see(mc_self(), m);
			mc_learn(mc_self(), m, MC_RELAXED, false);
		}
	} else {
		v = mc_peek(p, size);
		ok = v == old;
		if (ok)
			mc_poke(p, size, new_val);
		if (ok && mc_fenced(order))
			mc_full_fence(mc_self());
	}
	if (ok)
		mc_access(p, size, MC_ATOMIC_WRITE, site);
	mc_event(ok ? "cas" : "cas fails", site, p, v, new_val, stale);
	mc->stores += ok;
	mc_tick(mc_self());
	return ok;
}

uint64_t mc_rmw(volatile void *p, unsigned size, enum mc_rmw op, uint64_t v, enum mc_order order,
		const char *site)
{
	static const char *const name[] = { "xchg", "fetch_or", "fetch_and", "fetch_add" };
	struct mc_cell *c;
	struct mc_loc *l;
	uint64_t old, val;

	mc_point(mc_cell_of(p), true);
	c = mc_access(p, size, MC_ATOMIC_WRITE, site);
	l = mc_loc_of(c, p, size);
	old = mc_peek(p, size);
	val = op == MC_XCHG ? v : op == MC_OR ? old | v : op == MC_AND ? old & v : old + v;
	if (size < 8)
		val &= (1ull << size * 8) - 1;
	if (l) {
		mc_update(l, p, l->last, val, order);
	} else {
		mc_poke(p, size, val);
		if (mc_fenced(order))
			mc_full_fence(mc_self());
	}
	mc_event(name[op], site, p, old, val, 0);
	mc->stores++;
	mc_tick(mc_self());
	return old;
}

void mc_mb(const char *site)
{
	if (mc->phase != MC_EXEC)
		return;
	mc_point(mc_cell_fence(), true);
	mc_full_fence(mc_self());
	mc_event("mb", site, NULL, 0, 0, 0);
	mc_tick(mc_self());
}

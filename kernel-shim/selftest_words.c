// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * selftest_words.c - CPU-local steps and the fence over CPUs.
 *
 * The first word of each CPU holds a few units.  Whoever takes one sets
 * holder[]; nobody else may find it set until it has been put.  Units are handed
 * on to other CPUs, and some go back through the control word although they need
 * not, because the collection that follows is where an interrupt can do most
 * harm: see duel().  Meanwhile a thief takes words away from their CPUs, looks
 * whether they still change, and gives them back.
 */
#include "selftest.h"
#include "plat.h"

#include <linux/cpu.h>
#include <linux/cpumask.h>
#include <linux/delay.h>
#include <linux/ktime.h>
#include <linux/preempt.h>
#include <linux/smp.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#define UNITS 32u
#define HANDS 4u /* units on their way to another actor */
#define HELD 2u /* units an actor keeps from step to step */
#define NEXT_EPOCH PLAT_CTL_FLAG(1) /* flags 1 to 15 count the collections */
#define THEFTS 16u /* in a row */
#define FENCES 40u

struct st_words {
	struct plat_words *words; /* one for each CPU */
	void *cell;
	u32 *holder; /* [cpu * UNITS + unit] */
	u64 *counter; /* [cpu * 8]; a cache line each */
	u32 hand[HANDS]; /* 1 + index into holder[]; 0: none */
	/* what must not happen */
	atomic64_t overlaps, lost, stolen_stores;
	/* what must */
	atomic64_t counted, takes, puts, remote, collected;
	u64 thefts, refused;
};

static u64 *word_of(struct st_words *s, unsigned int cpu)
{
	return &s->words[cpu].word[0].state;
}

static u64 owned_by(u64 ctl, u64 owner)
{
	return (ctl & ~PLAT_CTL_OWN) | owner << PLAT_CTL_OWN_SHIFT;
}

/* The unit's index in holder[], or -1. */
static int take(struct st_words *s, unsigned int unit)
{
	unsigned int cpu = plat_cpu();
	u64 pat = 1ull << unit;

	if (plat_word_take(&s->cell, cpu * sizeof(struct plat_words), pat, pat) != PLAT_WORD_OK)
		return -1;
	if (plat_xchg_full(&s->holder[cpu * UNITS + unit], 1))
		atomic64_inc(&s->overlaps);
	atomic64_inc(&s->takes);
	return (int)(cpu * UNITS + unit);
}

/* As libiova's word.c: bits that are set over unused units may be cleared by anybody. */
static void collect(struct st_words *s, unsigned int cpu)
{
	u64 *w = word_of(s, cpu), ctl = plat_load_acquire(plat_ctl_of(w));
	u32 bits = (u32)ctl & (u32)plat_load_acquire(w), stale;

	if (bits && plat_word_collect(&s->cell, cpu * sizeof(struct plat_words), bits) ==
			    PLAT_WORD_OK)
		atomic64_inc(&s->collected);
	do {
		ctl = plat_load_acquire(plat_ctl_of(w));
		stale = (u32)ctl & ~(u32)plat_load_acquire(w);
	} while (stale && !plat_cas_full(plat_ctl_of(w), ctl, (ctl & ~(u64)stale) + NEXT_EPOCH));
}

/* Frees for the owner to collect.  False: the word does not know the unit. */
static bool put_remote(struct st_words *s, unsigned int cpu, u64 pat)
{
	u64 *w = word_of(s, cpu), ctl;

	do {
		ctl = plat_load_acquire(plat_ctl_of(w));
		if (ctl & pat || !(plat_load_acquire(w) & pat))
			return false;
	} while (!plat_cas_full(plat_ctl_of(w), ctl, ctl | pat));
	atomic64_inc(&s->remote);
	return true;
}

static void put(struct st_words *s, unsigned int at, bool remote)
{
	unsigned int cpu = at / UNITS;
	u64 pat = 1ull << at % UNITS;
	int r = PLAT_WORD_FOREIGN;

	if (!plat_xchg_full(&s->holder[at], 0))
		atomic64_inc(&s->overlaps);
	if (!remote)
		r = plat_word_put(&s->cell, cpu * sizeof(struct plat_words), pat, pat);
	if (r == PLAT_WORD_OK)
		atomic64_inc(&s->puts);
	else if (r != PLAT_WORD_FOREIGN || !put_remote(s, cpu, pat))
		atomic64_inc(&s->lost);
	else
		collect(s, plat_cpu());
}

static void hand_on(struct st_words *s, struct st_actor *a)
{
	u32 mine = a->nr_held ? 1 + (u32)a->held[--a->nr_held] : 0;
	u32 other = plat_xchg_full(&s->hand[st_random(&a->seed) % HANDS], mine);

	if (other)
		put(s, other - 1, st_random(&a->seed) & 1);
}

static void bump(struct st_words *s)
{
	unsigned int cpu = plat_cpu();
	u64 old = plat_load_relaxed(&s->counter[cpu * 8]);

	if (plat_percpu_cas(&s->counter[cpu * 8], old, old + 1, cpu))
		atomic64_inc(&s->counted);
}

static void step(struct st_actor *a)
{
	struct st_words *s = a->t->priv;
	int at;

	switch (st_random(&a->seed) % 8) {
	case 0 ... 2:
		at = a->nr_held < HELD ? take(s, (unsigned int)st_random(&a->seed) % UNITS) : -1;
		if (at >= 0)
			a->held[a->nr_held++] = (u64)at;
		break;
	case 3 ... 4:
		if (a->nr_held)
			put(s, (unsigned int)a->held[--a->nr_held], st_random(&a->seed) & 1);
		break;
	case 5:
		hand_on(s, a);
		break;
	case 6:
		collect(s, plat_cpu());
		break;
	default:
		bump(s);
	}
}

/*
 * All are after unit 0 of their CPU.  Tasks take it, free it for collection and
 * collect it.  An interrupt in the middle of that collects it and takes it again:
 * what the interrupted collection then does must not be done to the new owner.
 */
static void duel(struct st_actor *a)
{
	struct st_words *s = a->t->priv;
	int at;

	collect(s, plat_cpu());
	if (a->nr_held) {
		put(s, (unsigned int)a->held[--a->nr_held], true);
		return;
	}
	at = take(s, 0);
	if (at >= 0 && a->irq)
		a->held[a->nr_held++] = (u64)at;
	else if (at >= 0)
		put(s, (unsigned int)at, true);
}

/* The fence as it is for tasks, or as libiova asks for it inside its sections. */
static int fence(unsigned int cpu, bool reading)
{
	int err;

	if (!reading)
		return plat_fence_cpus(cpu);
	plat_read_lock();
	err = plat_fence_cpus_reading(cpu);
	plat_read_unlock();
	return err;
}

/*
 * Takes the word of @cpu away for a moment.  Collecting what was freed is a plain
 * store: a step of the owner that is still under way would undo it.
 */
static void steal(struct st_words *s, unsigned int cpu, unsigned int fenced, bool reading)
{
	u64 *w = word_of(s, cpu), ctl, seen;
	u32 freed = 0;
	int err;

	do {
		ctl = plat_load_acquire(plat_ctl_of(w));
	} while (!plat_cas_full(plat_ctl_of(w), ctl, owned_by(ctl, PLAT_OWN_BUSY)));
	err = fence(fenced, reading);
	seen = plat_load_relaxed(w); /* relaxed: ours alone */
	udelay(1);
	if (!err && seen != plat_load_relaxed(w)) /* relaxed: ours alone */
		atomic64_inc(&s->stolen_stores);
	do {
		ctl = plat_load_acquire(plat_ctl_of(w));
		if (!err) {
			freed |= (u32)ctl & (u32)seen;
			plat_store_relaxed(w, seen & ~(u64)freed); /* relaxed: the CAS publishes */
		}
	} while (!plat_cas_full(plat_ctl_of(w), ctl,
				owned_by(ctl & ~(u64)freed, cpu) + NEXT_EPOCH));
	s->thefts += !err;
	s->refused += !!err;
}

static void steal_some(struct st_torment *t)
{
	unsigned int i, cpu = (unsigned int)(t->extra_steps % nr_cpu_ids);
	ktime_t began = ktime_get();
	unsigned long us;

	for (i = 0; i < THEFTS; i++)
		steal(t->priv, cpu, i % 8 ? cpu : PLAT_CPU_NONE, i % 2);
	/* On a slow machine an interrupt takes its time: the others get theirs. */
	us = 200 + (unsigned long)ktime_us_delta(ktime_get(), began);
	usleep_range(us, us + 200);
}

/* All that is held goes back; then every word must be empty. */
static u64 left_over(struct st_words *s, struct st_torment *t)
{
	unsigned int i;
	u64 left = 0, ctl;

	for (i = 0; i < ST_ACTORS; i++)
		while (t->actor[i].nr_held)
			put(s, (unsigned int)t->actor[i].held[--t->actor[i].nr_held], true);
	for (i = 0; i < HANDS; i++)
		if (s->hand[i])
			put(s, s->hand[i] - 1, true);
	for (i = 0; i < nr_cpu_ids; i++) {
		ctl = s->words[i].word[0].ctl;
		left |= s->words[i].word[0].state & ~(u64)(u32)ctl;
		left |= (u32)ctl & ~s->words[i].word[0].state;
	}
	return left;
}

static void words_results(struct st_words *s, struct st_torment *t, const char *name, u64 left)
{
	u64 counters = 0;
	unsigned int i;

	for (i = 0; i < nr_cpu_ids; i++)
		counters += s->counter[i * 8];
	st_ok(!atomic64_read(&s->overlaps), "%s: no unit has two holders (%lld takes)", name,
	      atomic64_read(&s->takes));
	st_ok(!atomic64_read(&s->lost), "%s: no taken unit vanishes (%lld puts, %lld remote)",
	      name, atomic64_read(&s->puts), atomic64_read(&s->remote));
	st_ok(!left, "%s: every unit comes back (%lld collections)", name,
	      atomic64_read(&s->collected));
	st_ok(counters == atomic64_read(&s->counted), "%s: no increment is lost (%llu)", name,
	      counters);
	st_ok(!atomic64_read(&s->stolen_stores),
	      "%s: no store to a word that was taken away (%llu thefts, %llu refused)", name,
	      s->thefts, s->refused);
	st_ok(atomic64_read(&s->takes) > 1000 && atomic64_read(&s->collected) > 100 &&
		      (!t->extra || s->thefts > 10 || !IS_ENABLED(CONFIG_PREEMPT_COUNT)),
	      "%s: everything happened", name);
}

static void words_torment(const char *name, void (*what)(struct st_actor *a), bool hotplug)
{
	struct st_words *s = kzalloc(sizeof(*s), GFP_KERNEL);
	struct st_torment *t = kzalloc(sizeof(*t), GFP_KERNEL);
	unsigned int i;

	if (s) {
		s->words = vzalloc(nr_cpu_ids * sizeof(*s->words));
		s->holder = vzalloc(nr_cpu_ids * UNITS * sizeof(*s->holder));
		s->counter = vzalloc(nr_cpu_ids * 8 * sizeof(*s->counter));
	}
	if (!st_ok(t && s && s->words && s->holder && s->counter, "%s: memory", name))
		goto out;
	s->cell = s->words;
	for (i = 0; i < nr_cpu_ids; i++)
		s->words[i].word[0].ctl = owned_by(PLAT_CTL_OPEN, i);
	t->step = what;
	t->extra = what == step ? steal_some : NULL;
	t->hotplug = hotplug;
	t->priv = s;
	st_torment(t, name);
	words_results(s, t, name, left_over(s, t));
out:
	if (s) {
		vfree(s->words);
		vfree(s->holder);
		vfree(s->counter);
	}
	kfree(s);
	kfree(t);
}

/* What the fence says outside a read-side section and inside one; 1 where the two differ. */
static int fence_says(unsigned int cpu)
{
	int err = fence(cpu, false);

	return fence(cpu, true) == err ? err : 1;
}

static void fence_in_irq(void *result)
{
	*(int *)result = fence_says(PLAT_CPU_NONE);
}

static int inside; /* 1: another CPU is where a step would be; 2: it was */

static void stay_inside(void *unused)
{
	WRITE_ONCE(inside, 1);
	mdelay(5); /* interrupts are off */
	smp_store_release(&inside, 2);
}

/* Whether the fence waited for @cpu, which had interrupts off; negative errno: no such CPU. */
static int fence_waited(unsigned int cpu, bool reading)
{
	int seen, err;

	inside = 0;
	err = smp_call_function_single((int)cpu, stay_inside, NULL, 0);
	if (err)
		return err;
	while (!READ_ONCE(inside))
		cpu_relax();
	fence(cpu, reading);
	seen = READ_ONCE(inside);
	while (smp_load_acquire(&inside) != 2)
		cpu_relax();
	return seen == 2;
}

/*
 * While a CPU has interrupts off it may be inside a step: the fence waits.  Many
 * times, because on a busy host this virtual CPU may be stopped until the other has
 * left: then a fence that does not wait goes unnoticed.
 */
static void fence_waits(void)
{
	unsigned int i, last = cpumask_last(cpu_online_mask);
	int waited = 1;

	migrate_disable();
	if (last == raw_smp_processor_id())
		last = cpumask_first(cpu_online_mask);
	if (last == raw_smp_processor_id() || !IS_ENABLED(CONFIG_PREEMPT_COUNT))
		waited = -ENODEV;
	for (i = 0; i < FENCES && waited == 1; i++)
		waited = fence_waited(last, i % 2);
	migrate_enable();
	if (waited < 0)
		st_skip("fence: waits for a step", "one CPU, or pre-emption is not counted");
	else
		st_ok(waited, "fence: waits for a step");
}

/* Where waiting is impossible the fence says so, and elsewhere it works. */
static void fence_contexts(void)
{
	unsigned int last = cpumask_last(cpu_online_mask);
	int irq = 1, held, off, task = IS_ENABLED(CONFIG_PREEMPT_COUNT) ? 0 : -EAGAIN;
	unsigned long flags;

	smp_call_function_single((int)last, fence_in_irq, &irq, 1);
	st_ok(irq == -EAGAIN, "fence: refused in an interrupt");
	preempt_disable();
	held = fence_says(last);
	preempt_enable();
	st_ok(held == -EAGAIN, "fence: refused with pre-emption off");
	local_irq_save(flags);
	off = fence_says(last);
	local_irq_restore(flags);
	st_ok(off == -EAGAIN, "fence: refused with interrupts off");
	st_ok(fence_says(PLAT_CPU_NONE) == task && fence_says(last) == task,
	      "fence: %s in a task", task ? "refused" : "works");
	if (!last || remove_cpu(last)) {
		st_skip("fence: a CPU that is off", "no CPU can be taken off");
		return;
	}
	st_ok(fence_says(last) == task && fence_says(PLAT_CPU_NONE) == task,
	      "fence: a CPU that is off");
	st_ok(!add_cpu(last) && fence_says(last) == task, "fence: and on again");
}

void st_words(void)
{
	fence_waits();
	fence_contexts();
	words_torment("words", step, false);
	words_torment("words, duel for one unit", duel, false);
	if (num_online_cpus() > 1)
		words_torment("words, CPUs come and go", step, true);
	else
		st_skip("words, CPUs come and go", "one CPU");
}

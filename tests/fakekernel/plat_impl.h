/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * plat_impl.h - plat.h in terms of kernel calls, compiled against ./include.
 *
 * "make check" builds the core with this file to show that it needs nothing but
 * plat.h and that a kernel's compiler flags accept it.  It is not run.
 *
 * CPU-local steps run with preemption off and end in one non-LOCK
 * compare-and-swap, which an interrupt on the same CPU cannot split; if one
 * changed the word in between, the step is "not done".  Ownership of a word
 * changes only after a grace period, which waits for every such step.
 */
#ifndef PLAT_KERNEL_IMPL_H
#define PLAT_KERNEL_IMPL_H

#include <linux/atomic.h>
#include <linux/irqflags.h>
#include <linux/preempt.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/smp.h>
#include <linux/string.h>

#define plat_likely(x) likely(x)
#define plat_unlikely(x) unlikely(x)
#define plat_always_inline __always_inline
#define plat_noinline noinline
#define plat_aligned(n) __aligned(n)

#define plat_load_relaxed(p) READ_ONCE(*(p))
#define plat_load_acquire(p) smp_load_acquire(p)
#define plat_store_relaxed(p, v) WRITE_ONCE(*(p), (v))
#define plat_store_release(p, v) smp_store_release((p), (v))

#define PLAT_CAS(p, old, new, op)                                               \
	({                                                                      \
		__typeof__(*(p)) plat_old_ = (old);                             \
		op((p), plat_old_, (new)) == plat_old_;                         \
	})
#define plat_cas_relaxed(p, old, new) PLAT_CAS(p, old, new, cmpxchg_relaxed)
#define plat_cas_release(p, old, new) PLAT_CAS(p, old, new, cmpxchg_release)
#define plat_cas_full(p, old, new) PLAT_CAS(p, old, new, cmpxchg)
#define plat_xchg_full(p, v) xchg((p), (v))

#define PLAT_FETCH(p, expr, op)                                                 \
	({                                                                      \
		__typeof__(*(p)) plat_old_, plat_seen_ = READ_ONCE(*(p));        \
		do {                                                            \
			plat_old_ = plat_seen_;                                 \
			plat_seen_ = op((p), plat_old_, (__typeof__(*(p)))(expr)); \
		} while (plat_seen_ != plat_old_);                              \
		plat_old_;                                                      \
	})
#define plat_fetch_or_full(p, v) PLAT_FETCH(p, plat_old_ | (v), cmpxchg)
#define plat_fetch_and_full(p, v) PLAT_FETCH(p, plat_old_ & (v), cmpxchg)
#define plat_fetch_add_full(p, v) PLAT_FETCH(p, plat_old_ + (v), cmpxchg)
#define plat_fetch_add_relaxed(p, v) PLAT_FETCH(p, plat_old_ + (v), cmpxchg_relaxed)

#define plat_mb() smp_mb()
#define plat_relax() cpu_relax()

static inline bool plat_percpu_ok(void)
{
	return true;
}

static plat_always_inline unsigned plat_cpu(void)
{
	return raw_smp_processor_id();
}

static plat_always_inline unsigned plat_cpu_raw(void)
{
	return plat_cpu();
}

static inline unsigned plat_cpu_count(void)
{
	return nr_cpu_ids;
}

/* Preemption is off: whether this CPU owns the word with control word @ctl. */
static plat_always_inline bool plat_word_mine(uint64_t ctl)
{
	return (ctl & PLAT_CTL_OWN) >> PLAT_CTL_OWN_SHIFT == smp_processor_id();
}

static inline int plat_word_take(void *const *cell, size_t off, uint64_t full, uint64_t pat)
{
	int res = PLAT_WORD_FOREIGN;
	uint64_t *w, old, ctl;

	preempt_disable();
	w = (uint64_t *)((char *)READ_ONCE(*cell) + off);
	ctl = READ_ONCE(w[4]);
	if (plat_word_mine(ctl)) {
		old = READ_ONCE(*w);
		if (old & full || ctl & (uint32_t)full)
			res = PLAT_WORD_MISMATCH;
		else if (cmpxchg_local(w, old, old | pat) == old)
			res = PLAT_WORD_OK;
	}
	preempt_enable();
	return res;
}

static inline int plat_word_put(void *const *cell, size_t off, uint64_t chk, uint64_t pat)
{
	int res = PLAT_WORD_FOREIGN;
	uint64_t *w, old, ctl;

	preempt_disable();
	w = (uint64_t *)((char *)READ_ONCE(*cell) + off);
	ctl = READ_ONCE(w[4]);
	if (plat_word_mine(ctl)) {
		old = READ_ONCE(*w);
		if (!(ctl & PLAT_CTL_OPEN))
			res = PLAT_WORD_CLOSED;
		else if ((old & chk) != pat || ctl & (uint32_t)pat)
			res = PLAT_WORD_MISMATCH;
		else if (cmpxchg_local(w, old, old ^ pat) == old)
			res = PLAT_WORD_OK;
	}
	preempt_enable();
	return res;
}

/*
 * Interrupts are off: a handler that collected the same units and let them be
 * taken again would leave both words as they were, and the store would hit.
 */
static inline int plat_word_collect(void *const *cell, size_t off, uint64_t need)
{
	uint64_t gone = (uint32_t)need | need << 32;
	int res = PLAT_WORD_FOREIGN;
	unsigned long flags;
	uint64_t *w, ctl;

	local_irq_save(flags);
	w = (uint64_t *)((char *)READ_ONCE(*cell) + off);
	ctl = READ_ONCE(w[4]);
	if (plat_word_mine(ctl)) {
		res = (ctl & need) == need ? PLAT_WORD_OK : PLAT_WORD_MISMATCH;
		if (res == PLAT_WORD_OK)
			WRITE_ONCE(*w, READ_ONCE(*w) & ~gone);
	}
	local_irq_restore(flags);
	return res;
}

static inline bool plat_percpu_cas(uint64_t *p, uint64_t old, uint64_t new_val, unsigned cpu)
{
	bool done;

	preempt_disable();
	done = smp_processor_id() == cpu && cmpxchg_local(p, old, new_val) == old;
	preempt_enable();
	return done;
}

static inline int plat_fence_cpus(unsigned cpu)
{
	(void)cpu;
	if (!in_task())
		return -EAGAIN;
	synchronize_rcu();
	return 0;
}

#define plat_read_lock() rcu_read_lock()
#define plat_read_unlock() rcu_read_unlock()
#define plat_synchronize() synchronize_rcu()

static inline void *plat_kernel_alloc(void *ctx, size_t size, size_t align)
{
	gfp_t gfp = GFP_ATOMIC | __GFP_ZERO | __GFP_NOWARN;

	(void)ctx;
	if (size < PAGE_SIZE && align <= 8)
		return kmalloc(size, gfp);
	return (void *)__get_free_pages(gfp, (unsigned)get_order(size > align ? size : align));
}

static inline void plat_kernel_free(void *ctx, void *ptr, size_t size, size_t align)
{
	(void)ctx;
	if (size < PAGE_SIZE && align <= 8)
		kfree(ptr);
	else
		free_pages((unsigned long)ptr, (unsigned)get_order(size > align ? size : align));
}

static const struct plat_mem_ops plat_mem_default = { plat_kernel_alloc, plat_kernel_free };

#endif

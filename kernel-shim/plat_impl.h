/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * plat_impl.h - plat.h in the kernel's own terms.
 *
 * A CPU-local step runs with interrupts off and ends in a plain store.  On its
 * CPU nothing else runs between its first load and its store, except a
 * non-maskable interrupt, which must not call the core.  An inter-processor
 * interrupt is therefore taken before or after a step and never inside one:
 * that is all of plat_fence_cpus(), and it needs no grace period.  Turning off
 * pre-emption alone and ending in a compare-and-swap would protect the word as
 * well, but such a step can be interrupted between the look at the owner and
 * the store, so that taking words away would have to wait for a grace period,
 * and hence could not be done where DMA is mapped.  doc/ordering-kernel.md has
 * the argument (K1 to K3).
 *
 * Loads and stores of a step are relaxed: by K1 and K3 the word is the CPU's
 * alone, *cell is followed by address, and the fence orders the rest.
 */
#ifndef PLAT_KERNEL_IMPL_H
#define PLAT_KERNEL_IMPL_H

#include <linux/atomic.h>
#include <linux/build_bug.h>
#include <linux/compiler.h>
#include <linux/irqflags.h>
#include <linux/rcupdate.h>
#include <linux/smp.h>
#include <linux/string.h>
#include <linux/threads.h>

#define plat_likely(x) likely(x)
#define plat_unlikely(x) unlikely(x)
#define plat_always_inline __always_inline
#define plat_noinline noinline
#define plat_aligned(n) __aligned(n)

#define plat_load_relaxed(p) READ_ONCE(*(p))
#define plat_peek(p) data_race(*(p))
#define plat_load_acquire(p) smp_load_acquire((p))
#define plat_store_relaxed(p, v) WRITE_ONCE(*(p), (v))
#define plat_store_release(p, v) smp_store_release((p), (v))

/* The kernel's forms without a suffix are fully ordered when they succeed. */
#define PLAT_CAS(op, p, old, new)                \
	({                                       \
		__typeof__(*(p)) plat_old_ = (old); \
		op((p), &plat_old_, (new));      \
	})
#define plat_cas_relaxed(p, old, new) PLAT_CAS(try_cmpxchg_relaxed, p, old, new)
#define plat_cas_release(p, old, new) PLAT_CAS(try_cmpxchg_release, p, old, new)
#define plat_cas_full(p, old, new) PLAT_CAS(try_cmpxchg, p, old, new)
#define plat_xchg_full(p, v) xchg((p), (v))

/* The kernel has these for its own two types, which are plain integers inside. */
#define PLAT_FETCH(op, p, v)                                                           \
	({                                                                             \
		BUILD_BUG_ON(sizeof(*(p)) != 4 && sizeof(*(p)) != 8);                  \
		(__typeof__(*(p)))(sizeof(*(p)) == 8 ?                                 \
			(u64)atomic64_##op((s64)(v), (atomic64_t *)(void *)(p)) :       \
			(u32)atomic_##op((int)(v), (atomic_t *)(void *)(p)));           \
	})
#define plat_fetch_or_full(p, v) PLAT_FETCH(fetch_or, p, v)
#define plat_fetch_and_full(p, v) PLAT_FETCH(fetch_and, p, v)
#define plat_fetch_add_full(p, v) PLAT_FETCH(fetch_add, p, v)
#define plat_fetch_add_relaxed(p, v) PLAT_FETCH(fetch_add_relaxed, p, v)

#define plat_mb() smp_mb()
#define plat_relax() cpu_relax()

static inline bool plat_percpu_ok(void)
{
	BUILD_BUG_ON(NR_CPUS > PLAT_OWN_MAX_CPU + 1);
	return true;
}

static plat_always_inline unsigned plat_cpu(void)
{
	return raw_smp_processor_id();
}

static plat_always_inline unsigned plat_cpu_raw(void)
{
	return raw_smp_processor_id();
}

static inline unsigned plat_cpu_count(void)
{
	return nr_cpu_ids;
}

#define PLAT_HAS_IRQ 1

static plat_always_inline uintptr_t plat_irq_save(void)
{
	unsigned long flags;

	local_irq_save(flags);
	return flags;
}

static plat_always_inline void plat_irq_restore(uintptr_t flags)
{
	local_irq_restore(flags);
}

/* Interrupts are off: whether this CPU owns the word with control word @ctl. */
static plat_always_inline bool plat_word_mine(uint64_t ctl)
{
	return (ctl & PLAT_CTL_OWN) >> PLAT_CTL_OWN_SHIFT == raw_smp_processor_id();
}

static plat_always_inline int plat_word_take(void *const *cell, size_t off, uint64_t full,
					     uint64_t pat)
{
	int res = PLAT_WORD_FOREIGN;
	unsigned long flags;
	uint64_t *w, old, ctl;

	local_irq_save(flags);
	w = (uint64_t *)((char *)READ_ONCE(*cell) + off);
	ctl = READ_ONCE(*plat_ctl_of(w));
	if (likely(plat_word_mine(ctl))) {
		old = READ_ONCE(*w);
		res = PLAT_WORD_MISMATCH;
		if (likely(!(old & full) && !(ctl & (uint32_t)full))) {
			WRITE_ONCE(*w, old | pat);
			res = PLAT_WORD_OK;
		}
	}
	local_irq_restore(flags);
	return res;
}

static plat_always_inline int plat_word_put(void *const *cell, size_t off, uint64_t chk,
					    uint64_t pat)
{
	int res = PLAT_WORD_FOREIGN;
	unsigned long flags;
	uint64_t *w, old, ctl;

	local_irq_save(flags);
	w = (uint64_t *)((char *)READ_ONCE(*cell) + off);
	ctl = READ_ONCE(*plat_ctl_of(w));
	if (likely(plat_word_mine(ctl))) {
		old = READ_ONCE(*w);
		if (unlikely(!(ctl & PLAT_CTL_OPEN))) {
			res = PLAT_WORD_CLOSED;
		} else if (unlikely((old & chk) != pat || ctl & (uint32_t)pat)) {
			res = PLAT_WORD_MISMATCH;
		} else {
			WRITE_ONCE(*w, old ^ pat);
			res = PLAT_WORD_OK;
		}
	}
	local_irq_restore(flags);
	return res;
}

static inline int plat_word_collect(void *const *cell, size_t off, uint64_t need)
{
	uint64_t gone = (uint32_t)need | need << 32;
	int res = PLAT_WORD_FOREIGN;
	unsigned long flags;
	uint64_t *w, ctl;

	local_irq_save(flags);
	w = (uint64_t *)((char *)READ_ONCE(*cell) + off);
	ctl = READ_ONCE(*plat_ctl_of(w));
	if (plat_word_mine(ctl)) {
		res = PLAT_WORD_MISMATCH;
		if ((ctl & need) == need) {
			WRITE_ONCE(*w, READ_ONCE(*w) & ~gone);
			res = PLAT_WORD_OK;
		}
	}
	local_irq_restore(flags);
	return res;
}

static plat_always_inline bool plat_percpu_cas(uint64_t *p, uint64_t old, uint64_t new_val,
					       unsigned cpu)
{
	bool done = false;
	unsigned long flags;

	local_irq_save(flags);
	if (likely(raw_smp_processor_id() == cpu && READ_ONCE(*p) == old)) {
		smp_store_release(p, new_val); /* PLATK-P1: pairs with acquire loads of *p */
		done = true;
	}
	local_irq_restore(flags);
	return done;
}

/* plat_kernel.c; one copy, in iova_core.ko. */
extern const struct plat_mem_ops plat_mem_default;
int plat_fence_cpus(unsigned cpu);
int plat_kernel_fence_reading(unsigned cpu);
#define plat_fence_cpus_reading(cpu) plat_kernel_fence_reading(cpu)

#define plat_read_lock() rcu_read_lock()
#define plat_read_unlock() rcu_read_unlock()
#define plat_synchronize() synchronize_rcu()

#endif

/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * plat.h - the one seam between the portable core and the world it runs in.
 *
 * The core (libiova, libpgtbl, libdma, libvtd) includes this file and no
 * system header.  plat.h documents every primitive once; the answer comes from
 * "plat_impl.h", chosen with -I: plat/user (compiler builtins, rseq, liburcu),
 * kernel-shim (the kernel's own), tests/mc (the model checker).
 *
 * Rules the core keeps so that all three agree:
 *  - only the intersection of C11 and the kernel's memory model: no consume, no
 *    order from control dependencies;
 *  - a failed compare-and-swap orders nothing: reload with acquire;
 *  - shared words are touched only through these calls, with naturally aligned
 *    1, 2, 4 or 8 byte accesses.
 *
 * Types and constants (plat_types.h): uint8_t..uint64_t, size_t, uintptr_t,
 * bool, NULL, E*.  Library functions: memset, memcpy.
 *
 * Compiler
 *   plat_likely(x), plat_unlikely(x)
 *   plat_always_inline, plat_noinline    function attributes
 *   PLAT_CACHELINE                       bytes in a cache line (64)
 *   plat_aligned(n)                      variable/type attribute
 *   plat_fallthrough;                    into the next case, on purpose
 *
 * Atomics.  @p points to an integer or pointer of 1, 2, 4 or 8 bytes.
 *   plat_load_relaxed(p)  plat_load_acquire(p)
 *   plat_peek(p)                    plat_load_relaxed() for a test of bits: the compiler may
 *                                   load again, part by part, or several words at once
 *   plat_store_relaxed(p, v)  plat_store_release(p, v)
 *   plat_peek_any(p, n)             whether any of @n 64-bit words from @p on is not 0; each is
 *                                   read as plat_peek() reads it
 *   plat_store_relaxed_run(p, n, first, step)
 *                                   @first, @first + @step, ... to @n 64-bit words from @p on:
 *                                   each as by plat_store_relaxed(), in any order, and in one
 *                                   piece although several may go at once
 *   plat_store_relaxed_run_swapped(p, n, first, step)
 *                                   the same words with their bytes reversed
 *   plat_cas_relaxed(p, old, new)   true when *p was old and is now new
 *   plat_cas_release(p, old, new)   same; release on success
 *   plat_cas_full(p, old, new)      same; fully ordered on success
 *   plat_xchg_full(p, v)            returns the old value; fully ordered
 *   plat_fetch_or_full(p, v)        returns the old value; fully ordered
 *   plat_fetch_and_full(p, v)       returns the old value; fully ordered
 *   plat_fetch_add_relaxed(p, v)    returns the old value; no order
 *   plat_fetch_add_full(p, v)       returns the old value; fully ordered
 *   plat_mb()                       full fence
 *   plat_relax()                    spin hint
 * "Fully ordered" means: everything before it is ordered before everything
 * after it, as seen by other fully ordered operations and fences (sequentially
 * consistent in C11 terms, smp_mb() on both sides in the kernel's).
 *
 * CPU slots and CPU-local updates
 *   plat_cpu()         number of the CPU the caller runs on, or PLAT_CPU_NONE
 *                      when unknown.  May be stale by the time it is used.
 *   plat_cpu_raw()     the same if it is cheap to know, else some number that
 *                      is no CPU's; for fast paths that can do without
 *   plat_cpu_count()   CPUs that may ever be there (slots to create).
 *   plat_percpu_ok()   whether CPU-local updates exist here.  If not, they all
 *                      return PLAT_WORD_FOREIGN.
 *
 *   struct plat_words  a cache line: four 64-bit state words, each with its control
 *     word right behind it (struct plat_word), so that one offset finds both.
 *     low 32 bits of the control word: bits set by other CPUs (PLAT_CTL_REM)
 *     bits 32-47: owner, a CPU number or one of PLAT_OWN_*
 *     bit 48: PLAT_CTL_OPEN, without which plat_word_put() refuses
 *     bits 49-63: flags, free for the user of the words
 *   A state word whose owner is a CPU number is stored to only by that CPU,
 *   inside plat_word_take() or plat_word_put(), with a plain store.  Everything
 *   else about it goes through fully ordered operations on the control word.
 *
 *   plat_word_take(cell, off, full, pat)
 *   plat_word_put(cell, off, chk, pat)
 *   plat_word_collect(cell, off, need)
 *     One step with respect to everything else that runs on the calling CPU:
 *       w = (uint64_t *)(*cell + off), ctl = plat_ctl_of(w);
 *       owner(ctl) is not this CPU                    -> PLAT_WORD_FOREIGN
 *       take:    *w & full, or ctl & (u32)full        -> PLAT_WORD_MISMATCH
 *       put:     PLAT_CTL_OPEN is not set in ctl      -> PLAT_WORD_CLOSED
 *       put:     (*w & chk) != pat, or ctl & (u32)pat -> PLAT_WORD_MISMATCH
 *       collect: (ctl & need) != need                 -> PLAT_WORD_MISMATCH
 *       take: *w |= pat; put: *w ^= pat;
 *       collect: *w &= ~((u32)need | (u64)(u32)need << 32) -> PLAT_WORD_OK
 *     @cell is dereferenced inside the step: after *cell has been replaced and
 *     plat_fence_cpus() has returned, no step touches the old target again.
 *     Callable from any context; no LOCK-prefixed instruction.  A step that the
 *     scheduler or a signal interrupts returns PLAT_WORD_FOREIGN: "not done".
 *     Ordering: what is read through *cell is ordered after the load of *cell
 *     (address dependency), so that a target published with release is seen
 *     complete; otherwise none of its own on success.  What the releasing CPU stored before put()
 *     is visible to the same CPU's later take(), which is all an owned word needs.
 *
 *   plat_percpu_cas(p, old, new, cpu)
 *     One step on the calling CPU: if it is @cpu and *p == old then *p = new.
 *     True when stored.  *p is written by CPU @cpu only.  Always false where
 *     plat_percpu_ok() is false: use plat_cas_full() there.
 *     Ordering: release on success, for what the caller stored before and for what
 *     was stored before earlier steps on @cpu.
 *
 *   plat_fence_cpus(cpu)
 *     On return, every CPU-local step that was running on @cpu (PLAT_CPU_NONE:
 *     on any CPU) when the call was made has finished or will not store, and
 *     its stores are visible to the caller; later steps on that CPU see what
 *     the caller stored before the call.  0, or -EAGAIN where the caller may
 *     not wait (interrupt context in the kernel).
 *   plat_fence_cpus_reading(cpu)   the same, from inside plat_read_lock(): where a section
 *     keeps the CPU, it is not for the caller's own that it may not wait.
 *
 * Interrupts
 *   PLAT_HAS_IRQ       1 where what calls the core may be interrupted by what calls it, and
 *                      can say that it must not be; else 0, and the two do nothing
 *   plat_irq_save(), plat_irq_restore(flags)
 *                      no interrupt is taken on the calling CPU in between; nests
 *
 * Grace periods
 *   plat_read_lock(), plat_read_unlock()  read-side section; nests; no wait.
 *                      Callers need not register their threads.  "plat_rcu.h"
 *                      has them inlined, and plat_read_trylock() and
 *                      plat_read_tryunlock().
 *   plat_synchronize() returns after every section that was open at the call
 *                      has ended.  Thread context only, outside any section.
 *
 * Memory (plat_mem.h)
 *   plat_mem_default   the platform's own struct plat_mem_ops
 */
#ifndef PLAT_H
#define PLAT_H

#include "plat_types.h"
#include "plat_mem.h"

#define PLAT_CACHELINE 64
#define plat_fallthrough __attribute__((__fallthrough__))
#define PLAT_CPU_NONE (~0u)

/*
 * A large variable on the stack of a hot path that is written before it is read:
 * compilers that are told to zero every variable (Linux, INIT_STACK_ALL_ZERO) leave it alone.
 */
#if defined(__has_attribute)
#if __has_attribute(__uninitialized__)
#define plat_uninit __attribute__((__uninitialized__))
#endif
#endif
#ifndef plat_uninit
#define plat_uninit
#endif

#define PLAT_CTL_REM 0x00000000ffffffffull
#define PLAT_CTL_OWN_SHIFT 32
#define PLAT_CTL_OWN 0x0000ffff00000000ull
#define PLAT_CTL_FLAG(n) (1ull << (48 + (n)))
#define PLAT_CTL_OPEN PLAT_CTL_FLAG(0)

/*
 * 0xffff and 0xfffe stay unused: they are the low halves of the negative CPU
 * numbers that an unregistered thread has (rseq(2)), which must equal no owner.
 */
enum plat_own {
	PLAT_OWN_MAX_CPU = 0xefff, /* greatest CPU number that can own a word */
	PLAT_OWN_SHARED = 0xfff1,  /* everyone updates the word with full CAS */
	PLAT_OWN_BUSY = 0xfff2,	   /* ownership is being taken away */
	PLAT_OWN_NONE = 0xfff3,	   /* nobody's: the first to CAS the control word gets it */
};

enum plat_word_result {
	PLAT_WORD_OK,
	PLAT_WORD_FOREIGN,
	PLAT_WORD_MISMATCH,
	PLAT_WORD_CLOSED,
};

#define PLAT_LINE_WORDS 4

struct plat_word {
	uint64_t state;
	uint64_t ctl;
};

struct plat_words {
	struct plat_word word[PLAT_LINE_WORDS];
} __attribute__((aligned(PLAT_CACHELINE)));

/* The control word of the state word @state points to. */
static inline uint64_t *plat_ctl_of(const uint64_t *state)
{
	return &((struct plat_word *)(uintptr_t)state)->ctl;
}

#include "plat_impl.h"
#include "plat_run.h"

#ifndef PLAT_HAS_IRQ
#define PLAT_HAS_IRQ 0
#define plat_irq_save() ((uintptr_t)0)
#define plat_irq_restore(flags) ((void)(flags))
#endif

#ifndef plat_fence_cpus_reading
#define plat_fence_cpus_reading(cpu) plat_fence_cpus(cpu)
#endif

/* The library's @mem, or the platform's own where the caller gave none. */
static inline void *plat_mem_alloc(const struct plat_mem *mem, size_t size, size_t align)
{
	return mem->ops ? mem->ops->alloc(mem->ctx, size, align) :
			  plat_mem_default.alloc(NULL, size, align);
}

/* Whether it makes a difference to @mem whose memory it is. */
static inline bool plat_mem_has_near(const struct plat_mem *mem)
{
	return (mem->ops ? mem->ops : &plat_mem_default)->alloc_near != NULL;
}

/* Memory that @cpu will use most; PLAT_CPU_NONE: nobody in particular. */
static inline void *plat_mem_alloc_near(const struct plat_mem *mem, size_t size, size_t align,
					unsigned cpu)
{
	if (cpu == PLAT_CPU_NONE || !plat_mem_has_near(mem))
		return plat_mem_alloc(mem, size, align);
	return mem->ops ? mem->ops->alloc_near(mem->ctx, size, align, cpu) :
			  plat_mem_default.alloc_near(NULL, size, align, cpu);
}

static inline void plat_mem_free(const struct plat_mem *mem, void *ptr, size_t size, size_t align)
{
	if (!ptr)
		return;
	if (mem->ops)
		mem->ops->free(mem->ctx, ptr, size, align);
	else
		plat_mem_default.free(NULL, ptr, size, align);
}

#endif

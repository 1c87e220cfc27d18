/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* plat_impl.h - plat.h for user space: compiler builtins, rseq, liburcu. */
#ifndef PLAT_USER_IMPL_H
#define PLAT_USER_IMPL_H

#include <string.h>

#define plat_likely(x) __builtin_expect(!!(x), 1)
#define plat_unlikely(x) __builtin_expect(!!(x), 0)
#define plat_always_inline inline __attribute__((always_inline))
#define plat_noinline __attribute__((noinline))
#define plat_aligned(n) __attribute__((aligned(n)))

#define plat_load_relaxed(p) __atomic_load_n((p), __ATOMIC_RELAXED)
#define plat_load_acquire(p) __atomic_load_n((p), __ATOMIC_ACQUIRE)
#define plat_store_relaxed(p, v) __atomic_store_n((p), (v), __ATOMIC_RELAXED)
#define plat_store_release(p, v) __atomic_store_n((p), (v), __ATOMIC_RELEASE)

/*
 * "Fully ordered" is more than C11's seq_cst read-modify-write, whose store half
 * may pass a later load of another word (a casal and the ldapr after it, on arm64).
 * On x86 a LOCK-prefixed instruction is a full fence by itself.
 */
#if defined(__x86_64__) || defined(__i386__)
#define PLAT_FULL(op) (op)
#else
#define PLAT_FULL(op)                                      \
	({                                                 \
		__typeof__(op) plat_result_;               \
		__atomic_thread_fence(__ATOMIC_SEQ_CST);   \
		plat_result_ = (op);                       \
		__atomic_thread_fence(__ATOMIC_SEQ_CST);   \
		plat_result_;                              \
	})
#endif

#define PLAT_CAS(p, old, new, order)                                                    \
	({                                                                              \
		__typeof__(*(p)) plat_old_ = (old);                                     \
		__atomic_compare_exchange_n((p), &plat_old_, (new), false, (order),     \
					    __ATOMIC_RELAXED);                          \
	})
#define plat_cas_relaxed(p, old, new) PLAT_CAS(p, old, new, __ATOMIC_RELAXED)
#define plat_cas_release(p, old, new) PLAT_CAS(p, old, new, __ATOMIC_RELEASE)
#define plat_cas_full(p, old, new) PLAT_FULL(PLAT_CAS(p, old, new, __ATOMIC_SEQ_CST))
#define plat_xchg_full(p, v) PLAT_FULL(__atomic_exchange_n((p), (v), __ATOMIC_SEQ_CST))
#define plat_fetch_or_full(p, v) PLAT_FULL(__atomic_fetch_or((p), (v), __ATOMIC_SEQ_CST))
#define plat_fetch_and_full(p, v) PLAT_FULL(__atomic_fetch_and((p), (v), __ATOMIC_SEQ_CST))
#define plat_fetch_add_relaxed(p, v) __atomic_fetch_add((p), (v), __ATOMIC_RELAXED)
#define plat_fetch_add_full(p, v) PLAT_FULL(__atomic_fetch_add((p), (v), __ATOMIC_SEQ_CST))

#if defined(__SANITIZE_THREAD__)
#define PLAT_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define PLAT_TSAN 1
#endif
#endif
#ifndef PLAT_TSAN
#define PLAT_TSAN 0
#endif

/* Other sanitizers would not see what vectors store. */
#if defined(__SANITIZE_ADDRESS__)
#define PLAT_USER_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(memory_sanitizer)
#define PLAT_USER_SANITIZED 1
#endif
#endif
#ifndef PLAT_USER_SANITIZED
#define PLAT_USER_SANITIZED PLAT_TSAN
#endif

#if PLAT_TSAN
#define plat_peek(p) plat_load_relaxed(p)
#else
#define plat_peek(p) (*(p))
#endif

/* Defined once per library (plat_user.c); hidden, so that no symbol crosses libraries. */
#pragma GCC visibility push(hidden)
extern const struct plat_mem_ops plat_mem_default;
extern ptrdiff_t plat_user_rseq_off;
extern bool plat_user_rseq;
extern uint64_t plat_user_fence_word;
extern bool plat_user_vectors;
bool plat_vector_any(const uint64_t *p, size_t n);
void plat_vector_store(uint64_t *p, size_t n, uint64_t first, uint64_t step);
void plat_vector_store_swapped(uint64_t *p, size_t n, uint64_t first, uint64_t step);
unsigned plat_user_cpu_slow(void);
unsigned plat_cpu_count(void);
int plat_fence_cpus(unsigned cpu);
void plat_read_lock(void);
void plat_read_unlock(void);
void plat_synchronize(void);
#pragma GCC visibility pop

/* ThreadSanitizer does not see stand-alone fences: give it a read-modify-write. */
static plat_always_inline void plat_mb(void)
{
#if PLAT_TSAN
	__atomic_fetch_add(&plat_user_fence_word, 0, __ATOMIC_SEQ_CST);
#else
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
#endif
}

static plat_always_inline void plat_relax(void)
{
#if defined(__x86_64__) || defined(__i386__)
	__builtin_ia32_pause();
#else
	__asm__ volatile("" ::: "memory");
#endif
}

static inline bool plat_percpu_ok(void)
{
	return plat_user_rseq;
}

/* See plat_vectors.c.  Constant after its constructor; a test may turn it off. */
#if defined(__x86_64__) && !PLAT_USER_SANITIZED
#define PLAT_USER_HAVE_VECTORS 1
#define PLAT_VECTORS plat_user_vectors
#else
#define PLAT_USER_HAVE_VECTORS 0
#endif

#if defined(__x86_64__) && defined(__LP64__) && defined(__GLIBC__) && !PLAT_TSAN && \
	!defined(PLAT_NO_RSEQ)
#if __GLIBC_PREREQ(2, 35)
#define PLAT_USER_HAVE_RSEQ 1
#endif
#endif
#ifndef PLAT_USER_HAVE_RSEQ
#define PLAT_USER_HAVE_RSEQ 0
#endif

#if PLAT_USER_HAVE_RSEQ
#include "plat_rseq_x86.h"
#else
/* No CPU-local updates here: every word is PLAT_OWN_SHARED and takes full CAS. */
static plat_always_inline unsigned plat_cpu(void)
{
	return plat_user_cpu_slow();
}
static plat_always_inline unsigned plat_cpu_raw(void)
{
	return PLAT_CPU_NONE;
}
static inline int plat_word_take(void *const *cell, size_t off, uint64_t full, uint64_t pat)
{
	(void)cell, (void)off, (void)full, (void)pat;
	return PLAT_WORD_FOREIGN;
}
static inline int plat_word_put(void *const *cell, size_t off, uint64_t chk, uint64_t pat)
{
	(void)cell, (void)off, (void)chk, (void)pat;
	return PLAT_WORD_FOREIGN;
}
static inline int plat_word_collect(void *const *cell, size_t off, uint64_t need)
{
	(void)cell, (void)off, (void)need;
	return PLAT_WORD_FOREIGN;
}
static inline bool plat_percpu_cas(uint64_t *p, uint64_t old, uint64_t new_val, unsigned cpu)
{
	(void)p, (void)old, (void)new_val, (void)cpu;
	return false;
}
#endif

#endif
